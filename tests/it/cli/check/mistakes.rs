//! A check file with mistakes ends with exit code 2 before anything has started, and each mistake
//! has its place.

use super::exactly;
use crate::cli::server::{Answer, Server};
use crate::cli::stage::{Done, Stage};

/// Checks with this file for a server that counts: nothing was asked, and no store was made.
#[track_caller]
fn refused(text: &str) -> Done {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    stage.file("checks.yaml", text);
    let done = exactly(stage.run(["check", "--profile", "all", "--target", &server.url]), 2);
    assert_eq!(server.connections(), 0, "something was sent");
    assert!(!stage.has_store(), "a store was made");
    assert_eq!(done.out, "");
    done
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_place() {
    refused(
        "profiles:\n\
         \x20 pre:\n\
         \x20   checks:\n\
         \x20     - { exce: [git] }\n\
         \x20     - { name: a, file: b*, min_sise: 1KiB }\n\
         \x20     - { name: a, file: c, max_age: soon }\n\
         \x20     - { file: d, proves: pre.biuld }\n\
         \x20     - { file: e, needs: f }\n\
         \x20     - { file: f, needs: g }\n\
         \x20     - { file: g, sql: select 1 }\n\
         \x20     - { log: h, must_see: '(' }\n\
         \x20     - { log: i }\n\
         \x20     - { sql: select 1, database: shop, check: rows = 1 }\n\
         \x20     - { file: k, every: 1s }\n\
         \x20     - { results: l, pass_rate: 195% }\n\
         \x20     - 7\n\
         \x20 al: {}\n",
    )
    .says(&[
        "this check says not what to look at\n --> checks.yaml:4:",
        "did you mean `exec`?",
        "unknown key `min_sise`",
        "--> checks.yaml:5:",
        "did you mean `min_size`?",
        "check 1 of the profile is called `a`, too",
        "a duration such as `250ms`, `30s` or `1h30m`, found `soon`",
        "the guide has no row `pre.biuld`",
        "did you mean `pre.build`?",
        "no check above is called `f`",
        "no check above is called `g`",
        "a check looks at one thing, and this has `file` and `sql`",
        "not a pattern: unclosed group",
        "the check says not what to look for",
        "`=` in `rows = 1` must be `==`",
        "`every` has no meaning without `wait_for`",
        "`pass_rate` can't be 195%",
        "a check such as `{ health: /api/health }`",
        "the profile has no checks",
        "mistakes in `checks.yaml`; nothing was started",
    ]);
}

#[test]
fn a_check_can_only_need_what_stands_above_it() {
    refused(
        "profiles: { pre: { checks: [\n{ name: one, file: a, needs: two },\n{ name: two, file: b } ] } }",
    )
    .says(&["no check above is called `two`", "--> checks.yaml:2:", "it stands below; move it up"]);
}

#[test]
fn an_unknown_database_or_variable_is_a_mistake() {
    refused(
        "databases: { shop: \"${NOT_SET_ANYWHERE}\" }\nprofiles: { pre: { checks: [ \
         { sql: select 1, check: rows == 1 }, { http: \"/a/${farmId}\" }, { http: no-slash } ] } }",
    )
    .says(&[
        "environment variable `NOT_SET_ANYWHERE` is not set",
        "there is no database `default`",
        "unknown variable `farmId`",
        "`no-slash` is not a path",
    ]);
}

#[test]
fn a_journey_that_is_not_there_is_told_at_its_place() {
    refused("scenario: all\nprofiles: { critical: { checks: [\n{ journey: custmer } ] } }").says(
        &[
            "`scenarios/all.yaml` has no journey `custmer`",
            "--> checks.yaml:3:12",
            "did you mean `customer`?",
        ],
    );
    refused("profiles: { critical: { checks: [ { journey: customer } ] } }")
        .says(&["no scenario is named that has the journey `customer`", "add `scenario: all`"]);
}

#[test]
fn what_is_no_check_file_is_refused() {
    refused("").says(&["`checks.yaml` is empty", "profiles: { immediate:"]);
    refused("profiles: {}").says(&["`checks.yaml` has no profiles"]);
    refused("version: 2\nprofiles: { a: { checks: [ { file: a } ] } }")
        .says(&["version 2 of the language is not known"]);
    refused("profiles: [").says(&["--> checks.yaml:1:"]);
    refused(&"x".repeat(2 << 20)).says(&["the most is 1048576 (1 MiB)"]);
}

#[test]
fn arguments_that_fit_nothing_are_told() {
    let stage = Stage::new();
    let says = |args: &[&str], parts: &[&str]| {
        let done = exactly(stage.run(["check"].iter().chain(args)), 2).says(parts);
        assert!(!stage.has_store());
        assert_eq!(done.out, "");
    };
    says(
        &["--profile", "pre"],
        &["the checks of `pre` stand in a check file", "hint: write `checks.yaml`"],
    );
    says(&["--profile", "critcal"], &["did you mean `critical`?"]);
    says(&["--file", "nowhere.yaml"], &["can't read `nowhere.yaml`"]);
    says(
        &["--scenario", "custmer"],
        &["there is no scenario `custmer`", "did you mean `customer`?"],
    );
    says(&["--json", "no/where.json"], &["its folder does not exist"]);
    stage.file(
        "checks.yaml",
        "profiles: { mine: { checks: [ { health: /h, expect: { prisma: 7 } } ] } }",
    );
    says(&["--profile", "mien"], &["`checks.yaml` has no profile `mien`", "did you mean `mine`?"]);
    says(&["--expect", "prsima=7"], &["no check expects `prsima`", "did you mean `prisma`?"]);
    says(&["--cleanup"], &["`checks.yaml` does not say how to clean up"]);
    says(&[], &["`checks.yaml` names no target", "or give `--target URL`"]);
}

#[test]
fn the_schema_of_check_files_is_printed() {
    let stage = Stage::new();
    let schema = exactly(stage.run(["schema", "checks"]), 0).out;
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(schema["title"], "Checks");
    assert!(schema["$defs"]["ExecCheck"]["properties"]["not_stdout"].is_object());
    let scenario = exactly(stage.run(["schema"]), 0).out;
    assert_eq!(exactly(stage.run(["schema", "scenario"]), 0).out, scenario);
}
