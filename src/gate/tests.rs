//! Judgements on records made by hand.

mod leaks;
mod limits;
mod validity;

use super::threshold::{Outcome, Status, judge, judge_by};
use super::validity::{FaultKind, cut_short, faults, reasons};
use crate::histogram::Histogram;
use crate::names::{Catalogue, ErrorKind, Metric, Series, SeriesId, SeriesKind};
use crate::record::{
    Cell, Counts, End, FORMAT, Generator, Header, Interval, Load, Origin, PhaseInfo, Policy,
    RunRecord, StopReason, Tally, ThresholdText, Totals, ValidityPolicy, WorkerUse,
};
use crate::units::{Nanos, Ratio};

/// A record of ten minutes: one minute of warm-up and nine that are measured.
struct Run {
    record: RunRecord,
}

fn phase(name: &str, from: u64, length: u64, measure: bool) -> PhaseInfo {
    PhaseInfo {
        name: name.to_owned(),
        load: "10/s".to_owned(),
        start: Nanos::from_secs(from),
        length: Nanos::from_secs(length),
        measure,
    }
}

impl Run {
    fn new() -> Self {
        let phases = vec![phase("warmup", 0, 60, false), phase("steady", 60, 540, true)];
        let header = Header {
            format: FORMAT,
            id: "run".to_owned(),
            scenario: "customer".to_owned(),
            started_unix_ns: 0,
            seed: 1,
            load: Load { phases, max_users: None, workers: 1, precision: None },
            leaks: Vec::new(),
            journeys: vec!["customer".to_owned()],
            thresholds: Vec::new(),
            integrity: Vec::new(),
            origin: Origin::default(),
            policy: ValidityPolicy::default(),
            gate: Policy::default(),
            repetition: None,
            logs: crate::record::LogsText::default(),
            observation: None,
            features: Vec::new(),
        };
        let end = End {
            reason: StopReason::Complete,
            lasted: Nanos::from_secs(600),
            generator: Generator::default(),
            samples: Vec::new(),
            notes: Vec::new(),
            integrity: Vec::new(),
        };
        let (catalogue, totals, intervals) = (Catalogue::new(), Totals::default(), Vec::new());
        Self { record: RunRecord { header, catalogue, totals, intervals, end: Some(end) } }
    }

    fn series(&mut self, kind: SeriesKind, name: &str) -> SeriesId {
        let [name, journey, step] = [name, "customer", "step"].map(str::to_owned);
        let series = Series { kind, name, journey, step, endpoint: String::new(), tapped: None };
        self.record.catalogue.intern(&series).unwrap()
    }

    /// Values in milliseconds.
    fn values(&mut self, phase: u8, series: SeriesId, metric: Metric, values: &[u64]) {
        self.record.totals.add_cell(&cell(phase, series, metric, values));
    }

    fn counts(&mut self, phase: u8, series: SeriesId, counts: Counts) {
        self.record.totals.add_tally(&Tally { phase, series, counts });
    }

    /// A second of the measured phase.
    fn second(&mut self, at: u64, series: SeriesId, values: &[u64]) {
        self.record.intervals.push(Interval {
            start: Nanos::from_secs(at),
            length: Nanos::SECOND,
            cells: vec![cell(1, series, Metric::Duration, values).encode()],
            ..Interval::default()
        });
    }

    fn outcome(&mut self, subject: &str, condition: &str) -> Outcome {
        let [subject, condition] = [subject, condition].map(str::to_owned);
        self.record.header.thresholds = vec![ThresholdText { subject, condition, optional: false }];
        judge(&self.record).remove(0)
    }

    fn check(&mut self, subject: &str, condition: &str, want: &str) {
        let outcome = self.outcome(subject, condition);
        let shown = outcome.measured.or(outcome.note).unwrap_or_default();
        assert_eq!(format!("{:?} {shown}", outcome.status), want, "{subject} {condition}");
    }
}

fn cell(phase: u8, series: SeriesId, metric: Metric, values: &[u64]) -> Cell {
    let mut histogram = Histogram::new();
    histogram.extend(values.iter().map(|value| Nanos::from_millis(*value)));
    Cell { phase, series, metric, histogram }
}

