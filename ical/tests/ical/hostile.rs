//! Input that has ended or stalled other parsers: nothing recurses, nothing is quadratic, nothing is guessed at. Each body is read on a
//! thread with the stack of a worker; what it takes in time and memory is bounded.

use std::time::Duration;

use bytes::Bytes;
use kalends_ical::calendar_data::CalendarData;
use kalends_ical::date::parse_utc;
use kalends_ical::edit::{Edit, Line};
use kalends_ical::free_busy::busy_periods;
use kalends_ical::zone::Zone;
use kalends_ical::{CalendarObject, Document, Limits, ObjectRefusal, ObjectRule};

use crate::bounds::timed_within;

/// A debug build on a busy machine; in a release build 10 MB are read in less than 250 ms.
const READING_TIME_MAX: Duration = Duration::from_secs(8);
/// As a worker of the server has.
const STACK_BYTES: usize = 2 * 1024 * 1024;
/// How much memory reading may take at any moment, in times of the input.
const MEMORY_TIMES_MAX: usize = 4;
/// What many small parts may take, whose places are larger than they are; how many there may be is bounded.
const MEMORY_BYTES_MIN: usize = 2 * 1024 * 1024;

/// Does something where the stack is small, and fails if it took long.
fn on_a_worker<T: Send + 'static>(what: &'static str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let worker = std::thread::Builder::new().stack_size(STACK_BYTES);
    worker.spawn(move || timed_within(READING_TIME_MAX, what, work)).unwrap().join().unwrap()
}

/// Reads a body as a PUT does, and measures.
fn read(what: &'static str, text: impl Into<Vec<u8>>, limits: Limits) -> Result<CalendarObject, ObjectRefusal> {
    let bytes = Bytes::from(text.into());
    on_a_worker(what, move || {
        let size = bytes.len();
        let mut outcome = None;
        let memory = allocation_counter::measure(|| outcome = Some(CalendarObject::parse(bytes, &limits)));
        eprintln!("{:9.3} times the input in memory  {what}", memory.bytes_max as f64 / size as f64);
        let most = usize::max(MEMORY_TIMES_MAX * size, MEMORY_BYTES_MIN) as u64;
        assert!(memory.bytes_max <= most, "{what}: {} bytes for {size}", memory.bytes_max);
        outcome.unwrap()
    })
}

/// Refused by that rule, in a sentence with those words.
fn refused(what: &'static str, text: impl Into<Vec<u8>>, rule: ObjectRule, words: &[&str]) {
    let refusal = read(what, text, Limits::default()).expect_err(what);
    assert_eq!(refusal.rule, rule, "{what}: {refusal}");
    for words in words {
        assert!(refusal.to_string().contains(words), "{what}: {refusal}");
    }
    // A sentence, not the body.
    assert!(refusal.to_string().len() < 200, "{what}: {refusal}");
}

fn event(lines: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260101T090000Z\r\n{lines}END:VEVENT\r\nEND:VCALENDAR\r\n")
}

/// Components inside each other, in the event.
fn nested(levels: usize) -> String {
    event(&format!("{}{}", "BEGIN:X-IN\r\n".repeat(levels), "END:X-IN\r\n".repeat(levels)))
}

use ObjectRule::{MaxResourceSize, ValidCalendarData};

#[test]
fn rfc5545_s3_6_deep_nesting_is_refused_at_its_line() {
    for levels in [31, 1_500, 2_000, 100_000] {
        // VCALENDAR and VEVENT are levels, too: the 33rd BEGIN stands in line 36.
        refused("nested", nested(levels), ValidCalendarData, &["line 36, column 1: ", "deeper than 32 levels"]);
        refused(
            "nested and never ended",
            "BEGIN:X-IN\n".repeat(levels + 2),
            ValidCalendarData,
            &["line 33, column 1: ", "deeper than 32 levels"],
        );
    }
    assert!(read("nested as deep as may be", nested(30), Limits::default()).is_ok());
}

