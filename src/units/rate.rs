//! Arrival rates.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::UnitError;

/// Starts per second. Always finite and not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(f64);

impl Rate {
    /// The fastest rate that can be asked for; more than any single machine can send.
    pub const MAX_PER_SECOND: f64 = 10_000_000.0;

    /// A rate, if it is a number from 0 to [`Rate::MAX_PER_SECOND`].
    pub fn per_second(value: f64) -> Option<Self> {
        (value.is_finite() && (0.0..=Self::MAX_PER_SECOND).contains(&value)).then_some(Self(value))
    }

    /// Starts per second.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = UnitError;

    /// Reads `50/s`, `0.5/s`, `300/m` (or `/min`), `10/h`; a bare number is per second.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let bad = || UnitError::new(text, "a rate such as `50/s` or `300/m`");
        let trimmed = text.trim();
        let (number, unit) = trimmed.split_once('/').unwrap_or((trimmed, "s"));
        let seconds = match unit.trim() {
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3_600.0,
            _ => return Err(bad()),
        };
        let value: f64 = number.trim().parse().map_err(|_not_a_number| bad())?;
        Self::per_second(value / seconds).ok_or_else(bad)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 100.0 {
            write!(f, "{:.0}/s", self.0)
        } else if self.0.fract() == 0.0 {
            write!(f, "{}/s", self.0)
        } else {
            write!(f, "{:.1}/s", self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_per_second_minute_and_hour() {
        let read = |text: &str| text.parse::<Rate>().ok().map(Rate::value);
        assert_eq!(read("50/s"), Some(50.0));
        assert_eq!(read("300/m"), Some(5.0));
        assert_eq!(read("7.5"), Some(7.5));
        for text in ["-1/s", "fast", "5/x", "1e9/s", "NaN"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
