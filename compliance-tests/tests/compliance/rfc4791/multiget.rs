//! RFC 4791 §7.9: calendar-multiget.

use compliance_tests::account::{Account, event, lines};
use compliance_tests::xml::Multistatus;

fn multiget(account: &Account, path: &str, hrefs: &[String]) -> Multistatus {
    let hrefs: String = hrefs.iter().map(|href| format!("<D:href>{href}</D:href>")).collect();
    let body = format!("<D:prop><D:getetag/><C:calendar-data/></D:prop>{hrefs}");
    account.client.report(path, "1", "C:calendar-multiget", &body).multistatus()
}

requirements! {
    fn s7_9_each_href_is_answered(account) {
        for uid in ["a", "b", "c"] {
            account.put(&format!("{uid}.ics"), &event(uid));
        }
        let answer = multiget(account, &account.calendar, &[account.object("a.ics"), account.object("c.ics")]);
        assert_eq!(answer.names(), ["a.ics", "c.ics"]);
        let a = answer.response(&account.object("a.ics"));
        assert_eq!(a.value("D:getetag"), account.client.get(&account.object("a.ics")).etag());
        assert_eq!(lines(a.value("C:calendar-data")), lines(&event("a")));
    }

    fn s7_9_a_dead_href_is_404_and_does_not_hurt_the_others(account) {
        account.put("a.ics", &event("a"));
        let answer = multiget(account, &account.calendar, &[account.object("none.ics"), account.object("a.ics")]);
        assert_eq!(answer.response(&account.object("none.ics")).status, Some(404));
        assert_eq!(answer.response(&account.object("a.ics")).status_of("C:calendar-data"), Some(200));
    }

    fn s7_9_an_href_that_is_no_object_is_an_error_of_its_own(account) {
        account.put("a.ics", &event("a"));
        let hrefs = [
            account.object("a.ics"),
            "/nowhere/else".to_owned(),
            account.calendar.clone(),
            "http://example.com/x.ics".to_owned(),
            "%zz".to_owned(),
        ];
        let answer = multiget(account, &account.calendar, &hrefs);
        assert_eq!(answer.response(&account.object("a.ics")).status_of("D:getetag"), Some(200));
        for href in hrefs.iter().skip(1) {
            let found = answer.responses.iter().find(|response| response.href == *href).unwrap_or_else(|| panic!("{href}"));
            assert!(found.status.is_some_and(|status| (400..500).contains(&status)), "{found:?}");
        }
    }

    fn s7_9_anothers_object_is_not_given(account, other) {
        other.put("a.ics", &event("a"));
        let answer = multiget(account, &account.calendar, &[other.object("a.ics"), other.object("none.ics")]);
        for response in &answer.responses {
            assert!(matches!(response.status, Some(403 | 404)), "{response:?}");
        }
        assert_eq!(answer.responses[0].status, answer.responses[1].status, "whether it exists is not told");
    }

    fn s7_9_depth_is_ignored(account) {
        account.put("a.ics", &event("a"));
        for depth in ["0", "1", "infinity"] {
            let body = format!("<D:prop><D:getetag/></D:prop><D:href>{}</D:href>", account.object("a.ics"));
            let answer = account.client.report(&account.calendar, depth, "C:calendar-multiget", &body).multistatus();
            assert_eq!(answer.only().status_of("D:getetag"), Some(200), "{depth}");
        }
    }

    fn s7_9_data_can_be_asked_in_parts(account) {
        account.put("a.ics", &event("a"));
        let body = format!(
            "<D:prop><C:calendar-data><C:comp name='VCALENDAR'><C:comp name='VEVENT'><C:prop name='UID'/></C:comp></C:comp></C:calendar-data></D:prop><D:href>{}</D:href>",
            account.object("a.ics")
        );
        let answer = account.client.report(&account.calendar, "0", "C:calendar-multiget", &body).multistatus();
        let given = answer.only().value("C:calendar-data");
        assert!(given.contains("UID:a") && !given.contains("SUMMARY"), "{given}");
    }

    fn s7_9_an_object_answers_for_itself(account) {
        account.put("a.ics", &event("a"));
        let answer = multiget(account, &account.object("a.ics"), &[account.object("a.ics")]);
        assert_eq!(answer.only().status_of("C:calendar-data"), Some(200));
    }

    fn s7_9_properties_that_are_missing_are_404(account) {
        account.put("a.ics", &event("a"));
        let body = format!("<D:prop><X:none/></D:prop><D:href>{}</D:href>", account.object("a.ics"));
        let answer = account.client.report(&account.calendar, "0", "C:calendar-multiget", &body).multistatus();
        assert_eq!(answer.only().status_of("X:none"), Some(404));
    }
}
