//! Baselines: measured, listed, moved, protected, and refused where they can't be compared.

use serde_json::Value;

use super::server::{Answer, Server};
use super::stage::{Running, Stage, until};

/// A scenario of one request at this server, with a version.
fn scenario(stage: &Stage, server: &Server) -> String {
    let text = format!(
        "version: 1\nname: shop\ntarget: {}\nhealth: {{ path: /api/health, version: $.version }}\n\
         journeys: {{ shop: {{ steps: [ {{ get: /farms }} ] }} }}\n\
         load: [ {{ phase: steady, rate: 40/s, for: 1m }} ]\n",
        server.url
    );
    stage.file("shop.yaml", text).to_str().unwrap().to_owned()
}

fn server() -> Server {
    Server::start(Answer::Json(r#"{"version":"6.19.0"}"#))
}

/// Two repetitions of a second.
fn capture(stage: &Stage, name: &str, scenario: &str) {
    let done = stage.run([
        "baseline",
        "capture",
        name,
        "--scenario",
        scenario,
        "--repeat",
        "2",
        "-d",
        "1s",
        "--lead",
        "0s",
    ]);
    assert_eq!(done.code, 0, "{}", done.err);
}

fn runs_of(stage: &Stage, name: &str) -> Vec<String> {
    let list = stage.json(["baseline", "list", "--json"]);
    let found = list["baselines"].as_array().unwrap().iter().find(|line| line["name"] == name);
    let runs = found.unwrap_or_else(|| panic!("there is no {name} in {list}"))["runs"].clone();
    runs.as_array().unwrap().iter().map(|run| run.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_baseline_is_measured_listed_shown_and_removed() {
    let (stage, server) = (Stage::new(), server());
    let path = scenario(&stage, &server);
    capture(&stage, "v6", &path);
    assert_eq!(server.take_lines()["GET /farms HTTP/1.1"], 80);
    let runs = runs_of(&stage, "v6");
    assert_eq!(runs.len(), 2);
    let list = stage.run(["baseline", "list"]).expect(0).out;
    assert!(list.contains("v6") && list.contains("6.19.0"), "{list}");
    let shown = stage.json(["baseline", "show", "v6", "--json"]);
    assert_eq!(shown["name"], "v6");
    // What belongs to a baseline is not removed by accident.
    stage.run(["runs", "rm", &runs[0]]).expect(1).says(&["v6", "baseline rm"]);
    stage.run(["baseline", "rm", "v6"]).expect(0);
    stage.run(["runs", "rm", &runs[0]]).expect(0);
    let none = stage.run(["baseline", "show", "v6"]);
    assert_eq!(none.code, 2);
    none.says(&["there is no baseline `v6`"]);
}

#[test]
fn the_load_of_a_baseline_is_taken_over_to_the_last_digit() {
    let (stage, server) = (Stage::new(), server());
    let path = scenario(&stage, &server);
    let args = ["--scenario", path.as_str(), "--repeat", "1", "-d", "500ms", "--lead", "0s"];
    let load = ["-r", "6010/m", "--max-users", "77"];
    let own = |more: &[&str]| -> Vec<String> {
        more.iter().chain(&args).map(|word| (*word).to_owned()).collect()
    };
    let capture = own(&["baseline", "capture", "v6"]);
    let capture = capture.iter().map(String::as_str).chain(load);
    assert_eq!(stage.run(capture).code, 0);
    let run = own(&["run", "--baseline", "v6", "--json", "r.json"]);
    let done = stage.run(run);
    assert!(![1, 2].contains(&done.code), "{}", done.err);
    let json: Value = serde_json::from_str(&stage.read("r.json")).unwrap();
    assert_eq!(json["load"][0]["load"], "6010/m", "{}", json["load"]);
    // With a load of its own nothing is taken over, and it is another load.
    let other = stage.run(own(&["run", "--baseline", "v6", "-r", "100.4/s"]));
    assert_eq!(other.code, 2, "{}", other.err);
    other.says(&["`6010/m for 500 ms, at most 77 users`", "the candidate `100.4/s for 500 ms`"]);
}

#[test]
fn a_name_that_is_taken_or_unfit_is_refused_before_anything_is_sent() {
    let (stage, server) = (Stage::new(), server());
    let path = scenario(&stage, &server);
    capture(&stage, "v6", &path);
    let before = server.requests();
    for name in ["v6", "a b", "-x", ""] {
        let args = ["baseline", "capture", "--repeat", "2", "--scenario", &path, "--", name];
        assert_eq!(stage.run(args).code, 2, "{name}");
    }
    assert_eq!(server.requests(), before);
}

#[test]
fn a_baseline_moves_by_a_file_and_is_compared_from_it() {
    let (stage, server) = (Stage::new(), server());
    let path = scenario(&stage, &server);
    capture(&stage, "v6", &path);
    stage.run(["baseline", "export", "v6", "v6.baseline"]).expect(0);
    let other = Stage::new();
    other.file("v6.baseline", std::fs::read(stage.path("v6.baseline")).unwrap());
    // From files alone there is no store; and what agrees with itself is no candidate.
    capture(&stage, "again", &path);
    stage.run(["baseline", "export", "again", "again.baseline"]).expect(0);
    other.file("again.baseline", std::fs::read(stage.path("again.baseline")).unwrap());
    let compared = other.run(["compare", "v6.baseline", "again.baseline"]);
    assert_eq!(compared.code, 0, "{}", compared.err);
    assert!(compared.out.contains("HOLD"), "{}", compared.out);
    assert!(!other.has_store());
    let own = stage.run(["gate", "--baseline", "again"]);
    assert_eq!(own.code, 2, "{}", own.err);
    own.says(&["is on both sides"]);
    other.run(["baseline", "import", "v6.baseline"]).expect(0);
    other.run(["baseline", "import", "v6.baseline"]).expect(0).says(&["0 of them new"]);
    assert_eq!(runs_of(&other, "v6"), runs_of(&stage, "v6"));
    let both = |stage: &Stage| stage.json(["baseline", "show", "v6", "--json"]);
    assert_eq!(both(&other), both(&stage));
}

#[test]
fn a_file_that_is_no_baseline_is_refused_with_a_reason() {
    let (stage, server) = (Stage::new(), server());
    let path = scenario(&stage, &server);
    capture(&stage, "v6", &path);
    stage.run(["baseline", "export", "v6", "v6.baseline"]).expect(0);
    let whole = std::fs::read(stage.path("v6.baseline")).unwrap();
    stage.file("empty", "");
    stage.file("text", "no baseline at all\n");
    stage.file("cut", &whole[..whole.len() >> 1]);
    let mut flipped = whole.clone();
    let middle = flipped.len() >> 1;
    flipped[middle] ^= 0x40;
    stage.file("flipped", &flipped);
    for name in ["empty", "text", "cut", "flipped"] {
        for args in [vec!["baseline", "import", name], vec!["compare", name, "latest"]] {
            let done = stage.run(&args);
            assert_eq!(done.code, 2, "{args:?}: {}", done.err);
            done.says(&["can't read the baseline", "hint: "]);
        }
    }
    // What was there is there.
    assert_eq!(runs_of(&stage, "v6").len(), 2);
}

#[test]
fn what_is_not_comparable_is_refused_and_each_difference_is_named() {
    let (stage, server) = (Stage::new(), server());
    let path = scenario(&stage, &server);
    capture(&stage, "v6", &path);
    let before = server.requests();
    let args = ["run", "--scenario", &path, "--baseline", "v6", "--repeat", "2", "--lead", "0s"];
    let done = stage.run(args.iter().chain(&["-r", "30/s", "--seed", "7"]));
    assert_eq!(done.code, 2, "{}", done.err);
    done.says(&["load", "40/s", "30/s", "seed", "--accept-difference"]);
    assert_eq!(server.requests(), before, "nothing is sent for what can't be compared");
    let accept = ["-r", "30/s", "--accept-difference", "load", "--no-second-look", "--json", "-"];
    let done = stage.run(args.iter().chain(&accept));
    let json: Value = serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{}", done.err));
    assert_eq!(json["gate"]["accepted_differences"][0]["kind"], "load");
    let unknown = stage.run(["gate", "--baseline", "v6", "--accept-difference", "weather"]);
    assert_eq!(unknown.code, 2);
    unknown.says(&["known are scenario, load, seed"]);
}

#[test]
fn too_few_requests_are_hold_with_what_would_do() {
    let (stage, server) = (Stage::new(), server());
    let path = scenario(&stage, &server);
    capture(&stage, "v6", &path);
    let args = ["run", "--scenario", &path, "--baseline", "v6", "--lead", "0s", "--json", "-"];
    let done = stage.run(args.iter().chain(&["--no-second-look"]));
    assert_eq!(done.code, 3, "{}{}", done.out, done.err);
    let json: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(json["verdict"], "HOLD");
    assert_eq!(json["gate"]["candidate"]["runs"].as_array().unwrap().len(), 2);
    // 80 requests on each side: p95 needs 4,000.
    // That many repetitions would not be sensible: longer ones, or a higher rate.
    let settle = json["gate"]["settle"]["text"].as_str().unwrap();
    assert!(
        settle.contains("repetitions 52.5 times as long, or as many times the rate"),
        "{settle}"
    );
    assert_eq!(json["totals"]["requests"], 80);
    let zero = stage.run(["gate", "--baseline", "v6", "--exit-zero"]).expect(0);
    assert!(zero.out.contains("HOLD"), "{}", zero.out);
}

#[test]
fn an_interrupted_capture_keeps_its_repetitions_and_says_how_to_use_them() {
    let (stage, server) = (Stage::new(), server());
    let path = scenario(&stage, &server);
    let args = [
        "baseline",
        "capture",
        "v6",
        "--scenario",
        &path,
        "--repeat",
        "50",
        "-d",
        "1s",
        "--lead",
        "0s",
    ];
    let mut running = Running::start(stage.command(args));
    until("a repetition", || running.error_line().contains("repetition 1 of 50").then_some(()));
    running.signal("INT");
    let done = running.end();
    assert_eq!(done.code, 130, "{}", done.err);
    let hint = done.err.lines().find(|line| line.contains("baseline add v6")).unwrap().to_owned();
    let command = hint.split("loadgate ").last().unwrap().to_owned();
    stage.run(command.split_whitespace()).expect(0);
    assert!(!runs_of(&stage, "v6").is_empty());
}
