//! Random rules and sets against python-dateutil and recurring-ical-events. Where Python lacks them, these tests say so and pass.

use std::io::Write;
use std::process::{Command, Stdio};

use kalends_ical::CalendarObject;
use kalends_ical::Limits;
use kalends_ical::date::{format_utc, parse_utc};
use kalends_ical::occurrences::occurrences;
use kalends_ical::recurrence::{ExpandError, expand};
use kalends_ical::zone::Zone;
use serde_json::{Value, json};

use super::sets::Set;
use super::{Case, INSTANCES, Random, Tally};

const RULES: usize = 2_000;
const SETS: usize = 1_000;
const OBJECTS: usize = 300;
/// Microseconds of two years: what is asked of an object at once.
const WINDOW: i64 = 2 * 365 * 86_400_000_000;

/// What must run without an error for an engine to be there.
const DATEUTIL: &str = "import dateutil.rrule";
/// Version 2 loses moved instances.
const RECURRING_ICAL_EVENTS: &str = "import dateutil.rrule, icalendar, recurring_ical_events, importlib.metadata as metadata
assert int(metadata.version('recurring-ical-events').split('.')[0]) >= 3";

/// One process of Python answers all requests; `None` where it lacks the engine.
fn opinions(engine: &str, requests: &[Value]) -> Option<Vec<Value>> {
    let python = |program: &str| {
        let mut command = Command::new("python3");
        command.args(["-c", program]);
        command
    };
    if !python(engine).stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        eprintln!("nothing was compared: python3 cannot `{}`", engine.replace('\n', "; "));
        return None;
    }
    let mut process = python(include_str!("opinion.py")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = process.stdin.take().unwrap();
    let text: String = requests.iter().map(|request| format!("{request}\n")).collect();
    // Beside reading: neither side waits for the other.
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = process.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let answers: Vec<Value> = String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), requests.len(), "Python ended early");
    Some(answers)
}

/// The dates of an answer, or why there are none.
fn dates(answer: &Value) -> Result<Vec<String>, String> {
    match answer["dates"].as_array() {
        Some(dates) => Ok(dates.iter().map(|date| date.as_str().unwrap().to_owned()).collect()),
        None => match answer["error"].as_str().unwrap() {
            // Said of some rules that can never give anything; of others it gives up.
            error if error.contains("generates an empty set") => Ok(vec![]),
            error => Err(error.to_owned()),
        },
    }
}

#[test]
fn random_rules_and_sets_agree_with_dateutil_but_for_its_known_faults() {
    let mut random = Random::of_worker(2);
    let mut tally = Tally::default();
    let mut cases = Vec::new();
    while cases.len() < RULES {
        let case = Case::random(&mut random);
        // Its faults are those of the crate `rrule`, which was written after it.
        match case.known_fault() {
            Some(fault) => tally.pass_over(fault),
            None => cases.push(case),
        }
    }
    let sets: Vec<Set> = (0..SETS).map(|_| Set::random(&mut random)).collect();
    let lines = |case: &Case| format!("DTSTART:{}Z\nRRULE:{}", case.start, case.rule());
    let asked = cases.iter().map(lines).chain(sets.iter().map(Set::lines));
    let requests: Vec<Value> = asked.map(|lines| json!({ "lines": lines, "most": INSTANCES })).collect();
    let Some(answers) = opinions(DATEUTIL, &requests) else { return };
    for (case, answer) in cases.iter().zip(&answers) {
        let ours = expand(&format!("{}Z", case.start), None, &case.rule(), usize::from(INSTANCES));
        match (ours, dates(answer)) {
            (_, Err(why)) => tally.pass_over(&why),
            (Ok(ours), Ok(theirs)) if ours == theirs => tally.agreed += 1,
            (Err(ExpandError::Bound), Ok(theirs)) if theirs.is_empty() => tally.agreed += 1,
            (ours, theirs) => tally.differing.push(format!("{}\n  ours   {ours:?}\n  theirs {theirs:?}", lines(case))),
        }
    }
    for (set, answer) in sets.iter().zip(&answers[cases.len()..]) {
        match (set.ours(), dates(answer)) {
            (_, Err(why)) => tally.pass_over(&why),
            (Ok(ours), Ok(theirs)) if ours == theirs => tally.agreed += 1,
            (ours, theirs) => tally.differing.push(format!("{}\n  ours   {ours:?}\n  theirs {theirs:?}", set.lines())),
        }
    }
    tally.assert(((RULES + SETS) * 3 / 4) as u64);
}

#[test]
fn random_objects_agree_with_recurring_ical_events() {
    let mut random = Random::of_worker(3);
    let mut tally = Tally::default();
    let mut objects = Vec::new();
    while objects.len() < OBJECTS {
        let set = Set::random(&mut random);
        if !set.excluded_rules.is_empty() {
            tally.pass_over("EXRULE, which RFC 5545 has given up, is not read");
            continue;
        }
        let object = set.object(&set.overrides(&mut random));
        let from = parse_utc(&set.start).unwrap() - 86_400_000_000;
        objects.push((object, (from, from + WINDOW)));
    }
    let request = |(object, (from, until)): &(String, (i64, i64))| json!({ "calendar": object, "from": format_utc(*from), "until": format_utc(*until) });
    let requests: Vec<Value> = objects.iter().map(request).collect();
    let Some(answers) = opinions(RECURRING_ICAL_EVENTS, &requests) else { return };
    for ((text, window), answer) in objects.iter().zip(&answers) {
        let object = CalendarObject::parse(text.clone().into(), &Limits::default()).unwrap();
        let ours = occurrences(&object, *window, &Zone::utc(), usize::MAX).map(|found| {
            let mut starts: Vec<String> = found.iter().map(|one| format_utc(one.begins)).collect();
            starts.sort_unstable();
            starts
        });
        match (ours, dates(answer)) {
            (_, Err(why)) => tally.pass_over(&why),
            (Ok(ours), Ok(theirs)) if ours == theirs => tally.agreed += 1,
            (ours, theirs) => tally.differing.push(format!("{text}\n  ours   {ours:?}\n  theirs {theirs:?}")),
        }
    }
    tally.assert((OBJECTS * 3 / 4) as u64);
}
