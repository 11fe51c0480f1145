//! Reading folders and files: RFC 4918 §5. Each function is one statement, for readers and writers alike, but for walks along a path.

use kalends_dav::resource::StoredProperty;
use kalends_ical::UtcMicros;

use super::calendar::property;
use super::database::{Query, Row, arguments};
use super::{CollectionId, Hash, HomeId, PAGE_ROWS, Position, Store, Write, json_list, sql};
use crate::failure::Failure;

/// A folder, as a row. The root of a home's files is one, without a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    pub id: CollectionId,
    pub parent: CollectionId,
    pub name: String,
    /// The change that brought it to its place.
    pub position: Position,
    /// 0 for the root, which is as old as its home.
    pub created_at: UtcMicros,
    /// The last change of a member.
    pub changed: Position,
    /// The last change of its own properties.
    pub altered: Position,
}

/// A file, as a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    pub name: String,
    pub hash: Hash,
    pub size: i64,
    /// As its client named it.
    pub media_type: String,
    pub position: Position,
    pub created_at: UtcMicros,
    pub modified_at: UtcMicros,
}

/// A member of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    Folder(Folder),
    File(StoredFile),
}

impl Member {
    pub fn name(&self) -> &str {
        match self {
            Self::Folder(folder) => &folder.name,
            Self::File(file) => &file.name,
        }
    }

    pub const fn position(&self) -> Position {
        match self {
            Self::Folder(folder) => folder.position,
            Self::File(file) => file.position,
        }
    }
}

/// What a path among files leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Walked {
    /// A folder; the root for an empty path.
    Folder(Folder),
    /// A file, and the folder it is in.
    File(Folder, StoredFile),
    /// Nothing in this folder.
    Free(Folder),
    /// Nothing, and no folder that it could be in.
    Nowhere,
}

impl Store {
    /// What a path leads to, from the root of a home's files.
    pub async fn walk(&self, home: HomeId, path: &[String]) -> Result<Walked, Failure> {
        walk(&mut self.database.clone(), home, path).await
    }

    pub async fn folder(&self, home: HomeId, id: CollectionId) -> Result<Option<Folder>, Failure> {
        let row = self.database.clone().row(sql::FOLDER_BY_ID, arguments![home.0, id.0]).await?;
        row.as_ref().map(folder).transpose()
    }

    /// Folders in a folder by name, after `after`, [`PAGE_ROWS`] at most.
    pub async fn folders_page(&self, home: HomeId, parent: CollectionId, after: &str) -> Result<Vec<Folder>, Failure> {
        read_folders_page(&mut self.database.clone(), home, parent, after).await
    }

    /// Files in a folder by name, after `after`, [`PAGE_ROWS`] at most.
    pub async fn files_page(&self, home: HomeId, parent: CollectionId, after: &str) -> Result<Vec<StoredFile>, Failure> {
        read_files_page(&mut self.database.clone(), home, parent, after).await
    }

    /// The members of those names that exist, in no order.
    pub async fn members_named(
        &self,
        home: HomeId,
        parent: CollectionId,
        names: impl Iterator<Item = &str>,
    ) -> Result<Vec<Member>, Failure> {
        let names = json_list(names)?;
        let arguments = arguments![home.0, parent.0, &names];
        let folders = self.database.clone().rows(sql::FOLDERS_NAMED, arguments).await?;
        let files = self.database.clone().rows(sql::FILES_NAMED, arguments).await?;
        let folders = folders.iter().map(|row| folder(row).map(Member::Folder));
        folders.chain(files.iter().map(|row| file(row).map(Member::File))).collect()
    }

    /// The properties set on folders of those names, by folder.
    pub async fn properties_of_folders(
        &self,
        home: HomeId,
        parent: CollectionId,
        names: impl Iterator<Item = &str>,
    ) -> Result<Vec<(CollectionId, StoredProperty)>, Failure> {
        let names = json_list(names)?;
        let rows = self.database.clone().rows(sql::PROPERTIES_OF_FOLDERS, arguments![home.0, parent.0, &names]).await?;
        rows.iter().map(|row| Ok((CollectionId(row.integer(0)?), property(row, 1)?))).collect()
    }

    /// Names of members in the order they came or were last put, after a position, `rows_max` at most.
    pub async fn members_by_position(
        &self,
        home: HomeId,
        parent: CollectionId,
        after: Position,
        rows_max: i64,
    ) -> Result<Vec<String>, Failure> {
        let arguments = arguments![home.0, parent.0, after.0, rows_max];
        let rows = self.database.clone().rows(sql::MEMBERS_BY_POSITION, arguments).await?;
        rows.iter().map(|row| row.text(0)).collect()
    }
}

