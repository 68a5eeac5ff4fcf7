//! Any bytes as an answer of HTTP/1.1, in any pieces: it is refused for a reason, or read, and
//! always as if it had come whole, and as if its head had never come before.
//!
//! The first byte chooses what was asked for, the second how many of the following bytes are the
//! lengths of the pieces, again and again; what is left is the answer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use loadgate::http1::{Answer, Asked, Broken, Keep, Limits, Reader, Seen as Heads, slots};

/// Small enough that the fuzzer reaches them.
const LIMITS: Limits = Limits { head: 512, body: 1_024, trailers: 64 };

/// All that an answer says, and whether the connection is usable when all bytes have come.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    body_bytes: u64,
    reusable: bool,
}

impl Seen {
    fn of(answer: Answer<'_>) -> Self {
        let headers = answer.headers.iter();
        Self {
            status: answer.status,
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_vec())).collect(),
            body: answer.body.to_vec(),
            body_bytes: answer.body_bytes,
            reusable: answer.reusable,
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let [choice, count, rest @ ..] = bytes else { return };
    let asked = if choice & 1 == 0 { Asked::Other } else { Asked::Head };
    let keep = if choice & 2 == 0 { Keep::Body } else { Keep::Nothing };
    let (lengths, answer) = rest.split_at(usize::from(*count).min(rest.len()));
    let lengths: Vec<usize> = lengths.iter().map(|length| usize::from(*length).max(1)).collect();
    let mut heads = Heads::default();
    let whole = read((asked, keep), &[usize::MAX], answer, &mut heads);
    assert_eq!(read((asked, keep), &[usize::MAX], answer, &mut heads), whole);
    assert_eq!(read((asked, keep), &lengths, answer, &mut heads), whole);
    assert_eq!(read((asked, keep), &[1], answer, &mut heads), whole);
});

/// Reads the answer in pieces of these lengths, again and again.
fn read(
    (asked, keep): (Asked, Keep),
    lengths: &[usize],
    answer: &[u8],
    heads: &mut Heads,
) -> Result<Seen, Broken> {
    let mut reader = Reader::new(LIMITS);
    reader.begin(asked, keep);
    let mut lengths = lengths.iter().cycle();
    let (mut seen, mut rest) = (None, answer);
    while !rest.is_empty() {
        let length = lengths.next().copied().unwrap_or(usize::MAX);
        let (piece, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        let mut slots = slots();
        if let Some(answer) = reader.feed_again(piece, &mut slots, heads).map_err(coarse)? {
            assert!(answer.body_bytes <= LIMITS.body);
            assert!(seen.replace(Seen::of(answer)).is_none(), "two answers to one request");
        }
    }
    match seen {
        Some(seen) => Ok(Seen { reusable: seen.reusable && reader.usable(), ..seen }),
        None => reader.end(&mut slots()).map(Seen::of).map_err(coarse),
    }
}

/// How much of another protocol is shown depends on how much has come.
fn coarse(broken: Broken) -> Broken {
    assert!(!broken.to_string().is_empty());
    if matches!(broken, Broken::NotHttp(_)) { Broken::NotHttp(String::new()) } else { broken }
}
