//! Input made to hurt: each gets the named error within bounded time and memory, and nothing is stored.

use std::time::{Duration, Instant};

use compliance_tests::account::{Account, component, event, event_with};
use compliance_tests::client::NAMESPACES;
use compliance_tests::server::{Kind, Server};

on_each_database! {
    not_xml_is_400,
    an_xml_bomb_is_400,
    an_external_entity_is_400,
    a_wrong_root_is_400_or_named,
    xml_too_deep_or_too_large_is_refused,
    a_body_of_50_mib_is_refused,
    half_a_body_is_not_stored,
    what_is_not_icalendar_is_refused,
    begin_nested_5000_deep_is_refused,
    a_line_of_10_mb_is_refused,
    two_uids_in_one_object_are_refused,
    a_method_in_a_stored_object_is_refused,
    path_tricks_reach_nothing,
    a_multiget_of_10000_hrefs_is_answered,
    an_unknown_report_is_named,
    a_bad_depth_is_400,
    bad_tokens_are_named,
    bad_credentials_are_401,
    a_body_that_asks_for_too_much_is_400,
    no_host_is_400,
    names_and_values_no_database_takes_are_refused_or_kept,
    memory_stays_bounded,
}

const VALID_DATA: &str = "C:valid-calendar-data";
const VALID_OBJECT: &str = "C:valid-calendar-object-resource";
const MAX_SIZE: &str = "C:max-resource-size";
const XML: &[(&str, &str)] = &[("content-type", "application/xml"), ("depth", "0")];
/// An answer that takes longer costs more than it should.
const BOUND: Duration = Duration::from_secs(20);

/// Does something to an account that must leave no trace in its home, in bounded time.
fn harmless<T>(account: &Account, attempt: impl FnOnce() -> T) {
    let token = || {
        let answer = account.client.propfind(&account.home, "0", "<D:sync-token/>").multistatus();
        answer.only().value("D:sync-token").to_owned()
    };
    let (before, started) = (token(), Instant::now());
    attempt();
    assert!(started.elapsed() < BOUND, "it took {:?}", started.elapsed());
    assert_eq!(token(), before, "something was stored");
}

fn not_xml_is_400(kind: Kind) {
    let account = Account::on(kind);
    harmless(&account, || {
        for body in ["hello", "<D:propfind xmlns:D='DAV:'><D:prop>", "<a></b>", "<D:propfind/>", "\0\0\0", "<a/><b/>"] {
            account.client.send("PROPFIND", &account.calendar, XML, body).expect(400);
            account.client.send("PROPPATCH", &account.calendar, XML, body).expect(400);
            account.client.send("REPORT", &account.calendar, XML, body).expect(400);
            account.client.send("MKCALENDAR", &format!("{}new/", account.home), XML, body).expect(400);
        }
        let not_utf8: &[u8] = b"<D:propfind xmlns:D='DAV:'><D:prop><x\xff/></D:prop></D:propfind>";
        account.client.send("PROPFIND", &account.calendar, XML, not_utf8).expect(400);
    });
}

fn an_xml_bomb_is_400(kind: Kind) {
    let account = Account::on(kind);
    let mut entities = String::from("<!ENTITY a0 'ha'>");
    for level in 1..30 {
        let inner = format!("&a{};", level - 1).repeat(10);
        entities.push_str(&format!("<!ENTITY a{level} '{inner}'>"));
    }
    let bomb = format!(
        "<?xml version='1.0'?><!DOCTYPE x [{entities}]><D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><D:displayname>&a29;</D:displayname></D:prop></D:set></D:propertyupdate>"
    );
    harmless(&account, || {
        account.client.send("PROPPATCH", &account.calendar, XML, bomb.clone()).expect(400);
    });
}

