//! What checks show: rows that they prove, and the deployment as a whole.

use super::known::{Known, ended};
use super::measured::Finding;
use super::{Answer, Source, is_against};
use crate::record::{CheckOutcome, CheckReport, CheckRow, Criterion, Group};

/// The profile whose checks show that a deployment has completed.
const IMMEDIATE: &str = "immediate";

fn source(report: &CheckReport) -> Source {
    let at = super::moment(report.started_unix_ns);
    Source::of(format!("checks of profile {}, {at}", report.profile))
}

/// What the newest checks of each profile show of a criterion; `None` when none proves it.
pub(super) fn proved(known: &Known, criterion: &Criterion) -> Option<Finding> {
    let proves = |row: &&CheckRow| row.proves.iter().any(|id| id == criterion.id);
    let reports = known.newest_checks().into_iter();
    let found = reports.flat_map(|report| {
        report.rows.iter().filter(proves).map(move |row| shown(known, criterion, report, row))
    });
    // Of several the worst is told.
    found.max_by_key(|found| match (found.answer, is_against(criterion)) {
        (Answer::Yes, false) | (Answer::No, true) => 0,
        (Answer::Open, _) => 1,
        (Answer::No, false) | (Answer::Yes, true) => 2,
    })
}

/// What one check shows. One that did not hold is never good news: that corruption could not be
/// shown is no proof that there is none.
fn shown(known: &Known, criterion: &Criterion, report: &CheckReport, row: &CheckRow) -> Finding {
    let about_candidate = criterion.group != Group::PreDeployment;
    let of_other = about_candidate && !known.is_of_candidate(report);
    let answer = match row.outcome {
        _ if of_other => Answer::Open,
        CheckOutcome::Passed => Answer::Yes,
        CheckOutcome::Failed if is_against(criterion) => Answer::Open,
        CheckOutcome::Failed => Answer::No,
        CheckOutcome::Skipped => Answer::Open,
    };
    let word = match row.outcome {
        CheckOutcome::Passed => "passed",
        CheckOutcome::Failed => "failed",
        CheckOutcome::Skipped => "was skipped",
    };
    let other = if of_other { other_version(known, report) } else { String::new() };
    let figure = format!("`{}` {word}: {}{other}", row.name, row.found);
    Finding { answer, figure, source: source(report) }
}

fn other_version(known: &Known, report: &CheckReport) -> String {
    let checked = report.target.version.as_deref().unwrap_or("unknown");
    let candidate = known.versions().join(", ");
    format!(" (of version {checked}; the candidate is {candidate})")
}

/// Whether the deployment has completed: every check right after it has passed.
pub(super) fn deployment(known: &Known) -> Option<Finding> {
    let reports = known.newest_checks();
    let report = reports.into_iter().find(|report| report.profile == IMMEDIATE)?;
    let (passed, failed) =
        (ended(report, CheckOutcome::Passed), ended(report, CheckOutcome::Failed));
    let all = report.rows.len();
    let mut figure = format!("{passed} of {all} checks passed");
    let answer = if !known.is_of_candidate(report) {
        figure.push_str(&other_version(known, report));
        Answer::Open
    } else if failed > 0 {
        let first = report.rows.iter().find(|row| row.outcome == CheckOutcome::Failed);
        let told = first.map(|row| format!("; `{}`: {}", row.name, row.found));
        figure.push_str(&told.unwrap_or_default());
        Answer::No
    } else if passed == all && all > 0 {
        Answer::Yes
    } else {
        Answer::Open
    };
    Some(Finding { answer, figure, source: source(report) })
}
