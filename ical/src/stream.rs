//! Many objects as one iCalendar stream, for GET on a calendar: written piece by piece, each zone once.
//!
//! ```
//! use bytes::Bytes;
//! use kalends_ical::stream::CalendarStream;
//! use kalends_ical::{CalendarObject, Limits};
//!
//! let mut out = Vec::new();
//! let mut stream = CalendarStream::begin("-//Example//Example//EN", Some("Work"), &mut out);
//! for uid in ["a", "b"] {
//!     let text = format!("BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:{uid}\r\nEND:VTODO\r\nEND:VCALENDAR\r\n");
//!     stream.push(&CalendarObject::parse(Bytes::from(text), &Limits::default())?, &mut out);
//! }
//! stream.end(&mut out);
//! assert!(String::from_utf8(out)?.ends_with("BEGIN:VTODO\r\nUID:b\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::component::Component;
use crate::content_line::{Lines, Property};
use crate::convert::parameter_value;
use crate::object::CalendarObject;
use crate::value::escape;
use crate::zone::{find_zone, zone_id, zone_id_of};

/// A VCALENDAR in the making. It remembers only which zones were written.
pub struct CalendarStream {
    /// As what each zone was written, by its TZID and, where its own rules count, a hash of them.
    zones: HashMap<(String, u64), String>,
    names: HashSet<String>,
}

impl CalendarStream {
    /// Begins the VCALENDAR, with the name that clients show for it (X-WR-CALNAME).
    pub fn begin(prodid: &str, name: Option<&str>, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n");
        write_folded(&format!("PRODID:{prodid}"), out);
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            write_folded(&format!("X-WR-CALNAME:{}", escape(name)), out);
        }
        Self { zones: HashMap::new(), names: HashSet::new() }
    }

    /// Writes an object's components as they are, and zones not written yet. Two objects may mean different zones by one TZID (Outlook
    /// calls any "Customized Time Zone"): then the later one is given another, in this text.
    pub fn push(&mut self, object: &CalendarObject, out: &mut Vec<u8>) {
        let mut renamed = HashMap::new();
        for zone in object.root().components().filter(|component| component.is("VTIMEZONE")) {
            let Some(id) = zone_id_of(&zone) else { continue };
            let name = self.name_of(&id, &zone, object);
            let is_new = self.names.insert(name.clone());
            if name != id {
                renamed.insert(id, name);
            }
            if is_new {
                write_renamed(zone.raw(), &renamed, out);
            }
        }
        for component in object.root().components().filter(|component| !component.is("VTIMEZONE")) {
            write_renamed(component.raw(), &renamed, out);
        }
    }

    /// What a zone is called in this text.
    fn name_of(&mut self, id: &str, zone: &Component<'_>, object: &CalendarObject) -> String {
        let mut hasher = DefaultHasher::new();
        // A zone that is known by its name is the same in all objects, however old their descriptions of it are.
        if object.zone(id).is_some_and(|zone| zone.is_own()) {
            zone.raw().hash(&mut hasher);
        }
        let names = &self.names;
        let free = || {
            let others = (2..).map(|number| format!("{id} ({number})"));
            std::iter::once(id.to_owned()).chain(others).find(|name| !names.contains(name)).unwrap_or_default()
        };
        self.zones.entry((id.to_owned(), hasher.finish())).or_insert_with(free).clone()
    }

    /// Ends the VCALENDAR.
    pub fn end(self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"END:VCALENDAR\r\n");
    }
}

/// Copies content lines, but for TZIDs that have another name here; a missing last line end is added.
fn write_renamed(raw: &[u8], renamed: &HashMap<String, String>, out: &mut Vec<u8>) {
    for span in Lines::new(raw) {
        let property = (!renamed.is_empty()).then(|| Property::parse(span.unfolded(raw), usize::MAX).ok()).flatten();
        match property.and_then(|property| with_zone(&property, renamed)) {
            Some(line) => write_folded(&line, out),
            None => out.extend_from_slice(span.raw(raw)),
        }
    }
    if !out.ends_with(b"\n") {
        out.extend_from_slice(b"\r\n");
    }
}

/// The line with its zone's other name; `None` where it names no such zone.
fn with_zone(property: &Property<'_>, renamed: &HashMap<String, String>) -> Option<String> {
    if property.is("TZID") {
        return renamed.get(&*zone_id(&property.value())).map(|name| format!("TZID:{}", escape(name)));
    }
    let other = find_zone(renamed, &property.parameter("TZID")?)?;
    let mut line = property.name().to_owned();
    for (name, values) in property.parameters() {
        let values: Vec<String> = match name.eq_ignore_ascii_case("TZID") {
            true => vec![parameter_value(other)],
            false => values.iter().map(|value| parameter_value(value)).collect(),
        };
        line.push_str(&format!(";{name}={}", values.join(",")));
    }
    Some(line + ":" + &property.value())
}

