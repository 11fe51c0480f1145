//! A rule by itself: `start|zone|rule`.
#![no_main]

use kalends_ical::recurrence::expand;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let mut parts = data.splitn(3, '|');
    let (Some(start), Some(zone), Some(rule)) = (parts.next(), parts.next(), parts.next()) else { return };
    let zone = Some(zone).filter(|zone| !zone.is_empty());
    let Ok(found) = expand(start, zone, rule, 200) else { return };
    assert!(found.is_sorted(), "instances come in order: {found:?}");
    let first = expand(start, zone, rule, 10);
    assert_eq!(first.as_deref(), Ok(&found[..found.len().min(10)]));
});
