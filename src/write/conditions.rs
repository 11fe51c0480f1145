//! Conditions on what a write finds, judged under its lock.

use http::StatusCode;
use kalends_dav::Refusal;
use kalends_dav::condition::{Conditions, Validators};
use kalends_dav::if_header::Current;

use crate::failure::{Error, Failure};
use crate::path::{Place, path_of_href};
use crate::server::Server;
use crate::store::{CollectionId, Principal, Walked, Write};
use crate::target::Target;
use crate::token::SyncToken;
use crate::validators;

/// Judges a request's conditions: those on the resource it names, which is `current`, and those of `If` on any of the same home.
pub async fn check(
    server: &Server,
    target: &Target,
    conditions: &Conditions,
    current: Option<&Validators>,
    write: &mut Write,
) -> Result<(), Error> {
    if let (Some(header), Some(owner)) = (&conditions.if_header, &target.owner) {
        let mut currents = Vec::new();
        for resource in header.resources() {
            let place = resource.map_or_else(|| Ok(target.place.clone()), |href| server.paths.read(path_of_href(href)));
            currents.push(current_at(&place.unwrap_or(Place::Nowhere), owner, write).await?);
        }
        if !header.holds(&currents) {
            return Err(Refusal::status(StatusCode::PRECONDITION_FAILED, "the condition in the If header does not hold").into());
        }
    }
    Ok(conditions.check(current)?)
}

/// What is at a place of the home that is written; elsewhere nothing is known, and so nothing matches.
async fn current_at(place: &Place, owner: &Principal, write: &mut Write) -> Result<Current, Failure> {
    match place {
        Place::Home(home) if *home == owner.segment => {
            let token = |position| SyncToken::new(owner.home(), CollectionId::HOME, position).to_string();
            let token = write.position(owner.home()).map(token);
            Ok(Current { etag: None, sync_token: token })
        }
        Place::Collection { home, segment } if *home == owner.segment => {
            let Some(collection) = write.collection(owner.home(), segment).await? else { return Ok(Current::default()) };
            let token = SyncToken::new(owner.home(), collection.id, collection.changed).to_string();
            Ok(Current { etag: validators::of_collection(owner.home(), &collection).etag, sync_token: Some(token) })
        }
        Place::File { home, path } if *home == owner.segment => Ok(match write.walk(owner.home(), path).await? {
            Walked::Folder(folder) => {
                let token = SyncToken::new(owner.home(), folder.id, folder.changed).to_string();
                Current { etag: validators::of_folder(owner.home(), &folder).etag, sync_token: Some(token) }
            }
            Walked::File(_, file) => Current { etag: Some(file.hash.etag()), sync_token: None },
            Walked::Free(_) | Walked::Nowhere => Current::default(),
        }),
        Place::Object { home, segment, name } if *home == owner.segment => {
            let Some(collection) = write.collection(owner.home(), segment).await? else { return Ok(Current::default()) };
            let object = write.object(owner.home(), collection.id, name).await?;
            Ok(Current { etag: object.map(|object| object.hash.etag()), sync_token: None })
        }
        _ => Ok(Current::default()),
    }
}
