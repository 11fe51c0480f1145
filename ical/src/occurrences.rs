//! When it is: an object's instances in order, the last one before a moment, the next alarm.
//!
//! ```
//! use bytes::Bytes;
//! use kalends_ical::date::{format_utc, parse_utc};
//! use kalends_ical::occurrences::RecurrenceSet;
//! use kalends_ical::zone::Zone;
//! use kalends_ical::{CalendarObject, Limits, UNBOUNDED_FUTURE};
//!
//! let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=America/New_York:20260105T090000\r\nRRULE:FREQ=WEEKLY\r\n\
//!             BEGIN:VALARM\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
//! let object = CalendarObject::parse(Bytes::from(text), &Limits::default())?;
//! let from = parse_utc("20260701T000000Z").ok_or("a time")?;
//! let set = RecurrenceSet::of(&object, &Zone::utc());
//! let found = set.within((from, UNBOUNDED_FUTURE), 2)?;
//! let begins: Vec<String> = found.iter().map(|occurrence| format_utc(occurrence.begins)).collect();
//! assert_eq!(begins, ["20260706T130000Z", "20260713T130000Z"]);
//! let ring = set.next_alarm(from)?.ok_or("an alarm")?;
//! assert_eq!(format_utc(ring.at), "20260706T124500Z");
//! assert_eq!(set.last_before(from)?.map(|last| format_utc(last.begins)).as_deref(), Some("20260629T130000Z"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::HashMap;

use crate::component::{Component, ComponentKind};
use crate::filter::{BoundReached, Work};
use crate::instances::{Instance, Series};
use crate::matching::alarms::{Alarm, widened};
use crate::matching::{Asked, event_within};
use crate::object::CalendarObject;
use crate::zone::Zone;
use crate::{UNBOUNDED_FUTURE, UNBOUNDED_PAST, UtcMicros};

const DAY: i64 = 86_400_000_000;
/// How far the search for an earlier or later instance goes at first, of rules that come at most once a day and of others; each step is
/// twice as far.
const FIRST_STEP: i64 = 7 * DAY;
const FIRST_STEP_BELOW_DAILY: i64 = DAY / 24;
/// Steps longer than this go to the end of time.
const LAST_STEP: i64 = 4_000 * 365 * DAY;

/// An instance that happens. Times are UTC microseconds.
#[derive(Clone, Copy)]
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

impl<'a> Occurrence<'a> {
    fn of(instance: &Instance<'a, '_>) -> Self {
        Self {
            component: instance.component,
            recurrence_id: instance.recurrence_id.map(|(_, at)| at),
            begins: instance.begins,
            ends: instance.ends,
            is_date: instance.start.is_some_and(|start| start.is_date),
        }
    }
}

/// An alarm that rings.
#[derive(Clone, Copy)]
pub struct Ring<'a> {
    /// The VALARM.
    pub alarm: Component<'a>,
    /// The instance it rings for.
    pub occurrence: Occurrence<'a>,
    /// When, UTC microseconds.
    pub at: UtcMicros,
}

/// The recurrence set of an object (RFC 5545 §3.8.4.4), read once for many questions. What was counted for one of them is known to the
/// next.
pub struct RecurrenceSet<'a> {
    object: &'a CalendarObject,
    floating: Zone,
    series: Series<'a>,
}

impl<'a> RecurrenceSet<'a> {
    /// Reads what recurs, and when; floating times are read in `floating`.
    pub fn of(object: &'a CalendarObject, floating: &Zone) -> Self {
        Self { object, floating: floating.clone(), series: object.series(floating) }
    }

