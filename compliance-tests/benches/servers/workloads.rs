//! W1 to W10: what is asked, and what is right to answer.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use hyper::{Method, StatusCode};

use crate::data::{self, MONTH_END, MONTH_START, SMALL};
use crate::load::{Answer, Ask, Asking};

/// Where things are on a server, and what is right there.
#[derive(Debug, Clone)]
pub struct Places {
    pub principal: String,
    pub small: String,
    pub big: String,
    /// A calendar for what is written.
    pub writes: String,
    /// A sync-token of the small calendar, before one change.
    pub token: String,
    pub in_month: Arc<HashSet<String>>,
    pub busy_minutes: i64,
}

/// A workload.
pub struct Workload {
    pub id: &'static str,
    pub what: &'static str,
    /// What one connection asks for; connections are numbered over all runs.
    asking: fn(&Places, usize) -> Box<dyn Asking>,
}

impl Workload {
    pub fn asking(&self, places: &Places, connection: usize) -> Box<dyn Asking> {
        (self.asking)(places, connection)
    }
}

pub const WORKLOADS: &[Workload] = &[
    Workload { id: "W1", what: "PUT new event (If-None-Match: *)", asking: |places, connection| Box::new(Puts::new(places, connection)) },
    Workload {
        id: "W2",
        what: "GET one of 1,000",
        asking: |places, connection| Box::new(Gets { places: places.clone(), at: connection * 37 }),
    },
    Workload {
        id: "W3",
        what: "PROPFIND depth 1 getetag, 1,000 events",
        asking: |places, _| repeat(propfind(&places.small, "1", "<D:getetag/>"), members(SMALL, "getetag>")),
    },
    Workload {
        id: "W4",
        what: "calendar-multiget of 50 with data",
        asking: |places, _| repeat(multiget(places), members(50, "calendar-data>")),
    },
    Workload {
        id: "W5",
        what: "calendar-query, month of 10,000 (getetag)",
        asking: |places, _| repeat(query(places, "<D:getetag/>"), in_month(places)),
    },
    Workload {
        id: "W5d",
        what: "calendar-query, month of 10,000 (with data)",
        asking: |places, _| repeat(query(places, "<D:getetag/><C:calendar-data/>"), in_month(places)),
    },
    Workload {
        id: "W6i",
        what: "sync-collection, initial, 1,000",
        asking: |places, _| repeat(sync(&places.small, ""), members(SMALL, "getetag>")),
    },
    Workload {
        id: "W6d",
        what: "sync-collection, delta of 1",
        asking: |places, _| repeat(sync(&places.small, &places.token), members(1, "getetag>")),
    },
    Workload { id: "W7", what: "free-busy-query, month of 10,000", asking: |places, _| repeat(free_busy(places), busy(places)) },
    Workload { id: "W8", what: "PUT update (If-Match)", asking: |places, connection| Box::new(Updates::new(places, connection)) },
    Workload {
        id: "W9",
        what: "PROPFIND depth 0, principal",
        asking: |places, _| repeat(propfind(&places.principal, "0", "<D:displayname/><C:calendar-home-set/>"), holds("calendar-home-set>")),
    },
    Workload {
        id: "W10",
        what: "PROPFIND depth 0, ctag and sync-token of 10,000",
        asking: |places, _| repeat(propfind(&places.big, "0", "<S:getctag/><D:sync-token/>"), holds("sync-token>")),
    },
];

fn header(name: HeaderName, value: &str) -> (HeaderName, HeaderValue) {
    (name, HeaderValue::from_str(value).expect("a header's value"))
}

fn xml(method: &str, path: &str, depth: &str, root: &str, inside: &str) -> Ask {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><{root} xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" \
         xmlns:S=\"http://calendarserver.org/ns/\">{inside}</{root}>"
    );
    let headers = vec![header(HeaderName::from_static("depth"), depth), header(CONTENT_TYPE, "application/xml; charset=utf-8")];
    Ask { method: Method::from_bytes(method.as_bytes()).expect("a method"), path: path.to_owned(), headers, body: body.into() }
}

pub fn propfind(path: &str, depth: &str, properties: &str) -> Ask {
    xml("PROPFIND", path, depth, "D:propfind", &format!("<D:prop>{properties}</D:prop>"))
}

