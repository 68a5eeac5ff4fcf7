//! What a tap has measured since somebody asked last.

use std::collections::BTreeMap;
use std::mem;

use super::forms::{Form, FormId, Forms};
use super::pump::Way;
use crate::histogram::Histogram;
use crate::names::SeriesId;
use crate::units::Nanos;
use crate::wire::{
    Loss, Lost, Observer, Outcome, Passed, Sample, State, Text, TextId, ends_connection,
};

/// The most statements that a batch keeps one by one; those beyond are in the histograms, and
/// counted in [`Batch::unlisted`].
pub const MAX_STATEMENTS: usize = 200_000;

/// SQLSTATE of a statement that was cancelled, because it took longer than `statement_timeout` or
/// because its client would not wait any longer.
const CANCELLED: [u8; 5] = *b"57014";

/// Whether each statement is kept for finding out what caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statements {
    /// In [`Batch::statements`].
    List,
    /// Only in histograms.
    Sum,
}

/// What was measured since somebody asked last.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Forms that were met since. Their [`FormId`]s go on where those of the batch before ended;
    /// the first of all is [`OTHER`](crate::names::OTHER).
    pub forms: Vec<Form>,
    /// A row for each form of which a statement ended.
    pub queries: Vec<Query>,
    /// Each statement that ended; empty for [`Statements::Sum`]. Those of one connection are in the
    /// order of their ends, and all of them nearly are.
    pub statements: Vec<Statement>,
    /// Statements that are not in the list because it was full.
    pub unlisted: u64,
    /// What the tap itself added.
    pub own: Own,
    /// Connections, and what could not be measured.
    pub counts: Counts,
}

/// All statements of one form.
#[derive(Clone, Debug)]
pub struct Query {
    /// Which.
    pub form: FormId,
    /// [`Sample::duration`] of those that did not fail.
    pub duration: Histogram,
    /// [`Sample::duration`] of those that failed.
    pub failed: Histogram,
    /// [`Sample::to_first_row`] of those that had rows.
    pub first_row: Histogram,
    /// Rows that were sent or changed.
    pub rows: u64,
    /// Bytes that were sent to clients.
    pub bytes: u64,
}

/// One statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its form.
    pub form: FormId,
    /// The connection, numbered in the order in which they were opened.
    pub connection: u32,
    /// When the last byte of its request was passed on, since [`Tap::origin`](super::Tap::origin).
    pub sent: Nanos,
    /// [`Sample::duration`].
    pub duration: Nanos,
    /// Whether the server refused it.
    pub failed: bool,
    /// The endpoint's series, if its text bears the trace of one of our requests.
    pub named: Option<SeriesId>,
}

/// What the tap itself added: from when bytes had been read to when they had been written. How
/// long they lay in the system before the tap was woken is not in it.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// To what clients sent.
    pub requests: Histogram,
    /// To what the server answered.
    pub answers: Histogram,
}

/// Connections, and what could not be measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that were accepted.
    pub opened: u64,
    /// Connections that are open now.
    pub open: u64,
    /// Connections that could not be passed to the server.
    pub unreached: u64,
    /// Connections whose TLS or authentication can't go through a tap.
    pub refused: u64,
    /// Connections that could not be made or were broken off, as clients see it: the server could
    /// not be reached, let somebody not in, or ended a session.
    pub connection_errors: u64,
    /// Statements that were cancelled before they had ended (SQLSTATE 57014).
    pub query_timeouts: u64,
    /// Connections that were passed without being looked into.
    pub passed: BTreeMap<Passed, u64>,
    /// Connections that could not be followed to their end.
    pub lost_connections: BTreeMap<Lost, u64>,
    /// Statements without a sample.
    pub lost: BTreeMap<Loss, u64>,
    /// The last failure of the network or of TLS, in words.
    pub last_failure: Option<String>,
}

impl Own {
    /// Adds a piece of what clients sent or the server answered.
    pub(super) fn add(&mut self, way: Way, held: Nanos) {
        match way {
            Way::Up => self.requests.record(held),
            Way::Down => self.answers.record(held),
        }
    }
}

impl Counts {
    /// Adds what was counted later.
    pub fn merge(&mut self, later: Self) {
        let Self {
            opened,
            open,
            unreached,
            refused,
            connection_errors,
            query_timeouts,
            passed,
            lost_connections,
            lost,
            last_failure,
        } = later;
        self.opened = self.opened.saturating_add(opened);
        self.open = open;
        self.unreached = self.unreached.saturating_add(unreached);
        self.refused = self.refused.saturating_add(refused);
        self.connection_errors = self.connection_errors.saturating_add(connection_errors);
        self.query_timeouts = self.query_timeouts.saturating_add(query_timeouts);
        add(&mut self.passed, passed);
        add(&mut self.lost_connections, lost_connections);
        add(&mut self.lost, lost);
        self.last_failure = last_failure.or(self.last_failure.take());
    }
}

