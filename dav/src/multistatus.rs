//! `DAV:multistatus` written piece by piece: RFC 4918 §13, §14.16.

use http::StatusCode;

use crate::name::{DAV, Name};
use crate::precondition::{Precondition, write_condition};
use crate::property::{self, PropertyRefusal};
use crate::request::Ask;
use crate::resource::{Resource, Viewer};
use crate::writer::XmlWriter;

const MULTISTATUS: Name = Name::known(DAV, "multistatus");
const RESPONSE: Name = Name::known(DAV, "response");
const HREF: Name = Name::known(DAV, "href");
const PROPSTAT: Name = Name::known(DAV, "propstat");
const PROP: Name = Name::known(DAV, "prop");
const STATUS: Name = Name::known(DAV, "status");
const ERROR: Name = Name::known(DAV, "error");
const SYNC_TOKEN: Name = Name::known(DAV, "sync-token");

/// A multistatus in the making; [`Multistatus::take`] hands over what is ready, so memory does not grow with the answer.
pub struct Multistatus {
    writer: XmlWriter,
    minimal: bool,
}

impl Multistatus {
    /// Begins. With `minimal`, properties a resource does not have are left out (RFC 8144 §2.1).
    pub fn begin(minimal: bool) -> Self {
        Self { writer: XmlWriter::document(&MULTISTATUS), minimal }
    }

    /// Describes one resource.
    pub fn resource(&mut self, resource: &Resource, ask: &Ask, viewer: &Viewer) {
        self.begin_response(&resource.href);
        match ask {
            Ask::Named(names) => self.properties(names, resource, viewer),
            Ask::All(include) => self.properties(&property::allprop_on(resource, include), resource, viewer),
            Ask::Names => self.names(&property::names_on(resource, viewer)),
        }
        self.writer.end(&RESPONSE);
    }

    /// Says of one resource nothing but a status, with the rule behind it where one has a name.
    pub fn status(&mut self, href: &str, status: StatusCode, code: Option<Precondition>) {
        self.begin_response(href);
        self.status_line(status);
        self.condition(code);
        self.writer.end(&RESPONSE);
    }

    /// Answers a PROPPATCH or MKCALENDAR: each property with what became of it (RFC 4918 §9.2.1).
    pub fn outcome(&mut self, href: &str, outcome: &[(Name, Result<(), PropertyRefusal>)]) {
        self.begin_response(href);
        write_outcome(&mut self.writer, outcome);
        self.writer.end(&RESPONSE);
    }

    /// One resource, its properties written by the caller as `DAV:prop` content (expand-property).
    pub fn raw_properties(&mut self, href: &str, found: &str, missing: &[Name]) {
        self.begin_response(href);
        self.writer.start(&PROPSTAT);
        self.writer.start(&PROP);
        self.writer.raw(found);
        self.writer.end(&PROP);
        self.status_line(StatusCode::OK);
        self.writer.end(&PROPSTAT);
        self.missing(missing);
        self.writer.end(&RESPONSE);
    }

    /// The token to ask with next time (RFC 6578 §3.2), after the last response.
    pub fn sync_token(&mut self, token: &str) {
        self.writer.element(&SYNC_TOKEN, token);
    }

    /// Ends the document.
    pub fn end(&mut self) {
        self.writer.end(&MULTISTATUS);
    }

    /// Bytes waiting to be taken.
    pub fn len(&self) -> usize {
        self.writer.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.writer.is_empty()
    }

    /// Hands over what is written so far.
    pub fn take(&mut self) -> Vec<u8> {
        self.writer.take()
    }

    fn begin_response(&mut self, href: &str) {
        self.writer.start(&RESPONSE);
        self.writer.element(&HREF, href);
    }

    /// Found ones in a 200 propstat (there even if empty: Apple's clients and RFC 8144 want one), the others in a 404 one.
    fn properties(&mut self, names: &[Name], resource: &Resource, viewer: &Viewer) {
        let mut missing = Vec::new();
        self.writer.start(&PROPSTAT);
        self.writer.start(&PROP);
        for name in names {
            if !property::write(name, resource, viewer, &mut self.writer) {
                missing.push(name.clone());
            }
        }
        self.writer.end(&PROP);
        self.status_line(StatusCode::OK);
        self.writer.end(&PROPSTAT);
        self.missing(&missing);
    }

    fn missing(&mut self, names: &[Name]) {
        if names.is_empty() || self.minimal {
            return;
        }
        write_propstat(&mut self.writer, names.iter(), StatusCode::NOT_FOUND, None);
    }

    fn names(&mut self, names: &[Name]) {
        write_propstat(&mut self.writer, names.iter(), StatusCode::OK, None);
    }

    fn status_line(&mut self, status: StatusCode) {
        write_status(&mut self.writer, status);
    }

    fn condition(&mut self, code: Option<Precondition>) {
        write_error(&mut self.writer, code);
    }
}

/// The status line with its reason phrase: CalDav Synchronizer and KDAV read it as text.
fn write_status(writer: &mut XmlWriter, status: StatusCode) {
    let reason = status.canonical_reason().unwrap_or_default();
    writer.element(&STATUS, &format!("HTTP/1.1 {} {reason}", status.as_u16()));
}

fn write_error(writer: &mut XmlWriter, code: Option<Precondition>) {
    if let Some(code) = code {
        writer.start(&ERROR);
        write_condition(writer, code, &[], None);
        writer.end(&ERROR);
    }
}

