//! sync-collection: RFC 6578 §3. The log since the token, never a guess: a token the log no longer reaches is refused by name.

use std::collections::HashSet;
use std::sync::Arc;

use http::StatusCode;
use kalends_dav::multistatus::Multistatus;
use kalends_dav::report::SyncCollection;
use kalends_dav::resource::{Facets, Resource};
use kalends_dav::{Precondition, Refusal};

use super::Wanted;
use super::calendar_query::calendar_zone;
use super::folder::{FolderMembers, again};
use super::members::Members;
use super::propfind::collections;
use crate::answer::{Answer, Sink, XML};
use crate::describe::Describer;
use crate::failure::{Error, Failure};
use crate::path::{encode, with_slash};
use crate::store::{Bodies, Collection, CollectionId, HomeState, Position, Principal};
use crate::target::{Found, Target};
use crate::token::SyncToken;

/// Members read at a time where the client sets no limit.
const PAGE: i64 = 500;

pub async fn answer(describer: Describer, target: Target, sync: SyncCollection, minimal: bool) -> Result<Answer, Error> {
    if sync.infinite {
        let message = "a sync-collection goes down one level: sync-level 1";
        return Err(Refusal::rule(Precondition::SyncTraversalSupported, message).into());
    }
    let Some(owner) = target.owner.clone() else { return Err(Refusal::not_found().into()) };
    let state = describer.server.store.home(owner.home()).await?.ok_or_else(Refusal::not_found)?;
    match target.found {
        Found::Folder(folder) => {
            let folder = again(&describer.server.store, owner.home(), &folder).await?;
            let since = since(sync.token.as_deref(), SyncToken::new(owner.home(), folder.id, folder.changed), state)?;
            let (wanted, limit, base) = (Wanted::new(sync.ask, None), limit(sync.members_max), with_slash(&target.href));
            let write = move |sink: Sink| async move {
                let mut multistatus = Multistatus::begin(minimal);
                let members = FolderMembers { describer: &describer, owner: &owner, folder: folder.id, base, wanted: &wanted };
                let token = members.delta(&folder, since, limit, &mut multistatus, &sink).await?;
                multistatus.sync_token(&token.to_string());
                multistatus.end();
                Ok(multistatus.take())
            };
            Answer::stream(StatusCode::MULTI_STATUS, XML, write).await
        }
        Found::Collection(collection) => {
            // Read again: the position must not be older than the rows that follow.
            let store = &describer.server.store;
            let collection = store.collection(owner.home(), &collection.segment).await?.ok_or_else(Refusal::not_found)?;
            let since = since(sync.token.as_deref(), SyncToken::new(owner.home(), collection.id, collection.changed), state)?;
            let delta = Delta { describer, owner, collection, href: target.href, since, limit: limit(sync.members_max) };
            let wanted = Wanted::new(sync.ask, sync.data);
            Answer::stream(StatusCode::MULTI_STATUS, XML, move |sink| async move { delta.write(wanted, minimal, &sink).await }).await
        }
        _ => {
            let since = since(sync.token.as_deref(), SyncToken::new(owner.home(), CollectionId::HOME, state.position), state)?;
            home_delta(describer, owner, target.href, state, since, sync, minimal).await
        }
    }
}

/// Where a client stands: its token, if it is one this collection gave out and the log still reaches.
fn since(token: Option<&str>, now: SyncToken, state: HomeState) -> Result<Option<SyncToken>, Refusal> {
    let Some(text) = token else { return Ok(None) };
    let token = SyncToken::read(text, now.home, now.collection);
    let valid = token.filter(|t| t.position <= now.position && t.position >= state.history_floor.min(now.position));
    let valid = valid.filter(|t| t.listed.is_none_or(|listed| listed <= state.position));
    valid.map(Some).ok_or_else(|| {
        let message = "the sync-token is not one of this collection, or older than its history: synchronise anew without a token";
        Refusal::rule(Precondition::ValidSyncToken, message)
    })
}

