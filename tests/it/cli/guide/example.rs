//! The profile for this upgrade: each of its files is read, and does what it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use loadgate::plan::{Inputs, Overrides, compile};
use loadgate::steps::KINDS;
use serde_json::Value;

use super::site::Site;
use crate::cli::stage::{Market, Stage, done};
use crate::cli::tapped::shop::{ask, server};
use crate::postgres::{Postgres, binaries};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/prisma-upgrade");

/// Its files, seen from the folder, without what the link leads to.
fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(FOLDER)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let (path, kind) = entry.map(|entry| (entry.path(), entry.file_type())).unwrap();
            match kind.unwrap() {
                kind if kind.is_dir() => folders.push(path),
                kind if kind.is_file() => {
                    found.push(path.strip_prefix(FOLDER).unwrap().to_owned());
                }
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// A copy of it, as the page says it is made.
fn copied(stage: &Stage) {
    let mut copy = Command::new("cp");
    copy.args(["-rL", &format!("{FOLDER}/.")]).arg(stage.path("."));
    assert!(copy.status().unwrap().success());
}

#[test]
fn every_file_is_one_of_a_known_kind_and_its_page_says_what_it_is_for() {
    let page = fs::read_to_string(Path::new(FOLDER).join("README.md")).unwrap();
    let read = |path: &str| fs::read(path).map(Into::into).map_err(|error| error.to_string());
    let mut scenarios = 0;
    for file in files() {
        let name = file.to_str().unwrap();
        assert!(name == "README.md" || page.contains(&format!("]({name})")), "{name} is not named");
        if name.starts_with("scenarios/") {
            let path = format!("{FOLDER}/{name}");
            let text = fs::read_to_string(&path).unwrap();
            let inputs = Inputs { path: &path, text: &text, read: &read, environment: &|_| None };
            let done = compile(&inputs, KINDS, &Overrides::default());
            let done =
                done.map_err(|all| all.iter().map(|one| one.render(false)).collect::<String>());
            drop(done.unwrap_or_else(|mistakes| panic!("{mistakes}")));
            scenarios += 1;
        } else {
            // Read by the tests below.
            let known = ["README.md", "loadgate.toml", "checks.yaml"].contains(&name);
            assert!(known || name.starts_with("sql/"), "nobody reads {name}");
        }
    }
    assert_eq!(scenarios, 2);
}

#[test]
fn its_critical_path_is_walked_and_leaves_nothing_behind() {
    let stage = Stage::new();
    let market = Market::start(&stage, &["--prisma-version", "7.0.1"]);
    copied(&stage);
    fs::create_dir(stage.path("test-results")).unwrap();
    let suite =
        r#"<testsuites tests="1"><testsuite><testcase name="works"/></testsuite></testsuites>"#;
    stage.file("test-results/e2e.xml", suite);
    let check = |more: &[&str]| {
        let mut command = stage.command(["check"].iter().chain(more));
        done(command.env("LOADGATE_TARGET", &market.url).output().unwrap())
    };
    let critical = check(&["--profile", "critical", "--json", "-"]);
    assert_eq!(critical.code, 0, "{}{}", critical.out, critical.err);
    let found: Value = serde_json::from_str(&critical.out).unwrap();
    assert_eq!((&found["result"], &found["failed"]), (&"PASSED".into(), &0.into()));
    let features = found["features"].as_array().unwrap();
    assert!(features.iter().all(|one| one["state"] == "ticked"), "{features:?}");
    let clean = check(&["--cleanup"]);
    assert_eq!(clean.code, 0, "{}", clean.err);
    assert!(clean.out.contains("0 removed, and a last look found nothing"), "{}", clean.out);
    let told = stage.command(["message", "deployment"]).output().unwrap();
    let told = done(told).out;
    assert!(told.contains("Prisma 7 Upgrade") && told.contains("upgrade/prisma-7"), "{told}");
}

#[test]
fn its_scenario_reads_monitors_logs_and_assertions_of_a_market_on_postgres() {
    let mut site = Site::open();
    copied(&site.stage);
    let port = site.url().rsplit(':').next().unwrap().to_owned();
    let text =
        site.stage.read("scenarios/staging.yaml").replace("port: 3000", &format!("port: {port}"));
    site.stage.file("scenarios/staging.yaml", text);
    let done = site.plays(&["-n", "12", "-u", "4", "--json", "run.json", "--html", "run.html"]);
    let found: Value = serde_json::from_str(&site.stage.read("run.json")).unwrap();
    assert_eq!(found["totals"]["errors"], 0, "{}", found["error_kinds"]);
    let integrity = found["integrity"].as_array().unwrap();
    assert_eq!(integrity.len(), 4, "{}", done.err);
    assert!(integrity.iter().all(|one| one["status"] == "holds"), "{integrity:?}");
    let readings = found["readings"].as_array().unwrap();
    for wanted in ["db.pool_use", "app.rss_bytes", "node.heap_bytes", "db-health.db_connect_ms"] {
        assert!(readings.iter().any(|one| one["name"] == wanted), "{wanted}: {readings:?}");
    }
    let logs = found["logs"].as_array().unwrap();
    for wanted in ["P2024", "prisma-removed", "pg-prepared", "pg-too-many-connections"] {
        assert!(logs.iter().any(|one| one["name"] == wanted), "{wanted}: {logs:?}");
    }
    assert!(found["queries"].as_array().unwrap().iter().any(|one| one["source"] == "tap"));
}

/// What PostgreSQL says of a statement.
fn asked(postgres: &Postgres, sql: &str) -> (bool, String) {
    let output = Command::new(binaries().join("psql"))
        .args(["-X", "-v", "ON_ERROR_STOP=1", "-c", sql, "-d", &postgres.url()])
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_guides_two_statements_fail_and_the_corrected_ones_do_not() {
    let postgres = server();
    let guide = include_str!("../../../data/staging-guide.md");
    let (_, rest) = guide.split_once("-- Average query time").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let (statements, connections) = block.split_once("-- Connection pool usage").unwrap();
    for (guides, ours, why) in [
        (statements, "sql/statements.sql", "column \"total_time\" does not exist"),
        (connections, "sql/connections.sql", "column \"max.max_val\" must appear in the GROUP BY"),
    ] {
        let (works, told) = asked(&postgres, guides);
        assert!(!works && told.contains(why), "{told}");
        let page = fs::read_to_string(Path::new(FOLDER).join("README.md")).unwrap();
        assert!(page.contains(why), "{why}");
        let corrected = fs::read_to_string(Path::new(FOLDER).join(ours)).unwrap();
        drop(ask(&postgres, "postgres", &corrected));
    }
}
