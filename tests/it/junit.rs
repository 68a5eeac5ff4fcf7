//! JUnit XML against its schemas, against the exit codes, and with names that try to break out.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use loadgate::gate::ruling::{Ruling, Verdict};
use loadgate::gate::threshold::Status;
use loadgate::record::{Answered, RunRecord, StopReason};
use loadgate::report::{Document, Judgement, Question, ThresholdLine, format};
use proptest::prelude::*;

use crate::fixture;

fn shown(document: &Document) -> String {
    format("junit").unwrap().render(document).unwrap()
}

fn compared(ruling: Ruling, question: Question) -> Document {
    let judgement = Judgement { ruling: Some(ruling), question, ..Judgement::default() };
    Document::new(&fixture::record(), &judgement).unwrap()
}

fn alone(record: &RunRecord, judgement: &Judgement) -> Document {
    Document::new(record, judgement).unwrap()
}

fn line(status: Status, fails: bool) -> ThresholdLine {
    ThresholdLine {
        subject: "http_req_failed".to_owned(),
        condition: "rate < 0.5 %".to_owned(),
        status,
        fails,
        measured: "0.99 %".to_owned(),
    }
}

/// The schema of Jenkins' xUnit plugin, which `./test` fetches.
pub(crate) fn jenkins() -> PathBuf {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-env/junit-10.xsd");
    let path = std::env::var_os("LOADGATE_TEST_JUNIT_XSD").map_or_else(usual, PathBuf::from);
    assert!(path.is_file(), "this test needs {}: `./test` fetches it", path.display());
    path
}

pub(crate) fn ours() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/junit.xsd")
}

/// What libxml2 says of `text`; empty when it is valid.
pub(crate) fn mistakes(schema: &Path, text: &str) -> String {
    let mut child = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema"])
        .arg(schema)
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this test needs xmllint, of Debian's libxml2-utils");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { String::new() } else { told }
}

/// Every document that tells something else.
fn documents() -> Vec<(&'static str, Document)> {
    let mut killed = fixture::record();
    killed.end = None;
    killed.intervals.clear();
    let invalid = Judgement {
        invalid_reasons: vec!["schedule lag p99 was 80 ms, the limit is 50 ms".to_owned()],
        thresholds: vec![line(Status::Failed, true), line(Status::NoData, false)],
        objections: vec!["ROLLBACK alarm: 9 % of requests fail".to_owned()],
        ..Judgement::default()
    };
    let mut spoilt = fixture::ruling::ruling();
    spoilt.verdict = Verdict::Invalid;
    vec![
        ("alone", alone(&fixture::record(), &Judgement::default())),
        ("killed", alone(&killed, &Judgement::default())),
        ("invalid", alone(&fixture::record(), &invalid)),
        ("rollback", compared(fixture::ruling::ruling(), Question::MayItGo)),
        ("hold", compared(fixture::ruling::undecided(), Question::MayItGo)),
        ("go", compared(fixture::ruling::go(), Question::MayItGo)),
        ("spoilt", compared(spoilt, Question::MayItGo)),
        ("different", compared(fixture::ruling::ruling(), Question::AreWeBack)),
        ("open", compared(fixture::ruling::undecided(), Question::AreWeBack)),
        ("back", compared(fixture::ruling::go(), Question::AreWeBack)),
    ]
}

#[test]
fn what_is_written_is_valid_for_the_schemas_of_those_who_read_it() {
    for schema in [ours(), jenkins()] {
        for (name, document) in documents() {
            assert_eq!(mistakes(&schema, &shown(&document)), "", "{name}");
        }
    }
}

#[test]
fn the_schemas_refuse_what_is_wrong() {
    let good = shown(&compared(fixture::ruling::ruling(), Question::MayItGo));
    let wrong = [
        ("<testsuite name=", "<testsuite title="),
        (" failures=", " failed="),
        ("<failure type=", "<error type="),
        ("</testsuites>", ""),
    ];
    for (schema, (from, to)) in
        [ours(), jenkins()].iter().flat_map(|own| wrong.map(|pair| (own, pair)))
    {
        let bad = good.replace(from, to).replace(&from.replace('<', "</"), to);
        assert_ne!(mistakes(schema, &bad), "", "{from}");
    }
}

/// How many failures the cases have, and how many the suites say they have.
fn failures(text: &str) -> (usize, usize) {
    let said = text.split(" failures=\"").skip(1);
    let said = said.map(|rest| rest.split('"').next().unwrap().parse::<usize>().unwrap());
    (text.matches("<failure ").count(), said.sum())
}

#[test]
fn there_are_failures_exactly_when_the_exit_code_is_not_0() {
    for (name, document) in documents() {
        let (found, said) = failures(&shown(&document));
        assert_eq!(found, said, "{name}");
        assert_eq!(found > 0, document.fails(), "{name}");
        let good = ["alone", "go", "back"].contains(&name);
        assert_eq!(document.fails(), !good, "{name}");
    }
}

