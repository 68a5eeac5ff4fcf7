//! The live alarm: whether a candidate must be taken back while it is still being measured.

mod window;

#[cfg(test)]
mod tests;

use window::{Piece, Window};

use super::evidence::{Evidence, SeriesEvidence, Wanted, added, place};
use super::judge::{group, limits, lines, name, percent, percentile, rule, settings};
use super::ruling::Place;
use crate::histogram::values_of;
use crate::names::{Catalogue, Metric, SeriesId};
use crate::record::{Compared, Interval, Lines, PhaseInfo, Policy};
use crate::stats::compare::{self, Comparison, Pair, Row, Settings};
use crate::stats::decision::Decision;
use crate::stats::errors::{self, Stretch};
use crate::stats::quantile::RunPercentile;
use crate::units::{Nanos, Ratio, count_to_f64, group_thousands};

/// Weights such as 0.3, 0.3 and 0.4 add up to 1 within this.
const TOLERANCE: f64 = 1e-9;

/// The most series that are named in the sentence of an alarm.
const MOST_NAMED: usize = 3;

/// What was seen that must be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// How much had been measured by then, over all repetitions.
    pub at: Nanos,
    /// What it is about.
    pub kind: AlarmKind,
    /// A sentence for people.
    pub what: String,
}

impl Alarm {
    /// What stands against the run for it, in notes and reports.
    pub fn objection(&self) -> String {
        format!("ROLLBACK alarm: {}", self.what)
    }
}

/// What an alarm is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmKind {
    /// Requests that fail.
    Errors,
    /// Requests that are slower than those of the baseline.
    Change,
}

/// Looks at a candidate while it is measured, and says once when it is ROLLBACK without doubt.
///
/// The window is the policy's `sustained` of *measured* time, over all repetitions: warm-up and
/// pauses between them don't count. Each five seconds of it, when the window is full:
///
/// - Failures: their share over the window is ROLLBACK as the gate judges it (beyond the ROLLBACK
///   line, and with 99 % confidence beyond the NO-GO line).
/// - Change: the window as one repetition against those of the baseline is ROLLBACK as the gate
///   judges it ([`Comparison::of`], over all endpoints).
///
/// Either must also hold by best estimate in each quarter of the window and at both of its ends,
/// so that neither a spike nor a pause is an alarm. Series count by their weight, as in the gate.
#[derive(Clone, Debug)]
pub struct Watch {
    policy: Policy,
    settings: Settings,
    quantiles: Vec<f64>,
    /// Requests that the baseline or the candidate has; their place is that in the window.
    series: Vec<Watched>,
    window: Window,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Watching,
    Fired,
}

/// The requests of one step.
#[derive(Clone, Debug)]
struct Watched {
    place: Place,
    weight: f64,
    change: Option<Lines>,
    errors: Option<Lines>,
    before: Option<Before>,
}

/// What the baseline has of it.
#[derive(Clone, Debug)]
struct Before {
    /// For each quantile an entry for each repetition.
    figures: Vec<Vec<RunPercentile>>,
    tried: Stretch,
}

/// One reason for an alarm.
struct Finding {
    /// Its series; `None` for all requests together.
    series: Option<usize>,
    kind: AlarmKind,
    text: String,
}

impl Watch {
    /// Watches by the rules of `policy`. Without a baseline only failures are watched; repetitions
    /// of it that are no measurement are left out.
    pub fn new(policy: &Policy, baseline: Option<&[Evidence]>) -> Self {
        let quantiles = Wanted::of(policy, &[]).quantiles(Compared::Http).to_vec();
        let mut watch = Self {
            policy: policy.clone(),
            settings: settings(policy),
            quantiles,
            series: Vec::new(),
            window: Window::new(policy.sustained),
            state: State::Watching,
        };
        let sound = |one: &&Evidence| one.faults().is_empty();
        let baseline: Vec<_> = baseline.unwrap_or_default().iter().filter(sound).collect();
        for found in baseline.iter().flat_map(|one| &one.series) {
            if found.place.kind.compared() == Compared::Http {
                watch.place_of(&found.place);
            }
        }
        for series in &mut watch.series {
            series.before = Some(Before::of(&baseline, &series.place, &watch.quantiles));
        }
        watch
    }

    /// Takes the next interval of a run with what its numbers mean; `phases` are those of its run.
    ///
    /// Gives the alarm, once. An interval that can't be read counts as one without requests.
    pub fn take(
        &mut self,
        interval: &Interval,
        catalogue: &Catalogue,
        phases: &[PhaseInfo],
    ) -> Option<Alarm> {
        if self.state == State::Fired {
            return None;
        }
        self.count(interval, catalogue, phases);
        if !self.window.pass(measured(interval, phases)) {
            return None;
        }
        let alarm = self.alarm()?;
        self.state = State::Fired;
        self.window = Window::new(self.policy.sustained);
        Some(alarm)
    }

