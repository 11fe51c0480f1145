//! `kalends compliance`: what of which specification is done where, and which tests hold it to that.

use clap::Args;
use kalends_dav::method::METHODS;
use kalends_dav::precondition::Precondition;
use kalends_dav::property::LIVE_PROPERTIES;
use kalends_dav::report::REPORTS;
use serde_json::json;

use super::say;
use crate::failure::Failure;

/// List what the server does by specification and section, from the tables it works by, with the tests of each
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kalends compliance\n  kalends compliance 4791 --json\n\nA test over HTTP is run by: cargo test -p compliance-tests -- NAME"
)]
pub struct Compliance {
    /// Only of this RFC, by number
    rfc: Option<String>,
    /// One JSON value
    #[arg(long)]
    json: bool,
}

/// RFC, section and name of each test, found by the build script.
static TESTS: &[(&str, &str, &str)] = &include!(concat!(env!("OUT_DIR"), "/tests.rs"));

/// A row of one of the protocol's tables.
struct Row {
    /// Such as `RFC 4791 §7.8`; also of drafts, and of what vendors have published.
    section: &'static str,
    what: String,
    /// The table.
    place: &'static str,
}

pub fn compliance(command: &Compliance) -> Result<(), Failure> {
    let mut rows = rows();
    let only = command.rfc.as_deref().map(|rfc| rfc.trim_start_matches(|character: char| !character.is_ascii_digit()));
    if let Some(number) = only {
        rows.retain(|row| numbers_of(row.section).is_some_and(|(of_row, _)| of_row == number));
        let is_tested = TESTS.iter().any(|(of_test, ..)| *of_test == number);
        if rows.is_empty() && !is_tested {
            return Err(Failure::new(format!("nothing here is of RFC {number}: `kalends compliance` lists all that is")));
        }
    }
    let told: Vec<_> = rows.iter().map(|row| (row, tests_of(row.section))).collect();
    let other_tests = others(&rows, only);
    if command.json {
        let rows = told.iter().map(|(row, tests)| json!({ "section": row.section, "what": row.what, "where": row.place, "tests": tests }));
        let others = other_tests.iter().map(|(rfc, section, name)| json!({ "section": spelt(rfc, section), "tests": [name] }));
        say(&serde_json::Value::from_iter(rows.chain(others)).to_string());
        return Ok(());
    }
    for (row, tests) in &told {
        say(&format!("{:<26} {:<56} {}", row.section, row.what, row.place));
        tests.iter().for_each(|test| say(&format!("    {test}")));
    }
    for (rfc, section, name) in &other_tests {
        say(&format!("{:<26} {name}", spelt(rfc, section)));
    }
    Ok(())
}

/// All tables, by specification and section.
fn rows() -> Vec<Row> {
    let methods = METHODS.iter().map(|rule| {
        let what = if rule.mapped { rule.method.to_owned() } else { format!("{} of what is not there yet", rule.method) };
        Row { section: rule.section, what, place: "dav/src/method.rs" }
    });
    let reports = REPORTS.iter().map(|report| Row {
        section: report.section,
        what: format!("REPORT {}", report.name.local),
        place: "dav/src/report.rs",
    });
    let properties = LIVE_PROPERTIES.iter().map(|property| Row {
        section: property.section,
        what: format!("property {}", property.name.local),
        place: "dav/src/property.rs",
    });
    let preconditions = Precondition::ALL.iter().map(|rule| Row {
        section: rule.section(),
        what: format!("precondition {}", rule.name().local),
        place: "dav/src/precondition.rs",
    });
    let mut rows: Vec<Row> = methods.chain(reports).chain(properties).chain(preconditions).collect();
    rows.sort_by_key(|row| {
        let (rfc, section) = numbers_of(row.section).unwrap_or(("", ""));
        let order = |text: &str| text.split('.').map(|number| number.parse::<u32>().unwrap_or(u32::MAX)).collect::<Vec<_>>();
        (order(rfc), order(section))
    });
    rows
}

/// `("4791", "7.8")` of `RFC 4791 §7.8`.
fn numbers_of(section: &str) -> Option<(&str, &str)> {
    let (rfc, rest) = section.strip_prefix("RFC ")?.split_once(" §").unwrap_or((section.strip_prefix("RFC ")?, ""));
    Some((rfc, rest.split([',', ' ']).next().unwrap_or(rest)))
}

/// Names of the tests of a section and of what is below it.
fn tests_of(section: &str) -> Vec<&'static str> {
    let Some((rfc, section)) = numbers_of(section) else { return Vec::new() };
    let is_of = |test: &str| test.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    TESTS.iter().filter(|(of_test, at, _)| *of_test == rfc && is_of(at)).map(|(.., name)| *name).collect()
}

/// Tests of sections that no row is of: those of formats, and of rules that are more than a row.
fn others(rows: &[Row], only: Option<&str>) -> Vec<&'static (&'static str, &'static str, &'static str)> {
    let listed: std::collections::HashSet<&str> = rows.iter().flat_map(|row| tests_of(row.section)).collect();
    TESTS.iter().filter(|(rfc, _, name)| !listed.contains(name) && only.is_none_or(|only| only == *rfc)).collect()
}

fn spelt(rfc: &str, section: &str) -> String {
    format!("RFC {rfc} §{section}")
}
