//! All processes of this machine at one moment, and who started whom.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::super::procfs::Stat;
use super::Who;

/// The most generations that are followed: a chain of parents has no loops in one moment, but the
/// table is read while they come and go.
const MOST_GENERATIONS: usize = 1_000;

/// All processes.
#[derive(Debug, Default)]
pub(super) struct Table {
    all: BTreeMap<u32, Stat>,
    /// How long the machine has been up, in clock ticks.
    pub(super) uptime: u64,
}

impl Table {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// On a system without `/proc`, which is any but Linux.
    pub(super) fn read() -> Result<Self, String> {
        let uptime = fs::read_to_string("/proc/uptime").ok().and_then(|text| uptime(&text));
        let (Ok(entries), Some(uptime)) = (fs::read_dir("/proc"), uptime) else {
            return Err("this system has no `/proc`: processes are read on Linux only".to_owned());
        };
        let stat = |entry: fs::DirEntry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let text = fs::read(entry.path().join("stat")).ok()?;
            // A program's name need not be text.
            Some((pid, Stat::read(&String::from_utf8_lossy(&text))?))
        };
        Ok(Self { all: entries.flatten().filter_map(stat).collect(), uptime })
    }

    pub(super) fn has(&self, pid: u32) -> bool {
        self.all.contains_key(&pid)
    }

    /// Whether the process is still the one that started then.
    pub(super) fn starts(&self, pid: u32, start: u64) -> bool {
        self.all.get(&pid).is_some_and(|stat| stat.start == start)
    }

    pub(super) fn who(&self, pid: u32) -> Option<Who> {
        self.all.get(&pid).map(|stat| (pid, stat.start))
    }

    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        self.all.keys().copied()
    }

    /// Who started `pid`, and who started them.
    pub(super) fn above(&self, pid: u32) -> BTreeSet<u32> {
        let mut above = BTreeSet::new();
        let mut at = pid;
        for _ in 0..MOST_GENERATIONS {
            match self.all.get(&at) {
                Some(stat) if above.insert(stat.parent) => at = stat.parent,
                Some(_) | None => break,
            }
        }
        above
    }

    /// `roots` with all that they started. `own` and what that started belong to it only if it is
    /// one of the roots: loadgate can have been started by what it measures.
    pub(super) fn with_started(&self, roots: &BTreeSet<u32>, own: u32) -> BTreeMap<u32, Stat> {
        let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (pid, stat) in &self.all {
            children.entry(stat.parent).or_default().push(*pid);
        }
        let mut found = BTreeMap::new();
        let mut next: Vec<u32> = roots.iter().copied().collect();
        while let Some(pid) = next.pop() {
            let Some(stat) = self.all.get(&pid) else { continue };
            let is_own = pid == own && !roots.contains(&own);
            if !is_own && found.insert(pid, *stat).is_none() {
                next.extend(children.get(&pid).into_iter().flatten().copied());
            }
        }
        found
    }
}

/// Seconds of `/proc/uptime` in clock ticks.
fn uptime(text: &str) -> Option<u64> {
    let seconds: f64 = text.split_ascii_whitespace().next()?.parse().ok()?;
    let ticks = crate::units::count_to_f64(rustix::param::clock_ticks_per_second());
    Some(crate::units::f64_to_u64(seconds * ticks))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(parents: &[(u32, u32)]) -> Table {
        let stat = |parent| Stat { parent, own: 0, children: 0, threads: 1, start: 1 };
        Table {
            all: parents.iter().map(|(pid, parent)| (*pid, stat(*parent))).collect(),
            uptime: 0,
        }
    }

    #[test]
    fn those_that_were_started_belong_to_it_but_not_loadgate() {
        let all = table(&[(1, 0), (10, 1), (11, 10), (12, 11), (20, 1), (99, 10), (100, 99)]);
        let found = |roots: &[u32], own| {
            let found = all.with_started(&roots.iter().copied().collect(), own);
            found.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(found(&[10], 99), [10, 11, 12]);
        assert_eq!(found(&[10], 1), [10, 11, 12, 99, 100]);
        assert_eq!(found(&[99], 99), [99, 100]);
        assert_eq!(found(&[11, 12, 77], 99), [11, 12]);
        assert_eq!(all.above(12), BTreeSet::from([0, 1, 10, 11]));
        let looped = table(&[(5, 6), (6, 5)]);
        assert_eq!(looped.above(5), BTreeSet::from([5, 6]));
        assert_eq!(looped.with_started(&BTreeSet::from([5]), 0).len(), 2);
    }
}
