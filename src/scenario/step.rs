//! What every step has, whatever its kind.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;
use super::grammar::{GrammarError, written_as_text};
use super::named::OneOrMany;
use super::subject::SloSpec;
use super::test::VariableTest;
use crate::units::{Nanos, Ratio};

/// The most repetitions of one step.
const MAX_REPEAT: u64 = 10_000;

/// Keys that every kind of step has.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a step", deny_unknown_fields, default)]
#[schemars(rename = "StepCommon")]
pub struct CommonSpec {
    /// Name of the step in reports; without it the step is named after what it does.
    pub name: Option<At<String>>,
    /// The feature that the step proves to work, for example `farm.create`.
    pub feature: Option<At<String>>,
    /// Does the step only when this holds, for example `${role} == admin`.
    pub r#if: Option<At<VariableTest>>,
    /// Does the step several times: `3`, or a random number of times, `1..3`.
    pub repeat: Option<At<Repeat>>,
    /// Does the step only this often, for example `5%`.
    pub sample: Option<At<Ratio>>,
    /// What a failure does to the journey.
    pub on_fail: OnFail,
    /// Tries again until the checks hold, at most this long.
    pub eventually: Option<At<Nanos>>,
    /// What the step must keep to, for example `p(95) < 500ms`.
    pub slo: OneOrMany<At<SloSpec>>,
}

impl CommonSpec {
    /// All keys, for [`super::Tree::read_beside`].
    pub const KEYS: &[&str] =
        &["name", "feature", "if", "repeat", "sample", "on_fail", "eventually", "slo"];
}

/// What a failed step does to its journey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFail {
    /// The journey goes on with the next step.
    #[default]
    Continue,
    /// The journey ends.
    End,
    /// The whole run ends.
    Abort,
}

/// How often a step is done.
///
/// ```text
/// repeat = number [ ".." number ]
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// At least.
    pub from: u64,
    /// At most.
    pub to: u64,
}

written_as_text! {
    Repeat: TEXT_OR_NUMBER, "a number such as `3`, or a range such as `1..3`", ["3", "1..3"];
}

impl FromStr for Repeat {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        let read = |part: &str| match part.trim().parse() {
            Ok(number) if number <= MAX_REPEAT => Ok(number),
            Ok(_) => Err(GrammarError::new(format!("a step is done at most {MAX_REPEAT} times"))),
            Err(_) => Err(GrammarError::new(format!(
                "expected a number such as `3` or a range such as `1..3`, found `{text}`"
            ))),
        };
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        let repeat = Self { from: read(from)?, to: read(to)? };
        if repeat.from > repeat.to {
            let message = format!("`{text}` goes down: write `{}..{}`", repeat.to, repeat.from);
            return Err(GrammarError::new(message));
        }
        Ok(repeat)
    }
}

impl fmt::Display for Repeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            write!(f, "{}", self.from)
        } else {
            write!(f, "{}..{}", self.from, self.to)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, want: &str) {
        let got = match input.parse::<Repeat>() {
            Ok(repeat) => repeat.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, want, "{input}");
    }

    #[test]
    fn repetitions_are_read() {
        check("3", "3");
        check("1..3", "1..3");
        check("0..2", "0..2");
        check("3..1", "`3..1` goes down: write `1..3`");
        check("99999", "a step is done at most 10000 times");
        check("x", "expected a number such as `3` or a range such as `1..3`, found `x`");
    }
}