fn an_external_entity_is_400(kind: Kind) {
    let account = Account::on(kind);
    harmless(&account, || {
        for doctype in ["<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>", "<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/x.dtd'>", ""] {
            let body = format!(
                "{doctype}<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><D:displayname>&e;</D:displayname></D:prop></D:set></D:propertyupdate>"
            );
            let answer = account.client.send("PROPPATCH", &account.calendar, XML, body).expect(400);
            assert!(!answer.text().contains("root:"));
        }
    });
}

fn a_wrong_root_is_400_or_named(kind: Kind) {
    let account = Account::on(kind);
    let body = "<D:lockinfo xmlns:D='DAV:'/>";
    harmless(&account, || {
        account.client.send("PROPFIND", &account.calendar, XML, body).expect(400);
        account.client.send("PROPPATCH", &account.calendar, XML, body).expect(400);
        account.client.send("MKCALENDAR", &format!("{}new/", account.home), XML, body).expect(400);
        // RFC 4918 §9.3.1 has a status of its own for it.
        account.client.send("MKCOL", &format!("{}new/", account.home), XML, body).expect(415);
        account.client.send("REPORT", &account.calendar, XML, body).refuses(403, "D:supported-report");
    });
}

fn xml_too_deep_or_too_large_is_refused(kind: Kind) {
    let account = Account::on(kind);
    let deep = format!("<D:propfind {NAMESPACES}><D:prop>{}{}</D:prop></D:propfind>", "<X:a>".repeat(5000), "</X:a>".repeat(5000));
    let wide = format!("<D:propfind {NAMESPACES}><D:prop>{}</D:prop></D:propfind>", "<X:a/>".repeat(200_000));
    let attributes: String = (0..20_000).map(|number| format!(" a{number}='x'")).collect();
    let attributes = format!("<D:propfind {NAMESPACES}><D:prop><X:a{attributes}/></D:prop></D:propfind>");
    let large = format!("<D:propfind {NAMESPACES}><D:prop><!-- {} --></D:prop></D:propfind>", "x".repeat(9 * 1024 * 1024));
    harmless(&account, || {
        account.client.send("PROPFIND", &account.calendar, XML, deep.clone()).expect(400);
        account.client.send("PROPFIND", &account.calendar, XML, wide.clone()).expect(400);
        account.client.send("PROPFIND", &account.calendar, XML, attributes.clone()).expect(400);
        account.client.send("PROPFIND", &account.calendar, XML, large.clone()).expect(413);
    });
}

fn a_body_of_50_mib_is_refused(kind: Kind) {
    let account = Account::on(kind);
    let padding = format!("X-PADDING:{}\r\n", "x".repeat(60)).repeat(50 * 1024 * 1024 / 72);
    harmless(&account, || {
        let body = event_with("large", &format!("DTSTART:20260601T090000Z\r\n{padding}"));
        account.client.put(&account.object("large.ics"), &body).refuses(403, MAX_SIZE);
        account.client.send("REPORT", &account.calendar, XML, body).expect(413);
    });
}

fn half_a_body_is_not_stored(kind: Kind) {
    let account = Account::on(kind);
    let body = event("half");
    let head = |length: &str| {
        let authorization = account.client.authorization.clone().unwrap();
        let path = account.object("half.ics");
        format!(
            "PUT {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\nContent-Type: text/calendar\r\n{length}\r\n\r\n",
            account.client.authority
        )
    };
    harmless(&account, || {
        // The whole object, of which more was announced: what looks whole is not.
        for (length, sent) in [
            (format!("Content-Length: {}", body.len() + 10), body.clone()),
            (format!("Content-Length: {}", body.len()), body[..body.len() / 2].to_owned()),
            ("Transfer-Encoding: chunked".to_owned(), format!("{:x}\r\n{body}\r\n", body.len())),
        ] {
            let answer = account.client.send_octets_and_leave(format!("{}{sent}", head(&length)).as_bytes());
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
            account.client.get(&account.object("half.ics")).expect(404);
        }
    });
}

