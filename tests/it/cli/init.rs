//! `loadgate init`: what it writes works as it is.

use std::fs;

use super::server::{Answer, Server};
use super::stage::Stage;

#[test]
fn what_is_written_works_at_once() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json(r#"{"status":"healthy","prisma":"7.0.1"}"#));
    let done = stage.run(["init", "--yes", "--target", &server.url]).expect(0);
    assert!(done.out.contains("loadgate baseline capture prisma-6.19.0"), "{}", done.out);
    for file in ["loadgate.toml", "scenarios/staging.yaml", "checks.yaml"] {
        let text = fs::read_to_string(stage.path(file)).unwrap();
        assert!(!text.contains("{{"), "{file}: {text}");
    }
    // The project's settings say what is played and where.
    let run = stage.run(["run", "-n", "2", "--json", "-"]).expect(0);
    let run: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(run["run"]["scenario"], "staging");
    assert_eq!(run["run"]["target_version"], "7.0.1");
    assert_eq!(run["totals"]["errors"], 0);
    let checked = stage.run(["check"]).expect(0);
    assert!(checked.out.contains("healthy, and the right version"), "{}", checked.out);
    assert!(checked.out.contains("one visitor"), "{}", checked.out);
}

#[test]
fn files_that_are_there_are_kept_unless_they_are_given_up() {
    let stage = Stage::new();
    stage.file("checks.yaml", "mine");
    stage.run(["init", "--yes"]).expect(2).says(&["`./checks.yaml`", "`--force`"]);
    assert_eq!(stage.read("checks.yaml"), "mine");
    assert!(!stage.path("loadgate.toml").exists());
    stage.run(["init", "--yes", "--force"]).expect(0);
    assert!(stage.read("checks.yaml").contains("profiles:"));
}

#[test]
fn without_a_terminal_it_does_not_ask() {
    let stage = Stage::new();
    stage.run(["init"]).expect(2).says(&["no terminal", "`--yes`"]);
    assert!(!stage.path("loadgate.toml").exists());
}
