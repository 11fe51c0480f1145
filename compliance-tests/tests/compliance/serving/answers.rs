//! What is around an answer: compression, headers that browsers obey, the page at the front door.

use std::process::{Command, Output};

use compliance_tests::account::event_with;
use compliance_tests::client::Client;

use super::{ByHand, told};

fn start(sets: &[&str]) -> ByHand {
    ByHand::start(|command, _, port| {
        command.env("KALENDS_LISTEN", format!("127.0.0.1:{port}"));
        for set in sets {
            command.args(["--set", set]);
        }
    })
}

fn curl(server: &ByHand, arguments: &[&str], path: &str) -> Output {
    let output = server.read("out");
    let account = format!("{}:{}", told(&output, "Name:"), told(&output, "Password:"));
    let url = format!("http://{}{path}", server.authority());
    Command::new("curl").args(["-s", "-S", "--max-time", "20", "-u", &account]).args(arguments).arg(url).output().unwrap()
}

/// The body and the headers, in small letters.
fn asked(server: &ByHand, arguments: &[&str], path: &str) -> (Vec<u8>, String) {
    let headers = server.folder.path().join("headers");
    let output = curl(server, &[&["-D", headers.to_str().unwrap()], arguments].concat(), path);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.stdout, std::fs::read_to_string(headers).unwrap().to_lowercase())
}

const CALENDAR: &str = "/dav/calendars/me/calendar/";

#[test]
fn rfc9110_s8_4_answers_are_compressed_for_clients_that_ask() {
    let server = start(&[]);
    let client = server.client();
    for number in 0..400 {
        let body =
            event_with(&format!("n{number}"), &format!("DTSTART:20260601T090000Z\r\nDESCRIPTION:{}\r\n", "words and words ".repeat(20)));
        client.put(&format!("{CALENDAR}{number}.ics"), &body).expect(201);
    }
    let propfind = ["-X", "PROPFIND", "-H", "Depth: 1"];
    let report = "<C:calendar-query xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:D=\"DAV:\"><D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter></C:calendar-query>";
    let query = ["-X", "REPORT", "-H", "Depth: 1", "-H", "Content-Type: application/xml", "-d", report];
    // A whole body, a streamed one, and a whole calendar.
    for (what, arguments) in [("propfind", &propfind[..]), ("query", &query[..]), ("calendar", &[])] {
        let (plain, headers) = asked(&server, arguments, CALENDAR);
        assert!(!headers.contains("content-encoding") && headers.contains("vary: accept-encoding"), "{headers}");
        for coding in ["gzip", "br", "zstd"] {
            let wish = format!("Accept-Encoding: {coding}");
            let (packed, headers) = asked(&server, &[arguments, &["-H", &wish]].concat(), CALENDAR);
            assert!(headers.contains(&format!("content-encoding: {coding}")), "{what}: {headers}");
            assert!(packed.len() * 4 < plain.len(), "{what} {coding}: {} of {}", packed.len(), plain.len());
            assert_eq!(headers.contains("etag: w/\""), what == "calendar", "another coding, another tag: {headers}");
            let (unpacked, _) = asked(&server, &[arguments, &["--compressed", "-H", &wish]].concat(), CALENDAR);
            assert!(unpacked == plain, "{what} {coding}: {} of {}", unpacked.len(), plain.len());
        }
    }
    // A weak tag still spares a download.
    let (_, headers) = asked(&server, &["--compressed"], CALENDAR);
    let etag = headers.lines().find_map(|line| line.strip_prefix("etag: w/")).unwrap().trim();
    let (_, headers) = asked(&server, &["--compressed", "-H", &format!("If-None-Match: W/{etag}")], CALENDAR);
    assert!(headers.starts_with("http/1.1 304"), "{headers}");
    // An object has one tag, which If-Match can name, so it has one coding.
    let big = event_with("big", &format!("DTSTART:20260601T090000Z\r\nDESCRIPTION:{}\r\n", "words ".repeat(1000)));
    client.put(&format!("{CALENDAR}big.ics"), &big).expect(201);
    let (_, headers) = asked(&server, &["--compressed"], &format!("{CALENDAR}big.ics"));
    assert!(!headers.contains("content-encoding") && headers.contains("etag: \""), "{headers}");
    let off = start(&["http.compression=off"]);
    let (_, headers) = asked(&off, &["--compressed"], "/");
    assert!(!headers.contains("content-encoding"), "{headers}");
}

#[test]
fn a_browser_is_told_what_this_is_and_how_to_connect() {
    let server = start(&[]);
    let anyone = Client::anonymous(&server.authority());
    let page = anyone.get("/").expect(200);
    let html = page.text();
    for part in ["<html lang=\"en\">", &format!("http://{}/", server.authority()), "Thunderbird", "DAVx5", "<label for=\"user\">"] {
        assert!(html.contains(part), "no {part} in {html}");
    }
    assert!(!html.contains("<script") && page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    assert_eq!(anyone.send("HEAD", "/", &[], "").expect(200).text(), "");
    // Everything else still asks who it is, and clients ask by other methods.
    anyone.send("PROPFIND", "/", &[], "").expect(401);
    let refused = anyone.get("/dav/").expect(401);
    for (name, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")] {
        assert_eq!(refused.header(name), Some(value));
    }
    assert!(refused.header("content-security-policy").unwrap().contains("sandbox"));
    // A host that was made up is no markup.
    let odd = anyone.send("GET", "/", &[("host", "a\"<b>")], "");
    assert!(odd.status == 400 || !odd.text().contains("<b>"), "{}", odd.text());
}

#[test]
fn apple_devices_are_given_a_profile() {
    let server = start(&["base_url=https://cal.example.org:8443/sub/"]);
    let anyone = Client::anonymous(&server.authority());
    let answer = anyone.get("/sub/kalends.mobileconfig?user=ann%26co%40example.org+x").expect(200);
    assert_eq!(answer.header("content-type"), Some("application/x-apple-aspen-config"));
    let path = server.folder.path().join("profile");
    std::fs::write(&path, answer.text()).unwrap();
    let python = "import plistlib, sys\np = plistlib.load(open(sys.argv[1], 'rb'))\na = p['PayloadContent'][0]\nprint(p['PayloadType'], a['PayloadType'], a['CalDAVHostName'], a['CalDAVPort'], a['CalDAVUseSSL'], a['CalDAVPrincipalURL'], a['CalDAVUsername'], p['PayloadUUID'] != a['PayloadUUID'])";
    let read = Command::new("python3").args(["-c", python]).arg(&path).output().unwrap();
    let said = String::from_utf8(read.stdout).unwrap();
    assert_eq!(
        said.trim(),
        "Configuration com.apple.caldav.account cal.example.org 8443 True /sub/dav/ ann&co@example.org x True",
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    assert!(!anyone.get("/sub/kalends.mobileconfig").expect(200).text().contains("CalDAVUsername"));
    assert!(anyone.get("/sub/").expect(200).text().contains("https://cal.example.org:8443/sub/"));
    anyone.get("/kalends.mobileconfig").expect(401);
}
