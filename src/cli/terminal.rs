//! Where commands read and say things: the terminal they were started in, also where a running server does what they ask.

use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;

/// What a command says, on its way to a terminal of another process.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// A line for standard output.
    Line(String),
    /// For standard error, as it is: how far a command has come.
    Progress(String),
    /// The last one: why it failed, if it did.
    Ended(Option<String>),
}

/// The terminal of another process.
pub struct Remote {
    pub said: UnboundedSender<Said>,
    /// Standard input, or the file that was named there.
    pub input: Mutex<Option<File>>,
    /// Whether a person looks at it.
    pub is_watched: bool,
}

tokio::task_local! {
    /// Set for commands that run for another process.
    pub static REMOTE: Remote;
}

/// Writes a line to standard output; a closed pipe is no error of ours.
pub fn say(line: &str) {
    let line = printable(line);
    let remote = REMOTE.try_with(|remote| {
        let _ = remote.said.send(Said::Line(line.clone().into_owned()));
    });
    if remote.is_err() {
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}

/// Text of files and clients without what a terminal would take as a command.
pub fn printable(text: &str) -> std::borrow::Cow<'_, str> {
    let is_command = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
    if text.contains(is_command) { text.replace(is_command, "\u{fffd}").into() } else { text.into() }
}

/// Standard input.
pub fn input() -> Box<dyn Read + Send> {
    match REMOTE.try_with(Remote::take_input) {
        Ok(Some(file)) => Box::new(file),
        Ok(None) => Box::new(std::io::empty()),
        Err(_) => Box::new(std::io::stdin()),
    }
}

/// A file that was named.
pub fn open(path: &Path) -> std::io::Result<File> {
    match REMOTE.try_with(Remote::take_input) {
        Ok(file) => file.ok_or_else(|| std::io::Error::other("its content was not sent")),
        Err(_) => File::open(path),
    }
}

/// Whether nobody waits for the command any more.
pub fn is_gone() -> bool {
    REMOTE.try_with(|remote| remote.said.is_closed()).unwrap_or(false)
}

/// Whether a person looks at standard error.
pub fn is_watched() -> bool {
    REMOTE.try_with(|remote| remote.is_watched).unwrap_or_else(|_| std::io::stderr().is_terminal())
}

/// Writes to standard error without ending the line.
pub fn show_progress(text: &str) {
    let remote = REMOTE.try_with(|remote| {
        let _ = remote.said.send(Said::Progress(text.to_owned()));
    });
    if remote.is_err() {
        let _ = write!(std::io::stderr(), "{text}");
    }
}

impl Remote {
    fn take_input(&self) -> Option<File> {
        self.input.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
