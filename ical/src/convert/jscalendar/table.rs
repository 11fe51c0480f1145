//! Which property becomes which: one row for each, with the section of the draft that says so.

use serde_json::Value as Json;

use super::Kind;
use super::made::{Carried, Made, Object, set_keys, text};
use super::node::Node;
use super::object::Context;
use super::time::{self, Form, Time};
use crate::convert::{Abstract, ConversionError, Value};

use How::{Duration, Lower, Number, Set, Text, Titled, Uri, Utc, Whole, Words};
use Kind::{Alert, Event, Group, Location, Participant, Task, Zone, ZoneRule};

/// How a value goes over.
#[derive(Clone, Copy)]
enum How {
    Text,
    /// With its LANGUAGE as the locale.
    Titled,
    /// In lower case.
    Lower,
    /// These and no other.
    Words(&'static [(&'static str, &'static str)]),
    /// Not more than that.
    Number(i64),
    /// UTCDateTime (RFC 8984 §1.4.4).
    Utc,
    Uri,
    Duration,
    /// A list of that type as a set.
    Set(&'static str),
    /// Together with others, in a module of its own: [`super::object`] lists them.
    Whole,
}

type Row = (&'static [Kind], &'static str, &'static str, How, &'static str);

const CALENDAR: &[Kind] = &[Group, Event, Task];
const ENTRY: &[Kind] = &[Event, Task];
const LINKING: &[Kind] = &[Group, Event, Task, Location, Participant];
const DESCRIBED: &[Kind] = &[Group, Event, Task, Participant];
const PRIVACY: &[(&str, &str)] = &[("PUBLIC", "public"), ("PRIVATE", "private"), ("CONFIDENTIAL", "secret")];
const BUSY: &[(&str, &str)] = &[("OPAQUE", "busy"), ("TRANSPARENT", "free")];
const ACTION: &[(&str, &str)] = &[("DISPLAY", "display"), ("EMAIL", "email")];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    (&[Alert],       "acknowledged",       "acknowledged",             Utc,             "§2.3.1"),
    (&[Alert],       "action",             "action",                   Words(ACTION),   "§2.3.2"),
    (LINKING,        "attach",             "links",                    Whole,           "§2.3.3"),
    (ENTRY,          "attendee",           "participants",             Whole,           "§2.3.4"),
    (&[Participant], "calendar-address",   "calendarAddress",          Whole,           "§2.3.5"),
    (CALENDAR,       "categories",         "keywords",                 Set("text"),     "§2.3.6"),
    (ENTRY,          "class",              "privacy",                  Words(PRIVACY),  "§2.3.7"),
    (CALENDAR,       "color",              "color",                    Text,            "§2.3.8"),
    (CALENDAR,       "concept",            "categories",               Set("uri"),      "§2.3.9"),
    (ENTRY,          "conference",         "virtualLocations",         Whole,           "§2.3.10"),
    (&[Location],    "coordinates",        "coordinates",              Whole,           "§2.3.11"),
    (CALENDAR,       "created",            "created",                  Utc,             "§2.3.12"),
    (DESCRIBED,      "description",        "description",              Whole,           "§2.3.13"),
    (&[Event],       "dtend",              "duration",                 Whole,           "§2.3.14"),
    (ENTRY,          "dtstamp",            "updated",                  Utc,             "§2.3.15"),
    (ENTRY,          "dtstart",            "start",                    Whole,           "§2.3.16"),
    (&[Task],        "due",                "due",                      Whole,           "§2.3.17"),
    (ENTRY,          "duration",           "duration",                 Whole,           "§2.3.18"),
    (&[Task],        "estimated-duration", "estimatedDuration",        Duration,        "§2.3.19"),
    (ENTRY,          "exdate",             "recurrenceOverrides",      Whole,           "§2.3.20"),
    (ENTRY,          "geo",                "locations",                Whole,           "§2.3.21"),
    (&[Location],    "geo",                "coordinates",              Whole,           "§2.3.21"),
    (LINKING,        "image",              "links",                    Whole,           "§2.3.22"),
    (&[Group],       "last-modified",      "updated",                  Utc,             "§2.3.23"),
    (LINKING,        "link",               "links",                    Whole,           "§2.3.24"),
    (ENTRY,          "location",           "locations",                Whole,           "§2.3.25"),
    (&[Location],    "location-type",      "locationTypes",            Set("text"),     "§2.3.26"),
    (&[Location],    "name",               "name",                     Text,            "§2.3.28"),
    (&[Group],       "name",               "title",                    Titled,          "§2.3.28"),
    (ENTRY,          "organizer",          "organizerCalendarAddress", Whole,           "§2.3.29"),
    (&[Task],        "percent-complete",   "percentComplete",          Number(100),     "§2.3.30"),
    (&[Participant], "percent-complete",   "percentComplete",          Number(100),     "§3.6"),
    (ENTRY,          "priority",           "priority",                 Number(9),       "§2.3.31"),
    (ENTRY,          "rdate",              "recurrenceOverrides",      Whole,           "§2.3.33"),
    (ENTRY,          "recurrence-id",      "recurrenceId",             Whole,           "§2.3.34"),
    (&[Event, Task, Alert], "related-to",  "relatedTo",                Whole,           "§2.3.35"),
    (ENTRY,          "rrule",              "recurrenceRule",           Whole,           "§2.3.36"),
    (ENTRY,          "sequence",           "sequence",                 Number(MAX),     "§2.3.37"),
    (ENTRY,          "show-without-time",  "showWithoutTime",          Whole,           "§2.3.38"),
    (&[Event],       "status",             "status",                   Lower,           "§2.3.39"),
    (&[Task],        "status",             "progress",                 Lower,           "§2.3.39"),
    (&[Group],       "source",             "source",                   Uri,             "§2.3.40"),
    (DESCRIBED,      "styled-description", "description",              Whole,           "§2.3.41"),
    (ENTRY,          "summary",            "title",                    Titled,          "§2.3.42"),
    (&[Participant], "summary",            "name",                     Whole,           "§2.3.42"),
    (ENTRY,          "transp",             "freeBusyStatus",           Words(BUSY),     "§2.3.43"),
    (&[Alert],       "trigger",            "trigger",                  Whole,           "§2.3.44"),
    (CALENDAR,       "uid",                "uid",                      Text,            "§2.3.45"),
    (LINKING,        "url",                "links",                    Whole,           "§2.3.46"),
    // What the draft leaves open and RFC 8984 defines.
    (ENTRY,          "exrule",             "excludedRecurrenceRules",  Whole,           "RFC 8984 §4.3.4"),
    (ENTRY,          "request-status",     "requestStatus",            Whole,           "RFC 8984 §4.4.7"),
    (&[Zone],        "tzid",               "tzId",                     Text,            "RFC 8984 §4.7.2"),
    (&[Zone],        "last-modified",      "updated",                  Utc,             "RFC 8984 §4.7.2"),
    (&[Zone],        "tzurl",              "url",                      Uri,             "RFC 8984 §4.7.2"),
    (&[Zone],        "tzuntil",            "validUntil",               Utc,             "RFC 8984 §4.7.2"),
    (&[Zone],        "tzid-alias-of",      "aliases",                  Set("text"),     "RFC 8984 §4.7.2"),
    (&[ZoneRule],    "tzname",             "names",                    Set("text"),     "RFC 8984 §4.7.2"),
];

/// Int of RFC 8984 §1.4.2.
const MAX: i64 = (1 << 53) - 1;

/// The member a property becomes.
pub(super) fn member_of(kind: Kind, name: &str) -> Option<&'static str> {
    row(kind, name).map(|(_, _, member, ..)| *member)
}

