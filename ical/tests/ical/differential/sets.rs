//! Random recurrence sets: RRULEs, RDATEs, EXDATEs and EXRULEs together (RFC 5545 §3.8.5).

use bytes::Bytes;
use kalends_ical::date::{format_utc, parse_utc};
use kalends_ical::filter::BoundReached;
use kalends_ical::occurrences::occurrences;
use kalends_ical::recurrence::expand;
use kalends_ical::zone::Zone;
use kalends_ical::{CalendarObject, Limits, UNBOUNDED_FUTURE, UNBOUNDED_PAST};
use rrule::RRuleSet;

use super::{Case, INSTANCES, Random, Tally, rules};

/// A set. Times are in UTC.
pub struct Set {
    pub start: String,
    rules: Vec<String>,
    pub excluded_rules: Vec<String>,
    dates: Vec<String>,
    excluded: Vec<String>,
}

impl Set {
    /// A set whose rules all give its start: about the others the RFC says nothing, and engines differ.
    pub fn random(random: &mut Random) -> Self {
        loop {
            let case = Case::random(random);
            if case.is_below_daily() || case.known_fault().is_some() {
                continue;
            }
            let first = |start: &str, most| expand(start, None, &case.rule(), most).unwrap_or_default();
            let Some(start) = first(&format!("{}Z", case.start), 1).pop() else { continue };
            let instances = first(&start, 8);
            if instances.first() != Some(&start) {
                continue;
            }
            let mut rules = vec![case.rule()];
            if random.chance(30) {
                rules.push(Self::plain_rule(random, &["DAILY", "WEEKLY", "HOURLY"]));
            }
            // The other engine walks an EXRULE anew for each instance: below a day that takes it seconds.
            let excluded_rules = match random.below(8) {
                0 => vec![Self::plain_rule(random, &["DAILY", "WEEKLY"])],
                // One that may leave the start alone.
                1 => vec![format!("FREQ=WEEKLY;BYDAY={}", random.one(&["MO", "TU,TH", "SA,SU"]))],
                _ => vec![],
            };
            let dates: Vec<String> = (0..random.below(4)).map(|_| Self::date(random, &start, &instances)).collect();
            let known = [&instances[..], &dates].concat();
            let excluded = (0..random.below(4)).map(|_| Self::date(random, &start, &known)).collect();
            return Self { start, rules, excluded_rules, dates, excluded };
        }
    }

    /// A rule that gives its start, whenever that is.
    fn plain_rule(random: &mut Random, frequencies: &[&str]) -> String {
        let (frequency, interval) = (random.one(frequencies), 2 + random.below(40));
        let count = if random.chance(70) { format!(";COUNT={}", 1 + random.below(10)) } else { String::new() };
        format!("FREQ={frequency};INTERVAL={interval}{count}")
    }

    /// One of the known ones, or one behind the start.
    fn date(random: &mut Random, start: &str, known: &[String]) -> String {
        if random.chance(60) {
            return known[random.below(known.len() as u64) as usize].clone();
        }
        let seconds = (random.below(60 * 24) * 3600) as i64;
        format_utc(parse_utc(start).unwrap() + seconds * 1_000_000)
    }

    /// Components that move some of its instances, of its rules and not, here and there.
    pub fn overrides(&self, random: &mut Random) -> String {
        let instances = self.ours().unwrap_or_default();
        let mut overrides = String::new();
        for id in &instances {
            if random.chance(75) {
                continue;
            }
            let start = Self::date(random, id, &instances);
            overrides.push_str(&format!("BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:{id}\nDTSTART:{start}\nDURATION:PT1H\nEND:VEVENT\n"));
        }
        overrides
    }

    /// Its lines, DTSTART first.
    pub fn lines(&self) -> String {
        let mut lines = vec![format!("DTSTART:{}", self.start)];
        lines.extend(self.rules.iter().map(|rule| format!("RRULE:{rule}")));
        lines.extend(self.excluded_rules.iter().map(|rule| format!("EXRULE:{rule}")));
        let lists = [("RDATE", &self.dates), ("EXDATE", &self.excluded)];
        lines.extend(lists.iter().filter(|(_, dates)| !dates.is_empty()).map(|(name, dates)| format!("{name}:{}", dates.join(","))));
        lines.join("\n")
    }

    /// As an object, with more components.
    pub fn object(&self, more: &str) -> String {
        let lines = self.lines();
        format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x\nBEGIN:VEVENT\nUID:u\nDURATION:PT1H\n{lines}\nEND:VEVENT\n{more}END:VCALENDAR\n")
    }

    /// Its first instances, as this engine finds them.
    pub fn ours(&self) -> Result<Vec<String>, BoundReached> {
        let object = CalendarObject::parse(Bytes::from(self.object("")), &Limits::default()).unwrap();
        let everything = (UNBOUNDED_PAST, UNBOUNDED_FUTURE);
        let found = occurrences(&object, everything, &Zone::utc(), usize::from(INSTANCES))?;
        Ok(found.iter().map(|one| format_utc(one.begins)).collect())
    }

    /// What two rules or dates give is there twice (RFC 5545 §3.8.5.2: once): a known fault.
    fn theirs(&self) -> Result<Vec<String>, String> {
        let set: RRuleSet = self.lines().parse().map_err(|error: rrule::RRuleError| error.to_string())?;
        let found = set.all(5 * INSTANCES);
        let mut dates: Vec<String> = found.dates.iter().map(|date| date.format("%Y%m%dT%H%M%SZ").to_string()).collect();
        dates.dedup();
        dates.truncate(usize::from(INSTANCES));
        if found.limited && found.dates.len() < usize::from(5 * INSTANCES) && dates.len() < usize::from(INSTANCES) {
            return Err("it gave up".to_owned());
        }
        Ok(dates)
    }
}

fn compare(sets: u64, mut random: Random) -> Tally {
    let mut tally = Tally::default();
    while tally.agreed < sets && tally.differing.len() < 20 {
        let set = Set::random(&mut random);
        match (set.ours(), set.theirs()) {
            (_, Err(why)) => tally.pass_over(&why),
            (Ok(ours), Ok(theirs)) if ours == theirs => tally.agreed += 1,
            // From some instance on all is excluded, or nothing comes for very long: told here, silence there.
            (Err(BoundReached), Ok(theirs)) if theirs.len() < usize::from(INSTANCES) => tally.pass_over("told: bound reached"),
            (ours, theirs) => tally.differing.push(format!("{}\n  ours   {ours:?}\n  theirs {theirs:?}", set.lines())),
        }
    }
    tally
}

#[test]
fn random_sets_agree_with_another_engine() {
    Tally::of_workers(compare, rules() / 4).assert(rules() / 4);
}
