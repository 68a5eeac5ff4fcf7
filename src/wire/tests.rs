//! Conversations as bytes, and what is told of them.

mod broken;
mod copies;
mod extended;
mod laws;
mod limits;
mod openings;
mod simple;

use super::*;
use crate::units::Nanos;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Client,
    Server,
}

use Who::{Client as C, Server as S};

/// One piece of a conversation: who, when, what.
type Turn = (Who, u64, Vec<u8>);

/// Remembers all that it is told.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    texts: Vec<(Vec<u8>, bool)>,
    samples: Vec<Sample>,
    lost: Vec<Loss>,
    refused: Vec<[u8; 5]>,
}

impl Observer for Seen {
    fn text(&mut self, text: Text<'_>) -> TextId {
        let entry = (text.bytes().to_vec(), matches!(text, Text::Cut(_)));
        let known = self.texts.iter().position(|known| *known == entry);
        let at = known.unwrap_or_else(|| {
            self.texts.push(entry);
            self.texts.len() - 1
        });
        TextId(u32::try_from(at).unwrap())
    }

    fn sample(&mut self, sample: &Sample) {
        self.samples.push(sample.clone());
    }

    fn lost(&mut self, loss: Loss) {
        self.lost.push(loss);
    }

    fn refused(&mut self, code: [u8; 5]) {
        self.refused.push(code);
    }
}

impl Seen {
    /// Each sample in words: text, number, sent, began, ended, rows, outcome.
    fn told(&self) -> Vec<String> {
        let line = |sample: &Sample| {
            let (text, _) = &self.texts[usize::try_from(sample.text.0).unwrap()];
            let outcome = match sample.outcome {
                Outcome::Failed(code) => String::from_utf8_lossy(&code).into_owned(),
                Outcome::Done => "done".to_owned(),
                Outcome::Empty => "empty".to_owned(),
                Outcome::Suspended => "suspended".to_owned(),
            };
            let Sample { nth, sent, began, ended, rows, .. } = sample;
            let text = String::from_utf8_lossy(text);
            format!("{text}#{nth} {}/{}-{} {rows} {outcome}", sent.0, began.0, ended.0)
        };
        self.samples.iter().map(line).collect()
    }
}

/// Shows a machine a whole conversation.
fn play(turns: &[Turn]) -> (Machine, Seen) {
    let (mut machine, mut seen) = (Machine::new(), Seen::default());
    for (from, at, bytes) in turns {
        show(&mut machine, (*from, *at, bytes), &mut seen);
    }
    (machine, seen)
}

fn show(machine: &mut Machine, (from, at, bytes): (Who, u64, &[u8]), seen: &mut Seen) {
    match from {
        C => machine.client(bytes, Nanos(at), seen),
        S => machine.server(bytes, Nanos(at), seen),
    }
}

/// Plays a conversation behind an opened session, and compares what is told.
#[track_caller]
fn check(turns: &[Turn], want: &[&str]) -> Seen {
    let all = [opened(), turns.to_vec()].concat();
    let (machine, seen) = play(&all);
    assert_eq!(seen.told(), want, "lost {:?}", seen.lost);
    assert_eq!(machine.state(), State::Session);
    seen
}

/// A message with a type.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[kind][..], &length, body].concat()
}

/// A first message.
fn opening(code: i32, rest: &[u8]) -> Vec<u8> {
    let length = i32::try_from(rest.len() + 8).unwrap().to_be_bytes();
    [&length[..], &code.to_be_bytes(), rest].concat()
}

const V3: i32 = 196_608;

/// A session that is ready.
fn opened() -> Vec<Turn> {
    vec![
        (C, 1, opening(V3, b"user\0me\0database\0shop\0\0")),
        (
            S,
            2,
            [authentication(0), message(b'S', b"TimeZone\0UTC\0"), key(4), ready(b'I')].concat(),
        ),
    ]
}

fn authentication(kind: i32) -> Vec<u8> {
    message(b'R', &kind.to_be_bytes())
}

fn key(length: usize) -> Vec<u8> {
    message(b'K', &vec![7; 4 + length])
}

fn ready(state: u8) -> Vec<u8> {
    message(b'Z', &[state])
}

fn query(text: &str) -> Vec<u8> {
    message(b'Q', &[text.as_bytes(), b"\0"].concat())
}

fn parse(name: &str, text: &str) -> Vec<u8> {
    message(b'P', &[name.as_bytes(), b"\0", text.as_bytes(), b"\0\0\0"].concat())
}

fn bind(portal: &str, statement: &str) -> Vec<u8> {
    let parameter = [&1_i16.to_be_bytes()[..], &6_i32.to_be_bytes(), b"secret"].concat();
    let names = [portal.as_bytes(), b"\0", statement.as_bytes(), b"\0\0\0"].concat();
    message(b'B', &[names, parameter, vec![0, 0]].concat())
}

fn describe(kind: u8, name: &str) -> Vec<u8> {
    message(b'D', &[&[kind], name.as_bytes(), b"\0"].concat())
}

fn execute(portal: &str, rows: i32) -> Vec<u8> {
    message(b'E', &[portal.as_bytes(), b"\0", &rows.to_be_bytes()].concat())
}

fn close(kind: u8, name: &str) -> Vec<u8> {
    message(b'C', &[&[kind], name.as_bytes(), b"\0"].concat())
}

fn sync() -> Vec<u8> {
    message(b'S', b"")
}

fn row() -> Vec<u8> {
    message(b'D', b"\0\x01\0\0\0\x051.250")
}

fn description() -> Vec<u8> {
    message(b'T', b"\0\x01price\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0")
}

fn done(tag: &str) -> Vec<u8> {
    message(b'C', &[tag.as_bytes(), b"\0"].concat())
}

fn error(code: &str) -> Vec<u8> {
    let text = format!("SERROR\0VERROR\0C{code}\0Msomething is wrong\0\0");
    message(b'E', text.as_bytes())
}

fn parsed() -> Vec<u8> {
    message(b'1', b"")
}

fn bound() -> Vec<u8> {
    message(b'2', b"")
}

fn closed() -> Vec<u8> {
    message(b'3', b"")
}

fn no_data() -> Vec<u8> {
    message(b'n', b"")
}

fn copy_data() -> Vec<u8> {
    message(b'd', b"1\tapple\n")
}
