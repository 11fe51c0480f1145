use bytes::Bytes;

use super::*;
use crate::date::parse_utc;
use crate::filter::{Collation, TextMatch};

fn object(component: &str, lines: &str) -> CalendarObject {
    calendar(&format!("BEGIN:{component}\r\nUID:u\r\n{}\r\nEND:{component}\r\n", lines.replace(' ', "\r\n")))
}

fn calendar(inner: &str) -> CalendarObject {
    CalendarObject::read_stored(Bytes::from(format!("BEGIN:VCALENDAR\r\n{inner}END:VCALENDAR\r\n"))).unwrap()
}

fn range(text: &str) -> TimeRange {
    let (start, end) = text.split_once('/').unwrap();
    TimeRange { start: parse_utc(start), end: parse_utc(end) }
}

fn comp(name: &str) -> CompFilter {
    CompFilter { name: name.into(), is_not_defined: false, time_range: None, props: vec![], comps: vec![] }
}

fn within(component: &str, filter: CompFilter) -> CompFilter {
    CompFilter { comps: vec![CompFilter { name: component.into(), ..filter }], ..comp("VCALENDAR") }
}

fn in_range(object: &CalendarObject, text: &str) -> bool {
    let filter = within(object.kind().name(), CompFilter { time_range: Some(range(text)), ..comp("") });
    let found = matches(&filter, object, &Zone::utc()).unwrap();
    let facts = object.facts();
    let window = window_of(&range(text));
    let touches = facts.last_end >= window.0 && facts.first_start <= window.1;
    assert!(touches || !found, "the index would have lost {}", String::from_utf8_lossy(object.bytes()));
    found
}

#[test]
fn rfc4791_s9_9_the_rows_of_a_vevent() {
    let ended = object("VEVENT", "DTSTART:20260101T100000Z DTEND:20260101T110000Z");
    let lasting = object("VEVENT", "DTSTART:20260101T100000Z DURATION:PT1H");
    for event in [ended, lasting] {
        assert!(in_range(&event, "20260101T105959Z/20260102T000000Z"));
        assert!(!in_range(&event, "20260101T110000Z/20260102T000000Z"));
        assert!(in_range(&event, "20260101T000000Z/20260101T100001Z"));
        assert!(!in_range(&event, "20260101T000000Z/20260101T100000Z"));
    }
    for lines in ["DTSTART:20260101T100000Z", "DTSTART:20260101T100000Z DURATION:PT0S"] {
        let moment = object("VEVENT", lines);
        assert!(in_range(&moment, "20260101T100000Z/20260101T100001Z"));
        assert!(!in_range(&moment, "20260101T100001Z/20260102T000000Z"));
    }
    let day = object("VEVENT", "DTSTART;VALUE=DATE:20260101");
    assert!(in_range(&day, "20260101T230000Z/20260103T000000Z"));
    assert!(!in_range(&day, "20260102T000000Z/20260103T000000Z"));
}

#[test]
fn rfc4791_s9_9_the_eight_rows_of_a_vtodo() {
    for (lines, window, found) in [
        ("DTSTART:20260101T100000Z DURATION:PT1H", "20260101T110000Z/20260102T000000Z", true),
        ("DTSTART:20260101T100000Z DURATION:PT1H", "20260101T110001Z/20260102T000000Z", false),
        ("DTSTART:20260101T100000Z DUE:20260101T110000Z", "20260101T105959Z/20260102T000000Z", true),
        ("DTSTART:20260101T100000Z DUE:20260101T110000Z", "20260101T110000Z/20260102T000000Z", false),
        ("DTSTART:20260101T100000Z", "20260101T100000Z/20260102T000000Z", true),
        ("DTSTART:20260101T100000Z", "20260101T100001Z/20260102T000000Z", false),
        ("DUE:20260101T110000Z", "20260101T100000Z/20260101T110000Z", true),
        ("DUE:20260101T110000Z", "20260101T110000Z/20260102T000000Z", false),
        ("COMPLETED:20260101T110000Z CREATED:20251201T000000Z", "20251231T000000Z/20260102T000000Z", true),
        ("COMPLETED:20260101T110000Z CREATED:20251201T000000Z", "20260102T000000Z/20260103T000000Z", false),
        ("COMPLETED:20260101T110000Z", "20260101T110000Z/20260102T000000Z", true),
        ("COMPLETED:20260101T110000Z", "20251201T000000Z/20251202T000000Z", false),
        ("CREATED:20260101T110000Z", "20260102T000000Z/20260103T000000Z", true),
        ("CREATED:20260101T110000Z", "20251201T000000Z/20251202T000000Z", false),
        ("SUMMARY:undated", "20251201T000000Z/20251202T000000Z", true),
    ] {
        assert_eq!(in_range(&object("VTODO", lines), window), found, "{lines} {window}");
    }
}

