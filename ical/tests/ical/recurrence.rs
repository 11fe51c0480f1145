//! Recurrence by example: the project's own cases of every class in which engines have been seen to differ. The tables are in
//! `tests/cases`, each with its form at its head.

use kalends_ical::CalendarObject;
use kalends_ical::Limits;
use kalends_ical::date::format_utc;
use kalends_ical::occurrences::occurrences;
use kalends_ical::recurrence::{ExpandError, expand};
use kalends_ical::zone::Zone;
use kalends_ical::{UNBOUNDED_FUTURE, UNBOUNDED_PAST};

use crate::{starts, starts_within};

/// A row of a table, its lines joined, with the class it stands under.
struct Row<'a> {
    class: &'a str,
    case: Vec<&'a str>,
    /// What stands behind the arrow, if there is one.
    gives: Option<Vec<&'a str>>,
}

fn rows(table: &str) -> Vec<(String, String)> {
    let mut class = String::new();
    let mut rows: Vec<(String, String)> = Vec::new();
    for line in table.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        match (line.strip_prefix("= "), rows.last_mut()) {
            (Some(named), _) => class = named.to_owned(),
            (None, Some((_, row))) if line.starts_with(' ') => row.push_str(line),
            (None, _) => rows.push((class.clone(), line.to_owned())),
        }
    }
    rows
}

fn read(row: &(String, String)) -> Row<'_> {
    let (class, row) = row;
    let (case, gives) = row.split_once("=>").map_or((row.as_str(), None), |(case, gives)| (case, Some(gives)));
    Row { class, case: case.split_whitespace().collect(), gives: gives.map(|gives| gives.split_whitespace().collect()) }
}

/// The number of days since 1970-01-01 of `20260101`, and back: by the microseconds of its midnight.
fn days_between(first: &str, last: &str) -> Vec<String> {
    const DAY: i64 = 86_400_000_000;
    let midnight = |day: &str| kalends_ical::date::parse_utc(&format!("{day}T000000Z")).unwrap();
    let (first, last) = (midnight(first), midnight(last));
    (0..=(last - first) / DAY).map(|day| format_utc(first + day * DAY)[..8].to_owned()).collect()
}

/// Instances as the engine spells them: with the time of the start, or the day of the one before, where theirs is left out.
fn spelt(start: &str, gives: &[&str]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let time = &start[8..];
    let zulu = if start.ends_with('Z') { "Z" } else { "" };
    for text in gives {
        match text.split_once('-') {
            Some((first, last)) => all.extend(days_between(first, last).iter().map(|day| format!("{day}{time}"))),
            None if text.len() == 8 => all.push(format!("{text}{time}")),
            None if text.starts_with('T') => all.push(format!("{}{text}{zulu}", &all.last().unwrap()[..8])),
            None => all.push(format!("{}{zulu}", text.trim_end_matches('Z'))),
        }
    }
    all
}

/// What is wrong about one row, if anything is.
fn fault(start: &str, zone: Option<&str>, rule: &str, gives: &[&str]) -> Option<String> {
    let found = |most| expand(start, zone, rule, most);
    match gives {
        ["never"] => match found(1) {
            Ok(none) if none.is_empty() => None,
            Err(ExpandError::Bound) => None,
            other => Some(format!("gives {other:?}")),
        },
        ["refused"] => match found(1) {
            Err(ExpandError::Rule(_)) => None,
            other => Some(format!("gives {other:?}")),
        },
        _ => {
            let (listed, goes_on) = match gives {
                [listed @ .., "..."] => (listed, true),
                listed => (listed, false),
            };
            let wanted = spelt(start, listed);
            let found = found(wanted.len() + 1);
            let good = found.as_ref().is_ok_and(|found| found.starts_with(&wanted) && (found.len() > wanted.len()) == goes_on);
            (!good).then(|| format!("\n  wanted {wanted:?}{}\n  found  {found:?}", if goes_on { " and more" } else { "" }))
        }
    }
}

