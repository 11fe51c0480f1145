//! Names of XML elements: a namespace and a local part, never a prefix.

use std::borrow::Cow;

/// RFC 4918 §14: WebDAV.
pub const DAV: &str = "DAV:";
/// RFC 4791 §4: CalDAV.
pub const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";
/// Apple's calendar server extensions (ctag, proxies, principal search).
pub const CALENDARSERVER: &str = "http://calendarserver.org/ns/";
/// Apple's calendar properties (colour, order).
pub const APPLE_ICAL: &str = "http://apple.com/ns/ical/";

/// Bytes of a namespace's URI.
const NAMESPACE_BYTES_MAX: usize = 1_000;
/// Bytes of a local part.
const LOCAL_BYTES_MAX: usize = 250;

/// The namespaces that have a fixed prefix in every answer.
const KNOWN: [(&str, &str); 4] = [(DAV, "D"), (CALDAV, "C"), (CALENDARSERVER, "CS"), (APPLE_ICAL, "A")];

/// An expanded name (Namespaces in XML 1.0 §2.1). Cheap to clone for the names this server knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The namespace's URI; empty for none.
    pub namespace: Cow<'static, str>,
    /// The local part.
    pub local: Cow<'static, str>,
}

impl Name {
    /// A name known when the program was written.
    pub const fn known(namespace: &'static str, local: &'static str) -> Self {
        Self { namespace: Cow::Borrowed(namespace), local: Cow::Borrowed(local) }
    }

    /// A name read from a request or the store.
    pub fn read(namespace: &str, local: &str) -> Self {
        let namespace = KNOWN
            .iter()
            .find(|(uri, _)| *uri == namespace)
            .map_or_else(|| Cow::Owned(namespace.to_owned()), |(uri, _)| Cow::Borrowed(*uri));
        Self { namespace, local: Cow::Owned(local.to_owned()) }
    }

    /// Whether it can stand in an answer and in an index: a local part by Namespaces in XML 1.0 §3, and neither part too long.
    pub fn is_usable(&self) -> bool {
        self.namespace.len() <= NAMESPACE_BYTES_MAX
            && self.local.len() <= LOCAL_BYTES_MAX
            && self.local.starts_with(begins_name)
            && self.local.chars().all(|c| begins_name(c) || goes_on_in_name(c))
    }

    /// Whether this is `local` in `namespace`.
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.local == local && self.namespace == namespace
    }
}

/// `NameStartChar` of XML 1.0 §2.3, without the colon.
fn begins_name(c: char) -> bool {
    matches!(c, 'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
        | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
        | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

/// What `NameChar` of XML 1.0 §2.3 has beside it.
fn goes_on_in_name(c: char) -> bool {
    matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// The prefix every answer binds to `namespace` at its root, if it is one of those known.
pub fn prefix_of(namespace: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(uri, _)| *uri == namespace).map(|(_, prefix)| *prefix)
}

/// Prefix and URI of each namespace that answers declare at their root.
pub fn root_declarations() -> impl Iterator<Item = (&'static str, &'static str)> {
    KNOWN.iter().map(|(uri, prefix)| (*prefix, *uri))
}