#[test]
fn rfc4791_s9_9_recurring_tasks_shift_their_due() {
    let task = object("VTODO", "DTSTART:20260101T100000Z DUE:20260101T120000Z RRULE:FREQ=DAILY");
    assert!(in_range(&task, "20300601T113000Z/20300601T114000Z"));
    assert!(!in_range(&task, "20300601T123000Z/20300601T124000Z"));
    let due_only = object("VTODO", "DUE:20260101T120000Z RRULE:FREQ=WEEKLY");
    assert!(in_range(&due_only, "20260108T110000Z/20260108T130000Z"));
    assert!(!in_range(&due_only, "20260109T110000Z/20260109T130000Z"));
}

#[test]
fn rfc4791_s9_9_journals_match_by_their_day() {
    let day = object("VJOURNAL", "DTSTART;VALUE=DATE:20260101");
    assert!(in_range(&day, "20260101T120000Z/20260101T130000Z") && !in_range(&day, "20260102T000000Z/20260103T000000Z"));
    let moment = object("VJOURNAL", "DTSTART:20260101T100000Z");
    assert!(in_range(&moment, "20260101T100000Z/20260101T100001Z") && !in_range(&moment, "20260101T100001Z/20260102T000000Z"));
    assert!(!in_range(&object("VJOURNAL", "SUMMARY:x"), "20260101T000000Z/20270101T000000Z"));
}

#[test]
fn rfc4791_s9_9_free_busy_matches_by_its_periods_without_bounds() {
    let periods = object("VFREEBUSY", "FREEBUSY:20260101T100000Z/PT1H,20260105T100000Z/20260105T110000Z");
    assert!(in_range(&periods, "20260105T103000Z/20260105T104000Z") && !in_range(&periods, "20260102T000000Z/20260103T000000Z"));
    let bounded = object("VFREEBUSY", "DTSTART:20260101T000000Z DTEND:20260102T000000Z");
    assert!(in_range(&bounded, "20260101T120000Z/20260101T130000Z") && !in_range(&bounded, "20260103T000000Z/20260104T000000Z"));
}

#[test]
fn endless_series_match_far_in_the_future_and_not_between() {
    let weekly = object("VEVENT", "DTSTART;TZID=Europe/Berlin:19900101T090000 DURATION:PT1H RRULE:FREQ=WEEKLY");
    assert!(in_range(&weekly, "22000106T000000Z/22000107T000000Z"));
    assert!(!in_range(&weekly, "22000107T000000Z/22000108T000000Z"));
    assert!(in_range(&weekly, "22000101T000000Z/x"));
    let long = object("VEVENT", "DTSTART:20260101T000000Z DTEND:20260111T000000Z RRULE:FREQ=MONTHLY");
    assert!(in_range(&long, "20260610T000000Z/20260610T010000Z") && !in_range(&long, "20260612T000000Z/20260612T010000Z"));
}

#[test]
fn a_daily_time_that_a_zone_skips_still_takes_place() {
    let nightly = object("VEVENT", "DTSTART;TZID=America/New_York:20240301T023000 DURATION:PT10M RRULE:FREQ=DAILY");
    assert!(in_range(&nightly, "20240310T073000Z/20240310T073500Z"));
}

