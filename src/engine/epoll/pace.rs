//! How exactly the schedule is kept, and what that costs.

use super::poll::{Poll, Ready, sleep};
use crate::engine::Clock;
use crate::plan::Precision;
use crate::units::Nanos;

/// How long before a start the thread stops sleeping and looks at the clock instead: longer than
/// waking up takes (30 to 50 µs here).
const SPIN: Nanos = Nanos::from_micros(50);

/// The most that a sleep is cut short because the thread wakes up late. It may have to look at the
/// clock for as long, should it wake up at once.
const MOST_EARLY: Nanos = SPIN;

/// How much what is known of waking up late changes with each sleep.
const STEP: Nanos = Nanos(500);

/// How far away a deadline has to be for the last look at the clock to do.
const FAR: Nanos = Nanos::from_millis(20);

/// Waits as exactly as the run asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    precision: Precision,
    clock: Clock,
    waking: Waking,
}

/// How late this thread wakes up at least, most of the time.
///
/// A timer's end is some ten microseconds away from the thread's first instruction: the processor
/// leaves its idle state, the scheduler chooses. Who sleeps shorter by that is on time. Three of
/// four sleeps take longer than what is kept here, so that hardly any ends early and has to look at
/// the clock: a quantile that is followed by equal steps (Frugal-1U; Ma, Muthukrishnan and Sandler
/// 2014), which a few wake-ups that were late by milliseconds do not move.
#[derive(Clone, Copy, Debug, Default)]
struct Waking {
    late: Nanos,
}

impl Waking {
    /// Takes how late the thread was after a sleep that nothing had ended before its time.
    fn learn(&mut self, late: Nanos) {
        self.late = if late > self.late {
            (self.late + STEP).min(MOST_EARLY)
        } else {
            self.late.since(Nanos(3 * STEP.0))
        };
    }
}

impl Pace {
    pub(super) fn new(precision: Precision, clock: Clock) -> Self {
        Self { precision, clock, waking: Waking::default() }
    }

    /// Waits until something is ready or `deadline` has come, and says what time it is then.
    /// `looked` is the last look at the clock, `awaited` how many answers are.
    pub(super) fn wait(
        &mut self,
        poll: &Poll,
        ready: &mut Ready,
        (looked, deadline): (Nanos, Nanos),
        awaited: usize,
    ) -> std::io::Result<Nanos> {
        // A deadline that is far away need not be waited for to the microsecond.
        let far = deadline.since(looked) > FAR;
        let now = if far { looked } else { self.clock.now() };
        let limit = match self.precision {
            Precision::Exact => deadline.since(now).since(self.waking.late),
            // Sleeps to shortly before, then asks without sleeping.
            Precision::Spin => deadline.since(now).since(SPIN),
            Precision::Micros100 => gather((now, deadline), awaited, Nanos::from_micros(100)),
            Precision::Millis1 => gather((now, deadline), awaited, Nanos::from_millis(1)),
        };
        poll.wait(ready, Some(limit))?;
        let woken = self.clock.now();
        if ready.len() == 0 && limit > Nanos::ZERO && self.precision == Precision::Exact {
            self.waking.learn(woken.since(now + limit));
        }
        Ok(woken)
    }
}

/// How long to wait for events, so that what is due within `slack` is done in one go. While
/// answers are awaited it has been slept for before: they bear the kernel's stamp, so they may lie.
fn gather((now, deadline): (Nanos, Nanos), awaited: usize, slack: Nanos) -> Nanos {
    let until = wake_up((now, deadline), awaited, slack);
    if awaited == 0 {
        return until - now;
    }
    sleep(until - now);
    Nanos::ZERO
}

/// When to wake up: as late as the first start may be, so that those that follow it closely go
/// with it. Answers lie for as long, unless such a start comes.
fn wake_up((now, deadline): (Nanos, Nanos), awaited: usize, slack: Nanos) -> Nanos {
    let first = deadline.max(now);
    if awaited > 0 && first >= now + slack { now + slack } else { first + slack }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLACK: Nanos = Nanos(100);

    #[test]
    fn starts_that_are_close_share_a_wake_up() {
        // The start at 1,050 may be done at 1,150, together with all that are due by then.
        assert_eq!(wake_up((Nanos(1_000), Nanos(1_050)), 0, SLACK), Nanos(1_150));
        assert_eq!(wake_up((Nanos(1_000), Nanos(1_050)), 3, SLACK), Nanos(1_150));
    }

    #[test]
    fn a_sleep_is_cut_short_by_what_waking_up_takes_most_of_the_time() {
        let mut waking = Waking::default();
        let micros = |at: u64| Nanos::from_micros(at);
        // From 30 to 49 µs, and one in fifty takes 4 ms.
        (0..2_000_u64).for_each(|at| {
            let late = if at % 50 == 0 { Nanos::from_millis(4) } else { micros(30 + at * 7 % 20) };
            waking.learn(late);
        });
        assert!((micros(31)..micros(40)).contains(&waking.late), "{:?}", waking.late);
        // A machine on which every sleep ends late must not become one that never sleeps.
        (0..1_000).for_each(|_| waking.learn(Nanos::from_millis(4)));
        assert_eq!(waking.late, MOST_EARLY);
        // Nor does it stay so.
        (0..1_000).for_each(|_| waking.learn(Nanos::ZERO));
        assert_eq!(waking.late, Nanos::ZERO);
    }

    #[test]
    fn answers_do_not_lie_until_a_start_that_is_far_away() {
        assert_eq!(wake_up((Nanos(1_000), Nanos(9_000)), 3, SLACK), Nanos(1_100));
        assert_eq!(wake_up((Nanos(1_000), Nanos(9_000)), 0, SLACK), Nanos(9_100));
    }
}
