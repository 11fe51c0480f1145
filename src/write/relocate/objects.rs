//! COPY and MOVE of calendar objects, within a calendar or into another: with all preconditions of PUT (RFC 4791 §5.3.2.1).

use http::StatusCode;
use kalends_dav::request::Relocate;
use kalends_dav::{Kind, Precondition, Refusal};
use kalends_ical::CalendarObject;

use super::{check_overwrite, copy_properties, done, lock};
use crate::answer::Answer;
use crate::failure::{Error, Failure};
use crate::server::Server;
use crate::store::{Change, Collection, Context, HomeId, NewObject, StoredObject, Write};
use crate::target::Target;
use crate::validators;
use crate::write::{ObjectPlace, check_component, conditions};

pub async fn relocate(
    server: &Server,
    source: &Target,
    destination: &Target,
    request: &Relocate,
    context: Context,
) -> Result<Answer, Error> {
    let (from, to) = (ObjectPlace::of(source)?, ObjectPlace::of(destination)?);
    let mut write = lock(server, from.home, to.home, context).await?;
    let out_of = write.collection(from.home, from.segment).await?.ok_or_else(Refusal::not_found)?;
    let object = write.object_with_body(from.home, out_of.id, from.name).await?.ok_or_else(Refusal::not_found)?;
    conditions::check(server, source, &request.conditions, Some(&validators::of_object(&object)), &mut write).await?;
    let into = to.collection(&mut write).await?;
    if into.kind != Kind::Calendar {
        return Err(Refusal::status(StatusCode::FORBIDDEN, "clients put nothing into an inbox").into());
    }
    let there = write.object(to.home, into.id, to.name).await?;
    check_overwrite(request, there.is_some())?;
    let new = new_object(&object, request.moves)?;
    check_component(&into, &new.object)?;
    check_size(server, &object)?;
    let leaves = (request.moves && from.home == to.home && out_of.id == into.id).then_some(from.name);
    check_uid(server, (&to, &into), leaves, there.as_ref(), &object, &mut write).await?;
    let properties = write.properties(from.home, out_of.id, from.name).await?;
    if request.moves {
        delete(from.home, &out_of, &object, &mut write).await?;
    }
    if let Some(there) = &there {
        delete(to.home, &into, there, &mut write).await?;
    }
    write.append(to.home, Change::ObjectPut { collection: into.id, name: to.name, new: &new, before: None }).await?;
    copy_properties(&properties, to.home, into.id, to.name, &mut write).await?;
    write.commit().await?;
    Ok(done(there.is_some()))
}

/// A stored object, to be put again elsewhere.
pub(super) fn new_object(object: &StoredObject, moves: bool) -> Result<NewObject, Failure> {
    let body = object.body.clone().unwrap_or_default();
    let parsed = CalendarObject::read_stored(body);
    let parsed = parsed.map_err(|refusal| Failure::new(format!("a stored object cannot be read: {}", refusal.message)))?;
    Ok(NewObject { created_at: moves.then_some(object.created_at), ..NewObject::of(parsed) })
}

async fn delete(home: HomeId, collection: &Collection, object: &StoredObject, write: &mut Write) -> Result<(), Failure> {
    write.append(home, Change::ObjectDeleted { collection: collection.id, name: &object.name, before: object.hash }).await?;
    Ok(())
}

/// The bound may have become narrower since it was put.
fn check_size(server: &Server, object: &StoredObject) -> Result<(), Refusal> {
    let limit = server.limits().object_bytes_max;
    if usize::try_from(object.size).is_ok_and(|size| size <= limit) {
        return Ok(());
    }
    Err(Refusal::rule(Precondition::MaxResourceSize, format!("an object has at most {limit} bytes")))
}

/// RFC 4791 §5.3.2.1: the UID is not in use in the calendar, but by the object that leaves it with this very MOVE, and what is replaced
/// has the same.
async fn check_uid(
    server: &Server,
    (to, into): (&ObjectPlace<'_>, &Collection),
    leaves: Option<&str>,
    there: Option<&StoredObject>,
    object: &StoredObject,
    write: &mut Write,
) -> Result<(), Error> {
    let conflict = |name: &str, message: &str| {
        let href = server.paths.object(to.home_segment, to.segment, name);
        Err(Refusal::rule_at(Precondition::NoUidConflict, href, message).into())
    };
    if there.is_some_and(|there| there.uid != object.uid) {
        return conflict(to.name, "the object at the destination has another UID");
    }
    match write.name_of_uid(to.home, into.id, &object.uid).await? {
        Some(name) if name != to.name && Some(name.as_str()) != leaves => {
            conflict(&name, "the calendar holds an object with this UID already")
        }
        _ => Ok(()),
    }
}
