//! What is legal and rarely written, or written although it is not: every kind that parsers have been seen to lose. Each is read, found
//! again octet for octet, and untouched by an edit beside it.

use kalends_ical::content_line::Lines;
use kalends_ical::edit::{Edit, Line};
use kalends_ical::value::unescape;
use kalends_ical::{CalendarObject, Component, Document, Limits};

/// A line as it stands in a file, as it is once unfolded, and what is read out of it: parameters and the value.
struct Row {
    kind: &'static str,
    raw: &'static [u8],
    line: &'static str,
    parameters: &'static [(&'static str, &'static [&'static str])],
    value: &'static str,
}

const fn row(
    kind: &'static str,
    raw: &'static str,
    parameters: &'static [(&'static str, &'static [&'static str])],
    value: &'static str,
) -> Row {
    Row { kind, raw: raw.as_bytes(), line: raw, parameters, value }
}

const fn folded(kind: &'static str, raw: &'static [u8], line: &'static str, value: &'static str) -> Row {
    Row { kind, raw, line, parameters: &[], value }
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // RFC 6868 §3: carets in parameters.
    row("^n is a line break",                 "X-ODD;X-P=a^nb:v",                  &[("X-P", &["a\nb"])],                    "v"),
    row("^^ is a caret",                      "X-ODD;X-P=a^^b:v",                  &[("X-P", &["a^b"])],                     "v"),
    row("^' is a double quote",               "X-ODD;X-P=\"^'a^', b\":v",          &[("X-P", &["\"a\", b"])],                "v"),
    row("^^n is a caret and an n",            "X-ODD;X-P=a^^n:v",                  &[("X-P", &["a^n"])],                     "v"),
    row("another caret is itself",            "X-ODD;X-P=a^xb^:v",                 &[("X-P", &["a^xb^"])],                   "v"),
    row("a caret in a value is itself",       "X-ODD:a^nb^^c^'",                   &[],                                      "a^nb^^c^'"),
    // RFC 5545 §3.1, §3.2: parameters.
    row("colon in quotes",                    "X-ODD;TZID=\"(GMT +01:00)\":v",     &[("TZID", &["(GMT +01:00)"])],           "v"),
    row("comma in quotes",                    "X-ODD;CN=\"Doe, Jane\":v",          &[("CN", &["Doe, Jane"])],                "v"),
    row("semicolon and equals in quotes",     "X-ODD;X-P=\"a;X-Q=b\":v",           &[("X-P", &["a;X-Q=b"])],                 "v"),
    row("several values",                     "X-ODD;X-P=a,b,\"c,d\",\"e\":v",     &[("X-P", &["a", "b", "c,d", "e"])],      "v"),
    row("quotes that are not needed",         "X-ODD;X-P=\"plain\":v",             &[("X-P", &["plain"])],                   "v"),
    row("repeated parameter",                 "X-ODD;X-P=1;X-Q=2;X-P=3:v",         &[("X-P", &["1"]), ("X-Q", &["2"]), ("X-P", &["3"])], "v"),
    row("empty parameter",                    "X-ODD;X-P=;X-Q=1:v",                &[("X-P", &[""]), ("X-Q", &["1"])],       "v"),
    row("empty parameter in quotes",          "X-ODD;X-P=\"\":v",                  &[("X-P", &[""])],                        "v"),
    row("empty values between commas",        "X-ODD;X-P=,a,:v",                   &[("X-P", &["", "a", ""])],               "v"),
    row("parameter without a value",          "X-ODD;X-P;X-Q=1:v",                 &[("X-P", &[""]), ("X-Q", &["1"])],       "v"),
    row("equals in a parameter's value",      "X-ODD;X-P=a=b=:v",                  &[("X-P", &["a=b="])],                    "v"),
    row("blanks around a parameter's value",  "X-ODD;X-P= a :v",                   &[("X-P", &[" a "])],                     "v"),
    row("a backslash in a parameter",         "X-ODD;X-P=a\\nb\\,c:v",             &[("X-P", &["a\\nb\\", "c"])],            "v"),
    row("characters beyond ASCII",            "X-ODD;X-P=Kl\u{e4}r\u{1f4c5}:\u{2013}", &[("X-P", &["Kl\u{e4}r\u{1f4c5}"])],  "\u{2013}"),
    row("parameters of any case",             "X-ODD;x-P=a;X-p=B:v",               &[("x-P", &["a"]), ("X-p", &["B"])],      "v"),
    // RFC 5545 §3.1: values.
    row("separators in a value",              "X-ODD:a:b;c=d,\"e:f\"",             &[],                                      "a:b;c=d,\"e:f\""),
    row("quote in a value",                   "X-ODD;X-P=1:6\" pipe",              &[("X-P", &["1"])],                       "6\" pipe"),
    row("empty value",                        "X-ODD:",                            &[],                                      ""),
    row("trailing blanks",                    "X-ODD:v  \t ",                      &[],                                      "v  \t "),
    row("leading blanks",                     "X-ODD:  v",                         &[],                                      "  v"),
    row("nothing but blanks",                 "X-ODD:   ",                         &[],                                      "   "),
    row("name of any case",                   "x-oDd:v",                           &[],                                      "v"),
    row("tab and other controls",             "X-ODD:a\tb\u{7}c\u{0}d\u{7f}",      &[],                                      "a\tb\u{7}c\u{0}d\u{7f}"),
    row("carriage return within",             "X-ODD:a\rb",                        &[],                                      "a\rb"),
    row("what other media take for line ends", "X-ODD:a\u{2028}b\u{85}c\u{b}d\u{c}e", &[],                                   "a\u{2028}b\u{85}c\u{b}d\u{c}e"),
    // RFC 5545 §3.3.11: escapes, kept as they are and read as what they stand for.
    row("escapes",                            "X-ODD:a\\, b\\; c\\\\ d\\n e\\N",   &[],                                      "a\\, b\\; c\\\\ d\\n e\\N"),
    row("escapes of what needs none",         "X-ODD:a\\:b\\\"c\\x",               &[],                                      "a\\:b\\\"c\\x"),
    row("backslash at the end",               "X-ODD:a\\",                         &[],                                      "a\\"),
    row("no escapes where there should be",   "X-ODD:a, b; c",                     &[],                                      "a, b; c"),
    // Values that a semantic model writes otherwise.
    row("zeros of GEO",                       "GEO:037.386000;-122.0829320",       &[],                                      "037.386000;-122.0829320"),
    row("zeros of a duration",                "DURATION:P15DT5H0M20S",             &[],                                      "P15DT5H0M20S"),
    row("sign of a duration",                 "DURATION:+PT0060M",                 &[],                                      "+PT0060M"),
    row("offset with seconds",                "TZOFFSETTO:+005328",                &[],                                      "+005328"),
    row("structured status",                  "REQUEST-STATUS:2.8;Ok\\, so far.;RRULE:FREQ=WEEKLY", &[],                     "2.8;Ok\\, so far.;RRULE:FREQ=WEEKLY"),
    row("parts of a rule in any order",       "RRULE:BYDAY=TU,MO;WKST=SU;COUNT=10;FREQ=WEEKLY", &[],                         "BYDAY=TU,MO;WKST=SU;COUNT=10;FREQ=WEEKLY"),
    row("X- part of a rule, any case",        "RRULE:freq=Daily;X-PART=a,b;count=3;", &[],                                   "freq=Daily;X-PART=a,b;count=3;"),
    row("base64",                             "ATTACH;VALUE=BINARY;ENCODING=BASE64:SGk=", &[("VALUE", &["BINARY"]), ("ENCODING", &["BASE64"])], "SGk="),
    // RFC 5545 §3.1: folds.
    folded("fold inside a UTF-8 character",   b"X-ODD:K\xc3\r\n \xa4se \xf0\x9f\r\n\t\x93\r\n \x85", "X-ODD:K\u{e4}se \u{1f4c5}",  "K\u{e4}se \u{1f4c5}"),
    folded("fold with a tab",                 b"X-ODD:a\r\n\tb",                 "X-ODD:ab",                                 "ab"),
    folded("fold before a blank",             b"X-ODD:a\r\n  b \r\n c",          "X-ODD:a b c",                              "a b c"),
    folded("fold inside the name",            b"X-\r\n ODD:v",                   "X-ODD:v",                                  "v"),
    folded("fold before the colon",           b"X-ODD\r\n :v",                   "X-ODD:v",                                  "v"),
    folded("fold behind the colon",           b"X-ODD:\r\n v",                   "X-ODD:v",                                  "v"),
    folded("fold of nothing",                 b"X-ODD:a\r\n \r\n \r\n b\r\n ",   "X-ODD:ab",                                 "ab"),
    folded("fold inside an escape",           b"X-ODD:a\\\r\n nb",               "X-ODD:a\\nb",                              "a\\nb"),
    folded("folds of both line ends",         b"X-ODD:a\n b\r\n c",              "X-ODD:abc",                                "abc"),
    Row { kind: "fold inside quotes and carets", raw: b"X-ODD;X-P=\"a\r\n :b^\r\n n\":v", line: "X-ODD;X-P=\"a:b^n\":v", parameters: &[("X-P", &["a:b\n"])], value: "v" },
];

