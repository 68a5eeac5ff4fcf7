//! Processes of this machine, by id, by name or by port, and those that they started.

mod cpu;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::{Duration, Instant};

use cpu::Before;
use regex::Regex;
use table::Table;

use super::gaps::Look;
use super::procfs::{self, Stat};
use super::watch::Files;
use crate::plan::ProcessMatch;
use crate::record::{ProcessReading, Reading};
use crate::units::{Nanos, count_to_f64, format_nanos};

/// The shortest time between two readings of the proportional memory: the kernel walks all pages
/// for it and holds the process's memory map meanwhile, some milliseconds for each gigabyte.
const PSS_EVERY: Duration = Duration::from_mins(1);

/// Who a process is: its id, and when it started.
pub(super) type Who = (u32, u64);

/// What is looked for.
#[derive(Debug)]
enum Wanted {
    Pid(u32),
    Name(Regex),
    Port(u16),
}

/// Processes and what was seen of them before.
#[derive(Debug)]
pub(super) struct Processes {
    wanted: Wanted,
    /// Those that fit, at the last look that found any.
    roots: BTreeSet<Who>,
    restarts: u32,
    before: Option<Before>,
    looks: u64,
    /// When the proportional memory was read.
    pss: Option<Instant>,
}

impl Processes {
    pub(super) fn new(wanted: &ProcessMatch) -> Result<Self, String> {
        Ok(Self::of(match wanted {
            ProcessMatch::Pid(pid) => Wanted::Pid(*pid),
            ProcessMatch::Name(pattern) => {
                Wanted::Name(Regex::new(pattern).map_err(|error| error.to_string())?)
            }
            ProcessMatch::Port(port) => Wanted::Port(*port),
        }))
    }

    /// loadgate itself.
    pub(super) fn own() -> Self {
        Self::of(Wanted::Pid(std::process::id()))
    }

    fn of(wanted: Wanted) -> Self {
        let (roots, restarts, before, looks, pss) = (BTreeSet::new(), 0, None, 0, None);
        Self { wanted, roots, restarts, before, looks, pss }
    }

    /// Finds those that fit in `all`, or says why there are none.
    fn find(&self, all: &Table) -> Result<BTreeSet<u32>, String> {
        let own = std::process::id();
        match &self.wanted {
            Wanted::Pid(pid) if all.has(*pid) => Ok(BTreeSet::from([*pid])),
            Wanted::Pid(pid) => Err(format!("there is no process {pid}")),
            Wanted::Name(pattern) => {
                // Who started loadgate has its arguments, too, and with them perhaps the pattern.
                let above = all.above(own);
                let fits = |pid: &u32| {
                    *pid != own && !above.contains(pid) && pattern.is_match(&command_line(*pid))
                };
                let found: BTreeSet<u32> = all.pids().filter(fits).collect();
                if found.is_empty() {
                    Err(format!("there is no process whose command line fits `{pattern}`"))
                } else {
                    Ok(found)
                }
            }
            Wanted::Port(port) => {
                // Who had the port a moment ago has it still: to look at all open files is dear.
                let still = self.roots.iter().filter(|(pid, start)| all.starts(*pid, *start));
                let still: BTreeSet<u32> = still.map(|(pid, _)| *pid).collect();
                if still.is_empty() { listening(*port, all) } else { Ok(still) }
            }
        }
    }

    /// What changed among those that fit; a note when they were started anew.
    fn compare(&mut self, roots: BTreeSet<Who>, now: Nanos) -> Option<String> {
        let again = !self.roots.is_empty() && self.roots.is_disjoint(&roots);
        let ids = |all: &BTreeSet<Who>| {
            let ids: Vec<String> = all.iter().take(3).map(|(pid, _)| pid.to_string()).collect();
            ids.join(", ")
        };
        let note = again.then(|| {
            let (old, new) = (ids(&self.roots), ids(&roots));
            format!("restarted, seen at {} (process {old}, then {new})", format_nanos(now))
        });
        self.restarts = self.restarts.saturating_add(u32::from(again));
        self.roots = roots;
        note
    }
}

/// What the files of several processes add up to; `None` is what could not be read of one of them.
#[derive(Debug, Default)]
struct Sizes {
    rss: Option<u64>,
    pss: Option<u64>,
    fds: Option<u64>,
}

