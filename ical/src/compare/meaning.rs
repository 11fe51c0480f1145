//! What a line means, whatever way it is written.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::calendar_user::CalendarUserAddress;
use crate::civil::DAY_SECONDS;
use crate::component::Component;
use crate::content_line::Property;
use crate::convert::{Abstract, Shape, Value, framed, shape};
use crate::date::{format_date, format_local};
use crate::stream::refold;
use crate::value::{Duration, Moment, Place};
use crate::zone::Zone;

/// What entries are compared by: a name, and which of several (an attendee by its address, an alarm by its UID, a time zone by its TZID).
pub(super) type Key = (String, String);

/// A property or an inner component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub meaning: Meaning,
    /// As written, unfolded.
    pub line: String,
    /// Where it stands, line ends included.
    pub place: Range<usize>,
}

/// The same for lines that say the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Meaning {
    /// What holds without the line, too.
    Nothing,
    One(String),
    /// Values of a list: in which order and on how many lines does not matter, nor how often each.
    List(BTreeSet<String>),
}

use Meaning::{List, Nothing, One};

/// Whether lines of one key say the same together.
pub(super) fn same(one: &[Entry], other: &[Entry]) -> bool {
    said(one) == said(other)
}

fn said(entries: &[Entry]) -> (Vec<&str>, BTreeSet<&str>) {
    let (mut ones, mut listed) = (Vec::new(), BTreeSet::new());
    for entry in entries {
        match &entry.meaning {
            Nothing => {}
            One(meaning) => ones.push(meaning.as_str()),
            List(values) => listed.extend(values.iter().map(String::as_str)),
        }
    }
    ones.sort_unstable();
    (ones, listed)
}

/// Values of parameters that are told apart by case nowhere (RFC 5545 §3.2, RFC 6638 §7, RFC 7986 §6, RFC 9073 §5), each with what holds
/// without it.
#[rustfmt::skip]
const WORDS: &[(&str, &str)] = &[
    ("cutype",              "INDIVIDUAL"),
    ("derived",             "FALSE"),
    ("display",             "BADGE"),
    ("encoding",            "8BIT"),
    ("fbtype",              "BUSY"),
    ("feature",             ""),
    ("fmttype",             ""),
    ("language",            ""),
    ("partstat",            "NEEDS-ACTION"),
    ("range",               ""),
    ("related",             "START"),
    ("reltype",             "PARENT"),
    ("role",                "REQ-PARTICIPANT"),
    ("rsvp",                "FALSE"),
    ("schedule-agent",      "SERVER"),
    ("schedule-force-send", ""),
];
/// Parameters that are addresses of calendar users.
const ADDRESSES: &[&str] = &["delegated-from", "delegated-to", "member", "sent-by"];
/// Properties that are words of the same kind (RFC 5545 §3.7, §3.8, RFC 7953 §3.2, RFC 9074 §8.1), each with what holds without it.
#[rustfmt::skip]
const WORD_PROPERTIES: &[(&str, &str)] = &[
    ("ACTION",    ""),
    ("BUSYTYPE",  "BUSY-UNAVAILABLE"),
    ("CALSCALE",  "GREGORIAN"),
    ("CLASS",     "PUBLIC"),
    ("METHOD",    ""),
    ("PROXIMITY", ""),
    ("STATUS",    ""),
    ("TRANSP",    "OPAQUE"),
];
/// Numbers that say what holds without them (RFC 5545 §3.8.1.9, §3.8.7.4).
const ZEROS: &[&str] = &["PRIORITY", "SEQUENCE"];
/// Parts of a rule that say what holds without them (RFC 5545 §3.3.10, RFC 7529 §4.1).
const DEFAULT_PARTS: &[(&str, &str)] = &[("interval", "1"), ("wkst", "MO"), ("rscale", "GREGORIAN"), ("skip", "OMIT")];

