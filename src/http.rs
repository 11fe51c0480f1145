//! HTTP: from a request to its answer, and one log line for each. Only this room names hyper.

mod body;
mod compression;
mod cors;
mod export;
mod forwarded;
mod listen;
pub mod scrape;
mod tls;

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use hyper::Response;
use hyper::body::Incoming;
use kalends_dav::{Precondition, Refusal, method};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::answer::{Answer, Body};
use crate::auth::{Authenticated, CHALLENGE, Verdict};
use crate::dispatch::{self, Request};
use crate::failure::{Error, FailureKind};
use crate::metrics::Entered;
use crate::server::Server;
use crate::store::{Context, Reason};
use crate::traces::{self, Ended};
use crate::welcome;
pub use body::Upload;
use body::{AnswerBody, read_body};
pub use export::Exporter;
use forwarded::{client_address, is_trusted};
pub use listen::{Listener, Peer, serve, stopped};
pub use tls::Tls;

/// What proxies write where a client did not wait for its answer.
const CLIENT_WENT_AWAY: u16 = 499;
/// When to come back while the database does not answer.
const UNAVAILABLE_SECONDS: &str = "10";
/// Characters of a `User-Agent` kept beside the log.
const CLIENT_CHARACTERS_MAX: usize = 200;

/// Runs a request in a task of its own: a bug ends one request only. A client that goes away ends its question, but not a write half-way.
async fn handle(server: Arc<Server>, request: http::Request<Incoming>, peer: Peer) -> Response<AnswerBody> {
    let request_id = server.environment.uuid();
    let mut line = LogLine {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        client: client(request.headers()),
        principal: String::new(),
        status: CLIENT_WENT_AWAY,
        started: Instant::now(),
        request_id: request_id.clone(),
        // Whoever may tell who asks may tell of which trace it is: others would fill the collector.
        trace: server.traces.as_ref().map(|_| match is_trusted(&server.settings(), peer.address) {
            true => traces::parent(request.headers()),
            false => Default::default(),
        }),
        server: Arc::clone(&server),
        _in_flight: server.metrics.requests_in_flight.enter(),
    };
    let settings = server.settings();
    let origin = cors::allowed_origin(&settings, request.headers());
    let coding = compression::Coding::asked(request.headers()).filter(|_| settings.http.compresses);
    let only_reads = method::only_reads(request.method().as_str());
    let mut running = Running { task: tokio::spawn(answer(Arc::clone(&server), request, peer, request_id.clone())), only_reads };
    let (mut answer, principal) = (&mut running.task).await.unwrap_or_else(|error| {
        tracing::error!(%request_id, %error, "a request ended in a bug");
        (Answer::problem(StatusCode::INTERNAL_SERVER_ERROR, "the server failed; its log tells more under the request id"), None)
    });
    line.principal = principal.unwrap_or_default();
    line.status = answer.status.as_u16();
    compression::compress(&mut answer, coding);
    let mut response = response(answer, &request_id);
    if let Some(origin) = origin {
        cors::mark(response.headers_mut(), origin);
    }
    if let (1.., Ok(value)) = (settings.hsts_seconds, HeaderValue::from_str(&format!("max-age={}", settings.hsts_seconds))) {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    response
}

/// A running request; hyper drops it when its client goes away. What only reads ends then.
struct Running<T> {
    task: JoinHandle<T>,
    only_reads: bool,
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        if self.only_reads {
            self.task.abort();
        }
    }
}

/// What the log and the metrics say of a request once it has ended, however: never a password, a token or calendar content.
struct LogLine {
    method: String,
    path: String,
    client: String,
    principal: String,
    status: u16,
    started: Instant,
    request_id: String,
    /// The trace it is a part of, where traces are sent.
    trace: Option<opentelemetry::Context>,
    server: Arc<Server>,
    _in_flight: Entered,
}

impl Drop for LogLine {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        self.server.metrics.ended(&self.method, self.status, took);
        let ms = took.as_micros() as f64 / 1000.0;
        let Self { method, path, client, principal, status, request_id, .. } = self;
        if let (Some(traces), Some(parent)) = (&self.server.traces, &self.trace) {
            let at = (self.server.environment.now)();
            traces.request(&Ended { method, path, client, principal, request_id, status: *status, at, took, parent });
        }
        tracing::info!(target: "kalends::request", %method, path = ?path, status, ms, principal = ?principal, client = ?client, %request_id);
    }
}

async fn answer(server: Arc<Server>, request: http::Request<Incoming>, peer: Peer, request_id: String) -> (Answer, Option<String>) {
    let mut principal = None;
    let result = respond(&server, request, peer, &request_id, &mut principal).await;
    let answer = match result {
        Ok(answer) => answer,
        Err(Error::Refused(refusal)) => Answer::refusal(&refusal),
        Err(Error::Failed(failure)) => {
            tracing::error!(%request_id, %failure, "a request failed");
            failed(failure.kind)
        }
    };
    (answer, principal)
}

