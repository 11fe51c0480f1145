//! Kalends: a standards-first CalDAV server.
//!
//! ARCHITECTURE.md has the map. Here is only what a pure program must not have: the real clock, real randomness, the exit code.
#![allow(missing_docs, reason = "a program has no public interface; what needs words has them")]

mod answer;
mod auth;
mod cli;
mod config;
mod describe;
mod dispatch;
mod environment;
mod failure;
mod follow;
mod gate;
mod http;
mod logging;
mod metrics;
mod path;
mod read;
mod server;
mod store;
mod target;
mod token;
mod traces;
mod transfer;
mod validators;
mod welcome;
mod write;

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    logging::start();
    let environment = environment::Environment { now, random };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("kalends: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(cli::run(cli, environment));
    // Questions that nobody waits for any more do not hold up the end.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("kalends: {}", cli::printable(&failure.to_string()));
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the one real clock")]
fn now() -> kalends_ical::UtcMicros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[allow(clippy::disallowed_methods, reason = "the one real source of randomness")]
fn random(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        // Without randomness no password or key can be made safely.
        eprintln!("kalends: the system gives no random bytes: {error}");
        std::process::abort();
    }
}
