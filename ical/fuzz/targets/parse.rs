//! Anything may come in: what is taken is given back octet for octet, and every question about it has an end.
#![no_main]

use bytes::Bytes;
use kalends_ical::availability::unavailable_periods;
use kalends_ical::calendar_data::CalendarData;
use kalends_ical::free_busy::busy_periods;
use kalends_ical::occurrences::{last_before, next_alarm, occurrences};
use kalends_ical::zone::Zone;
use kalends_ical::{CalendarObject, Limits};
use libfuzzer_sys::fuzz_target;

const YEAR: i64 = 366 * 86_400_000_000;
const NOW: i64 = 1_767_225_600_000_000;

fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    let Ok(object) = CalendarObject::parse(bytes.clone(), &Limits::default()) else { return };
    assert_eq!(object.bytes(), &bytes);
    let facts = object.facts();
    let zone = Zone::utc();
    let window = (NOW - YEAR, NOW + YEAR);
    if let Ok(found) = occurrences(&object, window, &zone, 1_000) {
        for one in found {
            assert!(facts.first_start <= one.begins && one.ends <= facts.last_end, "the index would lose an instance");
        }
    }
    let _ = last_before(&object, NOW, &zone);
    let _ = next_alarm(&object, NOW, &zone);
    let _ = busy_periods(&object, window, &zone);
    let _ = unavailable_periods([&object], window, &zone);
    let data = CalendarData { selection: None, expand: Some(window), limit_recurrence_set: None, limit_freebusy_set: None };
    let _ = data.render(&object, &zone);
});
