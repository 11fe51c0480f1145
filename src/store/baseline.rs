//! Baselines: what a home held at a position, so that verification need not start at the beginning and old log may go.

use kalends_ical::UtcMicros;
use serde::{Deserialize, Serialize};

use super::append::PropertyValue;
use super::calendar::{PAGE_ROWS, kind_name};
use super::database::{Query, Transaction, arguments};
use super::files::{read_files_page, read_folders};
use super::{Bodies, CollectionId, Hash, HomeId, Position, Store, calendar, sql};
use crate::failure::Failure;

/// A row of the projection, in a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum BaselineRow {
    Collection { id: i64, segment: String, kind: String, components: Vec<String>, created_at: i64, changed: i64, altered: i64 },
    Property { collection: i64, name: String, value: PropertyValue },
    Object { collection: i64, name: String, hash: String, position: i64, created_at: i64, modified_at: i64 },
    Folder { id: i64, parent: i64, name: String, position: i64, created_at: i64, changed: i64, altered: i64 },
    File { folder: i64, name: String, hash: String, size: i64, media_type: String, position: i64, created_at: i64, modified_at: i64 },
}

impl Store {
    /// Writes down what a home holds now, if enough has changed since it was last written down to be worth its size.
    pub async fn write_baseline_if_worth(&self, home: HomeId, at: UtcMicros) -> Result<(), Failure> {
        self.must_agree(home).await?;
        let mut transaction = self.database.begin().await?;
        let Some(position) = lock(&mut transaction, home).await? else { return Ok(()) };
        let newest = newest(&mut transaction, home).await?.unwrap_or(Position(0));
        let rows = rows_of(&mut transaction, home).await?;
        let changes = usize::try_from(position.0 - newest.0).unwrap_or(0);
        if changes < rows.len() {
            return Ok(());
        }
        write(&mut transaction, home, position, at, &rows).await?;
        transaction.commit().await
    }

    /// Deletes the log of a home up to its last change before `before`, after writing a baseline. Returns the new floor.
    pub async fn prune(&self, home: HomeId, before: UtcMicros, at: UtcMicros) -> Result<Option<Position>, Failure> {
        // What is before a time stays so while this goes on; a home with nothing to prune need not be verified.
        let row = self.database.clone().row(sql::LAST_BEFORE, arguments![home.0, before]).await?;
        let floor = row.map_or(Ok(0), |row| row.integer(0))?;
        if floor == 0 {
            return Ok(None);
        }
        self.must_agree(home).await?;
        let mut transaction = self.database.begin().await?;
        let Some(position) = lock(&mut transaction, home).await? else { return Ok(None) };
        let rows = rows_of(&mut transaction, home).await?;
        write(&mut transaction, home, position, at, &rows).await?;
        for statement in [sql::PRUNE_LOG, sql::PRUNE_VALUES, sql::PRUNE_CONTEXT] {
            transaction.execute(statement, arguments![home.0, floor]).await?;
        }
        for statement in [sql::PRUNE_BASELINES, sql::PRUNE_BASELINE_ROWS] {
            transaction.execute(statement, arguments![home.0, position.0]).await?;
        }
        transaction.execute(sql::SET_HISTORY_FLOOR, arguments![home.0, floor]).await?;
        transaction.execute(sql::PRUNE_BODIES, arguments![home.0]).await?;
        transaction.commit().await?;
        Ok(Some(Position(floor)))
    }
}

impl Store {
    /// A baseline is made of the projection: one that is not what the log says would hide that for ever.
    async fn must_agree(&self, home: HomeId) -> Result<(), Failure> {
        match self.verify(home).await?.and_then(|verified| verified.differences.into_iter().next()) {
            None => Ok(()),
            Some(difference) => {
                Err(Failure::new(format!("home {} is not what its log says ({difference}): see `kalends log verify`", home.0)))
            }
        }
    }
}

async fn lock(transaction: &mut Transaction, home: HomeId) -> Result<Option<Position>, Failure> {
    let row = transaction.row(sql::LOCK_HOME, arguments![home.0]).await?;
    row.map(|row| row.integer(0).map(Position)).transpose()
}

/// The newest baseline of a home.
pub(super) async fn newest(database: &mut impl Query, home: HomeId) -> Result<Option<Position>, Failure> {
    let row = database.row(sql::NEWEST_BASELINE, arguments![home.0]).await?;
    Ok(row.map(|row| row.optional_integer(0)).transpose()?.flatten().map(Position))
}

