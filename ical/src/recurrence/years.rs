//! Years, months and days as a rule counts them, in the Gregorian calendar and in others.

use std::cell::RefCell;

use super::Skip;
use super::scale::{LEAP_MONTH, Scale};
use crate::civil::{self, Day};
use crate::filter::Work;

/// Units of work to lay out a year of another calendar.
const WORK_OF_YEAR: usize = 64;
/// No day outside is asked about: some centuries more than dates can be written in.
const DAYS: (Day, Day) = (civil::day_of(-500, 1, 1), civil::day_of(10_500, 1, 1));
/// The mean lunation in millionths of a day. What months begin before or after it adds up to less than three days in ten thousand years.
const LUNATION: i64 = 29_530_589;

/// A calendar's arithmetic. Months are counted through the year, from 1, leap months with the others; their names are those of BYMONTH.
pub(super) trait Years {
    /// Year, month and day of month.
    fn date_of(&self, day: Day) -> (i64, i64, i64);
    fn first_of_year(&self, year: i64) -> Option<Day>;
    fn first_of_month(&self, year: i64, month: i64) -> Day;
    fn months_in_year(&self, year: i64) -> i64;
    fn days_in_month(&self, year: i64, month: i64) -> i64;
    fn days_in_year(&self, year: i64) -> i64;
    /// The name of a month, as BYMONTH has it.
    fn name_of(&self, year: i64, month: i64) -> i64;
    /// The month of a name in a year, with its year, or what SKIP makes of one that the year does not have (RFC 7529 §4.1).
    fn month_named(&self, year: i64, name: i64, skip: Skip) -> Option<(i64, i64)>;
    /// How many months are before a month, from any fixed one on.
    fn months_before(&self, year: i64, month: i64) -> i64;
    /// The month that so many are before.
    fn month_after(&self, months: i64) -> Option<(i64, i64)>;
    /// Whether BYMONTH lets a month through.
    fn allows_month(&self, names: &[i64], skip: Skip, year: i64, month: i64) -> bool;
}

/// The calendar of rules without RSCALE.
pub(super) struct Gregorian;

impl Years for Gregorian {
    #[inline]
    fn date_of(&self, day: Day) -> (i64, i64, i64) {
        civil::date_of(day)
    }

    #[inline]
    fn first_of_year(&self, year: i64) -> Option<Day> {
        Some(civil::day_of(year, 1, 1))
    }

    #[inline]
    fn first_of_month(&self, year: i64, month: i64) -> Day {
        civil::day_of(year, month, 1)
    }

    #[inline]
    fn months_in_year(&self, _: i64) -> i64 {
        12
    }

    #[inline]
    fn days_in_month(&self, year: i64, month: i64) -> i64 {
        civil::days_in_month(year, month)
    }

    #[inline]
    fn days_in_year(&self, year: i64) -> i64 {
        civil::days_in_year(year)
    }

    #[inline]
    fn name_of(&self, _: i64, month: i64) -> i64 {
        month
    }

    #[inline]
    fn month_named(&self, year: i64, name: i64, _: Skip) -> Option<(i64, i64)> {
        Some((year, name))
    }

    #[inline]
    fn months_before(&self, year: i64, month: i64) -> i64 {
        year * 12 + month - 1
    }

    #[inline]
    fn month_after(&self, months: i64) -> Option<(i64, i64)> {
        Some((months.div_euclid(12), months.rem_euclid(12) + 1))
    }

    #[inline]
    fn allows_month(&self, names: &[i64], _: Skip, _: i64, month: i64) -> bool {
        super::allows(names, month)
    }
}

/// A year of another calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shape {
    year: i64,
    first: Day,
    months: usize,
    /// Which month is a leap month; 0 for none.
    leap: i64,
    /// The days up to the end of each month.
    ends: [i64; 13],
}

impl Shape {
    pub const fn new(year: i64, first: Day) -> Self {
        Self { year, first, months: 0, leap: 0, ends: [0; 13] }
    }

    pub fn push(&mut self, days: i64, leap: bool) {
        let end = self.days() + days;
        if let Some(place) = self.ends.get_mut(self.months) {
            *place = end;
            self.months += 1;
            self.leap = if leap { self.last_month() } else { self.leap };
        }
    }

