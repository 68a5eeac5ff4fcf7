//! One repetition distilled to what the gate needs, so that its record can be dropped.

mod sent;
mod timeline;
mod wanted;

pub(super) use sent::SentEvidence;
use timeline::Timeline;
pub(super) use wanted::RelativeThreshold;
pub use wanted::Wanted;

use super::logs::{self, LogFindings};
use super::ruling::{Place, RowKind};
use super::validity::{self, Fault};
use crate::histogram::DecodeError;
use crate::names::{Metric, Series, SeriesId, SeriesKind};
use crate::record::{Asserted, Counts, EncodedCell, Header, RunRecord, ThresholdText};
use crate::stats::errors::Stretch;
use crate::stats::quantile::RunPercentile;
use crate::units::Nanos;

/// One repetition: each series' percentiles with their error, its failures, and what is wrong
/// with the run.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub(super) header: Header,
    pub(super) lasted: Nanos,
    pub(super) measured: Nanos,
    pub(super) faults: Vec<Fault>,
    pub(super) series: Vec<SeriesEvidence>,
    /// Which statements each endpoint sent; empty without a tap.
    pub(super) sent: Vec<SentEvidence>,
    pub(super) relative: Vec<(ThresholdText, Option<RunPercentile>)>,
    /// What became of its assertions on data.
    pub(super) integrity: Vec<Asserted>,
    /// What was found in its logs.
    pub(super) logs: LogFindings,
}

/// One series in one repetition, over its measured phases.
#[derive(Clone, Debug)]
pub(super) struct SeriesEvidence {
    /// What it counts: queries of the target's and of the scenario's own differ in nothing else.
    pub(super) kind: SeriesKind,
    pub(super) place: Place,
    /// Successful requests.
    pub(super) requests: u64,
    /// The percentiles that were wanted; those of a series without requests are missing.
    pub(super) figures: Vec<(f64, RunPercentile)>,
    /// What was tried and failed, in stretches of about half a minute up to the last with a
    /// request; the same place is the same time in all series of a repetition.
    pub(super) stretches: Vec<Stretch>,
}

impl SeriesEvidence {
    /// The percentile, or the place of one.
    pub(super) fn figure(&self, quantile: f64) -> RunPercentile {
        let same = |(at, _): &&(f64, RunPercentile)| at.to_bits() == quantile.to_bits();
        self.figures.iter().find(same).map_or(RunPercentile::NOTHING, |(_, found)| *found)
    }

    /// Everything that was tried, and what of it failed.
    pub(super) fn all(&self) -> Stretch {
        added(&self.stretches)
    }
}

/// All stretches as one.
pub(super) fn added(stretches: &[Stretch]) -> Stretch {
    let sum = |sum: Stretch, one: &Stretch| Stretch {
        errors: sum.errors.saturating_add(one.errors),
        requests: sum.requests.saturating_add(one.requests),
    };
    stretches.iter().fold(Stretch { errors: 0, requests: 0 }, sum)
}

/// What several ids of a catalogue have in common.
struct Merged {
    kind: SeriesKind,
    place: Place,
    ids: Vec<SeriesId>,
}

impl Evidence {
    /// From a record: percentiles of successful requests and queries over measured phases.
    ///
    /// Each endpoint and login is one series by journey and step; a query is one whatever caused
    /// it. An error is a stored distribution that can't be read.
    pub fn of(record: &RunRecord, wanted: &Wanted) -> Result<Self, DecodeError> {
        let timeline = Timeline::of(record, |phase| phase.measure);
        let mut faults = validity::faults(record);
        if faults.is_empty() {
            faults.extend(validity::cut_short(record));
        }
        let cells = Cells::of(record, &timeline);
        let counts = stretches(record, &timeline);
        let one = |merged: &Merged| series(merged, wanted, &timeline, (&cells, &counts));
        let relative = wanted.relative().map(|threshold| {
            let text = threshold.text().clone();
            Ok((text, threshold.figure(record)?))
        });
        Ok(Self {
            header: record.header.clone(),
            lasted: timeline.lasted(),
            measured: timeline.measured(),
            faults,
            series: merged(record).iter().map(one).collect::<Result<_, _>>()?,
            sent: sent::of(record, &timeline),
            relative: relative.collect::<Result<_, DecodeError>>()?,
            integrity: record.end.iter().flat_map(|end| end.integrity.iter().cloned()).collect(),
            logs: logs::judge(record),
        })
    }

    /// What was known of the run when it started.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Why it is no measurement; empty for one that can be judged.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// When it ended, nanoseconds since 1970-01-01 UTC.
    pub(super) fn ended_unix_ns(&self) -> u64 {
        self.header.started_unix_ns.saturating_add(self.lasted.0)
    }

