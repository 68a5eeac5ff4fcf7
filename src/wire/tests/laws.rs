//! What holds for every conversation.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A conversation of the usual kind, each turn at its own time.
fn conversation() -> Vec<Turn> {
    let one = |name: &str, text: &str| {
        [parse(name, text), bind("", name), describe(b'P', ""), execute("", 0)].concat()
    };
    let rows = |count: usize| [row().repeat(count), done(&format!("SELECT {count}"))].concat();
    let mut turns = opened();
    turns.extend([
        (C, 10, query("BEGIN; SELECT 1")),
        (S, 11, [done("BEGIN"), description(), rows(3), ready(b'T')].concat()),
        (C, 12, [one("s1", "SELECT a"), one("", "SELECT b"), sync()].concat()),
        (S, 13, [parsed(), bound(), description(), rows(5)].concat()),
        (S, 14, [parsed(), bound(), no_data(), error("22012"), ready(b'E')].concat()),
        (C, 15, query("ROLLBACK")),
        (S, 16, [done("ROLLBACK"), message(b'N', b"SWARNING\0\0"), ready(b'I')].concat()),
        (C, 17, [parse("c", "COPY a FROM STDIN"), bind("p", "c"), execute("p", 0)].concat()),
        (C, 18, [sync(), copy_data(), copy_data(), message(b'c', b""), sync()].concat()),
        (
            S,
            19,
            [parsed(), bound(), message(b'G', b"\0\0\0"), done("COPY 2"), ready(b'I')].concat(),
        ),
        (C, 20, query(&format!("SELECT '{}'", "long ".repeat(200)))),
        (S, 21, [description(), rows(100), ready(b'I')].concat()),
        (C, 22, message(b'X', b"")),
    ]);
    turns
}

/// The same bytes in pieces of these lengths, again and again.
fn cut(turns: &[Turn], lengths: &[usize]) -> Vec<Turn> {
    let mut lengths = lengths.iter().cycle();
    let mut pieces = Vec::new();
    for (from, at, bytes) in turns {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((*lengths.next().unwrap()).min(rest.len()));
            pieces.push((*from, *at, piece.to_vec()));
            rest = after;
        }
    }
    pieces
}

proptest! {
    #[test]
    fn pieces_of_any_length_tell_the_same(lengths in vec(1_usize..200, 1..20)) {
        let turns = conversation();
        let (machine, seen) = play(&cut(&turns, &lengths));
        let (_, whole) = play(&turns);
        prop_assert_eq!(whole.samples.len(), 7);
        prop_assert_eq!(machine.state(), State::Session);
        prop_assert_eq!(seen, whole);
    }

    #[test]
    fn any_bytes_in_any_pieces_tell_the_same_and_break_nothing(
        flips in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..6),
        lengths in vec(1_usize..50, 1..20),
    ) {
        let mut turns = conversation();
        for (turn, at, byte) in flips {
            let bytes = &mut turn.get_mut(&mut turns[..]).2;
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let (whole_machine, mut whole) = play(&turns);
        let (mut machine, mut seen) = play(&cut(&turns, &lengths));
        prop_assert_eq!(machine.state(), whole_machine.state());
        prop_assert_eq!(&seen, &whole);
        machine.closed(&mut seen);
        let mut whole_machine = whole_machine;
        whole_machine.closed(&mut whole);
        prop_assert_eq!(seen, whole);
    }

    #[test]
    fn a_statement_begins_before_it_ends(lengths in vec(1_usize..200, 1..20)) {
        for sample in play(&cut(&conversation(), &lengths)).1.samples {
            prop_assert!(sample.sent <= sample.began && sample.began <= sample.ended);
            prop_assert!(sample.first_row.is_none_or(|first| first <= sample.ended));
        }
    }
}

#[test]
fn parameters_are_never_kept() {
    let mut turns = conversation();
    turns.push((C, 30, [parse("", "SELECT $1"), bind("", "")].concat()));
    for lengths in [vec![usize::MAX], vec![1], vec![7]] {
        let (machine, seen) = play(&cut(&turns, &lengths));
        let marker = format!("{:?}", b"secret").replace(['[', ']'], "");
        assert!(!format!("{machine:?}{seen:?}").contains(&marker));
    }
}
