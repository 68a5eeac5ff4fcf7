//! What machines read: the JSON document, the HdrHistogram log, the JSON Schema.

use std::path::Path;
use std::process::Command;

use loadgate::names::{Metric, Series, SeriesKind};
use loadgate::report::hlog;
use serde_json::{Value, json};

use super::server::{Answer, Server};
use super::stage::{Market, Stage, done};

/// The shape of a document: every key that scripts rely on, and what it holds. A shape is a word,
/// `word?` when it may be null, an object, or a list with the shape of its elements.
fn contract() -> Value {
    let latency = json!({
        "n": "count", "mean_ns": "count?", "p50_ns": "count?", "p90_ns": "count?",
        "p95_ns": "count?", "p99_ns": "count?", "p999_ns": "count?", "max_ns": "count?",
        "beyond": "count"
    });
    let part = json!({ "new": latency, "reused": latency });
    json!({
        "schema_version": "count",
        "run": {
            "id": "text", "scenario": "text", "seed": "count", "started": "text",
            "duration_s": "number", "measured_s": "number", "state": "text", "target": "text",
            "target_version": "text?"
        },
        "valid": "truth", "invalid_reasons": ["text"], "verdict": "text?",
        "totals": {
            "requests": "count", "errors": "count", "dropped": "count", "error_share": "number?",
            "rate_per_s": "number?", "queries": "count", "iterations": "count",
            "checks_passed": "count", "checks_failed": "count", "sent_bytes": "count",
            "received_bytes": "count", "response": latency
        },
        "endpoints": [{
            "kind": "text", "name": "text", "journey": "text", "step": "text", "count": "count",
            "errors": "count", "checks_passed": "count", "checks_failed": "count",
            "rate_per_s": "number?", "response": latency, "service": latency,
            "failed": latency
        }],
        "queries": [{
            "source": "text", "name": "text", "journey": "text?", "step": "text?",
            "count": "count", "errors": "count", "checks_passed": "count",
            "checks_failed": "count", "duration": latency, "endpoints": ["text"]
        }],
        "journeys": [{ "name": "text", "count": "count", "iteration": latency }],
        "phases": {
            "looking_up": part, "connecting": part, "tls_handshaking": part, "sending": part,
            "waiting": part, "receiving": part
        },
        "generator": {
            "cpu_s": "number?", "cpu_share": "number?", "lag": latency, "dropped": "count",
            "requests_sent": "count?", "peak_rss_bytes": "count?",
            "workers": [{
                "cpu_s": "number", "peak_share": "number", "busy_s": "number",
                "queued_s": "number?", "queued_peak_share": "number?"
            }],
            "precision": "text?", "precision_chosen_for": "text?"
        },
        "error_kinds": [{
            "kind": "text", "count": "count", "name": "text", "journey": "text", "step": "text",
            "first_status": "count?", "first_message": "text?", "first_at_ns": "count?"
        }],
        "thresholds": [{
            "subject": "text", "condition": "text", "passed": "truth?", "fails": "truth",
            "measured": "text"
        }],
        "load": [{
            "name": "text", "load": "text", "start_ns": "count", "length_ns": "count",
            "measured": "truth", "requests": "count", "errors": "count", "rate_per_s": "number?",
            "response": latency
        }],
        "timeline": [{
            "start_ns": "count", "length_ns": "count", "measured": "truth", "requests": "count",
            "errors": "count", "active_users": "count", "p50_ns": "count?", "p95_ns": "count?",
            "p99_ns": "count?"
        }],
        "notes": ["text"]
    })
}

