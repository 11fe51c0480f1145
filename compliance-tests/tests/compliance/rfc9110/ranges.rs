//! RFC 9110 §14: ranges of files.

use compliance_tests::account::Account;
use compliance_tests::client::Answer;

const LENGTH: usize = 200_000;

fn octet(at: usize) -> u8 {
    (at % 251) as u8
}

/// A file that spans several chunks; its path.
fn file(account: &Account) -> String {
    let path = format!("{}range.bin", account.files());
    let body: Vec<u8> = (0..LENGTH).map(octet).collect();
    account.client.send("PUT", &path, &[("content-type", "application/x-thing")], body).expect(201);
    path
}

fn get(account: &Account, path: &str, headers: &[(&str, &str)]) -> Answer {
    account.client.send("GET", path, headers, "")
}

fn octets(from: usize, to: usize) -> Vec<u8> {
    (from..to).map(octet).collect()
}

requirements! { on a server of ours:
    fn s14_3_files_say_that_they_have_ranges(account) {
        let path = file(account);
        assert_eq!(get(account, &path, &[]).expect(200).header("accept-ranges"), Some("bytes"));
        assert_eq!(account.client.send("HEAD", &path, &[], "").header("accept-ranges"), Some("bytes"));
    }

    fn s15_3_7_1_one_range_is_206_with_its_place(account) {
        let path = file(account);
        let etag = get(account, &path, &[]).etag();
        for (range, from, to) in [
            ("bytes=0-0", 0, 1),
            ("bytes=0-65535", 0, 65_536),
            ("bytes=65535-65536", 65_535, 65_537),
            ("bytes=65536-131071", 65_536, 131_072),
            ("bytes=100000-", 100_000, LENGTH),
            ("bytes=-70000", LENGTH - 70_000, LENGTH),
            ("bytes=199999-300000", 199_999, LENGTH),
            ("bytes=0-", 0, LENGTH),
        ] {
            let answer = get(account, &path, &[("range", range)]).expect(206);
            assert!(answer.body == octets(from, to), "{range}");
            assert_eq!(answer.header("content-range"), Some(format!("bytes {from}-{}/{LENGTH}", to - 1).as_str()));
            assert_eq!(answer.header("content-length"), Some((to - from).to_string().as_str()));
            assert_eq!((answer.header("content-type"), answer.etag()), (Some("application/x-thing"), etag.clone()));
        }
    }

    fn s15_3_7_2_several_ranges_are_parts_of_one_answer(account) {
        let path = file(account);
        let answer = get(account, &path, &[("range", "bytes=0-9,65530-65540,-5")]).expect(206);
        assert_eq!(answer.header("content-range"), None);
        let boundary = answer.header("content-type").unwrap().strip_prefix("multipart/byteranges; boundary=").unwrap().to_owned();
        let mut expected = Vec::new();
        for (from, to) in [(0, 10), (65_530, 65_541), (LENGTH - 5, LENGTH)] {
            let range = format!("bytes {from}-{}/{LENGTH}", to - 1);
            expected.extend(format!("\r\n--{boundary}\r\nContent-Type: application/x-thing\r\nContent-Range: {range}\r\n\r\n").into_bytes());
            expected.extend(octets(from, to));
        }
        expected.extend(format!("\r\n--{boundary}--\r\n").into_bytes());
        assert!(answer.body == expected);
    }

    fn s15_5_17_a_range_beyond_the_end_is_416(account) {
        let path = file(account);
        for range in ["bytes=200000-", "bytes=-0", "bytes=300000-400000,500000-"] {
            let answer = get(account, &path, &[("range", range)]).expect(416);
            assert_eq!(answer.header("content-range"), Some("bytes */200000"));
        }
    }

    fn s14_2_a_range_that_is_not_understood_or_of_head_is_ignored(account) {
        let path = file(account);
        for range in ["lines=0-9", "bytes=9-0", "bytes=x", "bytes=0-,0-,0-", "0-9"] {
            assert_eq!(get(account, &path, &[("range", range)]).expect(200).body.len(), LENGTH, "{range}");
        }
        account.client.send("HEAD", &path, &[("range", "bytes=0-9")], "").expect(200);
    }

    fn s13_1_5_if_range_gives_a_part_of_what_is_known_and_else_the_whole(account) {
        let path = file(account);
        let whole = get(account, &path, &[]);
        let (etag, modified) = (whole.etag(), whole.header("last-modified").unwrap().to_owned());
        for (condition, status) in [
            (etag.as_str(), 206),
            (modified.as_str(), 206),
            ("\"other\"", 200),
            (&format!("W/{etag}"), 200),
            ("Sat, 29 Oct 1994 19:43:31 GMT", 200),
        ] {
            get(account, &path, &[("range", "bytes=0-9"), ("if-range", condition)]).expect(status);
        }
        account.client.send("PUT", &path, &[], "another body").expect(204);
        assert_eq!(get(account, &path, &[("range", "bytes=0-3"), ("if-range", &etag)]).expect(200).text(), "another body");
    }

    fn s13_2_2_conditions_come_before_ranges(account) {
        let path = file(account);
        let etag = get(account, &path, &[]).etag();
        get(account, &path, &[("range", "bytes=0-9"), ("if-none-match", &etag)]).expect(304);
        get(account, &path, &[("range", "bytes=0-9"), ("if-match", "\"x\"")]).expect(412);
    }

    fn s8_4_a_body_with_a_coding_is_415(account) {
        let path = format!("{}a", account.files());
        account.client.send("PUT", &path, &[("content-encoding", "gzip")], "x").expect(415);
        account.client.send("PUT", &path, &[("content-encoding", "identity")], "x").expect(201);
    }

    fn s8_4_files_are_not_compressed_for_their_tags_are_strong(account) {
        let path = format!("{}a.txt", account.files());
        account.client.send("PUT", &path, &[("content-type", "text/plain")], "x".repeat(100_000)).expect(201);
        let got = get(account, &path, &[("accept-encoding", "gzip, br, zstd")]).expect(200);
        assert_eq!((got.header("content-encoding"), got.body.len()), (None, 100_000));
        assert!(got.etag().starts_with('"'));
    }
}
