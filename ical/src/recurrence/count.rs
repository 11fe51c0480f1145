//! How many instances the periods of a rule have, where all have as many: so COUNT is reckoned, not walked.

use super::scale::Scale;
use super::{Frequency, Rule, Skip};

/// Days that every month has, counted from one end.
const MONTH_DAYS: i64 = 28;
/// How often every weekday comes in every month and every year.
const WEEKDAYS_OF_MONTH: i64 = 4;
const WEEKDAYS_OF_YEAR: i64 = 52;

impl Rule {
    /// How many days a period has, if every one has the same number. `start_day` is the day of the month of DTSTART.
    pub(super) fn days_of_each_period(&self, start_day: i64) -> Option<usize> {
        let is_plain = self.year_days.is_empty() && self.week_numbers.is_empty();
        if !is_plain || self.skip != Skip::Omit || self.scale != Scale::Gregorian {
            return None;
        }
        match self.frequency {
            Frequency::Weekly if self.months.is_empty() && self.month_days.is_empty() => {
                Some((0..7).filter(|day| self.weekdays.iter().any(|entry| entry.weekday == *day)).count().max(1))
            }
            Frequency::Weekly => None,
            Frequency::Monthly if self.months.is_empty() => self.days_of_each_month(start_day),
            Frequency::Monthly => None,
            Frequency::Yearly if !self.months.is_empty() => Some(distinct(&self.months) * self.days_of_each_month(start_day)?),
            // In the month of DTSTART.
            Frequency::Yearly if self.weekdays.is_empty() => self.days_of_each_month(start_day),
            Frequency::Yearly if self.month_days.is_empty() => self.numbered_weekdays(WEEKDAYS_OF_YEAR),
            Frequency::Yearly => None,
            _ => (self.months.is_empty() && self.month_days.is_empty() && self.weekdays.is_empty()).then_some(1),
        }
    }

    fn days_of_each_month(&self, start_day: i64) -> Option<usize> {
        match (self.month_days.as_slice(), self.weekdays.is_empty()) {
            ([], true) => (start_day <= MONTH_DAYS).then_some(1),
            ([], false) => self.numbered_weekdays(WEEKDAYS_OF_MONTH),
            (days, true) => counted_from_one_end(days, MONTH_DAYS),
            (_, false) => None,
        }
    }

    fn numbered_weekdays(&self, most: i64) -> Option<usize> {
        let numbers: Vec<i64> = self.weekdays.iter().map(|entry| entry.nth).collect();
        counted_from_one_end(&numbers, most)?;
        let days: Vec<i64> = self.weekdays.iter().map(|entry| entry.nth * 7 + entry.weekday).collect();
        Some(distinct(&days))
    }

    /// How many times a day, or the hour, minute or second of the rule has, if every one has the same number.
    pub(super) fn times_of_each_period(&self, times_of_day: usize) -> Option<usize> {
        let or_one = |list: &[i64]| distinct(list).max(1);
        match self.frequency {
            Frequency::Hourly if self.hours.is_empty() => Some(or_one(&self.minutes) * or_one(&self.seconds)),
            Frequency::Minutely if self.hours.is_empty() && self.minutes.is_empty() => Some(or_one(&self.seconds)),
            Frequency::Secondly if self.hours.is_empty() && self.minutes.is_empty() && self.seconds.is_empty() => Some(1),
            below if below < Frequency::Daily => None,
            _ => Some(times_of_day),
        }
    }
}

/// How many different numbers there are, if all count from the same end and none further than every period reaches.
fn counted_from_one_end(numbers: &[i64], most: i64) -> Option<usize> {
    let sign = numbers.first()?.signum();
    numbers.iter().all(|number| number.signum() == sign && (1..=most).contains(&number.abs())).then(|| distinct(numbers))
}

fn distinct(numbers: &[i64]) -> usize {
    numbers.iter().enumerate().filter(|(index, number)| !numbers.iter().take(*index).any(|before| before == *number)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::civil::{DAY_SECONDS, day_of};
    use crate::filter::Work;

    #[test]
    fn rfc5545_s3_3_10_where_count_ends_is_reckoned_as_it_is_walked() {
        let mut reckoned = 0;
        for part in [
            "DAILY",
            "DAILY;INTERVAL=3",
            "DAILY;BYHOUR=9,17;BYMINUTE=0,30",
            "WEEKLY",
            "WEEKLY;INTERVAL=2;BYDAY=MO,WE,SU;WKST=SU",
            "WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1",
            "WEEKLY;BYDAY=MO;BYHOUR=1,2",
            "MONTHLY",
            "MONTHLY;INTERVAL=5;BYMONTHDAY=1,15,28",
            "MONTHLY;BYMONTHDAY=-1,-28",
            "MONTHLY;BYMONTHDAY=15,-15",
            "MONTHLY;BYMONTHDAY=29",
            "MONTHLY;BYDAY=-1FR",
            "MONTHLY;BYDAY=1MO,3MO,1TU",
            "MONTHLY;BYDAY=5MO",
            "MONTHLY;BYDAY=FR;BYMONTHDAY=13",
            "MONTHLY;BYDAY=1MO,-1MO",
            "YEARLY",
            "YEARLY;INTERVAL=4",
            "YEARLY;BYDAY=20MO",
            "YEARLY;BYMONTH=1,6,6;BYMONTHDAY=2,3",
            "YEARLY;BYMONTH=11;BYDAY=4TH",
            "YEARLY;BYMONTHDAY=3",
            "YEARLY;BYDAY=-53MO",
            "YEARLY;BYWEEKNO=3",
            "YEARLY;BYMONTH=3;BYDAY=TU",
            "HOURLY",
            "HOURLY;INTERVAL=7;BYMINUTE=1,59;BYSECOND=3",
            "HOURLY;BYSECOND=0,60",
            "MINUTELY;BYSECOND=5,6",
            "MINUTELY;BYHOUR=3",
            "SECONDLY;INTERVAL=11",
            "HOURLY;BYMINUTE=0,15,30,45;BYSETPOS=2",
        ] {
            for start in [day_of(2024, 2, 29) * DAY_SECONDS, day_of(2023, 5, 3) * DAY_SECONDS + 34_200] {
                for count in [1, 2, 3, 50, 127, 128, 129, 777] {
                    let rule = Rule::parse(&format!("FREQ={part};COUNT={count}")).unwrap();
                    for with_start in [true, false] {
                        let (walking, work) = (Work::new(), Work::new());
                        let starts =
                            |work| if with_start { rule.starts(start, start, work) } else { rule.instances(start, false, start, work) };
                        let (found, walked) = (starts(&work).end_of_count(rule.count.unwrap()), starts(&walking).nth(count - 1));
                        // What takes more work than is allowed is told by neither.
                        if let (Some(found), Some(Ok(walked))) = (found, walked) {
                            assert_eq!(found, walked, "{part} {count} from {start}, with it: {with_start}");
                            reckoned += 1;
                        }
                    }
                }
            }
        }
        assert!(reckoned > 600, "{reckoned}");
        let far = Rule::parse("FREQ=YEARLY;COUNT=99999").unwrap();
        assert!(far.starts(0, 0, &Work::new()).end_of_count(99_999).is_some_and(|end| end > day_of(9999, 12, 31) * DAY_SECONDS));
    }
}
