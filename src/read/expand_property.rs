//! expand-property: RFC 3253 §3.8. Follows the hrefs in properties, a few levels deep.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::StatusCode;
use kalends_dav::multistatus::Multistatus;
use kalends_dav::name::{DAV, Name};
use kalends_dav::privilege::Privilege;
use kalends_dav::property;
use kalends_dav::report::ExpandedProperty;
use kalends_dav::request::{Ask, Depth};
use kalends_dav::resource::Resource;
use kalends_dav::writer::XmlWriter;
use kalends_dav::xml::Element;
use kalends_dav::{Kind, Refusal};

use super::propfind::describe;
use crate::answer::{Answer, XML};
use crate::describe::Describer;
use crate::failure::Error;
use crate::path::path_of_href;
use crate::store::Bodies;
use crate::target::Target;

/// Resources one answer may describe.
const RESPONSES_MAX: usize = 1000;

pub async fn answer(
    describer: Describer,
    target: Target,
    depth: Option<Depth>,
    properties: Vec<ExpandedProperty>,
    minimal: bool,
) -> Result<Answer, Error> {
    if matches!(depth, Some(Depth::One | Depth::Infinity)) && target.kind().is_some_and(Kind::is_collection) {
        return Err(Refusal::bad_request("an expand-property is asked with Depth 0").into());
    }
    let mut expansion = Expansion { describer: &describer, left: RESPONSES_MAX, minimal };
    let (found, missing) = expansion.properties(&target, &properties).await?;
    let mut multistatus = Multistatus::begin(minimal);
    multistatus.raw_properties(&target.href, &found, &missing);
    multistatus.end();
    Ok(Answer::whole(StatusCode::MULTI_STATUS, XML, multistatus.take()))
}

struct Expansion<'a> {
    describer: &'a Describer,
    left: usize,
    /// RFC 8144 §2.1: whether missing properties are left out.
    minimal: bool,
}

type Described = Result<(String, Vec<Name>), Error>;

impl Expansion<'_> {
    /// The properties of a resource as XML, hrefs followed where that was asked, and those it does not have.
    fn properties<'b>(
        &'b mut self,
        target: &'b Target,
        asked: &'b [ExpandedProperty],
    ) -> Pin<Box<dyn Future<Output = Described> + Send + 'b>> {
        Box::pin(async move {
            let names: Vec<Name> = asked.iter().map(|property| property.name.clone()).collect();
            let resource = describe(self.describer, target, &Ask::Named(names)).await?;
            let mut found = XmlWriter::document(&Name::known("", "properties"));
            let head = found.len();
            let mut missing = Vec::new();
            for property in asked {
                if property.children.is_empty() {
                    if !property::write(&property.name, &resource, &self.describer.viewer, &mut found) {
                        missing.push(property.name.clone());
                    }
                } else if !self.follow(property, &resource, &mut found).await? {
                    missing.push(property.name.clone());
                }
            }
            let text = found.into_string();
            Ok((text.get(head..).unwrap_or_default().to_owned(), missing))
        })
    }

    /// A property whose hrefs become responses; `false` if the resource does not have it.
    async fn follow(&mut self, property: &ExpandedProperty, resource: &Resource, found: &mut XmlWriter) -> Result<bool, Error> {
        let Some(hrefs) = self.hrefs(&property.name, resource) else { return Ok(false) };
        let response = Name::known(DAV, "response");
        found.start(&property.name);
        for href in hrefs {
            if self.left == 0 {
                let message = "the expansion describes too many resources";
                return Err(Refusal::rule(kalends_dav::Precondition::NumberOfMatchesWithinLimits, message).into());
            }
            self.left -= 1;
            found.start(&response);
            found.element(&Name::known(DAV, "href"), &href);
            self.response(&href, &property.children, found).await?;
            found.end(&response);
        }
        found.end(&property.name);
        Ok(true)
    }

    async fn response(&mut self, href: &str, asked: &[ExpandedProperty], found: &mut XmlWriter) -> Result<(), Error> {
        let server = Arc::clone(&self.describer.server);
        let status = Name::known(DAV, "status");
        let Ok(place) = server.paths.read(path_of_href(href)) else {
            found.element(&status, "HTTP/1.1 404 Not Found");
            return Ok(());
        };
        let target = Target::resolve(&server.store, href, place, &self.describer.who, Bodies::Without).await?;
        let readable = target.kind().is_some_and(|kind| target.privileges(&self.describer.who, kind).has(Privilege::Read));
        if !readable {
            found.element(&status, "HTTP/1.1 404 Not Found");
            return Ok(());
        }
        let (properties, missing) = self.properties(&target, asked).await?;
        let [propstat, prop] = ["propstat", "prop"].map(|local| Name::known(DAV, local));
        found.start(&propstat);
        found.start(&prop);
        found.raw(&properties);
        found.end(&prop);
        found.element(&status, "HTTP/1.1 200 OK");
        found.end(&propstat);
        if !missing.is_empty() && !self.minimal {
            found.start(&propstat);
            found.start(&prop);
            missing.iter().for_each(|name| found.empty(name));
            found.end(&prop);
            found.element(&status, "HTTP/1.1 404 Not Found");
            found.end(&propstat);
        }
        Ok(())
    }

    /// The hrefs in a property's value.
    fn hrefs(&self, name: &Name, resource: &Resource) -> Option<Vec<String>> {
        let mut value = XmlWriter::document(&Name::known("", "value"));
        if !property::write(name, resource, &self.describer.viewer, &mut value) {
            return None;
        }
        value.end(&Name::known("", "value"));
        let root = Element::parse(&value.take()).ok()?;
        let hrefs = root.elements().flat_map(Element::elements).filter(|e| e.name.is(DAV, "href"));
        Some(hrefs.map(|href| href.text().trim().to_owned()).collect())
    }
}
