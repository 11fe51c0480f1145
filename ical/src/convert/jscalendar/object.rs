//! One component and the object it is, both ways, and the checks that nothing is lost.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::made::{Carried, Made, Object};
use super::node::{Node, meaning};
use super::time::{Form, Zones};
use super::{Kind, alert, description, link, location, participant, patch, rule, schedule, table, zone};
use crate::convert::{Abstract, ConversionError};

/// What a conversion knows beyond the component.
#[derive(Clone)]
pub(super) struct Context<'a> {
    pub zones: &'a Zones,
    /// The form of the main component's DTSTART, if this is a recurrence override.
    pub main: Option<Form>,
    /// Whether keys are written though they could be found again: pointers rest on them (draft §2.1.3).
    pub keys: bool,
    pub levels: usize,
}

/// A component being converted: which of its properties and components are done with.
pub(super) struct Taking<'a> {
    pub node: &'a Node,
    lines: Vec<bool>,
    inside: Vec<bool>,
}

impl<'a> Taking<'a> {
    /// The properties of that name that are still to be converted.
    pub fn lines(&self, name: &str) -> Vec<(usize, &'a Abstract)> {
        self.open_lines().filter(|(_, line)| line.name == name).collect()
    }

    fn open_lines(&self) -> impl Iterator<Item = (usize, &'a Abstract)> {
        self.node.lines.iter().enumerate().filter(|(index, _)| self.lines.get(*index) == Some(&false))
    }

    pub fn components(&self, name: &str) -> Vec<(usize, &'a Node)> {
        let open = self.node.inside.iter().enumerate().filter(|(index, _)| self.inside.get(*index) == Some(&false));
        open.filter(|(_, node)| node.name == name).collect()
    }

    pub fn done(&mut self, line: usize) {
        if let Some(done) = self.lines.get_mut(line) {
            *done = true;
        }
    }

    pub fn done_inside(&mut self, component: usize) {
        if let Some(done) = self.inside.get_mut(component) {
            *done = true;
        }
    }
}