/// The whole projection of a home, facts left out: they follow from the bodies.
async fn rows_of(database: &mut impl Query, home: HomeId) -> Result<Vec<BaselineRow>, Failure> {
    let mut rows = Vec::new();
    let collections = calendar::read_collections(database, home).await?;
    for collection in &collections {
        rows.push(BaselineRow::Collection {
            id: collection.id.0,
            segment: collection.segment.clone(),
            kind: kind_name(collection.kind).to_owned(),
            components: collection.components.clone(),
            created_at: collection.created_at,
            changed: collection.changed.0,
            altered: collection.altered.0,
        });
    }
    for row in database.rows(sql::ALL_PROPERTIES, arguments![home.0]).await? {
        let value = PropertyValue { namespace: row.text(2)?, local: row.text(3)?, xml: row.text(4)? };
        rows.push(BaselineRow::Property { collection: row.integer(0)?, name: row.text(1)?, value });
    }
    for collection in &collections {
        objects_of(database, home, collection.id, &mut rows).await?;
    }
    for folder in read_folders(database, home).await? {
        let id = folder.id;
        rows.push(BaselineRow::Folder {
            id: id.0,
            parent: folder.parent.0,
            name: folder.name,
            position: folder.position.0,
            created_at: folder.created_at,
            changed: folder.changed.0,
            altered: folder.altered.0,
        });
        files_of(database, home, id, &mut rows).await?;
    }
    Ok(rows)
}

async fn files_of(database: &mut impl Query, home: HomeId, folder: CollectionId, rows: &mut Vec<BaselineRow>) -> Result<(), Failure> {
    let mut after = String::new();
    loop {
        let page = read_files_page(database, home, folder, &after).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.name);
        rows.extend(page.into_iter().map(|file| BaselineRow::File {
            folder: folder.0,
            name: file.name,
            hash: hex(&file.hash),
            size: file.size,
            media_type: file.media_type,
            position: file.position.0,
            created_at: file.created_at,
            modified_at: file.modified_at,
        }));
    }
}

async fn objects_of(database: &mut impl Query, home: HomeId, collection: CollectionId, rows: &mut Vec<BaselineRow>) -> Result<(), Failure> {
    let mut after = String::new();
    loop {
        let page = calendar::read_objects_page(database, home, collection, &after, Bodies::Without).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.name);
        let complete = i64::try_from(page.len()).unwrap_or(0) < PAGE_ROWS;
        rows.extend(page.into_iter().map(|object| BaselineRow::Object {
            collection: collection.0,
            name: object.name,
            hash: hex(&object.hash),
            position: object.position.0,
            created_at: object.created_at,
            modified_at: object.modified_at,
        }));
        if complete {
            return Ok(());
        }
    }
}

async fn write(database: &mut impl Query, home: HomeId, position: Position, at: UtcMicros, rows: &[BaselineRow]) -> Result<(), Failure> {
    if database.execute(sql::ADD_BASELINE, arguments![home.0, position.0, at]).await? == 0 {
        return Ok(());
    }
    for (number, row) in (1..).zip(rows) {
        let text = serde_json::to_string(row).map_err(|error| Failure::new(format!("writing a baseline: {error}")))?;
        database.execute(sql::ADD_BASELINE_ROW, arguments![home.0, position.0, number, &text]).await?;
    }
    Ok(())
}

/// Reads a baseline back.
pub(super) async fn read(database: &mut impl Query, home: HomeId, position: Position) -> Result<Vec<BaselineRow>, Failure> {
    let mut rows = Vec::new();
    let mut after = 0;
    loop {
        let page = database.rows(sql::BASELINE_ROWS, arguments![home.0, position.0, after, PAGE_ROWS]).await?;
        for row in &page {
            after = row.integer(0)?;
            let parsed = serde_json::from_str(&row.text(1)?);
            rows.push(parsed.map_err(|error| Failure::new(format!("reading baseline row {after}: {error}")))?);
        }
        if i64::try_from(page.len()).unwrap_or(0) < PAGE_ROWS {
            return Ok(rows);
        }
    }
}

pub(super) fn hex(hash: &Hash) -> String {
    hash.0.iter().map(|byte| format!("{byte:02x}")).collect()
}
