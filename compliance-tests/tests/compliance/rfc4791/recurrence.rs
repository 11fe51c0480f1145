//! RFC 4791 §7.3, §7.4, §9.8, §9.9: time ranges on what recurs, and on what hangs in no time zone.

use compliance_tests::account::{Account, component, event_with};

use super::{NEW_YORK, instant, new_york_component, within};

/// Asks for events by ranges; for each how many are to be found.
fn ask(account: &Account, cases: &[(&str, usize)]) {
    for (text, expected) in cases {
        assert_eq!(account.found(&within("VEVENT", text)).len(), *expected, "{text}");
    }
}

/// Daily at 9 for an hour.
fn series(lines: &str) -> String {
    event_with("a", &format!("DTSTART:{}\r\nDTEND:{}\r\n{lines}", instant("9"), instant("10")))
}

fn with_component(calendar: &str, extra: &str) -> String {
    calendar.replace("END:VCALENDAR\r\n", &format!("{extra}END:VCALENDAR\r\n"))
}

requirements! {
    fn s9_9_every_instance_of_a_rule_counts(account) {
        account.put("a.ics", &series("RRULE:FREQ=DAILY;COUNT=3\r\n"));
        ask(account, &[("9-10", 1), ("10-33", 0), ("33-34", 1), ("57:59-60", 1), ("58-", 0), ("-9", 0)]);
    }

    fn s9_9_a_rule_without_an_end_never_ends(account) {
        account.put("a.ics", &series("RRULE:FREQ=DAILY\r\n"));
        let year_2090 =
            "<C:comp-filter name=\"VEVENT\"><C:time-range start=\"20900101T090000Z\" end=\"20900101T093000Z\"/></C:comp-filter>";
        assert_eq!(account.found(year_2090), ["a.ics"]);
        let between = year_2090.replace("T09", "T11");
        assert_eq!(account.found(&between).len(), 0);
    }

    fn s9_9_until_is_the_last_instance(account) {
        account.put("a.ics", &series(&format!("RRULE:FREQ=DAILY;UNTIL={}\r\n", instant("33"))));
        ask(account, &[("33-34", 1), ("57-58", 0)]);
    }

    fn s9_9_excluded_instances_do_not_count(account) {
        account.put("a.ics", &series(&format!("RRULE:FREQ=DAILY;COUNT=3\r\nEXDATE:{}\r\n", instant("33"))));
        ask(account, &[("9-10", 1), ("33-34", 0), ("57-58", 1)]);
    }

    fn s9_9_added_instances_count(account) {
        account.put("a.ics", &series(&format!("RDATE:{},{}\r\n", instant("15"), instant("40"))));
        ask(account, &[("9-10", 1), ("15-16", 1), ("40:30-41", 1), ("33-34", 0)]);
    }

    fn s9_9_an_override_moves_its_instance(account) {
        let moved = format!(
            "BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:{}\r\nDTSTART:{}\r\nDTEND:{}\r\nEND:VEVENT\r\n",
            instant("33"),
            instant("44"),
            instant("45")
        );
        account.put("a.ics", &with_component(&series("RRULE:FREQ=DAILY;COUNT=3\r\n"), &moved));
        ask(account, &[("33-34", 0), ("44-45", 1), ("57-58", 1)]);
    }

    fn s9_9_an_override_alone_counts(account) {
        let alone = format!("RECURRENCE-ID:{}\r\nDTSTART:{}\r\nDTEND:{}\r\n", instant("33"), instant("44"), instant("45"));
        account.put("a.ics", &event_with("a", &alone));
        ask(account, &[("33-34", 0), ("44-45", 1)]);
    }

    fn s9_9_tasks_recur_too(account) {
        account.put(
            "a.ics",
            &component("VTODO", "a", &format!("DTSTART:{}\r\nDUE:{}\r\nRRULE:FREQ=DAILY;COUNT=2\r\n", instant("9"), instant("10"))),
        );
        for (text, expected) in [("33-34", 1), ("57-58", 0)] {
            assert_eq!(account.found(&within("VTODO", text)).len(), expected, "{text}");
        }
    }

    fn s7_4_an_instance_that_began_before_the_range_counts(account) {
        account.put("a.ics", &event_with("a", &format!("DTSTART:{}\r\nDURATION:P2D\r\nRRULE:FREQ=WEEKLY;COUNT=2\r\n", instant("9"))));
        ask(account, &[("56-56:30", 1), ("57-58", 0), ("224-225", 1)]);
    }

    fn s7_4_a_zone_of_the_object_is_relied_on(account) {
        let event = event_with("a", "DTSTART;TZID=Test-Eastern:20260601T090000\r\nDTEND;TZID=Test-Eastern:20260601T100000\r\n");
        account.put("a.ics", &event.replace("BEGIN:VEVENT", &format!("{}BEGIN:VEVENT", new_york_component())));
        ask(account, &[("9-10", 0), ("13-14", 1), ("12-13", 0), ("14-15", 0)]);
    }

    fn s7_4_a_series_follows_the_clock_of_its_zone(account) {
        let event = event_with("a", "DTSTART;TZID=Test-Eastern:20260101T090000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY\r\n");
        account.put("a.ics", &event.replace("BEGIN:VEVENT", &format!("{}BEGIN:VEVENT", new_york_component())));
        // In winter 9 o'clock is 14 UTC, in summer 13 UTC.
        ask(account, &[("13-14", 1), ("14-15", 0)]);
    }

    fn s7_3_floating_time_is_in_the_calendars_zone(account) {
        account.client.set(&account.calendar, &format!("<C:calendar-timezone><![CDATA[{NEW_YORK}]]></C:calendar-timezone>"));
        account.put("a.ics", &event_with("a", "DTSTART:20260601T090000\r\nDTEND:20260601T100000\r\n"));
        account.put("b.ics", &event_with("b", "DTSTART;VALUE=DATE:20260603\r\n"));
        ask(account, &[("9-10", 0), ("13-14", 1), ("48-52", 0), ("52-53", 1), ("75-76", 1), ("76-77", 0)]);
    }

    fn s9_8_floating_time_is_in_the_zone_of_the_query(account) {
        account.put("a.ics", &event_with("a", "DTSTART:20260601T090000\r\nDTEND:20260601T100000\r\n"));
        let found = |text: &str| {
            let filter = format!("<C:filter><C:comp-filter name=\"VCALENDAR\">{}</C:comp-filter></C:filter>", within("VEVENT", text));
            let body = format!("<D:prop><D:getetag/></D:prop>{filter}<C:timezone><![CDATA[{NEW_YORK}]]></C:timezone>");
            account.client.report(&account.calendar, "1", "C:calendar-query", &body).multistatus().responses.len()
        };
        assert_eq!((found("9-10"), found("13-14")), (0, 1));
    }
}
