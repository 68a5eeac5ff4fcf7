//! What the gate says of each series, a case a percentile, and of failures.

use super::cases::{Case, Outcome};
use crate::gate::ruling::{ErrorRow, Place, Row, RowKind, Standing, Verdict};
use crate::record::Lines;
use crate::report::document::{Document, Question};
use crate::report::{figures, tables, words};
use crate::stats::equivalence::Equivalence;

/// A case for each series and percentile that was compared.
pub(super) fn rows(document: &Document) -> Vec<Case> {
    let Some(ruling) = &document.judgement.ruling else { return Vec::new() };
    let case = |row: &Row| {
        let name = format!("{} {}", name(&row.place), words::percentile(row.quantile));
        Case { time: row.candidate, ..Case::new(name, outcome(document, row)) }
    };
    ruling.rows.iter().map(case).collect()
}

/// A case for all requests together, and for each series that fails.
pub(super) fn errors(document: &Document) -> Vec<Case> {
    let Some(ruling) = &document.judgement.ruling else { return Vec::new() };
    let case = |row: &ErrorRow| {
        let name = row.place.as_ref().map_or_else(|| "all requests".to_owned(), name);
        Case::new(name, failing(document, row))
    };
    ruling.errors.iter().map(case).collect()
}

fn name(place: &Place) -> String {
    match (place.kind, place.step.as_str()) {
        (RowKind::Query, _) => place.name.clone(),
        (_, "") => format!("{} › {}", place.journey, place.name),
        (_, step) => format!("{} › {step} ({})", place.journey, place.name),
    }
}

/// Of an INVALID comparison no row says anything.
fn is_invalid(document: &Document) -> bool {
    document.judgement.verdict() == Some(Verdict::Invalid)
}

fn skipped(reason: impl Into<String>) -> Outcome {
    Outcome::Skipped(reason.into())
}

fn outcome(document: &Document, row: &Row) -> Outcome {
    let counts = format!(
        "{} of the baseline, {} of the candidate",
        figures::some(row.requests_baseline, "value", "values"),
        figures::count(row.requests_candidate),
    );
    let said = match document.judgement.question {
        _ if is_invalid(document) => return skipped("the measurement is not valid"),
        _ if row.standing == Standing::NotGated => {
            return skipped(format!("not gated, too few values: {counts}"));
        }
        _ if row.weight <= 0.0 => return skipped("its weight is 0: only shown"),
        Question::MayItGo => may_it_go(row),
        Question::AreWeBack => are_we_back(row),
    };
    let change = tables::change(row);
    let word = match said {
        Said::Good => return Outcome::Passed,
        Said::Nothing(reason) => return skipped(format!("{reason}; {change}")),
        Said::Bad(word) => word,
    };
    Outcome::failed("gate", format!("{word}: {change}")).with(vec![
        format!("verdict: {word}"),
        format!("change: {change}"),
        format!("lines: {}", changes(row.lines)),
        format!("baseline: {}", figures::nanos(row.baseline)),
        format!("candidate: {}", figures::nanos(row.candidate)),
        format!("n: {counts}"),
    ])
}

/// What is said of one row.
enum Said {
    Good,
    Nothing(&'static str),
    Bad(&'static str),
}

fn may_it_go(row: &Row) -> Said {
    let word = row.standing.word();
    match (row.standing, row.place.kind) {
        (Standing::Go, _) => Said::Good,
        (Standing::NotGated, _) => Said::Nothing("not gated"),
        (Standing::Coarse, _) => Said::Nothing("undecided, and too few values to hold anything up"),
        // The gate notes them: one version names its queries as another does not.
        (Standing::New, RowKind::Query) => Said::Nothing("only the candidate has it"),
        (Standing::Vanished, RowKind::Query) => Said::Nothing("only the baseline has it"),
        (Standing::New | Standing::Vanished, RowKind::Endpoint | RowKind::Login)
        | (
            Standing::Undecided | Standing::Slower | Standing::NoGo | Standing::Rollback,
            RowKind::Endpoint | RowKind::Login | RowKind::Query,
        ) => Said::Bad(word),
    }
}

fn are_we_back(row: &Row) -> Said {
    match row.equivalence {
        None => Said::Nothing("only shown"),
        Some(Equivalence::Equivalent) => Said::Good,
        Some(Equivalence::Undecided) if row.standing == Standing::Coarse => {
            Said::Nothing("undecided, and too few values to hold anything up")
        }
        Some(own @ (Equivalence::Undecided | Equivalence::Different)) => {
            Said::Bad(words::equivalence(own))
        }
    }
}

/// The lines of GO, NO-GO and ROLLBACK for a change.
fn changes(lines: Lines) -> String {
    let lines = [lines.go, lines.no_go, lines.rollback];
    lines.map(|line| words::percent_of(1.0 + line.0)).join(", ")
}

fn failing(document: &Document, row: &ErrorRow) -> Outcome {
    let share = tables::failed(row);
    let word = row.standing.word();
    // A series that has always failed like this is noted only; the share of all requests is held
    // against the lines whatever the baseline did.
    let alike = matches!(
        (&row.candidate, row.baseline),
        (Some(now), Some(before)) if now.low <= before.0
    );
    match row.standing {
        _ if is_invalid(document) => return skipped("the measurement is not valid"),
        Standing::Go => return Outcome::Passed,
        Standing::NotGated | Standing::Coarse | Standing::New | Standing::Vanished => {
            return skipped("too few requests");
        }
        Standing::Undecided if row.place.is_some() => {
            return skipped(format!("undecided: {share}"));
        }
        Standing::Slower | Standing::NoGo | Standing::Rollback if row.place.is_some() && alike => {
            return skipped(format!("it may always have been so: {share}"));
        }
        Standing::Undecided | Standing::Slower | Standing::NoGo | Standing::Rollback => {}
    }
    let lines = [row.lines.go, row.lines.no_go, row.lines.rollback];
    Outcome::failed("failures", format!("{word}: {share} of requests failed")).with(vec![
        format!("verdict: {word}"),
        format!("lines: {}", lines.map(|line| figures::share(Some(line))).join(", ")),
        format!("baseline: {}", figures::share(row.baseline)),
        format!("candidate: {share}"),
        format!("n: {}", figures::count(row.candidate.as_ref().map_or(0, |own| own.n))),
    ])
}
