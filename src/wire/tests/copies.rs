//! Copies in and out.

use super::*;

fn copy_in() -> Vec<u8> {
    message(b'G', b"\0\0\x01\0\0")
}

fn extended() -> Vec<u8> {
    [parse("", "COPY a FROM STDIN"), bind("", ""), execute("", 0), sync()].concat()
}

#[test]
fn a_copy_out_has_data_and_the_rows_of_its_tag() {
    let seen = check(
        &[
            (C, 10, query("COPY a TO STDOUT")),
            (S, 12, message(b'H', b"\0\0\x01\0\0")),
            (S, 14, [copy_data(), copy_data(), copy_data()].concat()),
            (S, 16, [message(b'c', b""), done("COPY 3"), ready(b'I')].concat()),
        ],
        &["COPY a TO STDOUT#0 10/10-16 3 done"],
    );
    assert_eq!(seen.samples[0].first_row, Some(Nanos(14)));
}

#[test]
fn a_copy_in_ends_when_the_server_has_taken_it() {
    check(
        &[
            (C, 10, query("COPY a FROM STDIN")),
            (S, 11, copy_in()),
            (C, 12, [copy_data(), copy_data()].concat()),
            (C, 15, message(b'c', b"")),
            (S, 17, [done("COPY 2"), ready(b'I')].concat()),
            (C, 20, query("COPY a FROM STDIN")),
            (S, 21, copy_in()),
            (C, 22, [copy_data(), message(b'f', b"enough\0")].concat()),
            (S, 23, [error("57014"), ready(b'I')].concat()),
        ],
        &["COPY a FROM STDIN#0 10/10-17 2 done", "COPY a FROM STDIN#0 20/20-23 0 57014"],
    );
}

#[test]
fn a_sync_within_a_copy_is_for_nothing() {
    check(
        &[
            (C, 10, extended()),
            (S, 11, [parsed(), bound(), copy_in()].concat()),
            (C, 12, [copy_data(), sync(), message(b'H', b""), copy_data()].concat()),
            (C, 13, [message(b'c', b""), sync()].concat()),
            (S, 14, [done("COPY 2"), ready(b'I')].concat()),
            (C, 20, query("SELECT 1")),
            (S, 21, [done("SELECT 1"), ready(b'I')].concat()),
        ],
        &["COPY a FROM STDIN#0 10/10-14 2 done", "SELECT 1#0 20/20-21 1 done"],
    );
}

#[test]
fn data_may_be_sent_before_the_server_asks_for_it() {
    check(
        &[
            (
                C,
                10,
                [extended(), copy_data(), message(b'c', b""), sync(), query("SELECT 1")].concat(),
            ),
            (S, 11, [parsed(), bound(), copy_in()].concat()),
            (S, 14, [done("COPY 1"), ready(b'I')].concat()),
            (S, 21, [done("SELECT 1"), ready(b'I')].concat()),
        ],
        &["COPY a FROM STDIN#0 10/10-14 1 done", "SELECT 1#0 10/14-21 1 done"],
    );
}

#[test]
fn a_copy_that_the_server_ends_skips_to_the_next_sync() {
    check(
        &[
            (C, 10, extended()),
            (S, 11, [parsed(), bound(), copy_in()].concat()),
            (C, 12, copy_data()),
            (S, 13, error("22P04")),
            (C, 14, [copy_data(), message(b'c', b""), sync()].concat()),
            (S, 15, ready(b'I')),
            (C, 20, query("SELECT 1")),
            (S, 21, [done("SELECT 1"), ready(b'I')].concat()),
        ],
        &["COPY a FROM STDIN#0 10/10-13 0 22P04", "SELECT 1#0 20/20-21 1 done"],
    );
}

#[test]
fn a_message_that_does_not_belong_into_a_copy_ends_it() {
    check(
        &[
            (C, 10, extended()),
            (S, 11, [parsed(), bound(), copy_in()].concat()),
            (C, 12, [copy_data(), parse("", "SELECT 1"), sync()].concat()),
            (S, 13, [error("08P01"), ready(b'I')].concat()),
        ],
        &["COPY a FROM STDIN#0 10/10-13 0 08P01"],
    );
}

#[test]
fn a_copy_whose_client_has_gone_has_failed_once() {
    let turns = [
        (C, 10, query("COPY a FROM STDIN")),
        (S, 11, copy_in()),
        (C, 12, copy_data()),
        (S, 13, error("08P01")),
        (S, 14, error("08P01")),
    ];
    let (mut machine, mut seen) = play(&[opened(), turns.to_vec()].concat());
    machine.closed(&mut seen);
    assert_eq!(seen.told(), ["COPY a FROM STDIN#0 10/10-13 0 08P01"]);
    assert_eq!(seen.lost, []);
}
