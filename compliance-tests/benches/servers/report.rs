//! BENCHMARKS.md: what was measured, and on what.

use std::fmt::Write;
use std::process::Command;

use crate::floors::Floor;
use crate::load::Outcome;
use crate::workloads::WORKLOADS;

/// One workload on one server, with so many connections.
pub struct Cell {
    pub workload: &'static str,
    pub connections: usize,
    pub outcome: Outcome,
    pub cpu_ms: f64,
}

/// All that was measured of a server.
pub struct Measured {
    pub name: String,
    pub note: &'static str,
    /// How many events the big calendar has.
    pub big: usize,
    /// Events a second that it was filled with.
    pub fill: f64,
    pub memory_mib: f64,
    pub cells: Vec<Cell>,
}

/// The whole report.
pub fn report(measured: &[Measured], floors: &[Floor], seconds: u64) -> String {
    let mut out = String::from("# Benchmarks\n\n");
    let _ = write!(
        out,
        "Written by `compliance-tests/benchmark`: each server is started on fresh data and asked for W1 to W10, at 1 and at 16 connections, \
         {seconds} s each, with HTTP Basic on every request and keep-alive where the server keeps it. Every answer is checked; where the first wrong one \
         is told below, the figures are of a server that does less than was asked. Processor time is that of the server and its database, user and system, \
         over all their processes; the load generator runs on the same machine. `-`: not run, because one request took longer than a cell may.\n\n{}\n",
        machine()
    );
    for server in measured {
        let _ = writeln!(
            out,
            "* {}: {}; filled at {:.0} events/s, at most {:.0} MiB.",
            server.name, server.note, server.fill, server.memory_mib
        );
    }
    out.push_str("\n## The machine's floors\n\n| what | connections | each second | p50 ms | p99 ms | processor ms each |\n|---|---|---|---|---|---|\n");
    for floor in floors {
        let (p50, p99) = (percentile(&floor.outcome, 50), percentile(&floor.outcome, 99));
        let rate = floor.outcome.count() as f64 / floor.outcome.seconds;
        let _ = writeln!(out, "| {} | {} | {rate:.0} | {p50} | {p99} | {:.3} |", floor.what, floor.connections, floor.cpu_ms);
    }
    table(&mut out, "Processor milliseconds per request, 1 / 16 connections", measured, |cell| format!("{:.3}", cell.cpu_ms));
    table(&mut out, "Requests per second, 1 / 16 connections", measured, |cell| {
        format!("{:.0}", cell.outcome.count() as f64 / cell.outcome.seconds)
    });
    table(&mut out, "p50 ms, 1 / 16 connections", measured, |cell| percentile(&cell.outcome, 50));
    table(&mut out, "p99 ms, 1 / 16 connections", measured, |cell| percentile(&cell.outcome, 99));
    out.push_str("\n## Answers that were wrong\n\n");
    let mut right = true;
    for server in measured {
        for cell in server.cells.iter().filter(|cell| cell.outcome.wrong > 0) {
            right = false;
            let complaint: String =
                cell.outcome.complaint.iter().flat_map(|text| text.chars()).filter(|c| !c.is_control() && *c != '`').take(120).collect();
            let (wrong, all) = (cell.outcome.wrong, cell.outcome.count());
            let _ = writeln!(out, "* {}, {} at {}: {wrong} of {all}: `{complaint}`", server.name, cell.workload, cell.connections);
        }
        if server.big < crate::data::BIG {
            let _ = writeln!(
                out,
                "* {}: the calendar of 10,000 has {} events, all that recur and all of the month among them.",
                server.name, server.big
            );
        }
    }
    if right {
        out.push_str("None.\n");
    }
    out
}

fn table(out: &mut String, title: &str, measured: &[Measured], figure: impl Fn(&Cell) -> String) {
    let _ = write!(out, "\n## {title}\n\n| workload |");
    measured.iter().for_each(|server| out.push_str(&format!(" {} |", server.name)));
    let _ = writeln!(out, "\n|---|{}", "---|".repeat(measured.len()));
    for workload in WORKLOADS {
        let _ = write!(out, "| {} {} |", workload.id, workload.what);
        for server in measured {
            let of = |connections| {
                let cell = server.cells.iter().find(|cell| cell.workload == workload.id && cell.connections == connections);
                cell.map_or_else(|| "-".to_owned(), |cell| figure(cell) + if cell.outcome.wrong > 0 { " (wrong)" } else { "" })
            };
            let _ = write!(out, " {} / {} |", of(1), of(16));
        }
        out.push('\n');
    }
}

/// Milliseconds that so many of a hundred right answers took at most.
fn percentile(outcome: &Outcome, percent: usize) -> String {
    let index = (outcome.latencies.len() * percent / 100).min(outcome.latencies.len().saturating_sub(1));
    outcome.latencies.get(index).map_or_else(|| "-".to_owned(), |micros| format!("{:.2}", *micros as f64 / 1_000.0))
}

fn machine() -> String {
    let first = |file: &str, name: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once([':', '=']).map_or("", |(_, value)| value).trim().trim_matches('"').to_owned()
    };
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&output).trim().to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = first("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0 / 1024.0;
    format!(
        "{}: {cores} cores of {}, {memory:.0} GiB, {}, Linux {}, {}.\n",
        said("date", &["+%Y-%m-%d"]),
        first("/proc/cpuinfo", "model name"),
        first("/etc/os-release", "PRETTY_NAME"),
        said("uname", &["-r"]),
        said("rustc", &["--version"]),
    )
}
