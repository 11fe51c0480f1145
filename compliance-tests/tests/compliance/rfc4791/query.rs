//! RFC 4791 §7.5, §7.8, §9.7: calendar-query, its filters and collations.

use compliance_tests::account::{Account, component, event, event_with};
use compliance_tests::client::Answer;

/// Three objects to look for.
fn fill(account: &Account) {
    let party = "DTSTART:20260714T170000Z\r\nSUMMARY;LANGUAGE=en:Bastille Day Party\r\nSTATUS:CONFIRMED\r\nATTENDEE;PARTSTAT=ACCEPTED;CN=Lisa:mailto:lisa@example.com\r\nATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bernard@example.com\r\n";
    let alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Go\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n";
    account.put("party.ics", &event_with("party", &format!("{party}{alarm}")));
    account.put("cheese.ics", &event_with("cheese", "DTSTART:20260701T170000Z\r\nSUMMARY:Käse\r\nATTENDEE:mailto:lisa@example.com\r\n"));
    account.put("task.ics", &component("VTODO", "task", "SUMMARY:Party shopping\r\nDUE:20260713T170000Z\r\n"));
}

fn events(account: &Account, inside: &str) -> Vec<String> {
    account.found(&format!("<C:comp-filter name=\"VEVENT\">{inside}</C:comp-filter>"))
}

/// A prop-filter on SUMMARY.
fn summary(attributes: &str, text: &str) -> String {
    format!("<C:prop-filter name=\"SUMMARY\"><C:text-match {attributes}>{text}</C:text-match></C:prop-filter>")
}

fn raw(account: &Account, inside: &str) -> Answer {
    account.client.report(&account.calendar, "1", "C:calendar-query", &format!("<D:prop><D:getetag/></D:prop>{inside}"))
}

fn refused(account: &Account, filter: &str, condition: &str) {
    raw(account, &format!("<C:filter><C:comp-filter name=\"VCALENDAR\">{filter}</C:comp-filter></C:filter>")).refuses_by_name(condition);
}

const NONE: [&str; 0] = [];

