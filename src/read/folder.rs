//! The members of a folder, described page by page, and what changed among them: RFC 4918 §9.1, RFC 6578 §3.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use http::StatusCode;
use kalends_dav::multistatus::Multistatus;
use kalends_dav::resource::{Facets, Quota};
use kalends_dav::{Precondition, Refusal};

use super::Wanted;
use crate::answer::Sink;
use crate::describe::Describer;
use crate::failure::{Error, Failure};
use crate::path::encode;
use crate::store::{CollectionId, Folder, HomeId, Member, Position, Principal, Store};
use crate::token::SyncToken;

/// Members read at a time.
const PAGE: i64 = 500;

/// The members of one folder, and how to describe them.
pub struct FolderMembers<'a> {
    pub describer: &'a Describer,
    pub owner: &'a Arc<Principal>,
    pub folder: CollectionId,
    /// What stands before each name, spelt as the request spells it.
    pub base: String,
    pub wanted: &'a Wanted,
}

impl FolderMembers<'_> {
    fn store(&self) -> &Store {
        &self.describer.server.store
    }

    fn home(&self) -> HomeId {
        self.owner.home()
    }

    /// All of them: folders, then files, by name.
    pub async fn all(&self, multistatus: &mut Multistatus, sink: &Sink) -> Result<(), Failure> {
        let mut after = String::new();
        loop {
            let page = self.store().folders_page(self.home(), self.folder, &after).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.name);
            self.describe(page.into_iter().map(Member::Folder).collect(), multistatus, sink).await?;
        }
        after.clear();
        loop {
            let page = self.store().files_page(self.home(), self.folder, &after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(&last.name);
            self.describe(page.into_iter().map(Member::File).collect(), multistatus, sink).await?;
        }
    }

    async fn describe(&self, members: Vec<Member>, multistatus: &mut Multistatus, sink: &Sink) -> Result<(), Failure> {
        let quota = quota(self.describer, self.home(), self.wanted.facets).await?;
        let mut of_files: HashMap<String, Vec<_>> = HashMap::new();
        let mut of_folders: HashMap<CollectionId, Vec<_>> = HashMap::new();
        if self.wanted.facets.has(Facets::STORED) {
            let names = || members.iter().map(Member::name);
            for (name, property) in self.store().properties_of_members(self.home(), self.folder, names()).await? {
                of_files.entry(name).or_default().push(property);
            }
            for (folder, property) in self.store().properties_of_folders(self.home(), self.folder, names()).await? {
                of_folders.entry(folder).or_default().push(property);
            }
        }
        for member in members {
            let resource = match &member {
                Member::File(file) => {
                    let href = format!("{}{}", self.base, encode(&file.name));
                    self.describer.file(&href, self.owner, file, of_files.remove(&file.name).unwrap_or_default())
                }
                Member::Folder(folder) => {
                    let href = format!("{}{}/", self.base, encode(&folder.name));
                    self.describer.folder(&href, self.owner, folder, quota, of_folders.remove(&folder.id).unwrap_or_default())
                }
            };
            multistatus.resource(&resource, &self.wanted.ask, &self.describer.viewer);
            sink.drain(multistatus).await?;
        }
        Ok(())
    }

    /// The first time, in parts (RFC 6578 §3.6, §3.7): members in the order they came. `start` is where the folder stood when the
    /// client began.
    async fn first_part(
        &self,
        limit: i64,
        start: Position,
        listed: Position,
        multistatus: &mut Multistatus,
        sink: &Sink,
    ) -> Result<SyncToken, Failure> {
        let names = self.store().members_by_position(self.home(), self.folder, listed, limit.saturating_add(1)).await?;
        let truncated = names.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        let named = names.iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).map(String::as_str);
        let members = self.store().members_named(self.home(), self.folder, named).await?;
        let reached = members.iter().map(Member::position).max().unwrap_or(listed);
        self.describe(members, multistatus, sink).await?;
        if !truncated {
            return Ok(self.token(start));
        }
        multistatus.status(&self.base, StatusCode::INSUFFICIENT_STORAGE, Some(Precondition::NumberOfMatchesWithinLimits));
        Ok(SyncToken { listed: Some(reached), ..self.token(start) })
    }

    /// Each member that changed since, once: as it is now, or 404 if it is gone.
    async fn changes(
        &self,
        mut after: Position,
        until: Position,
        limit: Option<i64>,
        multistatus: &mut Multistatus,
        sink: &Sink,
    ) -> Result<SyncToken, Failure> {
        let mut left = limit.unwrap_or(i64::MAX);
        loop {
            let page = self.store().changed(self.home(), self.folder, after, until, left.min(PAGE)).await?;
            let Some(last) = page.last() else { return Ok(self.token(until)) };
            after = last.position;
            let names = page.iter().map(|changed| changed.name.as_str());
            let members = self.store().members_named(self.home(), self.folder, names).await?;
            let there: HashSet<&str> = members.iter().map(Member::name).collect();
            for gone in page.iter().filter(|changed| !there.contains(changed.name.as_str())) {
                multistatus.status(&format!("{}{}", self.base, encode(&gone.name)), StatusCode::NOT_FOUND, None);
            }
            self.describe(members, multistatus, sink).await?;
            left -= i64::try_from(page.len()).unwrap_or(i64::MAX);
            if left <= 0 {
                if self.store().changed(self.home(), self.folder, after, until, 1).await?.is_empty() {
                    return Ok(self.token(until));
                }
                multistatus.status(&self.base, StatusCode::INSUFFICIENT_STORAGE, Some(Precondition::NumberOfMatchesWithinLimits));
                return Ok(self.token(after));
            }
        }
    }

    fn token(&self, position: Position) -> SyncToken {
        SyncToken::new(self.home(), self.folder, position)
    }

    /// A sync-collection's responses and its token.
    pub async fn delta(
        &self,
        folder: &Folder,
        since: Option<SyncToken>,
        limit: Option<i64>,
        multistatus: &mut Multistatus,
        sink: &Sink,
    ) -> Result<SyncToken, Failure> {
        match (since, limit) {
            (None, None) => {
                self.all(multistatus, sink).await?;
                Ok(self.token(folder.changed))
            }
            (None, Some(limit)) => self.first_part(limit, folder.changed, Position(0), multistatus, sink).await,
            (Some(SyncToken { listed: Some(listed), position, .. }), limit) => {
                self.first_part(limit.unwrap_or(i64::MAX - 1), position, listed, multistatus, sink).await
            }
            (Some(token), limit) => self.changes(token.position, folder.changed, limit, multistatus, sink).await,
        }
    }
}

/// RFC 4331, where it was asked for.
pub async fn quota(describer: &Describer, home: HomeId, facets: Facets) -> Result<Option<Quota>, Failure> {
    if !facets.has(Facets::QUOTA) {
        return Ok(None);
    }
    let used = describer.server.store.file_bytes(home).await?;
    let most = i64::try_from(describer.server.limits().files_bytes_max).unwrap_or(i64::MAX);
    Ok(Some(Quota { available: most.saturating_sub(used).max(0), used }))
}

/// The folder as it is now: its position must not be older than the rows that follow.
pub async fn again(store: &Store, home: HomeId, folder: &Folder) -> Result<Folder, Error> {
    Ok(store.folder(home, folder.id).await?.ok_or_else(Refusal::not_found)?)
}
