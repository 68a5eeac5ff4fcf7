//! The gate from outside: exit codes, duets, anchors, live alarms.

use serde_json::Value;

use super::server::{Answer, Server};
use super::stage::{Done, Market, Stage};

/// One endpoint of the market, often enough that p95 is judged in full after four repetitions.
const LIST: &str = "\
version: 1
name: shop
target: http://127.0.0.1:1
http: { cookies: false }
journeys: { shop: { steps: [ { get: /api/health } ] } }
load: [ { phase: steady, rate: 700/s, for: 1m } ]
gate: { floor: 0ms, compare: [ http p95 ] }
";

fn stage() -> (Stage, String) {
    let stage = Stage::new();
    let path = stage.file("shop.yaml", LIST).to_str().unwrap().to_owned();
    (stage, path)
}

/// A market whose every answer takes this much longer.
fn market(stage: &Stage, faults: &[&str]) -> Market {
    let args: Vec<&str> = faults.iter().flat_map(|fault| ["--fault", fault]).collect();
    Market::start(stage, &args)
}

fn capture(stage: &Stage, path: &str, target: &str) {
    let args = ["baseline", "capture", "old", "--scenario", path, "--target", target];
    stage.run(args.iter().chain(&["--repeat", "4", "-d", "2s", "--lead", "1s"])).expect(0);
}

fn against(stage: &Stage, path: &str, target: &str) -> (Done, Value) {
    let args = ["run", "--scenario", path, "--target", target, "--baseline", "old", "--lead", "1s"];
    let done = stage.run(args.iter().chain(&["--no-second-look", "--json", "-"]));
    let json = serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{}", done.err));
    (done, json)
}

#[test]
fn timing_a_much_slower_endpoint_is_rollback_and_named() {
    let (stage, path) = stage();
    let old = market(&stage, &["slow:endpoint=GET /api/health,add=20ms"]);
    let new = market(&stage, &["slow:endpoint=GET /api/health,add=60ms"]);
    capture(&stage, &path, &old.url);
    let (done, json) = against(&stage, &path, &new.url);
    assert_eq!((done.code, json["verdict"].as_str()), (5, Some("ROLLBACK")), "{}", done.err);
    let row = &json["gate"]["rows"][0];
    assert_eq!(
        (row["name"].as_str(), row["standing"].as_str()),
        (Some("GET /api/health"), Some("ROLLBACK"))
    );
    let ratio = row["ratio"].as_f64().unwrap();
    assert!((2.0..4.0).contains(&ratio), "{ratio}");
    assert!(json["gate"]["reasons"][0]["text"].as_str().unwrap().contains("GET /api/health"));
    // Judged again from the store it is the same.
    let again = stage.run(["gate", "--baseline", "old", "--json", "-"]);
    assert_eq!(again.code, 5);
    let again: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(again["gate"]["rows"], json["gate"]["rows"]);
    let shown = stage.run(["compare", "old", "latest"]).expect(0);
    assert!(shown.out.contains("ROLLBACK"), "{}", shown.out);
    assert_eq!(stage.run(["compare", "old", "latest", "--equivalent"]).code, 4);
}

#[test]
fn timing_failures_decide_by_their_share() {
    let (stage, path) = stage();
    let old = market(&stage, &["slow:endpoint=GET /api/health,add=5ms"]);
    capture(&stage, &path, &old.url);
    for (rate, verdict, code) in [("3%", "NO-GO", 4), ("8%", "ROLLBACK", 5)] {
        let errors = format!("errors:rate={rate},endpoint=GET /api/health");
        let new = market(&stage, &["slow:endpoint=GET /api/health,add=5ms", &errors]);
        let (done, json) = against(&stage, &path, &new.url);
        assert_eq!((done.code, json["verdict"].as_str()), (code, Some(verdict)), "{}", done.err);
        let share = json["gate"]["errors"][0]["candidate_share"].as_f64().unwrap();
        let wanted: f64 = rate.trim_end_matches('%').parse().unwrap();
        assert!((share * 100.0 - wanted).abs() < 1.0, "{share}");
    }
}

#[test]
fn timing_a_duet_measures_both_in_turn() {
    let (stage, path) = stage();
    let old = market(&stage, &["slow:endpoint=GET /api/health,add=20ms"]);
    let new = market(&stage, &["slow:endpoint=GET /api/health,add=60ms"]);
    let args = ["run", "--scenario", &path, "--duet", &old.url, &new.url, "--repeat", "4"];
    let done = stage.run(args.iter().chain(&["-d", "2s", "--lead", "1s", "--json", "-"]));
    assert_eq!(done.code, 5, "{}", done.err);
    let json: Value = serde_json::from_str(&done.out).unwrap();
    let order: Vec<char> = done
        .err
        .lines()
        .filter(|line| line.contains("requests,"))
        .map(|line| if line.contains(" of A:") { 'A' } else { 'B' })
        .collect();
    assert_eq!(order.iter().collect::<String>(), "BAABBAAB", "{}", done.err);
    let notes = json["gate"]["notes"].to_string();
    assert!(!notes.contains("drift"), "both were measured in turn: {notes}");
}