requirements! {
    fn s9_7_1_an_empty_filter_on_the_calendar_matches_all(account) {
        fill(account);
        assert_eq!(account.found(""), ["cheese.ics", "party.ics", "task.ics"]);
    }

    fn s9_7_1_a_component_type_matches_where_it_is(account) {
        fill(account);
        assert_eq!(events(account, ""), ["cheese.ics", "party.ics"]);
        assert_eq!(account.found("<C:comp-filter name=\"VTODO\"/>"), ["task.ics"]);
        assert_eq!(account.found("<C:comp-filter name=\"VJOURNAL\"/>"), NONE);
    }

    fn s9_7_1_a_component_type_that_must_not_be_there(account) {
        fill(account);
        assert_eq!(account.found("<C:comp-filter name=\"VEVENT\"><C:is-not-defined/></C:comp-filter>"), ["task.ics"]);
        assert_eq!(account.found("<C:comp-filter name=\"VJOURNAL\"><C:is-not-defined/></C:comp-filter>").len(), 3);
    }

    fn s9_7_1_filters_nest(account) {
        fill(account);
        assert_eq!(events(account, "<C:comp-filter name=\"VALARM\"/>"), ["party.ics"]);
        assert_eq!(events(account, "<C:comp-filter name=\"VALARM\"><C:is-not-defined/></C:comp-filter>"), ["cheese.ics"]);
        let display = |text: &str| {
            format!(
                "<C:comp-filter name=\"VALARM\"><C:prop-filter name=\"ACTION\"><C:text-match>{text}</C:text-match></C:prop-filter></C:comp-filter>"
            )
        };
        assert_eq!(events(account, &display("DISPLAY")), ["party.ics"]);
        assert_eq!(events(account, &display("AUDIO")), NONE);
    }

    fn s9_7_1_all_filters_must_match(account) {
        fill(account);
        let lisa = "<C:prop-filter name=\"ATTENDEE\"><C:text-match>lisa</C:text-match></C:prop-filter>";
        assert_eq!(events(account, lisa), ["cheese.ics", "party.ics"]);
        assert_eq!(events(account, &format!("{lisa}{}", summary("", "party"))), ["party.ics"]);
        assert_eq!(events(account, &format!("{lisa}{}", summary("", "shopping"))), NONE);
        let range = "<C:time-range start=\"20260710T000000Z\" end=\"20260720T000000Z\"/>";
        assert_eq!(events(account, &format!("{range}{lisa}")), ["party.ics"]);
    }

    fn s9_7_2_a_property_that_must_be_there_or_not(account) {
        fill(account);
        assert_eq!(events(account, "<C:prop-filter name=\"STATUS\"/>"), ["party.ics"]);
        assert_eq!(events(account, "<C:prop-filter name=\"STATUS\"><C:is-not-defined/></C:prop-filter>"), ["cheese.ics"]);
        assert_eq!(events(account, "<C:prop-filter name=\"X-NOBODY-HAS\"/>"), NONE);
    }

    fn s9_7_2_names_are_read_in_any_case(account) {
        fill(account);
        assert_eq!(account.found("<C:comp-filter name=\"vevent\"><C:prop-filter name=\"status\"/></C:comp-filter>"), ["party.ics"]);
    }

    fn s9_7_3_a_parameter_that_must_be_there_or_not(account) {
        fill(account);
        let attendee = |inside: &str| {
            format!("<C:prop-filter name=\"ATTENDEE\"><C:param-filter name=\"PARTSTAT\">{inside}</C:param-filter></C:prop-filter>")
        };
        assert_eq!(events(account, &attendee("")), ["party.ics"]);
        assert_eq!(events(account, &attendee("<C:is-not-defined/>")), ["cheese.ics"]);
        assert_eq!(events(account, &attendee("<C:text-match>needs-action</C:text-match>")), ["party.ics"]);
        assert_eq!(events(account, &attendee("<C:text-match>DECLINED</C:text-match>")), NONE);
    }

    fn s7_8_7_value_and_parameter_match_on_the_same_property(account) {
        fill(account);
        let both = |who: &str, partstat: &str| {
            format!(
                "<C:prop-filter name=\"ATTENDEE\"><C:text-match>{who}</C:text-match><C:param-filter name=\"PARTSTAT\"><C:text-match>{partstat}</C:text-match></C:param-filter></C:prop-filter>"
            )
        };
        assert_eq!(events(account, &both("mailto:lisa@example.com", "ACCEPTED")), ["party.ics"]);
        assert_eq!(events(account, &both("mailto:lisa@example.com", "NEEDS-ACTION")), NONE);
    }

    fn s9_7_5_text_is_a_substring_without_case_by_default(account) {
        fill(account);
        for text in ["Bastille Day Party", "DAY", "tille d"] {
            assert_eq!(events(account, &summary("", text)), ["party.ics"], "{text}");
        }
        assert_eq!(events(account, &summary("", "Day  Party")), NONE);
    }

    fn s9_7_5_a_match_may_be_negated(account) {
        fill(account);
        assert_eq!(events(account, &summary("negate-condition=\"yes\"", "party")), ["cheese.ics"]);
        assert_eq!(events(account, &summary("negate-condition=\"no\"", "party")), ["party.ics"]);
    }

    fn s7_5_octets_are_compared_as_they_are(account) {
        fill(account);
        assert_eq!(events(account, &summary("collation=\"i;octet\"", "Bastille")), ["party.ics"]);
        assert_eq!(events(account, &summary("collation=\"i;octet\"", "bastille")), NONE);
    }

    fn s7_5_ascii_casemap_folds_ascii_alone(account) {
        fill(account);
        for (text, found) in [("kÄSE", false), ("KäSE", true)] {
            assert_eq!(events(account, &summary("collation=\"i;ascii-casemap\"", text)).len(), usize::from(found), "{text}");
            assert_eq!(events(account, &summary("collation=\"default\"", text)).len(), usize::from(found), "{text}");
        }
    }

    fn s7_5_unicode_casemap_where_told_folds_all(account) {
        fill(account);
        let told = account.client.properties(&account.calendar, "<C:supported-collation-set/>");
        if told.element.inside.contains("i;unicode-casemap") {
            assert_eq!(events(account, &summary("collation=\"i;unicode-casemap\"", "KÄSE")), ["cheese.ics"]);
        }
    }

    fn s7_5_another_collation_is_refused_by_name(account) {
        refused(
            account,
            &format!("<C:comp-filter name=\"VEVENT\">{}</C:comp-filter>", summary("collation=\"i;made-up\"", "a")),
            "C:supported-collation",
        );
    }

    fn s7_8_filters_that_cannot_be_are_refused_by_name(account) {
        for filter in [
            "<C:comp-filter name=\"VTODO\"><C:comp-filter name=\"VEVENT\"/></C:comp-filter>",
            "<C:comp-filter name=\"VEVENT\"><C:prop-filter name=\"SUMMARY\"><C:time-range start=\"20260101T000000Z\"/></C:prop-filter></C:comp-filter>",
            "<C:comp-filter name=\"VEVENT\"><C:time-range/></C:comp-filter>",
            "<C:comp-filter name=\"VEVENT\"><C:time-range start=\"20260101\"/></C:comp-filter>",
            "<C:comp-filter name=\"VEVENT\"><C:time-range start=\"20260102T000000Z\" end=\"20260101T000000Z\"/></C:comp-filter>",
            "<C:comp-filter/>",
        ] {
            refused(account, filter, "C:valid-filter");
        }
    }

    fn s9_7_a_filter_is_about_one_calendar(account) {
        raw(account, "<C:filter><C:comp-filter name=\"VEVENT\"/></C:filter>").refuses_by_name("C:valid-filter");
        raw(account, "<C:filter/>").refuses_by_name("C:valid-filter");
    }

    fn s7_8_a_zone_that_is_none_is_refused_by_name(account) {
        let filter = "<C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>";
        raw(account, &format!("{filter}<C:timezone>junk</C:timezone>")).refuses_by_name("C:valid-calendar-data");
    }

    fn s7_8_no_match_is_an_empty_multistatus(account) {
        assert_eq!(events(account, ""), NONE);
    }

    fn s7_8_properties_asked_are_given_and_missing_ones_404(account) {
        fill(account);
        let filter = "<C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VTODO\"/></C:comp-filter></C:filter>";
        let body = format!("<D:prop><D:getetag/><D:getcontenttype/><X:none/></D:prop>{filter}");
        let answer = account.client.report(&account.calendar, "1", "C:calendar-query", &body).multistatus();
        assert_eq!(answer.only().value("D:getetag"), account.client.get(&account.object("task.ics")).etag());
        assert_eq!(answer.only().status_of("X:none"), Some(404));
        assert_eq!(answer.only().status_of("C:calendar-data"), None);
        let names = account.client.report(&account.calendar, "1", "C:calendar-query", &format!("<D:propname/>{filter}")).multistatus();
        assert_eq!(names.only().prop("D:getetag").unwrap().inside, "");
        let all = account.client.report(&account.calendar, "1", "C:calendar-query", &format!("<D:allprop/>{filter}")).multistatus();
        assert_eq!(all.only().status_of("D:getetag"), Some(200));
    }

    fn s7_objects_are_queried_too(account) {
        fill(account);
        let query = |component: &str| {
            let body = format!(
                "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"{component}\"/></C:comp-filter></C:filter>"
            );
            account.client.report(&account.object("task.ics"), "0", "C:calendar-query", &body).multistatus().names()
        };
        assert_eq!(query("VTODO"), ["task.ics"]);
        assert_eq!(query("VEVENT"), NONE);
    }

    fn s7_8_a_query_does_not_reach_into_other_calendars(account) {
        let other = account.another_calendar("");
        account.client.put(&format!("{other}a.ics"), &event("a")).expect(201);
        assert_eq!(account.found(""), NONE);
    }

    fn s7_2_a_home_is_queried_where_that_is_told(account) {
        fill(account);
        let told = account.client.properties(&account.home, "<D:supported-report-set/>");
        if told.element.inside.contains("calendar-query") {
            let body = "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VTODO\"/></C:comp-filter></C:filter>";
            let found = |depth: &str| account.client.report(&account.home, depth, "C:calendar-query", body).multistatus().names();
            assert_eq!(found("infinity"), ["task.ics"]);
            assert_eq!(found("0"), NONE);
        }
    }
}
