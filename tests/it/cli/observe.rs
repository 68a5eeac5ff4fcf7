//! Observations from outside: killed, stopped, gone on with; nothing lost and nothing twice.

use std::time::Duration;

use loadgate::engine;
use loadgate::names::Metric;
use loadgate::record::{Interval, RunRecord};
use loadgate::store::{Store, StoreLocation};
use loadgate::units::{Nanos, group_thousands};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde_json::Value;
use sqlx::{Connection, Executor, SqliteConnection};

use super::server::{Answer, Server};
use super::stage::{Done, Market, Running, Stage, is_long, until, within};

/// A scenario of short journeys, so that a stop does not wait.
fn scenario(stage: &Stage, path: &str) {
    let text = format!(
        "journeys: {{ look: {{ steps: [ {{ get: {path} }} ] }} }}\n\
         load: [ {{ phase: steady, rate: 50/s, for: 1m }} ]\n"
    );
    stage.file("a.yaml", text);
}

/// What is given in every call; the usual rate of 1/s would make these tests long.
fn args<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["observe", "-s", "a.yaml", "--target", url, "--segment", "1s"];
    fixed.iter().chain(more).copied().collect()
}

fn observe(stage: &Stage, url: &str, more: &[&str]) -> Running {
    Running::start(stage.command(args(url, more)))
}

pub(super) fn end(run: Running) -> Done {
    within(Duration::from_secs(40), move || run.end())
}

