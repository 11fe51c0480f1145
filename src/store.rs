//! The store: an append-only log per home, and the projection that requests read.
//!
//! Reads are single statements that see one state each. Writes go through [`Write`]: it locks the homes it touches and has one verb,
//! [`Write::append`], which writes the log row and the projection in one transaction.

mod append;
mod baseline;
mod blobs;
mod bodies;
mod calendar;
#[cfg(test)]
mod contract;
mod database;
mod directory;
mod files;
mod marks;
mod migrate;
mod postgres;
mod projection;
mod sql;
mod sqlite;
mod status;
mod verify;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use append::{Alteration, Change, Context, NewCollection, NewFile, NewFolder, NewObject, PropertyValue, Reason, Write};
pub use blobs::{Blob, CHUNK_BYTES, FileBody, Receiving};
pub use calendar::Candidates;
use calendar::PAGE_ROWS;
pub use directory::{NewPrincipal, Principal};
pub use files::{Folder, Member, StoredFile, Walked};
pub use status::Status;

use database::{Database, Query, arguments};
use kalends_dav::Kind;
use kalends_ical::{ComponentKind, UtcMicros};

use crate::failure::Failure;

/// A home: everything one principal owns. The same number as its principal's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HomeId(pub i64);

/// A collection or folder: the position at which it was created in its home. 0 is the home itself, -1 the root of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollectionId(pub i64);

impl CollectionId {
    /// The home itself.
    pub const HOME: Self = Self(0);
    /// The root of the home's files.
    pub const FILES: Self = Self(-1);
}

/// A change's place in its home's log, from 1 without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub i64);

/// SHA-256 of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    pub fn of(body: &[u8]) -> Self {
        use sha2::Digest;
        Self(sha2::Sha256::digest(body).into())
    }

    fn read(bytes: &[u8]) -> Result<Self, Failure> {
        bytes.try_into().map(Self).map_err(|_| Failure::new("a stored hash is not 32 bytes long"))
    }

    /// The strong entity tag of a body (RFC 9110 §8.8.3): half of its hash, quoted.
    pub fn etag(&self) -> String {
        let mut tag = String::with_capacity(34);
        tag.push('"');
        for byte in self.0.iter().take(16) {
            tag.push_str(&format!("{byte:02x}"));
        }
        tag.push('"');
        tag
    }
}

/// How far a home has come, and how far back its log reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HomeState {
    pub position: Position,
    /// Changes at or below it are no longer in the log.
    pub history_floor: Position,
}

/// A collection of a home, as a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    pub id: CollectionId,
    pub segment: String,
    pub kind: Kind,
    /// `VEVENT`, `VTODO`, …; empty for an outbox.
    pub components: Vec<String>,
    pub created_at: UtcMicros,
    /// The last change of a member.
    pub changed: Position,
    /// The last change of its own properties.
    pub altered: Position,
}

/// An object, as a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    pub name: String,
    pub uid: String,
    pub component: ComponentKind,
    pub hash: Hash,
    pub size: i64,
    pub position: Position,
    pub created_at: UtcMicros,
    pub modified_at: UtcMicros,
    /// Where it was asked.
    pub body: Option<bytes::Bytes>,
}

/// Whether bodies are read along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bodies {
    Without,
    With,
}

/// Where the data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A folder for SQLite.
    Folder(std::path::PathBuf),
    /// A `postgres://` URL.
    Postgres(String),
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    database: Database,
    /// Whether every object's facts are of this engine: while they are not, queries do not narrow by them.
    facts_are_current: Arc<AtomicBool>,
}

/// The file in a data folder.
pub const SQLITE_FILE: &str = "kalends.sqlite";
/// Locked by every server that uses a data folder.
const SERVING_FILE: &str = "kalends.serving";

impl Store {
    /// Opens the database without touching its schema.
    pub async fn open(location: &Location) -> Result<Self, Failure> {
        let database = match location {
            Location::Folder(folder) => sqlite::open(&folder.join(SQLITE_FILE)).await?,
            Location::Postgres(url) => postgres::open(url).await?,
        };
        Ok(Self { database, facts_are_current: Arc::new(AtomicBool::new(false)) })
    }

    /// Brings the schema up to date under a lock; on SQLite a lock file beside the database.
    pub async fn migrate(&self, location: &Location) -> Result<(), Failure> {
        let lock = match location {
            Location::Folder(folder) => Some(lock_file(folder)?),
            Location::Postgres(_) => None,
        };
        let result = migrate::run(&self.database).await;
        drop(lock);
        result?;
        self.look_for_stale_facts().await
    }

    /// Copies the embedded database as it is at one moment into a new file; others read and write meanwhile.
    pub async fn copy_to(&self, file: &Path) -> Result<(), Failure> {
        let Database::Sqlite { readers, .. } = &self.database else {
            return Err(Failure::new("only the embedded database is copied so"));
        };
        sqlite::copy_to(readers, file).await
    }

    /// Whether a statement can be answered.
    pub async fn is_ready(&self) -> bool {
        self.database.clone().row(sql::READY, &[]).await.is_ok()
    }

    /// Ends the database's connections in order.
    pub async fn close(&self) {
        match &self.database {
            Database::Sqlite { readers, writer } => {
                readers.close().await;
                sqlite::close(writer).await;
            }
            Database::Postgres(pool) => pool.close().await,
        }
    }

    fn facts_are_current(&self) -> bool {
        self.facts_are_current.load(Ordering::Acquire)
    }

    /// A value kept beside the data, made by `make` when it is first asked for.
    pub async fn setting(&self, name: &str, make: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>, Failure> {
        let mut database = self.database.clone();
        if let Some(row) = database.row(sql::SETTING, arguments![name]).await? {
            return row.bytes(0);
        }
        let value = make();
        database.execute(sql::ADD_SETTING, arguments![name, value.as_slice()]).await?;
        let row = database.row(sql::SETTING, arguments![name]).await?;
        row.ok_or_else(|| Failure::new("a setting vanished while it was made"))?.bytes(0)
    }
}

/// Says, until dropped, that a server uses a data folder; several may.
pub fn hold(folder: &Path) -> Result<std::fs::File, Failure> {
    let file = std::fs::File::create(folder.join(SERVING_FILE))?;
    let busy = |_| Failure::new(format!("a backup is being restored in {}: wait until it is done", folder.display()));
    file.try_lock_shared().map_err(busy)?;
    Ok(file)
}

/// As [`hold`], for who must be alone.
pub fn hold_alone(folder: &Path) -> Result<std::fs::File, Failure> {
    let file = std::fs::File::create(folder.join(SERVING_FILE))?;
    let busy = |_| Failure::new(format!("a server runs on {}: stop it first", folder.display()));
    file.try_lock().map_err(busy)?;
    Ok(file)
}

/// Holds the lock file until dropped.
fn lock_file(folder: &Path) -> Result<std::fs::File, Failure> {
    let file = std::fs::File::create(folder.join("kalends.lock"))?;
    file.lock()?;
    Ok(file)
}

/// A list as `json_each` takes it.
fn json_list<'a>(texts: impl Iterator<Item = &'a str>) -> Result<String, Failure> {
    serde_json::to_string(&texts.collect::<Vec<_>>()).map_err(|error| Failure::new(format!("writing a list: {error}")))
}

/// Shared by every row that has text the program chose itself.
fn unknown(what: &str, value: &str) -> Failure {
    Failure::new(format!("the database holds an unknown {what}: {value}"))
}
