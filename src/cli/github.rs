//! GitHub Actions: a step's summary, its annotations and its outputs, where the program runs in one.

use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use super::args::GithubArg;
use super::terminal::Terminal;
use super::{Exit, Failed};
use crate::report::Document;
use crate::report::github::{MAX_SUMMARY, annotations, outputs, summary};

/// Where this step of GitHub Actions takes what is said to it.
pub(super) struct Github {
    summary: Option<PathBuf>,
    outputs: Option<PathBuf>,
}

impl Github {
    /// `None` outside of GitHub Actions, and where the arguments say so.
    pub(super) fn of(argument: GithubArg) -> Option<Self> {
        let is_there = env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        let file =
            |name: &str| env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        (is_there && !argument.no_github)
            .then(|| Self { summary: file("GITHUB_STEP_SUMMARY"), outputs: file("GITHUB_OUTPUT") })
    }

    /// Says how a command ends. What can't be written is told and changes nothing: the verdict is
    /// not about that.
    pub(super) fn tell(&self, document: &Document, exit: Exit, terminal: &Terminal) {
        // GitHub reads commands from both; stdout may be the document of `--json -`.
        for line in annotations(document) {
            terminal.err(&line);
        }
        for written in [self.write_summary(document), self.write_outputs(document, exit)] {
            if let Err(failed) = written {
                terminal.warning(&failed.message);
            }
        }
    }

    /// After what the step has said before: GitHub shows nothing of a summary that is too long.
    fn write_summary(&self, document: &Document) -> Result<(), Failed> {
        let Some(path) = &self.summary else { return Ok(()) };
        let failed = |error: io::Error| {
            Failed::could_not(&format!("write the summary `{}`", path.display()), error)
        };
        let mut file = appended(path).map_err(failed)?;
        let before = file.metadata().map_err(failed)?.len();
        let before = usize::try_from(before).unwrap_or(usize::MAX);
        // A heading begins after an empty line.
        let gap = if before > 0 { "\n\n" } else { "" };
        let room = MAX_SUMMARY.saturating_sub(before).saturating_sub(gap.len());
        let text = summary(document, room).map_err(|error| Failed::new(error.to_string(), None))?;
        if text.is_empty() {
            return Ok(());
        }
        file.write_all(format!("{gap}{text}").as_bytes()).map_err(failed)
    }

    fn write_outputs(&self, document: &Document, exit: Exit) -> Result<(), Failed> {
        let Some(path) = &self.outputs else { return Ok(()) };
        let text = outputs(document, exit.code());
        appended(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
            Failed::could_not(&format!("write the outputs `{}`", path.display()), error)
        })
    }
}

fn appended(path: &PathBuf) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}
