use super::*;
use crate::Limits;
use crate::component::Document;

mod chance;
mod faithful;
mod hostile;

const EVERYTHING: &str = concat!(
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\n",
    "BEGIN:VTIMEZONE\r\nTZID:Own\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n",
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nTZNAME:CET\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n",
    "BEGIN:VEVENT\r\nUID:u@example.org\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Own:20260601T090000\r\nDURATION:PT1H\r\n",
    "SUMMARY;LANGUAGE=en:Semi\\; comma\\, back\\\\slash\\nline <&> \u{1f600}\r\n",
    "CATEGORIES:ONE,TWO\\, THREE\r\nGEO:37.386013;-122.082932\r\nPRIORITY:5\r\nREQUEST-STATUS:2.0;Success;a\\;b\r\n",
    "RDATE;VALUE=PERIOD:20260701T090000Z/PT2H,20260801T090000Z/20260801T100000Z\r\n",
    "EXDATE;TZID=Own:20260608T090000,20260615T090000\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU;COUNT=10;WKST=MO\r\n",
    "ATTENDEE;CN=\"Doe, Jane ^'J^'\";RSVP=TRUE;MEMBER=\"mailto:a@b\",\"mailto:c@d\":mailto:jane@example.org\r\n",
    "ATTACH;VALUE=BINARY;FMTTYPE=text/plain;ENCODING=BASE64:SGVsbG8=\r\nATTACH:https://example.org/a;b,c\r\n",
    "IMAGE;VALUE=URI:https://example.org/i.png\r\nSTRUCTURED-DATA;VALUE=TEXT;SCHEMA=\"https://x.org\":a\\,b\r\n",
    "X-PLAIN;X-P=1:raw;\\,value\r\nX-TYPED;VALUE=DATE-TIME:20260101T000000\r\nSEQUENCE:notanumber\r\n",
    "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER;RELATED=END:-PT15M\r\nDESCRIPTION:x\r\nEND:VALARM\r\n",
    "BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER;VALUE=DATE-TIME:20260601T080000Z\r\nEND:VALARM\r\n",
    "END:VEVENT\r\nEND:VCALENDAR\r\n"
);

fn document(text: &str) -> Document {
    Document::parse(text.as_bytes().to_vec(), &Limits::default()).unwrap()
}

/// Lines, unfolded, with what carries no meaning taken out: the order of parameters, and of the parts of a rule.
fn meaning(text: &str) -> Vec<String> {
    let unfolded = text.replace("\r\n ", "");
    let line = |line: &str| {
        let property = Property::parse(line.as_bytes().into(), 100).unwrap();
        let mut parameters: Vec<String> = property.parameters().map(|(name, values)| format!("{name}={values:?}")).collect();
        parameters.sort();
        let mut value: Vec<String> = vec![property.value().into_owned()];
        if property.is("RRULE") {
            value = property.value().split(';').map(str::to_owned).collect();
            value.sort();
        }
        format!("{} {parameters:?} {value:?}", property.name())
    };
    unfolded.lines().map(line).collect()
}

#[test]
fn rfc7265_s5_icalendar_goes_to_jcal_and_back_without_loss() {
    let json = jcal::write(&document(EVERYTHING).root()).unwrap();
    let back = String::from_utf8(jcal::read(&json, &Limits::default()).unwrap()).unwrap();
    assert_eq!(meaning(&back), meaning(EVERYTHING));
    assert_eq!(jcal::write(&document(&back).root()).unwrap(), json);
}

#[test]
fn rfc6321_s4_icalendar_goes_to_xcal_and_back_without_loss() {
    let xml = xcal::write(&document(EVERYTHING).root()).unwrap();
    let back = String::from_utf8(xcal::read(&xml, &Limits::default()).unwrap()).unwrap();
    assert_eq!(meaning(&back), meaning(EVERYTHING));
}

