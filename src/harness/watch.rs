//! What a tap sees, on its way into the record.

use std::sync::Arc;

use crate::engine::Clock;
use crate::histogram::Histogram;
use crate::names::Catalogue;
use crate::plan::Plan;
use crate::record::{DatabaseReading, Reading};
use crate::recorder::{Batch, Causes, Form, Outcome, Shard, Statement};
use crate::tap::{self, Counts, FormId, MAX_STATEMENTS, Own, Tap, TapError};
use crate::units::{Nanos, count_to_f64, group_thousands};

/// A tap that stays between the target and its database over several runs, so that the target
/// keeps its connections.
#[derive(Debug)]
pub struct Watch {
    tap: Tap,
    /// All forms that the tap has met: their numbers go on from run to run.
    forms: Vec<Form>,
}

/// A tap while a run goes on.
#[derive(Debug)]
pub(super) struct Watching<'a> {
    watch: &'a mut Watch,
    plan: Arc<Plan>,
    causes: Causes,
    shard: Shard,
    /// How much later the run's clock started than the tap's.
    later: Nanos,
    counts: Counts,
    own: Own,
    unlisted: u64,
    /// What is to be told of the interval.
    readings: Vec<Reading>,
    /// Why nothing more comes from the tap.
    failed: Option<TapError>,
}

impl Watch {
    /// Looks at what this tap sees.
    pub fn new(tap: Tap) -> Self {
        Self { tap, forms: Vec::new() }
    }

    /// The tap.
    pub fn tap(&self) -> &Tap {
        &self.tap
    }

    /// Ends the tap.
    pub async fn stop(self) -> Result<(), TapError> {
        self.tap.stop().await.map(drop)
    }

    /// Forgets what was seen before the run.
    pub(super) async fn begin(&mut self) -> Result<(), TapError> {
        let before = self.tap.take().await?;
        self.forms.extend(before.forms.into_iter().map(form));
        Ok(())
    }

    /// Looks on while a run goes on whose clock has started.
    pub(super) fn during(&mut self, plan: &Arc<Plan>, clock: Clock) -> Watching<'_> {
        let planned = u16::try_from(plan.catalogue.len()).unwrap_or(u16::MAX);
        let mut causes = Causes::new(plan.together, plan.seed);
        self.forms.iter().for_each(|form| causes.meet(form.clone()));
        let later = clock.started_after(self.tap.origin());
        Watching {
            plan: Arc::clone(plan),
            causes,
            shard: Shard::new(planned, plan.phases.len()),
            later,
            counts: Counts::default(),
            own: Own::default(),
            unlisted: 0,
            readings: Vec::new(),
            failed: None,
            watch: self,
        }
    }
}

fn form(form: tap::Form) -> Form {
    let name = form.series();
    Form { name, text: form.text }
}

impl Watching<'_> {
    /// What was measured of statements that were sent before `until`; `workers` are what the
    /// workers measured up to now.
    pub(super) async fn take(
        &mut self,
        until: Nanos,
        workers: &[Batch],
        catalogue: &Catalogue,
    ) -> Batch {
        for batch in workers {
            let own = batch.exchanges.iter().copied().filter(|exchange| {
                catalogue.get(exchange.series).is_some_and(|series| series.kind.is_http())
            });
            self.causes.exchanges(own);
        }
        if self.failed.is_none() {
            match self.watch.tap.take().await {
                Ok(batch) => self.note(batch),
                Err(error) => self.failed = Some(error),
            }
        }
        let plan = Arc::clone(&self.plan);
        self.causes.settle(until, catalogue, |sent| plan.phase_at(sent), &mut self.shard);
        self.shard.take()
    }

    /// What the tap has counted since the last time, as a monitor of the database would tell it.
    pub(super) fn readings(&mut self) -> Vec<Reading> {
        std::mem::take(&mut self.readings)
    }

    /// Gives back the memory of a batch that was merged.
    pub(super) fn recycle(&mut self, batch: Batch) {
        self.shard.recycle(batch);
    }

    fn note(&mut self, batch: tap::Batch) {
        let tap::Batch { forms, queries: _, statements, unlisted, own, counts } = batch;
        for form in forms.into_iter().map(form) {
            self.causes.meet(form.clone());
            self.watch.forms.push(form);
        }
        for seen in statements {
            let tap::Statement { form: FormId(form), sent, duration, failed, named, .. } = seen;
            self.causes.statement(Statement {
                form: usize::try_from(form).unwrap_or(usize::MAX),
                sent: (sent + self.plan.course.from).since(self.later),
                duration,
                outcome: if failed { Outcome::Failed } else { Outcome::Done },
                named,
            });
        }
        self.unlisted = self.unlisted.saturating_add(unlisted);
        let counted = [
            (DatabaseReading::ConnectionErrors, counts.connection_errors),
            (DatabaseReading::QueryTimeouts, counts.query_timeouts),
        ];
        let readings = counted.into_iter();
        self.readings
            .extend(readings.filter_map(|(what, count)| Reading::of(what, count_to_f64(count))));
        self.counts.merge(counts);
        self.own.requests.merge(&own.requests);
        self.own.answers.merge(&own.answers);
    }

    /// What people should know of the tap.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let p50 = |histogram: &Histogram| histogram.at(0.5);
        if let (Some(requests), Some(answers)) = (p50(&self.own.requests), p50(&self.own.answers)) {
            notes.push(format!(
                "the tap added {requests} to what clients sent and {answers} to what the server \
                 answered (P50)"
            ));
        }
        if self.counts.opened == 0 && self.counts.open == 0 {
            notes.push(format!(
                "nobody connected to the tap on {}: the target has to use it as its database",
                self.watch.tap.place()
            ));
        }
        for (loss, count) in &self.counts.lost {
            let count = group_thousands(*count);
            notes.push(format!("statements that could not be measured: {count}, {}", loss.word()));
        }
        for (lost, count) in &self.counts.lost_connections {
            notes.push(format!("connections that could not be followed: {count}, {lost}"));
        }
        if self.unlisted > 0 {
            let count = group_thousands(self.unlisted);
            let most = u64::try_from(MAX_STATEMENTS).map(group_thousands).unwrap_or_default();
            notes.push(format!("statements beyond {most} a second, not recorded: {count}"));
        }
        notes.extend(self.failed.as_ref().map(ToString::to_string));
        notes
    }
}
