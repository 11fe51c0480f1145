//! The VCALENDAR: a Group, or the one Event or Task in it (draft §2.1.1, §3.3).

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value as Json};

use super::made::{Carried, Object, text};
use super::node::Node;
use super::object::{Context, add_pointers, node_of};
use super::time::Zones;
use super::{Kind, entry, zone};
use crate::Limits;
use crate::convert::{Abstract, ConversionError};

/// Components that stand beside VEVENT, wherever "iCalendar" carries them.
pub(super) const OUTER: &[&str] = &["vevent", "vtodo", "vjournal", "vfreebusy", "vtimezone", "vavailability"];
const PRODID: &str = "-//Kalends//JSCalendar//EN";

pub(super) fn object_of(root: &Node) -> Object {
    let mut zones = Zones::default();
    let timezones: Vec<&Node> = root.inside.iter().filter(|node| node.name == "vtimezone").collect();
    timezones.iter().for_each(|node| zones.learn(node));
    let context = Context { zones: &zones, main: None, keys: false, levels: usize::MAX };

    let (mut entries, others) = entries_of(root, &zones);
    let mut used = HashSet::new();
    entries.iter().for_each(|entry| zones_in(entry, &mut used));
    let (custom, mut carried) = zone::zones_of(&timezones, &context, &|name| used.contains(name));
    carried.extend(others);

    // What goes without saying, and what each entry says by itself.
    let mut bare = Node::new("vcalendar");
    let (mut method, mut prodid) = (None, None);
    for line in &root.lines {
        let word = line.word().unwrap_or_default();
        match line.name.as_str() {
            "version" if word == "2.0" && line.parameters.is_empty() => {}
            "calscale" if word.eq_ignore_ascii_case("GREGORIAN") && line.parameters.is_empty() => {}
            "method" if method.is_none() && line.parameters.is_empty() && !entries.is_empty() => method = Some(word.to_ascii_lowercase()),
            "prodid" if line.is_derived() => {}
            "prodid" if prodid.is_none() && line.parameters.is_empty() => prodid = Some(word.to_owned()),
            _ => bare.lines.push(line.clone()),
        }
    }
    for entry in &mut entries {
        if let Some(method) = &method {
            entry.entry("method").or_insert_with(|| method.as_str().into());
        }
    }
    let single = entries.len() == 1 && bare.lines.is_empty() && root.inside.iter().all(|node| OUTER.contains(&node.name.as_str()));
    if let Some(mut entry) = entries.pop_if(|_| single) {
        if let Some(prodid) = prodid {
            entry.insert("prodId".to_owned(), prodid.into());
        }
        if !custom.is_empty() {
            entry.insert("timeZones".to_owned(), custom.into());
        }
        carry(&mut entry, &carried);
        return entry;
    }
    for node in root.inside.iter().filter(|node| !OUTER.contains(&node.name.as_str())) {
        carried.push(node);
    }
    bare.inside = carried.into_iter().cloned().collect();
    let mut group = super::object::settled(Kind::Group, &bare, &context, &|made| made.finish(false));
    if let Some(prodid) = prodid {
        group.insert("prodId".to_owned(), prodid.into());
    }
    if !custom.is_empty() {
        group.insert("timeZones".to_owned(), custom.into());
    }
    group.insert("entries".to_owned(), entries.into_iter().map(Json::Object).collect());
    group
}

/// The names of zones that times inside are in.
fn zones_in<'a>(object: &'a Object, found: &mut HashSet<&'a str>) {
    for (member, value) in object {
        match value {
            Json::String(name) if name.starts_with('/') && member.to_ascii_lowercase().ends_with("timezone") => drop(found.insert(name)),
            Json::Object(inside) => zones_in(inside, found),
            _ => {}
        }
    }
}

/// Components that stand beside the entry's own, in its "iCalendar".
fn carry(entry: &mut Object, nodes: &[&Node]) {
    if nodes.is_empty() {
        return;
    }
    let name = if entry.get("@type").and_then(Json::as_str) == Some("Task") { "vtodo" } else { "vevent" };
    let carried = entry.entry("iCalendar").or_insert_with(|| serde_json::json!({"@type": "ICalComponent", "name": name}));
    let components = carried.as_object_mut().map(|carried| carried.entry("components").or_insert_with(|| Json::Array(Vec::new())));
    if let Some(Json::Array(components)) = components {
        components.extend(nodes.iter().map(|node| node.json()));
    }
}

/// The entries in the order of their components, and the components that are none.
fn entries_of<'a>(root: &'a Node, zones: &Zones) -> (Vec<Object>, Vec<&'a Node>) {
    let (mut entries, mut carried) = (Vec::new(), Vec::new());
    let of = |node: &'a Node| Some((node.name.as_str(), entry::kind_of(node)?, node.text("uid")?));
    let mut budget = entry::OVERRIDE_BYTES_MAX;
    let mut mains = HashMap::new();
    let mut overrides: HashMap<_, Vec<&Node>> = HashMap::new();
    for node in &root.inside {
        let Some((name, _, uid)) = of(node) else { continue };
        if entry::is_main(node) {
            mains.entry((name, uid)).or_insert(node);
        } else if node.line("recurrence-id").is_some() {
            overrides.entry((name, uid)).or_default().push(node);
        }
    }
    for node in &root.inside {
        let Some(kind) = entry::kind_of(node) else {
            if node.name != "vtimezone" && OUTER.contains(&node.name.as_str()) {
                carried.push(node);
            }
            continue;
        };
        let key = node.text("uid").map(|uid| (node.name.as_str(), uid));
        let own = match key.and_then(|key| mains.get(&key)) {
            Some(_) if node.line("recurrence-id").is_some() => continue,
            Some(main) if std::ptr::eq(*main, node) => key.and_then(|key| overrides.remove(&key)).unwrap_or_default(),
            _ => Vec::new(),
        };
        let (object, left) = entry::object_of(kind, node, &own, zones, &mut budget);
        entries.push(object);
        carried.extend(left);
    }
    (entries, carried)
}

