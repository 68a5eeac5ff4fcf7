//! What would settle a HOLD for want of data.

use super::errors::{Errors, limits};
use super::rows::{Compared, covers};
use super::series::{Line, Table};
use super::sides::Sides;
use crate::gate::evidence::SeriesEvidence;
use crate::gate::ruling::{Settle, Standing};
use crate::record::Policy;
use crate::stats::compare::{MOST_REPETITIONS, decided_from};
use crate::stats::decision::Decision;
use crate::stats::errors;
use crate::units::{Nanos, Ratio, count_to_f64, f64_to_u64};

/// What counts need on top, so that chance does not leave them just below.
const SPARE: f64 = 1.05;

/// Repetitions that show the noise where nothing is known of it: the quick plan.
const FIRST: u64 = 5;

/// Repetitions on each side that settle a lack of samples.
#[derive(Clone, Copy)]
struct Samples {
    repetitions: f64,
    /// What one repetition lacks, however many there are: it must be that much longer.
    longer: f64,
}

impl Samples {
    const ENOUGH: Self = Self { repetitions: 0.0, longer: 1.0 };

    /// More repetitions than are sensible become longer ones.
    fn sensible(self, now: usize) -> Self {
        if self.repetitions <= count_to_f64(MOST_REPETITIONS) {
            return self;
        }
        Self { repetitions: 0.0, longer: self.longer.max(self.repetitions / number(now)) }
    }

    fn and(self, other: Self) -> Self {
        Self {
            repetitions: self.repetitions.max(other.repetitions),
            longer: self.longer.max(other.longer),
        }
    }
}

/// Whether rows are undecided that no sensible number of repetitions decides.
pub(super) fn noise_is_too_large(compared: &Compared) -> bool {
    compared.comparison.repetitions_to_decide.is_none()
}

/// Repetitions that would decide what is undecided, cover enough of the load, judge what is
/// critical and tell how much fails: the most of these. `None` when nothing is open, or nothing
/// would settle it.
pub(super) fn settle(
    table: &Table<'_>,
    compared: &Compared,
    errors: &Errors,
    sides: &Sides<'_>,
    policy: &Policy,
) -> Option<Settle> {
    let now = table.repetitions.0.min(table.repetitions.1);
    let samples = coverage(table, compared, policy).and(critical(table, compared)).sensible(now);
    let failures = failures(table, errors, policy)?;
    let least = f64_to_u64(samples.repetitions.ceil()).max(failures);
    let open = undecided(table, compared);
    let wanted = match open {
        Open::Nothing if least == 0 && samples.longer <= 1.0 => return None,
        Open::Nothing if least == 0 => u64::try_from(now).unwrap_or(u64::MAX),
        Open::NoiseUnknown => least.max(FIRST),
        Open::Nothing | Open::Rows => decided(table, compared, least)?,
    };
    let (baseline, candidate) = (sides.baseline.runs.len(), sides.candidate.runs.len());
    let lacking = |now: usize| wanted.saturating_sub(u64::try_from(now).unwrap_or(u64::MAX));
    let (before, more) = (lacking(baseline), lacking(candidate));
    if before == 0 && more == 0 && samples.longer <= 1.0 {
        return None;
    }
    let length = sides.candidate.side.length.max(sides.baseline.side.length);
    // A higher rate gives requests and not repetitions: it is no remedy where the noise wants more.
    let only_samples = matches!(open, Open::Nothing) && failures == 0 && wanted == least;
    let text = text((before, more), length, &samples, only_samples.then_some(table));
    Some(Settle { repetitions: wanted, more, more_baseline: before, length, text })
}

fn text(
    (before, more): (u64, u64),
    length: Nanos,
    samples: &Samples,
    only_samples: Option<&Table<'_>>,
) -> String {
    let repetitions = |count: u64| match count {
        1 => format!("1 more repetition of {length}"),
        _ => format!("{count} more repetitions of {length}"),
    };
    let longer =
        format!("repetitions {:.1} times as long, or as many times the rate", up(samples.longer));
    let who = match (before, more) {
        (0, 0) => return format!("{longer}, would decide"),
        (0, more) => format!("{} of the candidate", repetitions(more)),
        (before, 0) => format!("{} of the baseline", repetitions(before)),
        (before, more) if before == more => format!("{} on each side", repetitions(more)),
        (before, more) => {
            format!("{} of the baseline and {more} of the candidate", repetitions(before))
        }
    };
    if samples.longer > 1.0 {
        return format!("{who}, and {longer}, would decide");
    }
    let factor = only_samples
        .map(|table| samples.repetitions / number(table.repetitions.0.min(table.repetitions.1)));
    match factor.filter(|factor| *factor > 1.0) {
        Some(factor) => format!("{who} would decide, or {:.1} times the rate", up(factor)),
        None => format!("{who} would decide"),
    }
}

/// Up to the next tenth.
fn up(factor: f64) -> f64 {
    (factor * 10.0).ceil() / 10.0
}

/// What is undecided.
enum Open {
    Nothing,
    /// Rows of which an interval is known.
    Rows,
    /// Rows of which none is.
    NoiseUnknown,
}

