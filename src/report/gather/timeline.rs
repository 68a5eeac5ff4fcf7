//! The run interval by interval.

use crate::histogram::{DecodeError, Histogram};
use crate::names::{Metric, SeriesId};
use crate::record::{Counts, Interval, RunRecord};
use crate::report::document::{Latency, TimelinePoint};

/// One point for each interval that was stored.
pub(super) fn points(record: &RunRecord) -> Result<Vec<TimelinePoint>, DecodeError> {
    record.intervals.iter().map(|interval| point(record, interval)).collect()
}

fn point(record: &RunRecord, interval: &Interval) -> Result<TimelinePoint, DecodeError> {
    let is_http =
        |id: SeriesId| record.catalogue.get(id).is_some_and(|series| series.kind.is_http());
    let mut response = Histogram::new();
    let cells = interval.cells.iter();
    for cell in cells.filter(|cell| cell.metric == Metric::Response && is_http(cell.series)) {
        response.merge_encoded(&cell.bytes, cell.beyond)?;
    }
    let mut counts = Counts::default();
    for tally in interval.tallies.iter().filter(|tally| is_http(tally.series)) {
        counts.merge(&tally.counts);
    }
    let phases = &record.header.load.phases;
    let within = phases.iter().rfind(|phase| phase.start <= interval.start);
    Ok(TimelinePoint {
        start: interval.start,
        length: interval.length,
        measured: within.is_some_and(|phase| phase.measure),
        requests: counts.started,
        errors: counts.failed(),
        response: Latency::of(&response),
        active_users: interval.gauges.active_users,
        readings: interval.gauges.readings.clone(),
    })
}
