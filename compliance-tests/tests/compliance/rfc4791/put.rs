//! RFC 4791 §4.1, §5.3.2 to §5.3.4: calendar object resources, and what may be put into a calendar.

use compliance_tests::account::{Account, component, event, event_with, lines};
use compliance_tests::client::Answer;

use super::NEW_YORK;

/// An object around components.
fn calendar(components: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//test//EN\r\n{components}END:VCALENDAR\r\n")
}

fn vevent(uid: &str, lines: &str) -> String {
    format!("BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n{lines}END:VEVENT\r\n")
}

const NINE: &str = "DTSTART:20260601T090000Z\r\n";

/// A PUT that is refused and leaves nothing behind.
fn refused(account: &Account, body: &str, condition: &str) -> Answer {
    let answer = account.client.put(&account.object("refused.ics"), body);
    answer.refuses_by_name(condition);
    account.client.get(&account.object("refused.ics")).expect(404);
    answer
}

requirements! {
    fn s4_1_one_type_of_component_only(account) {
        let both = format!("{}BEGIN:VTODO\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nEND:VTODO\r\n", vevent("a", NINE));
        refused(account, &calendar(&both), "C:valid-calendar-object-resource");
    }

    fn s4_1_no_method(account) {
        refused(account, &calendar(&format!("METHOD:REQUEST\r\n{}", vevent("a", NINE))), "C:valid-calendar-object-resource");
    }

    fn s4_1_one_uid_only(account) {
        let two = format!("{}{}", vevent("a", NINE), vevent("b", NINE));
        refused(account, &calendar(&two), "C:valid-calendar-object-resource");
    }

    fn s4_1_a_uid_is_needed(account) {
        let without = vevent("a", NINE).replace("UID:a\r\n", "");
        let answer = account.client.put(&account.object("a.ics"), &calendar(&without));
        assert!(matches!(answer.status, 400 | 403 | 409), "{}", answer.status);
        account.client.get(&account.object("a.ics")).expect(404);
    }

    fn s4_1_overrides_stand_beside_their_master(account) {
        let series = format!(
            "{}{}",
            vevent("a", &format!("{NINE}RRULE:FREQ=DAILY\r\n")),
            vevent("a", "RECURRENCE-ID:20260602T090000Z\r\nDTSTART:20260602T100000Z\r\n")
        );
        account.put("a.ics", &calendar(&series));
    }

    fn s4_1_overrides_may_stand_without_their_master(account) {
        account.put("a.ics", &calendar(&vevent("a", "RECURRENCE-ID:20260602T090000Z\r\nDTSTART:20260602T100000Z\r\n")));
    }

    fn s5_3_2_1_another_media_type_is_refused_by_name(account) {
        for media_type in ["text/vcard", "application/json", "text/html"] {
            let answer = account.client.send("PUT", &account.object("a.ics"), &[("content-type", media_type)], event("a"));
            answer.refuses_by_name("C:supported-calendar-data");
        }
        account.client.get(&account.object("a.ics")).expect(404);
    }

    fn s5_3_2_1_parameters_of_the_media_type_do_not_matter(account) {
        for (name, media_type) in
            [("a", "text/calendar;component=vevent;method=REQUEST"), ("b", "text/calendar; charset=\"UTF-8\""), ("c", "TEXT/CALENDAR")]
        {
            account.client.send("PUT", &account.object(name), &[("content-type", media_type)], event(name)).expect(201);
        }
    }

    fn s5_3_2_1_what_is_no_icalendar_is_refused_by_name(account) {
        let unended = event("a").replace("END:VEVENT\r\n", "");
        for body in
            ["junk", "", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\nEND:VCARD\r\n", &unended, &event("a").replace("SUMMARY:", "SUMMARY")]
        {
            refused(account, body, "C:valid-calendar-data");
        }
    }

    fn s5_3_2_1_values_that_cannot_be_read_are_refused_by_name(account) {
        for lines in [
            "DTSTART:tomorrow\r\n",
            "DTSTART:20261301T090000Z\r\n",
            "DTSTART:20260601T090000Z\r\nRRULE:FREQ=SOMETIMES\r\n",
            "DTSTART:20260601T090000Z\r\nDURATION:1 hour\r\n",
            "",
        ] {
            refused(account, &event_with("a", lines), "C:valid-calendar-data");
        }
    }

    fn s5_3_2_1_an_object_without_a_component_is_refused(account) {
        let answer = account.client.put(&account.object("a.ics"), &calendar(""));
        assert!(matches!(answer.status, 403 | 409), "{}", answer.status);
        let zone_only = account.client.put(&account.object("a.ics"), NEW_YORK);
        assert!(matches!(zone_only.status, 403 | 409), "{}", zone_only.status);
    }

    fn s5_3_2_1_a_component_the_calendar_does_not_take_is_refused_by_name(account) {
        let path =
            account.another_calendar("<C:supported-calendar-component-set><C:comp name=\"VEVENT\"/></C:supported-calendar-component-set>");
        for other in ["VTODO", "VJOURNAL"] {
            account.client.put(&format!("{path}a.ics"), &component(other, "a", "")).refuses_by_name("C:supported-calendar-component");
        }
        account.client.get(&format!("{path}a.ics")).expect(404);
    }

    fn s5_3_2_1_a_uid_in_use_is_refused_with_its_url(account) {
        account.put("a.ics", &event("same"));
        let answer = account.client.put(&account.object("b.ics"), &event("same"));
        assert_eq!(answer.refuses_by_name("C:no-uid-conflict").hrefs(), [account.object("a.ics")]);
        account.client.get(&account.object("b.ics")).expect(404);
    }

    fn s5_3_2_1_an_object_keeps_its_uid(account) {
        account.put("a.ics", &event("one"));
        let answer = account.client.put(&account.object("a.ics"), &event("two"));
        answer.refuses_by_name("C:no-uid-conflict");
        assert_eq!(lines(&account.client.get(&account.object("a.ics")).text()), lines(&event("one")));
    }

    fn s5_3_2_1_a_uid_is_free_again_when_its_object_is_gone(account) {
        account.put("a.ics", &event("same"));
        account.client.remove(&account.object("a.ics"));
        account.put("b.ics", &event("same"));
    }

    fn s5_3_2_1_a_uid_is_unique_within_its_calendar_alone(account) {
        let other = account.another_calendar("");
        account.put("a.ics", &event("same"));
        account.client.put(&format!("{other}a.ics"), &event("same")).expect(201);
    }

    fn s5_3_2_1_what_is_too_large_is_refused_by_name(account) {
        let found = account.client.properties(&account.calendar, "<C:max-resource-size/>");
        let Some(size) = found.prop("C:max-resource-size") else { return };
        let most: usize = size.text.trim().parse().unwrap();
        let folds = "x\r\n ".repeat(most / 4 - 200);
        let around = event_with("a", &format!("{NINE}DESCRIPTION:{folds}\r\n"));
        let sized = |bytes: usize| around.replace("DESCRIPTION:", &format!("DESCRIPTION:{}", "x".repeat(bytes - around.len())));
        account.client.put(&account.object("a.ics"), &sized(most + 1)).refuses_by_name("C:max-resource-size");
        account.client.get(&account.object("a.ics")).expect(404);
        account.client.put(&account.object("a.ics"), &sized(most)).expect(201);
    }

    fn s5_3_3_what_is_not_standard_is_kept(account) {
        let odd = format!(
            "{NINE}X-ACME-THING;X-PARAMETER=\"a:b\":value\r\nSUMMARY;X-B=c:s\r\nBEGIN:X-ACME-PART\r\nX-INNER:1\r\nEND:X-ACME-PART\r\n"
        );
        account.put("a.ics", &event_with("a", &odd));
        assert_eq!(lines(&account.client.get(&account.object("a.ics")).text()), lines(&event_with("a", &odd)));
    }

    fn s5_3_4_an_etag_in_the_answer_means_the_same_octets(account) {
        let bodies = [
            event("a"),
            event_with("a", &format!("{NINE}SUMMARY:long\r\n er\r\nDESCRIPTION:Käse\\, Brot\r\n")),
            event("a").replace("\r\n", "\n"),
            event("a").replace("BEGIN", "begin"),
        ];
        for body in bodies {
            let put = account.put("a.ics", &body);
            let got = account.client.get(&account.object("a.ics")).expect(200);
            if let Some(etag) = put.header("etag") {
                assert!(!etag.starts_with("W/"));
                assert_eq!((got.etag().as_str(), got.text()), (etag, body));
            }
        }
    }

    fn s5_3_4_getetag_and_get_agree(account) {
        account.put("a.ics", &event("a"));
        let found = account.client.properties(&account.object("a.ics"), "<D:getetag/>");
        assert_eq!(found.value("D:getetag"), account.client.get(&account.object("a.ics")).etag());
    }

    fn s5_3_2_the_name_is_the_clients(account) {
        for name in
            ["UPPER-lower.ics", "no-extension", "with%20space.ics", "%C3%BCml%C3%A4ut.ics", "a@b+c,d;e=f.ics", "dots..in...name.ics"]
        {
            let path = account.object(name);
            account.client.put(&path, &event(name)).expect(201);
            assert_eq!(lines(&account.client.get(&path).expect(200).text()), lines(&event(name)), "{name}");
            assert_eq!(account.client.propfind(&path, "0", "<D:getetag/>").multistatus().responses.len(), 1, "{name}");
            account.client.propfind(&account.calendar, "1", "<D:getetag/>").multistatus().response(&path);
        }
    }

    fn s5_3_2_names_differ_by_case(account) {
        account.put("Name.ics", &event("upper"));
        account.put("name.ics", &event("lower"));
        assert_eq!(lines(&account.client.get(&account.object("Name.ics")).text()), lines(&event("upper")));
    }
}
