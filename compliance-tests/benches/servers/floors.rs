//! What the machine itself takes, in the same run: a fixed answer over HTTP, and commits of one event with one row of a log.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use compliance_tests::folder::Folder;
use compliance_tests::postgres::Cluster;
use compliance_tests::server::{free_port, spawn};
use http_body_util::Full;
use hyper::header::HeaderValue;
use hyper::service::service_fn;
use hyper::{Method, Response};
use hyper_util::rt::TokioIo;
use sqlx::{Connection as _, Executor as _};

use crate::load::{Answer, Ask, Asking, Outcome, drive};
use crate::processes::usage;

/// The argument that makes this program the server of the fixed answer.
pub const FIXED: &str = "--fixed-answer-on";
const BODY: [u8; 600] = [b'x'; 600];

/// A floor: what it is, with how many connections, how it went, processor milliseconds each.
pub struct Floor {
    pub what: &'static str,
    pub connections: usize,
    pub outcome: Outcome,
    pub cpu_ms: f64,
}

/// Answers every request alike, until killed.
pub fn answer_fixed(port: u16) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("the port is free");
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let service = service_fn(|_| async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(&BODY)))) });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
}

struct Fixed;

impl Asking for Fixed {
    fn next(&mut self) -> Option<Ask> {
        Some(Ask { method: Method::GET, path: "/".to_owned(), headers: vec![], body: Bytes::new() })
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        if answer.body.len() == BODY.len() { Ok(()) } else { Err("another answer".to_owned()) }
    }
}

pub async fn measure(duration: Duration) -> Vec<Floor> {
    let mut floors = Vec::new();
    let port = free_port();
    let mut command = Command::new(std::env::current_exe().expect("a program knows itself"));
    command.args([FIXED, &port.to_string()]).stdin(Stdio::null());
    let mut server = spawn(command);
    let address: SocketAddr = (Ipv4Addr::LOCALHOST, port).into();
    while std::net::TcpStream::connect(address).is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for connections in [1, 16] {
        let asking = (0..connections).map(|_| Box::new(Fixed) as Box<dyn Asking>).collect();
        let before = usage(&[server.id()]).cpu_seconds;
        let outcome = drive(address, &HeaderValue::from_static("none"), asking, duration).await;
        let cpu = usage(&[server.id()]).cpu_seconds - before;
        floors.push(floor("hyper, a fixed answer of 600 bytes", connections, outcome, cpu));
    }
    let _ = server.kill();
    let _ = server.wait();

    let folder = Folder::new("floor");
    let before = usage(&[std::process::id()]).cpu_seconds;
    let outcome = sqlite(&folder.path().join("floor.sqlite").display().to_string(), duration).await;
    let cpu = usage(&[std::process::id()]).cpu_seconds - before;
    floors.push(floor("SQLite, WAL, synchronous=FULL: a commit of one event and one row of a log", 1, outcome, cpu));

    let cluster = Cluster::start();
    let url = cluster.database();
    for connections in [1, 16] {
        let before = usage(&[cluster.process()]).cpu_seconds;
        let outcome = postgres(&url, connections, duration).await;
        let cpu = usage(&[cluster.process()]).cpu_seconds - before;
        floors.push(floor("PostgreSQL, synchronous_commit=on: the same (the database's processor time)", connections, outcome, cpu));
    }
    floors
}

fn floor(what: &'static str, connections: usize, outcome: Outcome, cpu_seconds: f64) -> Floor {
    let cpu_ms = cpu_seconds * 1_000.0 / outcome.count().max(1) as f64;
    Floor { what, connections, outcome, cpu_ms }
}

const TABLES: &str = "CREATE TABLE IF NOT EXISTS events (name TEXT PRIMARY KEY, body TEXT NOT NULL); \
                      CREATE TABLE IF NOT EXISTS log (at BIGINT NOT NULL, name TEXT NOT NULL)";

async fn sqlite(path: &str, duration: Duration) -> Outcome {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
        .synchronous(sqlx::sqlite::SqliteSynchronous::Full);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.expect("SQLite opens");
    connection.execute(TABLES).await.expect("tables can be made");
    let body = "x".repeat(600);
    let mut outcome = Outcome::default();
    let begun = Instant::now();
    while begun.elapsed() < duration {
        let (name, at) = (format!("event-{}", outcome.latencies.len()), Instant::now());
        let mut transaction = connection.begin().await.expect("a transaction begins");
        sqlx::query("INSERT INTO events VALUES ($1, $2)").bind(&name).bind(&body).execute(&mut *transaction).await.expect("a row");
        sqlx::query("INSERT INTO log VALUES (1, $1)").bind(&name).execute(&mut *transaction).await.expect("a row");
        transaction.commit().await.expect("a commit");
        outcome.latencies.push(u64::try_from(at.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    finish(outcome, begun)
}

async fn postgres(url: &str, connections: usize, duration: Duration) -> Outcome {
    let body = "x".repeat(600);
    let begun = Instant::now();
    let mut open = Vec::new();
    for number in 0..connections {
        let mut connection = sqlx::PgConnection::connect(url).await.expect("Postgres answers");
        connection.execute(TABLES).await.expect("tables can be made");
        open.push((number, connection));
    }
    let local = tokio::task::LocalSet::new();
    let tasks: Vec<_> = open
        .into_iter()
        .map(|(number, mut connection)| {
            let body = body.clone();
            local.spawn_local(async move {
                let mut latencies = Vec::new();
                while begun.elapsed() < duration {
                    let (name, at) = (format!("event-{connections}-{number}-{}", latencies.len()), Instant::now());
                    let mut transaction = connection.begin().await.expect("a transaction begins");
                    sqlx::query("INSERT INTO events VALUES ($1, $2)")
                        .bind(&name)
                        .bind(&body)
                        .execute(&mut *transaction)
                        .await
                        .expect("a row");
                    sqlx::query("INSERT INTO log VALUES (1, $1)").bind(&name).execute(&mut *transaction).await.expect("a row");
                    transaction.commit().await.expect("a commit");
                    latencies.push(u64::try_from(at.elapsed().as_micros()).unwrap_or(u64::MAX));
                }
                latencies
            })
        })
        .collect();
    let mut outcome = Outcome::default();
    local
        .run_until(async {
            for task in tasks {
                outcome.latencies.extend(task.await.expect("a task ends"));
            }
        })
        .await;
    finish(outcome, begun)
}

fn finish(mut outcome: Outcome, begun: Instant) -> Outcome {
    outcome.seconds = begun.elapsed().as_secs_f64();
    outcome.latencies.sort_unstable();
    outcome
}
