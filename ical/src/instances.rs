//! The recurrence set of an object: master, rules, dates, exceptions, overrides. RFC 5545 §3.8.4.4, §3.8.5.

use std::collections::{BTreeMap, BTreeSet};

use crate::civil::{DAY_SECONDS, LocalSeconds};
use crate::component::{Component, ComponentKind};
use crate::filter::BoundReached;
use crate::object::CalendarObject;
use crate::recurrence::Rule;
use crate::value::{Duration, Moment, Period, PeriodEnd, Place};
use crate::zone::Zone;
use crate::{UNBOUNDED_FUTURE, UtcMicros};

const SECOND: i64 = 1_000_000;
/// How far a zone's clock may be from UTC, and a floating one from what it turns out to mean, in seconds.
const ZONE_SECONDS_MAX: i64 = 15 * 3600;

/// A moment with its zone resolved.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    pub local: LocalSeconds,
    pub is_date: bool,
    pub floating: bool,
    pub zone: Zone,
}

impl Resolved {
    pub fn new(moment: &Moment, object: &CalendarObject, floating: &Zone) -> Self {
        let zone = match &moment.place {
            Place::Utc => Some(Zone::utc()),
            Place::Zone(id) => object.zones().get(id),
            Place::Floating => None,
        };
        let is_floating = zone.is_none();
        Self { local: moment.local, is_date: moment.is_date, floating: is_floating, zone: zone.unwrap_or_else(|| floating.clone()) }
    }

    pub fn utc(&self) -> UtcMicros {
        self.zone.utc_of(self.local)
    }

    /// The same kind of moment at another time.
    fn at(&self, local: LocalSeconds) -> Self {
        Self { local, ..self.clone() }
    }
}

/// One instance: which component describes it, and when it is.
#[derive(Clone)]
pub(crate) struct Instance<'a> {
    pub component: Component<'a>,
    /// The nominal start in the master's terms: its RECURRENCE-ID. `None` for what does not recur.
    pub recurrence_id: Option<Resolved>,
    /// DTSTART, for a task perhaps missing.
    pub start: Option<Resolved>,
    /// When it begins and ends, UTC microseconds; of a task with DUE alone both are its DUE.
    pub begins: UtcMicros,
    pub ends: UtcMicros,
}

/// A component with what is read out of it for time.
struct Timed<'a> {
    component: Component<'a>,
    /// DTSTART; of a task without one its DUE.
    anchor: Option<Resolved>,
    length: Length,
}

/// How long a component lasts.
#[derive(Debug, Clone, Copy)]
enum Length {
    /// Nominal days and exact seconds.
    Lasts(Duration),
    /// To a wall-clock moment of DTEND or DUE; its distance from the anchor in exact seconds (times) or days (dates).
    Exact(i64),
}

/// An object's instances over time.
pub(crate) struct Series<'a> {
    object: &'a CalendarObject,
    floating: &'a Zone,
    master: Option<Timed<'a>>,
    rules: Vec<Rule>,
    excluded_rules: Vec<Rule>,
    /// RDATEs: UTC start → wall clock of the master, and the length a PERIOD gives.
    dates: BTreeMap<UtcMicros, (LocalSeconds, Option<i64>)>,
    excluded: BTreeSet<UtcMicros>,
    /// Days (of the master's wall clock) that EXDATE;VALUE=DATE excludes of a series with times (T2).
    excluded_days: BTreeSet<i64>,
    overrides: BTreeMap<UtcMicros, Timed<'a>>,
    /// THISANDFUTURE: from which instance on, moved by how many seconds, described by which component.
    futures: Vec<(UtcMicros, i64, Timed<'a>)>,
}

