//! A text with many events as the objects a calendar holds: RFC 4791 §4.1, one UID each.
//!
//! ```
//! use kalends_ical::split::split;
//! use kalends_ical::{Document, Limits};
//!
//! let event = |uid: &str| format!("BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:20260105T090000Z\r\nEND:VEVENT\r\n");
//! let text = format!("BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\n{}{}{}END:VCALENDAR\r\n", event("a"), event("b"), event("a"));
//! let document = Document::parse(text.into(), &Limits::default())?;
//! let uids: Vec<String> = split(&document).map(|part| part.uid).collect();
//! assert_eq!(uids, ["a", "b"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::{BTreeSet, HashMap};

use crate::component::{Component, ComponentKind, Document};

/// One object of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: ComponentKind,
    /// Its UID; empty where it has none.
    pub uid: String,
    /// A VCALENDAR of its own: its components as they were, the zones they name, no METHOD (T10).
    pub bytes: Vec<u8>,
}

/// The objects of a text, in the order they begin, each made when it is asked for. Components of one kind and UID are one object; each
/// without a UID is its own.
pub fn split(document: &Document) -> impl ExactSizeIterator<Item = Part> {
    let root = document.root();
    let mut groups: Vec<(ComponentKind, String, Vec<Component<'_>>)> = Vec::new();
    let mut known: HashMap<(ComponentKind, String), usize> = HashMap::new();
    for component in root.components() {
        let Some(kind) = ComponentKind::from_name(component.name()) else { continue };
        let uid = component.property("UID").map(|uid| uid.value().into_owned()).unwrap_or_default();
        let place = known.get(&(kind, uid.clone())).filter(|_| !uid.is_empty());
        match place.and_then(|place| groups.get_mut(*place)) {
            Some((.., components)) => components.push(component),
            None => {
                known.insert((kind, uid.clone()), groups.len());
                groups.push((kind, uid, vec![component]));
            }
        }
    }
    let zones: Vec<(String, Component<'_>)> = root
        .components()
        .filter(|component| component.is("VTIMEZONE"))
        .filter_map(|zone| Some((zone.property("TZID")?.value().trim().to_owned(), zone)))
        .collect();
    let prodid = root.property("PRODID").map_or_else(|| "-//Kalends//Kalends//EN".to_owned(), |prodid| prodid.value().into_owned());
    groups.into_iter().map(move |(kind, uid, components)| {
        let mut bytes = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n".to_vec();
        crate::stream::write_folded(&format!("PRODID:{prodid}"), &mut bytes);
        let mut named = BTreeSet::new();
        components.iter().for_each(|component| zones_named(component, &mut named));
        let needed = zones.iter().filter(|(id, _)| named.contains(id)).map(|(_, zone)| zone);
        needed.chain(&components).for_each(|component| bytes.extend_from_slice(component.raw()));
        if !bytes.ends_with(b"\n") {
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"END:VCALENDAR\r\n");
        Part { kind, uid, bytes }
    })
}

/// As deep as the tree is, which the limits bound.
fn zones_named(component: &Component<'_>, named: &mut BTreeSet<String>) {
    named.extend(component.properties().filter_map(|property| property.parameter("TZID").map(|id| id.trim().to_owned())));
    component.components().for_each(|inside| zones_named(&inside, named));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CalendarObject, Limits};

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
        let parts: Vec<Part> = split(&document).collect();
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
