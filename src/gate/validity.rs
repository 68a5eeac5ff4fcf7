//! Whether a run is a measurement at all, or shows the limits of the generator.

use crate::names::{ErrorKind, Metric, SeriesId, SeriesKind};
use crate::record::{Bank, End, Pick, RunRecord, StopReason, WorkerUse};
use crate::units::{Nanos, Ratio, group_thousands};

/// How long a worker must have waited for a processor to spoil a run: a second in which the
/// scheduler put another thread first happens on every machine.
const QUEUED_LEAST: Nanos = Nanos::from_secs(2);
/// The same as a share of what was measured: what is rarer does not reach a P99.
const QUEUED_SHARE: Ratio = Ratio(0.01);

/// What is wrong with a run that is no measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// Nothing was measured: it was made from a description.
    Simulated,
    /// It has no end: it was killed, or is still under way.
    Unfinished,
    /// Somebody ended it before all that was to be measured had been.
    CutShort,
    /// A failed step ended it before all that was to be measured had been.
    Aborted,
    /// No figures.
    NothingMeasured,
    /// Starts were late.
    Lag,
    /// Starts were not made: the target is too slow, or `max_users` too small.
    Dropped,
    /// A worker had no time left.
    Busy,
    /// A worker had no processor when it needed one.
    Queued,
    /// Requests failed because the generator had no socket, port or memory left.
    Exhausted,
}

impl FaultKind {
    /// Whether the generator is to blame, or who ended the run, so that it says nothing of the
    /// target. Dropped starts, a failed step and no request at all may be the target's own doing:
    /// to leave such a run out, or to play it again, would make the target look better.
    pub fn is_of_generator(self) -> bool {
        match self {
            Self::Simulated
            | Self::Unfinished
            | Self::CutShort
            | Self::Lag
            | Self::Busy
            | Self::Queued
            | Self::Exhausted => true,
            Self::Aborted | Self::NothingMeasured | Self::Dropped => false,
        }
    }
}

/// One thing that makes a run no measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What it is.
    pub kind: FaultKind,
    /// The figure, the limit and a remedy.
    pub text: String,
}

/// Why the run is INVALID: each reason names the figure, the limit and a remedy. Empty when the
/// run can be judged.
pub fn reasons(record: &RunRecord) -> Vec<String> {
    faults(record).into_iter().map(|fault| fault.text).collect()
}

/// The same with what kind each is.
pub fn faults(record: &RunRecord) -> Vec<Fault> {
    let fault = |kind: FaultKind, text: Option<String>| text.map(|text| Fault { kind, text });
    if let Some(from) = record.header.observation.as_ref().and_then(|one| one.simulated.as_ref()) {
        let text =
            format!("it is simulated from {from}: nothing was measured, so observe a target");
        return vec![Fault { kind: FaultKind::Simulated, text }];
    }
    let Some(end) = &record.end else {
        let reason = "the run is unfinished, so how busy the generator was is not known: run it \
                      again to its end";
        return vec![Fault { kind: FaultKind::Unfinished, text: reason.to_owned() }];
    };
    if let Some((kind, text)) = nothing_measured(record, end) {
        return vec![Fault { kind, text }];
    }
    let pick = Pick::of(&record.header.load.phases, Bank::Measured);
    let all = [
        fault(FaultKind::Lag, lag(record, &pick)),
        fault(FaultKind::Dropped, dropped(record, &pick)),
        fault(FaultKind::Busy, busy(record, end)),
        fault(FaultKind::Queued, queued(record, end)),
        fault(FaultKind::Exhausted, exhausted(record, end, &pick)),
    ];
    all.into_iter().flatten().collect()
}

/// What makes a run no repetition, though it can be looked at alone: it is shorter than the
/// others, and short repetitions have other percentiles.
pub fn cut_short(record: &RunRecord) -> Option<Fault> {
    let end = record.end.as_ref().filter(|end| end.reason != StopReason::Complete)?;
    let measured = record.header.load.phases.iter().filter(|phase| phase.measure);
    let until = measured.map(|phase| phase.start + phase.length).max()?;
    (end.lasted < until).then(|| Fault {
        kind: ended_by(end),
        text: format!("the run {} after {} of {until}: run it again", how(end), end.lasted),
    })
}

/// Who ended a run before its time.
fn ended_by(end: &End) -> FaultKind {
    match end.reason {
        StopReason::Aborted => FaultKind::Aborted,
        StopReason::Complete | StopReason::Interrupted | StopReason::Killed => FaultKind::CutShort,
    }
}

fn how(end: &End) -> &'static str {
    match end.reason {
        StopReason::Complete => "ended",
        StopReason::Interrupted => "was interrupted",
        StopReason::Killed => "was killed",
        StopReason::Aborted => "was aborted by a failed step",
    }
}

/// No figures: no measured phase, one that was not reached, or one without a request.
fn nothing_measured(record: &RunRecord, end: &End) -> Option<(FaultKind, String)> {
    let phases = &record.header.load.phases;
    let Some(first) = phases.iter().find(|phase| phase.measure) else {
        let text = "no phase is measured: leave `measure: false` away from one";
        return Some((FaultKind::NothingMeasured, text.to_owned()));
    };
    if end.reason != StopReason::Complete && end.lasted <= first.start {
        let text = format!(
            "the run {} after {}, the first measured phase `{}` starts at {}: let it run longer, \
             or shorten what comes before",
            how(end),
            end.lasted,
            first.name,
            first.start
        );
        return Some((ended_by(end), text));
    }
    let kinds = |kind: SeriesKind| kind.is_http() || kind == SeriesKind::SqlStep;
    let series = record.catalogue.matching(|series| kinds(series.kind));
    let pick = Pick::of(phases, Bank::Measured);
    (record.totals.counts(&pick, series).started == 0).then(|| {
        let text = "no request was measured: make the measured phases longer or the rate higher, \
                    and look at the errors of the sessions";
        (FaultKind::NothingMeasured, text.to_owned())
    })
}

