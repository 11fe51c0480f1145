//! What one question about a hostile object may take, and that what is merely long is still right.

use std::time::{Duration, Instant};

use bytes::Bytes;
use kalends_ical::calendar_data::{CalendarData, Selection};
use kalends_ical::date::parse_utc;
use kalends_ical::filter::{CompFilter, TimeRange};
use kalends_ical::free_busy::busy_periods;
use kalends_ical::zone::Zone;
use kalends_ical::{CalendarObject, Limits, ObjectRule, UNBOUNDED_FUTURE};

/// What one question may take in a debug build on a busy machine; in a release build it is below 50 ms.
const QUESTION_TIME_MAX: Duration = Duration::from_secs(2);

fn event(lines: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:u\r\n{lines}END:VEVENT\r\nEND:VCALENDAR\r\n")
}

fn stored(text: &str) -> CalendarObject {
    timed("read", || CalendarObject::read_stored(Bytes::from(text.to_owned()))).unwrap()
}

fn timed<T>(what: &str, ask: impl FnOnce() -> T) -> T {
    timed_within(QUESTION_TIME_MAX, what, ask)
}

/// Asks, says how long it took, and fails if that was longer than `most`.
pub fn timed_within<T>(most: Duration, what: &str, ask: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let answer = ask();
    let took = begun.elapsed();
    eprintln!("{:9.3} ms  {what}", took.as_secs_f64() * 1e3);
    assert!(took < most, "{what} took {took:?}");
    answer
}

fn window(text: &str) -> (i64, i64) {
    let (start, end) = text.split_once('/').unwrap();
    (parse_utc(start).unwrap(), parse_utc(end).unwrap())
}

fn comp(name: &str, window: Option<(i64, i64)>, comps: Vec<CompFilter>) -> CompFilter {
    let time_range = window.map(|(start, end)| TimeRange { start: Some(start), end: Some(end) });
    CompFilter { name: name.into(), is_not_defined: false, time_range, props: vec![], comps }
}

fn nothing() -> CalendarData {
    CalendarData { selection: None, expand: None, limit_recurrence_set: None, limit_freebusy_set: None }
}

fn ask_everything(object: &CalendarObject, window: (i64, i64)) {
    let kind = object.kind().name();
    timed("facts", || object.facts());
    let zone = &Zone::utc();
    timed("time-range", || comp("VCALENDAR", None, vec![comp(kind, Some(window), vec![])]).matches(object, zone)).ok();
    let alarms = comp(kind, None, vec![comp("VALARM", Some(window), vec![])]);
    timed("alarms", || comp("VCALENDAR", None, vec![alarms]).matches(object, zone)).ok();
    timed("expand", || CalendarData { expand: Some(window), ..nothing() }.render(object, zone)).ok();
    timed("limit", || CalendarData { limit_recurrence_set: Some(window), ..nothing() }.render(object, zone)).ok();
    timed("free-busy", || busy_periods(object, window, zone)).ok();
}

const ALARM: &str = "BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n";

