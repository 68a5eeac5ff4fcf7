//! `loadgate report`: a stored run in every format.

use super::args::Report;
use super::output::{Results, write};
use super::pictures::Pictures;
use super::runs::open;
use super::terminal::Terminal;
use super::{Exit, Failed};
use crate::report::hlog::{self, Phases};

/// Writes the files that were asked for, or prints one format.
pub(super) async fn report(report: Report, terminal: &Terminal) -> Result<Exit, Failed> {
    let pictures = Pictures::of(&report.pictures)?;
    let store = open(&report.store, &report.run).await?;
    let record = store.load(&report.run).await?;
    let results = Results::of(&record, store.location().to_string())?;
    store.close().await;
    let files = [
        (&report.html, "html"),
        (&report.md, "markdown"),
        (&report.json, "json"),
        (&report.csv, "csv"),
    ];
    let mut written = pictures.any();
    pictures.write(&results.document, terminal)?;
    for (path, word) in files {
        if let Some(path) = path {
            results.write(word, path, terminal)?;
            written = true;
        }
    }
    if let Some(path) = &report.hlog {
        let text = hlog::render(&record, Phases::Measured)
            .map_err(|error| Failed::could_not("read the record", error))?;
        write(path, &text, terminal)?;
        written = true;
    }
    if !written {
        let text = if report.format == "text" {
            results.summary(terminal)
        } else {
            results.render(&report.format)?
        };
        terminal.out(&text).map_err(|error| Failed::could_not("print the report", error))?;
    }
    Ok(Exit::Done)
}
