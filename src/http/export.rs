//! The client that sends traces to their collector.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::net::TcpStream;
use tokio::runtime::Handle;

const ANSWER_BYTES_MAX: usize = 1024 * 1024;
const SECONDS_MAX: u64 = 10;
const HTTP_PORT: u16 = 80;

/// Sends each batch on a connection of its own: there is one every few seconds. Batches come from a thread of their own, so that the
/// runtime must be named.
#[derive(Debug)]
pub struct Exporter {
    runtime: Handle,
    /// Whether it was told that the collector does not take them.
    told: AtomicBool,
}

impl Exporter {
    pub fn new() -> Self {
        Self { runtime: Handle::current(), told: AtomicBool::new(false) }
    }
}

#[async_trait::async_trait]
impl HttpClient for Exporter {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.runtime.spawn(async move {
            let within = std::time::Duration::from_secs(SECONDS_MAX);
            tokio::time::timeout(within, send(request)).await.unwrap_or_else(|_| Err("no answer in time".into()))
        });
        let answer = sent.await.map_err(HttpError::from).and_then(|answer| answer);
        let trouble = match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(error) => Some(error.to_string()),
        };
        // Once, until it is well again: the log is not to fill with it.
        let was_told = self.told.swap(trouble.is_some(), Ordering::Relaxed);
        if let (Some(trouble), false) = (trouble, was_told) {
            tracing::warn!(%trouble, "the collector does not take traces");
        }
        answer
    }
}

async fn send(request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let uri = request.uri().clone();
    let host = uri.host().ok_or("an endpoint has a host")?;
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), uri.port_u16().unwrap_or(HTTP_PORT))).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let (mut head, body) = request.into_parts();
    if let Some(authority) = uri.authority() {
        head.headers.insert(http::header::HOST, authority.as_str().parse()?);
    }
    // A client in its own name asks for a path, not for a whole URL (RFC 9112 §3.2.1).
    head.uri = uri.path_and_query().map_or("/", |path| path.as_str()).parse()?;
    let (head, body) = sender.send_request(Request::from_parts(head, Full::new(body))).await?.into_parts();
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?.to_bytes();
    Ok(Response::from_parts(head, body))
}
