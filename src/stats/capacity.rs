//! The highest load at which a system keeps its latency objective.
//!
//! Open-loop trials of some 30 s at fixed loads pass or fail; [`Search`] says which load comes next
//! and [`Posterior`] what follows from all of them. One trial that fails does not end the search
//! and the estimate allows for trials that say nothing: ramps and bisections are off by more than
//! a tenth in up to 80 % of cases, because they believe every single trial.

mod posterior;
mod search;

pub use posterior::{Posterior, Trial, change};
pub use search::{Search, Settings};

use super::estimate::Estimate;

/// What a trial has to keep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    /// The highest P95, in the unit of the observation.
    pub p95: f64,
    /// The largest share of failures.
    pub errors: f64,
    /// The least share of the offered load that must be achieved.
    pub achieved: f64,
}

impl Objective {
    /// A limit for P95, at most 1 % failures and at least 98 % of the offered load.
    pub fn of_p95(limit: f64) -> Self {
        Self { p95: limit, errors: 0.01, achieved: 0.98 }
    }

    /// Whether a trial kept it; what is no number did not.
    pub fn is_kept_by(&self, seen: &Observation) -> bool {
        seen.p95 <= self.p95
            && seen.errors <= self.errors
            && seen.achieved >= self.achieved * seen.offered
    }
}

/// What was seen in a trial.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// P95 from the intended start.
    pub p95: f64,
    /// The share of failures.
    pub errors: f64,
    /// The load that was offered.
    pub offered: f64,
    /// The load that was answered.
    pub achieved: f64,
}

/// What a search comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Capacity {
    /// The capacity: posterior median with the interval from 5 to 95 %; `n` trials.
    Found(Estimate),
    /// The interval ends where the search did: it lies at or below the upper end.
    AtMost(Estimate),
    /// The interval ends where the search did: it lies at or above the lower end.
    AtLeast(Estimate),
    /// Every load passed up to this one, the highest that is tried.
    BeyondCeiling {
        /// The load.
        passed: f64,
        /// Trials.
        n: u64,
    },
}
