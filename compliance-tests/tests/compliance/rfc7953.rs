//! RFC 7953: Calendar Availability.

use compliance_tests::account::{Account, component, event_with};

const SET: &str =
    "<C:supported-calendar-component-set><C:comp name=\"VEVENT\"/><C:comp name=\"VAVAILABILITY\"/></C:supported-calendar-component-set>";

/// A calendar for events and availability, if the server has such.
fn calendar(account: &Account) -> Option<String> {
    let path = account.free();
    let takes = account.client.mkcalendar(&path, SET).status == 201
        && account.client.put(&format!("{path}probe.ics"), &component("VAVAILABILITY", "probe", "")).status == 201;
    if takes {
        account.client.delete(&format!("{path}probe.ics")).succeeds();
    } else {
        crate::skipped_elsewhere(account, "it takes no VAVAILABILITY");
    }
    takes.then_some(path)
}

fn put(account: &Account, calendar: &str, uid: &str, body: &str) {
    account.client.put(&format!("{calendar}{uid}.ics"), body).expect(201);
}

fn put_availability(account: &Account, calendar: &str, uid: &str, lines: &str) {
    put(account, calendar, uid, &component("VAVAILABILITY", uid, lines));
}

/// Every day some hours.
fn available(start: &str, end: &str) -> String {
    format!(
        "BEGIN:AVAILABLE\r\nUID:{start}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T{start}0000Z\r\nDTEND:20260101T{end}0000Z\r\n\
         RRULE:FREQ=DAILY\r\nEND:AVAILABLE\r\n"
    )
}

fn event(uid: &str, start: &str, end: &str) -> String {
    event_with(uid, &format!("DTSTART:20260601T{start}0000Z\r\nDTEND:20260601T{end}0000Z\r\n"))
}

/// What is told of 2026-06-01, `FBTYPE from-until` by the hour, in order.
fn busy(account: &Account, path: &str) -> Vec<String> {
    let range = "<C:time-range start=\"20260601T000000Z\" end=\"20260602T000000Z\"/>";
    let text = account.client.report(path, "1", "C:free-busy-query", range).expect(200).text().replace("\r\n ", "");
    assert!(!text.contains("AVAILABLE") || text.contains("BUSY-UNAVAILABLE"), "{text}");
    let mut periods = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("FREEBUSY")) {
        let (head, values) = line.split_once(':').expect("a value");
        let kind = head.split(';').find_map(|part| part.strip_prefix("FBTYPE=")).unwrap_or("BUSY");
        for period in values.split(',') {
            let (start, end) = period.split_once('/').expect("a period");
            let from: u32 = start[9..11].parse().expect("an hour");
            let until = match end.strip_prefix("PT").and_then(|end| end.strip_suffix('H')) {
                Some(hours) => from + hours.parse::<u32>().expect("hours"),
                None if end.starts_with("20260602") => 24,
                None => end[9..11].parse().expect("an hour"),
            };
            periods.push(format!("{from:02}-{until:02} {kind}"));
        }
    }
    periods.sort();
    periods
}

