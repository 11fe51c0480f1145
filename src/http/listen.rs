//! Listeners and their connections: bounds, time-outs, TLS, HTTP/1.1 and HTTP/2.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutStream;

use super::handle;
use super::tls::Tls;
use crate::config::{Config, HttpLimits, Listen};
use crate::failure::Failure;
use crate::metrics::Gauge;
use crate::server::Server;

const HEADERS_MAX: usize = 100;
/// Requests at once on one connection of HTTP/2.
const STREAMS_MAX: u32 = 100;
/// How long a peer on HTTP/2 may take to answer a ping.
const PING_SECONDS_MAX: u64 = 20;
/// Who may connect to a Unix socket: its owner and its group.
const SOCKET_MODE: u32 = 0o660;

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// None on a Unix socket.
    pub address: Option<IpAddr>,
    /// Whether it speaks TLS.
    pub secure: bool,
}

/// A bound listener.
pub struct Listener {
    socket: Socket,
    tls: Option<Arc<Tls>>,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    /// Binds an address, and says which one it became: port 0 asks for any free one.
    pub async fn bind(listen: &Listen, tls: Option<&Arc<Tls>>) -> Result<(Self, Listen), Failure> {
        let failed = |error: std::io::Error| Failure::new(format!("cannot listen on {listen}: {error}; choose another with --listen"));
        match listen {
            Listen::Plain(address) | Listen::Tls(address) => {
                let socket = TcpListener::bind(address).await.map_err(failed)?;
                let address = socket.local_addr().map_err(failed)?;
                let is_tls = matches!(listen, Listen::Tls(_));
                let tls = tls.filter(|_| is_tls).cloned();
                let bound = if is_tls { Listen::Tls(address) } else { Listen::Plain(address) };
                Ok((Self { socket: Socket::Tcp(socket), tls }, bound))
            }
            Listen::Socket(path) => {
                remove_if_left(path);
                let socket = UnixListener::bind(path).map_err(failed)?;
                let mode = std::os::unix::fs::PermissionsExt::from_mode(SOCKET_MODE);
                std::fs::set_permissions(path, mode).map_err(failed)?;
                Ok((Self { socket: Socket::Unix(socket, path.clone()), tls: None }, listen.clone()))
            }
        }
    }
}

/// A socket that nobody answers on was left by a server that was killed.
fn remove_if_left(path: &Path) {
    use std::os::unix::fs::FileTypeExt;
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        let _ = std::fs::remove_file(path);
    }
}

/// Connections that are open, all together and by address.
struct Connections {
    all: Arc<Semaphore>,
    most: u32,
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

impl Connections {
    /// Takes a place of an address; `None` if it has as many as it may. Proxies that are trusted stand for others.
    fn enter(self: &Arc<Self>, server: &Server, address: Option<IpAddr>) -> Option<Place> {
        let settings = server.settings();
        let bounded = address.filter(|_| !settings.trusted_proxies.iter().any(|network| network.has(address)));
        if let Some(address) = bounded {
            let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
            let count = by_address.entry(address).or_default();
            if *count >= settings.http.connections_per_address_max {
                return None;
            }
            *count += 1;
        }
        Some(Place { connections: Arc::clone(self), address: bounded })
    }
}

/// A connection of an address, as long as it is open.
struct Place {
    connections: Arc<Connections>,
    address: Option<IpAddr>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut by_address = self.connections.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&address);
            }
        }
    }
}

/// Serves on all listeners until `stop` turns true, then lets running requests end.
pub async fn serve(server: Arc<Server>, listeners: Vec<Listener>, config: &Config, stop: watch::Receiver<bool>) -> Result<(), Failure> {
    let most = u32::try_from(config.connections_max).unwrap_or(u32::MAX);
    let all = Arc::new(Semaphore::new(config.connections_max));
    let connections = Arc::new(Connections { all: Arc::clone(&all), most, by_address: Mutex::default() });
    let accepting: Vec<_> = listeners
        .into_iter()
        .map(|listener| tokio::spawn(accept(Arc::clone(&server), listener, Arc::clone(&connections), stop.clone())))
        .collect();
    for task in accepting {
        task.await.map_err(|error| Failure::new(format!("a listener ended in a bug: {error}")))?;
    }
    let drain = Duration::from_secs(config.drain_seconds_max);
    if tokio::time::timeout(drain, all.acquire_many(connections.most)).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
    Ok(())
}

