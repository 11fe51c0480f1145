//! Whether an object matches a filter: RFC 4791 §9.7, §9.9.

pub(crate) mod alarms;
mod text;

use std::collections::HashMap;
use std::rc::Rc;

use crate::availability::range_of;
use crate::civil::DAY_SECONDS;
use crate::component::{Component, ComponentKind};
use crate::content_line::Property;
use crate::filter::{BoundReached, CompFilter, ParamFilter, ParamTest, PropFilter, PropTest, TimeRange, Work};
use crate::instances::{Instance, Resolved};
use crate::object::CalendarObject;
use crate::value::{Duration, Moment, Period, PeriodEnd};
use crate::zone::Zone;
use crate::{UNBOUNDED_FUTURE, UNBOUNDED_PAST, UtcMicros};
use alarms::Alarm;

/// A window with its open ends at the ends of time.
pub(crate) type Window = (UtcMicros, UtcMicros);

fn window_of(range: &TimeRange) -> Window {
    (range.start.unwrap_or(UNBOUNDED_PAST), range.end.unwrap_or(UNBOUNDED_FUTURE))
}

/// An object, and the zone its floating times are read in.
#[derive(Clone, Copy)]
struct Question<'a> {
    object: &'a CalendarObject,
    floating: &'a Zone,
    work: &'a Work,
}

pub(crate) fn matches(filter: &CompFilter, object: &CalendarObject, floating: &Zone) -> Result<bool, BoundReached> {
    let work = Work::new();
    let question = Question { object, floating, work: &work };
    let root = object.root();
    if !root.is(&filter.name) || filter.is_not_defined || !question.properties_match(&root, &filter.props) {
        return Ok(false);
    }
    for comp in &filter.comps {
        if !question.inside(&root, comp)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// An object asked about its instances.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub object: &'a CalendarObject,
    pub floating: &'a Zone,
}

impl Asked<'_> {
    /// RFC 4791 §9.9: the tables, by type of component.
    pub fn is_within(self, instance: &Instance<'_, '_>, window: Window) -> bool {
        match self.object.kind() {
            ComponentKind::Event => event_within(instance, window),
            ComponentKind::Todo => self.todo_within(instance, window),
            ComponentKind::Journal => journal_within(instance, window),
            ComponentKind::FreeBusy => free_busy_within(&instance.component, window),
            ComponentKind::Availability => overlaps(range_of(&instance.component, self.object, self.floating), window),
        }
    }

    /// The eight rows of a VTODO.
    fn todo_within(self, instance: &Instance<'_, '_>, (start, end): Window) -> bool {
        let component = &instance.component;
        let moment =
            |name| component.property(name).and_then(|p| Moment::of(&p)).map(|m| Resolved::new(&m, self.object, self.floating).utc());
        let (begins, ends) = (instance.begins, instance.ends);
        match (instance.given.start, instance.given.end, instance.given.duration) {
            (true, true, _) => (start < ends || start <= begins) && (end > begins || end >= ends),
            (true, false, true) => start <= ends && (end > begins || end >= ends),
            (true, false, false) => start <= begins && end > begins,
            (false, true, _) => start < begins && end >= begins,
            (false, false, _) => match (moment("COMPLETED"), moment("CREATED")) {
                (Some(completed), Some(created)) => (start <= created || start <= completed) && (end >= created || end >= completed),
                (Some(completed), None) => start <= completed && end >= completed,
                (None, Some(created)) => end > created,
                (None, None) => true,
            },
        }
    }
}

