//! The command line. Every error is one sentence that says what to do.

mod accounts;
mod backup;
mod calendar;
mod compliance;
mod config;
mod ical;
mod log;
mod operate;
mod operator;
mod serve;
mod terminal;
mod transfer;

use std::env::VarError;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, KEYS, Origin, Overrides};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::logging;
use crate::server::RequestLimits;
use crate::store::{Location, SQLITE_FILE, Store};
use accounts::find;
pub use terminal::printable;
use terminal::say;

/// A standards-first CalDAV server.
#[derive(Debug, Parser)]
#[command(name = "kalends", version, about)]
pub struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What is configured; each also from the environment or the configuration file.
#[derive(Debug, Args, Clone)]
struct Options {
    /// Address to listen on, perhaps several [default: 127.0.0.1:8008] [env: KALENDS_LISTEN]
    #[arg(long, global = true, value_name = "ADDRESS", value_delimiter = ',')]
    listen: Vec<String>,
    /// Folder of the embedded database [default: kalends-data] [env: KALENDS_DATA]
    #[arg(long, global = true, value_name = "FOLDER")]
    data: Option<String>,
    /// A Postgres database to use instead: postgres://USER:PASSWORD@HOST/NAME [env: KALENDS_DATABASE]
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// The URL people reach the server at, with a path prefix if it has one [env: KALENDS_BASE_URL]
    #[arg(long, global = true, value_name = "URL")]
    base_url: Option<String>,
    /// Configuration file (TOML)
    #[arg(long, global = true, env = "KALENDS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Any key of the configuration; `kalends config show` lists them
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl Options {
    /// The environment first, for flags win over it.
    fn overrides(self) -> Result<Overrides, Failure> {
        let mut keys = Vec::new();
        for key in KEYS {
            let variable = key.variable();
            match std::env::var(&variable) {
                Ok(value) => keys.push((key.name.to_owned(), value, Origin::Environment(variable))),
                Err(VarError::NotPresent) => {}
                Err(VarError::NotUnicode(_)) => return Err(Failure::new(format!("{variable} is not text in UTF-8"))),
            }
        }
        let listen = Some(self.listen.join(",")).filter(|listen| !listen.is_empty());
        let named = [("listen", listen), ("data", self.data), ("database", self.database), ("base_url", self.base_url)];
        keys.extend(named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?, Origin::Flag))));
        for text in self.set {
            let wrong = || Failure::new(format!("--set takes KEY=VALUE, not {text}"));
            let (name, value) = text.split_once('=').ok_or_else(wrong)?;
            keys.push((name.trim().to_owned(), value.to_owned(), Origin::Flag));
        }
        Ok(Overrides { file: self.config, keys })
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve calendars (also what happens without a command)
    Serve,
    /// Manage accounts
    #[command(subcommand)]
    User(accounts::User),
    /// Manage passwords for single devices
    #[command(subcommand)]
    AppPassword(accounts::AppPassword),
    /// Manage an account's calendars
    #[command(subcommand)]
    Calendar(calendar::Calendar),
    Import(transfer::Import),
    Export(transfer::Export),
    Status(operate::Status),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Migrate(operate::Migrate),
    Health(operate::Health),
    Dns(operate::Dns),
    Compliance(compliance::Compliance),
    /// Look after the change log
    #[command(subcommand)]
    Log(log::Log),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Look into iCalendar files
    #[command(subcommand)]
    Ical(ical::Ical),
}

impl Command {
    /// Whether it writes to what a server holds: then that does it ([`operator`]).
    const fn writes(&self) -> bool {
        let is_log = matches!(self, Self::Log(log::Log::Prune { .. }));
        is_log || matches!(self, Self::User(_) | Self::AppPassword(_) | Self::Calendar(_) | Self::Import(_))
    }