impl<'a> Series<'a> {
    pub fn of(object: &'a CalendarObject, floating: &'a Zone) -> Self {
        let mut series = Self {
            object,
            floating,
            master: None,
            rules: Vec::new(),
            excluded_rules: Vec::new(),
            dates: BTreeMap::new(),
            excluded: BTreeSet::new(),
            excluded_days: BTreeSet::new(),
            overrides: BTreeMap::new(),
            futures: Vec::new(),
        };
        for component in object.main_components() {
            match component.property("RECURRENCE-ID").filter(|_| component.property("RRULE").is_none()) {
                None => series.master = Some(series.timed(component)),
                Some(property) => series.add_override(component, &property),
            }
        }
        series.read_recurrence();
        series
    }

    fn resolve(&self, moment: &Moment) -> Resolved {
        Resolved::new(moment, self.object, self.floating)
    }

    fn moment(&self, component: &Component<'a>, name: &str) -> Option<Resolved> {
        component.property(name).and_then(|property| Moment::of(&property)).map(|moment| self.resolve(&moment))
    }

    fn timed(&self, component: Component<'a>) -> Timed<'a> {
        let start = self.moment(&component, "DTSTART");
        let end = self.moment(&component, if component.is("VTODO") { "DUE" } else { "DTEND" });
        let duration = component.property("DURATION").and_then(|property| Duration::parse(&property.value()));
        // T1: Thunderbird has sent DURATION:PT0S beside a DTEND; the end says more.
        let length = match (&start, &end, duration) {
            (Some(start), Some(end), _) if start.is_date && end.is_date => {
                Length::Lasts(Duration { days: (end.local - start.local).max(0) / DAY_SECONDS, seconds: 0 })
            }
            (Some(start), Some(end), _) => Length::Exact(((end.utc() - start.utc()) / SECOND).max(0)),
            (Some(_), None, Some(duration)) => Length::Lasts(Duration { days: duration.days.max(0), seconds: duration.seconds.max(0) }),
            (Some(start), None, None) if start.is_date && !component.is("VTODO") => Length::Lasts(Duration { days: 1, seconds: 0 }),
            _ => Length::Exact(0),
        };
        Timed { component, anchor: start.or(end), length }
    }

    fn add_override(&mut self, component: Component<'a>, property: &crate::content_line::Property<'a>) {
        let Some(moment) = Moment::of(property) else { return };
        let id = self.resolve(&moment);
        let timed = self.timed(component);
        let future = property.parameter("RANGE").is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE"));
        if future {
            let shift = timed.anchor.as_ref().map_or(0, |anchor| (anchor.utc() - id.utc()) / SECOND);
            let again = self.timed(component);
            self.futures.push((id.utc(), shift, again));
            self.futures.sort_by_key(|(from, ..)| *from);
        }
        // T9: of two overrides of one instance the last one counts.
        self.overrides.insert(id.utc(), timed);
    }

    fn read_recurrence(&mut self) {
        let Some(Timed { component, anchor: Some(anchor), .. }) = &self.master else { return };
        let (component, anchor) = (*component, anchor.clone());
        let rules = |name: &str| component.properties_named(name).filter_map(|p| Rule::parse(&p.value()).ok()).collect::<Vec<_>>();
        self.rules = rules("RRULE");
        self.excluded_rules = rules("EXRULE");
        for property in component.properties_named("RDATE") {
            let zone = property.parameter("TZID");
            for text in property.value().split(',') {
                self.add_date(text, zone.as_deref(), &anchor);
            }
        }
        for property in component.properties_named("EXDATE") {
            let zone = property.parameter("TZID");
            for moment in property.value().split(',').filter_map(|text| Moment::parse(text.trim(), zone.as_deref())) {
                if moment.is_date && !anchor.is_date {
                    self.excluded_days.insert(moment.local.div_euclid(DAY_SECONDS));
                } else {
                    self.excluded.insert(self.resolve(&moment).utc());
                }
            }
        }
    }

    fn add_date(&mut self, text: &str, zone: Option<&str>, anchor: &Resolved) {
        let (start, length) = match (Moment::parse(text.trim(), zone), Period::parse(text, zone)) {
            (Some(start), _) => (self.resolve(&start), None),
            (None, Some(Period { start, end })) => {
                let start = self.resolve(&start);
                let seconds = match &end {
                    PeriodEnd::At(end) => (self.resolve(end).utc() - start.utc()) / SECOND,
                    PeriodEnd::After(duration) => duration.nominal_seconds(),
                };
                (start, Some(seconds.max(0)))
            }
            (None, None) => return,
        };
        let local = if start.is_date == anchor.is_date { anchor.zone.local_of(start.utc()) } else { start.local };
        self.dates.insert(start.utc(), (local, length));
    }

    /// Whether there can be more than one instance.
    pub fn recurs(&self) -> bool {
        !self.rules.is_empty() || !self.dates.is_empty() || !self.overrides.is_empty()
    }

    /// Whether any instance hangs in no zone.
    pub fn is_floating(&self) -> bool {
        let timed = self.master.iter().chain(self.overrides.values());
        timed.filter_map(|timed| timed.anchor.as_ref()).any(|anchor| anchor.floating)
    }

    /// The longest any instance lasts, in seconds: how far before a window an instance may start that reaches into it.
    fn reach_seconds(&self) -> i64 {
        let of = |timed: &Timed<'_>| match timed.length {
            Length::Lasts(duration) => duration.nominal_seconds(),
            Length::Exact(seconds) => seconds,
        };
        let lengths = self.master.iter().chain(self.overrides.values()).chain(self.futures.iter().map(|(.., timed)| timed)).map(of);
        let periods = self.dates.values().filter_map(|(_, length)| *length);
        let shifts = self.futures.iter().map(|(_, shift, _)| shift.abs());
        lengths.chain(periods).max().unwrap_or(0) + shifts.max().unwrap_or(0) + DAY_SECONDS
    }

