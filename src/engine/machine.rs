//! The machine that makes the load, and what loadgate itself uses of it.

use std::fs;
use std::process::{Command, Stdio};

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::record::Machine;
use crate::units::Nanos;

/// Describes this machine; what can't be found out stays empty.
pub fn machine() -> Machine {
    let system = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Machine {
        host: text(system.nodename()),
        system: format!(
            "{} {} {}",
            text(system.sysname()),
            text(system.release()),
            text(system.machine())
        ),
        cpu: field("/proc/cpuinfo", "model name").unwrap_or_default(),
        cpus: u64::try_from(cpus).unwrap_or(1),
        memory_bytes: kibibytes("/proc/meminfo", "MemTotal"),
        open_files: getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX),
        local_ports: local_ports(),
    }
}

/// How many local ports outgoing connections may use; 0 if unknown.
pub(super) fn local_ports() -> u64 {
    port_range().map_or(0, |(low, high)| (u64::from(high) + 1).saturating_sub(u64::from(low)))
}

/// The first and the last local port that outgoing connections may use; `None` if unknown.
pub(super) fn port_range() -> Option<(u16, u16)> {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut bounds = range.split_whitespace().filter_map(|bound| bound.parse().ok());
    bounds.next().zip(bounds.next())
}

/// The value behind `key` in a file of `key: value` lines.
fn field(path: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

fn kibibytes(path: &str, key: &str) -> u64 {
    let value = field(path, key).unwrap_or_default();
    let number = value.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
    number.unwrap_or_default().saturating_mul(1_024)
}

/// Largest resident memory of this process in bytes; 0 if unknown.
pub fn peak_rss_bytes() -> u64 {
    kibibytes("/proc/self/status", "VmHWM")
}

/// CPU time of this process so far, user and system.
pub fn process_cpu() -> Nanos {
    cpu(ClockId::ProcessCPUTime)
}

/// CPU time of this thread so far, user and system.
pub(super) fn thread_cpu() -> Nanos {
    cpu(ClockId::ThreadCPUTime)
}

fn cpu(clock: ClockId) -> Nanos {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Nanos::from_secs(seconds) + Nanos(u64::try_from(time.tv_nsec).unwrap_or_default())
}

/// The commit of the work folder, with `-dirty` when files have changed; `None` outside git.
pub fn git_version() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"]).filter(|commit| !commit.is_empty())?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changed.is_empty() { commit } else { format!("{commit}-dirty") })
}
