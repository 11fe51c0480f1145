//! The recurrence set of an object: master, rules, dates, exceptions, overrides. RFC 5545 §3.8.4.4, §3.8.5.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::civil::{DAY_SECONDS, LocalSeconds};
use crate::component::{Component, ComponentKind};
use crate::content_line::Property;
use crate::filter::{BoundReached, Work};
use crate::object::CalendarObject;
use crate::recurrence::{Rule, Starts};
use crate::value::{Duration, Moment, Period, PeriodEnd, Place};
use crate::zone::{ZONE_SECONDS_MAX, Zone};
use crate::{UNBOUNDED_FUTURE, UtcMicros};
use clock::Clock;

mod clock;

const SECOND: i64 = 1_000_000;
/// Units of work to visit an instance.
const WORK_OF_VISIT: usize = 5;
/// Units of work to ask a zone whether its clock shows a time.
const WORK_OF_ZONE: usize = 4;

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
            Place::Zone(id) => object.zone(id),
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
    pub given: Given,
    /// The nominal start in the master's terms, its RECURRENCE-ID, and the same in UTC microseconds. `None` for what does not recur.
    pub recurrence_id: Option<(Resolved, UtcMicros)>,
    /// DTSTART, for a task perhaps missing.
    pub start: Option<Resolved>,
    /// When it begins and ends, UTC microseconds; of a task with DUE alone both are its DUE.
    pub begins: UtcMicros,
    pub ends: UtcMicros,
}

/// Which properties a component has, readable or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Given {
    /// DTSTART.
    pub start: bool,
    /// DTEND, of a task DUE.
    pub end: bool,
    /// DURATION.
    pub duration: bool,
}

