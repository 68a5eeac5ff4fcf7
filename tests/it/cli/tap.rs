//! `loadgate tap` from outside.

use std::process::Command;

use serde_json::Value;

use super::stage::{Running, Stage};
use crate::postgres::{PASSWORD, Postgres, binaries};

/// Runs a statement through the tap of which this is the first message.
fn ask(ready: &str, sql: &str) {
    let port = ready.split([':', ',']).nth(1).unwrap().trim();
    let output = Command::new(binaries().join("psql"))
        .args(["-X", "-h", "127.0.0.1", "-p", port, "-U", "loadgate", "-d", "postgres", "-c", sql])
        .env("PGPASSWORD", PASSWORD)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_table_comes_when_it_is_told_to_stop() {
    let (stage, postgres) = (Stage::new(), Postgres::start());
    let args = ["tap", "--listen", "127.0.0.1:0", "--upstream", &postgres.url()];
    let mut running = Running::start(stage.command(args));
    let ready = running.error_line();
    assert!(ready.starts_with("listening on 127.0.0.1:"), "{ready}");
    ask(&ready, "SELECT 1");
    ask(&ready, "SELECT name FROM pg_settings WHERE name = 'hunter2-value'");
    running.signal("INT");
    let done = running.end().expect(0);
    assert!(done.out.contains("QUERY") && done.out.contains("P99"), "{}", done.out);
    assert!(done.out.contains("SELECT pg_settings by name"), "{}", done.out);
    assert!(done.out.contains("2 statements on 2 connections"), "{}", done.out);
    assert!(done.out.contains("added by the tap: p50"), "{}", done.out);
    let all = format!("{}{}", done.out, done.err);
    assert!(!all.contains("hunter2-value") && !all.contains(PASSWORD), "{all}");
}

#[test]
fn the_json_has_every_figure() {
    let (stage, postgres) = (Stage::new(), Postgres::start());
    let url = postgres.url();
    let args = ["tap", "--listen", "127.0.0.1:0", "--upstream", &url, "--json", "-"];
    let mut running = Running::start(stage.command(args));
    let ready = running.error_line();
    ask(&ready, "SELECT i FROM generate_series(1, 7) AS i");
    running.signal("TERM");
    let done = running.end().expect(0);
    assert!(!done.out.contains(PASSWORD));
    let json: Value = serde_json::from_str(&done.out).unwrap();
    let query = &json["queries"][0];
    assert_eq!(
        (&query["count"], &query["errors"], &query["rows"]),
        (&1.into(), &0.into(), &7.into())
    );
    assert!(query["duration"]["p99_ns"].as_u64() > Some(0), "{query}");
    assert!(query["first_row"]["p50_ns"].as_u64() > Some(0), "{query}");
    assert!(json["own"]["requests"]["count"].as_u64() > Some(0), "{json}");
    assert_eq!(json["lost"]["unknown_statement"], 0);
    assert_eq!(json["connections"]["opened"], 1);
}

#[test]
fn what_is_no_address_is_a_mistake_of_usage() {
    let stage = Stage::new();
    let run = |args: &[&str]| stage.run([&["tap"], args].concat());
    let done = run(&["--upstream", "mysql://me:hunter2@db"]).expect(2);
    let done = done.says(&["error: the upstream is no address of a PostgreSQL server", "hint: "]);
    assert!(!done.err.contains("hunter2"), "{}", done.err);
    let right = "postgres://127.0.0.1:1";
    run(&["--upstream", right, "--listen", "nowhere"]).expect(2).says(&["`nowhere`", "hint: "]);
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = held.local_addr().unwrap().to_string();
    run(&["--upstream", right, "--listen", &place])
        .expect(1)
        .says(&["can't listen on", "--listen"]);
    let verify = "postgres://127.0.0.1:1?sslmode=verify-full";
    run(&["--upstream", verify]).expect(1).says(&["whom to trust", "sslrootcert"]);
    let alone = ["--upstream", right, "--tls-cert", "a.pem", "--tls-key", "a.pem"];
    run(&alone).expect(2).says(&["--tls terminate"]);
}
