//! `method, headers, body → DavRequest`: parsed once, at the edge. Behind it there is no header string and no XML to read.

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};

use crate::condition::Conditions;
use crate::destination::{Destination, overwrite};
use crate::name::{CALDAV, DAV, Name};
use crate::precondition::{Precondition, Refusal};
use crate::range::Ranges;
use crate::xml::Element;

/// Different properties that one body may ask for.
const NAMES_MAX: usize = 500;
/// Instructions of one PROPPATCH, MKCALENDAR or MKCOL.
const UPDATES_MAX: usize = 1_000;

/// RFC 4918 §10.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The resource alone.
    Zero,
    /// The resource and its members.
    One,
    /// Everything below.
    Infinity,
}

/// Which properties are asked (RFC 4918 §9.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// These.
    Named(Vec<Name>),
    /// What RFC 4918 defines and what was set, and these.
    All(Vec<Name>),
    /// The names alone.
    Names,
}

/// A request, understood.
#[derive(Debug, Clone)]
pub enum DavRequest {
    /// RFC 9110 §9.3.7.
    Options,
    /// RFC 9110 §9.3.1 and, with `head`, §9.3.2.
    Get {
        /// Whether the body is left out.
        head: bool,
        /// For 304.
        conditions: Conditions,
        /// RFC 9110 §14.2: of a GET alone.
        ranges: Ranges,
    },
    /// RFC 4918 §9.7, RFC 4791 §5.3.2.
    Put(Put),
    /// RFC 4918 §9.8 and §9.9.
    Relocate(Relocate),
    /// RFC 4918 §9.6.
    Delete(Conditions),
    /// RFC 4918 §9.1.
    Propfind(Propfind),
    /// RFC 4918 §9.2.
    Proppatch(Proppatch),
    /// RFC 4791 §5.3.1 and RFC 5689.
    MakeCollection(MakeCollection),
    /// RFC 3253 §3.6: read further by `crate::report` once it is known what it is asked of.
    Report(ReportBody),
}

/// RFC 4918 §9.7, RFC 4791 §5.3.2.
#[derive(Debug, Clone)]
pub struct Put {
    /// On the resource as it is.
    pub conditions: Conditions,
    /// `Content-Type` as it was sent.
    pub media_type: Option<String>,
    /// The object; empty of a file, which is not read at once.
    pub body: Bytes,
}

/// COPY or MOVE.
#[derive(Debug, Clone)]
pub struct Relocate {
    /// On the source as it is, and with `If` on others.
    pub conditions: Conditions,
    /// Where to.
    pub destination: Destination,
    /// Whether what is there may be replaced.
    pub overwrite: bool,
    /// Whether a collection goes with its members; always where there is no `Depth`.
    pub with_members: bool,
    /// Whether it was MOVE.
    pub moves: bool,
}

/// RFC 4918 §9.1.
#[derive(Debug, Clone)]
pub struct Propfind {
    /// How far down.
    pub depth: Depth,
    /// Which properties.
    pub ask: Ask,
    /// RFC 8144 §2.1: whether missing properties are left out.
    pub minimal: bool,
}

/// RFC 4918 §9.2.
#[derive(Debug, Clone)]
pub struct Proppatch {
    /// On the resource as it is.
    pub conditions: Conditions,
    /// In document order.
    pub updates: Vec<PropertyUpdate>,
    /// RFC 8144 §2.2: whether success needs no body.
    pub minimal: bool,
}

/// One instruction of a PROPPATCH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PropertyUpdate {
    /// To this value.
    Set(Element),
    /// Away with it.
    Remove(Name),
}

impl PropertyUpdate {
    /// The property it is about.
    pub fn name(&self) -> &Name {
        match self {
            Self::Set(element) => &element.name,
            Self::Remove(name) => name,
        }
    }
}

/// MKCALENDAR, or extended MKCOL for a calendar.
#[derive(Debug, Clone)]
pub struct MakeCollection {
    /// On what is there, and elsewhere.
    pub conditions: Conditions,
    /// Whether it was MKCALENDAR, which always makes a calendar.
    pub mkcalendar: bool,
    /// The properties to set, all or none.
    pub properties: Vec<Element>,
    /// RFC 8144 §2.3: whether success needs no body.
    pub minimal: bool,
}

/// A report's body.
#[derive(Debug, Clone)]
pub struct ReportBody {
    /// RFC 3253 §3.6: 0 if the header is absent; reports that clients ask otherwise say so.
    pub depth: Option<Depth>,
    /// The body.
    pub body: Element,
    /// RFC 8144 §2.1.
    pub minimal: bool,
}

