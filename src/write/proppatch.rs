//! PROPPATCH: RFC 4918 §9.2. All instructions, in their order, or none.

use std::collections::BTreeMap;

use http::{StatusCode, header};
use kalends_dav::condition::Validators;
use kalends_dav::multistatus::Multistatus;
use kalends_dav::name::Name;
use kalends_dav::property::{PropertyRefusal, check, check_removal};
use kalends_dav::request::{PropertyUpdate, Proppatch};
use kalends_dav::resource::StoredProperty;
use kalends_dav::{Kind, Refusal};

use super::{conditions, files};
use crate::answer::{Answer, XML};
use crate::failure::Error;
use crate::server::{RequestLimits, Server};
use crate::store::{Alteration, Change, CollectionId, Context, PropertyValue, Walked};
use crate::target::{Found, Target};
use crate::validators;

pub async fn proppatch(server: &Server, target: &Target, request: Proppatch, context: Context) -> Result<Answer, Error> {
    let (Some(kind), Some(owner)) = (target.kind(), &target.owner) else { return Err(Refusal::not_found().into()) };
    let outcome: Vec<(Name, Result<(), PropertyRefusal>)> =
        request.updates.iter().map(|update| (update.name().clone(), judge(update, kind, &server.limits()))).collect();
    let home = owner.home();
    let mut write = server.store.write(&[home], context).await?.ok_or_else(Refusal::not_found)?;
    let (collection, name, validators) = holder(target, &mut write).await?;
    // Before what is asked is looked at (RFC 9110 §13.2.1).
    conditions::check(server, target, &request.conditions, Some(&validators), &mut write).await?;
    if outcome.iter().all(|(_, result)| result.is_ok()) {
        let alteration = net_effect(&request.updates);
        if !alteration.set.is_empty() {
            let there = write.properties(home, collection, &name).await?;
            check_quota(&there, &alteration, &server.limits())?;
        }
        write.append(home, Change::PropertiesAltered { collection, name: &name, alteration: &alteration }).await?;
        write.commit().await?;
        if request.minimal {
            // RFC 8144 §2.2: nothing to say beyond success.
            return Ok(Answer::empty(StatusCode::OK).with_static(header::HeaderName::from_static("preference-applied"), "return=minimal"));
        }
    }
    let mut multistatus = Multistatus::begin(request.minimal);
    multistatus.outcome(&target.href, &outcome);
    multistatus.end();
    Ok(Answer::whole(StatusCode::MULTI_STATUS, XML, multistatus.take()))
}

/// Whose properties they are, and as what it is now, read again under the lock.
async fn holder(target: &Target, write: &mut crate::store::Write) -> Result<(CollectionId, String, Validators), Error> {
    let Some(owner) = &target.owner else { return Err(Refusal::not_found().into()) };
    match &target.found {
        Found::Fixed(Kind::Home) => Ok((CollectionId::HOME, String::new(), Validators::default())),
        Found::Collection(found) => {
            let collection = write.collection(owner.home(), &found.segment).await?.ok_or_else(Refusal::not_found)?;
            Ok((collection.id, String::new(), validators::of_collection(owner.home(), &collection)))
        }
        Found::Object(found, object) => {
            let collection = write.collection(owner.home(), &found.segment).await?.ok_or_else(Refusal::not_found)?;
            let object = write.object(owner.home(), collection.id, &object.name).await?.ok_or_else(Refusal::not_found)?;
            let validators = validators::of_object(&object);
            Ok((collection.id, object.name, validators))
        }
        Found::Folder(_) | Found::File(..) => match files::now(target, write).await? {
            Walked::Folder(folder) => Ok((folder.id, String::new(), validators::of_folder(owner.home(), &folder))),
            Walked::File(folder, file) => {
                let validators = validators::of_file(&file);
                Ok((folder.id, file.name, validators))
            }
            Walked::Free(_) | Walked::Nowhere => Err(Refusal::not_found().into()),
        },
        _ => Err(Refusal::not_found().into()),
    }
}

fn judge(update: &PropertyUpdate, kind: Kind, limits: &RequestLimits) -> Result<(), PropertyRefusal> {
    match update {
        PropertyUpdate::Remove(name) => check_removal(name, kind),
        PropertyUpdate::Set(element) => {
            check(element, kind)?;
            check_size(element, limits)
        }
    }
}

/// What a resource may keep: how many, and how much in all. Taking properties away is always fine.
pub fn check_quota(there: &[StoredProperty], alteration: &Alteration, limits: &RequestLimits) -> Result<(), Refusal> {
    let replaced = |property: &&StoredProperty| {
        let is = |namespace: &str, local: &str| property.name.is(namespace, local);
        alteration.set.iter().any(|set| is(&set.namespace, &set.local))
            || alteration.removed.iter().any(|(namespace, local)| is(namespace, local))
    };
    let kept = there.iter().filter(|property| !replaced(property)).map(|property| property.xml.len());
    let sizes: Vec<usize> = kept.chain(alteration.set.iter().map(|set| set.xml.len())).collect();
    if sizes.len() <= limits.properties_max && sizes.iter().sum::<usize>() <= limits.properties_bytes_max {
        return Ok(());
    }
    let message =
        format!("a resource keeps at most {} properties of {} bytes together", limits.properties_max, limits.properties_bytes_max);
    Err(Refusal::rule(kalends_dav::Precondition::QuotaNotExceeded, message))
}

/// A value too large to keep (RFC 4918 §9.2.1).
pub fn check_size(element: &kalends_dav::xml::Element, limits: &RequestLimits) -> Result<(), PropertyRefusal> {
    if element.to_xml().len() <= limits.property_bytes_max {
        return Ok(());
    }
    let code = kalends_dav::Precondition::QuotaNotExceeded;
    Err(PropertyRefusal { status: code.status(), code: Some(code) })
}

/// What the instructions amount to together: the last word on each property.
fn net_effect(updates: &[PropertyUpdate]) -> Alteration {
    let mut last: BTreeMap<&Name, Option<PropertyValue>> = BTreeMap::new();
    for update in updates {
        let value = match update {
            PropertyUpdate::Set(element) => Some(PropertyValue::of(element)),
            PropertyUpdate::Remove(_) => None,
        };
        last.insert(update.name(), value);
    }
    let mut alteration = Alteration::default();
    for (name, value) in last {
        match value {
            Some(value) => alteration.set.push(value),
            None => alteration.removed.push((name.namespace.to_string(), name.local.to_string())),
        }
    }
    alteration
}

#[cfg(test)]
mod tests {
    use super::*;
    use kalends_dav::xml::Element;

    #[test]
    fn rfc4918_s9_2_instructions_are_done_in_document_order() {
        let element = |text: &str| Element::parse(format!("<x xmlns='urn:a'>{text}</x>").as_bytes()).unwrap();
        let name = element("").name;
        let set_then_removed = net_effect(&[PropertyUpdate::Set(element("1")), PropertyUpdate::Remove(name.clone())]);
        assert_eq!((set_then_removed.set.len(), set_then_removed.removed.len()), (0, 1));
        let removed_then_set =
            net_effect(&[PropertyUpdate::Remove(name), PropertyUpdate::Set(element("1")), PropertyUpdate::Set(element("2"))]);
        assert_eq!(removed_then_set.removed.len(), 0);
        assert!(removed_then_set.set[0].xml.contains(">2<"));
    }
}
