//! The files of `/proc` as text: what stands in them, after proc(5).

/// A process as its `stat` has it; times in clock ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    /// The process that started it.
    pub(super) parent: u32,
    /// CPU time, user and system.
    pub(super) own: u64,
    /// CPU time of children that have ended and were waited for.
    pub(super) children: u64,
    /// Threads.
    pub(super) threads: u64,
    /// When it started, since the machine did. With the id it names a process for good.
    pub(super) start: u64,
}

impl Stat {
    /// Reads `/proc/PID/stat`; `None` when it is none.
    ///
    /// The second field is the program's name in parentheses and may hold anything, parentheses
    /// and line breaks included: the last closing one ends it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // Field 3 of proc(5) is the first here.
        let number = |field: usize| fields.get(field.checked_sub(3)?)?.parse::<u64>().ok();
        Some(Self {
            parent: u32::try_from(number(4)?).ok()?,
            own: number(14)?.saturating_add(number(15)?),
            children: number(16)?.saturating_add(number(17)?),
            threads: number(20)?,
            start: number(22)?,
        })
    }
}

/// The bytes of a line `VmRSS:   1672 kB`; kibibytes are what the kernel calls kB.
pub(super) fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    let number: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    number.checked_mul(1_024)
}

/// The number after `key` in lines such as `usage_usec 80028944481`.
pub(super) fn value(text: &str, key: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(name, _)| *name == key)?.1.trim().parse().ok()
}

/// The inodes of sockets that listen on a port, of `/proc/net/tcp` or `tcp6`.
pub(super) fn listeners(text: &str, port: u16) -> Vec<u64> {
    /// `TCP_LISTEN` of the kernel.
    const LISTENS: &str = "0A";
    let inode = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let local = fields.nth(1)?;
        let state = fields.nth(1)?;
        let (_, own) = local.rsplit_once(':')?;
        let fits = state == LISTENS && u16::from_str_radix(own, 16) == Ok(port);
        // After the state: queues, timer, retransmissions, user, time-out, inode.
        fits.then(|| fields.nth(5)?.parse().ok())?
    };
    text.lines().skip(1).filter_map(inode).collect()
}

/// The inode of what an open file leads to: `socket:[12345]`.
pub(super) fn socket(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// All CPU time of a machine in clock ticks, and how much of it was idle, of `/proc/stat`.
///
/// User time has that of guests in it already, so these two fields are not added.
pub(super) fn machine_cpu(text: &str) -> Option<(u64, u64)> {
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<u64> =
        line.split_ascii_whitespace().map_while(|field| field.parse().ok()).collect();
    let [user, nice, system, idle, wait, rest @ ..] = fields.as_slice() else { return None };
    let more = rest.iter().take(3).fold(0, |sum: u64, one| sum.saturating_add(*one));
    let parts = [user, nice, system, idle, wait];
    let all = parts.into_iter().fold(more, |sum, one| sum.saturating_add(*one));
    Some((all, idle.saturating_add(*wait)))
}

/// Bytes received and sent, of `/proc/net/dev`, without the machine's way to itself.
pub(super) fn traffic(text: &str) -> (u64, u64) {
    let both = |line: &str| {
        let (name, rest) = line.split_once(':')?;
        let mut fields = rest.split_ascii_whitespace();
        let received: u64 = fields.next()?.parse().ok()?;
        let sent: u64 = fields.nth(7)?.parse().ok()?;
        (name.trim() != "lo").then_some((received, sent))
    };
    text.lines().filter_map(both).fold((0, 0), |sum: (u64, u64), one| {
        (sum.0.saturating_add(one.0), sum.1.saturating_add(one.1))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Captured from Linux 6.12, 2026-11-23; the name is a hostile one.
    const STAT: &str = "4242 (a) b (c)) S 17 4242 4242 0 -1 4194560 9151 2000 3 0 312 88 40 12 20 \
        0 11 0 987654 1236598784 24576 18446744073709551615 1 1 0 0 0 0 0 4096 134300230 0 0 0 17 \
        1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

    #[test]
    fn a_process_is_read_whatever_its_name() {
        let want = Stat { parent: 17, own: 400, children: 52, threads: 11, start: 987_654 };
        assert_eq!(Stat::read(STAT), Some(want));
        assert_eq!(Stat::read(""), None);
        assert_eq!(Stat::read("1 (a) S 2"), None);
    }

    #[test]
    fn kilobytes_are_found_by_their_whole_name() {
        let text = "VmHWM:\t 9999 kB\nVmRSS:\t    1672 kB\nRssAnon:\t 120 kB\nThreads:\t3\n";
        assert_eq!(kilobytes(text, "VmRSS"), Some(1_672 * 1_024));
        assert_eq!(kilobytes(text, "Rss"), None);
        assert_eq!(kilobytes(text, "Threads"), None);
    }

    #[test]
    fn values_are_found_by_their_whole_name() {
        let text = "usage_usec 80028944481\nuser_usec 67509799952\nthrottled_usec 12\n";
        assert_eq!(value(text, "usage_usec"), Some(80_028_944_481));
        assert_eq!(value(text, "usec"), None);
    }

    #[test]
    fn those_who_listen_are_found_by_their_port() {
        let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             \x20  0: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 41207 1 0000000000000000 100 0 0 10 0\n\
             \x20  1: 0100007F:0BB8 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 41311 1 0000000000000000 20 4 30 10 -1\n\
             \x20  2: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 20001 1 0000000000000000 100 0 0 10 0\n";
        assert_eq!(listeners(text, 3_000), [41_207]);
        assert_eq!(listeners(text, 5_432), [20_001]);
        assert_eq!(listeners(text, 80), [0_u64; 0]);
        let six = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             \x20  0: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1206 1 0000000000000000 100 0 0 10 0\n";
        assert_eq!(listeners(six, 3_000), [1_206]);
        assert_eq!(socket("socket:[41207]"), Some(41_207));
        assert_eq!(socket("pipe:[41207]"), None);
    }

    #[test]
    fn a_machine_s_work_and_traffic_are_read() {
        let text = "cpu  100 10 50 800 40 5 6 7 30 2\ncpu0 50 5 25 400 20 2 3 3 15 1\n";
        assert_eq!(machine_cpu(text), Some((1_018, 840)));
        let dev = "Inter-|   Receive                                                |  Transmit\n \
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n    \
             lo: 999 9 0 0 0 0 0 0 999 9 0 0 0 0 0 0\n  \
             eth0: 1000 10 0 0 0 0 0 0 2000 20 0 0 0 0 0 0\n  eth1:5 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n";
        assert_eq!(traffic(dev), (1_005, 2_007));
    }

    proptest! {
        // What stands in /proc is the kernel's, what stands in a name is anybody's.
        #[test]
        fn nothing_that_is_read_makes_a_crash(text in ".{0,300}", port: u16) {
            Stat::read(&text);
            listeners(&text, port);
            machine_cpu(&text);
            traffic(&text);
            kilobytes(&text, "VmRSS");
            value(&text, "usage_usec");
        }
    }
}
