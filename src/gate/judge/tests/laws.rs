//! What holds of every judgement.

use proptest::prelude::*;

use super::*;
use crate::stats::equivalence::Equivalence;

/// Some site with some noise, some failures, some weights.
fn any_trial() -> impl Strategy<Value = Trial> {
    let shape = (1_usize..7, 1_usize..7, 0.0..0.2_f64, any::<bool>());
    let each = prop::collection::vec(
        (-0.1..0.6_f64, 0_usize..5, 0_u64..200, prop::sample::select(vec![0.0, 0.3, 0.5, 1.0])),
        SITE.len(),
    );
    (shape, each).prop_map(|((left, right, noise, stored), each)| {
        let mut trial = trial();
        trial.baseline = (0..left).map(repetition).collect();
        trial.candidate = (left..left + right).map(repetition).collect();
        trial.design = if stored { Design::Stored } else { Design::Interleaved };
        for side in [&mut trial.baseline, &mut trial.candidate] {
            for (at, one) in side.iter_mut().enumerate() {
                for (place, series) in one.series.iter_mut().enumerate() {
                    let mood = noise * (MOOD[at] * 40.0 + MOOD[(at + place) % 10] * 20.0);
                    series.figures.iter_mut().for_each(|(_, cell)| cell.ln_value += mood);
                }
            }
        }
        for ((name, _), (shift, size, errors, weight)) in SITE.into_iter().zip(each) {
            let requests = [0, 12, 300, 1_500, REQUESTS][size];
            if size < 4 {
                resize(&mut trial.baseline, name, requests);
                resize(&mut trial.candidate, name, requests);
            }
            if size == 4 {
                fail(&mut trial.candidate, name, errors);
            }
            slow_down(&mut trial.candidate, name, f64::exp(shift));
            trial.rule(name, SeriesRule { weight, ..SeriesRule::default() });
        }
        trial
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_slower_candidate_is_never_judged_more_mildly(
        mut trial in any_trial(), factor in 1.0..3.0_f64,
    ) {
        let before = trial.judge();
        for (name, _) in SITE {
            slow_down(&mut trial.candidate, name, factor);
        }
        let after = trial.judge();
        prop_assert!(after.verdict >= before.verdict, "{:?} {:?}", before.reasons, after.reasons);
    }

    #[test]
    fn more_failures_are_never_judged_more_mildly(
        mut trial in any_trial(), share in 1_u64..100,
    ) {
        let before = trial.judge();
        for series in trial.candidate.iter_mut().flat_map(|one| &mut one.series) {
            for stretch in &mut series.stretches {
                let more = (stretch.requests * share).div_ceil(100);
                stretch.errors = (stretch.errors + more).min(stretch.requests);
            }
        }
        let after = trial.judge();
        prop_assert!(after.verdict >= before.verdict, "{:?} {:?}", before.reasons, after.reasons);
    }

    #[test]
    fn a_verdict_has_its_reasons(trial in any_trial()) {
        let ruling = trial.judge();
        prop_assert!(!ruling.reasons.is_empty());
        prop_assert_eq!(ruling.reasons[0].verdict, ruling.verdict);
        for reason in &ruling.reasons {
            prop_assert!(!reason.text.contains("NaN") && !reason.text.contains("inf"), "{}", reason.text);
        }
        prop_assert!(ruling.settle.is_none() || ruling.verdict == Verdict::Hold);
    }

    #[test]
    fn what_is_equal_is_judged_in_full_and_fails_nowhere(trial in any_trial()) {
        let ruling = trial.judge();
        if ruling.equivalence == Equivalence::Equivalent {
            prop_assert!(ruling.coverage.requests.unwrap_or_default() >= trial.policy.coverage);
            let bad = |row: &Row| matches!(row.standing, Standing::New | Standing::Vanished);
            prop_assert!(!ruling.rows.iter().any(|row| row.weight > 0.0 && bad(row)));
            prop_assert!(ruling.errors[0].standing < Standing::Undecided);
        }
    }
}
