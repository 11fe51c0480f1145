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
        let begins = |c: char| c.is_alphabetic() || c == '_';
        let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\u{b7}');
        self.namespace.len() <= NAMESPACE_BYTES_MAX
            && self.local.len() <= LOCAL_BYTES_MAX
            && self.local.starts_with(begins)
            && self.local.chars().all(goes_on)
    }

    /// Whether this is `local` in `namespace`.
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.local == local && self.namespace == namespace
    }
}

/// The prefix every answer binds to `namespace` at its root, if it is one of those known.
pub fn prefix_of(namespace: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(uri, _)| *uri == namespace).map(|(_, prefix)| *prefix)
}

/// Prefix and URI of each namespace that answers declare at their root.
pub fn root_declarations() -> impl Iterator<Item = (&'static str, &'static str)> {
    KNOWN.iter().map(|(uri, prefix)| (*prefix, *uri))
}
