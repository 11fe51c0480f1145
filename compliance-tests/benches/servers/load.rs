//! Sends requests as fast as they are answered, over some connections, and checks every answer.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A connection that waits this long for an answer gives up.
const ANSWER_SECONDS_MAX: u64 = 120;

/// One request.
#[derive(Debug, Clone)]
pub struct Ask {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Bytes,
}

/// What was answered.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What one connection asks for, one request after the other.
pub trait Asking {
    /// The next request; `None` when there is nothing more to ask for.
    fn next(&mut self) -> Option<Ask>;

    /// Whether its answer is right.
    ///
    /// # Errors
    /// What is wrong with it.
    fn check(&mut self, answer: &Answer) -> Result<(), String>;
}

/// How it went.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How long each right answer took, in microseconds.
    pub latencies: Vec<u64>,
    pub wrong: usize,
    /// What was wrong with the first wrong answer.
    pub complaint: Option<String>,
    pub seconds: f64,
}

impl Outcome {
    pub fn count(&self) -> usize {
        self.latencies.len() + self.wrong
    }
}

/// A connection that is opened again whenever the server has closed it.
pub struct Connection {
    address: SocketAddr,
    authorization: HeaderValue,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub fn new(address: SocketAddr, authorization: &HeaderValue) -> Self {
        Self { address, authorization: authorization.clone(), sender: None }
    }

    pub async fn send(&mut self, ask: Ask) -> Result<Answer, String> {
        let answer = tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS_MAX), self.exchange(ask)).await;
        let answer = answer.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        if answer.is_err() {
            self.sender = None;
        }
        answer
    }

    async fn exchange(&mut self, ask: Ask) -> Result<Answer, String> {
        let told = |error: hyper::Error| error.to_string();
        let ready = match &mut self.sender {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !ready {
            let stream = TcpStream::connect(self.address).await.map_err(|error| error.to_string())?;
            stream.set_nodelay(true).map_err(|error| error.to_string())?;
            let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(told)?;
            tokio::spawn(connection);
            self.sender = Some(sender);
        }
        let sender = self.sender.as_mut().ok_or("not connected")?;
        let mut request = Request::new(Full::new(ask.body));
        *request.method_mut() = ask.method;
        *request.uri_mut() = ask.path.parse().map_err(|_| format!("{} is no path", ask.path))?;
        let host = HeaderValue::from_str(&self.address.to_string()).map_err(|error| error.to_string())?;
        request.headers_mut().insert(hyper::header::HOST, host);
        request.headers_mut().insert(hyper::header::AUTHORIZATION, self.authorization.clone());
        request.headers_mut().extend(ask.headers);
        let (head, body) = sender.send_request(request).await.map_err(told)?.into_parts();
        let body = body.collect().await.map_err(told)?.to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}

/// Asks over connections of their own, for so long, but at least once each.
pub async fn drive(address: SocketAddr, authorization: &HeaderValue, asking: Vec<Box<dyn Asking>>, duration: Duration) -> Outcome {
    let begun = Instant::now();
    let local = tokio::task::LocalSet::new();
    let connections: Vec<_> = asking
        .into_iter()
        .map(|asking| local.spawn_local(ask(Connection::new(address, authorization), asking, begun + duration)))
        .collect();
    let mut sum = Outcome::default();
    local
        .run_until(async {
            for connection in connections {
                let one = connection.await.expect("a connection's task ends");
                sum.latencies.extend(one.latencies);
                sum.wrong += one.wrong;
                sum.complaint = sum.complaint.take().or(one.complaint);
            }
        })
        .await;
    sum.seconds = begun.elapsed().as_secs_f64();
    sum.latencies.sort_unstable();
    sum
}

async fn ask(mut connection: Connection, mut asking: Box<dyn Asking>, until: Instant) -> Outcome {
    let mut outcome = Outcome::default();
    loop {
        let Some(next) = asking.next() else { return outcome };
        let begun = Instant::now();
        let answer = connection.send(next).await;
        let took = begun.elapsed();
        match answer.and_then(|answer| asking.check(&answer)) {
            Ok(()) => outcome.latencies.push(u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
            Err(complaint) => {
                outcome.wrong += 1;
                outcome.complaint.get_or_insert(complaint);
            }
        }
        if Instant::now() >= until {
            return outcome;
        }
    }
}
