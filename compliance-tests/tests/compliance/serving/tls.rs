//! TLS, as curl sees it.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use compliance_tests::folder::Folder;

use super::{ByHand, told};

/// A certificate for localhost that signs itself, with its key, in the place of those that were there.
pub fn certificate(folder: &Path, name: &str) {
    let (certificate, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    let mut command = Command::new("openssl");
    command.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]);
    command.args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout"]).arg(&key).arg("-out").arg(&certificate);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::rename(key, folder.join("key.pem")).unwrap();
    std::fs::copy(&certificate, folder.join("new.pem")).unwrap();
    std::fs::rename(folder.join("new.pem"), folder.join("certificate.pem")).unwrap();
}

fn start() -> ByHand {
    let server = ByHand::start_at_once(|command, folder, port| {
        certificate(folder.path(), "first");
        command.env("KALENDS_LISTEN", format!("https://127.0.0.1:{port}"));
        command.args(["--set", "tls.certificate=certificate.pem", "--set", "tls.key=key.pem", "--set", "tls.hsts_seconds=60"]);
    });
    server.says("Kalends serves");
    server
}

fn curl(server: &ByHand, trusted: &str, arguments: &[&str], path: &str) -> Output {
    let mut command = Command::new("curl");
    command.args(["-s", "-S", "--max-time", "20", "--cacert"]).arg(server.folder.path().join(trusted)).args(arguments);
    command.arg(format!("https://127.0.0.1:{}{path}", server.port)).output().unwrap()
}

pub fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn rfc9113_http2_and_http1_are_spoken_within_tls() {
    let server = start();
    let output = server.read("out");
    let account = format!("{}:{}", told(&output, "Name:"), told(&output, "Password:"));
    assert!(told(&output, "Location:").starts_with("https://127.0.0.1:"), "{output}");
    for (flag, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let ask = ["-u", &account, flag, "-X", "PROPFIND", "-H", "Depth: 1", "-D", "-", "-w", "version=%{http_version}"];
        let answer = out(&curl(&server, "first.pem", &ask, "/dav/calendars/me/"));
        assert!(answer.contains(&format!("version={version}")) && answer.contains("multistatus"), "{answer}");
        assert!(answer.to_lowercase().contains("strict-transport-security: max-age=60"), "{answer}");
        // A body of some length, both ways.
        let path = server.folder.path().join("body.ics");
        let text = "x".repeat(900_000);
        let event = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:u{version}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nDESCRIPTION:{text}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        std::fs::write(&path, &event).unwrap();
        let object = format!("/dav/calendars/me/calendar/{version}.ics");
        let put = ["-u", &account, flag, "-T", path.to_str().unwrap(), "-H", "Content-Type: text/calendar", "-w", "%{http_code}"];
        assert_eq!(out(&curl(&server, "first.pem", &put, &object)), "201");
        assert_eq!(out(&curl(&server, "first.pem", &["-u", &account, flag], &object)), event);
    }
    let plain = Command::new("curl").args(["-s", "--max-time", "5"]).arg(format!("http://127.0.0.1:{}/healthz", server.port)).output();
    assert!(!plain.unwrap().status.success(), "a TLS listener does not answer plain HTTP");
}

#[test]
fn a_renewed_certificate_is_used_without_a_failed_request() {
    let server = start();
    // Trusts the old one and the new one.
    let both = server.folder.path().join("both.pem");
    let folder = Folder::new("renewed");
    certificate(folder.path(), "second");
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    std::fs::write(&both, read(&server.folder.path().join("first.pem")) + &read(&folder.path().join("second.pem"))).unwrap();
    let (stop, asked) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for flag in ["--http2", "--http1.1"] {
            let (server, stop, asked) = (&server, &stop, &asked);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(out(&curl(server, "both.pem", &[flag], "/healthz")), "ok\n");
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let wait = |count: u32| {
            let until = Instant::now() + Duration::from_secs(30);
            let enough = asked.load(Ordering::Relaxed) + count;
            while asked.load(Ordering::Relaxed) < enough && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        wait(10);
        // A file that is no certificate changes nothing.
        std::fs::write(server.folder.path().join("certificate.pem"), "nonsense").unwrap();
        server.signal("HUP");
        server.says("the certificate stays as it was");
        wait(10);
        for name in ["key.pem", "certificate.pem"] {
            std::fs::copy(folder.path().join(name), server.folder.path().join(name)).unwrap();
        }
        server.signal("HUP");
        server.says("the certificate was read again");
        wait(10);
        stop.store(true, Ordering::Relaxed);
    });
    assert!(asked.load(Ordering::Relaxed) >= 30);
    std::fs::copy(folder.path().join("second.pem"), server.folder.path().join("second.pem")).unwrap();
    assert_eq!(out(&curl(&server, "second.pem", &[], "/healthz")), "ok\n");
    assert!(!curl(&server, "first.pem", &[], "/healthz").status.success(), "the old one is gone");
}

#[test]
fn a_key_that_does_not_go_with_the_certificate_is_told_at_the_start() {
    let folder = Folder::new("mismatch");
    certificate(folder.path(), "first");
    std::fs::copy(folder.path().join("certificate.pem"), folder.path().join("kept.pem")).unwrap();
    certificate(folder.path(), "second");
    let mut command = Command::new(compliance_tests::server::binary());
    command.current_dir(folder.path()).args(["--listen", "https://127.0.0.1:0"]);
    command.args(["--set", "tls.certificate=kept.pem", "--set", "tls.key=key.pem"]);
    let output = command.output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && error.contains("does not go with key.pem"), "{error}");
}