#[test]
fn rules_that_give_nothing_or_too_much_reach_their_bound_soon() {
    let all = |most: u32| (0..most).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let weekdays = |n: i32| ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].map(|day| format!("{n}{day}")).join(",");
    let many_days = (-53..=53).filter(|n| *n != 0).map(weekdays).collect::<Vec<_>>().join(",");
    let month_days = (-31..=31).filter(|n| *n != 0).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let year_days = (-366..=366).filter(|n| *n != 0).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let every_second = format!("BYHOUR={};BYMINUTE={};BYSECOND={}", all(24), all(60), all(60));
    let (near, far) = (window("20260101T000000Z/20360101T000000Z"), window("00010101T000000Z/99991231T235959Z"));
    let alarms = |window| comp("VCALENDAR", None, vec![comp("VEVENT", None, vec![comp("VALARM", Some(window), vec![])])]);
    let rules = [
        "RRULE:FREQ=DAILY\\r\\nEXRULE:FREQ=HOURLY;COUNT=1900000\r\n".to_owned(),
        "RRULE:FREQ=DAILY\r\nEXRULE:FREQ=SECONDLY\r\n".to_owned(),
        "RRULE:FREQ=HOURLY;BYMONTHDAY=-31\r\nRRULE:FREQ=HOURLY;BYMINUTE=59\r\n".to_owned(),
        "RRULE:FREQ=HOURLY;BYMONTHDAY=-31\r\nEXRULE:FREQ=HOURLY;BYMINUTE=59\r\n".to_owned(),
        "RRULE:FREQ=MINUTELY;INTERVAL=1;BYMONTHDAY=-1\r\nEXRULE:FREQ=SECONDLY;BYWEEKNO=1;COUNT=5\r\n".to_owned(),
        "RRULE:FREQ=SECONDLY;INTERVAL=7;BYMONTHDAY=29,30;BYSECOND=0;BYSETPOS=1\r\nEXRULE:FREQ=MONTHLY;BYSETPOS=-366;COUNT=5\r\n".to_owned(),
        "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30\r\n".to_owned(),
        "RRULE:FREQ=SECONDLY;BYSETPOS=2\r\n".to_owned(),
        "RRULE:FREQ=HOURLY;COUNT=999999999;BYMINUTE=1\r\n".to_owned(),
        format!("RRULE:FREQ=YEARLY;COUNT=9999999;{every_second};BYSETPOS=-366\r\n").repeat(20),
        format!("RRULE:FREQ=YEARLY;BYDAY={many_days};BYMONTHDAY={month_days};COUNT=100000\r\n").repeat(20),
        format!("RRULE:FREQ=YEARLY;BYYEARDAY={year_days};BYDAY={many_days};BYMONTHDAY={month_days}\r\n").repeat(20),
        format!("RRULE:FREQ=MONTHLY;BYDAY={many_days};BYMONTHDAY=31;BYMONTH=2\r\n").repeat(20),
        format!("RRULE:FREQ=HOURLY;{every_second};BYSETPOS=1\r\n"),
        format!("RRULE:FREQ=HOURLY;{every_second};COUNT=900000000\r\nEXRULE:FREQ=HOURLY;{every_second};COUNT=900000000\r\n"),
        "RRULE:FREQ=DAILY\r\n".to_owned() + &"EXRULE:FREQ=SECONDLY;COUNT=1999999\r\n".repeat(19),
        "RRULE:FREQ=SECONDLY;COUNT=1999999\r\n".repeat(60),
        "RRULE:FREQ=SECONDLY;COUNT=1999999;BYSECOND=1,2\r\n".repeat(10_000),
    ];
    for (lines, zone) in rules.into_iter().zip(["", ";TZID=Europe/Berlin", ";TZID=Asia/Tokyo"].into_iter().cycle()) {
        eprintln!("{}", lines.chars().take(100).collect::<String>().replace("\r\n", " "));
        let object = stored(&event(&format!("DTSTART{zone}:20200101T000000\r\n{lines}{ALARM}")));
        timed("facts", || object.facts());
        timed("alarms", || alarms(far).matches(&object, &Zone::utc())).ok();
        timed("free-busy", || busy_periods(&object, near, &Zone::utc())).ok();
    }
}

#[test]
fn excluded_rules_are_walked_once_beside_the_instances() {
    let object =
        stored(&event("DTSTART:20260101T090000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY\r\nEXRULE:FREQ=HOURLY;BYHOUR=9;COUNT=3000\r\n"));
    let periods = timed("free-busy", || busy_periods(&object, window("20260101T000000Z/20360101T000000Z"), &Zone::utc())).unwrap();
    assert_eq!(periods.first().map(|period| period.start), parse_utc("20340320T090000Z"));
    assert_eq!(periods.len(), 3652 - 3000);
    let object = stored(&event("DTSTART:20260101T090000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY\r\nEXRULE:FREQ=WEEKLY;BYDAY=SA,SU\r\n"));
    let periods = timed("free-busy", || busy_periods(&object, window("20260105T000000Z/20270104T000000Z"), &Zone::utc())).unwrap();
    assert_eq!(periods.len(), 52 * 5);
}

#[test]
fn rfc5545_s3_3_10_long_counts_are_still_right() {
    let last = |rule: &str, start: &str| {
        let object = stored(&event(&format!("DTSTART:{start}\r\nDURATION:PT10M\r\nRRULE:{rule}\r\n")));
        let facts = timed("facts", || object.facts());
        assert_ne!(facts.last_end, UNBOUNDED_FUTURE, "{rule}");
        let late = (facts.last_end - 30 * 86_400_000_000, facts.last_end);
        let periods = timed("free-busy", || busy_periods(&object, late, &Zone::utc())).unwrap();
        periods.last().map(|period| period.start)
    };
    assert_eq!(last("FREQ=HOURLY;COUNT=100000", "20000101T000000Z"), parse_utc("20110529T150000Z"));
    assert_eq!(last("FREQ=HOURLY;COUNT=100000;BYMINUTE=0", "20000101T000000Z"), parse_utc("20110529T150000Z"));
    assert_eq!(last("FREQ=DAILY;COUNT=100000", "20000101T000000Z"), parse_utc("22731015T000000Z"));
    assert_eq!(last("FREQ=DAILY;INTERVAL=1;COUNT=100000;BYHOUR=0", "20000101T000000Z"), parse_utc("22731015T000000Z"));
    // In the year 3711.
    assert_eq!(last("FREQ=MINUTELY;COUNT=900000000", "20000101T000000Z"), Some((946_684_800 + 899_999_999 * 60) * 1_000_000));
}

