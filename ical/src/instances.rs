//! The recurrence set of an object: master, rules, dates, exceptions, overrides. RFC 5545 §3.8.4.4, §3.8.5.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::civil::{DAY_SECONDS, LocalSeconds};
use crate::component::{Component, ComponentKind};
use crate::content_line::Property;
use crate::filter::{BoundReached, Work};
use crate::object::CalendarObject;
use crate::recurrence::Rule;
use crate::value::{Duration, Moment, Period, PeriodEnd, Place};
use crate::zone::{ZONE_SECONDS_MAX, Zone};
use crate::{UNBOUNDED_FUTURE, UtcMicros};
use clock::Clock;
use counted::Counted;
use merged::{Excluded, Merged};
pub(crate) use within::WithinRule;

mod clock;
mod counted;
mod merged;
mod within;

const SECOND: i64 = 1_000_000;
/// Units of work to visit an instance.
const WORK_OF_VISIT: usize = 5;

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
        Self::within(moment, zone, floating)
    }

    /// The value of DTSTART and its kin.
    pub fn of(property: &Property<'_>, object: &CalendarObject, floating: &Zone) -> Option<Self> {
        let moment = Moment::parse(property.value().trim(), None)?;
        let zone = match moment.place {
            Place::Utc => Some(Zone::utc()),
            _ if moment.is_date => None,
            _ => property.parameter("TZID").and_then(|id| object.zone(&id)),
        };
        Some(Self::within(&moment, zone, floating))
    }

    /// In a zone, or in the floating one where there is none.
    fn within(moment: &Moment, zone: Option<Zone>, floating: &Zone) -> Self {
        let is_floating = zone.is_none();
        Self { local: moment.local, is_date: moment.is_date, floating: is_floating, zone: zone.unwrap_or_else(|| floating.clone()) }
    }

    pub fn utc(&self) -> UtcMicros {
        self.zone.utc_of(self.local)
    }

    /// The same kind of moment at another time.
    fn at(&self, local: LocalSeconds) -> Nominal<'_> {
        Nominal { local, is_date: self.is_date, zone: &self.zone }
    }
}

/// A moment of an instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nominal<'s> {
    pub local: LocalSeconds,
    pub is_date: bool,
    pub zone: &'s Zone,
}

impl Nominal<'_> {
    pub fn utc(&self) -> UtcMicros {
        self.zone.utc_of(self.local)
    }
}

/// One instance: which component describes it, and when it is.
#[derive(Clone, Copy)]
pub(crate) struct Instance<'a, 's> {
    pub component: Component<'a>,
    pub given: Given,
    /// The nominal start in the master's terms, its RECURRENCE-ID, and the same in UTC microseconds. `None` for what does not recur.
    pub recurrence_id: Option<(Nominal<'s>, UtcMicros)>,
    /// DTSTART, for a task perhaps missing.
    pub start: Option<Nominal<'s>>,
    /// When it begins and ends, UTC microseconds; of a task with DUE alone both are its DUE.
    pub begins: UtcMicros,
    pub ends: UtcMicros,
    /// Whether a PERIOD of an RDATE says how long it is.
    pub of_period: bool,
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
    floating: Zone,
    /// Whether any moment that was read hangs in no zone.
    any_floating: Cell<bool>,
    master: Option<Timed<'a>>,
    rules: Vec<Counted>,
    excluded_rules: Vec<Counted>,
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
    /// THISANDFUTURE, in order.
    futures: Vec<Future<'a>>,
}

/// What describes an instance and those after it (RFC 5545 §3.2.13).
#[derive(Clone)]
struct Future<'a> {
    /// The instance by the series, UTC microseconds.
    from: UtcMicros,
    /// By how many seconds of the wall clock they are moved.
    shift: i64,
    /// By how many seconds they may be moved on the time line: where they are moved to another zone the clocks differ.
    moved_max: i64,
    /// What their wall clock hangs in, if that is not what the series' does.
    anchor: Option<Resolved>,
    timed: Timed<'a>,
}

