//! A rule by itself: what it gives from a start on.

use super::{Rule, RuleError};
use crate::civil::LocalSeconds;
use crate::date::{format_date, format_local};
use crate::filter::{BoundReached, Work};
use crate::instances::{Resolved, WithinRule};
use crate::value::{Moment, Place};
use crate::zone::Zone;

/// Why a rule was not expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpandError {
    /// The start is no date or time in basic form.
    Start,
    /// No zone has that name.
    Zone,
    /// The rule cannot be read.
    Rule(RuleError),
    /// It takes more work than one rule may: it gives nothing for very long.
    Bound,
}

impl std::fmt::Display for ExpandError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Start => f.write_str("the start is no date or date-time in basic form, such as 20260101T090000Z"),
            Self::Zone => f.write_str("there is no time zone of that name"),
            Self::Rule(RuleError::Invalid(what)) => write!(f, "the rule {what}"),
            Self::Rule(RuleError::Rscale(name)) => write!(f, "the rule counts in the calendar {name}, which is not known"),
            Self::Bound => f.write_str("limit reached: the rule gives nothing for very long"),
        }
    }
}

impl std::error::Error for ExpandError {}

/// The instances a rule gives, `limit` at most, spelt as the start is: a date, a floating time, a time in UTC or in a zone.
///
/// The start is among them if the rule gives it, and COUNT counts what the rule gives. That is the reading of the libraries that expand
/// bare rules; an object's DTSTART is its first instance in any case (RFC 5545 §3.8.5.3).
///
/// ```
/// use kalends_ical::recurrence::expand;
/// assert_eq!(expand("20260131", None, "FREQ=MONTHLY;COUNT=3", 10)?, ["20260131", "20260331", "20260531"]);
/// # Ok::<(), kalends_ical::recurrence::ExpandError>(())
/// ```
///
/// # Errors
/// What cannot be read, and a rule that takes more work than one may.
pub fn expand(start: &str, zone: Option<&str>, rule: &str, limit: usize) -> Result<Vec<String>, ExpandError> {
    let moment = Moment::parse(start, zone).ok_or(ExpandError::Start)?;
    let zone = match &moment.place {
        Place::Zone(name) => Zone::from_name(name).ok_or(ExpandError::Zone)?,
        Place::Utc | Place::Floating => Zone::utc(),
    };
    let floating = moment.place == Place::Floating;
    let anchor = Resolved { local: moment.local, is_date: moment.is_date, floating, zone };
    let rule = Rule::parse(rule).map_err(ExpandError::Rule)?;
    let spelt = |local: LocalSeconds| match (moment.is_date, &moment.place) {
        (true, _) => format_date(local),
        (false, Place::Utc) => format!("{}Z", format_local(local)),
        (false, _) => format_local(local),
    };
    let work = Work::new();
    let starts = WithinRule::bare(&rule, &anchor, &work).take(limit);
    starts.map(|local| local.map(spelt).map_err(|BoundReached| ExpandError::Bound)).collect()
}
