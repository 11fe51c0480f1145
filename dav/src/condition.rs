//! Conditional headers: RFC 9110 §13, read with the tolerance clients need.

use http::{HeaderMap, StatusCode, header};

use crate::if_header::{Current, IfHeader};
use crate::precondition::Refusal;

/// The conditions a request puts on the resource it names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
    /// Seconds since the Unix epoch.
    if_modified_since: Option<i64>,
    if_unmodified_since: Option<i64>,
    /// RFC 4918 §10.4: about other resources too, so whoever can look them up judges it.
    pub if_header: Option<IfHeader>,
}

/// What a resource is told apart by from what it was (RFC 9110 §8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// Strong and quoted; `None` for a resource that has none.
    pub etag: Option<String>,
    /// UTC microseconds, where they are kept.
    pub modified_at: Option<i64>,
}

impl Validators {
    /// HTTP dates have no smaller unit than the second.
    fn is_modified_since(&self, seconds: i64) -> bool {
        self.modified_at.is_some_and(|at| at.div_euclid(1_000_000) > seconds)
    }
}

/// `*` or a list of entity tags without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    Any,
    List(Vec<String>),
}

impl Conditions {
    /// Reads `If-Match`, `If-None-Match`, `If-Modified-Since`, `If-Unmodified-Since` and `If`.
    ///
    /// # Errors
    /// 400 for a value that cannot be read.
    pub fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        Ok(Self {
            if_match: tags(headers, &header::IF_MATCH)?,
            if_none_match: tags(headers, &header::IF_NONE_MATCH)?,
            if_modified_since: date(headers, &header::IF_MODIFIED_SINCE),
            if_unmodified_since: date(headers, &header::IF_UNMODIFIED_SINCE),
            if_header: IfHeader::read(headers)?,
        })
    }

    /// Judges a write against the resource as it is; to be asked inside the transaction that writes.
    ///
    /// # Errors
    /// 412 (RFC 9110 §13.1).
    pub fn check(&self, current: Option<&Validators>) -> Result<(), Refusal> {
        self.check_unchanged(current)?;
        if self.if_none_match.as_ref().is_some_and(|tags| tags.hold(current)) {
            return Err(failed("a resource exists already at this URL"));
        }
        Ok(())
    }

    /// Judges a read: whether it may be answered 304 (RFC 9110 §13.2.2).
    ///
    /// # Errors
    /// 412 (RFC 9110 §13.1).
    pub fn not_modified(&self, current: &Validators) -> Result<bool, Refusal> {
        self.check_unchanged(Some(current))?;
        if self.if_header.as_ref().is_some_and(|header| !holds_here(header, current)) {
            return Err(failed("the condition in the If header does not hold"));
        }
        Ok(match (&self.if_none_match, self.if_modified_since) {
            (Some(tags), _) => tags.hold(Some(current)),
            (None, Some(since)) => current.modified_at.is_some() && !current.is_modified_since(since),
            (None, None) => false,
        })
    }

    /// `If-Match`, else `If-Unmodified-Since`.
    fn check_unchanged(&self, current: Option<&Validators>) -> Result<(), Refusal> {
        let changed = match (&self.if_match, self.if_unmodified_since) {
            (Some(tags), _) => !tags.hold(current),
            (None, Some(since)) => current.is_some_and(|current| current.is_modified_since(since)),
            (None, None) => false,
        };
        if changed { Err(failed("the resource has changed since it was read")) } else { Ok(()) }
    }
}

/// A read has only its own resource at hand: what is said of another does not hold.
fn holds_here(header: &IfHeader, current: &Validators) -> bool {
    let here = Current { etag: current.etag.clone(), sync_token: None };
    let currents: Vec<Current> =
        header.resources().map(|resource| if resource.is_none() { here.clone() } else { Current::default() }).collect();
    header.holds(&currents)
}

fn failed(message: &str) -> Refusal {
    Refusal::status(StatusCode::PRECONDITION_FAILED, message)
}

impl Tags {
    fn hold(&self, current: Option<&Validators>) -> bool {
        match (self, current) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::List(tags), Some(current)) => current.etag.as_deref().is_some_and(|etag| tags.iter().any(|tag| tag == bare(etag))),
        }
    }
}