impl<'a> Series<'a> {
    pub fn of(object: &'a CalendarObject, floating: &Zone) -> Self {
        Self::of_components(object, object.main_components(), floating)
    }

    /// Of components that are a series with its overrides somewhere in an object.
    pub fn of_components(object: &'a CalendarObject, components: impl Iterator<Item = Component<'a>>, floating: &Zone) -> Self {
        let mut series = Self {
            object,
            floating: floating.clone(),
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
        let mut overrides = Vec::new();
        let components: Vec<Component<'a>> = components.collect();
        // T6: a series with a RECURRENCE-ID of its own is one where nothing else is; else an override has copied its rule.
        let has_master = components.iter().any(|component| !component.has("RECURRENCE-ID"));
        for component in components {
            match component.property("RECURRENCE-ID").filter(|_| has_master || !component.has("RRULE")) {
                None => series.master = Some(series.timed(component)),
                Some(property) => overrides.push((component, property)),
            }
        }
        overrides.into_iter().for_each(|(component, property)| series.add_override(component, &property));
        series.futures.sort_by_key(|future| future.from);
        series.read_recurrence();
        series
    }

    fn resolve(&self, property: &Property<'_>) -> Option<Resolved> {
        Resolved::of(property, self.object, &self.floating).map(|resolved| self.noted(resolved))
    }

    /// As [`Series::resolve`] for a moment of a list, whose zone is looked up once for all of them.
    fn resolve_in(&self, moment: &Moment, zone: Option<&Zone>) -> Resolved {
        let zone = if moment.place == Place::Utc { Some(Zone::utc()) } else { zone.filter(|_| !moment.is_date).cloned() };
        self.noted(Resolved::within(moment, zone, &self.floating))
    }

    fn noted(&self, resolved: Resolved) -> Resolved {
        self.any_floating.set(self.any_floating.get() || resolved.floating);
        resolved
    }

    fn moment(&self, component: &Component<'a>, name: &str) -> Option<Resolved> {
        component.property(name).and_then(|property| self.resolve(&property))
    }

    /// DTEND or DUE: without TZID it is in the zone of its DTSTART, which some clients name there alone.
    fn end(&self, property: &Property<'_>, start: Option<&Resolved>) -> Option<Resolved> {
        let end = self.resolve(property)?;
        let is_bare = !end.is_date && end.floating && property.parameter("TZID").is_none();
        match start.filter(|start| is_bare && !start.is_date && !start.floating) {
            Some(start) => Some(Resolved { local: end.local, ..start.clone() }),
            None => Some(end),
        }
    }

    fn timed(&self, component: Component<'a>) -> Timed<'a> {
        let start = self.moment(&component, "DTSTART");
        let name_of_end = if component.is("VTODO") { "DUE" } else { "DTEND" };
        let end = component.property(name_of_end).and_then(|property| self.end(&property, start.as_ref()));
        let given = Given { start: component.has("DTSTART"), end: component.has(name_of_end), duration: component.has("DURATION") };
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

    fn anchor(&self) -> Option<&Resolved> {
        self.master.as_ref().and_then(|master| master.anchor.as_ref())
    }

    /// As [`Series::resolve_in`] for what names instances. They are of the series' kind (RFC 5545 §3.8.4.4), but some clients write another
    /// (as T2): of a series of times a day means its time on that day, of one of days a time means its day. Without TZID a time is in the
    /// zone that the series is in.
    fn named_in(&self, moment: &Moment, zone: Option<&Zone>) -> Resolved {
        let Some(anchor) = self.anchor() else { return self.resolve_in(moment, zone) };
        let local = match (moment.is_date, anchor.is_date) {
            (true, false) => moment.local + anchor.local.rem_euclid(DAY_SECONDS),
            (false, true) => moment.local.div_euclid(DAY_SECONDS) * DAY_SECONDS,
            (false, false) if zone.is_none() && moment.place == Place::Floating => moment.local,
            _ => return self.resolve_in(moment, zone),
        };
        self.noted(Resolved { local, ..anchor.clone() })
    }

    fn add_override(&mut self, component: Component<'a>, property: &Property<'a>) {
        let Some(moment) = Moment::parse(property.value().trim(), None) else { return };
        let zone = property.parameter("TZID").and_then(|id| self.object.zone(&id));
        let id = self.named_in(&moment, zone.as_ref());
        let timed = self.timed(component);
        if property.parameter("RANGE").is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE")) {
            self.futures.push(self.future(&id, timed.clone()));
        }
        // T9: of two overrides of one instance the last one counts.
        let replaced = self.overrides.insert(id.utc(), timed);
        self.replaced.extend(replaced.map(|replaced| (id.utc(), replaced)));
    }

    /// RFC 5545 §3.2.13: moved by the difference that wall clocks show, so that a time of day stays one over their changes. Where the
    /// component is in another zone, or of days where the series is of times, so are the instances; a start in UTC says only when it is.
    fn future(&self, id: &Resolved, timed: Timed<'a>) -> Future<'a> {
        let series = self.anchor().unwrap_or(id);
        let Some(start) = &timed.anchor else {
            return Future { from: id.utc(), shift: 0, moved_max: 0, anchor: None, timed };
        };
        let of_id = series.zone.local_of(id.utc());
        let is_plain = start.zone.is(&series.zone) || start.zone.is_utc() && !start.floating;
        if start.is_date == series.is_date && is_plain {
            let shift = series.zone.local_of(start.utc()) - of_id;
            return Future { from: id.utc(), shift, moved_max: shift.abs(), anchor: None, timed };
        }
        let shift = start.local - of_id;
        let moved_max = shift.abs() + 2 * ZONE_SECONDS_MAX;
        Future { from: id.utc(), shift, moved_max, anchor: Some(start.clone()), timed }
    }

    fn read_recurrence(&mut self) {
        let Some(Timed { component, anchor: Some(anchor), .. }) = &self.master else { return };
        if self.object.kind() == ComponentKind::FreeBusy {
            // RFC 5545 §3.6.4: it does not recur.
            return;
        }
        let (component, anchor) = (*component, anchor.clone());
        let rules = |name: &str| component.properties_named(name).filter_map(|p| Rule::parse(&p.value()).ok()).map(Counted::of).collect();
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
                    self.excluded.insert(self.named_in(&moment, zone.as_ref()).utc());
                }
            }
        }
    }

