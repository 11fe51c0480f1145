//! Privileges: RFC 3744 §3 and RFC 4791 §6.1, as a tree.

use crate::name::{CALDAV, DAV, Name};

macro_rules! privileges {
    ($($privilege:ident = $bit:literal $namespace:ident $local:literal [$($contained:ident)*] $section:literal;)*) => {
        /// A right that can be granted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Privilege { $(#[doc = $section] $privilege = 1 << $bit,)* }

        /// Every privilege, aggregates before what they contain.
        pub const PRIVILEGES: &[Privilege] = &[$(Privilege::$privilege,)*];

        impl Privilege {
            /// The element that names it.
            pub fn name(self) -> Name {
                match self { $(Self::$privilege => Name::known($namespace, $local),)* }
            }

            /// What holding it includes, itself among it.
            pub const fn contains(self) -> PrivilegeSet {
                match self { $(Self::$privilege => PrivilegeSet(Self::$privilege as u32 $(| Self::$contained.contains().0)*),)* }
            }
        }
    };
}

#[rustfmt::skip]
privileges! {
    All                         = 0  DAV    "all"                            [Read Write ReadAcl WriteAcl Unlock] "RFC 3744 §3.11";
    Read                        = 1  DAV    "read"                           [ReadCurrentUserPrivilegeSet ReadFreeBusy] "RFC 3744 §3.1";
    Write                       = 2  DAV    "write"                          [WriteProperties WriteContent Bind Unbind] "RFC 3744 §3.2";
    WriteProperties             = 3  DAV    "write-properties"               [] "RFC 3744 §3.3";
    WriteContent                = 4  DAV    "write-content"                  [] "RFC 3744 §3.4";
    Unlock                      = 5  DAV    "unlock"                         [] "RFC 3744 §3.5";
    ReadAcl                     = 6  DAV    "read-acl"                       [] "RFC 3744 §3.6";
    ReadCurrentUserPrivilegeSet = 7  DAV    "read-current-user-privilege-set" [] "RFC 3744 §3.7";
    WriteAcl                    = 8  DAV    "write-acl"                      [] "RFC 3744 §3.8";
    Bind                        = 9  DAV    "bind"                           [] "RFC 3744 §3.9";
    Unbind                      = 10 DAV    "unbind"                         [] "RFC 3744 §3.10";
    ReadFreeBusy                = 11 CALDAV "read-free-busy"                 [] "RFC 4791 §6.1.1";
}

/// A set of privileges, closed under containment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PrivilegeSet(u32);

impl PrivilegeSet {
    /// Nothing is granted.
    pub const NONE: Self = Self(0);

    /// What these grants amount to together.
    pub fn of(privileges: &[Privilege]) -> Self {
        Self(privileges.iter().fold(0, |bits, privilege| bits | privilege.contains().0))
    }

    /// Whether `privilege` is granted.
    pub const fn has(self, privilege: Privilege) -> bool {
        self.0 & privilege as u32 != 0
    }

    /// The privileges granted, aggregates and what they contain: Thunderbird asks for one, CalDav Synchronizer for the other.
    pub fn iter(self) -> impl Iterator<Item = Privilege> {
        PRIVILEGES.iter().copied().filter(move |privilege| self.has(*privilege))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3744_s3_aggregates_hold_what_they_contain() {
        let all = PrivilegeSet::of(&[Privilege::All]);
        assert!(PRIVILEGES.iter().all(|privilege| all.has(*privilege)));
        let read = PrivilegeSet::of(&[Privilege::Read]);
        assert!(read.has(Privilege::ReadFreeBusy) && !read.has(Privilege::WriteContent) && !read.has(Privilege::All));
        assert!(!PrivilegeSet::of(&[Privilege::Bind]).has(Privilege::Write));
    }
}
