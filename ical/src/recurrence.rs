//! Recurrence rules: RFC 5545 §3.3.10, also in other calendars and with SKIP (RFC 7529), in wall-clock time.
//!
//! A rule is a lattice of periods (years, months, weeks, days, hours, …). Without COUNT a period is found by division, so the first
//! instance after any moment costs the same; with COUNT the instances are walked, unless every period has as many of them as any other. One period
//! is never laid out in memory: its days are, and the times of a day are the same for all of them. Whatever is walked draws on the work that
//! the question may take.
//!
//! Wall-clock time means that a rule of hours comes by the hours a clock shows: an hour that comes twice when summer time ends counts once,
//! its first time, and one that is skipped when it begins does not come at all.

mod count;
mod days;
mod expand;
mod lunar_years;
mod parse;
mod scale;
mod starts;
mod years;

use crate::civil::{Day, LocalSeconds, day_of};
use crate::filter::Work;
use crate::value::Moment;
pub use expand::{ExpandError, expand};
use scale::Scale;
pub use scale::supported_rscales;
pub(crate) use starts::Starts;

/// Comparisons of a day with what a rule lists that make a unit of work.
const COMPARISONS_PER_UNIT: usize = 32;
/// Rules end with the last year that dates can be written in.
const LAST_DAY: Day = day_of(9999, 12, 31);

/// How often (RFC 5545 §3.3.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Frequency {
    /// Every so many seconds.
    Secondly,
    /// Every so many minutes.
    Minutely,
    /// Every so many hours.
    Hourly,
    /// Every so many days.
    Daily,
    /// Every so many weeks.
    Weekly,
    /// Every so many months.
    Monthly,
    /// Every so many years.
    Yearly,
}

/// What becomes of a date that does not exist (RFC 7529 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Skip {
    /// It is left out.
    #[default]
    Omit,
    /// The last day before it.
    Backward,
    /// The first day after it.
    Forward,
}

/// A weekday, perhaps the n-th or n-th last one; 0 stands for every one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WeekdayNumber {
    pub nth: i64,
    /// 0 is Monday.
    pub weekday: i64,
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleError {
    /// It cannot be read; a sentence's end.
    Invalid(String),
    /// It counts in a calendar this server does not know (RFC 7529).
    Rscale(String),
}

/// A recurrence rule (RFC 5545 §3.3.10), perhaps in another calendar (RFC 7529).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    frequency: Frequency,
    interval: i64,
    count: Option<u32>,
    until: Option<Moment>,
    seconds: Vec<i64>,
    minutes: Vec<i64>,
    hours: Vec<i64>,
    weekdays: Vec<WeekdayNumber>,
    month_days: Vec<i64>,
    year_days: Vec<i64>,
    week_numbers: Vec<i64>,
    /// Names of months: numbers, of leap months with [`scale::LEAP_MONTH`] added.
    months: Vec<i64>,
    positions: Vec<i64>,
    week_start: i64,
    scale: Scale,
    skip: Skip,
}

impl Rule {
    /// UNTIL (RFC 5545 §3.3.10): the last moment, as written; whoever asks knows the zone to compare in.
    pub fn until(&self) -> Option<&Moment> {
        self.until.as_ref()
    }

    /// COUNT (RFC 5545 §3.3.10): how many instances there are, DTSTART included; `None` without it.
    pub fn count(&self) -> Option<u32> {
        self.count
    }

    /// Whether it comes every so many days, whatever days they are.
    fn is_plain_daily(&self) -> bool {
        self.frequency == Frequency::Daily
            && self.months.is_empty()
            && self.month_days.is_empty()
            && self.weekdays.is_empty()
            && self.year_days.is_empty()
            && self.week_numbers.is_empty()
            && self.positions.is_empty()
    }

    /// Whether it lists several times of a day.
    pub(crate) fn has_several_times(&self) -> bool {
        [&self.hours, &self.minutes, &self.seconds].iter().any(|list| list.len() > 1)
    }

    /// Whether it comes more than once a day.
    pub fn is_below_daily(&self) -> bool {
        self.frequency < Frequency::Daily
    }

    /// The instances in order, `start` first (it counts as the first one, whether or not the rule would give it, RFC 5545 §3.8.5.3), from
    /// the first one not before `from`. COUNT and UNTIL are for the caller to apply, who knows the zone: what it leaves out does not count.
    pub(crate) fn starts<'r>(&'r self, start: LocalSeconds, from: LocalSeconds, work: &'r Work) -> Starts<'r> {
        Starts::new(self, (start, false), from, true, work)
    }

    /// As [`Rule::starts`] for a start that is a date: parts below a day do not count (RFC 5545 §3.3.10).
    pub(crate) fn starts_of_dates<'r>(&'r self, start: LocalSeconds, from: LocalSeconds, work: &'r Work) -> Starts<'r> {
        Starts::new(self, (start, true), from, true, work)
    }

    /// As the two before, without a start that the rule itself does not give.
    pub(crate) fn instances<'r>(&'r self, start: LocalSeconds, is_date: bool, from: LocalSeconds, work: &'r Work) -> Starts<'r> {
        Starts::new(self, (start, is_date), from, false, work)
    }

    /// Units of work to lay out a period: the days it may have, each compared with what is listed.
    fn work_of_period(&self) -> usize {
        let by_months = !self.months.is_empty() && self.year_days.is_empty() && self.week_numbers.is_empty();
        let days = match self.frequency {
            Frequency::Yearly if !self.year_days.is_empty() => self.year_days.len(),
            Frequency::Yearly if by_months => 31 * self.months.len(),
            Frequency::Yearly => 366,
            Frequency::Monthly => 31,
            Frequency::Weekly => 7,
            _ => 1,
        };
        let lists = [&self.month_days, &self.year_days, &self.week_numbers, &self.months].map(Vec::len);
        let listed = lists.iter().sum::<usize>() + self.weekdays.len();
        1 + days * listed / COMPARISONS_PER_UNIT + self.positions.len() / 4
    }
}

