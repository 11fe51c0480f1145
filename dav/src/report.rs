//! REPORTs: name, place, privilege, parser. `DAV:supported-report-set` is this table filtered by kind.

use kalends_ical::UtcMicros;
use kalends_ical::calendar_data::CalendarData;
use kalends_ical::filter::CompFilter;

use crate::filter::{closed_range, parse_calendar_data, parse_filter};
use crate::kind::{ANY, Kind, KindSet, SYNCED};
use crate::name::{CALDAV, CALENDARSERVER, DAV, Name};
use crate::precondition::{Precondition, Refusal};
use crate::privilege::Privilege;
use crate::request::{Ask, ask_of};
use crate::xml::Element;

/// How many objects one calendar-multiget may name.
pub const MULTIGET_HREFS_MAX: usize = 50_000;
/// How deep expand-property may nest.
pub const EXPAND_LEVELS_MAX: usize = 8;
/// How many conditions a principal search may hold.
pub const SEARCH_CONDITIONS_MAX: usize = 50;

/// What a report asks, read.
#[derive(Debug, Clone)]
pub enum Report {
    /// RFC 4791 §7.8.
    CalendarQuery(CalendarQuery),
    /// RFC 4791 §7.9.
    CalendarMultiget(CalendarMultiget),
    /// RFC 4791 §7.10: the window in UTC microseconds.
    FreeBusyQuery((UtcMicros, UtcMicros)),
    /// RFC 6578 §3.2.
    SyncCollection(SyncCollection),
    /// RFC 3253 §3.8.
    ExpandProperty(Vec<ExpandedProperty>),
    /// RFC 3744 §9.3.
    PrincipalMatch(PrincipalMatch),
    /// RFC 3744 §9.4, and Apple's calendarserver-principal-search in its terms.
    PrincipalSearch(PrincipalSearch),
    /// RFC 3744 §9.5.
    PrincipalSearchPropertySet,
}

impl Report {
    /// Whether it is one of RFC 3744 §9, which are defined for Depth 0 alone.
    pub const fn is_of_principals(&self) -> bool {
        matches!(self, Self::PrincipalMatch(_) | Self::PrincipalSearch(_) | Self::PrincipalSearchPropertySet)
    }
}

/// RFC 4791 §9.5.
#[derive(Debug, Clone)]
pub struct CalendarQuery {
    /// The properties asked of each match.
    pub ask: Ask,
    /// How to give bodies, if asked.
    pub data: Option<CalendarData>,
    /// What matches.
    pub filter: CompFilter,
    /// An iCalendar text with the zone that floating times are read in (RFC 4791 §9.8).
    pub timezone: Option<String>,
}

/// RFC 4791 §9.10.
#[derive(Debug, Clone)]
pub struct CalendarMultiget {
    /// The properties asked of each object.
    pub ask: Ask,
    /// How to give bodies, if asked.
    pub data: Option<CalendarData>,
    /// As sent; each is answered as it was spelt.
    pub hrefs: Vec<String>,
}

/// RFC 6578 §6.1.
#[derive(Debug, Clone)]
pub struct SyncCollection {
    /// `None` for the first time.
    pub token: Option<String>,
    /// Whether members of members are asked too.
    pub infinite: bool,
    /// How many members the client wants at most (RFC 6578 §3.7).
    pub members_max: Option<u64>,
    /// The properties asked of each changed member.
    pub ask: Ask,
    /// How to give bodies, if asked.
    pub data: Option<CalendarData>,
}

/// RFC 3253 §3.8: a property whose hrefs are to be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpandedProperty {
    /// The property.
    pub name: Name,
    /// What to say of each resource it points at; empty: the href alone.
    pub children: Vec<ExpandedProperty>,
}

/// RFC 3744 §9.3: which resources are, or are owned by, the viewer.
#[derive(Debug, Clone)]
pub struct PrincipalMatch {
    /// `true` for `DAV:self`, else by `DAV:principal-property`.
    pub by_self: bool,
    /// The properties asked of each match.
    pub ask: Ask,
}

/// RFC 3744 §9.4.
#[derive(Debug, Clone)]
pub struct PrincipalSearch {
    /// The conditions.
    pub conditions: Vec<SearchCondition>,
    /// Whether one condition that holds is enough.
    pub any: bool,
    /// Whether the search is over all principals wherever it is asked.
    pub everywhere: bool,
    /// How many matches the client wants at most.
    pub matches_max: Option<u64>,
    /// The properties asked of each match.
    pub ask: Ask,
}

