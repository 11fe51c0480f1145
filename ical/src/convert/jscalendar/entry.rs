//! Events and Tasks with their recurrence overrides (draft §2.1.2, §3.2).

use serde_json::{Map, Value as Json};

use super::Kind;
use super::made::{Carried, Object, members};
use super::node::Node;
use super::object::{Context, add_pointers, node_of, rests_on_keys, settled};
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
pub(super) fn object_of<'a>(kind: Kind, main: &Node, overrides: &[&'a Node], zones: &Zones, levels: usize) -> (Object, Vec<&'a Node>) {
    let context = Context { zones, main: None, keys: false, levels };
    let mut object = settled(kind, main, &context, &|made| made.finish(false));
    let form = schedule::anchor(main).map(|time| time.form);
    let mut left = Vec::new();
    for node in overrides {
        match form.as_ref().and_then(|form| override_of(kind, &object, node, form, &context)) {
            Some((key, patch)) => {
                let all = object.entry(OVERRIDES).or_insert_with(|| Json::Object(Map::new()));
                if let Some(all) = all.as_object_mut().filter(|all| !all.contains_key(&key)) {
                    all.insert(key, patch.into());
                    continue;
                }
                left.push(*node);
            }
            None => left.push(*node),
        }
    }
    (object, left)
}

/// The object as it is at one of its recurrences, before any patch.
fn instance(main: &Object, key: &str) -> Object {
    let mut instance = main.clone();
    for member in [OVERRIDES, "recurrenceRule", "recurrenceRules", "excludedRecurrenceRules", "timeZones", "method", "prodId"] {
        instance.remove(member);
    }
    let member = if main.contains_key("start") { "start" } else { "due" };
    instance.insert(member.to_owned(), key.into());
    instance
}

/// A recurrence override as key and patch.
fn override_of(kind: Kind, main: &Object, node: &Node, form: &Form, context: &Context<'_>) -> Option<(String, Object)> {
    let context = Context { main: Some(form.clone()), ..context.clone() };
    let mut node = (*node).clone();
    let mut object = settled(kind, &node, &context, &|made| made.finish(false));
    let recurs = |member: &str| matches!(member, OVERRIDES | "recurrenceRule" | "excludedRecurrenceRules");
    let differs = |object: &Object, member: &str| recurs(member) || object.get(member).is_some_and(|value| main.get(member) != Some(value));
    // What a patch cannot change is carried.
    let fixed = |line: &Abstract| table::member_of(kind, &line.name).filter(|member| FIXED.contains(member) && *member != "recurrenceId");
    let held: Vec<usize> = node
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
    let key = object.get("recurrenceId")?.as_str()?.to_owned();
    let mut patch = patch::difference(&instance(main, &key), &object);
    patch.retain(|pointer, _| !patch::parts(pointer).first().is_some_and(|root| FIXED.contains(&root.as_str())));
    // A patch that says nothing is a component still, not an RDATE, and one of a date alone is not to be taken for that.
    if is_date(&patch, None) {
        patch.insert("updated".to_owned(), object.get("updated").cloned().unwrap_or(Json::Null));
    }
    Some((key, patch))
}

/// An object as its component and those of its overrides.
pub(super) fn nodes_of(kind: Kind, object: &Object, zones: &Zones, levels: usize) -> Result<Vec<Node>, ConversionError> {
    let context = Context { zones, main: None, keys: false, levels };
    let main = complete_node(kind, object, &context)?;
    let form = schedule::form_of(object, &context)?;
    let mut nodes = vec![main];
    let carried = Carried::of(object);
    for (key, patch) in members(object, OVERRIDES)? {
        let at = local(key)?;
        if is_date(patch, carried.name(&[OVERRIDES, key])) {
            continue;
        }
        let mut patched = patch::apply(&instance(object, key), patch, FIXED)?;
        patched.insert("recurrenceId".to_owned(), written(at).into());
        nodes.push(override_node(kind, &patched, &Context { main: Some(form.clone()), ..context.clone() })?);
    }
    Ok(nodes)
}

fn override_node(kind: Kind, patched: &Object, context: &Context<'_>) -> Result<Node, ConversionError> {
    let mut object = patched.clone();
    object.remove("recurrenceIdTimeZone");
    for line in Carried::of(patched).properties()? {
        if let Some(member) = table::member_of(kind, &line.name).filter(|member| FIXED.contains(member)) {
            object.remove(member);
        }
    }
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