fn row(kind: Kind, name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|(kinds, known, ..)| *known == name && kinds.contains(&kind))
}

/// Sets what a property becomes; whether it became anything.
pub(super) fn take(made: &mut Made, property: &Abstract) -> bool {
    let Some((_, name, member, how, _)) = row(made.kind, &property.name) else { return false };
    let path = &[*member];
    let Some(value_type) = value_type(*how).filter(|usual| property.value_type == *usual || property.value_type == "unknown") else {
        return false;
    };
    let value = match (how, property.values.as_slice()) {
        (Set(_), values) => return take_set(made, member, property, values, value_type),
        (Text | Titled | Uri, [Value::Word(word)]) => Json::from(word.as_str()),
        (Lower, [Value::Word(word)]) => word.to_ascii_lowercase().into(),
        (Words(words), [Value::Word(word)]) => match words.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)) {
            Some((_, word)) => (*word).into(),
            None => return false,
        },
        (Number(most), [Value::Integer(number)]) if (0..=*most).contains(number) => (*number).into(),
        (Utc, [Value::Word(word)]) => match Time::of(property, word) {
            Some(Time { form: Form::Utc, .. }) => word.as_str().into(),
            _ => return false,
        },
        (Duration, [Value::Word(word)]) => word.as_str().into(),
        _ => return false,
    };
    if !made.set(path, value) {
        return false;
    }
    let language = property.parameter("language").filter(|language| matches!(how, Titled) && made.set(&["locale"], *language));
    made.note(path, property, (name, value_type), if language.is_some() { &["language"] } else { &[] });
    true
}

