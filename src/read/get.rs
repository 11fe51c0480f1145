//! GET and HEAD: RFC 9110 §9.3, RFC 4791 §5.3.4.

use bytes::Bytes;
use http::{StatusCode, header};
use kalends_dav::condition::Conditions;
use kalends_dav::name::DAV;
use kalends_dav::property::{content_type, http_date};
use kalends_dav::range::Ranges;
use kalends_dav::{Kind, Refusal};
use kalends_ical::CalendarObject;
use kalends_ical::stream::CalendarStream;

use super::members::{parts, with_bodies};
use crate::answer::{Answer, Body, CALENDAR, Sink};
use crate::describe::Describer;
use crate::failure::{Error, Failure};
use crate::store::{Collection, HomeId, StoredObject};
use crate::target::{Found, Target};
use crate::validators;

/// The product that wrote a calendar (RFC 5545 §3.7.3).
pub const PRODUCT: &str = "-//Kalends//Kalends//EN";

/// An object or a file as it was put, octet for octet; a calendar whole.
pub async fn get(describer: Describer, target: Target, head: bool, conditions: Conditions, ranges: Ranges) -> Result<Answer, Error> {
    match target.found {
        Found::File(_, file) => {
            let Some(owner) = &target.owner else { return Err(Refusal::not_found().into()) };
            super::file::get(&describer.server, owner.home(), &file, head, &conditions, &ranges).await
        }
        Found::Object(_, object) => Ok(get_object(&object, head, &conditions)?),
        Found::Collection(collection) if collection.kind == Kind::Calendar => {
            let Some(owner) = &target.owner else { return Err(Refusal::not_found().into()) };
            get_calendar(&describer, owner.home(), *collection, head, &conditions).await
        }
        _ => Err(Refusal::not_found().into()),
    }
}

fn get_object(object: &StoredObject, head: bool, conditions: &Conditions) -> Result<Answer, Refusal> {
    let etag = object.hash.etag();
    let answer = |status| Answer::empty(status).with(header::ETAG, &etag).with(header::LAST_MODIFIED, &http_date(object.modified_at));
    if conditions.not_modified(&validators::of_object(object))? {
        return Ok(answer(StatusCode::NOT_MODIFIED));
    }
    let mut answer = answer(StatusCode::OK).with(header::CONTENT_TYPE, &content_type(object.component.name()));
    match &object.body {
        Some(body) if !head => answer.body = Body::Whole(body.clone()),
        // The length of a body that is not sent (RFC 9110 §8.6).
        _ => answer = answer.with(header::CONTENT_LENGTH, &object.size.to_string()),
    }
    Ok(answer)
}

/// All of a calendar as one iCalendar stream, for feeds and curl. Its ETag is its ctag.
async fn get_calendar(
    describer: &Describer,
    home: HomeId,
    calendar: Collection,
    head: bool,
    conditions: &Conditions,
) -> Result<Answer, Error> {
    let validators = validators::of_collection(home, &calendar);
    let etag = validators.etag.clone().unwrap_or_default();
    if conditions.not_modified(&validators)? {
        return Ok(Answer::empty(StatusCode::NOT_MODIFIED).with(header::ETAG, &etag));
    }
    let store = describer.server.store.clone();
    let name = store.properties(home, calendar.id, "").await?.into_iter().find(|p| p.name.is(DAV, "displayname")).map(|p| p.text());
    let answer = if head {
        Answer::whole(StatusCode::OK, CALENDAR, Bytes::new())
    } else {
        let write = move |sink: Sink| async move {
            let mut out = Vec::new();
            let mut stream = CalendarStream::begin(PRODUCT, name.as_deref(), &mut out);
            let mut after = String::new();
            loop {
                let page = store.objects_page(home, calendar.id, &after).await?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.name);
                for part in parts(&page) {
                    for object in with_bodies(&store, home, calendar.id, part).await? {
                        stream.push(&parsed(&object)?, &mut out);
                        sink.drain_bytes(&mut out).await?;
                    }
                }
            }
            stream.end(&mut out);
            Ok(out)
        };
        Answer::stream(StatusCode::OK, CALENDAR, write).await?
    };
    Ok(answer.with(header::ETAG, &etag))
}

/// The object in a stored body.
pub fn parsed(object: &StoredObject) -> Result<CalendarObject, Failure> {
    let body = object.body.clone().unwrap_or_default();
    CalendarObject::read_stored(body).map_err(|refusal| Failure::new(format!("a stored object cannot be read: {refusal}")))
}
