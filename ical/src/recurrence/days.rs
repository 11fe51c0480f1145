//! Which days of a period a rule means: the table of RFC 5545 §3.3.10, "expand" and "limit".

use super::{Frequency, Rule, Skip, WeekdayNumber, allows};
use crate::civil::{Day, date_of, day_of, days_in_month, days_in_year, weekday_of};

impl Rule {
    /// The days of the period that begins at `first`, in order. `start` gives what the rule does not say.
    pub(super) fn days_of_period(&self, first: Day, start: Day, days: &mut Vec<Day>) {
        match self.frequency {
            Frequency::Yearly => self.days_of_year(date_of(first).0, start, days),
            Frequency::Monthly => {
                let (year, month, _) = date_of(first);
                if allows(&self.months, month) {
                    self.days_of_month(year, month, start, days);
                    days.retain(|day| self.is_year_day(*day));
                }
            }
            Frequency::Weekly => {
                let wanted = |day: &Day| match self.weekdays.as_slice() {
                    [] => weekday_of(*day) == weekday_of(start),
                    list => list.iter().any(|entry| entry.weekday == weekday_of(*day)),
                };
                days.extend((first..first + 7).filter(wanted).filter(|day| allows(&self.months, date_of(*day).1)));
            }
            _ => days.extend(Some(first).filter(|day| self.allows_day(*day))),
        }
        days.sort_unstable();
        days.dedup();
    }

    /// Whether every part of a day and above lets a day through: all parts limit, for frequencies of a day and below.
    pub(super) fn allows_day(&self, day: Day) -> bool {
        self.is_year_day(day) && self.allows_day_but_its_number(day)
    }

    fn allows_day_but_its_number(&self, day: Day) -> bool {
        let (year, month, of_month) = date_of(day);
        let from_end = of_month - days_in_month(year, month) - 1;
        let weekday = self.weekdays.is_empty() || self.weekdays.iter().any(|entry| entry.weekday == weekday_of(day));
        let month_day = self.month_days.is_empty() || self.month_days.iter().any(|wanted| *wanted == of_month || *wanted == from_end);
        allows(&self.months, month) && month_day && weekday && self.is_in_week(day)
    }

    fn is_year_day(&self, day: Day) -> bool {
        if self.year_days.is_empty() {
            return true;
        }
        let (year, ..) = date_of(day);
        let of_year = day - day_of(year, 1, 1) + 1;
        let from_end = of_year - days_in_year(year) - 1;
        self.year_days.iter().any(|wanted| *wanted == of_year || *wanted == from_end)
    }

    /// Weeks are numbered as ISO 8601 does, from the rule's own first day of the week: the first one has four days in its year.
    fn is_in_week(&self, day: Day) -> bool {
        if self.week_numbers.is_empty() {
            return true;
        }
        let week = day - (weekday_of(day) - self.week_start).rem_euclid(7);
        // The fourth day of a week lies in the year the week belongs to.
        let (year, ..) = date_of(week + 3);
        let number = (week - self.first_week(year)) / 7 + 1;
        let weeks = (self.first_week(year + 1) - self.first_week(year)) / 7;
        self.week_numbers.iter().any(|wanted| *wanted == number || *wanted == number - weeks - 1)
    }

    fn first_week(&self, year: i64) -> Day {
        let fourth = day_of(year, 1, 4);
        fourth - (weekday_of(fourth) - self.week_start).rem_euclid(7)
    }

    fn days_of_year(&self, year: i64, start: Day, days: &mut Vec<Day>) {
        if !self.year_days.is_empty() {
            let found = self.year_days.iter().filter_map(|wanted| self.year_day(year, *wanted));
            days.extend(found.filter(|day| self.allows_day_but_its_number(*day)));
        } else if !self.week_numbers.is_empty() {
            self.days_of_week_year(year, start, days);
        } else if !self.month_days.is_empty() || !self.months.is_empty() {
            let months: Vec<i64> = match self.months.as_slice() {
                // RFC 5545 §3.3.10 leaves open whether this is every month or DTSTART's; libical and ical.js, and so Evolution and
                // Thunderbird, take DTSTART's.
                [] if self.weekdays.is_empty() => vec![date_of(start).1],
                [] => (1..=12).collect(),
                named => named.to_vec(),
            };
            months.into_iter().for_each(|month| self.days_of_month(year, month, start, days));
        } else if self.weekdays.is_empty() {
            let (_, month, of_month) = date_of(start);
            days.extend(self.existing(year, month, of_month));
        } else {
            let (first, last) = (day_of(year, 1, 1), day_of(year, 12, 31));
            self.weekdays.iter().for_each(|entry| nth_weekdays(*entry, first, last, days));
        }
    }

