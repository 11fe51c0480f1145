//! Times with and without zones (draft §2.1.4, §2.1.5), and durations.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

use super::made::{Carried, Made, Object};
use super::node::Node;
use crate::Limits;
use crate::civil::{DAY_SECONDS, LocalSeconds};
use crate::component::Document;
use crate::convert::{Abstract, ConversionError, Value, basic, extended};
use crate::date::{format_date, format_local};
use crate::value::{Duration, Moment, Place};
use crate::windows::iana_of_windows;
use crate::zone::Zone;

pub(super) const UTC: &str = "Etc/UTC";
/// The days of the years 1 to 9999, which is what four digits hold.
const DAYS: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;

/// The longest name of a zone that is looked at: each of many times has it.
pub(super) const ZONE_BYTES_MAX: usize = 255;

/// How a time stands in iCalendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    Date,
    Floating,
    Utc,
    /// With its TZID.
    Zone(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Time {
    pub local: LocalSeconds,
    pub form: Form,
}

impl Time {
    /// One value of a property.
    pub fn of(property: &Abstract, word: &str) -> Option<Self> {
        let zone = property.parameter("tzid");
        if zone.is_some_and(|zone| zone.len() > ZONE_BYTES_MAX) {
            return None;
        }
        let moment = Moment::parse(&basic(word), zone)?;
        let form = match moment.place {
            _ if moment.is_date => Form::Date,
            Place::Floating => Form::Floating,
            Place::Utc => Form::Utc,
            Place::Zone(name) => Form::Zone(name),
        };
        Some(Self { local: moment.local, form })
    }

    /// The value of a property that has one.
    pub fn single(property: &Abstract) -> Option<Self> {
        Self::of(property, property.word()?)
    }
}

/// A LocalDateTime (RFC 8984 §1.4.5).
pub(super) fn written(local: LocalSeconds) -> String {
    extended(&format_local(local))
}

/// Reads one; fractions of a second are none that iCalendar has.
pub(super) fn local(text: &str) -> Result<LocalSeconds, ConversionError> {
    let moment = Some(text).filter(|text| text.len() == 19).and_then(|text| Moment::parse(&basic(text), None));
    let wrong = || ConversionError(format!("{text:.40?} is no date and time such as 2026-01-01T09:00:00"));
    moment.filter(|moment| !moment.is_date && moment.place == Place::Floating).map(|moment| moment.local).ok_or_else(wrong)
}

/// The value of a time in content lines, in the spelling of [`Value`].
pub(super) fn value(local: LocalSeconds, form: &Form) -> String {
    match form {
        Form::Date => extended(&format_date(local)),
        Form::Utc => format!("{}Z", written(local)),
        _ => written(local),
    }
}

/// A property whose values are times of one form.
pub(super) fn line(name: &str, locals: &[LocalSeconds], form: &Form) -> Abstract {
    let values = locals.iter().map(|local| Value::Word(value(*local, form))).collect();
    let value_type = if *form == Form::Date { "date" } else { "date-time" };
    let line = Abstract { name: name.to_owned(), parameters: Vec::new(), value_type: value_type.to_owned(), values };
    in_zone(line, form)
}

pub(super) fn in_zone(line: Abstract, form: &Form) -> Abstract {
    if let Form::Zone(name) = form { line.with("tzid", name) } else { line }
}

/// The zones of an iCalendar object, by TZID, and their names in JSCalendar.
#[derive(Default)]
pub(super) struct Zones {
    /// Their VTIMEZONEs, read when a time first asks.
    own: HashMap<String, (Vec<u8>, OnceCell<Option<Zone>>)>,
    /// TZIDs by names that begin with a slash.
    ids: HashMap<String, String>,
}

impl Zones {
    /// Learns a VTIMEZONE.
    pub fn learn(&mut self, node: &Node) {
        let Some(id) = node.text("tzid") else { return };
        let mut text = Vec::new();
        if node.write(&mut text).is_ok() {
            self.own.entry(id.to_owned()).or_insert_with(|| (text, OnceCell::new()));
        }
        self.ids.entry(custom_name(id)).or_insert_with(|| id.to_owned());
    }

    fn zone(&self, form: &Form) -> Option<Zone> {
        match form {
            Form::Utc => Some(Zone::utc()),
            Form::Zone(id) => Zone::from_name(id).or_else(|| {
                let (text, zone) = self.own.get(id)?;
                let read = || Zone::from_vtimezone(&Document::parse(text.clone(), &Limits::default()).ok()?.root());
                zone.get_or_init(read).clone()
            }),
            Form::Date | Form::Floating => None,
        }
    }

    /// What a wall clock of another form shows then; `None` where that would not lead back.
    pub fn moved(&self, time: &Time, to: &Form) -> Option<LocalSeconds> {
        if time.form == *to {
            return Some(time.local);
        }
        let (from, to) = (self.zone(&time.form)?, self.zone(to)?);
        let moved = to.local_of(from.utc_of(time.local));
        (from.local_of(to.utc_of(moved)) == time.local).then_some(moved)
    }

    /// Seconds from one time to another.
    pub fn between(&self, start: &Time, end: &Time) -> Option<i64> {
        match (self.zone(&start.form), self.zone(&end.form)) {
            (Some(from), Some(to)) => Some(to.seconds_of(end.local) - from.seconds_of(start.local)),
            (None, None) if start.form == end.form => Some(end.local - start.local),
            _ => None,
        }
    }

    /// When something that starts there and lasts so long ends, by the clock of `end`.
    pub fn after(&self, start: &Time, duration: Duration, end: &Form) -> Option<LocalSeconds> {
        let next_day = start.local.checked_add(duration.days.checked_mul(DAY_SECONDS)?)?;
        match (self.zone(&start.form), self.zone(end)) {
            (Some(from), Some(to)) => Some(to.local_of(from.seconds_of(next_day).checked_add(duration.seconds)?.checked_mul(1_000_000)?)),
            _ => next_day.checked_add(duration.seconds),
        }
        .filter(|local| DAYS.contains(&local.div_euclid(DAY_SECONDS)))
    }

    /// The TZID a zone of JSCalendar has in iCalendar.
    pub fn form_of(&self, name: Option<&str>) -> Form {
        match name {
            None => Form::Floating,
            Some(UTC) => Form::Utc,
            Some(name) => Form::Zone(self.ids.get(name).cloned().unwrap_or_else(|| name.strip_prefix('/').unwrap_or(name).to_owned())),
        }
    }

    /// Tells the TZID of a custom zone (RFC 8984 §4.7.2).
    pub fn name(&mut self, name: &str, id: &str) {
        self.ids.insert(name.to_owned(), id.to_owned());
    }
}

/// The zone's name in JSCalendar (draft §2.1.4): IANA's, else its TZID after a slash (RFC 8984 §4.7.2).
pub(super) fn zone_name(form: &Form) -> Option<String> {
    match form {
        Form::Date | Form::Floating => None,
        Form::Utc => Some(UTC.to_owned()),
        Form::Zone(id) if is_iana(id) => Some(id.clone()),
        Form::Zone(id) => Some(iana_of_windows(id).map_or_else(|| custom_name(id), str::to_owned)),
    }
}

pub(super) fn is_iana(id: &str) -> bool {
    id.len() <= 60 && jiff::tz::TimeZone::get(id).is_ok_and(|zone| zone.iana_name() == Some(id))
}

pub(super) fn custom_name(id: &str) -> String {
    if id.starts_with('/') { id.to_owned() } else { format!("/{id}") }
}

/// Notes the form of a time where it is not the one that goes without saying, with parameters that say something else.
pub(super) fn note_form(made: &mut Made, path: &[&str], property: &Abstract, form: &Form, usual: &Form) {
    let mut parameters: Vec<_> =
        property.parameters.iter().filter(|(name, _)| !matches!(name.as_str(), "tzid" | "jsid")).cloned().collect();
    let mut value_type = None;
    if form != usual {
        match form {
            Form::Zone(id) => parameters.push(("tzid".to_owned(), vec![id.clone()])),
            Form::Date => value_type = Some("date"),
            Form::Utc | Form::Floating => value_type = Some("date-time"),
        }
    }
    if value_type.is_some() || !parameters.is_empty() {
        made.note_all(path, &property.name, value_type, &parameters);
    }
}

/// The form noted for a time.
pub(super) fn noted_form(carried: Carried<'_>, path: &[&str], usual: &Form) -> Form {
    let zone = carried
        .parameters(path)
        .and_then(|all| all.into_iter().find(|(name, _)| name == "tzid"))
        .and_then(|(_, ids)| ids.into_iter().next());
    match (zone, carried.value_type(path)) {
        (Some(id), _) => Form::Zone(id),
        (None, Some("date-time")) => Form::Utc,
        (None, Some("date")) => Form::Date,
        _ => usual.clone(),
    }
}

/// A span of seconds as a Duration (RFC 8984 §1.4.6).
pub(super) fn duration_of(seconds: i64, of_dates: bool) -> String {
    if of_dates && seconds % DAY_SECONDS == 0 {
        return format!("P{}D", seconds / DAY_SECONDS);
    }
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let part = |number: i64, unit: char| if number == 0 { String::new() } else { format!("{number}{unit}") };
    match format!("PT{}{}{}", part(hours, 'H'), part(minutes, 'M'), part(rest, 'S')) {
        empty if empty == "PT" => "PT0S".to_owned(),
        written => written,
    }
}

/// A member that is a duration.
pub(super) fn duration<'a>(object: &'a Object, name: &str, signed: bool) -> Result<Option<(Cow<'a, str>, Duration)>, ConversionError> {
    let Some(text) = super::made::text(object, name)? else { return Ok(None) };
    let allowed = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || (signed && matches!(byte, b'+' | b'-')));
    let wrong = || ConversionError(format!("{name} is a duration such as PT1H, not {text:.40?}"));
    let duration = Duration::parse(text).filter(|_| allowed).ok_or_else(wrong)?;
    Ok(Some((without_mixed_weeks(text, duration), duration)))
}

/// In iCalendar weeks stand alone (RFC 5545 §3.3.6), in JSCalendar beside days and times too (RFC 8984 §1.4.6).
fn without_mixed_weeks(text: &str, duration: Duration) -> Cow<'_, str> {
    let weeks_end = text.find(['W', 'w']).map(|at| at + 1);
    if weeks_end.is_none_or(|end| end == text.len()) {
        return Cow::Borrowed(text);
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    let time = match duration.seconds.abs() {
        0 => String::new(),
        seconds => duration_of(seconds, false).replacen('P', "", 1),
    };
    Cow::Owned(format!("{sign}P{}D{time}", duration.days.abs()))
}
