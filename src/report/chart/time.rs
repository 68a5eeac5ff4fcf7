//! What happened over the run.

use super::axis::TOP;
use super::{Axis, Frame, column, path, svg};
use crate::names::ErrorKind;
use crate::report::document::{Latency, TimelinePoint};
use crate::report::figures;
use crate::units::{Nanos, count_to_f64, f64_to_u64, format_nanos};

/// More points than this can't be told apart on a screen; of each group the highest is drawn.
const MAX_POINTS: usize = 600;

/// As many places answer to a pointer.
const MAX_COLUMNS: usize = 150;

/// One line: its class in the style sheet, and its values; `None` is a gap.
struct Line {
    class: &'static str,
    values: Vec<Option<f64>>,
}

impl Line {
    fn of(
        class: &'static str,
        timeline: &[TimelinePoint],
        value: impl Fn(&TimelinePoint) -> Option<f64>,
    ) -> Self {
        Self { class, values: timeline.iter().map(value).collect() }
    }

    fn highest(&self) -> Option<f64> {
        self.values.iter().flatten().copied().reduce(f64::max)
    }
}

/// Response time percentiles over the run; empty without intervals.
pub(in crate::report) fn response(timeline: &[TimelinePoint]) -> String {
    let line = |class, choose: fn(Latency) -> Nanos| {
        Line::of(class, timeline, |point| {
            point.response.map(|latency| count_to_f64(choose(latency).0))
        })
    };
    let lines = [line("p50", |l| l.p50), line("p95", |l| l.p95), line("p99", |l| l.p99)];
    draw("Response time over the run", timeline, &lines, &|value| {
        format_nanos(Nanos(f64_to_u64(value)))
    })
}

/// Requests and errors per second over the run; empty without intervals.
pub(in crate::report) fn throughput(timeline: &[TimelinePoint]) -> String {
    let line = |class, choose: fn(&TimelinePoint) -> u64| {
        Line::of(class, timeline, |point| per_second(point, choose(point)))
    };
    let lines = [line("requests", |point| point.requests), line("errors", |point| point.errors)];
    draw("Per second over the run", timeline, &lines, &rate)
}

/// Errors per second by kind, the three most frequent kinds; with each its class and its kind.
/// Empty without errors.
pub(in crate::report) fn errors(
    timeline: &[TimelinePoint],
) -> (String, Vec<(&'static str, ErrorKind)>) {
    let count = |point: &TimelinePoint, kind: ErrorKind| {
        point.failed.iter().filter(|(own, _)| *own == kind).map(|(_, count)| *count).sum::<u64>()
    };
    let all = |kind: ErrorKind| timeline.iter().map(|point| count(point, kind)).sum::<u64>();
    let mut kinds: Vec<_> = ErrorKind::ALL.into_iter().filter(|kind| all(*kind) > 0).collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse(all(*kind)));
    let kinds: Vec<_> = ["p99", "p95", "p50"].into_iter().zip(kinds).collect();
    let line = |(class, kind): &(&'static str, ErrorKind)| {
        Line::of(class, timeline, |point| per_second(point, count(point, *kind)))
    };
    let lines: Vec<Line> = kinds.iter().map(line).collect();
    if lines.is_empty() {
        return (String::new(), Vec::new());
    }
    (draw("Errors per second over the run", timeline, &lines, &rate), kinds)
}