#[test]
fn timing_an_anchor_tells_a_changed_environment_from_a_slower_version() {
    let (stage, path) = stage();
    let old = market(&stage, &["slow:endpoint=GET /api/health,add=20ms"]);
    capture(&stage, &path, &old.url);
    // Whatever has happened since: now both are slower.
    let both = market(&stage, &["slow:endpoint=GET /api/health,add=60ms"]);
    let args = [
        "run",
        "--scenario",
        &path,
        "--target",
        &both.url,
        "--baseline",
        "old",
        "--lead",
        "1s",
        "--anchor",
        &both.url,
        "--no-second-look",
        "--json",
        "-",
    ];
    let done = stage.run(args);
    assert_eq!(done.code, 3, "{}", done.err);
    let json: Value = serde_json::from_str(&done.out).unwrap();
    assert!(
        json["gate"]["reasons"].to_string().contains("the environment has changed"),
        "{}",
        json["gate"]["reasons"]
    );
}

#[test]
fn timing_a_lasting_alarm_tells_programs_and_webhooks_while_the_run_goes_on() {
    let stage = Stage::new();
    let hook = Server::start(Answer::Json("{}"));
    let market = market(&stage, &["errors:rate=50%,endpoint=GET /api/health"]);
    let scenario = LIST.replace(
        "gate: { floor: 0ms, compare: [ http p95 ] }",
        "gate:\n  rollback: { error_rate: \"> 5%\", sustained: 2s }\n  on_rollback:\n    \
         - exec: [ sh, -c, \"cat > told.json\" ]\n    \
         - exec: [ sh, -c, \"exit 3\", \"${HOOK}\" ]\n    - webhook: \"${HOOK}\"",
    );
    let path = stage.file("alarm.yaml", scenario);
    let args = ["run", "--target", &market.url, "-d", "10s", "--junit", "alarm.xml", "--scenario"];
    let mut command = stage.command(args);
    command.arg(path).env("HOOK", format!("{}/secret-path", hook.url));
    let done = super::stage::done(command.output().unwrap());
    assert_eq!(done.code, 5, "{}{}", done.out, done.err);
    // What no row of the report shows is a failure all the same.
    assert!(stage.read("alarm.xml").contains("type=\"objection\" message=\"ROLLBACK alarm: "));
    let told: Value = serde_json::from_str(&stage.read("told.json")).unwrap();
    assert_eq!(told["verdict"], "ROLLBACK");
    assert!(hook.take_lines().keys().any(|line| line.starts_with("POST /secret-path")));
    assert!(hook.texts().contains("ROLLBACK"));
    assert!(!done.err.contains("secret-path") && !done.out.contains("secret-path"), "{}", done.err);
    assert!(done.err.contains("`sh` was not told: ended with exit status: 3"), "{}", done.err);
    let notes = stage.json(["report", "latest", "--format", "json"])["notes"].to_string();
    assert!(notes.contains("ROLLBACK alarm"), "{notes}");
    // Measuring went on to the end.
    let shown = stage.json(["report", "latest", "--format", "json"]);
    assert!(shown["totals"]["requests"].as_u64().unwrap() >= 6_900, "{}", shown["totals"]);
}

#[test]
fn a_baseline_that_is_missing_is_told_before_anything_is_sent() {
    let (stage, path) = stage();
    let server = Server::start(Answer::Json("{}"));
    let args = ["run", "--scenario", &path, "--target", &server.url, "--baseline"];
    let done = stage.run(args.iter().chain(&["prisma"]));
    assert_eq!(done.code, 2, "{}", done.err);
    done.says(&["there is no baseline `prisma`", "hint: "]);
    let none = stage.run(args);
    assert_eq!(none.code, 2, "{}", none.err);
    none.says(&["the scenario names no baseline"]);
    assert_eq!(server.requests(), 0);
}

#[test]
fn wrong_rules_are_told_with_their_place() {
    let (stage, path) = stage();
    stage.file(
        "rules.yaml",
        "go: { change: \"<= +30%\" }\nno_go: { change: \"> +20%\" }\nfloo: 2ms\n",
    );
    let done = stage.run(["run", "--scenario", &path, "--repeat", "2", "--policy", "rules.yaml"]);
    assert_eq!(done.code, 2, "{}", done.err);
    done.says(&["rules.yaml:3", "did you mean `floor`"]);
}

#[test]
fn flags_that_would_do_nothing_are_refused() {
    let (stage, path) = stage();
    let run = ["run", "--scenario", &path];
    for flag in
        [&["--no-second-look"][..], &["--accept-difference", "load"], &["--noise-from", "x"]]
    {
        let done = stage.run(run.iter().chain(flag));
        assert_eq!(done.code, 2, "{flag:?}: {}", done.err);
        done.says(&["needs something to compare with", "--baseline NAME"]);
    }
    let done = stage.run(run.iter().chain(&["--policy", "missing.yaml"]));
    assert_eq!(done.code, 2, "{}", done.err);
    done.says(&["can't read `missing.yaml`"]);
    let duet = ["--duet", "http://127.0.0.1:1", "http://127.0.0.1:1"];
    let target = ["--target", "http://127.0.0.1:1"];
    let done = stage.run(run.iter().chain(&duet).chain(&target));
    assert_eq!(done.code, 2, "{}", done.err);
    done.says(&["cannot be used with '--target'"]);
    // One of the environment gives way: the run begins, and finds nobody.
    let mut command = stage.command(run.iter().chain(&duet));
    let done = super::stage::done(command.env("LOADGATE_TARGET", "x").output().unwrap());
    assert_eq!(done.code, 1, "{}", done.err);
    done.says(&["can't reach the target"]);
}
