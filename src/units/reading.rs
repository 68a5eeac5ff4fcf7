//! The unit of a reading, which its name ends with.

use super::{
    Bytes, Nanos, Ratio, UnitError, count_to_f64, f64_to_u64, format_nanos, group_thousands,
};

/// What a reading is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingUnit {
    /// `_bytes`
    Bytes,
    /// `_bytes_per_s`
    BytesPerSecond,
    /// `_s`, `_seconds`
    Seconds,
    /// `_ms`, `_milliseconds`
    Milliseconds,
    /// `_share`, `_use`, `_ratio`, `cpu`; 1 is 100 %.
    Share,
    /// `_per_s`
    PerSecond,
    /// Anything else.
    Count,
}

impl ReadingUnit {
    /// The unit of the reading with this name; labels of Prometheus are no part of it.
    pub fn of(name: &str) -> Self {
        let base = name.split('{').next().unwrap_or_default();
        if let Some(what) = base.strip_suffix("_per_s") {
            return match Self::of(what) {
                Self::Bytes => Self::BytesPerSecond,
                // Seconds of work in each second.
                Self::Seconds => Self::Share,
                Self::BytesPerSecond
                | Self::Milliseconds
                | Self::Share
                | Self::PerSecond
                | Self::Count => Self::PerSecond,
            };
        }
        match base.rsplit(['_', '.']).next().unwrap_or_default() {
            "bytes" => Self::Bytes,
            "s" | "seconds" => Self::Seconds,
            "ms" | "milliseconds" => Self::Milliseconds,
            "share" | "use" | "ratio" | "cpu" => Self::Share,
            _ => Self::Count,
        }
    }

    /// A value for people: `1.23 GB`, `87.5 %`.
    pub fn text(self, value: f64) -> String {
        let seconds = |seconds| format_nanos(Nanos::from_secs_f64(seconds));
        match self {
            // What falls below zero is shown as it is: a duration or a size can't.
            _ if value < 0.0 && self != Self::Share => number(value),
            Self::Share => Ratio(value).to_string(),
            Self::Bytes => Bytes(f64_to_u64(value)).to_string(),
            Self::BytesPerSecond => format!("{}/s", Bytes(f64_to_u64(value))),
            Self::Seconds => seconds(value),
            Self::Milliseconds => seconds(value / 1e3),
            Self::PerSecond => format!("{value:.2}/s"),
            Self::Count => number(value),
        }
    }

    /// A value as people write it: `2GB`, `50%`, `200ms`; a bare number where there is no unit.
    pub fn read(self, text: &str) -> Result<f64, UnitError> {
        let text = text.trim();
        let bad = |wanted| UnitError::new(text, wanted);
        let number = |text: &str, wanted: &'static str| {
            let number: Option<f64> = text.trim().parse().ok();
            number.filter(|number| number.is_finite()).ok_or_else(|| bad(wanted))
        };
        let each = text.strip_suffix("/s").unwrap_or(text).trim();
        match self {
            Self::Bytes => text.parse().map(|Bytes(bytes)| count_to_f64(bytes)),
            Self::BytesPerSecond => each.parse().map(|Bytes(bytes)| count_to_f64(bytes)),
            Self::Seconds => text.parse().map(Nanos::as_secs_f64),
            Self::Milliseconds => text.parse().map(Nanos::as_millis_f64),
            Self::Share => text.parse().map(|Ratio(share)| share),
            Self::PerSecond => number(each, "a number per second such as `5/s`"),
            Self::Count => number(text, "a number"),
        }
    }
}

/// A number that has no unit: whole ones with their thousands, others to a tenth.
fn number(value: f64) -> String {
    let whole = f64_to_u64(value);
    let is_whole = (count_to_f64(whole) - value).abs() < 1e-9;
    if is_whole { group_thousands(whole) } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_and_read_in_the_unit_of_its_name() {
        let check = |name: &str, value: f64, shown: &str| {
            assert_eq!(ReadingUnit::of(name).text(value), shown, "{name}");
        };
        check("app.rss_bytes", 1_234_000_000.0, "1.23 GB");
        check("host.received_bytes_per_s", 2_500.0, "2.5 kB/s");
        check("db.oldest_transaction_s", 0.25, "250 ms");
        check("process_uptime_seconds", 90.0, "1m 30s");
        check("db.statement_mean_ms", 61.5, "61.5 ms");
        check("app.cpu", 1.5, "150.0 %");
        check("db.pool_use", 0.875, "87.5 %");
        check("http_requests_per_s{code=\"5_ms\"}", 0.5, "0.50/s");
        check("process_cpu_seconds_per_s", 0.5, "50.0 %");
        check("db.connections", 1_234.0, "1,234");
        check("db.connections", 2.25, "2.2");
        check("x_bytes", -3.5, "-3.5");
    }

    #[test]
    fn what_people_write_is_read_in_the_unit_of_the_name() {
        let read = |name: &str, text: &str| ReadingUnit::of(name).read(text).ok();
        assert_eq!(read("rss_bytes", "2GB"), Some(2e9));
        assert_eq!(read("sent_bytes_per_s", "5MB/s"), Some(5e6));
        assert_eq!(read("cpu", "50%"), Some(0.5));
        assert_eq!(read("mean_ms", "0.2s"), Some(200.0));
        assert_eq!(read("age_s", "2m"), Some(120.0));
        assert_eq!(read("errors_per_s", "0.5/s"), Some(0.5));
        assert_eq!(read("fds", "1000"), Some(1_000.0));
        for (name, text) in
            [("rss_bytes", "2"), ("cpu", "much"), ("age_s", "50%"), ("fds", "2GB"), ("fds", "inf")]
        {
            assert_eq!(read(name, text), None, "{name} {text}");
        }
    }
}
