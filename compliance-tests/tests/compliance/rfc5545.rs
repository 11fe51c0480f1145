//! RFC 5545: iCalendar, as far as a server shows how it reads it: by expanding recurrences and by filters.

use compliance_tests::account::{Account, component, event_with};

/// Every zone an object names must be in it (RFC 4791 §4.1).
const BERLIN: &str = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19961027T030000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:19810329T020000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n";

/// An event with the zone it names.
fn zoned(lines: &str) -> String {
    let zone = if lines.contains("TZID=Europe/Berlin") { BERLIN } else { "" };
    event_with("a", lines).replace("BEGIN:VEVENT", &format!("{zone}BEGIN:VEVENT"))
}

/// The starts of an event's instances in 2026, as expansion gives them.
fn starts(account: &Account, lines: &str) -> Vec<String> {
    starts_within(account, &zoned(lines), "20260101T000000Z", "20270101T000000Z")
}

fn starts_within(account: &Account, body: &str, from: &str, until: &str) -> Vec<String> {
    account.put("a.ics", body);
    let answer = account.query(&format!("<C:expand start=\"{from}\" end=\"{until}\"/>"), "");
    let data = answer.only().value("C:calendar-data").to_owned();
    let values = data.lines().filter_map(|line| line.strip_prefix("DTSTART")).filter_map(|rest| rest.rsplit(':').next());
    let mut starts: Vec<String> = values.map(|value| value.trim().to_owned()).collect();
    starts.sort();
    starts
}

/// The days of a rule of an event at 9 UTC that starts on a day of 2026, as `MMDD`.
fn days(account: &Account, first: &str, rule: &str) -> Vec<String> {
    let starts = starts(account, &format!("DTSTART:2026{first}T090000Z\r\nRRULE:{rule}\r\n"));
    starts.into_iter().map(|start| start[4..8].to_owned()).collect()
}

/// Whether an event's property matches a text.
fn matches(account: &Account, lines: &str, filter: &str) -> bool {
    account.put("a.ics", &event_with("a", &format!("DTSTART:20260601T090000Z\r\n{lines}")));
    !account.found(&format!("<C:comp-filter name=\"VEVENT\">{filter}</C:comp-filter>")).is_empty()
}

fn text(name: &str, text: &str) -> String {
    format!("<C:prop-filter name=\"{name}\"><C:text-match collation=\"i;octet\">{text}</C:text-match></C:prop-filter>")
}

