//! Which statements each endpoint sent, as far as a tap looked on.

use super::timeline::Timeline;
use super::{Place, place};
use crate::names::{Series, SeriesKind};
use crate::record::RunRecord;

/// The requests of one endpoint in one repetition, and their statements.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::gate) struct SentEvidence {
    pub(in crate::gate) place: Place,
    pub(in crate::gate) requests: u64,
    /// Names of statements, each once, and how many there were.
    pub(in crate::gate) statements: Vec<(String, u64)>,
}

/// Of each endpoint with requests; empty without a tap.
pub(super) fn of(record: &RunRecord, timeline: &Timeline) -> Vec<SentEvidence> {
    let mut counts = vec![0_u64; record.catalogue.len()];
    for interval in &record.intervals {
        for tally in interval.tallies.iter().filter(|tally| timeline.takes(tally.phase)) {
            if let Some(sum) = counts.get_mut(tally.series.index()) {
                *sum = sum.saturating_add(tally.counts.started);
            }
        }
    }
    let counted = || record.catalogue.iter().zip(counts.iter().copied());
    let tapped: Vec<(&Series, u64)> = counted()
        .filter(|((_, series), count)| series.kind == SeriesKind::TapQuery && *count > 0)
        .map(|((_, series), count)| (series, count))
        .collect();
    if tapped.is_empty() {
        return Vec::new();
    }
    let http = counted().filter(|((_, series), count)| series.kind.is_http() && *count > 0);
    let sent = http.filter_map(|((_, about), requests)| {
        let mut statements: Vec<(String, u64)> = Vec::new();
        for (series, count) in &tapped {
            if !series.is_caused_by(about) {
                continue;
            }
            match statements.iter_mut().find(|(known, _)| *known == series.name) {
                Some((_, sum)) => *sum = sum.saturating_add(*count),
                None => statements.push((series.name.clone(), *count)),
            }
        }
        Some(SentEvidence { place: place(about)?, requests, statements })
    });
    sent.collect()
}
