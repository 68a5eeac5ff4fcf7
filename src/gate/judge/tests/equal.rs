//! "Are we back?": equal is more than as fast.

use super::*;
use crate::gate::threshold::Status;
use crate::stats::equivalence::Equivalence;
use crate::units::Ratio;

fn must_have() -> SeriesRule {
    SeriesRule { must_have: true, ..SeriesRule::default() }
}

#[track_caller]
fn check(trial: &Trial, want: Equivalence) {
    let ruling = trial.judge();
    assert_eq!(ruling.equivalence, want, "{:?}", ruling.reasons);
}

#[test]
fn sides_that_differ_in_speed_are_different() {
    let mut trial = trial();
    check(&trial, Equivalence::Equivalent);
    slow_down(&mut trial.candidate, FARMS, 1.3);
    check(&trial, Equivalence::Different);
    slow_down(&mut trial.candidate, FARMS, 1.0 / 1.3 / 1.3);
    check(&trial, Equivalence::Different);
}

#[test]
fn what_fails_more_often_is_different() {
    let mut trial = trial();
    fail(&mut trial.candidate, FARMS, 150);
    check(&trial, Equivalence::Different);
    for (name, _) in SITE {
        fail(&mut trial.candidate, name, 150);
    }
    check(&trial, Equivalence::Different);
    // So did the old version: it is not told to be well, and not to be another.
    for (name, _) in SITE {
        fail(&mut trial.baseline, name, 152);
    }
    check(&trial, Equivalence::Undecided);
}

#[test]
fn what_is_missing_leaves_it_open() {
    let mut trial = trial();
    without(&mut trial.candidate, CART);
    check(&trial, Equivalence::Undecided);
    trial.rule(CART, must_have());
    check(&trial, Equivalence::Different);
}

#[test]
fn what_is_new_or_hardly_measured_leaves_it_open() {
    let mut new = trial();
    add(&mut new.candidate, "GET /api/wishes", 20.0);
    check(&new, Equivalence::Undecided);
    let mut few = trial();
    for side in [&mut few.baseline, &mut few.candidate] {
        resize(side, CART, 300);
    }
    check(&few, Equivalence::Equivalent);
    few.policy.coverage = Ratio(0.99);
    check(&few, Equivalence::Undecided);
}

#[test]
fn a_limit_that_was_missed_leaves_it_open() {
    let mut trial = trial();
    let missed = Outcome {
        subject: "http_req_response".to_owned(),
        condition: "p(95) < 170ms".to_owned(),
        status: Status::Failed,
        measured: Some("182 ms".to_owned()),
        note: None,
        optional: false,
    };
    trial.baseline_thresholds = vec![Outcome { status: Status::Passed, ..missed.clone() }];
    trial.thresholds = vec![missed];
    check(&trial, Equivalence::Undecided);
}

#[test]
fn of_an_invalid_comparison_nothing_is_said() {
    let mut trial = trial();
    fault(&mut trial.candidate, 2, FaultKind::Dropped, "20.0 % of all starts were dropped");
    check(&trial, Equivalence::Undecided);
    slow_down(&mut trial.candidate, FARMS, 3.0);
    check(&trial, Equivalence::Undecided);
}

#[test]
fn what_weighs_nothing_keeps_nobody_from_being_equal() {
    let mut trial = trial();
    trial.rule(FARMS, SeriesRule { weight: 0.0, ..SeriesRule::default() });
    slow_down(&mut trial.candidate, FARMS, 3.0);
    check(&trial, Equivalence::Equivalent);
    assert_eq!(row(&trial.judge(), FARMS, 0.95).equivalence, None);
}
