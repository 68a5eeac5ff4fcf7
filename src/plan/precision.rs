//! How exactly workers keep to the intended times, and what is chosen where nobody says it.

use super::{Phase, Shape};
use crate::scenario::PrecisionSpec;
use crate::units::{Rate, count_to_f64};

/// The fastest load of one worker that is timed exactly, in starts a second. Each start has a
/// wake-up of its own until then, and a worker that does nothing but wake up measures itself.
const EXACT_MOST: f64 = 10_000.0;

/// How exactly a worker keeps to the intended times. Precision is bought with CPU time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// Sleeps until each start, less what waking up takes.
    #[default]
    Exact,
    /// Sleeps until a start is 100 µs late, and does what is due by then in one go.
    Micros100,
    /// The same with a millisecond: starts are half of it late on average, and so is every response
    /// time.
    Millis1,
    /// Never sleeps: takes one processor for itself.
    Spin,
}

/// The precision of a plan, and why it is this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) precision: Precision,
    pub(super) chosen_for: Option<String>,
}

impl Precision {
    /// What is chosen for a worker with so many starts a second: exact, or 100 µs where starts are
    /// nearer to each other than that. The coarser ones change what is measured, and to spin takes
    /// a processor: they have to be asked for.
    pub fn for_rate(starts: Rate) -> Self {
        if starts.value() > EXACT_MOST { Self::Micros100 } else { Self::Exact }
    }

    /// The word in scenarios, arguments and records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact => PrecisionSpec::Exact.word(),
            Self::Micros100 => PrecisionSpec::Micros100.word(),
            Self::Millis1 => PrecisionSpec::Millis1.word(),
            Self::Spin => PrecisionSpec::Spin.word(),
        }
    }
}

impl Chosen {
    /// What was asked for, or what suits the fastest phase with its rate shared by so many workers.
    ///
    /// Closed phases need no timer for their starts, each of which follows an answer.
    pub(super) fn of(asked: PrecisionSpec, phases: &[Phase], workers: usize) -> Self {
        let precision = match asked {
            PrecisionSpec::Auto => return Self::fitting(phases, workers),
            PrecisionSpec::Exact => Precision::Exact,
            PrecisionSpec::Micros100 => Precision::Micros100,
            PrecisionSpec::Millis1 => Precision::Millis1,
            PrecisionSpec::Spin => Precision::Spin,
        };
        Self { precision, chosen_for: None }
    }

    fn fitting(phases: &[Phase], workers: usize) -> Self {
        let rates = phases.iter().filter_map(|phase| match phase.shape {
            Shape::Open { from, to, .. } => Some(from.value().max(to.value())),
            Shape::Closed { .. } => None,
        });
        let Some(fastest) = rates.reduce(f64::max) else {
            return Self { precision: Precision::Exact, chosen_for: Some("a closed loop".into()) };
        };
        let workers = count_to_f64(u64::try_from(workers.max(1)).unwrap_or(u64::MAX));
        let own = Rate::per_second(fastest / workers).unwrap_or_default();
        let said = if workers > 1.0 { format!("{own} a worker") } else { own.to_string() };
        Self { precision: Precision::for_rate(own), chosen_for: Some(said) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::PrecisionText;
    use crate::units::Nanos;

    fn phase(shape: Shape) -> Phase {
        Phase {
            name: "p".to_owned(),
            start: Nanos::ZERO,
            length: Nanos::SECOND,
            shape,
            iterations: None,
            measure: true,
            max_users: None,
        }
    }

    fn open(from: f64, to: f64) -> Phase {
        let [from, to] = [from, to].map(|rate| Rate::per_second(rate).unwrap());
        phase(Shape::Open { from, to, poisson: false })
    }

    fn closed() -> Phase {
        phase(Shape::Closed { from: 1, to: 50_000 })
    }

    #[track_caller]
    fn check(asked: PrecisionSpec, phases: &[Phase], workers: usize, want: &str) {
        let Chosen { precision, chosen_for } = Chosen::of(asked, phases, workers);
        let text = PrecisionText { word: precision.word().to_owned(), chosen_for };
        assert_eq!(text.to_string(), want);
    }

    #[test]
    fn a_load_gets_the_precision_that_its_fastest_phase_needs() {
        let auto = |phases: &[Phase], workers, want| {
            check(PrecisionSpec::Auto, phases, workers, want);
        };
        auto(&[open(500.0, 500.0)], 1, "exact, chosen for 500/s");
        auto(&[open(10_000.0, 10_000.0)], 1, "exact, chosen for 10000/s");
        auto(&[open(10_001.0, 10_001.0)], 1, "100us, chosen for 10001/s");
        auto(&[open(5.0, 5.0), open(0.0, 30_000.0)], 2, "100us, chosen for 15000/s a worker");
        auto(&[open(30_000.0, 0.0)], 4, "exact, chosen for 7500/s a worker");
        auto(&[open(20_000.0, 5.0)], 0, "100us, chosen for 20000/s");
        auto(&[closed()], 2, "exact, chosen for a closed loop");
        auto(&[closed(), open(50.0, 50.0)], 1, "exact, chosen for 50/s");
        auto(&[], 1, "exact, chosen for a closed loop");
    }

    #[test]
    fn what_is_asked_for_is_taken() {
        for (asked, want) in [
            (PrecisionSpec::Exact, "exact"),
            (PrecisionSpec::Micros100, "100us"),
            (PrecisionSpec::Millis1, "1ms"),
            (PrecisionSpec::Spin, "spin"),
        ] {
            check(asked, &[open(1e6, 1e6), closed()], 1, want);
        }
    }

    #[test]
    fn the_coarse_and_the_costly_are_never_chosen() {
        for rate in [0.0, 1.0, 1e4, 1e5, Rate::MAX_PER_SECOND] {
            let chosen = Precision::for_rate(Rate::per_second(rate).unwrap());
            assert!(chosen < Precision::Millis1, "{rate}");
        }
    }
}
