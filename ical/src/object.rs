//! A calendar object resource: the client's bytes, and what was read out of them. RFC 4791 §4.1, §5.3.2.1.

use std::sync::Arc;

use bytes::Bytes;

use crate::component::{Component, ComponentKind, Tree, shortened};
use crate::content_line::{LineSpan, Property, line_and_column};
use crate::facts::Facts;
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
    /// Where, if that can be told: the line and the character in it, both counted from 1.
    pub place: Option<(usize, usize)>,
    /// A sentence a person can act on.
    pub message: String,
}

impl std::fmt::Display for ObjectRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "line {line}, column {column}: {}", self.message),
            None => f.write_str(&self.message),
        }
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
        let tree = Tree::parse(bytes, limits)?;
        let root = tree.root();
        if !root.is("VCALENDAR") {
            return Err(refusal(
                ObjectRule::ValidCalendarData,
                format!("the object is a {}: it must be a VCALENDAR", shortened(root.name())),
            ));
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
        Ok(Self { inner: Arc::new(Inner { tree, kind, uid, zones }) })
    }

    /// What the client sent, octet for octet.
    pub fn bytes(&self) -> &Bytes {
        self.inner.tree.bytes()
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
        self.inner.tree.root()
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

    pub(crate) fn series<'a>(&'a self, floating: &Zone) -> Series<'a> {
        Series::of(self, floating)
    }
}

fn refusal(rule: ObjectRule, message: impl Into<String>) -> ObjectRefusal {
    ObjectRefusal { rule, place: None, message: message.into() }
}

/// RFC 4791 §4.1: one type of component, one UID, no METHOD; and values that can be read.
fn judge(object: &CalendarObject, limits: &Limits) -> Result<(), ObjectRefusal> {
    let resource = |place: Place<'_>, message: &str| Err(place.refusal(ObjectRule::ValidCalendarObjectResource, message));
    let root = object.root();
    if let Some(line) = root.lines_named("METHOD").next() {
        return resource(Place::of_line(&root, line), "METHOD belongs to messages: an object in a calendar has none");
    }
    for component in root.components() {
        match ComponentKind::from_name(component.name()) {
            Some(kind) if kind != object.kind() => {
                let message = "a resource holds components of one type: one event, one task or one journal entry";
                return resource(Place::of(&component), message);
            }
            Some(_) => judge_component(object, &component, limits)?,
            None => {}
        }
    }
    if object.inner.zones.ran_out() {
        return Err(refusal(ObjectRule::ValidCalendarData, "the rules of its time zones change clocks more often than is taken"));
    }
    let mut masters = object.main_components().filter(|component| !component.has("RECURRENCE-ID"));
    let (first, second) = (masters.next(), masters.next());
    // Two masters are one too many, but T9: Thunderbird and Evolution have sent doubled overrides, which reading settles.
    if let (Some(first), Some(second)) = (first, second) {
        let start = |component: &Component<'_>| component.property("DTSTART").map(|p| p.value().into_owned());
        if start(&first) != start(&second) {
            let message = "a resource holds one event: the others with its UID are overrides with a RECURRENCE-ID";
            return resource(Place::of(&second), message);
        }
    }
    Ok(())
}

/// Where something is wrong.
#[derive(Clone, Copy)]
struct Place<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Place<'a> {
    /// Where a component begins.
    fn of(component: &Component<'a>) -> Self {
        Self { bytes: component.bytes(), at: component.range().start }
    }

    fn of_line(component: &Component<'a>, line: LineSpan) -> Self {
        Self { bytes: component.bytes(), at: line.start() }
    }

    /// Where the value of a line begins.
    fn of_value(component: &Component<'a>, line: LineSpan, property: &Property<'_>) -> Self {
        Self { bytes: component.bytes(), at: line.place_of(component.bytes(), property.value_start()) }
    }

    fn refusal(self, rule: ObjectRule, what: &str) -> ObjectRefusal {
        ObjectRefusal { rule, place: Some(line_and_column(self.bytes, self.at)), message: what.to_owned() }
    }
}