    fn count(&mut self, interval: &Interval, catalogue: &Catalogue, phases: &[PhaseInfo]) {
        let counts = |phase: u8| phases.get(usize::from(phase)).is_some_and(|phase| phase.measure);
        for cell in &interval.cells {
            if cell.metric != Metric::Response || !counts(cell.phase) {
                continue;
            }
            let Some(series) = self.series_of(catalogue, cell.series) else { continue };
            self.window.answered(series, values_of(&cell.bytes).unwrap_or_default());
        }
        for tally in interval.tallies.iter().filter(|tally| counts(tally.phase)) {
            let Some(series) = self.series_of(catalogue, tally.series) else { continue };
            let counts = &tally.counts;
            let tried = Stretch { errors: counts.failed(), requests: counts.tried() };
            self.window.tried(series, tried);
        }
    }

    fn series_of(&mut self, catalogue: &Catalogue, id: SeriesId) -> Option<usize> {
        let place = place(catalogue.get(id)?)?;
        (place.kind.compared() == Compared::Http).then(|| self.place_of(&place))
    }

    /// Where a series stands; a new one is entered.
    fn place_of(&mut self, place: &Place) -> usize {
        if let Some(known) = self.series.iter().position(|known| known.place == *place) {
            return known;
        }
        let rule = rule(&self.policy, place);
        let weight = rule.map_or(1.0, |rule| rule.weight);
        self.series.push(Watched {
            place: place.clone(),
            weight: if weight.is_finite() { weight.max(0.0) } else { 1.0 },
            change: rule.and_then(|rule| rule.change),
            errors: rule.and_then(|rule| rule.errors),
            before: None,
        });
        self.series.len() - 1
    }

    /// What the window says, if its series weigh enough together.
    fn alarm(&self) -> Option<Alarm> {
        let mut found: Vec<Finding> = self.all_failing().into_iter().collect();
        found.extend((0..self.series.len()).filter_map(|at| self.failing(at)));
        found.extend(self.slower());
        let weight_of = |at: usize| self.series.get(at).map_or(0.0, |series| series.weight);
        found.retain(|finding| finding.series.is_none_or(|at| weight_of(at) > 0.0));
        let mut series: Vec<usize> = found.iter().filter_map(|finding| finding.series).collect();
        series.sort_unstable();
        series.dedup();
        let weight: f64 = series.into_iter().map(weight_of).sum();
        let first = found.first()?;
        if first.series.is_some() && weight < 1.0 - TOLERANCE {
            return None;
        }
        let told: Vec<_> =
            found.iter().take(MOST_NAMED).map(|finding| finding.text.as_str()).collect();
        let more = match found.len().saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let what = format!("{}{more}", told.join("; "));
        Some(Alarm { at: self.window.measured(), kind: first.kind, what })
    }

    /// Failures of all requests.
    fn all_failing(&self) -> Option<Finding> {
        let (found, lines) = self.failures(|_| true, self.policy.errors)?;
        let text = self.failing_text("requests", &found, lines);
        Some(Finding { series: None, kind: AlarmKind::Errors, text })
    }

    /// Failures of a series that has a budget of its own, or that fails more often than it did.
    fn failing(&self, at: usize) -> Option<Finding> {
        let series = self.series.get(at)?;
        let before = series.before.as_ref().and_then(Before::failed);
        if series.errors.is_none() && before.is_none() {
            return None;
        }
        let lines = series.errors.unwrap_or(self.policy.errors);
        let (found, lines) = self.failures(|other| other == at, lines)?;
        if before.is_some_and(|before| found.share.low <= before.0) {
            return None;
        }
        let what = format!("requests of {}", name(&series.place));
        let text = self.failing_text(&what, &found, lines);
        Some(Finding { series: Some(at), kind: AlarmKind::Errors, text })
    }

    /// The failures of some series, when they are beyond the last line throughout.
    fn failures(
        &self,
        wanted: impl Fn(usize) -> bool + Copy,
        lines: Lines,
    ) -> Option<(errors::ErrorShare, Lines)> {
        let beyond = |pieces: &[&Piece]| {
            let Stretch { errors, requests } = window::tried(pieces, wanted);
            Ratio::of(errors, requests).is_some_and(|share| share > lines.rollback)
        };
        if !self.window.throughout(beyond) {
            return None;
        }
        let found = errors::judge(&self.window.stretches(wanted), &limits(lines))?;
        (found.decision == Decision::Rollback).then_some((found, lines))
    }

    fn failing_text(&self, what: &str, found: &errors::ErrorShare, lines: Lines) -> String {
        format!(
            "{} of {} {what} failed over the last {}, more than {} and surely more than {}",
            Ratio(found.share.value),
            group_thousands(found.share.n),
            self.window.sustained(),
            lines.rollback,
            lines.no_go,
        )
    }

