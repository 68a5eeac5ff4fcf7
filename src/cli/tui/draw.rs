//! How a picture is laid out on a terminal of some size.

use ratatui::Frame as Canvas;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, Chart, Dataset, GraphType, Paragraph};

use super::tables;
use crate::cli::progress::clock;
use crate::cli::terminal::printable;
use crate::report::live::{Frame, Stage};
use crate::units::{Nanos, count_to_f64, f64_to_u64, format_nanos, group_thousands};

/// Rows from which on there is room for charts beside a table of some rows.
const ROWS_FOR_CHARTS: u16 = 24;

/// Stands where there is no number.
const NOTHING: &str = "–";

/// Everything that is drawn.
pub(super) struct Picture<'a> {
    pub(super) frame: &'a Frame,
    /// The newest messages.
    pub(super) messages: &'a [String],
    /// Where the page is, if there is one.
    pub(super) url: Option<&'a str>,
    /// Rows of the table of endpoints that are above the screen.
    pub(super) offset: usize,
    pub(super) paint: Paint,
}

/// Whether colours may be used (<https://no-color.org>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Colour,
    Plain,
}

impl Paint {
    /// This colour, if there may be any.
    pub(super) fn colour(self, colour: Color) -> Style {
        match self {
            Self::Colour => Style::new().fg(colour),
            Self::Plain => Style::new(),
        }
    }

    /// What is wrong, if something is.
    pub(super) fn bad_if(self, count: u64) -> Style {
        if count > 0 { self.colour(Color::Red).add_modifier(Modifier::BOLD) } else { Style::new() }
    }
}

/// How what is of less interest looks.
pub(super) fn quiet() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

/// Draws the picture: what has no room is left out, the least important first.
pub(super) fn draw(canvas: &mut Canvas<'_>, picture: &Picture<'_>) {
    let area = canvas.area();
    let rows = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
    let charts = if area.height >= ROWS_FOR_CHARTS { area.height.div_euclid(4) } else { 0 };
    let errors = match picture.frame.errors.len() {
        0 => 0,
        // A line above them, and of small terminals no more than a fifth.
        some => rows(some + 1).min(area.height.div_euclid(5).max(3)),
    };
    let parts = [
        Constraint::Length(4),
        Constraint::Length(charts),
        Constraint::Min(3),
        Constraint::Length(errors),
        Constraint::Length(rows(picture.messages.len())),
        Constraint::Length(1),
    ];
    let [head, charts, table, errors, messages, foot] = Layout::vertical(parts).areas(area);
    draw_head(canvas, head, picture);
    draw_charts(canvas, charts, picture);
    tables::endpoints(canvas, table, picture);
    tables::errors(canvas, errors, picture);
    let lines: Vec<Line<'_>> =
        picture.messages.iter().map(|text| Line::from(printable(&unpainted(text)))).collect();
    canvas
        .render_widget(Paragraph::new(lines).style(picture.paint.colour(Color::Yellow)), messages);
    draw_foot(canvas, foot, picture);
}

/// A message without the sequences that colour it.
fn unpainted(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once('m').map_or(part, |(_, text)| text));
    let text = std::iter::once(first.as_str()).chain(rest).collect::<String>();
    // Several lines become one: there is room for one each.
    text.replace('\n', "  ")
}

