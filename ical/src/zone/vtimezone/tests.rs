use super::*;
use crate::component::Tree;
use crate::date::parse_utc;
use crate::filter::Work;
use crate::zone::transitions::Transitions;
use crate::{Limits, UNBOUNDED_FUTURE};

#[rustfmt::skip]
const ZONES: &[&str] = &[
    "UTC", "Etc/GMT+5", "Europe/Dublin", "Europe/London", "Europe/Lisbon", "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Rome",
    "Europe/Vienna", "Europe/Zurich", "Europe/Athens", "Europe/Helsinki", "Europe/Kyiv", "Europe/Chisinau", "Europe/Istanbul",
    "Europe/Moscow", "Europe/Samara", "Europe/Volgograd", "Europe/Minsk", "Atlantic/Azores", "Atlantic/Reykjavik", "Africa/Casablanca",
    "Africa/El_Aaiun", "Africa/Cairo", "Africa/Lagos", "Africa/Johannesburg", "Africa/Nairobi", "Africa/Monrovia", "Africa/Windhoek",
    "Africa/Juba", "Asia/Tehran", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tokyo", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Singapore",
    "Asia/Manila", "Asia/Seoul", "Asia/Pyongyang", "Asia/Jerusalem", "Asia/Gaza", "Asia/Hebron", "Asia/Beirut", "Asia/Amman",
    "Asia/Damascus", "Asia/Almaty", "Asia/Yekaterinburg", "Asia/Ulaanbaatar", "America/New_York", "America/Chicago", "America/Denver",
    "America/Phoenix", "America/Los_Angeles", "America/Anchorage", "America/St_Johns", "America/Halifax", "America/Havana",
    "America/Sao_Paulo", "America/Santiago", "America/Asuncion", "America/Argentina/San_Luis", "America/Caracas", "America/Mexico_City",
    "America/Tijuana", "America/Nuuk", "America/Scoresbysund", "America/Miquelon", "Pacific/Apia", "Pacific/Auckland", "Pacific/Chatham",
    "Pacific/Easter", "Pacific/Kiritimati", "Pacific/Norfolk", "Pacific/Fiji", "Australia/Lord_Howe", "Australia/Sydney",
    "Australia/Adelaide", "Australia/Eucla", "Antarctica/Troll", "Antarctica/Casey",
];

fn at(text: &str) -> UtcMicros {
    parse_utc(text).unwrap()
}

fn written(name: &str, range: (UtcMicros, UtcMicros)) -> String {
    String::from_utf8(Zone::from_name(name).unwrap().to_vtimezone(name, range)).unwrap()
}

/// The offsets that are read from what is written are the zone's: around each change, and every ten days.
fn reads_back(name: &str, range: (UtcMicros, UtcMicros)) {
    let zone = Zone::from_name(name).unwrap();
    let text = written(name, range);
    let tree = Tree::parse(bytes::Bytes::copy_from_slice(text.as_bytes()), &Limits::default())
        .unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
    let read = Transitions::read(&tree.root(), &Work::of_zones()).unwrap();
    let first = if range.0 == UNBOUNDED_PAST { day_of(1850, 1, 1) * DAY_SECONDS } else { range.0 / 1_000_000 };
    let last = if range.1 == UNBOUNDED_FUTURE { day_of(2100, 12, 31) * DAY_SECONDS } else { range.1 / 1_000_000 };
    let around = zone.changes(Some(first), last).into_iter().flat_map(|change| [change.at - 1, change.at, change.at + 1]);
    let all = around.chain((first..last).step_by(864_000)).chain([first, last - 1]);
    for seconds in all.filter(|seconds| (first..last).contains(seconds)) {
        assert_eq!(read.offset_at(seconds), zone.offset_at(seconds), "{name} {}\n{text}", format_utc(seconds * 1_000_000));
    }
}

