//! Logs beside a run, seen from outside: from the scenario to the exit code and the report.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::server::{Answer, Server};
use super::stage::{Done, Stage, done, until};

/// A scenario of so many seconds with these logs.
fn scenario(stage: &Stage, target: &str, seconds: u64, logs: &str) {
    let text = format!(
        "target: {target}\n\
         journeys: {{ j: {{ steps: [ {{ get: /a }} ] }} }}\n\
         load: [ {{ phase: steady, rate: 20/s, for: {seconds}s }} ]\n\
         logs: {logs}\n"
    );
    stage.file("a.yaml", text);
}

const RUN: [&str; 5] = ["run", "--scenario", "a.yaml", "--json", "-"];

/// A program of this name that is found before the system's.
fn program(stage: &Stage, name: &str, script: &str) {
    std::fs::create_dir_all(stage.path("bin")).unwrap();
    let path = stage.file(&format!("bin/{name}"), format!("#!/bin/sh\n{script}"));
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a shell script needs the system's programs")]
fn path() -> String {
    std::env::var("PATH").unwrap_or_default()
}

/// The run, with these programs, and lines that are appended to `a.log` once it sends requests.
fn run(stage: &Stage, target: &Server, lines: &str) -> Done {
    let mut command = stage.command(RUN);
    let path = path();
    command.env("PATH", format!("{}:{path}", stage.path("bin").display()));
    let before = target.requests();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            until("the first request", || (target.requests() > before).then_some(()));
            let path = stage.path("a.log");
            let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
            file.write_all(lines.as_bytes()).unwrap();
        });
        done(command.output().unwrap())
    })
}

fn document(told: &Done) -> Value {
    serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}: {}", told.out))
}

fn row<'v>(document: &'v Value, name: &str) -> &'v Value {
    let rows = document["logs"].as_array().unwrap();
    let found = rows.iter().find(|row| row["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in {rows:?}"))
}

#[test]
fn an_error_in_the_log_makes_a_run_fail_and_is_shown_without_secrets() {
    let (stage, target) = (Stage::new(), Server::start(Answer::Json("{}")));
    stage.file("a.log", "connection error of yesterday\nquery timeout of yesterday\n");
    scenario(&stage, &target.url, 4, "[ a.log ]");
    let told = run(
        &stage,
        &target,
        "all is well\nPrisma error P1001: connection to postgres://me:hunter2@db/x failed \
         <b>\x1b[31m|\n",
    );
    let told = told.expect(99);
    assert!(!told.out.contains("hunter2") && !told.err.contains("hunter2"), "{}", told.out);
    let document = document(&told);
    let errors = row(&document, "connection-errors");
    assert_eq!((&errors["lines"], &errors["status"]), (&1.into(), &"missed".into()), "{errors}");
    let sample = errors["samples"][0]["line"].as_str().unwrap();
    assert!(sample.contains("postgres://me:***@db/x failed <b>"), "{sample}");
    assert_eq!(errors["samples"][0]["phase"], "steady");
    assert_eq!(row(&document, "P1001")["holds"], false);
    assert_eq!(row(&document, "prisma-errors")["status"], "informs");
    let timeouts = row(&document, "timeouts");
    assert_eq!((&timeouts["lines"], &timeouts["holds"]), (&0.into(), &true.into()), "{timeouts}");
    let source = &document["log_sources"][0];
    assert_eq!((&source["lines"], &source["was_there"]), (&2.into(), &true.into()), "{source}");

    // The same from the store, in the formats for people.
    let text = stage.run(["report"]).expect(0).out;
    assert!(text.contains("LOGS") && text.contains("connection-errors"), "{text}");
    assert!(text.contains("limits for logs") && !text.contains("\x1b[31m"), "{text}");
    let written = ["--html", "a.html", "--junit", "a.xml", "--md", "a.md"];
    stage.run(["report", "latest"].into_iter().chain(written)).expect(0);
    let page = stage.read("a.html");
    assert!(page.contains("The logs show nothing that must not be there"), "no row at a glance");
    assert!(page.contains("failed &lt;b&gt;") && !page.contains("failed <b>"), "it is escaped");
    let junit = stage.read("a.xml");
    assert!(junit.contains("1 line, wanted at most 0"), "{junit}");
    assert!(stage.read("a.md").contains("## Logs"), "no table");
}

#[test]
fn a_silent_log_passes_and_one_that_is_missing_does_not() {
    let (stage, target) = (Stage::new(), Server::start(Answer::Json("{}")));
    stage.file("a.log", "");
    scenario(&stage, &target.url, 2, "{ sources: [ a.log, { file: b.log, optional: true } ] }");
    let document_of = |told: Done, code| document(&told.expect(code));
    let silent = document_of(run(&stage, &target, "all is well\n"), 0);
    assert_eq!(row(&silent, "timeouts")["status"], "kept");
    assert_eq!(silent["log_sources"][1]["was_there"], false);
    let notes = silent["notes"].to_string();
    assert!(notes.contains("b.log`: it was never there: there is no such file"), "{notes}");

    scenario(&stage, &target.url, 2, "{ sources: [ missing.log ], built_in: guide }");
    let missing = document_of(run(&stage, &target, ""), 99);
    assert_eq!(row(&missing, "timeouts")["status"], "unknown");
    assert_eq!(row(&missing, "timeouts")["note"], "the log `missing.log` was never there");
}

