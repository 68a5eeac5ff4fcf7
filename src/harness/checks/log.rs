//! `log`: lines that have to be in a log, and lines that must not be.

use std::path::Path;

use regex::Regex;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{Tried, place, some};
use crate::plan::checks::LogCheck;

/// The most bytes of a line that are looked at.
const MAX_LINE: usize = 64 << 10;

/// The most bytes of one log that are read: who has more names a pattern for `after`, or rotates.
const MAX_BYTES: u64 = 4 << 30;

/// The most characters of a line that are told.
const MAX_TOLD: usize = 200;

/// What is wanted.
pub(super) fn expected(check: &LogCheck) -> String {
    let list = |patterns: &[Regex]| {
        let all: Vec<String> = patterns.iter().map(|one| format!("`{}`", one.as_str())).collect();
        all.join(", ")
    };
    let mut parts = Vec::new();
    if !check.must_see.is_empty() {
        parts.push(format!("has {}", list(&check.must_see)));
    }
    if !check.must_not_see.is_empty() {
        parts.push(format!("has not {}", list(&check.must_not_see)));
    }
    parts.join("; ")
}

/// What was seen since the last line that `after` matches.
struct Seen {
    /// Whether there is such a line; true where none is asked for.
    begun: bool,
    lines: u64,
    wanted: Vec<bool>,
    /// The first line that must not be there, and how many more there are.
    forbidden: Option<(String, u64)>,
}

impl Seen {
    fn nothing(check: &LogCheck) -> Self {
        Self {
            begun: check.after.is_none(),
            lines: 0,
            wanted: vec![false; check.must_see.len()],
            forbidden: None,
        }
    }

    fn take(&mut self, line: &str, place: &str, check: &LogCheck) {
        if check.after.as_ref().is_some_and(|after| after.is_match(line)) {
            *self = Self { begun: true, ..Self::nothing(check) };
        }
        self.lines += 1;
        for (pattern, seen) in check.must_see.iter().zip(&mut self.wanted) {
            *seen = *seen || pattern.is_match(line);
        }
        if check.must_not_see.iter().any(|pattern| pattern.is_match(line)) {
            match &mut self.forbidden {
                Some((_, more)) => *more += 1,
                None => self.forbidden = Some((format!("{place}: `{}`", cut(line)), 0)),
            }
        }
    }
}

/// Reads all logs that fit, the oldest first, line by line.
pub(super) async fn scan(check: &LogCheck) -> Tried {
    let logs = match place::find(&check.pattern) {
        Ok(logs) if logs.is_empty() => return Tried::failed("no log is there"),
        Ok(logs) => logs,
        Err(why) => return Tried::failed(why),
    };
    let mut seen = Seen::nothing(check);
    for log in logs.iter().rev() {
        if let Err(why) = read(&log.path, check, &mut seen).await {
            return Tried::failed(format!("`{}`: {why}", log.path.display()));
        }
    }
    judge(check, &seen)
}

async fn read(path: &Path, check: &LogCheck, seen: &mut Seen) -> Result<(), String> {
    let file = File::open(path).await.map_err(|error| error.to_string())?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut reader = BufReader::with_capacity(64 << 10, file);
    let (mut line, mut bytes, mut number) = (Vec::new(), 0_u64, 0_u64);
    loop {
        let piece = reader.fill_buf().await.map_err(|error| error.to_string())?;
        let at_end = piece.is_empty();
        let end = piece.iter().position(|byte| *byte == b'\n');
        let own = piece.get(..end.unwrap_or(piece.len())).unwrap_or_default();
        let room = MAX_LINE.saturating_sub(line.len()).min(own.len());
        line.extend(own.get(..room).unwrap_or_default());
        let taken = own.len() + usize::from(end.is_some());
        bytes = bytes.saturating_add(u64::try_from(taken).unwrap_or(u64::MAX));
        if end.is_some() || (at_end && !line.is_empty()) {
            number += 1;
            seen.take(&String::from_utf8_lossy(&line), &format!("{name}:{number}"), check);
            line.clear();
        }
        if at_end {
            return Ok(());
        }
        reader.consume(taken);
        if bytes > MAX_BYTES {
            return Err("it is longer than 4 GiB: look at a shorter one".to_owned());
        }
    }
}

fn judge(check: &LogCheck, seen: &Seen) -> Tried {
    if !seen.begun {
        let after = check.after.as_ref().map(Regex::as_str).unwrap_or_default();
        return Tried::failed(format!("no line matches `{after}`, after which it begins"));
    }
    if let Some((line, more)) = &seen.forbidden {
        let more = if *more > 0 { format!(", and {more} more") } else { String::new() };
        return Tried::failed(format!("{line}{more}"));
    }
    let lines = some(seen.lines, "line", "lines");
    let missing: Vec<String> = check
        .must_see
        .iter()
        .zip(&seen.wanted)
        .filter(|(_, seen)| !**seen)
        .map(|(pattern, _)| format!("`{}`", pattern.as_str()))
        .collect();
    if missing.is_empty() {
        Tried::passed(format!("all of it in {lines}"))
    } else {
        Tried::failed(format!("{} is in none of {lines}", missing.join(", ")))
    }
}

fn cut(line: &str) -> String {
    let line = line.trim();
    let short: String = line.chars().take(MAX_TOLD).collect();
    if short.len() < line.len() { format!("{short}…") } else { short }
}
