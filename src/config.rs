//! Configuration: defaults, then a TOML file, then environment and flags (both read by the command line).

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::Failure;
use crate::path::Paths;
use crate::store::Location;

/// The file, key by key. An unknown key is an error that names the known ones.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<SocketAddr>,
    data: Option<PathBuf>,
    database: Option<String>,
    base_url: Option<String>,
}

/// What environment and flags say.
#[derive(Debug, Default, Clone)]
pub struct Overrides {
    pub listen: Option<SocketAddr>,
    pub data: Option<PathBuf>,
    pub database: Option<String>,
    pub base_url: Option<String>,
    pub config: Option<PathBuf>,
}

/// What is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub listen: SocketAddr,
    /// Holds the SQLite database, where that is used.
    pub data: PathBuf,
    pub location: Location,
    /// `https://host` as people reach it; redirects stay relative without it.
    pub public_origin: Option<String>,
    /// The path prefix of `base_url`.
    pub prefix: String,
}

const LISTEN: &str = "127.0.0.1:8008";
const DATA: &str = "kalends-data";

impl Config {
    /// Reads the file, if one is named, and puts the overrides on top.
    pub fn read(overrides: Overrides) -> Result<Self, Failure> {
        let file = overrides.config.as_deref().map(read_file).transpose()?.unwrap_or_default();
        let listen = match overrides.listen.or(file.listen) {
            Some(listen) => listen,
            None => LISTEN.parse().map_err(|_| Failure::new("the default address is unusable"))?,
        };
        let data = overrides.data.or(file.data).unwrap_or_else(|| PathBuf::from(DATA));
        let location = match overrides.database.or(file.database) {
            None => Location::Folder(data.clone()),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => Location::Postgres(url),
            Some(_) => return Err(Failure::new("the database is given as postgres://USER:PASSWORD@HOST/NAME; leave it out for SQLite")),
        };
        let base_url = overrides.base_url.or(file.base_url);
        let (public_origin, prefix) = base_url.as_deref().map(split_base_url).transpose()?.unwrap_or_default();
        Ok(Self { listen, data, location, public_origin, prefix })
    }

    /// The paths of the server's resources.
    pub fn paths(&self) -> Paths {
        Paths::new(&self.prefix)
    }

    /// The address people type: as configured, else the one listened on.
    pub fn address(&self) -> String {
        let origin = self.public_origin.clone().unwrap_or_else(|| format!("http://{}", self.listen));
        format!("{origin}{}/", self.prefix.trim_end_matches('/'))
    }
}

fn read_file(path: &Path) -> Result<File, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
    toml::from_str(&text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// `https://host[:port]` and the path after it; a path alone is a prefix behind any host.
fn split_base_url(url: &str) -> Result<(Option<String>, String), Failure> {
    if url.starts_with('/') {
        return Ok((None, url.to_owned()));
    }
    let wrong = || Failure::new("base_url is https://HOST/PREFIX, http://HOST/PREFIX or /PREFIX");
    let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https")).ok_or_else(wrong)?;
    let (host, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if host.is_empty() || host.contains(['@', '?', '#', ' ']) || prefix.contains(['?', '#', ' ', '%']) {
        return Err(wrong());
    }
    Ok((Some(format!("{scheme}://{host}")), if prefix.is_empty() { String::new() } else { format!("/{prefix}") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_base_url(url: &str) -> Result<Config, Failure> {
        Config::read(Overrides { base_url: Some(url.to_owned()), ..Overrides::default() })
    }

    #[test]
    fn a_base_url_is_an_origin_and_a_prefix() {
        let config = with_base_url("https://cal.example.org/kalends/").unwrap();
        assert_eq!(config.public_origin.as_deref(), Some("https://cal.example.org"));
        assert_eq!(config.paths().root(), "/kalends/dav/");
        assert_eq!(with_base_url("/sub").unwrap().paths().root(), "/sub/dav/");
        assert!(with_base_url("ftp://x").is_err() && with_base_url("https://").is_err());
    }

    #[test]
    fn without_configuration_it_is_sqlite_on_the_loopback() {
        let config = Config::read(Overrides::default()).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8008");
        assert_eq!(config.location, Location::Folder("kalends-data".into()));
    }

    #[test]
    fn unknown_keys_and_other_databases_are_refused() {
        assert!(toml::from_str::<File>("listn = \"127.0.0.1:1\"").is_err());
        let mysql = Overrides { database: Some("mysql://x".into()), ..Overrides::default() };
        assert!(Config::read(mysql).is_err());
    }
}
