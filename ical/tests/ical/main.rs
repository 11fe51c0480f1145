//! Recurrence against the cases of the field. They are other people's data under their own licences, so they stay outside:
//! `KALENDS_SHARED` names the folder that has them in `recurrence-cases`; without it these tests say so and pass.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test fails by panicking")]

mod bounds;
mod differential;
mod edge_cases;
mod fidelity;
mod hostile;
mod recurrence;
mod rscale;
mod tolerant;

use bytes::Bytes;
use kalends_ical::CalendarObject;
use kalends_ical::calendar_data::CalendarData;
use kalends_ical::date::parse_utc;
use kalends_ical::recurrence::{ExpandError, RuleError, expand};
use kalends_ical::zone::Zone;
use serde_json::Value;

fn cases(file: &str) -> Option<Vec<Value>> {
    let Ok(folder) = std::env::var("KALENDS_SHARED") else {
        eprintln!("KALENDS_SHARED is not set: {file} was not read");
        return None;
    };
    let text = std::fs::read_to_string(format!("{folder}/recurrence-cases/{file}.json")).expect("the cases are there");
    let value: Value = serde_json::from_str(&text).expect("the cases are JSON");
    Some(value["cases"].as_array().expect("a list of cases").clone())
}

/// The starts of an object's instances, by expanding it over three thousand years.
fn starts(calendar: &str) -> Result<Vec<String>, String> {
    let object = CalendarObject::parse(Bytes::from(calendar.to_owned()), &kalends_ical::Limits::default()).map_err(|r| r.to_string())?;
    starts_within(&object, "00010101T000000Z", "40000101T000000Z")
}

fn starts_within(object: &CalendarObject, start: &str, end: &str) -> Result<Vec<String>, String> {
    let window = (parse_utc(start).unwrap(), parse_utc(end).unwrap());
    let data = CalendarData { selection: None, expand: Some(window), limit_recurrence_set: None, limit_freebusy_set: None };
    let rendered = data.render(object, &Zone::utc()).map_err(|_| "bound reached".to_owned())?;
    let text = String::from_utf8(rendered.to_vec()).unwrap();
    let value = |line: &str| line.strip_prefix("DTSTART").and_then(|rest| rest.rsplit(':').next()).map(str::to_owned);
    Ok(text.lines().filter_map(value).collect())
}

fn event(start: &str, rule: &str) -> String {
    let start = if start.len() == 8 { format!("DTSTART;VALUE=DATE:{start}") } else { format!("DTSTART{start}") };
    let start = start.replace("DTSTART2", "DTSTART:2").replace("DTSTART1", "DTSTART:1");
    format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:u\r\n{start}\r\nRRULE:{rule}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
}

/// How many of the rules agree with what is expected; names those that do not.
fn agreeing(file: &str, counts: impl Fn(&Value) -> bool) -> Option<(usize, usize)> {
    let (mut good, mut all) = (0, 0);
    for case in cases(file)?.iter().filter(|case| counts(case)) {
        all += 1;
        let expected: Vec<String> =
            case["expected"].as_array().into_iter().flatten().map(|v| v.as_str().unwrap().trim_end_matches('Z').to_owned()).collect();
        let (start, rule) = (case["dtstart"].as_str().unwrap(), case["rrule"].as_str().unwrap());
        // A rule that ends after what is listed gives nothing more.
        let limit = if case["complete"].as_bool() == Some(true) { expected.len() + 1 } else { expected.len() };
        let found = expand(start, None, rule, limit).unwrap_or_else(|error| vec![error.to_string()]);
        let found: Vec<&str> = found.iter().map(|s| s.trim_end_matches('Z')).collect();
        if found == expected {
            good += 1;
        } else {
            eprintln!("{} {start} {rule}\n  expected {expected:?}\n  found    {found:?}", case["id"]);
        }
    }
    Some((good, all))
}

/// All but one case, contested ones as listed there: of those this alone counts a start that the rule does not give, against every other
/// case of its file.
fn consistent(case: &Value) -> bool {
    case["id"] != "icaljs-097"
}

#[test]
fn cases_of_libical_agree() {
    let Some((good, all)) = agreeing("libical", consistent) else { return };
    eprintln!("libical: {good} of {all}");
    assert_eq!(good, all);
}

#[test]
fn cases_of_ical_js_agree() {
    let Some((good, all)) = agreeing("ical-js", consistent) else { return };
    eprintln!("ical.js: {good} of {all}");
    assert_eq!(good, all);
}

#[test]
fn rfc7529_cases_of_libical_agree() {
    let Some((good, all)) = agreeing("rscale", |case| case["expected_error"].is_null()) else { return };
    eprintln!("RSCALE: {good} of {all}");
    assert_eq!(good, all);
    for case in cases("rscale").unwrap().iter().filter(|case| !case["expected_error"].is_null()) {
        let refused = expand(case["dtstart"].as_str().unwrap(), None, case["rrule"].as_str().unwrap(), 1).unwrap_err();
        assert!(matches!(refused, ExpandError::Rule(RuleError::Rscale(_))), "{refused}");
    }
}

#[test]
fn rfc5545_s3_3_5_zones_agree() {
    let Some(cases) = cases("zones-own") else { return };
    for case in &cases {
        let (zone, start) = (case["tzid"].as_str().unwrap(), case["dtstart"].as_str().unwrap());
        let found = starts(&event(&format!(";TZID={zone}:{start}"), case["rrule"].as_str().unwrap())).unwrap();
        let expected: Vec<&str> = case["expected_utc"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        assert_eq!(found, expected, "{}", case["id"]);
    }
}

#[test]
fn rfc5545_s3_8_5_sets_agree() {
    let Some(cases) = cases("sets-own") else { return };
    for case in &cases {
        let found = starts(case["ics"].as_str().unwrap()).unwrap();
        let expected: Vec<&str> = case["expected_utc_starts"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        assert_eq!(found, expected, "{}", case["id"]);
    }
}