    /// The instances that touch a window (UTC microseconds), in order, `most` at most.
    ///
    /// # Errors
    /// [`BoundReached`] where finding them takes more work than one question may.
    pub fn within(&self, window: (UtcMicros, UtcMicros), most: usize) -> Result<Vec<Occurrence<'a>>, BoundReached> {
        let mut found: Vec<Occurrence<'a>> = Vec::new();
        // Overrides come first, whenever they are; what the rule gives comes in order.
        let mut overrides = 0;
        self.series.visit_overrides(|_| {
            overrides += 1;
            true
        });
        let (mut visited, mut in_order) = (0, 0);
        let backwards = self.series.backwards();
        // Up to which start by the rule earlier ones may still come, once there are enough.
        let mut enough = None;
        let question = Asked { object: self.object, floating: &self.floating };
        let is_event = self.object.kind() == ComponentKind::Event;
        self.series.visit(window, &Work::new(), |instance| {
            visited += 1;
            // What has no time is at none, whatever RFC 4791 §9.9 says of tasks without dates.
            let is_within = if is_event { event_within(instance, window) } else { question.is_within(instance, window) };
            if is_within && instance.start.is_some() {
                in_order += usize::from(visited > overrides);
                found.push(Occurrence::of(instance));
            }
            if in_order >= most && enough.is_none() {
                let latest = found.iter().map(|occurrence| occurrence.begins).max().unwrap_or(UNBOUNDED_PAST);
                enough = Some(if backwards > 0 { latest.saturating_add(backwards) } else { UNBOUNDED_PAST });
            }
            enough.is_none_or(|until| instance.recurrence_id.is_some_and(|(_, at)| at < until))
        })?;
        let times = |occurrence: &Occurrence<'_>| (occurrence.begins, occurrence.ends);
        // Mostly they are in order, and sorting takes room of its own.
        if !found.is_sorted_by_key(times) {
            found.sort_by_key(times);
        }
        found.truncate(most);
        Ok(found)
    }

    /// The last instance that begins before a moment (UTC microseconds).
    ///
    /// # Errors
    /// [`BoundReached`] where finding it takes more work than one question may.
    pub fn last_before(&self, before: UtcMicros) -> Result<Option<Occurrence<'a>>, BoundReached> {
        let work = Work::new();
        let (first, last_end) = self.series.bounds(&work).unwrap_or((UNBOUNDED_PAST, UNBOUNDED_FUTURE));
        let (mut end, mut step) = (before.min(last_end.saturating_add(1)), self.first_step());
        while end > first {
            let start = if first == UNBOUNDED_PAST && step > LAST_STEP { UNBOUNDED_PAST } else { end.saturating_sub(step) };
            let mut last: Option<Occurrence<'a>> = None;
            self.series.visit((start, end), &work, |instance| {
                if instance.start.is_some() && instance.begins < before && last.is_none_or(|last| last.begins <= instance.begins) {
                    last = Some(Occurrence::of(instance));
                }
                true
            })?;
            // What begins before this window is seen only where it reaches into it: a later one may be hidden before.
            if let Some(last) = last.filter(|last| last.begins >= start) {
                return Ok(Some(last));
            }
            if start == UNBOUNDED_PAST {
                break;
            }
            end = start;
            step = step.saturating_mul(2);
        }
        Ok(None)
    }

    fn first_step(&self) -> i64 {
        if self.series.comes_below_daily() { FIRST_STEP_BELOW_DAILY } else { FIRST_STEP }
    }

    /// The next alarm that rings at or after a moment (UTC microseconds): RFC 5545 §3.6.6.
    ///
    /// # Errors
    /// [`BoundReached`] where finding it takes more work than one question may.
    pub fn next_alarm(&self, after: UtcMicros) -> Result<Option<Ring<'a>>, BoundReached> {
        let facts = self.object.facts();
        let (Some(first), Some(last)) = (facts.alarm_first, facts.alarm_last) else { return Ok(None) };
        let read = |alarm: Component<'a>| Some((alarm, Alarm::read(&alarm, self.object, &self.floating)?));
        let alarms_of = |component: Component<'a>| (component, alarms_of(&component).filter_map(read).collect());
        let all: HashMap<Component<'a>, Vec<(Component<'a>, Alarm)>> = self.object.main_components().map(alarms_of).collect();
        // Where only overrides have alarms the series need not be walked.
        let of_series = self.series.describing().any(|component| all.get(&component).is_some_and(|alarms| !alarms.is_empty()));
        // How soon after it begins an instance rings at the earliest.
        let lead = all.values().flatten().filter_map(|(_, alarm)| alarm.distance()).map(|(least, _)| least).min();
        let lead = lead.unwrap_or(0).saturating_sub(self.series.backwards());
        let work = Work::new();
        let (mut start, mut step) = (after.max(first), self.first_step());
        while start <= last {
            let window = (start, if step > LAST_STEP { UNBOUNDED_FUTURE } else { start.saturating_add(step) });
            let mut next: Option<Ring<'a>> = None;
            if let Some(instances) = widened(all.values().flatten().map(|(_, alarm)| alarm), window) {
                let mut bound = false;
                let visit = |instance: &Instance<'a, '_>| {
                    let alarms = all.get(&instance.component).map(Vec::as_slice).unwrap_or_default();
                    bound = work.spend(alarms.len()).is_err();
                    for (alarm, read) in alarms {
                        if let Some(at) = read.ring(instance, window).filter(|at| next.is_none_or(|next| *at < next.at)) {
                            next = Some(Ring { alarm: *alarm, occurrence: Occurrence::of(instance), at });
                        }
                    }
                    let is_later = next.is_some_and(|next| of_series && instance.begins.saturating_add(lead) > next.at);
                    !(bound || is_later && self.series.comes_in_order(instance))
                };
                if of_series {
                    self.series.visit(instances, &work, visit)?;
                } else {
                    self.series.visit_overrides(visit);
                }
                if bound {
                    return Err(BoundReached);
                }
            }
            if next.is_some() || window.1 == UNBOUNDED_FUTURE {
                return Ok(next);
            }
            start = window.1;
            step = step.saturating_mul(2);
        }
        Ok(None)
    }
}