fn started(started: u64) -> Counts {
    Counts { started, ..Counts::default() }
}

/// A run with one endpoint, a login and a journey.
fn run() -> Run {
    let mut run = Run::new();
    let farms = run.series(SeriesKind::Endpoint, "GET /api/farms");
    let login = run.series(SeriesKind::Login, "POST /api/login");
    let journey = run.series(SeriesKind::Journey, "customer");
    run.values(0, farms, Metric::Duration, &[900; 10]);
    run.values(1, farms, Metric::Duration, &[100; 90]);
    run.values(1, farms, Metric::Duration, &[400; 10]);
    run.values(1, login, Metric::Duration, &[800]);
    let mut counts = Counts { checks_passed: 99, checks_failed: 1, ..started(100) };
    counts.sent_bytes = 5_400;
    counts.fail(ErrorKind::Status5xx);
    run.counts(1, farms, counts);
    run.counts(1, login, started(10));
    run.counts(1, journey, Counts { dropped: 1, ..started(99) });
    run
}

#[test]
fn measured_phases_are_held_against_their_limits() {
    let mut run = run();
    run.check("http_req_duration", "p(90) < 200ms", "Passed 100 ms");
    run.check("http_req_duration", "p(95) < 200", "Failed 400 ms");
    run.check("http_req_duration", "avg < 200ms", "Passed 130 ms");
    run.check("http_req_duration", "max <= 1s", "Passed 400 ms");
    run.check("http_req_duration", "count >= 100", "Passed 100");
    run.check("http_req_duration{endpoint:GET *}", "med < 1", "Failed 100 ms");
}

#[test]
fn a_percentile_has_its_exact_rank() {
    let mut run = Run::new();
    let farms = run.series(SeriesKind::Endpoint, "GET /");
    for thousands in 1..=10 {
        for (percent, permille) in [("99.9", 999), ("28", 280), ("55", 550), ("100", 1_000)] {
            let rank = usize::try_from(thousands * permille).unwrap();
            let mut values = vec![200; usize::try_from(thousands * 1_000).unwrap()];
            values[..rank].fill(100);
            run.record.totals = Totals::default();
            run.values(1, farms, Metric::Duration, &values);
            run.check("http_req_duration", &format!("p({percent}) < 150ms"), "Passed 100 ms");
            values[rank - 1] = 200;
            run.record.totals = Totals::default();
            run.values(1, farms, Metric::Duration, &values);
            run.check("http_req_duration", &format!("p({percent}) < 150ms"), "Failed 200 ms");
        }
    }
}

#[test]
fn counts_are_held_against_their_limits() {
    let mut run = run();
    run.check("http_req_failed", "rate < 1%", "Passed 0.91 %");
    run.check("http_req_failed{endpoint:GET *}", "rate < 1%", "Failed 1.0 %");
    run.check("http_req_failed", "count == 1", "Passed 1");
    run.check("checks", "rate >= 99%", "Passed 99.0 %");
    run.check("checks", "count >= 99", "Passed 99");
    run.check("http_reqs", "count > 109", "Passed 110");
    run.check("http_reqs", "count/s > 1", "Failed 0.20/s");
    run.check("iterations", "count >= 99", "Passed 99");
    run.check("dropped_iterations", "rate <= 1%", "Passed 1.0 %");
    run.check("data_sent", "count/s < 11", "Passed 10.00/s");
}

#[test]
fn a_phase_that_is_named_counts_even_when_it_is_not_measured() {
    let mut run = run();
    run.check("http_req_duration{phase:warmup}", "avg < 200ms", "Failed 900 ms");
    run.check("http_req_duration{phase!=steady}", "count == 10", "Passed 10");
    run.check("http_req_duration{phase:*}", "count == 110", "Passed 110");
}

#[test]
fn logins_are_judged_apart() {
    run().check("http_req_duration{session:customer}", "max < 1s", "Passed 800 ms");
}

