//! What one worker records.

use std::mem;

use crate::histogram::Histogram;
use crate::names::{ErrorKind, Metric, Series, SeriesId, SeriesKind};
use crate::record::{Counts, End, ErrorSample};
use crate::units::Nanos;

/// The most query series one worker makes room for; later ones are counted as [`OTHER`].
///
/// [`OTHER`]: crate::names::OTHER
const MAX_QUERIES: usize = 1_000;

/// The most exchanges of an interval that a worker lists one by one (24 bytes each).
pub const MOST_EXCHANGES: usize = 100_000;

/// How many values are noted before they are counted: 4 KiB of them, about thirty requests' worth.
const NOTED: usize = 256;

/// One worker's measurements of the running interval.
#[derive(Debug)]
pub struct Shard {
    batch: Batch,
    /// Values that wait to be counted, in the order in which they came.
    noted: Vec<Noted>,
    spare: Option<Batch>,
    /// Series of the plan, known to everyone.
    planned: u16,
    /// Series that this worker has met since, in the order of its own ids.
    queries: Vec<Series>,
    /// What messages were kept of: a record has one for each kind and series.
    sampled: Vec<(SeriesId, ErrorKind)>,
    /// How many exchanges of an interval are listed.
    listed: usize,
}

/// A value on its way to its histogram.
///
/// The values of one request belong to nine histograms, and after a system call the processor has
/// their counts no longer at hand: it would wait for memory nine times. Noted one after the other
/// they lie together, and many that are counted at once are waited for at the same time.
#[derive(Clone, Copy, Debug)]
struct Noted {
    value: Nanos,
    series: SeriesId,
    metric: Metric,
    phase: u8,
}

/// One exchange with the target, for finding out which statements it caused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchanged {
    /// Series of its endpoint.
    pub series: SeriesId,
    /// When it began, since the start of the run.
    pub begun: Nanos,
    /// When its answer was complete, or when it had failed.
    pub ended: Nanos,
}

/// Everything one worker measured in one interval.
#[derive(Debug, Default)]
pub struct Batch {
    phases: Vec<Phase>,
    pub(super) samples: Vec<ErrorSample>,
    pub(super) discovered: Vec<Series>,
    /// Virtual users in a journey at the end of the interval.
    pub active_users: u64,
    /// CPU time of the worker's thread in the interval.
    pub cpu: Nanos,
    /// Exchanges in the order of their ends; empty where nobody asks what they cause.
    pub exchanges: Vec<Exchanged>,
}

/// The measurements that belong to one phase of the load.
#[derive(Debug, Default)]
struct Phase {
    /// [`Metric::COUNT`] for each series, of which most have no memory.
    histograms: Vec<Histogram>,
    counts: Vec<Counts>,
}

/// Which query series the entries of one endpoint's `Server-Timing` header stood for last time.
///
/// An endpoint names the same queries in the same order nearly always, so comparing with the last
/// answer replaces hashing.
#[derive(Debug, Default)]
pub struct QueryCache {
    known: Vec<(Box<str>, SeriesId)>,
}

impl Shard {
    /// A shard for a plan with `planned` series and `phases` phases.
    pub fn new(planned: u16, phases: usize) -> Self {
        Self {
            batch: Batch::with_phases(phases),
            noted: Vec::with_capacity(NOTED),
            spare: None,
            planned,
            queries: Vec::new(),
            sampled: Vec::new(),
            listed: 0,
        }
    }

    /// The same, which lists exchanges one by one.
    #[must_use]
    pub fn listing(self) -> Self {
        Self { listed: MOST_EXCHANGES, ..self }
    }

    /// Lists an exchange, if that is wanted.
    pub fn list(&mut self, exchange: Exchanged) {
        if self.batch.exchanges.len() < self.listed {
            self.batch.exchanges.push(exchange);
        }
    }

    /// Records one value, which is in the next batch that is taken. Nothing is hashed, formatted or
    /// looked up; a histogram takes memory for the part of its range in which the value lies, and
    /// keeps it until it had nothing to record for a whole interval.
    #[inline]
    pub fn record(&mut self, phase: u8, series: SeriesId, metric: Metric, value: Nanos) {
        if self.noted.len() == NOTED {
            self.settle();
        }
        self.noted.push(Noted { value, series, metric, phase });
    }

    /// Counts what was noted.
    #[inline(never)]
    fn settle(&mut self) {
        for Noted { value, series, metric, phase } in self.noted.drain(..) {
            if let Some(phase) = self.batch.phases.get_mut(usize::from(phase)) {
                phase.record(series, metric, value);
            }
        }
    }

    /// The counters of a series, to be added to.
    pub fn counts(&mut self, phase: u8, series: SeriesId) -> Option<&mut Counts> {
        self.batch.phases.get_mut(usize::from(phase)).map(|phase| phase.counts(series))
    }

    /// The series of a query that `endpoint` caused; `place` is its place in the answer.
    pub fn query(
        &mut self,
        cache: &mut QueryCache,
        place: usize,
        endpoint: &Series,
        name: &str,
    ) -> SeriesId {
        if let Some((known, id)) = cache.known.get(place)
            && &**known == name
        {
            return *id;
        }
        let id = self.discover(endpoint, name);
        match cache.known.get_mut(place) {
            Some(entry) => *entry = (name.into(), id),
            None => cache.known.push((name.into(), id)),
        }
        id
    }

