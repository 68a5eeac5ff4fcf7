//! The run as it goes: two lines on stderr, redrawn in place.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal::Terminal;
use crate::harness::Progress;
use crate::units::{Nanos, format_nanos, group_thousands};

/// The lines, or nothing if nobody looks.
#[derive(Clone)]
pub(super) struct Lines {
    bar: Option<ProgressBar>,
    terminal: Terminal,
}

impl Lines {
    pub(super) fn new(terminal: &Terminal) -> Self {
        let terminal = terminal.clone();
        if !terminal.shows_progress() {
            return Self { bar: None, terminal };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4));
        let bar_style = if terminal.colours_messages() { ":.cyan/dim" } else { "" };
        let template = format!("{{prefix}} {{wide_bar{bar_style}}} {{elapsed}}\n{{wide_msg}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("━━╌"));
        }
        Self { bar: Some(bar), terminal }
    }

    /// Shows how far the run is.
    pub(super) fn show(&self, progress: &Progress) {
        let Some(bar) = &self.bar else { return };
        bar.set_length(progress.end.0.max(1));
        bar.set_position(progress.elapsed.0.min(progress.end.0));
        let rest = progress.end.since(progress.elapsed);
        let name = if progress.measured {
            progress.phase.clone()
        } else {
            format!("{} (not measured)", progress.phase)
        };
        let left = if rest == Nanos::ZERO {
            "waiting for journeys under way".to_owned()
        } else {
            format!("{} left", format_nanos(Nanos(rest.0.next_multiple_of(1_000_000_000))))
        };
        bar.set_prefix(format!("{name} · {left}"));
        bar.set_message(message(progress));
    }

    /// Warns above the lines.
    pub(super) fn warning(&self, text: &str) {
        self.above(|| self.terminal.warning(text));
    }

    /// Says something above the lines.
    pub(super) fn note(&self, text: &str) {
        self.above(|| self.terminal.note(text));
    }

    fn above(&self, print: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Leaves the terminal as it was.
    pub(super) fn close(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn message(progress: &Progress) -> String {
    let p95 = progress.p95.map_or_else(|| "–".to_owned(), format_nanos);
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
