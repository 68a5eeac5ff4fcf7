//! Each rule of the decision, row by row.

use loadgate::gate::decision::{
    Answer, Decision, Known, LogRule, LogTopic, Source, Standing, State, Target, decide,
};
use loadgate::gate::ruling::{Standing as Said, Verdict};
use loadgate::gate::threshold::Status;
use loadgate::record::{Answered, CheckOutcome, Criterion, Stand};
use loadgate::units::Nanos;

use super::{HOUR, checks, good, measured, of_people, said, standing, state, verdict, well};
use crate::fixture;

#[test]
fn every_criterion_and_every_target_has_one_row_and_of_nothing_all_are_missing() {
    let decision = decide(&Known::default());
    let ids: Vec<&str> =
        decision.lists.iter().flat_map(|list| &list.rows).map(|row| row.id.as_str()).collect();
    let criteria = Criterion::ALL.iter().map(|one| one.id);
    for id in criteria.chain(Target::ALL.iter().map(|one| one.id)) {
        assert_eq!(ids.iter().filter(|other| **other == id).count(), 1, "{id}");
    }
    assert_eq!(ids.len(), Criterion::ALL.len() + Target::ALL.len());
    for row in decision.lists.iter().flat_map(|list| &list.rows) {
        let State::Missing { why, how } = &row.state else { panic!("{row:?}") };
        assert!(!why.is_empty() && how.starts_with("loadgate "), "{row:?}");
        assert_eq!(row.standing, Standing::Missing);
    }
    assert_eq!(decision.verdict, "HOLD");
    assert!(decision.next.iter().any(|command| command.contains("observe --for 48h")));
}

#[test]
fn everything_measured_or_attested_and_well_is_go() {
    let decision = decide(&good());
    assert_eq!(decision.verdict, "GO", "{:#?}", decision.reasons);
    assert_eq!(decision.reasons, []);
    assert_eq!(decision.next, Vec::<String>::new());
    // Whatever a machine can know it has measured.
    for id in ["go.errors", "go.performance", "go.memory", "go.pool", "go.data", "go.features"] {
        assert!(matches!(state(&decision, id), State::Measured { .. }), "{id}");
    }
    assert!(matches!(state(&decision, "go.confidence"), State::Attested { .. }));
    let measured = |list: &str| {
        let rows = &decision.list(list).unwrap().rows;
        rows.iter().filter(|row| matches!(row.state, State::Measured { .. })).count()
    };
    assert_eq!(["go", "no_go", "rollback"].map(measured), [7, 6, 5]);
}

#[test]
fn one_attestation_answers_the_rows_that_ask_the_same() {
    let people = of_people();
    assert!(people.contains(&"go.confidence"), "{people:?}");
    let mut known = good();
    known.attestations.retain(|one| {
        !["done.confidence", "outcome.confidence", "outcome.experience"]
            .contains(&one.criterion.as_str())
    });
    let decision = decide(&known);
    assert_eq!(decision.verdict, "GO", "{:#?}", decision.reasons);
    let State::Attested { of, .. } = state(&decision, "done.confidence") else { panic!() };
    assert_eq!(of, "go.confidence");
}

