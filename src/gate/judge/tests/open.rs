//! Whether more of the same could decide.

use super::*;
use crate::gate::threshold::Status;

#[track_caller]
fn check(trial: &Trial, want: bool) {
    let ruling = trial.judge();
    assert_eq!(ruling.only_undecided(), want, "{:?} {:?}", ruling.verdict, ruling.reasons);
}

/// Noise that leaves rows undecided.
fn noisy() -> Trial {
    let mut trial = trial();
    for side in [&mut trial.baseline, &mut trial.candidate] {
        for (at, one) in side.iter_mut().enumerate() {
            let mood = [0.17, -0.2, 0.05, 0.1, -0.12][at];
            for series in &mut one.series {
                series.figures.iter_mut().for_each(|(_, cell)| cell.ln_value += mood);
            }
        }
    }
    trial
}

#[test]
fn want_of_data_could_be_decided_by_more() {
    check(&trial(), false);
    check(&noisy(), true);
    let settle = noisy().judge().settle.unwrap();
    assert!(settle.more > 0);
    assert_eq!(settle.more_baseline, settle.more);
    let mut few = trial();
    for side in [&mut few.baseline, &mut few.candidate] {
        for (name, _) in SITE {
            resize(side, name, 12);
        }
    }
    check(&few, true);
}

#[test]
fn a_baseline_that_is_long_enough_leaves_it_to_the_candidate() {
    let mut trial = trial();
    trial.candidate.truncate(2);
    for side in [&mut trial.baseline, &mut trial.candidate] {
        resize(side, CART, 1_000);
    }
    trial.rule(CART, SeriesRule { critical: true, ..SeriesRule::default() });
    trial.baseline = (0..30).map(repetition).collect();
    for side in [&mut trial.baseline, &mut trial.candidate] {
        resize(side, CART, 1_000);
    }
    let settle = trial.judge().settle.unwrap();
    assert_eq!((settle.repetitions, settle.more, settle.more_baseline), (21, 19, 0));
}

#[test]
fn what_was_found_is_not_decided_by_more() {
    let mut slower = noisy();
    slow_down(&mut slower.candidate, FARMS, 2.0);
    check(&slower, false);
    let mut vanished = noisy();
    without(&mut vanished.candidate, CART);
    check(&vanished, false);
    let mut failing = noisy();
    for (name, _) in SITE {
        fail(&mut failing.candidate, name, 66);
    }
    check(&failing, false);
    let mut limit = noisy();
    limit.thresholds = vec![Outcome {
        subject: "http_req_response".to_owned(),
        condition: "p(95) < 170ms".to_owned(),
        status: Status::NoData,
        measured: None,
        note: None,
        optional: false,
    }];
    check(&limit, false);
    let mut anchored = noisy();
    anchored.design = Design::Stored;
    anchored.anchor = vec![repetition(5)];
    fault(&mut anchored.anchor, 0, FaultKind::Lag, "late");
    check(&anchored, false);
}
