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

use std::ops::Range;

use crate::component::{Component, Document};
use crate::content_line::LineSpan;
use crate::object::CalendarObject;
use crate::stream::write_folded;
use crate::value::escape;

/// A content line to be written (RFC 5545 §3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    name: String,
    text: String,
}

impl Line {
    /// A line without parameters and value. What is no name of a property (RFC 5545 §3.1) is left out of it.
    pub fn new(name: &str) -> Self {
        let name = name_characters(name);
        Self { text: name.clone(), name }
    }

    /// With a parameter, encoded by RFC 6868 and in quotes where it must be.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        let value: String = crate::convert::parameter_value(value).chars().filter(|c| !c.is_control()).collect();
        self.text.push_str(&format!(";{}={value}", name_characters(name)));
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
        self.text.push(':');
        self.text.extend(value.chars().filter(|c| !c.is_control() || *c == '\t'));
        self
    }

    fn write(&self, out: &mut Vec<u8>) {
        write_folded(&self.text, out);
    }
}

fn name_characters(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

/// Changes to a text, gathered first and made together.
pub struct Edit<'a> {
    bytes: &'a [u8],
    /// What stands where afterwards, in the order it was asked for.
    changes: Vec<Change>,
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
        Self { bytes: document.root().bytes(), changes: Vec::new() }
    }

    /// Of a calendar object; its bytes stay as they are.
    pub fn of_object(object: &'a CalendarObject) -> Self {
        Self { bytes: object.bytes(), changes: Vec::new() }
    }

    /// Gives a component one property of that name: where the first one stood, else behind its others.
    pub fn set(&mut self, component: &Component<'a>, line: Line) {
        let mut text = Vec::new();
        line.write(&mut text);
        let mut spans = spans(component, &line.name).into_iter();
        match spans.next() {
            Some(first) => self.changes.push(Change { place: first, rank: Rank::Replaced, text }),
            None => self.insert(component, text),
        }
        spans.for_each(|span| self.cut(span));
    }

    /// Gives a component one more property.
    pub fn add(&mut self, component: &Component<'a>, line: Line) {
        let mut text = Vec::new();
        line.write(&mut text);
        self.insert(component, text);
    }

    /// Gives a component more properties, folded already.
    pub(crate) fn add_lines(&mut self, component: &Component<'a>, text: Vec<u8>) {
        self.insert(component, text);
    }

    /// Takes every property of that name from a component; how many there were.
    pub fn remove(&mut self, component: &Component<'a>, name: &str) -> usize {
        let spans = spans(component, name);
        let count = spans.len();
        spans.into_iter().for_each(|span| self.cut(span));
        count
    }

    /// Puts a component, from BEGIN to END, behind those inside another.
    pub fn add_component(&mut self, inside: &Component<'a>, text: &str) {
        let mut text = text.as_bytes().to_vec();
        if !text.ends_with(b"\n") {
            text.extend_from_slice(b"\r\n");
        }
        let end = inside.end_line_start();
        self.changes.push(Change { place: end..end, rank: Rank::AddedComponent, text });
    }

    /// Takes a component away with everything in it.
    pub fn remove_component(&mut self, component: &Component<'a>) {
        self.cut(component.range());
    }

    /// The text with its changes. A change inside a component that was taken away went with it.
    pub fn finish(mut self) -> Vec<u8> {
        // Stable: what was added to one place stands in the order it was added. A longer range first: it swallows those inside.
        self.changes.sort_by_key(|change| (change.place.start, change.rank, std::cmp::Reverse(change.place.end)));
        let mut out = Vec::with_capacity(self.bytes.len() + 256);
        let mut at = 0;
        for Change { place, text, .. } in &self.changes {
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

    /// Behind a component's own properties, before the components inside.
    fn insert(&mut self, component: &Component<'a>, text: Vec<u8>) {
        let at = component.components().next().map_or_else(|| component.end_line_start(), |first| first.range().start);
        self.changes.push(Change { place: at..at, rank: Rank::AddedProperty, text });
    }

    pub(crate) fn cut(&mut self, place: Range<usize>) {
        self.changes.push(Change { place, rank: Rank::Replaced, text: Vec::new() });
    }
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
            edit.set(&second, Line::new("URL").parameter("X-A", "1\r\nATTENDEE:x").value("u\r\nATTENDEE:y"));
            edit.add(&second, Line::new("SUM\r\nMARY").text("a\r\nb"));
        });
        assert_eq!(text, TEXT.replace("UID:2\r\n", "UID:2\r\nURL;X-A=\"1^n^nATTENDEE:x\":uATTENDEE:y\r\nSUMMARY:a\\nb\r\n"));
    }
}
