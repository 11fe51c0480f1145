//! jCal: iCalendar in JSON, RFC 7265.

use serde_json::{Map, Value as Json};

use super::faithful::faithful;
use super::line::name_of;
use super::types::NUMERIC_PARTS;
use super::{Abstract, ConversionError, Value, basic, is_name, json, shape, write_component};
use crate::Limits;
use crate::component::Component;
use crate::content_line::Property;
use crate::convert::Shape;

/// A component, usually a VCALENDAR, as jCal (RFC 7265 §3.3). What its type does not allow, or a number that JSON would round, has the type
/// "unknown"; a parameter that stands twice has the values of both.
///
/// # Errors
/// What no content line can hold, and so would not come back: odd names, control characters.
pub fn write(component: &Component<'_>) -> Result<String, ConversionError> {
    json_of_component(component).map(|json| json.to_string())
}

/// As deep as the tree is, which [`Limits::nesting_levels_max`] bounds.
fn json_of_component(component: &Component<'_>) -> Result<Json, ConversionError> {
    let name = name_of(component.name())?.to_ascii_lowercase();
    let faithful = |line: Property<'_>| faithful(&line, Abstract::typed(&line), |form| Ok(json_of_property(form)), property);
    let properties = component.properties().map(faithful).collect::<Result<_, _>>()?;
    let inside = component.components().map(|inside| json_of_component(&inside)).collect::<Result<_, _>>()?;
    Ok(Json::Array(vec![name.into(), properties, inside]))
}

/// A property that is carried in another format: as it is written where its type would not bring it back.
pub(crate) fn carried(line: &Abstract) -> Json {
    let json = json_of_property(line);
    let comes_back = property(&json).is_ok_and(|back| back.line() == line.line());
    if comes_back { json } else { json_of_property(&line.untyped()) }
}

/// RFC 7265 §3.4.
fn json_of_property(property: &Abstract) -> Json {
    let parameters: Map<String, Json> = property.parameters.iter().map(|(name, values)| (name.clone(), one_or_many(values))).collect();
    let mut json = vec![property.name.as_str().into(), Json::Object(parameters), property.value_type.as_str().into()];
    json.extend(property.values.iter().map(json_of_value));
    Json::Array(json)
}

/// RFC 7265 §3.5.2.
fn one_or_many(values: &[String]) -> Json {
    match values {
        [one] => one.as_str().into(),
        many => many.iter().map(String::as_str).collect(),
    }
}

fn json_of_value(value: &Value) -> Json {
    match value {
        Value::Word(word) => word.as_str().into(),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Boolean(value) => (*value).into(),
        Value::Period(start, end) => [start.as_str(), end.as_str()].into_iter().collect(),
        Value::Recur(parts) => Json::Object(parts.iter().map(|(name, values)| (name.clone(), json_of_part(name, values))).collect()),
        Value::Structured(parts) => parts.iter().map(json_of_value).collect(),
    }
}

/// RFC 7265 §3.6.10.
fn json_of_part(name: &str, values: &[String]) -> Json {
    let json = |value: &String| match value.parse::<i64>() {
        Ok(number) if NUMERIC_PARTS.contains(&name) && number.to_string() == *value => number.into(),
        _ => Json::from(value.as_str()),
    };
    match values {
        [one] => json(one),
        many => many.iter().map(json).collect(),
    }
}

/// A jCal text as iCalendar, lines folded (RFC 7265 §5.2).
///
/// # Errors
/// What is not jCal, or holds what content lines cannot; more than the limits allow.
pub fn read(text: &str, limits: &Limits) -> Result<Vec<u8>, ConversionError> {
    if text.len() > limits.object_bytes_max {
        return Err(ConversionError(format!("the jCal text has more than {} bytes", limits.object_bytes_max)));
    }
    let mut out = Vec::with_capacity(text.len());
    component(&json::parse(text)?, limits.nesting_levels_max, &mut out)?;
    Ok(out)
}