#[test]
fn exdates_overrides_and_moved_instances_decide() {
    let series = "BEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260101T090000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY\r\nEXDATE:20260103T090000Z\r\nSUMMARY:master\r\nEND:VEVENT\r\n\
                  BEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID:20260105T090000Z\r\nDTSTART:20250601T090000Z\r\nDURATION:PT1H\r\nSUMMARY:moved\r\nEND:VEVENT\r\n";
    let series = calendar(series);
    assert!(in_range(&series, "20260102T000000Z/20260103T000000Z"));
    assert!(!in_range(&series, "20260103T000000Z/20260104T000000Z"));
    assert!(!in_range(&series, "20260105T000000Z/20260106T000000Z"));
    assert!(in_range(&series, "20250601T000000Z/20250602T000000Z"));
    let summary = |text: &str, window: &str| {
        let test = PropTest::Text(TextMatch { text: text.into(), collation: Collation::AsciiCasemap, negate: false });
        let props = vec![PropFilter { name: "SUMMARY".into(), test, params: vec![] }];
        matches(&within("VEVENT", CompFilter { time_range: Some(range(window)), props, ..comp("") }), &series, &Zone::utc()).unwrap()
    };
    // Both must hold of one instance.
    assert!(summary("moved", "20250601T000000Z/20250602T000000Z") && !summary("master", "20250601T000000Z/20250602T000000Z"));
    assert!(!summary("moved", "20260102T000000Z/20260103T000000Z"));
}

#[test]
fn t2_a_date_exdate_excludes_that_day() {
    let series = object("VEVENT", "DTSTART:20260101T090000Z DURATION:PT1H RRULE:FREQ=DAILY;COUNT=3 EXDATE;VALUE=DATE:20260102");
    assert!(!in_range(&series, "20260102T000000Z/20260103T000000Z") && in_range(&series, "20260103T000000Z/20260104T000000Z"));
}

#[test]
fn t3_until_without_z_and_as_a_date_are_read_in_the_zone() {
    for until in ["20260103T090000", "20260103"] {
        let series = object("VEVENT", &format!("DTSTART;TZID=Europe/Berlin:20260101T090000 DURATION:PT1H RRULE:FREQ=DAILY;UNTIL={until}"));
        assert!(in_range(&series, "20260103T080000Z/20260103T090000Z"), "{until}");
        assert!(!in_range(&series, "20260104T000000Z/20260105T000000Z"), "{until}");
    }
}

#[test]
fn floating_times_are_read_in_the_zone_given() {
    let event = object("VEVENT", "DTSTART:20260101T010000 DURATION:PT1H");
    let filter = within("VEVENT", CompFilter { time_range: Some(range("20251231T160000Z/20251231T170000Z")), ..comp("") });
    assert!(matches(&filter, &event, &Zone::from_name("Asia/Tokyo").unwrap()).unwrap());
    assert!(!matches(&filter, &event, &Zone::utc()).unwrap());
    assert!(event.facts().first_start <= parse_utc("20251231T160000Z").unwrap());
}

#[test]
fn rfc4791_s9_9_alarms_ring_relative_to_start_end_and_again() {
    let alarm = |lines: &str| format!("BEGIN:VALARM\r\n{}\r\nEND:VALARM\r\n", lines.replace(' ', "\r\n"));
    let event = |lines: &str| {
        calendar(&format!(
            "BEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260110T100000Z\r\nDTEND:20260110T120000Z\r\nRRULE:FREQ=MONTHLY\r\n{}END:VEVENT\r\n",
            alarm(lines)
        ))
    };
    let rings = |object: &CalendarObject, window: &str| {
        let alarm = CompFilter { time_range: Some(range(window)), ..comp("VALARM") };
        matches(&within("VEVENT", CompFilter { comps: vec![alarm], ..comp("") }), object, &Zone::utc()).unwrap()
    };
    let before = event("TRIGGER:-P3DT1H");
    assert!(rings(&before, "20260107T090000Z/20260107T090001Z") && !rings(&before, "20260107T090001Z/20260107T100000Z"));
    assert!(rings(&before, "20300607T080000Z/20300607T100000Z"), "of a later instance");
    let at_end = event("TRIGGER;RELATED=END:PT0S");
    assert!(rings(&at_end, "20260110T120000Z/20260110T120001Z"));
    let again = event("TRIGGER:PT0S REPEAT:2 DURATION:PT15M");
    assert!(rings(&again, "20260110T103000Z/20260110T103001Z") && !rings(&again, "20260110T104500Z/20260110T105000Z"));
    let absolute = event("TRIGGER;VALUE=DATE-TIME:20250101T000000Z");
    assert!(rings(&absolute, "20250101T000000Z/20250102T000000Z") && !rings(&absolute, "20260110T000000Z/20260111T000000Z"));
}