/// RFC 9110 §13.1.3: what is no date, or several, is as if it were not there.
fn date(headers: &HeaderMap, name: &header::HeaderName) -> Option<i64> {
    let mut values = headers.get_all(name).iter();
    let (Some(only), None) = (values.next(), values.next()) else { return None };
    let at = httpdate::parse_http_date(only.to_str().ok()?).ok()?;
    i64::try_from(at.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs()).ok()
}

fn tags(headers: &HeaderMap, name: &header::HeaderName) -> Result<Option<Tags>, Refusal> {
    let mut found: Option<Vec<String>> = None;
    for value in headers.get_all(name) {
        let text = value.to_str().map_err(|_| Refusal::bad_request(format!("the header {name} is not plain text")))?;
        if text.trim() == "*" {
            return Ok(Some(Tags::Any));
        }
        let tags = text.split(',').map(bare).filter(|tag| !tag.is_empty()).map(str::to_owned);
        found.get_or_insert_default().extend(tags);
    }
    Ok(found.map(Tags::List))
}

/// An entity tag without what clients and proxies put around it: `W/` (DAVx5 strips it on its way back), quotes or none or
/// escaped ones (CalDav Synchronizer, Evolution), and the `-gzip` suffix of compressing proxies.
pub(crate) fn bare(tag: &str) -> &str {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let tag = tag.trim_matches(['"', '\\']);
    tag.strip_suffix("-gzip").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(name: &'static str, value: &str) -> Conditions {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        Conditions::read(&headers).unwrap()
    }

    fn now(etag: &str) -> Validators {
        // 1994-10-29T19:43:31.5Z
        Validators { etag: Some(etag.to_owned()), modified_at: Some(783_459_811_500_000) }
    }

    #[test]
    fn rfc9110_s13_1_1_if_match_needs_the_current_tag() {
        assert!(conditions("if-match", "\"a\", \"b\"").check(Some(&now("\"b\""))).is_ok());
        assert!(conditions("if-match", "\"a\"").check(Some(&now("\"b\""))).is_err());
        assert!(conditions("if-match", "\"a\"").not_modified(&now("\"b\"")).is_err());
        assert!(conditions("if-match", "*").check(None).is_err());
        assert!(conditions("if-match", "*").check(Some(&now("\"b\""))).is_ok());
    }

    #[test]
    fn rfc9110_s13_1_2_if_none_match_star_needs_nothing_there() {
        assert!(conditions("if-none-match", "*").check(None).is_ok());
        assert!(conditions("if-none-match", "*").check(Some(&now("\"b\""))).is_err());
        assert!(conditions("if-none-match", "\"b\"").not_modified(&now("\"b\"")).unwrap());
    }

    #[test]
    fn rfc4918_s10_4_3_a_read_needs_its_if_to_hold() {
        assert!(conditions("if", "(<urn:uuid:none>)").not_modified(&now("\"b\"")).is_err());
        assert!(conditions("if", "([\"b\"])").not_modified(&now("\"b\"")).is_ok());
    }

    #[test]
    fn rfc9110_s13_1_3_and_4_dates_are_compared_by_the_second() {
        let (same, before) = ("Sat, 29 Oct 1994 19:43:31 GMT", "Sat, 29 Oct 1994 19:43:30 GMT");
        assert!(conditions("if-modified-since", same).not_modified(&now("\"b\"")).unwrap());
        assert!(!conditions("if-modified-since", before).not_modified(&now("\"b\"")).unwrap());
        assert!(conditions("if-unmodified-since", same).check(Some(&now("\"b\""))).is_ok());
        assert!(conditions("if-unmodified-since", before).check(Some(&now("\"b\""))).is_err());
        assert!(conditions("if-unmodified-since", "yesterday").check(Some(&now("\"b\""))).is_ok());
    }

    #[test]
    fn w1_tags_without_quotes_weak_escaped_or_suffixed_are_read() {
        for sent in ["b", "W/\"b\"", "\\\"b\\\"", "\"b-gzip\""] {
            assert!(conditions("if-match", sent).check(Some(&now("\"b\""))).is_ok(), "{sent}");
        }
    }
}
