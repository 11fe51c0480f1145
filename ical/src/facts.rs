//! Facts for the index: what must be known of an object so that a query reads few of them.

use crate::calendar_user::{CalendarUserAddress, CalendarUsers};
use crate::component::ComponentKind;
use crate::filter::Work;
use crate::matching::alarms;
use crate::object::CalendarObject;
use crate::zone::{ZONE_SECONDS_MAX, Zone};
use crate::{UNBOUNDED_FUTURE, UNBOUNDED_PAST, UtcMicros};

/// How far a floating time or a date may lie from where UTC puts it: the calendar's zone decides only when it is asked.
const FLOATING_SLACK: i64 = ZONE_SECONDS_MAX * 1_000_000;

/// What the index holds of an object. All bounds are supersets: an object outside them cannot match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// No instance begins before it, UTC microseconds.
    pub first_start: UtcMicros,
    /// No instance ends after it, UTC microseconds.
    pub last_end: UtcMicros,
    /// No alarm rings before it; `None` without alarms.
    pub alarm_first: Option<UtcMicros>,
    /// No alarm rings after it.
    pub alarm_last: Option<UtcMicros>,
    /// Whether any instance hangs in no zone.
    pub floating: bool,
    /// Whether there can be more than one instance.
    pub recurring: bool,
    /// Whether every component says TRANSP:TRANSPARENT.
    pub transparent: bool,
    /// STATUS of the first component, in capitals.
    pub status: Option<String>,
    /// The organizer's address (RFC 5545 §3.8.4.3): the first, should there be several.
    pub organizer: Option<CalendarUserAddress>,
    /// Whether another component names another organizer, which no scheduling object may (RFC 6638 §3.2.4.2).
    pub organizers_differ: bool,
    /// The addresses of attendees (RFC 5545 §3.8.4.1) over master and overrides, each once, in the order they appear first:
    /// [`ATTENDEES_MAX`](crate::calendar_user::ATTENDEES_MAX) at most.
    pub attendees: Vec<CalendarUserAddress>,
    /// Whether there are more of them: then a calendar user who is not listed may still be one, and whoever asks must read the object.
    pub more_attendees: bool,
}

pub(crate) fn facts_of(object: &CalendarObject) -> Facts {
    let utc = Zone::utc();
    let work = Work::new();
    let series = object.series(&utc);
    let floating = series.is_floating();
    let slack = if floating { FLOATING_SLACK } else { 0 };
    let dated = object.main_components().all(|c| c.has("DTSTART") || (series.is_todo() && c.has("DUE")));
    let (first_start, last_end) = match object.kind() {
        // An open end of an availability is endless (RFC 7953 §3.1), and free-busy periods may lie outside DTSTART and DTEND.
        ComponentKind::Availability | ComponentKind::FreeBusy => (UNBOUNDED_PAST, UNBOUNDED_FUTURE),
        // A task without dates matches by COMPLETED and CREATED, or always (RFC 4791 §9.9).
        _ if !dated => (UNBOUNDED_PAST, UNBOUNDED_FUTURE),
        _ => series.bounds(&work).unwrap_or((UNBOUNDED_PAST, UNBOUNDED_FUTURE)),
    };
    let (first_start, last_end) = (first_start.saturating_sub(slack), last_end.saturating_add(slack));
    let offsets = alarms::bounds_of(object);
    let alarm = |(before, after): (i64, i64)| (first_start.saturating_add(before.min(0)), last_end.saturating_add(after.max(0)));
    let alarm = offsets.relative.map(alarm);
    let absolute = offsets.absolute;
    let alarm_first = [alarm.map(|a| a.0), absolute.map(|a| a.0)].into_iter().flatten().min();
    let alarm_last = [alarm.map(|a| a.1), absolute.map(|a| a.1)].into_iter().flatten().max();
    let first = object.main_components().next();
    let CalendarUsers { organizer, organizers_differ, attendees, more_attendees, .. } = CalendarUsers::of(object);
    Facts {
        first_start,
        last_end,
        alarm_first,
        alarm_last,
        floating,
        recurring: series.recurs(),
        transparent: object
            .main_components()
            .all(|c| c.property("TRANSP").is_some_and(|p| p.value().trim().eq_ignore_ascii_case("TRANSPARENT"))),
        status: first
            .and_then(|c| c.property("STATUS"))
            .map(|p| p.value().chars().filter(|c| c.is_ascii_alphabetic() || *c == '-').take(30).collect::<String>().to_ascii_uppercase()),
        organizer,
        organizers_differ,
        attendees,
        more_attendees,
    }
}
