//! VALARM (draft §2.2.2, §2.3.44, §3.1) and RELATED-TO (draft §2.3.35).

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value as Json, json};

use super::made::{Carried, Made, Object, members, set_keys, text};
use super::node::Node;
use super::object::{Context, Taking, node_of, settled_by};
use super::time::{self, Form, Time, duration};
use super::{Kind, key};
use crate::convert::{Abstract, ConversionError, Value};
use crate::value::Duration;

const RELATED: &str = "relatedTo";

pub(super) fn take(made: &mut Made, taking: &mut Taking<'_>, context: &Context<'_>) {
    take_relations(made, taking);
    let alarms = taking.components("valarm");
    let mut keys = HashMap::new();
    for (_, node) in &alarms {
        if let Some(uid) = node.text("uid") {
            keys.insert(uid, key::of_node(node));
        }
    }
    let title = taking.node.text("summary");
    for (index, node) in alarms {
        let completed = |alert: &Object| {
            let mut inside = node_of(Kind::Alert, alert, context)?;
            complete(&mut inside, title);
            Ok(inside)
        };
        let mut alert = settled_by(Kind::Alert, node, context, &|made| made.finish(false), &completed);
        rename_relations(&mut alert, |uid| keys.get(uid).cloned());
        if made.set(&["alerts", &key::of_node(node)], alert) {
            taking.done_inside(index);
        }
    }
}

/// Between UIDs, which VALARMs relate by, and keys, which Alerts do.
fn rename_relations(alert: &mut Object, name: impl Fn(&str) -> Option<String>) {
    if let Some(Json::Object(relations)) = alert.get(RELATED) {
        let renamed = relations.iter().map(|(id, relation)| (name(id).unwrap_or_else(|| id.clone()), relation.clone())).collect::<Object>();
        if renamed.len() == relations.len() {
            alert.insert(RELATED.to_owned(), Json::Object(renamed));
        }
    }
}

fn take_relations(made: &mut Made, taking: &mut Taking<'_>) {
    for (index, property) in taking.lines("related-to") {
        let Some(id) = property.word() else { continue };
        let path = [RELATED, id];
        let kinds = property.parameter_values("reltype").iter().map(|kind| (kind.to_ascii_lowercase(), Json::Bool(true)));
        let mut relation = Map::new();
        relation.insert("@type".to_owned(), "Relation".into());
        let kinds: Object = kinds.collect();
        if let Some(Json::Object(known)) = made.member(RELATED, id).and_then(|there| there.get_mut("relation")) {
            // Several relations to one object are one set; which parameters belong to which would be lost.
            if property.parameters.iter().all(|(name, _)| name == "reltype") {
                known.extend(kinds);
                taking.done(index);
            }
            continue;
        }
        if !kinds.is_empty() {
            relation.insert("relation".to_owned(), kinds.into());
        }
        if made.set(&path, relation) {
            made.note(&path, property, ("related-to", "text"), &["reltype"]);
            taking.done(index);
        }
    }
}

fn give_relations(object: &Object, node: &mut Node) -> Result<(), ConversionError> {
    let carried = Carried::of(object);
    for (id, relation) in members(object, RELATED)? {
        let line = carried.restore(&[RELATED, id], Abstract::text("related-to", id));
        let kinds = set_keys(relation, "relation")?;
        if kinds.len() > 1 && !Made::may_note_for(&line, kinds.len()) {
            return Err(ConversionError("the parameters of a relation make too much of it".to_owned()));
        }
        if kinds.is_empty() {
            node.lines.push(line.clone());
        }
        node.lines.extend(kinds.iter().map(|kind| line.clone().with("reltype", &kind.to_ascii_uppercase())));
    }
    Ok(())
}

pub(super) fn give(_: Kind, object: &Object, node: &mut Node, context: &Context<'_>) -> Result<(), ConversionError> {
    give_relations(object, node)?;
    let alerts = members(object, "alerts")?;
    let mut nodes = Vec::new();
    for (key, alert) in &alerts {
        // A trigger of another type than iCalendar has would go off: JSPROP carries the alert (RFC 8984 §4.5.2).
        if !matches!(trigger_type(alert), Some("OffsetTrigger" | "AbsoluteTrigger")) {
            continue;
        }
        let mut inside = node_of(Kind::Alert, alert, context)?;
        key::identify(&mut inside, key, context.keys);
        nodes.push((*key, inside));
    }
    let related = alerts.iter().filter_map(|(_, alert)| alert.get(RELATED).and_then(Json::as_object));
    let related: HashSet<&String> = related.flat_map(Object::keys).collect();
    for (key, inside) in &mut nodes {
        if inside.line("uid").is_none() && related.contains(*key) {
            inside.lines.push(Abstract::text("uid", key).derived());
        }
    }
    let uids: HashMap<String, String> =
        nodes.iter().map(|(key, inside)| ((*key).clone(), inside.text("uid").unwrap_or(key).to_owned())).collect();
    let title = text(object, "title")?;
    for (_, mut inside) in nodes {
        for line in inside.lines.iter_mut().filter(|line| line.name == "related-to") {
            if let Some(uid) = line.word().and_then(|key| uids.get(key)) {
                line.values = vec![Value::Word(uid.clone())];
            }
        }
        complete(&mut inside, title);
        node.inside.push(inside);
    }
    Ok(())
}

