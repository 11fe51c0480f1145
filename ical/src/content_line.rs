//! Content lines: RFC 5545 §3.1. Found as ranges of the client's bytes; unfolded before they are decoded, because folds may split a
//! character (T8).
//!
//! ```
//! use kalends_ical::content_line::{Lines, Property};
//!
//! let text = b"ATTENDEE;CN=\"Doe, Jane\";PARTSTAT=ACCEPT\r\n ED:mailto:jane@example.com\r\n";
//! let line = Lines::new(text).next().ok_or("a line")?;
//! let property = Property::parse(line.unfolded(text), 100).map_err(|error| error.what())?;
//! assert_eq!(property.parameter("CN").as_deref(), Some("Doe, Jane"));
//! assert_eq!(property.parameter("partstat").as_deref(), Some("ACCEPTED"));
//! assert_eq!(property.value(), "mailto:jane@example.com");
//! # Ok::<(), &str>(())
//! ```

use std::borrow::Cow;
use std::ops::Range;

/// A content line: where it stands, folds and all, without its line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineSpan {
    start: u32,
    end: u32,
    /// Where the next line starts.
    next: u32,
    folded: bool,
}

impl LineSpan {
    /// The raw bytes with their line end, as they are to be written out again.
    pub fn raw(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start as usize..self.next as usize).unwrap_or_default()
    }

    /// The bytes of the line, unfolded.
    pub fn unfolded(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        let raw = bytes.get(self.start as usize..self.end as usize).unwrap_or_default();
        if self.folded { Cow::Owned(unfold(raw)) } else { Cow::Borrowed(raw) }
    }

    /// The length of the line before it is unfolded, in bytes.
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether nothing stands in the line.
    pub const fn is_empty(self) -> bool {
        self.end == self.start
    }

    /// Where it starts, in bytes.
    pub const fn start(self) -> usize {
        self.start as usize
    }
}

/// Removes each line break with the blank that follows it.
fn unfold(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(newline) = memchr(b'\n', rest) {
        let (line, after) = rest.split_at(newline);
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        // The newline and the blank.
        rest = after.get(2..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

fn memchr(needle: u8, haystack: &[u8]) -> Option<usize> {
    haystack.iter().position(|byte| *byte == needle)
}

/// Walks over the content lines of a text of less than 4 GiB; blank lines are passed over.
pub struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The number of the last line given, counted from 1 as an editor counts.
    pub line_number: usize,
    /// The longest of its lines before unfolding, in bytes.
    pub longest: usize,
    passed: usize,
}

impl<'a> Lines<'a> {
    /// Begins at the first line.
    pub fn new(bytes: &'a [u8]) -> Self {
        // A byte order mark is not part of the first name.
        let at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self { bytes, at, line_number: 0, longest: 0, passed: 0 }
    }

    /// Reads up to the end of the content line that starts here, folds included.
    fn logical_line(&mut self) -> LineSpan {
        let start = self.at;
        let mut folded = false;
        let (mut end, mut next);
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let newline = memchr(b'\n', rest);
            end = self.at + newline.unwrap_or(rest.len());
            self.longest = self.longest.max(end - self.at);
            next = newline.map_or(end, |_| end + 1);
            self.passed += 1;
            self.at = next;
            let goes_on = matches!(self.bytes.get(next), Some(b' ' | b'\t')) && newline.is_some();
            if !goes_on {
                break;
            }
            folded = true;
        }
        if end > start && self.bytes.get(end - 1) == Some(&b'\r') {
            end -= 1;
        }
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        LineSpan { start: narrow(start), end: narrow(end), next: narrow(next), folded }
    }
}

impl Iterator for Lines<'_> {
    type Item = LineSpan;

    fn next(&mut self) -> Option<LineSpan> {
        while self.at < self.bytes.len() {
            self.line_number = self.passed + 1;
            self.longest = 0;
            let span = self.logical_line();
            let raw = self.bytes.get(span.start()..span.start() + span.len()).unwrap_or_default();
            if !raw.iter().all(u8::is_ascii_whitespace) {
                return Some(span);
            }
        }
        None
    }
}

/// A content line taken apart: ranges into its unfolded bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property<'a> {
    text: Cow<'a, [u8]>,
    name: Range<usize>,
    parameters: Vec<(Range<usize>, Range<usize>)>,
    value: usize,
}

/// Why a line is no content line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineError {
    /// There is no name, or one with characters a name cannot have.
    Name,
    /// There is no colon outside quotes.
    Colon,
    /// A quote is left open.
    Quote,
    /// More parameters than the bound.
    Parameters,
}

impl LineError {
    /// A sentence's end.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Name => "does not begin with a property name",
            Self::Colon => "has no colon between name and value",
            Self::Quote => "leaves a quote open",
            Self::Parameters => "has too many parameters",
        }
    }
}

impl<'a> Property<'a> {
    /// Takes a line apart: `name *(";" param "=" value *("," value)) ":" value`.
    ///
    /// # Errors
    /// What the grammar of RFC 5545 §3.1 does not allow.
    pub fn parse(text: Cow<'a, [u8]>, parameters_max: usize) -> Result<Self, LineError> {
        let name_end = text.iter().position(|byte| matches!(byte, b';' | b':')).ok_or(LineError::Colon)?;
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if name_end == 0 || !text.iter().take(name_end).all(is_name) {
            return Err(LineError::Name);
        }
        let mut parameters = Vec::new();
        let mut at = name_end;
        while text.get(at) == Some(&b';') {
            if parameters.len() >= parameters_max {
                return Err(LineError::Parameters);
            }
            let start = at + 1;
            let end = parameter_end(&text, start)?;
            let equals = text.iter().enumerate().take(end).skip(start).find(|(_, byte)| **byte == b'=').map_or(end, |(index, _)| index);
            parameters.push((start..equals, (equals + 1).min(end)..end));
            at = end;
        }
        if text.get(at) != Some(&b':') {
            return Err(LineError::Colon);
        }
        Ok(Self { name: 0..name_end, parameters, value: at + 1, text })
    }

