//! When it is: an object's instances in order, the last one before a moment, the next alarm.
//!
//! ```
//! use bytes::Bytes;
//! use kalends_ical::date::{format_utc, parse_utc};
//! use kalends_ical::occurrences::{next_alarm, occurrences};
//! use kalends_ical::zone::Zone;
//! use kalends_ical::{CalendarObject, Limits, UNBOUNDED_FUTURE};
//!
//! let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=America/New_York:20260105T090000\r\nRRULE:FREQ=WEEKLY\r\n\
//!             BEGIN:VALARM\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
//! let object = CalendarObject::parse(Bytes::from(text), &Limits::default())?;
//! let from = parse_utc("20260701T000000Z").ok_or("a time")?;
//! let found = occurrences(&object, (from, UNBOUNDED_FUTURE), &Zone::utc(), 2)?;
//! let begins: Vec<String> = found.iter().map(|occurrence| format_utc(occurrence.begins)).collect();
//! assert_eq!(begins, ["20260706T130000Z", "20260713T130000Z"]);
//! let ring = next_alarm(&object, from, &Zone::utc())?.ok_or("an alarm")?;
//! assert_eq!(format_utc(ring.at), "20260706T124500Z");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::component::Component;
use crate::filter::{BoundReached, Work};
use crate::instances::Instance;
use crate::matching::alarms::{Alarm, widened};
use crate::matching::event_within;
use crate::object::CalendarObject;
use crate::zone::Zone;
use crate::{UNBOUNDED_FUTURE, UNBOUNDED_PAST, UtcMicros};

const DAY: i64 = 86_400_000_000;
/// How far back the search for an earlier instance goes at first; each step is twice as far.
const FIRST_STEP: i64 = 7 * DAY;

/// An instance that happens. Times are UTC microseconds.
#[derive(Clone)]
pub struct Occurrence<'a> {
    /// The component that describes it: the series', or its override.
    pub component: Component<'a>,
    /// The start it has by the rule; `None` for what does not recur.
    pub recurrence_id: Option<UtcMicros>,
    /// When it begins. Of a task with DUE alone both times are its DUE.
    pub begins: UtcMicros,
    /// When it ends.
    pub ends: UtcMicros,
    /// Whether it is of whole days.
    pub is_date: bool,
}

/// What is kept of an instance: it lives as long as the question, its component as long as the object.
#[derive(Clone, Copy)]
struct Found {
    /// Where the component stands in the object.
    component: usize,
    recurrence_id: Option<UtcMicros>,
    begins: UtcMicros,
    ends: UtcMicros,
    is_date: bool,
}

impl Found {
    fn of(instance: &Instance<'_>) -> Self {
        Self {
            component: instance.component.range().start,
            recurrence_id: instance.recurrence_id.as_ref().map(|(_, at)| *at),
            begins: instance.begins,
            ends: instance.ends,
            is_date: instance.start.as_ref().is_some_and(|start| start.is_date),
        }
    }

    fn in_object(self, object: &CalendarObject) -> Option<Occurrence<'_>> {
        let components: Vec<_> = object.main_components().map(|one| (one.range().start, one)).collect();
        self.of_one(&components)
    }

    fn of_one<'a>(self, components: &[(usize, Component<'a>)]) -> Option<Occurrence<'a>> {
        let Self { component, recurrence_id, begins, ends, is_date } = self;
        let (_, component) = components.iter().find(|(start, _)| *start == component)?;
        Some(Occurrence { component: *component, recurrence_id, begins, ends, is_date })
    }
}

/// The instances that touch a window, in order, `most` at most; floating times are read in `floating`.
///
/// # Errors
/// [`BoundReached`] where finding them takes more work than one question may.
pub fn occurrences<'a>(
    object: &'a CalendarObject,
    window: (UtcMicros, UtcMicros),
    floating: &Zone,
    most: usize,
) -> Result<Vec<Occurrence<'a>>, BoundReached> {
    let work = Work::new();
    let mut found: Vec<Found> = Vec::new();
    let by_rule: Vec<usize> =
        object.main_components().filter(|c| c.property("RECURRENCE-ID").is_none()).map(|component| component.range().start).collect();
    let mut in_order = 0;
    object.series(floating, &work).visit(window, |instance| {
        if event_within(instance, window) {
            // Overrides come first, whenever they are; what the rule gives comes in order.
            let one = Found::of(instance);
            in_order += usize::from(by_rule.contains(&one.component));
            found.push(one);
        }
        in_order < most
    })?;
    found.sort_by_key(|occurrence| (occurrence.begins, occurrence.ends));
    found.truncate(most);
    let components: Vec<(usize, Component<'a>)> = object.main_components().map(|one| (one.range().start, one)).collect();
    Ok(found.into_iter().filter_map(|found| found.of_one(&components)).collect())
}

