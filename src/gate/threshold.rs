//! Absolute limits of one run: the `thresholds:` of its scenario.

use std::fmt;

use super::limit::Readings;
use crate::histogram::{DecodeError, Histogram};
use crate::names::SeriesId;
use crate::record::{Bank, Counts, Interval, PhaseInfo, Pick, RunRecord, ThresholdText, Totals};
use crate::scenario::{Aggregate, Condition, Limit, ThresholdSubject};
use crate::units::{Nanos, Ratio, count_to_f64, f64_to_u64};

/// What became of a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The limit was kept.
    Passed,
    /// The limit was broken.
    Failed,
    /// Nothing was measured that could be held against the limit.
    NoData,
    /// A limit relative to the baseline that is neither surely broken nor surely kept.
    Undecided,
    /// A limit relative to a baseline, of a run that is compared with none.
    NeedsBaseline,
}

/// A threshold with what was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The metric with its selectors, as written.
    pub subject: String,
    /// The condition, as written.
    pub condition: String,
    /// What became of it.
    pub status: Status,
    /// The figure that was held against the limit.
    pub measured: Option<String>,
    /// What people should know of it.
    pub note: Option<String>,
    /// Whether missing data is accepted.
    pub optional: bool,
}

impl Outcome {
    /// Whether the run fails for it. Missing data is a failure unless it was said to be accepted.
    pub fn fails(&self) -> bool {
        match self.status {
            Status::Passed | Status::NeedsBaseline => false,
            Status::Failed => true,
            Status::NoData | Status::Undecided => !self.optional,
        }
    }
}

/// Holds what was measured against all thresholds of the run.
pub fn judge(record: &RunRecord) -> Vec<Outcome> {
    judge_by(record, &record.header.thresholds)
}

/// Holds what was measured against thresholds of another run: those of a candidate against its
/// baseline, which may have had others.
pub fn judge_by(record: &RunRecord, thresholds: &[ThresholdText]) -> Vec<Outcome> {
    let readings = Readings::of(record, thresholds);
    let judged = thresholds.iter().map(|text| {
        if let Some(name) = text.reading() {
            return readings.judge(name, text);
        }
        let finding = Threshold::read(&text.subject, &text.condition).map_or_else(
            |reason| Finding::none(format!("can't be read: {reason}")),
            |threshold| threshold.judge(record),
        );
        Outcome {
            subject: text.subject.clone(),
            condition: text.condition.clone(),
            status: finding.status,
            measured: finding.measured,
            note: finding.note,
            optional: text.optional,
        }
    });
    judged.collect()
}

/// A threshold that was read.
struct Threshold {
    subject: ThresholdSubject,
    condition: Condition,
}

/// What a threshold came to.
struct Finding {
    status: Status,
    measured: Option<String>,
    note: Option<String>,
}

impl Finding {
    fn none(note: impl Into<String>) -> Self {
        Self { status: Status::NoData, measured: None, note: Some(note.into()) }
    }

    fn of(holds: bool, measured: String) -> Self {
        let status = if holds { Status::Passed } else { Status::Failed };
        Self { status, measured: Some(measured), note: None }
    }
}

/// One number that was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Figure {
    Duration(Nanos),
    Share(Ratio),
    Count(f64),
    PerSecond(f64),
}

impl Figure {
    /// The number, in the unit of [`limit_value`].
    fn value(self) -> f64 {
        match self {
            Self::Duration(nanos) => count_to_f64(nanos.0),
            Self::Share(Ratio(value)) | Self::Count(value) | Self::PerSecond(value) => value,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(nanos) => write!(f, "{nanos}"),
            Self::Share(share) => write!(f, "{share}"),
            Self::Count(count) => write!(f, "{count:.0}"),
            Self::PerSecond(rate) => write!(f, "{rate:.2}/s"),
        }
    }
}

/// The limit as a number; `None` when it is relative to a baseline.
fn limit_value(limit: Limit) -> Option<f64> {
    match limit {
        Limit::Duration(nanos) => Some(count_to_f64(nanos.0)),
        Limit::Share(Ratio(share)) => Some(share),
        Limit::Number(number) => Some(number),
        Limit::Change(_) => None,
    }
}

impl Threshold {
    fn read(subject: &str, condition: &str) -> Result<Self, String> {
        let subject: ThresholdSubject = subject.parse().map_err(|error| format!("{error}"))?;
        let condition: Condition = condition.parse().map_err(|error| format!("{error}"))?;
        subject.accepts(&condition)?;
        Ok(Self { subject, condition })
    }

