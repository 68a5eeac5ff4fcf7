//! What the store holds: listing, showing, removing.

use super::server::{Answer, Server};
use super::stage::Stage;

/// A stage with so many runs; their ids, the newest first.
fn with_runs(count: usize) -> (Stage, Vec<String>) {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    for _ in 0..count {
        stage.run(["run", "--url", &server.url, "-u", "1", "-n", "3", "-q"]).expect(0);
    }
    let ids = ids(&stage);
    assert_eq!(ids.len(), count);
    (stage, ids)
}

fn ids(stage: &Stage) -> Vec<String> {
    let list = stage.json(["runs", "list", "--json"]);
    assert_eq!(list["schema_version"], 1);
    let runs = list["runs"].as_array().unwrap();
    runs.iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn quiet_prints_the_id_and_nothing_else() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let done = stage.run(["run", "--url", &server.url, "-u", "1", "-n", "3", "-q"]).expect(0);
    assert_eq!(done.out, format!("{}\n", ids(&stage)[0]));
    assert_eq!(done.err, "");
}

#[test]
fn runs_are_listed_shown_and_removed_by_id_beginning_and_latest() {
    let (stage, ids) = with_runs(3);
    let list = stage.run(["runs", "ls"]).expect(0).out;
    assert_eq!(list.lines().count(), 4);
    assert!(list.lines().all(|line| line.trim_end() == line), "{list}");
    for id in &ids {
        assert!(list.contains(id.as_str()));
        let shown = stage.run(["runs", "show", id]).expect(0).out;
        assert!(shown.contains(id.as_str()) && shown.contains("complete"), "{shown}");
        assert_eq!(stage.run(["report", id]).expect(0).out, shown);
    }
    assert!(stage.run(["runs", "show"]).expect(0).out.contains(&ids[0]));
    // The shortest beginning that no other has.
    let unique = (1..ids[2].len())
        .filter_map(|length| ids[2].get(..length))
        .find(|start| ids.iter().filter(|id| id.starts_with(start)).count() == 1)
        .unwrap();
    assert!(stage.run(["runs", "show", unique]).expect(0).out.contains(&ids[2]));
    let done = stage.run(["runs", "rm", unique, "latest"]).expect(0);
    assert_eq!(done.err, format!("removed {}\nremoved {}\n", ids[2], ids[0]));
    assert_eq!(self::ids(&stage), [ids[1].clone()]);
}

#[test]
fn a_run_that_does_not_exist_is_told_with_the_nearest() {
    let (stage, ids) = with_runs(2);
    let year = ids[0].get(..4).unwrap();
    let wrong = format!("{}x", ids[1]);
    for command in [&["runs", "show"][..], &["runs", "rm"], &["report"]] {
        let with = |run: &str| stage.run(command.iter().copied().chain([run])).expect(1);
        with(&wrong).says(&[&format!("there is no run `{wrong}`"), &ids[1], "loadgate runs"]);
        with(year).says(&["is the beginning of 2 runs", "hint: write more of the id", &ids[0]]);
    }
    assert_eq!(self::ids(&stage).len(), 2);
}

#[test]
fn reading_a_store_that_does_not_exist_makes_none() {
    let stage = Stage::new();
    assert!(stage.run(["runs", "list"]).expect(0).out.starts_with("no runs yet"));
    assert_eq!(stage.json(["runs", "list", "--json"])["runs"].as_array().unwrap().len(), 0);
    for command in [&["runs", "show"][..], &["runs", "rm", "latest"], &["report"]] {
        stage.run(command).expect(1).says(&["there is no run `latest`", "hint: there is no store"]);
    }
    assert!(!stage.has_store());
}
