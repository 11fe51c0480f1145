//! The other spellings of iCalendar: jCal (RFC 7265) and xCal (RFC 6321), both ways, without loss.
//!
//! Both stand on one abstract form: a property has a name, parameters, a value type and values; this module goes between it and content
//! lines. What is written is read back first: a value whose typed form would come back otherwise goes over as it is written, as a value of
//! unknown type, and what even so would not come back is refused.
//!
//! ```
//! use kalends_ical::convert::jcal;
//! use kalends_ical::{Document, Limits};
//!
//! let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260105T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
//! let json = jcal::write(&Document::parse(text.into(), &Limits::default())?.root())?;
//! assert!(json.contains(r#"["dtstart",{},"date-time","2026-01-05T09:00:00Z"]"#));
//! assert_eq!(String::from_utf8(jcal::read(&json, &Limits::default())?)?, text);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod faithful;
pub mod jcal;
pub mod jscalendar;
mod json;
mod line;
#[cfg(test)]
mod tests;
mod types;
pub mod xcal;

use std::collections::HashMap;

use crate::content_line::Property;
use crate::value::unescape;
pub(crate) use line::{is_control, is_delimiter, is_name, parameter_value, write_component};
pub(crate) use types::{Shape, default_type, shape};

const BINARY: &str = "binary";
const BASE64: &str = "BASE64";

/// Why a text in one spelling cannot be written in another: a sentence for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversionError(pub String);

impl std::fmt::Display for ConversionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConversionError {}

/// A property in the abstract form: names in lower case, parameters decoded, VALUE told by `value_type`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Abstract {
    pub name: String,
    pub parameters: Vec<(String, Vec<String>)>,
    pub value_type: String,
    pub values: Vec<Value>,
}

/// A value in the spelling jCal and xCal share: times as RFC 3339 writes them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Text, an address, a time, anything that is one word.
    Word(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// Start, and end or duration.
    Period(String, String),
    /// Parts in their order, names in lower case.
    Recur(Vec<(String, Vec<String>)>),
    /// GEO and REQUEST-STATUS.
    Structured(Vec<Value>),
}

impl Abstract {
    /// Takes a content line apart.
    pub fn of(property: &Property<'_>) -> Self {
        let name = property.name().to_ascii_lowercase();
        let mut value_type = None;
        let mut parameters = parameters_of(property);
        parameters.retain_mut(|(parameter, values)| {
            // No parameter can bring a carriage return back (RFC 6868 §3).
            values.iter_mut().filter(|value| value.contains('\r')).for_each(|value| *value = value.replace('\r', ""));
            if parameter == "value" {
                value_type = values.first().map(|value| value.to_ascii_lowercase());
            }
            parameter != "value"
        });
        let value_type = value_type.unwrap_or_else(|| default_type(&name).to_owned());
        if value_type == BINARY {
            // The type says it already (RFC 7265 §3.6.1, RFC 6321 §3.6.1).
            parameters.retain(|(name, values)| name != "encoding" || *values != [BASE64]);
        }
        let values = read_values(&name, &value_type, &property.value());
        Self { name, parameters, value_type, values }
    }
}

/// The parameters, names in lower case; one that stands there more than once has all the values.
fn parameters_of(property: &Property<'_>) -> Vec<(String, Vec<String>)> {
    let mut parameters: Vec<(String, Vec<String>)> = Vec::new();
    let mut places = HashMap::new();
    for (name, mut values) in property.parameters() {
        let name = name.to_ascii_lowercase();
        match places.get(&name).and_then(|at: &usize| parameters.get_mut(*at)) {
            Some((_, all)) => all.append(&mut values),
            None => {
                places.insert(name.clone(), parameters.len());
                parameters.push((name, values));
            }
        }
    }
    parameters
}

fn read_values(name: &str, value_type: &str, raw: &str) -> Vec<Value> {
    match shape(name) {
        Shape::Structured(parts) => {
            let texts = split_unescaped(raw, ';', parts.len());
            vec![Value::Structured(texts.iter().map(|text| read_value(value_type, text)).collect())]
        }
        Shape::List if value_type != "unknown" => {
            split_unescaped(raw, ',', usize::MAX).iter().map(|text| read_value(value_type, text)).collect()
        }
        _ => vec![read_value(value_type, raw)],
    }
}

