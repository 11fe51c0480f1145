//! Anything may come in: what is taken is given back octet for octet, and every question about it has an end.
#![no_main]

use bytes::Bytes;
use kalends_ical::availability::unavailable_periods;
use kalends_ical::calendar_data::CalendarData;
use kalends_ical::free_busy::busy_periods;
use kalends_ical::occurrences::RecurrenceSet;
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
    let set = RecurrenceSet::of(&object, &zone);
    if let Ok(found) = set.within(window, 1_000) {
        for one in &found {
            assert!(facts.first_start <= one.begins && one.ends <= facts.last_end, "the index would lose an instance");
        }
        // What the set has counted for one question must not change the answer to another.
        let _ = set.within((NOW + 20 * YEAR, NOW + 21 * YEAR), 10);
        if let Ok(again) = set.within(window, 1_000) {
            assert!(found.iter().map(|one| one.begins).eq(again.iter().map(|one| one.begins)), "the answer changed");
        }
    }
    let _ = set.last_before(NOW);
    let _ = set.next_alarm(NOW);
    let _ = busy_periods(&object, window, &zone);
    let _ = unavailable_periods([&object], window, &zone);
    let data = CalendarData { selection: None, expand: Some(window), limit_recurrence_set: None, limit_freebusy_set: None };
    let _ = data.render(&object, &zone);
});
