//! The JSON document of checks.

use serde::Serialize;

use super::{Checked, Sum};
use crate::gate::features::{FeatureRow, FeatureState};
use crate::record::{CheckOutcome, CheckReport, CheckRow, CheckStep};
use crate::report::figures::rfc3339;

/// Version of this document's form.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct ChecksJson<'a> {
    schema_version: u32,
    result: &'static str,
    passed: u64,
    failed: u64,
    open: u64,
    profiles: Vec<ProfileJson<'a>>,
    features: Vec<FeatureJson<'a>>,
}

#[derive(Serialize)]
struct ProfileJson<'a> {
    profile: &'a str,
    started: String,
    lasted_ns: u64,
    target: &'a str,
    target_version: Option<&'a str>,
    embedded: bool,
    checks: Vec<RowJson<'a>>,
}

/// A check, or a step of the journey above it.
#[derive(Serialize)]
struct RowJson<'a> {
    name: &'a str,
    kind: &'a str,
    outcome: CheckOutcome,
    expected: &'a str,
    found: &'a str,
    took_ns: u64,
    attempts: u32,
    proves: &'a [String],
    step: Option<&'a CheckStep>,
}

impl<'a> RowJson<'a> {
    fn of(row: &'a CheckRow) -> Self {
        let CheckRow { name, kind, outcome, expected, found, took, attempts, proves, step } = row;
        Self {
            name,
            kind,
            outcome: *outcome,
            expected,
            found,
            took_ns: took.0,
            attempts: *attempts,
            proves,
            step: step.as_ref(),
        }
    }
}

impl<'a> ProfileJson<'a> {
    fn of(report: &'a CheckReport) -> Self {
        Self {
            profile: &report.profile,
            started: rfc3339(report.started_unix_ns),
            lasted_ns: report.lasted.0,
            target: &report.target.url,
            target_version: report.target.version.as_deref(),
            embedded: report.target.embedded,
            checks: report.rows.iter().map(RowJson::of).collect(),
        }
    }
}

/// A box of the feature checklist.
#[derive(Serialize)]
pub(in crate::report) struct FeatureJson<'a> {
    id: &'static str,
    text: &'static str,
    state: &'static str,
    passed: u64,
    failed: u64,
    step: Option<&'a str>,
}

impl<'a> FeatureJson<'a> {
    pub(in crate::report) fn of(row: &'a FeatureRow) -> Self {
        let (state, passed, failed, step) = match &row.state {
            FeatureState::Ticked { passed, failed } => ("ticked", *passed, *failed, None),
            FeatureState::Broken { passed, failed, step } => {
                ("broken", *passed, *failed, Some(step.as_str()))
            }
            FeatureState::Open { untried } => ("open", 0, 0, untried.as_deref()),
        };
        Self { id: row.criterion.id, text: row.criterion.text, state, passed, failed, step }
    }
}

/// The document, with a line end.
pub fn json(checked: &Checked) -> serde_json::Result<String> {
    let sum = checked.sum();
    let Sum { passed, failed, open } = sum;
    let document = ChecksJson {
        schema_version: SCHEMA_VERSION,
        result: sum.word(),
        passed,
        failed,
        open,
        profiles: checked.reports.iter().map(ProfileJson::of).collect(),
        features: checked.features.iter().map(FeatureJson::of).collect(),
    };
    let text = serde_json::to_string_pretty(&document)?;
    Ok(text + "\n")
}
