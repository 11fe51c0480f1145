//! From rows to the resources of `dav`: what is said of each, to this viewer.

use std::sync::Arc;

use bytes::Bytes;
use kalends_dav::Kind;
use kalends_dav::resource::{
    CollectionDetails, Details, FileDetails, ObjectDetails, PrincipalDetails, Quota, Resource, StoredProperty, Viewer,
};

use crate::environment::uuid_of;
use crate::failure::Failure;
use crate::gate;
use crate::path::with_slash;
use crate::server::Server;
use crate::store::{Collection, CollectionId, Folder, Hash, HomeState, Principal, StoredFile, StoredObject};
use crate::token::SyncToken;

/// Describes resources to one viewer.
#[derive(Clone)]
pub struct Describer {
    pub server: Arc<Server>,
    pub who: Arc<Principal>,
    /// The same person, as the property table sees them.
    pub viewer: Viewer,
}

impl Describer {
    pub fn new(server: &Arc<Server>, who: &Arc<Principal>) -> Self {
        let viewer = Viewer {
            principal: server.paths.principal(&who.segment).into(),
            principals: server.paths.principals().into(),
            resource_bytes_max: server.limits().object_bytes_max,
        };
        Self { server: Arc::clone(server), who: Arc::clone(who), viewer }
    }

    /// The root, the principals or the homes: what belongs to nobody.
    pub fn common(&self, href: &str, kind: Kind) -> Resource {
        self.resource(href, kind, None, Details::None, Vec::new())
    }

    pub async fn principal(&self, href: &str, principal: &Principal) -> Result<Resource, Failure> {
        let addresses = self.server.store.addresses(principal.id).await?;
        Ok(self.principal_with(href, principal, &addresses))
    }

    pub fn principal_with(&self, href: &str, principal: &Principal, addresses: &[String]) -> Resource {
        let paths = &self.server.paths;
        let details = PrincipalDetails {
            uuid: principal.uuid.clone(),
            display_name: principal.display_name.clone(),
            calendar_user_type: user_type(&principal.kind),
            addresses: addresses.iter().map(|address| format!("mailto:{address}")).collect(),
            home: paths.home(&principal.segment),
            inbox: paths.collection(&principal.segment, "inbox"),
            outbox: paths.collection(&principal.segment, "outbox"),
        };
        self.resource(href, Kind::Principal, Some(principal), Details::Principal(Box::new(details)), Vec::new())
    }

    pub fn home(&self, href: &str, owner: &Principal, state: HomeState, stored: Vec<StoredProperty>) -> Resource {
        let token = SyncToken::new(owner.home(), CollectionId::HOME, state.position);
        let details = CollectionDetails {
            sync_token: Some(token.to_string()),
            created_at: owner.created_at,
            uuid: derived_uuid(owner, CollectionId::HOME),
            ..CollectionDetails::default()
        };
        self.resource(href, Kind::Home, Some(owner), Details::Collection(Box::new(details)), stored)
    }

    /// A collection of a home; on the inbox `calendars` tells the default calendar.
    pub fn collection(
        &self,
        href: &str,
        owner: &Principal,
        collection: &Collection,
        calendars: &[Collection],
        stored: Vec<StoredProperty>,
    ) -> Resource {
        let token = SyncToken::new(owner.home(), collection.id, collection.changed).to_string();
        let synced = collection.kind != Kind::Outbox;
        let details = CollectionDetails {
            ctag: synced.then(|| token.clone()),
            sync_token: synced.then_some(token),
            components: collection.components.clone(),
            created_at: collection.created_at,
            default_calendar: default_calendar(calendars).map(|c| self.server.paths.collection(&owner.segment, &c.segment)),
            uuid: derived_uuid(owner, collection.id),
            quota: None,
        };
        self.resource(href, collection.kind, Some(owner), Details::Collection(Box::new(details)), stored)
    }

    /// A folder, or the root of somebody's files.
    pub fn folder(&self, href: &str, owner: &Principal, folder: &Folder, quota: Option<Quota>, stored: Vec<StoredProperty>) -> Resource {
        let is_root = folder.id == CollectionId::FILES;
        let token = SyncToken::new(owner.home(), folder.id, folder.changed);
        let details = CollectionDetails {
            sync_token: Some(token.to_string()),
            created_at: if is_root { owner.created_at } else { folder.created_at },
            uuid: derived_uuid(owner, folder.id),
            quota,
            ..CollectionDetails::default()
        };
        let kind = if is_root { Kind::FileHome } else { Kind::Folder };
        self.resource(href, kind, Some(owner), Details::Collection(Box::new(details)), stored)
    }

    pub fn file(&self, href: &str, owner: &Principal, file: &StoredFile, stored: Vec<StoredProperty>) -> Resource {
        let details = FileDetails {
            etag: file.hash.etag(),
            media_type: file.media_type.clone(),
            size: file.size,
            created_at: file.created_at,
            modified_at: file.modified_at,
        };
        self.resource(href, Kind::File, Some(owner), Details::File(Box::new(details)), stored)
    }

    /// An object, with its body as the client asked for it, if it did.
    pub fn object(
        &self,
        href: &str,
        owner: &Principal,
        object: &StoredObject,
        data: Option<Bytes>,
        stored: Vec<StoredProperty>,
    ) -> Resource {
        let details = ObjectDetails {
            etag: object.hash.etag(),
            component: object.component.name(),
            size: object.size,
            created_at: object.created_at,
            modified_at: object.modified_at,
            data,
        };
        self.resource(href, Kind::Object, Some(owner), Details::Object(Box::new(details)), stored)
    }

    fn resource(&self, href: &str, kind: Kind, owner: Option<&Principal>, details: Details, stored: Vec<StoredProperty>) -> Resource {
        let href = if kind.is_collection() || kind == Kind::Principal { with_slash(href) } else { href.to_owned() };
        let owner_href: Option<Arc<str>> = match owner {
            Some(owner) if owner.id == self.who.id => Some(Arc::clone(&self.viewer.principal)),
            Some(owner) => Some(self.server.paths.principal(&owner.segment).into()),
            None => None,
        };
        Resource { href, kind, owner: owner_href, privileges: gate::privileges(&self.who, kind, owner), details, stored }
    }
}

/// RFC 6638 §9.2: invitations go to the first calendar made that takes events.
fn default_calendar(collections: &[Collection]) -> Option<&Collection> {
    collections.iter().find(|c| c.kind == Kind::Calendar && c.components.iter().any(|name| name == "VEVENT"))
}

/// RFC 6638 §2.4.2.
fn user_type(kind: &str) -> &'static str {
    match kind {
        "group" => "GROUP",
        "room" => "ROOM",
        "resource" => "RESOURCE",
        _ => "INDIVIDUAL",
    }
}

/// A collection's lasting identity: its owner's and its own together.
fn derived_uuid(owner: &Principal, collection: CollectionId) -> String {
    let hash = Hash::of(format!("{}/{}", owner.uuid, collection.0).as_bytes());
    let (half, _) = hash.0.split_at(16);
    uuid_of(half.try_into().unwrap_or_default())
}
