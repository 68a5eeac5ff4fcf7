//! The document for machines; `docs/json.md` describes it. Keys are only ever added within one
//! `schema_version`. Times are whole nanoseconds; what was not measured is `null`.

mod gate;
mod integrity;
mod leaks;
mod observed;
mod parts;

pub(super) use gate::{GateJson, PlaceJson};
use integrity::AssertionJson;
use leaks::LeakJson;
use observed::ObservedJson;
pub(super) use observed::change;
use parts::{
    ErrorJson, GeneratorJson, JourneyJson, LatencyJson, LoadJson, PartJson, PointJson, QueryJson,
    ReadingJson, SplitJson, ThresholdJson,
};
use serde::Serialize;

use super::checks::FeatureJson;
use super::document::{Document, RequestKind, RequestRow, TotalFacts};
use super::{Format, RenderError};
use crate::gate::ruling::Verdict;
use crate::units::Ratio;

/// Raised when a key goes or changes its meaning.
const SCHEMA_VERSION: u32 = 1;

/// JSON, indented.
#[derive(Debug)]
pub(super) struct Json;

impl Format for Json {
    fn word(&self) -> &'static str {
        "json"
    }

    fn extension(&self) -> &'static str {
        "json"
    }

    fn render(&self, document: &Document) -> Result<String, RenderError> {
        let text = serde_json::to_string_pretty(&Report::of(document))
            .map_err(|error| RenderError::new(self, &error))?;
        Ok(text + "\n")
    }
}

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    run: Run<'a>,
    valid: bool,
    invalid_reasons: &'a [String],
    verdict: Option<&'static str>,
    gate: Option<GateJson<'a>>,
    totals: Totals,
    endpoints: Vec<Endpoint<'a>>,
    queries: Vec<QueryJson<'a>>,
    splits: Vec<SplitJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    readings: Vec<ReadingJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    leaks: Vec<LeakJson<'a>>,
    journeys: Vec<JourneyJson<'a>>,
    phases: Phases,
    generator: GeneratorJson<'a>,
    error_kinds: Vec<ErrorJson<'a>>,
    thresholds: Vec<ThresholdJson>,
    integrity: Vec<AssertionJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observation: Option<ObservedJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    features: Vec<FeatureJson<'a>>,
    load: Vec<LoadJson<'a>>,
    timeline: Vec<PointJson<'a>>,
    notes: &'a [String],
    origin: &'a crate::record::Origin,
}

#[derive(Serialize)]
struct Run<'a> {
    id: &'a str,
    scenario: &'a str,
    seed: u64,
    started: &'a str,
    duration_s: f64,
    measured_s: f64,
    state: &'a str,
    target: &'a str,
    target_version: Option<&'a str>,
}

#[derive(Serialize)]
struct Totals {
    requests: u64,
    errors: u64,
    error_share: Option<f64>,
    dropped: u64,
    rate_per_s: Option<f64>,
    queries: u64,
    iterations: u64,
    checks_passed: u64,
    checks_failed: u64,
    sent_bytes: u64,
    received_bytes: u64,
    response: LatencyJson,
}

#[derive(Serialize)]
struct Endpoint<'a> {
    kind: &'static str,
    name: &'a str,
    journey: &'a str,
    step: &'a str,
    count: u64,
    errors: u64,
    checks_passed: u64,
    checks_failed: u64,
    rate_per_s: Option<f64>,
    response: LatencyJson,
    service: LatencyJson,
    failed: LatencyJson,
}

/// The parts of an exchange, on new and on reused connections.
#[derive(Serialize)]
struct Phases {
    looking_up: PartJson,
    connecting: PartJson,
    tls_handshaking: PartJson,
    sending: PartJson,
    waiting: PartJson,
    receiving: PartJson,
}

impl<'a> Report<'a> {
    fn of(document: &'a Document) -> Self {
        let run = &document.run;
        let judgement = &document.judgement;
        Self {
            schema_version: SCHEMA_VERSION,
            run: Run {
                id: &run.id,
                scenario: &run.scenario,
                seed: run.seed,
                started: &run.started,
                duration_s: run.lasted.as_secs_f64(),
                measured_s: run.measured.as_secs_f64(),
                state: run.state,
                target: &run.target,
                target_version: run.target_version.as_deref(),
            },
            valid: judgement.invalid_reasons.is_empty(),
            invalid_reasons: &judgement.invalid_reasons,
            verdict: judgement.verdict().map(Verdict::word),
            gate: GateJson::of(judgement),
            totals: totals(&document.totals),
            endpoints: document.endpoints.iter().chain(&document.logins).map(endpoint).collect(),
            queries: document.queries.iter().map(QueryJson::of).collect(),
            splits: document.splits.iter().map(SplitJson::of).collect(),
            readings: document.readings.iter().map(ReadingJson::of).collect(),
            leaks: document.leaks.iter().map(LeakJson::of).collect(),
            journeys: document.journeys.iter().map(JourneyJson::of).collect(),
            phases: phases(document),
            generator: GeneratorJson::of(&document.generator),
            error_kinds: document.errors.iter().map(ErrorJson::of).collect(),
            thresholds: judgement.told().into_iter().map(ThresholdJson::of).collect(),
            integrity: document.integrity.iter().map(AssertionJson::of).collect(),
            observation: document.observation.as_ref().map(ObservedJson::of),
            features: document.features.iter().map(FeatureJson::of).collect(),
            load: document.load.iter().map(LoadJson::of).collect(),
            timeline: document.timeline.iter().map(PointJson::of).collect(),
            notes: &document.notes,
            origin: &document.origin,
        }
    }
}

fn totals(facts: &TotalFacts) -> Totals {
    let TotalFacts {
        requests,
        errors,
        error_share,
        dropped,
        rate,
        response,
        queries,
        iterations,
        checks_passed,
        checks_failed,
        sent_bytes,
        received_bytes,
    } = *facts;
    Totals {
        requests,
        errors,
        error_share: error_share.map(|Ratio(share)| share),
        dropped,
        rate_per_s: rate,
        queries,
        iterations,
        checks_passed,
        checks_failed,
        sent_bytes,
        received_bytes,
        response: LatencyJson::of(response),
    }
}

fn endpoint(row: &RequestRow) -> Endpoint<'_> {
    Endpoint {
        kind: match row.kind {
            RequestKind::Endpoint => "endpoint",
            RequestKind::Login => "login",
        },
        name: &row.name,
        journey: &row.journey,
        step: &row.step,
        count: row.count,
        errors: row.errors,
        checks_passed: row.checks.passed,
        checks_failed: row.checks.failed,
        rate_per_s: row.rate,
        response: LatencyJson::of(row.response),
        service: LatencyJson::of(row.service),
        failed: LatencyJson::of(row.failed),
    }
}

fn phases(document: &Document) -> Phases {
    let part = |word: &str| {
        let row = document.connections.iter().find(|row| row.word == word);
        PartJson {
            new: LatencyJson::of(row.and_then(|row| row.fresh)),
            reused: LatencyJson::of(row.and_then(|row| row.reused)),
        }
    };
    Phases {
        looking_up: part("looking_up"),
        connecting: part("connecting"),
        tls_handshaking: part("tls_handshaking"),
        sending: part("sending"),
        waiting: part("waiting"),
        receiving: part("receiving"),
    }
}