/// One `DAV:property-search`.
#[derive(Debug, Clone)]
pub struct SearchCondition {
    /// The properties looked at; one that matches is enough.
    pub properties: Vec<Name>,
    /// What to look for, compared without case.
    pub text: String,
    /// How.
    pub match_type: MatchType,
}

/// How text is compared (an extension of CalDav Synchronizer's and Apple's; RFC 3744 knows only substrings).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchType {
    /// The whole value.
    Equals,
    /// A part of it.
    Contains,
    /// Its beginning.
    StartsWith,
    /// Its end.
    EndsWith,
}

impl MatchType {
    /// Whether `value` matches, both lower-cased.
    pub fn matches(self, value: &str, text: &str) -> bool {
        match self {
            Self::Equals => value == text,
            Self::Contains => value.contains(text),
            Self::StartsWith => value.starts_with(text),
            Self::EndsWith => value.ends_with(text),
        }
    }
}

/// A row of the table.
pub struct ReportKind {
    /// The element that asks for it.
    pub name: Name,
    /// Where it is specified.
    pub section: &'static str,
    /// Where it may be asked.
    pub kinds: KindSet,
    /// What it takes.
    pub privilege: Privilege,
    parse: fn(&Element) -> Result<Report, Refusal>,
}

const fn report(
    namespace: &'static str,
    local: &'static str,
    section: &'static str,
    kinds: KindSet,
    privilege: Privilege,
    parse: fn(&Element) -> Result<Report, Refusal>,
) -> ReportKind {
    ReportKind { name: Name::known(namespace, local), section, kinds, privilege, parse }
}

/// RFC 4791 §7: calendars and the objects in them must answer these.
const QUERIED: KindSet = KindSet::of(&[Kind::Calendar, Kind::Home, Kind::Inbox, Kind::Object]);
const SEARCHED: KindSet = KindSet::of(&[Kind::Root, Kind::Principals, Kind::Principal]);

use Privilege::{Read, ReadFreeBusy};

/// The table.
#[rustfmt::skip]
pub static REPORTS: &[ReportKind] = &[
    report(DAV,    "expand-property",               "RFC 3253 §3.8",  ANY,      Read,         expand_property),
    report(DAV,    "principal-match",               "RFC 3744 §9.3",  SEARCHED, Read,         principal_match),
    report(DAV,    "principal-property-search",     "RFC 3744 §9.4",  SEARCHED, Read,         principal_property_search),
    report(DAV,    "principal-search-property-set", "RFC 3744 §9.5",  SEARCHED, Read,         |_| Ok(Report::PrincipalSearchPropertySet)),
    report(CALENDARSERVER, "calendarserver-principal-search", "calendarserver", SEARCHED, Read, calendarserver_principal_search),
    report(DAV,    "sync-collection",               "RFC 6578 §3.2",  SYNCED,   Read,         sync_collection),
    report(CALDAV, "calendar-query",                "RFC 4791 §7.8",  QUERIED,  Read,         calendar_query),
    report(CALDAV, "calendar-multiget",             "RFC 4791 §7.9",  QUERIED,  Read,         calendar_multiget),
    report(CALDAV, "free-busy-query",               "RFC 4791 §7.10", KindSet::of(&[Kind::Calendar, Kind::Home]), ReadFreeBusy, free_busy_query),
];

/// The row a body asks for.
///
/// # Errors
/// `DAV:supported-report` if nothing by that name exists or it cannot be asked of that kind of resource (RFC 3253 §3.6).
pub fn row_for(name: &Name, kind: Kind) -> Result<&'static ReportKind, Refusal> {
    REPORTS.iter().find(|row| row.name == *name && row.kinds.has(kind)).ok_or_else(|| {
        let message = format!("the report {} cannot be asked of this resource", name.local);
        Refusal::rule(Precondition::SupportedReport, message)
    })
}

impl ReportKind {
    /// Reads the report's body.
    ///
    /// # Errors
    /// 400 for what the report's grammar does not allow, or the rule the report names.
    pub fn parse(&self, body: &Element) -> Result<Report, Refusal> {
        (self.parse)(body)
    }
}

/// The properties and the form of bodies a report asks for.
fn ask_and_data(body: &Element) -> Result<(Ask, Option<CalendarData>), Refusal> {
    let data = body.child(DAV, "prop").and_then(|prop| prop.child(CALDAV, "calendar-data")).map(parse_calendar_data).transpose()?;
    Ok((ask_of(body)?, data))
}

