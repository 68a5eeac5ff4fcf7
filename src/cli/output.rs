//! Results as files and on stdout.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::args::Files;
use super::github::Github;
use super::pictures::Pictures;
use super::terminal::Terminal;
use super::{Exit, Failed};
use crate::gate::live::Alarm;
use crate::gate::ruling::{Ruling, Verdict};
use crate::gate::{threshold, validity};
use crate::record::RunRecord;
use crate::report::terminal::render_within;
use crate::report::{AssertionRow, Curve, Document, FORMATS, Judgement, Question, ThresholdLine};

/// What the gate says of a record.
pub(super) struct Said {
    /// Its answer.
    pub(super) ruling: Ruling,
    /// Which question it answers.
    pub(super) question: Question,
    /// Percentiles of all requests of the baseline.
    pub(super) curve: Option<Curve>,
}

/// A record with its judgement, laid out.
pub(super) struct Results {
    /// The document that all formats are made from.
    pub(super) document: Document,
    /// Whether a threshold was missed, or an assertion on data does not hold.
    pub(super) missed: bool,
    /// Whether the run is a measurement.
    pub(super) valid: bool,
}

impl Results {
    /// Judges a record and makes its document: the same for a run that has just ended and for a
    /// stored one.
    pub(super) fn of(record: &RunRecord, stored_in: String) -> Result<Self, Failed> {
        Self::judged(record, stored_in, None)
    }

    /// The same with what the gate says of it.
    pub(super) fn compared(
        record: &RunRecord,
        stored_in: String,
        said: Said,
    ) -> Result<Self, Failed> {
        Self::judged(record, stored_in, Some(said))
    }

    fn judged(record: &RunRecord, stored_in: String, said: Option<Said>) -> Result<Self, Failed> {
        let outcomes = threshold::judge(record);
        // What a ruling rests on it has looked at itself: it left out what is no measurement.
        let invalid_reasons = match &said {
            None => validity::reasons(record),
            Some(Said { ruling, .. }) if ruling.verdict == Verdict::Invalid => {
                ruling.reasons.iter().map(|reason| reason.text.clone()).collect()
            }
            Some(_) => Vec::new(),
        };
        let line = ThresholdLine::of;
        let missed = outcomes.iter().any(threshold::Outcome::fails);
        let valid = invalid_reasons.is_empty();
        let thresholds = outcomes.iter().map(line).collect();
        let judgement = Judgement { invalid_reasons, thresholds, ..Judgement::default() };
        let judgement = match said {
            Some(Said { ruling, question, curve }) => {
                Judgement { ruling: Some(ruling), question, baseline_curve: curve, ..judgement }
            }
            None => judgement,
        };
        let mut document = Document::new(record, &judgement)
            .map_err(|error| Failed::could_not("read the record", error))?;
        document.stored_in = Some(stored_in);
        let missed = missed || document.integrity.iter().any(AssertionRow::fails);
        let missed = missed || document.logs.fails();
        Ok(Self { document, missed, valid })
    }

    /// The same, with what else makes the command fail and stands in no record's figures.
    pub(super) fn objected(mut self, objections: impl IntoIterator<Item = String>) -> Self {
        self.document.judgement.objections.extend(objections);
        self
    }

    /// What the shell is told of a run that is compared with nothing, and of which a live alarm
    /// may have gone off.
    pub(super) fn exit_after(&self, alarm: Option<&Alarm>) -> Exit {
        match (self.valid, alarm.is_some(), self.missed) {
            (false, _, _) => Exit::Invalid,
            (true, true, _) => Exit::Rollback,
            (true, false, true) => Exit::Thresholds,
            (true, false, false) => Exit::Done,
        }
    }

    /// Prints the summary and writes the files that were asked for. What can't be written is said,
    /// and does not keep the rest from being written.
    pub(super) fn tell(&self, sinks: &Sinks, terminal: &Terminal) -> Option<Exit> {
        let summary = if sinks.take_stdout() {
            String::new()
        } else if terminal.is_quiet() {
            format!("{}\n", self.document.run.id)
        } else {
            self.summary(terminal)
        };
        let printed =
            terminal.out(&summary).map_err(|error| Failed::could_not("print the summary", error));
        let printed = printed.err().map(|failed| failed.tell(terminal));
        self.save(sinks, terminal).or(printed)
    }