fn multiget(places: &Places) -> Ask {
    let hrefs: String = (0..50).map(|number| format!("<D:href>{}small-{}.ics</D:href>", places.small, number * 19)).collect();
    xml("REPORT", &places.small, "1", "C:calendar-multiget", &format!("<D:prop><D:getetag/><C:calendar-data/></D:prop>{hrefs}"))
}

fn query(places: &Places, properties: &str) -> Ask {
    let filter = format!(
        "<C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">\
         <C:time-range start=\"{MONTH_START}\" end=\"{MONTH_END}\"/></C:comp-filter></C:comp-filter></C:filter>"
    );
    xml("REPORT", &places.big, "1", "C:calendar-query", &format!("<D:prop>{properties}</D:prop>{filter}"))
}

pub fn sync(path: &str, token: &str) -> Ask {
    let inside = format!("<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>");
    xml("REPORT", path, "0", "D:sync-collection", &inside)
}

fn free_busy(places: &Places) -> Ask {
    let range = format!("<C:time-range start=\"{MONTH_START}\" end=\"{MONTH_END}\"/>");
    xml("REPORT", &places.big, "1", "C:free-busy-query", &range)
}

pub fn put(path: String, body: &str, condition: Option<(HeaderName, &str)>) -> Ask {
    let mut headers = vec![header(CONTENT_TYPE, "text/calendar; charset=utf-8")];
    headers.extend(condition.map(|(name, value)| header(name, value)));
    Ask { method: Method::PUT, path, headers, body: Bytes::copy_from_slice(body.as_bytes()) }
}

/// A check of an answer.
type Check = Box<dyn Fn(&Answer) -> Result<(), String>>;

/// The same request again and again.
struct Same {
    ask: Ask,
    check: Check,
}

impl Asking for Same {
    fn next(&mut self) -> Option<Ask> {
        Some(self.ask.clone())
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        (self.check)(answer)
    }
}

fn repeat(ask: Ask, check: Check) -> Box<dyn Asking> {
    Box::new(Same { ask, check })
}

fn status(answer: &Answer, expected: &[u16]) -> Result<(), String> {
    if expected.contains(&answer.status.as_u16()) {
        return Ok(());
    }
    let body: String = String::from_utf8_lossy(&answer.body).chars().take(200).collect();
    Err(format!("status {}: {body}", answer.status))
}

fn count(haystack: &[u8], needle: &str) -> usize {
    memchr::memmem::find_iter(haystack, needle.as_bytes()).count()
}

/// The names of files in the hrefs of a multistatus.
fn names(body: &[u8]) -> impl Iterator<Item = &str> {
    memchr::memmem::find_iter(body, b".ics</").map(|end| {
        let path = &body[..end + 4];
        let start = memchr::memrchr2(b'/', b'>', path).map_or(0, |at| at + 1);
        std::str::from_utf8(&path[start..]).unwrap_or_default()
    })
}

/// So many members, and the property for each; its element may have any prefix and attributes, so that its end is counted.
fn members(expected: usize, property: &'static str) -> Check {
    Box::new(move |answer| {
        status(answer, &[207])?;
        let (members, properties) = (names(&answer.body).count(), count(&answer.body, property));
        if members == expected && properties >= expected {
            Ok(())
        } else {
            Err(format!("{members} members, {properties} times {property}"))
        }
    })
}

fn holds(text: &'static str) -> Check {
    Box::new(move |answer| {
        status(answer, &[207])?;
        if count(&answer.body, text) >= 2 { Ok(()) } else { Err(format!("no {text} in the answer")) }
    })
}

/// The events of the month, and no others.
fn in_month(places: &Places) -> Check {
    let expected = Arc::clone(&places.in_month);
    Box::new(move |answer| {
        status(answer, &[207])?;
        let (mut right, mut others) = (0, 0);
        for name in names(&answer.body) {
            *(if expected.contains(name) { &mut right } else { &mut others }) += 1;
        }
        match (expected.len() - right.min(expected.len()), others) {
            (0, 0) => Ok(()),
            (missing, more) => Err(format!("{missing} of {} missing, {more} too many", expected.len())),
        }
    })
}