/// Fails where `value` has not the shape.
fn holds(value: &Value, shape: &Value, at: &str) {
    match shape {
        Value::String(word) => {
            let kind = word.trim_end_matches('?');
            let right = match kind {
                "count" => value.is_u64(),
                "number" => value.is_number(),
                "text" => value.is_string(),
                "truth" => value.is_boolean(),
                _ => panic!("`{kind}` is no shape"),
            };
            assert!(right || (word != kind && value.is_null()), "{at} is {value}, not {word}");
        }
        Value::Object(keys) => {
            for (key, shape) in keys {
                let below = value.get(key).unwrap_or_else(|| panic!("{at}.{key} is missing"));
                holds(below, shape, &format!("{at}.{key}"));
            }
        }
        Value::Array(element) => {
            let elements = value.as_array().unwrap_or_else(|| panic!("{at} is no list"));
            for (index, value) in elements.iter().enumerate() {
                holds(value, &element[0], &format!("{at}[{index}]"));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => panic!("{shape} is no shape"),
    }
}

/// A run with queries, errors, thresholds and two phases.
fn rich(stage: &Stage, market: &Market) -> Value {
    stage.file(
        "a.yaml",
        "journeys:\n\
         \x20 a: { steps: [ { get: /api/farms }, { name: lost, get: /api/nowhere } ] }\n\
         load:\n\
         \x20 - { phase: warm-up, rate: 20/s, for: 1s, measure: false }\n\
         \x20 - { phase: steady, rate: 40/s, for: 2s }\n\
         thresholds: { http_req_duration: [ p(95) < 5s ], http_req_failed: [ rate < 1% ] }\n",
    );
    let args = ["run", "--scenario", "a.yaml", "--json", "-", "--target", &market.url];
    let done = stage.run(args).expect(99);
    assert_eq!(done.err, "", "progress is for people");
    serde_json::from_str(&done.out).expect("stdout holds the document and nothing else")
}

#[test]
fn the_json_document_has_every_key_that_scripts_rely_on() {
    let stage = Stage::new();
    let market = Market::start(&stage, &[]);
    let json = rich(&stage, &market);
    holds(&json, &contract(), "document");
    assert_eq!(json["schema_version"], 1);
    for list in ["endpoints", "queries", "journeys", "error_kinds", "thresholds", "timeline"] {
        assert!(!json[list].as_array().unwrap().is_empty(), "{list} is empty");
    }
    assert_eq!(json["verdict"], Value::Null);
    assert_eq!(json["totals"]["errors"], 80);
    // An unfinished or empty run has the same keys.
    let server = Server::start(Answer::Json("{}"));
    let done = stage.run(["run", "--url", &server.url, "-r", "1/m", "-d", "1s", "--json", "-"]);
    holds(&serde_json::from_str(&done.out).unwrap(), &contract(), "document");
}

#[test]
fn a_report_of_a_stored_run_is_the_one_that_the_run_wrote() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let head = ["run", "--url", &server.url, "-r", "50/s", "-d", "1s"];
    let done = stage
        .run(head.iter().chain(&["--json", "a.json", "--html", "a.html", "--md", "a.md"]))
        .expect(0);
    let files = ["--json", "b.json", "--html", "b.html", "--md", "b.md", "--csv", "b.csv"];
    let nothing = stage.run(["report", "latest"].iter().chain(&files)).expect(0);
    assert_eq!(nothing.out, "");
    for kind in ["json", "html", "md"] {
        assert_eq!(stage.read(&format!("a.{kind}")), stage.read(&format!("b.{kind}")), "{kind}");
    }
    assert!(stage.read("a.html").starts_with("<!doctype html>"));
    assert!(!stage.read("a.html").contains("http-equiv=\"refresh\""));
    assert_eq!(stage.read("b.csv").lines().count(), 2, "a head and the only endpoint");
    assert_eq!(stage.run(["report"]).expect(0).out, done.out);
    for (flag, format) in [("--json", "json"), ("--md", "markdown"), ("--csv", "csv")] {
        let by_flag = stage.run(["report", flag, "-"]).expect(0).out;
        assert_eq!(by_flag, stage.run(["report", "--format", format]).expect(0).out);
    }
}

fn python() -> Command {
    #[expect(clippy::disallowed_methods, reason = "says where the tests' Python is")]
    let python = std::env::var("LOADGATE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    Command::new(python)
}

#[test]
fn another_reader_of_the_log_finds_the_figures_of_the_json() {
    let stage = Stage::new();
    let market = Market::start(&stage, &[]);
    let json = rich(&stage, &market);
    stage.run(["report", "--hlog", "run.hlog"]).expect(0);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hlog_check.py");
    let output = python().arg(script).arg(stage.path("run.hlog")).output().unwrap();
    let read = done(output).expect(0);
    let found: Value = serde_json::from_str(&read.out).unwrap();
    let mut compared = 0;
    for row in json["endpoints"].as_array().unwrap() {
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        let series = Series {
            kind: SeriesKind::Endpoint,
            name: text("name"),
            journey: text("journey"),
            step: text("step"),
            endpoint: String::new(),
            tapped: None,
        };
        let parts = [(Metric::Response, "response"), (Metric::Duration, "service")];
        for (metric, part) in parts.into_iter().chain([(Metric::Failed, "failed")]) {
            let (ours, theirs) = (&row[part], &found["tags"][hlog::tag(&series, metric)]);
            if ours["n"] == 0 {
                continue;
            }
            assert_eq!(ours["n"], theirs["n"]);
            for (key, quantile) in [("p50_ns", "0.5"), ("p95_ns", "0.95"), ("p99_ns", "0.99")] {
                assert_eq!(ours[key], theirs["quantiles"][quantile], "{series:?} {part} {key}");
            }
            assert_eq!(ours["max_ns"], theirs["quantiles"]["1.0"], "{series:?} {part}");
            compared += 1;
        }
    }
    assert_eq!(compared, 3, "one endpoint succeeds and has a service time, one fails");
}

/// Reads YAML with loadgate's own reader: JSON is what the schema is held against.
fn as_json(text: &str) -> Value {
    let (mut tree, mut out) =
        (loadgate::scenario::Tree::new(), loadgate::scenario::Diagnostics::new());
    let root = tree.add("a.yaml", text, &mut out).expect("it is YAML");
    tree.read::<Value>(root, &mut out).expect("it has values")
}

const VALIDATE: &str = "
import json, sys
from jsonschema import Draft202012Validator
schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
print(json.dumps([[e.message[:200] for e in validator.iter_errors(json.load(open(f)))] for f in sys.argv[2:]]))
";

#[test]
fn the_schema_takes_the_built_in_scenarios_and_refuses_a_misspelt_key() {
    let stage = Stage::new();
    stage.file("schema.json", stage.run(["schema"]).expect(0).out);
    let mut command = python();
    command.args(["-c", VALIDATE]).arg(stage.path("schema.json"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files = Vec::new();
    for name in ["customer", "farmer", "admin", "all", "common"] {
        files.push(std::fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap());
    }
    let good = files.len();
    for (old, new) in [("journeys:", "journies:"), ("capture:", "captur:"), ("rate:", "rat:")] {
        assert!(files[0].contains(old));
        files.push(files[0].replacen(old, new, 1));
    }
    for (index, text) in files.iter().enumerate() {
        command.arg(stage.file(&format!("{index}.json"), as_json(text).to_string()));
    }
    let read = done(command.output().unwrap()).expect(0);
    let errors: Vec<Vec<String>> = serde_json::from_str(&read.out).unwrap();
    for (index, errors) in errors.iter().enumerate() {
        assert_eq!(errors.is_empty(), index < good, "file {index}: {errors:?}");
    }
}
