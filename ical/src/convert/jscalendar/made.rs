//! A JSCalendar object in the making, and the "iCalendar" property that carries what has no counterpart (draft §5.1.1).

use serde_json::{Map, Value as Json, json};

use super::Kind;
use super::node::{Node, typed};
use super::patch::pointer;
use crate::convert::{Abstract, ConversionError, jcal};

pub(super) type Object = Map<String, Json>;

/// Bytes of parameters noted for the values of one property: less than what a list of the greatest size has itself.
const NOTES_BYTES_MAX: usize = 8 * 1024 * 1024;

pub(super) struct Made {
    pub kind: Kind,
    pub map: Object,
    pub kept: Vec<Json>,
    pub components: Vec<Json>,
    pub converted: Object,
}

impl Made {
    pub fn new(kind: Kind) -> Self {
        let mut map = Object::new();
        map.insert("@type".to_owned(), kind.type_name().into());
        Self { kind, map, kept: Vec::new(), components: Vec::new(), converted: Object::new() }
    }

    /// Sets what is not there yet; objects on the way to it are made.
    pub fn set(&mut self, path: &[&str], value: impl Into<Json>) -> bool {
        let Some((last, parents)) = path.split_last() else { return false };
        let mut at = &mut self.map;
        for part in parents {
            match at.entry(*part).or_insert_with(|| Json::Object(Object::new())) {
                Json::Object(inside) => at = inside,
                _ => return false,
            }
        }
        if at.contains_key(*last) {
            return false;
        }
        at.insert((*last).to_owned(), value.into());
        true
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.map.get(name).and_then(Json::as_str)
    }

    /// The object at a key of a collection.
    pub fn member(&mut self, collection: &str, key: &str) -> Option<&mut Object> {
        self.map.get_mut(collection)?.get_mut(key)?.as_object_mut()
    }

    /// Carries a property as it is.
    pub fn keep(&mut self, property: &Abstract) {
        self.kept.push(jcal::carried(property));
    }

    pub fn keep_component(&mut self, node: &Node) {
        self.components.push(node.json());
    }

    /// Whether parameters of a property may be noted for each of its values: many notes of long ones would make too much of a hostile property.
    pub fn may_note(property: &Abstract) -> bool {
        Self::may_note_for(property, property.values.len())
    }

    /// Whether its parameters may stand so many times.
    pub fn may_note_for(property: &Abstract, times: usize) -> bool {
        let bytes = |(name, values): &(String, Vec<String>)| name.len() + values.iter().map(|value| value.len() + 1).sum::<usize>();
        times < 2 || property.parameters.iter().map(bytes).sum::<usize>().saturating_mul(times) <= NOTES_BYTES_MAX
    }

    /// Notes what of a converted property its counterpart does not say: its name, its type and parameters where they are not the `usual`
    /// ones or not among the `consumed`.
    pub fn note(&mut self, path: &[&str], property: &Abstract, usual: (&str, &str), consumed: &[&str]) {
        let value_type = (property.value_type != usual.1).then_some(property.value_type.as_str());
        let left = property.parameters.iter().filter(|(name, _)| name != "jsid" && !consumed.contains(&name.as_str()));
        let left: Vec<_> = left.cloned().collect();
        if property.name != usual.0 || value_type.is_some() || !left.is_empty() {
            self.note_all(path, &property.name, value_type, &left);
        }
    }

    pub fn note_all(&mut self, path: &[&str], name: &str, value_type: Option<&str>, parameters: &[(String, Vec<String>)]) {
        let mut note = Object::new();
        note.insert("@type".to_owned(), "ICalProperty".into());
        note.insert("name".to_owned(), name.into());
        if let Some(value_type) = value_type {
            note.insert("valueType".to_owned(), value_type.into());
        }
        if !parameters.is_empty() {
            let of = |values: &[String]| match values {
                [one] => Json::from(one.as_str()),
                many => Json::from(many.to_vec()),
            };
            note.insert(
                "parameters".to_owned(),
                parameters.iter().map(|(name, values)| (name.clone(), of(values))).collect::<Object>().into(),
            );
        }
        self.converted.insert(pointer(path), note.into());
    }

    /// Notes that a property has not the parameter its counterpart would have.
    pub fn note_absent(&mut self, path: &[&str], name: &str, parameter: &str) {
        let note = self.converted.entry(pointer(path)).or_insert_with(|| json!({"@type": "ICalProperty", "name": name}));
        let parameters = note.as_object_mut().map(|note| note.entry("parameters").or_insert_with(|| json!({})));
        if let Some(Json::Object(parameters)) = parameters {
            parameters.insert(parameter.to_owned(), json!([]));
        }
    }

