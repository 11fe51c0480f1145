//! RFC 4791: Calendaring Extensions to WebDAV (CalDAV).

mod collection;
mod copy_move;
mod data;
mod free_busy;
mod multiget;
mod put;
mod query;
mod recurrence;
mod time_range;

/// An iCalendar object with the time zone of New York, under a name that is nobody else's.
const NEW_YORK: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//test//EN\r\nBEGIN:VTIMEZONE\r\nTZID:Test-Eastern\r\nBEGIN:STANDARD\r\nDTSTART:19671029T020000\r\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11\r\nTZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\nTZNAME:EST\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:19870405T020000\r\nRRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\nTZNAME:EDT\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n";

/// The VTIMEZONE in it.
fn new_york_component() -> String {
    let from = NEW_YORK.find("BEGIN:VTIMEZONE").expect("it begins");
    let until = NEW_YORK.find("END:VCALENDAR").expect("it ends");
    NEW_YORK[from..until].to_owned()
}

/// An instant on 2026-06-01 by its hour, `9:30`; hours from 24 on are the days after.
fn instant(hour: &str) -> String {
    let (hour, minute) = hour.split_once(':').unwrap_or((hour, "0"));
    let (hour, minute): (u32, u32) = (hour.parse().expect("an hour"), minute.parse().expect("a minute"));
    format!("202606{:02}T{:02}{minute:02}00Z", 1 + hour / 24, hour % 24)
}

/// The attributes of a range, `9-10:30`; a side may be left open.
fn range(text: &str) -> String {
    let (start, end) = text.split_once('-').expect("two sides");
    let side = |name: &str, hour: &str| if hour.is_empty() { String::new() } else { format!(" {name}=\"{}\"", instant(hour)) };
    format!("{}{}", side("start", start), side("end", end))
}

/// A filter for components with an instance in a range.
fn within(component: &str, text: &str) -> String {
    format!("<C:comp-filter name=\"{component}\"><C:time-range{}/></C:comp-filter>", range(text))
}
