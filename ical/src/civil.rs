//! Civil time as plain numbers: days and seconds counted from 1970-01-01 as a wall clock shows it, without a zone.

/// Seconds of wall-clock time since 1970-01-01T00:00:00.
pub(crate) type LocalSeconds = i64;
/// Days since 1970-01-01.
pub(crate) type Day = i64;

pub(crate) const DAY_SECONDS: i64 = 86_400;

/// The day of a date of the proleptic Gregorian calendar; the month may be out of range and carries into the year.
pub(crate) const fn day_of(year: i64, month: i64, day: i64) -> Day {
    // Years begin in March, so that the leap day is the last one; 146,097 days are 400 years.
    let year = year + (month - 1).div_euclid(12);
    let month = (month - 1).rem_euclid(12) + 1;
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of month.
pub(crate) const fn date_of(day: Day) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// 0 is Monday.
pub(crate) const fn weekday_of(day: Day) -> i64 {
    (day + 3).rem_euclid(7)
}

pub(crate) const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(crate) const fn days_in_year(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

pub(crate) const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree_over_centuries() {
        assert_eq!(day_of(1970, 1, 1), 0);
        assert_eq!(weekday_of(day_of(2026, 11, 24)), 1);
        let mut day = day_of(1599, 12, 31);
        for year in 1600..2405 {
            for month in 1..=12 {
                for of_month in 1..=days_in_month(year, month) {
                    day += 1;
                    assert_eq!(day_of(year, month, of_month), day);
                    assert_eq!(date_of(day), (year, month, of_month));
                }
            }
        }
    }
}