#[test]
fn deep_nesting_needs_no_stack_even_where_it_is_allowed() {
    for levels in [1_500, 2_000, 9_000] {
        let text = nested(levels);
        let (edited, text) = on_a_worker("deep tree read, walked, edited and dropped", move || {
            let limits = Limits { nesting_levels_max: usize::MAX, ..Limits::default() };
            let document = Document::parse(text.clone().into_bytes(), &limits).unwrap();
            let event = document.root().components().next().unwrap();
            let deeper = std::iter::successors(Some(event), |component| component.components().next());
            assert_eq!(deeper.take(101).filter(|component| component.is("X-IN")).count(), 100);
            assert_eq!(event.properties().count(), 2);
            let mut edit = Edit::of(&document);
            edit.set(&event, Line::new("SUMMARY").text("new"));
            (edit.finish(), text)
        });
        assert_eq!(String::from_utf8(edited).unwrap(), text.replacen("BEGIN:X-IN", "SUMMARY:new\r\nBEGIN:X-IN", 1));
    }
}

#[test]
fn rfc5545_s3_1_a_line_of_10_mb_is_refused_at_its_line() {
    let line = |bytes: usize| event(&format!("SUMMARY:{}\r\n", "a".repeat(bytes)));
    refused("line of 10 MB", line(10_000_000), ValidCalendarData, &["line 6", "longer than 8388608 bytes"]);
    refused("line of 11 MB", line(11_000_000), MaxResourceSize, &["at most 10485760"]);
    let object = read("line of 8 MB", line(8_000_000), Limits::default()).unwrap();
    assert_eq!(object.main_components().next().unwrap().property("SUMMARY").unwrap().value().len(), 8_000_000);
}

#[test]
fn rfc5545_s3_1_millions_of_folds_are_one_line() {
    let object = read("2.5 million folds", event(&format!("SUMMARY:{}\r\n", "a\r\n ".repeat(2_500_000))), Limits::default()).unwrap();
    let length = on_a_worker("2.5 million folds unfolded", move || {
        object.main_components().next().unwrap().property("SUMMARY").unwrap().value_bytes().len()
    });
    assert_eq!(length, 2_500_000);
    // The same without content: nothing but folds.
    let object = read("3 million empty folds", event(&format!("SUMMARY:{}\r\n", "\n ".repeat(3_000_000))), Limits::default()).unwrap();
    assert_eq!(object.main_components().next().unwrap().property("SUMMARY").unwrap().value(), "");
}

#[test]
fn rfc5545_s3_2_parameters_are_bounded() {
    let parameters = |count: usize| event(&format!("X-MANY{}:v\r\n", ";P=1".repeat(count)));
    refused("500,000 parameters", parameters(500_000), ValidCalendarData, &["line 6, column ", "more than 1000 parameters"]);
    refused("1,001 parameters", parameters(1_001), ValidCalendarData, &["line 6, column ", "more than 1000 parameters"]);
    assert!(read("1,000 parameters", parameters(1_000), Limits::default()).is_ok());
    // One parameter with very many values is one parameter.
    let object = read("a million values", event(&format!("X-MANY;P={}:v\r\n", "a,".repeat(1_000_000))), Limits::default()).unwrap();
    let count = on_a_worker("a million values read", move || {
        let event = object.main_components().next().unwrap();
        event.property("X-MANY").unwrap().parameters().map(|(_, values)| values.len()).sum::<usize>()
    });
    assert_eq!(count, 1_000_001);
}

#[test]
fn rfc5545_s3_8_5_1_exception_dates_are_bounded_and_those_allowed_all_count() {
    let dates = |count: usize| {
        let date = |n: usize| format!("20{:02}{:02}{:02}T090000Z", 26 + n / 336, n / 28 % 12 + 1, n % 28 + 1);
        let list: Vec<String> = (0..count).map(|n| date(n % 24_000)).collect();
        event(&format!("DURATION:PT1H\r\nRRULE:FREQ=DAILY\r\nEXDATE:{}\r\n", list.join(",")))
    };
    refused("EXDATE of 200,000 values", dates(200_000), ValidCalendarData, &["at most 50000 RDATE and EXDATE"]);
    refused("EXDATE of 50,001 values", dates(50_001), ValidCalendarData, &["at most 50000 RDATE and EXDATE"]);
    let object = read("EXDATE of 50,000 values", dates(50_000), Limits::default()).unwrap();
    // Of each month the 29th and later days stay.
    let window = (parse_utc("20260101T000000Z").unwrap(), parse_utc("20270101T000000Z").unwrap());
    let busy = on_a_worker("busy beside 50,000 exceptions", move || busy_periods(&object, window, &Zone::utc()));
    assert_eq!(busy.unwrap().len(), 365 - 12 * 28);
}

