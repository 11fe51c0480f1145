//! The kinds of resources there are, and sets of them for the tables.

use crate::name::{CALDAV, DAV, Name};

macro_rules! kinds {
    ($($kind:ident = $bit:literal, $doc:literal;)*) => {
        /// What a URL is mapped to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind { $(#[doc = $doc] $kind = 1 << $bit,)* }

        /// Every kind.
        pub const KINDS: &[Kind] = &[$(Kind::$kind,)*];
    };
}

kinds! {
    Root = 0, "The server's root: a collection that leads to the principals.";
    Principals = 1, "The collection of all principals (RFC 3744 §5.8).";
    Principal = 2, "A principal (RFC 3744 §2).";
    Homes = 3, "The collection of all calendar homes.";
    Home = 4, "A calendar home (RFC 4791 §6.2.1): a plain collection, never itself a calendar.";
    Inbox = 5, "A scheduling inbox (RFC 6638 §2.2).";
    Outbox = 6, "A scheduling outbox (RFC 6638 §2.1).";
    Calendar = 7, "A calendar collection (RFC 4791 §4.2).";
    Object = 8, "A calendar object resource (RFC 4791 §4.1).";
    FileHomes = 9, "The collection of everyone's files.";
    FileHome = 10, "The root of one principal's files.";
    Folder = 11, "An ordinary collection among files (RFC 4918 §5.2).";
    File = 12, "A file of any type.";
}

/// A set of kinds: where a row of a table applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindSet(u16);

impl KindSet {
    /// The set of those kinds.
    pub const fn of(kinds: &[Kind]) -> Self {
        let mut bits = 0;
        let mut rest = kinds;
        while let [first, others @ ..] = rest {
            bits |= *first as u16;
            rest = others;
        }
        Self(bits)
    }

    /// Whether `kind` is in the set.
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & kind as u16 != 0
    }
}

/// Every kind.
pub const ANY: KindSet = KindSet::of(KINDS);
/// Everything that has members.
pub const COLLECTION: KindSet = KindSet::of(&[
    Kind::Root,
    Kind::Principals,
    Kind::Homes,
    Kind::Home,
    Kind::Inbox,
    Kind::Outbox,
    Kind::Calendar,
    Kind::FileHomes,
    Kind::FileHome,
    Kind::Folder,
]);
/// What belongs to one principal.
pub const OWNED: KindSet =
    KindSet::of(&[Kind::Home, Kind::Inbox, Kind::Outbox, Kind::Calendar, Kind::Object, Kind::FileHome, Kind::Folder, Kind::File]);
/// Collections inside a home.
pub const IN_HOME: KindSet = KindSet::of(&[Kind::Inbox, Kind::Outbox, Kind::Calendar]);
/// Collections that keep a log of changes a client can follow (RFC 6578).
pub const SYNCED: KindSet = KindSet::of(&[Kind::Home, Kind::Inbox, Kind::Calendar, Kind::FileHome, Kind::Folder]);
/// Collections that hold calendar object resources which can be read by report.
pub const READABLE: KindSet = KindSet::of(&[Kind::Inbox, Kind::Calendar]);
/// Only calendars.
pub const CALENDAR: KindSet = KindSet::of(&[Kind::Calendar]);
/// Only homes.
pub const HOME: KindSet = KindSet::of(&[Kind::Home]);
/// Only objects.
pub const OBJECT: KindSet = KindSet::of(&[Kind::Object]);
/// What holds files.
pub const FOLDER: KindSet = KindSet::of(&[Kind::FileHome, Kind::Folder]);
/// Only files.
pub const FILE: KindSet = KindSet::of(&[Kind::File]);
/// What has a body of its own.
pub const CONTENT: KindSet = KindSet::of(&[Kind::Object, Kind::File]);
/// Only inboxes.
pub const INBOX: KindSet = KindSet::of(&[Kind::Inbox]);
/// Only principals.
pub const PRINCIPAL: KindSet = KindSet::of(&[Kind::Principal]);

impl Kind {
    /// Whether it has members, and so a trailing slash.
    pub const fn is_collection(self) -> bool {
        COLLECTION.has(self)
    }

    /// The elements of `DAV:resourcetype` (RFC 4918 §15.9), possibly none.
    pub fn resource_types(self) -> &'static [Name] {
        const PLAIN: &[Name] = &[Name::known(DAV, "collection")];
        const PRINCIPAL: &[Name] = &[Name::known(DAV, "principal")];
        const INBOX: &[Name] = &[Name::known(DAV, "collection"), Name::known(CALDAV, "schedule-inbox")];
        const OUTBOX: &[Name] = &[Name::known(DAV, "collection"), Name::known(CALDAV, "schedule-outbox")];
        const CALENDAR: &[Name] = &[Name::known(DAV, "collection"), Name::known(CALDAV, "calendar")];
        match self {
            Self::Root | Self::Principals | Self::Homes | Self::Home | Self::FileHomes | Self::FileHome | Self::Folder => PLAIN,
            Self::Principal => PRINCIPAL,
            Self::Inbox => INBOX,
            Self::Outbox => OUTBOX,
            Self::Calendar => CALENDAR,
            Self::Object | Self::File => &[],
        }
    }
}
