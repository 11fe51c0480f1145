//! Three-way merge: what they changed since the base is done to ours, line by line.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::meaning::{Entry, Key, entries, normalise_parameters, same};
use super::{Part, parts};
use crate::component::Component;
use crate::content_line::Property;
use crate::convert::{Abstract, Value};
use crate::edit::Edit;
use crate::object::CalendarObject;
use crate::stream::write_folded;

/// Two versions in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// Ours with what they changed; where both changed the same thing, ours.
    pub bytes: Vec<u8>,
    /// Where both changed the same thing differently.
    pub conflicts: Vec<Conflict>,
}

/// What both sides changed, differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Where.
    pub part: Part,
    /// What: a property's name, a component's, or `*` for a whole part.
    pub name: String,
    /// Lines of ours, which were kept.
    pub ours: Vec<String>,
    /// Lines of theirs.
    pub theirs: Vec<String>,
}

/// Properties that make sense together only: when it is.
const TOGETHER: &[&str] = &["DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "RDATE"];
/// Of these the later or larger one holds.
const LATEST: &[&str] = &["DTSTAMP", "LAST-MODIFIED", "SEQUENCE"];
/// Lists that are merged value by value.
const SETS: &[&str] = &["CATEGORIES", "EXDATE", "RESOURCES"];

/// Merges what was changed between `base` and `theirs` into `ours`. The three share a UID; a base that is none of their ancestors only makes
/// for more conflicts.
pub fn merge(base: &CalendarObject, ours: &CalendarObject, theirs: &CalendarObject) -> Merged {
    let mut edit = Edit::of_object(ours);
    let mut conflicts = Vec::new();
    let (base_parts, our_parts, their_parts) = (parts(base), parts(ours), parts(theirs));
    let keys: BTreeSet<&Part> = base_parts.keys().chain(our_parts.keys()).chain(their_parts.keys()).collect();
    for part in keys {
        let mut conflict = |name: &str, ours: Vec<String>, theirs: Vec<String>| {
            conflicts.push(Conflict { part: part.clone(), name: name.to_owned(), ours, theirs });
        };
        match (base_parts.get(part), our_parts.get(part), their_parts.get(part)) {
            // A task is no version of an event.
            (_, Some(our), Some(their)) if our.name() != their.name() => conflict("*", super::lines_of(our), super::lines_of(their)),
            (base, Some(our), Some(their)) => {
                let base = base.map(entries).unwrap_or_default();
                merge_part(part, base, our, their, &mut edit, &mut conflict);
            }
            // They added it, and we have never had it.
            (None, None, Some(their)) => edit.add_component(&ours.root(), &text_of(their)),
            // We removed it. What they changed since is lost on that, and told.
            (Some(base), None, Some(their)) if !is_same(base, their) => conflict("*", Vec::new(), super::lines_of(their)),
            // They removed it.
            (Some(base), Some(our), None) if is_same(base, our) => edit.remove_component(our),
            (Some(_), Some(our), None) => conflict("*", super::lines_of(our), Vec::new()),
            _ => {}
        }
    }
    Merged { bytes: edit.finish(), conflicts }
}

type Entries = BTreeMap<Key, Vec<Entry>>;

fn merge_part<'a>(
    part: &Part,
    base: Entries,
    our: &Component<'a>,
    their: &Component<'_>,
    edit: &mut Edit<'a>,
    conflict: &mut impl FnMut(&str, Vec<String>, Vec<String>),
) {
    let [base, ours, theirs] = [base, entries(our), entries(their)].map(|entries| grouped(part, entries));
    let keys: BTreeSet<&Key> = base.keys().chain(ours.keys()).chain(theirs.keys()).collect();
    for key in keys {
        let of = |entries: &Entries| entries.get(key).cloned().unwrap_or_default();
        let (base, ours, theirs) = (of(&base), of(&ours), of(&theirs));
        if same(&theirs, &base) || same(&theirs, &ours) {
            continue;
        }
        let name = key.0.as_str();
        if same(&ours, &base) {
            replace(edit, our, &ours, &theirs);
        } else if LATEST.contains(&name) {
            if latest(&theirs) > latest(&ours) {
                replace(edit, our, &ours, &theirs);
            }
        } else if let Some(lines) = SETS.contains(&name).then(|| merged_lists([&base, &ours, &theirs])).flatten() {
            ours.iter().for_each(|entry| edit.cut(entry.place.clone()));
            edit.add_lines(our, lines);
        } else {
            let lines = |entries: &[Entry]| entries.iter().map(|entry| entry.line.clone()).collect();
            conflict(name, lines(&ours), lines(&theirs));
        }
    }
}

