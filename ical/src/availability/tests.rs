//! The examples of RFC 7953, and every rule of its §4 against a day painted slot by slot.

use bytes::Bytes;

use super::*;
use crate::date::{format_utc, parse_utc};
use crate::filter::{CompFilter, TimeRange};
use crate::free_busy::busy_periods;
use crate::split::Split;
use crate::{Document, Limits};

const HOUR: i64 = 3_600_000_000;

fn objects(components: &str) -> Vec<CalendarObject> {
    let text = format!("BEGIN:VCALENDAR\nVERSION:2.0\n{components}END:VCALENDAR\n");
    let document = Document::parse(text.into_bytes(), &Limits::default()).unwrap();
    Split::of(&document).unwrap().parts().map(|part| CalendarObject::parse(Bytes::from(part.bytes), &Limits::default()).unwrap()).collect()
}

fn window(from: &str, until: &str) -> Window {
    (parse_utc(from).unwrap(), parse_utc(until).unwrap())
}

fn answer(components: &str, window: Window) -> Vec<Period> {
    let (objects, zone) = (objects(components), Zone::utc());
    let unavailable = unavailable_periods(&objects, window, &zone).unwrap();
    let busy = objects.iter().flat_map(|object| busy_periods(object, window, &zone).unwrap()).collect();
    overlaid(&unavailable, busy)
}

fn letter(kind: BusyKind) -> char {
    match kind {
        BusyKind::Busy => 'B',
        BusyKind::BusyUnavailable => 'U',
        BusyKind::BusyTentative => 'T',
    }
}

/// As the tables of RFC 7953 §5.1: a letter for every slot of some hours, which nothing changes within.
fn slots(components: &str, window: Window, hours: i64) -> String {
    let periods = answer(components, window);
    let mut text = String::new();
    let mut at = window.0;
    while at < window.1 {
        let slot = (at, at + hours * HOUR);
        let touching: Vec<_> = periods.iter().filter(|period| period.start < slot.1 && period.end > slot.0).collect();
        assert!(touching.iter().all(|period| period.start <= slot.0 && period.end >= slot.1), "{periods:?}");
        assert!(touching.len() <= 1, "{periods:?}");
        text.push(touching.first().map_or('F', |period| letter(period.kind)));
        at = slot.1;
    }
    text
}

/// Midnight to midnight in Montreal, by the offset it has in October 2011 and after.
fn montreal(day: &str, offset: i64) -> Window {
    let start = parse_utc(&format!("{day}T000000Z")).unwrap() + offset * HOUR;
    (start, start + 24 * HOUR)
}

fn shown(periods: &[Period]) -> Vec<String> {
    periods.iter().map(|p| format!("{} {}/{}", letter(p.kind), format_utc(p.start), format_utc(p.end))).collect()
}

const OFFICE: &str = "BEGIN:VAVAILABILITY
ORGANIZER:mailto:bernard@example.com
UID:0428C7D2-688E-4D2E-AC52-CD112E2469DF
DTSTAMP:20111005T133225Z
BEGIN:AVAILABLE
UID:34EDA59B-6BB1-4E94-A66C-64999089C0AF
SUMMARY:Monday to Friday from 9:00 to 17:00
DTSTART;TZID=America/Montreal:20111002T090000
DTEND;TZID=America/Montreal:20111002T170000
RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
END:AVAILABLE
END:VAVAILABILITY
";

const TWO_OFFICES: &str = "BEGIN:VAVAILABILITY
ORGANIZER:mailto:bernard@example.com
UID:84D0F948-7FC6-4C1D-BBF3-BA9827B424B5
DTSTAMP:20111005T133225Z
DTSTART;TZID=America/Montreal:20111002T000000
DTEND;TZID=America/Montreal:20111202T000000
BEGIN:AVAILABLE
UID:7B33093A-7F98-4EED-B381-A5652530F04D
SUMMARY:Monday to Thursday from 9:00 to 17:00
DTSTART;TZID=America/Montreal:20111002T090000
DTEND;TZID=America/Montreal:20111002T170000
RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH
LOCATION:Main Office
END:AVAILABLE
BEGIN:AVAILABLE
UID:DF39DC9E-D8C3-492F-9101-0434E8FC1896
SUMMARY:Friday from 9:00 to 12:00
DTSTART;TZID=America/Montreal:20111006T090000
DTEND;TZID=America/Montreal:20111006T120000
RRULE:FREQ=WEEKLY
LOCATION:Branch Office
END:AVAILABLE
END:VAVAILABILITY
";

