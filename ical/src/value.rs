//! Typed values: RFC 5545 §3.3, for the properties the server reads. Read with the tolerance clients need (T1–T5).
//!
//! ```
//! use kalends_ical::value::{Duration, Moment, Place, escape, unescape};
//!
//! assert!(Moment::parse("20260105", None).is_some_and(|moment| moment.is_date));
//! assert!(Moment::parse("20260105T090000Z", None).is_some_and(|moment| moment.place == Place::Utc));
//! assert_eq!(Duration::parse("P1DT2H"), Some(Duration { days: 1, seconds: 7200 }));
//! assert_eq!(unescape(&escape("one, two;\nthree")), "one, two;\nthree");
//! ```

use std::borrow::Cow;

use crate::civil::{DAY_SECONDS, LocalSeconds, day_of, days_in_month};
use crate::content_line::Property;

/// A date or a date with time, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Wall-clock seconds since 1970-01-01T00:00:00; midnight for a date.
    pub(crate) local: LocalSeconds,
    /// Whether it is a date without time.
    pub is_date: bool,
    /// Where the wall clock hangs.
    pub place: Place,
}

/// Where a wall clock hangs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Anywhere (RFC 5545 §3.3.5 form 1), and for dates.
    Floating,
    /// UTC.
    Utc,
    /// In a zone, by its TZID as written.
    Zone(String),
}

impl Moment {
    /// Reads the value of DTSTART and its kin (RFC 5545 §3.8.2.4); `None` if it cannot be read. A TZID on a date or on UTC time is not
    /// looked at.
    pub fn of(property: &Property<'_>) -> Option<Self> {
        let zone = property.parameter("TZID");
        Self::parse(property.value().trim(), zone.as_deref())
    }

    /// Reads `20260101`, `20260101T090000` or `20260101T090000Z` (RFC 5545 §3.3.4, §3.3.5); `None` for anything else. `zone` is its TZID.
    pub fn parse(text: &str, zone: Option<&str>) -> Option<Self> {
        let (date, time) = text.split_once(['T', 't']).map_or((text, None), |(date, time)| (date, Some(time)));
        let day = date_number(date)?;
        let Some(time) = time else { return Some(Self { local: day * DAY_SECONDS, is_date: true, place: Place::Floating }) };
        let (time, utc) = time.strip_suffix(['Z', 'z']).map_or((time, false), |time| (time, true));
        let place = match zone {
            _ if utc => Place::Utc,
            Some(zone) => Place::Zone(zone.to_owned()),
            None => Place::Floating,
        };
        Some(Self { local: day * DAY_SECONDS + time_number(time)?, is_date: false, place })
    }
}

/// Digits alone: `parse` would take a sign.
fn number(text: Option<&str>) -> Option<i64> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    let text = text.filter(|text| (1..=9).contains(&text.len()))?;
    text.bytes().try_fold(0, |number, byte| Some(number * 10 + digit(byte)?))
}

fn date_number(text: &str) -> Option<i64> {
    if text.len() != 8 {
        return None;
    }
    let (year, month, day) = (number(text.get(..4))?, number(text.get(4..6))?, number(text.get(6..))?);
    let valid = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
    valid.then(|| day_of(year, month, day))
}

/// A leap second is read as the second before it (RFC 5545 §3.3.12).
fn time_number(text: &str) -> Option<i64> {
    if text.len() != 6 {
        return None;
    }
    let (hour, minute, second) = (number(text.get(..2))?, number(text.get(2..4))?, number(text.get(4..))?);
    let valid = hour < 24 && minute < 60 && second <= 60;
    valid.then(|| hour * 3600 + minute * 60 + second.min(59))
}

/// 10,000 years of the Gregorian calendar.
const DURATION_SECONDS_MAX: i64 = 25 * 146_097 * DAY_SECONDS;

/// A duration (RFC 5545 §3.3.6): days are nominal, the rest exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Duration {
    /// Calendar days, weeks included; negative for a negative duration.
    pub days: i64,
    /// Seconds beside them, of the same sign.
    pub seconds: i64,
}

