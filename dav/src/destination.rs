//! Where COPY and MOVE lead: the headers `Destination` (RFC 4918 §10.3) and `Overwrite` (§10.6).

use http::HeaderMap;

use crate::precondition::Refusal;

/// RFC 4918 §10.3: an absolute URI, or an absolute path on the same host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// `host[:port]`, where it was named.
    pub authority: Option<String>,
    /// Encoded as sent, without query and fragment.
    pub path: String,
}

impl Destination {
    /// Reads the header, which must be there once.
    ///
    /// # Errors
    /// 400 if it is missing or no URI.
    pub fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut values = headers.get_all("destination").iter();
        let (Some(only), None) = (values.next(), values.next()) else {
            return Err(Refusal::bad_request("COPY and MOVE have one Destination (RFC 4918 §10.3)"));
        };
        let found = only.to_str().ok().and_then(|text| destination_in(text.trim()));
        found.ok_or_else(|| Refusal::bad_request("the Destination is an absolute URI or path, percent-encoded (RFC 4918 §10.3)"))
    }
}

fn destination_in(text: &str) -> Option<Destination> {
    let (authority, rest) = match text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) {
        Some(rest) => {
            let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len()))?;
            (Some(authority.to_ascii_lowercase()), path)
        }
        None => (None, text),
    };
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let is_path = path.starts_with('/') && !(authority.is_none() && path.starts_with("//")) && !path.contains(' ');
    let is_authority = authority.as_deref().is_none_or(|authority| !authority.is_empty() && !authority.contains('@'));
    (is_path && is_authority).then(|| Destination { authority, path: path.to_owned() })
}

/// RFC 4918 §10.6: `T` where nothing is said.
///
/// # Errors
/// 400 for anything but `T` and `F`.
pub fn overwrite(headers: &HeaderMap) -> Result<bool, Refusal> {
    match headers.get("overwrite").map(|value| value.as_bytes().trim_ascii()) {
        None | Some(b"T" | b"t") => Ok(true),
        Some(b"F" | b"f") => Ok(false),
        Some(_) => Err(Refusal::bad_request("Overwrite is T or F (RFC 4918 §10.6)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<(Option<String>, String)> {
        let headers = [(http::HeaderName::from_static("destination"), value.parse().unwrap())].into_iter().collect();
        Destination::read(&headers).ok().map(|destination| (destination.authority, destination.path))
    }

    #[test]
    fn rfc4918_s10_3_a_destination_is_an_absolute_uri_or_path() {
        let found = |authority: Option<&str>, path: &str| Some((authority.map(str::to_owned), path.to_owned()));
        assert_eq!(read("https://Host:8443/a%20b?x#y"), found(Some("host:8443"), "/a%20b"));
        assert_eq!(read(" /a/b/ "), found(None, "/a/b/"));
        for bad in ["", "a/b", "//host/a", "ftp://host/a", "http:///a", "http://host", "http://u@host/a", "/a b"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert!(Destination::read(&HeaderMap::new()).is_err());
    }

    #[test]
    fn rfc4918_s10_6_overwrite_is_t_or_f() {
        let read = |value: &str| overwrite(&[(http::HeaderName::from_static("overwrite"), value.parse().unwrap())].into_iter().collect());
        assert_eq!((read("T").unwrap(), read("F").unwrap(), overwrite(&HeaderMap::new()).unwrap()), (true, false, true));
        assert!(read("yes").is_err());
    }
}
