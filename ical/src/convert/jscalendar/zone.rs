//! VTIMEZONE as TimeZone (RFC 8984 §4.7.2), for zones that are not IANA's.

use serde_json::{Map, Value as Json};

use super::Kind;
use super::made::{Made, Object, members, text};
use super::node::Node;
use super::object::{Context, Taking, node_of, settled};
use super::rule::{object_of, recur_of};
use super::time::{Form, Time, Zones, custom_name, is_iana, line, local, written};
use crate::convert::{Abstract, ConversionError, Value, basic, extended};
use crate::windows::iana_of_windows;

const ZONES: &str = "timeZones";
const DATES: &str = "recurrenceOverrides";
/// Members of a rule and the properties they are.
const OFFSETS: &[(&str, &str)] = &[("tzoffsetfrom", "offsetFrom"), ("tzoffsetto", "offsetTo")];
const LISTS: &[&str] = &["standard", "daylight"];

/// The custom zones among VTIMEZONEs, by name; the others, which IANA has or which nobody asks for, are carried.
pub(super) fn zones_of<'a>(nodes: &[&'a Node], context: &Context<'_>, is_used: &dyn Fn(&str) -> bool) -> (Object, Vec<&'a Node>) {
    let (mut zones, mut carried) = (Map::new(), Vec::new());
    for node in nodes {
        let id = node.text("tzid").unwrap_or_default();
        let name = custom_name(id);
        let custom = !id.is_empty() && !is_iana(id) && iana_of_windows(id).is_none() && is_used(&name);
        if custom && !zones.contains_key(&name) {
            zones.insert(name, Json::Object(settled(Kind::Zone, node, context, &|made| made.finish(false))));
        } else {
            carried.push(*node);
        }
    }
    (zones, carried)
}

/// Learns the TimeZones of an object, and gives their VTIMEZONEs.
pub(super) fn learn(object: &Object, zones: &mut Zones, levels: usize) -> Result<Vec<Node>, ConversionError> {
    let mut nodes = Vec::new();
    for (name, zone) in members(object, ZONES)? {
        let Some(id) = text(zone, "tzId")? else { return Err(ConversionError(format!("the time zone {name:.60?} has no tzId"))) };
        zones.name(name, id);
        let node = node_of(Kind::Zone, zone, &Context { zones, main: None, keys: false, levels })?;
        zones.learn(&node);
        nodes.push(node);
    }
    Ok(nodes)
}

/// STANDARD and DAYLIGHT.
pub(super) fn take_rules(made: &mut Made, taking: &mut Taking<'_>, context: &Context<'_>) {
    for list in LISTS {
        let mut rules = Vec::new();
        for (index, node) in taking.components(list) {
            let mut rule = settled(Kind::ZoneRule, node, context, &|made| made.finish(false));
            if let Some(Json::Object(carried)) = rule.get_mut("iCalendar") {
                carried.insert("name".to_owned(), (*list).into());
            }
            rules.push(Json::Object(rule));
            taking.done_inside(index);
        }
        if !rules.is_empty() {
            made.set(&[list], rules);
        }
    }
}

pub(super) fn give_rules(_: Kind, object: &Object, node: &mut Node, context: &Context<'_>) -> Result<(), ConversionError> {
    for list in LISTS {
        let wrong = || ConversionError(format!("{list} of a time zone is a list of rules"));
        let rules = match object.get(*list) {
            None | Some(Json::Null) => continue,
            Some(rules) => rules.as_array().ok_or_else(wrong)?,
        };
        for rule in rules {
            let mut inside = node_of(Kind::ZoneRule, rule.as_object().ok_or_else(wrong)?, context)?;
            (*list).clone_into(&mut inside.name);
            node.inside.push(inside);
        }
    }
    Ok(())
}

pub(super) fn take_rule(made: &mut Made, taking: &mut Taking<'_>, context: &Context<'_>) {
    for (index, property) in taking.lines("dtstart") {
        if let Some(time) = Time::single(property).filter(|time| time.form == Form::Floating)
            && made.set(&["start"], written(time.local))
        {
            taking.done(index);
        }
    }
    for (name, member) in OFFSETS {
        for (index, property) in taking.lines(name) {
            if let Some(offset) = property.word()
                && made.set(&[member], basic(offset))
            {
                taking.done(index);
            }
        }
    }
    for (index, property) in taking.lines("rrule") {
        if let Some((rule, _)) = object_of(property, &Form::Utc, context.zones)
            && made.set(&["recurrenceRules"], vec![Json::Object(rule)])
        {
            taking.done(index);
        }
    }
    for (index, property) in taking.lines("rdate") {
        let floating = |value: &Value| match value {
            Value::Word(word) => Time::of(property, word).filter(|time| time.form == Form::Floating),
            _ => None,
        };
        let times: Option<Vec<Time>> = property.values.iter().map(floating).collect();
        for time in times.iter().flatten() {
            made.set(&[DATES, &written(time.local)], Map::new());
        }
        if times.is_some() {
            taking.done(index);
        }
    }
    let comments = taking.lines("comment");
    let words: Option<Vec<&str>> =
        comments.iter().map(|(_, property)| property.word().filter(|_| property.parameters.is_empty())).collect();
    if let Some(words) = words.filter(|words| !words.is_empty()) {
        made.set(&["comments"], words);
        comments.iter().for_each(|(index, _)| taking.done(*index));
    }
}

pub(super) fn give_rule(_: Kind, object: &Object, node: &mut Node, context: &Context<'_>) -> Result<(), ConversionError> {
    if let Some(start) = text(object, "start")?.map(local).transpose()? {
        node.lines.push(line("dtstart", &[start], &Form::Floating));
    }
    for (name, member) in OFFSETS {
        if let Some(offset) = text(object, member)? {
            let offset = basic(offset);
            let signed = offset
                .strip_prefix(['+', '-'])
                .is_some_and(|digits| matches!(digits.len(), 4 | 6) && digits.bytes().all(|b| b.is_ascii_digit()));
            if !signed {
                return Err(ConversionError(format!("{member} is an offset such as +0100")));
            }
            node.lines.push(Abstract::plain(name, "utc-offset", Value::Word(extended(&offset))));
        }
    }
    if let Some(rules) = object.get("recurrenceRules").and_then(Json::as_array) {
        for rule in rules {
            node.lines.push(Abstract::plain("rrule", "recur", recur_of(rule, &Form::Utc, &Form::Utc, context.zones)?));
        }
    }
    let dates = members(object, DATES)?.into_iter().map(|(key, _)| local(key)).collect::<Result<Vec<_>, _>>()?;
    if !dates.is_empty() {
        node.lines.push(line("rdate", &dates, &Form::Floating));
    }
    let comments = object.get("comments").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    node.lines.extend(comments.map(|comment| Abstract::text("comment", comment)));
    Ok(())
}
