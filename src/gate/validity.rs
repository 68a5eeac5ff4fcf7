//! Whether a run is a measurement at all, or shows the limits of the generator.

use crate::names::{Metric, SeriesId, SeriesKind};
use crate::record::{Bank, End, Pick, RunRecord, StopReason};
use crate::units::Ratio;

/// What is wrong with a run that is no measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
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
}

impl FaultKind {
    /// Whether the generator is to blame, or who ended the run, so that it says nothing of the
    /// target. Dropped starts, a failed step and no request at all may be the target's own doing:
    /// to leave such a run out, or to play it again, would make the target look better.
    pub fn is_of_generator(self) -> bool {
        match self {
            Self::Unfinished | Self::CutShort | Self::Lag | Self::Busy => true,
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

fn busy(record: &RunRecord, end: &End) -> Option<String> {
    let limit = record.header.policy.worker_cpu;
    let peaks = end.generator.workers.iter().map(|worker| worker.peak);
    let peak = peaks.fold(Ratio::default(), |most, peak| if peak > most { peak } else { most });
    (peak > limit).then(|| {
        format!(
            "a worker used {peak} of its processor, the limit is {limit}: use more workers, \
             another machine or a lower rate"
        )
    })
}