/// Lines of logs per second, of the three rules with most of them; with each its class and its
/// name. Empty without lines.
pub(in crate::report) fn log_lines(
    timeline: &[TimelinePoint],
) -> (String, Vec<(&'static str, &str)>) {
    let count = |point: &TimelinePoint, rule: &str| {
        point.log_lines.iter().filter(|(own, _)| own == rule).map(|(_, lines)| *lines).sum::<u64>()
    };
    let mut rules: Vec<(&str, u64)> = Vec::new();
    for (rule, lines) in timeline.iter().flat_map(|point| &point.log_lines) {
        match rules.iter_mut().find(|(known, _)| known == rule) {
            Some((_, sum)) => *sum = sum.saturating_add(*lines),
            None => rules.push((rule, *lines)),
        }
    }
    rules.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
    let names = rules.into_iter().map(|(rule, _)| rule);
    let rules: Vec<_> = ["p99", "p95", "p50"].into_iter().zip(names).collect();
    let line = |(class, rule): &(&'static str, &str)| {
        Line::of(class, timeline, |point| per_second(point, count(point, rule)))
    };
    let lines: Vec<Line> = rules.iter().map(line).collect();
    if lines.is_empty() {
        return (String::new(), Vec::new());
    }
    (draw("Lines of logs per second over the run", timeline, &lines, &rate), rules)
}

/// What a monitor read, over the run; empty if it is not a line: one value or none.
pub(in crate::report) fn reading(
    timeline: &[TimelinePoint],
    name: &str,
    word: &dyn Fn(f64) -> String,
) -> String {
    let own = |point: &TimelinePoint| {
        let found = point.readings.iter().find(|reading| reading.what == name);
        found.map(|reading| reading.value).filter(|value| value.is_finite() && *value >= 0.0)
    };
    let line = Line::of("p95", timeline, own);
    if line.values.iter().flatten().count() < 2 {
        return String::new();
    }
    draw("Readings over the run", timeline, &[line], word)
}

fn per_second(point: &TimelinePoint, count: u64) -> Option<f64> {
    let seconds = point.length.as_secs_f64();
    (seconds > 0.0).then(|| count_to_f64(count) / seconds)
}

fn rate(value: f64) -> String {
    figures::rate(Some(value))
}

fn draw(
    about: &str,
    timeline: &[TimelinePoint],
    lines: &[Line],
    word: &dyn Fn(f64) -> String,
) -> String {
    let Some(last) = timeline.last() else {
        return String::new();
    };
    let end = (last.start + last.length).as_secs_f64().max(f64::MIN_POSITIVE);
    let highest = lines.iter().filter_map(Line::highest).fold(0.0, f64::max);
    let frame = Frame::wide(Axis::Linear { to: end }, Axis::to_round(highest));
    let mut parts = warm_up(&frame, timeline);
    parts.extend(frame.levels(word));
    parts.extend(frame.seconds());
    parts.extend(lines.iter().map(|line| path(line.class, places(&frame, timeline, line))));
    parts.extend(columns(&frame, timeline, lines, word));
    let ends: Vec<String> = lines
        .iter()
        .map(|line| format!("{} up to {}", line.class, told(line.highest(), word)))
        .collect();
    let (from, to) = (format_nanos(Nanos::ZERO), format_nanos(Nanos::from_secs_f64(end)));
    svg(&frame, &format!("{about}, {from} to {to}: {}", ends.join(", ")), &parts)
}

/// Where a line goes, of each group of intervals the highest value; `None` where there is none, and
/// between intervals that do not follow each other, as those of two repetitions.
fn places<'a>(
    frame: &'a Frame,
    timeline: &'a [TimelinePoint],
    line: &'a Line,
) -> impl Iterator<Item = Option<(f64, f64)>> + 'a {
    let together = timeline.len().div_ceil(MAX_POINTS).max(1);
    let groups = timeline.chunks(together).zip(line.values.chunks(together));
    let mut ended = None;
    groups.flat_map(move |(points, values)| {
        let first = points.first();
        let gap = first.zip(ended).is_some_and(|(point, end)| point.start > end + point.length);
        ended = points.last().map(|point| point.start + point.length);
        let place = first.and_then(|point| {
            let middle = point.start + Nanos(point.length.0.div_euclid(2));
            let value = values.iter().flatten().copied().reduce(f64::max)?;
            Some((frame.x(middle.as_secs_f64()), frame.y(value)))
        });
        gap.then_some(None).into_iter().chain([place])
    })
}

fn told(value: Option<f64>, word: &dyn Fn(f64) -> String) -> String {
    value.map_or_else(|| figures::NOTHING.to_owned(), word)
}

/// What does not count is shaded, neighbours as one.
fn warm_up(frame: &Frame, timeline: &[TimelinePoint]) -> Vec<String> {
    let height = frame.bottom() - TOP;
    let stretches = timeline.chunk_by(|a, b| a.measured == b.measured);
    let unmeasured = stretches.filter(|points| points.iter().all(|point| !point.measured));
    let shade = |points: &[TimelinePoint]| {
        let (first, last) = (points.first()?, points.last()?);
        let from = frame.x(first.start.as_secs_f64());
        let width = frame.x((last.start + last.length).as_secs_f64()) - from;
        Some(format!(
            "<rect class=\"warm-up\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{width:.1}\" \
             height=\"{height}\"/>"
        ))
    };
    unmeasured.filter_map(shade).collect()
}

