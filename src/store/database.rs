//! One face for both databases: statements go in as text with arguments, rows come out. Only this folder names sqlx.

use std::future::Future;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, PgPool, Row as _, SqlitePool};

use super::sqlite::{Turn, Writer};
use super::status::Pool;
use crate::failure::{Failure, FailureKind};

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::of(kind_of(&error), format!("database: {error}"))
    }
}

fn kind_of(error: &sqlx::Error) -> FailureKind {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => FailureKind::Unavailable,
        sqlx::Error::Database(error) => match error.code().as_deref() {
            // SQLITE_FULL; Postgres' disk_full.
            Some("13" | "53100") => FailureKind::Full,
            // SQLITE_BUSY and SQLITE_LOCKED, plain and extended; Postgres: shutting down, starting, too many connections, lock_not_available,
            // deadlock_detected, query_canceled.
            Some("5" | "6" | "261" | "517" | "773" | "57P01" | "57P02" | "57P03" | "53300" | "55P03" | "40P01" | "57014") => {
                FailureKind::Unavailable
            }
            _ => FailureKind::Broken,
        },
        _ => FailureKind::Broken,
    }
}

/// What goes into a statement's `$n`.
#[derive(Debug, Clone, Copy)]
pub enum Argument<'a> {
    Integer(i64),
    OptionalInteger(Option<i64>),
    Text(&'a str),
    OptionalText(Option<&'a str>),
    Bytes(&'a [u8]),
    OptionalBytes(Option<&'a [u8]>),
}

impl From<i64> for Argument<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl<'a> From<&'a str> for Argument<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Argument<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Argument<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl From<Option<i64>> for Argument<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::OptionalInteger(value)
    }
}

impl<'a> From<Option<&'a str>> for Argument<'a> {
    fn from(value: Option<&'a str>) -> Self {
        Self::OptionalText(value)
    }
}

impl<'a> From<Option<&'a [u8]>> for Argument<'a> {
    fn from(value: Option<&'a [u8]>) -> Self {
        Self::OptionalBytes(value)
    }
}

/// The arguments of a statement, in order.
macro_rules! arguments {
    ($($value:expr),* $(,)?) => { &[$($crate::store::database::Argument::from($value)),*] };
}
pub(super) use arguments;

/// A row of either database; columns are counted from 0, as the statement lists them.
pub enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! getter {
    ($name:ident, $type:ty) => {
        pub fn $name(&self, column: usize) -> Result<$type, Failure> {
            Ok(match self {
                Self::Sqlite(row) => row.try_get(column)?,
                Self::Postgres(row) => row.try_get(column)?,
            })
        }
    };
}

impl Row {
    getter!(integer, i64);
    getter!(optional_integer, Option<i64>);
    getter!(text, String);
    getter!(optional_text, Option<String>);
    getter!(bytes, Vec<u8>);
    getter!(optional_bytes, Option<Vec<u8>>);
}

/// Something statements can be sent to: a pool for reads, a transaction for writes.
pub trait Query: Send {
    /// Runs a statement and collects its rows; callers bound their number in the statement.
    fn rows(&mut self, statement: &'static str, arguments: &[Argument<'_>]) -> impl Future<Output = Result<Vec<Row>, Failure>> + Send;

    /// Runs a statement and counts the rows it touched.
    fn execute(&mut self, statement: &'static str, arguments: &[Argument<'_>]) -> impl Future<Output = Result<u64, Failure>> + Send;

    /// Runs a statement that yields one row at most.
    fn row(&mut self, statement: &'static str, arguments: &[Argument<'_>]) -> impl Future<Output = Result<Option<Row>, Failure>> + Send {
        async move { Ok(self.rows(statement, arguments).await?.into_iter().next()) }
    }
}

/// The database as readers see it; cheap to clone.
#[derive(Clone)]
pub enum Database {
    Sqlite { readers: SqlitePool, writer: Writer },
    Postgres(PgPool),
}

impl Database {
    pub fn pool(&self) -> Pool {
        let (connections, idle, connections_max) = match self {
            Self::Sqlite { readers, .. } => (readers.size(), readers.num_idle(), readers.options().get_max_connections()),
            Self::Postgres(pool) => (pool.size(), pool.num_idle(), pool.options().get_max_connections()),
        };
        Pool { connections, connections_max, idle }
    }

    /// Begins a write transaction. On SQLite the writer is alone from here on; on Postgres locks are taken per home.
    pub async fn begin(&self) -> Result<Transaction, Failure> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Transaction::Sqlite(writer.turn().await?),
            Self::Postgres(pool) => Transaction::Postgres(pool.begin().await?),
        })
    }
}

impl Query for Database {
    async fn rows(&mut self, statement: &'static str, arguments: &[Argument<'_>]) -> Result<Vec<Row>, Failure> {
        match self {
            Self::Sqlite { readers, .. } => {
                let rows = sqlx::query_with(statement, sqlite_arguments(arguments)?).fetch_all(&*readers).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(pool) => {
                let rows = sqlx::query_with(statement, postgres_arguments(arguments)?).fetch_all(&*pool).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    async fn execute(&mut self, statement: &'static str, arguments: &[Argument<'_>]) -> Result<u64, Failure> {
        let mut transaction = self.begin().await?;
        let touched = transaction.execute(statement, arguments).await?;
        transaction.commit().await?;
        Ok(touched)
    }
}

/// A write transaction. Dropped without [`Transaction::commit`] it leaves nothing behind.
pub enum Transaction {
    Sqlite(Turn),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Transaction {
    /// Returns once what was written survives a power cut.
    pub async fn commit(self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(turn) => turn.commit().await,
            Self::Postgres(transaction) => Ok(transaction.commit().await?),
        }
    }
}

impl Query for Transaction {
    async fn rows(&mut self, statement: &'static str, arguments: &[Argument<'_>]) -> Result<Vec<Row>, Failure> {
        match self {
            Self::Sqlite(turn) => {
                let rows = sqlx::query_with(statement, sqlite_arguments(arguments)?).fetch_all(turn.connection()?).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(transaction) => {
                let rows = sqlx::query_with(statement, postgres_arguments(arguments)?).fetch_all(&mut **transaction).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    async fn execute(&mut self, statement: &'static str, arguments: &[Argument<'_>]) -> Result<u64, Failure> {
        match self {
            Self::Sqlite(turn) => {
                let done = sqlx::query_with(statement, sqlite_arguments(arguments)?).execute(turn.connection()?).await?;
                Ok(done.rows_affected())
            }
            Self::Postgres(transaction) => {
                let done = sqlx::query_with(statement, postgres_arguments(arguments)?).execute(&mut **transaction).await?;
                Ok(done.rows_affected())
            }
        }
    }
}

macro_rules! bind {
    ($name:ident, $arguments:ty) => {
        fn $name(values: &[Argument<'_>]) -> Result<$arguments, Failure> {
            let mut bound = <$arguments>::default();
            for value in values {
                match *value {
                    Argument::Integer(value) => bound.add(value),
                    Argument::OptionalInteger(value) => bound.add(value),
                    Argument::Text(value) => bound.add(value),
                    Argument::OptionalText(value) => bound.add(value),
                    Argument::Bytes(value) => bound.add(value),
                    Argument::OptionalBytes(value) => bound.add(value),
                }
                .map_err(|error| Failure::new(format!("binding an argument: {error}")))?;
            }
            Ok(bound)
        }
    };
}

bind!(sqlite_arguments, SqliteArguments);
bind!(postgres_arguments, PgArguments);
