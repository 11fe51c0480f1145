//! Calendar users: who an object is about, by address (RFC 5545 §3.3.3, §3.8.4.1, §3.8.4.3).

use crate::content_line::Property;
use crate::object::CalendarObject;

/// Attendees of one object that its [`Facts`](crate::Facts) list.
pub const ATTENDEES_MAX: usize = 1_000;
/// So many are compared one by one; among more an address is searched for.
const FEW: u16 = 16;

/// The address of a calendar user in the form addresses are compared in: two of the same user that differ only in spelling are equal.
///
/// ```
/// use kalends_ical::calendar_user::CalendarUserAddress;
///
/// let address = CalendarUserAddress::of("MAILTO:Bernard@Example.com").ok_or("an address")?;
/// assert_eq!(address.as_str(), "mailto:bernard@example.com");
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CalendarUserAddress(String);

impl CalendarUserAddress {
    /// Reads the value of an ORGANIZER or ATTENDEE; `None` for an empty one. A mail address without `mailto:` is taken for one with it.
    pub fn of(value: &str) -> Option<Self> {
        let mut address = String::new();
        normalise(value, &mut address);
        (!address.is_empty()).then_some(Self(address))
    }

    /// The address, usually `mailto:` and a mail address in small letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for CalendarUserAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Writes an address as RFC 3986 §6.2.2 has it normalised: scheme and host in small letters, percent signs only where one is needed.
fn normalise(value: &str, out: &mut String) {
    let value = value.trim();
    let (scheme, rest) = match value.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
        Some((scheme, rest)) => (scheme, rest.trim_start()),
        None if value.contains('@') => ("mailto", value),
        None => ("", value),
    };
    out.clear();
    out.reserve(scheme.len() + 1 + rest.len());
    if !scheme.is_empty() {
        out.push_str(scheme);
        out.push(':');
    }
    let (folded, exact) = rest.split_at_checked(caseless_bytes(scheme, rest)).unwrap_or((rest, ""));
    push_decoded(folded, out);
    out.make_ascii_lowercase();
    push_decoded(exact, out);
}

/// RFC 3986 §3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// How many bytes behind the scheme mean the same in capitals.
fn caseless_bytes(scheme: &str, rest: &str) -> usize {
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    if is("mailto") {
        // RFC 5321 §2.4 lets the local part have a case; no mail service in use gives one a meaning, clients change it at will, and
        // calendar servers all compare it without.
        return rest.len();
    }
    if is("urn") {
        // RFC 8141 §3.1, RFC 9562 §4.
        let (namespace, _) = rest.split_once(':').unwrap_or((rest, ""));
        return if namespace.eq_ignore_ascii_case("uuid") { rest.len() } else { namespace.len() };
    }
    if is("http") || is("https") {
        // Whoever has a name and password in a principal's URL has their case folded too.
        let authority = rest.strip_prefix("//").unwrap_or_default();
        return if authority.is_empty() { 0 } else { 2 + authority.find('/').unwrap_or(authority.len()) };
    }
    0
}

