//! The search for the capacity, from outside.

use std::time::Duration;

use serde_json::{Value, json};

use super::server::{Answer, Server};
use super::stage::{Market, Running, Stage, until, within};

const SCENARIO: &str = "\
version: 1
target: http://127.0.0.1:1
http: { cookies: false }
journeys: { one: { steps: [ { get: /api/farms, query: { limit: 1 } } ] } }
";

#[test]
fn timing_the_capacity_lies_where_the_target_gets_slow() {
    let stage = Stage::new();
    // Ten connections to the database, each taken for 50 ms: 200 a second and no more.
    let market = Market::start(
        &stage,
        &[
            "--pool",
            "10",
            "--fault",
            "slow:query=farm.findMany,add=45ms",
            "--fault",
            "slow:query=farm.count,add=5ms",
        ],
    );
    let path = stage.file("one.yaml", SCENARIO);
    let path = path.to_str().unwrap();
    let args = ["capacity", "--scenario", path, "--target", &market.url, "--p95", "400ms"];
    let short = ["--trials", "10", "--trial", "1s", "--lead", "500ms", "--from", "60/s"];
    let done = stage.run(args.iter().chain(&short).chain(&["--json", "found.json"]));
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let found: Value = serde_json::from_str(&stage.read("found.json")).unwrap();
    let capacity = found["capacity"]["value"].as_f64().unwrap();
    assert!((80.0..600.0).contains(&capacity), "{}", done.out);
    let trials = found["trials"].as_array().unwrap();
    assert!(trials.len() >= 10 && trials.iter().any(|trial| trial["passed"] == false));
    assert!(done.out.contains("capacity"), "{}", done.out);
    assert!(trials.iter().all(|trial| trial["run"].as_str().is_some()));
}

#[test]
fn a_load_of_its_own_contradicts_the_search() {
    let stage = Stage::new();
    let path = stage.file("one.yaml", SCENARIO);
    let path = path.to_str().unwrap();
    let done = stage.run(["capacity", "--scenario", path, "--p95", "1s", "-r", "5/s"]);
    assert_eq!(done.code, 2);
    done.says(&["`--rate` can't be used", "--from"]);
    stage.file("old.json", "{}");
    let done = stage.run(["capacity", "--scenario", path, "--p95", "1s", "--against", "old.json"]);
    assert_eq!(done.code, 2);
    done.says(&["it is not the result of a search"]);
    assert!(!stage.has_store());
}

/// Every run is a measurement, however busy the machine of the test is.
const CALM: &str = "validity: { lag_p99: 1m, worker_cpu: 200% }";

/// A scenario of one request, in which `more` stands at the top.
fn scenario(stage: &Stage, more: &str) -> String {
    let path = stage.file("shop.yaml", format!("{more}\n{SCENARIO}"));
    path.to_str().unwrap().to_owned()
}

/// A search with short trials whose objective no server keeps.
fn hopeless<'a>(path: &'a str, server: &'a Server, more: &[&'a str]) -> Vec<&'a str> {
    let args = ["capacity", "--scenario", path, "--target", &server.url, "--p95", "1us"];
    let short = ["--trials", "4", "--trial", "200ms", "--from", "50/s", "--json", "found.json"];
    args.iter().chain(&short).chain(more).copied().collect()
}

fn found(stage: &Stage) -> Value {
    serde_json::from_str(&stage.read("found.json")).unwrap()
}

#[test]
fn only_a_search_of_the_same_thing_is_compared() {
    let (stage, server) = (Stage::new(), Server::start(Answer::Json("{}")));
    let path = scenario(&stage, CALM);
    let args = hopeless(&path, &server, &["--lead", "0s"]);
    assert_eq!(stage.run(&args).code, 0);
    let first = found(&stage);
    assert_eq!(first["ended"], "complete");
    assert_eq!(first["search"]["scenario"], "shop");
    let against = |change: &dyn Fn(&mut Value)| {
        let mut old = first.clone();
        change(&mut old);
        stage.file("old.json", old.to_string());
        stage.run(args.iter().chain(&["--against", "old.json"]))
    };
    let same = against(&|_| {});
    assert_eq!(same.code, 0, "{}", same.err);
    assert!(same.out.contains("change     unknown: the earlier search ended"), "{}", same.out);
    assert_eq!(found(&stage)["change"], Value::Null);
    let own = against(&|old| old["capacity"]["kind"] = json!("found"));
    assert!(own.out.contains("change     unknown: this search ended"), "{}", own.out);
    assert_eq!(found(&stage)["change_unknown"], "this search ended without a capacity");
    let sent = server.requests();
    let changes: [(&str, Value, &str); 8] = [
        ("scenario_sha256", json!("0123456789abcdef"), "scenario: the earlier search has `shop"),
        ("seed", json!(99), "seed: the earlier search has `99`, this one `"),
        ("machine", json!({ "cpu": "Z80" }), "machine"),
        ("engine", json!("carrier pigeon"), "engine: the earlier search has `carrier pigeon`"),
        ("flags", json!(["--insecure"]), "flags: the earlier search has `--insecure`, this one"),
        ("max_users", json!(7), "load: the earlier search has `50/s for 200 ms, at most 7 users`"),
        (
            "errors",
            json!(0.5),
            "objective: the earlier search has `p95 ≤ 1.00 µs, errors ≤ 50.0 %`",
        ),
        ("lead_ns", json!(9), "trial: the earlier search has `200 ms after a lead-in of 9 ns`"),
    ];
    for (key, value, want) in changes {
        let done = against(&|old| {
            if key == "machine" {
                old["search"]["machine"]["cpu"] = value["cpu"].clone();
            } else {
                old["search"][key] = value.clone();
            }
        });
        assert_eq!(done.code, 2, "{key}: {}", done.err);
        done.says(&["is of a search that can't be compared", want]);
    }
    let many = against(&|old| {
        old["search"]["seed"] = json!(99);
        old["search"]["trial_ns"] = json!(1);
    });
    many.says(&["seed: ", "trial: the earlier search has `1 ns after"]);
    let odd: [(&str, Value); 4] = [
        ("bracket", json!([2.0, 1.0])),
        ("trials", json!([])),
        ("trials", json!(vec![first["trials"][0].clone(); 2_000])),
        ("search", Value::Null),
    ];
    for (key, value) in odd {
        let done = against(&|old| {
            old["capacity"]["kind"] = json!("found");
            old[key] = value.clone();
        });
        assert_eq!(done.code, 2, "{key}: {}", done.err);
    }
    assert_eq!(server.requests(), sent, "nothing was sent");
}

