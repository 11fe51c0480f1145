//! Live properties: one row each, in the order of their specifications.
//!
//! PROPFIND, the reports, PROPPATCH and MKCALENDAR read this table. A property without a row is dead: it is kept and given back.

use std::borrow::Cow;

use http::StatusCode;

use crate::kind::{ANY, CALENDAR, CONTENT, FOLDER, IN_HOME, INBOX, Kind, KindSet, OBJECT, OWNED, PRINCIPAL, SYNCED};
use crate::name::{APPLE_ICAL, CALDAV, CALENDARSERVER, DAV, Name};
use crate::precondition::Precondition;
use crate::privilege::PRIVILEGES;
use crate::report::REPORTS;
use crate::resource::{CollectionDetails, Details, Facets, ObjectDetails, PrincipalDetails, Quota, Resource, Viewer};
use crate::writer::XmlWriter;
use crate::xml::Element;

/// Writes a property's value; `false` if the resource does not have it.
type Getter = fn(&Resource, &Viewer, &mut XmlWriter) -> bool;
/// Judges a value a client sets.
type Check = fn(&Element) -> Result<(), PropertyRefusal>;

/// Why a property was not set (RFC 4918 §9.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyRefusal {
    /// 403 or 409.
    pub status: StatusCode,
    /// The rule, where one has a name.
    pub code: Option<Precondition>,
}

impl PropertyRefusal {
    fn rule(code: Precondition) -> Self {
        Self { status: code.status(), code: Some(code) }
    }
}

/// A property the server gives meaning to.
pub struct LiveProperty {
    /// Its name.
    pub name: Name,
    /// Where it is specified.
    pub section: &'static str,
    /// Where it applies.
    pub kinds: KindSet,
    /// Whether `allprop` includes it (RFC 4918 §9.1: those of RFC 4918 alone).
    pub in_allprop: bool,
    /// What must be loaded for it.
    pub facets: Facets,
    get: Getter,
    /// `None`: protected.
    check: Option<Check>,
}

const fn live(namespace: &'static str, local: &'static str, section: &'static str, kinds: KindSet, get: Getter) -> LiveProperty {
    LiveProperty { name: Name::known(namespace, local), section, kinds, in_allprop: false, facets: Facets::ROW, get, check: None }
}

/// A property that is kept as the client set it, after a look at its value.
const fn kept(namespace: &'static str, local: &'static str, section: &'static str, kinds: KindSet, check: Check) -> LiveProperty {
    let never: Getter = |_, _, _| false;
    LiveProperty {
        name: Name::known(namespace, local),
        section,
        kinds,
        in_allprop: false,
        facets: Facets::STORED,
        get: never,
        check: Some(check),
    }
}

impl LiveProperty {
    const fn in_allprop(mut self) -> Self {
        self.in_allprop = true;
        self
    }

    const fn needs(mut self, facets: Facets) -> Self {
        self.facets = facets;
        self
    }

    /// Whether clients may set it.
    pub fn is_writable(&self) -> bool {
        self.check.is_some()
    }
}

/// The collations this server compares with (RFC 4791 §7.5.1).
pub const COLLATIONS: &[&str] = &["i;ascii-casemap", "i;octet", "i;unicode-casemap"];
/// The component types calendars may hold (RFC 4791 §5.2.3); VFREEBUSY lives in VEVENT calendars' neighbourhood and is allowed by name.
pub const COMPONENTS: &[&str] = &["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY"];
/// What a calendar takes when its maker names nothing: what every client understands.
pub const DEFAULT_COMPONENTS: &[&str] = &["VEVENT", "VTODO", "VJOURNAL"];

