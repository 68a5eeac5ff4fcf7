//! A generator that lacks something itself: it says so, and blames nobody else.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::server::{Answer, Server};
use super::stage::{Done, Stage, done, within};

/// Runs a script that prints JSON to its end.
fn script(stage: &Stage, script: &str) -> Done {
    let mut command = stage.shell(script);
    done(within(Duration::from_secs(50), move || command.output().unwrap()))
}

/// The document of a run that is INVALID for a reason that has all of `parts`.
#[track_caller]
fn invalid(done: &Done, parts: &[&str]) -> Value {
    assert_eq!(done.code, 6, "{}\n{}", done.out, done.err);
    let json: Value = serde_json::from_str(&done.out).unwrap();
    let reasons = json["invalid_reasons"].as_array().unwrap();
    let has_all =
        |reason: &&Value| parts.iter().all(|part| reason.as_str().unwrap().contains(part));
    assert!(reasons.iter().any(|reason| has_all(&reason)), "{reasons:?}");
    json
}

/// How often requests failed as the generator's own.
fn own_failures(json: &Value) -> u64 {
    let kinds = json["error_kinds"].as_array().unwrap();
    let own = kinds.iter().filter(|kind| kind["kind"] == "generator");
    own.map(|kind| kind["count"].as_u64().unwrap()).sum()
}

#[test]
fn users_that_can_not_all_be_connected_are_told_before_anything_is_sent() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let url = &server.url;
    script(&stage, &format!("ulimit -n 200; exec $LOADGATE run --url {url} -u 500 -d 1s"))
        .expect(1)
        .says(&[
            "error: phase `steady` has 500 users, each with a connection of its own, and ",
            "(a limit of 200 open files, ",
            "hint: raise the hard limit (`ulimit -Hn ",
        ]);
    assert_eq!(server.connections(), 0);
}

#[test]
fn the_soft_limit_of_open_files_is_no_limit() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let url = &server.url;
    let done = script(
        &stage,
        &format!("ulimit -Sn 64; exec $LOADGATE run --url {url} -u 200 -n 200 -d 20s --json -"),
    )
    .expect(0);
    let json: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(own_failures(&json), 0, "{}", json["error_kinds"]);
    assert!(json["origin"]["machine"]["open_files"].as_u64().unwrap() > 200);
}

#[test]
fn requests_without_an_open_file_are_the_generators_own_failures() {
    let stage = Stage::new();
    // Nobody is answered, so that each request keeps its connection.
    let server = Server::start(Answer::Silence);
    let url = &server.url;
    let run = format!(
        "ulimit -n 100; exec $LOADGATE run --url {url} -r 100/s -t 2s -d 2s --max-users 1000 --json -"
    );
    let done = script(&stage, &run);
    let json = invalid(
        &done,
        &["the generator itself failed ", "all 100 files open that it may", "`ulimit -n`"],
    );
    done.says(&["warning: phase `steady` may need 1,000 connections, and ", "`ulimit -Hn`"]);
    assert!(own_failures(&json) > 0);
    assert_eq!(json["totals"]["requests"], 200);
}

/// A network of its own, with 64 ports and none that is used again: the market and the run are in
/// it.
const NARROW: &str = "
    ip link set lo up
    echo 40000 40063 > /proc/sys/net/ipv4/ip_local_port_range
    echo 0 > /proc/sys/net/ipv4/tcp_tw_reuse
    $LOADGATE market --listen 127.0.0.1:8080 --size small > market.out &
    market=$!
    until [ -s market.out ]; do kill -0 $market || exit 70; done
    $LOADGATE run --scenario fresh.yaml --json -
    code=$?
    kill $market
    exit $code";

