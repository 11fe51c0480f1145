//! Pages of other origins that may ask from a browser: <https://fetch.spec.whatwg.org/#http-cors-protocol>.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::answer::Answer;
use crate::config::Reloadable;

const METHODS: &str =
    "GET, HEAD, OPTIONS, PUT, DELETE, POST, PROPFIND, PROPPATCH, REPORT, MKCOL, MKCALENDAR, COPY, MOVE, LOCK, UNLOCK, ACL";
/// What scripts may read beside the plain headers.
const EXPOSED: &str = "ETag, DAV, Location, Content-Location, Content-Range, Accept-Ranges, Lock-Token, Preference-Applied, Retry-After, Schedule-Tag, X-Request-Id";
/// How long a browser remembers that it may ask, in seconds.
const MAX_AGE_SECONDS: &str = "7200";
/// Bytes of the list of headers a page wants to send.
const ASKED_BYTES_MAX: usize = 1024;

/// The `Origin` of a request, if pages of it may ask.
pub fn allowed_origin(settings: &Reloadable, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let text = origin.to_str().ok()?.to_lowercase();
    settings.cors_origins.contains(&text).then(|| origin.clone())
}

/// The answer to a browser that asks whether it may ask; it comes without credentials.
pub fn preflight(settings: &Reloadable, method: &Method, headers: &HeaderMap) -> Option<Answer> {
    let is_preflight = method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    allowed_origin(settings, headers).filter(|_| is_preflight)?;
    let asked = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).and_then(|value| value.to_str().ok());
    let asked = asked.filter(|asked| asked.len() <= ASKED_BYTES_MAX).unwrap_or("authorization");
    let answer = Answer::empty(StatusCode::NO_CONTENT)
        .with_static(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS)
        .with(header::ACCESS_CONTROL_ALLOW_HEADERS, asked)
        .with_static(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS);
    Some(answer)
}

/// What every answer to an allowed origin carries, refusals too.
pub fn mark(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
}
