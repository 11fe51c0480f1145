//! RFC 4791 §7.6, §7.7, §9.6: what calendar-data a report gives.

use compliance_tests::account::{Account, component, event, event_with, lines};

use super::{instant, new_york_component, range};

/// The calendar-data of the only object, in a form; without the CRs, which may be left out.
fn data(account: &Account, form: &str) -> String {
    account.query(form, "").only().value("C:calendar-data").replace('\r', "")
}

/// A series at 9 for an hour in New York, without its third day, with its second day at 20 UTC.
fn series() -> String {
    let master = "DTSTART;TZID=Test-Eastern:20260601T090000\r\nDTEND;TZID=Test-Eastern:20260601T100000\r\nRRULE:FREQ=DAILY;COUNT=5\r\nEXDATE;TZID=Test-Eastern:20260603T090000\r\nSUMMARY:Master\r\n";
    let moved = format!(
        "BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID;TZID=Test-Eastern:20260602T090000\r\nDTSTART:{}\r\nDTEND:{}\r\nSUMMARY:Moved\r\nEND:VEVENT\r\n",
        instant("44"),
        instant("45")
    );
    let calendar = event_with("a", master).replace("BEGIN:VEVENT", &format!("{}BEGIN:VEVENT", new_york_component()));
    calendar.replace("END:VCALENDAR\r\n", &format!("{moved}END:VCALENDAR\r\n"))
}

fn expand(text: &str) -> String {
    format!("<C:expand{}/>", range(text))
}

/// The values of a property in all components, in order.
fn values(data: &str, name: &str) -> Vec<String> {
    let of = |line: &str| line.strip_prefix(name).filter(|rest| rest.starts_with([':', ';'])).map(str::to_owned);
    let mut found: Vec<String> = data.lines().filter_map(of).map(|rest| rest.split_once(':').expect("a value").1.to_owned()).collect();
    found.sort();
    found
}