fn draw_head(canvas: &mut Canvas<'_>, area: Rect, picture: &Picture<'_>) {
    let (frame, paint) = (picture.frame, picture.paint);
    let width = usize::from(area.width);
    let subject = &frame.subject;
    let which =
        if subject.which.is_empty() { String::new() } else { format!(" · {}", subject.which) };
    let title = Line::from(vec![
        Span::styled(subject.scenario.as_str(), Style::new().add_modifier(Modifier::BOLD)),
        Span::styled(format!("{which} · {}", subject.target), quiet()),
    ]);
    let (now, total) = (&frame.now, &frame.total);
    let figure = |name: &'static str, value: String, style: Style| Figure { name, value, style };
    let plain = Style::new();
    let failing = f64_to_u64(now.error_rate.ceil());
    let lately = vec![
        figure("req/s", rate(now.rate), plain),
        figure("p50", time(now.response.p50_ns), plain),
        figure("p95", time(now.response.p95_ns), plain),
        figure("p99", time(now.response.p99_ns), plain),
        figure("err/s", rate(now.error_rate), paint.bad_if(failing)),
        figure("users", group_thousands(now.users), plain),
    ];
    let so_far = vec![
        figure("requests", group_thousands(total.requests), plain),
        figure("errors", group_thousands(total.errors), paint.bad_if(total.errors)),
        figure("dropped", group_thousands(total.dropped), paint.bad_if(total.dropped)),
        figure("lag p99", time(now.lag_p99_ns), plain),
        figure("CPU", format!("{:.2}", now.cpu), plain),
    ];
    let lines =
        vec![title, progress(frame, width, paint), fitting(lately, width), fitting(so_far, width)];
    canvas.render_widget(Paragraph::new(lines), area);
}

/// A number with its name.
struct Figure {
    name: &'static str,
    value: String,
    style: Style,
}

impl Figure {
    /// Its columns, with the space that follows.
    fn width(&self) -> usize {
        self.name.chars().count() + self.value.chars().count() + 3
    }
}

/// As many figures as have room, each whole: half a number is a wrong number. The median goes
/// first, then what stands last.
fn fitting(mut figures: Vec<Figure>, width: usize) -> Line<'static> {
    let fits = |figures: &[Figure]| figures.iter().map(Figure::width).sum::<usize>() <= width + 2;
    if !fits(&figures) {
        figures.retain(|figure| figure.name != "p50");
    }
    while !fits(&figures) {
        figures.pop();
    }
    let spans = figures.into_iter().flat_map(|Figure { name, value, style }| {
        [
            Span::styled(format!("{name} "), quiet()),
            Span::styled(value, style.add_modifier(Modifier::BOLD)),
            Span::raw("  "),
        ]
    });
    Line::from(spans.collect::<Vec<_>>())
}

/// Where the run is: in words, as a bar, and the time since the start.
fn progress(frame: &Frame, width: usize, paint: Paint) -> Line<'static> {
    let place = match (frame.stage, frame.phases.get(frame.phase)) {
        (Stage::Starting, _) => "starting".to_owned(),
        (Stage::Stopping, _) => "stopping".to_owned(),
        (Stage::Measured | Stage::Ended, _) => "measured".to_owned(),
        (Stage::Running, None) => String::new(),
        (Stage::Running, Some(phase)) => {
            let left = frame.end_ns.saturating_sub(frame.elapsed_ns);
            let rest = if left == 0 {
                "waiting for journeys under way".to_owned()
            } else {
                format!("{} left", clock(Nanos(left.next_multiple_of(1_000_000_000))))
            };
            let apart = if phase.measured { "" } else { " (not measured)" };
            format!("{}{apart} · {rest}", phase.name)
        }
    };
    let since = clock(Nanos(frame.elapsed_ns));
    let room = width.saturating_sub(place.chars().count() + since.chars().count() + 2);
    if room < 8 {
        return Line::from(place);
    }
    let share = count_to_f64(frame.elapsed_ns) / count_to_f64(frame.end_ns.max(1));
    let of = |at: usize| count_to_f64(u64::try_from(at).unwrap_or(u64::MAX));
    let done = (1..=room).filter(|at| of(*at) <= share * of(room)).count();
    Line::from(vec![
        Span::raw(format!("{place} ")),
        Span::styled("━".repeat(done), paint.colour(Color::Blue)),
        Span::styled("╌".repeat(room - done), quiet()),
        Span::raw(format!(" {since}")),
    ])
}

/// One line of a chart: its name, colour and values; `None` is a gap.
struct Curve {
    name: &'static str,
    colour: Color,
    values: Vec<Option<f64>>,
}

