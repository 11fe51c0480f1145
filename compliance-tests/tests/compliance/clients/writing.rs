//! W1 to W12.

use std::io::{Read, Write};

use compliance_tests::account::{Account, event, event_with, lines};

/// Sends bytes as they are and gives the answer's status, past any 100.
fn raw(account: &Account, request: &str) -> u16 {
    let mut stream = std::net::TcpStream::connect(&account.client.authority).expect("the server listens");
    stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).expect("a time-out can be set");
    stream.write_all(request.as_bytes()).expect("it can be written");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the answer ends");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let mut statuses = answer.lines().filter_map(|line| line.strip_prefix("HTTP/1.")).map(|rest| rest[2..5].parse().expect("a status"));
    statuses.find(|status: &u16| *status != 100).unwrap_or_else(|| panic!("no answer: {answer}"))
}

fn head(account: &Account, more: &str) -> String {
    let authorization = account.client.authorization.as_deref().expect("credentials");
    format!(
        "PUT {} HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\nConnection: close\r\nContent-Type: text/calendar\r\n{more}\r\n",
        account.object("a.ics"),
        account.client.authority
    )
}

fn count(statuses: &[u16], status: u16) -> usize {
    statuses.iter().filter(|one| **one == status).count()
}

requirements! {
    fn w1_a_tag_is_recognised_as_clients_and_proxies_spell_it(account) {
        let etag = account.put("a.ics", &event("a")).etag();
        let bare = etag.trim_matches('"');
        for (day, spelt) in
            [etag.clone(), bare.to_owned(), format!("\\\"{bare}\\\""), format!("W/{etag}"), format!("\"{bare}-gzip\"")].iter().enumerate()
        {
            account.put("a.ics", &event("a"));
            let body = event_with("a", &format!("DTSTART:2026010{}T090000Z\r\n", day + 1));
            let answer =
                account.client.send("PUT", &account.object("a.ics"), &[("if-match", spelt), ("content-type", "text/calendar")], body);
            assert_eq!(answer.status, 204, "{spelt}");
        }
    }

    fn w2_what_was_sent_is_given_back(account) {
        let body = event_with(
            "a",
            "DTSTART:20260101T090000Z\r\nX-MOZ-GENERATION:3\r\nATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY:aGk=\r\nX-EVOLUTION-CALDAV-ETAG:e\r\nBEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT5M\r\nX-APPLE-DEFAULT-ALARM:TRUE\r\nEND:VALARM\r\n",
        );
        let put = account.put("a.ics", &body);
        let got = account.client.get(&account.object("a.ics"));
        assert_eq!(lines(&got.text()), lines(&body));
        // This server keeps every octet.
        assert!(account.server.is_none() || (got.text(), got.etag()) == (body, put.etag()));
    }

    fn w3_an_object_stays_where_it_was_put(account) {
        for name in ["AB12CD34-0000-4000-8000-1234567890AB.ics", "any_thing.-.ics", "no suffix".replace(' ', "%20").as_str()] {
            let answer = account
                .client
                .send("PUT", &account.object(name), &[("if-none-match", "*"), ("content-type", "text/calendar")], event(name))
                .expect(201);
            assert!(answer.header("location").is_none_or(|location| location.ends_with(&account.object(name))));
            account.client.get(&account.object(name)).expect(200);
        }
    }

    fn w3_an_update_is_204_and_a_clash_412(account) {
        let etag = account.client.put(&account.object("a.ics"), &event("a")).expect(201).etag();
        let update = |etag: &str, day: u32| {
            let body = event_with("a", &format!("DTSTART:2026010{day}T090000Z\r\n"));
            account.client.send("PUT", &account.object("a.ics"), &[("if-match", etag), ("content-type", "text/calendar")], body)
        };
        update(&etag, 1).expect(204);
        update(&etag, 2).expect(412);
    }

    fn w5_a_refusal_carries_its_reason(account, other) {
        let answer = account.client.put(&other.object("a.ics"), &event("a")).expect(403);
        assert!(answer.header("content-type").unwrap().contains("xml"));
        assert_eq!(answer.element().names()[0], "D:need-privileges");
    }

    fn w6_an_object_moves_to_another_calendar_by_put_and_delete(account) {
        let other = account.another_calendar("");
        account.put("a.ics", &event("a"));
        account.client.put(&format!("{other}a.ics"), &event("a")).expect(201);
        account.client.remove(&account.object("a.ics"));
        assert_eq!(lines(&account.client.get(&format!("{other}a.ics")).text()), lines(&event("a")));
    }

    fn w10_apples_calendar_is_made_whole(account) {
        let path = account.free();
        let zone = "BEGIN:VCALENDAR&#13;\nVERSION:2.0&#13;\nPRODID:-//Apple Inc.//iCal 5.0//EN&#13;\nBEGIN:VTIMEZONE&#13;\nTZID:Europe/Berlin&#13;\nBEGIN:STANDARD&#13;\nDTSTART:19701025T030000&#13;\nTZOFFSETFROM:+0200&#13;\nTZOFFSETTO:+0100&#13;\nEND:STANDARD&#13;\nEND:VTIMEZONE&#13;\nEND:VCALENDAR&#13;\n";
        let properties = format!(
            "<A:calendar-order>3</A:calendar-order><C:supported-calendar-component-set><C:comp name=\"VEVENT\"/></C:supported-calendar-component-set><A:calendar-color symbolic-color=\"blue\">#1BADF8FF</A:calendar-color><C:calendar-timezone>{zone}</C:calendar-timezone><D:displayname>Ünïcode</D:displayname><C:schedule-calendar-transp><C:opaque/></C:schedule-calendar-transp>"
        );
        account.client.mkcalendar(&path, &properties).expect(201);
        let found = account.client.properties(&path, "<A:calendar-order/><A:calendar-color/><D:displayname/><C:calendar-timezone/>");
        assert_eq!(
            (found.value("A:calendar-order"), found.value("A:calendar-color"), found.value("D:displayname")),
            ("3", "#1BADF8FF", "Ünïcode")
        );
        account.client.remove(&path);
        account.client.propfind("/", "0", "<D:current-user-principal/>").expect(207);
    }

    fn w11_an_object_of_some_mebibytes_is_taken(account) {
        let attachment = "A".repeat(5 * 1024 * 1024);
        let body = event_with("a", &format!("DTSTART:20260101T090000Z\r\nATTACH;ENCODING=BASE64;VALUE=BINARY:{attachment}\r\n"));
        account.client.put(&account.object("a.ics"), &body).expect(201);
        assert!(account.client.get(&account.object("a.ics")).body.len() >= body.len());
    }

    fn w12_a_body_may_come_in_chunks(account) {
        let body = event("a");
        let (one, two) = body.split_at(40);
        let chunks = format!("{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n", one.len(), two.len());
        assert_eq!(raw(account, &format!("{}{chunks}", head(account, "Transfer-Encoding: chunked\r\n"))), 201);
        assert_eq!(lines(&account.client.get(&account.object("a.ics")).text()), lines(&body));
    }

    fn w12_a_client_may_wait_for_100(account) {
        let more = format!("Content-Length: {}\r\nExpect: 100-continue\r\n", event("a").len());
        assert_eq!(raw(account, &format!("{}{}", head(account, &more), event("a"))), 201);
    }

    fn w4_of_many_that_write_at_once_one_wins(account) {
        let put = |condition: (&'static str, &str), count: usize| -> Vec<u16> {
            let one = |number: usize| {
                let body = event_with("a", &format!("DTSTART:202601{:02}T090000Z\r\n", number + 1));
                let headers = [condition, ("content-type", "text/calendar")];
                account.client.send("PUT", &account.object("a.ics"), &headers, body).status
            };
            let one = &one;
            std::thread::scope(|scope| {
                let threads: Vec<_> = (0..count).map(|number| scope.spawn(move || one(number))).collect();
                threads.into_iter().map(|thread| thread.join().expect("it ends")).collect()
            })
        };
        let created = put(("if-none-match", "*"), 6);
        assert_eq!((count(&created, 201), count(&created, 412)), (1, 5), "{created:?}");
        let etag = account.put("a.ics", &event("a")).etag();
        let updated = put(("if-match", &etag), 6);
        assert_eq!((count(&updated, 204), count(&updated, 412)), (1, 5), "{updated:?}");
    }
}
