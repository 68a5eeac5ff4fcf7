//! What tells a record from every other: one short text that changes with any figure of it.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{RunRecord, StoredTally};

/// SHA-256 of a record in hexadecimal, over lines of JSON: head, series, totals, intervals, end.
///
/// Distributions of the whole run count by their values and not by their bytes, because how well
/// they are packed is nothing that was measured. Of the intervals' distributions those count that
/// were loaded, so that only records which were loaded alike can be compared.
pub fn fingerprint(record: &RunRecord) -> String {
    let RunRecord { header, catalogue, totals, intervals, end } = record;
    let mut lines = Lines(Sha256::new());
    lines.add(header);
    lines.add(catalogue);
    for (place, histogram) in totals.distributions() {
        let values: Vec<_> = histogram.values().collect();
        lines.add(&(place, histogram.beyond(), values));
    }
    for tally in totals.tallies() {
        lines.add(&StoredTally::from(&tally));
    }
    for interval in intervals {
        let tallies: Vec<_> = interval.tallies.iter().map(StoredTally::from).collect();
        lines.add(&(interval.start, interval.length, &interval.gauges, tallies));
        for cell in &interval.cells {
            lines.add(&(cell.phase, cell.series, cell.metric, cell.beyond, &cell.bytes));
        }
    }
    lines.add(end);
    let bytes = lines.0.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Lines(Sha256);

impl Lines {
    fn add(&mut self, line: &impl Serialize) {
        // Texts, numbers and lists of them always have a JSON form.
        self.0.update(serde_json::to_vec(line).unwrap_or_default());
        self.0.update(b"\n");
    }
}
