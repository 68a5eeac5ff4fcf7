//! The description of an observation that is simulated: what would have been measured, and when.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;
use super::gate::{GateSpec, ShareSpec};
use super::grammar::{GrammarError, written_as_text, written_by_serde};
use super::named::Named;
use crate::units::{Bytes, Nanos, Rate};

/// An observation that is simulated.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a simulation", deny_unknown_fields, default)]
#[schemars(rename = "Simulation")]
pub struct SimulationSpec {
    /// Its name in reports; without it the name of the file.
    pub name: Option<At<String>>,
    /// How long it lasts, for example `48h`.
    pub length: Option<At<Nanos>>,
    /// When it begins by the clock of the zone: `2026-03-28T06:00`.
    pub start: Option<At<String>>,
    /// The time zone of its days: an IANA name or an offset; UTC where it is not given.
    pub zone: Option<At<String>>,
    /// Parts of a day: `07-11,11-16,16-22`, which are the usual ones.
    pub windows: Option<At<String>>,
    /// Length of a segment; `1m` where it is not given.
    pub segment: Option<At<Nanos>>,
    /// Requests a second; `2/s` where it is not given.
    pub rate: Option<At<Rate>>,
    /// How many endpoints share them; 1 where it is not given.
    pub endpoints: Option<At<u64>>,
    /// Response times.
    pub response: Option<At<TimeSpec>>,
    /// The statements of each request; none where it is not given.
    pub queries: Option<At<QueriesSpec>>,
    /// The share of requests that fails, for example `0.2%`.
    pub errors: Option<At<ShareSpec>>,
    /// What is different at times of each day.
    pub daily: Vec<At<DailySpec>>,
    /// What is different for a while.
    pub faults: Vec<At<FaultSpec>>,
    /// What monitors would read: `app.rss_bytes: { level: 450MB, hourly: 2MB }`.
    pub readings: Named<At<SimulatedReadingSpec>>,
    /// When nothing was observed.
    pub gaps: Vec<At<GapSpec>>,
    /// When the wall clock was set.
    pub jumps: Vec<At<JumpSpec>>,
    /// The rules by which it is judged, and who is told of changes.
    pub gate: Option<At<GateSpec>>,
}

/// Times of a lognormal distribution.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a distribution of times", deny_unknown_fields, default)]
#[schemars(rename = "SimulatedTimes")]
pub struct TimeSpec {
    /// The median.
    pub median: Option<At<Nanos>>,
    /// The 95th percentile; the median where all are alike.
    pub p95: Option<At<Nanos>>,
}

/// Statements as a tap sees them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "`queries`", deny_unknown_fields, default)]
#[schemars(rename = "SimulatedQueries")]
pub struct QueriesSpec {
    /// How many each request sends; 1 where it is not given.
    pub each: Option<At<u64>>,
    /// The median.
    pub median: Option<At<Nanos>>,
    /// The 95th percentile; the median where all are alike.
    pub p95: Option<At<Nanos>>,
}

/// What is different at times of each day.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "an entry of `daily`", deny_unknown_fields, default)]
#[schemars(rename = "SimulatedDaily")]
pub struct DailySpec {
    /// When, by the clock of the zone: `11-16` or `11:30-14:00`.
    pub at: Option<At<String>>,
    /// Requests are so many times as frequent.
    pub rate: Option<At<f64>>,
    /// Response times are so many times as long.
    pub response: Option<At<f64>>,
    /// The share of requests that fails.
    pub errors: Option<At<ShareSpec>>,
}

/// What is different for a while.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "an entry of `faults`", deny_unknown_fields, default)]
#[schemars(rename = "SimulatedFault")]
pub struct FaultSpec {
    /// When it begins, since the start.
    pub from: Option<At<Nanos>>,
    /// When it ends, since the start.
    pub to: Option<At<Nanos>>,
    /// How often it comes: at the beginning of each such time between both, for half of it.
    pub every: Option<At<Nanos>>,
    /// Requests are so many times as frequent; 0 is none.
    pub rate: Option<At<f64>>,
    /// Response times are so many times as long.
    pub response: Option<At<f64>>,
    /// The share of requests that fails.
    pub errors: Option<At<ShareSpec>>,
    /// Monitors read nothing.
    pub blind: bool,
}

