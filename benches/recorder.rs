//! What recording costs: a request in the worker, a second of a run in the collector.
//!
//! `cargo bench --bench recorder` times the worker's side for each request and each interval, and
//! the collector's side for a second of 100 endpoints, each with 1,000 requests from two workers.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use loadgate::names::{Catalogue, Metric, Series, SeriesId, SeriesKind};
use loadgate::record::{Pick, Totals};
use loadgate::recorder::{Batch, Collector, Shard};
use loadgate::units::Nanos;
use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng, SeedableRng};

/// Endpoints of the scenario.
const ENDPOINTS: u16 = 100;

/// Requests of one endpoint in the second, of both workers together.
const REQUESTS: u64 = 1_000;

/// Workers that share them.
const WORKERS: u64 = 2;

/// What a request that succeeded on an open connection records: of its endpoint, and of the
/// connection.
const OF_ENDPOINT: [Metric; 3] = [Metric::Response, Metric::Duration, Metric::Waiting];
const OF_CONNECTION: [Metric; 4] =
    [Metric::Sending, Metric::Waiting, Metric::Receiving, Metric::Duration];

/// Answer times of a quick server: 200 µs and an exponential rest, one in a hundred ten times that.
struct Times(Pcg64Mcg);

impl Times {
    fn new(seed: u64) -> Self {
        Self(Pcg64Mcg::seed_from_u64(seed))
    }

    fn next(&mut self) -> Nanos {
        let bits = self.0.next_u64();
        // The number of leading zeros of random bits is geometric: an exponential in steps.
        let steps = u64::from(bits.leading_zeros());
        let time = 200_000 + steps * 90_000 + (bits & 0xffff);
        Nanos(if bits & 0x7f_0000 == 0 { time * 10 } else { time })
    }
}

/// The catalogue of the scenario; the endpoints' ids follow those of the run as a whole.
fn catalogue() -> (Catalogue, Vec<SeriesId>) {
    let mut catalogue = Catalogue::new();
    let endpoints = (0..ENDPOINTS).filter_map(|at| {
        catalogue.intern(&Series {
            kind: SeriesKind::Endpoint,
            name: format!("GET /{at}"),
            journey: "all".to_owned(),
            step: format!("step {at}"),
            endpoint: String::new(),
            tapped: None,
        })
    });
    let endpoints = endpoints.collect();
    (catalogue, endpoints)
}

/// Records one request as the worker core does it: nine values and two counts.
fn request(shard: &mut Shard, endpoint: SeriesId, time: Nanos) {
    shard.record(0, SeriesId::RUN, Metric::ScheduleLag, Nanos(time.0 >> 5));
    if let Some(counts) = shard.counts(0, endpoint) {
        counts.started += 1;
    }
    for metric in OF_ENDPOINT {
        shard.record(0, endpoint, metric, time);
    }
    for metric in OF_CONNECTION {
        shard.record(0, SeriesId::REUSED, metric, Nanos(time.0 >> 3));
    }
    shard.record(0, endpoint, Metric::Query, Nanos(time.0 >> 1));
    if let Some(counts) = shard.counts(0, SeriesId::REUSED) {
        counts.started += 1;
    }
}

fn shard(catalogue: &Catalogue) -> Shard {
    Shard::new(u16::try_from(catalogue.len()).unwrap_or(u16::MAX), 1)
}

/// One second of each worker.
fn second(catalogue: &Catalogue, endpoints: &[SeriesId]) -> Vec<Batch> {
    let worker = |seed| {
        let mut times = Times::new(seed);
        let mut shard = shard(catalogue);
        for _ in 0..REQUESTS.div_euclid(WORKERS) {
            for id in endpoints {
                request(&mut shard, *id, times.next());
            }
        }
        shard.take()
    };
    (0..WORKERS).map(worker).collect()
}

fn of_a_worker(criterion: &mut Criterion) {
    let (catalogue, endpoints) = catalogue();
    let mut group = criterion.benchmark_group("worker");
    let mut times = Times::new(1);
    let mut ready = shard(&catalogue);
    let drawn: Vec<Nanos> = (0..4_096).map(|_| times.next()).collect();
    group.throughput(Throughput::Elements(9));
    for (name, used) in [("request, 1 endpoint", 1), ("request, 100 endpoints", 100)] {
        let mut drawn = drawn.iter().cycle();
        let mut endpoints = endpoints.iter().take(used).cycle();
        group.bench_function(name, |bench| {
            bench.iter(|| {
                if let (Some(time), Some(id)) = (drawn.next(), endpoints.next()) {
                    request(black_box(&mut ready), *id, *time);
                }
            });
        });
    }
    // What was recorded since is part of the cost, as it is in a run: a quiet interval is cheap.
    group.bench_function("a request of each of 100 endpoints, take and recycle", |bench| {
        bench.iter(|| {
            endpoints.iter().zip(&drawn).for_each(|(id, time)| request(&mut ready, *id, *time));
            let batch = ready.take();
            ready.recycle(black_box(batch));
        });
    });
    group.finish();
}

fn of_the_collector(criterion: &mut Criterion) {
    let (catalogue, endpoints) = catalogue();
    let batches = second(&catalogue, &endpoints);
    let mut collector = Collector::new(catalogue.clone(), batches.len());
    let mut group = criterion.benchmark_group("collector");
    group.sample_size(30);
    group.bench_function("interval of 100 endpoints from 2 workers", |bench| {
        bench.iter(|| collector.merge(Nanos::ZERO, Nanos::SECOND, black_box(&batches)));
    });
    let interval = collector.merge(Nanos::ZERO, Nanos::SECOND, &batches);
    let cells: Vec<_> = interval.cells.iter().filter_map(|cell| cell.decode().ok()).collect();
    group.throughput(Throughput::Elements(u64::try_from(cells.len()).unwrap_or(0)));
    group.bench_function("encoding its distributions", |bench| {
        bench.iter(|| cells.iter().map(|cell| cell.encode().bytes.len()).sum::<usize>());
    });
    group.bench_function("adding it to the totals of a record", |bench| {
        bench.iter(|| Totals::from_intervals(black_box(std::slice::from_ref(&interval))));
    });
    let pick = Pick::all(&[loadgate::record::PhaseInfo {
        name: String::new(),
        load: String::new(),
        start: Nanos::ZERO,
        length: Nanos::SECOND,
        measure: true,
    }]);
    let totals = collector.totals();
    group.bench_function("P95 of all endpoints for the progress line", |bench| {
        bench
            .iter(|| totals.histogram(&pick, endpoints.iter().copied(), Metric::Response).at(0.95));
    });
    group.finish();
}

criterion_group!(benches, of_a_worker, of_the_collector);
criterion_main!(benches);