    /// Writes the files that were asked for, and prints nothing else.
    pub(super) fn save(&self, sinks: &Sinks, terminal: &Terminal) -> Option<Exit> {
        let written = sinks.iter().map(|(path, word)| self.write(word, path, terminal));
        let pictures = sinks.pictures.write(&self.document, terminal);
        let failures = written.chain([pictures]).filter_map(Result::err);
        failures.map(|failed| failed.tell(terminal)).last()
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
pub(super) struct Sinks {
    files: Vec<(PathBuf, &'static str)>,
    github: Option<Github>,
    pictures: Pictures,
}

impl Sinks {
    /// The files that the arguments name. That one can't be written is better known before a run
    /// of two days than after it.
    pub(super) fn of(files: &Files) -> Result<Self, Failed> {
        let named = [
            (&files.json, "json"),
            (&files.html, "html"),
            (&files.md, "markdown"),
            (&files.junit, "junit"),
        ];
        let sinks: Vec<_> =
            named.into_iter().filter_map(|(path, word)| Some((path.clone()?, word))).collect();
        let stdout = |(path, _): &&(PathBuf, _)| path.as_path() == Path::new("-");
        if sinks.iter().filter(stdout).count() > 1 {
            return Err(Failed::usage(
                "stdout can take only one of `--json`, `--html`, `--md` and `--junit`",
                Some("write the others to files".to_owned()),
            ));
        }
        for (path, _) in &sinks {
            check_writable(path)?;
        }
        let pictures = Pictures::of(&files.pictures)?;
        Ok(Self { files: sinks, github: Github::of(files.github), pictures })
    }

    /// Whether anybody wants anything.
    pub(super) fn any(&self) -> bool {
        !self.files.is_empty() || self.github.is_some() || self.pictures.any()
    }

    /// Whether one of them goes to stdout, in place of the summary.
    pub(super) fn take_stdout(&self) -> bool {
        self.files.iter().any(|(path, _)| path.as_path() == Path::new("-"))
    }

    /// Each with the word of its format.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Path, &'static str)> {
        self.files.iter().map(|(path, word)| (path.as_path(), *word))
    }

    /// Tells GitHub Actions how a command ends, where it runs in it.
    pub(super) fn announce(&self, results: &Results, exit: Exit, terminal: &Terminal) {
        if let Some(github) = &self.github {
            github.tell(&results.document, exit, terminal);
        }
    }
}

/// Whether something can be written to `path`, or to stdout for `-`.
pub(super) fn check_writable(path: &Path) -> Result<(), Failed> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let why = if path == Path::new("-") {
        return Ok(());
    } else if path.is_dir() {
        "it is a folder"
    } else if folder.is_some_and(|folder| !folder.is_dir()) {
        "its folder does not exist"
    } else {
        return Ok(());
    };
    Err(Failed::usage(
        format!("can't write `{}`: {why}", path.display()),
        Some("name a file in a folder that exists; nothing was started".to_owned()),
    ))
}

/// Writes to a file, or to stdout for `-`.
///
/// A file is written under another name, synced and renamed, so that there is never half of one.
pub(super) fn write(path: &Path, text: &str, terminal: &Terminal) -> Result<(), Failed> {
    write_bytes(path, text.as_bytes(), terminal)
}

/// The same for what is no text.
pub(super) fn write_bytes(path: &Path, bytes: &[u8], terminal: &Terminal) -> Result<(), Failed> {
    let what = format!("write `{}`", path.display());
    let failed = |error: std::io::Error| Failed::could_not(&what, error);
    if path == Path::new("-") {
        return terminal.out_bytes(bytes).map_err(failed);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = File::create(&part)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        drop(fs::remove_file(&part));
    }
    written.map_err(failed)
}
