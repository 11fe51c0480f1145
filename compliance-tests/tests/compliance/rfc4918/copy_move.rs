//! RFC 4918 §9.8, §9.9: COPY and MOVE of files and folders.

use compliance_tests::account::Account;
use compliance_tests::client::Answer;

/// COPY or MOVE from one path to another below the account's files.
fn relocate(account: &Account, method: &str, from: &str, to: &str, headers: &[(&str, &str)]) -> Answer {
    let (from, to) = (path(account, from), path(account, to));
    account.client.send(method, &from, &[&[("destination", to.as_str())], headers].concat(), "")
}

fn path(account: &Account, below: &str) -> String {
    format!("{}{below}", account.files())
}

fn put(account: &Account, below: &str, body: &'static str) {
    let answer = account.client.send("PUT", &path(account, below), &[("content-type", "text/plain")], body);
    assert!(matches!(answer.status, 201 | 204), "{}", answer.text());
}

fn mkcol(account: &Account, below: &str) {
    account.client.send("MKCOL", &path(account, below), &[], "").expect(201);
}

fn text(account: &Account, below: &str) -> Option<String> {
    let answer = account.client.get(&path(account, below));
    (answer.status == 200).then(|| answer.text())
}

/// `f/` with `a`, `g/` and `g/b`.
fn tree(account: &Account) {
    mkcol(account, "f/");
    mkcol(account, "f/g/");
    put(account, "f/a", "a");
    put(account, "f/g/b", "b");
    account.client.set(&path(account, "f/"), "<X:p>of f</X:p>");
    account.client.set(&path(account, "f/g/b"), "<X:p>of b</X:p>");
}

fn property(account: &Account, below: &str) -> Option<String> {
    let found = account.client.properties(&path(account, below), "<X:p/>");
    found.prop("X:p").map(|property| property.text.clone())
}

