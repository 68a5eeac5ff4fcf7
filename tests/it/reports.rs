//! One record in every format, and what hostile names in it can't do.

use std::process::Command;

use loadgate::gate::threshold::Status;
use loadgate::names::Metric;
use loadgate::record::{Bank, Pick, Reading, RunRecord, Totals};
use loadgate::report::hlog::{self, Phases};
use loadgate::report::terminal::{self, Style};
use loadgate::report::{Document, FORMATS, Judgement, ThresholdLine, format};
use loadgate::units::{Nanos, count_to_f64};
use serde_json::Value;

use crate::fixture;

fn judgement() -> Judgement {
    let line = |subject: &str, condition: &str, status, measured: &str| ThresholdLine {
        subject: subject.to_owned(),
        condition: condition.to_owned(),
        status,
        fails: status != Status::Passed,
        measured: measured.to_owned(),
    };
    let subject = "http_req_response{journey:customer}";
    Judgement {
        thresholds: vec![
            line(subject, "p(95) < 500ms", Status::Passed, "93.8 ms"),
            line("http_req_failed", "rate < 0.5 %", Status::Failed, "0.99 %"),
            line("http_req_response{journey:farmer}", "p(95) < 1s", Status::NoData, "no data"),
        ],
        ..Judgement::default()
    }
}

fn document(record: &RunRecord) -> Document {
    Document::new(record, &judgement()).unwrap()
}

fn shown(word: &str) -> String {
    format(word).unwrap().render(&document(&fixture::record())).unwrap()
}

/// What was read back of a run that was killed after `seconds`.
fn killed(seconds: usize) -> RunRecord {
    let mut record = fixture::record();
    record.intervals.truncate(seconds);
    record.totals = Totals::from_intervals(&record.intervals).unwrap();
    record.end = None;
    record
}

#[test]
fn every_format_is_laid_out_as_it_was() {
    let record = fixture::record();
    let mut document = document(&record);
    document.stored_in = Some(".loadgate/loadgate.db".to_owned());
    for format in FORMATS {
        insta::assert_snapshot!(format.word(), format.render(&document).unwrap());
    }
    let coloured = terminal::render(&document, Style::Colour).replace('\x1b', "ESC");
    insta::assert_snapshot!("colour", coloured);
}

#[test]
fn missing_data_that_is_accepted_is_no_failure() {
    let mut judgement = judgement();
    judgement.thresholds.remove(1);
    judgement.thresholds[1].fails = false;
    let shown = |judgement: &Judgement| {
        let document = Document::new(&fixture::record(), judgement).unwrap();
        terminal::render(&document, Style::Plain)
    };
    let text = shown(&judgement);
    assert!(text.contains("PASSED") && text.contains("no data"), "{text}");
    judgement.thresholds[1].fails = true;
    assert!(shown(&judgement).contains("FAILED 1 of 2 thresholds"));
}

#[test]
fn a_run_that_is_no_measurement_says_so_first() {
    let judgement = Judgement {
        invalid_reasons: vec!["schedule lag p99 was 80 ms, the limit is 50 ms".to_owned()],
        ..judgement()
    };
    let document = Document::new(&fixture::record(), &judgement).unwrap();
    for format in FORMATS.iter().filter(|format| !["csv", "json"].contains(&format.word())) {
        let text = format.render(&document).unwrap();
        assert!(text.contains("INVALID"), "{} does not say it", format.word());
        assert!(text.contains("80 ms, the limit is 50 ms"), "{} gives no reason", format.word());
    }
}

#[test]
fn a_phase_is_as_long_as_it_was_played() {
    let mut record = fixture::record();
    // As of a run that its number of journeys ends.
    record.header.load.phases[1].length = Nanos::from_secs(86_400);
    assert_eq!(document(&record).load[1].length, Nanos::from_secs(5));
    record.end = None;
    assert_eq!(document(&record).load[1].length, Nanos::from_secs(86_400));
}

#[test]
fn an_unfinished_run_is_reported_from_its_intervals() {
    let document = document(&killed(3));
    assert_eq!(document.run.state, "unfinished");
    assert_eq!(document.run.lasted.as_secs_f64().to_string(), "3");
    assert_eq!(document.totals.requests, 41);
    assert_eq!(document.generator.cpu, None);
    for format in FORMATS {
        assert!(!format.render(&document).unwrap().is_empty());
    }
}

#[test]
fn what_has_no_data_is_never_zero() {
    let document = document(&killed(0));
    assert_eq!(document.totals.response, None);
    assert_eq!(document.totals.rate, None);
    let text = terminal::render(&document, Style::Plain);
    assert!(text.contains("p99 –"), "{text}");
    let json: Value = serde_json::from_str(&FORMATS[1].render(&document).unwrap()).unwrap();
    assert_eq!(json["endpoints"][0]["response"]["p99_ns"], Value::Null);
    assert_eq!(json["totals"]["rate_per_s"], Value::Null);
    assert!(json["generator"]["cpu_s"].is_null());
}

