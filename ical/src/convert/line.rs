//! From the abstract form to content lines (RFC 5545 §3.1).

use super::types::{Shape, default_type, shape};
use super::{Abstract, BINARY, ConversionError, Value, basic};
use crate::stream::write_folded;
use crate::value::escape;

impl Abstract {
    /// Writes it as a content line, folded.
    ///
    /// # Errors
    /// A name or a value that a content line cannot hold.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), ConversionError> {
        write_folded(&self.line()?, out);
        Ok(())
    }

    /// The content line, unfolded.
    ///
    /// # Errors
    /// A name or a value that a content line cannot hold.
    pub fn line(&self) -> Result<String, ConversionError> {
        let mut line = name_of(&self.name)?;
        if is_delimiter(&line) {
            return Err(ConversionError(format!("{line} is no property: it begins and ends components")));
        }
        let is_typed = self.value_type != "unknown";
        if is_typed && self.value_type != default_type(&self.name) {
            line.push_str(";VALUE=");
            line.push_str(&name_of(&self.value_type)?);
        }
        if self.value_type == BINARY && !self.parameters.iter().any(|(name, _)| name == "encoding") {
            line.push_str(";ENCODING=BASE64");
        }
        for (name, values) in &self.parameters {
            if is_typed && name.eq_ignore_ascii_case("value") {
                if !matches!(values.as_slice(), [one] if one.eq_ignore_ascii_case(&self.value_type)) {
                    return Err(ConversionError(format!("{} has the type {} and a VALUE that says otherwise", self.name, self.value_type)));
                }
                continue;
            }
            line.push(';');
            line.push_str(&name_of(name)?);
            line.push('=');
            let values: Vec<String> = values.iter().map(|value| parameter_value(value)).collect();
            line.push_str(&values.join(","));
        }
        line.push(':');
        line.push_str(&self.value_text());
        match line.chars().find(|c| is_control(*c)) {
            Some(control) => {
                Err(ConversionError(format!("{} holds the control character {control:?}, which no content line can", self.name)))
            }
            None => Ok(line),
        }
    }

    /// What stands behind the colon.
    pub(super) fn value_text(&self) -> String {
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
        written.join(separator)
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

/// What RFC 5545 §3.1 calls CONTROL, which content lines hold none of. Tabs are white space.
pub(crate) const fn is_control(character: char) -> bool {
    character.is_ascii_control() && character != '\t'
}

/// BEGIN and END: a line of that name is no property.
pub(crate) const fn is_delimiter(name: &str) -> bool {
    name.eq_ignore_ascii_case("BEGIN") || name.eq_ignore_ascii_case("END")
}

const NAME_BYTES_MAX: usize = 100;

/// Whether a content line can have that name. As tolerant as reading is: `_` and `.` are no part of the iana-token of RFC 5545 §3.1, but what
/// was read with them is to come back.
pub(crate) fn is_name(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(known)
}

/// A name as content lines spell it.
///
/// # Errors
/// What is none.
pub(super) fn name_of(name: &str) -> Result<String, ConversionError> {
    if is_name(name) {
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
