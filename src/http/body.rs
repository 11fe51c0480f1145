//! Bodies: read within bounds of size and time, written whole or in pieces.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use kalends_dav::Refusal;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::compression::Encoder;
use crate::answer::Piece;
use crate::config::HttpLimits;
use crate::failure::Failure;

/// Of a body that is too large this much is read and thrown away: a client that only writes first would not see the answer.
const DRAINED_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// A file has as much time as another body for every so many bytes.
const TIMED_BYTES: u64 = 16 << 20;
/// And no more than this: bodies that began to arrive longer ago are taken for abandoned.
const UPLOAD_TIME_MAX: Duration = Duration::from_secs(24 * 3600);

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// Larger than the bound it names, in bytes.
    TooLarge(u64),
    TooSlow,
    /// The client stopped in the middle.
    Broken,
}

impl BodyError {
    /// What is told of it, of a body that is called so.
    pub fn refusal(self, what: &str) -> Refusal {
        match self {
            Self::TooLarge(limit) => Refusal::status(StatusCode::PAYLOAD_TOO_LARGE, format!("{what} has at most {limit} bytes")),
            Self::TooSlow => Refusal::status(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"),
            Self::Broken => Refusal::bad_request("the body ended early"),
        }
    }
}

/// A body that is read piece by piece, within bounds of size and time.
pub struct Upload {
    body: Incoming,
    limit: u64,
    /// What its sender says it will be, in bytes.
    pub announced: Option<u64>,
    read: u64,
    /// Whether its sender waits for 100 before it sends anything.
    waits: bool,
    ended: bool,
    began: Instant,
    idle: Duration,
    /// For every [`TIMED_BYTES`] of it.
    time: Duration,
}

impl Upload {
    pub fn new(body: Incoming, headers: &HeaderMap, limit: u64, time: &HttpLimits) -> Self {
        let (announced, waits) = announced(headers);
        let (idle, time) = (Duration::from_secs(time.body_idle_seconds_max), Duration::from_secs(time.body_seconds_max));
        Self { body, limit, announced, read: 0, waits, ended: false, began: Instant::now(), idle, time }
    }

    /// The next piece; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        let refused = |error: BodyError| error.refusal("a file");
        if self.announced.is_some_and(|bytes| bytes > self.limit) {
            return Err(refused(BodyError::TooLarge(self.limit)));
        }
        let parts = u32::try_from(self.read / TIMED_BYTES).unwrap_or(u32::MAX).saturating_add(1);
        let until = self.began + self.time.saturating_mul(parts).min(UPLOAD_TIME_MAX);
        let piece = timeout_at(until, next(&mut self.body, self.idle)).await.unwrap_or(Err(BodyError::TooSlow)).map_err(refused)?;
        let Some(piece) = piece else {
            self.ended = true;
            return Ok(None);
        };
        self.read += piece.len() as u64;
        if self.read > self.limit {
            return Err(refused(BodyError::TooLarge(self.limit)));
        }
        Ok(Some(piece))
    }

    /// Reads what nobody wants, up to a bound; who waits for 100 sends nothing.
    pub async fn drain(&mut self) {
        if !self.ended && (!self.waits || self.read > 0) {
            drain(&mut self.body, self.idle).await;
        }
    }
}

/// How long a body is to be, and whether its sender waits for 100.
fn announced(headers: &HeaderMap) -> (Option<u64>, bool) {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<u64>().ok());
    (announced, headers.get(header::EXPECT).is_some())
}

/// Reads a body of `limit` bytes at most.
pub async fn read_body(body: Incoming, headers: &HeaderMap, limit: usize, time: &HttpLimits) -> Result<Bytes, BodyError> {
    let (announced, waits) = announced(headers);
    if announced.is_some_and(|bytes| bytes > limit as u64) && waits {
        // RFC 9110 §10.1.1: a client that waits for 100 need not send it at all.
        return Err(BodyError::TooLarge(limit as u64));
    }
    let idle = Duration::from_secs(time.body_idle_seconds_max);
    timeout(Duration::from_secs(time.body_seconds_max), collect(body, limit, idle)).await.unwrap_or(Err(BodyError::TooSlow))
}

