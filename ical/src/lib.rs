//! iCalendar, the RFC 5545 family, pure: no I/O, no clock.
//!
//! A stored object is the client's bytes ([`CalendarObject`]); what is read out of them is found by offsets into those bytes, so nothing
//! is rewritten. Recurrence seeks straight to the window it is asked about. Work is bounded, and running into a bound is an outcome
//! ([`filter::BoundReached`]), never silence.
//!
//! ```
//! use bytes::Bytes;
//! use kalends_ical::date::format_utc;
//! use kalends_ical::{CalendarObject, ComponentKind, Limits};
//!
//! let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260105T090000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=3\r\n\
//!             ORGANIZER:mailto:Bernard@example.com\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
//! let object = CalendarObject::parse(Bytes::from(text), &Limits::default())?;
//! assert_eq!((object.uid(), object.kind()), ("1", ComponentKind::Event));
//! assert_eq!(object.bytes(), text);
//!
//! let facts = object.facts();
//! assert!(facts.recurring && !facts.floating);
//! assert_eq!(format_utc(facts.first_start), "20260105T090000Z");
//! assert_eq!(facts.organizer.ok_or("an organizer")?.as_str(), "mailto:bernard@example.com");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod availability;
pub mod calendar_data;
pub mod calendar_user;
mod civil;
pub mod compare;
pub mod component;
pub mod content_line;
pub mod convert;
pub mod date;
pub mod edit;
mod facts;
pub mod filter;
pub mod free_busy;
mod instances;
mod matching;
mod object;
pub mod occurrences;
pub mod recurrence;
pub mod split;
pub mod stream;
pub mod value;
mod windows;
pub mod zone;

pub use component::{Component, ComponentKind, Document};
pub use facts::Facts;
pub use object::{CalendarObject, ObjectRefusal, ObjectRule};

/// Microseconds since the Unix epoch, UTC.
pub type UtcMicros = i64;
/// Before every instant.
pub const UNBOUNDED_PAST: UtcMicros = i64::MIN;
/// After every instant.
pub const UNBOUNDED_FUTURE: UtcMicros = i64::MAX;
/// Which engine and time zone data found an object's [`Facts`]. Raised when either would find others.
pub const FACTS_VERSION: i64 = 7;

/// Bounds on an object, by name and unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole object.
    pub object_bytes_max: usize,
    /// Bytes between two line breaks: a folded ATTACH may be as large as the object (W11), a line that was never folded not quite.
    pub line_bytes_max: usize,
    /// Levels of BEGIN.
    pub nesting_levels_max: usize,
    /// Components of all levels.
    pub components_max: usize,
    /// Properties of all components.
    pub properties_max: usize,
    /// Parameters of one property.
    pub parameters_max: usize,
    /// RDATE and EXDATE values of one component.
    pub dates_max: usize,
    /// RRULE and EXRULE lines of one component.
    pub rules_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            object_bytes_max: 10 * 1024 * 1024,
            line_bytes_max: 8 * 1024 * 1024,
            nesting_levels_max: 32,
            components_max: 10_000,
            properties_max: 100_000,
            parameters_max: 1_000,
            dates_max: 50_000,
            rules_max: 20,
        }
    }
}