/// The same lines in valid UTF-8: those whose folds split a character (T8) are folded anew, as XML cannot carry their halves.
pub fn refold(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for span in Lines::new(bytes) {
        let raw = span.raw(bytes);
        if std::str::from_utf8(raw).is_ok() {
            out.extend_from_slice(raw);
        } else {
            write_folded(&String::from_utf8_lossy(&span.unfolded(bytes)), &mut out);
        }
    }
    out
}

/// RFC 5545 §3.1: lines of at most 75 octets, never split inside a character.
pub(crate) fn write_folded(line: &str, out: &mut Vec<u8>) {
    let mut room = 75;
    for character in line.chars() {
        let length = character.len_utf8();
        if length > room {
            out.extend_from_slice(b"\r\n ");
            room = 74;
        }
        room -= length;
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn t8_a_line_folded_inside_a_character_is_folded_anew() {
        let text = [b"BEGIN:A\nX:caf\xc3\r\n ".as_slice(), b"\xa9 noir\r\nY:1\n 2\nEND:A\n"].concat();
        assert_eq!(refold(&text), "BEGIN:A\nX:café noir\r\nY:1\n 2\nEND:A\n".as_bytes());
    }

    #[test]
    fn zones_are_written_once_and_components_as_they_are() {
        let zone = "BEGIN:VTIMEZONE\r\nTZID:Z\r\nEND:VTIMEZONE\r\n";
        let object = |uid: &str| {
            let text = format!(
                "BEGIN:VCALENDAR\r\n{zone}BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART;TZID=Z:20260101T090000\r\nX-A:long\r\n er\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
            );
            CalendarObject::read_stored(Bytes::from(text)).unwrap()
        };
        let mut out = Vec::new();
        let mut stream = CalendarStream::begin("-//x", Some("Käse, Brot"), &mut out);
        stream.push(&object("a"), &mut out);
        stream.push(&object("b"), &mut out);
        stream.end(&mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches("BEGIN:VTIMEZONE").count(), 1);
        assert_eq!(text.matches("X-A:long\r\n er\r\n").count(), 2);
        assert!(text.contains("X-WR-CALNAME:Käse\\, Brot\r\n") && text.ends_with("END:VCALENDAR\r\n"));
    }

    #[test]
    fn zones_of_one_name_that_differ_stay_two() {
        let object = |uid: &str, offset: &str| {
            let text = format!(
                "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Customized\\, Zone\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:{offset}\r\nTZOFFSETTO:{offset}\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART;X-A=\"b;c\";TZID=\"Customized, Zone\":20260101T120000\r\nSUMMARY:TZID=Customized\\, Zone\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
            );
            CalendarObject::read_stored(Bytes::from(text)).unwrap()
        };
        let mut out = Vec::new();
        let mut stream = CalendarStream::begin("-//x", None, &mut out);
        for (uid, offset) in [("a", "+0100"), ("b", "-0500"), ("c", "+0100"), ("d", "-0500")] {
            stream.push(&object(uid, offset), &mut out);
        }
        stream.end(&mut out);
        let text = String::from_utf8(out.clone()).unwrap();
        assert_eq!(text.matches("BEGIN:VTIMEZONE").count(), 2, "{text}");
        assert!(
            text.contains("DTSTART;X-A=\"b;c\";TZID=\"Customized, Zone (2)\":20260101T120000\r\nSUMMARY:TZID=Customized\\, Zone\r\n"),
            "{text}"
        );
        let document = crate::Document::parse(out, &crate::Limits::default()).unwrap();
        let split = crate::split::Split::of(&document).unwrap();
        let starts = split.parts().map(|part| {
            CalendarObject::read_stored(Bytes::from(part.bytes)).map(|object| crate::date::format_utc(object.facts().first_start)).unwrap()
        });
        assert_eq!(starts.collect::<Vec<_>>(), ["20260101T110000Z", "20260101T170000Z", "20260101T110000Z", "20260101T170000Z"]);
    }

    #[test]
    fn rfc5545_s3_1_long_lines_are_folded_between_characters() {
        let mut out = Vec::new();
        write_folded(&format!("X:{}", "ä".repeat(100)), &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.split("\r\n").all(|line| line.len() <= 75));
        assert_eq!(text.replace("\r\n ", "").trim_end(), format!("X:{}", "ä".repeat(100)));
    }
}
