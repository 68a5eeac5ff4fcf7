//! How fast a log is read: lines are put together, and all built-in rules are looked for.
//!
//! `cargo bench --bench logs` prints a row for each kind of log; the wanted figure is 100 MB/s on
//! one processor. A block has the size in which files are read.

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use loadgate::logs::{BuiltIn, BuiltInRule, Reader, Rules};

/// A block as it is read from a file.
const BLOCK: usize = 256 << 10;

/// A log of 4 MiB of lines, of which each `every`th is of a rule.
fn log(line: &str, found: &str, every: usize) -> String {
    let mut log = String::new();
    for at in 0.. {
        if log.len() > 4 << 20 {
            break;
        }
        let text = if at % every == 0 { found } else { line };
        writeln!(log, "2026-01-02T03:04:05.{:06}Z {text} request={at}", at % 1_000_000)
            .unwrap_or_default();
    }
    log
}

fn rows(criterion: &mut Criterion) {
    let built: Vec<_> =
        BuiltIn::ALL.into_iter().flat_map(BuiltIn::rules).map(BuiltInRule::rule).collect();
    let Ok(rules) = Rules::new(&built).map(Arc::new) else { return };
    let plain =
        "info GET /api/farms/42 200 12 ms user=17 agent=\"Mozilla/5.0 (X11; Linux x86_64)\"";
    let query = "prisma:query SELECT \"public\".\"Farm\".\"id\" FROM \"public\".\"Farm\" WHERE 1=1";
    let error = "error prisma P1001: connection to db:5432 failed, timeout";
    let umlauts = "info Höfe und Märkte geöffnet: 農場 «ägypten» 12 ms, naïve façade ✓ übermorgen";
    let logs = [
        ("requests, one of 1,000 found", log(plain, error, 1_000)),
        ("requests, one of 10 found", log(plain, error, 10)),
        ("prisma's queries", log(query, error, 1_000)),
        ("other alphabets", log(umlauts, error, 1_000)),
        ("every line found by eight rules", log(error, error, 1)),
        ("one line of 4 MiB", log(&"x".repeat(5 << 20), error, 2)),
    ];
    let mut group = criterion.benchmark_group("logs");
    group.sample_size(20);
    for (name, log) in &logs {
        group.throughput(Throughput::Bytes(u64::try_from(log.len()).unwrap_or_default()));
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                let (mut reader, mut found) = (Reader::new(Arc::clone(&rules)), 0_u64);
                for block in black_box(log).as_bytes().chunks(BLOCK) {
                    reader.read(block, &mut |_, _| found += 1);
                }
                reader.finish(&mut |_, _| found += 1);
                (reader.lines(), found)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, rows);
criterion_main!(benches);
