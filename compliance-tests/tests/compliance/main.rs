//! The compliance tests: one file per RFC, one test per requirement, named after its section; and what no RFC says but every user
//! relies on. Each runs on SQLite and on Postgres.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::string_slice, clippy::panic, reason = "tests")]

/// Runs each test on each kind of database.
macro_rules! on_each_database {
    ($($name:ident,)*) => {
        mod sqlite { $(#[test] fn $name() { super::$name(compliance_tests::server::Kind::Sqlite); })* }
        mod postgres { $(#[test] fn $name() { super::$name(compliance_tests::server::Kind::Postgres); })* }
    };
}

mod bad_input;
