//! The key `gate`: what the gate says, with every figure it rests on.

use serde::Serialize;

use crate::gate::identity::Difference;
use crate::gate::ruling::{
    Coverage, Drift, ErrorRow, Place, Reason, Row, Ruling, Settle, Side, Site, StatementDrift,
};
use crate::record::{Compared, Lines};
use crate::report::document::{Judgement, Question};
use crate::report::{figures, words};
use crate::stats::estimate::Estimate;
use crate::units::{Nanos, Ratio};

#[derive(Serialize)]
pub(in crate::report) struct GateJson<'a> {
    verdict: &'static str,
    question: &'static str,
    equivalence: &'static str,
    reasons: Vec<ReasonJson<'a>>,
    baseline: SideJson<'a>,
    candidate: SideJson<'a>,
    rows: Vec<RowJson<'a>>,
    errors: Vec<ErrorsJson<'a>>,
    drift: Vec<DriftJson<'a>>,
    sites: Vec<SiteJson>,
    coverage: CoverageJson,
    settle: Option<SettleJson<'a>>,
    accepted_differences: Vec<DifferenceJson<'a>>,
    notes: &'a [String],
}

impl<'a> GateJson<'a> {
    /// `None` without a baseline.
    pub(super) fn of(judgement: &'a Judgement) -> Option<Self> {
        let (ruling, verdict) = (judgement.ruling.as_ref()?, judgement.verdict()?);
        Some(Self { verdict: verdict.word(), ..Self::new(ruling, judgement.question) })
    }

    pub(in crate::report) fn new(ruling: &'a Ruling, question: Question) -> Self {
        let Ruling {
            verdict,
            equivalence,
            reasons,
            baseline,
            candidate,
            rows,
            errors,
            drift,
            thresholds: _,
            sites,
            coverage,
            only_open: _,
            settle,
            accepted,
            notes,
        } = ruling;
        Self {
            verdict: verdict.word(),
            question: words::question(question),
            equivalence: words::equivalence(*equivalence),
            reasons: gravest_first(reasons),
            baseline: SideJson::of(baseline),
            candidate: SideJson::of(candidate),
            rows: rows.iter().map(RowJson::of).collect(),
            errors: errors.iter().map(ErrorsJson::of).collect(),
            drift: drift.iter().map(DriftJson::of).collect(),
            sites: sites.iter().map(SiteJson::of).collect(),
            coverage: CoverageJson::of(*coverage),
            settle: settle.as_ref().map(SettleJson::of),
            accepted_differences: accepted.iter().map(DifferenceJson::of).collect(),
            notes,
        }
    }
}

/// An endpoint that sends other statements than before; numbers are for each request.
#[derive(Serialize)]
struct DriftJson<'a> {
    name: &'a str,
    journey: &'a str,
    step: &'a str,
    baseline: f64,
    candidate: f64,
    statements: Vec<StatementDriftJson<'a>>,
}

#[derive(Serialize)]
struct StatementDriftJson<'a> {
    name: &'a str,
    baseline: f64,
    candidate: f64,
}

impl<'a> DriftJson<'a> {
    fn of(drift: &'a Drift) -> Self {
        let Place { kind: _, name, journey, step } = &drift.place;
        let statement = |one: &'a StatementDrift| StatementDriftJson {
            name: &one.name,
            baseline: one.baseline,
            candidate: one.candidate,
        };
        Self {
            name,
            journey,
            step,
            baseline: drift.baseline,
            candidate: drift.candidate,
            statements: drift.statements.iter().map(statement).collect(),
        }
    }
}

/// JSON knows no infinite numbers.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

#[derive(Serialize)]
struct ReasonJson<'a> {
    verdict: &'static str,
    text: &'a str,
}

fn gravest_first(reasons: &[Reason]) -> Vec<ReasonJson<'_>> {
    let mut sorted: Vec<&Reason> = reasons.iter().collect();
    sorted.sort_by_key(|reason| std::cmp::Reverse(reason.verdict));
    sorted.into_iter().map(ReasonJson::of).collect()
}

impl<'a> ReasonJson<'a> {
    fn of(reason: &'a Reason) -> Self {
        Self { verdict: reason.verdict.word(), text: &reason.text }
    }
}

#[derive(Serialize)]
struct SideJson<'a> {
    name: &'a str,
    runs: Vec<RunJson<'a>>,
    versions: &'a [String],
    sessions: u32,
    length_ns: u64,
    left_out: Vec<LeftOutJson<'a>>,
}

#[derive(Serialize)]
struct RunJson<'a> {
    id: &'a str,
    started: String,
}

#[derive(Serialize)]
struct LeftOutJson<'a> {
    id: &'a str,
    reason: &'a str,
}

impl<'a> SideJson<'a> {
    fn of(side: &'a Side) -> Self {
        let Side { name, runs, left_out, versions, sessions, length } = side;
        let left_out = left_out.iter().map(|(id, reason)| LeftOutJson { id, reason });
        Self {
            name,
            runs: runs
                .iter()
                .map(|run| RunJson { id: &run.id, started: figures::rfc3339(run.started_unix_ns) })
                .collect(),
            versions,
            sessions: *sessions,
            length_ns: length.0,
            left_out: left_out.collect(),
        }
    }
}