requirements! {
    fn s3_1_folded_lines_are_one(account) {
        assert!(matches(account, "SUMMARY:Some\r\n thing folded\r\n\t twice\r\n", &text("SUMMARY", "Something folded twice")));
    }

    fn s3_1_names_are_read_in_any_case(account) {
        let body = event_with("a", "dtstart:20260601T090000Z\r\nrrule:freq=daily;count=2\r\n").replace("VEVENT", "vevent");
        assert_eq!(starts_within(account, &body, "20260101T000000Z", "20270101T000000Z").len(), 2);
    }

    fn s3_2_parameters_may_be_quoted_and_hold_separators(account) {
        let cn = |wanted: &str| {
            format!(
                "<C:prop-filter name=\"ATTENDEE\"><C:param-filter name=\"CN\"><C:text-match collation=\"i;octet\">{wanted}</C:text-match></C:param-filter></C:prop-filter>"
            )
        };
        assert!(matches(account, "ATTENDEE;CN=\"Doe, Jane; x: y\";ROLE=CHAIR:mailto:jane@example.org\r\n", &cn("Doe, Jane; x: y")));
        assert!(!matches(account, "ATTENDEE;CN=\"Doe, Jane; x: y\":mailto:jane@example.org\r\n", &cn("jane@")));
    }

    fn s3_3_5_dates_utc_zoned_and_floating(account) {
        for (lines, expected) in [
            ("DTSTART;VALUE=DATE:20260601\r\n", "20260601"),
            ("DTSTART:20260601T090000Z\r\n", "20260601T090000Z"),
            ("DTSTART;TZID=Europe/Berlin:20260601T090000\r\n", "20260601T070000Z"),
        ] {
            assert_eq!(starts(account, lines), [expected], "{lines}");
        }
    }

    fn s3_3_6_a_day_is_nominal_and_an_hour_exact(account) {
        // In Berlin the clock jumps from 2 to 3 on 2026-03-29.
        for (duration, end) in [("P1D", "20260329T070000Z"), ("PT24H", "20260329T080000Z")] {
            account.put("a.ics", &zoned(&format!("DTSTART;TZID=Europe/Berlin:20260328T090000\r\nDURATION:{duration}\r\n")));
            let body = "<C:time-range start=\"20260328T000000Z\" end=\"20260330T000000Z\"/>";
            let text = account.client.report(&account.calendar, "1", "C:free-busy-query", body).expect(200).text();
            let exact = text.contains(&format!("20260328T080000Z/{end}"))
                || text.contains(&format!("20260328T080000Z/PT{}H", if duration == "P1D" { 23 } else { 24 }));
            assert!(exact, "{duration}: {text}");
        }
    }

    fn s3_3_10_frequency_and_interval(account) {
        assert_eq!(days(account, "0101", "FREQ=DAILY;INTERVAL=10;COUNT=3"), ["0101", "0111", "0121"]);
        assert_eq!(days(account, "0101", "FREQ=WEEKLY;INTERVAL=2;COUNT=3"), ["0101", "0115", "0129"]);
        assert_eq!(days(account, "0115", "FREQ=MONTHLY;INTERVAL=5;COUNT=3"), ["0115", "0615", "1115"]);
    }

    fn s3_3_10_days_of_the_week(account) {
        assert_eq!(days(account, "0601", "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4"), ["0601", "0603", "0608", "0610"]);
        assert_eq!(days(account, "0605", "FREQ=MONTHLY;BYDAY=1FR;COUNT=3"), ["0605", "0703", "0807"]);
        assert_eq!(days(account, "0629", "FREQ=MONTHLY;BYDAY=-1MO;COUNT=3"), ["0629", "0727", "0831"]);
    }

    fn s3_3_10_days_that_do_not_exist_are_left_out(account) {
        assert_eq!(days(account, "0131", "FREQ=MONTHLY;COUNT=4"), ["0131", "0331", "0531", "0731"]);
        assert_eq!(days(account, "0130", "FREQ=MONTHLY;BYMONTHDAY=30;COUNT=3"), ["0130", "0330", "0430"]);
    }

    fn s3_3_10_days_from_the_end_of_the_month(account) {
        assert_eq!(days(account, "0131", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=4"), ["0131", "0228", "0331", "0430"]);
    }

    fn s3_3_10_positions_in_the_set(account) {
        assert_eq!(days(account, "0130", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3"), ["0130", "0227", "0331"]);
    }

    fn s3_3_10_weeks_begin_when_they_are_said_to(account) {
        assert_eq!(days(account, "0804", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO"), ["0804", "0809", "0818", "0823"]);
        assert_eq!(days(account, "0804", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU"), ["0804", "0816", "0818", "0830"]);
    }

    fn s3_3_10_weeks_and_days_of_the_year(account) {
        assert_eq!(days(account, "0518", "FREQ=YEARLY;BYWEEKNO=21;BYDAY=MO"), ["0518"]);
        assert_eq!(days(account, "0101", "FREQ=YEARLY;BYYEARDAY=1,100,-1"), ["0101", "0410", "1231"]);
    }

    fn s3_3_10_hours_and_minutes(account) {
        let found = starts(account, "DTSTART:20260601T090000Z\r\nRRULE:FREQ=DAILY;COUNT=4;BYHOUR=9,11;BYMINUTE=0,30\r\n");
        assert_eq!(found, ["20260601T090000Z", "20260601T093000Z", "20260601T110000Z", "20260601T113000Z"]);
    }

    fn s3_3_10_until_is_included(account) {
        assert_eq!(days(account, "0601", "FREQ=DAILY;UNTIL=20260603T090000Z"), ["0601", "0602", "0603"]);
        assert_eq!(days(account, "0601", "FREQ=DAILY;UNTIL=20260603T085959Z"), ["0601", "0602"]);
    }

    fn s3_3_11_escaped_text_is_what_it_stands_for(account) {
        assert!(matches(account, "SUMMARY:one\\, two\\; three\\\\four\r\n", &text("SUMMARY", "one, two; three\\four")));
    }

    fn s3_8_4_4_this_and_future_moves_what_follows(account) {
        let moved = "BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260603T090000Z\r\nDTSTART:20260603T110000Z\r\nEND:VEVENT\r\n";
        let series = event_with("a", "DTSTART:20260601T090000Z\r\nRRULE:FREQ=DAILY;COUNT=4\r\n")
            .replace("END:VCALENDAR\r\n", &format!("{moved}END:VCALENDAR\r\n"));
        let found = starts_within(account, &series, "20260101T000000Z", "20270101T000000Z");
        assert_eq!(found, ["20260601T090000Z", "20260602T090000Z", "20260603T110000Z", "20260604T110000Z"]);
    }

    fn s3_8_5_1_exceptions_in_another_form_of_the_same_time(account) {
        let found =
            starts(account, "DTSTART;TZID=Europe/Berlin:20260601T090000\r\nRRULE:FREQ=DAILY;COUNT=3\r\nEXDATE:20260602T070000Z\r\n");
        assert_eq!(found, ["20260601T070000Z", "20260603T070000Z"]);
    }

    fn s3_8_5_2_added_dates_and_periods(account) {
        let found = starts(
            account,
            "DTSTART:20260601T090000Z\r\nRDATE:20260605T090000Z,20260601T090000Z\r\nRDATE;VALUE=PERIOD:20260607T090000Z/PT2H\r\n",
        );
        assert_eq!(found, ["20260601T090000Z", "20260605T090000Z", "20260607T090000Z"]);
    }

    fn s3_8_5_3_a_series_keeps_its_time_across_a_change_of_the_clock(account) {
        let found = starts(account, "DTSTART;TZID=Europe/Berlin:20260328T090000\r\nRRULE:FREQ=DAILY;COUNT=3\r\n");
        assert_eq!(found, ["20260328T080000Z", "20260329T070000Z", "20260330T070000Z"]);
    }

    fn s3_6_5_a_zone_by_rules_of_its_own(account) {
        let zone = "BEGIN:VTIMEZONE\r\nTZID:Nowhere\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0330\r\nTZOFFSETTO:+0330\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
        let body = event_with("a", "DTSTART;TZID=Nowhere:20260601T090000\r\n").replace("BEGIN:VEVENT", &format!("{zone}BEGIN:VEVENT"));
        assert_eq!(starts_within(account, &body, "20260101T000000Z", "20270101T000000Z"), ["20260601T053000Z"]);
    }

    fn s3_6_2_tasks_recur_from_their_start(account) {
        let body = component("VTODO", "a", "DTSTART:20260601T090000Z\r\nDUE:20260601T100000Z\r\nRRULE:FREQ=DAILY;COUNT=2\r\n");
        assert_eq!(starts_within(account, &body, "20260101T000000Z", "20270101T000000Z").len(), 2);
    }
}
