//! `loadgate decide`: from everything that the store has to one document and one word.

mod gather;
mod verify;

use std::path::{Path, PathBuf};

use gather::{Decided, Wanted};

use super::args::{Decide, DecisionFiles};
use super::output::{check_writable, write};
use super::project::Project;
use super::terminal::Terminal;
use super::{Exit, Failed};
use crate::gate::ruling::Verdict;
use crate::report::RenderError;

/// Decides and writes the document, or looks at one that was written.
pub(super) async fn decide(
    decide: Decide,
    project: &Project,
    terminal: &Terminal,
) -> Result<Exit, Failed> {
    if let Some(file) = &decide.verify {
        return verify::verify(file, &decide, terminal).await;
    }
    if decide.baseline.as_ref().is_none_or(String::is_empty) {
        let hint = "name it with `--baseline NAME`, or with `baseline` in `loadgate.toml`; \
                    `loadgate baseline list` shows all";
        return Err(Failed::usage("there is no baseline to compare with", Some(hint.to_owned())));
    }
    let files = files(&decide.files)?;
    let wanted = Wanted::of(&decide, project);
    let decided = gather::decide(&wanted, &decide.store, terminal).await?;
    let exit = exit(decided.document.decision.verdict());
    write_all(&decided, &decide.files, &files, terminal)?;
    Ok(exit.reported(decide.judging.exit_zero))
}

/// How the document is laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Markdown,
    Html,
    Json,
}

/// The files that are written: those that were named, or `decision.md` and `decision.html`.
fn files(named: &DecisionFiles) -> Result<Vec<(PathBuf, Layout)>, Failed> {
    let all =
        [(&named.md, Layout::Markdown), (&named.html, Layout::Html), (&named.json, Layout::Json)];
    let mut files: Vec<_> =
        all.into_iter().filter_map(|(path, layout)| Some((path.clone()?, layout))).collect();
    if files.is_empty() {
        files = vec![
            (PathBuf::from("decision.md"), Layout::Markdown),
            (PathBuf::from("decision.html"), Layout::Html),
        ];
    }
    let stdout = files.iter().filter(|(path, _)| path == Path::new("-")).count();
    if stdout > 1 {
        return Err(Failed::usage(
            "stdout can take only one of `--json`, `--html` and `--md`",
            Some("write the others to files".to_owned()),
        ));
    }
    for path in files.iter().map(|(path, _)| path).chain(&named.report) {
        check_writable(path)?;
    }
    Ok(files)
}

fn write_all(
    decided: &Decided,
    named: &DecisionFiles,
    files: &[(PathBuf, Layout)],
    terminal: &Terminal,
) -> Result<(), Failed> {
    let fault = |error: RenderError| Failed::new(error.to_string(), None);
    let document = &decided.document;
    if let (Some(path), Some(report)) = (&named.report, &decided.report) {
        write(path, report, terminal)?;
    }
    for (path, layout) in files {
        let text = match layout {
            Layout::Markdown => document.markdown(),
            Layout::Html => document.html(),
            Layout::Json => document.json(),
        };
        write(path, &text.map_err(fault)?, terminal)?;
    }
    if files.iter().any(|(path, _)| path == Path::new("-")) {
        return Ok(());
    }
    let text = if terminal.is_quiet() {
        format!("{}\n", document.decision.verdict)
    } else {
        document.text(terminal.style(), terminal.table_columns())
    };
    terminal.out(&text).map_err(|error| Failed::could_not("print the decision", error))?;
    let written: Vec<String> = files
        .iter()
        .map(|(path, _)| path)
        .chain(&named.report)
        .map(|p| p.display().to_string())
        .collect();
    terminal.note(&format!("written: {}", written.join(", ")));
    Ok(())
}

/// What the shell is told.
fn exit(verdict: Option<Verdict>) -> Exit {
    match verdict {
        Some(Verdict::Go) => Exit::Done,
        Some(Verdict::Hold) => Exit::Hold,
        Some(Verdict::NoGo) => Exit::NoGo,
        Some(Verdict::Rollback) => Exit::Rollback,
        Some(Verdict::Invalid) | None => Exit::Invalid,
    }
}
