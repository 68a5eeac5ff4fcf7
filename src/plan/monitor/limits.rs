//! What the readings of a monitor must keep to: `limits: { rss_bytes: "< 2GB" }`.

use super::{MonitorPlan, MonitorSource, Reader};
use crate::record::{
    ContainerReading, DatabaseReading, HostReading, ProcessReading, ThresholdText,
};
use crate::scenario::{MonitorSpec, ReadingTest, did_you_mean};
use crate::units::ReadingUnit;

/// Stands before the names of all readings of a database.
const OF_DATABASE: &str = "db.";

impl Reader<'_, '_> {
    /// Enters the limits that were written for `monitor`, whose readings begin with `prefix`.
    pub(super) fn limits(
        &mut self,
        monitor: &mut MonitorPlan,
        written: &MonitorSpec,
        prefix: &str,
    ) {
        let known = names(monitor);
        for (name, limits) in &written.limits {
            let Some(found) = find(&known, &name.value) else {
                let near = did_you_mean(&name.value, known.iter().map(|(name, _)| name.as_str()));
                let all: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
                let hint = near.map_or_else(
                    || format!("it reads `{}`", all.join("`, `")),
                    |near| format!("did you mean `{near}`?"),
                );
                let message = format!("the monitor reads no `{}`", name.value);
                self.error(name.node, message, &hint);
                continue;
            };
            for limit in limits {
                let test = &limit.value.limit.test;
                if let Err(error) = test.value(ReadingUnit::of(found)) {
                    let hint = "a limit is written in the unit that the reading's name ends with";
                    self.error(limit.node, format!("{error}"), hint);
                    continue;
                }
                if *test == ReadingTest::NoLeak {
                    // What must not leak is watched, whatever it is called.
                    monitor.leaks.push(found.to_owned());
                }
                monitor.limits.push(ThresholdText {
                    subject: ThresholdText::of_reading(&format!("{prefix}{found}")),
                    condition: limit.value.limit.source().to_owned(),
                    optional: limit.value.optional,
                });
            }
        }
    }
}

/// The readings of a monitor, each with another word for it.
fn names(monitor: &MonitorPlan) -> Vec<(String, Option<String>)> {
    let own = |name: &'static str| (name.to_owned(), None);
    match &monitor.source {
        MonitorSource::Postgres(_) => {
            let all = DatabaseReading::ALL.into_iter().map(DatabaseReading::word);
            all.map(|word| (word.to_owned(), word.strip_prefix(OF_DATABASE).map(str::to_owned)))
                .collect()
        }
        MonitorSource::Process(_) | MonitorSource::Loadgate => {
            ProcessReading::ALL.into_iter().map(|one| own(one.word())).collect()
        }
        MonitorSource::Container(_) => {
            ContainerReading::ALL.into_iter().map(|one| own(one.word())).collect()
        }
        MonitorSource::Host => HostReading::ALL.into_iter().map(|one| own(one.word())).collect(),
        MonitorSource::Json(_, readings) => {
            readings.iter().map(|(name, _)| (name.clone(), None)).collect()
        }
        MonitorSource::Prometheus(_, readings) => readings
            .iter()
            .map(|(name, selector)| (name.clone(), Some(selector.source().to_owned())))
            .collect(),
    }
}

/// The name that is meant.
fn find<'k>(known: &'k [(String, Option<String>)], wanted: &str) -> Option<&'k str> {
    let is_meant = |(name, other): &&(String, Option<String>)| {
        name == wanted || other.as_deref() == Some(wanted)
    };
    known.iter().find(is_meant).map(|(name, _)| name.as_str())
}