impl Duration {
    /// Reads `P1DT2H`, `-PT15M`, `P2W`. Zeros such as `PT0S` and the bare `P` of some clients are read as nothing. What is longer than
    /// 10,000 years, more than all years that dates can be written in, is no duration.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (sign, rest) = match text.as_bytes().first()? {
            b'-' => (-1, text.get(1..)?),
            b'+' => (1, text.get(1..)?),
            _ => (1, text),
        };
        let rest = rest.strip_prefix(['P', 'p'])?;
        let mut duration = Self::default();
        // Where the number before the next unit begins.
        let mut digits = 0;
        let mut in_time = false;
        for (at, byte) in rest.bytes().enumerate() {
            match byte.to_ascii_uppercase() {
                b'0'..=b'9' => {}
                b'T' if digits == at && !in_time => {
                    in_time = true;
                    digits = at + 1;
                }
                unit => {
                    let count = number(rest.get(digits..at))?;
                    digits = at + 1;
                    match unit {
                        b'W' if !in_time => duration.days += 7 * count,
                        b'D' if !in_time => duration.days += count,
                        b'H' if in_time => duration.seconds += 3600 * count,
                        b'M' if in_time => duration.seconds += 60 * count,
                        b'S' if in_time => duration.seconds += count,
                        _ => return None,
                    }
                    if duration.nominal_seconds() > DURATION_SECONDS_MAX {
                        return None;
                    }
                }
            }
        }
        (digits == rest.len()).then_some(Self { days: sign * duration.days, seconds: sign * duration.seconds })
    }

    /// The length in seconds, with days of 24 hours.
    pub const fn nominal_seconds(self) -> i64 {
        self.days.saturating_mul(DAY_SECONDS).saturating_add(self.seconds)
    }
}

/// A period (RFC 5545 §3.3.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Its start.
    pub start: Moment,
    /// Its end, or how long it lasts.
    pub end: PeriodEnd,
}

/// How a period ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeriodEnd {
    /// At a moment.
    At(Moment),
    /// After a while.
    After(Duration),
}

impl Period {
    /// Reads `start/end` or `start/duration`; `None` for anything else. `zone` is the TZID of its property.
    pub fn parse(text: &str, zone: Option<&str>) -> Option<Self> {
        let (start, end) = text.trim().split_once('/')?;
        let start = Moment::parse(start, zone)?;
        let end = match Moment::parse(end, zone) {
            Some(end) => PeriodEnd::At(end),
            None => PeriodEnd::After(Duration::parse(end)?),
        };
        Some(Self { start, end })
    }
}

/// A UTC offset (RFC 5545 §3.3.14) in seconds east of UTC.
pub(crate) fn utc_offset(text: &str) -> Option<i64> {
    let text = text.trim();
    let sign = match text.as_bytes().first()? {
        b'-' => -1,
        b'+' => 1,
        _ => return None,
    };
    let (hours, minutes) = (number(text.get(1..3))?, number(text.get(3..5))?);
    let seconds = if text.len() > 5 { number(text.get(5..7))? } else { 0 };
    Some(sign * (hours * 3600 + minutes * 60 + seconds))
}

/// TEXT without its escapes (RFC 5545 §3.3.11); an unknown escape stands for its character.
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

/// TEXT with its escapes (RFC 5545 §3.3.11).
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | ';' | ',' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            '\r' => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc5545_s3_3_5_the_three_forms_of_time_and_the_date() {
        assert!(Moment::parse("20260101", None).unwrap().is_date);
        assert_eq!(Moment::parse("20260101T090000", None).unwrap().place, Place::Floating);
        assert_eq!(Moment::parse("20260101T090000Z", Some("X")).unwrap().place, Place::Utc);
        assert_eq!(Moment::parse("20260101T090000", Some("X")).unwrap().place, Place::Zone("X".into()));
        assert_eq!(Moment::parse("19700102T000001Z", None).unwrap().local, 86_401);
        for bad in ["", "2026", "20260230", "20261301", "20260101T", "20260101T250000", "+2026101", "20260101T0900", "20260101T09000x"] {
            assert_eq!(Moment::parse(bad, None), None, "{bad}");
        }
    }

    #[test]
    fn rfc5545_s3_3_6_durations() {
        let read = |text| Duration::parse(text).map(|d| (d.days, d.seconds));
        assert_eq!(read("P15DT5H0M20S"), Some((15, 18_020)));
        assert_eq!(read("P7W"), Some((49, 0)));
        assert_eq!(read("-PT15M"), Some((0, -900)));
        assert_eq!(read("PT0S"), Some((0, 0)));
        assert_eq!(read("-P3652425D"), Some((-3_652_425, 0)));
        for bad in ["", "15M", "P1", "PT1D", "P1H", "PTxS", "P99999999999D", "P999999999W", "-P999999999W", "PT999999999H", "P3652425DT1S"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn rfc5545_s3_3_11_text_escapes_go_both_ways() {
        assert_eq!(unescape("a\\, b\\; c\\\\ d\\n e\\N"), "a, b; c\\ d\n e\n");
        assert_eq!(escape("a, b; c\\\n"), "a\\, b\\; c\\\\\\n");
    }
}