#[test]
fn rfc4791_s9_7_properties_parameters_and_their_absence() {
    let event = object("VEVENT", "DTSTART:20260101T100000Z CATEGORIES:WORK,Private ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b SUMMARY:a\\,b");
    let text = |text: &str| PropTest::Text(TextMatch { text: text.into(), collation: Collation::AsciiCasemap, negate: false });
    let holds = |name: &str, test: PropTest, params: Vec<ParamFilter>| {
        let filter = within("VEVENT", CompFilter { props: vec![PropFilter { name: name.into(), test, params }], ..comp("") });
        matches(&filter, &event, &Zone::utc()).unwrap()
    };
    let partstat = |test| vec![ParamFilter { name: "PARTSTAT".into(), test }];
    assert!(holds("CATEGORIES", text("private"), vec![]) && !holds("CATEGORIES", text("home"), vec![]));
    assert!(holds("SUMMARY", text("A,B"), vec![]));
    assert!(holds("LOCATION", PropTest::IsNotDefined, vec![]) && !holds("SUMMARY", PropTest::IsNotDefined, vec![]));
    let accepted = ParamTest::Text(TextMatch { text: "accepted".into(), collation: Collation::AsciiCasemap, negate: false });
    assert!(
        holds("ATTENDEE", PropTest::Exists, partstat(accepted)) && !holds("ATTENDEE", PropTest::Exists, partstat(ParamTest::IsNotDefined))
    );
    assert!(holds("DTSTART", PropTest::TimeRange(range("20260101T100000Z/20260101T100001Z")), vec![]));
    let no_alarm = CompFilter { comps: vec![CompFilter { is_not_defined: true, ..comp("VALARM") }], ..comp("") };
    assert!(matches(&within("VEVENT", no_alarm), &event, &Zone::utc()).unwrap());
    assert!(!matches(&within("VTODO", comp("")), &event, &Zone::utc()).unwrap());
    let no_todo = CompFilter { comps: vec![CompFilter { is_not_defined: true, ..comp("VTODO") }], ..comp("VCALENDAR") };
    assert!(matches(&no_todo, &event, &Zone::utc()).unwrap());
}

#[test]
fn facts_hold_instances_before_a_start_that_the_clock_skips() {
    let event = object("VEVENT", "DTSTART;TZID=Europe/Berlin:20260329T023000 DURATION:PT1M RRULE:FREQ=MINUTELY;COUNT=2");
    assert!(in_range(&event, "20260329T010000Z/20260329T010100Z"));
    assert!(event.facts().first_start <= parse_utc("20260329T010000Z").unwrap());
}

#[test]
fn facts_hold_what_an_unplaced_end_or_two_overrides_in_another_zone_give() {
    let event = object("VEVENT", "DTSTART:20260101T100000Z DTEND:20260101T120000 RDATE:20260103T100000Z");
    let honolulu = Zone::from_name("Pacific/Honolulu").unwrap();
    let holds =
        |times: &str| matches(&within("VEVENT", CompFilter { time_range: Some(range(times)), ..comp("") }), &event, &honolulu).unwrap();
    // Where its start is.
    assert!(holds("20260101T113000Z/20260101T114500Z") && !holds("20260101T123000Z/20260101T220000Z"));
    assert!(event.facts().last_end >= parse_utc("20260103T120000Z").unwrap());
    let overridden = |id: &str, start: &str| format!("BEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID:{id}\r\nDTSTART:{start}\r\nEND:VEVENT\r\n");
    let both = calendar(&(overridden("20260101T000000", "20200101T000000Z") + &overridden("20260101T000000Z", "20260101T000000Z")));
    assert!(both.facts().first_start <= parse_utc("20200101T000000Z").unwrap());
}
