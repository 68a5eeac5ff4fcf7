//! Extended queries: prepared statements, portals, pipelines.

use super::*;

#[test]
fn an_unnamed_statement_is_timed_from_its_execute() {
    let seen = check(
        &[
            (C, 10, [parse("", "SELECT $1"), bind("", ""), describe(b'P', "")].concat()),
            (C, 12, execute("", 0)),
            (C, 13, sync()),
            (S, 15, [parsed(), bound(), description()].concat()),
            (S, 17, [row(), row(), done("SELECT 2"), ready(b'I')].concat()),
        ],
        &["SELECT $1#0 12/12-17 2 done"],
    );
    let bytes = 2 * row().len() + done("SELECT 2").len();
    assert_eq!(seen.samples[0].bytes, count(bytes));
}

#[test]
fn a_prepared_statement_keeps_its_text() {
    let prepared = [parse("s1", "SELECT a"), describe(b'S', "s1"), sync()].concat();
    let described = [parsed(), message(b't', b"\0\0"), description(), ready(b'I')].concat();
    let run = |statement: &str| [bind("", statement), execute("", 0), sync()].concat();
    let ran = || [bound(), row(), done("SELECT 1"), ready(b'I')].concat();
    let seen = check(
        &[
            (C, 10, prepared),
            (S, 11, described),
            (C, 20, run("s1")),
            (S, 22, ran()),
            (C, 30, [parse("s2", "SELECT b"), sync()].concat()),
            (S, 31, [parsed(), ready(b'I')].concat()),
            (C, 40, run("s1")),
            (S, 41, ran()),
            (C, 50, run("s2")),
            (S, 51, ran()),
            (C, 60, [close(b'S', "s1"), parse("s1", "SELECT c"), sync()].concat()),
            (S, 61, [closed(), parsed(), ready(b'I')].concat()),
            (C, 70, run("s1")),
            (S, 71, ran()),
        ],
        &[
            "SELECT a#0 20/20-22 1 done",
            "SELECT a#0 40/40-41 1 done",
            "SELECT b#0 50/50-51 1 done",
            "SELECT c#0 70/70-71 1 done",
        ],
    );
    // A text is told when it is prepared, not when it is executed.
    assert_eq!(seen.texts.len(), 3);
}

#[test]
fn names_are_told_apart_by_as_many_bytes_as_in_postgresql() {
    let long = "x".repeat(80);
    check(
        &[
            (C, 10, [parse(&long, "SELECT a"), sync()].concat()),
            (S, 11, [parsed(), ready(b'I')].concat()),
            (C, 20, [bind("", &"x".repeat(63)), execute("", 0), sync()].concat()),
            (S, 21, [bound(), done("SELECT 0"), ready(b'I')].concat()),
        ],
        &["SELECT a#0 20/20-21 0 done"],
    );
}

#[test]
fn a_portal_is_read_in_parts() {
    check(
        &[
            (
                C,
                10,
                [parse("", "SELECT n"), bind("p", ""), execute("p", 2), message(b'H', b"")]
                    .concat(),
            ),
            (S, 12, [parsed(), bound(), row(), row(), message(b's', b"")].concat()),
            (C, 20, [execute("p", 2), message(b'H', b"")].concat()),
            (S, 22, [row(), done("SELECT 1")].concat()),
            (C, 30, [close(b'P', "p"), sync()].concat()),
            (S, 31, [closed(), ready(b'I')].concat()),
        ],
        &["SELECT n#0 10/10-12 2 suspended", "SELECT n#0 20/20-22 1 done"],
    );
}

#[test]
fn portals_end_with_their_transaction_but_not_those_bound_since() {
    let seen = check(
        &[
            (C, 10, [parse("s", "SELECT n"), bind("p", "s"), execute("p", 0), sync()].concat()),
            // Sent before the server has come to the end of the first.
            (C, 11, [bind("q", "s"), execute("q", 0), sync()].concat()),
            (S, 12, [parsed(), bound(), done("SELECT 0"), ready(b'I')].concat()),
            (C, 13, [execute("q", 0), execute("p", 0), sync()].concat()),
            (S, 14, [bound(), done("SELECT 0"), ready(b'T')].concat()),
            (S, 15, [done("SELECT 0"), error("34000"), ready(b'E')].concat()),
        ],
        &["SELECT n#0 10/10-12 0 done", "SELECT n#0 11/12-14 0 done", "SELECT n#0 13/14-15 0 done"],
    );
    assert_eq!(seen.lost, [Loss::UnknownStatement]);
}

#[test]
fn a_pipeline_is_told_apart() {
    let one = |text: &str| [parse("", text), bind("", ""), execute("", 0)].concat();
    let seen = check(
        &[
            (C, 10, [one("SELECT 1"), one("SELECT 2"), sync(), one("SELECT 3"), sync()].concat()),
            (S, 14, [parsed(), bound(), row(), done("SELECT 1")].concat()),
            (S, 16, [parsed(), bound(), row(), done("SELECT 1"), ready(b'I')].concat()),
            (S, 20, [parsed(), bound(), row(), done("SELECT 1"), ready(b'I')].concat()),
        ],
        &["SELECT 1#0 10/10-14 1 done", "SELECT 2#0 10/14-16 1 done", "SELECT 3#0 10/16-20 1 done"],
    );
    let service: Vec<_> = seen.samples.iter().map(|sample| sample.service().0).collect();
    assert_eq!(service, [4, 2, 4]);
}

