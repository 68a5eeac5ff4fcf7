//! What is recorded of an exchange.

use super::server_timing::queries;
use super::worker::Worker;
use crate::names::{Metric, SeriesId};
use crate::plan::{Answer, Failure, HttpAnswer, Leaf, Outcome, Timing};
use crate::record::ErrorSample;
use crate::units::Nanos;

/// The most characters of a message that are kept.
const MAX_MESSAGE: usize = 300;

impl Worker<'_> {
    /// Counts one exchange with the target, whatever came of it.
    pub(super) fn note_exchange(&mut self, phase: u8, leaf: &Leaf, timing: &Timing) {
        let Some(series) = leaf.series else { return };
        if let Some(counts) = self.shard.counts(phase, series) {
            counts.started += 1;
            counts.sent_bytes += timing.sent_bytes;
            counts.received_bytes += timing.received_bytes;
            counts.connections += u64::from(timing.fresh);
            counts.resent += timing.resent;
        }
    }

    /// Records the distribution of a failed exchange, apart from the successful ones.
    pub(super) fn note_failed(&mut self, phase: u8, leaf: &Leaf, response: Nanos) {
        if let Some(series) = leaf.series {
            self.shard.record(phase, series, Metric::Failed, response);
        }
    }

    /// Counts a failure by its kind and keeps the first message.
    pub(super) fn note_failure(
        &mut self,
        phase: u8,
        leaf: &Leaf,
        failure: &Failure,
        status: Option<u16>,
        at: Nanos,
    ) {
        let series = leaf.series.unwrap_or(SeriesId::RUN);
        self.count(phase, series, |counts| counts.fail(failure.kind));
        self.shard.sample(series, failure.kind, || ErrorSample {
            series,
            kind: failure.kind,
            status,
            message: failure.message.chars().take(MAX_MESSAGE).collect(),
            at,
        });
    }

    pub(super) fn note_checks(&mut self, phase: u8, leaf: &Leaf, outcome: &Outcome) {
        let Some(series) = leaf.series else { return };
        self.count(phase, series, |counts| {
            counts.checks_passed += outcome.checks_passed;
            counts.checks_failed += outcome.checks_failed;
        });
    }

    /// Records where the time of a successful exchange went.
    pub(super) fn note_success(
        &mut self,
        phase: u8,
        leaf: &Leaf,
        answer: &Answer<'_>,
        response: Nanos,
        timing: &Timing,
    ) {
        let Some(series) = leaf.series else { return };
        let shard = &mut self.shard;
        if let Answer::Rows(_) = answer {
            shard.record(phase, series, Metric::Query, timing.duration());
            self.note_exchange(phase, leaf, timing);
            return;
        }
        shard.record(phase, series, Metric::Response, response);
        shard.record(phase, series, Metric::Duration, timing.duration());
        shard.record(phase, series, Metric::Waiting, timing.waiting);
        let connection = if timing.fresh { SeriesId::FRESH } else { SeriesId::REUSED };
        if timing.fresh {
            if timing.looking_up > Nanos::ZERO {
                shard.record(phase, connection, Metric::LookingUp, timing.looking_up);
            }
            shard.record(phase, connection, Metric::Connecting, timing.connecting);
            if timing.tls > Nanos::ZERO {
                shard.record(phase, connection, Metric::TlsHandshaking, timing.tls);
            }
        }
        shard.record(phase, connection, Metric::Sending, timing.sending);
        shard.record(phase, connection, Metric::Waiting, timing.waiting);
        shard.record(phase, connection, Metric::Receiving, timing.receiving);
        shard.record(phase, connection, Metric::Duration, timing.duration());
    }

    /// Records the queries that the target reports with its answer.
    pub(super) fn note_queries(&mut self, phase: u8, leaf: &Leaf, answer: &HttpAnswer<'_>) {
        let (Some(series), Some(about)) = (leaf.series, &leaf.about) else { return };
        let Some(cache) = self.queries.get_mut(series.index()) else { return };
        let shard = &mut self.shard;
        let mut place = 0;
        for value in answer.headers.texts("server-timing") {
            queries(value, |name, duration| {
                let id = shard.query(cache, place, about, name);
                place += 1;
                shard.record(phase, id, Metric::Query, duration);
                if let Some(counts) = shard.counts(phase, id) {
                    counts.started += 1;
                }
            });
        }
    }
}
