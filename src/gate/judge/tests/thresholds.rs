//! Limits of the candidate, absolute and relative.

use super::*;
use crate::gate::threshold::Status;

fn outcome(condition: &str, status: Status) -> Outcome {
    Outcome {
        subject: "http_req_response".to_owned(),
        condition: condition.to_owned(),
        status,
        measured: (status != Status::NoData).then(|| "182 ms".to_owned()),
        note: (status == Status::NoData).then(|| "nothing was measured".to_owned()),
        optional: false,
    }
}

#[track_caller]
fn check(candidate: Status, baseline: Option<Status>, want: (Verdict, &str)) {
    let mut trial = trial();
    trial.thresholds = vec![outcome("p(95) < 170ms", candidate)];
    trial.baseline_thresholds =
        baseline.into_iter().map(|status| outcome("p(95) < 170ms", status)).collect();
    let ruling = trial.judge();
    let first = ruling.reasons[0].text.as_str();
    assert_eq!(ruling.verdict, want.0);
    assert!(want.0 == Verdict::Go || first == want.1, "{first}");
    assert_eq!(ruling.thresholds, trial.thresholds);
}

#[test]
fn a_limit_that_only_the_candidate_misses_is_no_go() {
    let limit = "the limit `http_req_response p(95) < 170ms` (182 ms) is missed";
    check(Status::Passed, Some(Status::Passed), (Verdict::Go, ""));
    check(Status::Passed, Some(Status::Failed), (Verdict::Go, ""));
    check(Status::Failed, Some(Status::Passed), (Verdict::NoGo, limit));
    let unknown = format!("{limit}; whether the baseline kept it is not known");
    check(Status::Failed, None, (Verdict::Hold, &unknown));
    check(Status::Failed, Some(Status::NoData), (Verdict::Hold, &unknown));
    let both = format!("{limit}, as the baseline missed it");
    check(Status::Failed, Some(Status::Failed), (Verdict::Hold, &both));
    let none = "the limit `http_req_response p(95) < 170ms` has no answer: nothing was measured";
    check(Status::NoData, Some(Status::Passed), (Verdict::Hold, none));
}

#[test]
fn missing_data_can_be_accepted() {
    let mut trial = trial();
    let missing = Outcome { optional: true, ..outcome("p(95) < 170ms", Status::NoData) };
    trial.thresholds = vec![missing];
    assert_eq!(trial.judge().verdict, Verdict::Go);
}

/// A relative limit on one percentile that is slower by a factor, with a noise of so much.
fn relative(condition: &str, factor: f64, noise: f64) -> Trial {
    let mut trial = trial();
    let text = ThresholdText {
        subject: "http_req_response".to_owned(),
        condition: condition.to_owned(),
        optional: false,
    };
    for (side, factor) in [(&mut trial.baseline, 1.0), (&mut trial.candidate, factor)] {
        for (at, one) in side.iter_mut().enumerate() {
            let mood = noise * [1.0, -1.0, 0.5, -0.5, 0.0][at];
            one.relative = vec![(text.clone(), Some(cell(70.0 * factor, mood, 4 * REQUESTS)))];
        }
    }
    let asked =
        Outcome { note: Some("needs a baseline".to_owned()), ..outcome(condition, Status::NoData) };
    trial.thresholds = vec![asked];
    trial
}

#[track_caller]
fn check_relative(condition: &str, factor: f64, noise: f64, want: (Status, Verdict, &str)) {
    let ruling = relative(condition, factor, noise).judge();
    let outcome = &ruling.thresholds[0];
    let shown = outcome.measured.as_deref().or(outcome.note.as_deref()).unwrap_or_default();
    assert_eq!((outcome.status, ruling.verdict, shown), want, "{condition} {factor}");
}

#[test]
fn a_relative_limit_is_held_against_the_change() {
    let (go, hold, nogo) = (Verdict::Go, Verdict::Hold, Verdict::NoGo);
    let limit = "p(95) <= +10%";
    check_relative(limit, 1.03, 0.01, (Status::Passed, go, "+3.0 % [+0.7, +4.8]"));
    check_relative(limit, 0.8, 0.01, (Status::Passed, go, "-20.0 % [-21.8, -18.6]"));
    check_relative(limit, 1.15, 0.01, (Status::Failed, nogo, "+15.0 % [+12.5, +17.0]"));
    check_relative(limit, 1.12, 0.05, (Status::Undecided, hold, "+12.0 % [+5.4, +17.5]"));
    check_relative("p(95) <= -10%", 1.0, 0.01, (Status::Failed, nogo, "+0.0 % [-2.2, +1.8]"));
    // By best estimate it is kept, but twice as much is not excluded.
    check_relative(limit, 1.08, 0.12, (Status::Undecided, hold, "+8.0 % [-6.1, +20.8]"));
    check_relative("p(95) <= -10%", 0.8, 0.01, (Status::Passed, go, "-20.0 % [-21.8, -18.6]"));
    check_relative("med <= +10%", 1.03, 0.01, (Status::Passed, go, "+3.0 % [+0.7, +4.8]"));
}

#[test]
fn what_a_comparison_cannot_answer_is_missing_data() {
    let hold = Verdict::Hold;
    let only = "`avg <= +10%` can't be judged: percentiles are compared with the baseline; take \
                `p(95)` or `med`";
    check_relative("avg <= +10%", 1.0, 0.01, (Status::NoData, hold, only));
    let sustained = "`p(95) <= +10% for 2m` can't be judged: a change is one of whole runs; leave \
                     `for` out";
    check_relative("p(95) <= +10% for 2m", 1.0, 0.01, (Status::NoData, hold, sustained));
    let mut trial = relative("p(95) <= +10%", 1.0, 0.01);
    trial.candidate.iter_mut().for_each(|one| one.relative[0].1 = None);
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, hold);
    assert_eq!(ruling.thresholds[0].note.as_deref(), Some("nothing was measured on one side"));
    trial.thresholds[0].optional = true;
    assert_eq!(trial.judge().verdict, Verdict::Go);
}

#[test]
fn a_relative_limit_is_kept_only_with_data_enough_for_it() {
    let mut trial = relative("p(95) <= +10%", 1.0, 0.01);
    for one in trial.baseline.iter_mut().chain(&mut trial.candidate) {
        for (_, cell) in &mut one.relative {
            cell.as_mut().unwrap().n = 400;
        }
    }
    let ruling = trial.judge();
    assert_eq!((ruling.thresholds[0].status, ruling.verdict), (Status::Undecided, Verdict::Hold));
    let text = &ruling.reasons[0].text;
    assert!(text.ends_with("is undecided: too few values to be sure"), "{text}");
}
