//! Filters: RFC 4791 §9.7, as data. All tests of a filter must hold.
//!
//! ```
//! use bytes::Bytes;
//! use kalends_ical::date::parse_utc;
//! use kalends_ical::filter::{CompFilter, TimeRange};
//! use kalends_ical::zone::Zone;
//! use kalends_ical::{CalendarObject, Limits};
//!
//! let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260105T090000Z\r\nRRULE:FREQ=WEEKLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
//! let object = CalendarObject::parse(Bytes::from(text), &Limits::default())?;
//! let comp = |name: &str, time_range, comps| CompFilter { name: name.into(), is_not_defined: false, time_range, props: vec![], comps };
//! let on = |start, end| {
//!     let range = TimeRange { start: parse_utc(start), end: parse_utc(end) };
//!     comp("VCALENDAR", None, vec![comp("VEVENT", Some(range), vec![])])
//! };
//! // Mondays, ten years later too; not the Tuesday after.
//! assert!(on("20360107T000000Z", "20360108T000000Z").matches(&object, &Zone::utc())?);
//! assert!(!on("20360108T000000Z", "20360109T000000Z").matches(&object, &Zone::utc())?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::cell::Cell;

use crate::component::ComponentKind;
use crate::object::CalendarObject;
use crate::zone::Zone;
use crate::{UtcMicros, matching};

/// A time range, UTC microseconds; half open, and open where an end is missing. At least one is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// Included.
    pub start: Option<UtcMicros>,
    /// Excluded.
    pub end: Option<UtcMicros>,
}

/// How text is compared (RFC 4790).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collation {
    /// `i;ascii-casemap`.
    AsciiCasemap,
    /// `i;octet`.
    Octet,
    /// `i;unicode-casemap` (RFC 5051).
    UnicodeCasemap,
}

/// A search for a substring (RFC 4791 §9.7.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextMatch {
    /// What to look for.
    pub text: String,
    /// How to compare.
    pub collation: Collation,
    /// Whether it must not be found.
    pub negate: bool,
}

/// A test of the parameters of one name (RFC 4791 §9.7.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamFilter {
    /// In capitals.
    pub name: String,
    /// What must hold.
    pub test: ParamTest,
}

/// A test of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParamTest {
    /// It is there.
    Exists,
    /// It is not there.
    IsNotDefined,
    /// A value of it matches.
    Text(TextMatch),
}

/// A test of the properties of one name (RFC 4791 §9.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropFilter {
    /// In capitals.
    pub name: String,
    /// What must hold.
    pub test: PropTest,
    /// And of its parameters.
    pub params: Vec<ParamFilter>,
}

/// A test of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PropTest {
    /// It is there.
    Exists,
    /// It is not there.
    IsNotDefined,
    /// Its moment lies in a range; a date is a whole day.
    TimeRange(TimeRange),
    /// Its value matches.
    Text(TextMatch),
}

/// A test of the components of one name (RFC 4791 §9.7.1): one of them satisfies all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompFilter {
    /// In capitals.
    pub name: String,
    /// Whether no such component may be there.
    pub is_not_defined: bool,
    /// When an instance of it must be.
    pub time_range: Option<TimeRange>,
    /// What its properties must be.
    pub props: Vec<PropFilter>,
    /// What must be inside.
    pub comps: Vec<CompFilter>,
}

/// Deciding would take more work than is allowed. The caller says so, or gives the whole object: never silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoundReached;

impl std::fmt::Display for BoundReached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("limit reached: this takes more work than one question may")
    }
}

impl std::error::Error for BoundReached {}

/// Units of work that one question about one object may take. A unit is about what it takes to walk one instance of a rule. Tests of
/// this crate's inside ask thousands of questions that reach it.
const WORK_MAX: u32 = if cfg!(test) { 10_000 } else { 1_000_000 };
/// Units of work that reading the zones of one object may take; one of a hundred years is read with some hundreds.
const ZONES_WORK_MAX: u32 = if cfg!(test) { 10_000 } else { 200_000 };

/// What is left of the work one question about one object may take: all its rules, zones, instances and alarms draw on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Work(Cell<u32>);

impl Work {
    /// For one question.
    pub const fn new() -> Self {
        Self(Cell::new(WORK_MAX))
    }

    /// For the zones of one object.
    pub const fn of_zones() -> Self {
        Self(Cell::new(ZONES_WORK_MAX))
    }

    /// Whether more was asked of it than there was.
    pub fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    /// Takes units away; once there are too few, none are left.
    pub fn spend(&self, units: usize) -> Result<(), BoundReached> {
        let left = u32::try_from(units).ok().and_then(|units| self.0.get().checked_sub(units));
        self.0.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or(BoundReached)
    }
}

/// What an index may narrow by: everything that matches is within.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowing {
    /// Only objects of this kind match.
    pub component: Option<ComponentKind>,
    /// Only objects whose bounds touch this window match.
    pub window: Option<TimeRange>,
}

impl CompFilter {
    /// What an index may narrow by.
    pub fn narrowing(&self) -> Narrowing {
        let needed = self.comps.iter().filter(|comp| !comp.is_not_defined);
        let mut kinds = needed.filter_map(|comp| Some((ComponentKind::from_name(&comp.name)?, comp.time_range)));
        match kinds.next() {
            Some((component, window)) => Narrowing { component: Some(component), window },
            None => Narrowing { component: None, window: None },
        }
    }

    /// Whether an object matches; floating times and dates are read in `floating`.
    ///
    /// # Errors
    /// [`BoundReached`] if that cannot be decided within bounds.
    pub fn matches(&self, object: &CalendarObject, floating: &Zone) -> Result<bool, BoundReached> {
        matching::matches(self, object, floating)
    }
}
