//! What a worker is given, and what it hands over in return.

use std::sync::Arc;

use rustls::ClientConfig;
use tokio::sync::{mpsc, watch};

use super::usage::{Meter, Usage};
use super::{Clock, Databases};
use crate::plan::Plan;
use crate::recorder::Batch;
use crate::units::Nanos;
use crate::walk::{Share, Stop, Worker};

/// What a run's workers are told while they work.
pub type Control = watch::Receiver<Option<Stop>>;

/// What one worker measured up to a beat, on its way to the collector.
#[derive(Debug)]
pub struct Handover {
    /// Number of the interval that has ended.
    pub beat: u64,
    /// The measurements.
    pub batch: Batch,
    /// When it was handed over, by the run's clock: the interval may have ended long before.
    pub at: Nanos,
    /// How long they took: more than an interval if the collector was behind.
    pub covers: Nanos,
    /// How long the worker waited for a processor meanwhile; `None` where it is not known.
    pub queued: Option<Nanos>,
    /// Why a step ended the run, if one did.
    pub aborted: Option<String>,
    /// Whether the worker has nothing left to do.
    pub last: bool,
}

/// What one worker needs.
#[derive(Debug)]
pub struct Job {
    /// What to play.
    pub plan: Arc<Plan>,
    /// The worker's part of it.
    pub share: Share,
    /// Tells the run's clock when all workers are ready.
    pub start: std::sync::mpsc::Receiver<Clock>,
    /// Settings of TLS connections.
    pub tls: Option<Arc<ClientConfig>>,
    /// Databases of `sql` steps.
    pub databases: Databases,
    /// Tells the worker to stop.
    pub control: Control,
    /// Takes what was measured.
    pub out: mpsc::Sender<Handover>,
    /// Gives back memory of batches that were merged.
    pub back: mpsc::Receiver<Batch>,
}

/// One worker's handovers, in time.
#[derive(Debug)]
pub(super) struct Beats {
    interval: Nanos,
    beat: u64,
    meter: Meter,
    out: mpsc::Sender<Handover>,
    back: mpsc::Receiver<Batch>,
}

impl Beats {
    /// Begins with the interval in which the load begins.
    pub(super) fn new(
        plan: &Plan,
        out: mpsc::Sender<Handover>,
        back: mpsc::Receiver<Batch>,
    ) -> Self {
        let (beat, meter) = (plan.course.first_beat(), Meter::start(plan.course.from));
        Self { interval: plan.course.interval, beat, meter, out, back }
    }

    /// When the running interval ends.
    pub(super) fn next(&self) -> Nanos {
        Nanos(self.interval.0.saturating_mul(self.beat + 1))
    }

    /// Gives the full shard away and goes on with an empty one. If the collector is behind, the
    /// interval goes on: measurements can be late, they are never lost.
    pub(super) fn hand_over(&mut self, worker: &mut Worker<'_>, now: Nanos) {
        while let Ok(batch) = self.back.try_recv() {
            worker.shard.recycle(batch);
        }
        if let Ok(permit) = self.out.try_reserve() {
            permit.send(package(worker, self.beat, (self.meter.since(now), now)));
        }
        // A worker that stood still has nothing to tell of intervals that went by meanwhile.
        let running = now.0.checked_div(self.interval.0).unwrap_or_default();
        self.beat = running.max(self.beat + 1);
    }

    /// What is left at the end, and to whom it goes as soon as there is room.
    pub(super) fn last(
        mut self,
        worker: &mut Worker<'_>,
        now: Nanos,
    ) -> (mpsc::Sender<Handover>, Handover) {
        let last = package(worker, self.beat, (self.meter.since(now), now));
        (self.out, Handover { last: true, ..last })
    }
}

/// The measurements since the last handover.
fn package(worker: &mut Worker<'_>, beat: u64, (usage, at): (Usage, Nanos)) -> Handover {
    let Usage { cpu, queued, covers } = usage;
    let mut batch = worker.shard.take();
    batch.active_users = worker.active_users();
    batch.cpu = cpu;
    let aborted = worker.aborted().map(str::to_owned);
    Handover { beat, batch, at, covers, queued, aborted, last: false }
}