#[test]
fn rfc7265_s3_6_values_have_their_json_types() {
    let json: serde_json::Value = serde_json::from_str(&jcal::write(&document(EVERYTHING).root()).unwrap()).unwrap();
    let event = &json[2][1];
    let property = |name: &str| event[1].as_array().unwrap().iter().find(|p| p[0] == name).unwrap().clone();
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(property("dtstart"), json(r#"["dtstart",{"tzid":"Own"},"date-time","2026-06-01T09:00:00"]"#));
    assert_eq!(property("geo"), json(r#"["geo",{},"float",[37.386013,-122.082932]]"#));
    assert_eq!(property("priority"), json(r#"["priority",{},"integer",5]"#));
    assert_eq!(property("categories"), json(r#"["categories",{},"text","ONE","TWO, THREE"]"#));
    assert_eq!(property("rrule"), json(r#"["rrule",{},"recur",{"freq":"WEEKLY","byday":["MO","TU"],"count":10,"wkst":"MO"}]"#));
    assert_eq!(property("request-status"), json(r#"["request-status",{},"text",["2.0","Success","a;b"]]"#));
    assert_eq!(property("rdate")[3], json(r#"["2026-07-01T09:00:00Z","PT2H"]"#));
    assert_eq!(property("attach"), json(r#"["attach",{"fmttype":"text/plain"},"binary","SGVsbG8="]"#));
    assert_eq!(property("x-plain"), json(r#"["x-plain",{"x-p":"1"},"unknown","raw;\\,value"]"#));
    let attendee = json(
        r#"["attendee",{"cn":"Doe, Jane \"J\"","rsvp":"TRUE","member":["mailto:a@b","mailto:c@d"]},"cal-address","mailto:jane@example.org"]"#,
    );
    assert_eq!(property("attendee"), attendee);
}

#[test]
fn rfc7265_what_is_no_jcal_is_refused_and_injects_no_line() {
    let property = |json: &str| jcal::read(&format!("[\"vcalendar\",[{json}],[]]"), &Limits::default());
    for bad in [
        r#"["summary",{},"text"]"#,
        r#"["summary",{},"text",null]"#,
        r#"["summary",{},"text",{"a":1}]"#,
        r#"["x-a",{},"unknown","a\r\nATTENDEE:mailto:x"]"#,
        r#"["sum mary",{},"text","a"]"#,
        r#"["summary",{"a:b":"c"},"text","a"]"#,
        r#"["summary",{},"te;xt","a"]"#,
        r#"["rrule",{},"recur",{"freq":"DAILY;COUNT=1"}]"#,
    ] {
        assert!(property(bad).is_err(), "{bad}");
    }
    let text = property(r#"["summary",{"x-p":"a\nb\"c"},"text","line\nline"]"#).unwrap();
    assert_eq!(text, b"BEGIN:VCALENDAR\r\nSUMMARY;X-P=a^nb^'c:line\\nline\r\nEND:VCALENDAR\r\n");
    for bad in ["", "{}", "[]", "[\"vcalendar\",[]]", &"[".repeat(100_000)] {
        assert!(jcal::read(bad, &Limits::default()).is_err());
    }
}

#[test]
fn rfc6321_what_is_no_xcal_is_refused() {
    let wrapped = |inside: &str| {
        format!(
            "<icalendar xmlns='urn:ietf:params:xml:ns:icalendar-2.0'><vcalendar><properties>{inside}</properties></vcalendar></icalendar>"
        )
    };
    for bad in [
        "".to_owned(),
        "<icalendar/>".to_owned(),
        "<!DOCTYPE x [<!ENTITY e 'x'>]><icalendar/>".to_owned(),
        wrapped("<summary/>"),
        wrapped("<x-a><unknown>a&#10;ATTENDEE:x</unknown></x-a>"),
        wrapped("<other xmlns='urn:other'><text>a</text></other>"),
        wrapped("<rrule><recur><freq>DAILY;COUNT=1</freq></recur></rrule>"),
        wrapped(&"<a>".repeat(5000)),
    ] {
        assert!(xcal::read(&bad, &Limits::default()).is_err(), "{bad:.200}");
    }
    let good = wrapped("<summary>\n <text>a&amp;b</text>\n</summary>");
    assert_eq!(xcal::read(&good, &Limits::default()).unwrap(), b"BEGIN:VCALENDAR\r\nSUMMARY:a&b\r\nEND:VCALENDAR\r\n");
}

#[test]
fn times_are_spelt_both_ways_and_what_is_none_stays() {
    for (text, other) in [
        ("20260101T090000Z", "2026-01-01T09:00:00Z"),
        ("20260101T090000", "2026-01-01T09:00:00"),
        ("20260101", "2026-01-01"),
        ("090000Z", "09:00:00Z"),
        ("-0830", "-08:30"),
        ("+053045", "+05:30:45"),
        ("PT1H", "PT1H"),
        ("garbage-1:2", "garbage-1:2"),
    ] {
        assert_eq!(extended(text), other);
        assert_eq!(basic(other), text);
    }
}

#[test]
fn rfc6868_s3_1_parameters_are_encoded() {
    assert_eq!(parameter_value("a\"b^c\nd"), "a^'b^^c^nd");
    assert_eq!(parameter_value("Doe, Jane"), "\"Doe, Jane\"");
}

#[test]
fn separators_with_a_backslash_do_not_divide() {
    assert_eq!(split_unescaped("a\\,b,c\\\\,d", ',', usize::MAX), ["a\\,b", "c\\\\", "d"]);
    assert_eq!(split_unescaped("2.0;Fine;a;b", ';', 3), ["2.0", "Fine", "a;b"]);
}
