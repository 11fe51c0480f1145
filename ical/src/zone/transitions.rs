//! The offsets of a VTIMEZONE over time: RFC 5545 §3.6.5.

use super::ZONE_SECONDS_MAX;
use crate::civil::{DAY_SECONDS, LocalSeconds, day_of};
use crate::component::Component;
use crate::filter::Work;
use crate::recurrence::Rule;
use crate::value::{Moment, Place, utc_offset};

/// The first and last year that transitions are computed for; outside, the first and last offset hold.
const YEARS: (i64, i64) = (1970, 2200);
/// Transitions of one rule of an observance.
const TRANSITIONS_MAX: usize = 2_000;

/// The offsets of a VTIMEZONE over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Transitions {
    /// When an offset begins to hold, in UTC seconds, with the offset before it and its own; in order.
    changes: Vec<(i64, i64, i64)>,
}

impl Transitions {
    /// Rules that take more work than is left end early: then all of it is spent.
    pub fn read(vtimezone: &Component<'_>, work: &Work) -> Option<Self> {
        let mut changes = Vec::new();
        for observance in vtimezone.components().filter(|c| c.is("STANDARD") || c.is("DAYLIGHT")) {
            let (from, to) = (offset_of(&observance, "TZOFFSETFROM"), offset_of(&observance, "TZOFFSETTO"));
            let start = observance.property("DTSTART").and_then(|property| Moment::of(&property));
            let (Some(to), Some(start)) = (to, start) else { continue };
            let from = from.unwrap_or(to);
            for onset in onsets(&observance, start.local, from, work) {
                changes.push((onset - from, from, to));
            }
        }
        changes.sort_unstable();
        changes.dedup_by_key(|change| change.0);
        (!changes.is_empty()).then_some(Self { changes })
    }

    /// When an offset begins to hold, in UTC seconds, with the offset before it and its own; in order.
    pub fn changes(&self) -> &[(i64, i64, i64)] {
        &self.changes
    }

    pub fn offset_at(&self, utc_seconds: i64) -> i64 {
        let after = self.changes.partition_point(|change| change.0 <= utc_seconds);
        match after.checked_sub(1).and_then(|index| self.changes.get(index)) {
            Some(change) => change.2,
            // Before the first one its own offset before holds.
            None => self.changes.first().map_or(0, |change| change.1),
        }
    }

    /// The offsets that hold from one instant to another.
    pub fn offsets_within(&self, first: i64, last: i64) -> impl Iterator<Item = i64> {
        let changes = self.changes.iter().filter(move |(at, ..)| (first..=last).contains(at)).map(|(.., to)| *to);
        std::iter::once(self.offset_at(first)).chain(changes)
    }

    /// The candidates are the offsets in force around that time; the earliest instant that shows it wins, as in a repeated hour.
    pub fn seconds_of(&self, local: LocalSeconds) -> i64 {
        let before = self.offset_at(local - DAY_SECONDS);
        let after = self.offset_at(local + DAY_SECONDS);
        let instants = [local - before.max(after), local - before.min(after)];
        let shows = |instant: &&i64| **instant + self.offset_at(**instant) == local;
        instants.iter().filter(shows).min().copied().unwrap_or(local - before)
    }
}

/// When an observance begins, by its DTSTART, RDATEs and RRULE, in its wall-clock time before the change.
fn onsets(observance: &Component<'_>, start: LocalSeconds, from: i64, work: &Work) -> Vec<LocalSeconds> {
    let mut onsets = vec![start];
    for property in observance.properties_named("RDATE") {
        onsets.extend(property.value().split(',').filter_map(|text| Moment::parse(text.trim(), None)).map(|moment| moment.local));
    }
    let (first_year, last_year) = YEARS;
    let first = day_of(first_year, 1, 1) * DAY_SECONDS;
    let last = day_of(last_year, 12, 31) * DAY_SECONDS;
    for property in observance.properties_named("RRULE") {
        let Ok(rule) = Rule::parse(&property.value()) else { continue };
        // UNTIL of an observance is in UTC (RFC 5545 §3.6.5).
        let until = rule.until().map(|moment| match moment.place {
            _ if moment.is_date => moment.local + DAY_SECONDS,
            Place::Utc => moment.local + from,
            // Some write the wall clock's time.
            _ => moment.local,
        });
        let starts = rule.starts(start, if rule.count().is_some() { start } else { first.max(start) }, work);
        let within = |local: &LocalSeconds| *local <= last && until.is_none_or(|until| *local <= until);
        let before = onsets.len();
        let most = rule.count().map_or(TRANSITIONS_MAX, |count| count as usize).min(TRANSITIONS_MAX);
        onsets.extend(starts.map_while(Result::ok).take_while(within).take(most));
        if onsets.len() - before == TRANSITIONS_MAX {
            // No clock changes that often: what is left out is told as work that was too much.
            work.spend(usize::MAX).ok();
        }
    }
    onsets
}

/// An offset that an observance gives, if a zone may have it.
pub(super) fn offset_of(observance: &Component<'_>, name: &str) -> Option<i64> {
    observance.property(name).and_then(|property| utc_offset(&property.value())).filter(|offset| offset.abs() <= ZONE_SECONDS_MAX)
}
