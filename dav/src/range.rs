//! Byte ranges: RFC 9110 §14, and the `If-Range` that guards them (§13.1.5).

use http::{HeaderMap, header};

use crate::condition::Validators;

/// Ranges of one request; more are answered with the whole (RFC 9110 §17.15).
const RANGES_MAX: usize = 20;

/// What a GET asks of a body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges {
    asked: Vec<Asked>,
    condition: Option<IfRange>,
}

/// RFC 9110 §14.1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// From the first to the last octet, or to the end.
    From(u64, Option<u64>),
    /// So many at the end.
    Last(u64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum IfRange {
    Tag(String),
    /// Seconds since the Unix epoch.
    Date(i64),
    /// What can hold of nothing: a weak tag, or no date.
    Never,
}

/// The part of a body from an octet to the one before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The first octet.
    pub start: u64,
    /// The octet after the last.
    pub end: u64,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selected {
    /// 200.
    Whole,
    /// 206; one or several.
    Parts(Vec<Part>),
    /// 416.
    Unsatisfiable,
}

impl Ranges {
    /// Reads `Range` and `If-Range`. What is not understood is as if it were not there (RFC 9110 §14.2).
    pub fn read(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(header::RANGE).iter();
        let (Some(only), None) = (values.next(), values.next()) else { return Self::default() };
        let asked = only.to_str().ok().and_then(asked_in).unwrap_or_default();
        let condition = headers.get(header::IF_RANGE).map(|value| value.to_str().map_or(IfRange::Never, if_range));
        Self { asked, condition }
    }

    /// The parts of a body of that length, in the order asked for. What overlaps is not worth answering in parts.
    pub fn of(&self, length: u64, current: &Validators) -> Selected {
        if self.asked.is_empty() || self.condition.as_ref().is_some_and(|condition| !condition.holds(current)) {
            return Selected::Whole;
        }
        let parts: Vec<Part> = self.asked.iter().filter_map(|asked| asked.within(length)).collect();
        let sum = parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.end - part.start));
        match parts.is_empty() {
            true => Selected::Unsatisfiable,
            false if sum > length => Selected::Whole,
            false => Selected::Parts(parts),
        }
    }
}

impl Asked {
    fn within(self, length: u64) -> Option<Part> {
        let part = match self {
            Self::From(start, last) => Part { start, end: last.map_or(length, |last| last.saturating_add(1).min(length)) },
            Self::Last(count) => Part { start: length.saturating_sub(count), end: length },
        };
        (part.start < part.end).then_some(part)
    }
}

impl IfRange {
    /// By strong comparison, and of dates by being the same (RFC 9110 §13.1.5).
    fn holds(&self, current: &Validators) -> bool {
        match self {
            Self::Tag(tag) => current.etag.as_ref() == Some(tag),
            Self::Date(seconds) => current.modified_at.is_some_and(|at| at.div_euclid(1_000_000) == *seconds),
            Self::Never => false,
        }
    }
}

fn if_range(text: &str) -> IfRange {
    let text = text.trim();
    if text.starts_with('"') {
        return IfRange::Tag(text.to_owned());
    }
    let since = httpdate::parse_http_date(text).ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_secs()).ok()).map_or(IfRange::Never, IfRange::Date)
}

/// `bytes=0-99,200-,-5`; `None` for another unit, or what breaks the grammar.
fn asked_in(text: &str) -> Option<Vec<Asked>> {
    let (unit, set) = text.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let asked: Option<Vec<Asked>> = set.split(',').map(str::trim).filter(|one| !one.is_empty()).take(RANGES_MAX + 1).map(one).collect();
    asked.filter(|asked| asked.len() <= RANGES_MAX)
}

fn one(text: &str) -> Option<Asked> {
    let (first, last) = text.split_once('-')?;
    match (first.is_empty(), last.is_empty()) {
        (true, true) => None,
        (true, false) => number(last).map(Asked::Last),
        (false, true) => Some(Asked::From(number(first)?, None)),
        (false, false) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Asked::From(first, Some(last)))
        }
    }
}

/// Digits alone; more than any file has is as good as the end.
fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(pairs: &[(&'static str, &str)]) -> Ranges {
        Ranges::read(&pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect())
    }

    fn now() -> Validators {
        // 1994-10-29T19:43:31.5Z
        Validators { etag: Some("\"a\"".to_owned()), modified_at: Some(783_459_811_500_000) }
    }

    fn selected(range: &str) -> Selected {
        ranges(&[("range", range)]).of(100, &now())
    }

    fn parts(parts: &[(u64, u64)]) -> Selected {
        Selected::Parts(parts.iter().map(|(start, end)| Part { start: *start, end: *end }).collect())
    }

    #[test]
    fn rfc9110_s14_1_2_first_last_and_suffix_ranges_are_read() {
        assert_eq!(selected("bytes=0-9"), parts(&[(0, 10)]));
        assert_eq!(selected("bytes=90-"), parts(&[(90, 100)]));
        assert_eq!(selected("bytes=-5"), parts(&[(95, 100)]));
        assert_eq!(selected("bytes=-500"), parts(&[(0, 100)]));
        assert_eq!(selected("Bytes = 50-999"), parts(&[(50, 100)]));
        assert_eq!(selected("bytes=0-0, 99-99 ,200-300"), parts(&[(0, 1), (99, 100)]));
    }

    #[test]
    fn rfc9110_s14_2_what_is_not_understood_asks_for_the_whole() {
        for range in ["bytes", "bytes=", "bytes=5-2", "bytes=a-b", "bytes=-", "lines=1-2", "bytes=1-2-3", "bytes=+1-2"] {
            assert_eq!(selected(range), Selected::Whole, "{range}");
        }
    }

    #[test]
    fn rfc9110_s15_5_17_beyond_the_end_there_is_nothing() {
        assert_eq!(selected("bytes=100-"), Selected::Unsatisfiable);
        assert_eq!(selected("bytes=-0"), Selected::Unsatisfiable);
        assert_eq!(selected("bytes=99999999999999999999999-"), Selected::Unsatisfiable);
        assert_eq!(ranges(&[("range", "bytes=0-")]).of(0, &now()), Selected::Unsatisfiable);
    }

    #[test]
    fn rfc9110_s17_15_many_or_overlapping_ranges_are_answered_whole() {
        assert_eq!(selected("bytes=0-,0-,0-"), Selected::Whole);
        assert_eq!(selected(&format!("bytes={}", vec!["1-1"; 21].join(","))), Selected::Whole);
    }

    #[test]
    fn rfc9110_s13_1_5_if_range_holds_for_the_same_strong_tag_or_date() {
        for (condition, holds) in [
            ("\"a\"", true),
            ("\"b\"", false),
            ("W/\"a\"", false),
            ("Sat, 29 Oct 1994 19:43:31 GMT", true),
            ("Sat, 29 Oct 1994 19:43:32 GMT", false),
            ("yesterday", false),
        ] {
            let selected = ranges(&[("range", "bytes=0-9"), ("if-range", condition)]).of(100, &now());
            assert_eq!(selected == parts(&[(0, 10)]), holds, "{condition}");
        }
    }
}
