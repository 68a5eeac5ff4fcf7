//! What an observation leaves behind with each interval, so that another process can go on.

use super::axis::{Axis, Look, Missed, Span, missed};
use crate::engine::{Clock, moment, peak_rss_bytes, process_cpu};
use crate::names::Catalogue;
use crate::record::{Checkpoint, ErrorSample, Interval, Moment, WorkerUse};
use crate::units::Nanos;

/// The trail of one process of an observation.
pub(super) struct Trail {
    /// What is known when it starts.
    pub(super) start: Start,
    axis: Axis,
    clock: Clock,
    /// Up to where the load's clock is covered.
    until: Nanos,
    cpu: Nanos,
    samples: usize,
    notes: usize,
}

/// What a process of an observation starts with.
pub(super) struct Start {
    /// All series that are known: those of the plan, then those that were met.
    pub(super) catalogue: Catalogue,
    /// What it goes on from; `None` for a new observation.
    pub(super) earlier: Option<Earlier>,
    /// When the observation ends.
    pub(super) planned: Nanos,
    /// Requests that were sent before the load.
    pub(super) preflight: u64,
    /// What people should know.
    pub(super) notes: Vec<String>,
}

/// Where an observation was left.
#[derive(Clone)]
pub(super) struct Earlier {
    /// Where its last interval ended.
    pub(super) end: Nanos,
    /// What the clocks showed then.
    pub(super) at: Moment,
}

impl Earlier {
    /// Where the observation is now, and what was missed.
    pub(super) fn now(&self) -> (Nanos, Missed) {
        let missed = missed(&self.at, &moment());
        (self.end + missed.gap.length, missed)
    }
}

impl Start {
    /// Where the observation is now.
    pub(super) fn position(&self) -> Nanos {
        self.earlier.as_ref().map_or(Nanos::ZERO, |earlier| earlier.now().0)
    }
}

impl Trail {
    /// Begins when the load does, which begins at `from` by its clock.
    pub(super) fn begin(start: Start, from: Nanos, clock: Clock) -> Self {
        let now = look(clock);
        let axis = match &start.earlier {
            None => Axis::begin(now),
            Some(earlier) => Axis::going_on(earlier.end, earlier.now().1.gap, now),
        };
        Self { start, axis, clock, until: from, cpu: process_cpu(), samples: 0, notes: 0 }
    }

    /// The time that the next interval covers: until whole intervals (`length` long) have ended for
    /// the worker that was first to hand over, at `handed`; for the last one, until it did.
    pub(super) fn span(&mut self, length: Nanos, handed: &[Nanos], over: Option<Nanos>) -> Span {
        let first = handed.iter().min().copied().unwrap_or_default();
        let whole = first.0.checked_div(length.0).unwrap_or_default();
        let end = over.unwrap_or(Nanos(whole.saturating_mul(length.0)));
        // An interval that is stored starts after the one before.
        let end = end.max(self.until + Nanos::from_millis(1));
        let span = Span { start: self.until, length: end.since(self.until) };
        self.until = end;
        span
    }

    /// Gives an interval its place in the observation, and what is gone on from after it.
    pub(super) fn lay(
        &mut self,
        interval: &mut Interval,
        samples: &[ErrorSample],
        workers: Vec<WorkerUse>,
    ) -> Option<String> {
        let now = look(self.clock);
        let span = Span { start: interval.start, length: interval.length };
        let placed = self.axis.place(span, &now);
        let cpu = process_cpu();
        interval.start = placed.start;
        interval.gauges.wall_unix_ns = Some(placed.wall_unix_ns);
        interval.gauges.gap = placed.gap;
        // The moment at which the interval ended, not the one at which it was looked at.
        let late = now.load.since(span.start + span.length);
        let mut at = now.at;
        at.since_boot = at.since_boot.since(late);
        at.unix_ns = at.unix_ns.saturating_sub(late.0);
        interval.gauges.checkpoint = Some(Box::new(Checkpoint {
            at,
            cpu: cpu.since(self.cpu),
            workers,
            preflight: std::mem::take(&mut self.start.preflight),
            peak_rss_bytes: peak_rss_bytes(),
            samples: samples.get(self.samples..).unwrap_or_default().to_vec(),
            notes: Vec::new(),
        }));
        (self.cpu, self.samples) = (cpu, samples.len());
        placed.note
    }

    /// What people should know when it starts.
    pub(super) fn first_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.start.notes)
    }

    /// Adds what people should know that was not known before; `notes` are all of them.
    pub(super) fn tell(&mut self, interval: &mut Interval, notes: &[String]) {
        if let Some(checkpoint) = &mut interval.gauges.checkpoint {
            checkpoint.notes = notes.get(self.notes..).unwrap_or_default().to_vec();
        }
        self.notes = notes.len();
    }

    /// Whether the observation's time is over: a load that was suspended does not know it.
    pub(super) fn is_over(&self) -> bool {
        self.axis.end() >= self.start.planned
    }
}

/// All clocks. The load's is read last: what the thread waits in between is no suspended time.
fn look(clock: Clock) -> Look {
    let at = moment();
    Look { load: clock.now(), at }
}
