//! T1 to T10: what the standard does not allow, or only just, and clients send nevertheless. It is taken, kept and read sensibly.

use kalends_ical::date::{format_utc, parse_utc};
use kalends_ical::free_busy::busy_periods;
use kalends_ical::split::Split;
use kalends_ical::zone::Zone;
use kalends_ical::{CalendarObject, Document, Limits, ObjectRule};

use crate::starts;

fn calendar(components: &[&str]) -> String {
    let components: String = components.iter().map(|lines| format!("BEGIN:VEVENT\r\nUID:u\r\n{lines}\r\nEND:VEVENT\r\n")).collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{components}END:VCALENDAR\r\n")
}

/// Taken as a PUT takes it, octet for octet.
fn taken(text: &str) -> CalendarObject {
    let object = CalendarObject::parse(text.to_owned().into(), &Limits::default()).map_err(|refusal| format!("{refusal}: {text}")).unwrap();
    assert_eq!(object.bytes(), text.as_bytes());
    object
}

/// The busy periods of January 2026, in order: overrides are found before the rest.
fn busy(text: &str) -> Vec<String> {
    let january = (parse_utc("20260101T000000Z").unwrap(), parse_utc("20260201T000000Z").unwrap());
    let mut periods = busy_periods(&taken(text), january, &Zone::utc()).unwrap();
    periods.sort_by_key(|period| period.start);
    periods.iter().map(|period| format!("{}/{}", format_utc(period.start), format_utc(period.end))).collect()
}

#[test]
fn t1_of_an_end_and_a_duration_of_nothing_the_end_counts() {
    for duration in ["PT0S", "P0D", "P"] {
        let text = calendar(&[&format!("DTSTART:20260105T090000Z\r\nDTEND:20260105T100000Z\r\nDURATION:{duration}")]);
        assert_eq!(busy(&text), ["20260105T090000Z/20260105T100000Z"], "{duration}");
        let text = calendar(&[&format!("DTSTART:20260105T090000Z\r\nDURATION:{duration}\r\nDTEND:20260105T100000Z")]);
        assert_eq!(busy(&text), ["20260105T090000Z/20260105T100000Z"], "{duration}");
    }
}

#[test]
fn t4_control_characters_in_text_are_kept() {
    for control in (0..0x20).chain([0x7f]).filter(|byte| *byte != b'\n').map(char::from) {
        let text = calendar(&[&format!("DTSTART:20260105T090000Z\r\nSUMMARY:a{control}b")]);
        let object = taken(&text);
        let summary = object.main_components().next().unwrap().property("SUMMARY").unwrap();
        assert_eq!(summary.value(), format!("a{control}b"));
    }
}

#[test]
fn t5_a_zone_needs_no_vtimezone_and_an_unknown_one_floats() {
    let at = |zone: &str| starts(&calendar(&[&format!("DTSTART;TZID={zone}:20260705T090000")])).unwrap();
    for known in ["Europe/Berlin", "Romance Standard Time", "/freeassociation.sourceforge.net/Europe/Berlin", "\" Europe/Berlin \""] {
        assert_eq!(at(known), ["20260705T070000Z"], "{known}");
    }
    // As a floating time is: in the zone that is asked for, here UTC.
    assert_eq!(at("Nowhere/At All"), ["20260705T090000Z"]);
}

