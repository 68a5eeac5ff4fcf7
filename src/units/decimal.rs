//! Exact decimal numbers, as databases count and sum them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::UnitError;

/// Digits after the point that are kept: more than any currency or unit needs.
const PLACES: usize = 12;

/// One in units of the last digit.
const ONE: i128 = 1_000_000_000_000;

/// A number with up to 12 digits after the point and 26 before it, without any rounding: a sum of
/// money is right to the last cent, or it is wrong. It is stored as its text.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Decimal(i128);

impl Decimal {
    /// A count.
    pub fn of(count: u64) -> Self {
        Self(i128::from(count) * ONE)
    }

    /// The sum; `None` when it is too large to be kept.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference; `None` when it is too large to be kept.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

impl FromStr for Decimal {
    type Err = UnitError;

    /// Reads `12`, `-3.50` and `+0.5`; zeros at the end are no digits.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let bad = || {
            UnitError::new(text, "a number with at most 26 digits before and 12 after the point")
        };
        let trimmed = text.trim();
        let (negative, digits) = match trimmed.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let are_digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let kept = part.trim_end_matches('0');
        if !are_digits(whole) || !are_digits(part) || kept.len() > PLACES {
            return Err(bad());
        }
        let digits = format!("{whole}{kept:0<PLACES$}");
        let value: i128 = digits.parse().map_err(|_too_long| bad())?;
        Ok(Self(if negative { -value } else { value }))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0.unsigned_abs();
        let one = ONE.unsigned_abs();
        let (whole, part) = (value.div_euclid(one), value.rem_euclid(one));
        let part = format!("{part:0PLACES$}");
        let (part, sign) = (part.trim_end_matches('0'), if self.0 < 0 { "-" } else { "" });
        let point = if part.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{part}")
    }
}

impl TryFrom<String> for Decimal {
    type Error = UnitError;

    fn try_from(text: String) -> Result<Self, UnitError> {
        text.parse()
    }
}

impl From<Decimal> for String {
    fn from(number: Decimal) -> Self {
        number.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_are_read_and_shown_without_rounding() {
        for (text, shown) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("42", "42"),
            ("+7.", ""),
            ("007.50", "7.5"),
            ("-1234567890.123456789012", "-1234567890.123456789012"),
            ("0.0000000000010000", "0.000000000001"),
            ("0.0000000000001", ""),
            ("99999999999999999999999999", "99999999999999999999999999"),
            ("999999999999999999999999999999999999999", ""),
            ("1e3", ""),
            ("NaN", ""),
            ("1,000", ""),
            ("--1", ""),
            (".5", ""),
            ("", ""),
        ] {
            let got = text.parse::<Decimal>().map(|number| number.to_string());
            assert_eq!(got.unwrap_or_default(), shown, "{text}");
        }
    }

    #[test]
    fn a_tenth_and_two_tenths_are_three_tenths() {
        assert_eq!(read("0.1").plus(read("0.2")), Some(read("0.3")));
        assert_eq!(Decimal::of(3).minus(read("3.01")), Some(read("-0.01")));
        assert!(read("-0.01") < Decimal::default());
        let large = read("99999999999999999999999999");
        assert_eq!(large.plus(large), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(value: i64, part in 0_u64..1_000_000_000_000) {
            let number = read(&format!("{value}.{part:012}"));
            prop_assert_eq!(read(&number.to_string()), number);
            let stored = serde_json::to_string(&number).unwrap();
            prop_assert_eq!(serde_json::from_str::<Decimal>(&stored).unwrap(), number);
        }
    }
}
