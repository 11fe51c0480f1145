//! TLS: a certificate from files, read again when they change. Connections that are open keep the one they began with.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;
use crate::failure::Failure;

/// What clients may speak within TLS, the best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The certificate in force.
pub struct Tls {
    files: TlsFiles,
    inner: RwLock<(Arc<ServerConfig>, Stamps)>,
}

/// When the two files were last written, and how long they are.
type Stamps = [Option<(SystemTime, u64)>; 2];

impl Tls {
    pub fn read(files: TlsFiles) -> Result<Self, Failure> {
        let stamps = stamps(&files);
        let config = server_config(&files)?;
        Ok(Self { files, inner: RwLock::new((Arc::new(config), stamps)) })
    }

    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.inner.read().unwrap_or_else(PoisonError::into_inner).0))
    }

    /// Reads the files again if they have changed; whether they had. What cannot be used leaves the certificate that was there.
    pub fn reload(&self) -> Result<bool, Failure> {
        let now = stamps(&self.files);
        if self.inner.read().unwrap_or_else(PoisonError::into_inner).1 == now {
            return Ok(false);
        }
        let config = server_config(&self.files)?;
        *self.inner.write().unwrap_or_else(PoisonError::into_inner) = (Arc::new(config), now);
        Ok(true)
    }
}

fn stamps(files: &TlsFiles) -> Stamps {
    [&files.certificate, &files.key].map(|path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

fn server_config(files: &TlsFiles) -> Result<ServerConfig, Failure> {
    let wrong = |path: &Path, what: String| Failure::new(format!("cannot use {}: {what}", path.display()));
    let chain = CertificateDer::pem_file_iter(&files.certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| wrong(&files.certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(wrong(&files.certificate, "it holds no certificate".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(&files.key, error.to_string()))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Failure::new(format!("TLS cannot be set up: {error}")))?;
    let made = builder.with_no_client_auth().with_single_cert(chain, key);
    let mut config = made.map_err(|error| wrong(&files.certificate, format!("it does not go with {}: {error}", files.key.display())))?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Ok(config)
}
