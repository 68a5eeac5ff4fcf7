//! By what each row of the guide is answered.

use super::measured::{Line, Topic};
use crate::record::{Criterion, Group};

/// Id of the row that follows from the rows of the rollback list.
pub(super) const ROLLBACK_REQUIRED: &str = "no-go.rollback";

/// By what a row is answered.
pub(super) struct Rule {
    /// What measures it.
    pub(super) topic: Topic,
    /// Other criteria whose attestations answer it, too, each with whether it says the opposite.
    pub(super) also: &'static [(&'static str, bool)],
    /// A command that would answer it; empty where only a person can.
    how: &'static str,
}

/// Stands in commands for the name of the baseline.
pub(super) const BASELINE: &str = "BASELINE";

const RUN: &str = "loadgate run --scenario all --baseline BASELINE";
const OBSERVE: &str = "loadgate observe --for 48h";
const CHECK: &str = "loadgate check";

/// Rows that are about the way and not about the candidate: what was said of them before it was
/// there counts.
const OF_THE_WAY: [&str; 3] = ["done.rollback", "done.plan", "done.documentation"];

const FEATURES: &[(&str, bool)] = &[("go.features", false)];
const NO_FEATURES: &[(&str, bool)] = &[("go.features", true)];
const DATA: &[(&str, bool)] = &[("go.data", false)];
const NO_DATA: &[(&str, bool)] = &[("go.data", true)];
const CONFIDENCE: &[(&str, bool)] = &[("go.confidence", false)];

impl Rule {
    /// The rule of a criterion.
    pub(super) fn of(criterion: &Criterion) -> Self {
        use Line::{Go, NoGo, Rollback};
        let rule = |topic, how| Self { topic, also: &[], how };
        let with = |topic, also, how| Self { topic, also, how };
        match criterion.id {
            "go.features" => rule(Topic::Features(Go), RUN),
            "done.features" | "outcome.functionality" => with(Topic::Features(Go), FEATURES, RUN),
            "no-go.features" => with(Topic::Features(NoGo), NO_FEATURES, RUN),
            "rollback.features" => with(Topic::Features(Rollback), NO_FEATURES, RUN),
            "go.errors" => rule(Topic::Errors(Go), RUN),
            "no-go.errors" => rule(Topic::Errors(NoGo), RUN),
            "rollback.errors" => rule(Topic::Errors(Rollback), RUN),
            "go.performance" | "outcome.performance" => rule(Topic::Performance(Go), RUN),
            "no-go.performance" => rule(Topic::Performance(NoGo), RUN),
            "rollback.performance" => rule(Topic::Performance(Rollback), RUN),
            "outcome.stability" => rule(Topic::Stability, RUN),
            "go.data" => rule(Topic::Data(Go), RUN),
            "outcome.data" => with(Topic::Data(Go), DATA, RUN),
            "no-go.data" => with(Topic::Data(NoGo), NO_DATA, RUN),
            "rollback.data" => with(Topic::Data(Rollback), NO_DATA, RUN),
            "go.migrations" => rule(Topic::Migrations, CHECK),
            "go.memory" => rule(Topic::Memory(Go), OBSERVE),
            "no-go.memory" => with(Topic::Memory(NoGo), &[("go.memory", true)], OBSERVE),
            "go.pool" => rule(Topic::Pool, RUN),
            "no-go.database" => rule(Topic::Database(NoGo), RUN),
            "rollback.database" => rule(Topic::Database(Rollback), RUN),
            "done.deployment" => rule(Topic::Deployment, "loadgate check --profile immediate"),
            "done.observation" => rule(Topic::Observation, OBSERVE),
            "done.metrics" => rule(Topic::Metrics, OBSERVE),
            "done.confidence" | "outcome.confidence" => with(Topic::Checks, CONFIDENCE, ""),
            "outcome.experience" => with(Topic::Checks, &[("go.feedback", false)], ""),
            "pre.staging" => rule(Topic::Reached, CHECK),
            "pre.monitoring" => rule(Topic::Monitored, RUN),
            _ => Self::of_list(criterion.group),
        }
    }

    /// The rule of the rows of a list that have none of their own.
    fn of_list(group: Group) -> Self {
        let rule = |topic, how| Self { topic, also: &[], how };
        match group {
            Group::Feature => rule(Topic::Feature, RUN),
            Group::Morning | Group::MidDay | Group::Evening => rule(Topic::Task, OBSERVE),
            Group::PreDeployment => rule(Topic::Checks, "loadgate check --profile pre"),
            Group::Go | Group::NoGo | Group::Rollback | Group::Success | Group::Outcome => {
                rule(Topic::Checks, "")
            }
        }
    }

    /// Whether people can say that the row is well: figures are measured.
    pub(super) fn is_attestable(&self) -> bool {
        match self.topic {
            Topic::Errors(_) | Topic::Performance(_) | Topic::Stability => false,
            Topic::Features(_)
            | Topic::Data(_)
            | Topic::Migrations
            | Topic::Memory(_)
            | Topic::Pool
            | Topic::Database(_)
            | Topic::Deployment
            | Topic::Observation
            | Topic::Metrics
            | Topic::Reached
            | Topic::Monitored
            | Topic::Feature
            | Topic::Task
            | Topic::Checks => true,
        }
    }

    /// Whether the row is about the version that is to be decided on.
    #[expect(clippy::unused_self, reason = "whether it is belongs to the rule")]
    pub(super) fn is_of_candidate(&self, criterion: &Criterion) -> bool {
        criterion.group != Group::PreDeployment && !OF_THE_WAY.contains(&criterion.id)
    }

    /// A command that would answer the row.
    pub(super) fn how(&self, criterion: &Criterion) -> String {
        if !self.how.is_empty() {
            return self.how.to_owned();
        }
        let fails = if super::is_against(criterion) { " --fails" } else { "" };
        format!("loadgate attest {} --by NAME --note TEXT{fails}", criterion.id)
    }
}
