//! Simulated observations from outside: what is stored, printed, written and told.

use serde_json::Value;

use super::server::{Answer, Server};
use super::stage::Stage;

/// A day in segments of ten minutes, with an hour in which half of the requests fail.
const SPEC: &str = "\
name: market
length: 24h
start: 2026-01-05T07:00
zone: Europe/Berlin
segment: 10m
rate: 12/m
endpoints: 2
response: { median: 80ms, p95: 240ms }
faults: [ { from: 10h, to: 14h, errors: 50% } ]
readings:
  app.rss_bytes: { level: 450MB, noise: 3MB }
";

/// The examples of docs/observation.md: what they are told to show they do show.
#[test]
fn memory_that_leaks_is_told_from_memory_that_does_not() {
    let stage = Stage::new();
    for (name, finding) in
        [("leak", "LEAK"), ("flat", "CLEAN"), ("sawtooth", "CLEAN"), ("warm-up", "CLEAN")]
    {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/simulations");
        let spec = format!("{folder}/{name}.yaml");
        let done = stage.run(["observe", "--simulate", &spec, "--json", "seen.json"]).expect(6);
        let row =
            done.out.lines().find(|line| line.contains("app.rss_bytes  ") && line.contains("/h ["));
        let row = row.unwrap_or_else(|| panic!("{name}: {}", done.out));
        assert!(row.split_whitespace().any(|word| word == finding), "{name}: {row}");
        let json: Value = serde_json::from_str(&stage.read("seen.json")).unwrap();
        let leak = &json["leaks"][0];
        assert_eq!((&leak["name"], &leak["finding"]), (&"app.rss_bytes".into(), &finding.into()));
        let issues = json["observation"]["days"][1]["issues"].to_string();
        assert_eq!(issues.contains("LEAK"), finding == "LEAK", "{name}: {issues}");
        if finding == "LEAK" {
            let slope = leak["growth_per_h"].as_f64().unwrap_or_else(|| panic!("{leak}"));
            assert!((slope / 2e6 - 1.0).abs() < 0.1, "{slope}");
        }
    }
}

#[test]
fn two_days_with_a_stop_clocks_that_are_set_and_the_end_of_summer_lose_and_double_nothing() {
    let stage = Stage::new();
    let spec = "length: 48h\nstart: 2026-10-24T07:00\nzone: Europe/Berlin\nsegment: 10m\nrate: 6/m\n\
                gaps: [ { at: 20h, length: 43m } ]\n\
                jumps: [ { at: 5h, by: -90s }, { at: 30h, by: +1h } ]\n";
    stage.file("days.yaml", spec);
    stage.run(["observe", "--simulate", "days.yaml", "--json", "days.json"]).expect(6);
    let json: Value = serde_json::from_str(&stage.read("days.json")).unwrap();
    assert_eq!(json["totals"]["requests"], 6 * (48 * 60 - 43));
    let gaps = json["observation"]["gaps"].as_array().unwrap();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    let mut until = 0;
    for segment in json["timeline"].as_array().unwrap() {
        let start = segment["start_ns"].as_u64().unwrap();
        let missing = (start - until).div_euclid(60_000_000_000);
        assert!([0, 43].contains(&missing), "{missing} minutes before {segment}");
        until = start + segment["length_ns"].as_u64().unwrap();
    }
    assert_eq!(until.div_euclid(3_600_000_000_000), 48);
}

