//! RFC 3253: Versioning Extensions to WebDAV, §3.1.5, §3.6, §3.8: reports.

use compliance_tests::account::{Account, event};
use compliance_tests::xml::Element;

fn reports(account: &Account, path: &str) -> Vec<String> {
    let found = account.client.properties(path, "<D:supported-report-set/>");
    let set = found.prop("D:supported-report-set").expect("a supported-report-set").clone();
    set.children.iter().map(|supported| supported.child("D:report").expect("a report").names()[0].to_owned()).collect()
}

fn expand(account: &Account, path: &str, properties: &str) -> Element {
    let answer = account.client.report(path, "0", "D:expand-property", properties).multistatus();
    answer.only().element.clone()
}

requirements! {
    fn s3_1_5_a_calendar_lists_its_reports(account) {
        let listed = reports(account, &account.calendar);
        for report in ["D:expand-property", "C:calendar-query", "C:calendar-multiget", "C:free-busy-query", "D:sync-collection"] {
            assert!(listed.contains(&report.to_owned()), "{report}: {listed:?}");
        }
    }

    fn s3_1_5_what_is_listed_is_supported_and_nothing_else(account) {
        account.put("a.ics", &event("a"));
        let known = [
            "D:expand-property",
            "C:calendar-query",
            "C:calendar-multiget",
            "C:free-busy-query",
            "D:sync-collection",
            "D:principal-match",
            "D:principal-property-search",
            "D:principal-search-property-set",
        ];
        for path in [&account.principal, &account.home, &account.calendar, &account.object("a.ics")] {
            let listed = reports(account, path);
            for report in known {
                let answer = account.client.report(path, "0", report, "");
                let refused = answer.status == 403 && answer.text().contains("supported-report");
                assert_eq!(refused, !listed.contains(&report.to_owned()), "{path} {report}: {}", answer.text());
            }
        }
    }

    fn s3_6_an_unknown_report_is_refused_by_name(account) {
        account.client.report(&account.calendar, "0", "X:unheard-of", "").refuses_by_name("D:supported-report");
        account.client.report(&account.calendar, "0", "D:version-tree", "").refuses_by_name("D:supported-report");
    }

    fn s3_6_a_report_of_nothing_is_404(account) {
        account.client.report(&format!("{}none/", account.home), "0", "D:expand-property", "").expect(404);
    }

    fn s3_8_properties_without_hrefs_are_given_as_they_are(account) {
        let response = expand(account, &account.calendar, "<D:property name=\"displayname\"/><D:property name=\"resourcetype\"/>");
        assert_eq!(response.all("D:displayname")[0].text, "Test");
        assert_eq!(response.all("D:resourcetype")[0].names().len(), 2);
    }

    fn s3_8_hrefs_become_responses_with_the_properties_asked(account) {
        let response = expand(account, &account.calendar, "<D:property name=\"owner\"><D:property name=\"principal-URL\"/></D:property>");
        let owner = response.all("D:owner")[0].clone();
        let inner = owner.child("D:response").expect("a response");
        assert_eq!(inner.child("D:href").unwrap().text, account.principal);
        assert_eq!(inner.all("D:principal-URL")[0].hrefs(), [account.principal.as_str()]);
        assert!(inner.all("D:status")[0].text.contains("200"));
    }

    fn s3_8_expansion_goes_on_below(account) {
        let homes = "<D:property name=\"calendar-home-set\" namespace=\"urn:ietf:params:xml:ns:caldav\"><D:property name=\"owner\"><D:property name=\"displayname\"/></D:property></D:property>";
        let response = expand(account, &account.principal, homes);
        let home = response.all("C:calendar-home-set")[0].clone();
        assert_eq!(home.children[0].child("D:href").unwrap().text, account.home);
        assert!(!home.all("D:displayname")[0].text.is_empty());
    }

    fn s3_8_a_missing_property_is_404(account) {
        let response = expand(
            account,
            &account.calendar,
            "<D:property name=\"none\" namespace=\"urn:example:x\"/><D:property name=\"owner\"><D:property name=\"nothing\" namespace=\"urn:example:x\"/></D:property>",
        );
        let missing: Vec<&Element> =
            response.all("D:propstat").into_iter().filter(|stat| stat.child("D:status").is_some_and(|s| s.text.contains("404"))).collect();
        assert_eq!(missing.iter().map(|stat| stat.child("D:prop").unwrap().names()).collect::<Vec<_>>(), [["X:nothing"], ["X:none"]]);
    }

    fn s3_8_what_one_may_not_read_is_not_told(account, other) {
        other.client.set(&other.calendar, "<D:displayname>Secret</D:displayname>");
        account.client.set(&account.calendar, &format!("<X:link><D:href>{}</D:href></X:link>", other.calendar));
        let response = expand(
            account,
            &account.calendar,
            "<D:property name=\"link\" namespace=\"urn:example:x\"><D:property name=\"displayname\"/></D:property>",
        );
        assert_eq!(response.all("D:displayname").len(), 0, "{}", response.inside);
    }
}
