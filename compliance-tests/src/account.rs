//! An account of a test's own, found the way a client finds it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::client::Client;
use crate::server::{Kind, Server};

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
}

const PASSWORD: &str = "correct horse";
static NEXT: AtomicU32 = AtomicU32::new(0);

impl Account {
    /// An account on the shared server of that kind; at `KALENDS_URL`, the account given there with a new calendar.
    pub fn on(kind: Kind) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        if let Ok(url) = std::env::var("KALENDS_URL") {
            let authority = url.split("://").nth(1).expect("http://host:port/").trim_end_matches('/').to_owned();
            let user = std::env::var("KALENDS_USER").expect("KALENDS_USER beside KALENDS_URL");
            let password = std::env::var("KALENDS_PASSWORD").expect("KALENDS_PASSWORD beside KALENDS_URL");
            return Self::discover(&authority, &user, &password, None, &format!("test-{}-{number}", std::process::id()));
        }
        let server = shared(kind);
        Self::new(server, &format!("user{number}"))
    }

    /// A new account on a server of ours.
    pub fn new(server: &'static Server, name: &str) -> Self {
        add(server, name, PASSWORD);
        Self::discover(&authority(server), name, PASSWORD, Some(server), "test")
    }

    fn discover(authority: &str, name: &str, password: &str, server: Option<&'static Server>, calendar: &str) -> Self {
        let client = Client::new(authority, name, password);
        let well_known = Client::anonymous(authority).send("PROPFIND", "/.well-known/caldav", &[], "");
        let start = match well_known.header("location") {
            Some(location) => {
                location.split("://").nth(1).and_then(|rest| rest.find('/').map(|at| rest[at..].to_owned())).unwrap_or(location.to_owned())
            }
            None => "/".to_owned(),
        };
        let only_href = |path: &str, property: &str, name: &str| {
            let answer = client.propfind(path, "0", property).multistatus();
            answer.only().prop(name).unwrap_or_else(|| panic!("{name} at {path}")).hrefs()[0].clone()
        };
        let principal = only_href(&start, "<D:current-user-principal/>", "{DAV:}current-user-principal");
        let home = only_href(&principal, "<C:calendar-home-set/>", "{urn:ietf:params:xml:ns:caldav}calendar-home-set");
        let calendar = format!("{home}{calendar}/");
        client.mkcalendar(&calendar, "<D:displayname>Test</D:displayname>").expect(201);
        Self { client, name: name.to_owned(), password: password.to_owned(), principal, home, calendar, server }
    }

    /// Someone else on the same server.
    pub fn another(&self) -> Self {
        let server = self.server.expect("a server of ours");
        Self::new(server, &format!("{}-other{}", self.name, NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// The path of an object in the test's calendar.
    pub fn object(&self, name: &str) -> String {
        format!("{}{name}", self.calendar)
    }
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
