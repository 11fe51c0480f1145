//! What a line means, whatever way it is written.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::civil::DAY_SECONDS;
use crate::component::Component;
use crate::content_line::Property;
use crate::convert::{Abstract, Value};
use crate::date::{format_date, format_local};
use crate::value::{Duration, Moment, Place};
use crate::zone::Zone;

/// What entries are compared by: a name, and which of several (an attendee by its address, an alarm by its UID).
pub(super) type Key = (String, String);

/// A property or an inner component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The same for lines that say the same.
    pub meaning: String,
    /// As written, unfolded.
    pub line: String,
    /// Where it stands, line ends included.
    pub place: Range<usize>,
}

/// Parameters that say what holds without them (RFC 5545 §3.2).
const DEFAULTS: &[(&str, &str)] = &[
    ("cutype", "INDIVIDUAL"),
    ("role", "REQ-PARTICIPANT"),
    ("partstat", "NEEDS-ACTION"),
    ("rsvp", "FALSE"),
    ("fbtype", "BUSY"),
    ("related", "START"),
    ("reltype", "PARENT"),
];
/// Parts of a rule that say what holds without them (RFC 5545 §3.3.10).
const DEFAULT_PARTS: &[(&str, &str)] = &[("interval", "1"), ("wkst", "MO"), ("rscale", "GREGORIAN"), ("skip", "OMIT")];

/// The properties and inner components of a component, by their keys.
pub(super) fn entries(component: &Component<'_>) -> BTreeMap<Key, Vec<Entry>> {
    let mut entries: BTreeMap<Key, Vec<Entry>> = BTreeMap::new();
    let bytes = component.bytes();
    let start = component.property("DTSTART").and_then(|property| Moment::of(&property));
    for span in component.own_lines() {
        let Ok(property) = Property::parse(span.unfolded(bytes), usize::MAX) else { continue };
        let (key, meaning) = meaning_of(&property, start.as_ref());
        let place = span.start()..span.start() + span.raw(bytes).len();
        entries.entry(key).or_default().push(Entry { meaning, line: property.line().into_owned(), place });
    }
    for inside in component.components() {
        let uid = inside.property("UID").map(|uid| uid.value().into_owned()).unwrap_or_default();
        let line = String::from_utf8_lossy(inside.raw()).into_owned();
        let entry = Entry { meaning: meaning_of_component(&inside), line, place: inside.range() };
        entries.entry((inside.name().to_owned(), uid)).or_default().push(entry);
    }
    entries
}

/// As deep as the tree is, which the limits bound.
fn meaning_of_component(component: &Component<'_>) -> String {
    let entries = entries(component);
    let mut meanings: Vec<&str> = entries.values().flatten().map(|entry| entry.meaning.as_str()).collect();
    meanings.sort_unstable();
    format!("{}{meanings:?}", component.name())
}

fn meaning_of(property: &Property<'_>, start: Option<&Moment>) -> (Key, String) {
    let mut form = Abstract::of(property);
    let name = form.name.to_ascii_uppercase();
    let moment = || Moment::of(property);
    let meaning = match name.as_str() {
        "DTSTART" | "RECURRENCE-ID" => moment().map(|moment| spelt(&moment)),
        "DTEND" | "DUE" => moment().map(|moment| spelt(&moment)),
        // The end it comes to; without a start it stays a duration.
        "DURATION" => start.and_then(|start| end_after(start, &property.value())),
        _ => None,
    };
    if let Some(meaning) = meaning {
        let name = if name == "DURATION" { "DTEND".to_owned() } else { name };
        let range = property.parameter("RANGE").unwrap_or_default();
        return ((name, String::new()), format!("{meaning}{range}"));
    }
    form.parameters.retain(|(name, values)| {
        !DEFAULTS.iter().any(|(known, value)| known == name && matches!(values.as_slice(), [one] if one.eq_ignore_ascii_case(value)))
    });
    form.parameters.sort();
    for value in &mut form.values {
        match value {
            Value::Recur(parts) => normalise(parts),
            Value::Word(word) if form.value_type == "cal-address" => *word = address(word),
            _ => {}
        }
    }
    let which = match (name.as_str(), form.values.first()) {
        ("ATTENDEE", Some(Value::Word(address))) => address.clone(),
        _ => String::new(),
    };
    let mut values: Vec<String> = form.values.iter().map(|value| format!("{value:?}")).collect();
    values.sort();
    ((name, which), format!("{:?} {} {values:?}", form.parameters, form.value_type))
}

fn address(word: &str) -> String {
    word.trim().to_lowercase()
}

fn normalise(parts: &mut Vec<(String, Vec<String>)>) {
    parts.retain(|(name, values)| {
        !DEFAULT_PARTS.iter().any(|(known, value)| known == name && matches!(values.as_slice(), [one] if one == value))
    });
    for (_, values) in parts.iter_mut() {
        values.iter_mut().for_each(|value| *value = value.trim_start_matches('+').to_ascii_uppercase());
        values.sort();
    }
    parts.sort();
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
