//! How exactly the schedule is kept, and what that costs.

use super::poll::{Poll, Ready, sleep};
use crate::engine::Clock;
use crate::plan::Precision;
use crate::units::Nanos;

/// How long before a start the thread stops sleeping and looks at the clock instead: longer than
/// waking up takes (30 to 50 µs here).
const SPIN: Nanos = Nanos::from_micros(50);

/// How far away a deadline has to be for the last look at the clock to do.
const FAR: Nanos = Nanos::from_millis(20);

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

    /// Waits until something is ready or `deadline` has come, and says what time it is then.
    /// `looked` is the last look at the clock, `awaited` how many answers are.
    pub(super) fn wait(
        &self,
        poll: &Poll,
        ready: &mut Ready,
        (looked, deadline): (Nanos, Nanos),
        awaited: usize,
    ) -> std::io::Result<Nanos> {
        // A deadline that is far away need not be waited for to the microsecond.
        let far = deadline.since(looked) > FAR;
        let now = if far { looked } else { self.clock.now() };
        let limit = match self.precision {
            Precision::Exact => deadline.since(now),
            // Sleeps to shortly before, then asks without sleeping.
            Precision::Spin => deadline.since(now).since(SPIN),
            Precision::Micros100 => on_grid(now, deadline, awaited, Nanos::from_micros(100)),
            Precision::Millis1 => on_grid(now, deadline, awaited, Nanos::from_millis(1)),
        };
        poll.wait(ready, Some(limit))?;
        Ok(self.clock.now())
    }
}

/// Waits for the next tick while answers are awaited: they bear the kernel's stamp, so they may lie
/// until then. Without any the wait goes on to the tick after the deadline.
fn on_grid(now: Nanos, deadline: Nanos, awaited: usize, tick: Nanos) -> Nanos {
    if awaited == 0 {
        return next_tick(deadline.max(now), tick) - now;
    }
    sleep(next_tick(now, tick) - now);
    Nanos::ZERO
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
