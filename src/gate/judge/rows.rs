//! The comparison of all series at all percentiles, row by row.

use super::series::{Line, Presence, Table};
use crate::gate::evidence::{Evidence, SeriesEvidence};
use crate::gate::ruling::{Coverage, Row, Site, Standing};
use crate::record::{self, Compared as Of, Policy};
use crate::stats::compare::{
    self, Comparison, Known, Lines, Pair, Settings, Tier, Variance, between_sessions, run_noise,
};
use crate::stats::decision::Decision;
use crate::stats::equivalence::{self, MARGIN};
use crate::stats::quantile::RunPercentile;
use crate::units::{Nanos, Ratio, count_to_f64, f64_to_u64};

/// Of the alpha of a WARN so much is that of a NO-GO: 1 % of 5 %.
const NOGO_PART: f64 = 0.2;

/// The least and the most confidence that is reckoned with.
const CONFIDENCE: (f64, f64) = (0.5, 0.999_9);

/// What is known of the machine before anything is compared.
pub(super) struct Beforehand<'a> {
    /// Repetitions of some other baseline.
    pub(super) noise: Vec<&'a Evidence>,
    /// The session of each repetition of the baseline, where their difference is to be reckoned
    /// with; empty where not.
    pub(super) sessions: Vec<u32>,
}

/// All rows with the comparison that they come from.
pub(super) struct Compared {
    pub(super) comparison: Comparison,
    /// The pairs of the comparison, in the order of its rows.
    pub(super) pairs: Vec<Pair>,
    pub(super) settings: Settings,
    pub(super) rows: Vec<Judged>,
    pub(super) coverage: Coverage,
}

/// A row with where it comes from.
pub(super) struct Judged {
    /// The place of its series in the table.
    pub(super) line: usize,
    /// Its place in the comparison; `None` for a series with fewer requests than the policy asks.
    pub(super) at: Option<usize>,
    pub(super) row: Row,
}

/// The lines of a policy as ratios.
pub(in crate::gate) fn lines(own: record::Lines) -> Lines {
    Lines::new(1.0 + own.go.0, 1.0 + own.no_go.0, 1.0 + own.rollback.0)
}

/// What a policy says of error rates and lines.
pub(in crate::gate) fn settings(policy: &Policy) -> Settings {
    let confidence = policy.confidence.0;
    let (least, most) = CONFIDENCE;
    let sure = if confidence.is_finite() { confidence.clamp(least, most) } else { 0.95 };
    let alpha = 1.0 - sure;
    Settings {
        lines: lines(policy.change),
        alpha_warn: alpha,
        alpha_nogo: alpha * NOGO_PART,
        beta: alpha,
        ignore_below: (policy.floor > Nanos::ZERO).then_some(policy.floor),
        ..Settings::default()
    }
}

/// Requests and queries have moods of their own.
pub(in crate::gate) fn group(of: Of) -> u8 {
    match of {
        Of::Http => 0,
        Of::Sql => 1,
    }
}

/// One series at one quantile; the name is its place in the table, which tells all apart.
pub(super) fn pair(place: usize, line: &Line<'_>, quantile: f64) -> Pair {
    let side = |side: &[Option<&SeriesEvidence>]| {
        let cell = |one: Option<&SeriesEvidence>| {
            one.map_or(RunPercentile::NOTHING, |one| one.figure(quantile))
        };
        side.iter().copied().map(cell).collect()
    };
    Pair {
        endpoint: place.to_string(),
        group: group(line.place.kind.compared()),
        percentile: quantile,
        lines: line.rule.and_then(|rule| rule.change).map(lines),
        baseline: side(&line.baseline),
        candidate: side(&line.candidate),
    }
}

/// All pairs of a table.
pub(super) fn pairs(table: &Table<'_>) -> Vec<Pair> {
    let lines = table.series.iter().enumerate();
    lines
        .flat_map(|(at, line)| {
            table.quantiles(line).iter().map(move |quantile| pair(at, line, *quantile))
        })
        .collect()
}

