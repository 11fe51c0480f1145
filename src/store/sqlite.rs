//! The SQLite driver: one writer that groups what waits into one COMMIT, readers beside it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Executor, SqliteConnection, SqlitePool};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use super::database::Database;
use crate::failure::{Failure, FailureKind};

/// How many requests share one COMMIT at most; each costs its share of one fsync.
const GROUP_MAX: usize = 64;
/// How long a statement waits for another process (the CLI) that writes.
const BUSY_SECONDS: u64 = 10;
const READERS_MAX: u32 = 4;
/// Past this many pages in the write-ahead log a commit also moves them into the database: rare enough to keep it off most commits.
const CHECKPOINT_PAGES: &str = "4000";

const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";
const SAVEPOINT: &str = "SAVEPOINT turn";
const RELEASE: &str = "RELEASE turn";
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
const COPY: &str = "VACUUM INTO ?";
const ROLLBACK_TURN: &str = "ROLLBACK TO turn; RELEASE turn";

/// Opens (and makes, if it is missing) the database file. WAL with synchronous FULL: a commit that returned is on the disk.
pub async fn open(file: &Path) -> Result<Database, Failure> {
    keep_private(file)?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(BUSY_SECONDS))
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .disable_statement_logging();
    let connection = options.connect().await?;
    let readers = SqlitePoolOptions::new().max_connections(READERS_MAX).connect_with(options).await?;
    Ok(Database::Sqlite { readers, writer: Writer::new(connection) })
}

/// It holds password hashes and calendars: for its owner alone, whatever the folder is. SQLite gives its other files the same mode.
fn keep_private(file: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(file);
    made.map_err(|error| Failure::new(format!("cannot open the database {}: {error}", file.display())))?;
    Ok(())
}

/// The one connection that writes. Requests take turns inside a shared transaction; the last of those that wait commits for all.
#[derive(Clone)]
pub struct Writer {
    group: Arc<Mutex<Group>>,
    waiting: Arc<AtomicUsize>,
}

/// How a shared transaction ended.
type Outcome = Result<(), FailureKind>;

struct Group {
    connection: SqliteConnection,
    /// Whether a transaction is open.
    open: bool,
    /// Whether a transaction is being begun or ended. Left over from a request that was given up meanwhile, nobody knows which it was.
    unsure: bool,
    /// Turns that ended well and wait for the COMMIT.
    ended: Vec<oneshot::Sender<Outcome>>,
}

impl Writer {
    fn new(connection: SqliteConnection) -> Self {
        let group = Group { connection, open: false, unsure: false, ended: Vec::new() };
        Self { group: Arc::new(Mutex::new(group)), waiting: Arc::new(AtomicUsize::new(0)) }
    }

    /// Waits for a turn. BEGIN IMMEDIATE, not deferred: a race's losers wait instead of failing with "database is locked".
    pub async fn turn(&self) -> Result<Turn, Failure> {
        let mut group = {
            let _waiting = Waiting::new(&self.waiting);
            // Those behind one that waits for another process have waited as long as it has.
            let lock = Arc::clone(&self.group).lock_owned();
            let locked = tokio::time::timeout(Duration::from_secs(BUSY_SECONDS), lock).await;
            locked.map_err(|_| Failure::of(FailureKind::Unavailable, "the database was busy with other writes for too long"))?
        };
        group.make_sure().await;
        if !group.open {
            group.unsure = true;
            let begun = group.connection.execute(BEGIN).await;
            group.unsure = false;
            begun?;
            group.open = true;
        }
        if let Err(error) = group.connection.execute(SAVEPOINT).await {
            let failure = Failure::from(error);
            let _ = group.settle(Err(failure.kind)).await;
            return Err(failure);
        }
        Ok(Turn { group: Some(group), writer: self.clone() })
    }

    fn someone_waits(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }
}

