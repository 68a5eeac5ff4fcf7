//! The run interval by interval.

use crate::histogram::{DecodeError, Histogram};
use crate::names::{Metric, SeriesId};
use crate::record::{Counts, Interval, RunRecord};
use crate::report::document::{Heat, Latency, TimelinePoint};
use crate::units::Nanos;

/// One point for each interval that was stored, and all their values by time and duration.
pub(super) fn points(
    record: &RunRecord,
    lasted: Nanos,
) -> Result<(Vec<TimelinePoint>, Heat), DecodeError> {
    let longest = record.intervals.iter().map(|interval| interval.length).max();
    let mut heat = Heat::new(lasted, longest.unwrap_or(Nanos::SECOND));
    let points = record.intervals.iter().map(|interval| point(record, interval, &mut heat));
    Ok((points.collect::<Result<_, _>>()?, heat))
}

fn point(
    record: &RunRecord,
    interval: &Interval,
    heat: &mut Heat,
) -> Result<TimelinePoint, DecodeError> {
    let is_http =
        |id: SeriesId| record.catalogue.get(id).is_some_and(|series| series.kind.is_http());
    let mut response = Histogram::new();
    let cells = interval.cells.iter();
    for cell in cells.filter(|cell| cell.metric == Metric::Response && is_http(cell.series)) {
        response.merge_encoded(&cell.bytes, cell.beyond)?;
    }
    heat.add(interval.start, &response);
    let mut counts = Counts::default();
    for tally in interval.tallies.iter().filter(|tally| is_http(tally.series)) {
        counts.merge(&tally.counts);
    }
    let phases = &record.header.load.phases;
    let within = phases.iter().rfind(|phase| phase.start <= interval.start);
    let counts_of_logs = &interval.gauges.logs.counts;
    let log_lines = counts_of_logs.iter().map(|own| (own.rule.clone(), own.lines));
    Ok(TimelinePoint {
        start: interval.start,
        length: interval.length,
        measured: within.is_some_and(|phase| phase.measure),
        requests: counts.started,
        errors: counts.failed(),
        failed: counts.failures().collect(),
        response: Latency::of(&response),
        active_users: interval.gauges.active_users,
        readings: interval.gauges.readings.clone(),
        log_lines: log_lines.collect(),
    })
}
