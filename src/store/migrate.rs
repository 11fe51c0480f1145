//! Migrations: forward only, the same numbers in both databases, compiled into the program.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::database::Database;
use crate::failure::Failure;

macro_rules! migrations {
    ($($number:literal $name:literal;)*) => {
        const SQLITE: &[(i64, &str, &str)] = &[$(($number, $name, include_str!(concat!("../../migrations/sqlite/", $name, ".sql")))),*];
        const POSTGRES: &[(i64, &str, &str)] = &[$(($number, $name, include_str!(concat!("../../migrations/postgres/", $name, ".sql")))),*];
    };
}

migrations! {
    1 "0001_calendar";
    2 "0002_files";
}

/// Brings the schema up to date. On Postgres under sqlx's advisory lock; on SQLite the caller holds the data folder's lock file.
pub async fn run(database: &Database) -> Result<(), Failure> {
    let result = match database {
        Database::Sqlite { readers, .. } => migrator(SQLITE).run(readers).await,
        Database::Postgres(pool) => migrator(POSTGRES).run(pool).await,
    };
    result.map_err(|error| Failure::new(format!("migrating the database: {error}")))
}

fn migrator(texts: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migrations =
        texts.iter().map(|(number, name, text)| Migration::new(*number, (*name).into(), MigrationType::Simple, text.into_sql_str(), false));
    Migrator::with_migrations(migrations.collect())
}
