//! Behind real reverse proxies, configured by the files that are shipped for them. nginx is always there; HAProxy and Caddy are tested where
//! they are installed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use compliance_tests::account::event_with;
use compliance_tests::server::{free_port, spawn};

use super::tls::{certificate, out};
use super::{ByHand, told};

/// A reverse proxy: its program, how that is started, and the shipped file with the addresses of a test in it.
struct Proxy {
    program: &'static str,
    arguments: &'static [&'static str],
    configuration: fn(&Place) -> String,
}

const NGINX: Proxy = Proxy { program: "nginx", arguments: &["-p", ".", "-e", "proxy.log", "-c"], configuration: nginx };
const HAPROXY: Proxy = Proxy { program: "haproxy", arguments: &["-db", "-f"], configuration: haproxy };
const CADDY: Proxy = Proxy { program: "caddy", arguments: &["run", "--adapter", "caddyfile", "--config"], configuration: caddy };

/// Where a test has what.
struct Place {
    folder: PathBuf,
    /// The path that Kalends is below.
    path: &'static str,
    port: u16,
    plain: u16,
    kalends: u16,
}

impl Place {
    /// A shipped file with everything changed that must be; what is not there to be changed fails the test.
    fn changed(&self, shipped: &str, changes: &[(&str, String)]) -> String {
        changes.iter().fold(shipped.to_owned(), |file, (from, to)| {
            assert!(file.contains(from), "the shipped file has no {from}");
            file.replace(from, to)
        })
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

fn nginx(place: &Place) -> String {
    let Place { path, port, plain, kalends, .. } = place;
    let mut site = place.changed(
        include_str!("../../../../deploy/nginx.conf"),
        &[
            ("server 127.0.0.1:8008;", format!("server 127.0.0.1:{kalends};")),
            ("listen 80;", format!("listen 127.0.0.1:{plain};")),
            ("listen 443 ssl http2;", format!("listen 127.0.0.1:{port} ssl http2;")),
            ("/etc/ssl/kalends/fullchain.pem", place.file("certificate.pem")),
            ("/etc/ssl/kalends/key.pem", place.file("key.pem")),
        ],
    );
    if *path != "/" {
        let well_known = format!("location = /.well-known/caldav {{ return 301 {path}dav/; }}");
        site = place.changed(&site, &[("    location / {", format!("    {well_known}\n    location {path} {{"))]);
    }
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {kind};\n")).concat();
    format!("daemon off;\npid nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{site}}}\n")
}

fn haproxy(place: &Place) -> String {
    let Place { path, port, plain, kalends, .. } = place;
    let both = ["certificate.pem", "key.pem"].map(|name| std::fs::read_to_string(place.file(name)).unwrap()).concat();
    std::fs::write(place.file("haproxy.pem"), both).unwrap();
    let site = place.changed(
        include_str!("../../../../deploy/haproxy.cfg"),
        &[
            ("server kalends 127.0.0.1:8008", format!("server kalends 127.0.0.1:{kalends}")),
            ("bind :80\n", format!("bind 127.0.0.1:{plain}\n")),
            ("bind :443 ", format!("bind 127.0.0.1:{port} ")),
            ("/etc/ssl/kalends/haproxy.pem", place.file("haproxy.pem")),
        ],
    );
    if *path == "/" {
        return site;
    }
    let below = format!("use_backend kalends if {{ path_beg {path} }} or {{ path /.well-known/caldav }}");
    place.changed(&site, &[("default_backend kalends", below)])
}

fn caddy(place: &Place) -> String {
    let Place { path, port, plain, kalends, .. } = place;
    // It would ask an authority for a certificate, and redirect from port 80.
    let start = format!("{{\n\tadmin off\n\thttp_port {plain}\n\tauto_https disable_redirects\n}}\n");
    let tls = format!("https://127.0.0.1:{port} {{\n\ttls {} {}\n", place.file("certificate.pem"), place.file("key.pem"));
    let named = if *path == "/" { String::new() } else { "@kalends ".to_owned() };
    let matcher = if *path == "/" { String::new() } else { format!("\t@kalends path {path}* /.well-known/caldav\n") };
    let site = place.changed(
        include_str!("../../../../deploy/Caddyfile"),
        &[
            ("\ncal.example.org {\n", format!("\n{tls}{matcher}")),
            ("\treverse_proxy 127.0.0.1:8008 {", format!("\treverse_proxy {named}127.0.0.1:{kalends} {{")),
        ],
    );
    format!("{start}{site}")
}

/// Where a program is; administrators' folders are not on everybody's path.
fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(program)).find(|file| file.exists())
}

