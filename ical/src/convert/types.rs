//! The value type each property has where VALUE does not say otherwise, and how its values are laid out: one row for each name.

/// How a property's values stand beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One value.
    Single,
    /// Values between commas.
    List,
    /// Parts between semicolons, by their names in xCal.
    Structured(&'static [&'static str]),
}

use Shape::{List, Single, Structured};

/// `unknown` where the specification has no default: there VALUE is always written.
#[rustfmt::skip]
const PROPERTIES: &[(&str, &str, Shape)] = &[
    // RFC 5545 §3.7, §3.8.
    ("calscale",         "text",        Single),
    ("method",           "text",        Single),
    ("prodid",           "text",        Single),
    ("version",          "text",        Single),
    ("attach",           "uri",         Single),
    ("categories",       "text",        List),
    ("class",            "text",        Single),
    ("comment",          "text",        Single),
    ("description",      "text",        Single),
    ("geo",              "float",       Structured(&["latitude", "longitude"])),
    ("location",         "text",        Single),
    ("percent-complete", "integer",     Single),
    ("priority",         "integer",     Single),
    ("resources",        "text",        List),
    ("status",           "text",        Single),
    ("summary",          "text",        Single),
    ("completed",        "date-time",   Single),
    ("dtend",            "date-time",   Single),
    ("due",              "date-time",   Single),
    ("dtstart",          "date-time",   Single),
    ("duration",         "duration",    Single),
    ("freebusy",         "period",      List),
    ("transp",           "text",        Single),
    ("tzid",             "text",        Single),
    ("tzname",           "text",        Single),
    ("tzoffsetfrom",     "utc-offset",  Single),
    ("tzoffsetto",       "utc-offset",  Single),
    ("tzurl",            "uri",         Single),
    ("attendee",         "cal-address", Single),
    ("contact",          "text",        Single),
    ("organizer",        "cal-address", Single),
    ("recurrence-id",    "date-time",   Single),
    ("related-to",       "text",        Single),
    ("url",              "uri",         Single),
    ("uid",              "text",        Single),
    ("exdate",           "date-time",   List),
    ("exrule",           "recur",       Single),
    ("rdate",            "date-time",   List),
    ("rrule",            "recur",       Single),
    ("action",           "text",        Single),
    ("repeat",           "integer",     Single),
    ("trigger",          "duration",    Single),
    ("created",          "date-time",   Single),
    ("dtstamp",          "date-time",   Single),
    ("last-modified",    "date-time",   Single),
    ("sequence",         "integer",     Single),
    ("request-status",   "text",        Structured(&["code", "description", "data"])),
    // RFC 6321 §4.2.
    ("xml",              "text",        Single),
    // RFC 7808 §7.
    ("tzuntil",          "date-time",   Single),
    ("tzid-alias-of",    "text",        Single),
    // RFC 7953 §3.2.
    ("busytype",         "text",        Single),
    // RFC 7986 §5.
    ("name",             "text",        Single),
    ("refresh-interval", "unknown",     Single),
    ("source",           "unknown",     Single),
    ("color",            "text",        Single),
    ("image",            "unknown",     Single),
    ("conference",       "unknown",     Single),
    // RFC 9073 §6.
    ("location-type",    "text",        List),
    ("participant-type", "text",        Single),
    ("resource-type",    "text",        Single),
    ("calendar-address", "cal-address", Single),
    // RFC 9074 §6, §8.
    ("acknowledged",     "date-time",   Single),
    ("proximity",        "text",        Single),
    // RFC 9253 §8.
    ("refid",            "text",        Single),
    ("concept",          "uri",         Single),
];

fn row(name: &str) -> Option<&'static (&'static str, &'static str, Shape)> {
    PROPERTIES.iter().find(|(known, ..)| *known == name)
}

/// The value type of a property, its name in lower case, without VALUE.
pub(crate) fn default_type(name: &str) -> &'static str {
    row(name).map_or("unknown", |(_, value_type, _)| value_type)
}

/// How its values are laid out.
pub(crate) fn shape(name: &str) -> Shape {
    row(name).map_or(Single, |(.., shape)| *shape)
}

/// Parts of a recurrence rule that are numbers (RFC 7265 §3.6.10).
pub(crate) const NUMERIC_PARTS: &[&str] =
    &["count", "interval", "bysecond", "byminute", "byhour", "bymonthday", "byyearday", "byweekno", "bymonth", "bysetpos"];

/// The type of a parameter's values in xCal (RFC 6321 §3.5 and Appendix A).
pub(crate) fn parameter_type(name: &str) -> &'static str {
    match name {
        "altrep" | "dir" | "schema" => "uri",
        "delegated-from" | "delegated-to" | "member" | "sent-by" => "cal-address",
        "rsvp" => "boolean",
        "cn" | "cutype" | "encoding" | "fmttype" | "fbtype" | "language" | "partstat" | "range" | "related" | "reltype" | "role"
        | "tzid" | "display" | "email" | "feature" | "label" | "order" | "derived" | "linkrel" | "gap" => "text",
        _ => "unknown",
    }
}