/// A component with what is read out of it for time.
#[derive(Clone)]
struct Timed<'a> {
    component: Component<'a>,
    given: Given,
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
    work: &'a Work,
    /// Whether any moment that was read hangs in no zone.
    any_floating: Cell<bool>,
    master: Option<Timed<'a>>,
    rules: Vec<Rule>,
    excluded_rules: Vec<Rule>,
    /// RDATEs: UTC start → wall clock of the master, and the length a PERIOD gives.
    dates: BTreeMap<UtcMicros, (LocalSeconds, Option<i64>)>,
    excluded: BTreeSet<UtcMicros>,
    /// Days (of the master's wall clock) that EXDATE;VALUE=DATE excludes of a series with times (T2).
    excluded_days: BTreeSet<i64>,
    /// The longest of those PERIODs.
    period_seconds_max: i64,
    overrides: BTreeMap<UtcMicros, Timed<'a>>,
    /// Overrides that a later one of the same instance replaces; in another floating zone they may be of two.
    replaced: Vec<(UtcMicros, Timed<'a>)>,
    /// THISANDFUTURE: from which instance on, moved by how many seconds, described by which component.
    futures: Vec<(UtcMicros, i64, Timed<'a>)>,
}

impl<'a> Series<'a> {
    pub fn of(object: &'a CalendarObject, floating: &'a Zone, work: &'a Work) -> Self {
        Self::of_components(object, object.main_components(), floating, work)
    }

    /// Of components that are a series with its overrides somewhere in an object.
    pub fn of_components(
        object: &'a CalendarObject,
        components: impl Iterator<Item = Component<'a>>,
        floating: &'a Zone,
        work: &'a Work,
    ) -> Self {
        let mut series = Self {
            object,
            floating,
            work,
            any_floating: Cell::new(false),
            master: None,
            rules: Vec::new(),
            excluded_rules: Vec::new(),
            dates: BTreeMap::new(),
            excluded: BTreeSet::new(),
            excluded_days: BTreeSet::new(),
            period_seconds_max: 0,
            overrides: BTreeMap::new(),
            replaced: Vec::new(),
            futures: Vec::new(),
        };
        for component in components {
            match component.property("RECURRENCE-ID").filter(|_| component.property("RRULE").is_none()) {
                None => series.master = Some(series.timed(component)),
                Some(property) => series.add_override(component, &property),
            }
        }
        series.futures.sort_by_key(|(from, ..)| *from);
        series.read_recurrence();
        series
    }

    fn resolve(&self, moment: &Moment) -> Resolved {
        self.noted(Resolved::new(moment, self.object, self.floating))
    }

    /// As [`Series::resolve`] for a moment of a list, whose zone is looked up once for all of them.
    fn resolve_in(&self, moment: &Moment, zone: Option<&Zone>) -> Resolved {
        let utc = Zone::utc();
        let zone = if moment.place == Place::Utc { Some(&utc) } else { zone.filter(|_| !moment.is_date) };
        let (local, is_date, floating) = (moment.local, moment.is_date, zone.is_none());
        self.noted(Resolved { local, is_date, floating, zone: zone.unwrap_or(self.floating).clone() })
    }

    fn noted(&self, resolved: Resolved) -> Resolved {
        self.any_floating.set(self.any_floating.get() || resolved.floating);
        resolved
    }

    fn moment(&self, component: &Component<'a>, name: &str) -> Option<Resolved> {
        component.property(name).and_then(|property| Moment::of(&property)).map(|moment| self.resolve(&moment))
    }

    fn timed(&self, component: Component<'a>) -> Timed<'a> {
        let start = self.moment(&component, "DTSTART");
        let name_of_end = if component.is("VTODO") { "DUE" } else { "DTEND" };
        let end = self.moment(&component, name_of_end);
        let has = |name| component.property(name).is_some();
        let given = Given { start: has("DTSTART"), end: has(name_of_end), duration: has("DURATION") };
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
        Timed { component, given, anchor: start.or(end), length }
    }

    fn add_override(&mut self, component: Component<'a>, property: &Property<'a>) {
        let Some(moment) = Moment::of(property) else { return };
        let id = self.resolve(&moment);
        let timed = self.timed(component);
        let future = property.parameter("RANGE").is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE"));
        if future {
            let shift = timed.anchor.as_ref().map_or(0, |anchor| (anchor.utc() - id.utc()) / SECOND);
            self.futures.push((id.utc(), shift, timed.clone()));
        }
        // T9: of two overrides of one instance the last one counts.
        let replaced = self.overrides.insert(id.utc(), timed);
        self.replaced.extend(replaced.map(|replaced| (id.utc(), replaced)));
    }

    fn read_recurrence(&mut self) {
        let Some(Timed { component, anchor: Some(anchor), .. }) = &self.master else { return };
        if self.object.kind() == ComponentKind::FreeBusy {
            // RFC 5545 §3.6.4: it does not recur.
            return;
        }
        let (component, anchor) = (*component, anchor.clone());
        let rules = |name: &str| component.properties_named(name).filter_map(|p| Rule::parse(&p.value()).ok()).collect::<Vec<_>>();
        self.rules = rules("RRULE");
        self.excluded_rules = rules("EXRULE");
        let zone_of = |object: &CalendarObject, property: &Property<'_>| property.parameter("TZID").and_then(|id| object.zone(&id));
        for property in component.properties_named("RDATE") {
            let zone = zone_of(self.object, &property);
            for text in property.value().split(',') {
                self.add_date(text, zone.as_ref(), &anchor);
            }
        }
        for property in component.properties_named("EXDATE") {
            let zone = zone_of(self.object, &property);
            for moment in property.value().split(',').filter_map(|text| Moment::parse(text.trim(), None)) {
                if moment.is_date && !anchor.is_date {
                    self.excluded_days.insert(moment.local.div_euclid(DAY_SECONDS));
                } else {
                    self.excluded.insert(self.resolve_in(&moment, zone.as_ref()).utc());
                }
            }
        }
    }

    fn add_date(&mut self, text: &str, zone: Option<&Zone>, anchor: &Resolved) {
        let (start, length) = match (Moment::parse(text.trim(), None), Period::parse(text, None)) {
            (Some(start), _) => (self.resolve_in(&start, zone), None),
            (None, Some(Period { start, end })) => {
                let start = self.resolve_in(&start, zone);
                let seconds = match &end {
                    PeriodEnd::At(end) => (self.resolve_in(end, zone).utc() - start.utc()) / SECOND,
                    PeriodEnd::After(duration) => duration.nominal_seconds(),
                };
                (start, Some(seconds.max(0)))
            }
            (None, None) => return,
        };
        let local = if start.is_date == anchor.is_date { anchor.zone.local_of(start.utc()) } else { start.local };
        self.period_seconds_max = self.period_seconds_max.max(length.unwrap_or(0));
        self.dates.insert(start.utc(), (local, length));
    }

    /// Whether there can be more than one instance.
    pub fn recurs(&self) -> bool {
        !self.rules.is_empty() || !self.dates.is_empty() || !self.overrides.is_empty()
    }

    /// Whether any moment hangs in no zone.
    pub fn is_floating(&self) -> bool {
        self.any_floating.get()
    }

    /// The longest any instance lasts, in seconds: how far before a window an instance may start that reaches into it.
    fn reach_seconds(&self) -> i64 {
        let of = |timed: &Timed<'_>| match timed.length {
            Length::Lasts(duration) => duration.nominal_seconds(),
            Length::Exact(seconds) => seconds,
        };
        let lengths = self.master.iter().chain(self.overrides.values()).chain(self.futures.iter().map(|(.., timed)| timed)).map(of);
        let shifts = self.futures.iter().map(|(_, shift, _)| shift.abs());
        lengths.chain([self.period_seconds_max]).max().unwrap_or(0) + shifts.max().unwrap_or(0) + DAY_SECONDS
    }

    /// Visits the instances that may touch a window, UTC microseconds, until `visit` returns `false`. What is visited is a superset:
    /// the visitor decides. Alarms and the like widen the window before they ask.
    pub fn visit(&self, window: (UtcMicros, UtcMicros), mut visit: impl FnMut(&Instance<'a>) -> bool) -> Result<(), BoundReached> {
        if !self.visit_overrides(&mut visit) {
            return Ok(());
        }
        let Some(master) = &self.master else { return Ok(()) };
        let Some(anchor) = &master.anchor else {
            visit(&self.instance(master, None, None));
            return Ok(());
        };
        if self.rules.is_empty() && self.dates.is_empty() {
            let start = anchor.utc();
            if !self.is_gone(start, anchor.local) {
                let id = (!self.overrides.is_empty()).then(|| anchor.clone());
                visit(&self.instance(master, Some(anchor.clone()), id));
            }
            return Ok(());
        }
        self.visit_recurring(master, anchor, window, &mut visit)
    }

    /// Visits the overridden instances alone, whenever they are; whether `visit` wants more.
    pub fn visit_overrides(&self, mut visit: impl FnMut(&Instance<'a>) -> bool) -> bool {
        // An instance may be excluded and overridden; the override is what counts.
        self.overrides.iter().all(|(id, timed)| visit(&self.overridden(*id, timed)))
    }

    /// The components that describe instances beside those they override.
    pub fn describing(&self) -> impl Iterator<Item = Component<'a>> {
        self.master.iter().chain(self.futures.iter().map(|(.., timed)| timed)).map(|timed| timed.component)
    }

    /// All rules and dates together in order of the wall clock, so that the excluded ones are walked beside them, once.
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
        let starts = |rule| WithinRule::new(rule, anchor, from, self.work);
        let mut merged = Merged { rules: self.rules.iter().map(starts).collect(), heads: BinaryHeap::new(), from, until };
        (0..self.rules.len()).try_for_each(|index| merged.pull(index))?;
        let mut excluded: Vec<Excluded<'_>> = self.excluded_rules.iter().map(|rule| Excluded { starts: starts(rule), at: None }).collect();
        let mut dates: Vec<(LocalSeconds, UtcMicros, Option<i64>)> =
            self.dates.iter().map(|(start, (local, length))| (*local, *start, *length)).collect();
        if self.rules.is_empty() {
            dates.push((anchor.local, anchor.utc(), None));
        }
        dates.retain(|(local, ..)| (from..=until).contains(local));
        dates.sort_by_key(|(local, ..)| *local);
        let mut dates = dates.into_iter().peekable();
        let several = self.rules.len() > 1 || !self.dates.is_empty();
        let mut clock = Clock::of(&anchor.zone);
        let mut seen = BTreeSet::new();
        loop {
            let of_rule = merged.heads.peek().map(|Reverse((local, _))| *local);
            let date = dates.next_if(|(local, ..)| of_rule.is_none_or(|of_rule| *local < of_rule));
            let (local, start, length, rule) = match (date, merged.heads.pop()) {
                (Some((local, start, length)), head) => {
                    merged.heads.extend(head);
                    (local, start, length, None)
                }
                (None, Some(Reverse((local, rule)))) => (local, clock.utc_of(local), None, Some(rule)),
                (None, None) => return Ok(()),
            };
            self.work.spend(WORK_OF_VISIT)?;
            let gone = self.is_gone(start, local) || several && !seen.insert(start);
            let excluded = excluded.iter_mut().map(|rule| rule.excludes(local)).try_fold(false, |any, found| Ok(any | found?))?;
            if !gone && !excluded && !self.visit_one(master, anchor, (start, local), length, visit) {
                return Ok(());
            }
            if let Some(rule) = rule {
                merged.pull(rule)?;
            }
        }
    }

    /// Visits an instance of the master, or of the component that describes it and those after it.
    fn visit_one(
        &self,
        master: &Timed<'a>,
        anchor: &Resolved,
        (start, local): (UtcMicros, LocalSeconds),
        length: Option<i64>,
        visit: &mut impl FnMut(&Instance<'a>) -> bool,
    ) -> bool {
        let nominal = anchor.at(local);
        let after = self.futures.partition_point(|(from, ..)| *from <= start);
        let future = after.checked_sub(1).and_then(|index| self.futures.get(index));
        let mut instance = match future {
            None => self.instance_from(master, start, Some(nominal.clone()), Some((nominal, start))),
            Some((_, shift, timed)) => {
                let moved = nominal.at(local + shift);
                self.instance_from(timed, moved.utc(), Some(moved), Some((nominal, start)))
            }
        };
        if let Some(seconds) = length {
            instance.ends = instance.begins.saturating_add(seconds.saturating_mul(SECOND));
        }
        visit(&instance)
    }

    /// Whether an instance of the master is excluded by date, or described by an override.
    fn is_gone(&self, start: UtcMicros, local: LocalSeconds) -> bool {
        self.overrides.contains_key(&start) || self.excluded.contains(&start) || self.excluded_days.contains(&local.div_euclid(DAY_SECONDS))
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
        let recurrence_id = recurrence_id.map(|id| {
            let at = id.utc();
            (id, at)
        });
        self.instance_from(timed, begins, start, recurrence_id)
    }

    /// As [`Series::instance`], where its instants are known.
    fn instance_from(
        &self,
        timed: &Timed<'a>,
        begins: UtcMicros,
        start: Option<Resolved>,
        recurrence_id: Option<(Resolved, UtcMicros)>,
    ) -> Instance<'a> {
        let ends = match (&start, timed.length) {
            (Some(start), Length::Lasts(duration)) if duration.days > 0 => {
                let at_day = start.at(start.local + duration.days * DAY_SECONDS).utc();
                at_day.saturating_add(duration.seconds.saturating_mul(SECOND))
            }
            (_, Length::Lasts(duration)) => begins.saturating_add(duration.seconds.saturating_mul(SECOND)),
            (_, Length::Exact(seconds)) => begins.saturating_add(seconds.saturating_mul(SECOND)),
        };
        Instance { component: timed.component, given: timed.given, recurrence_id, start, begins, ends }
    }

    /// Superset bounds over every instance: UTC microseconds, without slack.
    pub fn bounds(&self) -> Option<(UtcMicros, UtcMicros)> {
        let mut bounds: Option<(UtcMicros, UtcMicros)> = None;
        let mut add = |begins: UtcMicros, ends: UtcMicros| {
            let (first, last) = bounds.unwrap_or((begins, ends));
            bounds = Some((first.min(begins), last.max(ends)));
        };
        for (id, timed) in self.overrides.iter().chain(self.replaced.iter().map(|(id, timed)| (id, timed))) {
            let instance = self.overridden(*id, timed);
            add(instance.begins, instance.ends);
        }
        if let Some(master) = &self.master {
            let anchor = master.anchor.clone();
            let first = self.instance(master, anchor.clone(), None);
            add(first.begins, first.ends);
            let reach = self.reach_seconds().saturating_mul(SECOND);
            if !self.futures.is_empty() {
                add(first.begins, first.begins.saturating_add(reach));
            }
            for (from, shift, _) in &self.futures {
                // It moves instances, perhaps before the first one; and clocks change by hours.
                let at = from.saturating_add(shift.saturating_mul(SECOND)).saturating_sub(DAY_SECONDS * SECOND);
                add(at, at);
            }
            if let Some(anchor) = &anchor {
                for (local, _) in self.dates.values() {
                    let at = anchor.zone.utc_of(*local);
                    add(at, at.saturating_add(reach));
                }
                // A start that the clock skips is read as a later one, which other instances may come before.
                let earlier = if anchor.zone.skips(anchor.local) { 2 * ZONE_SECONDS_MAX * SECOND } else { 0 };
                for rule in &self.rules {
                    add(first.begins.saturating_sub(earlier), self.last_start(rule, anchor).saturating_add(reach));
                }
            }
        }
        bounds
    }

    /// The last instance a rule gives at most: its UNTIL, the end of its COUNT, or never.
    fn last_start(&self, rule: &Rule, anchor: &Resolved) -> UtcMicros {
        if let Some(until) = rule.until() {
            // As a date it covers that day, which may be longer than others.
            return until_utc(until, anchor).saturating_add(2 * DAY_SECONDS * SECOND);
        }
        // How many times a floating clock shows is not known here.
        if rule.count().is_none() || (rule.is_below_daily() && anchor.floating) {
            return UNBOUNDED_FUTURE;
        }
        let mut starts = WithinRule::new(rule, anchor, anchor.local, self.work);
        let last = match starts.last {
            i64::MAX => starts.try_fold(anchor.local, |_, local| local),
            last => Ok(last),
        };
        last.map_or(UNBOUNDED_FUTURE, |last| anchor.zone.utc_of(last))
    }

    /// Whether the resource is of tasks.
    pub fn is_todo(&self) -> bool {
        self.object.kind() == ComponentKind::Todo
    }
}

/// The next start of each rule within a window.
struct Merged<'s> {
    rules: Vec<WithinRule<'s>>,
    heads: BinaryHeap<Reverse<(LocalSeconds, usize)>>,
    from: LocalSeconds,
    until: LocalSeconds,
}