#[test]
fn an_objective_about_requests_wants_requests() {
    let stage = Stage::new();
    let text = SCENARIO.replace("get: /api/farms, query: { limit: 1 }", "think: 1s");
    let path = stage.file("think.yaml", text);
    let done = stage.run(["capacity", "--scenario", path.to_str().unwrap(), "--p95", "1s"]);
    assert_eq!(done.code, 2, "{}", done.err);
    done.says(&["makes no HTTP request, and the objective is about requests"]);
    assert!(!stage.has_store());
}

#[test]
fn after_an_overload_the_lead_in_is_twice_as_long() {
    let (stage, server) = (Stage::new(), Server::start(Answer::Json("{}")));
    let path = scenario(&stage, CALM);
    let args = hopeless(&path, &server, &["--lead", "100ms"]);
    assert_eq!(stage.run(args).code, 0);
    let found = found(&stage);
    let lead = |at: usize| {
        let run = found["trials"][at]["run"].as_str().unwrap();
        stage.json(["report", run, "--format", "json"])["load"][0]["length_ns"].clone()
    };
    assert_eq!([lead(0), lead(1)], [json!(100_000_000), json!(200_000_000)]);
}

#[test]
fn a_trial_that_is_no_measurement_twice_ends_the_search_and_says_what_to_do() {
    let (stage, server) = (Stage::new(), Server::start(Answer::Json("{}")));
    let path = scenario(&stage, "validity: { lag_p99: 1ns }");
    let done = stage.run(hopeless(&path, &server, &["--lead", "0s"]));
    assert_eq!(done.code, 6, "{}", done.err);
    assert!(done.out.contains("search     distorted"), "{}", done.out);
    done.says(&["the trial at 50.0/s was no measurement, twice: p99 schedule lag", "--workers"]);
    let found = found(&stage);
    assert_eq!((&found["ended"], &found["trials"]), (&json!("distorted"), &json!([])));
    assert_eq!(found["capacity"], Value::Null);
    assert_eq!(stage.json(["runs", "list", "--json"])["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn ctrl_c_keeps_the_trials_that_were_made() {
    let (stage, server) = (Stage::new(), Server::start(Answer::Json("{}")));
    let path = scenario(&stage, CALM);
    let mut args = hopeless(&path, &server, &["--lead", "0s"]);
    for word in &mut args {
        if *word == "4" {
            *word = "400";
        }
    }
    let mut run = Running::start(stage.command(args));
    while !run.error_line().contains("trial 2: ") {}
    let sent = server.requests();
    until("a request of the third trial", || (server.requests() > sent).then_some(()));
    run.signal("INT");
    let done = within(Duration::from_secs(20), move || run.end());
    assert_eq!(done.code, 130, "{}", done.err);
    assert!(done.out.contains("search     interrupted"), "{}", done.out);
    assert!(done.out.contains("objective  p95"), "{}", done.out);
    let found = found(&stage);
    assert_eq!(found["ended"], "interrupted");
    assert!(found["trials"].as_array().unwrap().len() >= 2);
}

#[test]
fn a_target_that_goes_away_does_not_take_the_trials_with_it() {
    let stage = Stage::new();
    let mut market = Market::start(&stage, &[]);
    let path = scenario(&stage, CALM);
    let args = ["capacity", "--scenario", &path, "--target", &market.url, "--p95", "1us"];
    let short = ["--trials", "400", "--trial", "200ms", "--lead", "0s", "--json", "found.json"];
    let mut run = Running::start(stage.command(args.iter().chain(&short)));
    while !run.error_line().contains("trial 2: ") {}
    market.kill();
    let done = within(Duration::from_secs(50), move || run.end());
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    assert!(done.out.contains("search     failed"), "{}", done.out);
    assert_eq!(found(&stage)["ended"], "failed");
}
