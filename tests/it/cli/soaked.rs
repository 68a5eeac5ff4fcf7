//! The market observed with everything beside it, in minutes that last a second: monitors, logs,
//! leaks, the log of the day.

use std::fs::OpenOptions;
use std::io::Write;
use std::process::{Child, Command};

use loadgate::gate::leaks::{LeakFinding, LeakRow, leaks};
use loadgate::record::RunRecord;
use loadgate::units::{Nanos, ReadingUnit};
use serde_json::Value;

use super::observe::{assert_continuous, end, record, segments_told};
use super::stage::{Market, Running, Stage};

/// The customer's scenario with these monitors and logs.
fn scenario(stage: &Stage, more: &str) {
    let folder = env!("CARGO_MANIFEST_DIR");
    stage.file("soak.yaml", format!("include: {folder}/scenarios/customer.yaml\n{more}"));
}

fn observe(stage: &Stage, url: &str, more: &[&str]) -> Running {
    let fixed = ["observe", "-s", "soak.yaml", "--target", url, "--segment", "1s", "-r", "2/s"];
    Running::start(stage.command(fixed.iter().chain(more)))
}

const LINES: u64 = 20;

#[test]
fn a_market_is_observed_with_monitors_and_logs_beside_it() {
    let stage = Stage::new();
    let market = Market::start(&stage, &[]);
    stage.file("app.log", "slow query of yesterday\n");
    let app = format!(
        "monitors:\n\
         \x20 - {{ process: {{ pid: {} }}, name: app, every: 1s, limits: {{ rss_bytes: < 2GB }} }}\n\
         \x20 - json: /api/health/metrics\n    name: health\n    every: 1s\n    readings:\n\
         \x20     {{ heap_bytes: $.memory.heapUsed, rss_bytes: $.memory.rss, cpu_s: $.cpu.seconds, \
         pool_active: $.pool.active, pool_idle: $.pool.idle, pool_size: $.pool.size }}\n\
         \x20 - {{ host: true, every: 1s }}\n  - {{ loadgate: true, every: 1s }}\n\
         logs: {{ sources: [ app.log ], built_in: none, rules: {{ slow: {{ match: slow query }} }} }}\n",
        market.pid()
    );
    scenario(&stage, &app);
    let files = ["--daily", "day.md", "--night", "--daily-status", "status.md", "--json", "a.json"];
    let length = ["--for", "25s", "--zone", "Europe/Berlin"];
    let mut run = observe(&stage, &market.url, &[&files[..], &length].concat());
    let mut log = OpenOptions::new().append(true).open(stage.path("app.log")).unwrap();
    for _ in 0..LINES {
        segments_told(&mut run, 1);
        log.write_all(b"slow query: 3 s\nall is well\n").unwrap();
    }
    let done = end(run);
    // How quick a machine with much other work is makes it GO, HOLD or NO-GO.
    assert!([0, 3, 4].contains(&done.code), "{}: {}\n{}", done.code, done.out, done.err);

    let record = record(&stage);
    assert_continuous(&record.intervals);
    assert!(record.intervals.iter().all(|segment| segment.gauges.gap.is_none()));
    let measured: Nanos = record.intervals.iter().fold(Nanos::ZERO, |sum, one| sum + one.length);
    // Journeys that are under way come to their end.
    assert!(measured >= Nanos::from_secs(25), "{measured}");
    assert!(record.intervals.len() > 20, "{}", record.intervals.len());
    assert!(record.catalogue.iter().count() >= 40);

    let json: Value = serde_json::from_str(&stage.read("a.json")).unwrap();
    assert_eq!(json["run"]["state"], "complete");
    assert_eq!(json["timeline"].as_array().unwrap().len(), record.intervals.len());
    let readings = json["readings"].as_array().unwrap();
    assert!(readings.len() >= 25, "{} readings", readings.len());
    for name in ["app.rss_bytes", "health.heap_bytes", "host.memory_use", "loadgate.rss_bytes"] {
        let row = readings.iter().find(|row| row["name"] == name);
        assert!(
            row.unwrap_or_else(|| panic!("{readings:?}"))["max"].as_f64() > Some(0.0),
            "{name}"
        );
    }
    // Each line once, though they came while segments ended.
    let slow = &json["logs"][0];
    assert_eq!((&slow["name"], &slow["lines"]), (&"slow".into(), &LINES.into()), "{slow}");
    assert_eq!(json["log_sources"][0]["lines"], 2 * LINES, "{}", json["log_sources"]);
    let growth = json["leaks"].as_array().unwrap();
    assert!(growth.len() >= 4, "{growth:?}");
    for row in growth {
        let why = row["why"].as_str().unwrap();
        assert!(row["finding"] == "OPEN" && why.starts_with("too short to say"), "{row}");
    }
    let log = stage.read("day.md");
    assert!(log.contains("### Day ") && log.contains("| Night "), "{log}");
    let memory = log.lines().find(|line| line.starts_with("| Memory Usage")).unwrap();
    assert!(memory.contains("MB"), "{memory}");
    let log = stage.run(["report", "--daily", "-", "--night"]).expect(0).out;
    assert_eq!(log, stage.read("day.md"), "the same from the store");
    assert!(stage.read("status.md").starts_with("Subject: [STAGING]"));
}