fn write_propstat<'a>(writer: &mut XmlWriter, names: impl Iterator<Item = &'a Name>, status: StatusCode, code: Option<Precondition>) {
    writer.start(&PROPSTAT);
    writer.start(&PROP);
    names.for_each(|name| writer.empty(name));
    writer.end(&PROP);
    write_status(writer, status);
    write_error(writer, code);
    writer.end(&PROPSTAT);
}

/// Propstats for an all-or-nothing update: if one was refused the others failed for it, 424.
fn write_outcome(writer: &mut XmlWriter, outcome: &[(Name, Result<(), PropertyRefusal>)]) {
    let refused = outcome.iter().any(|(_, result)| result.is_err());
    let others = if refused { StatusCode::FAILED_DEPENDENCY } else { StatusCode::OK };
    let fine: Vec<&Name> = outcome.iter().filter(|(_, result)| result.is_ok()).map(|(name, _)| name).collect();
    if !fine.is_empty() {
        write_propstat(writer, fine.into_iter(), others, None);
    }
    for (name, result) in outcome {
        if let Err(refusal) = result {
            write_propstat(writer, std::iter::once(name), refusal.status, refusal.code);
        }
    }
}

/// The body of a refused extended MKCOL: which properties stood in the way (RFC 5689 §3).
pub fn mkcol_response(outcome: &[(Name, Result<(), PropertyRefusal>)]) -> Vec<u8> {
    let root = Name::known(DAV, "mkcol-response");
    let mut writer = XmlWriter::document(&root);
    write_outcome(&mut writer, outcome);
    writer.end(&root);
    writer.take()
}

/// The answer to principal-search-property-set (RFC 3744 §9.5): what principals can be searched by.
pub fn principal_search_property_set(searchable: &[(Name, &str)]) -> Vec<u8> {
    let [root, entry, prop, description] =
        ["principal-search-property-set", "principal-search-property", "prop", "description"].map(|local| Name::known(DAV, local));
    let mut writer = XmlWriter::document(&root);
    for (name, text) in searchable {
        writer.start(&entry);
        writer.start(&prop);
        writer.empty(name);
        writer.end(&prop);
        writer.start_with(&description, &[(crate::xml::xml_lang(), "en".to_owned())]);
        writer.text(text);
        writer.end(&description);
        writer.end(&entry);
    }
    writer.end(&root);
    writer.take()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;
    use crate::privilege::PrivilegeSet;
    use crate::resource::{Details, ObjectDetails};
    use crate::xml::Element;

    fn object() -> Resource {
        let details = ObjectDetails { etag: "\"1\"".into(), component: "VEVENT", size: 3, created_at: 0, modified_at: 0, data: None };
        Resource {
            href: "/a.ics".into(),
            kind: Kind::Object,
            owner: None,
            privileges: PrivilegeSet::NONE,
            details: Details::Object(Box::new(details)),
            stored: Vec::new(),
        }
    }

    fn viewer() -> Viewer {
        Viewer { principal: "/p/".into(), principals: "/ps/".into(), resource_bytes_max: 1 }
    }

    fn answer(minimal: bool) -> Element {
        let mut multistatus = Multistatus::begin(minimal);
        let ask = Ask::Named(vec![Name::known(DAV, "getetag"), Name::read("urn:x", "unknown")]);
        multistatus.resource(&object(), &ask, &viewer());
        multistatus.end();
        Element::parse(&multistatus.take()).unwrap()
    }

    #[test]
    fn p1_unknown_properties_are_in_a_404_propstat_unless_minimal_was_preferred() {
        let propstats = |root: &Element| root.child(DAV, "response").unwrap().elements().filter(|e| e.name.is(DAV, "propstat")).count();
        assert_eq!(propstats(&answer(false)), 2);
        assert_eq!(propstats(&answer(true)), 1);
    }

    #[test]
    fn p2_status_lines_have_version_code_and_reason() {
        let root = answer(false);
        let last = root.child(DAV, "response").unwrap().elements().last().unwrap();
        assert_eq!(last.child(DAV, "status").unwrap().text(), "HTTP/1.1 404 Not Found");
    }

    #[test]
    fn rfc4918_s9_2_1_one_refused_property_fails_the_others() {
        let refused = PropertyRefusal { status: StatusCode::FORBIDDEN, code: Some(Precondition::CannotModifyProtectedProperty) };
        let mut multistatus = Multistatus::begin(false);
        multistatus.outcome("/a", &[(Name::known(DAV, "displayname"), Ok(())), (Name::known(DAV, "getetag"), Err(refused))]);
        multistatus.end();
        let text = String::from_utf8(multistatus.take()).unwrap();
        assert!(
            text.contains("424 Failed Dependency") && text.contains("403 Forbidden") && text.contains("cannot-modify-protected-property")
        );
    }

    #[test]
    fn rfc4918_s15_every_live_property_value_is_well_formed() {
        let mut multistatus = Multistatus::begin(false);
        let all: Vec<Name> = crate::property::LIVE_PROPERTIES.iter().map(|row| row.name.clone()).collect();
        multistatus.resource(&object(), &Ask::Named(all), &viewer());
        multistatus.resource(&object(), &Ask::Names, &viewer());
        multistatus.end();
        assert!(Element::parse(&multistatus.take()).is_ok());
    }
}
