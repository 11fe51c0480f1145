//! `kalends log`: verifying and pruning.

use clap::Subcommand;

use super::say;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::store::Store;

#[derive(Debug, Subcommand)]
pub enum Log {
    /// Rebuild every home from its log and compare it with what is served
    Verify,
    /// Delete history older than this, after writing down what each home holds
    Prune {
        /// Changes younger than this stay
        #[arg(long, value_name = "DAYS")]
        keep_days: u32,
    },
}

pub async fn log(command: Log, store: &Store, environment: Environment) -> Result<(), Failure> {
    match command {
        Log::Verify => verify(store).await,
        Log::Prune { keep_days } => prune(store, environment, keep_days).await,
    }
}

pub async fn verify(store: &Store) -> Result<(), Failure> {
    let (mut homes, mut changes, mut collections, mut objects, mut differences) = (0_u64, 0_u64, 0_usize, 0_usize, 0_usize);
    for home in store.home_ids().await? {
        let Some(found) = store.verify(home).await? else { continue };
        homes += 1;
        changes += found.changes;
        collections += found.collections;
        objects += found.objects;
        differences += found.differences.len();
        for difference in found.differences {
            say(&format!("home {}: {difference}", home.0));
        }
    }
    say(&format!("Verified {homes} homes: {changes} changes, {collections} collections, {objects} objects, {differences} differences."));
    if differences > 0 {
        return Err(Failure::new("the projection is not what the log says: restore a backup, or report this with the lines above"));
    }
    Ok(())
}

async fn prune(store: &Store, environment: Environment, keep_days: u32) -> Result<(), Failure> {
    let now = (environment.now)();
    let before = now.saturating_sub(i64::from(keep_days).saturating_mul(86_400 * 1_000_000));
    let mut pruned = 0;
    for home in store.home_ids().await? {
        if store.prune(home, before, now).await?.is_some() {
            pruned += 1;
        }
    }
    say(&format!("Pruned the history of {pruned} homes; clients with older sync-tokens will synchronise anew."));
    Ok(())
}
