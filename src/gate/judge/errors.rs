//! Failures: of all requests against absolute lines, of single series where they grew.

use super::series::{Line, Table};
use crate::gate::evidence::{SeriesEvidence, added};
use crate::gate::ruling::{ErrorRow, RowKind, Standing};
use crate::record::{Lines, Policy};
use crate::stats::errors::{self, Stretch};
use crate::stats::estimate::Estimate;
use crate::units::Ratio;

/// From so many repetitions on each is one stretch: they show how failures cluster.
const REPETITIONS: usize = 5;

/// Failures with what was judged of each.
pub(super) struct Errors {
    /// All requests first, then series that failed on either side.
    pub(super) rows: Vec<ErrorRow>,
    /// For each row the place of its series in the table, and whether the baseline failed alike;
    /// `None` for all requests.
    pub(super) series: Vec<Option<(usize, Grown)>>,
    /// The stretches of all requests of the candidate.
    pub(super) all: Vec<Stretch>,
}

/// Whether a series fails more often than it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grown {
    /// Surely more often.
    More,
    /// It may always have been so.
    Alike,
}

pub(super) fn judge(table: &Table<'_>, policy: &Policy) -> Errors {
    let http = || table.series.iter().filter(|line| line.place.kind != RowKind::Query);
    let baseline = over(http().map(|line| line.baseline.as_slice()));
    let all = over(http().map(|line| line.candidate.as_slice()));
    let mut rows = vec![row(None, &baseline, &all, policy.errors)];
    let mut series = vec![None];
    for (at, line) in table.series.iter().enumerate() {
        let (before, now) = sides(line);
        if added(&before).errors == 0 && added(&now).errors == 0 {
            continue;
        }
        let own = line.rule.and_then(|rule| rule.errors).unwrap_or(policy.errors);
        let found = row(Some(line), &before, &now, own);
        let grown = match (found.candidate, found.baseline) {
            (Some(now), Some(before)) if now.low <= before.0 => Grown::Alike,
            _ => Grown::More,
        };
        series.push(Some((at, grown)));
        rows.push(found);
    }
    Errors { rows, series, all }
}

fn sides(line: &Line<'_>) -> (Vec<Stretch>, Vec<Stretch>) {
    (over([line.baseline.as_slice()]), over([line.candidate.as_slice()]))
}

fn row(line: Option<&Line<'_>>, before: &[Stretch], now: &[Stretch], lines: Lines) -> ErrorRow {
    let found = errors::judge(now, &limits(lines));
    let before = added(before);
    ErrorRow {
        place: line.map(|line| line.place.clone()),
        baseline: Ratio::of(before.errors.min(before.requests), before.requests),
        // Wilson's lower bound of nothing is a hair below it.
        candidate: found.map(|found| Estimate { low: found.share.low.max(0.0), ..found.share }),
        standing: found.map_or(Standing::NotGated, |found| found.decision.into()),
        lines,
    }
}

/// The lines of a policy as the mathematics knows them.
pub(in crate::gate) fn limits(lines: Lines) -> errors::Lines {
    errors::Lines { go: lines.go.0, nogo: lines.no_go.0, rollback: lines.rollback.0 }
}

/// The failures of several series together: a stretch a repetition, or the stretches of all
/// repetitions where there are few.
fn over<'a>(series: impl IntoIterator<Item = &'a [Option<&'a SeriesEvidence>]>) -> Vec<Stretch> {
    let mut repetitions: Vec<Vec<Stretch>> = Vec::new();
    for side in series {
        repetitions.resize(side.len().max(repetitions.len()), Vec::new());
        for (sum, one) in repetitions.iter_mut().zip(side) {
            let parts = one.map(|one| one.stretches.as_slice()).unwrap_or_default();
            let none = Stretch { errors: 0, requests: 0 };
            sum.resize(parts.len().max(sum.len()), none);
            for (sum, part) in sum.iter_mut().zip(parts) {
                *sum = added(&[*sum, *part]);
            }
        }
    }
    let stretches: Vec<Stretch> = if repetitions.len() >= REPETITIONS {
        repetitions.iter().map(|one| added(one)).collect()
    } else {
        repetitions.concat()
    };
    stretches.into_iter().filter(|one| one.requests > 0).collect()
}