#[test]
fn after_an_error_the_pipeline_is_skipped_to_its_sync() {
    let one = |text: &str| [parse("", text), bind("", ""), execute("", 0)].concat();
    let seen = check(
        &[
            (C, 10, [one("SELECT 1"), one("SELECT 1/0"), one("SELECT 2"), sync()].concat()),
            (C, 11, [one("SELECT 3"), sync()].concat()),
            (S, 12, [parsed(), bound(), row(), done("SELECT 1")].concat()),
            (S, 13, [parsed(), bound(), error("22012"), ready(b'I')].concat()),
            (S, 14, [parsed(), bound(), row(), done("SELECT 1"), ready(b'I')].concat()),
        ],
        &[
            "SELECT 1#0 10/10-12 1 done",
            "SELECT 1/0#0 10/12-13 0 22012",
            "SELECT 3#0 11/13-14 1 done",
        ],
    );
    assert_eq!(seen.lost, []);
}

#[test]
fn what_is_sent_after_an_error_is_skipped_as_well() {
    check(
        &[
            (C, 10, [parse("", "SELEKT"), message(b'H', b"")].concat()),
            (S, 11, error("42601")),
            (C, 12, [bind("", ""), execute("", 0), query("SELECT 9"), sync()].concat()),
            (S, 13, ready(b'I')),
            (C, 20, query("SELECT 1")),
            (S, 21, [done("SELECT 1"), ready(b'I')].concat()),
        ],
        &["SELEKT#0 10/10-11 0 42601", "SELECT 1#0 20/20-21 1 done"],
    );
}

#[test]
fn a_statement_that_fails_before_it_is_executed_is_told_once() {
    check(
        &[
            (C, 10, [parse("", "SELECT $1"), bind("", ""), execute("", 0), sync()].concat()),
            (S, 12, [parsed(), error("22P02"), ready(b'I')].concat()),
            (C, 20, [parse("", "SELECT $2"), describe(b'S', ""), sync()].concat()),
            (S, 21, [error("42P18"), ready(b'I')].concat()),
        ],
        &["SELECT $1#0 10/10-12 0 22P02", "SELECT $2#0 20/20-21 0 42P18"],
    );
}

#[test]
fn a_name_that_the_server_did_not_take_keeps_its_old_text() {
    let run = |statement: &str| [bind("", statement), execute("", 0), sync()].concat();
    let ran = || [bound(), done("SELECT 0"), ready(b'I')].concat();
    let seen = check(
        &[
            (C, 10, [parse("s", "SELECT old"), parse("t", "SELECT t"), sync()].concat()),
            (S, 11, [parsed(), parsed(), ready(b'I')].concat()),
            // The name is taken, so the server refuses, and skips the closing of another.
            (C, 20, [parse("s", "SELECT new"), close(b'S', "t"), parse("u", "x"), sync()].concat()),
            (S, 21, [error("42P05"), ready(b'I')].concat()),
            (C, 30, run("s")),
            (S, 31, ran()),
            (C, 40, run("t")),
            (S, 41, ran()),
            (C, 50, run("u")),
            (S, 51, [error("26000"), ready(b'I')].concat()),
        ],
        &[
            "SELECT new#0 20/20-21 0 42P05",
            "SELECT old#0 30/30-31 0 done",
            "SELECT t#0 40/40-41 0 done",
        ],
    );
    assert_eq!(seen.lost, [Loss::UnknownStatement]);
}

#[test]
fn a_statement_that_was_not_seen_to_be_prepared_is_counted() {
    let seen = check(
        &[
            (C, 10, [bind("", "made by SQL"), execute("", 0), sync()].concat()),
            (S, 11, [bound(), row(), done("SELECT 1"), ready(b'I')].concat()),
            (C, 20, query("SELECT 1")),
            (S, 21, [done("SELECT 1"), ready(b'I')].concat()),
        ],
        &["SELECT 1#0 20/20-21 1 done"],
    );
    assert_eq!(seen.lost, [Loss::UnknownStatement]);
}

#[test]
fn an_error_at_the_sync_belongs_to_no_statement() {
    check(
        &[
            (C, 10, [parse("", "INSERT"), bind("", ""), execute("", 0), sync()].concat()),
            (S, 11, [parsed(), bound(), done("INSERT 0 1")].concat()),
            (S, 12, [error("23503"), ready(b'I')].concat()),
            (C, 20, query("SELECT 1")),
            (S, 21, [done("SELECT 1"), ready(b'I')].concat()),
        ],
        &["INSERT#0 10/10-11 1 done", "SELECT 1#0 20/20-21 1 done"],
    );
}

#[test]
fn an_execute_of_nothing_is_empty() {
    check(
        &[
            (
                C,
                10,
                [parse("", ""), bind("", ""), describe(b'P', ""), execute("", 0), sync()].concat(),
            ),
            (S, 11, [parsed(), bound(), no_data(), message(b'I', b""), ready(b'I')].concat()),
        ],
        &["#0 10/10-11 0 empty"],
    );
}