const TRAVELLER: &str = "BEGIN:VAVAILABILITY
ORGANIZER:mailto:bernard@example.com
UID:BE082249-7BDD-4FE0-BDBA-DE6598C32FC9
DTSTAMP:20111005T133225Z
DTSTART;TZID=America/Montreal:20111002T000000
DTEND;TZID=America/Montreal:20111023T030000
BEGIN:AVAILABLE
UID:54602321-CEDB-4620-9099-757583263981
SUMMARY:Monday to Friday from 9:00 to 17:00
DTSTART;TZID=America/Montreal:20111002T090000
DTEND;TZID=America/Montreal:20111002T170000
RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
LOCATION:Montreal
END:AVAILABLE
END:VAVAILABILITY
BEGIN:VAVAILABILITY
ORGANIZER:mailto:bernard@example.com
UID:A1FF55E3-555C-433A-8548-BF4864B5621E
DTSTAMP:20111005T133225Z
DTSTART;TZID=America/Denver:20111023T000000
DTEND;TZID=America/Denver:20111030T000000
BEGIN:AVAILABLE
UID:57DD4AAF-3835-46B5-8A39-B3B253157F01
SUMMARY:Monday to Friday from 9:00 to 17:00
DTSTART;TZID=America/Denver:20111023T090000
DTEND;TZID=America/Denver:20111023T170000
RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
LOCATION:Denver
END:AVAILABLE
END:VAVAILABILITY
BEGIN:VAVAILABILITY
ORGANIZER:mailto:bernard@example.com
UID:1852F9E1-E0AA-4572-B4C4-ED1680A4DA40
DTSTAMP:20111005T133225Z
DTSTART;TZID=America/Montreal:20111030T030000
BEGIN:AVAILABLE
UID:D27C421F-16C2-4ECB-8352-C45CA352C72A
SUMMARY:Monday to Friday from 9:00 to 17:00
DTSTART;TZID=America/Montreal:20111030T090000
DTEND;TZID=America/Montreal:20111030T170000
RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
LOCATION:Montreal
END:AVAILABLE
END:VAVAILABILITY
";

/// RFC 7953 §7.2.4.
const PROPERTY: &str = "BEGIN:VCALENDAR
CALSCALE:GREGORIAN
PRODID:-//example.com//iCalendar 2.0//EN
VERSION:2.0
BEGIN:VAVAILABILITY
UID:9BADC1F6-0FC4-44BF-AC3D-993BEC8C962A
DTSTAMP:20111005T133225Z
DTSTART;TZID=America/Montreal:20111002T000000
BEGIN:AVAILABLE
UID:6C9F69C3-BDA8-424E-B2CB-7012E796DDF7
SUMMARY:Monday to Friday from 9:00 to 18:00
DTSTART;TZID=America/Montreal:20111002T090000
DTEND;TZID=America/Montreal:20111002T180000
RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
END:AVAILABLE
END:VAVAILABILITY
END:VCALENDAR
";

/// Appendix A, its meeting on another day: see the test.
const APPENDIX_A: &str = "BEGIN:VEVENT
DTSTAMP:20111113T044111Z
DTSTART;TZID=America/Montreal:20111107T120000
DURATION:PT2H
SUMMARY:Meeting
UID:768CB0C2-8642-43F7-A6C4-F8BB04B829B4
END:VEVENT
BEGIN:VAVAILABILITY
UID:452DFCA7-3203-4A3D-9A9A-99753A383B41
DTSTAMP:20111005T133225Z
DTSTART;TZID=America/Montreal:20111002T000000
BEGIN:AVAILABLE
UID:466D5C68-5C4A-4078-AF5D-9C55EA9145D7
SUMMARY:Monday to Friday from 8:00 to 18:00
DTSTART;TZID=America/Montreal:20111002T080000
DTEND;TZID=America/Montreal:20111002T180000
RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
END:AVAILABLE
END:VAVAILABILITY
";