fn unit_seconds(frequency: Frequency) -> i64 {
    match frequency {
        Frequency::Hourly => 3600,
        Frequency::Minutely => 60,
        _ => 1,
    }
}

fn allows(list: &[i64], value: i64) -> bool {
    list.is_empty() || list.contains(&value)
}

impl Rule {
    /// The times of a day that instances come at, for frequencies of a day and more; those of the start where nothing is said.
    fn times_of_day(&self, start: i64) -> Vec<i64> {
        if self.is_below_daily() {
            return Vec::new();
        }
        let or = |list: &[i64], value: i64| if list.is_empty() { vec![value] } else { list.to_vec() };
        let hours = or(&self.hours, start / 3600);
        let minutes = or(&self.minutes, start / 60 % 60);
        let seconds = or(&self.seconds, start % 60);
        let mut times = Vec::with_capacity(hours.len() * minutes.len() * seconds.len());
        for hour in &hours {
            for minute in &minutes {
                times.extend(seconds.iter().map(|second| hour * 3600 + minute * 60 + second));
            }
        }
        times.sort_unstable();
        times.dedup();
        times
    }

    /// The times within one hour, minute or second.
    fn times_below(&self, of_day: i64, start: i64, times: &mut Vec<i64>) {
        fn or<'l>(list: &'l [i64], value: &'l i64) -> &'l [i64] {
            if list.is_empty() { std::slice::from_ref(value) } else { list }
        }
        let (minute, second) = (start / 60 % 60, start % 60);
        let (minutes, seconds) = (or(&self.minutes, &minute), or(&self.seconds, &second));
        times.clear();
        match self.frequency {
            Frequency::Hourly => {
                let hour = of_day / 3600 * 3600;
                times.extend(minutes.iter().flat_map(|minute| seconds.iter().map(move |second| hour + minute * 60 + second)));
            }
            Frequency::Minutely => times.extend(seconds.iter().map(|second| of_day / 60 * 60 + second)),
            _ => times.push(of_day),
        }
        times.sort_unstable();
        times.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::civil::DAY_SECONDS;
    use crate::date::format_local;

    fn first(rule: &str, start: &str, from: Option<&str>, count: usize) -> Vec<String> {
        let local = |text| Moment::parse(text, None).unwrap().local;
        let rule = Rule::parse(rule).unwrap();
        let work = Work::new();
        rule.starts(local(start), from.map_or(i64::MIN, local), &work).take(count).map(|at| format_local(at.unwrap())).collect()
    }

    #[test]
    fn s3_3_10_every_other_year_on_sundays_in_january() {
        let found = first("FREQ=YEARLY;INTERVAL=2;BYMONTH=1;BYDAY=SU;BYHOUR=8,9;BYMINUTE=30", "19970105T083000", None, 4);
        assert_eq!(found, ["19970105T083000", "19970105T093000", "19970112T083000", "19970112T093000"]);
    }

    #[test]
    fn rfc7529_s4_1_by_day_looks_at_days_that_skip_has_moved() {
        // February 31st becomes March 1st, and so on; those of them that are Saturdays.
        let rule = "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;BYDAY=SA;SKIP=FORWARD";
        assert_eq!(first(rule, "20250101T090000", Some("20250102T000000"), 3), ["20250301T090000", "20250531T090000", "20260131T090000"]);
        let rule = "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=-31;BYDAY=FR;SKIP=BACKWARD";
        assert_eq!(first(rule, "20250101T090000", Some("20250102T000000"), 3), ["20250131T090000", "20250801T090000", "20251031T090000"]);
        // The first Saturday of March, not of February.
        let rule = "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;BYDAY=1SA;SKIP=FORWARD";
        assert_eq!(first(rule, "20250101T090000", Some("20250102T000000"), 1), ["20250301T090000"]);
    }

    #[test]
    fn a_window_far_away_is_sought_not_walked() {
        let found = first("FREQ=WEEKLY;BYDAY=MO", "19900101T090000", Some("99000101T000000"), 1);
        assert_eq!(found, ["99000101T090000"]);
        let found = first("FREQ=SECONDLY;INTERVAL=7", "19900101T000000", Some("99000101T000000"), 1);
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn sparse_rules_below_a_day_pass_over_what_they_exclude() {
        let rule = "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=3;BYMINUTE=4;BYSECOND=5";
        assert_eq!(first(rule, "20240229T030405", None, 2), ["20240229T030405", "20280229T030405"]);
    }

    #[test]
    fn what_can_never_be_is_an_explicit_bound_or_an_end() {
        let rule = Rule::parse("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30").unwrap();
        let late = day_of(9000, 1, 1) * DAY_SECONDS;
        let found: Vec<_> = rule.starts(late, late, &Work::new()).collect();
        assert_eq!(found, [Ok(late)]);
        let rule = Rule::parse("FREQ=SECONDLY;BYSETPOS=2").unwrap();
        assert!(rule.starts(0, 0, &Work::new()).nth(1).unwrap().is_err());
    }

    #[test]
    fn a_period_with_millions_of_instances_is_not_laid_out() {
        let all = |most: u32| (0..most).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        let rule = format!("FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR={};BYMINUTE={};BYSECOND={}", all(24), all(60), all(60));
        let found = first(&rule, "20240101T000000", Some("20241231T235958"), 3);
        assert_eq!(found, ["20241231T235958", "20241231T235959", "20250101T000000"]);
    }
}