    /// Finds or makes the series of a query, out of the hot path.
    fn discover(&mut self, endpoint: &Series, name: &str) -> SeriesId {
        self.meet(Series {
            kind: SeriesKind::ServerQuery,
            name: name.to_owned(),
            journey: endpoint.journey.clone(),
            step: endpoint.step.clone(),
            endpoint: endpoint.name.clone(),
            tapped: None,
        })
    }

    /// The id of a query's series that is not in the plan. The first 1,000 have one of their
    /// own; later ones are [`OTHER`](crate::names::OTHER).
    pub fn meet(&mut self, mut wanted: Series) -> SeriesId {
        let room = self.queries.len() < MAX_QUERIES;
        let mut found = self.queries.iter().position(|known| *known == wanted);
        if found.is_none() && !room {
            wanted = Series::other(wanted.kind);
            found = self.queries.iter().position(|known| *known == wanted);
        }
        let at = found.unwrap_or_else(|| {
            self.queries.push(wanted.clone());
            self.batch.discovered.push(wanted);
            self.queries.len() - 1
        });
        SeriesId(self.planned.saturating_add(u16::try_from(at).unwrap_or(u16::MAX)))
    }

    /// Keeps the message of a failure, if it is the first of its kind in its series.
    pub fn sample(
        &mut self,
        series: SeriesId,
        kind: ErrorKind,
        sample: impl FnOnce() -> ErrorSample,
    ) {
        let what = (series, kind);
        if self.sampled.len() < End::MAX_SAMPLES && !self.sampled.contains(&what) {
            self.sampled.push(what);
            self.batch.samples.push(sample());
        }
    }

    /// Hands over what was measured and starts anew with `spare` memory if there is some.
    pub fn take(&mut self) -> Batch {
        self.settle();
        let phases = self.batch.phases.len();
        let empty = self.spare.take().unwrap_or_else(|| Batch::with_phases(phases));
        mem::replace(&mut self.batch, empty)
    }

    /// Gives back the memory of a batch that was merged.
    pub fn recycle(&mut self, mut batch: Batch) {
        batch.reset();
        // A batch without phases, which stands for a worker that was late, could take nothing.
        if batch.phases.len() == self.batch.phases.len() {
            self.spare = Some(batch);
        }
    }
}

impl Batch {
    fn with_phases(phases: usize) -> Self {
        Self { phases: (0..phases).map(|_| Phase::default()).collect(), ..Self::default() }
    }

    /// Forgets the values and keeps the memory, so that the next interval allocates nothing.
    fn reset(&mut self) {
        let Self { phases, samples, discovered, active_users, cpu, exchanges } = self;
        exchanges.clear();
        for phase in phases {
            phase.histograms.iter_mut().for_each(Histogram::reset);
            phase.counts.iter_mut().for_each(|counts| *counts = Counts::default());
        }
        samples.clear();
        discovered.clear();
        (*active_users, *cpu) = (0, Nanos::ZERO);
    }

    /// Distributions that have values, with the worker's own series ids.
    pub(super) fn histograms(&self) -> impl Iterator<Item = (u8, SeriesId, Metric, &Histogram)> {
        (0..).zip(&self.phases).flat_map(|(at, phase)| {
            phase.histograms.chunks(Metric::COUNT).zip((0..).map(SeriesId)).flat_map(
                move |(row, series)| {
                    let filled = Metric::ALL.into_iter().zip(row).filter(|(_, h)| !h.is_empty());
                    filled.map(move |(metric, histogram)| (at, series, metric, histogram))
                },
            )
        })
    }

    /// Counts that are not zero, with the worker's own series ids.
    pub(super) fn tallies(&self) -> impl Iterator<Item = (u8, SeriesId, &Counts)> {
        (0..).zip(&self.phases).flat_map(|(at, phase)| {
            (0..)
                .map(SeriesId)
                .zip(&phase.counts)
                .filter(|(_, counts)| !counts.is_empty())
                .map(move |(series, counts)| (at, series, counts))
        })
    }
}

impl Phase {
    #[inline]
    fn record(&mut self, series: SeriesId, metric: Metric, value: Nanos) {
        let at = series.index() * Metric::COUNT + metric.index();
        if at >= self.histograms.len() {
            self.make_room(series);
        }
        if let Some(histogram) = self.histograms.get_mut(at) {
            histogram.record(value);
        }
    }

    #[cold]
    #[inline(never)]
    fn make_room(&mut self, series: SeriesId) {
        self.histograms.resize_with((series.index() + 1) * Metric::COUNT, Histogram::new);
    }

    fn counts(&mut self, series: SeriesId) -> &mut Counts {
        let at = series.index();
        if at >= self.counts.len() {
            self.counts.resize_with(at + 1, Counts::default);
        }
        match self.counts.get_mut(at) {
            Some(counts) => counts,
            None => unreachable!("the list was just made long enough"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_all_values_that_were_recorded_before_it_was_taken() {
        let mut shard = Shard::new(4, 2);
        let most = u64::try_from(NOTED).unwrap();
        for values in [1, most - 1, most, most + 1, 3 * most + 7] {
            for value in 0..values {
                shard.record(1, SeriesId(3), Metric::Response, Nanos(value));
            }
            // A phase that the plan does not have has no place.
            shard.record(2, SeriesId(3), Metric::Response, Nanos(1));
            let batch = shard.take();
            let cells: Vec<_> = batch.histograms().map(|(p, s, m, h)| (p, s, m, h.len())).collect();
            assert_eq!(cells, [(1, SeriesId(3), Metric::Response, values)]);
            shard.recycle(batch);
        }
    }
}