fn draw_charts(canvas: &mut Canvas<'_>, area: Rect, picture: &Picture<'_>) {
    if area.height == 0 {
        return;
    }
    let [left, right] = Layout::horizontal([Constraint::Fill(1); 2]).areas(area);
    let points = &picture.frame.points;
    let times = |list: &[Option<u64>]| list.iter().map(|value| value.map(count_to_f64)).collect();
    let each = |list: &[u64]| -> Vec<Option<f64>> {
        let seconds = |length: u64| Nanos(length).as_secs_f64();
        let pairs = list.iter().zip(&points.length_ns);
        pairs
            .map(|(count, length)| (*length > 0).then(|| count_to_f64(*count) / seconds(*length)))
            .collect()
    };
    let curve = |name, colour, values| Curve { name, colour, values };
    let response = [
        curve("p50", Color::Cyan, times(&points.p50_ns)),
        curve("p95", Color::Blue, times(&points.p95_ns)),
        curve("p99", Color::Red, times(&points.p99_ns)),
    ];
    let unit = |value: f64| format_nanos(Nanos(f64_to_u64(value)));
    draw_chart(canvas, left, ("response", &response, &unit), picture);
    let load = [
        curve("requests/s", Color::Blue, each(&points.requests)),
        curve("errors/s", Color::Red, each(&points.errors)),
    ];
    draw_chart(canvas, right, ("load", &load, &rate), picture);
}

type Drawing<'a> = (&'a str, &'a [Curve], &'a dyn Fn(f64) -> String);

fn draw_chart(
    canvas: &mut Canvas<'_>,
    area: Rect,
    (title, curves, unit): Drawing<'_>,
    picture: &Picture<'_>,
) {
    let (paint, points) = (picture.paint, &picture.frame.points);
    let middles = points.start_ns.iter().zip(&points.length_ns);
    let middles: Vec<f64> =
        middles.map(|(start, length)| count_to_f64(start + length.div_euclid(2))).collect();
    let place = |curve: &Curve| -> Vec<(f64, f64)> {
        let pairs = middles.iter().zip(&curve.values);
        pairs.filter_map(|(at, value)| Some((*at, (*value)?))).collect()
    };
    let lines: Vec<Vec<(f64, f64)>> = curves.iter().map(place).collect();
    let highest = lines.iter().flatten().map(|(_, value)| *value).fold(0.0, f64::max);
    let top = if highest > 0.0 { highest * 1.05 } else { 1.0 };
    let end = count_to_f64(picture.frame.elapsed_ns.max(1_000_000_000));
    let sets = curves.iter().zip(&lines).map(|(curve, line)| {
        let set = Dataset::default().marker(Marker::Braille).graph_type(GraphType::Line);
        set.style(paint.colour(curve.colour)).data(line)
    });
    let mut names = vec![Span::styled(format!("{title} "), quiet())];
    names.extend(
        curves
            .iter()
            .map(|curve| Span::styled(format!(" {}", curve.name), paint.colour(curve.colour))),
    );
    let upright = Axis::default().bounds([0.0, top]).labels(["0".to_owned(), unit(top)]);
    let along = Axis::default().bounds([0.0, end]);
    let chart = Chart::new(sets.collect())
        .block(Block::new().title(Line::from(names)))
        .legend_position(None)
        .x_axis(along.style(quiet()))
        .y_axis(upright.style(quiet()));
    canvas.render_widget(chart, area);
}

fn draw_foot(canvas: &mut Canvas<'_>, area: Rect, picture: &Picture<'_>) {
    let page = picture.url.map(|url| format!(" · {url}")).unwrap_or_default();
    let keys = match picture.frame.stage {
        Stage::Stopping => "q again stops at once",
        Stage::Starting | Stage::Running | Stage::Measured | Stage::Ended => "q stops the run",
    };
    let text = format!("{keys} · ↑ ↓ move the table{page}");
    canvas.render_widget(Paragraph::new(text).style(quiet()), area);
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

/// A duration, or a dash.
pub(super) fn time(value: Option<u64>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |value| format_nanos(Nanos(value)))
}

/// Per second.
pub(super) fn rate(value: f64) -> String {
    if value >= 100.0 { group_thousands(f64_to_u64(value)) } else { format!("{value:.1}") }
}
