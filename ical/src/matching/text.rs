//! Comparing text by collation: RFC 4790 §9, RFC 5051.

use crate::filter::{Collation, TextMatch};

/// Whether a value holds the text that is looked for, or, negated, does not.
pub(super) fn matches(wanted: &TextMatch, value: &str) -> bool {
    let found = match wanted.collation {
        Collation::Octet => value.contains(&wanted.text),
        Collation::AsciiCasemap => value.to_ascii_lowercase().contains(&wanted.text.to_ascii_lowercase()),
        Collation::UnicodeCasemap => folded(value).contains(&folded(&wanted.text)),
    };
    found != wanted.negate
}

/// Upper and lower case made one, by way of both: `ß` and `SS`, the two small sigmas.
fn folded(text: &str) -> String {
    text.to_uppercase().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(collation: Collation, text: &str, value: &str) -> bool {
        matches(&TextMatch { text: text.to_owned(), collation, negate: false }, value)
    }

    #[test]
    fn rfc4791_s7_5_collations_differ_in_what_they_take_for_the_same() {
        assert!(found(Collation::AsciiCasemap, "bASTILLE", "Bastille Day"));
        assert!(!found(Collation::AsciiCasemap, "KÄSE", "käse"));
        assert!(found(Collation::UnicodeCasemap, "KÄSE", "käse"));
        assert!(found(Collation::UnicodeCasemap, "STRASSE", "Straße"));
        assert!(!found(Collation::Octet, "bastille", "Bastille"));
        assert!(matches(&TextMatch { text: "x".into(), collation: Collation::Octet, negate: true }, "abc"));
    }
}
