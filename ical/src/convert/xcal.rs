//! xCal: iCalendar in XML, RFC 6321.

use quick_xml::escape::escape;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::types::parameter_type;
use super::{Abstract, ConversionError, Shape, Value, shape, write_component};
use crate::Limits;
use crate::component::Component;

const NAMESPACE: &str = "urn:ietf:params:xml:ns:icalendar-2.0";
/// Levels of elements below a component's: properties, property, parameters, parameter, type.
const LEVELS_OF_A_PROPERTY: usize = 6;
const ELEMENTS_MAX: usize = 500_000;

/// A component, usually a VCALENDAR, as an xCal document (RFC 6321 §3.1).
pub fn write(component: &Component<'_>) -> String {
    let mut out = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<icalendar xmlns=\"{NAMESPACE}\">");
    write_one(component, &mut out);
    out.push_str("</icalendar>\n");
    out
}

/// As deep as the tree is, which [`Limits::nesting_levels_max`] bounds.
fn write_one(component: &Component<'_>, out: &mut String) {
    let inside = |name: &str, out: &mut String, write: &mut dyn FnMut(&mut String)| {
        let start = out.len();
        out.push_str(&format!("<{name}>"));
        let begun = out.len();
        write(out);
        if out.len() == begun {
            out.truncate(start);
        } else {
            out.push_str(&format!("</{name}>"));
        }
    };
    let name = component.name().to_ascii_lowercase();
    out.push_str(&format!("<{name}>"));
    inside("properties", out, &mut |out| component.properties().for_each(|property| write_property(&Abstract::of(&property), out)));
    inside("components", out, &mut |out| component.components().for_each(|inside| write_one(&inside, out)));
    out.push_str(&format!("</{name}>"));
}

fn write_property(property: &Abstract, out: &mut String) {
    out.push_str(&format!("<{}>", property.name));
    if !property.parameters.is_empty() {
        out.push_str("<parameters>");
        for (name, values) in &property.parameters {
            out.push_str(&format!("<{name}>"));
            values.iter().for_each(|value| element(parameter_type(name), &spelt(name, value), out));
            out.push_str(&format!("</{name}>"));
        }
        out.push_str("</parameters>");
    }
    property.values.iter().for_each(|value| write_value(&property.name, &property.value_type, value, out));
    out.push_str(&format!("</{}>", property.name));
}

/// RFC 6321 §3.6.2: booleans in lower case.
fn spelt(parameter: &str, value: &str) -> String {
    if parameter_type(parameter) == "boolean" { value.to_ascii_lowercase() } else { value.to_owned() }
}

/// An element with text; characters XML 1.0 §2.2 does not have are left out.
fn element(name: &str, text: &str, out: &mut String) {
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r')).collect();
    out.push_str(&format!("<{name}>{}</{name}>", escape(&text)));
}

