//! `loadgate report`: a stored run, or two sides compared, in every format.

use super::args::{Comparing, Judging, Report};
use super::compare::both;
use super::github::Github;
use super::output::{Results, write};
use super::pictures::Pictures;
use super::runs::{open, open_if_there};
use super::terminal::Terminal;
use super::{Exit, Failed, daily};
use crate::record::RunRecord;
use crate::report::Question;
use crate::report::hlog::{self, Phases};

/// Writes the files that were asked for, or prints one format. Whatever it shows, it has done its
/// work: the exit code of `gate` is the verdict.
pub(super) async fn report(report: Report, terminal: &Terminal) -> Result<Exit, Failed> {
    let pictures = Pictures::of(&report.pictures)?;
    let results = match &report.candidate {
        Some(candidate) => compared(&report, candidate, terminal).await?,
        None => alone(&report, terminal).await?,
    };
    let files = [
        (&report.html, "html"),
        (&report.md, "markdown"),
        (&report.json, "json"),
        (&report.csv, "csv"),
        (&report.junit, "junit"),
    ];
    let mut written = report.hlog.is_some() || pictures.any();
    pictures.write(&results.document, terminal)?;
    written |= daily::write(&report.daily, &results.document, terminal)?;
    for (path, word) in files {
        if let Some(path) = path {
            results.write(word, path, terminal)?;
            written = true;
        }
    }
    if !written {
        let text = if report.format == "text" {
            results.summary(terminal)
        } else {
            results.render(&report.format)?
        };
        terminal.out(&text).map_err(|error| Failed::could_not("print the report", error))?;
    }
    if let Some(github) = Github::of(report.github) {
        github.tell(&results.document, Exit::Done, terminal);
    }
    Ok(Exit::Done)
}

async fn alone(report: &Report, terminal: &Terminal) -> Result<Results, Failed> {
    let store = open(&report.store, &report.run).await?;
    let record = store.load(&report.run).await?;
    let results = Results::of(&record, store.location().to_string())?;
    store.close().await;
    write_log(report, &record, terminal)?;
    Ok(results)
}

fn write_log(report: &Report, record: &RunRecord, terminal: &Terminal) -> Result<(), Failed> {
    let Some(path) = &report.hlog else { return Ok(()) };
    let text = hlog::render(record, Phases::Measured)
        .map_err(|error| Failed::could_not("read the record", error))?;
    write(path, &text, terminal)
}

/// The same as `compare`, shown as a report.
async fn compared(
    report: &Report,
    candidate: &str,
    terminal: &Terminal,
) -> Result<Results, Failed> {
    let store = open_if_there(&report.store).await?;
    let Comparing { policy, accept_difference, noise_from } = report.comparing.clone();
    let judging = Judging { policy, accept_difference, noise_from, exit_zero: true };
    let asked = (&judging, Question::MayItGo);
    let answer = both([&report.run, candidate], store.as_ref(), asked, terminal).await;
    if let Some(store) = store {
        store.close().await;
    }
    answer.map(|(results, _)| results)
}
