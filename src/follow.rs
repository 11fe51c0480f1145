//! Followers: workers that read the log, with a cursor per home. A transaction marks its home for those that care; polling alone is
//! correct, a home whose work keeps failing is parked where it can be seen, and the rest goes on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::failure::Failure;
use crate::server::Server;
use crate::store::{HomeId, Position, Write};

/// How often marks are looked for.
const POLL_SECONDS: u64 = 5;
/// Homes taken up at a time.
const HOMES_AT_ONCE: i64 = 50;
/// Failures after which a home's change is parked.
const FAILURES_MAX: i64 = 5;
/// A baseline is thought of every so many changes of a home.
const BASELINE_EVERY: i64 = 10_000;

/// A body that began to arrive before that belongs to a server that was killed: none may take so long.
const UPLOAD_MICROS_MAX: i64 = 25 * 3600 * 1_000_000;

/// A follower: its name in the tables, and the changes it cares for.
struct Follower {
    name: &'static str,
    cares: fn(Position) -> bool,
}

/// The table; a new worker is a row here and an arm in [`work`].
const FOLLOWERS: &[Follower] = &[Follower { name: BASELINE, cares: |position| position.0 % BASELINE_EVERY == 0 }];

const BASELINE: &str = "baseline";

/// Marks a home for every follower that cares for this change, in the transaction that makes it.
pub async fn mark(write: &mut Write, home: HomeId, position: Position) -> Result<(), Failure> {
    for follower in FOLLOWERS.iter().filter(|follower| (follower.cares)(position)) {
        write.mark(follower.name, home, position).await?;
    }
    Ok(())
}

/// Runs the followers until `stop` turns true.
pub async fn run(server: Arc<Server>, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(failure) = round(&server).await {
            tracing::error!(%failure, "following the log");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(POLL_SECONDS)) => {}
            () = crate::http::stopped(&mut stop) => return,
        }
    }
}

async fn round(server: &Server) -> Result<(), Failure> {
    while server.store.refresh_facts().await? {}
    let abandoned = (server.environment.now)().saturating_sub(UPLOAD_MICROS_MAX);
    while server.store.remove_abandoned_blobs(abandoned).await? {}
    for follower in FOLLOWERS {
        for marked in server.store.marked(follower.name, HOMES_AT_ONCE).await? {
            let result = work(server, follower.name, marked.home).await;
            settle(server, follower.name, marked, result).await?;
        }
    }
    Ok(())
}

/// Does a follower's work for a home; must bear being done twice.
async fn work(server: &Server, follower: &str, home: HomeId) -> Result<(), Failure> {
    match follower {
        BASELINE => server.store.write_baseline_if_worth(home, (server.environment.now)()).await,
        other => Err(Failure::new(format!("there is no follower {other}"))),
    }
}

/// A home with changes a follower has not handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    pub home: HomeId,
    /// Up to where.
    pub position: Position,
    /// From where.
    pub cursor: Position,
    /// How often it has failed there.
    pub failures: i64,
}

async fn settle(server: &Server, follower: &str, marked: Marked, result: Result<(), Failure>) -> Result<(), Failure> {
    let Err(failure) = result else {
        return server.store.set_cursor(follower, marked.home, marked.position, 0).await;
    };
    tracing::warn!(%failure, follower, home = marked.home.0, "a follower failed");
    if marked.failures + 1 < FAILURES_MAX {
        return server.store.set_cursor(follower, marked.home, marked.cursor, marked.failures + 1).await;
    }
    server.store.park(follower, marked, &failure.to_string(), (server.environment.now)()).await
}
