//! Availability: RFC 7953. When a calendar user can be met at all, below what events make busy.
//!
//! ```
//! use bytes::Bytes;
//! use kalends_ical::availability::unavailable_periods;
//! use kalends_ical::date::{format_utc, parse_utc};
//! use kalends_ical::zone::Zone;
//! use kalends_ical::{CalendarObject, Limits};
//!
//! let text = "BEGIN:VCALENDAR\r\nBEGIN:VAVAILABILITY\r\nUID:office\r\nBEGIN:AVAILABLE\r\nUID:hours\r\nDTSTART:20260105T090000Z\r\n\
//!             DTEND:20260105T170000Z\r\nRRULE:FREQ=DAILY\r\nEND:AVAILABLE\r\nEND:VAVAILABILITY\r\nEND:VCALENDAR\r\n";
//! let hours = CalendarObject::parse(Bytes::from(text), &Limits::default())?;
//! let window = (parse_utc("20260106T000000Z").ok_or("a time")?, parse_utc("20260107T000000Z").ok_or("a time")?);
//! let found = unavailable_periods([&hours], window, &Zone::utc()).map_err(|_| "too much work")?;
//! let ends: Vec<String> = found.iter().map(|period| format_utc(period.end)).collect();
//! assert_eq!(ends, ["20260106T090000Z", "20260107T000000Z"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::UtcMicros;
use crate::civil::DAY_SECONDS;
use crate::component::{Component, ComponentKind};
use crate::filter::{BoundReached, Work};
use crate::free_busy::{BusyKind, PERIODS_MAX, Period, coalesce};
use crate::instances::{Resolved, Series};
use crate::matching::Window;
use crate::object::CalendarObject;
use crate::value::{Duration, Moment};
use crate::zone::Zone;
use crate::{UNBOUNDED_FUTURE, UNBOUNDED_PAST};

#[cfg(test)]
mod tests;

/// RFC 7953 §4: of two that are equal in priority, which type of busy time counts.
const STRONGEST_FIRST: [BusyKind; 3] = [BusyKind::Busy, BusyKind::BusyUnavailable, BusyKind::BusyTentative];
/// PRIORITY 1 to 9, and that of those without.
const PRIORITIES: usize = 10;

/// The availability of a calendar user within a window, gathered object by object: from calendars (RFC 7953 §7.2.3) and from
/// CALDAV:calendar-availability (§7.2.4). Nothing of the objects is kept but times.
///
/// Of components with different PRIORITY the higher one decides alone about its range; those with the same make one layer, in which time
/// that any of them has AVAILABLE is free. §4 does not say in which order those are to be gone through, and here it does not matter.
#[derive(Debug)]
pub struct Availability {
    window: Window,
    /// The highest priority first: 1 to 9, then undefined.
    layers: [Layer; PRIORITIES],
    /// Ranges and free times in all of them.
    spans: usize,
}

/// The components of one priority, within the window.
#[derive(Debug, Default)]
struct Layer {
    /// How busy one makes its range, and that range.
    ranges: Vec<(BusyKind, Window)>,
    /// When somebody is available, each within its component's range.
    free: Vec<Window>,
}

impl Availability {
    /// Of no objects yet. The window is in UTC microseconds, half open.
    pub fn new(window: (UtcMicros, UtcMicros)) -> Self {
        Self { window, layers: Default::default(), spans: 0 }
    }

    /// Adds the VAVAILABILITY components of an object; one of another kind has none. Floating times, which RFC 7953 §3.1 does not allow,
    /// are read in `floating`.
    ///
    /// # Errors
    /// [`BoundReached`] if the object says too much of this window, or finding it takes too much work; what was added then is incomplete.
    pub fn add(&mut self, object: &CalendarObject, floating: &Zone) -> Result<(), BoundReached> {
        if object.kind() != ComponentKind::Availability {
            return Ok(());
        }
        let work = Work::new();
        for component in object.main_components() {
            let range = clipped(range_of(&component, object, floating), self.window);
            if range.0 >= range.1 {
                continue;
            }
            let Some(layer) = self.layers.get_mut(layer_of(&component)) else { continue };
            layer.ranges.push((kind_of(&component), range));
            self.spans += 1;
            let mut available: Vec<(String, Component<'_>)> =
                component.components().filter(|inner| inner.is("AVAILABLE")).map(|inner| (uid_of(&inner), inner)).collect();
            available.sort_by(|(first, _), (second, _)| first.cmp(second));
            // Those of one UID are a series with its overrides.
            for group in available.chunk_by(|(first, _), (second, _)| first == second && !first.is_empty()) {
                let series = Series::of_components(object, group.iter().map(|(_, component)| *component), floating);
                series.visit(range, &work, |instance| {
                    let (start, end) = clipped((instance.begins, instance.ends), range);
                    if instance.given.start && start < end {
                        layer.free.push((start, end));
                        self.spans += 1;
                    }
                    self.spans < PERIODS_MAX
                })?;
            }
        }
        if self.spans >= PERIODS_MAX { Err(BoundReached) } else { Ok(()) }
    }

    /// The time that is not available (RFC 7953 §4), in order; periods of one kind do not touch.
    ///
    /// The procedure that §5 gives as an example frees all AVAILABLE time only after all components have made busy, so that hours of a
    /// lower priority would show through a higher one that covers them in part. What §4 says is done: one layer after the other.
    pub fn unavailable(self) -> Vec<Period> {
        let mut periods = Vec::new();
        let mut covered: Vec<Window> = Vec::new();
        for layer in self.layers {
            let free = union(layer.free);
            for kind in STRONGEST_FIRST {
                let ranges = union(layer.ranges.iter().filter(|(of, _)| *of == kind).map(|(_, range)| *range).collect());
                let busy = without(&without(&ranges, &covered), &free);
                periods.extend(busy.into_iter().map(|(start, end)| Period { start, end, kind }));
                covered.extend(ranges);
                covered = union(covered);
            }
        }
        coalesce(periods)
    }
}

/// The time within a window (UTC microseconds, half open) that availability objects leave unavailable, layered by PRIORITY (RFC 7953 §4).
/// Objects of other kinds count for nothing; floating times are read in `floating`.
///
/// # Errors
/// [`BoundReached`] if there are too many periods, or finding them takes too much work.
pub fn unavailable_periods<'o>(
    objects: impl IntoIterator<Item = &'o CalendarObject>,
    window: (UtcMicros, UtcMicros),
    floating: &Zone,
) -> Result<Vec<Period>, BoundReached> {
    let mut availability = Availability::new(window);
    objects.into_iter().try_for_each(|object| availability.add(object, floating))?;
    Ok(availability.unavailable())
}