#[test]
fn a_simulation_is_stored_shown_and_never_go() {
    let stage = Stage::new();
    stage.file("day.yaml", SPEC);
    let files = ["--daily", "daily.md", "--daily-status", "status.md", "--json", "day.json"];
    let args = ["observe", "--simulate", "day.yaml"].into_iter().chain(files);
    let done = stage.run(args).expect(6);
    assert!(done.err.contains("day 1, 17:"), "{}", done.err);
    assert!(done.err.contains("GO → "), "{}", done.err);
    assert!(done.err.contains("day 1 (2026-01-05), morning is over"), "{}", done.err);
    assert!(done.out.contains("simulated from day.yaml"), "{}", done.out);

    let json: Value = serde_json::from_str(&stage.read("day.json")).unwrap();
    assert_eq!(json["valid"], false);
    let observation = &json["observation"];
    assert_eq!(observation["simulated"], "day.yaml");
    assert_eq!(observation["verdict"], "INVALID");
    assert_eq!(observation["worst"], "ROLLBACK");
    let day = &observation["days"][0];
    assert_eq!((&day["number"], &day["status"]), (&Value::from(1), &Value::from("issues")));
    let rate = &day["metrics"][0];
    assert_eq!(rate["metric"], "error_share");
    assert_eq!(rate["parts"][0]["value"], 0.0);
    assert!(rate["parts"][2]["value"].as_f64().unwrap() > 0.2, "{rate}");
    let cpu = &day["metrics"][6];
    assert_eq!(
        (&cpu["parts"][0]["value"], &cpu["status"]),
        (&Value::Null, &Value::from("missing"))
    );

    let daily = stage.read("daily.md");
    assert!(daily.contains("SIMULATED"), "{daily}");
    assert!(daily.contains("### Day 1 (2026-01-05)"), "{daily}");
    assert!(!daily.contains("Night"), "{daily}");
    let status = stage.read("status.md");
    assert!(status.starts_with("Subject: [STAGING] market [version] - Day 1 Status Update\n"));

    // The same from the store.
    let again = stage.run(["report", "--daily", "-"]).expect(0).out;
    assert_eq!(again, daily);
    let night = stage.run(["report", "--daily", "-", "--night"]).expect(0).out;
    assert!(night.contains("| Night "), "{night}");
    let page = stage.run(["report", "--html", "-"]).expect(0).out;
    assert!(page.contains("SIMULATED from day.yaml"), "the page says it");
    let first = stage.json(["report", "--json", "-"]);
    assert_eq!(first["observation"], *observation);
}

#[test]
fn whoever_is_to_be_told_of_changes_is_told_of_each_in_order() {
    let stage = Stage::new();
    let tell = "gate:\n  on_change: [ { exec: [ sh, -c, \"cat >> told; echo >> told\" ] } ]\n  \
                on_rollback: [ { exec: [ sh, -c, \"cat > rolled\" ] } ]\n";
    stage.file("day.yaml", format!("{SPEC}{tell}"));
    stage.run(["observe", "--simulate", "day.yaml", "-q"]).expect(6);
    let told: Vec<Value> =
        stage.read("told").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let words: Vec<_> = told.iter().map(|one| one["to"].as_str().unwrap()).collect();
    assert_eq!(words.last(), Some(&"GO"), "{words:?}");
    assert!(words.contains(&"ROLLBACK"), "{words:?}");
    assert_eq!(told[0]["from"], "GO");
    for two in told.windows(2) {
        assert_eq!(two[0]["to"], two[1]["from"]);
    }
    for one in &told {
        assert_eq!((&one["schema_version"], &one["scenario"]), (&Value::from(1), &"market".into()));
        assert_eq!((&one["simulated"], &one["day"]), (&Value::from(true), &Value::from(1)));
        assert!(one["figures"]["error_share"].is_number(), "{one}");
        assert!(!one["why"].as_str().unwrap().is_empty());
    }
    let rolled: Value = serde_json::from_str(&stage.read("rolled")).unwrap();
    assert_eq!(rolled["verdict"], "ROLLBACK");
}

#[test]
fn what_is_wrong_with_a_description_ends_with_its_place() {
    let stage = Stage::new();
    stage.file("day.yaml", "length: 24h\nzone: Europe/Berlni\n");
    let done = stage.run(["observe", "--simulate", "day.yaml"]).expect(2);
    assert!(done.err.contains("day.yaml:2:7"), "{}", done.err);
    assert!(done.err.contains("did you mean `Europe/Berlin`?"), "{}", done.err);
    let done = stage.run(["observe", "--simulate", "none.yaml"]).expect(2);
    assert!(done.err.contains("can't read `none.yaml`"), "{}", done.err);
    stage.run(["observe"]).expect(2);
}

#[test]
fn a_run_that_is_no_observation_has_no_days() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    stage.run(["run", "--url", &server.url, "-u", "1", "-n", "3", "-q"]).expect(0);
    let done = stage.run(["report", "--daily", "-"]).expect(2);
    assert!(done.err.contains("is no observation"), "{}", done.err);
    assert!(stage.json(["report", "--json", "-"]).get("observation").is_none());
}

#[test]
fn a_day_that_was_not_observed_has_no_status() {
    let stage = Stage::new();
    stage.file("day.yaml", "length: 1h\nrate: 1/m\n");
    stage.run(["observe", "--simulate", "day.yaml", "-q"]).expect(6);
    let done = stage.run(["report", "--daily-status", "-", "--day", "9"]).expect(2);
    assert!(done.err.contains("has no day 9") && done.err.contains("hint: it has these: 1"));
}
