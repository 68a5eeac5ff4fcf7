//! The phases of a run: the scenario's, or what the command line puts in their place.

use super::{Phase, Shape};
use crate::names::Together;
use crate::scenario::{
    ArrivalKind, At, Diagnostic, Diagnostics, LoadShape, NodeId, PhaseSpec, ScenarioSpec, Tree,
};
use crate::units::{Nanos, Rate};

/// The most phases of one run: a phase has memory of its own.
const MAX_PHASES: usize = 32;
/// Length of a run when nothing says it.
const DEFAULT_LENGTH: Nanos = Nanos::from_secs(30);
/// Rate of a run when nothing says it, in starts a second.
const DEFAULT_RATE: f64 = 10.0;
/// How often each journey is played alone, if nobody says it.
const SOLO_ROUNDS: u64 = 5;

/// Length of a phase whose iterations end it: long enough for all of them.
const UNTIL_DONE: Nanos = Nanos::from_secs(24 * 3_600);

/// Name of the phase before the measured one of a repetition.
const LEAD_IN: &str = "warm-up";

/// A load from the command line. If anything is set, one measured phase replaces those of the
/// scenario.
#[derive(Clone, Debug, Default)]
pub struct LoadOverrides {
    /// Starts per second.
    pub rate: Option<Rate>,
    /// Virtual users.
    pub users: Option<u64>,
    /// Length.
    pub duration: Option<Nanos>,
    /// Journeys, after which the run ends.
    pub iterations: Option<u64>,
    /// Most virtual users at a time.
    pub max_users: Option<u64>,
    /// Makes the run a repetition: one measured phase of [`LoadOverrides::duration`], or 30 s, with
    /// a lead-in of the same load that does not count and lasts so long; zero leaves it out.
    pub lead: Option<Nanos>,
    /// How requests follow each other. Alone, [`LoadOverrides::iterations`] (or 5) count for each
    /// journey.
    pub together: Together,
}

impl LoadOverrides {
    /// With `journeys` to be played alone: each as often as the others.
    pub(super) fn alone(&self, journeys: usize) -> Self {
        if self.together == Together::Mixed {
            return self.clone();
        }
        let rounds = self.iterations.unwrap_or(SOLO_ROUNDS);
        let journeys = u64::try_from(journeys.max(1)).unwrap_or(u64::MAX);
        Self { iterations: Some(rounds.saturating_mul(journeys)), ..self.clone() }
    }

    fn is_empty(&self) -> bool {
        let Self { rate, users, duration, iterations, max_users: _, lead: _, together: _ } = self;
        rate.is_none() && users.is_none() && duration.is_none() && iterations.is_none()
    }
}

/// The phases in order, without gaps.
pub(super) fn phases(
    spec: &ScenarioSpec,
    overrides: &LoadOverrides,
    tree: &Tree,
    out: &mut Diagnostics,
) -> Option<Vec<Phase>> {
    let mut phases = Vec::new();
    let mut start = Nanos::ZERO;
    for phase in &spec.load {
        let made = of_spec(phase, start, tree, out)?;
        start = made.end();
        phases.push(made);
    }
    if phases.len() > MAX_PHASES {
        let node = spec.load.get(MAX_PHASES).map(|phase| phase.node)?;
        out.error(tree, node, format!("more than {MAX_PHASES} phases"));
        return None;
    }
    if let Some(lead) = overrides.lead {
        let mistakes = not_repeatable(spec, &phases, overrides, tree);
        if !mistakes.is_empty() {
            out.extend(mistakes);
            return None;
        }
        phases = repetition(&phases, lead, overrides);
    } else if phases.is_empty() || !overrides.is_empty() {
        let length = |like: Option<&Phase>| like.map_or(DEFAULT_LENGTH, |like| like.length);
        phases = vec![replaced(&phases, overrides, length)];
    }
    for phase in &mut phases {
        phase.max_users = overrides.max_users.or(phase.max_users);
    }
    if !phases.iter().any(|phase| phase.measure)
        && let Some(first) = spec.load.first()
    {
        out.error(tree, first.node, "no phase is measured").hint("leave `measure: false` out");
        return None;
    }
    Some(phases)
}

