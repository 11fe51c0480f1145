//! MKCALENDAR (RFC 4791 §5.3.1) and extended MKCOL (RFC 5689) for calendars.

use http::{StatusCode, header};
use kalends_dav::multistatus::{Multistatus, mkcol_response};
use kalends_dav::name::{CALDAV, DAV, Name};
use kalends_dav::property::{COMPONENTS, DEFAULT_COMPONENTS, PropertyRefusal, check};
use kalends_dav::request::MakeCollection;
use kalends_dav::resource::StoredProperty;
use kalends_dav::xml::Element;
use kalends_dav::{Kind, Precondition, Refusal};

use super::conditions;
use super::files::make_folder;
use super::proppatch::{check_quota, check_size};
use crate::answer::{Answer, XML};
use crate::failure::Error;
use crate::path::Place;
use crate::server::Server;
use crate::store::{Alteration, Change, Context, NewCollection};
use crate::target::Target;

pub async fn make_collection(server: &Server, target: &Target, request: MakeCollection, context: Context) -> Result<Answer, Error> {
    if matches!(target.place, Place::File { .. }) {
        return make_folder(server, target, request, context).await;
    }
    let (Place::Collection { segment, .. }, Some(owner)) = (&target.place, &target.owner) else {
        let message = "a calendar is made directly in a calendar home";
        return Err(Refusal::rule(Precondition::CalendarCollectionLocationOk, message).into());
    };
    if !request.mkcalendar {
        check_resourcetype(&request.properties)?;
    }
    let outcome: Vec<(Name, Result<(), PropertyRefusal>)> =
        request.properties.iter().map(|property| (property.name.clone(), judge(property, server))).collect();
    if outcome.iter().any(|(_, result)| result.is_err()) {
        return Ok(refused(&target.href, request.mkcalendar, &outcome));
    }
    let new = new_calendar(segment, &request.properties);
    let set = Alteration { set: new.properties.clone(), ..Alteration::default() };
    check_quota(&[], &set, &server.limits())?;
    let home = owner.home();
    let mut write = server.store.write(&[home], context).await?.ok_or_else(Refusal::not_found)?;
    if write.collection(home, segment).await?.is_some() {
        return Err(exists(request.mkcalendar).into());
    }
    conditions::check(server, target, &request.conditions, None, &mut write).await?;
    if write.count_collections(home).await? >= server.limits().collections_max {
        let message = format!("a calendar home holds at most {} collections", server.limits().collections_max);
        return Err(Refusal::rule(Precondition::QuotaNotExceeded, message).into());
    }
    write.append(home, Change::CollectionCreated(&new)).await?;
    write.commit().await?;
    Ok(Answer::empty(StatusCode::CREATED).with_static(header::CACHE_CONTROL, "no-cache"))
}

/// RFC 4791 §5.3.1.1 names the rule; RFC 4918 §9.3.1 has 405 for MKCOL.
pub fn exists(mkcalendar: bool) -> Refusal {
    let message = "there is a resource at this URL already";
    if mkcalendar {
        Refusal::rule(Precondition::ResourceMustBeNull, message)
    } else {
        Refusal::status(StatusCode::METHOD_NOT_ALLOWED, message)
    }
}

/// RFC 5689 §3.3: of the collections one can make here there are only calendars.
fn check_resourcetype(properties: &[Element]) -> Result<(), Refusal> {
    let resourcetype = properties.iter().find(|property| property.name.is(DAV, "resourcetype"));
    let has = |namespace, local| resourcetype.is_some_and(|types| types.child(namespace, local).is_some());
    let others =
        resourcetype.is_some_and(|types| types.elements().any(|e| !e.name.is(DAV, "collection") && !e.name.is(CALDAV, "calendar")));
    if has(DAV, "collection") && has(CALDAV, "calendar") && !others {
        return Ok(());
    }
    let message = "a calendar home holds calendars: DAV:resourcetype names DAV:collection and CALDAV:calendar";
    Err(Refusal::rule(Precondition::ValidResourcetype, message))
}

fn judge(property: &Element, server: &Server) -> Result<(), PropertyRefusal> {
    if property.name.is(DAV, "resourcetype") {
        return Ok(());
    }
    if property.name.is(CALDAV, "supported-calendar-component-set") {
        return check_components(property);
    }
    check(property, Kind::Calendar)?;
    check_size(property, &server.limits())
}

/// RFC 4791 §5.2.3: at least one, and only what a calendar can hold here.
fn check_components(property: &Element) -> Result<(), PropertyRefusal> {
    let components = components_in(property);
    if !components.is_empty() && components.iter().all(|name| COMPONENTS.contains(&name.as_str())) {
        return Ok(());
    }
    let code = Precondition::SupportedCalendarComponent;
    Err(PropertyRefusal { status: code.status(), code: Some(code) })
}

fn components_in(property: &Element) -> Vec<String> {
    let names = property.elements().filter(|e| e.name.is(CALDAV, "comp")).filter_map(|e| e.attribute("name"));
    let mut components: Vec<String> = Vec::new();
    for name in names.map(str::to_ascii_uppercase) {
        if !components.contains(&name) {
            components.push(name);
        }
    }
    components
}

fn new_calendar(segment: &str, properties: &[Element]) -> NewCollection {
    let asked = properties.iter().find(|p| p.name.is(CALDAV, "supported-calendar-component-set")).map(components_in);
    let components = asked.unwrap_or_else(|| DEFAULT_COMPONENTS.iter().map(|name| (*name).to_owned()).collect());
    let components: Vec<&str> = components.iter().map(String::as_str).collect();
    let mut stored: Vec<StoredProperty> = Vec::new();
    for property in properties {
        if property.name.is(DAV, "resourcetype") || property.name.is(CALDAV, "supported-calendar-component-set") {
            continue;
        }
        stored.retain(|earlier| earlier.name != property.name);
        stored.push(StoredProperty { name: property.name.clone(), xml: property.to_xml() });
    }
    NewCollection::new(segment, Kind::Calendar, &components, &stored)
}

/// Which property stood in the way: RFC 5689 §3 has a body of its own for it, RFC 4791 §5.3.1.1 a multistatus.
fn refused(href: &str, mkcalendar: bool, outcome: &[(Name, Result<(), PropertyRefusal>)]) -> Answer {
    let answer = if mkcalendar {
        let mut multistatus = Multistatus::begin(false);
        multistatus.outcome(href, outcome);
        multistatus.end();
        Answer::whole(StatusCode::MULTI_STATUS, XML, multistatus.take())
    } else {
        Answer::whole(StatusCode::FAILED_DEPENDENCY, XML, mkcol_response(outcome))
    };
    answer.with_static(header::CACHE_CONTROL, "no-cache")
}