/// [`RecurrenceSet::within`] for a single question.
///
/// # Errors
/// [`BoundReached`] where finding them takes more work than one question may.
pub fn occurrences<'a>(
    object: &'a CalendarObject,
    window: (UtcMicros, UtcMicros),
    floating: &Zone,
    most: usize,
) -> Result<Vec<Occurrence<'a>>, BoundReached> {
    RecurrenceSet::of(object, floating).within(window, most)
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
        let found = RecurrenceSet::of(&object, &Zone::utc()).within((at("20260101T000000Z"), UNBOUNDED_FUTURE), 4).unwrap();
        let begins: Vec<String> = found.iter().map(|occurrence| format_utc(occurrence.begins)).collect();
        assert_eq!(begins, ["20260105T090000Z", "20260119T090000Z", "20260120T120000Z", "20260126T090000Z"]);
        assert_eq!(found[2].recurrence_id, Some(at("20260112T090000Z")));
        // One that is going on touches the window, one that has just ended does not.
        let during = |text| RecurrenceSet::of(&object, &Zone::utc()).within((at(text), at(text) + 1), 9).unwrap().len();
        assert_eq!((during("20260119T093000Z"), during("20260119T100000Z")), (1, 0));
    }

    #[test]
    fn what_was_counted_for_one_question_serves_the_next() {
        for rule in
            ["FREQ=MONTHLY;BYMONTHDAY=31;COUNT=700", "FREQ=MONTHLY;BYMONTHDAY=2,3,29;COUNT=1500", "FREQ=HOURLY;BYHOUR=2,3;COUNT=333"]
        {
            let object = object(&format!("DTSTART;TZID=Europe/Berlin:20260131T023000\nRRULE:{rule}\nEXRULE:{rule};INTERVAL=3\n"));
            let ask = |set: &RecurrenceSet<'_>, year: i64| -> Vec<UtcMicros> {
                let start = at("20260101T000000Z") + year * 366 * DAY;
                set.within((start, start + 400 * DAY), 50)
                    .unwrap_or_else(|_| panic!("{rule} {year}"))
                    .iter()
                    .map(|found| found.begins)
                    .collect()
            };
            let set = RecurrenceSet::of(&object, &Zone::utc());
            for year in [0, 90, 3, 30, 1, 29, 31, 70, 60, 0, 100, 99, 2] {
                assert_eq!(ask(&set, year), ask(&RecurrenceSet::of(&object, &Zone::utc()), year), "{rule} {year}");
            }
        }
    }

    #[test]
    fn the_first_ones_are_the_first_also_where_later_ones_were_moved_before_them() {
        let future = "END:VEVENT\nBEGIN:VEVENT\nUID:u\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260110T090000Z\nDTSTART:20260107T080000Z\n";
        let object = object(&format!("DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY;COUNT=20\n{future}"));
        let found = RecurrenceSet::of(&object, &Zone::utc()).within((at("20260101T000000Z"), UNBOUNDED_FUTURE), 9).unwrap();
        assert_eq!(found.last().map(|last| format_utc(last.begins)).as_deref(), Some("20260108T080000Z"));
    }

    #[test]
    fn alarms_of_overrides_alone_do_not_walk_the_series() {
        let alarm = "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nEND:VALARM\n";
        let moved = "END:VEVENT\nBEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20260106T090000Z\nDTSTART:20260106T090000Z\n";
        let object = object(&format!("DTSTART:20260105T090000Z\nRRULE:FREQ=DAILY\n{moved}{alarm}"));
        let set = RecurrenceSet::of(&object, &Zone::utc());
        assert!(set.next_alarm(at("20270101T000000Z")).unwrap().is_none());
        assert_eq!(set.next_alarm(at("20260101T000000Z")).unwrap().map(|ring| ring.at), Some(at("20260106T084500Z")));
    }

    #[test]
    fn rfc5545_s3_3_6_a_day_before_is_the_same_time_by_the_clock() {
        // Summer time begins on March 29th in Berlin.
        let alarm = "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-P1D\nEND:VALARM\n";
        let event = object(&format!("DTSTART;TZID=Europe/Berlin:20260329T120000\nRRULE:FREQ=YEARLY\n{alarm}"));
        let set = RecurrenceSet::of(&event, &Zone::utc());
        assert_eq!(set.next_alarm(at("20260101T000000Z")).unwrap().map(|ring| format_utc(ring.at)).as_deref(), Some("20260328T110000Z"));
        let facts = event.facts();
        assert!(facts.alarm_first.is_some_and(|first| first <= at("20260328T110000Z")));
        let period = object("DTSTART;TZID=Europe/Berlin:20260328T120000\nRDATE;VALUE=PERIOD;TZID=Europe/Berlin:20260328T120000/P1D\n");
        let found = RecurrenceSet::of(&period, &Zone::utc()).within((UNBOUNDED_PAST, UNBOUNDED_FUTURE), 2).unwrap();
        assert_eq!(found.iter().map(|one| (one.begins, one.ends)).collect::<Vec<_>>(), [(at("20260328T110000Z"), at("20260329T100000Z"))]);
    }

    #[test]
    fn rfc5545_s3_8_5_2_of_two_at_once_the_period_says_how_long() {
        let event = object("DTSTART:20260105T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nRDATE;VALUE=PERIOD:20260106T090000Z/PT3H\n");
        let found = RecurrenceSet::of(&event, &Zone::utc()).within((UNBOUNDED_PAST, UNBOUNDED_FUTURE), 9).unwrap();
        let hours: Vec<i64> = found.iter().map(|one| (one.ends - one.begins) / 3_600_000_000).collect();
        assert_eq!(hours, [1, 3, 1]);
    }

    #[test]
    fn an_end_without_zone_is_in_that_of_its_start() {
        let event = object("DTSTART;TZID=Europe/Berlin:20250101T090000\nDTEND:20250101T100000\n");
        let zone = Zone::from_name("America/New_York").unwrap();
        let found = RecurrenceSet::of(&event, &zone).within((UNBOUNDED_PAST, UNBOUNDED_FUTURE), 2).unwrap();
        assert_eq!(found.iter().map(|one| (one.begins, one.ends)).collect::<Vec<_>>(), [(at("20250101T080000Z"), at("20250101T090000Z"))]);
    }

    #[test]
    fn what_has_no_time_is_at_none() {
        let text =
            "BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:u\nSUMMARY:Some day\nBEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM\nEND:VTODO\nEND:VCALENDAR\n";
        let task = CalendarObject::parse(Bytes::from(text), &Limits::default()).unwrap();
        let set = RecurrenceSet::of(&task, &Zone::utc());
        assert_eq!(set.within((UNBOUNDED_PAST, UNBOUNDED_FUTURE), 9).unwrap().len(), 0);
        assert!(set.last_before(UNBOUNDED_FUTURE).unwrap().is_none() && set.next_alarm(UNBOUNDED_PAST).unwrap().is_none());
    }

    #[test]
    fn a_time_that_is_skipped_does_not_come_before_those_that_are_not() {
        // On March 29th half past two is read as half past three.
        let event = object("DTSTART;TZID=Europe/Berlin:20260328T023000\nRRULE:FREQ=DAILY;BYHOUR=2,3;BYMINUTE=15,30;COUNT=9\n");
        let found = RecurrenceSet::of(&event, &Zone::utc()).within((at("20260329T000000Z"), UNBOUNDED_FUTURE), 1).unwrap();
        assert_eq!(found.iter().map(|one| format_utc(one.begins)).collect::<Vec<_>>(), ["20260329T011500Z"]);
        let two = object("DTSTART;TZID=Europe/Berlin:20260328T023000\nRRULE:FREQ=DAILY\nRRULE:FREQ=DAILY;BYHOUR=3;BYMINUTE=0\n");
        let found = RecurrenceSet::of(&two, &Zone::utc()).within((at("20260329T000000Z"), UNBOUNDED_FUTURE), 1).unwrap();
        assert_eq!(found.iter().map(|one| format_utc(one.begins)).collect::<Vec<_>>(), ["20260329T010000Z"]);
    }

    #[test]
    fn rules_that_come_often_are_asked_from_where_they_are() {
        let alarm = "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nEND:VALARM\n";
        let ring = |lines: &str, from| {
            let object = object(&format!("{lines}{alarm}"));
            RecurrenceSet::of(&object, &Zone::utc()).next_alarm(from).unwrap().map(|ring| format_utc(ring.at))
        };
        assert_eq!(ring("DTSTART:20360101T000000Z\nRRULE:FREQ=MINUTELY\n", at("20260101T000000Z")).as_deref(), Some("20351231T234500Z"));
        assert_eq!(ring("DTSTART:20260105T090000Z\nRRULE:FREQ=DAILY\n", UNBOUNDED_PAST).as_deref(), Some("20260105T084500Z"));
        assert_eq!(ring("DTSTART:20260105T090000Z\nRRULE:FREQ=DAILY;COUNT=2\n", at("20260107T000000Z")), None);
        let last = |lines: &str| {
            let object = object(lines);
            RecurrenceSet::of(&object, &Zone::utc()).last_before(at("20261231T000000Z")).unwrap().map(|last| format_utc(last.begins))
        };
        assert_eq!(last("DTSTART:19900101T000000Z\nRRULE:FREQ=HOURLY;UNTIL=19910101T000000Z\n").as_deref(), Some("19910101T000000Z"));
        assert_eq!(last("DTSTART;TZID=Europe/Berlin:19900101T000000\nRRULE:FREQ=HOURLY;COUNT=10\n").as_deref(), Some("19900101T080000Z"));
        assert_eq!(last("DTSTART:20360101T000000Z\nRRULE:FREQ=MINUTELY\n"), None);
        assert_eq!(last("DTSTART:19900101T000000Z\nRRULE:FREQ=MINUTELY\n").as_deref(), Some("20261230T235900Z"));
    }

    #[test]
    fn the_last_one_before_is_sought_backwards() {
        let endless = object(WEEKLY);
        let last = |object: &CalendarObject, text: &str| {
            RecurrenceSet::of(object, &Zone::utc()).last_before(at(text)).unwrap().map(|o| format_utc(o.begins))
        };
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
        let next = |text: &str| RecurrenceSet::of(&object, &Zone::utc()).next_alarm(at(text)).unwrap().map(|ring| format_utc(ring.at));
        assert_eq!(next("20200101T000000Z").unwrap(), "20260105T084500Z");
        assert_eq!(next("20260105T084501Z").unwrap(), "20260105T085000Z");
        assert_eq!(next("20260105T085001Z").unwrap(), "20260105T100000Z");
        assert_eq!(next("20260105T100001Z").unwrap(), "20260112T084500Z");
        let absolute =
            self::object("DTSTART:20260105T090000Z\nBEGIN:VALARM\nACTION:DISPLAY\nTRIGGER;VALUE=DATE-TIME:20260401T120000Z\nEND:VALARM\n");
        assert_eq!(
            RecurrenceSet::of(&absolute, &Zone::utc()).next_alarm(at("20260101T000000Z")).unwrap().unwrap().at,
            at("20260401T120000Z")
        );
        assert!(RecurrenceSet::of(&absolute, &Zone::utc()).next_alarm(at("20260401T120001Z")).unwrap().is_none());
        assert!(RecurrenceSet::of(&self::object(WEEKLY), &Zone::utc()).next_alarm(0).unwrap().is_none());
    }
}
