//! Which load is tried next: a bracket by doubling and halving, then a staircase up and down.

use super::super::estimate::count;
use super::posterior::{Posterior, Trial};
use super::{Capacity, Estimate};
use crate::units::f64_to_u64;

/// Trials beyond the budget that a bracket may take; at a ratio of 1.2 it takes 40 at the most.
const MOST_FOR_BRACKET: usize = 200;

/// A load of the bracket is settled when so many of its trials agree.
const VOTES: u8 = 2;

/// Where a search begins and when it ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The load that is taken to pass; twice this is the first that is tried.
    pub start: f64,
    /// From this load on nothing higher is tried.
    pub ceiling: f64,
    /// The bracket is narrowed to this ratio.
    pub bracket: f64,
    /// The ratio of one step of the staircase.
    pub step: f64,
    /// So many trials are made in all, more only where the bracket needs them.
    pub trials: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { start: 10.0, ceiling: 1e5, bracket: 1.2, step: 1.06, trials: 40 }
    }
}

/// What the next trial is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// The load is doubled until it fails.
    Doubling,
    /// The bracket is halved, in logarithms.
    Halving,
    /// After a pass a step up, after a failure one down (Dixon and Mood, JASA 43 (1948)).
    Staircase { centre: f64, at: i32 },
    /// The highest load passed.
    Beyond,
}

/// A search as it stands: which load is next, and what was seen so far.
///
/// It drives nothing. [`Search::next_load`] says what to offer, [`Search::tell`] takes how it went.
#[derive(Clone, Debug)]
pub struct Search {
    settings: Settings,
    phase: Phase,
    low: f64,
    high: f64,
    /// Passes and failures at the load that is voted on: two of three decide.
    votes: (u8, u8),
    trials: Vec<Trial>,
}

impl Search {
    /// A search that has seen nothing. A ratio that would not move is taken as the usual one.
    pub fn new(settings: Settings) -> Self {
        let usual = Settings::default();
        let ratio = |given: f64, usual: f64| {
            if given > 1.0 && given.is_finite() { given } else { usual }
        };
        let start = if settings.start > 0.0 { settings.start } else { usual.start };
        Self {
            settings: Settings {
                start,
                bracket: ratio(settings.bracket, usual.bracket),
                step: ratio(settings.step, usual.step),
                ..settings
            },
            phase: Phase::Doubling,
            low: start,
            high: start * 2.0,
            votes: (0, 0),
            trials: Vec::new(),
        }
    }

    /// The load to offer next; `None` when the search has ended.
    pub fn next_load(&self) -> Option<f64> {
        let most = self.settings.trials.saturating_add(MOST_FOR_BRACKET);
        match self.phase {
            _ if self.trials.len() >= most => None,
            Phase::Doubling => Some(self.high),
            Phase::Halving => Some(self.middle()),
            Phase::Staircase { centre, at } => (self.trials.len() < self.settings.trials)
                .then(|| centre * self.settings.step.powi(at)),
            Phase::Beyond => None,
        }
    }

    /// Takes whether the trial at [`Search::next_load`] passed; after the end nothing changes.
    pub fn tell(&mut self, passed: bool) {
        let Some(load) = self.next_load() else { return };
        self.trials.push(Trial { load, passed });
        if let Phase::Staircase { centre, at } = self.phase {
            let at = if passed { at.saturating_add(1) } else { at.saturating_sub(1) };
            self.phase = Phase::Staircase { centre, at };
            return;
        }
        let vote = if passed { &mut self.votes.0 } else { &mut self.votes.1 };
        *vote += 1;
        if *vote >= VOTES {
            self.votes = (0, 0);
            self.settle(load, passed);
        }
    }

