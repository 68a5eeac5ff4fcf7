//! What is taken from each repetition: percentiles of the policy and of relative thresholds.

use super::Timeline;
use crate::histogram::DecodeError;
use crate::names::Metric;
use crate::record::{Compared, Policy, RunRecord, ThresholdText};
use crate::scenario::{Condition, Limit, Relation, ThresholdSubject};
use crate::stats::quantile::RunPercentile;

/// What is taken from each repetition.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    http: Vec<f64>,
    sql: Vec<f64>,
    relative: Vec<RelativeThreshold>,
}

/// A limit relative to the baseline: `http_req_response{endpoint:GET /} p(95) <= +10%`.
#[derive(Clone, Debug)]
pub(in crate::gate) struct RelativeThreshold {
    text: ThresholdText,
    subject: ThresholdSubject,
    metric: Metric,
    /// The quantile.
    pub(in crate::gate) quantile: f64,
    /// How the change is held against the limit.
    pub(in crate::gate) relation: Relation,
    /// The largest change, or the smallest: 0.10 is 10 % more than the baseline.
    pub(in crate::gate) limit: f64,
}

impl Wanted {
    /// What a policy compares, and which of the thresholds are relative to the baseline.
    pub fn of(policy: &Policy, thresholds: &[ThresholdText]) -> Self {
        let quantiles = |of: Compared| {
            let figures = policy.figures.iter().filter(move |figure| figure.of == of);
            let mut all: Vec<f64> = Vec::new();
            for figure in figures.filter(|figure| figure.quantile > 0.0 && figure.quantile < 1.0) {
                if !all.iter().any(|known| known.to_bits() == figure.quantile.to_bits()) {
                    all.push(figure.quantile);
                }
            }
            all
        };
        Self {
            http: quantiles(Compared::Http),
            sql: quantiles(Compared::Sql),
            relative: thresholds
                .iter()
                .filter_map(|text| RelativeThreshold::read(text).ok())
                .collect(),
        }
    }

    /// The quantiles of requests or of queries, each once.
    pub(in crate::gate) fn quantiles(&self, of: Compared) -> &[f64] {
        match of {
            Compared::Http => &self.http,
            Compared::Sql => &self.sql,
        }
    }

    /// Thresholds that a comparison can answer.
    pub(super) fn relative(&self) -> impl Iterator<Item = &RelativeThreshold> {
        self.relative.iter()
    }
}

impl RelativeThreshold {
    /// Reads a threshold; the reason, if it is none that a comparison can answer.
    pub(in crate::gate) fn read(text: &ThresholdText) -> Result<Self, String> {
        let subject: ThresholdSubject = text.subject.parse().map_err(|error| format!("{error}"))?;
        let condition: Condition = text.condition.parse().map_err(|error| format!("{error}"))?;
        subject.accepts(&condition)?;
        let Limit::Change(limit) = condition.limit else {
            return Err("it is not relative to a baseline".to_owned());
        };
        // What `accepts` lets pass is a percentile of a distribution.
        let percent = condition.aggregate.percent();
        let (Some(percent), Some(metric)) = (percent, subject.metric_kind()) else {
            return Err("only percentiles are compared with a baseline".to_owned());
        };
        let quantile = percent / 100.0;
        let (text, relation, limit) = (text.clone(), condition.relation, limit.0);
        Ok(Self { text, subject, metric, quantile, relation, limit })
    }

    /// Whether a threshold is relative to the baseline at all.
    pub(in crate::gate) fn is_relative(text: &ThresholdText) -> bool {
        let condition = text.condition.parse::<Condition>();
        condition.is_ok_and(|condition| matches!(condition.limit, Limit::Change(_)))
    }

    /// As it was written.
    pub(super) fn text(&self) -> &ThresholdText {
        &self.text
    }

    /// The percentile over all series of the subject; `None` when nothing was measured.
    pub(super) fn figure(&self, record: &RunRecord) -> Result<Option<RunPercentile>, DecodeError> {
        let subject = &self.subject;
        let timeline = Timeline::of(record, |phase| {
            if subject.names_phase() { subject.takes_phase(&phase.name) } else { phase.measure }
        });
        let mut taken = vec![false; record.catalogue.len()];
        for id in subject.picks(&record.catalogue) {
            if let Some(taken) = taken.get_mut(id.index()) {
                *taken = true;
            }
        }
        let cells = record.intervals.iter().flat_map(|interval| {
            let slot = timeline.slot(interval);
            interval.cells.iter().map(move |cell| (slot, cell))
        });
        let own = cells.filter(|(_, cell)| {
            timeline.takes(cell.phase)
                && cell.metric == self.metric
                && taken.get(cell.series.index()).copied().unwrap_or(false)
        });
        Ok(timeline.repetition(own)?.percentile(self.quantile))
    }
}