    /// Visits the instances that may touch a window, UTC microseconds, until `visit` returns `false`. What is visited is a superset:
    /// the visitor decides. Alarms and the like widen the window before they ask.
    pub fn visit(&self, window: (UtcMicros, UtcMicros), mut visit: impl FnMut(&Instance<'a>) -> bool) -> Result<(), BoundReached> {
        for (id, timed) in &self.overrides {
            // An instance may be excluded and overridden; the override is what counts.
            if !visit(&self.overridden(*id, timed)) {
                return Ok(());
            }
        }
        let Some(master) = &self.master else { return Ok(()) };
        let Some(anchor) = &master.anchor else {
            visit(&self.instance(master, None, None));
            return Ok(());
        };
        if self.rules.is_empty() && self.dates.is_empty() {
            let start = anchor.utc();
            if !self.is_gone(start, anchor.local, false)? {
                let id = (!self.overrides.is_empty()).then(|| anchor.clone());
                visit(&self.instance(master, Some(anchor.clone()), id));
            }
            return Ok(());
        }
        self.visit_recurring(master, anchor, window, &mut visit)
    }

    fn visit_recurring(
        &self,
        master: &Timed<'a>,
        anchor: &Resolved,
        window: (UtcMicros, UtcMicros),
        visit: &mut impl FnMut(&Instance<'a>) -> bool,
    ) -> Result<(), BoundReached> {
        let reach = self.reach_seconds() + ZONE_SECONDS_MAX;
        let from = window.0.div_euclid(SECOND).saturating_sub(reach);
        let until = if window.1 == UNBOUNDED_FUTURE { i64::MAX } else { window.1.div_euclid(SECOND).saturating_add(reach) };
        let mut seen = BTreeSet::new();
        let one = std::iter::once(Ok(anchor.local)).filter(|_| self.rules.is_empty());
        let mut sources: Vec<Box<dyn Iterator<Item = Result<LocalSeconds, BoundReached>> + '_>> = vec![Box::new(one)];
        for rule in &self.rules {
            sources.push(Box::new(self.starts(rule, anchor, from)));
        }
        let several = sources.len() > 2 || !self.dates.is_empty();
        for source in sources {
            for local in source {
                let local = local?;
                if local > until {
                    break;
                }
                if local < from {
                    continue;
                }
                let start = anchor.zone.utc_of(local);
                if several && !seen.insert(start) {
                    continue;
                }
                if !self.visit_one(master, anchor, (start, local), None, visit)? {
                    return Ok(());
                }
            }
        }
        for (start, (local, length)) in &self.dates {
            if *local >= from
                && *local <= until
                && seen.insert(*start)
                && !self.visit_one(master, anchor, (*start, *local), *length, visit)?
            {
                return Ok(());
            }
        }
        Ok(())
    }

    /// A rule's starts within its COUNT and UNTIL, without times that a zone's clock never shows if it comes more than once a day (they would
    /// repeat others; RFC 5545 §3.3.10 ignores them).
    fn starts<'s>(
        &'s self,
        rule: &'s Rule,
        anchor: &'s Resolved,
        from: LocalSeconds,
    ) -> impl Iterator<Item = Result<LocalSeconds, BoundReached>> + 's {
        let starts = if anchor.is_date { rule.starts_of_dates(anchor.local, from) } else { rule.starts(anchor.local, from) };
        within_rule(rule, anchor, starts)
    }

