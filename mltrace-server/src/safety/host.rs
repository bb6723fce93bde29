//! The names under which the server may be asked: what keeps a foreign page from reaching it through its own name.

use std::net::{IpAddr, Ipv6Addr};

/// A host that requests may be addressed to, besides this machine itself: a name or an address, without a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost(Host);

impl std::fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Host::Name(name) => f.write_str(name),
            Host::Address(IpAddr::V4(address)) => address.fmt(f),
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// The text is neither a host name nor an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongHost(String);

impl std::fmt::Display for WrongHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` is neither a host name nor an address, without port or pattern", self.0)
    }
}

impl std::error::Error for WrongHost {}

impl std::str::FromStr for AllowedHost {
    type Err = WrongHost;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.parse::<Ipv6Addr>().map(|address| Host::Address(address.into())).ok();
        let wrong = || WrongHost(text.to_owned());
        bare.or_else(|| parse_host(text)).map(Self).ok_or_else(wrong)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Name(String),
    Address(IpAddr),
}

/// Returns whether a request addressed to `authority` (`host[:port]`) is meant for this server.
pub(super) fn is_meant(authority: &str, allowed: &[AllowedHost]) -> bool {
    let Some(host) = without_port(authority).and_then(parse_host) else { return false };
    let is_here = match &host {
        Host::Name(name) => name == "localhost",
        Host::Address(address) => address.is_loopback(),
    };
    is_here || allowed.iter().any(|other| other.0 == host)
}

/// Returns the host alone; `None` when what follows it is no port.
pub(super) fn without_port(authority: &str) -> Option<&str> {
    let (host, port) = match authority.rfind([':', ']']) {
        Some(at) if authority.as_bytes().get(at) == Some(&b':') => authority.split_at(at),
        _ => (authority, ""),
    };
    let is_port = port.is_empty() || port.get(1..).is_some_and(|digits| digits.parse::<u16>().is_ok());
    is_port.then_some(host)
}

/// Returns the host that the text is: `[v6]`, four decimal numbers, or a name of letters, digits, `-` and dots.
fn parse_host(text: &str) -> Option<Host> {
    if let Some(inside) = text.strip_prefix('[') {
        let address: Ipv6Addr = inside.strip_suffix(']')?.parse().ok()?;
        return Some(Host::Address(address.into()));
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return address.is_ipv4().then_some(Host::Address(address));
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    // What ends in a number is an address to a browser, in a notation that nobody means here.
    let is_number = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    let is_name = name.len() <= 253 && name.split('.').all(is_label) && !is_number && !name.starts_with("0x");
    is_name.then(|| Host::Name(name.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(authority: &str, allowed: &[&str], expected: bool) {
        let allowed: Vec<AllowedHost> = allowed.iter().map(|host| host.parse().unwrap()).collect();
        assert_eq!(is_meant(authority, &allowed), expected, "{authority} with {allowed:?}");
    }

    #[test]
    fn this_machine_is_always_meant() {
        for authority in
            ["127.0.0.1", "127.0.0.1:8090", "127.8.9.1", "[::1]", "[::1]:8090", "localhost", "LOCALHOST.:1"]
        {
            check(authority, &[], true);
        }
    }

    #[test]
    fn other_names_are_not_meant() {
        for authority in [
            "",
            ":8090",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.example:8090",
            "0.0.0.0",
            "10.0.0.1",
            "[::]",
            "[::1",
            "::1",
            "2130706433",
            "0x7f.1",
            "0x7f000001",
            "127.1",
            "localhost:port",
            "localhost:99999",
            "user@localhost",
            "localhost/x",
            "local host",
            "[::ffff:127.0.0.1]x",
            "*",
            "lo*alhost",
        ] {
            check(authority, &[], false);
        }
    }

    #[test]
    fn allowed_hosts_are_compared_whole() {
        check("lineage.example:443", &["lineage.example"], true);
        check("Lineage.Example.", &["lineage.example"], true);
        check("a.lineage.example", &["lineage.example"], false);
        check("lineage.example.evil.example", &["lineage.example"], false);
        check("[2001:db8::1]:80", &["2001:db8:0:0::1"], true);
        check("10.0.0.7", &["10.0.0.7"], true);
    }

    #[test]
    fn patterns_and_ports_are_no_hosts() {
        for text in ["*", "*.example", "", "a b", "http://a", "a:80", "10.0.0.0/8", "10.0.0.*"] {
            assert!(text.parse::<AllowedHost>().is_err(), "{text}");
        }
    }
}