    /// Endpoints that are slower than those of the baseline.
    fn slower(&self) -> Vec<Finding> {
        let all: Vec<(usize, usize)> = (0..self.series.len())
            .flat_map(|at| (0..self.quantiles.len()).map(move |figure| (at, figure)))
            .collect();
        // Hardly ever is one beyond the last line throughout, so that the rest is done seldom.
        let beyond: Vec<bool> =
            all.iter().map(|(at, figure)| self.is_beyond(*at, *figure)).collect();
        if !beyond.contains(&true) {
            return Vec::new();
        }
        let mut pairs = Vec::new();
        let mut origins = Vec::new();
        for ((at, figure), beyond) in all.into_iter().zip(beyond) {
            if let Some(pair) = self.pair(at, figure) {
                pairs.push(pair);
                origins.push((at, beyond));
            }
        }
        let Ok(comparison) = Comparison::of(&pairs, &self.settings) else { return Vec::new() };
        let alarming = comparison
            .rows
            .iter()
            .zip(origins)
            .filter(|(row, (_, beyond))| *beyond && row.decision == Decision::Rollback);
        let finding = |(row, (at, _)): (&Row, (usize, bool))| {
            let text = self.slower_text(at, row)?;
            Some(Finding { series: Some(at), kind: AlarmKind::Change, text })
        };
        alarming.filter_map(finding).collect()
    }

    /// Whether a percentile is beyond the last line by best estimate all through the window.
    fn is_beyond(&self, at: usize, figure: usize) -> bool {
        let Some(series) = self.series.get(at) else { return false };
        let before = series.before.as_ref().and_then(|before| before.level(figure));
        let (Some(before), Some(quantile)) = (before, self.quantiles.get(figure)) else {
            return false;
        };
        let line = before * series.lines(&self.settings).rollback;
        self.window.throughout(|pieces| {
            let found = window::percentile(pieces, at, *quantile);
            found.is_some_and(|found| count_to_f64(found.0) > line)
        })
    }

    /// The window as a repetition beside those of the baseline.
    fn pair(&self, at: usize, figure: usize) -> Option<Pair> {
        let series = self.series.get(at)?;
        let quantile = *self.quantiles.get(figure)?;
        let baseline = series.before.as_ref()?.figures.get(figure)?.clone();
        let window = self.window.repetition(at).percentile(quantile);
        let candidate = window.unwrap_or(RunPercentile::NOTHING);
        let before = baseline.iter().fold(0_u64, |sum, one| sum.saturating_add(one.n));
        (before.min(candidate.n) >= self.policy.least).then(|| Pair {
            endpoint: at.to_string(),
            group: group(Compared::Http),
            percentile: quantile,
            lines: series.change.map(lines),
            baseline,
            candidate: vec![candidate],
        })
    }

    fn slower_text(&self, at: usize, row: &Row) -> Option<String> {
        let series = self.series.get(at)?;
        let figures = row.figures.as_ref()?;
        let no_go = series.lines(&self.settings).nogo;
        let beside =
            if figures.low_nogo > no_go.ln() { "" } else { "beside the rest of the site " };
        Some(format!(
            "{} {} is {} slower than the baseline over the last {}, {beside}certainly more than {}",
            name(&series.place),
            percentile(row.percentile),
            percent(figures.change.exp_m1()),
            self.window.sustained(),
            percent(no_go - 1.0),
        ))
    }
}

impl Watched {
    fn lines(&self, settings: &Settings) -> compare::Lines {
        self.change.map_or(settings.lines, lines)
    }
}

impl Before {
    fn of(baseline: &[&Evidence], place: &Place, quantiles: &[f64]) -> Self {
        let mut found: Vec<Option<&SeriesEvidence>> = Vec::new();
        for one in baseline {
            found.push(one.series.iter().find(|series| series.place == *place));
        }
        let of = |quantile: f64| {
            let cells = found.iter();
            cells.map(move |one| one.map_or(RunPercentile::NOTHING, |one| one.figure(quantile)))
        };
        let figures = quantiles.iter().map(|quantile| of(*quantile).collect()).collect();
        let tried: Vec<_> = found.iter().flatten().map(|one| one.all()).collect();
        Self { figures, tried: added(&tried) }
    }

    /// The share that failed; `None` without requests.
    fn failed(&self) -> Option<Ratio> {
        Ratio::of(self.tried.errors.min(self.tried.requests), self.tried.requests)
    }

    /// Geometric mean of a percentile in nanoseconds; `None` where a repetition has none.
    fn level(&self, figure: usize) -> Option<f64> {
        let repetitions = self.figures.get(figure)?;
        let number = count_to_f64(u64::try_from(repetitions.len()).ok()?);
        let level = repetitions.iter().map(|one| one.ln_value).sum::<f64>() / number;
        level.is_finite().then(|| level.exp())
    }
}

/// How much of an interval lies in phases that count.
fn measured(interval: &Interval, phases: &[PhaseInfo]) -> Nanos {
    let (from, until) = (interval.start, interval.start + interval.length);
    let within = phases
        .iter()
        .filter(|phase| phase.measure)
        .map(|phase| until.min(phase.start + phase.length).since(from.max(phase.start)));
    within.fold(Nanos::ZERO, |sum, length| sum + length)
}
