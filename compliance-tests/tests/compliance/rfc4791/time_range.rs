//! RFC 4791 §9.9: the tables of what lies in a time range.

use compliance_tests::account::{Account, component};

use super::{instant, range, within};

/// Puts a component and asks for it by ranges (see [`range`]); for each whether it is to be found.
fn table(account: &Account, kind: &str, lines: &[(&str, &str)], cases: &[(&str, bool)]) {
    let lines: String = lines
        .iter()
        .map(|(name, value)| format!("{name}:{}\r\n", if value.starts_with('P') { (*value).to_owned() } else { instant(value) }))
        .collect();
    account.put("a.ics", &component(kind, "a", &lines));
    ask(account, kind, cases);
}

fn ask(account: &Account, kind: &str, cases: &[(&str, bool)]) {
    for (text, expected) in cases {
        assert_eq!(account.found(&within(kind, text)).len(), usize::from(*expected), "{text}");
    }
}

/// As [`ask`], for a range on something inside an event.
fn ask_inside(account: &Account, kind: &str, filter: &str, name: &str, cases: &[(&str, bool)]) {
    for (text, expected) in cases {
        let filter = format!(
            "<C:comp-filter name=\"{kind}\"><C:{filter} name=\"{name}\"><C:time-range{}/></C:{filter}></C:comp-filter>",
            range(text)
        );
        assert_eq!(account.found(&filter).len(), usize::from(*expected), "{name} {text}");
    }
}

/// Half open on both sides, from 9 to 10.
const HOUR: [(&str, bool); 10] = [
    ("8-9", false),
    ("8-9:01", true),
    ("9-10", true),
    ("9:20-9:40", true),
    ("9:59-11", true),
    ("10-11", false),
    ("-9", false),
    ("-9:01", true),
    ("9:59-", true),
    ("10-", false),
];
/// At 9, included.
const MOMENT: [(&str, bool); 6] = [("8-9", false), ("8-9:01", true), ("9-10", true), ("9:01-10", false), ("-9", false), ("9-", true)];
/// The second day.
const DAY: [(&str, bool); 6] =
    [("23-24", false), ("23-24:01", true), ("30-31", true), ("47:59-49", true), ("48-49", false), ("-24", false)];

