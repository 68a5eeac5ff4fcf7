//! Limits for what monitors read: the `limits:` of a scenario's monitors.

use std::collections::BTreeMap;

use super::leaks::{self, LeakFinding};
use super::threshold::{Outcome, Status};
use crate::record::{DatabaseReading, PhaseInfo, Reading, RunRecord, ThresholdText};
use crate::scenario::{Aggregate, ReadingLimit, ReadingTest};
use crate::units::{Nanos, ReadingUnit, count_to_f64, f64_to_u64};

/// The values of some readings in the phases that count.
#[derive(Debug, Default)]
pub(super) struct Readings {
    values: BTreeMap<String, Vec<f64>>,
    leaks: Vec<leaks::LeakRow>,
}

impl Readings {
    /// All values that one of `thresholds` asks for, in one pass over the record.
    pub(super) fn of(record: &RunRecord, thresholds: &[ThresholdText]) -> Self {
        let names = thresholds.iter().filter_map(ThresholdText::reading);
        let mut values: BTreeMap<String, Vec<f64>> =
            names.map(|name| (name.to_owned(), Vec::new())).collect();
        if values.is_empty() {
            return Self::default();
        }
        let phases = &record.header.load.phases;
        for interval in &record.intervals {
            let is_measured = is_measured(phases, interval.start);
            for Reading { what, value } in &interval.gauges.readings {
                if let Some(own) = values.get_mut(what)
                    && (is_measured || is_of_run(what))
                {
                    own.push(*value);
                }
            }
        }
        values.values_mut().for_each(|all| all.sort_by(f64::total_cmp));
        let asks = |text: &ThresholdText| text.condition == leaks::NO_LEAK;
        let leaks = if thresholds.iter().any(asks) { leaks::leaks(record) } else { Vec::new() };
        Self { values, leaks }
    }

    /// Holds the reading `name` against the limit `text`.
    pub(super) fn judge(&self, name: &str, text: &ThresholdText) -> Outcome {
        let unit = ReadingUnit::of(name);
        let (status, measured, note) = match text.condition.parse::<ReadingLimit>() {
            Err(error) => (Status::NoData, None, Some(format!("can't be read: {error}"))),
            Ok(limit) => match limit.test.value(unit) {
                Err(error) => (Status::NoData, None, Some(format!("can't be read: {error}"))),
                Ok(value) => self.ask(name, &limit.test, value.zip(Some(unit))),
            },
        };
        Outcome {
            subject: text.subject.clone(),
            condition: text.condition.clone(),
            status,
            measured,
            note,
            optional: text.optional,
        }
    }

    fn ask(
        &self,
        name: &str,
        test: &ReadingTest,
        limit: Option<(f64, ReadingUnit)>,
    ) -> (Status, Option<String>, Option<String>) {
        let ReadingTest::Compare { aggregate, relation, .. } = test else {
            return self.leak(name);
        };
        let values = self.values.get(name).map(Vec::as_slice).unwrap_or_default();
        match (aggregated(values, *aggregate), limit) {
            (Some(figure), Some((limit, unit))) => {
                let holds = relation.holds(figure, limit);
                let status = if holds { Status::Passed } else { Status::Failed };
                (status, Some(unit.text(figure)), None)
            }
            (None, _) | (_, None) => (Status::NoData, None, Some("nothing was read".to_owned())),
        }
    }

    fn leak(&self, name: &str) -> (Status, Option<String>, Option<String>) {
        let Some(row) = self.leaks.iter().find(|row| row.reading == name) else {
            return (Status::NoData, None, Some("nothing was read".to_owned()));
        };
        match &row.finding {
            LeakFinding::Leak => (Status::Failed, Some(row.growth_text()), None),
            LeakFinding::Clean => (Status::Passed, Some(row.growth_text()), None),
            LeakFinding::Open(why) => (Status::NoData, None, Some(why.clone())),
        }
    }
}

/// Whether what was read from `start` on is of a phase that counts.
pub fn is_measured(phases: &[PhaseInfo], start: Nanos) -> bool {
    let within = phases.iter().rfind(|phase| phase.start <= start);
    within.is_some_and(|phase| phase.measure)
}

/// Whether the reading is of the whole run, and so stands where that ended.
pub fn is_of_run(what: &str) -> bool {
    DatabaseReading::of(what).is_some_and(|(_, one)| one == DatabaseReading::SlowestStatement)
}

/// What is made of values that rise; `None` of none.
fn aggregated(rising: &[f64], aggregate: Aggregate) -> Option<f64> {
    let count = u64::try_from(rising.len()).unwrap_or(u64::MAX);
    let percentile = |percent: f64| {
        // Nearest rank: the least value that so many are at most. Millionths, because
        // `0.55 * 100.0` is above 55.
        let millionths = u128::from(f64_to_u64(percent * 1e6));
        let rank = (u128::from(count) * millionths).div_ceil(100_000_000).max(1);
        rising.get(usize::try_from(rank).unwrap_or(usize::MAX).checked_sub(1)?).copied()
    };
    match aggregate {
        Aggregate::Average => (count > 0).then(|| rising.iter().sum::<f64>() / count_to_f64(count)),
        Aggregate::Minimum => rising.first().copied(),
        Aggregate::Maximum => rising.last().copied(),
        Aggregate::Median => percentile(50.0),
        Aggregate::Percentile(percent) => percentile(percent),
        // No reading is limited by these: the scenario refuses them.
        Aggregate::Rate | Aggregate::Count | Aggregate::PerSecond => None,
    }
}
