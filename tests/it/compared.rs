//! A comparison in every format: the verdict first, every figure with its interval and its count.

use loadgate::gate::noise::SelfCheck;
use loadgate::gate::ruling::{Ruling, Verdict};
use loadgate::report::terminal::{self, Style};
use loadgate::report::{Document, FORMATS, Judgement, Question, baseline, format};
use serde_json::{Value, json};

use crate::fixture;
use crate::reports::only_its_own;

fn judged(ruling: Ruling, question: Question) -> Document {
    let judgement = Judgement { ruling: Some(ruling), question, ..Judgement::default() };
    Document::new(&fixture::record(), &judgement).unwrap()
}

fn document(ruling: Ruling) -> Document {
    judged(ruling, Question::MayItGo)
}

fn shown(word: &str, document: &Document) -> String {
    format(word).unwrap().render(document).unwrap()
}

#[test]
fn every_format_tells_a_comparison_as_it_did() {
    let document = document(fixture::ruling::ruling());
    for format in FORMATS {
        insta::assert_snapshot!(format.word(), format.render(&document).unwrap());
    }
    let narrow = terminal::render_within(&document, Style::Plain, 120);
    insta::assert_snapshot!("narrow", narrow);
    let coloured = terminal::render(&document, Style::Colour).replace('\x1b', "ESC");
    insta::assert_snapshot!("colour", coloured);
}

#[test]
fn the_verdict_comes_first_and_its_gravest_reason_before_the_others() {
    for word in ["text", "markdown"] {
        let text = shown(word, &document(fixture::ruling::ruling()));
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is missing"));
        assert!(at("ROLLBACK") < at("must not be in production"), "{word}");
        assert!(at("86 % slower") < at("NO-GO: "), "{word}");
        assert!(at("NO-GO: ") < at("HOLD: ") && at("HOLD: ") < at("24 of 40 endpoints"), "{word}");
        assert!(at("24 of 40 endpoints") < at("n base"), "{word}");
    }
}

#[test]
fn a_hold_says_what_would_settle_it() {
    let document = document(fixture::ruling::undecided());
    for word in ["text", "markdown", "html"] {
        let text = shown(word, &document);
        assert!(text.contains("HOLD") && text.contains("should wait"), "{word}");
        assert!(text.contains("15 more repetitions of 30 s would decide"), "{word}");
        assert!(text.contains("do not show yet"), "{word} takes no data for a slow-down");
    }
    let mut slower = fixture::ruling::ruling();
    slower.verdict = Verdict::Hold;
    assert!(shown("text", &self::document(slower)).contains("something got worse"));
}

#[test]
fn a_candidate_that_is_no_measurement_is_invalid_whatever_was_found() {
    let judgement = Judgement {
        invalid_reasons: vec!["schedule lag p99 was 80 ms, the limit is 50 ms".to_owned()],
        ruling: Some(fixture::ruling::go()),
        ..Judgement::default()
    };
    let document = Document::new(&fixture::record(), &judgement).unwrap();
    for word in ["text", "markdown", "html"] {
        let text = shown(word, &document);
        assert!(text.contains("INVALID") && text.contains("80 ms, the limit"), "{word}");
        assert!(!text.contains("may go to production"), "{word}");
    }
    let json: Value = serde_json::from_str(&shown("json", &document)).unwrap();
    assert_eq!([&json["verdict"], &json["gate"]["verdict"]], ["INVALID", "INVALID"]);
}

#[test]
fn whether_we_are_back_is_another_question() {
    let answers = [
        (fixture::ruling::go(), "EQUIVALENT"),
        (fixture::ruling::undecided(), "UNDECIDED"),
        (fixture::ruling::ruling(), "DIFFERENT"),
    ];
    for (ruling, answer) in answers {
        let document = judged(ruling, Question::AreWeBack);
        let text = shown("text", &document);
        let first = text.lines().nth(2);
        assert_eq!(first, Some(answer));
        let json: Value = serde_json::from_str(&shown("json", &document)).unwrap();
        assert_eq!(json["gate"]["equivalence"], answer);
        assert_eq!(json["gate"]["question"], "are we back");
    }
    let text = shown("text", &judged(fixture::ruling::ruling(), Question::AreWeBack));
    assert!(text.contains("Place an order p95: +26.0 % [+13.0, +39.0]"), "{text}");
}

#[test]
fn the_json_document_has_every_figure_of_the_gate() {
    let json: Value =
        serde_json::from_str(&shown("json", &document(fixture::ruling::ruling()))).unwrap();
    let gate = &json["gate"];
    assert_eq!(json["verdict"], "ROLLBACK");
    assert_eq!(gate["verdict"], "ROLLBACK");
    assert_eq!(
        gate["rows"][0],
        json!({
            "kind": "endpoint", "name": "GET /api/farms", "journey": "customer",
            "step": "View farm list", "percentile": 95.0, "baseline_ns": 182_000_000,
            "candidate_ns": 187_460_000, "baseline_count": 24_310, "candidate_count": 24_293,
            "ratio": 1.03, "low": 0.99, "high": 1.07, "standing": "GO",
            "lines": { "go": 0.1, "no_go": 0.2, "rollback": 0.5 }, "relative": false,
            "below_floor": false, "weight": 1.0, "equivalence": "EQUIVALENT",
        })
    );
    // What is not finite or not known is `null` and still there.
    assert_eq!(gate["rows"][9]["high"], Value::Null);
    assert_eq!(gate["sites"][2]["run_noise"], Value::Null);
    assert!(gate["settle"].is_null() && gate.get("settle").is_some());
    assert_eq!(gate["errors"][0]["name"], Value::Null);
    assert_eq!(gate["errors"][1]["candidate_share"], 0.031);
    assert_eq!(gate["candidate"]["left_out"][0]["id"], "20260102-030405-cold");
    assert_eq!(gate["baseline"]["runs"].as_array().unwrap().len(), 20);
    assert_eq!(json["thresholds"][0]["status"], "failed");
    assert_eq!(json["thresholds"][1]["status"], "undecided");
    let told = gate["reasons"].as_array().unwrap().iter().map(|reason| &reason["verdict"]);
    assert_eq!(told.collect::<Vec<_>>(), ["ROLLBACK", "NO-GO", "HOLD"]);

    let settled: Value =
        serde_json::from_str(&shown("json", &document(fixture::ruling::undecided()))).unwrap();
    assert_eq!(settled["gate"]["settle"]["more"], 15);
}

