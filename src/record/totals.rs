//! All intervals of a run added up.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{Cell, Counts, EncodedCell, Interval, Tally};
use crate::histogram::{DecodeError, Encoder, Histogram};
use crate::names::{Metric, SeriesId};

/// Distributions and counts by phase, series and metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    histograms: BTreeMap<(u8, SeriesId, Metric), Histogram>,
    counts: BTreeMap<(u8, SeriesId), Counts>,
}

/// Which phases a figure is taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick(Vec<bool>);

/// The two ways of looking at a run's phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bank {
    /// Phases whose figures count.
    Measured,
    /// Warm-up and ramps.
    Unmeasured,
}

impl Pick {
    /// The phases of `phases` that belong to `bank`.
    pub fn of(phases: &[super::PhaseInfo], bank: Bank) -> Self {
        Self(phases.iter().map(|phase| phase.measure == (bank == Bank::Measured)).collect())
    }

    /// All phases.
    pub fn all(phases: &[super::PhaseInfo]) -> Self {
        Self(vec![true; phases.len()])
    }

    /// The phase at this place of `phases` alone.
    pub fn one(phases: &[super::PhaseInfo], at: usize) -> Self {
        Self((0..phases.len()).map(|place| place == at).collect())
    }

    /// The phases with the words of `phase`: itself, and those of other repetitions in a pool.
    pub fn alike(phases: &[super::PhaseInfo], phase: &super::PhaseInfo) -> Self {
        Self(phases.iter().map(|other| other.same_words(phase)).collect())
    }

    /// Places of the phases that are picked.
    fn phases(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=u8::MAX).zip(&self.0).filter(|(_, picked)| **picked).map(|(phase, _)| phase)
    }
}

impl Totals {
    /// Adds one distribution.
    pub fn add_cell(&mut self, cell: &Cell) {
        self.add((cell.phase, cell.series, cell.metric), &cell.histogram);
    }

    /// Adds one distribution that is somewhere else, at its place.
    pub fn add(&mut self, place: (u8, SeriesId, Metric), histogram: &Histogram) {
        self.histograms.entry(place).or_default().merge(histogram);
    }

    /// Adds what was counted.
    pub fn add_tally(&mut self, tally: &Tally) {
        self.counts.entry((tally.phase, tally.series)).or_default().merge(&tally.counts);
    }

    /// Forgets all distributions, and keeps what was counted.
    pub fn forget_distributions(&mut self) {
        self.histograms.clear();
    }

    /// Takes over everything that `other` has, exactly, under the phase and series that `place`
    /// gives it; what has no place counts nowhere.
    pub(super) fn absorb(
        &mut self,
        other: Self,
        place: impl Fn(u8, SeriesId) -> Option<(u8, SeriesId)>,
    ) {
        let Self { histograms, counts } = other;
        for ((phase, series, metric), histogram) in histograms {
            let Some((phase, series)) = place(phase, series) else { continue };
            match self.histograms.entry((phase, series, metric)) {
                Entry::Vacant(free) => _ = free.insert(histogram),
                Entry::Occupied(mut taken) => taken.get_mut().merge(&histogram),
            }
        }
        for ((phase, series), counts) in counts {
            let Some(key) = place(phase, series) else { continue };
            self.counts.entry(key).or_default().merge(&counts);
        }
    }

    /// Adds up stored intervals: what an unfinished run is read from.
    pub fn from_intervals(intervals: &[Interval]) -> Result<Self, DecodeError> {
        let mut totals = Self::default();
        intervals.iter().try_for_each(|interval| totals.add_interval(interval))?;
        Ok(totals)
    }

    /// Adds everything that a stored interval has.
    pub fn add_interval(&mut self, interval: &Interval) -> Result<(), DecodeError> {
        for cell in &interval.cells {
            let key = (cell.phase, cell.series, cell.metric);
            let histogram = self.histograms.entry(key).or_default();
            histogram.merge_encoded(&cell.bytes, cell.beyond)?;
        }
        interval.tallies.iter().for_each(|tally| self.add_tally(tally));
        Ok(())
    }

    /// The distribution of `metric` over the picked phases and the given series, merged exactly.
    pub fn histogram(
        &self,
        pick: &Pick,
        series: impl IntoIterator<Item = SeriesId>,
        metric: Metric,
    ) -> Histogram {
        let mut merged = Histogram::new();
        for id in series {
            for phase in pick.phases() {
                if let Some(histogram) = self.histograms.get(&(phase, id, metric)) {
                    merged.merge(histogram);
                }
            }
        }
        merged
    }

    /// The counts over the picked phases and the given series.
    pub fn counts(&self, pick: &Pick, series: impl IntoIterator<Item = SeriesId>) -> Counts {
        let mut merged = Counts::default();
        for id in series {
            for phase in pick.phases() {
                if let Some(counts) = self.counts.get(&(phase, id)) {
                    merged.merge(counts);
                }
            }
        }
        merged
    }

    /// Every distribution with its place: phase, series and metric.
    pub(super) fn distributions(
        &self,
    ) -> impl Iterator<Item = ((u8, SeriesId, Metric), &Histogram)> {
        self.histograms.iter().map(|(place, histogram)| (*place, histogram))
    }

    /// Every distribution in its stored form.
    pub fn encode(&self) -> Vec<EncodedCell> {
        let mut encoder = Encoder::new();
        self.histograms
            .iter()
            .filter(|(_, histogram)| !histogram.is_empty())
            .map(|(place, histogram)| EncodedCell::of(*place, histogram, &mut encoder))
            .collect()
    }

    /// Everything that was counted, for the store.
    pub fn tallies(&self) -> impl Iterator<Item = Tally> + '_ {
        self.counts.iter().map(|((phase, series), counts)| Tally {
            phase: *phase,
            series: *series,
            counts: counts.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Nanos;

    fn cell(phase: u8, value: u64) -> Cell {
        let mut histogram = Histogram::new();
        histogram.record(Nanos(value));
        Cell { phase, series: SeriesId(3), metric: Metric::Response, histogram }
    }

    #[test]
    fn totals_are_what_the_intervals_add_up_to() {
        let tally = Tally {
            phase: 1,
            series: SeriesId(3),
            counts: Counts { started: 2, ..Counts::default() },
        };
        let intervals: Vec<Interval> = (1..=3)
            .map(|second| Interval {
                start: Nanos::from_secs(second),
                cells: vec![cell(0, 5).encode(), cell(1, second * 1_000).encode()],
                tallies: vec![tally.clone()],
                ..Interval::default()
            })
            .collect();
        let totals = Totals::from_intervals(&intervals).unwrap();
        let measured = Pick(vec![false, true]);
        let histogram = totals.histogram(&measured, [SeriesId(3)], Metric::Response);
        assert_eq!(histogram.len(), 3);
        assert!(histogram.max().unwrap().0.abs_diff(3_000) <= 3);
        assert_eq!(totals.counts(&measured, [SeriesId(3)]).started, 6);
        let everything = Pick(vec![true, true]);
        assert_eq!(totals.histogram(&everything, [SeriesId(3)], Metric::Response).len(), 6);
    }
}
