//! JSCalendar (RFC 8984) from and to iCalendar, by draft-ietf-calext-jscalendar-icalendar ("the draft"), without loss.
//!
//! Where the draft follows the revision of JSCalendar, so does what is written: recurrenceRule, organizerCalendarAddress,
//! calendarAddress. What RFC 8984 has instead (recurrenceRules, excludedRecurrenceRules, replyTo, sendTo) is read as well; the parameter
//! X-JSPTR remembers it, as X-JSROLES does roles that ROLE has no word for. RFC 8984 also has what the draft leaves to implementations:
//! time zones of one's own, scheduling parameters and request statuses.
//!
//! What has no counterpart is carried: iCalendar in the property "iCalendar" (draft §5.1.1), JSCalendar in JSPROP (draft §4.1.2). What
//! that is, no list says: each conversion is undone again, and what does not come back is carried as it is. Properties that this
//! conversion adds because iCalendar asks for them have DERIVED=TRUE (RFC 9073 §5.3), and are left out on the way back.

mod alert;
mod attendee;
mod description;
mod entry;
mod group;
mod key;
mod link;
mod location;
mod made;
mod node;
mod object;
mod participant;
mod patch;
mod rule;
mod schedule;
mod table;
#[cfg(test)]
mod tests;
mod time;
mod zone;

use node::Node;

use crate::Limits;
use crate::component::Component;
use crate::convert::{ConversionError, faithful, json};

/// The kinds of objects that components become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Group,
    Event,
    Task,
    Alert,
    Location,
    Participant,
    Zone,
    ZoneRule,
}

impl Kind {
    /// Its "@type".
    const fn type_name(self) -> &'static str {
        match self {
            Self::Group => "Group",
            Self::Event => "Event",
            Self::Task => "Task",
            Self::Alert => "Alert",
            Self::Location => "Location",
            Self::Participant => "Participant",
            Self::Zone => "TimeZone",
            Self::ZoneRule => "TimeZoneRule",
        }
    }

    /// The component it is in iCalendar.
    const fn component(self) -> &'static str {
        match self {
            Self::Group => "vcalendar",
            Self::Event => "vevent",
            Self::Task => "vtodo",
            Self::Alert => "valarm",
            Self::Location => "vlocation",
            Self::Participant => "participant",
            Self::Zone => "vtimezone",
            Self::ZoneRule => "standard",
        }
    }
}

/// A VCALENDAR as JSCalendar: an Event or a Task where it holds one of them and says nothing more, else a Group (draft §2.1.1).
///
/// # Errors
/// What no content line can hold, and so would not come back: odd names, control characters.
pub fn write(component: &Component<'_>) -> Result<String, ConversionError> {
    faithful::check(component)?;
    let mut node = Node::of(component);
    if node.name != "vcalendar" {
        node = Node { inside: vec![node], ..Node::new("vcalendar") };
    }
    Ok(serde_json::Value::Object(group::object_of(&node)).to_string())
}

/// A JSCalendar text as iCalendar, lines folded (draft §3).
///
/// # Errors
/// What is no Event, Task or Group, or holds what content lines cannot; more than the limits allow.
pub fn read(text: &str, limits: &Limits) -> Result<Vec<u8>, ConversionError> {
    if text.len() > limits.object_bytes_max {
        return Err(ConversionError(format!("the JSCalendar text has more than {} bytes", limits.object_bytes_max)));
    }
    let serde_json::Value::Object(object) = json::parse(text)? else {
        return Err(ConversionError("the text is no Event, Task or Group: those are JSON objects".to_owned()));
    };
    let node = group::calendar_of(&object, limits)?;
    let mut out = Vec::with_capacity(text.len());
    node.write(&mut out)?;
    Ok(out)
}