/// What is changed in a candidate that is good, what is decided then, and by which row.
type Case = (&'static str, fn(&mut Known), &'static str, &'static str);

fn row_of(known: &mut Known, standing: Said, weight: f64) {
    let rows = &mut known.ruling.as_mut().unwrap().rows;
    let row = rows.iter_mut().find(|row| row.standing == Said::Go).unwrap();
    (row.standing, row.weight) = (standing, weight);
}

fn errors(known: &mut Known, standing: Said) {
    known.ruling.as_mut().unwrap().errors[0].standing = standing;
}

fn feature(known: &mut Known, passed: u64, failed: u64) {
    (known.features[3].passed, known.features[3].failed) = (passed, failed);
}

fn reading(known: &mut Known, name: &str, change: fn(&mut loadgate::gate::decision::Values)) {
    change(known.figures[0].readings.get_mut(name).unwrap());
}

fn failing_connections(known: &mut Known, readings: u64) {
    let values = known.figures[0].readings.get_mut("db.connection_errors").unwrap();
    (values.above_zero, values.sum, values.max) = (readings, 12.0, 3.0);
}

fn fail(known: &mut Known, check: &str) {
    let rows = known.checks.iter_mut().flat_map(|report| &mut report.rows);
    let row = rows.into_iter().find(|row| row.name == check).unwrap();
    (row.outcome, row.found) = (CheckOutcome::Failed, "exit 1".to_owned());
}

const BAD: &[Case] = &[
    ("slower", |known| row_of(known, Said::Slower, 1.0), "HOLD", "go.performance"),
    ("much slower", |known| row_of(known, Said::NoGo, 1.0), "NO-GO", "no-go.performance"),
    ("of little weight", |known| row_of(known, Said::NoGo, 0.5), "HOLD", "go.performance"),
    ("far slower", |known| row_of(known, Said::Rollback, 1.0), "ROLLBACK", "rollback.performance"),
    ("some fail", |known| errors(known, Said::Slower), "HOLD", "go.errors"),
    ("many fail", |known| errors(known, Said::NoGo), "NO-GO", "no-go.errors"),
    ("too many fail", |known| errors(known, Said::Rollback), "ROLLBACK", "rollback.errors"),
    (
        "more fail than before",
        |known| {
            known.ruling.as_mut().unwrap().errors[0].baseline = Some(loadgate::units::Ratio(0.0));
        },
        "HOLD",
        "outcome.stability",
    ),
    (
        "many fail in the observation",
        |known| known.figures[1].errors = 3_000,
        "NO-GO",
        "no-go.errors",
    ),
    (
        "data are lost",
        |known| known.integrity[0].answer = Answered::Broken,
        "ROLLBACK",
        "rollback.data",
    ),
    ("memory grows", |known| known.leaks[0].found = super::Found::Bad, "NO-GO", "no-go.memory"),
    (
        "the pool is full",
        |known| reading(known, "db.pool_use", |values| values.max = 0.85),
        "HOLD",
        "go.pool",
    ),
    ("a connection fails", |known| failing_connections(known, 1), "NO-GO", "no-go.database"),
    ("connections fail", |known| failing_connections(known, 6), "ROLLBACK", "rollback.database"),
    (
        "logs tell of connections",
        |known| {
            known.logs.push(LogRule {
                name: "connection errors".to_owned(),
                topic: LogTopic::Connections,
                lines: 7,
                found: super::Found::Bad,
                source: Source::of("run x"),
            });
        },
        "NO-GO",
        "no-go.database",
    ),
    (
        "logs tell of migrations",
        |known| {
            known.logs.push(LogRule {
                name: "migration errors".to_owned(),
                topic: LogTopic::Migrations,
                lines: 1,
                found: super::Found::Bad,
                source: Source::of("run x"),
            });
        },
        "HOLD",
        "go.migrations",
    ),
    ("a box is not ticked", |known| feature(known, 985, 15), "HOLD", "go.features"),
    ("a feature fails", |known| feature(known, 960, 40), "NO-GO", "no-go.features"),
    ("a feature is broken", |known| feature(known, 900, 100), "ROLLBACK", "rollback.features"),
    ("a feature never works", |known| feature(known, 0, 2), "ROLLBACK", "rollback.features"),
    ("a check fails", |known| fail(known, "health"), "HOLD", "done.deployment"),
    ("migrations fail", |known| fail(known, "migrated"), "HOLD", "go.migrations"),
    ("a box before fails", |known| fail(known, "backup"), "HOLD", "pre.backup"),
    (
        "a target is missed",
        |known| reading(known, "app.rss_bytes", |values| values.max = 2.1e9),
        "HOLD",
        "done.metrics",
    ),
    (
        "a threshold is missed",
        |known| known.ruling.as_mut().unwrap().thresholds[0].status = Status::Failed,
        "HOLD",
        "done.metrics",
    ),
    (
        "bugs",
        |known| known.attestations.push(said("no-go.bugs", Stand::Holds, HOUR)),
        "NO-GO",
        "no-go.bugs",
    ),
    (
        "a hole",
        |known| known.attestations.push(said("rollback.security", Stand::Holds, HOUR)),
        "ROLLBACK",
        "rollback.security",
    ),
    (
        "a feature is called broken",
        |known| known.attestations.push(said("farm.list", Stand::Fails, HOUR)),
        "ROLLBACK",
        "farm.list",
    ),
    (
        "somebody is not confident",
        |known| known.attestations.push(said("go.confidence", Stand::Fails, HOUR)),
        "HOLD",
        "go.confidence",
    ),
];

#[track_caller]
fn told(decision: &Decision, id: &str) {
    assert!(
        decision.reasons.iter().any(|reason| reason.text.contains(&format!("`{id}`"))),
        "{id} is not told: {:#?}",
        decision.reasons
    );
}

#[test]
fn what_is_bad_decides_and_is_named() {
    for (name, change, word, row) in BAD {
        let mut known = good();
        change(&mut known);
        let decision = decide(&known);
        assert_eq!(decision.verdict, *word, "{name}: {:#?}", decision.reasons);
        assert_eq!(standing(&decision, row), Standing::Bad, "{name}: {:?}", state(&decision, row));
        told(&decision, row);
        assert_eq!(decision.reasons[0].verdict, *word, "{name}: the gravest comes first");
    }
}

#[test]
fn a_measured_failure_cannot_be_attested_away() {
    for (name, change, word, row) in BAD {
        let mut known = good();
        change(&mut known);
        if known.attestations.len() > good().attestations.len() {
            continue;
        }
        for criterion in Criterion::ALL {
            known.attestations.push(well(criterion.id));
        }
        let decision = decide(&known);
        assert_eq!(decision.verdict, *word, "{name}");
        assert_eq!(standing(&decision, row), Standing::Bad, "{name}: {row}");
    }
}

#[test]
fn a_rollback_that_is_measured_was_required() {
    let mut known = good();
    errors(&mut known, Said::Rollback);
    let decision = decide(&known);
    let State::Measured { figure, .. } = state(&decision, "no-go.rollback") else { panic!() };
    assert_eq!(figure, "required by rollback.errors");
}

/// A row, what is done to what is known, and what is said of it then.
type Change = (&'static str, fn(&mut Known), &'static str);

/// What is taken away from a candidate that is good, and which row is then not known.
const MISSING: &[Change] = &[
    ("ruling", |known| known.ruling = None, "go.performance"),
    ("ruling", |known| known.ruling = None, "go.errors"),
    ("integrity", |known| known.integrity.clear(), "go.data"),
    ("figures", |known| known.figures.clear(), "go.pool"),
    ("figures", |known| known.figures.clear(), "no-go.database"),
    ("observation", |known| known.observation = None, "done.observation"),
    ("leaks", |known| known.leaks.clear(), "go.memory"),
    ("checks", |known| known.checks.clear(), "done.deployment"),
    ("features", |known| known.features.clear(), "go.features"),
    ("one feature", |known| drop(known.features.pop()), "go.features"),
    (
        "confidence",
        |known| known.attestations.retain(|one| !one.criterion.ends_with(".confidence")),
        "go.confidence",
    ),
    (
        "approval",
        |known| known.attestations.retain(|one| one.criterion != "done.approval"),
        "done.approval",
    ),
];

#[test]
fn what_is_missing_is_hold_and_is_named() {
    for (name, take, row) in MISSING {
        let mut known = good();
        take(&mut known);
        let decision = decide(&known);
        assert_eq!(decision.verdict, "HOLD", "{name}: {:#?}", decision.reasons);
        let standing = standing(&decision, row);
        assert!(matches!(standing, Standing::Missing | Standing::Open), "{name}: {standing:?}");
        let all: String = decision.reasons.iter().map(|reason| reason.text.as_str()).collect();
        assert!(all.contains(row), "{name}: {all}");
    }
}

#[test]
fn what_decides_neither_way_is_open_and_hold() {
    let cases: &[Change] = &[
        ("undecided", |known| row_of(known, Said::Undecided, 1.0), "go.performance"),
        ("vanished", |known| row_of(known, Said::Vanished, 1.0), "go.performance"),
        (
            "hardly covered",
            |known| {
                let ruling = known.ruling.as_mut().unwrap();
                ruling.coverage.requests = Some(loadgate::units::Ratio(0.4));
            },
            "go.performance",
        ),
        ("undecided failures", |known| errors(known, Said::Undecided), "go.errors"),
        ("no answer", |known| known.integrity[0].answer = Answered::Unanswered, "go.data"),
        ("too short", |known| known.leaks[0].found = super::Found::Open, "go.memory"),
        (
            "20 hours",
            |known| known.observation.as_mut().unwrap().watched = Nanos(20 * HOUR.0),
            "done.observation",
        ),
        (
            "simulated",
            |known| known.observation.as_mut().unwrap().simulated = Some("a file".to_owned()),
            "done.observation",
        ),
    ];
    for (name, change, row) in cases {
        let mut known = good();
        change(&mut known);
        let decision = decide(&known);
        assert_eq!(decision.verdict, "HOLD", "{name}");
        assert_eq!(standing(&decision, row), Standing::Open, "{name}");
        told(&decision, row);
    }
}

#[test]
fn what_the_baseline_broke_too_is_open() {
    let mut known = good();
    known.integrity[0].answer = Answered::Broken;
    known.integrity_before.clone_from(&known.integrity);
    let decision = decide(&known);
    assert_eq!(
        (decision.verdict.as_str(), standing(&decision, "no-go.data")),
        ("HOLD", Standing::Open)
    );
}

#[test]
fn runs_that_are_no_measurement_are_invalid_and_say_nothing() {
    let mut known = good();
    let ruling = known.ruling.as_mut().unwrap();
    ruling.verdict = Verdict::Invalid;
    ruling.reasons = fixture::ruling::ruling().reasons;
    let decision = decide(&known);
    assert_eq!(decision.verdict, "INVALID");
    assert_eq!(standing(&decision, "go.performance"), Standing::Open);
    assert_eq!(standing(&decision, "go.errors"), Standing::Open);
}

#[test]
fn what_was_said_before_the_candidate_was_there_does_not_count() {
    let before = |known: &mut Known, id: &str, how_long: Nanos| {
        known.attestations.retain(|one| one.criterion != id);
        let mut old = well(id);
        old.at_unix_ns = super::candidate_started() - how_long.0;
        known.attestations.push(old);
    };
    // The checks saw the candidate an hour before it was measured.
    let mut known = good();
    before(&mut known, "go.feedback", Nanos(2 * HOUR.0));
    known.attestations.retain(|one| one.criterion != "outcome.experience");
    let decision = decide(&known);
    assert_eq!(decision.verdict, "HOLD");
    let State::Missing { why, .. } = state(&decision, "go.feedback") else { panic!() };
    assert!(why.contains("older than the candidate") && why.contains("Ann"), "{why}");
    told(&decision, "go.feedback");
    let mut known = good();
    before(&mut known, "go.feedback", Nanos(HOUR.0 >> 1));
    assert_eq!(verdict(&known), "GO");
    // Without the checks only its runs say since when it is there.
    known.checks.retain(|report| report.profile == "pre");
    assert_eq!(standing(&decide(&known), "go.feedback"), Standing::Missing);
    // What is about the way and not about the candidate may be older.
    for id in ["done.plan", "done.rollback", "done.documentation", "pre.notified"] {
        let mut known = good();
        before(&mut known, id, Nanos(100 * HOUR.0));
        assert_eq!(verdict(&known), "GO", "{id}");
    }
}

#[test]
fn the_newest_attestation_counts_and_a_revoked_one_says_nothing() {
    let mut known = good();
    known.attestations.push(said("done.issues", Stand::Fails, HOUR));
    assert_eq!(standing(&decide(&known), "done.issues"), Standing::Bad);
    // What was added last counts, whatever the clock of who said it.
    known.attestations.push(said("done.issues", Stand::Holds, Nanos::SECOND));
    assert_eq!(verdict(&known), "GO");
    known.attestations.push(said("done.issues", Stand::Revoked, HOUR));
    let decision = decide(&known);
    assert_eq!(decision.verdict, "HOLD");
    let State::Missing { why, .. } = state(&decision, "done.issues") else { panic!() };
    assert!(why.contains("revoked by Ann"), "{why}");
}

#[test]
fn figures_are_measured_and_never_attested() {
    let mut known = good();
    known.ruling = None;
    known.figures.clear();
    known.observation = None;
    for criterion in Criterion::ALL {
        known.attestations.push(well(criterion.id));
    }
    let decision = decide(&known);
    for id in ["go.errors", "go.performance", "no-go.performance", "rollback.errors"] {
        let State::Missing { why, .. } = state(&decision, id) else { panic!("{id}") };
        assert!(why.contains("can only be measured"), "{id}: {why}");
    }
    assert_eq!(decision.verdict, "HOLD");
}

#[test]
fn people_may_answer_what_measuring_left_open() {
    let mut known = good();
    known.leaks[0].found = super::Found::Open;
    known.attestations.extend([well("go.memory")]);
    let decision = decide(&known);
    assert_eq!(decision.verdict, "GO", "{:#?}", decision.reasons);
    let State::Attested { beside, answer, .. } = state(&decision, "go.memory") else { panic!() };
    assert_eq!(answer, Answer::Yes);
    assert!(beside.unwrap().contains("app.rss_bytes"));
}

#[test]
fn checks_of_another_version_show_nothing_of_the_candidate() {
    let mut known = good();
    known.checks.push(checks("immediate", "6.19.0", &[("migrated", &["go.migrations"])]));
    let decision = decide(&known);
    assert_eq!(decision.verdict, "HOLD");
    let State::Measured { figure, answer, .. } = state(&decision, "done.deployment") else {
        panic!()
    };
    assert_eq!(answer, Answer::Open);
    assert!(figure.contains("of version 6.19.0; the candidate is 7.0.1"), "{figure}");
    assert_eq!(standing(&decision, "go.migrations"), Standing::Open);
}

#[test]
fn a_check_that_could_not_show_something_bad_is_no_good_news() {
    let mut known = good();
    known.attestations.retain(|one| one.criterion != "rollback.security");
    known.checks.push(checks("audit", "7.0.1", &[("audit", &["rollback.security"])]));
    assert_eq!(verdict(&known), "ROLLBACK", "the check shows that there are holes");
    fail(&mut known, "audit");
    assert_eq!(standing(&decide(&known), "rollback.security"), Standing::Open);
}

#[test]
fn what_is_measured_needs_nobody_to_attest_it() {
    let decision = decide(&measured());
    assert_eq!(decision.verdict, "HOLD");
    let bad: Vec<_> = decision
        .lists
        .iter()
        .flat_map(|list| &list.rows)
        .filter(|row| matches!(row.standing, Standing::Bad | Standing::Open))
        .collect();
    assert_eq!(bad, Vec::<&loadgate::gate::decision::Row>::new());
}
