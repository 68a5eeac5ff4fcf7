//! Where an answer ends: lengths, chunks, the close, and answers without a body (RFC 9112, section
//! 6.3).

use std::io::Write;

use loadgate::names::ErrorKind;

use super::hostile::Act;
use super::row::{APART, Row, Want, broken, check, chunked, right, send, with_length, wrong};

/// Chunks with an extension and a trailer, whose body is `hello world`.
const CHUNKS: &str =
    "5\r\nhello\r\n006;name=value;quoted=\"a b\"\r\n world\r\n0\r\nx-sum: 1\r\nx-more: 2\r\n\r\n";

fn answer(headers: &str, rest: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{headers}\r\n{rest}")
}

#[test]
fn an_answer_may_come_in_any_pieces() {
    let bytes = |text: &str| text.as_bytes().to_vec();
    let mut rows = Vec::new();
    for (name, text, body) in [
        ("length", with_length("x-a: 1\r\n", "hello"), "hello"),
        ("chunks", chunked(CHUNKS), "hello world"),
        (
            "interim",
            format!("HTTP/1.1 103 Early\r\nlink: </a>\r\n\r\n{}", with_length("", "a")),
            "a",
        ),
    ] {
        rows.push(right(&format!("{name}, byte by byte"), vec![Act::Single(bytes(&text))], body));
        let mut visits = (1..text.len()).map(|at| {
            let (before, after) = text.split_at(at);
            vec![send(before), APART, send(after)]
        });
        let row = right(&format!("{name}, cut anywhere"), visits.next().unwrap(), body);
        rows.push(visits.fold(row, Row::then).each());
    }
    check(&rows);
}

#[test]
fn a_length_is_a_number_and_the_only_one() {
    let length = |value: &str| answer(&format!("content-length: {value}\r\n"), "hello");
    let mut rows = vec![
        right(
            "twice the same",
            vec![send(&answer("content-length: 5\r\ncontent-length: 5\r\n", "hello"))],
            "hello",
        ),
        right("a list of the same", vec![send(&length("5, 5"))], "hello"),
        right("nothing at all", vec![send(&length("0").replace("hello", ""))], ""),
        right(
            "spaces around it",
            vec![send(&answer("content-length: \t5 \r\n", "hello"))],
            "hello",
        ),
        broken("two lengths", &answer("content-length: 5\r\ncontent-length: 6\r\n", "hello!")),
        broken("a list of two", &length("5, 6")),
        wrong("too long, and closed", vec![send(&length("50")), Act::Close], ErrorKind::Reset),
        wrong("too long, and open", vec![send(&length("50")), Act::Hang], ErrorKind::Timeout),
        // The rest is no answer to the next request.
        right("too short", vec![send(&length("3"))], "hel").connections(2),
    ];
    for bad in ["-5", "+5", "0x5", "5.0", "5 5", "five", "", "99999999999999999999999"] {
        rows.push(broken(&format!("length `{bad}`"), &length(bad)));
    }
    let both =
        answer("content-length: 4\r\ntransfer-encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n");
    rows.push(broken("length and chunks", &both).hyper(
        Want::Answer(200, "hello".to_owned()),
        1,
        "chunks override a length, which section 6.3 calls a likely attack and yet allows",
    ));
    check(&rows);
}

#[test]
fn chunks_are_read_as_they_are_meant_or_not_at_all() {
    let cut = |name: &str, rest: &str| {
        wrong(name, vec![send(&chunked(rest)), Act::Close], ErrorKind::Reset)
    };
    let bad = |name: &str, rest: &str| broken(name, &chunked(rest));
    let taken = |row: Row, why| row.hyper(Want::Answer(200, "hello".to_owned()), 1, why);
    let long = "x".repeat(600_000);
    let coding =
        |name: &str| answer(&format!("transfer-encoding: {name}\r\n"), "5\r\nhello\r\n0\r\n\r\n");
    check(&[
        right("extension and trailers", vec![send(&chunked(CHUNKS))], "hello world"),
        right("capitals", vec![send(&coding("Chunked").replace("5\r", "05\r"))], "hello"),
        right(
            "hexadecimal",
            vec![send(&chunked("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"))],
            "01234567890123456789",
        ),
        right("no body", vec![send(&chunked("0\r\n\r\n"))], ""),
        cut("cut in a size", "5"),
        cut("cut in a chunk", "5\r\nhel"),
        cut("cut after a chunk", "5\r\nhello"),
        cut("cut between chunks", "5\r\nhello\r\n"),
        cut("cut before the end", "5\r\nhello\r\n0\r\n"),
        bad("size too large for 64 bits", "FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n"),
        bad("size below zero", "-5\r\nhello\r\n0\r\n\r\n"),
        bad("size is no number", "five\r\nhello\r\n0\r\n\r\n"),
        bad("size is missing", "\r\nhello\r\n0\r\n\r\n"),
        bad("no line end after a chunk", "5\r\nhello0\r\n\r\n"),
        bad("more than its size", "5\r\nhello world\r\n0\r\n\r\n"),
        bad("an extension without end", &format!("5;a={long}\r\nhello\r\n0\r\n\r\n")),
        bad(
            "trailers without end",
            &format!("0\r\n{}", format!("a: {}\r\n", "b".repeat(1_000)).repeat(600)),
        ),
        bad("a trailer without end", &format!("0\r\na: {long}")),
        broken("HTTP/1.0", &coding("chunked").replace("HTTP/1.1", "HTTP/1.0")),
        taken(
            broken("a coding that nobody knows", &coding("zip, chunked")),
            "codings before chunks are left to whoever reads the body",
        ),
        taken(
            broken("chunked twice", &coding("chunked, chunked")),
            "only the last coding is looked at",
        ),
    ]);
}

