//! Time zones: names to rules, wall clocks to instants.
//!
//! A TZID is looked up as an IANA name (also prefixed, quoted or with blanks around it, T5), then as a Windows name, then by the
//! object's own VTIMEZONE: its X-LIC-LOCATION, its rules. The zone data is compiled in, so that every machine answers the same.
//!
//! A VTIMEZONE may contradict the name it carries. What it says then depends on the offsets it has from a year before the object's first
//! moment to a year after its last one:
//!
//! * All of them are offsets that the zone of that name has had since 1970: it describes that zone, as an older release of the zone data
//!   had it, or cut to some years, or without summer time. The name wins. Somebody who says nine o'clock in Moscow means what clocks in
//!   Moscow show, whatever laws are made meanwhile, and that is what clients display: nearly all go by the name (RFC 7809 §3.1.3).
//! * The zone never had one of them: it describes another zone, or a law that this server's data does not know yet. Its own rules win, as
//!   RFC 5545 §3.6.5 has it: nothing else tells what the client meant.
//!
//! That is decided when the zone is first asked for. Mostly the offsets written in the VTIMEZONE are those the named zone has now, or of
//! one observance long ago, and its rules are not expanded.
//!
//! ```
//! use kalends_ical::zone::Zone;
//! use kalends_ical::{Document, Limits, UNBOUNDED_FUTURE, UNBOUNDED_PAST};
//!
//! let zone = Zone::from_name("W. Europe Standard Time").ok_or("a zone that Windows names")?;
//! let text = zone.to_vtimezone("Europe/Berlin", (UNBOUNDED_PAST, UNBOUNDED_FUTURE));
//! let document = Document::parse(text, &Limits::default())?;
//! assert!(document.root().is("VTIMEZONE") && Zone::from_vtimezone(&document.root()).is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod named;
mod transitions;
mod vtimezone;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::civil::{DAY_SECONDS, LocalSeconds, date_of};
use crate::component::{Component, Tree};
use crate::filter::Work;
use crate::object::{CalendarObject, ObjectRefusal, ObjectRule};
use crate::value::{Duration, unescape};
use crate::windows::iana_of_windows;
use crate::{Limits, UtcMicros};
use named::Span;
use transitions::Transitions;

/// How far a zone's clock may be from UTC, and a floating one from what it turns out to mean, in seconds. Local mean time of Manila was
/// 15:56 away.
pub(crate) const ZONE_SECONDS_MAX: i64 = 16 * 3600;

/// A zone that wall clocks hang in.
#[derive(Debug, Clone)]
pub struct Zone(Rules);

#[derive(Debug, Clone)]
enum Rules {
    Utc,
    Iana(TimeZone),
    Own(Arc<Transitions>),
}

impl Zone {
    /// UTC, for as long as one likes.
    pub(crate) const UTC: Zone = Zone(Rules::Utc);

    /// UTC.
    pub fn utc() -> Zone {
        Self::UTC
    }

    /// A zone by name: IANA's, prefixed or quoted ones, Windows' (T5); `None` for one that is not known.
    pub fn from_name(name: &str) -> Option<Zone> {
        let name = name.trim().trim_matches('"').trim();
        if matches!(name, "UTC" | "Etc/UTC" | "Z" | "GMT") {
            return Some(Zone::utc());
        }
        if let Some(zone) = iana(name) {
            return Some(zone);
        }
        // "/freeassociation.sourceforge.net/Europe/Berlin" and the like (Evolution, libical): the last two or three parts are the name.
        let suffixes = name.match_indices('/').filter_map(|(slash, _)| name.get(slash + 1..)).filter(|rest| rest.contains('/'));
        suffixes.filter_map(iana).next().or_else(|| iana_of_windows(name).and_then(iana))
    }