    /// What a threshold relative to the baseline asks for, or the place of it.
    pub(super) fn threshold(&self, text: &ThresholdText) -> RunPercentile {
        let same = |(known, _): &&(ThresholdText, Option<RunPercentile>)| {
            known.subject == text.subject && known.condition == text.condition
        };
        let found = self.relative.iter().find(same).and_then(|(_, found)| *found);
        found.unwrap_or(RunPercentile::NOTHING)
    }
}

/// The series of a record, queries of one name together, in the order of the catalogue.
fn merged(record: &RunRecord) -> Vec<Merged> {
    let mut all: Vec<Merged> = Vec::new();
    for (id, series) in record.catalogue.iter() {
        let Some(place) = place(series) else { continue };
        match all.iter_mut().find(|known| known.kind == series.kind && known.place == place) {
            Some(known) => known.ids.push(id),
            None => all.push(Merged { kind: series.kind, place, ids: vec![id] }),
        }
    }
    all
}

pub(super) fn place(series: &Series) -> Option<Place> {
    let kind = match series.kind {
        SeriesKind::Endpoint => RowKind::Endpoint,
        SeriesKind::Login => RowKind::Login,
        SeriesKind::ServerQuery | SeriesKind::SqlStep | SeriesKind::TapQuery => RowKind::Query,
        SeriesKind::Run | SeriesKind::Connection | SeriesKind::Journey => return None,
    };
    let own = |text: &String| if kind == RowKind::Query { String::new() } else { text.clone() };
    Some(Place {
        kind,
        name: series.name.clone(),
        journey: own(&series.journey),
        step: own(&series.step),
    })
}

fn series(
    merged: &Merged,
    wanted: &Wanted,
    timeline: &Timeline,
    (cells, counts): (&Cells<'_>, &[Vec<(usize, Stretch)>]),
) -> Result<SeriesEvidence, DecodeError> {
    let metric = if merged.kind.is_query() { Metric::Query } else { Metric::Response };
    let own = merged.ids.iter().flat_map(|id| cells.of_series(*id));
    let own = own.filter(|(_, cell)| cell.metric == metric).copied();
    let repetition = timeline.repetition(own)?;
    let quantiles = wanted.quantiles(merged.place.kind.compared());
    let figure = |quantile: &f64| Some((*quantile, repetition.percentile(*quantile)?));
    let parts = || merged.ids.iter().filter_map(|id| counts.get(id.index())).flatten();
    let length = parts().map(|(at, _)| at + 1).max().unwrap_or_default();
    let mut stretches = vec![Stretch { errors: 0, requests: 0 }; length];
    for (at, part) in parts() {
        if let Some(sum) = stretches.get_mut(*at) {
            *sum = added(&[*sum, *part]);
        }
    }
    Ok(SeriesEvidence {
        kind: merged.kind,
        place: merged.place.clone(),
        requests: repetition.len(),
        figures: quantiles.iter().filter_map(figure).collect(),
        stretches,
    })
}

/// The stored distributions of measured phases by series, each with its place in time.
struct Cells<'a> {
    by_series: Vec<Vec<(usize, &'a EncodedCell)>>,
}

impl<'a> Cells<'a> {
    fn of(record: &'a RunRecord, timeline: &Timeline) -> Self {
        let mut by_series = vec![Vec::new(); record.catalogue.len()];
        for interval in &record.intervals {
            let slot = timeline.slot(interval);
            for cell in interval.cells.iter().filter(|cell| timeline.takes(cell.phase)) {
                if let Some(own) = by_series.get_mut(cell.series.index()) {
                    own.push((slot, cell));
                }
            }
        }
        Self { by_series }
    }

    fn of_series(&self, id: SeriesId) -> &[(usize, &'a EncodedCell)] {
        self.by_series.get(id.index()).map(Vec::as_slice).unwrap_or_default()
    }
}

/// What was tried and failed of each series of the catalogue, with the stretch in which it was:
/// only what there was, because a record can have many series and little of each.
fn stretches(record: &RunRecord, timeline: &Timeline) -> Vec<Vec<(usize, Stretch)>> {
    let mut all: Vec<Vec<(usize, Stretch)>> = vec![Vec::new(); record.catalogue.len()];
    for interval in &record.intervals {
        let at = timeline.stretch(interval);
        for tally in interval.tallies.iter().filter(|tally| timeline.takes(tally.phase)) {
            let Some(own) = all.get_mut(tally.series.index()) else { continue };
            let tried = tried(&tally.counts);
            match own.last_mut() {
                Some((last, sum)) if *last == at => *sum = added(&[*sum, tried]),
                _ if tried.requests == 0 && tried.errors == 0 => {}
                _ => own.push((at, tried)),
            }
        }
    }
    all
}

fn tried(counts: &Counts) -> Stretch {
    Stretch { errors: counts.failed(), requests: counts.tried() }
}

#[cfg(test)]
mod tests;
