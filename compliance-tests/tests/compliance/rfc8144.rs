//! RFC 8144: Use of the Prefer Header Field in WebDAV; and `Brief: t`, which says the same.

use compliance_tests::account::{Account, event};
use compliance_tests::client::Answer;

const MINIMAL: [(&str, &str); 3] = [("prefer", "return=minimal"), ("brief", "t"), ("prefer", "respond-async, return=minimal")];

fn sent(account: &Account, method: &str, header: (&str, &str), root: &str, inside: &str) -> Answer {
    account.client.xml(method, &account.calendar, &[("depth", "1"), header], root, inside)
}

requirements! {
    fn s2_1_propfind_leaves_out_what_is_missing(account) {
        for header in MINIMAL {
            let answer = sent(account, "PROPFIND", header, "D:propfind", "<D:prop><D:resourcetype/><X:none/></D:prop>").multistatus();
            assert_eq!(answer.only().status_of("D:resourcetype"), Some(200));
            assert_eq!(answer.only().status_of("X:none"), None, "{header:?}");
        }
    }

    fn s2_1_a_response_without_propstat_left_has_an_empty_one_or_a_status(account) {
        for header in MINIMAL {
            let answer = sent(account, "PROPFIND", header, "D:propfind", "<D:prop><X:none/></D:prop>").multistatus();
            let only = answer.only();
            let empty = only.propstats.len() == 1 && only.propstats[0].0 == 200 && only.propstats[0].1.is_empty();
            assert!(empty || only.status == Some(200), "{only:?}");
        }
    }

    fn s2_1_reports_leave_out_what_is_missing(account) {
        account.put("a.ics", &event("a"));
        let prop = "<D:prop><D:getetag/><X:none/></D:prop>";
        for (root, inside) in [
            ("C:calendar-query", format!("{prop}<C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>")),
            ("C:calendar-multiget", format!("{prop}<D:href>{}</D:href>", account.object("a.ics"))),
            ("D:sync-collection", format!("<D:sync-token/><D:sync-level>1</D:sync-level>{prop}")),
        ] {
            let answer = sent(account, "REPORT", MINIMAL[0], root, &inside).multistatus();
            assert_eq!((answer.only().status_of("D:getetag"), answer.only().status_of("X:none")), (Some(200), None), "{root}");
        }
    }

    fn s2_1_expand_property_leaves_out_what_is_missing(account) {
        let inside = "<D:property name=\"owner\"><D:property name=\"none\"/></D:property><D:property name=\"none\"/>";
        let answer = account.client.xml("REPORT", &account.calendar, &[("prefer", "return=minimal")], "D:expand-property", inside);
        assert!(!answer.text().contains("404"), "{}", answer.text());
    }

    fn s2_2_a_proppatch_that_succeeds_says_nothing_more(account) {
        for header in MINIMAL {
            let answer = sent(account, "PROPPATCH", header, "D:propertyupdate", "<D:set><D:prop><X:p>1</X:p></D:prop></D:set>");
            assert!(matches!(answer.status, 200 | 204) && answer.body.is_empty(), "{header:?}: {} {}", answer.status, answer.text());
        }
        assert_eq!(account.client.properties(&account.calendar, "<X:p/>").value("X:p"), "1");
    }

    fn s2_2_a_proppatch_that_fails_tells_why(account) {
        let answer =
            sent(account, "PROPPATCH", MINIMAL[0], "D:propertyupdate", "<D:set><D:prop><D:getetag/></D:prop></D:set>").multistatus();
        assert_eq!(answer.only().status_of("D:getetag"), Some(403));
    }

    fn s2_3_a_calendar_made_is_201_without_a_body(account) {
        for (method, root) in [("MKCALENDAR", "C:mkcalendar"), ("MKCOL", "D:mkcol")] {
            let inside = "<D:set><D:prop><D:resourcetype><D:collection/><C:calendar/></D:resourcetype></D:prop></D:set>";
            let answer = account.client.xml(method, &account.free(), &[MINIMAL[0]], root, inside).expect(201);
            assert!(answer.body.is_empty(), "{}", answer.text());
        }
    }

    fn s2_1_without_the_preference_what_is_missing_is_told(account) {
        for header in [("prefer", "return=representation"), ("brief", "f"), ("prefer", "wait=10")] {
            let answer = sent(account, "PROPFIND", header, "D:propfind", "<D:prop><X:none/></D:prop>").multistatus();
            assert_eq!(answer.only().status_of("X:none"), Some(404), "{header:?}");
        }
    }
}