#[test]
fn rules_of_a_component_are_limited_and_the_sentence_says_so() {
    let parse =
        |lines: &str| CalendarObject::parse(Bytes::from(event(&format!("DTSTART:20260101T090000Z\r\n{lines}"))), &Limits::default());
    let rules = |count| "RRULE:FREQ=DAILY;COUNT=3\r\nEXRULE:FREQ=DAILY;COUNT=2\r\n".repeat(count);
    assert!(parse(&rules(10)).is_ok());
    let refusal = parse(&rules(11)).unwrap_err();
    assert_eq!(refusal.rule, ObjectRule::ValidCalendarData);
    assert!(refusal.to_string().contains("at most 20 RRULE and EXRULE"), "{refusal}");
}

#[test]
fn rfc5545_s3_3_6_durations_beyond_all_years_are_refused() {
    let parse =
        |lines: &str| CalendarObject::parse(Bytes::from(event(&format!("DTSTART:20260101T090000Z\r\n{lines}"))), &Limits::default());
    let alarm = |lines: &str| format!("BEGIN:VALARM\r\n{lines}\r\nEND:VALARM\r\n");
    for lines in [
        "DURATION:P999999999W\r\n".to_owned(),
        "RDATE;VALUE=PERIOD:20260101T090000Z/P999999999W\r\n".to_owned(),
        alarm("TRIGGER:-P999999999W"),
        alarm("TRIGGER:PT0S\r\nREPEAT:1\r\nDURATION:P99999999W"),
    ] {
        assert_eq!(parse(&lines).map(|_| ()).unwrap_err().rule, ObjectRule::ValidCalendarData, "{lines}");
    }
    for lines in [alarm("TRIGGER:-P5000W"), alarm("TRIGGER:"), alarm("TRIGGER:20260101"), "DURATION:P3652425D\r\n".to_owned()] {
        assert!(parse(&lines).is_ok(), "{lines}");
    }
}

#[test]
fn absolute_alarms_outside_the_window_do_not_walk_the_series() {
    let alarm = "BEGIN:VALARM\r\nTRIGGER;VALUE=DATE-TIME:20250101T000000Z\r\nREPEAT:999999999\r\nDURATION:P1D\r\nEND:VALARM\r\n";
    let object = stored(&event(&format!("DTSTART:20260101T090000Z\r\nRRULE:FREQ=DAILY\r\n{alarm}")));
    let rings = |window| {
        let filter = comp("VCALENDAR", None, vec![comp("VEVENT", None, vec![comp("VALARM", Some(window), vec![])])]);
        timed("alarms", || filter.matches(&object, &Zone::utc()))
    };
    assert_eq!(rings(window("20240101T000000Z/20250101T000000Z")), Ok(false));
    assert_eq!(rings(window("20250101T000000Z/20250101T000001Z")), Ok(true));
    assert_eq!(rings(window("89991231T120000Z/89991231T235959Z")), Ok(false));
    assert_eq!(rings(window("89991231T120000Z/90000101T000001Z")), Ok(true));
}

#[test]
fn rendered_bytes_are_bounded() {
    let text = event(&format!("DTSTART:20260101T090000Z\r\nRRULE:FREQ=HOURLY\r\nDESCRIPTION:{}\r\n", "a".repeat(1_000_000)));
    let object = stored(&text);
    let expand = Some(window("20260101T000000Z/20260501T000000Z"));
    assert!(timed("expand", || CalendarData { expand, ..nothing() }.render(&object, &Zone::utc())).is_err());
    let day = Some(window("20260101T000000Z/20260101T150000Z"));
    assert!(timed("expand", || CalendarData { expand: day, ..nothing() }.render(&object, &Zone::utc())).is_ok());
    // Parts are what is counted, and the whole is not read for each instance.
    let part = |name: &str, props: &[&str], comps| Selection {
        name: name.into(),
        all_props: false,
        props: props.iter().map(|name| ((*name).to_owned(), false)).collect(),
        all_comps: false,
        comps,
    };
    let selection = Some(part("VCALENDAR", &[], vec![part("VEVENT", &["UID", "DTSTART"], vec![])]));
    let rendered = timed("expand parts", || CalendarData { selection, expand, ..nothing() }.render(&object, &Zone::utc())).unwrap();
    assert_eq!(rendered.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"BEGIN:VEVENT")).count(), 120 * 24 - 9);
    // A parameter is written with each period.
    let periods = "20260101T090000Z/PT1H,".repeat(40_000);
    let text =
        event("").replace("VEVENT", "VFREEBUSY").replace("UID:u", &format!("UID:u\r\nFREEBUSY;FBTYPE={}:{periods}", "X".repeat(900_000)));
    let object = stored(&text);
    assert!(timed("limit", || CalendarData { limit_freebusy_set: expand, ..nothing() }.render(&object, &Zone::utc())).is_err());
}