/// Reads a request.
///
/// # Errors
/// 400 for what cannot be understood, 415 for a body of the wrong type, 501 for a method this server does not implement.
pub fn parse(method: &str, headers: &HeaderMap, body: Bytes) -> Result<DavRequest, Refusal> {
    match method {
        "OPTIONS" => Ok(DavRequest::Options),
        "GET" | "HEAD" => {
            Ok(DavRequest::Get { head: method == "HEAD", conditions: Conditions::read(headers)?, ranges: ranges(method, headers) })
        }
        "PUT" => put(headers, body),
        "DELETE" => delete(headers),
        "COPY" | "MOVE" => relocate(headers, method == "MOVE"),
        "PROPFIND" => propfind(headers, &body),
        "PROPPATCH" => proppatch(headers, &body),
        "MKCALENDAR" => make_collection(headers, &body, true),
        "MKCOL" => make_collection(headers, &body, false),
        "REPORT" => report(headers, &body),
        _ => Err(Refusal::status(StatusCode::NOT_IMPLEMENTED, format!("the method {method} is not implemented"))),
    }
}

impl Put {
    /// RFC 4791 §5.3.2.1: calendar data is text/calendar. A missing type is read as that; `method=` alone does not matter (T10).
    ///
    /// # Errors
    /// `CALDAV:supported-calendar-data` for another type.
    pub fn check_calendar_type(&self) -> Result<(), Refusal> {
        let essence = self.media_type.as_deref().unwrap_or("text/calendar").split(';').next().unwrap_or_default().trim();
        // curl sends its default type for any body; what is inside decides.
        let accepted = ["text/calendar", "application/x-www-form-urlencoded", "application/octet-stream", "text/plain"];
        if accepted.iter().any(|known| essence.eq_ignore_ascii_case(known)) {
            return Ok(());
        }
        Err(Refusal::rule(Precondition::SupportedCalendarData, format!("a calendar holds text/calendar, not {essence}")))
    }
}

/// RFC 9110 §14.2: ranges are of GET alone.
fn ranges(method: &str, headers: &HeaderMap) -> Ranges {
    if method == "GET" { Ranges::read(headers) } else { Ranges::default() }
}

fn put(headers: &HeaderMap, body: Bytes) -> Result<DavRequest, Refusal> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    if headers.contains_key(header::CONTENT_RANGE) {
        // RFC 9110 §14.5: a partial PUT that is not understood must not be stored as a whole.
        return Err(Refusal::bad_request("a partial PUT (Content-Range) is not supported"));
    }
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        // RFC 9110 §8.4: given back without its coding it would be something else.
        return Err(Refusal::status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a body is put without a Content-Encoding"));
    }
    Ok(DavRequest::Put(Put { conditions: Conditions::read(headers)?, media_type, body }))
}

/// RFC 4918 §9.8.3, §9.9.2: a collection is copied with everything or with nothing in it, and moved with everything.
fn relocate(headers: &HeaderMap, moves: bool) -> Result<DavRequest, Refusal> {
    let with_members = match depth(headers)? {
        None | Some(Depth::Infinity) => true,
        Some(Depth::Zero) => false,
        Some(Depth::One) => return Err(Refusal::bad_request("COPY has Depth 0 or infinity, MOVE infinity (RFC 4918 §9.8.3)")),
    };
    Ok(DavRequest::Relocate(Relocate {
        conditions: Conditions::read(headers)?,
        destination: Destination::read(headers)?,
        overwrite: overwrite(headers)?,
        with_members,
        moves,
    }))
}

/// RFC 4918 §9.6.1: a collection is deleted with everything in it.
fn delete(headers: &HeaderMap) -> Result<DavRequest, Refusal> {
    // Clients send Depth: 0 with objects, where it means the same.
    depth(headers)?;
    Ok(DavRequest::Delete(Conditions::read(headers)?))
}

fn propfind(headers: &HeaderMap, body: &Bytes) -> Result<DavRequest, Refusal> {
    let depth = depth(headers)?.unwrap_or(Depth::Infinity);
    let minimal = is_minimal(headers);
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(DavRequest::Propfind(Propfind { depth, ask: Ask::All(Vec::new()), minimal }));
    }
    let root = root(headers, body)?;
    expect(&root, DAV, "propfind")?;
    Ok(DavRequest::Propfind(Propfind { depth, ask: ask_of(&root)?, minimal }))
}

