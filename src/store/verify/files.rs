//! Folders and files, rebuilt from the log and compared.

use std::collections::{BTreeMap, BTreeSet};

use kalends_ical::UtcMicros;
use sha2::Digest;

use super::Rebuilt;
use crate::failure::Failure;
use crate::store::append::{FileValue, Moved, NewFolder, PutValue};
use crate::store::baseline::hex;
use crate::store::database::Query;
use crate::store::files::{read_files_page, read_folders};
use crate::store::{CollectionId, Hash, HomeId, blobs};

/// What the log says of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RebuiltFolder {
    pub parent: i64,
    pub name: String,
    pub position: i64,
    pub created_at: UtcMicros,
    pub changed: i64,
    pub altered: i64,
}

/// What the log says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RebuiltFile {
    pub hash: String,
    pub size: i64,
    pub media_type: String,
    pub position: i64,
    pub created_at: UtcMicros,
    pub modified_at: UtcMicros,
}

/// Folders by id, files by folder and name.
pub(super) struct Files {
    pub folders: BTreeMap<i64, RebuiltFolder>,
    pub files: BTreeMap<(i64, String), RebuiltFile>,
}

impl Default for Files {
    /// The root is there from the start.
    fn default() -> Self {
        let root = RebuiltFolder { parent: 0, name: String::new(), position: 0, created_at: 0, changed: 0, altered: 0 };
        Self { folders: BTreeMap::from([(CollectionId::FILES.0, root)]), files: BTreeMap::new() }
    }
}

impl Rebuilt {
    pub(super) fn is_folder(&self, collection: i64) -> bool {
        self.tree.folders.contains_key(&collection)
    }

    pub(super) fn put_file(&mut self, folder: i64, name: String, after: Option<Hash>, position: i64, at: UtcMicros, value: Option<String>) {
        let read: Option<PutValue> = value.and_then(|text| serde_json::from_str(&text).ok());
        let Some(PutValue { created_at, file: Some(FileValue { size, media_type }) }) = read else {
            return self.differ(format!("the value of position {position} is missing or cannot be read"));
        };
        let hash = after.as_ref().map(hex).unwrap_or_default();
        let key = (folder, name);
        let created_at = self.tree.files.get(&key).map_or(created_at.unwrap_or(at), |file| file.created_at);
        self.tree.files.insert(key, RebuiltFile { hash, size, media_type, position, created_at, modified_at: at });
        self.changed(folder, position);
    }

    pub(super) fn delete_file(&mut self, folder: i64, name: &str, position: i64) {
        if self.tree.files.remove(&(folder, name.to_owned())).is_none() {
            self.differ(format!("position {position} deletes the file {name}, which is not there"));
        }
        self.properties.retain(|(id, owner, _, _), _| !(*id == folder && owner == name));
        self.changed(folder, position);
    }

    pub(super) fn create_folder(&mut self, parent: i64, name: String, position: i64, at: UtcMicros, new: NewFolder) {
        let made = RebuiltFolder { parent, name, position, created_at: at, changed: position, altered: position };
        self.tree.folders.insert(position, made);
        new.properties.into_iter().for_each(|property| self.set(position, "", property));
        self.changed(parent, position);
    }

    /// A calendar or folder that comes to a place from another.
    pub(super) fn come(&mut self, parent: i64, name: String, position: i64, moved: Moved) {
        let Moved { moved } = moved;
        if parent == CollectionId::HOME.0 {
            return match self.collections.get_mut(&moved) {
                Some(found) => (found.segment, found.altered) = (name, position),
                None => self.differ(format!("position {position} moves collection {moved}, which is not there")),
            };
        }
        match self.tree.folders.get_mut(&moved) {
            Some(found) => (found.parent, found.name, found.position) = (parent, name, position),
            None => self.differ(format!("position {position} moves folder {moved}, which is not there")),
        }
        self.changed(parent, position);
    }

    pub(super) fn remove_folder(&mut self, parent: i64, name: &str, position: i64) {
        let Some(id) = self.tree.folders.iter().find(|(_, f)| f.parent == parent && f.name == name).map(|(id, _)| *id) else {
            return self.differ(format!("position {position} removes the folder {name}, which is not there"));
        };
        let mut gone = BTreeSet::from([id]);
        loop {
            let below = self.tree.folders.iter().filter(|(_, folder)| gone.contains(&folder.parent)).map(|(id, _)| *id);
            let all: BTreeSet<i64> = gone.iter().copied().chain(below).collect();
            if all.len() == gone.len() {
                break;
            }
            gone = all;
        }
        self.tree.folders.retain(|id, _| !gone.contains(id));
        self.tree.files.retain(|(folder, _), _| !gone.contains(folder));
        self.properties.retain(|(collection, _, _, _), _| !gone.contains(collection));
        self.changed(parent, position);
    }

    pub(super) async fn compare_files(&mut self, database: &mut impl Query, home: HomeId) -> Result<(), Failure> {
        let Files { mut folders, mut files } = std::mem::take(&mut self.tree);
        // Bodies that were read already, by hash.
        let mut seen = BTreeSet::new();
        for folder in read_folders(database, home).await? {
            self.found.collections += usize::from(folder.id != CollectionId::FILES);
            let held = RebuiltFolder {
                parent: folder.parent.0,
                name: folder.name.clone(),
                position: folder.position.0,
                created_at: folder.created_at,
                changed: folder.changed.0,
                altered: folder.altered.0,
            };
            let said = folders.remove(&folder.id.0);
            if said.as_ref() != Some(&held) {
                self.differ(format!("folder {} is {held:?}, the log says {said:?}", folder.id.0));
            }
            let mut after = String::new();
            loop {
                let page = read_files_page(database, home, folder.id, &after).await?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.name);
                for file in page {
                    self.found.objects += 1;
                    let said = files.remove(&(folder.id.0, file.name.clone()));
                    let held = RebuiltFile {
                        hash: hex(&file.hash),
                        size: file.size,
                        media_type: file.media_type,
                        position: file.position.0,
                        created_at: file.created_at,
                        modified_at: file.modified_at,
                    };
                    if said.as_ref() != Some(&held) {
                        self.differ(format!("the file {} is {held:?}, the log says {said:?}", file.name));
                    }
                    if seen.insert(file.hash) && !body_agrees(database, home, file.hash, file.size).await? {
                        self.differ(format!("the body of {} is missing, or has not the hash it is kept under", file.name));
                    }
                }
            }
        }
        for (id, said) in folders {
            self.differ(format!("folder {id} ({}) is missing", said.name));
        }
        for (_, name) in files.into_keys() {
            self.differ(format!("the file {name} is missing"));
        }
        Ok(())
    }
}

/// Reads a body chunk by chunk.
async fn body_agrees(database: &mut impl Query, home: HomeId, hash: Hash, size: i64) -> Result<bool, Failure> {
    let Some(blob) = blobs::read_blob(database, home, hash).await? else { return Ok(false) };
    let mut digest = sha2::Sha256::new();
    let mut read = 0;
    for number in 0.. {
        let Some(chunk) = blobs::read_chunk(database, &blob, number).await? else { break };
        read += i64::try_from(chunk.len()).unwrap_or(i64::MAX);
        digest.update(&chunk);
    }
    Ok(read == size && Hash(digest.finalize().into()) == hash)
}
