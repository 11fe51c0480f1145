//! Answers: a status, headers, and a body that is whole or streams.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use kalends_dav::Refusal;
use kalends_dav::multistatus::Multistatus;
use tokio::sync::mpsc;

use crate::failure::{Error, Failure};

/// A piece of a streamed body; memory per request is a few of them, whatever the answer's size.
const PIECE_BYTES: usize = 32 * 1024;
/// A client that takes no piece for this long is given up.
const PIECE_SECONDS_MAX: u64 = 60;

pub const XML: &str = "application/xml; charset=utf-8";
pub const CALENDAR: &str = "text/calendar; charset=utf-8";

/// What goes back to the client.
pub struct Answer {
    pub status: StatusCode,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Body,
}

/// An answer's body.
pub enum Body {
    Whole(Bytes),
    /// The first piece, and where the others come from.
    Pieces(Bytes, mpsc::Receiver<Result<Piece, Failure>>),
}

/// A piece of a body, and whether another follows.
pub struct Piece {
    pub bytes: Bytes,
    pub last: bool,
}

impl Answer {
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Body::Whole(Bytes::new()) }
    }

    pub fn whole(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: Vec::new(), body: Body::Whole(body.into()) }.with_static(header::CONTENT_TYPE, media_type)
    }

    pub fn with_static(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// Adds a header; a value that HTTP cannot carry is left out.
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Streams what `produce` writes. What goes wrong before the first piece is complete still becomes an error status.
    pub async fn stream<F>(status: StatusCode, media_type: &'static str, produce: impl FnOnce(Sink) -> F) -> Result<Self, Error>
    where
        F: Future<Output = Result<Vec<u8>, Failure>> + Send + 'static,
    {
        Ok(Self::pieces(status, produce).await?.with_static(header::CONTENT_TYPE, media_type))
    }

    /// As [`Answer::stream`], of a type that the caller names.
    pub async fn pieces<F>(status: StatusCode, produce: impl FnOnce(Sink) -> F) -> Result<Self, Error>
    where
        F: Future<Output = Result<Vec<u8>, Failure>> + Send + 'static,
    {
        let (sender, mut receiver) = mpsc::channel(1);
        let work = produce(Sink(sender.clone()));
        tokio::spawn(async move {
            let last = work.await.map(|bytes| Piece { bytes: bytes.into(), last: true });
            // Nobody may be listening any more.
            let _ = sender.send(last).await;
        });
        let first = receiver.recv().await.ok_or_else(|| Failure::new("an answer ended before it began"))??;
        let body = if first.last { Body::Whole(first.bytes) } else { Body::Pieces(first.bytes, receiver) };
        Ok(Self { status, headers: Vec::new(), body })
    }

    /// The body of a refusal: the `DAV:error` of a named rule, a problem document (RFC 9457) for a bare status.
    pub fn refusal(refusal: &Refusal) -> Self {
        let status = refusal.status_code();
        match (refusal.body(), refusal) {
            (Some(body), _) => Self::whole(status, XML, body),
            (None, Refusal::Status { message, .. }) => Self::problem(status, message),
            (None, Refusal::Precondition { message, .. }) => Self::problem(status, message),
        }
    }

    /// RFC 9457.
    pub fn problem(status: StatusCode, detail: &str) -> Self {
        let title = status.canonical_reason().unwrap_or_default();
        let problem = serde_json::json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
        Self::whole(status, "application/problem+json", problem.to_string())
    }
}

/// Where a streamed body goes.
pub struct Sink(mpsc::Sender<Result<Piece, Failure>>);

impl Sink {
    /// Lets others run between two pieces of work that take time.
    ///
    /// # Errors
    /// Nobody waits for the answer any more.
    pub async fn pause(&self) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        if self.0.is_closed() { Err(Failure::new("the client went away")) } else { Ok(()) }
    }

    /// Hands over what a multistatus has ready, once it is worth a piece.
    pub async fn drain(&self, multistatus: &mut Multistatus) -> Result<(), Failure> {
        if multistatus.len() < PIECE_BYTES {
            return Ok(());
        }
        self.send(multistatus.take()).await
    }

    /// Hands over a buffer, once it is worth a piece.
    pub async fn drain_bytes(&self, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        if bytes.len() < PIECE_BYTES {
            return Ok(());
        }
        self.send(std::mem::take(bytes)).await
    }

    async fn send(&self, bytes: Vec<u8>) -> Result<(), Failure> {
        let piece = Ok(Piece { bytes: bytes.into(), last: false });
        let sent = tokio::time::timeout(Duration::from_secs(PIECE_SECONDS_MAX), self.0.send(piece)).await;
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Failure::new("the client went away")),
            Err(_) => Err(Failure::new("the client did not take the answer in time")),
        }
    }
}
