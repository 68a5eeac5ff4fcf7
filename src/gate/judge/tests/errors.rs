//! Failures of all requests and of single series.

use super::*;
use crate::record::Lines;
use crate::units::Ratio;

/// All endpoints of the candidate fail with this share.
#[track_caller]
fn check(share: f64, want: Verdict) {
    let mut trial = trial();
    let errors = crate::units::f64_to_u64(share * crate::units::count_to_f64(REQUESTS));
    for (name, _) in SITE {
        fail(&mut trial.candidate, name, errors);
    }
    assert_eq!(trial.judge().verdict, want, "{share}");
}

#[test]
fn each_share_of_failures_has_its_verdict() {
    check(0.0, Verdict::Go);
    check(0.005, Verdict::Go);
    check(0.015, Verdict::Hold);
    check(0.03, Verdict::NoGo);
    check(0.08, Verdict::Rollback);
}

#[test]
fn lines_of_the_policy_hold_for_failures() {
    let mut trial = trial();
    trial.policy.errors = Lines { go: Ratio(0.1), no_go: Ratio(0.2), rollback: Ratio(0.5) };
    for (name, _) in SITE {
        fail(&mut trial.candidate, name, 352);
    }
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Go);
    assert_eq!(ruling.errors[0].standing, Standing::Go);
    assert_eq!(ruling.errors.len(), 5);
}

#[test]
fn one_series_that_fails_is_an_alarm() {
    let mut trial = trial();
    fail(&mut trial.candidate, FARMS, 150);
    trial.check(&[
        "NO-GO",
        "NO-GO: `GET /api/farms` (Look): 3.4 % of 22,000 requests failed, more than 2 % and surely \
         more than 1 %; of the baseline 0.0 %",
    ]);
    let weight = SeriesRule { weight: 0.0, ..SeriesRule::default() };
    trial.rule(FARMS, weight);
    assert_eq!(trial.judge().verdict, Verdict::Go);
}

#[test]
fn a_series_that_always_failed_is_a_note() {
    let mut trial = trial();
    fail(&mut trial.baseline, FARMS, 150);
    fail(&mut trial.candidate, FARMS, 154);
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Go);
    assert_eq!(
        ruling.notes,
        [
            "`GET /api/farms` (Look): 3.5 % of 22,000 requests failed, more than 2 % and surely more \
          than 1 %; of the baseline 3.4 %"
        ]
    );
}

#[test]
fn an_error_budget_of_its_own_holds_for_a_series() {
    let mut trial = trial();
    let budget = Lines { go: Ratio(0.001), no_go: Ratio(0.002), rollback: Ratio(0.004) };
    trial.rule(FARMS, SeriesRule { errors: Some(budget), ..SeriesRule::default() });
    fail(&mut trial.candidate, FARMS, 40);
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Rollback);
    assert_eq!(ruling.errors[1].lines, budget);
}

#[test]
fn failures_count_beside_what_is_slower() {
    // A series of half a weight is slower, another one fails: together they weigh 1.
    let mut trial = trial();
    for name in [FARMS, CART] {
        trial.rule(name, SeriesRule { weight: 0.5, ..SeriesRule::default() });
    }
    slow_down(&mut trial.candidate, FARMS, 1.3);
    assert_eq!(trial.judge().verdict, Verdict::Hold);
    fail(&mut trial.candidate, CART, 150);
    assert_eq!(trial.judge().verdict, Verdict::NoGo);
}

#[test]
fn few_requests_leave_the_share_of_failures_open() {
    let mut trial = trial();
    for (name, _) in SITE {
        for side in [&mut trial.baseline, &mut trial.candidate] {
            resize(side, name, 5);
        }
    }
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Hold);
    assert_eq!(ruling.errors[0].standing, Standing::Undecided);
    let reason = &ruling.reasons[0].text;
    assert!(reason.ends_with("too few to say whether it stays below 2 %"), "{reason}");
}

#[test]
fn all_failed_is_taken_back() {
    let mut trial = trial();
    for (name, _) in SITE {
        fail(&mut trial.candidate, name, REQUESTS);
    }
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Rollback);
    assert_eq!(row(&ruling, FARMS, 0.95).standing, Standing::Vanished);
    let told = |text: &str| ruling.reasons.iter().any(|one| one.text.contains(text));
    assert!(told("`GET /api/cart` (Look) has vanished: all 22,000 requests failed"));
}