fn judge_component(object: &CalendarObject, component: &Component<'_>, limits: &Limits) -> Result<(), ObjectRefusal> {
    let resource = |what: &str| Err(Place::of(component).refusal(ObjectRule::ValidCalendarObjectResource, what));
    let uid = component.property("UID");
    let uid = uid.as_ref().map(|uid| uid.value()).filter(|uid| !uid.is_empty());
    let Some(uid) = uid else {
        return resource(&format!("the {} has no UID", component.name()));
    };
    if uid != object.uid() {
        return resource("a resource holds components of one UID");
    }
    if object.kind() == ComponentKind::Event && !component.has("DTSTART") {
        return Err(Place::of(component).refusal(ObjectRule::ValidCalendarData, "the VEVENT has no DTSTART"));
    }
    let mut dates = 0;
    judge_values(component, limits, &mut dates)?;
    // RFC 7953 §8: they recur like events, and what they may cost is limited alike.
    for available in component.components().filter(|inner| inner.is("AVAILABLE")) {
        if !available.has("DTSTART") {
            return Err(Place::of(&available).refusal(ObjectRule::ValidCalendarData, "the AVAILABLE has no DTSTART"));
        }
        judge_values(&available, limits, &mut dates)?;
    }
    component.components().filter(|inner| inner.is("VALARM")).try_for_each(|alarm| judge_alarm(&alarm))
}

/// The values of a component's own properties; adds how many dates they list.
fn judge_values(component: &Component<'_>, limits: &Limits, dates: &mut usize) -> Result<(), ObjectRefusal> {
    let mut rules = 0;
    let mut once: [Option<LineSpan>; ONCE.len()] = [None; ONCE.len()];
    for line in component.own_lines() {
        let (bytes, place) = (component.bytes(), Place::of_line(component, line));
        if let Some((name, first)) = ONCE.iter().zip(&mut once).find(|(name, _)| line.is_named(bytes, name)) {
            // The same said twice does no harm.
            if first.is_some_and(|first| first.unfolded(bytes) != line.unfolded(bytes)) {
                return Err(place.refusal(ObjectRule::ValidCalendarData, &format!("a second {name}: a {} has one", component.name())));
            }
            *first = Some(line);
        }
        let Some((name, judgement)) = RELIED_ON.iter().find(|(name, _)| line.is_named(component.bytes(), name)) else { continue };
        let Ok(property) = Property::parse(line.unfolded(component.bytes()), usize::MAX) else { continue };
        let place = || Place::of_value(component, line, &property);
        let counts = judgement(&property).map_err(|unread| match unread {
            Unread::Value => place().refusal(ObjectRule::ValidCalendarData, &format!("the {name} {} cannot be read", shown(&property))),
            Unread::Rule(RuleError::Invalid(what)) => place().refusal(ObjectRule::ValidCalendarData, &format!("the {name} {what}")),
            Unread::Rule(RuleError::Rscale(scale)) => {
                place().refusal(ObjectRule::SupportedRscale, &format!("recurrences in the calendar {scale} are not supported"))
            }
        })?;
        rules += counts.rules;
        *dates += counts.dates;
        let too_many = |what: String| Err(place().refusal(ObjectRule::ValidCalendarData, &what));
        if rules > limits.rules_max {
            return too_many(format!("a component has at most {} RRULE and EXRULE lines", limits.rules_max));
        }
        if *dates > limits.dates_max {
            return too_many(format!("an object lists at most {} RDATE and EXDATE values", limits.dates_max));
        }
    }
    Ok(())
}

/// What an alarm's TRIGGER and DURATION say is passed over if it means nothing, but not if it is a duration beyond reckoning.
fn judge_alarm(alarm: &Component<'_>) -> Result<(), ObjectRefusal> {
    for (name, line) in ["TRIGGER", "DURATION"].into_iter().filter_map(|name| Some((name, alarm.lines_named(name).last()?))) {
        let Ok(property) = Property::parse(line.unfolded(alarm.bytes()), usize::MAX) else { continue };
        let value = property.value();
        if value.trim().trim_start_matches(['+', '-']).starts_with(['P', 'p']) && Duration::parse(&value).is_none() {
            let what = format!("the {name} {} of an alarm cannot be read", shown(&property));
            return Err(Place::of_value(alarm, line, &property).refusal(ObjectRule::ValidCalendarData, &what));
        }
    }
    Ok(())
}

/// As much of a value as a message has room for.
fn shown(property: &Property<'_>) -> String {
    shortened(&property.value())
}

/// How many of what is limited a property holds.
#[derive(Default)]
struct Counts {
    rules: usize,
    dates: usize,
}

/// Why a property is not read.
enum Unread {
    Value,
    Rule(RuleError),
}

