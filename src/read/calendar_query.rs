//! calendar-query: RFC 4791 §7.8. SQL narrows by the index, `ical` decides exactly.

use http::StatusCode;
use kalends_dav::multistatus::Multistatus;
use kalends_dav::name::CALDAV;
use kalends_dav::report::CalendarQuery;
use kalends_dav::request::Depth;
use kalends_dav::{Kind, Precondition, Refusal};
use kalends_ical::filter::CompFilter;
use kalends_ical::zone::Zone;

use super::Wanted;
use super::get::parsed;
use super::members::{Members, OBJECTS_AT_ONCE, parts, with_bodies};
use crate::answer::{Answer, Sink, XML};
use crate::describe::Describer;
use crate::failure::{Error, Failure};
use crate::path::{encode, with_slash};
use crate::store::{Bodies, Candidates, Collection, CollectionId, HomeId, Store, StoredObject};
use crate::target::{Found, Target};

/// Answers with every object that matches, in a calendar or, with Depth infinity, in a home.
pub async fn answer(
    describer: Describer,
    target: Target,
    depth: Option<Depth>,
    query: CalendarQuery,
    minimal: bool,
) -> Result<Answer, Error> {
    let zone = query.timezone.as_deref().map(zone_of_text).transpose()?;
    let Some(owner) = target.owner.clone() else { return Err(Refusal::not_found().into()) };
    let wanted = Wanted::new(query.ask, query.data);
    let filter = query.filter;
    if let Found::Object(collection, object) = &target.found {
        return one(&describer, &target, (collection, &object.name), &wanted, (&filter, zone), minimal).await;
    }
    let collections = scope(&describer.server.store, &target, depth).await?;
    let write = move |sink: Sink| async move {
        let mut multistatus = Multistatus::begin(minimal);
        for (base, collection) in collections {
            let zone = match &zone {
                Some(zone) => zone.clone(),
                None => calendar_zone(&describer.server.store, owner.home(), collection.id).await?,
            };
            let members = Members { describer: &describer, owner: &owner, collection: collection.id, base, wanted: &wanted, zone };
            matches(&members, &filter, &mut multistatus, &sink).await?;
        }
        multistatus.end();
        Ok(multistatus.take())
    };
    Answer::stream(StatusCode::MULTI_STATUS, XML, write).await
}

/// A query of an object: the answer is itself, or nothing.
async fn one(
    describer: &Describer,
    target: &Target,
    (collection, name): (&Collection, &str),
    wanted: &Wanted,
    (filter, zone): (&CompFilter, Option<Zone>),
    minimal: bool,
) -> Result<Answer, Error> {
    let Some(owner) = &target.owner else { return Err(Refusal::not_found().into()) };
    let store = &describer.server.store;
    let zone = match zone {
        Some(zone) => zone,
        None => calendar_zone(store, owner.home(), collection.id).await?,
    };
    let members = Members { describer, owner, collection: collection.id, base: String::new(), wanted, zone };
    let objects = store.objects_named(owner.home(), collection.id, std::iter::once(name), Bodies::With).await?;
    let mut stored = members.stored(&objects).await?;
    let mut multistatus = Multistatus::begin(minimal);
    for object in objects {
        if is_match(filter, &object, &members.zone)? {
            members.describe_one(&target.href, &object, stored.remove(&object.name).unwrap_or_default(), &mut multistatus)?;
        }
    }
    multistatus.end();
    Ok(Answer::whole(StatusCode::MULTI_STATUS, XML, multistatus.take()))
}

/// The collections a query is about, each with what stands before its members' names.
///
/// On a calendar any Depth means its members: Microsoft's client sends 0 and means 1 (S10). On a home only infinity reaches objects.
async fn scope(store: &Store, target: &Target, depth: Option<Depth>) -> Result<Vec<(String, Collection)>, Failure> {
    let base = with_slash(&target.href);
    match (&target.found, &target.owner) {
        (Found::Collection(collection), _) => Ok(vec![(base, (**collection).clone())]),
        (Found::Fixed(Kind::Home), Some(owner)) if depth == Some(Depth::Infinity) => {
            let calendars = store.collections(owner.home()).await?.into_iter().filter(|c| c.kind == Kind::Calendar);
            Ok(calendars.map(|calendar| (format!("{base}{}/", encode(&calendar.segment)), calendar)).collect())
        }
        _ => Ok(Vec::new()),
    }
}

async fn matches(members: &Members<'_>, filter: &CompFilter, multistatus: &mut Multistatus, sink: &Sink) -> Result<(), Failure> {
    let store = &members.describer.server.store;
    let narrowing = filter.narrowing();
    let mut walk = Candidates::new(narrowing.window.as_ref(), narrowing.component);
    loop {
        let names = store.candidates(members.home(), members.collection, &mut walk).await?;
        if names.is_empty() {
            return Ok(());
        }
        for names in names.chunks(OBJECTS_AT_ONCE) {
            let names = names.iter().map(String::as_str);
            let objects = store.objects_named(members.home(), members.collection, names, Bodies::Without).await?;
            for part in parts(&objects) {
                let mut matching = Vec::new();
                for object in with_bodies(store, members.home(), members.collection, part).await? {
                    if is_match(filter, &object, &members.zone)? {
                        matching.push(object);
                    }
                    sink.pause().await?;
                }
                members.describe_loaded(&matching, multistatus, sink).await?;
            }
        }
    }
}

/// An object that cannot be decided within bounds is given: more than was asked, never less.
fn is_match(filter: &CompFilter, object: &StoredObject, zone: &Zone) -> Result<bool, Failure> {
    let parsed = parsed(object)?;
    Ok(filter.matches(&parsed, zone).unwrap_or_else(|_| {
        tracing::warn!(bytes = object.size, "a filter reached its bound");
        true
    }))
}

/// RFC 4791 §9.8: the zone a client names for floating times.
fn zone_of_text(text: &str) -> Result<Zone, Refusal> {
    Zone::from_calendar_timezone(text).map_err(|refusal| Refusal::rule(Precondition::ValidCalendarData, refusal.to_string()))
}

/// RFC 4791 §5.2.2: the calendar's own zone, else UTC.
pub async fn calendar_zone(store: &Store, home: HomeId, collection: CollectionId) -> Result<Zone, Failure> {
    let properties = store.properties(home, collection, "").await?;
    let zone = properties.iter().find(|p| p.name.is(CALDAV, "calendar-timezone")).map(|p| p.text());
    Ok(zone.and_then(|text| Zone::from_calendar_timezone(&text).ok()).unwrap_or_else(Zone::utc))
}
