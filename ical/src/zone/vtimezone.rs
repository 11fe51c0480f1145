//! Writing VTIMEZONE: RFC 5545 §3.6.5, cut to a range as RFC 7808 §3.9 says.
//!
//! Changes that come in the same way each year are a rule; all others are listed. A rule that still holds when the zone data has become
//! regular, and has been for long, has no end.

use super::{Rules, Zone};
use crate::civil::{DAY_SECONDS, Day, LocalSeconds, date_of, day_of, days_in_month, days_in_year, weekday_of};
use crate::date::{format_local, format_utc};
use crate::stream::write_folded;
use crate::value::escape;
use crate::{UNBOUNDED_PAST, UtcMicros};

const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
/// The last year looked at of a zone without end, and how many years of it at least: a change that comes in all of them comes for ever.
const LAST_YEAR: i64 = 2100;
const YEARS_MIN: i64 = 40;
/// What dates can be written for, with room for the years that are looked at, in UTC seconds.
const WRITABLE: (i64, i64) = (day_of(1, 1, 2) * DAY_SECONDS, day_of(9_950, 1, 1) * DAY_SECONDS);
/// Changes of fewer years in a row are listed.
const RUN_MIN: usize = 3;
/// Changes before are listed: readers, this crate too, begin to expand rules here.
const RULES_FROM: LocalSeconds = 0;

/// A change of the offset, or of its name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    /// In UTC seconds.
    at: i64,
    observance: Observance,
}

/// What changes of one observance have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Observance {
    from: i64,
    to: i64,
    name: Option<String>,
    daylight: bool,
}

impl Change {
    /// What the clock shows when it comes, before the change.
    const fn onset(&self) -> LocalSeconds {
        self.at + self.observance.from
    }

    fn year(&self) -> i64 {
        date_of(self.onset().div_euclid(DAY_SECONDS)).0
    }
}

impl Zone {
    /// A VTIMEZONE with that TZID, whose offsets are right from the start of a range to its end, which is excluded (UTC microseconds);
    /// either may be open. An end is told in TZUNTIL (RFC 7808 §7.1).
    ///
    /// ```
    /// use kalends_ical::{UNBOUNDED_FUTURE, date::parse_utc, zone::Zone};
    /// let start = parse_utc("20260101T000000Z").unwrap();
    /// let text = String::from_utf8(Zone::from_name("Asia/Kolkata").unwrap().to_vtimezone("Asia/Kolkata", (start, UNBOUNDED_FUTURE))).unwrap();
    /// assert!(text.contains("DTSTART:20260101T053000\r\nTZOFFSETFROM:+0530\r\nTZOFFSETTO:+0530\r\nTZNAME:IST\r\nEND:STANDARD"));
    /// ```
    pub fn to_vtimezone(&self, tzid: &str, range: (UtcMicros, UtcMicros)) -> Vec<u8> {
        let start = (range.0 != UNBOUNDED_PAST).then(|| range.0.div_euclid(1_000_000).clamp(WRITABLE.0, WRITABLE.1));
        let open = range.1.div_euclid(1_000_000) > WRITABLE.1;
        let last_year = LAST_YEAR.max(start.map_or(0, |start| date_of(start.div_euclid(DAY_SECONDS)).0 + YEARS_MIN));
        let end = if open { day_of(last_year + 1, 1, 1) * DAY_SECONDS } else { range.1.div_euclid(1_000_000) };
        let mut components = Vec::new();
        let mut changes = self.changes(start, end);
        if start.is_some() || changes.is_empty() {
            let at = start.unwrap_or(0);
            let observance = self.observance_at(at);
            components.push(Written { first: Change { at, observance }, also: Vec::new(), rule: None });
        }
        while let Some(observance) = changes.first().map(|change| change.observance.clone()) {
            let (alike, others) = changes.into_iter().partition(|change| change.observance == observance);
            changes = others;
            write_alike(alike, open.then_some(last_year), &mut components);
        }
        components.sort_by_key(|component| component.first.at);
        let mut out = b"BEGIN:VTIMEZONE\r\n".to_vec();
        write_folded(&format!("TZID:{}", escape(tzid)), &mut out);
        if !open {
            write_folded(&format!("TZUNTIL:{}", format_utc(range.1)), &mut out);
        }
        components.iter().for_each(|component| component.write(&mut out));
        out.extend_from_slice(b"END:VTIMEZONE\r\n");
        out
    }

