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
        let json = jcal::write(&document.root());
        if let Ok(back) = jcal::read(&json, &limits) {
            let again = Document::parse(back, &limits).expect("what was converted can be read");
            assert_eq!(jcal::write(&again.root()), json);
        }
        let _ = xcal::read(&xcal::write(&document.root()), &limits);
        let _ = jscalendar::read(&jscalendar::write(&document.root()), &limits);
    }
});
