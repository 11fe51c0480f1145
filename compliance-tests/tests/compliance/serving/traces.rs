//! Traces for OpenTelemetry, taken in by a collector of the test's own.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use compliance_tests::account::{Account, authority};
use compliance_tests::client::Client;
use compliance_tests::server::{Kind, Server, binary, free_port};

on_each_database! {
    each_request_is_a_span_sent_to_the_collector,
}

/// What is posted to `/v1/traces`, until the test ends.
fn collector() -> (u16, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut part = [0; 65536];
            while !is_whole(&request) {
                let count = stream.read(&mut part).unwrap();
                assert!(count > 0, "the exporter ended early");
                request.extend_from_slice(&part[..count]);
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = sender.send(request);
        }
    });
    (port, receiver)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse::<usize>().unwrap());
    let start = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    request.len() >= start + length
}

fn holds(request: &[u8], part: &[u8]) -> bool {
    request.windows(part.len()).any(|window| window == part)
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACE_BYTES: [u8; 16] = [0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36];

fn started(kind: Kind, port: u16, more: &[&str]) -> Account {
    let endpoint = format!("traces.endpoint=http://127.0.0.1:{port}/v1/traces");
    let mut server = Server::new(kind, &[&["--set", &endpoint], more].concat());
    server.go();
    Account::new(Box::leak(Box::new(server)), "ann")
}

/// All that is sent within some seconds, up to what holds a part.
fn sent_until(receiver: &Receiver<Vec<u8>>, part: &[u8]) -> Vec<u8> {
    let until = Instant::now() + Duration::from_secs(30);
    let mut all = Vec::new();
    while Instant::now() < until && !holds(&all, part) {
        all.extend(receiver.recv_timeout(Duration::from_secs(1)).unwrap_or_default());
    }
    all
}

fn each_request_is_a_span_sent_to_the_collector(kind: Kind) {
    let (port, receiver) = collector();
    let account = started(kind, port, &["--set", "http.trusted_proxies=127.0.0.1"]);
    let headers = [("traceparent", &*format!("00-{TRACE}-00f067aa0ba902b7-01")), ("user-agent", "Bookworm/1.0")];
    account.client.send("GET", &format!("{}nothing-here.ics", account.calendar), &headers, "").expect(404);
    let all = sent_until(&receiver, b"nothing-here.ics");
    assert!(all.starts_with(b"POST /v1/traces HTTP/1.1\r\n"), "{}", String::from_utf8_lossy(&all));
    for part in ["kalends", "http.request.method", "http.response.status_code", "nothing-here.ics", "Bookworm/1.0", "user.name", "ann"] {
        assert!(holds(&all, part.as_bytes()), "{part}");
    }
    assert!(holds(&all, &TRACE_BYTES), "a proxy that is believed tells the trace");
    assert!(!holds(&all, account.password.as_bytes()));
}

#[test]
fn who_is_not_believed_tells_no_trace() {
    let (port, receiver) = collector();
    let account = started(Kind::Sqlite, port, &[]);
    let headers = [("traceparent", &*format!("00-{TRACE}-00f067aa0ba902b7-01"))];
    account.client.send("GET", &format!("{}nothing-here.ics", account.calendar), &headers, "").expect(404);
    let all = sent_until(&receiver, b"nothing-here.ics");
    assert!(holds(&all, b"nothing-here.ics") && !holds(&all, &TRACE_BYTES));
}

#[test]
fn what_is_left_is_sent_at_the_end() {
    let (port, receiver) = collector();
    let mut server = Server::new(Kind::Sqlite, &["--set", &format!("traces.endpoint=http://127.0.0.1:{port}/v1/traces")]);
    server.go();
    Client::anonymous(&authority(&server)).get("/the-last-one");
    let (status, _) = server.terminate();
    assert!(status.success());
    assert!(holds(&sent_until(&receiver, b"/the-last-one"), b"/the-last-one"));
}

#[test]
fn a_collector_that_is_away_harms_nothing_and_is_told_once() {
    let account = started(Kind::Sqlite, free_port(), &[]);
    for _ in 0..3 {
        account.client.get(&account.calendar).expect(200);
    }
    let server = account.server.unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while Instant::now() < until && !server.log().contains("the collector does not take traces") {
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(server.log().matches("the collector does not take traces").count(), 1, "{}", server.log());
}

#[test]
fn an_endpoint_that_cannot_be_is_told() {
    for (endpoint, sampled) in
        [("https://127.0.0.1/v1/traces", "1"), ("127.0.0.1:4318", "1"), ("http://127.0.0.1:4318", "1"), ("http://h/v1/traces", "101")]
    {
        let set = [format!("traces.endpoint={endpoint}"), format!("traces.sampled_percent={sampled}")];
        let output = Command::new(binary()).args(["config", "check", "--set", &set[0], "--set", &set[1]]).output().unwrap();
        let refused = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && refused.contains("traces."), "{refused}");
    }
}
