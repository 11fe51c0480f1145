//! Who the client behind a proxy is: `X-Forwarded-For` or RFC 7239 `Forwarded`, of which one is configured, because a proxy that writes the
//! one hands on what a client made up in the other.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use crate::config::{ForwardedHeader, Reloadable};

/// Whether a peer is a proxy whose word is taken.
pub fn is_trusted(settings: &Reloadable, peer: Option<IpAddr>) -> bool {
    settings.trusted_proxies.iter().any(|network| network.has(peer))
}

/// The address of the client as far as it can be believed: the peer's, or if that is a trusted proxy what it says, and so on. `None` for a
/// peer on a Unix socket that says nothing.
pub fn client_address(settings: &Reloadable, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
    let trusts = |address| is_trusted(settings, address);
    let mut client = peer;
    if !trusts(client) {
        return client;
    }
    // The last hop is the one that the nearest proxy saw.
    for hop in hops(settings.forwarded_header, headers).into_iter().rev() {
        let Some(address) = hop else { break };
        client = Some(address);
        if !trusts(client) {
            break;
        }
    }
    client
}

/// Every hop that is named, in order; `None` for one that hides.
fn hops(header: ForwardedHeader, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let name = match header {
        ForwardedHeader::XForwardedFor => "x-forwarded-for",
        ForwardedHeader::Forwarded => "forwarded",
    };
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let elements = values.flat_map(|value| value.split(','));
    match header {
        ForwardedHeader::XForwardedFor => elements.map(address).collect(),
        ForwardedHeader::Forwarded => elements.map(|element| address(for_parameter(element)?)).collect(),
    }
}

/// `for=192.0.2.43;proto=https`, `For="[2001:db8::1]:4711"` (RFC 7239 §4).
fn for_parameter(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    })
}

/// An address, in brackets or quotes, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Origin, Overrides};

    fn client(keys: &[(&str, &str)], peer: &str, headers: &[(&'static str, &str)]) -> String {
        let keys = keys.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned(), Origin::Flag)).collect();
        let settings = Config::read(&Overrides { file: None, keys }).unwrap().reloadable;
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        client_address(&settings, peer.parse().ok(), &map).map_or_else(|| "nobody".to_owned(), |address| address.to_string())
    }

    #[test]
    fn only_proxies_that_are_configured_are_believed() {
        let made_up = [("x-forwarded-for", "203.0.113.9")];
        assert_eq!(client(&[], "127.0.0.1", &made_up), "127.0.0.1");
        let proxy = [("http.trusted_proxies", "127.0.0.1, 10.0.0.0/8")];
        assert_eq!(client(&proxy, "127.0.0.1", &made_up), "203.0.113.9");
        assert_eq!(client(&proxy, "192.0.2.1", &made_up), "192.0.2.1");
        // What the client itself sent stands before what the proxies saw.
        assert_eq!(client(&proxy, "127.0.0.1", &[("x-forwarded-for", "1.1.1.1, 203.0.113.9, 10.0.0.7")]), "203.0.113.9");
        assert_eq!(client(&proxy, "127.0.0.1", &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.9")]), "203.0.113.9");
        assert_eq!(client(&proxy, "127.0.0.1", &[("x-forwarded-for", "1.1.1.1, nonsense")]), "127.0.0.1");
        assert_eq!(client(&proxy, "127.0.0.1", &[("forwarded", "for=203.0.113.9")]), "127.0.0.1");
        assert_eq!(client(&[("http.trusted_proxies", "unix")], "", &made_up), "203.0.113.9");
    }

    #[test]
    fn rfc7239_s4_forwarded_is_read_where_it_is_configured() {
        let proxy = [("http.trusted_proxies", "127.0.0.1"), ("http.forwarded_header", "forwarded")];
        for (value, expected) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
            ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("for=192.0.2.43, for=198.51.100.17", "198.51.100.17"),
            ("for=192.0.2.43, for=_hidden", "127.0.0.1"),
            ("proto=https", "127.0.0.1"),
        ] {
            assert_eq!(client(&proxy, "127.0.0.1", &[("forwarded", value), ("x-forwarded-for", "9.9.9.9")]), expected, "{value}");
        }
    }
}
