//! What a browser sees: a page that says what this is and how to connect, and a configuration profile for Apple devices.

use http::{StatusCode, header};
use sha2::{Digest, Sha256};

use crate::answer::Answer;
use crate::environment::uuid_of;
use crate::path::Paths;

/// The page's name in the paths of the server.
pub const PROFILE: &str = "kalends.mobileconfig";
/// Characters of a user name in a profile.
const USER_CHARACTERS_MAX: usize = 100;
/// Nothing but the page's own style and form.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// How people reach the server: `https://host[:port]`.
pub struct Origin<'a> {
    pub secure: bool,
    /// Host and perhaps port.
    pub authority: &'a str,
}

impl Origin<'_> {
    fn url(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.authority)
    }

    fn host_and_port(&self) -> (&str, u16) {
        let default = if self.secure { 443 } else { 80 };
        match self.authority.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?))) {
            Some((host, port)) => (host, port),
            None => (self.authority, default),
        }
    }
}

/// Text in HTML and XML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// The page. Without JavaScript, and readable in every way a page is read.
pub fn page(origin: &Origin<'_>, paths: &Paths) -> Answer {
    let address = escaped(&format!("{}{}", origin.url(), paths.front()));
    let (host, port) = origin.host_and_port();
    let (host, profile) = (escaped(host), escaped(&format!("{}{PROFILE}", paths.front())));
    let principal = escaped(&format!("{}<name>/", paths.principals()));
    let ssl = if origin.secure { "on" } else { "off" };
    let rows = [
        ("Thunderbird", format!("New Calendar, On the Network. User name; location <code>{address}</code>. Then choose the calendars.")),
        (
            "Apple Calendar on iPhone and iPad",
            format!(
                "Settings, Apps, Calendar, Calendar Accounts, Add Account, Other, Add CalDAV Account. Server <code>{host}</code>, user name, password. Or use the profile below."
            ),
        ),
        (
            "Apple Calendar on a Mac",
            format!(
                "Settings, Accounts, Add Other Account, CalDAV, Advanced. User name, password, server <code>{host}</code>, path <code>{principal}</code>, port {port}, SSL {ssl}. Or use the profile below."
            ),
        ),
        ("DAVx5 on Android", format!("Add account, Login with URL and user name. Base URL <code>{address}</code>, user name, password.")),
        ("GNOME Calendar, Evolution", format!("Add Calendar, CalDAV. URL <code>{address}</code>, user name; Find Calendars.")),
        (
            "vdirsyncer, khal",
            format!("<code>type = \"caldav\"</code>, <code>url = \"{address}\"</code>, <code>username</code>, <code>password</code>."),
        ),
    ];
    let rows: String = rows.iter().map(|(client, how)| format!("<tr><th scope=\"row\">{client}</th><td>{how}</td></tr>\n")).collect();
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>Calendars at {host}</title>\n<style>\n\
         body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }}\n\
         table {{ border-collapse: collapse; }} th, td {{ text-align: left; vertical-align: top; padding: .5rem 1rem .5rem 0; border-top: 1px solid; }}\n\
         code {{ overflow-wrap: anywhere; }} input, button {{ font: inherit; padding: .3rem .6rem; }}\n</style>\n</head>\n<body>\n<main>\n\
         <h1>Calendars at {host}</h1>\n\
         <p>This is a calendar server. It has no pages of its own to look at calendars with: they are used from calendar programs, which take the \
         name and the password of your account here.</p>\n\
         <h2>Connect</h2>\n<table>\n<thead><tr><th scope=\"col\">Program</th><th scope=\"col\">What to do there</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n\
         <h2>Profile for Apple devices</h2>\n\
         <p>A profile sets the account up; the device asks for the password, which is not in it.</p>\n\
         <form action=\"{profile}\" method=\"get\">\n<p><label for=\"user\">User name</label> <input id=\"user\" name=\"user\" autocomplete=\"username\" \
         autocapitalize=\"none\" required> <button>Download the profile</button></p>\n</form>\n\
         </main>\n</body>\n</html>\n"
    );
    Answer::whole(StatusCode::OK, "text/html; charset=utf-8", html)
        .with_static(header::CONTENT_SECURITY_POLICY, POLICY)
        .with_static(header::CACHE_CONTROL, "no-cache")
        .with_static(header::VARY, "Host")
}

/// A profile that sets a CalDAV account up (Apple, Device Management Profile, `com.apple.caldav.account`).
pub fn profile(origin: &Origin<'_>, paths: &Paths, query: Option<&str>) -> Answer {
    let user = query.and_then(user_in);
    let (host, port) = origin.host_and_port();
    // The same account gets the same identifiers: a second download replaces the first profile.
    let uuid = |what: &str| {
        let digest: [u8; 32] = Sha256::digest(format!("{what}\n{}\n{}", origin.url(), user.as_deref().unwrap_or_default())).into();
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(digest).for_each(|(byte, of_digest)| *byte = of_digest);
        uuid_of(bytes)
    };
    let mut account = plist_text("CalDAVAccountDescription", &format!("Calendars at {host}"));
    account += &plist_text("CalDAVHostName", host);
    account += &format!("<key>CalDAVPort</key><integer>{port}</integer>\n<key>CalDAVUseSSL</key><{}/>\n", origin.secure);
    if let Some(user) = &user {
        account += &plist_text("CalDAVUsername", user);
    }
    if paths.front() != "/" {
        // Discovery begins there, not at the host's root.
        account += &plist_text("CalDAVPrincipalURL", &paths.root());
    }
    let payload = |kind: &str, name: &str| {
        plist_text("PayloadDisplayName", &format!("Calendars at {host}"))
            + &plist_text("PayloadIdentifier", &format!("{name}.{}", uuid(kind)))
            + &plist_text("PayloadType", kind)
            + &plist_text("PayloadUUID", &uuid(kind))
            + "<key>PayloadVersion</key><integer>1</integer>\n"
    };
    let inner = payload("com.apple.caldav.account", "org.kalends.account");
    let outer = payload("Configuration", "org.kalends.profile");
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n<key>PayloadContent</key>\n<array>\n<dict>\n{account}{inner}</dict>\n</array>\n{outer}</dict>\n</plist>\n"
    );
    Answer::whole(StatusCode::OK, "application/x-apple-aspen-config", text)
        .with_static(header::CONTENT_DISPOSITION, "attachment; filename=\"kalends.mobileconfig\"")
        .with_static(header::CACHE_CONTROL, "no-store")
}

fn plist_text(key: &str, value: &str) -> String {
    format!("<key>{key}</key><string>{}</string>\n", escaped(value))
}

/// `user=…` of a form.
fn user_in(query: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("user="))?.replace('+', " ");
    let user = percent_encoding::percent_decode_str(&value).decode_utf8().ok()?.trim().to_owned();
    let fits = !user.is_empty() && user.chars().count() <= USER_CHARACTERS_MAX && !user.chars().any(char::is_control);
    fits.then_some(user)
}
