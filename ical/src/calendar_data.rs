//! Bodies in the form a report asks for: RFC 4791 §9.6.
//!
//! ```
//! use bytes::Bytes;
//! use kalends_ical::calendar_data::CalendarData;
//! use kalends_ical::date::parse_utc;
//! use kalends_ical::zone::Zone;
//! use kalends_ical::{CalendarObject, Limits};
//!
//! let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Europe/Paris:20260105T090000\r\nRRULE:FREQ=DAILY\r\n\
//!             END:VEVENT\r\nEND:VCALENDAR\r\n";
//! let object = CalendarObject::parse(Bytes::from(text), &Limits::default())?;
//! let window = (parse_utc("20260701T000000Z").ok_or("a time")?, parse_utc("20260702T000000Z").ok_or("a time")?);
//! let form = CalendarData { selection: None, expand: Some(window), limit_recurrence_set: None, limit_freebusy_set: None };
//! let expanded = String::from_utf8(form.render(&object, &Zone::utc())?.to_vec())?;
//! assert!(expanded.contains("\r\nDTSTART:20260701T070000Z\r\n") && !expanded.contains("RRULE"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use bytes::Bytes;

use crate::UtcMicros;
use crate::component::Component;
use crate::content_line::Property;
use crate::date::{format_date, format_utc};
use crate::filter::{BoundReached, Work};
use crate::instances::{Instance, Nominal};
use crate::matching::{Asked, event_within, free_busy_periods, overlaps};
use crate::object::CalendarObject;
use crate::stream::write_folded;
use crate::zone::Zone;

/// Instances one object may be expanded into.
const INSTANCES_MAX: usize = 10_000;
/// Bytes an object may be rendered into: so many times its own, at least the first bound, at most the second.
const RENDERED_TIMES_MAX: usize = 8;
const RENDERED_BYTES_MIN: usize = 4 * 1024 * 1024;
const RENDERED_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Which parts of a component (RFC 4791 §9.6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// In capitals.
    pub name: String,
    /// Every property.
    pub all_props: bool,
    /// These properties; with `true` without their values.
    pub props: Vec<(String, bool)>,
    /// Everything inside.
    pub all_comps: bool,
    /// These components inside.
    pub comps: Vec<Selection>,
}

/// The form of a body (RFC 4791 §9.6). Windows are UTC microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarData {
    /// Parts, or everything.
    pub selection: Option<Selection>,
    /// Instances instead of rules (RFC 4791 §9.6.5).
    pub expand: Option<(UtcMicros, UtcMicros)>,
    /// Only overrides that matter in a window (RFC 4791 §9.6.6).
    pub limit_recurrence_set: Option<(UtcMicros, UtcMicros)>,
    /// Only periods that touch a window (RFC 4791 §9.6.7).
    pub limit_freebusy_set: Option<(UtcMicros, UtcMicros)>,
}

impl CalendarData {
    /// Whether the body is wanted as it is stored.
    pub fn is_verbatim(&self) -> bool {
        self.selection.is_none() && self.expand.is_none() && self.limit_recurrence_set.is_none() && self.limit_freebusy_set.is_none()
    }

    /// The body in this form; floating times and dates are read in `floating`.
    ///
    /// # Errors
    /// [`BoundReached`] if it would have too many instances or bytes, or finding them takes too much work.
    pub fn render(&self, object: &CalendarObject, floating: &Zone) -> Result<Bytes, BoundReached> {
        if self.is_verbatim() {
            return Ok(object.bytes().clone());
        }
        let size = object.bytes().len();
        let bytes_max = size.saturating_mul(RENDERED_TIMES_MAX).clamp(RENDERED_BYTES_MIN, RENDERED_BYTES_MAX);
        let mut form = Form { data: self, out: Vec::with_capacity(size), bytes_max };
        form.calendar(object, floating)?;
        Ok(form.out.into())
    }
}

struct Form<'d> {
    data: &'d CalendarData,
    out: Vec<u8>,
    bytes_max: usize,
}

/// What all instances of a component have in common, as it is written.
struct Common {
    /// From BEGIN on, all but what an instance has of its own.
    before: Vec<u8>,
    /// What is inside, and END.
    after: Vec<u8>,
    /// Which moments it has.
    moments: Vec<&'static str>,
    /// Its DURATION, which a PERIOD of an RDATE takes the place of.
    duration: Vec<u8>,
}

/// Properties that describe a recurrence, gone once it is expanded (RFC 4791 §9.6.5).
const RECURRENCE: [&str; 4] = ["RRULE", "RDATE", "EXRULE", "EXDATE"];
/// Properties an instance has values of its own for.
const OWN: [&str; 4] = ["DTSTART", "DTEND", "DUE", "RECURRENCE-ID"];

