//! Octet for octet: what was read is what is written, whatever way it was spelt; an edit touches its own lines alone.

use kalends_ical::edit::{Edit, Line};
use kalends_ical::{Component, Document, Limits};

use crate::differential::Random;

const FILES: usize = 600;

/// Lines in every way that real files have them.
const LINES: &[&str] = &[
    "SUMMARY:plain",
    "summary;language=de:Kl\u{e4}rung \u{2013} \u{1f4c5}",
    "DESCRIPTION:a\\, b\\; c\\\\ d\\n e\\N",
    "DESCRIPTION:trailing blanks   ",
    "X-EMPTY:",
    "X-PARAMS;A=1;B=\"x;y:z,w\";C=a,b,\"c,d\";D=:value:with:colons",
    "X-6868;P=a^nb^^c^'d^x:v",
    "ATTENDEE;CN=\"Doe, Jane\";ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:jane@example.org",
    "ATTACH;ENCODING=BASE64;VALUE=BINARY:SGVsbG8gV29ybGQhIEhlbGxvIFdvcmxkISBIZWxsbyBXb3JsZCEgSGVsbG8gV29ybGQh",
    "GEO:37.3860130;-122.0829320",
    "RRULE:BYDAY=MO,TU;FREQ=WEEKLY;X-PART=1;COUNT=10",
    "DURATION:P15DT5H0M20S",
    "TZOFFSETTO:+005328",
    "X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE=\"1 Infinite Loop\\nCupertino\":geo:37.33,-122.03",
    "CATEGORIES:ONE,TWO\\,THREE,",
    "REQUEST-STATUS:2.8;Success\\, repeating event ignored.;RRULE:FREQ=WEEKLY",
    "X-REPEATED:1",
    "X-REPEATED:1",
    "COMMENT:tab\there",
];

fn line(random: &mut Random, out: &mut Vec<u8>, line_end: &str) {
    let text = LINES[random.below(LINES.len() as u64) as usize].as_bytes();
    let folds = random.below(3) == 0;
    for (index, byte) in text.iter().enumerate() {
        // Anywhere behind the first octet, also inside a character (T8).
        if folds && index > 0 && random.below(12) == 0 {
            out.extend_from_slice(line_end.as_bytes());
            out.push(if random.below(4) == 0 { b'\t' } else { b' ' });
        }
        out.push(*byte);
    }
    out.extend_from_slice(line_end.as_bytes());
}

fn component(random: &mut Random, name: &str, levels: u32, out: &mut Vec<u8>, line_end: &str) {
    let cased = if random.below(8) == 0 { name.to_lowercase() } else { name.to_owned() };
    out.extend_from_slice(format!("BEGIN:{cased}{line_end}").as_bytes());
    for _ in 0..random.below(6) {
        line(random, out, line_end);
    }
    if levels > 0 {
        for _ in 0..random.below(3) {
            let inner = ["VEVENT", "VALARM", "X-OTHER", "VTIMEZONE", "STANDARD"][random.below(5) as usize];
            component(random, inner, levels - 1, out, line_end);
            if random.below(3) == 0 {
                line(random, out, line_end);
            }
        }
    }
    out.extend_from_slice(format!("END:{name}{line_end}").as_bytes());
}

fn file(random: &mut Random) -> Vec<u8> {
    let line_end = if random.below(3) == 0 { "\n" } else { "\r\n" };
    let mut out = if random.below(10) == 0 { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
    component(random, "VCALENDAR", 4, &mut out, line_end);
    if random.below(5) == 0 {
        out.extend_from_slice(line_end.as_bytes());
    }
    out
}

fn all<'a>(component: Component<'a>, found: &mut Vec<Component<'a>>) {
    found.push(component);
    component.components().for_each(|inside| all(inside, found));
}

#[test]
fn every_octet_is_found_again() {
    let mut random = Random::new();
    for number in 0..FILES {
        let bytes = file(&mut random);
        let document = Document::parse(bytes.clone(), &Limits::default()).unwrap_or_else(|error| panic!("{number}: {error}"));
        assert_eq!(Edit::of(&document).finish(), bytes, "file {number}");
        // The root's own octets are the file's, but for a byte order mark and blank lines around it.
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        assert!(text.starts_with(document.root().raw()) && text[document.root().raw().len()..].trim_ascii().is_empty(), "file {number}");
    }
}

#[test]
fn an_edit_changes_its_own_lines_alone() {
    let mut random = Random::new();
    let mut edited_files = 0;
    for number in 0..FILES {
        let bytes = file(&mut random);
        let document = Document::parse(bytes.clone(), &Limits::default()).unwrap();
        let mut components = Vec::new();
        all(document.root(), &mut components);
        let target = components[random.below(components.len() as u64) as usize];
        let mut edit = Edit::of(&document);
        edit.set(&target, Line::new("X-NEW").text("value"));
        let edited = edit.finish();
        // One line more, and with it taken away again the very file.
        let at = edited.windows(13).position(|window| window == b"X-NEW:value\r\n").unwrap_or_else(|| panic!("file {number}"));
        let without = [&edited[..at], &edited[at + 13..]].concat();
        assert_eq!(without, bytes, "file {number}");
        let mut edit = Edit::of(&document);
        let removed = edit.remove(&target, "SUMMARY");
        let edited = edit.finish();
        assert_eq!(edited == bytes, removed == 0, "file {number}");
        assert!(Document::parse(edited, &Limits::default()).is_ok(), "file {number}");
        edited_files += usize::from(removed > 0);
    }
    assert!(edited_files > 50, "{edited_files}");
}
