//! `loadgate.toml`: what is given nowhere else.

use super::server::{Answer, Server};
use super::stage::{Stage, done};

/// A scenario whose target is wherever it is told.
const SCENARIO: &str = "name: small\n\
     target: ${LOADGATE_TARGET:-http://127.0.0.1:1}\n\
     journeys: { visitor: { steps: [ { get: /farms } ] } }\n\
     load: [ { phase: steady, rate: 10/s, for: 1s } ]\n";

#[test]
fn what_is_given_nowhere_else_is_taken_from_the_file() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    stage.file("a.yaml", SCENARIO);
    let project = format!("scenario = 'a.yaml'\ntarget = '{}'\nstore = 'here.db'\n", server.url);
    stage.file("loadgate.toml", project);
    let run = |arguments: &[&str]| {
        let mut command = stage.command(arguments);
        done(command.env_remove("LOADGATE_STORE").output().unwrap()).expect(0)
    };
    run(&["run"]);
    assert_eq!(server.requests(), 10);
    assert!(stage.path("here.db").exists());
    assert!(run(&["runs", "list"]).out.contains("small"));
}

#[test]
fn arguments_and_the_scenario_go_before_the_file() {
    let stage = Stage::new();
    let [wanted, other] = [(); 2].map(|()| Server::start(Answer::Json("{}")));
    stage.file("a.yaml", SCENARIO);
    stage.file("own.yaml", SCENARIO.replace("${LOADGATE_TARGET:-http://127.0.0.1:1}", &wanted.url));
    let project = format!("scenario = 'nowhere.yaml'\ntarget = '{}'\n", other.url);
    stage.file("loadgate.toml", project);
    stage.run(["run", "--scenario", "a.yaml", "--target", &wanted.url]).expect(0);
    stage.run(["run", "--scenario", "own.yaml"]).expect(0);
    stage.run(["run", "--url", &format!("{}/farms", wanted.url), "-n", "10"]).expect(0);
    assert_eq!((wanted.requests(), other.requests()), (30, 0));
}

#[test]
fn a_mistake_in_the_file_is_shown_with_its_place_before_anything_starts() {
    let stage = Stage::new();
    stage.file(
        "loadgate.toml",
        "scenario = 'customer'\ntarget = 'http://127.0.0.1:1'\nbasline = 'x'\n",
    );
    let told = stage.run(["run"]).expect(2);
    told.says(&["can't read `loadgate.toml`", "line 3", "basline", "baseline", "hint:"]);
    assert!(!stage.has_store());
    stage.file("loadgate.toml", "scenario = [");
    stage.run(["runs", "list"]).expect(2).says(&["`loadgate.toml`", "line 1"]);
}

#[test]
fn a_check_file_goes_before_the_file_and_a_baseline_is_taken_from_it() {
    let stage = Stage::new();
    let [wanted, other] = [(); 2].map(|()| Server::start(Answer::Json("{}")));
    let project = format!(
        "scenario = 'nowhere.yaml'\ntarget = '{}'\nchecks = 'own.yaml'\nbaseline = 'old'\n",
        other.url
    );
    stage.file("loadgate.toml", project);
    stage.file("a.yaml", SCENARIO);
    let checks = "{ checks: [ { journey: visitor } ] }";
    let file =
        format!("scenario: a.yaml\ntarget: {}\nprofiles: {{ critical: {checks} }}", wanted.url);
    stage.file("own.yaml", file);
    stage.run(["check"]).expect(0);
    assert_eq!((wanted.requests(), other.requests()), (1, 0));
    // What the check file does not say is taken from the project's.
    let health = "profiles: { critical: { checks: [ { http: /here, check: status == 200 } ] } }";
    stage.file("own.yaml", format!("scenario: a.yaml\n{health}"));
    stage.run(["check"]).expect(0);
    assert_eq!(other.requests(), 1);
    stage.run(["decide"]).expect(2).says(&["there is no baseline, file or run `old`"]);
}

#[test]
fn a_scenario_without_a_target_goes_to_that_of_the_project() {
    let stage = Stage::new();
    let [of_project, own] = [(); 2].map(|()| Server::start(Answer::Json("{}")));
    stage.file("loadgate.toml", format!("target = '{}'\n", of_project.url));
    let line = "target: ${LOADGATE_TARGET:-http://127.0.0.1:1}\n";
    stage.file("a.yaml", SCENARIO.replace(line, ""));
    stage.run(["run", "-s", "a.yaml"]).expect(0);
    assert_eq!((of_project.requests(), own.requests()), (10, 0));
    stage.file("a.yaml", SCENARIO.replace(line, &format!("target: {}\n", own.url)));
    stage.run(["run", "-s", "a.yaml"]).expect(0);
    assert_eq!((of_project.requests(), own.requests()), (10, 10));
}
