//! "Date with UTC time" (RFC 4791 §9.9): `20060104T000000Z`.
//!
//! ```
//! use kalends_ical::date::{format_utc, parse_utc};
//!
//! assert_eq!(parse_utc("19700101T000001Z"), Some(1_000_000));
//! assert_eq!(parse_utc("19700101T000001"), None);
//! assert_eq!(format_utc(1_000_000), "19700101T000001Z");
//! ```

use crate::UtcMicros;
use crate::civil::{DAY_SECONDS, date_of};
use crate::value::{Moment, Place};

/// Reads a date with UTC time; `None` for anything else.
pub fn parse_utc(text: &str) -> Option<UtcMicros> {
    let moment = Moment::parse(text.trim(), None)?;
    (moment.place == Place::Utc).then(|| moment.local * 1_000_000)
}

/// Writes a date with UTC time, from UTC microseconds; fractions of a second are left out.
pub fn format_utc(at: UtcMicros) -> String {
    format!("{}Z", format_local(at.div_euclid(1_000_000)))
}

/// Wall-clock seconds as `20060104T000000`.
pub(crate) fn format_local(local: i64) -> String {
    let seconds = local.rem_euclid(DAY_SECONDS);
    format!("{}T{:02}{:02}{:02}", format_date(local), seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Wall-clock seconds as `20060104`.
pub(crate) fn format_date(local: i64) -> String {
    let (year, month, day) = date_of(local.div_euclid(DAY_SECONDS));
    format!("{year:04}{month:02}{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc4791_s9_9_only_utc_is_read_and_it_reads_back() {
        let at = parse_utc("20060104T013059Z").unwrap();
        assert_eq!(format_utc(at + 999_999), "20060104T013059Z");
        assert_eq!(parse_utc("20060104T000000"), None);
        assert_eq!(parse_utc("20060104"), None);
        assert_eq!(format_utc(-1), "19691231T235959Z");
    }
}
