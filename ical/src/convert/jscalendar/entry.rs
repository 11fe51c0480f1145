//! Events and Tasks with their recurrence overrides (draft §2.1.2, §3.2).

use serde_json::{Map, Value as Json, json};

use super::Kind;
use super::group::OUTER;
use super::made::{Carried, Object, members};
use super::node::Node;
use super::object::{Context, add_pointers, is_whole, node_of, rests_on_keys, settled};
use super::patch;
use super::schedule::{self, is_date};
use super::table;
use super::time::{Form, Zones, local, written};
use crate::convert::{Abstract, ConversionError};

const OVERRIDES: &str = "recurrenceOverrides";

/// What an override cannot change (RFC 8984 §4.3.5), with what its revision calls otherwise.
const FIXED: &[&str] = &[
    "@type",
    "excludedRecurrenceRules",
    "method",
    "privacy",
    "prodId",
    "recurrenceId",
    "recurrenceIdTimeZone",
    OVERRIDES,
    "recurrenceRule",
    "recurrenceRules",
    "relatedTo",
    "replyTo",
    "sentBy",
    "timeZones",
    "uid",
];

pub(super) fn kind_of(node: &Node) -> Option<Kind> {
    match node.name.as_str() {
        "vevent" => Some(Kind::Event),
        "vtodo" => Some(Kind::Task),
        _ => None,
    }
}

/// A component with its overrides as one object; the overrides that are none come back.
pub(super) fn object_of<'a>(kind: Kind, main: &Node, overrides: &[&'a Node], zones: &Zones, budget: &mut usize) -> (Object, Vec<&'a Node>) {
    let context = Context { zones, main: None, keys: false, levels: usize::MAX };
    let mut object = settled(kind, main, &context, &|made| made.finish(false));
    let form = schedule::anchor(main).map(|time| time.form);
    let mut left = Vec::new();
    let plain = plain(&object);
    let size = if overrides.is_empty() { 0 } else { bytes_of(&plain) };
    for node in overrides {
        let left_over = budget.checked_sub(size);
        *budget = left_over.unwrap_or(*budget);
        let patched = form.as_ref().filter(|_| left_over.is_some()).and_then(|form| override_of(kind, &plain, node, form, &context));
        if let Some((key, patch)) = patched
            && let Json::Object(all) = object.entry(OVERRIDES).or_insert_with(|| Json::Object(Map::new()))
            && !all.contains_key(&key)
        {
            all.insert(key, patch.into());
            continue;
        }
        left.push(*node);
    }
    if object.get(OVERRIDES).and_then(Json::as_object).is_some_and(Map::is_empty) {
        object.remove(OVERRIDES);
    }
    (object, left)
}

/// What overrides come to at most when each is made whole: a large object with many overrides would be larger than
/// any memory.
pub(super) const OVERRIDE_BYTES_MAX: usize = 64 * 1024 * 1024;

fn bytes_of(object: &Object) -> usize {
    serde_json::to_vec(object).map_or(usize::MAX, |bytes| bytes.len())
}

/// The members that an instance of a recurring object has as well.
fn plain(main: &Object) -> Object {
    const OWN: &[&str] = &[OVERRIDES, "recurrenceRule", "recurrenceRules", "excludedRecurrenceRules", "timeZones", "method", "prodId"];
    let plain = main.iter().filter(|(member, _)| !OWN.contains(&member.as_str()));
    let mut plain: Object = plain.map(|(member, value)| (member.clone(), value.clone())).collect();
    if let Some(Json::Object(carried)) = plain.get_mut("iCalendar")
        && let Some(Json::Array(components)) = carried.get_mut("components")
    {
        // These are the calendar's; an instance has them no second time.
        components.retain(|component| !component.get(0).and_then(Json::as_str).is_some_and(|name| OUTER.contains(&name)));
        if components.is_empty() {
            carried.remove("components");
        }
    }
    plain
}

/// The object as it is at one of its recurrences, before any patch.
fn instance(main: &Object, key: &str) -> Object {
    let mut instance = main.clone();
    let member = if main.contains_key("start") { "start" } else { "due" };
    instance.insert(member.to_owned(), key.into());
    instance
}

