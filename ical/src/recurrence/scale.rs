//! The calendars that rules may count in: RFC 7529 §5. Those whose months and days are the Gregorian ones are the Gregorian calendar here,
//! since a rule names no year.

use icu_calendar::cal::hijri::{TabularAlgorithmEpoch, TabularAlgorithmLeapYears};
use icu_calendar::cal::{ChineseTraditional, Coptic, Hebrew, Hijri, Indian, KoreanTraditional, Persian};
use icu_calendar::types::{DateFields, RataDie};
use icu_calendar::{Calendar, Date};

use super::lunar_years;
use super::years::Shape;
use crate::civil::Day;

/// What is added to the number of a month to name the leap month after it, `5L`.
pub(super) const LEAP_MONTH: i64 = 100;
/// Days from 0001-01-01, which is day 1, to 1970-01-01.
const RATA_DIE: i64 = 719_163;

/// A calendar that a rule counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    Gregorian,
    Chinese,
    Dangi,
    Hebrew,
    /// Also Ethiopic: its years begin on the same day and have the same months.
    Coptic,
    Indian,
    IslamicCivil,
    IslamicTbla,
    IslamicUmalqura,
    Persian,
}

/// CLDR's names and aliases (common/bcp47/calendar.xml). ISLAMIC and ISLAMIC-RGSA, whose months begin when somebody sees the moon, are not
/// here: nothing computes them for years to come.
#[rustfmt::skip]
const SCALES: &[(&str, Scale)] = &[
    ("GREGORIAN",           Scale::Gregorian),
    ("GREGORY",             Scale::Gregorian),
    ("ISO8601",             Scale::Gregorian),
    ("BUDDHIST",            Scale::Gregorian),
    ("JAPANESE",            Scale::Gregorian),
    ("ROC",                 Scale::Gregorian),
    ("CHINESE",             Scale::Chinese),
    ("DANGI",               Scale::Dangi),
    ("HEBREW",              Scale::Hebrew),
    ("COPTIC",              Scale::Coptic),
    ("ETHIOPIC",            Scale::Coptic),
    ("ETHIOAA",             Scale::Coptic),
    ("ETHIOPIC-AMETE-ALEM", Scale::Coptic),
    ("INDIAN",              Scale::Indian),
    ("ISLAMIC-CIVIL",       Scale::IslamicCivil),
    ("ISLAMICC",            Scale::IslamicCivil),
    ("ISLAMIC-TBLA",        Scale::IslamicTbla),
    ("ISLAMIC-UMALQURA",    Scale::IslamicUmalqura),
    ("PERSIAN",             Scale::Persian),
];

/// The calendars that RSCALE may name, in capitals (RFC 7529 §10.1).
pub fn supported_rscales() -> impl Iterator<Item = &'static str> {
    SCALES.iter().map(|(name, _)| *name)
}

