//! A rule's starts within its COUNT and UNTIL.

use super::Resolved;
use super::counted::Counted;
use crate::UtcMicros;
use crate::civil::{DAY_SECONDS, LocalSeconds};
use crate::filter::{BoundReached, Work};
use crate::recurrence::{Rule, Starts};
use crate::value::{Moment, Place};
use crate::zone::ZONE_SECONDS_MAX;

const SECOND: i64 = 1_000_000;
/// Units of work to ask a zone whether its clock shows a time.
const WORK_OF_ZONE: usize = 4;

/// A rule's starts within its COUNT and UNTIL, without times that a zone's clock never shows if it comes more than once a day (they would
/// repeat others; RFC 5545 §3.3.10 ignores them).
pub(crate) struct WithinRule<'s> {
    starts: Starts<'s>,
    anchor: &'s Resolved,
    work: &'s Work,
    until: Until,
    /// Where COUNT ends, if that can be reckoned; else instances are counted.
    last: LocalSeconds,
    left: Option<u32>,
    counted: Option<&'s Counted>,
    /// DTSTART, where it is an instance whatever UNTIL says (RFC 5545 §3.8.5.3).
    first: Option<LocalSeconds>,
    below_daily: bool,
}

impl<'s> WithinRule<'s> {
    /// The starts of an RRULE, DTSTART first, from the first one not before `from`; where instances are counted, from a checkpoint or the
    /// first of all.
    pub fn new(rule: &'s Counted, anchor: &'s Resolved, from: LocalSeconds, work: &'s Work) -> Self {
        let starts = |from| {
            if anchor.is_date { rule.starts_of_dates(anchor.local, from, work) } else { rule.starts(anchor.local, from, work) }
        };
        Self { first: Some(anchor.local), ..Self::counted(rule, anchor, from, starts, work) }
    }

    /// As [`WithinRule::new`] of an EXRULE: DTSTART is one of them only where the rule gives it (RFC 2445 §4.8.5.2).
    pub fn excluding(rule: &'s Counted, anchor: &'s Resolved, from: LocalSeconds, work: &'s Work) -> Self {
        Self::counted(rule, anchor, from, |from| rule.instances(anchor.local, anchor.is_date, from, work), work)
    }

    fn counted(
        rule: &'s Counted,
        anchor: &'s Resolved,
        from: LocalSeconds,
        starts: impl Fn(LocalSeconds) -> Starts<'s>,
        work: &'s Work,
    ) -> Self {
        let (last, left) = end_of_count(rule, anchor, || starts(anchor.local));
        let (from, left) = match left {
            None => (from, None),
            Some(count) => rule.before(from).map_or((anchor.local, Some(count)), |(at, left)| (at, Some(left))),
        };
        Self { counted: Some(rule), ..Self::of(rule, anchor, starts(from), (last, left), work) }
    }

    /// What the rule gives by itself, from the start on.
    pub fn bare(rule: &'s Rule, anchor: &'s Resolved, work: &'s Work) -> Self {
        let starts = || rule.instances(anchor.local, anchor.is_date, anchor.local, work);
        Self::of(rule, anchor, starts(), end_of_count(rule, anchor, starts), work)
    }

    fn of(rule: &'s Rule, anchor: &'s Resolved, starts: Starts<'s>, (last, left): (LocalSeconds, Option<u32>), work: &'s Work) -> Self {
        let until = Until::of(rule, anchor);
        Self { starts, anchor, work, until, last, left, counted: None, first: None, below_daily: checks_clock(rule, anchor) }
    }

    /// Goes on with the first start not before a moment, which is not walked to unless instances are counted.
    pub fn seek(&mut self, from: LocalSeconds) {
        if self.left.is_none() {
            self.starts.seek(from);
        }
    }

    /// The last start by COUNT, as reckoned or as walked.
    pub fn last_start(mut self) -> Result<LocalSeconds, BoundReached> {
        match self.last {
            i64::MAX => self.try_fold(self.anchor.local, |_, local| local),
            last => Ok(last),
        }
    }

    /// Takes units of the question's work away.
    pub fn spend(&self, units: usize) -> Result<(), BoundReached> {
        self.work.spend(units)
    }
}

impl Iterator for WithinRule<'_> {
    type Item = Result<LocalSeconds, BoundReached>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = match self.left {
                Some(0) => None,
                _ => self.starts.next(),
            };
            let local = match next? {
                Ok(local) if self.first == Some(local) || local <= self.last && self.until.includes(local, self.anchor) => local,
                Ok(_) => {
                    self.left = Some(0);
                    return None;
                }
                Err(bound) => return Some(Err(bound)),
            };
            if self.below_daily {
                if let Err(bound) = self.work.spend(WORK_OF_ZONE) {
                    return Some(Err(bound));
                }
                if self.anchor.zone.skips(local) {
                    continue;
                }
            }
            if let Some(left) = self.left {
                if let Some(counted) = self.counted {
                    counted.note(local, left);
                }
                self.left = Some(left - 1);
            }
            return Some(Ok(local));
        }
    }
}

/// Where COUNT ends, or else how many are to be counted.
fn end_of_count<'s>(rule: &Rule, anchor: &Resolved, starts: impl FnOnce() -> Starts<'s>) -> (LocalSeconds, Option<u32>) {
    let Some(count) = rule.count() else { return (i64::MAX, None) };
    if checks_clock(rule, anchor) {
        return (i64::MAX, Some(count));
    }
    starts().end_of_count(count).map_or((i64::MAX, Some(count)), |last| (last, None))
}

/// Whether the zone's clock may not show a time that the rule gives.
fn checks_clock(rule: &Rule, anchor: &Resolved) -> bool {
    rule.is_below_daily() && !anchor.zone.is_utc()
}

/// UNTIL is inclusive, compared as an instant; as a date it covers that day (T3), without zone it is in the series' own.
enum Until {
    Never,
    Day(i64),
    Instant(UtcMicros),
}

impl Until {
    fn of(rule: &Rule, anchor: &Resolved) -> Self {
        match rule.until() {
            None => Self::Never,
            Some(until) if until.is_date || anchor.is_date => Self::Day(until.local.div_euclid(DAY_SECONDS)),
            Some(until) => Self::Instant(until_utc(until, anchor)),
        }
    }

    fn includes(&self, local: LocalSeconds, anchor: &Resolved) -> bool {
        match self {
            Self::Never => true,
            Self::Day(day) => local.div_euclid(DAY_SECONDS) <= *day,
            // Only near it the zone matters.
            Self::Instant(at) if (at.div_euclid(SECOND) - local).abs() > ZONE_SECONDS_MAX + 3600 => local.saturating_mul(SECOND) <= *at,
            Self::Instant(at) => anchor.zone.utc_of(local) <= *at,
        }
    }
}

pub(super) fn until_utc(until: &Moment, anchor: &Resolved) -> UtcMicros {
    match until.place {
        Place::Utc => until.local.saturating_mul(SECOND),
        _ => anchor.zone.utc_of(until.local),
    }
}
