//! free-busy-query: RFC 4791 §7.10.

use http::StatusCode;
use kalends_dav::name::CALDAV;
use kalends_dav::{Kind, Precondition, Refusal};
use kalends_ical::filter::TimeRange;
use kalends_ical::free_busy::{Period, busy_periods, coalesce, vfreebusy};
use kalends_ical::{ComponentKind, UtcMicros};

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

/// The busy time of a calendar, or of all calendars of a home that are not transparent.
pub async fn answer(describer: Describer, target: Target, window: (UtcMicros, UtcMicros)) -> Result<Answer, Error> {
    let Some(owner) = &target.owner else { return Err(Refusal::not_found().into()) };
    let store = &describer.server.store;
    let calendars = match &target.found {
        Found::Collection(collection) => vec![collection.id],
        _ => opaque_calendars(store, owner.home()).await?,
    };
    let mut periods = Vec::new();
    for calendar in calendars {
        collect(store, owner.home(), calendar, window, &mut periods).await?;
    }
    let environment = describer.server.environment;
    let text = vfreebusy(&coalesce(periods), window, (environment.now)(), &environment.uuid());
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

async fn collect(
    store: &Store,
    home: HomeId,
    calendar: CollectionId,
    window: (UtcMicros, UtcMicros),
    periods: &mut Vec<Period>,
) -> Result<(), Error> {
    let zone = calendar_zone(store, home, calendar).await?;
    let range = TimeRange { start: Some(window.0), end: Some(window.1) };
    for component in [ComponentKind::Event, ComponentKind::FreeBusy] {
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
                        let busy = busy_periods(&parsed(&object)?, window, &zone).map_err(|_| too_wide())?;
                        periods.extend(busy);
                        // Others run too, and a client that has gone ends this.
                        tokio::task::yield_now().await;
                    }
                    if periods.len() > PERIODS_MAX {
                        return Err(too_wide().into());
                    }
                }
            }
        }
    }
    Ok(())
}

fn too_wide() -> Refusal {
    Refusal::rule(Precondition::NumberOfMatchesWithinLimits, "there are too many busy periods in this window: ask for a shorter one")
}
