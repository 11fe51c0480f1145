//! `kalends serve`.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{accounts, open, say};
use crate::auth::Authenticator;
use crate::config::Config;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::follow;
use crate::http;
use crate::server::{RequestLimits, Server};
use crate::store::Store;

const FIRST_ACCOUNT: &str = "me";
const FIRST_PASSWORD_CHARACTERS: usize = 16;

pub async fn serve(mut config: Config, environment: Environment) -> Result<(), Failure> {
    let store = open(&config).await?;
    let listener = TcpListener::bind(config.listen).await;
    let listener =
        listener.map_err(|error| Failure::new(format!("cannot listen on {}: {error}; choose another with --listen", config.listen)))?;
    // Port 0 asks for any free one.
    config.listen = listener.local_addr()?;
    if !store.has_principals().await? {
        first_account(&store, &config, environment).await?;
    }
    let authenticator = Authenticator::new(store.clone(), environment).await?;
    let server = Arc::new(Server {
        store,
        authenticator,
        paths: config.paths(),
        limits: RequestLimits::default(),
        environment,
        public_origin: config.public_origin.clone(),
    });
    let (stop, stopped) = watch::channel(false);
    let followers = tokio::spawn(follow::run(Arc::clone(&server), stopped.clone()));
    tokio::spawn(async move {
        wait_for_signal().await;
        tracing::info!("stopping: running requests may end");
        // Sent to receivers that live as long as the server.
        let _ = stop.send(true);
    });
    tracing::info!(address = %config.address(), "Kalends serves");
    http::serve(Arc::clone(&server), listener, stopped).await?;
    followers.await.map_err(|error| Failure::new(format!("the followers ended in a bug: {error}")))?;
    server.store.close().await;
    tracing::info!("stopped");
    Ok(())
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
