//! What GitHub Actions is told of one fixture: annotations, outputs, a summary that fits.

use loadgate::gate::threshold::Status;
use loadgate::report::github::{MAX_SUMMARY, annotations, outputs, summary};
use loadgate::report::{Document, Judgement, Question, ThresholdLine, format};

use crate::fixture;

fn alone(judgement: &Judgement) -> Document {
    Document::new(&fixture::record(), judgement).unwrap()
}

fn compared(question: Question) -> Document {
    let ruling = Some(fixture::ruling::ruling());
    alone(&Judgement { ruling, question, ..Judgement::default() })
}

#[test]
fn what_decided_is_annotated() {
    let mut told = annotations(&compared(Question::MayItGo));
    told.push(String::new());
    told.extend(annotations(&compared(Question::AreWeBack)));
    insta::assert_snapshot!("annotations", told.join("\n"));
}

#[test]
fn outputs_are_read_back_as_they_were_written() {
    let text = outputs(&compared(Question::MayItGo), 5);
    insta::assert_snapshot!("outputs", text);
    let plain = outputs(&alone(&Judgement::default()), 0);
    let mut lines = plain.lines();
    let mut pairs = Vec::new();
    // As the runner reads them.
    while let Some(head) = lines.next() {
        let (key, end) = head.split_once("<<").unwrap();
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
        pairs.push((key, value.join("\n")));
    }
    let value = |wanted: &str| pairs.iter().find(|(key, _)| *key == wanted).unwrap().1.as_str();
    assert_eq!((value("verdict"), value("exit_code"), value("valid")), ("", "0", "true"));
    assert_eq!(value("run_id"), "20260102-030405-fixture");
    assert_eq!((value("requests"), value("errors")), ("101", "1"));
    let p95: f64 = value("p95_ms").parse().unwrap();
    assert!((50.0..100.0).contains(&p95), "{p95}");
}

#[test]
fn a_run_that_is_well_is_not_annotated_and_one_that_is_not_says_why() {
    assert_eq!(annotations(&alone(&Judgement::default())), Vec::<String>::new());
    let judgement = Judgement {
        invalid_reasons: vec!["schedule lag p99 was 80 ms".to_owned()],
        thresholds: vec![ThresholdLine {
            subject: "http_req_failed".to_owned(),
            condition: "rate < 0.5 %".to_owned(),
            status: Status::Failed,
            fails: true,
            measured: "0.99 %".to_owned(),
        }],
        objections: vec!["ROLLBACK alarm: 9 % of requests fail".to_owned()],
        ..Judgement::default()
    };
    let told = annotations(&alone(&judgement));
    let title = "::error title=loadgate customer%3A INVALID::";
    assert_eq!(
        told,
        [
            format!("{title}ROLLBACK alarm: 9 %25 of requests fail"),
            format!("{title}the limit `http_req_failed rate < 0.5 %25` is not kept: 0.99 %25"),
            format!("{title}schedule lag p99 was 80 ms"),
        ]
    );
}

#[test]
fn github_shows_ten_annotations_of_a_kind_so_the_tenth_counts_the_others() {
    let objections = (0..40).map(|at| format!("reason {at}")).collect();
    let told = annotations(&alone(&Judgement { objections, ..Judgement::default() }));
    assert_eq!(told.len(), 10);
    assert!(told[8].ends_with("::reason 8") && told[9].ends_with("::and 31 more"), "{told:?}");
}

#[test]
fn a_summary_fits_with_whole_tables() {
    let mut document = compared(Question::MayItGo);
    let whole = format("markdown").unwrap().render(&document).unwrap();
    assert_eq!(summary(&document, MAX_SUMMARY).unwrap(), whole);
    // A system with far more endpoints than anybody reads.
    let rows = document.errors.clone();
    document.errors = rows.iter().cycle().take(20_000).cloned().collect();
    assert!(format("markdown").unwrap().render(&document).unwrap().len() > MAX_SUMMARY);
    let cut = summary(&document, MAX_SUMMARY).unwrap();
    assert!(cut.len() <= MAX_SUMMARY);
    assert!(cut.contains("## Load") && !cut.contains("## Errors"), "{}", cut.len());
    assert!(cut.ends_with("`--html FILE` have all of it.*\n"), "{cut}");
    assert_eq!(summary(&document, 10).unwrap(), "");
}
