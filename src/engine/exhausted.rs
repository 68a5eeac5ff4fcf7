//! What this machine has run out of, told from what the target does.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::{fs, io};

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use super::machine::port_range;
use crate::names::ErrorKind;
use crate::plan::Failure;
use crate::units::{Nanos, group_thousands};

/// How long a count of ports is used. The kernel takes tens of milliseconds to list as many as
/// there are, in which the worker does nothing else.
const COUNTED: Nanos = Nanos::from_secs(10);

/// State of a connection that has ended and keeps its port for a minute (`TCP_TIME_WAIT` in
/// Linux's `include/net/tcp_states.h`).
const TIME_WAIT: &str = "06";

/// Tells errors of this machine from errors of the target; each worker has its own.
#[derive(Debug, Default)]
pub(super) struct Shortage {
    /// Until when a count of the ports to an address is used, and what it said.
    counted: RefCell<Option<(Nanos, SocketAddr, Option<String>)>>,
}

/// The ports of this machine that are taken by connections to one address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Taken {
    all: u64,
    time_wait: u64,
}

impl Shortage {
    /// The failure of kind [`ErrorKind::Generator`] for an `error` of opening a connection `to` the
    /// target; `None` when it may be the target's own.
    pub(super) fn failure(&self, error: &io::Error, to: SocketAddr, now: Nanos) -> Option<Failure> {
        let lack = match Errno::from_io_error(error)? {
            Errno::MFILE => open_files(),
            Errno::NFILE => {
                "this machine has as many files open as it may: raise fs.file-max, or use fewer \
                 users"
                    .to_owned()
            }
            Errno::ADDRNOTAVAIL => self.ports(to, now)?,
            Errno::NOBUFS | Errno::NOMEM => {
                "the kernel of this machine has no memory for another socket: use fewer users, or \
                 raise net.ipv4.tcp_mem"
                    .to_owned()
            }
            _ => return None,
        };
        Some(Failure::new(ErrorKind::Generator, lack))
    }

    /// Whether all local ports to the target are taken. The same error means as well that this
    /// machine has no address of the target's family (`::1` where IPv6 is off), so the ports are
    /// counted.
    fn ports(&self, to: SocketAddr, now: Nanos) -> Option<String> {
        if let Some((until, of, said)) = &*self.counted.borrow()
            && now < *until
            && *of == to
        {
            return said.clone();
        }
        let range = port_range();
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
        let tables = tables.map(|path| fs::read_to_string(path).unwrap_or_default());
        let said = range.and_then(|range| no_port(range, taken(&tables, to, range), to));
        self.counted.replace(Some((now + COUNTED, to, said.clone())));
        said
    }
}

fn open_files() -> String {
    let limit = match getrlimit(Resource::Nofile).current {
        Some(limit) => format!("all {} files", group_thousands(limit)),
        None => "all files".to_owned(),
    };
    format!(
        "loadgate has {limit} open that it may: raise the limit with `ulimit -n`, or use fewer users"
    )
}

/// What is said when the ports of `range` are taken. Some are reserved or in other hands, so half
/// of them are enough to know what is lacking.
fn no_port((low, high): (u16, u16), taken: Taken, to: SocketAddr) -> Option<String> {
    let ports = u64::from(high.saturating_sub(low)) + 1;
    let Taken { all, time_wait } = taken;
    (all.saturating_mul(2) >= ports).then(|| {
        format!(
            "no local port is left to connect to {to} ({} from {low} to {high}): {} connections of \
             this machine to it are in TIME_WAIT, {} are open: keep connections (`connections: \
             keep`), widen net.ipv4.ip_local_port_range, or give the target several addresses",
            group_thousands(ports),
            group_thousands(time_wait),
            group_thousands(all - time_wait)
        )
    })
}

