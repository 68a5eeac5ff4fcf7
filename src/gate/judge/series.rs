//! The series of both sides side by side, with the rule that holds for each.

use std::collections::BTreeMap;

use crate::gate::evidence::{Evidence, SeriesEvidence, Wanted};
use crate::gate::ruling::{Place, RowKind};
use crate::names::SeriesKind;
use crate::record::{Policy, SeriesRule};
use crate::scenario::glob;

/// All series of both sides, in the order of the scenario.
pub(super) struct Table<'a> {
    pub(super) series: Vec<Line<'a>>,
    pub(super) wanted: Wanted,
    /// Repetitions on both sides.
    pub(super) repetitions: (usize, usize),
}

/// One series on both sides: an entry for each repetition.
pub(super) struct Line<'a> {
    pub(super) place: &'a Place,
    pub(super) rule: Option<&'a SeriesRule>,
    pub(super) baseline: Vec<Option<&'a SeriesEvidence>>,
    pub(super) candidate: Vec<Option<&'a SeriesEvidence>>,
}

/// On which sides a series has successful requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// On both, or too seldom to say.
    Both,
    /// The candidate alone.
    New,
    /// The baseline alone.
    Vanished,
}

/// What tells series apart.
type Key<'a> = (SeriesKind, &'a str, &'a str, &'a str);

impl<'a> Table<'a> {
    pub(super) fn of(
        baseline: &[&'a Evidence],
        candidate: &[&'a Evidence],
        policy: &'a Policy,
    ) -> Self {
        let mut series: Vec<Line<'a>> = Vec::new();
        let mut places: BTreeMap<Key<'a>, usize> = BTreeMap::new();
        let empty = (vec![None; baseline.len()], vec![None; candidate.len()]);
        let mut enter = |at: usize, found: &'a SeriesEvidence, of_baseline: Of| {
            let place = &found.place;
            let key =
                (found.kind, place.name.as_str(), place.journey.as_str(), place.step.as_str());
            let line = *places.entry(key).or_insert_with(|| {
                series.push(Line {
                    place,
                    rule: rule(policy, place),
                    baseline: empty.0.clone(),
                    candidate: empty.1.clone(),
                });
                series.len() - 1
            });
            let side = series.get_mut(line).map(|line| match of_baseline {
                Of::Baseline => &mut line.baseline,
                Of::Candidate => &mut line.candidate,
            });
            if let Some(cell) = side.and_then(|side| side.get_mut(at)) {
                *cell = Some(found);
            }
        };
        for (side, of) in [(candidate, Of::Candidate), (baseline, Of::Baseline)] {
            for (at, one) in side.iter().enumerate() {
                one.series.iter().for_each(|found| enter(at, found, of));
            }
        }
        let journeys: Vec<&str> = candidate
            .iter()
            .chain(baseline)
            .flat_map(|one| one.header().journeys.iter().map(String::as_str))
            .collect();
        // The order of the scenario: a journey stands where it first does, its steps as they come.
        series.sort_by_key(|line| {
            let journey = journeys.iter().position(|name| *name == line.place.journey);
            (line.place.kind, journey.unwrap_or(journeys.len()))
        });
        let repetitions = (baseline.len(), candidate.len());
        Self { series, wanted: Wanted::of(policy, &[]), repetitions }
    }

    /// The quantiles that are compared of a series.
    pub(super) fn quantiles(&self, line: &Line<'_>) -> &[f64] {
        self.wanted.quantiles(line.place.kind.compared())
    }
}

#[derive(Clone, Copy)]
enum Of {
    Baseline,
    Candidate,
}

/// The first rule that takes a series.
pub(in crate::gate) fn rule<'a>(policy: &'a Policy, place: &Place) -> Option<&'a SeriesRule> {
    policy.series.iter().find(|rule| glob(&rule.pattern, &place.name))
}

impl Line<'_> {
    /// Successful requests of the baseline and of the candidate.
    pub(super) fn requests(&self) -> (u64, u64) {
        (requests(&self.baseline), requests(&self.candidate))
    }

    /// How much its alarm weighs; what is no weight weighs like any other series.
    pub(super) fn weight(&self) -> f64 {
        let weight = self.rule.map_or(1.0, |rule| rule.weight);
        if weight.is_finite() { weight.max(0.0) } else { 1.0 }
    }

    /// Whether it is more than shown.
    pub(super) fn counts(&self) -> bool {
        self.weight() > 0.0
    }

    pub(super) fn must_have(&self) -> bool {
        self.rule.is_some_and(|rule| rule.must_have)
    }

    pub(super) fn is_critical(&self) -> bool {
        self.rule.is_some_and(|rule| rule.critical)
    }

    /// What it counts; `None` for one that no repetition has.
    pub(super) fn kind(&self) -> Option<SeriesKind> {
        self.candidate.iter().chain(&self.baseline).flatten().map(|one| one.kind).next()
    }

    pub(super) fn is_query(&self) -> bool {
        self.place.kind == RowKind::Query
    }

    /// What is done seldom, less than once a repetition, may be missing by chance.
    pub(super) fn presence(&self) -> Presence {
        let often = |requests: u64, side: &[Option<&SeriesEvidence>]| {
            !side.is_empty() && usize::try_from(requests).unwrap_or(usize::MAX) >= side.len()
        };
        match self.requests() {
            (before, 0) if often(before, &self.baseline) && !self.candidate.is_empty() => {
                Presence::Vanished
            }
            (0, now) if often(now, &self.candidate) && !self.baseline.is_empty() => Presence::New,
            _ => Presence::Both,
        }
    }
}

pub(super) fn requests(side: &[Option<&SeriesEvidence>]) -> u64 {
    side.iter().flatten().fold(0_u64, |sum, one| sum.saturating_add(one.requests))
}
