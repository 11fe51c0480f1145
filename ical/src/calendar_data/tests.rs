use super::*;
use crate::date::parse_utc;

fn render(data: &CalendarData, inner: &str) -> String {
    let object = CalendarObject::read_stored(Bytes::from(format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{inner}END:VCALENDAR\r\n"))).unwrap();
    let bytes = data.render(&object, &Zone::utc()).unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    CalendarObject::read_stored(Bytes::from(text.clone())).ok();
    text
}

fn nothing() -> CalendarData {
    CalendarData { selection: None, expand: None, limit_recurrence_set: None, limit_freebusy_set: None }
}

fn window(text: &str) -> Option<(i64, i64)> {
    let (start, end) = text.split_once('/').unwrap();
    Some((parse_utc(start).unwrap(), parse_utc(end).unwrap()))
}

const SERIES: &str = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nEND:VTIMEZONE\r\n\
    BEGIN:VEVENT\r\nUID:u\r\nDTSTART;TZID=Europe/Berlin:20260101T090000\r\nDTEND;TZID=Europe/Berlin:20260101T100000\r\nRRULE:FREQ=DAILY\r\nEXDATE;TZID=Europe/Berlin:20260103T090000\r\nSUMMARY:master\r\nX-KEEP:1\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID;TZID=Europe/Berlin:20260104T090000\r\nDTSTART;TZID=Europe/Berlin:20260104T150000\r\nDTEND;TZID=Europe/Berlin:20260104T160000\r\nSUMMARY:moved\r\nEND:VEVENT\r\n";

#[test]
fn rfc4791_s9_6_5_expansion_gives_each_instance_in_utc() {
    let data = CalendarData { expand: window("20260102T000000Z/20260105T000000Z"), ..nothing() };
    let text = render(&data, SERIES);
    assert_eq!(text.matches("BEGIN:VEVENT").count(), 2, "{text}");
    assert!(text.contains("RECURRENCE-ID:20260102T080000Z\r\nDTSTART:20260102T080000Z\r\nDTEND:20260102T090000Z\r\n"), "{text}");
    assert!(text.contains("RECURRENCE-ID:20260104T080000Z\r\nDTSTART:20260104T140000Z\r\nDTEND:20260104T150000Z\r\n"), "{text}");
    for gone in ["RRULE", "EXDATE", "VTIMEZONE", "TZID"] {
        assert!(!text.contains(gone), "{gone}");
    }
    assert!(text.contains("X-KEEP:1"));
}

#[test]
fn rfc4791_s9_6_5_dates_stay_dates_and_what_does_not_recur_has_no_recurrence_id() {
    let data = CalendarData { expand: window("20260101T000000Z/20260201T000000Z"), ..nothing() };
    let text = render(&data, "BEGIN:VEVENT\r\nUID:u\r\nDTSTART;VALUE=DATE:20260105\r\nRRULE:FREQ=WEEKLY;COUNT=2\r\nEND:VEVENT\r\n");
    assert!(text.contains("RECURRENCE-ID;VALUE=DATE:20260112\r\nDTSTART;VALUE=DATE:20260112\r\n"), "{text}");
    let text = render(&data, "BEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260105T090000Z\r\nEND:VEVENT\r\n");
    assert!(!text.contains("RECURRENCE-ID"));
}

#[test]
fn rfc4791_s9_6_5_tasks_are_expanded_too() {
    let data = CalendarData { expand: window("20260101T000000Z/20260104T000000Z"), ..nothing() };
    let text =
        render(&data, "BEGIN:VTODO\r\nUID:u\r\nDTSTART:20260101T090000Z\r\nDUE:20260101T100000Z\r\nRRULE:FREQ=DAILY\r\nEND:VTODO\r\n");
    assert_eq!(text.matches("BEGIN:VTODO").count(), 3, "{text}");
    assert!(text.contains("DUE:20260103T100000Z"));
}

#[test]
fn rfc4791_s9_6_6_only_overrides_that_matter_stay() {
    let before = CalendarData { limit_recurrence_set: window("20260102T000000Z/20260103T000000Z"), ..nothing() };
    let text = render(&before, SERIES);
    assert!(text.contains("SUMMARY:master") && !text.contains("SUMMARY:moved") && text.contains("BEGIN:VTIMEZONE"));
    let of_it = CalendarData { limit_recurrence_set: window("20260104T000000Z/20260104T090000Z"), ..nothing() };
    assert!(render(&of_it, SERIES).contains("SUMMARY:moved"), "where it would have been");
}

#[test]
fn rfc4791_s9_6_7_only_periods_that_touch_stay() {
    let data = CalendarData { limit_freebusy_set: window("20260101T000000Z/20260102T000000Z"), ..nothing() };
    let text = render(&data, "BEGIN:VFREEBUSY\r\nUID:u\r\nFREEBUSY:20260101T090000Z/PT1H,20260301T090000Z/PT1H\r\nEND:VFREEBUSY\r\n");
    assert!(text.contains("20260101T090000Z/20260101T100000Z") && !text.contains("20260301"), "{text}");
}

#[test]
fn rfc4791_s9_6_1_parts_are_what_was_named() {
    let event = Selection {
        name: "VEVENT".into(),
        all_props: false,
        props: vec![("UID".into(), false), ("SUMMARY".into(), true)],
        all_comps: false,
        comps: vec![],
    };
    let calendar = Selection {
        name: "VCALENDAR".into(),
        all_props: false,
        props: vec![("VERSION".into(), false)],
        all_comps: false,
        comps: vec![event],
    };
    let text = render(
        &CalendarData { selection: Some(calendar), ..nothing() },
        "BEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260105T090000Z\r\nSUMMARY:s\r\nBEGIN:VALARM\r\nEND:VALARM\r\nEND:VEVENT\r\n",
    );
    assert_eq!(text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:u\r\nSUMMARY:\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
}

#[test]
fn rfc4791_s9_6_6_an_override_is_kept_where_the_original_would_have_been() {
    let data = CalendarData { limit_recurrence_set: window("20260106T120000Z/20260106T130000Z"), ..nothing() };
    let series = "BEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260105T090000Z\r\nDTEND:20260105T170000Z\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID:20260106T090000Z\r\nDTSTART:20260120T100000Z\r\nDTEND:20260120T101500Z\r\nEND:VEVENT\r\n";
    assert_eq!(render(&data, series).matches("BEGIN:VEVENT").count(), 2);
    let later = CalendarData { limit_recurrence_set: window("20260106T170000Z/20260106T180000Z"), ..nothing() };
    assert_eq!(render(&later, series).matches("BEGIN:VEVENT").count(), 1);
}

#[test]
fn rfc5545_s3_8_5_2_a_period_says_how_long_its_instance_is() {
    let data = CalendarData { expand: window("20260101T000000Z/20260201T000000Z"), ..nothing() };
    for length in ["DURATION:PT1H\r\n", "DTEND:20260105T100000Z\r\n", ""] {
        let series = format!(
            "BEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260105T090000Z\r\n{length}RDATE;VALUE=PERIOD:20260110T090000Z/PT3H\r\nEND:VEVENT\r\n"
        );
        let text = render(&data, &series);
        let (first, second) = text.split_once("DTSTART:20260110T090000Z").unwrap();
        assert!(second.contains("DTEND:20260110T120000Z\r\n") && !second.contains("DURATION"), "{text}");
        assert!(length.is_empty() || first.contains(length.trim_end()), "{text}");
    }
}

#[test]
fn rfc4791_s9_9_tasks_and_journals_are_expanded_by_their_own_rows() {
    let data = CalendarData { expand: window("20260105T090000Z/20260105T100000Z"), ..nothing() };
    assert!(render(&data, "BEGIN:VTODO\r\nUID:u\r\nDUE:20260105T100000Z\r\nEND:VTODO\r\n").contains("DUE:20260105T100000Z"));
    assert!(
        !render(&data, "BEGIN:VTODO\r\nUID:u\r\nDUE:20260105T110001Z\r\nEND:VTODO\r\n".replace("110001", "090000").as_str())
            .contains("BEGIN:VTODO")
    );
}