impl Store {
    /// How many folders and files a home has.
    pub async fn count_files(&self, home: HomeId) -> Result<i64, Failure> {
        let row = self.database.clone().row(sql::COUNT_FILES, arguments![home.0]).await?;
        row.map_or(Ok(0), |row| row.integer(0))
    }
}

impl Write {
    pub async fn walk(&mut self, home: HomeId, path: &[String]) -> Result<Walked, Failure> {
        walk(&mut self.transaction, home, path).await
    }

    pub async fn folders_page(&mut self, home: HomeId, parent: CollectionId, after: &str) -> Result<Vec<Folder>, Failure> {
        read_folders_page(&mut self.transaction, home, parent, after).await
    }

    pub async fn files_page(&mut self, home: HomeId, parent: CollectionId, after: &str) -> Result<Vec<StoredFile>, Failure> {
        read_files_page(&mut self.transaction, home, parent, after).await
    }

    /// How many folders and files a home has.
    pub async fn count_files(&mut self, home: HomeId) -> Result<i64, Failure> {
        let row = self.transaction.row(sql::COUNT_FILES, arguments![home.0]).await?;
        row.map_or(Ok(0), |row| row.integer(0))
    }

    /// How many folders and files a folder is with all that is in it, and how many levels.
    pub async fn tree(&mut self, home: HomeId, folder: CollectionId) -> Result<(i64, i64), Failure> {
        let row = self.transaction.row(sql::TREE, arguments![home.0, folder.0]).await?;
        row.map_or(Ok((0, 0)), |row| Ok((row.integer(0)?, row.integer(1)?)))
    }
}

async fn walk(database: &mut impl Query, home: HomeId, path: &[String]) -> Result<Walked, Failure> {
    let root = database.row(sql::FOLDER_BY_ID, arguments![home.0, CollectionId::FILES.0]).await?;
    let Some(mut at) = root.as_ref().map(folder).transpose()? else { return Ok(Walked::Nowhere) };
    let mut names = path.iter().peekable();
    while let Some(name) = names.next() {
        if let Some(row) = database.row(sql::FOLDER, arguments![home.0, at.id.0, name]).await? {
            at = folder(&row)?;
            continue;
        }
        if names.peek().is_some() {
            return Ok(Walked::Nowhere);
        }
        let row = database.row(sql::FILE, arguments![home.0, at.id.0, name]).await?;
        return Ok(match row.as_ref().map(file).transpose()? {
            Some(file) => Walked::File(at, file),
            None => Walked::Free(at),
        });
    }
    Ok(Walked::Folder(at))
}

pub(super) async fn read_folders(database: &mut impl Query, home: HomeId) -> Result<Vec<Folder>, Failure> {
    let rows = database.rows(sql::FOLDERS, arguments![home.0]).await?;
    rows.iter().map(folder).collect()
}

async fn read_folders_page(database: &mut impl Query, home: HomeId, parent: CollectionId, after: &str) -> Result<Vec<Folder>, Failure> {
    let rows = database.rows(sql::FOLDERS_PAGE, arguments![home.0, parent.0, after, PAGE_ROWS]).await?;
    rows.iter().map(folder).collect()
}

pub(super) async fn read_files_page(
    database: &mut impl Query,
    home: HomeId,
    parent: CollectionId,
    after: &str,
) -> Result<Vec<StoredFile>, Failure> {
    let rows = database.rows(sql::FILES_PAGE, arguments![home.0, parent.0, after, PAGE_ROWS]).await?;
    rows.iter().map(file).collect()
}

fn folder(row: &Row) -> Result<Folder, Failure> {
    Ok(Folder {
        id: CollectionId(row.integer(0)?),
        parent: CollectionId(row.integer(1)?),
        name: row.text(2)?,
        position: Position(row.integer(3)?),
        created_at: row.integer(4)?,
        changed: Position(row.integer(5)?),
        altered: Position(row.integer(6)?),
    })
}

fn file(row: &Row) -> Result<StoredFile, Failure> {
    Ok(StoredFile {
        name: row.text(0)?,
        hash: Hash::read(&row.bytes(1)?)?,
        size: row.integer(2)?,
        media_type: row.text(3)?,
        position: Position(row.integer(4)?),
        created_at: row.integer(5)?,
        modified_at: row.integer(6)?,
    })
}
