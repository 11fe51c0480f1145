//! Walking a rule: its periods, one after the other, from any moment on.

use super::days::Period;
use super::years::{Foreign, Gregorian, Years};
use super::{Frequency, LAST_DAY, Rule, allows, unit_seconds};
use crate::civil::{self, DAY_SECONDS, Day, LocalSeconds, weekday_of};
use crate::filter::{BoundReached, Work};

/// Periods of a plain daily rule laid out together.
const DAYS_AT_ONCE: i64 = 64;

/// The instances of a rule.
pub(crate) struct Starts<'r> {
    rule: &'r Rule,
    start: LocalSeconds,
    from: LocalSeconds,
    /// The year that the first period of a yearly rule is; of a monthly one, how many months are before its first.
    first: i64,
    /// Which period comes next.
    period: i64,
    /// The days of the present period, and the second of the day of each instance in them.
    days: Vec<Day>,
    times: Vec<i64>,
    /// Which of `days` × `times` come, where BYSETPOS chooses.
    chosen: Option<Vec<usize>>,
    next: usize,
    work: &'r Work,
    work_of_period: usize,
    /// Whether `start` comes first in any case.
    with_start: bool,
    begun: bool,
    ended: bool,
    /// The last one that came: what SKIP moves may be there already.
    last: LocalSeconds,
    /// The calendar of the rule, if it is not the Gregorian one.
    foreign: Option<Box<Foreign<'r>>>,
}

impl<'r> Starts<'r> {
    pub(super) fn new(
        rule: &'r Rule,
        (start, is_date): (LocalSeconds, bool),
        from: LocalSeconds,
        with_start: bool,
        work: &'r Work,
    ) -> Self {
        let from = from.max(start);
        let of_day = start.rem_euclid(DAY_SECONDS);
        let times = if is_date { vec![0] } else { rule.times_of_day(of_day) };
        // Where that is too much, the first step says so.
        work.spend(times.len() / 16).ok();
        let mut starts = Self {
            rule,
            start,
            from,
            first: 0,
            period: 0,
            days: Vec::new(),
            next: 0,
            times,
            chosen: None,
            work,
            work_of_period: rule.work_of_period(),
            with_start,
            begun: false,
            ended: is_date && rule.is_below_daily(),
            last: LocalSeconds::MIN,
            foreign: Foreign::new(rule.scale, start.div_euclid(DAY_SECONDS), work).map(Box::new),
        };
        starts.first = match &starts.foreign {
            None => starts.first_in(&Gregorian),
            Some(foreign) => starts.first_in(&**foreign),
        };
        starts.period = starts.period_of(from);
        starts
    }

    /// The last of so many instances, from the first one on; after all that can be if there are fewer, `None` where only walking tells.
    pub(crate) fn end_of_count(mut self, count: u32) -> Option<LocalSeconds> {
        const NEVER: LocalSeconds = (LAST_DAY + 1) * DAY_SECONDS;
        let (_, _, start_day) = civil::date_of(self.start.div_euclid(DAY_SECONDS));
        let all = self.rule.days_of_each_period(start_day)? * self.rule.times_of_each_period(self.times.len())?;
        let each = if self.rule.positions.is_empty() { all } else { positions(&self.rule.positions, all).len() };
        let each = i64::try_from(each).ok().filter(|each| *each > 0)?;
        let mut left = i64::from(count);
        // The first period is cut by the start, which may be none of the rule's own: to its end, and that of the next, it is walked.
        while left > 0 && (self.period < 2 || self.at(self.next).is_some()) {
            let Some(at) = self.next() else { return Some(NEVER) };
            let at = at.ok()?;
            left -= 1;
            if left == 0 {
                return Some(at);
            }
        }
        let passed = (left - 1).div_euclid(each);
        self.period = self.period.checked_add(passed)?;
        let rest = usize::try_from(left - 1 - passed * each).ok()?;
        let last = self.take(rest + 1).try_fold((0, NEVER), |(count, _), at| at.map(|at| (count + 1, at))).ok()?;
        Some(if last.0 > rest { last.1 } else { NEVER })
    }