fn what_is_not_icalendar_is_refused(kind: Kind) {
    let account = Account::on(kind);
    harmless(&account, || {
        for body in [
            "",
            "hello",
            "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:X\r\nEND:VCARD\r\n",
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n",
            "BEGIN:VCALENDAR\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        ] {
            account.client.put(&account.object("not.ics"), body).refuses(403, VALID_DATA);
        }
        let mut not_utf8 = event("not").into_bytes();
        let summary = event("not").find("Breakfast").unwrap();
        not_utf8[summary] = 0xff;
        let answer = account.client.send("PUT", &account.object("not.ics"), &[("content-type", "text/calendar")], not_utf8);
        answer.refuses(403, VALID_DATA);
        let answer = account.client.send("PUT", &account.object("not.ics"), &[("content-type", "image/png")], event("not"));
        answer.refuses(403, "C:supported-calendar-data");
    });
}

fn begin_nested_5000_deep_is_refused(kind: Kind) {
    let account = Account::on(kind);
    let deep = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}{}END:VCALENDAR\r\n", "BEGIN:X-A\r\n".repeat(5000), "END:X-A\r\n".repeat(5000));
    harmless(&account, || account.client.put(&account.object("deep.ics"), &deep).refuses(403, VALID_DATA));
}

fn a_line_of_10_mb_is_refused(kind: Kind) {
    let account = Account::on(kind);
    let body = |summary: String| event_with("line", &format!("DTSTART:20260601T090000Z\r\nSUMMARY:{summary}\r\n"));
    harmless(&account, || {
        account.client.put(&account.object("line.ics"), &body("x".repeat(10_000_000))).refuses(403, VALID_DATA);
    });
}

fn two_uids_in_one_object_are_refused(kind: Kind) {
    let account = Account::on(kind);
    let [first, second] = ["one", "two"].map(|uid| {
        let whole = event(uid);
        let start = whole.find("BEGIN:VEVENT").unwrap();
        whole[start..whole.find("END:VCALENDAR").unwrap()].to_owned()
    });
    let body = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\n{first}{second}END:VCALENDAR\r\n");
    harmless(&account, || {
        account.client.put(&account.object("two.ics"), &body).refuses(403, VALID_OBJECT);
        let none = component("VEVENT", "x", "DTSTART:20260601T090000Z\r\n").replace("UID:x\r\n", "");
        account.client.put(&account.object("two.ics"), &none).refuses(403, VALID_OBJECT);
        let mixed = event("x").replace("END:VCALENDAR", "BEGIN:VTODO\r\nUID:x\r\nDTSTAMP:20260101T000000Z\r\nEND:VTODO\r\nEND:VCALENDAR");
        account.client.put(&account.object("two.ics"), &mixed).refuses(403, VALID_OBJECT);
    });
}

fn a_method_in_a_stored_object_is_refused(kind: Kind) {
    let account = Account::on(kind);
    let body = event("method").replace("VERSION:2.0\r\n", "VERSION:2.0\r\nMETHOD:REQUEST\r\n");
    harmless(&account, || account.client.put(&account.object("method.ics"), &body).refuses(403, VALID_OBJECT));
}

