//! What it costs to see which query a statement is.
//!
//! `cargo bench --bench sql` prints a row for each kind of statement. A statement that has been
//! seen costs `known`; its normal form is made once.

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use loadgate::sql::{Normal, statements, traceparent, without_comments};

const FIND: &str = "SELECT \"public\".\"Farm\".\"id\", \"public\".\"Farm\".\"name\", \
                    \"public\".\"Farm\".\"slug\", \"public\".\"Farm\".\"createdAt\" FROM \
                    \"public\".\"Farm\" WHERE (\"public\".\"Farm\".\"id\" = $1 AND 1=1) LIMIT $2 \
                    OFFSET $3";
const TRACE: &str =
    "/*route='%2Fapi',traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'*/";

/// A list of `length` items.
fn list(length: usize, item: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for at in 0..length {
        let comma = if at > 0 { "," } else { "" };
        write!(text, "{comma}{}", item(at)).unwrap_or_default();
    }
    text
}

fn rows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sql");
    let traced = format!("{FIND} {TRACE}");
    let parameters = list(1_000, |at| format!("${at}"));
    let values = list(1_000, |at| format!("({at},'farm {at}',NULL,now())"));
    let normal = [
        ("pgbench", "SELECT abalance FROM pgbench_accounts WHERE aid = 4711;".to_owned()),
        ("findUnique", FIND.to_owned()),
        ("findUnique with a trace", traced.clone()),
        ("1,000 parameters", format!("SELECT a FROM t WHERE id IN ({parameters})")),
        ("1,000 rows", format!("INSERT INTO t (a, b, c, d) VALUES {values}")),
        ("a string of 1 MB", format!("UPDATE t SET a = '{}'", "x".repeat(1_000_000))),
    ];
    for (name, text) in &normal {
        group.throughput(Throughput::Bytes(u64::try_from(text.len()).unwrap_or_default()));
        group.bench_function(*name, |bencher| bencher.iter(|| Normal::of(black_box(text))));
    }
    group.throughput(Throughput::Bytes(u64::try_from(traced.len()).unwrap_or_default()));
    group.bench_function("known, with a trace", |bencher| {
        bencher.iter(|| (without_comments(black_box(&traced)), traceparent(black_box(&traced))));
    });
    group.bench_function("split", |bencher| {
        bencher.iter(|| statements(black_box(&traced)).map(str::len).sum::<usize>());
    });
    group.finish();
}

criterion_group!(benches, rows);
criterion_main!(benches);