    fn judge(&self, record: &RunRecord) -> Finding {
        let Some(limit) = limit_value(self.condition.limit) else {
            return Finding {
                status: Status::NeedsBaseline,
                measured: None,
                note: Some("needs a baseline".to_owned()),
            };
        };
        let scope = Scope::new(self, record);
        if scope.series.is_empty() {
            return Finding::none("no such series in this run");
        }
        if let Some(length) = self.condition.sustained {
            return self.judge_sustained(record, &scope, (limit, length));
        }
        match self.figure(&record.totals, &scope, scope.seconds) {
            Some(figure) => {
                let holds = self.condition.relation.holds(figure.value(), limit);
                Finding::of(holds, figure.to_string())
            }
            None => Finding::none("nothing was measured"),
        }
    }

    /// Looks at each interval on its own. The limit is broken from the first interval that breaks
    /// it to the last one before it is kept again. An interval without data changes nothing, but
    /// for a count per second: where load was planned and nothing came, it is 0. A pause between
    /// pooled repetitions is no time at all.
    fn judge_sustained(
        &self,
        record: &RunRecord,
        scope: &Scope,
        (limit, length): (f64, Nanos),
    ) -> Finding {
        let mut longest = Nanos::ZERO;
        let mut broken_since = None;
        let mut last = None;
        let (mut paused, mut before) = (Nanos::ZERO, Nanos::ZERO);
        for interval in &record.intervals {
            paused = paused + scope.pause(before, interval.start);
            before = interval.start + interval.length;
            let Ok(totals) = scope.totals(interval) else {
                return Finding::none("a stored interval can't be read");
            };
            let seconds = interval.length.as_secs_f64();
            let measured = self.figure(&totals, scope, seconds);
            last = measured.or(last);
            let silent = || {
                let counts = self.condition.aggregate == Aggregate::PerSecond;
                (counts && scope.spans(interval)).then_some(Figure::PerSecond(0.0))
            };
            let Some(figure) = measured.or_else(silent) else { continue };
            if self.condition.relation.holds(figure.value(), limit) {
                broken_since = None;
                continue;
            }
            let since = *broken_since.get_or_insert(interval.start - paused);
            longest = longest.max((before - paused).since(since));
        }
        match last {
            Some(_) if longest == Nanos::ZERO => Finding::of(true, "never broken".to_owned()),
            Some(_) => Finding::of(longest < length, format!("broken for {longest}")),
            None => Finding::none("nothing was measured"),
        }
    }

    /// The figure over some totals; `None` when there is no data.
    fn figure(&self, totals: &Totals, scope: &Scope, seconds: f64) -> Option<Figure> {
        let aggregate = self.condition.aggregate;
        let number = |count: u64| match aggregate {
            Aggregate::PerSecond => {
                (seconds > 0.0).then(|| Figure::PerSecond(count_to_f64(count) / seconds))
            }
            Aggregate::Average
            | Aggregate::Minimum
            | Aggregate::Maximum
            | Aggregate::Median
            | Aggregate::Percentile(_)
            | Aggregate::Rate
            | Aggregate::Count => Some(Figure::Count(count_to_f64(count))),
        };
        if let Some(metric) = self.subject.metric_kind() {
            let histogram = totals.histogram(&scope.pick, scope.series.iter().copied(), metric);
            return match (duration(&histogram, aggregate), histogram.is_empty()) {
                (_, true) => None,
                (Some(nanos), false) => Some(Figure::Duration(nanos)),
                (None, false) => number(histogram.len()),
            };
        }
        let counts = totals.counts(&scope.pick, scope.series.iter().copied());
        let (part, whole) = counted(&self.subject.metric, &counts)?;
        match aggregate {
            _ if whole == 0 => None,
            Aggregate::Rate => Ratio::of(part, whole).map(Figure::Share),
            Aggregate::Average
            | Aggregate::Minimum
            | Aggregate::Maximum
            | Aggregate::Median
            | Aggregate::Percentile(_) => None,
            Aggregate::Count | Aggregate::PerSecond => number(part),
        }
    }
}

/// A distribution's figure, if it is one of durations.
fn duration(histogram: &Histogram, aggregate: Aggregate) -> Option<Nanos> {
    match aggregate {
        Aggregate::Average => histogram.mean(),
        Aggregate::Minimum => histogram.min(),
        Aggregate::Maximum => histogram.max(),
        Aggregate::Median => histogram.at(0.5),
        Aggregate::Percentile(percent) => histogram.at(quantile(percent, histogram.len())),
        Aggregate::Rate | Aggregate::Count | Aggregate::PerSecond => None,
    }
}

