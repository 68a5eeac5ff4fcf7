//! Monitors of processes, containers, addresses and machines beside a run, from outside.

mod asked;

use std::process::{Child, Command};

use serde_json::Value;

use super::server::{Answer, Server};
use super::stage::{Done, Market, Running, Stage, done, until};

/// A scenario of so many seconds with these monitors.
pub(super) fn scenario(stage: &Stage, target: &str, seconds: u64, monitors: &str) {
    let text = format!(
        "target: {target}\n\
         monitors:\n{monitors}\n\
         journeys: {{ j: {{ steps: [ {{ get: /api/health }} ] }} }}\n\
         load: [ {{ phase: steady, rate: 20/s, for: {seconds}s }} ]\n"
    );
    stage.file("a.yaml", text);
}

pub(super) fn command(stage: &Stage) -> Command {
    stage.command(["run", "--scenario", "a.yaml", "--json", "-"])
}

pub(super) fn run(stage: &Stage) -> Done {
    done(command(stage).output().unwrap())
}

/// The document of a run that ended with `code`.
#[track_caller]
pub(super) fn document(told: Done, code: i32) -> Value {
    let told = told.expect(code);
    serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}: {}", told.out))
}

pub(super) fn row<'v>(document: &'v Value, name: &str) -> &'v Value {
    let rows = document["readings"].as_array().unwrap();
    let found = rows.iter().find(|row| row["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in {rows:?}"))
}

#[track_caller]
pub(super) fn at_least(document: &Value, name: &str, least: f64) {
    let row = row(document, name);
    assert!(row["max"].as_f64().unwrap() >= least, "{row}");
}

/// The values of a reading in the order of time.
fn values(document: &Value, name: &str) -> Vec<f64> {
    let points = document["timeline"].as_array().unwrap();
    let readings = points.iter().filter_map(|point| point["readings"].as_array()).flatten();
    let own = readings.filter(|reading| reading["name"] == name);
    own.filter_map(|reading| reading["value"].as_f64()).collect()
}