impl Question<'_> {
    /// Whether what a comp-filter asks is directly inside the VCALENDAR.
    fn inside(&self, root: &Component<'_>, filter: &CompFilter) -> Result<bool, BoundReached> {
        let mut named = root.components().filter(|component| component.is(&filter.name));
        if filter.is_not_defined {
            return Ok(named.next().is_none());
        }
        let is_main = ComponentKind::from_name(&filter.name) == Some(self.object.kind());
        if !is_main {
            return Ok(filter.time_range.is_none() && named.any(|component| self.is_match(&component, filter)));
        }
        self.main(filter)
    }

    /// A filter on the components the resource is about: one instance must satisfy all of it.
    fn main(&self, filter: &CompFilter) -> Result<bool, BoundReached> {
        let timed_alarms: Vec<(&CompFilter, Window)> = filter
            .comps
            .iter()
            .filter(|c| c.name == "VALARM" && !c.is_not_defined)
            .filter_map(|c| Some((c, window_of(c.time_range.as_ref()?))))
            .collect();
        let timeless: Vec<&CompFilter> =
            filter.comps.iter().filter(|c| !timed_alarms.iter().any(|(timed, _)| std::ptr::eq(*timed, *c))).collect();
        // What does not depend on time is decided once per component, not per instance: the alarms too, by filter.
        let mut candidates: HashMap<Component<'_>, Vec<Vec<Alarm>>> = HashMap::new();
        for component in self.object.main_components() {
            let fits = self.properties_match(&component, &filter.props) && timeless.iter().all(|c| self.inside_component(&component, c));
            let alarms: Vec<Vec<Alarm>> =
                if fits { timed_alarms.iter().map(|(filter, _)| self.alarms(&component, filter)).collect() } else { Vec::new() };
            if fits && alarms.iter().all(|alarms| !alarms.is_empty()) {
                candidates.insert(component, alarms);
            }
        }
        if candidates.is_empty() {
            return Ok(false);
        }
        let range = filter.time_range.as_ref().map(window_of);
        let window = match (range, timed_alarms.first()) {
            (Some(range), _) => range,
            (None, Some((_, window))) => {
                match alarms::widened(candidates.values().filter_map(|alarms| alarms.first()).flatten(), *window) {
                    Some(widened) => widened,
                    None => return Ok(false),
                }
            }
            (None, None) => return Ok(true),
        };
        let series = self.object.series(self.floating);
        let (mut found, mut bound) = (false, false);
        let asked = Asked { object: self.object, floating: self.floating };
        let visit = |instance: &Instance<'_, '_>| {
            let Some(alarms) = candidates.get(&instance.component) else { return true };
            bound = self.work.spend(alarms.iter().map(Vec::len).sum()).is_err();
            found = range.is_none_or(|range| asked.is_within(instance, range))
                && alarms.iter().zip(&timed_alarms).all(|(alarms, (_, window))| alarms.iter().any(|alarm| alarm.rings(instance, *window)));
            !found && !bound
        };
        if series.describing().any(|component| candidates.contains_key(&component)) {
            series.visit(window, self.work, visit)?;
        } else {
            series.visit_overrides(visit);
        }
        if bound && !found { Err(BoundReached) } else { Ok(found) }
    }

    /// The alarms of a component that have the properties asked for.
    fn alarms(&self, component: &Component<'_>, filter: &CompFilter) -> Vec<Alarm> {
        let fits = |alarm: &Component<'_>| alarm.is("VALARM") && self.properties_match(alarm, &filter.props);
        component.components().filter(fits).filter_map(|alarm| Alarm::read(&alarm, self.object, self.floating)).collect()
    }

    /// Whether what a comp-filter without time asks is inside a component.
    fn inside_component(&self, component: &Component<'_>, filter: &CompFilter) -> bool {
        let mut named = component.components().filter(|inner| inner.is(&filter.name));
        if filter.is_not_defined {
            return named.next().is_none();
        }
        named.any(|inner| self.is_match(&inner, filter))
    }

    /// Filters nest a few levels (the parser bounds them), so this may recurse.
    fn is_match(&self, component: &Component<'_>, filter: &CompFilter) -> bool {
        self.properties_match(component, &filter.props) && filter.comps.iter().all(|inner| self.inside_component(component, inner))
    }

    fn properties_match(&self, component: &Component<'_>, filters: &[PropFilter]) -> bool {
        filters.iter().all(|filter| self.property_matches(component, filter))
    }

    fn property_matches(&self, component: &Component<'_>, filter: &PropFilter) -> bool {
        let mut properties = component.properties_named(&filter.name);
        if filter.test == PropTest::IsNotDefined {
            return properties.next().is_none();
        }
        if let (PropTest::TimeRange(range), Some(ends)) = (&filter.test, self.end_by_duration(component, &filter.name)) {
            let (start, end) = window_of(range);
            return start <= ends && ends < end && filter.params.iter().all(|param| param.test == ParamTest::IsNotDefined);
        }
        properties
            .any(|property| self.value_matches(&property, &filter.test) && filter.params.iter().all(|p| parameter_matches(&property, p)))
    }

    /// The DTEND of an event, or the DUE of a task, that DURATION stands for (RFC 4791 §9.9).
    fn end_by_duration(&self, component: &Component<'_>, name: &str) -> Option<UtcMicros> {
        let stands_for = (component.is("VEVENT") && name == "DTEND") || (component.is("VTODO") && name == "DUE");
        if !stands_for || component.property(name).is_some() {
            return None;
        }
        let duration = Duration::parse(&component.property("DURATION")?.value())?;
        let start = Resolved::new(&Moment::of(&component.property("DTSTART")?)?, self.object, self.floating);
        Some(start.zone.after_local(start.local, duration))
    }

    fn value_matches(&self, property: &Property<'_>, test: &PropTest) -> bool {
        match test {
            PropTest::Exists => true,
            PropTest::IsNotDefined => false,
            PropTest::Text(wanted) => text::matches(wanted, &crate::value::unescape(&property.value())),
            PropTest::TimeRange(range) => {
                let Some(moment) = Moment::of(property) else { return false };
                let resolved = Resolved::new(&moment, self.object, self.floating);
                let (at, window) = (resolved.utc(), window_of(range));
                if resolved.is_date {
                    overlaps((at, resolved.zone.utc_of(resolved.local + DAY_SECONDS)), window)
                } else {
                    window.0 <= at && at < window.1
                }
            }
        }
    }
}

