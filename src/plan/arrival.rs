//! The schedule: a pure sequence of intended times.
//!
//! The sequence never sleeps and never looks at a clock. Every worker makes the whole sequence
//! and takes its share, so the same seed gives the same journeys, rows and times with any number
//! of workers.

use std::sync::Arc;

use super::{Dice, Journey, Plan, Source};
use crate::names::Together;
use crate::record::PhaseInfo;
use crate::units::{Nanos, Rate, count_to_f64, f64_to_u64};

/// One phase of the load.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// Start since the start of the run.
    pub start: Nanos,
    /// Length.
    pub length: Nanos,
    /// What arrives.
    pub shape: Shape,
    /// Ends after so many journeys, if they come before its length is over.
    pub iterations: Option<u64>,
    /// Whether its figures count.
    pub measure: bool,
    /// Most virtual users at a time.
    pub max_users: Option<u64>,
}

/// What arrives in a phase.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Open model: journeys start at a rate, whether or not earlier ones have ended.
    Open {
        /// Rate at the start of the phase.
        from: Rate,
        /// Rate at its end; in between it changes evenly.
        to: Rate,
        /// Whether the gaps are random (a Poisson process) or even.
        poisson: bool,
    },
    /// Closed model: so many users, each starts again when its journey has ended.
    Closed {
        /// Users at the start of the phase.
        from: u64,
        /// Users at its end.
        to: u64,
    },
}

impl Shape {
    /// Whether it is another load at the end than at the start.
    pub fn changes(self) -> bool {
        match self {
            Self::Open { from, to, .. } => from != to,
            Self::Closed { from, to } => from != to,
        }
    }
}

impl Phase {
    /// When it ends.
    pub fn end(&self) -> Nanos {
        self.start + self.length
    }

    /// How many users a closed phase has at a time; `None` for an open phase.
    pub fn users_at(&self, at: Nanos) -> Option<u64> {
        let Shape::Closed { from, to } = self.shape else { return None };
        if from == to {
            return Some(from);
        }
        let share = (at.since(self.start).as_secs_f64() / self.length.as_secs_f64()).min(1.0);
        let (low, high) = (count_to_f64(from), count_to_f64(to));
        Some(f64_to_u64(low + (high - low) * share))
    }

    /// The phase for the record. A rate is in exact words: a run against a baseline takes its load
    /// from there, and two loads are the same when their words are.
    pub fn info(&self) -> PhaseInfo {
        let load = match self.shape {
            Shape::Open { from, to, poisson } => {
                let (low, high) = (from.exact(), to.exact());
                let rate = if from == to { low } else { format!("{low}..{high}") };
                if poisson { format!("{rate} poisson") } else { rate }
            }
            Shape::Closed { from, to } if from == to => format!("{from} users"),
            Shape::Closed { from, to } => format!("{from}..{to} users"),
        };
        PhaseInfo {
            name: self.name.clone(),
            load,
            start: self.start,
            length: self.length,
            measure: self.measure,
        }
    }
}

/// One start that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Number of the journey in this run, from 0.
    pub index: u64,
    /// When it is meant to start.
    pub intended: Nanos,
    /// Index of the phase that it belongs to.
    pub phase: u8,
    /// Whether it is an arrival or a user that comes to stay.
    pub start: Start,
    /// Index of the journey.
    pub journey: usize,
    /// A row for each feed of the journey; `None` where the worker has to choose.
    pub rows: Vec<Option<usize>>,
    /// The row of the session's identity; `None` where the worker has to choose.
    pub identity: Option<usize>,
}

/// What starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// One journey, then its virtual user is free again.
    Arrival,
    /// The user with this number, who goes on while its phase has so many users.
    User(u64),
}

/// The sequence of all starts of a run.
#[derive(Debug)]
pub struct Tickets {
    phases: Arc<[Phase]>,
    chooser: Chooser,
    phase: usize,
    /// Starts already made in the phase.
    made: u64,
    /// Where the phase's cumulative arrivals stand (Poisson: a sum of exponentials).
    level: f64,
    gaps: Dice,
    index: u64,
    /// Whether there are phases of both models.
    mixed: bool,
    /// Journeys of one user are so many numbers apart: the most users of any phase.
    stride: u64,
}

