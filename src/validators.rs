//! What a resource is told apart by from what it was: ETags and dates (RFC 9110 §8.8).

use kalends_dav::condition::Validators;

use crate::store::{Collection, HomeId, StoredObject};
use crate::token::SyncToken;

/// An object: its bytes' hash.
pub fn of_object(object: &StoredObject) -> Validators {
    Validators { etag: Some(object.hash.etag()), modified_at: Some(object.modified_at) }
}

/// A calendar as a whole: it changes with every member.
pub fn of_collection(home: HomeId, collection: &Collection) -> Validators {
    Validators { etag: Some(format!("\"{}\"", SyncToken::new(home, collection.id, collection.changed))), modified_at: None }
}