const BEFORE: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260101T090000Z\r\nSUMMARY:before\r\n";
const AFTER: &str = "X-AFTER:after\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

/// Every content line of a text, unfolded.
fn lines(bytes: &[u8]) -> Vec<String> {
    Lines::new(bytes).map(|span| String::from_utf8(span.unfolded(bytes).into_owned()).unwrap()).collect()
}

/// The own properties of a component.
fn properties(component: &Component<'_>) -> Vec<String> {
    component.properties().map(|property| property.line().into_owned()).collect()
}

/// The only event of a text once something of it was changed.
fn edited(text: &[u8], change: impl for<'a> FnOnce(&mut Edit<'a>, &Component<'a>)) -> Vec<u8> {
    let document = Document::parse(text.to_vec(), &Limits::default()).unwrap();
    let mut edit = Edit::of(&document);
    change(&mut edit, &document.root().components().find(|component| component.is("VEVENT")).unwrap());
    edit.finish()
}

#[test]
fn rfc5545_s3_1_odd_lines_are_kept_read_and_edited_alone() {
    for Row { kind, raw, line, parameters, value } in ROWS {
        let text = [BEFORE.as_bytes(), raw, b"\r\n", AFTER.as_bytes()].concat();
        let object = CalendarObject::parse(text.clone().into(), &Limits::default()).unwrap_or_else(|e| panic!("{kind}: {e}"));
        assert_eq!(object.bytes(), &text, "{kind}");
        let kept = [&lines(BEFORE.as_bytes())[..], &[(*line).to_owned()], &lines(AFTER.as_bytes())].concat();
        assert_eq!(lines(&text), kept, "{kind}");

        let event = object.main_components().next().unwrap();
        assert_eq!(properties(&event), ["UID:u", "DTSTART:20260101T090000Z", "SUMMARY:before", line, "X-AFTER:after"], "{kind}");
        let odd = event.properties().nth(3).unwrap();
        let found: Vec<(&str, Vec<String>)> = odd.parameters().collect();
        let wanted: Vec<(&str, Vec<String>)> =
            parameters.iter().map(|(name, values)| (*name, values.iter().map(|value| (*value).to_owned()).collect())).collect();
        assert_eq!((found, odd.value().as_ref()), (wanted, *value), "{kind}");

        let beside = edited(&text, |edit, event| edit.set(event, Line::new("SUMMARY").text("other")));
        assert_eq!(beside, [BEFORE.replace(":before", ":other").as_bytes(), raw, b"\r\n", AFTER.as_bytes()].concat(), "{kind}");
        let replaced = edited(&text, |edit, event| edit.set(event, Line::new(odd.name()).value("new")));
        assert_eq!(replaced, format!("{BEFORE}{}:new\r\n{AFTER}", odd.name()).into_bytes(), "{kind}");
        let removed = edited(&text, |edit, event| assert_eq!(edit.remove(event, odd.name()), 1, "{kind}"));
        assert_eq!(removed, format!("{BEFORE}{AFTER}").into_bytes(), "{kind}");
    }
}

