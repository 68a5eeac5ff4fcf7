//! A control group of version 2, as files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::usage::{Seen, Usage};
use crate::monitor::gaps::Look;
use crate::monitor::procfs;
use crate::monitor::watch::Files;
use crate::units::{Nanos, format_nanos};

/// Where control groups are.
pub(super) const ROOT: &str = "/sys/fs/cgroup";
/// The most folders that are looked through for a name: a large machine has some thousands.
const MOST_FOLDERS: usize = 20_000;

/// A control group, and what was seen of it before.
#[derive(Debug)]
pub(super) struct Cgroup {
    folder: PathBuf,
    seen: Seen,
}

impl Cgroup {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, seen: Seen::default() }
    }
}

impl Files for Cgroup {
    fn look(&mut self, now: Nanos) -> Result<Look, String> {
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        let at = Instant::now();
        let usage = usage(&read);
        if usage.is_empty() {
            let folder = self.folder.display();
            return Err(if self.folder.is_dir() {
                format!("`{folder}` is no control group of version 2")
            } else {
                format!("there is no control group `{folder}`")
            });
        }
        let (readings, again) = self.seen.readings(at, usage);
        let note = again.then(|| format!("started anew, seen at {}", format_nanos(now)));
        Ok(Look { readings, notes: note.into_iter().collect() })
    }
}

/// What stands in the files of a group, which `read` gives; what is not there is not known.
fn usage(read: &dyn Fn(&str) -> String) -> Usage {
    let whole = |name: &str| read(name).trim().parse().ok();
    let (memory, cpu) = (read("memory.stat"), read("cpu.stat"));
    let cache = procfs::value(&memory, "inactive_file").unwrap_or_default();
    let micros = |key: &str| procfs::value(&cpu, key)?.checked_mul(1_000);
    let used: Option<u64> = whole("memory.current");
    Usage {
        memory: used.map(|used| used.saturating_sub(cache)),
        rss: procfs::value(&memory, "anon"),
        // Without a limit it is the word `max`.
        limit: whole("memory.max"),
        cpu_ns: micros("usage_usec"),
        throttled_ns: micros("throttled_usec"),
        tasks: whole("pids.current"),
        received: None,
        sent: None,
    }
}

/// The control groups below `root` that have `name` in theirs, without those within such a one.
pub(super) fn find(root: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    let mut looked = 0;
    while let Some(folder) = folders.pop() {
        looked += 1;
        if looked > MOST_FOLDERS {
            break;
        }
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if entry.file_name().to_string_lossy().contains(name) {
                found.push(entry.path());
            } else {
                folders.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_group_are_read() {
        // Captured from systemd 257 on Linux 6.12, 2026-11-23, shortened.
        let files = |name: &str| match name {
            "memory.current" => "104857600\n".to_owned(),
            "memory.max" => "max\n".to_owned(),
            "memory.stat" => {
                "anon 60000000\nfile 40000000\ninactive_anon 1\ninactive_file 4857600\n".to_owned()
            }
            "cpu.stat" => {
                "usage_usec 1234\nuser_usec 1000\nnr_periods 0\nthrottled_usec 7\n".to_owned()
            }
            "pids.current" => "12\n".to_owned(),
            _ => String::new(),
        };
        let want = Usage {
            memory: Some(100_000_000),
            rss: Some(60_000_000),
            limit: None,
            cpu_ns: Some(1_234_000),
            throttled_ns: Some(7_000),
            tasks: Some(12),
            received: None,
            sent: None,
        };
        assert_eq!(usage(&files), want);
        assert!(usage(&|_| String::new()).is_empty());
    }

    #[test]
    fn a_group_is_found_by_a_part_of_its_name() {
        let root = tempfile::tempdir().unwrap();
        let scope = root.path().join("system.slice/docker-0123456789abcdef.scope");
        fs::create_dir_all(scope.join("docker-0123-inner")).unwrap();
        fs::create_dir_all(root.path().join("user.slice")).unwrap();
        assert_eq!(find(root.path(), "0123456789ab"), [scope]);
        assert!(find(root.path(), "none").is_empty());
    }
}
