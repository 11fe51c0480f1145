//! GET and HEAD of files: RFC 9110 §9.3, whole or in ranges (§14). A chunk at a time, whatever the file's size.

use http::{StatusCode, header};
use kalends_dav::Refusal;
use kalends_dav::condition::Conditions;
use kalends_dav::property::http_date;
use kalends_dav::range::{Part, Ranges, Selected};

use crate::answer::{Answer, Sink};
use crate::failure::{Error, Failure};
use crate::server::Server;
use crate::store::{Blob, CHUNK_BYTES, HomeId, Store, StoredFile};
use crate::validators;

pub async fn get(
    server: &Server,
    home: HomeId,
    file: &StoredFile,
    head: bool,
    conditions: &Conditions,
    ranges: &Ranges,
) -> Result<Answer, Error> {
    let validators = validators::of_file(file);
    let marked = |answer: Answer| {
        answer
            .with(header::ETAG, &file.hash.etag())
            .with(header::LAST_MODIFIED, &http_date(file.modified_at))
            .with_static(header::ACCEPT_RANGES, "bytes")
    };
    if conditions.not_modified(&validators)? {
        return Ok(marked(Answer::empty(StatusCode::NOT_MODIFIED)));
    }
    let length = u64::try_from(file.size).unwrap_or(0);
    if head {
        let answer = Answer::empty(StatusCode::OK).with(header::CONTENT_TYPE, &file.media_type);
        return Ok(marked(answer.with(header::CONTENT_LENGTH, &length.to_string())));
    }
    let plan = match ranges.of(length, &validators) {
        Selected::Unsatisfiable => {
            // RFC 9110 §15.5.17.
            let answer = Answer::problem(StatusCode::RANGE_NOT_SATISFIABLE, "the file has no octet in the ranges asked for");
            return Ok(marked(answer.with(header::CONTENT_RANGE, &format!("bytes */{length}"))));
        }
        Selected::Whole => Plan::whole(file, length),
        Selected::Parts(parts) => Plan::parts(file, length, &parts, server.environment.uuid().as_str()),
    };
    let blob = server.store.blob(home, file.hash).await?;
    // It went away between two look-ups: as if it had before the first.
    let blob = blob.ok_or_else(Refusal::not_found)?;
    let store = server.store.clone();
    let Plan { status, media_type, content_range, length, steps } = plan;
    let answer = Answer::pieces(status, move |sink| async move { write(&store, &blob, steps, &sink).await }).await?;
    let answer = answer.with(header::CONTENT_TYPE, &media_type).with(header::CONTENT_LENGTH, &length.to_string());
    let answer = content_range.into_iter().fold(answer, |answer, range| answer.with(header::CONTENT_RANGE, &range));
    Ok(marked(answer))
}

/// What an answer is made of.
struct Plan {
    status: StatusCode,
    media_type: String,
    content_range: Option<String>,
    length: u64,
    steps: Vec<Step>,
}

enum Step {
    /// A line between parts.
    Text(String),
    /// Octets of the file.
    Part(Part),
}

impl Step {
    fn length(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Part(part) => part.end - part.start,
        }
    }
}

impl Plan {
    fn whole(file: &StoredFile, length: u64) -> Self {
        let steps = vec![Step::Part(Part { start: 0, end: length })];
        Self { status: StatusCode::OK, media_type: file.media_type.clone(), content_range: None, length, steps }
    }

    /// One range is an answer of its own, several are parts of one (RFC 9110 §14.6, §15.3.7).
    fn parts(file: &StoredFile, of: u64, parts: &[Part], boundary: &str) -> Self {
        let range = |part: &Part| format!("bytes {}-{}/{of}", part.start, part.end.saturating_sub(1));
        let status = StatusCode::PARTIAL_CONTENT;
        if let [part] = parts {
            let (length, steps) = (part.end - part.start, vec![Step::Part(*part)]);
            return Self { status, media_type: file.media_type.clone(), content_range: Some(range(part)), length, steps };
        }
        let mut steps = Vec::new();
        for part in parts {
            let (media_type, range) = (&file.media_type, range(part));
            steps.push(Step::Text(format!("\r\n--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {range}\r\n\r\n")));
            steps.push(Step::Part(*part));
        }
        steps.push(Step::Text(format!("\r\n--{boundary}--\r\n")));
        let length = steps.iter().map(Step::length).sum();
        Self { status, media_type: format!("multipart/byteranges; boundary={boundary}"), content_range: None, length, steps }
    }
}

async fn write(store: &Store, blob: &Blob, steps: Vec<Step>, sink: &Sink) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    for step in steps {
        match step {
            Step::Text(text) => out.extend_from_slice(text.as_bytes()),
            Step::Part(part) => write_part(store, blob, part, &mut out, sink).await?,
        }
    }
    Ok(out)
}

async fn write_part(store: &Store, blob: &Blob, part: Part, out: &mut Vec<u8>, sink: &Sink) -> Result<(), Failure> {
    let chunk_bytes = CHUNK_BYTES as u64;
    let mut at = part.start;
    while at < part.end {
        let (number, skipped) = (at / chunk_bytes, at % chunk_bytes);
        let chunk = store.chunk(blob, i64::try_from(number).unwrap_or(i64::MAX)).await?;
        let wanted = chunk_bytes.min(skipped + part.end - at);
        let (from, to) = (usize::try_from(skipped).unwrap_or(usize::MAX), usize::try_from(wanted).unwrap_or(usize::MAX));
        let piece = chunk.get(from..to).ok_or_else(|| Failure::new("a stored body is shorter than its file"))?;
        out.extend_from_slice(piece);
        at += piece.len() as u64;
        sink.drain_bytes(out).await?;
    }
    Ok(())
}
