//! PROPFIND: RFC 4918 §9.1.

use std::collections::HashMap;
use std::sync::Arc;

use http::StatusCode;
use kalends_dav::multistatus::Multistatus;
use kalends_dav::request::{Ask, Depth, Propfind};
use kalends_dav::resource::{Facets, Resource, StoredProperty};
use kalends_dav::{Kind, Precondition, Refusal};
use kalends_ical::zone::Zone;

use super::folder::{FolderMembers, quota};
use super::members::Members;
use super::{Wanted, facets_of};
use crate::answer::{Answer, Sink, XML};
use crate::describe::Describer;
use crate::failure::{Error, Failure};
use crate::path::{encode, with_slash};
use crate::store::{Collection, CollectionId, HomeState, Position, Principal};
use crate::target::{Found, Target};

/// The resource and, with Depth 1, its members.
pub async fn propfind(describer: Describer, target: Target, request: Propfind) -> Result<Answer, Error> {
    let Some(kind) = target.kind() else { return Err(Refusal::not_found().into()) };
    if request.depth == Depth::Infinity && kind.is_collection() {
        let message = "a PROPFIND goes down one level at most: Depth 0 or 1";
        return Err(Refusal::rule(Precondition::PropfindFiniteDepth, message).into());
    }
    let itself = describe(&describer, &target, &request.ask).await?;
    let write = move |sink: Sink| async move {
        let mut multistatus = Multistatus::begin(request.minimal);
        multistatus.resource(&itself, &request.ask, &describer.viewer);
        if request.depth == Depth::One {
            members(&describer, &target, request.ask, &mut multistatus, &sink).await?;
        }
        multistatus.end();
        Ok(multistatus.take())
    };
    Answer::stream(StatusCode::MULTI_STATUS, XML, write).await
}

/// The resource itself, loaded as far as the properties asked for need.
pub async fn describe(describer: &Describer, target: &Target, ask: &Ask) -> Result<Resource, Error> {
    let store = &describer.server.store;
    let stored = facets_of(ask).has(Facets::STORED);
    let owner = target.owner.as_deref();
    Ok(match (&target.found, owner) {
        (Found::Fixed(Kind::Principal), Some(owner)) => describer.principal(&target.href, owner).await?,
        (Found::Fixed(Kind::Home), Some(owner)) => {
            let state = store.home(owner.home()).await?.unwrap_or(HomeState { position: Position(0), history_floor: Position(0) });
            let stored = if stored { store.properties(owner.home(), CollectionId::HOME, "").await? } else { Vec::new() };
            describer.home(&target.href, owner, state, stored)
        }
        (Found::Fixed(kind), _) => describer.common(&target.href, *kind),
        (Found::Collection(collection), Some(owner)) => {
            let calendars = if collection.kind == Kind::Inbox { store.collections(owner.home()).await? } else { Vec::new() };
            let stored = if stored { store.properties(owner.home(), collection.id, "").await? } else { Vec::new() };
            describer.collection(&target.href, owner, collection, &calendars, stored)
        }
        (Found::Folder(folder), Some(owner)) => {
            let stored = if stored { store.properties(owner.home(), folder.id, "").await? } else { Vec::new() };
            let quota = quota(describer, owner.home(), facets_of(ask)).await?;
            describer.folder(&target.href, owner, folder, quota, stored)
        }
        (Found::File(folder, file), Some(owner)) => {
            let stored = if stored { store.properties(owner.home(), folder.id, &file.name).await? } else { Vec::new() };
            describer.file(&target.href, owner, file, stored)
        }
        (Found::Object(collection, object), Some(owner)) => {
            let stored = if stored { store.properties(owner.home(), collection.id, &object.name).await? } else { Vec::new() };
            describer.object(&target.href, owner, object, None, stored)
        }
        _ => return Err(Refusal::not_found().into()),
    })
}

