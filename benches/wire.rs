//! What it costs to follow PostgreSQL's protocol.
//!
//! `cargo bench --bench wire` prints bytes a second for answers with rows, and messages a second
//! for small statements. Rows are to pass at 1 GB/s and more, small messages at 3 million a second
//! and more, on one core.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use loadgate::units::Nanos;
use loadgate::wire::{Loss, Machine, Observer, Sample, State, Text, TextId};

/// Counts what it is told.
#[derive(Default)]
struct Count(u64);

impl Observer for Count {
    fn text(&mut self, text: Text<'_>) -> TextId {
        black_box(text);
        TextId(0)
    }

    fn sample(&mut self, sample: &Sample) {
        self.0 += black_box(sample).rows;
    }

    fn lost(&mut self, _loss: Loss) {
        unreachable!("nothing is lost in a clean conversation");
    }

    fn refused(&mut self, _code: [u8; 5]) {
        unreachable!("nobody is refused in a clean conversation");
    }
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len() + 4).unwrap_or_default().to_be_bytes();
    [&[kind][..], &length, body].concat()
}

/// A session that is ready and has prepared `s1`.
fn session() -> (Machine, Count) {
    let (mut machine, mut count) = (Machine::new(), Count::default());
    let opening = b"user\0me\0\0";
    let length = i32::try_from(opening.len() + 8).unwrap_or_default().to_be_bytes();
    let opening = [&length[..], &196_608_i32.to_be_bytes(), opening].concat();
    machine.client(&opening, Nanos(1), &mut count);
    let ready = [message(b'R', &[0; 4]), message(b'Z', b"I")].concat();
    machine.server(&ready, Nanos(2), &mut count);
    let prepare = [message(b'P', b"s1\0SELECT 1\0\0\0"), message(b'S', b"")].concat();
    machine.client(&prepare, Nanos(3), &mut count);
    machine.server(&[message(b'1', b""), message(b'Z', b"I")].concat(), Nanos(4), &mut count);
    (machine, count)
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// One exchange: what the client sends, what the server answers, and how many messages that is.
struct Exchange {
    asked: Vec<u8>,
    answer: Vec<u8>,
    messages: u64,
}

/// A query with rows of this many bytes.
fn rows(count: usize, bytes: usize) -> Exchange {
    let length = i32::try_from(bytes).unwrap_or_default().to_be_bytes();
    let value = [&1_i16.to_be_bytes()[..], &length, &vec![b'x'; bytes]];
    let row = message(b'D', &value.concat());
    Exchange {
        asked: message(b'Q', b"SELECT x FROM t\0"),
        answer: [row.repeat(count), message(b'C', b"SELECT 1\0"), message(b'Z', b"I")].concat(),
        messages: wide(count) + 3,
    }
}

fn prepared() -> Exchange {
    let asked = [
        message(b'B', b"\0s1\0\0\0\0\x01\0\0\0\x0412345\0\0"),
        message(b'D', b"P\0"),
        message(b'E', b"\0\0\0\0\0"),
        message(b'S', b""),
    ];
    let answer = [
        message(b'2', b""),
        message(b'T', &[0; 30]),
        message(b'D', b"\0\x01\0\0\0\x0412345"),
        message(b'C', b"SELECT 1\0"),
        message(b'Z', b"I"),
    ];
    Exchange { asked: asked.concat(), answer: answer.concat(), messages: 9 }
}

fn simple() -> Exchange {
    let asked = message(b'Q', b"SELECT abalance FROM pgbench_accounts WHERE aid = 12345;\0");
    let answer = [
        message(b'T', &[0; 30]),
        message(b'D', b"\0\x01\0\0\0\x0412345"),
        message(b'C', b"SELECT 1\0"),
        message(b'Z', b"I"),
    ];
    Exchange { asked, answer: answer.concat(), messages: 5 }
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wire");
    let mut row = |name: &str, exchange: &Exchange, piece: usize, throughput: Throughput| {
        let (mut machine, mut count) = session();
        group.throughput(throughput);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for piece in exchange.asked.chunks(piece) {
                    machine.client(black_box(piece), Nanos(5), &mut count);
                }
                for piece in exchange.answer.chunks(piece) {
                    machine.server(black_box(piece), Nanos(6), &mut count);
                }
            });
        });
        assert_eq!(machine.state(), State::Session);
        assert_ne!(count.0, 0);
    };
    for (name, exchange) in [
        ("10,000 rows of 100 bytes", rows(10_000, 89)),
        ("100,000 rows of 20 bytes", rows(100_000, 9)),
        ("100 rows of 100 kB", rows(100, 100_000)),
    ] {
        let bytes = Throughput::Bytes(wide(exchange.answer.len()));
        row(name, &exchange, 32 << 10, bytes);
    }
    for (name, exchange) in [("prepared", prepared()), ("simple", simple())] {
        let messages = Throughput::Elements(exchange.messages);
        row(name, &exchange, usize::MAX, messages.clone());
        row(&format!("{name}, byte by byte"), &exchange, 1, messages);
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