/// The table.
#[rustfmt::skip]
pub static LIVE_PROPERTIES: &[LiveProperty] = &[
    // RFC 4918 §15: WebDAV
    live(DAV, "creationdate",       "RFC 4918 §15.1",  OWNED,      |r, _, w| created(r, w)).in_allprop(),
    kept(DAV, "displayname",        "RFC 4918 §15.2",  OWNED,      any_text).in_allprop(),
    live(DAV, "displayname",        "RFC 4918 §15.2",  PRINCIPAL,  |r, _, w| principal(r).map(|p| w.text(&p.display_name)).is_some()).in_allprop(),
    live(DAV, "getcontentlength",   "RFC 4918 §15.4",  CONTENT,    |r, _, w| content(r).map(|c| w.text(&c.size.to_string())).is_some()).in_allprop(),
    live(DAV, "getcontenttype",     "RFC 4918 §15.5",  CONTENT,    |r, _, w| content(r).map(|c| w.text(&c.media_type)).is_some()).in_allprop(),
    live(DAV, "getetag",            "RFC 4918 §15.6",  CONTENT,    |r, _, w| content(r).map(|c| w.text(c.etag)).is_some()).in_allprop(),
    live(DAV, "getlastmodified",    "RFC 4918 §15.7",  CONTENT,    |r, _, w| content(r).map(|c| w.text(&http_date(c.modified_at))).is_some()).in_allprop(),
    live(DAV, "resourcetype",       "RFC 4918 §15.9",  ANY,        |r, _, w| { r.kind.resource_types().iter().for_each(|name| w.empty(name)); true }).in_allprop(),
    // RFC 4331 §3, §4: quota
    live(DAV, "quota-available-bytes", "RFC 4331 §3",  FOLDER,     |r, _, w| quota(r).map(|q| w.text(&q.available.to_string())).is_some()).needs(Facets::QUOTA),
    live(DAV, "quota-used-bytes",   "RFC 4331 §4",     FOLDER,     |r, _, w| quota(r).map(|q| w.text(&q.used.to_string())).is_some()).needs(Facets::QUOTA),
    // RFC 3253 §3.1.5: reports; RFC 5842 §3.1; RFC 5397
    live(DAV, "supported-report-set",   "RFC 3253 §3.1.5", ANY,    |r, _, w| reports(r.kind, w)),
    live(DAV, "resource-id",            "RFC 5842 §3.1", ANY,      |r, _, w| resource_id(r, w)),
    live(DAV, "current-user-principal", "RFC 5397 §3", ANY,        |_, v, w| href(w, &v.principal)),
    // RFC 3744 §4: principals
    live(DAV, "alternate-URI-set",  "RFC 3744 §4.1",   PRINCIPAL,  |r, _, w| principal(r).map(|p| p.addresses.iter().for_each(|a| { href(w, a); })).is_some()),
    live(DAV, "principal-URL",      "RFC 3744 §4.2",   PRINCIPAL,  |r, _, w| r.owner.as_ref().is_some_and(|owner| href(w, owner))),
    live(DAV, "group-member-set",   "RFC 3744 §4.3",   PRINCIPAL,  |_, _, _| true),
    live(DAV, "group-membership",   "RFC 3744 §4.4",   PRINCIPAL,  |_, _, _| true),
    // RFC 3744 §5: access control
    live(DAV, "owner",              "RFC 3744 §5.1",   OWNED,      |r, _, w| r.owner.as_ref().is_some_and(|owner| href(w, owner))),
    live(DAV, "group",              "RFC 3744 §5.2",   OWNED,      |_, _, _| true),
    live(DAV, "supported-privilege-set", "RFC 3744 §5.3", ANY,     |_, _, w| supported_privileges(w)),
    live(DAV, "current-user-privilege-set", "RFC 3744 §5.4", ANY,  |r, _, w| { r.privileges.iter().for_each(|p| privilege(w, &p.name())); true }),
    live(DAV, "acl",                "RFC 3744 §5.5",   OWNED,      |r, _, w| owner_ace(r, w)),
    live(DAV, "acl-restrictions",   "RFC 3744 §5.6",   OWNED,      |_, _, w| { w.empty(&Name::known(DAV, "no-invert")); true }),
    live(DAV, "inherited-acl-set",  "RFC 3744 §5.7",   OWNED,      |_, _, _| true),
    live(DAV, "principal-collection-set", "RFC 3744 §5.8", ANY,    |_, v, w| href(w, &v.principals)),
    // RFC 6578 §4: collection synchronization
    live(DAV, "sync-token",         "RFC 6578 §4",     SYNCED,     |r, _, w| collection(r).and_then(|c| c.sync_token.as_deref()).map(|t| w.text(t)).is_some()),
    // RFC 4791 §5.2: calendar collections
    kept(CALDAV, "calendar-description", "RFC 4791 §5.2.1", IN_HOME, any_text),
    kept(CALDAV, "calendar-timezone", "RFC 4791 §5.2.2", IN_HOME,  a_time_zone),
    live(CALDAV, "supported-calendar-component-set", "RFC 4791 §5.2.3", IN_HOME, |r, _, w| components(r, w)),
    live(CALDAV, "supported-calendar-data", "RFC 4791 §5.2.4", IN_HOME, |_, _, w| supported_data(w)),
    live(CALDAV, "max-resource-size", "RFC 4791 §5.2.5", IN_HOME,  |_, v, w| { w.text(&v.resource_bytes_max.to_string()); true }),
    live(CALDAV, "supported-rscale-set", "RFC 7529 §10.1", IN_HOME, |_, _, w| rscales(w)),
    // RFC 4791 §6.2: principals
    live(CALDAV, "calendar-home-set", "RFC 4791 §6.2.1", PRINCIPAL, |r, _, w| principal(r).is_some_and(|p| href(w, &p.home))),
    // RFC 4791 §7.5.1: collations; §9.6: bodies in reports
    live(CALDAV, "supported-collation-set", "RFC 4791 §7.5.1", IN_HOME, |_, _, w| collations(w)),
    live(CALDAV, "calendar-data",   "RFC 4791 §9.6",   OBJECT,     |r, _, w| object(r).and_then(|o| o.data.as_ref()).map(|d| w.text_bytes(d)).is_some()).needs(Facets::BODY),
    // RFC 6638 §2, §9: who can be reached, and where
    live(CALDAV, "schedule-outbox-URL", "RFC 6638 §2.1.1", PRINCIPAL, |r, _, w| principal(r).is_some_and(|p| href(w, &p.outbox))),
    live(CALDAV, "schedule-inbox-URL", "RFC 6638 §2.2.1", PRINCIPAL, |r, _, w| principal(r).is_some_and(|p| href(w, &p.inbox))),
    live(CALDAV, "calendar-user-address-set", "RFC 6638 §2.4.1", PRINCIPAL, |r, _, w| addresses(r, w)),
    live(CALDAV, "calendar-user-type", "RFC 6638 §2.4.2", PRINCIPAL, |r, _, w| principal(r).map(|p| w.text(p.calendar_user_type)).is_some()),
    kept(CALDAV, "schedule-calendar-transp", "RFC 6638 §9.1", CALENDAR, a_transparency),
    live(CALDAV, "schedule-default-calendar-URL", "RFC 6638 §9.2", INBOX, |r, _, w| collection(r).and_then(|c| c.default_calendar.as_deref()).is_some_and(|url| href(w, url))),
    // Apple: caldav-ctag, caldav-proxy; colour and order are kept as sent, whatever their spelling
    live(CALENDARSERVER, "getctag", "caldav-ctag §4.1", IN_HOME,   |r, _, w| collection(r).and_then(|c| c.ctag.as_deref()).map(|t| w.text(t)).is_some()),
    live(CALENDARSERVER, "calendar-proxy-read-for", "caldav-proxy §5.3.1", PRINCIPAL, |_, _, _| true),
    live(CALENDARSERVER, "calendar-proxy-write-for", "caldav-proxy §5.3.2", PRINCIPAL, |_, _, _| true),
    live(CALENDARSERVER, "email-address-set", "calendarserver", PRINCIPAL, |r, _, w| email_addresses(r, w)),
    kept(APPLE_ICAL, "calendar-color", "calendarserver", CALENDAR, any_text),
    kept(APPLE_ICAL, "calendar-order", "calendarserver", CALENDAR, any_text),
];