impl Merged<'_> {
    fn pull(&mut self, index: usize) -> Result<(), BoundReached> {
        let Some(rule) = self.rules.get_mut(index) else { return Ok(()) };
        let within = |local: &Result<LocalSeconds, BoundReached>| local.is_err() || local.is_ok_and(|local| local >= self.from);
        if let Some(local) = rule.find(within).transpose()?.filter(|local| *local <= self.until) {
            self.heads.push(Reverse((local, index)));
        }
        Ok(())
    }
}

/// An EXRULE, walked beside what it excludes.
struct Excluded<'s> {
    starts: WithinRule<'s>,
    /// Where it stands; `None` before its first start.
    at: Option<LocalSeconds>,
}

impl Excluded<'_> {
    /// Whether it excludes a start, which is none before the last one asked about.
    fn excludes(&mut self, local: LocalSeconds) -> Result<bool, BoundReached> {
        self.starts.work.spend(1)?;
        if self.at.is_none_or(|at| at < local) {
            self.starts.seek(local);
            let reaches = |at: &Result<LocalSeconds, BoundReached>| at.is_err() || at.is_ok_and(|at| at >= local);
            self.at = Some(self.starts.find(reaches).transpose()?.unwrap_or(i64::MAX));
        }
        Ok(self.at == Some(local))
    }
}