/// Reads messages until `count` segments are told.
pub(super) fn segments_told(run: &mut Running, count: usize) {
    let mut told = 0;
    while told < count {
        let line = run.error_line();
        assert!(!line.is_empty(), "it ended");
        told += usize::from(line.contains(" requests · "));
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

async fn store(stage: &Stage) -> Store {
    Store::open(&StoreLocation::File(stage.path("store.db"))).await.unwrap()
}

/// What a reader finds: the segments of the only observation, without their distributions.
fn stored(stage: &Stage) -> Vec<Interval> {
    block_on(async {
        let store = store(stage).await;
        let mut all = Vec::new();
        for header in store.unfinished().await.unwrap() {
            let mut show = |interval| {
                all.push(interval);
                Ok(())
            };
            store.walk(&header.id, &[], &mut show).await.unwrap();
        }
        all
    })
}

pub(super) fn record(stage: &Stage) -> RunRecord {
    block_on(async { store(stage).await.load("latest").await.unwrap() })
}

fn runs(stage: &Stage) -> Vec<Value> {
    stage.json(["runs", "list", "--json"])["runs"].as_array().unwrap().clone()
}

fn started(intervals: &[Interval]) -> u64 {
    // Of the only endpoint; the journey has the same number.
    let tallies = intervals.iter().flat_map(|interval| &interval.tallies);
    tallies.filter(|tally| tally.counts.sent_bytes > 0).map(|tally| tally.counts.started).sum()
}

/// Segments follow each other, and where they don't, the gap says how much is missing.
#[track_caller]
pub(super) fn assert_continuous(segments: &[Interval]) {
    let mut end = Nanos::ZERO;
    for segment in segments {
        let gap = segment.gauges.gap.as_ref().map_or(Nanos::ZERO, |gap| gap.length);
        assert_eq!(segment.start, end + gap, "{:?}", segment.gauges);
        assert!(segment.length > Nanos::ZERO);
        end = segment.start + segment.length;
    }
}

/// Kills an observation twenty times, each at a random moment of `longest`: of the half minute in
/// which a test can be made, or of the five minutes of the long form.
#[test]
#[expect(clippy::disallowed_methods, reason = "the moment of the kill is to be any")]
fn a_killed_observation_goes_on_and_loses_no_closed_segment() {
    let longest = Duration::from_millis(if is_long() { 28_000 } else { 2_500 });
    let began = engine::Clock::start();
    let stage = Stage::new();
    let market = Market::start(&stage, &[]);
    scenario(&stage, "/api/health");
    let mut random = Pcg64::seed_from_u64(20);
    let mut before: Vec<Vec<Interval>> = Vec::new();
    for kill in 0..20 {
        let mut run = observe(&stage, &market.url, &["--for", "48h", "-r", "20/s"]);
        // Twice it is killed before it has stored anything, or is on its way to it.
        if kill % 10 != 9 {
            segments_told(&mut run, 1);
        }
        std::thread::sleep(longest.mul_f64(random.random_range(0.0..1.0)));
        if stage.has_store() {
            before.push(stored(&stage));
        }
        run.signal("KILL");
        end(run).expect(137);
    }
    let all = stored(&stage);
    let lost: Nanos = all
        .iter()
        .filter_map(|one| one.gauges.gap.as_ref())
        .fold(Nanos::ZERO, |sum, gap| sum + gap.length);
    println!("{} segments, {} looks, {lost} missing, {}", all.len(), before.len(), began.now());
    assert_eq!(runs(&stage).len(), 1, "one observation");
    for seen in &before {
        assert_eq!(all.get(..seen.len()), Some(seen.as_slice()), "what was stored stays");
    }
    assert_continuous(&all);
    let gaps: Vec<_> = all.iter().filter_map(|segment| segment.gauges.gap.as_ref()).collect();
    assert!((17..20).contains(&gaps.len()), "{} gaps", gaps.len());
    assert!(gaps.iter().all(|gap| gap.why == "loadgate was not running"), "{gaps:?}");
    let walls: Vec<_> = all.iter().filter_map(|segment| segment.gauges.wall_unix_ns).collect();
    assert_eq!(walls.len(), all.len());
    // Nothing is stored that was not sent, and of each process less than two segments are missing.
    let sent = market.stats()["requests"].as_u64().unwrap();
    let kept = started(&all);
    assert!(kept <= sent && sent <= kept + 20 * (2 * 20 + 10), "{kept} of {sent}");

    let json = stage.json(["report", "--format", "json"]);
    assert_eq!(json["run"]["state"], "unfinished");
    assert_eq!(json["totals"]["requests"], kept);
    let page = stage.run(["report", "latest", "--html", "-"]).expect(0);
    assert!(page.out.contains("unfinished"));

    let done = stage.run(args(&market.url, &["--finish"])).expect(0);
    assert!(done.out.contains(&format!("{} requests", group_thousands(kept))), "{}", done.out);
    let json = stage.json(["report", "--format", "json"]);
    assert_eq!(json["run"]["state"], "interrupted");
    assert_eq!(json["totals"]["requests"], kept);
    assert_eq!(json["totals"]["errors"], 0, "{}", json["error_kinds"]);
    let notes = json["notes"].to_string();
    assert!(notes.contains("are missing in ") && notes.contains("at the end"), "{notes}");
    let whole = record(&stage);
    let end = whole.end.unwrap();
    assert_eq!(whole.totals, loadgate::record::Totals::from_intervals(&whole.intervals).unwrap());
    // Each process asks for the version once.
    assert!(end.generator.requests_sent >= kept);
    assert!(end.generator.cpu > Nanos::ZERO && end.generator.workers.len() == 1);
}

#[test]
fn a_stopped_observation_is_stored_and_goes_on_by_itself() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    scenario(&stage, "/");
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let mut run = observe(&stage, &server.url, &["--for", "48h", "-r", "20/s"]);
        segments_told(&mut run, 2);
        run.signal(name);
        let done = end(run).expect(code);
        let done = done.says(&["the same command goes on with it", "`--finish`"]);
        assert!(done.out.contains("unfinished"), "{}", done.out);
        // What was sent up to the last moment is stored.
        assert_eq!(started(&stored(&stage)), server.requests());
    }
    assert_eq!(runs(&stage).len(), 1);
    assert_eq!(runs(&stage)[0]["state"], "unfinished");
    let segments = stored(&stage);
    assert_continuous(&segments);
    let gaps = segments.iter().filter(|segment| segment.gauges.gap.is_some()).count();
    assert_eq!(gaps, 1);
    // Another one is begun only when it is asked for, and the first is still there by its name.
    let id = runs(&stage)[0]["id"].as_str().unwrap().to_owned();
    let mut run = observe(&stage, &server.url, &["--new", "-r", "20/s"]);
    segments_told(&mut run, 1);
    run.signal("INT");
    end(run).expect(130).says(&["observing `a` at http://127.0.0.1:", "20/s journeys (as asked)"]);
    assert_eq!(runs(&stage).len(), 2);
    let done = stage.run(args(&server.url, &["--resume", &id, "--finish", "-q"])).expect(0);
    assert_eq!(done.out, format!("{id}\n"));
    let states: Vec<_> = runs(&stage).into_iter().map(|run| run["state"].clone()).collect();
    assert_eq!(states, ["unfinished", "interrupted"]);
}