#[test]
fn rfc5545_s3_3_11_odd_escapes_stand_for_their_character() {
    for (text, read) in [
        ("a\\, b\\; c\\\\ d\\n e\\N", "a, b; c\\ d\n e\n"),
        ("a\\:b\\\"c\\x", "a:b\"cx"),
        ("a\\", "a\\"),
        ("a\\\\nb", "a\\nb"),
        ("a, b; c", "a, b; c"),
    ] {
        assert_eq!(unescape(text), read, "{text}");
    }
}

/// A file of one event, and what stands in the event and directly in the calendar.
struct Whole {
    kind: &'static str,
    text: String,
    properties: &'static [&'static str],
    components: &'static [&'static str],
}

const PLAIN: &[&str] = &["UID:u", "DTSTART:20260101T090000Z", "SUMMARY:before", "X-AFTER:after"];

fn whole_files() -> Vec<Whole> {
    let text = format!("{BEFORE}{AFTER}");
    let alarm = "BEGIN:VALARM\r\nTRIGGER:PT0S\r\nSUMMARY:of the alarm\r\nEND:VALARM\r\n";
    let own = "BEGIN:X-OWN\r\nSUMMARY:not of the event\r\nX-ODD: as it is \r\nBEGIN:X-INNER\r\nEND:X-INNER\r\nEND:X-OWN\r\n";
    let zone = "BEGIN:VTIMEZONE\r\nTZID:Twice\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
    let plain = |kind, text| Whole { kind, text, properties: PLAIN, components: &["VEVENT"] };
    vec![
        plain("line ends are newlines alone", text.replace("\r\n", "\n")),
        plain("line ends of both kinds", text.replace("UID:u\r\n", "UID:u\n").replace("SUMMARY:before\r\n", "SUMMARY:before\n")),
        plain("no line end at the end", text.trim_end().to_owned()),
        plain("blank lines", text.replace("UID", "\r\n\r\nUID").replace("X-AFTER", "\n \r\nX-AFTER") + "\r\n\r\n"),
        plain("byte order mark", format!("\u{feff}{text}")),
        plain("names of components in any case", text.replace("BEGIN:VEVENT", "begin:vEvent").replace("END:VEVENT", "End:VEVENT")),
        plain("blanks behind the name of a component", text.replace("BEGIN:VEVENT", "BEGIN:VEVENT ").replace("END:VEVENT", "END:VEVENT\t")),
        plain("fold inside BEGIN", text.replace("BEGIN:VEVENT", "BEG\r\n IN:VEV\r\n ENT")),
        plain("component in a component", text.replace("END:VEVENT", &format!("{own}{alarm}END:VEVENT"))),
        plain("property behind a component", text.replace("X-AFTER", &format!("{alarm}{own}X-AFTER"))),
        plain("property of the calendar behind its components", text.replace("END:VCALENDAR", "X-WR-CALNAME:late\r\nEND:VCALENDAR")),
        Whole {
            kind: "X- component beside the event",
            text: text.replace("BEGIN:VEVENT", &format!("{own}BEGIN:VEVENT")),
            properties: PLAIN,
            components: &["X-OWN", "VEVENT"],
        },
        Whole {
            kind: "component without a property",
            text: text.replace("BEGIN:VEVENT", "BEGIN:X-EMPTY\r\nEND:X-EMPTY\r\nBEGIN:VEVENT"),
            properties: PLAIN,
            components: &["X-EMPTY", "VEVENT"],
        },
        Whole {
            kind: "two VTIMEZONEs of one TZID",
            text: text.replace("BEGIN:VEVENT", &format!("{zone}{zone}BEGIN:VEVENT")),
            properties: PLAIN,
            components: &["VTIMEZONE", "VTIMEZONE", "VEVENT"],
        },
        Whole {
            kind: "repeated property",
            text: text.replace("X-AFTER", "X-TWICE:1\r\nX-TWICE:1\r\nX-AFTER"),
            properties: &["UID:u", "DTSTART:20260101T090000Z", "SUMMARY:before", "X-TWICE:1", "X-TWICE:1", "X-AFTER:after"],
            components: &["VEVENT"],
        },
    ]
}