    /// With BYWEEKNO a year is one of whole weeks, as ISO 8601 has it: its first days may lie in December, its last in January. Months and
    /// days of months are still those of the calendar year.
    fn days_of_week_year(&self, year: i64, start: Day, days: &mut Vec<Day>) {
        let (first, next) = (self.first_week(year), self.first_week(year + 1));
        let weeks = (next - first) / 7;
        let wanted = |day: &Day| match self.weekdays.as_slice() {
            // Without BYDAY the weekday comes from DTSTART.
            [] if self.month_days.is_empty() => weekday_of(*day) == weekday_of(start) && allows(&self.months, date_of(*day).1),
            _ => self.allows_day(*day),
        };
        let by_month = !self.months.is_empty() || !self.month_days.is_empty();
        for number in &self.week_numbers {
            let number = if *number < 0 { weeks + number + 1 } else { *number };
            if (1..=weeks).contains(&number) {
                let monday = first + 7 * (number - 1);
                days.extend((monday..monday + 7).filter(|day| !by_month || date_of(*day).0 == year).filter(wanted));
            }
        }
    }

    /// The year that the first period of a yearly rule is. A start that BYWEEKNO means is in its year of weeks; of one that it does not
    /// (RFC 5545 §3.8.5.3: undefined) the calendar year counts.
    pub(super) fn first_year(&self, start: Day) -> i64 {
        let (year, ..) = date_of(start);
        if !self.counts_weeks() {
            return year;
        }
        let of_weeks = self.week_year(start);
        let mut days = Vec::new();
        self.days_of_week_year(of_weeks, start, &mut days);
        if days.contains(&start) { of_weeks } else { year }
    }

    /// The year a day lies in, as the periods of a yearly rule count.
    pub(super) fn year_of(&self, day: Day) -> i64 {
        if self.counts_weeks() { self.week_year(day) } else { date_of(day).0 }
    }

    fn counts_weeks(&self) -> bool {
        !self.week_numbers.is_empty() && self.year_days.is_empty()
    }

    /// The fourth day of a week lies in the year the week belongs to.
    fn week_year(&self, day: Day) -> i64 {
        date_of(day - (weekday_of(day) - self.week_start).rem_euclid(7) + 3).0
    }

    fn days_of_month(&self, year: i64, month: i64, start: Day, days: &mut Vec<Day>) {
        let (first, last) = (day_of(year, month, 1), day_of(year, month, days_in_month(year, month)));
        if self.month_days.is_empty() && !self.weekdays.is_empty() {
            self.weekdays.iter().for_each(|entry| nth_weekdays(*entry, first, last, days));
            return;
        }
        if self.month_days.is_empty() {
            days.extend(self.existing(year, month, date_of(start).2));
            return;
        }
        let of_end = |wanted: i64| if wanted < 0 { days_in_month(year, month) + wanted + 1 } else { wanted };
        let found = self.month_days.iter().filter_map(|wanted| self.existing(year, month, of_end(*wanted)));
        // With BYMONTHDAY, BYDAY limits (RFC 5545 §3.3.10, notes 1 and 2).
        let mut by_day = Vec::new();
        self.weekdays.iter().for_each(|entry| nth_weekdays(*entry, first, last, &mut by_day));
        days.extend(found.filter(|day| self.weekdays.is_empty() || by_day.contains(day)));
    }

    /// A day of a month, or what SKIP makes of one that does not exist (RFC 7529 §4.1).
    fn existing(&self, year: i64, month: i64, of_month: i64) -> Option<Day> {
        let length = days_in_month(year, month);
        self.skipped(of_month, length).map(|of_month| day_of(year, month, 1) + of_month - 1)
    }

    /// A day of a year, counted from its beginning or its end, or what SKIP makes of one that does not exist.
    fn year_day(&self, year: i64, wanted: i64) -> Option<Day> {
        let length = days_in_year(year);
        let of_year = if wanted > 0 { wanted } else { length + wanted + 1 };
        self.skipped(of_year, length).map(|of_year| day_of(year, 1, 1) + of_year - 1)
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
