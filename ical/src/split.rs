//! A text with many events as the objects a calendar holds: RFC 4791 §4.1, one UID each.
//!
//! ```
//! use kalends_ical::split::Split;
//! use kalends_ical::{Document, Limits};
//!
//! let event = |uid: &str| format!("BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:20260105T090000Z\r\nEND:VEVENT\r\n");
//! let text = format!("BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\n{}{}{}END:VCALENDAR\r\n", event("a"), event("b"), event("a"));
//! let document = Document::parse(text.into(), &Limits::default())?;
//! let uids: Vec<String> = Split::of(&document)?.parts().map(|part| part.uid).collect();
//! assert_eq!(uids, ["a", "b"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::{BTreeSet, HashMap};

use crate::component::{Component, ComponentKind, Document};
use crate::object::{ObjectRefusal, ObjectRule};
use crate::zone::{find_zone, zone_id_of};

/// Bytes that copies of zones may take: so many times the text, at least so many.
const ZONES_TIMES_MAX: usize = 64;
const ZONES_BYTES_MIN: usize = 64 * 1024 * 1024;

/// A text with many events, told apart.
pub struct Split<'a> {
    prodid: String,
    /// The zones, each TZID once.
    zones: Vec<Component<'a>>,
    groups: Vec<Group<'a>>,
}

/// The components of one object.
struct Group<'a> {
    kind: ComponentKind,
    uid: String,
    /// Each with the line of the text that it begins in.
    components: Vec<(usize, Component<'a>)>,
    /// Which zones they name.
    zones: BTreeSet<usize>,
}

/// One object of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: ComponentKind,
    /// Its UID; empty where it has none.
    pub uid: String,
    /// A VCALENDAR of its own: its components as they were, the zones they name, no METHOD (T10).
    pub bytes: Vec<u8>,
    /// Where it was.
    pub origin: Origin,
}

/// Where the lines of a part were in the text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// In which line of the part each component begins, and in which line of the text.
    components: Vec<(usize, usize)>,
}

impl Origin {
    /// What is wrong with the part, told with its line of the text.
    pub fn told(&self, refusal: ObjectRefusal) -> ObjectRefusal {
        let place = refusal.place.map(|(line, column)| {
            let after = self.components.partition_point(|(own, _)| *own <= line);
            let begin = after.checked_sub(1).and_then(|index| self.components.get(index));
            (begin.map_or(line, |(own, of_text)| of_text + (line - own)), column)
        });
        ObjectRefusal { place, ..refusal }
    }
}

impl<'a> Split<'a> {
    /// Tells the objects of a text apart: components of one kind and UID are one object; each without a UID is its own.
    ///
    /// # Errors
    /// The zones are so large, and named by so many objects, that their copies would be many times the text.
    pub fn of(document: &'a Document) -> Result<Self, ObjectRefusal> {
        let root = document.root();
        let (mut zones, mut zone_of) = (Vec::new(), HashMap::new());
        for zone in root.components().filter(|component| component.is("VTIMEZONE")) {
            let Some(id) = zone_id_of(&zone) else { continue };
            zone_of.insert(id, zones.len());
            zones.push(zone);
        }
        let mut groups: Vec<Group<'_>> = Vec::new();
        let mut known: HashMap<(ComponentKind, String), usize> = HashMap::new();
        let mut lines = LineCount { bytes: root.bytes(), at: 0, line: 1 };
        for component in root.components() {
            let Some(kind) = ComponentKind::from_name(component.name()) else { continue };
            let uid = component.property("UID").map(|uid| uid.value().into_owned()).unwrap_or_default();
            let line = lines.of(component.range().start);
            let place = known.get(&(kind, uid.clone())).filter(|_| !uid.is_empty()).copied().unwrap_or(groups.len());
            if place == groups.len() {
                known.insert((kind, uid.clone()), place);
                groups.push(Group { kind, uid, components: Vec::new(), zones: BTreeSet::new() });
            }
            if let Some(group) = groups.get_mut(place) {
                zones_named(&component, &zone_of, &mut group.zones);
                group.components.push((line, component));
            }
        }
        let size = |zone: &usize| zones.get(*zone).map_or(0, |zone: &Component<'_>| zone.raw().len());
        let copied: usize = groups.iter().flat_map(|group| &group.zones).map(size).sum();
        let most = root.bytes().len().saturating_mul(ZONES_TIMES_MAX).max(ZONES_BYTES_MIN);
        if copied > most {
            let message = format!("each of its objects needs its time zones, which would take {copied} bytes, at most {most} are taken");
            return Err(ObjectRefusal { rule: ObjectRule::MaxResourceSize, place: None, message });
        }
        let prodid = root.property("PRODID").map_or_else(|| "-//Kalends//Kalends//EN".to_owned(), |prodid| prodid.value().into_owned());
        Ok(Self { prodid, zones, groups })
    }

    /// How many objects there are.
    pub const fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// What each object is, in their order.
    pub fn kinds(&self) -> impl Iterator<Item = ComponentKind> {
        self.groups.iter().map(|group| group.kind)
    }

    /// The objects, in the order they begin, each made when it is asked for.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = Part> {
        self.groups.iter().map(|group| self.part(group))
    }

