//! Gathering what the workers measured, interval by interval.

use std::collections::VecDeque;

use tokio::sync::{mpsc, watch};

use super::ends::Ends;
use super::trail::Trail;
use crate::engine::{Clock, Handover};
use crate::names::{Catalogue, Metric, SeriesId};
use crate::plan::Plan;
use crate::record::{
    Counts, ErrorSample, Interval, PhaseInfo, Pick, StopReason, Totals, ValidityPolicy, WorkerUse,
};
use crate::recorder::Batch;
use crate::units::{Nanos, count_to_f64};
use crate::walk::Stop;

/// How far a run is, for people who watch it.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Since the start.
    pub elapsed: Nanos,
    /// When the load ends.
    pub end: Nanos,
    /// Name of the phase.
    pub phase: String,
    /// Whether its figures count.
    pub measured: bool,
    /// Requests in the last interval, per second.
    pub rate: f64,
    /// Virtual users in a journey.
    pub active_users: u64,
    /// Requests so far, in all phases.
    pub requests: u64,
    /// Failed requests so far, in all phases.
    pub errors: u64,
    /// 95th percentile of the response time so far, in all phases.
    pub p95: Option<Nanos>,
    /// Starts that could not be made.
    pub dropped: u64,
}

/// One interval of a run that goes on, and what came before it.
#[expect(missing_debug_implementations, reason = "it is looked at in passing")]
pub struct Seen<'a> {
    /// The run's id.
    pub run: &'a str,
    /// The interval.
    pub interval: &'a Interval,
    /// All series so far.
    pub catalogue: &'a Catalogue,
    /// All intervals so far, this one included, added up; of an observation the distributions of
    /// this one only.
    pub totals: &'a Totals,
    /// The first message of each kind of error and series so far.
    pub samples: &'a [ErrorSample],
    elapsed: Nanos,
    watched: &'a Watched,
}

impl Seen<'_> {
    /// The phases of the run.
    pub fn phases(&self) -> &[PhaseInfo] {
        &self.watched.phases
    }

    /// How far the run is. This adds up all distributions, so it is made only for those who look.
    pub fn progress(&self) -> Progress {
        let (phases, http) = (&self.watched.phases, &self.watched.http);
        let all = Pick::all(phases);
        let counts: Counts = self.totals.counts(&all, http.iter().copied());
        let dropped: u64 = self.totals.tallies().map(|tally| tally.counts.dropped).sum();
        let response = self.totals.histogram(&all, http.iter().copied(), Metric::Response);
        let own = self.interval.tallies.iter().filter(|tally| http.contains(&tally.series));
        let new: u64 = own.map(|tally| tally.counts.started).sum();
        let phase = phases.iter().rev().find(|phase| phase.start <= self.interval.start);
        Progress {
            elapsed: self.elapsed,
            end: self.watched.end,
            phase: phase.map(|phase| phase.name.clone()).unwrap_or_default(),
            measured: phase.is_some_and(|phase| phase.measure),
            rate: count_to_f64(new) / self.interval.length.as_secs_f64().max(1e-9),
            active_users: self.interval.gauges.active_users,
            requests: counts.started,
            errors: counts.failed(),
            p95: response.at(0.95),
            dropped,
        }
    }
}

/// Who is told how the run goes.
pub(super) struct Told<'a> {
    pub(super) seen: &'a mut dyn FnMut(&Seen<'_>) -> Option<String>,
    pub(super) warn: &'a mut dyn FnMut(&str),
}

/// The way between one worker and the collector.
pub(super) struct Lane {
    handovers: mpsc::Receiver<Handover>,
    back: mpsc::Sender<Batch>,
    early: Option<Handover>,
    done: bool,
    lost: bool,
    used: WorkerUse,
    /// What it used in the last interval.
    newly: WorkerUse,
}

/// Everything that was gathered.
pub(super) struct Collected {
    pub(super) catalogue: Catalogue,
    pub(super) totals: Totals,
    pub(super) samples: Vec<ErrorSample>,
    pub(super) workers: Vec<WorkerUse>,
    pub(super) reason: StopReason,
    /// Intervals that the store has not taken.
    pub(super) unstored: VecDeque<Interval>,
    pub(super) notes: Vec<String>,
    /// When the last worker was done.
    pub(super) ended: Nanos,
}

impl Lane {
    pub(super) fn new(handovers: mpsc::Receiver<Handover>, back: mpsc::Sender<Batch>) -> Self {
        let (used, newly) = (WorkerUse::default(), WorkerUse::default());
        Self { handovers, back, early: None, done: false, lost: false, used, newly }
    }

    /// What the worker measured up to `beat`; `None` if it was late and has it in a later one.
    async fn up_to(&mut self, beat: u64) -> Option<Handover> {
        self.newly = WorkerUse::default();
        if self.done {
            return None;
        }
        let next = if let Some(early) = self.early.take() {
            early
        } else {
            let received = self.handovers.recv().await;
            // A channel without a sender: the worker has ended without a last word.
            (self.done, self.lost) = (received.is_none(), received.is_none());
            received?
        };
        if next.beat > beat {
            self.early = Some(next);
            return None;
        }
        self.done = next.last;
        Some(next)
    }

