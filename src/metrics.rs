//! Numbers about the running server, in the text format of Prometheus (version 0.0.4). What a request adds to them is a few atomics; what
//! the database holds is counted seldom, however often somebody asks.

mod process;
mod text;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as ShortMutex, PoisonError};
use std::time::Duration;

use kalends_dav::method::METHODS;
use kalends_ical::UtcMicros;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::server::Server;
use crate::store::{Status, Store};
use text::{Kind, Text};

pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of the histogram's buckets, in microseconds.
#[rustfmt::skip]
const BUCKETS_MICROS: [u64; 13] =
    [1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000];
/// Statuses have three digits.
const STATUS_MIN: u16 = 100;
const STATUSES: usize = 900;
/// Methods that no row of the method table names: clients cannot make up labels.
const OTHER: &str = "other";

/// The database is asked what it holds once in so many seconds at most.
const COUNT_SECONDS: u32 = 15;
/// And rests this many times as long as the counting took: however large it is, counting is a twentieth of its work at most.
const COUNT_RESTS: u32 = 20;
/// A scrape waits this long for a count, then says what is known without it. Prometheus gives up after ten seconds.
const COUNT_WAITS_SECONDS: u64 = 2;

/// Something that is counted up and down.
#[derive(Debug, Default, Clone)]
pub struct Gauge(Arc<AtomicUsize>);

impl Gauge {
    /// One more, as long as what is returned lives.
    pub fn enter(&self) -> Entered {
        self.0.fetch_add(1, Ordering::Relaxed);
        Entered(self.clone())
    }

