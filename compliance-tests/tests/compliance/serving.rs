//! Starting, configuring and watching the server, as who runs it would.

mod answers;
mod configuration;
mod metrics;
mod operator;
mod proxies;
mod reverse_proxies;
mod slow;
mod tls;
mod traces;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use compliance_tests::account::{Account, add, authority, event_with};
use compliance_tests::client::Client;
use compliance_tests::folder::Folder;
use compliance_tests::server::{Kind, Server, binary, free_port, spawn, wait_until_healthy};

on_each_database! {
    health_needs_no_account,
    the_log_has_one_line_for_each_request,
    two_servers_share_a_fresh_database,
    a_base_url_with_a_prefix_is_in_every_href,
}

/// A server started by hand, killed when dropped.
struct ByHand {
    child: std::process::Child,
    port: u16,
    folder: Folder,
}

impl ByHand {
    fn start(configure: impl FnOnce(&mut Command, &Folder, u16)) -> Self {
        let by_hand = Self::start_at_once(configure);
        wait_until_healthy(&by_hand.authority(), || by_hand.read("err"));
        by_hand
    }

    /// As [`ByHand::start`], for one that does not answer by plain HTTP.
    fn start_at_once(configure: impl FnOnce(&mut Command, &Folder, u16)) -> Self {
        let (folder, port) = (Folder::new("by-hand"), free_port());
        let mut command = Command::new(binary());
        command.current_dir(folder.path()).env_remove("KALENDS_URL").stdin(Stdio::null());
        let out = |name: &str| std::fs::File::create(folder.path().join(name)).unwrap();
        command.stdout(out("out")).stderr(out("err"));
        configure(&mut command, &folder, port);
        Self { child: spawn(command), port, folder }
    }