/// The row for a property on a kind of resource.
pub fn row(name: &Name, kind: Kind) -> Option<&'static LiveProperty> {
    LIVE_PROPERTIES.iter().find(|row| row.kinds.has(kind) && row.name == *name)
}

/// Writes the property with its element; `false`, and nothing written, if the resource does not have it.
pub fn write(name: &Name, resource: &Resource, viewer: &Viewer, writer: &mut XmlWriter) -> bool {
    if let Some(row) = row(name, resource.kind).filter(|row| !row.facets.has(Facets::STORED)) {
        let mark = writer.len();
        writer.start(name);
        if (row.get)(resource, viewer, writer) {
            writer.end(name);
            return true;
        }
        writer.truncate(mark);
        return false;
    }
    match resource.stored.iter().find(|property| property.name == *name) {
        Some(property) => writer.raw(&property.xml),
        None => return write_default(name, resource, writer),
    }
    true
}

/// What a property holds that nobody has set.
fn write_default(name: &Name, resource: &Resource, writer: &mut XmlWriter) -> bool {
    // RFC 6638 §9.1: a calendar without the property is opaque.
    if resource.kind == Kind::Calendar && name.is(CALDAV, "schedule-calendar-transp") {
        writer.start(name);
        writer.empty(&Name::known(CALDAV, "opaque"));
        writer.end(name);
        return true;
    }
    false
}

