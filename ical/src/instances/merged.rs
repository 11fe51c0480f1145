//! Several rules walked together, and beside what excludes from them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::WithinRule;
use crate::civil::LocalSeconds;
use crate::filter::BoundReached;

/// The starts of all rules within a window of the wall clock, in order. A start that two rules give comes twice.
pub(super) struct Merged<'s> {
    rules: Vec<WithinRule<'s>>,
    /// The next start, and the rule that gives it.
    head: Option<(LocalSeconds, usize)>,
    /// Those of the other rules.
    others: BinaryHeap<Reverse<(LocalSeconds, usize)>>,
    from: LocalSeconds,
    until: LocalSeconds,
}

impl<'s> Merged<'s> {
    pub fn new(rules: Vec<WithinRule<'s>>, (from, until): (LocalSeconds, LocalSeconds)) -> Result<Self, BoundReached> {
        let count = rules.len();
        let mut merged = Self { rules, head: None, others: BinaryHeap::new(), from, until };
        for index in 0..count {
            let first = merged.next_of(index)?;
            merged.others.extend(first.map(Reverse));
        }
        merged.head = merged.others.pop().map(|Reverse(first)| first);
        Ok(merged)
    }

    /// The next start.
    pub fn peek(&self) -> Option<LocalSeconds> {
        self.head.map(|(local, _)| local)
    }

    /// Goes on to the start after it.
    pub fn advance(&mut self) -> Result<(), BoundReached> {
        let Some((_, index)) = self.head else { return Ok(()) };
        let next = self.next_of(index)?;
        let first_of_others = self.others.peek().map(|Reverse(first)| *first);
        self.head = match (next, first_of_others) {
            (Some(next), Some(other)) if other < next => {
                self.others.pop();
                self.others.push(Reverse(next));
                Some(other)
            }
            (None, Some(_)) => self.others.pop().map(|Reverse(first)| first),
            (next, _) => next,
        };
        Ok(())
    }

    fn next_of(&mut self, index: usize) -> Result<Option<(LocalSeconds, usize)>, BoundReached> {
        let Some(rule) = self.rules.get_mut(index) else { return Ok(None) };
        for local in rule {
            let local = local?;
            if local > self.until {
                break;
            }
            if local >= self.from {
                return Ok(Some((local, index)));
            }
        }
        Ok(None)
    }
}

/// An EXRULE, walked beside what it excludes.
pub(super) struct Excluded<'s> {
    starts: WithinRule<'s>,
    /// Where it stands; `None` before its first start.
    at: Option<LocalSeconds>,
}

impl<'s> Excluded<'s> {
    pub const fn new(starts: WithinRule<'s>) -> Self {
        Self { starts, at: None }
    }

    /// Whether it excludes a start, which is none before the last one asked about.
    pub fn excludes(&mut self, local: LocalSeconds) -> Result<bool, BoundReached> {
        self.starts.spend(1)?;
        if self.at.is_none_or(|at| at < local) {
            self.starts.seek(local);
            let reaches = |at: &Result<LocalSeconds, BoundReached>| at.is_err() || at.is_ok_and(|at| at >= local);
            self.at = Some(self.starts.find(reaches).transpose()?.unwrap_or(i64::MAX));
        }
        Ok(self.at == Some(local))
    }
}