    /// Goes on with the first instance not before a moment, which is not walked to.
    pub(crate) fn seek(&mut self, from: LocalSeconds) {
        if from <= self.from {
            return;
        }
        self.from = from;
        let period = self.period_of(from);
        if period > self.period {
            self.period = period;
            self.days.clear();
            self.chosen = None;
            self.next = 0;
        } else if self.chosen.is_none() {
            self.next = self.next.max(self.index_of_from());
        }
    }

    /// The first instance of the present period that is not before `from`, where BYSETPOS does not choose.
    fn index_of_from(&self) -> usize {
        let (day, of_day) = (self.from.div_euclid(DAY_SECONDS), self.from.rem_euclid(DAY_SECONDS));
        let whole = self.days.partition_point(|each| *each < day);
        let within = if self.days.get(whole) == Some(&day) { self.times.partition_point(|time| *time < of_day) } else { 0 };
        whole * self.times.len() + within
    }

    /// The period a moment lies in, or one before it: SKIP may carry an instance into the next.
    fn period_of(&self, at: LocalSeconds) -> i64 {
        match &self.foreign {
            None => self.period_in(&Gregorian, at),
            Some(foreign) => self.period_in(&**foreign, at),
        }
    }

    fn first_in<Y: Years>(&self, years: &Y) -> i64 {
        let start_day = self.start.div_euclid(DAY_SECONDS);
        match self.rule.frequency {
            Frequency::Yearly => self.rule.first_year(years, start_day),
            Frequency::Monthly => months_before(years, start_day),
            _ => 0,
        }
    }

    fn period_in<Y: Years>(&self, years: &Y, at: LocalSeconds) -> i64 {
        let (day, start_day) = (at.div_euclid(DAY_SECONDS), self.start.div_euclid(DAY_SECONDS));
        let units = match self.rule.frequency {
            Frequency::Yearly => self.rule.year_of(years, day) - self.first,
            Frequency::Monthly => months_before(years, day) - self.first,
            Frequency::Weekly => (self.week_of(day) - self.week_of(start_day)) / 7,
            Frequency::Daily => day - start_day,
            below => at.div_euclid(unit_seconds(below)) - self.start.div_euclid(unit_seconds(below)),
        };
        (units.div_euclid(self.rule.interval) - 1).max(0)
    }

    /// The first day of the week a day lies in.
    fn week_of(&self, day: Day) -> Day {
        day - (weekday_of(day) - self.rule.week_start).rem_euclid(7)
    }

    /// The instance at an index into the present period.
    fn at(&self, index: usize) -> Option<LocalSeconds> {
        let index = match &self.chosen {
            Some(chosen) => *chosen.get(index)?,
            None => index,
        };
        if let [time] = self.times.as_slice() {
            return Some(self.days.get(index)? * DAY_SECONDS + time);
        }
        let times = self.times.len().max(1);
        Some(self.days.get(index / times)? * DAY_SECONDS + self.times.get(index % times)?)
    }

    /// Goes on to the next period that has instances.
    fn advance(&mut self) -> Result<bool, BoundReached> {
        loop {
            self.work.spend(self.work_of_period)?;
            let found = match self.foreign.take() {
                None => self.fill_any(&Gregorian)?,
                Some(foreign) => {
                    let found = self.fill_any(&*foreign);
                    self.foreign = Some(foreign);
                    found?
                }
            };
            match found {
                None => return Ok(false),
                Some(true) => return Ok(true),
                Some(false) => {}
            }
        }
    }

    fn fill_any<Y: Years>(&mut self, years: &Y) -> Result<Option<bool>, BoundReached> {
        if self.rule.is_below_daily() { self.fill_below_daily(years) } else { Ok(self.fill(years)) }
    }

    /// Lays out the days of the next period; `None` beyond the last year.
    fn fill<Y: Years>(&mut self, years: &Y) -> Option<bool> {
        let steps = self.period.checked_mul(self.rule.interval)?;
        self.period += 1;
        let start_day = self.start.div_euclid(DAY_SECONDS);
        self.days.clear();
        let (period, first) = match self.rule.frequency {
            Frequency::Yearly => {
                let year = self.first.checked_add(steps)?;
                (Period::Year(year), years.first_of_year(year)?)
            }
            Frequency::Monthly => {
                let (year, month) = years.month_after(self.first.checked_add(steps)?)?;
                let first = years.first_of_month(year, month);
                (Period::Month { year, month, first }, first)
            }
            Frequency::Weekly => {
                let first = self.week_of(start_day).checked_add(steps.checked_mul(7)?)?;
                (Period::Week(first), first)
            }
            _ => {
                let day = start_day.checked_add(steps)?;
                (Period::Day(day), day)
            }
        };
        if first > LAST_DAY {
            return None;
        }
        if self.rule.is_plain_daily() {
            // Nothing divides one day from the next: as many periods as make the step to the next block cheap.
            let interval = self.rule.interval;
            self.days.extend((0..DAYS_AT_ONCE).map(|ahead| first + ahead * interval).take_while(|day| *day <= LAST_DAY));
            self.period += DAYS_AT_ONCE - 1;
            self.next = self.index_of_from();
            return Some(true);
        }
        self.rule.days_of_period(years, period, start_day, &mut self.days);
        self.choose();
        Some(!self.days.is_empty())
    }