/// What must be loaded to answer for these names, on any kind of resource.
pub fn facets_of(names: &[Name]) -> Facets {
    names.iter().fold(Facets::ROW, |facets, name| {
        let mut rows = LIVE_PROPERTIES.iter().filter(|row| row.name == *name).peekable();
        if rows.peek().is_none() {
            return facets.and(Facets::STORED);
        }
        rows.fold(facets, |facets, row| facets.and(row.facets))
    })
}

/// Whether a client may set this property on that kind of resource, to this value.
///
/// # Errors
/// The status and rule for the property's own `propstat` (RFC 4918 §9.2.1).
pub fn check(element: &Element, kind: Kind) -> Result<(), PropertyRefusal> {
    match row(&element.name, kind) {
        Some(row) => row.check.map_or_else(|| Err(protected()), |check| check(element)),
        None if is_live_elsewhere(&element.name) => Err(protected()),
        None => Ok(()),
    }
}

/// Whether a client may remove this property from that kind of resource.
///
/// # Errors
/// As [`check`].
pub fn check_removal(name: &Name, kind: Kind) -> Result<(), PropertyRefusal> {
    match row(name, kind) {
        Some(row) if row.check.is_none() => Err(protected()),
        _ => Ok(()),
    }
}

/// A protected property of another kind of resource is not to be faked as a dead one.
fn is_live_elsewhere(name: &Name) -> bool {
    LIVE_PROPERTIES.iter().any(|row| row.name == *name && row.check.is_none()) && !name.is(DAV, "displayname")
}

fn protected() -> PropertyRefusal {
    PropertyRefusal::rule(Precondition::CannotModifyProtectedProperty)
}

/// `Content-Type` of an object, as PROPFIND and GET give it; Thunderbird looks for text/calendar, others for the component.
pub fn content_type(component: &str) -> String {
    format!("text/calendar; charset=utf-8; component={component}")
}

/// RFC 9110 §5.6.7, from UTC microseconds.
pub fn http_date(at: i64) -> String {
    let seconds = u64::try_from(at.div_euclid(1_000_000)).unwrap_or(0);
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
}

/// RFC 3339, from UTC microseconds.
fn rfc3339(at: i64) -> String {
    let mut text = String::with_capacity(20);
    for (index, character) in kalends_ical::date::format_utc(at).chars().enumerate() {
        match index {
            4 | 6 => text.push('-'),
            11 | 13 => text.push(':'),
            _ => {}
        }
        text.push(character);
    }
    text
}

fn principal(resource: &Resource) -> Option<&PrincipalDetails> {
    if let Details::Principal(details) = &resource.details { Some(details) } else { None }
}

fn collection(resource: &Resource) -> Option<&CollectionDetails> {
    if let Details::Collection(details) = &resource.details { Some(details) } else { None }
}

fn object(resource: &Resource) -> Option<&ObjectDetails> {
    if let Details::Object(details) = &resource.details { Some(details) } else { None }
}

fn quota(resource: &Resource) -> Option<Quota> {
    collection(resource).and_then(|details| details.quota)
}

/// What objects and files have in common.
struct Content<'a> {
    etag: &'a str,
    media_type: Cow<'a, str>,
    size: i64,
    modified_at: i64,
}

