//! JSON that says one thing only.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value as Json;

use super::ConversionError;

/// Reads a JSON text.
///
/// # Errors
/// What is no JSON, is nested deeper than 128 levels, or has an object with two members of one name: of these only the last would be read
/// (RFC 8259 §4).
pub(super) fn parse(text: &str) -> Result<Json, ConversionError> {
    let json = serde_json::from_str(text).map_err(|error| ConversionError(format!("the text is not JSON: {error}")))?;
    match name_twice(text) {
        Some(name) => Err(ConversionError(format!("an object has two members named {name:.60?}"))),
        None => Ok(json),
    }
}

/// The first name that an object of a JSON text has twice.
fn name_twice(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    // The names in each open object; nothing for an array.
    let mut open: Vec<Option<HashSet<Cow<'_, str>>>> = Vec::new();
    let mut is_name_next = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' => open.push(Some(HashSet::new())),
            b'[' => open.push(None),
            b'}' | b']' => drop(open.pop()),
            b'"' => {
                let end = string_end(bytes, at + 1);
                if let (true, Some(Some(names))) = (is_name_next, open.last_mut()) {
                    let name = decoded(text.get(at..=end).unwrap_or_default());
                    if !names.insert(name.clone()) {
                        return Some(name.into_owned());
                    }
                }
                at = end;
            }
            _ => {}
        }
        match byte {
            b'{' => is_name_next = true,
            b',' => is_name_next = matches!(open.last(), Some(Some(_))),
            b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => is_name_next = false,
        }
        at += 1;
    }
    None
}

/// Where a string ends that begins there.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            Some(b'"') | None => return at,
            Some(_) => at += 1,
        }
    }
}

fn decoded(string: &str) -> Cow<'_, str> {
    if string.contains('\\') {
        return Cow::Owned(serde_json::from_str(string).unwrap_or_default());
    }
    Cow::Borrowed(string.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc8259_s4_a_name_that_stands_twice_is_refused() {
        for bad in [r#"{"a":1,"a":2}"#, r#"[{"b":{"a":1, "c":[], "\u0061" :2}}]"#, r#"{"\"":1,"\"":1}"#, r#"{"":1,"":1}"#] {
            assert!(parse(bad).unwrap_err().0.contains("two members"), "{bad}");
        }
        for good in [r#"{"a":"a","b":"a","c":["a","a",{"a":1}]}"#, r#"[{"a":1},{"a":1}]"#, r#"{"\\":"\"","x":{"\\":{}}}"#, "[]"] {
            assert!(parse(good).is_ok(), "{good}");
        }
    }
}
