//! When a candidate may go to production, compared with a baseline.

use serde::{Deserialize, Serialize};

use crate::units::{Nanos, Ratio};

/// The gate's rules, resolved: what the scenario or a policy file says, and the staging guide's
/// figures for the rest. It stands in the record, so that a stored run can be judged again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Which percentiles of what are compared.
    pub figures: Vec<Figure>,
    /// Lines for the change of a percentile: 0.10 is 10 % slower than the baseline.
    pub change: Lines,
    /// Lines for the share of requests that fail.
    pub errors: Lines,
    /// How sure an interval is; alarms are held at this over all comparisons together.
    pub confidence: Ratio,
    /// Changes that are surely smaller than this never fail.
    pub floor: Nanos,
    /// The least number of requests on each side of a series that is judged, beside what the
    /// percentile itself needs.
    pub least: u64,
    /// The least share of requests that must be judged in full for GO.
    pub coverage: Ratio,
    /// How long a live alarm must last.
    pub sustained: Nanos,
    /// Rules for single series; the first that takes a series counts.
    pub series: Vec<SeriesRule>,
}

/// One percentile of requests or of queries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Of what.
    pub of: Compared,
    /// The quantile: 0.95 is P95.
    pub quantile: f64,
}

/// What a percentile is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compared {
    /// Response times of requests, from their intended start.
    Http,
    /// Durations of queries.
    Sql,
}

/// Three lines in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lines {
    /// Up to here it is GO.
    pub go: Ratio,
    /// Beyond here it is NO-GO; between both it is HOLD.
    pub no_go: Ratio,
    /// Beyond here it is ROLLBACK.
    pub rollback: Ratio,
}

/// What holds for the series that a pattern takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeriesRule {
    /// Pattern of the names of endpoints and queries; `*` stands for anything.
    pub pattern: String,
    /// It must be there: a candidate without it is NO-GO.
    pub must_have: bool,
    /// It must be judged in full: too few requests are HOLD.
    pub critical: bool,
    /// Alarms count when the weights of those that say the same add up to 1. With 0 the series
    /// is only shown.
    pub weight: f64,
    /// Lines of its own for the change.
    pub change: Option<Lines>,
    /// Lines of its own for failures: its error budget.
    pub errors: Option<Lines>,
}

impl Default for Policy {
    fn default() -> Self {
        let figure = |of, quantile| Figure { of, quantile };
        let (http, sql) = (Compared::Http, Compared::Sql);
        Self {
            figures: vec![
                figure(http, 0.95),
                figure(http, 0.99),
                figure(sql, 0.95),
                figure(sql, 0.99),
            ],
            change: Lines::CHANGE,
            errors: Lines::ERRORS,
            confidence: Ratio(0.95),
            floor: Nanos::from_millis(2),
            least: 0,
            coverage: Ratio(0.5),
            sustained: Nanos::from_secs(120),
            series: Vec::new(),
        }
    }
}

impl Default for SeriesRule {
    fn default() -> Self {
        Self {
            pattern: String::new(),
            must_have: false,
            critical: false,
            weight: 1.0,
            change: None,
            errors: None,
        }
    }
}

impl Lines {
    /// The staging guide's lines for a percentile that grows.
    pub const CHANGE: Self = Self { go: Ratio(0.10), no_go: Ratio(0.20), rollback: Ratio(0.50) };
    /// The staging guide's lines for requests that fail.
    pub const ERRORS: Self = Self { go: Ratio(0.01), no_go: Ratio(0.02), rollback: Ratio(0.05) };
}