#[test]
fn rfc5545_s3_1_a_quote_left_open_is_refused_at_its_line() {
    let open = |bytes: usize| event(&format!("X-ODD;P=\"{}\r\n", "a".repeat(bytes)));
    refused(
        "6 MB behind an open quote",
        open(6_000_000),
        ValidCalendarData,
        &["line 6, column 9: the quote that begins here is left open"],
    );
    // The quote does not swallow the lines behind it.
    refused(
        "an open quote",
        event("X-ODD;P=\"a:v\r\nX-ODD;P=b\":v\r\n"),
        ValidCalendarData,
        &["line 6, column 9: the quote that begins here is left open"],
    );
    let many = event(&"X-ODD;P=\"a\":v\r\n".repeat(90_000));
    assert!(read("90,000 lines with quotes", many, Limits::default()).is_ok());
}

#[test]
fn rfc4791_s4_1_a_second_calendar_is_refused_not_dropped() {
    let one = event("");
    for between in ["", "\r\n", "\n\n"] {
        let two = format!("{one}{between}{one}");
        let line = 8 + between.matches('\n').count();
        refused("two VCALENDARs", two, ValidCalendarData, &[&format!("line {line}"), "one VCALENDAR"]);
    }
    refused("a line behind the calendar", format!("{one}X-LATE:1\r\n"), ValidCalendarData, &["line 8", "outside"]);
    refused("a line before the calendar", format!("X-EARLY:1\r\n{one}"), ValidCalendarData, &["line 1", "outside"]);
    refused("ten thousand VCALENDARs", one.repeat(10_000), ValidCalendarData, &["line 8", "one VCALENDAR"]);
}

#[test]
fn rfc5545_s3_6_a_missing_end_is_refused() {
    let text = event("BEGIN:VALARM\r\nTRIGGER:PT0S\r\nEND:VALARM\r\n");
    for (missing, words) in [
        ("END:VCALENDAR\r\n", &["ends before END:VCALENDAR"][..]),
        ("END:VEVENT\r\n", &["line 9", "ends VCALENDAR where VEVENT is open"]),
        ("END:VALARM\r\n", &["line 8", "ends VEVENT where VALARM is open"]),
        ("BEGIN:VALARM\r\n", &["line 7", "ends VALARM where VEVENT is open"]),
        ("BEGIN:VCALENDAR\r\n", &["line 1", "outside"]),
    ] {
        refused("a BEGIN or END is missing", text.replacen(missing, "", 1), ValidCalendarData, words);
    }
    // Cut anywhere, it is refused: what is left of an upload is never taken for the whole.
    for length in 0..text.trim_end().len() {
        refused("cut off", &text.as_bytes()[..length], ValidCalendarData, &[]);
    }
}

