//! Busy time: RFC 4791 §7.10, RFC 5545 §3.6.4.
//!
//! ```
//! use bytes::Bytes;
//! use kalends_ical::date::parse_utc;
//! use kalends_ical::free_busy::{busy_periods, coalesce, vfreebusy};
//! use kalends_ical::zone::Zone;
//! use kalends_ical::{CalendarObject, Limits};
//!
//! let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260105T090000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=HOURLY;COUNT=3\r\n\
//!             STATUS:TENTATIVE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
//! let object = CalendarObject::parse(Bytes::from(text), &Limits::default())?;
//! let window = (parse_utc("20260105T000000Z").ok_or("a time")?, parse_utc("20260106T000000Z").ok_or("a time")?);
//! let periods = coalesce(busy_periods(&object, window, &Zone::utc())?);
//! assert!(vfreebusy(&periods, window, window.0, "answer").contains("FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260105T090000Z/20260105T120000Z\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::UtcMicros;
use crate::component::{Component, ComponentKind};
use crate::date::format_utc;
use crate::filter::{BoundReached, Work};
use crate::matching::{event_within, free_busy_periods, overlaps};
use crate::object::CalendarObject;
use crate::zone::Zone;

/// Periods of one object in one answer.
pub(crate) const PERIODS_MAX: usize = 50_000;

/// How busy (RFC 5545 §3.2.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BusyKind {
    /// BUSY.
    Busy,
    /// BUSY-TENTATIVE.
    BusyTentative,
    /// BUSY-UNAVAILABLE.
    BusyUnavailable,
}

impl BusyKind {
    /// By its name; one that is not known counts as BUSY (RFC 5545 §3.2.9).
    pub(crate) fn of(name: &str) -> Self {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("BUSY-TENTATIVE") {
            Self::BusyTentative
        } else if is("BUSY-UNAVAILABLE") {
            Self::BusyUnavailable
        } else {
            Self::Busy
        }
    }
}

/// A busy period, UTC microseconds, half open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its start.
    pub start: UtcMicros,
    /// Its end.
    pub end: UtcMicros,
    /// How busy.
    pub kind: BusyKind,
}

/// The busy time of one object within a window (UTC microseconds, half open): events that are opaque and not cancelled, and the periods
/// of free-busy objects. Floating times are read in `floating`. What availability objects leave unavailable depends on each other:
/// [`crate::availability`].
///
/// # Errors
/// [`BoundReached`] if there are too many, or finding them takes too much work.
pub fn busy_periods(object: &CalendarObject, window: (UtcMicros, UtcMicros), floating: &Zone) -> Result<Vec<Period>, BoundReached> {
    let mut periods = Vec::new();
    let mut add = |start: UtcMicros, end: UtcMicros, kind: BusyKind| {
        if overlaps((start, end), window) && end > start {
            periods.push(Period { start: start.max(window.0), end: end.min(window.1), kind });
        }
        periods.len() < PERIODS_MAX
    };
    match object.kind() {
        ComponentKind::Event => {
            let work = Work::new();
            let mut last: Option<(Component<'_>, Option<BusyKind>)> = None;
            object.series(floating).visit(window, &work, |instance| {
                if !event_within(instance, window) {
                    return true;
                }
                // Instances of one component mostly follow each other.
                let kind = match last {
                    Some((of, kind)) if of == instance.component => kind,
                    _ => kind_of_event(&instance.component),
                };
                last = Some((instance.component, kind));
                kind.is_none_or(|kind| add(instance.begins, instance.ends, kind))
            })?;
        }
        ComponentKind::FreeBusy => {
            for component in object.main_components() {
                for ((start, end), kind) in free_busy_periods(&component) {
                    if &*kind != "FREE" && !add(start, end, BusyKind::of(&kind)) {
                        return Err(BoundReached);
                    }
                }
            }
        }
        _ => {}
    }
    if periods.len() >= PERIODS_MAX { Err(BoundReached) } else { Ok(periods) }
}

/// RFC 4791 §7.10: TRANSP and STATUS decide.
fn kind_of_event(component: &Component<'_>) -> Option<BusyKind> {
    let value = |name| component.property(name).map(|p| p.value().trim().to_ascii_uppercase());
    if value("TRANSP").as_deref() == Some("TRANSPARENT") {
        return None;
    }
    match value("STATUS").as_deref() {
        Some("CANCELLED") => None,
        Some("TENTATIVE") => Some(BusyKind::BusyTentative),
        _ => Some(BusyKind::Busy),
    }
}

/// The same periods in order of start, those of one kind that touch as one (RFC 4791 §7.10).
pub fn coalesce(mut periods: Vec<Period>) -> Vec<Period> {
    periods.sort_unstable_by_key(|period| (period.kind, period.start, period.end));
    let mut merged: Vec<Period> = Vec::new();
    for period in periods {
        match merged.last_mut() {
            Some(last) if last.kind == period.kind && period.start <= last.end => last.end = last.end.max(period.end),
            _ => merged.push(period),
        }
    }
    merged.sort_by_key(|period| (period.start, period.end, period.kind));
    merged
}

/// The answer to a free-busy-query (RFC 4791 §7.10): a VCALENDAR with one VFREEBUSY. Window and DTSTAMP are UTC microseconds.
pub fn vfreebusy(periods: &[Period], window: (UtcMicros, UtcMicros), dtstamp: UtcMicros, uid: &str) -> String {
    let mut out = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Kalends//Kalends//EN\r\nBEGIN:VFREEBUSY\r\n");
    let mut line = |text: String| {
        out.push_str(&text);
        out.push_str("\r\n");
    };
    line(format!("UID:{uid}"));
    line(format!("DTSTAMP:{}", format_utc(dtstamp)));
    line(format!("DTSTART:{}", format_utc(window.0)));
    line(format!("DTEND:{}", format_utc(window.1)));
    for period in periods {
        let kind = match period.kind {
            BusyKind::Busy => "",
            BusyKind::BusyTentative => ";FBTYPE=BUSY-TENTATIVE",
            BusyKind::BusyUnavailable => ";FBTYPE=BUSY-UNAVAILABLE",
        };
        line(format!("FREEBUSY{kind}:{}/{}", format_utc(period.start), format_utc(period.end)));
    }
    out.push_str("END:VFREEBUSY\r\nEND:VCALENDAR\r\n");
    out
}
