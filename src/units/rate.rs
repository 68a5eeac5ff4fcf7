//! Arrival rates.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::UnitError;

/// Starts per second. Always finite and not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(f64);

/// Seconds of the units that are larger than a second, with their letter.
const UNITS: [(f64, &str); 2] = [(60.0, "m"), (3_600.0, "h")];

/// Up to so many characters a rate per second is read at a glance: `10000000/s`.
const GLANCE: usize = 10;

/// Beyond so many characters there are more zeros than digits: a number has 17 of these at most.
const LONGEST_PLAIN: usize = 24;

impl Rate {
    /// The fastest rate that can be asked for; more than any single machine can send.
    pub const MAX_PER_SECOND: f64 = 10_000_000.0;

    /// A rate, if it is a number from 0 to [`Rate::MAX_PER_SECOND`].
    pub fn per_second(value: f64) -> Option<Self> {
        let fits = value.is_finite() && (0.0..=Self::MAX_PER_SECOND).contains(&value);
        // Zero has a sign, which a rate has not.
        fits.then_some(Self(value.abs()))
    }

    /// Starts per second.
    pub fn value(self) -> f64 {
        self.0
    }

    /// The rate in words that are read back to the same rate, to the last bit: `50/s`, `0.5/s`,
    /// `50/m`, `10/h`. Two rates have the same words only if they are the same.
    ///
    /// Per second where that is short, else whole starts a minute or an hour, else all digits of
    /// the rate per second.
    pub fn exact(self) -> String {
        let second = format!("{}/s", self.0);
        let whole = |(length, unit): (f64, &str)| {
            let number = (self.0 * length).round();
            let same = (number / length).to_bits() == self.0.to_bits();
            same.then(|| format!("{number}/{unit}"))
        };
        match UNITS.into_iter().find_map(whole) {
            Some(larger) if second.len() > GLANCE => larger,
            None if second.len() > LONGEST_PLAIN => format!("{:e}/s", self.0),
            Some(_) | None => second,
        }
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
    use proptest::prelude::*;

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

    #[test]
    fn exact_words_are_those_that_people_write() {
        for text in [
            "0/s",
            "50/s",
            "0.5/s",
            "0.06/s",
            "0.1/s",
            "7.5/s",
            "99.6/s",
            "100.4/s",
            "10000000/s",
            "50/m",
            "10/h",
            "84.85281374238569/s",
            "1e-300/s",
        ] {
            assert_eq!(text.parse::<Rate>().unwrap().exact(), text);
        }
        assert_eq!("300/m".parse::<Rate>().unwrap().exact(), "5/s");
        assert_eq!("-0".parse::<Rate>().unwrap().exact(), "0/s");
    }

    proptest! {
        #[test]
        fn exact_words_are_read_back_to_the_last_bit(
            rate in prop_oneof![
                0.0..=Rate::MAX_PER_SECOND,
                (-300.0..7.0_f64).prop_map(|digits| 10.0_f64.powf(digits)),
                (0_u32..100_000, prop::sample::select(vec![1.0, 7.0, 60.0, 3_600.0]))
                    .prop_map(|(number, length)| f64::from(number) / length),
            ],
        ) {
            let rate = Rate::per_second(rate).unwrap();
            let read: Rate = rate.exact().parse().unwrap();
            prop_assert_eq!(read.value().to_bits(), rate.value().to_bits(), "{}", rate.exact());
        }
    }
}
