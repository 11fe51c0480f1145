//! D1 to D12, P1 to P12, I1 to I3, X3.

use compliance_tests::account::{Account, event};
use compliance_tests::client::Client;
use compliance_tests::xml::Element;

/// Inbox and outbox, where there are any.
fn scheduling(account: &Account) -> Vec<String> {
    let found = account.client.properties(&account.principal, "<C:schedule-inbox-URL/><C:schedule-outbox-URL/>");
    let urls = ["C:schedule-inbox-URL", "C:schedule-outbox-URL"].into_iter().filter_map(|name| found.prop(name));
    urls.map(|url| url.hrefs()[0].clone()).collect()
}

fn principals(account: &Account) -> String {
    let found = account.client.properties(&account.principal, "<D:principal-collection-set/>");
    found.prop("D:principal-collection-set").expect("a principal-collection-set").hrefs()[0].clone()
}

/// Follows redirects, as clients do.
fn follow(account: &Account, path: &str) -> String {
    let mut path = path.to_owned();
    for _ in 0..5 {
        let answer = account.client.propfind(&path, "0", "<D:current-user-principal/>");
        match answer.header("location").filter(|_| (300..400).contains(&answer.status)) {
            Some(location) => path = location.strip_prefix(&format!("http://{}", account.client.authority)).unwrap_or(location).to_owned(),
            None => return path,
        }
    }
    panic!("more than five redirects from {path}");
}

