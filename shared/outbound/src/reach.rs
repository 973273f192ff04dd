//! [`Reach`]: the addresses that calls may go to, judged by what their host's name resolves to.
//!
//! A name that a stranger, a caller of the API or a DNS server chooses can stand for an address inside: of this
//! machine, of the network around it, or of the cloud's metadata service. So every address is judged after the
//! name was resolved, and the connection is made to that very address: a second look-up could say something else.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

/// Which addresses calls may go to: public ones, and those of hosts that are listed.
///
/// A proxy of the environment (`HTTPS_PROXY`) resolves names itself; what it may reach is its own affair.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    internal: Arc<BTreeSet<String>>,
    this_machine: bool,
}

/// A host has no address that calls may go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutOfReach {
    host: String,
}

impl Reach {
    /// Public addresses alone.
    #[must_use]
    pub fn public() -> Self {
        Self::default()
    }

    /// The same, and the private addresses of these hosts: names or IPv4 addresses. What is link-local (the cloud's
    /// metadata) stays out of reach.
    #[must_use]
    pub fn with_internal<T: AsRef<str>>(self, hosts: impl IntoIterator<Item = T>) -> Self {
        let internal = hosts.into_iter().map(|host| host.as_ref().to_ascii_lowercase()).collect();
        Self { internal: Arc::new(internal), ..self }
    }

    /// The same, and this machine, by `localhost` and its addresses: for what runs on a laptop.
    #[must_use]
    pub fn with_this_machine(self) -> Self {
        Self { this_machine: true, ..self }
    }

    /// Whether calls to `host` may go to `address`.
    #[must_use]
    pub fn allows(&self, host: &str, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        if is_link_local(address) {
            return false;
        }
        let is_here = || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        is_public(address)
            || self.internal.contains(&host)
            || (self.this_machine && address.is_loopback() && is_here())
    }

    /// Refuses a host that is an address itself, which no resolver is asked about.
    pub(crate) fn check(&self, host: &str) -> Result<(), OutOfReach> {
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) if !self.allows(host, address) => Err(OutOfReach { host: host.to_owned() }),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, host) = (self.clone(), name.as_str().to_owned());
        Box::pin(async move {
            let found: Vec<SocketAddr> = lookup_host((host.as_str(), 0)).await?.collect();
            let within: Vec<SocketAddr> =
                found.into_iter().filter(|address| reach.allows(&host, address.ip())).collect();
            if within.is_empty() {
                return Err(OutOfReach { host }.into());
            }
            Ok(Box::new(within.into_iter()) as Addrs)
        })
    }
}

impl OutOfReach {
    /// The same, out of the causes of an error.
    pub(crate) fn of<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Display for OutOfReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = domain::clip(&self.host, 253);
        write!(
            f,
            "{host} has a private address and no public one; if it is an API of yours, list it as `internal_hosts` \
             in [network] of agent.toml"
        )
    }
}

impl Error for OutOfReach {}

/// What is on the very link, as the cloud's metadata is.
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => {
            // Amazon's metadata and credentials answer at fd00:ec2::254 and its neighbours too.
            matches!(v6.segments(), [0xfd00, 0x0ec2, ..])
                || v6.is_unicast_link_local()
                || embedded(v6).is_some_and(|v4| v4.is_link_local())
        }
    }
}

/// Whether the internet knows `address`, by IANA's registries of special-purpose addresses.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => is_public_v4(v4),
            None => is_public_v6(v6),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        // Carriers' own, protocol assignments, benchmarks, reserved.
        || (a == 100 && (b & 0xc0) == 64)
        || (a, b, c) == (192, 0, 0)
        || (a == 198 && (b & 0xfe) == 18)
        || a >= 240)
}

/// Global unicast is 2000::/3; the documentation's and Teredo's blocks lie in it.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    (a & 0xe000) == 0x2000 && !(a == 0x2001 && (b == 0xdb8 || b < 0x200)) && (a, b & 0xf000) != (0x3fff, 0)
}

/// The IPv4 address that a gateway makes of an IPv6 one: NAT64, 6to4, and the old compatible form.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high, low].map(u16::to_be_bytes);
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 1, _, _, _, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    const INSIDE: [&str; 34] = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.7",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.7",
        "::ffff:169.254.169.254",
        "::10.0.0.7",
        "64:ff9b::a00:7",
        "64:ff9b::a9fe:a9fe",
        "2002:a00:7::1",
        "2001:db8::1",
        "2001::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "ff02::1",
    ];
    const OUTSIDE: [&str; 9] = [
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "198.20.0.1",
        "223.255.255.255",
        "2606:4700::1111",
        "64:ff9b::808:808",
    ];

    #[test]
    fn private_link_local_and_loopback_addresses_are_out_of_reach_in_every_spelling() {
        for address in INSIDE {
            assert!(!Reach::public().allows("api.example.com", ip(address)), "{address}");
        }
        for address in OUTSIDE {
            assert!(Reach::public().allows("api.example.com", ip(address)), "{address}");
        }
    }

    #[test]
    fn listed_hosts_may_be_private_and_never_link_local() {
        let reach = Reach::public().with_internal(["CRM.internal.example", "10.0.0.7"]);
        assert!(reach.allows("crm.internal.example", ip("10.1.2.3")));
        assert!(reach.allows("crm.internal.example.", ip("fd12::7")));
        assert!(reach.allows("10.0.0.7", ip("10.0.0.7")) && reach.check("10.0.0.7").is_ok());
        for (host, address) in [
            ("other.internal.example", "10.1.2.3"),
            ("x.crm.internal.example", "10.1.2.3"),
            ("10.0.0.8", "10.0.0.8"),
            ("crm.internal.example", "169.254.169.254"),
            ("crm.internal.example", "::ffff:169.254.169.254"),
            ("crm.internal.example", "fd00:ec2::254"),
        ] {
            assert!(!reach.allows(host, ip(address)), "{host} at {address}");
        }
    }

    /// A public name that resolves to 127.0.0.1 is somebody's trick, on a laptop too.
    #[test]
    fn this_machine_is_reached_by_its_own_names_alone() {
        let reach = Reach::public().with_this_machine();
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "[::1]", "::1"] {
            assert!(reach.allows(host, ip("127.0.0.1")), "{host}");
            assert!(!Reach::public().allows(host, ip("127.0.0.1")), "{host}");
        }
        assert!(!reach.allows("rebound.example.com", ip("127.0.0.1")));
        assert!(!reach.allows("localhost", ip("10.0.0.7")));
    }

    #[test]
    fn hosts_that_are_addresses_are_judged_without_a_resolver() {
        for host in ["10.0.0.7", "169.254.169.254", "[::1]", "[::ffff:10.0.0.7]", "127.0.0.1"] {
            assert!(Reach::public().check(host).is_err(), "{host}");
        }
        assert!(Reach::public().check("8.8.8.8").is_ok() && Reach::public().check("localhost").is_ok());
    }

    #[tokio::test]
    async fn a_name_of_this_machine_resolves_to_nothing_that_is_within_reach() {
        let name = || "localhost".parse::<Name>().unwrap();
        let refused = Reach::public().resolve(name()).await.err().unwrap();
        let found = OutOfReach::of(refused.as_ref()).unwrap();
        assert!(found.to_string().starts_with("localhost has a private address"), "{found}");
        assert!(Reach::public().with_this_machine().resolve(name()).await.unwrap().count() > 0);
    }
}
