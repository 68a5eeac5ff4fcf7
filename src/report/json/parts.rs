//! The parts of the JSON document.

use serde::Serialize;

use crate::gate::threshold::Status;
use crate::record::Reading;
use crate::report::document::{
    Caller, ErrorRow, GeneratorFacts, JourneyRow, Latency, LoadRow, QueryRow, ReadingRow, SplitRow,
    ThresholdLine, TimelinePoint,
};
use crate::units::{Nanos, Ratio};

/// A distribution. All keys are always there.
#[derive(Serialize)]
pub(super) struct LatencyJson {
    n: u64,
    mean_ns: Option<u64>,
    p50_ns: Option<u64>,
    p90_ns: Option<u64>,
    p95_ns: Option<u64>,
    p99_ns: Option<u64>,
    p999_ns: Option<u64>,
    max_ns: Option<u64>,
    beyond: u64,
}

impl LatencyJson {
    pub(super) fn of(latency: Option<Latency>) -> Self {
        let pick = |choose: fn(Latency) -> Nanos| latency.map(|latency| choose(latency).0);
        Self {
            n: latency.map_or(0, |latency| latency.n),
            mean_ns: pick(|l| l.mean),
            p50_ns: pick(|l| l.p50),
            p90_ns: pick(|l| l.p90),
            p95_ns: pick(|l| l.p95),
            p99_ns: pick(|l| l.p99),
            p999_ns: pick(|l| l.p999),
            max_ns: pick(|l| l.max),
            beyond: latency.map_or(0, |latency| latency.beyond),
        }
    }
}

#[derive(Serialize)]
pub(super) struct PartJson {
    pub(super) new: LatencyJson,
    pub(super) reused: LatencyJson,
}

#[derive(Serialize)]
pub(super) struct QueryJson<'a> {
    source: &'static str,
    name: &'a str,
    journey: Option<&'a str>,
    step: Option<&'a str>,
    count: u64,
    errors: u64,
    checks_passed: u64,
    checks_failed: u64,
    duration: LatencyJson,
    endpoints: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    callers: Vec<CallerJson<'a>>,
}

/// Who caused a statement that the tap saw.
#[derive(Serialize)]
struct CallerJson<'a> {
    endpoint: &'a str,
    journey: &'a str,
    step: &'a str,
    count: u64,
    per_request: Option<f64>,
    cause: &'static str,
}

impl<'a> CallerJson<'a> {
    fn of(caller: &'a Caller) -> Self {
        let Caller { endpoint, journey, step, count, per_request, cause } = caller;
        let (count, per_request) = (*count, *per_request);
        Self { endpoint, journey, step, count, per_request, cause }
    }
}

/// Where the time of an endpoint goes, in means.
#[derive(Serialize)]
pub(super) struct SplitJson<'a> {
    name: &'a str,
    journey: &'a str,
    step: &'a str,
    count: u64,
    statements_per_request: f64,
    service_ns: u64,
    sql_ns: u64,
    application_ns: u64,
    network_ns: u64,
    cause: &'static str,
}

impl<'a> SplitJson<'a> {
    pub(super) fn of(row: &'a SplitRow) -> Self {
        Self {
            name: &row.name,
            journey: &row.journey,
            step: &row.step,
            count: row.count,
            statements_per_request: row.statements,
            service_ns: row.service.0,
            sql_ns: row.sql.0,
            application_ns: row.application.0,
            network_ns: row.network.0,
            cause: row.cause,
        }
    }
}

impl<'a> QueryJson<'a> {
    pub(super) fn of(row: &'a QueryRow) -> Self {
        Self {
            source: row.source,
            name: &row.name,
            journey: row.journey.as_deref(),
            step: row.step.as_deref(),
            count: row.count,
            errors: row.errors,
            checks_passed: row.checks.passed,
            checks_failed: row.checks.failed,
            duration: LatencyJson::of(row.duration),
            endpoints: &row.endpoints,
            text: row.text.as_deref(),
            callers: row.callers.iter().map(CallerJson::of).collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct JourneyJson<'a> {
    name: &'a str,
    count: u64,
    iteration: LatencyJson,
}

impl<'a> JourneyJson<'a> {
    pub(super) fn of(row: &'a JourneyRow) -> Self {
        Self { name: &row.name, count: row.started, iteration: LatencyJson::of(row.iteration) }
    }
}

#[derive(Serialize)]
pub(super) struct GeneratorJson<'a> {
    cpu_s: Option<f64>,
    cpu_share: Option<f64>,
    lag: LatencyJson,
    dropped: u64,
    requests_sent: Option<u64>,
    peak_rss_bytes: Option<u64>,
    workers: Vec<WorkerJson>,
    precision: Option<&'a str>,
    precision_chosen_for: Option<&'a str>,
}

#[derive(Serialize)]
struct WorkerJson {
    cpu_s: f64,
    peak_share: f64,
    busy_s: f64,
    queued_s: Option<f64>,
    queued_peak_share: Option<f64>,
}

impl<'a> GeneratorJson<'a> {
    pub(super) fn of(facts: &'a GeneratorFacts) -> Self {
        let worker = |own: &crate::record::WorkerUse| WorkerJson {
            cpu_s: own.cpu.as_secs_f64(),
            peak_share: own.peak.0,
            busy_s: own.busy.as_secs_f64(),
            queued_s: own.queued.map(|queued| queued.total.as_secs_f64()),
            queued_peak_share: own.queued.map(|queued| queued.peak.0),
        };
        let precision = facts.precision.as_ref();
        Self {
            cpu_s: facts.cpu.map(Nanos::as_secs_f64),
            cpu_share: facts.cpu_share.map(|Ratio(share)| share),
            lag: LatencyJson::of(facts.lag),
            dropped: facts.dropped,
            requests_sent: facts.requests_sent,
            peak_rss_bytes: facts.peak_rss_bytes,
            workers: facts.workers.iter().map(worker).collect(),
            precision: precision.map(|own| own.word.as_str()),
            precision_chosen_for: precision.and_then(|own| own.chosen_for.as_deref()),
        }
    }
}

#[derive(Serialize)]
pub(super) struct ErrorJson<'a> {
    kind: &'static str,
    count: u64,
    name: &'a str,
    journey: &'a str,
    step: &'a str,
    first_status: Option<u16>,
    first_message: Option<&'a str>,
    first_at_ns: Option<u64>,
}

