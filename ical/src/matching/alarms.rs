//! When alarms ring: RFC 5545 §3.6.6, RFC 4791 §9.9 for VALARM.

use crate::UtcMicros;
use crate::civil::DAY_SECONDS;
use crate::component::Component;
use crate::instances::{Instance, Resolved};
use crate::matching::Window;
use crate::object::CalendarObject;
use crate::value::{Duration, Moment};
use crate::zone::{ZONE_SECONDS_MAX, Zone};

const SECOND: i64 = 1_000_000;
/// How long an alarm goes on ringing, in microseconds: longer than all years that dates can be written in.
const LASTS_MAX: i64 = 20_000 * 366 * DAY_SECONDS * SECOND;

/// When an alarm rings first.
#[derive(Debug, Clone, Copy)]
enum First {
    /// Relative to the start or, with `of_end`, to the end of each instance: days of its wall clock and exact seconds.
    Relative { after: Duration, of_end: bool },
    /// At one moment, perhaps one that hangs in no zone.
    Absolute { at: UtcMicros, floating: bool },
}

/// An alarm, read once for all instances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alarm {
    first: First,
    /// How often it rings again, and after how many microseconds each.
    repeat: i64,
    every: i64,
}

impl Alarm {
    pub fn read(alarm: &Component<'_>, object: &CalendarObject, floating: &Zone) -> Option<Self> {
        let trigger = alarm.property("TRIGGER")?;
        let first = if let Some(moment) = Moment::of(&trigger).filter(|moment| !moment.is_date) {
            let resolved = Resolved::new(&moment, object, floating);
            First::Absolute { at: resolved.utc(), floating: resolved.floating }
        } else {
            let after = Duration::parse(&trigger.value())?;
            let of_end = trigger.parameter("RELATED").is_some_and(|related| related.eq_ignore_ascii_case("END"));
            First::Relative { after, of_end }
        };
        let repeat = alarm.property("REPEAT").and_then(|p| p.value().trim().parse().ok()).unwrap_or(0);
        let every = alarm.property("DURATION").and_then(|p| Duration::parse(&p.value())).map_or(0, Duration::nominal_seconds);
        let every = every.saturating_mul(SECOND);
        let (repeat, every) = if every > 0 { (i64::clamp(repeat, 0, LASTS_MAX / every), every) } else { (0, SECOND) };
        Some(Self { first, repeat, every })
    }

    /// Whether it rings in a window with an instance: `start <= trigger < end`, for the first ring or a later one.
    pub fn rings(&self, instance: &Instance<'_, '_>, window: Window) -> bool {
        self.ring(instance, window).is_some()
    }

    /// When it rings first in a window with an instance, UTC microseconds.
    pub fn ring(&self, instance: &Instance<'_, '_>, window: Window) -> Option<UtcMicros> {
        match self.first {
            First::Absolute { at, .. } => self.ring_from(at, window),
            First::Relative { after, of_end } => {
                let zone = instance.start?.zone;
                self.ring_from(zone.after(if of_end { instance.ends } else { instance.begins }, after), window)
            }
        }
    }

    /// How long after an instance begins it rings at the least and, from its end, at the most, in microseconds; `None` for one moment.
    pub fn distance(&self) -> Option<(i64, i64)> {
        let First::Relative { after, .. } = self.first else { return None };
        // Days of a wall clock are longer and shorter than others; those of people's own zones may be by much.
        let slack = if after.days == 0 { 0 } else { 2 * ZONE_SECONDS_MAX * SECOND };
        let after = after.nominal_seconds().saturating_mul(SECOND);
        Some((after.saturating_sub(slack), after.saturating_add(slack)))
    }

    fn ring_from(&self, first: UtcMicros, (start, end): Window) -> Option<UtcMicros> {
        let missing = start.saturating_sub(first).max(0);
        // The first ring that is not before the window.
        let ring = missing / self.every + i64::from(missing % self.every > 0);
        let at = first.saturating_add(ring.saturating_mul(self.every));
        (ring <= self.repeat && at < end).then_some(at)
    }

    /// From the first ring to the last one.
    fn lasts(&self) -> i64 {
        self.repeat.saturating_mul(self.every)
    }
}

/// The window of the instances that one of the alarms rings with; `None` if none does.
pub(crate) fn widened<'a>(alarms: impl Iterator<Item = &'a Alarm>, window: Window) -> Option<Window> {
    let mut widened: Option<Window> = None;
    for alarm in alarms {
        let (start, end) = match (alarm.first, alarm.distance()) {
            (_, Some((least, most))) => (window.0.saturating_sub(most.saturating_add(alarm.lasts())), window.1.saturating_sub(least)),
            // It rings with any instance.
            (First::Absolute { at, .. }, _) if alarm.ring_from(at, window).is_some() => (crate::UNBOUNDED_PAST, crate::UNBOUNDED_FUTURE),
            _ => continue,
        };
        let so_far = widened.unwrap_or((start, end));
        widened = Some((so_far.0.min(start), so_far.1.max(end)));
    }
    widened
}

/// How far alarms ring from their instances (microseconds from start or end), and when absolute ones do (UTC microseconds).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Bounds {
    pub relative: Option<(i64, i64)>,
    pub absolute: Option<(UtcMicros, UtcMicros)>,
}

pub(crate) fn bounds_of(object: &CalendarObject) -> Bounds {
    let mut bounds = Bounds::default();
    let grow = |range: &mut Option<(i64, i64)>, low: i64, high: i64| {
        let (first, last) = range.unwrap_or((low, high));
        *range = Some((first.min(low), last.max(high)));
    };
    let utc = Zone::utc();
    for component in object.main_components() {
        let alarms = component.components().filter(|c| c.is("VALARM"));
        for alarm in alarms.filter_map(|alarm| Alarm::read(&alarm, object, &utc)) {
            match (alarm.first, alarm.distance()) {
                (_, Some((least, most))) => grow(&mut bounds.relative, least, most.saturating_add(alarm.lasts())),
                (First::Relative { .. }, None) => {}
                (First::Absolute { at, floating }, None) => {
                    let slack = if floating { ZONE_SECONDS_MAX * SECOND } else { 0 };
                    let last = at.saturating_add(alarm.lasts()).saturating_add(slack);
                    grow(&mut bounds.absolute, at.saturating_sub(slack), last);
                }
            }
        }
    }
    bounds
}