#[test]
fn missing_data_is_a_failure_unless_it_is_accepted() {
    let mut run = run();
    run.check("sql_query_duration", "p(95) < 1", "NoData no such series in this run");
    run.check("http_req_waiting", "p(95) < 1", "NoData nothing was measured");
    run.check("checks{endpoint:POST *}", "rate > 1%", "NoData nothing was measured");
    run.check("http_req_duration", "p(95) <= +10%", "NeedsBaseline needs a baseline");
    run.check(
        "http_req_durations",
        "p(95) < 1",
        "NoData can't be read: `http_req_durations` is no metric; did you mean `http_req_duration`?",
    );
    let missing = run.outcome("http_req_waiting", "p(95) < 1");
    assert!(missing.fails());
    assert!(!Outcome { optional: true, ..missing }.fails());
}

#[test]
fn a_run_without_a_request_keeps_no_limit() {
    let mut run = Run::new();
    run.series(SeriesKind::Endpoint, "GET /");
    for (subject, condition) in [
        ("http_req_failed", "rate < 1%"),
        ("http_req_failed", "count == 0"),
        ("http_reqs", "count < 5"),
        ("data_received", "count < 5"),
        ("http_req_duration", "count < 5"),
    ] {
        assert_eq!(run.outcome(subject, condition).status, Status::NoData, "{subject} {condition}");
    }
}

#[test]
fn a_sustained_limit_is_broken_only_without_a_pause() {
    let mut run = Run::new();
    let farms = run.series(SeriesKind::Endpoint, "GET /");
    let slow = |at: u64| (10..14).contains(&at) || (20..25).contains(&at);
    for at in 0..30 {
        run.second(at, farms, if slow(at) { &[700] } else { &[100] });
    }
    run.check("http_req_duration", "p(99) < 500ms for 5s", "Failed broken for 5.00 s");
    run.check("http_req_duration", "p(99) < 500ms for 6s", "Passed broken for 5.00 s");
    run.check("http_req_duration", "p(99) < 800ms for 6s", "Passed never broken");
    run.check("http_req_duration{phase:warmup}", "p(99) < 1 for 6s", "NoData nothing was measured");
    // Seconds without an answer between two that break the limit belong to the break.
    run.record
        .intervals
        .retain(|interval| !(21..24).contains(&(interval.start.0.div_euclid(1_000_000_000))));
    run.check("http_req_duration", "p(99) < 500ms for 5s", "Failed broken for 5.00 s");
}

#[test]
fn a_sustained_rate_is_broken_by_an_outage() {
    let mut run = Run::new();
    let farms = run.series(SeriesKind::Endpoint, "GET /");
    // Warm-up, the measured phase with an outage of twelve seconds, and what comes after its end.
    for at in 0..620 {
        let tally = Tally { phase: 1, series: farms, counts: started(60) };
        let silent = at < 60 || (100..112).contains(&at) || at >= 600;
        run.record.intervals.push(Interval {
            start: Nanos::from_secs(at),
            length: Nanos::SECOND,
            tallies: if silent { Vec::new() } else { vec![tally] },
            ..Interval::default()
        });
    }
    run.check("http_reqs", "count/s > 50 for 10s", "Failed broken for 12.0 s");
    run.check("http_reqs", "count/s > 50 for 13s", "Passed broken for 12.0 s");
    run.check("http_reqs", "count/s < 61 for 1s", "Passed never broken");
    run.check("http_reqs{phase:warmup}", "count/s > 50 for 10s", "NoData nothing was measured");
}

#[test]
fn a_run_is_held_against_limits_of_another() {
    let mut run = run();
    run.outcome("http_req_duration", "p(95) < 500ms");
    let other = ThresholdText {
        subject: "http_req_duration".to_owned(),
        condition: "p(95) < 200ms".to_owned(),
        optional: false,
    };
    let found = judge_by(&run.record, std::slice::from_ref(&other));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].status, &found[0].condition), (Status::Failed, &other.condition));
    assert_eq!(judge(&run.record)[0].status, Status::Passed);
}
