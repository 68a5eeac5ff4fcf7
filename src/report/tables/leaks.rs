//! Whether what monitors read grows without end.

use super::{Cell, Table, Tone, columns, single};
use crate::gate::leaks::{LeakFinding, LeakRow};
use crate::report::document::Document;
use crate::report::figures::NOTHING;
use crate::units::{Nanos, ReadingUnit, format_nanos};

/// One row for each reading that is watched; none while all were read for too short a time.
pub(super) fn table(document: &Document) -> Table {
    let is_short = document.leaks.iter().all(|row| row.slope.is_none());
    let rows = document.leaks.iter().filter(|_| !is_short).map(row).collect();
    let mut columns = columns(&["reading"], &["read for", "level", "growth", "limit", "left"]);
    columns.insert(1, super::Column::word(""));
    columns.push(super::Column::text(""));
    Table::new(
        "Leaks",
        "Growth of the level after collection, less what the load explains, with each end of its \
         interval at 99 %; `left` is the time until the limit at that rate.",
        columns,
        single(rows),
    )
}

fn row(row: &LeakRow) -> Vec<Cell> {
    let (tone, why) = match &row.finding {
        LeakFinding::Leak => (Tone::Bad, ""),
        LeakFinding::Clean => (Tone::Good, ""),
        LeakFinding::Open(why) => (Tone::Warn, why.as_str()),
    };
    let value = |value: Option<f64>| {
        value.map_or(NOTHING.to_owned(), |value| ReadingUnit::of(&row.reading).text(value))
    };
    let growth = row.growth_text();
    let growth = if growth.is_empty() { NOTHING.to_owned() } else { growth };
    let left = row.hours_left.map(|hours| format_nanos(Nanos::from_secs_f64(hours * 3_600.0)));
    vec![
        Cell::new(row.reading.as_str()),
        Cell::toned(row.finding.word(), tone),
        Cell::number(format_nanos(row.lasted)),
        Cell::number(value(row.level)),
        Cell::number(growth),
        Cell::number(value(row.limit)),
        Cell::number(left.unwrap_or_else(|| NOTHING.to_owned())),
        Cell::quiet(why),
    ]
}
