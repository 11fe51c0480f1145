//! Reading: GET, PROPFIND and the reports. Each names the state it answers for before it lists members, so that a change made
//! meanwhile is reported again rather than missed.

mod calendar_multiget;
mod calendar_query;
mod expand_property;
mod file;
mod folder;
mod free_busy;
pub mod get;
mod members;
mod principal_search;
mod propfind;
mod sync_collection;

use std::sync::Arc;

use kalends_dav::report::{self, Report};
use kalends_dav::request::{Ask, Depth, ReportBody};
use kalends_dav::resource::Facets;
use kalends_dav::{Refusal, property};
use kalends_ical::calendar_data::CalendarData;

use crate::answer::Answer;
use crate::describe::Describer;
use crate::failure::Error;
use crate::gate;
use crate::target::Target;

pub use get::get;
pub use propfind::propfind;

/// Answers a report, after its own privilege (the table names it) has been asked for.
pub async fn report(describer: Describer, target: Target, request: ReportBody) -> Result<Answer, Error> {
    let Some(kind) = target.kind() else { return Err(Refusal::not_found().into()) };
    let row = report::row_for(&request.body.name, kind)?;
    gate::require(target.privileges(&describer.who, kind), row.privilege, &target.href)?;
    let depth = request.depth;
    let minimal = request.minimal;
    let report = row.parse(&request.body)?;
    if report.is_of_principals() && !matches!(depth, None | Some(Depth::Zero)) {
        return Err(Refusal::bad_request("a report on principals is asked with Depth 0").into());
    }
    match report {
        Report::CalendarQuery(query) => calendar_query::answer(describer, target, depth, query, minimal).await,
        Report::CalendarMultiget(multiget) => calendar_multiget::answer(describer, target, multiget, minimal).await,
        Report::FreeBusyQuery(window) => free_busy::answer(describer, target, window).await,
        Report::SyncCollection(sync) => sync_collection::answer(describer, target, sync, minimal).await,
        Report::ExpandProperty(properties) => expand_property::answer(describer, target, depth, properties, minimal).await,
        Report::PrincipalMatch(matching) => principal_search::matching(describer, target, matching, minimal).await,
        Report::PrincipalSearch(search) => principal_search::search(describer, target, search, minimal).await,
        Report::PrincipalSearchPropertySet => Ok(principal_search::property_set()),
    }
}

/// How objects are to be described: which properties, and in what form the body.
#[derive(Clone)]
struct Wanted {
    ask: Ask,
    data: Option<Arc<CalendarData>>,
    facets: Facets,
}

impl Wanted {
    fn new(ask: Ask, data: Option<CalendarData>) -> Self {
        let facets = facets_of(&ask);
        Self { ask, data: data.map(Arc::new), facets }
    }
}

fn facets_of(ask: &Ask) -> Facets {
    match ask {
        Ask::Named(names) => property::facets_of(names),
        Ask::All(include) => property::facets_of(include).and(Facets::STORED),
        Ask::Names => Facets::STORED.and(Facets::QUOTA),
    }
}
