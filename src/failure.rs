//! What went wrong on our side, and the two ways a request can end badly.

use std::fmt;

use kalends_dav::Refusal;

/// Our fault: the database, the disk, a bug. The client sees a status and a request id, the log sees the message.
#[derive(Debug)]
pub struct Failure {
    pub kind: FailureKind,
    message: String,
}

/// What a client can make of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// A bug, or something broken that waiting does not mend: 500.
    Broken,
    /// The database does not answer: 503, to be tried again.
    Unavailable,
    /// The disk is full: 507 (RFC 4918 §11.5).
    Full,
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Self::of(FailureKind::Broken, message)
    }

    pub fn of(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// Why a request did not do what it asked: refused by a rule, or failed by our fault. Absence is `None`, never an error.
#[derive(Debug)]
pub enum Error {
    Refused(Refusal),
    Failed(Failure),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
