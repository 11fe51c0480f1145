//! The Postgres driver: any number of processes on one database; a home's row lock orders its writers.

use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::database::Database;
use crate::failure::Failure;

const CONNECTIONS_MAX: u32 = 16;
const CONNECT_SECONDS: u64 = 5;

/// Connects. `synchronous_commit` is set rather than trusted: what is acknowledged must survive.
pub async fn open(url: &str) -> Result<Database, Failure> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| Failure::new("the database address is not a valid postgres:// URL"))?
        .application_name("kalends")
        .options([("synchronous_commit", "on"), ("statement_timeout", "60s"), ("lock_timeout", "30s"), ("client_min_messages", "warning")])
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .acquire_timeout(Duration::from_secs(CONNECT_SECONDS))
        .connect_with(options)
        .await
        .map_err(|error| Failure::new(format!("cannot connect to Postgres: {error}")))?;
    Ok(Database::Postgres(pool))
}
