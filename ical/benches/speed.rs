//! Reading and expanding, beside the libraries of the field in the same run: `cargo bench -p kalends-ical`.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a benchmark fails by panicking")]

use bytes::Bytes;
use divan::{AllocProfiler, Bencher, black_box};
use kalends_ical::date::parse_utc;
use kalends_ical::occurrences::RecurrenceSet;
use kalends_ical::zone::Zone;
use kalends_ical::{CalendarObject, Limits, UNBOUNDED_FUTURE};
use rrule::RRuleSet;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

const ZONE: &str = "BEGIN:VTIMEZONE\r\nTZID:America/New_York\r\nBEGIN:DAYLIGHT\r\nDTSTART:20070311T020000\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\nTZNAME:EDT\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\nDTSTART:20071104T020000\r\nTZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\nTZNAME:EST\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";

fn object(rule: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example Corp.//Calendar 10.4//EN\r\nCALSCALE:GREGORIAN\r\n{ZONE}BEGIN:VEVENT\r\nUID:6A5C7F3E-91B2-4C39-8F4E-3D5B1A7E9C10\r\nDTSTAMP:20260101T120000Z\r\nCREATED:20251201T083000Z\r\nLAST-MODIFIED:20260101T120000Z\r\nSEQUENCE:2\r\nDTSTART;TZID=America/New_York:20260105T093000\r\nDTEND;TZID=America/New_York:20260105T103000\r\n{rule}SUMMARY:Weekly planning of the north-eastern sales team\r\nLOCATION:Room 4.12\\, second floor\r\nDESCRIPTION:Bring the figures of last week. We look at the open offers first\\,\r\n  then at what the new price list means for the running ones.\r\nSTATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\nORGANIZER;CN=Ann Example:mailto:ann@example.org\r\nATTENDEE;CN=Ann Example;PARTSTAT=ACCEPTED;ROLE=CHAIR:mailto:ann@example.org\r\nATTENDEE;CN=Bob Example;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:bob@example.org\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Reminder\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

mod an_object_of_1_4_kb {
    use super::*;

    #[divan::bench]
    fn kalends_parse_and_facts(bencher: Bencher<'_, '_>) {
        let bytes = Bytes::from(object(""));
        bencher.bench(|| CalendarObject::parse(black_box(bytes.clone()), &Limits::default()).unwrap().facts());
    }

    #[divan::bench]
    fn kalends_parse_and_facts_recurring(bencher: Bencher<'_, '_>) {
        let bytes = Bytes::from(object("RRULE:FREQ=WEEKLY;BYDAY=MO\r\n"));
        bencher.bench(|| CalendarObject::parse(black_box(bytes.clone()), &Limits::default()).unwrap().facts());
    }

    #[divan::bench]
    fn icalendar_parse(bencher: Bencher<'_, '_>) {
        let text = object("");
        bencher.bench(|| black_box(text.as_str()).parse::<icalendar::Calendar>().unwrap());
    }
}

/// Expands a rule in New York, in both engines.
macro_rules! expansions {
    ($($name:ident: $start:literal $rule:literal, from $from:literal, $count:literal;)*) => {$(
        mod $name {
            use super::*;

            #[divan::bench(sample_count = 2000)]
            fn kalends(bencher: Bencher<'_, '_>) {
                let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nDTSTART;TZID=America/New_York:{}\nRRULE:{}\nEND:VEVENT\nEND:VCALENDAR\n", $start, $rule);
                let object = CalendarObject::parse(Bytes::from(text), &Limits::default()).unwrap();
                let window = (parse_utc($from).unwrap(), UNBOUNDED_FUTURE);
                let zone = Zone::utc();
                // Read once, as the other engine's is.
                let set = RecurrenceSet::of(&object, &zone);
                bencher.bench_local(|| {
                    let found = black_box(&set).within(window, $count).unwrap();
                    assert_eq!(found.len(), $count);
                    found
                });
            }

            #[divan::bench(sample_count = 2000)]
            fn rrule(bencher: Bencher<'_, '_>) {
                let set: RRuleSet = format!("DTSTART;TZID=America/New_York:{}\nRRULE:{}", $start, $rule).parse().unwrap();
                let from = chrono::NaiveDateTime::parse_from_str($from, "%Y%m%dT%H%M%SZ").unwrap().and_utc().with_timezone(&::rrule::Tz::UTC);
                let set = set.after(from);
                bencher.bench(|| {
                    let found = black_box(&set).clone().all($count);
                    assert_eq!(found.dates.len(), $count);
                    found
                });
            }
        }
    )*};
}

expansions! {
    daily_10_years: "20260105T093000" "FREQ=DAILY", from "20260101T000000Z", 3653;
    monthly_last_friday_480: "20260130T093000" "FREQ=MONTHLY;BYDAY=-1FR", from "20260101T000000Z", 480;
    yearly_4th_thursday_100: "20261126T093000" "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", from "20260101T000000Z", 100;
    first_after_2090: "19900101T093000" "FREQ=WEEKLY;BYDAY=MO", from "20900101T000000Z", 1;
    first_after_2090_of_count: "19900101T093000" "FREQ=WEEKLY;BYDAY=MO;COUNT=9000", from "20900101T000000Z", 1;
}
