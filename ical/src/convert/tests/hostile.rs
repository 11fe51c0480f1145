//! What is meant to break a converter is refused with a sentence.

use super::*;

const NAMESPACE: &str = "urn:ietf:params:xml:ns:icalendar-2.0";

#[test]
fn deep_nesting_is_refused() {
    for levels in [100, 10_000, 200_000] {
        let arrays = "[\"x\",[],[".repeat(levels);
        assert!(jcal::read(&arrays, &Limits::default()).is_err());
        assert!(jcal::read(&(arrays + &"]]".repeat(levels)), &Limits::default()).is_err());
        let objects = format!("{{\"@type\":\"Event\",\"a\":{}1{}}}", "{\"a\":".repeat(levels), "}".repeat(levels));
        assert_eq!(jscalendar::read(&objects, &Limits::default()).is_ok(), levels == 100);
        let elements = format!("<icalendar xmlns='{NAMESPACE}'>{}", "<x><components>".repeat(levels));
        assert!(xcal::read(&elements, &Limits::default()).is_err());
        let whole = format!("{elements}{}</icalendar>", "</components></x>".repeat(levels));
        assert!(xcal::read(&whole, &Limits::default()).is_err());
    }
}

#[test]
fn xml1_0_s4_entities_are_not_expanded() {
    let bomb = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><icalendar>&b;</icalendar>";
    assert!(xcal::read(bomb, &Limits::default()).is_err());
    let unknown = format!("<icalendar xmlns='{NAMESPACE}'>&b;</icalendar>");
    assert!(xcal::read(&unknown, &Limits::default()).unwrap_err().0.contains("unknown entity"));
}

#[test]
fn what_would_be_lost_from_xcal_is_refused() {
    let wrapped = |inside: &str| format!("<icalendar xmlns='{NAMESPACE}'><vcalendar>{inside}</vcalendar></icalendar>");
    let of = |property: &str| wrapped(&format!("<properties>{property}</properties>"));
    for bad in [
        wrapped("<properties/><properties><summary><text>a</text></summary></properties>"),
        wrapped("<components/><properties/>"),
        wrapped("<summary><text>a</text></summary>"),
        format!("{}{}", wrapped(""), wrapped("")),
        wrapped("") + "text",
        of("<summary>lost<text>a</text></summary>"),
        of("<summary><text>a</text><parameters/></summary>"),
        of("<geo><longitude>1</longitude><latitude>2</latitude></geo>"),
        of("<geo><latitude>1</latitude><longitude>2</longitude><longitude>3</longitude></geo>"),
        of("<rdate><period><start>2026-01-01</start><start>2026-01-01</start></period></rdate>"),
        of("<rrule><recur><freq>DAILY<x/></freq></recur></rrule>"),
        of("<rrule><recur><\u{e4}>1</\u{e4}></recur></rrule>"),
    ] {
        assert!(xcal::read(&bad, &Limits::default()).is_err(), "{bad}");
    }
    assert!(xcal::read(&wrapped("<properties/><components/>"), &Limits::default()).is_ok());
}

#[test]
fn what_would_be_lost_from_jcal_is_refused() {
    for property in [
        r#"["x-a",{"p":"1","p":"2"},"unknown","v"]"#,
        r#"["x-a",{"p":"1","P":"2"},"unknown","v"]"#,
        r#"["x-a",{"value":"text"},"uri","v"]"#,
        r#"["rrule",{},"recur",{"freq":"DAILY","count":1,"count":2}]"#,
        r#"["rrule",{},"recur",{"freq":"DAILY","FREQ":"WEEKLY"}]"#,
        r#"["rrule",{},"recur",{"freq":"DAILY","by day":1}]"#,
        r#"["rrule",{},"recur",{"freq":"DAILY","":1}]"#,
    ] {
        let json = format!("[\"vcalendar\",[{property}],[]]");
        assert!(jcal::read(&json, &Limits::default()).is_err(), "{property}");
    }
    let same = r#"["vcalendar",[["x-a",{"VALUE":"uri"},"uri","v"]],[]]"#;
    assert_eq!(jcal::read(same, &Limits::default()).unwrap(), b"BEGIN:VCALENDAR\r\nX-A;VALUE=URI:v\r\nEND:VCALENDAR\r\n");
}

#[test]
fn nothing_is_no_object() {
    for nothing in ["", " ", "\n", "\u{feff}", "[", "<", "{", "null", "<icalendar", "[[[]]]"] {
        assert!(jcal::read(nothing, &Limits::default()).is_err());
        assert!(xcal::read(nothing, &Limits::default()).is_err());
        assert!(jscalendar::read(nothing, &Limits::default()).is_err());
    }
}
