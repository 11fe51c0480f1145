//! Which days of a period a rule means: the table of RFC 5545 §3.3.10, "expand" and "limit".

use super::years::Years;
use super::{Rule, Skip, WeekdayNumber};
use crate::civil::{Day, weekday_of};

/// One period of a rule of a day and above.
#[derive(Debug, Clone, Copy)]
pub(super) enum Period {
    Year(i64),
    Month {
        year: i64,
        month: i64,
        /// Its first day.
        first: Day,
    },
    /// From its first day on.
    Week(Day),
    Day(Day),
}

impl Rule {
    /// The days of a period, in order. `start` gives what the rule does not say.
    pub(super) fn days_of_period<Y: Years>(&self, years: &Y, period: Period, start: Day, days: &mut Vec<Day>) {
        match period {
            Period::Year(year) => self.days_of_year(years, year, start, days),
            Period::Month { year, month, first } => {
                if self.allows_month(years, year, month) {
                    self.days_of_month(years, (year, month, first), start, days);
                    days.retain(|day| self.is_year_day(years, *day));
                }
            }
            Period::Week(first) => {
                let wanted = |day: &Day| match self.weekdays.as_slice() {
                    [] => weekday_of(*day) == weekday_of(start),
                    list => list.iter().any(|entry| entry.weekday == weekday_of(*day)),
                };
                days.extend((first..first + 7).filter(wanted).filter(|day| self.is_in_month(years, *day)));
            }
            Period::Day(day) => days.extend(Some(day).filter(|day| self.allows_day(years, *day))),
        }
        days.sort_unstable();
        days.dedup();
    }

    /// Whether every part of a day and above lets a day through: all parts limit, for frequencies of a day and below.
    pub(super) fn allows_day<Y: Years>(&self, years: &Y, day: Day) -> bool {
        self.is_year_day(years, day) && self.allows_day_but_its_number(years, day)
    }

    fn allows_day_but_its_number<Y: Years>(&self, years: &Y, day: Day) -> bool {
        let (year, month, of_month) = years.date_of(day);
        let from_end = of_month - years.days_in_month(year, month) - 1;
        let weekday = self.weekdays.is_empty() || self.weekdays.iter().any(|entry| entry.weekday == weekday_of(day));
        let month_day = self.month_days.is_empty() || self.month_days.iter().any(|wanted| *wanted == of_month || *wanted == from_end);
        self.allows_month(years, year, month) && month_day && weekday && self.is_in_week(years, day)
    }

    pub(super) fn allows_month<Y: Years>(&self, years: &Y, year: i64, month: i64) -> bool {
        self.months.is_empty() || years.allows_month(&self.months, self.skip, year, month)
    }

    fn is_in_month<Y: Years>(&self, years: &Y, day: Day) -> bool {
        let (year, month, _) = years.date_of(day);
        self.allows_month(years, year, month)
    }

    fn is_year_day<Y: Years>(&self, years: &Y, day: Day) -> bool {
        if self.year_days.is_empty() {
            return true;
        }
        let (year, ..) = years.date_of(day);
        let of_year = day - first_of_year(years, year) + 1;
        let from_end = of_year - years.days_in_year(year) - 1;
        self.year_days.iter().any(|wanted| *wanted == of_year || *wanted == from_end)
    }

    /// Weeks are numbered as ISO 8601 does, from the rule's own first day of the week: the first one has four days in its year.
    fn is_in_week<Y: Years>(&self, years: &Y, day: Day) -> bool {
        if self.week_numbers.is_empty() {
            return true;
        }
        let week = day - (weekday_of(day) - self.week_start).rem_euclid(7);
        // The fourth day of a week lies in the year the week belongs to.
        let (year, ..) = years.date_of(week + 3);
        let number = (week - self.first_week(years, year)) / 7 + 1;
        let weeks = (self.first_week(years, year + 1) - self.first_week(years, year)) / 7;
        self.week_numbers.iter().any(|wanted| *wanted == number || *wanted == number - weeks - 1)
    }

    fn first_week<Y: Years>(&self, years: &Y, year: i64) -> Day {
        let fourth = first_of_year(years, year) + 3;
        fourth - (weekday_of(fourth) - self.week_start).rem_euclid(7)
    }

