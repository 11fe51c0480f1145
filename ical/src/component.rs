//! The component tree: flat, without recursion, as ranges over the content lines.
//!
//! ```
//! use kalends_ical::{Document, Limits};
//!
//! let text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:One\nBEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n";
//! let document = Document::parse(text.into(), &Limits::default())?;
//! let event = document.root().components().next().ok_or("an event")?;
//! let summary = event.property("summary").ok_or("a summary")?;
//! assert_eq!((event.name(), &*summary.value()), ("VEVENT", "One"));
//! assert_eq!(event.components().count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;

use crate::Limits;
use crate::content_line::{LineErrorKind, LineSpan, Lines, Property, line_and_column};
use crate::object::{ObjectRefusal, ObjectRule};

/// The kinds of components an object resource may be made of (RFC 4791 §4.1, RFC 7953 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum ComponentKind {
    /// VEVENT.
    Event,
    /// VTODO.
    Todo,
    /// VJOURNAL.
    Journal,
    /// VFREEBUSY.
    FreeBusy,
    /// VAVAILABILITY.
    Availability,
}

const KINDS: [(ComponentKind, &str); 5] = [
    (ComponentKind::Event, "VEVENT"),
    (ComponentKind::Todo, "VTODO"),
    (ComponentKind::Journal, "VJOURNAL"),
    (ComponentKind::FreeBusy, "VFREEBUSY"),
    (ComponentKind::Availability, "VAVAILABILITY"),
];

impl ComponentKind {
    /// `VEVENT`, …
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "VEVENT",
            Self::Todo => "VTODO",
            Self::Journal => "VJOURNAL",
            Self::FreeBusy => "VFREEBUSY",
            Self::Availability => "VAVAILABILITY",
        }
    }

    /// The kind of that name; case does not matter. `None` for components that stand beside or inside those, such as VTIMEZONE.
    pub fn from_name(name: &str) -> Option<Self> {
        KINDS.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(kind, _)| *kind)
    }
}

/// The content lines of a text, and the components they make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree {
    bytes: Bytes,
    lines: Vec<LineSpan>,
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    /// In capitals.
    name: Cow<'static, str>,
    parent: Option<usize>,
    /// From BEGIN to END.
    lines: Range<usize>,
}

/// Components that nearly every object is made of: their names need no room of their own.
const NAMES: [&str; 13] = [
    "VCALENDAR",
    "VEVENT",
    "VALARM",
    "VTIMEZONE",
    "STANDARD",
    "DAYLIGHT",
    "VTODO",
    "VJOURNAL",
    "VFREEBUSY",
    "VAVAILABILITY",
    "AVAILABLE",
    "PARTICIPANT",
    "VLOCATION",
];
/// Bytes of a content line at the least, on average: room for them is made at once.
const LINE_BYTES: usize = 24;
const LINES_AT_ONCE_MAX: usize = 4_096;

impl Tree {
    /// Reads one component with everything in it.
    pub(crate) fn parse(bytes: Bytes, limits: &Limits) -> Result<Self, ObjectRefusal> {
        if bytes.len() > limits.object_bytes_max {
            let message = format!("the object has {} bytes, at most {} are taken", bytes.len(), limits.object_bytes_max);
            return Err(ObjectRefusal { rule: ObjectRule::MaxResourceSize, place: None, message });
        }
        if u32::try_from(bytes.len()).is_err() {
            return Err(bad("the object has 4 GiB or more, which are not read at once".to_owned()));
        }
        let expected = (bytes.len() / LINE_BYTES + 1).min(LINES_AT_ONCE_MAX);
        let mut tree = Self { lines: Vec::with_capacity(expected), nodes: Vec::with_capacity(8), bytes };
        tree.read(limits)?;
        Ok(tree)
    }

