//! Reading homes, collections and objects. Each function is one statement, for readers and writers alike.

use kalends_dav::Kind;
use kalends_dav::name::Name;
use kalends_dav::resource::StoredProperty;
use kalends_ical::filter::TimeRange;
use kalends_ical::{ComponentKind, UNBOUNDED_FUTURE, UNBOUNDED_PAST};

use super::database::{Query, Row, arguments};
use super::{Bodies, Collection, CollectionId, Hash, HomeId, HomeState, Position, Store, StoredObject, json_list, sql, unknown};
use crate::failure::Failure;

/// Rows read at once: bounds the memory of a request, not its answer.
pub const PAGE_ROWS: i64 = 500;
/// Names read at once: they are short.
pub const PAGE_NAMES: i64 = 4000;

/// A member that changed, at its last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub name: String,
    pub position: Position,
}

/// A walk over the names whose bounds touch a window.
#[derive(Debug, Clone)]
pub struct Candidates {
    window: Option<(i64, i64)>,
    component: &'static str,
    after: (i64, String),
}

impl Candidates {
    /// Everything that `narrowing` cannot exclude.
    pub fn new(window: Option<&TimeRange>, component: Option<ComponentKind>) -> Self {
        let window = window.map(|w| (w.start.unwrap_or(UNBOUNDED_PAST), w.end.unwrap_or(UNBOUNDED_FUTURE)));
        Self { window, component: component.map_or("", ComponentKind::name), after: (UNBOUNDED_PAST, String::new()) }
    }
}

impl Store {
    /// How far a home has come.
    pub async fn home(&self, home: HomeId) -> Result<Option<HomeState>, Failure> {
        read_home(&mut self.database.clone(), home).await
    }

    /// Every home's id.
    pub async fn home_ids(&self) -> Result<Vec<HomeId>, Failure> {
        let rows = self.database.clone().rows(sql::HOME_IDS, &[]).await?;
        rows.iter().map(|row| row.integer(0).map(HomeId)).collect()
    }

    /// The collection with that segment.
    pub async fn collection(&self, home: HomeId, segment: &str) -> Result<Option<Collection>, Failure> {
        read_collection(&mut self.database.clone(), home, segment).await
    }

    /// All collections of a home, oldest first.
    pub async fn collections(&self, home: HomeId) -> Result<Vec<Collection>, Failure> {
        read_collections(&mut self.database.clone(), home).await
    }

    /// The properties set on a collection (`name` empty), on the home ([`CollectionId::HOME`]) or on an object.
    pub async fn properties(&self, home: HomeId, collection: CollectionId, name: &str) -> Result<Vec<StoredProperty>, Failure> {
        read_properties(&mut self.database.clone(), home, collection, name).await
    }

    /// The properties set on the collections of a home, by collection.
    pub async fn properties_of_collections(&self, home: HomeId) -> Result<Vec<(CollectionId, StoredProperty)>, Failure> {
        let rows = self.database.clone().rows(sql::PROPERTIES_OF_COLLECTIONS, arguments![home.0]).await?;
        rows.iter().map(|row| Ok((CollectionId(row.integer(0)?), property(row, 1)?))).collect()
    }

    /// The properties set on these members, by name.
    pub async fn properties_of_members(
        &self,
        home: HomeId,
        collection: CollectionId,
        names: impl Iterator<Item = &str>,
    ) -> Result<Vec<(String, StoredProperty)>, Failure> {
        let names = json_list(names)?;
        let rows = self.database.clone().rows(sql::PROPERTIES_OF_MEMBERS, arguments![home.0, collection.0, &names]).await?;
        rows.iter().map(|row| Ok((row.text(0)?, property(row, 1)?))).collect()
    }

    /// One object.
    pub async fn object(
        &self,
        home: HomeId,
        collection: CollectionId,
        name: &str,
        bodies: Bodies,
    ) -> Result<Option<StoredObject>, Failure> {
        read_object(&mut self.database.clone(), home, collection, name, bodies).await
    }

