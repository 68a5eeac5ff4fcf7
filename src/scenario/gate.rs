//! The gate's policy and the limits of a valid run, as they are written.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;
use super::condition::{Aggregate, LimitTest};
use super::grammar::{GrammarError, written_as_text};
use crate::units::{Nanos, Ratio};

/// When an upgrade may go to production, relative to a baseline.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "`gate`", deny_unknown_fields, default)]
#[schemars(rename = "Gate")]
pub struct GateSpec {
    /// Name of the baseline.
    pub baseline: Option<At<String>>,
    /// What is compared: `http p95`, `sql p99`.
    pub compare: Vec<At<CompareSpec>>,
    /// Within this it is GO.
    pub go: Option<BandSpec>,
    /// Beyond this it is NO-GO; between both it is HOLD.
    pub no_go: Option<BandSpec>,
    /// Beyond this it is ROLLBACK.
    pub rollback: Option<BandSpec>,
    /// How sure the interval of an estimate is, for example `95%`.
    pub confidence: Option<At<Ratio>>,
    /// Absolute changes smaller than this never fail.
    pub floor: Option<At<Nanos>>,
    /// The least number of values of a series that is compared.
    pub must_have: Option<At<u64>>,
}

/// Limits of one verdict.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a band of the gate", deny_unknown_fields, default)]
#[schemars(rename = "GateBand")]
pub struct BandSpec {
    /// Change relative to the baseline, for example `<= +10%`.
    pub change: Option<At<LimitTest>>,
    /// Share of failed requests, for example `< 1%`.
    pub error_rate: Option<At<LimitTest>>,
    /// How long it must last.
    pub sustained: Option<At<Nanos>>,
}

/// One figure that is compared: `http p95`, `sql avg`.
///
/// ```text
/// compare = ( "http" | "sql" ) ( "avg" | "med" | "p" number )
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CompareSpec {
    /// Whether queries are compared, and not requests.
    pub sql: bool,
    /// Which figure.
    pub aggregate: Aggregate,
}

written_as_text! {
    CompareSpec: TEXT, "a figure to compare such as `http p95` or `sql p99`", ["http p95", "sql p99"];
}

impl FromStr for CompareSpec {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        let unfit = || {
            GrammarError::new(format!(
                "expected a figure to compare such as `http p95` or `sql p99`, found `{text}`"
            ))
        };
        let (kind, figure) = text.trim().split_once(' ').ok_or_else(unfit)?;
        let aggregate: Aggregate = figure.trim().parse()?;
        match (kind, aggregate) {
            ("http" | "sql", Aggregate::Average | Aggregate::Median | Aggregate::Percentile(_)) => {
                Ok(Self { sql: kind == "sql", aggregate })
            }
            (_, _) => Err(unfit()),
        }
    }
}

impl fmt::Display for CompareSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.sql { "sql" } else { "http" }, self.aggregate)
    }
}

/// How far a run may be off before it is not a measurement.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "`validity`", deny_unknown_fields, default)]
#[schemars(rename = "Validity")]
pub struct ValiditySpec {
    /// Most schedule lag at the 99th percentile; 50 ms where it is not given.
    pub lag_p99: Option<At<Nanos>>,
    /// Largest share of starts that may be dropped; 1 % where it is not given.
    pub dropped: Option<At<Ratio>>,
    /// Largest share of one processor that a worker may use; 90 % where it is not given.
    pub worker_cpu: Option<At<Ratio>>,
}
