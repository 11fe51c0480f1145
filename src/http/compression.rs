//! Compression of answers where the client asks for it: RFC 9110 §8.4, §12.5.3; gzip (RFC 1952), br (RFC 7932), zstd (RFC 8878).
//!
//! Another coding is another representation, with an entity tag of its own (RFC 9110 §8.8.3). Clients send an object's tag back in If-Match,
//! so what has a strong one, files among it, is never compressed; the stream of a whole calendar is, and its tag is weak then.

use std::io::Write;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::body::AnswerBody;
use crate::answer::{Answer, Body};

/// Less than this is not worth it, in bytes.
const BYTES_MIN: usize = 1024;
/// What is well spent on an answer that is made anew each time.
const GZIP_LEVEL: u32 = 4;
const BROTLI_QUALITY: u32 = 4;
const BROTLI_WINDOW: u32 = 20;
const ZSTD_LEVEL: i32 = 3;
const BUFFER_BYTES: usize = 4096;

/// A content coding that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Zstd,
    Brotli,
    Gzip,
}

/// The best first: of those a client likes equally the first one is taken.
const CODINGS: [(Coding, &str); 3] = [(Coding::Zstd, "zstd"), (Coding::Brotli, "br"), (Coding::Gzip, "gzip")];

impl Coding {
    fn name(self) -> &'static str {
        CODINGS.iter().find(|(coding, _)| *coding == self).map_or("", |(_, name)| name)
    }

    /// What `Accept-Encoding` likes best; `None` for no compression.
    pub fn asked(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let mut wishes: Vec<(&str, u32)> = Vec::new();
        for element in values.flat_map(|value| value.split(',')).take(20) {
            let (name, parameters) = element.split_once(';').unwrap_or((element, ""));
            wishes.push((name.trim(), thousandths(parameters)));
        }
        let wish_of = |name: &str| {
            let named =
                wishes.iter().find(|(wish, _)| wish.eq_ignore_ascii_case(name) || (name == "gzip" && wish.eq_ignore_ascii_case("x-gzip")));
            named.or_else(|| wishes.iter().find(|(wish, _)| *wish == "*")).map_or(0, |(_, quality)| *quality)
        };
        let rated = CODINGS.iter().map(|(coding, name)| (*coding, wish_of(name)));
        // The first of the best ones: max_by_key takes the last.
        rated.rev().max_by_key(|(_, quality)| *quality).filter(|(_, quality)| *quality > 0).map(|(coding, _)| coding)
    }
}

/// `q=0.5` in thousandths; 1 where it is not said or means nothing.
fn thousandths(parameters: &str) -> u32 {
    let quality = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
    let quality = quality.and_then(|text| text.trim().parse::<f32>().ok()).filter(|quality| (0.0..=1.0).contains(quality));
    quality.map_or(1000, |quality| (quality * 1000.0) as u32)
}

/// Compresses an answer, if it gains by that.
pub fn compress(answer: &mut Answer, coding: Option<Coding>) {
    if !is_worth_it(answer) {
        return;
    }
    answer.headers.push((header::VARY, HeaderValue::from_static("Accept-Encoding")));
    let Some(coding) = coding else { return };
    if let Body::Whole(bytes) = &answer.body {
        let mut encoder = Encoder::new(coding);
        let Some(packed) = encoder.as_mut().ok().and_then(|encoder| encoder.push(bytes).ok()) else { return };
        let Some(rest) = encoder.ok().and_then(|encoder| encoder.finish().ok()) else { return };
        answer.body = Body::Whole([packed, rest].concat().into());
    }
    for (name, value) in &mut answer.headers {
        if *name == header::ETAG {
            *value = weak(value);
        }
    }
    answer.headers.push((header::CONTENT_ENCODING, HeaderValue::from_static(coding.name())));
}

