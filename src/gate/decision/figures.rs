//! The figures of a record that the guide sets targets for.

use std::collections::BTreeMap;

use super::Source;
use crate::names::{Metric, Series, SeriesKind};
use crate::record::{Bank, Pick, Reading, RunRecord};
use crate::units::Nanos;

/// What one record says of the system that it measured, over its measured phases.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// The record.
    pub source: Source,
    /// Requests that were tried.
    pub requests: u64,
    /// How many of them failed.
    pub errors: u64,
    /// Response times of the requests that succeeded.
    pub response: Option<Times>,
    /// Times to the first byte of the requests that succeeded.
    pub waiting: Option<Times>,
    /// Durations of queries, from the source that knows most of them.
    pub queries: Option<Times>,
    /// What monitors read, by name.
    pub readings: BTreeMap<String, Values>,
}

/// A distribution as far as targets ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// How many values.
    pub n: u64,
    /// Their mean.
    pub mean: Nanos,
    /// Their 95th percentile.
    pub p95: Nanos,
    /// Their 99th percentile.
    pub p99: Nanos,
}

/// All values of one reading.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Values {
    /// How often it was read.
    pub count: u64,
    /// How often it was more than zero.
    pub above_zero: u64,
    /// All values added up.
    pub sum: f64,
    /// The highest.
    pub max: f64,
}

impl Values {
    fn add(&mut self, value: f64) {
        let Self { count, above_zero, sum, max } = self;
        *max = if *count == 0 { value } else { max.max(value) };
        *count = count.saturating_add(1);
        *above_zero = above_zero.saturating_add(u64::from(value > 0.0));
        *sum += value;
    }

    /// The mean; `None` when nothing was read.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / crate::units::count_to_f64(self.count))
    }
}

impl Figures {
    /// The figures of a record.
    pub fn of(record: &RunRecord) -> Self {
        let header = &record.header;
        let pick = Pick::of(&header.load.phases, Bank::Measured);
        let requests = |series: &Series| series.kind.is_http();
        let counts = record.totals.counts(&pick, record.catalogue.matching(requests));
        let times = |metric, wanted: &dyn Fn(&Series) -> bool| {
            let histogram =
                record.totals.histogram(&pick, record.catalogue.matching(wanted), metric);
            Some(Times {
                n: histogram.len(),
                mean: histogram.mean()?,
                p95: histogram.at(0.95)?,
                p99: histogram.at(0.99)?,
            })
        };
        // What the tap saw holds what the target reports, under other names. What loadgate itself
        // asked is not the application's.
        let wanted = if record.catalogue.is_tapped() {
            SeriesKind::TapQuery
        } else {
            SeriesKind::ServerQuery
        };
        let word = if header.observation.is_some() { "observation" } else { "run" };
        Self {
            source: Source::of(format!("{word} {}", header.id)),
            requests: counts.tried(),
            errors: counts.failed(),
            response: times(Metric::Response, &requests),
            waiting: times(Metric::Waiting, &requests),
            queries: times(Metric::Query, &|series| series.kind == wanted),
            readings: readings(record),
        }
    }
}

/// What was read in measured phases.
fn readings(record: &RunRecord) -> BTreeMap<String, Values> {
    let mut read: BTreeMap<String, Values> = BTreeMap::new();
    let phases = &record.header.load.phases;
    for interval in &record.intervals {
        let within = phases.iter().rfind(|phase| phase.start <= interval.start);
        if !within.is_some_and(|phase| phase.measure) {
            continue;
        }
        for Reading { what, value } in &interval.gauges.readings {
            let has_room = read.len() < Reading::MAX_NAMES || read.contains_key(what);
            if has_room && value.is_finite() {
                read.entry(what.clone()).or_default().add(*value);
            }
        }
    }
    read
}
