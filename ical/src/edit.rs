//! Editing: what is set, removed or added changes those lines alone; every other byte stays as it was.
//!
//! ```
//! use kalends_ical::{Document, Limits, edit::{Edit, Line}};
//!
//! let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nsummary:Old\r\nX-ODD:as  it \r\n was\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
//! let document = Document::parse(text.into(), &Limits::default())?;
//! let event = document.root().components().next().ok_or("an event")?;
//! let mut edit = Edit::of(&document);
//! edit.set(&event, Line::new("SUMMARY").text("New, and better"));
//! assert_eq!(String::from_utf8(edit.finish())?, text.replace("summary:Old", "SUMMARY:New\\, and better"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::HashMap;
use std::ops::Range;

use crate::component::{Component, Document};
use crate::content_line::LineSpan;
use crate::convert::{is_control, is_delimiter, parameter_value};
use crate::object::CalendarObject;
use crate::stream::write_folded;
use crate::value::escape;

/// A content line to be written (RFC 5545 §3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Nothing where it would be no property.
    name: Option<String>,
    parameters: String,
    value: String,
}

impl Line {
    /// A line without parameters and value. With what is no name of a property (RFC 5545 §3.1: letters, digits and hyphens, but not BEGIN
    /// and END) it is no line, and changes nothing: see [`Line::is_property`].
    pub fn new(name: &str) -> Self {
        let name = Some(name).filter(|name| is_token(name) && !is_delimiter(name)).map(str::to_owned);
        Self { name, parameters: String::new(), value: String::new() }
    }

    /// Whether its name is a property's, and those of its parameters are such: else it is not written.
    pub const fn is_property(&self) -> bool {
        self.name.is_some()
    }

    /// With a parameter, encoded by RFC 6868 and in quotes where it must be. With what is no name of one it is no line.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        if !is_token(name) {
            self.name = None;
        }
        let value: String = parameter_value(value).chars().filter(|c| !is_control(*c)).collect();
        self.parameters.push_str(&format!(";{name}={value}"));
        self
    }

    /// With a TEXT value, escaped (RFC 5545 §3.3.11).
    #[must_use]
    pub fn text(self, value: &str) -> Self {
        let escaped = escape(value);
        self.value(&escaped)
    }

    /// With a value that is written as it is, but for control characters: none can begin a line of its own.
    #[must_use]
    pub fn value(mut self, value: &str) -> Self {
        self.value = value.chars().filter(|c| !is_control(*c)).collect();
        self
    }

    /// Its name, and the line, folded.
    fn written(&self) -> Option<(&str, Vec<u8>)> {
        let name = self.name.as_deref()?;
        let mut text = Vec::new();
        write_folded(&format!("{name}{}:{}", self.parameters, self.value), &mut text);
        Some((name, text))
    }
}

/// iana-token and x-name (RFC 5545 §3.1).
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Changes to a text, gathered first and made together. Of what is asked for one property of a component the last holds.
pub struct Edit<'a> {
    bytes: &'a [u8],
    /// What stands where afterwards, in the order it was asked for; nothing where something else was asked for later.
    changes: Vec<Option<Change>>,
    /// Those about properties, by the component's number and the name in capitals.
    of_properties: HashMap<(usize, String), Vec<usize>>,
}

struct Change {
    place: Range<usize>,
    rank: Rank,
    text: Vec<u8>,
}

/// What comes first of changes at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    AddedProperty,
    AddedComponent,
    Replaced,
}

impl<'a> Edit<'a> {
    /// Of a document; nothing is changed before [`Edit::finish`].
    pub fn of(document: &'a Document) -> Self {
        Self { bytes: document.root().bytes(), changes: Vec::new(), of_properties: HashMap::new() }
    }

    /// Of a calendar object; its bytes stay as they are.
    pub fn of_object(object: &'a CalendarObject) -> Self {
        Self { bytes: object.bytes(), changes: Vec::new(), of_properties: HashMap::new() }
    }

