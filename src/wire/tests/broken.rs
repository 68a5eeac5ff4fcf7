//! What breaks the protocol: the machine says so and looks no further.

use super::*;

#[track_caller]
fn loses(turns: &[Turn], want: Lost) -> Seen {
    let (machine, seen) = play(turns);
    assert_eq!(machine.state(), State::Lost(want));
    seen
}

#[track_caller]
fn session_loses(turns: &[Turn], want: Lost) -> Seen {
    loses(&[opened(), turns.to_vec()].concat(), want)
}

#[test]
fn lengths_that_lie_are_noticed() {
    for length in [0, 1, 3, -1, i32::MIN] {
        let lie = [&b"Q"[..], &length.to_be_bytes(), b"SELECT 1\0"].concat();
        session_loses(&[(C, 10, lie.clone())], Lost::Length);
        session_loses(&[(S, 10, [&b"N"[..], &lie[1..]].concat())], Lost::Length);
    }
    for length in [0, 7, 10_001, i32::MAX] {
        let lie = [length.to_be_bytes(), V3.to_be_bytes()].concat();
        loses(&[(C, 1, lie)], Lost::Length);
    }
}

#[test]
fn a_message_of_1_gb_is_passed_without_being_kept() {
    let head = [&b"P"[..], &1_000_000_000_i32.to_be_bytes(), b"s\0SELECT 1"].concat();
    let mut all = opened();
    all.push((C, 10, head));
    let (mut machine, mut seen) = play(&all);
    let megabyte = vec![b'x'; 1 << 20];
    for _ in 0..900 {
        show(&mut machine, (C, 11, &megabyte), &mut seen);
    }
    assert_eq!((machine.state(), &seen), (State::Session, &Seen::default()));
    machine.closed(&mut seen);
    assert_eq!(seen, Seen::default());
}

#[test]
fn types_that_there_are_not_are_noticed() {
    session_loses(&[(C, 10, message(b'!', b""))], Lost::Type);
    session_loses(&[(S, 10, message(b'Q', b""))], Lost::Type);
    session_loses(&[(C, 10, b"GET / HTTP/1.1\r\n".to_vec())], Lost::Type);
}

#[test]
fn answers_that_nobody_asked_for_are_noticed() {
    for answer in [row(), done("SELECT 1"), ready(b'I'), parsed(), bound(), closed(), key(4)] {
        session_loses(&[(S, 10, answer)], Lost::Unexpected);
    }
    let seen = session_loses(
        &[(C, 10, [query("SELECT 1"), query("SELECT 2")].concat()), (S, 11, parsed())],
        Lost::Unexpected,
    );
    assert_eq!(seen.lost, [Loss::Unreadable, Loss::Unreadable]);
    let unready = [bind("", ""), execute("", 0), sync()].concat();
    session_loses(&[(C, 10, unready), (S, 11, ready(b'I'))], Lost::Unexpected);
    loses(&[(S, 1, ready(b'I'))], Lost::Unexpected);
}

#[test]
fn other_versions_are_noticed() {
    loses(&[(C, 1, opening(131_072, b"me\0"))], Lost::Version);
    loses(&[(C, 1, opening(4 << 16, b""))], Lost::Version);
    loses(&[(C, 1, opening(80_877_105, b""))], Lost::Version);
}

#[test]
fn a_client_that_does_not_wait_for_the_answer_on_encryption_is_noticed() {
    let asked = opening(80_877_103, b"");
    let more = [asked.clone(), opening(V3, b"user\0me\0\0")].concat();
    loses(&[(C, 1, more)], Lost::Negotiation);
    loses(&[(C, 1, asked.clone()), (C, 2, asked.clone())], Lost::Negotiation);
    loses(&[(C, 1, asked), (S, 2, b"?".to_vec())], Lost::Negotiation);
}

#[test]
fn a_query_within_a_simple_copy_is_noticed() {
    let turns = [
        (C, 10, query("COPY a FROM STDIN")),
        (S, 11, message(b'G', b"\0\0\0")),
        (C, 12, query("SELECT 1")),
    ];
    assert_eq!(session_loses(&turns, Lost::Unexpected).lost, [Loss::Unreadable]);
}

#[test]
fn what_is_under_way_at_the_end_is_counted() {
    let pipeline = [parse("", "a"), bind("", ""), execute("", 0), sync(), query("b")].concat();
    let (mut machine, mut seen) = play(&[opened(), vec![(C, 10, pipeline)]].concat());
    machine.closed(&mut seen);
    machine.closed(&mut seen);
    assert_eq!(seen.lost, [Loss::Closed, Loss::Closed]);
    assert_eq!(seen.samples, []);
}