    pub fn value(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// One of what a gauge counts.
#[derive(Debug)]
pub struct Entered(Gauge);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is counted while the server runs.
pub struct Metrics {
    pub connections: Gauge,
    pub requests_in_flight: Gauge,
    methods: Vec<Method>,
    census: Census,
    started_at: UtcMicros,
}

/// The requests of one method.
struct Method {
    name: &'static str,
    /// How many were answered with each status.
    statuses: Vec<AtomicU64>,
    /// How many took no longer than each bound, but longer than the one before; the last has no bound.
    buckets: [AtomicU64; BUCKETS_MICROS.len() + 1],
    micros: AtomicU64,
}

impl Method {
    fn new(name: &'static str) -> Self {
        let statuses = std::iter::repeat_with(AtomicU64::default).take(STATUSES).collect();
        Self { name, statuses, buckets: Default::default(), micros: AtomicU64::default() }
    }
}

impl Metrics {
    pub fn new(started_at: UtcMicros) -> Self {
        let mut names: Vec<&str> = METHODS.iter().map(|rule| rule.method).chain([OTHER]).collect();
        // A method may have several rows, one after the other.
        names.dedup();
        Self {
            connections: Gauge::default(),
            requests_in_flight: Gauge::default(),
            methods: names.into_iter().map(Method::new).collect(),
            census: Census::default(),
            started_at,
        }
    }

    /// Counts a request that has ended.
    pub fn ended(&self, method: &str, status: u16, took: Duration) {
        let known = self.methods.iter().find(|known| known.name == method);
        let Some(known) = known.or(self.methods.last()) else { return };
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS_MICROS.iter().position(|bound| micros <= *bound).unwrap_or(BUCKETS_MICROS.len());
        let status = known.statuses.get(usize::from(status.saturating_sub(STATUS_MIN)));
        for counter in [status, known.buckets.get(bucket)].into_iter().flatten() {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        known.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

/// Everything, as Prometheus reads it.
pub async fn text(server: &Arc<Server>) -> String {
    let status = count(server).await;
    let mut text = Text::default();
    text.family("kalends_build_info", Kind::Gauge, "The version that runs.");
    text.sample("kalends_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    server.metrics.write_http(&mut text);
    write_store(&mut text, status);
    write_pool(&mut text, &server.store);
    process::write(&mut text, server.metrics.started_at);
    text.into_string()
}

impl Metrics {
    fn write_http(&self, text: &mut Text) {
        text.gauge("kalends_http_connections", "Connections that clients have open.", self.connections.value());
        text.gauge("kalends_http_requests_in_flight", "Requests that are being answered.", self.requests_in_flight.value());
        let name = "kalends_http_requests_total";
        text.family(name, Kind::Counter, "Requests that have ended, by method and status; 499 is a client that went away.");
        for method in &self.methods {
            for (status, count) in (STATUS_MIN..).zip(&method.statuses) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    text.sample(name, &[("method", method.name), ("status", &status.to_string())], count);
                }
            }
        }
        text.family("kalends_http_request_seconds", Kind::Histogram, "Time from a request's header to its answer's, by method.");
        for method in &self.methods {
            write_histogram(text, method);
        }
    }
}

/// Buckets are cumulative there.
fn write_histogram(text: &mut Text, method: &Method) {
    let label = ("method", method.name);
    let mut count = 0;
    let bounds = BUCKETS_MICROS.iter().map(|micros| seconds(*micros).to_string()).chain(["+Inf".to_owned()]);
    for (bound, bucket) in bounds.zip(&method.buckets) {
        count += bucket.load(Ordering::Relaxed);
        text.sample("kalends_http_request_seconds_bucket", &[label, ("le", &bound)], count);
    }
    text.sample("kalends_http_request_seconds_sum", &[label], seconds(method.micros.load(Ordering::Relaxed)));
    text.sample("kalends_http_request_seconds_count", &[label], count);
}

fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

/// Nothing is said of what could not be counted: an old number would look like a new one.
fn write_store(text: &mut Text, status: Option<Status>) {
    text.gauge("kalends_store_counted", "Whether the database has lately said what it holds.", u8::from(status.is_some()));
    let Some(status) = status else { return };
    for (name, help, number) in [
        ("kalends_store_accounts", "Accounts.", status.principals),
        ("kalends_store_collections", "Calendars and other collections.", status.collections),
        ("kalends_store_objects", "Calendar objects.", status.objects),
        ("kalends_store_body_bytes", "Bytes of all calendar objects.", status.body_bytes),
        ("kalends_store_files", "Files.", status.files),
        ("kalends_store_file_bytes", "Bytes of all files.", status.file_bytes),
        ("kalends_store_log_rows", "Rows of the change log.", status.log_rows),
        ("kalends_store_homes_waiting", "Homes with changes that a follower has not handled.", status.waiting),
        ("kalends_store_parked_changes", "Work of followers that was put aside because it kept failing.", status.parked),
    ] {
        text.gauge(name, help, number);
    }
}

fn write_pool(text: &mut Text, store: &Store) {
    let pool = store.pool();
    text.gauge("kalends_database_pool_connections", "Connections to the database; with SQLite, those that read.", pool.connections);
    text.gauge("kalends_database_pool_idle_connections", "Those that nobody uses.", pool.idle);
    text.gauge("kalends_database_pool_max_connections", "How many there may be; who wants more waits.", pool.connections_max);
}

/// What the database holds, as counted last.
#[derive(Default)]
struct Census {
    /// Held while counting: one count at a time.
    turn: Mutex<()>,
    latest: ShortMutex<Option<Count>>,
}

#[derive(Clone, Copy)]
struct Count {
    /// None if the database did not answer.
    status: Option<Status>,
    good_until: Instant,
}

impl Census {
    fn latest(&self) -> Option<Count> {
        let latest = *self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.filter(|count| Instant::now() < count.good_until)
    }

    async fn count(&self, store: &Store) {
        let _turn = self.turn.lock().await;
        if self.latest().is_some() {
            return;
        }
        let began = Instant::now();
        let status = store.status().await.inspect_err(|failure| tracing::warn!(%failure, "counting what the database holds")).ok();
        let rest = (began.elapsed() * COUNT_RESTS).max(Duration::from_secs(u64::from(COUNT_SECONDS)));
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Count { status, good_until: Instant::now() + rest });
    }
}

/// What the database holds; counts in a task of its own, which goes on when nobody waits for it any more.
async fn count(server: &Arc<Server>) -> Option<Status> {
    let metrics = &server.metrics;
    if metrics.census.latest().is_none() {
        let counting = Arc::clone(server);
        let task = tokio::spawn(async move { counting.metrics.census.count(&counting.store).await });
        let _ = tokio::time::timeout(Duration::from_secs(COUNT_WAITS_SECONDS), task).await;
    }
    metrics.census.latest()?.status
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(metrics: &Metrics) -> String {
        let mut text = Text::default();
        metrics.write_http(&mut text);
        text.into_string()
    }

    #[test]
    fn requests_are_counted_by_method_and_status() {
        let metrics = Metrics::new(0);
        for (method, status) in [("GET", 200), ("GET", 200), ("GET", 499), ("BREW", 501), ("get", 501), ("", 99), ("PUT", 1000)] {
            metrics.ended(method, status, Duration::ZERO);
        }
        let text = http(&metrics);
        assert!(text.contains("\nkalends_http_requests_total{method=\"GET\",status=\"200\"} 2\n"), "{text}");
        assert!(text.contains("\nkalends_http_requests_total{method=\"GET\",status=\"499\"} 1\n"), "{text}");
        assert!(text.contains("\nkalends_http_requests_total{method=\"other\",status=\"501\"} 2\n"), "{text}");
        assert_eq!(text.matches("_seconds_count{method=\"PUT\"}").count(), 1, "PUT has two rows in the table, and one here");
    }

    #[test]
    fn a_bound_belongs_to_its_bucket_and_buckets_add_up() {
        let metrics = Metrics::new(0);
        for micros in [0, 1_000, 1_001, 10_000_000, 10_000_001] {
            metrics.ended("PUT", 201, Duration::from_micros(micros));
        }
        let text = http(&metrics);
        for (bound, count) in [("0.001", 2), ("0.0025", 3), ("5", 3), ("10", 4), ("+Inf", 5)] {
            let line = format!("kalends_http_request_seconds_bucket{{method=\"PUT\",le=\"{bound}\"}} {count}\n");
            assert!(text.contains(&line), "no {line} in {text}");
        }
        assert!(text.contains("kalends_http_request_seconds_sum{method=\"PUT\"} 20.002002\n"), "{text}");
        assert!(text.contains("kalends_http_request_seconds_count{method=\"PUT\"} 5\n"), "{text}");
    }

    #[test]
    fn a_gauge_counts_what_lives() {
        let gauge = Gauge::default();
        let (first, second) = (gauge.enter(), gauge.enter());
        assert_eq!(gauge.value(), 2);
        drop(first);
        assert_eq!(gauge.value(), 1);
        drop(second);
        assert_eq!(gauge.value(), 0);
    }
}
