//! Who is slower, the database or the application, and by how much.

use serde_json::Value;

use super::shop::{Shop, ask, tapped};

/// The details of one farm: four statements.
const DETAILS: &str = "\
version: 1
name: details
journeys: { look: { steps: [ { name: Look, get: /api/farms/farm_0007 } ] } }
load: [ { phase: steady, rate: 20/s, for: 6s } ]
";

/// How much is added, in ns.
const ADDED: f64 = 30e6;

/// How far off a median may be measured, in ns.
const OF_MEDIANS: f64 = 2e6;

/// What is blamed is slower by at least this much, in ns, and what is not by at most half of it.
///
/// A split is made of means, and one pause of the machine for 200 ms moves them by 1.7 ms; a busy
/// machine has several.
const BLAMED: f64 = 20e6;

/// Median duration of the statement that reads the images.
fn images(json: &Value) -> f64 {
    let queries = tapped(json);
    let image = |query: &&&Value| query["text"].as_str().unwrap().contains("Upload");
    let found: Vec<&&Value> = queries.iter().filter(image).collect();
    assert_eq!((queries.len(), found.len()), (4, 1), "{queries:?}");
    found[0]["duration"]["p50_ns"].as_f64().unwrap()
}

/// Where the time of a request goes: SQL and application.
fn split(json: &Value) -> (f64, f64) {
    let splits = json["splits"].as_array().unwrap();
    assert_eq!(splits.len(), 1, "{splits:?}");
    let part = |name: &str| splits[0][name].as_f64().unwrap();
    let (sql, application, network) = (part("sql_ns"), part("application_ns"), part("network_ns"));
    assert!((part("service_ns") - sql - application - network).abs() < 10.0, "{splits:?}");
    assert_eq!(splits[0]["statements_per_request"], 4.0);
    (sql, application)
}

#[track_caller]
fn near(found: f64, wanted: f64) {
    assert!((found - wanted).abs() <= OF_MEDIANS, "{found} ns, not {wanted} ns");
}

#[track_caller]
fn blames(guilty: f64, innocent: f64) {
    assert!(guilty >= BLAMED && innocent.abs() <= BLAMED / 2.0, "{guilty} ns and {innocent} ns");
}

#[test]
fn timing_a_slow_statement_is_the_database_s_and_a_slow_answer_the_application_s() {
    let shop = Shop::open(&[]);
    shop.stage.file("details.yaml", DETAILS);
    let run = || shop.json(&["--scenario", "details.yaml"]);
    let before = run();
    let (sql, application) = split(&before);

    shop.fault("slow:endpoint=GET /api/farms/{id},add=30ms");
    let slow = run();
    let (slow_sql, slow_application) = split(&slow);
    blames(slow_application - application, slow_sql - sql);
    near(images(&slow) - images(&before), 0.0);
    shop.fault("slow:query=none,add=1ms");

    // The same text, and a table that takes its time.
    for sql in [
        r#"ALTER TABLE "Upload" RENAME TO "Kept""#,
        r#"CREATE VIEW "Upload" AS SELECT * FROM "Kept" WHERE (SELECT pg_sleep(0.03)) IS NOT NULL"#,
        r#"GRANT SELECT ON "Upload" TO shop"#,
    ] {
        ask(&shop.postgres, "shop", sql);
    }
    let slow = run();
    near(images(&slow) - images(&before), ADDED);
    let (slow_sql, slow_application) = split(&slow);
    blames(slow_sql - sql, slow_application - application);
}
