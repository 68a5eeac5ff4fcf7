//! One process of an observation: it begins it, or goes on with what others have left.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::trail::{Earlier, Start};
use super::{Collected, Parts, Played, Ready, RunError, Unreached, play};
use crate::engine::Preflight;
use crate::names::{Catalogue, Metric, SeriesId};
use crate::plan::Plan;
use crate::record::{
    Checkpoint, Counts, End, Generator, Header, Interval, Moment, Observation, StopReason, Totals,
    WorkerUse,
};
use crate::store::{RunWriter, Store, StoreError, Unfinished};
use crate::units::{Nanos, group_thousands};

/// How long after the start of a process its first journey is due. A worker has to go through all
/// starts that were due before: 345,600 after two days at 2/s, some tenths of a second.
const LEAD: Nanos = Nanos::SECOND;

/// The most different notes that the end of an observation keeps.
const MAX_NOTES: usize = 200;

/// How a process comes to its observation.
#[derive(Clone, Debug)]
pub enum Begin {
    /// It begins a new one.
    New(Observation),
    /// It goes on with one that has no end.
    GoOn(Box<Header>),
}

/// What became of an observation when its process ended as it should.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Its id.
    pub id: String,
    /// Why the process ended.
    pub reason: StopReason,
    /// Where its last interval ended, since its start.
    pub lasted: Nanos,
    /// How long it was meant to last.
    pub planned: Nanos,
    /// What all its intervals add up to; `None` when it is unfinished, and the next process goes on
    /// with it.
    pub closed: Option<Closed>,
}

/// What an observation adds up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Requests.
    pub requests: u64,
    /// How many of them failed.
    pub errors: u64,
}

/// Observes: plays `plan` at its low rate, reads beside it, and stores each interval as soon as it
/// is over. Whatever happens to the process, at most the interval that was not yet over is lost.
///
/// Must run in a `LocalSet`. When its time is over the observation is closed; when it is stopped
/// before, it stays unfinished. Nothing but the running interval, and what the store does not take,
/// is kept in memory.
pub async fn observe(
    mut plan: Plan,
    mut parts: Parts<'_>,
    begin: Begin,
) -> Result<Observed, RunError> {
    // What must be true of data after a run can't be asked of something that others go on with.
    plan.integrity = Vec::new();
    let store = parts.store;
    let (header, mut writer, start, ready, _hold);
    match begin {
        Begin::New(observation) => {
            let refuse = |error: Unreached| Err(error.into());
            let mut prepared = Ready::new(&plan, &mut parts, &refuse).await?;
            let plain = prepared.header(&plan, &parts).await;
            header = Header { observation: Some(observation), ..plain };
            writer = store.begin(&header, &plan.catalogue).await?;
            _hold = store.hold(&header.id).await?;
            start = Start::of(&plan, &prepared, plan.catalogue.clone(), None);
            ready = prepared;
        }
        Begin::GoOn(stored) => {
            _hold = store.hold(&stored.id).await?;
            let (unfinished, mine) = store.resume(*stored).await?;
            let earlier = goes_on(&plan, &unfinished)?;
            let (position, missed) = earlier.now();
            plan.course.from = position + LEAD;
            if plan.course.from >= planned(&unfinished.header) {
                return end(store, unfinished, mine, StopReason::Interrupted).await;
            }
            (parts.warn)(&format!(
                "going on with observation {}: {} are missing, {}",
                unfinished.header.id, missed.gap.length, missed.gap.why
            ));
            let unreachable = |error: Unreached| Ok(as_before(&unfinished.header, error));
            let mut prepared = Ready::new(&plan, &mut parts, &unreachable).await?;
            prepared.found.notes.extend(missed.note);
            prepared.found.notes.extend(another_version(&unfinished.header, &prepared.found));
            start = Start::of(&plan, &prepared, unfinished.catalogue.clone(), Some(earlier));
            (header, writer, ready) = (unfinished.header, mine, prepared);
        }
    }
    let plan = Arc::new(plan);
    let played = play(&plan, parts, ready, &mut writer, Some(start)).await?;
    let reason = keep(&mut writer, &played).await?;
    let (unfinished, writer) = store.resume(header).await?;
    match reason {
        StopReason::Interrupted | StopReason::Killed => Ok(Observed {
            id: unfinished.header.id.clone(),
            reason,
            lasted: unfinished.end(),
            planned: planned(&unfinished.header),
            closed: None,
        }),
        StopReason::Complete | StopReason::Aborted => {
            let unfinished = (unfinished, played.notes);
            end_with(store, unfinished, writer, reason).await
        }
    }
}

