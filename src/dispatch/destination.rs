//! Where a COPY or MOVE leads: RFC 4918 §9.8.5, §9.9.4, §10.3.

use std::sync::Arc;

use http::{HeaderMap, StatusCode, header};
use kalends_dav::privilege::Privilege;
use kalends_dav::request::Relocate;
use kalends_dav::{Kind, Refusal, method};

use super::{needs, resolve};
use crate::failure::Error;
use crate::gate;
use crate::server::Server;
use crate::store::Principal;
use crate::target::Target;

/// Looks up where a COPY or MOVE leads, and lets it pass the gate there.
pub(super) async fn look_up(
    server: &Server,
    source: &Target,
    headers: &HeaderMap,
    relocate: &Relocate,
    who: &Arc<Principal>,
) -> Result<Target, Error> {
    if !is_here(server, headers, relocate.destination.authority.as_deref()) {
        // RFC 4918 §9.8.5.
        return Err(Refusal::status(StatusCode::BAD_GATEWAY, "this server does not write to other servers").into());
    }
    let target = resolve(server, "", &relocate.destination.path, who).await?;
    let method = if relocate.moves { "MOVE" } else { "COPY" };
    if target.is_hidden(who) {
        gate::require(target.privileges(who, Kind::Home), Privilege::Bind, &target.href)?;
    }
    if target.place == source.place {
        return Err(Refusal::status(StatusCode::FORBIDDEN, "source and destination are the same resource").into());
    }
    if target.kind().is_none() && target.parent_kind().is_none() && target.owner.is_some() {
        // RFC 4918 §9.8.5.
        return Err(Refusal::status(StatusCode::CONFLICT, "the collection this would be a member of does not exist").into());
    }
    let Some(rule) = method::rule_for_destination(method, target.kind(), target.parent_kind()) else {
        return Err(Refusal::status(StatusCode::FORBIDDEN, "nothing can be put at the destination").into());
    };
    needs(&target, rule, who)?;
    Ok(target)
}

/// Whether a host is this one: the one the request names, or the one that is configured.
fn is_here(server: &Server, headers: &HeaderMap, authority: Option<&str>) -> bool {
    let Some(authority) = authority else { return true };
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_ascii_lowercase);
    let public = server.public_origin.as_deref().and_then(|origin| origin.split_once("://")).map(|(_, host)| host.to_ascii_lowercase());
    let plain = |host: &str| host.strip_suffix(":80").or_else(|| host.strip_suffix(":443")).unwrap_or(host).to_owned();
    [named, public].into_iter().flatten().any(|host| plain(&host) == plain(authority))
}