/// Counts a request for as long as it waits, also if it gives up.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Group {
    /// Ends a transaction that may be open, after who began or ended it was given up: what was in it did not end well for those who wait.
    async fn make_sure(&mut self) {
        if self.unsure {
            if let Err(error) = self.connection.execute(ROLLBACK).await {
                tracing::debug!(%error, "there was nothing to roll back");
            }
            self.open = false;
            self.unsure = false;
            // Their receivers tell them that it failed.
            self.ended.clear();
        }
    }

    /// Ends the shared transaction, commits it where nothing went wrong, and tells everyone in it how it ended.
    async fn settle(&mut self, how: Outcome) -> Outcome {
        let mut outcome = how;
        self.unsure = true;
        if outcome.is_ok() {
            let committed = self.connection.execute(COMMIT).await;
            outcome = committed.map(|_| ()).map_err(|error| {
                tracing::error!(%error, "a commit failed");
                Failure::from(error).kind
            });
        }
        if outcome.is_err()
            && let Err(error) = self.connection.execute(ROLLBACK).await
        {
            // SQLite may have rolled back by itself (disk full): then there is nothing to do here.
            tracing::warn!(%error, "rolling back");
        }
        self.open = false;
        self.unsure = false;
        for ended in self.ended.drain(..) {
            // A receiver that went away needs no answer.
            let _ = ended.send(outcome);
        }
        outcome
    }
}

/// A request's turn to write.
pub struct Turn {
    group: Option<OwnedMutexGuard<Group>>,
    writer: Writer,
}

impl Turn {
    pub fn connection(&mut self) -> Result<&mut SqliteConnection, Failure> {
        let group = self.group.as_mut().ok_or_else(|| Failure::new("the transaction has ended"))?;
        Ok(&mut group.connection)
    }

    /// Ends the turn; returns after the COMMIT that covers it.
    pub async fn commit(mut self) -> Result<(), Failure> {
        let Some(mut group) = self.group.take() else { return Err(Failure::new("the transaction has ended")) };
        if let Err(error) = group.connection.execute(RELEASE).await {
            let failure = Failure::from(error);
            let _ = group.settle(Err(failure.kind)).await;
            return Err(failure);
        }
        let outcome = if self.writer.someone_waits() && group.ended.len() + 1 < GROUP_MAX {
            let (sender, receiver) = oneshot::channel();
            group.ended.push(sender);
            drop(group);
            self.wait_for_commit(receiver).await
        } else {
            group.settle(Ok(())).await
        };
        outcome.map_err(|kind| Failure::of(kind, "the database did not commit"))
    }

    /// The one who waited commits for all; if it gave up while waiting, whoever notices does.
    async fn wait_for_commit(&self, mut receiver: oneshot::Receiver<Outcome>) -> Outcome {
        loop {
            match tokio::time::timeout(Duration::from_millis(20), &mut receiver).await {
                Ok(result) => return result.unwrap_or(Err(FailureKind::Broken)),
                Err(_) if self.writer.someone_waits() => {}
                Err(_) => {
                    let mut group = self.writer.group.lock().await;
                    if group.open && !group.unsure && !group.ended.is_empty() {
                        // Told through the receiver.
                        let _ = group.settle(Ok(())).await;
                    }
                }
            }
        }
    }
}

impl Drop for Turn {
    /// A turn that was not committed is undone; those that ended before it in the same group are not.
    fn drop(&mut self) {
        let Some(mut group) = self.group.take() else { return };
        let writer = self.writer.clone();
        tokio::spawn(async move {
            if let Err(error) = group.connection.execute(ROLLBACK_TURN).await {
                tracing::error!(%error, "undoing a write failed");
                let _ = group.settle(Err(Failure::from(error).kind)).await;
            } else if !writer.someone_waits() {
                // Those that ended before are told through their receivers.
                let _ = group.settle(Ok(())).await;
            }
        });
    }
}

/// Writes what one reader sees into a new file.
pub async fn copy_to(readers: &SqlitePool, file: &Path) -> Result<(), Failure> {
    let name = file.to_str().ok_or_else(|| Failure::new(format!("{} is no name in UTF-8", file.display())))?;
    sqlx::query(COPY).bind(name).execute(readers).await?;
    Ok(())
}

/// Folds the write-ahead log into the database, so that the one file holds everything once the server has stopped.
pub async fn close(writer: &Writer) {
    let mut group = writer.group.lock().await;
    group.make_sure().await;
    if group.open {
        let _ = group.settle(Ok(())).await;
    }
    if let Err(error) = group.connection.execute(CHECKPOINT).await {
        // Another process still reads: its last connection folds the log in.
        tracing::warn!(%error, "closing the database");
    }
}
