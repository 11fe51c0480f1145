//! Writing: PUT, DELETE, COPY, MOVE, PROPPATCH, MKCALENDAR and MKCOL. Each reads what is there under its home's lock, judges, appends, commits.

mod conditions;
mod files;
mod make_collection;
mod proppatch;
mod relocate;

use http::{StatusCode, header};
use kalends_dav::condition::Conditions;
use kalends_dav::request::Put;
use kalends_dav::{Precondition, Refusal};
use kalends_ical::{CalendarObject, ObjectRefusal, ObjectRule};

use crate::answer::Answer;
use crate::failure::Error;
use crate::path::Place;
use crate::server::Server;
use crate::store::{Change, Collection, Context, HomeId, NewObject, StoredObject, Write};
use crate::target::{Found, Target};
use crate::validators;

pub use files::put_file;
pub use make_collection::{exists, make_collection};
pub use proppatch::proppatch;
pub use relocate::relocate;

/// A UID's bytes: it is part of an index, and no client makes longer ones.
const UID_BYTES_MAX: usize = 1000;

/// Stores a calendar object: RFC 4791 §5.3.2.
pub async fn put(server: &Server, target: &Target, request: Put, context: Context) -> Result<Answer, Error> {
    let at = ObjectPlace::of(target)?;
    request.check_calendar_type()?;
    let object = CalendarObject::parse(request.body, &server.object_limits()).map_err(refuse_object)?;
    check_uid_text(&object)?;
    let new = NewObject::of(object);
    let mut write = server.store.write(&[at.home], context).await?.ok_or_else(Refusal::not_found)?;
    let collection = at.collection(&mut write).await?;
    let current = write.object(at.home, collection.id, at.name).await?;
    let validators = current.as_ref().map(validators::of_object);
    conditions::check(server, target, &request.conditions, validators.as_ref(), &mut write).await?;
    check_component(&collection, &new.object)?;
    check_uid(server, &at, &mut write, &collection, current.as_ref(), &new.object).await?;
    let before = current.as_ref().map(|object| object.hash);
    // The same bytes again change nothing that anyone can see.
    if before != Some(new.hash) {
        write.append(at.home, Change::ObjectPut { collection: collection.id, name: at.name, new: &new, before }).await?;
    }
    // Also where nothing changed: what is there may have been put by a turn that is not on the disk yet.
    write.commit().await?;
    // RFC 4791 §5.3.4: the ETag is sent because what is stored is what was sent, octet for octet.
    let status = if before.is_some() { StatusCode::NO_CONTENT } else { StatusCode::CREATED };
    Ok(Answer::empty(status).with(header::ETAG, &new.hash.etag()))
}

/// Removes an object, or a calendar with everything in it: RFC 4918 §9.6.
pub async fn delete(server: &Server, target: &Target, asked: Conditions, context: Context) -> Result<Answer, Error> {
    let Some(owner) = &target.owner else { return Err(Refusal::not_found().into()) };
    if matches!(target.place, Place::File { .. }) {
        return files::delete_file(server, target, &asked, context).await;
    }
    let home = owner.home();
    let mut write = server.store.write(&[home], context).await?.ok_or_else(Refusal::not_found)?;
    if let Found::Collection(found) = &target.found {
        let collection = write.collection(home, &found.segment).await?.ok_or_else(Refusal::not_found)?;
        let validators = validators::of_collection(home, &collection);
        conditions::check(server, target, &asked, Some(&validators), &mut write).await?;
        write.append(home, Change::CollectionRemoved { collection: collection.id, segment: &collection.segment }).await?;
    } else {
        let at = ObjectPlace::of(target)?;
        let collection = at.collection(&mut write).await?;
        let Some(current) = write.object(home, collection.id, at.name).await? else {
            // It is told to be gone once it is.
            write.commit().await?;
            return Err(Refusal::not_found().into());
        };
        conditions::check(server, target, &asked, Some(&validators::of_object(&current)), &mut write).await?;
        write.append(home, Change::ObjectDeleted { collection: collection.id, name: at.name, before: current.hash }).await?;
    }
    write.commit().await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// Where an object is, or is to be.
struct ObjectPlace<'a> {
    home: HomeId,
    home_segment: &'a str,
    segment: &'a str,
    name: &'a str,
}

impl<'a> ObjectPlace<'a> {
    fn of(target: &'a Target) -> Result<Self, Refusal> {
        match (&target.place, &target.owner) {
            (Place::Object { home, segment, name }, Some(owner)) => Ok(Self { home: owner.home(), home_segment: home, segment, name }),
            _ => Err(Refusal::not_found()),
        }
    }

    /// The collection it is in, read under the lock. RFC 4918 §9.7.1: a missing one is 409.
    async fn collection(&self, write: &mut Write) -> Result<Collection, Error> {
        let collection = write.collection(self.home, self.segment).await?;
        Ok(collection.ok_or_else(|| Refusal::status(StatusCode::CONFLICT, "there is no calendar at this URL to put it into"))?)
    }
}

/// The rule an object broke, as the protocol names it.
fn refuse_object(refusal: ObjectRefusal) -> Refusal {
    let code = match refusal.rule {
        ObjectRule::ValidCalendarData => Precondition::ValidCalendarData,
        ObjectRule::ValidCalendarObjectResource => Precondition::ValidCalendarObjectResource,
        ObjectRule::SupportedCalendarComponent => Precondition::SupportedCalendarComponent,
        ObjectRule::MaxResourceSize => Precondition::MaxResourceSize,
        ObjectRule::SupportedRscale => Precondition::SupportedRscale,
    };
    Refusal::rule(code, refusal.to_string())
}

/// What an index can hold.
pub fn check_uid_text(object: &CalendarObject) -> Result<(), Refusal> {
    if object.uid().len() > UID_BYTES_MAX || object.uid().contains('\0') {
        let message = format!("a UID has at most {UID_BYTES_MAX} bytes and no NUL");
        return Err(Refusal::rule(Precondition::ValidCalendarObjectResource, message));
    }
    Ok(())
}

/// RFC 4791 §5.2.3, §5.3.2.1.
pub fn check_component(collection: &Collection, object: &CalendarObject) -> Result<(), Refusal> {
    let name = object.kind().name();
    if collection.components.iter().any(|component| component == name) {
        return Ok(());
    }
    let message = format!("this calendar takes {}, not {name}", collection.components.join(", "));
    Err(Refusal::rule(Precondition::SupportedCalendarComponent, message))
}

/// RFC 4791 §5.3.2.1: a UID stands once in a calendar, and an object keeps its UID. The same UID in another calendar is fine:
/// clients move objects by PUT and DELETE.
async fn check_uid(
    server: &Server,
    at: &ObjectPlace<'_>,
    write: &mut Write,
    collection: &Collection,
    current: Option<&StoredObject>,
    object: &CalendarObject,
) -> Result<(), Error> {
    let conflict = |name: &str, message: &str| {
        let href = server.paths.object(at.home_segment, at.segment, name);
        Err(Refusal::rule_at(Precondition::NoUidConflict, href, message).into())
    };
    if current.is_some_and(|current| current.uid != object.uid()) {
        return conflict(at.name, "the object at this URL has another UID");
    }
    match write.name_of_uid(at.home, collection.id, object.uid()).await? {
        Some(name) if name != at.name => conflict(&name, "this calendar holds an object with this UID already"),
        _ => Ok(()),
    }
}
