//! Calendars and files in and out: what `kalends import` and `kalends export` do. Rules are those of PUT; transactions are of some hundred
//! objects, so that others can write between them.

pub mod archive;
pub mod files;

use std::collections::HashSet;

use bytes::Bytes;
use kalends_dav::Kind;
use kalends_dav::name::{DAV, Name};
use kalends_dav::resource::StoredProperty;
use kalends_dav::writer::XmlWriter;
use kalends_ical::edit::{Edit, Line};
use kalends_ical::split::{Origin, Part};
use kalends_ical::stream::CalendarStream;
use kalends_ical::{CalendarObject, ComponentKind, Document, Limits};

use crate::failure::Failure;
use crate::store::{Change, Collection, CollectionId, Context, Hash, HomeId, NewObject, PropertyValue, Store, Write};
use crate::write::{check_component, check_uid_text};

/// Objects of one transaction.
const BATCH_OBJECTS: usize = 250;
/// Characters of a UID that become part of a name.
const NAME_CHARACTERS_MAX: usize = 200;

/// What to do with an object whose UID the calendar has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    Skip,
    Replace,
    Fail,
}

/// An object on its way in.
#[derive(Debug)]
pub struct Incoming {
    /// As it is to be called; of its own choice where it has none.
    pub name: Option<String>,
    pub uid: String,
    pub bytes: Bytes,
    /// Where it was in the file, if that has several.
    pub origin: Origin,
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Added,
    Replaced,
    /// The calendar has the very same.
    Unchanged,
    /// The calendar has its UID, and what is there stays.
    Skipped,
    /// Why it cannot be taken; a sentence.
    Refused(String),
}

/// How many of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub added: usize,
    pub replaced: usize,
    pub unchanged: usize,
    pub skipped: usize,
    pub refused: usize,
}

impl Tally {
    fn count(&mut self, outcome: &Outcome) {
        let place = match outcome {
            Outcome::Added => &mut self.added,
            Outcome::Replaced => &mut self.replaced,
            Outcome::Unchanged => &mut self.unchanged,
            Outcome::Skipped => &mut self.skipped,
            Outcome::Refused(_) => &mut self.refused,
        };
        *place += 1;
    }

    pub const fn all(&self) -> usize {
        self.added + self.replaced + self.unchanged + self.skipped + self.refused
    }
}

impl Incoming {
    /// An object of an iCalendar file. One without UID is given one that says what it holds: imported again it is the same object.
    pub fn of(part: Part) -> Self {
        let Part { uid, bytes, origin, .. } = part;
        if !uid.trim().is_empty() {
            return Self { name: None, uid, bytes: bytes.into(), origin };
        }
        let uid = format!("{}@kalends", Hash::of(&bytes).etag().trim_matches('"'));
        let bytes = with_uid(bytes, &uid);
        Self { name: None, uid, bytes: bytes.into(), origin }
    }
}

fn with_uid(bytes: Vec<u8>, uid: &str) -> Vec<u8> {
    let limits = Limits { object_bytes_max: bytes.len(), line_bytes_max: bytes.len(), ..Limits::default() };
    let Ok(document) = Document::parse(bytes.clone(), &limits) else { return bytes };
    let mut edit = Edit::of(&document);
    for component in document.root().components().filter(|component| ComponentKind::from_name(component.name()).is_some()) {
        edit.set(&component, Line::new("UID").text(uid));
    }
    edit.finish()
}

/// A calendar that objects are imported into.
pub struct Importer<'s> {
    pub store: &'s Store,
    pub home: HomeId,
    /// The calendar's segment.
    pub segment: String,
    pub on_conflict: OnConflict,
    /// Everything is judged, nothing is kept.
    pub dry_run: bool,
    pub limits: Limits,
    pub context: Context,
}