    /// Gives a component one property of that name: where the first one stood, else behind its others. What was set or added before is gone.
    pub fn set(&mut self, component: &Component<'a>, line: Line) {
        let Some((name, text)) = line.written() else { return };
        self.forget(component, name);
        let mut spans = spans(component, name).into_iter();
        let place = spans.next();
        let rank = if place.is_some() { Rank::Replaced } else { Rank::AddedProperty };
        let place = place.unwrap_or_else(|| end_of_properties(component));
        self.change_property(component, name, Change { place, rank, text });
        spans.for_each(|span| self.change_property(component, name, cut(span)));
    }

    /// Gives a component one more property.
    pub fn add(&mut self, component: &Component<'a>, line: Line) {
        let Some((name, text)) = line.written() else { return };
        self.change_property(component, name, Change { place: end_of_properties(component), rank: Rank::AddedProperty, text });
    }

    /// Gives a component more properties, folded already.
    pub(crate) fn add_lines(&mut self, component: &Component<'a>, text: Vec<u8>) {
        self.changes.push(Some(Change { place: end_of_properties(component), rank: Rank::AddedProperty, text }));
    }

    /// Takes every property of that name from a component, those that were set or added as well; how many there were.
    pub fn remove(&mut self, component: &Component<'a>, name: &str) -> usize {
        let forgotten = self.forget(component, name);
        let changed = forgotten.iter().filter(|change| change.rank == Rank::Replaced).count();
        let written = forgotten.iter().filter(|change| !change.text.is_empty()).count();
        let spans = spans(component, name);
        let count = spans.len().saturating_sub(changed) + written;
        spans.into_iter().for_each(|span| self.change_property(component, name, cut(span)));
        count
    }

    /// Puts a component, from BEGIN to END, behind those inside another.
    pub fn add_component(&mut self, inside: &Component<'a>, text: &str) {
        let mut text = text.as_bytes().to_vec();
        if !text.ends_with(b"\n") {
            text.extend_from_slice(b"\r\n");
        }
        let end = inside.end_line_start();
        self.changes.push(Some(Change { place: end..end, rank: Rank::AddedComponent, text }));
    }

    /// Takes a component away with everything in it.
    pub fn remove_component(&mut self, component: &Component<'a>) {
        self.cut(component.range());
    }

    /// The text with its changes. A change inside a component that was taken away went with it.
    pub fn finish(self) -> Vec<u8> {
        // Stable: what was added to one place stands in the order it was added. A longer range first: it swallows those inside.
        let mut changes: Vec<Change> = self.changes.into_iter().flatten().collect();
        changes.sort_by_key(|change| (change.place.start, change.rank, std::cmp::Reverse(change.place.end)));
        let mut out = Vec::with_capacity(self.bytes.len() + 256);
        let mut at = 0;
        for Change { place, text, .. } in &changes {
            if place.start < at {
                continue;
            }
            out.extend_from_slice(self.bytes.get(at..place.start).unwrap_or_default());
            out.extend_from_slice(text);
            at = place.end;
        }
        out.extend_from_slice(self.bytes.get(at..).unwrap_or_default());
        out
    }

    pub(crate) fn cut(&mut self, place: Range<usize>) {
        self.changes.push(Some(cut(place)));
    }

    fn change_property(&mut self, component: &Component<'a>, name: &str, change: Change) {
        self.of_properties.entry((component.number(), name.to_ascii_uppercase())).or_default().push(self.changes.len());
        self.changes.push(Some(change));
    }

    /// Takes back what was asked for a property.
    fn forget(&mut self, component: &Component<'a>, name: &str) -> Vec<Change> {
        let asked = self.of_properties.remove(&(component.number(), name.to_ascii_uppercase())).unwrap_or_default();
        asked.into_iter().filter_map(|index| self.changes.get_mut(index).and_then(Option::take)).collect()
    }
}

const fn cut(place: Range<usize>) -> Change {
    Change { place, rank: Rank::Replaced, text: Vec::new() }
}

/// Behind a component's own properties, before the components inside.
fn end_of_properties(component: &Component<'_>) -> Range<usize> {
    let at = component.components().next().map_or_else(|| component.end_line_start(), |first| first.range().start);
    at..at
}

