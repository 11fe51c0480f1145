//! Bodies of files: in chunks, so that neither a write nor a read holds a whole one in memory.
//!
//! A large one arrives in transactions of its own, under an id and without a hash; the transaction that logs the file gives it its hash,
//! and with that it counts. A body stays as long as a file of its home has it.

use kalends_ical::UtcMicros;
use sha2::Digest;

use super::database::{Query, Transaction, arguments};
use super::{Hash, HomeId, Store, sql};
use crate::failure::Failure;

/// Bytes of every chunk but the last.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes that are kept back before they are written: one transaction for many chunks.
const BATCH_BYTES: usize = 16 * CHUNK_BYTES;
/// Abandoned ones that are removed at a time.
const ABANDONED_AT_ONCE: i64 = 4;

/// A file's body, on its way into a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileBody {
    /// A file of the home has it already.
    There,
    /// One of [`CHUNK_BYTES`] at most.
    Small { id: String, content: Vec<u8> },
    /// One that has arrived in chunks under this id.
    Arrived { id: String },
}

/// A body that is read chunk by chunk.
#[derive(Debug, Clone)]
pub struct Blob {
    home: HomeId,
    id: String,
}

impl Store {
    /// Begins a body that will arrive in chunks; `false` if there is no such home.
    pub async fn begin_blob(&self, home: HomeId, id: &str, at: UtcMicros) -> Result<bool, Failure> {
        let mut transaction = self.database.begin().await?;
        // Whoever erases the account finds it, or has been there before.
        if transaction.row(sql::LOCK_HOME, arguments![home.0]).await?.is_none() {
            return Ok(false);
        }
        transaction.execute(sql::ADD_BLOB, arguments![home.0, id, None::<&[u8]>, 0, at]).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Adds what has arrived: whole chunks from that number on, but for the last. Returns the bytes of all bodies of the home.
    pub async fn add_chunks(&self, home: HomeId, id: &str, first: i64, content: &[u8]) -> Result<i64, Failure> {
        let mut transaction = self.database.begin().await?;
        let size = i64::try_from(content.len()).unwrap_or(i64::MAX);
        if transaction.execute(sql::GROW_BLOB, arguments![home.0, id, size]).await? == 0 {
            return Err(Failure::new("a body was given up while it arrived"));
        }
        for (number, chunk) in (first..).zip(content.chunks(CHUNK_BYTES)) {
            transaction.execute(sql::ADD_CHUNK, arguments![home.0, id, number, chunk]).await?;
        }
        let bytes = read_bytes(&mut transaction, home).await?;
        transaction.commit().await?;
        Ok(bytes)
    }

    /// Removes a body that has not become a file's.
    pub async fn discard_blob(&self, home: HomeId, id: &str) -> Result<(), Failure> {
        let mut transaction = self.database.begin().await?;
        discard(&mut transaction, home, id).await?;
        transaction.commit().await
    }

    /// Removes some bodies that began to arrive before then and never became a file's; `false` once none is left.
    pub async fn remove_abandoned_blobs(&self, before: UtcMicros) -> Result<bool, Failure> {
        let rows = self.database.clone().rows(sql::ABANDONED_BLOBS, arguments![before, ABANDONED_AT_ONCE]).await?;
        for row in &rows {
            self.discard_blob(HomeId(row.integer(0)?), &row.text(1)?).await?;
        }
        Ok(!rows.is_empty())
    }

    /// The bytes of all bodies of a home's files, each counted once, those arriving too.
    pub async fn file_bytes(&self, home: HomeId) -> Result<i64, Failure> {
        read_bytes(&mut self.database.clone(), home).await
    }

    /// The body of that hash.
    pub async fn blob(&self, home: HomeId, hash: Hash) -> Result<Option<Blob>, Failure> {
        read_blob(&mut self.database.clone(), home, hash).await
    }

    /// One chunk of a body.
    pub async fn chunk(&self, blob: &Blob, number: i64) -> Result<Vec<u8>, Failure> {
        read_chunk(&mut self.database.clone(), blob, number).await?.ok_or_else(|| Failure::new("the file was replaced while it was read"))
    }
}

/// Makes a body that has arrived a file's; one that is there already stays as it is.
pub(super) async fn keep(transaction: &mut Transaction, home: HomeId, hash: Hash, body: &FileBody, at: UtcMicros) -> Result<(), Failure> {
    let there = read_blob(transaction, home, hash).await?.is_some();
    match body {
        FileBody::There if there => Ok(()),
        FileBody::There => Err(Failure::new("a file was to have a body that is not there")),
        FileBody::Small { .. } if there => Ok(()),
        FileBody::Small { id, content } => {
            let size = i64::try_from(content.len()).unwrap_or(i64::MAX);
            transaction.execute(sql::ADD_BLOB, arguments![home.0, id, Some(hash.0.as_slice()), size, at]).await?;
            if !content.is_empty() {
                transaction.execute(sql::ADD_CHUNK, arguments![home.0, id, 0, content.as_slice()]).await?;
            }
            Ok(())
        }
        FileBody::Arrived { id } if there => discard(transaction, home, id).await,
        FileBody::Arrived { id } => match transaction.execute(sql::NAME_BLOB, arguments![home.0, id, hash.0.as_slice()]).await? {
            0 => Err(Failure::new("a body was given up while it arrived")),
            _ => Ok(()),
        },
    }
}

async fn discard(transaction: &mut Transaction, home: HomeId, id: &str) -> Result<(), Failure> {
    if transaction.execute(sql::REMOVE_ARRIVING_BLOB, arguments![home.0, id]).await? > 0 {
        transaction.execute(sql::REMOVE_CHUNKS, arguments![home.0, id]).await?;
    }
    Ok(())
}

/// Removes a body that no file has any more.
pub(super) async fn release(database: &mut impl Query, home: HomeId, hash: Hash) -> Result<(), Failure> {
    for statement in [sql::RELEASE_CHUNKS, sql::RELEASE_BLOB] {
        database.execute(statement, arguments![home.0, hash.0.as_slice()]).await?;
    }
    Ok(())
}

/// Removes all bodies of a home that no file has any more.
pub(super) async fn release_all(database: &mut impl Query, home: HomeId) -> Result<(), Failure> {
    for statement in [sql::RELEASE_ALL_CHUNKS, sql::RELEASE_ALL_BLOBS] {
        database.execute(statement, arguments![home.0]).await?;
    }
    Ok(())
}

pub(super) async fn read_blob(database: &mut impl Query, home: HomeId, hash: Hash) -> Result<Option<Blob>, Failure> {
    let row = database.row(sql::BLOB, arguments![home.0, hash.0.as_slice()]).await?;
    row.map(|row| Ok(Blob { home, id: row.text(0)? })).transpose()
}

pub(super) async fn read_chunk(database: &mut impl Query, blob: &Blob, number: i64) -> Result<Option<Vec<u8>>, Failure> {
    let row = database.row(sql::CHUNK, arguments![blob.home.0, &blob.id, number]).await?;
    row.map(|row| row.bytes(0)).transpose()
}

async fn read_bytes(database: &mut impl Query, home: HomeId) -> Result<i64, Failure> {
    let row = database.row(sql::FILE_BYTES, arguments![home.0]).await?;
    row.map_or(Ok(0), |row| row.integer(0))
}

/// A body that is arriving. Whoever does not finish it must discard it.
pub struct Receiving<'s> {
    store: &'s Store,
    home: HomeId,
    id: String,
    at: UtcMicros,
    digest: sha2::Sha256,
    waiting: Vec<u8>,
    chunks: i64,
    size: i64,
    begun: bool,
}