/// A recurrence override as key and patch.
fn override_of(kind: Kind, main: &Object, node: &Node, form: &Form, context: &Context<'_>) -> Option<(String, Object)> {
    let context = Context { main: Some(form.clone()), ..context.clone() };
    let mut node = node.clone();
    let mut object = settled(kind, &node, &context, &|made| made.finish(false));
    let recurs = |member: &str| matches!(member, OVERRIDES | "recurrenceRule" | "excludedRecurrenceRules");
    let differs = |object: &Object, member: &str| recurs(member) || object.get(member).is_some_and(|value| main.get(member) != Some(value));
    // What a patch cannot change is carried.
    let fixed = |line: &Abstract| table::member_of(kind, &line.name).filter(|member| FIXED.contains(member) && *member != "recurrenceId");
    let held: std::collections::BTreeSet<usize> = node
        .lines
        .iter()
        .enumerate()
        .filter(|(_, line)| fixed(line).is_some_and(|member| differs(&object, member)))
        .map(|(index, _)| index)
        .collect();
    if !held.is_empty() {
        node.held = held;
        object = settled(kind, &node, &context, &|made| made.finish(false));
    }
    for member in ["privacy", "relatedTo"] {
        if main.contains_key(member) && !object.contains_key(member) {
            note_absence(kind, &mut object, member);
        }
    }
    let key = object.get("recurrenceId")?.as_str()?.to_owned();
    let mut patch = patch::difference(&instance(main, &key), &object);
    patch.retain(|pointer, _| !patch::parts(pointer).first().is_some_and(|root| FIXED.contains(&root.as_str())));
    // A patch that says nothing is a component still, not an RDATE, and one of a date alone is not to be taken for that.
    if is_date(&patch, None) {
        patch.insert("updated".to_owned(), object.get("updated").cloned().unwrap_or(Json::Null));
    }
    // What even so would not come back stays a component.
    let mut patched = patch::apply(&instance(main, &key), &patch, FIXED).ok()?;
    patched.insert("recurrenceId".to_owned(), key.as_str().into());
    let back = override_node(kind, &patched, &context).ok()?;
    is_whole(&node, &back).then_some((key, patch))
}

/// The parameter that tells that an override has not what it would inherit.
const ABSENT: (&str, &str) = ("x-jsptr", "absent");

fn note_absence(kind: Kind, object: &mut Object, member: &str) {
    let carried = object.entry("iCalendar").or_insert_with(|| json!({"@type": "ICalComponent", "name": kind.component()}));
    let converted = carried.as_object_mut().map(|carried| carried.entry("convertedProperties").or_insert_with(|| json!({})));
    if let Some(Json::Object(converted)) = converted {
        let name = if member == "privacy" { "class" } else { "related-to" };
        converted.insert(member.to_owned(), json!({"@type": "ICalProperty", "name": name, "parameters": {ABSENT.0: ABSENT.1}}));
    }
}

/// An object as its component and those of its overrides.
///
/// # Errors
/// Overrides that are larger than the `budget` in bytes, beside what else is refused.
pub(super) fn nodes_of(
    kind: Kind,
    object: &Object,
    zones: &Zones,
    levels: usize,
    budget: &mut usize,
) -> Result<Vec<Node>, ConversionError> {
    let context = Context { zones, main: None, keys: false, levels };
    let main = complete_node(kind, object, &context)?;
    let form = schedule::form_of(object, &context)?;
    let mut nodes = vec![main];
    let carried = Carried::of(object);
    let plain = plain(object);
    let size = bytes_of(&plain);
    for (key, patch) in members(object, OVERRIDES)? {
        let at = local(key)?;
        if is_date(patch, carried.name(&[OVERRIDES, key])) {
            continue;
        }
        *budget = budget.checked_sub(size).ok_or_else(|| ConversionError("the overrides of the object make too much of it".to_owned()))?;
        let mut patched = patch::apply(&instance(&plain, key), patch, FIXED)?;
        patched.insert("recurrenceId".to_owned(), written(at).into());
        nodes.push(override_node(kind, &patched, &Context { main: Some(form.clone()), ..context.clone() })?);
    }
    Ok(nodes)
}

fn override_node(kind: Kind, patched: &Object, context: &Context<'_>) -> Result<Node, ConversionError> {
    let mut object = patched.clone();
    object.remove("recurrenceIdTimeZone");
    for line in Carried::of(patched).properties()? {
        if let Some(member) = table::member_of(kind, &line.name).filter(|member| FIXED.contains(member) && *member != "uid") {
            object.remove(member);
        }
    }
    let carried = Carried::of(patched);
    let absent = |member: &str| {
        carried.parameters(&[member]).is_some_and(|all| all.iter().any(|(name, values)| name == ABSENT.0 && *values == [ABSENT.1]))
    };
    object.retain(|member, _| !absent(member));
    complete_node(kind, &object, context)
}

/// A component with its JSPROPs. Its keys are told where those rest on them.
fn complete_node(kind: Kind, object: &Object, context: &Context<'_>) -> Result<Node, ConversionError> {
    let mut node = node_of(kind, object, context)?;
    add_pointers(kind, object, &mut node, context);
    if rests_on_keys(&node) {
        let context = Context { keys: true, ..context.clone() };
        node = node_of(kind, object, &context)?;
        add_pointers(kind, object, &mut node, &context);
    }
    Ok(node)
}

/// Whether a component is the main one of a recurring object (draft §2.1.2; RDATE recurs as well).
pub(super) fn is_main(node: &Node) -> bool {
    node.line("recurrence-id").is_none() && (node.line("rrule").is_some() || node.line("rdate").is_some())
}
