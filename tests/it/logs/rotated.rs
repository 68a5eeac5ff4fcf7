//! A log that is moved away, or copied and cut, a thousand times while its writer writes at
//! 50 MB/s, as far as the machine lets it.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use loadgate::engine;
use loadgate::units::Nanos;

use super::Followed;
use crate::cli::stage::until;

const ROTATIONS: u64 = 1_000;
/// Predecessors that are kept; older ones are removed.
const KEPT: u64 = 120;
/// Bytes of one file.
const FILE: u64 = 200_000;
/// Bytes a millisecond: 50 MB/s.
const PACE_MS: u64 = 50_000;
/// A writer that is so many files ahead waits: what is looked at is whether a line is lost, not
/// which of two programs a busy machine lets run.
const AHEAD: u64 = 60;
/// Every so many lines one is of a rule.
const EVERY: u64 = 97;
/// Rules, each with its share of these lines.
const RULES: u64 = 61;

/// What was written.
#[derive(Debug, Default, PartialEq, Eq)]
struct Written {
    lines: u64,
    bytes: u64,
    by_rule: Vec<u64>,
}

/// How a log makes room.
#[derive(Clone, Copy)]
enum Way {
    Moved,
    CopiedAndCut,
}

/// Makes room: the oldest goes, all others move on by one.
fn rotate(log: &Path, way: Way) {
    let name = |at: u64| log.with_file_name(format!("a.log.{at}"));
    drop(fs::remove_file(name(KEPT)));
    for at in (1..KEPT).rev() {
        drop(fs::rename(name(at), name(at + 1)));
    }
    match way {
        Way::Moved => {
            fs::rename(log, name(1)).unwrap();
            File::create(log).unwrap();
        }
        Way::CopiedAndCut => {
            fs::copy(log, name(1)).unwrap();
            File::options().write(true).open(log).unwrap().set_len(0).unwrap();
        }
    }
}

/// Writes file after file; `read` are the lines that were read so far.
fn write(log: &Path, way: Way, read: &AtomicU64) -> Written {
    let mut written =
        Written { by_rule: vec![0; usize::try_from(RULES).unwrap()], ..Written::default() };
    let began = engine::Clock::start();
    for _ in 0..=ROTATIONS {
        let open = File::options().append(true).open(log).unwrap();
        let mut file = BufWriter::with_capacity(16 << 10, open);
        let full = written.bytes + FILE;
        while written.bytes < full {
            let number = written.lines;
            // Lines of many lengths, so that no two sets of lines are of one length by chance.
            let filler = "abcdefghij".repeat(usize::try_from(number * 7 % 31).unwrap());
            let mark = if number.is_multiple_of(EVERY) {
                let rule = number.div_euclid(EVERY) % RULES;
                written.by_rule[usize::try_from(rule).unwrap()] += 1;
                format!(" mark{rule:02}")
            } else {
                String::new()
            };
            let line = format!("{number:010} {filler}{mark}\n");
            file.write_all(line.as_bytes()).unwrap();
            written.bytes += u64::try_from(line.len()).unwrap();
            written.lines += 1;
        }
        file.into_inner().map_err(|error| error.to_string()).unwrap().flush().unwrap();
        let most = AHEAD * (written.lines * FILE).div_euclid(written.bytes);
        until("reading", || {
            let behind = written.lines.saturating_sub(read.load(Ordering::Relaxed));
            (behind <= most).then_some(())
        });
        let due = Duration::from_millis(written.bytes.div_euclid(PACE_MS));
        pause(due.saturating_sub(began.now().into()));
        rotate(log, way);
    }
    written
}

#[expect(clippy::disallowed_methods, reason = "the writer is to be no faster than a log is")]
fn pause(length: Duration) {
    std::thread::sleep(length);
}

#[track_caller]
fn check(way: Way) {
    let names: Vec<String> = (0..RULES).map(|rule| format!("mark{rule:02}")).collect();
    let mut log = Followed::new(Some(""), &names);
    let (path, read) = (log.path(), Arc::new(AtomicU64::new(0)));
    let shared = Arc::clone(&read);
    let began = engine::Clock::start();
    let writer = std::thread::spawn(move || write(&path, way, &shared));
    while !writer.is_finished() {
        read.store(log.lines(), Ordering::Relaxed);
        pause(Duration::from_millis(5));
    }
    let written = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let took = began.now();
    let by_rule = log.end(&names);
    let bytes = log.all.sources.iter().map(|own| own.bytes).sum();
    let got = Written { lines: log.lines(), bytes, by_rule };
    println!("{} bytes in {took}", written.bytes);
    assert_eq!((got.lines, got.bytes), (written.lines, written.bytes), "{}", log.gaps());
    assert_eq!(got, written);
    assert_eq!((log.gaps().as_str(), log.lost()), ("", Nanos::ZERO));
}

#[test]
fn no_line_is_lost_of_a_log_that_is_moved_a_thousand_times() {
    check(Way::Moved);
}

#[test]
fn no_line_is_lost_of_a_log_that_is_copied_and_cut_a_thousand_times() {
    check(Way::CopiedAndCut);
}