fn trigger_type(alert: &Object) -> Option<&str> {
    let trigger = alert.get("trigger")?.as_object()?;
    match trigger.get("@type").and_then(Json::as_str) {
        None if trigger.contains_key("offset") => Some("OffsetTrigger"),
        None if trigger.contains_key("when") => Some("AbsoluteTrigger"),
        other => other,
    }
}

/// A longer title does not become the text of each alarm: many alarms would make too much of it.
const TITLE_BYTES_MAX: usize = 255;

/// What RFC 5545 §3.6.6 asks of a VALARM.
fn complete(alarm: &mut Node, title: Option<&str>) {
    if alarm.line("action").is_none() {
        alarm.lines.push(Abstract::text("action", "DISPLAY").derived());
    }
    let title = title.filter(|title| title.len() <= TITLE_BYTES_MAX).unwrap_or("Reminder");
    let words = match alarm.text("action").map(str::to_ascii_uppercase).as_deref() {
        Some("DISPLAY") => ["description"].as_slice(),
        Some("EMAIL") => &["summary", "description"],
        _ => &[],
    };
    for name in words {
        if alarm.line(name).is_none() {
            alarm.lines.push(Abstract::text(name, title).derived());
        }
    }
}

/// TRIGGER and RELATED-TO of a VALARM.
pub(super) fn take_trigger(made: &mut Made, taking: &mut Taking<'_>, _: &Context<'_>) {
    take_relations(made, taking);
    for (index, property) in taking.lines("trigger") {
        let Some(word) = property.word() else { continue };
        let related = property.parameter("related").map(str::to_ascii_lowercase);
        let (trigger, usual) = match property.value_type.as_str() {
            "duration" if Duration::parse(word).is_some() => {
                let mut trigger = json!({"@type": "OffsetTrigger", "offset": word});
                if let (Some(related), Some(trigger)) = (related, trigger.as_object_mut()) {
                    trigger.insert("relativeTo".to_owned(), related.into());
                }
                (trigger, "duration")
            }
            "date-time" if Time::of(property, word).is_some_and(|time| time.form == Form::Utc) => {
                (json!({"@type": "AbsoluteTrigger", "when": word}), "date-time")
            }
            _ => continue,
        };
        if made.set(&["trigger"], trigger) {
            made.note(&["trigger"], property, ("trigger", usual), if usual == "duration" { &["related"] } else { &[] });
            taking.done(index);
        }
    }
}

pub(super) fn give_trigger(_: Kind, object: &Object, node: &mut Node, _: &Context<'_>) -> Result<(), ConversionError> {
    give_relations(object, node)?;
    let Some(trigger) = object.get("trigger").and_then(Json::as_object) else { return Ok(()) };
    let line = match trigger_type(object) {
        Some("OffsetTrigger") => {
            let wrong = || ConversionError("an OffsetTrigger has an offset".to_owned());
            let (word, _) = duration(trigger, "offset", true)?.ok_or_else(wrong)?;
            let line = Abstract::plain("trigger", "duration", Value::Word(word.into_owned()));
            match text(trigger, "relativeTo")? {
                Some(related) => line.with("related", &related.to_ascii_uppercase()),
                None => line,
            }
        }
        Some("AbsoluteTrigger") => {
            let when = text(trigger, "when")?.and_then(|when| when.strip_suffix('Z'));
            let when = when.ok_or_else(|| ConversionError("an AbsoluteTrigger has a when in UTC, with a Z at its end".to_owned()))?;
            Abstract::plain("trigger", "date-time", Value::Word(time::value(time::local(when)?, &Form::Utc)))
        }
        _ => return Ok(()),
    };
    node.lines.push(Carried::of(object).restore_parameters(&["trigger"], line));
    Ok(())
}
