//! jCal: iCalendar in JSON, RFC 7265.

use serde_json::{Map, Value as Json};

use super::types::NUMERIC_PARTS;
use super::{Abstract, ConversionError, Value, basic, shape, write_component};
use crate::Limits;
use crate::component::Component;
use crate::convert::Shape;

/// A component, usually a VCALENDAR, as jCal (RFC 7265 §3.3).
pub fn write(component: &Component<'_>) -> String {
    json_of_component(component).to_string()
}

/// As deep as the tree is, which [`Limits::nesting_levels_max`] bounds.
fn json_of_component(component: &Component<'_>) -> Json {
    let properties = component.properties().map(|property| json_of_property(&Abstract::of(&property)));
    let inside = component.components().map(|inside| json_of_component(&inside));
    Json::Array(vec![component.name().to_ascii_lowercase().into(), properties.collect(), inside.collect()])
}

/// RFC 7265 §3.4.
pub(crate) fn json_of_property(property: &Abstract) -> Json {
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
        Ok(number) if NUMERIC_PARTS.contains(&name) => number.into(),
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
    let json: Json = serde_json::from_str(text).map_err(|error| ConversionError(format!("the text is not JSON: {error}")))?;
    let mut out = Vec::with_capacity(text.len());
    component(&json, limits.nesting_levels_max, &mut out)?;
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
    let parameters = parameters.iter().map(|(parameter, values)| Some((parameter.clone(), words(values)?)));
    let parameters = parameters.collect::<Option<_>>().ok_or_else(|| ConversionError(format!("{name} has a parameter that is no text")))?;
    let values = values.iter().map(|value| value_of(&name, &value_type, value));
    let values = values.collect::<Option<_>>().ok_or_else(|| ConversionError(format!("{name} has a value that is no {value_type}")))?;
    Ok(Abstract { name, parameters, value_type, values })
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
    if !read.iter().all(|(name, values)| clean(name) && values.iter().all(clean)) {
        return None;
    }
    read.sort_by_key(|(name, _)| name != "freq");
    Some(read)
}
