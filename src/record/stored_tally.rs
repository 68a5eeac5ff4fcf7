//! How a tally is spelled where it is stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Counts, Tally};
use crate::names::{ErrorKind, SeriesId};

/// A [`Tally`] as it is stored: what is zero is left out, and errors stand by name, so that a new
/// kind of error does not change what older runs mean.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredTally {
    pub(super) phase: u8,
    pub(super) series: SeriesId,
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
        let errors = counts.failures().collect();
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
        let write = |tally: &Tally| serde_json::to_string(&StoredTally::from(tally)).unwrap();
        let read = |text: &str| Tally::from(serde_json::from_str::<StoredTally>(text).unwrap());
        for tally in [&full, &empty] {
            assert_eq!(read(&write(tally)), *tally);
        }
        assert_eq!(write(&empty), r#"{"phase":0,"series":0}"#);
    }
}
