//! Reading RRULE: RFC 5545 §3.3.10, with UNTIL as clients write it (T3).

use super::scale::{LEAP_MONTH, Scale};
use super::{Frequency, Rule, RuleError, Skip, WeekdayNumber};
use crate::value::Moment;

const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
/// Values in one list; BYYEARDAY is the longest that makes sense.
const LIST_MAX: usize = 1_000;

impl Rule {
    /// Reads a rule. Parts that are not known (X- parts) are passed over.
    ///
    /// # Errors
    /// What the grammar does not allow, or a calendar that is not known.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        // What cannot be read may be so in the calendar that a later part names.
        Self::parse_in(text, None).or_else(|error| match scale_of(text)? {
            Scale::Gregorian => Err(error),
            scale => Self::parse_in(text, Some(scale)),
        })
    }

    /// Without a calendar, in the Gregorian one until another is named.
    fn parse_in(text: &str, known: Option<Scale>) -> Result<Self, RuleError> {
        let scale = known.unwrap_or(Scale::Gregorian);
        let (mut frequency, mut has_scale) = (None, false);
        let mut rule = Self {
            frequency: Frequency::Yearly,
            interval: 1,
            count: None,
            until: None,
            seconds: Vec::new(),
            minutes: Vec::new(),
            hours: Vec::new(),
            weekdays: Vec::new(),
            month_days: Vec::new(),
            year_days: Vec::new(),
            week_numbers: Vec::new(),
            months: Vec::new(),
            positions: Vec::new(),
            week_start: 0,
            scale,
            skip: Skip::Omit,
        };
        for part in text.trim().split(';').filter(|part| !part.trim().is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| invalid(part))?;
            let value = value.trim();
            match name.trim().to_ascii_uppercase().as_str() {
                "FREQ" => frequency = Some(frequency_of(value).ok_or_else(|| invalid(part))?),
                "INTERVAL" => rule.interval = positive(value).ok_or_else(|| invalid(part))?,
                "COUNT" => rule.count = Some(positive(value).and_then(|n| u32::try_from(n).ok()).ok_or_else(|| invalid(part))?),
                "UNTIL" => rule.until = Some(Moment::parse(value, None).ok_or_else(|| invalid(part))?),
                "BYSECOND" => rule.seconds = list(value, 0, 60).ok_or_else(|| invalid(part))?,
                "BYMINUTE" => rule.minutes = list(value, 0, 59).ok_or_else(|| invalid(part))?,
                "BYHOUR" => rule.hours = list(value, 0, 23).ok_or_else(|| invalid(part))?,
                "BYDAY" => rule.weekdays = weekday_list(value, scale.year_weeks()).ok_or_else(|| invalid(part))?,
                "BYMONTHDAY" => rule.month_days = signed_list(value, 31).ok_or_else(|| invalid(part))?,
                "BYYEARDAY" => rule.year_days = signed_list(value, scale.year_days()).ok_or_else(|| invalid(part))?,
                "BYWEEKNO" => rule.week_numbers = signed_list(value, scale.year_weeks()).ok_or_else(|| invalid(part))?,
                "BYMONTH" => rule.months = month_list(value, scale).ok_or_else(|| invalid(part))?,
                "BYSETPOS" => rule.positions = signed_list(value, scale.year_days()).ok_or_else(|| invalid(part))?,
                "WKST" => rule.week_start = weekday(value).ok_or_else(|| invalid(part))?,
                // A second one is none of the grammar's, and looking each up would take as long as the text for each.
                "RSCALE" if std::mem::replace(&mut has_scale, true) => return Err(invalid(part)),
                "RSCALE" if known.is_none() => match scale_of(text)? {
                    Scale::Gregorian => {}
                    scale => return Self::parse_in(text, Some(scale)),
                },
                "SKIP" => rule.skip = skip_of(value).ok_or_else(|| invalid(part))?,
                _ => {}
            }
        }
        rule.frequency = frequency.ok_or_else(|| RuleError::Invalid("has no FREQ".to_owned()))?;
        // A leap second is read as the second before it.
        rule.seconds.iter_mut().for_each(|second| *second = (*second).min(59));
        Ok(rule)
    }
}

/// The calendar a rule counts in: what its other parts may be depends on it.
fn scale_of(text: &str) -> Result<Scale, RuleError> {
    let named = text.split(';').filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("RSCALE"));
    let Some((_, name)) = named else { return Ok(Scale::Gregorian) };
    Scale::from_name(name.trim()).ok_or_else(|| RuleError::Rscale(name.trim().chars().take(60).collect::<String>().to_ascii_uppercase()))
}

fn invalid(part: &str) -> RuleError {
    let shown: String = part.chars().take(60).collect();
    RuleError::Invalid(format!("has the part {shown}, which cannot be read"))
}

fn frequency_of(value: &str) -> Option<Frequency> {
    Some(match value.to_ascii_uppercase().as_str() {
        "SECONDLY" => Frequency::Secondly,
        "MINUTELY" => Frequency::Minutely,
        "HOURLY" => Frequency::Hourly,
        "DAILY" => Frequency::Daily,
        "WEEKLY" => Frequency::Weekly,
        "MONTHLY" => Frequency::Monthly,
        "YEARLY" => Frequency::Yearly,
        _ => return None,
    })
}

