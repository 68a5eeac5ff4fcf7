//! `file`, `log`, `results`, `sql` and `manual`.

use std::fs::{File, create_dir};
use std::time::{Duration, SystemTime};

use super::{checked, exactly, told};
use crate::cli::stage::Stage;

/// Makes a file look older than it is.
#[expect(clippy::disallowed_methods, reason = "the age of a file is counted from now")]
fn age(stage: &Stage, name: &str, hours: u64) {
    let file = File::options().append(true).open(stage.path(name)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_hours(hours)).unwrap();
}

#[test]
fn a_backup_has_to_be_there_large_enough_and_of_today() {
    let stage = Stage::new();
    create_dir(stage.path("backups")).unwrap();
    for (name, bytes, hours) in [("old", 5_000, 50), ("new", 2_000, 1), ("empty", 0, 0)] {
        let name = format!("backups/{name}.sql");
        stage.file(&name, vec![b'x'; bytes]);
        age(&stage, &name, hours);
    }
    let found = checked(
        &stage,
        "profiles: { pre: { checks: [\n\
         { name: any, file: backups/*.sql },\n\
         { name: recent, file: backups/*.sql, min_size: 1KiB, max_age: 24h },\n\
         { name: two, file: backups/*.sql, min_size: 1KiB, max_age: 24h, min_count: 2 },\n\
         { name: large, file: backups/*.sql, min_size: 1MiB },\n\
         { name: elsewhere, file: \"nowhere/*.sql\" } ] } }",
        99,
    );
    let outcomes = ["any", "recent", "two", "large", "elsewhere"].map(|name| told(&found, name).0);
    assert_eq!(outcomes, ["passed", "passed", "failed", "failed", "failed"]);
    let recent = told(&found, "recent").1;
    assert!(recent.starts_with("1 of 3 files, the newest `backups/empty.sql`"), "{recent}");
    assert_eq!(told(&found, "elsewhere").1, "no file is there");
}

#[test]
fn a_log_is_read_from_the_last_start_on() {
    let stage = Stage::new();
    stage.file(
        "staging.log",
        "ERROR: connection refused\nstarting server\nERROR: of the start before\n\
         starting server\nPrisma Client 7.0.1\nready \x1b[31m\n",
    );
    stage.file("bad.log", format!("{}\nwarn: P1001 here\nP1001 there\n", "x".repeat(1_000_000)));
    let found = checked(
        &stage,
        "profiles: { immediate: { checks: [\n\
         { name: since, log: staging.log, after: starting server, must_see: 'Prisma Client 7\\.0\\.1', must_not_see: [ERROR, P1001] },\n\
         { name: whole, log: staging.log, must_not_see: ERROR },\n\
         { name: absent, log: staging.log, must_see: [ready, Prisma Client 8] },\n\
         { name: no start, log: staging.log, after: begin, must_see: ready },\n\
         { name: errors, log: bad.log, must_not_see: 'P\\d{4}' },\n\
         { name: none, log: nowhere.log, must_not_see: ERROR } ] } }",
        99,
    );
    for (name, outcome, text) in [
        ("since", "passed", "all of it in 3 lines"),
        ("whole", "failed", "staging.log:1: `ERROR: connection refused`, and 1 more"),
        ("absent", "failed", "`Prisma Client 8` is in none of 6 lines"),
        ("no start", "failed", "no line matches `begin`, after which it begins"),
        ("errors", "failed", "bad.log:2: `warn: P1001 here`, and 1 more"),
        ("none", "failed", "no log is there"),
    ] {
        assert_eq!(told(&found, name), (outcome.to_owned(), text.to_owned()), "{name}");
    }
    let shown = stage.run(["check"]).out;
    assert!(!shown.contains('\x1b'), "{shown}");
}

#[test]
fn results_of_runners_are_judged_by_their_share() {
    let stage = Stage::new();
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/suites/");
    let good = r#"<testsuites tests="20"><testsuite>"#.to_owned()
        + &r#"<testcase name="good"/>"#.repeat(19)
        + r#"<testcase name="bad"><failure/></testcase></testsuite></testsuites>"#;
    stage.file("good.xml", good);
    stage.file("cut.xml", "<testsuites><testsuite>");
    let text = format!(
        "profiles: {{ critical: {{ checks: [\n\
         {{ name: enough, results: good.xml, proves: go.e2e }},\n\
         {{ name: all, results: good.xml, pass_rate: 100% }},\n\
         {{ name: both, results: \"{samples}vitest-*.json\", pass_rate: 50% }},\n\
         {{ name: smoke, results: \"{samples}playwright-*.json\" }},\n\
         {{ name: many, results: good.xml, min_count: 21 }},\n\
         {{ name: torn, results: cut.xml }} ] }} }}"
    );
    let found = checked(&stage, &text, 99);
    for (name, outcome, begin) in [
        ("enough", "passed", "19 of 20 tests passed, 95%; failed: `bad`"),
        ("all", "failed", "19 of 20 tests passed"),
        ("both", "passed", "2 of 4 tests passed, 50%, 2 skipped"),
        (
            "smoke",
            "failed",
            "4 of 6 tests passed, 66.67%, 2 skipped, 2 only at another try; failed",
        ),
        ("many", "failed", "19 of 20 tests passed"),
        ("torn", "failed", "`cut.xml`: not XML"),
    ] {
        let (was, text) = told(&found, name);
        assert!(was == outcome && text.starts_with(begin), "{name}: {was} {text}");
    }
}

#[test]
fn a_database_is_asked_and_only_asked() {
    let stage = Stage::new();
    // The store is a database like any other.
    stage.run(["runs", "list"]).expect(0);
    let found = checked(
        &stage,
        "databases: { default: \"sqlite:store.db\", gone: \"postgres://me:pw@127.0.0.1:1/x\" }\n\
         profiles: { pre: { checks: [\n\
         { name: none, sql: select count(*) as pending from lg_runs, check: row.pending == 0, proves: go.migrations },\n\
         { name: some, sql: select count(*) as pending from lg_runs, check: row.pending > 0 },\n\
         { name: wrong, sql: select nothing, check: rows == 1 },\n\
         { name: writes, sql: delete from lg_runs, check: rows == 0 },\n\
         { name: gone, sql: select 1, database: gone, check: rows == 1 } ] } }",
        99,
    );
    assert_eq!(told(&found, "none").0, "passed", "{found:#}");
    assert_eq!(told(&found, "some").1, "check `row.pending > 0` failed: found `0`");
    assert!(told(&found, "wrong").1.contains("no such column: nothing"));
    assert!(told(&found, "writes").1.contains("readonly"), "{found:#}");
    assert_eq!(told(&found, "gone").0, "failed");
    assert!(!found.to_string().contains(":pw@"));
}

#[test]
fn what_people_see_to_is_open_and_an_open_row_is_no_success() {
    let stage = Stage::new();
    let text = "allow: [echo]\nprofiles: { pre: { checks: [ { exec: [echo] },\n\
                { name: told, manual: The team knows of it, proves: pre.notified } ] } }";
    let found = checked(&stage, text, 3);
    let why = "open: nobody has attested `pre.notified`";
    assert_eq!(told(&found, "told"), ("skipped".to_owned(), why.to_owned()));
    assert_eq!((&found["result"], &found["open"]), (&"OPEN".into(), &1.into()));
    let done = exactly(stage.run(["check", "--profile", "pre"]), 3);
    assert!(done.out.contains("– told"), "{}", done.out);
    assert!(done.out.ends_with("OPEN  1 of 2 checks passed, 1 open\n"), "{}", done.out);
}