#[test]
fn rfc5545_s3_4_odd_files_are_kept_read_and_edited_alone() {
    for Whole { kind, text, properties: wanted, components } in whole_files() {
        let object = CalendarObject::parse(text.clone().into(), &Limits::default()).unwrap_or_else(|e| panic!("{kind}: {e}"));
        assert_eq!(object.bytes(), text.as_bytes(), "{kind}");
        let names: Vec<&str> = object.root().components().map(|component| component.name()).collect();
        assert_eq!(names, components, "{kind}");
        assert_eq!(properties(&object.main_components().next().unwrap()), wanted, "{kind}");
        let spans: Vec<u8> = Lines::new(text.as_bytes()).flat_map(|span| span.raw(text.as_bytes()).to_vec()).collect();
        let without_blank_lines: String =
            text.trim_start_matches('\u{feff}').split_inclusive('\n').filter(|line| !line.trim().is_empty()).collect();
        assert_eq!(String::from_utf8(spans).unwrap(), without_blank_lines, "{kind}");

        let line_end = if text.contains("SUMMARY:before\r\n") { "\r\n" } else { "\n" };
        let other = edited(text.as_bytes(), |edit, event| edit.set(event, Line::new("SUMMARY").text("other")));
        assert_eq!(String::from_utf8(other).unwrap(), text.replace(&format!("SUMMARY:before{line_end}"), "SUMMARY:other\r\n"), "{kind}");
    }
}

