//! Observations in the texts of the staging guide, and in every format.

use loadgate::plan::Inputs;
use loadgate::record::{Interval, RunRecord, Totals};
use loadgate::report::daily::{self, Columns};
use loadgate::report::{Document, FORMATS, Judgement};
use loadgate::simulation::{self, Simulation};

/// A day and a half with exact figures: all times are alike, and nothing comes by chance.
const SPEC: &str = "\
name: customer
length: 34h
start: 2026-01-05T07:00
zone: Europe/Berlin
segment: 30m
rate: 6/m
endpoints: 2
response: { median: 145ms }
queries: { median: 32ms }
daily: [ { at: 11-16, response: 1.3 } ]
faults: [ { from: 25h, to: 27h, errors: 100% } ]
gaps: [ { at: 16h, length: 2h } ]
readings:
  app.rss_bytes: { level: 1.2GB }
  app.cpu: { level: 25% }
  db.pool_use: { level: 45% }
";

fn simulated(text: &str) -> Simulation {
    let nothing = |_: &str| Err("there are no files".to_owned());
    let inputs = Inputs { path: "day.yaml", text, read: &nothing, environment: &|_: &str| None };
    simulation::read(&inputs, 1).unwrap()
}

fn record(simulation: &Simulation) -> RunRecord {
    let intervals: Vec<Interval> = simulation.segments().collect();
    RunRecord {
        header: simulation.header("20260105-060000-simulated", "0.1.0"),
        catalogue: simulation.catalogue(),
        totals: Totals::from_intervals(&intervals).unwrap(),
        intervals,
        end: Some(simulation.end()),
    }
}

fn document(record: &RunRecord) -> Document {
    Document::new(record, &Judgement::default()).unwrap()
}

#[test]
fn the_log_and_the_status_are_the_guides() {
    let document = document(&record(&simulated(SPEC)));
    let observed = document.observation.as_ref().unwrap();
    let log = daily::log(observed, Columns::Windows);
    insta::assert_snapshot!("daily", log);
    insta::assert_snapshot!("status", daily::status(&document, observed, 2).unwrap());
    assert_eq!(daily::status(&document, observed, 3), None);
    // The head of the guide's table, and its rows, as they stand there.
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let lines: Vec<_> = log.lines().filter(|line| line.starts_with('|')).map(cells).collect();
    assert_eq!(lines[0], ["", "Metric", "Target", "Morning", "Mid-Day", "Evening", "Status", ""]);
    let heads: Vec<_> = lines[2..9].iter().map(|row| format!("{} {}", row[1], row[2])).collect();
    assert_eq!(
        heads,
        [
            "Error Rate <1%",
            "Avg Response Time <200ms",
            "P95 Response Time <500ms",
            "DB Query Avg <50ms",
            "Connection Pool <80%",
            "Memory Usage <2GB",
            "CPU Usage <50%"
        ]
    );
}

#[test]
fn every_format_tells_of_an_observation() {
    let document = document(&record(&simulated(SPEC)));
    for format in FORMATS {
        let text = format.render(&document).unwrap();
        if !matches!(format.word(), "csv" | "junit") {
            assert!(text.contains("Avg Response Time") || text.contains("response_mean_ms"));
        }
    }
    let named = |word: &str| {
        let format = FORMATS.iter().find(|format| format.word() == word).unwrap();
        format.render(&document).unwrap()
    };
    for text in [named("text"), named("html"), named("markdown")] {
        for wanted in ["Observation", "Changes of state", "Gaps", "Checks of the day"] {
            let (text, wanted) = (text.to_lowercase(), wanted.to_lowercase());
            assert!(text.contains(&wanted), "{wanted}: {text}");
        }
    }
}

#[test]
fn hostile_names_break_out_of_nothing() {
    let mut record = record(&simulated(SPEC));
    record.header.scenario = "<script>alert(1)</script>\n# |x| \x1b[31m".to_owned();
    let observation = record.header.observation.as_mut().unwrap();
    observation.simulated = Some("<img src=x>|\n# \u{202e}y".to_owned());
    observation.zone = "<b>Nowhere\x1b[2J".to_owned();
    for segment in &mut record.intervals {
        if let Some(gap) = &mut segment.gauges.gap {
            gap.why = "<i>|\n## gone\x07".to_owned();
        }
        for reading in &mut segment.gauges.readings {
            reading.what = format!("<u>|\n{}", reading.what);
        }
    }
    let document = document(&record);
    let observed = document.observation.as_ref().unwrap();
    let log = daily::log(observed, Columns::WithNight);
    let status = daily::status(&document, observed, 1).unwrap();
    for text in [&log, &status] {
        assert!(!text.contains(['\x1b', '\x07', '\u{202e}']), "{text}");
        assert!(!text.contains("\n## gone") && !text.contains("\n# "), "{text}");
    }
    assert!(!log.contains("<img") && !log.contains("<i>"), "{log}");
    for format in FORMATS {
        let text = format.render(&document).unwrap();
        assert!(!text.contains(['\x1b', '\x07']), "{}", format.word());
        if matches!(format.word(), "html" | "markdown") {
            for part in ["<img", "<i>", "<script>a"] {
                assert!(!text.contains(part), "{} has {part}:\n{text}", format.word());
            }
        }
    }
    assert!(document.notes.iter().any(|note| note.contains("no time zone")), "UTC is a note");
}
