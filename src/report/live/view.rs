//! The state of a live view: intervals in, a frame out.

use super::frame::{Frame, Now, PhaseSpan, Quantiles, Stage, Subject, Sums};
use super::rolling::{Rolling, Stretch};
use super::rows::{self, Failures, Lately, MAX_ROWS, shown};
use crate::histogram::Histogram;
use crate::names::{Catalogue, Metric, Series, SeriesId};
use crate::record::{Counts, ErrorSample, Interval, PhaseInfo, Pick, Totals};
use crate::units::{Nanos, count_to_f64};

/// Everything that was gathered of a run so far, which is kept by who gathers it.
#[derive(Clone, Copy, Debug)]
pub struct SoFar<'a> {
    /// All series.
    pub catalogue: &'a Catalogue,
    /// All intervals added up.
    pub totals: &'a Totals,
    /// The first message of each kind and series.
    pub samples: &'a [ErrorSample],
}

/// What can be looked at of a run that goes on.
#[derive(Debug)]
pub struct View {
    subject: Subject,
    phases: Vec<PhaseInfo>,
    end: Nanos,
    elapsed: Nanos,
    now: Now,
    rolling: Rolling,
    lately: Lately,
    failures: Failures,
}

impl View {
    /// A run of these phases, of which nothing is known yet; its load ends at `end`.
    pub fn new(subject: &Subject, phases: Vec<PhaseInfo>, end: Nanos) -> Self {
        let Subject { scenario, target, which } = subject;
        Self {
            subject: Subject {
                scenario: shown(scenario),
                target: shown(target),
                which: shown(which),
            },
            phases,
            end,
            elapsed: Nanos::ZERO,
            now: Now::default(),
            rolling: Rolling::new(),
            lately: Lately::default(),
            failures: Failures::default(),
        }
    }

    /// Takes the next interval. `catalogue` has all series that it names.
    pub fn take(&mut self, interval: &Interval, catalogue: &Catalogue) {
        let stretch = stretch(interval, catalogue);
        let seconds = interval.length.as_secs_f64();
        let each = |count: u64| {
            if seconds > 0.0 { count_to_f64(count) / seconds } else { 0.0 }
        };
        self.elapsed = interval.start + interval.length;
        self.now = Now {
            rate: each(stretch.requests),
            error_rate: each(stretch.errors),
            users: interval.gauges.active_users,
            response: Quantiles::of(&stretch.response),
            lag_p99_ns: stretch.lag.at(0.99).map(|lag| lag.0),
            cpu: each(interval.gauges.generator_cpu.0) / 1e9,
        };
        self.rolling.push(&stretch);
        self.lately.push(interval);
        self.failures.push(interval);
    }

    /// The picture of this moment. It reads and adds up many distributions, so it is made for
    /// those who look.
    pub fn frame(&self, stage: Stage, so_far: &SoFar<'_>) -> Frame {
        let pick = Pick::all(&self.phases);
        let http: Vec<SeriesId> =
            so_far.catalogue.matching(|series| series.kind.is_http()).collect();
        let counts: Counts = so_far.totals.counts(&pick, http.iter().copied());
        let response = so_far.totals.histogram(&pick, http.iter().copied(), Metric::Response);
        let dropped = so_far.totals.tallies().map(|tally| tally.counts.dropped).sum();
        let span = |phase: &PhaseInfo| PhaseSpan {
            name: shown(&phase.name),
            load: shown(&phase.load),
            start_ns: phase.start.0,
            length_ns: phase.length.0,
            measured: phase.measure,
        };
        let begun = |phase: &&PhaseInfo| phase.start < self.elapsed;
        Frame {
            subject: self.subject.clone(),
            stage,
            said: None,
            elapsed_ns: self.elapsed.0,
            end_ns: self.end.0,
            phases: self.phases.iter().map(span).collect(),
            phase: self.phases.iter().filter(begun).count().saturating_sub(1),
            now: self.now,
            total: Sums {
                requests: counts.started,
                errors: counts.failed(),
                dropped,
                response: Quantiles::of(&response),
            },
            points: self.rolling.points(),
            kinds: rows::kinds(&counts),
            endpoints: rows::endpoints(&self.lately, &pick, so_far),
            endpoints_left_out: http.len().saturating_sub(MAX_ROWS),
            errors: self.failures.lines(so_far),
        }
    }
}

/// What is drawn of an interval over time.
fn stretch(interval: &Interval, catalogue: &Catalogue) -> Stretch {
    let is_http =
        |id: SeriesId| catalogue.get(id).is_some_and(|series: &Series| series.kind.is_http());
    let (mut http, mut dropped) = (Counts::default(), 0_u64);
    for tally in &interval.tallies {
        dropped += tally.counts.dropped;
        if is_http(tally.series) {
            http.merge(&tally.counts);
        }
    }
    let (mut response, mut lag) = (Histogram::new(), Histogram::new());
    for cell in &interval.cells {
        let histogram = match cell.metric {
            Metric::Response if is_http(cell.series) => &mut response,
            Metric::ScheduleLag => &mut lag,
            Metric::Response
            | Metric::Duration
            | Metric::Waiting
            | Metric::Failed
            | Metric::LookingUp
            | Metric::Connecting
            | Metric::TlsHandshaking
            | Metric::Sending
            | Metric::Receiving
            | Metric::Query
            | Metric::Iteration => continue,
        };
        // What the recorder encoded is readable; were it not, it would be left out of the picture.
        histogram.merge_encoded(&cell.bytes, cell.beyond).unwrap_or_default();
    }
    Stretch {
        start: interval.start,
        length: interval.length,
        requests: http.started,
        errors: http.failed(),
        dropped,
        users: interval.gauges.active_users,
        response,
        lag,
    }
}