/// What a monitor would read.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a reading", deny_unknown_fields, default)]
#[schemars(rename = "SimulatedReading")]
pub struct SimulatedReadingSpec {
    /// Where it begins: a number, a size, or a share.
    pub level: Option<At<Amount>>,
    /// How much it grows in an hour.
    pub hourly: Option<At<Amount>>,
    /// The height of a sawtooth, as a collector makes it.
    pub saw: Option<At<Amount>>,
    /// The length of a tooth; `20m` where it is not given.
    pub every: Option<At<Nanos>>,
    /// The standard deviation of what comes by chance.
    pub noise: Option<At<Amount>>,
    /// How much it grows while it warms up.
    pub warm_up: Option<At<Amount>>,
    /// After this time of warming up a third of that is left; `1h` where it is not given.
    pub settles: Option<At<Nanos>>,
}

/// Time of which nothing was observed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "an entry of `gaps`", deny_unknown_fields, default)]
#[schemars(rename = "SimulatedGap")]
pub struct GapSpec {
    /// When it begins, since the start.
    pub at: Option<At<Nanos>>,
    /// How long it is.
    pub length: Option<At<Nanos>>,
}

/// A wall clock that was set.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "an entry of `jumps`", deny_unknown_fields, default)]
#[schemars(rename = "SimulatedJump")]
pub struct JumpSpec {
    /// When, since the start.
    pub at: Option<At<Nanos>>,
    /// By how much: `+90s`, `-1h`.
    pub by: Option<At<Shift>>,
}

written_by_serde!(
    TimeSpec,
    QueriesSpec,
    DailySpec,
    FaultSpec,
    SimulatedReadingSpec,
    GapSpec,
    JumpSpec
);

/// A number, a size in bytes, or a share: `12`, `-3.5`, `450MB`, `45%`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amount(pub f64);

/// By how much a clock is set, in nanoseconds: `+90s`, `-1h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift(pub i64);

written_as_text! {
    Amount: TEXT_OR_NUMBER, "an amount such as `12`, `450MB` or `45%`", ["12", "450MB", "45%"];
    Shift: TEXT, "a signed duration such as `+90s` or `-1h`", ["+90s", "-1h"];
}

impl FromStr for Amount {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        let wanted = <Self as super::grammar::Grammar>::WANTED;
        let unfit = || GrammarError::new(format!("expected {wanted}, found `{text}`"));
        let trimmed = text.trim();
        let (sign, plain) = match trimmed.strip_prefix('-') {
            Some(plain) => (-1.0, plain),
            None => (1.0, trimmed),
        };
        if !plain.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
            return Err(unfit());
        }
        let number = |text: &str| text.trim_end().parse::<f64>().ok();
        let value = match plain.strip_suffix('%') {
            Some(percent) => number(percent).map(|percent| percent / 100.0),
            None => number(plain).or_else(|| {
                let bytes = plain.parse::<Bytes>().ok()?;
                Some(crate::units::count_to_f64(bytes.0))
            }),
        };
        let value = value.filter(|value| value.is_finite()).ok_or_else(unfit)?;
        Ok(Self(sign * value))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Shift {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        let wanted = <Self as super::grammar::Grammar>::WANTED;
        let unfit = || GrammarError::new(format!("expected {wanted}, found `{text}`"));
        let trimmed = text.trim();
        let plain = trimmed.strip_prefix(['+', '-']).ok_or_else(unfit)?;
        let length: Nanos = plain.parse().map_err(|_not_a_duration| unfit())?;
        let length = i64::try_from(length.0).map_err(|_too_long| unfit())?;
        Ok(Self(if trimmed.starts_with('-') { -length } else { length }))
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "+" };
        write!(f, "{sign}{}", Nanos(self.0.unsigned_abs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_a_number_a_size_or_a_share() {
        let check = |text: &str, want: Option<f64>| {
            assert_eq!(text.parse::<Amount>().ok().map(|amount| amount.0), want, "{text}");
        };
        check("12", Some(12.0));
        check("-3.5", Some(-3.5));
        check("450MB", Some(450e6));
        check("-2 MB", Some(-2e6));
        check("45%", Some(0.45));
        check("MB", None);
        check("inf", None);
        check("--3", None);
        check("", None);
    }

    #[test]
    fn a_shift_has_its_sign() {
        let read = |text: &str| text.parse::<Shift>().ok().map(|shift| shift.0);
        assert_eq!(read("+90s"), Some(90_000_000_000));
        assert_eq!(read("-1h"), Some(-3_600_000_000_000));
        assert_eq!([read("90s"), read("+"), read("-five")], [None; 3]);
    }
}
