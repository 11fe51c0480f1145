//! `kalends serve`.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{accounts, make_folder, open, operator, say};
use crate::auth::Authenticator;
use crate::config::{Config, KEYS, Overrides};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::follow;
use crate::http::{self, Listener, Tls};
use crate::logging;
use crate::server::Server;
use crate::store::{Location, Store, hold};
use crate::traces::Traces;

const FIRST_ACCOUNT: &str = "me";
const FIRST_PASSWORD_CHARACTERS: usize = 16;
/// Open files beside connections: the database's, the log's.
const FILES_BESIDE: u64 = 256;
/// How often the certificate's files are looked at: they are renewed every few weeks, and nobody remembers the signal.
const CERTIFICATE_SECONDS: u64 = 60;

pub async fn serve(mut config: Config, overrides: Overrides, environment: Environment) -> Result<(), Failure> {
    // Each connection is a file; many systems begin with 1,024 of them.
    if let Err(error) = rlimit::increase_nofile_limit(config.connections_max as u64 + FILES_BESIDE) {
        tracing::warn!(%error, "the limit on open files cannot be raised");
    }
    // Held as long as the server runs: nobody puts another database in the place of this one.
    let (_held, operator) = match config.location() {
        Location::Folder(folder) => {
            make_folder(&folder)?;
            (Some(hold(&folder)?), operator::bind(&folder).await)
        }
        Location::Postgres(_) => (None, None),
    };
    let store = open(&config).await?;
    let tls = config.tls.clone().map(Tls::read).transpose()?.map(Arc::new);
    let mut listeners = Vec::new();
    for listen in &mut config.listen {
        let (listener, bound) = Listener::bind(listen, tls.as_ref()).await?;
        listeners.push(listener);
        *listen = bound;
    }
    let metrics = match config.metrics_listen {
        Some(address) => Some(http::scrape::bind(address).await?),
        None => None,
    };
    if !store.has_principals().await? {
        first_account(&store, &config, environment).await?;
    }
    let authenticator = Authenticator::new(store.clone(), environment).await?;
    let traces = config.traces.as_ref().map(|collector| Traces::start(collector, http::Exporter::new())).transpose()?;
    let server = Arc::new(Server::new(store, authenticator, traces, &config, environment));
    let (stop, stopped) = watch::channel(false);
    let followers = tokio::spawn(follow::run(Arc::clone(&server), stopped.clone()));
    tokio::spawn(reload(Arc::clone(&server), tls, overrides, config.clone()));
    tokio::spawn(async move {
        wait_for_signal().await;
        tracing::info!("stopping: running requests may end");
        // Sent to receivers that live as long as the server.
        let _ = stop.send(true);
    });
    let operating = operator.map(|operator| tokio::spawn(operator.serve(Arc::clone(&server), stopped.clone())));
    if let Some((listener, address)) = metrics {
        tracing::info!(url = %format!("http://{address}/metrics"), "metrics are served");
        tokio::spawn(http::scrape::serve(Arc::clone(&server), listener));
    }
    let listening = config.listen.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    tracing::info!(address = %config.address(), %listening, "Kalends serves");
    http::serve(Arc::clone(&server), listeners, &config, stopped).await?;
    followers.await.map_err(|error| Failure::new(format!("the followers ended in a bug: {error}")))?;
    if let Some(operating) = operating {
        operating.await.map_err(|error| Failure::new(format!("the command line's socket ended in a bug: {error}")))?;
    }
    server.store.close().await;
    let stopping = Arc::clone(&server);
    // It waits on its own thread for the last answer of the collector.
    let _ = tokio::task::spawn_blocking(move || stopping.traces.as_ref().map(Traces::stop)).await;
    tracing::info!("stopped");
    Ok(())
}

/// On SIGHUP reads the configuration and the certificate again, and the certificate alone whenever its files have changed.
async fn reload(server: Arc<Server>, tls: Option<Arc<Tls>>, overrides: Overrides, mut config: Config) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    let mut tick = tokio::time::interval(Duration::from_secs(CERTIFICATE_SECONDS));
    loop {
        let is_hangup = tokio::select! {
            _ = hangup.recv() => true,
            _ = tick.tick() => false,
        };
        if let Some(tls) = &tls {
            match tls.reload() {
                Ok(true) => tracing::info!("the certificate was read again"),
                Ok(false) => {}
                Err(failure) => tracing::error!(%failure, "the certificate stays as it was"),
            }
        }
        if is_hangup {
            match Config::read(&overrides).and_then(|new| logging::set(&new.reloadable.log).map(|()| new)) {
                Ok(new) => {
                    tell_changes(&config, &new);
                    server.reload(new.reloadable.clone());
                    config = new;
                }
                Err(failure) => tracing::error!(%failure, "the configuration stays as it was"),
            }
        }
    }
}

/// Says of each key that was changed whether it is in force now.
fn tell_changes(old: &Config, new: &Config) {
    let mut changed = false;
    for (key, (old, new)) in KEYS.iter().zip(old.given.iter().zip(&new.given)).filter(|(_, (old, new))| old.texts != new.texts) {
        changed = true;
        let (from, to) = (key.shown(old), key.shown(new));
        match key.reloads {
            true => tracing::info!(key = key.name, %from, %to, "reloaded"),
            false => tracing::warn!(key = key.name, %from, %to, "takes effect when the server is started again"),
        }
    }
    if !changed {
        tracing::info!("the configuration was read again: nothing has changed");
    }
}

/// SIGTERM from a service manager, SIGINT from a terminal.
async fn wait_for_signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        tracing::error!("signals cannot be received: stop the server with SIGKILL, nothing is lost by it");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// The very first start: one account, told once.
async fn first_account(store: &Store, config: &Config, environment: Environment) -> Result<(), Failure> {
    let password = environment.readable(FIRST_PASSWORD_CHARACTERS);
    let address = format!("{FIRST_ACCOUNT}@kalends.invalid");
    let added = accounts::add(store, environment, FIRST_ACCOUNT, &[address], Some("Me"), &password).await;
    if added.is_err() && store.has_principals().await? {
        // Another process on the same database was first.
        return Ok(());
    }
    added?;
    let url = config.address();
    let host = url.split("://").nth(1).unwrap_or_default().trim_end_matches('/');
    let server = host.split([':', '/']).next().unwrap_or_default();
    for line in [
        String::new(),
        "This is the first start: an account was made. Its password is shown only now.".to_owned(),
        String::new(),
        format!("    Name:      {FIRST_ACCOUNT}"),
        format!("    Password:  {password}"),
        String::new(),
        "Thunderbird: New Calendar > On the Network".to_owned(),
        format!("    Username:  {FIRST_ACCOUNT}"),
        format!("    Location:  {url}"),
        String::new(),
        "Apple Calendar: Settings > Accounts > Add > Other CalDAV Account > Advanced".to_owned(),
        format!("    User Name: {FIRST_ACCOUNT}        Password: as above"),
        format!("    Server:    {server}        Path: {}", config.paths().principal(FIRST_ACCOUNT)),
        format!("    Port:      {}        Use SSL: {}", port(&url), if url.starts_with("https") { "yes" } else { "no" }),
        String::new(),
        "More accounts: kalends user add NAME --email ADDRESS --password-stdin".to_owned(),
        String::new(),
    ] {
        say(&line);
    }
    Ok(())
}

fn port(url: &str) -> &str {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let authority = rest.split('/').next().unwrap_or_default();
    let default = if scheme == "https" { "443" } else { "80" };
    authority.rsplit_once(':').map_or(default, |(_, port)| port)
}
