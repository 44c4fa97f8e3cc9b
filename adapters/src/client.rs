//! Where a request comes from: the peer, or behind proxies that are trusted, whom the last of them saw.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use actix_web::{HttpRequest, dev::RequestHead, http::header::HeaderMap};

/// The proxies in front of the server.
#[derive(Debug, Clone)]
pub struct Proxies {
    /// Whose word counts.
    pub trusted: Vec<Network>,
    /// Where they write it.
    pub header: ProxyHeader,
}

crate::choices! {
    /// The header in which proxies name the client. Only one is read: a proxy that writes the one hands the other on as the
    /// client made it up.
    pub enum ProxyHeader {
        /// The list that nearly every proxy keeps.
        XForwardedFor = "x-forwarded-for",
        /// RFC 7239.
        Forwarded = "forwarded",
    }
}

impl Proxies {
    /// The address of the client, of IPv6 its network of 64 bits: what one subscriber has (RFC 6177).
    ///
    /// Who is no trusted proxy is the client. A trusted one names whom it saw at the end of the header, and if that is a
    /// trusted one as well, so did that one before. Where the list breaks off or cannot be read, the last proxy that can be
    /// told apart stands for the client.
    pub fn client(&self, request: &HttpRequest) -> IpAddr {
        self.client_of(request.head())
    }

    /// [`Proxies::client`] of a request that no router has seen.
    pub fn client_of(&self, request: &RequestHead) -> IpAddr {
        // Only a request that came over no socket has no peer.
        let peer = request.peer_addr.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical());
        network(if self.trusts(peer) { self.behind(peer, request.headers()) } else { peer })
    }

    fn behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let (name, read): (_, fn(&str) -> Option<IpAddr>) = match self.header {
            ProxyHeader::XForwardedFor => ("x-forwarded-for", node),
            ProxyHeader::Forwarded => ("forwarded", forwarded_for),
        };
        let values: Vec<_> = headers.get_all(name).map(|value| value.to_str().unwrap_or_default()).collect();
        let mut nearest = peer;
        for hop in values.iter().rev().flat_map(|value| value.rsplit(',')) {
            let Some(address) = read(hop.trim()) else { break };
            nearest = address;
            if !self.trusts(address) {
                break;
            }
        }
        nearest
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.holds(address))
    }
}

/// What one subscriber has as addresses: of IPv6 a network of 64 bits.
pub fn network(address: IpAddr) -> IpAddr {
    const NETWORK: u128 = !0 << 64;
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK).into(),
        address @ IpAddr::V4(_) => address,
    }
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn node(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse().ok().map(|node: SocketAddr| node.ip()))?;
    Some(IpAddr::to_canonical(&address))
}

/// The `for` of an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    node(value.trim_matches('"'))
}

