//! Numbers about the whole database, for who runs it.

use super::database::{Query, arguments};
use super::{Store, sql};
use crate::failure::Failure;

/// What the database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    pub principals: i64,
    pub collections: i64,
    pub objects: i64,
    pub body_bytes: i64,
    pub files: i64,
    /// Of all bodies of files, what a home has twice counted once.
    pub file_bytes: i64,
    pub log_rows: i64,
    /// Homes that some follower has not caught up with.
    pub waiting: i64,
    /// Work that was put aside because it kept failing.
    pub parked: i64,
    /// The last migration.
    pub schema: i64,
}

/// The connections to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    pub connections: u32,
    pub connections_max: u32,
    pub idle: usize,
}

impl Store {
    pub fn pool(&self) -> Pool {
        self.database.pool()
    }

    pub async fn status(&self) -> Result<Status, Failure> {
        let row = self.database.clone().row(sql::STATUS, arguments![]).await?;
        let row = row.ok_or_else(|| Failure::new("the database tells nothing about itself"))?;
        Ok(Status {
            principals: row.integer(0)?,
            collections: row.integer(1)?,
            objects: row.integer(2)?,
            body_bytes: row.integer(3)?,
            files: row.integer(4)?,
            file_bytes: row.integer(5)?,
            log_rows: row.integer(6)?,
            waiting: row.integer(7)?,
            parked: row.integer(8)?,
            schema: row.integer(9)?,
        })
    }
}