#[test]
fn a_body_without_a_length_lasts_until_the_close() {
    let until = |text: &str| vec![send(text), Act::Close];
    check(&[
        right("HTTP/1.1", until("HTTP/1.1 200 OK\r\n\r\nhello"), "hello").connections(2),
        right("HTTP/1.0", until("HTTP/1.0 200 OK\r\n\r\nhello"), "hello").connections(2),
        right("nothing", until("HTTP/1.1 200 OK\r\n\r\n"), "").connections(2),
        right("half-closed", vec![send("HTTP/1.1 200 OK\r\n\r\nhello"), Act::Finish], "hello")
            .connections(2),
        wrong(
            "reset",
            vec![send("HTTP/1.1 200 OK\r\n\r\nhello"), APART, Act::Reset],
            ErrorKind::Reset,
        ),
        // Not chunked last: it lasts until the close, and what it is nobody knows.
        wrong(
            "another coding last",
            until("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, zip\r\n\r\nhello"),
            ErrorKind::Protocol,
        )
        .hyper(
            Want::Answer(200, "hello".to_owned()),
            2,
            "codings other than chunked are left to whoever reads the body",
        ),
    ]);
}

#[test]
fn some_answers_have_no_body_whatever_they_say() {
    let empty =
        |status: &str, headers: &str| vec![send(&format!("HTTP/1.1 {status}\r\n{headers}\r\n"))];
    let followed =
        |status: &str| vec![send(&format!("HTTP/1.1 {status}\r\ncontent-length: 5\r\n\r\nhello"))];
    check(&[
        right("HEAD with a length", empty("200 OK", "content-length: 5\r\n"), "").head(),
        right("HEAD with chunks", empty("200 OK", "transfer-encoding: chunked\r\n"), "").head(),
        right("HEAD without a length", empty("200 OK", ""), "").head(),
        right("HEAD and a body all the same", followed("200 OK"), "").head().connections(2),
        right("204", empty("204 No Content", ""), "").status(204),
        right("204 with a length", empty("204 No Content", "content-length: 5\r\n"), "")
            .status(204),
        right("204 and a body all the same", followed("204 No Content"), "")
            .status(204)
            .connections(2),
        right("304", empty("304 Not Modified", ""), "").status(304),
        right("304 with a length", empty("304 Not Modified", "content-length: 5\r\n"), "")
            .status(304),
        right("304 and a body all the same", followed("304 Not Modified"), "")
            .status(304)
            .connections(2),
        right("205", empty("205 Reset Content", "content-length: 0\r\n"), "").status(205),
    ]);
}

/// A number of zeros in gzip.
fn zeros(count: usize) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; count]).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_body_that_is_too_large_is_one_however_it_comes() {
    let coded = |coding: &str, body: &[u8]| {
        let head = format!("content-encoding: {coding}\r\ncontent-length: {}\r\n", body.len());
        Act::Send([answer(&head, "").as_bytes(), body].concat())
    };
    let large = |name: &str, acts: Vec<Act>| wrong(name, acts, ErrorKind::BodyTooLarge);
    let bomb = zeros(10_000_000);
    assert!(bomb.len() < 20_000);
    let short = &bomb[..5_000];
    // The framing is right, so the connection could be used again.
    let unpacked = |name: &str, act: Act, kind: ErrorKind| {
        let row = wrong(name, vec![act], kind).unpacked().connections(1);
        row.hyper(Want::Fails(kind), 2, "whatever fails takes its connection along")
    };
    check(&[
        large("length", vec![send(&with_length("", &"x".repeat(70_000))), Act::Hang]),
        large(
            "chunks without end",
            vec![send(&chunked("")), Act::Flood("10\r\n0123456789abcdef\r\n")],
        ),
        large("until the close", vec![send("HTTP/1.1 200 OK\r\n\r\n"), Act::Flood("hello")]),
        unpacked("gzip bomb", coded("gzip", &bomb), ErrorKind::BodyTooLarge),
        unpacked("gzip that is cut", coded("gzip", short), ErrorKind::BodyTooLarge),
        unpacked("no gzip", coded("gzip", b"hello"), ErrorKind::Protocol),
        unpacked("cut gzip", coded("gzip", &zeros(100)[..20]), ErrorKind::Protocol),
        unpacked("an unknown coding", coded("zip", b"hello"), ErrorKind::Protocol),
    ]);
}
