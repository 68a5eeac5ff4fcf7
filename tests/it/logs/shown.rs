//! What was found in logs in every format, and what hostile lines in it can't do.

use loadgate::record::{
    LogCount, LogRuleText, LogSourceRead, LogSourceText, LogsRead, LogsText, RunRecord,
};
use loadgate::report::terminal::{self, Style};
use loadgate::report::{Document, FORMATS, Judgement, format};
use loadgate::units::Nanos;

use crate::{fixture, reports};

const HOSTILE: &str = "<script>alert(1)</script> |x| `y` \u{202e}\u{fffd} ]]> @team =cmd()";

/// The run of the fixture with two logs, one of them missing, and three rules.
fn record() -> RunRecord {
    let mut record = fixture::record();
    let rule = |name: &str, limit| LogRuleText {
        name: name.to_owned(),
        limit,
        about: Some(HOSTILE.to_owned()),
        ..LogRuleText::default()
    };
    let source = |name: &str, optional| LogSourceText { name: name.to_owned(), optional };
    record.header.logs = LogsText {
        sources: vec![source("logs/<b>.log", false), source("docker gone", true)],
        rules: vec![rule("<b>timeouts</b>", Some(0)), rule("silent", None), rule("kept", Some(3))],
    };
    let count = |rule: &str, lines, samples: &[&str]| LogCount {
        rule: rule.to_owned(),
        lines,
        samples: samples.iter().map(|text| (*text).to_owned()).collect(),
    };
    record.intervals[0].gauges.logs = LogsRead {
        counts: vec![count("kept", 2, &["fine"])],
        sources: vec![
            LogSourceRead {
                name: "logs/<b>.log".to_owned(),
                lines: 12_000,
                bytes: 1_234_567,
                cut: 1,
                is_open: true,
                lost: Nanos::from_millis(40),
                gaps: vec![HOSTILE.to_owned()],
            },
            LogSourceRead {
                name: "docker gone".to_owned(),
                gaps: vec!["the container is away".to_owned()],
                ..LogSourceRead::default()
            },
        ],
    };
    record.intervals[3].gauges.logs = LogsRead {
        counts: vec![count("<b>timeouts</b>", 7, &[HOSTILE, "second"])],
        sources: Vec::new(),
    };
    record
}

#[test]
fn hostile_lines_break_out_of_no_format() {
    let document = Document::new(&record(), &Judgement::default()).unwrap();
    assert!(document.fails() && document.logs.fails());
    for format in FORMATS {
        let text = format.render(&document).unwrap();
        // Spreadsheets have series only.
        let has_logs = format.word() == "csv" || text.contains("timeouts");
        assert!(has_logs, "{}: {text}", format.word());
        let steers = text.contains('\u{202e}');
        // JSON keeps what was there; whoever shows it takes care.
        assert!(!steers || format.word() == "json", "{}: {text}", format.word());
    }
    reports::only_its_own(&format("html").unwrap().render(&document).unwrap());
    let markdown = format("markdown").unwrap().render(&document).unwrap();
    assert!(markdown.contains("&lt;script&gt;") && !markdown.contains("<script>"), "{markdown}");
    assert!(markdown.contains(r"\|x\|") && !markdown.contains("@team"), "{markdown}");
    let text = terminal::render(&document, Style::Plain);
    assert!(text.contains("FAILED 1 of 2 limits for logs"), "{text}");
    let rows: Vec<&str> = text.lines().filter(|line| line.contains("timeouts")).collect();
    let missed = rows.iter().find(|row| row.contains("✗")).unwrap();
    assert!(missed.ends_with("at most 0"), "{rows:?}");
    assert!(!text.contains("silent"), "a rule that informs of nothing is left out: {text}");
}

#[test]
fn the_tables_for_people_say_what_was_read() {
    let document = Document::new(&record(), &Judgement::default()).unwrap();
    let text = terminal::render(&document, Style::Plain);
    let start = text.find("LOGS  ").unwrap();
    let end = text.find("FAILED").unwrap();
    insta::assert_snapshot!("logs", text.get(start..end).unwrap());
}

#[test]
fn a_run_without_logs_says_nothing_of_them() {
    let document = Document::new(&fixture::record(), &Judgement::default()).unwrap();
    for format in FORMATS {
        let text = format.render(&document).unwrap();
        assert!(!text.contains("log_sources") && !text.contains("Logs"), "{text}");
    }
}

#[test]
fn what_was_found_is_stored_and_read_back() {
    let record = record();
    for interval in &record.intervals {
        let text = serde_json::to_string(&interval.gauges).unwrap();
        assert_eq!(
            serde_json::from_str::<loadgate::record::Gauges>(&text).unwrap(),
            interval.gauges
        );
    }
    let text = serde_json::to_string(&record.header).unwrap();
    assert_eq!(serde_json::from_str::<loadgate::record::Header>(&text).unwrap(), record.header);
}
