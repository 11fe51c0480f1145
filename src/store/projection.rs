//! The projection: what one change does to the tables that requests read.

mod files;

use kalends_ical::{FACTS_VERSION, Facts, UtcMicros};

use super::append::{Alteration, Change, NewCollection, NewObject, PropertyValue};
use super::database::{Query, arguments};
use super::{CollectionId, Hash, HomeId, Position, sql};
use crate::failure::Failure;

/// Applies a change. What this does, `log verify` must be able to redo from the log alone.
pub(super) async fn apply(
    database: &mut impl Query,
    home: HomeId,
    position: Position,
    at: UtcMicros,
    change: &Change<'_>,
) -> Result<(), Failure> {
    match *change {
        Change::ObjectPut { collection, name, new, .. } => {
            put_object(database, (home, collection, name), new, position, at).await?;
            database.execute(sql::SET_CHANGED, arguments![home.0, collection.0, position.0]).await?;
        }
        Change::ObjectDeleted { collection, name, .. } => {
            database.execute(sql::REMOVE_OBJECT, arguments![home.0, collection.0, name]).await?;
            database.execute(sql::REMOVE_PROPERTIES, arguments![home.0, collection.0, name]).await?;
            database.execute(sql::SET_CHANGED, arguments![home.0, collection.0, position.0]).await?;
        }
        Change::CollectionCreated(new) => create_collection(database, home, position, at, new).await?,
        Change::CollectionRemoved { collection, .. } => {
            for statement in [sql::REMOVE_MEMBERS, sql::REMOVE_ALL_PROPERTIES, sql::REMOVE_COLLECTION] {
                database.execute(statement, arguments![home.0, collection.0]).await?;
            }
        }
        Change::PropertiesAltered { collection, name, alteration } => {
            alter_properties(database, home, collection, name, alteration).await?;
            if name.is_empty() {
                // One of them has it: their ids never meet.
                for statement in [sql::SET_ALTERED, sql::SET_FOLDER_ALTERED] {
                    database.execute(statement, arguments![home.0, collection.0, position.0]).await?;
                }
            }
        }
        Change::Left { .. }
        | Change::Came { .. }
        | Change::FolderCreated { .. }
        | Change::FolderRemoved { .. }
        | Change::FilePut { .. }
        | Change::FileDeleted { .. } => files::apply(database, home, position, at, change).await?,
    }
    Ok(())
}

async fn put_object(
    database: &mut impl Query,
    (home, collection, name): (HomeId, CollectionId, &str),
    NewObject { object, hash, facts, created_at }: &NewObject,
    position: Position,
    at: UtcMicros,
) -> Result<(), Failure> {
    let size = i64::try_from(object.bytes().len()).unwrap_or(i64::MAX);
    let arguments = arguments![
        home.0,
        collection.0,
        name,
        object.uid(),
        object.kind().name(),
        hash.0.as_slice(),
        size,
        position.0,
        at,
        FACTS_VERSION,
        facts.first_start,
        facts.last_end,
        facts.alarm_first,
        facts.alarm_last,
        i64::from(facts.floating),
        i64::from(facts.recurring),
        i64::from(facts.transparent),
        facts.status.as_deref(),
        created_at.unwrap_or(at),
    ];
    database.execute(sql::PUT_OBJECT, arguments).await?;
    Ok(())
}

/// Writes recomputed facts, unless the object has changed meanwhile.
pub(super) async fn set_facts(
    database: &mut impl Query,
    (home, collection, name): (HomeId, CollectionId, &str),
    hash: Hash,
    facts: &Facts,
) -> Result<(), Failure> {
    let arguments = arguments![
        home.0,
        collection.0,
        name,
        hash.0.as_slice(),
        FACTS_VERSION,
        facts.first_start,
        facts.last_end,
        facts.alarm_first,
        facts.alarm_last,
        i64::from(facts.floating),
        i64::from(facts.recurring),
        i64::from(facts.transparent),
        facts.status.as_deref(),
    ];
    database.execute(sql::SET_FACTS, arguments).await?;
    Ok(())
}

async fn create_collection(
    database: &mut impl Query,
    home: HomeId,
    position: Position,
    at: UtcMicros,
    new: &NewCollection,
) -> Result<(), Failure> {
    let components = new.components.join(",");
    database.execute(sql::ADD_COLLECTION, arguments![home.0, position.0, &new.segment, &new.kind, &components, at]).await?;
    set_properties(database, home, CollectionId(position.0), "", &new.properties).await
}

async fn alter_properties(
    database: &mut impl Query,
    home: HomeId,
    collection: CollectionId,
    name: &str,
    alteration: &Alteration,
) -> Result<(), Failure> {
    for (namespace, local) in &alteration.removed {
        database.execute(sql::REMOVE_PROPERTY, arguments![home.0, collection.0, name, namespace, local]).await?;
    }
    set_properties(database, home, collection, name, &alteration.set).await
}

pub(super) async fn set_properties(
    database: &mut impl Query,
    home: HomeId,
    collection: CollectionId,
    name: &str,
    properties: &[PropertyValue],
) -> Result<(), Failure> {
    for PropertyValue { namespace, local, xml } in properties {
        database.execute(sql::SET_PROPERTY, arguments![home.0, collection.0, name, namespace, local, xml]).await?;
    }
    Ok(())
}
