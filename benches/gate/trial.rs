//! One simulated gate: both sides measured, and compared as if the candidate had become slower.

use loadgate::stats::compare::{Comparison, Pair, Settings};
use loadgate::stats::decision::Decision;
use loadgate::stats::quantile::RunPercentile;

use crate::target::{Dice, ENDPOINTS, Noise, PERCENTILES, Target};

/// Repetitions on a side and how long they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Design {
    /// On each side.
    pub repetitions: usize,
    /// Seconds of each.
    pub seconds: usize,
}

impl Design {
    /// What is measured of a side.
    pub(crate) fn minutes(self) -> f64 {
        let number = |of: usize| f64::from(u32::try_from(of).unwrap_or_default());
        number(self.repetitions) * number(self.seconds) / 60.0
    }
}

/// Who became slower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// One endpoint.
    One,
    /// The whole site.
    All,
}

/// One repetition: each endpoint's percentiles.
type Measured = Vec<[RunPercentile; 2]>;

/// The repetitions of both sides, measured in turns.
#[derive(Debug)]
pub(crate) struct Trial {
    baseline: Vec<Measured>,
    candidate: Vec<Measured>,
}

/// What a trial came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// The gate's decision.
    pub gate: Decision,
    /// The decision on the one endpoint that became slower.
    pub one: Decision,
}

impl Trial {
    /// Measures both sides of the same system.
    pub(crate) fn new(target: &Target, noise: &Noise, design: Design, dice: &mut Dice) -> Self {
        let mut trial = Self { baseline: Vec::new(), candidate: Vec::new() };
        trial.measure(target, noise, design, dice);
        trial
    }

    /// Measures as many repetitions again: the second look.
    pub(crate) fn measure(
        &mut self,
        target: &Target,
        noise: &Noise,
        design: Design,
        dice: &mut Dice,
    ) {
        for _ in 0..design.repetitions {
            self.baseline.push(target.repetition(noise, design.seconds, dice));
            self.candidate.push(target.repetition(noise, design.seconds, dice));
        }
    }

    /// All pairs, as they were measured.
    fn pairs(&self) -> Vec<Pair> {
        let side = |side: &[Measured], endpoint: usize, at: usize| {
            let cell = |one: &Measured| one.get(endpoint).and_then(|both| both.get(at)).copied();
            side.iter().map(|one| cell(one).unwrap_or(RunPercentile::NOTHING)).collect()
        };
        (0..ENDPOINTS)
            .flat_map(|endpoint| {
                PERCENTILES.into_iter().enumerate().map(move |(at, percentile)| Pair {
                    endpoint: endpoint.to_string(),
                    group: 0,
                    percentile,
                    lines: None,
                    baseline: side(&self.baseline, endpoint, at),
                    candidate: side(&self.candidate, endpoint, at),
                })
            })
            .collect()
    }

    /// Compares, when `who` became slower by the factor `ratio`: all response times are longer by
    /// it, so that every percentile is, exactly. `endpoint` is the one.
    pub(crate) fn outcome(&self, who: Who, ratio: f64, endpoint: usize) -> Outcome {
        let mut pairs = self.pairs();
        let name = endpoint.to_string();
        for pair in pairs.iter_mut().filter(|pair| who == Who::All || pair.endpoint == name) {
            pair.candidate.iter_mut().for_each(|cell| cell.ln_value += ratio.ln());
        }
        Outcome::of(&compared(&pairs), &name)
    }

    /// Compares the same system with itself while the machine drifts: for each repetition of both
    /// sides the logarithm of the factor.
    pub(crate) fn drifted(&self, drift: &[[f64; 2]]) -> Decision {
        let mut pairs = self.pairs();
        for pair in &mut pairs {
            let both = pair.baseline.iter_mut().zip(&mut pair.candidate);
            for ((before, now), [first, second]) in both.zip(drift) {
                before.ln_value += first;
                now.ln_value += second;
            }
        }
        compared(&pairs).decision
    }
}

impl Outcome {
    fn of(comparison: &Comparison, endpoint: &str) -> Self {
        let own = comparison.rows.iter().filter(|row| row.endpoint == endpoint);
        let counted = own.map(|row| row.decision).filter(|decision| decision.counts());
        let one = counted.max().unwrap_or(Decision::NotGated);
        Self { gate: comparison.decision, one }
    }
}

/// The comparison itself. Both sides have as many repetitions in every pair, which is all that it
/// asks.
fn compared(pairs: &[Pair]) -> Comparison {
    Comparison::of(pairs, &Settings::default())
        .unwrap_or_else(|error| unreachable!("repetitions are the same in every pair: {error}"))
}
