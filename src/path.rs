//! The shapes of URLs: read from a request, written into answers. Nothing else knows them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Octets in one segment of a path, decoded.
pub const SEGMENT_BYTES_MAX: usize = 255;
/// How deep folders and files may lie below the root of a home's files.
pub const FILE_LEVELS_MAX: usize = 64;

/// What RFC 3986 §2.3 leaves as it is, and `@`, which clients spell plainly (client libraries compare `@` and `%40` as text).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// Where a path points, by its shape. Whether anything is there, and what, the database decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `/` and `/dav/`.
    Root,
    /// `/dav/principals/`.
    Principals,
    /// `/dav/principals/<user>/`.
    Principal(String),
    /// `/dav/calendars/`.
    Homes,
    /// `/dav/calendars/<user>/`.
    Home(String),
    /// `/dav/calendars/<user>/<collection>/`.
    Collection { home: String, segment: String },
    /// `/dav/calendars/<user>/<collection>/<name>`.
    Object { home: String, segment: String, name: String },
    /// `/dav/files/`.
    FileHomes,
    /// `/dav/files/<user>/`, and what is below.
    File { home: String, path: Vec<String> },
    /// Nothing can be there.
    Nowhere,
}

/// Why a path cannot be read at all: 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadPath(pub &'static str);

/// The paths of a server that may live below a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Empty, or `/something` without a slash at its end.
    prefix: String,
}

impl Paths {
    /// Below that prefix; slashes around it do not matter.
    pub fn new(prefix: &str) -> Self {
        let trimmed = prefix.trim_matches('/');
        Self { prefix: if trimmed.is_empty() { String::new() } else { format!("/{trimmed}") } }
    }

    /// Reads the path of a request or of an href inside a body: encoded as the client likes, perhaps with doubled slashes.
    ///
    /// # Errors
    /// A broken percent-encoding, a control character, a segment longer than [`SEGMENT_BYTES_MAX`].
    pub fn read(&self, path: &str) -> Result<Place, BadPath> {
        let Some(rest) = self.below_prefix(path) else { return Ok(Place::Nowhere) };
        let mut segments = Vec::new();
        for raw in rest.split('/').filter(|segment| !segment.is_empty()) {
            segments.push(segment_of(raw)?);
        }
        // A dot segment or an encoded slash names nothing here; it is never resolved to something else.
        if segments.iter().any(|segment| segment == "." || segment == ".." || segment.contains('/')) {
            return Ok(Place::Nowhere);
        }
        if let Some(place) = among_files(&segments) {
            return place;
        }
        let mut segments = segments.into_iter();
        match (segments.next().as_deref(), segments.next().as_deref(), segments.next(), segments.next(), segments.next(), segments.next()) {
            (None, ..) | (Some("dav"), None, ..) => Ok(Place::Root),
            (Some("dav"), Some("principals"), None, ..) => Ok(Place::Principals),
            (Some("dav"), Some("principals"), Some(user), None, ..) => Ok(Place::Principal(user)),
            (Some("dav"), Some("calendars"), None, ..) => Ok(Place::Homes),
            (Some("dav"), Some("calendars"), Some(user), None, ..) => Ok(Place::Home(user)),
            (Some("dav"), Some("calendars"), Some(home), Some(segment), None, _) => Ok(Place::Collection { home, segment }),
            (Some("dav"), Some("calendars"), Some(home), Some(segment), Some(name), None) => Ok(Place::Object { home, segment, name }),
            _ => Ok(Place::Nowhere),
        }
    }

    /// What follows the prefix; the prefix itself must be whole segments.
    fn below_prefix<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(&self.prefix)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }

    /// Whether this is a well-known URI of RFC 6764 §5, at the host's root or below the prefix.
    pub fn is_well_known(&self, path: &str) -> bool {
        let is = |path: &str| path.trim_end_matches('/') == "/.well-known/caldav";
        is(path) || self.below_prefix(path).is_some_and(is)
    }

    /// Where old clients look for principals when discovery fails (Apple asks `/principals/`).
    pub fn is_old_principals(&self, path: &str) -> bool {
        self.below_prefix(path).is_some_and(|rest| rest.trim_end_matches('/') == "/principals")
    }

    /// Where people would type the server's address: `/`, or the prefix.
    pub fn front(&self) -> String {
        format!("{}/", self.prefix)
    }

    /// What stands directly below [`Paths::front`]; empty for itself.
    pub fn below_front<'a>(&self, path: &'a str) -> Option<&'a str> {
        self.below_prefix(path).map(|rest| rest.strip_prefix('/').unwrap_or(rest)).filter(|rest| !rest.contains('/'))
    }

    pub fn root(&self) -> String {
        format!("{}/dav/", self.prefix)
    }

    pub fn principals(&self) -> String {
        format!("{}/dav/principals/", self.prefix)
    }

    pub fn homes(&self) -> String {
        format!("{}/dav/calendars/", self.prefix)
    }

    pub fn file_homes(&self) -> String {
        format!("{}/dav/files/", self.prefix)
    }

    pub fn file_home(&self, segment: &str) -> String {
        format!("{}{}/", self.file_homes(), encode(segment))
    }

    pub fn principal(&self, segment: &str) -> String {
        format!("{}/dav/principals/{}/", self.prefix, encode(segment))
    }

    pub fn home(&self, segment: &str) -> String {
        format!("{}/dav/calendars/{}/", self.prefix, encode(segment))
    }

    pub fn collection(&self, home: &str, segment: &str) -> String {
        format!("{}{}/", self.home(home), encode(segment))
    }

    pub fn object(&self, home: &str, segment: &str, name: &str) -> String {
        format!("{}{}", self.collection(home, segment), encode(name))
    }
}

