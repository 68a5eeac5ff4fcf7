//! Reading quantities as people write them: `50ms`, `1h`, `5%`, `20MB`, `2MB/h`.

use std::time::Duration;

/// A duration such as `250ms`, `1s`, `30m`, `1h30m`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, tail) = leading(rest, |c| c.is_ascii_digit() || c == '.')?;
        let (unit, tail) = leading(tail, |c| c.is_ascii_alphabetic())?;
        let seconds = match unit {
            "us" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        total = total.checked_add(part)?;
        rest = tail;
    }
    Some(total)
}

/// A share between 0 and 1, written `5%` or `0.05`.
pub(crate) fn share(text: &str) -> Option<f64> {
    let text = text.trim();
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
        None => text.parse::<f64>().ok()?,
    };
    (0.0..=1.0).contains(&value).then_some(value)
}

/// A number of bytes such as `512B`, `64KB`, `20MB`, `1GiB`.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = leading(text.trim(), |c| c.is_ascii_digit())?;
    let factor: u64 = match unit {
        "B" => 1,
        "KB" | "kB" => 1_000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Bytes in a span of time: `2MB/h`, `100KB/s`.
pub(crate) fn byte_rate(text: &str) -> Option<(u64, Duration)> {
    let (amount, unit) = text.split_once('/')?;
    let span = match unit.trim() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        _ => return None,
    };
    Some((bytes(amount)?, Duration::from_secs(span)))
}

/// Splits off the longest non-empty beginning whose characters all fit.
fn leading(text: &str, fits: impl Fn(char) -> bool) -> Option<(&str, &str)> {
    let end = text.find(|c| !fits(c)).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(head, _)| !head.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("1h30m"), Some(Duration::from_mins(90)));
        assert_eq!(duration("1.5s"), Some(Duration::from_millis(1_500)));
        for wrong in ["", "5", "s", "1x", "1e9", "-1s", "99999999999999999999h"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn shares_lie_between_nothing_and_all() {
        assert_eq!(share("5%"), Some(0.05));
        assert_eq!(share("0.5"), Some(0.5));
        for wrong in ["101%", "-1%", "NaN", "x", "%"] {
            assert_eq!(share(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn bytes_and_rates() {
        assert_eq!(bytes("20MB"), Some(20_000_000));
        assert_eq!(bytes("1KiB"), Some(1_024));
        assert_eq!(bytes("20"), None);
        assert_eq!(bytes("99999999999GB"), None);
        assert_eq!(byte_rate("2MB/h"), Some((2_000_000, Duration::from_hours(1))));
        assert_eq!(byte_rate("2MB"), None);
    }
}
