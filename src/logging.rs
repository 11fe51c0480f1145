//! The log: to standard error, by level and part, changed while the server runs.

use std::io::IsTerminal;
use std::sync::OnceLock;

use tracing_subscriber::Registry;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload::{Handle, Layer};
use tracing_subscriber::util::SubscriberInitExt;

use crate::failure::Failure;

static FILTER: OnceLock<Handle<Targets, Registry>> = OnceLock::new();

/// Begins, with warnings alone until [`set`] is told more.
pub fn start() {
    let (filter, handle) = Layer::new(Targets::new().with_default(LevelFilter::WARN));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    tracing_subscriber::registry().with(filter).with(lines).init();
    let _ = FILTER.set(handle);
}

/// Takes a level or targets with levels, such as `info` or `warn,kalends=debug`.
pub fn set(text: &str) -> Result<(), Failure> {
    let targets: Targets = text
        .parse()
        .map_err(|error| Failure::new(format!("log takes a level or parts with levels, such as info or kalends=debug: {error}")))?;
    let changed = FILTER.get().map_or(Ok(()), |handle| handle.reload(targets));
    changed.map_err(|error| Failure::new(format!("the log cannot be changed: {error}")))
}