/// Chooses journey and rows for the start with a given number.
#[derive(Clone, Debug)]
struct Chooser {
    seed: u64,
    together: Together,
    weights: Vec<f64>,
    feeds: Vec<Vec<usize>>,
    identities: Vec<Option<usize>>,
    sources: Vec<Source>,
    drawn: Vec<u64>,
}

impl Tickets {
    /// The sequence of `plan`.
    pub fn new(plan: &Plan) -> Self {
        Self {
            phases: Arc::clone(&plan.phases),
            chooser: Chooser::new(plan),
            phase: 0,
            made: 0,
            level: 0.0,
            gaps: Dice::new(plan.seed, u64::MAX),
            index: 0,
            stride: plan.phases.iter().map(most_users).max().unwrap_or(1).max(1),
            mixed: [true, false].into_iter().all(|open| {
                plan.phases.iter().any(|p| matches!(p.shape, Shape::Open { .. }) == open)
            }),
        }
    }

    /// The time since the start of `phase` of its next start, or `None` when it has no more.
    fn next_offset(&mut self, phase: &Phase) -> Option<(Nanos, Start)> {
        if phase.iterations.is_some_and(|most| self.made >= most) {
            return None;
        }
        let at = self.made;
        let (seconds, start) = match phase.shape {
            Shape::Open { from, to, poisson } => {
                if poisson {
                    self.level += self.gaps.exponential();
                } else {
                    self.level = count_to_f64(at);
                }
                let seconds = when_reached(self.level, from, to, phase.length)?;
                (seconds, Start::Arrival)
            }
            Shape::Closed { from, to } => {
                if at >= from.max(to) {
                    return None;
                }
                (user_joins(at, from, to, phase.length), Start::User(at))
            }
        };
        let offset = Nanos::from_secs_f64(seconds);
        (offset < phase.length).then_some((offset, start))
    }

    /// The number by which workers share the starts.
    pub fn turn(&self, ticket: &Ticket) -> u64 {
        match ticket.start {
            Start::User(user) => user,
            Start::Arrival if self.mixed => ticket.index >> 1,
            Start::Arrival => ticket.index,
        }
    }

    /// The journey that user number `user` does for the `round`-th time in closed phases.
    ///
    /// Where a run has phases of both models, arrivals have even numbers and users odd ones, so
    /// that every journey has a number of its own.
    pub fn again(&self, user: u64, round: u64, intended: Nanos, phase: u8) -> Ticket {
        let index = round * self.stride + user;
        let mut ticket = self.chooser.ticket_at(index, intended, phase, Start::User(user));
        if self.mixed {
            ticket.index = index * 2 + 1;
        }
        ticket
    }
}

impl Iterator for Tickets {
    type Item = Ticket;

    fn next(&mut self) -> Option<Ticket> {
        loop {
            let phases = Arc::clone(&self.phases);
            let phase = phases.get(self.phase)?;
            if let Some((offset, start)) = self.next_offset(phase) {
                self.made += 1;
                let intended = phase.start + offset;
                let number = u8::try_from(self.phase).unwrap_or(u8::MAX);
                if let Start::User(user) = start {
                    return Some(self.again(user, 0, intended, number));
                }
                let index = self.index;
                self.index += if self.mixed { 2 } else { 1 };
                return Some(self.chooser.ticket(index, intended, number));
            }
            self.phase += 1;
            (self.made, self.level) = (0, 0.0);
        }
    }
}

impl Chooser {
    fn new(plan: &Plan) -> Self {
        let feeds = |journey: &Journey| journey.feeds.iter().map(|(source, _)| *source).collect();
        let identity = |journey: &Journey| {
            let session = plan.sessions.get(journey.session?)?;
            session.feed.as_ref().map(|(source, _)| *source)
        };
        Self {
            seed: plan.seed,
            together: plan.together,
            weights: plan.journeys.iter().map(|journey| journey.weight).collect(),
            feeds: plan.journeys.iter().map(feeds).collect(),
            identities: plan.journeys.iter().map(identity).collect(),
            sources: plan.sources.clone(),
            drawn: vec![0; plan.sources.len()],
        }
    }

