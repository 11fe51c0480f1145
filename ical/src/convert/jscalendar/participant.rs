//! ORGANIZER, ATTENDEE and PARTICIPANT (draft §2.2.1, §2.3.4, §2.3.5, §2.3.29, §3.6); REQUEST-STATUS (RFC 8984 §4.4.7).

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value as Json, json};

use super::made::{Carried, Made, Object, members, text};
use super::node::Node;
use super::object::{Context, Taking, node_of, settled};
use super::{Kind, attendee, key};
use crate::convert::{Abstract, ConversionError, Value};

const ALL: &str = "participants";
const ORGANIZER: &str = "organizerCalendarAddress";
const STATUS: &str = "requestStatus";
/// The parameter that tells how JSCalendar spelt an address: `replyTo` and `sendTo` as RFC 8984 §4.4.5 and §4.4.6 have them, `alone` an
/// organizer that is no participant.
const SPELLING: &str = "x-jsptr";

fn is_spelt(property: &Abstract, how: &str) -> bool {
    property.parameter_values(SPELLING).iter().any(|value| value == how)
}

fn imip(address: &str) -> Json {
    json!({"imip": address})
}

/// The address of a participant.
fn address_of(participant: &Object) -> Result<Option<&str>, ConversionError> {
    let imip = participant.get("sendTo").and_then(|methods| methods.get("imip")).and_then(Json::as_str);
    Ok(text(participant, "calendarAddress")?.or(imip))
}

pub(super) fn take(made: &mut Made, taking: &mut Taking<'_>, context: &Context<'_>) {
    let components = taking.components("participant");
    let names: HashMap<&str, &str> =
        components.iter().filter_map(|(_, node)| Some((node.text("calendar-address")?, node.text("jsid")?))).collect();
    let named = |address: &str| names.get(address).copied();
    let attendees = taking.lines("attendee");
    let mut seen = HashSet::new();
    for (index, property) in &attendees {
        let Some(address) = property.word() else { continue };
        if !seen.insert(address) {
            continue;
        }
        let key = property.parameter("jsid").or_else(|| named(address)).map_or_else(|| key::of_value(address), str::to_owned);
        let old = is_spelt(property, "sendTo");
        let mut participant = new(address, old);
        let mut consumed = attendee::take(property, &mut participant, made.kind == Kind::Task);
        consumed.extend(old.then_some(SPELLING));
        if made.set(&[ALL, &key], participant) {
            made.note(&path_of(&key, old), property, ("attendee", "cal-address"), &consumed);
            taking.done(*index);
        }
    }
    let has_owner = attendees.iter().any(|(_, property)| property.parameter("role").is_some_and(|role| role.eq_ignore_ascii_case("OWNER")));
    for (index, property) in taking.lines("organizer").into_iter().take(1) {
        if take_organizer(made, property, has_owner, named) {
            taking.done(index);
        }
    }
    let mut keys = keys_of(made);
    for (index, node) in components {
        if take_component(made, node, context, &mut keys) {
            taking.done_inside(index);
        }
    }
    resolve(made);
    for (index, property) in taking.lines("request-status").into_iter().take(1) {
        if let Some(status) = status_of(property)
            && made.set(&[STATUS], status)
        {
            made.note(&[STATUS], property, ("request-status", "text"), &[]);
            taking.done(index);
        }
    }
}

fn new(address: &str, old: bool) -> Object {
    let mut participant = Map::new();
    participant.insert("@type".to_owned(), "Participant".into());
    match old {
        true => participant.insert("sendTo".to_owned(), imip(address)),
        false => participant.insert("calendarAddress".to_owned(), address.into()),
    };
    participant
}

fn path_of(key: &str, old: bool) -> Vec<&str> {
    if old { vec![ALL, key, "sendTo", "imip"] } else { vec![ALL, key, "calendarAddress"] }
}

fn participants(made: &Made) -> impl Iterator<Item = (&String, &Object)> {
    let all = made.map.get(ALL).and_then(Json::as_object).into_iter().flatten();
    all.filter_map(|(key, participant)| Some((key, participant.as_object()?)))
}

/// The keys of participants by their addresses.
fn keys_of(made: &Made) -> HashMap<String, String> {
    participants(made).filter_map(|(key, participant)| Some((address_of(participant).ok()??.to_owned(), key.clone()))).collect()
}

fn key_of_address(made: &Made, address: &str) -> Option<String> {
    participants(made).find(|(_, participant)| address_of(participant).ok().flatten() == Some(address)).map(|(key, _)| key.clone())
}