requirements! { on a server of ours:
    fn s9_8_1_a_copy_has_body_type_and_dead_properties_of_its_source(account) {
        put(account, "a", "a");
        account.client.set(&path(account, "a"), "<X:p>1</X:p>");
        relocate(account, "COPY", "a", "b", &[]).expect(201);
        assert_eq!((text(account, "a"), text(account, "b")), (Some("a".into()), Some("a".into())));
        assert_eq!(account.client.get(&path(account, "b")).header("content-type"), Some("text/plain"));
        assert_eq!(property(account, "b").as_deref(), Some("1"));
        // They are two from here on.
        put(account, "a", "changed");
        assert_eq!(text(account, "b").as_deref(), Some("a"));
        account.client.delete(&path(account, "a")).expect(204);
        assert_eq!(text(account, "b").as_deref(), Some("a"));
    }

    fn s9_9_1_a_move_takes_everything_along(account) {
        put(account, "a", "a");
        account.client.set(&path(account, "a"), "<X:p>1</X:p>");
        let created = account.client.properties(&path(account, "a"), "<D:creationdate/>").value("D:creationdate").to_owned();
        let etag = account.client.get(&path(account, "a")).etag();
        relocate(account, "MOVE", "a", "b", &[]).expect(201);
        assert_eq!((text(account, "a"), text(account, "b")), (None, Some("a".into())));
        assert_eq!(property(account, "b").as_deref(), Some("1"));
        assert_eq!(account.client.get(&path(account, "b")).etag(), etag);
        assert_eq!(account.client.properties(&path(account, "b"), "<D:creationdate/>").value("D:creationdate"), created);
    }

    fn s9_8_3_a_tree_is_copied_with_depth_infinity_and_without_depth(account) {
        tree(account);
        for (to, headers) in [("h/", &[("depth", "infinity")][..]), ("i/", &[])] {
            relocate(account, "COPY", "f/", to, headers).expect(201);
            assert_eq!((text(account, &format!("{to}a")).as_deref(), text(account, &format!("{to}g/b")).as_deref()), (Some("a"), Some("b")));
            assert_eq!(property(account, to).as_deref(), Some("of f"));
            assert_eq!(property(account, &format!("{to}g/b")).as_deref(), Some("of b"));
        }
        account.client.delete(&path(account, "f/")).expect(204);
        assert_eq!(text(account, "h/g/b").as_deref(), Some("b"));
    }

    fn s9_8_3_with_depth_0_a_collection_is_copied_without_its_members(account) {
        tree(account);
        relocate(account, "COPY", "f/", "h/", &[("depth", "0")]).expect(201);
        assert_eq!(property(account, "h/").as_deref(), Some("of f"));
        assert_eq!(account.client.propfind(&path(account, "h/"), "1", "<D:getetag/>").multistatus().responses.len(), 1);
        // Without members it may even go into itself.
        relocate(account, "COPY", "f/", "f/h/", &[("depth", "0")]).expect(201);
        relocate(account, "COPY", "f/", "h/x/", &[("depth", "1")]).expect(400);
    }

    fn s9_9_2_a_tree_is_moved_whole(account) {
        tree(account);
        mkcol(account, "h/");
        relocate(account, "MOVE", "f/", "h/f2/", &[("depth", "0")]).expect(400);
        relocate(account, "MOVE", "f/", "h/f2/", &[]).expect(201);
        assert_eq!((text(account, "f/a"), text(account, "h/f2/g/b").as_deref()), (None, Some("b")));
        account.client.propfind(&path(account, "f/"), "0", "<D:getetag/>").expect(404);
        assert_eq!(property(account, "h/f2/").as_deref(), Some("of f"));
        assert_eq!(account.client.propfind(&path(account, "h/f2/"), "1", "<D:getetag/>").multistatus().names(), ["a", "f2", "g"]);
        mkcol(account, "f/");
        assert_eq!(property(account, "f/"), None);
    }

    fn s9_8_4_and_10_6_what_is_there_goes_first_unless_overwrite_is_f(account) {
        tree(account);
        put(account, "x", "x");
        account.client.set(&path(account, "x"), "<X:p>of x</X:p>");
        for method in ["COPY", "MOVE"] {
            relocate(account, method, "f/a", "x", &[("overwrite", "F")]).expect(412);
            relocate(account, method, "f/a", "new", &[("overwrite", "maybe")]).expect(400);
        }
        assert_eq!(text(account, "x").as_deref(), Some("x"));
        relocate(account, "COPY", "f/a", "x", &[("overwrite", "T")]).expect(204);
        assert_eq!((text(account, "x").as_deref(), property(account, "x")), (Some("a"), None));
        // A file takes the place of a tree, and a tree that of a file.
        relocate(account, "COPY", "x", "f/g/", &[]).expect(204);
        assert_eq!((text(account, "f/g").as_deref(), text(account, "f/g/b")), (Some("a"), None));
        relocate(account, "MOVE", "f/", "x", &[]).expect(204);
        assert_eq!((text(account, "x/g").as_deref(), text(account, "f/a")), (Some("a"), None));
        relocate(account, "COPY", "x/", "free/", &[("overwrite", "F")]).expect(201);
    }

    fn s9_8_5_a_missing_parent_is_409(account) {
        put(account, "a", "a");
        for method in ["COPY", "MOVE"] {
            relocate(account, method, "a", "none/a", &[]).expect(409);
        }
        assert_eq!(text(account, "a").as_deref(), Some("a"));
    }

    fn s9_8_5_source_and_destination_are_apart(account) {
        tree(account);
        for method in ["COPY", "MOVE"] {
            for (from, to) in [("f/", "f/"), ("f/a", "f/a"), ("f/", "f/g/f/"), ("f/", "f/new/"), ("f/g/", "f/"), ("f/g/b", "f/"), ("f/a", "f//a")] {
                relocate(account, method, from, to, &[]).expect(403);
            }
        }
        assert_eq!(text(account, "f/g/b").as_deref(), Some("b"));
    }

    fn s9_8_5_another_server_is_502(account) {
        put(account, "a", "a");
        for destination in ["http://other.example.org/dav/files/b", "https://127.0.0.1:1/b"] {
            account.client.send("COPY", &path(account, "a"), &[("destination", destination)], "").expect(502);
        }
        let whole = format!("http://{}{}", account.client.authority, path(account, "b"));
        account.client.send("COPY", &path(account, "a"), &[("destination", &whole)], "").expect(201);
    }

    fn s10_3_a_destination_is_needed_and_is_a_uri(account) {
        put(account, "a", "a");
        for method in ["COPY", "MOVE"] {
            account.client.send(method, &path(account, "a"), &[], "").expect(400);
            for destination in ["b", "//host/b", "mailto:b", "/dav/files/%zz"] {
                account.client.send(method, &path(account, "a"), &[("destination", destination)], "").expect(400);
            }
        }
        assert_eq!(text(account, "a").as_deref(), Some("a"));
    }

    fn s10_3_names_are_encoded_in_it(account) {
        put(account, "a%20b", "a");
        relocate(account, "MOVE", "a%20b", "%C3%A9%25%23%3F", &[]).expect(201);
        assert_eq!(account.client.propfind(&account.files(), "1", "<D:getetag/>").multistatus().names().last().unwrap(), "é%#?");
    }

    fn s9_8_a_copy_of_nothing_is_404(account) {
        for method in ["COPY", "MOVE"] {
            relocate(account, method, "none", "b", &[]).expect(404);
        }
    }

    fn s10_4_conditions_on_either_end_hold(account) {
        put(account, "a", "a");
        put(account, "b", "b");
        let (a, b) = (account.client.get(&path(account, "a")).etag(), account.client.get(&path(account, "b")).etag());
        for method in ["COPY", "MOVE"] {
            relocate(account, method, "a", "b", &[("if-match", "\"x\"")]).expect(412);
            relocate(account, method, "a", "b", &[("if", &format!("<{}> ([\"x\"])", path(account, "b")))]).expect(412);
        }
        assert_eq!(text(account, "b").as_deref(), Some("b"));
        let both = format!("<{}> ([{b}])", path(account, "b"));
        relocate(account, "MOVE", "a", "b", &[("if-match", &a), ("if", &both)]).expect(204);
    }

    fn rfc3744_appendix_b_both_ends_take_privileges(account, other) {
        put(account, "a", "a");
        for method in ["COPY", "MOVE"] {
            let into_others = [("destination", format!("{}stolen", other.files()))];
            let headers: Vec<(&str, &str)> = into_others.iter().map(|(name, value)| (*name, value.as_str())).collect();
            account.client.send(method, &path(account, "a"), &headers, "").refuses(403, "D:need-privileges");
            other.client.send(method, &path(account, "a"), &headers, "").refuses(403, "D:need-privileges");
        }
        other.client.get(&format!("{}stolen", other.files())).expect(404);
        assert_eq!(text(account, "a").as_deref(), Some("a"));
    }

    fn rfc6578_s3_5_a_move_is_a_removal_and_an_addition(account) {
        tree(account);
        mkcol(account, "h/");
        let ask = |below: &str, token: &str, more: &str| {
            let body = format!("<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>{more}<D:prop><D:getetag/></D:prop>");
            account.client.report(&path(account, below), "0", "D:sync-collection", &body).multistatus()
        };
        let (f, h) = (ask("f/", "", ""), ask("h/", "", ""));
        assert_eq!((f.names(), h.names().len()), (vec!["a".to_owned(), "g".to_owned()], 0));
        relocate(account, "MOVE", "f/a", "h/a", &[]).expect(201);
        relocate(account, "MOVE", "f/g/", "h/g/", &[]).expect(201);
        let (gone, come) = (ask("f/", f.token(), ""), ask("h/", h.token(), ""));
        assert_eq!((gone.names(), come.names()), (vec!["a".to_owned(), "g".to_owned()], vec!["a".to_owned(), "g".to_owned()]));
        assert!(gone.responses.iter().all(|response| response.status == Some(404)));
        assert!(come.responses.iter().all(|response| response.status.is_none()));
        // In parts it comes to the same.
        let limit = "<D:limit><D:nresults>1</D:nresults></D:limit>";
        for (token, before) in [("", ""), (h.token(), h.token())] {
            let first = ask("h/", token, limit);
            assert_eq!(first.responses.len(), 2, "{before} {:?}", first.hrefs());
            let second = ask("h/", first.token(), limit);
            assert_eq!(second.responses.len(), 1, "{before} {:?}", second.hrefs());
            assert_eq!(ask("h/", second.token(), "").responses.len(), 0);
        }
    }
}