    /// The next start of the open model: each source counts how often it was drawn from.
    fn ticket(&mut self, index: u64, intended: Nanos, phase: u8) -> Ticket {
        let mut dice = Dice::new(self.seed, index);
        let journey = self.journey(index, &mut dice);
        let mut ticket = Ticket {
            index,
            intended,
            phase,
            start: Start::Arrival,
            journey,
            rows: Vec::new(),
            identity: None,
        };
        let feeds = self.feeds.get(journey).cloned().unwrap_or_default();
        ticket.rows = feeds.into_iter().map(|source| self.draw(source, &mut dice)).collect();
        if let Some(source) = self.identities.get(journey).copied().flatten() {
            ticket.identity = self.draw(source, &mut dice);
        }
        ticket
    }

    /// The start with a given number, without a memory of the others.
    fn ticket_at(&self, index: u64, intended: Nanos, phase: u8, start: Start) -> Ticket {
        let mut dice = Dice::new(self.seed, index);
        let journey = self.journey(index, &mut dice);
        let mut row = |source: usize| {
            self.sources.get(source).and_then(|source| source.row(index, self.seed, &mut dice))
        };
        let rows = self.feeds.get(journey).into_iter().flatten().map(|at| row(*at)).collect();
        let identity = self.identities.get(journey).copied().flatten().and_then(row);
        Ticket { index, intended, phase, start, journey, rows, identity }
    }

    fn draw(&mut self, source: usize, dice: &mut Dice) -> Option<usize> {
        let drawn = self.drawn.get_mut(source)?;
        let row = self.sources.get(source)?.row(*drawn, self.seed, dice);
        *drawn += 1;
        row
    }

    /// A journey by its weight; alone, each in turn.
    fn journey(&self, index: u64, dice: &mut Dice) -> usize {
        if self.together == Together::Alone {
            let journeys = u64::try_from(self.weights.len().max(1)).unwrap_or(u64::MAX);
            return usize::try_from(index.rem_euclid(journeys)).unwrap_or_default();
        }
        let total: f64 = self.weights.iter().sum();
        let mut left = dice.unit() * total;
        for (at, weight) in self.weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return at;
            }
        }
        self.weights.iter().rposition(|weight| *weight > 0.0).unwrap_or_default()
    }
}

/// Most users of a closed phase; 0 for an open one.
fn most_users(phase: &Phase) -> u64 {
    match phase.shape {
        Shape::Closed { from, to } => from.max(to),
        Shape::Open { .. } => 0,
    }
}

/// When the cumulative number of arrivals reaches `level`, in seconds since the phase's start.
///
/// With a rate that goes evenly from r0 to r1 over T, N(t) = r0·t + (r1 − r0)·t²/(2·T); this is
/// its inverse, in the form that does not cancel when r1 is near r0.
fn when_reached(level: f64, from: Rate, to: Rate, length: Nanos) -> Option<f64> {
    let (start, end) = (from.value(), to.value());
    let slope = (end - start) / length.as_secs_f64();
    let under_root = start * start + 2.0 * slope * level;
    let denominator = start + under_root.max(0.0).sqrt();
    if under_root < 0.0 {
        return None;
    }
    if level == 0.0 && end > 0.0 {
        return Some(0.0);
    }
    (denominator > 0.0).then(|| 2.0 * level / denominator)
}

