//! `kalends backup` and `kalends restore`, of the embedded database. Postgres has tools of its own.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{log, make_folder, open_existing, say};
use crate::config::Config;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::store::{Location, SQLITE_FILE, Store, hold_alone};

/// Copy the embedded database, also while the server runs, and verify the copy
#[derive(Debug, Args)]
#[command(after_help = "Example: kalends backup /var/backups/kalends/2026-12-01")]
pub struct Backup {
    /// A folder for the copy, made if it is missing
    folder: PathBuf,
}

/// Put a backup in the place of the data folder's database, once the copy is verified
#[derive(Debug, Args)]
#[command(after_help = "Example: kalends restore /var/backups/kalends/2026-12-01 --data kalends-data")]
pub struct Restore {
    /// The folder that `backup` wrote
    folder: PathBuf,
    /// Keep the database that is there under another name, and take the backup's
    #[arg(long)]
    replace: bool,
}

pub async fn backup(command: Backup, config: &Config) -> Result<(), Failure> {
    let store = open_existing(config).await?;
    embedded(config)?;
    make_folder(&command.folder)?;
    let copy = command.folder.join(SQLITE_FILE);
    if copy.exists() {
        return Err(Failure::new(format!("{} is there already: name a new folder for each backup", copy.display())));
    }
    let beside = command.folder.join(format!("{SQLITE_FILE}.part"));
    let _ = std::fs::remove_file(&beside);
    store.copy_to(&beside).await?;
    settle(&beside, &copy)?;
    store.close().await;
    say(&format!("Copied the database to {}.", copy.display()));
    verify(&command.folder).await
}

pub async fn restore(command: Restore, config: &Config, environment: Environment) -> Result<(), Failure> {
    let data = embedded(config)?;
    let copy = command.folder.join(SQLITE_FILE);
    if !copy.exists() {
        return Err(Failure::new(format!(
            "{} holds no {SQLITE_FILE}: name a folder that `kalends backup` wrote",
            command.folder.display()
        )));
    }
    verify(&command.folder).await?;
    make_folder(data)?;
    // Held until the database is in its place.
    let _alone = hold_alone(data)?;
    let place = data.join(SQLITE_FILE);
    if place.exists() {
        if !command.replace {
            return Err(Failure::new(format!("{} is there already: --replace keeps it under another name", place.display())));
        }
        let kept = data.join(format!("{SQLITE_FILE}.before-{}", kalends_ical::date::format_utc((environment.now)())));
        for ending in ["", "-wal", "-shm"] {
            let (from, to) = (with_ending(&place, ending), with_ending(&kept, ending));
            if from.exists() {
                std::fs::rename(from, to)?;
            }
        }
        say(&format!("What was there is {} now.", kept.display()));
    }
    let beside = data.join(format!("{SQLITE_FILE}.part"));
    std::fs::copy(&copy, &beside)?;
    // Root restores what another user serves.
    let owner = std::fs::metadata(data)?;
    std::os::unix::fs::chown(&beside, Some(owner.uid()), Some(owner.gid()))?;
    settle(&beside, &place)?;
    say(&format!("Restored {}.", place.display()));
    Ok(())
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Puts a file that was written in its place, for good.
fn settle(beside: &Path, place: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let file = File::options().write(true).open(beside)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.sync_all()?;
    std::fs::rename(beside, place)?;
    if let Some(folder) = place.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Rebuilds what a copy holds from its log, as `kalends log verify` does.
async fn verify(folder: &Path) -> Result<(), Failure> {
    let location = Location::Folder(folder.to_owned());
    let copy = Store::open(&location).await?;
    copy.migrate(&location).await?;
    let verified = log::verify(&copy).await;
    copy.close().await;
    verified
}

fn embedded(config: &Config) -> Result<&Path, Failure> {
    match config.database {
        None => Ok(&config.data),
        Some(_) => Err(Failure::new("the database is Postgres: back it up with pg_dump, then `kalends log verify` on the copy")),
    }
}
