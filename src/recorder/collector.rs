//! Batches of all workers become the intervals and totals of one record.

use std::collections::BTreeMap;

use super::Batch;
use crate::histogram::{Encoder, Histogram};
use crate::names::{Catalogue, Metric, Series, SeriesId, SeriesKind};
use crate::record::{Counts, EncodedCell, End, ErrorSample, Gauges, Interval, Tally, Totals};
use crate::units::Nanos;

/// What one worker has for a phase, series and metric.
type Part<'a> = ((u8, SeriesId, Metric), &'a Histogram);

/// Merges what the workers measured. Lives on one thread; the workers never see it.
#[derive(Debug)]
pub struct Collector {
    catalogue: Catalogue,
    planned: u16,
    /// For each worker, the run's ids of the series that the worker discovered.
    discovered: Vec<Vec<SeriesId>>,
    totals: Totals,
    samples: Vec<ErrorSample>,
    /// Memory for adding up what several workers have.
    merged: Histogram,
    encoder: Encoder,
}

impl Collector {
    /// A collector for the series of a plan and this many workers.
    pub fn new(catalogue: Catalogue, workers: usize) -> Self {
        let planned = catalogue.len();
        Self::going_on(catalogue, planned, workers)
    }

    /// The same for a measurement that goes on: of the series of `catalogue` the first `planned`
    /// are those of the plan, the others were met before.
    pub fn going_on(catalogue: Catalogue, planned: usize, workers: usize) -> Self {
        let planned = u16::try_from(planned).unwrap_or(u16::MAX);
        Self {
            catalogue,
            planned,
            discovered: vec![Vec::new(); workers],
            totals: Totals::default(),
            samples: Vec::new(),
            merged: Histogram::new(),
            encoder: Encoder::new(),
        }
    }

    /// Merges one batch of each worker, in the order of the workers, into an interval.
    pub fn merge(&mut self, start: Nanos, length: Nanos, batches: &[Batch]) -> Interval {
        let mut parts: Vec<Part<'_>> = Vec::new();
        let mut tallies: BTreeMap<(u8, SeriesId), Counts> = BTreeMap::new();
        let mut gauges = Gauges::default();
        for (worker, batch) in batches.iter().enumerate() {
            self.meet(worker, &batch.discovered);
            for (phase, series, metric, histogram) in batch.histograms() {
                parts.push(((phase, self.global(worker, series), metric), histogram));
            }
            for (phase, series, counts) in batch.tallies() {
                let id = self.global(worker, series);
                tallies.entry((phase, id)).or_default().merge(counts);
            }
            for sample in &batch.samples {
                let sample =
                    ErrorSample { series: self.global(worker, sample.series), ..sample.clone() };
                self.keep(sample);
            }
            gauges.active_users += batch.active_users;
            gauges.generator_cpu = gauges.generator_cpu + batch.cpu;
        }
        parts.sort_by_key(|(place, _)| *place);
        let cells = parts.chunk_by(|one, next| one.0 == next.0);
        let cells = cells.filter_map(|parts| self.cell(parts)).collect();
        let tallies = tallies.into_iter().map(|((phase, series), counts)| {
            let tally = Tally { phase, series, counts };
            self.totals.add_tally(&tally);
            tally
        });
        Interval { start, length, tallies: tallies.collect(), cells, gauges }
    }