    /// Notes how busy the worker was over the time that a handover covers, and holds it against
    /// the limits of a measured phase.
    fn note_use(&mut self, handover: &Handover, limits: Option<&ValidityPolicy>, whole: Nanos) {
        let Handover { batch, covers, queued, .. } = handover;
        self.newly.add(batch.cpu, *queued);
        // A short rest of an interval says nothing of the load.
        if let Some(limits) = limits.filter(|_| *covers >= whole) {
            self.newly.hold_against(limits, *covers, batch.cpu, *queued);
        }
        self.used.merge(&self.newly);
    }
}

/// Merges all handovers into intervals and stores each, until the last worker is done.
pub(super) async fn collect(
    plan: &Plan,
    mut lanes: Vec<Lane>,
    mut ends: Ends<'_, '_>,
    (clock, control): (Clock, &watch::Sender<Option<Stop>>),
    told: &mut Told<'_>,
) -> Collected {
    // The tap is one worker more.
    let mut collector = ends.collector(plan, lanes.len() + 1);
    let mut unstored = VecDeque::new();
    let mut notes = ends.trail.as_mut().map(Trail::first_notes).unwrap_or_default();
    let (mut aborted, mut played_out) = (None, false);
    let watched = Watched::new(plan);
    let mut ended = Nanos::ZERO;
    for beat in plan.course.first_beat().. {
        let limits = watched.is_measured(beat).then_some(&plan.validity);
        let (mut batches, mut handed) = (Vec::with_capacity(lanes.len()), Vec::new());
        for lane in &mut lanes {
            let handover = lane.up_to(beat).await;
            if let Some(handover) = &handover {
                aborted = aborted.or_else(|| handover.aborted.clone());
                lane.note_use(handover, limits, plan.course.interval);
                handed.push(handover.at);
            }
            batches.push(handover.map(|handover| handover.batch).unwrap_or_default());
        }
        stop_for(&lanes, aborted.as_deref(), control);
        let over = lanes.iter().all(|lane| lane.done);
        ended = clock.now();
        let Some(span) = ends.span(plan, beat, &handed, over.then_some(ended)) else { continue };
        let read_before = (!over).then_some(span.start + span.length);
        let mut interval = ends.interval(&mut collector, &mut batches, span, read_before).await;
        for (lane, batch) in lanes.iter_mut().zip(batches) {
            // A worker that is done needs no memory back.
            drop(lane.back.try_send(batch));
        }
        if let Some(trail) = &mut ends.trail {
            let used = lanes.iter().map(|lane| lane.newly).collect();
            notes.extend(trail.lay(&mut interval, collector.samples(), used));
            played_out = trail.is_over();
        }
        notes.extend((told.seen)(&Seen {
            run: ends.writer.id(),
            interval: &interval,
            catalogue: collector.catalogue(),
            totals: collector.totals(),
            samples: collector.samples(),
            elapsed: clock.now(),
            watched: &watched,
        }));
        if let Some(trail) = &mut ends.trail {
            trail.tell(&mut interval, &notes);
            collector.forget_distributions();
        }
        unstored.push_back(interval);
        ends.store(collector.catalogue(), &mut unstored, (&mut notes, told), control).await;
        if over {
            break;
        }
        if played_out && control.borrow().is_none() {
            control.send_replace(Some(Stop::Gracefully));
        }
    }
    notes.extend(aborted.clone());
    let reason = match (aborted, *control.borrow()) {
        (Some(_), _) => StopReason::Aborted,
        (None, Some(Stop::Gracefully)) if played_out => StopReason::Complete,
        (None, None) => StopReason::Complete,
        (None, Some(Stop::Gracefully)) => StopReason::Interrupted,
        (None, Some(Stop::AtOnce)) => StopReason::Killed,
    };
    let workers = lanes.iter().map(|lane| lane.used).collect();
    let (catalogue, totals, samples) = collector.freeze();
    Collected { catalogue, totals, samples, workers, reason, unstored, notes, ended }
}

/// Ends the run when a worker has failed, without whose part the others would play on, or when a
/// step wants it.
fn stop_for(lanes: &[Lane], aborted: Option<&str>, control: &watch::Sender<Option<Stop>>) {
    let lost = lanes.iter().any(|lane| lane.lost);
    if lost && *control.borrow() != Some(Stop::AtOnce) {
        control.send_replace(Some(Stop::AtOnce));
    }
    if aborted.is_some() && control.borrow().is_none() {
        control.send_replace(Some(Stop::Gracefully));
    }
}

/// What has been seen so far, for the progress line.
pub(super) struct Watched {
    phases: Vec<PhaseInfo>,
    http: Vec<SeriesId>,
    end: Nanos,
    interval: Nanos,
}

impl Watched {
    fn new(plan: &Plan) -> Self {
        Self {
            phases: plan.phases.iter().map(crate::plan::Phase::info).collect(),
            http: plan.catalogue.matching(|series| series.kind.is_http()).collect(),
            end: plan.end(),
            interval: plan.course.interval,
        }
    }

    /// Whether the figures of the phase at this beat count.
    fn is_measured(&self, beat: u64) -> bool {
        let start = Nanos(beat.saturating_mul(self.interval.0));
        let phase = self.phases.iter().rev().find(|phase| phase.start <= start);
        phase.is_some_and(|phase| phase.measure)
    }
}
