//! Components in the abstract form, apart from any text, and how they stand in jCal.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::key;
use crate::component::Component;
use crate::convert::{Abstract, ConversionError, Value, basic, extended, framed, jcal, parameter_value, write_component};
use crate::stream::write_folded;
use crate::value::{escape, unescape};

/// A component: its name in lower case, its properties, its components.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub name: String,
    pub lines: Vec<Abstract>,
    pub inside: Vec<Node>,
    /// Properties that are carried as they are, because their conversion would not bring them back.
    pub held: BTreeSet<usize>,
    /// Components of the same kind.
    pub held_inside: BTreeSet<usize>,
}

impl Node {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), lines: Vec::new(), inside: Vec::new(), held: BTreeSet::new(), held_inside: BTreeSet::new() }
    }

    /// As deep as the tree is, which the limits bound.
    pub fn of(component: &Component<'_>) -> Self {
        let lines = component.properties().map(|property| typed(Abstract::of(&property))).collect();
        let inside = component.components().map(|inside| Self::of(&inside)).collect();
        Self { lines, inside, ..Self::new(&component.name().to_ascii_lowercase()) }
    }

    /// RFC 7265 §3.3.
    pub fn json(&self) -> Json {
        let properties: Vec<Json> = self.lines.iter().map(jcal::carried).collect();
        let components: Vec<Json> = self.inside.iter().map(Self::json).collect();
        Json::Array(vec![self.name.as_str().into(), Json::Array(properties), Json::Array(components)])
    }

    /// The other way.
    pub fn of_json(json: &Json, levels: usize) -> Result<Self, ConversionError> {
        let wrong =
            || ConversionError("a component in iCalendar/components is one in jCal: its name, its properties, its components".to_owned());
        let Some([Json::String(name), Json::Array(properties), Json::Array(components)]) = json.as_array().map(Vec::as_slice) else {
            return Err(wrong());
        };
        let Some(levels) = levels.checked_sub(1) else { return Err(ConversionError("components are nested too deep".to_owned())) };
        let lines = properties.iter().map(|json| jcal::property(json).map(typed)).collect::<Result<_, _>>()?;
        let inside = components.iter().map(|json| Self::of_json(json, levels)).collect::<Result<_, _>>()?;
        Ok(Self { lines, inside, ..Self::new(&name.to_ascii_lowercase()) })
    }

    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), ConversionError> {
        write_component(&self.name, out, |out| {
            for line in &self.lines {
                match line.name.as_str() {
                    "jsprop" => write_pointer(line, out)?,
                    _ => untyped(line).write(out)?,
                }
            }
            self.inside.iter().try_for_each(|inside| inside.write(out))
        })
    }

    pub fn line(&self, name: &str) -> Option<&Abstract> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// The text of its first property of that name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.line(name).and_then(Abstract::word)
    }

    /// What it says, whatever the order it says it in, but for what is derived: alike nodes have alike meanings.
    pub fn meaning(&self) -> Vec<String> {
        let mut said: Vec<String> = self.lines.iter().filter(|line| !line.is_derived()).flat_map(meaning).collect();
        said.extend(self.inside.iter().map(Self::whole_meaning));
        said.sort();
        said
    }

    /// That in one, with its name.
    pub fn whole_meaning(&self) -> String {
        framed(std::iter::once(self.name.as_str()).chain(self.meaning().iter().map(String::as_str)))
    }
}

/// The properties of this conversion are TEXT where VALUE does not say so (draft §4.1).
const TEXTS: &[&str] = &["jsid", "jsprop"];

pub(super) fn typed(mut line: Abstract) -> Abstract {
    if let (true, "unknown", [Value::Word(word)]) =
        (TEXTS.contains(&line.name.as_str()), line.value_type.as_str(), line.values.as_mut_slice())
    {
        *word = unescape(word).into_owned();
        "text".clone_into(&mut line.value_type);
    }
    line
}

fn untyped(line: &Abstract) -> std::borrow::Cow<'_, Abstract> {
    match (line.value_type.as_str(), line.values.as_slice()) {
        ("text", [Value::Word(word)]) if TEXTS.contains(&line.name.as_str()) => {
            let line = Abstract { value_type: "unknown".to_owned(), values: vec![Value::Word(escape(word))], ..line.clone() };
            std::borrow::Cow::Owned(line)
        }
        _ => std::borrow::Cow::Borrowed(line),
    }
}

