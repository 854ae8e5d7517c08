//! Which hosts share a choice: those below one registrable domain (by the public suffix list, private suffixes such as github.io
//! among them), where a cookie can stand for all of them. It never stands for a suffix that strangers share.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// The host of an origin such as `https://www.example.no:8443`, or of a `Host` header.
pub fn host(origin: &str) -> &str {
    let place = origin.split_once("://").map_or(origin, |(_, place)| place);
    match place.find(']') {
        // An IPv6 address keeps its colons.
        Some(end) if place.starts_with('[') => &place[..=end],
        _ => place.split(':').next().unwrap_or_default(),
    }
}

/// The shortest domain above a host that one owner has. An address has none, nor has a single label or a public suffix.
fn registrable(host: &str) -> Option<&str> {
    let address = host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok();
    if address { None } else { psl::domain_str(host) }
}

fn lies_under(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The domains that a site's choice is shared on when its file does not say: those that two or more of its hosts lie under.
pub fn shared(origins: &[String]) -> Vec<String> {
    let mut hosts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for host in origins.iter().map(|origin| host(origin)) {
        if let Some(domain) = registrable(host) {
            hosts.entry(domain).or_default().insert(host);
        }
    }
    hosts.into_iter().filter(|(_, hosts)| hosts.len() > 1).map(|(domain, _)| domain.to_owned()).collect()
}

/// What is wrong with `cookie_domains` of a site file, each with its key.
pub fn check(domains: &[String], origins: &[String]) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    for (i, domain) in domains.iter().enumerate() {
        let mut say = |reason: &str| wrong.push((format!("cookie_domains.{i}"), reason.to_owned()));
        let label = |label: &str| {
            let plain = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            plain && !label.is_empty()
        };
        if !domain.contains('.') || !domain.split('.').all(label) || domain.parse::<Ipv4Addr>().is_ok() {
            say("expected a domain in small letters, such as \"example.no\"");
        } else if registrable(domain).is_none() {
            say("is a public suffix: strangers have sites below it, and no cookie can be set on it");
        } else if !origins.iter().any(|origin| lies_under(host(origin), domain)) {
            say("none of the site's origins lies under it");
        } else if domains.iter().enumerate().any(|(j, other)| i != j && lies_under(domain, other)) {
            say("lies under another one of them, or is there twice");
        }
    }
    wrong
}

/// Whether the service may set the choice cookie of a page, and on which domain; `Some(None)`: on the one host that is both.
pub fn cookie<'a>(domains: &'a [String], page: &str, service: &str) -> Option<Option<&'a str>> {
    match domains.iter().find(|domain| lies_under(page, domain)) {
        Some(domain) => lies_under(service, domain).then_some(Some(domain)),
        None => (page == service).then_some(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_host_stands_between_scheme_and_port() {
        assert_eq!(host("https://www.example.no"), "www.example.no");
        assert_eq!(host("http://127.0.0.1:8080"), "127.0.0.1");
        assert_eq!(host("http://[::1]:8080"), "[::1]");
        assert_eq!(host("www.example.no:443"), "www.example.no");
        assert_eq!(host("[::1]"), "[::1]");
        assert_eq!(host(""), "");
    }

    #[test]
    fn a_registrable_domain_has_one_owner() {
        let check = |host: &str, expected: Option<&str>| assert_eq!(registrable(host), expected, "{host}");
        check("www.example.no", Some("example.no"));
        check("example.no", Some("example.no"));
        check("a.b.example.co.uk", Some("example.co.uk"));
        check("shop.github.io", Some("shop.github.io"));
        check("www.shop.github.io", Some("shop.github.io"));
        check("www.xn--bcher-kva.xn--55qx5d.cn", Some("xn--bcher-kva.xn--55qx5d.cn"));
        check("www.shop.test", Some("shop.test"));
        for none in ["no", "co.uk", "github.io", "localhost", "127.0.0.1", "[2001:db8::1]", "", ".", "xn--55qx5d.cn"] {
            check(none, None);
        }
    }

    #[test]
    fn hosts_under_one_domain_share_their_choice() {
        let check = |origins: &[&str], expected: &[&str]| assert_eq!(shared(&list(origins)), list(expected));
        check(&["https://www.example.no", "https://example.no"], &["example.no"]);
        check(
            &["https://b.example.se", "https://a.example.se", "https://x.no", "https://y.x.no"],
            &["example.se", "x.no"],
        );
        check(&["https://www.example.no", "http://www.example.no", "https://www.example.no:8443"], &[]);
        check(&["https://www.example.no", "https://www.example.se"], &[]);
        check(&["https://one.github.io", "https://two.github.io"], &[]);
        check(&["http://127.0.0.1:8080", "http://localhost:8080", "http://127.0.0.2"], &[]);
    }

    #[test]
    fn a_wrong_cookie_domain_is_named() {
        let origins = list(&["https://www.example.no", "https://shop.github.io"]);
        let check = |domains: &[&str], expected: &str| {
            let wrong = super::check(&list(domains), &origins);
            assert!(wrong.first().is_some_and(|(_, reason)| reason.contains(expected)), "{domains:?}: {wrong:?}");
        };
        assert!(super::check(&[], &origins).is_empty());
        assert!(super::check(&list(&["example.no", "shop.github.io"]), &origins).is_empty());
        assert!(super::check(&list(&["www.example.no"]), &origins).is_empty());
        for domain in ["github.io", "co.no"] {
            check(&[domain], "is a public suffix");
        }
        for domain in ["", "no", ".example.no", "Example.no", "https://example.no", "127.0.0.1", "example..no"] {
            check(&[domain], "expected a domain");
        }
        check(&["example.se"], "none of the site's origins");
        check(&["ample.no"], "none of the site's origins");
        check(&["www.example.no", "example.no"], "lies under another");
        check(&["example.no", "example.no"], "is there twice");
        assert_eq!(super::check(&list(&["example.no", "x.se"]), &origins)[0].0, "cookie_domains.1");
    }

    #[test]
    fn a_service_sets_cookies_for_its_own_domain_alone() {
        let domains = list(&["example.no"]);
        let check = |page: &str, service: &str, expected| assert_eq!(cookie(&domains, page, service), expected);
        check("www.example.no", "consent.example.no", Some(Some("example.no")));
        check("example.no", "example.no", Some(Some("example.no")));
        check("www.example.no", "consent.example.com", None);
        check("www.example.no", "notexample.no", None);
        check("www.example.se", "consent.example.se", None);
        check("www.example.se", "www.example.se", Some(None));
    }
}
