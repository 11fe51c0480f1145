//! The parameters of ATTENDEE and ORGANIZER (draft Tables 12, 13, 18, 30).

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::made::{Carried, Object, set_keys, text};
use crate::convert::{Abstract, ConversionError};

/// The members that are sets of participants.
pub(super) const REFERENCES: &[&str] = &["delegatedFrom", "delegatedTo", "memberOf"];
/// The members that stand in a PARTICIPANT component (draft Table 31), but for the name, which CN has.
pub(super) const COMPONENT: &[&str] = &["description", "descriptionContentType", "links", "percentComplete"];
/// While a participant is made: its roles are told in full.
pub(super) const EXACT: &str = "\u{0}roles";
/// The parameter that tells roles which ROLE has no word for.
const ROLES: &str = "x-jsroles";

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Text,
    Lower,
    /// As [`How::Lower`], but for ROOM.
    Kind,
    Flag,
    /// An address without "mailto:" where it has that.
    Mail,
    Addresses,
    /// Between commas (RFC 6638 §7.3).
    List,
}

#[rustfmt::skip]
const PARAMETERS: &[(&str, &str, How)] = &[
    ("cn",                  "name",              How::Text),
    ("cutype",              "kind",              How::Kind),
    ("delegated-from",      "delegatedFrom",     How::Addresses),
    ("delegated-to",        "delegatedTo",       How::Addresses),
    ("email",               "email",             How::Text),
    ("member",              "memberOf",          How::Addresses),
    ("rsvp",                "expectReply",       How::Flag),
    ("sent-by",             "sentBy",            How::Mail),
    // RFC 8984 §4.4.6 has these, the revision of it does not.
    ("schedule-agent",      "scheduleAgent",     How::Lower),
    ("schedule-force-send", "scheduleForceSend", How::Flag),
    ("schedule-status",     "scheduleStatus",    How::List),
];

/// What ROLE says in roles.
const ROLE: &[(&str, &[&str])] = &[
    ("OWNER", &["owner"]),
    ("CHAIR", &["attendee", "chair"]),
    ("REQ-PARTICIPANT", &["attendee"]),
    ("OPT-PARTICIPANT", &["attendee", "optional"]),
    ("NON-PARTICIPANT", &["informational"]),
];

/// PARTSTAT of a VTODO that says how far it is (draft Table 13).
const PROGRESS: &[&str] = &["completed", "in-process", "failed"];

/// Sets what the parameters of an ATTENDEE say; gives the names of those that are done with.
pub(super) fn take(property: &Abstract, participant: &mut Object, todo: bool) -> Vec<&'static str> {
    let mut done = Vec::new();
    for (parameter, member, how) in PARAMETERS {
        if let Some(value) = json_of(property.parameter_values(parameter), *how) {
            participant.insert((*member).to_owned(), value);
            done.push(*parameter);
        }
    }
    if let Some(status) = property.parameter("partstat").map(str::to_ascii_lowercase) {
        let progress = todo && PROGRESS.contains(&status.as_str());
        participant.insert("participationStatus".to_owned(), if progress { "accepted" } else { status.as_str() }.into());
        if progress {
            participant.insert("progress".to_owned(), status.into());
        }
        done.push("partstat");
    }
    let exact = property.parameter_values(ROLES);
    let role = property.parameter("role").and_then(|role| ROLE.iter().find(|(known, _)| known.eq_ignore_ascii_case(role)));
    if let [_, ..] = exact {
        let roles: Object = exact.iter().filter(|role| !role.is_empty()).map(|role| (role.clone(), Json::Bool(true))).collect();
        if !roles.is_empty() {
            participant.insert("roles".to_owned(), roles.into());
        }
        participant.insert(EXACT.to_owned(), true.into());
        done.extend([ROLES, "role"]);
    } else if let Some((_, roles)) = role {
        participant.insert("roles".to_owned(), roles.iter().map(|role| ((*role).to_owned(), Json::Bool(true))).collect::<Object>().into());
        done.push("role");
    }
    done
}

fn json_of(values: &[String], how: How) -> Option<Json> {
    let [first, rest @ ..] = values else { return None };
    if how == How::Addresses {
        return Some(values.iter().map(|value| (value.clone(), Json::Bool(true))).collect::<Map<_, _>>().into());
    }
    if !rest.is_empty() && how != How::List {
        return None;
    }
    Some(match how {
        How::Text => first.as_str().into(),
        How::Lower => first.to_ascii_lowercase().into(),
        How::Kind if first.eq_ignore_ascii_case("ROOM") => "location".into(),
        How::Kind => first.to_ascii_lowercase().into(),
        How::Flag if first.eq_ignore_ascii_case("TRUE") => true.into(),
        How::Flag if first.eq_ignore_ascii_case("FALSE") => false.into(),
        How::Flag => return None,
        How::Mail => first.strip_prefix("mailto:").unwrap_or(first).into(),
        How::List => first.split(',').chain(rest.iter().map(String::as_str)).collect::<Vec<_>>().into(),
        How::Addresses => return None,
    })
}