/// Where a component's own properties of that name stand, line ends included.
fn spans(component: &Component<'_>, name: &str) -> Vec<Range<usize>> {
    let bytes = component.bytes();
    let named = |span: &LineSpan| span.is_named(bytes, name);
    component.own_lines().filter(named).map(|span| span.start()..span.start() + span.raw(bytes).len()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    const TEXT: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nattendee:a\r\nSUMMARY:fol\r\n ded\r\nATTENDEE;CN=B:b\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nEND:VALARM\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:2\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    /// Edits the two events of a text.
    macro_rules! edited {
        (|$edit:ident, $root:ident, $first:ident, $second:ident| $body:block) => {{
            let document = Document::parse(TEXT.into(), &Limits::default()).unwrap();
            let mut $edit = Edit::of(&document);
            let ($root, mut events) = (document.root(), document.root().components());
            let ($first, $second) = (events.next().unwrap(), events.next().unwrap());
            let _ = (&$root, &$first, &$second);
            $body
            String::from_utf8($edit.finish()).unwrap()
        }};
    }

    #[test]
    fn nothing_changes_nothing() {
        assert_eq!(
            edited!(|edit, root, first, second| {
                edit.changes.clear();
            }),
            TEXT
        );
    }

    #[test]
    fn what_is_set_stands_where_it_stood_or_behind_the_others() {
        let text = edited!(|edit, root, first, second| {
            edit.set(&first, Line::new("SUMMARY").text("x"));
            edit.set(&first, Line::new("STATUS").value("CONFIRMED"));
            edit.set(&second, Line::new("SUMMARY").text("y"));
        });
        let wanted = TEXT.replace("SUMMARY:fol\r\n ded\r\n", "SUMMARY:x\r\n").replace("CN=B:b\r\n", "CN=B:b\r\nSTATUS:CONFIRMED\r\n");
        assert_eq!(text, wanted.replace("UID:2\r\n", "UID:2\r\nSUMMARY:y\r\n"));
    }

    #[test]
    fn setting_leaves_one_of_several_and_removing_none() {
        let text = edited!(|edit, root, first, second| {
            edit.set(&first, Line::new("ATTENDEE").value("c"));
        });
        assert_eq!(text, TEXT.replace("attendee:a", "ATTENDEE:c").replace("ATTENDEE;CN=B:b\r\n", ""));
        let text = edited!(|edit, root, first, second| {
            assert_eq!(edit.remove(&first, "ATTENDEE"), 2);
        });
        assert_eq!(text, TEXT.replace("attendee:a\r\n", "").replace("ATTENDEE;CN=B:b\r\n", ""));
    }

    #[test]
    fn properties_stand_before_components_whatever_was_added_first() {
        let text = edited!(|edit, root, first, second| {
            edit.add_component(&second, "BEGIN:VALARM\r\nEND:VALARM");
            edit.add(&second, Line::new("COMMENT").text("one"));
            edit.add(&second, Line::new("COMMENT").text("two"));
            edit.add_component(&root, "BEGIN:VEVENT\r\nUID:3\r\nEND:VEVENT\r\n");
        });
        let wanted = "UID:2\r\nCOMMENT:one\r\nCOMMENT:two\r\nBEGIN:VALARM\r\nEND:VALARM\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:3\r\n";
        assert_eq!(text, TEXT.replace("UID:2\r\n", wanted));
    }

    #[test]
    fn what_is_inside_a_removed_component_goes_with_it() {
        let text = edited!(|edit, root, first, second| {
            edit.set(&first, Line::new("SUMMARY").text("gone"));
            edit.add(&first, Line::new("COMMENT").text("gone"));
            edit.remove_component(&first);
            edit.add(&root, Line::new("METHOD").value("PUBLISH"));
        });
        assert_eq!(text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:PUBLISH\r\nBEGIN:VEVENT\r\nUID:2\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    }

    #[test]
    fn no_value_begins_a_line_of_its_own() {
        let text = edited!(|edit, root, first, second| {
            edit.set(&second, Line::new("URL").parameter("X-A", "1\r\nATTENDEE:x").value("u\r\nATTENDEE:y\u{7f}"));
            edit.add(&second, Line::new("SUMMARY").text("a\r\nb\u{85}\0"));
            edit.add(&second, Line::new("COMMENT"));
        });
        let wanted = "UID:2\r\nURL;X-A=\"1^n^nATTENDEE:x\":uATTENDEE:y\r\nSUMMARY:a\\nb\u{85}\r\nCOMMENT:\r\n";
        assert_eq!(text, TEXT.replace("UID:2\r\n", wanted));
    }

    #[test]
    fn rfc5545_s3_1_what_is_no_property_changes_nothing() {
        for name in ["BEGIN", "end", "", "A B", "A:B", "A;B=c", "A_B", "\u{e4}", "SUM\r\nMARY"] {
            let parameter = Line::new("SUMMARY").parameter(name, "x").value("y");
            let is_parameter = name.eq_ignore_ascii_case("BEGIN") || name.eq_ignore_ascii_case("END");
            assert!(!Line::new(name).is_property() && parameter.is_property() == is_parameter, "{name:?}");
            let text = edited!(|edit, root, first, second| {
                edit.set(&first, Line::new(name).value("VALARM"));
                edit.add(&second, Line::new(name).text("VALARM"));
                if !is_parameter {
                    edit.set(&first, parameter);
                }
            });
            assert_eq!(text, TEXT, "{name:?}");
        }
    }

    #[test]
    fn what_is_asked_last_for_a_property_holds() {
        let line = |name: &str, value: &str| Line::new(name).value(value);
        let text = edited!(|edit, root, first, second| {
            // Set twice, where it stood and where it is new.
            edit.set(&first, line("SUMMARY", "one"));
            edit.set(&first, line("summary", "two"));
            edit.set(&first, line("STATUS", "one"));
            edit.set(&first, line("STATUS", "two"));
            // Set, then removed; removed, then set.
            edit.set(&first, line("UID", "x"));
            assert_eq!(edit.remove(&first, "uid"), 1);
            assert_eq!(edit.remove(&first, "UID"), 0);
            assert_eq!(edit.remove(&first, "ATTENDEE"), 2);
            edit.set(&first, line("ATTENDEE", "c"));
            // Set after added, added after set, removed after added.
            edit.add(&second, line("COMMENT", "one"));
            edit.set(&second, line("COMMENT", "two"));
            edit.add(&second, line("COMMENT", "three"));
            edit.add(&second, line("UID", "more"));
            edit.set(&second, line("UID", "only"));
            edit.add(&second, line("URL", "x"));
            assert_eq!(edit.remove(&second, "URL"), 1);
            // The same name elsewhere is another property.
            edit.set(&root, line("COMMENT", "four"));
        });
        let wanted = TEXT
            .replace("SUMMARY:fol\r\n ded\r\n", "summary:two\r\n")
            .replace("ATTENDEE;CN=B:b\r\n", "STATUS:two\r\n")
            .replace("UID:1\r\nattendee:a\r\n", "ATTENDEE:c\r\n")
            .replace("UID:2\r\n", "UID:only\r\nCOMMENT:two\r\nCOMMENT:three\r\n")
            .replacen("VERSION:2.0\r\n", "VERSION:2.0\r\nCOMMENT:four\r\n", 1);
        assert_eq!(text, wanted);
    }

    #[test]
    fn added_and_then_removed_or_set_leaves_what_stood_as_asked() {
        let text = edited!(|edit, root, first, second| {
            assert_eq!(edit.remove(&second, "UID"), 1);
            edit.add(&second, Line::new("UID").value("3"));
            assert_eq!(edit.remove(&first, "SUMMARY"), 1);
            edit.add(&first, Line::new("SUMMARY").value("a"));
            assert_eq!(edit.remove(&first, "SUMMARY"), 1);
        });
        assert_eq!(text, TEXT.replace("UID:2", "UID:3").replace("SUMMARY:fol\r\n ded\r\n", ""));
    }
}
