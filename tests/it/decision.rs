//! The decision: that every rule holds, that nothing missing is ever passed, and that a document
//! that was edited is found.

pub(crate) mod document;
mod guide;
mod laws;
mod rows;

use loadgate::gate::decision::{
    Decision, Feature, Figures, Found, Known, Leak, Observed, Source, Standing, State, Times,
    Values, decide, is_against, is_attestable,
};
use loadgate::gate::ruling::Standing as Said;
use loadgate::record::{
    Answered, Asserted, Attestation, CheckOutcome, CheckReport, CheckRow, Criterion, Group, Stand,
    TargetInfo,
};
use loadgate::units::Nanos;

use crate::fixture;

const HOUR: Nanos = Nanos::from_secs(3_600);

/// When the candidate of the fixture was first measured.
pub(crate) fn candidate_started() -> u64 {
    let runs = fixture::ruling::go().candidate.runs;
    runs.iter().map(|run| run.started_unix_ns).min().unwrap()
}

/// Everything that loadgate can measure, and all of it well; nobody has said anything.
pub(crate) fn measured() -> Known {
    let mut ruling = fixture::ruling::go();
    // As many failures as before, as far as that can be told.
    for row in &mut ruling.errors {
        row.baseline = row.candidate.map(|share| loadgate::units::Ratio(share.value));
        row.standing = Said::Go;
    }
    let asserted = Asserted {
        name: "orders are conserved".to_owned(),
        expect: "after == before".to_owned(),
        answer: Answered::Holds,
        before: None,
        after: None,
        created: None,
        expected: None,
        note: None,
    };
    let criteria = Criterion::in_group(Group::Feature);
    let feature = |criterion: &Criterion| Feature {
        id: criterion.id.to_owned(),
        passed: 1_000,
        failed: 0,
        worst: None,
        source: Source::of("run x"),
    };
    let mut observed = figures("observation o");
    observed.requests = 100_000;
    Known {
        baseline: "prisma-6.19".to_owned(),
        ruling: Some(ruling),
        integrity: vec![asserted],
        figures: vec![figures("run x"), observed],
        observation: Some(Observed {
            id: "o".to_owned(),
            started_unix_ns: candidate_started(),
            planned: Nanos(48 * HOUR.0),
            watched: Nanos(30 * HOUR.0),
            missed: Nanos::ZERO,
            simulated: None,
            worst: None,
        }),
        leaks: vec![Leak {
            reading: "app.rss_bytes".to_owned(),
            found: Found::Clean,
            figure: "+0.1 MB/h [-0.1, +0.3]".to_owned(),
            source: Source::of("observation o"),
        }],
        checks: vec![
            checks("pre", "6.19.0", &[("backup", &["pre.backup"])]),
            checks("immediate", "7.0.1", &[("health", &[]), ("migrated", &["go.migrations"])]),
        ],
        features: criteria.map(feature).collect(),
        ..Known::default()
    }
}

fn figures(what: &str) -> Figures {
    let times = Times {
        n: 1_000,
        mean: Nanos::from_millis(12),
        p95: Nanos::from_millis(30),
        p99: Nanos::from_millis(60),
    };
    let reading = |sum: f64, max: f64| Values { count: 100, above_zero: 0, sum, max };
    let readings = [
        ("db.pool_use", reading(45.0, 0.6)),
        ("db.connection_errors", reading(0.0, 0.0)),
        ("db.query_timeouts", reading(0.0, 0.0)),
        ("app.rss_bytes", reading(1e10, 4e8)),
        ("app.cpu", reading(20.0, 0.7)),
        ("app.db_connect_ms", reading(200.0, 4.0)),
    ];
    Figures {
        source: Source::of(what),
        requests: 10_000,
        errors: 3,
        response: Some(times),
        waiting: Some(times),
        queries: Some(times),
        readings: readings.into_iter().map(|(name, values)| (name.to_owned(), values)).collect(),
    }
}

/// Checks that all passed, an hour before the candidate was measured.
pub(crate) fn checks(profile: &str, version: &str, rows: &[(&str, &[&str])]) -> CheckReport {
    let row = |(name, proves): &(&str, &[&str])| CheckRow {
        name: (*name).to_owned(),
        kind: "exec".to_owned(),
        outcome: CheckOutcome::Passed,
        expected: "exit 0".to_owned(),
        found: "exit 0".to_owned(),
        took: Nanos::from_millis(40),
        attempts: 1,
        proves: proves.iter().map(|id| (*id).to_owned()).collect(),
        step: None,
    };
    CheckReport {
        profile: profile.to_owned(),
        started_unix_ns: candidate_started() - HOUR.0,
        lasted: Nanos::SECOND,
        target: TargetInfo { version: Some(version.to_owned()), ..TargetInfo::default() },
        rows: rows.iter().map(row).collect(),
    }
}

/// Somebody says this, at this time after the candidate was first measured.
pub(crate) fn said(id: &str, stand: Stand, after: Nanos) -> Attestation {
    Attestation {
        criterion: id.to_owned(),
        by: "Ann".to_owned(),
        note: "looked at it".to_owned(),
        at_unix_ns: candidate_started() + after.0,
        stand,
    }
}

/// That a row is well.
pub(crate) fn well(id: &str) -> Attestation {
    let criterion = Criterion::of(id).unwrap();
    said(id, if is_against(criterion) { Stand::Fails } else { Stand::Holds }, HOUR)
}

/// The rows that nothing in [`measured`] measures: only people can answer them.
pub(crate) fn of_people() -> Vec<&'static str> {
    let decision = decide(&measured());
    let missing = |criterion: &&Criterion| {
        let row = decision.row(criterion.id).unwrap();
        row.standing == Standing::Missing && is_attestable(criterion)
    };
    Criterion::ALL.iter().filter(missing).map(|criterion| criterion.id).collect()
}

/// Everything measured that can be, everything else attested.
pub(crate) fn good() -> Known {
    let attestations = of_people().into_iter().map(well).collect();
    Known { attestations, ..measured() }
}

pub(crate) fn verdict(known: &Known) -> String {
    decide(known).verdict
}

#[track_caller]
pub(crate) fn standing(decision: &Decision, id: &str) -> Standing {
    decision.row(id).unwrap_or_else(|| panic!("{id} has no row")).standing
}

#[track_caller]
pub(crate) fn state(decision: &Decision, id: &str) -> State {
    decision.row(id).unwrap_or_else(|| panic!("{id} has no row")).state.clone()
}
