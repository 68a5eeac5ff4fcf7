//! The tables of a live view: endpoints since the start and over the last seconds, and what failed
//! last.

use std::collections::{BTreeMap, VecDeque};

use super::super::foreign::clean;
use super::frame::{EndpointRow, ErrorLine, KindCount, Quantiles};
use super::view::SoFar;
use crate::histogram::Histogram;
use crate::names::{ErrorKind, Metric, Series, SeriesId, SeriesKind};
use crate::record::{Counts, EncodedCell, Interval, Pick, Tally};
use crate::units::{Nanos, count_to_f64};

/// Over how long the recent figures of an endpoint are.
pub const WINDOW: Nanos = Nanos::from_secs(10);

/// The most rows of endpoints: more are no table that somebody reads as it moves.
pub const MAX_ROWS: usize = 200;

/// The most lines of failures.
pub const MAX_ERROR_LINES: usize = 50;

/// Characters of a name or message that are shown.
const MAX_TEXT: usize = 300;

/// The last seconds, as they are stored: they are read when somebody looks.
#[derive(Debug, Default)]
pub(super) struct Lately {
    intervals: VecDeque<Late>,
    length: Nanos,
}

#[derive(Debug)]
struct Late {
    length: Nanos,
    cells: Vec<EncodedCell>,
    tallies: Vec<Tally>,
}

/// One series over the last seconds.
#[derive(Default)]
struct Recent {
    counts: Counts,
    response: Histogram,
}

impl Lately {
    /// Adds the next interval, and forgets what is too old.
    pub(super) fn push(&mut self, interval: &Interval) {
        let response = |cell: &&EncodedCell| cell.metric == Metric::Response;
        self.length = self.length + interval.length;
        self.intervals.push_back(Late {
            length: interval.length,
            cells: interval.cells.iter().filter(response).cloned().collect(),
            tallies: interval.tallies.clone(),
        });
        while let Some(oldest) = self.intervals.front()
            && self.length.since(oldest.length) >= WINDOW
        {
            self.length = self.length.since(oldest.length);
            self.intervals.pop_front();
        }
    }

    fn series(&self) -> BTreeMap<SeriesId, Recent> {
        let mut series: BTreeMap<SeriesId, Recent> = BTreeMap::new();
        for late in &self.intervals {
            for tally in &late.tallies {
                series.entry(tally.series).or_default().counts.merge(&tally.counts);
            }
            for cell in &late.cells {
                let response = &mut series.entry(cell.series).or_default().response;
                // What the recorder encoded is readable; were it not, it would be left out here.
                response.merge_encoded(&cell.bytes, cell.beyond).unwrap_or_default();
            }
        }
        series
    }

    fn seconds(&self) -> f64 {
        self.length.as_secs_f64()
    }
}

/// The rows of all endpoints, and of those that are shown at most [`MAX_ROWS`].
pub(super) fn endpoints(lately: &Lately, pick: &Pick, so_far: &SoFar<'_>) -> Vec<EndpointRow> {
    let recent = lately.series();
    let nothing = Recent::default();
    let row = |(id, series): (SeriesId, &Series)| {
        let counts = so_far.totals.counts(pick, [id]);
        let response = so_far.totals.histogram(pick, [id], Metric::Response);
        let own = recent.get(&id).unwrap_or(&nothing);
        let seconds = lately.seconds();
        EndpointRow {
            journey: shown(&series.journey),
            step: shown(&series.step),
            name: shown(&series.name),
            requests: counts.started,
            errors: counts.failed(),
            response: Quantiles::of(&response),
            recent_rate: if seconds > 0.0 {
                count_to_f64(own.counts.started) / seconds
            } else {
                0.0
            },
            recent_errors: own.counts.failed(),
            recent: Quantiles::of(&own.response),
        }
    };
    let of = |kind| so_far.catalogue.iter().filter(move |(_, series)| series.kind == kind);
    of(SeriesKind::Endpoint).chain(of(SeriesKind::Login)).take(MAX_ROWS).map(row).collect()
}

/// Failures by kind, the most frequent first.
pub(super) fn kinds(counts: &Counts) -> Vec<KindCount> {
    let row = |(kind, count): (ErrorKind, u64)| KindCount { kind: kind.word(), count };
    let mut kinds: Vec<_> = counts.failures().map(row).collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.count));
    kinds
}

/// What failed when, by series and kind: as many as a run has series.
#[derive(Debug, Default)]
pub(super) struct Failures(BTreeMap<(SeriesId, ErrorKind), Failure>);

#[derive(Clone, Copy, Debug, Default)]
struct Failure {
    last: Nanos,
    count: u64,
}

impl Failures {
    /// Adds the failures of the next interval.
    pub(super) fn push(&mut self, interval: &Interval) {
        let at = interval.start + interval.length;
        for tally in &interval.tallies {
            for (kind, count) in tally.counts.failures() {
                let failure = self.0.entry((tally.series, kind)).or_default();
                failure.last = at;
                failure.count += count;
            }
        }
    }

    /// The lines of those that were last, the newest first.
    pub(super) fn lines(&self, so_far: &SoFar<'_>) -> Vec<ErrorLine> {
        let named = |id: &SeriesId| {
            so_far.catalogue.get(*id).filter(|series| series.kind != SeriesKind::Connection)
        };
        let mut newest: Vec<_> = self
            .0
            .iter()
            .filter_map(|((id, kind), failure)| Some((*id, *kind, *failure, named(id)?)))
            .collect();
        newest.sort_by_key(|(_, _, failure, _)| std::cmp::Reverse((failure.last, failure.count)));
        newest.truncate(MAX_ERROR_LINES);
        let line = |(id, kind, failure, series): (SeriesId, ErrorKind, Failure, &Series)| {
            let mut samples = so_far.samples.iter();
            let sample = samples.find(|sample| sample.series == id && sample.kind == kind);
            ErrorLine {
                last_ns: failure.last.0,
                kind: kind.word(),
                endpoint: shown(&series.name),
                count: failure.count,
                message: sample.map(|sample| shown(&sample.message)),
            }
        };
        newest.into_iter().map(line).collect()
    }
}

/// Text of a stranger: one line of visible characters, and not too many.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(MAX_TEXT).collect();
    clean(&short)
}
