//! How many requests took how long, over time: a stall is a bright row, a drift a slope.

use super::{Axis, Frame, column, svg};
use crate::report::document::Heat;
use crate::units::{Nanos, count_to_f64, format_nanos, group_thousands};

/// Shades from few to many.
const SHADES: u8 = 8;

/// Response times over the run as shades; empty without values.
pub(in crate::report) fn heat(heat: &Heat) -> String {
    let Some((low, high)) = heat.rows() else { return String::new() };
    let most = heat.cells().map(|(.., count)| count).max().unwrap_or_default();
    let column_seconds = heat.column.as_secs_f64();
    let columns = u32::try_from(heat.len()).unwrap_or(u32::MAX);
    let end = column_seconds * f64::from(columns);
    let [bottom, top] =
        [Heat::bottom(low), Heat::bottom(high + 1)].map(|edge| count_to_f64(edge.0.max(1)));
    let frame = Frame::wide(Axis::Linear { to: end }, Axis::Log { from: bottom, to: top });
    let start = |at: usize| column_seconds * f64::from(u32::try_from(at).unwrap_or(u32::MAX));
    let cell = |(at, row, count): (usize, usize, u64)| {
        let [from, to] = [at, at + 1].map(|at| frame.x(start(at)));
        let edge = |row| frame.y(count_to_f64(Heat::bottom(row).0));
        let (upper, lower) = (edge(row + 1), edge(row));
        format!(
            "<rect class=\"h{}\" x=\"{from:.1}\" y=\"{upper:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
            shade(count, most),
            to - from + 0.2,
            lower - upper + 0.2,
        )
    };
    let mut parts: Vec<String> = heat.cells().map(cell).collect();
    parts.extend(frame.levels(&|value| format_nanos(Nanos::from_secs_f64(value / 1e9))));
    parts.extend(frame.seconds());
    parts.extend(heat.columns().enumerate().map(|(at, cells)| {
        let all: u64 = cells.clone().map(|(_, count)| count).sum();
        let slowest = cells.map(|(row, _)| row).max();
        let slowest =
            slowest.map(|row| format!(", slowest below {}", format_nanos(Heat::bottom(row + 1))));
        let words = format!(
            "{}: {} requests{}",
            format_nanos(Nanos::from_secs_f64(start(at))),
            group_thousands(all),
            slowest.unwrap_or_default()
        );
        column(&frame, (frame.x(start(at)), frame.x(start(at + 1))), &words)
    }));
    let about = format!(
        "Number of requests by response time, over the run: from {} to {}, at most {} in {}",
        format_nanos(Heat::bottom(low)),
        format_nanos(Heat::bottom(high + 1)),
        group_thousands(most),
        format_nanos(heat.column)
    );
    svg(&frame, &about, &parts)
}

/// From 1 to [`SHADES`] by equal factors, so that one slow request is seen beside a thousand.
fn shade(count: u64, most: u64) -> u8 {
    let share = (1.0 + count_to_f64(count)).ln() / (1.0 + count_to_f64(most)).ln();
    (1..=SHADES)
        .find(|shade| f64::from(*shade) / f64::from(SHADES) >= share - 1e-9)
        .unwrap_or(SHADES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::Histogram;

    #[test]
    fn one_slow_request_is_seen_beside_many_quick_ones() {
        let mut map = Heat::new(Nanos::from_secs(10), Nanos::SECOND);
        let mut histogram = Histogram::new();
        (0..10_000).for_each(|_| histogram.record(Nanos::from_millis(2)));
        histogram.record(Nanos::from_millis(900));
        map.add(Nanos::from_secs(3), &histogram);
        let drawn = heat(&map);
        assert!(drawn.contains("class=\"h8\"") && drawn.contains("class=\"h1\""), "{drawn}");
        assert!(drawn.contains("3.00 s: 10,001 requests, slowest below 1.00 s"), "{drawn}");
        assert_eq!(heat(&Heat::new(Nanos::ZERO, Nanos::SECOND)), "");
    }
}
