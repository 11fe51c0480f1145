//! What a change of folders and files does to their tables.

use kalends_ical::UtcMicros;

use super::set_properties;
use crate::failure::Failure;
use crate::store::append::{Change, NewFile};
use crate::store::database::{Query, arguments};
use crate::store::{CollectionId, HomeId, Position, blobs, sql};

pub(super) async fn apply(
    database: &mut impl Query,
    home: HomeId,
    position: Position,
    at: UtcMicros,
    change: &Change<'_>,
) -> Result<(), Failure> {
    match *change {
        Change::Left { parent, .. } => changed(database, home, parent, position).await,
        Change::Came { parent: CollectionId::HOME, name, moved } => {
            database.execute(sql::RENAME_COLLECTION, arguments![home.0, moved.0, name, position.0]).await?;
            Ok(())
        }
        Change::Came { parent, name, moved } => {
            database.execute(sql::PLACE_FOLDER, arguments![home.0, moved.0, parent.0, name, position.0]).await?;
            changed(database, home, parent, position).await
        }
        Change::FolderCreated { parent, name, new } => {
            database.execute(sql::ADD_FOLDER, arguments![home.0, position.0, parent.0, name, position.0, at]).await?;
            set_properties(database, home, CollectionId(position.0), "", &new.properties).await?;
            changed(database, home, parent, position).await
        }
        Change::FolderRemoved { parent, folder, .. } => {
            for statement in [sql::REMOVE_TREE_FILES, sql::REMOVE_TREE_PROPERTIES, sql::REMOVE_TREE] {
                database.execute(statement, arguments![home.0, folder.0]).await?;
            }
            blobs::release_all(database, home).await?;
            changed(database, home, parent, position).await
        }
        Change::FilePut { folder, name, new, before } => {
            put(database, (home, folder, name), new, position, at).await?;
            if let Some(before) = before.filter(|before| *before != new.hash) {
                blobs::release(database, home, before).await?;
            }
            changed(database, home, folder, position).await
        }
        Change::FileDeleted { folder, name, before } => {
            for statement in [sql::REMOVE_FILE, sql::REMOVE_PROPERTIES] {
                database.execute(statement, arguments![home.0, folder.0, name]).await?;
            }
            blobs::release(database, home, before).await?;
            changed(database, home, folder, position).await
        }
        _ => Err(Failure::new("a change of something else came among those of files")),
    }
}

async fn put(
    database: &mut impl Query,
    (home, folder, name): (HomeId, CollectionId, &str),
    NewFile { hash, size, media_type, created_at, body: _ }: &NewFile,
    position: Position,
    at: UtcMicros,
) -> Result<(), Failure> {
    let created_at = created_at.unwrap_or(at);
    let arguments = arguments![home.0, folder.0, name, hash.0.as_slice(), *size, media_type, position.0, created_at, at];
    database.execute(sql::PUT_FILE, arguments).await?;
    Ok(())
}

async fn changed(database: &mut impl Query, home: HomeId, folder: CollectionId, position: Position) -> Result<(), Failure> {
    database.execute(sql::SET_FOLDER_CHANGED, arguments![home.0, folder.0, position.0]).await?;
    Ok(())
}
