//! Any bytes as what a server of HTTP/2 sends, in any pieces: they are refused for a reason, or
//! read, and always as if they had come whole, and as if no head had come before.
//!
//! The first byte chooses what is asked for, the second how many of the following bytes are the
//! lengths of the pieces, again and again; what is left is what the server sends, behind an empty
//! SETTINGS frame, without which all of it would be another protocol.

#![no_main]

use libfuzzer_sys::fuzz_target;
use loadgate::http2::{Asked, Broken, Connection, Event, Keep, Limits, Question, Seen};

/// Small enough that the fuzzer reaches them.
const LIMITS: Limits = Limits { head: 512, body: 1_024 };

/// Exchanges under way.
const EXCHANGES: usize = 3;

/// What was told, what was sent, and why it ended.
type Told = (Vec<String>, Vec<u8>, Option<Broken>);

fuzz_target!(|bytes: &[u8]| {
    let [choice, count, rest @ ..] = bytes else { return };
    let asked = if choice & 1 == 0 { Asked::Other } else { Asked::Head };
    let keep = if choice & 2 == 0 { Keep::Body } else { Keep::Nothing };
    let (lengths, sent) = rest.split_at(usize::from(*count).min(rest.len()));
    let lengths: Vec<usize> = lengths.iter().map(|length| usize::from(*length).max(1)).collect();
    let mut seen = Seen::default();
    let whole = read((asked, keep), &[usize::MAX], sent, &mut seen);
    assert_eq!(read((asked, keep), &[usize::MAX], sent, &mut seen), whole);
    assert_eq!(read((asked, keep), &lengths, sent, &mut seen), whole);
    assert_eq!(read((asked, keep), &[1], sent, &mut Seen::default()), whole);
});

/// Reads what the server sends in pieces of these lengths, again and again.
fn read((asked, keep): (Asked, Keep), lengths: &[usize], sent: &[u8], seen: &mut Seen) -> Told {
    let mut out = Vec::new();
    let mut connection = Connection::new(LIMITS, &mut out);
    let body = vec![b'x'; 100_000];
    for key in 0..EXCHANGES {
        let body = if key == 0 { body.as_slice() } else { &[] };
        let question = Question { key, asked, keep, body };
        let stream = connection.send(&question, |block| block.field(":method", "GET"), &mut out);
        assert!(stream.is_some(), "there is room at first");
    }
    let sent = [&[0, 0, 0, 4, 0, 0, 0, 0, 0], sent].concat();
    let mut lengths = lengths.iter().cycle();
    let (mut told, mut rest, mut ended) = (Vec::new(), sent.as_slice(), [0_u32; EXCHANGES]);
    while !rest.is_empty() {
        let length = lengths.next().copied().unwrap_or(usize::MAX);
        let (mut piece, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        loop {
            let event = match connection.next(&mut piece, seen, &mut out) {
                Ok(event) => event,
                Err(broken) => {
                    assert!(!broken.to_string().is_empty());
                    return (told, out, Some(broken));
                }
            };
            let (key, said) = match event {
                Event::More => break,
                Event::Begun(key) => {
                    told.push(format!("{key} begun"));
                    continue;
                }
                Event::Refused(key) => (key, "refused".to_owned()),
                Event::Failed(key, why) => (key, why.to_string()),
                Event::Answered(key, answer) => {
                    assert!(answer.body_bytes <= LIMITS.body);
                    let fields: Vec<_> = answer.head.fields().collect();
                    (key, format!("{} {fields:?} {:?}", answer.head.status(), answer.body))
                }
            };
            ended[key] += 1;
            assert_eq!(ended[key], 1, "an exchange ends once");
            told.push(format!("{key} {said}"));
        }
        assert!(piece.is_empty(), "all of a piece is used");
        while let Some((_, stream)) = connection.next_hungry() {
            connection.feed(stream, &body, &mut out);
        }
    }
    (told, out, None)
}