fn limit(members_max: Option<u64>) -> Option<i64> {
    members_max.map(|most| i64::try_from(most).unwrap_or(i64::MAX).min(100_000))
}

/// What changed in a collection of objects.
struct Delta {
    describer: Describer,
    owner: Arc<Principal>,
    collection: Collection,
    href: String,
    since: Option<SyncToken>,
    limit: Option<i64>,
}

impl Delta {
    async fn write(self, wanted: Wanted, minimal: bool, sink: &Sink) -> Result<Vec<u8>, Failure> {
        let zone = if wanted.facets.has(Facets::BODY) {
            calendar_zone(&self.describer.server.store, self.owner.home(), self.collection.id).await?
        } else {
            kalends_ical::zone::Zone::utc()
        };
        let base = with_slash(&self.href);
        let members =
            Members { describer: &self.describer, owner: &self.owner, collection: self.collection.id, base, wanted: &wanted, zone };
        let mut multistatus = Multistatus::begin(minimal);
        let token = match (self.since, self.limit) {
            (None, None) => self.everything(&members, &mut multistatus, sink).await?,
            (None, Some(limit)) => self.first_part(&members, limit, self.collection.changed, Position(0), &mut multistatus, sink).await?,
            (Some(SyncToken { listed: Some(listed), position, .. }), limit) => {
                self.first_part(&members, limit.unwrap_or(i64::MAX - 1), position, listed, &mut multistatus, sink).await?
            }
            (Some(token), limit) => self.changes(&members, token.position, limit, &mut multistatus, sink).await?,
        };
        multistatus.sync_token(&token.to_string());
        multistatus.end();
        Ok(multistatus.take())
    }

    fn token(&self, position: Position) -> SyncToken {
        SyncToken::new(self.owner.home(), self.collection.id, position)
    }

    /// The first time: every member. What changes while they are listed comes after the token, and so again.
    async fn everything(&self, members: &Members<'_>, multistatus: &mut Multistatus, sink: &Sink) -> Result<SyncToken, Failure> {
        let store = &self.describer.server.store;
        let mut after = String::new();
        loop {
            let page = store.objects_page(members.home(), members.collection, &after).await?;
            let Some(last) = page.last() else { return Ok(self.token(self.collection.changed)) };
            after.clone_from(&last.name);
            members.describe(page, multistatus, sink).await?;
        }
    }

    /// The first time, in parts (RFC 6578 §3.6, §3.7): members in the order of their last put. `start` is where the collection stood
    /// when the client began; once all are listed that is its token, and what happened since comes with the next request.
    async fn first_part(
        &self,
        members: &Members<'_>,
        limit: i64,
        start: Position,
        listed: Position,
        multistatus: &mut Multistatus,
        sink: &Sink,
    ) -> Result<SyncToken, Failure> {
        let store = &self.describer.server.store;
        let mut objects = store.objects_by_position(members.home(), members.collection, listed, limit.saturating_add(1)).await?;
        let truncated = objects.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        if truncated {
            objects.pop();
        }
        let reached = objects.last().map_or(listed, |object| object.position);
        members.describe(objects, multistatus, sink).await?;
        if !truncated {
            return Ok(self.token(start));
        }
        multistatus.status(&with_slash(&self.href), StatusCode::INSUFFICIENT_STORAGE, Some(Precondition::NumberOfMatchesWithinLimits));
        Ok(SyncToken { listed: Some(reached), ..self.token(start) })
    }