    /// The observance that an instant is in, as one that begins there.
    fn observance_at(&self, at: i64) -> Observance {
        let (from, to) = (self.offset_at(at - 1), self.offset_at(at));
        let (name, daylight) = match (&self.0, jiff::Timestamp::from_second(at)) {
            (Rules::Iana(zone), Ok(timestamp)) => {
                let info = zone.to_offset_info(timestamp);
                (Some(info.abbreviation().to_owned()), info.dst().is_dst())
            }
            (Rules::Utc, _) => (Some("UTC".to_owned()), false),
            _ => (None, false),
        };
        Observance { from, to, name, daylight }
    }

    /// The changes after a start and before an end, in order.
    fn changes(&self, start: Option<i64>, end: i64) -> Vec<Change> {
        match &self.0 {
            Rules::Utc => Vec::new(),
            Rules::Own(own) => {
                let within = own.changes().iter().filter(|(at, ..)| start.is_none_or(|start| start < *at) && *at < end);
                let observance = |from: i64, to: i64| Observance { from, to, name: None, daylight: to > from };
                within.map(|(at, from, to)| Change { at: *at, observance: observance(*from, *to) }).collect()
            }
            Rules::Iana(zone) => {
                let first = start.and_then(|start| jiff::Timestamp::from_second(start).ok()).unwrap_or(jiff::Timestamp::MIN);
                let mut from = i64::from(zone.to_offset(first).seconds());
                let mut changes = Vec::new();
                for change in zone.following(first).take_while(|change| change.timestamp().as_second() < end) {
                    let to = i64::from(change.offset().seconds());
                    let observance = Observance { from, to, name: Some(change.abbreviation().to_owned()), daylight: change.dst().is_dst() };
                    changes.push(Change { at: change.timestamp().as_second(), observance });
                    from = to;
                }
                changes
            }
        }
    }
}

/// STANDARD or DAYLIGHT.
struct Written {
    first: Change,
    also: Vec<LocalSeconds>,
    rule: Option<String>,
}

impl Written {
    fn write(&self, out: &mut Vec<u8>) {
        let Observance { from, to, name, daylight } = &self.first.observance;
        let kind = if *daylight { "DAYLIGHT" } else { "STANDARD" };
        let start = format_local(self.first.onset());
        let mut lines = vec![format!("BEGIN:{kind}"), format!("DTSTART:{start}")];
        lines.push(format!("TZOFFSETFROM:{}", offset(*from)));
        lines.push(format!("TZOFFSETTO:{}", offset(*to)));
        lines.extend(name.as_ref().map(|name| format!("TZNAME:{}", escape(name))));
        lines.extend(self.rule.as_ref().map(|rule| format!("RRULE:{rule}")));
        if !self.also.is_empty() {
            lines.push(format!("RDATE:{}", self.also.iter().map(|local| format_local(*local)).collect::<Vec<_>>().join(",")));
        }
        lines.push(format!("END:{kind}"));
        lines.iter().for_each(|line| write_folded(line, out));
    }
}

/// A UTC offset (RFC 5545 §3.3.14); seconds only where there are any.
fn offset(seconds: i64) -> String {
    let (sign, size) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
    let rest = if size % 60 == 0 { String::new() } else { format!("{:02}", size % 60) };
    format!("{sign}{:02}{:02}{rest}", size / 3600, size / 60 % 60)
}

