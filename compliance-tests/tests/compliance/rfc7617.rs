//! RFC 7617: The 'Basic' HTTP Authentication Scheme.

use compliance_tests::account::{Account, add};
use compliance_tests::client::Client;

const METHODS: [&str; 9] = ["GET", "HEAD", "PUT", "DELETE", "PROPFIND", "PROPPATCH", "REPORT", "MKCALENDAR", "MKCOL"];

fn status_for(account: &Account, user: &str, password: &str) -> u16 {
    Client::new(&account.client.authority, user, password).propfind("/", "0", "<D:current-user-principal/>").status
}

requirements! {
    fn s2_a_challenge_names_basic_and_a_realm(account) {
        let anonymous = Client::anonymous(&account.client.authority);
        let challenge = anonymous.propfind(&account.home, "0", "").expect(401).header("www-authenticate").unwrap().to_owned();
        assert!(challenge.to_lowercase().starts_with("basic realm=\""), "{challenge}");
    }

    fn s2_1_the_charset_of_a_challenge_is_utf8(account) {
        let anonymous = Client::anonymous(&account.client.authority);
        let challenge = anonymous.propfind(&account.home, "0", "").expect(401).header("www-authenticate").unwrap().to_lowercase();
        let Some((_, charset)) = challenge.split_once("charset=") else { return crate::skipped_elsewhere(account, "it names no charset") };
        assert_eq!(charset.trim_matches('"'), "utf-8");
    }

    fn s2_every_request_without_credentials_is_challenged_alike(account) {
        let anonymous = Client::anonymous(&account.client.authority);
        let one = anonymous.get(&account.home).expect(401).header("www-authenticate").map(str::to_owned);
        let paths = [&account.principal, &account.home, &account.calendar, &account.object("a.ics"), &format!("{}none/", account.home)];
        for path in paths {
            for method in METHODS {
                let answer = anonymous.send(method, path, &[], "");
                assert_eq!(answer.status, 401, "{method} {path}");
                assert_eq!(answer.header("www-authenticate"), one.as_deref(), "{method} {path}");
            }
        }
    }

    fn s2_what_cannot_be_read_is_challenged(account) {
        for credentials in ["Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer abc", "basic"] {
            let client = Client { authorization: Some(credentials.to_owned()), ..account.client.clone() };
            client.get(&account.calendar).expect(401);
        }
    }

    fn s2_the_scheme_is_read_in_any_case(account) {
        let sent = account.client.authorization.as_deref().unwrap();
        for scheme in ["basic", "BASIC"] {
            let client = Client { authorization: Some(sent.replacen("Basic", scheme, 1)), ..account.client.clone() };
            client.propfind(&account.calendar, "0", "<D:displayname/>").expect(207);
        }
    }

    fn s2_a_wrong_password_and_an_unknown_user_are_challenged_alike(account) {
        let wrong = Client::new(&account.client.authority, &account.name, "wrong").get(&account.calendar).expect(401);
        let unknown = Client::new(&account.client.authority, "nobody-here", &account.password).get(&account.calendar).expect(401);
        assert_eq!(wrong.header("www-authenticate"), unknown.header("www-authenticate"));
        assert_eq!(wrong.body, unknown.body);
    }

    fn s2_after_the_first_colon_all_is_password(account) {
        let Some(server) = account.server else { return crate::skipped("it needs the command line") };
        let user = format!("{}-colon", account.name);
        add(server, &user, "pass:word:with colons");
        assert_eq!(status_for(account, &user, "pass:word:with colons"), 207);
        assert_eq!(status_for(account, &user, "pass"), 401);
    }

    fn s2_1_passwords_are_utf8(account) {
        let Some(server) = account.server else { return crate::skipped("it needs the command line") };
        let user = format!("{}-utf8", account.name);
        add(server, &user, "pässwörd £ 東京 😀");
        assert_eq!(status_for(account, &user, "pässwörd £ 東京 😀"), 207);
        assert_eq!(status_for(account, &user, "passwort"), 401);
    }
}
