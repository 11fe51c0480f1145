//! RFC 6578: Collection Synchronization for WebDAV.

use compliance_tests::account::{Account, event, event_with};
use compliance_tests::client::Answer;
use compliance_tests::xml::{Multistatus, Response};

fn ask(account: &Account, path: &str, depth: &str, token: &str, more: &str) -> Answer {
    let body = format!("<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>{more}");
    account.client.report(path, depth, "D:sync-collection", &body)
}

fn sync(account: &Account, token: &str) -> Multistatus {
    ask(account, &account.calendar, "0", token, "").multistatus()
}

fn first_token(account: &Account) -> String {
    sync(account, "").token().to_owned()
}

fn limit(members: usize) -> String {
    format!("<D:limit><D:nresults>{members}</D:nresults></D:limit>")
}

fn changed(account: &Account, uid: &str) {
    account.put(&format!("{uid}.ics"), &event_with(uid, "DTSTART:20270101T000000Z\r\n"));
}

/// Synchronises in parts until nothing is left out: every member with what was said last of it, and how many parts it took.
fn in_parts(account: &Account, token: &str, members: usize) -> (Vec<Response>, usize, String) {
    let (mut token, mut said): (String, Vec<Response>) = (token.to_owned(), Vec::new());
    for part in 1..50 {
        let answer = ask(account, &account.calendar, "0", &token, &limit(members)).multistatus();
        let (own, of_members): (Vec<Response>, Vec<Response>) =
            answer.responses.iter().cloned().partition(|response| response.href == account.calendar);
        assert!(of_members.len() <= members, "{:?}", answer.hrefs());
        assert!(of_members.iter().all(|member| said.iter().all(|before| before.href != member.href)), "no member twice");
        said.extend(of_members);
        assert!(own.iter().all(|own| own.status == Some(507)), "{own:?}");
        assert!(own.is_empty() || token != answer.token(), "the token progresses");
        answer.token().clone_into(&mut token);
        if own.is_empty() {
            return (said, part, token);
        }
    }
    panic!("it never ends");
}