requirements! {
    fn d1_the_well_known_uri_redirects_with_any_depth(account) {
        let anonymous = Client::anonymous(&account.client.authority);
        for depth in ["0", "1", "infinity"] {
            let answer = anonymous.send("PROPFIND", "/.well-known/caldav", &[("depth", depth)], "");
            assert!(matches!(answer.status, 301 | 302 | 307 | 308), "{depth}: {}", answer.status);
        }
    }

    fn d2_without_credentials_nothing_is_told(account) {
        let anonymous = Client::anonymous(&account.client.authority);
        for path in ["/", &account.principal, &account.home, &account.calendar, &principals(account)] {
            let answer = anonymous.propfind(path, "0", "<D:current-user-principal/>").expect(401);
            assert!(answer.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Basic realm=")), "{path}");
        }
    }

    fn d3_root_and_principals_lead_to_the_principal(account) {
        for path in ["/", "/principals/"] {
            let found = account.client.properties(&follow(account, path), "<D:current-user-principal/>");
            assert_eq!(found.prop("D:current-user-principal").unwrap().hrefs(), [account.principal.as_str()], "{path}");
        }
    }

    fn d4_every_resource_tells_who_asks(account) {
        let mut paths =
            vec!["/".to_owned(), principals(account), account.principal.clone(), account.home.clone(), account.calendar.clone()];
        paths.extend(scheduling(account));
        for path in &paths {
            let found = account.client.properties(path, "<D:current-user-principal/>");
            assert_eq!(found.prop("D:current-user-principal").unwrap().hrefs(), [account.principal.as_str()], "{path}");
        }
    }

    fn d5_options_is_200_with_what_clients_look_for(account) {
        let mut paths = vec!["/".to_owned(), account.principal.clone(), account.home.clone(), account.calendar.clone()];
        paths.extend(scheduling(account));
        for path in &paths {
            let answer = account.client.send("OPTIONS", path, &[], "").expect(200);
            assert!(answer.body.is_empty(), "{path}");
            let classes = answer.list("dav");
            assert_eq!(classes[0], "1", "{path}: Thunderbird drops the first one unread");
            for class in ["access-control", "calendar-access", "extended-mkcol"] {
                assert!(classes.contains(&class.to_owned()), "{path} {class}");
            }
        }
    }

    fn d5_a_calendar_allows_put_and_delete(account) {
        let allowed = account.client.send("OPTIONS", &account.calendar, &[], "").list("allow");
        assert!(["PUT", "DELETE"].iter().all(|method| allowed.contains(&(*method).to_owned())), "{allowed:?}");
    }

    fn d6_a_principal_tells_what_apple_asks(account) {
        let asked = "<C:calendar-home-set/><C:calendar-user-address-set/><D:displayname/><D:current-user-principal/><D:principal-URL/><C:schedule-inbox-URL/><C:schedule-outbox-URL/><D:supported-report-set/><D:principal-collection-set/><D:group-membership/><D:resource-id/><CS:email-address-set/><CS:calendar-proxy-read-for/><CS:calendar-proxy-write-for/><CS:dropbox-home-URL/><CS:notification-URL/>";
        let found = account.client.properties(&account.principal, asked);
        for name in [
            "C:calendar-home-set",
            "C:calendar-user-address-set",
            "D:displayname",
            "D:current-user-principal",
            "D:principal-URL",
            "C:schedule-inbox-URL",
            "C:schedule-outbox-URL",
            "D:supported-report-set",
            "D:principal-collection-set",
            "D:group-membership",
            "D:resource-id",
            "CS:email-address-set",
            "CS:calendar-proxy-read-for",
            "CS:calendar-proxy-write-for",
        ] {
            assert_eq!(found.status_of(name), Some(200), "{name}");
        }
        assert!(found.status_of("CS:dropbox-home-URL").is_some(), "200 or 404, not silence");
    }

    fn d8_the_home_is_no_calendar(account) {
        let types = account.client.properties(&account.home, "<D:resourcetype/>");
        assert!(types.prop("D:resourcetype").unwrap().child("D:collection").is_some());
        assert!(types.prop("D:resourcetype").unwrap().child("C:calendar").is_none());
    }

    fn d9_without_its_slash_a_collection_is_served_not_redirected(account) {
        for path in [&account.principal, &account.home, &account.calendar] {
            let answer = account.client.propfind(path.trim_end_matches('/'), "0", "<D:resourcetype/>").multistatus();
            assert_eq!(answer.hrefs(), [path.as_str()]);
        }
    }

    fn d10_resourcetype_is_in_every_response(account) {
        account.put("a.ics", &event("a"));
        for path in [&account.home, &account.calendar] {
            for response in account.client.propfind(path, "1", "<D:resourcetype/><D:getetag/>").multistatus().responses {
                assert!(response.prop("D:resourcetype").is_some(), "{}", response.href);
            }
        }
    }

    fn d12_answers_spell_a_path_as_the_request_does(account) {
        let calendar = account.free_as("a@b");
        account.client.mkcalendar(&calendar, "").expect(201);
        account.client.put(&format!("{calendar}c.ics"), &event("c")).expect(201);
        for spelt in [calendar.clone(), calendar.replace('@', "%40")] {
            let answer = account.client.propfind(&spelt, "1", "<D:getetag/>").multistatus();
            assert!(answer.hrefs().iter().all(|href| href.starts_with(&spelt)), "{:?}", answer.hrefs());
        }
    }

    fn p2_status_lines_have_version_and_reason(account) {
        let answer = account.client.propfind(&account.calendar, "0", "<D:displayname/><X:none/>").element();
        let lines: Vec<&str> = answer.all("D:status").into_iter().map(|status| status.text.as_str()).collect();
        assert_eq!(lines, ["HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found"]);
    }

    fn p3_answers_are_application_xml_in_utf8(account) {
        for answer in [
            account.client.propfind(&account.calendar, "0", "<D:displayname/>"),
            account.client.proppatch(&account.calendar, "<D:set><D:prop><X:p/></D:prop></D:set>"),
            account.client.report(&account.calendar, "0", "D:sync-collection", "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop/>"),
        ] {
            let media_type = answer.header("content-type").unwrap().to_lowercase().replace(['"', ' '], "");
            assert_eq!(media_type, "application/xml;charset=utf-8");
        }
    }

    fn p4_apple_may_set_all_it_sets(account) {
        let calendar = "<D:displayname>N</D:displayname><A:calendar-order>2</A:calendar-order><A:calendar-color>#AABBCCFF</A:calendar-color><C:calendar-description>d</C:calendar-description><C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp><A:refreshrate>P1D</A:refreshrate><A:language-code>en</A:language-code><A:location-code>DE</A:location-code><C:default-alarm-vevent-datetime>x</C:default-alarm-vevent-datetime><C:default-alarm-vevent-date/><C:default-alarm-vtodo-datetime/>";
        account.client.set(&account.calendar, calendar);
        account.client.set(
            &account.home,
            "<C:default-alarm-vevent-datetime>BEGIN:VALARM</C:default-alarm-vevent-datetime><C:default-alarm-vevent-date/>",
        );
        let found = account.client.properties(&account.calendar, "<A:refreshrate/><C:schedule-calendar-transp/>");
        assert_eq!(found.value("A:refreshrate"), "P1D");
        assert_eq!(found.prop("C:schedule-calendar-transp").unwrap().names(), ["C:transparent"]);
    }

    fn p7_the_home_lists_what_each_calendar_takes_and_answers(account) {
        let listed = account
            .client
            .propfind(&account.home, "1", "<D:resourcetype/><C:supported-calendar-component-set/><D:supported-report-set/>")
            .multistatus();
        let is_calendar = |types: &Element| types.child("C:calendar").is_some();
        for response in listed.responses.iter().filter(|response| response.prop("D:resourcetype").is_some_and(is_calendar)) {
            assert!(!response.prop("C:supported-calendar-component-set").unwrap().children.is_empty(), "{}", response.href);
            for report in ["D:sync-collection", "C:calendar-query", "C:calendar-multiget", "C:free-busy-query"] {
                assert_eq!(response.prop("D:supported-report-set").unwrap().all(report).len(), 1, "{} {report}", response.href);
            }
        }
    }

    fn p9_members_are_listed_with_type_and_etag(account) {
        account.put("a.ics", &event("a"));
        let listed = account.client.propfind(&account.calendar, "1", "<D:getcontenttype/><D:getetag/>").multistatus();
        let member = listed.response(&account.object("a.ics"));
        let media_type = member.value("D:getcontenttype").to_lowercase();
        assert!(media_type.starts_with("text/calendar") && media_type.contains("component=vevent"), "{media_type}");
        assert_eq!(member.value("D:getetag"), account.client.get(&account.object("a.ics")).etag());
    }

    fn p12_a_search_knows_apples_ways_to_match(account) {
        let name = account.client.properties(&account.principal, "<D:displayname/>").value("D:displayname").to_owned();
        let found = |kind: &str, text: &str| {
            let body = format!(
                "<D:property-search><D:prop><D:displayname/></D:prop><D:match match-type=\"{kind}\">{text}</D:match></D:property-search><D:prop><D:displayname/></D:prop>"
            );
            let answer = account.client.report(&principals(account), "0", "D:principal-property-search", &body).multistatus();
            answer.find(&account.principal).is_some()
        };
        let (head, tail) = (&name[..3], &name[3..]);
        assert_eq!([found("equals", &name), found("equals", head)], [true, false]);
        assert_eq!([found("starts-with", head), found("starts-with", tail)], [true, false]);
        assert_eq!([found("contains", tail), found("contains", "nobody")], [true, false]);
    }

    fn i1_the_preferred_address_stands_first_and_last(account) {
        let found = account.client.properties(&account.principal, "<C:calendar-user-address-set/>");
        let set = found.prop("C:calendar-user-address-set").unwrap().children.clone();
        let (first, last) = (&set[0], &set[set.len() - 1]);
        assert!(first.text.starts_with("mailto:") && first.text == last.text, "{set:?}");
        assert_eq!((first.attribute("preferred"), last.attribute("preferred")), (Some("1"), Some("1")));
        assert!(set.iter().any(|href| href.text == account.principal) && set.iter().any(|href| href.text.starts_with("urn:uuid:")));
    }

    fn i3_the_inbox_can_be_listed_and_synchronised(account) {
        let boxes = scheduling(account);
        let Some(inbox) = boxes.first() else { return crate::skipped_elsewhere(account, "it has no inbox") };
        account.client.propfind(inbox, "1", "<D:getcontenttype/><D:getetag/>").expect(207);
        let body = "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>";
        assert!(!account.client.report(inbox, "1", "D:sync-collection", body).multistatus().token().is_empty());
        assert!(account.client.properties(inbox, "<C:schedule-default-calendar-URL/>").prop("C:schedule-default-calendar-URL").is_some());
    }

    fn x3_there_is_a_calendar_for_tasks_alone(account) {
        let listed = account.client.propfind(&account.home, "1", "<C:supported-calendar-component-set/>").multistatus();
        let takes = |response: &compliance_tests::xml::Response| -> Vec<String> {
            let set = response.prop("C:supported-calendar-component-set").cloned().unwrap_or_default();
            set.children.iter().filter_map(|comp| comp.attribute("name").map(str::to_owned)).collect()
        };
        assert!(listed.responses.iter().any(|response| takes(response) == ["VTODO"]));
        assert!(listed.responses.iter().any(|response| takes(response).contains(&"VEVENT".to_owned())));
    }
}
