//! When an Event or a Task takes place (draft §2.3.14, §2.3.16 – §2.3.18, §2.3.20, §2.3.33, §2.3.34, §2.3.38).

use serde_json::{Map, Value as Json};

use super::Kind;
use super::made::{Carried, Made, Object, members, text};
use super::node::Node;
use super::object::{Context, Taking};
use super::table::LOOK_BACK;
use super::time::{self, Form, Time, duration, duration_of, in_zone, line, local, note_form, noted_form, written, zone_name};
use crate::civil::DAY_SECONDS;
use crate::convert::{Abstract, ConversionError, Value, basic, extended};
use crate::date::format_local;
use crate::value::Duration;

const ALL_DAY: &str = "showWithoutTime";
const OVERRIDES: &str = "recurrenceOverrides";

/// The time that the zone of a component hangs on: its DTSTART, or the DUE of a VTODO that has none.
pub(super) fn anchor(node: &Node) -> Option<Time> {
    let of = |name: &str| {
        let at = node.lines.iter().enumerate().find(|(index, line)| line.name == name && !node.held.contains(index));
        at.and_then(|(_, line)| Time::single(line))
    };
    of("dtstart").or_else(|| if node.name == "vtodo" { of("due") } else { None })
}

pub(super) fn take(made: &mut Made, taking: &mut Taking<'_>, context: &Context<'_>) {
    let anchor = anchor(taking.node);
    let form = anchor.as_ref().map_or(Form::Floating, |time| time.form.clone());
    if let Some(time) = &anchor {
        if let Some(zone) = zone_name(&time.form) {
            made.set(&["timeZone"], zone);
        }
        if time.form == Form::Date {
            made.set(&[ALL_DAY], true);
        }
    }
    let mut start = None;
    for (index, property) in taking.lines("dtstart") {
        if let Some(time) = Time::single(property)
            && made.set(&["start"], written(time.local))
        {
            start = Some((property, time.form));
            taking.done(index);
        }
    }
    take_end(made, taking, context, anchor.as_ref());
    if let Some((property, of)) = start {
        let natural = match natural_form(made.text("timeZone"), form == Form::Date, context) {
            Form::Utc if made.map.contains_key("endTimeZone") => Form::Zone(time::UTC.to_owned()),
            other => other,
        };
        note_form(made, &["start"], property, &of, &natural);
    }
    take_recurrence_id(made, taking, context);
    take_dates(made, taking, context, &form);
    for (index, property) in taking.lines("show-without-time") {
        if matches!(property.values.as_slice(), [Value::Boolean(true)]) && form != Form::Date && made.set(&[ALL_DAY], true) {
            made.note(&[ALL_DAY], property, ("show-without-time", "boolean"), &[]);
            taking.done(index);
        }
    }
}

fn natural_form(zone: Option<&str>, of_dates: bool, context: &Context<'_>) -> Form {
    if of_dates { Form::Date } else { context.zones.form_of(zone) }
}

/// DTEND, DUE, DURATION.
fn take_end(made: &mut Made, taking: &mut Taking<'_>, context: &Context<'_>, anchor: Option<&Time>) {
    let (ends, dues) = if made.kind == Kind::Event { (taking.lines("dtend"), Vec::new()) } else { (Vec::new(), taking.lines("due")) };
    for (index, property) in ends {
        let (Some(start), Some(end)) = (anchor, Time::single(property)) else { continue };
        let same_kind = (start.form == Form::Date) == (end.form == Form::Date);
        let Some(seconds) = context.zones.between(start, &end).filter(|seconds| same_kind && *seconds >= 0) else { continue };
        if !made.set(&["duration"], duration_of(seconds, end.form == Form::Date)) {
            continue;
        }
        let parameters: Vec<_> =
            property.parameters.iter().filter(|(name, _)| !matches!(name.as_str(), "tzid" | "jsid")).cloned().collect();
        if end.form == start.form {
            made.note_all(&["duration"], "dtend", None, &parameters);
        } else {
            made.set(&["endTimeZone"], zone_name(&end.form).unwrap_or_default());
            let natural = context.zones.form_of(made.text("endTimeZone"));
            note_form(made, &["endTimeZone"], property, &end.form, &natural);
        }
        taking.done(index);
    }
    for (index, property) in dues {
        let (Some(anchor), Some(due)) = (anchor, Time::single(property)) else { continue };
        let Some(local) = context.zones.moved(&due, &anchor.form) else { continue };
        if made.set(&["due"], written(local)) {
            let natural = natural_form(made.text("timeZone"), anchor.form == Form::Date, context);
            note_form(made, &["due"], property, &due.form, &natural);
            taking.done(index);
        }
    }
    for (index, property) in taking.lines("duration") {
        let Some(word) = property.word().filter(|word| word.bytes().all(|byte| byte.is_ascii_alphanumeric())) else { continue };
        if Duration::parse(word).is_some() && made.set(&["duration"], word) {
            made.note(&["duration"], property, ("duration", "duration"), &[]);
            taking.done(index);
        }
    }
}

