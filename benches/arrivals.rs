//! What a start costs before anything is done for it: its time, its journey and its rows.
//!
//! `cargo bench --bench arrivals`. Every worker makes the whole sequence and keeps its share, so at
//! 100,000 starts per second and four workers each has to make all of them within its second.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use loadgate::plan::{Inputs, Overrides, Plan, Tickets, compile};
use loadgate::steps::KINDS;

/// Starts that are made at a time.
const STARTS: usize = 10_000;

/// A day of one load, and a journey of its own for each of two kinds of visitors.
fn plan(load: &str) -> Plan {
    let text = format!(
        "version: 1
name: arrivals
target: http://127.0.0.1:1
feeders:
  search: {{ csv: terms.csv, pick: random }}
journeys:
  browse: {{ weight: 4, steps: [{{ get: /a }}] }}
  look: {{ weight: 1, feed: search, steps: [{{ get: '/b/${{term}}' }}] }}
load:
  - {{ phase: steady, {load}, for: 24h }}
"
    );
    let inputs = Inputs {
        path: "arrivals.yaml",
        text: &text,
        read: &|_path: &str| Ok(b"term\na\nb\nc\n".as_slice().into()),
        environment: &|_name: &str| None,
    };
    compile(&inputs, KINDS, &Overrides::default()).unwrap_or_else(|mistakes| {
        let told: String = mistakes.iter().map(|one| one.render(false)).collect();
        unreachable!("the scenario is part of this program: {told}")
    })
}

fn starts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("starts");
    group.throughput(Throughput::Elements(u64::try_from(STARTS).unwrap_or(0)));
    for (name, load) in [
        ("even gaps", "rate: 1000/s"),
        ("random gaps", "rate: 1000/s, arrivals: poisson"),
        ("rising rate", "rate: 10/s..2000/s"),
    ] {
        let plan = plan(load);
        group.bench_function(name, |bench| {
            bench.iter(|| {
                Tickets::new(black_box(&plan)).take(STARTS).map(|one| one.intended.0).max()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, starts);
criterion_main!(benches);
