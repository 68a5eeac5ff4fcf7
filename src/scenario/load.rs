//! How much is asked of the target, phase by phase.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;
use super::grammar::{GrammarError, written_as_text, written_by_serde};
use crate::units::{Nanos, Rate};

/// The most virtual users of one phase.
const MAX_USERS: u64 = 1_000_000;

/// How starts follow each other at a given rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArrivalKind {
    /// One after the other at equal distances.
    #[default]
    Constant,
    /// At random distances, as independent people arrive.
    Poisson,
}

/// How exactly starts keep to their times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum PrecisionSpec {
    /// Exact, or `100us` for a load of more than 10,000/s for each worker.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// To the wake-up of the system.
    #[serde(rename = "exact")]
    Exact,
    /// Up to 100 µs late.
    #[serde(rename = "100us")]
    Micros100,
    /// Up to 1 ms late.
    #[serde(rename = "1ms")]
    Millis1,
    /// Exact, without ever sleeping: each worker takes a processor for itself.
    #[serde(rename = "spin")]
    Spin,
}

impl PrecisionSpec {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Auto, Self::Exact, Self::Micros100, Self::Millis1, Self::Spin];

    /// The word in files and arguments.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Exact => "exact",
            Self::Micros100 => "100us",
            Self::Millis1 => "1ms",
            Self::Spin => "spin",
        }
    }

    /// The one with this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// The load of a phase.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LoadShape {
    /// Journeys start at a rate, whatever the target does (open model).
    Rate {
        /// At the phase's start.
        from: Rate,
        /// At its end.
        to: Rate,
    },
    /// So many users do one journey after the other (closed model).
    Users {
        /// At the phase's start.
        from: u64,
        /// At its end.
        to: u64,
    },
}

/// One phase of the load: `{ phase: steady, rate: 50/s, for: 10m }`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a phase", deny_unknown_fields)]
#[schemars(rename = "Phase")]
pub struct PhaseSpec {
    /// Name of the phase; must be unique.
    pub phase: At<String>,
    /// Journeys started per second, `50/s`, or a ramp, `5/s..50/s` (open model).
    pub rate: Option<At<RateRange>>,
    /// Virtual users at work, `30`, or a ramp, `0..30` (closed model).
    pub users: Option<At<UserRange>>,
    /// How long the phase lasts.
    #[serde(rename = "for")]
    pub length: At<Nanos>,
    /// Ends the phase early, after so many journeys were started.
    pub iterations: Option<At<u64>>,
    /// How starts follow each other at a rate.
    #[serde(default)]
    pub arrivals: ArrivalKind,
    /// Whether the figures count; `false` for warm-up and ramps.
    #[serde(default = "yes")]
    pub measure: bool,
    /// The most journeys under way at a time; starts beyond are dropped and counted.
    pub max_users: Option<At<u64>>,
}

written_by_serde!(PhaseSpec, PrecisionSpec);

fn yes() -> bool {
    true
}

impl PhaseSpec {
    /// The load, if exactly one of `rate` and `users` is given.
    pub fn shape(&self) -> Result<LoadShape, &'static str> {
        match (&self.rate, &self.users) {
            (Some(rate), None) => Ok(LoadShape::Rate { from: rate.from, to: rate.to }),
            (None, Some(users)) => Ok(LoadShape::Users { from: users.from, to: users.to }),
            (None, None) => Err("a phase needs `rate` (open model) or `users` (closed model)"),
            (Some(_), Some(_)) => Err("a phase has either `rate` or `users`, not both"),
        }
    }
}

/// A rate, `50/s`, or a ramp from one to another, `5/s..50/s`.
///
/// ```text
/// range = rate [ ".." rate ]
/// ```
/// Without a unit the first rate has the unit of the second one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateRange {
    /// At the start.
    pub from: Rate,
    /// At the end.
    pub to: Rate,
}

/// A number of virtual users, `30`, or a ramp, `0..30`.
///
/// ```text
/// range = number [ ".." number ]
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserRange {
    /// At the start.
    pub from: u64,
    /// At the end.
    pub to: u64,
}

