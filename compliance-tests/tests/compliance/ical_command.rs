//! `kalends ical`: looking into files, without a server.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use compliance_tests::account::{event, event_with};
use compliance_tests::folder::Folder;
use compliance_tests::server::binary;

fn run(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(binary());
    let mut child =
        command.arg("ical").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that reads no input may have ended before it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn check_names_what_would_be_refused() {
    let good = run(&["check", "-"], &event("good"));
    assert!(good.status.success() && said(&good).starts_with("ok       VEVENT  good"), "{}", said(&good));
    let bad = event_with("bad", "DTSTART:never\r\n")
        .replace("BEGIN:VCALENDAR\r\n", "")
        .replace("VERSION:2.0\r\nPRODID:-//test//test//EN\r\n", "");
    let both = event("good").replace("END:VCALENDAR\r\n", &bad);
    let checked = run(&["check", "-"], &both);
    assert!(!checked.status.success() && said(&checked).contains("refused  VEVENT  bad"), "{}", said(&checked));
    let json = said(&run(&["check", "-", "--json"], &both));
    assert!(json.contains("\"uid\":\"good\"") && json.contains("\"refused\":"), "{json}");
    let broken = run(&["check", "-"], "BEGIN:VCALENDAR\r\nhello\r\n");
    assert!(String::from_utf8(broken.stderr).unwrap().contains("line 2"));
}

#[test]
fn expand_lists_instances_of_files_and_of_rules() {
    let weekly = event_with("w", "DTSTART;TZID=Europe/Berlin:20260601T090000\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY\r\nSUMMARY:W\r\n");
    let found = said(&run(&["expand", "-", "--from", "2026-06-02", "--limit", "2"], &weekly));
    assert_eq!(found, "20260608T070000Z  20260608T080000Z  W\n20260615T070000Z  20260615T080000Z  W\n");
    let lines = "{\"id\":1,\"dtstart\":\"20260131\",\"rrule\":\"FREQ=MONTHLY\",\"limit\":2}\n{\"id\":2,\"dtstart\":\"x\",\"rrule\":\"FREQ=DAILY\"}\n";
    let found = said(&run(&["expand", "--jsonl"], lines));
    let (first, second) = found.split_once('\n').unwrap();
    assert_eq!(first, "{\"id\":1,\"instances\":[\"20260131\",\"20260331\"]}");
    assert!(second.contains("\"error\""), "{second}");
}

#[test]
fn diff_fails_where_anything_differs() {
    let folder = Folder::new("ical");
    let [before, after] = ["before.ics", "after.ics"].map(|name| folder.path().join(name));
    std::fs::write(&before, event("u")).unwrap();
    std::fs::write(&after, event("u").replace("Breakfast", "Brunch")).unwrap();
    let [before, after] = [before.to_str().unwrap(), after.to_str().unwrap()];
    let changed = run(&["diff", before, after], "");
    assert!(!changed.status.success() && said(&changed).contains("- SUMMARY:Breakfast\n  + SUMMARY:Brunch"), "{}", said(&changed));
    assert!(run(&["diff", before, before], "").status.success());
}

#[test]
fn convert_goes_through_every_spelling_and_back() {
    let text = event("u");
    let jcal = said(&run(&["convert", "-", "--to", "jcal"], &text));
    let xcal = said(&run(&["convert", "-", "--to", "xcal"], &jcal));
    let back = said(&run(&["convert", "-", "--to", "ical"], &xcal));
    assert!(jcal.starts_with("[\"vcalendar\"") && xcal.starts_with("<?xml"));
    assert_eq!(back, text);
    let jscalendar = said(&run(&["convert", "-", "--to", "jscalendar"], &text));
    assert!(jscalendar.starts_with('{') && jscalendar.contains("\"title\":\"Breakfast\""), "{jscalendar}");
    let back = said(&run(&["convert", "-", "--to", "ical"], &jscalendar));
    assert!(back.contains("SUMMARY:Breakfast\r\n") && back.contains("DTSTART:20260601T090000Z\r\n"), "{back}");
}