#[test]
fn a_process_is_found_by_its_id_its_port_and_its_name() {
    let stage = Stage::new();
    // What no other process has in its command line.
    let seed = u64::from(std::process::id()) + 1_000_000_000;
    let market = Market::start(&stage, &["--seed", &seed.to_string()]);
    let port = market.url.rsplit(':').next().unwrap();
    let pid = market.pid();
    let monitors = format!(
        "  - {{ process: {{ pid: {pid} }}, name: by-id, every: 1s }}\n\
         \x20 - {{ process: {{ port: {port} }}, name: by-port, every: 1s }}\n\
         \x20 - {{ process: {{ name: \"market .*--seed {seed}\" }}, name: by-name, every: 1s }}\n\
         \x20 - {{ loadgate: true, every: 1s }}\n\
         \x20 - {{ host: true, every: 1s }}"
    );
    scenario(&stage, &market.url, 3, &monitors);
    let document = document(run(&stage), 0);
    for name in ["by-id", "by-port", "by-name"] {
        at_least(&document, &format!("{name}.rss_bytes"), 5e6);
        at_least(&document, &format!("{name}.pss_bytes"), 1e6);
        at_least(&document, &format!("{name}.fds"), 5.0);
        at_least(&document, &format!("{name}.threads"), 1.0);
        at_least(&document, &format!("{name}.cpu"), 0.0);
        assert_eq!(row(&document, &format!("{name}.processes"))["max"], 1.0);
        assert_eq!(row(&document, &format!("{name}.restarts"))["max"], 0.0);
    }
    let rss = row(&document, "by-id.rss_bytes");
    assert_eq!((&rss["limit"], &rss["holds"]), (&"< 2 GB".into(), &true.into()));
    assert_eq!(rss["decides"], false);
    assert_eq!(row(&document, "by-id.cpu")["limit"], "avg < 50 %");
    at_least(&document, "loadgate.rss_bytes", 5e6);
    assert_eq!(row(&document, "loadgate.rss_bytes")["limit"], Value::Null);
    for name in ["cpu", "load", "memory_use", "disk_free_bytes", "received_bytes_per_s"] {
        at_least(&document, &format!("host.{name}"), 0.0);
    }
    assert_eq!(document["notes"].as_array().unwrap().len(), 0, "{}", document["notes"]);
    // Too short a run says nothing of leaks, and says so; of loadgate itself nothing is asked.
    let leaks = document["leaks"].as_array().unwrap();
    let names: Vec<_> = leaks.iter().map(|leak| leak["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"by-id.rss_bytes") && names.contains(&"by-port.fds"), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("loadgate.")), "{names:?}");
    assert!(leaks.iter().all(|leak| leak["finding"] == "OPEN"), "{leaks:?}");

    let text = stage.run(["report"]).expect(0).out;
    assert!(text.contains("MONITORS") && !text.contains("LEAKS"), "{text}");
}

#[test]
fn a_market_that_leaks_is_seen_growing() {
    let stage = Stage::new();
    let market = Market::start(&stage, &["--fault", "leak:rate=20MB/s"]);
    let pid = market.pid();
    let monitor = format!(
        "  - {{ process: {{ pid: {pid} }}, name: market, every: 1s, limits: {{ rss_bytes: < 5MB }} }}"
    );
    scenario(&stage, &market.url, 4, &monitor);
    let document = document(run(&stage), 99);
    let rss = values(&document, "market.rss_bytes");
    let (first, last) = (rss.first().unwrap(), rss.last().unwrap());
    // 20 MB a second for at least two of the four seconds, however busy the machine is.
    assert!(last - first >= 40e6, "{rss:?}");
    let limited = row(&document, "market.rss_bytes");
    assert_eq!((&limited["holds"], &limited["decides"]), (&false.into(), &true.into()));
    let line = &document["thresholds"][0];
    assert_eq!(line["subject"], "reading{name:market.rss_bytes}", "{line}");
    let text = stage.run(["report"]).out;
    let line = text.lines().find(|line| line.trim_start().starts_with("market.rss_bytes")).unwrap();
    assert!(line.contains("< 5MB") && line.contains('✗'), "{line}");
}

#[test]
fn limits_count_as_thresholds_and_missing_data_keeps_none() {
    let stage = Stage::new();
    let market = Market::start(&stage, &[]);
    let pid = market.pid();
    let with = |limits: &str| {
        let monitor =
            format!("  - {{ process: {{ pid: {pid} }}, every: 1s, limits: {{ {limits} }} }}");
        scenario(&stage, &market.url, 2, &monitor);
        run(&stage)
    };
    let kept = document(with("rss_bytes: [ < 8GB, p(95) < 8GB ], threads: avg > 0"), 0);
    assert_eq!(row(&kept, "process.rss_bytes")["limit"], "< 8GB, p(95) < 8GB");
    assert_eq!(row(&kept, "process.rss_bytes")["holds"], true);
    assert_eq!(kept["thresholds"].as_array().unwrap().len(), 3);
    // Two seconds say nothing of leaks, and what is not known is not kept.
    let open = document(with("rss_bytes: no leak"), 99);
    assert_eq!(row(&open, "process.rss_bytes")["holds"], Value::Null);
    document(with("rss_bytes: { limit: no leak, optional: true }"), 0);
    let told = with("rss_bytes: < 50%, thread: < 5").expect(2);
    for part in ["`50%` is not a size", "did you mean `threads`?", "a.yaml:3:"] {
        assert!(told.err.contains(part), "`{part}` is not in: {}", told.err);
    }
}

/// A process that does nothing, until it is dropped.
struct Idle(Child);

impl Idle {
    fn start(seconds: &str) -> Self {
        Self(Command::new("sleep").arg(seconds).spawn().unwrap())
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_process_that_is_started_anew_is_found_again_and_told() {
    let stage = Stage::new();
    let target = Server::start(Answer::Json("{}"));
    // A time that nobody else sleeps.
    let seconds = format!("600.{}", std::process::id());
    let monitor = format!(
        "  - {{ process: {{ name: \"^sleep {}$\" }}, name: idle, every: 1s }}",
        seconds.replace('.', "[.]")
    );
    scenario(&stage, &target.url, 8, &monitor);
    let idle = Idle::start(&seconds);
    let running = Running::start(command(&stage));
    until("the run is under way", || (target.requests() >= 20).then_some(()));
    drop(idle);
    let _again = Idle::start(&seconds);
    let document = document(running.end(), 0);
    assert_eq!(row(&document, "idle.restarts")["max"], 1.0);
    let notes = document["notes"].to_string();
    assert!(notes.contains("monitor `idle`: restarted, seen at "), "{notes}");
}

#[test]
fn a_process_that_is_not_there_is_a_gap_with_a_reason() {
    let stage = Stage::new();
    let target = Server::start(Answer::Json("{}"));
    let monitors = "  - { process: { name: no-such-program-anywhere }, name: a, every: 1s }\n\
                    \x20 - { process: { port: 1 }, name: b, limits: { rss_bytes: < 1GB } }";
    scenario(&stage, &target.url, 2, monitors);
    let document = document(run(&stage), 99);
    let notes = document["notes"].to_string();
    for part in [
        "monitor `a`: ",
        "there is no process whose command line fits `no-such-program-anywhere`",
        "monitor `b`: ",
        "nobody listens on port 1 of this machine",
        "it goes on when it answers",
    ] {
        assert!(notes.contains(part), "`{part}` is not in {notes}");
    }
    assert_eq!(row(&document, "b.rss_bytes")["max"], Value::Null);
}
