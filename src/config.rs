//! Configuration: defaults, then a TOML file, then the environment, then flags. Each key is a row of the table in `config/keys.rs`.

mod given;
mod keys;
mod listen;

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::path::Paths;
use crate::server::RequestLimits;
use crate::store::Location;
use crate::traces::Collector;
pub use given::{Given, Origin};
pub use keys::{KEYS, Key};
pub use listen::{ForwardedHeader, Listen, Network};

/// What the command line says of the configuration.
#[derive(Debug, Default, Clone)]
pub struct Overrides {
    /// The file, by flag or by environment.
    pub file: Option<PathBuf>,
    /// Keys by name, with their values as written: from the environment and from flags, flags last.
    pub keys: Vec<(String, String, Origin)>,
}

/// What is in force.
#[derive(Debug, Clone)]
pub struct Config {
    pub listen: Vec<Listen>,
    /// Holds the SQLite database, where that is used.
    pub data: PathBuf,
    /// A Postgres database instead.
    pub database: Option<String>,
    /// `https://host` as people reach it; redirects stay relative without it.
    pub public_origin: Option<String>,
    /// The path prefix of `base_url`.
    pub prefix: String,
    pub tls: Option<TlsFiles>,
    /// Where Prometheus asks.
    pub metrics_listen: Option<SocketAddr>,
    /// Where traces are sent.
    pub traces: Option<Collector>,
    pub connections_max: usize,
    /// How long running requests may take after SIGTERM, seconds.
    pub drain_seconds_max: u64,
    pub reloadable: Reloadable,
    /// Where each value comes from, in the order of the table.
    pub given: Vec<Given>,
}

/// The certificate chain and its private key, PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// What SIGHUP changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloadable {
    pub log: String,
    pub limits: RequestLimits,
    pub http: HttpLimits,
    /// Proxies whose word about the client's address is taken, and in which header.
    pub trusted_proxies: Vec<Network>,
    pub forwarded_header: ForwardedHeader,
    /// Seconds that browsers keep to https; 0 sends nothing.
    pub hsts_seconds: u64,
    /// Origins whose pages may ask, as browsers write them.
    pub cors_origins: Vec<String>,
}

/// Bounds on connections, in seconds and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    pub connections_per_address_max: usize,
    /// Whether answers are compressed for clients that ask.
    pub compresses: bool,
    /// A header is whole within this time, and a kept connection sends its next one within it.
    pub header_seconds_max: u64,
    pub header_bytes_max: usize,
    /// A body that brings nothing for this long is given up.
    pub body_idle_seconds_max: u64,
    /// A body is whole within this time.
    pub body_seconds_max: u64,
    /// A client that takes nothing of an answer for this long is given up.
    pub write_seconds_max: u64,
}

impl Config {
    /// Reads the file, if one is named, and puts the overrides on top.
    pub fn read(overrides: &Overrides) -> Result<Self, Failure> {
        let mut given = keys::defaults();
        if let Some(path) = &overrides.file {
            given::read_file(path, &mut given)?;
        }
        for (name, value, origin) in &overrides.keys {
            given::set(&mut given, name, given::split(name, value), origin.clone())?;
        }
        let mut config = Self::blank();
        for (key, given) in KEYS.iter().zip(&given) {
            (key.take)(&mut config, given).map_err(|what| Failure::new(format!("{} {what}", given.shown(key))))?;
        }
        config.given = given;
        config.judge()?;
        Ok(config)
    }

    /// Every field is set by its row of the table.
    fn blank() -> Self {
        let http = HttpLimits {
            connections_per_address_max: 0,
            compresses: false,
            header_seconds_max: 0,
            header_bytes_max: 0,
            body_idle_seconds_max: 0,
            body_seconds_max: 0,
            write_seconds_max: 0,
        };
        let reloadable = Reloadable {
            log: String::new(),
            limits: RequestLimits::default(),
            http,
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::XForwardedFor,
            hsts_seconds: 0,
            cors_origins: Vec::new(),
        };
        Self {
            listen: Vec::new(),
            data: PathBuf::new(),
            database: None,
            public_origin: None,
            prefix: String::new(),
            tls: None,
            metrics_listen: None,
            traces: None,
            connections_max: 0,
            drain_seconds_max: 0,
            reloadable,
            given: Vec::new(),
        }
    }

