//! An account's files in a zip file:
//!
//! ```text
//! files.jsonl     a line for each folder and file, folders first: {"path": […], "media_type", "properties": […]}; no type is a folder
//! files/PATH      what is in a file, the names of the path percent-encoded, as in URLs
//! ```

use std::io::{Read, Seek, Write};

use kalends_dav::resource::StoredProperty;
use serde::{Deserialize, Serialize};
use sha2::Digest;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::archive::{Archive, broken};
use super::{OnConflict, Outcome, Tally};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::path::{FILE_LEVELS_MAX, SEGMENT_BYTES_MAX, decode, encode};
use crate::server::RequestLimits;
use crate::store::{
    Alteration, CHUNK_BYTES, Change, CollectionId, Context, FileBody, Folder, Hash, HomeId, NewFile, NewFolder, PropertyValue, Receiving,
    Store, StoredFile, Walked,
};

pub(super) const LIST: &str = "files.jsonl";
/// Bytes of the list.
const LIST_BYTES_MAX: u64 = 1 << 30;

/// A folder or file, as the list has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub path: Vec<String>,
    /// `None` of a folder.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    media_type: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    properties: Vec<PropertyValue>,
}

impl Entry {
    fn of(path: Vec<String>, media_type: Option<String>, properties: &[StoredProperty]) -> Self {
        Self { path, media_type, properties: properties.iter().map(PropertyValue::from).collect() }
    }

    /// Where the zip file has what is in it.
    fn place(&self) -> String {
        let names: Vec<String> = self.path.iter().map(|name| encode(name)).collect();
        format!("files/{}", names.join("/"))
    }

    /// Whether a URL can lead there.
    fn is_usable(&self) -> bool {
        let is_name = |name: &String| name.len() <= SEGMENT_BYTES_MAX && decode(&encode(name)).as_ref() == Some(name);
        (1..=FILE_LEVELS_MAX).contains(&self.path.len()) && self.path.iter().all(is_name)
    }
}

/// Writes a home's files; how many.
pub async fn write<W: Write + Seek>(
    store: &Store,
    home: HomeId,
    zip: &mut ZipWriter<W>,
    options: SimpleFileOptions,
) -> Result<usize, Failure> {
    let (mut list, mut count) = (Vec::new(), 0);
    let mut open: Vec<(CollectionId, Vec<String>)> = vec![(CollectionId::FILES, Vec::new())];
    while let Some((id, path)) = open.pop() {
        let mut after = String::new();
        loop {
            let page = store.files_page(home, id, &after).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.name);
            for file in &page {
                let properties = store.properties(home, id, &file.name).await?;
                let entry = Entry::of([&path[..], std::slice::from_ref(&file.name)].concat(), Some(file.media_type.clone()), &properties);
                line(&mut list, &entry)?;
                // Zip files need to be told of large ones.
                zip.start_file(entry.place(), options.large_file(file.size > i64::from(i32::MAX))).map_err(broken)?;
                write_body(store, home, file, zip).await?;
                count += 1;
            }
        }
        after.clear();
        loop {
            let page = store.folders_page(home, id, &after).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.name);
            for Folder { id, name, .. } in page {
                let path = [&path[..], &[name]].concat();
                line(&mut list, &Entry::of(path.clone(), None, &store.properties(home, id, "").await?))?;
                open.push((id, path));
            }
        }
    }
    if !list.is_empty() {
        zip.start_file(LIST, options).map_err(broken)?;
        zip.write_all(&list)?;
    }
    Ok(count)
}

fn line(list: &mut Vec<u8>, entry: &Entry) -> Result<(), Failure> {
    serde_json::to_writer(&mut *list, entry).map_err(|error| Failure::new(format!("writing JSON: {error}")))?;
    list.push(b'\n');
    Ok(())
}

