//! Logs that are followed while they are moved, copied and cut: no line is lost, none comes twice.

mod planned;
mod rotated;
mod shown;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use loadgate::engine;
use loadgate::logs::{Rule, Rules};
use loadgate::monitor::logs::{Clock, Logs, ScanError, scan};
use loadgate::plan::{LogSource, LogsPlan};
use loadgate::record::{LogSourceText, LogsRead, LogsText};
use loadgate::units::Nanos;
use tempfile::TempDir;

use crate::cli::stage::until;

/// Rules that match their own names.
fn rules(names: &[String]) -> Arc<Rules> {
    let rule = |name: &String| Rule {
        name: name.clone(),
        all: vec![name.parse().unwrap()],
        except: Vec::new(),
    };
    Arc::new(Rules::new(&names.iter().map(rule).collect::<Vec<_>>()).unwrap())
}

/// A folder with a log that is read.
struct Followed {
    folder: TempDir,
    logs: Logs,
    /// Everything that was taken.
    all: LogsRead,
}

impl Followed {
    /// Begins to read `a.log`, in which `before` stands already, if anything does.
    fn new(before: Option<&str>, names: &[String]) -> Self {
        let folder = tempfile::Builder::new().prefix("loadgate-logs-").tempdir().unwrap();
        let path = folder.path().join("a.log");
        if let Some(before) = before {
            fs::write(&path, before).unwrap();
        }
        let source = LogSource::File(path);
        let texts = vec![LogSourceText { name: source.name(), optional: false }];
        let text = LogsText { sources: texts, rules: Vec::new() };
        let plan = LogsPlan { sources: vec![source], rules: rules(names), text };
        let began = engine::Clock::start();
        let elapsed = move || began.now();
        let clock = Clock { elapsed: Arc::new(elapsed), unix_ns: || 0 };
        let logs = Logs::start(&plan, &clock, Nanos::SECOND).unwrap();
        Self { folder, logs, all: LogsRead::default() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("a.log")
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Adds what was found since the last time, and gives all lines of the log so far.
    fn lines(&mut self) -> u64 {
        let LogsRead { counts, sources } = self.logs.take(Nanos::MAX);
        self.all.counts.extend(counts);
        self.all.sources.extend(sources);
        self.all.sources.iter().map(|source| source.lines).sum()
    }

    /// Waits until so many lines were read.
    #[track_caller]
    fn wait_for(&mut self, lines: u64) {
        until("reading these lines", || (self.lines() >= lines).then_some(()));
    }

    /// Waits until it was said that something is amiss.
    #[track_caller]
    fn wait_for_gap(&mut self, part: &str) {
        until(part, || {
            self.lines();
            self.gaps().contains(part).then_some(())
        });
    }

    fn gaps(&self) -> String {
        let gaps: Vec<&str> =
            self.all.sources.iter().flat_map(|own| &own.gaps).map(String::as_str).collect();
        gaps.join("; ")
    }

    fn lost(&self) -> Nanos {
        self.all.sources.iter().fold(Nanos::ZERO, |sum, own| sum + own.lost)
    }

    /// Ends, and gives how often each rule was matched.
    fn end(&mut self, names: &[String]) -> Vec<u64> {
        assert_eq!(self.logs.stop().wait(), Vec::<String>::new());
        self.lines();
        let of = |name: &String| {
            let own = self.all.counts.iter().filter(|count| count.rule == *name);
            own.map(|count| count.lines).sum()
        };
        names.iter().map(of).collect()
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn what_was_there_before_does_not_count_and_a_line_may_come_in_parts() {
    let wanted = names(&["old", "new", "last"]);
    let mut log = Followed::new(Some("old 1\nold and "), &wanted);
    log.append("new 1\r\nnew");
    log.append(" 2\nlast without an end");
    assert_eq!(log.end(&wanted), [0, 2, 1]);
    assert_eq!((log.gaps().as_str(), log.all.sources[0].is_open), ("", true));
}

#[test]
fn a_log_that_is_made_later_is_read_from_its_beginning() {
    let wanted = names(&["x"]);
    let mut log = Followed::new(None, &wanted);
    log.wait_for_gap("there is no such file");
    assert!(!log.all.sources[0].is_open);
    fs::write(log.path(), "x 1\nx 2\n").unwrap();
    log.wait_for(2);
    assert_eq!(log.end(&wanted), [2]);
    assert!(log.all.sources.last().unwrap().is_open);
    assert_eq!(log.lost(), Nanos::ZERO);
}

#[test]
fn a_folder_is_no_log() {
    let wanted = names(&["x"]);
    let folder = Followed::new(None, &wanted);
    fs::create_dir(folder.path()).unwrap();
    let mut log = folder;
    log.wait_for_gap("it is no file");
    assert_eq!(log.end(&wanted), [0]);
}

#[test]
fn files_that_came_and_went_between_two_looks_are_read() {
    let wanted = names(&["x"]);
    let mut log = Followed::new(Some("before\n"), &wanted);
    fs::write(log.beside("a.log.1"), "x old\nx old\n").unwrap();
    log.append("x 1\n");
    for (name, rest) in [("x 2\n", "x 3\n"), ("x 4\n", "x 5\n"), ("x 6\n", "x 7\n")] {
        for at in (1..4).rev() {
            let old = log.beside(&format!("a.log.{at}"));
            if old.exists() {
                fs::rename(&old, log.beside(&format!("a.log.{}", at + 1))).unwrap();
            }
        }
        // Its writer goes on for a while in the file that it has open.
        let mut old = OpenOptions::new().append(true).open(log.path()).unwrap();
        fs::rename(log.path(), log.beside("a.log.1")).unwrap();
        fs::write(log.path(), name).unwrap();
        old.write_all(rest.as_bytes()).unwrap();
    }
    // What is compressed was read before.
    fs::write(log.beside("a.log.5.gz"), "x packed\n").unwrap();
    log.wait_for(7);
    assert_eq!(log.end(&wanted), [7]);
    assert_eq!(log.gaps(), "");
}

#[test]
fn names_with_a_date_are_predecessors_too() {
    let wanted = names(&["x"]);
    let mut log = Followed::new(Some("before\n"), &wanted);
    log.append("x 1\n");
    for (day, line) in [("20260101", "x 2\n"), ("20260102", "x 3\n")] {
        fs::rename(log.path(), log.beside(&format!("a.log-{day}"))).unwrap();
        fs::write(log.path(), line).unwrap();
    }
    assert_eq!(log.end(&wanted), [3]);
    assert_eq!(log.gaps(), "");
}

#[test]
fn a_file_that_can_t_be_found_again_is_a_gap() {
    let wanted = names(&["x"]);
    let mut log = Followed::new(Some("before\n"), &wanted);
    log.append("x 1\n");
    log.wait_for(1);
    let elsewhere = log.beside("elsewhere");
    fs::rename(log.path(), &elsewhere).unwrap();
    fs::write(log.path(), "x 2\n").unwrap();
    log.wait_for(2);
    log.wait_for_gap("it was moved away and not found again");
    assert!(log.lost() > Nanos::ZERO);
    // The one that was open is read on for a while.
    let mut old = OpenOptions::new().append(true).open(elsewhere).unwrap();
    old.write_all(b"x 3\n").unwrap();
    assert_eq!(log.end(&wanted), [3]);
}

#[test]
fn a_file_that_is_cut_without_a_copy_is_a_gap_and_read_anew() {
    let wanted = names(&["x"]);
    let mut log = Followed::new(Some("before\n"), &wanted);
    log.append("x 1 and much more than comes after it\n");
    log.wait_for(1);
    fs::write(log.path(), "x 2\n").unwrap();
    log.wait_for(2);
    assert!(log.gaps().contains("it was cut, and no copy of it was found"), "{}", log.gaps());
    // Longer than what was read, and still not the same.
    fs::write(log.path(), "x 3 is longer than what was read before\nx 4\n").unwrap();
    assert_eq!(log.end(&wanted), [4]);
}

#[test]
fn what_stands_in_the_copy_of_a_cut_file_is_read() {
    let wanted = names(&["x"]);
    let mut log = Followed::new(Some("before\n"), &wanted);
    log.append("x 1\n");
    log.wait_for(1);
    for text in ["x 2\n", "x 3\nx 4\n", "x 5\n"] {
        log.append(text);
        let old = log.beside("a.log.1");
        if old.exists() {
            fs::rename(&old, log.beside(&format!("a.log.{}", text.len()))).unwrap();
        }
        fs::copy(log.path(), old).unwrap();
        File::options().write(true).open(log.path()).unwrap().set_len(0).unwrap();
    }
    log.append("x 6\n");
    log.wait_for(6);
    assert_eq!(log.end(&wanted), [6]);
    assert_eq!(log.gaps(), "");
}

#[test]
fn a_writer_that_does_not_know_of_the_cut_leaves_a_hole() {
    let wanted = names(&["x", "^x"]);
    let folder_writer =
        |path: &Path| File::options().write(true).create(true).truncate(false).open(path);
    let mut log = Followed::new(Some(""), &wanted);
    let mut file = folder_writer(&log.path()).unwrap();
    file.write_all(b"x 1\nx 2\n").unwrap();
    log.wait_for(2);
    fs::copy(log.path(), log.beside("a.log.1")).unwrap();
    file.set_len(0).unwrap();
    file.write_all(b"x 3\n").unwrap();
    log.wait_for(3);
    assert_eq!(log.end(&wanted), [3, 3]);
    assert_eq!(log.gaps(), "");
}

#[test]
fn a_log_is_read_once_as_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let rules = rules(&names(&["Client 7", "error"]));
    let missing = scan(&path, &rules, 0).unwrap_err();
    assert!(matches!(missing, ScanError::Missing(_)), "{missing}");
    assert!(matches!(scan(folder.path(), &rules, 0), Err(ScanError::NoFile(_))));
    fs::write(&path, "Client 7.0.1\nerror password=x\n").unwrap();
    let all = scan(&path, &rules, 0).unwrap();
    let counts: Vec<_> = all.counts.iter().map(|count| count.lines).collect();
    assert_eq!((all.lines, all.end, counts), (2, 30, vec![1, 1]));
    assert_eq!(all.counts[1].samples, ["error password=***"]);
    let rest = scan(&path, &rules, 13).unwrap();
    assert_eq!((rest.lines, rest.counts[0].lines), (1, 0));
    // One that is shorter than it was, was begun anew.
    assert_eq!(scan(&path, &rules, 1_000).unwrap().lines, 2);
}