fn of_spec(
    phase: &At<PhaseSpec>,
    start: Nanos,
    tree: &Tree,
    out: &mut Diagnostics,
) -> Option<Phase> {
    let poisson = phase.arrivals == ArrivalKind::Poisson;
    let shape = match phase.shape() {
        Ok(LoadShape::Rate { from, to }) => Shape::Open { from, to, poisson },
        Ok(LoadShape::Users { from, to }) => Shape::Closed { from, to },
        Err(message) => {
            out.error(tree, phase.node, message);
            return None;
        }
    };
    if phase.length.value == Nanos::ZERO {
        out.error(tree, phase.length.node, "a phase needs a length");
        return None;
    }
    Some(Phase {
        name: phase.phase.value.clone(),
        start,
        length: phase.length.value,
        shape,
        iterations: phase.iterations.as_ref().map(|most| most.value),
        measure: phase.measure,
        max_users: phase.max_users.as_ref().map(|most| most.value),
    })
}

/// Why the load can't be that of a repetition: its measured phase must have one load from its
/// first second to its last, and a length that is known before.
fn not_repeatable(
    spec: &ScenarioSpec,
    phases: &[Phase],
    overrides: &LoadOverrides,
    tree: &Tree,
) -> Vec<Diagnostic> {
    let mut mistakes = Vec::new();
    if overrides.iterations.is_some() {
        let message = "--iterations: a repetition is a length of time, not a number of journeys";
        mistakes.push(Diagnostic::new(message).with_hint("give `--duration`, for example `30s`"));
    }
    if overrides.duration == Some(Nanos::ZERO) {
        mistakes.push(Diagnostic::new("--duration: a repetition needs a length above zero"));
    }
    if overrides.rate.is_some() || overrides.users.is_some() {
        return mistakes;
    }
    let mut measured = spec.load.iter().zip(phases).filter(|(_, phase)| phase.measure);
    let last = measured.next_back();
    let message = match last {
        None if spec.load.is_empty() => return mistakes,
        None => "no phase is measured, so that a repetition has no load",
        Some((_, last)) if last.shape.changes() => {
            "the load of this phase changes, and a repetition has one load"
        }
        Some((_, last)) if measured.any(|(_, other)| other.shape != last.shape) => {
            "the measured phases have different loads, and a repetition has one load"
        }
        Some(_) => return mistakes,
    };
    let node = last.map(|(spec, _)| spec).or(spec.load.first()).map(|phase| phase.node);
    let place = node.unwrap_or(NodeId::NOWHERE);
    let hint = "give `-r` (a rate, for example `50/s`) or `-u` (a number of users)";
    mistakes.push(Diagnostic::at(tree, place, message).with_hint(hint));
    mistakes
}

/// The load of the last measured phase, but short: first a lead-in that does not count.
fn repetition(phases: &[Phase], lead: Nanos, overrides: &LoadOverrides) -> Vec<Phase> {
    let measured = replaced(phases, overrides, |_| DEFAULT_LENGTH);
    if lead == Nanos::ZERO {
        return vec![measured];
    }
    let warm_up =
        Phase { name: LEAD_IN.to_owned(), length: lead, measure: false, ..measured.clone() };
    vec![warm_up, Phase { start: lead, ..measured }]
}

/// One phase from the command line; what it does not say comes from the last measured phase, and
/// how long it lasts from `length`.
fn replaced(
    phases: &[Phase],
    overrides: &LoadOverrides,
    length: impl Fn(Option<&Phase>) -> Nanos,
) -> Phase {
    let like = phases.iter().rev().find(|phase| phase.measure);
    let usual = Rate::per_second(DEFAULT_RATE).unwrap_or_default();
    let poisson =
        like.is_some_and(|phase| matches!(phase.shape, Shape::Open { poisson: true, .. }));
    let shape = match (overrides.rate, overrides.users, like) {
        (Some(rate), _, _) => Shape::Open { from: rate, to: rate, poisson },
        (None, Some(users), _) => Shape::Closed { from: users, to: users },
        // A number of journeys without a rate is done by one user after the other, as k6 does it.
        (None, None, _) if overrides.iterations.is_some() => Shape::Closed { from: 1, to: 1 },
        (None, None, Some(like)) => like.shape,
        (None, None, None) => Shape::Open { from: usual, to: usual, poisson: false },
    };
    let length = match (overrides.duration, overrides.iterations) {
        (Some(duration), _) => duration,
        (None, Some(_)) => UNTIL_DONE,
        (None, None) => length(like),
    };
    Phase {
        name: like.map_or_else(|| "steady".to_owned(), |like| like.name.clone()),
        start: Nanos::ZERO,
        length,
        shape,
        iterations: overrides.iterations,
        measure: true,
        // A limit that was made for the scenario's own rate says nothing about another one.
        max_users: like.filter(|_| overrides.rate.is_none()).and_then(|like| like.max_users),
    }
}
