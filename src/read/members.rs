//! Describing the objects of a collection, a page at a time.

use std::collections::HashMap;

use bytes::Bytes;
use kalends_dav::multistatus::Multistatus;
use kalends_dav::resource::{Facets, StoredProperty};
use kalends_ical::calendar_data::CalendarData;
use kalends_ical::zone::Zone;

use super::Wanted;
use super::get::parsed;
use crate::answer::Sink;
use crate::describe::Describer;
use crate::failure::Failure;
use crate::path::encode;
use crate::store::{Bodies, CollectionId, HomeId, Principal, Store, StoredObject};

/// Objects read at a time.
pub const OBJECTS_AT_ONCE: usize = 200;
/// Bytes of bodies in memory at a time, beside one that is larger by itself: a client that does not read holds them for a while.
const BODY_BYTES_AT_ONCE: i64 = 128 * 1024;

/// Divides objects, told without their bodies, into parts whose bodies may be in memory together.
pub fn parts(objects: &[StoredObject]) -> impl Iterator<Item = &[StoredObject]> {
    let mut rest = objects;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |object: &&StoredObject| {
            bytes += object.size;
            bytes <= BODY_BYTES_AT_ONCE
        };
        let count = rest.iter().take(OBJECTS_AT_ONCE).take_while(fits).count().max(1);
        let (part, others) = rest.split_at(count.min(rest.len()));
        rest = others;
        (!part.is_empty()).then_some(part)
    })
}

/// The same objects with their bodies; those that went away meanwhile are left out.
pub async fn with_bodies(
    store: &Store,
    home: HomeId,
    collection: CollectionId,
    part: &[StoredObject],
) -> Result<Vec<StoredObject>, Failure> {
    let names = part.iter().map(|object| object.name.as_str());
    store.objects_named(home, collection, names, Bodies::With).await
}

/// Objects of one collection, and how to describe them.
pub struct Members<'a> {
    pub describer: &'a Describer,
    pub owner: &'a Principal,
    pub collection: CollectionId,
    /// What stands before each name, spelt as the request spells it.
    pub base: String,
    pub wanted: &'a Wanted,
    /// What floating times mean here.
    pub zone: Zone,
}

impl Members<'_> {
    pub fn home(&self) -> HomeId {
        self.owner.home()
    }

    /// Whether bodies must be read to describe.
    pub fn bodies(&self) -> Bodies {
        if self.wanted.facets.has(Facets::BODY) { Bodies::With } else { Bodies::Without }
    }

    /// Describes objects under their own names, reading their bodies where they are asked for.
    pub async fn describe(&self, objects: Vec<StoredObject>, multistatus: &mut Multistatus, sink: &Sink) -> Result<(), Failure> {
        if self.bodies() == Bodies::Without {
            return self.describe_loaded(&objects, multistatus, sink).await;
        }
        for part in parts(&objects) {
            let loaded = with_bodies(&self.describer.server.store, self.home(), self.collection, part).await?;
            self.describe_loaded(&loaded, multistatus, sink).await?;
        }
        Ok(())
    }

    /// Describes objects whose bodies are read already, where they are asked for.
    pub async fn describe_loaded(&self, objects: &[StoredObject], multistatus: &mut Multistatus, sink: &Sink) -> Result<(), Failure> {
        let mut stored = self.stored(objects).await?;
        for object in objects {
            let href = format!("{}{}", self.base, encode(&object.name));
            let stored = stored.remove(&object.name).unwrap_or_default();
            self.describe_one(&href, object, stored, multistatus)?;
            self.hand_over(multistatus, sink).await?;
        }
        Ok(())
    }

    /// Describes an object under an href of the client's.
    pub fn describe_one(
        &self,
        href: &str,
        object: &StoredObject,
        stored: Vec<StoredProperty>,
        multistatus: &mut Multistatus,
    ) -> Result<(), Failure> {
        let data = self.data(object)?;
        let resource = self.describer.object(href, self.owner, object, data, stored);
        multistatus.resource(&resource, &self.wanted.ask, &self.describer.viewer);
        Ok(())
    }

    /// Between two objects: hands over what is ready, and lets others run where describing takes time.
    pub async fn hand_over(&self, multistatus: &mut Multistatus, sink: &Sink) -> Result<(), Failure> {
        if self.renders() {
            sink.pause().await?;
        }
        sink.drain(multistatus).await
    }

    /// Whether bodies are made anew, which takes time; what is given as it was put takes none worth a pause.
    fn renders(&self) -> bool {
        self.bodies() == Bodies::With && self.wanted.data.as_deref().is_some_and(|data| !data.is_verbatim())
    }

    /// Properties set on these objects, where they were asked for.
    pub async fn stored(&self, objects: &[StoredObject]) -> Result<HashMap<String, Vec<StoredProperty>>, Failure> {
        let mut by_name: HashMap<String, Vec<StoredProperty>> = HashMap::new();
        if self.wanted.facets.has(Facets::STORED) && !objects.is_empty() {
            let names = objects.iter().map(|object| object.name.as_str());
            let store = &self.describer.server.store;
            for (name, property) in store.properties_of_members(self.home(), self.collection, names).await? {
                by_name.entry(name).or_default().push(property);
            }
        }
        Ok(by_name)
    }

    /// The body in the form asked for: as it was put, unless parts, expansion or limits were named.
    fn data(&self, object: &StoredObject) -> Result<Option<Bytes>, Failure> {
        if self.bodies() == Bodies::Without {
            return Ok(None);
        }
        match self.wanted.data.as_deref() {
            Some(data) if self.renders() => render(data, object, &self.zone).map(Some),
            _ => Ok(object.body.clone()),
        }
    }
}

/// An expansion beyond what may be computed gives the whole object: more than was asked, never less.
fn render(data: &CalendarData, object: &StoredObject, zone: &Zone) -> Result<Bytes, Failure> {
    let parsed = parsed(object)?;
    Ok(data.render(&parsed, zone).unwrap_or_else(|_| {
        tracing::warn!(bytes = object.size, "an expansion reached its bound");
        parsed.bytes().clone()
    }))
}
