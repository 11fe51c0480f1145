//! RFC 4791 §7.10: free-busy-query.

use compliance_tests::account::{Account, component, event_with};

use super::{NEW_YORK, instant, range};

/// The FREEBUSY periods of a calendar in a range, each as `FBTYPE start/end` by hours of 2026-06-01, in order.
fn busy(account: &Account, text: &str) -> Vec<String> {
    let answer = account.client.report(&account.calendar, "1", "C:free-busy-query", &format!("<C:time-range{}/>", range(text))).expect(200);
    assert!(answer.header("content-type").unwrap().starts_with("text/calendar"));
    let text = answer.text().replace("\r\n ", "");
    assert_eq!((text.matches("BEGIN:VFREEBUSY").count(), text.matches("BEGIN:VEVENT").count()), (1, 0), "{text}");
    let mut periods = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("FREEBUSY")) {
        let (head, values) = line.split_once(':').expect("a value");
        let kind = head.split(';').find_map(|part| part.strip_prefix("FBTYPE=")).unwrap_or("BUSY");
        periods.extend(values.split(',').map(|period| format!("{kind} {}", by_hours(period))));
    }
    periods.sort();
    periods
}

fn by_hours(period: &str) -> String {
    let (start, end) = period.split_once('/').expect("a period");
    let minutes = |text: &str| -> i64 {
        text[6..8].parse::<i64>().unwrap() * 1440 - 1440 + text[9..11].parse::<i64>().unwrap() * 60 + text[11..13].parse::<i64>().unwrap()
    };
    let start = minutes(start);
    let end = match end.strip_prefix("PT") {
        Some(duration) => {
            let (hours, rest) = duration.split_once('H').unwrap_or(("0", duration));
            start + hours.parse::<i64>().unwrap() * 60 + rest.trim_end_matches("0S").trim_end_matches('M').parse().unwrap_or(0)
        }
        None => minutes(end),
    };
    let shown = |minutes: i64| if minutes % 60 == 0 { (minutes / 60).to_string() } else { format!("{}:{:02}", minutes / 60, minutes % 60) };
    format!("{}-{}", shown(start), shown(end))
}

fn put(account: &Account, uid: &str, start: &str, end: &str, more: &str) {
    account.put(&format!("{uid}.ics"), &event_with(uid, &format!("DTSTART:{}\r\nDTEND:{}\r\n{more}", instant(start), instant(end))));
}

const NONE: [&str; 0] = [];

requirements! {
    fn s7_10_nothing_is_a_component_without_periods(account) {
        assert_eq!(busy(account, "0-24"), NONE);
    }

    fn s7_10_events_make_busy(account) {
        put(account, "a", "9", "10", "");
        put(account, "b", "12", "13", "TRANSP:OPAQUE\r\nSTATUS:CONFIRMED\r\n");
        assert_eq!(busy(account, "0-24"), ["BUSY 12-13", "BUSY 9-10"]);
    }

    fn s7_10_status_and_transparency_tell_how_busy(account) {
        put(account, "tentative", "9", "10", "STATUS:TENTATIVE\r\n");
        put(account, "cancelled", "11", "12", "STATUS:CANCELLED\r\n");
        put(account, "transparent", "13", "14", "TRANSP:TRANSPARENT\r\n");
        put(account, "both", "15", "16", "TRANSP:TRANSPARENT\r\nSTATUS:TENTATIVE\r\n");
        let told: Vec<String> = busy(account, "0-24").into_iter().filter(|period| !period.starts_with("FREE ")).collect();
        assert_eq!(told, ["BUSY-TENTATIVE 9-10"]);
    }

    fn s7_10_only_what_is_in_the_range(account) {
        put(account, "a", "9", "10", "");
        assert_eq!(busy(account, "10-11"), NONE);
        assert_eq!(busy(account, "8-9"), NONE);
        assert_eq!(busy(account, "9:30-11").len(), 1);
    }

    fn s7_10_periods_of_one_kind_become_one(account) {
        put(account, "a", "9", "10", "");
        put(account, "b", "9:30", "11", "");
        put(account, "c", "11", "12", "");
        put(account, "d", "9", "10", "");
        assert_eq!(busy(account, "0-24"), ["BUSY 9-12"]);
    }

    fn s7_10_periods_of_several_kinds_may_overlap(account) {
        put(account, "a", "9", "11", "");
        put(account, "b", "10", "12", "STATUS:TENTATIVE\r\n");
        assert_eq!(busy(account, "0-24"), ["BUSY 9-11", "BUSY-TENTATIVE 10-12"]);
    }

    fn s7_10_each_instance_makes_busy(account) {
        put(account, "a", "9", "10", &format!("RRULE:FREQ=DAILY;COUNT=3\r\nEXDATE:{}\r\n", instant("33")));
        assert_eq!(busy(account, "0-96"), ["BUSY 57-58", "BUSY 9-10"]);
    }

    fn s7_10_tasks_do_not_make_busy(account) {
        account.put("a.ics", &component("VTODO", "a", &format!("DTSTART:{}\r\nDUE:{}\r\n", instant("9"), instant("10"))));
        assert_eq!(busy(account, "0-24"), NONE);
    }

    fn s7_10_floating_time_is_in_the_calendars_zone(account) {
        account.client.set(&account.calendar, &format!("<C:calendar-timezone><![CDATA[{NEW_YORK}]]></C:calendar-timezone>"));
        account.put("a.ics", &event_with("a", "DTSTART:20260601T090000\r\nDTEND:20260601T100000\r\n"));
        assert_eq!(busy(account, "0-24"), ["BUSY 13-14"]);
    }

    fn s7_10_nothing_else_is_told(account) {
        put(account, "a", "9", "10", "SUMMARY:Secret\r\nLOCATION:Hidden\r\n");
        let body = format!("<C:time-range{}/>", range("0-24"));
        let text = account.client.report(&account.calendar, "1", "C:free-busy-query", &body).expect(200).text();
        assert!(!text.contains("Secret") && !text.contains("Hidden"), "{text}");
    }

    fn s7_10_an_object_is_refused(account) {
        put(account, "a", "9", "10", "");
        let body = format!("<C:time-range{}/>", range("0-24"));
        account.client.report(&account.object("a.ics"), "0", "C:free-busy-query", &body).expect(403);
    }

    fn s7_10_without_a_range_it_is_400(account) {
        for body in ["", "<C:time-range/>", "<C:time-range start=\"20260601T000000Z\"/>"] {
            let answer = account.client.report(&account.calendar, "1", "C:free-busy-query", body);
            assert!(matches!(answer.status, 400 | 403), "{body}: {}", answer.status);
        }
    }
}
