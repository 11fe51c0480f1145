//! RFC 4918: HTTP Extensions for Web Distributed Authoring and Versioning (WebDAV), classes 1 and 3.

use compliance_tests::account::{Account, event, event_with};
use compliance_tests::client::{Answer, Client, NAMESPACES};

mod copy_move;
mod files;
mod properties;

fn propfind(account: &Account, path: &str, depth: &str, inside: &str) -> Answer {
    account.client.xml("PROPFIND", path, &[("depth", depth)], "D:propfind", inside)
}

requirements! {
    fn s8_2_xml_that_is_not_well_formed_is_400(account) {
        for body in [
            "<D:propfind xmlns:D='DAV:'>",
            "<D:propfind xmlns:D='DAV:'><D:prop></D:propfind>",
            "<D:propfind><D:allprop/></D:propfind>",
            "junk",
        ] {
            let answer = account.client.send("PROPFIND", &account.calendar, &[("depth", "0"), ("content-type", "application/xml")], body);
            assert_eq!(answer.status, 400, "{body}");
        }
    }

    fn s8_2_text_xml_and_application_xml_are_accepted_with_or_without_charset(account) {
        for media_type in ["text/xml", "application/xml", "text/xml; charset=utf-8", "application/xml; charset=\"utf-8\""] {
            let headers = [("depth", "0"), ("content-type", media_type)];
            account
                .client
                .send("PROPFIND", &account.calendar, &headers, format!("<D:propfind {NAMESPACES}><D:allprop/></D:propfind>"))
                .expect(207);
        }
    }

    fn s8_3_hrefs_are_encoded_and_have_one_form(account) {
        for name in ["a b.ics", "100%.ics", "ü&c.ics"] {
            let encoded: String = name
                .bytes()
                .map(
                    |byte| if byte.is_ascii_alphanumeric() || byte == b'.' { char::from(byte).to_string() } else { format!("%{byte:02X}") },
                )
                .collect();
            account.put(&encoded, &event(name));
        }
        let listed = account.client.propfind(&account.calendar, "1", "<D:getetag/>").multistatus();
        for name in ["a b.ics", "100%.ics", "ü&c.ics"] {
            listed.response(&format!("{}{}", account.calendar, name.replace('%', "%25")));
        }
        let absolute = listed.hrefs()[0].contains("://");
        for href in listed.hrefs() {
            assert_eq!(href.contains("://"), absolute, "{href}");
            assert!(href.is_ascii() && !href.contains(' '), "{href}");
        }
    }

    fn s8_3_hrefs_are_paths_of_this_host(account) {
        let answer = account.client.propfind(&format!("/{}", account.calendar), "0", "<D:getetag/>").multistatus();
        assert!(answer.hrefs().iter().all(|href| !href.starts_with("//")), "{:?}", answer.hrefs());
    }

    fn s8_3_hrefs_of_collections_end_in_a_slash(account) {
        let listed = account.client.propfind(&account.home, "1", "<D:resourcetype/>").multistatus();
        for response in &listed.responses {
            let is_collection = response.prop("D:resourcetype").unwrap().child("D:collection").is_some();
            assert!(!is_collection || response.href.ends_with('/'), "{}", response.href);
        }
    }

    fn s8_5_authorization_is_checked_before_conditions(account) {
        let etag = account.put("a.ics", &event("a")).etag();
        let anonymous = Client::anonymous(&account.client.authority);
        for (name, value) in [("if-match", "\"other\""), ("if-none-match", etag.as_str())] {
            anonymous.send("GET", &account.object("a.ics"), &[(name, value)], "").expect(401);
        }
    }

    fn s9_1_depth_0_and_1_are_supported(account) {
        account.put("a.ics", &event("a"));
        let itself = propfind(account, &account.calendar, "0", "<D:prop><D:getetag/></D:prop>").multistatus();
        assert_eq!(itself.names(), [account.calendar.trim_end_matches('/').rsplit('/').next().unwrap()]);
        let members = propfind(account, &account.calendar, "1", "<D:prop><D:getetag/></D:prop>").multistatus();
        members.response(&account.calendar);
        members.response(&account.object("a.ics"));
        assert_eq!(members.responses.len(), 2);
    }

    fn s9_1_1_depth_infinity_is_answered_or_refused_by_name(account) {
        let answer = propfind(account, &account.home, "infinity", "<D:allprop/>");
        assert!(answer.status == 207 || answer.refuses(403, "D:propfind-finite-depth").children.is_empty());
    }

    fn s9_1_no_depth_is_infinity(account) {
        account.put("a.ics", &event("a"));
        let none = account.client.xml("PROPFIND", &account.calendar, &[], "D:propfind", "<D:allprop/>");
        let infinity = propfind(account, &account.calendar, "infinity", "<D:allprop/>");
        assert_eq!(none.status, infinity.status);
        assert!(none.status != 207 || none.multistatus().names() == infinity.multistatus().names());
    }

    fn s10_2_depth_is_ignored_where_there_are_no_members(account) {
        account.put("a.ics", &event("a"));
        for depth in ["0", "1", "infinity"] {
            let answer = propfind(account, &account.object("a.ics"), depth, "<D:prop><D:getetag/></D:prop>").multistatus();
            assert_eq!(answer.only().status_of("D:getetag"), Some(200), "{depth}");
        }
    }

    fn s9_1_no_body_is_allprop(account) {
        account.client.set(&account.calendar, "<X:dead>d</X:dead>");
        let none = account.client.send("PROPFIND", &account.calendar, &[("depth", "0")], "").multistatus();
        let allprop = propfind(account, &account.calendar, "0", "<D:allprop/>").multistatus();
        assert_eq!(none.root.inside, allprop.root.inside);
    }

    fn s9_1_allprop_has_what_this_specification_defines_and_dead_properties(account) {
        account.put("a.ics", &event("a"));
        account.client.set(&account.object("a.ics"), "<X:dead>d</X:dead>");
        let answer = propfind(account, &account.object("a.ics"), "0", "<D:allprop/>").multistatus();
        for name in
            ["D:creationdate", "D:getcontentlength", "D:getcontenttype", "D:getetag", "D:getlastmodified", "D:resourcetype", "X:dead"]
        {
            assert_eq!(answer.only().status_of(name), Some(200), "{name}");
        }
    }

    fn s9_1_allprop_includes_what_is_named(account) {
        let answer = propfind(account, &account.calendar, "0", "<D:allprop/><D:include><D:supported-report-set/><X:none/></D:include>")
            .multistatus();
        assert_eq!(answer.only().status_of("D:supported-report-set"), Some(200));
        assert_eq!(answer.only().status_of("D:resourcetype"), Some(200));
        assert_eq!(answer.only().status_of("X:none"), Some(404));
    }

    fn s9_1_propname_gives_names_without_values(account) {
        account.client.set(&account.calendar, "<X:dead>d</X:dead>");
        let answer = propfind(account, &account.calendar, "0", "<D:propname/>").multistatus();
        for name in ["D:displayname", "D:resourcetype", "D:supported-report-set", "X:dead"] {
            assert_eq!(answer.only().prop(name).unwrap_or_else(|| panic!("{name}")).inside, "", "{name}");
        }
    }

    fn s9_1_a_missing_property_is_404_beside_those_found(account) {
        let answer = propfind(account, &account.calendar, "0", "<D:prop><D:displayname/><X:none/></D:prop>").multistatus();
        assert_eq!((answer.only().status_of("D:displayname"), answer.only().status_of("X:none")), (Some(200), Some(404)));
    }

    fn s9_1_a_property_shows_up_once(account) {
        let answer = propfind(account, &account.calendar, "0", "<D:prop><D:displayname/><D:displayname/></D:prop>").multistatus();
        assert_eq!(answer.root.all("D:displayname").len(), 1);
    }

    fn s9_1_a_propfind_of_nothing_is_404(account) {
        propfind(account, &account.object("none.ics"), "0", "<D:allprop/>").expect(404);
    }

    fn s17_unknown_elements_and_attributes_are_ignored(account) {
        let answer = propfind(account, &account.calendar, "0", "<X:extra>e</X:extra><D:prop X:a='b'><D:displayname X:c='d'/></D:prop>")
            .multistatus();
        assert_eq!(answer.only().value("D:displayname"), "Test");
    }

    fn s9_2_a_body_without_propertyupdate_is_400(account) {
        account.client.xml("PROPPATCH", &account.calendar, &[], "D:propfind", "<D:allprop/>").expect(400);
        account.client.send("PROPPATCH", &account.calendar, &[], "").expect(400);
    }

    fn s9_3_mkcol_on_a_mapped_url_is_405(account) {
        account.client.send("MKCOL", &account.calendar, &[], "").expect(405);
        account.put("a.ics", &event("a"));
        account.client.send("MKCOL", &account.object("a.ics"), &[], "").expect(405);
    }

    fn s9_3_mkcol_without_its_parent_is_409(account) {
        account.client.send("MKCOL", &format!("{}missing/child/", account.home), &[], "").expect(409);
        account.client.propfind(&format!("{}missing/", account.home), "0", "<D:resourcetype/>").expect(404);
    }

    fn s9_3_mkcol_with_a_body_it_does_not_understand_is_415(account) {
        account.client.send("MKCOL", &account.free(), &[("content-type", "xzy-foo/bar")], "<x/>").expect(415);
    }

    fn s9_6_what_is_deleted_is_gone(account) {
        account.put("a.ics", &event("a"));
        account.client.remove(&account.object("a.ics"));
        account.client.get(&account.object("a.ics")).expect(404);
        account.client.propfind(&account.object("a.ics"), "0", "<D:getetag/>").expect(404);
        account.client.delete(&account.object("a.ics")).expect(404);
    }

    fn s9_6_properties_of_what_is_deleted_do_not_come_back(account) {
        account.put("a.ics", &event("a"));
        account.client.set(&account.object("a.ics"), "<X:p>1</X:p>");
        account.client.remove(&account.object("a.ics"));
        account.put("a.ics", &event("a"));
        assert_eq!(account.client.properties(&account.object("a.ics"), "<X:p/>").status_of("X:p"), Some(404));
    }

    fn s9_6_1_a_collection_is_deleted_with_its_members(account) {
        let calendar = account.another_calendar("");
        let object = format!("{calendar}a.ics");
        account.client.put(&object, &event("a")).expect(201);
        account.client.remove(&calendar);
        account.client.get(&object).expect(404);
        account.client.propfind(&calendar, "0", "<D:resourcetype/>").expect(404);
        account.client.mkcalendar(&calendar, "").expect(201);
        assert_eq!(account.client.propfind(&calendar, "1", "<D:getetag/>").multistatus().responses.len(), 1);
    }

    fn s9_7_1_put_without_its_parent_is_409(account) {
        account.client.put(&format!("{}missing/a.ics", account.home), &event("a")).expect(409);
    }

    fn s9_7_1_properties_survive_a_put(account) {
        account.put("a.ics", &event("a"));
        account.client.set(&account.object("a.ics"), "<X:p>1</X:p>");
        account.put("a.ics", &event_with("a", "DTSTART:20270101T000000Z\r\n"));
        assert_eq!(account.client.properties(&account.object("a.ics"), "<X:p/>").value("X:p"), "1");
    }

    fn s9_7_2_put_does_not_turn_a_collection_into_something_else(account) {
        account.client.put(&account.calendar, &event("a"));
        let types = account.client.properties(&account.calendar, "<D:resourcetype/>");
        assert!(types.prop("D:resourcetype").unwrap().holds(&["D:collection", "C:calendar"]));
    }

    fn s10_1_options_tell_the_compliance_classes(account) {
        account.put("a.ics", &event("a"));
        for path in [&account.principal, &account.home, &account.calendar, &account.object("a.ics")] {
            let classes = account.client.send("OPTIONS", path, &[], "").list("dav");
            assert!(classes.contains(&"1".to_owned()), "{path}: {classes:?}");
        }
    }

    fn s18_2_without_locks_there_is_no_class_2(account) {
        let options = account.client.send("OPTIONS", &account.calendar, &[], "");
        let locks = options.list("allow").contains(&"LOCK".to_owned());
        assert_eq!(options.list("dav").contains(&"2".to_owned()), locks);
    }

    fn s13_each_response_has_one_href_and_a_status(account) {
        account.put("a.ics", &event("a"));
        let answer = propfind(account, &account.calendar, "1", "<D:prop><D:getetag/><D:displayname/><X:none/></D:prop>");
        assert!(answer.header("content-type").unwrap().contains("xml"), "{answer:?}");
        for response in answer.multistatus().root.all("D:response") {
            assert_eq!(response.children.iter().filter(|child| child.name == "D:href").count(), 1);
            let propstats = response.children.iter().filter(|child| child.name == "D:propstat").count();
            assert!(propstats > 0);
            assert_eq!(response.all("D:status").len(), propstats);
        }
    }

    fn s20_6_document_types_do_not_reach_outside(account) {
        let body = "<?xml version='1.0'?><!DOCTYPE D:propfind [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><D:displayname>&e;</D:displayname></D:prop></D:set></D:propertyupdate>";
        let answer = account.client.send("PROPPATCH", &account.calendar, &[("content-type", "application/xml")], body);
        let name = account.client.properties(&account.calendar, "<D:displayname/>").value("D:displayname").to_owned();
        assert!(!name.contains("root:"), "{name}");
        assert!((400..500).contains(&answer.status) || answer.status == 207, "{}", answer.status);
    }

    fn s10_4_3_one_list_of_the_if_header_with_all_its_conditions_must_hold(account) {
        let mut etag = account.put("a.ics", &event("a")).etag();
        let mut put = |condition: &str, day: u32| {
            let body = event_with("a", &format!("DTSTART:202701{day:02}T000000Z\r\n"));
            let headers = [("if", condition.replace("NOW", &etag)), ("content-type", "text/calendar".to_owned())];
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = account.client.send("PUT", &account.object("a.ics"), &headers, body);
            etag = account.client.get(&account.object("a.ics")).etag();
            answer.status
        };
        assert_eq!([put("([NOW])", 1), put("([\"x\"])", 2), put("(Not [\"x\"])", 3), put("(Not [NOW])", 4)], [204, 412, 204, 412]);
        assert_eq!([put("([\"x\"]) ([NOW])", 5), put("([NOW] [\"x\"])", 6), put("([NOW] Not [\"x\"])", 7)], [204, 412, 204]);
        assert_eq!([put("(<opaquelocktoken:nobody-holds-it>)", 8), put("(Not <DAV:no-lock>)", 9)], [412, 204]);
    }

    fn s10_4_4_what_is_not_there_has_no_state(account) {
        let put = |condition: &str| {
            account.client.send("PUT", &account.object("a.ics"), &[("if", condition), ("content-type", "text/calendar")], event("a")).status
        };
        assert_eq!(put(&format!("<{}> ([\"x\"])", account.object("none.ics"))), 412);
        assert_eq!(put("([\"x\"])"), 412);
        assert_eq!(put(&format!("<{}> (Not [\"x\"])", account.object("none.ics"))), 201);
    }
}