fn calendar_query(body: &Element) -> Result<Report, Refusal> {
    let (ask, data) = ask_and_data(body)?;
    let filter = body.child(CALDAV, "filter").ok_or_else(|| Refusal::rule(Precondition::ValidFilter, "a calendar-query has a filter"))?;
    let timezone = body.child(CALDAV, "timezone").map(Element::text);
    Ok(Report::CalendarQuery(CalendarQuery { ask, data, filter: parse_filter(filter)?, timezone }))
}

fn calendar_multiget(body: &Element) -> Result<Report, Refusal> {
    let (ask, data) = ask_and_data(body)?;
    let hrefs: Vec<String> = body.elements().filter(|e| e.name.is(DAV, "href")).map(|e| e.text().trim().to_owned()).collect();
    if hrefs.len() > MULTIGET_HREFS_MAX {
        let message = format!("a calendar-multiget names at most {MULTIGET_HREFS_MAX} objects");
        return Err(Refusal::rule(Precondition::NumberOfMatchesWithinLimits, message));
    }
    Ok(Report::CalendarMultiget(CalendarMultiget { ask, data, hrefs }))
}

fn free_busy_query(body: &Element) -> Result<Report, Refusal> {
    let range = body.child(CALDAV, "time-range").ok_or_else(|| Refusal::bad_request("a free-busy-query has a time-range"))?;
    // RFC 4791 §7.10 names no rule for a bad range.
    let window = closed_range(range).map_err(|_| Refusal::bad_request("the time-range has a start and a later end in UTC"))?;
    Ok(Report::FreeBusyQuery(window))
}

fn sync_collection(body: &Element) -> Result<Report, Refusal> {
    let (ask, data) = ask_and_data(body)?;
    let token = body.child(DAV, "sync-token").map(|e| e.text().trim().to_owned()).filter(|token| !token.is_empty());
    let infinite = match body.child(DAV, "sync-level").map(Element::text).as_deref().map(str::trim) {
        None | Some("1" | "") => false,
        Some("infinite" | "infinity") => true,
        Some(other) => return Err(Refusal::bad_request(format!("sync-level is 1 or infinite, not {other}"))),
    };
    let members_max = body.child(DAV, "limit").map(limit_of).transpose()?;
    Ok(Report::SyncCollection(SyncCollection { token, infinite, members_max, ask, data }))
}

/// RFC 5323 §5.17: `DAV:limit` with `DAV:nresults`.
fn limit_of(limit: &Element) -> Result<u64, Refusal> {
    let number = limit.child(DAV, "nresults").and_then(|e| e.text().trim().parse().ok()).filter(|number| *number > 0);
    number.ok_or_else(|| Refusal::bad_request("DAV:limit holds DAV:nresults with a number above zero"))
}

fn expand_property(body: &Element) -> Result<Report, Refusal> {
    Ok(Report::ExpandProperty(expanded(body, 1)?))
}

fn expanded(element: &Element, level: usize) -> Result<Vec<ExpandedProperty>, Refusal> {
    if level > EXPAND_LEVELS_MAX {
        return Err(Refusal::bad_request(format!("expand-property nests deeper than {EXPAND_LEVELS_MAX} levels")));
    }
    let mut properties = Vec::new();
    for child in element.elements().filter(|e| e.name.is(DAV, "property")) {
        let local = child.attribute("name").ok_or_else(|| Refusal::bad_request("DAV:property has a name"))?;
        let name = Name::read(child.attribute("namespace").unwrap_or(DAV), local);
        if !name.is_usable() {
            return Err(Refusal::bad_request("DAV:property has the name of no property"));
        }
        properties.push(ExpandedProperty { name, children: expanded(child, level + 1)? });
    }
    Ok(properties)
}

fn principal_match(body: &Element) -> Result<Report, Refusal> {
    Ok(Report::PrincipalMatch(PrincipalMatch { by_self: body.child(DAV, "self").is_some(), ask: ask_of(body)? }))
}

fn principal_property_search(body: &Element) -> Result<Report, Refusal> {
    let mut conditions = Vec::new();
    for search in body.elements().filter(|e| e.name.is(DAV, "property-search")) {
        let text = search.child(DAV, "match").ok_or_else(|| Refusal::bad_request("DAV:property-search has a DAV:match"))?;
        let match_type = match_type(text.attribute("match-type"))?;
        let text = text.text().trim().to_lowercase();
        // RFC 3744 §9.4: several properties in one DAV:prop must all match.
        for property in search.child(DAV, "prop").into_iter().flat_map(Element::elements) {
            conditions.push(SearchCondition { properties: vec![property.name.clone()], text: text.clone(), match_type });
        }
    }
    if conditions.is_empty() || conditions.len() > SEARCH_CONDITIONS_MAX {
        return Err(Refusal::bad_request(format!("a principal search holds 1 to {SEARCH_CONDITIONS_MAX} conditions")));
    }
    let any = body.attribute("test") == Some("anyof");
    let everywhere = body.child(DAV, "apply-to-principal-collection-set").is_some();
    let matches_max = body.child(DAV, "limit").map(limit_of).transpose()?;
    Ok(Report::PrincipalSearch(PrincipalSearch { conditions, any, everywhere, matches_max, ask: ask_of(body)? }))
}