    /// What one key alone cannot tell.
    fn judge(&self) -> Result<(), Failure> {
        let halves = self.tls.as_ref().map(|tls| (tls.certificate.as_os_str().is_empty(), tls.key.as_os_str().is_empty()));
        match halves {
            Some((true, _)) => return Err(Failure::new("tls.key is set but not tls.certificate: name both files")),
            Some((_, true)) => return Err(Failure::new("tls.certificate is set but not tls.key: name both files")),
            _ => {}
        }
        match self.listen.iter().find(|listen| matches!(listen, Listen::Tls(_))) {
            Some(listen) if self.tls.is_none() => {
                Err(Failure::new(format!("listen has {listen}, but there is no certificate: set tls.certificate and tls.key")))
            }
            _ if self.listen.is_empty() => Err(Failure::new("listen is empty: name one address at least")),
            _ => Ok(()),
        }
    }

    /// Where the data is.
    pub fn location(&self) -> Location {
        match &self.database {
            Some(url) => Location::Postgres(url.clone()),
            None => Location::Folder(self.data.clone()),
        }
    }

    /// The paths of the server's resources.
    pub fn paths(&self) -> Paths {
        Paths::new(&self.prefix)
    }

    /// The address people type: as configured, else the first one listened on.
    pub fn address(&self) -> String {
        let listened = || self.listen.iter().find_map(Listen::origin).unwrap_or_else(|| "http://localhost".to_owned());
        let origin = self.public_origin.clone().unwrap_or_else(listened);
        format!("{origin}{}/", self.prefix.trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(keys: &[(&str, &str)]) -> Result<Config, Failure> {
        let keys = keys.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned(), Origin::Flag)).collect();
        Config::read(&Overrides { file: None, keys })
    }

    fn refused(keys: &[(&str, &str)]) -> String {
        with(keys).unwrap_err().to_string()
    }

    #[test]
    fn a_base_url_is_an_origin_and_a_prefix() {
        let config = with(&[("base_url", "https://cal.example.org/kalends/")]).unwrap();
        assert_eq!(config.public_origin.as_deref(), Some("https://cal.example.org"));
        assert_eq!(config.paths().root(), "/kalends/dav/");
        assert_eq!(with(&[("base_url", "/sub")]).unwrap().paths().root(), "/sub/dav/");
        for bad in ["ftp://x", "https://", "https://a b/", "https://u@h/"] {
            assert!(refused(&[("base_url", bad)]).contains("https://HOST/PREFIX"), "{bad}");
        }
    }

    #[test]
    fn without_configuration_it_is_sqlite_on_the_loopback() {
        let config = with(&[]).unwrap();
        assert_eq!(config.listen, [Listen::Plain("127.0.0.1:8008".parse().unwrap())]);
        assert_eq!(config.location(), Location::Folder("kalends-data".into()));
        assert_eq!(config.reloadable.limits, RequestLimits::default());
    }

    #[test]
    fn listeners_are_plain_or_with_tls_or_sockets() {
        let tls = [("tls.certificate", "c.pem"), ("tls.key", "k.pem")];
        let config = with(&[&[("listen", "[::1]:80, https://0.0.0.0:443,unix:/run/k.sock")], &tls[..]].concat()).unwrap();
        let shown: Vec<String> = config.listen.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["http://[::1]:80", "https://0.0.0.0:443", "unix:/run/k.sock"]);
        assert!(refused(&[("listen", "https://0.0.0.0:443")]).contains("tls.certificate"));
        assert!(refused(&[("tls.key", "k.pem")]).contains("tls.certificate"));
        assert!(refused(&[("listen", "localhost")]).contains("HOST:PORT"));
    }

    #[test]
    fn unknown_keys_are_told_with_the_nearest_known_one() {
        assert!(refused(&[("listn", "x")]).contains("did you mean listen?"));
        assert!(refused(&[("limits.object_byte_max", "1")]).contains("did you mean limits.object_bytes_max?"));
        assert!(!refused(&[("zzz", "1")]).contains("did you mean"));
    }

    #[test]
    fn values_are_judged_with_their_range() {
        assert!(refused(&[("limits.object_bytes_max", "10 MB")]).contains("a number from 1024 to"));
        assert!(refused(&[("limits.object_bytes_max", "1")]).contains("--set limits.object_bytes_max=1 "));
        assert!(refused(&[("metrics.listen", "9464")]).contains("HOST:PORT"));
        assert!(refused(&[("database", "mysql://x")]).contains("postgres://"));
        assert!(refused(&[("http.trusted_proxies", "10.0.0.0/33")]).contains("10.0.0.0/33"));
        assert!(refused(&[("cors.origins", "https://example.org/path")]).contains("https://HOST"));
    }

    #[test]
    fn every_row_has_its_own_name_and_a_default_that_is_taken() {
        let names: std::collections::BTreeSet<&str> = KEYS.iter().map(|key| key.name).collect();
        assert_eq!(names.len(), KEYS.len());
        for key in KEYS {
            assert!(key.what.ends_with('.'), "{}", key.name);
        }
    }
}