/// The properties and inner components of a component, by their keys.
pub(super) fn entries(component: &Component<'_>) -> BTreeMap<Key, Vec<Entry>> {
    let mut entries: BTreeMap<Key, Vec<Entry>> = BTreeMap::new();
    let bytes = component.bytes();
    let start = start_of(component);
    for span in component.own_lines() {
        let Ok(property) = Property::parse(span.unfolded(bytes), usize::MAX) else { continue };
        let (key, meaning) = meaning_of(&property, start.as_ref());
        let place = span.start()..span.start() + span.raw(bytes).len();
        entries.entry(key).or_default().push(Entry { meaning, line: property.line().into_owned(), place });
    }
    for inside in component.components() {
        let meaning = One(meaning_of_component(&inside));
        let line = String::from_utf8_lossy(&refold(inside.raw())).into_owned();
        entries.entry(key_of(&inside)).or_default().push(Entry { meaning, line, place: inside.range() });
    }
    entries
}

fn start_of(component: &Component<'_>) -> Option<Moment> {
    component.property("DTSTART").and_then(|property| Moment::of(&property))
}

/// RFC 5545 §3.6.5: a TZID names a time zone.
fn key_of(component: &Component<'_>) -> Key {
    let name = if component.is("VTIMEZONE") { "TZID" } else { "UID" };
    let id = component.property(name).map(|id| id.value().trim().to_owned()).unwrap_or_default();
    (component.name().to_owned(), id)
}

/// What a component says, in no order. As deep as the tree is, which the limits bound; each level adds to the length, none multiplies it.
fn meaning_of_component(component: &Component<'_>) -> String {
    let start = start_of(component);
    let mut ones = Vec::new();
    let mut listed = BTreeSet::new();
    for property in component.properties() {
        let ((name, _), meaning) = meaning_of(&property, start.as_ref());
        match meaning {
            Nothing => {}
            One(meaning) => ones.push(framed([name.as_str(), &meaning])),
            List(values) => listed.extend(values.into_iter().map(|value| framed([name.as_str(), &value]))),
        }
    }
    ones.extend(listed);
    ones.extend(component.components().map(|inside| meaning_of_component(&inside)));
    ones.sort_unstable();
    framed(std::iter::once(component.name()).chain(ones.iter().map(String::as_str)))
}

fn meaning_of(property: &Property<'_>, start: Option<&Moment>) -> (Key, Meaning) {
    let mut form = Abstract::of(property);
    let name = form.name.to_ascii_uppercase();
    normalise_parameters(&mut form.parameters);
    let moment = || Moment::of(property);
    let time = match name.as_str() {
        "DTSTART" | "RECURRENCE-ID" | "DTEND" | "DUE" => moment().map(|moment| spelt(&moment)),
        // The end it comes to; without a start it stays a duration.
        "DURATION" => start.and_then(|start| end_after(start, &property.value())),
        _ => None,
    };
    if let Some(time) = time {
        let name = if name == "DURATION" { "DTEND".to_owned() } else { name };
        // The zone is in the time.
        form.parameters.retain(|(name, _)| name != "tzid");
        return ((name, String::new()), One(format!("{time} {:?}", form.parameters)));
    }
    let is_bare = form.parameters.is_empty();
    let word = WORD_PROPERTIES.iter().find(|(known, _)| *known == name);
    for value in &mut form.values {
        match value {
            Value::Recur(parts) => normalise(parts),
            Value::Word(word) if form.value_type == "cal-address" => *word = address(word),
            Value::Word(text) if word.is_some() => text.make_ascii_uppercase(),
            // `PT900S` as `PT15M`.
            Value::Word(text) if form.value_type == "duration" => {
                if let Some(Duration { days, seconds }) = Duration::parse(text) {
                    *text = format!("{days} days, {seconds} seconds");
                }
            }
            _ => {}
        }
    }
    let says_nothing = match (form.values.as_slice(), word) {
        ([Value::Word(value)], Some((_, usual))) => is_bare && value == usual,
        ([Value::Integer(0)], _) => is_bare && ZEROS.contains(&name.as_str()),
        _ => false,
    };
    let which = match (name.as_str(), form.values.first()) {
        ("ATTENDEE", Some(Value::Word(address))) => address.clone(),
        _ => String::new(),
    };
    let head = format!("{:?} {}", form.parameters, form.value_type);
    let meaning = match shape(&form.name) {
        _ if says_nothing => Nothing,
        // What stands before each value is told once where that is long.
        Shape::List if head.len() <= HEAD_BYTES_MAX => List(form.values.iter().map(|value| format!("{head} {value:?}")).collect()),
        Shape::List => {
            let values: BTreeSet<String> = form.values.iter().map(|value| format!("{value:?}")).collect();
            One(format!("{head} {values:?}"))
        }
        _ => One(format!("{head} {:?}", form.values)),
    };
    ((name, which), meaning)
}