impl<'s> Receiving<'s> {
    /// Under an id that nobody else has.
    pub fn new(store: &'s Store, home: HomeId, id: String, at: UtcMicros) -> Self {
        let (digest, waiting) = (sha2::Sha256::default(), Vec::new());
        Self { store, home, id, at, digest, waiting, chunks: 0, size: 0, begun: false }
    }

    /// Takes a piece. Where it was written, the bytes of all bodies of the home.
    pub async fn push(&mut self, piece: &[u8]) -> Result<Option<i64>, Failure> {
        self.size += i64::try_from(piece.len()).unwrap_or(i64::MAX);
        let mut bytes = None;
        for part in piece.chunks(BATCH_BYTES) {
            self.digest.update(part);
            self.waiting.extend_from_slice(part);
            if self.waiting.len() >= BATCH_BYTES {
                bytes = Some(self.write(BATCH_BYTES).await?);
            }
        }
        Ok(bytes)
    }

    /// The whole, ready for a file.
    pub async fn finish(mut self) -> Result<(Hash, i64, FileBody), Failure> {
        if !self.begun && self.waiting.len() <= CHUNK_BYTES {
            let hash = Hash(self.digest.finalize().into());
            return Ok((hash, self.size, FileBody::Small { id: self.id, content: self.waiting }));
        }
        let rest = self.waiting.len();
        if let Err(failure) = self.write(rest).await {
            self.discard().await;
            return Err(failure);
        }
        Ok((Hash(self.digest.finalize().into()), self.size, FileBody::Arrived { id: self.id }))
    }

    /// Takes back what was written. A failure is no more than room that is lost for a day.
    pub async fn discard(self) {
        if self.begun {
            self.store.discard_or_warn(self.home, &self.id).await;
        }
    }

    async fn write(&mut self, length: usize) -> Result<i64, Failure> {
        if !self.begun {
            if !self.store.begin_blob(self.home, &self.id, self.at).await? {
                return Err(Failure::new("the account went away while a body arrived"));
            }
            self.begun = true;
        }
        let rest = self.waiting.split_off(length.min(self.waiting.len()));
        let bytes = self.store.add_chunks(self.home, &self.id, self.chunks, &self.waiting).await?;
        self.chunks += i64::try_from(self.waiting.len().div_ceil(CHUNK_BYTES)).unwrap_or(i64::MAX);
        self.waiting = rest;
        Ok(bytes)
    }
}

impl Store {
    /// As [`Store::discard_blob`], where another error is on its way already.
    pub async fn discard_or_warn(&self, home: HomeId, id: &str) {
        if let Err(failure) = self.discard_blob(home, id).await {
            tracing::warn!(%failure, "a body that became no file's stays for a while");
        }
    }
}
