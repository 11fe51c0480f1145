//! A plain HTTP client: what is sent is what the test says, what is shown is what was answered.

use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::rt::TokioIo;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

use crate::xml::{Element, Multistatus, Response};

const SECONDS_MAX: u64 = 120;

/// Someone at a server.
#[derive(Debug, Clone)]
pub struct Client {
    /// `host:port`.
    pub authority: String,
    /// Value of `Authorization`, if any is sent.
    pub authorization: Option<String>,
    /// The loopback address requests come from.
    pub from: Ipv4Addr,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Client {
    pub fn new(authority: &str, user: &str, password: &str) -> Self {
        Self { authority: authority.to_owned(), authorization: Some(basic(user, password)), from: Ipv4Addr::LOCALHOST }
    }

    pub fn anonymous(authority: &str) -> Self {
        Self { authority: authority.to_owned(), authorization: None, from: Ipv4Addr::LOCALHOST }
    }

    /// Sends a request on a connection of its own.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        let answer = self.try_send(method, path, headers, body.into());
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// As [`Client::send`]; a connection that breaks is an error of the test's to judge.
    pub fn try_send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Bytes) -> Result<Answer, String> {
        let mut request = Request::builder().method(method).uri(path).header("host", &self.authority);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).map_err(|error| error.to_string())?;
        runtime().block_on(async {
            let sent = tokio::time::timeout(Duration::from_secs(SECONDS_MAX), exchange(self, request)).await;
            sent.map_err(|_| "no answer in time".to_owned())?
        })
    }

    /// Sends octets as they are, and reads what comes back until the server ends the connection.
    pub fn send_octets(&self, octets: &[u8]) -> String {
        Self::read_to_end(self.write(octets))
    }

    /// As [`Client::send_octets`], ending its side of the connection after them.
    pub fn send_octets_and_leave(&self, octets: &[u8]) -> String {
        let stream = self.write(octets);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        Self::read_to_end(stream)
    }

    fn write(&self, octets: &[u8]) -> std::net::TcpStream {
        let mut stream = std::net::TcpStream::connect(&self.authority).expect("the server takes connections");
        stream.write_all(octets).expect("the server reads");
        stream
    }

    fn read_to_end(mut stream: std::net::TcpStream) -> String {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    pub fn put(&self, path: &str, body: &str) -> Answer {
        self.send("PUT", path, &[("content-type", "text/calendar; charset=utf-8")], body.to_owned())
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], "")
    }

    /// A request with an XML body: the element `root` with what stands inside.
    pub fn xml(&self, method: &str, path: &str, headers: &[(&str, &str)], root: &str, inside: &str) -> Answer {
        let headers = [headers, &[("content-type", "application/xml; charset=utf-8")]].concat();
        self.send(method, path, &headers, format!("<{root} {NAMESPACES}>{inside}</{root}>"))
    }

    /// A DELETE that must succeed.
    pub fn remove(&self, path: &str) {
        self.delete(path).succeeds();
    }

    /// A PROPFIND for named properties, given as XML.
    pub fn propfind(&self, path: &str, depth: &str, properties: &str) -> Answer {
        self.xml("PROPFIND", path, &[("depth", depth)], "D:propfind", &format!("<D:prop>{properties}</D:prop>"))
    }

    /// The values of properties of one resource, given as XML.
    pub fn properties(&self, path: &str, properties: &str) -> Response {
        self.propfind(path, "0", properties).multistatus().only().clone()
    }

    pub fn proppatch(&self, path: &str, instructions: &str) -> Answer {
        self.xml("PROPPATCH", path, &[], "D:propertyupdate", instructions)
    }

    /// Sets properties, given as XML, which must succeed.
    pub fn set(&self, path: &str, properties: &str) {
        let answer = self.proppatch(path, &format!("<D:set><D:prop>{properties}</D:prop></D:set>")).multistatus();
        assert!(answer.only().propstats.iter().all(|(status, _)| *status == 200), "{answer:?}");
    }

    /// A REPORT; `inside` is the whole body but for its root element.
    pub fn report(&self, path: &str, depth: &str, root: &str, inside: &str) -> Answer {
        self.xml("REPORT", path, &[("depth", depth)], root, inside)
    }

    pub fn mkcalendar(&self, path: &str, properties: &str) -> Answer {
        self.xml("MKCALENDAR", path, &[], "C:mkcalendar", &format!("<D:set><D:prop>{properties}</D:prop></D:set>"))
    }
}

/// The prefixes the tests write.
pub const NAMESPACES: &str = "xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:CS=\"http://calendarserver.org/ns/\" xmlns:A=\"http://apple.com/ns/ical/\" xmlns:X=\"urn:example:x\"";

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The values of a header that is a list.
    pub fn list(&self, name: &str) -> Vec<String> {
        let values = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values.flat_map(|(_, value)| value.split(',')).map(|one| one.trim().to_owned()).collect()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn etag(&self) -> String {
        self.header("etag").unwrap_or_else(|| panic!("an ETag: {self:?}")).to_owned()
    }

    /// The answer, if it has that status.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The root element of the body.
    pub fn element(&self) -> Element {
        Element::parse(&self.body)
    }

    /// The answer to a PUT or DELETE of what was there, if it did what was asked.
    pub fn succeeds(self) -> Self {
        assert!(matches!(self.status, 200 | 204), "{}: {}", self.status, self.text());
        self
    }

    /// The multistatus of a 207.
    pub fn multistatus(&self) -> Multistatus {
        assert_eq!(self.status, 207, "{}", self.text());
        Multistatus::parse(&self.body)
    }

    /// That the answer is a refusal with that status and precondition element; the element.
    pub fn refuses(&self, status: u16, condition: &str) -> Element {
        assert_eq!(self.status, status, "{}", self.text());
        self.condition(condition)
    }

    /// That the answer is a refusal with that precondition element; the element. The status is 403 if it can never succeed, 409 if it may
    /// after something else was done (RFC 3253 §1.6, RFC 4791 §1.3), and servers differ in which that is.
    pub fn refuses_by_name(&self, condition: &str) -> Element {
        assert!(matches!(self.status, 403 | 409), "{}: {}", self.status, self.text());
        self.condition(condition)
    }

    fn condition(&self, name: &str) -> Element {
        let error = self.element();
        assert_eq!(error.name, "D:error", "{}", self.text());
        error.child(name).unwrap_or_else(|| panic!("no {name} in {}", self.text())).clone()
    }
}

async fn exchange(client: &Client, request: Request<Full<Bytes>>) -> Result<Answer, String> {
    let to = client.authority.parse().map_err(|_| format!("{} is not an address", client.authority))?;
    let socket = TcpSocket::new_v4().map_err(|error| error.to_string())?;
    if client.from != Ipv4Addr::LOCALHOST {
        socket.bind((client.from, 0).into()).map_err(|error| error.to_string())?;
    }
    let stream = socket.connect(to).await.map_err(|error| error.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    driver.abort();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Ok(Answer { status: head.status.as_u16(), headers: headers.collect(), body })
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime starts"))
}

pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}