    /// The one VTIMEZONE of an iCalendar text (CALDAV:calendar-timezone, RFC 4791 §5.2.2).
    ///
    /// # Errors
    /// What is not iCalendar, or holds no VTIMEZONE or several.
    pub fn from_calendar_timezone(text: &str) -> Result<Zone, ObjectRefusal> {
        let text = text.trim();
        let tree = Tree::parse(Bytes::copy_from_slice(text.as_bytes()), &Limits::default())?;
        let root = tree.root();
        let mut inside = root.components().filter(|c| c.is("VTIMEZONE"));
        let vtimezone = if root.is("VTIMEZONE") { Some(root) } else { inside.next() };
        let zone = vtimezone.filter(|_| inside.next().is_none()).and_then(|vtimezone| Zone::from_vtimezone(&vtimezone));
        zone.ok_or_else(|| {
            let message = "the time zone is an iCalendar object with one VTIMEZONE".to_owned();
            ObjectRefusal { rule: ObjectRule::ValidCalendarData, place: None, message }
        })
    }

    /// A zone by its VTIMEZONE (RFC 5545 §3.6.5): by its name, unless that is not known or contradicted; else by its rules. `None` if it has
    /// neither.
    pub fn from_vtimezone(vtimezone: &Component<'_>) -> Option<Zone> {
        let work = Work::of_zones();
        match Self::named(vtimezone) {
            Some(named) => Some(named::or_own(named, vtimezone, Span::of_today, &work)),
            None => Self::own(vtimezone, &work),
        }
    }

    /// What the names in a VTIMEZONE say.
    fn named(vtimezone: &Component<'_>) -> Option<Zone> {
        let by_name = |name: &str| vtimezone.property(name).and_then(|property| Zone::from_name(&zone_id(&property.value())));
        by_name("TZID").or_else(|| by_name("X-LIC-LOCATION"))
    }

    /// What the rules in a VTIMEZONE say.
    fn own(vtimezone: &Component<'_>, work: &Work) -> Option<Zone> {
        Transitions::read(vtimezone, work).map(|transitions| Zone(Rules::Own(Arc::new(transitions))))
    }

    /// Seconds east of UTC at an instant, in seconds.
    fn offset_at(&self, seconds: i64) -> i64 {
        self.local_of(seconds.saturating_mul(1_000_000)).saturating_sub(seconds)
    }

    /// The instant a wall clock shows a time, in seconds. A time that is skipped is read with the offset before the gap, of one that
    /// comes twice the first is meant (RFC 5545 §3.3.5).
    pub(crate) fn seconds_of(&self, local: LocalSeconds) -> i64 {
        match &self.0 {
            Rules::Utc => local,
            Rules::Iana(zone) => match civil(local) {
                Some(time) => zone.to_ambiguous_timestamp(time).compatible().map_or(local, |timestamp| timestamp.as_second()),
                None => local,
            },
            Rules::Own(transitions) => transitions.seconds_of(local),
        }
    }

    /// As [`Zone::seconds_of`], in UTC microseconds.
    pub(crate) fn utc_of(&self, local: LocalSeconds) -> UtcMicros {
        self.seconds_of(local).saturating_mul(1_000_000)
    }

    /// What the wall clock shows at an instant.
    pub(crate) fn local_of(&self, at: UtcMicros) -> LocalSeconds {
        let seconds = at.div_euclid(1_000_000);
        match &self.0 {
            Rules::Utc => seconds,
            Rules::Iana(zone) => match jiff::Timestamp::from_second(seconds) {
                Ok(timestamp) => seconds + i64::from(zone.to_offset(timestamp).seconds()),
                Err(_) => seconds,
            },
            Rules::Own(transitions) => seconds + transitions.offset_at(seconds),
        }
    }

    /// When a duration is over that begins at a wall-clock time, UTC microseconds: days are those of the wall clock, the rest is exact
    /// (RFC 5545 §3.3.6).
    pub(crate) fn after_local(&self, local: LocalSeconds, duration: Duration) -> UtcMicros {
        let at_day = self.utc_of(local.saturating_add(duration.days.saturating_mul(DAY_SECONDS)));
        at_day.saturating_add(duration.seconds.saturating_mul(1_000_000))
    }

