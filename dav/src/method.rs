//! Methods: RFC 3744 Appendix B as data. The gate and `Allow` read the same table.

use crate::kind::{ANY, COLLECTION, CONTENT, HOME, Kind, KindSet, OWNED};
use crate::privilege::Privilege;

/// On which resource a privilege is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The resource the request names.
    Target,
    /// The collection it is, or would be, a member of.
    Parent,
}

/// Where a method may be used, and what it takes.
#[derive(Debug)]
pub struct MethodRule {
    /// The method.
    pub method: &'static str,
    /// Where it is specified.
    pub section: &'static str,
    /// Whether the URL must be mapped to a resource, or must not.
    pub mapped: bool,
    /// For a mapped URL the kinds it applies to; for an unmapped one the kinds the parent may have.
    pub kinds: KindSet,
    /// Privileges needed: all of them.
    pub needs: &'static [(On, Privilege)],
}

const fn mapped(method: &'static str, section: &'static str, kinds: KindSet, needs: &'static [(On, Privilege)]) -> MethodRule {
    MethodRule { method, section, mapped: true, kinds, needs }
}

const fn unmapped(method: &'static str, section: &'static str, parents: KindSet, needs: &'static [(On, Privilege)]) -> MethodRule {
    MethodRule { method, section, mapped: false, kinds: parents, needs }
}

use On::{Parent, Target};
use Privilege::{Bind, Read, ReadFreeBusy, Unbind, WriteContent, WriteProperties};

const READABLE_BODY: KindSet = KindSet::of(&[Kind::Calendar, Kind::Object, Kind::File]);
const REMOVABLE: KindSet = KindSet::of(&[Kind::Calendar, Kind::Object, Kind::Folder, Kind::File]);
/// What takes a PUT of something new.
const HOLDING: KindSet = KindSet::of(&[Kind::Calendar, Kind::FileHome, Kind::Folder]);
/// What may hold collections that clients make.
const BRANCHING: KindSet = KindSet::of(&[Kind::Home, Kind::FileHome, Kind::Folder]);

/// The table.
#[rustfmt::skip]
pub static METHODS: &[MethodRule] = &[
    mapped  ("OPTIONS",    "RFC 9110 §9.3.7",  ANY,           &[(Target, Read)]),
    mapped  ("GET",        "RFC 9110 §9.3.1",  READABLE_BODY, &[(Target, Read)]),
    mapped  ("HEAD",       "RFC 9110 §9.3.2",  READABLE_BODY, &[(Target, Read)]),
    mapped  ("PUT",        "RFC 4918 §9.7",    CONTENT,       &[(Target, WriteContent)]),
    unmapped("PUT",        "RFC 4791 §5.3.2",  HOLDING,       &[(Parent, Bind)]),
    mapped  ("DELETE",     "RFC 4918 §9.6",    REMOVABLE,     &[(Parent, Unbind)]),
    // What they take at their destination is in the other table. MOVE takes Read too, or it would show what it moves.
    mapped  ("COPY",       "RFC 4918 §9.8",    REMOVABLE,     &[(Target, Read)]),
    mapped  ("MOVE",       "RFC 4918 §9.9",    REMOVABLE,     &[(Target, Read), (Parent, Unbind)]),
    mapped  ("PROPFIND",   "RFC 4918 §9.1",    ANY,           &[(Target, Read)]),
    mapped  ("PROPPATCH",  "RFC 4918 §9.2",    OWNED,         &[(Target, WriteProperties)]),
    unmapped("MKCALENDAR", "RFC 4791 §5.3.1",  HOME,          &[(Parent, Bind)]),
    unmapped("MKCOL",      "RFC 5689 §3",      BRANCHING,     &[(Parent, Bind)]),
    // Each report names its own privilege (crate::report); free-busy needs the least.
    mapped  ("REPORT",     "RFC 3253 §3.6",    ANY,           &[(Target, ReadFreeBusy)]),
];

/// What the destination of a COPY or MOVE takes: RFC 3744 Appendix B.
#[rustfmt::skip]
pub static DESTINATIONS: &[MethodRule] = &[
    unmapped("COPY",       "RFC 4918 §9.8.4",  HELD_OR_MADE,  &[(Parent, Bind)]),
    mapped  ("COPY",       "RFC 4918 §9.8.4",  REMOVABLE,     &[(Target, WriteContent), (Target, WriteProperties)]),
    unmapped("MOVE",       "RFC 4918 §9.9.3",  HELD_OR_MADE,  &[(Parent, Bind)]),
    mapped  ("MOVE",       "RFC 4918 §9.9.3",  REMOVABLE,     &[(Parent, Bind), (Parent, Unbind)]),
];

const HELD_OR_MADE: KindSet = KindSet::of(&[Kind::Home, Kind::Calendar, Kind::FileHome, Kind::Folder]);

