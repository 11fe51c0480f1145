//! Objects changed by chance, the same chance each time: nothing panics, nothing is lost.

use super::round::EVERYTHING;
use super::*;

/// Numbers that look random (Knuth's MMIX).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % most.max(1)
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

/// Content lines of all kinds, to stand where they should and where they should not.
const LINES: &[&str] = &[
    "SUMMARY:again",
    "DESCRIPTION;LANGUAGE=de:d",
    "STYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html:<b>",
    "DTSTART:20260601T090000Z",
    "DTSTART;VALUE=DATE:20260601",
    "DTEND;TZID=Asia/Tokyo:20260601T190000",
    "DTEND:20260601T100000Z",
    "DUE:20260601T100000Z",
    "DURATION:PT15M",
    "RRULE:FREQ=DAILY;UNTIL=20270101",
    "EXRULE:FREQ=DAILY;INTERVAL=2",
    "EXDATE:20260608T070000Z",
    "RDATE;VALUE=DATE:20260608",
    "RECURRENCE-ID;TZID=Own:20260609T090000",
    "ORGANIZER;CN=C;SENT-BY=\"mailto:s@b\":mailto:jane@example.org",
    "ATTENDEE;ROLE=OWNER;PARTSTAT=FAILED:mailto:boss@example.org",
    "ATTENDEE;JSID=k;DELEGATED-TO=\"mailto:jane@example.org\":mailto:k@b",
    "LOCATION:A\\, B",
    "LOCATION;DERIVED=TRUE:C",
    "GEO;JSID=g:1.5;2",
    "CONFERENCE;VALUE=URI;FEATURE=PHONE:tel:1",
    "URL:https://a.example",
    "LINK;VALUE=URI;LINKREL=icon:https://a.example",
    "LINK;VALUE=URI;LINKREL=describedby:https://b.example",
    "IMAGE;VALUE=BINARY;ENCODING=BASE64;DISPLAY=BADGE:SGVsbG8=",
    "RELATED-TO;RELTYPE=PARENT:x",
    "CATEGORIES;X-A=b:ONE,FOUR",
    "CLASS:X-ODD",
    "STATUS:CANCELLED",
    "TRANSP:OPAQUE",
    "SHOW-WITHOUT-TIME;VALUE=BOOLEAN:TRUE",
    "JSPROP;JSPTR=\"example.com:a\":{\"b\":[1\\,2]}",
    "JSPROP;JSPTR=\"title\":5",
    "JSPROP;JSPTR=\"links/x/y\":5",
    "PRIORITY:1",
    "X-ODD;A=1,2;B=\"c;d\":e",
    "TRIGGER;RELATED=START;X-T=1:-PT1H",
    "ACKNOWLEDGED:20260101T000000Z",
    "UID:other",
    "JSID:own",
    "METHOD:REPLY",
    "NAME;LANGUAGE=de:n",
    "BEGIN:VLOCATION\r\nUID:l1\r\nNAME:C\r\nURL:https://l.example\r\nEND:VLOCATION",
    "BEGIN:VLOCATION\r\nJSID:l2\r\nGEO:1;2\r\nEND:VLOCATION",
    "BEGIN:PARTICIPANT\r\nUID:p1\r\nCALENDAR-ADDRESS:mailto:jane@example.org\r\nSUMMARY:J\r\nDESCRIPTION:d\r\nEND:PARTICIPANT",
    "BEGIN:PARTICIPANT\r\nJSID:p2\r\nSUMMARY:K\r\nPERCENT-COMPLETE:3\r\nEND:PARTICIPANT",
    "BEGIN:VALARM\r\nJSID:a\r\nACTION:EMAIL\r\nTRIGGER:PT0S\r\nRELATED-TO:b\r\nEND:VALARM",
];

#[test]
fn lines_anywhere_come_back() {
    let mut chance = Chance(7);
    let original: Vec<&str> = EVERYTHING.split_terminator("\r\n").collect();
    for _ in 0..100 {
        let mut lines = original.clone();
        for _ in 0..=chance.below(6) {
            // Not in a time zone: what that means with two of a property depends on their order.
            let first = lines.iter().position(|line| *line == "BEGIN:VEVENT").unwrap();
            let at = if chance.below(20) == 0 { 1 } else { first + chance.below(lines.len() - 1 - first) };
            match chance.below(3) {
                0 if !lines[at].starts_with("BEGIN") && !lines[at].starts_with("END") => drop(lines.remove(at)),
                1 if !lines[at].starts_with("BEGIN") && !lines[at].starts_with("END") => lines.insert(at, lines[at]),
                _ => lines.insert(at, chance.one(LINES)),
            }
        }
        let mut text = lines.join("\r\n") + "\r\n";
        if chance.below(3) == 0 {
            text = text.replace("VEVENT", "VTODO");
        }
        comes_back(&text);
    }
}

fn mutate(json: &mut Json, chance: &mut Chance) {
    const ODD: &[&str] = &[
        "null",
        "true",
        "-1",
        "1e300",
        "18446744073709551615",
        "\"\"",
        "\"\\u0000\"",
        "\"x\\r\\nEND:VEVENT\"",
        "\"2026-01-01T00:00:00\"",
        "\"9999-12-31T23:59:59\"",
        "\"P999999999W\"",
        "[]",
        "[[]]",
        "{}",
        "{\"@type\":\"Link\"}",
        "\"Etc/UTC\"",
        "\"/Own\"",
        "{\"a\":true}",
        "{\"/\":{}}",
        "{\"a/b\":{\"~\":null}}",
    ];
    match json {
        Json::Object(members) if !members.is_empty() && chance.below(8) > 0 => {
            let key = chance.one(&members.keys().cloned().collect::<Vec<_>>());
            if chance.below(10) == 0 {
                let value = members.remove(&key).unwrap();
                members.insert(chance.one(&["a/b~c", "title", "start", "recurrenceOverrides", "iCalendar", "links"]).to_owned(), value);
            } else {
                mutate(members.get_mut(&key).unwrap(), chance);
            }
        }
        Json::Array(list) if !list.is_empty() => {
            let at = chance.below(list.len());
            mutate(&mut list[at], chance);
        }
        other => *other = serde_json::from_str(chance.one(ODD)).unwrap(),
    }
}

#[test]
fn odd_values_anywhere_are_taken_or_refused() {
    let mut chance = Chance(11);
    let original = to_json(EVERYTHING);
    let mut taken = 0;
    for _ in 0..400 {
        let mut json = original.clone();
        for _ in 0..=chance.below(3) {
            mutate(&mut json, &mut chance);
        }
        let Ok(text) = read(&json.to_string(), &Limits::default()) else { continue };
        taken += 1;
        let again = write(&Document::parse(text, &Limits::default()).unwrap().root()).unwrap();
        read(&again, &Limits::default()).unwrap_or_else(|error| panic!("{error}\n{json:#}\n{again}"));
    }
    assert!(taken > 40, "{taken}");
}
