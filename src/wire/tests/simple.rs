//! Simple queries.

use super::*;

#[test]
fn a_query_is_timed_from_its_last_byte_to_its_end() {
    let seen = check(
        &[
            (C, 10, query("SELECT price FROM product")),
            (S, 14, [description(), row()].concat()),
            (S, 15, row()),
            (S, 16, done("SELECT 2")),
            (S, 17, ready(b'I')),
        ],
        &["SELECT price FROM product#0 10/10-16 2 done"],
    );
    let sample = &seen.samples[0];
    assert_eq!(sample.first_row, Some(Nanos(14)));
    assert_eq!(sample.to_first_row(), Some(Nanos(4)));
    assert_eq!(sample.duration(), Nanos(6));
    assert_eq!(sample.transaction, Transaction::Idle);
    let bytes = description().len() + 2 * row().len() + done("SELECT 2").len();
    assert_eq!(sample.bytes, count(bytes));
}

#[test]
fn a_long_query_begins_when_all_of_it_has_passed() {
    let text = query(&format!("SELECT '{}'", "x".repeat(1_000)));
    let (first, second) = text.split_at(400);
    let turns = [
        (C, 10, first.to_vec()),
        (C, 20, second.to_vec()),
        (S, 25, [done("SELECT 1"), ready(b'I')].concat()),
    ];
    let (_, seen) = play(&[opened(), turns.to_vec()].concat());
    assert_eq!(seen.samples[0].sent, Nanos(20));
}

#[test]
fn statements_of_one_query_follow_each_other() {
    let text = "BEGIN; UPDATE a SET b = 1; SELECT b FROM a; COMMIT";
    let seen = check(
        &[
            (C, 10, query(text)),
            (S, 11, done("BEGIN")),
            (S, 13, done("UPDATE 7")),
            (S, 15, [description(), row()].concat()),
            (S, 16, done("SELECT 1")),
            (S, 19, [done("COMMIT"), ready(b'I')].concat()),
        ],
        &[
            &format!("{text}#0 10/10-11 0 done"),
            &format!("{text}#1 10/11-13 7 done"),
            &format!("{text}#2 10/13-16 1 done"),
            &format!("{text}#3 10/16-19 0 done"),
        ],
    );
    let sum: u64 = seen.samples.iter().map(|sample| sample.duration().0).sum();
    assert_eq!(sum, 9);
}

#[test]
fn an_error_ends_its_statement_and_the_rest_of_the_query() {
    let seen = check(
        &[
            (C, 10, query("SELECT 1; SELECT 1/0; SELECT 2")),
            (S, 12, [description(), row(), done("SELECT 1")].concat()),
            (S, 14, [description(), error("22012"), ready(b'I')].concat()),
            (C, 20, query("ROLLBACK")),
            (S, 21, [done("ROLLBACK"), ready(b'I')].concat()),
        ],
        &[
            "SELECT 1; SELECT 1/0; SELECT 2#0 10/10-12 1 done",
            "SELECT 1; SELECT 1/0; SELECT 2#1 10/12-14 0 22012",
            "ROLLBACK#0 20/20-21 0 done",
        ],
    );
    assert_eq!(seen.lost, []);
}

#[test]
fn an_empty_query_is_a_sample() {
    check(
        &[(C, 10, query("")), (S, 11, [message(b'I', b""), ready(b'I')].concat())],
        &["#0 10/10-11 0 empty"],
    );
}

#[test]
fn a_statement_knows_the_transaction_it_came_in() {
    let seen = check(
        &[
            (C, 10, query("BEGIN")),
            (S, 11, [done("BEGIN"), ready(b'T')].concat()),
            (C, 12, query("SELECT nonsense")),
            (S, 13, [error("42703"), ready(b'E')].concat()),
            (C, 14, query("ROLLBACK")),
            (S, 15, [done("ROLLBACK"), ready(b'I')].concat()),
        ],
        &[
            "BEGIN#0 10/10-11 0 done",
            "SELECT nonsense#0 12/12-13 0 42703",
            "ROLLBACK#0 14/14-15 0 done",
        ],
    );
    let states: Vec<_> = seen.samples.iter().map(|sample| sample.transaction).collect();
    assert_eq!(states, [Transaction::Idle, Transaction::Open, Transaction::Failed]);
}

#[test]
fn queries_that_wait_behind_each_other_know_when_they_began() {
    let seen = check(
        &[
            (C, 10, [query("SELECT 1"), query("SELECT 2")].concat()),
            (S, 15, [done("SELECT 1"), ready(b'I')].concat()),
            (S, 18, [done("SELECT 1"), ready(b'I')].concat()),
        ],
        &["SELECT 1#0 10/10-15 1 done", "SELECT 2#0 10/15-18 1 done"],
    );
    assert_eq!(seen.samples[1].duration(), Nanos(8));
    assert_eq!(seen.samples[1].service(), Nanos(3));
}

#[test]
fn rows_sent_go_before_the_rows_of_the_tag() {
    check(
        &[
            (C, 10, query("INSERT INTO a VALUES (1),(2) RETURNING b")),
            (S, 12, [description(), row(), row(), done("INSERT 0 2"), ready(b'I')].concat()),
            (C, 20, query("INSERT INTO a VALUES (1),(2),(3)")),
            (S, 22, [done("INSERT 0 3"), ready(b'I')].concat()),
            (C, 30, query("CREATE TABLE x4 ()")),
            (S, 32, [done("CREATE TABLE"), ready(b'I')].concat()),
        ],
        &[
            "INSERT INTO a VALUES (1),(2) RETURNING b#0 10/10-12 2 done",
            "INSERT INTO a VALUES (1),(2),(3)#0 20/20-22 3 done",
            "CREATE TABLE x4 ()#0 30/30-32 0 done",
        ],
    );
}

#[test]
fn what_comes_unasked_belongs_to_nobody() {
    let notice = message(b'N', b"SNOTICE\0C00000\0Mhello\0\0");
    let notification = message(b'A', b"\0\0\0\x01orders\0new\0");
    let parameter = message(b'S', b"TimeZone\0Asia/Jerusalem\0");
    let fatal = message(b'E', b"SFATAL\0VFATAL\0C57P01\0Mgoing down\0\0");
    let seen = check(
        &[
            (S, 5, notification.clone()),
            (C, 10, query("DO 'x'")),
            (S, 11, [notice.clone(), parameter, notification.clone()].concat()),
            (S, 12, [done("DO"), notice, ready(b'I'), notification, fatal].concat()),
        ],
        &["DO 'x'#0 10/10-12 0 done"],
    );
    assert_eq!(seen.lost, []);
}

#[test]
fn a_function_call_is_passed_without_a_sample() {
    check(
        &[
            (C, 10, message(b'F', b"\0\0\x03\xb8\0\0\0\0\0\0")),
            (S, 11, [message(b'V', b"\xff\xff\xff\xff"), ready(b'I')].concat()),
            (C, 12, message(b'F', b"\0\0\x03\xb8\0\0\0\0\0\0")),
            (S, 13, [error("42501"), ready(b'I')].concat()),
            (C, 20, query("SELECT 1")),
            (S, 21, [done("SELECT 1"), ready(b'I')].concat()),
        ],
        &["SELECT 1#0 20/20-21 1 done"],
    );
}