/// The last instance that begins before a moment (UTC microseconds).
///
/// # Errors
/// [`BoundReached`] where finding it takes more work than one question may.
pub fn last_before<'a>(object: &'a CalendarObject, before: UtcMicros, floating: &Zone) -> Result<Option<Occurrence<'a>>, BoundReached> {
    let first = object.facts().first_start;
    let (mut end, mut step) = (before, FIRST_STEP);
    while end > first {
        let start = if first == UNBOUNDED_PAST && step > 4_000 * 365 * DAY { UNBOUNDED_PAST } else { end.saturating_sub(step) };
        let mut last: Option<Found> = None;
        let work = Work::new();
        object.series(floating, &work).visit((start, end), |instance| {
            let later = last.as_ref().is_none_or(|last| last.begins <= instance.begins);
            if instance.begins < before && later {
                last = Some(Found::of(instance));
            }
            true
        })?;
        // What begins before this window is seen only where it reaches into it: a later one may be hidden before.
        if let Some(last) = last.filter(|last| last.begins >= start) {
            return Ok(last.in_object(object));
        }
        if start == UNBOUNDED_PAST {
            break;
        }
        end = start;
        step = step.saturating_mul(2);
    }
    Ok(None)
}

/// An alarm that rings.
#[derive(Clone)]
pub struct Ring<'a> {
    /// The VALARM.
    pub alarm: Component<'a>,
    /// The instance it rings for.
    pub occurrence: Occurrence<'a>,
    /// When, UTC microseconds.
    pub at: UtcMicros,
}

/// The next alarm that rings at or after a moment (UTC microseconds).
///
/// # Errors
/// [`BoundReached`] where finding it takes more work than one question may.
pub fn next_alarm<'a>(object: &'a CalendarObject, after: UtcMicros, floating: &Zone) -> Result<Option<Ring<'a>>, BoundReached> {
    let Some(last) = object.facts().alarm_last else { return Ok(None) };
    let all: Vec<Alarm> = object.main_components().flat_map(|c| alarms_of(&c)).filter_map(|a| Alarm::read(&a, object, floating)).collect();
    let (mut start, mut step) = (after, FIRST_STEP);
    while start <= last {
        let window = (start, if step > 4_000 * 365 * DAY { UNBOUNDED_FUTURE } else { start.saturating_add(step) });
        let mut next: Option<(UtcMicros, Found, usize)> = None;
        if let Some(instances) = widened(all.iter(), window) {
            let work = Work::new();
            object.series(floating, &work).visit(instances, |instance| {
                for (number, alarm) in alarms_of(&instance.component).enumerate() {
                    let ring = Alarm::read(&alarm, object, floating).and_then(|alarm| alarm.ring(instance, window));
                    if let Some(at) = ring.filter(|at| next.is_none_or(|(earliest, ..)| *at < earliest)) {
                        next = Some((at, Found::of(instance), number));
                    }
                }
                true
            })?;
        }
        if next.is_some() || window.1 == UNBOUNDED_FUTURE {
            return Ok(next.and_then(|(at, found, number)| {
                let occurrence = found.in_object(object)?;
                Some(Ring { alarm: alarms_of(&occurrence.component).nth(number)?, occurrence, at })
            }));
        }
        start = window.1;
        step = step.saturating_mul(2);
    }
    Ok(None)
}

