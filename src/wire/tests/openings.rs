//! How connections are opened.

use super::*;

const TLS: i32 = 80_877_103;
const GSS: i32 = 80_877_104;
const CANCEL: i32 = 80_877_102;

fn state(turns: &[Turn]) -> State {
    let (machine, seen) = play(turns);
    assert_eq!(seen, Seen::default());
    machine.state()
}

#[test]
fn an_authentication_of_any_kind_is_passed() {
    let password = || message(b'p', b"a secret with Q and S in it\0");
    let asked: [&[u8]; 7] = [
        &[0, 0, 0, 3],
        b"\0\0\0\x05salt",
        b"\0\0\0\x0aSCRAM-SHA-256\0\0",
        b"\0\0\0\x0br=nonce,s=salt,i=4096",
        b"\0\0\0\x07",
        b"\0\0\0\x08token",
        b"\0\0\0\x09",
    ];
    let mut turns = vec![(C, 1, opening(V3, b"user\0me\0\0"))];
    for asked in asked {
        turns.push((S, 2, message(b'R', asked)));
        turns.push((C, 3, password()));
    }
    turns.push((S, 4, [authentication(0), key(4), ready(b'I')].concat()));
    turns.push((C, 10, query("SELECT 1")));
    turns.push((S, 11, [done("SELECT 1"), ready(b'I')].concat()));
    let (machine, seen) = play(&turns);
    assert_eq!(seen.told(), ["SELECT 1#0 10/10-11 1 done"]);
    assert!(!format!("{machine:?}").contains("secret"));
}

#[test]
fn who_is_not_let_in_or_put_out_is_told_with_the_code() {
    for code in ["28P01", "53300", "3D000"] {
        let (_, seen) = play(&[(C, 1, opening(V3, b"user\0me\0\0")), (S, 2, error(code))]);
        assert_eq!(seen.refused, [*code.as_bytes().first_chunk().unwrap()]);
        assert_eq!((seen.samples.len(), seen.lost.len()), (0, 0));
    }
    let put_out = [(S, 9, error("57P01"))];
    assert_eq!(check(&put_out, &[]).refused, [*b"57P01"]);
    // What is found wrong only when a transaction ends says nothing of the connection.
    let late = [
        (C, 10, [parse("", "INSERT"), bind("", ""), execute("", 0), sync()].concat()),
        (S, 11, [parsed(), bound(), done("INSERT 0 1"), error("23505"), ready(b'I')].concat()),
    ];
    assert_eq!(check(&late, &["INSERT#0 10/10-11 1 done"]).refused, [[0; 5]; 0]);
}

#[test]
fn version_3_2_has_longer_keys_and_negotiates() {
    let options = message(b'v', b"\0\0\0\0\0\0\0\x01_pq_.something\0");
    let (machine, seen) = play(&[
        (C, 1, opening(V3 + 2, b"user\0me\0_pq_.something\0on\0\0")),
        (S, 2, [options, authentication(0), key(256), ready(b'I')].concat()),
        (C, 10, query("SELECT 1")),
        (S, 11, [done("SELECT 1"), ready(b'I')].concat()),
    ]);
    assert_eq!(seen.told(), ["SELECT 1#0 10/10-11 1 done"]);
    assert_eq!(machine.state(), State::Session);
}

#[test]
fn encryption_is_negotiated_with_one_byte() {
    let encrypted = State::Passed(Passed::Encrypted);
    assert_eq!(state(&[(C, 1, opening(TLS, b""))]), State::Negotiating);
    assert_eq!(
        state(&[
            (C, 1, opening(TLS, b"")),
            (S, 2, b"S".to_vec()),
            (C, 3, vec![0x16, 3, 1, 255, 255, 0]),
            (S, 4, vec![0x16, 3, 3, 0, 0, 0]),
        ]),
        encrypted
    );
    assert_eq!(state(&[(C, 1, opening(GSS, b"")), (S, 2, b"G".to_vec())]), encrypted);
    // A client that encrypts at once, in pieces as they come.
    assert_eq!(state(&[(C, 1, vec![0x16]), (C, 1, vec![3, 1, 2, 0, 1])]), encrypted);
    let refused = [
        (C, 1, opening(GSS, b"")),
        (S, 2, b"N".to_vec()),
        (C, 3, opening(TLS, b"")),
        (S, 4, b"N".to_vec()),
        (C, 5, opening(V3, b"user\0me\0\0")),
        (S, 6, [authentication(0), ready(b'I')].concat()),
    ];
    assert_eq!(state(&refused), State::Session);
    let old = [(C, 1, opening(TLS, b"")), (S, 2, error("08P01"))];
    assert_eq!(state(&old), State::Passed(Passed::Refused));
}

#[test]
fn a_cancel_and_a_replication_are_passed() {
    let cancel = opening(CANCEL, b"\0\0\0\x01\0\0\0\x02");
    assert_eq!(state(&[(C, 1, cancel)]), State::Passed(Passed::Cancel));
    let long = opening(CANCEL, &[7; 260]);
    assert_eq!(state(&[(C, 1, long)]), State::Passed(Passed::Cancel));
    for (value, want) in [
        ("database", State::Passed(Passed::Replication)),
        ("true", State::Passed(Passed::Replication)),
        ("1", State::Passed(Passed::Replication)),
        ("on", State::Passed(Passed::Replication)),
        ("Off", State::Session),
        ("f", State::Session),
        ("0", State::Session),
    ] {
        let parameters = format!("user\0replication\0replication\0{value}\0\0");
        assert_eq!(state(&[(C, 1, opening(V3, parameters.as_bytes()))]), want, "{value}");
    }
    // A value is no name.
    assert_eq!(state(&[(C, 1, opening(V3, b"user\0replication\0\0"))]), State::Session);
}

#[test]
fn a_session_that_the_server_refuses_is_no_loss() {
    let (machine, seen) = play(&[
        (C, 1, opening(V3, b"user\0me\0\0")),
        (S, 2, message(b'E', b"SFATAL\0VFATAL\0C53300\0Mtoo many\0\0")),
    ]);
    assert_eq!((machine.state(), seen.lost), (State::Session, vec![]));
}
