//! What holds of every comparison, whatever the figures are.

use loadgate::stats::compare::{
    Comparison, DesignError, Figures, Layout, Pair, Row, Settings, Tier, Variance,
    smallest_detectable,
};
use loadgate::stats::decision::Decision;
use loadgate::stats::equivalence::{self, Equivalence, MARGIN};
use loadgate::stats::quantile::RunPercentile;
use loadgate::units::Nanos;
use proptest::prelude::*;

/// Endpoints with some repetitions each, at two percentiles.
fn any_pairs() -> impl Strategy<Value = Vec<Pair>> {
    let shape = (1_usize..12, 1_usize..6, 1_usize..6, 0.0..0.15_f64);
    shape.prop_flat_map(|(endpoints, left, right, noise)| {
        let cells = endpoints * (left + right);
        let shared = prop::collection::vec(-1.0..1.0_f64, left + right);
        let own = prop::collection::vec((-1.0..1.0_f64, 1e-5..1e-2_f64, 0_usize..6), cells);
        let shift = prop::collection::vec(-0.1..0.5_f64, endpoints);
        (shared, own, shift, prop::sample::select(vec![0.95, 0.99])).prop_map(
            move |(shared, own, shift, percentile)| {
                let one = |(endpoint, cells): (usize, &[(f64, f64, usize)])| {
                    let cell = |(at, (eps, variance, size)): (usize, &(f64, f64, usize))| {
                        let slower = if at < left { 0.0 } else { shift[endpoint] };
                        RunPercentile {
                            ln_value: 17.0 + noise * (shared[at] + 0.5 * eps) + slower,
                            variance: *variance,
                            n: [20, 900, 4_000, 9_000, 30_000, 90_000][*size],
                        }
                    };
                    let mut baseline: Vec<_> = cells.iter().enumerate().map(cell).collect();
                    let candidate = baseline.split_off(left);
                    let (endpoint, group, lines) = (format!("GET /{endpoint}"), 0, None);
                    Pair { endpoint, group, percentile, lines, baseline, candidate }
                };
                own.chunks(left + right).enumerate().map(one).collect()
            },
        )
    })
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let variance = || prop::option::of((0.0..0.01_f64, 0.5..30.0_f64));
    (variance(), variance(), any::<bool>()).prop_map(|(profile, session, floor)| {
        let known = |(value, df)| Variance { value, df };
        Settings {
            profile: profile.map(known),
            session: session.map(known),
            ignore_below: floor.then_some(Nanos(2_000_000)),
            ..Settings::default()
        }
    })
}

fn compare(pairs: &[Pair], settings: &Settings) -> Comparison {
    Comparison::of(pairs, settings).unwrap()
}

fn candidate_times(pairs: &[Pair], factor: f64) -> Vec<Pair> {
    let mut slower = pairs.to_vec();
    let cells = slower.iter_mut().flat_map(|pair| &mut pair.candidate);
    cells.for_each(|cell| cell.ln_value += factor.ln());
    slower
}

/// All residuals `factor` times as large, around the same means.
fn noisier(pairs: &[Pair], factor: f64) -> Vec<Pair> {
    let mut louder = pairs.to_vec();
    for pair in &mut louder {
        for side in [&mut pair.baseline, &mut pair.candidate] {
            let number: f64 = side.iter().map(|_| 1.0).sum();
            let mean = side.iter().map(|cell| cell.ln_value).sum::<f64>() / number;
            for cell in side.iter_mut() {
                cell.ln_value = mean + factor * (cell.ln_value - mean);
            }
        }
    }
    louder
}

/// How grave a row is; an undecided coarse pair is as far from GO as any undecided one.
fn gravity(row: &Row) -> Decision {
    if row.decision == Decision::Coarse { Decision::Inconclusive } else { row.decision }
}

fn figures<'a>(
    one: &'a Comparison,
    other: &'a Comparison,
) -> impl Iterator<Item = (Figures, Figures)> + 'a {
    one.rows.iter().zip(&other.rows).filter_map(|(one, other)| Some((one.figures?, other.figures?)))
}

