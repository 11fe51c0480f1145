//! Every key, one row each: its name, its default, what it is, and how it is taken.

use super::given::{Given, Origin};
use super::{Config, Network, TlsFiles};
use crate::traces::Collector;

/// A key of the configuration.
pub struct Key {
    /// `section.name`, with the unit in it.
    pub name: &'static str,
    /// As it would be written; empty for nothing.
    pub default: &'static str,
    /// A sentence.
    pub what: &'static str,
    /// Whether it may have several values.
    pub is_list: bool,
    /// Whether it is not to be shown.
    pub is_secret: bool,
    /// Whether SIGHUP changes it.
    pub reloads: bool,
    pub take: fn(&mut Config, &Given) -> Result<(), String>,
}

impl Key {
    const fn new(
        name: &'static str,
        default: &'static str,
        take: fn(&mut Config, &Given) -> Result<(), String>,
        what: &'static str,
    ) -> Self {
        Self { name, default, what, is_list: false, is_secret: false, reloads: false, take }
    }

    const fn list(self) -> Self {
        Self { is_list: true, ..self }
    }

    const fn secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    const fn reloads(self) -> Self {
        Self { reloads: true, ..self }
    }

    /// A value as it may be shown.
    pub fn shown(&self, given: &Given) -> String {
        if self.is_secret && !given.texts.is_empty() { "…".to_owned() } else { given.texts.join(",") }
    }

    /// The variable of the environment that sets it.
    pub fn variable(&self) -> String {
        format!("KALENDS_{}", self.name.replace('.', "_").to_uppercase())
    }
}

const GIB: u64 = 1 << 30;
const HOUR: u64 = 3600;

