//! calendar-multiget: RFC 4791 §7.9. Every href is answered, as it was spelt, whatever becomes of the others.

use std::collections::HashMap;

use http::StatusCode;
use kalends_dav::multistatus::Multistatus;
use kalends_dav::report::CalendarMultiget;
use kalends_dav::{Kind, Refusal};

use super::Wanted;
use super::calendar_query::calendar_zone;
use super::members::{Members, OBJECTS_AT_ONCE, parts, with_bodies};
use crate::answer::{Answer, Sink, XML};
use crate::describe::Describer;
use crate::failure::{Error, Failure};
use crate::path::{Place, path_of_href};
use crate::store::{Bodies, Collection, CollectionId, Principal};
use crate::target::Target;

pub async fn answer(describer: Describer, target: Target, multiget: CalendarMultiget, minimal: bool) -> Result<Answer, Error> {
    let Some(owner) = target.owner.clone() else { return Err(Refusal::not_found().into()) };
    let collections = describer.server.store.collections(owner.home()).await?;
    let wanted = Wanted::new(multiget.ask, multiget.data);
    let write = move |sink: Sink| async move {
        let mut multistatus = Multistatus::begin(minimal);
        for hrefs in multiget.hrefs.chunks(OBJECTS_AT_ONCE) {
            batch(&describer, &owner, &collections, &wanted, hrefs, &mut multistatus, &sink).await?;
        }
        multistatus.end();
        Ok(multistatus.take())
    };
    Answer::stream(StatusCode::MULTI_STATUS, XML, write).await
}

/// Answers some hrefs: those of each collection together, as many bodies at a time as memory is for them; then those that mean nothing.
async fn batch(
    describer: &Describer,
    owner: &Principal,
    collections: &[Collection],
    wanted: &Wanted,
    hrefs: &[String],
    multistatus: &mut Multistatus,
    sink: &Sink,
) -> Result<(), Failure> {
    // One object may be named by several hrefs: in more than one spelling, or again.
    let mut spelt: HashMap<(CollectionId, String), Vec<&String>> = HashMap::new();
    let mut nowhere = Vec::new();
    for href in hrefs {
        match place(describer, owner, collections, href) {
            Some((collection, name)) => spelt.entry((collection.id, name)).or_default().push(href),
            None => nowhere.push(href),
        }
    }
    for collection in collections {
        let names: Vec<&str> = spelt.keys().filter(|(id, _)| *id == collection.id).map(|(_, name)| name.as_str()).collect();
        if names.is_empty() {
            continue;
        }
        let store = &describer.server.store;
        let zone = calendar_zone(store, owner.home(), collection.id).await?;
        let members = Members { describer, owner, collection: collection.id, base: String::new(), wanted, zone };
        let objects = store.objects_named(owner.home(), collection.id, names.into_iter(), Bodies::Without).await?;
        for part in parts(&objects) {
            let loaded = match members.bodies() {
                Bodies::Without => part.to_vec(),
                Bodies::With => with_bodies(store, owner.home(), collection.id, part).await?,
            };
            let mut stored = members.stored(&loaded).await?;
            for object in loaded {
                let hrefs = spelt.remove(&(collection.id, object.name.clone())).unwrap_or_default();
                let stored = stored.remove(&object.name).unwrap_or_default();
                for href in hrefs {
                    members.describe_one(href, &object, stored.clone(), multistatus)?;
                    members.hand_over(multistatus, sink).await?;
                }
            }
        }
    }
    for href in nowhere.into_iter().chain(spelt.into_values().flatten()) {
        multistatus.status(href, StatusCode::NOT_FOUND, None);
    }
    sink.drain(multistatus).await
}

/// The collection and name an href means, if it means an object of this home. What is elsewhere is not even looked for.
fn place<'a>(describer: &Describer, owner: &Principal, collections: &'a [Collection], href: &str) -> Option<(&'a Collection, String)> {
    let Ok(Place::Object { home, segment, name }) = describer.server.paths.read(path_of_href(href)) else { return None };
    if home != owner.segment {
        return None;
    }
    let readable = |c: &&Collection| c.segment == segment && matches!(c.kind, Kind::Calendar | Kind::Inbox);
    collections.iter().find(readable).map(|collection| (collection, name))
}