    fn read(&mut self, limits: &Limits) -> Result<(), ObjectRefusal> {
        let bytes = self.bytes.clone();
        // A fold may split a character (T8): then each line is looked at unfolded.
        let is_utf8 = std::str::from_utf8(&bytes).is_ok();
        let (mut open, mut levels) = (None, 0);
        let mut lines = Lines::new(&bytes);
        while let Some(span) = lines.next() {
            let at = |unfolded: usize, what: &str| bad_at(&bytes, span.place_of(&bytes, unfolded), what);
            if self.lines.len() >= limits.properties_max {
                return Err(at(0, &format!("the object has more than {} lines", limits.properties_max)));
            }
            if lines.longest > limits.line_bytes_max {
                return Err(at(0, &format!("the line is longer than {} bytes: it must be folded", limits.line_bytes_max)));
            }
            if let (false, Err(error)) = (is_utf8, std::str::from_utf8(&span.unfolded(&bytes))) {
                // RFC 5545 §3.1.4.
                return Err(at(error.valid_up_to(), "the text is not UTF-8"));
            }
            let span = span.checked(&bytes, limits.parameters_max).map_err(|error| match error.kind {
                LineErrorKind::Parameters => at(error.at, &format!("the property has more than {} parameters", limits.parameters_max)),
                kind => at(error.at, kind.what()),
            })?;
            let index = self.lines.len();
            self.lines.push(span);
            if span.is_named(&bytes, "BEGIN") {
                if open.is_none() && !self.nodes.is_empty() {
                    return Err(at(0, "a second object begins: a resource holds one VCALENDAR"));
                }
                if levels >= limits.nesting_levels_max {
                    return Err(at(0, &format!("components are nested deeper than {} levels", limits.nesting_levels_max)));
                }
                if self.nodes.len() >= limits.components_max {
                    return Err(at(0, &format!("the object has more than {} components", limits.components_max)));
                }
                self.nodes.push(Node { name: component_name(&span, &bytes), parent: open, lines: index..index + 1 });
                open = Some(self.nodes.len() - 1);
                levels += 1;
            } else if span.is_named(&bytes, "END") {
                let node = open.and_then(|node| self.nodes.get_mut(node)).ok_or_else(|| at(0, "this ends what never began"))?;
                let name = component_name(&span, &bytes);
                if name != node.name {
                    return Err(at(0, &format!("this ends {} where {} is open", shortened(&name), shortened(&node.name))));
                }
                node.lines.end = index + 1;
                open = node.parent;
                levels -= 1;
            } else if open.is_none() {
                return Err(at(0, "this stands outside BEGIN:VCALENDAR and END:VCALENDAR"));
            }
        }
        match open.and_then(|node| self.nodes.get(node)) {
            Some(node) => Err(bad_at(&bytes, bytes.len(), &format!("the object ends before END:{}", shortened(&node.name)))),
            None if self.nodes.is_empty() => Err(bad("the object is empty: it begins with BEGIN:VCALENDAR".to_owned())),
            None => Ok(()),
        }
    }

    /// The text.
    pub(crate) const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The outermost component.
    pub(crate) const fn root(&self) -> Component<'_> {
        Component { tree: self, index: 0 }
    }
}

/// What BEGIN or END names, in capitals.
fn component_name(span: &LineSpan, bytes: &[u8]) -> Cow<'static, str> {
    let property = Property::parse(span.unfolded(bytes), usize::MAX);
    let name = property.as_ref().map(Property::value).unwrap_or_default();
    let name = name.trim();
    match NAMES.iter().find(|known| known.eq_ignore_ascii_case(name)) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(name.to_ascii_uppercase()),
    }
}

/// As much of a client's text as a message has room for, on one line.
pub fn shortened(text: &str) -> String {
    text.chars().take(60).map(|character| if character.is_control() { char::REPLACEMENT_CHARACTER } else { character }).collect()
}

fn bad(message: String) -> ObjectRefusal {
    ObjectRefusal { rule: ObjectRule::ValidCalendarData, place: None, message }
}

