//! Behind a real nginx, configured by the file that is shipped for it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use compliance_tests::account::event_with;
use compliance_tests::server::{free_port, spawn};

use super::tls::{certificate, out};
use super::{ByHand, told};

const SHIPPED: &str = include_str!("../../../../deploy/nginx.conf");

/// A server and an nginx in front of it, at `https://127.0.0.1:PORT<path>`.
struct Proxied {
    server: ByHand,
    nginx: Child,
    port: u16,
    path: &'static str,
}

impl Proxied {
    fn start(path: &'static str) -> Self {
        let (port, plain) = (free_port(), free_port());
        let server = ByHand::start(|command, folder, listen| {
            certificate(folder.path(), "first");
            std::fs::write(folder.path().join("nginx.conf"), configuration(folder.path(), path, (port, plain, listen))).unwrap();
            command.env("KALENDS_LISTEN", format!("127.0.0.1:{listen}"));
            command.args(["--base-url", &format!("https://127.0.0.1:{port}{path}"), "--set", "http.trusted_proxies=127.0.0.1"]);
        });
        let mut command = Command::new("/usr/sbin/nginx");
        command.arg("-p").arg(server.folder.path()).args(["-c", "nginx.conf", "-e", "nginx.log"]).stdin(Stdio::null());
        let proxied = Self { nginx: spawn(command), server, port, path };
        let until = Instant::now() + Duration::from_secs(20);
        while !proxied.curl(&[], "").status.success() {
            assert!(Instant::now() < until, "nginx does not answer: {}", proxied.server.read("nginx.log"));
            std::thread::sleep(Duration::from_millis(50));
        }
        proxied
    }

    fn curl(&self, arguments: &[&str], path: &str) -> std::process::Output {
        let output = self.server.read("out");
        let account = format!("{}:{}", told(&output, "Name:"), told(&output, "Password:"));
        let mut command = Command::new("curl");
        command.args(["-s", "-S", "--path-as-is", "--max-time", "20", "--cacert"]).arg(self.server.folder.path().join("first.pem"));
        command.args(["-u", &account]).args(arguments).arg(format!("https://127.0.0.1:{}{}{path}", self.port, self.path));
        command.output().unwrap()
    }
}

impl Drop for Proxied {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.nginx.id().to_string()).status();
        let _ = self.nginx.wait();
    }
}

/// The shipped file as it stands, but for its addresses and, below a path, what it says itself is to be changed.
fn configuration(folder: &Path, path: &str, (port, plain, listen): (u16, u16, u16)) -> String {
    let mut site = SHIPPED.to_owned();
    let mut change = |from: &str, to: &str| {
        assert!(site.contains(from), "the shipped file has no {from}");
        site = site.replace(from, to);
    };
    change("server 127.0.0.1:8008;", &format!("server 127.0.0.1:{listen};"));
    change("listen 80;", &format!("listen 127.0.0.1:{plain};"));
    change("listen 443 ssl http2;", &format!("listen 127.0.0.1:{port} ssl http2;"));
    change("/etc/ssl/kalends/fullchain.pem", &folder.join("certificate.pem").display().to_string());
    change("/etc/ssl/kalends/key.pem", &folder.join("key.pem").display().to_string());
    if path != "/" {
        let well_known = format!("location = /.well-known/caldav {{ return 301 {path}dav/; }}");
        change("    location / {", &format!("    {well_known}\n    location {path} {{"));
    }
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {kind};\n")).concat();
    format!("daemon off;\npid nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{site}}}\n")
}

fn everything_goes_through(path: &'static str) {
    let proxied = Proxied::start(path);
    // Discovery, from the host's root.
    let well_known = format!("https://127.0.0.1:{}/.well-known/caldav", proxied.port);
    let mut command = Command::new("curl");
    command.args(["-s", "-S", "--cacert"]).arg(proxied.server.folder.path().join("first.pem"));
    let headers = out(&command.args(["-D", "-", "-o", "/dev/null", "-X", "PROPFIND", &well_known]).output().unwrap()).to_lowercase();
    assert!(headers.contains(" 301") && headers.contains(&format!("{path}dav/")), "{headers}");
    for flag in ["--http2", "--http1.1"] {
        let home = out(&proxied.curl(&[flag, "-X", "PROPFIND", "-H", "Depth: 1"], "dav/calendars/me/"));
        assert!(
            home.contains(&format!("<D:href>{path}dav/calendars/me/calendar/</D:href>"))
                || home.contains(&format!("{path}dav/calendars/me/calendar/")),
            "{home}"
        );
        let file = proxied.server.folder.path().join("body.ics");
        let event = event_with(&format!("big{flag}"), &format!("DTSTART:20260601T090000Z\r\nDESCRIPTION:{}\r\n", "x".repeat(5_000_000)));
        std::fs::write(&file, &event).unwrap();
        // An encoded slash and a space stay as they are spelt.
        let object = format!("dav/calendars/me/calendar/a%20b{flag}.ics");
        let put = proxied.curl(&[flag, "-T", file.to_str().unwrap(), "-H", "Content-Type: text/calendar", "-w", "%{http_code}"], &object);
        assert_eq!(out(&put), "201");
        assert_eq!(out(&proxied.curl(&[flag], &object)), event);
        let nothing = proxied.curl(&[flag, "-X", "PROPFIND", "-o", "/dev/null", "-w", "%{http_code}"], "dav/calendars/me%2Fcalendar/");
        assert_eq!(out(&nothing), "404", "an encoded slash is no slash");
    }
    let report = "<C:calendar-query xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:D=\"DAV:\"><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter></C:calendar-query>";
    let found = out(&proxied.curl(&["-X", "REPORT", "-H", "Depth: 1", "-d", report], "dav/calendars/me/calendar/"));
    assert_eq!(found.matches("getetag>").count(), 4, "{found}");
    // What is too large is refused by Kalends, which names the rule, not by nginx.
    let file = proxied.server.folder.path().join("body.ics");
    std::fs::write(&file, event_with("huge", &format!("DTSTART:20260601T090000Z\r\nDESCRIPTION:{}\r\n", "x".repeat(11_000_000)))).unwrap();
    let refused = proxied.curl(&["-T", file.to_str().unwrap()], "dav/calendars/me/calendar/huge.ics");
    assert!(String::from_utf8_lossy(&refused.stdout).contains("max-resource-size"), "{refused:?}");
    // An address that the client makes up is not believed: failures under it would slow it down.
    for number in 0..40 {
        let user = format!("nobody{number}:wrong");
        let status = proxied
            .curl(&["-u", &user, "-H", "X-Forwarded-For: 203.0.113.1", "-X", "PROPFIND", "-o", "/dev/null", "-w", "%{http_code}"], "dav/");
        assert_eq!(out(&status), "401");
    }
}

#[test]
fn everything_goes_through_nginx() {
    everything_goes_through("/");
}

#[test]
fn everything_goes_through_nginx_below_a_path() {
    everything_goes_through("/calendars/");
}