async fn collect(mut body: Incoming, limit: usize, idle: Duration) -> Result<Bytes, BodyError> {
    let mut collected = BytesMut::new();
    while let Some(data) = next(&mut body, idle).await? {
        if collected.len() + data.len() > limit {
            drop(collected);
            drain(&mut body, idle).await;
            return Err(BodyError::TooLarge(limit as u64));
        }
        collected.extend_from_slice(&data);
    }
    Ok(collected.freeze())
}

async fn next(body: &mut Incoming, idle: Duration) -> Result<Option<Bytes>, BodyError> {
    loop {
        let frame = timeout(idle, body.frame()).await.map_err(|_| BodyError::TooSlow)?;
        match frame {
            None => return Ok(None),
            Some(Err(_)) => return Err(BodyError::Broken),
            // Trailers say nothing here.
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

async fn drain(body: &mut Incoming, idle: Duration) {
    let mut bytes = 0;
    while bytes < DRAINED_BYTES_MAX {
        match next(body, idle).await {
            Ok(Some(data)) => bytes += data.len() as u64,
            Ok(None) | Err(_) => return,
        }
    }
}

/// An answer's body on its way out.
pub enum AnswerBody {
    Whole(Option<Bytes>),
    Pieces {
        first: Option<Bytes>,
        receiver: mpsc::Receiver<Result<Piece, Failure>>,
        done: bool,
    },
    /// Compressed on the way; without an encoder it has ended.
    Encoded {
        body: Box<Self>,
        encoder: Option<Box<Encoder>>,
    },
    /// One that cannot be sent: the client sees that it is not whole.
    Broken,
}

impl AnswerBody {
    pub fn whole(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }

    pub fn pieces(first: Bytes, receiver: mpsc::Receiver<Result<Piece, Failure>>) -> Self {
        Self::Pieces { first: Some(first), receiver, done: false }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Failure;

    /// A body that ends without its last piece ends the connection: the client sees that it is not whole.
    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Broken => Poll::Ready(Some(Err(Failure::new("an answer cannot be compressed")))),
            Self::Encoded { encoder: None, .. } => Poll::Ready(None),
            Self::Encoded { body, encoder } => loop {
                let frame = std::task::ready!(Pin::new(&mut **body).poll_frame(context));
                let packed = match (frame.map(|frame| frame.map(Frame::into_data)), encoder.as_mut()) {
                    (Some(Ok(Ok(piece))), Some(encoder)) => encoder.push(&piece).map(Bytes::from),
                    (Some(Err(failure)), _) => return Poll::Ready(Some(Err(failure))),
                    _ => encoder.take().map_or_else(|| Ok(Bytes::new()), |encoder| encoder.last()),
                };
                match packed {
                    // It waits for more before it hands anything over.
                    Ok(bytes) if bytes.is_empty() && encoder.is_some() => {}
                    Ok(bytes) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                    Err(error) => return Poll::Ready(Some(Err(error.into()))),
                }
            },
            Self::Pieces { done: true, .. } => Poll::Ready(None),
            Self::Pieces { first: first @ Some(_), .. } => Poll::Ready(first.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Pieces { receiver, done, .. } => match std::task::ready!(receiver.poll_recv(context)) {
                Some(Ok(piece)) => {
                    *done = piece.last;
                    Poll::Ready(Some(Ok(Frame::data(piece.bytes))))
                }
                Some(Err(failure)) => {
                    tracing::warn!(%failure, "an answer broke off");
                    Poll::Ready(Some(Err(failure)))
                }
                None => Poll::Ready(Some(Err(Failure::new("an answer ended before its last piece")))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Pieces { done, .. } => *done,
            Self::Encoded { encoder, .. } => encoder.is_none(),
            Self::Broken => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            _ => SizeHint::default(),
        }
    }
}