/// A rule's starts within its COUNT and UNTIL, without times that a zone's clock never shows if it comes more than once a day (they would
/// repeat others; RFC 5545 §3.3.10 ignores them).
pub(crate) struct WithinRule<'s> {
    starts: Starts<'s>,
    anchor: &'s Resolved,
    work: &'s Work,
    until: Until,
    /// Where COUNT ends, if that is plain; else instances are counted.
    last: LocalSeconds,
    left: Option<u32>,
    below_daily: bool,
}

impl<'s> WithinRule<'s> {
    /// From the first start not before `from`, or from the first of all where instances are counted.
    pub fn new(rule: &'s Rule, anchor: &'s Resolved, from: LocalSeconds, work: &'s Work) -> Self {
        let (last, left) = Self::end_of_count(rule, anchor);
        let from = if left.is_none() { from } else { anchor.local };
        let starts = if anchor.is_date { rule.starts_of_dates(anchor.local, from, work) } else { rule.starts(anchor.local, from, work) };
        Self::of(rule, anchor, starts, (last, left), work)
    }

    /// What the rule gives by itself, from the start on.
    pub fn bare(rule: &'s Rule, anchor: &'s Resolved, work: &'s Work) -> Self {
        Self::of(rule, anchor, rule.instances(anchor.local, anchor.is_date, work), Self::end_of_count(rule, anchor), work)
    }

