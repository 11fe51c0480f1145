//! RFC 5397: WebDAV Current Principal Extension.

use compliance_tests::account::event;

requirements! {
    fn s3_every_resource_tells_who_asks(account) {
        account.put("a.ics", &event("a"));
        for path in [&account.principal, &account.home, &account.calendar, &account.object("a.ics")] {
            let found = account.client.properties(path, "<D:current-user-principal/>");
            assert_eq!(found.prop("D:current-user-principal").unwrap().hrefs(), [account.principal.as_str()], "{path}");
        }
    }

    fn s3_it_is_the_url_of_a_principal(account) {
        let found = account.client.properties(&account.principal, "<D:principal-URL/><D:resourcetype/>");
        assert_eq!(found.prop("D:principal-URL").unwrap().hrefs(), [account.principal.as_str()]);
        assert!(found.prop("D:resourcetype").unwrap().child("D:principal").is_some());
    }

    fn s3_it_is_protected(account) {
        let body = "<D:set><D:prop><D:current-user-principal><D:href>/x/</D:href></D:current-user-principal></D:prop></D:set>";
        let answer = account.client.proppatch(&account.calendar, body).multistatus();
        assert_eq!(answer.only().status_of("D:current-user-principal"), Some(403));
    }

    fn s3_it_is_whoever_asks(account, other) {
        let found = other.client.properties(&account.principal, "<D:current-user-principal/>");
        assert_eq!(found.prop("D:current-user-principal").unwrap().hrefs(), [other.principal.as_str()]);
    }
}
