//! An account of a test's own, found the way a client finds it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use crate::client::{Answer, Client};
use crate::server::{Kind, Server};
use crate::xml::Multistatus;

/// What a requirement is tested with.
pub struct Account {
    pub client: Client,
    pub name: String,
    pub password: String,
    pub principal: String,
    pub home: String,
    /// A calendar of the test's own, for events, tasks and journals.
    pub calendar: String,
    /// The server, where it is one of ours.
    pub server: Option<&'static Server>,
    /// Calendars made on a server that is not ours, to be removed.
    made: Mutex<Vec<String>>,
}

const PASSWORD: &str = "correct horse";
static NEXT: AtomicU32 = AtomicU32::new(0);

impl Account {
    /// An account on the shared server of that kind; at `KALENDS_URL`, the account given there with a new calendar.
    pub fn on(kind: Kind) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        if let Some(url) = elsewhere() {
            let rest = url.strip_prefix("http://").expect("KALENDS_URL is http://host:port/path/");
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let start = Some(path).filter(|path| !matches!(*path, "" | "/"));
            let user = std::env::var("KALENDS_USER").expect("KALENDS_USER beside KALENDS_URL");
            let password = std::env::var("KALENDS_PASSWORD").expect("KALENDS_PASSWORD beside KALENDS_URL");
            return Self::discover(authority, start, (&user, &password), None, &format!("test-{}-{number}", std::process::id()));
        }
        let server = shared(kind);
        Self::new(server, &format!("user{number}"))
    }

    /// A new account on a server of ours.
    pub fn new(server: &'static Server, name: &str) -> Self {
        add(server, name, PASSWORD);
        Self::discover(&authority(server), None, (name, PASSWORD), Some(server), "test")
    }

    /// From where one starts (else the well-known URI tells) to the principal, its home, and a new calendar there.
    fn discover(
        authority: &str,
        start: Option<&str>,
        (name, password): (&str, &str),
        server: Option<&'static Server>,
        calendar: &str,
    ) -> Self {
        let client = Client::new(authority, name, password);
        let start = start.map_or_else(|| well_known(authority), str::to_owned);
        let only_href = |path: &str, property: &str, name: &str| {
            let answer = client.propfind(path, "0", property).multistatus();
            path_of(&answer.only().prop(name).unwrap_or_else(|| panic!("{name} at {path}")).hrefs()[0]).to_owned()
        };
        let principal = only_href(&start, "<D:current-user-principal/>", "D:current-user-principal");
        let home = only_href(&principal, "<C:calendar-home-set/>", "C:calendar-home-set");
        let calendar = format!("{home}{calendar}/");
        client.mkcalendar(&calendar, "<D:displayname>Test</D:displayname>").expect(201);
        let (name, password) = (name.to_owned(), password.to_owned());
        let made = Mutex::new(vec![calendar.clone()]);
        Self { client, name, password, principal, home, calendar, server, made }
    }

    /// A path in the home where nothing is yet; what is made there goes away with the test.
    pub fn free(&self) -> String {
        self.free_as("free")
    }

    /// The same, with something in its name.
    pub fn free_as(&self, name: &str) -> String {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = format!("{}test-{}-{name}{number}/", self.home, std::process::id());
        self.made.lock().expect("nobody panicked with it").push(path.clone());
        path
    }

    /// Another calendar, made with properties given as XML.
    pub fn another_calendar(&self, properties: &str) -> String {
        let path = self.free();
        self.client.mkcalendar(&path, properties).expect(201);
        path
    }

    /// Puts an object that must be taken, new or not.
    pub fn put(&self, name: &str, body: &str) -> Answer {
        let answer = self.client.put(&self.object(name), body);
        assert!(matches!(answer.status, 201 | 204), "{}: {}\n{body}", answer.status, answer.text());
        answer
    }

    /// The objects for which a filter inside the VCALENDAR's holds: their names, in order.
    pub fn found(&self, filter: &str) -> Vec<String> {
        self.query("", filter).names()
    }

    /// A calendar-query for `calendar-data` in a form, and a filter inside the VCALENDAR's.
    pub fn query(&self, data: &str, filter: &str) -> Multistatus {
        let filter = format!("<C:filter><C:comp-filter name=\"VCALENDAR\">{filter}</C:comp-filter></C:filter>");
        let inside = format!("<D:prop><D:getetag/><C:calendar-data>{data}</C:calendar-data></D:prop>{filter}");
        self.client.report(&self.calendar, "1", "C:calendar-query", &inside).multistatus()
    }

    /// Someone else on the same server.
    pub fn another(&self) -> Self {
        let server = self.server.expect("a server of ours");
        Self::new(server, &format!("{}-other{}", self.name, NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// Where the account's files are, on a server of ours.
    pub fn files(&self) -> String {
        assert!(self.server.is_some(), "no specification says where a server has files: run these tests on one of ours");
        format!("/dav/files/{}/", self.name)
    }

    /// The path of an object in the test's calendar.
    pub fn object(&self, name: &str) -> String {
        format!("{}{name}", self.calendar)
    }
}

impl Drop for Account {
    /// A server that is not ours is left as it was found.
    fn drop(&mut self) {
        if self.server.is_none() {
            for path in self.made.get_mut().expect("nobody panicked with it") {
                let _ = self.client.try_send("DELETE", path, &[], "".into());
            }
        }
    }
}

/// Where the well-known URI leads (RFC 6764 §5).
fn well_known(authority: &str) -> String {
    let answer = Client::anonymous(authority).send("PROPFIND", "/.well-known/caldav", &[("depth", "0")], "");
    path_of(answer.header("location").unwrap_or("/")).to_owned()
}

/// An href without scheme and authority.
fn path_of(href: &str) -> &str {
    href.split_once("://").and_then(|(_, rest)| rest.find('/').map(|slash| &rest[slash..])).unwrap_or(href)
}

/// The server the tests are aimed at, if it is not one they start.
pub fn elsewhere() -> Option<String> {
    std::env::var("KALENDS_URL").ok()
}

/// `host:port`.
pub fn authority(server: &Server) -> String {
    format!("127.0.0.1:{}", server.port)
}

/// Adds an account by the command line, while the server runs.
pub fn add(server: &Server, name: &str, password: &str) {
    let email = format!("{name}@example.org");
    server.command_ok(
        &["user", "add", name, "--email", &email, "--name", &format!("Test {name}"), "--password-stdin"],
        &format!("{password}\n"),
    );
}

/// One server of each kind for the whole run; it ends with this process.
pub fn shared(kind: Kind) -> &'static Server {
    static SQLITE: OnceLock<Server> = OnceLock::new();
    static POSTGRES: OnceLock<Server> = OnceLock::new();
    match kind {
        Kind::Sqlite => SQLITE.get_or_init(|| Server::start(kind)),
        Kind::Postgres => POSTGRES.get_or_init(|| Server::start(kind)),
    }
}

/// What an object says, however its lines are folded and ordered: servers may write it anew.
pub fn lines(calendar: &str) -> Vec<String> {
    let unfolded = calendar.replace('\r', "").replace("\n ", "").replace("\n\t", "");
    let mut lines: Vec<String> = unfolded.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// An event with a UID, on 2026-06-01 at 09:00 UTC for an hour.
pub fn event(uid: &str) -> String {
    event_with(uid, "DTSTART:20260601T090000Z\r\nDTEND:20260601T100000Z\r\nSUMMARY:Breakfast\r\n")
}

pub fn event_with(uid: &str, lines: &str) -> String {
    component("VEVENT", uid, lines)
}

pub fn component(component: &str, uid: &str, lines: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//test//EN\r\nBEGIN:{component}\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n{lines}END:{component}\r\nEND:VCALENDAR\r\n"
    )
}