/// A server and a proxy in front of it, at `https://127.0.0.1:PORT<path>`.
struct Proxied {
    server: ByHand,
    proxy: Child,
    port: u16,
    plain: u16,
    path: &'static str,
}

impl Proxied {
    fn start(proxy: &Proxy, program: &Path, path: &'static str) -> Self {
        let (port, plain) = (free_port(), free_port());
        let server = ByHand::start(|command, folder, kalends| {
            certificate(folder.path(), "first");
            let place = Place { folder: folder.path().to_owned(), path, port, plain, kalends };
            std::fs::write(folder.path().join("proxy.conf"), (proxy.configuration)(&place)).unwrap();
            command.env("KALENDS_LISTEN", format!("127.0.0.1:{kalends}"));
            command.args(["--base-url", &format!("https://127.0.0.1:{port}{path}"), "--set", "http.trusted_proxies=127.0.0.1"]);
        });
        let folder = server.folder.path();
        let log = std::fs::File::options().create(true).append(true).open(folder.join("proxy.log")).unwrap();
        let mut command = Command::new(program);
        command.args(proxy.arguments).arg("proxy.conf").current_dir(folder).env("HOME", folder).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let proxied = Self { proxy: spawn(command), server, port, plain, path };
        let until = Instant::now() + Duration::from_secs(20);
        while !proxied.curl(&["-f", "-X", "PROPFIND", "-H", "Depth: 0"], "dav/").status.success() {
            assert!(Instant::now() < until, "the proxy does not answer: {}", proxied.server.read("proxy.log"));
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

    /// The status of a login that fails, by a client with an address of its own that says it has another one.
    fn fails(&self, from: &str, user: &str) -> String {
        let user = format!("{user}:wrong");
        let made_up = ["-H", "X-Forwarded-For: 203.0.113.1", "-X", "PROPFIND", "-o", "/dev/null", "-w", "%{http_code}"];
        out(&self.curl(&[&["--interface", from, "-u", &user][..], &made_up].concat(), "dav/"))
    }
}

impl Drop for Proxied {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.proxy.id().to_string()).status();
        let _ = self.proxy.wait();
    }
}

fn everything_goes_through(proxy: &Proxy, path: &'static str) {
    let Some(program) = installed(proxy.program) else {
        return crate::skipped(&format!("there is no {}", proxy.program));
    };
    let proxied = Proxied::start(proxy, &program, path);
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
    // Failures count by the address that the proxy sees: not by the proxy's own, and not by one that the client makes up.
    let attacker: Vec<String> = (0..40).map(|number| proxied.fails("127.0.0.5", &format!("nobody{number}"))).collect();
    assert!(attacker.iter().any(|status| status == "503"), "{attacker:?}");
    assert_eq!(proxied.fails("127.0.0.6", "somebody"), "401");
}

/// Passwords are not to go over plain HTTP. (Caddy does this by itself, on port 80.)
fn plain_http_is_sent_to_tls(proxy: &Proxy) {
    let Some(program) = installed(proxy.program) else {
        return crate::skipped(&format!("there is no {}", proxy.program));
    };
    let proxied = Proxied::start(proxy, &program, "/");
    let mut command = Command::new("curl");
    command.args(["-s", "-S", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}"]);
    let said = out(&command.arg(format!("http://127.0.0.1:{}/dav/a%20b", proxied.plain)).output().unwrap());
    assert!(said.starts_with("301 https://127.0.0.1") && said.ends_with("/dav/a%20b"), "{said}");
}

#[test]
fn everything_goes_through_nginx() {
    everything_goes_through(&NGINX, "/");
}

#[test]
fn everything_goes_through_nginx_below_a_path() {
    everything_goes_through(&NGINX, "/calendars/");
}

#[test]
fn everything_goes_through_haproxy() {
    everything_goes_through(&HAPROXY, "/");
}

#[test]
fn everything_goes_through_haproxy_below_a_path() {
    everything_goes_through(&HAPROXY, "/calendars/");
}

#[test]
fn everything_goes_through_caddy() {
    everything_goes_through(&CADDY, "/");
}

#[test]
fn everything_goes_through_caddy_below_a_path() {
    everything_goes_through(&CADDY, "/calendars/");
}

#[test]
fn plain_http_is_sent_to_tls_by_nginx_and_haproxy() {
    plain_http_is_sent_to_tls(&NGINX);
    plain_http_is_sent_to_tls(&HAPROXY);
}
