//! A calendar object resource: the client's bytes, and what was read out of them. RFC 4791 §4.1, §5.3.2.1.

use std::sync::Arc;

use bytes::Bytes;

use crate::component::{Component, ComponentKind, Tree};
use crate::content_line::Property;
use crate::facts::Facts;
use crate::filter::Work;
use crate::instances::Series;
use crate::recurrence::{Rule, RuleError};
use crate::value::{Duration, Moment, Period};
use crate::zone::{Zone, Zones};
use crate::{Limits, facts};

/// Why an object is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRefusal {
    /// The rule it breaks.
    pub rule: ObjectRule,
    /// A sentence a person can act on.
    pub message: String,
}

impl std::fmt::Display for ObjectRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ObjectRefusal {}

/// The preconditions an object can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectRule {
    /// It is not iCalendar, or a value the server relies on cannot be read (RFC 4791 §5.3.2.1).
    ValidCalendarData,
    /// It is iCalendar, but no object resource: METHOD, two UIDs, mixed components (RFC 4791 §4.1).
    ValidCalendarObjectResource,
    /// It holds no component that can be stored.
    SupportedCalendarComponent,
    /// It is too large.
    MaxResourceSize,
    /// It recurs in a calendar that is not known (RFC 7529).
    SupportedRscale,
}

/// One calendar object resource. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CalendarObject {
    bytes: Bytes,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    tree: Tree,
    kind: ComponentKind,
    uid: String,
    zones: Zones,
}

impl CalendarObject {
    /// Reads and judges an object a client sends.
    ///
    /// # Errors
    /// The precondition it breaks, with the line where one can be named.
    pub fn parse(bytes: Bytes, limits: &Limits) -> Result<CalendarObject, ObjectRefusal> {
        let object = Self::read(bytes, limits)?;
        judge(&object, limits)?;
        Ok(object)
    }

    /// Reads stored bytes, which were judged when they came in.
    ///
    /// # Errors
    /// Only what is not iCalendar at all.
    pub fn read_stored(bytes: Bytes) -> Result<CalendarObject, ObjectRefusal> {
        let unlimited = Limits { object_bytes_max: u32::MAX as usize, line_bytes_max: u32::MAX as usize, ..Limits::default() };
        Self::read(bytes, &unlimited)
    }

    fn read(bytes: Bytes, limits: &Limits) -> Result<CalendarObject, ObjectRefusal> {
        let tree = Tree::parse(&bytes, limits)?;
        let root = tree.root(&bytes);
        if !root.is("VCALENDAR") {
            return Err(refusal(ObjectRule::ValidCalendarData, format!("the object is a {}: it must be a VCALENDAR", root.name())));
        }
        let main = root.components().find_map(|component| Some((ComponentKind::from_name(component.name())?, component)));
        let Some((kind, first)) = main else {
            let rule = if root.components().any(|c| !c.is("VTIMEZONE")) {
                ObjectRule::SupportedCalendarComponent
            } else {
                ObjectRule::ValidCalendarObjectResource
            };
            return Err(refusal(rule, "the object holds no event, task, journal entry, free-busy or availability component"));
        };
        let uid = first.property("UID").map(|uid| uid.value().into_owned()).unwrap_or_default();
        let zones = Zones::read(&root);
        Ok(Self { inner: Arc::new(Inner { tree, kind, uid, zones }), bytes })
    }

    /// What the client sent, octet for octet.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The UID of its components (RFC 4791 §4.1), as it is written; empty if what was stored has none.
    pub fn uid(&self) -> &str {
        &self.inner.uid
    }

    /// What its components are.
    pub fn kind(&self) -> ComponentKind {
        self.inner.kind
    }

    /// Facts for the index. Times that hang in no zone are read in UTC, and bounds are wider by what any zone may be away from it.
    pub fn facts(&self) -> Facts {
        facts::facts_of(self)
    }

    /// The VCALENDAR.
    pub fn root(&self) -> Component<'_> {
        self.inner.tree.root(&self.bytes)
    }

    /// The components the resource is about: master and overrides.
    pub fn main_components(&self) -> impl Iterator<Item = Component<'_>> {
        let name = self.inner.kind.name();
        self.root().components().filter(move |component| component.is(name))
    }

    /// The zone of a TZID; `None` for one that nothing is known of, which is read as floating.
    pub(crate) fn zone(&self, id: &str) -> Option<Zone> {
        self.inner.zones.get(id, self)
    }

    pub(crate) fn series<'a>(&'a self, floating: &'a Zone, work: &'a Work) -> Series<'a> {
        Series::of(self, floating, work)
    }
}

