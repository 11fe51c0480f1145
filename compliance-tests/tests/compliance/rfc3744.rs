//! RFC 3744: WebDAV Access Control Protocol.

use compliance_tests::account::{Account, event};
use compliance_tests::xml::{Element, Response};

fn privileges(account: &Account, path: &str) -> Vec<String> {
    let found = account.client.properties(path, "<D:current-user-privilege-set/>");
    let set = found.prop("D:current-user-privilege-set").expect("a current-user-privilege-set").clone();
    set.children.iter().map(|privilege| privilege.names()[0].to_owned()).collect()
}

fn principals(account: &Account) -> String {
    let found = account.client.properties(&account.principal, "<D:principal-collection-set/>");
    found.prop("D:principal-collection-set").expect("a principal-collection-set").hrefs()[0].clone()
}

fn search(account: &Account, property: &str, text: &str) -> Vec<Response> {
    let body = format!(
        "<D:property-search><D:prop>{property}</D:prop><D:match>{text}</D:match></D:property-search><D:prop><D:displayname/></D:prop>"
    );
    account.client.report(&principals(account), "0", "D:principal-property-search", &body).multistatus().responses
}

fn found(responses: &[Response], account: &Account) -> bool {
    responses.iter().any(|response| response.href == account.principal)
}

requirements! {
    fn s2_a_principal_is_no_collection_of_calendars(account) {
        let types = account.client.properties(&account.principal, "<D:resourcetype/>");
        assert!(types.prop("D:resourcetype").unwrap().child("D:principal").is_some());
        assert!(types.prop("D:resourcetype").unwrap().child("C:calendar").is_none());
    }

    fn s4_principals_have_a_name_and_a_url(account) {
        let found =
            account.client.properties(&account.principal, "<D:displayname/><D:principal-URL/><D:alternate-URI-set/><D:group-membership/>");
        assert!(!found.value("D:displayname").is_empty());
        assert_eq!(found.prop("D:principal-URL").unwrap().hrefs(), [account.principal.as_str()]);
        assert!(found.prop("D:alternate-URI-set").is_some() && found.prop("D:group-membership").is_some());
    }

    fn s5_1_the_owner_is_a_principal(account) {
        account.put("a.ics", &event("a"));
        for path in [&account.home, &account.calendar, &account.object("a.ics")] {
            let found = account.client.properties(path, "<D:owner/>");
            assert_eq!(found.prop("D:owner").unwrap().hrefs(), [account.principal.as_str()], "{path}");
        }
    }

    fn s5_3_supported_privileges_are_a_tree_with_descriptions(account) {
        let found = account.client.properties(&account.calendar, "<D:supported-privilege-set/>");
        let set = found.prop("D:supported-privilege-set").unwrap();
        assert_eq!(set.children.len(), 1);
        assert_eq!(set.children[0].child("D:privilege").unwrap().names(), ["D:all"]);
        for supported in set.all("D:supported-privilege") {
            assert_eq!(supported.child("D:privilege").unwrap().children.len(), 1);
            assert!(supported.child("D:description").is_some_and(|text| text.attribute("xml:lang").is_some()));
        }
    }

    fn s3_12_aggregates_hold_what_the_specification_says(account) {
        let found = account.client.properties(&account.calendar, "<D:supported-privilege-set/>");
        let set = found.prop("D:supported-privilege-set").unwrap().clone();
        let of = |name: &str| -> Element {
            let all = set.all("D:supported-privilege");
            (*all.iter().find(|one| one.child("D:privilege").unwrap().names() == [name]).unwrap_or_else(|| panic!("{name}"))).clone()
        };
        let below = |name: &str| -> Vec<String> { of(name).all("D:privilege").iter().map(|one| one.names()[0].to_owned()).collect() };
        for contained in ["D:bind", "D:unbind", "D:write-properties", "D:write-content"] {
            assert!(below("D:write").contains(&contained.to_owned()), "{contained}");
        }
        // RFC 4791 §6.1.1.
        assert!(below("D:read").contains(&"C:read-free-busy".to_owned()));
        assert!(!below("D:read").contains(&"D:write-content".to_owned()));
    }

    fn s5_4_what_one_may_do_lists_aggregates_and_what_they_contain(account) {
        let held = privileges(account, &account.calendar);
        for privilege in [
            "D:read",
            "D:write",
            "D:write-properties",
            "D:write-content",
            "D:bind",
            "D:unbind",
            "C:read-free-busy",
            "D:read-current-user-privilege-set",
        ] {
            assert!(held.contains(&privilege.to_owned()), "{privilege}: {held:?}");
        }
    }

    fn s5_4_each_privilege_held_is_one_supported(account) {
        for path in [&account.principal, &account.home, &account.calendar] {
            let found = account.client.properties(path, "<D:supported-privilege-set/>");
            let supported: Vec<String> =
                found.prop("D:supported-privilege-set").unwrap().all("D:privilege").iter().map(|one| one.names()[0].to_owned()).collect();
            privileges(account, path).iter().for_each(|held| assert!(supported.contains(held), "{path} {held}"));
        }
    }

    fn s5_5_the_acl_grants_the_owner(account) {
        let found = account.client.properties(&account.calendar, "<D:acl/>");
        let aces = found.prop("D:acl").unwrap().children.clone();
        assert!(!aces.is_empty());
        for ace in &aces {
            assert!(ace.child("D:principal").is_some() || ace.child("D:invert").is_some());
            assert!(ace.child("D:grant").is_some() || ace.child("D:deny").is_some());
        }
    }

    fn s5_8_principals_are_found_in_a_collection(account) {
        let listed = account.client.propfind(&principals(account), "1", "<D:resourcetype/>").multistatus();
        let own = listed.response(&account.principal);
        assert!(own.prop("D:resourcetype").unwrap().child("D:principal").is_some());
    }

    fn s5_access_properties_are_protected(account) {
        for property in
            ["owner", "supported-privilege-set", "current-user-privilege-set", "acl", "acl-restrictions", "principal-collection-set"]
        {
            let body = format!("<D:set><D:prop><D:{property}/></D:prop></D:set>");
            let answer = account.client.proppatch(&account.calendar, &body).multistatus();
            assert_eq!(answer.only().status_of(&format!("D:{property}")), Some(403), "{property}");
        }
    }

    fn s7_2_options_tell_access_control(account) {
        for path in [&account.principal, &account.home, &account.calendar] {
            assert!(account.client.send("OPTIONS", path, &[], "").list("dav").contains(&"access-control".to_owned()), "{path}");
        }
    }

    fn s7_1_1_every_method_in_anothers_home_lacks_privileges(account, other) {
        other.put("a.ics", &event("a"));
        let query = "<C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>";
        for path in [&other.home, &other.calendar, &other.object("a.ics"), &other.object("none.ics"), &format!("{}none/", other.home)] {
            for method in ["OPTIONS", "GET", "DELETE", "MKCOL", "MKCALENDAR"] {
                account.client.send(method, path, &[], "").refuses(403, "D:need-privileges");
            }
            account.client.put(path, &event("b")).refuses(403, "D:need-privileges");
            account.client.propfind(path, "0", "<D:displayname/>").refuses(403, "D:need-privileges");
            account.client.proppatch(path, "<D:set><D:prop><X:p/></D:prop></D:set>").refuses(403, "D:need-privileges");
            account.client.report(path, "1", "C:calendar-query", query).refuses(403, "D:need-privileges");
            account.client.report(path, "0", "D:sync-collection", "<D:sync-token/>").refuses(403, "D:need-privileges");
        }
        assert_eq!(other.client.get(&other.object("a.ics")).expect(200).text(), event("a"));
    }

    fn s7_1_1_the_error_tells_which_resource_lacks_which_privilege(account, other) {
        let condition = account.client.propfind(&other.calendar, "0", "<D:displayname/>").refuses(403, "D:need-privileges");
        let resource = condition.child("D:resource").expect("a resource");
        assert!(other.calendar.starts_with(&resource.child("D:href").expect("an href").text));
        assert_eq!(resource.child("D:privilege").expect("a privilege").names(), ["D:read"]);
    }

    fn s9_3_principal_match_finds_oneself(account) {
        let answer = account
            .client
            .report(&principals(account), "0", "D:principal-match", "<D:self/><D:prop><D:displayname/></D:prop>")
            .multistatus();
        assert_eq!(answer.hrefs(), [account.principal.as_str()]);
        assert_eq!(answer.only().status_of("D:displayname"), Some(200));
    }

    fn s9_3_to_s9_5_another_depth_is_400(account) {
        for report in ["D:principal-match", "D:principal-property-search", "D:principal-search-property-set"] {
            let body = "<D:self/><D:property-search><D:prop><D:displayname/></D:prop><D:match>x</D:match></D:property-search>";
            account.client.report(&principals(account), "1", report, body).expect(400);
        }
    }

    fn s9_4_a_search_finds_principals_by_part_of_a_name_in_any_case(account) {
        let name = account.client.properties(&account.principal, "<D:displayname/>").value("D:displayname").to_owned();
        let part: String = name.chars().skip(1).collect();
        let matches = search(account, "<D:displayname/>", &part.to_uppercase());
        assert!(found(&matches, account));
        assert!(matches.iter().all(|response| response.value("D:displayname").to_lowercase().contains(&part.to_lowercase())));
    }

    fn s9_4_a_search_for_nobody_is_empty(account) {
        assert_eq!(search(account, "<D:displayname/>", "no such name anywhere").len(), 0);
        assert_eq!(search(account, "<X:not-searchable/>", "").len(), 0);
    }

    fn s9_4_conditions_and_properties_must_all_match(account, other) {
        let name = |account: &Account| account.client.properties(&account.principal, "<D:displayname/>").value("D:displayname").to_owned();
        let one = |text: &str| format!("<D:property-search><D:prop><D:displayname/></D:prop><D:match>{text}</D:match></D:property-search>");
        let both = format!("{}{}", one(&name(account)), one(&name(other)));
        let matches = account.client.report(&principals(account), "0", "D:principal-property-search", &both).multistatus();
        assert!(!found(&matches.responses, account) || name(account).contains(&name(other)));
        let matches = search(account, "<D:displayname/><X:not-searchable/>", &name(account));
        assert!(!found(&matches, account), "a property that cannot be searched matches nobody");
    }

    fn s9_4_a_search_may_be_asked_to_go_over_all_principals(account) {
        let name = account.client.properties(&account.principal, "<D:displayname/>").value("D:displayname").to_owned();
        let body = format!(
            "<D:property-search><D:prop><D:displayname/></D:prop><D:match>{name}</D:match></D:property-search><D:prop><D:displayname/></D:prop><D:apply-to-principal-collection-set/>"
        );
        let answer = account.client.report(&account.principal, "0", "D:principal-property-search", &body).multistatus();
        assert!(found(&answer.responses, account));
    }

    fn s9_5_what_can_be_searched_is_told(account) {
        let answer = account.client.report(&principals(account), "0", "D:principal-search-property-set", "").expect(200).element();
        assert_eq!(answer.name, "D:principal-search-property-set");
        let searchable: Vec<&str> = answer.children.iter().map(|one| one.child("D:prop").unwrap().names()[0]).collect();
        assert!(searchable.contains(&"D:displayname"), "{searchable:?}");
        for one in &answer.children {
            assert_eq!(one.child("D:prop").unwrap().children.len(), 1);
            assert!(one.child("D:description").unwrap().attribute("xml:lang").is_some());
        }
    }
}
