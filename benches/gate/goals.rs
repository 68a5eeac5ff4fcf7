//! What is asked of the gate, and what was measured of it.

use loadgate::stats::decision::Decision;
use loadgate::stats::estimate::wilson;
use loadgate::units::count_to_f64;

use crate::trial::{Outcome, Who};

/// 95 % of a normal variable lie within so many standard deviations.
const SPREAD: f64 = 1.959_964;

/// What became of a trial that counts for a goal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// The gate raises any alarm.
    Alarm,
    /// The gate says NO-GO or worse.
    NoGo,
    /// The gate says GO.
    Go,
    /// The gate says ROLLBACK.
    Rollback,
    /// The one endpoint raises any alarm.
    OneAlarm,
    /// The one endpoint is NO-GO or worse.
    OneNoGo,
    /// The one endpoint is GO.
    OneGo,
    /// The one endpoint is ROLLBACK.
    OneRollback,
}

impl Event {
    /// Whether it happened.
    pub(crate) fn happened(self, outcome: Outcome) -> bool {
        let Outcome { gate, one } = outcome;
        match self {
            Self::Alarm => gate.is_alarm(),
            Self::NoGo => gate >= Decision::NoGo,
            Self::Go => gate == Decision::Go,
            Self::Rollback => gate == Decision::Rollback,
            Self::OneAlarm => one.is_alarm(),
            Self::OneNoGo => one >= Decision::NoGo,
            Self::OneGo => one == Decision::Go,
            Self::OneRollback => one == Decision::Rollback,
        }
    }
}

/// What a rate is held against.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bar {
    /// It is no more than this share.
    Most(f64),
    /// It is no less than this share.
    Least(f64),
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    /// For people.
    pub text: &'static str,
    /// Who became slower, and by which factor.
    pub change: (Who, f64),
    /// What is counted.
    pub event: Event,
    /// What is asked: of 5 x 60 s, and of 20 x 30 s.
    pub bars: [Bar; 2],
    /// The largest run noise at which it is asked.
    pub up_to: f64,
}

const fn goal(text: &'static str, change: (Who, f64), event: Event, bars: [Bar; 2]) -> Goal {
    Goal { text, change, event, bars, up_to: 0.04 }
}

/// All that is asked.
pub(crate) const GOALS: [Goal; 10] = {
    use Bar::{Least, Most};
    use Event::{Alarm, Go, NoGo, OneAlarm, OneGo, OneNoGo, OneRollback, Rollback};
    use Who::{All, One};
    [
        goal("same build: any alarm", (One, 1.0), Alarm, [Most(0.01), Most(0.01)]),
        Goal {
            up_to: 0.08,
            ..goal("same build: NO-GO or worse", (One, 1.0), NoGo, [Most(0.001), Most(0.001)])
        },
        goal("same build: GO", (One, 1.0), Go, [Least(0.75), Least(0.90)]),
        goal("one endpoint +20 %: alarm", (One, 1.20), OneAlarm, [Least(0.93), Least(0.97)]),
        goal("one endpoint +20 %: GO", (One, 1.20), OneGo, [Most(0.005), Most(0.005)]),
        goal("all endpoints +20 %: alarm", (All, 1.20), Alarm, [Least(0.95), Least(0.99)]),
        goal("one endpoint +25 %: NO-GO", (One, 1.25), OneNoGo, [Least(0.60), Least(0.90)]),
        goal("all endpoints +25 %: NO-GO", (All, 1.25), NoGo, [Least(0.45), Least(0.95)]),
        goal("one endpoint +60 %: ROLLBACK", (One, 1.60), OneRollback, [Least(0.98), Least(0.98)]),
        goal("all endpoints +60 %: ROLLBACK", (All, 1.60), Rollback, [Least(0.98), Least(0.98)]),
    ]
};

impl Bar {
    /// Whether a rate keeps it.
    pub(crate) fn holds(self, rate: f64) -> bool {
        match self {
            Self::Most(most) => rate <= most + 1e-12,
            Self::Least(least) => rate >= least - 1e-12,
        }
    }

    /// For people.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Most(most) => format!("≤ {}", percent(most)),
            Self::Least(least) => format!("≥ {}", percent(least)),
        }
    }
}

/// How often something happened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    /// How often it did.
    pub happened: u64,
    /// How often it could have.
    pub of: u64,
}

impl Rate {
    /// Counts one trial.
    pub(crate) fn count(&mut self, happened: bool) {
        self.happened += u64::from(happened);
        self.of += 1;
    }

    /// Adds what another thread has counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        let Self { happened, of } = other;
        self.happened += happened;
        self.of += of;
    }

    /// The share itself.
    pub(crate) fn share(&self) -> f64 {
        count_to_f64(self.happened) / count_to_f64(self.of)
    }

    /// The share with its binomial 95 % interval (Wilson).
    pub(crate) fn text(&self) -> String {
        let (low, high) = wilson(self.share(), count_to_f64(self.of), SPREAD);
        let ends = [low, high].map(|end| format!("{:.1}", end.clamp(0.0, 1.0) * 100.0));
        format!("{} [{}]", percent(self.share()), ends.join(", "))
    }
}

fn percent(share: f64) -> String {
    let digits = if share > 0.0 && share < 0.001 { 2 } else { 1 };
    format!("{:.digits$} %", share * 100.0)
}
