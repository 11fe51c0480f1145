//! The form in which a property comes back from another spelling: what is written is read again before it is believed.

use super::line::name_of;
use super::{Abstract, ConversionError, Value, default_type, parameters_of};
use crate::component::Component;
use crate::content_line::Property;

/// A property in another spelling, typed where that says to the letter what the line says, else as it is written.
///
/// # Errors
/// What the other spelling cannot hold, or what would not come back from it.
pub(super) fn faithful<T>(
    property: &Property<'_>,
    typed: Option<Abstract>,
    write: impl Fn(&Abstract) -> Result<T, ConversionError>,
    read: impl Fn(&T) -> Result<Abstract, ConversionError>,
) -> Result<T, ConversionError> {
    let attempt = |form: &Abstract| {
        let written = write(form)?;
        let line = read(&written)?.line()?;
        if is_same(&line, property) { Ok(written) } else { Err(ConversionError("it would not come back as it is".to_owned())) }
    };
    if let Some(Ok(written)) = typed.map(|typed| attempt(&typed)) {
        return Ok(written);
    }
    let written = Abstract::as_written(property);
    // What a content line cannot hold is told first: it is what is to be mended.
    written
        .line()
        .and_then(|_| attempt(&written))
        .map_err(|error| ConversionError(format!("{:.60} cannot be written: {error}", property.name())))
}

/// Checks that a component holds nothing that no content line can.
///
/// # Errors
/// Odd names, control characters.
pub(super) fn check(component: &Component<'_>) -> Result<(), ConversionError> {
    name_of(component.name())?;
    component.properties().try_for_each(|property| Abstract::as_written(&property).line().map(drop))?;
    component.components().try_for_each(|inside| check(&inside))
}

/// Whether a content line says what a property says, to the letter but for what the other spellings have no place for: case of names,
/// quotes, the order of parameters and of the parts of a rule, a VALUE that says what holds without it (RFC 7265 §3.5.1).
fn is_same(line: &str, property: &Property<'_>) -> bool {
    let Ok(back) = Property::parse(line.as_bytes().into(), usize::MAX) else { return false };
    let (parameters, back_parameters) = (said_by_parameters(property), said_by_parameters(&back));
    let is_rule = || value_type(property).eq_ignore_ascii_case("recur");
    let same_parts = || parts(&property.value()) == parts(&back.value());
    back.is(property.name()) && parameters == back_parameters && (property.value_bytes() == back.value_bytes() || is_rule() && same_parts())
}

fn said_by_parameters(property: &Property<'_>) -> Vec<(String, Vec<String>)> {
    let usual = default_type(&property.name().to_ascii_lowercase());
    let mut parameters = parameters_of(property);
    for (_, values) in parameters.iter_mut().filter(|(name, _)| name == "value") {
        values.iter_mut().for_each(|value| value.make_ascii_lowercase());
    }
    parameters.retain(|(name, values)| name != "value" || usual == "unknown" || *values != [usual]);
    parameters.sort_unstable();
    parameters
}

fn value_type(property: &Property<'_>) -> String {
    let usual = || default_type(&property.name().to_ascii_lowercase()).to_owned();
    property.parameter("VALUE").map_or_else(usual, std::borrow::Cow::into_owned)
}

/// The parts of a rule, in an order.
fn parts(rule: &str) -> Vec<(String, &str)> {
    let part = |part| str::split_once(part, '=').map_or((String::new(), part), |(name, values)| (name.to_ascii_uppercase(), values));
    let mut parts: Vec<_> = rule.split(';').map(part).collect();
    parts.sort_unstable();
    parts
}

impl Abstract {
    /// A property as it is written, its VALUE a parameter like others.
    fn as_written(property: &Property<'_>) -> Self {
        Self {
            name: property.name().to_ascii_lowercase(),
            parameters: parameters_of(property),
            value_type: "unknown".to_owned(),
            values: vec![Value::Word(property.value().into_owned())],
        }
    }

    /// The same in that form.
    pub(super) fn untyped(&self) -> Self {
        let mut parameters = self.parameters.clone();
        if self.value_type != "unknown" && self.value_type != default_type(&self.name) {
            parameters.push(("value".to_owned(), vec![self.value_type.to_ascii_uppercase()]));
        }
        Self { name: self.name.clone(), parameters, value_type: "unknown".to_owned(), values: vec![Value::Word(self.value_text())] }
    }

    /// Takes a content line apart, if its values are such as their type has.
    pub(super) fn typed(property: &Property<'_>) -> Option<Self> {
        Some(Self::of(property)).filter(Self::is_of_its_type)
    }

    /// Not so where a type has a form of its own, and a value has another.
    fn is_of_its_type(&self) -> bool {
        let has_form = matches!(self.value_type.as_str(), "integer" | "float" | "boolean" | "period" | "recur");
        let is_word = |value: &Value| match value {
            Value::Structured(parts) => parts.iter().any(|part| matches!(part, Value::Word(_))),
            value => matches!(value, Value::Word(_)),
        };
        !(has_form && self.values.iter().any(is_word))
    }

    /// Numbers as they are written, where the other spelling is text: XML keeps every digit.
    pub(super) fn with_numbers_of(mut self, property: &Property<'_>) -> Self {
        if matches!(self.value_type.as_str(), "integer" | "float") {
            self.values = super::read_values(&self.name, "uri", &property.value());
        }
        self
    }
}