/// Apple's attendee look-up: every token must be found, in the name or an address.
fn calendarserver_principal_search(body: &Element) -> Result<Report, Refusal> {
    let properties = vec![
        Name::known(DAV, "displayname"),
        Name::known(CALENDARSERVER, "email-address-set"),
        Name::known(CALDAV, "calendar-user-address-set"),
    ];
    let tokens = body.elements().filter(|e| e.name.is(CALENDARSERVER, "search-token"));
    let conditions: Vec<SearchCondition> = tokens
        .map(|token| SearchCondition {
            properties: properties.clone(),
            text: token.text().trim().to_lowercase(),
            match_type: MatchType::Contains,
        })
        .collect();
    if conditions.is_empty() || conditions.len() > SEARCH_CONDITIONS_MAX {
        return Err(Refusal::bad_request(format!("a principal search holds 1 to {SEARCH_CONDITIONS_MAX} tokens")));
    }
    let matches_max = body.child(CALENDARSERVER, "limit").or_else(|| body.child(DAV, "limit")).map(limit_of_any).transpose()?;
    Ok(Report::PrincipalSearch(PrincipalSearch { conditions, any: false, everywhere: true, matches_max, ask: ask_of(body)? }))
}

fn limit_of_any(limit: &Element) -> Result<u64, Refusal> {
    let number = limit.elements().find(|e| e.name.local == "nresults").and_then(|e| e.text().trim().parse().ok());
    number.filter(|n| *n > 0).ok_or_else(|| Refusal::bad_request("limit holds nresults with a number above zero"))
}

fn match_type(text: Option<&str>) -> Result<MatchType, Refusal> {
    match text {
        None | Some("contains") => Ok(MatchType::Contains),
        Some("equals") => Ok(MatchType::Equals),
        Some("starts-with") => Ok(MatchType::StartsWith),
        Some("ends-with") => Ok(MatchType::EndsWith),
        Some(other) => Err(Refusal::bad_request(format!("match-type is equals, contains, starts-with or ends-with, not {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(xml: &str, kind: Kind) -> Result<Report, Refusal> {
        let body = Element::parse(xml.as_bytes()).unwrap();
        row_for(&body.name, kind)?.parse(&body)
    }

    #[test]
    fn rfc3253_s3_6_an_unknown_or_misplaced_report_is_refused_by_name() {
        for (xml, kind) in [("<x xmlns='DAV:'/>", Kind::Calendar), ("<sync-collection xmlns='DAV:'/>", Kind::Principal)] {
            let refusal = parse(xml, kind).unwrap_err();
            assert!(matches!(refusal, Refusal::Precondition { code: Precondition::SupportedReport, .. }), "{refusal:?}");
        }
    }

    #[test]
    fn rfc6578_s6_1_sync_collection_is_read() {
        let xml = "<sync-collection xmlns='DAV:'><sync-token> urn:x </sync-token><sync-level>1</sync-level><limit><nresults>7</nresults></limit><prop><getetag/></prop></sync-collection>";
        let Report::SyncCollection(sync) = parse(xml, Kind::Calendar).unwrap() else { panic!() };
        assert_eq!((sync.token.as_deref(), sync.infinite, sync.members_max), (Some("urn:x"), false, Some(7)));
        assert!(parse("<sync-collection xmlns='DAV:'><sync-level>2</sync-level><prop/></sync-collection>", Kind::Calendar).is_err());
    }

    #[test]
    fn rfc4791_s7_9_hrefs_are_kept_as_sent_but_for_white_space() {
        let xml =
            format!("<calendar-multiget xmlns='{CALDAV}' xmlns:D='DAV:'><D:prop/><D:href>\n /a%40b.ics </D:href></calendar-multiget>");
        let Report::CalendarMultiget(multiget) = parse(&xml, Kind::Calendar).unwrap() else { panic!() };
        assert_eq!(multiget.hrefs, ["/a%40b.ics"]);
    }
}
