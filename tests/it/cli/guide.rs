//! The staging guide from its first box to its decision, by the program alone.

mod example;
mod site;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use site::Site;

use super::stage::{done, within};

/// What only people know, with what they say of it.
const PEOPLE: [(&str, &str); 14] = [
    ("go.feedback", "--holds"),
    ("go.confidence", "--holds"),
    ("no-go.rollback", "--fails"),
    ("no-go.bugs", "--fails"),
    ("no-go.concerns", "--fails"),
    ("rollback.security", "--fails"),
    ("done.issues", "--holds"),
    ("done.rollback", "--holds"),
    ("done.approval", "--holds"),
    ("done.plan", "--holds"),
    ("done.documentation", "--holds"),
    ("pre.rollback-plan", "--holds"),
    ("pre.notified", "--holds"),
    ("pre.environment", "--holds"),
];

/// Rows that one of these answers, too.
const IMPLIED: [&str; 3] = ["done.confidence", "outcome.confidence", "outcome.experience"];

/// What is measured and stays open until a system was watched for hours: somebody has to take
/// responsibility for what can't be shown in the time of a test.
const HOURS: [&str; 2] = ["go.memory", "done.observation"];

#[test]
fn timing_the_whole_guide_from_the_first_box_to_go_and_no_go() {
    let mut site = Site::open();
    before_the_upgrade(&mut site);
    the_wrong_version_is_told_within_seconds(&site);
    site.deploy_good();
    the_first_hour(&site);
    let run = site.measures(0, &["run", "--baseline", "prisma-6.19.0", "--lead", "500ms"]);
    assert!(run.out.contains("Version 7.0.1 may go to production"), "{}", run.out);
    what_is_missing_holds_it_up(&site);
    watched_and_attested_it_is_go(&site);
    site.deploy_slow();
    a_slow_endpoint_is_no_go(&mut site);
}

fn before_the_upgrade(site: &mut Site) {
    site.ends(0, &["init", "--yes", "--target", &site.url()]);
    site.make_it_theirs();
    let pre = site.ends(0, &["check", "--profile", "pre"]);
    assert!(pre.out.ends_with("PASSED  6 of 6 checks passed\n"), "{}", pre.out);
    let capture = ["baseline", "capture", "prisma-6.19.0", "--repeat", "6", "-d", "2s"];
    site.measures(0, &[&capture[..], &["--lead", "500ms"]].concat());
}

/// The old version is still there: whoever has deployed it hears so at once.
fn the_wrong_version_is_told_within_seconds(site: &Site) {
    let mut command = site.command(&["check", "--profile", "immediate", "--json", "-"]);
    let told = within(Duration::from_secs(10), move || done(command.output().unwrap()));
    assert_eq!(told.code, 99, "{}", told.err);
    let found: Value = serde_json::from_str(&told.out).unwrap();
    let rows = found["profiles"][0]["checks"].as_array().unwrap();
    let version = rows.iter().find(|row| row["name"] == "healthy, and the right version").unwrap();
    assert_eq!(version["outcome"], "failed");
    let text = version["found"].as_str().unwrap();
    assert!(text.starts_with("check `prisma == 7.0.1` failed: found `6.19.0`"), "{text}");
}

fn the_first_hour(site: &Site) {
    let immediate = site.ends(0, &["check", "--profile", "immediate"]);
    assert!(immediate.out.contains("version 7.0.1"), "{}", immediate.out);
    let critical = site.ends(0, &["check", "--profile", "critical"]);
    assert_eq!(critical.out.matches("\n  ✓ ").count(), 4 + 27, "{}", critical.out);
}

fn decided(site: &Site, code: i32) -> Value {
    let done = site.ends(code, &["decide", "--json", "-"]);
    serde_json::from_str(&done.out).unwrap()
}

fn what_is_missing_holds_it_up(site: &Site) {
    let document = decided(site, 3);
    assert_eq!(document["data"]["decision"]["verdict"], "HOLD");
    for (id, _) in PEOPLE {
        assert_eq!(Site::row(&document, id)["state"]["kind"], "missing", "{id}");
    }
}

fn watched_and_attested_it_is_go(site: &Site) {
    let watch = ["observe", "-s", "scenarios/watch.yaml", "--for", "7s", "--segment", "1s"];
    site.ends(0, &watch);
    let all = PEOPLE.into_iter().chain(HOURS.map(|id| (id, "--holds")));
    for (id, stand) in all {
        site.ends(0, &["attest", id, "--by", "Ann", "--note", "we have looked at it", stand]);
    }
    let shown = site.ends(0, &["decide"]);
    assert!(shown.out.contains("\nGO\nVersion 7.0.1 may go to production"), "{}", shown.out);
    let genuine = site.ends(0, &["decide", "--verify", "decision.html"]);
    assert!(genuine.out.starts_with("GENUINE\n"), "{}", genuine.out);
    let document = decided(site, 0);
    // What was done on days and what on nights depends on the hour of the test.
    let of_days = ["morning", "mid_day", "evening"].map(Value::from);
    let lists = document["data"]["decision"]["lists"].as_array().unwrap();
    let mut people: BTreeSet<&str> = BTreeSet::new();
    for row in lists
        .iter()
        .filter(|list| !of_days.contains(&list["name"]))
        .flat_map(|list| list["rows"].as_array().unwrap())
    {
        let id = row["id"].as_str().unwrap();
        assert_eq!(row["standing"], "good", "{row}");
        if row["state"]["kind"] != "measured" {
            people.insert(id);
        }
    }
    let hours = HOURS.into_iter().chain(["no-go.memory"]);
    let said = PEOPLE.iter().map(|(id, _)| *id).chain(IMPLIED).chain(hours.clone());
    assert_eq!(people, said.collect(), "all others are measured");
    for id in hours {
        let state = &Site::row(&document, id)["state"];
        assert!(state["beside"].as_str().is_some_and(|figure| !figure.is_empty()), "{id}: {state}");
    }
}

fn a_slow_endpoint_is_no_go(site: &mut Site) {
    let run = site.measures(4, &["run", "--baseline", "prisma-6.19.0", "--lead", "500ms"]);
    assert!(run.out.contains("NO-GO"), "{}", run.out);
    let shown = site.ends(4, &["decide"]);
    let (_, verdict) = shown.out.split_once("\nNO-GO\n").unwrap();
    assert!(verdict.contains("`GET /api/farms` (View farm list) p95 +"), "{verdict}");
    let document = decided(site, 4);
    let slow = Site::row(&document, "no-go.performance");
    assert_eq!((&slow["standing"], &slow["state"]["answer"]), (&"bad".into(), &"yes".into()));
    let figure = slow["state"]["figure"].as_str().unwrap();
    assert!(figure.contains("`GET /api/farms` (View farm list) p95 +"), "{figure}");
}