    /// As [`Zone::after_local`] from an instant on, UTC microseconds.
    pub(crate) fn after(&self, at: UtcMicros, duration: Duration) -> UtcMicros {
        match duration.days {
            0 => at.saturating_add(duration.seconds.saturating_mul(1_000_000)),
            _ => self.after_local(self.local_of(at), duration),
        }
    }

    /// Until before which wall-clock time, seconds, the offset stays what it is at an instant (UTC seconds), and that offset.
    pub(crate) fn steady_until(&self, at: i64) -> (LocalSeconds, i64) {
        let offset = self.offset_at(at);
        let last = match &self.0 {
            Rules::Utc => None,
            Rules::Iana(zone) => match jiff::Timestamp::from_second(at) {
                Err(_) => Some(at),
                Ok(timestamp) => zone.following(timestamp).next().map(|change| change.timestamp().as_second()),
            },
            Rules::Own(transitions) => {
                let after = transitions.changes().partition_point(|change| change.0 <= at);
                transitions.changes().get(after).map(|change| change.0)
            }
        };
        (last.unwrap_or(i64::MAX / 4).saturating_add(offset), offset)
    }

    /// Whether the wall clock never shows this time: it is inside a gap.
    pub(crate) fn skips(&self, local: LocalSeconds) -> bool {
        self.local_of(self.utc_of(local)) != local
    }

    /// Whether two are surely the same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Rules::Utc, Rules::Utc) => true,
            (Rules::Iana(one), Rules::Iana(other)) => one == other,
            (Rules::Own(one), Rules::Own(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// Whether it is of a VTIMEZONE's own rules.
    pub(crate) const fn is_own(&self) -> bool {
        matches!(self.0, Rules::Own(_))
    }

    /// Whether wall clock and UTC are the same.
    pub(crate) const fn is_utc(&self) -> bool {
        matches!(self.0, Rules::Utc)
    }
}

/// A TZID as it compares: in VTIMEZONE it is TEXT with escapes (RFC 5545 §3.8.3.1), as a parameter (§3.2.19) it may be quoted and has none,
/// but clients write either in both places, and quotes and blanks around it (T5).
pub(crate) fn zone_id(text: &str) -> Cow<'_, str> {
    let text = text.trim().trim_matches('"').trim();
    unescape(text)
}

/// What a TZID parameter names: as it stands, for it has no escapes; else without those that a client has written all the same.
pub(crate) fn find_zone<'m, T>(by_id: &'m HashMap<String, T>, parameter: &str) -> Option<&'m T> {
    by_id.get(parameter.trim().trim_matches('"').trim()).or_else(|| by_id.get(&*zone_id(parameter)))
}

/// The TZID of a VTIMEZONE, as it compares.
pub(crate) fn zone_id_of(vtimezone: &Component<'_>) -> Option<String> {
    vtimezone.property("TZID").map(|id| zone_id(&id.value()).into_owned())
}

fn iana(name: &str) -> Option<Zone> {
    // A lone word such as "Egypt" is an IANA link too; but never a path out of the database.
    if name.is_empty() || name.len() > 60 {
        return None;
    }
    TimeZone::get(name).ok().map(|zone| Zone(Rules::Iana(zone)))
}

fn civil(local: LocalSeconds) -> Option<DateTime> {
    let (year, month, day) = date_of(local.div_euclid(DAY_SECONDS));
    let seconds = local.rem_euclid(DAY_SECONDS);
    let narrow = |number: i64| i8::try_from(number).ok();
    let year = i16::try_from(year).ok()?;
    DateTime::new(year, narrow(month)?, narrow(day)?, narrow(seconds / 3600)?, narrow(seconds / 60 % 60)?, narrow(seconds % 60)?, 0).ok()
}

/// The zones an object names.
#[derive(Debug)]
pub(crate) struct Zones {
    by_id: HashMap<String, Entry>,
    /// When the object is, which is the same for all of them.
    span: OnceLock<Span>,
    work: Mutex<Work>,
}

/// What a VTIMEZONE means.
#[derive(Debug)]
enum Entry {
    /// Its own rules: its names say nothing.
    Own(Zone),
    /// The zone it names, or its own rules if they contradict that, once that was asked.
    Named { zone: Zone, vtimezone: usize, decided: OnceLock<Zone> },
}