fn failed(kind: FailureKind) -> Answer {
    match kind {
        FailureKind::Broken => {
            Answer::problem(StatusCode::INTERNAL_SERVER_ERROR, "the server failed; its log tells more under the request id")
        }
        // W8: clients come back after a 503 with Retry-After.
        FailureKind::Unavailable => Answer::problem(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer: try again later")
            .with(header::RETRY_AFTER, UNAVAILABLE_SECONDS),
        FailureKind::Full => Answer::problem(StatusCode::INSUFFICIENT_STORAGE, "the server has no room left"),
    }
}

/// The way of every request: open doors first, then who, where, whether they may, and only then the body.
async fn respond(
    server: &Arc<Server>,
    request: http::Request<Incoming>,
    peer: Peer,
    request_id: &str,
    principal: &mut Option<String>,
) -> Result<Answer, Error> {
    let (head, incoming) = request.into_parts();
    let path = head.uri.path();
    if !has_host(&head) {
        return Err(Refusal::bad_request("a request of HTTP/1.1 has one Host, a host with perhaps a port (RFC 9112 §3.2)").into());
    }
    let settings = server.settings();
    if let Some(answer) = cors::preflight(&settings, &head.method, &head.headers) {
        return Ok(answer);
    }
    if let Some(answer) = open_door(server, head.method.as_str(), path).await {
        return Ok(answer);
    }
    if let Some(answer) = welcome(server, &head, peer) {
        return Ok(answer);
    }
    let address = client_address(&settings, peer.address, &head.headers);
    let who = match authenticate(server, &head.headers, (peer, address)).await? {
        Ok(who) => who,
        Err(answer) => return Ok(answer),
    };
    *principal = Some(who.principal.login.clone());
    let method = head.method.as_str().to_owned();
    let target = dispatch::resolve(server, &method, path, &who.principal).await?;
    if let Err(refusal) = dispatch::pass(&target, &method, &who.principal) {
        let answer = Answer::refusal(&refusal);
        let refused = answer.status == StatusCode::METHOD_NOT_ALLOWED;
        return Ok(if refused { answer.with(header::ALLOW, &dispatch::allow(&target)) } else { answer });
    }
    let context = context(server, &who, &head.headers, address, request_id);
    let mut request = Request { method, target, headers: head.headers, body: bytes::Bytes::new(), who: who.principal, context };
    if let (None, Some(authority)) = (request.headers.get(header::HOST), head.uri.authority()) {
        // RFC 9113 §8.3.1: HTTP/2 says it there.
        request.headers.extend(HeaderValue::from_str(authority.as_str()).ok().map(|host| (header::HOST, host)));
    }
    let answer = if dispatch::is_upload(&request) {
        let mut upload = Upload::new(incoming, &request.headers, settings.limits.file_bytes_max, &settings.http);
        let answer = dispatch::upload(server, request, &mut upload).await;
        upload.drain().await;
        answer?
    } else {
        let body = read_body(incoming, &request.headers, limit(server, &request.method), &settings.http).await;
        request.body = body.map_err(|error| refuse_body(error, &request.method))?;
        dispatch::respond(server, request).await?
    };
    Ok(answer.with_static(header::HeaderName::from_static("dav"), dispatch::DAV))
}

/// RFC 9112 §3.2; HTTP/2 has it in `:authority`, and perhaps in Host as well (RFC 9113 §8.3.1).
fn has_host(head: &http::request::Parts) -> bool {
    let is_host = |authority: &http::uri::Authority| !authority.as_str().contains('@');
    let mut hosts = head.headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if head.version >= http::Version::HTTP_2 => head.uri.authority().is_some_and(is_host),
        (None, _) => head.version < http::Version::HTTP_11,
        (Some(host), None) => {
            let authority = host.to_str().ok().and_then(|host| host.parse::<http::uri::Authority>().ok());
            authority.is_some_and(|authority| is_host(&authority)) || host.is_empty()
        }
        _ => false,
    }
}

