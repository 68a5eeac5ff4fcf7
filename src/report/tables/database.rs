//! What monitors read of the database, with the limits of a staging test.

use super::{Cell, Column, Table, Tone, columns, single};
use crate::report::document::{Document, ReadingRow};
use crate::report::figures::NOTHING;

/// One row for each reading.
pub(super) fn table(document: &Document) -> Table {
    let rows = document.readings.iter().map(row).collect();
    let mut columns = columns(&["reading"], &["min", "mean", "max"]);
    columns.extend(["limit", ""].map(Column::word));
    Table::new(
        "Database",
        "What monitors read beside the load, and the limits of a staging test, which decide \
         nothing; `?` is what nothing was read for.",
        columns,
        single(rows),
    )
}

fn row(row: &ReadingRow) -> Vec<Cell> {
    let value = |value| Cell::number(row.text(value));
    let (mark, tone) = match (&row.limit, row.holds) {
        (None, _) => ("", Tone::Quiet),
        (Some(_), Some(true)) => ("✓", Tone::Good),
        (Some(_), Some(false)) => ("✗", Tone::Bad),
        (Some(_), None) => ("?", Tone::Quiet),
    };
    vec![
        Cell::new(row.name.as_str()),
        value(row.min),
        value(row.mean),
        value(row.max),
        Cell::quiet(row.limit.as_deref().unwrap_or(NOTHING)),
        Cell::toned(mark, tone),
    ]
}
