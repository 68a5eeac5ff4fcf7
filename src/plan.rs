//! A scenario made executable: resolved, checked, immutable.
//!
//! [`compile`] turns the file's types into a [`Plan`]: variables become slots, paths become
//! series, CSV files become rows, phases become arrivals. Everything that can be wrong is found
//! here, before anything starts. The words of running it stand here too: [`Step`], [`Action`],
//! [`Reply`], [`Outcome`].

mod arrival;
mod asking;
mod builder;
pub mod checks;
mod compile;
mod data;
mod dice;
mod features;
mod gate;
mod integrity;
mod load;
mod logs;
mod members;
mod monitor;
mod precision;
mod probe;
mod program;
mod request;
mod schema;
mod settings;
mod step;
mod text;
mod trace;

use std::sync::Arc;

pub use arrival::{Phase, Shape, Start, Ticket, Tickets};
pub use builder::{Builder, Environment, ReadFile, StepKind};
pub use compile::{Inputs, Overrides, compile};
pub use data::{Feeder, Source};
pub use dice::Dice;
pub use gate::{gate_of, policy_file};
pub use integrity::{Assertion, Done};
pub use load::LoadOverrides;
pub use logs::{LogSource, LogsPlan};
pub use monitor::{
    ContainerMonitor, Fetched, MonitorPlan, MonitorSource, PostgresMonitor, ProcessMatch,
};
pub use precision::Precision;
pub use probe::{Catch, Expectation, Looked, Path, Question};
pub use program::{Journey, Leaf, Op, Program, Session};
pub use request::{Given, Request};
pub use schema::schema;
pub use settings::{Address, AddressError, Engine, Health, HttpSettings, Limits};
pub use step::{
    Action, Answer, Failure, HttpAnswer, Outcome, Reply, Rows, Statement, Step, Timing, View,
};
pub use text::{Escape, Missing, Scope, Slot, Text, Variables};
pub use trace::{Traces, series_of};

use crate::names::{Catalogue, Together};
use crate::record::{Policy, PrecisionText, ThresholdText, ValidityPolicy};
pub use crate::scenario::{Connections, HttpVersion, PrecisionSpec};
use crate::units::Nanos;

/// A proxy between the target and its database.
#[derive(Clone, PartialEq, Eq)]
pub struct TapPlan {
    /// Where the target finds it: `127.0.0.1:6432`, or `unix:/folder`; `None` where nobody says it.
    pub listen: Option<String>,
    /// The database: `postgres://host/name`.
    pub upstream: String,
}

impl std::fmt::Debug for TapPlan {
    /// Without the database's address, which can hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TapPlan").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// Everything a run needs to know, made once and shared by all workers.
#[derive(Debug)]
pub struct Plan {
    /// Name of the scenario.
    pub name: String,
    /// What everything random is made from.
    pub seed: u64,
    /// Where requests go.
    pub target: Address,
    /// Where the target tells its version, if anywhere.
    pub health: Option<Health>,
    /// Settings of all requests.
    pub http: HttpSettings,
    /// Series that are known before the run, in the order of the report.
    pub catalogue: Catalogue,
    /// Rows that feed journeys and sessions.
    pub sources: Vec<Source>,
    /// Identities that journeys use.
    pub sessions: Vec<Session>,
    /// What virtual users do, with their weights.
    pub journeys: Vec<Journey>,
    /// Phases of the load, in order, without gaps.
    pub phases: Arc<[Phase]>,
    /// How exactly workers keep to the intended times.
    pub precision: Precision,
    /// The load of one worker that the precision was chosen for, in words; `None` when it was
    /// asked for.
    pub precision_for: Option<String>,
    /// How long journeys may go on after the last phase.
    pub graceful_stop: Nanos,
    /// What makes it an observation, or a part of one.
    pub course: Course,
    /// Databases of `sql` steps: name and address.
    pub databases: Vec<(String, String)>,
    /// The proxy that times the target's statements, if there is to be one.
    pub tap: Option<TapPlan>,
    /// What is read beside the load.
    pub monitors: Vec<MonitorPlan>,
    /// Logs that are read beside the load.
    pub logs: Option<LogsPlan>,
    /// How requests follow each other.
    pub together: Together,
    /// Absolute limits, as written.
    pub thresholds: Vec<ThresholdText>,
    /// What must be true of the data in databases.
    pub integrity: Vec<Assertion>,
    /// How far the run may be off before it is not a measurement.
    pub validity: ValidityPolicy,
    /// How it is compared with a baseline.
    pub gate: Gate,
    /// SHA-256 over the scenario and all files it uses, without its load and what only judges.
    pub sha256: String,
}

/// How a plan is gone through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// Length of an interval of the record.
    pub interval: Nanos,
    /// Where on its own time axis the load begins: zero, or later when it goes on after a stop. Its
    /// starts, their journeys and rows are those that it would have had without the stop.
    pub from: Nanos,
    /// How late a start may be made; what is later is counted as dropped. `None`: any time.
    pub latest_start: Option<Nanos>,
}

impl Default for Course {
    /// That of a run: from its beginning, second by second.
    fn default() -> Self {
        Self { interval: Nanos::SECOND, from: Nanos::ZERO, latest_start: None }
    }
}

impl Course {
    /// Number of the interval in which the load begins: intervals of an hour ago keep theirs.
    pub fn first_beat(&self) -> u64 {
        self.from.0.checked_div(self.interval.0).unwrap_or_default()
    }
}

/// The gate of a scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gate {
    /// Its rules, which stand in the record.
    pub policy: Policy,
    /// Name or file of the baseline that a run is compared with, if the scenario names one.
    pub baseline: Option<String>,
    /// What is done when a live alarm lasts. Addresses can hold secrets, so that these stand in no
    /// record.
    pub on_rollback: Vec<Reaction>,
    /// What is done when the state of an observation changes.
    pub on_change: Vec<Reaction>,
}

/// What is done when the candidate should be rolled back, or when its state under observation
/// changes. loadgate itself never rolls back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// A program with its arguments; it reads the verdict as JSON.
    Exec(Vec<String>),
    /// An address that the verdict is posted to as JSON.
    Webhook(String),
}

impl Plan {
    /// When the last phase ends.
    pub fn end(&self) -> Nanos {
        self.phases.last().map_or(Nanos::ZERO, Phase::end)
    }

    /// The precision with what it was chosen for, for the record and for people.
    pub fn precision_text(&self) -> PrecisionText {
        let word = self.precision.word().to_owned();
        PrecisionText { word, chosen_for: self.precision_for.clone() }
    }

    /// The phase that `at` falls into; the last one for what comes after the end.
    pub fn phase_at(&self, at: Nanos) -> u8 {
        let after = self.phases.iter().take_while(|phase| phase.start <= at).count();
        u8::try_from(after.saturating_sub(1)).unwrap_or(u8::MAX)
    }
}