#[test]
fn long_names_of_zones_are_not_copied_for_each_date() {
    let dates = "20260101T090000,".repeat(49_000);
    let text =
        event(&format!("DTSTART:20260101T090000Z\r\nRRULE:FREQ=DAILY\r\nEXDATE;TZID={}:{dates}20260101T090000\r\n", "z".repeat(2_000_000)));
    let object = timed("parse", || CalendarObject::parse(Bytes::from(text), &Limits::default())).unwrap();
    ask_everything(&object, window("20260101T000000Z/20260201T000000Z"));
}

#[test]
fn zones_of_an_object_are_read_in_bounded_time() {
    let observance = "BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30\r\nRRULE:FREQ=YEARLY;BYSETPOS=366\r\nEND:STANDARD\r\n";
    let zone = format!("BEGIN:VTIMEZONE\r\nTZID:Own\r\n{}END:VTIMEZONE\r\n", observance.repeat(100));
    let text = event("DTSTART;TZID=Own:20260101T090000\r\n").replace("BEGIN:VEVENT", &format!("{}BEGIN:VEVENT", zone.repeat(20)));
    ask_everything(&stored(&text), window("20260101T000000Z/20270101T000000Z"));
}

#[test]
fn objects_of_many_parts_are_asked_in_about_linear_time() {
    let future = |n: usize| {
        let id = format!("202{}{:02}{:02}T{:02}{:02}00Z", n % 10, n / 10 % 12 + 1, n / 120 % 28 + 1, n / 3360 % 24, n % 60);
        format!("BEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:{id}\r\nDTSTART:{id}\r\nEND:VEVENT\r\n")
    };
    let futures: String = (0..5_000).map(future).collect();
    let text = event("DTSTART:20200101T000000Z\r\nRRULE:FREQ=HOURLY\r\n").replace("END:VCALENDAR", &format!("{futures}END:VCALENDAR"));
    ask_everything(&stored(&text), window("20200101T000000Z/20300101T000000Z"));
    ask_everything(&stored(&text.replace(";RANGE=THISANDFUTURE", "")), window("20200101T000000Z/20300101T000000Z"));
    let alarms = "BEGIN:VALARM\r\nTRIGGER;VALUE=DATE-TIME:20240101T000000Z\r\nEND:VALARM\r\nBEGIN:VALARM\r\nTRIGGER:P1D\r\nEND:VALARM\r\n";
    let text = event(&format!("DTSTART:20200101T000000Z\r\nRRULE:FREQ=MINUTELY;BYHOUR=1\r\n{}", alarms.repeat(4_000)));
    ask_everything(&stored(&text), window("20300101T000000Z/20300101T235959Z"));
}

#[test]
fn many_zones_that_contradict_their_names_are_judged_in_about_linear_time() {
    let zone = |n: usize| {
        format!(
            "BEGIN:VTIMEZONE\r\nTZID:/x{n}/Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0300\r\nTZOFFSETTO:+0300\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
        )
    };
    let event = |n: usize| {
        let day = format!("2026{:02}{:02}T{:02}0000", n / 28 / 24 % 12 + 1, n / 24 % 28 + 1, n % 24);
        format!("BEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID:{day}Z\r\nDTSTART;TZID=/x{n}/Europe/Berlin:{day}\r\nEND:VEVENT\r\n")
    };
    let zones: String = (0..1_600).map(zone).collect();
    let events: String = (0..1_600).map(event).collect();
    let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{zones}{events}END:VCALENDAR\r\n");
    let object = timed("parse", || CalendarObject::parse(Bytes::from(text), &Limits::default())).unwrap();
    timed("facts", || object.facts());
}
