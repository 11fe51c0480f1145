//! Numbers for Prometheus.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use compliance_tests::account::{Account, authority};
use compliance_tests::client::Client;
use compliance_tests::server::{Kind, Server, binary, free_port};

use super::ByHand;

on_each_database! {
    requests_and_what_is_stored_are_counted,
}

/// A server with metrics, and where they are.
fn start(kind: Kind) -> (&'static Server, String) {
    let metrics = format!("127.0.0.1:{}", free_port());
    let mut server = Server::new(kind, &["--set", &format!("metrics.listen={metrics}")]);
    server.go();
    (Box::leak(Box::new(server)), metrics)
}

fn scrape(metrics: &str) -> String {
    let answer = Client::anonymous(metrics).get("/metrics").expect(200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    answer.text()
}

/// Every sample by its name with labels; fails on what is not the text format.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let mut families = BTreeMap::new();
    let mut samples = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(text.contains(&format!("# HELP {name} ")), "{name} has no help");
            assert_eq!(families.insert(name, kind), None, "{name} comes twice");
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            let family = name.split('{').next().unwrap();
            let parts = ["_bucket", "_sum", "_count"].into_iter().filter_map(|part| family.strip_suffix(part));
            assert!(families.contains_key(family) || parts.into_iter().any(|name| families.get(name) == Some(&"histogram")), "{line}");
            assert_eq!(samples.insert(name.to_owned(), value.parse().unwrap()), None, "{name} comes twice");
        }
    }
    samples
}

fn requests_and_what_is_stored_are_counted(kind: Kind) {
    let (server, metrics) = start(kind);
    let account = Account::new(server, "ann");
    let before = samples(&scrape(&metrics));
    account.put("a.ics", &compliance_tests::account::event("metrics-a"));
    account.client.get(&account.object("a.ics")).expect(200);
    for _ in 0..3 {
        account.client.get(&account.object("none.ics")).expect(404);
    }
    Client::anonymous(&authority(server)).get("/dav/").expect(401);
    // Labels that clients make up do not become labels here.
    for method in ["BREW", "get", "LOCK"] {
        account.client.send(method, &account.object("a.ics"), &[], "");
    }
    let after = samples(&scrape(&metrics));
    let grown = |name: &str| after.get(name).unwrap_or_else(|| panic!("no {name}")) - before.get(name).unwrap_or(&0.0);
    let requests = |method: &str, status: u16| grown(&format!("kalends_http_requests_total{{method=\"{method}\",status=\"{status}\"}}"));
    assert_eq!([requests("PUT", 201), requests("GET", 200), requests("GET", 404), requests("GET", 401)], [1.0, 1.0, 3.0, 1.0]);
    let others: f64 = after.iter().filter(|(name, _)| name.contains("requests_total{method=\"other\"")).map(|(_, value)| value).sum();
    assert_eq!(others, 3.0);
    assert!(!after.keys().any(|name| name.contains("BREW") || name.contains("\"get\"")));
    // The histogram has them all, and its last bucket is its count.
    assert_eq!(grown("kalends_http_request_seconds_count{method=\"GET\"}"), 5.0);
    assert_eq!(grown("kalends_http_request_seconds_bucket{method=\"GET\",le=\"+Inf\"}"), 5.0);
    assert!(grown("kalends_http_request_seconds_sum{method=\"PUT\"}") > 0.0);
    assert_eq!(after["kalends_http_requests_in_flight"], 0.0, "a scrape is no request of a client's");
    assert_eq!(after[&format!("kalends_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))], 1.0);
    // What is stored is counted seldom: as it was at the first scrape.
    assert_eq!(after["kalends_store_counted"], 1.0);
    for (name, value) in [("accounts", 2.0), ("objects", 0.0), ("body_bytes", 0.0), ("homes_waiting", 0.0), ("parked_changes", 0.0)] {
        assert_eq!(after[&format!("kalends_store_{name}")], value, "{name}");
    }
    assert!(after["kalends_store_collections"] >= 8.0 && after["kalends_store_log_rows"] >= 8.0);
    assert!(after["kalends_database_pool_connections"] >= 1.0);
    assert!(after["kalends_database_pool_max_connections"] >= after["kalends_database_pool_connections"]);
    assert!(after["process_resident_memory_bytes"] > 1e6 && after["process_open_fds"] > 3.0);
    assert!(after["process_start_time_seconds"] > 1.7e9 && after["process_cpu_seconds_total"] > 0.0);
}

#[test]
fn connections_are_counted_while_they_are_open() {
    let (server, metrics) = start(Kind::Sqlite);
    let open = || samples(&scrape(&metrics))["kalends_http_connections"];
    let until = |count: f64| {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while open() != count {
            assert!(std::time::Instant::now() < end, "{} connections, not {count}", open());
        }
    };
    until(0.0);
    let held = [(); 3].map(|()| std::net::TcpStream::connect(authority(server)).unwrap());
    until(3.0);
    drop(held);
    until(0.0);
}

#[test]
fn clients_do_not_reach_them_and_nothing_else_is_reached_there() {
    let (server, metrics) = start(Kind::Sqlite);
    let account = Account::new(server, "ann");
    let public = Client::anonymous(&authority(server)).get("/metrics");
    assert!(public.status == 401 && !public.text().contains("kalends_http"), "{}", public.text());
    account.client.get("/metrics").expect(404);
    let inside = Client::new(&metrics, "ann", "correct horse");
    for path in ["/", "/dav/", "/healthz", "/.well-known/caldav", "/metrics/", "/dav/calendars/ann/"] {
        inside.get(path).expect(404);
    }
    assert_eq!(inside.send("PROPFIND", "/metrics", &[], "").expect(405).header("allow"), Some("GET, HEAD"));
    assert_eq!(inside.send("HEAD", "/metrics", &[], "").expect(200).text(), "");
}

#[test]
fn a_database_that_cannot_be_counted_is_told_instead_of_old_numbers() {
    let (server, metrics) = start(Kind::Sqlite);
    let spoil = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('ALTER TABLE parked RENAME TO elsewhere')";
    let file = server.data().join("kalends.sqlite");
    assert!(Command::new("python3").args(["-c", spoil]).arg(file).status().unwrap().success());
    let told = samples(&scrape(&metrics));
    assert_eq!(told["kalends_store_counted"], 0.0);
    assert!(!told.contains_key("kalends_store_objects") && told.contains_key("process_open_fds"), "{told:?}");
}

#[test]
fn without_the_key_there_are_none_and_a_taken_address_is_told() {
    let server = ByHand::start(|command, _, port| {
        command.env("KALENDS_LISTEN", format!("127.0.0.1:{port}"));
    });
    assert!(!server.read("err").contains("metrics"), "{}", server.read("err"));
    let output = Command::new(binary())
        .args(["--listen", "127.0.0.1:0", "--set", &format!("metrics.listen={}", server.authority()), "--data"])
        .arg(server.folder.path().join("other"))
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && error.contains("choose another as metrics.listen"), "{error}");
}

#[test]
fn promtool_finds_nothing_wrong() {
    let (server, metrics) = start(Kind::Sqlite);
    Account::new(server, "ann").client.get("/dav/");
    let Ok(mut promtool) =
        Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    else {
        return crate::skipped("there is no promtool");
    };
    promtool.stdin.take().unwrap().write_all(scrape(&metrics).as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
}
