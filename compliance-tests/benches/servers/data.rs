//! What servers are filled with, and what is right to answer: reckoned from how the events are made, not by expanding rules.

use std::collections::HashSet;

/// The events of the calendar that is polled and read.
pub const SMALL: usize = 1_000;
/// The events of the calendar that is searched; so many of them recur.
pub const BIG: usize = 10_000;
pub const RECURRING: usize = 500;

/// The month asked about, June 2026, as days since 1970.
const MONTH: std::ops::Range<i64> = 20_605..20_635;
pub const MONTH_START: &str = "20260601T000000Z";
pub const MONTH_END: &str = "20260701T000000Z";

/// One event, as a file.
#[derive(Debug, Clone)]
pub struct Event {
    pub name: String,
    pub body: String,
    /// Whether an instance is in the month.
    pub in_month: bool,
    /// The minutes of the month that its instances there take, as start and end in minutes since 1970.
    busy: Vec<(i64, i64)>,
}

const ZONE: &str = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\n\
    DTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\nTZOFFSETFROM:+0200\r\n\
    TZOFFSETTO:+0100\r\nTZNAME:CET\r\nDTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\n\
    END:VTIMEZONE\r\n";
/// Minutes that the clock in Berlin is ahead of UTC in June.
const SUMMER: i64 = 120;

/// A calendar of events that take place once.
pub fn small() -> Vec<Event> {
    (0..SMALL).map(|number| once(&format!("small-{number}"), 19_800 + number as i64, 8 * 60 + (number as i64 % 9) * 60)).collect()
}

/// A calendar of years: those that recur first, then those of the month, then the others, so that one that is cut short answers alike.
pub fn big() -> Vec<Event> {
    let mut events: Vec<Event> = (0..RECURRING).map(recurring).collect();
    // Four years from 2024 on, each day some, at times of their own.
    let rest = (BIG - RECURRING) as i64;
    let plain = |number: i64| once(&format!("once-{number}"), 19_723 + number * 1_461 / rest, 7 * 60 + (number * 7) % 720);
    let (within, beyond): (Vec<Event>, Vec<Event>) = (0..rest).map(plain).partition(|event| event.in_month);
    events.extend(within);
    events.extend(beyond);
    events
}

/// An event like those of a client, about 600 bytes, half an hour long; `minute` is of the day, in UTC.
pub fn once(uid: &str, day: i64, minute: i64) -> Event {
    let lines = format!(
        "DTSTART:{}\r\nDTEND:{}\r\nSUMMARY:Planning with the team of {uid}\r\nLOCATION:Meeting room on the third floor\r\n\
         DESCRIPTION:The plan for the next weeks\\, what is open from the last one\\, an\r\n d who does what until when. Bring the figures of the \
         last quarter\\; the room\r\n  has a screen.\r\nCATEGORIES:WORK,PLANNING\r\nSTATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\n",
        utc(day, minute),
        utc(day, minute + 30),
    );
    event(uid, "", &lines, "", vec![(day, minute)])
}

