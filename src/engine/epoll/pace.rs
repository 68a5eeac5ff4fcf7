//! How exactly the schedule is kept, and what that costs.

use super::poll::{Poll, Ready, sleep};
use crate::engine::Clock;
use crate::units::Nanos;

/// How long before a start the thread stops sleeping and looks at the clock instead: longer than
/// waking up takes (30 to 50 µs here).
const SPIN: Nanos = Nanos::from_micros(50);

/// How exactly starts are made. Precision is bought with CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    /// Each start and each answer wakes the worker.
    Exact,
    /// The worker wakes on a grid of this width and does all that is due.
    Every(Nanos),
    /// The worker does not sleep shortly before a start.
    Spin,
}

/// Waits as exactly as the run asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    precision: Precision,
    clock: Clock,
}

impl Pace {
    pub(super) fn new(precision: Precision, clock: Clock) -> Self {
        Self { precision, clock }
    }

    /// Waits until something is ready or `deadline` has come. `awaited`: how many answers.
    pub(super) fn wait(
        &self,
        poll: &Poll,
        ready: &mut Ready,
        deadline: Nanos,
        awaited: usize,
    ) -> std::io::Result<()> {
        let now = self.clock.now();
        let limit = match self.precision {
            Precision::Exact => deadline.since(now),
            // Sleeps to shortly before, then asks without sleeping.
            Precision::Spin => deadline.since(now).since(SPIN),
            // Answers bear the kernel's stamp, so they may lie until the next tick.
            Precision::Every(tick) if awaited > 0 => {
                sleep(next_tick(now, tick) - now);
                Nanos::ZERO
            }
            Precision::Every(tick) => next_tick(deadline.max(now), tick) - now,
        };
        poll.wait(ready, Some(limit))
    }
}

/// The first tick after `now`.
fn next_tick(now: Nanos, tick: Nanos) -> Nanos {
    let tick = tick.0.max(1);
    Nanos(now.0.div_euclid(tick).saturating_add(1).saturating_mul(tick))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_lie_on_one_grid() {
        let tick = Nanos(100);
        assert_eq!(next_tick(Nanos(0), tick), Nanos(100));
        assert_eq!(next_tick(Nanos(99), tick), Nanos(100));
        assert_eq!(next_tick(Nanos(100), tick), Nanos(200));
    }
}
