//! The gate's policy and the limits of a valid run, as they are written.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;
use super::condition::{Aggregate, LimitTest};
use super::grammar::{Grammar, GrammarError, written_as_text, written_by_serde};
use super::named::{Named, OneOrMany};
use super::template::Template;
use crate::units::{Nanos, Ratio};

/// When an upgrade may go to production, relative to a baseline.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "`gate`", deny_unknown_fields, default)]
#[schemars(rename = "Gate")]
pub struct GateSpec {
    /// Name of the baseline in the store, or a file.
    pub baseline: Option<At<String>>,
    /// What is compared: percentiles of requests and of queries, for example
    /// `[ http p95, sql p99 ]`.
    pub compare: Option<Vec<At<CompareSpec>>>,
    /// Up to these lines it is GO.
    pub go: BandSpec,
    /// Beyond these lines it is NO-GO; between both it is HOLD.
    pub no_go: BandSpec,
    /// Beyond these lines it is ROLLBACK.
    pub rollback: RollbackSpec,
    /// How sure the interval of an estimate is, for example `95%`.
    pub confidence: Option<At<ShareSpec>>,
    /// Absolute changes that are smaller than this never fail; 0 switches it off.
    pub floor: Option<At<Nanos>>,
    /// The least number of requests of a series that is judged.
    pub must_have: Option<At<u64>>,
    /// The least share of requests that must be judged in full for GO, for example `50%`.
    pub coverage: Option<At<ShareSpec>>,
    /// Rules for single series, by a pattern of endpoints and queries in which `*` stands for
    /// anything: `GET /api/farms*`. The first pattern that takes a series counts.
    pub series: Named<SeriesSpec>,
    /// What is done when the candidate should be rolled back.
    pub on_rollback: Vec<At<ReactionSpec>>,
    /// What is done when the state of an observation changes.
    pub on_change: Vec<At<ReactionSpec>>,
}

/// Lines of one verdict.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a band of the gate", deny_unknown_fields, default)]
#[schemars(rename = "GateBand")]
pub struct BandSpec {
    /// Change relative to the baseline, for example `<= +10%`.
    pub change: Option<At<LimitTest>>,
    /// Share of failed requests, for example `<= 1%`.
    pub error_rate: Option<At<LimitTest>>,
}

/// Lines of ROLLBACK.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "`rollback`", deny_unknown_fields, default)]
#[schemars(rename = "GateRollback")]
pub struct RollbackSpec {
    /// Change relative to the baseline, for example `> +50%`.
    pub change: Option<At<LimitTest>>,
    /// Share of failed requests, for example `> 5%`.
    pub error_rate: Option<At<LimitTest>>,
    /// How long it must last while the candidate is watched, for example `2m`.
    pub sustained: Option<At<Nanos>>,
}

/// Rules of the series that one pattern takes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a rule of `series`", deny_unknown_fields, default)]
#[schemars(rename = "GateSeries")]
pub struct SeriesSpec {
    /// It must be judged in full: too few requests are HOLD.
    pub critical: bool,
    /// It must be there: a candidate without it is NO-GO.
    pub must_have: bool,
    /// Alarms count when the weights of those that say the same add up to 1; 1 where it is not
    /// given. With 0 the series is only shown.
    pub weight: Option<At<f64>>,
    /// The change up to which it is GO, for example `+5%`; NO-GO is at twice as much, ROLLBACK at
    /// five times.
    pub change: Option<At<ChangeSpec>>,
    /// Change up to which it is GO, for example `<= +20%`.
    pub go: Option<At<LimitTest>>,
    /// Change beyond which it is NO-GO, for example `> +40%`.
    pub no_go: Option<At<LimitTest>>,
    /// Change beyond which it is ROLLBACK, for example `> +80%`.
    pub rollback: Option<At<LimitTest>>,
    /// The share of requests that may fail, for example `0.1%`; NO-GO is at twice as much,
    /// ROLLBACK at five times.
    pub error_budget: Option<At<ShareSpec>>,
}

