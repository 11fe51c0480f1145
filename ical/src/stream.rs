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

use std::collections::HashSet;

use crate::content_line::Lines;
use crate::object::CalendarObject;
use crate::value::escape;

/// A VCALENDAR in the making. It remembers only which zones were written.
pub struct CalendarStream {
    zones: HashSet<String>,
}

impl CalendarStream {
    /// Begins the VCALENDAR, with the name that clients show for it (X-WR-CALNAME).
    pub fn begin(prodid: &str, name: Option<&str>, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n");
        write_folded(&format!("PRODID:{prodid}"), out);
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            write_folded(&format!("X-WR-CALNAME:{}", escape(name)), out);
        }
        Self { zones: HashSet::new() }
    }

    /// Writes an object's components as they are, and zones not written yet.
    pub fn push(&mut self, object: &CalendarObject, out: &mut Vec<u8>) {
        for component in object.root().components() {
            if component.is("VTIMEZONE") {
                let id = component.property("TZID").map(|id| id.value().into_owned()).unwrap_or_default();
                if !self.zones.insert(id) {
                    continue;
                }
            }
            write_lines(component.raw(), out);
        }
    }

    /// Ends the VCALENDAR.
    pub fn end(self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"END:VCALENDAR\r\n");
    }
}

/// Copies content lines; a missing last line end is added.
fn write_lines(raw: &[u8], out: &mut Vec<u8>) {
    for span in Lines::new(raw) {
        out.extend_from_slice(span.raw(raw));
    }
    if !out.ends_with(b"\n") {
        out.extend_from_slice(b"\r\n");
    }
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
    fn rfc5545_s3_1_long_lines_are_folded_between_characters() {
        let mut out = Vec::new();
        write_folded(&format!("X:{}", "ä".repeat(100)), &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.split("\r\n").all(|line| line.len() <= 75));
        assert_eq!(text.replace("\r\n ", "").trim_end(), format!("X:{}", "ä".repeat(100)));
    }
}