    fn of(rule: &'s Rule, anchor: &'s Resolved, starts: Starts<'s>, (last, left): (LocalSeconds, Option<u32>), work: &'s Work) -> Self {
        Self { starts, anchor, work, until: Until::of(rule, anchor), last, left, below_daily: checks_clock(rule, anchor) }
    }

    fn end_of_count(rule: &Rule, anchor: &Resolved) -> (LocalSeconds, Option<u32>) {
        match rule.end_of_count(anchor.local).filter(|_| !checks_clock(rule, anchor)) {
            Some(last) => (last, None),
            None => (i64::MAX, rule.count()),
        }
    }

    /// Goes on with the first start not before a moment, which is not walked to unless instances are counted.
    fn seek(&mut self, from: LocalSeconds) {
        if self.left.is_none() {
            self.starts.seek(from);
        }
    }
}

impl Iterator for WithinRule<'_> {
    type Item = Result<LocalSeconds, BoundReached>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = match self.left {
                Some(0) => None,
                _ => self.starts.next(),
            };
            let local = match next? {
                Ok(local) if local <= self.last && self.until.includes(local, self.anchor) => local,
                Ok(_) => {
                    self.left = Some(0);
                    return None;
                }
                Err(bound) => return Some(Err(bound)),
            };
            if self.below_daily {
                if let Err(bound) = self.work.spend(WORK_OF_ZONE) {
                    return Some(Err(bound));
                }
                if self.anchor.zone.skips(local) {
                    continue;
                }
            }
            self.left = self.left.map(|left| left - 1);
            return Some(Ok(local));
        }
    }
}