/// Components for the changes of one observance; rules that still hold in the last year, if that is given, have no end.
fn write_alike(changes: Vec<Change>, last_year: Option<i64>, components: &mut Vec<Written>) {
    let mut single: Vec<Change> = Vec::new();
    let mut rest = changes.as_slice();
    while let Some(first) = rest.first() {
        let (length, pattern) = if first.onset() < RULES_FROM { (1, None) } else { run(rest) };
        let (these, others) = rest.split_at(length.min(rest.len()));
        rest = others;
        match (pattern, these.last()) {
            (Some(pattern), Some(last)) if length >= RUN_MIN => {
                let endless = last_year == Some(last.year());
                let until = if endless { String::new() } else { format!(";UNTIL={}", format_utc(last.at.saturating_mul(1_000_000))) };
                let rule = format!("FREQ=YEARLY;{}{until}", pattern.parts());
                components.push(Written { first: first.clone(), also: Vec::new(), rule: Some(rule) });
            }
            _ => single.extend(these.iter().cloned()),
        }
    }
    let mut single = single.into_iter();
    if let Some(first) = single.next() {
        components.push(Written { first, also: single.map(|change| change.onset()).collect(), rule: None });
    }
}

/// How many changes from the first on come in consecutive years in one way, and which.
fn run(changes: &[Change]) -> (usize, Option<Pattern>) {
    let Some(first) = changes.first() else { return (0, None) };
    let mut patterns = Pattern::all_of(first.onset());
    let mut length = 1;
    for (change, year) in changes.iter().zip(first.year()..).skip(1) {
        let of_this = Pattern::all_of(change.onset());
        let both: Vec<Pattern> = patterns.iter().copied().filter(|pattern| of_this.contains(pattern)).collect();
        let same_time = change.onset().rem_euclid(DAY_SECONDS) == first.onset().rem_euclid(DAY_SECONDS);
        if change.year() != year || !same_time || both.is_empty() {
            break;
        }
        (patterns, length) = (both, length + 1);
    }
    (length, patterns.first().copied())
}

/// How a day comes each year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pattern {
    LastWeekday {
        month: i64,
        weekday: i64,
    },
    NthWeekday {
        month: i64,
        weekday: i64,
        nth: i64,
    },
    Date {
        month: i64,
        of_month: i64,
    },
    /// The weekday in seven days of a month.
    WeekdayFrom {
        month: i64,
        weekday: i64,
        first: i64,
    },
    /// The weekday in seven days, counted from the end of the year: they lie in two months.
    WeekdayOfYear {
        weekday: i64,
        first: i64,
    },
}

impl Pattern {
    /// All ways in which a moment may come; what says more first.
    fn all_of(onset: LocalSeconds) -> Vec<Self> {
        let day: Day = onset.div_euclid(DAY_SECONDS);
        let ((year, month, of_month), weekday) = (date_of(day), weekday_of(day));
        let length = days_in_month(year, month);
        let from_end = day - day_of(year, 1, 1) - days_in_year(year);
        let mut all = Vec::new();
        all.extend((of_month + 7 > length).then_some(Self::LastWeekday { month, weekday }));
        all.push(Self::NthWeekday { month, weekday, nth: (of_month - 1) / 7 + 1 });
        all.push(Self::Date { month, of_month });
        let shortest = if month == 2 { 28 } else { length };
        let firsts = (of_month - 6..=of_month).filter(|first| *first >= 1 && first + 6 <= shortest);
        all.extend(firsts.map(|first| Self::WeekdayFrom { month, weekday, first }));
        if month > 2 {
            all.extend((from_end - 6..=from_end).filter(|first| first + 6 <= -1).map(|first| Self::WeekdayOfYear { weekday, first }));
        }
        all
    }

    fn parts(self) -> String {
        let name = |weekday: i64| usize::try_from(weekday).ok().and_then(|index| WEEKDAYS.get(index)).copied().unwrap_or("MO");
        let seven = |first: i64| (first..first + 7).map(|day| day.to_string()).collect::<Vec<_>>().join(",");
        match self {
            Self::LastWeekday { month, weekday } => format!("BYMONTH={month};BYDAY=-1{}", name(weekday)),
            Self::NthWeekday { month, weekday, nth } => format!("BYMONTH={month};BYDAY={nth}{}", name(weekday)),
            Self::Date { month, of_month } => format!("BYMONTH={month};BYMONTHDAY={of_month}"),
            Self::WeekdayFrom { month, weekday, first } => format!("BYMONTH={month};BYMONTHDAY={};BYDAY={}", seven(first), name(weekday)),
            Self::WeekdayOfYear { weekday, first } => format!("BYYEARDAY={};BYDAY={}", seven(first), name(weekday)),
        }
    }
}

#[cfg(test)]
mod tests;