/// What is done when the candidate should be rolled back, or when its state under observation
/// changes: a program, or a message.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "an entry of `on_rollback` or `on_change`", deny_unknown_fields, default)]
#[schemars(rename = "GateReaction")]
pub struct ReactionSpec {
    /// A program with its arguments; it reads the verdict as JSON.
    pub exec: Option<OneOrMany<At<Template>>>,
    /// An address that the verdict is posted to as JSON; nothing is posted when it is empty.
    pub webhook: Option<At<Template>>,
}

/// A file with a policy in a `gate:` block. Without the block, its keys stand on top.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename = "a policy", deny_unknown_fields)]
pub struct PolicySpec {
    /// The policy.
    pub gate: At<GateSpec>,
}

written_by_serde!(GateSpec, ReactionSpec);

/// A growth relative to the baseline: `+5%`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangeSpec(pub Ratio);

/// A share with its percent sign: `0.1%`. Without the sign 0.1 could mean both 10 % and 0.1 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShareSpec(pub Ratio);

/// One figure that is compared: `http p95`, `sql med`.
///
/// ```text
/// compare = ( "http" | "sql" ) ( "med" | "p" number )
/// ```
/// An average is moved by a few long requests that no user may ever meet again, so it is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CompareSpec {
    /// Whether queries are compared, and not requests.
    pub sql: bool,
    /// Which percentile: above 0 and below 100.
    pub percent: f64,
}

written_as_text! {
    CompareSpec: TEXT, "a figure to compare such as `http p95` or `sql p99`", ["http p95", "sql p99"];
    ChangeSpec: TEXT, "a change such as `+5%`", ["+5%", "+10%"];
    ShareSpec: TEXT, "a share with its percent sign such as `0.1%`", ["0.1%", "95%"];
}

impl FromStr for CompareSpec {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        let unfit = || unfit::<Self>(text);
        let (kind, figure) = text.trim().split_once(' ').ok_or_else(unfit)?;
        if !matches!(kind, "http" | "sql") {
            return Err(unfit());
        }
        let percent = match figure.trim().parse()? {
            Aggregate::Median => 50.0,
            Aggregate::Percentile(percent) if percent < 100.0 => percent,
            other @ (Aggregate::Average
            | Aggregate::Minimum
            | Aggregate::Maximum
            | Aggregate::Percentile(_)
            | Aggregate::Rate
            | Aggregate::Count
            | Aggregate::PerSecond) => {
                let message = format!("`{other}`: the gate compares percentiles below 100");
                return Err(GrammarError::new(message));
            }
        };
        Ok(Self { sql: kind == "sql", percent })
    }
}

impl fmt::Display for CompareSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} p{}", if self.sql { "sql" } else { "http" }, self.percent)
    }
}

impl FromStr for ChangeSpec {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        let plain = text.trim().strip_prefix('+').ok_or_else(|| unfit::<Self>(text))?;
        percentage(plain).map(Self).ok_or_else(|| unfit::<Self>(text))
    }
}

impl FromStr for ShareSpec {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        percentage(text.trim()).map(Self).ok_or_else(|| unfit::<Self>(text))
    }
}

/// A number without a sign and with its percent sign. It is rounded so that 99.9 % is the number
/// next to 0.999; divided by 100 it would be the one above.
fn percentage(text: &str) -> Option<Ratio> {
    let number = text.strip_suffix('%')?.trim_end();
    let is_plain = number.starts_with(|first: char| first.is_ascii_digit());
    let percent: f64 = number.parse().ok().filter(|_| is_plain)?;
    Some(Ratio((percent * 1e9).round() / 1e11)).filter(|share| share.0.is_finite())
}

fn unfit<T: Grammar>(text: &str) -> GrammarError {
    GrammarError::new(format!("expected {}, found `{text}`", T::WANTED))
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
    /// Largest share of the time that a worker may wait for a processor; 10 % where it is not
    /// given.
    pub run_queue: Option<At<Ratio>>,
}
