//! What a resource is told apart by from what it was: ETags and dates (RFC 9110 §8.8).

use kalends_dav::condition::Validators;

use crate::store::{Collection, Folder, HomeId, StoredFile, StoredObject};
use crate::token::SyncToken;

/// An object: its bytes' hash.
pub fn of_object(object: &StoredObject) -> Validators {
    Validators { etag: Some(object.hash.etag()), modified_at: Some(object.modified_at) }
}

/// A file: its bytes' hash.
pub fn of_file(file: &StoredFile) -> Validators {
    Validators { etag: Some(file.hash.etag()), modified_at: Some(file.modified_at) }
}

/// A folder: it changes with every member.
pub fn of_folder(home: HomeId, folder: &Folder) -> Validators {
    Validators { etag: Some(format!("\"{}\"", SyncToken::new(home, folder.id, folder.changed))), modified_at: None }
}

/// A calendar as a whole: it changes with every member.
pub fn of_collection(home: HomeId, collection: &Collection) -> Validators {
    Validators { etag: Some(format!("\"{}\"", SyncToken::new(home, collection.id, collection.changed))), modified_at: None }
}