requirements! {
    fn vevent_with_dtend(account) {
        table(account, "VEVENT", &[("DTSTART", "9"), ("DTEND", "10")], &HOUR);
    }

    fn vevent_with_duration(account) {
        table(account, "VEVENT", &[("DTSTART", "9"), ("DURATION", "PT1H")], &HOUR);
    }

    fn vevent_with_no_duration(account) {
        table(account, "VEVENT", &[("DTSTART", "9"), ("DURATION", "PT0S")], &MOMENT);
    }

    fn vevent_with_a_start_alone(account) {
        table(account, "VEVENT", &[("DTSTART", "9")], &MOMENT);
    }

    fn vevent_of_a_day(account) {
        account.put("a.ics", &component("VEVENT", "a", "DTSTART;VALUE=DATE:20260602\r\n"));
        ask(account, "VEVENT", &DAY);
    }

    fn vevent_of_days_ends_before_dtend(account) {
        account.put("a.ics", &component("VEVENT", "a", "DTSTART;VALUE=DATE:20260602\r\nDTEND;VALUE=DATE:20260604\r\n"));
        ask(account, "VEVENT", &[("23-24", false), ("50-51", true), ("71:59-73", true), ("72-73", false)]);
    }

    fn vtodo_with_dtstart_and_duration(account) {
        table(
            account,
            "VTODO",
            &[("DTSTART", "9"), ("DURATION", "PT1H")],
            &[("8-9", false), ("8-9:01", true), ("9:20-9:40", true), ("10-11", true), ("10:01-11", false)],
        );
    }

    fn vtodo_with_dtstart_and_due(account) {
        table(
            account,
            "VTODO",
            &[("DTSTART", "9"), ("DUE", "10")],
            &[("8-9", false), ("8-9:01", true), ("9:20-9:40", true), ("9:59-11", true), ("10-11", false)],
        );
    }

    fn vtodo_with_due_at_dtstart(account) {
        table(account, "VTODO", &[("DTSTART", "9"), ("DUE", "9")], &[("8-9", true), ("9-10", true), ("9:01-10", false), ("8-8:59", false)]);
    }

    fn vtodo_with_dtstart_alone(account) {
        table(account, "VTODO", &[("DTSTART", "9")], &MOMENT);
    }

    fn vtodo_with_due_alone(account) {
        table(
            account,
            "VTODO",
            &[("DUE", "10")],
            &[("9-10", true), ("9:59-10:01", true), ("10-11", false), ("8-9:59", false), ("-10", true), ("9-", true)],
        );
    }

    fn vtodo_with_completed_and_created(account) {
        table(
            account,
            "VTODO",
            &[("CREATED", "9"), ("COMPLETED", "12")],
            &[("7-8:59", false), ("8-9", true), ("10-11", true), ("12-13", true), ("12:01-13", false)],
        );
    }

    fn vtodo_with_completed_alone(account) {
        table(account, "VTODO", &[("COMPLETED", "12")], &[("10-11:59", false), ("11-12", true), ("12-13", true), ("12:01-13", false)]);
    }

    fn vtodo_with_created_alone(account) {
        table(account, "VTODO", &[("CREATED", "9")], &[("8-9", false), ("8-9:01", true), ("20-21", true), ("20-", true)]);
    }

    fn vtodo_with_no_time(account) {
        table(account, "VTODO", &[], &[("8-9", true), ("-1", true), ("100-", true)]);
    }

    fn vjournal_at_a_time(account) {
        table(account, "VJOURNAL", &[("DTSTART", "9")], &MOMENT);
    }

    fn vjournal_of_a_day(account) {
        account.put("a.ics", &component("VJOURNAL", "a", "DTSTART;VALUE=DATE:20260602\r\n"));
        ask(account, "VJOURNAL", &DAY);
    }

    fn vjournal_with_no_time(account) {
        table(account, "VJOURNAL", &[], &[("8-9", false), ("-1", false), ("1-", false)]);
    }

    fn vfreebusy_with_start_and_end_or_periods(account) {
        let set = "<C:supported-calendar-component-set><C:comp name=\"VFREEBUSY\"/></C:supported-calendar-component-set>";
        let calendar = account.another_calendar(set);
        if account.client.put(&format!("{calendar}a.ifb"), &component("VFREEBUSY", "a", "")).status != 201 {
            return crate::skipped_elsewhere(account, "it takes no VFREEBUSY");
        }
        let found = |lines: &str, text: &str| {
            account.client.put(&format!("{calendar}a.ifb"), &component("VFREEBUSY", "a", lines));
            let body = format!(
                "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">{}</C:comp-filter></C:filter>",
                within("VFREEBUSY", text)
            );
            !account.client.report(&calendar, "1", "C:calendar-query", &body).multistatus().responses.is_empty()
        };
        let (start, end) = (instant("9"), instant("10"));
        for (text, expected) in [("8-9", false), ("8-9:01", true), ("10-11", true), ("10:01-11", false)] {
            assert_eq!(found(&format!("DTSTART:{start}\r\nDTEND:{end}\r\nFREEBUSY:{}/PT1H\r\n", instant("20")), text), expected, "{text}");
        }
        for (text, expected) in [("8-9", false), ("8-9:01", true), ("9:59-11", true), ("10-11", false)] {
            assert_eq!(found(&format!("FREEBUSY;FBTYPE=FREE:{start}/{end}\r\n"), text), expected, "{text}");
        }
    }

    fn valarm_before_the_start(account) {
        let alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:d\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n";
        account.put("a.ics", &component("VEVENT", "a", &format!("DTSTART:{}\r\nDTEND:{}\r\n{alarm}", instant("9"), instant("10"))));
        ask_inside(account, "VEVENT", "comp-filter", "VALARM", &[("8-8:45", false), ("8:45-9", true), ("8:46-9", false), ("9-10", false)]);
    }

    fn valarm_related_to_the_end(account) {
        let alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:d\r\nTRIGGER;RELATED=END:PT5M\r\nEND:VALARM\r\n";
        account.put("a.ics", &component("VTODO", "a", &format!("DTSTART:{}\r\nDUE:{}\r\n{alarm}", instant("9"), instant("10"))));
        ask_inside(account, "VTODO", "comp-filter", "VALARM", &[("9-10:05", false), ("10:05-10:06", true), ("10:06-11", false)]);
    }

    fn valarm_at_a_moment(account) {
        let alarm =
            format!("BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:d\r\nTRIGGER;VALUE=DATE-TIME:{}\r\nEND:VALARM\r\n", instant("20"));
        account.put("a.ics", &component("VEVENT", "a", &format!("DTSTART:{}\r\n{alarm}", instant("9"))));
        ask_inside(account, "VEVENT", "comp-filter", "VALARM", &[("8-10", false), ("19-20", false), ("20-21", true)]);
    }

    fn valarm_that_repeats(account) {
        let alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:d\r\nTRIGGER:-PT30M\r\nREPEAT:2\r\nDURATION:PT10M\r\nEND:VALARM\r\n";
        account.put("a.ics", &component("VEVENT", "a", &format!("DTSTART:{}\r\n{alarm}", instant("9"))));
        ask_inside(
            account,
            "VEVENT",
            "comp-filter",
            "VALARM",
            &[
                ("8:20-8:30", false),
                ("8:30-8:31", true),
                ("8:40-8:41", true),
                ("8:50-8:51", true),
                ("8:41-8:50", false),
                ("8:51-10", false),
            ],
        );
    }

    fn valarm_of_an_instance(account) {
        let alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:d\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n";
        account.put("a.ics", &component("VEVENT", "a", &format!("DTSTART:{}\r\nRRULE:FREQ=DAILY;COUNT=3\r\n{alarm}", instant("9"))));
        ask_inside(account, "VEVENT", "comp-filter", "VALARM", &[("32:45-33", true), ("56:45-57", true), ("80:45-81", false)]);
    }

    fn a_property_within_a_range(account) {
        table(account, "VTODO", &[("DTSTART", "9"), ("DUE", "10"), ("COMPLETED", "12"), ("CREATED", "7"), ("LAST-MODIFIED", "13")], &[]);
        for (name, hour) in [("DTSTART", 9), ("DUE", 10), ("COMPLETED", 12), ("CREATED", 7), ("LAST-MODIFIED", 13)] {
            let cases = [(format!("{hour}-{}", hour + 1), true), (format!("{}-{hour}", hour - 1), false), (format!("{hour}:01-"), false)];
            let cases: Vec<(&str, bool)> = cases.iter().map(|(text, expected)| (text.as_str(), *expected)).collect();
            ask_inside(account, "VTODO", "prop-filter", name, &cases);
        }
    }

    fn an_end_that_a_duration_gives_is_within_a_range(account) {
        table(account, "VEVENT", &[("DTSTART", "9"), ("DURATION", "PT1H")], &[]);
        ask_inside(account, "VEVENT", "prop-filter", "DTEND", &[("9-10", false), ("10-11", true), ("10:01-11", false)]);
        account.put("b.ics", &component("VTODO", "b", &format!("DTSTART:{}\r\nDURATION:PT1H\r\n", instant("9"))));
        ask_inside(account, "VTODO", "prop-filter", "DUE", &[("9-10", false), ("10-11", true), ("10:01-11", false)]);
    }
}