/// JSPTR stands in quotes whatever it is (draft §4.2.2).
fn write_pointer(line: &Abstract, out: &mut Vec<u8>) -> Result<(), ConversionError> {
    let mut text = Vec::new();
    let rest = line.parameters.iter().filter(|(name, _)| name != "jsptr").cloned().collect();
    untyped(&Abstract { parameters: rest, ..line.clone() }).write(&mut text)?;
    let text = String::from_utf8_lossy(&text).replace("\r\n ", "");
    let pointer = parameter_value(line.parameter("jsptr").unwrap_or_default());
    let pointer = pointer.trim_matches('"');
    if pointer.chars().any(char::is_control) {
        return Err(ConversionError("a pointer holds a control character".to_owned()));
    }
    let rest = text.trim_end().get("jsprop".len()..).unwrap_or_default();
    write_folded(&format!("JSPROP;JSPTR=\"{pointer}\"{rest}"), out);
    Ok(())
}

impl Abstract {
    /// A property without parameters.
    pub(super) fn plain(name: &str, value_type: &str, value: Value) -> Self {
        Self { name: name.to_owned(), parameters: Vec::new(), value_type: value_type.to_owned(), values: vec![value] }
    }

    pub(super) fn text(name: &str, value: &str) -> Self {
        Self::plain(name, "text", Value::Word(value.to_owned()))
    }

    /// The first value of a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameter_values(name).first().map(String::as_str)
    }

    pub(super) fn parameter_values(&self, name: &str) -> &[String] {
        self.parameters.iter().find(|(known, _)| known == name).map_or(&[], |(_, values)| values.as_slice())
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), vec![value.to_owned()]));
        self
    }

    /// Marks what this conversion adds because iCalendar asks for it (RFC 9073 §5.3).
    pub(super) fn derived(self) -> Self {
        self.with("derived", "TRUE")
    }

    pub(super) fn is_derived(&self) -> bool {
        self.parameter("derived").is_some_and(|value| value.eq_ignore_ascii_case("TRUE"))
    }

    /// Its one value, if that is a word.
    pub(super) fn word(&self) -> Option<&str> {
        match self.values.as_slice() {
            [Value::Word(word)] => Some(word),
            _ => None,
        }
    }

    /// Its value as content lines have it, for keys made of it.
    pub(super) fn raw(&self) -> String {
        let one = |value: &Value| match value {
            Value::Word(word) if self.value_type == "text" => escape(word),
            Value::Word(word) => word.clone(),
            Value::Float(number) => number.to_string(),
            other => format!("{other:?}"),
        };
        let of = |value: &Value| match value {
            Value::Structured(parts) => parts.iter().map(one).collect::<Vec<_>>().join(";"),
            other => one(other),
        };
        self.values.iter().map(of).collect::<Vec<_>>().join(",")
    }
}

/// What a property says, one line for each of its values: without JSID, which serves conversion alone, and without what case, order and
/// signs leave open.
pub(super) fn meaning(property: &Abstract) -> Vec<String> {
    if matches!(property.name.as_str(), "jsid" | "jsprop") {
        return Vec::new();
    }
    let mut parameters: Vec<String> = Vec::new();
    // A TZID on UTC time means nothing (RFC 5545 §3.2.19).
    let is_utc = |value: &Value| matches!(value, Value::Word(word) if word.ends_with('Z'));
    let idle = |name: &str| name == "jsid" || (name == "tzid" && property.values.iter().all(is_utc));
    for (name, values) in property.parameters.iter().filter(|(name, _)| !idle(name)) {
        let mut values = values.clone();
        values.sort();
        parameters.push(format!("{name}={values:?}"));
    }
    parameters.sort();
    // Before each of many values long parameters would make too much of a hostile property.
    let mut parameters = format!("{parameters:?}");
    if parameters.len() > PARAMETERS_BYTES_MAX && property.values.len() > 1 {
        parameters = key::of_value(&parameters);
    }
    let is_date = |word: &str| word.len() == 10 && basic(word).len() == 8;
    let one = |value: &Value| {
        let mut value_type = property.value_type.as_str();
        let said = match value {
            Value::Word(word) if value_type == "date-time" && is_date(word) => {
                value_type = "date";
                format!("{value:?}")
            }
            Value::Word(word) if matches!(property.name.as_str(), "status" | "class" | "transp" | "action" | "method") => {
                word.to_ascii_uppercase()
            }
            Value::Recur(parts) => {
                let mut parts: Vec<String> = parts.iter().map(|(name, values)| part_meaning(name, values)).collect();
                parts.sort();
                parts.join(";")
            }
            other => format!("{other:?}"),
        };
        format!("{} {parameters} {value_type} {said}", property.name)
    };
    property.values.iter().map(one).collect()
}

/// Longer ones are told by a digest.
const PARAMETERS_BYTES_MAX: usize = 256;

fn part_meaning(name: &str, values: &[String]) -> String {
    let mut values: Vec<String> =
        values.iter().map(|value| extended(value.trim()).trim_start_matches(['+', '0']).to_ascii_uppercase()).collect();
    values.sort();
    format!("{name}={values:?}")
}
