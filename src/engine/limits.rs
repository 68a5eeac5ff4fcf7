//! What this machine can give a run, looked at before it starts.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;

use super::machine::local_ports;
use crate::plan::{Address, Connections, HttpVersion, Phase, Plan, Shape};
use crate::units::group_thousands as grouped;

/// Files that loadgate opens for itself beside those that are open before a run: the store's, and
/// what is opened for a moment.
const OWN_FILES: u64 = 32;
/// Files of a worker: its runtime's epoll, event and signal descriptors, its timer, its statistics.
const WORKER_FILES: u64 = 8;

/// A machine that can't make the load of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LimitError {
    /// Users of a closed phase need more connections than files may be open.
    #[error(
        "phase `{phase}` has {} users, each with a connection of its own, and {} connections can \
         be open (a limit of {} open files, {} of them loadgate's own)",
        grouped(*.users), grouped(.limit.saturating_sub(*.own)), grouped(*.limit), grouped(*.own)
    )]
    OpenFiles {
        /// Name of the phase.
        phase: String,
        /// Its users at most.
        users: u64,
        /// The hard limit of this process.
        limit: u64,
        /// What loadgate needs beside connections.
        own: u64,
    },
    /// Users of a closed phase need more connections than there are ports.
    #[error(
        "phase `{phase}` has {} users, each with a connection of its own, and this machine has {} \
         local ports to connect to one address",
        grouped(*.users), grouped(*.ports)
    )]
    LocalPorts {
        /// Name of the phase.
        phase: String,
        /// Its users at most.
        users: u64,
        /// How many ports there are.
        ports: u64,
    },
}

impl LimitError {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            Self::OpenFiles { users, own, .. } => format!(
                "raise the hard limit (`ulimit -Hn {}` as root), or use fewer users",
                users.saturating_add(*own)
            ),
            Self::LocalPorts { .. } => {
                "widen net.ipv4.ip_local_port_range, or use fewer users".to_owned()
            }
        }
    }
}

/// What there is; `None` where it is not limited or not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Room {
    /// Files that this process may have open.
    files: Option<u64>,
    /// Files that are no connections.
    own: u64,
    /// Local ports to one address.
    ports: Option<u64>,
    /// Connections that wait until a target on this machine accepts them.
    backlog: Option<u64>,
}

/// Raises the limit of open files as far as it goes, and holds what the plan needs at most against
/// the limits of this machine. What may be too little is told in the result, each a sentence for
/// people; what is too little for certain is an error.
pub fn check_limits(plan: &Plan, workers: usize) -> Result<Vec<String>, LimitError> {
    let files = raise_open_files();
    let shared =
        plan.http.connections == Connections::Shared && plan.http.version == HttpVersion::Http2;
    if shared || !plan.catalogue.matching(|series| series.kind.is_http()).any(|_| true) {
        return Ok(Vec::new());
    }
    let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let room = Room {
        files,
        own: count(open) + OWN_FILES + count(workers).saturating_mul(WORKER_FILES),
        ports: Some(local_ports()).filter(|ports| *ports > 0),
        backlog: is_local(&plan.target).then(backlog).flatten(),
    };
    // HTTP/2 carries what is under way at the same time on one connection.
    let branches = match plan.http.version {
        HttpVersion::Http2 => 1,
        HttpVersion::Auto | HttpVersion::Http1 => {
            plan.journeys.iter().map(|journey| journey.program.widest()).max().unwrap_or(1)
        }
    };
    hold(&plan.phases, branches, &room)
}

/// Raises the soft limit of open files to the hard one: it is there for programs that can't count
/// beyond 1,024 descriptors, which this one can. The limit then; `None` if there is none.
fn raise_open_files() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let all = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Where the system refuses, the limit stays as it is, and is what counts.
    if setrlimit(Resource::Nofile, all).is_ok() { limit.maximum } else { limit.current }
}

/// How many connections the kernel lets wait for `accept` at most; a program can ask for fewer.
fn backlog() -> Option<u64> {
    let read = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let most = read("/proc/sys/net/core/somaxconn")?;
    Some(
        read("/proc/sys/net/ipv4/tcp_max_syn_backlog")
            .map_or(most, |half_open| half_open.min(most)),
    )
}