requirements! {
    fn s3_2_the_report_is_listed(account) {
        let found = account.client.properties(&account.calendar, "<D:supported-report-set/>");
        assert_eq!(found.prop("D:supported-report-set").unwrap().all("D:sync-collection").len(), 1);
    }

    fn s3_4_the_first_time_all_members_are_told_and_nothing_removed(account) {
        for uid in ["a", "b", "c"] {
            account.put(&format!("{uid}.ics"), &event(uid));
        }
        account.client.remove(&account.object("b.ics"));
        let answer = sync(account, "");
        assert_eq!(answer.names(), ["a.ics", "c.ics"]);
        for response in &answer.responses {
            assert_eq!((response.status, response.status_of("D:getetag")), (None, Some(200)));
        }
    }

    fn s3_5_nothing_changed_is_an_empty_answer_with_a_token(account) {
        account.put("a.ics", &event("a"));
        let answer = sync(account, &first_token(account));
        assert_eq!(answer.responses.len(), 0);
        assert!(!answer.token().is_empty());
    }

    fn s3_5_1_new_and_changed_members_are_told(account) {
        for uid in ["a", "b"] {
            account.put(&format!("{uid}.ics"), &event(uid));
        }
        let token = first_token(account);
        changed(account, "b");
        account.put("c.ics", &event("c"));
        let answer = sync(account, &token);
        assert_eq!(answer.names(), ["b.ics", "c.ics"]);
        assert_eq!(answer.response(&account.object("b.ics")).value("D:getetag"), account.client.get(&account.object("b.ics")).etag());
    }

    fn s3_5_1_a_member_that_changed_often_is_told_once(account) {
        let token = first_token(account);
        account.put("a.ics", &event("a"));
        changed(account, "a");
        assert_eq!(sync(account, &token).names(), ["a.ics"]);
    }

    fn s3_5_1_a_member_removed_and_made_again_is_changed(account) {
        account.put("a.ics", &event("a"));
        let token = first_token(account);
        account.client.remove(&account.object("a.ics"));
        changed(account, "a");
        assert_eq!(sync(account, &token).only().status_of("D:getetag"), Some(200));
    }

    fn s3_5_2_a_removed_member_is_404_without_propstat(account) {
        account.put("a.ics", &event("a"));
        let token = first_token(account);
        account.client.remove(&account.object("a.ics"));
        let answer = sync(account, &token);
        assert_eq!((answer.only().status, answer.only().propstats.len()), (Some(404), 0));
        assert_eq!(answer.names(), ["a.ics"]);
    }

    fn s3_5_2_a_member_made_and_removed_in_between_is_removed(account) {
        let token = first_token(account);
        account.put("a.ics", &event("a"));
        account.client.remove(&account.object("a.ics"));
        assert_eq!(sync(account, &token).only().status, Some(404));
    }

    fn s3_2_tokens_lead_on(account) {
        let mut token = first_token(account);
        for uid in ["a", "b", "c"] {
            account.put(&format!("{uid}.ics"), &event(uid));
            let answer = sync(account, &token);
            assert_eq!(answer.names(), [format!("{uid}.ics")]);
            answer.token().clone_into(&mut token);
        }
    }

    fn s3_2_an_old_token_stays_good(account) {
        let token = first_token(account);
        for uid in ["a", "b", "c"] {
            account.put(&format!("{uid}.ics"), &event(uid));
            sync(account, "");
        }
        assert_eq!(sync(account, &token).names(), ["a.ics", "b.ics", "c.ics"]);
    }

    fn s3_2_a_token_never_given_out_is_refused_by_name(account) {
        for token in ["urn:nobody:gave:this", "x", "http://example.com/ns/sync/1234"] {
            ask(account, &account.calendar, "0", token, "").refuses_by_name("D:valid-sync-token");
        }
    }

    fn s3_2_a_token_of_another_collection_is_refused_by_name(account) {
        let other = account.another_calendar("");
        let token = ask(account, &other, "0", "", "").multistatus().token().to_owned();
        ask(account, &account.calendar, "0", &token, "").refuses_by_name("D:valid-sync-token");
    }

    fn s3_2_a_token_of_a_calendar_that_was_made_again_is_refused_by_name(account) {
        let path = account.another_calendar("");
        let token = ask(account, &path, "0", "", "").multistatus().token().to_owned();
        account.client.remove(&path);
        account.client.mkcalendar(&path, "").expect(201);
        ask(account, &path, "0", &token, "").refuses_by_name("D:valid-sync-token");
    }

    fn s3_2_a_token_is_a_uri(account) {
        let token = first_token(account);
        let (scheme, rest) = token.split_once(':').expect("a scheme");
        assert!(scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(|c| c.is_ascii_alphanumeric()), "{token}");
        assert!(!rest.is_empty() && rest.chars().all(|c| c.is_ascii_graphic()), "{token}");
    }

    fn s3_3_infinite_is_refused_or_answered(account) {
        let body = "<D:sync-token/><D:sync-level>infinite</D:sync-level><D:prop><D:getetag/></D:prop>";
        let answer = account.client.report(&account.calendar, "0", "D:sync-collection", body);
        assert!(answer.status == 207 || answer.refuses_by_name("D:sync-traversal-supported").children.is_empty());
    }

    fn s3_2_properties_asked_are_given_and_missing_ones_404(account) {
        account.put("a.ics", &event("a"));
        let body = "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getcontenttype/><X:none/><C:calendar-data/></D:prop>";
        let answer = account.client.report(&account.calendar, "0", "D:sync-collection", body).multistatus();
        assert!(answer.only().value("D:getcontenttype").starts_with("text/calendar"));
        assert_eq!(answer.only().status_of("X:none"), Some(404));
        assert!(answer.only().value("C:calendar-data").contains("UID:a"));
    }

    fn s3_6_a_first_synchronisation_in_parts_is_complete(account) {
        for uid in ["a", "b", "c", "d", "e"] {
            account.put(&format!("{uid}.ics"), &event(uid));
        }
        let (said, parts, token) = in_parts(account, "", 2);
        assert_eq!((said.len(), parts), (5, 3));
        assert_eq!(sync(account, &token).responses.len(), 0);
    }

    fn s3_6_changes_in_parts_are_complete(account) {
        account.put("gone.ics", &event("gone"));
        let token = first_token(account);
        for uid in ["a", "b", "c", "d"] {
            account.put(&format!("{uid}.ics"), &event(uid));
        }
        account.client.remove(&account.object("gone.ics"));
        let (said, parts, token) = in_parts(account, &token, 2);
        assert_eq!((said.len(), parts), (5, 3));
        assert_eq!(said.iter().filter(|response| response.status == Some(404)).count(), 1);
        assert_eq!(sync(account, &token).responses.len(), 0);
    }

    fn s3_6_what_changes_between_parts_is_told_too(account) {
        for uid in ["a", "b", "c", "d"] {
            account.put(&format!("{uid}.ics"), &event(uid));
        }
        let first = ask(account, &account.calendar, "0", "", &limit(2)).multistatus();
        let told: Vec<&Response> = first.responses.iter().filter(|response| response.href != account.calendar).collect();
        account.client.remove(&told[0].href);
        account.put("e.ics", &event("e"));
        let mut known: Vec<String> = told.iter().map(|response| response.href.clone()).collect();
        let mut token = first.token().to_owned();
        for _ in 0..5 {
            let answer = ask(account, &account.calendar, "0", &token, &limit(2)).multistatus();
            for response in answer.responses.iter().filter(|response| response.href != account.calendar) {
                known.retain(|href| *href != response.href);
                if response.status != Some(404) {
                    known.push(response.href.clone());
                }
            }
            answer.token().clone_into(&mut token);
        }
        assert_eq!(known.len(), 4, "{known:?}");
        assert!(!known.contains(&told[0].href) && known.contains(&account.object("e.ics")));
    }

    fn s3_6_what_goes_between_two_parts_of_a_first_synchronisation_is_told(account) {
        for uid in ["a", "b", "c", "d"] {
            changed(account, uid);
        }
        let first = ask(account, &account.calendar, "0", "", &limit(2)).multistatus();
        let mut there: std::collections::BTreeSet<String> =
            first.hrefs().into_iter().filter(|href| *href != account.calendar).map(str::to_owned).collect();
        let gone = there.first().unwrap().clone();
        account.client.delete(&gone).expect(204);
        changed(account, "e");
        changed(account, "f");
        let mut token = first.token().to_owned();
        // As a client does: until nothing is left out, and once more.
        for _ in 0..6 {
            let answer = ask(account, &account.calendar, "0", &token, &limit(3)).multistatus();
            for member in answer.responses.iter().filter(|response| response.href != account.calendar) {
                let known = if member.status == Some(404) { there.remove(&member.href) } else { there.insert(member.href.clone()) };
                let _ = known;
            }
            answer.token().clone_into(&mut token);
        }
        let wanted: std::collections::BTreeSet<String> =
            account.client.propfind(&account.calendar, "1", "<D:getetag/>").multistatus().hrefs().into_iter().filter(|href| *href != account.calendar).map(str::to_owned).collect();
        assert_eq!(there, wanted);
    }

    fn s3_6_507_names_the_limit(account) {
        for uid in ["a", "b"] {
            account.put(&format!("{uid}.ics"), &event(uid));
        }
        let answer = ask(account, &account.calendar, "0", "", &limit(1)).multistatus();
        let own = answer.response(&account.calendar);
        assert_eq!(own.status, Some(507));
        assert!(own.element.child("D:error").is_some_and(|error| error.names() == ["D:number-of-matches-within-limits"]));
    }

    fn s3_7_a_limit_that_is_not_reached_changes_nothing(account) {
        account.put("a.ics", &event("a"));
        for members in [1, 2, 1000] {
            assert_eq!(ask(account, &account.calendar, "0", "", &limit(members)).multistatus().names(), ["a.ics"], "{members}");
        }
    }

    fn s4_the_property_is_the_token(account) {
        account.put("a.ics", &event("a"));
        let token = account.client.properties(&account.calendar, "<D:sync-token/>").value("D:sync-token").to_owned();
        changed(account, "a");
        assert_eq!(sync(account, &token).names(), ["a.ics"]);
        assert_ne!(account.client.properties(&account.calendar, "<D:sync-token/>").value("D:sync-token"), token);
    }

    fn s4_the_property_is_protected_and_not_in_allprop(account) {
        let answer =
            account.client.proppatch(&account.calendar, "<D:set><D:prop><D:sync-token>x</D:sync-token></D:prop></D:set>").multistatus();
        assert_eq!(answer.only().status_of("D:sync-token"), Some(403));
        let all = account.client.xml("PROPFIND", &account.calendar, &[("depth", "0")], "D:propfind", "<D:allprop/>").multistatus();
        assert_eq!(all.only().status_of("D:sync-token"), None);
    }

    fn s3_7_a_home_keeps_to_the_limit_and_progresses(account) {
        let (mut token, mut told) = (String::new(), std::collections::BTreeSet::new());
        for _ in 0..20 {
            let answer = ask(account, &account.home, "0", &token, &limit(2)).multistatus();
            let (own, members): (Vec<Response>, Vec<Response>) =
                answer.responses.iter().cloned().partition(|response| response.href == account.home);
            assert!(members.len() <= 2, "{:?}", answer.hrefs());
            told.extend(members.into_iter().map(|member| member.href));
            assert!(own.iter().all(|own| own.status == Some(507)) && (own.is_empty() || token != answer.token()));
            answer.token().clone_into(&mut token);
            if own.is_empty() {
                break;
            }
        }
        let all = ask(account, &account.home, "0", "", "").multistatus();
        let all: std::collections::BTreeSet<String> = all.hrefs().into_iter().map(str::to_owned).collect();
        assert_eq!(told, all);
        assert!(ask(account, &account.home, "0", &token, &limit(2)).multistatus().responses.is_empty());
    }

    fn s3_5_a_home_tells_calendars_that_came_changed_and_went(account) {
        let told = account.client.properties(&account.home, "<D:supported-report-set/>");
        if !told.element.inside.contains("sync-collection") {
            return crate::skipped_elsewhere(account, "its home is not synchronised");
        }
        let (stays, goes) = (account.another_calendar(""), account.another_calendar(""));
        let home = |token: &str| ask(account, &account.home, "0", token, "").multistatus();
        let first = home("");
        for path in [&account.calendar, &stays, &goes] {
            assert_eq!(first.response(path).status, None, "{path}");
        }
        let comes = account.another_calendar("");
        account.client.remove(&goes);
        account.client.set(&stays, "<D:displayname>Renamed</D:displayname>");
        let delta = home(first.token());
        assert_eq!(delta.responses.len(), 3, "{:?}", delta.hrefs());
        assert_eq!((delta.response(&comes).status, delta.response(&stays).status, delta.response(&goes).status), (None, None, Some(404)));
        assert_eq!(home(delta.token()).responses.len(), 0);
    }

    fn s5_1_a_put_may_depend_on_the_state_of_its_collection(account) {
        let token = first_token(account);
        let put = |name: &str, condition: &str| {
            account.client.send("PUT", &account.object(name), &[("if", condition), ("content-type", "text/calendar")], event(name))
        };
        let unchanged = format!("<{}> (<{token}>)", account.calendar);
        put("a.ics", &unchanged).expect(201);
        put("b.ics", &unchanged).expect(412);
        account.client.get(&account.object("b.ics")).expect(404);
        put("b.ics", &format!("<{}> (Not <{token}>)", account.calendar)).expect(201);
        put("c.ics", &format!("<{}> (<urn:nobody:gave:this>)", account.calendar)).expect(412);
    }

    fn s5_a_deletion_may_depend_on_the_state_of_its_collection(account) {
        account.put("a.ics", &event("a"));
        let token = first_token(account);
        changed(account, "a");
        let stale = format!("<{}> (<{token}>)", account.calendar);
        account.client.send("DELETE", &account.object("a.ics"), &[("if", &stale)], "").expect(412);
        account.client.send("DELETE", &account.calendar, &[("if", &format!("(<{token}>)"))], "").expect(412);
        let now = format!("<{}> (<{}>)", account.calendar, first_token(account));
        account.client.send("DELETE", &account.object("a.ics"), &[("if", &now)], "").succeeds();
    }

    fn s5_2_a_collection_may_depend_on_the_state_of_its_parent(account) {
        let told = account.client.properties(&account.home, "<D:sync-token/>");
        let Some(token) = told.prop("D:sync-token") else { return crate::skipped_elsewhere(account, "its home is not synchronised") };
        let unchanged = format!("<{}> (<{}>)", account.home, token.text);
        account.client.xml("MKCALENDAR", &account.free(), &[("if", &unchanged)], "C:mkcalendar", "").expect(201);
        account.client.xml("MKCALENDAR", &account.free(), &[("if", &unchanged)], "C:mkcalendar", "").expect(412);
    }
}