/// A process whose memory stays as it is.
struct Idle(Child);

impl Drop for Idle {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// How much longer each second is taken for: half an hour.
const SLOWER: u64 = 1_800;
/// What the market leaks a second, in bytes.
const LEAK: f64 = 4e6;

/// The same observation as if each of its seconds had been half an hour: what was read stays what
/// it is.
fn slowed(record: &RunRecord) -> RunRecord {
    let mut slowed = record.clone();
    for segment in &mut slowed.intervals {
        segment.start = Nanos(segment.start.0 * SLOWER);
        segment.length = Nanos(segment.length.0 * SLOWER);
    }
    slowed
}

/// What is said of a reading.
fn row(record: &RunRecord, name: &str) -> LeakRow {
    let rows = leaks(record);
    let found = rows.iter().find(|row| row.reading == name).cloned();
    found.unwrap_or_else(|| panic!("{name} is not in {rows:?}"))
}

#[test]
fn a_market_that_leaks_is_called_a_leak_once_that_can_be_said() {
    let stage = Stage::new();
    let market = Market::start(&stage, &["--fault", "leak:rate=4MB/s"]);
    let idle = Idle(Command::new("sleep").arg("600").spawn().unwrap());
    let monitors = format!(
        "monitors:\n  - {{ process: {{ pid: {} }}, name: app, every: 1s }}\n\
         \x20 - {{ process: {{ pid: {} }}, name: idle, every: 1s }}\n",
        market.pid(),
        idle.0.id()
    );
    scenario(&stage, &monitors);
    let done = end(observe(&stage, &market.url, &["--for", "30s"]));
    assert!([0, 3, 4].contains(&done.code), "{}: {}\n{}", done.code, done.out, done.err);
    drop(idle);

    // Half a minute says nothing of either.
    let record = record(&stage);
    for name in ["app.rss_bytes", "idle.rss_bytes"] {
        let LeakFinding::Open(why) = row(&record, name).finding else { panic!("{name}") };
        assert!(why.starts_with("too short to say: read for "), "{why}");
    }
    // The same readings over fifteen hours do.
    let slowed = slowed(&record);
    let still = row(&slowed, "idle.rss_bytes");
    assert_eq!(still.finding, LeakFinding::Clean, "{still:?}");
    let leaking = row(&slowed, "app.rss_bytes");
    assert_eq!(leaking.finding, LeakFinding::Leak, "{leaking:?}");
    assert_eq!(ReadingUnit::of(&leaking.reading), ReadingUnit::Bytes);
    // In an hour of it the market leaks what it does in two seconds; it grows a little by itself.
    let slope = leaking.slope.unwrap();
    assert!((slope.value / (2.0 * LEAK) - 1.0).abs() < 0.15, "{}", leaking.text());
    assert!(leaking.hours_left.is_some_and(|left| left > 0.0), "{leaking:?}");
}
