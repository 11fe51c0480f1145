//! Lines made by chance, the same chance each time: what is written comes back to the letter, or is refused.

use super::*;

/// Numbers that look random (Knuth's MMIX).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % most.max(1)
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn some(&mut self, of: &[&str], most: usize, between: &str) -> String {
        let count = self.below(most + 1);
        (0..count).map(|_| self.one(of)).collect::<Vec<_>>().join(between)
    }
}

#[rustfmt::skip]
const NAMES: &[&str] = &[
    "SUMMARY", "CATEGORIES", "RESOURCES", "GEO", "REQUEST-STATUS", "PRIORITY", "DTSTART", "EXDATE", "RDATE", "RRULE", "EXRULE", "DURATION",
    "FREEBUSY", "ATTENDEE", "ATTACH", "TRIGGER", "TZOFFSETTO", "SEQUENCE", "REFRESH-INTERVAL", "XML", "X-A", "x-b", "X_C", "X.D", "PARAMETERS",
    "TEXT", "2X", "IMAGE", "LOCATION-TYPE",
];
#[rustfmt::skip]
const TYPES: &[&str] = &[
    "TEXT", "text", "DATE", "DATE-TIME", "TIME", "PERIOD", "RECUR", "INTEGER", "FLOAT", "BOOLEAN", "BINARY", "URI", "CAL-ADDRESS", "DURATION",
    "UTC-OFFSET", "UNKNOWN", "X-OWN", "PARAMETERS", "", "2D", "LATITUDE", "CODE",
];
#[rustfmt::skip]
const PARAMETERS: &[&str] = &[
    "X-P=1", "X-P=2,\"3;4\"", "x-p=^n^'^^", "RSVP=TRUE", "RSVP=true", "RSVP=FALSE,TRUE", "ENCODING=BASE64", "ENCODING=8BIT", "TZID=\"A:B\"",
    "LANGUAGE=", "MEMBER=\"mailto:a\",\"mailto:b\"", "ALTREP=\"CID:x<&>\"", "DERIVED=TRUE", "X-E", "-Q=1", "\u{e4}=1", "X-Q=\u{fffe}", "X-R=a\tb",
];
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "a", "b c", "\\,", ",", ";", "\\;", "\\n", "\\N", "\\\\", "\\x", "\\", ":", "\"", "=", "<&>]]>", "\u{1f600}", "\u{85}", "\t", " ", "1",
    "05", "+5", "-1.50", "1.5", "1e5", "37.3860130", "0.1234567890123456789", "TRUE", "true", "maybe", "20260101", "20260101T090000Z",
    "2026-01-01", "20260101T090000", "090000", "+0100", "-00:30", "PT1H", "P1D", "/", "20260101T090000Z/PT1H",
    "20260101T090000/20260102T090000", "2.0", "3.1;x", "FREQ=DAILY", "freq=weekly", ";COUNT=3", ";COUNT=03", ";BYDAY=MO,TU", ";BYDAY=-1SU",
    ";BYDAY=", ";UNTIL=20260101T000000Z", ";UNTIL=2026-01-01", ";X-P=a:b", ";;", ";2P=1", "SGVsbG8=", "mailto:a@b", "",
];
/// What is refused, in XML at least.
const CHARACTERS: &[&str] = &["a", "\u{ffff}", "\u{b}", "\u{7f}", "\r", "\0"];

fn line(chance: &mut Chance) -> String {
    let mut line = chance.one(NAMES).to_owned();
    if chance.below(3) == 0 {
        line.push_str(&format!(";VALUE={}", chance.one(TYPES)));
    }
    for _ in 0..chance.below(3) {
        line.push_str(&format!(";{}", chance.one(PARAMETERS)));
    }
    let pieces = if chance.below(10) == 0 { CHARACTERS } else { PIECES };
    let between = chance.one(&["", "", ",", ";"]);
    format!("{line}:{}", chance.some(pieces, 3, between))
}

