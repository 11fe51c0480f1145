//! Answers' XML, names resolved: written with the tests' prefixes where they have one, `{namespace}local` else.

use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;

/// The prefixes the tests write.
pub const PREFIXES: [(&str, &str); 6] = [
    ("D", "DAV:"),
    ("C", "urn:ietf:params:xml:ns:caldav"),
    ("CS", "http://calendarserver.org/ns/"),
    ("A", "http://apple.com/ns/ical/"),
    ("X", "urn:example:x"),
    ("xml", "http://www.w3.org/XML/1998/namespace"),
];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// `D:href`, `{urn:somewhere}else`.
    pub name: String,
    /// Names as those of elements; without namespace the local name alone.
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    pub text: String,
    /// What stands between its tags, spelt in one way: names resolved, attributes in order, empty elements with two tags.
    pub inside: String,
}

fn written(namespace: &str, local: &str) -> String {
    let known = PREFIXES.iter().find(|(_, uri)| *uri == namespace);
    known.map_or_else(|| format!("{{{namespace}}}{local}"), |(prefix, _)| format!("{prefix}:{local}"))
}

/// An href as it can be compared: a path, decoded.
pub fn plain(href: &str) -> String {
    let path = href.split_once("://").and_then(|(_, rest)| rest.find('/').map(|slash| &rest[slash..])).unwrap_or(href);
    let mut decoded = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let octet = after.get(..2).filter(|_| *first == b'%').and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        decoded.push(octet.unwrap_or(*first));
        rest = if octet.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&decoded).into_owned()
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
                    let attributes = start.attributes().map(|attribute| attribute.expect("an attribute"));
                    let attributes = attributes.filter(|attribute| attribute.key.as_namespace_binding().is_none()).map(|attribute| {
                        let value = quick_xml::escape::unescape(&attribute.value).expect("references").into_owned();
                        match reader.resolver().resolve_attribute(attribute.key) {
                            (ResolveResult::Bound(uri), local) => (written(uri.as_ref(), local.as_ref()), value),
                            (_, local) => (local.as_ref().to_owned(), value),
                        }
                    });
                    let attributes = attributes.collect();
                    let name = written(&namespace, local.as_ref());
                    open.push(Element { name, attributes, ..Element::default() });
                }
                Event::End(_) => {
                    let done = open.pop().expect("balanced");
                    let parent = open.last_mut().expect("a parent");
                    parent.inside.push_str(&done.spelt());
                    parent.children.push(done);
                }
                Event::Text(text) => open.last_mut().expect("a parent").add_text(&text.xml10_content()),
                Event::CData(text) => open.last_mut().expect("a parent").add_text(&text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let resolved = match reference.resolve_char_ref().expect("a reference") {
                        Some(character) => character.to_string(),
                        None => {
                            quick_xml::escape::resolve_predefined_entity(&reference.xml10_content()).expect("a known entity").to_owned()
                        }
                    };
                    open.last_mut().expect("a parent").add_text(&resolved);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        open.pop().expect("a document").children.pop().unwrap_or_else(|| panic!("an element in {text:?}"))
    }

    fn add_text(&mut self, text: &str) {
        self.text.push_str(text);
        self.inside.push_str(&quick_xml::escape::escape(text));
    }

    fn spelt(&self) -> String {
        let mut attributes = self.attributes.clone();
        attributes.sort();
        let attributes: String =
            attributes.iter().map(|(name, value)| format!(" {name}=\"{}\"", quick_xml::escape::escape(value.as_str()))).collect();
        format!("<{}{attributes}>{}</{}>", self.name, self.inside, self.name)
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the elements directly inside are these, in any order.
    pub fn holds(&self, names: &[&str]) -> bool {
        self.children.len() == names.len() && names.iter().all(|name| self.child(name).is_some())
    }

    /// The names of the elements directly inside.
    pub fn names(&self) -> Vec<&str> {
        self.children.iter().map(|child| child.name.as_str()).collect()
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
        self.all("D:href").into_iter().map(|href| href.text.trim().to_owned()).collect()
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
    pub element: Element,
}

impl Multistatus {
    pub fn parse(body: &[u8]) -> Self {
        let root = Element::parse(body);
        assert_eq!(root.name, "D:multistatus");
        let responses = root.children.iter().filter(|child| child.name == "D:response").map(Response::read).collect();
        let sync_token = root.child("D:sync-token").map(|token| token.text.clone());
        Self { responses, sync_token, root }
    }

    /// The response for an href; a missing one fails the test.
    pub fn response(&self, href: &str) -> &Response {
        self.find(href).unwrap_or_else(|| panic!("no response for {href} in {:?}", self.hrefs()))
    }

    pub fn find(&self, href: &str) -> Option<&Response> {
        self.responses.iter().find(|response| plain(&response.href) == plain(href))
    }

    /// The last segments of the hrefs, decoded and in order.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.responses.iter().map(Response::name).collect();
        names.sort();
        names
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
            let line = element.child("D:status").map(|status| status.text.clone())?;
            let mut words = line.split(' ');
            assert!(words.next().is_some_and(|version| version.starts_with("HTTP/1.")), "{line}");
            let code = words.next().and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("{line}"));
            assert!(words.next().is_some(), "a reason phrase in {line}");
            Some(code)
        };
        let propstats = element.children.iter().filter(|child| child.name == "D:propstat");
        let propstats =
            propstats.map(|propstat| (status(propstat).expect("a status"), propstat.child("D:prop").expect("a prop").children.clone()));
        Self {
            href: element.child("D:href").expect("an href").text.trim().to_owned(),
            status: status(element),
            propstats: propstats.collect(),
            element: element.clone(),
        }
    }

    /// The last segment of the href, decoded.
    pub fn name(&self) -> String {
        let path = plain(&self.href);
        path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned()
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
