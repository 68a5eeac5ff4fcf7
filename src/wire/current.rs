//! The statement that the server is answering.

use super::sample::{Outcome, Sample, TextId, Transaction};
use crate::units::Nanos;

/// What has come of the answer to the statement at the front of the queue.
#[derive(Debug, Default)]
pub(super) struct Current {
    /// Statements of the same query that have ended.
    nth: u32,
    first_row: Option<Nanos>,
    rows: u64,
    bytes: u64,
    /// When the statement before it on this connection ended.
    before: Nanos,
    transaction: Transaction,
}

impl Current {
    /// Bytes of any message while a statement is answered.
    #[inline]
    pub(super) fn bytes(&mut self, size: u64) {
        self.bytes += size;
    }

    /// A row.
    #[inline]
    pub(super) fn row(&mut self, at: Nanos) {
        self.rows += 1;
        self.data(at);
    }

    /// Data of a copy, which is no row by itself.
    #[inline]
    pub(super) fn data(&mut self, at: Nanos) {
        self.first_row.get_or_insert(at);
    }

    /// Rows of the tag of a `CommandComplete`: `INSERT 0 5`, `COPY 3`, `BEGIN`. They count where
    /// no rows were sent.
    pub(super) fn tag(&mut self, tag: &[u8]) {
        let tag = tag.split(|byte| *byte == 0).next().unwrap_or_default();
        let last = tag.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
        let number = std::str::from_utf8(last).ok().and_then(|last| last.parse().ok());
        self.rows = self.rows.max(number.unwrap_or_default());
    }

    /// The statement has ended; what follows belongs to the next one of the same request.
    pub(super) fn end(
        &mut self,
        (text, sent): (TextId, Nanos),
        at: Nanos,
        outcome: Outcome,
    ) -> Sample {
        let sample = Sample {
            text,
            nth: self.nth,
            sent,
            began: sent.max(self.before),
            first_row: self.first_row,
            ended: at,
            rows: self.rows,
            bytes: self.bytes,
            outcome,
            transaction: self.transaction,
        };
        self.pass(at);
        sample
    }

    /// The statement has ended without a sample.
    pub(super) fn pass(&mut self, at: Nanos) {
        *self = Self {
            nth: self.nth.saturating_add(1),
            before: at,
            transaction: self.transaction,
            ..Self::default()
        };
    }

    /// All statements of the request have ended.
    pub(super) fn next_request(&mut self) {
        (self.nth, self.bytes) = (0, 0);
    }

    /// The server is ready: in this state, since this moment.
    pub(super) fn ready(&mut self, state: &[u8], at: Nanos) {
        let transaction = match state {
            b"T" => Transaction::Open,
            b"E" => Transaction::Failed,
            _ => Transaction::Idle,
        };
        *self = Self { before: at, transaction, ..Self::default() };
    }

    /// The state that the server told last.
    pub(super) fn transaction(&self) -> Transaction {
        self.transaction
    }
}
