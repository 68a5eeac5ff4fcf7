//! The good day: the embedded market, the customer's journey, and the market's own count.

use std::collections::BTreeSet;

use serde_json::Value;

use super::stage::{Market, Stage, done};

#[test]
fn timing_the_customer_s_journey_without_a_target() {
    let stage = Stage::new();
    let args = ["run", "--scenario", "customer", "-d", "5s", "--json", "r.json"];
    // From a folder that has no scenarios.
    let done = stage.run(args).expect(0);
    assert_eq!(done.err, "");
    let json: Value = serde_json::from_str(&stage.read("r.json")).unwrap();
    assert_eq!(json["valid"], done.code == 0, "{}", json["invalid_reasons"]);
    let standing = if done.code == 0 { "PASSED" } else { "INVALID" };
    assert!(done.out.contains(standing) && done.out.contains("QUERIES"), "{}", done.out);
    assert_eq!(json["totals"]["errors"], 0, "{}", json["error_kinds"]);
    assert_eq!(json["run"]["target_version"], "6.19.0");
    let steps: BTreeSet<&str> = json["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| row["step"].as_str())
        .collect();
    for step in [
        "Visit staging URL",
        "View farm list",
        "Filter by location and certified",
        "Click on a farm",
        "View farm's products",
        "Search for specific product",
        "View product details",
        "Add products to cart",
        "Update quantities",
        "Proceed to checkout",
        "Complete payment (test mode)",
        "Verify order confirmation",
        "Navigate to orders page",
        "View order details",
        "Verify order data is correct",
    ] {
        assert!(steps.contains(step), "`{step}` is not in {steps:?}");
    }
    let queries = json["queries"].as_array().unwrap();
    let timed = queries.iter().filter(|query| {
        let duration = &query["duration"];
        duration["p95_ns"].as_u64() > Some(0) && duration["p99_ns"].as_u64() > Some(0)
    });
    assert!(timed.count() >= 5, "{queries:?}");
}

#[test]
fn the_market_has_counted_what_was_sent_to_the_request() {
    let stage = Stage::new();
    let market = Market::start(&stage, &[]);
    let args = ["run", "--scenario", "all", "-r", "50/s", "-d", "10s", "--json", "-"];
    let output = stage.command(args).args(["--target", &market.url]).output().unwrap();
    let done = done(output);
    // How fast this machine is does not matter here, only that nothing was lost or made up.
    assert!([0, 6, 99].contains(&done.code), "{}: {}", done.code, done.err);
    assert_eq!(done.err, "");
    let json: Value = serde_json::from_str(&done.out).unwrap();
    let stats = market.stats();
    let sent = json["generator"]["requests_sent"].as_u64().unwrap();
    assert_eq!(stats["requests"], sent);
    // One request before the load asks for the version.
    assert_eq!(json["totals"]["requests"].as_u64(), Some(sent - 1));
    let count = |row: &Value| row["count"].as_u64().unwrap();
    let rows = json["endpoints"].as_array().unwrap();
    assert_eq!(rows.iter().map(count).sum::<u64>(), sent - 1);
    let points = json["timeline"].as_array().unwrap();
    let requests = |point: &Value| point["requests"].as_u64().unwrap();
    assert_eq!(points.iter().map(requests).sum::<u64>(), sent - 1);
    // The same for each route: names are method and template in both.
    for (route, counted) in stats["by_route"].as_object().unwrap() {
        let (method, path) = route.split_once(' ').unwrap();
        let ours: u64 =
            rows.iter().filter(|row| matches(&row["name"], method, path)).map(count).sum();
        let health = u64::from(route == "GET /api/health");
        assert_eq!(Some(ours + health), counted.as_u64(), "{route}");
    }
    let journeys = json["journeys"].as_array().unwrap();
    let finished: u64 = journeys.iter().map(count).sum();
    assert_eq!(json["totals"]["iterations"], finished);
    assert!(finished > 0);
}

/// Whether a series and a route are the same, whatever the variables in them are called.
fn matches(name: &Value, method: &str, path: &str) -> bool {
    let plain = |path: &str| -> Vec<String> {
        let part = |part: &str| if part.starts_with('{') { "{}" } else { part }.to_owned();
        path.split('/').map(part).collect()
    };
    let name = name.as_str().unwrap().split_once(' ').unwrap();
    name.0 == method && plain(name.1) == plain(path)
}

#[test]
fn a_warm_up_is_sent_and_not_measured() {
    let stage = Stage::new();
    let market = Market::start(&stage, &[]);
    stage.file(
        "a.yaml",
        "journeys: { a: { steps: [ { get: /api/farms } ] } }\n\
         load:\n\
         \x20 - { phase: warm-up, rate: 20/s, for: 1s, measure: false }\n\
         \x20 - { phase: steady, rate: 40/s, for: 1s }\n",
    );
    let json = stage.json(["run", "--scenario", "a.yaml", "--target", &market.url, "--json", "-"]);
    assert_eq!(json["totals"]["requests"], 40);
    assert_eq!(json["generator"]["requests_sent"], 60);
    assert_eq!(market.stats()["requests"], 60);
    assert_eq!(json["load"][0]["requests"], 20);
    assert_eq!(json["load"][0]["measured"], false);
}
