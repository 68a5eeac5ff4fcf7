//! Any bytes as a conversation with PostgreSQL, in any pieces: what is told of it is the same as
//! if each turn had come whole, and nothing breaks.
//!
//! The first byte says how many of the following bytes are the lengths of the pieces, again and
//! again. Each turn is a byte for who sends and for how much, and its bytes. A session is open
//! already, unless the byte says otherwise.

#![no_main]

use libfuzzer_sys::fuzz_target;
use loadgate::units::Nanos;
use loadgate::wire::{Loss, Machine, Observer, Sample, State, Text, TextId};

#[derive(Debug, Default, PartialEq)]
struct Seen {
    texts: Vec<Vec<u8>>,
    samples: Vec<Sample>,
    lost: Vec<Loss>,
    refused: Vec<[u8; 5]>,
}

impl Observer for Seen {
    fn text(&mut self, text: Text<'_>) -> TextId {
        self.texts.push(text.bytes().to_vec());
        TextId(u32::try_from(self.texts.len()).unwrap_or(u32::MAX))
    }

    fn sample(&mut self, sample: &Sample) {
        assert!(sample.sent <= sample.began && sample.began <= sample.ended);
        self.samples.push(sample.clone());
    }

    fn lost(&mut self, loss: Loss) {
        self.lost.push(loss);
    }

    fn refused(&mut self, code: [u8; 5]) {
        self.refused.push(code);
    }
}

const OPENING: &[u8] = b"\0\0\0\x11\0\x03\0\0user\0me\0\0";
const READY: &[u8] = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";

fuzz_target!(|bytes: &[u8]| {
    let [choice, rest @ ..] = bytes else { return };
    let (lengths, turns) = rest.split_at(usize::from(choice & 0x1f).min(rest.len()));
    let lengths: Vec<usize> = lengths.iter().map(|length| usize::from(*length).max(1)).collect();
    let opened = choice & 0x80 == 0;
    let whole = play(opened, &[usize::MAX], turns);
    assert_eq!(play(opened, &[1], turns), whole);
    if !lengths.is_empty() {
        assert_eq!(play(opened, &lengths, turns), whole);
    }
});

/// Plays the turns in pieces of these lengths.
fn play(opened: bool, lengths: &[usize], turns: &[u8]) -> (State, Seen) {
    let (mut machine, mut seen) = (Machine::new(), Seen::default());
    if opened {
        machine.client(OPENING, Nanos(0), &mut seen);
        machine.server(READY, Nanos(0), &mut seen);
    }
    let (mut rest, mut at) = (turns, 0);
    let mut lengths = lengths.iter().cycle();
    while let [turn, after @ ..] = rest {
        at += 1;
        let (mut bytes, after) = after.split_at(usize::from(turn >> 1).min(after.len()));
        rest = after;
        while !bytes.is_empty() {
            let length = lengths.next().copied().unwrap_or(usize::MAX);
            let (piece, after) = bytes.split_at(length.min(bytes.len()));
            bytes = after;
            if turn & 1 == 0 {
                machine.client(piece, Nanos(at), &mut seen);
            } else {
                machine.server(piece, Nanos(at), &mut seen);
            }
        }
    }
    machine.closed(&mut seen);
    (machine.state(), seen)
}