impl Importer<'_> {
    /// Imports objects, telling of each what became of it.
    pub async fn import(
        &self,
        objects: impl Iterator<Item = Incoming>,
        mut tell: impl FnMut(&Incoming, &Outcome),
    ) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        let mut objects = objects.peekable();
        // UIDs that a dry run would have added.
        let mut seen = HashSet::new();
        while objects.peek().is_some() {
            let batch: Vec<Incoming> = objects.by_ref().take(BATCH_OBJECTS).collect();
            for (incoming, outcome) in batch.iter().zip(self.batch(&batch, &mut seen).await?) {
                tally.count(&outcome);
                tell(incoming, &outcome);
            }
        }
        Ok(tally)
    }

    async fn batch(&self, batch: &[Incoming], seen: &mut HashSet<String>) -> Result<Vec<Outcome>, Failure> {
        // Read and judged before the home is locked.
        let judged: Vec<Result<NewObject, String>> = batch.iter().map(|incoming| self.judge(incoming)).collect();
        let gone = || Failure::new(format!("there is no calendar {} any more", self.segment));
        let mut write = self.store.write(&[self.home], self.context.clone()).await?.ok_or_else(gone)?;
        let collection = write.collection(self.home, &self.segment).await?.ok_or_else(gone)?;
        let mut outcomes = Vec::with_capacity(batch.len());
        for (incoming, judged) in batch.iter().zip(judged) {
            let outcome = match judged {
                Ok(new) => self.put(&mut write, &collection, incoming, &new, seen).await?,
                Err(what) => Outcome::Refused(what),
            };
            outcomes.push(outcome);
        }
        if !self.dry_run {
            write.commit().await?;
        }
        Ok(outcomes)
    }

    fn judge(&self, incoming: &Incoming) -> Result<NewObject, String> {
        let object =
            CalendarObject::parse(incoming.bytes.clone(), &self.limits).map_err(|refusal| incoming.origin.told(refusal).to_string())?;
        check_uid_text(&object).map_err(|refusal| refusal.message().to_owned())?;
        Ok(NewObject::of(object))
    }

    async fn put(
        &self,
        write: &mut Write,
        collection: &Collection,
        incoming: &Incoming,
        new: &NewObject,
        seen: &mut HashSet<String>,
    ) -> Result<Outcome, Failure> {
        if let Err(refusal) = check_component(collection, &new.object) {
            return Ok(Outcome::Refused(refusal.message().to_owned()));
        }
        let uid = new.object.uid();
        let held = match write.name_of_uid(self.home, collection.id, uid).await? {
            Some(name) => write.object(self.home, collection.id, &name).await?,
            None => None,
        };
        let is_again = self.dry_run && !seen.insert(uid.to_owned());
        let (name, before) = match &held {
            Some(held) if held.hash == new.hash => return Ok(Outcome::Unchanged),
            None if is_again && self.on_conflict == OnConflict::Replace => return Ok(Outcome::Replaced),
            None if is_again => return Ok(Outcome::Skipped),
            Some(_) if self.on_conflict == OnConflict::Skip => return Ok(Outcome::Skipped),
            Some(_) if self.on_conflict == OnConflict::Fail => {
                return Err(Failure::new(format!("the calendar has an object with the UID {uid} already; see --on-conflict")));
            }
            Some(held) => (held.name.clone(), Some(held.hash)),
            None => (self.free_name(write, collection.id, incoming, uid).await?, None),
        };
        let change = Change::ObjectPut { collection: collection.id, name: &name, new, before };
        write.append(self.home, change).await?;
        Ok(if before.is_some() { Outcome::Replaced } else { Outcome::Added })
    }

    /// The name asked for, or one made of the UID, or of its hash where another object has that name.
    async fn free_name(&self, write: &mut Write, collection: CollectionId, incoming: &Incoming, uid: &str) -> Result<String, Failure> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
        let plain =
            || (uid.len() <= NAME_CHARACTERS_MAX && uid.chars().all(is_plain) && !uid.starts_with('.')).then(|| format!("{uid}.ics"));
        for name in incoming.name.clone().into_iter().chain(plain()) {
            if write.object(self.home, collection, &name).await?.is_none() {
                return Ok(name);
            }
        }
        Ok(format!("{}.ics", Hash::of(uid.as_bytes()).etag().trim_matches('"')))
    }
}

/// Writes a calendar as one iCalendar text, page by page.
pub async fn export(
    store: &Store,
    home: HomeId,
    calendar: &Collection,
    product: &str,
    out: &mut impl std::io::Write,
) -> Result<usize, Failure> {
    let name = display_name_of(&store.properties(home, calendar.id, "").await?);
    let mut text = Vec::new();
    let mut stream = CalendarStream::begin(product, name.as_deref(), &mut text);
    let mut count = 0;
    let mut after = String::new();
    loop {
        let page = store.objects_page_with_bodies(home, calendar.id, &after).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.name);
        for object in &page {
            stream.push(&crate::read::get::parsed(object)?, &mut text);
            count += 1;
        }
        out.write_all(&text)?;
        text.clear();
    }
    stream.end(&mut text);
    out.write_all(&text)?;
    Ok(count)
}

/// The text of DAV:displayname among properties.
pub fn display_name_of(properties: &[StoredProperty]) -> Option<String> {
    properties.iter().find(|property| property.name.is(DAV, "displayname")).map(StoredProperty::text)
}

/// A property whose value is text.
pub fn text_property(namespace: &'static str, local: &'static str, text: &str) -> StoredProperty {
    let name = Name::known(namespace, local);
    let mut writer = XmlWriter::fragment();
    writer.element(&name, text);
    StoredProperty { name, xml: writer.into_string() }
}

/// The calendars of a home, without its inbox and outbox.
pub async fn calendars(store: &Store, home: HomeId) -> Result<Vec<Collection>, Failure> {
    Ok(store.collections(home).await?.into_iter().filter(|collection| collection.kind == Kind::Calendar).collect())
}

/// A property as an archive holds it.
pub(crate) fn stored(value: &PropertyValue) -> StoredProperty {
    StoredProperty { name: Name::read(&value.namespace, &value.local), xml: value.xml.clone() }
}
