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

use std::ops::Range;

use crate::Limits;
use crate::content_line::{LineSpan, Lines, Property};
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

/// The lines of a text, and the components they make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree {
    lines: Vec<LineSpan>,
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    name: String,
    parent: Option<usize>,
    /// From BEGIN to END.
    lines: Range<usize>,
}

impl Tree {
    /// Reads one component with everything in it.
    pub(crate) fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, ObjectRefusal> {
        if bytes.len() > limits.object_bytes_max {
            let message = format!("the object has {} bytes, at most {} are taken", bytes.len(), limits.object_bytes_max);
            return Err(ObjectRefusal { rule: ObjectRule::MaxResourceSize, message });
        }
        let mut tree = Self { lines: Vec::new(), nodes: Vec::new() };
        let mut open: Vec<usize> = Vec::new();
        let mut lines = Lines::new(bytes);
        while let Some(span) = lines.next() {
            let at = |what: &str| bad(format!("line {} {what}", lines.line_number));
            if tree.lines.len() >= limits.properties_max {
                return Err(bad(format!("the object has more than {} lines", limits.properties_max)));
            }
            if lines.longest > limits.line_bytes_max {
                return Err(at(&format!("is longer than {} bytes", limits.line_bytes_max)));
            }
            let unfolded = span.unfolded(bytes);
            if std::str::from_utf8(&unfolded).is_err() {
                // RFC 5545 §3.1.4. Checked here, because a fold may split a character (T8).
                return Err(at("is not UTF-8"));
            }
            let property = Property::parse(unfolded, limits.parameters_max).map_err(|error| at(error.what()))?;
            let index = tree.lines.len();
            tree.lines.push(span);
            if property.is("BEGIN") {
                if open.is_empty() && !tree.nodes.is_empty() {
                    return Err(at("begins a second object: a resource holds one VCALENDAR"));
                }
                if open.len() >= limits.nesting_levels_max || tree.nodes.len() >= limits.components_max {
                    return Err(at("begins a component too many or too deep"));
                }
                let name = property.value().trim().to_ascii_uppercase();
                tree.nodes.push(Node { name, parent: open.last().copied(), lines: index..index + 1 });
                open.push(tree.nodes.len() - 1);
            } else if property.is("END") {
                let node = open.pop().and_then(|node| tree.nodes.get_mut(node)).ok_or_else(|| at("ends what never began"))?;
                if !property.value().trim().eq_ignore_ascii_case(&node.name) {
                    return Err(at(&format!("ends {} where {} is open", property.value().trim(), node.name)));
                }
                node.lines.end = index + 1;
            } else if open.is_empty() {
                return Err(at("stands outside BEGIN:VCALENDAR and END:VCALENDAR"));
            }
        }
        match open.last().and_then(|node| tree.nodes.get(*node)) {
            Some(node) => Err(bad(format!("the object ends before END:{}", node.name))),
            None if tree.nodes.is_empty() => Err(bad("the object is empty: it begins with BEGIN:VCALENDAR".to_owned())),
            None => Ok(tree),
        }
    }

    /// The outermost component.
    pub(crate) fn root<'a>(&'a self, bytes: &'a [u8]) -> Component<'a> {
        Component { tree: self, bytes, index: 0 }
    }
}

fn bad(message: String) -> ObjectRefusal {
    ObjectRefusal { rule: ObjectRule::ValidCalendarData, message }
}

/// An iCalendar text of any kind, read as a tree and judged no further.
pub struct Document {
    tree: Tree,
    bytes: Vec<u8>,
}

impl Document {
    /// Reads a text with one component at its root.
    ///
    /// # Errors
    /// What is not iCalendar at all, with its line.
    pub fn parse(bytes: Vec<u8>, limits: &Limits) -> Result<Self, ObjectRefusal> {
        let tree = Tree::parse(&bytes, limits)?;
        Ok(Self { tree, bytes })
    }

    /// The outermost component, usually a VCALENDAR.
    pub fn root(&self) -> Component<'_> {
        self.tree.root(&self.bytes)
    }
}

/// Whether an unfolded line is a property of that name.
pub(crate) fn is_named(line: &[u8], name: &str) -> bool {
    let (head, tail) = line.split_at_checked(name.len()).unwrap_or_default();
    head.eq_ignore_ascii_case(name.as_bytes()) && matches!(tail.first(), Some(b':' | b';'))
}

/// A component of a tree.
#[derive(Clone, Copy)]
pub struct Component<'a> {
    tree: &'a Tree,
    bytes: &'a [u8],
    index: usize,
}

