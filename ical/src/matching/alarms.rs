//! When alarms ring: RFC 5545 §3.6.6, RFC 4791 §9.9 for VALARM.

use crate::UtcMicros;
use crate::component::Component;
use crate::instances::{Instance, Resolved};
use crate::matching::Window;
use crate::object::CalendarObject;
use crate::value::{Duration, Moment};
use crate::zone::Zone;

const SECOND: i64 = 1_000_000;
/// Repetitions of one alarm that are looked at.
const REPEAT_MAX: i64 = 1_000;

/// When an alarm rings first.
enum Trigger {
    /// Relative to the start or, with `of_end`, to the end of each instance, in seconds.
    Relative { seconds: i64, of_end: bool },
    /// At one moment.
    Absolute(Moment),
}

fn trigger_of(alarm: &Component<'_>) -> Option<Trigger> {
    let property = alarm.property("TRIGGER")?;
    if let Some(moment) = Moment::of(&property).filter(|moment| !moment.is_date) {
        return Some(Trigger::Absolute(moment));
    }
    let seconds = Duration::parse(&property.value())?.nominal_seconds();
    let of_end = property.parameter("RELATED").is_some_and(|related| related.eq_ignore_ascii_case("END"));
    Some(Trigger::Relative { seconds, of_end })
}

/// How often it rings again, and after how many seconds each.
fn repetition(alarm: &Component<'_>) -> (i64, i64) {
    let repeat = alarm.property("REPEAT").and_then(|p| p.value().trim().parse().ok()).unwrap_or(0);
    let every = alarm.property("DURATION").and_then(|p| Duration::parse(&p.value())).map_or(0, Duration::nominal_seconds);
    if every > 0 { (i64::clamp(repeat, 0, REPEAT_MAX), every) } else { (0, 0) }
}

/// Whether an alarm of an instance rings in a window: `start <= trigger < end`, for the first ring or a later one.
pub(crate) fn rings_within(
    alarm: &Component<'_>,
    instance: &Instance<'_>,
    object: &CalendarObject,
    floating: &Zone,
    window: Window,
) -> bool {
    let first: UtcMicros = match trigger_of(alarm) {
        None => return false,
        Some(Trigger::Absolute(moment)) => Resolved::new(&moment, object, floating).utc(),
        Some(Trigger::Relative { .. }) if instance.start.is_none() => return false,
        Some(Trigger::Relative { seconds, of_end }) => {
            let from = if of_end { instance.ends } else { instance.begins };
            from.saturating_add(seconds * SECOND)
        }
    };
    let (repeat, every) = repetition(alarm);
    (0..=repeat).map(|ring| first.saturating_add(ring * every * SECOND)).any(|at| window.0 <= at && at < window.1)
}

/// A window of instances, widened by how far their alarms ring from them.
pub(crate) fn widened(object: &CalendarObject, (start, end): Window) -> Window {
    let bounds = bounds_of(object);
    let (before, after) = bounds.relative.unwrap_or((0, 0));
    if bounds.absolute.is_some() {
        // An absolute alarm rings with any instance.
        return (crate::UNBOUNDED_PAST, crate::UNBOUNDED_FUTURE);
    }
    (start.saturating_sub(after.max(0)), end.saturating_sub(before.min(0)))
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
    for component in object.main_components() {
        for alarm in component.components().filter(|c| c.is("VALARM")) {
            let (repeat, every) = repetition(&alarm);
            let later = repeat * every * SECOND;
            match trigger_of(&alarm) {
                Some(Trigger::Relative { seconds, .. }) => grow(&mut bounds.relative, seconds * SECOND, seconds * SECOND + later),
                Some(Trigger::Absolute(moment)) => {
                    let at = Zone::utc().utc_of(moment.local);
                    grow(&mut bounds.absolute, at, at.saturating_add(later));
                }
                None => {}
            }
        }
    }
    bounds
}