fn take_organizer<'a>(made: &mut Made, property: &Abstract, has_owner: bool, named: impl Fn(&str) -> Option<&'a str>) -> bool {
    let Some(address) = property.word() else { return false };
    let old = is_spelt(property, "replyTo");
    let set = if old { made.set(&["replyTo"], imip(address)) } else { made.set(&[ORGANIZER], address) };
    if !set {
        return false;
    }
    let own = attendee::organizer_members(property);
    if let Some((.., by)) = own.iter().find(|(_, member, _)| *member == "sentBy") {
        made.set(&["sentBy"], by.clone());
    }
    let known = key_of_address(made, address);
    let key = known
        .clone()
        .or_else(|| property.parameter("jsid").or_else(|| named(address)).map(str::to_owned))
        .unwrap_or_else(|| key::of_value(address));
    if known.is_none() && !is_spelt(property, "alone") && (!own.is_empty() || !has_owner) {
        made.set(&[ALL, &key], new(address, is_spelt(property, "sendTo")));
    }
    if let Some(participant) = made.member(ALL, &key).filter(|_| !is_spelt(property, "alone")) {
        let exact = participant.remove(attendee::EXACT).is_some();
        if let (false, Json::Object(roles)) = (exact, participant.entry("roles").or_insert_with(|| json!({}))) {
            roles.insert("owner".to_owned(), true.into());
        }
        let path_of_old = participant.contains_key("sendTo");
        let new: Vec<_> = own.into_iter().filter(|(_, member, _)| !participant.contains_key(*member)).collect();
        participant.extend(new.iter().map(|(_, member, value)| ((*member).to_owned(), value.clone())));
        for (parameter, ..) in new.iter().filter(|_| known.is_some()) {
            made.note_absent(&path_of(&key, path_of_old), "attendee", parameter);
        }
    }
    let participant = made.map.get(ALL).and_then(|all| all.get(&key)).and_then(Json::as_object).cloned().unwrap_or_default();
    let derived = attendee::organizer_parameters(&participant, true);
    let ignored = |name: &str| matches!(name, "jsid" | SPELLING);
    let mut left: Vec<_> = property.parameters.iter().filter(|(name, _)| !ignored(name)).cloned().collect();
    left.sort();
    if left != derived {
        let path = if old { vec!["replyTo", "imip"] } else { vec![ORGANIZER] };
        made.note_all(&path, "organizer", None, &left);
        if let Some(Json::Object(note)) = made.converted.get_mut(&path.join("/")) {
            // Even if there are none: then none are added.
            note.entry("parameters").or_insert_with(|| json!({}));
        }
    }
    true
}

/// PARTICIPANT, together with the ATTENDEE or ORGANIZER of the same address.
fn take_component(made: &mut Made, node: &Node, context: &Context<'_>, keys: &mut HashMap<String, String>) -> bool {
    let mut bare = node.clone();
    let mut take_line = |name: &str| {
        let plain = |line: &Abstract| line.name == name && line.value_type == if name == "summary" { "text" } else { "cal-address" };
        let at = bare.lines.iter().position(|line| plain(line) && line.parameters.is_empty() && line.word().is_some());
        at.map(|at| bare.lines.remove(at)).and_then(|line| line.word().map(str::to_owned))
    };
    let address = take_line("calendar-address");
    let known = address.as_deref().and_then(|address| keys.get(address).cloned());
    let known_name = known.as_deref().and_then(|key| made.member(ALL, key)).is_some_and(|participant| participant.contains_key("name"));
    let name = if known_name { None } else { take_line("summary") };
    let named = |mut made: Made| {
        if let Some(name) = &name {
            made.set(&["name"], name.as_str());
            if address.is_some() {
                made.note_all(&["name"], "summary", None, &[]);
            }
        }
        if let (Some(address), None) = (&address, &known) {
            made.set(&["calendarAddress"], address.as_str());
            made.note_all(&["calendarAddress"], "calendar-address", None, &[]);
        }
        made.finish(key::is_named(node))
    };
    let participant = settled(Kind::Participant, &bare, context, &named);
    match known.as_deref().and_then(|key| made.member(ALL, key)) {
        Some(there) => {
            for (member, value) in participant {
                there.entry(member).or_insert(value);
            }
            true
        }
        None => {
            let of_address = address.as_deref().filter(|_| node.line("jsid").is_none()).map(key::of_value);
            let key = of_address.unwrap_or_else(|| key::of_node(node));
            let set = made.set(&[ALL, &key], participant);
            if let Some(address) = address.filter(|_| set) {
                keys.insert(address, key);
            }
            set
        }
    }
}

/// Addresses of participants as their keys (RFC 8984 §4.4.6).
fn resolve(made: &mut Made) {
    let keys = keys_of(made);
    let Some(Json::Object(all)) = made.map.get_mut(ALL) else { return };
    for participant in all.values_mut().filter_map(Json::as_object_mut) {
        participant.remove(attendee::EXACT);
        for member in attendee::REFERENCES {
            let Some(Json::Object(set)) = participant.get_mut(*member) else { continue };
            let key = |address: &String| keys.get(address).unwrap_or(address).clone();
            *set = set.iter().map(|(address, value)| (key(address), value.clone())).collect();
        }
    }
}