impl<'a> Component<'a> {
    fn node(&self) -> Option<&'a Node> {
        self.tree.nodes.get(self.index)
    }

    /// Its name, in capitals.
    pub fn name(&self) -> &'a str {
        self.node().map_or("", |node| node.name.as_str())
    }

    /// Whether it has that name.
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// The components directly inside.
    pub fn components(&self) -> impl Iterator<Item = Component<'a>> + use<'a> {
        let (tree, bytes, index) = (self.tree, self.bytes, self.index);
        let end = self.node().map_or(0, |node| node.lines.end);
        let inside = tree.nodes.iter().enumerate().skip(index + 1).take_while(move |(_, node)| node.lines.start < end);
        inside.filter(move |(_, node)| node.parent == Some(index)).map(move |(index, _)| Component { tree, bytes, index })
    }

    /// Its own properties, without those of components inside.
    pub fn properties(&self) -> impl Iterator<Item = Property<'a>> + use<'a> {
        let bytes = self.bytes;
        self.own_lines().filter_map(move |span| Property::parse(span.unfolded(bytes), usize::MAX).ok())
    }

    /// Its own properties of that name. Only lines that begin with it are taken apart.
    pub fn properties_named<'n>(&self, name: &'n str) -> impl Iterator<Item = Property<'a>> + use<'a, 'n> {
        let bytes = self.bytes;
        let named = move |span: &LineSpan| is_named(&span.unfolded(bytes), name);
        self.own_lines().filter(named).filter_map(move |span| Property::parse(span.unfolded(bytes), usize::MAX).ok())
    }

    /// The last property of that name: of two that should be one, reading uses the last.
    pub fn property(&self, name: &str) -> Option<Property<'a>> {
        self.properties_named(name).last()
    }

    /// The spans of its own properties.
    pub(crate) fn own_lines(&self) -> impl Iterator<Item = LineSpan> + use<'a> {
        let tree = self.tree;
        let lines = self.node().map_or(0..0, |node| node.lines.clone());
        let children: Vec<Range<usize>> = self.components().filter_map(|child| child.node().map(|node| node.lines.clone())).collect();
        let mut next_child = children.into_iter().peekable();
        let mut at = lines.start + 1;
        let end = lines.end.saturating_sub(1);
        std::iter::from_fn(move || {
            while let Some(child) = next_child.next_if(|child| child.start <= at) {
                at = at.max(child.end);
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
        self.bytes.get(self.range()).unwrap_or_default()
    }

    /// Where [`Component::raw`] stands in the text.
    pub(crate) fn range(&self) -> Range<usize> {
        let first = self.node().and_then(|node| self.tree.lines.get(node.lines.start));
        match (first, self.end_line()) {
            (Some(first), Some(last)) => first.start()..last.start() + last.raw(self.bytes).len(),
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

    /// The bytes the spans point into.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Tree, ObjectRefusal> {
        Tree::parse(text.as_bytes(), &Limits::default())
    }

    #[test]
    fn own_properties_stop_at_components_inside_and_go_on_after_them() {
        let text =
            "BEGIN:VEVENT\nA:1\nBEGIN:VALARM\nB:2\nBEGIN:X\nZ:9\nEND:X\nEND:VALARM\nC:3\nBEGIN:VALARM\nEND:VALARM\nD:4\nEND:VEVENT\n";
        let tree = parse(text).unwrap();
        let root = tree.root(text.as_bytes());
        let names: Vec<String> = root.properties().map(|p| p.name().to_owned()).collect();
        assert_eq!(names, ["A", "C", "D"]);
        assert_eq!(root.components().count(), 2);
        assert_eq!(root.components().next().unwrap().raw(), b"BEGIN:VALARM\nB:2\nBEGIN:X\nZ:9\nEND:X\nEND:VALARM\n");
        assert_eq!(root.raw(), text.as_bytes());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line) in [
            ("BEGIN:A\nnot a line\nEND:A", "line 2"),
            ("BEGIN:A\nX:1\n y\nEND:B", "line 4"),
            ("BEGIN:A\nEND:A\nX:1", "line 3"),
            ("BEGIN:A\nEND:A\nBEGIN:A\nEND:A", "line 3"),
            ("END:A", "line 1"),
            ("BEGIN:A\n", "END:A"),
            ("", "empty"),
        ] {
            let refusal = parse(text).unwrap_err();
            assert!(refusal.message.contains(line), "{text:?}: {}", refusal.message);
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("{}{}", "BEGIN:A\n".repeat(5000), "END:A\n".repeat(5000));
        assert!(parse(&deep).unwrap_err().message.contains("too deep"));
    }
}
