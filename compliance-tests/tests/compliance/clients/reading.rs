//! S1 to S12.

use compliance_tests::account::{Account, component, event};
use compliance_tests::client::{Answer, NAMESPACES};

fn sync(account: &Account, headers: &[(&str, &str)], token: &str) -> Answer {
    let body = format!("<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>");
    account.client.xml("REPORT", &account.calendar, headers, "D:sync-collection", &body)
}

fn query(account: &Account, headers: &[(&str, &str)], filter: &str) -> Vec<String> {
    let filter = format!("<C:filter><C:comp-filter name=\"VCALENDAR\">{filter}</C:comp-filter></C:filter>");
    account
        .client
        .xml("REPORT", &account.calendar, headers, "C:calendar-query", &format!("<D:prop><D:getetag/></D:prop>{filter}"))
        .multistatus()
        .names()
}

requirements! {
    fn s1_synchronising_takes_any_depth_clients_send(account) {
        account.put("a.ics", &event("a"));
        for headers in [&[("depth", "0")][..], &[("depth", "1")], &[]] {
            assert_eq!(sync(account, headers, "").multistatus().names(), ["a.ics"], "{headers:?}");
        }
    }

    fn s2_a_token_is_a_short_uri(account) {
        let answer = sync(account, &[], "").multistatus();
        assert!(answer.token().contains([':', '/']) && answer.token().len() <= 255, "{}", answer.token());
        assert!(!answer.token().contains(['<', '&', '"', ' ']), "{}", answer.token());
    }

    fn s3_a_bad_token_is_403_with_the_rule_right_inside_the_error(account) {
        let answer = sync(account, &[], "urn:x:bad").expect(403);
        assert!(answer.element().child("D:valid-sync-token").is_some_and(|rule| rule.inside.is_empty()), "{}", answer.text());
    }

    fn s6_the_collection_itself_is_not_among_its_changes(account) {
        let token = sync(account, &[], "").multistatus().token().to_owned();
        account.client.set(&account.calendar, "<D:displayname>New</D:displayname>");
        account.put("a.ics", &event("a"));
        for token in ["", &token] {
            assert_eq!(sync(account, &[], token).multistatus().names(), ["a.ics"]);
        }
    }

    fn s7_the_property_is_the_token_of_the_report(account) {
        account.put("a.ics", &event("a"));
        let property = account.client.properties(&account.calendar, "<D:sync-token/>").value("D:sync-token").to_owned();
        assert_eq!(sync(account, &[], "").multistatus().token(), property);
    }

    fn s8_a_home_synchronises_with_all_that_apple_asks(account) {
        let asked = "<D:add-member/><CS:allowed-sharing-modes/><A:autoprovisioned/><C:calendar-alarm/><A:calendar-color/><C:calendar-description/><C:calendar-free-busy-set/><A:calendar-order/><C:calendar-timezone/><D:current-user-privilege-set/><D:displayname/><CS:getctag/><CS:invite/><D:owner/><CS:pushkey/><D:quota-available-bytes/><D:quota-used-bytes/><D:resource-id/><D:resourcetype/><C:schedule-calendar-transp/><C:schedule-default-calendar-URL/><CS:source/><C:supported-calendar-component-set/><C:supported-calendar-component-sets/><D:supported-report-set/><D:sync-token/>";
        let body = format!("<D:sync-token/><D:sync-level>1</D:sync-level><D:prop>{asked}</D:prop>");
        let answer = account.client.report(&account.home, "1", "D:sync-collection", &body).multistatus();
        let own = answer.response(&account.calendar);
        for name in [
            "D:displayname",
            "CS:getctag",
            "D:sync-token",
            "D:owner",
            "D:resource-id",
            "C:supported-calendar-component-set",
            "D:supported-report-set",
        ] {
            assert_eq!(own.status_of(name), Some(200), "{name}");
        }
        assert!(!answer.token().is_empty());
    }

    fn s9_hrefs_are_understood_however_they_are_spelt_and_echoed(account) {
        account.put("a@b%20c.ics", &event("a"));
        let path = account.object("a@b%20c.ics");
        let hrefs = [
            path.clone(),
            path.replace('@', "%40"),
            format!("http://{}{path}", account.client.authority),
            path.replacen('/', "//", 2),
            path.replace("a@b", "%61@b"),
        ];
        let inside: String = hrefs.iter().map(|href| format!("<D:href>{href}</D:href>")).collect();
        let answer = account
            .client
            .report(&account.calendar, "1", "C:calendar-multiget", &format!("<D:prop><D:getetag/></D:prop>{inside}"))
            .multistatus();
        for href in &hrefs {
            let response = answer.responses.iter().find(|response| response.href == *href).unwrap_or_else(|| panic!("{href}"));
            assert_eq!(response.status_of("D:getetag"), Some(200), "{href}");
        }
    }

    fn s9_no_hrefs_are_an_empty_answer(account) {
        account.put("a.ics", &event("a"));
        let answer = account.client.report(&account.calendar, "1", "C:calendar-multiget", "<D:prop><D:getetag/></D:prop>").multistatus();
        assert_eq!(answer.responses.len(), 0);
    }

    fn s9_thousands_of_hrefs_fit_into_one_request(account) {
        account.put("a.ics", &event("a"));
        let mut inside: String = (0..5000).map(|number| format!("<D:href>{}</D:href>", account.object(&format!("{number}.ics")))).collect();
        inside.push_str(&format!("<D:href>{}</D:href>", account.object("a.ics")));
        let answer = account
            .client
            .report(&account.calendar, "1", "C:calendar-multiget", &format!("<D:prop><D:getetag/></D:prop>{inside}"))
            .multistatus();
        assert_eq!(answer.responses.len(), 5001);
        assert_eq!(answer.responses.iter().filter(|response| response.status == Some(404)).count(), 5000);
    }

    fn s10_a_query_is_about_members_whatever_its_depth(account) {
        account.put("a.ics", &event("a"));
        let microsoft = ("user-agent", "MSFT-WP/8.10.14219 (gzip)");
        for headers in [&[("depth", "1")][..], &[("depth", "0"), microsoft], &[]] {
            assert_eq!(query(account, headers, "<C:comp-filter name=\"VEVENT\"/>"), ["a.ics"], "{headers:?}");
        }
    }

    fn s10_tasks_without_dates_are_found_without_a_range(account) {
        account.put("t.ics", &component("VTODO", "t", "SUMMARY:Someday\r\n"));
        assert_eq!(query(account, &[("depth", "1")], "<C:comp-filter name=\"VTODO\"/>"), ["t.ics"]);
    }

    fn s10_a_component_the_calendar_does_not_take_finds_nothing(account) {
        let calendar =
            account.another_calendar("<C:supported-calendar-component-set><C:comp name=\"VEVENT\"/></C:supported-calendar-component-set>");
        let body = format!(
            "<C:calendar-query {NAMESPACES}><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VTODO\"/></C:comp-filter></C:filter></C:calendar-query>"
        );
        assert_eq!(account.client.send("REPORT", &calendar, &[("depth", "1")], body).multistatus().responses.len(), 0);
    }

    fn s11_etag_and_data_come_together(account) {
        account.put("a.ics", &event("a"));
        let body = format!("<D:prop><D:getetag/><C:calendar-data/><C:schedule-tag/></D:prop><D:href>{}</D:href>", account.object("a.ics"));
        let answer = account.client.report(&account.calendar, "1", "C:calendar-multiget", &body).multistatus();
        assert_eq!(answer.only().value("D:getetag"), account.client.get(&account.object("a.ics")).etag());
        assert!(answer.only().value("C:calendar-data").contains("UID:a"));
    }

    fn s12_get_and_head_say_what_it_is(account) {
        account.put("a.ics", &event("a"));
        for method in ["GET", "HEAD"] {
            let answer = account.client.send(method, &account.object("a.ics"), &[], "").expect(200);
            let media_type = answer.header("content-type").unwrap().to_lowercase();
            assert!(media_type.starts_with("text/calendar") && media_type.contains("charset=utf-8"), "{method}: {media_type}");
            assert!(answer.header("etag").is_some() && answer.header("last-modified").is_some(), "{method}");
        }
    }
}
