//! Writing XML straight into bytes: no tree, fixed prefixes, escaping in one place.

use crate::name::{self, Name};

/// Writes an answer's XML. Known namespaces use the prefixes declared at the root; others are declared where they stand.
pub struct XmlWriter {
    out: Vec<u8>,
    /// Whether the known prefixes were declared at a root; a fragment declares everything in place.
    rooted: bool,
}

impl XmlWriter {
    /// A document whose root element, `root`, declares the known prefixes. Leave it open: [`XmlWriter::end`] closes it.
    pub fn document(root: &Name) -> Self {
        let mut writer = Self { out: Vec::with_capacity(1024), rooted: true };
        writer.raw("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<");
        writer.tag(root);
        for (prefix, uri) in name::root_declarations() {
            writer.raw(" xmlns:");
            writer.raw(prefix);
            writer.raw("=\"");
            writer.raw(uri);
            writer.raw("\"");
        }
        writer.raw(">");
        writer
    }

    /// A piece of XML that stands by itself.
    pub fn fragment() -> Self {
        Self { out: Vec::new(), rooted: false }
    }

    /// Opens an element.
    pub fn start(&mut self, name: &Name) {
        self.start_with(name, &[]);
    }

    /// Opens an element with attributes.
    pub fn start_with(&mut self, name: &Name, attributes: &[(Name, String)]) {
        self.open(name, attributes);
        self.raw(">");
    }

    /// Closes an element.
    pub fn end(&mut self, name: &Name) {
        self.raw("</");
        self.tag(name);
        self.raw(">");
    }

    /// An element without content.
    pub fn empty(&mut self, name: &Name) {
        self.open(name, &[]);
        self.raw("/>");
    }

    /// An element without content that has attributes.
    pub fn empty_with(&mut self, name: &Name, attributes: &[(Name, String)]) {
        self.open(name, attributes);
        self.raw("/>");
    }

    /// An element that holds text.
    pub fn element(&mut self, name: &Name, text: &str) {
        self.start(name);
        self.text(text);
        self.end(name);
    }

    /// Character data, escaped. CR is written as a reference, or an XML reader would drop it (XML 1.0 §2.11).
    pub fn text(&mut self, text: &str) {
        self.escaped(text.as_bytes(), text_escape);
    }

    /// Content lines as character data; what XML 1.0 §2.2 cannot carry is left out.
    pub fn text_bytes(&mut self, text: &[u8]) {
        match std::str::from_utf8(text) {
            Ok(_) => self.escaped(text, text_escape),
            Err(_) => self.text(&String::from_utf8_lossy(&kalends_ical::stream::refold(text))),
        }
    }

    /// XML that is well-formed already.
    pub fn raw(&mut self, xml: &str) {
        self.out.extend_from_slice(xml.as_bytes());
    }

    /// Bytes written so far.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Takes back what was written after `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.out.truncate(len);
    }

    /// Hands over what was written so far and goes on with nothing.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// What was written, as text.
    pub fn into_string(self) -> String {
        String::from_utf8(self.out).unwrap_or_default()
    }

    fn open(&mut self, name: &Name, attributes: &[(Name, String)]) {
        self.raw("<");
        self.tag(name);
        match self.prefix(name) {
            Some("") => {}
            Some(prefix) if self.rooted => debug_assert!(!prefix.is_empty()),
            Some(prefix) => self.declare(&format!(":{prefix}"), &name.namespace),
            None => self.declare(":x", &name.namespace),
        }
        for (index, (attribute, value)) in attributes.iter().enumerate() {
            self.attribute(index, attribute, value);
        }
    }

    fn declare(&mut self, prefix: &str, uri: &str) {
        self.raw(" xmlns");
        self.raw(prefix);
        self.raw("=\"");
        self.escaped(uri.as_bytes(), attribute_escape);
        self.raw("\"");
    }

    fn attribute(&mut self, index: usize, name: &Name, value: &str) {
        let prefix = match &*name.namespace {
            "" => String::new(),
            "http://www.w3.org/XML/1998/namespace" => "xml:".to_owned(),
            uri => {
                self.declare(&format!(":a{index}"), uri);
                format!("a{index}:")
            }
        };
        self.raw(" ");
        self.raw(&prefix);
        self.raw(&name.local);
        self.raw("=\"");
        self.escaped(value.as_bytes(), attribute_escape);
        self.raw("\"");
    }

    /// The prefix of a name: empty for no namespace, `None` for one that is declared in place.
    fn prefix(&self, name: &Name) -> Option<&'static str> {
        if name.namespace.is_empty() { Some("") } else { name::prefix_of(&name.namespace) }
    }

    fn tag(&mut self, name: &Name) {
        match self.prefix(name) {
            Some("") => {}
            Some(prefix) => {
                self.raw(prefix);
                self.raw(":");
            }
            None => self.raw("x:"),
        }
        self.raw(&name.local);
    }

    /// Copies whole runs between the bytes that `escape` replaces.
    fn escaped(&mut self, bytes: &[u8], escape: fn(u8) -> Option<&'static str>) {
        let mut run = 0;
        for (at, byte) in bytes.iter().enumerate() {
            // U+FFFE and U+FFFF are no characters of XML 1.0 (§2.2) either.
            let (replacement, length) = match bytes.get(at..at + 3) {
                Some([0xef, 0xbf, 0xbe | 0xbf]) => (Some(""), 3),
                _ => (escape(*byte), 1),
            };
            if let Some(replacement) = replacement {
                self.out.extend_from_slice(bytes.get(run..at).unwrap_or_default());
                self.raw(replacement);
                run = at + length;
            }
        }
        self.out.extend_from_slice(bytes.get(run..).unwrap_or_default());
    }
}

fn text_escape(byte: u8) -> Option<&'static str> {
    match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\r' => Some("&#13;"),
        // XML 1.0 cannot carry these, not even as references.
        0..=8 | 11 | 12 | 14..=31 => Some(""),
        _ => None,
    }
}

fn attribute_escape(byte: u8) -> Option<&'static str> {
    match byte {
        b'"' => Some("&quot;"),
        b'\n' => Some("&#10;"),
        b'\t' => Some("&#9;"),
        _ => text_escape(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_carry_is_left_out() {
        let mut writer = XmlWriter::fragment();
        writer.text("a\u{ffff}b\u{fffe}c\u{fffd}\u{1}<\u{1f600}\r");
        assert_eq!(writer.into_string(), "abc\u{fffd}&lt;\u{1f600}&#13;");
    }
}
