//! Bodies, keyed by home and hash, kept as long as history keeps them.

use std::future::Future;

use bytes::Bytes;

use super::database::{Query, arguments};
use super::{Hash, HomeId, sql};
use crate::failure::Failure;

/// Where bodies lie. Small ones lie in the database, in the transaction that logs them.
pub trait BodyStore {
    /// Keeps a body; one that is there already stays as it is.
    fn put(&mut self, home: HomeId, hash: Hash, body: &[u8]) -> impl Future<Output = Result<(), Failure>> + Send;
    /// Gives a body back, or `None` if history does not keep it any more.
    fn get(&mut self, home: HomeId, hash: Hash) -> impl Future<Output = Result<Option<Bytes>, Failure>> + Send;
}

/// Bodies in the database.
pub struct DatabaseBodies<'q, Q>(pub &'q mut Q);

impl<Q: Query> BodyStore for DatabaseBodies<'_, Q> {
    async fn put(&mut self, home: HomeId, hash: Hash, body: &[u8]) -> Result<(), Failure> {
        self.0.execute(sql::ADD_BODY, arguments![home.0, hash.0.as_slice(), body]).await?;
        Ok(())
    }

    async fn get(&mut self, home: HomeId, hash: Hash) -> Result<Option<Bytes>, Failure> {
        let row = self.0.row(sql::BODY, arguments![home.0, hash.0.as_slice()]).await?;
        row.map(|row| row.bytes(0).map(Bytes::from)).transpose()
    }
}