/// Of each group of intervals the highest values, as words.
fn columns(
    frame: &Frame,
    timeline: &[TimelinePoint],
    lines: &[Line],
    word: &dyn Fn(f64) -> String,
) -> Vec<String> {
    let together = timeline.len().div_ceil(MAX_COLUMNS).max(1);
    let groups = timeline.chunks(together).enumerate();
    let one = |(at, points): (usize, &[TimelinePoint])| {
        let (first, last) = (points.first()?, points.last()?);
        let own = |line: &Line| {
            let values = line.values.iter().skip(at * together).take(together);
            let value = told(values.flatten().copied().reduce(f64::max), word);
            if lines.len() == 1 { value } else { format!("{} {value}", line.class) }
        };
        let said: Vec<String> = lines.iter().map(own).collect();
        let ends = [first.start, last.start + last.length].map(Nanos::as_secs_f64);
        let [from, to] = ends.map(|end| frame.x(end));
        let words = format!("{}: {}", format_nanos(first.start), said.join(", "));
        Some(column(frame, (from, to), &words))
    };
    groups.filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Reading;

    fn point(second: u64, measured: bool, failed: Vec<(ErrorKind, u64)>) -> TimelinePoint {
        TimelinePoint {
            start: Nanos::from_secs(second),
            length: Nanos::SECOND,
            measured,
            requests: 5,
            errors: failed.iter().map(|(_, count)| count).sum(),
            failed,
            response: None,
            active_users: 0,
            readings: Reading::new("db.active", count_to_f64(second)).into_iter().collect(),
            log_lines: vec![("<b>timeouts</b>".to_owned(), second)],
        }
    }

    #[test]
    fn a_run_without_intervals_has_no_chart() {
        assert_eq!((response(&[]), throughput(&[])), (String::new(), String::new()));
        assert_eq!(errors(&[point(0, true, Vec::new())]), (String::new(), Vec::new()));
    }

    #[test]
    fn the_rules_with_most_lines_are_drawn() {
        let mut timeline: Vec<_> = (0..5).map(|second| point(second, true, Vec::new())).collect();
        for (at, rule) in ["a", "b", "c"].into_iter().enumerate() {
            timeline[4].log_lines.push((rule.to_owned(), 7 + u64::try_from(at).unwrap()));
        }
        let (drawn, rules) = log_lines(&timeline);
        assert_eq!(rules, [("p99", "<b>timeouts</b>"), ("p95", "c"), ("p50", "b")]);
        assert!(drawn.contains("p99 up to 4.0/s") && !drawn.contains("<b>"), "{drawn}");
        assert_eq!(log_lines(&[]), (String::new(), Vec::new()));
    }

    #[test]
    fn what_does_not_count_is_one_shade_and_two_days_have_few_columns() {
        let timeline: Vec<_> =
            (0..172_800).map(|second| point(second, second > 600, Vec::new())).collect();
        let drawn = throughput(&timeline);
        assert_eq!(drawn.matches("warm-up").count(), 1);
        assert_eq!(drawn.matches("class=\"hit\"").count(), MAX_COLUMNS);
        assert!(drawn.len() < 60_000, "{}", drawn.len());
        assert!(drawn.contains("requests up to 5.0/s, errors up to 0.0/s"), "{drawn}");
    }

    #[test]
    fn a_line_breaks_between_repetitions() {
        let seconds = [0, 1, 2, 60, 61];
        let timeline: Vec<_> =
            seconds.into_iter().map(|second| point(second, true, Vec::new())).collect();
        let drawn = throughput(&timeline);
        let requests = drawn.split("<path class=\"requests\"").nth(1).unwrap();
        let path = requests.split("/>").next().unwrap();
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 3), "{path}");
    }

    #[test]
    fn the_most_frequent_kinds_of_errors_have_lines() {
        let timeline = [
            point(0, true, vec![(ErrorKind::Timeout, 3), (ErrorKind::Check, 9)]),
            point(1, true, vec![(ErrorKind::Reset, 1), (ErrorKind::Tls, 2)]),
        ];
        let (drawn, kinds) = errors(&timeline);
        let found: Vec<_> = kinds.iter().map(|(_, kind)| *kind).collect();
        assert_eq!(found, [ErrorKind::Check, ErrorKind::Timeout, ErrorKind::Tls]);
        assert_eq!(drawn.matches("<path").count(), 3);
    }

    #[test]
    fn a_reading_is_drawn_when_there_is_a_line() {
        let timeline = [point(0, true, Vec::new()), point(3, true, Vec::new())];
        let word = |value: f64| value.to_string();
        assert!(reading(&timeline, "db.active", &word).contains(">3.00 s: 3<"), "its value");
        assert_eq!(reading(&timeline[..1], "db.active", &word), "");
        assert_eq!(reading(&timeline, "db.pool_use", &word), "");
    }
}
