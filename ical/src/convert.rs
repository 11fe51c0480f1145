//! The other spellings of iCalendar: jCal (RFC 7265) and xCal (RFC 6321), both ways, without loss.
//!
//! Both stand on one abstract form: a property has a name, parameters, a value type and values; this module goes between it and content
//! lines. A value that its type does not allow is carried as it is written, so that nothing is lost on the way.
//!
//! ```
//! use kalends_ical::convert::jcal;
//! use kalends_ical::{Document, Limits};
//!
//! let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260105T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
//! let json = jcal::write(&Document::parse(text.into(), &Limits::default())?.root());
//! assert!(json.contains(r#"["dtstart",{},"date-time","2026-01-05T09:00:00Z"]"#));
//! assert_eq!(String::from_utf8(jcal::read(&json, &Limits::default())?)?, text);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod jcal;
pub mod jscalendar;
#[cfg(test)]
mod tests;
mod types;
pub mod xcal;

use crate::content_line::Property;
use crate::stream::write_folded;
use crate::value::{escape, unescape};
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
        let mut parameters = Vec::new();
        for (parameter, values) in property.parameters() {
            if parameter.eq_ignore_ascii_case("VALUE") {
                value_type = values.into_iter().next().map(|value| value.to_ascii_lowercase());
            } else {
                let values = values.into_iter().map(|value| value.replace('\r', "")).collect();
                parameters.push((parameter.to_ascii_lowercase(), values));
            }
        }
        let value_type = value_type.unwrap_or_else(|| default_type(&name).to_owned());
        if value_type == BINARY {
            // The type says it already (RFC 7265 §3.6.1, RFC 6321 §3.6.1).
            parameters.retain(|(name, values)| name != "encoding" || *values != [BASE64]);
        }
        let values = read_values(&name, &value_type, &property.value());
        Self { name, parameters, value_type, values }
    }

    /// Writes it as a content line, folded.
    ///
    /// # Errors
    /// A name or a value that a content line cannot hold.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), ConversionError> {
        let mut line = name_of(&self.name)?;
        if self.value_type != "unknown" && self.value_type != default_type(&self.name) {
            line.push_str(";VALUE=");
            line.push_str(&name_of(&self.value_type)?);
        }
        if self.value_type == BINARY && !self.parameters.iter().any(|(name, _)| name == "encoding") {
            line.push_str(";ENCODING=BASE64");
        }
        for (name, values) in &self.parameters {
            line.push(';');
            line.push_str(&name_of(name)?);
            line.push('=');
            let values: Vec<String> = values.iter().map(|value| parameter_value(value)).collect();
            line.push_str(&values.join(","));
        }
        line.push(':');
        let separator = if matches!(shape(&self.name), Shape::Structured(_)) { ";" } else { "," };
        let mut written = Vec::new();
        for value in &self.values {
            match value {
                Value::Structured(parts) => {
                    written.extend(parts.iter().map(|part| write_value(&self.value_type, part)));
                }
                one => written.push(write_value(&self.value_type, one)),
            }
        }
        line.push_str(&written.join(separator));
        if let Some(control) = line.chars().find(|c| c.is_control() && *c != '\t') {
            return Err(ConversionError(format!("{} holds the control character {control:?}, which no content line can", self.name)));
        }
        write_folded(&line, out);
        Ok(())
    }
}

/// BEGIN, what stands inside, END.
pub(crate) fn write_component(
    name: &str,
    out: &mut Vec<u8>,
    inside: impl FnOnce(&mut Vec<u8>) -> Result<(), ConversionError>,
) -> Result<(), ConversionError> {
    let name = name_of(name)?;
    out.extend_from_slice(format!("BEGIN:{name}\r\n").as_bytes());
    inside(out)?;
    out.extend_from_slice(format!("END:{name}\r\n").as_bytes());
    Ok(())
}

/// A name as content lines spell it.
fn name_of(name: &str) -> Result<String, ConversionError> {
    if !name.is_empty() && name.len() <= 100 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    {
        return Ok(name.to_ascii_uppercase());
    }
    let shown: String = name.chars().take(40).collect();
    Err(ConversionError(format!("{shown:?} is no name of a component, property, parameter or type: letters, digits and hyphens are")))
}

/// RFC 6868 §3.1, in quotes where a separator asks for them.
pub(crate) fn parameter_value(value: &str) -> String {
    let encoded = value.replace('^', "^^").replace(['\n', '\r'], "^n").replace('"', "^'");
    if encoded.contains([',', ';', ':']) { format!("\"{encoded}\"") } else { encoded }
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
        "float" => raw.trim().parse().ok().filter(|number: &f64| number.is_finite()).map_or_else(word, Value::Float),
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

fn read_recur(raw: &str) -> Option<Vec<(String, Vec<String>)>> {
    let parts = raw.split(';').filter(|part| !part.is_empty());
    let parts = parts.map(|part| {
        let (name, value) = part.split_once('=')?;
        let values = value.split(',').map(|value| if name.eq_ignore_ascii_case("UNTIL") { extended(value) } else { value.to_owned() });
        Some((name.trim().to_ascii_lowercase(), values.collect()))
    });
    parts.collect()
}

fn write_value(value_type: &str, value: &Value) -> String {
    match value {
        Value::Word(word) if value_type == "text" => escape(word),
        Value::Word(word) => match value_type {
            "date" | "date-time" | "time" | "utc-offset" => basic(word),
            _ => word.clone(),
        },
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        Value::Period(start, end) => format!("{}/{}", basic(start), basic(end)),
        Value::Recur(parts) => {
            let parts = parts.iter().map(|(name, values)| {
                let values: Vec<String> = values.iter().map(|v| if name == "until" { basic(v) } else { v.clone() }).collect();
                format!("{}={}", name.to_ascii_uppercase(), values.join(","))
            });
            parts.collect::<Vec<_>>().join(";")
        }
        Value::Structured(parts) => parts.iter().map(|part| write_value(value_type, part)).collect::<Vec<_>>().join(";"),
    }
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
