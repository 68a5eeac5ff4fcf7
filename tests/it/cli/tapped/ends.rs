//! What is kept of a run, and what is not.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::shop::{Shop, counted, tapped};
use crate::cli::stage::{Running, Stage, until};
use crate::postgres::{PASSWORD, binaries};

/// Stands for what somebody has searched for.
const MARK: &str = "hunter2-do-not-keep";

/// Fails if the mark is in any file of the stage but `own`, or in a text.
#[track_caller]
fn kept_nowhere(stage: &Stage, own: &str, texts: &[&str]) {
    for text in texts {
        assert!(!text.contains(MARK), "{text}");
    }
    let files = std::fs::read_dir(stage.path(".")).unwrap().map(|entry| entry.unwrap().path());
    for path in files.filter(|path| *path != stage.path(own) && !path.ends_with(own)) {
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes());
        assert!(!found, "the value is in {}", path.display());
    }
}

/// Sends statements with the mark in them to where a tap listens.
fn send(place: &str) {
    let statements = format!(
        "SELECT '{MARK}', $${MARK}$$ -- {MARK}\n\\;\n SELECT 1 AS one WHERE E'{MARK}' = 'x';\n\
         SELECT '{MARK}'::int;\n\
         SET statement_timeout = '20ms';\nSELECT pg_sleep(20);\nSELECT '{MARK} unfinished;\n"
    );
    let script = format!("printf '%s' \"$TEXT\" | {}", binaries().join("psql").display());
    let sent = Command::new("sh")
        .args(["-c", &format!("{script} -X -d \"$AT\"")])
        .env("TEXT", statements)
        .env("AT", format!("postgres://shop:{PASSWORD}@{place}/shop?sslmode=disable"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(sent.success());
}

#[test]
fn values_of_statements_are_kept_nowhere() {
    let shop = Shop::open(&[]);
    shop.stage.file("terms.csv", format!("term\n{MARK}\n"));
    shop.stage.file(
        "search.yaml",
        "version: 1\nname: search\n\
         feeders: { terms: { csv: terms.csv, pick: sequential } }\n\
         journeys:\n\
         \x20 search:\n\
         \x20   feed: terms\n\
         \x20   steps: [ { name: Search, get: /api/products/search, query: { q: \"${term}\" } } ]\n\
         load: [ { phase: steady, rate: 20/s, for: 3s } ]\n",
    );
    let args = ["--scenario", "search.yaml", "-v", "--html", "r.html", "--md", "r.md"];
    let run = Running::start(shop.command(&[&args[..], &["--json", "r.json"]].concat()));
    // The run has begun when its load has: what was sent before is none of its statements.
    let before = shop.requests();
    until("load", || (shop.requests() > before + 5).then_some(()));
    send(&shop.place);
    let done = run.end().expect(0);
    let json: Value = serde_json::from_str(&shop.stage.read("r.json")).unwrap();
    assert_eq!(json["totals"]["requests"], 60);
    let texts: Vec<&str> =
        tapped(&json).iter().map(|query| query["text"].as_str().unwrap()).collect();
    assert!(texts.iter().any(|text| text.contains("LIKE $?")), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("one WHERE")), "{texts:?}");
    let failed = tapped(&json).iter().filter(|query| query["errors"] != 0).count();
    assert!(failed > 0, "{texts:?}");
    let reading = |name: &str| {
        let rows = json["readings"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).map(|row| (&row["max"], &row["holds"]))
    };
    assert_eq!(reading("db.query_timeouts"), Some((&json!(1.0), &json!(false))));
    assert_eq!(reading("db.connection_errors"), Some((&json!(0.0), &json!(true))));
    // There is no monitor that could have read it.
    assert_eq!(reading("db.connections_use"), None);
    let csv = shop.stage.run(["report", "--format", "csv"]).expect(0);
    let hlog = shop.stage.run(["report", "--hlog", "-"]).expect(0);
    kept_nowhere(&shop.stage, "terms.csv", &[&done.out, &done.err, &csv.out, &hlog.out]);
}

#[test]
fn a_killed_run_has_the_statements_of_its_intervals() {
    let shop = Shop::open(&[]);
    shop.stage.file(
        "details.yaml",
        "version: 1\nname: details\n\
         journeys: { look: { steps: [ { name: Look, get: /api/farms/farm_0007 } ] } }\n\
         load: [ { phase: steady, rate: 50/s, for: 1h } ]\n",
    );
    let run = Running::start(shop.command(&["--scenario", "details.yaml"]));
    until("five seconds of requests", || (shop.requests() > 250).then_some(()));
    run.signal("KILL");
    run.end().expect(137);
    let json = shop.stage.json(["report", "--format", "json"]);
    assert_eq!(json["run"]["state"], "unfinished");
    let kept = json["totals"]["requests"].as_u64().unwrap();
    assert!(kept >= 150, "{kept} of {} are kept", shop.requests());
    // Four statements a request. They are put down to it one interval later, and none is made up.
    let statements: u64 = counted(&json).values().sum();
    let (least, most) = ((kept - 100) * 4, shop.requests() * 4);
    assert!((least..=most).contains(&statements), "{statements} for {kept}");
    let shown = shop.stage.run(["runs", "show"]).expect(0).out;
    assert!(shown.contains("SELECT Farm"), "{shown}");
}