async fn members(describer: &Describer, target: &Target, ask: Ask, multistatus: &mut Multistatus, sink: &Sink) -> Result<(), Failure> {
    let wanted = Wanted::new(ask, None);
    match (&target.found, &target.owner) {
        (Found::Fixed(Kind::Root), _) => {
            let paths = &describer.server.paths;
            for (href, kind) in
                [(paths.principals(), Kind::Principals), (paths.homes(), Kind::Homes), (paths.file_homes(), Kind::FileHomes)]
            {
                multistatus.resource(&describer.common(&href, kind), &wanted.ask, &describer.viewer);
            }
        }
        (Found::Fixed(Kind::Principals), _) => principals(describer, &wanted, multistatus, sink).await?,
        (Found::Fixed(Kind::Homes), _) => own_home(describer, &wanted, multistatus).await?,
        (Found::Fixed(Kind::FileHomes), _) => own_files(describer, &wanted, multistatus).await?,
        (Found::Folder(folder), Some(owner)) => {
            let base = with_slash(&target.href);
            FolderMembers { describer, owner, folder: folder.id, base, wanted: &wanted }.all(multistatus, sink).await?;
        }
        (Found::Fixed(Kind::Home), Some(owner)) => {
            let base = with_slash(&target.href);
            let all = describer.server.store.collections(owner.home()).await?;
            for collection in collections(describer, owner, &base, wanted.facets, &all).await? {
                multistatus.resource(&collection, &wanted.ask, &describer.viewer);
                sink.drain(multistatus).await?;
            }
        }
        (Found::Collection(collection), Some(owner)) => {
            let base = with_slash(&target.href);
            let members = Members { describer, owner, collection: collection.id, base, wanted: &wanted, zone: Zone::utc() };
            objects(&members, multistatus, sink).await?;
        }
        _ => {}
    }
    Ok(())
}

/// The principals of the viewer's domain.
async fn principals(describer: &Describer, wanted: &Wanted, multistatus: &mut Multistatus, sink: &Sink) -> Result<(), Failure> {
    let server = &describer.server;
    let mut addresses = server.store.addresses_of_domain(describer.who.domain).await?;
    for principal in server.store.principals_of_domain(describer.who.domain).await? {
        let href = server.paths.principal(&principal.segment);
        let own = addresses.remove(&principal.id).unwrap_or_default();
        multistatus.resource(&describer.principal_with(&href, &principal, &own), &wanted.ask, &describer.viewer);
        sink.drain(multistatus).await?;
    }
    Ok(())
}

async fn own_home(describer: &Describer, wanted: &Wanted, multistatus: &mut Multistatus) -> Result<(), Failure> {
    let server = &describer.server;
    let who = &describer.who;
    if let Some(state) = server.store.home(who.home()).await? {
        let stored = server.store.properties(who.home(), CollectionId::HOME, "").await?;
        let href = server.paths.home(&who.segment);
        multistatus.resource(&describer.home(&href, who, state, stored), &wanted.ask, &describer.viewer);
    }
    Ok(())
}

async fn own_files(describer: &Describer, wanted: &Wanted, multistatus: &mut Multistatus) -> Result<(), Failure> {
    let server = &describer.server;
    let who = &describer.who;
    if let Some(root) = server.store.folder(who.home(), CollectionId::FILES).await? {
        let stored = server.store.properties(who.home(), root.id, "").await?;
        let quota = quota(describer, who.home(), wanted.facets).await?;
        let href = server.paths.file_home(&who.segment);
        multistatus.resource(&describer.folder(&href, who, &root, quota, stored), &wanted.ask, &describer.viewer);
    }
    Ok(())
}

/// All collections of a home, described in their order; what is set on them is read in one statement.
pub async fn collections(
    describer: &Describer,
    owner: &Arc<Principal>,
    base: &str,
    facets: Facets,
    all: &[Collection],
) -> Result<Vec<Resource>, Failure> {
    let store = &describer.server.store;
    let mut stored: HashMap<CollectionId, Vec<StoredProperty>> = HashMap::new();
    if facets.has(Facets::STORED) {
        for (collection, property) in store.properties_of_collections(owner.home()).await? {
            stored.entry(collection).or_default().push(property);
        }
    }
    let mut describe = |collection: &Collection| {
        let href = format!("{base}{}/", encode(&collection.segment));
        let calendars = if collection.kind == Kind::Inbox { all } else { &[] };
        describer.collection(&href, owner, collection, calendars, stored.remove(&collection.id).unwrap_or_default())
    };
    Ok(all.iter().map(&mut describe).collect())
}

async fn objects(members: &Members<'_>, multistatus: &mut Multistatus, sink: &Sink) -> Result<(), Failure> {
    let mut after = String::new();
    loop {
        let store = &members.describer.server.store;
        let page = store.objects_page(members.home(), members.collection, &after).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.name);
        members.describe_loaded(&page, multistatus, sink).await?;
    }
}