impl<'a> ErrorJson<'a> {
    pub(super) fn of(row: &'a ErrorRow) -> Self {
        Self {
            kind: row.kind.word(),
            count: row.count,
            name: &row.name,
            journey: &row.journey,
            step: &row.step,
            first_status: row.status,
            first_message: row.message.as_deref(),
            first_at_ns: row.at.map(|at| at.0),
        }
    }
}

#[derive(Serialize)]
pub(super) struct ThresholdJson {
    subject: String,
    condition: String,
    status: &'static str,
    passed: Option<bool>,
    fails: bool,
    measured: String,
}

impl ThresholdJson {
    pub(super) fn of(line: ThresholdLine) -> Self {
        let ThresholdLine { subject, condition, status, fails, measured } = line;
        let (status, passed) = match status {
            Status::Passed => ("passed", Some(true)),
            Status::Failed => ("failed", Some(false)),
            Status::NoData => ("no data", None),
            Status::NeedsBaseline => ("needs a baseline", None),
            Status::Undecided => ("undecided", None),
        };
        Self { subject, condition, status, passed, fails, measured }
    }
}

#[derive(Serialize)]
pub(super) struct LoadJson<'a> {
    name: &'a str,
    load: &'a str,
    start_ns: u64,
    length_ns: u64,
    measured: bool,
    requests: u64,
    errors: u64,
    rate_per_s: Option<f64>,
    response: LatencyJson,
}

impl<'a> LoadJson<'a> {
    pub(super) fn of(row: &'a LoadRow) -> Self {
        Self {
            name: &row.name,
            load: &row.load,
            start_ns: row.start.0,
            length_ns: row.length.0,
            measured: row.measured,
            requests: row.requests,
            errors: row.errors,
            rate_per_s: row.rate,
            response: LatencyJson::of(row.response),
        }
    }
}

/// One interval, short because there is one for every second.
#[derive(Serialize)]
pub(super) struct PointJson<'a> {
    start_ns: u64,
    length_ns: u64,
    measured: bool,
    requests: u64,
    errors: u64,
    active_users: u64,
    p50_ns: Option<u64>,
    p95_ns: Option<u64>,
    p99_ns: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    readings: Vec<ReadJson<'a>>,
}

impl<'a> PointJson<'a> {
    pub(super) fn of(point: &'a TimelinePoint) -> Self {
        let pick = |choose: fn(Latency) -> Nanos| point.response.map(|latency| choose(latency).0);
        Self {
            start_ns: point.start.0,
            length_ns: point.length.0,
            measured: point.measured,
            requests: point.requests,
            errors: point.errors,
            active_users: point.active_users,
            p50_ns: pick(|l| l.p50),
            p95_ns: pick(|l| l.p95),
            p99_ns: pick(|l| l.p99),
            readings: point.readings.iter().map(ReadJson::of).collect(),
        }
    }
}

/// One value that a monitor read.
#[derive(Serialize)]
struct ReadJson<'a> {
    name: &'a str,
    value: f64,
}

impl<'a> ReadJson<'a> {
    fn of(reading: &'a Reading) -> Self {
        let Reading { what, value } = reading;
        Self { name: what, value: *value }
    }
}

/// What monitors read of one name.
#[derive(Serialize)]
pub(super) struct ReadingJson<'a> {
    name: &'a str,
    min: Option<f64>,
    mean: Option<f64>,
    max: Option<f64>,
    limit: Option<&'a str>,
    holds: Option<bool>,
    decides: bool,
}

impl<'a> ReadingJson<'a> {
    pub(super) fn of(row: &'a ReadingRow) -> Self {
        let ReadingRow { name, min, mean, max, limit, holds, judged: _, decides } = row;
        let (min, mean, max, holds) = (*min, *mean, *max, *holds);
        Self { name, min, mean, max, limit: limit.as_deref(), holds, decides: *decides }
    }
}
