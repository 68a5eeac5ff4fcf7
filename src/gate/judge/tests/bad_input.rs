//! What no plan has foreseen: nothing, one of all, no spread, figures that are none.

use super::*;
use crate::record::Lines;
use crate::units::Ratio;

/// Every figure of a ruling is a number.
#[track_caller]
fn all_numbers(ruling: &Ruling) {
    for row in &ruling.rows {
        let ratio = row.ratio.iter().flat_map(|one| [one.value, one.low, one.high]);
        let figures = ratio.chain(row.point).chain([row.weight]);
        assert!(figures.into_iter().all(|one| !one.is_nan()), "{row:?}");
    }
    for row in &ruling.errors {
        let figures = row.candidate.iter().flat_map(|one| [one.value, one.low, one.high]);
        assert!(figures.chain(row.baseline.map(|one| one.0)).all(f64::is_finite), "{row:?}");
    }
    for site in &ruling.sites {
        assert!(site.run_noise.is_finite() && site.ratio.value.is_finite(), "{site:?}");
    }
}

#[test]
fn nothing_is_invalid() {
    let mut trial = trial();
    trial.candidate.clear();
    trial.check(&["INVALID", "INVALID: the candidate has no repetition"]);
    trial.baseline.clear();
    all_numbers(&trial.judge());
    trial.candidate = side(0);
    trial.check(&["INVALID", "INVALID: the baseline has no repetition"]);
}

#[test]
fn one_against_one_is_held_unless_the_noise_is_known() {
    let mut trial = trial();
    for side in [&mut trial.baseline, &mut trial.candidate] {
        side.truncate(1);
        for (name, _) in SITE {
            resize(side, name, 30_000);
        }
    }
    let ruling = trial.judge();
    all_numbers(&ruling);
    assert_eq!(ruling.verdict, Verdict::Hold);
    let texts: Vec<_> = ruling.reasons.iter().map(|one| one.text.as_str()).collect();
    assert!(texts.contains(&"one repetition on each side says nothing of the noise"), "{texts:?}");
    let settle = ruling.settle.unwrap();
    assert_eq!((settle.repetitions, settle.more), (5, 4));
    // The stretches of one repetition say how failures cluster.
    for side in [&mut trial.baseline, &mut trial.candidate] {
        for one in side.iter_mut().flat_map(|one| &mut one.series) {
            one.stretches = vec![Stretch { errors: 0, requests: 15_000 }; 2];
        }
    }
    trial.noise = (0..8).map(repetition).collect();
    assert_eq!(trial.judge().verdict, Verdict::Go);
    slow_down(&mut trial.candidate, FARMS, 1.5);
    assert_eq!(trial.judge().verdict, Verdict::NoGo);
}

#[test]
fn one_repetition_of_one_side_suffices() {
    let mut trial = trial();
    trial.candidate.truncate(1);
    for (name, _) in SITE {
        for series in each(&mut trial.candidate, name) {
            series.requests = 30_000;
            series.figures.iter_mut().for_each(|(_, cell)| cell.n = 30_000);
        }
    }
    let ruling = trial.judge();
    all_numbers(&ruling);
    assert_eq!(ruling.verdict, Verdict::Go);
}

#[test]
fn no_spread_is_judged_with_the_least_there_is() {
    let mut trial = trial();
    for side in [&mut trial.baseline, &mut trial.candidate] {
        for one in side.iter_mut().flat_map(|one| &mut one.series) {
            one.figures.iter_mut().for_each(|(_, cell)| {
                *cell = RunPercentile { ln_value: 18.0, variance: 0.0, n: REQUESTS };
            });
        }
    }
    let ruling = trial.judge();
    all_numbers(&ruling);
    assert_eq!(ruling.verdict, Verdict::Go);
    slow_down(&mut trial.candidate, FARMS, 1.25);
    assert_eq!(trial.judge().verdict, Verdict::NoGo);
}

#[test]
fn a_dozen_requests_decide_nothing() {
    let mut trial = trial();
    for side in [&mut trial.baseline, &mut trial.candidate] {
        for (name, _) in SITE {
            resize(side, name, 12);
        }
    }
    let ruling = trial.judge();
    all_numbers(&ruling);
    assert_eq!(ruling.verdict, Verdict::Hold);
    let texts: Vec<_> = ruling.reasons.iter().map(|one| one.text.as_str()).collect();
    assert!(texts.contains(&"nothing has requests enough to be judged in full"), "{texts:?}");
    // Five repetitions of twelve requests have 3 slow ones, and 200 with 5 % on top are wanted.
    let settle = ruling.settle.unwrap();
    assert_eq!(settle.more, 0);
    assert_eq!(
        settle.text,
        "repetitions 70.0 times as long, or as many times the rate, would decide"
    );
}

#[test]
fn no_requests_at_all_are_held() {
    let mut trial = trial();
    for side in [&mut trial.baseline, &mut trial.candidate] {
        for (name, _) in SITE {
            without(side, name);
        }
    }
    let ruling = trial.judge();
    all_numbers(&ruling);
    assert_eq!(ruling.verdict, Verdict::Hold);
    assert_eq!(ruling.errors[0].standing, Standing::NotGated);
}

#[test]
fn a_series_that_one_repetition_lacks_can_not_be_compared() {
    let mut trial = trial();
    without(&mut trial.candidate[1..2], CART);
    let ruling = trial.judge();
    all_numbers(&ruling);
    let cart = row(&ruling, CART, 0.95);
    assert_eq!(cart.standing, Standing::NotGated);
    assert!(cart.point.is_some_and(|point| (0.9..1.1).contains(&point)));
    assert_eq!(ruling.verdict, Verdict::Hold);
    let text = &ruling.reasons[0].text;
    assert!(text.contains("a repetition of the candidate has 0 of 4,400"), "{text}");
}

#[test]
fn a_policy_of_nonsense_is_never_go() {
    let mut trial = trial();
    let lines = Lines { go: Ratio(f64::NAN), no_go: Ratio(f64::NAN), rollback: Ratio(f64::NAN) };
    trial.policy.change = lines;
    trial.policy.errors = lines;
    all_numbers(&trial.judge());
    assert_eq!(trial.judge().verdict, Verdict::Hold);
    trial.policy = Policy { figures: Vec::new(), ..Policy::default() };
    assert_eq!(trial.judge().verdict, Verdict::Hold);
    trial.policy = Policy { confidence: Ratio(f64::NAN), ..Policy::default() };
    all_numbers(&trial.judge());
    trial.policy = Policy { confidence: Ratio(7.0), ..Policy::default() };
    all_numbers(&trial.judge());
}

#[test]
fn noise_from_elsewhere_has_no_effect_where_repetitions_show_their_own() {
    let mut trial = trial();
    let own = trial.judge();
    trial.noise = (0..8).map(repetition).collect();
    for (at, one) in trial.noise.iter_mut().enumerate() {
        for series in &mut one.series {
            series.figures.iter_mut().for_each(|(_, cell)| cell.ln_value += 40.0 * MOOD[at]);
        }
    }
    assert_eq!(trial.judge(), own);
    trial.candidate.truncate(1);
    let own =
        Trial { noise: Vec::new(), candidate: side(5)[..1].to_vec(), ..self::trial() }.judge();
    assert_eq!(trial.judge(), own);
}
