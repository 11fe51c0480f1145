//! RFC 4918 §4, §9.2, §15: properties, and setting them.

use compliance_tests::account::{Account, event, event_with};

/// Sets a dead property and gives what is inside it afterwards, in one spelling.
fn kept(account: &Account, property: &str, name: &str) -> String {
    account.client.set(&account.calendar, property);
    let ask = format!("<{name} xmlns=\"\"/>");
    account.client.properties(&account.calendar, &ask).prop(name).unwrap_or_else(|| panic!("{name}")).inside.clone()
}

requirements! {
    fn s4_3_an_empty_property_differs_from_none(account) {
        assert_eq!(kept(account, "<X:title></X:title>", "X:title"), "");
        assert_eq!(account.client.properties(&account.calendar, "<X:other/>").status_of("X:other"), Some(404));
    }

    fn s4_3_mixed_content_and_white_space_are_kept(account) {
        let inside = " a <X:b>bold</X:b>\n\tand <X:i></X:i> c ";
        assert_eq!(kept(account, &format!("<X:mixed>{inside}</X:mixed>"), "X:mixed"), inside);
    }

    fn s4_3_elements_of_several_namespaces_are_kept(account) {
        let property = "<X:p><a xmlns='urn:a'><b xmlns='urn:b'><c xmlns=''/></b></a><X:q xmlns:X='urn:other'/></X:p>";
        let inside = "<{urn:a}a><{urn:b}b><{}c></{}c></{urn:b}b></{urn:a}a><{urn:other}q></{urn:other}q>";
        assert_eq!(kept(account, property, "X:p"), inside);
    }

    fn s4_3_attributes_and_their_namespaces_are_kept(account) {
        let property = "<X:p><X:q plain='1 &lt; \"2\"' X:own='3' y:z='4' xmlns:y='urn:y'/></X:p>";
        let inside = "<X:q X:own=\"3\" plain=\"1 &lt; &quot;2&quot;\" {urn:y}z=\"4\"></X:q>";
        assert_eq!(kept(account, property, "X:p"), inside);
    }

    fn s4_3_characters_beyond_ascii_and_references_are_kept(account) {
        assert_eq!(
            kept(account, "<X:p>&#x1F600; Zürich &amp; 東京 &lt;tag&gt;<![CDATA[<raw>]]></X:p>", "X:p"),
            "😀 Zürich &amp; 東京 &lt;tag&gt;&lt;raw&gt;"
        );
    }

    fn s4_3_the_language_in_scope_is_kept(account) {
        let body = "<D:set xml:lang='de'><D:prop><X:titel>Kalender</X:titel></D:prop></D:set><D:set><D:prop xml:lang='fr'><X:titre>Agenda</X:titre><X:title xml:lang='en'>Diary</X:title></D:prop></D:set>";
        account.client.proppatch(&account.calendar, body).expect(207);
        let found = account.client.properties(&account.calendar, "<X:titel/><X:titre/><X:title/>");
        for (name, language) in [("X:titel", "de"), ("X:titre", "fr"), ("X:title", "en")] {
            assert_eq!(found.prop(name).unwrap().attribute("xml:lang"), Some(language), "{name}");
        }
    }

    fn s4_4_names_differ_by_namespace_and_case(account) {
        account.client.set(&account.calendar, "<X:name>1</X:name><X:Name>2</X:Name><name xmlns='urn:n'>3</name><name xmlns=''>4</name>");
        let found = account.client.properties(&account.calendar, "<X:name/><X:Name/><name xmlns='urn:n'/><name xmlns=''/>");
        for (name, value) in [("X:name", "1"), ("X:Name", "2"), ("{urn:n}name", "3"), ("{}name", "4")] {
            assert_eq!(found.value(name), value);
        }
    }

    fn s8_6_the_etag_stays_while_the_body_does(account) {
        let etag = account.put("a.ics", &event("a")).etag();
        account.client.set(&account.object("a.ics"), "<X:note>n</X:note>");
        account.put("b.ics", &event("b"));
        assert_eq!(account.client.get(&account.object("a.ics")).etag(), etag);
        assert_ne!(account.put("a.ics", &event_with("a", "DTSTART:20270101T000000Z\r\n")).etag(), etag);
    }

    fn s4_values_and_names_that_xml_does_not_have_are_refused(account) {
        for bad in ["<X:a>&#xFFFF;</X:a>", "<X:1a/>", "<X:a&amp;b/>", "<X:-a/>", "<X:a>&#1;</X:a>"] {
            let answer = account.client.proppatch(&account.calendar, &format!("<D:set><D:prop>{bad}</D:prop></D:set>"));
            assert_eq!(answer.status, 400, "{bad}");
        }
        account.client.xml("PROPFIND", &account.calendar, &[("depth", "0")], "D:propfind", "<D:allprop/>").multistatus();
    }

    fn rfc4331_s6_what_one_resource_keeps_is_bounded(account) {
        let value = |name: usize, bytes: usize| format!("<X:p{name}>{}</X:p{name}>", "x".repeat(bytes));
        let set = |properties: String| account.client.proppatch(&account.calendar, &format!("<D:set><D:prop>{properties}</D:prop></D:set>"));
        set((0..190).map(|name| value(name, 10)).collect()).multistatus();
        // Replacing and removing is always fine; beyond the bound it is not.
        set((0..190).map(|name| value(name, 20)).collect()).multistatus();
        set((190..300).map(|name| value(name, 10)).collect()).refuses(507, "D:quota-not-exceeded");
        for name in 0..3 {
            set(value(name, 60_000)).multistatus();
        }
        for name in 3..5 {
            let _ = set(value(name, 60_000));
        }
        set(value(5, 60_000)).refuses(507, "D:quota-not-exceeded");
        let removed = "<D:remove><D:prop><X:p0/><X:p1/><X:p2/></D:prop></D:remove>";
        account.client.proppatch(&account.calendar, removed).multistatus();
        let many: String = (0..300).map(|name| value(name, 1)).collect();
        account.client.mkcalendar(&account.free(), &many).refuses(507, "D:quota-not-exceeded");
    }

    fn s9_2_instructions_are_done_in_document_order(account) {
        let set = |value: &str| format!("<D:set><D:prop><X:p>{value}</X:p></D:prop></D:set>");
        let remove = "<D:remove><D:prop><X:p/></D:prop></D:remove>";
        account.client.proppatch(&account.calendar, &format!("{}{remove}{}{}", set("1"), set("2"), set("3"))).expect(207);
        assert_eq!(account.client.properties(&account.calendar, "<X:p/>").value("X:p"), "3");
        account.client.proppatch(&account.calendar, &format!("{}{remove}", set("4"))).expect(207);
        assert_eq!(account.client.properties(&account.calendar, "<X:p/>").status_of("X:p"), Some(404));
    }

    fn s9_2_all_or_none(account) {
        let body = "<D:set><D:prop><X:p>1</X:p><D:getetag>\"e\"</D:getetag></D:prop></D:set><D:remove><D:prop><D:displayname/></D:prop></D:remove>";
        let answer = account.client.proppatch(&account.object("a.ics"), body);
        assert_eq!(answer.status, 404, "nothing is there yet");
        account.put("a.ics", &event("a"));
        let answer = account.client.proppatch(&account.object("a.ics"), body).multistatus();
        assert_eq!(answer.only().status_of("X:p"), Some(424));
        assert_eq!(answer.only().status_of("D:getetag"), Some(403));
        assert_eq!(account.client.properties(&account.object("a.ics"), "<X:p/>").status_of("X:p"), Some(404));
    }

    fn s9_2_a_condition_is_judged_before_the_properties(account) {
        account.put("a.ics", &compliance_tests::account::event("a"));
        let body = format!("<D:propertyupdate {}><D:set><D:prop><D:getetag>x</D:getetag></D:prop></D:set></D:propertyupdate>", compliance_tests::client::NAMESPACES);
        account.client.send("PROPPATCH", &account.object("a.ics"), &[("if-match", "\"stale\""), ("content-type", "application/xml")], body).expect(412);
    }

    fn s9_2_1_success_names_each_property_without_its_value(account) {
        let body = "<D:set><D:prop><X:a>1</X:a><D:displayname>New</D:displayname></D:prop></D:set><D:remove><D:prop><X:never/></D:prop></D:remove>";
        let answer = account.client.proppatch(&account.calendar, body).multistatus();
        for name in ["X:a", "D:displayname", "X:never"] {
            assert_eq!(answer.only().prop(name).unwrap_or_else(|| panic!("{name}")).inside, "");
        }
        assert_eq!(account.client.properties(&account.calendar, "<D:displayname/>").value("D:displayname"), "New");
    }

    fn s9_2_1_protected_properties_are_refused_by_name(account) {
        account.put("a.ics", &event("a"));
        for property in [
            "getetag",
            "getcontentlength",
            "getlastmodified",
            "creationdate",
            "resourcetype",
            "owner",
            "supported-report-set",
            "current-user-principal",
        ] {
            for instruction in ["set", "remove"] {
                let body = format!("<D:{instruction}><D:prop><D:{property}/></D:prop></D:{instruction}>");
                let answer = account.client.proppatch(&account.object("a.ics"), &body).multistatus();
                assert_eq!(answer.only().status_of(&format!("D:{property}")), Some(403), "{instruction} {property}");
                assert_eq!(answer.root.all("D:cannot-modify-protected-property").len(), 1, "{instruction} {property}");
            }
        }
    }

    fn s14_23_removing_what_is_not_there_is_no_error(account) {
        let answer = account.client.proppatch(&account.calendar, "<D:remove><D:prop><X:never/></D:prop></D:remove>").multistatus();
        assert_eq!(answer.only().status_of("X:never"), Some(200));
    }

    fn s15_1_creationdate_is_rfc3339(account) {
        account.put("a.ics", &event("a"));
        let found = account.client.properties(&account.object("a.ics"), "<D:creationdate/>");
        assert!(found.prop("D:creationdate").is_some() || account.server.is_none(), "it is a SHOULD");
        let Some(property) = found.prop("D:creationdate") else { return };
        let shape: String = property.text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert!(shape.starts_with("0000-00-00T00:00:00"), "{shape}");
    }

    fn s15_2_displayname_can_be_set_and_removed(account) {
        account.client.set(&account.calendar, "<D:displayname xml:lang='de'>Müßiggang &amp; mehr</D:displayname>");
        let found = account.client.properties(&account.calendar, "<D:displayname/>");
        assert_eq!(found.value("D:displayname"), "Müßiggang & mehr");
        assert_eq!(found.prop("D:displayname").unwrap().attribute("xml:lang"), Some("de"));
    }

    fn s15_getters_say_what_get_says(account) {
        account.put("a.ics", &event("a"));
        let got = account.client.get(&account.object("a.ics"));
        let found =
            account.client.properties(&account.object("a.ics"), "<D:getcontentlength/><D:getcontenttype/><D:getetag/><D:getlastmodified/>");
        assert_eq!(found.value("D:getetag"), got.etag());
        assert_eq!(found.value("D:getcontentlength"), got.body.len().to_string());
        assert_eq!(found.value("D:getlastmodified"), got.header("last-modified").unwrap());
        assert_eq!(found.value("D:getcontenttype"), got.header("content-type").unwrap());
    }

    fn s15_9_resourcetype_is_empty_for_an_object(account) {
        account.put("a.ics", &event("a"));
        assert_eq!(account.client.properties(&account.object("a.ics"), "<D:resourcetype/>").prop("D:resourcetype").unwrap().inside, "");
    }
}