#[test]
fn what_is_no_icalendar_is_refused_not_guessed_at() {
    for (what, text, words) in [
        ("nothing", &b""[..], &["empty", "BEGIN:VCALENDAR"][..]),
        ("blank lines", b"\r\n \r\n\t\n", &["empty", "BEGIN:VCALENDAR"]),
        ("HTML", b"<!DOCTYPE html>\n<html></html>\n", &["line 1"]),
        ("JSON", b"[\"vcalendar\",[],[]]", &["line 1"]),
        ("a vCard", b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:x\r\nEND:VCARD\r\n", &["VCARD", "must be a VCALENDAR"]),
        ("an event by itself", b"BEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260101\r\nEND:VEVENT\r\n", &["VEVENT", "must be a VCALENDAR"]),
        ("UTF-16", b"\xff\xfeB\0E\0G\0I\0N\0:\0", &["line 1"]),
        ("Latin-1", b"BEGIN:VCALENDAR\r\nX-WR-CALNAME:K\xe4se\r\nEND:VCALENDAR\r\n", &["line 2", "UTF-8"]),
        ("an unfolded second line", b"BEGIN:VCALENDAR\r\nDESCRIPTION:a\r\nb\r\nEND:VCALENDAR\r\n", &["line 3", "colon"]),
        ("a fold at the very beginning", b" BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", &["line 1"]),
        ("carriage returns as line ends", b"BEGIN:VCALENDAR\rVERSION:2.0\rEND:VCALENDAR\r", &["END:"]),
    ] {
        refused(what, text, ValidCalendarData, words);
    }
}

#[test]
fn many_small_things_are_bounded() {
    let limits = Limits::default();
    let many = event(&"X-MANY:1\r\n".repeat(limits.properties_max));
    refused("100,000 properties", many, ValidCalendarData, &["more than 100000 lines"]);
    let many = event(&"BEGIN:VALARM\r\nEND:VALARM\r\n".repeat(limits.components_max));
    refused("10,000 components", many, ValidCalendarData, &["more than 10000 components"]);
    let zones = "BEGIN:VTIMEZONE\r\nTZID:x\r\nEND:VTIMEZONE\r\n".repeat(limits.components_max);
    refused(
        "10,000 zones",
        event("").replace("BEGIN:VEVENT", &format!("{zones}BEGIN:VEVENT")),
        ValidCalendarData,
        &["more than 10000 components"],
    );
}

#[test]
fn what_is_long_can_be_asked_as_well() {
    // A folded attachment of 7 MB, of which each instance has a copy.
    let attachment = "QUJD".repeat(18) + "\r\n ";
    let text = event(&format!("RRULE:FREQ=DAILY;COUNT=3\r\nATTACH;ENCODING=BASE64;VALUE=BINARY:{}\r\n", attachment.repeat(95_000)));
    let object = read("attachment of 7 MB", text, Limits::default()).unwrap();
    let window = (parse_utc("20260102T000000Z").unwrap(), parse_utc("20260103T000000Z").unwrap());
    let expand = CalendarData { selection: None, expand: Some(window), limit_recurrence_set: None, limit_freebusy_set: None };
    let rendered = on_a_worker("attachment of 7 MB expanded", move || expand.render(&object, &Zone::utc())).unwrap();
    assert!(rendered.len() > 6_800_000, "{}", rendered.len());
    assert!(rendered.windows(29).any(|window| window == b"RECURRENCE-ID:20260102T090000"));
}

#[test]
fn refusals_are_sentences_whatever_the_names_are() {
    let name = "N".repeat(1_000_000);
    let rule = ObjectRule::ValidCalendarData;
    refused("a root of a long name", format!("BEGIN:{name}\r\nEND:{name}\r\n"), rule, &["it must be a VCALENDAR"]);
    refused("an end of a long name", format!("BEGIN:VCALENDAR\r\nEND:{name}\r\n"), rule, &["where VCALENDAR is open"]);
    refused("a long name left open", format!("BEGIN:{name}\r\nX:1\r\n"), rule, &["line 3, column 1: the object ends before END:N"]);
    refused("a byte order mark", "\u{feff}BEGIN:VCALENDAR \r\nX Y:1\r\n", rule, &["line 2, column 2"]);
    refused("a byte order mark before nothing", "\u{feff}X Y:1\r\n", rule, &["line 1, column 2"]);
}

#[test]
fn rfc4791_s9_6_7_a_type_of_free_busy_time_is_a_name_or_nothing() {
    let text = "BEGIN:VCALENDAR\r\nBEGIN:VFREEBUSY\r\nUID:u\r\nFREEBUSY;FBTYPE=\"BUSY^nATTACH:x\":20260101T090000Z/PT1H\r\n\
                FREEBUSY;FBTYPE=x-lunch:20260101T120000Z/PT1H\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n";
    let object = read("a type with a line break", text, Limits::default()).unwrap();
    let window = (parse_utc("20260101T000000Z").unwrap(), parse_utc("20260102T000000Z").unwrap());
    let form = CalendarData { selection: None, expand: None, limit_recurrence_set: None, limit_freebusy_set: Some(window) };
    let rendered = String::from_utf8(form.render(&object, &Zone::utc()).unwrap().to_vec()).unwrap();
    assert!(rendered.contains("\r\nFREEBUSY;FBTYPE=BUSY:20260101T090000Z/20260101T100000Z\r\n"), "{rendered}");
    assert!(rendered.contains("\r\nFREEBUSY;FBTYPE=X-LUNCH:") && !rendered.contains("ATTACH"), "{rendered}");
}

#[test]
fn a_name_in_many_folds_is_read_as_far_as_it_goes() {
    let text = event(&"X\r\n -A:1\r\nS\r\n U\r\n MMARY;L\r\n ANGUAGE=de:a\r\n".repeat(1_000));
    let object = read("folded names", text, Limits::default()).unwrap();
    let master = object.main_components().next().unwrap();
    assert_eq!((master.properties_named("X-A").count(), master.properties_named("summary").count()), (1_000, 1_000));
    assert_eq!((master.properties_named("X").count(), master.properties_named("SUMMAR").count()), (0, 0));
}