/// Appendix B, its meeting on another day: see the test.
const APPENDIX_B: &str = "BEGIN:VEVENT
DTSTAMP:20111113T044111Z
DTSTART;TZID=America/Denver:20111024T120000
DURATION:PT2H
SUMMARY:Lunch meeting in Denver
UID:2346C09A-42BF-439E-916C-FC83AF869171
END:VEVENT
BEGIN:VAVAILABILITY
ORGANIZER:mailto:bernard@example.com
UID:627A87FA-E5F1-43C0-B3B1-567DA10F2A83
DTSTAMP:20111005T133225Z
DTSTART;TZID=America/Montreal:20111002T000000
BEGIN:AVAILABLE
UID:A833E850-892B-43F6-98B6-C15A6BFC5D27
SUMMARY:Monday to Friday from 9:00 to 17:00
DTSTART;TZID=America/Montreal:20111002T080000
DTEND;TZID=America/Montreal:20111002T180000
RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
LOCATION:Montreal
END:AVAILABLE
END:VAVAILABILITY
BEGIN:VAVAILABILITY
ORGANIZER:mailto:bernard@example.com
UID:F01411E3-38B8-4490-8A1F-0CCEC57A0943
DTSTAMP:20111005T133225Z
DTSTART;TZID=America/Denver:20111023T000000
DTEND;TZID=America/Denver:20111030T000000
PRIORITY:1
BEGIN:AVAILABLE
UID:A35AA091-3846-48ED-96F6-881E8A0D0A93
SUMMARY:Monday to Friday from 9:00 to 17:00
DTSTART;TZID=America/Denver:20111023T080000
DTEND;TZID=America/Denver:20111023T180000
RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR
LOCATION:Denver
END:AVAILABLE
END:VAVAILABILITY
";

#[test]
fn rfc7953_s3_1_first_example_office_hours_without_end() {
    for day in ["20111010", "20111014", "20401015"] {
        assert_eq!(slots(OFFICE, montreal(day, 4), 1), "UUUUUUUUUFFFFFFFFUUUUUUU", "{day}");
    }
    for day in ["20111008", "20111009", "19991004", "19650104"] {
        assert_eq!(slots(OFFICE, montreal(day, 4), 1), "U".repeat(24), "{day}");
    }
}

#[test]
fn rfc7953_s3_1_second_example_two_offices_until_december() {
    assert_eq!(slots(TWO_OFFICES, montreal("20111010", 4), 1), "UUUUUUUUUFFFFFFFFUUUUUUU");
    // 6 October 2011 is the Thursday before the Friday that the text means.
    assert_eq!(slots(TWO_OFFICES, montreal("20111013", 4), 1), "UUUUUUUUUFFFFFFFFUUUUUUU");
    assert_eq!(slots(TWO_OFFICES, montreal("20111014", 4), 1), "U".repeat(24));
    assert_eq!(slots(TWO_OFFICES, montreal("20111201", 5), 1), "UUUUUUUUUFFFFFFFFUUUUUUU");
    // Outside the range nothing is said.
    assert_eq!(slots(TWO_OFFICES, montreal("20111202", 5), 1), "F".repeat(24));
    assert_eq!(slots(TWO_OFFICES, montreal("20111001", 4), 1), "F".repeat(24));
}

#[test]
fn rfc7953_s3_1_third_example_three_blocks_of_a_traveller() {
    assert_eq!(slots(TRAVELLER, montreal("20111017", 4), 1), "UUUUUUUUUFFFFFFFFUUUUUUU");
    assert_eq!(slots(TRAVELLER, montreal("20111024", 4), 1), "UUUUUUUUUUUFFFFFFFFUUUUU");
    assert_eq!(slots(TRAVELLER, montreal("20111031", 4), 1), "UUUUUUUUUFFFFFFFFUUUUUUU");
    // Midnight in Denver is 2:00 in Montreal: the blocks overlap by an hour, and an hour is between them. Both days are Sundays, but a
    // DTSTART is an instance whatever the rule says (RFC 5545 §3.8.5.3).
    assert_eq!(slots(TRAVELLER, montreal("20111023", 4), 1), "UUUUUUUUUUUFFFFFFFFUUUUU");
    assert_eq!(slots(TRAVELLER, montreal("20111030", 4), 1), "UUFUUUUUUFFFFFFFFUUUUUUU");
}