/// The row for the destination of a COPY or MOVE: a resource of that kind, or nothing in a parent of that kind.
pub fn rule_for_destination(method: &str, there: Option<Kind>, parent: Option<Kind>) -> Option<&'static MethodRule> {
    let kind = there.or(parent)?;
    DESTINATIONS.iter().find(|rule| rule.method == method && rule.mapped == there.is_some() && rule.kinds.has(kind))
}

/// The row for a method on a mapped resource of that kind.
pub fn rule_for(method: &str, kind: Kind) -> Option<&'static MethodRule> {
    METHODS.iter().find(|rule| rule.mapped && rule.method == method && rule.kinds.has(kind))
}

/// The row for a method on an unmapped URL whose parent has that kind.
pub fn rule_for_unmapped(method: &str, parent: Kind) -> Option<&'static MethodRule> {
    METHODS.iter().find(|rule| !rule.mapped && rule.method == method && rule.kinds.has(parent))
}

/// Whether the server implements a method at all (else 501).
pub fn is_known(method: &str) -> bool {
    METHODS.iter().any(|rule| rule.method == method)
}

/// Whether a method only asks, wherever it may be used: it needs nothing but to read.
pub fn only_reads(method: &str) -> bool {
    let reads = |rule: &MethodRule| rule.needs.iter().all(|(_, privilege)| matches!(privilege, Read | ReadFreeBusy));
    let writes_elsewhere = DESTINATIONS.iter().any(|rule| rule.method == method);
    is_known(method) && !writes_elsewhere && METHODS.iter().filter(|rule| rule.method == method).all(reads)
}

/// The value of `Allow` for a resource of that kind.
///
/// A calendar lists PUT too: Evolution reads there, and on the calendar only, whether it may write when privileges are missing.
pub fn allow(kind: Kind) -> String {
    let names: Vec<&str> =
        METHODS.iter().filter(|rule| rule.kinds.has(kind) && (rule.mapped || kind == Kind::Calendar)).map(|rule| rule.method).collect();
    names.join(", ")
}

/// The value of `Allow` for a URL without a resource, in a parent of that kind.
pub fn allow_unmapped(parent: Kind) -> String {
    let names: Vec<&str> = METHODS.iter().filter(|rule| !rule.mapped && rule.kinds.has(parent)).map(|rule| rule.method).collect();
    names.join(", ")
}

/// Whether members may be listed below a resource of that kind.
pub fn has_members(kind: Kind) -> bool {
    COLLECTION.has(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allow_lists_what_the_table_holds() {
        assert_eq!(allow(Kind::Root), "OPTIONS, PROPFIND, REPORT");
        assert_eq!(allow(Kind::Calendar), "OPTIONS, GET, HEAD, PUT, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, REPORT");
        assert_eq!(allow_unmapped(Kind::Home), "MKCALENDAR, MKCOL");
        assert_eq!(allow(Kind::Folder), "OPTIONS, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, REPORT");
        assert_eq!(allow_unmapped(Kind::Folder), "PUT, MKCOL");
    }

    #[test]
    fn what_only_reads_is_told_by_the_table() {
        let reading: Vec<&str> = METHODS.iter().map(|rule| rule.method).filter(|method| only_reads(method)).collect();
        assert_eq!(reading, ["OPTIONS", "GET", "HEAD", "PROPFIND", "REPORT"]);
        assert!(!only_reads("LOCK"));
    }

    #[test]
    fn rfc3744_appendix_b_a_destination_takes_what_it_says() {
        let needs = |method, there, parent| rule_for_destination(method, there, parent).map(|rule| rule.needs);
        let folder = Some(Kind::Folder);
        assert_eq!(needs("COPY", None, folder), Some(&[(Parent, Bind)][..]));
        assert_eq!(needs("COPY", Some(Kind::File), folder), Some(&[(Target, WriteContent), (Target, WriteProperties)][..]));
        assert_eq!(needs("MOVE", None, folder), Some(&[(Parent, Bind)][..]));
        assert_eq!(needs("MOVE", Some(Kind::File), folder), Some(&[(Parent, Bind), (Parent, Unbind)][..]));
        assert_eq!(needs("MOVE", Some(Kind::FileHome), None), None);
        assert_eq!(needs("COPY", Some(Kind::Inbox), Some(Kind::Home)), None);
    }

    #[test]
    fn a_method_and_kind_have_one_row_at_most() {
        for rule in METHODS {
            for kind in crate::kind::KINDS {
                let rows = METHODS.iter().filter(|r| r.method == rule.method && r.mapped == rule.mapped && r.kinds.has(*kind));
                assert!(rows.count() <= 1, "{} on {kind:?}", rule.method);
            }
        }
    }
}
