//! Writing: the one verb. Everything that changes what a user can see is a [`Change`] appended to its home's log.

use std::collections::BTreeMap;

use kalends_dav::Kind;
use kalends_dav::name::Name;
use kalends_dav::resource::StoredProperty;
use kalends_dav::xml::Element;
use kalends_ical::{CalendarObject, Facts, UtcMicros};
use serde::{Deserialize, Serialize};

use super::bodies::{BodyStore, DatabaseBodies};
use super::database::{Query, Transaction, arguments};
use super::{Bodies, Collection, CollectionId, FileBody, Hash, HomeId, Position, Store, StoredObject, blobs, calendar, projection, sql};
use crate::failure::Failure;

/// How many changes one transaction may hold; more are many transactions with one request id.
pub const CHANGES_MAX: i64 = 1000;

/// Everything that can happen to data. There is no other way to alter it.
#[derive(Debug, Clone)]
pub enum Change<'a> {
    /// An object was created or replaced.
    ObjectPut { collection: CollectionId, name: &'a str, new: &'a NewObject, before: Option<Hash> },
    /// An object was deleted.
    ObjectDeleted { collection: CollectionId, name: &'a str, before: Hash },
    /// A collection was made. Its id is the position this change gets.
    CollectionCreated(&'a NewCollection),
    /// A collection went away with everything in it.
    CollectionRemoved { collection: CollectionId, segment: &'a str },
    /// A calendar or folder went from its place, to come to another: its id, members and history stay. The next change brings it there.
    Left { parent: CollectionId, name: &'a str, moved: CollectionId },
    /// It came.
    Came { parent: CollectionId, name: &'a str, moved: CollectionId },
    /// A folder was made. Its id is the position this change gets.
    FolderCreated { parent: CollectionId, name: &'a str, new: &'a NewFolder },
    /// A folder went away with everything in it.
    FolderRemoved { parent: CollectionId, name: &'a str, folder: CollectionId },
    /// A file was created or replaced.
    FilePut { folder: CollectionId, name: &'a str, new: &'a NewFile, before: Option<Hash> },
    /// A file was deleted.
    FileDeleted { folder: CollectionId, name: &'a str, before: Hash },
    /// Properties were set and removed on a collection, on the home ([`CollectionId::HOME`]) or on an object.
    PropertiesAltered { collection: CollectionId, name: &'a str, alteration: &'a Alteration },
}

/// An object to be put. What takes time is found out before a home is locked.
#[derive(Debug, Clone)]
pub struct NewObject {
    pub object: CalendarObject,
    pub hash: Hash,
    pub facts: Facts,
    /// Of one that is moved here: RFC 4918 §15.1 lets it keep its creationdate.
    pub created_at: Option<UtcMicros>,
}

impl NewObject {
    pub fn of(object: CalendarObject) -> Self {
        Self { hash: Hash::of(object.bytes()), facts: object.facts(), object, created_at: None }
    }
}

/// A collection to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCollection {
    /// Its segment of the URL.
    pub segment: String,
    /// As the projection names it: calendar, inbox, outbox.
    pub kind: String,
    /// The component types it takes.
    pub components: Vec<String>,
    /// What is set on it from the start.
    pub properties: Vec<PropertyValue>,
}

impl NewCollection {
    pub fn new(segment: &str, kind: Kind, components: &[&str], properties: &[StoredProperty]) -> Self {
        Self {
            segment: segment.to_owned(),
            kind: calendar::kind_name(kind).to_owned(),
            components: components.iter().map(|name| (*name).to_owned()).collect(),
            properties: properties.iter().map(PropertyValue::from).collect(),
        }
    }
}

/// A folder to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewFolder {
    /// What is set on it from the start.
    pub properties: Vec<PropertyValue>,
}

/// Which collection came, or went to another place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Moved {
    pub moved: i64,
}

/// A file to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    pub hash: Hash,
    pub size: i64,
    pub media_type: String,
    /// Of one that is moved here.
    pub created_at: Option<UtcMicros>,
    pub body: FileBody,
}

/// What the log keeps of a put beside the hash of its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PutValue {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub created_at: Option<UtcMicros>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<FileValue>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileValue {
    pub size: i64,
    pub media_type: String,
}

/// A property and its value, as the log keeps them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PropertyValue {
    pub namespace: String,
    pub local: String,
    pub xml: String,
}

impl PropertyValue {
    /// As a client set it.
    pub fn of(element: &Element) -> Self {
        Self::from(&StoredProperty { name: element.name.clone(), xml: element.to_xml() })
    }
}

impl From<&StoredProperty> for PropertyValue {
    fn from(property: &StoredProperty) -> Self {
        let Name { namespace, local } = &property.name;
        Self { namespace: namespace.to_string(), local: local.to_string(), xml: property.xml.clone() }
    }
}

/// What a PROPPATCH did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alteration {
    pub set: Vec<PropertyValue>,
    /// Namespace and local name.
    pub removed: Vec<(String, String)>,
}

/// Why a change was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A client asked for it.
    Request,
    /// The account was being made or erased.
    Account,
}

