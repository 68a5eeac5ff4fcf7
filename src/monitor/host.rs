//! This machine: CPU, load, memory, disk and network.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::gaps::Look;
use super::procfs;
use super::watch::Files;
use crate::record::{HostReading, Reading};
use crate::units::{Nanos, count_to_f64};

/// This machine and what was seen of it before.
#[derive(Debug)]
pub(super) struct Host {
    /// A folder on the disk whose free space is read.
    folder: PathBuf,
    before: Option<Before>,
}

/// Counters at a look.
#[derive(Clone, Copy, Debug)]
struct Before {
    at: Instant,
    cpu: Option<(u64, u64)>,
    traffic: Option<(u64, u64)>,
}

impl Host {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), before: None }
    }

    /// The free space for programs without special rights. The folder of a store that is not made
    /// yet is on the disk of the one above it.
    fn disk_free(&self) -> Option<f64> {
        let folder = self.folder.ancestors().find(|folder| folder.is_dir());
        let space = rustix::fs::statvfs(folder.unwrap_or(Path::new("."))).ok()?;
        Some(count_to_f64(space.f_bavail) * count_to_f64(space.f_frsize))
    }
}

impl Files for Host {
    fn look(&mut self, _: Nanos) -> Result<Look, String> {
        let read = |path: &str| fs::read_to_string(path).ok();
        let Some(stat) = read("/proc/stat") else {
            return Err("this system has no `/proc`: a machine is read on Linux only".to_owned());
        };
        let now = Before {
            at: Instant::now(),
            cpu: procfs::machine_cpu(&stat),
            traffic: read("/proc/net/dev").map(|text| procfs::traffic(&text)),
        };
        let before = self.before.replace(now);
        let rates = before.map(|before| now.since(&before)).unwrap_or_default();
        let memory = read("/proc/meminfo").unwrap_or_default();
        let available = procfs::kilobytes(&memory, "MemAvailable").map(count_to_f64);
        let total = procfs::kilobytes(&memory, "MemTotal").map(count_to_f64);
        let load = read("/proc/loadavg");
        let load = load.and_then(|text| text.split_ascii_whitespace().next()?.parse().ok());
        let used = available.zip(total).map(|(available, total)| 1.0 - available / total);
        let values = [
            (HostReading::Cpu, rates.cpu),
            (HostReading::Load, load),
            (HostReading::MemoryAvailable, available),
            (HostReading::MemoryUse, used),
            (HostReading::DiskFree, self.disk_free()),
            (HostReading::Received, rates.received),
            (HostReading::Sent, rates.sent),
        ];
        let readings =
            values.into_iter().filter_map(|(what, value)| Reading::new(what.word(), value?));
        Ok(Look { readings: readings.collect(), notes: Vec::new() })
    }
}

/// What happened between two looks.
#[derive(Debug, Default, PartialEq)]
struct Rates {
    cpu: Option<f64>,
    received: Option<f64>,
    sent: Option<f64>,
}

impl Before {
    fn since(&self, before: &Self) -> Rates {
        let passed = self.at.saturating_duration_since(before.at).as_secs_f64();
        let cpu = before.cpu.zip(self.cpu).and_then(|(before, now)| {
            let all = now.0.checked_sub(before.0).filter(|all| *all > 0)?;
            // The kernel lets the idle time of a processor that goes away fall a little.
            let idle = now.1.saturating_sub(before.1).min(all);
            Some(1.0 - count_to_f64(idle) / count_to_f64(all))
        });
        // An interface that goes away takes its counters with it: nothing is known for once.
        let rate = |pick: fn((u64, u64)) -> u64| {
            let (before, now) = before.traffic.zip(self.traffic)?;
            let more = pick(now).checked_sub(pick(before))?;
            (passed > 0.0).then(|| count_to_f64(more) / passed)
        };
        Rates { cpu, received: rate(|both| both.0), sent: rate(|both| both.1) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn rates_are_of_the_time_between_two_looks() {
        let at = Instant::now();
        let of = |seconds, cpu, traffic| Before {
            at: at + Duration::from_secs(seconds),
            cpu: Some(cpu),
            traffic: Some(traffic),
        };
        let first = of(0, (1_000, 600), (100, 1_000));
        let rates = of(2, (1_400, 900), (300, 3_000)).since(&first);
        assert_eq!(rates, Rates { cpu: Some(0.25), received: Some(100.0), sent: Some(1_000.0) });
        let fallen = of(2, (1_000, 500), (90, 3_000)).since(&first);
        assert_eq!(fallen, Rates { cpu: None, received: None, sent: Some(1_000.0) });
    }

    #[test]
    fn this_machine_can_be_read_twice() {
        let mut host = Host::new(Path::new("/no/such/folder"));
        assert!(host.look(Nanos::ZERO).is_ok());
        let look = host.look(Nanos::ZERO).unwrap();
        let value = |what: HostReading| {
            let found = look.readings.iter().find(|reading| reading.what == what.word());
            found.map(|reading| reading.value)
        };
        let share = value(HostReading::MemoryUse).unwrap();
        assert!(share > 0.0 && share < 1.0, "{share}");
        assert!(value(HostReading::MemoryAvailable).unwrap() > 1e6);
        assert!(value(HostReading::DiskFree).is_some());
        assert!(value(HostReading::Load).is_some());
    }
}