/// What a line says, but for what neither spelling has a place for.
fn told(line: &str) -> String {
    let property = Property::parse(line.as_bytes().into(), usize::MAX).unwrap();
    let name = property.name().to_ascii_uppercase();
    let usual = default_type(&name.to_ascii_lowercase()).to_ascii_uppercase();
    let mut parameters: Vec<(String, Vec<String>)> = Vec::new();
    for (name, mut values) in property.parameters().map(|(name, values)| (name.to_ascii_uppercase(), values)) {
        if name == "VALUE" {
            values.iter_mut().for_each(|value| value.make_ascii_uppercase());
        }
        match parameters.iter_mut().find(|(known, _)| *known == name) {
            Some((_, all)) => all.extend(values),
            None => parameters.push((name, values)),
        }
    }
    let value_type = parameters.iter().find(|(name, _)| name == "VALUE").map_or(usual.clone(), |(_, values)| values[0].clone());
    parameters.retain(|(name, values)| name != "VALUE" || usual == "UNKNOWN" || *values != [usual.as_str()]);
    parameters.sort();
    let mut value: Vec<String> = vec![property.value().into_owned()];
    if value_type == "RECUR" {
        let part =
            |part: &str| part.split_once('=').map_or(part.to_owned(), |(name, value)| format!("{}={value}", name.to_ascii_uppercase()));
        value = property.value().split(';').map(part).collect();
        value.sort();
    }
    format!("{name} {parameters:?} {value:?}")
}

/// The lines that come back by jCal and by xCal, or that something is refused.
fn by_both(text: &str) -> [Result<Vec<String>, ConversionError>; 2] {
    let document = document(text);
    let lines = |back: Result<Vec<u8>, ConversionError>, other: &str| {
        let back = back.unwrap_or_else(|error| panic!("{error}: {text:?} in {other}"));
        let back = String::from_utf8(back).unwrap().replace("\r\n ", "");
        back.split_terminator("\r\n").map(told).collect::<Vec<_>>()
    };
    let json = jcal::write(&document.root()).map(|json| lines(jcal::read(&json, &Limits::default()), &json));
    let xml = xcal::write(&document.root()).map(|xml| lines(xcal::read(&xml, &Limits::default()), &xml));
    [json, xml]
}

#[test]
fn rfc7265_s5_rfc6321_s4_whatever_a_line_holds_comes_back_or_is_refused() {
    let mut chance = Chance(3);
    let mut written = [0, 0];
    for _ in 0..20_000 {
        let line = line(&mut chance);
        let back = by_both(&format!("BEGIN:VCALENDAR\r\n{line}\r\nEND:VCALENDAR\r\n"));
        for (written, lines) in written.iter_mut().zip(back) {
            let Ok(lines) = lines else { continue };
            assert_eq!((lines.len(), lines.get(1)), (3, Some(&told(&line))));
            *written += 1;
        }
    }
    assert!(written[0] > 16_000 && written[1] > 14_000, "{written:?}");
}

#[test]
fn whole_objects_of_such_lines_come_back_in_their_order() {
    let mut chance = Chance(5);
    let around = |line: &str| format!("BEGIN:VCALENDAR\r\n{line}\r\nEND:VCALENDAR\r\n");
    let mut block = |count: usize| -> String {
        let plain = std::iter::repeat_with(|| line(&mut chance)).filter(|line| by_both(&around(line)).iter().all(Result::is_ok));
        plain.take(count).map(|line| format!("{line}\r\n")).collect()
    };
    for _ in 0..100 {
        let text = format!(
            "BEGIN:VCALENDAR\r\n{}BEGIN:VEVENT\r\n{}BEGIN:VALARM\r\n{}END:VALARM\r\nEND:VEVENT\r\nBEGIN:X-OWN\r\n{}END:X-OWN\r\nEND:VCALENDAR\r\n",
            block(3),
            block(12),
            block(6),
            block(3)
        );
        let lines: Vec<String> = text.split_terminator("\r\n").map(told).collect();
        for back in by_both(&text) {
            assert_eq!(back.as_ref(), Ok(&lines));
        }
    }
}