impl Reason {
    const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Account => "account",
        }
    }
}

/// Who makes a change, through what, why: kept beside the log, where retention may clear it.
#[derive(Debug, Clone)]
pub struct Context {
    /// The principal that acts; `None` for the command line.
    pub actor: Option<i64>,
    /// Which credential: empty, or the id of an app password.
    pub credential: String,
    /// The client's `User-Agent`.
    pub client: String,
    /// The client's address.
    pub address: String,
    pub reason: Reason,
    pub request_id: String,
    /// UTC microseconds.
    pub at: UtcMicros,
}

/// A write transaction over one or more homes, which stay locked until it ends. Dropped without commit it leaves nothing behind.
pub struct Write {
    pub(super) transaction: Transaction,
    changes_max: i64,
    /// The position each home had when it was locked, and the one it has now.
    homes: BTreeMap<HomeId, (Position, Position)>,
    context: Context,
}

impl Store {
    /// Begins a write and locks the homes, in id order, one statement each. `None` if one of them does not exist.
    pub async fn write(&self, homes: &[HomeId], context: Context) -> Result<Option<Write>, Failure> {
        let mut transaction = self.database.begin().await?;
        let mut locked = BTreeMap::new();
        let mut in_order = homes.to_vec();
        in_order.sort_unstable();
        in_order.dedup();
        for home in in_order {
            let Some(row) = transaction.row(sql::LOCK_HOME, arguments![home.0]).await? else { return Ok(None) };
            let position = Position(row.integer(0)?);
            locked.insert(home, (position, position));
        }
        Ok(Some(Write { transaction, changes_max: CHANGES_MAX, homes: locked, context }))
    }
}

impl Write {
    /// Goes on with a transaction that holds a home's lock, or has just made it.
    pub(super) fn over(transaction: Transaction, home: HomeId, position: Position, context: Context) -> Self {
        Self { transaction, changes_max: CHANGES_MAX, homes: BTreeMap::from([(home, (position, position))]), context }
    }

    /// Lets one transaction hold more changes: what is copied in one piece may be larger than what is imported in parts.
    pub fn allow_changes(&mut self, changes_max: i64) {
        self.changes_max = changes_max;
    }

    /// Where a locked home stands.
    pub fn position(&self, home: HomeId) -> Option<Position> {
        self.homes.get(&home).map(|(_, last)| *last)
    }

    pub async fn collection(&mut self, home: HomeId, segment: &str) -> Result<Option<Collection>, Failure> {
        calendar::read_collection(&mut self.transaction, home, segment).await
    }

    pub async fn object(&mut self, home: HomeId, collection: CollectionId, name: &str) -> Result<Option<StoredObject>, Failure> {
        calendar::read_object(&mut self.transaction, home, collection, name, Bodies::Without).await
    }

    pub async fn object_with_body(&mut self, home: HomeId, collection: CollectionId, name: &str) -> Result<Option<StoredObject>, Failure> {
        calendar::read_object(&mut self.transaction, home, collection, name, Bodies::With).await
    }

    /// Objects in order of their names, after `after`, without their bodies.
    pub async fn objects_page(&mut self, home: HomeId, collection: CollectionId, after: &str) -> Result<Vec<StoredObject>, Failure> {
        calendar::read_objects_page(&mut self.transaction, home, collection, after, Bodies::Without).await
    }

    /// How many objects a collection has.
    pub async fn count_objects(&mut self, home: HomeId, collection: CollectionId) -> Result<i64, Failure> {
        let row = self.transaction.row(sql::COUNT_OBJECTS, arguments![home.0, collection.0]).await?;
        row.map_or(Ok(0), |row| row.integer(0))
    }

    /// The name of the object with that UID in a collection.
    pub async fn name_of_uid(&mut self, home: HomeId, collection: CollectionId, uid: &str) -> Result<Option<String>, Failure> {
        let row = self.transaction.row(sql::NAME_OF_UID, arguments![home.0, collection.0, uid]).await?;
        row.map(|row| row.text(0)).transpose()
    }

    /// How many collections a home has.
    pub async fn count_collections(&mut self, home: HomeId) -> Result<i64, Failure> {
        let row = self.transaction.row(sql::COUNT_COLLECTIONS, arguments![home.0]).await?;
        row.map_or(Ok(0), |row| row.integer(0))
    }

    /// The properties set on a resource.
    pub async fn properties(&mut self, home: HomeId, collection: CollectionId, name: &str) -> Result<Vec<StoredProperty>, Failure> {
        calendar::read_properties(&mut self.transaction, home, collection, name).await
    }

    /// Appends to the log and applies to the projection, giving the change its home's next position.
    ///
    /// # Errors
    /// A home that was not locked, or more than [`CHANGES_MAX`] changes, is a failure of the caller.
    pub async fn append(&mut self, home: HomeId, change: Change<'_>) -> Result<Position, Failure> {
        let Some((first, last)) = self.homes.get_mut(&home) else {
            return Err(Failure::new("a change was appended to a home that is not locked"));
        };
        if last.0 - first.0 >= self.changes_max {
            return Err(Failure::new(format!("a transaction holds at most {} changes", self.changes_max)));
        }
        last.0 += 1;
        let position = *last;
        self.log(home, position, &change).await?;
        projection::apply(&mut self.transaction, home, position, self.context.at, &change).await?;
        crate::follow::mark(self, home, position).await?;
        Ok(position)
    }

