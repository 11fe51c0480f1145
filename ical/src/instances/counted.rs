//! A rule, and how far its COUNT has been counted.

use std::cell::RefCell;
use std::ops::Deref;

use crate::civil::LocalSeconds;
use crate::recurrence::Rule;

/// Every how many instances a checkpoint is kept.
const CHECKPOINT_EVERY: u32 = 256;

/// A rule with checkpoints of its COUNT: what was counted for one question need not be for the next.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    rule: Rule,
    /// Starts in order, with how many instances are left from each on, itself included.
    checkpoints: RefCell<Vec<(LocalSeconds, u32)>>,
}

impl Counted {
    pub const fn of(rule: Rule) -> Self {
        Self { rule, checkpoints: RefCell::new(Vec::new()) }
    }

    /// The last checkpoint that is not behind a moment.
    pub fn before(&self, from: LocalSeconds) -> Option<(LocalSeconds, u32)> {
        let checkpoints = self.checkpoints.borrow();
        let after = checkpoints.partition_point(|(at, _)| *at <= from);
        after.checked_sub(1).and_then(|index| checkpoints.get(index)).copied()
    }

    /// Takes note of a start and of how many are left from it on.
    pub fn note(&self, local: LocalSeconds, left: u32) {
        if !left.is_multiple_of(CHECKPOINT_EVERY) {
            return;
        }
        let mut checkpoints = self.checkpoints.borrow_mut();
        if checkpoints.last().is_none_or(|(at, _)| *at < local) {
            checkpoints.push((local, left));
        }
    }
}

impl Deref for Counted {
    type Target = Rule;

    fn deref(&self) -> &Rule {
        &self.rule
    }
}