/// The `prop`, `allprop` (with `include`) or `propname` inside a body; none of them asks for nothing.
///
/// # Errors
/// 400 if more than one of them stands there.
pub fn ask_of(body: &Element) -> Result<Ask, Refusal> {
    let [prop, allprop, propname] = ["prop", "allprop", "propname"].map(|local| body.child(DAV, local));
    match (prop, allprop, propname) {
        (Some(prop), None, None) => Ok(Ask::Named(names_in(prop)?)),
        (None, Some(_), None) => Ok(Ask::All(body.child(DAV, "include").map(names_in).transpose()?.unwrap_or_default())),
        (None, None, Some(_)) => Ok(Ask::Names),
        (None, None, None) if body.name.is(DAV, "propfind") => Err(Refusal::bad_request("a propfind asks for prop, allprop or propname")),
        (None, None, None) => Ok(Ask::Named(Vec::new())),
        _ => Err(Refusal::bad_request("a body asks for one of prop, allprop and propname")),
    }
}

/// Each name once, in order: every resource of the answer is asked all of them.
fn names_in(element: &Element) -> Result<Vec<Name>, Refusal> {
    let mut names: Vec<Name> = Vec::new();
    for child in element.elements() {
        if !names.contains(&child.name) {
            names.push(child.name.clone());
        }
        if names.len() > NAMES_MAX {
            return Err(Refusal::bad_request(format!("a body asks for at most {NAMES_MAX} properties")));
        }
    }
    Ok(names)
}

fn proppatch(headers: &HeaderMap, body: &Bytes) -> Result<DavRequest, Refusal> {
    let root = root(headers, body)?;
    expect(&root, DAV, "propertyupdate")?;
    let mut updates = Vec::new();
    for instruction in root.elements() {
        let set = match &*instruction.name.local {
            "set" if instruction.name.namespace == DAV => true,
            "remove" if instruction.name.namespace == DAV => false,
            _ => continue,
        };
        for property in properties_in(instruction) {
            updates.push(if set { PropertyUpdate::Set(property) } else { PropertyUpdate::Remove(property.name) });
        }
    }
    if updates.is_empty() || updates.len() > UPDATES_MAX {
        return Err(Refusal::bad_request(format!("a propertyupdate sets or removes 1 to {UPDATES_MAX} properties")));
    }
    Ok(DavRequest::Proppatch(Proppatch { conditions: Conditions::read(headers)?, updates, minimal: is_minimal(headers) }))
}

/// The properties in an instruction, each with the `xml:lang` that holds where it stands (RFC 4918 §4.3).
fn properties_in(instruction: &Element) -> Vec<Element> {
    let lang_name = crate::xml::xml_lang();
    let lang_of = |element: &Element| element.attributes.iter().find(|(name, _)| *name == lang_name).cloned();
    let mut properties = Vec::new();
    for prop in instruction.elements().filter(|e| e.name.is(DAV, "prop")) {
        let inherited = lang_of(prop).or_else(|| lang_of(instruction));
        for property in prop.elements() {
            let mut property = property.clone();
            if lang_of(&property).is_none() {
                property.attributes.extend(inherited.clone());
            }
            properties.push(property);
        }
    }
    properties
}

fn make_collection(headers: &HeaderMap, body: &Bytes, mkcalendar: bool) -> Result<DavRequest, Refusal> {
    let minimal = is_minimal(headers);
    let conditions = Conditions::read(headers)?;
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(DavRequest::MakeCollection(MakeCollection { conditions, mkcalendar, properties: Vec::new(), minimal }));
    }
    let root = root(headers, body).map_err(|refusal| unsupported_body(refusal, mkcalendar))?;
    if mkcalendar {
        expect(&root, CALDAV, "mkcalendar")?;
    } else if !root.name.is(DAV, "mkcol") {
        // RFC 4918 §9.3: a body MKCOL does not know is 415.
        return Err(Refusal::status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body of MKCOL is a DAV:mkcol element"));
    }
    let sets = root.elements().filter(|e| e.name.is(DAV, "set"));
    let properties: Vec<Element> = sets.flat_map(properties_in).collect();
    if properties.len() > UPDATES_MAX {
        return Err(Refusal::bad_request(format!("a collection is made with at most {UPDATES_MAX} properties")));
    }
    Ok(DavRequest::MakeCollection(MakeCollection { conditions, mkcalendar, properties, minimal }))
}

