//! xCal: iCalendar in XML, RFC 6321.

mod element;

use std::collections::HashMap;

use super::faithful::faithful;
use super::line::name_of;
use super::types::parameter_type;
use super::{Abstract, ConversionError, Shape, Value, is_name, shape, write_component};
use crate::Limits;
use crate::component::Component;
use crate::content_line::Property;
use element::Element;

const NAMESPACE: &str = "urn:ietf:params:xml:ns:icalendar-2.0";
/// Levels of elements below a component's: properties, property, parameters, parameter, type.
const LEVELS_OF_A_PROPERTY: usize = 6;
const PARAMETERS: &str = "parameters";

/// A component, usually a VCALENDAR, as an xCal document (RFC 6321 §3.1). What its type does not allow has the type "unknown".
///
/// # Errors
/// What neither XML nor content lines can hold, and so would not come back: names that are none in XML, control characters.
pub fn write(component: &Component<'_>) -> Result<String, ConversionError> {
    let mut out = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<icalendar xmlns=\"{NAMESPACE}\">");
    write_one(component, &mut out)?;
    out.push_str("</icalendar>\n");
    Ok(out)
}

/// As deep as the tree is, which [`Limits::nesting_levels_max`] bounds.
fn write_one(component: &Component<'_>, out: &mut String) -> Result<(), ConversionError> {
    let name = name_of(component.name())?.to_ascii_lowercase();
    Element::new(&name).check()?;
    out.push_str(&format!("<{name}>"));
    inside("properties", out, |out| component.properties().try_for_each(|property| write_property(&property, out)))?;
    inside("components", out, |out| component.components().try_for_each(|inside| write_one(&inside, out)))?;
    out.push_str(&format!("</{name}>"));
    Ok(())
}

/// An element, if anything is written inside.
fn inside(name: &str, out: &mut String, write: impl FnOnce(&mut String) -> Result<(), ConversionError>) -> Result<(), ConversionError> {
    let start = out.len();
    out.push_str(&format!("<{name}>"));
    let begun = out.len();
    write(out)?;
    if out.len() == begun {
        out.truncate(start);
    } else {
        out.push_str(&format!("</{name}>"));
    }
    Ok(())
}

fn write_property(property: &Property<'_>, out: &mut String) -> Result<(), ConversionError> {
    let typed = Abstract::typed(property).map(|typed| typed.with_numbers_of(property));
    let write = |form: &Abstract| {
        let element = element_of(form);
        element.check().map(|()| element)
    };
    faithful(property, typed, write, Element::property)?.write(out);
    Ok(())
}

fn element_of(property: &Abstract) -> Element {
    let mut element = Element::new(&property.name);
    if !property.parameters.is_empty() {
        let parameters = property.parameters.iter().map(|(name, values)| Element {
            children: values.iter().map(|value| parameter_element(name, value)).collect(),
            ..Element::new(name)
        });
        element.children.push(Element { children: parameters.collect(), ..Element::new(PARAMETERS) });
    }
    property.values.iter().for_each(|value| push_value(&property.name, &property.value_type, value, &mut element.children));
    element
}

/// RFC 6321 §3.6.2: booleans in lower case.
fn parameter_element(parameter: &str, value: &str) -> Element {
    match (parameter_type(parameter), value) {
        ("boolean", "TRUE") => Element::of_text("boolean", "true"),
        ("boolean", "FALSE") => Element::of_text("boolean", "false"),
        ("boolean", _) => Element::of_text("text", value),
        (other, _) => Element::of_text(other, value),
    }
}

fn push_value(property: &str, value_type: &str, value: &Value, out: &mut Vec<Element>) {
    out.push(match value {
        Value::Word(word) => Element::of_text(value_type, word),
        Value::Integer(number) => Element::of_text(value_type, &number.to_string()),
        Value::Float(number) => Element::of_text(value_type, &number.to_string()),
        Value::Boolean(value) => Element::of_text(value_type, if *value { "true" } else { "false" }),
        Value::Period(start, end) => {
            let end_name = if end.contains('P') { "duration" } else { "end" };
            Element { children: vec![Element::of_text("start", start), Element::of_text(end_name, end)], ..Element::new("period") }
        }
        Value::Recur(parts) => {
            let parts = parts.iter().flat_map(|(name, values)| values.iter().map(|value| Element::of_text(name, value)));
            Element { children: parts.collect(), ..Element::new("recur") }
        }
        // RFC 6321 §3.4.1.2, §3.4.1.3: the parts stand in the property without a type.
        Value::Structured(parts) => {
            if let Shape::Structured(names) = shape(property) {
                names.iter().zip(parts).for_each(|(name, part)| push_value(property, name, part, out));
            }
            return;
        }
    });
}