/// Entries by what is merged as one: when it is, the alarms, each attendee, each name.
fn grouped(part: &Part, entries: Entries) -> Entries {
    let mut groups = Entries::new();
    for ((name, which), mut found) in entries {
        if *part == Part::Calendar && crate::ComponentKind::from_name(&name).is_some() {
            continue;
        }
        let key = if TOGETHER.contains(&name.as_str()) { ("DTSTART".to_owned(), String::new()) } else { (name, which) };
        groups.entry(key).or_default().append(&mut found);
    }
    groups
}

fn is_same(one: &Component<'_>, other: &Component<'_>) -> bool {
    let [one, other] = [one, other].map(|component| {
        let mut entries = entries(component);
        entries.retain(|(name, _), _| !super::BOOKKEEPING.contains(&name.as_str()));
        entries.into_values().flatten().collect::<Vec<_>>()
    });
    same(&one, &other)
}

/// Theirs where ours stood. Lines are theirs as they wrote them.
fn replace<'a>(edit: &mut Edit<'a>, component: &Component<'a>, ours: &[Entry], theirs: &[Entry]) {
    ours.iter().for_each(|entry| edit.cut(entry.place.clone()));
    for entry in theirs {
        let is_component = entry.line.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("BEGIN:"));
        if is_component {
            edit.add_component(component, &entry.line);
        } else {
            let mut text = Vec::new();
            write_folded(&entry.line, &mut text);
            edit.add_lines(component, text);
        }
    }
}

fn latest(entries: &[Entry]) -> (usize, String) {
    let value = entries.iter().map(|entry| entry.line.rsplit(':').next().unwrap_or_default().to_owned()).max().unwrap_or_default();
    // A number with more digits is larger; times have all the same length.
    (value.len(), value)
}

/// Ours, without what they took out, with what they put in: lines, folded. `None` where a value cannot be written anew, because it holds what
/// none should.
fn merged_lists([base, ours, theirs]: [&[Entry]; 3]) -> Option<Vec<u8>> {
    let mut ways = Ways::default();
    let [base_values, our_values, their_values] = [base, ours, theirs].map(|entries| ways.values(entries));
    let removed = |value: &Listed| base_values.contains_key(value) && !their_values.contains_key(value);
    let added = their_values.iter().filter(|(value, _)| !base_values.contains_key(*value));
    let kept = our_values.iter().filter(|(value, _)| !removed(value));
    let all: BTreeMap<&Listed, &Value> = kept.chain(added).collect();
    for ((way, _), value) in all {
        ways.lines.get_mut(*way)?.values.push(value.clone());
    }
    let mut text = Vec::new();
    for line in ways.lines.iter().filter(|line| !line.values.is_empty()) {
        line.write(&mut text).ok()?;
    }
    Some(text)
}

/// A value of a list: the number of the way it is written in, and what it says.
type Listed = (usize, String);

/// A line for each way of writing: zones and types differ between lines.
#[derive(Default)]
struct Ways {
    numbers: HashMap<String, usize>,
    lines: Vec<Abstract>,
}

impl Ways {
    /// Each value of some list lines, by what it means.
    fn values(&mut self, entries: &[Entry]) -> BTreeMap<Listed, Value> {
        let mut values = BTreeMap::new();
        for entry in entries {
            let Ok(property) = Property::parse(entry.line.as_bytes().into(), usize::MAX) else { continue };
            let mut form = Abstract::of(&property);
            let of_line = std::mem::take(&mut form.values);
            let mut parameters = form.parameters.clone();
            normalise_parameters(&mut parameters);
            let number = *self.numbers.entry(format!("{parameters:?} {}", form.value_type)).or_insert_with(|| {
                self.lines.push(form);
                self.lines.len() - 1
            });
            values.extend(of_line.into_iter().map(|value| ((number, format!("{value:?}")), value)));
        }
        values
    }
}

fn text_of(component: &Component<'_>) -> String {
    String::from_utf8_lossy(&crate::stream::refold(component.raw())).into_owned()
}
