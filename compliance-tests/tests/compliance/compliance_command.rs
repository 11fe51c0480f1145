//! `kalends compliance`: the tables the server works by, with the tests of each section.

use std::process::{Command, Output};

use compliance_tests::server::binary;
use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    Command::new(binary()).arg("compliance").args(arguments).output().unwrap()
}

fn json(arguments: &[&str]) -> Vec<Value> {
    let output = run(&[arguments, &["--json"]].concat());
    assert!(output.status.success());
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    value.as_array().unwrap().clone()
}

#[test]
fn rows_of_an_rfc_have_their_section_table_and_tests() {
    let rows = json(&["4791"]);
    let query = rows.iter().find(|row| row["what"] == "REPORT calendar-query").unwrap();
    assert_eq!((&query["section"], &query["where"]), (&"RFC 4791 §7.8".into(), &"dav/src/report.rs".into()));
    assert!(query["tests"].as_array().unwrap().iter().any(|test| test.as_str().unwrap().starts_with("s7_8_")), "{query}");
    assert!(rows.iter().all(|row| row["section"].as_str().unwrap().starts_with("RFC 4791 §")));
    assert!(json(&[]).len() > rows.len());
}

#[test]
fn every_report_that_is_specified_by_rfc_has_a_test() {
    for row in json(&[]).iter().filter(|row| row["what"].as_str().is_some_and(|what| what.starts_with("REPORT "))) {
        let is_rfc = row["section"].as_str().unwrap().starts_with("RFC ");
        assert!(!is_rfc || !row["tests"].as_array().unwrap().is_empty(), "{row}");
    }
}

#[test]
fn an_rfc_that_nothing_is_of_is_told() {
    let output = run(&["9999"]);
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("nothing here is of RFC 9999"));
}