fn status_of(property: &Abstract) -> Option<String> {
    let [Value::Structured(parts)] = property.values.as_slice() else { return None };
    let parts: Option<Vec<&str>> = parts.iter().map(|part| if let Value::Word(word) = part { Some(word.as_str()) } else { None }).collect();
    parts.map(|parts| parts.join(";"))
}

pub(super) fn give(kind: Kind, object: &Object, node: &mut Node, context: &Context<'_>) -> Result<(), ConversionError> {
    let carried = Carried::of(object);
    let all = members(object, ALL)?;
    let reply_to = object.get("replyTo").and_then(|methods| methods.get("imip")).and_then(Json::as_str);
    let organizer = text(object, ORGANIZER)?.or(reply_to);
    let old = object.get(ORGANIZER).is_none_or(Json::is_null);
    let mut addresses = HashMap::new();
    for (key, participant) in &all {
        addresses.insert(key.as_str(), address_of(participant)?);
    }
    let sent_by = text(object, "sentBy")?;
    let mut lines = Vec::new();
    let mut has_owner = false;
    for (key, participant) in &all {
        let spelt_old = participant.get("calendarAddress").is_none_or(Json::is_null);
        let own = Carried::of(participant);
        let component_alone = own.name(&["calendarAddress"]) == Some("calendar-address");
        let address = address_of(participant)?;
        let organizes = address.is_some() && address == organizer;
        let by_organizer = organizes && attendee::is_organizer_alone(participant, sent_by);
        let mut has_line = by_organizer;
        if let Some(address) = address.filter(|_| !by_organizer && !component_alone) {
            let mut line = Abstract::plain("attendee", "cal-address", Value::Word(address.to_owned()));
            line.parameters = attendee::parameters(participant, kind == Kind::Task, organizes, &addresses)?;
            has_owner |= line.parameter("role") == Some("OWNER");
            let line = carried.restore(&path_of(key, spelt_old), line);
            let line = if spelt_old { line.with(SPELLING, "sendTo") } else { line };
            let keyed = context.keys || **key != key::of_value(address);
            lines.push(if keyed { line.with("jsid", key) } else { line });
            has_line = true;
        }
        if !has_line || own.names("participant") || attendee::COMPONENT.iter().any(|member| participant.contains_key(*member)) {
            let mut inside = node_of(Kind::Participant, participant, context)?;
            if let Some(name) = text(participant, "name")?.filter(|_| !has_line || own.name(&["name"]) == Some("summary")) {
                inside.lines.push(Abstract::text("summary", name));
            }
            if let Some(address) = address {
                inside.lines.push(Abstract::plain("calendar-address", "cal-address", Value::Word(address.to_owned())));
            }
            let found = address.is_some_and(|address| key::of_value(address) == **key);
            match found && !context.keys {
                true if inside.line("uid").is_none() => inside.lines.push(Abstract::text("uid", key).derived()),
                true => {}
                false => key::identify(&mut inside, key, address.is_some() || context.keys),
            }
            node.inside.push(inside);
        }
    }
    if let Some(address) = organizer {
        let of_organizer = all.iter().find(|(key, _)| addresses.get(key.as_str()) == Some(&Some(address)));
        let path = if old { vec!["replyTo", "imip"] } else { vec![ORGANIZER] };
        let mut line = Abstract::plain("organizer", "cal-address", Value::Word(address.to_owned()));
        line.parameters = match (carried.parameters(&path), of_organizer) {
            (Some(exact), _) => exact,
            (None, Some((_, participant))) => {
                attendee::organizer_parameters(participant, sent_by == participant.get("sentBy").and_then(Json::as_str))
            }
            (None, None) => Vec::new(),
        };
        let spelt_old = of_organizer.is_some_and(|(_, participant)| participant.get("calendarAddress").is_none_or(Json::is_null));
        let alone = of_organizer.is_none() && !(has_owner && line.parameters.is_empty());
        let spelling = [(old, "replyTo"), (spelt_old, "sendTo"), (alone, "alone")].into_iter().filter(|(is, _)| *is);
        let spelling: Vec<String> = spelling.map(|(_, word)| word.to_owned()).collect();
        if !spelling.is_empty() {
            line.parameters.push((SPELLING.to_owned(), spelling));
        }
        if let Some((key, _)) = of_organizer.filter(|(key, _)| context.keys || **key != key::of_value(address)) {
            line = line.with("jsid", key);
        }
        node.lines.push(line);
    }
    node.lines.append(&mut lines);
    if let Some(status) = text(object, STATUS)? {
        let parts = status.splitn(3, ';').map(|part| Value::Word(part.to_owned())).collect();
        node.lines.push(carried.restore(&[STATUS], Abstract::plain("request-status", "text", Value::Structured(parts))));
    }
    Ok(())
}