impl Sizes {
    /// Adds up what is there; what belongs to somebody else is not read as nothing.
    fn of(members: &BTreeMap<u32, Stat>, pss_due: Due, notes: &mut Vec<String>) -> Self {
        let sum = |read: &dyn Fn(u32) -> Result<u64, Missing>| {
            let mut all = 0_u64;
            for pid in members.keys() {
                match read(*pid) {
                    Ok(one) => all = all.saturating_add(one),
                    Err(Missing::Gone) => {}
                    Err(Missing::Hidden) => return Err(*pid),
                }
            }
            Ok(all)
        };
        let mut told = |what: &str, found: Result<u64, u32>| {
            let hidden = |_pid: &u32| {
                notes.push(format!(
                    "{what} of processes of another user may not be read; run loadgate as that \
                     user or as root; the rest goes on"
                ));
            };
            found.inspect_err(hidden).ok()
        };
        let rss = told("the memory", sum(&|pid| rolled(pid, "status", "VmRSS")));
        let fds = told("the open files", sum(&open_files));
        let pss = match pss_due {
            Due::Now => {
                told("the proportional memory", sum(&|pid| rolled(pid, "smaps_rollup", "Pss")))
            }
            Due::Later => None,
        };
        Self { rss, pss, fds }
    }
}

/// Whether something is to be read at this look.
#[derive(Clone, Copy, Debug)]
enum Due {
    Now,
    Later,
}

/// Why something of a process is not known.
enum Missing {
    /// It has ended meanwhile, or never had it: a process that has ended and was not waited for
    /// has no memory.
    Gone,
    /// It belongs to somebody else.
    Hidden,
}

impl From<std::io::Error> for Missing {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::PermissionDenied { Self::Hidden } else { Self::Gone }
    }
}

/// A number of bytes in a file of a process.
fn rolled(pid: u32, file: &str, key: &str) -> Result<u64, Missing> {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}"))?;
    procfs::kilobytes(&text, key).ok_or(Missing::Gone)
}

fn open_files(pid: u32) -> Result<u64, Missing> {
    let files = fs::read_dir(format!("/proc/{pid}/fd"))?;
    Ok(u64::try_from(files.count()).unwrap_or(u64::MAX))
}

/// The command line with spaces between its words; empty for what has none.
fn command_line(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ").trim_end().to_owned()
}

/// The processes of `all` that listen on a port.
fn listening(port: u16, all: &Table) -> Result<BTreeSet<u32>, String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let files = [read("/proc/net/tcp"), read("/proc/net/tcp6")];
    let sockets: BTreeSet<u64> =
        files.iter().flat_map(|text| procfs::listeners(text, port)).collect();
    if sockets.is_empty() {
        return Err(format!("nobody listens on port {port} of this machine"));
    }
    let mut is_hidden = false;
    let mut owns = |pid: &u32| {
        let files = match fs::read_dir(format!("/proc/{pid}/fd")) {
            Ok(files) => files,
            Err(error) => {
                is_hidden |= error.kind() == std::io::ErrorKind::PermissionDenied;
                return false;
            }
        };
        let links = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
        let mut inodes = links.filter_map(|link| procfs::socket(link.to_str()?));
        inodes.any(|inode| sockets.contains(&inode))
    };
    let found: BTreeSet<u32> = all.pids().filter(|pid| owns(pid)).collect();
    match (found.is_empty(), is_hidden) {
        (false, _) => Ok(found),
        (true, true) => Err(format!(
            "who listens on port {port} may not be seen; run loadgate as that user or as root"
        )),
        (true, false) => {
            Err(format!("who listens on port {port} is not seen here, as in another container"))
        }
    }
}

impl Files for Processes {
    fn look(&mut self, now: Nanos) -> Result<Look, String> {
        self.looks += 1;
        let at = Instant::now();
        let all = Table::read()?;
        let found = self.find(&all)?;
        let roots = found.iter().filter_map(|pid| all.who(*pid)).collect();
        let mut notes: Vec<String> = self.compare(roots, now).into_iter().collect();
        let members = all.with_started(&found, std::process::id());
        let after = Before::of(at, all.uptime, &members);
        let used = self.before.replace(after).and_then(|before| before.share_until(at, &members));
        let is_over = |read: Instant| at.saturating_duration_since(read) >= PSS_EVERY;
        // The first look is before the load, and nothing of it is kept.
        let pss_due =
            if self.looks > 1 && self.pss.is_none_or(is_over) { Due::Now } else { Due::Later };
        let of_all = Sizes::of(&members, pss_due, &mut notes);
        if of_all.pss.is_some() {
            self.pss = Some(at);
        }
        let count = |count: u64| Some(count_to_f64(count));
        let threads = members.values().map(|stat| stat.threads).sum();
        let values = [
            (ProcessReading::Rss, of_all.rss.map(count_to_f64)),
            (ProcessReading::Pss, of_all.pss.map(count_to_f64)),
            (ProcessReading::Cpu, used),
            (ProcessReading::Threads, count(threads)),
            (ProcessReading::Fds, of_all.fds.map(count_to_f64)),
            (ProcessReading::Processes, count(u64::try_from(members.len()).unwrap_or(u64::MAX))),
            (ProcessReading::Restarts, Some(f64::from(self.restarts))),
        ];
        let readings =
            values.into_iter().filter_map(|(what, value)| Reading::new(what.word(), value?));
        Ok(Look { readings: readings.collect(), notes })
    }
}