fn same(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_slower_candidate_is_never_judged_more_mildly(
        pairs in any_pairs(), settings in any_settings(), factor in 1.0..3.0_f64,
    ) {
        let before = compare(&pairs, &settings);
        let after = compare(&candidate_times(&pairs, factor), &settings);
        prop_assert!(after.decision >= before.decision);
        for (before, after) in before.rows.iter().zip(&after.rows) {
            prop_assert!(gravity(after) >= gravity(before), "{:?} {:?}", before, after);
        }
    }

    #[test]
    fn swapping_the_sides_mirrors_the_change(pairs in any_pairs(), settings in any_settings()) {
        let mut swapped = pairs.clone();
        for pair in &mut swapped {
            std::mem::swap(&mut pair.baseline, &mut pair.candidate);
        }
        for (one, other) in figures(&compare(&pairs, &settings), &compare(&swapped, &settings)) {
            prop_assert!(same(one.change, -other.change));
            prop_assert!(same(one.se, other.se));
            prop_assert!(same(one.df, other.df));
            prop_assert!(same(one.low_warn, -other.high_family));
        }
    }

    #[test]
    fn the_unit_of_both_sides_changes_nothing(
        pairs in any_pairs(), settings in any_settings(), shift in -5.0..5.0_f64,
    ) {
        let settings = Settings { ignore_below: None, ..settings };
        let mut scaled = pairs.clone();
        let cells = scaled.iter_mut().flat_map(|pair| pair.baseline.iter_mut().chain(&mut pair.candidate));
        cells.for_each(|cell| cell.ln_value += shift);
        let (one, other) = (compare(&pairs, &settings), compare(&scaled, &settings));
        prop_assert_eq!(one.decision, other.decision);
        for (one, other) in figures(&one, &other) {
            prop_assert!(same(one.change, other.change));
            prop_assert!(same(one.high, other.high));
            prop_assert!(same(one.low_nogo, other.low_nogo));
        }
    }

    #[test]
    fn more_noise_never_narrows_an_interval(
        pairs in any_pairs(), settings in any_settings(), factor in 1.0..4.0_f64,
    ) {
        // A session's variance is no noise of these repetitions, and with few degrees of freedom it
        // is so uncertain that any other part of the variance makes the whole better known.
        let settings = Settings { session: None, ..settings };
        let louder = compare(&noisier(&pairs, factor), &settings);
        for (quiet, loud) in figures(&compare(&pairs, &settings), &louder) {
            let hair = 1e-9;
            prop_assert!(loud.high - loud.change >= quiet.high - quiet.change - hair);
            prop_assert!(loud.change - loud.low_warn >= quiet.change - quiet.low_warn - hair);
            prop_assert!(loud.change - loud.low_nogo >= quiet.change - quiet.low_nogo - hair);
        }
    }

    #[test]
    fn bounds_hold_their_change(pairs in any_pairs(), settings in any_settings()) {
        let found = compare(&pairs, &settings);
        for row in &found.rows {
            let Some(figures) = row.figures else { continue };
            prop_assert!(figures.low_nogo <= figures.low_warn);
            prop_assert!(figures.low_warn <= figures.change && figures.change <= figures.high);
            prop_assert!(figures.high <= figures.high_family + 1e-12);
            prop_assert!(figures.df > 0.0 && figures.detectable > 1.03);
        }
        let full = found.rows.iter().any(|row| row.tier == Tier::Full);
        prop_assert!(full || found.decision != Decision::Go);
        if let Some(more) = found.repetitions_to_decide {
            prop_assert!(more <= 40);
        }
    }
}

/// Endpoints without noise, all slower by one factor, in three repetitions a side.
fn still(factor: f64, endpoints: usize) -> Vec<Pair> {
    let cells = |ln_value: f64| vec![RunPercentile { ln_value, variance: 1e-5, n: 4_000 }; 3];
    let level = 5e6_f64.ln();
    let one = |at: usize| Pair {
        endpoint: format!("GET /{at}"),
        group: 0,
        lines: None,
        percentile: 0.95,
        baseline: cells(level),
        candidate: cells(level + factor.ln()),
    };
    (0..endpoints).map(one).collect()
}

#[test]
fn a_change_that_is_surely_too_small_to_matter_is_go() {
    let settings = Settings { ignore_below: Some(Nanos(2_000_000)), ..Settings::default() };
    // 30 % of 5 ms are 1.5 ms, 60 % are 3 ms.
    let found = compare(&still(1.3, 3), &settings);
    assert_eq!(found.decision, Decision::Go);
    assert!(found.rows.iter().all(|row| row.below_floor));
    assert_eq!(compare(&still(1.6, 3), &settings).decision, Decision::Rollback);
    assert_eq!(compare(&still(1.3, 3), &Settings::default()).decision, Decision::NoGo);
}

