//! Marks, cursors and parked changes: operating state of the followers.

use kalends_ical::UtcMicros;

use super::database::{Query, arguments};
use super::{HomeId, Position, Store, sql};
use crate::failure::Failure;
use crate::follow::Marked;

impl Store {
    /// Homes a follower has not caught up with.
    pub async fn marked(&self, follower: &str, homes_max: i64) -> Result<Vec<Marked>, Failure> {
        let rows = self.database.clone().rows(sql::MARKED, arguments![follower, homes_max]).await?;
        rows.iter()
            .map(|row| {
                Ok(Marked {
                    home: HomeId(row.integer(0)?),
                    position: Position(row.integer(1)?),
                    cursor: Position(row.integer(2)?),
                    failures: row.integer(3)?,
                })
            })
            .collect()
    }

    /// Says how far a follower has come with a home, and how often it has failed there.
    pub async fn set_cursor(&self, follower: &str, home: HomeId, position: Position, failures: i64) -> Result<(), Failure> {
        self.database.clone().execute(sql::SET_CURSOR, arguments![follower, home.0, position.0, failures]).await?;
        Ok(())
    }

    /// Puts work aside that keeps failing, and lets the follower go on after it.
    pub async fn park(&self, follower: &str, marked: Marked, error: &str, at: UtcMicros) -> Result<(), Failure> {
        let mut transaction = self.database.begin().await?;
        let (home, position) = (marked.home.0, marked.position.0);
        transaction.execute(sql::PARK, arguments![follower, home, position, error, at]).await?;
        transaction.execute(sql::SET_CURSOR, arguments![follower, home, position, 0]).await?;
        transaction.commit().await
    }
}
