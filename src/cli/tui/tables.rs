//! Endpoints and what failed last, as tables.

use ratatui::Frame as Canvas;
use ratatui::layout::{Alignment, Constraint, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Cell, Row, Table};

use super::draw::{Picture, quiet, rate, time};
use crate::cli::progress::clock;
use crate::report::live::EndpointRow;
use crate::units::{Nanos, group_thousands};

/// Columns from which on there is room for the figures since the start.
const COLUMNS_FOR_ALL: u16 = 104;

/// Which figures of an endpoint have room.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    /// Those of the last seconds.
    Lately,
    /// Those since the start, too.
    All,
}

/// Columns of a duration: `123 ms`, `99.9 ms`.
const TIME: u16 = 7;
/// Columns of a count.
const COUNT: u16 = 9;
/// Columns of a rate, and of a count that is small as a rule.
const SHORT: u16 = 6;

/// The table of endpoints: the last seconds, and with enough room also since the start.
pub(super) fn endpoints(canvas: &mut Canvas<'_>, area: Rect, picture: &Picture<'_>) {
    let width = if area.width >= COLUMNS_FOR_ALL { Room::All } else { Room::Lately };
    let mut head = vec!["req/s", "p50", "p95", "p99", "errors"];
    let mut widths = vec![length(SHORT), length(TIME), length(TIME), length(TIME), length(SHORT)];
    if width == Room::All {
        head.extend(["requests", "p50 all", "p95 all", "p99 all", "max", "all err"]);
        widths.extend([length(COUNT), length(TIME), length(TIME), length(TIME), length(TIME)]);
        widths.push(length(TIME));
    }
    widths.insert(0, Constraint::Fill(1));
    // One row for the head.
    let room = usize::from(area.height.saturating_sub(1));
    let rows = &picture.frame.endpoints;
    let offset = picture.offset.min(rows.len().saturating_sub(room));
    let below = rows.len().saturating_sub(offset + room) + picture.frame.endpoints_left_out;
    let first = match (offset, below) {
        (0, 0) => "last 10 s".to_owned(),
        (above, below) => format!("last 10 s ↑ {above} ↓ {below}"),
    };
    let head = std::iter::once(Cell::new(first)).chain(head.into_iter().map(number));
    let body = rows.iter().skip(offset).take(room).map(|row| endpoint(row, width, picture));
    let table = Table::new(body, widths).header(Row::new(head).style(quiet()));
    canvas.render_widget(table, area);
}

fn endpoint<'a>(row: &'a EndpointRow, room: Room, picture: &Picture<'_>) -> Row<'a> {
    let mut cells = vec![
        Cell::new(named(row)),
        number(rate(row.recent_rate)),
        number(time(row.recent.p50_ns)),
        number(time(row.recent.p95_ns)),
        number(time(row.recent.p99_ns)),
        number(group_thousands(row.recent_errors)).style(picture.paint.bad_if(row.recent_errors)),
    ];
    if room == Room::All {
        cells.extend([
            number(group_thousands(row.requests)),
            number(time(row.response.p50_ns)),
            number(time(row.response.p95_ns)),
            number(time(row.response.p99_ns)),
            number(time(row.response.max_ns)),
            number(group_thousands(row.errors)).style(picture.paint.bad_if(row.errors)),
        ]);
    }
    Row::new(cells)
}

/// The endpoint, and the step that tells it from others of its name.
fn named(row: &EndpointRow) -> Line<'_> {
    let step = if row.step == row.name { "" } else { row.step.as_str() };
    let gap = if step.is_empty() { "" } else { "  " };
    Line::from(vec![Span::raw(row.name.as_str()), Span::raw(gap), Span::styled(step, quiet())])
}

/// What failed last, the newest first.
pub(super) fn errors(canvas: &mut Canvas<'_>, area: Rect, picture: &Picture<'_>) {
    let frame = picture.frame;
    let kinds =
        frame.kinds.iter().map(|kind| format!("{} {}", kind.kind, group_thousands(kind.count)));
    let kinds = kinds.collect::<Vec<_>>().join(", ");
    let head = [Cell::new("last"), number("count"), Cell::new("error"), Cell::new(kinds)];
    let rows = frame.errors.iter().map(|error| {
        let what = match &error.message {
            Some(message) => format!("{}: {message}", error.endpoint),
            None => error.endpoint.clone(),
        };
        Row::new([
            Cell::new(clock(Nanos(error.last_ns))),
            number(group_thousands(error.count)),
            Cell::new(error.kind).style(picture.paint.bad_if(error.count)),
            Cell::new(what),
        ])
    });
    let widths = [length(7), length(SHORT), length(16), Constraint::Fill(1)];
    let table = Table::new(rows, widths).header(Row::new(head).style(quiet()));
    canvas.render_widget(table, area);
}

fn length(columns: u16) -> Constraint {
    Constraint::Length(columns)
}

/// A cell that is read from the right.
fn number<'a>(text: impl Into<String>) -> Cell<'a> {
    Cell::new(Text::from(text.into()).alignment(Alignment::Right)).style(Style::new())
}
