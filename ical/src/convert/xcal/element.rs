//! Elements of the namespace of xCal, from XML and to it.

use quick_xml::escape::escape;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::NAMESPACE;
use crate::convert::{ConversionError, is_name};

const ELEMENTS_MAX: usize = 500_000;

/// An element, by its local name.
#[derive(Default)]
pub(super) struct Element {
    pub name: String,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    pub fn of_text(name: &str, text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::new(name) }
    }

    pub fn parse(text: &str, levels: usize) -> Result<Self, ConversionError> {
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let mut open = vec![Self::default()];
        let mut elements = 0;
        loop {
            let event = reader.read_event().map_err(|error| ConversionError(format!("the text is not well-formed XML: {error}")))?;
            match event {
                Event::Start(start) => {
                    elements += 1;
                    if open.len() > levels || elements > ELEMENTS_MAX {
                        return Err(ConversionError("the document is nested too deep or has too many elements".to_owned()));
                    }
                    let (namespace, local) = reader.resolver().resolve_element(start.name());
                    if !matches!(namespace, ResolveResult::Bound(uri) if uri.as_ref() == NAMESPACE) {
                        return Err(ConversionError(format!("{} is not in the namespace {NAMESPACE}", local.as_ref())));
                    }
                    open.push(Self { name: local.as_ref().to_owned(), ..Self::default() });
                }
                Event::End(_) => {
                    let Some(done) = open.pop() else { break };
                    if !done.children.is_empty() && !done.text.trim().is_empty() {
                        return Err(ConversionError(format!("{:.60} holds text beside elements", done.name)));
                    }
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(done);
                    }
                }
                Event::Text(text) => push(&mut open, &text.xml10_content()),
                Event::CData(text) => push(&mut open, &text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let character = reference.resolve_char_ref().ok().flatten().map(String::from);
                    let known = || quick_xml::escape::resolve_predefined_entity(&reference.xml10_content()).map(str::to_owned);
                    let text =
                        character.or_else(known).ok_or_else(|| ConversionError("the document holds an unknown entity".to_owned()))?;
                    push(&mut open, &text);
                }
                Event::DocType(_) => return Err(ConversionError("a document type declaration is not accepted".to_owned())),
                Event::Eof => break,
                _ => {}
            }
        }
        let document = open.pop().filter(|document| open.is_empty() && document.text.trim().is_empty());
        match document.map(|document| document.children).as_deref_mut() {
            Some([root]) => Ok(std::mem::take(root)),
            _ => Err(ConversionError("the document holds not one element, or ends inside it".to_owned())),
        }
    }

    /// Writes it; what [`Element::check`] refuses would be no XML.
    pub fn write(&self, out: &mut String) {
        out.push_str(&format!("<{}>{}", self.name, escape(&self.text)));
        self.children.iter().for_each(|child| child.write(out));
        out.push_str(&format!("</{}>", self.name));
    }

    /// Checks that XML can hold it.
    ///
    /// # Errors
    /// A name that XML does not have (XML Namespaces §3), a character that it does not have (XML 1.0 §2.2).
    pub fn check(&self) -> Result<(), ConversionError> {
        let begins = |name: &str| name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if !(is_name(&self.name) && begins(&self.name)) {
            return Err(ConversionError(format!("{:.60?} is no name in XML: such begin with a letter", self.name)));
        }
        if let Some(odd) = self.text.chars().find(|character| !is_of_xml(*character)) {
            return Err(ConversionError(format!("{:.60} holds the character {odd:?}, which XML cannot", self.name)));
        }
        self.children.iter().try_for_each(Self::check)
    }
}

/// XML 1.0 §2.2.
const fn is_of_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}
