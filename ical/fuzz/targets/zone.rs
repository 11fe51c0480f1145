//! A VTIMEZONE of anybody's.
#![no_main]

use bytes::Bytes;
use kalends_ical::zone::Zone;
use kalends_ical::{CalendarObject, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let _ = Zone::from_name(data);
    let _ = Zone::from_calendar_timezone(data);
    let text = format!(
        "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Z\n{data}\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:u\nDTSTART;TZID=Z:20260329T023000\nRRULE:FREQ=DAILY;COUNT=400\nEND:VEVENT\nEND:VCALENDAR\n"
    );
    if let Ok(object) = CalendarObject::parse(Bytes::from(text), &Limits::default()) {
        let _ = object.facts();
    }
});