/// Counts connections to `to` from local ports of `range` in Linux's tables of them
/// (`Documentation/networking/proc_net_tcp.rst`): number, local and remote address, state.
fn taken(tables: &[String], to: SocketAddr, (low, high): (u16, u16)) -> Taken {
    let wanted = spelled(to);
    let mut taken = Taken::default();
    for line in tables.iter().flat_map(|table| table.lines().skip(1)) {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (Some(local), Some(remote), Some(state)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let port = local.rsplit_once(':').and_then(|(_, port)| u16::from_str_radix(port, 16).ok());
        if port.is_some_and(|port| (low..=high).contains(&port))
            && wanted.iter().any(|one| one == remote)
        {
            taken.all += 1;
            taken.time_wait += u64::from(state == TIME_WAIT);
        }
    }
    taken
}

/// How the tables spell an address: words of 32 bits in the machine's own order of bytes, in
/// hexadecimal. An IPv4 address can stand in the table of IPv6, too.
fn spelled(address: SocketAddr) -> Vec<String> {
    let words = |bytes: &[u8]| -> String {
        let words = bytes.chunks_exact(4).filter_map(|four| <[u8; 4]>::try_from(four).ok());
        let words = words.map(|word| format!("{:08X}", u32::from_ne_bytes(word)));
        words.collect::<Vec<_>>().concat()
    };
    let texts = match address.ip() {
        IpAddr::V4(ip) => vec![words(&ip.octets()), words(&ip.to_ipv6_mapped().octets())],
        IpAddr::V6(ip) => vec![words(&ip.octets())],
    };
    texts.into_iter().map(|text| format!("{text}:{:04X}", address.port())).collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr\n";

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn failure(error: Errno, to: &str) -> Option<Failure> {
        Shortage::default().failure(&io::Error::from(error), address(to), Nanos::ZERO)
    }

    #[test]
    fn what_this_machine_lacks_is_not_the_targets_fault() {
        for (error, want) in [
            (Errno::MFILE, "`ulimit -n`"),
            (Errno::NFILE, "fs.file-max"),
            (Errno::NOBUFS, "net.ipv4.tcp_mem"),
            (Errno::NOMEM, "net.ipv4.tcp_mem"),
        ] {
            let failure = failure(error, "127.0.0.1:9").unwrap();
            assert_eq!(failure.kind, ErrorKind::Generator);
            assert!(failure.message.contains(want), "{}", failure.message);
        }
        for error in [Errno::CONNREFUSED, Errno::HOSTUNREACH, Errno::TIMEDOUT] {
            assert_eq!(failure(error, "127.0.0.1:9"), None);
        }
        let ours = io::Error::other("no error of the system");
        assert_eq!(Shortage::default().failure(&ours, address("[::1]:9"), Nanos::ZERO), None);
    }

    #[test]
    fn an_address_that_is_not_there_is_no_lack_of_ports() {
        assert_eq!(failure(Errno::ADDRNOTAVAIL, "[::1]:9"), None);
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn connections_to_the_target_are_counted_by_state() {
        let tables = [
            format!(
                "{HEAD}   0: 0100007F:8000 0100007F:1F90 01 00000000:00000000 00:00000000\n\
                 \x20  1: 0100007F:8001 0100007F:1F90 06 00000000:00000000 03:0000176F\n\
                 \x20  2: 0100007F:8002 0100007F:1F91 06 00000000:00000000 03:0000176F\n\
                 \x20  3: 0100007F:1F90 0100007F:8000 01 00000000:00000000 00:00000000\n\
                 \x20  4: 0100007F:0400 0100007F:1F90 01 00000000:00000000 00:00000000\n\
                 \x20  5: short\n"
            ),
            format!(
                "{HEAD}   0: 0000000000000000FFFF00000100007F:8003 \
                 0000000000000000FFFF00000100007F:1F90 06 0\n\
                 \x20  1: 00000000000000000000000001000000:8004 \
                 00000000000000000000000001000000:1F90 06 0\n"
            ),
        ];
        let range = (0x8000, 0x8FFF);
        let four = taken(&tables, address("127.0.0.1:8080"), range);
        assert_eq!(four, Taken { all: 3, time_wait: 2 });
        let six = taken(&tables, address("[::1]:8080"), range);
        assert_eq!(six, Taken { all: 1, time_wait: 1 });
    }

    #[test]
    fn half_of_the_ports_taken_is_none_left() {
        let to = address("192.0.2.1:80");
        let said = |all| no_port((40_000, 41_999), Taken { all, time_wait: 900 }, to);
        assert_eq!(said(999), None);
        let text = said(1_996).unwrap();
        assert!(
            text.starts_with(
                "no local port is left to connect to 192.0.2.1:80 (2,000 from 40000 to 41999): \
                 900 connections of this machine to it are in TIME_WAIT, 1,096 are open: keep "
            ),
            "{text}"
        );
        // A record keeps 300 characters of a message.
        assert!(text.chars().count() <= 300, "{}", text.chars().count());
    }

    #[test]
    fn a_real_connection_is_found_in_the_tables() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        let open = std::net::TcpStream::connect(to).unwrap();
        let local = open.local_addr().unwrap().port();
        let table = [fs::read_to_string("/proc/net/tcp").unwrap()];
        assert_eq!(taken(&table, to, (local, local)), Taken { all: 1, time_wait: 0 });
    }
}
