//! RFC 7529: Non-Gregorian Recurrence Rules in iCalendar.

use compliance_tests::account::{Account, event_with};

fn scales(account: &Account) -> Option<Vec<String>> {
    let found = account.client.properties(&account.calendar, "<C:supported-rscale-set/>");
    Some(found.prop("C:supported-rscale-set")?.children.iter().map(|scale| scale.text.to_uppercase()).collect())
}

/// The days of a monthly rule from 2026-01-31 on, as `MMDD`.
fn days(account: &Account, skip: &str) -> Vec<String> {
    account.put(
        "a.ics",
        &event_with("a", &format!("DTSTART:20260131T090000Z\r\nRRULE:RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP={skip};COUNT=4\r\n")),
    );
    let answer = account.query("<C:expand start=\"20260101T000000Z\" end=\"20270101T000000Z\"/>", "");
    let data = answer.only().value("C:calendar-data").to_owned();
    data.lines().filter_map(|line| line.strip_prefix("DTSTART:2026")).map(|rest| rest[..4].to_owned()).collect()
}

const NONE: &str = "it does not know RSCALE";

requirements! {
    fn s4_1_days_that_do_not_exist_are_left_out_or_moved(account) {
        if scales(account).is_none() {
            return crate::skipped_elsewhere(account, NONE);
        }
        assert_eq!(days(account, "OMIT"), ["0131", "0331", "0531", "0731"]);
        assert_eq!(days(account, "BACKWARD"), ["0131", "0228", "0331", "0430"]);
        assert_eq!(days(account, "FORWARD"), ["0131", "0301", "0331", "0501"]);
    }

    fn s10_what_is_supported_is_told(account) {
        let Some(told) = scales(account) else { return crate::skipped_elsewhere(account, NONE) };
        assert!(told.is_empty() || told.contains(&"GREGORIAN".to_owned()));
        let answer = account.client.proppatch(&account.calendar, "<D:set><D:prop><C:supported-rscale-set/></D:prop></D:set>").multistatus();
        assert_eq!(answer.only().status_of("C:supported-rscale-set"), Some(403));
        let all = account.client.xml("PROPFIND", &account.calendar, &[("depth", "0")], "D:propfind", "<D:allprop/>").multistatus();
        assert_eq!(all.only().status_of("C:supported-rscale-set"), None);
    }

    fn s4_3_a_scale_that_is_told_is_counted_in(account) {
        let told = scales(account).unwrap_or_default();
        if !told.contains(&"HEBREW".to_owned()) {
            return crate::skipped_elsewhere(account, "it does not know the Hebrew calendar");
        }
        let rule = "RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=8;SKIP=FORWARD;COUNT=3";
        account.put("a.ics", &event_with("a", &format!("DTSTART:20140208T090000Z\r\nRRULE:{rule}\r\n")));
        let answer = account.query("<C:expand start=\"20140101T000000Z\" end=\"20200101T000000Z\"/>", "");
        let data = answer.only().value("C:calendar-data").to_owned();
        let found: Vec<&str> = data.lines().filter_map(|line| line.strip_prefix("DTSTART:")).map(|start| &start[..8]).collect();
        assert_eq!(found, ["20140208", "20150227", "20160217"]);
    }

    fn s10_another_scale_is_refused_by_name(account) {
        let Some(told) = scales(account) else { return crate::skipped_elsewhere(account, NONE) };
        for scale in ["HEBREW", "CHINESE", "UNHEARD-OF"] {
            if !told.is_empty() && !told.contains(&scale.to_owned()) {
                let body = event_with("a", &format!("DTSTART:20260131T090000Z\r\nRRULE:RSCALE={scale};FREQ=YEARLY\r\n"));
                account.client.put(&account.object("a.ics"), &body).refuses_by_name("C:supported-rscale");
            }
        }
    }
}