fn alarms_of<'a>(component: &Component<'a>) -> impl Iterator<Item = Component<'a>> + use<'a> {
    component.components().filter(|inside| inside.is("VALARM"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::Limits;
    use crate::date::{format_utc, parse_utc};

    fn object(lines: &str) -> CalendarObject {
        let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\n{lines}END:VEVENT\nEND:VCALENDAR\n");
        CalendarObject::parse(Bytes::from(text), &Limits::default()).unwrap()
    }

    fn at(text: &str) -> UtcMicros {
        parse_utc(text).unwrap()
    }

    const WEEKLY: &str = "DTSTART:20260105T090000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY\n";
    const MOVED: &str = "END:VEVENT\nBEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20260112T090000Z\nDTSTART:20260120T120000Z\nDURATION:PT1H\n";

    #[test]
    fn instances_come_in_order_with_their_overrides() {
        let object = object(&format!("{WEEKLY}{MOVED}"));
        let found = occurrences(&object, (at("20260101T000000Z"), UNBOUNDED_FUTURE), &Zone::utc(), 4).unwrap();
        let begins: Vec<String> = found.iter().map(|occurrence| format_utc(occurrence.begins)).collect();
        assert_eq!(begins, ["20260105T090000Z", "20260119T090000Z", "20260120T120000Z", "20260126T090000Z"]);
        assert_eq!(found[2].recurrence_id, Some(at("20260112T090000Z")));
        // One that is going on touches the window, one that has just ended does not.
        let during = |text| occurrences(&object, (at(text), at(text) + 1), &Zone::utc(), 9).unwrap().len();
        assert_eq!((during("20260119T093000Z"), during("20260119T100000Z")), (1, 0));
    }

    #[test]
    fn the_last_one_before_is_sought_backwards() {
        let endless = object(WEEKLY);
        let last = |object: &CalendarObject, text: &str| last_before(object, at(text), &Zone::utc()).unwrap().map(|o| format_utc(o.begins));
        assert_eq!(last(&endless, "99980103T000000Z").unwrap(), "99971229T090000Z");
        assert_eq!(last(&endless, "20260105T090000Z"), None);
        assert_eq!(last(&endless, "20260105T090001Z").unwrap(), "20260105T090000Z");
        let ended = object("DTSTART:19700101T000000Z\nRRULE:FREQ=YEARLY;COUNT=3\n");
        assert_eq!(last(&ended, "20260101T000000Z").unwrap(), "19720101T000000Z");
        let moved = object(&format!("{WEEKLY}{MOVED}"));
        assert_eq!(last(&moved, "20260119T080000Z").unwrap(), "20260105T090000Z");
        assert_eq!(last(&moved, "20260121T080000Z").unwrap(), "20260120T120000Z");
        // A long one that is still going on hides none that began later.
        let long = object("DTSTART:20260101T000000Z\nDURATION:P60D\nRRULE:FREQ=MONTHLY\n");
        assert_eq!(last(&long, "20260602T000000Z").unwrap(), "20260601T000000Z");
    }

    #[test]
    fn the_next_alarm_is_the_earliest_of_all() {
        let alarms = "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nREPEAT:1\nDURATION:PT5M\nEND:VALARM\nBEGIN:VALARM\nACTION:DISPLAY\nTRIGGER;RELATED=END:PT0S\nEND:VALARM\n";
        let object = object(&format!("{WEEKLY}{alarms}"));
        let next = |text: &str| next_alarm(&object, at(text), &Zone::utc()).unwrap().map(|ring| format_utc(ring.at));
        assert_eq!(next("20200101T000000Z").unwrap(), "20260105T084500Z");
        assert_eq!(next("20260105T084501Z").unwrap(), "20260105T085000Z");
        assert_eq!(next("20260105T085001Z").unwrap(), "20260105T100000Z");
        assert_eq!(next("20260105T100001Z").unwrap(), "20260112T084500Z");
        let absolute =
            self::object("DTSTART:20260105T090000Z\nBEGIN:VALARM\nACTION:DISPLAY\nTRIGGER;VALUE=DATE-TIME:20260401T120000Z\nEND:VALARM\n");
        assert_eq!(next_alarm(&absolute, at("20260101T000000Z"), &Zone::utc()).unwrap().unwrap().at, at("20260401T120000Z"));
        assert!(next_alarm(&absolute, at("20260401T120001Z"), &Zone::utc()).unwrap().is_none());
        assert!(next_alarm(&self::object(WEEKLY), 0, &Zone::utc()).unwrap().is_none());
    }
}
