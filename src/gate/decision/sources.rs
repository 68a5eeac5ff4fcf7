//! What records and checks have for a decision, as plain data.

use super::known::{Feature, Found, Leak, LogRule, LogTopic, Task};
use super::{Figures, Source};
use crate::gate::features::{FeatureState, features};
use crate::gate::leaks::{LeakFinding, leaks};
use crate::gate::logs::{self, LogOutcome, LogStatus};
use crate::gate::observation::{Answer, Observer};
use crate::record::{CheckReport, RunRecord};

/// A record, for people.
fn source(record: &RunRecord) -> Source {
    Figures::source(record)
}

impl Feature {
    /// The features that steps of these records and checks have shown; those that no step has
    /// tried are missing.
    pub fn all(records: &[&RunRecord], reports: &[&CheckReport]) -> Vec<Self> {
        let names: Vec<String> = records.iter().map(|record| source(record).what).collect();
        let checks = if reports.is_empty() { None } else { Some("checks".to_owned()) };
        let told: Vec<String> = names.into_iter().chain(checks).collect();
        let source = Source::of(told.join(", "));
        let rows = features(records.iter().copied(), reports.iter().copied());
        let feature = |id: &str, passed: u64, failed: u64, worst: Option<String>| Self {
            id: id.to_owned(),
            passed,
            failed,
            worst,
            source: source.clone(),
        };
        let known = rows.into_iter().filter_map(|row| match row.state {
            FeatureState::Ticked { passed, failed } => {
                Some(feature(row.criterion.id, passed, failed, None))
            }
            FeatureState::Broken { passed, failed, step } => {
                Some(feature(row.criterion.id, passed, failed, Some(step)))
            }
            FeatureState::Open { untried: _ } => None,
        });
        known.collect()
    }
}

impl Leak {
    /// What could leak in a record, each with what was found of it.
    pub fn all(record: &RunRecord) -> Vec<Self> {
        let leak = |row: crate::gate::leaks::LeakRow| {
            let growth = row.growth_text();
            let (found, figure) = match &row.finding {
                LeakFinding::Leak => (Found::Bad, format!("LEAK, {growth}")),
                LeakFinding::Clean => (Found::Clean, format!("CLEAN, {growth}")),
                LeakFinding::Open(why) => (Found::Open, why.clone()),
            };
            Self { reading: row.reading, found, figure, source: source(record) }
        };
        leaks(record).into_iter().map(leak).collect()
    }
}

impl LogRule {
    /// The rules by which a record's logs were read, each with what was seen. A rule without a
    /// limit informs and decides nothing.
    pub fn all(record: &RunRecord) -> Vec<Self> {
        let rule = |outcome: LogOutcome| {
            let found = match outcome.status {
                LogStatus::Kept => Found::Clean,
                LogStatus::Unknown => Found::Open,
                LogStatus::Missed => Found::Bad,
                LogStatus::Informs => return None,
            };
            Some(Self {
                topic: LogTopic::of(&outcome.rule.name),
                name: outcome.rule.name,
                lines: outcome.lines,
                found,
                source: source(record),
            })
        };
        logs::judge(record).rules.into_iter().filter_map(rule).collect()
    }
}

impl LogTopic {
    /// What lines are about that a rule of this name takes.
    fn of(rule: &str) -> Self {
        let name = rule.to_lowercase();
        match () {
            () if name.contains("connection") => Self::Connections,
            () if name.contains("timeout") => Self::Timeouts,
            () if name.contains("migration") => Self::Migrations,
            () => Self::Other,
        }
    }
}

impl Task {
    /// The daily tasks of an observation: of each the gravest answer of any day.
    pub fn all(record: &RunRecord) -> Vec<Self> {
        let Some(observer) = Observer::of(record) else { return Vec::new() };
        let mut all: Vec<Self> = Vec::new();
        for day in observer.days() {
            for task in day.tasks.into_iter().flat_map(|(_, tasks)| tasks) {
                let found = match task.answer {
                    Answer::Holds => Found::Clean,
                    Answer::Open => Found::Open,
                    Answer::Fails => Found::Bad,
                };
                let one = Self {
                    id: task.criterion.id.to_owned(),
                    found,
                    figure: format!("day {}: {}", day.number, task.found),
                    source: source(record),
                };
                match all.iter_mut().find(|known| known.id == one.id) {
                    Some(known) if known.found < one.found => *known = one,
                    Some(_) => {}
                    None => all.push(one),
                }
            }
        }
        all
    }
}