fn component(json: &Json, levels: usize, out: &mut Vec<u8>) -> Result<(), ConversionError> {
    let wrong = || ConversionError("a component is an array of its name, its properties and its components".to_owned());
    let Some([Json::String(name), Json::Array(properties), Json::Array(components)]) = json.as_array().map(Vec::as_slice) else {
        return Err(wrong());
    };
    if levels == 0 {
        return Err(ConversionError("components are nested too deep".to_owned()));
    }
    write_component(name, out, |out| {
        properties.iter().try_for_each(|json| property(json)?.write(out))?;
        components.iter().try_for_each(|json| component(json, levels - 1, out))
    })
}

pub(crate) fn property(json: &Json) -> Result<Abstract, ConversionError> {
    let wrong = || ConversionError("a property is an array of its name, its parameters, its type and its values".to_owned());
    let Some([Json::String(name), Json::Object(parameters), Json::String(value_type), values @ ..]) = json.as_array().map(Vec::as_slice)
    else {
        return Err(wrong());
    };
    if values.is_empty() {
        return Err(wrong());
    }
    let (name, value_type) = (name.to_ascii_lowercase(), value_type.to_ascii_lowercase());
    let parameters = parameters.iter().map(|(parameter, values)| Some((parameter.to_ascii_lowercase(), words(values)?)));
    let parameters: Vec<_> =
        parameters.collect::<Option<_>>().ok_or_else(|| ConversionError(format!("{name} has a parameter that is no text")))?;
    if has_name_twice(&parameters) {
        return Err(ConversionError(format!("{name} has two parameters of one name")));
    }
    let values = values.iter().map(|value| value_of(&name, &value_type, value));
    let values = values.collect::<Option<_>>().ok_or_else(|| ConversionError(format!("{name} has a value that is no {value_type}")))?;
    Ok(Abstract { name, parameters, value_type, values })
}

/// JSON tells names apart by case, content lines do not.
fn has_name_twice(named: &[(String, Vec<String>)]) -> bool {
    let mut names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| matches!(pair, [one, other] if one == other))
}

/// A word or a list of words.
fn words(json: &Json) -> Option<Vec<String>> {
    match json {
        Json::Array(many) => many.iter().map(word).collect(),
        one => Some(vec![word(one)?]),
    }
}

fn word(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(value) => Some(if *value { "TRUE" } else { "FALSE" }.to_owned()),
        _ => None,
    }
}

fn value_of(name: &str, value_type: &str, json: &Json) -> Option<Value> {
    Some(match json {
        Json::String(text) => Value::Word(text.clone()),
        Json::Bool(value) => Value::Boolean(*value),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => Value::Float(number.as_f64()?),
        },
        Json::Object(parts) if value_type == "recur" => Value::Recur(recur(parts)?),
        Json::Array(parts) => match (value_type, shape(name), parts.as_slice()) {
            ("period", _, [Json::String(start), Json::String(end)]) => Value::Period(start.clone(), end.clone()),
            (_, Shape::Structured(_), parts) => {
                Value::Structured(parts.iter().map(|part| value_of("", value_type, part)).collect::<Option<_>>()?)
            }
            _ => return None,
        },
        Json::Object(_) | Json::Null => return None,
    })
}

/// FREQ comes first (RFC 5545 §3.3.10 asks it of writers that old readers understand).
fn recur(parts: &Map<String, Json>) -> Option<Vec<(String, Vec<String>)>> {
    let mut read: Vec<(String, Vec<String>)> =
        parts.iter().map(|(name, values)| Some((name.to_ascii_lowercase(), words(values)?))).collect::<Option<_>>()?;
    // A part becomes text between semicolons: a separator inside would make more of it.
    let clean = |text: &String| !text.is_empty() && !basic(text).contains([';', '=', ',', ':']);
    if has_name_twice(&read) || !read.iter().all(|(name, values)| is_name(name) && values.iter().all(clean)) {
        return None;
    }
    read.sort_by_key(|(name, _)| name != "freq");
    Some(read)
}