    fn add_date(&mut self, text: &str, zone: Option<&Zone>, anchor: &Resolved) {
        let (start, length) = match (Moment::parse(text.trim(), None), Period::parse(text, None)) {
            (Some(start), _) => (self.named_in(&start, zone), None),
            (None, Some(Period { start, end })) => {
                let start = self.named_in(&start, zone);
                let end = match &end {
                    PeriodEnd::At(end) => self.named_in(end, zone).utc(),
                    PeriodEnd::After(duration) => start.zone.after(start.utc(), *duration),
                };
                let seconds = (end - start.utc()) / SECOND;
                (start, Some(seconds.max(0)))
            }
            (None, None) => return,
        };
        let local = anchor.zone.local_of(start.utc());
        self.period_seconds_max = self.period_seconds_max.max(length.unwrap_or(0));
        self.dates.insert(start.utc(), (local, length));
    }

    /// Whether instances may come more than once a day.
    pub fn comes_below_daily(&self) -> bool {
        self.rules.iter().any(|rule| rule.is_below_daily() || rule.has_several_times())
    }

    /// Whether those that are visited after an instance come after it: overrides are visited first, whenever they are.
    pub fn comes_in_order(&self, instance: &Instance<'_, '_>) -> bool {
        instance.recurrence_id.is_none_or(|(_, at)| !self.overrides.contains_key(&at))
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
        let lengths = self.master.iter().chain(self.overrides.values()).chain(self.futures.iter().map(|future| &future.timed)).map(of);
        let shifts = self.futures.iter().map(|future| future.moved_max);
        // A day is a day of the wall clock, which only zones of people's own set by more than hours.
        let day = match self.anchor() {
            Some(anchor) if self.is_exact(anchor) => 0,
            Some(anchor) if anchor.zone.is_own() => DAY_SECONDS + 2 * ZONE_SECONDS_MAX,
            _ => DAY_SECONDS,
        };
        lengths.chain([self.period_seconds_max]).max().unwrap_or(0) + shifts.max().unwrap_or(0) + day
    }

