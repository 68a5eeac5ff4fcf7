//! What trials that passed or failed say of the capacity.

use super::super::estimate::{Estimate, count};
use crate::units::f64_to_u64;

/// One trial.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// The load that was offered.
    pub load: f64,
    /// Whether the objective was kept.
    pub passed: bool,
}

/// Intervals between the points of the grid.
const STEPS: u32 = 300;

/// The grid goes beyond the bracket by this much, in logarithms of the load.
const MARGIN: f64 = 0.3;

/// How soft the edge may be: scales of the logistic function, equally likely.
const SCALES: [f64; 5] = [0.005, 0.01, 0.02, 0.04, 0.08];

/// A trial passes or fails by accident with 5 %: `0.005 + 0.95 × logistic`.
const LAPSE_FLOOR: f64 = 0.005;
const LAPSE_REST: f64 = 0.95;

/// How likely each capacity is.
#[derive(Clone, Debug, PartialEq)]
pub struct Posterior {
    /// Logarithms of the load, rising, each with its probability.
    grid: Vec<(f64, f64)>,
    trials: u64,
}

impl Posterior {
    /// From trials around a bracket; `None` when the bracket is none or there is no trial.
    ///
    /// `P(pass | load) = 0.005 + 0.95 logistic((c - ln load) / s)` (Wichmann and Hill, *The
    /// psychometric function*, Perception & Psychophysics 63 (2001), for the lapses), on a grid of
    /// 301 capacities `c` from 0.3 below to 0.3 above the bracket and five scales `s`, all equally
    /// likely beforehand; the scales are summed over.
    pub fn of(trials: &[Trial], low: f64, high: f64) -> Option<Self> {
        let known = |trial: &&Trial| trial.load > 0.0 && trial.load.is_finite();
        let trials: Vec<_> = trials.iter().filter(known).map(|t| (t.load.ln(), t.passed)).collect();
        if trials.is_empty() || !(low > 0.0 && high >= low && high.is_finite()) {
            return None;
        }
        let (from, to) = (low.ln() - MARGIN, high.ln() + MARGIN);
        let step = (to - from) / f64::from(STEPS);
        let likelihoods: Vec<_> = (0..=STEPS)
            .map(|at| from + f64::from(at) * step)
            .map(|capacity| (capacity, SCALES.map(|scale| ln_likelihood(&trials, capacity, scale))))
            .collect();
        let all = || likelihoods.iter().flat_map(|(_, by_scale)| by_scale);
        let top = all().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = all().map(|likelihood| (likelihood - top).exp()).sum();
        let mass = |by_scale: &[f64; 5]| {
            by_scale.iter().map(|likelihood| (likelihood - top).exp()).sum::<f64>() / total
        };
        let grid = likelihoods.iter().map(|(capacity, by)| (*capacity, mass(by))).collect();
        Some(Self { grid, trials: f64_to_u64(count(trials.len())) })
    }

    /// Posterior median and the interval from 5 to 95 %; `n` trials.
    pub fn estimate(&self) -> Estimate {
        summary(&self.grid, self.trials)
    }

    /// Whether the interval ends at the lower or at the upper end of the grid.
    pub(super) fn touches(&self) -> (bool, bool) {
        let found = self.estimate();
        let at = |end: Option<&(f64, f64)>, value: f64| {
            end.is_some_and(|(capacity, _)| (capacity - value.ln()).abs() < 1e-9)
        };
        (at(self.grid.first(), found.low), at(self.grid.last(), found.high))
    }
}

/// Capacity after over capacity before, with the interval from 5 to 95 %; `n` trials of both.
///
/// The distribution of the difference of two independent logarithms, from all pairs of points.
pub fn change(before: &Posterior, after: &Posterior) -> Estimate {
    let against = |(capacity, mass): &(f64, f64)| {
        let (capacity, mass) = (*capacity, *mass);
        before.grid.iter().map(move |(old, weight)| (capacity - old, mass * weight))
    };
    let mut differences: Vec<_> = after.grid.iter().flat_map(against).collect();
    differences.sort_by(|a, b| a.0.total_cmp(&b.0));
    summary(&differences, before.trials.saturating_add(after.trials))
}

fn summary(rising: &[(f64, f64)], n: u64) -> Estimate {
    let at = |share: f64| point(rising, share).exp();
    Estimate { value: at(0.5), low: at(0.05), high: at(0.95), n }
}

/// The first point at which a share of the mass is reached.
fn point(rising: &[(f64, f64)], share: f64) -> f64 {
    let mut reached = 0.0;
    let mut points = rising.iter().map(|(point, mass)| {
        reached += mass;
        (*point, reached)
    });
    let found = points.find(|(_, reached)| *reached >= share).map(|(point, _)| point);
    found.or_else(|| rising.last().map(|(point, _)| *point)).unwrap_or(f64::NAN)
}

fn ln_likelihood(trials: &[(f64, bool)], capacity: f64, scale: f64) -> f64 {
    let one = |(load, passed): &(f64, bool)| {
        // Beyond 50 scales nothing changes, and the exponential stays finite.
        let distance = ((load - capacity) / scale).clamp(-50.0, 50.0);
        let pass = LAPSE_REST / (1.0 + distance.exp()) + LAPSE_FLOOR;
        if *passed { pass.ln() } else { (1.0 - pass).ln() }
    };
    trials.iter().map(one).sum()
}