fn refusal(rule: ObjectRule, message: impl Into<String>) -> ObjectRefusal {
    ObjectRefusal { rule, message: message.into() }
}

/// RFC 4791 §4.1: one type of component, one UID, no METHOD; and values that can be read.
fn judge(object: &CalendarObject, limits: &Limits) -> Result<(), ObjectRefusal> {
    let resource = |message: &str| Err(refusal(ObjectRule::ValidCalendarObjectResource, message));
    let root = object.root();
    if root.property("METHOD").is_some() {
        return resource("METHOD belongs to messages: an object in a calendar has none");
    }
    for component in root.components() {
        match ComponentKind::from_name(component.name()) {
            Some(kind) if kind != object.kind() => {
                return resource("a resource holds components of one type: one event, one task or one journal entry");
            }
            Some(_) => judge_component(object, &component, limits)?,
            None => {}
        }
    }
    let mut masters = object.main_components().filter(|component| component.property("RECURRENCE-ID").is_none());
    let (first, second) = (masters.next(), masters.next());
    // Two masters are one too many, but T9: Thunderbird and Evolution have sent doubled overrides, which reading settles.
    if let (Some(first), Some(second)) = (first, second) {
        let same_start =
            first.property("DTSTART").map(|p| p.value().into_owned()) == second.property("DTSTART").map(|p| p.value().into_owned());
        if !same_start {
            return resource("a resource holds one event: the others with its UID are overrides with a RECURRENCE-ID");
        }
    }
    Ok(())
}

fn judge_component(object: &CalendarObject, component: &Component<'_>, limits: &Limits) -> Result<(), ObjectRefusal> {
    let uid = component.property("UID");
    let uid = uid.as_ref().map(|uid| uid.value()).filter(|uid| !uid.is_empty());
    let Some(uid) = uid else {
        return Err(refusal(ObjectRule::ValidCalendarObjectResource, format!("the {} has no UID", component.name())));
    };
    if uid != object.uid() {
        return Err(refusal(ObjectRule::ValidCalendarObjectResource, "a resource holds components of one UID"));
    }
    if object.kind() == ComponentKind::Event && component.property("DTSTART").is_none() {
        return Err(refusal(ObjectRule::ValidCalendarData, "the VEVENT has no DTSTART"));
    }
    let mut dates = 0;
    judge_values(component, limits, &mut dates)?;
    // RFC 7953 §8: they recur like events, and what they may cost is limited alike.
    for available in component.components().filter(|inner| inner.is("AVAILABLE")) {
        if available.property("DTSTART").is_none() {
            return Err(refusal(ObjectRule::ValidCalendarData, "an AVAILABLE has no DTSTART"));
        }
        judge_values(&available, limits, &mut dates)?;
    }
    component.components().filter(|inner| inner.is("VALARM")).try_for_each(|alarm| judge_alarm(&alarm))
}

/// The values of a component's own properties; adds how many dates they list.
fn judge_values(component: &Component<'_>, limits: &Limits, dates: &mut usize) -> Result<(), ObjectRefusal> {
    let mut rules = 0;
    for property in component.properties() {
        rules += usize::from(property.is("RRULE") || property.is("EXRULE"));
        if rules > limits.rules_max {
            let message = format!("a component has at most {} RRULE and EXRULE lines", limits.rules_max);
            return Err(refusal(ObjectRule::ValidCalendarData, message));
        }
        *dates += judge_property(&property)?;
        if *dates > limits.dates_max {
            let message = format!("an object lists at most {} RDATE and EXDATE values", limits.dates_max);
            return Err(refusal(ObjectRule::ValidCalendarData, message));
        }
    }
    Ok(())
}

/// What an alarm's TRIGGER and DURATION say is passed over if it means nothing, but not if it is a duration beyond reckoning.
fn judge_alarm(alarm: &Component<'_>) -> Result<(), ObjectRefusal> {
    for property in ["TRIGGER", "DURATION"].into_iter().filter_map(|name| alarm.property(name)) {
        let value = property.value();
        if value.trim().trim_start_matches(['+', '-']).starts_with(['P', 'p']) && Duration::parse(&value).is_none() {
            let shown: String = value.chars().take(60).collect();
            let message = format!("the {} {shown} of an alarm cannot be read", property.name());
            return Err(refusal(ObjectRule::ValidCalendarData, message));
        }
    }
    Ok(())
}

