//! Every question about odd objects: no panic, bounded time, and facts that hold all instances.

use std::time::{Duration as Time, Instant};

use bytes::Bytes;

use super::*;
use crate::Limits;
use crate::availability::unavailable_periods;
use crate::calendar_data::CalendarData;
use crate::date::parse_utc;
use crate::filter::{CompFilter, TimeRange};
use crate::free_busy::busy_periods;

/// What one question may take in a debug build on a busy machine.
const QUESTION_TIME_MAX: Time = Time::from_secs(2);
const OBJECTS: u64 = 1_500;

/// xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

const MOMENTS: [&str; 12] = [
    "00000101T000000Z",
    "00000101",
    "00010101T000000",
    "16010101T000000",
    "19700101T000000Z",
    "20240229",
    "20240229T120000Z",
    "20260329T023000",
    "20261025T023000",
    "99991231",
    "99991231T235959Z",
    "99991231T235959",
];
const DURATIONS: [&str; 11] =
    ["P0D", "PT0S", "PT1S", "-P1D", "PT90M", "P52000W", "P5215W", "P99999999W", "-P99999999W", "P999999999D", "PT999999999H"];
const ZONES: [&str; 6] = ["", "", ";TZID=Own", ";TZID=Europe/Berlin", ";TZID=America/New_York", ";TZID=Nope"];

fn moment(random: &mut Random, name: &str) -> String {
    let value = random.of(&MOMENTS);
    match (value.contains('T'), value.ends_with('Z')) {
        (false, _) => format!("{name};VALUE=DATE:{value}\r\n"),
        (true, true) => format!("{name}:{value}\r\n"),
        (true, false) => format!("{name}{}:{value}\r\n", random.of(&ZONES)),
    }
}

