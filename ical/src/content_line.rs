//! Content lines: RFC 5545 §3.1. Found as ranges of the client's bytes; unfolded before they are decoded, because folds may split a
//! character (T8).
//!
//! ```
//! use kalends_ical::content_line::{Lines, Property};
//!
//! let text = b"ATTENDEE;CN=\"Doe, Jane\";PARTSTAT=ACCEPT\r\n ED:mailto:jane@example.com\r\n";
//! let line = Lines::new(text).next().ok_or("a line")?;
//! let property = Property::parse(line.unfolded(text), 100).map_err(|error| error.kind.what())?;
//! assert_eq!(property.parameter("CN").as_deref(), Some("Doe, Jane"));
//! assert_eq!(property.parameter("partstat").as_deref(), Some("ACCEPTED"));
//! assert_eq!(property.value(), "mailto:jane@example.com");
//! # Ok::<(), &str>(())
//! ```

use std::borrow::Cow;

use memchr::{memchr, memchr3};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A content line: where it stands, folds and all, without its line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineSpan {
    start: u32,
    end: u32,
    /// Where the next line starts.
    next: u32,
    folded: bool,
    /// How long the name is, in bytes; 0 if that was not looked at, or the name is folded or very long.
    name_length: u8,
}

impl LineSpan {
    /// The raw bytes with their line end, as they are to be written out again.
    pub fn raw(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start as usize..self.next as usize).unwrap_or_default()
    }

    /// The bytes of the line, unfolded.
    pub fn unfolded(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        let folded = self.folded_bytes(bytes);
        if self.folded { Cow::Owned(unfold(folded)) } else { Cow::Borrowed(folded) }
    }

    /// The raw bytes without their line end.
    fn folded_bytes(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Whether it is a property of that name.
    #[inline]
    pub(crate) fn is_named(self, bytes: &[u8], name: &str) -> bool {
        match usize::from(self.name_length) {
            0 => self.is_named_unfolded(bytes, name),
            length => length == name.len() && self.begins_with(bytes, name),
        }
    }

    fn begins_with(self, bytes: &[u8], name: &str) -> bool {
        let start = self.start();
        bytes.get(start..start + name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name.as_bytes()))
    }

    #[cold]
    fn is_named_unfolded(self, bytes: &[u8], name: &str) -> bool {
        let mut line = Octets { raw: self.folded_bytes(bytes), at: 0 };
        name.bytes().all(|byte| line.next().is_some_and(|own| own.eq_ignore_ascii_case(&byte))) && matches!(line.next(), Some(b':' | b';'))
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

    /// Where a byte of the unfolded line stands in the text, in bytes.
    pub(crate) fn place_of(self, bytes: &[u8], unfolded: usize) -> usize {
        let line = self.folded_bytes(bytes);
        let mut left = unfolded;
        let mut at = 0;
        while let Some(newline) = memchr(b'\n', line.get(at..).unwrap_or_default()) {
            let length = line.get(at..at + newline).map_or(newline, |part| part.strip_suffix(b"\r").unwrap_or(part).len());
            if left < length {
                break;
            }
            left -= length;
            at += newline + 2;
        }
        self.start() + at + left
    }

    /// The same line, known to be a content line. That can be told without unfolding it: folds hold none of the characters that part it.
    ///
    /// # Errors
    /// What the grammar of RFC 5545 §3.1 does not allow, and where in the unfolded line.
    pub(crate) fn checked(self, bytes: &[u8], parameters_max: usize) -> Result<Self, LineError> {
        let line = self.folded_bytes(bytes);
        match parted(line, parameters_max) {
            Ok(Parted { name_end, .. }) => Ok(Self { name_length: u8::try_from(name_end).unwrap_or(0), ..self }),
            // The name may be folded, and errors have their place in the unfolded line.
            Err(_) if self.folded => parted(&unfold(line), parameters_max).map(|_| self),
            Err(error) => Err(error),
        }
    }
}

/// The octets of a line, unfolded as far as they are asked for.
struct Octets<'a> {
    raw: &'a [u8],
    at: usize,
}

