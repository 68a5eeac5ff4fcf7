//! What was given as a secret shows up nowhere: not on the terminal, in no file, not in the store.

use super::server::{Answer, Server};
use super::stage::Stage;

/// Stands for a password.
const MARK: &str = "hunter2-do-not-show";

/// Fails if the secret is in any file of the stage or in a text.
#[track_caller]
fn shown_nowhere(stage: &Stage, texts: &[&str]) {
    for text in texts {
        assert!(!text.contains(MARK), "{text}");
    }
    for entry in std::fs::read_dir(stage.path(".")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes());
        assert!(!found, "the secret is in {}", path.display());
    }
}

#[test]
fn a_password_in_an_address_is_not_shown() {
    let stage = Stage::new();
    let address = format!("http://me:{MARK}@127.0.0.1:1/");
    for args in [
        vec!["run", "--url", &address, "-v"],
        vec!["run", "--scenario", "customer", "--target", &address],
    ] {
        let done = stage.run(args).expect(2).says(&["***@127.0.0.1:1"]);
        shown_nowhere(&stage, &[&done.out, &done.err]);
    }
    let store = format!("postgres://me:{MARK}@127.0.0.1:1/db");
    let done = stage.run(["runs", "list", "--store", &store]).expect(1).says(&["me:***@"]);
    shown_nowhere(&stage, &[&done.out, &done.err]);
    let done = stage.command(["runs", "list", "--help"]).env("LOADGATE_STORE", &store).output();
    let done = super::stage::done(done.unwrap()).expect(0);
    shown_nowhere(&stage, &[&done.out, &done.err]);
}

#[test]
fn headers_and_bodies_of_a_single_request_are_sent_but_kept_nowhere() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let (url, header) =
        (format!("{}/x?token={MARK}", server.url), format!("authorization: Bearer {MARK}"));
    let body = format!("{{\"password\":\"{MARK}\"}}");
    let done = stage
        .run([
            "run", "--url", &url, "-H", &header, "--data", &body, "-n", "5", "-u", "1", "-v",
            "--html", "r.html", "--md", "r.md", "--json", "r.json",
        ])
        .expect(0);
    assert!(server.texts().contains(&header));
    assert!(server.texts().contains(&body));
    let hlog = stage.run(["report", "--hlog", "-"]).expect(0);
    shown_nowhere(&stage, &[&done.out, &done.err, &hlog.out]);
    assert!(stage.read("r.json").contains("--header authorization"), "its name is no secret");
}

#[test]
fn secrets_of_the_environment_are_sent_but_kept_nowhere() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    stage.file(
        "a.yaml",
        format!(
            "target: {}\n\
             http: {{ headers: {{ x-key: \"${{API_KEY}}\" }} }}\n\
             journeys:\n\
             \x20 a: {{ steps: [ {{ post: /a, json: {{ password: \"${{API_KEY}}\" }}, \
             check: [ \"$.x == ${{API_KEY}}\" ] }} ] }}\n\
             load: [ {{ phase: a, rate: 10/s, for: 1s }} ]\n",
            server.url
        ),
    );
    let args = ["run", "--scenario", "a.yaml", "-v", "--html", "r.html", "--json", "r.json"];
    let done = super::stage::done(stage.command(args).env("API_KEY", MARK).output().unwrap());
    let done = done.expect(0);
    assert!(server.texts().contains(MARK));
    shown_nowhere(&stage, &[&done.out, &done.err]);
}

#[test]
fn the_password_of_a_database_is_not_shown() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    stage.file(
        "a.yaml",
        format!(
            "target: {}\n\
             databases: {{ default: \"${{DATABASE_URL}}\" }}\n\
             journeys:\n\
             \x20 a: {{ steps: [ {{ sql: SELECT 1 }} ] }}\n\
             load: [ {{ phase: a, rate: 10/s, for: 1s }} ]\n",
            server.url
        ),
    );
    let database = format!("postgres://me:{MARK}@127.0.0.1:1/db");
    let output =
        stage.command(["run", "--scenario", "a.yaml"]).env("DATABASE_URL", database).output();
    let done = super::stage::done(output.unwrap()).expect(1).says(&["error: ", "hint: "]);
    shown_nowhere(&stage, &[&done.out, &done.err]);
}
