//! Places: LOCATION, GEO, VLOCATION, CONFERENCE (draft §2.2.4, §2.3.10, §2.3.11, §2.3.21, §2.3.25, §3.5, §3.7).

use serde_json::{Map, Value as Json};

use super::made::{Carried, Made, Object, members, set_keys, text};
use super::node::Node;
use super::object::{Context, Taking, node_of, settled};
use super::{Kind, key};
use crate::convert::{Abstract, ConversionError, Value};

const LOCATIONS: &str = "locations";
const VIRTUAL: &str = "virtualLocations";
const MAIN: &str = "mainLocationId";

pub(super) fn take(made: &mut Made, taking: &mut Taking<'_>, context: &Context<'_>) {
    let components = taking.components("vlocation");
    for (index, node) in &components {
        let location = settled(Kind::Location, node, context, &|made| made.finish(key::is_named(node)));
        if made.set(&[LOCATIONS, &key::of_node(node)], location) {
            taking.done_inside(*index);
        }
    }
    let mut place = None;
    for (index, property) in taking.lines("location") {
        let key = key::of_property(property);
        let (Some(name), "text") = (property.word(), property.value_type.as_str()) else { continue };
        if place.is_none() && made.set(&[LOCATIONS, &key], location("name", name)) {
            made.note(&[LOCATIONS, &key, "name"], property, ("location", "text"), &[]);
            if components.len() > 1 {
                made.set(&[MAIN], key.as_str());
            }
            place = Some(key);
            taking.done(index);
        }
    }
    for (index, property) in taking.lines("geo") {
        let Some(uri) = geo_uri(property) else { continue };
        let key = match (&place, property.parameter("jsid")) {
            (Some(place), None) => place.clone(),
            _ => key::of_property(property),
        };
        let set = match made.member(LOCATIONS, &key) {
            Some(place) if !place.contains_key("coordinates") => {
                place.insert("coordinates".to_owned(), uri.into());
                true
            }
            Some(_) => false,
            None => made.set(&[LOCATIONS, &key], location("coordinates", &uri)),
        };
        if set {
            made.note(&[LOCATIONS, &key, "coordinates"], property, ("coordinates", "float"), &[]);
            taking.done(index);
        }
    }
    if let (None, Some(derived)) = (place, taking.node.lines.iter().find(|line| line.name == "location" && line.is_derived())) {
        let named = components.iter().find(|(_, node)| node.text("name") == derived.word());
        if let Some((_, node)) = named.filter(|_| components.len() > 1) {
            made.set(&[MAIN], key::of_node(node));
        }
    }
    for (index, property) in taking.lines("conference") {
        if take_conference(made, property) {
            taking.done(index);
        }
    }
}

fn location(member: &str, value: &str) -> Object {
    let mut location = Map::new();
    location.insert("@type".to_owned(), "Location".into());
    location.insert(member.to_owned(), value.into());
    location
}

/// A "geo" URI (RFC 5870) of a GEO property.
fn geo_uri(property: &Abstract) -> Option<String> {
    match property.values.as_slice() {
        [Value::Structured(parts)] => match parts.as_slice() {
            [latitude, longitude] => Some(format!("geo:{},{}", number(latitude)?, number(longitude)?)),
            _ => None,
        },
        _ => None,
    }
}