requirements! {
    fn s7_1_calendars_tell_that_they_take_availability(account) {
        let Some(calendar) = calendar(account) else { return };
        put_availability(account, &calendar, "a", "");
        let found = account.client.properties(&calendar, "<C:supported-calendar-component-set/>");
        let set = found.prop("C:supported-calendar-component-set").expect("it is told");
        assert!(set.children.iter().any(|comp| comp.attribute("name") == Some("VAVAILABILITY")));
    }

    fn s7_2_3_free_busy_query_counts_availability_and_events_above_it(account) {
        let Some(calendar) = calendar(account) else { return };
        put_availability(account, &calendar, "hours", &available("09", "17"));
        assert_eq!(busy(account, &calendar), ["00-09 BUSY-UNAVAILABLE", "17-24 BUSY-UNAVAILABLE"]);
        put(account, &calendar, "lunch", &event("lunch", "12", "13"));
        put(account, &calendar, "late", &event("late", "16", "18"));
        let expected = ["00-09 BUSY-UNAVAILABLE", "12-13 BUSY", "16-18 BUSY", "18-24 BUSY-UNAVAILABLE"];
        assert_eq!(busy(account, &calendar), expected);
    }

    fn s4_priorities_are_layers_whatever_order_they_were_put_in(account) {
        let day = "PRIORITY:1\r\nBUSYTYPE:BUSY-TENTATIVE\r\nDTSTART:20260601T100000Z\r\nDTEND:20260601T140000Z\r\n";
        let Some(calendar) = calendar(account) else { return };
        put_availability(account, &calendar, "special", &format!("{day}{}", available("11", "12")));
        put_availability(account, &calendar, "hours", &available("09", "17"));
        let expected = ["00-09 BUSY-UNAVAILABLE", "10-11 BUSY-TENTATIVE", "12-14 BUSY-TENTATIVE", "17-24 BUSY-UNAVAILABLE"];
        assert_eq!(busy(account, &calendar), expected);
    }

    fn s7_1_all_calendars_of_a_home_count_together(account) {
        if account.server.is_none() {
            return crate::skipped("its home may hold other calendars");
        }
        let (Some(calendar), Some(second), Some(third)) = (calendar(account), calendar(account), calendar(account)) else { return };
        account.client.set(&third, "<C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp>");
        put_availability(account, &calendar, "hours", &available("09", "17"));
        put_availability(account, &second, "special", &format!("PRIORITY:5\r\nDTSTART:20260601T160000Z\r\nDTEND:20260601T190000Z\r\n{}", available("17", "19")));
        put_availability(account, &third, "never", "PRIORITY:1\r\nBUSYTYPE:BUSY\r\n");
        put(account, &second, "a", &event("a", "08", "10"));
        let expected = ["00-08 BUSY-UNAVAILABLE", "08-10 BUSY", "16-17 BUSY-UNAVAILABLE", "19-24 BUSY-UNAVAILABLE"];
        assert_eq!(busy(account, &account.home), expected);
    }

    fn appendix_b_hours_in_two_zones(account) {
        let hours = |uid: &str, zone: &str, day: &str| {
            format!(
                "BEGIN:AVAILABLE\r\nUID:{uid}\r\nDTSTAMP:20111005T133225Z\r\nDTSTART;TZID={zone}:{day}T080000\r\n\
                 DTEND;TZID={zone}:{day}T180000\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR\r\nEND:AVAILABLE\r\n"
            )
        };
        let (montreal, denver) = ("America/Montreal", "America/Denver");
        let base = format!("DTSTART;TZID={montreal}:20111002T000000\r\n{}", hours("m", montreal, "20111002"));
        let Some(calendar) = calendar(account) else { return };
        put_availability(account, &calendar, "base", &base);
        let week = format!("DTSTART;TZID={denver}:20111023T000000\r\nDTEND;TZID={denver}:20111030T000000\r\nPRIORITY:1\r\n");
        put_availability(account, &calendar, "week", &format!("{week}{}", hours("d", denver, "20111023")));
        put(account, &calendar, "lunch", &event_with("lunch", &format!("DTSTART;TZID={denver}:20111024T120000\r\nDURATION:PT2H\r\n")));
        // Midnight to midnight in Montreal on the Monday that the table of §5.1.2 shows.
        let range = "<C:time-range start=\"20111024T040000Z\" end=\"20111025T040000Z\"/>";
        let text = account.client.report(&calendar, "1", "C:free-busy-query", range).expect(200).text();
        let mut lines: Vec<&str> = text.lines().filter(|line| line.starts_with("FREEBUSY")).collect();
        lines.sort_unstable();
        if account.server.is_some() {
            assert_eq!(
                lines,
                [
                    "FREEBUSY:20111024T180000Z/20111024T200000Z",
                    "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20111024T040000Z/20111024T140000Z",
                    "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20111025T000000Z/20111025T040000Z",
                ]
            );
        }
    }

    fn s7_2_2_time_ranges_with_open_ends(account) {
        let Some(calendar) = calendar(account) else { return };
        put_availability(account, &calendar, "until", "DTEND:20260601T090000Z\r\n");
        put_availability(account, &calendar, "from", "DTSTART:20260601T120000Z\r\n");
        put_availability(account, &calendar, "always", "");
        let found = |start: &str, end: &str| {
            let range = format!("<C:time-range start=\"20260601T{start}0000Z\" end=\"20260601T{end}0000Z\"/>");
            let comp = format!("<C:comp-filter name=\"VAVAILABILITY\">{range}</C:comp-filter>");
            let filter = format!("<C:filter><C:comp-filter name=\"VCALENDAR\">{comp}</C:comp-filter></C:filter>");
            account.client.report(&calendar, "1", "C:calendar-query", &format!("<D:prop><D:getetag/></D:prop>{filter}")).multistatus().names()
        };
        assert_eq!(found("08", "09"), ["always.ics", "until.ics"]);
        assert_eq!(found("09", "12"), ["always.ics"]);
        assert_eq!(found("12", "13"), ["always.ics", "from.ics"]);
    }

    fn s7_2_1_what_is_not_all_there_is_not_advertised(account) {
        if account.server.is_none() {
            return crate::skipped("another server may have all of it");
        }
        let dav = account.client.send("OPTIONS", &account.calendar, &[], "").list("dav");
        assert!(!dav.iter().any(|token| token == "calendar-availability"), "{dav:?}");
    }

    fn s8_what_is_available_is_judged_like_events(account) {
        let Some(calendar) = calendar(account) else { return };
        put_availability(account, &calendar, "a", &available("09", "17"));
        for broken in ["BEGIN:AVAILABLE\r\nUID:b\r\nEND:AVAILABLE\r\n".to_owned(), available("09", "17").replace("DAILY", "NEVER")] {
            account.client.put(&format!("{calendar}b.ics"), &component("VAVAILABILITY", "b", &broken)).refuses_by_name("C:valid-calendar-data");
        }
    }
}