impl Iterator for Octets<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        loop {
            let rest = self.raw.get(self.at..)?;
            let break_bytes = if rest.starts_with(b"\r\n") { 3 } else { 2 };
            if !rest.starts_with(b"\r\n") && !rest.starts_with(b"\n") {
                self.at += 1;
                return rest.first().copied();
            }
            self.at += break_bytes;
        }
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

/// Walks over the content lines of a text of less than 4 GiB; blank lines are passed over.
pub struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The longest of the lines of the last content line before unfolding, in bytes.
    pub longest: usize,
}

impl<'a> Lines<'a> {
    /// Begins at the first line.
    pub fn new(bytes: &'a [u8]) -> Self {
        // A byte order mark is not part of the first name.
        let at = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        Self { bytes, at, longest: 0 }
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
        LineSpan { start: narrow(start), end: narrow(end), next: narrow(next), folded, name_length: 0 }
    }
}

impl Iterator for Lines<'_> {
    type Item = LineSpan;

    fn next(&mut self) -> Option<LineSpan> {
        while self.at < self.bytes.len() {
            self.longest = 0;
            let span = self.logical_line();
            if !span.folded_bytes(self.bytes).iter().all(u8::is_ascii_whitespace) {
                return Some(span);
            }
        }
        None
    }
}

/// Where a byte of a text stands, as an editor shows it: the line and the character in it, both counted from 1.
pub(crate) fn line_and_column(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = bytes.get(..at.min(bytes.len())).unwrap_or_default();
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    // A byte order mark is not seen.
    let line_start = if line_start == 0 && before.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { line_start };
    // Bytes that go on with a character are none of their own.
    let column = before.iter().skip(line_start).filter(|byte| **byte & 0xC0 != 0x80).count() + 1;
    (line, column)
}

/// A content line taken apart, unfolded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property<'a> {
    text: Cow<'a, [u8]>,
    /// Where the name ends and where the value starts; the parameters are between.
    name_end: usize,
    value: usize,
}

/// Why a line is no content line, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineError {
    /// What is wrong.
    pub kind: LineErrorKind,
    /// Where in the unfolded line, in bytes.
    pub at: usize,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineErrorKind {
    /// There is no name, or one with characters a name cannot have.
    Name,
    /// There is no colon outside quotes.
    Colon,
    /// A quote is left open.
    Quote,
    /// More parameters than the bound.
    Parameters,
}

impl LineErrorKind {
    /// A sentence.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Name => "a line begins with the name of a property, of letters, digits and hyphens",
            Self::Colon => "the line has no colon between name and value",
            Self::Quote => "the quote that begins here is left open",
            Self::Parameters => "the property has too many parameters",
        }
    }
}

/// Where the parts of a line are.
struct Parted {
    name_end: usize,
    value: usize,
}

/// `name *(";" param "=" value *("," value)) ":" value` (RFC 5545 §3.1).
fn parted(line: &[u8], parameters_max: usize) -> Result<Parted, LineError> {
    let fail = |kind, at| Err(LineError { kind, at });
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let name_end = line.iter().position(|byte| !is_name(byte)).unwrap_or(line.len());
    match line.get(name_end) {
        Some(b':') if name_end > 0 => return Ok(Parted { name_end, value: name_end + 1 }),
        Some(b';') if name_end > 0 => {}
        _ if !line.iter().any(|byte| matches!(byte, b':' | b';')) => return fail(LineErrorKind::Colon, line.len()),
        _ => return fail(LineErrorKind::Name, name_end),
    }
    let mut at = name_end;
    let mut parameters = 0;
    loop {
        parameters += 1;
        if parameters > parameters_max {
            return fail(LineErrorKind::Parameters, at);
        }
        at = parameter_end(line, at + 1)?;
        if line.get(at) == Some(&b':') {
            return Ok(Parted { name_end, value: at + 1 });
        }
    }
}

/// Where a parameter ends: at a semicolon or colon outside quotes.
fn parameter_end(line: &[u8], start: usize) -> Result<usize, LineError> {
    let mut at = start;
    loop {
        let rest = line.get(at..).unwrap_or_default();
        let found = memchr3(b'"', b';', b':', rest).ok_or(LineError { kind: LineErrorKind::Colon, at: line.len() })?;
        at += found;
        if line.get(at) != Some(&b'"') {
            return Ok(at);
        }
        let quoted = line.get(at + 1..).unwrap_or_default();
        let length = memchr(b'"', quoted).ok_or(LineError { kind: LineErrorKind::Quote, at })?;
        at += length + 2;
    }
}

