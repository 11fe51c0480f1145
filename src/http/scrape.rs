//! The listener for Prometheus: apart from the others, so that nothing of it can be reached where clients connect.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::Full;
use hyper::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;

use crate::failure::Failure;
use crate::metrics::{self, MEDIA_TYPE};
use crate::server::Server;

const PATH: &str = "/metrics";
/// Connections at once; more wait.
const CONNECTIONS_MAX: usize = 16;
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// The bound listener, and which address it became.
pub async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot listen on {address}: {error}; choose another as metrics.listen"));
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Answers as long as the program runs: what happens while it stops is worth seeing.
pub async fn serve(server: Arc<Server>, listener: TcpListener) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let server = Arc::clone(&server);
                tokio::spawn(async move {
                    connection(server, stream).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "accepting a connection for metrics");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(server: Arc<Server>, stream: TcpStream) {
    let limits = server.settings().http;
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(Duration::from_secs(limits.write_seconds_max)));
    let service = service_fn(move |request| {
        let server = Arc::clone(&server);
        async move { Ok::<_, Infallible>(answer(&server, &request).await) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limits.header_seconds_max))
        .max_buf_size(HEADER_BYTES_MAX)
        .half_close(false);
    if let Err(error) = builder.serve_connection(TokioIo::new(Box::pin(stream)), service).await {
        tracing::debug!(%error, "a connection for metrics ended early");
    }
}

async fn answer(server: &Arc<Server>, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let (status, header, body) = match (request.uri().path(), is_read) {
        (PATH, true) => (StatusCode::OK, (header::CONTENT_TYPE, MEDIA_TYPE), metrics::text(server).await),
        (PATH, false) => (StatusCode::METHOD_NOT_ALLOWED, (header::ALLOW, "GET, HEAD"), String::new()),
        _ => (StatusCode::NOT_FOUND, (header::CONTENT_TYPE, "text/plain"), format!("here is only {PATH}\n")),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header.0, http::HeaderValue::from_static(header.1));
    response
}