    /// The whole line, unfolded.
    pub fn line(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.text)
    }

    /// The name as written.
    pub fn name(&self) -> &str {
        self.ascii(&self.name)
    }

    /// Whether it has that name; case does not matter.
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// What stands before the value: the name, the parameters, the colon.
    pub fn head(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.text.get(..self.value).unwrap_or_default())
    }

    /// The value, undecoded.
    pub fn value_bytes(&self) -> &[u8] {
        self.text.get(self.value..).unwrap_or_default()
    }

    /// The value; bytes that are not UTF-8 become replacement characters.
    pub fn value(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.value_bytes())
    }

    /// The name, and each value decoded by RFC 6868, of every parameter.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, Vec<String>)> {
        self.parameters.iter().map(|(name, value)| (self.ascii(name), self.parameter_values(value)))
    }

    /// The first value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let (_, value) = self.parameters.iter().find(|(range, _)| self.ascii(range).eq_ignore_ascii_case(name))?;
        self.parameter_values(value).into_iter().next()
    }

    fn ascii(&self, range: &Range<usize>) -> &str {
        std::str::from_utf8(self.text.get(range.clone()).unwrap_or_default()).unwrap_or_default()
    }

    /// Comma-separated outside quotes; `^n`, `^^` and `^'` by RFC 6868 §3.
    fn parameter_values(&self, range: &Range<usize>) -> Vec<String> {
        let text = String::from_utf8_lossy(self.text.get(range.clone()).unwrap_or_default());
        let mut values = vec![String::new()];
        let (mut quoted, mut caret) = (false, false);
        for character in text.chars() {
            let Some(last) = values.last_mut() else { break };
            if std::mem::take(&mut caret) {
                match character {
                    'n' => last.push('\n'),
                    '^' => last.push('^'),
                    '\'' => last.push('"'),
                    other => last.extend(['^', other]),
                }
                continue;
            }
            match character {
                '^' => caret = true,
                '"' => quoted = !quoted,
                ',' if !quoted => values.push(String::new()),
                other => last.push(other),
            }
        }
        if let (true, Some(last)) = (caret, values.last_mut()) {
            last.push('^');
        }
        values
    }
}

/// Where a parameter ends: at a semicolon or colon outside quotes.
fn parameter_end(text: &[u8], start: usize) -> Result<usize, LineError> {
    let mut quoted = false;
    for (index, byte) in text.iter().enumerate().skip(start) {
        match byte {
            b'"' => quoted = !quoted,
            b';' | b':' if !quoted => return Ok(index),
            _ => {}
        }
    }
    Err(if quoted { LineError::Quote } else { LineError::Colon })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn property(line: &str) -> Property<'_> {
        Property::parse(Cow::Borrowed(line.as_bytes()), 100).unwrap()
    }

    #[test]
    fn rfc5545_s3_1_lines_are_unfolded_whatever_their_line_ends() {
        let text = b"A:1\r\n 2\r\n\t3\r\nB:4\n 5\n\nC:6";
        let lines: Vec<_> = Lines::new(text).map(|span| String::from_utf8(span.unfolded(text).to_vec()).unwrap()).collect();
        assert_eq!(lines, ["A:123", "B:45", "C:6"]);
    }

    #[test]
    fn t8_a_fold_inside_a_character_is_mended() {
        let text = b"SUMMARY:K\xc3\r\n \xa4se";
        let span = Lines::new(text).next().unwrap();
        assert_eq!(property(&String::from_utf8_lossy(&span.unfolded(text))).value(), "Käse");
    }

    #[test]
    fn every_byte_of_a_line_is_in_its_span() {
        let text = b"A:1\r\n 2\r\nB:4\n";
        let joined: Vec<u8> = Lines::new(text).flat_map(|span| span.raw(text).to_vec()).collect();
        assert_eq!(joined, text);
    }

    #[test]
    fn rfc5545_s3_1_quoted_parameters_may_hold_separators() {
        let line = property("ATTENDEE;CN=\"Doe, Jane: x;y\";ROLE=A,B:mailto:a@b");
        assert_eq!(line.parameter("cn").unwrap(), "Doe, Jane: x;y");
        assert_eq!(line.parameters().nth(1).unwrap().1, ["A", "B"]);
        assert_eq!(line.value(), "mailto:a@b");
    }

    #[test]
    fn rfc6868_s3_carets_are_decoded() {
        assert_eq!(property("X;P=a^nb^^c^'d^x^:v").parameter("P").unwrap(), "a\nb^c\"d^x^");
    }

    #[test]
    fn what_is_no_content_line_has_a_name() {
        let parse = |line: &'static str| Property::parse(Cow::Borrowed(line.as_bytes()), 2).unwrap_err();
        assert_eq!(parse("no colon"), LineError::Colon);
        assert_eq!(parse("A B:c"), LineError::Name);
        assert_eq!(parse(":c"), LineError::Name);
        assert_eq!(parse("A;B=\"c:d"), LineError::Quote);
        assert_eq!(parse("A;B=1;C=2;D=3:e"), LineError::Parameters);
    }
}