/// A parameter before it is decoded.
#[derive(Clone, Copy)]
struct Parameter<'a> {
    name: &'a [u8],
    value: &'a [u8],
}

impl<'a> Property<'a> {
    /// Takes an unfolded line apart.
    ///
    /// # Errors
    /// What the grammar of RFC 5545 §3.1 does not allow.
    pub fn parse(text: Cow<'a, [u8]>, parameters_max: usize) -> Result<Self, LineError> {
        let Parted { name_end, value } = parted(&text, parameters_max)?;
        Ok(Self { text, name_end, value })
    }

    /// The whole line, unfolded.
    pub fn line(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.text)
    }

    /// The name as written.
    pub fn name(&self) -> &str {
        std::str::from_utf8(self.text.get(..self.name_end).unwrap_or_default()).unwrap_or_default()
    }

    /// Whether it has that name; case does not matter.
    pub fn is(&self, name: &str) -> bool {
        self.text.get(..self.name_end).is_some_and(|own| own.eq_ignore_ascii_case(name.as_bytes()))
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

    /// Where the value starts in the unfolded line, in bytes.
    pub(crate) const fn value_start(&self) -> usize {
        self.value
    }

    /// The name, and each value decoded by RFC 6868, of every parameter.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, Vec<String>)> {
        self.undecoded_parameters().map(|parameter| {
            let values = separated(&String::from_utf8_lossy(parameter.value)).map(|value| decoded(value).into_owned()).collect();
            (std::str::from_utf8(parameter.name).unwrap_or_default(), values)
        })
    }

    /// The first value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        let parameter = self.undecoded_parameters().find(|parameter| parameter.name.eq_ignore_ascii_case(name.as_bytes()))?;
        match String::from_utf8_lossy(parameter.value) {
            Cow::Borrowed(text) => separated(text).next().map(decoded),
            Cow::Owned(text) => separated(&text).next().map(|value| Cow::Owned(decoded(value).into_owned())),
        }
    }

    fn undecoded_parameters(&self) -> impl Iterator<Item = Parameter<'_>> {
        let mut at = self.name_end;
        std::iter::from_fn(move || {
            let start = at + 1;
            if start >= self.value {
                return None;
            }
            at = parameter_end(&self.text, start).unwrap_or(self.value);
            let text = self.text.get(start..at).unwrap_or_default();
            let equals = memchr(b'=', text).unwrap_or(text.len());
            Some(Parameter { name: text.get(..equals).unwrap_or_default(), value: text.get(equals + 1..).unwrap_or_default() })
        })
    }
}

/// The values of a parameter: between commas outside quotes.
fn separated(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    })
}

/// A value without its quotes, `^n`, `^^` and `^'` decoded (RFC 6868 §3). Of what is neither the caret stays.
fn decoded(value: &str) -> Cow<'_, str> {
    let bare = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    if !bare.contains(['"', '^']) {
        return Cow::Borrowed(bare);
    }
    let mut out = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {}
            '^' => match characters.next() {
                Some('n') => out.push('\n'),
                Some('^') => out.push('^'),
                Some('\'') => out.push('"'),
                Some('"') => out.push('^'),
                Some(other) => out.extend(['^', other]),
                None => out.push('^'),
            },
            other => out.push(other),
        }
    }
    Cow::Owned(out)
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
        let error = |kind, at| LineError { kind, at };
        assert_eq!(parse("no colon"), error(LineErrorKind::Colon, 8));
        assert_eq!(parse("A;B=c"), error(LineErrorKind::Colon, 5));
        assert_eq!(parse("A B:c"), error(LineErrorKind::Name, 1));
        assert_eq!(parse(":c"), error(LineErrorKind::Name, 0));
        assert_eq!(parse("A;B=\"c:d"), error(LineErrorKind::Quote, 4));
        assert_eq!(parse("A;B=1;C=2;D=3:e"), error(LineErrorKind::Parameters, 9));
    }
}
