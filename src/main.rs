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
mod path;
mod read;
mod server;
mod store;
mod target;
mod token;
mod validators;
mod write;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    if let Err(error) = start_log() {
        eprintln!("kalends: KALENDS_LOG takes a level or targets with levels, such as info or kalends=debug: {error}");
        return ExitCode::FAILURE;
    }
    let environment = environment::Environment { now, random };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("kalends: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(cli::run(cli, environment)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("kalends: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// To standard error; `KALENDS_LOG` takes a level or targets with levels, such as `info` or `kalends=debug`.
fn start_log() -> Result<(), tracing_subscriber::filter::ParseError> {
    let filter = match std::env::var("KALENDS_LOG") {
        Ok(text) => text.parse()?,
        Err(_) => Targets::new().with_default(LevelFilter::WARN).with_target("kalends", LevelFilter::INFO),
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    tracing_subscriber::registry().with(lines).with(filter).init();
    Ok(())
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