/// So many busy minutes, however they are spelt.
fn busy(places: &Places) -> Check {
    let expected = places.busy_minutes;
    Box::new(move |answer| {
        status(answer, &[200])?;
        let text = String::from_utf8_lossy(&answer.body).replace("\r\n ", "");
        let lines = text.lines().filter(|line| line.starts_with("FREEBUSY") && !line.contains("FBTYPE=FREE"));
        let values = lines.filter_map(|line| line.split_once(':')).flat_map(|(_, value)| value.split(','));
        let found = data::union_minutes(values.filter_map(period).collect());
        if found == expected { Ok(()) } else { Err(format!("{found} busy minutes of {expected}")) }
    })
}

fn period(text: &str) -> Option<(i64, i64)> {
    let (start, end) = text.trim().split_once('/')?;
    let start = data::minutes(start)?;
    let Some(duration) = end.strip_prefix('P') else { return Some((start, data::minutes(end)?)) };
    let (mut sum, mut number) = (0, 0);
    for character in duration.chars() {
        match character {
            'D' => sum += std::mem::take(&mut number) * 1_440,
            'H' => sum += std::mem::take(&mut number) * 60,
            'M' => sum += std::mem::take(&mut number),
            'T' | 'S' => number = 0,
            digit => number = number * 10 + i64::from(digit.to_digit(10)?),
        }
    }
    Some((start, start + sum))
}

/// W1.
struct Puts {
    base: String,
    next: usize,
}

impl Puts {
    fn new(places: &Places, connection: usize) -> Self {
        Self { base: format!("{}new-{connection}-", places.writes), next: 0 }
    }
}

impl Asking for Puts {
    fn next(&mut self) -> Option<Ask> {
        self.next += 1;
        let path = format!("{}{}.ics", self.base, self.next);
        let uid = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".ics").to_owned();
        let event = data::once(&uid, 21_000 + self.next as i64 % 300, 480);
        Some(put(path, &event.body, Some((IF_NONE_MATCH, "*"))))
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        status(answer, &[201])
    }
}

/// W2.
struct Gets {
    places: Places,
    at: usize,
}

impl Asking for Gets {
    fn next(&mut self) -> Option<Ask> {
        self.at = (self.at + 7) % SMALL;
        Some(Ask { method: Method::GET, path: format!("{}small-{}.ics", self.places.small, self.at), headers: vec![], body: Bytes::new() })
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        status(answer, &[200])?;
        let uid = format!("UID:small-{}\r\n", self.at);
        if count(&answer.body, &uid) == 1 { Ok(()) } else { Err(format!("not the event {uid}")) }
    }
}

/// W8: events of the connection's own, one after the other; the first round makes them.
struct Updates {
    base: String,
    etags: Vec<Option<HeaderValue>>,
    round: usize,
    at: usize,
}

impl Updates {
    const EVENTS: usize = 8;

    fn new(places: &Places, connection: usize) -> Self {
        Self { base: format!("{}kept-{connection}-", places.writes), etags: vec![None; Self::EVENTS], round: 0, at: Self::EVENTS - 1 }
    }
}

impl Asking for Updates {
    fn next(&mut self) -> Option<Ask> {
        self.at = (self.at + 1) % Self::EVENTS;
        self.round += 1;
        let path = format!("{}{}.ics", self.base, self.at);
        let uid = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".ics").to_owned();
        let event = data::once(&uid, 21_000 + self.round as i64 % 300, 480);
        match self.etags.get(self.at)?.as_ref().and_then(|etag| etag.to_str().ok()) {
            Some(etag) => Some(put(path, &event.body, Some((IF_MATCH, etag)))),
            None => Some(put(path, &event.body, None)),
        }
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        status(answer, &[200, 201, 204])?;
        let etag = answer.headers.get(ETAG).cloned().ok_or("no ETag in the answer")?;
        if let Some(kept) = self.etags.get_mut(self.at) {
            *kept = Some(etag);
        }
        Ok(())
    }
}

/// The sync-token in an answer.
pub fn token_in(answer: &Answer) -> Option<String> {
    let text = std::str::from_utf8(&answer.body).ok().filter(|_| answer.status == StatusCode::MULTI_STATUS)?;
    let (_, rest) = text.rsplit_once("sync-token>").map(|(before, _)| before).and_then(|before| before.rsplit_once("sync-token>"))?;
    rest.split_once("</").map(|(token, _)| token.trim().to_owned())
}
