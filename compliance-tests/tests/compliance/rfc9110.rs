//! RFC 9110: HTTP Semantics, as far as it concerns resources that are read and written.

use compliance_tests::account::{Account, event, event_with, lines};
use compliance_tests::client::Answer;

mod ranges;

/// A PUT under conditions; the body differs with each `start`.
fn put_if(account: &Account, conditions: &[(&str, &str)], day: u32) -> Answer {
    let headers = [conditions, &[("content-type", "text/calendar")]].concat();
    account.client.send("PUT", &account.object("a.ics"), &headers, event_with("a", &format!("DTSTART:202601{day:02}T000000Z\r\n")))
}

fn get_if(account: &Account, conditions: &[(&str, &str)]) -> Answer {
    account.client.send("GET", &account.object("a.ics"), conditions, "")
}

const LONG_AGO: &str = "Sat, 29 Oct 1994 19:43:31 GMT";
const FAR_AHEAD: &str = "Fri, 29 Oct 2094 19:43:31 GMT";

requirements! {
    fn s6_6_1_answers_are_dated(account) {
        assert!(account.client.get(&account.calendar).header("date").is_some_and(|date| date.ends_with(" GMT")));
    }

    fn s8_8_3_etags_are_strong_and_quoted(account) {
        let etag = account.put("a.ics", &event("a")).etag();
        assert!(etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"'), "{etag}");
        assert_eq!(account.client.get(&account.object("a.ics")).etag(), etag);
    }

    fn s9_3_1_get_gives_the_representation(account) {
        account.put("a.ics", &event("a"));
        let got = account.client.get(&account.object("a.ics")).expect(200);
        assert_eq!(lines(&got.text()), lines(&event("a")));
        assert!(got.header("content-type").unwrap().starts_with("text/calendar"));
        assert!(got.header("last-modified").unwrap().ends_with(" GMT"));
    }

    fn s9_3_1_get_of_nothing_is_404(account) {
        account.client.get(&account.object("none.ics")).expect(404);
        account.client.get(&format!("{}none/", account.home)).expect(404);
    }

    fn s9_3_2_head_is_get_without_a_body(account) {
        account.put("a.ics", &event("a"));
        for path in [account.object("a.ics"), account.object("none.ics")] {
            let (got, head) = (account.client.get(&path), account.client.send("HEAD", &path, &[], ""));
            assert_eq!(head.status, got.status, "{path}");
            assert!(head.body.is_empty());
            for name in ["etag", "content-type", "last-modified", "content-length"] {
                assert_eq!(head.header(name), got.header(name), "{path} {name}");
            }
        }
    }

    fn s9_3_4_put_creates_with_201_and_replaces_with_204(account) {
        account.client.put(&account.object("a.ics"), &event("a")).expect(201);
        let replaced = put_if(account, &[], 1);
        assert!(matches!(replaced.status, 200 | 204), "{}", replaced.status);
        let now = account.client.get(&account.object("a.ics")).text();
        assert_eq!(lines(&now), lines(&event_with("a", "DTSTART:20260101T000000Z\r\n")));
    }

    fn s9_3_5_delete_is_204(account) {
        account.put("a.ics", &event("a"));
        let deleted = account.client.delete(&account.object("a.ics"));
        assert!(matches!(deleted.status, 200 | 204), "{}", deleted.status);
    }

    fn s9_3_7_options_has_no_body_and_lists_methods(account) {
        account.put("a.ics", &event("a"));
        for (path, methods) in [
            (account.home.clone(), vec!["OPTIONS", "PROPFIND", "PROPPATCH", "REPORT"]),
            (account.calendar.clone(), vec!["OPTIONS", "GET", "HEAD", "DELETE", "COPY", "MOVE", "PROPFIND", "PROPPATCH", "REPORT"]),
            (account.object("a.ics"), vec!["OPTIONS", "GET", "HEAD", "PUT", "DELETE", "COPY", "MOVE", "PROPFIND", "PROPPATCH", "REPORT"]),
        ] {
            let options = account.client.send("OPTIONS", &path, &[], "").expect(200);
            assert!(options.body.is_empty());
            let allowed = options.list("allow");
            methods.iter().for_each(|method| assert!(allowed.contains(&(*method).to_owned()), "{path} {method}: {allowed:?}"));
        }
    }

    fn s10_2_1_405_lists_what_is_allowed(account) {
        let refused = account.client.send("MKCOL", &account.calendar, &[], "").expect(405);
        let allowed = refused.list("allow");
        assert!(allowed.contains(&"PROPFIND".to_owned()) && !allowed.contains(&"MKCOL".to_owned()), "{refused:?}");
    }

    fn s9_1_a_method_nobody_knows_is_501(account) {
        account.client.send("BREW", &account.calendar, &[], "").expect(501);
    }

    fn s13_1_1_if_match_lists_tags(account) {
        let etag = put_if(account, &[], 1).expect(201).etag();
        put_if(account, &[("if-match", "\"x\"")], 2).expect(412);
        put_if(account, &[("if-match", "\"x\", \"y\"")], 2).expect(412);
        let etag = put_if(account, &[("if-match", &format!("\"x\", {etag}"))], 2).etag();
        put_if(account, &[("if-match", "\"x\""), ("if-match", &etag)], 3).etag();
        assert!(account.client.get(&account.object("a.ics")).text().contains("20260103"));
    }

    fn s13_1_1_if_match_star_needs_a_representation(account) {
        put_if(account, &[("if-match", "*")], 1).expect(412);
        account.client.get(&account.object("a.ics")).expect(404);
        put_if(account, &[], 1).expect(201);
        put_if(account, &[("if-match", "*")], 2).etag();
    }

    fn s13_1_1_if_match_tag_of_nothing_is_412(account) {
        put_if(account, &[("if-match", "\"x\"")], 1).expect(412);
        account.client.get(&account.object("a.ics")).expect(404);
    }

    fn s13_1_1_if_match_holds_for_delete(account) {
        let old = put_if(account, &[], 1).etag();
        let new = put_if(account, &[], 2).etag();
        account.client.send("DELETE", &account.object("a.ics"), &[("if-match", &old)], "").expect(412);
        account.client.send("DELETE", &account.object("a.ics"), &[("if-match", &new)], "").succeeds();
    }

    fn s13_1_1_if_match_holds_for_deleting_a_calendar(account) {
        account.client.send("DELETE", &account.calendar, &[("if-match", "\"x\"")], "").expect(412);
        account.client.propfind(&account.calendar, "0", "<D:resourcetype/>").expect(207);
    }

    fn s13_1_1_if_match_holds_for_proppatch(account) {
        account.put("a.ics", &event("a"));
        let body = "<D:set><D:prop><X:p>1</X:p></D:prop></D:set>";
        account.client.xml("PROPPATCH", &account.object("a.ics"), &[("if-match", "\"x\"")], "D:propertyupdate", body).expect(412);
        assert_eq!(account.client.properties(&account.object("a.ics"), "<X:p/>").status_of("X:p"), Some(404));
    }

    fn s13_1_1_if_match_holds_for_get(account) {
        let etag = put_if(account, &[], 1).etag();
        get_if(account, &[("if-match", "\"x\"")]).expect(412);
        get_if(account, &[("if-match", &etag)]).expect(200);
    }

    fn s13_1_2_if_none_match_star_needs_nothing_there(account) {
        put_if(account, &[("if-none-match", "*")], 1).expect(201);
        put_if(account, &[("if-none-match", "*")], 2).expect(412);
        assert!(account.client.get(&account.object("a.ics")).text().contains("20260101"));
    }

    fn s13_1_2_if_none_match_tag_keeps_a_put_off(account) {
        let etag = put_if(account, &[], 1).etag();
        put_if(account, &[("if-none-match", &etag)], 2).expect(412);
        put_if(account, &[("if-none-match", "\"x\"")], 2).etag();
    }

    fn s13_1_2_get_of_what_is_known_is_304(account) {
        let etag = put_if(account, &[], 1).etag();
        for known in [etag.clone(), format!("\"x\", {etag}"), format!("W/{etag}"), "*".to_owned()] {
            let answer = get_if(account, &[("if-none-match", &known)]).expect(304);
            assert!(answer.body.is_empty());
            assert_eq!(answer.etag(), etag, "{known}");
            account.client.send("HEAD", &account.object("a.ics"), &[("if-none-match", &known)], "").expect(304);
        }
        get_if(account, &[("if-none-match", "\"x\"")]).expect(200);
    }

    fn s13_1_3_get_of_what_has_not_changed_since_is_304(account) {
        put_if(account, &[], 1).expect(201);
        let modified = get_if(account, &[]).header("last-modified").unwrap().to_owned();
        for since in [modified.as_str(), FAR_AHEAD] {
            get_if(account, &[("if-modified-since", since)]).expect(304);
        }
        get_if(account, &[("if-modified-since", LONG_AGO)]).expect(200);
    }

    fn s13_1_3_if_modified_since_is_ignored_beside_if_none_match_or_when_it_is_no_date(account) {
        put_if(account, &[], 1).expect(201);
        get_if(account, &[("if-modified-since", FAR_AHEAD), ("if-none-match", "\"x\"")]).expect(200);
        get_if(account, &[("if-modified-since", "tomorrow")]).expect(200);
        put_if(account, &[("if-modified-since", FAR_AHEAD)], 2).etag();
    }

    fn s13_1_4_a_write_to_what_has_changed_since_is_412(account) {
        put_if(account, &[], 1).expect(201);
        put_if(account, &[("if-unmodified-since", LONG_AGO)], 2).expect(412);
        account.client.send("DELETE", &account.object("a.ics"), &[("if-unmodified-since", LONG_AGO)], "").expect(412);
        put_if(account, &[("if-unmodified-since", FAR_AHEAD)], 3).etag();
    }

    fn s13_1_4_if_unmodified_since_is_ignored_beside_if_match_or_when_it_is_no_date(account) {
        let etag = put_if(account, &[], 1).etag();
        put_if(account, &[("if-unmodified-since", LONG_AGO), ("if-match", &etag)], 2).etag();
        put_if(account, &[("if-unmodified-since", "yesterday")], 3).etag();
    }

    fn s13_2_1_conditions_are_ignored_where_the_answer_is_an_error_anyway(account) {
        account.client.send("GET", &account.object("none.ics"), &[("if-match", "\"x\"")], "").expect(404);
        account.client.send("DELETE", &account.object("none.ics"), &[("if-match", "\"x\"")], "").expect(404);
    }

    fn s14_5_a_partial_put_is_not_taken_for_a_whole(account) {
        put_if(account, &[], 1).expect(201);
        put_if(account, &[("content-range", "bytes 0-9/100")], 2).expect(400);
        assert!(account.client.get(&account.object("a.ics")).text().contains("20260101"));
    }

    fn s15_5_2_401_carries_a_challenge(account) {
        let anonymous = compliance_tests::client::Client::anonymous(&account.client.authority);
        assert!(anonymous.get(&account.calendar).expect(401).header("www-authenticate").is_some());
    }
}