fn number(value: &Value) -> Option<String> {
    match value {
        Value::Float(number) => Some(number.to_string()),
        Value::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

fn geo_line(uri: &str) -> Option<Abstract> {
    let (latitude, longitude) = uri.strip_prefix("geo:")?.split_once(',')?;
    let part = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float);
    Some(Abstract::plain("geo", "float", Value::Structured(vec![part(latitude)?, part(longitude)?])))
}

/// COORDINATES and GEO of a VLOCATION.
pub(super) fn take_coordinates(made: &mut Made, taking: &mut Taking<'_>, _: &Context<'_>) {
    for (index, property) in taking.lines("coordinates") {
        if let Some(uri) = property.word()
            && made.set(&["coordinates"], uri)
        {
            made.note(&["coordinates"], property, ("coordinates", "uri"), &[]);
            taking.done(index);
        }
    }
    for (index, property) in taking.lines("geo") {
        if let Some(uri) = geo_uri(property)
            && made.set(&["coordinates"], uri)
        {
            made.note(&["coordinates"], property, ("coordinates", "float"), &[]);
            taking.done(index);
        }
    }
}

pub(super) fn give_coordinates(_: Kind, object: &Object, node: &mut Node, _: &Context<'_>) -> Result<(), ConversionError> {
    let carried = Carried::of(object);
    let Some(uri) = text(object, "coordinates")? else { return Ok(()) };
    let path = &["coordinates"];
    let geo = geo_line(uri).filter(|_| carried.name(path) == Some("geo"));
    node.lines.push(match geo {
        Some(geo) => carried.restore_parameters(path, geo),
        None => carried.restore(path, Abstract::plain("coordinates", "uri", Value::Word(uri.to_owned()))),
    });
    Ok(())
}

pub(super) fn give(_: Kind, object: &Object, node: &mut Node, context: &Context<'_>) -> Result<(), ConversionError> {
    let carried = Carried::of(object);
    let locations = members(object, LOCATIONS)?;
    let main = text(object, MAIN)?;
    let is_geo = |key: &str| carried.name(&[LOCATIONS, key, "coordinates"]) == Some("geo");
    // A LOCATION holds a name alone, a GEO beside it the coordinates.
    let fits = |key: &str, location: &Object| {
        let more = location.contains_key("links") || location.contains_key("locationTypes") || location.contains_key("iCalendar");
        !more && (!location.contains_key("coordinates") || is_geo(key))
    };
    let candidates: Vec<_> = locations.iter().filter(|(key, location)| fits(key, location) && location.contains_key("name")).collect();
    let chosen = match main {
        Some(main) => candidates.iter().find(|(key, _)| *key == main).map(|(key, _)| *key),
        // Beside several VLOCATIONs a LOCATION would say which one is the main one.
        None if locations.len() > 2 => None,
        None => candidates.first().map(|(key, _)| *key),
    };
    for (key, location) in &locations {
        let mut has_line = false;
        let own = key::of_value;
        if chosen == Some(*key)
            && let Some(name) = text(location, "name")?
        {
            let line = carried.restore(&[LOCATIONS, key, "name"], Abstract::text("location", name));
            let keyed = context.keys || **key != own(&line.raw());
            node.lines.push(if keyed { line.with("jsid", key) } else { line });
            has_line = true;
        }
        let coordinates = text(location, "coordinates")?.and_then(geo_line);
        if let Some(line) = coordinates.filter(|_| is_geo(key) && (has_line || (fits(key, location) && !location.contains_key("name")))) {
            let keyed = if has_line { context.keys } else { context.keys || **key != own(&line.raw()) };
            let line = carried.restore_parameters(&[LOCATIONS, key, "coordinates"], line);
            node.lines.push(if keyed { line.with("jsid", key) } else { line });
            has_line = true;
        }
        if has_line {
            continue;
        }
        let mut inside = node_of(Kind::Location, location, context)?;
        key::identify(&mut inside, key, context.keys);
        let derived = main == Some(key) || (locations.len() == 1 && !Carried::of(location).names("vlocation"));
        if let Some(name) = text(location, "name")?.filter(|_| derived) {
            node.lines.push(Abstract::text("location", name).derived());
        }
        node.inside.push(inside);
    }
    for (key, location) in members(object, VIRTUAL)? {
        give_conference(carried, key, location, node, context)?;
    }
    Ok(())
}

fn take_conference(made: &mut Made, property: &Abstract) -> bool {
    let Some(uri) = property.word() else { return false };
    let mut location = Map::new();
    location.insert("@type".to_owned(), "VirtualLocation".into());
    location.insert("uri".to_owned(), uri.into());
    if let Some(name) = property.parameter("label") {
        location.insert("name".to_owned(), name.into());
    }
    let features = property.parameter_values("feature");
    if !features.is_empty() {
        let features: Object = features.iter().map(|feature| (feature.to_ascii_lowercase(), Json::Bool(true))).collect();
        location.insert("features".to_owned(), features.into());
    }
    let key = key::of_property(property);
    let set = made.set(&[VIRTUAL, &key], location);
    if set {
        made.note(&[VIRTUAL, &key, "uri"], property, ("conference", "uri"), &["label", "feature"]);
    }
    set
}

fn give_conference(
    carried: Carried<'_>,
    key: &str,
    location: &Object,
    node: &mut Node,
    context: &Context<'_>,
) -> Result<(), ConversionError> {
    let Some(uri) = text(location, "uri")? else { return Err(ConversionError(format!("the virtual location {key:.60?} has no uri"))) };
    let mut line = Abstract::plain("conference", "uri", Value::Word(uri.to_owned()));
    let features: Vec<String> = set_keys(location, "features")?.iter().map(|feature| feature.to_ascii_uppercase()).collect();
    if !features.is_empty() {
        line.parameters.push(("feature".to_owned(), features));
    }
    if let Some(name) = text(location, "name")? {
        line = line.with("label", name);
    }
    let line = carried.restore(&[VIRTUAL, key, "uri"], line);
    let keyed = context.keys || *key != key::of_value(&line.raw());
    node.lines.push(if keyed { line.with("jsid", key) } else { line });
    Ok(())
}
