//! COPY and MOVE: RFC 4918 §9.8, §9.9. What is at the destination goes, what is copied comes, and what is moved leaves its place, in one
//! transaction: all of it or nothing, so that no member is left to be told of.

mod calendars;
mod files;
mod objects;

use http::StatusCode;
use kalends_dav::request::Relocate;
use kalends_dav::resource::StoredProperty;
use kalends_dav::{Precondition, Refusal};

use crate::answer::Answer;
use crate::failure::{Error, Failure};
use crate::path::Place;
use crate::server::Server;
use crate::store::{Alteration, Change, CollectionId, Context, HomeId, PropertyValue, Write};
use crate::target::Target;

/// Copies or moves what the gate has let pass at both ends.
pub async fn relocate(
    server: &Server,
    source: &Target,
    destination: &Target,
    request: Relocate,
    context: Context,
) -> Result<Answer, Error> {
    if request.moves && !request.with_members && source.kind().is_some_and(|kind| kind.is_collection()) {
        // RFC 4918 §9.9.2.
        return Err(Refusal::bad_request("a collection is moved with everything in it: Depth infinity").into());
    }
    match (&source.place, &destination.place) {
        (Place::Object { .. }, Place::Object { .. }) => objects::relocate(server, source, destination, &request, context).await,
        (Place::Collection { .. }, Place::Collection { .. }) => calendars::relocate(server, source, destination, &request, context).await,
        (Place::File { .. }, Place::File { .. }) => files::relocate(server, source, destination, &request, context).await,
        (_, Place::Object { .. }) => {
            Err(Refusal::rule(Precondition::SupportedCalendarData, "a calendar holds calendar objects: put it there instead").into())
        }
        (Place::Collection { .. }, _) | (_, Place::Collection { .. }) => {
            let message = "calendars stay in calendar homes, which hold nothing else";
            Err(Refusal::rule(Precondition::CalendarCollectionLocationOk, message).into())
        }
        _ => Err(Refusal::status(StatusCode::FORBIDDEN, "a calendar object goes to a calendar, a file among files").into()),
    }
}

/// Locks the homes at both ends.
async fn lock(server: &Server, source: HomeId, destination: HomeId, context: Context) -> Result<Write, Error> {
    Ok(server.store.write(&[source, destination], context).await?.ok_or_else(Refusal::not_found)?)
}

/// RFC 4918 §10.6: what is there may be replaced, or not.
fn check_overwrite(request: &Relocate, is_there: bool) -> Result<(), Refusal> {
    if is_there && !request.overwrite {
        return Err(Refusal::status(StatusCode::PRECONDITION_FAILED, "there is a resource at the destination (Overwrite: F)"));
    }
    Ok(())
}

/// RFC 4918 §9.8.5, §9.9.4.
fn done(was_there: bool) -> Answer {
    Answer::empty(if was_there { StatusCode::NO_CONTENT } else { StatusCode::CREATED })
}

/// Gives a resource the properties of another.
async fn copy_properties(
    properties: &[StoredProperty],
    home: HomeId,
    collection: CollectionId,
    name: &str,
    write: &mut Write,
) -> Result<(), Failure> {
    if properties.is_empty() {
        return Ok(());
    }
    let alteration = Alteration { set: properties.iter().map(PropertyValue::from).collect(), removed: Vec::new() };
    write.append(home, Change::PropertiesAltered { collection, name, alteration: &alteration }).await?;
    Ok(())
}

/// How much one COPY may hold.
fn check_members(members: i64, server: &Server, write: &mut Write) -> Result<(), Refusal> {
    let most = server.limits().copy_members_max;
    if members > most {
        let message = format!("one COPY takes at most {most} members: copy it in parts");
        return Err(Refusal::rule(Precondition::QuotaNotExceeded, message));
    }
    // Each with its properties, and what makes way for them.
    write.allow_changes(2 * members + 10);
    Ok(())
}