/// RFC 4918 §9.3.1: MKCOL answers 415 to a body it does not understand.
fn unsupported_body(refusal: Refusal, mkcalendar: bool) -> Refusal {
    if mkcalendar { refusal } else { Refusal::status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body of MKCOL is a DAV:mkcol element") }
}

fn report(headers: &HeaderMap, body: &Bytes) -> Result<DavRequest, Refusal> {
    Ok(DavRequest::Report(ReportBody { depth: depth(headers)?, body: root(headers, body)?, minimal: is_minimal(headers) }))
}

/// The root element of a body that is XML by its type (RFC 4918 §8.2); a missing type is let pass.
fn root(headers: &HeaderMap, body: &Bytes) -> Result<Element, Refusal> {
    if let Some(media_type) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) {
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        // curl and some scripts leave their own default type on an XML body.
        let accepted =
            essence.ends_with("/xml") || essence.ends_with("+xml") || essence == "application/x-www-form-urlencoded" || essence.is_empty();
        if !accepted && essence != "text/plain" && essence != "application/octet-stream" {
            return Err(Refusal::status(StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("the body is application/xml, not {essence}")));
        }
    }
    Element::parse(body).map_err(|error| Refusal::bad_request(error.to_string()))
}

fn expect(root: &Element, namespace: &str, local: &str) -> Result<(), Refusal> {
    if root.name.is(namespace, local) {
        return Ok(());
    }
    Err(Refusal::bad_request(format!("the body is a {local} element, not {}", root.name.local)))
}

fn depth(headers: &HeaderMap) -> Result<Option<Depth>, Refusal> {
    let Some(value) = headers.get("depth") else { return Ok(None) };
    match value.to_str().map(str::trim) {
        Ok("0") => Ok(Some(Depth::Zero)),
        Ok("1") => Ok(Some(Depth::One)),
        Ok(text) if text.eq_ignore_ascii_case("infinity") => Ok(Some(Depth::Infinity)),
        _ => Err(Refusal::bad_request("Depth is 0, 1 or infinity")),
    }
}

/// `Prefer: return=minimal` (RFC 7240 §4.2, RFC 8144) or `Brief: t`, which Apple's clients send beside it.
fn is_minimal(headers: &HeaderMap) -> bool {
    let brief = headers.get("brief").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"t"));
    let mut preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    brief || preferences.any(|one| one.split(';').next().unwrap_or_default().replace(['"', ' '], "").eq_ignore_ascii_case("return=minimal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn rfc4918_s9_1_a_propfind_without_body_or_depth_is_allprop_of_infinity() {
        let DavRequest::Propfind(propfind) = parse("PROPFIND", &HeaderMap::new(), Bytes::new()).unwrap() else { panic!() };
        assert_eq!((propfind.depth, propfind.ask), (Depth::Infinity, Ask::All(vec![])));
    }

    #[test]
    fn rfc4918_s10_2_another_depth_is_400() {
        let refusal = parse("PROPFIND", &headers(&[("depth", "2")]), Bytes::new()).unwrap_err();
        assert_eq!(refusal.status_code(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn rfc7240_s4_2_minimal_is_read_from_prefer_and_brief() {
        for pair in [("prefer", "respond-async, return=minimal"), ("brief", "t"), ("prefer", "return=\"minimal\"; x=y")] {
            assert!(is_minimal(&headers(&[pair])), "{pair:?}");
        }
        assert!(!is_minimal(&headers(&[("prefer", "return=representation"), ("brief", "f")])));
    }

    #[test]
    fn rfc4918_s9_3_mkcol_with_an_unknown_body_is_415() {
        let refusal = parse("MKCOL", &HeaderMap::new(), Bytes::from_static(b"junk")).unwrap_err();
        assert_eq!(refusal.status_code(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }

    #[test]
    fn rfc4918_s4_3_the_language_in_scope_stays_with_a_property() {
        let body = "<propertyupdate xmlns='DAV:'><set xml:lang='de'><prop><displayname>K</displayname></prop></set></propertyupdate>";
        let DavRequest::Proppatch(patch) = parse("PROPPATCH", &HeaderMap::new(), Bytes::from(body)).unwrap() else { panic!() };
        let PropertyUpdate::Set(element) = &patch.updates[0] else { panic!() };
        assert!(element.to_xml().contains("xml:lang=\"de\""));
    }
}
