//! Recurrence rules (draft §2.3.36, RFC 8984 §4.3.3, §4.3.4).

use serde_json::{Map, Value as Json, json};

use super::Kind;
use super::made::{Carried, Made, Object, text};
use super::node::Node;
use super::object::{Context, Taking};
use super::schedule::{self, LAST_SECOND};
use super::time::{Form, Time, Zones, local, note_form, noted_form, value, written};
use crate::convert::{Abstract, ConversionError, Value};

/// The parameter that tells which of the two spellings a rule has in JSCalendar.
const SPELLING: &str = "x-jsptr";
const RULE: &str = "recurrenceRule";
const RULES: &str = "recurrenceRules";
const EXCLUDED: &str = "excludedRecurrenceRules";
const UNTIL: &[&str] = &[RULE, "until"];

/// How a part of a rule is written in JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Word,
    Number,
    Numbers,
    Words,
    Days,
    Until,
}

/// Draft Table 19.
#[rustfmt::skip]
const PARTS: &[(&str, &str, Part)] = &[
    ("freq",       "frequency",      Part::Word),
    ("rscale",     "rscale",         Part::Word),
    ("skip",       "skip",           Part::Word),
    ("interval",   "interval",       Part::Number),
    ("until",      "until",          Part::Until),
    ("count",      "count",          Part::Number),
    ("bysecond",   "bySecond",       Part::Numbers),
    ("byminute",   "byMinute",       Part::Numbers),
    ("byhour",     "byHour",         Part::Numbers),
    ("byday",      "byDay",          Part::Days),
    ("bymonthday", "byMonthDay",     Part::Numbers),
    ("byyearday",  "byYearDay",      Part::Numbers),
    ("byweekno",   "byWeekNo",       Part::Numbers),
    ("bymonth",    "byMonth",        Part::Words),
    ("bysetpos",   "bySetPosition",  Part::Numbers),
    ("wkst",       "firstDayOfWeek", Part::Word),
];

pub(super) fn take(made: &mut Made, taking: &mut Taking<'_>, context: &Context<'_>) {
    let form = schedule::anchor(taking.node).map_or(Form::Floating, |time| time.form);
    let rules = taking.lines("rrule");
    let spelt_as_list = rules.iter().any(|(_, rule)| rule.parameter(SPELLING) == Some(RULES));
    if let ([(index, property)], false) = (rules.as_slice(), spelt_as_list) {
        if let Some((rule, until)) = object_of(property, &form, context.zones)
            && made.set(&[RULE], rule)
        {
            made.note(&[RULE], property, ("rrule", "recur"), &[]);
            if let Some(until) = until {
                let bare = Abstract { parameters: Vec::new(), ..(*property).clone() };
                note_form(made, UNTIL, &bare, &until, &natural(&form));
            }
            taking.done(*index);
        }
    } else {
        take_list(made, taking, RULES, &rules, &form, context);
    }
    let excluded = taking.lines("exrule");
    take_list(made, taking, EXCLUDED, &excluded, &form, context);
}

fn take_list(made: &mut Made, taking: &mut Taking<'_>, member: &str, rules: &[(usize, &Abstract)], form: &Form, context: &Context<'_>) {
    let mut list = Vec::new();
    for (index, property) in rules {
        if let Some((rule, until)) = object_of(property, form, context.zones)
            && until.is_none_or(|until| until == natural(form))
        {
            list.push(Json::Object(rule));
            taking.done(*index);
        }
    }
    if !list.is_empty() {
        made.set(&[member], list);
    }
}

/// The form UNTIL has beside a DTSTART of that form (RFC 5545 §3.3.10).
fn natural(form: &Form) -> Form {
    match form {
        Form::Zone(_) => Form::Utc,
        other => other.clone(),
    }
}

/// A rule, and the form of its UNTIL.
pub(super) fn object_of(property: &Abstract, form: &Form, zones: &Zones) -> Option<(Object, Option<Form>)> {
    let [Value::Recur(parts)] = property.values.as_slice() else { return None };
    let mut rule = Map::new();
    rule.insert("@type".to_owned(), "RecurrenceRule".into());
    let mut until = None;
    for (name, values) in parts {
        let (_, member, part) = PARTS.iter().find(|(known, ..)| known == name)?;
        let values: Vec<&str> = values.iter().map(|value| value.trim()).collect();
        let one = if let [one] = values.as_slice() { Some(*one) } else { None };
        let json = match part {
            Part::Word => word_of(&Json::from(one?))?.to_ascii_lowercase().into(),
            Part::Number => Json::from(one?.parse::<u32>().ok()?),
            Part::Numbers => values.iter().map(|value| value.parse::<i32>().ok().map(Json::from)).collect::<Option<Vec<Json>>>()?.into(),
            Part::Words => values.iter().map(|value| word_of(&Json::from(*value)).map(Json::from)).collect::<Option<Vec<Json>>>()?.into(),
            Part::Days => values.iter().map(|value| day_of(value)).collect::<Option<Vec<Json>>>()?.into(),
            Part::Until => {
                let time = Time::of(&Abstract::text("until", ""), one?)?;
                let time = if time.form == Form::Floating { Time { form: form.clone(), ..time } } else { time };
                until = Some(time.form.clone());
                written(until_local(&time, form, zones)?).into()
            }
        };
        if rule.insert((*member).to_owned(), json).is_some() {
            return None;
        }
    }
    rule.contains_key("frequency").then_some((rule, until))
}

