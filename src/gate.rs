//! The one function that answers "may they?".
//!
//! Every method (by the table in `dav::method`), every member of a multistatus and every entrance that is not DAV asks it.

use kalends_dav::Refusal;
use kalends_dav::kind::{Kind, OWNED};
use kalends_dav::privilege::{Privilege, PrivilegeSet};

use crate::store::Principal;

/// What `viewer` may do with a resource of that kind that belongs to `owner`.
///
/// What is yours is yours alone. Principals can be seen by everyone of their domain (RFC 3744 §2); what belongs to nobody, by all.
pub fn privileges(viewer: &Principal, kind: Kind, owner: Option<&Principal>) -> PrivilegeSet {
    match owner {
        None if !OWNED.has(kind) => PrivilegeSet::of(&[Privilege::Read]),
        None => PrivilegeSet::NONE,
        Some(owner) if owner.id == viewer.id => own(kind),
        Some(owner) if kind == Kind::Principal && owner.domain == viewer.domain => PrivilegeSet::of(&[Privilege::Read]),
        Some(_) => PrivilegeSet::NONE,
    }
}

fn own(kind: Kind) -> PrivilegeSet {
    if OWNED.has(kind) { PrivilegeSet::of(&[Privilege::All]) } else { PrivilegeSet::of(&[Privilege::Read]) }
}

/// Lets through who holds `privilege`, and refuses the others by name.
///
/// # Errors
/// `DAV:need-privileges` with the href (RFC 3744 §7.1.1).
pub fn require(held: PrivilegeSet, privilege: Privilege, href: &str) -> Result<(), Refusal> {
    if held.has(privilege) {
        return Ok(());
    }
    Err(Refusal::lacks(privilege, href))
}
