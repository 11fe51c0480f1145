//! Answers' XML, names resolved: `{namespace}local`.

use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// `{namespace}local`.
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    pub text: String,
}

impl Element {
    pub fn parse(body: &[u8]) -> Self {
        let text = std::str::from_utf8(body).expect("the answer is UTF-8");
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let mut open = vec![Element::default()];
        loop {
            match reader.read_event().unwrap_or_else(|error| panic!("{error} in {text}")) {
                Event::Start(start) => {
                    let (namespace, local) = reader.resolver().resolve_element(start.name());
                    let namespace = match namespace {
                        ResolveResult::Bound(uri) => uri.as_ref().to_owned(),
                        ResolveResult::Unbound => String::new(),
                        ResolveResult::Unknown(prefix) => panic!("the prefix {prefix:?} is not declared in {text}"),
                    };
                    let attributes =
                        start.attributes().map(|a| a.expect("an attribute")).map(|a| (a.key.as_ref().to_owned(), a.value.to_string()));
                    open.push(Element {
                        name: format!("{{{namespace}}}{}", local.as_ref()),
                        attributes: attributes.collect(),
                        ..Element::default()
                    });
                }
                Event::End(_) => {
                    let done = open.pop().expect("balanced");
                    open.last_mut().expect("a parent").children.push(done);
                }
                Event::Text(text) => open.last_mut().expect("a parent").text.push_str(&text.xml10_content()),
                Event::CData(text) => open.last_mut().expect("a parent").text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let resolved = match reference.resolve_char_ref().expect("a reference") {
                        Some(character) => character.to_string(),
                        None => {
                            quick_xml::escape::resolve_predefined_entity(&reference.xml10_content()).expect("a known entity").to_owned()
                        }
                    };
                    open.last_mut().expect("a parent").text.push_str(&resolved);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        open.pop().expect("a document").children.pop().unwrap_or_else(|| panic!("an element in {text:?}"))
    }

    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Every element of that name below.
    pub fn all(&self, name: &str) -> Vec<&Element> {
        let mut found = Vec::new();
        for child in &self.children {
            if child.name == name {
                found.push(child);
            }
            found.extend(child.all(name));
        }
        found
    }

    /// The hrefs below.
    pub fn hrefs(&self) -> Vec<String> {
        self.all("{DAV:}href").into_iter().map(|href| href.text.trim().to_owned()).collect()
    }
}

/// RFC 4918 §14.16.
#[derive(Debug, Clone)]
pub struct Multistatus {
    pub responses: Vec<Response>,
    pub sync_token: Option<String>,
    pub root: Element,
}

#[derive(Debug, Clone)]
pub struct Response {
    pub href: String,
    /// The response's own status, where it has no propstats.
    pub status: Option<u16>,
    pub propstats: Vec<(u16, Vec<Element>)>,
}

impl Multistatus {
    pub fn parse(body: &[u8]) -> Self {
        let root = Element::parse(body);
        assert_eq!(root.name, "{DAV:}multistatus");
        let responses = root.children.iter().filter(|child| child.name == "{DAV:}response").map(Response::read).collect();
        let sync_token = root.child("{DAV:}sync-token").map(|token| token.text.clone());
        Self { responses, sync_token, root }
    }

    /// The response for an href; a missing one fails the test.
    pub fn response(&self, href: &str) -> &Response {
        self.responses.iter().find(|r| r.href == href).unwrap_or_else(|| panic!("no response for {href} in {:?}", self.hrefs()))
    }

    pub fn hrefs(&self) -> Vec<&str> {
        self.responses.iter().map(|response| response.href.as_str()).collect()
    }

    /// The only response.
    pub fn only(&self) -> &Response {
        assert_eq!(self.responses.len(), 1, "{:?}", self.hrefs());
        &self.responses[0]
    }

    pub fn token(&self) -> &str {
        self.sync_token.as_deref().expect("a sync-token")
    }
}

impl Response {
    fn read(element: &Element) -> Self {
        let status = |element: &Element| {
            let line = element.child("{DAV:}status").map(|status| status.text.clone())?;
            let mut words = line.split(' ');
            assert!(words.next().is_some_and(|version| version.starts_with("HTTP/1.")), "{line}");
            let code = words.next().and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("{line}"));
            assert!(words.next().is_some(), "a reason phrase in {line}");
            Some(code)
        };
        let propstats = element.children.iter().filter(|child| child.name == "{DAV:}propstat");
        let propstats =
            propstats.map(|propstat| (status(propstat).expect("a status"), propstat.child("{DAV:}prop").expect("a prop").children.clone()));
        Self {
            href: element.child("{DAV:}href").expect("an href").text.trim().to_owned(),
            status: status(element),
            propstats: propstats.collect(),
        }
    }

    /// A property found with 200.
    pub fn prop(&self, name: &str) -> Option<&Element> {
        let (_, found) = self.propstats.iter().find(|(status, _)| *status == 200)?;
        found.iter().find(|property| property.name == name)
    }

    /// The text of a property found with 200; a missing one fails the test.
    pub fn value(&self, name: &str) -> &str {
        self.prop(name).unwrap_or_else(|| panic!("{name} is not in {self:?}")).text.as_str()
    }

    /// The status a property was answered with.
    pub fn status_of(&self, name: &str) -> Option<u16> {
        self.propstats.iter().find(|(_, properties)| properties.iter().any(|p| p.name == name)).map(|(status, _)| *status)
    }
}