impl Form<'_> {
    fn calendar(&mut self, object: &CalendarObject, floating: &Zone) -> Result<(), BoundReached> {
        let root = object.root();
        let selection = self.data.selection.as_ref();
        self.text("BEGIN:VCALENDAR");
        self.properties(&root, selection, |_| true);
        match self.data.expand {
            Some(window) => self.expanded(object, floating, window, selection)?,
            None => {
                let kept = self.kept(object, floating);
                for component in root.components().filter(|c| kept.as_ref().is_none_or(|kept| kept.contains(c))) {
                    self.selected(&component, selection, |form, inner, selection| form.component(inner, selection))?;
                }
            }
        }
        self.text("END:VCALENDAR");
        self.check_bytes()
    }

    fn check_bytes(&self) -> Result<(), BoundReached> {
        if self.out.len() > self.bytes_max { Err(BoundReached) } else { Ok(()) }
    }

    fn text(&mut self, line: &str) {
        self.out.extend_from_slice(line.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    /// Writes a component if the selection around it has it.
    fn selected(
        &mut self,
        component: &Component<'_>,
        around: Option<&Selection>,
        write: impl FnOnce(&mut Self, &Component<'_>, Option<&Selection>) -> Result<(), BoundReached>,
    ) -> Result<(), BoundReached> {
        match around {
            None => write(self, component, None),
            Some(around) if around.all_comps => write(self, component, None),
            Some(around) => match around.comps.iter().find(|selection| component.is(&selection.name)) {
                Some(selection) => write(self, component, Some(selection)),
                None => Ok(()),
            },
        }
    }

    /// Components nest a few levels (the parser bounds them), so this may recurse.
    fn component(&mut self, component: &Component<'_>, selection: Option<&Selection>) -> Result<(), BoundReached> {
        let freebusy = self.data.limit_freebusy_set.filter(|_| component.is("VFREEBUSY"));
        if selection.is_none() && freebusy.is_none() {
            self.out.extend_from_slice(component.raw());
            if !self.out.ends_with(b"\n") {
                self.out.extend_from_slice(b"\r\n");
            }
            return Ok(());
        }
        self.text(&format!("BEGIN:{}", component.name()));
        self.properties(component, selection, |property| freebusy.is_none() || !property.is("FREEBUSY"));
        if let Some(window) = freebusy {
            for (period, kind) in free_busy_periods(component).filter(|(period, _)| overlaps(*period, window)) {
                self.text(&format!("FREEBUSY;FBTYPE={kind}:{}/{}", format_utc(period.0), format_utc(period.1)));
                self.check_bytes()?;
            }
        }
        self.inside(component, selection)
    }

    /// The components inside, and the end.
    fn inside(&mut self, component: &Component<'_>, selection: Option<&Selection>) -> Result<(), BoundReached> {
        for inner in component.components() {
            self.selected(&inner, selection, |form, inner, selection| form.component(inner, selection))?;
        }
        self.text(&format!("END:{}", component.name()));
        Ok(())
    }

    /// A component's own properties, as they are, where wanted.
    fn properties(&mut self, component: &Component<'_>, selection: Option<&Selection>, wanted: impl Fn(&Property<'_>) -> bool) {
        let bytes = component.bytes();
        for span in component.own_lines() {
            let Ok(property) = Property::parse(span.unfolded(bytes), usize::MAX) else { continue };
            if !wanted(&property) {
                continue;
            }
            match part(selection, property.name()) {
                Part::No => {}
                Part::Whole => self.out.extend_from_slice(span.raw(bytes)),
                // RFC 4791 §9.6.4: the parameters stay.
                Part::WithoutValue => write_folded(&property.head(), &mut self.out),
            }
        }
    }

    /// One component per instance, in UTC, in order (RFC 4791 §9.6.5).
    fn expanded(
        &mut self,
        object: &CalendarObject,
        floating: &Zone,
        window: (UtcMicros, UtcMicros),
        selection: Option<&Selection>,
    ) -> Result<(), BoundReached> {
        let work = Work::new();
        let series = object.series(floating);
        let asked = Asked { object, floating };
        let mut instances = Vec::new();
        series.visit(window, &work, |instance| {
            if asked.is_within(instance, window) || instance.start.is_none() {
                instances.push(*instance);
            }
            instances.len() <= INSTANCES_MAX
        })?;
        if instances.len() > INSTANCES_MAX {
            return Err(BoundReached);
        }
        instances.sort_by_key(|instance| instance.begins);
        let recurs = series.recurs();
        let mut common: HashMap<Component<'_>, Common> = HashMap::new();
        for instance in &instances {
            self.selected(&instance.component, selection, |form, component, selection| {
                let common = match common.entry(instance.component) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert(form.common(component, selection)?),
                };
                form.instance(common, instance, recurs, selection);
                form.check_bytes()
            })?;
        }
        Ok(())
    }

    fn common(&mut self, component: &Component<'_>, selection: Option<&Selection>) -> Result<Common, BoundReached> {
        let around = std::mem::take(&mut self.out);
        self.text(&format!("BEGIN:{}", component.name()));
        let named = |property: &Property<'_>, names: &[&str]| names.iter().any(|name| property.is(name));
        self.properties(component, selection, |property| {
            !named(property, &OWN) && !named(property, &RECURRENCE) && !property.is("DURATION")
        });
        let before = std::mem::take(&mut self.out);
        self.properties(component, selection, |property| property.is("DURATION"));
        let duration = std::mem::take(&mut self.out);
        self.inside(component, selection)?;
        let after = std::mem::replace(&mut self.out, around);
        let moments = ["DTSTART", "DTEND", "DUE"].into_iter().filter(|name| component.property(name).is_some()).collect();
        Ok(Common { before, after, moments, duration })
    }

    fn instance(&mut self, common: &Common, instance: &Instance<'_, '_>, recurs: bool, selection: Option<&Selection>) {
        self.out.extend_from_slice(&common.before);
        if let Some((id, at)) = instance.recurrence_id.as_ref().filter(|_| recurs) {
            self.moment("RECURRENCE-ID", id, *at, selection);
        }
        if let Some(start) = &instance.start {
            for name in &common.moments {
                if *name == "DTSTART" {
                    self.moment(name, start, instance.begins, selection);
                } else {
                    let end = Nominal { local: start.zone.local_of(instance.ends), ..*start };
                    self.moment(name, &end, instance.ends, selection);
                }
            }
        }
        match &instance.start {
            Some(start) if instance.of_period && !common.moments.contains(&"DTEND") => {
                let end = Nominal { local: start.zone.local_of(instance.ends), ..*start };
                self.moment("DTEND", &end, instance.ends, selection);
            }
            _ => self.out.extend_from_slice(&common.duration),
        }
        self.out.extend_from_slice(&common.after);
    }

    /// Dates stay dates, times become UTC.
    fn moment(&mut self, name: &str, moment: &Nominal<'_>, at: UtcMicros, selection: Option<&Selection>) {
        match part(selection, name) {
            Part::No => {}
            Part::WithoutValue => self.text(&format!("{name}:")),
            Part::Whole if moment.is_date => self.text(&format!("{name};VALUE=DATE:{}", format_date(moment.local))),
            Part::Whole => self.text(&format!("{name}:{}", format_utc(at))),
        }
    }

    /// With limit-recurrence-set: where the components stand that matter in the window: the master, and overrides that are, or would
    /// have been, in it (RFC 4791 §9.6.6).
    fn kept<'a>(&self, object: &'a CalendarObject, floating: &Zone) -> Option<HashSet<Component<'a>>> {
        let window = self.data.limit_recurrence_set?;
        let mut kept: HashSet<Component<'a>> = HashSet::new();
        let has_master = object.main_components().any(|component| !component.has("RECURRENCE-ID"));
        for component in object.root().components() {
            let is_override = component.has("RECURRENCE-ID") && (has_master || !component.has("RRULE"));
            let future = component.property("RECURRENCE-ID").is_some_and(|p| p.parameter("RANGE").is_some());
            if !is_override || future {
                kept.insert(component);
            }
        }
        let series = object.series(floating);
        series.visit_overrides(|instance| {
            let nominal = instance.recurrence_id.as_ref().map(|(_, at)| *at);
            let was = nominal.is_some_and(|at| overlaps((at, series.original_end(at).max(at.saturating_add(1))), window));
            if was || event_within(instance, window) {
                kept.insert(instance.component);
            }
            true
        });
        Some(kept)
    }
}

enum Part {
    No,
    Whole,
    WithoutValue,
}

fn part(selection: Option<&Selection>, name: &str) -> Part {
    match selection {
        None => Part::Whole,
        Some(selection) if selection.all_props => Part::Whole,
        Some(selection) => match selection.props.iter().find(|(wanted, _)| wanted.eq_ignore_ascii_case(name)) {
            Some((_, true)) => Part::WithoutValue,
            Some((_, false)) => Part::Whole,
            None => Part::No,
        },
    }
}

#[cfg(test)]
mod tests;