fn rule(random: &mut Random) -> String {
    let mut rule = format!("FREQ={}", random.of(&["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]));
    if random.percent(40) {
        rule += &format!(";INTERVAL={}", random.of(&["1", "2", "7", "86400", "999999999"]));
    }
    if random.percent(40) {
        rule += &format!(";COUNT={}", random.of(&["1", "2", "10", "1000"]));
    } else if random.percent(50) {
        rule += &format!(";UNTIL={}", random.of(&MOMENTS));
    }
    let parts: [(&str, &[&str]); 11] = [
        ("BYMONTH", &["1", "2", "12", "1,2,3"]),
        ("BYMONTHDAY", &["31", "-1", "29,30", "-31"]),
        ("BYDAY", &["MO", "-1SU", "53MO", "-53TU", "MO,TU,WE,TH,FR"]),
        ("BYYEARDAY", &["366", "-366", "1"]),
        ("BYWEEKNO", &["53", "-53", "1"]),
        ("BYHOUR", &["0,23", "2"]),
        ("BYMINUTE", &["59"]),
        ("BYSECOND", &["60", "0"]),
        ("BYSETPOS", &["-1", "1", "366", "-366"]),
        ("WKST", &["SU"]),
        ("SKIP", &["FORWARD", "BACKWARD"]),
    ];
    for (name, values) in parts {
        if random.percent(15) {
            rule += &format!(";{name}={}", random.of(values));
        }
    }
    rule
}

fn zone(random: &mut Random) -> String {
    let mut zone = "BEGIN:VTIMEZONE\r\nTZID:Own\r\n".to_owned();
    for name in ["STANDARD", "DAYLIGHT"] {
        let start = random.of(&["00000101T000000", "16010101T000000", "19701025T030000", "99991231T235959"]);
        let mut offset = || random.of(&["+0000", "+0100", "+0200", "-1530", "+1600", "+9999", "-995959"]);
        zone += &format!("BEGIN:{name}\r\nDTSTART:{start}\r\nTZOFFSETFROM:{}\r\nTZOFFSETTO:{}\r\n", offset(), offset());
        if random.percent(50) {
            zone += &format!("RRULE:{}\r\n", rule(random));
        }
        zone += &format!("END:{name}\r\n");
    }
    zone + "END:VTIMEZONE\r\n"
}

fn component(random: &mut Random, kind: &str, is_override: bool) -> String {
    let mut lines = format!("BEGIN:{kind}\r\nUID:u\r\n");
    if kind != "VTODO" || random.percent(80) {
        lines += &moment(random, "DTSTART");
    }
    match random.below(10) {
        0..4 => lines += &format!("DURATION:{}\r\n", random.of(&DURATIONS)),
        4..7 => lines += &moment(random, if kind == "VTODO" { "DUE" } else { "DTEND" }),
        _ => {}
    }
    if is_override {
        let range = random.of(&["", ";RANGE=THISANDFUTURE"]);
        lines += &moment(random, &format!("RECURRENCE-ID{range}"));
    } else {
        for _ in 0..random.of(&["", "1", "1", "11"]).len() {
            lines += &format!("RRULE:{}\r\n", rule(random));
        }
        if random.percent(20) {
            lines += &format!("EXRULE:{}\r\n", rule(random));
        }
        if random.percent(30) {
            lines += &moment(random, "RDATE");
        }
        if random.percent(20) {
            lines += &format!("RDATE;VALUE=PERIOD:{}/{}\r\n", random.of(&MOMENTS), random.of(&DURATIONS));
        }
        if random.percent(30) {
            lines += &moment(random, "EXDATE");
        }
    }
    if random.percent(30) {
        let related = random.of(&["", ";RELATED=END"]);
        let trigger = if random.percent(70) { random.of(&DURATIONS) } else { random.of(&MOMENTS) };
        let (repeat, every) = (random.of(&["1", "999999999", "-5", "99999999999999999999"]), random.of(&DURATIONS));
        lines += &format!("BEGIN:VALARM\r\nTRIGGER{related}:{trigger}\r\nREPEAT:{repeat}\r\nDURATION:{every}\r\nEND:VALARM\r\n");
    }
    lines + &format!("END:{kind}\r\n")
}

fn comp(name: &str, time_range: Option<TimeRange>, comps: Vec<CompFilter>) -> CompFilter {
    CompFilter { name: name.into(), is_not_defined: false, time_range, props: vec![], comps }
}

fn nothing() -> CalendarData {
    CalendarData { selection: None, expand: None, limit_recurrence_set: None, limit_freebusy_set: None }
}

fn window(text: &str) -> (UtcMicros, UtcMicros) {
    let (start, end) = text.split_once('/').unwrap();
    (parse_utc(start).unwrap(), parse_utc(end).unwrap())
}

/// How long a question takes.
fn timed<T>(what: &str, text: &str, ask: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let answer = ask();
    let took = begun.elapsed();
    if std::env::var_os("KALENDS_TIMES").is_some() {
        eprintln!("{:9.3} ms  {what}", took.as_secs_f64() * 1e3);
    }
    assert!(took < QUESTION_TIME_MAX, "{what} took {took:?}:\n{text}");
    answer
}

/// Asks everything over a window; facts must hold what is found.
fn ask_everything(text: &str, (start, end): (UtcMicros, UtcMicros), floating: &Zone) {
    let Ok(object) = timed("parse", text, || CalendarObject::read_stored(Bytes::from(text.to_owned()))) else { return };
    let facts = timed("facts", text, || object.facts());
    let kind = object.kind().name();
    let range = Some(TimeRange { start: Some(start).filter(|at| *at != i64::MIN), end: Some(end).filter(|at| *at != i64::MAX) });
    let filter = comp("VCALENDAR", None, vec![comp(kind, range, vec![])]);
    if timed("time-range", text, || filter.matches(&object, floating)) == Ok(true) {
        assert!(facts.first_start <= end && facts.last_end >= start, "{facts:?} {start} {end}\n{text}");
    }
    let filter = comp("VCALENDAR", None, vec![comp(kind, None, vec![comp("VALARM", range, vec![])])]);
    if timed("alarms", text, || filter.matches(&object, floating)) == Ok(true) {
        let within = facts.alarm_first.is_some_and(|first| first <= end) && facts.alarm_last.is_some_and(|last| last >= start);
        assert!(within, "{facts:?} {start} {end}\n{text}");
    }
    timed("expand", text, || CalendarData { expand: Some((start, end)), ..nothing() }.render(&object, floating)).ok();
    timed("limit", text, || CalendarData { limit_recurrence_set: Some((start, end)), ..nothing() }.render(&object, floating)).ok();
    timed("free-busy set", text, || CalendarData { limit_freebusy_set: Some((start, end)), ..nothing() }.render(&object, floating)).ok();
    timed("free-busy", text, || busy_periods(&object, (start, end), floating)).ok();
    if let Ok(found) = timed("availability", text, || unavailable_periods([&object], (start, end), floating)) {
        assert!(
            found.is_sorted_by(|one, next| one.end <= next.start)
                && found.iter().all(|p| start <= p.start && p.start < p.end && p.end <= end)
        );
    }
    let work = Work::new();
    let series = object.series(floating);
    let mut left = 200;
    let visited = timed("instances", text, || {
        series.visit((start, end), &work, |instance| {
            let within = facts.first_start <= instance.begins && facts.last_end >= instance.ends;
            assert!(within || instance.start.is_none(), "{facts:?} {} {}\n{text}", instance.begins, instance.ends);
            left -= 1;
            left > 0
        })
    });
    visited.ok();
}

#[test]
fn odd_objects_are_answered_in_bounded_time_and_their_facts_hold_their_instances() {
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let zones = [Zone::utc(), Zone::from_name("Asia/Tokyo").unwrap(), Zone::from_name("America/Los_Angeles").unwrap()];
    let windows = [
        (UtcMicros::MIN, UtcMicros::MAX),
        (UtcMicros::MAX - 1, UtcMicros::MAX),
        window("00000101T000000Z/99991231T235959Z"),
        window("20260101T000000Z/20270101T000000Z"),
        window("99990101T000000Z/99991231T235959Z"),
        (UtcMicros::MIN, parse_utc("00020101T000000Z").unwrap()),
    ];
    for round in 0..OBJECTS {
        let kind = random.of(&["VEVENT", "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY"]);
        let mut text = format!("BEGIN:VCALENDAR\r\n{}{}", zone(&mut random), component(&mut random, kind, false));
        for _ in 0..random.of(&["", "", "1", "11"]).len() {
            text += &component(&mut random, kind, true);
        }
        text += "END:VCALENDAR\r\n";
        CalendarObject::parse(Bytes::from(text.clone()), &Limits::default()).ok();
        let (window, zone) = (windows[random.below(windows.len())], &zones[random.below(zones.len())]);
        ask_everything(&text, window, zone);
        if round % 4 == 0 {
            let range = if random.percent(50) { moment(&mut random, "DTEND") } else { String::new() };
            let (hours, moved) = (component(&mut random, "AVAILABLE", false), component(&mut random, "AVAILABLE", true));
            let zone_text = self::zone(&mut random);
            let text = format!(
                "BEGIN:VCALENDAR\r\n{zone_text}BEGIN:VAVAILABILITY\r\nUID:u\r\n{range}{hours}{moved}END:VAVAILABILITY\r\nEND:VCALENDAR\r\n"
            );
            ask_everything(&text, window, zone);
        }
    }
}
