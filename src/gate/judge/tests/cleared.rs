//! What GO vouches for: what was decided, and nothing else.

use super::*;
use crate::record::Lines;
use crate::units::Ratio;

fn weight(weight: f64) -> SeriesRule {
    SeriesRule { weight, ..SeriesRule::default() }
}

/// The sentences that speak for GO, but for that on failures.
#[track_caller]
fn check(trial: &Trial, want: &[&str]) {
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Go, "{:?}", ruling.reasons);
    let told = ruling.reasons.iter().map(|one| one.text.as_str());
    let told: Vec<_> = told.filter(|text| !text.contains("requests failed")).collect();
    assert_eq!(told, want, "{:?}", ruling.notes);
}

#[test]
fn each_percentile_vouches_for_its_own_series() {
    let mut trial = trial();
    for side in [&mut trial.baseline, &mut trial.candidate] {
        resize(side, CART, 300);
        resize(side, SITE[2].0, 300);
    }
    check(
        &trial,
        &[
            "p95 of 4 endpoints (100.0 % of requests) and p99 of 2 endpoints (93.6 % of requests) are \
           within 10 % by best estimate; a slow-down above 20 % in any of them is excluded with \
           95 % confidence",
        ],
    );
}

#[test]
fn one_is_told_as_one_and_what_weighs_nothing_not_at_all() {
    let mut trial = trial();
    trial.policy.figures.retain(|figure| figure.quantile < 0.98);
    for (name, _) in &SITE[1..] {
        trial.rule(name, weight(0.0));
    }
    check(
        &trial,
        &["p95 of 1 endpoint (100.0 % of requests) is within 10 % by best estimate; a slow-down \
           above 20 % in it is excluded with 95 % confidence"],
    );
    let coverage = trial.judge().coverage;
    assert_eq!((coverage.endpoints, coverage.endpoints_all), (1, 1));
    // Without anything that counts nothing was judged.
    trial.rule(FARMS, weight(0.0));
    assert_eq!(trial.judge().verdict, Verdict::Hold);
}

#[test]
fn what_has_its_own_lines_is_told_by_them() {
    let mut trial = trial();
    let wide = Lines { go: Ratio(0.5), no_go: Ratio(1.0), rollback: Ratio(2.0) };
    trial.rule(FARMS, SeriesRule { change: Some(wide), ..SeriesRule::default() });
    slow_down(&mut trial.candidate, FARMS, 1.3);
    check(
        &trial,
        &[
            "p95 and p99 of 3 endpoints (75.0 % of requests) are within 10 % by best estimate; a \
             slow-down above 20 % in any of them is excluded with 95 % confidence",
            "p95 and p99 of `GET /api/farms` (Look) are within 50 % by best estimate; a slow-down \
             above 100 % in it is excluded with 95 % confidence",
        ],
    );
}

#[test]
fn what_is_below_the_floor_is_not_within_the_lines() {
    let mut trial = trial();
    trial.policy.floor = Nanos::from_millis(30);
    slow_down(&mut trial.candidate, CART, 1.4);
    check(
        &trial,
        &["p95 and p99 of 3 endpoints (75.0 % of requests) are within 10 % by best estimate; a \
           slow-down above 20 % in any of them is excluded with 95 % confidence"],
    );
}
