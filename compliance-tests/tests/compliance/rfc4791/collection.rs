//! RFC 4791 §4.2, §5.1 to §5.3.1, §6: calendar collections, their properties, making them.

use compliance_tests::account::{Account, component, event};

use super::{NEW_YORK, new_york_component};

fn components(account: &Account, path: &str) -> Vec<String> {
    let found = account.client.properties(path, "<C:supported-calendar-component-set/>");
    let set = found.prop("C:supported-calendar-component-set").expect("a supported-calendar-component-set").clone();
    set.children.iter().map(|comp| comp.attribute("name").expect("a name").to_owned()).collect()
}

fn component_set(names: &[&str]) -> String {
    let comps: String = names.iter().map(|name| format!("<C:comp name=\"{name}\"/>")).collect();
    format!("<C:supported-calendar-component-set>{comps}</C:supported-calendar-component-set>")
}

requirements! {
    fn s4_2_a_calendar_is_a_collection_and_a_calendar(account) {
        let types = account.client.properties(&account.calendar, "<D:resourcetype/>");
        assert!(types.prop("D:resourcetype").unwrap().holds(&["D:collection", "C:calendar"]));
    }

    fn s4_2_calendars_do_not_nest(account) {
        let inside = format!("{}inner/", account.calendar);
        account.client.mkcalendar(&inside, "").refuses_by_name("C:calendar-collection-location-ok");
        account.client.propfind(&inside, "0", "<D:resourcetype/>").expect(404);
    }

    fn s5_1_options_tell_calendar_access(account) {
        account.put("a.ics", &event("a"));
        for path in [&account.home, &account.calendar, &account.object("a.ics")] {
            assert!(account.client.send("OPTIONS", path, &[], "").list("dav").contains(&"calendar-access".to_owned()), "{path}");
        }
    }

    fn s5_2_1_a_description_keeps_its_language(account) {
        account
            .client
            .set(&account.calendar, "<C:calendar-description xml:lang='fr-CA'>Calendrier d'Élise &amp; Cie</C:calendar-description>");
        let found = account.client.properties(&account.calendar, "<C:calendar-description/>");
        assert_eq!(found.value("C:calendar-description"), "Calendrier d'Élise & Cie");
        assert_eq!(found.prop("C:calendar-description").unwrap().attribute("xml:lang"), Some("fr-CA"));
    }

    fn s5_2_2_a_time_zone_is_kept(account) {
        for zone in [NEW_YORK.replace('\r', "&#13;"), format!("<![CDATA[{}]]>", NEW_YORK.replace('\r', ""))] {
            account.client.set(&account.calendar, &format!("<C:calendar-timezone>{zone}</C:calendar-timezone>"));
            let found = account.client.properties(&account.calendar, "<C:calendar-timezone/>");
            assert_eq!(found.value("C:calendar-timezone").replace('\r', "").trim(), NEW_YORK.replace('\r', "").trim());
        }
    }

    fn s5_2_10_what_is_no_time_zone_is_refused(account) {
        let two = NEW_YORK.replace("END:VCALENDAR", &format!("{}END:VCALENDAR", new_york_component().replace("Test-Eastern", "Other")));
        for zone in ["junk".to_owned(), event("a"), two] {
            let body = format!("<D:set><D:prop><C:calendar-timezone>{zone}</C:calendar-timezone></D:prop></D:set>");
            let answer = account.client.proppatch(&account.calendar, &body).multistatus();
            assert!(matches!(answer.only().status_of("C:calendar-timezone"), Some(403 | 409)), "{zone}");
            assert_eq!(answer.root.all("C:valid-calendar-data").len(), 1, "{zone}");
        }
    }

    fn s5_2_3_components_are_told_and_protected(account) {
        assert!(components(account, &account.calendar).contains(&"VEVENT".to_owned()));
        let body = format!("<D:set><D:prop>{}</D:prop></D:set>", component_set(&["VTODO"]));
        let answer = account.client.proppatch(&account.calendar, &body).multistatus();
        assert!(matches!(answer.only().status_of("C:supported-calendar-component-set"), Some(403 | 409)));
    }

    fn s5_2_3_a_calendar_takes_the_components_it_was_made_for(account) {
        let path = account.another_calendar(&component_set(&["VTODO"]));
        assert_eq!(components(account, &path), ["VTODO"]);
        account.client.put(&format!("{path}a.ics"), &event("a")).refuses_by_name("C:supported-calendar-component");
        account.client.put(&format!("{path}t.ics"), &component("VTODO", "t", "SUMMARY:Task\r\n")).expect(201);
    }

    fn s5_2_4_supported_data_is_icalendar(account) {
        let found = account.client.properties(&account.calendar, "<C:supported-calendar-data/>");
        if let Some(property) = found.prop("C:supported-calendar-data") {
            let icalendar =
                |data: &&compliance_tests::xml::Element| data.attribute("content-type").is_none_or(|name| name == "text/calendar");
            assert!(property.all("C:calendar-data").iter().any(icalendar));
        }
    }

    fn s5_2_limits_where_told_are_numbers_and_times(account) {
        let names = ["C:max-resource-size", "C:max-instances", "C:max-attendees-per-instance", "C:min-date-time", "C:max-date-time"];
        let found = account.client.properties(&account.calendar, &names.map(|name| format!("<{name}/>")).concat());
        for name in names {
            let Some(property) = found.prop(name) else { continue };
            let digits = property.text.trim().trim_end_matches('Z').replace('T', "");
            assert!(digits.parse::<u64>().is_ok_and(|number| number > 0), "{name}: {}", property.text);
        }
    }

    fn s5_2_calendar_properties_are_not_in_allprop(account) {
        account.client.set(&account.calendar, "<C:calendar-description>d</C:calendar-description>");
        let all = account.client.xml("PROPFIND", &account.calendar, &[("depth", "0")], "D:propfind", "<D:allprop/>").multistatus();
        for name in [
            "supported-calendar-component-set",
            "supported-calendar-data",
            "max-resource-size",
            "supported-collation-set",
            "calendar-description",
            "calendar-timezone",
        ] {
            assert_eq!(all.only().status_of(&format!("C:{name}")), None, "{name}");
        }
    }

    fn s5_2_limits_are_protected(account) {
        for name in ["supported-calendar-data", "max-resource-size", "supported-collation-set"] {
            if account.client.properties(&account.calendar, &format!("<C:{name}/>")).prop(&format!("C:{name}")).is_none() {
                continue;
            }
            let answer = account
                .client
                .proppatch(&account.calendar, &format!("<D:set><D:prop><C:{name}>1</C:{name}></D:prop></D:set>"))
                .multistatus();
            assert!(matches!(answer.only().status_of(&format!("C:{name}")), Some(403 | 409)), "{name}");
        }
    }

    fn s5_3_1_a_calendar_is_made_with_its_properties(account) {
        let path = account.free();
        let zone = format!("<C:calendar-timezone><![CDATA[{NEW_YORK}]]></C:calendar-timezone>");
        let more = format!(
            "<D:displayname>Lisa's</D:displayname><C:calendar-description xml:lang='en'>For events.</C:calendar-description>{}{zone}<X:dead>d</X:dead>",
            component_set(&["VEVENT"])
        );
        let made = account.client.mkcalendar(&path, &more).expect(201);
        assert!(made.list("cache-control").contains(&"no-cache".to_owned()));
        let found =
            account.client.properties(&path, "<D:resourcetype/><D:displayname/><C:calendar-description/><C:calendar-timezone/><X:dead/>");
        assert!(found.prop("D:resourcetype").unwrap().holds(&["D:collection", "C:calendar"]));
        assert_eq!(
            (found.value("D:displayname"), found.value("C:calendar-description"), found.value("X:dead")),
            ("Lisa's", "For events.", "d")
        );
        assert!(found.value("C:calendar-timezone").contains("TZID:Test-Eastern"));
        assert_eq!(components(account, &path), ["VEVENT"]);
    }

    fn s5_3_1_without_a_body_a_calendar_is_made_too(account) {
        let path = account.free();
        account.client.send("MKCALENDAR", &path, &[], "").expect(201);
        assert_eq!(
            account
                .client
                .propfind(&account.home, "1", "<D:resourcetype/>")
                .multistatus()
                .response(&path)
                .prop("D:resourcetype")
                .unwrap()
                .names()
                .len(),
            2
        );
    }

    fn s5_3_1_without_a_slash_a_calendar_is_made_too(account) {
        let path = account.free();
        account.client.mkcalendar(path.trim_end_matches('/'), "").expect(201);
        account.client.propfind(&path, "0", "<D:resourcetype/>").expect(207);
    }

    fn s5_3_1_a_mapped_url_is_refused_by_name(account) {
        account.client.mkcalendar(&account.calendar, "").refuses_by_name("D:resource-must-be-null");
        assert_eq!(account.client.properties(&account.calendar, "<D:displayname/>").value("D:displayname"), "Test");
    }

    fn s5_3_1_1_without_its_parent_it_is_409(account) {
        account.client.mkcalendar(&format!("{}missing/child/", account.home), "").expect(409);
        account.client.propfind(&format!("{}missing/", account.home), "0", "<D:resourcetype/>").expect(404);
    }

    fn s5_3_1_1_all_properties_or_no_calendar(account) {
        let path = account.free();
        let refused = account.client.mkcalendar(&path, "<D:displayname>No</D:displayname><D:getetag>e</D:getetag>");
        let answer = refused.multistatus();
        assert_eq!(answer.only().status_of("D:displayname"), Some(424));
        assert!(matches!(answer.only().status_of("D:getetag"), Some(403 | 409)));
        assert!(refused.list("cache-control").contains(&"no-cache".to_owned()));
        account.client.propfind(&path, "0", "<D:resourcetype/>").expect(404);
    }

    fn s5_3_1_what_is_no_time_zone_is_refused(account) {
        let path = account.free();
        let refused = account.client.mkcalendar(&path, "<C:calendar-timezone>junk</C:calendar-timezone>");
        assert!(matches!(refused.status, 207 | 403 | 409), "{}", refused.status);
        assert!(refused.text().contains("valid-calendar-data"), "{}", refused.text());
        account.client.propfind(&path, "0", "<D:resourcetype/>").expect(404);
    }

    fn s6_2_1_a_principal_has_one_home(account) {
        let found = account.client.properties(&account.principal, "<C:calendar-home-set/>");
        assert_eq!(found.prop("C:calendar-home-set").unwrap().hrefs(), [account.home.as_str()]);
        let listed = account.client.propfind(&account.home, "1", "<D:resourcetype/>").multistatus();
        assert!(listed.response(&account.calendar).prop("D:resourcetype").unwrap().child("C:calendar").is_some());
    }

    fn s7_5_1_collations_are_told(account) {
        let found = account.client.properties(&account.calendar, "<C:supported-collation-set/>");
        let told: Vec<String> = found.prop("C:supported-collation-set").unwrap().children.iter().map(|one| one.text.clone()).collect();
        for collation in ["i;ascii-casemap", "i;octet"] {
            assert!(told.contains(&collation.to_owned()), "{told:?}");
        }
    }
}