    /// Objects in order of their names, after `after`, [`PAGE_ROWS`] at most.
    pub async fn objects_page(&self, home: HomeId, collection: CollectionId, after: &str) -> Result<Vec<StoredObject>, Failure> {
        read_objects_page(&mut self.database.clone(), home, collection, after, Bodies::Without).await
    }

    /// As [`Store::objects_page`], with their bodies.
    pub async fn objects_page_with_bodies(
        &self,
        home: HomeId,
        collection: CollectionId,
        after: &str,
    ) -> Result<Vec<StoredObject>, Failure> {
        read_objects_page(&mut self.database.clone(), home, collection, after, Bodies::With).await
    }

    /// How many objects a collection has.
    pub async fn count_objects(&self, home: HomeId, collection: CollectionId) -> Result<i64, Failure> {
        let row = self.database.clone().row(sql::COUNT_OBJECTS, arguments![home.0, collection.0]).await?;
        row.map_or(Ok(0), |row| row.integer(0))
    }

    /// Objects in order of their last put, after a position, `rows_max` at most.
    pub async fn objects_by_position(
        &self,
        home: HomeId,
        collection: CollectionId,
        after: Position,
        rows_max: i64,
    ) -> Result<Vec<StoredObject>, Failure> {
        let arguments = arguments![home.0, collection.0, after.0, rows_max];
        let rows = self.database.clone().rows(sql::OBJECTS_BY_POSITION, arguments).await?;
        rows.iter().map(|row| object(row, Bodies::Without)).collect()
    }

    /// The objects of those names that exist, in no order.
    pub async fn objects_named(
        &self,
        home: HomeId,
        collection: CollectionId,
        names: impl Iterator<Item = &str>,
        bodies: Bodies,
    ) -> Result<Vec<StoredObject>, Failure> {
        let statement = if bodies == Bodies::With { sql::OBJECTS_NAMED_WITH_BODY } else { sql::OBJECTS_NAMED };
        let names = json_list(names)?;
        let rows = self.database.clone().rows(statement, arguments![home.0, collection.0, &names]).await?;
        rows.iter().map(|row| object(row, bodies)).collect()
    }

    /// The next names of a walk; empty at its end. While facts are being recomputed every member is a candidate.
    pub async fn candidates(&self, home: HomeId, collection: CollectionId, walk: &mut Candidates) -> Result<Vec<String>, Failure> {
        let (start, end) = walk.window.filter(|_| self.facts_are_current()).unwrap_or((UNBOUNDED_PAST, UNBOUNDED_FUTURE));
        let arguments = arguments![home.0, collection.0, start, walk.after.0, walk.after.1.as_str(), end, walk.component, PAGE_NAMES];
        let rows = self.database.clone().rows(sql::NAMES_IN_WINDOW, arguments).await?;
        let mut names = Vec::with_capacity(rows.len());
        for row in &rows {
            walk.after = (row.integer(0)?, row.text(1)?);
            names.push(walk.after.1.clone());
        }
        Ok(names)
    }

    /// The members that changed after `after` and up to `until`, in the order of their last change, `rows_max` at most.
    pub async fn changed(
        &self,
        home: HomeId,
        collection: CollectionId,
        after: Position,
        until: Position,
        rows_max: i64,
    ) -> Result<Vec<Changed>, Failure> {
        let arguments = arguments![home.0, collection.0, after.0, until.0, rows_max];
        let rows = self.database.clone().rows(sql::CHANGED_NAMES, arguments).await?;
        rows.iter().map(|row| Ok(Changed { name: row.text(0)?, position: Position(row.integer(1)?) })).collect()
    }
}

