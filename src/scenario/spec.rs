//! The scenario file, key by key.

use schemars::JsonSchema;
use serde::Deserialize;

use super::at::{At, StepNode};
use super::condition::ConditionSpec;
use super::extract::JsonPath;
use super::gate::{GateSpec, ValiditySpec};
use super::http::HttpSpec;
use super::integrity::IntegritySpec;
use super::load::{PhaseSpec, PrecisionSpec};
use super::logs::LogsSpec;
use super::monitor::MonitorSpec;
use super::named::{Named, OneOrMany};
use super::template::Template;
use super::test::VariableTest;
use crate::units::Nanos;

/// A scenario: what users do on a target, at which load, and what must hold.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a scenario", deny_unknown_fields, default)]
#[schemars(rename = "Scenario")]
pub struct ScenarioSpec {
    /// Version of the language; 1.
    pub version: Option<At<u32>>,
    /// Name in reports; without it the name of the file.
    pub name: Option<At<String>>,
    /// Scenario files that give what this one does not say: target, health, http, variables,
    /// feeders, sessions, journeys and databases. Load, thresholds, integrity and gate are a file's
    /// own.
    pub include: OneOrMany<At<String>>,
    /// Address of the system under test, for example `${LOADGATE_TARGET:-http://127.0.0.1:3000}`.
    pub target: Option<At<Template>>,
    /// How the target tells that it is well, and its version.
    pub health: Option<HealthSpec>,
    /// Values for `${name}`.
    pub variables: Named<At<Template>>,
    /// Files with data.
    pub feeders: Named<FeederSpec>,
    /// How requests are sent.
    pub http: HttpSpec,
    /// Identities that log in once and are used again.
    pub sessions: Named<SessionSpec>,
    /// What users do.
    pub journeys: Named<JourneySpec>,
    /// Weights in the mix, for journeys of included files.
    pub weights: Named<At<f64>>,
    /// How much of it, phase by phase.
    pub load: Vec<At<PhaseSpec>>,
    /// How exactly starts keep to their times; precision is bought with CPU time.
    pub precision: Option<At<PrecisionSpec>>,
    /// How long journeys under way may take to finish at the end.
    pub graceful_stop: Option<At<Nanos>>,
    /// Addresses of databases for `sql` steps and `integrity`; `default` is the one that is meant without a name.
    pub databases: Named<At<Template>>,
    /// The proxy that times every query.
    pub tap: Option<TapSpec>,
    /// What is read beside the load.
    pub monitors: Vec<At<MonitorSpec>>,
    /// Logs that are read beside the load, and what is looked for in them.
    pub logs: Option<At<LogsSpec>>,
    /// What must hold, by metric: `http_req_duration: [ p(95) < 500ms ]`.
    pub thresholds: Named<OneOrMany<At<ConditionSpec>>>,
    /// What must be true of the data in databases: row counts, orphans, sums.
    pub integrity: Vec<IntegritySpec>,
    /// The verdict's policy.
    pub gate: Option<At<GateSpec>>,
    /// How far the run may be off before it is not a measurement.
    pub validity: Option<ValiditySpec>,
}

/// How the target tells that it is well, and its version.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "`health`", deny_unknown_fields, default)]
#[schemars(rename = "Health")]
pub struct HealthSpec {
    /// Path that is asked.
    pub path: At<Template>,
    /// Where the version stands in the answer.
    pub version: At<JsonPath>,
    /// The version that must be there.
    pub expect: Option<At<Template>>,
}

impl Default for HealthSpec {
    fn default() -> Self {
        Self {
            path: At::default_value(Template::literal("/api/health")),
            version: At::default_value(JsonPath::of_key("prisma")),
            expect: None,
        }
    }
}

/// In which order the rows of a file are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeederPick {
    /// From the first to the last, and again.
    #[default]
    Sequential,
    /// Any row each time.
    Random,
    /// All rows in random order, and again in another one.
    Shuffle,
    /// Each row belongs to one user at a time.
    Unique,
}

/// A file with data.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a feeder", deny_unknown_fields)]
#[schemars(rename = "Feeder")]
pub struct FeederSpec {
    /// The CSV file, seen from the scenario's folder. Its first row names the variables.
    pub csv: At<String>,
    /// In which order rows are taken.
    #[serde(default)]
    pub pick: FeederPick,
}

/// An identity that logs in once and is used again.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a session", deny_unknown_fields, default)]
#[schemars(rename = "Session")]
pub struct SessionSpec {
    /// A session from which all keys are taken that are not given here.
    pub like: Option<At<String>>,
    /// The feeder with the identities.
    pub feed: Option<At<String>>,
    /// Which rows of the feeder, for example `role == customer`.
    pub r#where: Option<At<VariableTest>>,
    /// How long a login lasts; it is renewed before, and once after a 401.
    pub ttl: Option<At<Nanos>>,
    /// The steps of the login.
    pub steps: Vec<StepNode>,
    /// What every request of the session carries.
    pub r#use: Option<UseSpec>,
}

/// What every request of a session carries.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "`use`", deny_unknown_fields, default)]
#[schemars(rename = "Use")]
pub struct UseSpec {
    /// Headers, for example `authorization: "Bearer ${token}"`.
    pub headers: Named<At<Template>>,
}

/// An ordered list of steps that one user does.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a journey", deny_unknown_fields, default)]
#[schemars(rename = "Journey")]
pub struct JourneySpec {
    /// Weight in the mix of all journeys; 1 where it is not given.
    pub weight: Option<At<f64>>,
    /// The session of its users.
    pub session: Option<At<String>>,
    /// Feeders that give a row to each journey.
    pub feed: OneOrMany<At<String>>,
    /// A file with steps that are done first; it has the keys of a journey.
    pub include: Option<At<String>>,
    /// What the user does.
    pub steps: Vec<StepNode>,
    /// Steps that put things right at the end of the journey, whatever happened.
    pub cleanup: Vec<StepNode>,
}

/// The proxy that times every query.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "`tap`", deny_unknown_fields, default)]
#[schemars(rename = "Tap")]
pub struct TapSpec {
    /// In front of PostgreSQL.
    pub postgres: Option<TapPostgresSpec>,
}

/// A proxy in front of PostgreSQL.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a tap", deny_unknown_fields)]
#[schemars(rename = "TapPostgres")]
pub struct TapPostgresSpec {
    /// Address that the application connects to, for example `127.0.0.1:6432`.
    pub listen: At<String>,
    /// Address of the database itself.
    pub upstream: At<Template>,
}