pub(super) fn calendar_of(object: &Object, limits: &Limits) -> Result<Node, ConversionError> {
    let levels = limits.nesting_levels_max.saturating_sub(1);
    let mut zones = Zones::default();
    let mut root = Node::new("vcalendar");
    root.lines.push(Abstract::text("version", "2.0"));
    let kind = object.get("@type").and_then(Json::as_str);
    let entries: Vec<&Object> = match kind {
        Some("Event" | "Task") => vec![object],
        Some("Group") => {
            let wrong = || ConversionError("entries of a Group is a list of Events and Tasks".to_owned());
            let entries = object.get("entries").map_or(Ok(&[][..]), |entries| entries.as_array().map(Vec::as_slice).ok_or_else(wrong))?;
            entries.iter().map(|entry| entry.as_object().ok_or_else(wrong)).collect::<Result<_, _>>()?
        }
        _ => return Err(ConversionError("\"@type\" is Event, Task or Group".to_owned())),
    };
    if entries.len() > limits.components_max {
        return Err(ConversionError(format!("the Group has more than {} entries", limits.components_max)));
    }
    let mut outer = zone::learn(object, &mut zones, levels)?;
    let is_group = kind == Some("Group");
    if is_group {
        // Entries bring the same zone each.
        let mut seen: HashSet<String> = outer.iter().map(|node| node.json().to_string()).collect();
        for entry in &entries {
            let more = zone::learn(entry, &mut zones, levels)?;
            outer.extend(more.into_iter().filter(|node| seen.insert(node.json().to_string())));
        }
    }
    for node in carried_zones(object, &entries, levels)? {
        zones.learn(&node);
    }
    head(object, &entries, &mut root)?;
    if is_group {
        group_lines(object, &zones, levels, &mut root)?;
    }
    let mut inner = Vec::new();
    let mut budget = entry::OVERRIDE_BYTES_MAX;
    for entry in entries {
        let kind = match entry.get("@type").and_then(Json::as_str) {
            Some("Event") => Kind::Event,
            Some("Task") => Kind::Task,
            _ => return Err(ConversionError("an entry of a Group has the \"@type\" Event or Task".to_owned())),
        };
        let mut entry = entry.clone();
        if root.line("method").is_some() {
            entry.remove("method");
        }
        if !is_group {
            entry.remove("prodId");
        }
        for mut node in entry::nodes_of(kind, &entry, &zones, levels, &mut budget)? {
            let (mut beside, inside): (Vec<_>, _) = node.inside.into_iter().partition(|inside| OUTER.contains(&inside.name.as_str()));
            node.inside = inside;
            inner.push(node);
            outer.append(&mut beside);
        }
    }
    root.inside.append(&mut outer);
    root.inside.sort_by_key(|node| node.name != "vtimezone");
    let zones_end = root.inside.iter().position(|node| node.name != "vtimezone").unwrap_or(root.inside.len());
    root.inside.splice(zones_end..zones_end, inner);
    Ok(root)
}

/// The VTIMEZONEs that "iCalendar" carries.
fn carried_zones(object: &Object, entries: &[&Object], levels: usize) -> Result<Vec<Node>, ConversionError> {
    let mut zones = Vec::new();
    for of in std::iter::once(&object).chain(entries) {
        zones.extend(Carried::of(of).components(levels)?.into_iter().filter(|node| node.name == "vtimezone"));
    }
    Ok(zones)
}

/// PRODID and METHOD (draft §2.3.27, §2.3.32). RFC 5545 §3.7.3 asks for a PRODID; without one, this conversion is the product.
fn head(object: &Object, entries: &[&Object], root: &mut Node) -> Result<(), ConversionError> {
    let mut prodid = None;
    for object in std::iter::once(&object).chain(entries) {
        prodid = prodid.or(text(object, "prodId")?);
    }
    root.lines.push(match prodid {
        Some(prodid) => Abstract::text("prodid", prodid),
        None => Abstract::text("prodid", PRODID).derived(),
    });
    let methods = entries.iter().map(|entry| text(entry, "method")).collect::<Result<Vec<_>, _>>()?;
    // Of entries that do not agree, JSPROP tells.
    if let Some(Some(method)) = methods.first().filter(|first| methods.iter().all(|method| method == *first)) {
        root.lines.push(Abstract::text("method", &method.to_ascii_uppercase()));
    }
    Ok(())
}

/// The properties of a Group, with its JSPROPs.
fn group_lines(object: &Object, zones: &Zones, levels: usize, root: &mut Node) -> Result<(), ConversionError> {
    let context = Context { zones, main: None, keys: false, levels };
    let own: Map<String, Json> = object
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "entries" | "prodId" | "timeZones"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mut node = node_of(Kind::Group, &own, &context)?;
    add_pointers(Kind::Group, &own, &mut node, &context);
    if super::object::rests_on_keys(&node) {
        let context = Context { keys: true, ..context };
        node = node_of(Kind::Group, &own, &context)?;
        add_pointers(Kind::Group, &own, &mut node, &context);
    }
    if node.line("version").is_some() {
        root.lines.retain(|line| line.name != "version");
    }
    root.lines.append(&mut node.lines);
    root.inside.append(&mut node.inside);
    Ok(())
}