    #[cfg(test)]
    pub const fn year(&self) -> i64 {
        self.year
    }

    #[cfg(test)]
    pub const fn first(&self) -> Day {
        self.first
    }

    pub fn days(&self) -> i64 {
        self.days_before(self.last_month() + 1)
    }

    pub fn has(&self, day: Day) -> bool {
        (self.first..self.first + self.days()).contains(&day)
    }

    fn last_month(&self) -> i64 {
        i64::try_from(self.months).unwrap_or(0)
    }

    fn days_before(&self, month: i64) -> i64 {
        usize::try_from(month - 2).ok().and_then(|index| self.ends.get(index)).copied().unwrap_or(0)
    }

    fn date_of(&self, day: Day) -> (i64, i64, i64) {
        let of_year = day - self.first;
        let before = self.ends.iter().take(self.months).take_while(|end| **end <= of_year).count();
        let month = i64::try_from(before).unwrap_or(0) + 1;
        (self.year, month, of_year - self.days_before(month) + 1)
    }

    /// The leap month takes the name of the one before it, and those after it are counted as if it were not there (RFC 7529 §4.2).
    const fn name_of(&self, month: i64) -> i64 {
        match self.leap {
            0 => month,
            leap if month < leap => month,
            leap if month == leap => LEAP_MONTH + month - 1,
            _ => month - 1,
        }
    }

    fn named(&self, name: i64) -> Option<i64> {
        (1..=self.last_month()).find(|month| self.name_of(*month) == name)
    }
}

/// Another calendar. The years asked about last are kept.
#[derive(Debug)]
pub(super) struct Foreign<'r> {
    scale: Scale,
    work: &'r Work,
    /// The year that the series starts in, and years by their last bits.
    start: Shape,
    kept: RefCell<[Shape; 4]>,
}

impl<'r> Foreign<'r> {
    /// `None` for the Gregorian calendar.
    pub fn new(scale: Scale, start: Day, work: &'r Work) -> Option<Self> {
        let start = (scale != Scale::Gregorian).then(|| scale.year_at(start))?;
        Some(Self { scale, work, start, kept: RefCell::new([start; 4]) })
    }

    fn find(&self, is: impl Fn(&Shape) -> bool, lay_out: impl FnOnce() -> Option<Shape>) -> Option<Shape> {
        if is(&self.start) {
            return Some(self.start);
        }
        let mut kept = self.kept.borrow_mut();
        if let Some(shape) = kept.iter().find(|shape| is(shape)) {
            return Some(*shape);
        }
        // Where nothing is left, the next step says so.
        self.work.spend(WORK_OF_YEAR).ok();
        let shape = lay_out()?;
        if let Some(place) = usize::try_from(shape.year.rem_euclid(4)).ok().and_then(|place| kept.get_mut(place)) {
            *place = shape;
        }
        Some(shape)
    }

    fn year_at(&self, day: Day) -> Shape {
        self.find(|shape| shape.has(day), || Some(self.scale.year_at(day))).unwrap_or_default()
    }

    fn year(&self, year: i64) -> Option<Shape> {
        self.find(|shape| shape.year == year, || self.scale.year(year))
    }

    fn shape(&self, year: i64) -> Shape {
        self.year(year).unwrap_or_default()
    }
}

