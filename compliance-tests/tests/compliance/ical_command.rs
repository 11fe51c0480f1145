//! `kalends ical`: looking into files, without a server.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};

use compliance_tests::account::{event, event_with};
use compliance_tests::folder::Folder;
use compliance_tests::server::binary;

fn run(arguments: &[&str], input: &str) -> Output {
    run_with(arguments, input.as_bytes())
}

fn run_with(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(binary());
    let mut child =
        command.arg("ical").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that reads no input may have ended before it is written.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
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
fn check_judges_one_object_as_a_put_would_and_many_as_an_import() {
    let method = event("one").replace("VERSION:2.0\r\n", "VERSION:2.0\r\nMETHOD:PUBLISH\r\n");
    let checked = run(&["check", "-"], &method);
    assert!(!checked.status.success() && said(&checked).contains(": line 3, column 1: METHOD belongs to messages"), "{}", said(&checked));
    let body = |uid: &str, lines: &str| format!("BEGIN:VEVENT\r\nUID:{uid}\r\n{lines}END:VEVENT\r\n");
    let [good, bad] = [body("a", "DTSTART:20260101T090000Z\r\n"), body("b", "SUMMARY:x\r\nDTSTART:never\r\n")];
    let many = |inside: &str| format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:PUBLISH\r\n{inside}END:VCALENDAR\r\n");
    let checked = run(&["check", "-"], &many(&format!("{good}{bad}")));
    assert!(said(&checked).contains("refused  VEVENT  b: line 11, column 9: "), "{}", said(&checked));
    assert!(run(&["check", "-"], &many(&format!("{good}{}", good.replace("UID:a", "UID:c")))).status.success());
    for (text, words) in [("BEGIN:VEVENT\r\nEND:VEVENT\r\n", "it is a VEVENT"), (&many(""), "it holds no event"), ("", "empty")] {
        let checked = run(&["check", "-"], text);
        assert!(!checked.status.success() && errors(&checked).contains(words), "{text}: {}", errors(&checked));
    }
}

#[test]
fn nothing_in_a_file_commands_the_terminal() {
    let checked = run(&["check", "-"], &event("u").replace("Breakfast", "\u{1b}[31mred\u{7}\u{9b}5m"));
    assert!(checked.status.success() && said(&checked).contains("\u{fffd}[31mred\u{fffd}\u{fffd}5m"), "{}", said(&checked));
    let refused = run(&["check", "-"], "BEGIN:VCALENDAR\r\nEND:\u{1b}[2J\r\n");
    assert!(errors(&refused).contains("ends") && !errors(&refused).contains('\u{1b}'), "{}", errors(&refused));
}

#[test]
fn rules_are_answered_one_by_one_and_a_bad_line_does_not_end_the_rest() {
    let lines: Vec<u8> = [
        b"{\"id\":1,\"dtstart\":\"2026\xff\",\"rrule\":\"FREQ=DAILY\"}\n".as_slice(),
        b"{\"id\":2,\"dtstart\":\"20260101\",\"rrule\":\"FREQ=DAILY\",\"limit\":\"2\"}\n",
        b"{\"id\":3,\"dtstart\":\"20260101T090000\",\"rrule\":\"FREQ=DAILY\",\"tzid\":7}\n\n",
        b"{\"id\":4,\"dtstart\":\"20260101\",\"rrule\":\"FREQ=DAILY\",\"limit\":1,\"tzid\":null}",
    ]
    .concat();
    let answers = said(&run_with(&["expand", "--jsonl"], &lines));
    let answers: Vec<&str> = answers.lines().collect();
    assert!(answers[0].contains("not JSON") && answers[1].contains("limit is a whole number"), "{answers:?}");
    assert!(answers[2].contains("tzid is a text"), "{answers:?}");
    assert_eq!(answers[3], "{\"id\":4,\"instances\":[\"20260101\"]}");
    // Who asks and waits is answered before the end of the input.
    let mut command = Command::new(binary());
    let mut child = command.args(["ical", "expand", "--jsonl"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    for id in 0..2 {
        writeln!(input, "{{\"id\":{id},\"dtstart\":\"20260101\",\"rrule\":\"FREQ=DAILY;COUNT=1\"}}").unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        assert_eq!(answer, format!("{{\"id\":{id},\"instances\":[\"20260101\"]}}\n"));
    }
    drop(input);
    assert!(child.wait().unwrap().success());
    // Whoever has read enough may leave.
    let mut child = command.spawn().unwrap();
    let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    drop(output);
    input.write_all(b"{\"id\":1,\"dtstart\":\"20260101\",\"rrule\":\"FREQ=DAILY;COUNT=1\"}\n").unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
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
