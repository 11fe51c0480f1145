//! Black-box tests of a CalDAV server over HTTP, and what they stand on: servers started on fresh databases, a temporary Postgres
//! cluster, a client that shows what was answered.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and has a real clock"
)]

pub mod account;
pub mod client;
pub mod folder;
pub mod postgres;
pub mod server;
pub mod xml;