/// UNTIL by the clock of DTSTART. A date is meant with all of its day, whatever the clock.
fn until_local(time: &Time, form: &Form, zones: &Zones) -> Option<i64> {
    match (&time.form, form) {
        (Form::Date, Form::Date) => Some(time.local),
        (Form::Date, _) => Some(time.local + LAST_SECOND),
        (Form::Utc, Form::Date | Form::Floating) => Some(time.local),
        _ => zones.moved(time, form),
    }
}

/// `-1SU` as NDay.
fn day_of(text: &str) -> Option<Json> {
    let (number, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let day = Some(day.to_ascii_lowercase()).filter(|day| DAYS.contains(&day.as_str()))?;
    Some(match number {
        "" => json!({"@type": "NDay", "day": day}),
        number => json!({"@type": "NDay", "day": day, "nthOfPeriod": number.parse::<i32>().ok()?}),
    })
}

const DAYS: &[&str] = &["mo", "tu", "we", "th", "fr", "sa", "su"];

pub(super) fn give(_: Kind, object: &Object, node: &mut Node, context: &Context<'_>) -> Result<(), ConversionError> {
    let carried = Carried::of(object);
    let form = schedule::form_of(object, context)?;
    if let Some(rule) = object.get(RULE).filter(|rule| !rule.is_null()) {
        let until = noted_form(carried, UNTIL, &natural(&form));
        let recur = recur_of(rule, &form, &until, context.zones)?;
        node.lines.push(carried.restore(&[RULE], Abstract::plain("rrule", "recur", recur)));
    }
    for (member, name) in [(RULES, "rrule"), (EXCLUDED, "exrule")] {
        let rules = match object.get(member) {
            None | Some(Json::Null) => continue,
            Some(rules) => rules.as_array().ok_or_else(|| ConversionError(format!("{member} is a list of rules")))?,
        };
        for rule in rules {
            let line = Abstract::plain(name, "recur", recur_of(rule, &form, &natural(&form), context.zones)?);
            node.lines.push(if rules.len() == 1 && member == RULES { line.with(SPELLING, RULES) } else { line });
        }
    }
    Ok(())
}

/// A RecurrenceRule object as RECUR; `form` is DTSTART's, `until` that of UNTIL.
pub(super) fn recur_of(rule: &Json, form: &Form, until: &Form, zones: &Zones) -> Result<Value, ConversionError> {
    let wrong = |what: &str| ConversionError(format!("{what:.60} of a recurrence rule is none that RFC 8984 §4.3.3 knows"));
    let rule = rule.as_object().ok_or_else(|| ConversionError("a recurrence rule is an object".to_owned()))?;
    if text(rule, "frequency")?.is_none() {
        return Err(ConversionError("a recurrence rule has a frequency".to_owned()));
    }
    let mut parts = Vec::new();
    for (name, member, part) in PARTS {
        let Some(json) = rule.get(*member).filter(|json| !json.is_null()) else { continue };
        let values: Option<Vec<String>> = match part {
            Part::Word => word_of(json).map(|word| vec![word]),
            Part::Number => json.as_u64().filter(|number| *number <= u64::from(u32::MAX)).map(|number| vec![number.to_string()]),
            Part::Numbers => list_of(json, |json| json.as_i64().filter(|number| number.abs() < 1_000).map(|number| number.to_string())),
            Part::Words => list_of(json, word_of),
            Part::Days => list_of(json, nday_of),
            Part::Until => {
                let at = local(json.as_str().ok_or_else(|| wrong(member))?)?;
                let moved = match (form, until) {
                    (Form::Date | Form::Floating, _) | (_, Form::Date) => Some(at),
                    _ => zones.moved(&Time { local: at, form: form.clone() }, until),
                };
                Some(vec![value(moved.unwrap_or(at), until)])
            }
        };
        parts.push(((*name).to_owned(), values.filter(|values| !values.is_empty()).ok_or_else(|| wrong(member))?));
    }
    Ok(Value::Recur(parts))
}

/// Letters, digits and hyphens: what becomes part of a rule must not end it.
fn word_of(json: &Json) -> Option<String> {
    let word = json.as_str()?;
    let clean = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    clean.then(|| word.to_ascii_uppercase())
}

fn list_of(json: &Json, of: impl Fn(&Json) -> Option<String>) -> Option<Vec<String>> {
    json.as_array()?.iter().map(of).collect()
}

fn nday_of(json: &Json) -> Option<String> {
    let day = json.get("day")?.as_str().filter(|day| DAYS.contains(day))?.to_ascii_uppercase();
    match json.get("nthOfPeriod") {
        None | Some(Json::Null) => Some(day),
        Some(number) => number.as_i64().filter(|number| number.abs() < 1_000 && *number != 0).map(|number| format!("{number}{day}")),
    }
}
