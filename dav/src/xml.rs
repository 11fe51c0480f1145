//! Request bodies as a small tree of elements: bounded, without DTDs, without external anything.

use std::borrow::Cow;

use std::fmt;

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

use crate::name::Name;
use crate::writer::XmlWriter;

/// How deep a request body may nest: filters are the deepest thing clients send (about 8 levels).
pub const XML_LEVELS_MAX: usize = 64;
/// How many elements a request body may hold: a multiget of 50,000 objects fits.
pub const XML_ELEMENTS_MAX: usize = 120_000;
/// How many attributes (and namespace declarations) an element may have.
pub const XML_ATTRIBUTES_MAX: usize = 64;

const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// Why a body is not XML this server reads; the answer is 400 (RFC 4918 §8.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlError(pub String);

impl fmt::Display for XmlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A child of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Character data, with references resolved.
    Text(String),
}

/// An XML element with its name resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The expanded name.
    pub name: Name,
    /// Attributes without namespace declarations, in document order.
    pub attributes: Vec<(Name, String)>,
    /// What stands between the tags; comments and processing instructions are left out.
    pub children: Vec<Node>,
}

impl Element {
    /// Reads a document. A DOCTYPE is refused, so no entity can grow or reach outside (RFC 4918 §20.6).
    pub fn parse(body: &[u8]) -> Result<Element, XmlError> {
        let text = text_of(body)?;
        Builder::default().read(text.strip_prefix('\u{feff}').unwrap_or(&text))
    }

    /// The child elements.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first child element of that name.
    pub fn child(&self, namespace: &str, local: &str) -> Option<&Element> {
        self.elements().find(|e| e.name.is(namespace, local))
    }

    /// The character data directly inside this element.
    pub fn text(&self) -> String {
        let parts: Vec<&str> = self
            .children
            .iter()
            .filter_map(|node| match node {
                Node::Text(text) => Some(text.as_str()),
                Node::Element(_) => None,
            })
            .collect();
        parts.concat()
    }

    /// An attribute without namespace.
    pub fn attribute(&self, local: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name.is("", local)).map(|(_, value)| value.as_str())
    }

    /// The element as XML text that stands by itself, to be kept and given back (RFC 4918 §4.3).
    pub fn to_xml(&self) -> String {
        let mut writer = XmlWriter::fragment();
        self.write(&mut writer);
        writer.into_string()
    }

    /// Depth is bounded by [`XML_LEVELS_MAX`], so this may recurse.
    fn write(&self, writer: &mut XmlWriter) {
        writer.start_with(&self.name, &self.attributes);
        for node in &self.children {
            match node {
                Node::Element(element) => element.write(writer),
                Node::Text(text) => writer.text(text),
            }
        }
        writer.end(&self.name);
    }
}

/// Builds the tree with a stack of its own.
#[derive(Default)]
struct Builder {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Builder {
    fn read(mut self, text: &str) -> Result<Element, XmlError> {
        if let Some(other) = text.chars().find(|c| !is_xml(*c)) {
            return Err(XmlError(format!("the body holds U+{:04X}, which XML cannot", u32::from(other))));
        }
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        loop {
            let event = reader.read_event().map_err(|e| XmlError(format!("the body is not well-formed XML: {e}")))?;
            match event {
                Event::Start(start) => self.start(&reader, &start)?,
                Event::End(_) => self.end()?,
                Event::Text(text) => self.text(&text.xml10_content())?,
                Event::CData(text) => self.text(&text.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let text = resolve(&reference)?;
                    self.text(&text)?;
                }
                Event::DocType(_) => return Err(XmlError("a document type declaration is not accepted".into())),
                Event::Eof => break,
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::Empty(_) => {}
            }
        }
        if !self.open.is_empty() {
            return Err(XmlError("the body ends inside an element".into()));
        }
        self.root.ok_or_else(|| XmlError("the body holds no element".into()))
    }

