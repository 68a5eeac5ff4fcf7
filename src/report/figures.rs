//! Numbers as people read them. What there is no number for is a dash.

use jiff::Timestamp;

use crate::units::{Nanos, Ratio, f64_to_u64, format_nanos, group_thousands};

/// Stands where there is no number.
pub(super) const NOTHING: &str = "–";

pub(super) fn nanos(value: Option<Nanos>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), format_nanos)
}

pub(super) fn count(value: u64) -> String {
    group_thousands(value)
}

pub(super) fn rate(value: Option<f64>) -> String {
    match value {
        None => NOTHING.to_owned(),
        Some(rate) if rate >= 100.0 => format!("{}/s", group_thousands(f64_to_u64(rate))),
        Some(rate) if rate >= 0.1 || rate == 0.0 => format!("{rate:.1}/s"),
        Some(rate) => format!("{rate:.3}/s"),
    }
}

/// How many there are for each request: `7.0`, `0.25`, `0`.
pub(super) fn per_request(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else if value < 1.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.1}")
    }
}

pub(super) fn share(value: Option<Ratio>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |share| share.to_string())
}

/// `1 error`, `2 errors`.
pub(super) fn some(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", group_thousands(count), if count == 1 { one } else { many })
}

/// A moment in RFC 3339, UTC, to the millisecond; a dash beyond the year 9999.
pub(super) fn rfc3339(unix_ns: u64) -> String {
    let millis = i64::try_from(unix_ns.div_euclid(1_000_000)).ok();
    let moment = millis.and_then(|millis| Timestamp::from_millisecond(millis).ok());
    moment.map_or_else(|| NOTHING.to_owned(), |moment| format!("{moment:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_a_dash_and_not_zero() {
        assert_eq!([nanos(None), rate(None), share(None)], [NOTHING; 3]);
        assert_eq!(rate(Some(0.0)), "0.0/s");
        assert_eq!(rate(Some(0.004)), "0.004/s");
        assert_eq!(rate(Some(12_345.6)), "12,346/s");
    }

    #[test]
    fn a_moment_is_written_in_utc() {
        assert_eq!(rfc3339(1_767_323_045_123_456_789), "2026-01-02T03:04:05.123Z");
        assert_eq!(rfc3339(1_767_323_045_000_000_000), "2026-01-02T03:04:05.000Z");
    }
}
