//! COPY and MOVE of whole calendars. One that is moved keeps its identity, its history and the tokens of its clients.

use http::StatusCode;
use kalends_dav::request::Relocate;
use kalends_dav::resource::StoredProperty;
use kalends_dav::{Kind, Precondition, Refusal};

use super::objects::new_object;
use super::{check_members, check_overwrite, copy_properties, done, lock};
use crate::answer::Answer;
use crate::failure::{Error, Failure};
use crate::path::Place;
use crate::server::Server;
use crate::store::{Change, Collection, CollectionId, Context, HomeId, NewCollection, Write};
use crate::target::Target;
use crate::validators;
use crate::write::conditions;

pub async fn relocate(
    server: &Server,
    source: &Target,
    destination: &Target,
    request: &Relocate,
    context: Context,
) -> Result<Answer, Error> {
    let ((home, from), (to_home, to)) = (place(source)?, place(destination)?);
    let mut write = lock(server, home, to_home, context).await?;
    let calendar = write.collection(home, from).await?.ok_or_else(Refusal::not_found)?;
    conditions::check(server, source, &request.conditions, Some(&validators::of_collection(home, &calendar)), &mut write).await?;
    let there = write.collection(to_home, to).await?;
    check_overwrite(request, there.is_some())?;
    if calendar.kind != Kind::Calendar || there.as_ref().is_some_and(|there| there.kind != Kind::Calendar) {
        return Err(Refusal::status(StatusCode::FORBIDDEN, "an inbox and an outbox stay where they are").into());
    }
    if request.moves && home != to_home {
        return Err(Refusal::status(StatusCode::FORBIDDEN, "a calendar stays in its home: copy it").into());
    }
    if let Some(there) = &there {
        write.append(to_home, Change::CollectionRemoved { collection: there.id, segment: &there.segment }).await?;
    } else if !request.moves {
        check_count(server, to_home, &mut write).await?;
    }
    if request.moves {
        rename(home, &calendar, to, &mut write).await?;
    } else {
        copy(server, (home, &calendar), (to_home, to), request.with_members, &mut write).await?;
    }
    write.commit().await?;
    Ok(done(there.is_some()))
}

fn place(target: &Target) -> Result<(HomeId, &str), Refusal> {
    match (&target.place, &target.owner) {
        (Place::Collection { segment, .. }, Some(owner)) => Ok((owner.home(), segment)),
        _ => Err(Refusal::not_found()),
    }
}

async fn check_count(server: &Server, home: HomeId, write: &mut Write) -> Result<(), Error> {
    let most = server.limits().collections_max;
    if write.count_collections(home).await? < most {
        return Ok(());
    }
    Err(Refusal::rule(Precondition::QuotaNotExceeded, format!("a calendar home holds at most {most} collections")).into())
}

async fn rename(home: HomeId, calendar: &Collection, to: &str, write: &mut Write) -> Result<(), Failure> {
    let (parent, moved) = (CollectionId::HOME, calendar.id);
    write.append(home, Change::Left { parent, name: &calendar.segment, moved }).await?;
    write.append(home, Change::Came { parent, name: to, moved }).await?;
    Ok(())
}

/// RFC 4918 §9.8.3: with Depth 0 the collection and its properties, without members.
async fn copy(
    server: &Server,
    (home, calendar): (HomeId, &Collection),
    (to_home, to): (HomeId, &str),
    with_members: bool,
    write: &mut Write,
) -> Result<(), Error> {
    let properties: Vec<StoredProperty> = write.properties(home, calendar.id, "").await?;
    let components: Vec<&str> = calendar.components.iter().map(String::as_str).collect();
    let new = NewCollection::new(to, Kind::Calendar, &components, &properties);
    let made = write.append(to_home, Change::CollectionCreated(&new)).await?;
    if !with_members {
        return Ok(());
    }
    check_members(write.count_objects(home, calendar.id).await?, server, write)?;
    let mut after = String::new();
    loop {
        let page = write.objects_page(home, calendar.id, &after).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.name);
        for object in &page {
            // Bodies one at a time: a page of them may be large.
            let object = write.object_with_body(home, calendar.id, &object.name).await?.ok_or_else(Refusal::not_found)?;
            let (collection, name) = (CollectionId(made.0), object.name.as_str());
            let new = new_object(&object, false)?;
            write.append(to_home, Change::ObjectPut { collection, name, new: &new, before: None }).await?;
            let properties = write.properties(home, calendar.id, name).await?;
            copy_properties(&properties, to_home, collection, name, write).await?;
        }
    }
}
