//! Progress of checks on stderr: a line for each try that says something new.

use crate::cli::progress::Lines;
use crate::cli::terminal::printable;
use crate::harness::checks::CheckNews;

/// A try that says the same as the one before is told only so often.
const SELDOM: u32 = 10;

/// Tells how checks go.
pub(super) struct News<'a> {
    lines: &'a Lines,
    last: String,
}

impl<'a> News<'a> {
    pub(super) fn new(lines: &'a Lines) -> Self {
        Self { lines, last: String::new() }
    }

    pub(super) fn hear(&mut self, news: &CheckNews<'_>) {
        match news {
            CheckNews::Begins { name } => {
                self.last.clear();
                self.lines.prepare(&printable(name));
            }
            CheckNews::Again { name, found, attempts, left } => {
                // What follows is times and other things that are never twice the same.
                let what = found.split(';').next().unwrap_or_default();
                let said = format!("{}: {}", printable(name), printable(what));
                let is_news = self.last != said;
                if is_news || attempts.is_multiple_of(SELDOM) {
                    self.lines.note(&format!("{said} (try {attempts}, {left} left)"));
                }
                self.last = said;
            }
            CheckNews::Ended(row) => {
                self.lines.detail(&format!("{}: {}", printable(&row.name), printable(&row.found)));
            }
            CheckNews::Note(text) => self.lines.detail(&printable(text)),
        }
    }
}
