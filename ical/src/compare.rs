//! What two versions of an object differ in, by meaning: not in the order of lines, parameters and values of a list, in folding, in the case
//! of names and enumerated values, in what holds anyway (INTERVAL=1, CLASS:PUBLIC), or in whether an end is written as DTEND or as DURATION.
//!
//! ```
//! use bytes::Bytes;
//! use kalends_ical::compare::{diff, merge};
//! use kalends_ical::{CalendarObject, Limits};
//!
//! let event = |lines: &str| {
//!     let text = format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260105T090000Z\r\n{lines}END:VEVENT\r\nEND:VCALENDAR\r\n");
//!     CalendarObject::parse(Bytes::from(text), &Limits::default())
//! };
//! let base = event("DTEND:20260105T100000Z\r\nSUMMARY:Planning\r\n")?;
//! let ours = event("SUMMARY:Planning\r\nDURATION:PT1H\r\nLOCATION:Room 4\r\n")?;
//! let theirs = event("DTEND:20260105T100000Z\r\nSUMMARY:Review\r\n")?;
//!
//! let names: Vec<String> = diff(&base, &ours).into_iter().map(|difference| difference.name).collect();
//! assert_eq!(names, ["LOCATION"]);
//! let merged = merge(&base, &ours, &theirs);
//! assert!(merged.conflicts.is_empty());
//! let merged = String::from_utf8(merged.bytes)?;
//! assert!(merged.contains("SUMMARY:Review\r\n") && merged.contains("LOCATION:Room 4\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod meaning;
mod merge;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::component::Component;
use crate::filter::{BoundReached, Work};
use crate::object::CalendarObject;
use crate::value::Moment;
use crate::zone::Zone;
use crate::{UtcMicros, date};
use meaning::{Entry, Meaning, entries, same};
pub use merge::{Conflict, Merged, merge};

/// Which component of an object: the series (or the only event), or an override by its RECURRENCE-ID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The component without RECURRENCE-ID: all instances that have no override.
    Series,
    /// One instance, by its RECURRENCE-ID: UTC, or as written where it hangs in no zone.
    Instance(String),
    /// This instance and all after it (RANGE=THISANDFUTURE).
    Future(String),
    /// Properties of the VCALENDAR.
    Calendar,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Series => f.write_str("series"),
            Self::Instance(id) => write!(f, "instance {id}"),
            Self::Future(id) => write!(f, "instances from {id} on"),
            Self::Calendar => f.write_str("calendar"),
        }
    }
}

/// One thing that is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where.
    pub part: Part,
    /// What: a property's name, `VALARM` or another component's, or `*` for a whole part that came or went.
    pub name: String,
    /// Content lines as they were, unfolded; none where it is new.
    pub before: Vec<String>,
    /// Content lines as they are.
    pub after: Vec<String>,
}

/// Properties that tell of the act of writing, not of the event (RFC 5545 §3.8.7).
pub const BOOKKEEPING: &[&str] = &["DTSTAMP", "LAST-MODIFIED", "CREATED", "SEQUENCE", "PRODID"];

impl Difference {
    /// Whether it is about the event, not about the act of writing it.
    pub fn matters(&self) -> bool {
        !BOOKKEEPING.contains(&self.name.as_str())
    }
}

/// An instance that is not in both versions at the same time. UTC microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstanceDifference {
    /// Its RECURRENCE-ID, or its start where it does not recur.
    pub recurrence_id: UtcMicros,
    /// When it was, if it was.
    pub before: Option<(UtcMicros, UtcMicros)>,
    /// When it is, if it is.
    pub after: Option<(UtcMicros, UtcMicros)>,
}

/// What the second version changes in the first, part by part and name by name; nothing where they mean the same.
pub fn diff(before: &CalendarObject, after: &CalendarObject) -> Vec<Difference> {
    let (before, after) = (parts(before), parts(after));
    let keys: BTreeSet<&Part> = before.keys().chain(after.keys()).collect();
    let mut differences = Vec::new();
    for part in keys {
        match (before.get(part), after.get(part)) {
            (Some(old), Some(new)) if old.name() == new.name() => compare(part, old, new, &mut differences),
            (old, new) => differences.push(Difference {
                part: part.clone(),
                name: "*".to_owned(),
                before: old.map(lines_of).unwrap_or_default(),
                after: new.map(lines_of).unwrap_or_default(),
            }),
        }
    }
    differences
}