#[test]
fn an_observation_whose_time_is_over_is_closed() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    scenario(&stage, "/");
    let done = stage.run(args(&server.url, &["--for", "3s", "-r", "20/s"])).expect(3);
    // Three segments are too few for a state, and what is not known is not GO.
    assert!(done.out.contains("60 requests, 0 errors; HOLD"), "{}", done.out);
    let done = done.says(&["HOLD: too few segments were measured"]);
    assert!(done.err.contains("`loadgate report "), "{}", done.err);
    let json = stage.json(["report", "--format", "json"]);
    assert_eq!(json["run"]["state"], "complete");
    assert_eq!(json["totals"]["requests"], 60);
    let record = record(&stage);
    assert_eq!(record.header.observation.unwrap().planned, Nanos::from_secs(3));
    assert_eq!(record.intervals[0].length, Nanos::SECOND);
    assert!(record.intervals.iter().all(|segment| segment.gauges.gap.is_none()));
    // The next is another one.
    let done = stage.run(args(&server.url, &["--for", "1s"])).expect(3);
    done.says(&["observing `a`", "1/s journeys (the usual rate; `-r` sets another)"]);
    assert_eq!(runs(&stage).len(), 2);
}

#[test]
fn memory_stays_within_its_bounds_when_many_series_are_observed() {
    let stage = Stage::new();
    let market = Market::start(&stage, &[]);
    let fixed = ["observe", "-s", "customer", "--target", &market.url, "--segment", "1s"];
    let load = ["-r", "2/s", "--for", "48h"];
    let mut run = Running::start(stage.command(fixed.iter().chain(&load)));
    segments_told(&mut run, 30);
    run.signal("INT");
    run.signal("INT");
    end(run).expect(130);
    let record = record(&stage);
    assert!(record.catalogue.iter().count() >= 40);
    let peaks: Vec<u64> = record
        .intervals
        .iter()
        .filter_map(|segment| Some(segment.gauges.checkpoint.as_ref()?.peak_rss_bytes))
        .collect();
    let last = *peaks.last().unwrap();
    assert!(last <= 64 << 20, "{last} bytes");
}