/// One of ten kinds. Half of them have an instance in the month, and each looks as if it had, or had not.
fn recurring(number: usize) -> Event {
    let uid = format!("series-{number}");
    let hour = 7 + number as i64 / 10 % 10;
    let start = |date: &str| format!("DTSTART;TZID=Europe/Berlin:{date}T{hour:02}0000\r\nDURATION:PT30M\r\nSUMMARY:Series {number}\r\n");
    let at = |date: &str| format!(";TZID=Europe/Berlin:{date}T{hour:02}0000\r\n");
    let moved = |from: &str, to: &str| {
        let lines = format!("RECURRENCE-ID{}{}", at(from), start(to));
        format!("BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n{lines}END:VEVENT\r\n")
    };
    let minute = hour * 60 - SUMMER;
    // 2024-01-01 was a Monday, and so is 2026-06-01.
    let mondays = || (0..5).map(|week| (MONTH.start + 7 * week, minute)).collect();
    let (lines, more, instances) = match number % 10 {
        0 => (start("20240101") + "RRULE:FREQ=WEEKLY\r\n", String::new(), mondays()),
        1 => (start("20240101") + "RRULE:FREQ=WEEKLY;COUNT=10\r\n", String::new(), vec![]),
        2 => (start("20240101") + "RRULE:FREQ=WEEKLY;UNTIL=20260520T120000Z\r\n", String::new(), vec![]),
        3 => (start("20240101") + "RRULE:FREQ=WEEKLY;UNTIL=20261231T120000Z\r\n", String::new(), mondays()),
        4 => (start("20240115") + "RRULE:FREQ=MONTHLY\r\n", String::new(), vec![(MONTH.start + 14, minute)]),
        5 => (start("20240115") + "RRULE:FREQ=MONTHLY\r\nEXDATE" + &at("20260615"), String::new(), vec![]),
        6 => (start("20240115") + "RRULE:FREQ=MONTHLY\r\n", moved("20260615", "20260703"), vec![]),
        7 => (start("20240115") + "RRULE:FREQ=MONTHLY;COUNT=29\r\n", moved("20260515", "20260605"), vec![(MONTH.start + 4, minute)]),
        8 => (start("20240101") + "RRULE:FREQ=DAILY;COUNT=400\r\n", String::new(), vec![]),
        _ => (start("20240610") + "RRULE:FREQ=YEARLY\r\n", String::new(), vec![(MONTH.start + 9, minute)]),
    };
    event(&uid, ZONE, &lines, &more, instances)
}

fn event(uid: &str, zone: &str, lines: &str, more: &str, instances: Vec<(i64, i64)>) -> Event {
    let body = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Kalends//Benchmark//EN\r\n{zone}BEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\n{lines}END:VEVENT\r\n{more}END:VCALENDAR\r\n"
    );
    let busy: Vec<(i64, i64)> = instances
        .into_iter()
        .filter(|(day, _)| MONTH.contains(day))
        .map(|(day, minute)| (day * 1_440 + minute, day * 1_440 + minute + 30))
        .collect();
    Event { name: format!("{uid}.ics"), body, in_month: !busy.is_empty(), busy }
}

/// The names of the events in the month.
pub fn names_in_month(events: &[Event]) -> HashSet<String> {
    events.iter().filter(|event| event.in_month).map(|event| event.name.clone()).collect()
}

/// How many minutes of the month are busy.
pub fn busy_minutes(events: &[Event]) -> i64 {
    union_minutes(events.iter().flat_map(|event| event.busy.iter().copied()).collect())
}

/// How many minutes periods take together.
pub fn union_minutes(mut periods: Vec<(i64, i64)>) -> i64 {
    periods.sort_unstable();
    let mut until = i64::MIN;
    let mut sum = 0;
    for (start, end) in periods {
        sum += (end - start.max(until)).max(0);
        until = until.max(end);
    }
    sum
}

/// A time in basic form; minutes beyond the day are of the next one.
fn utc(day: i64, minute: i64) -> String {
    let (day, minute) = (day + minute.div_euclid(1_440), minute.rem_euclid(1_440));
    let (year, month, of_month) = date(day);
    format!("{year:04}{month:02}{of_month:02}T{:02}{:02}00Z", minute / 60, minute % 60)
}

/// The date of a day since 1970 (proleptic Gregorian, years from March on).
fn date(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_month)
}

/// Minutes since 1970 of a time in basic form.
pub fn minutes(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let (year_from_march, month_from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year_from_march + year_from_march.div_euclid(4) - year_from_march.div_euclid(100) + year_from_march.div_euclid(400);
    let day = days + (153 * month_from_march + 2) / 5 + day - 1 - 719_468;
    Some(day * 1_440 + number(9..11)? * 60 + number(11..13)?)
}