#[test]
fn each_thing_that_decides_a_plain_run_is_a_failure_alone() {
    let good = || (fixture::record(), Judgement::default());
    let mut broken = good();
    broken.0.end.as_mut().unwrap().integrity[0].answer = Answered::Broken;
    let mut interrupted = good();
    interrupted.0.end.as_mut().unwrap().reason = StopReason::Interrupted;
    let mut missed = good();
    missed.1.thresholds = vec![line(Status::Failed, true), line(Status::Passed, false)];
    let mut silent = good();
    silent.1.thresholds = vec![line(Status::NoData, true)];
    let mut invalid = good();
    invalid.1.invalid_reasons = vec!["lag".to_owned()];
    let mut alarm = good();
    alarm.1.objections = vec!["ROLLBACK alarm".to_owned()];
    for (record, judgement) in [broken, interrupted, missed, silent, invalid, alarm] {
        let document = alone(&record, &judgement);
        assert!(document.fails());
        assert_eq!(failures(&shown(&document)), (1, 1), "{judgement:?}");
    }
    let mut accepted = good();
    accepted.1.thresholds = vec![line(Status::NoData, false), line(Status::NeedsBaseline, false)];
    let document = alone(&accepted.0, &accepted.1);
    let text = shown(&document);
    assert!(!document.fails() && failures(&text) == (0, 0), "{text}");
    assert!(text.contains("needs a baseline: 0.99 %"), "{text}");
}

#[test]
fn a_row_says_its_change_with_the_interval_and_why_it_is_not_gated() {
    let text = shown(&compared(fixture::ruling::ruling(), Question::MayItGo));
    let case = |name: &str| {
        let start = format!("<testcase name=\"{name}\"");
        let (_, rest) = text.split_once(&start).unwrap_or_else(|| panic!("{name} is missing"));
        let (first, more) = rest.split_once('>').unwrap();
        let inside = more.split_once("</testcase>").map_or("", |(inside, _)| inside);
        format!("{first}>{}", if first.ends_with('/') { "" } else { inside })
    };
    let order = case("customer › Place an order (POST /api/orders) p95");
    assert!(order.contains("NO-GO: +26.0 % [+13.0, +39.0]"), "{order}");
    assert!(order.contains("lines: +10.0 %, +20.0 %, +50.0 %"), "{order}");
    let login = case("shopper › Log in (POST /api/auth/login) p95");
    assert!(login.contains("<skipped message=\"not gated, too few values: 38 values"), "{login}");
    let good = case("customer › View farm list (GET /api/farms) p95");
    assert!(good.contains("time=\"0.187\"") && !good.contains("<failure"), "{good}");
    let check = case("customer › View farm list (GET /api/farms)");
    assert!(check.ends_with("/>"), "{check}");
    let never = case("customer › Never reached (GET /never)");
    assert!(never.contains("never done"), "{never}");
}

#[test]
fn a_check_that_does_not_hold_decides_nothing_without_a_limit() {
    let mut document = alone(&fixture::record(), &Judgement::default());
    document.endpoints[0].checks.failed = 3;
    let text = shown(&document);
    assert!(text.contains("<skipped message=\"3 of 53 checks did not hold"), "{text}");
    assert_eq!(failures(&text), (0, 0));
}

/// Text that wants to be markup, to steer a terminal, or to be no text at all.
fn hostile() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "]]>".to_owned(),
        "<![CDATA[".to_owned(),
        "&".to_owned(),
        "&#0;".to_owned(),
        "\0".to_owned(),
        "\u{1b}[31m\u{9b}2J".to_owned(),
        "\u{b}\u{7f}\u{85}".to_owned(),
        "\r\n\t".to_owned(),
        "\u{fffe}\u{ffff}\u{10ffff}".to_owned(),
        "</failure></testcase>".to_owned(),
        "\" name='x' <!-- --".to_owned(),
        "<?xml version=\"1.0\"?>".to_owned(),
        // A lone surrogate, as it comes in bytes.
        String::from_utf8_lossy(b"\xed\xa0\x80").into_owned(),
        "農場".to_owned(),
    ]);
    prop::collection::vec(prop_oneof![parts, any::<char>().prop_map(String::from)], 0..6)
        .prop_map(|parts| parts.concat())
}

fn with(text: &str, mut document: Document) -> Document {
    let said = text.to_owned();
    document.run.scenario.clone_from(&said);
    document.run.id.clone_from(&said);
    document.run.started.clone_from(&said);
    document.origin.machine.host.clone_from(&said);
    for row in document.endpoints.iter_mut().chain(&mut document.logins) {
        (row.journey, row.step, row.name) = (said.clone(), said.clone(), said.clone());
    }
    for row in &mut document.integrity {
        (row.name, row.note, row.answer) = (said.clone(), Some(said.clone()), None);
    }
    let judgement = &mut document.judgement;
    judgement.objections = vec![said.clone()];
    judgement.thresholds = vec![ThresholdLine {
        subject: said.clone(),
        condition: said.clone(),
        measured: said.clone(),
        ..line(Status::Failed, true)
    }];
    judgement.invalid_reasons = vec![said.clone(), said.clone()];
    if let Some(ruling) = &mut judgement.ruling {
        for row in &mut ruling.rows {
            row.place.name.clone_from(&said);
            row.place.step.clone_from(&said);
        }
        ruling.reasons.iter_mut().for_each(|reason| reason.text.clone_from(&said));
        ruling.baseline.name.clone_from(&said);
    }
    document
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_names_and_messages_are_the_document_is_valid(text in hostile()) {
        let ruling = compared(fixture::ruling::ruling(), Question::MayItGo);
        let plain = alone(&fixture::record(), &Judgement::default());
        for document in [plain, ruling] {
            let xml = shown(&with(&text, document));
            prop_assert_eq!(mistakes(&ours(), &xml), "", "{}", xml);
            let obeyed = xml.find(|c: char| c.is_control() && c != '\n');
            prop_assert_eq!(obeyed, None);
        }
    }
}