    /// What a writing command is called.
    const fn name(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::AppPassword(_) => "app-password",
            Self::Calendar(_) => "calendar",
            Self::Import(_) => "import",
            Self::Log(_) => "log",
            _ => "",
        }
    }

    /// What it reads beside its arguments.
    fn input(&self) -> operator::Input {
        match self {
            Self::User(command) if command.reads_password() => operator::Input::Line,
            Self::Import(command) => command.input(),
            _ => operator::Input::Nothing,
        }
    }
}

/// Does what the command line asks.
pub async fn run(cli: Cli, environment: Environment) -> Result<(), Failure> {
    let command = cli.command.unwrap_or(Command::Serve);
    if let Command::Ical(command) = command {
        // Files are looked into whatever the server's configuration is.
        return ical::ical(command, environment);
    }
    if let Command::Compliance(command) = command {
        return compliance::compliance(&command);
    }
    let overrides = cli.options.overrides()?;
    if let Command::Config(command) = command {
        return config::config(&command, &overrides);
    }
    let config = Config::read(&overrides)?;
    logging::set(&config.reloadable.log)?;
    if command.writes() {
        if let Location::Folder(folder) = config.location()
            && let Some(answer) = operator::ask(&folder, command.input()).await
        {
            return answer;
        }
        // An account can be added before the server starts for the first time.
        let store =
            if matches!(command, Command::User(accounts::User::Add { .. })) { open(&config).await } else { open_existing(&config).await };
        return write(command, &store?, &config.reloadable.limits, environment).await;
    }
    match command {
        Command::Serve => serve::serve(config, overrides, environment).await,
        Command::Export(command) => transfer::export(command, &open_existing(&config).await?).await,
        Command::Status(command) => operate::status(&command, &config).await,
        Command::Backup(command) => backup::backup(command, &config).await,
        Command::Restore(command) => backup::restore(command, &config, environment).await,
        Command::Health(_) => operate::health(&config).await,
        Command::Migrate(_) => operate::migrate(&config).await,
        Command::Dns(command) => operate::dns(&command, &config),
        Command::Log(command) => log::log(command, &open_existing(&config).await?, environment).await,
        // Done above.
        _ => Ok(()),
    }
}

/// Does what a writing command asks.
async fn write(command: Command, store: &Store, limits: &RequestLimits, environment: Environment) -> Result<(), Failure> {
    match command {
        Command::User(command) => accounts::user(command, store, environment).await,
        Command::AppPassword(command) => accounts::app_password(command, store, environment).await,
        Command::Calendar(command) => calendar::calendar(command, store, limits, environment).await,
        Command::Import(command) => transfer::import(command, store, limits, environment).await,
        Command::Log(command) => log::log(command, store, environment).await,
        _ => Ok(()),
    }
}

/// Opens the store with its schema up to date; a data folder is made if it is missing.
async fn open(config: &Config) -> Result<Store, Failure> {
    let location = config.location();
    if let Location::Folder(folder) = &location {
        make_folder(folder)?;
    }
    let store = Store::open(&location).await?;
    store.migrate(&location).await?;
    Ok(store)
}

/// As [`open`], where there must be something to look at: a mistyped folder is told, not made.
async fn open_existing(config: &Config) -> Result<Store, Failure> {
    match &config.location() {
        Location::Folder(folder) if !folder.join(SQLITE_FILE).exists() => {
            let message = format!("there is no database in {}: name the server's data folder with --data", folder.display());
            Err(Failure::new(message))
        }
        _ => open(config).await,
    }
}

/// The data folder is for its owner alone: it holds password hashes and calendars.
fn make_folder(folder: &std::path::Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| Failure::new(format!("cannot make the data folder {}: {error}", folder.display())))
}

/// A context for what is done from the command line.
fn context(environment: Environment) -> crate::store::Context {
    crate::store::Context {
        actor: None,
        credential: String::new(),
        client: "kalends command line".to_owned(),
        address: String::new(),
        reason: crate::store::Reason::Account,
        request_id: environment.uuid(),
        at: (environment.now)(),
    }
}
