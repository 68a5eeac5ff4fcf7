//! Where the intervals of a run come from beside its workers, and where they go.

use std::collections::VecDeque;

use tokio::sync::watch;

use super::axis::Span;
use super::collect::Told;
use super::logs::LogWatch;
use super::monitors::Monitors;
use super::trail::Trail;
use super::watch::Watching;
use crate::names::Catalogue;
use crate::plan::Plan;
use crate::record::{Gap, Interval};
use crate::recorder::{Batch, Collector};
use crate::store::{RunWriter, StoreError};
use crate::units::Nanos;
use crate::walk::Stop;

/// Intervals that are kept in memory while the store refuses them: an hour.
const MAX_UNSTORED: usize = 3_600;
/// The same for an observation: four hours, of which one takes some 4 MiB.
const MAX_UNSTORED_SEGMENTS: usize = 240;

/// What stands at both ends of the collector, beside the workers.
pub(super) struct Ends<'a, 'b> {
    pub(super) writer: &'a mut RunWriter,
    pub(super) tap: Option<&'a mut Watching<'b>>,
    pub(super) monitors: &'a mut Monitors,
    pub(super) logs: &'a mut LogWatch,
    /// In an observation.
    pub(super) trail: Option<Trail>,
}

impl Ends<'_, '_> {
    /// Who merges, with all series that are known; the tap is among its workers.
    pub(super) fn collector(&mut self, plan: &Plan, workers: usize) -> Collector {
        match &mut self.trail {
            None => Collector::new(plan.catalogue.clone(), workers),
            Some(trail) => {
                let known = std::mem::take(&mut trail.start.catalogue);
                Collector::going_on(known, plan.catalogue.len(), workers)
            }
        }
    }

    /// The time of interval number `beat`, for which workers handed over at the times `handed`, or
    /// whose last one ended `over`. A run has each second, an observation none that no worker knows.
    pub(super) fn span(
        &mut self,
        plan: &Plan,
        beat: u64,
        handed: &[Nanos],
        over: Option<Nanos>,
    ) -> Option<Span> {
        if let Some(trail) = &mut self.trail {
            let nothing = handed.is_empty() && over.is_none();
            return (!nothing).then(|| trail.span(plan.course.interval, handed, over));
        }
        let start = Nanos(beat.saturating_mul(plan.course.interval.0));
        let length =
            over.map_or(plan.course.interval, |ended| ended.since(start).min(plan.course.interval));
        Some(Span { start, length })
    }

    /// Merges what the workers, the tap and the monitors have; of the last everything that was read
    /// before, and at the end of the run (`None`) all of it.
    pub(super) async fn interval(
        &mut self,
        collector: &mut Collector,
        batches: &mut Vec<Batch>,
        span: Span,
        read_before: Option<Nanos>,
    ) -> Interval {
        if let Some(tap) = &mut self.tap {
            // What caused a statement is known when that is answered; an interval is time for it.
            let until = read_before.map_or(Nanos::MAX, |_goes_on| span.start);
            let seen = tap.take(until, batches, collector.catalogue()).await;
            batches.push(seen);
        }
        let mut interval = collector.merge(span.start, span.length, batches);
        interval.gauges.readings = self.monitors.take(read_before).await;
        interval.gauges.logs = self.logs.take(read_before).await;
        if let Some(tap) = &mut self.tap {
            interval.gauges.readings.extend(tap.readings());
            tap.recycle(batches.pop().unwrap_or_default());
        }
        interval
    }

    /// Stores what is waiting. If the store refuses, people are told once, and it is tried again
    /// with the next interval: the measurement goes on. It ends when another process has taken the
    /// run over.
    pub(super) async fn store(
        &mut self,
        catalogue: &Catalogue,
        unstored: &mut VecDeque<Interval>,
        (notes, told): (&mut Vec<String>, &mut Told<'_>),
        control: &watch::Sender<Option<Stop>>,
    ) {
        while let Some(interval) = unstored.front() {
            if let Err(error) = self.writer.append(catalogue, interval).await {
                if matches!(error, StoreError::Elsewhere { .. }) {
                    control.send_replace(Some(Stop::AtOnce));
                }
                let message = format!("the record can't be stored now: {error}");
                if !notes.contains(&message) {
                    let hint = error.hint().unwrap_or_default();
                    (told.warn)(&format!("{message}\nhint: {hint}; measuring goes on"));
                    notes.push(message);
                }
                break;
            }
            unstored.pop_front();
        }
        let most = self.trail.as_ref().map_or(MAX_UNSTORED, |_trail| MAX_UNSTORED_SEGMENTS);
        if unstored.len() > most {
            drop_first(unstored);
        }
    }
}

/// Gives up the oldest interval that the store has not taken. In an observation the one after it
/// says so.
fn drop_first(unstored: &mut VecDeque<Interval>) {
    let (lost, next) = (unstored.pop_front(), unstored.front_mut());
    let (Some(lost), Some(next)) = (lost, next) else { return };
    if next.gauges.checkpoint.is_some() {
        let before = lost.gauges.gap.map_or(Nanos::ZERO, |gap| gap.length);
        let length = next.start.since(lost.start) + before;
        next.gauges.gap = Some(Gap { why: "the store took nothing".to_owned(), length });
    }
}