/// A refusal that names the place, as an editor counts lines and columns.
fn bad_at(bytes: &[u8], at: usize, what: &str) -> ObjectRefusal {
    ObjectRefusal { place: Some(line_and_column(bytes, at)), ..bad(what.to_owned()) }
}

/// An iCalendar text of any kind, read as a tree and judged no further.
pub struct Document {
    tree: Tree,
}

impl Document {
    /// Reads a text with one component at its root.
    ///
    /// # Errors
    /// What is not iCalendar at all, with its line.
    pub fn parse(bytes: Vec<u8>, limits: &Limits) -> Result<Self, ObjectRefusal> {
        Tree::parse(bytes.into(), limits).map(|tree| Self { tree })
    }

    /// The text.
    pub const fn bytes(&self) -> &Bytes {
        self.tree.bytes()
    }

    /// The outermost component, usually a VCALENDAR.
    pub fn root(&self) -> Component<'_> {
        self.tree.root()
    }
}

/// A component of a tree. Two are equal if they are the same one.
#[derive(Clone, Copy)]
pub struct Component<'a> {
    tree: &'a Tree,
    index: usize,
}

impl PartialEq for Component<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && std::ptr::eq(self.tree, other.tree)
    }
}

impl Eq for Component<'_> {}

impl std::hash::Hash for Component<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.index.hash(state);
    }
}

