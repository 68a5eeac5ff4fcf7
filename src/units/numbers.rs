//! Shares, byte counts, and the conversions between counts and floating point that are safe.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A text that is not the quantity it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is not {wanted}")]
pub struct UnitError {
    /// What was written.
    pub text: String,
    /// What would have been right, with an example.
    pub wanted: &'static str,
}

impl UnitError {
    pub(crate) fn new(text: &str, wanted: &'static str) -> Self {
        Self { text: text.to_owned(), wanted }
    }
}

/// A count as a floating-point number; exact up to 2^53, which is 104 days in nanoseconds.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "std has no lossy From")]
pub fn count_to_f64(count: u64) -> f64 {
    count as f64
}

/// The nearest whole number; negative and not-a-number become 0, too large becomes `u64::MAX`.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what the doc comment promises"
)]
pub fn f64_to_u64(value: f64) -> u64 {
    value.round() as u64
}

/// `1234567` as `1,234,567`.
pub fn group_thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() + 6);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A share: 0.01 is one per cent.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ratio(pub f64);

impl Ratio {
    /// `part` of `whole`; `None` when the whole is nothing, because missing data is not 0 %.
    pub fn of(part: u64, whole: u64) -> Option<Self> {
        (whole > 0).then(|| Self(count_to_f64(part) / count_to_f64(whole)))
    }
}

impl FromStr for Ratio {
    type Err = UnitError;

    /// Reads `5%`, `0.5 %` and `0.05`.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let bad = || UnitError::new(text, "a share such as `5%` or `0.05`");
        let trimmed = text.trim();
        let (number, scale) = match trimmed.strip_suffix('%') {
            Some(number) => (number.trim_end(), 100.0),
            None => (trimmed, 1.0),
        };
        let value: f64 = number.parse().map_err(|_not_a_number| bad())?;
        if value.is_finite() { Ok(Self(value / scale)) } else { Err(bad()) }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.0 * 100.0;
        if percent != 0.0 && percent.abs() < 1.0 {
            write!(f, "{percent:.2} %")
        } else {
            write!(f, "{percent:.1} %")
        }
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(pub u64);

impl FromStr for Bytes {
    type Err = UnitError;

    /// Reads `512KB`, `5MB`, `2GiB`, `100B`; k, M and G are powers of 1,000, Ki, Mi, Gi of 1,024.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let bad = || UnitError::new(text, "a size such as `512KB` or `5MiB`");
        let trimmed = text.trim();
        let digits =
            trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(digits);
        let scale = match unit.trim().to_ascii_lowercase().as_str() {
            "b" => 1.0,
            "k" | "kb" => 1e3,
            "m" | "mb" => 1e6,
            "g" | "gb" => 1e9,
            "ki" | "kib" => 1_024.0,
            "mi" | "mib" => 1_048_576.0,
            "gi" | "gib" => 1_073_741_824.0,
            _ => return Err(bad()),
        };
        let number: f64 = number.parse().map_err(|_not_a_number| bad())?;
        Ok(Self(f64_to_u64(number * scale)))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = count_to_f64(self.0);
        match self.0 {
            0..1_000 => write!(f, "{} B", self.0),
            1_000..1_000_000 => write!(f, "{:.1} kB", value / 1e3),
            1_000_000..1_000_000_000 => write!(f, "{:.1} MB", value / 1e6),
            _ => write!(f, "{:.2} GB", value / 1e9),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_with_and_without_the_sign() {
        assert_eq!("5%".parse(), Ok(Ratio(0.05)));
        assert_eq!("0.5 %".parse(), Ok(Ratio(0.005)));
        assert_eq!("0.05".parse(), Ok(Ratio(0.05)));
        assert!("five".parse::<Ratio>().is_err());
        assert!("inf".parse::<Ratio>().is_err());
    }

    #[test]
    fn a_share_of_nothing_is_not_zero() {
        assert_eq!(Ratio::of(0, 0), None);
        assert_eq!(Ratio::of(1, 4), Some(Ratio(0.25)));
    }

    #[test]
    fn sizes_are_read_and_shown() {
        assert_eq!("5MiB".parse(), Ok(Bytes(5_242_880)));
        assert_eq!("512KB".parse(), Ok(Bytes(512_000)));
        assert!("5".parse::<Bytes>().is_err());
        assert_eq!(Bytes(1_234_567).to_string(), "1.2 MB");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(group_thousands(1), "1");
        assert_eq!(group_thousands(1_234), "1,234");
        assert_eq!(group_thousands(123_456_789), "123,456,789");
    }
}