async fn write_body(store: &Store, home: HomeId, file: &StoredFile, out: &mut impl Write) -> Result<(), Failure> {
    let gone = || Failure::new(format!("the file {} was replaced while it was read: export again", file.name));
    let blob = store.blob(home, file.hash).await?.ok_or_else(gone)?;
    let chunks = file.size.div_euclid(CHUNK_BYTES as i64) + i64::from(file.size % CHUNK_BYTES as i64 > 0);
    for number in 0..chunks {
        out.write_all(&store.chunk(&blob, number).await.map_err(|_| gone())?)?;
    }
    Ok(())
}

/// Takes files in.
pub struct FileImporter<'s> {
    pub store: &'s Store,
    pub home: HomeId,
    pub on_conflict: OnConflict,
    /// Everything is judged, nothing is kept.
    pub dry_run: bool,
    pub limits: RequestLimits,
    pub environment: Environment,
    pub context: Context,
}

impl FileImporter<'_> {
    /// Takes all files of an archive, telling of each what became of it.
    pub async fn import<R: Read + Seek>(&self, archive: &mut Archive<R>, mut tell: impl FnMut(&Entry, &Outcome)) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        for entry in entries(archive)? {
            let outcome = match &entry.media_type {
                _ if !entry.is_usable() => Outcome::Refused("it has no path that files can have".to_owned()),
                None => self.folder(&entry).await?,
                Some(media_type) => self.file(archive, &entry, media_type).await?,
            };
            if entry.media_type.is_some() || matches!(outcome, Outcome::Refused(_)) {
                tally.count(&outcome);
                tell(&entry, &outcome);
            }
        }
        Ok(tally)
    }

    async fn folder(&self, entry: &Entry) -> Result<Outcome, Failure> {
        let parent = match self.store.walk(self.home, &entry.path).await? {
            Walked::Folder(_) => return Ok(Outcome::Unchanged),
            Walked::File(..) => return Ok(Outcome::Refused("a file has its name".to_owned())),
            _ if self.dry_run => return Ok(Outcome::Added),
            Walked::Nowhere => return Ok(Outcome::Refused("its folder is not there".to_owned())),
            Walked::Free(parent) => parent,
        };
        if let Some(refused) = self.bounds(0).await? {
            return Ok(refused);
        }
        let new = NewFolder { properties: entry.properties.clone() };
        let name = entry.path.last().map(String::as_str).unwrap_or_default();
        self.append(&[Change::FolderCreated { parent: parent.id, name, new: &new }]).await?;
        Ok(Outcome::Added)
    }

    async fn file<R: Read + Seek>(&self, archive: &mut Archive<R>, entry: &Entry, media_type: &str) -> Result<Outcome, Failure> {
        let Some((hash, size)) = self.hash(archive, entry)? else {
            return Ok(Outcome::Refused(format!("a file has at most {} bytes, and it is in the zip file", self.limits.file_bytes_max)));
        };
        let (parent, before) = match self.store.walk(self.home, &entry.path).await? {
            Walked::File(_, file) if file.hash == hash && file.media_type == media_type => return Ok(Outcome::Unchanged),
            Walked::File(..) if self.on_conflict == OnConflict::Skip => return Ok(Outcome::Skipped),
            Walked::File(..) if self.on_conflict == OnConflict::Fail => {
                return Err(Failure::new(format!("there is a file {} already; see --on-conflict", entry.path.join("/"))));
            }
            Walked::File(..) if self.dry_run => return Ok(Outcome::Replaced),
            Walked::File(parent, file) => (parent, Some(file.hash)),
            Walked::Folder(_) => return Ok(Outcome::Refused("a folder has its name".to_owned())),
            _ if self.dry_run => return Ok(Outcome::Added),
            Walked::Free(parent) => (parent, None),
            Walked::Nowhere => return Ok(Outcome::Refused("its folder is not there".to_owned())),
        };
        if let Some(refused) = self.bounds(size).await? {
            return Ok(refused);
        }
        let body = self.body(archive, entry).await?;
        let new = NewFile { hash, size, media_type: media_type.to_owned(), created_at: None, body };
        let name = entry.path.last().map(String::as_str).unwrap_or_default();
        let set = Alteration { set: entry.properties.clone(), removed: Vec::new() };
        let put = Change::FilePut { folder: parent.id, name, new: &new, before };
        let properties = Change::PropertiesAltered { collection: parent.id, name, alteration: &set };
        let changes = if set.set.is_empty() { vec![put] } else { vec![put, properties] };
        if let Err(failure) = self.append(&changes).await {
            if let FileBody::Arrived { id } = &new.body {
                self.store.discard_or_warn(self.home, id).await;
            }
            return Err(failure);
        }
        Ok(if before.is_some() { Outcome::Replaced } else { Outcome::Added })
    }

    async fn append(&self, changes: &[Change<'_>]) -> Result<(), Failure> {
        let write = self.store.write(&[self.home], self.context.clone()).await?;
        let mut write = write.ok_or_else(|| Failure::new("the account is gone"))?;
        for change in changes {
            write.append(self.home, change.clone()).await?;
        }
        write.commit().await
    }

    /// Why there is no room for one more, of that size.
    async fn bounds(&self, size: i64) -> Result<Option<Outcome>, Failure> {
        let bytes = self.store.file_bytes(self.home).await?.saturating_add(size);
        let refused = |what: String| Ok(Some(Outcome::Refused(what)));
        if u64::try_from(bytes).unwrap_or(0) > self.limits.files_bytes_max {
            return refused(format!("the files of one account have at most {} bytes together", self.limits.files_bytes_max));
        }
        if self.store.count_files(self.home).await? >= self.limits.files_max {
            return refused(format!("an account has at most {} files and folders", self.limits.files_max));
        }
        Ok(None)
    }

    /// The hash and the size of a file; `None` if it is too large or not there.
    fn hash<R: Read + Seek>(&self, archive: &mut Archive<R>, entry: &Entry) -> Result<Option<(Hash, i64)>, Failure> {
        let Some(file) = archive.file(&entry.place())? else { return Ok(None) };
        let mut file = file.take(self.limits.file_bytes_max.saturating_add(1));
        let (mut digest, mut size, mut buffer) = (sha2::Sha256::new(), 0_u64, vec![0; CHUNK_BYTES]);
        loop {
            let count = file.read(&mut buffer)?;
            let Some(piece) = buffer.get(..count).filter(|piece| !piece.is_empty()) else { break };
            digest.update(piece);
            size += count as u64;
        }
        let fits = size <= self.limits.file_bytes_max;
        Ok(fits.then(|| (Hash(digest.finalize().into()), i64::try_from(size).unwrap_or(i64::MAX))))
    }

    async fn body<R: Read + Seek>(&self, archive: &mut Archive<R>, entry: &Entry) -> Result<FileBody, Failure> {
        let mut file = archive.file(&entry.place())?.ok_or_else(|| Failure::new("the zip file changed while it was read"))?;
        let mut receiving = Receiving::new(self.store, self.home, self.environment.uuid(), self.context.at);
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            let count = file.read(&mut buffer)?;
            let Some(piece) = buffer.get(..count).filter(|piece| !piece.is_empty()) else { break };
            if let Err(failure) = receiving.push(piece).await {
                receiving.discard().await;
                return Err(failure);
            }
        }
        Ok(receiving.finish().await?.2)
    }
}

/// The list; empty where there is none.
fn entries<R: Read + Seek>(archive: &mut Archive<R>) -> Result<Vec<Entry>, Failure> {
    let Some(file) = archive.file(LIST)? else { return Ok(Vec::new()) };
    let lines = serde_json::Deserializer::from_reader(std::io::BufReader::new(file.take(LIST_BYTES_MAX))).into_iter::<Entry>();
    lines.map(|line| line.map_err(|error| broken(format!("{LIST}: {error}")))).collect()
}
