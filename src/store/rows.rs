//! How parts of a run are spelled in the rows of a store.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::names::{ErrorKind, Metric, SeriesId};
use crate::record::{Counts, EncodedCell, Tally};

/// A [`Tally`] as it is stored: what is zero is left out, and errors stand by name, so that a new
/// kind of error does not change what older runs mean.
#[derive(Serialize, Deserialize)]
struct StoredTally {
    phase: u8,
    series: SeriesId,
    #[serde(default, skip_serializing_if = "is_zero")]
    started: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<ErrorKind, u64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    checks_passed: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    checks_failed: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    sent_bytes: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    received_bytes: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    connections: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    dropped: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    relogins: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    resent: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    unsent: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl From<&Tally> for StoredTally {
    fn from(tally: &Tally) -> Self {
        let Tally { phase, series, counts } = tally;
        let Counts {
            started,
            errors: _,
            checks_passed,
            checks_failed,
            sent_bytes,
            received_bytes,
            connections,
            dropped,
            relogins,
            resent,
            unsent,
        } = *counts;
        let errors = ErrorKind::ALL
            .into_iter()
            .map(|kind| (kind, counts.failed_by(kind)))
            .filter(|(_, count)| *count > 0)
            .collect();
        Self {
            phase: *phase,
            series: *series,
            started,
            errors,
            checks_passed,
            checks_failed,
            sent_bytes,
            received_bytes,
            connections,
            dropped,
            relogins,
            resent,
            unsent,
        }
    }
}

impl From<StoredTally> for Tally {
    fn from(stored: StoredTally) -> Self {
        let mut counts = Counts {
            started: stored.started,
            checks_passed: stored.checks_passed,
            checks_failed: stored.checks_failed,
            sent_bytes: stored.sent_bytes,
            received_bytes: stored.received_bytes,
            connections: stored.connections,
            dropped: stored.dropped,
            relogins: stored.relogins,
            resent: stored.resent,
            unsent: stored.unsent,
            ..Counts::default()
        };
        for (kind, count) in stored.errors {
            if let Some(errors) = counts.errors.get_mut(kind.index()) {
                *errors = count;
            }
        }
        Self { phase: stored.phase, series: stored.series, counts }
    }
}

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
    fn a_tally_is_read_as_it_was_written() {
        let mut counts = Counts {
            started: 1,
            checks_passed: 2,
            checks_failed: 3,
            sent_bytes: 4,
            received_bytes: 5,
            connections: 6,
            dropped: 7,
            relogins: 8,
            resent: 9,
            unsent: 10,
            ..Counts::default()
        };
        counts.fail(ErrorKind::Status5xx);
        let full = Tally { phase: 1, series: SeriesId(9), counts };
        let empty = Tally { phase: 0, series: SeriesId(0), counts: Counts::default() };
        let text = write_tallies([&full, &empty]).unwrap();
        assert_eq!(read_tallies(&text).unwrap(), [full, empty]);
        assert!(text.ends_with(r#"{"phase":0,"series":0}]"#), "{text}");
    }

    #[test]
    fn rows_are_inserted_together() {
        assert_eq!(insert_text("t (a, b)", 2, 2), "INSERT INTO t (a, b) VALUES ($1,$2),($3,$4)");
    }
}
