//! Apple's extensions: caldav-ctag, caldav-proxy, the properties of their calendars and principals, their principal search.

use compliance_tests::account::{Account, event, event_with};

fn ctag(account: &Account) -> String {
    account.client.properties(&account.calendar, "<CS:getctag/>").value("CS:getctag").to_owned()
}

fn search(account: &Account, tokens: &[&str], more: &str) -> Vec<String> {
    let principals = account.client.properties(&account.principal, "<D:principal-collection-set/>");
    let principals = principals.prop("D:principal-collection-set").unwrap().hrefs()[0].clone();
    let tokens: String = tokens.iter().map(|token| format!("<CS:search-token>{token}</CS:search-token>")).collect();
    let body = format!("{tokens}{more}<D:prop><D:displayname/></D:prop>");
    let answer = account.client.report(&principals, "0", "CS:calendarserver-principal-search", &body).multistatus();
    answer.hrefs().into_iter().map(str::to_owned).collect()
}

requirements! {
    fn ctag_4_1_it_changes_with_every_change_of_a_member(account) {
        let mut last = ctag(account);
        let mut note = || {
            let now = ctag(account);
            assert_ne!(now, last);
            last = now;
        };
        account.put("a.ics", &event("a"));
        note();
        account.put("a.ics", &event_with("a", "DTSTART:20270101T000000Z\r\n"));
        note();
        account.client.remove(&account.object("a.ics"));
        note();
    }

    fn ctag_4_1_it_stays_while_members_do(account) {
        account.put("a.ics", &event("a"));
        let before = ctag(account);
        account.put("a.ics", &event("a"));
        let other = account.another_calendar("");
        account.client.put(&format!("{other}b.ics"), &event("b")).expect(201);
        account.client.put(&account.object("bad.ics"), "junk");
        account.client.get(&account.object("a.ics")).expect(200);
        assert_eq!(ctag(account), before);
    }

    fn ctag_4_1_it_is_protected_and_listed_with_the_home(account) {
        let answer =
            account.client.proppatch(&account.calendar, "<D:set><D:prop><CS:getctag>x</CS:getctag></D:prop></D:set>").multistatus();
        assert_eq!(answer.only().status_of("CS:getctag"), Some(403));
        let listed = account.client.propfind(&account.home, "1", "<CS:getctag/>").multistatus();
        assert_eq!(listed.response(&account.calendar).value("CS:getctag"), ctag(account));
    }

    fn calendar_color_is_given_back_as_it_was_set(account) {
        for color in ["#FF2968", "#ff2968FF", "#0E61B9FF", "red"] {
            account.client.set(&account.calendar, &format!("<A:calendar-color symbolic-color='custom'>{color}</A:calendar-color>"));
            let found = account.client.properties(&account.calendar, "<A:calendar-color/>");
            assert_eq!(found.value("A:calendar-color"), color);
            assert_eq!(found.prop("A:calendar-color").unwrap().attribute("symbolic-color"), Some("custom"));
        }
    }

    fn calendar_order_is_given_back_as_it_was_set(account) {
        account.client.set(&account.calendar, "<A:calendar-order>7</A:calendar-order>");
        let listed = account.client.propfind(&account.home, "1", "<A:calendar-order/>").multistatus();
        assert_eq!(listed.response(&account.calendar).value("A:calendar-order"), "7");
    }

    fn email_address_set_lists_addresses_without_mailto(account) {
        let found = account.client.properties(&account.principal, "<CS:email-address-set/>");
        let set = found.prop("CS:email-address-set").unwrap().clone();
        assert!(
            set.children.iter().all(|one| one.name == "CS:email-address" && one.text.contains('@') && !one.text.contains(':')),
            "{set:?}"
        );
    }

    fn proxy_5_3_proxies_are_told_even_if_there_are_none(account) {
        let inside = "<D:property name='calendar-proxy-read-for' namespace='http://calendarserver.org/ns/'><D:property name='displayname'/></D:property><D:property name='calendar-proxy-write-for' namespace='http://calendarserver.org/ns/'><D:property name='displayname'/></D:property>";
        let answer = account.client.report(&account.principal, "0", "D:expand-property", inside).multistatus();
        for name in ["CS:calendar-proxy-read-for", "CS:calendar-proxy-write-for"] {
            assert_eq!(answer.only().status_of(name), Some(200), "{name}");
        }
    }

    fn principal_search_is_announced(account) {
        assert!(
            account.client.send("OPTIONS", &account.principal, &[], "").list("dav").contains(&"calendarserver-principal-search".to_owned())
        );
    }

    fn principal_search_finds_people_by_every_token(account) {
        let name = account.client.properties(&account.principal, "<D:displayname/>").value("D:displayname").to_owned();
        let words: Vec<&str> = name.split(' ').collect();
        assert!(search(account, &words, "").contains(&account.principal));
        assert!(search(account, &[&name.to_uppercase()], "").contains(&account.principal));
        assert_eq!(search(account, &[words[0], "nobody-has-this"], "").len(), 0);
    }

    fn principal_search_finds_people_by_address(account) {
        let found = account.client.properties(&account.principal, "<CS:email-address-set/>");
        let address = found.prop("CS:email-address-set").unwrap().children[0].text.clone();
        assert_eq!(search(account, &[&address], ""), [account.principal.as_str()]);
    }

    fn principal_search_keeps_to_its_limit(account, other) {
        let found = search(other, &["test"], "<CS:limit><CS:nresults>1</CS:nresults></CS:limit>");
        let people = found.iter().filter(|href| **href == account.principal || href.contains("user")).count();
        assert!(people <= 1, "{found:?}");
    }
}
