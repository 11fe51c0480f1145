//! Lines that a typed value would change come back as they are, or are refused by name.

use super::*;

fn calendar(lines: &str) -> String {
    format!("BEGIN:VCALENDAR\r\n{lines}\r\nEND:VCALENDAR\r\n")
}

fn by_jcal(text: &str) -> Result<String, ConversionError> {
    let json = jcal::write(&document(text).root())?;
    Ok(String::from_utf8(jcal::read(&json, &Limits::default()).unwrap()).unwrap())
}

fn by_xcal(text: &str) -> Result<String, ConversionError> {
    let xml = xcal::write(&document(text).root())?;
    Ok(String::from_utf8(xcal::read(&xml, &Limits::default()).unwrap()).unwrap())
}

#[test]
fn values_that_their_type_would_change_come_back_to_the_letter() {
    for line in [
        "RRULE:FREQ=WEEKLY;BYDAY=MO;BYDAY=TU",
        "RRULE:FREQ=DAILY;BYDAY=",
        "RRULE:FREQ=DAILY;X-P=a:b",
        "RRULE:FREQ=DAILY;COUNT=010;",
        "RRULE: FREQ = DAILY",
        "RRULE:",
        "REQUEST-STATUS:2.0;a,b;c;d",
        "REQUEST-STATUS:2.0",
        "X-A;VALUE=TEXT:a,b",
        "SUMMARY:a,b;c\\N\\x",
        "CATEGORIES:a;b,c",
        "X-A;VALUE=BOOLEAN:maybe",
        "X-A;VALUE=BOOLEAN:true",
        "X-A;VALUE=UNKNOWN:x",
        "X-A;VALUE=:x",
        "X-A;VALUE=PARAMETERS:x",
        "GEO:52.500000;13.4000000000000001",
        "GEO;VALUE=LATITUDE:1",
        "GEO:1;2;3",
        "X-A;VALUE=FLOAT:1.0",
        "PRIORITY:+05",
        "SEQUENCE:99999999999999999999",
        "DTSTART:2026-01-01T00:00:00Z",
        "FREEBUSY:20260101T000000Z/2026-01-02",
        "FREEBUSY:20260101T000000Z",
        "ATTACH;VALUE=BINARY:SGVsbG8=",
        "ATTACH;ENCODING=base64;VALUE=BINARY:SGVsbG8=",
        "ATTENDEE;RSVP=true:mailto:a",
        "ATTENDEE;RSVP=TRUE:mailto:a",
        "X-A;X-B=\"a:b\";X-C=^n^^^':\u{85}\u{2028}",
        "X_ODD.NAME;X_P=1: as  it\tis ",
        "CATEGORIES:",
        "EXDATE:",
    ] {
        let text = calendar(line);
        for back in [by_jcal(&text), by_xcal(&text)] {
            assert_eq!(back.map(|back| meaning(&back)), Ok(meaning(&text)));
        }
    }
}

#[test]
fn a_parameter_that_stands_twice_keeps_the_values_of_both() {
    let text = calendar("X-A;X-P=1;X-Q=2;x-p=\"3,4\",5:v");
    let wanted = calendar("X-A;X-P=1,\"3,4\",5;X-Q=2:v");
    assert_eq!((by_jcal(&text).unwrap(), by_xcal(&text).unwrap()), (wanted.clone(), wanted));
}

#[test]
fn rfc7265_s3_6_typed_values_stay_typed() {
    let json = jcal::write(&document(&calendar("GEO:1.5;-2\r\nPRIORITY:5\r\nX-A;VALUE=BOOLEAN:TRUE\r\nSUMMARY:a\\,b")).root()).unwrap();
    let wanted = r#"["geo",{},"float",[1.5,-2.0]],["priority",{},"integer",5],["x-a",{},"boolean",true],["summary",{},"text","a,b"]"#;
    assert!(json.contains(wanted), "{json}");
    let xml = xcal::write(&document(&calendar("GEO:52.500000;13.4")).root()).unwrap();
    assert!(xml.contains("<geo><latitude>52.500000</latitude><longitude>13.4</longitude></geo>"), "{xml}");
}

#[test]
fn what_content_lines_cannot_hold_is_refused_by_name() {
    for (line, told) in [
        ("SUMMARY:a\u{b}b", "summary holds the control character '\\u{b}'"),
        ("SUMMARY:a\u{7f}b", "summary holds the control character '\\u{7f}'"),
        ("DTSTART:20260101\r\r\n", "dtstart holds the control character '\\r'"),
        ("SUMMARY;\u{e4}=1:x", "\"ä\" is no name"),
        ("SUMMARY;:x", "\"\" is no name"),
        ("BEGIN:V EVENT\r\nEND:V EVENT", "\"V EVENT\" is no name of a component"),
    ] {
        let text = calendar(line);
        let document = document(&text);
        for refused in [jcal::write(&document.root()), xcal::write(&document.root()), jscalendar::write(&document.root())] {
            assert!(refused.as_ref().is_err_and(|error| error.0.contains(told)), "{line:?}: {refused:?}");
        }
    }
    // No encoding of RFC 6868 brings it back.
    let document = document(&calendar("SUMMARY;X-A=\"a\rb\":c"));
    assert!(jcal::write(&document.root()).is_err() && xcal::write(&document.root()).is_err());
}

#[test]
fn xml1_0_what_xml_cannot_hold_is_refused_by_name() {
    for (line, told) in [
        ("1-ODD:x", "\"1-odd\" is no name in XML"),
        ("X-A;-P=1:x", "\"-p\" is no name in XML"),
        ("X-A:\u{fffe}", "X-A cannot be written: unknown holds the character '\\u{fffe}', which XML cannot"),
        ("X-A;P=\u{ffff}:x", "the character '\\u{ffff}', which XML cannot"),
        ("BEGIN:2-IN\r\nEND:2-IN", "\"2-in\" is no name in XML"),
    ] {
        let text = calendar(line);
        let refused = xcal::write(&document(&text).root()).unwrap_err();
        assert!(refused.0.contains(told), "{line}: {refused}");
        assert_eq!(by_jcal(&text).unwrap(), text);
    }
    // Where only a type or a part of a rule has such a name, the line goes over as it is written.
    for line in ["X-A;VALUE=2D:x", "RRULE:FREQ=DAILY;2X=1"] {
        assert_eq!(by_xcal(&calendar(line)).unwrap(), calendar(line));
    }
}

#[test]
fn rfc5545_s3_4_begin_and_end_are_no_properties() {
    for name in ["begin", "BEGIN", "End"] {
        let json = format!("[\"vcalendar\",[[\"{name}\",{{}},\"text\",\"VEVENT\"]],[]]");
        assert!(jcal::read(&json, &Limits::default()).unwrap_err().0.contains("no property"));
        let xml = format!(
            "<icalendar xmlns='urn:ietf:params:xml:ns:icalendar-2.0'><vcalendar><properties><{name}><text>VEVENT</text></{name}></properties></vcalendar></icalendar>"
        );
        assert!(xcal::read(&xml, &Limits::default()).unwrap_err().0.contains("no property"));
        let json = serde_json::json!({"@type": "Event", "iCalendar": {"properties": [[name, {}, "text", "VEVENT"]]}});
        assert!(jscalendar::read(&json.to_string(), &Limits::default()).unwrap_err().0.contains("no property"));
    }
}
