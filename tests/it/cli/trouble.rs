//! What goes wrong in the middle: the target dies, the store can't be written.

use std::time::Duration;

use serde_json::Value;

use super::server::{Answer, Server};
use super::stage::{Market, Running, Stage, done, until, within};

#[test]
fn a_target_that_dies_is_counted_by_kind_and_the_run_ends_in_time() {
    let stage = Stage::new();
    let mut market = Market::start(&stage, &[]);
    stage.file(
        "a.yaml",
        format!(
            "target: {}\n\
             journeys: {{ a: {{ steps: [ {{ get: /api/health, check: [ status == 200 ] }} ] }} }}\n\
             load: [ {{ phase: steady, rate: 100/s, for: 3s }} ]\n\
             thresholds: {{ http_req_failed: [ rate < 1% ] }}\n",
            market.url
        ),
    );
    let run = Running::start(stage.command(["run", "--scenario", "a.yaml", "--json", "-"]));
    until("a hundredth request", || {
        (market.stats()["requests"].as_u64() >= Some(100)).then_some(())
    });
    market.kill();
    let done = within(Duration::from_secs(20), move || run.end()).expect(99);
    let json: Value = serde_json::from_str(&done.out).unwrap();
    let totals = &json["totals"];
    assert_eq!(totals["requests"], 300);
    let errors = totals["errors"].as_u64().unwrap();
    assert!((1..=200).contains(&errors), "{errors} errors");
    let kinds = json["error_kinds"].as_array().unwrap();
    let sum: u64 = kinds.iter().map(|kind| kind["count"].as_u64().unwrap()).sum();
    assert_eq!(sum, errors);
    let connect = kinds.iter().find(|kind| kind["kind"] == "connect").expect("refused ones");
    assert!(connect["first_message"].as_str().unwrap().contains("refused"), "{connect}");
    assert!(json["run"]["duration_s"].as_f64().unwrap() < 5.0, "{json}");
    assert_eq!(json["run"]["state"], "complete");
    assert_eq!(json["thresholds"][0]["passed"], false);
}

#[test]
fn a_store_that_can_not_be_made_is_told_before_anything_is_sent() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    stage.file("file", "");
    for place in ["file/store.db", "/proc/loadgate/store.db", "/dev/full"] {
        let done = stage.run(["run", "--url", &server.url, "-n", "1", "--store", place]).expect(1);
        done.says(&["error: ", place.split("/store").next().unwrap(), "hint: ", "--store"]);
    }
    let done = stage.run(["run", "--url", &server.url, "--store", "."]).expect(1);
    done.says(&["error: ", "hint: "]);
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_file_that_is_no_store_is_left_alone() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let text = "these are my notes\n".repeat(100);
    stage.file("store.db", &text);
    for args in [&["run", "--url", &server.url, "-n", "1"][..], &["runs", "list"]] {
        stage.run(args).expect(1).says(&["is not a loadgate store", "hint: move the file away"]);
    }
    assert_eq!(stage.read("store.db"), text);
}

/// Blocks of 512 bytes that a file may have here: a store with a short run fits in, a long run does
/// not.
const BLOCKS: u32 = 136;

/// A long run on a disk that has no room for it, in a store that was there before.
fn full_disk(stage: &Stage, url: &str, more: &str) -> std::process::Output {
    let path = format!("{url}/api/farms?limit=5");
    stage.run(["run", "--url", &path, "-n", "1"]).expect(0);
    let script = format!(
        "trap '' XFSZ; ulimit -f {BLOCKS}; exec $LOADGATE run --url '{path}' -r 200/s -d 8s {more}"
    );
    stage.shell(&script).output().unwrap()
}

#[test]
fn a_disk_that_is_full_in_the_middle_does_not_lose_the_measurement() {
    let stage = Stage::new();
    let market = Market::start(&stage, &[]);
    let done = done(full_disk(&stage, &market.url, "")).expect(1);
    done.says(&[
        "warning: the record can't be stored now: ",
        "measuring goes on",
        "error: the record is not complete in the store: ",
        "hint: ",
    ]);
}

#[test]
fn the_summary_of_a_run_that_is_not_stored_is_printed() {
    let stage = Stage::new();
    let market = Market::start(&stage, &[]);
    let done = done(full_disk(&stage, &market.url, "--json -")).expect(1);
    let json: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(json["totals"]["requests"], 1_600);
    // One more was that of the short run.
    let sent = json["generator"]["requests_sent"].as_u64().unwrap();
    assert_eq!(market.stats()["requests"], sent + 1);
    // What was stored before is there.
    let runs = stage.json(["runs", "list", "--json"]);
    assert_eq!(runs["runs"][0]["state"], "unfinished");
}

#[test]
fn a_report_that_can_not_be_written_is_told_and_the_others_are_written() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    std::fs::create_dir(stage.path("gone")).unwrap();
    let args = ["run", "--url", &server.url, "-r", "100/s", "-d", "1s", "--json", "r.json"];
    let args = args.iter().chain(&["--html", "gone/r.html", "--md", "r.md"]);
    let run = Running::start(stage.command(args));
    until("a request", || (server.requests() > 0).then_some(()));
    std::fs::remove_dir(stage.path("gone")).unwrap();
    run.end().expect(1).says(&["error: can't write `gone/r.html`: "]);
    assert!(stage.read("r.json").ends_with("}\n"));
    assert!(stage.read("r.md").contains("# "));
    assert!(
        !std::fs::read_dir(stage.path("."))
            .unwrap()
            .any(|entry| { entry.unwrap().file_name().to_string_lossy().ends_with(".part") })
    );
}

#[test]
fn a_step_that_aborts_the_run_ends_it_at_once() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    stage.file(
        "a.yaml",
        format!(
            "target: {}\n\
             journeys:\n\
             \x20 a: {{ steps: [ {{ get: /a, check: [ status == 404 ], on_fail: abort }} ] }}\n\
             load: [ {{ phase: steady, rate: 10/s, for: 1h }} ]\n",
            server.url
        ),
    );
    let mut command = stage.command(["run", "--scenario", "a.yaml"]);
    let done = done(within(Duration::from_secs(20), move || command.output().unwrap())).expect(1);
    let done = done.says(&["error: the run was aborted by a failed step", "hint: "]);
    assert!(done.out.contains("aborted"), "{}", done.out);
}
