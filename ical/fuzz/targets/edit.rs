//! What is edited is still what it was, but for the lines that were edited; versions compare and merge whatever they hold.
#![no_main]

use kalends_ical::compare::{diff, merge};
use kalends_ical::edit::{Edit, Line};
use kalends_ical::split::Split;
use kalends_ical::{CalendarObject, Document, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(document) = Document::parse(data.to_vec(), &Limits::default()) else { return };
    assert_eq!(Edit::of(&document).finish(), data);
    let text = String::from_utf8_lossy(data);
    for part in Split::of(&document).iter().flat_map(Split::parts) {
        let _ = CalendarObject::parse(part.bytes.into(), &Limits::default());
    }
    for component in document.root().components() {
        let mut edit = Edit::of(&document);
        edit.set(&component, Line::new("SUMMARY").parameter("X-A", &text).text(&text));
        edit.remove(&component, "UID");
        edit.add(&component, Line::new("UID").value("edited"));
        let edited = edit.finish();
        let again = Document::parse(edited.clone(), &Limits { object_bytes_max: usize::MAX, ..Limits::default() });
        assert!(again.is_ok() || data.len() > 1_000_000, "an edit made something unreadable");
        let objects = [data.to_vec(), edited].map(|bytes| CalendarObject::parse(bytes.into(), &Limits::default()));
        if let [Ok(before), Ok(after)] = &objects {
            assert!(diff(before, before).is_empty());
            let _ = diff(before, after);
            let merged = merge(before, before, after);
            assert!(merged.conflicts.is_empty());
        }
    }
});