    fn days_of_year<Y: Years>(&self, years: &Y, year: i64, start: Day, days: &mut Vec<Day>) {
        if !self.year_days.is_empty() {
            let found = self.year_days.iter().filter_map(|wanted| self.year_day(years, year, *wanted));
            days.extend(found.filter(|day| self.allows_day_but_its_number(years, *day)));
        } else if !self.week_numbers.is_empty() {
            self.days_of_week_year(years, year, start, days);
        } else if !self.month_days.is_empty() || !self.months.is_empty() {
            let of_start = || {
                let (year, month, _) = years.date_of(start);
                years.name_of(year, month)
            };
            let named = |names: &[i64]| names.iter().filter_map(|name| years.month_named(year, *name, self.skip)).collect();
            let months: Vec<(i64, i64)> = match self.months.as_slice() {
                // RFC 5545 §3.3.10 leaves open whether this is every month or DTSTART's; libical and ical.js, and so Evolution and
                // Thunderbird, take DTSTART's.
                [] if self.weekdays.is_empty() => named(&[of_start()]),
                [] => (1..=years.months_in_year(year)).map(|month| (year, month)).collect(),
                names => named(names),
            };
            for (year, month) in months {
                self.days_of_month(years, (year, month, years.first_of_month(year, month)), start, days);
            }
        } else if self.weekdays.is_empty() {
            let (year_of_start, month, of_month) = years.date_of(start);
            let month = years.month_named(year, years.name_of(year_of_start, month), self.skip);
            days.extend(month.and_then(|(year, month)| self.existing(years, year, month, of_month)));
        } else {
            let first = first_of_year(years, year);
            let last = first + years.days_in_year(year) - 1;
            self.weekdays.iter().for_each(|entry| nth_weekdays(*entry, first, last, days));
        }
    }

    /// With BYWEEKNO a year is one of whole weeks, as ISO 8601 has it: its first days may lie in December, its last in January. Months and
    /// days of months are still those of the calendar year.
    fn days_of_week_year<Y: Years>(&self, years: &Y, year: i64, start: Day, days: &mut Vec<Day>) {
        let (first, next) = (self.first_week(years, year), self.first_week(years, year + 1));
        let weeks = (next - first) / 7;
        let wanted = |day: &Day| match self.weekdays.as_slice() {
            // Without BYDAY the weekday comes from DTSTART.
            [] if self.month_days.is_empty() => weekday_of(*day) == weekday_of(start) && self.is_in_month(years, *day),
            _ => self.allows_day(years, *day),
        };
        let by_month = !self.months.is_empty() || !self.month_days.is_empty();
        for number in &self.week_numbers {
            let number = if *number < 0 { weeks + number + 1 } else { *number };
            if (1..=weeks).contains(&number) {
                let monday = first + 7 * (number - 1);
                days.extend((monday..monday + 7).filter(|day| !by_month || years.date_of(*day).0 == year).filter(wanted));
            }
        }
    }

    /// The year that the first period of a yearly rule is. A start that BYWEEKNO means is in its year of weeks; of one that it does not
    /// (RFC 5545 §3.8.5.3: undefined) the calendar year counts.
    pub(super) fn first_year<Y: Years>(&self, years: &Y, start: Day) -> i64 {
        let (year, ..) = years.date_of(start);
        if !self.counts_weeks() {
            return year;
        }
        let of_weeks = self.week_year(years, start);
        let mut days = Vec::new();
        self.days_of_week_year(years, of_weeks, start, &mut days);
        if days.contains(&start) { of_weeks } else { year }
    }

    /// The year a day lies in, as the periods of a yearly rule count.
    pub(super) fn year_of<Y: Years>(&self, years: &Y, day: Day) -> i64 {
        if self.counts_weeks() { self.week_year(years, day) } else { years.date_of(day).0 }
    }

    fn counts_weeks(&self) -> bool {
        !self.week_numbers.is_empty() && self.year_days.is_empty()
    }

