//! `loadgate decide --verify`: whether a document says what loadgate wrote, and whether the store
//! still says the same.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::gather::{self, Observation, Wanted};
use crate::cli::args::{Decide, Judging};
use crate::cli::terminal::{Terminal, printable};
use crate::cli::{Exit, Failed};
use crate::report::decision::{Changes, DecisionDocument, Kind, ReadError, read};

/// The largest document: a decision has a few hundred rows.
const MAX_FILE: u64 = 64 << 20;

/// Says whether a document is genuine (else NO-GO's exit code), and whether the same would be
/// decided of what the store has today (else HOLD's).
pub(super) async fn verify(
    file: &Path,
    decide: &Decide,
    terminal: &Terminal,
) -> Result<Exit, Failed> {
    let name = file.display().to_string();
    let text = contents(file)?;
    let (kind, document) = match read(&text) {
        Ok(found) => found,
        Err(error @ (ReadError::NoDocument | ReadError::Format { .. })) => {
            let hint = "name a file that `loadgate decide` has written";
            let message = format!("can't verify `{name}`: {error}");
            return Err(Failed::usage(message, Some(hint.to_owned())));
        }
        Err(error @ (ReadError::Damaged(_) | ReadError::Edited(_))) => {
            let told = printable(&format!("{name} is not what loadgate wrote: {error}"));
            return say(&format!("CHANGED\n{told}\n"), Exit::NoGo, terminal);
        }
    };
    let wanted = again(&document);
    let now = match gather::decide(&wanted, &decide.store, terminal).await {
        Ok(decided) => decided.document,
        Err(failed) => {
            let told = format!(
                "{name} is what loadgate wrote, but what it rests on can't be decided on any \
                 more: {}",
                failed.message
            );
            return say(&format!("NOT CONFIRMED\n{}\n", printable(&told)), Exit::Hold, terminal);
        }
    };
    let changes = Changes::between(&document, &now);
    let sha256 = document.sha256().map_err(|error| Failed::new(error.to_string(), None))?;
    if changes.is_empty() {
        let kind = match kind {
            Kind::Json => "JSON",
            Kind::Html => "page",
            Kind::Markdown => "Markdown",
        };
        let text = format!(
            "GENUINE\n{name} ({kind}) says {}, and so does the store; SHA-256 {sha256}\n",
            document.decision.verdict
        );
        return say(&text, Exit::Done, terminal);
    }
    let (word, exit, why) = if changes.sources.is_empty() {
        let why = "the same records, checks and attestations say something else than it does";
        ("CHANGED", Exit::NoGo, why)
    } else {
        let why = "it is what loadgate wrote, and since then something has changed";
        ("OUTDATED", Exit::Hold, why)
    };
    let lines = changes.sources.iter().chain(&changes.rows).map(|one| format!("  - {one}\n"));
    let text = format!("{word}\n{name}: {why}\n{}", lines.collect::<String>());
    say(&printable(&text), exit, terminal)
}

/// The same question as that of the document.
fn again(document: &DecisionDocument) -> Wanted {
    let candidate = document.candidate.runs.first().map(|run| run.id.clone());
    let asked = &document.asked;
    let judging = Judging {
        policy: asked.policy.as_ref().map(PathBuf::from),
        accept_difference: asked.accepted.iter().filter_map(|kind| kind.parse().ok()).collect(),
        noise_from: asked.noise_from.clone(),
        exit_zero: true,
    };
    Wanted {
        baseline: asked.baseline.clone(),
        candidate: candidate.unwrap_or_else(|| document.candidate.name.clone()),
        observation: match &document.observation {
            Some(run) => Observation::Named(run.id.clone()),
            None => Observation::Nothing,
        },
        title: Some(document.title.clone()),
        judging,
        report: document.report.clone(),
        made: Some(document.made.clone()),
    }
}

fn contents(file: &Path) -> Result<String, Failed> {
    let unreadable = |why: String| {
        let hint = "name a file that `loadgate decide` has written".to_owned();
        Failed::usage(format!("can't read `{}`: {why}", file.display()), Some(hint))
    };
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(error.to_string()))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE {
        return Err(unreadable(format!("it has more than {MAX_FILE} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| unreadable(error.to_string()))
}

fn say(text: &str, exit: Exit, terminal: &Terminal) -> Result<Exit, Failed> {
    terminal.out(text).map_err(|error| Failed::could_not("print", error))?;
    Ok(exit)
}