#[test]
fn only_the_same_observation_is_gone_on_with() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    scenario(&stage, "/");
    let mut run = observe(&stage, &server.url, &["--for", "1h", "-r", "20/s"]);
    segments_told(&mut run, 1);
    // Not by two at a time.
    let second = stage.run(args(&server.url, &[])).expect(1);
    second.says(&["error: ", "another process", "hint: ", "one process at a time"]);
    run.signal("KILL");
    end(run).expect(137);
    let sent = server.requests();
    for (more, part) in [
        (&["-r", "30/s"][..], "its load is `20/s for 1h"),
        (&["--for", "2h"], "its load is `20/s for 1h"),
        (&["-H", "x: y"], "its flags is `no flags`"),
        (&["--seed", "9"], "its seed is `1`"),
        (&["--resume", "nonsense"], "no unfinished observation is named `nonsense`"),
        (&["--users", "3"], "`--users` is no load of an observation"),
    ] {
        let done = stage.run(args(&server.url, more)).expect(2);
        done.says(&["error: ", part, "hint: "]);
    }
    scenario(&stage, "/other");
    let done = stage.run(args(&server.url, &[])).expect(2);
    done.says(&["its scenario is `a (", "`--new`", "`--finish`"]);
    assert_eq!(server.requests(), sent, "nothing was sent");
    let other = stage.run(args("http://127.0.0.1:1", &["--finish"])).expect(2);
    other.says(&["there is no unfinished observation of `a`"]);
    assert_eq!(runs(&stage).len(), 1);
}

#[test]
fn a_target_that_is_away_is_observed() {
    let stage = Stage::new();
    let mut market = Market::start(&stage, &[]);
    let url = market.url.clone();
    scenario(&stage, "/api/health");
    let more = ["--for", "48h", "-r", "20/s"];
    let mut run = observe(&stage, &url, &more);
    segments_told(&mut run, 2);
    market.kill();
    segments_told(&mut run, 3);
    run.signal("KILL");
    end(run).expect(137);
    // It is started again while the target is still away.
    let mut run = observe(&stage, &url, &more);
    segments_told(&mut run, 2);
    let listen = url.trim_start_matches("http://").to_owned();
    let mut back =
        Running::start(stage.command(["market", "--listen", &listen, "--size", "small"]));
    assert!(back.line().contains("http://"));
    segments_told(&mut run, 3);
    run.signal("INT");
    let done = end(run).expect(130);
    done.says(&["can't reach the target", "the observation goes on", "going on with observation"]);
    let errors: Vec<u64> = stored(&stage)
        .iter()
        .map(|segment| segment.tallies.iter().map(|tally| tally.counts.failed()).sum())
        .collect();
    let bad = errors.iter().filter(|errors| **errors > 0).count();
    assert!(bad >= 3, "{errors:?}");
    assert_eq!((errors.first(), errors.last()), (Some(&0), Some(&0)), "{errors:?}");
    stage.run(args(&url, &["--finish"])).expect(0);
    let json = stage.json(["report", "--format", "json"]);
    let kinds = json["error_kinds"].as_array().unwrap();
    assert!(kinds.iter().any(|kind| kind["kind"] == "connect"), "{kinds:?}");
    assert!(kinds[0]["first_message"].as_str().is_some_and(|text| !text.is_empty()), "{kinds:?}");
}

#[test]
fn what_a_locked_store_does_not_take_is_stored_later() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    scenario(&stage, "/");
    let mut run = observe(&stage, &server.url, &["--for", "48h", "-r", "20/s"]);
    segments_told(&mut run, 2);
    let url = format!("sqlite://{}", stage.path("store.db").display());
    block_on(async {
        let mut other = SqliteConnection::connect(&url).await.unwrap();
        let mut locked = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
        locked.execute("UPDATE lg_runs SET lasted_ns = lasted_ns").await.unwrap();
        while !run.error_line().contains("the record can't be stored now") {}
        locked.rollback().await.unwrap();
    });
    let so_far = stored(&stage).len();
    until("what was kept is stored", || (stored(&stage).len() > so_far + 5).then_some(()));
    run.signal("INT");
    end(run).expect(130).says(&["is locked by another process", "measuring goes on"]);
    let segments = stored(&stage);
    assert_continuous(&segments);
    assert!(segments.iter().all(|segment| segment.gauges.gap.is_none()));
    assert_eq!(started(&segments), server.requests());
    let response =
        |interval: &Interval| interval.cells.iter().any(|cell| cell.metric == Metric::Response);
    assert!(
        record(&stage).intervals.iter().filter(|one| one.length >= Nanos::SECOND).all(response)
    );
}