/// How a property the server relies on is read; how many dates it lists.
type Judgement = fn(&Property<'_>) -> Option<usize>;

#[rustfmt::skip]
const RELIED_ON: &[(&str, Judgement)] = &[
    ("DTSTART",       |p| Moment::of(p).map(|_| 0)),
    ("DTEND",         |p| Moment::of(p).map(|_| 0)),
    ("DUE",           |p| Moment::of(p).map(|_| 0)),
    ("RECURRENCE-ID", |p| Moment::of(p).map(|_| 0)),
    ("DURATION",      |p| Duration::parse(&p.value()).map(|_| 0)),
    ("RDATE",         dates_in),
    ("EXDATE",        dates_in),
];

/// Every value of a list can be read; an empty list is nothing (some clients leave one).
fn dates_in(property: &Property<'_>) -> Option<usize> {
    let value = property.value();
    let texts = value.split(',').map(str::trim).filter(|text| !text.is_empty());
    let readable = |text: &str| Moment::parse(text, None).is_some() || Period::parse(text, None).is_some();
    let mut count = 0;
    for text in texts {
        if !readable(text) {
            return None;
        }
        count += 1;
    }
    Some(count)
}

fn judge_property(property: &Property<'_>) -> Result<usize, ObjectRefusal> {
    let shown = || property.value().chars().take(60).collect::<String>();
    if property.is("RRULE") || property.is("EXRULE") {
        return match Rule::parse(&property.value()) {
            Ok(_) => Ok(0),
            Err(RuleError::Invalid(what)) => Err(refusal(ObjectRule::ValidCalendarData, format!("the {} {what}", property.name()))),
            Err(RuleError::Rscale(name)) => {
                Err(refusal(ObjectRule::SupportedRscale, format!("recurrences in the calendar {name} are not supported")))
            }
        };
    }
    let Some((name, judgement)) = RELIED_ON.iter().find(|(name, _)| property.is(name)) else { return Ok(0) };
    judgement(property).ok_or_else(|| refusal(ObjectRule::ValidCalendarData, format!("the {name} {} cannot be read", shown())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(inner: &str) -> Result<CalendarObject, ObjectRefusal> {
        let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{inner}END:VCALENDAR\r\n");
        CalendarObject::parse(Bytes::from(text), &Limits::default())
    }

    fn event(lines: &str) -> String {
        format!("BEGIN:VEVENT\r\nUID:u\r\n{lines}END:VEVENT\r\n")
    }

    fn availability(lines: &str) -> String {
        format!("BEGIN:VAVAILABILITY\r\nUID:u\r\nBEGIN:AVAILABLE\r\nUID:a\r\n{lines}END:AVAILABLE\r\nEND:VAVAILABILITY\r\n")
    }

    #[test]
    fn rfc7953_s8_what_is_available_is_bounded_like_events() {
        let rules = "RRULE:FREQ=DAILY\r\n".repeat(Limits::default().rules_max + 1);
        assert!(parse(&availability(&format!("DTSTART:20260101T090000Z\r\n{rules}"))).is_err());
        let half = format!("RDATE:20260101T090000Z{}\r\n", ",20260101T090000Z".repeat(Limits::default().dates_max / 2));
        let available = format!("BEGIN:AVAILABLE\r\nDTSTART:20260101T090000Z\r\n{half}END:AVAILABLE\r\n");
        let of = |count: usize| format!("BEGIN:VAVAILABILITY\r\nUID:u\r\n{}END:VAVAILABILITY\r\n", available.repeat(count));
        assert!(parse(&of(1)).is_ok());
        assert!(parse(&of(2)).is_err());
    }

    #[test]
    fn rfc4791_s4_1_what_a_resource_may_not_be_is_named() {
        use ObjectRule::*;
        let start = event("DTSTART:20260101T090000Z\r\n");
        for (inner, rule) in [
            (String::new(), ValidCalendarObjectResource),
            ("BEGIN:VTIMEZONE\r\nTZID:x\r\nEND:VTIMEZONE\r\n".to_owned(), ValidCalendarObjectResource),
            ("BEGIN:VWHATEVER\r\nUID:u\r\nEND:VWHATEVER\r\n".to_owned(), SupportedCalendarComponent),
            (format!("METHOD:REQUEST\r\n{start}"), ValidCalendarObjectResource),
            (format!("{start}BEGIN:VTODO\r\nUID:u\r\nEND:VTODO\r\n"), ValidCalendarObjectResource),
            (format!("{start}BEGIN:VEVENT\r\nUID:v\r\nDTSTART:20260101T090000Z\r\nEND:VEVENT\r\n"), ValidCalendarObjectResource),
            ("BEGIN:VEVENT\r\nDTSTART:20260101T090000Z\r\nEND:VEVENT\r\n".to_owned(), ValidCalendarObjectResource),
            (event(""), ValidCalendarData),
            (event("DTSTART:tomorrow\r\n"), ValidCalendarData),
            (event("DTSTART:20260101T090000Z\r\nRRULE:FREQ=NEVER\r\n"), ValidCalendarData),
            (event("DTSTART:20260101T090000Z\r\nDURATION:long\r\n"), ValidCalendarData),
            (event("DTSTART:20260101T090000Z\r\nRRULE:RSCALE=RUSSIAN;FREQ=YEARLY\r\n"), SupportedRscale),
            (availability("RRULE:FREQ=DAILY\r\n"), ValidCalendarData),
            (availability("DTSTART:20260101T090000Z\r\nRRULE:FREQ=NEVER\r\n"), ValidCalendarData),
            (availability("DTSTART:20260101T090000Z\r\nEXDATE:tomorrow\r\n"), ValidCalendarData),
            (availability("DTSTART:20260101T090000Z\r\nRRULE:RSCALE=RUSSIAN;FREQ=YEARLY\r\n"), SupportedRscale),
        ] {
            assert_eq!(parse(&inner).map(|_| ()).unwrap_err().rule, rule, "{inner}");
        }
    }

    #[test]
    fn t1_to_t9_what_real_clients_send_is_taken() {
        for lines in [
            "DTSTART:20260101T090000Z\r\nDTEND:20260101T100000Z\r\nDURATION:PT0S\r\n",
            "DTSTART:20260101T090000\r\nRRULE:FREQ=DAILY\r\nEXDATE;VALUE=DATE:20260102\r\n",
            "DTSTART;TZID=Europe/Berlin:20260101T090000\r\nRRULE:FREQ=DAILY;UNTIL=20260201T090000\r\n",
            "DTSTART;TZID=Europe/Berlin:20260101T090000\r\nRRULE:FREQ=DAILY;UNTIL=20260201\r\n",
            "DTSTART:20260101T090000Z\r\nSUMMARY:a\x07b\r\n",
            "DTSTART;TZID=\"Romance Standard Time\":20260101T090000\r\n",
            "DTSTART:20260101T090000Z\r\nRECURRENCE-ID:20260101T090000Z\r\nRRULE:FREQ=DAILY\r\n",
            "DTSTART:20260101T090000Z\r\nDTEND:20251231T090000Z\r\n",
        ] {
            assert!(parse(&event(lines)).is_ok(), "{lines}");
        }
        let doubled = event("RECURRENCE-ID:20260101T090000Z\r\nDTSTART:20260101T090000Z\r\n").repeat(2);
        assert!(parse(&doubled).is_ok());
    }

    #[test]
    fn hostile_bodies_are_judged_in_linear_time() {
        let folds = format!("BEGIN:VCALENDAR\r\nX:{}\r\nEND:VCALENDAR\r\n", "a\r\n ".repeat(2_000_000));
        let parameters = format!("BEGIN:VCALENDAR\r\nX{}:v\r\nEND:VCALENDAR\r\n", ";P=1".repeat(500_000));
        let quote = format!("BEGIN:VCALENDAR\r\nX;P=\"{}\r\nEND:VCALENDAR\r\n", "a".repeat(6_000_000));
        let dates = event(&format!("DTSTART:20260101T090000Z\r\nEXDATE:20260101T090000Z{}\r\n", ",20260101T090000Z".repeat(200_000)));
        for text in [folds, parameters, quote] {
            assert!(CalendarObject::parse(Bytes::from(text), &Limits::default()).is_err());
        }
        assert!(parse(&dates).is_err());
    }
}
