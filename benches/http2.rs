//! What it costs to write a request of HTTP/2 and to read its answer.
//!
//! `cargo bench --bench http2` prints a row for each way in which a head comes. The first is what a
//! load of small requests pays for each of them.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use loadgate::http2::{
    Asked, Block, Connection, Decoder, Encoder, Event, Head, Keep, Limits, Question, Seen,
};

const REQUEST: [(&str, &str); 6] = [
    (":method", "GET"),
    (":scheme", "https"),
    (":authority", "shop.example"),
    (":path", "/api/farms?near=home"),
    ("user-agent", "loadgate/1"),
    ("accept-encoding", "gzip, deflate, br"),
];

fn request(block: &mut Block<'_>) {
    for (name, value) in REQUEST {
        block.field(name, value);
    }
}

/// The block of an answer: `:status: 200`, and fields with numbers of the static table, each of
/// which the server wants in the table, as nginx writes them.
fn nginx(number: u32) -> Vec<u8> {
    let mut block = vec![0x88];
    for (name, value) in [
        (54, "nginx/1.24.0"),
        (33, "Sun, 22 Nov 2026 20:15:30 GMT"),
        (31, "application/json"),
        (28, "303"),
        (24, "no-cache, private"),
        (34, &number.to_string()),
    ] {
        block.push(0x40 | name);
        block.push(u8::try_from(value.len()).unwrap_or_default());
        block.extend_from_slice(value.as_bytes());
    }
    block
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    [&[a, b, c, kind, flags][..], &stream.to_be_bytes(), payload].concat()
}

fn rows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("http2");
    let block = nginx(1);
    group.bench_function("a request and its answer of 303 bytes, again", |bencher| {
        let mut out = Vec::new();
        let mut connection = Connection::new(Limits::default(), &mut out);
        let mut seen = Seen::default();
        let mut greeting: &[u8] = &frame(4, 0, 0, &[]);
        assert!(matches!(connection.next(&mut greeting, &mut seen, &mut out), Ok(Event::More)));
        let question = Question { key: 7, asked: Asked::Other, keep: Keep::Body, body: b"" };
        let mut came = [frame(1, 4, 1, &block), frame(0, 1, 1, &[b'a'; 303])].concat();
        let data = 9 + block.len();
        bencher.iter(|| {
            out.clear();
            let stream = connection.send(&question, request, &mut out).unwrap_or_default();
            for at in [5, data + 5] {
                if let Some(place) = came.get_mut(at..at + 4) {
                    place.copy_from_slice(&stream.to_be_bytes());
                }
            }
            let mut input = black_box(came.as_slice());
            loop {
                match connection.next(&mut input, &mut seen, &mut out) {
                    Ok(Event::Begun(_)) => {}
                    Ok(Event::Answered(_, answer)) => return black_box(answer).body_bytes,
                    other => unreachable!("{other:?}"),
                }
            }
        });
    });
    group.bench_function("a head of six fields, decoded", |bencher| {
        let (mut decoder, mut head) = (Decoder::new(), Head::default());
        bencher.iter(|| {
            assert!(decoder.decode(black_box(&block), &mut head, 1 << 18).is_ok());
            head.status()
        });
    });
    group.bench_function("a head of six fields, from the table", |bencher| {
        let (mut decoder, mut head) = (Decoder::new(), Head::default());
        assert!(decoder.decode(&block, &mut head, 1 << 18).is_ok());
        let short = [0x88, 0xbe, 0xbf, 0xc0, 0xc1, 0xc2, 0xc3];
        bencher.iter(|| {
            assert!(decoder.decode(black_box(&short), &mut head, 1 << 18).is_ok());
            head.status()
        });
    });
    group.bench_function("a head of a request, encoded again", |bencher| {
        let (mut encoder, mut out) = (Encoder::new(), Vec::new());
        bencher.iter(|| {
            out.clear();
            request(&mut encoder.begin(&mut out));
            out.len()
        });
    });
    group.finish();
}

criterion_group!(benches, rows);
criterion_main!(benches);