fn content(resource: &Resource) -> Option<Content<'_>> {
    match &resource.details {
        Details::Object(object) => {
            let media_type = content_type(object.component).into();
            Some(Content { etag: &object.etag, media_type, size: object.size, modified_at: object.modified_at })
        }
        Details::File(file) => {
            let media_type = file.media_type.as_str().into();
            Some(Content { etag: &file.etag, media_type, size: file.size, modified_at: file.modified_at })
        }
        Details::None | Details::Principal(_) | Details::Collection(_) => None,
    }
}

fn href(writer: &mut XmlWriter, href: &str) -> bool {
    writer.element(&Name::known(DAV, "href"), href);
    true
}

fn created(resource: &Resource, writer: &mut XmlWriter) -> bool {
    let at = match &resource.details {
        Details::Collection(details) => details.created_at,
        Details::Object(details) => details.created_at,
        Details::File(details) => details.created_at,
        Details::None | Details::Principal(_) => return false,
    };
    writer.text(&rfc3339(at));
    true
}

fn reports(kind: Kind, writer: &mut XmlWriter) -> bool {
    let (supported, report) = (Name::known(DAV, "supported-report"), Name::known(DAV, "report"));
    for row in REPORTS.iter().filter(|row| row.kinds.has(kind)) {
        writer.start(&supported);
        writer.start(&report);
        writer.empty(&row.name);
        writer.end(&report);
        writer.end(&supported);
    }
    true
}

fn resource_id(resource: &Resource, writer: &mut XmlWriter) -> bool {
    let uuid = match &resource.details {
        Details::Principal(details) => &details.uuid,
        Details::Collection(details) => &details.uuid,
        Details::None | Details::Object(_) | Details::File(_) => return false,
    };
    href(writer, &format!("urn:uuid:{uuid}"))
}

fn privilege(writer: &mut XmlWriter, name: &Name) {
    let element = Name::known(DAV, "privilege");
    writer.start(&element);
    writer.empty(name);
    writer.end(&element);
}

/// RFC 3744 §5.3: the tree of privileges, each contained one below its aggregate.
fn supported_privileges(writer: &mut XmlWriter) -> bool {
    use crate::privilege::Privilege;
    let element = Name::known(DAV, "supported-privilege");
    let begin = |writer: &mut XmlWriter, one: Privilege| {
        writer.start(&element);
        privilege(writer, &one.name());
        writer.start_with(&Name::known(DAV, "description"), &[(crate::xml::xml_lang(), "en".to_owned())]);
        writer.text(&one.name().local.replace('-', " "));
        writer.end(&Name::known(DAV, "description"));
    };
    begin(writer, Privilege::All);
    for aggregate in PRIVILEGES.iter().copied().filter(|p| *p != Privilege::All && !is_leaf_of_another(*p)) {
        begin(writer, aggregate);
        for leaf in aggregate.contains().iter().filter(|leaf| *leaf != aggregate) {
            begin(writer, leaf);
            writer.end(&element);
        }
        writer.end(&element);
    }
    writer.end(&element);
    true
}

fn is_leaf_of_another(privilege: crate::privilege::Privilege) -> bool {
    use crate::privilege::Privilege::{Read, Write};
    [Read, Write].iter().any(|aggregate| *aggregate != privilege && aggregate.contains().has(privilege))
}

/// RFC 3744 §5.5: what is yours is yours alone; the one entry cannot be changed.
fn owner_ace(resource: &Resource, writer: &mut XmlWriter) -> bool {
    let Some(owner) = &resource.owner else { return false };
    let [ace, who, grant] = ["ace", "principal", "grant"].map(|local| Name::known(DAV, local));
    writer.start(&ace);
    writer.start(&who);
    href(writer, owner);
    writer.end(&who);
    writer.start(&grant);
    privilege(writer, &Name::known(DAV, "all"));
    writer.end(&grant);
    writer.empty(&Name::known(DAV, "protected"));
    writer.end(&ace);
    true
}

fn components(resource: &Resource, writer: &mut XmlWriter) -> bool {
    let Some(details) = collection(resource) else { return false };
    for component in &details.components {
        writer.empty_with(&Name::known(CALDAV, "comp"), &[(Name::known("", "name"), component.clone())]);
    }
    true
}

