//! free-busy-query: RFC 4791 §7.10, RFC 7953 §7.2.3.

use http::StatusCode;
use kalends_dav::name::CALDAV;
use kalends_dav::{Kind, Precondition, Refusal};
use kalends_ical::availability::{Availability, overlaid};
use kalends_ical::filter::{BoundReached, TimeRange};
use kalends_ical::free_busy::{Period, busy_periods, vfreebusy};
use kalends_ical::zone::Zone;
use kalends_ical::{CalendarObject, ComponentKind, UtcMicros};

use super::calendar_query::calendar_zone;
use super::get::parsed;
use super::members::{OBJECTS_AT_ONCE, parts, with_bodies};
use crate::answer::{Answer, CALENDAR};
use crate::describe::Describer;
use crate::failure::{Error, Failure};
use crate::store::{Bodies, Candidates, CollectionId, HomeId, Store};
use crate::target::{Found, Target};

/// Busy periods one answer may be made of; beyond it the window is too wide.
const PERIODS_MAX: usize = 100_000;

/// What the calendars say of a window.
struct Gathered {
    window: (UtcMicros, UtcMicros),
    /// What events and free-busy components make busy.
    busy: Vec<Period>,
    /// What VAVAILABILITY components say, of all calendars together: they are layers of one calendar user's time.
    availability: Availability,
}

/// The busy time of a calendar, or of all calendars of a home that are not transparent.
pub async fn answer(describer: Describer, target: Target, window: (UtcMicros, UtcMicros)) -> Result<Answer, Error> {
    let Some(owner) = &target.owner else { return Err(Refusal::not_found().into()) };
    let store = &describer.server.store;
    let calendars = match &target.found {
        Found::Collection(collection) => vec![collection.id],
        _ => opaque_calendars(store, owner.home()).await?,
    };
    let mut gathered = Gathered { window, busy: Vec::new(), availability: Availability::new(window) };
    for calendar in calendars {
        collect(store, owner.home(), calendar, &mut gathered).await?;
    }
    let periods = overlaid(&gathered.availability.unavailable(), gathered.busy);
    let environment = describer.server.environment;
    let text = vfreebusy(&periods, window, (environment.now)(), &environment.uuid());
    Ok(Answer::whole(StatusCode::OK, CALENDAR, text))
}

/// RFC 6638 §9.1: a transparent calendar does not make busy.
async fn opaque_calendars(store: &Store, home: HomeId) -> Result<Vec<CollectionId>, Failure> {
    let properties = store.properties_of_collections(home).await?;
    let transparent = |id: CollectionId| {
        let mut own = properties.iter().filter(|(collection, _)| *collection == id).map(|(_, property)| property);
        own.any(|p| p.name.is(CALDAV, "schedule-calendar-transp") && p.xml.contains("transparent"))
    };
    let collections = store.collections(home).await?;
    let calendars = collections.iter().filter(|c| c.kind == Kind::Calendar).map(|c| c.id);
    Ok(calendars.filter(|id| !transparent(*id)).collect())
}

async fn collect(store: &Store, home: HomeId, calendar: CollectionId, gathered: &mut Gathered) -> Result<(), Error> {
    let zone = calendar_zone(store, home, calendar).await?;
    let range = TimeRange { start: Some(gathered.window.0), end: Some(gathered.window.1) };
    for component in [ComponentKind::Event, ComponentKind::FreeBusy, ComponentKind::Availability] {
        let mut walk = Candidates::new(Some(&range), Some(component));
        loop {
            let names = store.candidates(home, calendar, &mut walk).await?;
            if names.is_empty() {
                break;
            }
            for names in names.chunks(OBJECTS_AT_ONCE) {
                let objects = store.objects_named(home, calendar, names.iter().map(String::as_str), Bodies::Without).await?;
                for part in parts(&objects) {
                    for object in with_bodies(store, home, calendar, part).await? {
                        gathered.add(&parsed(&object)?, &zone).map_err(|_| too_wide())?;
                        // Others run too, and a client that has gone ends this.
                        tokio::task::yield_now().await;
                    }
                    if gathered.busy.len() > PERIODS_MAX {
                        return Err(too_wide().into());
                    }
                }
            }
        }
    }
    Ok(())
}

impl Gathered {
    fn add(&mut self, object: &CalendarObject, zone: &Zone) -> Result<(), BoundReached> {
        if object.kind() == ComponentKind::Availability {
            return self.availability.add(object, zone);
        }
        self.busy.extend(busy_periods(object, self.window, zone)?);
        Ok(())
    }
}

fn too_wide() -> Refusal {
    Refusal::rule(Precondition::NumberOfMatchesWithinLimits, "there are too many busy periods in this window: ask for a shorter one")
}