fn take_set(made: &mut Made, member: &str, property: &Abstract, values: &[Value], value_type: &str) -> bool {
    let words: Option<Vec<&str>> =
        values.iter().map(|value| if let Value::Word(word) = value { Some(word.as_str()) } else { None }).collect();
    let Some(words) = words.filter(|words| Made::may_note(property) && words.iter().all(|word| !word.is_empty())) else { return false };
    let is_there = |word: &&str| made.map.get(member).and_then(|set| set.get(*word)).is_some();
    if words.iter().any(is_there) {
        return false;
    }
    for word in words {
        made.set(&[member, word], true);
        made.note(&[member, word], property, (&property.name, value_type), &[]);
    }
    true
}

fn value_type(how: How) -> Option<&'static str> {
    Some(match how {
        Text | Titled | Lower | Words(_) => "text",
        Number(_) => "integer",
        Utc => "date-time",
        Uri => "uri",
        Duration => "duration",
        Set(value_type) => value_type,
        Whole => return None,
    })
}

/// Writes the properties of all members that stand in rows of their own.
pub(super) fn give(kind: Kind, object: &Object, node: &mut Node, _: &Context<'_>) -> Result<(), ConversionError> {
    let carried = Carried::of(object);
    for (_, name, member, how, _) in ROWS.iter().filter(|(kinds, ..)| kinds.contains(&kind)) {
        let Some(value_type) = value_type(*how) else { continue };
        if let Set(_) = how {
            give_set(object, member, (name, value_type), node)?;
            continue;
        }
        let Some(value) = value_of(object, member, *how)? else { continue };
        let mut line = Abstract::plain(name, value_type, value);
        if let (Titled, Some(locale)) = (how, text(object, "locale")?) {
            line = line.with("language", locale);
        }
        node.lines.push(carried.restore(&[member], line));
    }
    Ok(())
}

fn value_of(object: &Object, member: &str, how: How) -> Result<Option<Value>, ConversionError> {
    if let Number(most) = how {
        let number = match object.get(member) {
            None | Some(Json::Null) => return Ok(None),
            Some(number) => number.as_i64().filter(|number| (0..=most).contains(number)),
        };
        return number
            .map(|number| Some(Value::Integer(number)))
            .ok_or_else(|| ConversionError(format!("{member} is a number up to {most}")));
    }
    let Some(word) = text(object, member)? else { return Ok(None) };
    let value = match how {
        Lower => word.to_ascii_uppercase(),
        // What iCalendar has no word for stays behind; JSPROP carries it.
        Words(words) => match words.iter().find(|(_, known)| *known == word) {
            Some((word, _)) => (*word).to_owned(),
            None => return Ok(None),
        },
        Utc => {
            let moment =
                word.strip_suffix('Z').ok_or_else(|| ConversionError(format!("{member} is a time in UTC, with a Z at its end")))?;
            time::value(time::local(moment)?, &Form::Utc)
        }
        Duration => time::duration(object, member, false)?.map(|(word, _)| word.into_owned()).unwrap_or_default(),
        _ => word.to_owned(),
    };
    Ok(Some(Value::Word(value)))
}

/// So many properties are looked through for one that a value fits into: enough for all but those meant to cost time.
pub(super) const LOOK_BACK: usize = 32;

/// Values with the same parameters stand together.
fn give_set(object: &Object, member: &str, (name, value_type): (&str, &str), node: &mut Node) -> Result<(), ConversionError> {
    let carried = Carried::of(object);
    let many = matches!(crate::convert::shape(name), crate::convert::Shape::List);
    let first = node.lines.len();
    for word in set_keys(object, member)? {
        let line = carried.restore(&[member, &word], Abstract::plain(name, value_type, Value::Word(word.clone())));
        let alike = |other: &&mut Abstract| many && other.parameters == line.parameters && other.value_type == line.value_type;
        match node.lines.iter_mut().skip(first).rev().take(LOOK_BACK).find(alike) {
            Some(other) => other.values.extend(line.values),
            None => node.lines.push(line),
        }
    }
    Ok(())
}