fn supported_data(writer: &mut XmlWriter) -> bool {
    let attributes = [("content-type", "text/calendar"), ("version", "2.0")];
    let attributes = attributes.map(|(name, value)| (Name::known("", name), value.to_owned()));
    writer.empty_with(&Name::known(CALDAV, "calendar-data"), &attributes);
    true
}

fn collations(writer: &mut XmlWriter) -> bool {
    COLLATIONS.iter().for_each(|collation| writer.element(&Name::known(CALDAV, "supported-collation"), collation));
    true
}

fn rscales(writer: &mut XmlWriter) -> bool {
    kalends_ical::recurrence::supported_rscales().for_each(|name| writer.element(&Name::known(CALDAV, "supported-rscale"), name));
    true
}

/// The preferred address stands first and last, marked: Thunderbird takes the first, most take the last, Apple the marked one.
fn addresses(resource: &Resource, writer: &mut XmlWriter) -> bool {
    let Some(details) = principal(resource) else { return false };
    let element = Name::known(DAV, "href");
    let preferred = [(Name::known("", "preferred"), "1".to_owned())];
    let preferred_one = |writer: &mut XmlWriter| {
        if let Some(first) = details.addresses.first() {
            writer.start_with(&element, &preferred);
            writer.text(first);
            writer.end(&element);
        }
    };
    preferred_one(writer);
    details.addresses.iter().skip(1).for_each(|address| writer.element(&element, address));
    resource.owner.iter().for_each(|own| writer.element(&element, own));
    writer.element(&element, &format!("urn:uuid:{}", details.uuid));
    preferred_one(writer);
    true
}

fn email_addresses(resource: &Resource, writer: &mut XmlWriter) -> bool {
    let Some(details) = principal(resource) else { return false };
    for address in details.addresses.iter().filter_map(|address| address.strip_prefix("mailto:")) {
        writer.element(&Name::known(CALENDARSERVER, "email-address"), address);
    }
    true
}

fn any_text(_: &Element) -> Result<(), PropertyRefusal> {
    Ok(())
}

/// RFC 4791 §5.2.2: an iCalendar object with one VTIMEZONE.
fn a_time_zone(element: &Element) -> Result<(), PropertyRefusal> {
    let zone = kalends_ical::zone::Zone::from_calendar_timezone(&element.text());
    zone.map(|_| ()).map_err(|_| PropertyRefusal::rule(Precondition::ValidCalendarData))
}

/// RFC 6638 §9.1: opaque or transparent.
fn a_transparency(element: &Element) -> Result<(), PropertyRefusal> {
    let known = element.elements().any(|child| child.name.is(CALDAV, "opaque") || child.name.is(CALDAV, "transparent"));
    if known { Ok(()) } else { Err(PropertyRefusal { status: StatusCode::CONFLICT, code: None }) }
}

/// Names for `propname` (RFC 4918 §9.1): the live ones the resource has and the stored ones.
pub fn names_on(resource: &Resource, viewer: &Viewer) -> Vec<Name> {
    let mut scratch = XmlWriter::fragment();
    let mut names: Vec<Name> = LIVE_PROPERTIES
        .iter()
        .filter(|row| row.kinds.has(resource.kind) && !row.facets.has(Facets::STORED) && (row.get)(resource, viewer, &mut scratch))
        .map(|row| row.name.clone())
        .collect();
    names.extend(resource.stored.iter().map(|property| property.name.clone()));
    names
}

/// Names for `allprop` (RFC 4918 §9.1): those of RFC 4918 that apply, the dead ones, and what `include` adds.
pub fn allprop_on(resource: &Resource, include: &[Name]) -> Vec<Name> {
    let live = LIVE_PROPERTIES.iter().filter(|row| row.in_allprop && row.kinds.has(resource.kind));
    let has = |row: &&LiveProperty| !row.facets.has(Facets::STORED) || resource.stored.iter().any(|p| p.name == row.name);
    let mut names: Vec<Name> = live.filter(has).map(|row| row.name.clone()).collect();
    let dead = resource.stored.iter().map(|property| &property.name).filter(|name| row(name, resource.kind).is_none());
    for name in dead.chain(include) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Whether a kind of resource keeps properties that clients set.
pub const fn keeps_properties(kind: Kind) -> bool {
    OWNED.has(kind)
}
