//! Bodies: read within bounds of size and time, written whole or in pieces.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::compression::Encoder;
use crate::answer::Piece;
use crate::config::HttpLimits;
use crate::failure::Failure;

/// Of a body that is too large this much is read and thrown away: a client that only writes first would not see the answer.
const DRAINED_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// Larger than the bound it names, in bytes.
    TooLarge(usize),
    TooSlow,
    /// The client stopped in the middle.
    Broken,
}

/// Reads a body of `limit` bytes at most.
pub async fn read_body(body: Incoming, headers: &HeaderMap, limit: usize, time: &HttpLimits) -> Result<Bytes, BodyError> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<u64>().ok());
    let waits = headers.get(header::EXPECT).is_some();
    if announced.is_some_and(|bytes| bytes > limit as u64) && waits {
        // RFC 9110 §10.1.1: a client that waits for 100 need not send it at all.
        return Err(BodyError::TooLarge(limit));
    }
    let idle = Duration::from_secs(time.body_idle_seconds_max);
    timeout(Duration::from_secs(time.body_seconds_max), collect(body, limit, idle)).await.unwrap_or(Err(BodyError::TooSlow))
}

async fn collect(mut body: Incoming, limit: usize, idle: Duration) -> Result<Bytes, BodyError> {
    let mut collected = BytesMut::new();
    while let Some(data) = next(&mut body, idle).await? {
        if collected.len() + data.len() > limit {
            drop(collected);
            drain(body, idle).await;
            return Err(BodyError::TooLarge(limit));
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

async fn drain(mut body: Incoming, idle: Duration) {
    let mut bytes = 0;
    while bytes < DRAINED_BYTES_MAX {
        match next(&mut body, idle).await {
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
