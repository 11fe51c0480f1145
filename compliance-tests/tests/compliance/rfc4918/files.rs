//! RFC 4918 §5, §9.3, §9.6, §9.7: folders, and files of any type in them.

use compliance_tests::account::Account;
use compliance_tests::client::Answer;

/// A file of that type, which must be new.
fn put(account: &Account, path: &str, media_type: &str, body: impl Into<bytes::Bytes>) -> Answer {
    account.client.send("PUT", path, &[("content-type", media_type)], body).expect(201)
}

fn mkcol(account: &Account, path: &str) {
    account.client.send("MKCOL", path, &[], "").expect(201);
}

requirements! { on a server of ours:
    fn s9_7_1_a_file_is_given_back_as_it_was_put(account) {
        let path = format!("{}a.bin", account.files());
        let body: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        let etag = put(account, &path, "Image/X-Thing; a=\"B c\"", body.clone()).etag();
        let got = account.client.get(&path).expect(200);
        assert_eq!(got.body, body);
        assert_eq!((got.header("content-type"), got.etag()), (Some("Image/X-Thing; a=\"B c\""), etag));
        assert_eq!(account.client.properties(&path, "<D:getcontenttype/>").value("D:getcontenttype"), "Image/X-Thing; a=\"B c\"");
        let head = account.client.send("HEAD", &path, &[], "").expect(200);
        assert_eq!((head.header("content-length"), head.body.len()), (Some("300000"), 0));
    }

    fn s9_7_1_bodies_of_every_length_around_a_chunk_are_kept(account) {
        for length in [0, 1, 65_535, 65_536, 65_537, 131_072, 1_048_576, 1_048_577, 1_200_000] {
            let path = format!("{}{length}.bin", account.files());
            let body: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            put(account, &path, "application/octet-stream", body.clone());
            assert!(account.client.get(&path).expect(200).body == body, "{length}");
        }
    }

    fn s9_7_1_a_put_replaces_body_and_type_and_keeps_properties(account) {
        let path = format!("{}a", account.files());
        let first = put(account, &path, "text/plain", "one").etag();
        account.client.set(&path, "<X:p>1</X:p>");
        let second = account.client.send("PUT", &path, &[("content-type", "text/html")], "two").expect(204).etag();
        assert_ne!(first, second);
        assert_eq!(account.client.get(&path).header("content-type"), Some("text/html"));
        // The same body under another type is a change too.
        assert_eq!(account.client.send("PUT", &path, &[("content-type", "text/css")], "two").expect(204).etag(), second);
        assert_eq!(account.client.get(&path).header("content-type"), Some("text/css"));
        assert_eq!(account.client.properties(&path, "<X:p/>").value("X:p"), "1");
    }

    fn s9_7_1_a_put_without_its_parent_is_409(account) {
        account.client.send("PUT", &format!("{}none/a", account.files()), &[], "x").expect(409);
        put(account, &format!("{}file", account.files()), "text/plain", "x");
        account.client.send("PUT", &format!("{}file/a", account.files()), &[], "x").expect(409);
    }

    fn s9_7_2_a_put_to_a_collection_is_405(account) {
        let folder = format!("{}f/", account.files());
        mkcol(account, &folder);
        for path in [&folder, &account.files()] {
            let refused = account.client.send("PUT", path, &[], "x").expect(405);
            assert!(refused.list("allow").contains(&"PROPFIND".to_owned()));
        }
    }

    fn s9_3_1_mkcol_makes_one_collection_where_there_is_none(account) {
        let folder = format!("{}f/", account.files());
        account.client.send("MKCOL", &format!("{folder}g/"), &[], "").expect(409);
        mkcol(account, &folder);
        mkcol(account, &format!("{folder}g/"));
        account.client.send("MKCOL", &folder, &[], "").expect(405);
        put(account, &format!("{folder}a"), "text/plain", "x");
        account.client.send("MKCOL", &format!("{folder}a"), &[], "").expect(405);
        account.client.send("MKCOL", &format!("{folder}h/"), &[("content-type", "x/y")], "<x/>").expect(415);
        let types = account.client.properties(&folder, "<D:resourcetype/>");
        assert_eq!(types.prop("D:resourcetype").unwrap().children.len(), 1);
    }

    fn rfc5689_s3_a_folder_is_made_with_properties_and_is_nothing_but_a_collection(account) {
        let make = |path: &str, types: &str| {
            let set = format!("<D:set><D:prop><D:resourcetype>{types}</D:resourcetype><X:p>1</X:p></D:prop></D:set>");
            account.client.xml("MKCOL", path, &[], "D:mkcol", &set)
        };
        let folder = format!("{}f/", account.files());
        make(&folder, "<D:collection/><C:calendar/>").refuses(403, "D:valid-resourcetype");
        make(&folder, "<D:collection/>").expect(201);
        assert_eq!(account.client.properties(&folder, "<X:p/>").value("X:p"), "1");
    }

    fn rfc4791_s5_3_1_1_there_are_no_calendars_among_files(account) {
        account.client.mkcalendar(&format!("{}c/", account.files()), "").refuses(403, "C:calendar-collection-location-ok");
    }

    fn s9_1_members_are_listed_one_level_deep(account) {
        let folder = format!("{}f/", account.files());
        mkcol(account, &folder);
        mkcol(account, &format!("{folder}g/"));
        put(account, &format!("{folder}g/deep"), "text/plain", "x");
        put(account, &format!("{folder}a%20b%25%C3%A9.txt"), "text/plain", "x");
        let listed = account.client.propfind(&folder, "1", "<D:resourcetype/><D:getetag/>").multistatus();
        assert_eq!(listed.names(), ["a b%é.txt", "f", "g"]);
        assert!(listed.hrefs().contains(&format!("{folder}a%20b%25%C3%A9.txt").as_str()), "{:?}", listed.hrefs());
        assert!(listed.hrefs().contains(&format!("{folder}g/").as_str()));
        let infinite = account.client.propfind(&folder, "infinity", "<D:getetag/>");
        assert!(infinite.refuses(403, "D:propfind-finite-depth").children.is_empty());
    }

    fn s9_1_allprop_has_dead_properties_of_members(account) {
        let folder = format!("{}f/", account.files());
        mkcol(account, &folder);
        mkcol(account, &format!("{folder}g/"));
        put(account, &format!("{folder}a"), "text/plain", "x");
        account.client.set(&format!("{folder}g/"), "<X:p>of g</X:p>");
        account.client.set(&format!("{folder}a"), "<X:p>of a</X:p>");
        let listed = account.client.xml("PROPFIND", &folder, &[("depth", "1")], "D:propfind", "<D:allprop/>").multistatus();
        assert_eq!(listed.response(&format!("{folder}g/")).value("X:p"), "of g");
        assert_eq!(listed.response(&format!("{folder}a")).value("X:p"), "of a");
        assert_eq!(listed.response(&folder).status_of("X:p"), None);
    }

    fn s9_6_1_a_tree_is_deleted_with_everything_in_it(account) {
        let folder = format!("{}f/", account.files());
        for path in ["", "g/", "g/h/"] {
            mkcol(account, &format!("{folder}{path}"));
        }
        let deep = format!("{folder}g/h/a");
        put(account, &deep, "text/plain", "x");
        account.client.set(&deep, "<X:p>1</X:p>");
        account.client.delete(&folder).expect(204);
        for path in [&folder, &format!("{folder}g/"), &deep] {
            account.client.propfind(path, "0", "<D:getetag/>").expect(404);
        }
        for path in ["", "g/", "g/h/"] {
            mkcol(account, &format!("{folder}{path}"));
        }
        put(account, &deep, "text/plain", "x");
        assert_eq!(account.client.properties(&deep, "<X:p/>").status_of("X:p"), Some(404));
    }

    fn s9_6_the_root_of_the_files_stays(account) {
        account.client.delete(&account.files()).expect(405);
    }

    fn s9_2_properties_of_files_and_folders_keep_their_xml(account) {
        let folder = format!("{}f/", account.files());
        mkcol(account, &folder);
        put(account, &format!("{folder}a"), "text/plain", "x");
        for path in [account.files(), folder.clone(), format!("{folder}a")] {
            account.client.set(&path, "<X:p xml:lang='de'> a <y:q xmlns:y='urn:y' y:z='1'/>\n</X:p>");
            let found = account.client.properties(&path, "<X:p/>");
            let kept = found.prop("X:p").unwrap();
            assert_eq!((kept.attribute("xml:lang"), kept.inside.as_str()), (Some("de"), " a <{urn:y}q {urn:y}z=\"1\"></{urn:y}q>\n"), "{path}");
        }
    }

    fn s10_4_and_rfc9110_s13_conditions_hold_for_files(account) {
        let path = format!("{}a", account.files());
        let put = |condition: (&str, &str), body: &'static str| account.client.send("PUT", &path, &[condition], body).status;
        assert_eq!(put(("if-match", "*"), "1"), 412);
        assert_eq!(put(("if-none-match", "*"), "1"), 201);
        assert_eq!(put(("if-none-match", "*"), "2"), 412);
        let etag = account.client.get(&path).etag();
        assert_eq!(put(("if", "([\"x\"])"), "2"), 412);
        assert_eq!(put(("if", &format!("([{etag}])")), "2"), 204);
        assert_eq!(put(("if-match", &etag), "3"), 412);
        account.client.send("DELETE", &path, &[("if-match", &etag)], "").expect(412);
        assert_eq!(account.client.get(&path).text(), "2");
        let now = account.client.get(&path).etag();
        account.client.send("GET", &path, &[("if-none-match", &now)], "").expect(304);
    }

    fn rfc3744_s7_1_files_of_others_are_not_even_told_to_be_missing(account, other) {
        put(account, &format!("{}a", account.files()), "text/plain", "x");
        for path in [account.files(), format!("{}a", account.files()), format!("{}none", account.files())] {
            for method in ["GET", "PROPFIND", "DELETE", "PUT", "MKCOL"] {
                other.client.send(method, &path, &[("depth", "0")], "").refuses(403, "D:need-privileges");
            }
        }
        let listed = other.client.propfind("/dav/files/", "1", "<D:resourcetype/>").multistatus();
        assert_eq!(listed.hrefs(), ["/dav/files/", &other.files()]);
    }

    fn s20_a_file_cannot_act_as_a_page_of_the_server(account) {
        let path = format!("{}evil.html", account.files());
        put(account, &path, "text/html", "<script>alert(1)</script>");
        for (range, status) in [("", 200), ("bytes=0-5", 206), ("bytes=0-1,3-4", 206)] {
            let got = account.client.send("GET", &path, &[("range", range)], "").expect(status);
            assert_eq!(got.header("x-content-type-options"), Some("nosniff"));
            let policy = got.header("content-security-policy").unwrap();
            assert!(policy.contains("sandbox") && policy.contains("default-src 'none'") && !policy.contains("allow"), "{policy}");
        }
    }

    fn rfc4331_s3_and_4_quota_is_told_and_counts_the_same_content_once(account) {
        let quota = || {
            let found = account.client.properties(&account.files(), "<D:quota-used-bytes/><D:quota-available-bytes/>");
            let number = |name: &str| found.value(name).parse::<u64>().unwrap();
            (number("D:quota-used-bytes"), number("D:quota-available-bytes"))
        };
        let (used, available) = quota();
        assert_eq!(used, 0);
        put(account, &format!("{}a", account.files()), "text/plain", "x".repeat(1000));
        put(account, &format!("{}b", account.files()), "text/plain", "x".repeat(1000));
        assert_eq!(quota(), (1000, available - 1000));
        account.client.delete(&format!("{}a", account.files())).expect(204);
        assert_eq!(quota(), (1000, available - 1000));
        account.client.send("PUT", &format!("{}b", account.files()), &[], "y".repeat(10)).expect(204);
        assert_eq!(quota(), (10, available - 10));
        account.client.delete(&format!("{}b", account.files())).expect(204);
        assert_eq!(quota(), (0, available));
    }

    fn s10_1_options_of_files_and_folders_list_what_is_done_with_them(account) {
        let (folder, file) = (format!("{}f/", account.files()), format!("{}a", account.files()));
        mkcol(account, &folder);
        put(account, &file, "text/plain", "x");
        for (path, methods) in [
            (account.files(), "OPTIONS, PROPFIND, PROPPATCH, REPORT"),
            (folder, "OPTIONS, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, REPORT"),
            (file, "OPTIONS, GET, HEAD, PUT, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, REPORT"),
            (format!("{}none", account.files()), "PUT, MKCOL"),
        ] {
            let refused = account.client.send("POST", &path, &[], "");
            assert!(matches!(refused.status, 404 | 405 | 501), "{path}: {}", refused.status);
            let options = account.client.send("OPTIONS", &path, &[], "");
            assert!(options.status == 404 || options.header("allow") == Some(methods), "{path}: {:?}", options.header("allow"));
        }
    }

    fn names_types_and_headers_are_bounded(account) {
        let files = account.files();
        let status = |path: &str, headers: &[(&str, &str)]| account.client.send("PUT", &format!("{files}{path}"), headers, "x").status;
        assert_eq!(status("a", &[("content-type", &format!("text/{}", "x".repeat(250)))]), 201);
        assert_eq!(status("a", &[("content-type", &format!("text/{}", "x".repeat(251)))]), 400);
        assert_eq!((status(&"x".repeat(255), &[]), status(&"x".repeat(256), &[])), (201, 400));
        assert_eq!((status("%00", &[]), status("%ff", &[]), status("a%0Ab", &[])), (400, 400, 400));
        for (name, value) in [("destination", "/x".repeat(10_000)), ("destination", format!("{files}{}", "a/".repeat(70)))] {
            let answer = account.client.send("COPY", &format!("{files}a"), &[(name, &value)], "");
            assert!((400..500).contains(&answer.status), "{}", answer.status);
        }
        let ranges = format!("bytes={}", vec!["0-0"; 5000].join(","));
        account.client.send("GET", &format!("{files}a"), &[("range", &ranges)], "").expect(200);
    }

    fn files_nest_64_levels_deep(account) {
        let mut path = account.files();
        for _ in 0..63 {
            path.push_str("d/");
            mkcol(account, &path);
        }
        put(account, &format!("{path}a"), "text/plain", "x");
        mkcol(account, &format!("{path}e/"));
        account.client.send("PUT", &format!("{path}e/a"), &[], "x").expect(400);
        account.client.get(&format!("{path}a")).expect(200);
        let copied = [("destination", format!("{}d/d/copy/", account.files()))];
        let headers: Vec<(&str, &str)> = copied.iter().map(|(name, value)| (*name, value.as_str())).collect();
        account.client.send("COPY", &format!("{}d/d/d/", account.files()), &headers, "").expect(201);
        let deeper = [("destination", format!("{}d/d/d/copy/", account.files()))];
        let headers: Vec<(&str, &str)> = deeper.iter().map(|(name, value)| (*name, value.as_str())).collect();
        account.client.send("COPY", &format!("{}d/d/copy/", account.files()), &headers, "").expect(403);
        account.client.delete(&format!("{}d/", account.files())).expect(204);
    }
}
