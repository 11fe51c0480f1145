//! Conditional headers: RFC 9110 §13, read with the tolerance clients need.

use http::{HeaderMap, StatusCode, header};

use crate::precondition::Refusal;

/// The conditions a request puts on the resource it names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

/// `*` or a list of entity tags without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    Any,
    List(Vec<String>),
}

impl Conditions {
    /// Reads `If-Match` and `If-None-Match`.
    ///
    /// # Errors
    /// 400 for a value that is not text.
    pub fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        Ok(Self { if_match: tags(headers, &header::IF_MATCH)?, if_none_match: tags(headers, &header::IF_NONE_MATCH)? })
    }

    /// Judges a write against the resource as it is; to be asked inside the transaction that writes.
    ///
    /// # Errors
    /// 412 (RFC 9110 §13.1).
    pub fn check(&self, current: Option<&str>) -> Result<(), Refusal> {
        let failed = |message: &str| Err(Refusal::status(StatusCode::PRECONDITION_FAILED, message));
        if self.if_match.as_ref().is_some_and(|tags| !tags.hold(current)) {
            return failed("the resource has changed: its ETag is not the one in If-Match");
        }
        if self.if_none_match.as_ref().is_some_and(|tags| tags.hold(current)) {
            return failed("a resource exists already at this URL");
        }
        Ok(())
    }

    /// Whether a read may be answered 304 (RFC 9110 §13.1.2).
    pub fn not_modified(&self, current: &str) -> bool {
        self.if_none_match.as_ref().is_some_and(|tags| tags.hold(Some(current)))
    }
}

impl Tags {
    fn hold(&self, current: Option<&str>) -> bool {
        match (self, current) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::List(tags), Some(current)) => tags.iter().any(|tag| tag == bare(current)),
        }
    }
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
fn bare(tag: &str) -> &str {
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

    #[test]
    fn rfc9110_s13_1_1_if_match_needs_the_current_tag() {
        assert!(conditions("if-match", "\"a\", \"b\"").check(Some("\"b\"")).is_ok());
        assert!(conditions("if-match", "\"a\"").check(Some("\"b\"")).is_err());
        assert!(conditions("if-match", "*").check(None).is_err());
        assert!(conditions("if-match", "*").check(Some("\"b\"")).is_ok());
    }

    #[test]
    fn rfc9110_s13_1_2_if_none_match_star_needs_nothing_there() {
        assert!(conditions("if-none-match", "*").check(None).is_ok());
        assert!(conditions("if-none-match", "*").check(Some("\"b\"")).is_err());
        assert!(conditions("if-none-match", "\"b\"").not_modified("\"b\""));
    }

    #[test]
    fn w1_tags_without_quotes_weak_escaped_or_suffixed_are_read() {
        for sent in ["b", "W/\"b\"", "\\\"b\\\"", "\"b-gzip\""] {
            assert!(conditions("if-match", sent).check(Some("\"b\"")).is_ok(), "{sent}");
        }
    }
}