    /// The fourth day of a week lies in the year the week belongs to.
    fn week_year<Y: Years>(&self, years: &Y, day: Day) -> i64 {
        years.date_of(day - (weekday_of(day) - self.week_start).rem_euclid(7) + 3).0
    }

    fn days_of_month<Y: Years>(&self, years: &Y, (year, month, first): (i64, i64, Day), start: Day, days: &mut Vec<Day>) {
        let length = years.days_in_month(year, month);
        let last = first + length - 1;
        if self.month_days.is_empty() && !self.weekdays.is_empty() {
            self.weekdays.iter().for_each(|entry| nth_weekdays(*entry, first, last, days));
            return;
        }
        if self.month_days.is_empty() {
            days.extend(self.existing(years, year, month, years.date_of(start).2));
            return;
        }
        let of_end = |wanted: i64| if wanted < 0 { length + wanted + 1 } else { wanted };
        let found = self.month_days.iter().filter_map(|wanted| self.existing(years, year, month, of_end(*wanted)));
        // With BYMONTHDAY, BYDAY limits (RFC 5545 §3.3.10, notes 1 and 2).
        let mut by_day = Vec::new();
        self.weekdays.iter().for_each(|entry| nth_weekdays(*entry, first, last, &mut by_day));
        // A day that SKIP has moved is one of the month it is moved to (RFC 7529 §4.1: BYDAY comes after SKIP).
        let is_moved_to = |day: &Day| !(first..=last).contains(day) && self.is_weekday_of_month(years, *day);
        days.extend(found.filter(|day| self.weekdays.is_empty() || by_day.contains(day) || is_moved_to(day)));
    }

    /// Whether BYDAY means a day within its month.
    fn is_weekday_of_month<Y: Years>(&self, years: &Y, day: Day) -> bool {
        let (year, month, of_month) = years.date_of(day);
        let first = day - of_month + 1;
        let mut by_day = Vec::new();
        let last = first + years.days_in_month(year, month) - 1;
        self.weekdays.iter().for_each(|entry| nth_weekdays(*entry, first, last, &mut by_day));
        by_day.contains(&day)
    }

    /// A day of a month, or what SKIP makes of one that does not exist (RFC 7529 §4.1).
    fn existing<Y: Years>(&self, years: &Y, year: i64, month: i64, of_month: i64) -> Option<Day> {
        let length = years.days_in_month(year, month);
        self.skipped(of_month, length).map(|of_month| years.first_of_month(year, month) + of_month - 1)
    }

    /// A day of a year, counted from its beginning or its end, or what SKIP makes of one that does not exist.
    fn year_day<Y: Years>(&self, years: &Y, year: i64, wanted: i64) -> Option<Day> {
        let length = years.days_in_year(year);
        let of_year = if wanted > 0 { wanted } else { length + wanted + 1 };
        self.skipped(of_year, length).map(|of_year| first_of_year(years, year) + of_year - 1)
    }

    /// A number within a month or year, or what SKIP makes of one outside; 0 is the day before the first.
    fn skipped(&self, number: i64, length: i64) -> Option<i64> {
        match self.skip {
            _ if (1..=length).contains(&number) => Some(number),
            Skip::Backward => Some(if number > length { length } else { 0 }),
            Skip::Forward => Some(if number > length { length + 1 } else { 1 }),
            Skip::Omit => None,
        }
    }
}

/// Years that are asked about are near ones.
fn first_of_year<Y: Years>(years: &Y, year: i64) -> Day {
    years.first_of_year(year).unwrap_or(0)
}

/// The n-th, n-th last or all of a weekday from `first` to `last`.
fn nth_weekdays(entry: WeekdayNumber, first: Day, last: Day, days: &mut Vec<Day>) {
    let earliest = first + (entry.weekday - weekday_of(first)).rem_euclid(7);
    let latest = last - (weekday_of(last) - entry.weekday).rem_euclid(7);
    match entry.nth {
        0 => days.extend((0..).map(|week| earliest + 7 * week).take_while(|day| *day <= last)),
        nth => {
            let day = if nth > 0 { earliest + 7 * (nth - 1) } else { latest + 7 * (nth + 1) };
            days.extend(Some(day).filter(|day| (first..=last).contains(day)));
        }
    }
}
