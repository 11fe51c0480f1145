//! Looking for people: RFC 3744 §9.3 to §9.5, and Apple's calendarserver-principal-search.

use http::StatusCode;
use kalends_dav::multistatus::{Multistatus, principal_search_property_set};
use kalends_dav::name::{CALDAV, CALENDARSERVER, DAV, Name};
use kalends_dav::report::{PrincipalMatch, PrincipalSearch, SearchCondition};
use kalends_dav::{Kind, Precondition};

use crate::answer::{Answer, XML};
use crate::describe::Describer;
use crate::failure::Error;
use crate::store::Principal;
use crate::target::{Found, Target};

/// Matches in one answer.
const MATCHES_MAX: usize = 200;

/// What principals can be searched by, with words for a person who chooses.
const SEARCHABLE: &[(Name, &str)] = &[
    (Name::known(DAV, "displayname"), "Name"),
    (Name::known(CALENDARSERVER, "email-address-set"), "E-mail address"),
    (Name::known(CALDAV, "calendar-user-address-set"), "Calendar user address"),
    (Name::known(CALDAV, "calendar-user-type"), "Kind of calendar user"),
];

pub fn property_set() -> Answer {
    Answer::whole(StatusCode::OK, XML, principal_search_property_set(SEARCHABLE))
}

/// The principals of the viewer's domain for which the conditions hold.
pub async fn search(describer: Describer, target: Target, search: PrincipalSearch, minimal: bool) -> Result<Answer, Error> {
    let mut multistatus = Multistatus::begin(minimal);
    let store = &describer.server.store;
    // RFC 3744 §9.4: without apply-to-principal-collection-set it is the members of the collection that are searched.
    let anyone = search.everywhere || target.kind() == Some(Kind::Principals) || target.kind() == Some(Kind::Root);
    let principals = if anyone { store.principals_of_domain(describer.who.domain).await? } else { Vec::new() };
    let mut addresses = store.addresses_of_domain(describer.who.domain).await?;
    let most = search.matches_max.and_then(|most| usize::try_from(most).ok()).unwrap_or(MATCHES_MAX).min(MATCHES_MAX);
    let mut matches = 0;
    for principal in principals {
        let own = addresses.remove(&principal.id).unwrap_or_default();
        if !holds(&describer, &search, &principal, &own) {
            continue;
        }
        if matches == most {
            // RFC 3744 §9.4 with RFC 6578 §3.6's way of saying that there is more.
            let code = Some(Precondition::NumberOfMatchesWithinLimits);
            multistatus.status(&target.href, StatusCode::INSUFFICIENT_STORAGE, code);
            break;
        }
        matches += 1;
        let href = describer.server.paths.principal(&principal.segment);
        multistatus.resource(&describer.principal_with(&href, &principal, &own), &search.ask, &describer.viewer);
    }
    multistatus.end();
    Ok(Answer::whole(StatusCode::MULTI_STATUS, XML, multistatus.take()))
}

fn holds(describer: &Describer, search: &PrincipalSearch, principal: &Principal, addresses: &[String]) -> bool {
    let one = |condition: &SearchCondition| {
        let mut values = condition.properties.iter().flat_map(|name| values(describer, name, principal, addresses));
        values.any(|value| condition.match_type.matches(&value.to_lowercase(), &condition.text))
    };
    if search.any { search.conditions.iter().any(one) } else { search.conditions.iter().all(one) }
}

/// The values a property is searched by; none for a property that cannot be searched.
fn values(describer: &Describer, name: &Name, principal: &Principal, addresses: &[String]) -> Vec<String> {
    match &*name.local {
        "displayname" => vec![principal.display_name.clone()],
        "email-address-set" | "email-address" => addresses.to_vec(),
        "calendar-user-address-set" => {
            let mut values: Vec<String> = addresses.iter().map(|address| format!("mailto:{address}")).collect();
            values.push(describer.server.paths.principal(&principal.segment));
            values
        }
        "calendar-user-type" => vec![principal.kind.clone()],
        _ => Vec::new(),
    }
}

/// RFC 3744 §9.3: the principal that asks, or nothing.
pub async fn matching(describer: Describer, target: Target, matching: PrincipalMatch, minimal: bool) -> Result<Answer, Error> {
    let mut multistatus = Multistatus::begin(minimal);
    let below = matches!(target.found, Found::Fixed(Kind::Principals | Kind::Root | Kind::Principal));
    if matching.by_self && below {
        let own = describer.principal(&describer.viewer.principal, &describer.who).await?;
        multistatus.resource(&own, &matching.ask, &describer.viewer);
    }
    multistatus.end();
    Ok(Answer::whole(StatusCode::MULTI_STATUS, XML, multistatus.take()))
}
