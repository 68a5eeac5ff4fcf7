//! `loadgate check` from outside: what holds, what does not, and what nobody can say yet.

mod files;
mod market;
mod mistakes;
mod programs;

use serde_json::Value;

use super::stage::{Done, Stage};

/// Runs `checks.yaml` with this text and reads its JSON.
#[track_caller]
fn checked(stage: &Stage, text: &str, code: i32) -> Value {
    stage.file("checks.yaml", text);
    let done = exactly(stage.run(["check", "--json", "-"]), code);
    serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {}", done.out))
}

/// A check that has no excuse: it is no measurement, so that a busy machine changes nothing.
#[track_caller]
fn exactly(done: Done, code: i32) -> Done {
    assert_eq!(done.code, code, "{}\n{}", done.out, done.err);
    done
}

/// The row of a check.
#[track_caller]
fn row<'a>(document: &'a Value, name: &str) -> &'a Value {
    let profiles = document["profiles"].as_array().unwrap();
    let mut rows = profiles.iter().flat_map(|profile| profile["checks"].as_array().unwrap());
    rows.find(|row| row["name"] == name).unwrap_or_else(|| panic!("no `{name}` in {document:#}"))
}

/// Outcome of a check, and what was found.
#[track_caller]
fn told(document: &Value, name: &str) -> (String, String) {
    let row = row(document, name);
    let text = |key: &str| row[key].as_str().unwrap().to_owned();
    (text("outcome"), text("found"))
}
