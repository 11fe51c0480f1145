//! `log verify`: rebuilds a home's projection from its newest baseline and its log, and compares.

mod files;

use std::collections::BTreeMap;

use kalends_ical::{CalendarObject, FACTS_VERSION, UtcMicros};

use super::append::{Alteration, Moved, NewCollection, NewFolder, PropertyValue, PutValue};
use super::baseline::{self, BaselineRow, hex};
use super::bodies::{BodyStore, DatabaseBodies};
use super::calendar::{PAGE_ROWS, components_of, kind_name};
use super::database::{Query, Row, arguments};
use super::{Bodies, CollectionId, Hash, HomeId, Position, Store, calendar, projection, sql};
use crate::failure::Failure;
use files::{RebuiltFile, RebuiltFolder};

/// Differences named per home; the first ones tell what is wrong.
const DIFFERENCES_MAX: usize = 100;
/// How often a home that changes meanwhile is read again before it is locked.
const ATTEMPTS: usize = 3;
/// Objects whose facts are recomputed at a time.
const STALE_ROWS: i64 = 200;

/// What was found in one home.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    pub changes: u64,
    pub collections: usize,
    pub objects: usize,
    /// Empty if the projection is what the log says.
    pub differences: Vec<String>,
}

/// What the log says a home holds.
#[derive(Default)]
struct Rebuilt {
    collections: BTreeMap<i64, RebuiltCollection>,
    properties: BTreeMap<(i64, String, String, String), String>,
    objects: BTreeMap<(i64, String), RebuiltObject>,
    tree: files::Files,
    found: Verified,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct RebuiltCollection {
    segment: String,
    kind: String,
    components: Vec<String>,
    created_at: UtcMicros,
    changed: i64,
    altered: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct RebuiltObject {
    hash: String,
    position: i64,
    created_at: UtcMicros,
    modified_at: UtcMicros,
}

impl Store {
    /// Verifies one home; `None` if it does not exist. A home that keeps changing is locked for the last attempt.
    pub async fn verify(&self, home: HomeId) -> Result<Option<Verified>, Failure> {
        for _ in 0..ATTEMPTS {
            let mut database = self.database.clone();
            let Some(before) = calendar::read_home(&mut database, home).await? else { return Ok(None) };
            let found = verify(&mut database, home).await?;
            if calendar::read_home(&mut database, home).await? == Some(before) {
                return Ok(Some(found));
            }
        }
        let mut transaction = self.database.begin().await?;
        if transaction.row(sql::LOCK_HOME, arguments![home.0]).await?.is_none() {
            return Ok(None);
        }
        verify(&mut transaction, home).await.map(Some)
    }

    /// Notes whether any object's facts are of an older engine.
    pub(super) async fn look_for_stale_facts(&self) -> Result<(), Failure> {
        let stale = self.database.clone().row(sql::STALE_FACTS, arguments![FACTS_VERSION, 1]).await?.is_some();
        self.facts_are_current.store(!stale, std::sync::atomic::Ordering::Release);
        Ok(())
    }

    /// Recomputes some stale facts; `false` once none is left. Queries do not narrow by facts until then.
    pub async fn refresh_facts(&self) -> Result<bool, Failure> {
        if self.facts_are_current() {
            return Ok(false);
        }
        let rows = self.database.clone().rows(sql::STALE_FACTS, arguments![FACTS_VERSION, STALE_ROWS]).await?;
        if rows.is_empty() {
            self.look_for_stale_facts().await?;
            return Ok(false);
        }
        let mut transaction = self.database.begin().await?;
        for row in &rows {
            let (home, collection, name) = (HomeId(row.integer(0)?), CollectionId(row.integer(1)?), row.text(2)?);
            let hash = Hash::read(&row.bytes(3)?)?;
            let body = DatabaseBodies(&mut transaction).get(home, hash).await?.unwrap_or_default();
            let object = CalendarObject::read_stored(body).map_err(|refusal| Failure::new(format!("reading {name}: {refusal}")))?;
            projection::set_facts(&mut transaction, (home, collection, &name), hash, &object.facts()).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}

async fn verify(database: &mut impl Query, home: HomeId) -> Result<Verified, Failure> {
    let mut rebuilt = Rebuilt::default();
    let start = baseline::newest(database, home).await?;
    if let Some(start) = start {
        for row in baseline::read(database, home, start).await? {
            rebuilt.take(row);
        }
    }
    let last = rebuilt.replay(database, home, start.unwrap_or(Position(0))).await?;
    let state = calendar::read_home(database, home).await?;
    if let Some(state) = state.filter(|state| state.position != last) {
        rebuilt.differ(format!("the home is at position {}, its log ends at {}", state.position.0, last.0));
    }
    rebuilt.compare_collections(database, home).await?;
    rebuilt.compare_properties(database, home).await?;
    rebuilt.compare_objects(database, home).await?;
    rebuilt.compare_files(database, home).await?;
    Ok(rebuilt.found)
}

impl Rebuilt {
    fn differ(&mut self, difference: String) {
        if self.found.differences.len() < DIFFERENCES_MAX {
            self.found.differences.push(difference);
        }
    }

    fn take(&mut self, row: BaselineRow) {
        match row {
            BaselineRow::Collection { id, segment, kind, components, created_at, changed, altered } => {
                self.collections.insert(id, RebuiltCollection { segment, kind, components, created_at, changed, altered });
            }
            BaselineRow::Property { collection, name, value } => self.set(collection, &name, value),
            BaselineRow::Folder { id, parent, name, position, created_at, changed, altered } => {
                self.tree.folders.insert(id, RebuiltFolder { parent, name, position, created_at, changed, altered });
            }
            BaselineRow::File { folder, name, hash, size, media_type, position, created_at, modified_at } => {
                self.tree.files.insert((folder, name), RebuiltFile { hash, size, media_type, position, created_at, modified_at });
            }
            BaselineRow::Object { collection, name, hash, position, created_at, modified_at } => {
                self.objects.insert((collection, name), RebuiltObject { hash, position, created_at, modified_at });
            }
        }
    }

    /// Applies the log after `start`; returns the last position.
    async fn replay(&mut self, database: &mut impl Query, home: HomeId, start: Position) -> Result<Position, Failure> {
        let mut last = start;
        loop {
            let page = database.rows(sql::LOG_PAGE, arguments![home.0, last.0, PAGE_ROWS]).await?;
            for row in &page {
                let position = row.integer(0)?;
                if position != last.0 + 1 {
                    self.differ(format!("the log jumps from position {} to {position}", last.0));
                }
                last = Position(position);
                self.found.changes += 1;
                self.apply(row)?;
            }
            if i64::try_from(page.len()).unwrap_or(0) < PAGE_ROWS {
                return Ok(last);
            }
        }
    }

    fn apply(&mut self, row: &Row) -> Result<(), Failure> {
        let (position, collection, name, kind, at) = (row.integer(0)?, row.integer(1)?, row.text(2)?, row.text(3)?, row.integer(5)?);
        let after = row.optional_bytes(4)?.map(|bytes| Hash::read(&bytes)).transpose()?;
        let value = row.optional_text(6)?;
        match kind.as_str() {
            "put" if self.is_folder(collection) => self.put_file(collection, name, after, position, at, value),
            "put" => self.put(collection, name, after, position, at, value),
            "delete" if self.is_folder(collection) => self.delete_file(collection, &name, position),
            "delete" => self.delete(collection, &name, position),
            "collection" => self.appear(collection, name, position, at, after, value),
            // What goes on elsewhere stays until it comes there.
            "uncollection" if value.is_some() && self.is_folder(collection) => self.changed(collection, position),
            "uncollection" if value.is_some() => {}
            "uncollection" if self.is_folder(collection) => self.remove_folder(collection, &name, position),
            "uncollection" => self.remove(&name, position),
            _ => self.alter(collection, &name, position, after, value),
        }
        Ok(())
    }

    /// A collection or folder that is new at its place.
    fn appear(&mut self, parent: i64, name: String, position: i64, at: UtcMicros, after: Option<Hash>, value: Option<String>) {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Appeared {
            Moved(Moved),
            Folder(NewFolder),
            Collection(NewCollection),
        }
        match self.value::<Appeared>(position, after, value) {
            Some(Appeared::Moved(moved)) => self.come(parent, name, position, moved),
            Some(Appeared::Folder(new)) => self.create_folder(parent, name, position, at, new),
            Some(Appeared::Collection(new)) => self.create(position, at, new),
            None => {}
        }
    }

    fn put(&mut self, collection: i64, name: String, after: Option<Hash>, position: i64, at: UtcMicros, value: Option<String>) {
        let hash = after.as_ref().map(hex).unwrap_or_default();
        let key = (collection, name);
        let kept = value.and_then(|text| serde_json::from_str::<PutValue>(&text).ok()).and_then(|value| value.created_at);
        let created_at = self.objects.get(&key).map_or(kept.unwrap_or(at), |object| object.created_at);
        self.objects.insert(key, RebuiltObject { hash, position, created_at, modified_at: at });
        self.changed(collection, position);
    }

    fn delete(&mut self, collection: i64, name: &str, position: i64) {
        if self.objects.remove(&(collection, name.to_owned())).is_none() {
            self.differ(format!("position {position} deletes {name}, which is not there"));
        }
        self.properties.retain(|(id, owner, _, _), _| !(*id == collection && owner == name));
        self.changed(collection, position);
    }

    fn changed(&mut self, collection: i64, position: i64) {
        match (self.collections.get_mut(&collection), self.tree.folders.get_mut(&collection)) {
            (Some(found), _) => found.changed = position,
            (None, Some(found)) => found.changed = position,
            (None, None) => self.differ(format!("position {position} changes collection {collection}, which is not there")),
        }
    }

    fn create(&mut self, position: i64, at: UtcMicros, new: NewCollection) {
        let NewCollection { segment, kind, components, properties } = new;
        let made = RebuiltCollection { segment, kind, components, created_at: at, changed: position, altered: position };
        self.collections.insert(position, made);
        properties.into_iter().for_each(|property| self.set(position, "", property));
    }

    fn remove(&mut self, segment: &str, position: i64) {
        let Some(id) = self.collections.iter().find(|(_, c)| c.segment == segment).map(|(id, _)| *id) else {
            return self.differ(format!("position {position} removes collection {segment}, which is not there"));
        };
        self.collections.remove(&id);
        self.properties.retain(|(collection, _, _, _), _| *collection != id);
        self.objects.retain(|(collection, _), _| *collection != id);
    }

    fn alter(&mut self, collection: i64, name: &str, position: i64, after: Option<Hash>, value: Option<String>) {
        let Some(alteration) = self.value::<Alteration>(position, after, value) else { return };
        for (namespace, local) in alteration.removed {
            self.properties.remove(&(collection, name.to_owned(), namespace, local));
        }
        alteration.set.into_iter().for_each(|property| self.set(collection, name, property));
        if name.is_empty() {
            self.collections.get_mut(&collection).into_iter().for_each(|found| found.altered = position);
            self.tree.folders.get_mut(&collection).into_iter().for_each(|found| found.altered = position);
        }
    }

    fn set(&mut self, collection: i64, name: &str, value: PropertyValue) {
        self.properties.insert((collection, name.to_owned(), value.namespace, value.local), value.xml);
    }

    /// The value kept beside a log row, if it is the one the log row vouches for.
    fn value<T: serde::de::DeserializeOwned>(&mut self, position: i64, after: Option<Hash>, value: Option<String>) -> Option<T> {
        let text = value.unwrap_or_default();
        if after != Some(Hash::of(text.as_bytes())) {
            self.differ(format!("the value of position {position} is missing or not the one that was logged"));
            return None;
        }
        match serde_json::from_str(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.differ(format!("the value of position {position} cannot be read: {error}"));
                None
            }
        }
    }

    async fn compare_collections(&mut self, database: &mut impl Query, home: HomeId) -> Result<(), Failure> {
        let mut expected = std::mem::take(&mut self.collections);
        for collection in calendar::read_collections(database, home).await? {
            self.found.collections += 1;
            let held = RebuiltCollection {
                segment: collection.segment.clone(),
                kind: kind_name(collection.kind).to_owned(),
                components: components_of(&collection.components.join(",")),
                created_at: collection.created_at,
                changed: collection.changed.0,
                altered: collection.altered.0,
            };
            match expected.remove(&collection.id.0) {
                Some(said) if said == held => {}
                Some(said) => self.differ(format!("collection {} is {held:?}, the log says {said:?}", collection.id.0)),
                None => self.differ(format!("collection {} ({}) is not in the log", collection.id.0, collection.segment)),
            }
        }
        for (id, said) in expected {
            self.differ(format!("collection {id} ({}) is missing", said.segment));
        }
        Ok(())
    }

    async fn compare_properties(&mut self, database: &mut impl Query, home: HomeId) -> Result<(), Failure> {
        let mut expected = std::mem::take(&mut self.properties);
        for row in database.rows(sql::ALL_PROPERTIES, arguments![home.0]).await? {
            let key = (row.integer(0)?, row.text(1)?, row.text(2)?, row.text(3)?);
            if expected.remove(&key).as_ref() != Some(&row.text(4)?) {
                self.differ(format!("the property {key:?} is not what the log says"));
            }
        }
        for key in expected.into_keys() {
            self.differ(format!("the property {key:?} is missing"));
        }
        Ok(())
    }

    async fn compare_objects(&mut self, database: &mut impl Query, home: HomeId) -> Result<(), Failure> {
        let mut expected = std::mem::take(&mut self.objects);
        let collections = calendar::read_collections(database, home).await?;
        for collection in collections {
            let mut after = String::new();
            loop {
                let page = calendar::read_objects_page(database, home, collection.id, &after, Bodies::With).await?;
                let facts = database.rows(sql::FACTS_PAGE, arguments![home.0, collection.id.0, &after, PAGE_ROWS]).await?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.name);
                for (object, facts) in page.iter().zip(&facts) {
                    self.found.objects += 1;
                    let said = expected.remove(&(collection.id.0, object.name.clone()));
                    self.compare_object(object, facts, said)?;
                }
            }
        }
        for (_, name) in expected.into_keys() {
            self.differ(format!("the object {name} is missing"));
        }
        Ok(())
    }

    fn compare_object(&mut self, object: &super::StoredObject, facts: &Row, said: Option<RebuiltObject>) -> Result<(), Failure> {
        let name = &object.name;
        let held = RebuiltObject {
            hash: hex(&object.hash),
            position: object.position.0,
            created_at: object.created_at,
            modified_at: object.modified_at,
        };
        if said.as_ref() != Some(&held) {
            self.differ(format!("the object {name} is {held:?}, the log says {said:?}"));
        }
        let body = object.body.clone().unwrap_or_default();
        if Hash::of(&body) != object.hash {
            self.differ(format!("the body of {name} does not have the hash it is kept under"));
        }
        let Ok(parsed) = CalendarObject::read_stored(body) else {
            self.differ(format!("the body of {name} cannot be read"));
            return Ok(());
        };
        if parsed.uid() != object.uid || parsed.kind() != object.component {
            self.differ(format!("the object {name} is filed under another UID or component than its body has"));
        }
        if facts.integer(1)? == FACTS_VERSION && !facts_agree(facts, &parsed)? {
            self.differ(format!("the facts of {name} are not those of its body"));
        }
        Ok(())
    }
}

fn facts_agree(row: &Row, object: &CalendarObject) -> Result<bool, Failure> {
    let facts = object.facts();
    Ok(row.integer(2)? == facts.first_start
        && row.integer(3)? == facts.last_end
        && row.optional_integer(4)? == facts.alarm_first
        && row.optional_integer(5)? == facts.alarm_last
        && row.integer(6)? == i64::from(facts.floating)
        && row.integer(7)? == i64::from(facts.recurring)
        && row.integer(8)? == i64::from(facts.transparent)
        && row.optional_text(9)? == facts.status)
}