requirements! {
    fn s9_6_without_a_form_the_whole_object_is_given(account) {
        let properties = "DTSTART:20260601T090000Z\r\nDESCRIPTION:<&> ]]> \"Käse\"\r\nX-ACME:1\r\n";
        account.put("a.ics", &event_with("a", properties));
        assert_eq!(lines(&data(account, "")), lines(&event_with("a", properties)));
    }

    fn s9_6_data_and_etag_are_of_the_same_state(account) {
        account.put("a.ics", &event("a"));
        let answer = account.query("", "");
        assert_eq!(answer.only().value("D:getetag"), account.client.get(&account.object("a.ics")).etag());
    }

    fn s9_6_it_is_no_property(account) {
        account.put("a.ics", &event("a"));
        assert_eq!(account.client.properties(&account.object("a.ics"), "<C:calendar-data/>").status_of("C:calendar-data"), Some(404));
        let answer = account
            .client
            .proppatch(&account.object("a.ics"), "<D:set><D:prop><C:calendar-data>x</C:calendar-data></D:prop></D:set>")
            .multistatus();
        assert!(matches!(answer.only().status_of("C:calendar-data"), Some(403 | 409)));
    }

    fn s9_6_another_media_type_is_refused_by_name(account) {
        account.put("a.ics", &event("a"));
        let filter = "<C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>";
        for attributes in ["content-type='application/unheard-of'", "content-type='text/calendar' version='1.0'"] {
            let prop = format!("<D:prop><C:calendar-data {attributes}/></D:prop>");
            account
                .client
                .report(&account.calendar, "1", "C:calendar-query", &format!("{prop}{filter}"))
                .refuses_by_name("C:supported-calendar-data");
            let multiget = format!("{prop}<D:href>{}</D:href>", account.object("a.ics"));
            account.client.report(&account.calendar, "1", "C:calendar-multiget", &multiget).refuses_by_name("C:supported-calendar-data");
        }
        let known = format!("<D:prop><C:calendar-data content-type='text/calendar' version='2.0'/></D:prop>{filter}");
        account.client.report(&account.calendar, "1", "C:calendar-query", &known).expect(207);
    }

    fn s9_6_1_only_the_parts_that_are_named(account) {
        let alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:d\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n";
        account.put(
            "a.ics",
            &event_with("a", &format!("DTSTART:20260601T090000Z\r\nSUMMARY:Kept\r\nLOCATION:Left out\r\nX-ACME:kept\r\n{alarm}")),
        );
        let form = "<C:comp name='VCALENDAR'><C:prop name='VERSION'/><C:comp name='VEVENT'><C:prop name='SUMMARY'/><C:prop name='UID'/><C:prop name='X-ACME'/></C:comp></C:comp>";
        let mut lines: Vec<String> = data(account, form).lines().map(str::to_owned).collect();
        lines.sort();
        assert_eq!(
            lines,
            ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "END:VCALENDAR", "END:VEVENT", "SUMMARY:Kept", "UID:a", "VERSION:2.0", "X-ACME:kept"]
        );
    }

    fn s9_6_2_and_3_all_properties_or_all_components(account) {
        let alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:d\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n";
        account.put("a.ics", &event_with("a", &format!("DTSTART:20260601T090000Z\r\nSUMMARY:S\r\n{alarm}")));
        let without_parts = data(account, "<C:comp name='VCALENDAR'><C:allprop/><C:comp name='VEVENT'><C:allprop/></C:comp></C:comp>");
        assert!(
            without_parts.contains("SUMMARY:S") && without_parts.contains("PRODID") && !without_parts.contains("VALARM"),
            "{without_parts}"
        );
        let with_parts = data(account, "<C:comp name='VCALENDAR'><C:comp name='VEVENT'><C:prop name='UID'/><C:allcomp/></C:comp></C:comp>");
        assert!(with_parts.contains("TRIGGER:-PT15M") && !with_parts.contains("SUMMARY:S"), "{with_parts}");
    }

    fn s9_6_4_a_property_without_its_value(account) {
        account.put(
            "a.ics",
            &event_with("a", "DTSTART:20260601T090000Z\r\nATTENDEE;PARTSTAT=ACCEPTED;CN=\"A: B\":mailto:a@example.org\r\nSUMMARY:Long\r\n"),
        );
        let form = "<C:comp name='VCALENDAR'><C:comp name='VEVENT'><C:prop name='ATTENDEE' novalue='yes'/><C:prop name='SUMMARY' novalue='no'/></C:comp></C:comp>";
        let given = data(account, form);
        assert!(given.contains("\nATTENDEE;PARTSTAT=ACCEPTED;CN=\"A: B\":\n"), "{given}");
        assert!(given.contains("\nSUMMARY:Long\n"), "{given}");
    }

    fn s9_6_5_expansion_gives_each_instance_in_the_range(account) {
        account.put("a.ics", &series());
        let given = data(account, &expand("0-96"));
        assert_eq!(values(&given, "DTSTART"), ["20260601T130000Z", "20260602T200000Z", "20260604T130000Z"], "{given}");
        assert_eq!(values(&given, "DTEND"), ["20260601T140000Z", "20260602T210000Z", "20260604T140000Z"]);
        assert_eq!(values(&given, "SUMMARY"), ["Master", "Master", "Moved"]);
    }

    fn s9_6_5_instances_but_the_first_have_a_recurrence_id(account) {
        account.put("a.ics", &series());
        let ids = values(&data(account, &expand("24-96")), "RECURRENCE-ID");
        assert_eq!(ids, ["20260602T130000Z", "20260604T130000Z"]);
    }

    fn s9_6_5_expansion_leaves_neither_rules_nor_zones(account) {
        account.put("a.ics", &series());
        let given = data(account, &expand("0-240"));
        for gone in ["RRULE", "EXDATE", "RDATE", "VTIMEZONE", "TZID"] {
            assert!(!given.contains(gone), "{gone} in {given}");
        }
    }

    fn s9_6_5_what_does_not_recur_is_given_in_utc_too(account) {
        let event = event_with("a", "DTSTART;TZID=Test-Eastern:20260601T090000\r\nDURATION:PT1H\r\n");
        account.put("a.ics", &event.replace("BEGIN:VEVENT", &format!("{}BEGIN:VEVENT", new_york_component())));
        let given = data(account, &expand("0-24"));
        assert_eq!(values(&given, "DTSTART"), ["20260601T130000Z"]);
        assert!(!given.contains("TZID"), "{given}");
    }

    fn s9_6_5_dates_stay_dates(account) {
        account.put("a.ics", &event_with("a", "DTSTART;VALUE=DATE:20260601\r\nRRULE:FREQ=DAILY;COUNT=3\r\n"));
        let given = data(account, &expand("24-48"));
        assert_eq!(values(&given, "DTSTART"), ["20260602"], "{given}");
        assert!(given.contains("DTSTART;VALUE=DATE:"), "{given}");
    }

    fn s9_6_5_expansion_with_parts(account) {
        account.put("a.ics", &series());
        let form = format!("<C:comp name='VCALENDAR'><C:comp name='VEVENT'><C:prop name='SUMMARY'/></C:comp></C:comp>{}", expand("24-48"));
        let given = data(account, &form);
        assert_eq!(values(&given, "SUMMARY"), ["Moved"], "{given}");
        assert!(!given.contains("UID") && !given.contains("DTSTART"), "{given}");
    }

    fn s9_6_6_only_overrides_that_matter_in_the_range(account) {
        account.put("a.ics", &series());
        for (text, expected) in [("0-24", false), ("37-38", true), ("44-45", true), ("72-96", false)] {
            let given = data(account, &format!("<C:limit-recurrence-set{}/>", range(text)));
            assert!(given.contains("SUMMARY:Master") && given.contains("RRULE"), "{text}: {given}");
            assert_eq!(given.contains("SUMMARY:Moved"), expected, "{text}: {given}");
        }
    }

    fn s9_6_7_only_busy_periods_in_the_range(account) {
        let set = "<C:supported-calendar-component-set><C:comp name=\"VFREEBUSY\"/></C:supported-calendar-component-set>";
        let path = account.another_calendar(set);
        let periods =
            format!("FREEBUSY:{}/PT1H,{}/PT1H\r\nFREEBUSY;FBTYPE=BUSY-TENTATIVE:{}/PT1H\r\n", instant("9"), instant("12"), instant("15"));
        if account.client.put(&format!("{path}a.ifb"), &component("VFREEBUSY", "a", &periods)).status != 201 {
            return crate::skipped_elsewhere(account, "it takes no VFREEBUSY");
        }
        let prop = format!("<D:prop><C:calendar-data><C:limit-freebusy-set{}/></C:calendar-data></D:prop>", range("12-13"));
        let body = format!("{prop}<C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>");
        let answer = account.client.report(&path, "1", "C:calendar-query", &body).multistatus();
        let given = answer.only().value("C:calendar-data").to_owned();
        assert!(given.contains(&instant("12")) && !given.contains(&instant("9")) && !given.contains(&instant("15")), "{given}");
        assert!(given.contains("UID:a"));
    }

    fn s9_6_ranges_need_both_ends_in_order(account) {
        for element in ["expand", "limit-recurrence-set", "limit-freebusy-set"] {
            for text in ["9-", "-9", "10-9", "9-9"] {
                let prop = format!("<D:prop><C:calendar-data><C:{element}{}/></C:calendar-data></D:prop>", range(text));
                let body = format!("{prop}<C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>");
                let answer = account.client.report(&account.calendar, "1", "C:calendar-query", &body);
                assert!(matches!(answer.status, 400 | 403), "{element} {text}: {}", answer.status);
            }
        }
    }
}