/// Ends an observation before its time, or after it: what is stored of it is added up.
pub async fn close(store: &Store, header: Header) -> Result<Observed, RunError> {
    let _hold = store.hold(&header.id).await?;
    let (unfinished, writer) = store.resume(header).await?;
    end(store, unfinished, writer, StopReason::Interrupted).await
}

/// How long an observation is meant to last.
fn planned(header: &Header) -> Nanos {
    header.observation.as_ref().map_or(Nanos::ZERO, |observation| observation.planned)
}

impl Start {
    fn of(plan: &Plan, ready: &Ready<'_>, catalogue: Catalogue, earlier: Option<Earlier>) -> Self {
        let mut notes = ready.found.notes.clone();
        notes.extend(ready.monitors.notes());
        let preflight = ready.found.requests;
        Self { catalogue, earlier, planned: plan.end(), preflight, notes }
    }
}

/// Where an observation was left, if the plan has the series that it has.
fn goes_on(plan: &Plan, unfinished: &Unfinished) -> Result<Earlier, RunError> {
    let Unfinished { header, catalogue, last } = unfinished;
    let refused = |why: &str| RunError::NotTheSame { id: header.id.clone(), why: why.to_owned() };
    if header.observation.is_none() {
        return Err(refused("it is a run and no observation"));
    }
    let ours: Vec<_> = plan.catalogue.iter().collect();
    if !catalogue.iter().take(ours.len()).eq(ours) {
        return Err(refused(
            "it measures other series: it was begun with other journeys, or by \
                            another loadgate",
        ));
    }
    let at = match last.as_ref().and_then(|last| last.gauges.checkpoint.as_deref()) {
        Some(checkpoint) => checkpoint.at.clone(),
        None => Moment { unix_ns: header.started_unix_ns, ..Moment::default() },
    };
    Ok(Earlier { end: unfinished.end(), at })
}

/// What is known of a target that can't be reached now: nothing has changed. That it is away is what
/// is to be observed.
fn as_before(header: &Header, error: Unreached) -> Preflight {
    let why = RunError::from(error);
    Preflight {
        version: header.origin.target.version.clone(),
        http2: header.origin.engine.contains("HTTP/2"),
        requests: 0,
        notes: vec![format!("{why}; the observation goes on")],
    }
}

/// Says that the target is another one than at the beginning.
fn another_version(header: &Header, found: &Preflight) -> Option<String> {
    let (then, now) = (header.origin.target.version.as_ref(), found.version.as_ref());
    let (then, now) = (then?, now?);
    (then != now)
        .then(|| format!("the target reports version `{now}`, and `{then}` at the beginning"))
}

/// Stores what the store has not taken yet, and tells why the load has ended.
async fn keep(writer: &mut RunWriter, played: &Played) -> Result<StopReason, RunError> {
    let Collected { catalogue, unstored, reason, .. } = &played.collected;
    for interval in unstored {
        writer.append(catalogue, interval).await?;
    }
    Ok(*reason)
}

/// What all intervals of an observation add up to.
#[derive(Default)]
struct Sum {
    totals: Totals,
    end: Nanos,
    cpu: Nanos,
    workers: Vec<WorkerUse>,
    preflight: u64,
    peak_rss_bytes: u64,
    samples: Vec<crate::record::ErrorSample>,
    notes: Vec<String>,
    /// For each reason how often something is missing, and how long in all.
    gaps: BTreeMap<String, (u64, Nanos)>,
}

