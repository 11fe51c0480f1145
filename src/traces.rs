//! Traces for OpenTelemetry: a span for each request, sent to a collector in batches (OTLP over HTTP).
//!
//! Names follow OpenTelemetry's semantic conventions for HTTP servers. As in the log there is never a password, a token or calendar content.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use kalends_ical::UtcMicros;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Span, SpanBuilder, SpanKind, Status, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HeaderExtractor, HttpClient};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};

use crate::failure::Failure;

/// A collector that takes longer has none of what it was sent.
const EXPORT_SECONDS_MAX: u64 = 10;
/// How long the last spans may take when the server stops.
const SHUTDOWN_SECONDS_MAX: u64 = 3;

/// Where traces go, and how many of a hundred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collector {
    /// `http://HOST:PORT/v1/traces`.
    pub endpoint: String,
    /// Of requests that no proxy has decided about.
    pub sampled_percent: u8,
}

/// What sends spans.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// A request that has ended.
pub struct Ended<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub client: &'a str,
    pub principal: &'a str,
    pub request_id: &'a str,
    pub status: u16,
    pub at: UtcMicros,
    pub took: Duration,
    /// The trace it is a part of, as a proxy that is believed has told.
    pub parent: &'a Context,
}

impl Traces {
    /// Begins to send; a collector that does not answer is told in the log.
    pub fn start(collector: &Collector, client: impl HttpClient + 'static) -> Result<Self, Failure> {
        let exporter = SpanExporter::builder().with_http().with_http_client(client).with_endpoint(&collector.endpoint);
        let exporter = exporter.with_timeout(Duration::from_secs(EXPORT_SECONDS_MAX)).build();
        let exporter = exporter.map_err(|error| Failure::new(format!("traces.endpoint cannot be used: {error}")))?;
        let share = f64::from(collector.sampled_percent) / 100.0;
        let resource = Resource::builder()
            .with_service_name(env!("CARGO_PKG_NAME"))
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share))))
            .with_resource(resource)
            .build();
        Ok(Self { tracer: provider.tracer(env!("CARGO_PKG_NAME")), provider })
    }

    /// Records a request.
    pub fn request(&self, ended: &Ended<'_>) {
        let end = UNIX_EPOCH + Duration::from_micros(u64::try_from(ended.at).unwrap_or(0));
        let start: SystemTime = end.checked_sub(ended.took).unwrap_or(end);
        let text = |name: &'static str, value: &str| KeyValue::new(name, value.to_owned());
        let mut attributes = vec![
            text("http.request.method", ended.method),
            text("url.path", ended.path),
            KeyValue::new("http.response.status_code", i64::from(ended.status)),
            text("kalends.request_id", ended.request_id),
        ];
        attributes.extend(Some(text("user_agent.original", ended.client)).filter(|_| !ended.client.is_empty()));
        attributes.extend(Some(text("user.name", ended.principal)).filter(|_| !ended.principal.is_empty()));
        let builder =
            SpanBuilder::from_name(ended.method.to_owned()).with_kind(SpanKind::Server).with_start_time(start).with_attributes(attributes);
        let mut span = self.tracer.build_with_context(builder, ended.parent);
        if ended.status >= 500 {
            span.set_status(Status::error(""));
        }
        span.end_with_timestamp(end);
    }

    /// Sends what is left.
    pub fn stop(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(Duration::from_secs(SHUTDOWN_SECONDS_MAX)) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// The trace that a request is a part of (W3C Trace Context: `traceparent`, `tracestate`).
pub fn parent(headers: &HeaderMap) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers))
}