impl Scale {
    pub fn from_name(name: &str) -> Option<Self> {
        SCALES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, scale)| *scale)
    }

    /// The months of a year without leap months.
    pub const fn months(self) -> i64 {
        if matches!(self, Self::Coptic) { 13 } else { 12 }
    }

    /// Whether a leap month may follow the month of that number (RFC 7529 §4.2).
    pub const fn may_leap_after(self, month: i64) -> bool {
        match self {
            Self::Chinese | Self::Dangi => true,
            Self::Hebrew => month == 5,
            _ => false,
        }
    }

    /// Whether some years have more months than others; its months are lunations then.
    pub const fn has_leap_months(self) -> bool {
        matches!(self, Self::Chinese | Self::Dangi | Self::Hebrew)
    }

    /// The most days of a year.
    pub const fn year_days(self) -> i64 {
        if self.has_leap_months() { 385 } else { 366 }
    }

    /// The most weeks that a year counts.
    pub const fn year_weeks(self) -> i64 {
        if self.has_leap_months() { 55 } else { 53 }
    }

    /// The year a day lies in.
    pub(super) fn year_at(self, day: Day) -> Shape {
        if let Some(shape) = self.lunar_years().and_then(|years| lunar_years::at(years, day)) {
            return shape;
        }
        self.ask(Of::Day(day)).unwrap_or_default()
    }

    /// A year by its number; `None` far beyond the years that dates can be written in.
    pub(super) fn year(self, year: i64) -> Option<Shape> {
        match self.lunar_years().and_then(|years| lunar_years::year(years, year)) {
            Some(shape) => Some(shape),
            None => self.ask(Of::Year(i32::try_from(year).ok().filter(|year| (-10_000..=20_000).contains(year))?)),
        }
    }

    const fn lunar_years(self) -> Option<&'static [u32]> {
        match self {
            Self::Chinese => Some(lunar_years::CHINESE),
            Self::Dangi => Some(lunar_years::DANGI),
            _ => None,
        }
    }

    fn ask(self, of: Of) -> Option<Shape> {
        let tabular = |epoch| Hijri::new_tabular(TabularAlgorithmLeapYears::TypeII, epoch);
        match self {
            Self::Gregorian => None,
            Self::Chinese => shape(ChineseTraditional::new(), of),
            Self::Dangi => shape(KoreanTraditional::new(), of),
            Self::Hebrew => shape(Hebrew, of),
            Self::Coptic => shape(Coptic, of),
            Self::Indian => shape(Indian, of),
            Self::IslamicCivil => shape(tabular(TabularAlgorithmEpoch::Friday), of),
            Self::IslamicTbla => shape(tabular(TabularAlgorithmEpoch::Thursday), of),
            Self::IslamicUmalqura => shape(Hijri::new_umm_al_qura(), of),
            Self::Persian => shape(Persian, of),
        }
    }
}

#[derive(Clone, Copy)]
enum Of {
    Day(Day),
    Year(i32),
}

fn shape<C: Calendar + Copy>(calendar: C, of: Of) -> Option<Shape> {
    let at = |day: i64| Date::from_rata_die(RataDie::new(day + RATA_DIE), calendar);
    let date = match of {
        Of::Day(day) => at(day),
        Of::Year(year) => {
            let mut fields = DateFields::default();
            (fields.extended_year, fields.ordinal_month, fields.day) = (Some(year), Some(1), Some(1));
            Date::try_from_fields(fields, icu_calendar::options::DateFromFieldsOptions::default(), calendar).ok()?
        }
    };
    let first = date.to_rata_die().to_i64_date() - RATA_DIE - i64::from(date.day_of_year().0) + 1;
    let mut shape = Shape::new(i64::from(date.year().extended_year()), first);
    for _ in 0..date.months_in_year() {
        let month = at(first + shape.days());
        shape.push(i64::from(month.days_in_month()), month.month().to_input().is_leap());
    }
    Some(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::civil::day_of;

    #[test]
    fn rfc7529_s5_names_and_aliases_are_those_of_cldr_in_any_case() {
        assert_eq!(Scale::from_name("islamicc"), Some(Scale::IslamicCivil));
        assert_eq!(Scale::from_name("Ethiopic-Amete-Alem"), Scale::from_name("ETHIOPIC"));
        for unknown in ["", "RUSSIAN", "ISLAMIC", "ISLAMIC-RGSA", "JULIAN"] {
            assert_eq!(Scale::from_name(unknown), None, "{unknown}");
        }
        assert!(supported_rscales().all(|name| Scale::from_name(name).is_some()));
    }

    #[test]
    fn years_follow_each_other_without_a_gap() {
        let mut scales: Vec<Scale> = SCALES.iter().map(|(_, scale)| *scale).filter(|scale| *scale != Scale::Gregorian).collect();
        scales.dedup();
        for scale in scales {
            let mut shape = scale.year_at(day_of(1, 1, 1));
            while shape.first() < day_of(9999, 12, 31) {
                let next = scale.year_at(shape.first() + shape.days());
                assert_eq!((next.year(), next.first()), (shape.year() + 1, shape.first() + shape.days()), "{scale:?}");
                assert_eq!(scale.year(next.year()), Some(next), "{scale:?}");
                assert!(next.days() <= scale.year_days() && next.days() / 7 <= scale.year_weeks(), "{scale:?}");
                shape = next;
            }
        }
    }
}
