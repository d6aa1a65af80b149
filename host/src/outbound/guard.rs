//! Which addresses may be called.
//!
//! The check sits in the resolver that the client connects with, so the address that was checked is the one that is
//! connected to; there is no second look-up that could answer differently. Addresses written in the URL itself never
//! reach a resolver and are checked beside it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// What is not the public internet, and what to call it. From the IANA registries of special-purpose addresses, and the
/// metadata services of clouds that lie outside of them. The first range that fits gives its name.
const REFUSED: &[(&str, &str)] = &[
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared by a carrier's customers"),
    ("127.0.0.0/8", "loopback"),
    ("168.63.129.16/32", "a cloud's own services"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved for protocols"),
    ("192.0.2.0/24", "for documentation"),
    ("192.88.99.0/24", "a 6to4 relay"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "for benchmarks"),
    ("198.51.100.0/24", "for documentation"),
    ("203.0.113.0/24", "for documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("::ffff:0:0/96", "an IPv4 address in IPv6 form"),
    ("::/96", "an IPv4 address in IPv6 form"),
    ("64:ff9b::/96", "NAT64"),
    ("64:ff9b:1::/48", "NAT64"),
    ("100::/64", "discarded"),
    ("2001::/23", "reserved for protocols"),
    ("2001:db8::/32", "for documentation"),
    ("2002::/16", "6to4"),
    ("3fff::/20", "for documentation"),
    ("fd00:ec2::/32", "a cloud's own services"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
    // Of IPv6 only 2000::/3 is given out; what is not named above is refused with the halves around it.
    ("::/3", "reserved"),
    ("4000::/2", "reserved"),
    ("8000::/1", "reserved"),
];

/// How long a name may take to be resolved before a URL is saved unchecked.
const LOOK_UP_TIME: std::time::Duration = std::time::Duration::from_secs(5);

/// Tells public addresses from others.
#[derive(Clone, Debug)]
pub struct Guard {
    ranges: Arc<Ranges>,
}

#[derive(Debug)]
struct Ranges {
    refused: Vec<(IpNet, &'static str)>,
    allowed: Vec<IpNet>,
}

/// An address that may not be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address {address} is {range}")]
pub struct RefusedAddress {
    /// Which one.
    pub address: IpAddr,
    /// What it is instead of public.
    pub range: &'static str,
}

impl Guard {
    /// Refuses everything that is not public, except for these ranges.
    pub fn new(allow_private: &[IpNet]) -> Guard {
        let net = |text: &str| text.parse().expect("the table holds ranges");
        let refused = REFUSED.iter().map(|(range, name)| (net(range), *name)).collect();
        Guard {
            ranges: Arc::new(Ranges {
                refused,
                allowed: allow_private.to_vec(),
            }),
        }
    }

    /// Whether this address may be called.
    pub fn check(&self, address: IpAddr) -> Result<(), RefusedAddress> {
        if self.ranges.allowed.iter().any(|net| net.contains(&address)) {
            return Ok(());
        }
        match self.ranges.refused.iter().find(|(net, _)| net.contains(&address)) {
            Some((_, range)) => Err(RefusedAddress { address, range }),
            None => Ok(()),
        }
    }

    /// Whether the address in this URL may be called; a name is checked when it is resolved. The parser of URLs has
    /// already read odd forms (`0x7f.1`, `017700000001`, `①②⑦.⓪.⓪.①`) as the addresses that they are.
    pub fn check_host(&self, url: &Url) -> Result<(), RefusedAddress> {
        let host = url.host_str().unwrap_or_default();
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        match bare.parse() {
            Ok(address) => self.check(address),
            Err(_) => Ok(()),
        }
    }

    /// As [`Guard::check_host`], resolving a name now: for refusing a URL before it is saved. A name that does not resolve, or
    /// not in time, is let through: it may some day, and is looked at again by every call.
    pub async fn check_url(&self, url: &Url) -> Result<(), RefusedAddress> {
        self.check_host(url)?;
        let Some(name) = url.domain() else {
            return Ok(());
        };
        let found = tokio::time::timeout(LOOK_UP_TIME, tokio::net::lookup_host((name, 0))).await;
        match found {
            Ok(Ok(found)) => self.keep(found).map(drop),
            _ => Ok(()),
        }
    }

    /// Those of a name's addresses that may be called. A name that has none of them is refused for its first one.
    fn keep(&self, found: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, RefusedAddress> {
        let mut kept = Vec::new();
        let mut refused = None;
        for address in found {
            match self.check(address.ip()) {
                Ok(()) => kept.push(address),
                Err(refusal) => refused = refused.or(Some(refusal)),
            }
        }
        match refused {
            Some(refusal) if kept.is_empty() => Err(refusal),
            _ => Ok(kept),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let kept = guard.keep(found)?;
            if kept.is_empty() {
                return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into());
            }
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(guard: &Guard, address: &str) -> bool {
        guard.check(address.parse().unwrap()).is_ok()
    }

    #[test]
    fn both_ends_of_every_range_are_refused() {
        let guard = Guard::new(&[]);
        for (range, name) in REFUSED {
            let net: IpNet = range.parse().unwrap();
            assert_eq!(net, net.trunc(), "{range} has host bits");
            for address in [net.network(), net.broadcast()] {
                // The last ranges hold the ones before them: what matters is that no address gets through.
                assert!(guard.check(address).is_err(), "{address} of {name}");
            }
        }
    }

    #[test]
    fn public_addresses_are_allowed() {
        let guard = Guard::new(&[]);
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::",
            "2606:4700:4700::1111",
            "2a00:1450:4001::1",
            "3ffe:ffff::1",
        ] {
            assert!(allows(&guard, address), "{address}");
        }
    }

    #[test]
    fn an_exception_holds_for_its_range_alone() {
        let guard = Guard::new(&["127.0.0.0/8".parse().unwrap()]);
        assert!(allows(&guard, "127.0.0.1"));
        for address in ["::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254"] {
            assert!(!allows(&guard, address), "{address}");
        }
    }

    #[test]
    fn of_a_names_addresses_only_the_public_ones_are_used() {
        let guard = Guard::new(&[]);
        let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        let (inner, outer) = (address("10.0.0.1"), address("1.1.1.1"));
        assert_eq!(guard.keep([inner, outer].into_iter()).unwrap(), [outer]);
        assert_eq!(guard.keep([inner].into_iter()).unwrap_err().address, inner.ip());
        assert!(guard.keep(std::iter::empty()).unwrap().is_empty());
    }
}