#[test]
fn rfc7953_s3_2_busytype_says_how_busy() {
    let day = window("20260105T000000Z", "20260105T060000Z");
    for (line, letter) in [
        ("", "U"),
        ("BUSYTYPE:BUSY-UNAVAILABLE\n", "U"),
        ("BUSYTYPE:busy-tentative\n", "T"),
        ("BUSYTYPE:BUSY\n", "B"),
        ("BUSYTYPE:X-ODD\n", "B"),
    ] {
        let component = format!("BEGIN:VAVAILABILITY\nUID:a\n{line}END:VAVAILABILITY\n");
        assert_eq!(slots(&component, day, 6), letter, "{line}");
    }
}

fn component(uid: &str, priority: &str, hours: &str, more: &str) -> String {
    let (start, end) = hours.split_once('-').unwrap();
    let at = |name: &str, hour: &str| if hour.is_empty() { String::new() } else { format!("{name}:20260105T{hour:0>2}0000Z\n") };
    format!("BEGIN:VAVAILABILITY\nUID:{uid}\n{priority}{}{}{more}END:VAVAILABILITY\n", at("DTSTART", start), at("DTEND", end))
}

fn available(uid: &str, hours: &str, more: &str) -> String {
    let (start, end) = hours.split_once('-').unwrap();
    format!("BEGIN:AVAILABLE\nUID:{uid}\nDTSTART:20260105T{start:0>2}0000Z\nDTEND:20260105T{end:0>2}0000Z\n{more}END:AVAILABLE\n")
}

fn day() -> Window {
    window("20260105T000000Z", "20260106T000000Z")
}

#[test]
fn rfc7953_s4_a_higher_priority_decides_alone_about_its_range() {
    // The table: {a} without, {b} 5, {c} 7, {d} 3, put in another order.
    let layers = [
        component("b", "PRIORITY:5\n", "6-18", &format!("BUSYTYPE:BUSY\n{}", available("b1", "7-8", ""))),
        component("a", "", "-", &available("a1", "1-23", "")),
        component("d", "PRIORITY:3\n", "10-14", &format!("BUSYTYPE:BUSY-TENTATIVE\n{}", available("d1", "11-12", ""))),
        component("c", "PRIORITY:7\n", "4-20", &available("c1", "5-19", "")),
    ];
    let expected = "UFFFUFBFBBTFTTBBBBFUFFFU";
    assert_eq!(slots(&layers.concat(), day(), 1), expected);
    assert_eq!(slots(&layers.iter().rev().map(String::as_str).collect::<String>(), day(), 1), expected);
    // A range that reaches beyond the hours of a lower one is the higher one's even there.
    let vacation = component("e", "PRIORITY:1\n", "-", "");
    assert_eq!(slots(&(layers.concat() + &vacation), day(), 1), "U".repeat(24));
}

#[test]
fn rfc7953_s4_no_priority_is_the_lowest_and_nine_lower_than_one() {
    let free = |priority: &str| component("free", priority, "0-12", &available("f", "0-12", ""));
    let busy = |priority: &str| component("busy", priority, "0-12", "");
    for (lower, higher) in
        [("", "PRIORITY:9\n"), ("PRIORITY:0\n", "PRIORITY:9\n"), ("PRIORITY:9\n", "PRIORITY:1\n"), ("PRIORITY:99\n", "PRIORITY:8\n")]
    {
        assert_eq!(slots(&(free(lower) + &busy(higher)), day(), 12), "UF", "{lower} {higher}");
        assert_eq!(slots(&(busy(lower) + &free(higher)), day(), 12), "FF", "{lower} {higher}");
    }
}

