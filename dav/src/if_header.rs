//! The `If` header: RFC 4918 §10.4, with sync-tokens as state tokens (RFC 6578 §5). There are no locks here.

use http::HeaderMap;

use crate::condition::bare;
use crate::precondition::Refusal;

/// Lists that one header may hold.
const LISTS_MAX: usize = 20;

/// Lists of conditions, of which one must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfHeader(Vec<List>);

/// Conditions on one resource, which must all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
struct List {
    /// `None`: the resource the request names.
    resource: Option<String>,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    negated: bool,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Token(String),
    Tag(String),
}

/// What there is to compare with; nothing where nothing is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Current {
    /// Strong and quoted.
    pub etag: Option<String>,
    /// RFC 6578 §4.
    pub sync_token: Option<String>,
}

impl IfHeader {
    /// Reads the header, if it was sent.
    ///
    /// # Errors
    /// 400 for what its grammar does not allow.
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let Some(value) = headers.get("if") else { return Ok(None) };
        let lists = value.to_str().ok().and_then(lists_of).filter(|lists| (1..=LISTS_MAX).contains(&lists.len()));
        lists.map(|lists| Some(Self(lists))).ok_or_else(|| Refusal::bad_request("the If header cannot be read (RFC 4918 §10.4.2)"))
    }

    /// The resources it is about, one for each list; `None` is the one the request names.
    pub fn resources(&self) -> impl Iterator<Item = Option<&str>> {
        self.0.iter().map(|list| list.resource.as_deref())
    }

    /// Whether it holds, given the states of its [`IfHeader::resources`] in their order.
    pub fn holds(&self, currents: &[Current]) -> bool {
        self.0.iter().zip(currents).any(|(list, current)| list.conditions.iter().all(|condition| condition.holds(current)))
    }
}

impl Condition {
    fn holds(&self, current: &Current) -> bool {
        let matches = match &self.state {
            State::Token(token) => current.sync_token.as_ref() == Some(token),
            State::Tag(tag) => current.etag.as_deref().is_some_and(|etag| bare(etag) == bare(tag)),
        };
        matches != self.negated
    }
}

/// RFC 4918 §10.4.2. A resource tag holds for the lists that follow, up to the next one.
fn lists_of(text: &str) -> Option<Vec<List>> {
    let mut lists = Vec::new();
    let mut resource = None;
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('<') {
            let (tag, after) = after.split_once('>')?;
            resource = Some(tag.to_owned());
            rest = after.trim_start();
        } else {
            let (conditions, after) = conditions_of(rest.strip_prefix('(')?)?;
            lists.push(List { resource: resource.clone(), conditions });
            rest = after.trim_start();
        }
    }
    Some(lists)
}

/// At least one condition, up to the parenthesis, and what follows it.
fn conditions_of(text: &str) -> Option<(Vec<Condition>, &str)> {
    let mut conditions = Vec::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix(')') {
            return (!conditions.is_empty()).then_some((conditions, after));
        }
        let negated = rest.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("not"));
        if negated {
            rest = rest.get(3..)?.trim_start();
        }
        let (state, after) = match rest.strip_prefix('<') {
            Some(token) => token.split_once('>').map(|(token, after)| (State::Token(token.to_owned()), after))?,
            None => rest.strip_prefix('[')?.split_once(']').map(|(tag, after)| (State::Tag(tag.to_owned()), after))?,
        };
        conditions.push(Condition { negated, state });
        rest = after.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<Option<IfHeader>, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert("if", value.parse().unwrap());
        IfHeader::read(&headers)
    }

    fn holds(value: &str, currents: &[Current]) -> bool {
        read(value).unwrap().unwrap().holds(currents)
    }

    fn current(etag: &str, token: &str) -> Current {
        Current { etag: Some(etag.to_owned()), sync_token: Some(token.to_owned()) }
    }

    #[test]
    fn rfc4918_s10_4_3_one_list_with_all_its_conditions_must_hold() {
        let now = current("\"a\"", "urn:t");
        assert!(holds("([\"a\"] <urn:t>)", std::slice::from_ref(&now)));
        assert!(!holds("([\"a\"] <urn:other>)", std::slice::from_ref(&now)));
        assert!(holds("(<urn:other>) ([\"a\"])", &[now.clone(), now.clone()]));
        assert!(holds("(Not <urn:other> not [\"b\"])", std::slice::from_ref(&now)));
        assert!(!holds("([\"a\"])", &[Current::default()]) && holds("(Not [\"a\"])", &[Current::default()]));
    }

    #[test]
    fn rfc4918_s10_4_2_a_tag_holds_for_the_lists_after_it() {
        let header = read("</a/> (<urn:t>) ([\"x\"]) </b/>([\"y\"])").unwrap().unwrap();
        assert_eq!(header.resources().collect::<Vec<_>>(), [Some("/a/"), Some("/a/"), Some("/b/")]);
    }

    #[test]
    fn rfc4918_s10_4_2_what_is_no_list_is_400() {
        for value in ["", "x", "()", "(<a>", "([\"a\")", "(a)", "</a/>", "(<a>) x"] {
            assert!(read(value).is_err(), "{value}");
        }
    }
}
