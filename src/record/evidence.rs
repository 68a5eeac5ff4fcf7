//! Evidence beside runs: what people say, and what single checks found.

use serde::{Deserialize, Serialize};

use super::TargetInfo;
use crate::units::Nanos;

/// What somebody says of a criterion. It is added and never changed: a newer one stands for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// Id of the [`Criterion`](super::Criterion).
    pub criterion: String,
    /// Who says it.
    pub by: String,
    /// What there is to say about it; may be empty.
    pub note: String,
    /// When it was said, nanoseconds since 1970-01-01 UTC.
    pub at_unix_ns: u64,
    /// What is said.
    pub stand: Stand,
}

/// What somebody says of a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stand {
    /// It holds.
    Holds,
    /// It does not hold.
    Fails,
    /// What the same person or another said before is not so; nothing is known again.
    Revoked,
}

/// What a list of checks found at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckReport {
    /// The profile: `pre`, `immediate`, `critical`, or the name of a file's own.
    pub profile: String,
    /// When it began, nanoseconds since 1970-01-01 UTC.
    pub started_unix_ns: u64,
    /// How long it took.
    pub lasted: Nanos,
    /// The system that was checked.
    pub target: TargetInfo,
    /// Each check in the order of the file.
    pub rows: Vec<CheckRow>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckRow {
    /// Its name.
    pub name: String,
    /// What kind of check it is: `exec`, `file`, `sql`, `health`, `http`, `log`, `journey`,
    /// `results`, `manual`; `step` for a step of the journey above it.
    pub kind: String,
    /// How it ended.
    pub outcome: CheckOutcome,
    /// What was wanted, for people.
    pub expected: String,
    /// What was found, or why there is nothing to say, for people.
    pub found: String,
    /// From the first attempt to the last answer.
    pub took: Nanos,
    /// How often it was tried.
    pub attempts: u32,
    /// Ids of the criteria that it shows when it holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proves: Vec<String>,
    /// For a step of the journey in the row above: what it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<CheckStep>,
}

/// A step of a journey that a check has played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckStep {
    /// Name of the journey, or of the session whose login it belongs to.
    pub journey: String,
    /// Method and path template.
    pub endpoint: String,
    /// The box of the feature checklist that it ticks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    /// How often it succeeded.
    pub passed: u64,
    /// How often it failed.
    pub failed: u64,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// There is nothing to say: it was not done, because one that it needs has failed, or nobody
    /// has attested what people have to see to.
    Skipped,
}
