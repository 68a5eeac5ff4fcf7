//! The search for the capacity, from outside.

use serde_json::Value;

use super::stage::{Market, Stage};

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
    // A search compared with itself has not changed.
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
