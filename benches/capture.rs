//! What it costs to look at an answer.
//!
//! `cargo bench --bench capture` shows answers of 2.5 KB and 24 KB to steps with one check or one
//! capture; the row without both is what all of them have in common.

#![expect(clippy::expect_used, reason = "what can't be set up can't be measured")]

#[expect(dead_code, reason = "the other benchmark writes requests")]
mod step;

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use step::Bench;

/// Products in the small answer (2.5 KB) and in the large one (24 KB).
const PRODUCTS: [(&str, usize); 2] = [("2.5 KB", 17), ("24 KB", 165)];

/// A name for the row, and what the step asks of any answer.
const ROWS: [(&str, &str); 7] = [
    ("nothing", "timeout: 1s"),
    ("status check", "check: [ status == 200 ]"),
    ("duration check", "check: [ duration < 500ms ]"),
    ("header check", "check: [ header content-type contains json ]"),
    ("cookie check", "check: [ cookie sid exists ]"),
    ("cookie capture", "capture: { sid: cookie sid }"),
    ("header capture", "capture: { id: header x-request-id }"),
];

/// A name for the row, and what the step asks of a list of products.
const OF_BODY: [(&str, &str); 7] = [
    ("first id", "capture: { id: '$.products[0].id' }"),
    ("last key", "capture: { next: $.next }"),
    ("a number", "check: [ $.total > 100 ]"),
    ("length", "check: [ len($.products) > 0 ]"),
    ("random id", "capture: { id: '$.products[*].id | random' }"),
    ("cheap ones", "capture: { id: '$.products[?@.price < 2].id' }"),
    ("pattern", "capture: { id: 'regex \"(prd-[0-9]+)\"' }"),
];

/// A list of products as a shop answers with it.
fn body(products: usize) -> String {
    let mut body = String::from("{\"products\":[");
    for at in 0..products {
        let comma = if at == 0 { "" } else { "," };
        let written = write!(
            body,
            "{comma}{{\"id\":\"prd-{at:06}\",\"name\":\"Heirloom tomatoes, box {at}\",\"price\":{}.{:02},\"unit\":\"kg\",\"stock\":{},\"organic\":true,\"farm\":{{\"id\":\"farm-{:03}\",\"city\":\"Graz\"}}}}",
            at % 9 + 1,
            at % 100,
            at * 7,
            at % 13,
        );
        debug_assert!(written.is_ok(), "a string takes everything");
    }
    body.push_str("],\"page\":1,\"total\":240,\"next\":\"/api/products?after=prd-000020\"}");
    body
}

fn capture(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("capture");
    for (name, asked) in ROWS {
        let mut bench = Bench::of(&format!("{{ get: /api/products, {asked} }}"));
        assert_eq!(bench.settle(b"").failure, None, "{name}");
        group.bench_function(name, |b| b.iter(|| black_box(bench.settle(b""))));
    }
    for (size, products) in PRODUCTS {
        let body = body(products);
        for (name, asked) in OF_BODY {
            let mut bench = Bench::of(&format!("{{ get: /api/products, {asked} }}"));
            assert_eq!(bench.settle(body.as_bytes()).failure, None, "{name}");
            let row = format!("{name}, {size}");
            group.bench_function(row, |b| b.iter(|| black_box(bench.settle(body.as_bytes()))));
        }
    }
    group.finish();
}

criterion_group!(benches, capture);
criterion_main!(benches);