fn take_recurrence_id(made: &mut Made, taking: &mut Taking<'_>, context: &Context<'_>) {
    let Some((index, property)) = taking.lines("recurrence-id").into_iter().next() else { return };
    let Some(time) = Time::single(property) else { return };
    let (local, natural) = match &context.main {
        Some(main) => (context.zones.moved(&time, main), main.clone()),
        None => {
            let of_dates = made.map.get(ALL_DAY) == Some(&Json::Bool(true)) && !made.map.contains_key("timeZone");
            let zone = zone_name(&time.form);
            let natural = natural_form(zone.as_deref(), of_dates, context);
            if let Some(zone) = zone {
                made.set(&["recurrenceIdTimeZone"], zone);
            }
            (Some(time.local), natural)
        }
    };
    let Some(local) = local else { return };
    made.set(&["recurrenceId"], written(local));
    note_form(made, &["recurrenceId"], property, &time.form, &natural);
    taking.done(index);
}

/// EXDATE and RDATE, value by value; a property that does not go over as a whole stays whole.
fn take_dates(made: &mut Made, taking: &mut Taking<'_>, context: &Context<'_>, form: &Form) {
    for name in ["exdate", "rdate"] {
        for (index, property) in taking.lines(name).into_iter().filter(|(_, property)| Made::may_note(property)) {
            let dates: Option<Vec<(String, Object, Form)>> =
                property.values.iter().map(|value| date_of(property, value, context, form)).collect();
            let Some(dates) = dates else { continue };
            let is_there = |key: &str| made.map.get(OVERRIDES).is_some_and(|there| there.get(key).is_some());
            if dates.iter().any(|(key, ..)| is_there(key)) {
                continue;
            }
            for (key, patch, of) in dates {
                let path = [OVERRIDES, key.as_str()];
                if made.set(&path, Json::Object(patch)) {
                    note_form(made, &path, property, &of, form);
                    if property.value_type == "period" {
                        note_period(made, &path, property, &of, form);
                    }
                }
            }
            taking.done(index);
        }
    }
}

fn date_of(property: &Abstract, value: &Value, context: &Context<'_>, form: &Form) -> Option<(String, Object, Form)> {
    let mut patch = Map::new();
    let word = match value {
        Value::Word(word) => word,
        Value::Period(start, length) if property.name == "rdate" && Duration::parse(length).is_some() => {
            patch.insert("duration".to_owned(), length.as_str().into());
            start
        }
        _ => return None,
    };
    if property.name == "exdate" {
        patch.insert("excluded".to_owned(), true.into());
    }
    let time = Time::of(property, word)?;
    Some((written(context.zones.moved(&time, form)?), patch, time.form))
}

fn note_period(made: &mut Made, path: &[&str], property: &Abstract, of: &Form, form: &Form) {
    let mut parameters: Vec<_> = property.parameters.iter().filter(|(name, _)| name != "tzid").cloned().collect();
    if let (true, Form::Zone(id)) = (of != form, of) {
        parameters.push(("tzid".to_owned(), vec![id.clone()]));
    }
    made.note_all(path, "rdate", Some("period"), &parameters);
}