fn assert_no_faults(faults: &[String]) {
    assert!(faults.is_empty(), "{} rows:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn rfc5545_s3_3_10_and_rfc7529_every_class_of_rule() {
    let rows = rows(include_str!("../cases/rules.txt"));
    let mut faults = Vec::new();
    for Row { class, case, gives } in rows.iter().map(read) {
        let [start, rule] = case[..] else { panic!("{class}: {case:?}") };
        let fault = fault(start, None, rule, &gives.unwrap_or_else(|| panic!("{rule} has instances")));
        faults.extend(fault.map(|fault| format!("{class}: {start} {rule} {fault}")));
    }
    assert_no_faults(&faults);
    assert!(rows.len() > 200, "{}", rows.len());
}

#[test]
fn rfc5545_s3_8_5_3_the_examples_of_the_rfc() {
    let rows = rows(include_str!("../cases/rfc5545_examples.txt"));
    let mut faults = Vec::new();
    for (index, Row { class, case, gives }) in rows.iter().map(read).enumerate() {
        let [start, rule] = case[..] else { panic!("{class}: {case:?}") };
        // The RFC's "or" has the instances of the row behind it.
        let gives = gives.or_else(|| read(&rows[index + 1]).gives).unwrap_or_else(|| panic!("{rule} has instances"));
        let fault = fault(start, Some("America/New_York"), rule, &gives);
        faults.extend(fault.map(|fault| format!("{class}: {start} {rule} {fault}")));
    }
    assert_no_faults(&faults);
    assert!(rows.len() > 40, "{}", rows.len());
}

#[test]
fn rfc4791_s9_6_5_a_window_into_a_rule_shows_what_the_whole_gives() {
    for Row { class, case, gives } in rows(include_str!("../cases/rules.txt")).iter().map(read) {
        let ([start, rule], gives) = (&case[..], gives.unwrap_or_default()) else { panic!("{class}: {case:?}") };
        let wanted = spelt(start, &gives.into_iter().filter(|text| !matches!(*text, "..." | "never" | "refused")).collect::<Vec<_>>());
        // In an object DTSTART is an instance in any case: only rules that give it are the same there.
        if wanted.len() < 3 || wanted[0] != *start {
            continue;
        }
        let object = CalendarObject::parse(crate::event(start, rule).into(), &Limits::default()).unwrap();
        let instant =
            |text: &str| format!("{}Z", if text.len() == 8 { format!("{text}T000000") } else { text.trim_end_matches('Z').to_owned() });
        // From the second instance, and for the last one alone.
        let end = |last: &str| format_utc(kalends_ical::date::parse_utc(&instant(last)).unwrap() + 1_000_000);
        let last = wanted.last().unwrap();
        let same = |text: &String| text.trim_end_matches('Z').to_owned();
        for from in [1, wanted.len() - 1] {
            let found = starts_within(&object, &instant(&wanted[from]), &end(last)).unwrap();
            let (found, wanted): (Vec<_>, Vec<_>) = (found.iter().map(same).collect(), wanted[from..].iter().map(same).collect());
            assert_eq!(found, wanted, "{class}: {start} {rule}");
        }
    }
}

#[test]
fn rfc5545_s3_3_5_every_class_of_zone() {
    let rows = rows(include_str!("../cases/zones.txt"));
    let mut faults = Vec::new();
    for Row { class, case, gives } in rows.iter().map(read) {
        let [zone, start, rule] = case[..] else { panic!("{class}: {case:?}") };
        let found = starts(&crate::event(&format!(";TZID={zone}:{start}"), rule)).unwrap();
        if Some(found.iter().map(String::as_str).collect()) != gives {
            faults.push(format!("{class}: {zone} {start} {rule}\n  wanted {gives:?}\n  found  {found:?}"));
        }
    }
    assert_no_faults(&faults);
    assert!(rows.len() > 17, "{}", rows.len());
}

#[test]
fn rfc5545_s3_3_5_a_floating_start_is_read_in_the_zone_that_is_asked_for() {
    let object = CalendarObject::parse(crate::event("20250329T023000", "FREQ=DAILY;COUNT=3").into(), &Limits::default()).unwrap();
    let begins = |zone: &str| -> Vec<String> {
        let zone = Zone::from_name(zone).unwrap();
        let found = occurrences(&object, (UNBOUNDED_PAST, UNBOUNDED_FUTURE), &zone, 10).unwrap();
        found.iter().map(|one| format_utc(one.begins)).collect()
    };
    assert_eq!(begins("UTC"), ["20250329T023000Z", "20250330T023000Z", "20250331T023000Z"]);
    assert_eq!(begins("Europe/Berlin"), ["20250329T013000Z", "20250330T013000Z", "20250331T003000Z"]);
    assert_eq!(begins("America/New_York"), ["20250329T063000Z", "20250330T063000Z", "20250331T063000Z"]);
}

/// The object that the lines of a set describe.
fn object_of(lines: &[&str]) -> String {
    let (kind, lines) = match lines {
        [kind @ ("VTODO" | "VJOURNAL"), lines @ ..] => (*kind, lines),
        lines => ("VEVENT", lines),
    };
    let components: String = lines
        .split(|line| *line == "---")
        .map(|lines| format!("BEGIN:{kind}\r\nUID:u\r\n{}\r\nEND:{kind}\r\n", lines.join("\r\n")))
        .collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{components}END:VCALENDAR\r\n")
}

#[test]
fn rfc5545_s3_8_5_every_class_of_set() {
    let (mut faults, mut sets) = (Vec::new(), 0);
    for set in include_str!("../cases/sets.txt").split("\n= ").skip(1) {
        let lines: Vec<&str> = set.lines().filter(|line| !line.trim().is_empty()).collect();
        let [class, lines @ .., gives] = &lines[..] else { panic!("{set}") };
        let wanted: Vec<&str> = gives.strip_prefix("=>").unwrap_or_else(|| panic!("{class}")).split_whitespace().collect();
        let mut found = starts(&object_of(lines)).unwrap_or_else(|why| panic!("{class}: {why}"));
        // Overrides may be written in any order.
        found.sort_unstable();
        if found != wanted {
            faults.push(format!("{class}\n  wanted {wanted:?}\n  found  {found:?}"));
        }
        sets += 1;
    }
    assert_no_faults(&faults);
    assert!(sets > 25, "{sets}");
}

#[test]
fn rfc5545_s3_8_5_2_a_period_has_its_own_length() {
    let lines = ["DTSTART:20240304T100000Z", "DURATION:PT1H", "RDATE;VALUE=PERIOD:20240305T100000Z/20240305T113000Z,20240306T100000Z/PT2H"];
    let object = CalendarObject::parse(object_of(&lines).into(), &Limits::default()).unwrap();
    let found = occurrences(&object, (UNBOUNDED_PAST, UNBOUNDED_FUTURE), &Zone::utc(), 10).unwrap();
    let minutes: Vec<i64> = found.iter().map(|one| (one.ends - one.begins) / 60_000_000).collect();
    assert_eq!(minutes, [60, 90, 120]);
}
