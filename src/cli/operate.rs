//! `kalends status`, `kalends migrate`, `kalends health` and `kalends dns`.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::{open, open_existing, say};
use crate::config::{Config, Listen};
use crate::failure::Failure;

/// Say what the database holds, and whether anything is stuck
#[derive(Debug, Args)]
pub struct Status {
    /// One JSON value
    #[arg(long)]
    json: bool,
}

/// Bring the database's schema up to date; the server does so at its start
#[derive(Debug, Args)]
pub struct Migrate {}

/// Ask the server that runs with this configuration whether it and its database answer
#[derive(Debug, Args)]
#[command(after_help = "Example: kalends health --listen 127.0.0.1:8008 || systemctl restart kalends")]
pub struct Health {}

/// A server that takes longer than this to answer is not well.
const HEALTH_SECONDS_MAX: u64 = 5;
/// Of the answer only its first line counts.
const HEALTH_BYTES_MAX: u64 = 4096;

/// Print the DNS records that let clients find the server by mail address (RFC 6764)
#[derive(Debug, Args)]
#[command(after_help = "Example: kalends dns example.org --base-url https://cal.example.org/")]
pub struct Dns {
    /// The domain of the mail addresses
    domain: String,
}

pub async fn status(command: &Status, config: &Config) -> Result<(), Failure> {
    let store = open_existing(config).await?;
    let status = store.status().await?;
    let version = env!("CARGO_PKG_VERSION");
    let rows = [
        ("accounts", status.principals),
        ("collections", status.collections),
        ("objects", status.objects),
        ("body_bytes", status.body_bytes),
        ("files", status.files),
        ("file_bytes", status.file_bytes),
        ("log_rows", status.log_rows),
        ("schema", status.schema),
        ("homes_waiting_for_followers", status.waiting),
        ("parked_changes", status.parked),
    ];
    if command.json {
        let mut object: serde_json::Map<_, _> = rows.into_iter().map(|(name, number)| (name.to_owned(), json!(number))).collect();
        object.insert("version".to_owned(), json!(version));
        say(&serde_json::Value::Object(object).to_string());
    } else {
        say(&format!("{:28} {version}", "version"));
        for (name, number) in rows {
            say(&format!("{:28} {number}", name.replace('_', " ")));
        }
    }
    if status.parked > 0 {
        return Err(Failure::new("some work failed again and again and was put aside: the server's log says why"));
    }
    Ok(())
}

pub async fn migrate(config: &Config) -> Result<(), Failure> {
    let store = open(config).await?;
    say(&format!("The schema is {}.", store.status().await?.schema));
    Ok(())
}

pub async fn health(config: &Config) -> Result<(), Failure> {
    let listen = config.listen.iter().find(|listen| !matches!(listen, Listen::Tls(_)));
    let listen = listen.ok_or_else(|| {
        Failure::new("the server listens only for TLS: add 127.0.0.1:8008 or unix:PATH to listen, so that it can be asked on this machine")
    })?;
    let asking = async {
        match listen {
            Listen::Plain(address) | Listen::Tls(address) => is_ready(TcpStream::connect(address).await?).await,
            Listen::Socket(path) => is_ready(UnixStream::connect(path).await?).await,
        }
    };
    match tokio::time::timeout(Duration::from_secs(HEALTH_SECONDS_MAX), asking).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(Failure::new(format!("{listen} answers, but it is not ready"))),
        Ok(Err(error)) => Err(Failure::new(format!("{listen} does not answer: {error}"))),
        Err(_) => Err(Failure::new(format!("{listen} does not answer within {HEALTH_SECONDS_MAX} seconds"))),
    }
}

/// Asks `/readyz` in the oldest HTTP there is: no name of a host, and the connection ends with the answer.
async fn is_ready(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<bool> {
    stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(HEALTH_BYTES_MAX).read_to_end(&mut answer).await?;
    Ok(answer.starts_with(b"HTTP/1.0 200 ") || answer.starts_with(b"HTTP/1.1 200 "))
}

pub fn dns(command: &Dns, config: &Config) -> Result<(), Failure> {
    let domain = command.domain.trim_end_matches('.').to_lowercase();
    let is_domain = domain.split('.').count() > 1
        && domain
            .split('.')
            .all(|label| !label.is_empty() && label.len() <= 63 && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    if !is_domain {
        return Err(Failure::new(format!("{domain} is no domain: name the part of the mail addresses behind the @")));
    }
    let origin = config.public_origin.as_deref().unwrap_or_default();
    let Some(host) = origin.strip_prefix("https://") else {
        return Err(Failure::new("say with --base-url where people reach the server, as https://HOST/"));
    };
    let (host, port) = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).unwrap_or((host, "443"));
    say(&format!("_caldavs._tcp.{domain}. 3600 IN SRV 0 1 {port} {host}."));
    say(&format!("_caldavs._tcp.{domain}. 3600 IN TXT \"path={}\"", config.paths().root()));
    // RFC 2782: not without TLS.
    say(&format!("_caldav._tcp.{domain}.  3600 IN SRV 0 0 0 ."));
    Ok(())
}