/// Which form the times of an object have in iCalendar (draft §3.2).
pub(super) fn form_of(object: &Object, context: &Context<'_>) -> Result<Form, ConversionError> {
    let zone = text(object, "timeZone")?;
    if zone.is_some_and(|zone| zone.len() > time::ZONE_BYTES_MAX) {
        return Err(ConversionError(format!("the name of a time zone has more than {} bytes", time::ZONE_BYTES_MAX)));
    }
    let carried = Carried::of(object);
    let member = if object.contains_key("start") { "start" } else { "due" };
    let mut times = vec![text(object, "start")?, text(object, "due")?, text(object, "recurrenceId")?];
    let rule = object.get("recurrenceRule").and_then(Json::as_object);
    times.push(rule.and_then(|rule| rule.get("until")).and_then(Json::as_str));
    times.extend(members(object, OVERRIDES)?.into_iter().map(|(key, _)| Some(key.as_str())));
    let whole_days = times.into_iter().flatten().all(|time| time.ends_with("T00:00:00"));
    let lengths = [duration(object, "duration", false)?, duration(object, "estimatedDuration", false)?];
    let of_days = lengths.iter().flatten().all(|(word, _)| !word.contains(['T', 't']));
    if zone.is_none() && object.get(ALL_DAY) == Some(&Json::Bool(true)) && whole_days && of_days {
        return Ok(Form::Date);
    }
    let has_other_end = text(object, "endTimeZone")?.is_some();
    let usual = match context.zones.form_of(zone) {
        Form::Utc if has_other_end => Form::Zone(time::UTC.to_owned()),
        other => other,
    };
    Ok(noted_form(carried, &[member], &usual))
}

pub(super) fn give(kind: Kind, object: &Object, node: &mut Node, context: &Context<'_>) -> Result<(), ConversionError> {
    let carried = Carried::of(object);
    let form = form_of(object, context)?;
    let zone = text(object, "timeZone")?;
    let natural = if form == Form::Date { Form::Date } else { context.zones.form_of(zone) };
    let start = text(object, "start")?.map(local).transpose()?;
    if let Some(start) = start {
        node.lines.push(carried.restore_parameters(&["start"], line("dtstart", &[start], &form)));
    }
    if kind == Kind::Task
        && let Some(due) = text(object, "due")?.map(local).transpose()?
    {
        let at = if start.is_none() { form.clone() } else { noted_form(carried, &["due"], &natural) };
        let moved = context.zones.moved(&Time { local: due, form: form.clone() }, &at).unwrap_or(due);
        node.lines.push(carried.restore_parameters(&["due"], line("due", &[moved], &at)));
    }
    if let Some((word, length)) = duration(object, "duration", false)? {
        let end_zone = text(object, "endTimeZone")?;
        let start = start.map(|local| Time { local, form: form.clone() });
        let end = match (start, end_zone) {
            (Some(start), Some(zone)) if kind == Kind::Event => {
                Some((start, noted_form(carried, &["endTimeZone"], &context.zones.form_of(Some(zone)))))
            }
            (Some(start), None) if kind == Kind::Event && carried.name(&["duration"]) == Some("dtend") => Some((start, form.clone())),
            _ => None,
        };
        let of_end = end.as_ref().and_then(|(start, of)| context.zones.after(start, length, of).map(|local| (local, of)));
        node.lines.push(match of_end {
            Some((local, of)) => {
                let path = if end_zone.is_some() { "endTimeZone" } else { "duration" };
                carried.restore_parameters(&[path], line("dtend", &[local], of))
            }
            None => carried.restore(&["duration"], Abstract::plain("duration", "duration", Value::Word(word.into_owned()))),
        });
    }
    give_recurrence_id(object, node, context, &form)?;
    give_dates(object, node, context, &form)?;
    if object.get(ALL_DAY) == Some(&Json::Bool(true)) && form != Form::Date {
        let line = Abstract::plain("show-without-time", "boolean", Value::Boolean(true));
        node.lines.push(carried.restore(&[ALL_DAY], line));
    }
    Ok(())
}