#[test]
fn what_only_the_baseline_has_is_a_row_of_the_table_for_spreadsheets() {
    let csv = shown("csv", &document(fixture::ruling::ruling()));
    let mut lines = csv.lines();
    let heads = lines.next().unwrap();
    assert!(heads.ends_with("p99_ratio,p99_low,p99_high,p99_verdict"), "{heads}");
    assert!(csv.contains("Ask the old way") && csv.lines().last().unwrap().ends_with("vanished"));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let widths: Vec<usize> = reader.records().map(|row| row.unwrap().len()).collect();
    assert!(widths.iter().all(|width| *width == heads.split(',').count()), "{widths:?}");
}

#[test]
fn hostile_names_of_a_comparison_are_only_text() {
    for question in [Question::MayItGo, Question::AreWeBack] {
        let document = judged(fixture::ruling::ruling(), question);
        let html = shown("html", &document);
        only_its_own(&html);
        assert!(html.contains("class=\"band\""), "nothing is drawn");
        let markdown = shown("markdown", &document);
        assert!(!markdown.contains("<script") && !markdown.contains("<b>"));
        for word in ["text", "markdown", "html", "csv", "junit"] {
            let hostile = |c: char| c.is_control() && c != '\n';
            assert_eq!(shown(word, &document).find(hostile), None, "{word}");
        }
        for cell in shown("csv", &document).split([',', '\n']) {
            let formula = ["=", "+", "-", "@", "\"="].iter().any(|start| cell.starts_with(start));
            assert!(!formula, "{cell} is a formula");
        }
    }
}

#[test]
fn a_comparison_fits_a_terminal() {
    for columns in [120, 180] {
        let document = document(fixture::ruling::ruling());
        for line in terminal::render_within(&document, Style::Plain, columns).lines() {
            assert!(line.chars().count() <= columns, "{line}");
        }
    }
}

/// A system with forty endpoints that all got slower: the list of reasons has an end.
#[test]
fn many_reasons_are_told_in_part() {
    let mut ruling = fixture::ruling::ruling();
    let many = ruling.reasons.iter().cycle().take(80).cloned().collect();
    ruling.reasons = many;
    let document = document(ruling);
    let text = shown("text", &document);
    assert!(text.contains("and 60 more"), "{text}");
    let json: Value = serde_json::from_str(&shown("json", &document)).unwrap();
    assert_eq!(json["gate"]["reasons"].as_array().unwrap().len(), 80);
}

fn check_of_a_baseline(columns: usize) -> String {
    let headers = ["20260102-030405-a", "20260102-031405-b"].map(fixture::header);
    let headers: Vec<_> = headers.iter().collect();
    let check = fixture::ruling::self_check();
    baseline::render("prisma-6.19 \x1b[31m", &headers, &check, Style::Plain, columns)
}

#[test]
fn a_baseline_says_what_it_could_show() {
    let text = check_of_a_baseline(180);
    assert_eq!(text.find(|c: char| c.is_control() && c != '\n'), None);
    assert!(check_of_a_baseline(120).lines().all(|line| line.chars().count() <= 120));
    insta::assert_snapshot!("baseline", text);
}

#[test]
fn a_baseline_says_the_same_to_machines() {
    let header = fixture::header("20260102-030405-a");
    let mut check = fixture::ruling::self_check();
    let json = baseline::json("prisma-6.19", &[&header, &header], &check);
    assert_eq!([&json["name"], &json["scenario"]], ["prisma-6.19", "customer"]);
    assert_eq!(json["runs"][1]["id"], "20260102-030405-a");
    assert_eq!(json["length_ns"], 5_000_000_000_u64);
    assert_eq!(json["versions"], json!(["7.0.1"]));
    assert_eq!(json["noise"][0]["run_noise"], 0.041);
    assert!(json["noise"][2]["run_noise"].is_null());
    assert_eq!(json["split"]["verdict"], "HOLD");
    assert_eq!(
        json["detectable"][0],
        json!({
            "kind": "endpoint", "name": "GET /api/farms", "journey": "customer",
            "step": "View farm list", "percentile": 95.0, "reach": "full", "ratio": 1.129,
        })
    );
    check.split = None;
    assert!(baseline::json("prisma-6.19", &[], &check)["split"].is_null());
}

#[test]
fn a_baseline_that_disagrees_with_itself_says_so() {
    let header = fixture::header("20260102-030405-a");
    let said = |split: Option<Ruling>| {
        let check = SelfCheck { split, ..fixture::ruling::self_check() };
        let text = baseline::render("old", &[&header], &check, Style::Plain, 120);
        text.lines().nth(2).unwrap().to_owned()
    };
    assert_eq!(said(Some(fixture::ruling::go())), "AGREES");
    assert_eq!(said(Some(fixture::ruling::undecided())), "UNSURE");
    assert_eq!(said(Some(fixture::ruling::ruling())), "DISAGREES");
    assert_eq!(said(None), "UNCHECKED");
}
