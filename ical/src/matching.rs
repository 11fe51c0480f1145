//! Whether an object matches a filter: RFC 4791 §9.7, §9.9.

pub(crate) mod alarms;
mod text;

use crate::civil::DAY_SECONDS;
use crate::component::{Component, ComponentKind};
use crate::content_line::Property;
use crate::filter::{BoundReached, CompFilter, ParamFilter, ParamTest, PropFilter, PropTest, TimeRange};
use crate::instances::{Instance, Resolved};
use crate::object::CalendarObject;
use crate::value::{Duration, Moment, Period, PeriodEnd};
use crate::zone::Zone;
use crate::{UNBOUNDED_FUTURE, UNBOUNDED_PAST, UtcMicros};

const DAY: i64 = 86_400_000_000;

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
}

pub(crate) fn matches(filter: &CompFilter, object: &CalendarObject, floating: &Zone) -> Result<bool, BoundReached> {
    let question = Question { object, floating };
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
        // What does not depend on time is decided once per component, not per instance.
        let candidates: Vec<&[u8]> = self
            .object
            .main_components()
            .filter(|component| {
                self.properties_match(component, &filter.props) && timeless.iter().all(|c| self.inside_component(component, c))
            })
            .map(|component| component.raw())
            .collect();
        if candidates.is_empty() {
            return Ok(false);
        }
        let Some(mut window) = visited(filter, &timed_alarms) else { return Ok(true) };
        if filter.time_range.is_none() {
            window = alarms::widened(self.object, window);
        }
        let range = filter.time_range.as_ref().map(window_of);
        let series = self.object.series(self.floating);
        let mut found = false;
        series.visit(window, |instance| {
            let raw = instance.component.raw();
            found = candidates.iter().any(|candidate| std::ptr::eq(*candidate, raw))
                && range.is_none_or(|range| self.is_within(instance, range))
                && timed_alarms.iter().all(|(alarm, window)| self.alarm_rings(instance, alarm, *window));
            !found
        })?;
        Ok(found)
    }

    fn alarm_rings(&self, instance: &Instance<'_>, filter: &CompFilter, window: Window) -> bool {
        let fits = |alarm: &Component<'_>| self.properties_match(alarm, &filter.props);
        let mut alarms = instance.component.components().filter(|c| c.is("VALARM")).filter(fits);
        alarms.any(|alarm| alarms::rings_within(&alarm, instance, self.object, self.floating, window))
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
        let at_day = start.zone.utc_of(start.local + duration.days * DAY_SECONDS);
        Some(at_day.saturating_add(duration.seconds * 1_000_000))
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
                if resolved.is_date { overlaps((at, at + DAY), window) } else { window.0 <= at && at < window.1 }
            }
        }
    }

    /// RFC 4791 §9.9: the tables, by type of component.
    pub(crate) fn is_within(&self, instance: &Instance<'_>, window: Window) -> bool {
        match self.object.kind() {
            ComponentKind::Event => event_within(instance, window),
            ComponentKind::Todo => self.todo_within(instance, window),
            ComponentKind::Journal => journal_within(instance, window),
            ComponentKind::FreeBusy => free_busy_within(&instance.component, window),
            ComponentKind::Availability => self.availability_within(instance, window),
        }
    }

    /// The eight rows of a VTODO.
    fn todo_within(&self, instance: &Instance<'_>, (start, end): Window) -> bool {
        let component = &instance.component;
        let has = |name| component.property(name).is_some();
        let moment =
            |name| component.property(name).and_then(|p| Moment::of(&p)).map(|m| Resolved::new(&m, self.object, self.floating).utc());
        let (begins, ends) = (instance.begins, instance.ends);
        match (has("DTSTART"), has("DUE"), has("DURATION")) {
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

    /// RFC 7953 §3.1: an end that is missing is open.
    fn availability_within(&self, instance: &Instance<'_>, window: Window) -> bool {
        let begins = instance.start.as_ref().map_or(UNBOUNDED_PAST, |_| instance.begins);
        let open = instance.component.property("DTEND").is_none() && instance.component.property("DURATION").is_none();
        overlaps((begins, if open { UNBOUNDED_FUTURE } else { instance.ends }), window)
    }
}

/// The window whose instances must be looked at; `None` if time does not matter.
fn visited(filter: &CompFilter, timed_alarms: &[(&CompFilter, Window)]) -> Option<Window> {
    match (&filter.time_range, timed_alarms.first()) {
        (Some(range), _) => Some(window_of(range)),
        (None, Some((_, window))) => Some(*window),
        (None, None) => None,
    }
}

/// Half open on both sides.
pub(crate) fn overlaps((begins, ends): Window, (start, end): Window) -> bool {
    start < ends && end > begins
}

/// The four rows of a VEVENT: what lasts overlaps, what does not lasts matches where it begins.
pub(crate) fn event_within(instance: &Instance<'_>, (start, end): Window) -> bool {
    let (begins, ends) = (instance.begins, instance.ends);
    if ends > begins { overlaps((begins, ends), (start, end)) } else { start <= begins && end > begins }
}

fn journal_within(instance: &Instance<'_>, (start, end): Window) -> bool {
    match &instance.start {
        None => false,
        Some(moment) if moment.is_date => overlaps((instance.begins, instance.begins + DAY), (start, end)),
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
pub(crate) fn free_busy_periods<'a>(component: &Component<'a>) -> impl Iterator<Item = (Window, String)> + use<'a> {
    component.properties_named("FREEBUSY").flat_map(|property| {
        let kind = property.parameter("FBTYPE").unwrap_or_else(|| "BUSY".to_owned()).to_ascii_uppercase();
        let value = property.value().into_owned();
        let periods: Vec<(Window, String)> =
            value.split(',').filter_map(|text| Period::parse(text, None)).map(|period| (period_window(&period), kind.clone())).collect();
        periods
    })
}

fn period_window(period: &Period) -> Window {
    let utc = |moment: &Moment| Zone::utc().utc_of(moment.local);
    let start = utc(&period.start);
    match &period.end {
        PeriodEnd::At(end) => (start, utc(end)),
        PeriodEnd::After(duration) => (start, start.saturating_add(duration.nominal_seconds() * 1_000_000)),
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