    /// Whether all days are of 24 hours.
    fn is_exact(&self, anchor: &Resolved) -> bool {
        anchor.zone.is_utc() && !anchor.floating && self.futures.iter().all(|future| future.anchor.is_none())
    }

    /// Visits the instances that may touch a window, UTC microseconds, until `visit` returns `false`. What is visited is a superset:
    /// the visitor decides. Alarms and the like widen the window before they ask.
    pub fn visit<'s>(
        &'s self,
        window: (UtcMicros, UtcMicros),
        work: &Work,
        mut visit: impl FnMut(&Instance<'a, 's>) -> bool,
    ) -> Result<(), BoundReached> {
        if !self.visit_overrides(&mut visit) {
            return Ok(());
        }
        let Some(master) = &self.master else { return Ok(()) };
        let Some(anchor) = &master.anchor else {
            visit(&self.instance(master, None, None));
            return Ok(());
        };
        let start = anchor.at(anchor.local);
        if self.rules.is_empty() && self.dates.is_empty() {
            if !self.is_gone(start.utc(), start.local) {
                visit(&self.instance(master, Some(start), Some(start).filter(|_| !self.overrides.is_empty())));
            }
            return Ok(());
        }
        self.visit_recurring(master, anchor, (window, work), &mut visit)
    }

    /// Visits the overridden instances alone, whenever they are; whether `visit` wants more.
    pub fn visit_overrides<'s>(&'s self, mut visit: impl FnMut(&Instance<'a, 's>) -> bool) -> bool {
        // An instance may be excluded and overridden; the override is what counts.
        self.overrides.iter().all(|(id, timed)| visit(&self.overridden(*id, timed)))
    }

    /// The components that describe instances beside those they override.
    pub fn describing(&self) -> impl Iterator<Item = Component<'a>> {
        self.master.iter().chain(self.futures.iter().map(|future| &future.timed)).map(|timed| timed.component)
    }

    /// All rules and dates together in order of the wall clock, so that the excluded ones are walked beside them, once.
    fn visit_recurring<'s>(
        &'s self,
        master: &'s Timed<'a>,
        anchor: &'s Resolved,
        (window, work): ((UtcMicros, UtcMicros), &Work),
        visit: &mut impl FnMut(&Instance<'a, 's>) -> bool,
    ) -> Result<(), BoundReached> {
        let reach = self.reach_seconds() + if self.is_exact(anchor) { 0 } else { ZONE_SECONDS_MAX };
        let from = window.0.div_euclid(SECOND).saturating_sub(reach);
        let until = if window.1 == UNBOUNDED_FUTURE { i64::MAX } else { window.1.div_euclid(SECOND).saturating_add(reach) };
        let starts = |rule| WithinRule::new(rule, anchor, from, work);
        let mut merged = Merged::new(self.rules.iter().map(starts).collect(), (from, until))?;
        let excluding = |rule| Excluded::new(WithinRule::excluding(rule, anchor, from, work));
        let mut excluded: Vec<Excluded<'_>> = self.excluded_rules.iter().map(excluding).collect();
        let mut dates: Vec<(LocalSeconds, UtcMicros, Option<i64>)> =
            self.dates.iter().map(|(start, (local, length))| (*local, *start, *length)).collect();
        if self.rules.is_empty() {
            dates.push((anchor.local, anchor.utc(), None));
        }
        dates.retain(|(local, ..)| (from..=until).contains(local));
        dates.sort_by_key(|(local, ..)| *local);
        let mut dates = dates.into_iter().peekable();
        let several = self.may_come_twice(anchor);
        let mut clock = Clock::of(&anchor.zone);
        let (mut seen, mut last) = (BTreeSet::new(), None);
        loop {
            let of_rule = merged.peek();
            // Before the rule's: of two at once the one counts whose PERIOD says how long it is.
            let date = dates.next_if(|(local, ..)| of_rule.is_none_or(|of_rule| *local <= of_rule));
            let is_date = date.is_some();
            let (local, start, length) = match (date, of_rule) {
                (Some(date), _) => date,
                (None, Some(local)) => (local, clock.utc_of(local), None),
                (None, None) => return Ok(()),
            };
            work.spend(WORK_OF_VISIT)?;
            // RFC 5545 §3.8.5.2: what comes twice counts once, also where a zone has left out a whole day.
            let is_again = last.replace(start) == Some(start) || several && !seen.insert(start);
            let gone = self.is_gone(start, local) || is_again;
            let excluded = excluded.iter_mut().map(|rule| rule.excludes(local)).try_fold(false, |any, found| Ok(any | found?))?;
            if !gone && !excluded && !self.visit_one(master, anchor, (start, local), length, visit) {
                return Ok(());
            }
            if !is_date {
                merged.advance()?;
            }
        }
    }

    /// Whether a start may come twice, or before one that the wall clock shows earlier: of several times of a day one that the clock skips
    /// may be another one.
    fn may_come_twice(&self, anchor: &Resolved) -> bool {
        let several_times = !anchor.zone.is_utc() && self.rules.iter().any(|rule| rule.has_several_times());
        self.rules.len() > 1 || !self.dates.is_empty() || several_times
    }

    /// Visits an instance of the master, or of the component that describes it and those after it.
    fn visit_one<'s>(
        &'s self,
        master: &Timed<'a>,
        anchor: &'s Resolved,
        (start, local): (UtcMicros, LocalSeconds),
        length: Option<i64>,
        visit: &mut impl FnMut(&Instance<'a, 's>) -> bool,
    ) -> bool {
        let nominal = anchor.at(local);
        let after = self.futures.partition_point(|future| future.from <= start);
        let future = after.checked_sub(1).and_then(|index| self.futures.get(index));
        let mut instance = match future {
            None => self.instance_from(master, start, Some(nominal), Some((nominal, start))),
            Some(Future { shift, timed, anchor: own, .. }) => {
                let own = own.as_ref().unwrap_or(anchor);
                let local = if own.is_date { (local + shift).div_euclid(DAY_SECONDS) * DAY_SECONDS } else { local + shift };
                let moved = own.at(local);
                self.instance_from(timed, moved.utc(), Some(moved), Some((nominal, start)))
            }
        };
        if let Some(seconds) = length {
            instance.ends = instance.begins.saturating_add(seconds.saturating_mul(SECOND));
            instance.of_period = true;
        }
        visit(&instance)
    }

    /// Whether an instance of the master is excluded by date, or described by an override.
    fn is_gone(&self, start: UtcMicros, local: LocalSeconds) -> bool {
        self.overrides.contains_key(&start) || self.excluded.contains(&start) || self.excluded_days.contains(&local.div_euclid(DAY_SECONDS))
    }

    fn overridden<'s>(&'s self, id: UtcMicros, timed: &'s Timed<'a>) -> Instance<'a, 's> {
        let master = self.master.as_ref().and_then(|master| master.anchor.as_ref());
        let nominal = match (master, &timed.anchor) {
            (Some(anchor), _) | (None, Some(anchor)) => anchor.at(anchor.zone.local_of(id)),
            (None, None) => Nominal { local: id.div_euclid(SECOND), is_date: false, zone: &Zone::UTC },
        };
        let start = timed.anchor.as_ref().map(|anchor| anchor.at(anchor.local));
        self.instance_from(timed, start.map_or(0, |start| start.utc()), start, Some((nominal, id)))
    }

    /// When the instance of a start would end that an override describes otherwise, UTC microseconds.
    pub fn original_end(&self, start: UtcMicros) -> UtcMicros {
        let Some(master) = &self.master else { return start };
        let Some(anchor) = &master.anchor else { return start };
        if let Some((_, Some(seconds))) = self.dates.get(&start) {
            return start.saturating_add(seconds.saturating_mul(SECOND));
        }
        let nominal = anchor.at(anchor.zone.local_of(start));
        self.instance_from(master, start, Some(nominal), None).ends
    }

    /// How far instances may come before others that are visited earlier, in microseconds: moved by THISANDFUTURE, or because the clock
    /// skips the earlier one's time.
    pub fn backwards(&self) -> i64 {
        let moved = self.futures.iter().filter(|future| future.shift < 0 || future.anchor.is_some()).map(|future| future.moved_max).max();
        let skipped = self.anchor().is_some_and(|anchor| !anchor.zone.is_utc() && self.may_come_twice(anchor));
        (moved.unwrap_or(0) + i64::from(skipped)).saturating_mul(SECOND)
    }

    fn instance<'s>(&self, timed: &Timed<'a>, start: Option<Nominal<'s>>, recurrence_id: Option<Nominal<'s>>) -> Instance<'a, 's> {
        let begins = start.map_or(0, |start| start.utc());
        self.instance_from(timed, begins, start, recurrence_id.map(|id| (id, id.utc())))
    }

    /// As [`Series::instance`], where its instants are known.
    fn instance_from<'s>(
        &self,
        timed: &Timed<'a>,
        begins: UtcMicros,
        start: Option<Nominal<'s>>,
        recurrence_id: Option<(Nominal<'s>, UtcMicros)>,
    ) -> Instance<'a, 's> {
        let ends = match (start, timed.length) {
            (Some(start), Length::Lasts(duration)) if duration.days > 0 => start.zone.after_local(start.local, duration),
            (_, Length::Lasts(duration)) => begins.saturating_add(duration.seconds.saturating_mul(SECOND)),
            (_, Length::Exact(seconds)) => begins.saturating_add(seconds.saturating_mul(SECOND)),
        };
        Instance { component: timed.component, given: timed.given, recurrence_id, start, begins, ends, of_period: false }
    }

    /// Superset bounds over every instance: UTC microseconds, without slack.
    pub fn bounds(&self, work: &Work) -> Option<(UtcMicros, UtcMicros)> {
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
            let anchor = master.anchor.as_ref();
            let first = self.instance(master, anchor.map(|anchor| anchor.at(anchor.local)), None);
            add(first.begins, first.ends);
            let reach = self.reach_seconds().saturating_mul(SECOND);
            if !self.futures.is_empty() {
                add(first.begins, first.begins.saturating_add(reach));
            }
            for Future { from, shift, moved_max, .. } in &self.futures {
                // It moves instances, perhaps before the first one; and clocks change by hours.
                let least = shift.saturating_sub(moved_max - shift.abs() + DAY_SECONDS);
                let at = from.saturating_add(least.saturating_mul(SECOND));
                add(at, at);
            }
            if let Some(anchor) = anchor {
                for (start, (local, _)) in &self.dates {
                    for at in [*start, anchor.zone.utc_of(*local)] {
                        add(at, at.saturating_add(reach));
                    }
                }
                // A start that the clock skips is read as a later one, which other instances may come before.
                let earlier = if anchor.zone.skips(anchor.local) { 2 * ZONE_SECONDS_MAX * SECOND } else { 0 };
                for rule in &self.rules {
                    add(first.begins.saturating_sub(earlier), last_start(rule, anchor, work).saturating_add(reach));
                }
            }
        }
        bounds
    }

    /// Whether the resource is of tasks.
    pub fn is_todo(&self) -> bool {
        self.object.kind() == ComponentKind::Todo
    }
}

/// The last instance a rule gives at most: its UNTIL, the end of its COUNT, or never.
fn last_start(rule: &Counted, anchor: &Resolved, work: &Work) -> UtcMicros {
    if let Some(until) = rule.until() {
        // As a date it covers that day, which may be longer than others.
        return within::until_utc(until, anchor).saturating_add(2 * DAY_SECONDS * SECOND);
    }
    // How many times a floating clock shows is not known here.
    if rule.count().is_none() || (rule.is_below_daily() && anchor.floating) {
        return UNBOUNDED_FUTURE;
    }
    let last = WithinRule::new(rule, anchor, anchor.local, work).last_start();
    last.map_or(UNBOUNDED_FUTURE, |last| anchor.zone.utc_of(last))
}

#[cfg(test)]
mod tests;