type Taker = fn(&mut Made, &mut Taking<'_>, &Context<'_>);
type Giver = fn(Kind, &Object, &mut Node, &Context<'_>) -> Result<(), ConversionError>;

/// What takes properties and components that make objects together; rows of the table that say `Whole`.
#[rustfmt::skip]
const MODULES: &[(&[Kind], Taker, Giver)] = &[
    (&[Kind::Event, Kind::Task],                                            schedule::take,    schedule::give),
    (&[Kind::Event, Kind::Task],                                            rule::take,        rule::give),
    (&[Kind::Group, Kind::Event, Kind::Task, Kind::Participant],            description::take, description::give),
    (&[Kind::Group, Kind::Event, Kind::Task, Kind::Location, Kind::Participant], link::take,   link::give),
    (&[Kind::Event, Kind::Task],                                            location::take,    location::give),
    (&[Kind::Location],                                                     location::take_coordinates, location::give_coordinates),
    (&[Kind::Event, Kind::Task],                                            participant::take, participant::give),
    (&[Kind::Event, Kind::Task],                                            alert::take,       alert::give),
    (&[Kind::Alert],                                                        alert::take_trigger, alert::give_trigger),
    (&[Kind::Zone],                                                         zone::take_rules,  zone::give_rules),
    (&[Kind::ZoneRule],                                                     zone::take_rule,   zone::give_rule),
];

/// A component as an object. What is held is carried, what is derived left out.
pub(super) fn made_of(kind: Kind, node: &Node, context: &Context<'_>) -> Made {
    let mut made = Made::new(kind);
    let mut taking = Taking { node, lines: vec![false; node.lines.len()], inside: vec![false; node.inside.len()] };
    let mut pointers = Vec::new();
    for (index, line) in node.lines.iter().enumerate() {
        let held = node.held.contains(&index);
        if held || line.is_derived() || line.name == "jsid" {
            taking.done(index);
        } else if line.name == "jsprop" {
            taking.done(index);
            pointers.push(line);
        }
    }
    for index in &node.held_inside {
        taking.done_inside(*index);
    }
    for (_, take, _) in MODULES.iter().filter(|(kinds, ..)| kinds.contains(&kind)) {
        take(&mut made, &mut taking, context);
    }
    for (index, line) in node.lines.iter().enumerate() {
        let open = taking.lines.get(index) == Some(&false);
        if node.held.contains(&index) || (open && !table::take(&mut made, line)) {
            made.keep(line);
        }
    }
    for (index, inside) in node.inside.iter().enumerate() {
        if node.held_inside.contains(&index) || taking.inside.get(index) == Some(&false) {
            made.keep_component(inside);
        }
    }
    for line in pointers {
        if !set_pointer(&mut made.map, line) {
            made.keep(line);
        }
    }
    made
}

/// Draft §4.1.2: new properties alone are set.
fn set_pointer(map: &mut Object, line: &Abstract) -> bool {
    let value = line.word().and_then(|word| serde_json::from_str::<Json>(word).ok()).filter(|value| !value.is_null());
    let (Some(pointer), Some(value)) = (line.parameter("jsptr"), value) else { return false };
    let parts = patch::parts(pointer);
    !parts.iter().any(|part| part == "iCalendar") && patch::set(map, &parts, value, false)
}

/// An object as a component.
pub(super) fn node_of(kind: Kind, object: &Object, context: &Context<'_>) -> Result<Node, ConversionError> {
    let mut node = Node::new(kind.component());
    table::give(kind, object, &mut node, context)?;
    for (_, _, give) in MODULES.iter().filter(|(kinds, ..)| kinds.contains(&kind)) {
        give(kind, object, &mut node, context)?;
    }
    let carried = Carried::of(object);
    node.lines.extend(carried.properties()?);
    node.inside.extend(carried.components(context.levels)?);
    Ok(node)
}

/// Converts a component so that converting it back brings back all of it: what would not come back is held.
pub(super) fn settled(kind: Kind, node: &Node, context: &Context<'_>, named: &dyn Fn(Made) -> Object) -> Object {
    settled_by(kind, node, context, named, &|object| node_of(kind, object, context))
}

/// As [`settled`], with the way back.
pub(super) fn settled_by(
    kind: Kind,
    node: &Node,
    context: &Context<'_>,
    named: &dyn Fn(Made) -> Object,
    back: &dyn Fn(&Object) -> Result<Node, ConversionError>,
) -> Object {
    let mut node = node.clone();
    for _ in 0..4 {
        let object = named(made_of(kind, &node, context));
        let Ok(back) = back(&object) else {
            // A pointer may have set what the member it set cannot be.
            let pointers: Vec<usize> = indices(&node, |line| line.name == "jsprop");
            if pointers.iter().all(|index| node.held.contains(index)) {
                break;
            }
            node.held.extend(pointers);
            continue;
        };
        let (mut lines, mut inside) = not_in(&node, &back);
        lines.retain(|index| !node.held.contains(index));
        inside.retain(|index| !node.held_inside.contains(index));
        if lines.is_empty() && inside.is_empty() {
            return object;
        }
        node.held.extend(lines);
        node.held_inside.extend(inside);
    }
    node.held = indices(&node, |_| true).into_iter().collect();
    node.held_inside = (0..node.inside.len()).collect();
    named(made_of(kind, &node, context))
}

fn indices(node: &Node, of: impl Fn(&Abstract) -> bool) -> Vec<usize> {
    node.lines.iter().enumerate().filter(|(_, line)| of(line)).map(|(index, _)| index).collect()
}

/// Whether all of a component is in another.
pub(super) fn is_whole(node: &Node, back: &Node) -> bool {
    let (lines, inside) = not_in(node, back);
    lines.is_empty() && inside.is_empty()
}

/// What of a component another lacks.
fn not_in(node: &Node, back: &Node) -> (Vec<usize>, Vec<usize>) {
    let mut said = counted(back.lines.iter().flat_map(meaning));
    let mut lacks = |line: &Abstract| {
        // Of a key; see `key::identify`.
        if line.name == "uid" && line.is_derived() {
            return false;
        }
        // Each value is looked for, so that none is left for a later property.
        meaning(line).into_iter().filter(|one| !take_one(&mut said, one)).count() > 0
    };
    // What is held finds itself first, so that its like does not find it.
    let mut indices = indices(node, |_| true);
    indices.sort_by_key(|index| !node.held.contains(index));
    let lines = indices.into_iter().filter(|index| node.lines.get(*index).is_some_and(&mut lacks)).collect();
    let mut insides = counted(back.inside.iter().map(Node::whole_meaning));
    let mut lacks_inside = |inside: &Node| !take_one(&mut insides, &inside.whole_meaning());
    let inside = node.inside.iter().enumerate().filter(|(_, inside)| lacks_inside(inside)).map(|(index, _)| index).collect();
    (lines, inside)
}

fn counted(said: impl Iterator<Item = String>) -> HashMap<String, usize> {
    let mut counted = HashMap::new();
    said.for_each(|one| *counted.entry(one).or_default() += 1);
    counted
}

fn take_one(counted: &mut HashMap<String, usize>, one: &str) -> bool {
    match counted.get_mut(one) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    }
}

/// Adds as JSPROP what a component does not say of its object (draft §4.1.2).
pub(super) fn add_pointers(kind: Kind, object: &Object, node: &mut Node, context: &Context<'_>) {
    let back = made_of(kind, node, context).map;
    let wanted = |path: &[&str]| match path {
        ["recurrenceOverrides" | "timeZones" | "entries", ..] => false,
        path => path.last().is_none_or(|last| *last != "iCalendar"),
    };
    for (pointer, value) in patch::missing(object, &back, &wanted) {
        node.lines.push(Abstract::text("jsprop", &value.to_string()).with("jsptr", &pointer));
    }
}

/// Whether any pointer rests on a key (draft §2.1.3).
pub(super) fn rests_on_keys(node: &Node) -> bool {
    const COLLECTIONS: &[&str] = &["alerts/", "links/", "locations/", "participants/", "virtualLocations/"];
    let pointers = node.lines.iter().filter(|line| line.name == "jsprop").filter_map(|line| line.parameter("jsptr"));
    pointers.into_iter().any(|pointer| COLLECTIONS.iter().any(|collection| pointer.starts_with(collection)))
}
