//! Addresses: what to listen on, and whom to trust.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// HTTP.
    Plain(SocketAddr),
    /// HTTP over TLS.
    Tls(SocketAddr),
    /// HTTP on a Unix socket.
    Socket(PathBuf),
}

impl Listen {
    /// The origin that a client on this machine reaches it at.
    pub fn origin(&self) -> Option<String> {
        (!matches!(self, Self::Socket(_))).then(|| self.to_string())
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(address) => write!(f, "http://{address}"),
            Self::Tls(address) => write!(f, "https://{address}"),
            Self::Socket(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            return Ok(Self::Socket(path.into()));
        }
        let wrong = || format!("has {text}: an address is HOST:PORT, https://HOST:PORT or unix:PATH, with HOST an IP address");
        match text.strip_prefix("https://") {
            Some(rest) => rest.parse().map(Self::Tls).map_err(|_| wrong()),
            None => text.strip_prefix("http://").unwrap_or(text).parse().map(Self::Plain).map_err(|_| wrong()),
        }
    }
}

/// A range of addresses, or whoever comes through a Unix socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Addresses { first: IpAddr, bits: u32 },
    Socket,
}

impl Network {
    /// Whether a peer is in it; those of Unix sockets have no address.
    pub fn has(&self, peer: Option<IpAddr>) -> bool {
        match (self, peer.map(|peer| peer.to_canonical())) {
            (Self::Socket, None) => true,
            (Self::Addresses { first: IpAddr::V4(first), bits }, Some(IpAddr::V4(peer))) => {
                let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
                first.to_bits() & mask == peer.to_bits() & mask
            }
            (Self::Addresses { first: IpAddr::V6(first), bits }, Some(IpAddr::V6(peer))) => {
                let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
                first.to_bits() & mask == peer.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "unix" {
            return Ok(Self::Socket);
        }
        let wrong = || format!("has {text}: a proxy is an IP address, a network such as 10.0.0.0/8, or unix");
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let first: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most {
            return Err(wrong());
        }
        Ok(Self::Addresses { first, bits })
    }
}

/// Which header proxies tell the client's address in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardedHeader {
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

impl FromStr for ForwardedHeader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "x-forwarded-for" => Ok(Self::XForwardedFor),
            "forwarded" => Ok(Self::Forwarded),
            _ => Err("must be x-forwarded-for or forwarded".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        let has = |network: &str, peer: &str| network.parse::<Network>().unwrap().has(peer.parse().ok());
        assert!(has("10.0.0.0/8", "10.255.0.1") && !has("10.0.0.0/8", "11.0.0.1"));
        assert!(has("0.0.0.0/0", "8.8.8.8") && !has("0.0.0.0/0", "::1"));
        assert!(has("127.0.0.1", "::ffff:127.0.0.1") && !has("127.0.0.1", "127.0.0.2"));
        assert!(has("2001:db8::/32", "2001:db8:1::5") && !has("2001:db8::/32", "2001:db9::"));
        assert!(has("::/0", "::1") && has("unix", "") && !has("::1", ""));
        for bad in ["", "10.0.0.0/", "10.0.0.0/33", "::/129", "example.org", "10.0.0.0/-1"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}
