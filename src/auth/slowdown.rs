//! Failures slow down whoever fails: per address and per account, never those whose credentials are remembered.

use std::collections::HashMap;
use std::net::IpAddr;

use kalends_ical::UtcMicros;

/// Failures that cost nothing: people mistype.
const FREE_PER_ACCOUNT: u32 = 5;
/// Behind one address there may be a whole office.
const FREE_PER_ADDRESS: u32 = 20;
const DELAY_SECONDS_MAX: u64 = 60;
/// After this long without a failure all is forgotten.
const FORGOTTEN_MICROS: i64 = 15 * 60 * 1_000_000;
const ENTRIES_MAX: usize = 20_000;

/// The failures of the last minutes.
#[derive(Default)]
pub struct Slowdown {
    failures: HashMap<Who, Failures>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Address(IpAddr),
    Account(String),
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: UtcMicros,
}

impl Who {
    /// An IPv6 host has a whole /64 to choose from.
    fn address(address: IpAddr) -> Self {
        Self::Address(match address {
            IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
            v4 @ IpAddr::V4(_) => v4,
        })
    }

    fn account(login: &str) -> Self {
        Self::Account(login.chars().take(256).collect::<String>().to_lowercase())
    }

    const fn free(&self) -> u32 {
        match self {
            Self::Address(_) => FREE_PER_ADDRESS,
            Self::Account(_) => FREE_PER_ACCOUNT,
        }
    }
}

fn who(address: Option<IpAddr>, login: &str) -> Vec<Who> {
    address.map(Who::address).into_iter().chain([Who::account(login)]).collect()
}

impl Slowdown {
    /// How many seconds are left until the next try, if it is not free to try now.
    pub fn seconds_left(&self, address: Option<IpAddr>, login: &str, now: UtcMicros) -> Option<u64> {
        who(address, login).iter().filter_map(|who| self.seconds_left_for(who, now)).max()
    }

    fn seconds_left_for(&self, who: &Who, now: UtcMicros) -> Option<u64> {
        let failures = self.failures.get(who)?;
        let beyond = failures.count.checked_sub(who.free())?;
        let delay = 1_u64.checked_shl(beyond).unwrap_or(DELAY_SECONDS_MAX).min(DELAY_SECONDS_MAX);
        let passed = u64::try_from(now.saturating_sub(failures.last) / 1_000_000).unwrap_or(0);
        delay.checked_sub(passed).filter(|seconds| *seconds > 0)
    }

    /// Notes a failure.
    pub fn failed(&mut self, address: Option<IpAddr>, login: &str, now: UtcMicros) {
        if self.failures.len() >= ENTRIES_MAX {
            self.failures.retain(|_, failures| now.saturating_sub(failures.last) < FORGOTTEN_MICROS);
        }
        if self.failures.len() >= ENTRIES_MAX {
            // Names made up to fill the table must not push out addresses.
            self.failures.retain(|who, _| matches!(who, Who::Address(_)));
        }
        for who in who(address, login) {
            let failures = self.failures.entry(who).or_insert(Failures { count: 0, last: now });
            let fresh = now.saturating_sub(failures.last) < FORGOTTEN_MICROS;
            failures.count = if fresh { failures.count.saturating_add(1) } else { 1 };
            failures.last = now;
        }
    }

    /// Forgives an account; its address may be trying others.
    pub fn succeeded(&mut self, login: &str) {
        self.failures.remove(&Who::account(login));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn an_account_is_slowed_after_five_failures_and_ever_longer() {
        let mut slowdown = Slowdown::default();
        let here = address("192.0.2.1");
        for failure in 0..5 {
            assert_eq!(slowdown.seconds_left(here, "ann", 0), None, "after {failure}");
            slowdown.failed(here, "Ann", 0);
        }
        assert_eq!(slowdown.seconds_left(address("192.0.2.9"), "ann", 0), Some(1));
        slowdown.failed(here, "ann", 0);
        assert_eq!(slowdown.seconds_left(here, "ann", 0), Some(2));
        assert_eq!(slowdown.seconds_left(here, "ann", 2 * SECOND), None);
        assert_eq!(slowdown.seconds_left(here, "bob", 0), None);
    }

    #[test]
    fn an_address_is_slowed_whatever_names_it_tries() {
        let mut slowdown = Slowdown::default();
        for number in 0..25 {
            slowdown.failed(address("2001:db8::1"), &format!("user{number}"), 0);
        }
        assert!(slowdown.seconds_left(address("2001:db8::2"), "someone", 0).is_some());
        assert_eq!(slowdown.seconds_left(address("2001:db8:1::2"), "someone", 0), None);
    }

    #[test]
    fn delays_are_bounded() {
        let mut slowdown = Slowdown::default();
        (0..200).for_each(|_| slowdown.failed(address("192.0.2.1"), "ann", 0));
        assert_eq!(slowdown.seconds_left(address("192.0.2.1"), "ann", 0), Some(60));
    }

    #[test]
    fn success_forgives_the_account() {
        let mut slowdown = Slowdown::default();
        (0..9).for_each(|_| slowdown.failed(address("192.0.2.1"), "ann", 0));
        slowdown.succeeded("ann");
        assert_eq!(slowdown.seconds_left(address("192.0.2.9"), "ann", 0), None);
    }
}
