//! Addresses of other machines: read from text, and judged.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hyper::Uri;

use crate::outgoing::OutgoingError;

/// Where a request goes: `http` or `https`, a host, a port, a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    is_tls: bool,
    host: String,
    port: u16,
    path: String,
}

impl Place {
    /// Reads an address such as `http://127.0.0.1:8081` or `https://example.org/models/a.gguf`.
    ///
    /// # Errors
    /// [`OutgoingError::Address`] with the rest of a sentence that begins "the address".
    pub fn parse(text: &str) -> Result<Self, OutgoingError> {
        let wrong = OutgoingError::Address;
        let text = text.trim();
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        let uri: Uri = text.parse().map_err(|_| wrong("is not one that can be read"))?;
        let is_tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong("must begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or(wrong("names no server"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("must not hold a name or password"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(wrong("names no server"));
        }
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { is_tls, host, port, path: if path.is_empty() { "/".to_owned() } else { path } })
    }

    /// The same server with another path. `path` begins with a slash; a path that the address ends with stands before.
    pub fn below(&self, path: &str) -> Self {
        let base = self.path.split('?').next().unwrap_or_default().trim_end_matches('/');
        Self { path: format!("{base}{path}"), ..self.clone() }
    }

    /// The same server with a path that stands beside the end of this one: `/v1` taken away, `/props` added.
    pub fn beside(&self, end: &str, path: &str) -> Self {
        let base = self.path.trim_end_matches('/');
        Self { path: format!("{}{path}", base.strip_suffix(end).unwrap_or(base)), ..self.clone() }
    }

    /// Where a `Location` header leads from here.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn follow(&self, location: &str) -> Result<Self, OutgoingError> {
        if location.starts_with('/') && !location.starts_with("//") {
            let host = self.authority();
            let scheme = if self.is_tls { "https" } else { "http" };
            return Self::parse(&format!("{scheme}://{host}{location}"));
        }
        Self::parse(location)
    }

    /// Whether the way there is encrypted and the server proves who it is.
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Whether it is this machine, by a number or by the name `localhost`.
    pub fn is_loopback(&self) -> bool {
        let number = self.host.parse::<IpAddr>();
        self.host.eq_ignore_ascii_case("localhost") || number.is_ok_and(|ip| ip.is_loopback())
    }

    /// Name or number of the server.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path and query.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Server and port as the header `Host` has them.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match (self.is_tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    /// The whole address, as text.
    pub fn address(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority(), self.path)
    }

    /// Server and port for people.
    pub fn shown(&self) -> String {
        self.authority()
    }
}

/// Whether anything is ever sent to this address.
///
/// Not to the link (`169.254.0.0/16`, `fe80::/10`), where clouds answer with secrets to whoever asks, nor to the other
/// addresses known for that, nor to many at once, nor to nobody (`0.0.0.0` reaches this machine by a back door).
pub fn may_reach(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => may_reach_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(inner) => may_reach_v4(inner),
            // Through NAT64 an IPv4 address stands in the last four bytes.
            None if ip.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0] => {
                let [.., a, b, c, d] = ip.octets();
                may_reach_v4(Ipv4Addr::new(a, b, c, d))
            }
            None => {
                let metadata = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
                !(ip.is_unspecified() || ip.is_multicast() || ip.is_unicast_link_local() || ip == metadata)
            }
        },
    }
}

fn may_reach_v4(ip: Ipv4Addr) -> bool {
    let metadata = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];
    !(ip.octets()[0] == 0
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || metadata.contains(&ip))
}
