//! Resources as values: what the store knows of one, ready to be described on the wire.

use std::sync::Arc;

use bytes::Bytes;

use crate::kind::Kind;
use crate::name::Name;
use crate::privilege::PrivilegeSet;

/// A property kept as the client set it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredProperty {
    /// Its name.
    pub name: Name,
    /// The whole element as XML that stands by itself (RFC 4918 §4.3).
    pub xml: String,
}

impl StoredProperty {
    /// The character data inside the element; empty if it is not XML any more.
    pub fn text(&self) -> String {
        crate::xml::Element::parse(self.xml.as_bytes()).map(|element| element.text()).unwrap_or_default()
    }
}

/// A resource as the property table sees it.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its href, spelt as the client spells it.
    pub href: String,
    /// What it is.
    pub kind: Kind,
    /// The href of the principal that owns it.
    pub owner: Option<Arc<str>>,
    /// What the viewer may do with it.
    pub privileges: PrivilegeSet,
    /// What only this kind of resource has.
    pub details: Details,
    /// Properties kept as they were set. Empty unless [`Facets::STORED`] was asked.
    pub stored: Vec<StoredProperty>,
}

impl Resource {
    /// The stored property of that name.
    pub fn stored(&self, namespace: &str, local: &str) -> Option<&StoredProperty> {
        self.stored.iter().find(|property| property.name.is(namespace, local))
    }
}

/// What only one kind of resource has.
#[derive(Debug, Clone)]
pub enum Details {
    /// Nothing more.
    None,
    /// A principal.
    Principal(Box<PrincipalDetails>),
    /// A home or a collection in it.
    Collection(Box<CollectionDetails>),
    /// A calendar object resource.
    Object(Box<ObjectDetails>),
    /// A file.
    File(Box<FileDetails>),
}

/// What is known of a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalDetails {
    /// Never changes: part of `DAV:resource-id` and of its `urn:uuid:` address.
    pub uuid: String,
    /// For people.
    pub display_name: String,
    /// RFC 6638 §2.4.2: INDIVIDUAL, GROUP, ROOM or RESOURCE.
    pub calendar_user_type: &'static str,
    /// `mailto:` addresses, the preferred one first.
    pub addresses: Vec<String>,
    /// Its one calendar home.
    pub home: String,
    /// Its scheduling inbox.
    pub inbox: String,
    /// Its scheduling outbox.
    pub outbox: String,
}

/// What is known of a home or a collection in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CollectionDetails {
    /// RFC 6578 §4; a URI. `None` where nothing can be synchronised.
    pub sync_token: Option<String>,
    /// caldav-ctag: changes with every change of a member, and only then.
    pub ctag: Option<String>,
    /// The component types it takes; empty for a home.
    pub components: Vec<String>,
    /// UTC microseconds.
    pub created_at: i64,
    /// On an inbox: the calendar new invitations go to (RFC 6638 §9.2).
    pub default_calendar: Option<String>,
    /// Never changes: `DAV:resource-id` (RFC 5842 §3.1).
    pub uuid: String,
    /// Of what holds files. `None` unless [`Facets::QUOTA`] was asked.
    pub quota: Option<Quota>,
}

/// RFC 4331, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// What may still be stored.
    pub available: i64,
    /// What is stored.
    pub used: i64,
}

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDetails {
    /// Strong and quoted.
    pub etag: String,
    /// As its client named it.
    pub media_type: String,
    /// Size in bytes.
    pub size: i64,
    /// UTC microseconds.
    pub created_at: i64,
    /// UTC microseconds.
    pub modified_at: i64,
}

/// What is known of a calendar object resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectDetails {
    /// Strong and quoted.
    pub etag: String,
    /// `VEVENT`, `VTODO`, …
    pub component: &'static str,
    /// Size in bytes.
    pub size: i64,
    /// UTC microseconds.
    pub created_at: i64,
    /// UTC microseconds.
    pub modified_at: i64,
    /// The body as the report asked for it. `None` unless [`Facets::BODY`] was asked.
    pub data: Option<Bytes>,
}

/// What must be loaded to answer for a set of properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facets(u8);

impl Facets {
    /// What every row has: names, ETags, positions.
    pub const ROW: Self = Self(0);
    /// Stored properties.
    pub const STORED: Self = Self(1);
    /// Bodies.
    pub const BODY: Self = Self(2);
    /// How much files take, and may take.
    pub const QUOTA: Self = Self(4);

    /// Both.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is asked.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Who asks, and what the server as a whole answers everyone.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// The href of the principal that asks (RFC 5397).
    pub principal: Arc<str>,
    /// The href of the collection of principals (RFC 3744 §5.8).
    pub principals: Arc<str>,
    /// Announced limit on a body in bytes (RFC 4791 §5.2.5).
    pub resource_bytes_max: usize,
}