fn undecided(table: &Table<'_>, compared: &Compared) -> Open {
    let mut open = Open::Nothing;
    for judged in &compared.rows {
        let counts = table.series.get(judged.line).is_some_and(Line::counts);
        if !counts || judged.row.standing != Standing::Undecided {
            continue;
        }
        match judged.row.ratio {
            Some(_) => open = Open::Rows,
            None => return Open::NoiseUnknown,
        }
    }
    open
}

/// The fewest repetitions, at least `least`, with which nothing is undecided that counts.
fn decided(table: &Table<'_>, compared: &Compared, least: u64) -> Option<u64> {
    let mut matters = vec![false; compared.pairs.len()];
    for judged in &compared.rows {
        let counts = table.series.get(judged.line).is_some_and(Line::counts);
        if let Some(own) = judged.at.and_then(|at| matters.get_mut(at)) {
            *own = counts;
        }
    }
    decided_from(&compared.pairs, &matters, &compared.settings, least)
}

/// Repetitions of a series that give so many slow requests as a row in full needs, on the side
/// that has fewer; and how much longer each would have to be.
fn needed(table: &Table<'_>, line: &Line<'_>, quantile: f64, compared: &Compared) -> Samples {
    let settings = &compared.settings;
    let each = |requests: u64, repetitions: usize| count_to_f64(requests) / number(repetitions);
    let (before, now) = line.requests();
    let slow =
        (1.0 - quantile) * each(before, table.repetitions.0).min(each(now, table.repetitions.1));
    let side = |one: Option<&SeriesEvidence>| one.map_or(0, |one| one.requests);
    let least = line.baseline.iter().chain(&line.candidate).copied().map(side).min().unwrap_or(0);
    let least = (1.0 - quantile) * count_to_f64(least);
    let lacking = settings.exceed_repetition * SPARE / least;
    Samples {
        repetitions: settings.exceed_full * SPARE / slow,
        longer: if least < settings.exceed_repetition { lacking } else { 1.0 },
    }
}

/// What coverage needs: the series with most requests first.
fn coverage(table: &Table<'_>, compared: &Compared, policy: &Policy) -> Samples {
    let share = compared.coverage.requests.unwrap_or_default();
    if share >= policy.coverage && compared.any_full(table) {
        return Samples::ENOUGH;
    }
    let of = covers(table);
    let mut wanted: Vec<(Samples, u64)> = Vec::new();
    let mut all = 0_u64;
    for line in table.series.iter().filter(|line| line.place.kind.compared() == of && line.counts())
    {
        let (before, now) = line.requests();
        let requests = before.saturating_add(now);
        all = all.saturating_add(requests);
        let quantiles = table.quantiles(line).iter();
        let one = quantiles.map(|quantile| needed(table, line, *quantile, compared));
        let easiest =
            one.reduce(|one, other| if one.repetitions < other.repetitions { one } else { other });
        wanted.extend(
            easiest.filter(|easiest| easiest.repetitions.is_finite()).map(|one| (one, requests)),
        );
    }
    wanted.sort_by(|(one, _), (other, _)| one.repetitions.total_cmp(&other.repetitions));
    let mut sum = Samples::ENOUGH;
    let mut covered = 0_u64;
    for (one, requests) in wanted {
        if covered > 0 && Ratio::of(covered, all).unwrap_or_default() >= policy.coverage {
            break;
        }
        sum = sum.and(one);
        covered = covered.saturating_add(requests);
    }
    sum
}

/// What the critical series need at all their percentiles.
fn critical(table: &Table<'_>, compared: &Compared) -> Samples {
    let mut sum = Samples::ENOUGH;
    for judged in compared.rows.iter().filter(|judged| !judged.full(&compared.comparison)) {
        let Some(line) = table.series.get(judged.line).filter(|line| line.is_critical()) else {
            continue;
        };
        let one = needed(table, line, judged.row.quantile, compared);
        if one.repetitions.is_finite() {
            sum = sum.and(one);
        }
    }
    sum
}

/// Repetitions after which the share of failures is decided, if it stays what it is; 0 when it is,
/// `None` when more than are sensible would be needed.
fn failures(table: &Table<'_>, errors: &Errors, policy: &Policy) -> Option<u64> {
    let open = errors.rows.first().is_some_and(|row| row.standing == Standing::Undecided);
    if !open {
        return Some(0);
    }
    let now = u64::try_from(table.repetitions.1.max(1)).unwrap_or(u64::MAX);
    let lines = limits(policy.errors);
    (now.saturating_add(1)..=MOST_REPETITIONS).find(|repetitions| {
        let factor = count_to_f64(*repetitions) / count_to_f64(now);
        let long = f64_to_u64(number(errors.all.len()) * factor);
        let more = errors.all.iter().cycle().take(usize::try_from(long).unwrap_or(0));
        let found = errors::judge(&more.copied().collect::<Vec<_>>(), &lines);
        found.is_some_and(|found| found.decision != Decision::Inconclusive)
    })
}

/// A number of repetitions to divide by.
fn number(repetitions: usize) -> f64 {
    count_to_f64(u64::try_from(repetitions.max(1)).unwrap_or(u64::MAX))
}