fn skip_of(value: &str) -> Option<Skip> {
    Some(match value.to_ascii_uppercase().as_str() {
        "OMIT" => Skip::Omit,
        "BACKWARD" => Skip::Backward,
        "FORWARD" => Skip::Forward,
        _ => return None,
    })
}

/// Up to nine digits, not zero: beyond that a rule ends before its second instance anyway.
fn positive(value: &str) -> Option<i64> {
    let digits = !value.is_empty() && value.len() <= 9 && value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|number| digits && *number > 0)
}

fn list(value: &str, least: i64, most: i64) -> Option<Vec<i64>> {
    let mut numbers = Vec::new();
    for entry in value.split(',').map(str::trim) {
        let number: i64 = entry.parse().ok()?;
        if number < least || number > most || numbers.len() >= LIST_MAX {
            return None;
        }
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    Some(numbers)
}

/// Months, leap months with an L behind the number of the month before (RFC 7529 §4.2).
fn month_list(value: &str, scale: Scale) -> Option<Vec<i64>> {
    if scale == Scale::Gregorian {
        return list(value, 1, scale.months());
    }
    let mut months = Vec::new();
    for entry in value.split(',').map(str::trim) {
        let (digits, leap) = entry.strip_suffix(['L', 'l']).map_or((entry, false), |digits| (digits, true));
        let number = positive(digits).filter(|number| *number <= scale.months() && (!leap || scale.may_leap_after(*number)))?;
        let name = if leap { LEAP_MONTH + number } else { number };
        if !months.contains(&name) {
            months.push(name);
        }
    }
    Some(months)
}

fn signed_list(value: &str, most: i64) -> Option<Vec<i64>> {
    list(value, -most, most).filter(|numbers| !numbers.contains(&0))
}

fn weekday(value: &str) -> Option<i64> {
    WEEKDAYS.iter().zip(0..).find(|(name, _)| name.eq_ignore_ascii_case(value)).map(|(_, number)| number)
}

fn weekday_list(value: &str, most: i64) -> Option<Vec<WeekdayNumber>> {
    let mut weekdays = Vec::new();
    for entry in value.split(',').map(str::trim) {
        let (number, name) = entry.split_at_checked(entry.len().checked_sub(2)?)?;
        let nth = if number.is_empty() { 0 } else { number.parse().ok().filter(|n: &i64| *n != 0 && n.abs() <= most)? };
        if weekdays.len() >= LIST_MAX {
            return None;
        }
        let entry = WeekdayNumber { nth, weekday: weekday(name)? };
        if !weekdays.contains(&entry) {
            weekdays.push(entry);
        }
    }
    Some(weekdays)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc5545_s3_3_10_what_cannot_be_read_is_named() {
        for text in [
            "",
            "COUNT=3",
            "FREQ=FORTNIGHTLY",
            "FREQ=DAILY;COUNT=0",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;BYHOUR=24",
            "FREQ=DAILY;BYDAY=XX",
            "FREQ=DAILY;BYDAY=0MO",
            "FREQ=DAILY;BYMONTHDAY=0",
            "FREQ=DAILY;UNTIL=soon",
            "FREQ",
        ] {
            assert!(matches!(Rule::parse(text), Err(RuleError::Invalid(_))), "{text}");
        }
        assert!(Rule::parse("freq=monthly;byday=-5MO;X-WHAT=1;").is_ok());
    }

    #[test]
    fn rfc7529_s5_calendars_that_are_not_known_are_refused_by_name() {
        assert_eq!(Rule::parse("FREQ=YEARLY;rscale=russian"), Err(RuleError::Rscale("RUSSIAN".into())));
        for scale in ["GREGORIAN", "hebrew", "ETHIOPIC-AMETE-ALEM"] {
            assert!(Rule::parse(&format!("RSCALE={scale};FREQ=YEARLY;SKIP=FORWARD")).is_ok(), "{scale}");
        }
    }

    #[test]
    fn rfc7529_s4_1_a_rule_counts_in_one_calendar_and_is_read_in_linear_time() {
        assert!(Rule::parse("RSCALE=GREGORIAN;FREQ=DAILY;RSCALE=CHINESE").is_err());
        assert!(Rule::parse("RSCALE=CHINESE;FREQ=YEARLY;RSCALE=CHINESE").is_err());
        let long = format!("FREQ=DAILY;{}{}", "A=1;".repeat(500_000), "RSCALE=GREGORIAN;".repeat(100_000));
        assert!(Rule::parse(&long).is_err());
    }

    #[test]
    fn rfc7529_s4_2_months_are_those_of_the_calendar() {
        let reads = |scale: &str, months: &str| Rule::parse(&format!("FREQ=YEARLY;BYMONTH={months};RSCALE={scale}")).is_ok();
        assert!(reads("CHINESE", "1,12L,5l") && reads("HEBREW", "5L,5") && reads("ETHIOPIC", "13"));
        for (scale, months) in [
            ("CHINESE", "13"),
            ("HEBREW", "6L"),
            ("GREGORIAN", "5L"),
            ("PERSIAN", "5L"),
            ("COPTIC", "14"),
            ("CHINESE", "L"),
            ("CHINESE", "0"),
        ] {
            assert!(!reads(scale, months), "{scale} {months}");
        }
    }
}