#[derive(Serialize)]
struct RowJson<'a> {
    #[serde(flatten)]
    place: PlaceJson<'a>,
    percentile: f64,
    baseline_ns: Option<u64>,
    candidate_ns: Option<u64>,
    baseline_count: u64,
    candidate_count: u64,
    ratio: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    standing: &'static str,
    lines: LinesJson,
    relative: bool,
    below_floor: bool,
    weight: Option<f64>,
    equivalence: Option<&'static str>,
}

impl<'a> RowJson<'a> {
    fn of(row: &'a Row) -> Self {
        let bound = |choose: fn(&Estimate) -> f64| row.ratio.as_ref().map(choose).and_then(finite);
        Self {
            place: PlaceJson::of(Some(&row.place)),
            percentile: words::percent(row.quantile),
            baseline_ns: row.baseline.map(|Nanos(nanos)| nanos),
            candidate_ns: row.candidate.map(|Nanos(nanos)| nanos),
            baseline_count: row.requests_baseline,
            candidate_count: row.requests_candidate,
            ratio: bound(|ratio| ratio.value).or(row.point.and_then(finite)),
            low: bound(|ratio| ratio.low),
            high: bound(|ratio| ratio.high),
            standing: row.standing.word(),
            lines: LinesJson::of(row.lines),
            relative: row.relative,
            below_floor: row.below_floor,
            weight: finite(row.weight),
            equivalence: row.equivalence.map(words::equivalence),
        }
    }
}

/// A series. All keys are `null` for all requests together.
#[derive(Serialize)]
pub(in crate::report) struct PlaceJson<'a> {
    pub(in crate::report) kind: Option<&'static str>,
    pub(in crate::report) name: Option<&'a str>,
    pub(in crate::report) journey: Option<&'a str>,
    pub(in crate::report) step: Option<&'a str>,
}

impl<'a> PlaceJson<'a> {
    pub(in crate::report) fn of(place: Option<&'a Place>) -> Self {
        Self {
            kind: place.map(|place| words::kind(place.kind)),
            name: place.map(|place| place.name.as_str()),
            journey: place.map(|place| place.journey.as_str()),
            step: place.map(|place| place.step.as_str()),
        }
    }
}

#[derive(Serialize)]
struct LinesJson {
    go: f64,
    no_go: f64,
    rollback: f64,
}

impl LinesJson {
    fn of(lines: Lines) -> Self {
        let Lines { go: Ratio(go), no_go: Ratio(no_go), rollback: Ratio(rollback) } = lines;
        Self { go, no_go, rollback }
    }
}

#[derive(Serialize)]
struct ErrorsJson<'a> {
    #[serde(flatten)]
    place: PlaceJson<'a>,
    baseline_share: Option<f64>,
    candidate_share: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    candidate_count: u64,
    standing: &'static str,
    lines: LinesJson,
}

impl<'a> ErrorsJson<'a> {
    fn of(row: &'a ErrorRow) -> Self {
        let ErrorRow { place, baseline, candidate, standing, lines } = row;
        let bound = |choose: fn(&Estimate) -> f64| candidate.as_ref().map(choose).and_then(finite);
        Self {
            place: PlaceJson::of(place.as_ref()),
            baseline_share: baseline.and_then(|Ratio(share)| finite(share)),
            candidate_share: bound(|share| share.value),
            low: bound(|share| share.low),
            high: bound(|share| share.high),
            candidate_count: candidate.as_ref().map_or(0, |share| share.n),
            standing: standing.word(),
            lines: LinesJson::of(*lines),
        }
    }
}

#[derive(Serialize)]
struct SiteJson {
    of: Compared,
    percentile: f64,
    ratio: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    run_noise: Option<f64>,
    df: Option<f64>,
}

impl SiteJson {
    fn of(site: &Site) -> Self {
        let Site { of, quantile, ratio, run_noise, df } = *site;
        Self {
            of,
            percentile: words::percent(quantile),
            ratio: finite(ratio.value),
            low: finite(ratio.low),
            high: finite(ratio.high),
            run_noise: finite(run_noise),
            df: finite(df),
        }
    }
}

#[derive(Serialize)]
struct CoverageJson {
    endpoints: usize,
    endpoints_all: usize,
    requests: Option<f64>,
}

impl CoverageJson {
    fn of(coverage: Coverage) -> Self {
        let Coverage { endpoints, endpoints_all, requests } = coverage;
        Self { endpoints, endpoints_all, requests: requests.and_then(|Ratio(share)| finite(share)) }
    }
}

#[derive(Serialize)]
struct SettleJson<'a> {
    repetitions: u64,
    more: u64,
    more_baseline: u64,
    length_ns: u64,
    text: &'a str,
}

impl<'a> SettleJson<'a> {
    fn of(settle: &'a Settle) -> Self {
        let Settle { repetitions, more, more_baseline, length, text } = settle;
        Self {
            repetitions: *repetitions,
            more: *more,
            more_baseline: *more_baseline,
            length_ns: length.0,
            text,
        }
    }
}

#[derive(Serialize)]
struct DifferenceJson<'a> {
    kind: &'static str,
    baseline: &'a str,
    candidate: &'a str,
}

impl<'a> DifferenceJson<'a> {
    fn of(difference: &'a Difference) -> Self {
        let Difference { kind, baseline, candidate } = difference;
        Self { kind: kind.word(), baseline, candidate }
    }
}