/// All of them, by section.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    Key::new("listen", "127.0.0.1:8008", |c, v| v.list().map(|list| c.listen = list),
        "Where to listen: HOST:PORT, https://HOST:PORT, unix:PATH, or several.").list(),
    Key::new("data", "kalends-data", |c, v| v.text().map(|text| c.data = text.unwrap_or(".").into()),
        "Folder of the embedded database."),
    Key::new("database", "", |c, v| database(v).map(|url| c.database = url),
        "A Postgres database to use instead: postgres://USER:PASSWORD@HOST/NAME.").secret(),
    Key::new("base_url", "", |c, v| base_url(v).map(|(origin, prefix)| (c.public_origin, c.prefix) = (origin, prefix)),
        "The URL people reach the server at, if it is another one; it may have a path."),
    Key::new("log", "warn,kalends=info", |c, v| v.text().map(|text| c.reloadable.log = text.unwrap_or("off").to_owned()),
        "error, warn, info or debug, also for single parts: kalends::request=off.").reloads(),

    Key::new("tls.certificate", "", |c, v| file(v, c, |tls| &mut tls.certificate),
        "The certificate and those between it and a known authority, PEM; read again when it changes."),
    Key::new("tls.key", "", |c, v| file(v, c, |tls| &mut tls.key),
        "The certificate's private key, PEM."),
    Key::new("tls.hsts_seconds", "0", |c, v| v.number(0..=2 * 366 * 24 * HOUR).map(|n| c.reloadable.hsts_seconds = n),
        "How long browsers keep to https once they were here; 0 leaves that to a proxy.").reloads(),

    Key::new("http.trusted_proxies", "", |c, v| v.list::<Network>().map(|list| c.reloadable.trusted_proxies = list),
        "Proxies whose Forwarded or X-Forwarded-For is believed: addresses, networks, unix.").list().reloads(),
    Key::new("http.forwarded_header", "x-forwarded-for", |c, v| v.text()?.unwrap_or("x-forwarded-for").parse().map(|header| c.reloadable.forwarded_header = header),
        "Where those proxies tell the client's address: x-forwarded-for or forwarded; they must overwrite or extend it.").reloads(),
    Key::new("http.compression", "on", |c, v| v.switch().map(|on| c.reloadable.http.compresses = on),
        "on or off: whether answers are compressed (zstd, br, gzip) for clients that ask.").reloads(),
    Key::new("http.connections_per_address_max", "1024", |c, v| v.number(1..=1_000_000).map(|n| c.reloadable.http.connections_per_address_max = n),
        "Connections at once from one address that is no trusted proxy.").reloads(),
    Key::new("http.connections_max", "4096", |c, v| v.number(1..=1_000_000).map(|n| c.connections_max = n),
        "Connections at once; more wait."),
    Key::new("http.header_seconds_max", "30", |c, v| v.number(1..=HOUR).map(|n| c.reloadable.http.header_seconds_max = n),
        "A header is whole within this time, and a kept connection sends its next one within it.").reloads(),
    Key::new("http.header_bytes_max", "65536", |c, v| v.number(8192..=1 << 20).map(|n| c.reloadable.http.header_bytes_max = n),
        "Bytes of a request's header.").reloads(),
    Key::new("http.body_idle_seconds_max", "20", |c, v| v.number(1..=HOUR).map(|n| c.reloadable.http.body_idle_seconds_max = n),
        "A body that brings nothing for this long is given up.").reloads(),
    Key::new("http.body_seconds_max", "300", |c, v| v.number(1..=24 * HOUR).map(|n| c.reloadable.http.body_seconds_max = n),
        "A body is whole within this time; a file has as much for every 16 MiB.").reloads(),
    Key::new("http.write_seconds_max", "60", |c, v| v.number(1..=HOUR).map(|n| c.reloadable.http.write_seconds_max = n),
        "A client that takes nothing of an answer for this long is given up.").reloads(),
    Key::new("http.drain_seconds_max", "20", |c, v| v.number(0..=HOUR).map(|n| c.drain_seconds_max = n),
        "How long running requests may go on after SIGTERM."),
    Key::new("cors.origins", "", |c, v| origins(v).map(|list| c.reloadable.cors_origins = list),
        "Web pages that may use the server from a browser: https://HOST, or several.").list().reloads(),
    Key::new("metrics.listen", "", |c, v| metrics(v).map(|address| c.metrics_listen = address),
        "Where Prometheus reads /metrics: HOST:PORT, by plain HTTP and without a password; clients must not reach it."),
    Key::new("traces.endpoint", "", |c, v| collector(v).map(|collector| c.traces = collector),
        "Where OpenTelemetry traces of requests are sent, OTLP over plain HTTP: http://HOST:4318/v1/traces."),
    Key::new("traces.sampled_percent", "100", |c, v| v.number(0..=100).map(|n| c.traces.iter_mut().for_each(|traces| traces.sampled_percent = n)),
        "How many of a hundred requests are traced, where no trusted proxy has decided that."),

    Key::new("limits.object_bytes_max", "10485760", |c, v| v.number(1024..=GIB).map(|n| c.reloadable.limits.object_bytes_max = n),
        "Bytes of a calendar object.").reloads(),
    Key::new("limits.xml_bytes_max", "8388608", |c, v| v.number(65536..=GIB).map(|n| c.reloadable.limits.xml_bytes_max = n),
        "Bytes of a body of XML.").reloads(),
    Key::new("limits.collections_max", "500", |c, v| v.number(3..=100_000).map(|n| c.reloadable.limits.collections_max = n),
        "Calendars in one home.").reloads(),
    Key::new("limits.file_bytes_max", "1073741824", |c, v| v.number(1024..=1024 * GIB).map(|n| c.reloadable.limits.file_bytes_max = n),
        "Bytes of a file.").reloads(),
    Key::new("limits.files_bytes_max", "10737418240", |c, v| v.number(1024..=1024 * 1024 * GIB).map(|n| c.reloadable.limits.files_bytes_max = n),
        "Bytes of all files in one home.").reloads(),
    Key::new("limits.files_max", "100000", |c, v| v.number(1..=10_000_000).map(|n| c.reloadable.limits.files_max = n),
        "Files and folders in one home.").reloads(),
    Key::new("limits.copy_members_max", "10000", |c, v| v.number(1..=100_000).map(|n| c.reloadable.limits.copy_members_max = n),
        "What a calendar or a folder may hold, with everything below, to be copied in one request.").reloads(),
    Key::new("limits.properties_max", "200", |c, v| v.number(1..=10_000).map(|n| c.reloadable.limits.properties_max = n),
        "Properties that clients set on one resource.").reloads(),
    Key::new("limits.property_bytes_max", "65536", |c, v| v.number(1024..=1 << 24).map(|n| c.reloadable.limits.property_bytes_max = n),
        "Bytes of one property.").reloads(),
    Key::new("limits.properties_bytes_max", "262144", |c, v| v.number(1024..=1 << 26).map(|n| c.reloadable.limits.properties_bytes_max = n),
        "Bytes of all properties of one resource.").reloads(),
];

