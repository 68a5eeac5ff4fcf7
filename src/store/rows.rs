//! How parts of a run are spelled in the rows of a store.

use crate::names::{Metric, SeriesId};
use crate::record::{EncodedCell, StoredTally, Tally};

/// The stored form of tallies.
pub(super) fn write_tallies<'a>(
    tallies: impl IntoIterator<Item = &'a Tally>,
) -> Result<String, serde_json::Error> {
    let stored: Vec<StoredTally> = tallies.into_iter().map(StoredTally::from).collect();
    serde_json::to_string(&stored)
}

/// Reads what [`write_tallies`] wrote.
pub(super) fn read_tallies(text: &str) -> Result<Vec<Tally>, serde_json::Error> {
    let stored: Vec<StoredTally> = serde_json::from_str(text)?;
    Ok(stored.into_iter().map(Tally::from).collect())
}

/// The number that stands for a metric: its place in [`Metric::ALL`], which only grows at its end
/// within one major version of the format.
pub(super) fn metric_code(metric: Metric) -> i64 {
    i64::try_from(metric.index()).unwrap_or_default()
}

/// One row of a distribution, as the database gives it.
pub(super) struct CellRow {
    pub(super) phase: i64,
    pub(super) series: i64,
    pub(super) metric: i64,
    pub(super) beyond: i64,
    pub(super) bytes: Vec<u8>,
}

impl CellRow {
    /// The cell; `None` when a number is out of its range.
    pub(super) fn read(self) -> Option<EncodedCell> {
        Some(EncodedCell {
            phase: u8::try_from(self.phase).ok()?,
            series: SeriesId(u16::try_from(self.series).ok()?),
            metric: *Metric::ALL.get(usize::try_from(self.metric).ok()?)?,
            bytes: self.bytes,
            beyond: u64::try_from(self.beyond).ok()?,
        })
    }
}

/// A count as databases keep it: they have no unsigned numbers.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Reads what [`signed`] made; a negative number, which it never makes, is zero.
pub(super) fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

/// `INSERT` of `rows` rows of `columns` values each, with numbered placeholders.
pub(super) fn insert_text(into: &str, columns: usize, rows: usize) -> String {
    let row = |at: usize| {
        let values: Vec<String> =
            (1..=columns).map(|column| format!("${}", at * columns + column)).collect();
        format!("({})", values.join(","))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO {into} VALUES {}", rows.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_inserted_together() {
        assert_eq!(insert_text("t (a, b)", 2, 2), "INSERT INTO t (a, b) VALUES ($1,$2),($3,$4)");
    }
}
