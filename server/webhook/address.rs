//! Where webhooks may go. A receiver is named by whoever has a token; what it names must not be this machine or its neighbours. So a
//! name is looked up here, every address of it is looked at, and the connection is made to those very addresses and to no other: a name
//! that means something else a moment later leads nowhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::error::{Error, Result};

const LONGEST: usize = 2000;

/// What may not be connected to; why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("its address is private")]
    Private,
    #[error("its address is public, where only https is sent to")]
    Plain,
}

/// Looks names up, and gives no address that may not be connected to.
#[derive(Debug, Default)]
pub struct Guard {
    inner: DefaultResolver,
    /// Private ones may be, too.
    to_private: bool,
}

impl Guard {
    pub fn new(to_private: bool) -> Self {
        Self { inner: DefaultResolver::default(), to_private }
    }
}

impl Resolver for Guard {
    fn resolve(&self, uri: &Uri, config: &Config, left: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, left)?;
        let plain = uri.scheme_str() != Some("https");
        check(&found, plain, self.to_private).map_err(|refused| ureq::Error::Other(Box::new(refused)))?;
        Ok(found)
    }
}

/// One address that may not be is enough: nobody can say which of them a connection would take.
fn check(found: &[SocketAddr], plain: bool, to_private: bool) -> Result<(), Refused> {
    let is_public = |address: &SocketAddr| is_public(address.ip());
    if !to_private && !found.iter().all(is_public) {
        return Err(Refused::Private);
    }
    if plain && found.iter().any(is_public) {
        return Err(Refused::Plain);
    }
    Ok(())
}

/// Whether an address is anybody's on the Internet: not this machine, its network, or one of those that stand for something else (the
/// registries of special-purpose addresses, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

const fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0 | 10 | 127 | 224.., ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    )
}

/// Global unicast (2000::/3) alone, without what is tunnelled or given out as an example: an IPv4 address in there is anybody's guess.
const fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // 2001::/23 for protocols, among them Teredo; 2001:db8::/32 and 3fff::/20 for examples; 2002::/16 for 6to4.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// Reads the address of a receiver. What a name stands for is looked at whenever something is sent there.
pub fn parse(text: &str, to_private: bool) -> Result<String> {
    let wrong = |reason: &str| Error::invalid("url", reason);
    let expected = || wrong("expected an address such as https://crm.example.no/samtykke");
    if text.len() > LONGEST || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(wrong("expected at most 2000 characters, all of them ASCII, without spaces"));
    }
    if text.contains('#') {
        return Err(wrong("a part after # is sent to nobody"));
    }
    let uri: Uri = text.parse().map_err(|_| expected())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(expected()) };
    match scheme {
        "https" => {}
        "http" if to_private => {}
        "http" => return Err(wrong("expected https: what is told is for the receiver alone")),
        _ => return Err(expected()),
    }
    if authority.as_str().contains('@') {
        return Err(wrong("a name and a password have no place in it: the signature says who sends"));
    }
    let port = authority.as_str().rsplit_once(':').map(|(_, port)| port).filter(|port| !port.contains(']'));
    let host = authority.host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let known = bare.parse::<IpAddr>().ok();
    if port.is_some_and(|_| authority.port_u16().is_none_or(|port| port == 0)) || known.is_none() && !is_name(host) {
        return Err(expected());
    }
    let local =
        matches!(bare.trim_end_matches('.').rsplit('.').next(), Some(last) if last.eq_ignore_ascii_case("localhost"));
    if !to_private && (local || known.is_some_and(|address| !is_public(address))) {
        return Err(wrong("its address is private, and this service sends to none of those"));
    }
    if scheme == "http" && known.is_some_and(is_public) {
        return Err(wrong("expected https: its address is public"));
    }
    Ok(text.to_owned())
}

/// A host name: labels of letters, digits and hyphens (RFC 1123), and underscores as some have them.
fn is_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let good = |label: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(plain) && !label.starts_with('-') && !label.ends_with('-')
    };
    host.len() <= 253 && host.split('.').all(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(addresses: &[&str]) -> Vec<SocketAddr> {
        addresses.iter().map(|address| SocketAddr::new(address.parse().expect(address), 443)).collect()
    }

    #[test]
    fn only_addresses_of_the_internet_are_sent_to() {
        for private in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert_eq!(check(&at(&[private]), false, false), Err(Refused::Private), "{private}");
            assert_eq!(check(&at(&["93.184.215.14", private]), false, false), Err(Refused::Private), "one of two");
            assert_eq!(check(&at(&[private]), true, true), Ok(()), "{private}, where that is allowed");
        }
        for public in [
            "1.1.1.1",
            "93.184.215.14",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.254",
            "::ffff:1.1.1.1",
            "2001:200::1",
            "2606:4700::1111",
            "2a00:1450::1",
            "3ffe::1",
        ] {
            assert_eq!(check(&at(&[public]), false, false), Ok(()), "{public}");
            assert_eq!(check(&at(&[public]), true, true), Err(Refused::Plain), "{public} in clear");
            assert_eq!(check(&at(&["10.0.0.1", public]), true, true), Err(Refused::Plain), "one of two in clear");
        }
    }

    #[test]
    fn an_address_says_https_and_a_host_and_nothing_of_who_sends() {
        for good in [
            "https://crm.example.no",
            "https://crm.example.no/samtykke?key=1",
            "https://crm.example.no:8443/",
            "https://1.1.1.1/a",
            "https://[2606:4700::1111]:8443/a",
        ] {
            assert_eq!(parse(good, false).expect(good), good);
        }
        for wrong in [
            "",
            "crm.example.no",
            "/a",
            "ftp://crm.example.no",
            "https://",
            "https:///a",
            "https://a b/",
            "https://å.no/",
            "http://crm.example.no/",
            "https://kari:hemmelig@crm.example.no/",
            "https://kari@crm.example.no/",
            "https://crm.example.no/#a",
            "https://crm.example.no:0/",
            "https://crm.example.no:99999/",
            "https://-a.no/",
            "https://a..no/",
            "https://127.0.0.1/",
            "https://10.1.2.3/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest",
            "https://localhost/",
            "https://a.LOCALHOST:99/",
            "https://localhost./",
            "https://crm.example.no:/",
        ] {
            assert!(parse(wrong, false).is_err(), "{wrong}");
        }
        assert!(parse(&format!("https://a.no/{}", "a".repeat(2000)), false).is_err());
        for good in ["http://127.0.0.1:9000/", "http://crm.internal/", "https://localhost/", "https://[fd00::1]/"] {
            assert_eq!(parse(good, true).expect(good), good);
        }
        assert!(parse("http://1.1.1.1/", true).is_err(), "in clear to the Internet");
    }
}