    /// All trials in their order.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The loads between which the capacity is looked for; those that passed and failed by vote,
    /// except that the first lower one was never tried.
    pub fn bracket(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// What the trials so far say; `None` before the first.
    pub fn posterior(&self) -> Option<Posterior> {
        Posterior::of(&self.trials, self.low, self.high)
    }

    /// What the search comes to; `None` before the first trial.
    pub fn capacity(&self) -> Option<Capacity> {
        if self.phase == Phase::Beyond {
            return Some(Capacity::BeyondCeiling {
                passed: self.high,
                n: f64_to_u64(count(self.trials.len())),
            });
        }
        let posterior = self.posterior()?;
        let found: Estimate = posterior.estimate();
        // With few trials the grid's margin looks like an end of the capacity: only a trial that
        // went the other way shows one.
        let none = |passed: bool| self.trials.iter().all(|trial| trial.passed != passed);
        let (lowest, highest) = posterior.touches();
        Some(match (lowest || none(true), highest || none(false)) {
            (false, false) => Capacity::Found(found),
            (true, _) => Capacity::AtMost(found),
            (false, true) => Capacity::AtLeast(found),
        })
    }

    /// Moves the bracket by a load that was voted on.
    fn settle(&mut self, load: f64, passed: bool) {
        match (self.phase, passed) {
            (Phase::Doubling, true) if load >= self.settings.ceiling => {
                self.phase = Phase::Beyond;
                return;
            }
            (Phase::Doubling, true) => {
                (self.low, self.high) = (load, load * 2.0);
                return;
            }
            (_, true) => self.low = load,
            (_, false) => self.high = load,
        }
        self.phase = if self.high / self.low > self.settings.bracket {
            Phase::Halving
        } else {
            Phase::Staircase { centre: self.middle(), at: 0 }
        };
    }

    fn middle(&self) -> f64 {
        (self.low * self.high).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn search(passes: impl Fn(f64) -> bool) -> Search {
        let mut search = Search::new(Settings::default());
        while let Some(load) = search.next_load() {
            search.tell(passes(load));
        }
        search
    }

    #[test]
    fn before_the_first_trial_nothing_is_known() {
        assert_eq!(Search::new(Settings::default()).capacity(), None);
    }

    #[test]
    fn what_always_passes_lies_beyond_the_ceiling() {
        let found = search(|_| true).capacity();
        assert!(matches!(found, Some(Capacity::BeyondCeiling { passed, .. }) if passed >= 1e5));
    }

    #[test]
    fn what_always_fails_lies_below_the_bracket() {
        assert!(matches!(search(|_| false).capacity(), Some(Capacity::AtMost(_))));
    }

    #[test]
    fn what_was_never_seen_to_pass_and_to_fail_is_a_bound() {
        let settings = Settings { trials: 4, ..Settings::default() };
        for (passes, made) in [(true, 1), (true, 4), (false, 1), (false, 6)] {
            let mut search = Search::new(settings);
            for _ in 0..made {
                search.tell(passes);
            }
            let bound = match search.capacity() {
                Some(Capacity::AtLeast(_)) => passes,
                Some(Capacity::AtMost(_)) => !passes,
                _ => false,
            };
            assert!(bound, "{passes} {made}: {:?}", search.capacity());
        }
    }

    #[test]
    fn after_the_end_nothing_changes() {
        let mut ended = search(|load| load < 300.0);
        let before = ended.trials().len();
        ended.tell(true);
        assert_eq!(ended.trials().len(), before);
    }

    #[test]
    fn a_start_that_cannot_grow_is_the_usual_one() {
        let odd = Settings { start: 0.0, step: 1.0, bracket: f64::NAN, ..Settings::default() };
        assert_eq!(Search::new(odd).next_load(), Some(20.0));
    }

    #[test]
    fn more_capacity_is_a_ratio_above_one() {
        let before = search(|load| load < 300.0).posterior().unwrap();
        let after = search(|load| load < 390.0).posterior().unwrap();
        let change = super::super::change(&before, &after);
        assert!(change.low > 1.2 && change.low < change.value && change.value < change.high);
        assert!((change.value - 1.3).abs() < 0.05, "{}", change.value);
        assert_eq!(change.n, 80);
    }

    proptest! {
        #[test]
        fn a_sharp_edge_is_found(ln_capacity in 3.0..11.0_f64) {
            let truth = ln_capacity.exp();
            let Some(Capacity::Found(found)) = search(|load| load <= truth).capacity() else {
                return Err(TestCaseError::fail("not found"));
            };
            prop_assert!((found.value / truth - 1.0).abs() < 0.05, "{} is not {truth}", found.value);
            prop_assert!(found.low <= found.value && found.value <= found.high);
        }
    }
}