/// So many bytes of parameters stand before each value of a list: more would make too much of a hostile one.
const HEAD_BYTES_MAX: usize = 256;

pub(super) fn normalise_parameters(parameters: &mut Vec<(String, Vec<String>)>) {
    for (name, values) in parameters.iter_mut() {
        if WORDS.iter().any(|(known, _)| known == name) {
            values.iter_mut().for_each(|value| value.make_ascii_uppercase());
        } else if ADDRESSES.contains(&name.as_str()) {
            values.iter_mut().for_each(|value| *value = address(value));
            values.sort_unstable();
        }
    }
    let is_usual = |name: &str, value: &str| WORDS.iter().any(|(known, usual)| *known == name && *usual == value);
    parameters.retain(|(name, values)| !matches!(values.as_slice(), [one] if is_usual(name, one)));
    parameters.sort();
}

/// As calendar users compare: mail addresses have no case, paths have.
fn address(word: &str) -> String {
    CalendarUserAddress::of(word).map_or_else(String::new, |address| address.as_str().to_owned())
}

/// Numbers without signs and zeros that say nothing, words in capitals, all in an order.
fn normalise(parts: &mut Vec<(String, Vec<String>)>) {
    for (_, values) in parts.iter_mut() {
        values.iter_mut().for_each(|value| *value = part_value(value.trim()));
        values.sort();
        values.dedup();
    }
    parts.retain(|(name, values)| {
        !DEFAULT_PARTS.iter().any(|(known, value)| known == name && matches!(values.as_slice(), [one] if one == value))
    });
    parts.sort();
}

/// `+01MO` as `1MO`; a time has no sign and keeps its zeros.
fn part_value(value: &str) -> String {
    let (sign, rest) = match value.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", value.strip_prefix('+').unwrap_or(value)),
    };
    let number = rest.trim_start_matches(|character: char| character.is_ascii_digit());
    let digits = rest.get(..rest.len() - number.len()).unwrap_or_default();
    let bare = digits.trim_start_matches('0');
    let bare = if bare.is_empty() && !digits.is_empty() { "0" } else { bare };
    format!("{sign}{bare}{}", number.to_ascii_uppercase())
}

/// A moment in one spelling: what clients write for UTC and for a zone is kept apart, for it means different things after a change of rules.
fn spelt(moment: &Moment) -> String {
    let time = if moment.is_date { format_date(moment.local) } else { format_local(moment.local) };
    match &moment.place {
        Place::Floating => time,
        Place::Utc => format!("{time}Z"),
        Place::Zone(id) => format!("{time} {}", id.trim().trim_matches('"')),
    }
}

/// The end a duration comes to: days on the wall clock, the rest exact (RFC 5545 §3.3.6).
fn end_after(start: &Moment, duration: &str) -> Option<String> {
    let duration = Duration::parse(duration)?;
    let day = start.local + duration.days * DAY_SECONDS;
    let zone = match &start.place {
        Place::Zone(id) => Zone::from_name(id),
        Place::Utc | Place::Floating => None,
    };
    let local = zone.map_or(day + duration.seconds, |zone| zone.local_of(zone.utc_of(day) + duration.seconds * 1_000_000));
    Some(spelt(&Moment { local, ..start.clone() }))
}
