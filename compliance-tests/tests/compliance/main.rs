//! What the specifications require, one file for each, one test for each requirement, named after its section; and what no
//! specification says but every user relies on.
//!
//! Each test runs on both databases. With `KALENDS_URL`, `KALENDS_USER` and `KALENDS_PASSWORD` it runs once, against the server there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use compliance_tests::account::{Account, elsewhere};
use compliance_tests::server::Kind;

/// Makes a test of each requirement for each database; one that names `other` is given a second account.
macro_rules! requirements {
    // For what no specification says where it is on another server.
    (on a server of ours: $($requirements:tt)*) => { requirements! { with crate::check_ours: $($requirements)* } };
    (with $check:path: $($(#[$attribute:meta])* fn $name:ident($account:ident $(, $other:ident)?) $body:block)*) => {$(
        $(#[$attribute])*
        mod $name {
            #[allow(unused_imports, reason = "not every file has helpers")]
            use super::*;

            fn requirement($account: &compliance_tests::account::Account $(, $other: &compliance_tests::account::Account)?) $body

            #[test]
            fn sqlite() {
                $check(compliance_tests::server::Kind::Sqlite, requirement);
            }

            #[test]
            fn postgres() {
                $check(compliance_tests::server::Kind::Postgres, requirement);
            }
        }
    )*};
    ($($requirements:tt)*) => { requirements! { with crate::check: $($requirements)* } };
}

/// Runs each test on each kind of database, with a server of ours.
macro_rules! on_each_database {
    ($($name:ident,)*) => {
        mod sqlite { $(#[test] fn $name() { crate::on_ours(super::$name, compliance_tests::server::Kind::Sqlite); })* }
        mod postgres { $(#[test] fn $name() { crate::on_ours(super::$name, compliance_tests::server::Kind::Postgres); })* }
    };
}

mod accounts;
mod bad_input;
mod calendarserver;
mod clients;
mod compliance_command;
mod durability;
mod files;
mod ical_command;
mod litmus;
mod rfc3253;
mod rfc3744;
mod rfc4791;
mod rfc4918;
mod rfc5397;
mod rfc5545;
mod rfc5689;
mod rfc6578;
mod rfc6764;
mod rfc7529;
mod rfc7617;
mod rfc7953;
mod rfc8144;
mod rfc9110;
mod serving;
mod tools;

/// What a requirement is written as.
trait Requirement<Needs> {
    fn check(self, kind: Kind);
}

impl<F: Fn(&Account)> Requirement<Account> for F {
    fn check(self, kind: Kind) {
        self(&Account::on(kind));
    }
}

impl<F: Fn(&Account, &Account)> Requirement<(Account, Account)> for F {
    fn check(self, kind: Kind) {
        if elsewhere().is_some() {
            return skipped("it needs a second account");
        }
        let account = Account::on(kind);
        self(&account, &account.another());
    }
}

fn check<Needs>(kind: Kind, requirement: impl Requirement<Needs>) {
    if elsewhere().is_some() && kind == Kind::Postgres {
        return skipped("the server at KALENDS_URL is tested once");
    }
    requirement.check(kind);
}

fn check_ours<Needs>(kind: Kind, requirement: impl Requirement<Needs>) {
    if elsewhere().is_some() {
        return skipped("nobody says where the server at KALENDS_URL has files");
    }
    requirement.check(kind);
}

/// For what another server need not be able to do.
fn skipped_elsewhere(account: &Account, why: &str) {
    assert!(account.server.is_none(), "{why}");
    skipped(why);
}

fn on_ours(test: fn(Kind), kind: Kind) {
    if elsewhere().is_some() {
        return skipped("it is about a server started here");
    }
    test(kind);
}

fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}