fn give_recurrence_id(object: &Object, node: &mut Node, context: &Context<'_>, form: &Form) -> Result<(), ConversionError> {
    let carried = Carried::of(object);
    let Some(id) = text(object, "recurrenceId")?.map(local).transpose()? else { return Ok(()) };
    let (natural, of_main) = match &context.main {
        Some(main) => (main.clone(), main.clone()),
        None => {
            let zone = text(object, "recurrenceIdTimeZone")?;
            let form = if *form == Form::Date { Form::Date } else { context.zones.form_of(zone) };
            (form.clone(), form)
        }
    };
    let at = noted_form(carried, &["recurrenceId"], &natural);
    let moved = if context.main.is_some() { context.zones.moved(&Time { local: id, form: of_main }, &at).unwrap_or(id) } else { id };
    node.lines.push(carried.restore_parameters(&["recurrenceId"], line("recurrence-id", &[moved], &at)));
    Ok(())
}

/// EXDATE and RDATE; dates of one form stand together. What other overrides there are, become components.
fn give_dates(object: &Object, node: &mut Node, context: &Context<'_>, form: &Form) -> Result<(), ConversionError> {
    let carried = Carried::of(object);
    let first = node.lines.len();
    for (key, patch) in members(object, OVERRIDES)? {
        let path = [OVERRIDES, key.as_str()];
        let time = Time { local: local(key)?, form: form.clone() };
        if !is_date(patch, carried.name(&path)) {
            continue;
        }
        let excluded = is_excluded(patch);
        let name = if excluded { "exdate" } else { "rdate" };
        let is_period = patch.contains_key("duration");
        let value_type = carried.value_type(&path);
        let at = if is_period { noted_zone(carried, &path, form) } else { noted_form(carried, &path, form) };
        let moved = context.zones.moved(&time, &at).unwrap_or(time.local);
        let written = match duration(patch, "duration", false)? {
            Some((length, _)) if value_type == Some("period") => {
                let start = if at == Form::Utc { format!("{}Z", extended(&format_local(moved))) } else { extended(&format_local(moved)) };
                let line = Abstract::plain(name, "period", Value::Period(start, length.into_owned()));
                in_zone(line, &at)
            }
            _ => line(name, &[moved], &at),
        };
        let written = carried.restore_parameters(&path, written);
        let alike = |other: &&mut Abstract| {
            other.name == written.name
                && other.parameters == written.parameters
                && other.value_type == written.value_type
                && is_utc(other) == is_utc(&written)
        };
        match node.lines.iter_mut().skip(first).rev().take(LOOK_BACK).find(alike) {
            Some(other) => other.values.extend(written.values),
            None => node.lines.push(written),
        }
    }
    Ok(())
}

fn is_utc(line: &Abstract) -> bool {
    matches!(line.values.first(), Some(Value::Word(word) | Value::Period(word, _)) if basic(word).ends_with('Z'))
}

/// A period's own zone.
fn noted_zone(carried: Carried<'_>, path: &[&str], form: &Form) -> Form {
    let zone = carried
        .parameters(path)
        .and_then(|all| all.into_iter().find(|(name, _)| name == "tzid"))
        .and_then(|(_, ids)| ids.into_iter().next());
    zone.map_or_else(|| form.clone(), Form::Zone)
}

pub(super) fn is_excluded(patch: &Object) -> bool {
    patch.get("excluded") == Some(&Json::Bool(true))
}

/// Whether a patch is a date alone (draft §3.2): excluded, empty, or a period.
pub(super) fn is_date(patch: &Object, noted: Option<&str>) -> bool {
    is_excluded(patch) || patch.is_empty() || (noted == Some("rdate") && patch.len() == 1 && patch.contains_key("duration"))
}

/// The end of a day, for dates where times are asked for.
pub(super) const LAST_SECOND: i64 = DAY_SECONDS - 1;