    /// The object, with "iCalendar" where there is anything to say or it is to be `named`.
    pub fn finish(self, named: bool) -> Object {
        let Self { kind, mut map, kept, components, converted } = self;
        if named || !kept.is_empty() || !components.is_empty() || !converted.is_empty() {
            let mut carried = json!({"@type": "ICalComponent", "name": kind.component()});
            let parts =
                [("properties", Json::Array(kept)), ("components", Json::Array(components)), ("convertedProperties", converted.into())];
            for (name, part) in parts {
                let empty = part.as_array().is_some_and(Vec::is_empty) || part.as_object().is_some_and(Object::is_empty);
                if let (false, Some(carried)) = (empty, carried.as_object_mut()) {
                    carried.insert(name.to_owned(), part);
                }
            }
            map.insert("iCalendar".to_owned(), carried);
        }
        map
    }
}

/// What the "iCalendar" property of an object says, to be read.
#[derive(Clone, Copy)]
pub(super) struct Carried<'a>(Option<&'a Object>);

impl<'a> Carried<'a> {
    pub fn of(object: &'a Object) -> Self {
        Self(object.get("iCalendar").and_then(Json::as_object))
    }

    /// Whether it names the component the object was.
    pub fn names(self, component: &str) -> bool {
        self.0.and_then(|carried| carried.get("name")).and_then(Json::as_str).is_some_and(|name| name.eq_ignore_ascii_case(component))
    }

    fn list(self, name: &str) -> &'a [Json] {
        self.0.and_then(|carried| carried.get(name)).and_then(Json::as_array).map_or(&[], Vec::as_slice)
    }

    /// Properties that were carried as they are.
    pub fn properties(self) -> Result<Vec<Abstract>, ConversionError> {
        self.list("properties").iter().map(|json| jcal::property(json).map(typed)).collect()
    }

    pub fn components(self, levels: usize) -> Result<Vec<Node>, ConversionError> {
        self.list("components").iter().map(|json| Node::of_json(json, levels)).collect()
    }

    fn note(self, path: &[&str]) -> Option<&'a Object> {
        self.0?.get("convertedProperties")?.get(pointer(path))?.as_object()
    }

    /// The name of the property that became what is at this path.
    pub fn name(self, path: &[&str]) -> Option<&'a str> {
        self.note(path)?.get("name")?.as_str()
    }

    pub fn value_type(self, path: &[&str]) -> Option<&'a str> {
        self.note(path)?.get("valueType")?.as_str()
    }

    /// Its parameters; `None` where they are not told of.
    pub fn parameters(self, path: &[&str]) -> Option<Vec<(String, Vec<String>)>> {
        let words = |json: &Json| match json {
            Json::String(word) => vec![word.clone()],
            Json::Array(words) => words.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let parameters = self.note(path)?.get("parameters")?.as_object()?;
        Some(parameters.iter().map(|(name, values)| (name.to_ascii_lowercase(), words(values))).collect())
    }

    /// Gives a property back what is noted for it.
    pub fn restore(self, path: &[&str], mut property: Abstract) -> Abstract {
        if let Some(value_type) = self.value_type(path) {
            property.value_type = value_type.to_ascii_lowercase();
        }
        self.restore_parameters(path, property)
    }

    pub fn restore_parameters(self, path: &[&str], mut property: Abstract) -> Abstract {
        for (name, values) in self.parameters(path).unwrap_or_default() {
            if values.is_empty() {
                property.parameters.retain(|(known, _)| *known != name);
            } else if !property.parameters.iter().any(|(known, _)| *known == name) {
                property.parameters.push((name, values));
            }
        }
        property
    }
}

/// A member that is a text.
pub(super) fn text<'a>(object: &'a Object, name: &str) -> Result<Option<&'a str>, ConversionError> {
    match object.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(ConversionError(format!("{name:.60} is a string"))),
    }
}

/// The members of a member that is an object, each an object.
pub(super) fn members<'a>(object: &'a Object, name: &str) -> Result<Vec<(&'a String, &'a Object)>, ConversionError> {
    let wrong = || ConversionError(format!("{name:.60} is an object of objects"));
    match object.get(name) {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::Object(inside)) => {
            inside.iter().map(|(key, value)| Some((key, value.as_object()?))).collect::<Option<_>>().ok_or_else(wrong)
        }
        Some(_) => Err(wrong()),
    }
}

/// The keys of a set (RFC 8984 §1.2).
pub(super) fn set_keys(object: &Object, name: &str) -> Result<Vec<String>, ConversionError> {
    match object.get(name) {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::Object(set)) => Ok(set.iter().filter(|(_, value)| **value == Json::Bool(true)).map(|(key, _)| key.clone()).collect()),
        Some(_) => Err(ConversionError(format!("{name:.60} is an object of keys that are true"))),
    }
}
