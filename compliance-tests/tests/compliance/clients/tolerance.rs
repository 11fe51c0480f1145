//! T1 to T10: what the standard does not allow, or only just, and clients send nevertheless. It is taken, kept and read sensibly.

use compliance_tests::account::{Account, event, event_with};

/// Puts an object and gives the starts of its instances in June 2026, in UTC.
fn starts(account: &Account, body: &str) -> Vec<String> {
    account.put("a.ics", body);
    let answer = account.query("<C:expand start=\"20260601T000000Z\" end=\"20260701T000000Z\"/>", "");
    let data = answer.only().value("C:calendar-data").to_owned();
    let values = data.lines().filter_map(|line| line.strip_prefix("DTSTART")).filter_map(|rest| rest.rsplit(':').next());
    values.map(|value| value.trim().to_owned()).collect()
}

fn found(account: &Account, from: &str, until: &str) -> bool {
    let range = format!("<C:comp-filter name=\"VEVENT\"><C:time-range start=\"{from}\" end=\"{until}\"/></C:comp-filter>");
    !account.found(&range).is_empty()
}

requirements! {
    fn t1_an_end_beside_a_duration_of_nothing(account) {
        assert_eq!(
            starts(account, &event_with("a", "DTSTART:20260601T090000Z\r\nDTEND:20260601T100000Z\r\nDURATION:PT0S\r\n")),
            ["20260601T090000Z"]
        );
        assert!(found(account, "20260601T093000Z", "20260601T094500Z"));
    }

    fn t2_a_date_excludes_the_instance_of_its_day(account) {
        let body = event_with("a", "DTSTART:20260601T090000Z\r\nRRULE:FREQ=DAILY;COUNT=3\r\nEXDATE;VALUE=DATE:20260602\r\n");
        assert_eq!(starts(account, &body), ["20260601T090000Z", "20260603T090000Z"]);
    }

    fn t3_until_without_z_or_as_a_date(account) {
        for until in ["20260602T090000", "20260602"] {
            let body = event_with("a", &format!("DTSTART;TZID=Europe/Berlin:20260601T090000\r\nRRULE:FREQ=DAILY;UNTIL={until}\r\n"));
            assert_eq!(starts(account, &body), ["20260601T070000Z", "20260602T070000Z"], "{until}");
        }
    }

    fn t4_control_characters_are_kept_and_do_not_break_xml(account) {
        account.put("a.ics", &event_with("a", "DTSTART:20260601T090000Z\r\nSUMMARY:a\u{7}b\u{1b}c\r\n"));
        let answer = account.client.report(
            &account.calendar,
            "1",
            "C:calendar-multiget",
            &format!("<D:prop><C:calendar-data/></D:prop><D:href>{}</D:href>", account.object("a.ics")),
        );
        assert!(answer.body.iter().all(|byte| *byte >= 32 || matches!(byte, b'\r' | b'\n' | b'\t')), "{}", answer.text());
        assert!(answer.multistatus().only().value("C:calendar-data").contains("SUMMARY:"));
    }

    fn t5_names_of_zones_as_clients_write_them(account) {
        for zone in [
            "Europe/Berlin",
            "\"Europe/Berlin\"",
            "Europe/Berlin ",
            "W. Europe Standard Time",
            "/freeassociation.sourceforge.net/Europe/Berlin",
        ] {
            let body = event_with("a", &format!("DTSTART;TZID={zone}:20260601T090000\r\n"));
            assert_eq!(starts(account, &body), ["20260601T070000Z"], "{zone}");
        }
    }

    fn t6_a_master_with_a_recurrence_id_of_its_own(account) {
        let body = event_with("a", "DTSTART:20260601T090000Z\r\nRECURRENCE-ID:20260601T090000Z\r\nRRULE:FREQ=DAILY;COUNT=2\r\n");
        assert_eq!(starts(account, &body), ["20260601T090000Z", "20260602T090000Z"]);
    }

    fn t8_long_lines_and_lines_that_end_in_lf(account) {
        let long = event_with("a", &format!("DTSTART:20260601T090000Z\r\nSUMMARY:{}\r\n", "ä".repeat(300)));
        assert_eq!(starts(account, &long), ["20260601T090000Z"]);
        assert_eq!(starts(account, &event("a").replace("\r\n", "\n")), ["20260601T090000Z"]);
    }

    fn t8_a_fold_inside_a_character(account) {
        let text = event_with("a", "DTSTART:20260601T090000Z\r\nSUMMARY:K\u{e4}se\r\n");
        let at = text.find('\u{e4}').unwrap() + 1;
        let mut body = text.into_bytes();
        body.splice(at..at, *b"\r\n ");
        account.client.send("PUT", &account.object("a.ics"), &[("content-type", "text/calendar")], body).expect(201);
        let summary = "<C:comp-filter name=\"VEVENT\"><C:prop-filter name=\"SUMMARY\"><C:text-match>Käse</C:text-match></C:prop-filter></C:comp-filter>";
        assert_eq!(account.found(summary), ["a.ics"]);
    }

    fn t9_of_two_overrides_of_one_instance_the_last_counts(account) {
        let moved = |start: &str| {
            format!(
                "BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260602T090000Z\r\nDTSTART:{start}\r\nEND:VEVENT\r\n"
            )
        };
        let series = event_with("a", "DTSTART:20260601T090000Z\r\nRRULE:FREQ=DAILY;COUNT=2\r\n");
        let body =
            series.replace("END:VCALENDAR\r\n", &format!("{}{}END:VCALENDAR\r\n", moved("20260602T110000Z"), moved("20260602T120000Z")));
        assert_eq!(starts(account, &body), ["20260601T090000Z", "20260602T120000Z"]);
    }

    fn t10_a_method_inside_is_refused_by_name(account) {
        let body = event("a").replace("VERSION:2.0\r\n", "VERSION:2.0\r\nMETHOD:PUBLISH\r\n");
        account.client.put(&account.object("a.ics"), &body).refuses_by_name("C:valid-calendar-object-resource");
    }
}