impl Years for Foreign<'_> {
    fn date_of(&self, day: Day) -> (i64, i64, i64) {
        let day = day.clamp(DAYS.0, DAYS.1);
        self.year_at(day).date_of(day)
    }

    fn first_of_year(&self, year: i64) -> Option<Day> {
        self.year(year).map(|shape| shape.first)
    }

    fn first_of_month(&self, year: i64, month: i64) -> Day {
        let shape = self.shape(year);
        shape.first + shape.days_before(month)
    }

    fn months_in_year(&self, year: i64) -> i64 {
        self.shape(year).last_month()
    }

    fn days_in_month(&self, year: i64, month: i64) -> i64 {
        let shape = self.shape(year);
        shape.days_before(month + 1) - shape.days_before(month)
    }

    fn days_in_year(&self, year: i64) -> i64 {
        self.shape(year).days()
    }

    fn name_of(&self, year: i64, month: i64) -> i64 {
        self.shape(year).name_of(month)
    }

    fn month_named(&self, year: i64, name: i64, skip: Skip) -> Option<(i64, i64)> {
        let shape = self.shape(year);
        if let Some(month) = shape.named(name) {
            return Some((year, month));
        }
        // A leap month this year does not have.
        let before = shape.named(name - LEAP_MONTH)?;
        match skip {
            Skip::Omit => None,
            Skip::Backward => Some((year, before)),
            Skip::Forward if before < shape.last_month() => Some((year, before + 1)),
            Skip::Forward => Some((year + 1, 1)),
        }
    }

    fn months_before(&self, year: i64, month: i64) -> i64 {
        if !self.scale.has_leap_months() {
            return year * self.scale.months() + month - 1;
        }
        // At a quarter of the mean lunation more, months begin about the middle of a whole number of them and the next.
        (self.first_of_month(year, month) * 1_000_000 + LUNATION / 4).div_euclid(LUNATION)
    }

    fn month_after(&self, months: i64) -> Option<(i64, i64)> {
        if !self.scale.has_leap_months() {
            let of_year = self.scale.months();
            return Some((months.div_euclid(of_year), months.rem_euclid(of_year) + 1));
        }
        let middle = (months.checked_mul(LUNATION)?.checked_add(LUNATION / 4 * 3)?).div_euclid(1_000_000);
        if middle > DAYS.1 {
            return None;
        }
        let (year, month, _) = self.date_of(middle);
        Some((year, month))
    }

    fn allows_month(&self, names: &[i64], skip: Skip, year: i64, month: i64) -> bool {
        let stands_for = |name: &i64, year_of_name| self.month_named(year_of_name, *name, skip) == Some((year, month));
        super::allows(names, self.name_of(year, month))
            || skip != Skip::Omit && names.iter().any(|name| stands_for(name, year) || month == 1 && stands_for(name, year - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::civil::day_of;

    #[test]
    fn months_are_counted_without_being_walked() {
        for scale in [Scale::Chinese, Scale::Dangi, Scale::Hebrew, Scale::Coptic, Scale::IslamicUmalqura] {
            let work = Work::new();
            let (mut day, last) = (day_of(1, 1, 1), day_of(9999, 12, 31));
            let years = Foreign::new(scale, day, &work).unwrap();
            let mut before = None;
            while day < last {
                let (year, month, of_month) = years.date_of(day);
                let number = years.months_before(year, month);
                assert!(before.is_none_or(|before| before + 1 == number), "{scale:?} {year} {month}");
                assert_eq!(years.month_after(number), Some((year, month)), "{scale:?}");
                assert_eq!(years.first_of_month(year, month) + of_month - 1, day);
                before = Some(number);
                day += years.days_in_month(year, month) - of_month + 1;
            }
        }
    }

    #[test]
    fn rfc7529_s4_1_a_leap_month_that_is_missing_is_skipped_as_said() {
        let work = Work::new();
        let hebrew = Foreign::new(Scale::Hebrew, day_of(2014, 2, 8), &work).unwrap();
        // 5774 is a leap year, 5775 is not.
        assert_eq!(hebrew.month_named(5774, LEAP_MONTH + 5, Skip::Omit), Some((5774, 6)));
        assert_eq!(hebrew.month_named(5775, LEAP_MONTH + 5, Skip::Omit), None);
        assert_eq!(hebrew.month_named(5775, LEAP_MONTH + 5, Skip::Backward), Some((5775, 5)));
        assert_eq!(hebrew.month_named(5775, LEAP_MONTH + 5, Skip::Forward), Some((5775, 6)));
        assert_eq!((hebrew.name_of(5774, 6), hebrew.name_of(5774, 7), hebrew.name_of(5775, 6)), (LEAP_MONTH + 5, 6, 6));
        let chinese = Foreign::new(Scale::Chinese, day_of(2026, 3, 1), &work).unwrap();
        assert_eq!(chinese.month_named(2026, LEAP_MONTH + 12, Skip::Forward), Some((2027, 1)));
        assert!(chinese.allows_month(&[LEAP_MONTH + 12], Skip::Forward, 2027, 1));
        assert!(!chinese.allows_month(&[LEAP_MONTH + 12], Skip::Backward, 2027, 1));
    }
}
