//! jCal, xCal and JSCalendar: what can be written in them comes back, and what claims to be them makes no line it did not hold.
#![no_main]

use kalends_ical::convert::{jcal, jscalendar, xcal};
use kalends_ical::{Document, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = Limits::default();
    if let Ok(text) = std::str::from_utf8(data) {
        for read in [jcal::read(text, &limits), xcal::read(text, &limits), jscalendar::read(text, &limits)].into_iter().flatten() {
            assert!(Document::parse(read, &limits).is_ok(), "what was converted cannot be read");
        }
    }
    if let Ok(document) = Document::parse(data.to_vec(), &limits) {
        // A small object in another spelling stays within the limits.
        let is_small = data.len() < 100_000;
        if let Ok(json) = jcal::write(&document.root()) {
            match jcal::read(&json, &limits) {
                Ok(back) => {
                    let again = Document::parse(back, &limits).expect("what was converted can be read");
                    assert_eq!(jcal::write(&again.root()).as_ref(), Ok(&json));
                }
                Err(error) => assert!(!is_small, "what was written as jCal cannot be read: {error}"),
            }
        }
        if let Ok(xml) = xcal::write(&document.root()) {
            assert!(!is_small || xcal::read(&xml, &limits).is_ok(), "what was written as xCal cannot be read");
        }
        if let Ok(json) = jscalendar::write(&document.root()) {
            let _ = jscalendar::read(&json, &limits);
        }
    }
});