impl<'a> Component<'a> {
    fn node(&self) -> Option<&'a Node> {
        self.tree.nodes.get(self.index)
    }

    /// Its name, in capitals.
    pub fn name(&self) -> &'a str {
        self.node().map_or("", |node| &*node.name)
    }

    /// Whether it has that name.
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// The components directly inside.
    pub fn components(&self) -> impl Iterator<Item = Component<'a>> + use<'a> {
        let (tree, parent) = (self.tree, self.index);
        let end = self.node().map_or(0, |node| node.lines.end);
        let inside = tree.nodes.iter().enumerate().skip(parent + 1).take_while(move |(_, node)| node.lines.start < end);
        inside.filter(move |(_, node)| node.parent == Some(parent)).map(move |(index, _)| Component { tree, index })
    }

    /// Its own properties, without those of components inside.
    pub fn properties(&self) -> impl Iterator<Item = Property<'a>> + use<'a> {
        let bytes = self.bytes();
        self.own_lines().filter_map(move |span| Property::parse(span.unfolded(bytes), usize::MAX).ok())
    }

    /// Its own properties of that name. Only lines that begin with it are taken apart.
    pub fn properties_named<'n>(&self, name: &'n str) -> impl Iterator<Item = Property<'a>> + use<'a, 'n> {
        let bytes = self.bytes();
        self.lines_named(name).filter_map(move |span| Property::parse(span.unfolded(bytes), usize::MAX).ok())
    }

    /// The last property of that name: of two that should be one, reading uses the last.
    pub fn property(&self, name: &str) -> Option<Property<'a>> {
        self.lines_named(name).last().and_then(|span| Property::parse(span.unfolded(self.bytes()), usize::MAX).ok())
    }

    /// Whether it has a property of that name.
    pub fn has(&self, name: &str) -> bool {
        self.lines_named(name).next().is_some()
    }

    /// The spans of its own properties of that name.
    pub(crate) fn lines_named<'n>(&self, name: &'n str) -> impl Iterator<Item = LineSpan> + use<'a, 'n> {
        let bytes = self.bytes();
        self.own_lines().filter(move |span| span.is_named(bytes, name))
    }

    /// The spans of its own properties.
    pub(crate) fn own_lines(&self) -> impl Iterator<Item = LineSpan> + use<'a> {
        let tree = self.tree;
        let lines = self.node().map_or(0..0, |node| node.lines.clone());
        let mut inside = self.components().filter_map(|child| child.node().map(|node| node.lines.clone()));
        let mut next_inside = inside.next();
        let mut at = lines.start + 1;
        let end = lines.end.saturating_sub(1);
        std::iter::from_fn(move || {
            while let Some(child) = next_inside.as_ref().filter(|child| child.start <= at) {
                at = at.max(child.end);
                next_inside = inside.next();
            }
            if at >= end {
                return None;
            }
            at += 1;
            tree.lines.get(at - 1).copied()
        })
    }

    /// The raw bytes from BEGIN to END, line ends included.
    pub fn raw(&self) -> &'a [u8] {
        self.bytes().get(self.range()).unwrap_or_default()
    }

    /// Where [`Component::raw`] stands in the text.
    pub(crate) fn range(&self) -> Range<usize> {
        let first = self.node().and_then(|node| self.tree.lines.get(node.lines.start));
        match (first, self.end_line()) {
            (Some(first), Some(last)) => first.start()..last.start() + last.raw(self.bytes()).len(),
            _ => 0..0,
        }
    }

    /// Where the line of its END starts.
    pub(crate) fn end_line_start(&self) -> usize {
        self.end_line().map_or(0, |line| line.start())
    }

    fn end_line(&self) -> Option<LineSpan> {
        self.node().and_then(|node| self.tree.lines.get(node.lines.end.saturating_sub(1))).copied()
    }

    /// Its number among all components of the text.
    pub(crate) const fn number(&self) -> usize {
        self.index
    }

    /// The component of that number.
    pub(crate) const fn numbered(&self, number: usize) -> Component<'a> {
        Component { tree: self.tree, index: number }
    }

    /// The bytes the spans point into.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        &self.tree.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Tree, ObjectRefusal> {
        Tree::parse(Bytes::copy_from_slice(text.as_bytes()), &Limits::default())
    }

    #[test]
    fn own_properties_stop_at_components_inside_and_go_on_after_them() {
        let text =
            "BEGIN:VEVENT\nA:1\nBEGIN:VALARM\nB:2\nBEGIN:X\nZ:9\nEND:X\nEND:VALARM\nC:3\nBEGIN:VALARM\nEND:VALARM\nD:4\nEND:VEVENT\n";
        let tree = parse(text).unwrap();
        let root = tree.root();
        let names: Vec<String> = root.properties().map(|p| p.name().to_owned()).collect();
        assert_eq!(names, ["A", "C", "D"]);
        assert_eq!(root.components().count(), 2);
        assert_eq!(root.components().next().unwrap().raw(), b"BEGIN:VALARM\nB:2\nBEGIN:X\nZ:9\nEND:X\nEND:VALARM\n");
        assert_eq!(root.raw(), text.as_bytes());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line) in [
            ("BEGIN:A\nnot a line\nEND:A", "line 2, column 11: the line has no colon"),
            ("BEGIN:A\nX;Ä=1;Y=\"\r\n Ö\"\r\n ;Z=\r\n  \"open:1\nEND:A", "line 5, column 3: the quote"),
            ("BEGIN:A\nX Y:1\nEND:A", "line 2, column 2: a line begins with the name"),
            ("BEGIN:A\nX:1\n y\nEND:B", "line 4, column 1: this ends B where A is open"),
            ("BEGIN:A\nEND:A\nX:1", "line 3, column 1: this stands outside"),
            ("BEGIN:A\nEND:A\nBEGIN:A\nEND:A", "line 3, column 1: a second object"),
            ("END:A", "line 1, column 1: this ends what never began"),
            ("BEGIN:A\n", "line 2, column 1: the object ends before END:A"),
            ("", "empty"),
        ] {
            let refusal = parse(text).unwrap_err();
            assert!(refusal.to_string().contains(line), "{text:?}: {refusal}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("{}{}", "BEGIN:A\n".repeat(5000), "END:A\n".repeat(5000));
        assert!(parse(&deep).unwrap_err().to_string().contains("line 33, column 1: components are nested deeper than 32 levels"));
    }
}