/// The place below `/dav/files/`, if it is one.
fn among_files(segments: &[String]) -> Option<Result<Place, BadPath>> {
    let [dav, files, rest @ ..] = segments else { return None };
    if (dav.as_str(), files.as_str()) != ("dav", "files") {
        return None;
    }
    let Some((home, path)) = rest.split_first() else { return Some(Ok(Place::FileHomes)) };
    if path.len() > FILE_LEVELS_MAX {
        return Some(Err(BadPath("files lie at most 64 levels deep")));
    }
    Some(Ok(Place::File { home: home.clone(), path: path.to_vec() }))
}

/// A segment, encoded as this server spells it.
pub fn encode(segment: &str) -> String {
    utf8_percent_encode(segment, ENCODED).to_string()
}

/// What [`encode`] made of a segment; `None` for what it never makes.
pub fn decode(segment: &str) -> Option<String> {
    segment_of(segment).ok().filter(|decoded| !decoded.is_empty() && !matches!(decoded.as_str(), "." | "..") && !decoded.contains('/'))
}

/// A collection's href as the client spells it, with the slash at its end.
pub fn with_slash(path: &str) -> String {
    if path.ends_with('/') { path.to_owned() } else { format!("{path}/") }
}

/// The path of an href that may be a whole URL, without query and fragment.
pub fn path_of_href(href: &str) -> &str {
    let after_authority = match href.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/"),
        None => href,
    };
    after_authority.split(['?', '#']).next().unwrap_or_default()
}

fn segment_of(raw: &str) -> Result<String, BadPath> {
    let broken = raw.split('%').skip(1).any(|after| !after.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)));
    if broken {
        return Err(BadPath("the path holds a percent sign that does not begin an encoded octet"));
    }
    let decoded = percent_decode_str(raw).decode_utf8().map_err(|_| BadPath("the path is not UTF-8"))?;
    if decoded.chars().any(char::is_control) {
        return Err(BadPath("the path holds a control character"));
    }
    if decoded.len() > SEGMENT_BYTES_MAX {
        return Err(BadPath("a segment of the path is longer than 255 octets"));
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Place {
        Paths::new("").read(path).unwrap()
    }

    #[test]
    fn shapes_are_read_with_and_without_the_last_slash() {
        assert_eq!(read("/"), Place::Root);
        assert_eq!(read("/dav"), Place::Root);
        assert_eq!(read("/dav/principals/ann/"), Place::Principal("ann".into()));
        assert_eq!(read("/dav/calendars/ann"), Place::Home("ann".into()));
        let object = Place::Object { home: "ann".into(), segment: "c".into(), name: "a b.ics".into() };
        assert_eq!(read("/dav/calendars/ann/c/a%20b.ics"), object);
        assert_eq!(read("//dav//calendars/ann/c//a b.ics"), object);
    }

    #[test]
    fn files_lie_at_any_depth_within_a_bound() {
        let place = |path: &[&str]| Place::File { home: "ann".into(), path: path.iter().map(|name| (*name).to_owned()).collect() };
        assert_eq!(read("/dav/files"), Place::FileHomes);
        assert_eq!(read("/dav/files/ann/"), place(&[]));
        assert_eq!(read("/dav/files/ann/a%20b/%C3%A9/100%25.txt"), place(&["a b", "é", "100%.txt"]));
        assert_eq!(read("/dav/files/ann/a/../b"), Place::Nowhere);
        assert!(Paths::new("").read(&format!("/dav/files/ann{}", "/a".repeat(65))).is_err());
    }

    #[test]
    fn tricks_lead_nowhere() {
        for path in [
            "/dav/calendars/ann/../bob/",
            "/dav/calendars/ann/%2e%2e/bob",
            "/dav/calendars/ann%2fc/",
            "/etc/passwd",
            "/dav/x/",
            "/dav/calendars/a/b/c/d",
        ] {
            assert_eq!(read(path), Place::Nowhere, "{path}");
        }
        for path in ["/dav/%00", "/dav/%zz", "/dav/%", "/dav/%ff"] {
            assert!(Paths::new("").read(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_prefix_is_whole_segments() {
        let paths = Paths::new("cal/");
        assert_eq!(paths.read("/cal/dav/principals/").unwrap(), Place::Principals);
        assert_eq!(paths.read("/calx/dav/").unwrap(), Place::Nowhere);
        assert_eq!(paths.home("ann"), "/cal/dav/calendars/ann/");
        assert!(paths.is_well_known("/.well-known/caldav") && paths.is_well_known("/cal/.well-known/caldav/"));
    }

    #[test]
    fn s9_hrefs_may_be_whole_urls() {
        assert_eq!(path_of_href("https://host:8443/dav/a.ics?x#y"), "/dav/a.ics");
        assert_eq!(path_of_href("/dav/a.ics"), "/dav/a.ics");
        assert_eq!(path_of_href("http://host"), "/");
    }
}