    fn part(&self, group: &Group<'_>) -> Part {
        let mut bytes = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n".to_vec();
        crate::stream::write_folded(&format!("PRODID:{}", self.prodid), &mut bytes);
        for zone in group.zones.iter().filter_map(|zone| self.zones.get(*zone)) {
            bytes.extend_from_slice(zone.raw());
        }
        let mut origin = Origin::default();
        let mut own = 1 + memchr::memchr_iter(b'\n', &bytes).count();
        for (line, component) in &group.components {
            origin.components.push((own, *line));
            bytes.extend_from_slice(component.raw());
            own += memchr::memchr_iter(b'\n', component.raw()).count();
        }
        if !bytes.ends_with(b"\n") {
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"END:VCALENDAR\r\n");
        Part { kind: group.kind, uid: group.uid.clone(), bytes, origin }
    }
}

/// Counts lines from one place to the next.
struct LineCount<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl LineCount<'_> {
    /// The line of a place, from 1; no place may be before the last one.
    fn of(&mut self, at: usize) -> usize {
        self.line += memchr::memchr_iter(b'\n', self.bytes.get(self.at..at).unwrap_or_default()).count();
        self.at = at;
        self.line
    }
}

/// As deep as the tree is, which the limits bound.
fn zones_named(component: &Component<'_>, zone_of: &HashMap<String, usize>, named: &mut BTreeSet<usize>) {
    named.extend(component.properties().filter_map(|property| find_zone(zone_of, &property.parameter("TZID")?).copied()));
    component.components().for_each(|inside| zones_named(&inside, zone_of, named));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CalendarObject, Limits};

    fn zone(id: &str, comment: &str) -> String {
        format!(
            "BEGIN:VTIMEZONE\nTZID:{id}\nCOMMENT:{comment}\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n"
        )
    }

    #[test]
    fn rfc5545_s3_8_3_1_zones_go_along_however_their_name_is_spelt() {
        for (id, parameter) in [
            ("Our\\, Office", "\"Our, Office\""),
            ("Our\\; Office", "\"Our; Office\""),
            ("\"Our Office\"", "Our Office"),
            ("A\\b", "A\\b"),
            ("A\\\\b", "A\\b"),
        ] {
            let text = format!(
                "BEGIN:VCALENDAR\n{}{}BEGIN:VEVENT\nUID:a\nDTSTART;TZID={parameter}:20260101T090000\nEND:VEVENT\nEND:VCALENDAR\n",
                zone(id, "replaced"),
                zone(id, "the last"),
            );
            let document = Document::parse(text.into_bytes(), &Limits::default()).unwrap();
            let part = Split::of(&document).unwrap().parts().next().unwrap();
            let written = String::from_utf8(part.bytes.clone()).unwrap();
            assert!(written.contains("the last") && !written.contains("replaced"), "{written}");
            let facts = CalendarObject::parse(part.bytes.into(), &Limits::default()).unwrap().facts();
            assert_eq!((crate::date::format_utc(facts.first_start), facts.floating), ("20260101T080000Z".to_owned(), false), "{id}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_part_is_told_with_its_line_of_the_text() {
        let text = "BEGIN:VCALENDAR\nX-A:1\nX-B:2\nBEGIN:VEVENT\nUID:a\nDTSTART:20260101T090000Z\nEND:VEVENT\nBEGIN:VEVENT\nUID:b\nSUMMARY:x\nDTSTART:never\nEND:VEVENT\nEND:VCALENDAR\n";
        let document = Document::parse(text.into(), &Limits::default()).unwrap();
        let part = Split::of(&document).unwrap().parts().last().unwrap();
        let refusal = CalendarObject::parse(part.bytes.into(), &Limits::default()).unwrap_err();
        assert!(part.origin.told(refusal).to_string().starts_with("line 11, column 9: "));
    }

    #[test]
    fn copies_of_large_zones_are_bounded() {
        let events: String = (0..2_000).map(|n| format!("BEGIN:VTODO\nUID:{n}\nDUE;TZID=A:20260101T090000\nEND:VTODO\n")).collect();
        let text = |comment: usize| format!("BEGIN:VCALENDAR\n{}{events}END:VCALENDAR\n", zone("A", &"x".repeat(comment)));
        let split = |comment| {
            let document = Document::parse(text(comment).into_bytes(), &Limits::default()).unwrap();
            Split::of(&document).map(|split| split.len())
        };
        assert_eq!(split(20_000).unwrap(), 2_000);
        assert_eq!(split(200_000).unwrap_err().rule, ObjectRule::MaxResourceSize);
    }

    #[test]
    fn rfc4791_s4_1_each_uid_becomes_an_object_with_its_zones() {
        let zone = |id: &str| {
            format!(
                "BEGIN:VTIMEZONE\nTZID:{id}\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n"
            )
        };
        let event = |uid: &str, lines: &str| format!("BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260101T000000Z\n{lines}END:VEVENT\n");
        let text = format!(
            "BEGIN:VCALENDAR\nMETHOD:PUBLISH\nPRODID:x\n{}{}{}{}BEGIN:VTODO\nUID:a\nSUMMARY:same UID, another kind\nEND:VTODO\n{}END:VCALENDAR\n",
            zone("A"),
            zone("B"),
            event("a", "DTSTART;TZID=A:20260101T090000\nRRULE:FREQ=DAILY\n"),
            event("b", "DTSTART;TZID=B:20260101T090000\n"),
            event("a", "RECURRENCE-ID;TZID=A:20260102T090000\nDTSTART;TZID=A:20260102T100000\n"),
        );
        let document = Document::parse(text.into_bytes(), &Limits::default()).unwrap();
        let parts: Vec<Part> = Split::of(&document).unwrap().parts().collect();
        let uids: Vec<(&str, &str)> = parts.iter().map(|part| (part.kind.name(), part.uid.as_str())).collect();
        assert_eq!(uids, [("VEVENT", "a"), ("VEVENT", "b"), ("VTODO", "a")]);
        for part in &parts {
            CalendarObject::parse(part.bytes.clone().into(), &Limits::default()).unwrap();
        }
        let first = String::from_utf8(parts[0].bytes.clone()).unwrap();
        assert!(
            first.matches("BEGIN:VEVENT").count() == 2
                && first.contains("TZID:A\n")
                && !first.contains("TZID:B\n")
                && !first.contains("METHOD")
        );
    }
}