impl Compared {
    pub(super) fn of(table: &Table<'_>, beforehand: &Beforehand<'_>, policy: &Policy) -> Self {
        let mut settings = settings(policy);
        let mut kept = Vec::new();
        let mut places = Vec::new();
        for (at, line) in table.series.iter().enumerate() {
            let (before, now) = line.requests();
            for quantile in table.quantiles(line) {
                let enough = before.min(now) >= policy.least;
                places.push((at, *quantile, enough.then_some(kept.len())));
                if enough {
                    kept.push(pair(at, line, *quantile));
                }
            }
        }
        settings.known = beforehand.known(&kept, policy, &settings);
        let comparison = compared(&kept, &settings);
        let row = |(line, quantile, at): (usize, f64, Option<usize>)| {
            let series = table.series.get(line)?;
            let found = at.and_then(|at| comparison.rows.get(at));
            Some(Judged { line, at, row: row(series, quantile, found, policy) })
        };
        let rows: Vec<_> = places.into_iter().filter_map(row).collect();
        let full = |judged: &Judged| judged.full(&comparison);
        let coverage = coverage(table, &rows, full);
        Self { comparison, pairs: kept, settings, rows, coverage }
    }

    /// What all series have in common.
    pub(super) fn sites(&self) -> Vec<Site> {
        let site = |site: &compare::Site| Site {
            of: if site.group == group(Of::Http) { Of::Http } else { Of::Sql },
            quantile: site.percentile,
            ratio: site.ratio,
            run_noise: site.run_noise,
            df: site.df,
        };
        self.comparison.sites.iter().map(site).collect()
    }

    /// The compared row behind a judged one.
    pub(super) fn found(&self, judged: &Judged) -> Option<&compare::Row> {
        judged.at.and_then(|at| self.comparison.rows.get(at))
    }

    /// Whether any row is judged in full, of those that count.
    pub(super) fn any_full(&self, table: &Table<'_>) -> bool {
        let counts = |judged: &&Judged| table.series.get(judged.line).is_some_and(Line::counts);
        self.rows.iter().filter(counts).any(|judged| judged.full(&self.comparison))
    }
}

impl Judged {
    pub(super) fn full(&self, comparison: &Comparison) -> bool {
        let found = self.at.and_then(|at| comparison.rows.get(at));
        found.is_some_and(|found| found.tier == Tier::Full)
    }
}

/// The sides of a table have the same repetitions in every pair, so that nothing is refused.
fn compared(pairs: &[Pair], settings: &Settings) -> Comparison {
    Comparison::of(pairs, settings).or_else(|_ragged| Comparison::of(&[], settings)).unwrap_or(
        Comparison {
            decision: Decision::Inconclusive,
            comparisons: 0,
            sites: Vec::new(),
            rows: Vec::new(),
            coverage: compare::Coverage { endpoints: 0, endpoints_all: 0, requests: None },
            repetitions_to_decide: None,
        },
    )
}

impl Beforehand<'_> {
    /// Noise profiles from another baseline, and the variance between sessions of this one.
    fn known(&self, pairs: &[Pair], policy: &Policy, settings: &Settings) -> Vec<Known> {
        let mut all: Vec<Known> = Vec::new();
        if !self.noise.is_empty() {
            let table = Table::of(&self.noise, &[], policy);
            let found = run_noise(&self::pairs(&table), settings).unwrap_or_default();
            all.extend(found.iter().map(|noise| Known {
                group: noise.group,
                percentile: noise.percentile,
                profile: Some(Variance { value: noise.run_noise.powi(2), df: noise.df }),
                session: None,
            }));
        }
        let settings = Settings { known: all.clone(), ..settings.clone() };
        let sessions = between_sessions(pairs, &self.sessions, &settings);
        all.retain(|known| {
            !sessions.iter().any(|own| {
                own.group == known.group && own.percentile.to_bits() == known.percentile.to_bits()
            })
        });
        all.extend(sessions);
        all
    }
}