#[test]
fn rfc5545_s3_3_10_the_order_of_a_rules_parts_does_not_matter() {
    let instances = |rule: &str| crate::starts(&crate::event("20260106T090000Z", rule)).unwrap();
    let wanted = ["20260106T090000Z", "20260112T090000Z", "20260113T090000Z"];
    assert_eq!(instances("FREQ=WEEKLY;COUNT=3;BYDAY=MO,TU"), wanted);
    assert_eq!(instances("BYDAY=TU,MO;COUNT=3;FREQ=WEEKLY"), wanted);
    assert_eq!(instances("X-PART=BYDAY;byday=tu,mo;Count=3;freq=weekly;"), wanted);
}

#[test]
fn rfc5545_s3_3_14_offsets_may_have_seconds() {
    // Amsterdam before 1937: 19 minutes and 32 seconds east.
    let zone = "BEGIN:VTIMEZONE\r\nTZID:Own\r\nBEGIN:STANDARD\r\nDTSTART:18350101T000000\r\nTZOFFSETFROM:+001932\r\nTZOFFSETTO:+001932\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
    let text = crate::event(";TZID=Own:19300101T090000", "FREQ=DAILY;COUNT=2").replace("BEGIN:VEVENT", &format!("{zone}BEGIN:VEVENT"));
    assert_eq!(crate::starts(&text).unwrap(), ["19300101T084028Z", "19300102T084028Z"]);
}