    /// Ends the transaction; returns once it survives a power cut.
    pub async fn commit(mut self) -> Result<(), Failure> {
        for (home, (first, last)) in std::mem::take(&mut self.homes) {
            if first == last {
                continue;
            }
            self.transaction.execute(sql::SET_POSITION, arguments![home.0, last.0]).await?;
            let context = &self.context;
            self.transaction
                .execute(
                    sql::ADD_CONTEXT,
                    arguments![
                        home.0,
                        first.0 + 1,
                        last.0,
                        context.actor,
                        &context.credential,
                        &context.client,
                        &context.address,
                        context.reason.name(),
                        &context.request_id,
                    ],
                )
                .await?;
        }
        self.transaction.commit().await
    }

    /// Marks a home for a follower, in this transaction.
    pub async fn mark(&mut self, follower: &str, home: HomeId, position: Position) -> Result<(), Failure> {
        self.transaction.execute(sql::MARK, arguments![follower, home.0, position.0]).await?;
        Ok(())
    }

    async fn log(&mut self, home: HomeId, position: Position, change: &Change<'_>) -> Result<(), Failure> {
        let at = self.context.at;
        let row = self.row_of(home, change).await?;
        let (before, after) = (row.before.map(|h| h.0), row.after.map(|h| h.0));
        let (before, after) = (before.as_ref().map(<[u8; 32]>::as_slice), after.as_ref().map(<[u8; 32]>::as_slice));
        self.transaction
            .execute(sql::ADD_LOG, arguments![home.0, position.0, row.collection.0, row.name, row.kind, before, after, at])
            .await?;
        if let Some(value) = &row.value {
            self.transaction.execute(sql::ADD_VALUE, arguments![home.0, position.0, value]).await?;
        }
        Ok(())
    }

    /// The log row of a change; a body is kept on the way.
    async fn row_of<'a>(&mut self, home: HomeId, change: &Change<'a>) -> Result<LogRow<'a>, Failure> {
        Ok(match *change {
            Change::ObjectPut { collection, name, new, before } => {
                DatabaseBodies(&mut self.transaction).put(home, new.hash, new.object.bytes()).await?;
                let value = new.created_at.map(|at| json(&PutValue { created_at: Some(at), file: None })).transpose()?;
                LogRow { kind: "put", collection, name, before, after: Some(new.hash), value }
            }
            Change::ObjectDeleted { collection, name, before } => {
                LogRow { kind: "delete", collection, name, before: Some(before), after: None, value: None }
            }
            Change::CollectionCreated(new) => LogRow::with_value("collection", CollectionId::HOME, &new.segment, new)?,
            Change::CollectionRemoved { collection: _, segment } => {
                LogRow { kind: "uncollection", collection: CollectionId::HOME, name: segment, before: None, after: None, value: None }
            }
            Change::Left { parent, name, moved } => LogRow::with_value("uncollection", parent, name, &Moved { moved: moved.0 })?,
            Change::Came { parent, name, moved } => LogRow::with_value("collection", parent, name, &Moved { moved: moved.0 })?,
            Change::FolderCreated { parent, name, new } => LogRow::with_value("collection", parent, name, new)?,
            Change::FolderRemoved { parent, name, folder: _ } => {
                LogRow { kind: "uncollection", collection: parent, name, before: None, after: None, value: None }
            }
            Change::FilePut { folder, name, new, before } => {
                blobs::keep(&mut self.transaction, home, new.hash, &new.body, self.context.at).await?;
                let file = FileValue { size: new.size, media_type: new.media_type.clone() };
                let value = Some(json(&PutValue { created_at: new.created_at, file: Some(file) })?);
                LogRow { kind: "put", collection: folder, name, before, after: Some(new.hash), value }
            }
            Change::FileDeleted { folder, name, before } => {
                LogRow { kind: "delete", collection: folder, name, before: Some(before), after: None, value: None }
            }
            Change::PropertiesAltered { collection, name, alteration } => LogRow::with_value("properties", collection, name, alteration)?,
        })
    }
}

struct LogRow<'a> {
    kind: &'static str,
    collection: CollectionId,
    name: &'a str,
    before: Option<Hash>,
    after: Option<Hash>,
    /// For the side table: values may be cleared by retention, the hash of what they were stays.
    value: Option<String>,
}

impl<'a> LogRow<'a> {
    fn with_value(kind: &'static str, collection: CollectionId, name: &'a str, value: &impl Serialize) -> Result<Self, Failure> {
        let value = json(value)?;
        let after = Some(Hash::of(value.as_bytes()));
        Ok(Self { kind, collection, name, before: None, after, value: Some(value) })
    }
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::new(format!("writing a log value: {error}")))
}