#[test]
fn what_must_be_seen_has_to_be_written_during_the_run() {
    let (stage, target) = (Stage::new(), Server::start(Answer::Json("{}")));
    stage.file("a.log", "Prisma Client 7.0.1\n");
    let logs = "{ sources: [ a.log ], built_in: none, must_see: 'Prisma Client 7\\.0\\.1' }";
    scenario(&stage, &target.url, 3, logs);
    let name = r"must see: Prisma Client 7\.0\.1";
    let unseen = run(&stage, &target, "Prisma Client 6.19.0\n").expect(99);
    assert_eq!(row(&document(&unseen), name)["status"], "missed");
    std::fs::remove_file(stage.path("store.db")).unwrap();
    let seen = run(&stage, &target, "Prisma Client 7.0.1\n").expect(0);
    assert_eq!(row(&document(&seen), name)["lines"], 1);
}

#[test]
fn a_container_and_a_unit_are_read_by_their_own_programs() {
    let (stage, target) = (Stage::new(), Server::start(Answer::Json("{}")));
    // Each says with which arguments it was started, and ends when it is told to.
    let docker = "case \"$1\" in\n\
         inspect) [ \"$5\" = web ] && echo running || { echo 'No such container' >&2; exit 1; };;\n\
         logs) echo \"docker $2 $4 $5\"; echo 'timeout of the container' >&2; exec sleep 600;;\n\
         esac\n";
    let journal = "case \"$*\" in\n\
         *--lines=1*) [ \"$6\" = shop ] && echo one;;\n\
         *--follow*) echo \"journal of $8\"; echo 'a deadlock detected'; exec sleep 600;;\n\
         esac\nexit 0\n";
    program(&stage, "docker", docker);
    program(&stage, "journalctl", journal);
    scenario(
        &stage,
        &target.url,
        3,
        "{ sources: [ { docker: web }, { journal: { unit: shop } }, { docker: gone, optional: \
         true }, { journal: { unit: silent }, optional: true } ], rules: { docker: { match: \
         'docker --follow -- web' }, journal: { match: 'journal of shop' } } }",
    );
    let told = run(&stage, &target, "").expect(99);
    let document = document(&told);
    for name in ["docker", "journal", "timeouts", "pg-deadlock"] {
        assert_eq!(row(&document, name)["lines"], 1, "{name}");
    }
    let notes = document["notes"].to_string();
    assert!(notes.contains("docker gone`: it was never there: `docker` says: No such"), "{notes}");
    assert!(notes.contains("the journal has nothing of a unit `silent`"), "{notes}");
}

#[test]
fn a_program_that_ends_is_a_gap_and_is_started_again() {
    let (stage, target) = (Stage::new(), Server::start(Answer::Json("{}")));
    let docker = "case \"$1\" in\n\
         inspect) echo running;;\n\
         logs) if [ -e begun ]; then echo 'second start'; exec sleep 600; fi\n\
         touch begun; echo 'first start'; echo 'the daemon password=x is gone' >&2; exit 1;;\n\
         esac\n";
    program(&stage, "docker", docker);
    let logs = "{ sources: [ { docker: web } ], built_in: none, rules: { first: { match: first \
                start }, second: { match: second start, limit: 0 } } }";
    scenario(&stage, &target.url, 3, logs);
    let told = run(&stage, &target, "").expect(99);
    assert!(!told.out.contains("password=x"), "{}", told.out);
    let document = document(&told);
    assert_eq!(row(&document, "first")["lines"], 1);
    assert_eq!(row(&document, "second")["lines"], 1);
    let source = &document["log_sources"][0];
    assert!(source["not_read_ns"].as_u64().unwrap() >= 250_000_000, "{source}");
    let why = "the program that reads it has ended: the daemon password=*** is gone";
    assert_eq!(source["gaps"][0]["why"], why, "{source}");
}

#[test]
fn a_program_that_is_not_there_is_said() {
    let (stage, target) = (Stage::new(), Server::start(Answer::Json("{}")));
    scenario(&stage, &target.url, 2, "[ { docker: web } ]");
    let mut command = stage.command(RUN);
    command.env("PATH", stage.path("nothing"));
    let told = done(command.output().unwrap()).expect(99);
    let notes = document(&told)["notes"].to_string();
    assert!(notes.contains("`docker` can't be started"), "{notes}");
}

#[test]
fn a_mistake_in_the_logs_is_told_before_anything_starts() {
    let stage = Stage::new();
    scenario(&stage, "http://127.0.0.1:1", 1, "{ sources: [ a.log ], must_see: 'a(b' }");
    let told = stage.run(RUN).expect(2);
    told.says(&["`a(b` is not a pattern: unclosed group", "a.yaml:4"]);
}