fn write_value(property: &str, value_type: &str, value: &Value, out: &mut String) {
    match value {
        Value::Word(word) => element(value_type, word, out),
        Value::Integer(number) => element(value_type, &number.to_string(), out),
        Value::Float(number) => element(value_type, &number.to_string(), out),
        Value::Boolean(value) => element(value_type, if *value { "true" } else { "false" }, out),
        Value::Period(start, end) => {
            out.push_str("<period>");
            element("start", start, out);
            element(if end.contains('P') { "duration" } else { "end" }, end, out);
            out.push_str("</period>");
        }
        Value::Recur(parts) => {
            out.push_str("<recur>");
            for (name, values) in parts {
                values.iter().for_each(|value| element(name, value, out));
            }
            out.push_str("</recur>");
        }
        // RFC 6321 §3.4.1.2, §3.4.1.3: the parts stand in the property without a type.
        Value::Structured(parts) => {
            let Shape::Structured(names) = shape(property) else { return };
            for (name, part) in names.iter().zip(parts) {
                write_value(property, name, part, out);
            }
        }
    }
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

/// An element of the namespace of xCal, by its local name.
#[derive(Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn parse(text: &str, levels: usize) -> Result<Self, ConversionError> {
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let mut open = vec![Self::default()];
        let mut elements = 0;
        loop {
            let event = reader.read_event().map_err(|error| ConversionError(format!("the text is not well-formed XML: {error}")))?;
            match event {
                Event::Start(start) => {
                    elements += 1;
                    if open.len() > levels || elements > ELEMENTS_MAX {
                        return Err(ConversionError("the document is nested too deep or has too many elements".to_owned()));
                    }
                    let (namespace, local) = reader.resolver().resolve_element(start.name());
                    if !matches!(namespace, ResolveResult::Bound(uri) if uri.as_ref() == NAMESPACE) {
                        return Err(ConversionError(format!("{} is not in the namespace {NAMESPACE}", local.as_ref())));
                    }
                    open.push(Self { name: local.as_ref().to_owned(), ..Self::default() });
                }
                Event::End(_) => {
                    let Some(done) = open.pop() else { break };
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(done);
                    }
                }
                Event::Text(text) => push(&mut open, &text.xml10_content()),
                Event::CData(text) => push(&mut open, &text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let character = reference.resolve_char_ref().ok().flatten().map(String::from);
                    let known = || quick_xml::escape::resolve_predefined_entity(&reference.xml10_content()).map(str::to_owned);
                    let text =
                        character.or_else(known).ok_or_else(|| ConversionError("the document holds an unknown entity".to_owned()))?;
                    push(&mut open, &text);
                }
                Event::DocType(_) => return Err(ConversionError("a document type declaration is not accepted".to_owned())),
                Event::Eof => break,
                _ => {}
            }
        }
        let root = open.pop().filter(|_| open.is_empty()).and_then(|document| document.children.into_iter().next());
        root.ok_or_else(|| ConversionError("the document holds no element, or ends inside one".to_owned()))
    }

    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    fn children_of(&self, name: &str) -> &[Self] {
        self.child(name).map_or(&[], |child| child.children.as_slice())
    }

    fn write_as_component(&self, out: &mut Vec<u8>) -> Result<(), ConversionError> {
        write_component(&self.name, out, |out| {
            self.children_of("properties").iter().try_for_each(|property| property.property()?.write(out))?;
            self.children_of("components").iter().try_for_each(|component| component.write_as_component(out))
        })
    }

    fn property(&self) -> Result<Abstract, ConversionError> {
        let name = self.name.to_ascii_lowercase();
        let parameters = self.children_of("parameters").iter().map(|parameter| {
            let values =
                parameter.children.iter().map(|value| if value.name == "boolean" { value.text.to_uppercase() } else { value.text.clone() });
            (parameter.name.to_ascii_lowercase(), values.collect())
        });
        let parameters = parameters.collect();
        let values: Vec<&Self> = self.children.iter().filter(|child| child.name != "parameters").collect();
        if let Shape::Structured(names) = shape(&name)
            && values.first().is_some_and(|first| names.contains(&first.name.as_str()))
        {
            let parts = values.iter().map(|part| Value::Word(part.text.clone())).collect();
            let value_type = super::default_type(&name).to_owned();
            return Ok(Abstract { name, parameters, value_type, values: vec![Value::Structured(parts)] });
        }
        let Some(first) = values.first() else {
            return Err(ConversionError(format!("{name} has no value")));
        };
        let value_type = first.name.to_ascii_lowercase();
        let read = values.iter().map(|value| value.value(&value_type));
        let read = read.collect::<Option<_>>().ok_or_else(|| ConversionError(format!("{name} has a value that is no {value_type}")))?;
        Ok(Abstract { name, parameters, value_type, values: read })
    }

    fn value(&self, value_type: &str) -> Option<Value> {
        if !self.name.eq_ignore_ascii_case(value_type) {
            return None;
        }
        match value_type {
            "period" if !self.children.is_empty() => {
                let end = self.child("end").or_else(|| self.child("duration"))?;
                Some(Value::Period(self.child("start")?.text.clone(), end.text.clone()))
            }
            "recur" if !self.children.is_empty() => Some(Value::Recur(self.parts()?)),
            "boolean" => Some(Value::Word(self.text.to_uppercase())),
            _ => self.children.is_empty().then(|| Value::Word(self.text.clone())),
        }
    }

    /// A part that stands more than once is a list.
    fn parts(&self) -> Option<Vec<(String, Vec<String>)>> {
        let mut parts: Vec<(String, Vec<String>)> = Vec::new();
        for part in &self.children {
            let text = part.text.trim();
            if text.is_empty() || text.contains([';', '=', ',']) {
                return None;
            }
            match parts.iter_mut().find(|(name, _)| *name == part.name) {
                Some((_, values)) => values.push(text.to_owned()),
                None => parts.push((part.name.clone(), vec![text.to_owned()])),
            }
        }
        Some(parts)
    }
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}
