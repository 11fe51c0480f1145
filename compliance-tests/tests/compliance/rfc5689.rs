//! RFC 5689: Extended MKCOL for WebDAV.

use compliance_tests::account::Account;
use compliance_tests::client::Answer;

const CALENDAR: &str = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>";

fn mkcol(account: &Account, path: &str, properties: &str) -> Answer {
    account.client.xml("MKCOL", path, &[], "D:mkcol", &format!("<D:set><D:prop>{properties}</D:prop></D:set>"))
}

requirements! {
    fn s3_1_options_tell_extended_mkcol(account) {
        assert!(account.client.send("OPTIONS", &account.home, &[], "").list("dav").contains(&"extended-mkcol".to_owned()));
    }

    fn s3_a_calendar_is_made_with_its_properties(account) {
        let path = account.free();
        let more =
            "<D:displayname>Made</D:displayname><C:calendar-description xml:lang='en'>By MKCOL</C:calendar-description><X:dead>d</X:dead>";
        mkcol(account, &path, &format!("{CALENDAR}{more}")).expect(201);
        let found = account.client.properties(&path, "<D:resourcetype/><D:displayname/><C:calendar-description/><X:dead/>");
        assert!(found.prop("D:resourcetype").unwrap().holds(&["D:collection", "C:calendar"]));
        assert_eq!(found.value("D:displayname"), "Made");
        assert_eq!(found.value("C:calendar-description"), "By MKCOL");
        assert_eq!(found.value("X:dead"), "d");
    }

    fn s3_the_answer_is_not_to_be_cached(account) {
        assert!(mkcol(account, &account.free(), CALENDAR).expect(201).list("cache-control").contains(&"no-cache".to_owned()));
        let refused = mkcol(account, &account.free(), &format!("{CALENDAR}<D:getetag>e</D:getetag>"));
        assert!(refused.list("cache-control").contains(&"no-cache".to_owned()), "{refused:?}");
    }

    fn s3_all_properties_or_no_collection(account) {
        let path = account.free();
        let answer = mkcol(account, &path, &format!("{CALENDAR}<D:displayname>No</D:displayname><D:getetag>e</D:getetag>"));
        assert!(matches!(answer.status, 424 | 207 | 403 | 409), "{}", answer.status);
        let body = answer.element();
        assert_eq!(body.name, "D:mkcol-response");
        let status_of = |name: &str| {
            let stat = body
                .all("D:propstat")
                .into_iter()
                .find(|stat| stat.child("D:prop").unwrap().child(name).is_some())
                .unwrap_or_else(|| panic!("{name}"));
            stat.child("D:status").unwrap().text.clone()
        };
        assert!(status_of("D:displayname").contains("424"));
        assert!(status_of("D:getetag").contains("403"));
        account.client.propfind(&path, "0", "<D:resourcetype/>").expect(404);
    }

    fn s3_3_a_type_that_cannot_be_made_is_refused_by_name(account) {
        for types in ["<D:collection/><X:unheard-of/>", "<D:collection/><C:calendar/><D:principal/>", "<C:calendar/>"] {
            let path = account.free();
            let answer = mkcol(account, &path, &format!("<D:resourcetype>{types}</D:resourcetype>"));
            assert!(answer.status == 403 || answer.status == 424, "{types}: {}", answer.status);
            assert!(answer.text().contains("valid-resourcetype"), "{types}: {}", answer.text());
            account.client.propfind(&path, "0", "<D:resourcetype/>").expect(404);
        }
    }

    fn s3_on_a_mapped_url_it_is_405(account) {
        mkcol(account, &account.calendar, CALENDAR).expect(405);
    }

    fn s3_without_its_parent_it_is_409(account) {
        mkcol(account, &format!("{}missing/child/", account.home), CALENDAR).expect(409);
    }

    fn s3_another_body_is_415(account) {
        account.client.xml("MKCOL", &account.free(), &[], "X:mkcol", "").expect(415);
    }
}
