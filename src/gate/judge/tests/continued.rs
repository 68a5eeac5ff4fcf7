//! What would settle a HOLD is tried: the measurement goes on as the ruling says.

use super::*;
use crate::units::count_to_f64;

/// A generator of our own (Knuth's multiplier), so that a case stays what it is.
struct Dice(u64);

impl Dice {
    fn uniform(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        count_to_f64(self.0 >> 11) / count_to_f64(1 << 53)
    }

    /// Standard normal, near enough: twelve uniforms.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// How the machine and the candidate are.
#[derive(Clone, Copy)]
struct Truth {
    /// Standard deviation of what all endpoints share, from run to run.
    shared: f64,
    /// Of what each has of its own.
    own: f64,
    /// The candidate beside the baseline.
    factor: f64,
    /// Requests of one endpoint in one repetition.
    requests: u64,
}

/// One more repetition on each side.
fn go_on(trial: &mut Trial, truth: Truth, dice: &mut Dice) {
    let number = trial.baseline.len();
    for (side, factor) in [(&mut trial.baseline, 1.0), (&mut trial.candidate, truth.factor)] {
        let mut one = repetition(number);
        let shared = truth.shared * dice.normal();
        for (series, (_, p95)) in one.series.iter_mut().zip(SITE) {
            for (at, level) in [p95, 1.8 * p95].into_iter().enumerate() {
                let mood = shared + truth.own * dice.normal() + f64::ln(factor);
                series.figures[at].1 = cell(level, mood, truth.requests);
                series.figures[at].1.variance = truth.own.powi(2).max(1e-5);
            }
            series.requests = truth.requests;
        }
        side.push(one);
    }
}

/// The share of held measurements that have nothing open any more when they went on as was said.
#[track_caller]
fn check(truth: Truth, edit: fn(&mut Policy), least: f64) {
    let (mut held, mut settled) = (0.0, 0.0);
    for seed in 0..100 {
        let mut dice = Dice(seed * 7_919 + 1);
        let mut trial = trial();
        edit(&mut trial.policy);
        (trial.baseline, trial.candidate) = (Vec::new(), Vec::new());
        (0..5).for_each(|_| go_on(&mut trial, truth, &mut dice));
        let Some(settle) = trial.judge().settle else { continue };
        held += 1.0;
        (0..settle.more).for_each(|_| go_on(&mut trial, truth, &mut dice));
        assert_eq!(u64::try_from(trial.candidate.len()).unwrap(), settle.repetitions);
        let after = trial.judge();
        let open = after.rows.iter().any(|row| row.standing == Standing::Undecided);
        settled += f64::from(u8::from(!open && after.settle.is_none()));
    }
    assert!(held >= 5.0, "only {held} were held");
    assert!(settled >= least * held, "{settled} of {held}");
}

#[test]
fn noise_is_overcome_with_as_many_repetitions_as_were_said() {
    let truth = |shared, own, factor| Truth { shared, own, factor, requests: REQUESTS };
    check(truth(0.1, 0.03, 1.0), |_| {}, 0.8);
    check(truth(0.15, 0.05, 1.0), |_| {}, 0.8);
    check(truth(0.05, 0.08, 1.0), |_| {}, 0.9);
    check(truth(0.08, 0.03, 1.3), |_| {}, 0.8);
    // Beside the line the estimate itself may end on either side.
    check(truth(0.08, 0.03, 1.05), |_| {}, 0.7);
    check(truth(0.1, 0.05, 1.13), |_| {}, 0.5);
}

#[test]
fn requests_are_enough_with_as_many_repetitions_as_were_said() {
    let truth = |requests| Truth { shared: 0.02, own: 0.02, factor: 1.0, requests };
    let critical = |policy: &mut Policy| {
        policy.series.push(SeriesRule {
            pattern: "*".to_owned(),
            critical: true,
            ..SeriesRule::default()
        });
    };
    check(truth(300), |_| {}, 0.95);
    check(truth(170), |_| {}, 0.95);
    check(truth(1_500), critical, 0.95);
}