pub(super) async fn read_home(database: &mut impl Query, home: HomeId) -> Result<Option<HomeState>, Failure> {
    let row = database.row(sql::HOME, arguments![home.0]).await?;
    row.map(|row| Ok(HomeState { position: Position(row.integer(0)?), history_floor: Position(row.integer(1)?) })).transpose()
}

pub(super) async fn read_collection(database: &mut impl Query, home: HomeId, segment: &str) -> Result<Option<Collection>, Failure> {
    let row = database.row(sql::COLLECTION, arguments![home.0, segment]).await?;
    row.as_ref().map(collection).transpose()
}

pub(super) async fn read_collections(database: &mut impl Query, home: HomeId) -> Result<Vec<Collection>, Failure> {
    let rows = database.rows(sql::COLLECTIONS, arguments![home.0]).await?;
    rows.iter().map(collection).collect()
}

pub(super) async fn read_properties(
    database: &mut impl Query,
    home: HomeId,
    collection: CollectionId,
    name: &str,
) -> Result<Vec<StoredProperty>, Failure> {
    let rows = database.rows(sql::PROPERTIES, arguments![home.0, collection.0, name]).await?;
    rows.iter().map(|row| property(row, 0)).collect()
}

pub(super) async fn read_object(
    database: &mut impl Query,
    home: HomeId,
    collection: CollectionId,
    name: &str,
    bodies: Bodies,
) -> Result<Option<StoredObject>, Failure> {
    let statement = if bodies == Bodies::With { sql::OBJECT_WITH_BODY } else { sql::OBJECT };
    let row = database.row(statement, arguments![home.0, collection.0, name]).await?;
    row.map(|row| object(&row, bodies)).transpose()
}

pub(super) async fn read_objects_page(
    database: &mut impl Query,
    home: HomeId,
    collection: CollectionId,
    after: &str,
    bodies: Bodies,
) -> Result<Vec<StoredObject>, Failure> {
    let statement = if bodies == Bodies::With { sql::OBJECTS_PAGE_WITH_BODY } else { sql::OBJECTS_PAGE };
    let rows = database.rows(statement, arguments![home.0, collection.0, after, PAGE_ROWS]).await?;
    rows.iter().map(|row| object(row, bodies)).collect()
}

fn collection(row: &Row) -> Result<Collection, Failure> {
    Ok(Collection {
        id: CollectionId(row.integer(0)?),
        segment: row.text(1)?,
        kind: kind_of(&row.text(2)?)?,
        components: components_of(&row.text(3)?),
        created_at: row.integer(4)?,
        changed: Position(row.integer(5)?),
        altered: Position(row.integer(6)?),
    })
}

/// The stored name of a kind of collection.
pub(super) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Inbox => "inbox",
        Kind::Outbox => "outbox",
        _ => "calendar",
    }
}

pub(super) fn kind_of(name: &str) -> Result<Kind, Failure> {
    [Kind::Calendar, Kind::Inbox, Kind::Outbox]
        .into_iter()
        .find(|kind| kind_name(*kind) == name)
        .ok_or_else(|| unknown("kind of collection", name))
}

pub(super) fn components_of(list: &str) -> Vec<String> {
    list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

pub(super) fn property(row: &Row, first: usize) -> Result<StoredProperty, Failure> {
    Ok(StoredProperty { name: Name::read(&row.text(first)?, &row.text(first + 1)?), xml: row.text(first + 2)? })
}

fn object(row: &Row, bodies: Bodies) -> Result<StoredObject, Failure> {
    let component = row.text(2)?;
    Ok(StoredObject {
        name: row.text(0)?,
        uid: row.text(1)?,
        component: ComponentKind::from_name(&component).ok_or_else(|| unknown("component", &component))?,
        hash: Hash::read(&row.bytes(3)?)?,
        size: row.integer(4)?,
        position: Position(row.integer(5)?),
        created_at: row.integer(6)?,
        modified_at: row.integer(7)?,
        body: if bodies == Bodies::With { Some(row.bytes(8)?.into()) } else { None },
    })
}
