//! Random rules against another engine of the field, the crate `rrule`: where they differ, it is by one of its known faults, listed here
//! one by one, or the test fails. The seed is fixed: `KALENDS_SEED` and `KALENDS_RULES` ask for others and for more. So it is with sets
//! ([`sets`]) and with engines in Python, where those are installed ([`python`]).

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{Datelike, NaiveDateTime, TimeDelta, Timelike, Weekday};
use kalends_ical::occurrences::occurrences;
use kalends_ical::recurrence::{ExpandError, expand};
use kalends_ical::zone::Zone;
use kalends_ical::{CalendarObject, Limits};
use rrule::RRuleSet;

mod python;
mod sets;

/// Compared with the other engine in each run; and a quarter as many sets.
const RULES: u64 = 16_000;
/// At once: no test should take all the time of a run.
const WORKERS: u64 = 2;
const INSTANCES: u16 = 12;

/// How many rules were asked for.
fn rules() -> u64 {
    std::env::var("KALENDS_RULES").ok().and_then(|rules| rules.parse().ok()).unwrap_or(RULES)
}

/// xorshift64*: the same numbers on every machine.
pub struct Random(u64);

impl Random {
    pub fn new() -> Self {
        let seed = std::env::var("KALENDS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_124);
        Self(u64::max(seed, 1))
    }

    /// Other numbers for each worker.
    fn of_worker(worker: u64) -> Self {
        let Self(seed) = Self::new();
        Self(u64::max(seed ^ worker.wrapping_mul(0x9e37_79b9_7f4a_7c15), 1))
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Up to `most` different numbers, sorted; negative ones too where `signed`.
    fn list(&mut self, most: u64, low: i64, high: i64, signed: bool) -> String {
        let mut numbers: Vec<i64> = (0..=self.below(most)).map(|_| low + self.below((high - low + 1) as u64) as i64).collect();
        numbers.iter_mut().for_each(|number| *number *= if signed && self.chance(30) { -1 } else { 1 });
        numbers.sort_unstable();
        numbers.dedup();
        numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
    }
}

#[derive(Debug, Clone)]
struct Case {
    start: String,
    frequency: &'static str,
    parts: Vec<(&'static str, String)>,
}

impl Case {
    fn random(random: &mut Random) -> Self {
        let frequency =
            random.one(&["YEARLY", "YEARLY", "MONTHLY", "MONTHLY", "WEEKLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"]);
        let start = format!(
            "{:04}{:02}{:02}T{:02}{:02}{:02}",
            1980 + random.below(80),
            1 + random.below(12),
            1 + random.below(28),
            random.below(24),
            random.below(60),
            random.below(60)
        );
        let mut parts = Vec::new();
        let mut part = |name, value| parts.push((name, value));
        let is = |names: &[&str]| names.contains(&frequency);
        if random.chance(50) {
            part("INTERVAL", (1 + random.below(if is(&["YEARLY", "SECONDLY"]) { 4 } else { 9 })).to_string());
        }
        if random.chance(30) {
            part("BYMONTH", random.list(3, 1, 12, false));
        }
        if is(&["YEARLY"]) && random.chance(10) {
            part("BYWEEKNO", random.list(3, 1, 53, true));
        }
        if is(&["YEARLY"]) && random.chance(12) {
            part("BYYEARDAY", random.list(4, 1, 366, true));
        }
        if !is(&["WEEKLY"]) && random.chance(25) {
            part("BYMONTHDAY", random.list(4, 1, 31, true));
        }
        if random.chance(45) {
            let days: Vec<String> = (0..=random.below(3))
                .map(|_| {
                    let day = random.one(&["MO", "TU", "WE", "TH", "FR", "SA", "SU"]);
                    let nth =
                        if is(&["MONTHLY", "YEARLY"]) && random.chance(40) { random.one(&["1", "2", "3", "-1", "-2", "5"]) } else { "" };
                    format!("{nth}{day}")
                })
                .collect();
            part("BYDAY", days.join(","));
        }
        if random.chance(15) {
            part("BYHOUR", random.list(3, 0, 23, false));
        }
        if random.chance(15) {
            part("BYMINUTE", random.list(3, 0, 59, false));
        }
        if random.chance(10) {
            part("BYSECOND", random.list(2, 0, 59, false));
        }
        // Below a week a period rarely has more than one instance to choose from: rules that give nothing are another test's.
        if random.chance(if is(&["YEARLY", "MONTHLY", "WEEKLY"]) { 20 } else { 2 }) {
            part("BYSETPOS", random.list(2, 1, 4, true));
        }
        if random.chance(20) {
            part("WKST", random.one(&["SU", "MO", "WE"]).to_owned());
        }
        match random.below(4) {
            0 => part("COUNT", (1 + random.below(20)).to_string()),
            1 => part("UNTIL", format!("{:04}0615T120000Z", 1985 + random.below(100))),
            _ => {}
        }
        Self { start, frequency, parts }
    }

    fn is_below_daily(&self) -> bool {
        matches!(self.frequency, "SECONDLY" | "MINUTELY" | "HOURLY")
    }

    fn rule(&self) -> String {
        let parts: String = self.parts.iter().map(|(name, value)| format!(";{name}={value}")).collect();
        format!("FREQ={}{parts}", self.frequency)
    }

    fn has(&self, name: &str) -> bool {
        self.part(name).is_some()
    }

    fn part(&self, name: &str) -> Option<&str> {
        self.parts.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// What the other engine is known to read otherwise, or not at all.
    fn known_fault(&self) -> Option<&'static str> {
        let days: Vec<&str> = self.part("BYDAY").into_iter().flat_map(|days| days.split(',')).collect();
        let numbered = days.iter().filter(|day| day.len() > 2).count();
        if self.has("BYWEEKNO") {
            // Weekday of DTSTART where BYDAY is missing; years of whole weeks.
            return Some("BYWEEKNO gives all days of a week, in calendar years");
        }
        if self.frequency == "WEEKLY" && self.has("BYSETPOS") {
            return Some("BYSETPOS of a week is counted from DTSTART, not from the week's start");
        }
        if numbered > 0 && numbered < days.len() {
            return Some("BYDAY with and without numbers is an intersection");
        }
        if self.frequency == "YEARLY" && self.has("BYMONTHDAY") && !self.has("BYMONTH") && !self.has("BYDAY") && !self.has("BYYEARDAY") {
            return Some("YEARLY with BYMONTHDAY alone is every month, not DTSTART's");
        }
        if numbered > 0 && (self.has("BYMONTHDAY") || self.has("BYYEARDAY")) {
            return Some("numbered BYDAY beside days of a month or year");
        }
        None
    }
}

fn weekday(name: &str) -> Weekday {
    let all = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
    let names = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    names.iter().zip(all).find(|(known, _)| **known == name).map(|(_, weekday)| weekday).unwrap()
}

/// Frequencies below a day are walked second by second, minute by minute, hour by hour, as the table of RFC 5545 §3.3.10 reads: the other
/// engine passes over hours and minutes it should not. Up to `STEPS_MAX` periods; whether the rule ended within them.
fn walked(case: &Case) -> (Vec<NaiveDateTime>, NaiveDateTime, bool) {
    const STEPS_MAX: i64 = 20_000;
    let start = NaiveDateTime::parse_from_str(&case.start, "%Y%m%dT%H%M%S").unwrap();
    let list =
        |name: &str| -> Vec<i64> { case.part(name).into_iter().flat_map(|text| text.split(',')).map(|n| n.parse().unwrap()).collect() };
    let [months, month_days, hours, minutes, seconds] = ["BYMONTH", "BYMONTHDAY", "BYHOUR", "BYMINUTE", "BYSECOND"].map(list);
    let positions = list("BYSETPOS");
    let weekdays: Vec<Weekday> = case.part("BYDAY").into_iter().flat_map(|days| days.split(',')).map(weekday).collect();
    let interval: i64 = case.part("INTERVAL").map_or(1, |text| text.parse().unwrap());
    let count = case.part("COUNT").map_or(usize::MAX, |text| text.parse().unwrap());
    let until = case.part("UNTIL").map(|text| NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").unwrap());
    let (unit, is_hourly, is_secondly) = match case.frequency {
        "HOURLY" => (3600, true, false),
        "MINUTELY" => (60, false, false),
        _ => (1, false, true),
    };
    let allows = |list: &[i64], value: u32| list.is_empty() || list.contains(&i64::from(value));
    let mut found = Vec::new();
    let begin = start - TimeDelta::seconds(i64::from(start.num_seconds_from_midnight()) % unit);
    let mut at = begin;
    for step in 0..STEPS_MAX {
        at = begin + TimeDelta::seconds(step * interval * unit);
        let of_month = || {
            let (day, last) = (i64::from(at.day()), i64::from(at.date().num_days_in_month()));
            month_days.is_empty() || month_days.contains(&day) || month_days.contains(&(day - last - 1))
        };
        let limits = allows(&hours, at.hour())
            && (is_hourly || allows(&minutes, at.minute()))
            && (!is_secondly || allows(&seconds, at.second()))
            && allows(&months, at.month())
            && (weekdays.is_empty() || weekdays.contains(&at.weekday()))
            && of_month();
        if !limits {
            continue;
        }
        let or = |list: &[i64], own: u32, expands: bool, at: u32| match (expands, list) {
            (false, _) => vec![i64::from(at)],
            (true, []) => vec![i64::from(own)],
            (true, list) => list.to_vec(),
        };
        let minutes = or(&minutes, start.minute(), is_hourly, at.minute());
        let seconds = or(&seconds, start.second(), !is_secondly, at.second());
        let hour = at - TimeDelta::seconds(i64::from(at.minute() * 60 + at.second()));
        let mut all: Vec<NaiveDateTime> =
            minutes.iter().flat_map(|minute| seconds.iter().map(move |second| hour + TimeDelta::seconds(minute * 60 + second))).collect();
        all.sort_unstable();
        if !positions.is_empty() {
            let length = all.len() as i64;
            let mut chosen: Vec<i64> =
                positions.iter().map(|p| if *p > 0 { p - 1 } else { length + p }).filter(|p| (0..length).contains(p)).collect();
            chosen.sort_unstable();
            chosen.dedup();
            all = chosen.into_iter().map(|index| all[index as usize]).collect();
        }
        for one in all.into_iter().filter(|one| *one >= start) {
            if until.is_some_and(|until| one > until) || found.len() >= count {
                return (found, at, true);
            }
            found.push(one);
            if found.len() >= usize::from(INSTANCES) {
                return (found, at, false);
            }
        }
        if found.len() >= count {
            return (found, at, true);
        }
    }
    (found, at, false)
}

/// Whether what was walked is where ours begins, and nothing of ours is left out before the walk's end.
fn agrees_with_walk(case: &Case, ours: &Result<Vec<String>, ExpandError>) -> bool {
    let (found, reached, ended) = walked(case);
    let found: Vec<String> = found.iter().map(|at| at.format("%Y%m%dT%H%M%SZ").to_string()).collect();
    let reached = reached.format("%Y%m%dT%H%M%SZ").to_string();
    match ours {
        Ok(ours) if ended || found.len() >= usize::from(INSTANCES) => *ours == found,
        Ok(ours) => ours.starts_with(&found) && ours.get(found.len()).is_none_or(|next| *next >= reached),
        Err(ExpandError::Bound) => found.is_empty(),
        Err(_) => false,
    }
}

fn theirs(case: &Case) -> Result<Vec<String>, String> {
    let set: RRuleSet =
        format!("DTSTART:{}Z\nRRULE:{}", case.start, case.rule()).parse().map_err(|error: rrule::RRuleError| error.to_string())?;
    let found = set.all(INSTANCES);
    if found.limited && found.dates.len() < usize::from(INSTANCES) {
        return Err("it gave up".to_owned());
    }
    Ok(found.dates.iter().map(|date| date.format("%Y%m%dT%H%M%SZ").to_string()).collect())
}

/// What came of comparing.
#[derive(Default)]
struct Tally {
    agreed: u64,
    /// Of frequencies that the other engine is not asked for.
    walked: u64,
    differing: Vec<String>,
    passed_over: BTreeMap<String, u64>,
}

impl Tally {
    /// Passed over, for this reason; why an engine takes no rule is told with the rule's own dates, so only its beginning counts.
    fn pass_over(&mut self, why: &str) {
        *self.passed_over.entry(why.chars().take(30).collect()).or_default() += 1;
    }

    /// Several workers compare, each its share.
    fn of_workers(share: impl Fn(u64, Random) -> Self + Sync, rules: u64) -> Self {
        let share = &share;
        let tallies: Vec<Self> = std::thread::scope(|scope| {
            let workers: Vec<_> =
                (0..WORKERS).map(|worker| scope.spawn(move || share(rules.div_ceil(WORKERS), Random::of_worker(worker)))).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        tallies.into_iter().fold(Self::default(), |mut all, tally| {
            all.agreed += tally.agreed;
            all.walked += tally.walked;
            all.differing.extend(tally.differing);
            tally.passed_over.into_iter().for_each(|(why, count)| *all.passed_over.entry(why).or_default() += count);
            all
        })
    }

    fn assert(&self, rules: u64) {
        eprintln!("{} agree, {} more with a walk; passed over: {:#?}", self.agreed, self.walked, self.passed_over);
        assert!(self.differing.is_empty(), "{}", self.differing.join("\n"));
        assert!(self.agreed >= rules);
    }
}

/// Compares rules until so many agree, and a fifth as many below a day with a walk.
fn compare(rules: u64, mut random: Random) -> Tally {
    let mut tally = Tally::default();
    while tally.agreed < rules && tally.differing.len() < 20 {
        let case = Case::random(&mut random);
        let ours = || expand(&format!("{}Z", case.start), None, &case.rule(), usize::from(INSTANCES));
        if case.is_below_daily() {
            if tally.walked < rules / 5 {
                let ours = ours();
                if agrees_with_walk(&case, &ours) {
                    tally.walked += 1;
                } else {
                    tally.differing.push(format!("{} {}\n  ours   {ours:?}\n  walked {:?}", case.start, case.rule(), walked(&case)));
                }
            }
            continue;
        }
        let theirs = match case.known_fault() {
            Some(fault) => Err(fault.to_owned()),
            None => theirs(&case),
        };
        let theirs = match theirs {
            Ok(theirs) => theirs,
            Err(why) => {
                tally.pass_over(&why);
                continue;
            }
        };
        match ours() {
            Ok(ours) if ours == theirs => tally.agreed += 1,
            // A rule that gives nothing: told here, silence there.
            Err(ExpandError::Bound) if theirs.is_empty() => tally.agreed += 1,
            ours => tally.differing.push(format!("{} {}\n  ours   {ours:?}\n  theirs {theirs:?}", case.start, case.rule())),
        }
    }
    tally
}

#[test]
fn random_rules_agree_with_another_engine_but_for_its_known_faults() {
    Tally::of_workers(compare, rules()).assert(rules());
}

#[test]
fn windows_show_what_the_whole_series_holds() {
    let mut random = Random::new();
    for _ in 0..1_500 {
        let mut case = Case::random(&mut random);
        case.parts.retain(|(name, _)| *name != "UNTIL");
        if case.is_below_daily() && !case.has("COUNT") {
            case.parts.push(("COUNT", "200".to_owned()));
        }
        let object = format!(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nDTSTART:{}Z\nDURATION:PT1H\nRRULE:{}\nEND:VEVENT\nEND:VCALENDAR\n",
            case.start,
            case.rule()
        );
        let object = CalendarObject::parse(Bytes::from(object), &Limits::default()).unwrap();
        let year = |random: &mut Random| {
            kalends_ical::date::parse_utc(&format!("{:04}{:02}15T103000Z", 1900 + random.below(300), 1 + random.below(12))).unwrap()
        };
        let (one, other) = (year(&mut random), year(&mut random));
        let window = (one.min(other), one.max(other) + 86_400_000_000);
        let everything = (kalends_ical::UNBOUNDED_PAST, window.1);
        // What takes more work than one question may is told; then there is nothing to compare.
        let Ok(all) = occurrences(&object, everything, &Zone::utc(), usize::MAX) else { continue };
        let Ok(found) = occurrences(&object, window, &Zone::utc(), usize::MAX) else { continue };
        let within = |o: &kalends_ical::occurrences::Occurrence<'_>| o.ends > window.0 && o.begins < window.1;
        let wanted: Vec<i64> = all.iter().filter(|o| within(o)).map(|o| o.begins).collect();
        let found: Vec<i64> = found.iter().map(|o| o.begins).collect();
        assert_eq!(found, wanted, "{} {} in {window:?}", case.start, case.rule());
    }
}
