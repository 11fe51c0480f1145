//! What every request shares.

use std::sync::{Arc, PoisonError, RwLock};

use crate::auth::Authenticator;
use crate::config::{Config, Reloadable};
use crate::environment::Environment;
use crate::metrics::Metrics;
use crate::path::Paths;
use crate::store::Store;
use crate::traces::Traces;
use kalends_ical::Limits;

/// Bounds on what clients send and keep, by name and unit. RFC 4791 §5.2.5 announces the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// Bytes of a calendar object.
    pub object_bytes_max: usize,
    /// Bytes of an XML body: a multiget of thousands of hrefs fits.
    pub xml_bytes_max: usize,
    /// Collections in one home.
    pub collections_max: i64,
    /// Bytes of one file.
    pub file_bytes_max: u64,
    /// Bytes of all files of one home, what several have in common counted once.
    pub files_bytes_max: u64,
    /// Files and folders in one home.
    pub files_max: i64,
    /// What one COPY of a collection may hold.
    pub copy_members_max: i64,
    /// Properties clients set on one resource.
    pub properties_max: usize,
    /// Bytes of one property, as XML.
    pub property_bytes_max: usize,
    /// Bytes of all properties of one resource, as XML.
    pub properties_bytes_max: usize,
}

const GIB: u64 = 1 << 30;

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            object_bytes_max: 10 * 1024 * 1024,
            xml_bytes_max: 8 * 1024 * 1024,
            collections_max: 500,
            file_bytes_max: GIB,
            files_bytes_max: 10 * GIB,
            files_max: 100_000,
            copy_members_max: 10_000,
            properties_max: 200,
            property_bytes_max: 64 * 1024,
            properties_bytes_max: 256 * 1024,
        }
    }
}

/// The server, as a request sees it.
pub struct Server {
    pub store: Store,
    pub authenticator: Authenticator,
    pub paths: Paths,
    pub environment: Environment,
    pub metrics: Metrics,
    /// Where traces are sent, if they are.
    pub traces: Option<Traces>,
    /// `https://host` that people reach it at, where configured: redirects name it.
    pub public_origin: Option<String>,
    settings: RwLock<Arc<Reloadable>>,
}

impl Server {
    pub fn new(store: Store, authenticator: Authenticator, traces: Option<Traces>, config: &Config, environment: Environment) -> Self {
        Self {
            store,
            authenticator,
            paths: config.paths(),
            environment,
            metrics: Metrics::new((environment.now)()),
            traces,
            public_origin: config.public_origin.clone(),
            settings: RwLock::new(Arc::new(config.reloadable.clone())),
        }
    }

    /// What is configured now, of what may change while the server runs.
    pub fn settings(&self) -> Arc<Reloadable> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other settings in force, for requests and connections that begin from now on.
    pub fn reload(&self, settings: Reloadable) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    /// Bounds on what clients send and keep.
    pub fn limits(&self) -> RequestLimits {
        self.settings().limits
    }

    /// The bounds on a calendar object.
    pub fn object_limits(&self) -> Limits {
        Limits { object_bytes_max: self.limits().object_bytes_max, ..Limits::default() }
    }
}