/// Holds the phases against the room that there is, with so many connections of one user at a time.
fn hold(phases: &[Phase], branches: u64, room: &Room) -> Result<Vec<String>, LimitError> {
    let mut notes = Vec::new();
    let (mut before, mut files_told, mut ports_told) = (0, false, false);
    let files = room.files.map(|limit| (limit, limit.saturating_sub(room.own)));
    for phase in phases {
        let name = &phase.name;
        let certain = match phase.shape {
            Shape::Closed { from, to } => from.max(to),
            Shape::Open { .. } => 0,
        };
        match files {
            Some((limit, most)) if certain > most => {
                let (phase, users, own) = (name.clone(), certain, room.own);
                return Err(LimitError::OpenFiles { phase, users, limit, own });
            }
            Some(_) | None => {}
        }
        if let Some(ports) = room.ports.filter(|ports| certain > *ports) {
            return Err(LimitError::LocalPorts { phase: name.clone(), users: certain, ports });
        }
        let users = if certain > 0 { certain } else { phase.max_users.unwrap_or(0) };
        let possible = users.saturating_mul(branches);
        let needs = || format!("phase `{name}` may need {} connections", grouped(possible));
        if let Some((limit, most)) = files.filter(|(_, most)| possible > *most && !files_told) {
            files_told = true;
            notes.push(format!(
                "{}, and {} can be open (a limit of {} open files): requests beyond fail, and the \
                 run is INVALID; raise `ulimit -Hn`, or use fewer users",
                needs(),
                grouped(most),
                grouped(limit)
            ));
        }
        if let Some(ports) = room.ports.filter(|ports| possible > *ports && !ports_told) {
            ports_told = true;
            notes.push(format!(
                "{}, and this machine has {} local ports to one address: requests beyond fail, and \
                 the run is INVALID; widen net.ipv4.ip_local_port_range, or use fewer users",
                needs(),
                grouped(ports)
            ));
        }
        let at_once = phase.users_at(phase.start).unwrap_or(0).saturating_sub(before);
        if let Some(most) = room.backlog.filter(|most| at_once > *most) {
            notes.push(format!(
                "phase `{name}` begins with {} users at once, and at most {} connections to this \
                 machine wait to be accepted: those beyond are a second late or more; begin with a \
                 ramp (`users: 0..{}`), or raise net.core.somaxconn and \
                 net.ipv4.tcp_max_syn_backlog and the target's own backlog",
                grouped(at_once),
                grouped(most),
                at_once.saturating_add(before)
            ));
        }
        before = phase.users_at(phase.end()).unwrap_or(0);
    }
    Ok(notes)
}

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
    use crate::units::Nanos;

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

    fn phase(name: &str, shape: Shape, max_users: Option<u64>) -> Phase {
        Phase {
            name: name.to_owned(),
            start: Nanos::ZERO,
            length: Nanos::SECOND,
            shape,
            iterations: None,
            measure: true,
            max_users,
        }
    }

    fn closed(from: u64, to: u64) -> Phase {
        phase("steady", Shape::Closed { from, to }, None)
    }

    fn open(max_users: Option<u64>) -> Phase {
        let rate = crate::units::Rate::per_second(50.0).unwrap();
        phase("steady", Shape::Open { from: rate, to: rate, poisson: false }, max_users)
    }

    const ROOM: Room =
        Room { files: Some(1_100), own: 100, ports: Some(2_000), backlog: Some(128) };

    /// What is said of these phases with so many branches: the error, or else the notes.
    #[track_caller]
    fn check(phases: &[Phase], branches: u64, room: Room, want: &[&str]) {
        let said = match hold(phases, branches, &room) {
            Ok(notes) => notes,
            Err(error) => {
                assert!(error.hint().contains("use fewer users"));
                vec![format!("error: {error}")]
            }
        };
        assert_eq!(said.len(), want.len(), "{said:?}");
        for (said, want) in said.iter().zip(want) {
            assert!(said.starts_with(want), "{said}");
        }
    }

    #[test]
    fn users_that_can_not_all_be_connected_are_no_run() {
        let quiet = Room { backlog: None, ..ROOM };
        check(&[closed(1_000, 1_000)], 1, quiet, &[]);
        check(
            &[closed(1, 1), closed(0, 1_001)],
            1,
            quiet,
            &[
                "error: phase `steady` has 1,001 users, each with a connection of its own, and 1,000 \
               connections can be open (a limit of 1,100 open files, 100 of them loadgate's own)",
            ],
        );
        check(
            &[closed(2_001, 0)],
            1,
            Room { files: None, ..quiet },
            &[
                "error: phase `steady` has 2,001 users, each with a connection of its own, and this \
               machine has 2,000 local ports to connect to one address",
            ],
        );
        check(&[closed(1_000_000, 1_000_000)], 32, Room::default(), &[]);
    }

    #[test]
    fn connections_that_may_be_too_many_are_told_once() {
        let files = "phase `steady` may need 1,200 connections, and 1,000 can be open (a limit of \
                     1,100 open files): ";
        let room = Room { backlog: None, ..ROOM };
        check(&[open(Some(1_200)), open(Some(1_300))], 1, room, &[files]);
        check(&[closed(400, 400)], 3, room, &[files]);
        check(&[open(Some(1_000)), open(None)], 1, room, &[]);
        check(
            &[open(Some(701))],
            3,
            Room { files: None, ..room },
            &["phase `steady` may need 2,103 connections, and this machine has 2,000 local ports"],
        );
    }

    #[test]
    fn users_who_all_come_at_once_are_told_where_they_have_to_queue() {
        let said = "phase `steady` begins with 200 users at once, and at most 128 connections to \
                    this machine wait to be accepted: ";
        check(&[closed(200, 200)], 1, ROOM, &[said]);
        check(&[closed(0, 200)], 1, ROOM, &[]);
        check(
            &[closed(100, 100), closed(200, 200), closed(500, 500)],
            1,
            ROOM,
            &["phase `steady` begins with 300 users at once"],
        );
        check(&[open(Some(900))], 1, ROOM, &[]);
        check(&[closed(200, 200)], 1, Room { backlog: None, ..ROOM }, &[]);
    }

    #[test]
    fn the_limit_of_open_files_is_raised_as_far_as_it_goes() {
        let raised = raise_open_files();
        assert_eq!(raised, getrlimit(Resource::Nofile).current);
        assert_eq!(raised, getrlimit(Resource::Nofile).maximum);
    }
}
