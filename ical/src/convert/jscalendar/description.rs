//! DESCRIPTION and STYLED-DESCRIPTION (draft §2.3.13, §2.3.41).

use super::Kind;
use super::made::{Carried, Made, Object, text};
use super::node::Node;
use super::object::{Context, Taking};
use crate::convert::{Abstract, ConversionError, Value};

const PLAIN: &str = "text/plain";

/// The property for a description of that type.
fn usual_name(content_type: Option<&str>) -> &'static str {
    match content_type {
        None => "description",
        Some(content_type) if content_type.eq_ignore_ascii_case(PLAIN) => "description",
        Some(_) => "styled-description",
    }
}

pub(super) fn take(made: &mut Made, taking: &mut Taking<'_>, _: &Context<'_>) {
    // The richer of two that both say they are not derived; the other is carried.
    for name in ["styled-description", "description"] {
        for (index, property) in taking.lines(name) {
            let (Some(word), "text") = (property.word(), property.value_type.as_str()) else { continue };
            let styled = name == "styled-description";
            let content_type = property.parameter("fmttype").filter(|_| styled);
            if content_type.is_some_and(|content_type| !content_type.to_ascii_lowercase().starts_with("text/")) {
                continue;
            }
            if made.set(&["description"], word) {
                if let Some(content_type) = content_type {
                    made.set(&["descriptionContentType"], content_type);
                }
                made.note(&["description"], property, (usual_name(content_type), "text"), if styled { &["fmttype"] } else { &[] });
                taking.done(index);
            }
        }
    }
}

pub(super) fn give(_: Kind, object: &Object, node: &mut Node, _: &Context<'_>) -> Result<(), ConversionError> {
    let Some(description) = text(object, "description")? else { return Ok(()) };
    let carried = Carried::of(object);
    let content_type = text(object, "descriptionContentType")?;
    let noted = carried.name(&["description"]).filter(|name| matches!(*name, "description" | "styled-description"));
    let name = noted.unwrap_or_else(|| usual_name(content_type));
    let mut line = Abstract::plain(name, "text", Value::Word(description.to_owned()));
    if let (Some(content_type), "styled-description") = (content_type, name) {
        line = line.with("fmttype", content_type);
    }
    node.lines.push(carried.restore_parameters(&["description"], line));
    Ok(())
}