fn path_tricks_reach_nothing(kind: Kind) {
    let account = Account::on(kind);
    let other = account.another();
    other.client.put(&other.object("secret.ics"), &event("secret")).expect(201);
    let theirs = other.object("secret.ics");
    let name = theirs.trim_start_matches("/dav/calendars/");
    harmless(&other, || {
        harmless(&account, || {
            for path in [
                theirs.clone(),
                format!("{}../../{name}", account.home),
                format!("{}..%2f..%2f{name}", account.calendar),
                format!("{}%2e%2e/%2e%2e/{name}", account.calendar),
                format!("/dav/calendars/{}/../{name}", account.name),
                format!("/dav/calendars/{}%2f{name}", account.name),
                format!("//dav//calendars//{name}"),
                format!("/dav/principals/../calendars/{name}"),
            ] {
                for method in ["GET", "PUT", "DELETE", "PROPFIND", "PROPPATCH", "REPORT", "MKCALENDAR"] {
                    let body = if method == "PUT" { event("intruder") } else { String::new() };
                    let answer = account.client.send(method, &path, &[("depth", "0"), ("content-type", "text/calendar")], body);
                    assert!((400..500).contains(&answer.status), "{method} {path}: {}", answer.status);
                    assert!(!answer.text().contains("BEGIN:VEVENT"), "{method} {path}");
                }
            }
            for path in ["%00", "a%00.ics", "a%0d%0a.ics", "%zz", "%", "%ff%fe", &"x".repeat(300)] {
                account.client.put(&account.object(path), &event("odd")).expect(400);
            }
            for path in ["..", "%2e%2e", "a%2fb.ics", "a/b/c.ics"] {
                let answer = account.client.put(&account.object(path), &event("odd"));
                assert!((400..500).contains(&answer.status), "{path}: {}", answer.status);
            }
            // By reports, which carry hrefs of their own.
            let inside = format!("<D:prop><C:calendar-data/></D:prop><D:href>{theirs}</D:href>");
            let answer = account.client.report(&account.calendar, "1", "C:calendar-multiget", &inside);
            assert!(!answer.text().contains("BEGIN:VEVENT"), "{}", answer.text());
        });
    });
    other.client.get(&theirs).expect(200);
}

fn a_multiget_of_10000_hrefs_is_answered(kind: Kind) {
    let account = Account::on(kind);
    account.client.put(&account.object("one.ics"), &event("one")).expect(201);
    let hrefs: String = (0..10_000).map(|number| format!("<D:href>{}</D:href>", account.object(&format!("{number}.ics")))).collect();
    harmless(&account, || {
        let inside = format!("<D:prop><D:getetag/></D:prop>{hrefs}<D:href>{}</D:href>", account.object("one.ics"));
        let answer = account.client.report(&account.calendar, "1", "C:calendar-multiget", &inside).multistatus();
        assert_eq!(answer.responses.len(), 10_001);
        assert_eq!(answer.responses.iter().filter(|response| response.status == Some(404)).count(), 10_000);
        let too_many = format!("<D:prop><D:getetag/></D:prop>{}", "<D:href>/a</D:href>".repeat(50_001));
        let answer = account.client.report(&account.calendar, "1", "C:calendar-multiget", &too_many);
        answer.refuses(403, "D:number-of-matches-within-limits");
    });
}

fn an_unknown_report_is_named(kind: Kind) {
    let account = Account::on(kind);
    harmless(&account, || {
        account.client.report(&account.calendar, "1", "X:everything", "").refuses(403, "D:supported-report");
        account.client.report(&account.object("none.ics"), "1", "C:calendar-query", "").expect(404);
    });
}

fn a_bad_depth_is_400(kind: Kind) {
    let account = Account::on(kind);
    harmless(&account, || {
        for depth in ["2", "-1", "one", "", "0, 1"] {
            account.client.propfind(&account.calendar, depth, "<D:getetag/>").expect(400);
        }
        account.client.propfind(&account.calendar, "infinity", "<D:getetag/>").refuses(403, "D:propfind-finite-depth");
    });
}

fn bad_tokens_are_named(kind: Kind) {
    let account = Account::on(kind);
    let answer = account.client.propfind(&account.calendar, "0", "<D:sync-token/>").multistatus();
    let token = answer.only().value("D:sync-token").to_owned();
    harmless(&account, || {
        let far = format!("{}{}", &token[..token.rfind('-').unwrap() + 1], i64::MAX);
        for bad in
            ["x", "http://example.org/1", &far, &format!("{token}0000"), &format!("{token}-1-2"), &"9".repeat(5000), "urn:kalends:sync:"]
        {
            let inside = format!("<D:sync-token>{bad}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>");
            let answer = account.client.report(&account.calendar, "0", "D:sync-collection", &inside);
            answer.refuses(403, "D:valid-sync-token");
        }
    });
}

