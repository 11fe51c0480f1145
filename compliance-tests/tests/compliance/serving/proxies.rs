//! Between the client and the server: proxies, Unix sockets, browsers' origins, bounds on connections.

use std::io::Read;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use compliance_tests::client::Client;

use super::ByHand;

fn start(sets: &[&str]) -> ByHand {
    ByHand::start(|command, _, port| {
        command.env("KALENDS_LISTEN", format!("127.0.0.1:{port}"));
        for set in sets {
            command.args(["--set", set]);
        }
    })
}

#[test]
fn rfc7239_failures_count_by_the_address_that_a_trusted_proxy_names() {
    let server = start(&["http.trusted_proxies=127.0.0.1"]);
    let status = |address: &str, login: &str| {
        let wrong = Client::new(&server.authority(), login, "wrong");
        wrong.send("PROPFIND", "/dav/", &[("x-forwarded-for", address)], "").status
    };
    let attacker: Vec<u16> = (0..40).map(|n| status("203.0.113.1", &format!("user{n}"))).collect();
    assert!(attacker.contains(&503), "{attacker:?}");
    assert_eq!(status("203.0.113.2", "someone"), 401);
    // What the client adds in front says nothing.
    assert_eq!(status("203.0.113.3, 203.0.113.1", "another"), 503);
}

#[test]
fn a_unix_socket_is_its_owners_and_goes_with_the_server() {
    let mut server = ByHand::start(|command, folder, port| {
        // One that a killed server left.
        drop(std::os::unix::net::UnixListener::bind(folder.path().join("k.sock")).unwrap());
        command.env("KALENDS_LISTEN", format!("127.0.0.1:{port}, unix:k.sock"));
    });
    let socket = server.folder.path().join("k.sock");
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o660);
    let ask = || {
        let mut curl = Command::new("curl");
        curl.args(["-s", "--unix-socket"]).arg(&socket).arg("http://localhost/healthz").output().unwrap()
    };
    assert_eq!(ask().stdout, b"ok\n");
    server.signal("TERM");
    server.child.wait().unwrap();
    assert!(!socket.exists());
}

#[test]
fn pages_of_configured_origins_may_ask_and_no_others() {
    let server = start(&["cors.origins=https://app.example.org"]);
    let anyone = Client::anonymous(&server.authority());
    let asks = [("access-control-request-method", "PROPFIND"), ("access-control-request-headers", "authorization, depth")];
    let preflight = |origin: &'static str| anyone.send("OPTIONS", "/dav/", &[&[("origin", origin)], &asks[..]].concat(), "");
    let answer = preflight("https://app.example.org").expect(204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example.org"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("authorization, depth"));
    assert!(answer.header("access-control-allow-methods").unwrap().contains("PROPFIND"));
    assert_eq!(preflight("https://evil.example.org").expect(401).header("access-control-allow-origin"), None);
    // Refusals are shown to the page as well, so that it can ask for a password.
    let refused = anyone.send("PROPFIND", "/dav/", &[("origin", "https://app.example.org")], "").expect(401);
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://app.example.org"));
    assert!(refused.header("access-control-expose-headers").unwrap().contains("ETag"));
}

#[test]
fn one_address_does_not_take_all_connections() {
    let server = start(&["http.connections_per_address_max=3"]);
    let connect = || TcpStream::connect(server.authority()).unwrap();
    let _open = [connect(), connect(), connect()];
    let mut refused = connect();
    assert_eq!(refused.read(&mut [0; 1]).unwrap_or(0), 0, "it is closed");
    drop(_open);
    compliance_tests::server::wait_until_healthy(&server.authority(), || server.read("err"));
}