/// Lays busy time over time that is not available (RFC 7953 §5, step 4): where an event makes busy, it alone says how. In order; periods
/// of one kind that touch become one, and busy periods of several kinds may overlap as they do without availability.
pub fn overlaid(unavailable: &[Period], busy: Vec<Period>) -> Vec<Period> {
    let taken = union(busy.iter().map(|period| (period.start, period.end)).collect());
    let mut periods = busy;
    for kind in STRONGEST_FIRST {
        let below = union(unavailable.iter().filter(|period| period.kind == kind).map(|period| (period.start, period.end)).collect());
        periods.extend(without(&below, &taken).into_iter().map(|(start, end)| Period { start, end, kind }));
    }
    coalesce(periods)
}

/// The range of a VAVAILABILITY (RFC 7953 §3.1, §7.2.2), UTC microseconds: an end that is missing is open.
pub(crate) fn range_of(component: &Component<'_>, object: &CalendarObject, floating: &Zone) -> Window {
    let moment = |name| component.property(name).and_then(|p| Moment::of(&p)).map(|moment| Resolved::new(&moment, object, floating));
    let start = moment("DTSTART");
    let end = moment("DTEND").map(|end| end.utc()).or_else(|| {
        let (start, duration) = (start.as_ref()?, Duration::parse(&component.property("DURATION")?.value())?);
        let at_day = start.zone.utc_of(start.local.saturating_add(duration.days.saturating_mul(DAY_SECONDS)));
        Some(at_day.saturating_add(duration.seconds.saturating_mul(1_000_000)))
    });
    (start.map_or(UNBOUNDED_PAST, |start| start.utc()), end.unwrap_or(UNBOUNDED_FUTURE))
}

/// The place of a component's PRIORITY: 1 is the highest, 0 and what is no priority the lowest (RFC 7953 §4).
fn layer_of(component: &Component<'_>) -> usize {
    let priority = component.property("PRIORITY").and_then(|p| p.value().trim().parse::<usize>().ok());
    priority.filter(|priority| (1..PRIORITIES).contains(priority)).unwrap_or(PRIORITIES) - 1
}

/// RFC 7953 §3.2.
fn kind_of(component: &Component<'_>) -> BusyKind {
    component.property("BUSYTYPE").map_or(BusyKind::BusyUnavailable, |p| BusyKind::of(p.value().trim()))
}

fn uid_of(component: &Component<'_>) -> String {
    component.property("UID").map(|uid| uid.value().into_owned()).unwrap_or_default()
}

fn clipped((start, end): Window, (from, until): Window) -> Window {
    (start.max(from), end.min(until))
}

/// The same time in order, as spans that do not touch.
fn union(mut spans: Vec<Window>) -> Vec<Window> {
    spans.sort_unstable();
    spans.dedup_by(|next, last| {
        let touches = next.0 <= last.1;
        if touches {
            last.1 = last.1.max(next.1);
        }
        touches
    });
    spans
}

/// The time in `spans` that is not in `taken`; both are unions.
fn without(spans: &[Window], taken: &[Window]) -> Vec<Window> {
    let mut left = Vec::new();
    let mut taken = taken.iter().copied().peekable();
    for &(start, end) in spans {
        let mut from = start;
        while let Some(&(cut, resumes)) = taken.peek().filter(|(cut, _)| *cut < end) {
            if cut > from {
                left.push((from, cut));
            }
            from = from.max(resumes);
            if resumes > end {
                // It may reach into the next span too.
                break;
            }
            taken.next();
        }
        if from < end {
            left.push((from, end));
        }
    }
    left
}
