//! RFC 6764: Locating Services for CalDAV and CardDAV, §5 and §6: the well-known URI, and what comes after it.

use compliance_tests::account::Account;
use compliance_tests::client::{Answer, Client};

fn well_known(account: &Account, method: &str) -> Answer {
    Client::anonymous(&account.client.authority).send(method, "/.well-known/caldav", &[("depth", "0")], "")
}

/// The path that a redirect leads to.
fn context_path(account: &Account) -> String {
    let answer = well_known(account, "PROPFIND");
    let location = answer.header("location").expect("a Location").to_owned();
    let own = format!("http://{}", account.client.authority);
    location.strip_prefix(&own).unwrap_or(&location).to_owned()
}

requirements! {
    fn s5_the_well_known_uri_redirects_any_method_before_credentials(account) {
        for method in ["GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT", "PUT"] {
            let answer = well_known(account, method);
            assert!(matches!(answer.status, 301 | 303 | 307 | 308), "{method}: {}", answer.status);
            assert!(answer.header("location").is_some(), "{method}");
        }
    }

    fn s5_the_redirect_may_be_cached(account) {
        let answer = well_known(account, "GET");
        let control = answer.header("cache-control").unwrap_or_default();
        assert!(!control.contains("no-store"), "{control}");
    }

    fn s5_the_redirect_stays_on_host_and_scheme(account) {
        let path = context_path(account);
        assert!(path.starts_with('/') && !path.starts_with("//"), "{path}");
    }

    fn s6_the_context_path_tells_the_principal(account) {
        let found = account.client.properties(&context_path(account), "<D:current-user-principal/>");
        assert_eq!(found.prop("D:current-user-principal").unwrap().hrefs(), [account.principal.as_str()]);
    }

    fn s6_the_context_path_asks_for_credentials(account) {
        Client::anonymous(&account.client.authority).propfind(&context_path(account), "0", "<D:current-user-principal/>").expect(401);
    }

    fn s6_the_principal_tells_the_calendar_home(account) {
        let found = account.client.properties(&account.principal, "<C:calendar-home-set/>");
        assert!(found.prop("C:calendar-home-set").unwrap().hrefs().contains(&account.home));
    }
}
