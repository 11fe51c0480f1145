//! The command line's tools for calendars, as who runs the server would use them.

use compliance_tests::account::{Account, event_with};
use compliance_tests::client::Client;
use compliance_tests::server::{Kind, Server};

on_each_database! {
    calendars_are_listed_added_and_removed,
    a_file_is_imported_object_by_object_and_told_so,
    what_is_there_already_is_treated_as_asked,
    a_whole_account_goes_through_a_zip_file_unchanged,
    the_state_is_told_in_numbers,
}

fn started(kind: Kind) -> &'static Server {
    Box::leak(Box::new(Server::start(kind)))
}

/// What the command line calls the account's calendar.
fn segment(account: &Account) -> &str {
    account.calendar.trim_end_matches('/').rsplit('/').next().unwrap()
}

fn json_lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

fn refused(server: &Server, arguments: &[&str], input: &str) -> String {
    let output = server.command(arguments, input);
    assert!(!output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

fn calendars_are_listed_added_and_removed(kind: Kind) {
    let account = Account::new(started(kind), "ann");
    let server = account.server.unwrap();
    assert_eq!(
        server.command_ok(&["calendar", "add", "ann", "Team holidays!", "--color", "#cc5500"], ""),
        "Added team-holidays for ann.\n"
    );
    assert_eq!(
        server.command_ok(&["calendar", "add", "ann", "team Holidays", "--components", "vevent,VTODO"], ""),
        "Added team-holidays-2 for ann.\n"
    );
    let listed = server.command_ok(&["calendar", "list", "ann", "--json"], "");
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let row = serde_json::json!({"calendar": "team-holidays-2", "name": "team Holidays", "components": ["VEVENT", "VTODO"], "objects": 0});
    assert!(listed.as_array().unwrap().contains(&row), "{listed}");
    // Clients see it as if one of them had made it.
    let props = "<D:displayname/><A:calendar-color xmlns:A=\"http://apple.com/ns/ical/\"/>";
    let answer = account.client.propfind("/dav/calendars/ann/team-holidays/", "0", props).multistatus();
    assert_eq!(answer.only().prop("D:displayname").unwrap().text, "Team holidays!");
    assert!(server.command_ok(&["calendar", "remove", "ann", "Team holidays!"], "").contains("with 0 objects"));
    account.client.propfind("/dav/calendars/ann/team-holidays/", "0", props).expect(404);
    for (arguments, said) in [
        (["calendar", "list", "nobody"].as_slice(), "kalends user list"),
        (&["calendar", "remove", "ann", "nothing"], "kalends calendar list"),
        (&["calendar", "add", "ann", " "], "1 to 200 characters"),
        (&["calendar", "add", "ann", "x", "--components", "VCARD"], "not VCARD"),
        (&["calendar", "add", "ann", "x", "--color", "red"], "#rrggbb"),
    ] {
        let error = refused(server, arguments, "");
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
}

const FILE: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:PUBLISH\r\nBEGIN:VTIMEZONE\r\nTZID:Office\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:a/1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Office:20260601T090000\r\nRRULE:FREQ=DAILY;COUNT=3\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:a/1\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID;TZID=Office:20260602T090000\r\nDTSTART;TZID=Office:20260602T100000\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260701T090000Z\r\nSUMMARY:Without a UID\r\nEND:VEVENT\r\nBEGIN:VTODO\r\nUID:t\r\nDTSTAMP:20260101T000000Z\r\nEND:VTODO\r\nBEGIN:VEVENT\r\nUID:broken\r\nDTSTART:yesterday\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

fn a_file_is_imported_object_by_object_and_told_so(kind: Kind) {
    let account = Account::new(started(kind), "ann");
    let server = account.server.unwrap();
    let run = |arguments: &[&str]| server.command(&[&["import", "ann", "-"], arguments].concat(), FILE);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let dry = run(&["--dry-run"]);
    assert!(text(dry.stdout).contains("Would import 2 of 4 objects: 2 added, 0 replaced, 0 unchanged, 0 skipped, 2 refused."));
    let listed = || account.client.propfind("/dav/calendars/ann/calendar/", "1", "<D:getetag/>").multistatus().responses.len() - 1;
    assert_eq!(listed(), 0, "a dry run does nothing");
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(1), "some were refused");
    let said = text(output.stdout);
    assert!(said.contains("t: refused: this calendar takes VEVENT, not VTODO"), "{said}");
    assert!(said.contains("broken: refused: line ") && said.contains("DTSTART yesterday cannot be read"), "{said}");
    assert!(said.contains("Imported 2 of 4 objects: 2 added"), "{said}");
    assert_eq!(listed(), 2);
    // Again, as JSON: the same objects, also the one that had no UID.
    let lines = json_lines(&text(run(&["--json"]).stdout));
    assert_eq!(lines.last().unwrap(), &serde_json::json!({"added": 0, "replaced": 0, "unchanged": 2, "skipped": 0, "refused": 2}));
    assert_eq!(lines[0], serde_json::json!({"uid": "a/1", "outcome": "unchanged", "why": null}));
    let ics = server.command_ok(&["export", "ann", "--calendar", "calendar"], "");
    assert!(ics.contains("TZID:Office") && ics.contains("SUMMARY:Without a UID") && !ics.contains("METHOD"), "{ics}");
    assert_eq!(ics.matches("BEGIN:VEVENT").count(), 3);
    let made = server
        .command_ok(&["import", "ann", "-", "--calendar", "My tasks", "--create"], &FILE.replace("DTSTART:yesterday", "DTSTART:20260801"));
    assert!(made.contains("4 added"), "it takes what the file holds: {made}");
    for (arguments, said) in [
        (["import", "ann", "-", "--calendar", "none"].as_slice(), "kalends calendar list"),
        (&["import", "ann", "/nonexistent.ics"], "cannot read /nonexistent.ics"),
        (&["import", "ann", "/nonexistent.zip"], "cannot read /nonexistent.zip"),
        (&["export", "ann"], "--output"),
    ] {
        let error = refused(server, arguments, FILE);
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
    assert!(refused(server, &["import", "ann", "-"], "nonsense").contains("line 1, column 9"));
}

fn what_is_there_already_is_treated_as_asked(kind: Kind) {
    let account = Account::new(started(kind), "ann");
    let server = account.server.unwrap();
    let file = |summary: &str| event_with("one", &format!("DTSTART:20260601T090000Z\r\nSUMMARY:{summary}\r\n"));
    account.put("named-by-a-client.ics", &file("Old")).expect(201);
    let both = |summary: &str| {
        file(summary).replace(
            "BEGIN:VEVENT",
            "BEGIN:VEVENT\r\nUID:two\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260601T090000Z\r\nEND:VEVENT\r\nBEGIN:VEVENT",
        )
    };
    let import = ["import", "ann", "-", "--calendar", segment(&account), "--on-conflict"];
    let with = |policy: &'static str| [&import[..], &[policy]].concat();
    let error = refused(server, &with("fail"), &both("New"));
    assert!(error.contains("UID one") && error.contains("--on-conflict"), "{error}");
    account.client.get(&account.object("two.ics")).expect(404);
    assert!(server.command_ok(&with("skip"), &both("New")).contains("1 added, 0 replaced, 0 unchanged, 1 skipped"));
    assert!(account.client.get(&account.object("named-by-a-client.ics")).text().contains("SUMMARY:Old"));
    assert!(server.command_ok(&with("replace"), &both("New")).contains("0 added, 1 replaced, 1 unchanged"));
    assert!(account.client.get(&account.object("named-by-a-client.ics")).text().contains("SUMMARY:New"));
}

fn a_whole_account_goes_through_a_zip_file_unchanged(kind: Kind) {
    let account = Account::new(started(kind), "ann");
    let server = account.server.unwrap();
    server.command_ok(&["calendar", "add", "ann", "Été & co", "--color", "#00ff00"], "");
    let odd = event_with("odd", "DTSTART:20260601T090000Z\r\nsummary;X-A=\"b,c\":Odd\\, but kept\r\nX-LONG:a\r\n b\r\n");
    account.client.put("/dav/calendars/ann/%C3%A9t%C3%A9-co/strange%20name", &odd).expect(201);
    for number in 0..600 {
        account.put(&format!("{number}.ics"), &event_with(&format!("n{number}"), "DTSTART:20260601T090000Z\r\n")).expect(201);
    }
    let zip = server.data().parent().unwrap().join("ann.zip");
    let zip = zip.to_str().unwrap();
    assert_eq!(server.command_ok(&["export", "ann", "--output", zip], ""), format!("Exported 4 calendars with 601 objects to {zip}.\n"));
    let other = started(kind);
    let bob = Account::new(other, "bob");
    let dry = other.command_ok(&["import", "bob", zip, "--dry-run"], "");
    assert!(dry.contains("été-co would be made, with 1 objects.") && dry.contains("Would import 600 of 600"), "{dry}");
    assert!(other.command_ok(&["import", "bob", zip], "").contains("Imported 601 of 601 objects: 601 added"));
    let there: &Client = &bob.client;
    assert_eq!(there.get("/dav/calendars/bob/%C3%A9t%C3%A9-co/strange%20name").expect(200).text(), odd);
    let props = "<D:displayname/><A:calendar-color xmlns:A=\"http://apple.com/ns/ical/\"/>";
    let answer = there.propfind("/dav/calendars/bob/%C3%A9t%C3%A9-co/", "0", props).multistatus();
    assert_eq!(answer.only().prop("D:displayname").unwrap().text, "Été & co");
    // Exported again it holds the same files.
    let again = format!("{zip}.again.zip");
    other.command_ok(&["export", "bob", "--output", &again], "");
    let python = "import sys, zipfile\na, b = [{n: z.read(n) for n in z.namelist() if n != 'account.json'} for z in map(zipfile.ZipFile, sys.argv[1:])]\nassert a == b and len(a) == 605, (len(a), len(b))";
    let output = std::process::Command::new("python3").args(["-c", python, zip, &again]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(other.command_ok(&["log", "verify"], "").contains("0 differences"));
    assert!(refused(other, &["import", "bob", zip, "--calendar", "x"], "").contains("leave --calendar out"));
}

fn the_state_is_told_in_numbers(kind: Kind) {
    let account = Account::new(started(kind), "ann");
    let server = account.server.unwrap();
    account.put("one.ics", &event_with("one", "DTSTART:20260601T090000Z\r\n")).expect(201);
    let status: serde_json::Value = serde_json::from_str(&server.command_ok(&["status", "--json"], "")).unwrap();
    // The account of the first start is there as well.
    for (name, number) in [("accounts", 2), ("objects", 1), ("parked_changes", 0), ("homes_waiting_for_followers", 0)] {
        assert_eq!(status[name], number, "{name} in {status}");
    }
    assert!(status["body_bytes"].as_i64().unwrap() > 100 && status["schema"].as_i64().unwrap() >= 1, "{status}");
    assert!(server.command_ok(&["status"], "").contains("log rows"));
    assert!(server.command_ok(&["migrate"], "").starts_with("The schema is "));
}

#[test]
fn a_backup_under_load_is_whole_and_can_be_restored() {
    let mut server = Server::start(Kind::Sqlite);
    compliance_tests::account::add(&server, "ann", "correct horse");
    let client = Client::new(&compliance_tests::account::authority(&server), "ann", "correct horse");
    let put = |number: usize| {
        let body = event_with(&format!("n{number}"), "DTSTART:20260601T090000Z\r\n");
        client.put(&format!("/dav/calendars/ann/calendar/{number}.ics"), &body).expect(201);
    };
    (0..50).for_each(put);
    let folder = server.data().parent().unwrap().join("backup");
    let folder = folder.to_str().unwrap();
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| (50..400).for_each(put));
        let said = server.command_ok(&["backup", folder], "");
        assert!(said.contains("Copied the database to ") && said.contains(" 0 differences."), "{said}");
        writing.join().unwrap();
    });
    assert!(refused(&server, &["backup", folder], "").contains("name a new folder"));
    assert!(refused(&server, &["restore", folder, "--replace"], "").contains("stop it first"));
    server.terminate();
    assert!(refused(&server, &["restore", folder], "").contains("--replace"));
    assert!(refused(&server, &["restore", "/nonexistent"], "").contains("`kalends backup` wrote"));
    let said = server.command_ok(&["restore", folder, "--replace"], "");
    assert!(said.contains(".before-") && said.contains("Restored "), "{said}");
    server.go();
    let count = client.propfind("/dav/calendars/ann/calendar/", "1", "<D:getetag/>").multistatus().responses.len() - 1;
    assert!((50..=400).contains(&count), "{count}");
    assert!(server.command_ok(&["log", "verify"], "").contains("0 differences"));
    put(1000);
    // A copy that was damaged is not put in the place of anything.
    let copy = std::path::Path::new(folder).join("kalends.sqlite");
    let mut bytes = std::fs::read(&copy).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].iter_mut().step_by(97).for_each(|byte| *byte ^= 0x55);
    std::fs::write(&copy, bytes).unwrap();
    server.terminate();
    server.command(&["restore", folder, "--replace"], "").status.success().then(|| panic!("a damaged copy was restored"));
    server.go();
    client.get("/dav/calendars/ann/calendar/1000.ics").expect(200);
}

