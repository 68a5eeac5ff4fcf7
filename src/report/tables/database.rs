//! What monitors read of the database and of the rest of the system, with its limits.

use super::{Cell, Column, Table, Tone, columns, single};
use crate::record::DatabaseReading;
use crate::report::document::{Document, ReadingRow};
use crate::report::figures::NOTHING;

/// One row for each reading.
pub(super) fn table(document: &Document) -> Table {
    let rows = document.readings.iter().map(row).collect();
    let mut columns = columns(&["reading"], &["min", "mean", "max"]);
    columns.extend(["limit", ""].map(Column::word));
    let of_database = |row: &ReadingRow| {
        let name = row.name.as_str();
        DatabaseReading::of(name).is_some() || name.starts_with("tap.")
    };
    let title = if document.readings.iter().all(of_database) { "Database" } else { "Monitors" };
    let about = if document.readings.iter().any(|row| row.decides) {
        "What monitors read beside the load, with the limits of the scenario, which are judged as \
         thresholds, and those of a staging test, which decide nothing; `?` is what nothing was \
         read for."
    } else {
        "What monitors read beside the load, and the limits of a staging test, which decide \
         nothing; `?` is what nothing was read for."
    };
    Table::new(title, about, columns, single(rows))
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