#[test]
fn the_json_document_keeps_its_contract() {
    let json: Value = serde_json::from_str(&shown("json")).unwrap();
    let has = |at: &str| assert!(json.pointer(at).is_some(), "{at} is missing");
    assert_eq!(json["schema_version"], 1);
    for key in ["id", "scenario", "seed", "started", "duration_s", "target_version"] {
        has(&format!("/run/{key}"));
    }
    for key in ["valid", "invalid_reasons", "verdict", "generator/cpu_s", "generator/lag/p99_ns"] {
        has(&format!("/{key}"));
    }
    for key in ["name", "journey", "step", "count", "errors"] {
        has(&format!("/endpoints/0/{key}"));
        has(&format!("/queries/0/{key}"));
    }
    for times in ["endpoints/0/response", "endpoints/0/service", "queries/0/duration"] {
        for key in ["mean_ns", "p50_ns", "p90_ns", "p95_ns", "p99_ns", "p999_ns", "max_ns"] {
            assert!(json.pointer(&format!("/{times}/{key}")).unwrap().is_u64(), "{times}/{key}");
        }
    }
    assert_eq!(json["verdict"], Value::Null);
    assert_eq!(json["totals"]["requests"], 101);
    assert_eq!(json["totals"]["errors"], 1);
    assert_eq!(json["totals"]["dropped"], 1);
    let counts = json["endpoints"].as_array().unwrap().iter().map(|row| row["count"].as_u64());
    assert_eq!(counts.map(Option::unwrap).sum::<u64>(), 101);

    let query = &json["queries"][0];
    assert_eq!(query["name"], "farm.findMany");
    assert_eq!(query["count"], 80);
    assert_eq!(query["step"], Value::Null);
    assert_eq!(query["endpoints"], serde_json::json!(["GET /api/farms", "POST /api/orders"]));
}

#[test]
fn hostile_names_are_only_text() {
    let html = shown("html");
    only_its_own(&html);
    assert!(html.contains("&lt;script&gt;"));
    assert!(html.contains("default-src &#x27;none&#x27;"));

    let markdown = shown("markdown");
    assert!(!markdown.contains("<script") && markdown.contains("&lt;script&gt;"));
    assert!(markdown.contains(r"=cmd()\|calc"));
    assert!(markdown.contains(r"\`step\` \| with \*marks\*"));

    for cell in shown("csv").split([',', '\n']) {
        let formula = ["=", "+", "-", "@", "\"="].iter().any(|start| cell.starts_with(start));
        assert!(!formula, "{cell} is a formula");
    }
    for word in ["text", "markdown", "html", "csv", "junit"] {
        let hostile = |c: char| c.is_control() && c != '\n';
        assert_eq!(shown(word).find(hostile), None, "{word} has a control character");
    }
    let coloured = terminal::render(&document(&fixture::record()), Style::Colour);
    assert!(!coloured.contains("\x1b[31mno <b>"), "a server coloured our terminal");
}

#[test]
fn the_summary_fits_a_terminal_and_a_file_has_whole_names() {
    let record = fixture::record();
    let fitted = terminal::render_within(&document(&record), Style::Plain, 120);
    for line in fitted.lines() {
        assert!(line.chars().count() <= 120, "{line}");
    }
    assert!(fitted.contains('…') && shown("text").contains("with *marks*, and a comma"));
}

#[test]
fn formats_have_words_of_their_own() {
    let words: Vec<&str> = FORMATS.iter().map(|format| format.word()).collect();
    assert_eq!(words, ["text", "json", "markdown", "html", "csv", "junit"]);
    assert!(format("pdf").is_none());
}