    /// Applies BYSETPOS to the present period.
    fn choose(&mut self) {
        let total = self.days.len() * self.times.len();
        self.next = 0;
        self.chosen = (!self.rule.positions.is_empty()).then(|| positions(&self.rule.positions, total));
        if self.chosen.is_none() {
            self.next = self.index_of_from();
        }
    }

    /// A period below a day: the next hour, minute or second that the parts above it let through. Whole days, hours and minutes that
    /// they do not are passed over at once.
    fn fill_below_daily<Y: Years>(&mut self, years: &Y) -> Result<Option<bool>, BoundReached> {
        let unit = unit_seconds(self.rule.frequency);
        let step = unit.saturating_mul(self.rule.interval);
        let base = self.start.div_euclid(unit) * unit;
        let at = base.saturating_add(self.period.saturating_mul(step));
        let day = at.div_euclid(DAY_SECONDS);
        if day > LAST_DAY {
            return Ok(None);
        }
        let of_day = at.rem_euclid(DAY_SECONDS);
        let (year, month, _) = years.date_of(day);
        let barrier = if !self.rule.allows_month(years, year, month) {
            Some((years.first_of_month(year, month) + years.days_in_month(year, month)) * DAY_SECONDS)
        } else if !self.rule.allows_day(years, day) {
            Some((day + 1) * DAY_SECONDS)
        } else if !allows(&self.rule.hours, of_day / 3600) {
            Some((at.div_euclid(3600) + 1) * 3600)
        } else if self.rule.frequency < Frequency::Hourly && !allows(&self.rule.minutes, of_day / 60 % 60) {
            Some((at.div_euclid(60) + 1) * 60)
        } else {
            None
        };
        if let Some(barrier) = barrier {
            self.period = (barrier - base + step - 1).div_euclid(step).max(self.period + 1);
            return Ok(Some(false));
        }
        self.period += 1;
        if self.rule.frequency == Frequency::Secondly && !allows(&self.rule.seconds, of_day % 60) {
            return Ok(Some(false));
        }
        self.days.clear();
        self.days.push(day);
        self.rule.times_below(of_day, self.start.rem_euclid(DAY_SECONDS), &mut self.times);
        self.work.spend(self.times.len() / 4)?;
        self.choose();
        Ok(Some(!self.times.is_empty()))
    }
}

impl Iterator for Starts<'_> {
    type Item = Result<LocalSeconds, BoundReached>;

    fn next(&mut self) -> Option<Self::Item> {
        if !std::mem::replace(&mut self.begun, true) && self.with_start && self.start >= self.from {
            return Some(Ok(self.start));
        }
        while !self.ended {
            if let Err(bound) = self.work.spend(1) {
                self.ended = true;
                return Some(Err(bound));
            }
            let Some(at) = self.at(self.next) else {
                match self.advance() {
                    Ok(true) => continue,
                    Ok(false) => self.ended = true,
                    Err(bound) => {
                        self.ended = true;
                        return Some(Err(bound));
                    }
                }
                continue;
            };
            self.next += 1;
            // Years of other calendars, weeks and SKIP reach beyond it.
            if at >= (LAST_DAY + 1) * DAY_SECONDS {
                self.ended = true;
                return None;
            }
            if at >= self.from && at > self.last && (at > self.start || (at == self.start && !self.with_start)) {
                self.last = at;
                return Some(Ok(at));
            }
        }
        None
    }
}

fn months_before<Y: Years>(years: &Y, day: Day) -> i64 {
    let (year, month, _) = years.date_of(day);
    years.months_before(year, month)
}