#[test]
fn equal_is_what_lies_within_the_margin_on_both_sides() {
    let check = |factor: f64, want: Equivalence| {
        let found = compare(&still(factor, 3), &Settings::default());
        assert_eq!(equivalence::of_all(&found, MARGIN), want, "{factor}");
    };
    check(1.0, Equivalence::Equivalent);
    check(1.03, Equivalence::Equivalent);
    check(1.0 / 1.03, Equivalence::Equivalent);
    check(1.09, Equivalence::Undecided);
    check(1.3, Equivalence::Different);
    check(0.7, Equivalence::Different);
    let nothing = compare(&[], &Settings::default());
    assert_eq!(equivalence::of_all(&nothing, MARGIN), Equivalence::Undecided);
}

#[test]
fn nothing_to_compare_is_not_go() {
    assert_eq!(compare(&[], &Settings::default()).decision, Decision::Inconclusive);
    let mut empty = still(1.0, 2);
    for pair in &mut empty {
        pair.candidate.clear();
    }
    assert_eq!(compare(&empty, &Settings::default()).decision, Decision::Inconclusive);
}

#[test]
fn figures_that_are_no_numbers_decide_nothing() {
    let mut broken = still(1.0, 3);
    broken[1].candidate[0].ln_value = f64::NAN;
    let found = compare(&broken, &Settings::default());
    assert_eq!(found.rows[1].decision, Decision::NotGated);
    assert_eq!(found.comparisons, 2);
    let unknown = Variance { value: f64::NAN, df: 3.0 };
    let settings = Settings { profile: Some(unknown), ..Settings::default() };
    assert_eq!(compare(&still(1.0, 3), &settings).decision, Decision::Inconclusive);
    let settings = Settings { session: Some(unknown), ..Settings::default() };
    assert_eq!(compare(&still(1.0, 3), &settings).decision, Decision::Inconclusive);
}

#[test]
fn an_endpoint_that_was_not_asked_in_a_repetition_is_only_shown() {
    let mut pairs = still(1.6, 3);
    pairs[1].candidate[2] = RunPercentile::NOTHING;
    let found = compare(&pairs, &Settings::default());
    assert_eq!(found.rows[1].decision, Decision::NotGated);
    assert_eq!(found.rows[1].ratio, None);
    assert_eq!((found.comparisons, found.coverage.endpoints), (2, 2));
    assert_eq!(found.decision, Decision::Rollback);
}

#[test]
fn repetitions_that_do_not_match_are_refused() {
    let mut ragged = still(1.0, 2);
    ragged[1].baseline.pop();
    let told = Comparison::of(&ragged, &Settings::default());
    assert_eq!(told, Err(DesignError::Ragged { endpoint: "GET /1".to_owned() }));
    let paired = Settings { layout: Layout::Paired, ..Settings::default() };
    let mut alone = still(1.0, 1);
    alone[0].baseline.pop();
    let told = Comparison::of(&alone, &paired);
    assert_eq!(told, Err(DesignError::Unpaired { baseline: 2, candidate: 3 }));
}

#[test]
fn an_undecided_comparison_says_what_would_decide_it() {
    let noise = [-0.1, 0.0, 0.1];
    let mut pairs = still(1.05, 3);
    for pair in &mut pairs {
        for side in [&mut pair.baseline, &mut pair.candidate] {
            side.iter_mut().zip(noise).for_each(|(cell, noise)| cell.ln_value += noise);
        }
    }
    let found = compare(&pairs, &Settings::default());
    assert_eq!(found.decision, Decision::Inconclusive);
    let more = found.repetitions_to_decide.unwrap();
    assert!((4..=40).contains(&more), "{more}");
    assert_eq!(compare(&still(1.0, 3), &Settings::default()).repetitions_to_decide, None);
}

#[test]
fn a_baseline_says_what_it_could_show() {
    let pairs = still(1.0, 3);
    let found = smallest_detectable(&pairs, &Settings::default()).unwrap();
    // Without noise: ln 1.03 + (t(1 - 0.025/3, 10) + 1.28) √(2/3) 0.005.
    let want = (1.03_f64.ln() + (2.870 + 1.28) * (2.0_f64 / 3.0).sqrt() * 0.005).exp();
    for one in found {
        let ratio = one.ratio.unwrap();
        assert!((ratio - want).abs() < 1e-3, "{ratio} is not {want}");
    }
}

#[test]
fn the_decision_says_what_it_covers() {
    let mut pairs = still(1.0, 4);
    pairs[3].baseline.iter_mut().for_each(|cell| cell.n = 40);
    let coverage = compare(&pairs, &Settings::default()).coverage;
    assert_eq!((coverage.endpoints, coverage.endpoints_all), (3, 4));
    let share = coverage.requests.unwrap().0;
    assert!((share - 72.0 / 84.12).abs() < 1e-12, "{share}");
}