#[test]
fn rfc7953_s4_of_equal_priorities_the_stronger_type_counts() {
    let unavailable = component("u", "", "0-12", "");
    let busy = component("b", "PRIORITY:0\n", "6-18", "BUSYTYPE:BUSY\n");
    let tentative = component("t", "", "3-21", "BUSYTYPE:BUSY-TENTATIVE\n");
    assert_eq!(slots(&[tentative, unavailable, busy].concat(), day(), 3), "UUBBBBTF");
}

#[test]
fn rfc7953_s4_of_equal_priorities_what_any_has_available_is_free() {
    let office = component("office", "", "-", &available("o", "9-17", ""));
    let evening = component("evening", "", "12-", &available("e", "16-19", ""));
    assert_eq!(slots(&(evening + &office), day(), 1), "UUUUUUUUUFFFFFFFFFFUUUUU");
}

#[test]
fn rfc7953_s3_1_available_recurs_with_dates_exceptions_and_overrides() {
    let hours = available("a", "9-10", "RRULE:FREQ=DAILY;COUNT=4\nEXDATE:20260106T090000Z\nRDATE:20260110T090000Z\n")
        + "BEGIN:AVAILABLE\nUID:a\nRECURRENCE-ID:20260107T090000Z\nDTSTART:20260107T120000Z\nDURATION:PT2H\nEND:AVAILABLE\n"
        + "BEGIN:AVAILABLE\nUID:other\nDTSTART:20260109T000000Z\nDURATION:PT1H\nEND:AVAILABLE\n";
    let text = component("v", "", "-", &hours);
    let found = answer(&text, window("20260105T000000Z", "20260111T000000Z"));
    let free: Vec<String> = found.windows(2).map(|two| format!("{}/{}", format_utc(two[0].end), format_utc(two[1].start))).collect();
    assert_eq!(
        free,
        [
            "20260105T090000Z/20260105T100000Z",
            "20260107T120000Z/20260107T140000Z",
            "20260108T090000Z/20260108T100000Z",
            "20260109T000000Z/20260109T010000Z",
            "20260110T090000Z/20260110T100000Z"
        ]
    );
}

#[test]
fn rfc7953_s5_what_is_available_outside_the_range_is_ignored() {
    let inner = component("v", "PRIORITY:1\n", "8-12", &available("a", "6-9", "RRULE:FREQ=DAILY\n"));
    let outer = component("w", "", "-", "BUSYTYPE:BUSY\n");
    assert_eq!(slots(&(inner + &outer), day(), 1), "BBBBBBBBFUUUBBBBBBBBBBBB");
}

#[test]
fn rfc7953_s5_1_1_simple_example() {
    // RFC 7953 asks for "Monday, 6th November 2011", where its meeting is; but that is a Sunday. The table is of a Monday.
    assert_eq!(slots(APPENDIX_A, montreal("20111107", 5), 2), "UUUUFFBFFUUU");
    let literal = APPENDIX_A.replace("20111107", "20111106");
    // Clocks are set back that Sunday: noon is 17:00 UTC.
    assert_eq!(slots(&literal, window("20111106T050000Z", "20111107T050000Z"), 2), "UUUUUUBUUUUU");
}

#[test]
fn rfc7953_s5_1_2_further_example() {
    // The meeting of Appendix B is on 6 November, but the table has it on 24 October.
    assert_eq!(slots(APPENDIX_B, montreal("20111024", 4), 2), "UUUUUFFBFFUU");
    assert_eq!(slots(APPENDIX_B, montreal("20111031", 4), 2), "UUUUFFFFFUUU");
}

#[test]
fn rfc7953_s5_events_stay_on_top() {
    let office = component("office", "", "-", &format!("BUSYTYPE:BUSY\n{}", available("o", "8-16", "")));
    let event = |uid: &str, hours: &str, more: &str| {
        let (start, end) = hours.split_once('-').unwrap();
        format!("BEGIN:VEVENT\nUID:{uid}\nDTSTART:20260105T{start:0>2}0000Z\nDTEND:20260105T{end:0>2}0000Z\n{more}END:VEVENT\n")
    };
    let tentative = event("t", "4-10", "STATUS:TENTATIVE\n");
    let transparent = event("x", "0-24", "TRANSP:TRANSPARENT\n").replace("T240000Z", "T230000Z");
    let free_busy = "BEGIN:VFREEBUSY\nUID:f\nFREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260105T140000Z/PT4H\nEND:VFREEBUSY\n";
    assert_eq!(slots(&(office + &tentative + &transparent + free_busy), day(), 2), "BBTTTFFUUBBB");
}