/// When user number `user` joins a phase that grows from `from` to `to` users.
fn user_joins(user: u64, from: u64, to: u64, length: Nanos) -> f64 {
    if user < from || to <= from {
        return 0.0;
    }
    let share = (count_to_f64(user - from) + 0.5) / count_to_f64(to - from);
    share * length.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn open(from: f64, to: f64, seconds: u64, poisson: bool) -> Phase {
        Phase {
            name: "p".to_owned(),
            start: Nanos::ZERO,
            length: Nanos::from_secs(seconds),
            shape: Shape::Open {
                from: Rate::per_second(from).unwrap(),
                to: Rate::per_second(to).unwrap(),
                poisson,
            },
            iterations: None,
            measure: true,
            max_users: None,
        }
    }

    fn of(count: usize) -> f64 {
        count_to_f64(u64::try_from(count).unwrap())
    }

    fn times(phases: Vec<Phase>, seed: u64) -> Vec<Nanos> {
        let tickets = Tickets {
            phases: phases.into(),
            chooser: Chooser {
                together: Together::Mixed,
                seed,
                weights: vec![1.0],
                feeds: vec![vec![]],
                identities: vec![None],
                sources: vec![],
                drawn: vec![],
            },
            phase: 0,
            made: 0,
            level: 0.0,
            gaps: Dice::new(seed, u64::MAX),
            index: 0,
            mixed: false,
            stride: 1,
        };
        tickets.map(|ticket| ticket.intended).collect()
    }

    #[test]
    fn the_record_states_the_load_exactly() {
        let check = |from: f64, to: f64, poisson: bool, want: &str| {
            assert_eq!(open(from, to, 10, poisson).info().load, want);
        };
        check(50.0, 50.0, false, "50/s");
        check(50.0 / 60.0, 50.0 / 60.0, false, "50/m");
        check(0.06, 0.06, true, "0.06/s poisson");
        check(100.4, 100.4, false, "100.4/s");
        check(10.0 / 3_600.0, 99.6, false, "10/h..99.6/s");
        let mut users = open(1.0, 1.0, 10, false);
        users.shape = Shape::Closed { from: 2, to: 4 };
        assert_eq!(users.info().load, "2..4 users");
    }

    #[test]
    fn a_constant_rate_has_even_gaps_and_no_drift() {
        let times = times(vec![open(3.0, 3.0, 10, false)], 1);
        assert_eq!(times.len(), 30);
        assert_eq!(times[29], Nanos(9_666_666_667));
    }

    #[test]
    fn phases_follow_each_other() {
        let mut second = open(1.0, 1.0, 2, false);
        second.start = Nanos::from_secs(2);
        let times = times(vec![open(2.0, 2.0, 2, false), second], 1);
        let millis: Vec<u64> = times.iter().map(|t| t.0.div_euclid(1_000_000)).collect();
        assert_eq!(millis, [0, 500, 1000, 1500, 2000, 3000]);
    }

    #[test]
    fn a_rate_that_falls_to_nothing_ends() {
        assert_eq!(times(vec![open(10.0, 0.0, 10, false)], 1).len(), 50);
        assert_eq!(times(vec![open(0.0, 0.0, 10, false)], 1).len(), 0);
    }

    #[test]
    fn a_poisson_process_has_its_mean_and_its_variance() {
        let times = times(vec![open(100.0, 100.0, 1_000, true)], 5);
        assert!(times.len().abs_diff(100_000) < 1_000, "{}", times.len());
        // The coefficient of variation of the gaps of a Poisson process is 1.
        let gaps: Vec<f64> =
            times.windows(2).map(|pair| pair[1].since(pair[0]).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / of(gaps.len());
        let variance = gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / of(gaps.len());
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.02);
    }

    #[test]
    fn users_join_a_growing_phase_evenly() {
        let mut phase = open(1.0, 1.0, 10, false);
        phase.shape = Shape::Closed { from: 2, to: 4 };
        assert_eq!(phase.users_at(Nanos::ZERO), Some(2));
        assert_eq!(phase.users_at(Nanos::from_secs(10)), Some(4));
        let seconds: Vec<f64> = times(vec![phase], 1).iter().map(|t| t.as_secs_f64()).collect();
        assert_eq!(seconds, [0.0, 0.0, 2.5, 7.5]);
    }

    proptest! {
        #[test]
        fn the_nth_arrival_is_within_a_nanosecond_of_the_integral(
            from in 1.0..1_000.0_f64, to in 1.0..1_000.0_f64, seconds in 1_u64..60,
        ) {
            for (n, at) in times(vec![open(from, to, seconds, false)], 1).iter().enumerate() {
                let (t, total) = (at.as_secs_f64(), count_to_f64(seconds));
                let arrivals = from * t + (to - from) * t * t / (2.0 * total);
                let rate = from + (to - from) * t / total;
                prop_assert!((arrivals - of(n)).abs() <= 1e-9 * rate + 1e-9, "{n} {arrivals}");
            }
        }
    }
}
