//! Charts over time as inline SVG: made of numbers only, so no text of a stranger gets into them.

use super::document::{Latency, TimelinePoint};
use super::figures;
use crate::units::{Nanos, count_to_f64, f64_to_u64, format_nanos};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 28.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 28.0;

/// More points than this can't be told apart on a screen; of each group the highest is drawn.
const MAX_POINTS: usize = 600;

/// One line of a chart: its class in the style sheet, and its values; `None` is a gap.
struct Line {
    class: &'static str,
    values: Vec<Option<f64>>,
}

/// Response time percentiles over the run.
pub(super) fn response(timeline: &[TimelinePoint]) -> String {
    let line = |class, choose: fn(Latency) -> Nanos| Line {
        class,
        values: timeline
            .iter()
            .map(|point| point.response.map(|latency| count_to_f64(choose(latency).0)))
            .collect(),
    };
    let lines = [line("p50", |l| l.p50), line("p95", |l| l.p95), line("p99", |l| l.p99)];
    draw(timeline, &lines, &|value| format_nanos(Nanos(f64_to_u64(value))))
}

/// Requests and errors per second over the run.
pub(super) fn throughput(timeline: &[TimelinePoint]) -> String {
    let line = |class, choose: fn(&TimelinePoint) -> u64| Line {
        class,
        values: timeline
            .iter()
            .map(|point| {
                let seconds = point.length.as_secs_f64();
                (seconds > 0.0).then(|| count_to_f64(choose(point)) / seconds)
            })
            .collect(),
    };
    let lines = [line("requests", |point| point.requests), line("errors", |point| point.errors)];
    draw(timeline, &lines, &|value| figures::rate(Some(value)))
}

fn draw(timeline: &[TimelinePoint], lines: &[Line], unit: &dyn Fn(f64) -> String) -> String {
    let Some(last) = timeline.last() else {
        return String::new();
    };
    let end = (last.start + last.length).as_secs_f64().max(f64::MIN_POSITIVE);
    let highest = lines.iter().flat_map(|line| line.values.iter().flatten()).copied();
    let top = nice(highest.fold(0.0, f64::max));
    let across = |nanos: Nanos| LEFT + nanos.as_secs_f64() / end * (WIDTH - LEFT - RIGHT);
    let up = |value: f64| HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM);

    let mut parts = vec![format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">")];
    let warm_up = timeline.iter().filter(|point| !point.measured);
    parts.extend(warm_up.map(|point| {
        let (x, width) = (across(point.start), across(point.length) - LEFT);
        let height = HEIGHT - TOP - BOTTOM;
        format!(
            "<rect class=\"warm-up\" x=\"{x:.1}\" y=\"{TOP}\" width=\"{width:.1}\" \
             height=\"{height}\"/>"
        )
    }));
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (y, text) = (up(top * share), unit(top * share));
        let (right, beside, below) = (WIDTH - RIGHT, LEFT - 6.0, y + 4.0);
        parts.push(format!(
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>\
             <text class=\"y\" x=\"{beside}\" y=\"{below:.1}\">{text}</text>"
        ));
    }
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let moment = Nanos::from_secs_f64(end * share);
        let (x, y, text) = (across(moment), HEIGHT - 8.0, format_nanos(moment));
        parts.push(format!("<text class=\"x\" x=\"{x:.1}\" y=\"{y}\">{text}</text>"));
    }
    for line in lines {
        let path = path(timeline, &line.values, &across, &up);
        parts.push(format!("<path class=\"{}\" d=\"{path}\"/>", line.class));
    }
    parts.push("</svg>".to_owned());
    parts.concat()
}

/// The line through the middles of the intervals; it breaks where there is no value.
fn path(
    timeline: &[TimelinePoint],
    values: &[Option<f64>],
    across: &dyn Fn(Nanos) -> f64,
    up: &dyn Fn(f64) -> f64,
) -> String {
    let together = timeline.len().div_ceil(MAX_POINTS).max(1);
    let mut commands = Vec::new();
    let mut pen_is_down = false;
    for (points, values) in timeline.chunks(together).zip(values.chunks(together)) {
        let highest = values.iter().flatten().copied().reduce(f64::max);
        let (Some(value), Some(point)) = (highest, points.first()) else {
            pen_is_down = false;
            continue;
        };
        let middle = point.start + Nanos(point.length.0.div_euclid(2));
        let (x, y) = (across(middle), up(value));
        // A lone point is seen as a dot: a line of no length with round ends.
        commands.push(if pen_is_down {
            format!("L{x:.1} {y:.1}")
        } else {
            format!("M{x:.1} {y:.1}h0")
        });
        pen_is_down = true;
    }
    commands.concat()
}

/// The next number upwards that people like on an axis: 1, 2, 4 or 8 with zeros.
fn nice(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let ten = 10.0_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 4.0, 8.0].map(|step| step * ten);
    steps.into_iter().find(|step| *step >= value).unwrap_or(ten * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number() {
        let close = |value: f64, want: f64| (nice(value) - want).abs() < want * 1e-9;
        assert!(close(0.0, 1.0));
        assert!(close(93.0, 100.0));
        assert!(close(3.1e6, 4e6));
        assert!(close(8.5, 10.0));
    }

    #[test]
    fn a_gap_is_a_gap_and_a_run_without_intervals_has_no_chart() {
        let point = |second: u64| TimelinePoint {
            start: Nanos::from_secs(second),
            length: Nanos::SECOND,
            measured: true,
            requests: 1,
            errors: 0,
            response: None,
            active_users: 0,
            readings: Vec::new(),
        };
        let points = [point(0), point(1), point(2)];
        let values = [Some(1.0), None, Some(2.0)];
        let path = path(&points, &values, &|at| at.as_secs_f64(), &|value| value);
        assert_eq!(path, "M0.5 1.0h0M2.5 2.0h0");
        assert_eq!(response(&[]), "");
    }
}
