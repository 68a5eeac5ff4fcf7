//! What loadgate says it sent is what a server counts, and the same seed sends the same.

use std::collections::BTreeMap;

use serde_json::Value;

use super::server::{Answer, Server};
use super::stage::{Stage, done};

/// A run of `--url` with this load, and what the server has counted.
fn counted(load: &[&str]) -> (Value, u64) {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let url = format!("{}/x?y=1", server.url);
    let args = ["run", "--url", &url, "--json", "-"];
    let json = stage.json(args.iter().chain(load));
    (json, server.requests())
}

#[track_caller]
fn agrees(json: &Value, server: u64) {
    let figures = |kind: &str| {
        let rows = json[kind].as_array().unwrap();
        rows.iter().map(|row| row["count"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(json["totals"]["requests"], server);
    assert_eq!(json["generator"]["requests_sent"], server);
    assert_eq!(figures("endpoints"), server);
    assert_eq!(figures("journeys"), server);
    assert_eq!(json["totals"]["iterations"], server);
    assert_eq!(json["totals"]["errors"], 0);
    assert_eq!(json["totals"]["response"]["n"], server);
    let interval = |point: &Value| point["requests"].as_u64().unwrap();
    let intervals: u64 = json["timeline"].as_array().unwrap().iter().map(interval).sum();
    assert_eq!(intervals, server);
    assert_eq!(json["endpoints"][0]["name"], "GET /x");
}

#[test]
fn a_rate_makes_as_many_requests_as_it_says() {
    let (json, server) = counted(&["-r", "50/s", "-d", "2s"]);
    assert_eq!(server, 100);
    agrees(&json, server);
    let (json, server) = counted(&["-r", "300/m", "-d", "2s", "--workers", "2"]);
    assert_eq!(server, 10);
    agrees(&json, server);
}

#[test]
fn iterations_are_counted_exactly_in_both_models() {
    for load in [&["-u", "7", "-n", "100"][..], &["-r", "1000/s", "-n", "100"], &["-n", "10"]] {
        let (json, server) = counted(load);
        assert_eq!(server, if load.len() == 2 { 10 } else { 100 }, "{load:?}");
        agrees(&json, server);
    }
}

#[test]
fn users_send_as_fast_as_they_are_answered_and_every_request_is_counted() {
    let (json, server) = counted(&["-u", "3", "-d", "1s"]);
    assert!(server > 10, "{server}");
    agrees(&json, server);
}

const MIX: &str = "
journeys:
  one: { weight: 3, steps: [ { get: \"/one/${random}\" } ] }
  two: { weight: 1, steps: [ { get: /two, repeat: 1..3 }, { get: \"/three/${uuid}\" } ] }
  fed: { weight: 2, feed: rows, steps: [ { get: \"/fed/${city}\" } ] }
feeders: { rows: { csv: rows.csv, pick: random } }
load: [ { phase: a, rate: 100/s, arrivals: poisson, for: 1s } ]
";

/// What a server got of a run with this seed, and what the record says of each step.
fn played(seed: &str) -> (BTreeMap<String, u64>, Vec<Value>) {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    stage.file("rows.csv", "city\nAshford\nDunmore\nJuniper\nLakeside\n");
    stage.file("a.yaml", MIX);
    let target = ["--target", &server.url, "--seed", seed];
    let json =
        stage.json(["run", "--scenario", "a.yaml", "--json", "-"].iter().chain(target.iter()));
    assert_eq!(json["run"]["seed"].to_string(), seed);
    let row = |row: &Value| Value::from(vec![row["step"].clone(), row["count"].clone()]);
    (server.take_lines(), json["endpoints"].as_array().unwrap().iter().map(row).collect())
}

#[test]
fn the_same_seed_plays_the_same_and_another_plays_another() {
    let (first, again, other) = (played("7"), played("7"), played("8"));
    assert_eq!(first, again);
    assert_ne!(first.0, other.0);
}

#[test]
fn flags_go_before_the_environment() {
    let stage = Stage::new();
    let (flag, variable) =
        (Server::start(Answer::Json("{}")), Server::start(Answer::Json(r#"{"prisma":"7"}"#)));
    stage.file("a.yaml", MIX);
    stage.file("rows.csv", "city\nAshford\n");
    let run = |args: &[&str]| {
        let mut command = stage.command(["run", "--json", "-"].iter().chain(args));
        command.env("LOADGATE_TARGET", &variable.url).env("LOADGATE_SCENARIO", "a.yaml");
        command.env("LOADGATE_SEED", "5").env("LOADGATE_WORKERS", "2");
        let done = done(command.output().unwrap()).expect(0);
        serde_json::from_str::<Value>(&done.out).unwrap()
    };
    let json = run(&[]);
    assert_eq!((json["run"]["seed"].as_u64(), flag.requests()), (Some(5), 0));
    assert_eq!(json["generator"]["workers"].as_array().unwrap().len(), 2, "{}", json["generator"]);
    let of_variable = variable.requests();
    assert!(of_variable > 0);
    let json = run(&["--target", &flag.url, "--seed", "6", "--workers", "1"]);
    assert_eq!(json["run"]["seed"], 6);
    assert_eq!(json["generator"]["workers"].as_array().unwrap().len(), 1);
    assert_eq!(variable.requests(), of_variable);
    assert_eq!(flag.requests(), json["totals"]["requests"]);
    // A single request is no scenario, and does not go to the scenario's target.
    let json = run(&["--url", &flag.url, "-n", "2"]);
    assert_eq!(json["totals"]["requests"], 2);
    assert_eq!(variable.requests(), of_variable);
}