fn lag(record: &RunRecord, pick: &Pick) -> Option<String> {
    let limit = record.header.policy.lag_p99;
    let lag = record.totals.histogram(pick, [SeriesId::RUN], Metric::ScheduleLag).at(0.99)?;
    (lag > limit).then(|| {
        format!("p99 schedule lag {lag} is above {limit}: use more workers or a lower rate")
    })
}

fn dropped(record: &RunRecord, pick: &Pick) -> Option<String> {
    let limit = record.header.policy.dropped;
    let kinds = |kind: SeriesKind| matches!(kind, SeriesKind::Run | SeriesKind::Journey);
    let series = record.catalogue.matching(|series| kinds(series.kind));
    let counts = record.totals.counts(pick, series);
    let share = Ratio::of(counts.dropped, counts.dropped + counts.started)?;
    (share > limit).then(|| {
        format!(
            "{share} of all starts were dropped ({} of {}), the limit is {limit}: raise \
             `max_users`, or lower the rate to what the target can do",
            counts.dropped,
            counts.dropped + counts.started
        )
    })
}

/// The worker that was above its limit for the longest time, and the largest share of an interval.
fn busy(record: &RunRecord, end: &End) -> Option<String> {
    let limit = record.header.policy.worker_cpu;
    let above = |worker: &WorkerUse| worker.peak > limit;
    let long = |worker: &WorkerUse| (worker.busy, worker.peak);
    let (worker, used, others) = worst(end, above, long)?;
    let peak = used.peak;
    // A record of an older loadgate does not know for how long.
    let time = match used.busy {
        Nanos::ZERO => format!("the limit is {limit}"),
        time => format!("for {time} above the limit of {limit}"),
    };
    Some(format!(
        "worker {worker} used up to {peak} of a processor, {time}{others}: use more workers, another machine \
         or a lower rate"
    ))
}

/// The worker that waited longest for a processor.
///
/// Where the target is on the same machine and shares processors with the workers, it is the load
/// itself that makes them wait, as in every closed loop there: that is no fault. Where it is on
/// another machine, or the workers have no processor to choose from, something else is at work.
fn queued(record: &RunRecord, end: &End) -> Option<String> {
    let header = &record.header;
    let (limit, workers) = (header.policy.run_queue, header.load.workers);
    let cpus = header.origin.machine.cpus;
    if header.origin.target.local && cpus > workers {
        return None;
    }
    let phases = header.load.phases.iter().filter(|phase| phase.measure);
    let until = |at: Nanos| at.min(end.lasted);
    let measured: u64 =
        phases.map(|phase| until(phase.start + phase.length).since(until(phase.start)).0).sum();
    let waited = |worker: &WorkerUse| worker.queued.unwrap_or_default();
    let above = |worker: &WorkerUse| {
        let above = waited(worker).above;
        let share = Ratio::of(above.0, measured).unwrap_or_default();
        above >= QUEUED_LEAST && share >= QUEUED_SHARE
    };
    let (worker, used, others) =
        worst(end, above, |worker| (waited(worker).above, waited(worker).peak))?;
    let (peak, time) = (waited(used).peak, waited(used).above);
    let own = "or give loadgate processors of its own";
    let cause = if cpus < workers {
        format!("{workers} workers share {cpus} processors: use fewer workers")
    } else if header.origin.target.local {
        format!(
            "the target or something else keeps its processor busy: use fewer workers than \
             processors, {own}"
        )
    } else {
        format!("something else keeps its processor busy: end that, {own}")
    };
    Some(format!(
        "worker {worker} waited up to {peak} of the time for a processor, for {time} more than the \
         limit of {limit}{others}: {cause}"
    ))
}

/// The worker that `above` holds for and that is worst by `rank`: its number, what it used, and in
/// words for how many others it holds, too.
fn worst<R: PartialOrd>(
    end: &End,
    above: impl Fn(&WorkerUse) -> bool,
    rank: impl Fn(&WorkerUse) -> R,
) -> Option<(usize, &WorkerUse, String)> {
    let workers = end.generator.workers.iter().enumerate();
    let mut above: Vec<_> = workers.filter(|(_, worker)| above(worker)).collect();
    let worst = above
        .iter()
        .copied()
        .reduce(|worst, other| if rank(other.1) > rank(worst.1) { other } else { worst });
    let others = match above.split_off(above.len().min(1)).len() {
        0 => String::new(),
        1 => ", and so did another one".to_owned(),
        count => format!(", and so did {count} others"),
    };
    worst.map(|(number, worker)| (number, worker, others))
}

/// Requests that say nothing of the target, because they never left: one is enough, because where
/// one found no socket others waited for one.
fn exhausted(record: &RunRecord, end: &End, pick: &Pick) -> Option<String> {
    let kinds = |kind: SeriesKind| kind.is_http() || kind == SeriesKind::SqlStep;
    let series = record.catalogue.matching(|series| kinds(series.kind));
    let failed = record.totals.counts(pick, series).failed_by(ErrorKind::Generator);
    let sample = end.samples.iter().find(|sample| sample.kind == ErrorKind::Generator);
    let why = sample.map_or("it had no socket, port or memory left", |sample| &sample.message);
    let (count, noun) = (group_thousands(failed), if failed == 1 { "request" } else { "requests" });
    (failed > 0).then(|| format!("the generator itself failed {count} {noun}: {why}"))
}
