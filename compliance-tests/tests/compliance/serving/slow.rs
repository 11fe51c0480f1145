//! Clients that are slow on purpose.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use compliance_tests::account::{Account, event_with};
use compliance_tests::server::{Kind, Server};

/// Of each of the three kinds; together 2,000.
const HALF_A_HEADER: usize = 700;
const BYTE_BY_BYTE: usize = 700;
const NEVER_READING: usize = 600;
/// What a request of a good client may take beside them, in a debug build on a busy machine.
const GOOD_SECONDS_MAX: Duration = Duration::from_secs(5);
/// What all of them may cost, in KiB: about 120 for each.
const MEMORY_KIB_MAX: u64 = 240_000;

#[test]
fn two_thousand_slow_connections_do_not_hinder_a_good_client() {
    let own = std::process::id().to_string();
    assert!(Command::new("prlimit").args(["--pid", &own, "--nofile=8192:"]).status().unwrap().success());
    let mut server = Server::new(Kind::Sqlite, &["--set", "http.connections_per_address_max=4000"]);
    server.go();
    let server: &'static Server = Box::leak(Box::new(server));
    let account = Account::new(server, "ann");
    for number in 0..60 {
        let body = event_with(&format!("n{number}"), &format!("DTSTART:20260601T090000Z\r\nDESCRIPTION:{}\r\n", "x".repeat(50_000)));
        account.put(&format!("{number}.ics"), &body).expect(201);
    }
    let before = server.memory_kib();
    let authority = format!("127.0.0.1:{}", server.port);
    let connect = || TcpStream::connect(&authority).unwrap();
    let authorization = account.client.authorization.clone().unwrap();
    let whole = format!("GET {} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: {authorization}\r\n\r\n", account.calendar);
    let mut open = Vec::new();
    for number in 0..HALF_A_HEADER + BYTE_BY_BYTE + NEVER_READING {
        let mut stream = connect();
        match number {
            0..NEVER_READING => stream.write_all(whole.as_bytes()).unwrap(),
            _ => stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-").unwrap(),
        }
        open.push(stream);
    }
    let good = |number: usize| {
        let began = Instant::now();
        let body = event_with(&format!("good{number}"), "DTSTART:20260601T090000Z\r\n");
        account.put(&format!("good{number}.ics"), &body).expect(201);
        account.client.propfind(&account.calendar, "0", "<D:displayname/>").expect(207);
        assert!(began.elapsed() < GOOD_SECONDS_MAX, "a good client waited {:?}", began.elapsed());
    };
    let until = Instant::now() + Duration::from_secs(8);
    let mut number = 0;
    while Instant::now() < until {
        for stream in open.iter_mut().skip(NEVER_READING + HALF_A_HEADER) {
            // Those that were given up already.
            let _ = stream.write_all(b"x");
        }
        good(number);
        number += 1;
        std::thread::sleep(Duration::from_millis(500));
    }
    let cost = server.memory_kib().saturating_sub(before);
    assert!(cost < MEMORY_KIB_MAX, "they cost {cost} KiB");
    eprintln!("{number} good requests beside them, {cost} KiB");
    drop(open);
    // A header that does not become whole is given up by itself.
    let mut quick = Server::new(Kind::Sqlite, &["--set", "http.header_seconds_max=1"]);
    quick.go();
    let mut stream = TcpStream::connect(format!("127.0.0.1:{}", quick.port)).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nX-").unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
}