#[test]
fn rfc5545_s3_6_5_what_is_written_reads_back_as_the_zone() {
    assert!(ZONES.len() >= 60);
    for name in ZONES {
        for range in [
            (UNBOUNDED_PAST, UNBOUNDED_FUTURE),
            (at("20260101T000000Z"), UNBOUNDED_FUTURE),
            (at("20100615T120000Z"), at("20301231T000000Z")),
            (at("19700101T000000Z"), at("20000101T000000Z")),
            (at("20260329T010000Z"), at("20261025T010000Z")),
            (at("20260701T000000Z"), at("20260702T000000Z")),
        ] {
            reads_back(name, range);
        }
    }
}

#[test]
fn a_regular_zone_is_two_rules_without_end() {
    let text = written("Europe/Berlin", (at("20260101T000000Z"), UNBOUNDED_FUTURE));
    let expected = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n\
        BEGIN:STANDARD\r\nDTSTART:20260101T010000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nEND:STANDARD\r\n\
        BEGIN:DAYLIGHT\r\nDTSTART:20260329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\n\
        BEGIN:STANDARD\r\nDTSTART:20261025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\n\
        END:VTIMEZONE\r\n";
    assert_eq!(text, expected);
    let rules = |name: &str| -> Vec<String> {
        let text = written(name, (at("20260101T000000Z"), UNBOUNDED_FUTURE));
        text.lines().filter_map(|line| line.strip_prefix("RRULE:FREQ=YEARLY;")).map(str::to_owned).collect()
    };
    assert_eq!(rules("America/New_York"), ["BYMONTH=3;BYDAY=2SU", "BYMONTH=11;BYDAY=1SU"]);
    assert_eq!(rules("Asia/Jerusalem"), ["BYMONTH=3;BYMONTHDAY=23,24,25,26,27,28,29;BYDAY=FR", "BYMONTH=10;BYDAY=-1SU"]);
    assert!(rules("UTC").is_empty() && rules("Asia/Kolkata").is_empty());
}

#[test]
fn rfc7808_s3_9_a_cut_begins_with_one_observance_and_names_its_end() {
    let text = written("America/New_York", (at("20260308T070000Z"), at("20280101T000000Z")));
    assert!(text.starts_with("BEGIN:VTIMEZONE\r\nTZID:America/New_York\r\nTZUNTIL:20280101T000000Z\r\nBEGIN:DAYLIGHT\r\nDTSTART:20260308T020000\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\nTZNAME:EDT\r\nEND:DAYLIGHT\r\n"), "{text}");
    assert_eq!(text.matches("20260308").count(), 1);
    // Two years are no rule.
    assert!(
        text.contains("DTSTART:20261101T020000\r\nTZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\nTZNAME:EST\r\nRDATE:20271107T020000\r\n"),
        "{text}"
    );
    let longer = written("America/New_York", (at("20260101T000000Z"), at("20300101T000000Z")));
    assert!(longer.contains("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU;UNTIL=20290311T070000Z\r\n"), "{longer}");
}

#[test]
fn offsets_have_seconds_where_the_zone_has() {
    assert_eq!([offset(0), offset(-16_200), offset(3_208), offset(-2_670)], ["+0000", "-0430", "+005328", "-004430"]);
    assert!(written("Africa/Monrovia", (at("19700101T000000Z"), at("19750101T000000Z"))).contains("TZOFFSETFROM:-004430\r\n"));
}

#[test]
fn a_zone_of_ones_own_is_written_too() {
    let text =
        format!("BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n", written("Europe/Berlin", (0, UNBOUNDED_FUTURE)).replace("Europe/Berlin", "Ours"));
    let own = Zone::from_calendar_timezone(&text).unwrap();
    let again = String::from_utf8(own.to_vtimezone("Ours", (at("20260101T000000Z"), UNBOUNDED_FUTURE))).unwrap();
    assert!(again.contains("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n"), "{again}");
}

#[test]
fn ranges_that_no_date_can_be_written_for_are_cut() {
    for range in [(i64::MIN + 1, i64::MAX - 1), (i64::MAX - 1, i64::MAX), (i64::MAX - 1, i64::MIN), (0, -1)] {
        for name in ["Europe/Berlin", "UTC"] {
            let text = written(name, range);
            assert!(text.lines().all(|line| line.len() <= 75) && text.contains("\nDTSTART:"), "{text}");
        }
    }
}
