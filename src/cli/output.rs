//! Results as files and on stdout.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::Failed;
use super::args::Keep;
use super::terminal::Terminal;
use crate::gate::{threshold, validity};
use crate::record::RunRecord;
use crate::report::terminal::render_within;
use crate::report::{Document, FORMATS, Judgement, ThresholdLine};

/// A record with its judgement, laid out.
pub(super) struct Results {
    /// The document that all formats are made from.
    pub(super) document: Document,
    /// Whether a threshold was missed.
    pub(super) missed: bool,
    /// Whether the run is a measurement.
    pub(super) valid: bool,
}

impl Results {
    /// Judges a record and makes its document: the same for a run that has just ended and for a
    /// stored one.
    pub(super) fn of(record: &RunRecord, stored_in: String) -> Result<Self, Failed> {
        let outcomes = threshold::judge(record);
        let invalid_reasons = validity::reasons(record);
        let line = |outcome: &threshold::Outcome| ThresholdLine {
            subject: outcome.subject.clone(),
            condition: outcome.condition.clone(),
            passed: match outcome.status {
                threshold::Status::Passed => Some(true),
                threshold::Status::Failed => Some(false),
                threshold::Status::NoData | threshold::Status::Undecided => None,
            },
            fails: outcome.fails(),
            measured: [&outcome.measured, &outcome.note]
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", "),
        };
        let missed = outcomes.iter().any(threshold::Outcome::fails);
        let valid = invalid_reasons.is_empty();
        let thresholds = outcomes.iter().map(line).collect();
        let judgement = Judgement { invalid_reasons, thresholds, ..Judgement::default() };
        let mut document = Document::new(record, &judgement)
            .map_err(|error| Failed::could_not("read the record", error))?;
        document.stored_in = Some(stored_in);
        Ok(Self { document, missed, valid })
    }

    /// What people read on this terminal.
    pub(super) fn summary(&self, terminal: &Terminal) -> String {
        render_within(&self.document, terminal.style(), terminal.table_columns())
    }

    /// Renders the format named `word`.
    pub(super) fn render(&self, word: &str) -> Result<String, Failed> {
        let format = FORMATS.iter().find(|format| format.word() == word);
        let format =
            format.ok_or_else(|| Failed::usage(format!("there is no format `{word}`"), None))?;
        format.render(&self.document).map_err(|error| Failed::new(error.to_string(), None))
    }

    /// Writes the format named `word` to `path`.
    pub(super) fn write(&self, word: &str, path: &Path, terminal: &Terminal) -> Result<(), Failed> {
        write(path, &self.render(word)?, terminal)
    }
}

/// Where the results of a run go beside the store.
pub(super) struct Sinks(Vec<(PathBuf, &'static str)>);

impl Sinks {
    /// The files that the arguments name. That one can't be written is better known before a run
    /// of two days than after it.
    pub(super) fn of(keep: &Keep) -> Result<Self, Failed> {
        let named = [(&keep.json, "json"), (&keep.html, "html"), (&keep.md, "markdown")];
        let sinks: Vec<_> =
            named.into_iter().filter_map(|(path, word)| Some((path.clone()?, word))).collect();
        let stdout = |(path, _): &&(PathBuf, _)| path.as_path() == Path::new("-");
        if sinks.iter().filter(stdout).count() > 1 {
            return Err(Failed::usage(
                "stdout can take only one of `--json`, `--html` and `--md`",
                Some("write the others to files".to_owned()),
            ));
        }
        for (path, _) in sinks.iter().filter(|sink| !stdout(sink)) {
            let folder = path.parent().filter(|folder| *folder != Path::new(""));
            let why = if path.is_dir() {
                "it is a folder"
            } else if folder.is_some_and(|folder| !folder.is_dir()) {
                "its folder does not exist"
            } else {
                continue;
            };
            return Err(Failed::usage(
                format!("can't write `{}`: {why}", path.display()),
                Some("name a file in a folder that exists; nothing was started".to_owned()),
            ));
        }
        Ok(Self(sinks))
    }

    /// Whether one of them goes to stdout, in place of the summary.
    pub(super) fn take_stdout(&self) -> bool {
        self.0.iter().any(|(path, _)| path.as_path() == Path::new("-"))
    }

    /// Each with the word of its format.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Path, &'static str)> {
        self.0.iter().map(|(path, word)| (path.as_path(), *word))
    }
}

/// Writes to a file, or to stdout for `-`.
///
/// A file is written under another name, synced and renamed, so that there is never half of one.
pub(super) fn write(path: &Path, text: &str, terminal: &Terminal) -> Result<(), Failed> {
    let what = format!("write `{}`", path.display());
    let failed = |error: std::io::Error| Failed::could_not(&what, error);
    if path == Path::new("-") {
        return terminal.out(text).map_err(failed);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = File::create(&part)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        drop(fs::remove_file(&part));
    }
    written.map_err(failed)
}
