//! What it costs to write a request.
//!
//! `cargo bench --bench template` writes requests of steps with variables, into memory that is
//! used again.

#![expect(clippy::expect_used, reason = "what can't be set up can't be measured")]

#[expect(dead_code, reason = "the other benchmark shows answers")]
mod step;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use step::Bench;

/// A name for the row, and the step.
const ROWS: [(&str, &str); 6] = [
    ("plain URL", "{ get: /api/products }"),
    ("URL with one variable", "{ get: '/api/products/${productId}' }"),
    ("URL with a query of two", "{ get: /api/products, query: { after: '${productId}', n: 20 } }"),
    (
        "JSON body with two variables",
        "{ post: /api/cart, json: { productId: '${productId}', quantity: '${quantity}' } }",
    ),
    ("JSON body with quotes", "{ post: /api/cart, json: { note: '${note}' } }"),
    ("number of the journey", "{ get: '/api/products?n=${seq}' }"),
];

fn template(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("template");
    for (name, step) in ROWS {
        let mut bench = Bench::of(step);
        group.bench_function(name, |b| b.iter(|| black_box(bench.write())));
    }
    group.finish();
}

criterion_group!(benches, template);
criterion_main!(benches);