/// At separators that no backslash stands before; the last part takes what is beyond `most`.
fn split_unescaped(text: &str, separator: char, most: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for character in text.chars() {
        let divides = character == separator && !escaped && parts.len() < most;
        escaped = character == '\\' && !escaped;
        if divides {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(character);
        }
    }
    parts
}

fn read_value(value_type: &str, raw: &str) -> Value {
    let word = || Value::Word(raw.to_owned());
    match value_type {
        // A carriage return alone is no character of a TEXT (RFC 5545 §3.3.11); nothing could bring it back.
        "text" => Value::Word(unescape(raw).replace('\r', "")),
        "integer" => raw.trim().parse().map_or_else(|_| word(), Value::Integer),
        "float" => read_float(raw.trim()).map_or_else(word, Value::Float),
        "boolean" if raw.eq_ignore_ascii_case("TRUE") => Value::Boolean(true),
        "boolean" if raw.eq_ignore_ascii_case("FALSE") => Value::Boolean(false),
        "period" => match raw.split_once('/') {
            Some((start, end)) => Value::Period(extended(start), extended(end)),
            None => word(),
        },
        "recur" => read_recur(raw).map_or_else(word, Value::Recur),
        "date" | "date-time" | "time" | "utc-offset" => Value::Word(extended(raw)),
        _ => word(),
    }
}

/// Digits that every number of double precision keeps (RFC 7265 §3.6.5 writes such).
const FLOAT_DIGITS_MAX: usize = 15;

fn read_float(text: &str) -> Option<f64> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let fits = digits.trim_matches('0').len() <= FLOAT_DIGITS_MAX;
    text.parse().ok().filter(|number: &f64| fits && number.is_finite())
}

fn read_recur(raw: &str) -> Option<Vec<(String, Vec<String>)>> {
    let parts = raw.split(';').filter(|part| !part.is_empty());
    let parts = parts.map(|part| {
        let (name, value) = part.split_once('=')?;
        let values = value.split(',').map(|value| if name.eq_ignore_ascii_case("UNTIL") { extended(value) } else { value.to_owned() });
        Some((name.trim().to_ascii_lowercase(), values.collect()))
    });
    parts.collect()
}

/// Texts in one, told apart by their lengths: inside others they grow by little, where quotes would double with each level.
pub(crate) fn framed<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::new();
    for text in texts {
        out.push_str(&format!("{}:", text.len()));
        out.push_str(text);
    }
    out
}

/// Shapes of dates, times and offsets in content lines; `0` stands for a digit, `+` for a sign. Beside each the spelling of RFC 3339.
const SHAPES: &[(&str, &str)] = &[
    ("00000000T000000Z", "0000-00-00T00:00:00Z"),
    ("00000000T000000", "0000-00-00T00:00:00"),
    ("00000000", "0000-00-00"),
    ("000000Z", "00:00:00Z"),
    ("000000", "00:00:00"),
    ("+000000", "+00:00:00"),
    ("+0000", "+00:00"),
];

fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'0' => byte.is_ascii_digit(),
            b'+' => matches!(byte, b'+' | b'-'),
            other => byte == other,
        })
}

/// `20260101T090000Z` as `2026-01-01T09:00:00Z`; what has another shape stays as it is.
pub(crate) fn extended(text: &str) -> String {
    let Some((_, wanted)) = SHAPES.iter().find(|(basic, _)| has_shape(text, basic)) else { return text.to_owned() };
    let mut rest = text.chars();
    wanted.chars().map(|c| if matches!(c, '-' | ':') { c } else { rest.next().unwrap_or(c) }).collect()
}

/// The other way.
pub(crate) fn basic(text: &str) -> String {
    let Some((wanted, _)) = SHAPES.iter().find(|(_, extended)| has_shape(text, extended)) else { return text.to_owned() };
    let sign = wanted.starts_with('+');
    text.chars().enumerate().filter(|(index, c)| (sign && *index == 0) || !matches!(c, '-' | ':')).map(|(_, c)| c).collect()
}