/// Waits for the server to be stopped; a server that is gone is stopped too.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn accept(server: Arc<Server>, listener: Listener, connections: Arc<Connections>, mut stop: watch::Receiver<bool>) {
    loop {
        let Ok(permit) = Arc::clone(&connections.all).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => break,
        };
        match accepted {
            Ok((stream, address)) => {
                let Some(place) = connections.enter(&server, address) else {
                    tracing::debug!(?address, "an address has too many connections");
                    continue;
                };
                let (server, stop, tls) = (Arc::clone(&server), stop.clone(), listener.tls.clone());
                let open = server.metrics.connections.enter();
                tokio::spawn(async move {
                    connection(server, stream, tls.clone(), Peer { address, secure: tls.is_some() }, stop).await;
                    drop((permit, place, open));
                });
            }
            Err(error) => {
                // Out of file descriptors, perhaps: the next one may go through once others close.
                tracing::warn!(%error, "accepting a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    if let Socket::Unix(_, path) = &listener.socket {
        let _ = std::fs::remove_file(path);
    }
}

/// A stream of either kind of socket.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Listener {
    async fn accept(&self) -> std::io::Result<(Box<dyn Stream>, Option<IpAddr>)> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "setting TCP_NODELAY");
                }
                Ok((Box::new(stream), Some(peer.ip())))
            }
            Socket::Unix(listener, _) => listener.accept().await.map(|(stream, _)| (Box::new(stream) as Box<dyn Stream>, None)),
        }
    }
}

async fn connection(server: Arc<Server>, stream: Box<dyn Stream>, tls: Option<Arc<Tls>>, peer: Peer, stop: watch::Receiver<bool>) {
    let limits = server.settings().http;
    let Some(tls) = tls else { return talk(server, stream, false, peer, (limits, stop)).await };
    let handshake = tokio::time::timeout(Duration::from_secs(limits.header_seconds_max), tls.acceptor().accept(stream));
    match handshake.await {
        Ok(Ok(stream)) => {
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            talk(server, Box::new(stream), is_http2, peer, (limits, stop)).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, address = ?peer.address, "a TLS handshake failed"),
        Err(_) => tracing::debug!(address = ?peer.address, "a TLS handshake took too long"),
    }
}

async fn talk(
    server: Arc<Server>,
    stream: Box<dyn Stream>,
    is_http2: bool,
    peer: Peer,
    (limits, mut stop): (HttpLimits, watch::Receiver<bool>),
) {
    let running = Gauge::default();
    let counter = running.clone();
    let service = service_fn(move |request| {
        let (server, running) = (Arc::clone(&server), counter.enter());
        async move {
            let response = handle(server, request, peer).await;
            drop(running);
            Ok::<_, Infallible>(response)
        }
    });
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(Duration::from_secs(limits.write_seconds_max)));
    let stream = TokioIo::new(Box::pin(stream));
    let idle = Duration::from_secs(limits.header_seconds_max);
    /// The two kinds of connection have the same methods, but no trait.
    macro_rules! run {
        ($connection:expr) => {{
            let mut connection = std::pin::pin!($connection);
            let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + idle, idle);
            let mut quiet = false;
            loop {
                tokio::select! {
                    result = connection.as_mut() => break result,
                    () = stopped(&mut stop) => {
                        connection.as_mut().graceful_shutdown();
                        break connection.await;
                    }
                    _ = tick.tick(), if is_http2 => {
                        // Twice in a row nothing was asked.
                        let idles = running.value() == 0;
                        if idles && quiet {
                            connection.as_mut().graceful_shutdown();
                        }
                        quiet = idles;
                    }
                }
            }
        }};
    }
    let result = if is_http2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX))
            .keep_alive_interval(Some(idle))
            .keep_alive_timeout(Duration::from_secs(PING_SECONDS_MAX));
        run!(builder.serve_connection(stream, service))
    } else {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(idle)
            .max_buf_size(limits.header_bytes_max)
            .max_headers(HEADERS_MAX)
            .half_close(false);
        run!(builder.serve_connection(stream, service))
    };
    if let Err(error) = result {
        tracing::debug!(%error, address = ?peer.address, "a connection ended early");
    }
}
