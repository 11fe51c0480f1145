//! RFC 4791 §5.3.2.1 and RFC 4918 §9.8, §9.9: COPY and MOVE of calendar objects and of calendars.

use compliance_tests::account::{Account, component, event, event_with};
use compliance_tests::client::Answer;

fn relocate(account: &Account, method: &str, from: &str, to: &str, headers: &[(&str, &str)]) -> Answer {
    account.client.send(method, from, &[&[("destination", to)], headers].concat(), "")
}

fn sync(account: &Account, path: &str, token: &str) -> compliance_tests::xml::Multistatus {
    let body = format!("<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>");
    account.client.report(path, "0", "D:sync-collection", &body).multistatus()
}

requirements! {
    fn rfc4918_s9_8_an_object_is_copied_to_another_calendar(account) {
        let other = account.another_calendar("");
        let etag = account.put("a.ics", &event("a")).etag();
        account.client.set(&account.object("a.ics"), "<X:p>1</X:p>");
        relocate(account, "COPY", &account.object("a.ics"), &format!("{other}b.ics"), &[]).expect(201);
        let copy = account.client.get(&format!("{other}b.ics")).expect(200);
        assert_eq!((copy.text(), copy.etag()), (event("a"), etag));
        assert_eq!(account.client.properties(&format!("{other}b.ics"), "<X:p/>").value("X:p"), "1");
        account.client.get(&account.object("a.ics")).expect(200);
        // The index has it too.
        let body = "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name='VCALENDAR'><C:comp-filter name='VEVENT'><C:time-range start='20260601T000000Z' end='20260602T000000Z'/></C:comp-filter></C:comp-filter></C:filter>";
        assert_eq!(account.client.report(&other, "1", "C:calendar-query", body).multistatus().names(), ["b.ics"]);
    }

    fn rfc4918_s9_9_an_object_is_moved_to_another_calendar(account) {
        let other = account.another_calendar("");
        account.put("a.ics", &event("a"));
        account.client.set(&account.object("a.ics"), "<X:p>1</X:p>");
        let created = account.client.properties(&account.object("a.ics"), "<D:creationdate/>").value("D:creationdate").to_owned();
        relocate(account, "MOVE", &account.object("a.ics"), &format!("{other}a.ics"), &[]).expect(201);
        account.client.get(&account.object("a.ics")).expect(404);
        let moved = account.client.properties(&format!("{other}a.ics"), "<X:p/><D:creationdate/>");
        assert_eq!((moved.value("X:p"), moved.value("D:creationdate")), ("1", created.as_str()));
        // Its UID is free again where it was.
        account.put("again.ics", &event("a"));
    }

    fn rfc4918_s9_9_an_object_is_renamed_in_its_calendar(account) {
        account.put("a.ics", &event("a"));
        relocate(account, "MOVE", &account.object("a.ics"), &account.object("b.ics"), &[]).expect(201);
        account.client.get(&account.object("a.ics")).expect(404);
        assert_eq!(account.client.get(&account.object("b.ics")).text(), event("a"));
    }

    fn rfc4918_s10_6_overwrite_f_keeps_what_is_there(account) {
        let other = account.another_calendar("");
        let there = format!("{other}a.ics");
        account.put("a.ics", &event_with("a", "DTSTART:20270101T000000Z\r\n"));
        account.client.put(&there, &event("a")).expect(201);
        for method in ["COPY", "MOVE"] {
            relocate(account, method, &account.object("a.ics"), &there, &[("overwrite", "F")]).expect(412);
        }
        assert_eq!(account.client.get(&there).text(), event("a"));
        relocate(account, "MOVE", &account.object("a.ics"), &there, &[]).expect(204);
        assert!(account.client.get(&there).text().contains("20270101"));
    }

    fn s5_3_2_1_a_uid_stands_once_in_a_calendar(account) {
        let other = account.another_calendar("");
        account.put("a.ics", &event("a"));
        account.put("z.ics", &event("z"));
        account.client.put(&format!("{other}b.ics"), &event("a")).expect(201);
        for method in ["COPY", "MOVE"] {
            let refused = relocate(account, method, &account.object("a.ics"), &format!("{other}a.ics"), &[]);
            let conflict = refused.refuses_by_name("C:no-uid-conflict");
            assert_eq!(conflict.all("D:href")[0].text, format!("{other}b.ics"));
            // One with another UID is not replaced.
            relocate(account, method, &account.object("a.ics"), &account.object("z.ics"), &[]).refuses_by_name("C:no-uid-conflict");
        }
        relocate(account, "COPY", &account.object("a.ics"), &account.object("a2.ics"), &[]).refuses_by_name("C:no-uid-conflict");
        relocate(account, "COPY", &account.object("a.ics"), &format!("{other}b.ics"), &[]).expect(204);
    }

    fn s5_3_2_1_a_calendar_takes_its_components_alone(account) {
        let tasks = account.another_calendar("<C:supported-calendar-component-set><C:comp name='VTODO'/></C:supported-calendar-component-set>");
        account.put("a.ics", &event("a"));
        account.put("t.ics", &component("VTODO", "t", ""));
        for method in ["COPY", "MOVE"] {
            relocate(account, method, &account.object("a.ics"), &format!("{tasks}a.ics"), &[]).refuses(403, "C:supported-calendar-component");
        }
        relocate(account, "MOVE", &account.object("t.ics"), &format!("{tasks}t.ics"), &[]).expect(201);
        account.client.get(&account.object("a.ics")).expect(200);
    }

    fn s5_3_2_1_and_4_2_calendars_and_files_stay_apart(account) {
        if account.server.is_none() {
            return crate::skipped("nobody says where the server at KALENDS_URL has files");
        }
        account.put("a.ics", &event("a"));
        let file = format!("{}a.ics", account.files());
        account.client.put(&file, &event("b")).expect(201);
        account.client.send("MKCOL", &format!("{}f/", account.files()), &[], "").expect(201);
        for method in ["COPY", "MOVE"] {
            relocate(account, method, &file, &account.object("b.ics"), &[]).refuses(403, "C:supported-calendar-data");
            relocate(account, method, &account.object("a.ics"), &format!("{}b.ics", account.files()), &[]).expect(403);
            let (calendar, folder) = (&account.calendar, format!("{}c/", account.files()));
            relocate(account, method, calendar, &folder, &[]).refuses(403, "C:calendar-collection-location-ok");
            relocate(account, method, &format!("{}f/", account.files()), &account.free(), &[]).refuses(403, "C:calendar-collection-location-ok");
            relocate(account, method, calendar, &format!("{calendar}c/"), &[]).expect(403);
            relocate(account, method, &account.object("a.ics"), &format!("{}inbox/a.ics", account.home), &[]).expect(403);
            account.client.send(method, &format!("{}inbox/", account.home), &[("destination", &account.free())], "").expect(405);
            relocate(account, method, calendar, &format!("{}inbox/", account.home), &[]).expect(403);
        }
    }

    fn rfc4918_s9_8_5_a_missing_calendar_is_409(account) {
        account.put("a.ics", &event("a"));
        for method in ["COPY", "MOVE"] {
            relocate(account, method, &account.object("a.ics"), &format!("{}missing/a.ics", account.home), &[]).expect(409);
        }
    }

    fn rfc4918_s10_4_conditions_are_on_the_source(account) {
        let other = account.another_calendar("");
        let etag = account.put("a.ics", &event("a")).etag();
        let to = format!("{other}a.ics");
        relocate(account, "MOVE", &account.object("a.ics"), &to, &[("if-match", "\"x\"")]).expect(412);
        relocate(account, "MOVE", &account.object("a.ics"), &to, &[("if", "([\"x\"])")]).expect(412);
        relocate(account, "MOVE", &account.object("a.ics"), &to, &[("if-match", &etag)]).expect(201);
    }

    fn rfc6578_s3_5_a_move_is_a_removal_and_an_addition(account) {
        let other = account.another_calendar("");
        account.put("a.ics", &event("a"));
        let (here, there) = (sync(account, &account.calendar, ""), sync(account, &other, ""));
        relocate(account, "MOVE", &account.object("a.ics"), &format!("{other}a.ics"), &[]).expect(201);
        let (gone, come) = (sync(account, &account.calendar, here.token()), sync(account, &other, there.token()));
        assert_eq!((gone.only().status, come.only().status_of("D:getetag")), (Some(404), Some(200)));
    }

    fn rfc4918_s9_8_3_a_calendar_is_copied_with_its_objects_and_properties(account) {
        account.put("a.ics", &event("a"));
        account.put("t.ics", &component("VTODO", "t", ""));
        account.client.set(&account.calendar, "<D:displayname>Original</D:displayname><X:p>1</X:p>");
        account.client.set(&account.object("a.ics"), "<X:p>2</X:p>");
        let copy = account.free();
        relocate(account, "COPY", &account.calendar, &copy, &[]).expect(201);
        let found = account.client.properties(&copy, "<D:displayname/><X:p/><D:resourcetype/><C:supported-calendar-component-set/>");
        assert_eq!((found.value("D:displayname"), found.value("X:p")), ("Original", "1"));
        assert!(found.prop("D:resourcetype").unwrap().holds(&["D:collection", "C:calendar"]));
        assert_eq!(account.client.get(&format!("{copy}a.ics")).text(), event("a"));
        assert_eq!(account.client.properties(&format!("{copy}a.ics"), "<X:p/>").value("X:p"), "2");
        assert_eq!(sync(account, &copy, "").names(), ["a.ics", "t.ics"]);
        let empty = account.free();
        relocate(account, "COPY", &account.calendar, &empty, &[("depth", "0")]).expect(201);
        assert_eq!((sync(account, &empty, "").names().len(), account.client.properties(&empty, "<X:p/>").value("X:p")), (0, "1"));
        // What is there goes.
        relocate(account, "COPY", &empty, &copy, &[("overwrite", "F")]).expect(412);
        relocate(account, "COPY", &empty, &copy, &[]).expect(204);
        assert_eq!(sync(account, &copy, "").names().len(), 0);
    }

    fn rfc4918_s9_9_a_calendar_that_moves_keeps_its_identity_and_tokens(account) {
        account.put("a.ics", &event("a"));
        account.client.set(&account.calendar, "<X:p>1</X:p>");
        let identity = |path: &str| account.client.properties(path, "<D:resource-id/>").prop("D:resource-id").unwrap().inside.clone();
        let before = identity(&account.calendar);
        let (token, home) = (sync(account, &account.calendar, ""), sync(account, &account.home, ""));
        let to = account.free();
        relocate(account, "MOVE", &account.calendar, &to, &[("depth", "0")]).expect(400);
        relocate(account, "MOVE", &account.calendar, &to, &[]).expect(201);
        account.client.propfind(&account.calendar, "0", "<D:getetag/>").expect(404);
        assert_eq!((identity(&to), account.client.properties(&to, "<X:p/>").value("X:p")), (before, "1"));
        account.client.put(&format!("{to}b.ics"), &event("b")).expect(201);
        assert_eq!(sync(account, &to, token.token()).names(), ["b.ics"]);
        let told = sync(account, &account.home, home.token());
        assert_eq!((told.response(&account.calendar).status, told.response(&to).status), (Some(404), None));
        account.client.mkcalendar(&account.calendar, "").expect(201);
        assert_eq!(sync(account, &account.calendar, "").names().len(), 0);
    }

    fn rfc3744_appendix_b_both_ends_take_privileges(account, other) {
        account.put("a.ics", &event("a"));
        for method in ["COPY", "MOVE"] {
            relocate(account, method, &account.object("a.ics"), &other.object("a.ics"), &[]).refuses(403, "D:need-privileges");
            relocate(account, method, &account.calendar, &other.free(), &[]).refuses(403, "D:need-privileges");
            relocate(other, method, &account.object("a.ics"), &other.object("a.ics"), &[]).refuses(403, "D:need-privileges");
        }
        other.client.get(&other.object("a.ics")).expect(404);
    }
}