#[test]
fn rfc7953_s7_2_2_a_time_range_by_the_rows_of_its_table() {
    let matches = |lines: &str, start: &str, end: &str| {
        let object = objects(&format!("BEGIN:VAVAILABILITY\nUID:a\n{lines}END:VAVAILABILITY\n")).remove(0);
        let at = |text: &str| parse_utc(&format!("20260105T{text}0000Z"));
        let time_range = Some(TimeRange { start: at(start), end: at(end) });
        let inner = CompFilter { name: "VAVAILABILITY".into(), is_not_defined: false, time_range, props: vec![], comps: vec![] };
        let filter = CompFilter { name: "VCALENDAR".into(), is_not_defined: false, time_range: None, props: vec![], comps: vec![inner] };
        filter.matches(&object, &Zone::utc()).unwrap()
    };
    let (start, end) = ("DTSTART:20260105T090000Z\n", "DTEND:20260105T120000Z\n");
    let both = format!("{start}{end}");
    let lasting = format!("{start}DURATION:PT3H\n");
    for (lines, before, within, after) in [
        (both.as_str(), false, true, false),
        (&lasting, false, true, false),
        (start, false, true, true),
        (end, true, true, false),
        ("", true, true, true),
        ("DURATION:PT3H\n", true, true, true),
    ] {
        let found = (matches(lines, "08", "09"), matches(lines, "11", "13"), matches(lines, "12", "13"));
        assert_eq!(found, (before, within, after), "{lines}");
    }
}

#[test]
fn rfc7953_s7_2_4_the_value_of_the_property_is_an_object() {
    let object = CalendarObject::parse(Bytes::from(PROPERTY), &Limits::default()).unwrap();
    let found = unavailable_periods([&object], montreal("20111010", 4), &Zone::utc()).unwrap();
    assert_eq!(shown(&found), ["U 20111010T040000Z/20111010T130000Z", "U 20111010T220000Z/20111011T040000Z"]);
}

#[test]
fn rfc5545_s3_6_5_rules_of_another_zone_hold_as_long_as_something_is_available() {
    let observance = |from: &str, offset: &str| {
        format!("BEGIN:STANDARD\nDTSTART:{from}T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:{offset}\nEND:STANDARD\n")
    };
    let zone = format!(
        "BEGIN:VTIMEZONE\nTZID:Europe/Berlin\n{}{}END:VTIMEZONE\n",
        observance("19700101", "+0100"),
        observance("20200101", "+0900")
    );
    let hours = "BEGIN:AVAILABLE\nUID:a\nDTSTART;TZID=Europe/Berlin:20110103T090000\nDURATION:PT8H\nRRULE:FREQ=DAILY\nEND:AVAILABLE\n";
    let text = format!("{zone}BEGIN:VAVAILABILITY\nUID:v\nDTSTART;TZID=Europe/Berlin:20110101T000000\n{hours}END:VAVAILABILITY\n");
    assert_eq!(slots(&text, day(), 8), "FUU");
}

#[test]
fn times_that_rfc7953_does_not_allow_are_read_like_those_of_events() {
    let text = "BEGIN:VAVAILABILITY\nUID:a\nDTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260106\nBEGIN:AVAILABLE\nDTSTART:20260105T090000\n\
                DTEND:20260105T170000\nEND:AVAILABLE\nBEGIN:AVAILABLE\nDTSTART:20260105T200000\nDURATION:PT1H\nEND:AVAILABLE\n\
                BEGIN:AVAILABLE\nDTSTART:20260105T220000\nEND:AVAILABLE\nEND:VAVAILABILITY\n";
    let zone = Zone::from_name("Asia/Tokyo").unwrap();
    let found = unavailable_periods(&objects(text), window("20260101T000000Z", "20260110T000000Z"), &zone).unwrap();
    assert_eq!(
        shown(&found),
        ["U 20260104T150000Z/20260105T000000Z", "U 20260105T080000Z/20260105T110000Z", "U 20260105T120000Z/20260105T150000Z"]
    );
}

