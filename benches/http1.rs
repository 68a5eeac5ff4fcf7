//! What it costs to read an answer of HTTP/1.1 from its bytes.
//!
//! `cargo bench --bench http1` prints a row for each way in which an answer comes. The first is
//! what a load of small requests pays for each of them; it is to stay near 150 ns.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use loadgate::http1::{Asked, Keep, Limits, Reader, slots};

/// The seven headers of an answer of nginx before a service, and how its body ends.
fn head(framing: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nServer: nginx/1.24.0\r\nDate: Sun, 22 Nov 2026 20:15:30 GMT\r\n\
         Content-Type: application/json\r\n{framing}\r\nConnection: keep-alive\r\n\
         Cache-Control: no-cache, private\r\nX-Request-Id: 7f3c5a52-6a1b-4f0e-9f6d-3a1f0c6f2b11\
         \r\n\r\n"
    )
}

/// An answer with a body of `length` bytes.
fn by_length(length: usize) -> Vec<u8> {
    let mut answer = head(&format!("Content-Length: {length}")).into_bytes();
    answer.resize(answer.len() + length, b'a');
    answer
}

/// An answer with a body of chunks of these lengths.
fn by_chunks(lengths: &[usize]) -> Vec<u8> {
    let mut answer = head("Transfer-Encoding: chunked");
    for length in lengths {
        answer += &[&format!("{length:x}"), "a".repeat(*length).as_str(), ""].join("\r\n");
    }
    answer.push_str("0\r\n\r\n");
    answer.into_bytes()
}

/// Reads an answer that comes in pieces, as a connection of the engine does. Returns the length
/// of its body; 0 when it was not read.
fn read(reader: &mut Reader, pieces: &[&[u8]], keep: Keep) -> u64 {
    reader.begin(Asked::Other, keep);
    for piece in pieces {
        let mut slots = slots();
        match reader.feed(black_box(piece), &mut slots) {
            Ok(None) => {}
            Ok(Some(answer)) => {
                assert!(answer.reusable);
                return black_box(answer).body_bytes;
            }
            Err(_) => return 0,
        }
    }
    0
}

fn rows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("http1");
    let mut row = |name: &str, answer: &[u8], piece: usize, keep: Keep| {
        let pieces: Vec<&[u8]> = answer.chunks(piece).collect();
        let mut reader = Reader::new(Limits::default());
        group.throughput(Throughput::Bytes(u64::try_from(answer.len()).unwrap_or_default()));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let length = read(&mut reader, &pieces, keep);
                assert_ne!(length, 0, "the answer is read");
                length
            });
        });
    };
    let whole = usize::MAX;
    row("whole, 303 bytes", &by_length(303), whole, Keep::Body);
    row("whole, 303 bytes, counted", &by_length(303), whole, Keep::Nothing);
    row("whole, one chunk", &by_chunks(&[303]), whole, Keep::Body);
    row("whole, three chunks", &by_chunks(&[101, 101, 101]), whole, Keep::Body);
    row("head and body apart", &by_length(303), 242, Keep::Body);
    row("100 kB in 16 KiB pieces", &by_length(100_000), 16 << 10, Keep::Body);
    row("100 kB in 16 KiB pieces, counted", &by_length(100_000), 16 << 10, Keep::Nothing);
    row("byte by byte", &by_length(303), 1, Keep::Body);
    group.finish();
}

criterion_group!(benches, rows);
criterion_main!(benches);