/// The key of that name.
pub fn named(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// What is in force where nothing is said.
pub fn defaults() -> Vec<Given> {
    let texts = |default: &str| if default.is_empty() { Vec::new() } else { vec![default.to_owned()] };
    KEYS.iter().map(|key| Given { texts: texts(key.default), origin: Origin::Default }).collect()
}

fn database(given: &Given) -> Result<Option<String>, String> {
    match given.text()? {
        Some(url) if !url.starts_with("postgres://") && !url.starts_with("postgresql://") => {
            Err("must be postgres://USER:PASSWORD@HOST/NAME; leave it out for SQLite".to_owned())
        }
        url => Ok(url.map(str::to_owned)),
    }
}

fn metrics(given: &Given) -> Result<Option<std::net::SocketAddr>, String> {
    let address = given.text()?.map(str::parse).transpose();
    address.map_err(|_| "must be HOST:PORT, with HOST an IP address; leave it out for no metrics".to_owned())
}

fn collector(given: &Given) -> Result<Option<Collector>, String> {
    let Some(endpoint) = given.text()? else { return Ok(None) };
    let uri = endpoint
        .parse::<http::Uri>()
        .ok()
        .filter(|uri| uri.scheme_str() == Some("http") && uri.host().is_some_and(|host| !host.is_empty()));
    match uri.filter(|uri| uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))) {
        Some(uri) if uri.path().len() > 1 => Ok(Some(Collector { endpoint: endpoint.to_owned(), sampled_percent: 100 })),
        _ => Err("must be http://HOST:PORT/v1/traces; leave it out for no traces".to_owned()),
    }
}

/// `https://host[:port]` and the path after it; a path alone is a prefix behind any host.
fn base_url(given: &Given) -> Result<(Option<String>, String), String> {
    let Some(url) = given.text()? else { return Ok((None, String::new())) };
    if url.starts_with('/') {
        return Ok((None, url.to_owned()));
    }
    let wrong = || "must be https://HOST/PREFIX, http://HOST/PREFIX or /PREFIX".to_owned();
    let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https")).ok_or_else(wrong)?;
    let (host, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if host.is_empty() || host.contains(['@', '?', '#', ' ']) || prefix.contains(['?', '#', ' ', '%']) {
        return Err(wrong());
    }
    Ok((Some(format!("{scheme}://{host}")), if prefix.is_empty() { String::new() } else { format!("/{prefix}") }))
}

/// One of the two files of TLS.
fn file(given: &Given, config: &mut Config, place: fn(&mut TlsFiles) -> &mut std::path::PathBuf) -> Result<(), String> {
    if let Some(path) = given.text()? {
        let blank = || TlsFiles { certificate: Default::default(), key: Default::default() };
        *place(config.tls.get_or_insert_with(blank)) = path.into();
    }
    Ok(())
}

/// As browsers write an `Origin`: no path, no slash at the end.
fn origins(given: &Given) -> Result<Vec<String>, String> {
    let is_origin = |text: &str| {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        rest.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', ' ', '@', '*']))
    };
    match given.texts.iter().filter(|text| !text.is_empty()).find(|text| !is_origin(text)) {
        Some(wrong) => Err(format!("has {wrong}: an origin is https://HOST, without a path")),
        None => Ok(given.texts.iter().filter(|text| !text.is_empty()).map(|text| text.to_lowercase()).collect()),
    }
}
