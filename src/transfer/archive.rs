//! A whole account as a zip file: each object as a file of its own, octet for octet, and beside them what WebDAV knows of its calendar.
//!
//! ```text
//! account.json                      {"format": 1, "name": …, "display_name": …, "addresses": […]}
//! calendars/SEGMENT/calendar.json   {"components": […], "properties": [{"namespace", "local", "xml"}]}
//! calendars/SEGMENT/objects/NAME    an iCalendar object
//! ```
//! The account's files stand beside them, see [`super::files`].
//! Segments and names are percent-encoded, as in URLs.

use std::collections::BTreeMap;
use std::io::{Read, Seek, Write};

use kalends_dav::Kind;
use kalends_ical::split::Origin;
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{Incoming, calendars, stored};
use crate::failure::Failure;
use crate::path::{decode, encode};
use crate::store::{NewCollection, Principal, PropertyValue, Store};

const FORMAT: u32 = 1;
/// Bytes of what describes an account or a calendar.
const DESCRIPTION_BYTES_MAX: u64 = 16 << 20;
/// Files in an archive.
const FILES_MAX: usize = 5_000_000;

#[derive(Debug, Serialize, Deserialize)]
struct Account {
    format: u32,
    name: String,
    display_name: String,
    addresses: Vec<String>,
}

/// A calendar as an archive describes it.
#[derive(Debug, Serialize, Deserialize)]
struct Calendar {
    components: Vec<String>,
    properties: Vec<PropertyValue>,
}

/// How much was written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Written {
    pub calendars: usize,
    pub objects: usize,
    pub files: usize,
}

/// Writes an account's calendars and files.
pub async fn write<W: Write + Seek>(store: &Store, principal: &Principal, out: W) -> Result<Written, Failure> {
    let mut zip = ZipWriter::new(out);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).unix_permissions(0o600);
    let addresses = store.addresses(principal.id).await?;
    let account = Account { format: FORMAT, name: principal.login.clone(), display_name: principal.display_name.clone(), addresses };
    add(&mut zip, options, "account.json", &json(&account)?)?;
    let home = principal.home();
    let mut written = Written::default();
    for calendar in calendars(store, home).await? {
        let folder = format!("calendars/{}", encode(&calendar.segment));
        let properties = store.properties(home, calendar.id, "").await?;
        let description =
            Calendar { components: calendar.components.clone(), properties: properties.iter().map(PropertyValue::from).collect() };
        add(&mut zip, options, &format!("{folder}/calendar.json"), &json(&description)?)?;
        written.calendars += 1;
        let mut after = String::new();
        loop {
            let page = store.objects_page_with_bodies(home, calendar.id, &after).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.name);
            for object in &page {
                let body = object.body.as_deref().unwrap_or_default();
                add(&mut zip, options, &format!("{folder}/objects/{}", encode(&object.name)), body)?;
                written.objects += 1;
            }
        }
    }
    written.files = super::files::write(store, home, &mut zip, options).await?;
    zip.finish().map_err(broken)?.flush()?;
    Ok(written)
}

fn add<W: Write + Seek>(zip: &mut ZipWriter<W>, options: SimpleFileOptions, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    zip.start_file(name, options).map_err(broken)?;
    Ok(zip.write_all(bytes)?)
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec_pretty(value).map_err(|error| Failure::new(format!("writing JSON: {error}")))
}

pub(super) fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("the zip file: {error}"))
}

/// A calendar found in an archive.
pub struct Found {
    pub segment: String,
    pub collection: NewCollection,
    /// Which files its objects are.
    files: Vec<usize>,
}

impl Found {
    pub fn objects(&self) -> usize {
        self.files.len()
    }
}

/// An archive that is read.
pub struct Archive<R> {
    zip: ZipArchive<R>,
}

impl<R: Read + Seek> Archive<R> {
    pub fn open(file: R) -> Result<Self, Failure> {
        let mut archive = Self { zip: ZipArchive::new(file).map_err(broken)? };
        if archive.zip.len() > FILES_MAX {
            return Err(broken(format!("it holds more than {FILES_MAX} files")));
        }
        let account = archive.zip.index_for_name("account.json");
        let account = account.ok_or_else(|| broken("it holds no account.json: it was not written by `kalends export`"))?;
        let account: Account = archive.description(account)?;
        if account.format != FORMAT {
            return Err(broken(format!("it has the format {}, this program reads {FORMAT}", account.format)));
        }
        Ok(archive)
    }

    /// Its calendars with their objects, by name.
    pub fn calendars(&mut self) -> Result<Vec<Found>, Failure> {
        let mut folders: BTreeMap<String, (Option<usize>, Vec<usize>)> = BTreeMap::new();
        for index in 0..self.zip.len() {
            let Some(Ok(name)) = self.zip.name_for_index(index) else { continue };
            let mut parts = name.split('/');
            let (Some("calendars"), Some(folder), Some(file)) = (parts.next(), parts.next(), parts.next()) else { continue };
            let (description, objects) = folders.entry(folder.to_owned()).or_default();
            match (file, parts.next()) {
                ("calendar.json", None) => *description = Some(index),
                ("objects", Some(name)) if !name.is_empty() => objects.push(index),
                _ => {}
            }
        }
        let mut found = Vec::new();
        for (folder, (description, files)) in folders {
            let description = description.ok_or_else(|| broken(format!("calendars/{folder} has no calendar.json")))?;
            let Calendar { components, properties } = self.description(description)?;
            let segment = decode(&folder).ok_or_else(|| broken(format!("calendars/{folder} is no name of a calendar")))?;
            let components: Vec<&str> = components.iter().map(String::as_str).collect();
            let properties: Vec<_> = properties.iter().map(stored).collect();
            let collection = NewCollection::new(&segment, Kind::Calendar, &components, &properties);
            found.push(Found { segment, collection, files });
        }
        Ok(found)
    }

    /// The objects of a calendar, each read when it is asked for; one that is larger than `bytes_max` is cut, and so refused.
    pub fn objects(&mut self, found: &Found, bytes_max: usize) -> impl Iterator<Item = Incoming> {
        found.files.iter().filter_map(move |index| {
            let file = self.zip.by_index(*index).ok()?;
            let name = file.name().ok()?.rsplit('/').next().and_then(decode)?;
            let mut bytes = Vec::new();
            file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).ok()?;
            Some(Incoming { name: Some(name.clone()), uid: name, bytes: bytes.into(), origin: Origin::default() })
        })
    }

    /// A file of the archive, if it is there.
    pub fn file(&mut self, name: &str) -> Result<Option<impl Read + '_>, Failure> {
        match self.zip.index_for_name(name) {
            Some(index) => Ok(Some(self.zip.by_index(index).map_err(broken)?)),
            None => Ok(None),
        }
    }

    fn description<T: serde::de::DeserializeOwned>(&mut self, index: usize) -> Result<T, Failure> {
        let file = self.zip.by_index(index).map_err(broken)?;
        let name = file.name().map_err(broken)?.into_owned();
        let mut bytes = Vec::new();
        file.take(DESCRIPTION_BYTES_MAX).read_to_end(&mut bytes)?;
        serde_json::from_slice(&bytes).map_err(|error| broken(format!("{name}: {error}")))
    }
}
