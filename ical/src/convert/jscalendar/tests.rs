use serde_json::{Value as Json, json};

use super::*;
use crate::Document;

mod carried;
mod chance;
mod draft;
mod hostile;
mod round;
mod times;

fn document(text: &str) -> Document {
    Document::parse(text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes(), &Limits::default()).unwrap()
}

fn to_json(text: &str) -> Json {
    serde_json::from_str(&write(&document(text).root()).unwrap()).unwrap()
}

fn to_text(json: &Json) -> String {
    String::from_utf8(read(&json.to_string(), &Limits::default()).unwrap()).unwrap()
}

/// A VCALENDAR around components.
fn calendar(inside: &str) -> String {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//t//t//EN\n{inside}END:VCALENDAR\n")
}

fn event(lines: &str) -> String {
    calendar(&format!("BEGIN:VEVENT\nUID:u\nDTSTAMP:20260101T000000Z\n{lines}END:VEVENT\n"))
}

fn todo(lines: &str) -> String {
    calendar(&format!("BEGIN:VTODO\nUID:u\nDTSTAMP:20260101T000000Z\n{lines}END:VTODO\n"))
}

/// That iCalendar comes back by meaning: every component says what it said, derived properties included; what was added says that it
/// is derived.
fn comes_back(text: &str) {
    let json = to_json(text);
    let back = to_text(&json);
    let (original, returned) = (Node::of(&document(text).root()), Node::of(&document(&back).root()));
    let told = |node: &Node| {
        let mut bare = node.clone();
        bare.lines.retain(|line| !matches!(line.name.as_str(), "calscale" | "version"));
        bare.meaning()
    };
    let (mut lost, mut gained) = (told(&original), told(&returned));
    lost.retain(|one| gained.iter().position(|other| other == one).map(|at| gained.swap_remove(at)).is_none());
    assert!(lost.is_empty() && gained.is_empty(), "lost: {lost:#?}\ngained: {gained:#?}\nof: {text}\n{json:#}\n{back}");
    let derived = derived_of(&returned);
    for line in derived_of(&original) {
        assert!(derived.contains(&line), "{line:?}\n{json:#}\n{back}");
    }
}

fn derived_of(node: &Node) -> Vec<Vec<String>> {
    let own = node.lines.iter().filter(|line| line.is_derived()).map(node::meaning);
    own.chain(node.inside.iter().flat_map(derived_of)).collect()
}

/// That JSCalendar comes back the same.
fn comes_back_as_json(json: &Json) {
    let text = to_text(json);
    assert_eq!(&to_json(&text), json, "{text}");
}

/// That what is expected is there; other members may be.
fn has(json: &Json, expected: &Json, what: &str) {
    match expected {
        Json::Object(members) => {
            for (name, value) in members {
                has(json.get(name).unwrap_or_else(|| panic!("{what}: no {name} in {json:#}")), value, what);
            }
        }
        other => assert_eq!(json, other, "{what}"),
    }
}