/// How a property the server relies on is read.
type Judgement = fn(&Property<'_>) -> Result<Counts, Unread>;

/// What MUST NOT occur more than once (RFC 5545 §3.6.1 to §3.6.3), of what says which component this is and when.
const ONCE: [&str; 6] = ["UID", "RECURRENCE-ID", "DTSTART", "DTEND", "DUE", "DURATION"];

const RELIED_ON: &[(&str, Judgement)] = &[
    ("DTSTART", moment),
    ("DTEND", moment),
    ("DUE", moment),
    ("RECURRENCE-ID", moment),
    ("COMPLETED", moment),
    ("CREATED", moment),
    ("FREEBUSY", periods),
    ("DURATION", |p| Duration::parse(&p.value()).map(|_| Counts::default()).ok_or(Unread::Value)),
    ("RDATE", dates),
    ("EXDATE", dates),
    ("RRULE", rule),
    ("EXRULE", rule),
];

fn moment(property: &Property<'_>) -> Result<Counts, Unread> {
    Moment::parse(property.value().trim(), None).map(|_| Counts::default()).ok_or(Unread::Value)
}

fn rule(property: &Property<'_>) -> Result<Counts, Unread> {
    Rule::parse(&property.value()).map(|_| Counts { rules: 1, dates: 0 }).map_err(Unread::Rule)
}

fn periods(property: &Property<'_>) -> Result<Counts, Unread> {
    let value = property.value();
    let mut texts = value.split(',').map(str::trim).filter(|text| !text.is_empty());
    if texts.all(|text| Period::parse(text, None).is_some()) { Ok(Counts::default()) } else { Err(Unread::Value) }
}

/// Every value of a list can be read; an empty list is nothing (some clients leave one).
fn dates(property: &Property<'_>) -> Result<Counts, Unread> {
    let value = property.value();
    let mut texts = value.split(',').map(str::trim).filter(|text| !text.is_empty());
    let readable = |text: &str| Moment::parse(text, None).is_some() || Period::parse(text, None).is_some();
    let dates = texts.try_fold(0, |count, text| readable(text).then_some(count + 1)).ok_or(Unread::Value)?;
    Ok(Counts { rules: 0, dates })
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
    fn rfc5545_s3_6_1_what_may_stand_once_is_not_said_in_two_ways() {
        for (lines, message) in [
            ("DTSTART:20260101T090000Z\r\nUID:v\r\n", "line 6, column 1: a second UID: a VEVENT has one"),
            ("DTSTART:20260101T090000Z\r\nDTSTART:20260102T090000Z\r\n", "line 6, column 1: a second DTSTART"),
            ("DTSTART:20260101T090000Z\r\nDURATION:PT1H\r\nDURATION:PT2H\r\n", "line 7, column 1: a second DURATION"),
        ] {
            let refusal = parse(&event(lines)).unwrap_err();
            assert!(refusal.to_string().starts_with(message), "{refusal}");
        }
        assert!(parse(&event("DTSTART:20260101T090000Z\r\nDTSTART:2026\r\n 0101T090000Z\r\n")).is_ok());
    }

    #[test]
    fn rfc4791_s5_3_2_1_times_of_tasks_and_of_free_busy_can_be_read() {
        let todo = |lines: &str| parse(&format!("BEGIN:VTODO\r\nUID:u\r\n{lines}END:VTODO\r\n"));
        assert!(todo("COMPLETED:20260101T090000Z\r\nCREATED:00001231T000000Z\r\n").is_ok());
        assert!(todo("COMPLETED:yesterday\r\n").is_err() && todo("CREATED:\r\n").is_err());
        let free_busy = |value: &str| parse(&format!("BEGIN:VFREEBUSY\r\nUID:u\r\nFREEBUSY:{value}\r\nEND:VFREEBUSY\r\n"));
        assert!(free_busy("20260101T090000Z/PT1H,20260101T090000Z/20260101T100000Z").is_ok());
        assert!(free_busy("20260101T090000Z/PT1H,20260101T090000Z").is_err());
    }

    #[test]
    fn zones_that_change_more_often_than_is_taken_are_refused_not_cut() {
        let zone = |rule: &str| {
            let observance = format!(
                "BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:{rule}\r\nEND:STANDARD\r\n"
            );
            format!("BEGIN:VTIMEZONE\r\nTZID:Ours\r\n{observance}END:VTIMEZONE\r\n")
        };
        let with = |rule: &str| parse(&format!("{}{}", zone(rule), event("DTSTART;TZID=Ours:20260101T090000\r\n")));
        assert!(with("FREQ=YEARLY").is_ok());
        assert!(with("FREQ=DAILY").unwrap_err().to_string().contains("more often than is taken"));
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