impl Zones {
    /// Reads the VTIMEZONEs that are needed: those whose name says nothing by itself.
    pub(crate) fn read(root: &Component<'_>) -> Self {
        let mut by_id = HashMap::new();
        let work = Work::of_zones();
        for vtimezone in root.components().filter(|c| c.is("VTIMEZONE")) {
            let Some(id) = zone_id_of(&vtimezone) else { continue };
            let entry = match Zone::named(&vtimezone) {
                Some(zone) => Some(Entry::Named { zone, vtimezone: vtimezone.number(), decided: OnceLock::new() }),
                None => Zone::own(&vtimezone, &work).map(Entry::Own),
            };
            if let Some(entry) = entry {
                by_id.insert(id, entry);
            }
        }
        Self { by_id, span: OnceLock::new(), work: Mutex::new(work) }
    }

    /// Whether reading their rules took more work than it may: offsets may be missing.
    pub(crate) fn ran_out(&self) -> bool {
        self.work.lock().unwrap_or_else(PoisonError::into_inner).is_spent()
    }

    /// The zone of a TZID of the object they are of; one that nothing is known of is read as floating.
    pub(crate) fn get(&self, id: &str, object: &CalendarObject) -> Option<Zone> {
        match find_zone(&self.by_id, id) {
            None => Zone::from_name(&zone_id(id)),
            Some(Entry::Own(zone)) => Some(zone.clone()),
            Some(Entry::Named { zone, vtimezone, decided }) => {
                let decide = || {
                    let component = object.root().numbered(*vtimezone);
                    let span = || *self.span.get_or_init(|| Span::of(object));
                    let work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
                    named::or_own(zone.clone(), &component, span, &work)
                };
                Some(decided.get_or_init(decide).clone())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Moment;

    const OWN: &str = "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Our Office\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:19700329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n";

    fn local(text: &str) -> LocalSeconds {
        Moment::parse(text, None).unwrap().local
    }

    #[test]
    fn t5_names_with_prefixes_quotes_blanks_and_of_windows_are_known() {
        let berlin = Zone::from_name("Europe/Berlin").unwrap();
        let summer = local("20260701T120000");
        for name in [
            "/freeassociation.sourceforge.net/Europe/Berlin",
            "\"Europe/Berlin\"",
            "Europe/Berlin ",
            "W. Europe Standard Time",
            "Romance Standard Time",
            "/citadel.org/20210210_1/Europe/Berlin",
        ] {
            assert_eq!(Zone::from_name(name).unwrap_or_else(|| panic!("{name}")).seconds_of(summer), berlin.seconds_of(summer), "{name}");
        }
        assert!(Zone::from_name("Nowhere/Land").is_none());
        assert!(Zone::from_name("../../etc/passwd").is_none());
    }

    #[test]
    fn a_vtimezone_of_ones_own_agrees_with_the_zone_it_describes() {
        let own = Zone::from_calendar_timezone(OWN).unwrap();
        let berlin = Zone::from_name("Europe/Berlin").unwrap();
        for time in [
            "20260101T120000",
            "20260329T013000",
            "20260329T023000",
            "20260329T033000",
            "20260701T000000",
            "20261025T013000",
            "20261025T023000",
            "20261025T033000",
            "20991231T000000",
        ] {
            assert_eq!(own.seconds_of(local(time)), berlin.seconds_of(local(time)), "{time}");
        }
        assert!(own.skips(local("20260329T023000")) && berlin.skips(local("20260329T023000")));
    }

    #[test]
    fn rfc4791_s5_2_2_what_is_no_zone_is_refused() {
        for text in ["", "Europe/Berlin", "BEGIN:VCALENDAR\r\nEND:VCALENDAR"] {
            assert!(Zone::from_calendar_timezone(text).is_err(), "{text}");
        }
        assert!(Zone::from_calendar_timezone(&format!("\n  {OWN}  \n")).is_ok());
    }
}
