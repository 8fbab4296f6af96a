//! Which `Host` a request may name (SR-01): the defence against DNS rebinding.
//!
//! A page of another site can make its own name point at this machine. Its requests then reach us with that
//! name in `Host`, so everything that does not name us exactly is refused with 421 before routing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use poem::http::{HeaderMap, Uri, header};

/// The names this program answers to, and the port it is bound to.
#[derive(Clone, Debug)]
pub struct Hosts {
    names: Vec<String>,
    bound: SocketAddr,
}

/// A host and port, normalised so that two spellings of one authority are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    host: Name,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Word(String),
    Address(IpAddr),
}

const HTTP_PORT: u16 = 80;

impl Hosts {
    /// The names of a listener bound to `bound`, besides `localhost`, `127.0.0.1`, `[::1]` and the address a
    /// connection came in on. `names` are configured names without port.
    pub fn new(bound: SocketAddr, names: &[String]) -> Self {
        let names = names.iter().map(|name| name.trim_end_matches('.').to_ascii_lowercase()).collect();
        Self { names, bound }
    }

    /// The address to show to people, as in `http://127.0.0.1:5757`. The numeric form has fewer co-tenants than
    /// `localhost` (SR-14).
    pub fn canonical(&self) -> String {
        let ip = match self.bound.ip() {
            ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        format!("http://{}", SocketAddr::new(ip, self.bound.port()))
    }

    /// Whether other machines can reach the listener, in clear.
    pub fn is_lan(&self) -> bool {
        !self.bound.ip().is_loopback()
    }

    /// The authority a request names, when it is one of ours; `None` asks for 421.
    ///
    /// `local` is the address the connection came in on. Missing, doubled or unreadable `Host`, and an absolute
    /// request target that disagrees with it, are all refused.
    pub fn accept(&self, uri: &Uri, headers: &HeaderMap, local: Option<IpAddr>) -> Option<Authority> {
        let mut values = headers.get_all(header::HOST).iter();
        let named = Authority::parse(values.next()?.to_str().ok()?)?;
        if values.next().is_some() {
            return None;
        }
        if let Some(target) = uri.authority() {
            let scheme_is_ours = uri.scheme_str().is_none_or(|scheme| scheme.eq_ignore_ascii_case("http"));
            if !scheme_is_ours || Authority::parse(target.as_str())? != named {
                return None;
            }
        }
        (named.port == self.bound.port() && self.knows(&named.host, local)).then_some(named)
    }

    fn knows(&self, host: &Name, local: Option<IpAddr>) -> bool {
        match host {
            Name::Word(word) => word == "localhost" || self.names.contains(word),
            Name::Address(ip) if ip.is_unspecified() => false,
            Name::Address(ip) => {
                *ip == IpAddr::V4(Ipv4Addr::LOCALHOST)
                    || *ip == IpAddr::V6(Ipv6Addr::LOCALHOST)
                    || local.is_some_and(|local| local.to_canonical() == *ip)
                    || self.names.contains(&ip.to_string())
            }
        }
    }
}

impl Authority {
    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`. Nothing else: no user part, no zone, no odd number forms.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, after) = rest.split_once(']')?;
                let address: Ipv6Addr = address.parse().ok()?;
                let port = if after.is_empty() { None } else { Some(after.strip_prefix(':')?) };
                (Name::Address(IpAddr::V6(address)), port)
            }
            None => {
                let (host, port) = match text.split_once(':') {
                    Some((host, port)) => (host, Some(port)),
                    None => (text, None),
                };
                (Name::parse(host)?, port)
            }
        };
        let port = match port {
            None => HTTP_PORT,
            Some(digits) => {
                let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
                digits.parse().ok().filter(|_| plain)?
            }
        };
        Some(Self { host, port })
    }

    /// Reads an `Origin` header; `None` for `null` and for anything that is not plain `http://authority`.
    pub fn from_origin(origin: &str) -> Option<Self> {
        Self::parse(origin.strip_prefix("http://")?)
    }
}

impl Name {
    fn parse(host: &str) -> Option<Self> {
        let host = host.strip_suffix('.').unwrap_or(host);
        let well_formed = !host.is_empty()
            && host.len() <= 253
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
        if !well_formed {
            return None;
        }
        Some(match host.parse::<Ipv4Addr>() {
            Ok(address) => Self::Address(IpAddr::V4(address)),
            Err(_) => Self::Word(host.to_ascii_lowercase()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(port: u16, host: &str, local: &str) -> bool {
        let hosts =
            Hosts::new(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port), &["diary.lan.".to_owned()]);
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, host.parse().expect("a header value"));
        hosts.accept(&Uri::from_static("/"), &headers, local.parse().ok()).is_some()
    }

    #[test]
    fn a_missing_port_means_eighty() {
        assert!(accepts(80, "localhost", "127.0.0.1"));
        assert!(accepts(80, "[::1]", "127.0.0.1"));
        assert!(!accepts(5757, "localhost", "127.0.0.1"));
        assert!(!accepts(80, "localhost:", "127.0.0.1"));
    }

    #[test]
    fn an_address_counts_when_the_connection_came_in_on_it() {
        assert!(accepts(5757, "192.168.1.4:5757", "192.168.1.4"));
        assert!(accepts(5757, "192.168.1.4:5757", "::ffff:192.168.1.4"));
        assert!(!accepts(5757, "192.168.1.5:5757", "192.168.1.4"));
        assert!(!accepts(5757, "0.0.0.0:5757", "0.0.0.0"));
        assert!(accepts(5757, "DIARY.lan:5757", "192.168.1.4"));
    }
}