fn add<K: Ord>(sums: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        let sum = sums.entry(key).or_default();
        *sum = sum.saturating_add(count);
    }
}

/// What a tap has measured, and the forms that it knows.
#[derive(Debug)]
pub(super) struct Measured {
    statements: Statements,
    forms: Forms,
    /// By the number of the form.
    queries: Vec<Option<Query>>,
    batch: Batch,
    /// Number of the connection that is looked at.
    connection: u32,
}

impl Query {
    fn new(form: FormId) -> Self {
        let (duration, failed, first_row) = Default::default();
        Self { form, duration, failed, first_row, rows: 0, bytes: 0 }
    }

    /// Adds all that `other` has of the same form.
    pub fn merge(&mut self, other: &Self) {
        let Self { form: _, duration, failed, first_row, rows, bytes } = other;
        self.duration.merge(duration);
        self.failed.merge(failed);
        self.first_row.merge(first_row);
        self.rows = self.rows.saturating_add(*rows);
        self.bytes = self.bytes.saturating_add(*bytes);
    }

    /// How many ended.
    pub fn count(&self) -> u64 {
        self.duration.len().saturating_add(self.failed.len())
    }
}

impl Measured {
    pub(super) fn new(statements: Statements) -> Self {
        Self {
            statements,
            forms: Forms::default(),
            queries: Vec::new(),
            batch: Batch::default(),
            connection: 0,
        }
    }

    /// Everything since the last time.
    pub(super) fn take(&mut self) -> Batch {
        let open = self.batch.counts.open;
        let mut batch = mem::take(&mut self.batch);
        self.batch.counts.open = open;
        batch.forms = self.forms.take();
        batch.queries = mem::take(&mut self.queries).into_iter().flatten().collect();
        batch
    }

    /// The same for one connection.
    pub(super) fn of(&mut self, connection: u32) -> &mut Self {
        self.connection = connection;
        self
    }

    pub(super) fn counts(&mut self) -> &mut Counts {
        &mut self.batch.counts
    }

    pub(super) fn own(&mut self) -> &mut Own {
        &mut self.batch.own
    }

    /// Whether a machine in this state follows its connection; counts why not.
    pub(super) fn follows(&mut self, state: State) -> bool {
        let counts = self.counts();
        match state {
            State::Passed(how) => *counts.passed.entry(how).or_default() += 1,
            State::Lost(why) => *counts.lost_connections.entry(why).or_default() += 1,
            State::Opening | State::Negotiating | State::Session => return true,
        }
        false
    }

    /// A connection has ended.
    pub(super) fn closed(&mut self) {
        let counts = self.counts();
        counts.open = counts.open.saturating_sub(1);
    }
}

impl Observer for Measured {
    fn text(&mut self, text: Text<'_>) -> TextId {
        self.forms.text(text)
    }

    fn sample(&mut self, sample: &Sample) {
        if let Outcome::Failed(code) = sample.outcome {
            let counts = self.counts();
            counts.query_timeouts += u64::from(code == CANCELLED);
            counts.connection_errors += u64::from(ends_connection(code));
        }
        let form = self.forms.form(sample.text, sample.nth);
        let at = usize::try_from(form.0).unwrap_or_default();
        if at >= self.queries.len() {
            self.queries.resize_with(at + 1, || None);
        }
        if let Some(slot) = self.queries.get_mut(at) {
            let query = slot.get_or_insert_with(|| Query::new(form));
            match sample.outcome {
                Outcome::Failed(_) => query.failed.record(sample.duration()),
                Outcome::Done | Outcome::Empty | Outcome::Suspended => {
                    query.duration.record(sample.duration());
                }
            }
            if let Some(first) = sample.to_first_row() {
                query.first_row.record(first);
            }
            query.rows = query.rows.saturating_add(sample.rows);
            query.bytes = query.bytes.saturating_add(sample.bytes);
        }
        if self.statements == Statements::Sum {
            return;
        }
        if self.batch.statements.len() >= MAX_STATEMENTS {
            self.batch.unlisted += 1;
            return;
        }
        self.batch.statements.push(Statement {
            form,
            connection: self.connection,
            sent: sample.sent,
            duration: sample.duration(),
            failed: matches!(sample.outcome, Outcome::Failed(_)),
            named: self.forms.named(sample.text),
        });
    }

    fn lost(&mut self, loss: Loss) {
        *self.counts().lost.entry(loss).or_default() += 1;
    }

    fn refused(&mut self, _code: [u8; 5]) {
        self.counts().connection_errors += 1;
    }
}
