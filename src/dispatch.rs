//! From a request to its operation: who, where, what, and whether they may. One way for every method.

mod destination;

use std::sync::Arc;

use http::{HeaderMap, StatusCode, header};
use kalends_dav::method::{self, MethodRule, On};
use kalends_dav::privilege::Privilege;
use kalends_dav::request::{self, DavRequest};
use kalends_dav::{Kind, Precondition, Refusal};

use crate::answer::Answer;
use crate::describe::Describer;
use crate::failure::Error;
use crate::gate;
use crate::http::Upload;
use crate::path::Place;
use crate::read;
use crate::server::Server;
use crate::store::{Bodies, Context, Principal};
use crate::target::Target;
use crate::write;

/// What the server can do, as `DAV:` tells it (RFC 4918 §10.1): Thunderbird drops the first token unread.
pub const DAV: &str = "1, 3, access-control, calendar-access, extended-mkcol, calendarserver-principal-search";

/// A request whose sender is known, whose target is looked up, which the gate has let pass, and whose body has arrived.
pub struct Request {
    pub method: String,
    pub target: Target,
    pub headers: HeaderMap,
    pub body: bytes::Bytes,
    pub who: Arc<Principal>,
    pub context: Context,
}

/// Answers a request, or says why not.
pub async fn respond(server: &Arc<Server>, request: Request) -> Result<Answer, Error> {
    let Request { target, context, .. } = request;
    let describer = Describer::new(server, &request.who);
    match request::parse(&request.method, &request.headers, request.body)? {
        DavRequest::Options => Ok(options(&target)),
        DavRequest::Get { head, conditions, ranges } => read::get(describer, target, head, conditions, ranges).await,
        DavRequest::Propfind(propfind) => read::propfind(describer, target, propfind).await,
        DavRequest::Report(report) => read::report(describer, target, report).await,
        DavRequest::Put(put) => write::put(server, &target, put, context).await,
        DavRequest::Relocate(relocate) => {
            let destination = destination::look_up(server, &target, &request.headers, &relocate, &request.who).await?;
            write::relocate(server, &target, &destination, relocate, context).await
        }
        DavRequest::Delete(conditions) => write::delete(server, &target, conditions, context).await,
        DavRequest::Proppatch(proppatch) => write::proppatch(server, &target, proppatch, context).await,
        DavRequest::MakeCollection(make) => write::make_collection(server, &target, make, context).await,
    }
}

/// Whether a request brings a file: its body is not read at once.
pub fn is_upload(request: &Request) -> bool {
    request.method == "PUT" && matches!(request.target.place, Place::File { .. })
}

/// As [`respond`], for a file's PUT.
pub async fn upload(server: &Arc<Server>, request: Request, upload: &mut Upload) -> Result<Answer, Error> {
    match request::parse(&request.method, &request.headers, request.body)? {
        DavRequest::Put(put) => write::put_file(server, &request.target, put, upload, request.context).await,
        _ => Err(Refusal::bad_request("only a PUT brings a file").into()),
    }
}

/// Looks up what a path points at.
pub async fn resolve(server: &Server, method: &str, path: &str, who: &Arc<Principal>) -> Result<Target, Error> {
    let place = server.paths.read(path).map_err(|bad| Refusal::bad_request(bad.0))?;
    let bodies = if method == "GET" { Bodies::With } else { Bodies::Without };
    // Two slashes at the beginning of an href would be a host's (RFC 3986 §4.2).
    let href = format!("/{}", path.trim_start_matches('/'));
    Ok(Target::resolve(&server.store, &href, place, who, bodies).await?)
}

/// The gate: RFC 3744 Appendix B, from the method table.
pub fn pass(target: &Target, method: &str, who: &Principal) -> Result<(), Refusal> {
    if target.is_hidden(who) {
        // Whether anything is there is not told either.
        return gate::require(target.privileges(who, Kind::Home), Privilege::Read, &target.href);
    }
    if !method::is_known(method) {
        return Err(Refusal::status(StatusCode::NOT_IMPLEMENTED, format!("the method {method} is not implemented")));
    }
    needs(target, rule(target, method)?, who)
}

/// The privileges of a row.
fn needs(target: &Target, rule: &MethodRule, who: &Principal) -> Result<(), Refusal> {
    for (on, privilege) in rule.needs {
        let kind = match on {
            On::Target => target.kind(),
            On::Parent => target.parent_kind(),
        };
        let kind = kind.ok_or_else(Refusal::not_found)?;
        gate::require(target.privileges(who, kind), *privilege, &target.href)?;
    }
    Ok(())
}

/// The row for this method here; else why there is none, in the words the method's specification has for it.
fn rule(target: &Target, method: &str) -> Result<&'static MethodRule, Refusal> {
    let not_allowed = || Refusal::status(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not allowed on this resource"));
    if let Some(kind) = target.kind() {
        return match (method, method::rule_for(method, kind)) {
            (_, Some(rule)) => Ok(rule),
            ("MKCALENDAR", None) => Err(write::exists(true)),
            (_, None) => Err(not_allowed()),
        };
    }
    let parent = target.parent_kind();
    match (method, parent.and_then(|parent| method::rule_for_unmapped(method, parent))) {
        (_, Some(rule)) => Ok(rule),
        // RFC 4791 §5.3.1.1, §4.2: no calendar inside a calendar, or anywhere but in a home.
        ("MKCALENDAR" | "MKCOL", None) if parent.is_some() && matches!(target.place, Place::File { .. }) => {
            let message = "a calendar is made in a calendar home, not among files";
            Err(Refusal::rule(Precondition::CalendarCollectionLocationOk, message))
        }
        ("MKCALENDAR" | "MKCOL", None) if parent.is_some() || target.owner.is_none() => {
            let message = "a calendar is made directly in a calendar home";
            Err(Refusal::rule(Precondition::CalendarCollectionLocationOk, message))
        }
        // RFC 4918 §9.3.1, §9.7.1: an intermediate collection is missing.
        ("MKCALENDAR" | "MKCOL" | "PUT", None) if parent.is_none() && target.owner.is_some() => {
            Err(Refusal::status(StatusCode::CONFLICT, "the collection this would be a member of does not exist"))
        }
        ("PUT", None) => Err(Refusal::status(StatusCode::FORBIDDEN, "only calendars hold objects")),
        _ => Err(Refusal::not_found()),
    }
}

/// RFC 9110 §9.3.7: 200 with no body; Thunderbird and Xandikos' clients want no 204.
fn options(target: &Target) -> Answer {
    Answer::empty(StatusCode::OK).with(header::ALLOW, &allow(target)).with_static(header::HeaderName::from_static("ms-author-via"), "DAV")
}

/// `Allow` for what is, or could be, there.
pub fn allow(target: &Target) -> String {
    match (target.kind(), target.parent_kind()) {
        (Some(kind), _) => method::allow(kind),
        (None, Some(parent)) => method::allow_unmapped(parent),
        (None, None) => "OPTIONS".to_owned(),
    }
}
