//! A check file made executable: resolved, checked, and nothing of it done yet.

mod kinds;
mod reader;
mod secrets;

use std::sync::Arc;

use http::HeaderName;
pub use reader::{CheckInputs, check_file};
use regex::Regex;
pub use secrets::Secrets;
use serde_json_path::JsonPath;

use super::{Expectation, Plan, Statement, Text};
use crate::scenario::Diagnostic;
use crate::units::{Bytes, Nanos, Ratio};

/// The pause between two tries of a check, where the file does not say it.
pub const EVERY: Nanos = Nanos::from_secs(2);

/// Everything that a check file says.
#[derive(Debug)]
pub struct CheckFile {
    /// Its path, or what stands for it.
    pub path: String,
    /// The scenario that it names: a built-in name, or a path seen from where loadgate runs.
    pub scenario: Option<String>,
    /// Address of the system, if it names one.
    pub target: Option<String>,
    /// Databases of its `sql` checks: name and address.
    pub databases: Vec<(String, String)>,
    /// Its lists of checks.
    pub profiles: Vec<Profile>,
    /// Journeys that remove what was left behind.
    pub cleanup: Vec<JourneyCheck>,
    /// What must be shown nowhere.
    pub secrets: Secrets,
}

/// A list of checks for one time of the deployment.
#[derive(Debug)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Its checks in order.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Debug)]
pub struct Check {
    /// Its name; another one for each check of a profile.
    pub name: String,
    /// How long it may take until it holds; `None` if it is tried once.
    pub wait_for: Option<Nanos>,
    /// The pause between two tries.
    pub every: Nanos,
    /// Ids of the criteria that it shows.
    pub proves: Vec<String>,
    /// Checks of the same profile, by their place, that have to hold before.
    pub needs: Vec<usize>,
    /// What it looks at.
    pub kind: CheckKind,
}

/// What a check looks at.
#[derive(Debug)]
pub enum CheckKind {
    /// A program.
    Exec(ExecCheck),
    /// Files.
    File(FileCheck),
    /// A database.
    Sql(SqlCheck),
    /// An answer of the target.
    Http(HttpCheck),
    /// A log.
    Log(LogCheck),
    /// A journey.
    Journey(JourneyCheck),
    /// Results of a test runner.
    Results(ResultsCheck),
    /// What people have to see to.
    Manual(String),
}

impl CheckKind {
    /// The word that it has in the file.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Exec(_) => "exec",
            Self::File(_) => "file",
            Self::Sql(_) => "sql",
            Self::Http(http) if http.tells_version => "health",
            Self::Http(_) => "http",
            Self::Log(_) => "log",
            Self::Journey(_) => "journey",
            Self::Results(_) => "results",
            Self::Manual(_) => "manual",
        }
    }
}

/// A program and how it has to end.
#[derive(Clone, Debug)]
pub struct ExecCheck {
    /// Program and arguments.
    pub command: Vec<String>,
    /// The same as the file has it, without values of the environment.
    pub shown: String,
    /// The exit code.
    pub exit: u32,
    /// What stdout has to match.
    pub stdout: Option<Regex>,
    /// What stdout must not match.
    pub not_stdout: Option<Regex>,
    /// Longest time.
    pub timeout: Nanos,
    /// The folder that it is started in.
    pub folder: String,
}

/// Files that have to be there.
#[derive(Clone, Debug)]
pub struct FileCheck {
    /// Path with `*` and `?`, seen from where loadgate runs.
    pub pattern: String,
    /// How large each has to be.
    pub min_size: Option<Bytes>,
    /// How old each may be.
    pub max_age: Option<Nanos>,
    /// How many there have to be.
    pub min_count: u32,
}

/// A statement and what its answer has to be.
#[derive(Debug)]
pub struct SqlCheck {
    /// The statement, of a database of the check file.
    pub statement: Statement,
    /// What has to hold.
    pub expectations: Vec<Expectation>,
    /// The same in words.
    pub expected: String,
}

/// A request and what its answer has to be.
#[derive(Debug)]
pub struct HttpCheck {
    /// Path and query string.
    pub path: Text,
    /// Headers of its own.
    pub headers: Vec<(HeaderName, Text)>,
    /// What has to hold.
    pub expectations: Vec<Expectation>,
    /// The same in words.
    pub expected: String,
    /// Versions that the answer tells: the key in the file, and where it stands.
    pub versions: Vec<(String, JsonPath)>,
    /// Whether this is the health endpoint.
    pub tells_version: bool,
    /// Longest time, if it has one of its own.
    pub timeout: Option<Nanos>,
}

/// Lines of a log.
#[derive(Clone, Debug)]
pub struct LogCheck {
    /// Path with `*` and `?`, seen from where loadgate runs.
    pub pattern: String,
    /// Only what stands after the last line that matches.
    pub after: Option<Regex>,
    /// Each has to match some line.
    pub must_see: Vec<Regex>,
    /// None may match any line.
    pub must_not_see: Vec<Regex>,
}

/// A journey that is played once.
#[derive(Clone, Debug)]
pub struct JourneyCheck {
    /// The scenario, if it is not the file's: a built-in name, or a path seen from where loadgate
    /// runs.
    pub scenario: Option<String>,
    /// Name of the journey.
    pub journey: String,
    /// A mistake without a message at the place of the name, for whoever finds that there is no
    /// such journey.
    pub written: Diagnostic,
    /// What is played; whoever has compiled the scenario sets it.
    pub plan: Option<Arc<Plan>>,
}

/// Results of a test runner.
#[derive(Clone, Debug)]
pub struct ResultsCheck {
    /// Path with `*` and `?`, seen from where loadgate runs.
    pub pattern: String,
    /// The share of tests that has to pass.
    pub pass_rate: Ratio,
    /// How many tests there have to be.
    pub min_count: u32,
    /// How old each file may be.
    pub max_age: Option<Nanos>,
}

impl CheckFile {
    /// The profile with this name.
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }

    /// All journeys that its checks of these profiles play; where none is chosen, those that remove
    /// what was left behind.
    pub fn journeys<'a>(
        &'a mut self,
        chosen: &'a [String],
    ) -> impl Iterator<Item = &'a mut JourneyCheck> {
        let cleanup = self.cleanup.iter_mut().filter(|_| chosen.is_empty());
        let profiles = self.profiles.iter_mut().filter(|one| chosen.contains(&one.name));
        let checks = profiles.flat_map(|profile| &mut profile.checks);
        let journeys = checks.filter_map(|check| match &mut check.kind {
            CheckKind::Journey(journey) => Some(journey),
            CheckKind::Exec(_)
            | CheckKind::File(_)
            | CheckKind::Sql(_)
            | CheckKind::Http(_)
            | CheckKind::Log(_)
            | CheckKind::Results(_)
            | CheckKind::Manual(_) => None,
        });
        journeys.chain(cleanup)
    }
}
