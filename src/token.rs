//! Sync tokens (RFC 6578 §4) and ctags: opaque URIs that name a place in a home's log.

use crate::store::{CollectionId, HomeId, Position};

/// Evolution reads only tokens with a colon or a slash in them as tokens.
const PREFIX: &str = "urn:kalends:sync:";

/// A place in the log of a home, as one of its collections sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncToken {
    pub home: HomeId,
    /// [`CollectionId::HOME`] for the home's own token.
    pub collection: CollectionId,
    pub position: Position,
    /// In the middle of a first synchronisation that was cut short: how far its members were listed, in the order of their last put.
    pub listed: Option<Position>,
}

impl SyncToken {
    pub fn new(home: HomeId, collection: CollectionId, position: Position) -> Self {
        Self { home, collection, position, listed: None }
    }

    /// Reads a token of that collection; `None` for anything else: another collection's, a foreign or a made-up one.
    pub fn read(text: &str, home: HomeId, collection: CollectionId) -> Option<Self> {
        let mut parts = text.strip_prefix(PREFIX)?.split('-');
        let mut number = || parts.next().map(number_of);
        let token = Self {
            home: HomeId(number()??),
            collection: CollectionId(number()??),
            position: Position(number()??),
            listed: match number() {
                None => None,
                Some(listed) => Some(Position(listed?)),
            },
        };
        let whole = parts.next().is_none();
        (whole && token.home == home && token.collection == collection).then_some(token)
    }
}

/// Digits alone, in the one spelling this server writes.
fn number_of(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

impl std::fmt::Display for SyncToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{PREFIX}{}-{}-{}", self.home.0, self.collection.0, self.position.0)?;
        self.listed.map_or(Ok(()), |listed| write!(f, "-{}", listed.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6578_s4_a_token_reads_back_for_its_own_collection_alone() {
        let token = SyncToken { home: HomeId(3), collection: CollectionId(4), position: Position(17), listed: Some(Position(9)) };
        let text = token.to_string();
        assert_eq!(SyncToken::read(&text, HomeId(3), CollectionId(4)), Some(token));
        assert_eq!(SyncToken::read(&text, HomeId(3), CollectionId(5)), None);
        assert_eq!(SyncToken::read(&text, HomeId(2), CollectionId(4)), None);
    }

    #[test]
    fn s3_foreign_tokens_are_not_read() {
        for text in [
            "",
            "urn:x",
            "urn:kalends:sync:",
            "urn:kalends:sync:3-4",
            "urn:kalends:sync:3-4-x",
            "urn:kalends:sync:3-4-+1",
            "urn:kalends:sync:3-4-5-6-7",
            "urn:kalends:sync:3-4--5",
        ] {
            assert_eq!(SyncToken::read(text, HomeId(3), CollectionId(4)), None, "{text}");
        }
    }
}
