//! The run as it goes: two lines on stderr, redrawn in place.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::terminal::Terminal;
use crate::harness::Progress;
use crate::units::{Nanos, count_to_f64, group_thousands};

/// Back to the start of the first line, and nothing below it.
const CLEAR: &str = "\r\x1b[J";

/// The lines, or nothing if nobody looks.
///
/// Between two drawings the cursor rests at the start of the first line. So the `^C` that a
/// terminal shows for Ctrl-C is overwritten by the next drawing, and whatever a crash prints begins
/// on a line of its own.
#[derive(Clone)]
pub(super) struct Lines {
    terminal: Terminal,
    /// What is drawn now.
    drawn: Rc<RefCell<Option<[String; 2]>>>,
    /// Whether the run was told to end before its time.
    stopping: Rc<Cell<bool>>,
}

impl Lines {
    pub(super) fn new(terminal: &Terminal) -> Self {
        Self { terminal: terminal.clone(), drawn: Rc::default(), stopping: Rc::default() }
    }

    /// Shows what is done before the run.
    pub(super) fn prepare(&self, what: &str) {
        self.draw([what.to_owned(), String::new()]);
    }

    /// Shows how far the run is.
    /// `which` of several runs it is, and empty when there is only one. The figures are made only
    /// when somebody looks.
    pub(super) fn show(&self, which: &str, progress: impl FnOnce() -> Progress) {
        if !self.terminal.shows_progress() {
            return;
        }
        let progress = &progress();
        let columns = self.terminal.columns();
        let place = if self.stopping.get() { "stopping".to_owned() } else { whereabouts(progress) };
        let head = if which.is_empty() { place } else { format!("{which} · {place}") };
        self.draw([bar(&head, progress, columns), shortened(&figures(progress), columns)]);
    }

    /// Warns above the lines.
    pub(super) fn warning(&self, text: &str) {
        self.above(|| self.terminal.warning(text));
    }

    /// Says something above the lines.
    pub(super) fn note(&self, text: &str) {
        self.above(|| self.terminal.note(text));
    }

    /// Says above the lines how the run ends before its time.
    pub(super) fn stopping(&self, text: &str) {
        self.stopping.set(true);
        self.above(|| self.terminal.note(text));
    }

    /// Leaves the terminal as it was.
    pub(super) fn close(&self) {
        if self.drawn.take().is_some() {
            self.terminal.draw(CLEAR);
        }
    }

    /// Says something above the lines that is wanted only with `-v`.
    pub(super) fn detail(&self, text: &str) {
        self.above(|| self.terminal.detail(text));
    }

    fn above(&self, print: impl FnOnce()) {
        let drawn = self.drawn.take();
        if drawn.is_some() {
            self.terminal.draw(CLEAR);
        }
        print();
        if let Some(lines) = drawn {
            self.draw(lines);
        }
    }

    fn draw(&self, lines: [String; 2]) {
        if !self.terminal.shows_progress() {
            return;
        }
        let [first, second] = &lines;
        // In one piece and without clearing first, so that nothing flickers.
        self.terminal.draw(&format!("\r{first}\x1b[K\r\n{second}\x1b[K\r\x1b[1A"));
        self.drawn.replace(Some(lines));
    }
}

/// Where the run is: the phase, and how long the load goes on.
fn whereabouts(progress: &Progress) -> String {
    let rest = progress.end.since(progress.elapsed);
    let measured = if progress.measured { "" } else { " (not measured)" };
    let left = if rest == Nanos::ZERO {
        "waiting for journeys under way".to_owned()
    } else {
        format!("{} left", clock(Nanos(rest.0.next_multiple_of(1_000_000_000))))
    };
    format!("{}{measured} · {left}", progress.phase)
}

/// A line: text, bar, and the time since the start.
fn bar(head: &str, progress: &Progress, columns: usize) -> String {
    let head = shortened(head, columns);
    let since = clock(progress.elapsed);
    // A space on each side of the bar, and the last column free: a full line would wrap.
    let room = columns.saturating_sub(head.chars().count() + since.chars().count() + 3);
    if room < 10 {
        return head;
    }
    let share = count_to_f64(progress.elapsed.0) / count_to_f64(progress.end.0.max(1));
    let done =
        (1..=room).filter(|at| count_to_f64_of(*at) <= share * count_to_f64_of(room)).count();
    format!("{head} {}{} {since}", "━".repeat(done), "╌".repeat(room - done))
}

fn count_to_f64_of(count: usize) -> f64 {
    count_to_f64(u64::try_from(count).unwrap_or(u64::MAX))
}

/// Whole seconds: `7s`, `12m 05s`, `47h 12m 05s`.
pub(super) fn clock(time: Nanos) -> String {
    let seconds = time.0.div_euclid(1_000_000_000);
    let (minutes, second) = (seconds.div_euclid(60), seconds.rem_euclid(60));
    match (minutes.div_euclid(60), minutes.rem_euclid(60)) {
        (0, 0) => format!("{second}s"),
        (0, minute) => format!("{minute}m {second:02}s"),
        (hours, minute) => format!("{hours}h {minute:02}m {second:02}s"),
    }
}

fn figures(progress: &Progress) -> String {
    let p95 = progress.p95.map_or_else(|| "–".to_owned(), crate::units::format_nanos);
    let mut line = format!(
        "{:.0} req/s · {} users · p95 {p95} · {} requests · {} errors",
        progress.rate,
        group_thousands(progress.active_users),
        group_thousands(progress.requests),
        group_thousands(progress.errors),
    );
    if progress.dropped > 0 {
        line.push_str(" · ");
        line.push_str(&group_thousands(progress.dropped));
        line.push_str(" starts dropped");
    }
    line
}

/// What fits into a line of the terminal.
fn shortened(text: &str, columns: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(columns.saturating_sub(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(elapsed: u64) -> Progress {
        Progress {
            elapsed: Nanos::from_secs(elapsed),
            end: Nanos::from_secs(100),
            phase: "steady".to_owned(),
            measured: true,
            ..Progress::default()
        }
    }

    fn line(elapsed: u64, columns: usize) -> String {
        let progress = progress(elapsed);
        bar(&whereabouts(&progress), &progress, columns)
    }

    #[test]
    fn the_bar_fills_the_line_and_never_more() {
        assert_eq!(line(25, 40), "steady · 1m 15s left ━━━╌╌╌╌╌╌╌╌╌╌╌ 25s");
        assert_eq!(line(25, 30), "steady · 1m 15s left");
        let over = line(130, 80);
        assert!(over.starts_with("steady · waiting for journeys under way ━━"), "{over}");
        for columns in 0..200 {
            for elapsed in [0, 1, 50, 99, 100, 5_000] {
                let line = line(elapsed, columns);
                assert!(line.chars().count() < columns.max(1), "{columns}: {line}");
            }
        }
    }

    #[test]
    fn times_are_whole_seconds() {
        for (seconds, shown) in
            [(0, "0s"), (59, "59s"), (60, "1m 00s"), (3_599, "59m 59s"), (169_925, "47h 12m 05s")]
        {
            assert_eq!(clock(Nanos::from_secs(seconds)), shown);
        }
    }
}