impl Sum {
    fn add(&mut self, interval: &Interval) -> Result<(), crate::histogram::DecodeError> {
        self.totals.add_interval(interval)?;
        self.end = interval.start + interval.length;
        if let Some(gap) = &interval.gauges.gap {
            let (times, length) = self.gaps.entry(gap.why.clone()).or_default();
            *times += 1;
            *length = *length + gap.length;
        }
        let Some(checkpoint) = interval.gauges.checkpoint.as_deref() else { return Ok(()) };
        let Checkpoint { at: _, cpu, workers, preflight, peak_rss_bytes, samples, notes } =
            checkpoint;
        self.cpu = self.cpu + *cpu;
        self.preflight += preflight;
        self.peak_rss_bytes = self.peak_rss_bytes.max(*peak_rss_bytes);
        if self.workers.len() < workers.len() {
            self.workers.resize(workers.len(), WorkerUse::default());
        }
        self.workers.iter_mut().zip(workers).for_each(|(sum, worker)| sum.merge(worker));
        for sample in samples {
            let same = |kept: &crate::record::ErrorSample| {
                (kept.series, kept.kind) == (sample.series, sample.kind)
            };
            if self.samples.len() < End::MAX_SAMPLES && !self.samples.iter().any(same) {
                self.samples.push(sample.clone());
            }
        }
        for note in notes {
            self.note(note.clone());
        }
        Ok(())
    }

    fn note(&mut self, note: String) {
        if self.notes.len() < MAX_NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Says what is missing, the end included.
    fn note_gaps(&mut self, planned: Nanos) {
        for (why, (times, length)) in std::mem::take(&mut self.gaps) {
            let times = if times == 1 {
                String::new()
            } else {
                format!(" in {} parts", group_thousands(times))
            };
            self.note(format!("{length} are missing{times}: {why}"));
        }
        let rest = planned.since(self.end);
        if rest >= Nanos::SECOND {
            self.note(format!("{rest} of the planned {planned} are missing at the end"));
        }
    }

    /// Requests and failures of everything that speaks HTTP.
    fn http(&self, catalogue: &Catalogue) -> Counts {
        let is_http = |id: SeriesId| catalogue.get(id).is_some_and(|series| series.kind.is_http());
        let mut counts = Counts::default();
        let tallies = self.totals.tallies().filter(|tally| is_http(tally.series));
        tallies.for_each(|tally| counts.merge(&tally.counts));
        counts
    }
}

async fn end(
    store: &Store,
    unfinished: Unfinished,
    writer: RunWriter,
    reason: StopReason,
) -> Result<Observed, RunError> {
    end_with(store, (unfinished, Vec::new()), writer, reason).await
}

/// Adds up what is stored of an observation, interval by interval, and closes it.
async fn end_with(
    store: &Store,
    (unfinished, notes): (Unfinished, Vec<String>),
    writer: RunWriter,
    reason: StopReason,
) -> Result<Observed, RunError> {
    let Unfinished { header, catalogue, .. } = unfinished;
    let mut sum = Sum::default();
    let mut add = |interval: Interval| {
        sum.add(&interval).map_err(|error| StoreError::Damaged {
            id: header.id.clone(),
            detail: error.to_string(),
        })
    };
    store.walk(&header.id, &Metric::ALL, &mut add).await?;
    for note in notes {
        sum.note(note);
    }
    let planned = planned(&header);
    sum.note_gaps(planned);
    let counts = sum.http(&catalogue);
    let end = End {
        reason,
        lasted: sum.end,
        generator: Generator {
            cpu: sum.cpu,
            workers: sum.workers,
            requests_sent: counts.started + sum.preflight,
            peak_rss_bytes: sum.peak_rss_bytes,
        },
        samples: sum.samples,
        notes: sum.notes,
        integrity: Vec::new(),
    };
    writer.finish(&end, &sum.totals).await?;
    store.forget_hold(&header.id);
    Ok(Observed {
        id: header.id,
        reason,
        lasted: end.lasted,
        planned,
        closed: Some(Closed { requests: counts.started, errors: counts.failed() }),
    })
}