/// The reference port for Python reads our log and finds our percentiles.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test's own settings come from outside")]
fn other_tools_read_the_log_and_find_the_same() {
    let record = fixture::record();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.hlog");
    std::fs::write(&path, hlog::render(&record, Phases::Measured).unwrap()).unwrap();
    let python = std::env::var("LOADGATE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hlog_check.py");
    let output = Command::new(&python).arg(script).arg(&path).output().unwrap();
    assert!(
        output.status.success(),
        "this test needs a Python with `pip install hdrhistogram`, named by LOADGATE_TEST_PYTHON: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();

    let pick = Pick::of(&record.header.load.phases, Bank::Measured);
    let mut tags = 0;
    for (id, series) in record.catalogue.iter() {
        for metric in Metric::ALL {
            let ours = record.totals.histogram(&pick, [id], metric);
            let theirs = &found["tags"][hlog::tag(series, metric)];
            if ours.is_empty() {
                assert!(theirs.is_null(), "{series:?}");
                continue;
            }
            tags += 1;
            assert_eq!(theirs["n"], ours.len(), "{series:?} {metric:?}");
            for (word, quantile) in
                [("0.5", 0.5), ("0.95", 0.95), ("0.99", 0.99), ("0.999", 0.999), ("1.0", 1.0)]
            {
                let theirs = &theirs["quantiles"][word];
                assert_eq!(*theirs, ours.at(quantile).unwrap().0, "{series:?} at {word}");
            }
        }
    }
    assert_eq!(found["tags"].as_object().unwrap().len(), tags);
    let start = record.header.started_unix_ns.div_euclid(1_000_000);
    let span = |at: usize| found["span_ms"][at].as_f64().unwrap();
    assert!((span(0) - count_to_f64(start + 1_000)).abs() < 1.0);
    assert!((span(1) - count_to_f64(start + 6_000)).abs() < 1.0);
}

#[test]
fn readings_count_in_measured_phases_and_are_held_against_the_limits() {
    let json: Value = serde_json::from_str(&shown("json")).unwrap();
    let row = |name: &str| {
        let rows = json["readings"].as_array().unwrap();
        let found = rows.iter().find(|row| row["name"] == name);
        found.unwrap_or_else(|| panic!("{name}: {rows:?}")).clone()
    };
    // What was read in the warm-up, 12 connections, does not count.
    let connections = row("db.connections");
    assert_eq!(
        ["min", "mean", "max"].map(|of| connections[of].as_f64()),
        [14.0, 15.0, 16.0].map(Some)
    );
    assert_eq!((&connections["limit"], &connections["holds"]), (&Value::Null, &Value::Null));
    assert_eq!(row("db.connections_use")["holds"], true);
    let pool = row("db.pool_use");
    assert_eq!((&pool["max"], &pool["limit"]), (&1.0.into(), &"< 80 %".into()));
    assert_eq!(pool["holds"], false);
    assert_eq!(row("db.slowest_statement_mean_ms")["holds"], false);
    assert_eq!(row("db.connection_errors")["holds"], true);
    // That nothing is known is not as good as kept.
    let timeouts = row("db.query_timeouts");
    assert_eq!((&timeouts["max"], &timeouts["holds"]), (&Value::Null, &Value::Null));
    assert_eq!(timeouts["limit"], "0");
    let notes = json["notes"].to_string();
    let missed = "`db.pool_use` reached 100.0 %, the limit is < 80 %";
    assert!(notes.contains(missed) && notes.contains("reached 61.5 ms"), "{notes}");
    assert_eq!(notes.matches("a limit for the database is missed").count(), 2, "{notes}");
    let read = |at: usize| json["timeline"][at]["readings"].as_array().map(Vec::len);
    assert_eq!((read(0), read(1), read(5)), (Some(8), None, Some(1)));
    assert_eq!(json["timeline"][2]["readings"][0]["name"], "db.connections");
}

#[test]
fn without_monitors_there_is_nothing_about_them() {
    let mut record = fixture::record();
    for interval in &mut record.intervals {
        interval.gauges.readings.clear();
    }
    let document = document(&record);
    assert!(document.readings.is_empty());
    for format in FORMATS {
        let text = format.render(&document).unwrap();
        assert!(!text.contains("readings") && !text.contains("Database"), "{text}");
    }
}

#[test]
fn a_record_that_names_too_many_readings_shows_as_many_as_it_may() {
    let mut record = fixture::record();
    let last = record.intervals.last_mut().unwrap();
    last.gauges.readings =
        (0..1_000).filter_map(|at| Reading::new(format!("r{at}"), 1.0)).collect();
    for interval in record.intervals.iter_mut().take(5) {
        interval.gauges.readings.clear();
    }
    assert_eq!(document(&record).readings.len(), Reading::MAX_NAMES);
}

#[test]
fn a_run_that_was_killed_says_which_assertions_were_never_asked() {
    let mut record = fixture::record();
    record.end = None;
    let document = Document::new(&record, &Judgement::default()).unwrap();
    let rows: Vec<_> =
        document.integrity.iter().map(|row| (row.name.as_str(), row.word(), row.fails())).collect();
    let asked = |name| (name, "not asked", true);
    assert_eq!(rows, [asked("orders are conserved"), asked("no <b>orphans</b>")]);
    let text = format("text").unwrap().render(&document).unwrap();
    assert!(text.contains("not asked: the run is unfinished"), "{text}");
}

/// Whether a page has the script and the links that are its own, and nothing that it loads.
pub(crate) fn only_its_own(html: &str) {
    assert!(html.matches("<script").count() == 1 && !html.contains("<b>"), "no other script");
    for loaded in ["src=", "@import", "url("] {
        assert!(!html.contains(loaded), "the page loads something: {loaded}");
    }
    let links = |what: &str| html.matches(what).count();
    assert_eq!(links("href="), links("href=\"#"), "links lead into the page itself");
}
