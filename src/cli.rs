//! The command line. Every error is one sentence that says what to do.

mod accounts;
mod ical;
mod log;
mod serve;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, Overrides};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::store::{Location, SQLITE_FILE, Store};

/// A standards-first CalDAV server.
#[derive(Debug, Parser)]
#[command(name = "kalends", version, about)]
pub struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Where things are; each also from the environment or the configuration file.
#[derive(Debug, Args, Clone)]
struct Options {
    /// Address to listen on [default: 127.0.0.1:8008]
    #[arg(long, global = true, env = "KALENDS_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Folder of the embedded database [default: kalends-data]
    #[arg(long, global = true, env = "KALENDS_DATA", value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// A Postgres database to use instead: postgres://USER:PASSWORD@HOST/NAME
    #[arg(long, global = true, env = "KALENDS_DATABASE", value_name = "URL", hide_env_values = true)]
    database: Option<String>,
    /// The URL people reach the server at, with a path prefix if it has one
    #[arg(long, global = true, env = "KALENDS_BASE_URL", value_name = "URL")]
    base_url: Option<String>,
    /// Configuration file (TOML)
    #[arg(long, global = true, env = "KALENDS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
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
    /// Look after the change log
    #[command(subcommand)]
    Log(log::Log),
    /// Look into iCalendar files
    #[command(subcommand)]
    Ical(ical::Ical),
}

/// Does what the command line asks.
pub async fn run(cli: Cli, environment: Environment) -> Result<(), Failure> {
    let Options { listen, data, database, base_url, config } = cli.options;
    // Files are looked into whatever the server's configuration is.
    let config = || Config::read(Overrides { listen, data, database, base_url, config });
    match cli.command.unwrap_or(Command::Serve) {
        Command::Ical(command) => ical::ical(command, environment),
        Command::Serve => serve::serve(config()?, environment).await,
        // An account can be added before the server starts for the first time.
        Command::User(command @ accounts::User::Add { .. }) => accounts::user(command, &open(&config()?).await?, environment).await,
        Command::User(command) => accounts::user(command, &open_existing(&config()?).await?, environment).await,
        Command::AppPassword(command) => accounts::app_password(command, &open_existing(&config()?).await?, environment).await,
        Command::Log(command) => log::log(command, &open_existing(&config()?).await?, environment).await,
    }
}

/// Opens the store with its schema up to date; a data folder is made if it is missing.
async fn open(config: &Config) -> Result<Store, Failure> {
    if let Location::Folder(folder) = &config.location {
        make_folder(folder)?;
    }
    let store = Store::open(&config.location).await?;
    store.migrate(&config.location).await?;
    Ok(store)
}

/// As [`open`], where there must be something to look at: a mistyped folder is told, not made.
async fn open_existing(config: &Config) -> Result<Store, Failure> {
    match &config.location {
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

/// Writes a line to standard output; a closed pipe is no error of ours.
fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}