    /// Each member that changed since, once: as it is now, or 404 if it is gone.
    async fn changes(
        &self,
        members: &Members<'_>,
        mut after: Position,
        limit: Option<i64>,
        multistatus: &mut Multistatus,
        sink: &Sink,
    ) -> Result<SyncToken, Failure> {
        let store = &self.describer.server.store;
        let until = self.collection.changed;
        let mut left = limit.unwrap_or(i64::MAX);
        loop {
            let rows_max = left.min(PAGE);
            let page = store.changed(members.home(), members.collection, after, until, rows_max).await?;
            let Some(last) = page.last() else { return Ok(self.token(until)) };
            after = last.position;
            let names = page.iter().map(|changed| changed.name.as_str());
            let objects = store.objects_named(members.home(), members.collection, names, Bodies::Without).await?;
            let there: HashSet<&str> = objects.iter().map(|object| object.name.as_str()).collect();
            for gone in page.iter().filter(|changed| !there.contains(changed.name.as_str())) {
                multistatus.status(&format!("{}{}", members.base, encode(&gone.name)), StatusCode::NOT_FOUND, None);
            }
            members.describe(objects, multistatus, sink).await?;
            left -= i64::try_from(page.len()).unwrap_or(i64::MAX);
            if left <= 0 {
                return self.truncated(after, multistatus).await;
            }
        }
    }

    /// 507 for the collection if more is left (RFC 6578 §3.6); the token says how far this answer went.
    async fn truncated(&self, reached: Position, multistatus: &mut Multistatus) -> Result<SyncToken, Failure> {
        let until = self.collection.changed;
        let more = self.describer.server.store.changed(self.owner.home(), self.collection.id, reached, until, 1).await?;
        if more.is_empty() {
            return Ok(self.token(until));
        }
        multistatus.status(&with_slash(&self.href), StatusCode::INSUFFICIENT_STORAGE, Some(Precondition::NumberOfMatchesWithinLimits));
        Ok(self.token(reached))
    }
}

/// What changed in a home: collections that came, went, or changed in themselves or in a member. Apple's clients then ask only those.
async fn home_delta(
    describer: Describer,
    owner: Arc<Principal>,
    href: String,
    state: HomeState,
    since: Option<SyncToken>,
    SyncCollection { ask, members_max, .. }: SyncCollection,
    minimal: bool,
) -> Result<Answer, Error> {
    let after = since.map_or(Position(0), |token| token.position);
    let base = with_slash(&href);
    let store = &describer.server.store;
    let rows = store.collections(owner.home()).await?;
    let newest = |row: &Collection| row.changed.max(row.altered).max(Position(row.id.0));
    let described = collections(&describer, &owner, &base, super::facets_of(&ask), &rows).await?;
    // What to say of each, in the order of its last change: `None` of one that is gone.
    let mut changes: Vec<(Position, String, Option<&Resource>)> = rows
        .iter()
        .zip(&described)
        .filter(|(row, _)| newest(row) > after)
        .map(|(row, resource)| (newest(row), resource.href.clone(), Some(resource)))
        .collect();
    if since.is_some() {
        let come_and_gone = store.changed(owner.home(), CollectionId::HOME, after, state.position, i64::from(i32::MAX)).await?;
        let gone = come_and_gone.iter().filter(|changed| !rows.iter().any(|row| row.segment == changed.name));
        changes.extend(gone.map(|changed| (changed.position, format!("{base}{}/", encode(&changed.name)), None)));
    }
    changes.sort_by_key(|(position, ..)| *position);
    let most = limit(members_max).and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let reached = if changes.len() > most { changes.get(most.saturating_sub(1)).map(|(position, ..)| *position) } else { None };
    let mut multistatus = Multistatus::begin(minimal);
    for (_, href, resource) in changes.iter().take(most) {
        match resource {
            Some(resource) => multistatus.resource(resource, &ask, &describer.viewer),
            None => multistatus.status(href, StatusCode::NOT_FOUND, None),
        }
    }
    if reached.is_some() {
        // RFC 6578 §3.6: the token says how far this answer went.
        multistatus.status(&base, StatusCode::INSUFFICIENT_STORAGE, Some(Precondition::NumberOfMatchesWithinLimits));
    }
    let position = reached.unwrap_or(state.position);
    multistatus.sync_token(&SyncToken::new(owner.home(), CollectionId::HOME, position).to_string());
    multistatus.end();
    Ok(Answer::whole(StatusCode::MULTI_STATUS, XML, multistatus.take()))
}