/// An xCal document as iCalendar, lines folded (RFC 6321 §4).
///
/// # Errors
/// What is not xCal, or holds what content lines cannot; more than the limits allow.
pub fn read(text: &str, limits: &Limits) -> Result<Vec<u8>, ConversionError> {
    if text.len() > limits.object_bytes_max {
        return Err(ConversionError(format!("the xCal text has more than {} bytes", limits.object_bytes_max)));
    }
    let root = Element::parse(text, limits.nesting_levels_max * 2 + LEVELS_OF_A_PROPERTY)?;
    let [component] = root.children.as_slice() else {
        return Err(ConversionError("an icalendar element holds one component".to_owned()));
    };
    if root.name != "icalendar" {
        return Err(ConversionError(format!("the document is a {}: it must be an icalendar element", root.name)));
    }
    let mut out = Vec::with_capacity(text.len());
    component.write_as_component(&mut out)?;
    Ok(out)
}

/// Reading: elements as components, properties and values.
impl Element {
    fn write_as_component(&self, out: &mut Vec<u8>) -> Result<(), ConversionError> {
        // Of two lists of properties one would be lost.
        let (properties, components) = match self.children.as_slice() {
            [] => (None, None),
            [one] if one.name == "properties" => (Some(one), None),
            [one] if one.name == "components" => (None, Some(one)),
            [one, other] if one.name == "properties" && other.name == "components" => (Some(one), Some(other)),
            _ => return Err(ConversionError(format!("{:.60} holds more than properties and then components", self.name))),
        };
        write_component(&self.name, out, |out| {
            properties.iter().flat_map(|list| &list.children).try_for_each(|property| property.property()?.write(out))?;
            components.iter().flat_map(|list| &list.children).try_for_each(|component| component.write_as_component(out))
        })
    }

    fn property(&self) -> Result<Abstract, ConversionError> {
        let name = self.name.to_ascii_lowercase();
        let (parameters, values) = match self.children.split_first() {
            Some((first, rest)) if first.name == PARAMETERS => (first.children.as_slice(), rest),
            _ => (&[][..], self.children.as_slice()),
        };
        let parameters = parameters.iter().map(|parameter| {
            let values = parameter.children.iter().map(Self::flag_or_text).collect();
            (parameter.name.to_ascii_lowercase(), values)
        });
        let parameters = parameters.collect();
        let Some(first) = values.first() else {
            return Err(ConversionError(format!("{name} has no value")));
        };
        if let Shape::Structured(names) = shape(&name)
            && names.contains(&first.name.as_str())
        {
            if !values.iter().map(|part| part.name.as_str()).eq(names.iter().copied().take(values.len())) {
                return Err(ConversionError(format!("{name} has the parts {}, in this order", names.join(", "))));
            }
            let parts = values.iter().map(|part| Value::Word(part.text.clone())).collect();
            let value_type = super::default_type(&name).to_owned();
            return Ok(Abstract { name, parameters, value_type, values: vec![Value::Structured(parts)] });
        }
        let value_type = first.name.to_ascii_lowercase();
        let read = values.iter().map(|value| value.value(&value_type));
        let read = read.collect::<Option<_>>().ok_or_else(|| ConversionError(format!("{name} has a value that is no {value_type}")))?;
        Ok(Abstract { name, parameters, value_type, values: read })
    }

    /// RFC 6321 §3.6.2: booleans are lower case here, upper case in iCalendar.
    fn flag_or_text(&self) -> String {
        match (self.name.as_str(), self.text.as_str()) {
            ("boolean", "true" | "1") => "TRUE".to_owned(),
            ("boolean", "false" | "0") => "FALSE".to_owned(),
            (_, text) => text.to_owned(),
        }
    }

    fn value(&self, value_type: &str) -> Option<Value> {
        if !self.name.eq_ignore_ascii_case(value_type) {
            return None;
        }
        match (value_type, self.children.as_slice()) {
            ("period", [start, end]) if start.name == "start" && matches!(end.name.as_str(), "end" | "duration") => {
                Some(Value::Period(start.text.clone(), end.text.clone()))
            }
            ("recur", [_, ..]) => Some(Value::Recur(self.parts()?)),
            (_, children) => children.is_empty().then(|| Value::Word(self.flag_or_text())),
        }
    }

    /// A part that stands more than once is a list.
    fn parts(&self) -> Option<Vec<(String, Vec<String>)>> {
        let mut parts: Vec<(String, Vec<String>)> = Vec::new();
        let mut places = HashMap::new();
        for part in &self.children {
            let text = part.text.trim();
            if text.is_empty() || text.contains([';', '=', ',']) || !part.children.is_empty() || !is_name(&part.name) {
                return None;
            }
            match places.get(part.name.as_str()).and_then(|at: &usize| parts.get_mut(*at)) {
                Some((_, values)) => values.push(text.to_owned()),
                None => {
                    places.insert(part.name.as_str(), parts.len());
                    parts.push((part.name.clone(), vec![text.to_owned()]));
                }
            }
        }
        Some(parts)
    }
}