#[test]
fn rfc7953_s8_too_much_is_an_explicit_bound() {
    let ask = |text: &str| {
        let objects = objects(text);
        let found = unavailable_periods(&objects, window("20260105T000000Z", "20270105T000000Z"), &Zone::utc());
        found.map(|found| found.len())
    };
    let often = "BEGIN:AVAILABLE\nDTSTART:20260105T000000Z\nDURATION:PT1S\nRRULE:FREQ=MINUTELY\nEND:AVAILABLE\n";
    assert_eq!(ask(&component("a", "", "-", often)), Err(BoundReached));
    // More than may be, object by object.
    let dates: String = (0..1440).map(|minute| format!("RDATE:20260105T{:02}{:02}30Z\n", minute / 60, minute % 60)).collect();
    let many = format!("BEGIN:AVAILABLE\nDTSTART:20260105T000000Z\nDURATION:PT1S\n{dates}END:AVAILABLE\n");
    let objects_of = |count: usize| (0..count).map(|n| component(&format!("u{n}"), "", "-", &many)).collect::<String>();
    assert!(ask(&objects_of(30)).is_ok());
    assert_eq!(ask(&objects_of(PERIODS_MAX / 1440 + 1)), Err(BoundReached));
}

/// xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }

    fn hours(&mut self) -> Hours {
        let start = self.below(23);
        (start, start + 1 + self.below(23 - start))
    }
}

/// From one hour of the day until before another.
type Hours = (usize, usize);

/// Priority, busy type, range and available times of a component.
type Painted = (usize, BusyKind, Hours, Vec<Hours>);

/// The procedure of RFC 7953 §4 on a day of 24 slots: lowest priority first; all of one priority, the weaker types first, then the free.
fn painted(components: &[Painted]) -> String {
    let mut slots = ['F'; 24];
    for priority in [0, 9, 8, 7, 6, 5, 4, 3, 2, 1] {
        let layer: Vec<_> = components.iter().filter(|(of, ..)| *of == priority).collect();
        for kind in STRONGEST_FIRST.into_iter().rev() {
            for (_, _, (start, end), _) in layer.iter().filter(|(_, of, ..)| *of == kind) {
                slots[*start..*end].fill(letter(kind));
            }
        }
        for (_, _, (start, end), free) in layer {
            for (from, until) in free {
                if (*from).max(*start) < (*until).min(*end) {
                    slots[(*from).max(*start)..(*until).min(*end)].fill('F');
                }
            }
        }
    }
    slots.into_iter().collect()
}

#[test]
fn rfc7953_s4_any_layers_are_as_painted_one_after_the_other() {
    let mut random = Random(0x7953);
    for round in 0..400 {
        let layers: Vec<Painted> = (0..random.below(7))
            .map(|_| {
                let kind = STRONGEST_FIRST[random.below(3)];
                let free = (0..random.below(4)).map(|_| random.hours()).collect::<Vec<_>>();
                ([0, 0, 9, 5, 1][random.below(5)], kind, random.hours(), free)
            })
            .collect();
        let text: String = layers
            .iter()
            .enumerate()
            .map(|(number, (priority, kind, (start, end), free))| {
                let kind = ["BUSY", "BUSY-TENTATIVE", "BUSY-UNAVAILABLE"][*kind as usize];
                let free: String =
                    free.iter().enumerate().map(|(n, (start, end))| available(&n.to_string(), &format!("{start}-{end}"), "")).collect();
                let more = format!("BUSYTYPE:{kind}\n{free}");
                component(&number.to_string(), &format!("PRIORITY:{priority}\n"), &format!("{start}-{end}"), &more)
            })
            .collect();
        assert_eq!(slots(&text, day(), 1), painted(&layers), "round {round}: {text}");
    }
}