fn row(line: &Line<'_>, quantile: f64, found: Option<&compare::Row>, policy: &Policy) -> Row {
    let (baseline, candidate) = (level(&line.baseline, quantile), level(&line.candidate, quantile));
    let (requests_baseline, requests_candidate) = line.requests();
    let own = line.rule.and_then(|rule| rule.change).unwrap_or(policy.change);
    let standing = match (line.presence(), found) {
        (Presence::New, _) => Standing::New,
        (Presence::Vanished, _) => Standing::Vanished,
        (Presence::Both, found) => found.map_or(Standing::NotGated, |found| found.decision.into()),
    };
    Row {
        place: line.place.clone(),
        quantile,
        baseline: baseline.map(|level| Nanos(f64_to_u64(level))),
        candidate: candidate.map(|level| Nanos(f64_to_u64(level))),
        requests_baseline,
        requests_candidate,
        ratio: found.and_then(compare::Row::estimate),
        point: baseline.zip(candidate).map(|(baseline, candidate)| candidate / baseline),
        standing,
        lines: own,
        relative: found.is_some_and(|found| is_relative(found, lines(own))),
        below_floor: found.is_some_and(|found| found.below_floor),
        weight: line.weight(),
        equivalence: found
            .filter(|_| line.counts())
            .and_then(|found| equivalence::of_row(found, MARGIN)),
    }
}

/// Whether an alarm was proved beside the other series, and not by the change itself.
fn is_relative(row: &compare::Row, lines: Lines) -> bool {
    let Some(figures) = row.figures else { return false };
    let alone = match row.decision {
        Decision::Rollback => {
            figures.low_nogo > lines.nogo.ln() && figures.change > lines.rollback.ln()
        }
        Decision::NoGo => figures.low_nogo > lines.go.ln() && figures.change > lines.nogo.ln(),
        Decision::Warn => figures.low_warn > lines.warn.ln(),
        Decision::NotGated | Decision::Coarse | Decision::Go | Decision::Inconclusive => true,
    };
    !alone
}

/// Geometric mean of the percentiles in nanoseconds, of the repetitions that have one.
fn level(side: &[Option<&SeriesEvidence>], quantile: f64) -> Option<f64> {
    let figures = side.iter().flatten().map(|one| one.figure(quantile));
    let logs: Vec<f64> = figures.filter(|one| one.n > 0).map(|one| one.ln_value).collect();
    let number = count_to_f64(u64::try_from(logs.len()).unwrap_or(u64::MAX));
    (!logs.is_empty()).then(|| (logs.iter().sum::<f64>() / number).exp())
}

/// What the policy compares decides what the load is: requests, or queries where nothing else is
/// compared.
pub(super) fn covers(table: &Table<'_>) -> Of {
    if table.wanted.quantiles(Of::Http).is_empty() { Of::Sql } else { Of::Http }
}

/// Series with a row that is judged in full, and their part of the requests, of those that count.
fn coverage(table: &Table<'_>, rows: &[Judged], full: impl Fn(&Judged) -> bool) -> Coverage {
    let mut covered = vec![false; table.series.len()];
    for judged in rows.iter().filter(|judged| full(judged)) {
        if let Some(covered) = covered.get_mut(judged.line) {
            *covered = true;
        }
    }
    let of = covers(table);
    let mut sums = Coverage::default();
    let (mut part, mut whole) = (0_u64, 0_u64);
    for (line, covered) in table.series.iter().zip(covered) {
        let (before, now) = line.requests();
        let requests = before.saturating_add(now);
        if line.place.kind.compared() != of || requests == 0 || !line.counts() {
            continue;
        }
        sums.endpoints_all += 1;
        whole = whole.saturating_add(requests);
        if covered {
            sums.endpoints += 1;
            part = part.saturating_add(requests);
        }
    }
    Coverage { requests: Ratio::of(part, whole), ..sums }
}