/// What README says of going back: an older version does not touch a newer schema, and what root restores is the server's.
#[test]
fn going_back_is_by_a_backup_and_leaves_the_database_to_its_owner() {
    use std::os::unix::fs::{MetadataExt, chown};
    let mut server = Server::start(Kind::Sqlite);
    compliance_tests::account::add(&server, "ann", "correct horse");
    let folder = server.data().parent().unwrap().join("before");
    server.command_ok(&["backup", folder.to_str().unwrap()], "");
    server.terminate();
    let newer = "import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute('INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, ?, 1, ?, 0)', ('newer', b''))
database.commit()";
    let file = server.data().join("kalends.sqlite");
    let python = std::process::Command::new("python3").args(["-c", newer]).arg(&file).output().unwrap();
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    assert!(refused(&server, &["status"], "").contains("9999"));
    let is_root = std::fs::metadata(&file).unwrap().uid() == 0;
    if is_root {
        chown(server.data(), Some(12345), Some(12345)).unwrap();
    }
    let owner = std::fs::metadata(server.data()).unwrap().uid();
    server.command_ok(&["restore", folder.to_str().unwrap(), "--replace"], "");
    assert_eq!(std::fs::metadata(&file).unwrap().uid(), owner);
    server.command_ok(&["status"], "");
}

#[test]
fn rfc6764_records_for_dns_are_printed_as_a_zone_file_has_them() {
    let server = Server::new(Kind::Sqlite, &["--base-url", "https://cal.example.org:8443/kalends/"]);
    let said = server.command_ok(&["dns", "Example.org"], "");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "_caldavs._tcp.example.org. 3600 IN SRV 0 1 8443 cal.example.org.");
    assert_eq!(lines[1], "_caldavs._tcp.example.org. 3600 IN TXT \"path=/kalends/dav/\"");
    assert!(refused(&server, &["dns", "example"], "").contains("behind the @"));
    let plain = Server::new(Kind::Sqlite, &[]);
    assert!(refused(&plain, &["dns", "example.org"], "").contains("--base-url"));
}
