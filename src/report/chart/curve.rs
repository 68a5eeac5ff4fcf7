//! Whole distributions: how long the slowest of a hundred, of a thousand took.

use super::{Axis, Frame, column, path, svg};
use crate::report::document::Curve;
use crate::units::{Nanos, count_to_f64, format_nanos};

/// The quantiles that are written below the axis.
const TICKS: [(f64, &str); 6] = [
    (0.5, "50 %"),
    (0.9, "90 %"),
    (0.99, "99 %"),
    (0.999, "99.9 %"),
    (0.9999, "99.99 %"),
    (0.99999, "99.999 %"),
];

/// The percentile curve of all requests, and that of the baseline; empty without values.
///
/// The horizontal axis is that of HDR histograms: equal steps for each factor of ten in the share
/// of slower requests.
pub(in crate::report) fn percentiles(candidate: &Curve, baseline: Option<&Curve>) -> String {
    let both: Vec<&Curve> = baseline.into_iter().chain([candidate]).collect();
    let values = both.iter().flat_map(|curve| &curve.points).map(|(_, value)| value.0.max(1));
    let (Some(least), Some(most)) = (values.clone().min(), values.max()) else {
        return String::new();
    };
    let n = both.iter().map(|curve| curve.n).max().unwrap_or_default();
    let across = Axis::Log { from: 1.0, to: count_to_f64(n).max(10.0) };
    // A tenth more room at either end, so that no line lies on the frame.
    let up = Axis::Log { from: count_to_f64(least) / 1.1, to: count_to_f64(most) * 1.1 };
    let frame = Frame::wide(across, up);
    let mut parts = frame.levels(&|value| format_nanos(nanos(value)));
    let ticks = TICKS.iter().filter(|(quantile, _)| {
        // The quantile is not exact to its last bit.
        1.0 / (1.0 - quantile) <= count_to_f64(n) * 1.000_001
    });
    let ticks: Vec<_> =
        ticks.map(|(quantile, word)| (slower(*quantile, n), (*word).to_owned())).collect();
    parts.extend(frame.words(&ticks));
    let line = |class, curve: &Curve| {
        let places = curve.points.iter();
        path(
            class,
            places.map(|(quantile, value)| {
                Some((frame.x(slower(*quantile, curve.n)), frame.y(count_to_f64(value.0.max(1)))))
            }),
        )
    };
    parts.extend(baseline.map(|curve| line("baseline", curve)));
    parts.push(line("candidate", candidate));
    parts.extend(columns(&frame, candidate, baseline));
    svg(&frame, &about(candidate, baseline), &parts)
}

/// One in how many is slower than this quantile: the place on the axis. The largest value stands
/// where one in all of them is.
fn slower(quantile: f64, n: u64) -> f64 {
    (1.0 / (1.0 - quantile)).min(count_to_f64(n)).max(1.0)
}

fn nanos(value: f64) -> Nanos {
    Nanos::from_secs_f64(value / 1e9)
}

fn columns(frame: &Frame, candidate: &Curve, baseline: Option<&Curve>) -> Vec<String> {
    let n = candidate.n;
    let places: Vec<f64> =
        candidate.points.iter().map(|(quantile, _)| frame.x(slower(*quantile, n))).collect();
    let one = |(at, (quantile, value)): (usize, &(f64, Nanos))| {
        let x = places.get(at)?;
        let near = |other: Option<&f64>| other.map_or(*x, |other| f64::midpoint(*x, *other));
        let from = near(at.checked_sub(1).and_then(|before| places.get(before)));
        let to = near(places.get(at + 1));
        let beside = baseline.and_then(|curve| {
            let found = curve.points.iter().find(|(own, _)| own >= quantile)?;
            Some(format!(", baseline {}", format_nanos(found.1)))
        });
        let words = format!(
            "{}: {}{}",
            percent(*quantile),
            format_nanos(*value),
            beside.unwrap_or_default()
        );
        Some(column(frame, (from, to), &words))
    };
    candidate.points.iter().enumerate().filter_map(one).collect()
}

/// A quantile as people say it.
fn percent(quantile: f64) -> String {
    if quantile >= 1.0 {
        return "slowest".to_owned();
    }
    // As many digits as tell it from its neighbours.
    let digits = match () {
        () if quantile < 0.990_001 => 1,
        () if quantile < 0.999_001 => 2,
        () if quantile < 0.999_901 => 3,
        () if quantile < 0.999_991 => 4,
        () => 7,
    };
    format!("{:.*} %", digits, quantile * 100.0)
}

fn about(candidate: &Curve, baseline: Option<&Curve>) -> String {
    let at = |curve: &Curve, quantile: f64| {
        let found = curve.points.iter().find(|(own, _)| *own >= quantile);
        found.map_or_else(|| "–".to_owned(), |(_, value)| format_nanos(*value))
    };
    let of = |name: &str, curve: &Curve| {
        let [half, most, last] = [0.5, 0.99, 1.0].map(|quantile| at(curve, quantile));
        format!("{name} median {half}, 99 % within {most}, slowest {last}")
    };
    let other = baseline.map(|curve| format!("; {}", of("baseline", curve)));
    let name = if baseline.is_some() { "candidate" } else { "all requests" };
    format!(
        "Share of requests by response time: {}{}",
        of(name, candidate),
        other.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::Histogram;

    fn curve(values: std::ops::RangeInclusive<u64>) -> Curve {
        let mut histogram = Histogram::new();
        values.for_each(|value| histogram.record(Nanos::from_millis(value)));
        Curve::from(&histogram)
    }

    #[test]
    fn both_curves_are_drawn_and_said_in_words() {
        let drawn = percentiles(&curve(1..=1_000), Some(&curve(2..=2_000)));
        assert_eq!(drawn.matches("<path").count(), 2);
        let words = "candidate median 500 ms, 99 % within 990 ms, slowest 1.00 s; baseline median";
        assert!(drawn.contains(words), "{drawn}");
        assert!(drawn.contains("99.9 %</text>") && !drawn.contains("99.99 %</text>"));
        assert!(drawn.contains("<title>90.0 %: 900 ms, baseline 1.80 s</title>"), "{drawn}");
        assert!(
            drawn.contains("<title>99.90 %: ") && !drawn.contains("NaN") && !drawn.contains("inf")
        );
    }

    #[test]
    fn nothing_is_no_chart_and_one_request_is_one() {
        assert_eq!(percentiles(&Curve::default(), None), "");
        let one = percentiles(&curve(5..=5), None);
        assert!(one.contains("<path class=\"candidate\"") && !one.contains("NaN"), "{one}");
        let beside = percentiles(&Curve::default(), Some(&curve(1..=10)));
        assert!(beside.contains("all requests") || beside.contains("candidate median –"));
    }
}
