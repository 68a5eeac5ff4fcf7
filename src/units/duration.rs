//! Durations and points in time, in nanoseconds.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{UnitError, count_to_f64, f64_to_u64};

/// A number of nanoseconds: a duration, or a point in time since the start of the run.
///
/// Arithmetic saturates: a measurement can be out of range, it can't wrap around.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Nanos(pub u64);

impl Nanos {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Later than everything.
    pub const MAX: Self = Self(u64::MAX);
    /// One second.
    pub const SECOND: Self = Self(1_000_000_000);

    /// This many whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// This many whole milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds.saturating_mul(1_000_000))
    }

    /// This many whole microseconds.
    pub const fn from_micros(microseconds: u64) -> Self {
        Self(microseconds.saturating_mul(1_000))
    }

    /// The nearest number of nanoseconds; negative and not-a-number become zero.
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self(f64_to_u64(seconds * 1e9))
    }

    /// Seconds, for rates and for people.
    pub fn as_secs_f64(self) -> f64 {
        count_to_f64(self.0) / 1e9
    }

    /// Milliseconds, for rates and for people.
    pub fn as_millis_f64(self) -> f64 {
        count_to_f64(self.0) / 1e6
    }

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl Add for Nanos {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Nanos {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.since(other)
    }
}

impl From<Nanos> for Duration {
    fn from(nanos: Nanos) -> Self {
        Self::from_nanos(nanos.0)
    }
}

impl From<Duration> for Nanos {
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// Units in the order in which they may follow each other, with their length in nanoseconds.
const UNITS: [(&str, f64); 8] = [
    ("d", 86_400e9),
    ("h", 3_600e9),
    ("m", 60e9),
    ("s", 1e9),
    ("ms", 1e6),
    ("us", 1e3),
    ("µs", 1e3),
    ("ns", 1.0),
];

impl FromStr for Nanos {
    type Err = UnitError;

    /// Reads `250ms`, `1.5s`, `1h30m`, `0`. A unit is required except for zero.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let bad = || UnitError::new(text, "a duration such as `250ms`, `30s` or `1h30m`");
        let mut rest = text.trim();
        if rest == "0" {
            return Ok(Self::ZERO);
        }
        if rest.is_empty() {
            return Err(bad());
        }
        let mut total = 0.0_f64;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
            let (number, tail) = rest.split_at(digits);
            let letters = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(letters);
            let number: f64 = number.parse().map_err(|_not_a_number| bad())?;
            let (_, length) = UNITS.iter().find(|(word, _)| *word == unit).ok_or_else(bad)?;
            total += number * length;
            rest = tail;
        }
        if total.is_finite() && total < 1e18 { Ok(Self(f64_to_u64(total))) } else { Err(bad()) }
    }
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_nanos(*self))
    }
}

/// A duration for people: three significant digits and the unit that fits, `1h 30m` when long.
pub fn format_nanos(nanos: Nanos) -> String {
    let value = count_to_f64(nanos.0);
    let (scaled, unit) = match nanos.0 {
        0 => return "0".to_owned(),
        1..1_000 => return format!("{} ns", nanos.0),
        1_000..1_000_000 => (value / 1e3, "µs"),
        1_000_000..1_000_000_000 => (value / 1e6, "ms"),
        1_000_000_000..60_000_000_000 => (value / 1e9, "s"),
        _ => return long(nanos),
    };
    let places = if scaled >= 99.95 {
        0
    } else if scaled >= 9.995 {
        1
    } else {
        2
    };
    format!("{scaled:.places$} {unit}")
}

/// A minute and more: the two largest units.
fn long(nanos: Nanos) -> String {
    let seconds = f64_to_u64((nanos.as_secs_f64()).round());
    let part = |length: u64, wrap: u64| seconds.div_euclid(length).rem_euclid(wrap);
    let (days, hours) = (seconds.div_euclid(86_400), part(3_600, 24));
    let (minutes, rest) = (part(60, 60), seconds.rem_euclid(60));
    let two = |a: u64, a_unit: &str, b: u64, b_unit: &str| {
        if b == 0 { format!("{a}{a_unit}") } else { format!("{a}{a_unit} {b}{b_unit}") }
    };
    if days > 0 {
        two(days, "d", hours, "h")
    } else if hours > 0 {
        two(hours, "h", minutes, "m")
    } else {
        two(minutes, "m", rest, "s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<u64> {
        text.parse::<Nanos>().ok().map(|n| n.0)
    }

    #[test]
    fn durations_are_read_with_their_unit() {
        assert_eq!(read("250ms"), Some(250_000_000));
        assert_eq!(read("1.5s"), Some(1_500_000_000));
        assert_eq!(read("1h30m"), Some(5_400_000_000_000));
        assert_eq!(read("2d"), Some(172_800_000_000_000));
        assert_eq!(read("15us"), Some(15_000));
        assert_eq!(read("0"), Some(0));
    }

    #[test]
    fn a_number_without_unit_is_refused() {
        for text in ["30", "", "s", "1.2.3s", "5x", "-3s", "1e9s", "99999999999d"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_shown_with_three_digits() {
        let shown = |n| format_nanos(Nanos(n));
        assert_eq!(shown(0), "0");
        assert_eq!(shown(999), "999 ns");
        assert_eq!(shown(1_234), "1.23 µs");
        assert_eq!(shown(99_960), "100 µs");
        assert_eq!(shown(12_345_678), "12.3 ms");
        assert_eq!(shown(1_000_000_000), "1.00 s");
        assert_eq!(shown(5_400_000_000_000), "1h 30m");
        assert_eq!(shown(61_000_000_000), "1m 1s");
    }
}