/// Half open on both sides.
pub(crate) fn overlaps((begins, ends): Window, (start, end): Window) -> bool {
    start < ends && end > begins
}

/// The four rows of a VEVENT: what lasts overlaps, what does not lasts matches where it begins.
pub(crate) fn event_within(instance: &Instance<'_, '_>, (start, end): Window) -> bool {
    let (begins, ends) = (instance.begins, instance.ends);
    if ends > begins { overlaps((begins, ends), (start, end)) } else { start <= begins && end > begins }
}

fn journal_within(instance: &Instance<'_, '_>, (start, end): Window) -> bool {
    match &instance.start {
        None => false,
        Some(moment) if moment.is_date => overlaps((instance.begins, instance.ends), (start, end)),
        Some(_) => start <= instance.begins && end > instance.begins,
    }
}

fn free_busy_within(component: &Component<'_>, (start, end): Window) -> bool {
    let moment = |name| component.property(name).and_then(|p| Moment::of(&p)).map(|m| Zone::utc().utc_of(m.local));
    match (moment("DTSTART"), moment("DTEND")) {
        (Some(begins), Some(ends)) => start <= ends && end > begins,
        _ => free_busy_periods(component).any(|(period, _)| overlaps(period, (start, end))),
    }
}

/// The FREEBUSY periods of a component with their FBTYPE, in UTC as RFC 5545 §3.8.2.6 has them.
pub(crate) fn free_busy_periods<'a>(component: &Component<'a>) -> impl Iterator<Item = (Window, Rc<str>)> + use<'a> {
    component.properties_named("FREEBUSY").flat_map(|property| {
        // What is no name would be more than a parameter when it is written; it counts as BUSY, as all that is not known (§3.2.9).
        let is_name = |kind: &String| !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let kind = property.parameter("FBTYPE").map(|kind| kind.trim().to_ascii_uppercase()).filter(is_name);
        let kind = kind.unwrap_or_else(|| "BUSY".to_owned());
        let kind: Rc<str> = kind.into();
        let value = property.value().into_owned();
        let periods: Vec<(Window, Rc<str>)> = value
            .split(',')
            .filter_map(|text| Period::parse(text, None))
            .map(|period| (period_window(&period), Rc::clone(&kind)))
            .collect();
        periods
    })
}

fn period_window(period: &Period) -> Window {
    let utc = |moment: &Moment| Zone::utc().utc_of(moment.local);
    let start = utc(&period.start);
    match &period.end {
        PeriodEnd::At(end) => (start, utc(end)),
        PeriodEnd::After(duration) => (start, start.saturating_add(duration.nominal_seconds().saturating_mul(1_000_000))),
    }
}

fn parameter_matches(property: &Property<'_>, filter: &ParamFilter) -> bool {
    let mut found = property.parameters().filter(|(name, _)| name.eq_ignore_ascii_case(&filter.name));
    match &filter.test {
        ParamTest::Exists => found.next().is_some(),
        ParamTest::IsNotDefined => found.next().is_none(),
        ParamTest::Text(wanted) => found.any(|(_, values)| values.iter().any(|value| text::matches(wanted, value))),
    }
}

#[cfg(test)]
mod tests;
