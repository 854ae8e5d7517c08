//! The client's address: used here to keep one sender from drowning the others and to find where they are, and dropped here
//! (invariant 4).

use std::net::{IpAddr, Ipv6Addr};

use actix_web::HttpRequest;
use ipnet::IpNet;

use crate::error::Result;
use crate::limit::Limit;
use crate::place::Place;
use crate::regime::Found;
use crate::region::Regions;

/// Who a limit counts: an IPv4 address, or the /64 that one IPv6 customer has.
pub(super) type Sender = u128;

pub struct Addresses {
    pages: Limit<Sender>,
    refused: Limit<Sender>,
    trusted: Vec<IpNet>,
    regions: Regions,
    /// Where a trusted proxy says the place.
    header: Option<String>,
}

impl Addresses {
    /// What an address may send a minute: from a page, and to the API without a token that holds. Only `trusted` peers are believed about
    /// whom they speak for.
    pub fn new(pages: u32, refused: u32, trusted: Vec<IpNet>, regions: Regions, header: Option<String>) -> Self {
        Self { pages: Limit::new("address", pages), refused: Limit::new("address", refused), trusted, regions, header }
    }

    /// Counts a request from a page against its sender.
    pub fn count(&self, request: &HttpRequest) -> Result<()> {
        self.take(&self.pages, request)
    }

    /// The same of a request to the API that no token opened. Whoever has one is not kept out by others at the same address.
    pub fn count_refused(&self, request: &HttpRequest) -> Result<()> {
        self.take(&self.refused, request)
    }

    fn take(&self, limit: &Limit<Sender>, request: &HttpRequest) -> Result<()> {
        let Some(sender) = self.sender(request) else { return Ok(()) };
        limit.take(&sender, 1).map(drop)
    }

    /// Who a limit counts this request against.
    pub(super) fn sender(&self, request: &HttpRequest) -> Option<Sender> {
        self.client_of(request).map(sender)
    }

    /// Where the sender of a request is, and how that was found; `None` where it is not known. A trusted proxy that says the place
    /// has the last word: what it does not know (Tor, for one) is not guessed from the address.
    pub fn place(&self, request: &HttpRequest) -> Option<(Place, Found)> {
        let peer = request.peer_addr()?.ip();
        let said: Vec<_> = self.header.iter().flat_map(|name| request.headers().get_all(name.as_str())).collect();
        if self.trusts(peer) && !said.is_empty() {
            // Of several the visitor may have sent one.
            let [one] = said.as_slice() else { return None };
            return Some((Place::parse(one.to_str().ok()?)?, Found::Header));
        }
        let client = self.client_of(request)?;
        // A proxy that does not say whom it speaks for: where it stands itself tells nothing of the visitor.
        if self.trusts(client) {
            return None;
        }
        Some((self.regions.find(client)?, Found::Database))
    }

    fn client_of(&self, request: &HttpRequest) -> Option<IpAddr> {
        let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
        Some(self.client(request.peer_addr()?.ip(), &forwarded.collect::<Vec<_>>().join(",")))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|net| net.contains(&address.to_canonical()))
    }

    /// The nearest address that is not one of our own proxies. What stands further left was written by who knows whom.
    fn client(&self, peer: IpAddr, forwarded: &str) -> IpAddr {
        let mut client = peer;
        for hop in forwarded.rsplit(',').map(str::trim) {
            if !self.trusts(client) {
                break;
            }
            let Ok(address) = hop.parse::<IpAddr>() else { break };
            client = address;
        }
        client.to_canonical()
    }
}

fn sender(address: IpAddr) -> Sender {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => Ipv6Addr::to_bits(v6) >> 64 << 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed_and_only_from_the_right() {
        let trusted = vec!["10.0.0.0/8".parse().expect("a network"), "::1/128".parse().expect("a network")];
        let addresses = Addresses::new(0, 0, trusted, Regions::default(), None);
        let check = |peer: &str, forwarded: &str, client: &str| {
            let found = addresses.client(peer.parse().expect("an address"), forwarded);
            assert_eq!(found.to_string(), client, "{peer} for {forwarded:?}");
        };
        check("203.0.113.9", "198.51.100.1", "203.0.113.9");
        check("10.0.0.1", "", "10.0.0.1");
        check("10.0.0.1", "198.51.100.1", "198.51.100.1");
        check("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1");
        check("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1");
        check("::1", "junk, ::ffff:198.51.100.1", "198.51.100.1");
        check("10.0.0.1", "198.51.100.1, junk", "10.0.0.1");
    }

    #[test]
    fn a_customer_with_a_whole_network_is_one_sender() {
        let of = |address: &str| sender(address.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