/// What is answered before anyone says who they are.
async fn open_door(server: &Server, method: &str, path: &str) -> Option<Answer> {
    if server.paths.is_well_known(path) {
        // RFC 6764 §5, with any method and before credentials: Apple asks by PROPFIND, and first without.
        return Some(redirect(server, &server.paths.root()));
    }
    if server.paths.is_old_principals(path) {
        return Some(redirect(server, &server.paths.principals()));
    }
    let is_read = matches!(method, "GET" | "HEAD");
    match path {
        "/healthz" if is_read => Some(Answer::whole(StatusCode::OK, "text/plain; charset=utf-8", "ok\n")),
        "/readyz" if is_read => Some(match server.store.is_ready().await {
            true => Answer::whole(StatusCode::OK, "text/plain; charset=utf-8", "ready\n"),
            false => Answer::problem(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer"),
        }),
        _ => None,
    }
}

/// What a browser is shown before anyone says who they are. Clients ask by other methods.
fn welcome(server: &Server, head: &http::request::Parts, peer: Peer) -> Option<Answer> {
    if !matches!(head.method.as_str(), "GET" | "HEAD") {
        return None;
    }
    let page = server.paths.below_front(head.uri.path())?;
    let named = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| !host.is_empty());
    let asked = head.uri.authority().map(http::uri::Authority::as_str).or(named).unwrap_or("localhost");
    let (secure, authority) = match server.public_origin.as_deref().and_then(|origin| origin.split_once("://")) {
        Some((scheme, authority)) => (scheme == "https", authority),
        None => (peer.secure, asked),
    };
    let origin = welcome::Origin { secure, authority };
    let mut answer = match page {
        "" => welcome::page(&origin, &server.paths),
        welcome::PROFILE => welcome::profile(&origin, &server.paths, head.uri.query()),
        _ => return None,
    };
    if head.method == http::Method::HEAD {
        answer.body = Body::Whole(bytes::Bytes::new());
    }
    Some(answer)
}

/// Relative, so that host and https stay as the client has them, unless a public origin is configured.
fn redirect(server: &Server, path: &str) -> Answer {
    let origin = server.public_origin.as_deref().unwrap_or_default();
    Answer::empty(StatusCode::MOVED_PERMANENTLY)
        .with(header::LOCATION, &format!("{origin}{path}"))
        .with_static(header::CACHE_CONTROL, "max-age=3600")
}

/// Who asks; else the answer that sends them away. The challenge is the same on every request (Thunderbird files passwords by realm).
async fn authenticate(
    server: &Server,
    headers: &HeaderMap,
    (peer, address): (Peer, Option<IpAddr>),
) -> Result<Result<Authenticated, Answer>, Error> {
    let header = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    // Behind a proxy on this machine that is not configured every client has the proxy's address.
    let is_proxy = server.public_origin.is_some() && address == peer.address && address.is_some_and(|address| address.is_loopback());
    let address = address.filter(|_| !is_proxy);
    Ok(match server.authenticator.authenticate(header, address).await? {
        Verdict::Known(who) => Ok(who),
        Verdict::Challenge => {
            let answer = Answer::problem(StatusCode::UNAUTHORIZED, "log in with your name and a password");
            Err(answer.with_static(header::WWW_AUTHENTICATE, CHALLENGE))
        }
        // 503, not 429: DAVx5 honours Retry-After with it and takes 429 as a hard error.
        Verdict::ComeBack(seconds) => {
            let answer = Answer::problem(StatusCode::SERVICE_UNAVAILABLE, "too many failed logins: try again later");
            Err(answer.with(header::RETRY_AFTER, &seconds.to_string()))
        }
    })
}

fn limit(server: &Server, method: &str) -> usize {
    if method == "PUT" { server.limits().object_bytes_max } else { server.limits().xml_bytes_max }
}

/// RFC 4791 §5.3.2.1 names the limit of an object; other bodies have only 413.
fn refuse_body(error: body::BodyError, method: &str) -> Refusal {
    match error {
        body::BodyError::TooLarge(limit) if method == "PUT" => {
            Refusal::rule(Precondition::MaxResourceSize, format!("an object has at most {limit} bytes"))
        }
        error => error.refusal("the body"),
    }
}

fn context(server: &Server, who: &Authenticated, headers: &HeaderMap, address: Option<IpAddr>, request_id: &str) -> Context {
    Context {
        actor: Some(who.principal.id),
        credential: who.credential.to_string(),
        client: client(headers),
        address: address.map_or_else(String::new, |address| address.to_string()),
        reason: Reason::Request,
        request_id: request_id.to_owned(),
        at: (server.environment.now)(),
    }
}

fn client(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.chars().take(CLIENT_CHARACTERS_MAX).collect()
}

fn response(answer: Answer, request_id: &str) -> Response<AnswerBody> {
    let coding = compression::of_stream(&answer);
    let mut response = Response::new(match answer.body {
        Body::Whole(bytes) => AnswerBody::whole(bytes),
        Body::Pieces(first, rest) => compression::pieces(AnswerBody::pieces(first, rest), coding),
    });
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.extend(answer.headers);
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.insert("referrer-policy", HeaderValue::from_static("no-referrer"));
    // What clients put is never to act as a page of the server's.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-request-id", id);
    }
    response
}
