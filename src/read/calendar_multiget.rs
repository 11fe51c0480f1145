//! calendar-multiget: RFC 4791 §7.9. Every href is answered, as it was spelt, whatever becomes of the others.

use std::collections::HashMap;

use http::StatusCode;
use kalends_dav::multistatus::Multistatus;
use kalends_dav::report::CalendarMultiget;
use kalends_dav::{Kind, Refusal};

use super::Wanted;
use super::calendar_query::calendar_zone;
use super::members::{BODIES_AT_ONCE, Members};
use crate::answer::{Answer, Sink, XML};
use crate::describe::Describer;
use crate::failure::{Error, Failure};
use crate::path::{Place, path_of_href};
use crate::store::{Collection, Principal, StoredObject};
use crate::target::Target;

pub async fn answer(describer: Describer, target: Target, multiget: CalendarMultiget, minimal: bool) -> Result<Answer, Error> {
    let Some(owner) = target.owner.clone() else { return Err(Refusal::not_found().into()) };
    let collections = describer.server.store.collections(owner.home()).await?;
    let wanted = Wanted::new(multiget.ask, multiget.data);
    let write = move |sink: Sink| async move {
        let mut multistatus = Multistatus::begin(minimal);
        for hrefs in multiget.hrefs.chunks(BODIES_AT_ONCE) {
            batch(&describer, &owner, &collections, &wanted, hrefs, &mut multistatus).await?;
            sink.drain(&mut multistatus).await?;
        }
        multistatus.end();
        Ok(multistatus.take())
    };
    Answer::stream(StatusCode::MULTI_STATUS, XML, write).await
}

/// Answers some hrefs in their order, reading each collection they touch once.
async fn batch(
    describer: &Describer,
    owner: &Principal,
    collections: &[Collection],
    wanted: &Wanted,
    hrefs: &[String],
    multistatus: &mut Multistatus,
) -> Result<(), Failure> {
    let places: Vec<Option<(&Collection, String)>> = hrefs.iter().map(|href| place(describer, owner, collections, href)).collect();
    let mut found = Vec::new();
    for collection in collections {
        let names: Vec<&str> = places.iter().flatten().filter(|(c, _)| c.id == collection.id).map(|(_, name)| name.as_str()).collect();
        if names.is_empty() {
            continue;
        }
        let zone = calendar_zone(&describer.server.store, owner.home(), collection.id).await?;
        let members = Members { describer, owner, collection: collection.id, base: String::new(), wanted, zone };
        let store = &describer.server.store;
        let objects = store.objects_named(owner.home(), collection.id, names.into_iter(), members.bodies()).await?;
        let stored = members.stored(&objects).await?;
        let objects: HashMap<String, StoredObject> = objects.into_iter().map(|object| (object.name.clone(), object)).collect();
        found.push((members, objects, stored));
    }
    for (href, place) in hrefs.iter().zip(&places) {
        let hit = place.as_ref().and_then(|(collection, name)| {
            let (members, objects, stored) = found.iter().find(|(members, ..)| members.collection == collection.id)?;
            Some((members, objects.get(name)?, stored.get(name).cloned().unwrap_or_default()))
        });
        match hit {
            Some((members, object, stored)) => members.describe_one(href, object, stored, multistatus)?,
            None => multistatus.status(href, StatusCode::NOT_FOUND, None),
        }
    }
    Ok(())
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
