//! The hash of a scenario says what was measured, and not how it is judged or written.

use std::sync::Arc;

use loadgate::plan::{Inputs, Overrides, compile};
use loadgate::steps::KINDS;

const SCENARIO: &str = r#"
version: 1
include: common.yaml
health: { path: /health, expect: 6.19.0 }
feeders: { cities: { csv: cities.csv } }
sessions:
  member: { steps: [ { post: /login, slo: p(95) < 500ms, capture: { token: $.token } } ] }
journeys:
  shop:
    session: member
    feed: cities
    include: first.yaml
    steps:
      - { get: "/farms/${city}", slo: [ p(95) < 500ms ] }
      - think: 3s
      - parallel: [ { get: /a, slo: p(95) < 9ms } ]
      - group: g
        steps: [ { post: /b, json: { slo: 1, load: 2 }, slo: p(95) < 8ms } ]
load: [ { phase: p, rate: 5/s, for: 1m } ]
graceful_stop: 5s
thresholds: { http_req_failed: [ rate < 1% ] }
gate: { confidence: 95% }
validity: { dropped: 1% }
integrity: [ { name: all, sql: SELECT 1, expect: after == 1 } ]
databases: { default: "sqlite:shop.db" }
"#;

const COMMON: &str = "target: http://shop # here\nthresholds: { http_reqs: [ count > 7 ] }\n";
const FIRST: &str = "steps: [ { get: /, slo: p(95) < 7ms } ]\n";
const CITIES: &str = "city\nAachen\nBonn\n";

/// The hash of the scenario with these texts replaced in it and in its files.
fn hash(changes: &[(&str, &str)]) -> String {
    let edited = |text: &str| {
        changes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    let every = [SCENARIO, COMMON, FIRST, CITIES];
    for (from, _) in changes {
        assert!(every.iter().any(|text| text.contains(from)), "`{from}` is nowhere");
    }
    let read = |path: &str| {
        let text = match path {
            "common.yaml" => COMMON,
            "first.yaml" => FIRST,
            "cities.csv" => CITIES,
            _ => return Err("there is no such file".to_owned()),
        };
        Ok(Arc::from(edited(text).into_bytes()))
    };
    let text = edited(SCENARIO);
    let inputs = Inputs { path: "s.yaml", text: &text, read: &read, environment: &|_| None };
    match compile(&inputs, KINDS, &Overrides::default()) {
        Ok(plan) => plan.sha256,
        Err(all) => panic!("{}", all.iter().map(|one| one.render(false)).collect::<String>()),
    }
}

fn keeps(changes: &[(&str, &str)]) {
    assert_eq!(hash(changes), hash(&[]), "{changes:?}");
}

fn changes(from: &str, to: &str) {
    assert_ne!(hash(&[(from, to)]), hash(&[]), "{from}: {to}");
}

#[test]
fn what_judges_a_run_is_no_part_of_it() {
    keeps(&[("rate < 1%", "rate < 2%")]);
    keeps(&[("thresholds: { http_req_failed: [ rate < 1% ] }", "")]);
    keeps(&[("count > 7", "count > 8")]);
    keeps(&[("confidence: 95%", "confidence: 90%, series: { \"GET /a\": { weight: 0 } }")]);
    keeps(&[("gate: { confidence: 95% }", "")]);
    keeps(&[("dropped: 1%", "dropped: 5%, lag_p99: 1s")]);
    keeps(&[("expect: 6.19.0", "expect: 7.0.1")]);
    keeps(&[(", expect: 6.19.0", "")]);
    keeps(&[("after == 1", "after == 2"), ("SELECT 1", "SELECT 2")]);
    keeps(&[("integrity: [ { name: all, sql: SELECT 1, expect: after == 1 } ]\n", "")]);
}

#[test]
fn limits_of_steps_judge_wherever_the_step_stands() {
    for slo in [
        ", slo: p(95) < 500ms",
        ", slo: [ p(95) < 500ms ]",
        ", slo: p(95) < 9ms",
        ", slo: p(95) < 8ms",
        ", slo: p(95) < 7ms",
    ] {
        keeps(&[(slo, "")]);
    }
    changes("slo: 1", "slo: 2");
    changes("load: 2", "load: 3");
}

#[test]
fn the_load_is_compared_on_its_own() {
    keeps(&[("rate: 5/s, for: 1m", "users: 9, for: 2m, max_users: 7")]);
    keeps(&[("load: [ { phase: p, rate: 5/s, for: 1m } ]", "")]);
    changes("graceful_stop: 5s", "graceful_stop: 6s");
}

#[test]
fn how_it_is_written_does_not_matter() {
    keeps(&[("# here", ""), ("version: 1\n", "# this\n\nversion:   1 # language\n")]);
    keeps(&[("think: 3s", "think: '3s'"), ("get: /,", "get: \"/\" ,")]);
    keeps(&[("{ cities: { csv: cities.csv } }", "\n  cities:\n    csv: \"cities.csv\"")]);
}

#[test]
fn what_is_done_is_the_scenario() {
    changes("think: 3s", "think: 4s");
    changes("/farms/${city}", "/farm/${city}");
    changes("get: /a", "get: /b");
    changes("get: /,", "get: /first,");
    changes("http://shop", "http://other");
    changes("Bonn", "Berlin");
    changes("Bonn\n", "Bonn \n");
    changes("path: /health", "path: /healthz");
    changes("group: g", "group: h");
    changes("think: 3s", "get: /more");
    changes("json: { slo: 1,", "json: { slo: '1',");
}
