//! What a report costs: `cargo bench --bench report`. A run of ten minutes and an observation of two
//! days, each from its stored intervals to the page; time, size of the page, peak memory.

use std::time::Instant;

use loadgate::engine::peak_rss_bytes;
use loadgate::histogram::Histogram;
use loadgate::names::{Catalogue, Metric, Series, SeriesId, SeriesKind};
use loadgate::record::{
    Cell, Counts, End, FORMAT, Generator, Header, Interval, Load, Origin, PhaseInfo, Policy,
    Reading, RunRecord, StopReason, Tally, Totals, ValidityPolicy,
};
use loadgate::report::{Document, Judgement, format};
use loadgate::units::{Bytes, Nanos};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

const SERIES: usize = 40;
const READINGS: u32 = 30;

/// How long, in intervals of how many seconds, with how many requests a series and interval.
struct Shape {
    name: &'static str,
    intervals: u64,
    seconds: u64,
    requests: u64,
    readings: u32,
}

fn main() {
    let run = Shape { name: "10 minutes", intervals: 600, seconds: 1, requests: 25, readings: 0 };
    let observation =
        Shape { name: "48 hours", intervals: 2_880, seconds: 60, requests: 60, readings: READINGS };
    for shape in [run, observation] {
        told(&shape);
    }
}

#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "what it costs is measured here"
)]
fn told(shape: &Shape) {
    let record = record(shape);
    let started = Instant::now();
    let document = match Document::new(&record, &Judgement::default()) {
        Ok(document) => document,
        Err(error) => unreachable!("its intervals were just made: {error}"),
    };
    let read = started.elapsed();
    let begun = Instant::now();
    let Some(Ok(page)) = format("html").map(|html| html.render(&document)) else {
        unreachable!("there is a format for pages")
    };
    println!(
        "{}, {SERIES} series: {:.0} ms to read, {:.0} ms to lay out, a page of {}, {} at most in memory",
        shape.name,
        read.as_secs_f64() * 1e3,
        begun.elapsed().as_secs_f64() * 1e3,
        Bytes(u64::try_from(page.len()).unwrap_or_default()),
        Bytes(peak_rss_bytes()),
    );
}

fn record(shape: &Shape) -> RunRecord {
    let mut catalogue = Catalogue::new();
    let series: Vec<SeriesId> = (0..SERIES)
        .filter_map(|at| {
            catalogue.intern(&Series {
                kind: SeriesKind::Endpoint,
                name: format!("GET /api/{at}"),
                journey: "all".to_owned(),
                step: format!("step {at}"),
                endpoint: String::new(),
                tapped: None,
            })
        })
        .collect();
    let mut random = Pcg64::seed_from_u64(1);
    let intervals: Vec<Interval> =
        (0..shape.intervals).map(|at| interval(shape, at, &series, &mut random)).collect();
    let lasted = Nanos::from_secs(shape.intervals * shape.seconds);
    let phase = PhaseInfo {
        name: "steady".to_owned(),
        load: "1,000/s".to_owned(),
        start: Nanos::ZERO,
        length: lasted,
        measure: true,
    };
    RunRecord {
        header: Header {
            format: FORMAT,
            id: "20260102-030405-bench".to_owned(),
            scenario: "all".to_owned(),
            started_unix_ns: 1_767_323_045_000_000_000,
            seed: 1,
            load: Load { phases: vec![phase], max_users: None, workers: 1, precision: None },
            leaks: Vec::new(),
            journeys: vec!["all".to_owned()],
            thresholds: Vec::new(),
            integrity: Vec::new(),
            origin: Origin::default(),
            policy: ValidityPolicy::default(),
            gate: Policy::default(),
            repetition: None,
            logs: loadgate::record::LogsText::default(),
            observation: None,
            features: Vec::new(),
        },
        catalogue,
        totals: Totals::from_intervals(&intervals).unwrap_or_default(),
        intervals,
        end: Some(End {
            reason: StopReason::Complete,
            lasted,
            generator: Generator::default(),
            samples: Vec::new(),
            notes: Vec::new(),
            integrity: Vec::new(),
        }),
    }
}

fn interval(shape: &Shape, at: u64, series: &[SeriesId], random: &mut Pcg64) -> Interval {
    let mut interval = Interval {
        start: Nanos::from_secs(at * shape.seconds),
        length: Nanos::from_secs(shape.seconds),
        ..Interval::default()
    };
    for id in series {
        for metric in [Metric::Response, Metric::Duration] {
            let mut histogram = Histogram::new();
            for _ in 0..shape.requests {
                let unlikely: f64 = random.random_range(0.0001..1.0);
                histogram.record(Nanos::from_secs_f64(0.004 / unlikely.sqrt()));
            }
            let cell = Cell { phase: 0, series: *id, metric, histogram };
            interval.cells.push(cell.encode());
        }
        let counts = Counts { started: shape.requests, ..Counts::default() };
        interval.tallies.push(Tally { phase: 0, series: *id, counts });
    }
    interval.gauges.readings = (0..shape.readings)
        .filter_map(|name| {
            Reading::new(format!("app.reading_{name}"), random.random_range(0.0..100.0))
        })
        .collect();
    interval
}