    fn start(&mut self, reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<(), XmlError> {
        self.elements += 1;
        if self.elements > XML_ELEMENTS_MAX {
            return Err(XmlError(format!("the body holds more than {XML_ELEMENTS_MAX} elements")));
        }
        if self.open.len() >= XML_LEVELS_MAX {
            return Err(XmlError(format!("the body nests deeper than {XML_LEVELS_MAX} levels")));
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err(XmlError("the body holds more than one root element".into()));
        }
        let (namespace, local) = reader.resolver().resolve_element(start.name());
        let name = name_of(namespace, local.as_ref())?;
        if name.namespace == XML_NAMESPACE {
            return Err(XmlError("no element is in the namespace of XML itself".to_owned()));
        }
        let attributes = attributes_of(reader, start)?;
        self.open.push(Element { name, attributes, children: Vec::new() });
        Ok(())
    }

    fn end(&mut self) -> Result<(), XmlError> {
        let element = self.open.pop().ok_or_else(|| XmlError("an element ends that never began".into()))?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Node::Element(element)),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        let Some(parent) = self.open.last_mut() else {
            let blank = text.chars().all(char::is_whitespace);
            return if blank { Ok(()) } else { Err(XmlError("the body holds text outside its root element".into())) };
        };
        match parent.children.last_mut() {
            Some(Node::Text(before)) => before.push_str(text),
            _ => parent.children.push(Node::Text(text.to_owned())),
        }
        Ok(())
    }
}

fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> Result<String, XmlError> {
    let bad = || XmlError("the body holds an entity that XML itself does not define".into());
    if let Some(character) = reference.resolve_char_ref().map_err(|_| bad())? {
        return if is_xml(character) { Ok(character.to_string()) } else { Err(bad()) };
    }
    quick_xml::escape::resolve_predefined_entity(&reference.xml10_content()).map(str::to_owned).ok_or_else(bad)
}

/// UTF-8, or UTF-16 where its byte order mark says so (RFC 4918 §19).
fn text_of(body: &[u8]) -> Result<Cow<'_, str>, XmlError> {
    let unit: fn([u8; 2]) -> u16 = match body {
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        _ => {
            let text = std::str::from_utf8(body).map_err(|e| XmlError(format!("the body is not UTF-8 at byte {}", e.valid_up_to())))?;
            return Ok(Cow::Borrowed(text));
        }
    };
    let (pairs, rest) = body.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    text.ok().filter(|_| rest.is_empty()).map(Cow::Owned).ok_or_else(|| XmlError("the body is not UTF-16, as it begins".to_owned()))
}

fn name_of(namespace: ResolveResult<'_>, local: &str) -> Result<Name, XmlError> {
    let name = match namespace {
        ResolveResult::Bound(uri) => {
            let uri = quick_xml::escape::unescape(uri.as_ref()).map_err(|e| XmlError(format!("a namespace is malformed: {e}")))?;
            Name::read(&uri, local)
        }
        ResolveResult::Unbound => Name::read("", local),
        ResolveResult::Unknown(_) => return Err(XmlError(format!("the prefix of element or attribute {local} is not declared"))),
    };
    if name.is_usable() { Ok(name) } else { Err(XmlError("the body holds a name that is none in XML, or too long".to_owned())) }
}