/// The addresses of participants by their keys.
pub(super) type Addresses<'a> = HashMap<&'a str, Option<&'a str>>;

fn parameter_of(participant: &Object, member: &str, how: How, addresses: &Addresses<'_>) -> Result<Vec<String>, ConversionError> {
    let wrong = || ConversionError(format!("{member} of a participant has another type in RFC 8984 §4.4.6"));
    let Some(value) = participant.get(member).filter(|value| !value.is_null()) else { return Ok(Vec::new()) };
    Ok(match how {
        How::Addresses => {
            let address = |key: &String| addresses.get(key.as_str()).copied().flatten();
            set_keys(participant, member)?.iter().map(|key| address(key).unwrap_or(key).to_owned()).collect()
        }
        How::Flag => vec![if value.as_bool().ok_or_else(wrong)? { "TRUE" } else { "FALSE" }.to_owned()],
        How::List => {
            let words: Option<Vec<&str>> = value.as_array().and_then(|list| list.iter().map(Json::as_str).collect());
            vec![words.ok_or_else(wrong)?.join(",")]
        }
        How::Kind if value == "location" => vec!["ROOM".to_owned()],
        How::Lower | How::Kind => vec![value.as_str().ok_or_else(wrong)?.to_ascii_uppercase()],
        How::Text => vec![value.as_str().ok_or_else(wrong)?.to_owned()],
        How::Mail => {
            let by = value.as_str().ok_or_else(wrong)?;
            vec![if by.contains(':') { by.to_owned() } else { format!("mailto:{by}") }]
        }
    })
}

/// The parameters an ATTENDEE has.
pub(super) fn parameters(
    participant: &Object,
    todo: bool,
    organizes: bool,
    addresses: &Addresses<'_>,
) -> Result<Vec<(String, Vec<String>)>, ConversionError> {
    let mut parameters = Vec::new();
    let by_summary = Carried::of(participant).name(&["name"]) == Some("summary");
    for (parameter, member, how) in PARAMETERS.iter().filter(|(parameter, ..)| *parameter != "cn" || !by_summary) {
        let values = parameter_of(participant, member, *how, addresses)?;
        if !values.is_empty() {
            parameters.push(((*parameter).to_owned(), values));
        }
    }
    let status = text(participant, "participationStatus")?;
    let progress = text(participant, "progress")?.filter(|progress| todo && status == Some("accepted") && PROGRESS.contains(progress));
    if let Some(status) = progress.or(status) {
        parameters.push(("partstat".to_owned(), vec![status.to_ascii_uppercase()]));
    }
    let mut roles = set_keys(participant, "roles")?;
    let all = roles.clone();
    if organizes {
        roles.retain(|role| role != "owner");
    }
    let fits = ROLE.iter().find(|(_, known)| *known == roles.iter().map(String::as_str).collect::<Vec<_>>());
    let is_exact = (fits.is_some() || roles.is_empty()) && (!organizes || all.len() > roles.len());
    let nearest = || ROLE.iter().find(|(_, known)| known.iter().all(|role| roles.iter().any(|own| own == role))).or(fits);
    if let Some((role, _)) = fits.or_else(nearest) {
        parameters.push(("role".to_owned(), vec![(*role).to_owned()]));
    }
    if !is_exact {
        parameters.push((ROLES.to_owned(), if all.is_empty() { vec![String::new()] } else { all }));
    }
    Ok(parameters)
}

const OF_ORGANIZER: &[&str] = &["cn", "email", "sent-by"];

/// What an ORGANIZER says of its participant (draft Table 18).
pub(super) fn organizer_members(property: &Abstract) -> Vec<(&'static str, &'static str, Json)> {
    let own = PARAMETERS.iter().filter(|(parameter, ..)| OF_ORGANIZER.contains(parameter));
    own.filter_map(|(parameter, member, how)| Some((*parameter, *member, json_of(property.parameter_values(parameter), *how)?))).collect()
}

/// The other way; SENT-BY only beside the sentBy of the entry, which it becomes as well.
pub(super) fn organizer_parameters(participant: &Object, sent_by: bool) -> Vec<(String, Vec<String>)> {
    let own = PARAMETERS.iter().filter(|(parameter, ..)| OF_ORGANIZER.contains(parameter) && (sent_by || *parameter != "sent-by"));
    let own = own.filter_map(|(parameter, member, how)| {
        Some(((*parameter).to_owned(), parameter_of(participant, member, *how, &Addresses::new()).ok()?))
    });
    own.filter(|(_, values)| !values.is_empty()).collect()
}

/// Whether ORGANIZER says all there is to say (draft §3.6).
pub(super) fn is_organizer_alone(participant: &Object, sent_by: Option<&str>) -> bool {
    let roles = set_keys(participant, "roles").unwrap_or_default();
    let known = |member: &String| {
        matches!(member.as_str(), "@type" | "calendarAddress" | "sendTo" | "name" | "email" | "sentBy" | "roles" | "iCalendar")
    };
    let same_sender = participant.get("sentBy").and_then(Json::as_str) == sent_by;
    roles == ["owner"] && participant.keys().all(known) && (same_sender || !participant.contains_key("sentBy"))
}