/// RFC 3986 §6.2.2.1, §6.2.2.2: what need not be percent-encoded is not, the rest has its digits in capitals.
fn push_decoded(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        rest = after;
        let Some((digits, behind)) = after.split_at_checked(2).filter(|(digits, _)| digits.bytes().all(|b| b.is_ascii_hexdigit())) else {
            out.push('%');
            continue;
        };
        rest = behind;
        match u8::from_str_radix(digits, 16) {
            Ok(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => out.push(char::from(byte)),
            _ => {
                out.push('%');
                out.extend(digits.chars().map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
    out.push_str(rest);
}

/// The calendar users of an object, over its master and its overrides.
#[derive(Debug, Default)]
pub(crate) struct CalendarUsers {
    /// The first organizer.
    pub organizer: Option<CalendarUserAddress>,
    /// Whether there is another one.
    pub organizers_differ: bool,
    /// The attendees in the order they appear first, each once, [`ATTENDEES_MAX`] at most.
    pub attendees: Vec<CalendarUserAddress>,
    /// Whether there are more.
    pub more_attendees: bool,
    /// Where each stands in `attendees`, in order of addresses; empty while they are few.
    sorted: Vec<u16>,
}

impl CalendarUsers {
    pub fn of(object: &CalendarObject) -> Self {
        let mut users = Self::default();
        let mut address = String::new();
        for component in object.main_components() {
            let bytes = component.bytes();
            for span in component.own_lines() {
                let is_organizer = span.is_named(bytes, "ORGANIZER");
                if !is_organizer && (users.more_attendees || !span.is_named(bytes, "ATTENDEE")) {
                    continue;
                }
                let Ok(property) = Property::parse(span.unfolded(bytes), usize::MAX) else { continue };
                normalise(&property.value(), &mut address);
                if address.is_empty() {
                    continue;
                }
                if is_organizer { users.add_organizer(&mut address) } else { users.add_attendee(&mut address) }
            }
        }
        users
    }

    fn add_organizer(&mut self, address: &mut String) {
        match &self.organizer {
            None => self.organizer = Some(CalendarUserAddress(std::mem::take(address))),
            Some(first) => self.organizers_differ |= first.as_str() != address,
        }
    }

    fn add_attendee(&mut self, address: &mut String) {
        let attendees = &self.attendees;
        let at = |index: u16| attendees.get(usize::from(index)).map_or("", CalendarUserAddress::as_str);
        if attendees.len() < usize::from(FEW) {
            if attendees.iter().any(|known| known.as_str() == address) {
                return;
            }
        } else {
            if self.sorted.is_empty() {
                self.sorted.extend(0..FEW);
                self.sorted.sort_unstable_by_key(|index| at(*index));
            }
            let Err(place) = self.sorted.binary_search_by(|index| at(*index).cmp(address)) else { return };
            match u16::try_from(attendees.len()) {
                Ok(index) if attendees.len() < ATTENDEES_MAX => self.sorted.insert(place, index),
                _ => {
                    self.more_attendees = true;
                    return;
                }
            }
        }
        self.attendees.push(CalendarUserAddress(std::mem::take(address)));
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{Facts, Limits};

    fn facts(lines: &[&str]) -> Facts {
        let components: String =
            lines.iter().map(|lines| format!("BEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260101T090000Z\r\n{lines}END:VEVENT\r\n")).collect();
        let text = format!("BEGIN:VCALENDAR\r\n{components}END:VCALENDAR\r\n");
        CalendarObject::parse(Bytes::from(text), &Limits::default()).unwrap().facts()
    }

    fn attendees(facts: &Facts) -> Vec<&str> {
        facts.attendees.iter().map(CalendarUserAddress::as_str).collect()
    }

    #[test]
    fn rfc3986_s6_2_2_addresses_of_one_user_are_equal() {
        for (first, second) in [
            ("mailto:a@example.com", "MAILTO:A@Example.COM"),
            ("mailto:a@example.com", " mailto: a@example.com "),
            ("mailto:a@example.com", "a@example.com"),
            ("mailto:a-b@example.com", "mailto:%61%2db@example.com"),
            ("mailto:a%2bb@example.com", "mailto:a%2Bb@example.com"),
            ("urn:uuid:F81D4FAE-7dec-11d0-a765-00a0c91e6bf6", "URN:UUID:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
            ("https://Cal.Example.com/principals/a/", "HTTPS://cal.example.com/principals/%61/"),
            ("invalid:nomail", "INVALID:nomail"),
        ] {
            assert_eq!(CalendarUserAddress::of(first), CalendarUserAddress::of(second), "{first} {second}");
        }
        for (first, second) in [
            ("mailto:a@example.com", "mailto:b@example.com"),
            ("https://example.com/a/", "https://example.com/A/"),
            ("/principals/a/", "/principals/A/"),
            ("urn:x:a", "urn:x:A"),
            ("mailto:a%2Fb@example.com", "mailto:a/b@example.com"),
        ] {
            assert_ne!(CalendarUserAddress::of(first), CalendarUserAddress::of(second), "{first} {second}");
        }
        for odd in ["100%", "mailto:%", "mailto:%4", "mailto:%+1@b", "mailto:%é", "http://", "urn:", "é%41"] {
            let once = CalendarUserAddress::of(odd).unwrap();
            assert_eq!(CalendarUserAddress::of(once.as_str()), Some(once), "{odd}");
        }
        assert_eq!(CalendarUserAddress::of(" "), None);
    }

    #[test]
    fn rfc5545_s3_8_4_1_attendees_of_all_components_each_once_in_order() {
        let facts = facts(&[
            "ATTENDEE;CN=\"B: b\":mailto:b@example.com\r\nORGANIZER:mailto:o@example.com\r\nattendee:mailto:a@example.com\r\n\
             BEGIN:VALARM\r\nATTENDEE:mailto:alarm@example.com\r\nEND:VALARM\r\n",
            "RECURRENCE-ID:20260102T090000Z\r\nORGANIZER;CN=O:MAILTO:O@EXAMPLE.COM\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:A@example.com\r\n\
             ATTEN\r\n DEE:mailto:c@exam\r\n ple.com\r\nATTENDEE:\r\nATTENDEES:mailto:x@example.com\r\n",
        ]);
        assert_eq!(attendees(&facts), ["mailto:b@example.com", "mailto:a@example.com", "mailto:c@example.com"]);
        assert_eq!(facts.organizer.as_ref().map(CalendarUserAddress::as_str), Some("mailto:o@example.com"));
        assert_eq!((facts.organizers_differ, facts.more_attendees), (false, false));
    }

    #[test]
    fn rfc6638_s3_2_4_2_organizers_that_differ_are_told() {
        let facts = facts(&["ORGANIZER:mailto:o@example.com\r\n", "RECURRENCE-ID:20260102T090000Z\r\nORGANIZER:mailto:p@example.com\r\n"]);
        assert_eq!(facts.organizer.as_ref().map(CalendarUserAddress::as_str), Some("mailto:o@example.com"));
        assert!(facts.organizers_differ);
    }

    #[test]
    fn attendees_are_bounded_and_that_is_told() {
        // Those of the first half come again.
        let one = |n: usize| format!("ATTENDEE:mailto:{n}@example.com\r\n");
        let lines = |count: usize| (0..count).map(|n| one(n) + &one(n / 2)).collect::<String>();
        let many = facts(&[&lines(ATTENDEES_MAX)]);
        assert_eq!((many.attendees.len(), many.more_attendees), (ATTENDEES_MAX, false));
        let more = facts(&[&lines(ATTENDEES_MAX + 1)]);
        assert_eq!((more.attendees.len(), more.more_attendees), (ATTENDEES_MAX, true));
        assert_eq!(more.attendees, many.attendees);
    }
}