/// XML 1.0 §2.2.
fn is_xml(character: char) -> bool {
    !matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

fn attributes_of(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Vec<(Name, String)>, XmlError> {
    let mut attributes = Vec::new();
    for (count, attribute) in start.attributes().enumerate() {
        let attribute = attribute.map_err(|e| XmlError(format!("an attribute is malformed: {e}")))?;
        if count >= XML_ATTRIBUTES_MAX {
            return Err(XmlError(format!("an element has more than {XML_ATTRIBUTES_MAX} attributes")));
        }
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let (namespace, local) = reader.resolver().resolve_attribute(attribute.key);
        let name = name_of(namespace, local.as_ref())?;
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(|e| XmlError(format!("an attribute's value is malformed: {e}")))?;
        if attributes.iter().any(|(known, _)| *known == name) {
            // Namespaces in XML 1.0 §6.3: under two prefixes it is still one name.
            return Err(XmlError(format!("an element has the attribute {} twice", name.local)));
        }
        attributes.push((name, value.into_owned()));
    }
    Ok(attributes)
}

/// The attribute `xml:lang`, which a property's value carries with it (RFC 4918 §4.3).
pub fn xml_lang() -> Name {
    Name::read(XML_NAMESPACE, "lang")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_resolved_whatever_the_prefix() {
        let root = Element::parse(br#"<x:propfind xmlns:x="DAV:"><prop xmlns="DAV:"><x:getetag/></prop></x:propfind>"#).unwrap();
        assert!(root.name.is("DAV:", "propfind"));
        assert!(root.child("DAV:", "prop").unwrap().child("DAV:", "getetag").is_some());
    }

    #[test]
    fn references_and_cdata_become_text() {
        let root = Element::parse(b"<a>x &amp; y&#13;<![CDATA[<z>]]></a>").unwrap();
        assert_eq!(root.text(), "x & y\r<z>");
    }

    #[test]
    fn rfc4918_s20_6_doctypes_and_unknown_entities_are_refused() {
        assert!(Element::parse(br#"<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>"#).is_err());
        assert!(Element::parse(b"<a>&b;</a>").is_err());
    }

    #[test]
    fn names_and_characters_that_xml_does_not_have_are_refused() {
        let names = ["q:1a", "q:a&b", "q:a<b", "q:-x", "q:a=b", "q:%", &format!("q:{}", "x".repeat(300))];
        for name in names {
            assert!(Element::parse(format!("<a xmlns:q='urn:q'><{name}/></a>").as_bytes()).is_err(), "{name}");
        }
        for text in ["&#xFFFF;", "&#1;", "\u{ffff}", "\u{fffe}", "\u{1}", "\0"] {
            assert!(Element::parse(format!("<a>{text}</a>").as_bytes()).is_err(), "{text:?}");
        }
        for bad in ["<a xmlns:q='urn:q'><q:µ/></a>", "<a xmlns:q='urn:q'><q:x²/></a>", "<a xmlns:q='urn:q'><q:ª/></a>", "<xml:e/>"] {
            assert!(Element::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Element::parse(b"<q:b xmlns:q='urn:q' xmlns:r='urn:q' q:n='1' r:n='2'/>").is_err());
        assert!(Element::parse("<gro\u{308}ße/>".as_bytes()).is_ok());
        assert!(Element::parse("<größe-1.x>\u{10ffff}\u{fffd}\t</größe-1.x>".as_bytes()).is_ok());
    }

    #[test]
    fn rfc4918_s4_3_a_namespace_is_what_its_references_say() {
        let element = Element::parse(b"<q:a xmlns:q='urn:a?x=1&amp;y=2'/>").unwrap();
        assert_eq!(element.name.namespace, "urn:a?x=1&y=2");
        assert_eq!(Element::parse(element.to_xml().as_bytes()).unwrap(), element);
    }

    #[test]
    fn rfc4918_s19_utf_16_is_read() {
        let text = "<?xml version='1.0' encoding='utf-16'?><a>gr\u{fc}n \u{1f600}</a>";
        let wide = |bytes: fn(u16) -> [u8; 2]| [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(bytes).collect::<Vec<u8>>();
        for body in [wide(u16::to_be_bytes), wide(u16::to_le_bytes)] {
            assert_eq!(Element::parse(&body).unwrap().text(), "gr\u{fc}n \u{1f600}");
            assert!(Element::parse(&body[..body.len() - 1]).is_err());
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}{}", "<a>".repeat(XML_LEVELS_MAX + 1), "</a>".repeat(XML_LEVELS_MAX + 1));
        assert!(Element::parse(deep.as_bytes()).is_err());
    }

    #[test]
    fn half_a_document_two_roots_and_text_outside_are_refused() {
        for bad in [&b"<a><b></a>"[..], b"<a>", b"<a/><b/>", b"hello", b"", b"<a/>text", b"<p:a/>", b"</a>"] {
            assert!(Element::parse(bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
    }

    #[test]
    fn rfc4918_s4_3_a_value_written_out_reads_back_the_same() {
        let source = r#"<p:x xmlns:p="urn:a" xml:lang="de" q:b="1" c="&quot;&lt;" xmlns:q="urn:q"><D:href xmlns:D="DAV:">a &lt; b</D:href><y/></p:x>"#;
        let first = Element::parse(source.as_bytes()).unwrap();
        let again = Element::parse(first.to_xml().as_bytes()).unwrap();
        assert_eq!(first, again);
    }
}