#[test]
fn t6_overrides_without_their_series_and_a_series_with_a_recurrence_id() {
    let invited = calendar(&[
        "RECURRENCE-ID:20260105T090000Z\r\nDTSTART:20260105T090000Z\r\nDURATION:PT1H",
        "RECURRENCE-ID:20260112T090000Z\r\nDTSTART:20260112T110000Z\r\nDURATION:PT1H",
    ]);
    assert_eq!(busy(&invited), ["20260105T090000Z/20260105T100000Z", "20260112T110000Z/20260112T120000Z"]);
    let series = "RECURRENCE-ID:20260105T090000Z\r\nDTSTART:20260105T090000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=2";
    assert_eq!(busy(&calendar(&[series])), ["20260105T090000Z/20260105T100000Z", "20260112T090000Z/20260112T100000Z"]);
    let moved = "RECURRENCE-ID:20260112T090000Z\r\nDTSTART:20260112T110000Z\r\nDURATION:PT1H";
    assert_eq!(busy(&calendar(&[series, moved])), ["20260105T090000Z/20260105T100000Z", "20260112T110000Z/20260112T120000Z"]);
}

#[test]
fn t7_without_transp_an_event_takes_time() {
    let event = |line: &str| calendar(&[&format!("DTSTART:20260105T090000Z\r\nDTEND:20260105T100000Z{line}")]);
    assert_eq!(busy(&event("")).len(), 1);
    assert_eq!(busy(&event("\r\nTRANSP:OPAQUE")).len(), 1);
    assert!(busy(&event("\r\nTRANSP:TRANSPARENT")).is_empty());
}

#[test]
fn t8_long_lines_and_lines_that_end_in_lf() {
    let long = "\u{e4}".repeat(10_000);
    let text = calendar(&[&format!("DTSTART:20260105T090000Z\r\nSUMMARY:{long}\r\nDURATION:PT1H")]);
    for text in [text.clone(), text.replace("\r\n", "\n")] {
        assert_eq!(busy(&text), ["20260105T090000Z/20260105T100000Z"]);
        let object = taken(&text);
        assert_eq!(object.main_components().next().unwrap().property("SUMMARY").unwrap().value(), long);
    }
    // What `&#13;` in the XML of calendar-timezone leaves behind.
    let zone = "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Own\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n";
    for zone in [zone.to_owned(), zone.replace("\r\n", "\n"), zone.replace("\r\n", "\r\r\n"), format!("\n  {zone}  ")] {
        assert!(Zone::from_calendar_timezone(&zone).is_ok(), "{zone:?}");
    }
}

#[test]
fn t9_of_two_overrides_of_one_instance_the_last_counts() {
    let series = "DTSTART:20260105T090000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=2";
    let moved = |hour: u32| format!("RECURRENCE-ID:20260112T090000Z\r\nDTSTART:20260112T{hour}0000Z\r\nDURATION:PT1H");
    let text = calendar(&[series, &moved(13), &moved(11)]);
    assert_eq!(busy(&text), ["20260105T090000Z/20260105T100000Z", "20260112T110000Z/20260112T120000Z"]);
    assert_eq!(busy(&calendar(&[&moved(13), &moved(11)])), ["20260112T110000Z/20260112T120000Z"]);
    // The octets of both are kept.
    assert_eq!(taken(&text).main_components().count(), 3);
}

#[test]
fn t10_a_method_inside_is_refused_and_import_strips_it() {
    for method in ["METHOD:PUBLISH\r\n", "method;X-P=1:REQUEST\r\n", "METHOD:\r\n"] {
        let text = calendar(&["DTSTART:20260105T090000Z"]).replace("BEGIN:VEVENT", &format!("{method}BEGIN:VEVENT"));
        let refusal = CalendarObject::parse(text.clone().into(), &Limits::default()).expect_err(method);
        assert_eq!(refusal.rule, ObjectRule::ValidCalendarObjectResource, "{method}");
        assert!(refusal.to_string().contains("METHOD"), "{refusal}");
        let document = Document::parse(text.into_bytes(), &Limits::default()).unwrap();
        let parts: Vec<_> = Split::of(&document).unwrap().parts().collect();
        assert_eq!(parts.len(), 1);
        let imported = String::from_utf8(parts[0].bytes.clone()).unwrap();
        assert!(!imported.to_uppercase().contains("METHOD"), "{imported}");
        assert_eq!(taken(&imported).uid(), "u");
    }
}