    /// The account that the first start made.
    fn client(&self) -> Client {
        let output = self.read("out");
        Client::new(&self.authority(), &told(&output, "Name:"), &told(&output, "Password:"))
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits until the log says something.
    fn says(&self, what: &str) {
        let until = Instant::now() + Duration::from_secs(20);
        while !self.read("err").contains(what) {
            assert!(Instant::now() < until, "no {what} in {}", self.read("err"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

impl Drop for ByHand {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The value after a label of the first start's lines.
fn told(output: &str, label: &str) -> String {
    let line = output.lines().find(|line| line.contains(label)).unwrap_or_else(|| panic!("{label} in {output}"));
    line.split_once(label).unwrap().1.split_whitespace().next().unwrap_or_default().to_owned()
}

#[test]
fn the_first_start_makes_an_account_and_tells_it_once() {
    let listen = |command: &mut Command, port: u16| {
        command.env("KALENDS_LISTEN", format!("127.0.0.1:{port}"));
    };
    let server = ByHand::start(|command, _, port| listen(command, port));
    let output = server.read("out");
    let (name, password) = (told(&output, "Name:"), told(&output, "Password:"));
    assert!(output.contains("Thunderbird") && output.contains("Apple Calendar"), "{output}");
    assert_eq!(told(&output, "Location:"), format!("http://{}/", server.authority()));
    let client = Client::new(&server.authority(), &name, &password);
    client.propfind(&told(&output, "Path:"), "0", "<D:displayname/>").multistatus();
    assert!(server.folder.path().join("kalends-data/kalends.sqlite").exists(), "the data folder is where it was started");
    assert!(!server.read("err").contains(&password), "the log does not tell it");
    // Again: nothing more is told, and the account is still there.
    let again = ByHand::start(|command, _, port| {
        command.env("KALENDS_DATA", server.folder.path().join("kalends-data"));
        listen(command, port);
    });
    assert!(!again.read("out").contains("Password"), "{}", again.read("out"));
    Client::new(&again.authority(), &name, &password).propfind("/dav/", "0", "<D:displayname/>").expect(207);
}

#[test]
fn flags_win_over_environment_over_file() {
    let [environment, file] = [free_port(), free_port()];
    let server = ByHand::start(|command, folder, port| {
        let text = format!("listen = \"127.0.0.1:{file}\"\ndata = \"{}\"\n", folder.path().join("named").display());
        std::fs::write(folder.path().join("kalends.toml"), text).unwrap();
        command.env("KALENDS_CONFIG", "kalends.toml").env("KALENDS_LISTEN", format!("127.0.0.1:{environment}"));
        command.args(["serve", "--listen", &format!("127.0.0.1:{port}")]);
    });
    assert!(server.folder.path().join("named/kalends.sqlite").exists());
    let refused = |text: &str, said: &str| {
        let path = server.folder.path().join("bad.toml");
        std::fs::write(&path, text).unwrap();
        let output = Command::new(binary()).arg("--config").arg(&path).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(said), "{error}");
    };
    refused("listn = 1", "listn");
    refused("listen = \"nowhere\"", "listen");
    refused("database = \"mysql://x\"", "postgres://");
    let output = Command::new(binary()).args(["--listen", &server.authority(), "--data"]).arg(server.folder.path().join("other")).output();
    let error = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(error.contains("--listen"), "{error}");
}

#[test]
fn a_mistyped_folder_is_told_not_made() {
    let folder = Folder::new("mistyped");
    for command in [["user", "list"], ["log", "verify"]] {
        let output = Command::new(binary()).args(command).arg("--data").arg(folder.path().join("none")).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains("there is no database"), "{error}");
    }
    assert!(!folder.path().join("none").exists());
}

#[test]
fn the_database_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start(Kind::Sqlite);
    add(&server, "ann", "correct horse");
    let data = server.data();
    for name in ["kalends.sqlite", "kalends.sqlite-wal"] {
        let mode = std::fs::metadata(data.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} is {mode:o}");
    }
}

fn health_needs_no_account(kind: Kind) {
    let account = Account::on(kind);
    let Some(server) = account.server else { return };
    let anyone = Client::anonymous(&authority(server));
    assert_eq!(anyone.get("/healthz").expect(200).text(), "ok\n");
    anyone.get("/readyz").expect(200);
    anyone.send("HEAD", "/healthz", &[], "").expect(200);
    anyone.get("/dav/").expect(401);
}

fn the_log_has_one_line_for_each_request(kind: Kind) {
    let server: &'static Server = Box::leak(Box::new(Server::start(kind)));
    let account = Account::new(server, "ann");
    let body = event_with("secret-uid", "DTSTART:20260601T090000Z\r\nSUMMARY:Most secret\r\n");
    let headers = [("content-type", "text/calendar"), ("user-agent", "Tester/1.0 \"quoted\"\t")];
    let answer = account.client.send("PUT", &account.object("logged.ics"), &headers, body).expect(201);
    let request_id = answer.header("x-request-id").expect("a request id").to_owned();
    let log = server.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("logged.ics")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in ["method=PUT", "status=201", "ms=", "principal=\"ann\"", "Tester/1.0", &request_id] {
        assert!(lines[0].contains(part), "no {part} in {}", lines[0]);
    }
    for secret in ["Most secret", "secret-uid", "correct horse", account.client.authorization.as_deref().unwrap()] {
        assert!(!log.contains(secret), "the log tells {secret}");
    }
    // A line break in a path or a header makes no line of its own.
    account.client.send("GET", "/dav/%0Astatus=200", &[], "").expect(400);
    assert!(!server.log().lines().any(|line| line.starts_with("status=200")));
}

/// Migrations run under a lock: of servers that start at once on an empty database, each comes up.
fn two_servers_share_a_fresh_database(kind: Kind) {
    let first = Server::new(kind, &[]);
    let mut servers = [first.twin(), first.twin(), first];
    std::thread::scope(|scope| servers.iter_mut().for_each(|server| drop(scope.spawn(|| server.go()))));
    let logs = servers.each_ref().map(Server::log).concat();
    let told = logs.lines().filter(|line| line.trim_start().starts_with("Password:")).count();
    assert_eq!(told, 1, "one account is made: {logs}");
}

fn a_base_url_with_a_prefix_is_in_every_href(kind: Kind) {
    let mut server = Server::new(kind, &["--base-url", "https://cal.example.org/sub/"]);
    server.go();
    add(&server, "ann", "correct horse");
    let client = Client::new(&authority(&server), "ann", "correct horse");
    let anyone = Client::anonymous(&authority(&server));
    for path in ["/.well-known/caldav", "/sub/.well-known/caldav"] {
        let answer = anyone.send("PROPFIND", path, &[], "").expect(301);
        assert_eq!(answer.header("location"), Some("https://cal.example.org/sub/dav/"));
    }
    let answer = client.propfind("/sub/dav/", "0", "<D:current-user-principal/>").multistatus();
    assert_eq!(answer.only().href, "/sub/dav/");
    assert_eq!(answer.only().prop("D:current-user-principal").unwrap().hrefs(), ["/sub/dav/principals/ann/"]);
    let body = format!("<D:propfind {}><D:allprop/></D:propfind>", compliance_tests::client::NAMESPACES);
    for path in ["/sub/dav/principals/ann/", "/sub/dav/calendars/ann/", "/sub/dav/calendars/ann/inbox/"] {
        let answer = client.send("PROPFIND", path, &[("depth", "1")], body.clone()).multistatus();
        for href in answer.root.hrefs() {
            assert!(href.starts_with("/sub/dav/") || href.starts_with("mailto:") || href.starts_with("urn:"), "{path}: {href}");
        }
    }
    client.propfind("/dav/", "0", "<D:displayname/>").expect(404);
    anyone.get("/healthz").expect(200);
}

#[test]
fn health_tells_whether_the_server_answers() {
    let asked = |arguments: &[&str]| {
        let output = Command::new(binary()).arg("health").args(arguments).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let server = ByHand::start(|command, folder, port| {
        command.env("KALENDS_LISTEN", format!("127.0.0.1:{port}, unix:{}", folder.path().join("k.sock").display()));
    });
    let socket = format!("unix:{}", server.folder.path().join("k.sock").display());
    for listen in [&server.authority(), &socket, &format!("0.0.0.0:{}", server.port)] {
        assert_eq!(asked(&["--listen", listen]), (true, String::new()));
    }
    let (fine, said) = asked(&["--listen", &format!("127.0.0.1:{}", free_port())]);
    assert!(!fine && said.contains("does not answer"), "{said}");
    let tls = ["--listen", "https://127.0.0.1:443", "--set", "tls.certificate=c.pem", "--set", "tls.key=k.pem"];
    let (fine, said) = asked(&tls);
    assert!(!fine && said.contains("only for TLS"), "{said}");
}
