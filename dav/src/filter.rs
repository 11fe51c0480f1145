//! The filter and data elements of CalDAV reports, read into the types of the `ical` crate: RFC 4791 §9.6 to §9.9.

use kalends_ical::UtcMicros;
use kalends_ical::calendar_data::{CalendarData, Selection};
use kalends_ical::date::parse_utc;
use kalends_ical::filter::{Collation, CompFilter, ParamFilter, ParamTest, PropFilter, PropTest, TextMatch, TimeRange};

use crate::name::CALDAV;
use crate::precondition::{Precondition, Refusal};
use crate::xml::Element;

/// How deep comp-filter and comp may nest: VCALENDAR, component, alarm, and room to spare.
pub const FILTER_LEVELS_MAX: usize = 8;
/// How many conditions one filter may hold.
pub const FILTER_CONDITIONS_MAX: usize = 500;

/// Components that stand nowhere but directly in a VCALENDAR (RFC 5545 §3.6, RFC 7953 §3.1).
const OUTER: [&str; 7] = ["VCALENDAR", "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "VAVAILABILITY"];
/// Properties that a time-range is defined for (RFC 4791 §9.9).
const TIMED: [&str; 7] = ["COMPLETED", "CREATED", "DTEND", "DTSTAMP", "DTSTART", "DUE", "LAST-MODIFIED"];

/// Reads `CALDAV:filter` (RFC 4791 §9.7).
///
/// # Errors
/// `CALDAV:valid-filter` for what the grammar does not allow, `CALDAV:supported-collation` for an unknown collation.
pub fn parse_filter(filter: &Element) -> Result<CompFilter, Refusal> {
    let mut roots = filter.elements();
    let (Some(root), None) = (roots.next(), roots.next()) else {
        return Err(invalid("a filter holds exactly one comp-filter"));
    };
    if !root.name.is(CALDAV, "comp-filter") || name_attribute(root)? != "VCALENDAR" {
        return Err(invalid("the outermost comp-filter names VCALENDAR"));
    }
    let mut conditions = 0;
    comp_filter(root, 1, &mut conditions)
}

fn comp_filter(element: &Element, level: usize, conditions: &mut usize) -> Result<CompFilter, Refusal> {
    count(conditions)?;
    if level > FILTER_LEVELS_MAX {
        return Err(invalid(format!("comp-filter nests deeper than {FILTER_LEVELS_MAX} levels")));
    }
    let mut filter =
        CompFilter { name: name_attribute(element)?, is_not_defined: false, time_range: None, props: Vec::new(), comps: Vec::new() };
    if level > 2 && OUTER.contains(&filter.name.as_str()) {
        return Err(invalid(format!("{} stands directly in a VCALENDAR", filter.name)));
    }
    for child in element.elements() {
        match caldav_local(child) {
            "is-not-defined" => filter.is_not_defined = true,
            "time-range" if level > 1 => filter.time_range = Some(time_range(child)?),
            "prop-filter" => filter.props.push(prop_filter(child, conditions)?),
            "comp-filter" => filter.comps.push(comp_filter(child, level + 1, conditions)?),
            _ => return Err(unsupported(child)),
        }
    }
    let alone = filter.time_range.is_none() && filter.props.is_empty() && filter.comps.is_empty();
    if filter.is_not_defined && !alone {
        return Err(invalid("is-not-defined stands alone in its comp-filter"));
    }
    Ok(filter)
}

fn prop_filter(element: &Element, conditions: &mut usize) -> Result<PropFilter, Refusal> {
    count(conditions)?;
    let mut filter = PropFilter { name: name_attribute(element)?, test: PropTest::Exists, params: Vec::new() };
    for child in element.elements() {
        let test = match caldav_local(child) {
            "is-not-defined" => PropTest::IsNotDefined,
            "time-range" if TIMED.contains(&filter.name.as_str()) => PropTest::TimeRange(time_range(child)?),
            "time-range" => return Err(invalid(format!("{} has no place in time", filter.name))),
            "text-match" => PropTest::Text(text_match(child)?),
            "param-filter" => {
                filter.params.push(param_filter(child, conditions)?);
                continue;
            }
            _ => return Err(unsupported(child)),
        };
        if !matches!(filter.test, PropTest::Exists) {
            return Err(invalid("a prop-filter holds one of is-not-defined, time-range and text-match"));
        }
        filter.test = test;
    }
    Ok(filter)
}

fn param_filter(element: &Element, conditions: &mut usize) -> Result<ParamFilter, Refusal> {
    count(conditions)?;
    let mut filter = ParamFilter { name: name_attribute(element)?, test: ParamTest::Exists };
    for child in element.elements() {
        filter.test = match caldav_local(child) {
            "is-not-defined" => ParamTest::IsNotDefined,
            "text-match" => ParamTest::Text(text_match(child)?),
            _ => return Err(unsupported(child)),
        };
    }
    Ok(filter)
}

/// RFC 4791 §9.7.5; `match-type` belongs to the extended query and is refused by name rather than ignored.
fn text_match(element: &Element) -> Result<TextMatch, Refusal> {
    let collation = match element.attribute("collation").unwrap_or("i;ascii-casemap") {
        "i;ascii-casemap" | "default" => Collation::AsciiCasemap,
        "i;octet" => Collation::Octet,
        "i;unicode-casemap" => Collation::UnicodeCasemap,
        other => {
            let message = format!("the collation {other} is not one of i;ascii-casemap, i;octet, i;unicode-casemap");
            return Err(Refusal::rule(Precondition::SupportedCollation, message));
        }
    };
    if element.attribute("match-type").is_some_and(|kind| kind != "contains") {
        return Err(Refusal::rule(Precondition::SupportedFilter, "text-match finds substrings; other match types are not supported"));
    }
    let negate = match element.attribute("negate-condition").unwrap_or("no") {
        "yes" => true,
        "no" => false,
        other => return Err(invalid(format!("negate-condition is yes or no, not {other}"))),
    };
    Ok(TextMatch { text: element.text(), collation, negate })
}

/// RFC 4791 §9.9: dates with UTC time, the end after the start, at least one of them.
fn time_range(element: &Element) -> Result<TimeRange, Refusal> {
    let start = instant(element, "start")?;
    let end = instant(element, "end")?;
    match (start, end) {
        (None, None) => Err(invalid("a time-range has a start or an end")),
        (Some(start), Some(end)) if end <= start => Err(invalid("the end of a time-range is after its start")),
        _ => Ok(TimeRange { start, end }),
    }
}

/// A `time-range`, `expand` or `limit-…-set` element that needs both ends.
///
/// # Errors
/// `CALDAV:valid-filter`.
pub fn closed_range(element: &Element) -> Result<(UtcMicros, UtcMicros), Refusal> {
    match time_range(element)? {
        TimeRange { start: Some(start), end: Some(end) } => Ok((start, end)),
        TimeRange { .. } => Err(invalid(format!("{} has a start and an end", element.name.local))),
    }
}

fn instant(element: &Element, attribute: &str) -> Result<Option<UtcMicros>, Refusal> {
    let Some(text) = element.attribute(attribute) else { return Ok(None) };
    let at =
        parse_utc(text).ok_or_else(|| invalid(format!("{attribute}=\"{text}\" is not a date with UTC time such as 20260104T000000Z")))?;
    Ok(Some(at))
}

/// Reads `CALDAV:calendar-data` as a report asks for it (RFC 4791 §9.6).
///
/// # Errors
/// `CALDAV:supported-calendar-data` for another media type, `CALDAV:valid-filter` for a range that is none.
pub fn parse_calendar_data(element: &Element) -> Result<CalendarData, Refusal> {
    let media_type = element.attribute("content-type").unwrap_or("text/calendar");
    let version = element.attribute("version").unwrap_or("2.0");
    if !media_type.eq_ignore_ascii_case("text/calendar") || version != "2.0" {
        return Err(Refusal::rule(Precondition::SupportedCalendarData, "calendar data is text/calendar, version 2.0"));
    }
    let mut data = CalendarData { selection: None, expand: None, limit_recurrence_set: None, limit_freebusy_set: None };
    for child in element.elements() {
        match caldav_local(child) {
            "comp" => data.selection = Some(selection(child, 1)?),
            "expand" => data.expand = Some(closed_range(child)?),
            "limit-recurrence-set" => data.limit_recurrence_set = Some(closed_range(child)?),
            "limit-freebusy-set" => data.limit_freebusy_set = Some(closed_range(child)?),
            _ => return Err(unsupported(child)),
        }
    }
    if data.expand.is_some() && data.limit_recurrence_set.is_some() {
        return Err(invalid("expand and limit-recurrence-set exclude each other"));
    }
    Ok(data)
}

fn selection(element: &Element, level: usize) -> Result<Selection, Refusal> {
    if level > FILTER_LEVELS_MAX {
        return Err(invalid(format!("comp nests deeper than {FILTER_LEVELS_MAX} levels")));
    }
    let mut selection =
        Selection { name: name_attribute(element)?, all_props: false, props: Vec::new(), all_comps: false, comps: Vec::new() };
    for child in element.elements() {
        match caldav_local(child) {
            "allprop" => selection.all_props = true,
            "allcomp" => selection.all_comps = true,
            "prop" => selection.props.push((name_attribute(child)?, child.attribute("novalue") == Some("yes"))),
            "comp" => selection.comps.push(self::selection(child, level + 1)?),
            _ => return Err(unsupported(child)),
        }
    }
    Ok(selection)
}

fn name_attribute(element: &Element) -> Result<String, Refusal> {
    let name = element.attribute("name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| invalid(format!("{} has a name", element.name.local)))?;
    Ok(name.to_ascii_uppercase())
}

fn count(conditions: &mut usize) -> Result<(), Refusal> {
    *conditions += 1;
    if *conditions > FILTER_CONDITIONS_MAX {
        return Err(invalid(format!("a filter holds at most {FILTER_CONDITIONS_MAX} conditions")));
    }
    Ok(())
}

/// The local name of a CalDAV element, empty for others.
fn caldav_local(element: &Element) -> &str {
    if element.name.namespace == CALDAV { &element.name.local } else { "" }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::rule(Precondition::ValidFilter, message)
}

fn unsupported(element: &Element) -> Refusal {
    let message = format!("the element {} is not understood here", element.name.local);
    Refusal::rule(Precondition::SupportedFilter, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(inner: &str) -> Result<CompFilter, Refusal> {
        let xml = format!("<filter xmlns=\"{CALDAV}\">{inner}</filter>");
        parse_filter(&Element::parse(xml.as_bytes()).unwrap())
    }

    fn code(result: Result<CompFilter, Refusal>) -> Precondition {
        match result.unwrap_err() {
            Refusal::Precondition { code, .. } => code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rfc4791_s9_7_a_nested_filter_is_read() {
        let read = filter(concat!(
            "<comp-filter name='VCALENDAR'><comp-filter name='vevent'><time-range start='20260101T000000Z'/>",
            "<prop-filter name='ATTENDEE'><text-match negate-condition='yes' collation='i;octet'>x</text-match>",
            "<param-filter name='PARTSTAT'><is-not-defined/></param-filter></prop-filter></comp-filter></comp-filter>"
        ))
        .unwrap();
        let event = &read.comps[0];
        assert_eq!(event.name, "VEVENT");
        assert!(event.time_range.as_ref().unwrap().end.is_none());
        assert!(matches!(&event.props[0].test, PropTest::Text(m) if m.negate && m.text == "x"));
        assert!(matches!(event.props[0].params[0].test, ParamTest::IsNotDefined));
    }

    #[test]
    fn rfc4791_s7_8_what_is_wrong_with_a_filter_has_a_name() {
        assert_eq!(code(filter("")), Precondition::ValidFilter);
        assert_eq!(code(filter("<comp-filter name='VEVENT'/>")), Precondition::ValidFilter);
        let ranged = |range: &str| {
            filter(&format!("<comp-filter name='VCALENDAR'><comp-filter name='VEVENT'><time-range {range}/></comp-filter></comp-filter>"))
        };
        assert_eq!(code(ranged("")), Precondition::ValidFilter);
        let nested = "<comp-filter name='VCALENDAR'><comp-filter name='VTODO'><comp-filter name='VEVENT'/></comp-filter></comp-filter>";
        assert_eq!(code(filter(nested)), Precondition::ValidFilter);
        let timeless =
            "<comp-filter name='VCALENDAR'><prop-filter name='SUMMARY'><time-range start='20260101T000000Z'/></prop-filter></comp-filter>";
        assert_eq!(code(filter(timeless)), Precondition::ValidFilter);
        assert_eq!(code(ranged("start='20260101'")), Precondition::ValidFilter);
        assert_eq!(code(ranged("start='20260102T000000Z' end='20260101T000000Z'")), Precondition::ValidFilter);
        let collation =
            "<comp-filter name='VCALENDAR'><prop-filter name='X'><text-match collation='i;none'>a</text-match></prop-filter></comp-filter>";
        assert_eq!(code(filter(collation)), Precondition::SupportedCollation);
        assert_eq!(code(filter("<comp-filter name='VCALENDAR'><unheard-of/></comp-filter>")), Precondition::SupportedFilter);
    }
}