written_as_text! {
    RateRange: TEXT_OR_NUMBER, "a rate such as `50/s`, or a ramp such as `5/s..50/s`", ["50/s", "300/m", "5/s..50/s"];
    UserRange: TEXT_OR_NUMBER, "a number of users such as `30`, or a ramp such as `0..30`", ["30", "0..30"];
}

impl FromStr for RateRange {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        let read = |part: &str| {
            part.parse::<Rate>().map_err(|error| {
                GrammarError::new(if text.contains("..") {
                    format!("{error}, in the ramp `{text}`")
                } else {
                    format!("expected {}, found `{text}`", error.wanted)
                })
            })
        };
        let Some((from, to)) = text.split_once("..") else {
            return read(text).map(|rate| Self { from: rate, to: rate });
        };
        let unit = to.split_once('/').map(|(_, unit)| unit);
        let from = match unit {
            Some(unit) if !from.contains('/') => format!("{}/{unit}", from.trim()),
            Some(_) | None => from.to_owned(),
        };
        Ok(Self { from: read(&from)?, to: read(to)? })
    }
}

impl fmt::Display for RateRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            write!(f, "{}", self.to)
        } else {
            write!(f, "{}..{}", self.from, self.to)
        }
    }
}

impl FromStr for UserRange {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        let read = |part: &str| match part.trim().parse() {
            Ok(number) if number <= MAX_USERS => Ok(number),
            Ok(number) => {
                Err(GrammarError::new(format!("{number} users are more than {MAX_USERS}")))
            }
            Err(_) => Err(GrammarError::new(format!(
                "expected a number of users such as `30` or a ramp such as `0..30`, found `{text}`"
            ))),
        };
        match text.split_once("..") {
            Some((from, to)) => Ok(Self { from: read(from)?, to: read(to)? }),
            None => read(text).map(|users| Self { from: users, to: users }),
        }
    }
}

impl fmt::Display for UserRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            write!(f, "{}", self.to)
        } else {
            write!(f, "{}..{}", self.from, self.to)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check<T: FromStr<Err = GrammarError> + fmt::Display>(input: &str, want: &str) {
        let got = match input.parse::<T>() {
            Ok(range) => range.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, want, "{input}");
    }

    #[test]
    fn rates_and_ramps_are_read() {
        check::<RateRange>("50/s", "50/s");
        check::<RateRange>("5/s..50/s", "5/s..50/s");
        check::<RateRange>("5..50/s", "5/s..50/s");
        check::<RateRange>("60..300/m", "1/s..5/s");
        check::<RateRange>("5x", "expected a rate such as `50/s` or `300/m`, found `5x`");
        check::<RateRange>(
            "5/s..",
            "`` is not a rate such as `50/s` or `300/m`, in the ramp `5/s..`",
        );
    }

    #[test]
    fn users_and_ramps_are_read() {
        check::<UserRange>("30", "30");
        check::<UserRange>("0..30", "0..30");
        check::<UserRange>("9999999", "9999999 users are more than 1000000");
        let wanted = "expected a number of users such as `30` or a ramp such as `0..30`, found";
        check::<UserRange>("-1", &format!("{wanted} `-1`"));
        check::<UserRange>("1..2..3", &format!("{wanted} `1..2..3`"));
        check::<UserRange>("..", &format!("{wanted} `..`"));
    }

    #[test]
    fn a_precision_is_read_by_its_word() {
        for precision in PrecisionSpec::ALL {
            assert_eq!(PrecisionSpec::of_word(precision.word()), Some(precision));
            let json = serde_json::Value::from(precision.word());
            assert_eq!(serde_json::from_value::<PrecisionSpec>(json).unwrap(), precision);
        }
        assert_eq!(PrecisionSpec::of_word("10us"), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(from in 0..=MAX_USERS, to in 0..=MAX_USERS) {
            let range = UserRange { from, to };
            prop_assert_eq!(range.to_string().parse(), Ok(range));
            let text = format!("{from}/s..{to}/s");
            let rates: RateRange = text.parse().unwrap();
            prop_assert_eq!(rates.to_string().parse(), Ok(rates));
        }
    }
}
