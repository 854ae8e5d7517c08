//! Where the service is reached from outside: what links in letters begin with. It is no path, so that a link says no more than it must,
//! and it is encrypted but for a machine that talks to itself.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::domain;

/// `https://samtykke.example.no`, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The address of a page of a site; `rest` is what follows `/v1/sites/{site}/`.
    pub fn of_site(&self, site: &str, rest: &str) -> String {
        format!("{}/v1/sites/{site}/{rest}", self.0)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase();
        let expected = || "expected https://HOST without a path, or http:// on this machine itself".to_owned();
        let (scheme, place) = url.split_once("://").ok_or_else(expected)?;
        let host = domain::host(&url);
        let port = place.strip_prefix(host).ok_or_else(expected)?;
        let port_is_good = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
        let good = match scheme {
            "https" => is_host(host),
            "http" => is_loopback(host),
            _ => false,
        };
        if good && port_is_good { Ok(Self(url)) } else { Err(expected()) }
    }
}

fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        let plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        plain && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    address(host).is_some() || host.split('.').all(label)
}

/// Whether nobody but this machine is there.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || address(host).is_some_and(|address| address.is_loopback())
}

fn address(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_that_is_spoken_to_in_private() {
        let check = |text: &str, expected: Option<&str>| {
            let read = text.parse::<PublicUrl>().ok().map(|url| url.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        };
        check("https://samtykke.example.no", Some("https://samtykke.example.no"));
        check("https://Samtykke.Example.no/", Some("https://samtykke.example.no"));
        check("https://samtykke.example.no:8443", Some("https://samtykke.example.no:8443"));
        check("http://127.0.0.1:8080", Some("http://127.0.0.1:8080"));
        check("http://localhost:8080/", Some("http://localhost:8080"));
        check("http://[::1]:8080", Some("http://[::1]:8080"));
        for wrong in [
            "",
            "samtykke.example.no",
            "http://samtykke.example.no",
            "ftp://localhost",
            "https://",
            "https://example.no/samtykke",
            "https://example.no?x=1",
            "https://kari:secret@example.no",
            "https://example.no:",
            "https://example.no:99999",
            "https://example..no",
            "https://[::1",
            "https://a\"b.no",
        ] {
            check(wrong, None);
        }
        let url: PublicUrl = "https://example.no".parse().expect("an address");
        assert_eq!(url.of_site("shop", "confirm?t=x"), "https://example.no/v1/sites/shop/confirm?t=x");
    }
}