/// The indexes that positions mean, counted from 1 or from the end, in order.
fn positions(wanted: &[i64], total: usize) -> Vec<usize> {
    let total = i64::try_from(total).unwrap_or(i64::MAX);
    let index = |position: &i64| if *position > 0 { position - 1 } else { total + position };
    let mut chosen: Vec<usize> =
        wanted.iter().map(index).filter(|i| (0..total).contains(i)).filter_map(|i| usize::try_from(i).ok()).collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::civil::day_of;

    #[test]
    fn rfc7529_other_calendars_are_sought_into_as_they_are_walked() {
        let start = day_of(2023, 3, 25) * DAY_SECONDS;
        for scale in ["GREGORIAN", "CHINESE", "HEBREW", "ETHIOPIC", "INDIAN", "ISLAMIC-CIVIL", "ISLAMIC-UMALQURA", "PERSIAN"] {
            for part in [
                "YEARLY",
                "YEARLY;INTERVAL=3;SKIP=BACKWARD",
                "YEARLY;BYMONTH=12;BYMONTHDAY=30,-30;SKIP=FORWARD",
                "YEARLY;BYYEARDAY=1,-1,360",
                "YEARLY;BYWEEKNO=1,-1",
                "YEARLY;BYDAY=-1FR",
                "MONTHLY;BYMONTHDAY=30;SKIP=FORWARD",
                "MONTHLY;INTERVAL=5;BYDAY=-1SU",
                "WEEKLY;INTERVAL=2;BYMONTH=1,7",
                "DAILY;BYMONTH=9;BYMONTHDAY=1,-1",
                "HOURLY;INTERVAL=5;BYMONTH=9;BYDAY=SA",
            ] {
                let rule = Rule::parse(&format!("RSCALE={scale};FREQ={part}")).unwrap();
                let end = day_of(2041, 1, 1) * DAY_SECONDS;
                let until = |starts: Starts<'_>| -> Vec<LocalSeconds> { starts.map_while(Result::ok).take_while(|at| *at < end).collect() };
                let all = until(rule.starts(start, start, &Work::new()));
                assert!(all.windows(2).all(|two| two[0] < two[1]), "{scale} {part}");
                for from in [day_of(2030, 9, 1), day_of(2037, 1, 20), day_of(2037, 3, 21)].map(|day| day * DAY_SECONDS) {
                    let rest: Vec<LocalSeconds> = all.iter().copied().filter(|at| *at >= from).collect();
                    assert_eq!(until(rule.starts(start, from, &Work::new())), rest, "{scale} {part}");
                }
            }
        }
    }

    #[test]
    fn rules_of_other_calendars_end_or_reach_the_bound_and_far_windows_cost_nothing() {
        let far = day_of(9900, 1, 1) * DAY_SECONDS;
        for scale in ["CHINESE", "HEBREW", "ISLAMIC-TBLA"] {
            for part in ["YEARLY", "MONTHLY", "WEEKLY", "DAILY;BYMONTH=3", "SECONDLY"] {
                let rule = Rule::parse(&format!("RSCALE={scale};FREQ={part}")).unwrap();
                assert!(rule.starts(0, far, &Work::new()).next().is_some_and(|at| at.is_ok_and(|at| at >= far)), "{scale} {part}");
            }
            let rule = Rule::parse(&format!("RSCALE={scale};FREQ=YEARLY;INTERVAL=999999999")).unwrap();
            assert_eq!(rule.starts(0, 0, &Work::new()).count(), 1);
            let rule = Rule::parse(&format!("RSCALE={scale};FREQ=MONTHLY;BYMONTHDAY=1,-1")).unwrap();
            let last = day_of(9999, 12, 31) * DAY_SECONDS;
            let late = day_of(9990, 1, 1) * DAY_SECONDS;
            assert!(rule.starts(late, late, &Work::new()).all(|at| at.is_ok_and(|at| at <= last)), "{scale}");
            let rule = Rule::parse(&format!("RSCALE={scale};FREQ=DAILY;BYYEARDAY=385;BYMONTH=1;BYMONTHDAY=5")).unwrap_or(rule);
            assert!(rule.starts(0, 1, &Work::new()).last().is_none_or(|last| last.is_err()), "{scale}");
        }
    }
}
