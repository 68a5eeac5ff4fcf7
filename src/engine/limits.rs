//! What this machine can give a run, looked at before it starts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use crate::plan::Address;

/// Whether the target runs on this machine, as far as its address shows it: a connected datagram
/// socket sends nothing, but has the address from which this machine would reach the target, and
/// only one's own address is reached from itself. Another host's name says nothing.
pub fn is_local(target: &Address) -> bool {
    let ip = match target.host.parse::<IpAddr>() {
        Ok(ip) => ip,
        Err(_) if target.host.eq_ignore_ascii_case("localhost") => return true,
        Err(_) => return false,
    };
    let any = match ip {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let own = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((ip, target.port))?;
        socket.local_addr()
    });
    ip.is_loopback() || own.is_ok_and(|own| own.ip() == ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_on_this_machine_is_known_by_its_address() {
        for (url, want) in [
            ("http://127.0.0.1:3000", true),
            ("http://127.8.9.1:3000", true),
            ("http://[::1]:3000", true),
            ("http://LocalHost", true),
            // Kept for documentation (RFC 5737, RFC 3849): nobody has them.
            ("http://192.0.2.1", false),
            ("http://[2001:db8::1]", false),
            ("http://staging.example", false),
        ] {
            assert_eq!(is_local(&Address::target(url).unwrap()), want, "{url}");
        }
    }
}