    /// Adds what the workers have for one place to the totals, and gives it its stored form. What
    /// only one worker has needs no memory of its own.
    fn cell(&mut self, parts: &[Part<'_>]) -> Option<EncodedCell> {
        let (place, first) = parts.first()?;
        let merged = if parts.len() == 1 {
            first
        } else {
            self.merged.reset();
            for (_, histogram) in parts {
                self.merged.merge(histogram);
            }
            &self.merged
        };
        self.totals.add(*place, merged);
        Some(EncodedCell::of(*place, merged, &mut self.encoder))
    }

    /// Gives series that a worker met for the first time their place in the run's catalogue.
    fn meet(&mut self, worker: usize, discovered: &[Series]) {
        for series in discovered {
            let id = self.catalogue.intern(series).or_else(|| self.other(series.kind));
            if let (Some(id), Some(list)) = (id, self.discovered.get_mut(worker)) {
                list.push(id);
            }
        }
    }

    /// The series that takes what has no room, if it got a place in time.
    fn other(&self, kind: SeriesKind) -> Option<SeriesId> {
        self.catalogue.find(&Series::other(kind)).or(Some(SeriesId::RUN))
    }

    /// The run's id for a worker's id.
    fn global(&self, worker: usize, series: SeriesId) -> SeriesId {
        match series.0.checked_sub(self.planned) {
            None => series,
            Some(at) => self
                .discovered
                .get(worker)
                .and_then(|list| list.get(usize::from(at)))
                .copied()
                .unwrap_or(SeriesId::RUN),
        }
    }

    /// Keeps the first message for each series and kind.
    fn keep(&mut self, sample: ErrorSample) {
        let known = |kept: &ErrorSample| kept.series == sample.series && kept.kind == sample.kind;
        if self.samples.len() < End::MAX_SAMPLES && !self.samples.iter().any(known) {
            self.samples.push(sample);
        }
    }

    /// All series met so far.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Forgets the distributions of all intervals so far: of an observation they are added up from
    /// the store, and would take more memory day by day.
    pub fn forget_distributions(&mut self) {
        self.totals.forget_distributions();
    }

    /// All intervals so far, added up; distributions since they were forgotten.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The first message of each kind of error and series so far.
    pub fn samples(&self) -> &[ErrorSample] {
        &self.samples
    }

    /// The end of the measurement: catalogue, totals as far as they were kept, and error samples.
    pub fn freeze(self) -> (Catalogue, Totals, Vec<ErrorSample>) {
        (self.catalogue, self.totals, self.samples)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{QueryCache, Shard};
    use super::*;
    use crate::names::OTHER;
    use crate::record::{Bank, PhaseInfo, Pick};

    fn plan() -> Catalogue {
        let mut catalogue = Catalogue::new();
        catalogue.intern(&endpoint()).unwrap();
        catalogue
    }

    fn endpoint() -> Series {
        Series {
            kind: SeriesKind::Endpoint,
            name: "GET /a".to_owned(),
            journey: "j".to_owned(),
            step: "s".to_owned(),
            endpoint: String::new(),
            tapped: None,
        }
    }

    fn measured() -> Pick {
        let phase = PhaseInfo {
            name: String::new(),
            load: String::new(),
            start: Nanos::ZERO,
            length: Nanos::SECOND,
            measure: true,
        };
        Pick::of(&[phase], Bank::Measured)
    }

    #[test]
    fn what_is_forgotten_is_counted_and_no_longer_drawn() {
        let (catalogue, all) = (plan(), measured());
        let (id, planned) = (catalogue.find(&endpoint()).unwrap(), catalogue.len());
        let mut collector = Collector::new(catalogue, 1);
        for interval in 1..=3_u64 {
            let mut shard = Shard::new(u16::try_from(planned).unwrap(), 1);
            shard.record(0, id, Metric::Response, Nanos(interval));
            shard.counts(0, id).unwrap().started = 1;
            drop(collector.merge(Nanos(interval), Nanos(1), &[shard.take()]));
            let drawn = collector.totals().histogram(&all, [id], Metric::Response);
            assert_eq!((drawn.len(), drawn.max()), (1, Some(Nanos(interval))));
            assert_eq!(collector.totals().counts(&all, [id]).started, interval);
            collector.forget_distributions();
        }
    }

    #[test]
    fn workers_that_meet_queries_in_another_order_agree_on_the_series() {
        let catalogue = plan();
        let mut collector = Collector::new(catalogue, 2);
        let mut shards = [Shard::new(4, 1), Shard::new(4, 1)];
        for (shard, names) in shards.iter_mut().zip([["a", "b"], ["b", "a"]]) {
            let mut cache = QueryCache::default();
            for (place, name) in names.into_iter().enumerate() {
                let id = shard.query(&mut cache, place, &endpoint(), name);
                let value = if name == "a" { 1_000 } else { 9_000 };
                shard.record(0, id, Metric::Query, Nanos(value));
            }
        }
        let batches: Vec<Batch> = shards.iter_mut().map(Shard::take).collect();
        let interval = collector.merge(Nanos::ZERO, Nanos::SECOND, &batches);
        assert_eq!(interval.cells.len(), 2);
        let (catalogue, totals, _) = collector.freeze();
        for (name, about) in [("a", 1_000), ("b", 9_000)] {
            let ids = catalogue.matching(|series| series.name == name);
            let histogram = totals.histogram(&measured(), ids, Metric::Query);
            assert_eq!(histogram.len(), 2);
            assert!(histogram.max().unwrap().0.abs_diff(about) < 20);
        }
    }

    #[test]
    fn totals_equal_the_intervals_added_up() {
        let mut collector = Collector::new(plan(), 1);
        let mut shard = Shard::new(4, 1);
        let mut intervals = Vec::new();
        for second in 0..5 {
            for value in 1..100 {
                shard.record(0, SeriesId(3), Metric::Response, Nanos(value * 1_000 * (second + 1)));
                shard.counts(0, SeriesId(3)).unwrap().started += 1;
            }
            let batch = shard.take();
            intervals.push(collector.merge(
                Nanos::from_secs(second),
                Nanos::SECOND,
                std::slice::from_ref(&batch),
            ));
            shard.recycle(batch);
        }
        assert_eq!(&Totals::from_intervals(&intervals).unwrap(), collector.totals());
        assert_eq!(collector.totals().counts(&measured(), [SeriesId(3)]).started, 495);
    }

    #[test]
    fn memory_that_comes_back_empty_loses_no_measurement() {
        let mut shard = Shard::new(4, 1);
        for _ in 0..2 {
            shard.recycle(Batch::default());
            drop(shard.take());
        }
        shard.record(0, SeriesId(3), Metric::Response, Nanos(5));
        assert_eq!(shard.take().histograms().count(), 1);
    }

    #[test]
    fn too_many_queries_go_to_other() {
        let mut shard = Shard::new(4, 1);
        let mut cache = QueryCache::default();
        let ids: Vec<SeriesId> =
            (0..1_200).map(|n| shard.query(&mut cache, 0, &endpoint(), &format!("q{n}"))).collect();
        assert_eq!(ids[1_010], ids[1_199]);
        assert_ne!(ids[0], ids[1_199]);
        let mut collector = Collector::new(plan(), 1);
        shard.record(0, ids[1_199], Metric::Query, Nanos(5));
        collector.merge(Nanos::ZERO, Nanos::SECOND, &[shard.take()]);
        let other = collector.other(SeriesKind::ServerQuery).unwrap();
        assert_eq!(collector.catalogue().get(other).unwrap().name, OTHER);
    }
}