/// A network in the notation of CIDR; an address alone is a network of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros() >= self.bits,
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros() >= self.bits,
            _ => false,
        }
    }

    fn widest(address: IpAddr) -> u32 {
        if address.is_ipv4() { Ipv4Addr::BITS } else { Ipv6Addr::BITS }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.bits == Self::widest(self.address) {
            return self.address.fmt(f);
        }
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// Text that is no network; its message follows the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotANetwork {
    /// Not an address with an optional length.
    #[error("is not an address or a network; write one such as \"127.0.0.1\" or \"10.0.0.0/8\"")]
    Form,
    /// There are addresses before the one that is given.
    #[error("has bits behind its length; write \"{0}\"")]
    Bits(Network),
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().map_err(|_| NotANetwork::Form)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork::Form)?;
        let widest = Self::widest(address);
        let bits = bits.unwrap_or(widest);
        if bits > widest {
            return Err(NotANetwork::Form);
        }
        let first: IpAddr = match address {
            IpAddr::V4(own) => Ipv4Addr::from_bits(own.to_bits() & !u32::MAX.checked_shr(bits).unwrap_or(0)).into(),
            IpAddr::V6(own) => Ipv6Addr::from_bits(own.to_bits() & !u128::MAX.checked_shr(bits).unwrap_or(0)).into(),
        };
        if first == address {
            Ok(Self { address, bits })
        } else {
            Err(NotANetwork::Bits(Self { address: first, bits }))
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn client(header: ProxyHeader, peer: &str, headers: &[(&str, &str)]) -> String {
        let trusted = ["127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48"].map(|text| text.parse().unwrap()).to_vec();
        let mut request = TestRequest::default().peer_addr(SocketAddr::new(peer.parse().unwrap(), 1));
        for header in headers {
            request = request.append_header(*header);
        }
        Proxies { trusted, header }.client(&request.to_http_request()).to_string()
    }

    fn listed(peer: &str, list: &str) -> String {
        client(ProxyHeader::XForwardedFor, peer, &[("X-Forwarded-For", list)])
    }

    #[test]
    fn only_a_trusted_peer_is_believed() {
        assert_eq!(listed("192.0.2.1", "198.51.100.1"), "192.0.2.1");
        assert_eq!(listed("127.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(listed("::ffff:127.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(client(ProxyHeader::XForwardedFor, "127.0.0.1", &[]), "127.0.0.1");
    }

    #[test]
    fn the_last_address_that_is_not_trusted_counts() {
        assert_eq!(listed("127.0.0.1", "203.0.113.9, 198.51.100.1"), "198.51.100.1");
        assert_eq!(listed("127.0.0.1", "203.0.113.9, 198.51.100.1, 10.1.2.3"), "198.51.100.1");
        assert_eq!(listed("127.0.0.1", "10.0.0.7,10.1.2.3"), "10.0.0.7");
        let lines = [("X-Forwarded-For", "203.0.113.9"), ("x-forwarded-for", "198.51.100.1 , 10.1.2.3")];
        assert_eq!(client(ProxyHeader::XForwardedFor, "10.0.0.1", &lines), "198.51.100.1");
    }

    #[test]
    fn a_list_that_cannot_be_read_ends_at_the_proxy_that_handed_it_on() {
        for list in ["", "unknown", "198.51.100.1, ", "198.51.100.1, _hidden", "198.51.100.1, \u{e4}"] {
            assert_eq!(listed("127.0.0.1", list), "127.0.0.1", "{list:?}");
        }
        assert_eq!(listed("127.0.0.1", "junk, 10.1.2.3"), "10.1.2.3");
    }

    #[test]
    fn ports_and_brackets_do_not_count_and_ipv6_is_a_network() {
        assert_eq!(listed("127.0.0.1", "198.51.100.1:4711"), "198.51.100.1");
        assert_eq!(listed("127.0.0.1", "[2001:db8::5]:4711"), "2001:db8::");
        assert_eq!(listed("127.0.0.1", "2001:db8:0:1:9::5"), "2001:db8:0:1::");
        assert_eq!(listed("2001:db8:1::9", "::ffff:198.51.100.1"), "198.51.100.1");
        assert_eq!(listed("2001:db8:2::9", "198.51.100.1"), "2001:db8:2::");
    }

    #[test]
    fn of_the_two_headers_one_is_read() {
        let both = [
            ("X-Forwarded-For", "203.0.113.1"),
            ("Forwarded", "for=203.0.113.9, For=\"[2001:db8::5]:47\";proto=https;by=10.0.0.2"),
        ];
        assert_eq!(client(ProxyHeader::XForwardedFor, "10.0.0.1", &both), "203.0.113.1");
        assert_eq!(client(ProxyHeader::Forwarded, "10.0.0.1", &both), "2001:db8::");
        assert_eq!(client(ProxyHeader::Forwarded, "10.0.0.1", &[("Forwarded", "for=unknown")]), "10.0.0.1");
    }

    #[test]
    fn networks_are_read_and_written() {
        for text in ["127.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "2001:db8::/32", "::/0"] {
            assert_eq!(text.parse::<Network>().map(|network| network.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "localhost", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "::1/129"] {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork::Form), "{text}");
        }
        let message = "10.0.0.1/8".parse::<Network>().unwrap_err().to_string();
        assert_eq!(message, "has bits behind its length; write \"10.0.0.0/8\"");
    }
}