/// Instances within a window (UTC microseconds) that come, go or move; floating times are read in `floating`.
///
/// # Errors
/// [`BoundReached`] where a rule gives more instances than may be walked.
pub fn diff_instances(
    before: &CalendarObject,
    after: &CalendarObject,
    window: (UtcMicros, UtcMicros),
    floating: &Zone,
) -> Result<Vec<InstanceDifference>, BoundReached> {
    let (before, after) = (times(before, window, floating)?, times(after, window, floating)?);
    let ids: BTreeSet<UtcMicros> = before.keys().chain(after.keys()).copied().collect();
    let one = |id| InstanceDifference { recurrence_id: id, before: before.get(&id).copied(), after: after.get(&id).copied() };
    Ok(ids.into_iter().map(one).filter(|difference| difference.before != difference.after).collect())
}

type Times = BTreeMap<UtcMicros, (UtcMicros, UtcMicros)>;

fn times(object: &CalendarObject, window: (UtcMicros, UtcMicros), floating: &Zone) -> Result<Times, BoundReached> {
    let mut times = Times::new();
    let work = Work::new();
    object.series(floating).visit(window, &work, |instance| {
        if instance.ends >= window.0 && instance.begins < window.1 {
            let id = instance.recurrence_id.as_ref().map_or(instance.begins, |(_, at)| *at);
            times.insert(id, (instance.begins, instance.ends));
        }
        true
    })?;
    Ok(times)
}

/// The components an object is about, and the calendar around them.
fn parts(object: &CalendarObject) -> BTreeMap<Part, Component<'_>> {
    let mut parts: BTreeMap<Part, Component<'_>> =
        object.main_components().map(|component| (part_of(object, &component), component)).collect();
    parts.insert(Part::Calendar, object.root());
    parts
}

fn part_of(object: &CalendarObject, component: &Component<'_>) -> Part {
    let Some(property) = component.property("RECURRENCE-ID") else { return Part::Series };
    let id = match Moment::of(&property) {
        Some(moment) if !moment.is_date && !matches!(moment.place, crate::value::Place::Floating) => {
            date::format_utc(crate::instances::Resolved::new(&moment, object, &Zone::utc()).utc())
        }
        _ => property.value().trim().to_owned(),
    };
    let future = property.parameter("RANGE").is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE"));
    if future { Part::Future(id) } else { Part::Instance(id) }
}

fn compare(part: &Part, before: &Component<'_>, after: &Component<'_>, differences: &mut Vec<Difference>) {
    let (mut old, mut new) = (entries(before), entries(after));
    if *part == Part::Calendar {
        // What the calendar is about is compared part by part.
        old.retain(|(name, _), _| crate::ComponentKind::from_name(name).is_none());
        new.retain(|(name, _), _| crate::ComponentKind::from_name(name).is_none());
    }
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).cloned().collect();
    for key in keys {
        let (before, after) = (old.remove(&key).unwrap_or_default(), new.remove(&key).unwrap_or_default());
        if !same(&before, &after) {
            let (gone, come) = (beyond(&before, &after), beyond(&after, &before));
            differences.push(Difference { part: part.clone(), name: key.0, before: gone, after: come });
        }
    }
}

/// Lines of some entries that others do not have, or not so often.
fn beyond(entries: &[Entry], others: &[Entry]) -> Vec<String> {
    let mut left: HashMap<&Meaning, usize> = HashMap::new();
    others.iter().for_each(|entry| *left.entry(&entry.meaning).or_default() += 1);
    let is_beyond = |entry: &&Entry| match left.get_mut(&entry.meaning) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => entry.meaning != Meaning::Nothing,
    };
    entries.iter().filter(is_beyond).map(|entry| entry.line.clone()).collect()
}

fn lines_of(component: &Component<'_>) -> Vec<String> {
    component.properties().map(|property| property.line().into_owned()).collect()
}