fn bad_credentials_are_401(kind: Kind) {
    let account = Account::on(kind);
    let mut client = account.client.clone();
    for bad in ["Basic", "Basic ", "Basic ====", "Basic bm9jb2xvbg==", "Bearer x", "Digest username=x", "\u{7f}", &"Basic ".repeat(1000)] {
        client.authorization = Some(bad.to_owned());
        let Ok(answer) = client.try_send("PROPFIND", &account.calendar, XML, "".into()) else { continue };
        assert_eq!(answer.status, 401, "{bad:.20}");
    }
}

fn a_body_that_asks_for_too_much_is_400(kind: Kind) {
    let account = Account::on(kind);
    let names: String = (0..60_000).map(|number| format!("<X:p{number}/>")).collect();
    harmless(&account, || {
        account.client.propfind(&account.calendar, "0", &names).expect(400);
        let evil = "<D:property name=\"x&gt;&lt;evil/&gt;&lt;y\"/>";
        account.client.report(&account.calendar, "0", "D:expand-property", evil).expect(400);
    });
}

fn no_host_is_400(kind: Kind) {
    let account = Account::on(kind);
    let answer = account.client.send_octets(b"GET /dav/ HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    for hosts in ["Host: a\r\nHost: a", "Host: a b/c", "Host: user@a"] {
        let answer = account.client.send_octets(format!("GET /healthz HTTP/1.1\r\n{hosts}\r\nConnection: close\r\n\r\n").as_bytes());
        assert!(answer.starts_with("HTTP/1.1 400"), "{hosts}: {answer}");
    }
}

fn names_and_values_no_database_takes_are_refused_or_kept(kind: Kind) {
    let account = Account::on(kind);
    for (namespace, local) in [("n".repeat(6000), "a".to_owned()), ("urn:a".to_owned(), "a".repeat(6000))] {
        let body = format!(
            "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><x:{local} xmlns:x='{namespace}'/></D:prop></D:set></D:propertyupdate>"
        );
        account.client.send("PROPPATCH", &account.calendar, XML, body).expect(400);
    }
    for lines in ["STATUS:CON\0F\r\n", "SUMMARY:a\0b\r\n", "DURATION:P999999999W\r\n", "STATUS:CON\u{1}F\r\n"] {
        let answer = account.client.put(&account.object("odd.ics"), &event_with("odd", &format!("DTSTART:20260601T090000Z\r\n{lines}")));
        assert!(matches!(answer.status, 201 | 204 | 403), "{lines:?}: {}", answer.text());
    }
    account.client.propfind(&account.calendar, "1", "<D:allprop/>").multistatus();
}

/// All of the large ones at once, on a server of their own.
fn memory_stays_bounded(kind: Kind) {
    let server: &'static Server = Box::leak(Box::new(Server::start(kind)));
    let account = Account::new(server, "ann");
    account.client.get(&account.calendar).expect(200);
    let before = server.memory_kib();
    let large = "x".repeat(50 * 1024 * 1024);
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (account, large) = (&account, &large);
            scope.spawn(move || {
                let path = account.object(&format!("{number}.ics"));
                account.client.put(&path, large).refuses(403, MAX_SIZE);
                account.client.send("REPORT", &account.calendar, XML, large.clone()).expect(413);
                account.client.put(&path, &"BEGIN:VCALENDAR\r\n".repeat(600_000)).refuses(403, VALID_DATA);
            });
        }
    });
    let grown = server.memory_kib().saturating_sub(before);
    // Four bodies at their limits with what reading them takes, and what the allocator keeps.
    assert!(grown < 128 * 1024, "grew by {grown} KiB");
}