    /// Visits an instance of the master unless it is excluded or overridden.
    fn visit_one(
        &self,
        master: &Timed<'a>,
        anchor: &Resolved,
        (start, local): (UtcMicros, LocalSeconds),
        length: Option<i64>,
        visit: &mut impl FnMut(&Instance<'a>) -> bool,
    ) -> Result<bool, BoundReached> {
        if self.is_gone(start, local, true)? {
            return Ok(true);
        }
        let nominal = anchor.at(local);
        let future = self.futures.iter().rev().find(|(from, ..)| *from <= start);
        let mut instance = match future {
            None => self.instance(master, Some(nominal.clone()), Some(nominal)),
            Some((_, shift, timed)) => self.instance(timed, Some(nominal.at(local + shift)), Some(nominal)),
        };
        if let Some(seconds) = length {
            instance.ends = instance.begins + seconds * SECOND;
        }
        Ok(visit(&instance))
    }

    /// Whether an instance of the master does not take place, or is described by an override.
    fn is_gone(&self, start: UtcMicros, local: LocalSeconds, check_rules: bool) -> Result<bool, BoundReached> {
        if self.overrides.contains_key(&start)
            || self.excluded.contains(&start)
            || self.excluded_days.contains(&local.div_euclid(DAY_SECONDS))
        {
            return Ok(true);
        }
        let Some(anchor) = self.master.as_ref().and_then(|master| master.anchor.as_ref()).filter(|_| check_rules) else {
            return Ok(false);
        };
        for rule in &self.excluded_rules {
            let found = self.starts(rule, anchor, local).find(|at| at.is_err() || at.is_ok_and(|at| at >= local));
            if found.transpose()? == Some(local) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn overridden(&self, id: UtcMicros, timed: &Timed<'a>) -> Instance<'a> {
        let master = self.master.as_ref().and_then(|master| master.anchor.as_ref());
        let nominal = match (master, &timed.anchor) {
            (Some(anchor), _) | (None, Some(anchor)) => anchor.at(anchor.zone.local_of(id)),
            (None, None) => Resolved { local: id.div_euclid(SECOND), is_date: false, floating: false, zone: Zone::utc() },
        };
        self.instance(timed, timed.anchor.clone(), Some(nominal))
    }

    fn instance(&self, timed: &Timed<'a>, start: Option<Resolved>, recurrence_id: Option<Resolved>) -> Instance<'a> {
        let begins = start.as_ref().map_or(0, Resolved::utc);
        let ends = match (&start, timed.length) {
            (Some(start), Length::Lasts(duration)) if duration.days > 0 => {
                let at_day = start.at(start.local + duration.days * DAY_SECONDS).utc();
                at_day.saturating_add(duration.seconds * SECOND)
            }
            (_, Length::Lasts(duration)) => begins.saturating_add(duration.seconds * SECOND),
            (_, Length::Exact(seconds)) => begins.saturating_add(seconds * SECOND),
        };
        Instance { component: timed.component, recurrence_id, start, begins, ends }
    }

    /// Superset bounds over every instance: UTC microseconds, without slack.
    pub fn bounds(&self) -> Option<(UtcMicros, UtcMicros)> {
        let mut bounds: Option<(UtcMicros, UtcMicros)> = None;
        let mut add = |begins: UtcMicros, ends: UtcMicros| {
            let (first, last) = bounds.unwrap_or((begins, ends));
            bounds = Some((first.min(begins), last.max(ends)));
        };
        for (id, timed) in &self.overrides {
            let instance = self.overridden(*id, timed);
            add(instance.begins, instance.ends);
        }
        if let Some(master) = &self.master {
            let anchor = master.anchor.clone();
            let first = self.instance(master, anchor.clone(), None);
            add(first.begins, first.ends);
            let reach = self.reach_seconds() * SECOND;
            for (start, (_, length)) in &self.dates {
                add(*start, start.saturating_add(length.map_or(reach, |seconds| seconds * SECOND)));
            }
            if let Some(anchor) = &anchor {
                for rule in &self.rules {
                    let last = self.last_start(rule, anchor);
                    // A THISANDFUTURE may move instances before the first one.
                    let earliest = self.futures.iter().map(|(from, shift, _)| from + shift * SECOND).min().unwrap_or(first.begins);
                    add(earliest, last.saturating_add(reach));
                }
            }
        }
        bounds
    }

    /// The last instance a rule gives at most: its UNTIL, the end of its COUNT, or never.
    fn last_start(&self, rule: &Rule, anchor: &Resolved) -> UtcMicros {
        if let Some(until) = rule.until() {
            return until_utc(until, anchor).saturating_add(DAY_SECONDS * SECOND);
        }
        if rule.count().is_none() {
            return UNBOUNDED_FUTURE;
        }
        let mut last = anchor.local;
        for local in self.starts(rule, anchor, anchor.local) {
            match local {
                Ok(local) => last = local,
                Err(BoundReached) => return UNBOUNDED_FUTURE,
            }
        }
        anchor.zone.utc_of(last)
    }

    /// Whether the resource is of tasks.
    pub fn is_todo(&self) -> bool {
        self.object.kind() == ComponentKind::Todo
    }
}

/// Of a rule's starts those within its COUNT and UNTIL that the zone's clock shows.
pub(crate) fn within_rule<'s>(
    rule: &'s Rule,
    anchor: &'s Resolved,
    starts: impl Iterator<Item = Result<LocalSeconds, BoundReached>> + 's,
) -> impl Iterator<Item = Result<LocalSeconds, BoundReached>> + 's {
    let within =
        move |local: &Result<LocalSeconds, BoundReached>| local.is_err() || local.is_ok_and(|local| is_within_until(rule, anchor, local));
    let below_daily = rule.is_below_daily() && !anchor.zone.is_utc();
    let shown = move |local: &Result<LocalSeconds, BoundReached>| {
        !below_daily || local.is_err() || local.is_ok_and(|local| !anchor.zone.skips(local))
    };
    let count = rule.count().map_or(usize::MAX, |count| count as usize);
    starts.take_while(within).filter(shown).take(count)
}

/// UNTIL is inclusive, compared as an instant; as a date it covers that day (T3), without zone it is in the series' own.
fn is_within_until(rule: &Rule, anchor: &Resolved, local: LocalSeconds) -> bool {
    match rule.until() {
        None => true,
        Some(until) if until.is_date || anchor.is_date => {
            let day =
                if until.place == Place::Utc && anchor.is_date { until.local } else { until.local.div_euclid(DAY_SECONDS) * DAY_SECONDS };
            local.div_euclid(DAY_SECONDS) <= day.div_euclid(DAY_SECONDS)
        }
        Some(until) => anchor.zone.utc_of(local) <= until_utc(until, anchor),
    }
}

fn until_utc(until: &Moment, anchor: &Resolved) -> UtcMicros {
    match until.place {
        Place::Utc => until.local.saturating_mul(SECOND),
        _ => anchor.zone.utc_of(until.local),
    }
}