#[test]
fn requests_without_a_local_port_are_the_generators_own_failures() {
    let stage = Stage::new();
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt;
        own.uid() == 0
    });
    let apart = if is_root { "unshare -n" } else { "unshare -rn" };
    let tried = stage.shell(&format!("{apart} true")).output().unwrap();
    if !tried.status.success() {
        // Not on real ports, then. What is made of the system's error and of its tables is checked
        // wherever tests run, by those of engine/exhausted.rs.
        let why = String::from_utf8_lossy(&tried.stderr);
        eprintln!("LOCAL PORTS ARE NOT USED UP HERE: `{apart}` is not permitted: {why}");
        return;
    }
    stage.file(
        "fresh.yaml",
        "target: http://127.0.0.1:8080\n\
         http: { connections: fresh }\n\
         journeys: { a: { steps: [ { get: /api/health } ] } }\n\
         load: [ { phase: steady, rate: 100/s, for: 2s } ]\n",
    );
    stage.file("narrow.sh", NARROW);
    let done = script(&stage, &format!("exec {apart} sh narrow.sh"));
    let json = invalid(
        &done,
        &[
            "the generator itself failed ",
            "no local port is left to connect to 127.0.0.1:8080 (64 from 40000 to 40063): ",
            " are in TIME_WAIT, ",
            "net.ipv4.ip_local_port_range",
        ],
    );
    let own = own_failures(&json);
    assert!((100..200).contains(&own), "{own}");
    let kinds = json["error_kinds"].as_array().unwrap();
    assert!(kinds.iter().all(|kind| kind["kind"] == "generator"), "{kinds:?}");
}

/// The first processor that this process may use.
fn processor() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    line.trim().split([',', '-']).next().unwrap().to_owned()
}

#[test]
fn timing_on_a_processor_that_something_else_keeps_busy_is_invalid() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let (url, processor) = (&server.url, processor());
    let pinned = format!("taskset -c {processor}");
    let there = Command::new("taskset").arg("--version").output();
    assert!(
        there.is_ok_and(|there| there.status.success()),
        "this test needs taskset (util-linux)"
    );
    let done = script(
        &stage,
        &format!(
            "timeout 40 {pinned} sh -c 'while :; do :; done' & busy=$!
             {pinned} $LOADGATE run --url {url} -u 16 -d 5s --workers 1 --json -
             code=$?; kill $busy; exit $code"
        ),
    );
    let json = invalid(
        &done,
        &["worker 0 waited up to ", "for a processor, for ", "something else keeps its processor"],
    );
    let worker = &json["generator"]["workers"][0];
    assert!(worker["queued_peak_share"].as_f64().unwrap() > 0.1, "{worker}");
    assert!(worker["queued_s"].as_f64().unwrap() > 0.2, "{worker}");
}

#[test]
fn precision_is_chosen_by_the_load_or_taken_as_it_is_asked_for() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let of = |args: &[&str]| {
        let all = ["run", "--url", &server.url, "--workers", "1", "--json", "-"];
        let json = stage.json(all.iter().chain(args));
        let own = &json["generator"];
        (own["precision"].clone(), own["precision_chosen_for"].clone())
    };
    assert_eq!(of(&["-r", "50/s", "-n", "5"]), ("exact".into(), "50/s".into()));
    assert_eq!(of(&["-u", "1", "-n", "5"]), ("exact".into(), "a closed loop".into()));
    let asked = of(&["-r", "50/s", "-n", "5", "--precision", "1ms"]);
    assert_eq!(asked, ("1ms".into(), Value::Null));
    stage.file(
        "a.yaml",
        format!(
            "target: {}\nprecision: spin\njourneys: {{ a: {{ steps: [ {{ get: / }} ] }} }}\n",
            server.url
        ),
    );
    let done = stage.run(["run", "--scenario", "a.yaml", "-n", "1", "-v"]).expect(0);
    done.says(&["precision spin"]);
    let args = ["run", "--scenario", "a.yaml", "-n", "1", "-v", "--precision", "auto"];
    stage.run(args).expect(0).says(&["precision exact, chosen for a closed loop"]);
    stage
        .run(["run", "--url", &server.url, "--precision", "10us"])
        .expect(2)
        .says(&["10us", "auto, exact, 100us, 1ms, spin"]);
}