/// Text of some length that no strong entity tag is for.
fn is_worth_it(answer: &Answer) -> bool {
    let header_of = |name| answer.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let media_type = header_of(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_text = ["text/", "application/xml", "application/calendar+", "application/json", "application/problem+json"];
    let streams = match &answer.body {
        Body::Whole(bytes) => {
            if bytes.len() < BYTES_MIN || header_of(header::ETAG).is_some() {
                return false;
            }
            false
        }
        Body::Pieces(..) => true,
    };
    // What has a length promised is a file, whole or in part.
    let is_file = header_of(header::ACCEPT_RANGES).is_some();
    let has_body = matches!(answer.status, StatusCode::OK | StatusCode::MULTI_STATUS) || !streams;
    !is_file && has_body && is_text.iter().any(|begin| media_type.starts_with(begin)) && header_of(header::CONTENT_ENCODING).is_none()
}

/// RFC 9110 §8.8.1.
fn weak(etag: &HeaderValue) -> HeaderValue {
    match etag.to_str() {
        Ok(text) if !text.starts_with("W/") => HeaderValue::from_str(&format!("W/{text}")).unwrap_or_else(|_| etag.clone()),
        _ => etag.clone(),
    }
}

/// The coding that a streamed answer was promised.
pub fn of_stream(answer: &Answer) -> Option<Coding> {
    let named = answer.headers.iter().find(|(name, _)| *name == header::CONTENT_ENCODING)?;
    CODINGS.iter().find(|(_, name)| named.1 == *name).map(|(coding, _)| *coding)
}

/// A body in pieces, compressed on its way out.
pub fn pieces(body: AnswerBody, coding: Option<Coding>) -> AnswerBody {
    match coding.map(Encoder::new) {
        Some(Ok(encoder)) => AnswerBody::Encoded { body: Box::new(body), encoder: Some(Box::new(encoder)) },
        Some(Err(error)) => {
            tracing::error!(%error, "compressing an answer");
            AnswerBody::Broken
        }
        None => body,
    }
}

/// Compresses what is pushed through it.
pub enum Encoder {
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
}

impl Encoder {
    fn new(coding: Coding) -> std::io::Result<Self> {
        Ok(match coding {
            Coding::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?),
            Coding::Brotli => {
                Self::Brotli(Box::new(brotli::CompressorWriter::new(Vec::new(), BUFFER_BYTES, BROTLI_QUALITY, BROTLI_WINDOW)))
            }
            Coding::Gzip => Self::Gzip(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL))),
        })
    }

    /// Takes a piece; what is ready to go out, perhaps nothing yet.
    pub fn push(&mut self, piece: &[u8]) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Zstd(encoder) => encoder.write_all(piece)?,
            Self::Brotli(encoder) => encoder.write_all(piece)?,
            Self::Gzip(encoder) => encoder.write_all(piece)?,
        }
        Ok(std::mem::take(match self {
            Self::Zstd(encoder) => encoder.get_mut(),
            Self::Brotli(encoder) => encoder.get_mut(),
            Self::Gzip(encoder) => encoder.get_mut(),
        }))
    }

    /// The end.
    pub fn finish(self) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Zstd(encoder) => encoder.finish(),
            Self::Brotli(encoder) => Ok(encoder.into_inner()),
            Self::Gzip(encoder) => encoder.finish(),
        }
    }

    /// The end of a body in pieces.
    pub fn last(self) -> std::io::Result<Bytes> {
        self.finish().map(Bytes::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> Option<Coding> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, value.parse().unwrap());
        Coding::asked(&headers)
    }

    #[test]
    fn rfc9110_s12_5_3_the_client_chooses_and_the_server_breaks_ties() {
        for (value, coding) in [
            ("gzip, deflate", Some(Coding::Gzip)),
            ("gzip, deflate, br", Some(Coding::Brotli)),
            ("gzip, br, zstd", Some(Coding::Zstd)),
            ("gzip;q=1.0, br;q=0.5, zstd;q=0", Some(Coding::Gzip)),
            ("GZIP; q=0.3", Some(Coding::Gzip)),
            ("x-gzip", Some(Coding::Gzip)),
            ("*", Some(Coding::Zstd)),
            ("*;q=0.1, zstd;q=0", Some(Coding::Brotli)),
            ("identity", None),
            ("gzip;q=0", None),
            ("", None),
        ] {
            assert_eq!(asked(value), coding, "{value}");
        }
        assert_eq!(Coding::asked(&HeaderMap::new()), None);
    }
}