/// A quantile that `percent` of `count` values has, in the middle of its rank: `99.9 / 100.0` is
/// above 0.999, and even `0.55 * 100.0` is above 55, so that a quantile at the rank's edge could
/// take the value after it.
fn quantile(percent: f64, count: u64) -> f64 {
    let millionths = u128::from(f64_to_u64(percent * 1e6));
    let rank = (u128::from(count) * millionths).div_ceil(100_000_000);
    let rank = u64::try_from(rank).unwrap_or(count).clamp(1, count.max(1));
    (count_to_f64(rank) - 0.5) / count_to_f64(count)
}

/// How many, and of how many; `None` for a metric that is not counted.
fn counted(metric: &str, counts: &Counts) -> Option<(u64, u64)> {
    let started = counts.started;
    match metric {
        // What had nothing to send is an error, too, so it is among what was tried.
        "http_req_failed" => Some((counts.failed(), counts.tried())),
        "checks" => Some((counts.checks_passed, counts.checks_passed + counts.checks_failed)),
        "dropped_iterations" => Some((counts.dropped, started + counts.dropped)),
        "http_reqs" | "iterations" | "sql_queries" => Some((started, started)),
        "data_sent" => Some((counts.sent_bytes, started)),
        "data_received" => Some((counts.received_bytes, started)),
        _ => None,
    }
}

/// Where a threshold's values are.
struct Scope {
    pick: Pick,
    phases: Vec<PhaseInfo>,
    series: Vec<SeriesId>,
    /// How long the picked phases lasted.
    seconds: f64,
    /// When the run ended.
    end: Nanos,
}

impl Scope {
    /// Measured phases, or those that a selector names, measured or not.
    fn new(threshold: &Threshold, record: &RunRecord) -> Self {
        let subject = &threshold.subject;
        let mut phases = record.header.load.phases.clone();
        if subject.names_phase() {
            for phase in &mut phases {
                phase.measure = subject.takes_phase(&phase.name);
            }
        }
        let end = ended(record);
        let lasted = phases.iter().filter(|phase| phase.measure).map(|phase| {
            let until = (phase.start + phase.length).min(end);
            until.since(phase.start).as_secs_f64()
        });
        Self {
            seconds: lasted.sum(),
            pick: Pick::of(&phases, Bank::Measured),
            series: subject.picks(&record.catalogue),
            phases,
            end,
        }
    }

    /// Whether the whole interval lies in a picked phase, before the end of the run.
    fn spans(&self, interval: &Interval) -> bool {
        let until = interval.start + interval.length;
        let spans = |phase: &PhaseInfo| {
            phase.start <= interval.start && until <= (phase.start + phase.length).min(self.end)
        };
        self.phases.iter().any(|phase| phase.measure && spans(phase))
    }

    /// How much of the time from `from` to `until` lies between two phases that don't follow each
    /// other at once: nothing was to be done there.
    fn pause(&self, from: Nanos, until: Nanos) -> Nanos {
        let next = self.phases.iter().skip(1);
        let holes = self
            .phases
            .iter()
            .zip(next)
            .map(|(one, next)| until.min(next.start).since(from.max(one.start + one.length)));
        holes.fold(Nanos::ZERO, |sum, hole| sum + hole)
    }

    /// One interval, with nothing in it but this scope's values.
    fn totals(&self, interval: &Interval) -> Result<Totals, DecodeError> {
        let mut totals = Totals::default();
        let takes = |phase: u8, series: SeriesId| {
            let phase = self.phases.get(usize::from(phase));
            phase.is_some_and(|phase| phase.measure) && self.series.contains(&series)
        };
        for cell in interval.cells.iter().filter(|cell| takes(cell.phase, cell.series)) {
            totals.add_cell(&cell.decode()?);
        }
        for tally in interval.tallies.iter().filter(|tally| takes(tally.phase, tally.series)) {
            totals.add_tally(tally);
        }
        Ok(totals)
    }
}

/// When the run ended, of an unfinished one its last interval.
fn ended(record: &RunRecord) -> Nanos {
    let last = record.intervals.last().map(|interval| interval.start + interval.length);
    record.end.as_ref().map_or(last.unwrap_or_default(), |end| end.lasted)
}