/// Whether the zone's clock may not show a time that the rule gives.
fn checks_clock(rule: &Rule, anchor: &Resolved) -> bool {
    rule.is_below_daily() && !anchor.zone.is_utc()
}

/// UNTIL is inclusive, compared as an instant; as a date it covers that day (T3), without zone it is in the series' own.
enum Until {
    Never,
    Day(i64),
    Instant(UtcMicros),
}

impl Until {
    fn of(rule: &Rule, anchor: &Resolved) -> Self {
        match rule.until() {
            None => Self::Never,
            Some(until) if until.is_date || anchor.is_date => Self::Day(until.local.div_euclid(DAY_SECONDS)),
            Some(until) => Self::Instant(until_utc(until, anchor)),
        }
    }

    fn includes(&self, local: LocalSeconds, anchor: &Resolved) -> bool {
        match self {
            Self::Never => true,
            Self::Day(day) => local.div_euclid(DAY_SECONDS) <= *day,
            // Only near it the zone matters.
            Self::Instant(at) if (at.div_euclid(SECOND) - local).abs() > ZONE_SECONDS_MAX + 3600 => local.saturating_mul(SECOND) <= *at,
            Self::Instant(at) => anchor.zone.utc_of(local) <= *at,
        }
    }
}

fn until_utc(until: &Moment, anchor: &Resolved) -> UtcMicros {
    match until.place {
        Place::Utc => until.local.saturating_mul(SECOND),
        _ => anchor.zone.utc_of(until.local),
    }
}

#[cfg(test)]
mod tests;
