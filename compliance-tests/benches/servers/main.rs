//! Kalends and other servers, measured side by side: `compliance-tests/benchmark` starts this with all that it needs.
//!
//! Arguments are the names of servers (all of them unless told), `--seconds N` for each cell, `--out FILE` for the report.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot run fails by panicking, and has a real clock"
)]

mod data;
mod floors;
mod load;
mod peers;
mod processes;
mod report;
mod workloads;

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use bytes::Bytes;
use hyper::header::HeaderValue;
use hyper::{Method, StatusCode};

use data::Event;
use load::{Answer, Ask, Asking, Connection, Outcome, drive};
use peers::{PASSWORD, PEERS, Peer, USER};
use report::{Cell, Measured};
use workloads::{Places, WORKLOADS};

/// Connections that fill a server.
const FILL_CONNECTIONS: usize = 8;
/// At 16 connections only what takes less than this at one, in milliseconds, is run.
const MS_MAX_AT_16: u64 = 2_000;

struct Arguments {
    servers: Vec<String>,
    seconds: u64,
    out: Option<String>,
}

fn main() {
    let mut given = std::env::args().skip(1);
    let mut arguments = Arguments { servers: Vec::new(), seconds: 3, out: None };
    while let Some(argument) = given.next() {
        let mut value = || given.next().expect("an option has a value");
        match argument.as_str() {
            floors::FIXED => return floors::answer_fixed(value().parse().expect("a port")),
            "--seconds" => arguments.seconds = value().parse().expect("seconds"),
            "--out" => arguments.out = Some(value()),
            // What cargo adds.
            "--bench" => {}
            name => arguments.servers.push(name.to_owned()),
        }
    }
    run(&arguments);
}

fn run(arguments: &Arguments) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let duration = Duration::from_secs(arguments.seconds);
    let mut measured = Vec::new();
    for (name, start) in PEERS {
        if !arguments.servers.is_empty() && !arguments.servers.iter().any(|wanted| wanted == name) {
            continue;
        }
        eprintln!("{name}:");
        match start() {
            Some(peer) => measured.push(runtime.block_on(measure(&peer, duration))),
            None => eprintln!("  not installed, or it did not start"),
        }
    }
    eprintln!("floors:");
    let floors = runtime.block_on(floors::measure(duration));
    let report = report::report(&measured, &floors, arguments.seconds);
    println!("{report}");
    if let Some(file) = &arguments.out {
        std::fs::write(file, report).expect("the report can be written");
    }
}

async fn measure(peer: &Peer, duration: Duration) -> Measured {
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let authorization = HeaderValue::from_str(&format!("Basic {basic}")).expect("a header's value");
    let mut big = data::big();
    let least = big.iter().rposition(|event| event.in_month).map_or(0, |last| last + 1);
    big.truncate(peer.big.max(least));
    let begun = Instant::now();
    let places = fill(peer, &authorization, &big).await;
    let fill = (data::SMALL + big.len()) as f64 / begun.elapsed().as_secs_f64();
    eprintln!("  filled at {fill:.0} events/s");
    let mut result = Measured { name: peer.name.clone(), note: peer.note, big: big.len(), fill, memory_mib: 0.0, cells: Vec::new() };
    let mut connection = 0;
    for workload in WORKLOADS {
        for connections in [1, 16] {
            let slow = |cell: &Cell| {
                cell.workload == workload.id && cell.outcome.latencies.first().is_none_or(|took| *took > MS_MAX_AT_16 * 1_000)
            };
            if connections > 1 && result.cells.iter().any(slow) {
                continue;
            }
            let asking = (0..connections).map(|number| workload.asking(&places, connection + number)).collect();
            connection += connections;
            let before = processes::usage(&peer.roots);
            let outcome = drive(peer.address, &authorization, asking, duration).await;
            let after = processes::usage(&peer.roots);
            result.memory_mib = result.memory_mib.max(after.memory_mib);
            let cpu_ms = (after.cpu_seconds - before.cpu_seconds) * 1_000.0 / outcome.count().max(1) as f64;
            tell(workload.id, connections, &outcome, cpu_ms);
            result.cells.push(Cell { workload: workload.id, connections, outcome, cpu_ms });
        }
    }
    result
}

fn tell(id: &str, connections: usize, outcome: &Outcome, cpu_ms: f64) {
    let rate = outcome.count() as f64 / outcome.seconds;
    let wrong = outcome.complaint.as_ref().map_or_else(String::new, |complaint| format!("  {} wrong: {complaint}", outcome.wrong));
    eprintln!("  {id:4} {connections:2}  {cpu_ms:9.3} ms  {rate:9.1}/s{wrong}");
}

/// Makes the calendars and puts the events.
async fn fill(peer: &Peer, authorization: &HeaderValue, big: &[Event]) -> Places {
    let mut places = Places {
        principal: peer.principal.clone(),
        small: format!("{}small/", peer.home),
        big: format!("{}big/", peer.home),
        writes: format!("{}writes/", peer.home),
        token: String::new(),
        in_month: Arc::new(data::names_in_month(big)),
        busy_minutes: data::busy_minutes(big),
    };
    let mut connection = Connection::new(peer.address, authorization);
    for path in [&places.small, &places.big, &places.writes] {
        let ask =
            Ask { method: Method::from_bytes(b"MKCALENDAR").expect("a method"), path: path.clone(), headers: vec![], body: Bytes::new() };
        // Xandikos makes what it needs when somebody first looks.
        let _ = connection.send(workloads::propfind(&peer.principal, "0", "<D:displayname/>")).await;
        let made = connection.send(ask).await.expect("the server answers");
        assert!(made.status.is_success(), "{}: MKCALENDAR {path}: {} {:?}", peer.name, made.status, made.body);
    }
    let small = data::small();
    for (path, events) in [(&places.small, small.as_slice()), (&places.big, big)] {
        let mut queues: Vec<Vec<Ask>> = vec![Vec::new(); FILL_CONNECTIONS];
        for (queue, event) in (0..FILL_CONNECTIONS).cycle().zip(events) {
            queues[queue].push(workloads::put(format!("{path}{}", event.name), &event.body, None));
        }
        let asking = queues.into_iter().map(|queue| Box::new(Filling { left: queue, asked: None }) as Box<dyn Asking>).collect();
        let outcome = drive(peer.address, authorization, asking, Duration::from_secs(3_600)).await;
        assert_eq!(outcome.wrong, 0, "{}: {:?}", peer.name, outcome.complaint);
    }
    let answer = connection.send(workloads::sync(&places.small, "")).await.expect("the server answers");
    places.token = workloads::token_in(&answer).unwrap_or_else(|| panic!("{}: no sync-token: {:?}", peer.name, answer.body));
    let changed = small[0].body.replace("third floor", "second floor");
    let put = connection.send(workloads::put(format!("{}{}", places.small, small[0].name), &changed, None)).await;
    assert!(put.is_ok_and(|answer| answer.status.is_success()), "{}: an event can be changed", peer.name);
    places
}

/// Requests made before, each until it is done.
struct Filling {
    left: Vec<Ask>,
    asked: Option<Ask>,
}

impl Asking for Filling {
    fn next(&mut self) -> Option<Ask> {
        self.asked = self.left.pop();
        self.asked.clone()
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        match answer.status {
            // Another write is going on (Xandikos).
            StatusCode::LOCKED => {
                self.left.extend(self.asked.take());
                Ok(())
            }
            status if status.is_success() => Ok(()),
            status => Err(format!("{status}: {:?}", answer.body)),
        }
    }
}
