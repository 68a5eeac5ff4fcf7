//! The decision as a document: nothing breaks out of it, and what was edited is found.

use loadgate::gate::decision::{Known, decide};
use loadgate::record::{Attestation, Stand};
use loadgate::report::decision::{
    AttestationSource, Changes, CheckSource, Contact, DecisionDocument, FORMAT, Kind, Question,
    ReadError, RunSource, SideSource, read,
};
use loadgate::report::terminal::Style;
use loadgate::units::Nanos;
use proptest::prelude::*;

use super::{HOUR, good};

/// Texts that try to break out of every format.
const HOSTILE: &str = "</script><script>alert(1)</script>\n```\n# GO\n<!-- @team | [x](javascript:1) \
                       \x1b[31m\u{202e}";

/// What people say in every way that does harm.
pub(crate) fn hostile() -> Known {
    let mut known = good();
    for said in &mut known.attestations {
        (said.by, said.note) = (HOSTILE.to_owned(), HOSTILE.to_owned());
    }
    known.leaks[0].figure = HOSTILE.to_owned();
    known
}

/// The document of a decision.
pub(crate) fn document(known: &Known) -> DecisionDocument {
    let run = |id: &str| RunSource {
        id: id.to_owned(),
        started: "2026-01-02T03:04:05Z".to_owned(),
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
    };
    let side = |name: &str, version: &str| SideSource {
        name: name.to_owned(),
        versions: vec![version.to_owned()],
        runs: vec![run(&format!("{name}-1")), run(&format!("{name}-2"))],
    };
    let attested = |said: &Attestation| AttestationSource {
        criterion: said.criterion.clone(),
        stand: match said.stand {
            Stand::Holds => "holds",
            Stand::Fails => "fails",
            Stand::Revoked => "revoked",
        }
        .to_owned(),
        by: said.by.clone(),
        at: "2026-01-02T04:04:05Z".to_owned(),
        note: said.note.clone(),
    };
    DecisionDocument {
        loadgate_decision: FORMAT,
        title: "farm shop: 6.19.0 → 7.0.1".to_owned(),
        made: "2026-01-03T03:04:05Z".to_owned(),
        loadgate: env!("CARGO_PKG_VERSION").to_owned(),
        target: "https://staging.example".to_owned(),
        asked: Question { baseline: "prisma-6.19".to_owned(), ..Question::default() },
        decision: decide(known),
        baseline: side("prisma-6.19", "6.19.0"),
        candidate: side("20260102-030405-fixture", "7.0.1"),
        observation: Some(run("20260102-040405-observed")),
        checks: vec![CheckSource {
            profile: "immediate".to_owned(),
            started: "2026-01-02T02:04:05Z".to_owned(),
            version: Some("7.0.1".to_owned()),
            passed: 2,
            failed: 0,
            skipped: 0,
            sha256: "ab".repeat(32),
        }],
        attestations: known.attestations.iter().map(attested).collect(),
        contacts: Contact::of_guide(),
        report: Some("report.html".to_owned()),
    }
}

fn all(document: &DecisionDocument) -> [(Kind, String); 3] {
    [
        (Kind::Json, document.json().unwrap()),
        (Kind::Html, document.html().unwrap()),
        (Kind::Markdown, document.markdown().unwrap()),
    ]
}

#[test]
fn every_form_is_read_back_as_what_was_written() {
    for known in [good(), hostile(), Known::default()] {
        let document = document(&known);
        for (kind, text) in all(&document) {
            let (found, back) = read(&text).unwrap();
            assert_eq!((found, &back), (kind, &document));
            assert!(Changes::between(&document, &back).is_empty());
        }
    }
}

#[test]
fn hostile_texts_stay_texts() {
    let document = document(&hostile());
    let html = document.html().unwrap();
    assert_eq!(html.matches("<script").count(), 2, "the data and the page's own");
    assert!(!html.contains("javascript:1)\"") && !html.contains("<!--"), "markup is escaped");
    let markdown = document.markdown().unwrap();
    assert_eq!(markdown.lines().filter(|line| line.starts_with("```")).count(), 2);
    assert_eq!(markdown.lines().filter(|line| line.starts_with("# ")).count(), 1);
    assert!(!markdown.contains("@team") && !markdown.contains("<script"), "nothing is markup");
    let text = document.text(Style::Plain, 120);
    for made in [&html, &markdown, &text] {
        let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!made.chars().any(steers), "{made}");
    }
}

#[test]
fn the_page_is_complete_and_loads_nothing() {
    let html = document(&good()).html().unwrap();
    for part in [
        "<p class=\"word\">GO</p>",
        "Version 7.0.1 may go to production",
        "Emergency contacts",
        "[Name]",
        "Sign-off",
        "href=\"report.html#failures-compared\"",
        "Fewer than 1 % of the requests fail",
    ] {
        assert!(html.contains(part), "{part} is missing");
    }
    assert_eq!(html.matches("<script").count(), 2, "the data and the page's own");
    for loaded in ["src=", "@import", "url("] {
        assert!(!html.contains(loaded), "the page loads something: {loaded}");
    }
    let own = html.matches("href=\"#").count() + html.matches("href=\"report.html#").count();
    assert_eq!(html.matches("href=").count(), own, "links lead into the page and its report");
}

/// Edits of a person who wants another answer.
const EDITS: [(&str, &str); 4] =
    [("0.62 %", "0.12 %"), ("7.0.1", "7.0.2"), ("Ann", "Bea"), ("looked at it", "looked at all")];

#[test]
fn what_was_edited_is_found() {
    let document = document(&good());
    for (kind, text) in all(&document) {
        for (was, is) in EDITS {
            assert!(text.contains(was), "{kind:?} has no {was}");
            // Every one of them alone, and all together.
            let places: Vec<usize> = text.match_indices(was).map(|(at, _)| at).collect();
            for at in [places[0], places[places.len() >> 1], *places.last().unwrap()] {
                let (before, after) = text.split_at(at);
                let edited = format!("{before}{}", after.replacen(was, is, 1));
                let found = read(&edited);
                assert!(matches!(found, Err(ReadError::Edited(_))), "{kind:?} {was}: {found:?}");
            }
        }
    }
}

#[test]
fn whoever_edits_the_data_too_is_found_by_the_store() {
    let was = document(&good());
    let mut forged = good();
    forged.ruling.as_mut().unwrap().errors[0].candidate.as_mut().unwrap().value = 0.0012;
    let forged = document(&forged);
    // Made by loadgate itself, so that it looks genuine.
    assert!(read(&forged.html().unwrap()).is_ok());
    let changes = Changes::between(&forged, &was);
    assert_eq!(changes.sources, Vec::<String>::new());
    assert!(changes.rows.iter().any(|row| row.starts_with("`go.errors` was measured yes")));
}

#[test]
fn what_has_changed_since_is_told() {
    let was = document(&good());
    let mut now = was.clone();
    now.attestations.push(AttestationSource {
        criterion: "no-go.bugs".to_owned(),
        stand: "holds".to_owned(),
        by: "Bea".to_owned(),
        at: "2026-01-05T04:04:05Z".to_owned(),
        note: "one more".to_owned(),
    });
    now.candidate.runs[1].sha256 = "00".repeat(32);
    now.baseline.runs.remove(0);
    now.checks.clear();
    now.observation = None;
    let mut known = good();
    known.attestations.push(super::said("no-go.bugs", Stand::Holds, Nanos(2 * HOUR.0)));
    now.decision = decide(&known);
    let changes = Changes::between(&was, &now);
    assert_eq!(
        changes.sources,
        [
            "run prisma-6.19-1 (baseline) is gone",
            "the record of run 20260102-030405-fixture-2 (candidate) is another one",
            "run 20260102-040405-observed (observation) is gone",
            "checks of profile immediate are gone",
            "`no-go.bugs` holds by Bea at 2026-01-05T04:04:05Z was added",
        ]
    );
    assert_eq!(changes.rows[0], "it says GO, and today it would be NO-GO");
    assert!(changes.rows[1].starts_with("`no-go.bugs` was attested no by Ann"), "{changes:?}");
}

#[test]
fn what_is_no_document_is_told() {
    for text in ["", "# Title\n", "{}", "[1]", "<!doctype html><p>", "{\"data\": {}}"] {
        assert!(matches!(read(text), Err(ReadError::NoDocument)), "{text}");
    }
    let other = document(&good()).json().unwrap();
    let other = other.replace("\"loadgate_decision\": 1", "\"loadgate_decision\": 9");
    assert!(matches!(read(&other), Err(ReadError::Format { found: 9 })));
    assert!(matches!(read("{\"data\": "), Err(ReadError::Damaged(_))));
}

#[test]
fn the_hash_is_of_the_canonical_data() {
    let json: serde_json::Value = serde_json::from_str(&document(&good()).json().unwrap()).unwrap();
    let canonical = loadgate::report::decision::canonical(&json["data"]);
    let path = std::env::temp_dir().join(format!("loadgate-canonical-{}", std::process::id()));
    std::fs::write(&path, canonical).unwrap();
    let sum = std::process::Command::new("sha256sum").arg(&path).output().unwrap();
    std::fs::remove_file(&path).unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    assert_eq!(sum.split_whitespace().next(), json["sha256"].as_str());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_other_character_goes_unnoticed(at in any::<prop::sample::Index>(), other in "[ -~]") {
        let document = document(&good());
        for (kind, text) in all(&document) {
            let characters: Vec<char> = text.chars().collect();
            let at = at.index(characters.len());
            let other = other.chars().next().unwrap();
            if characters[at] == other {
                continue;
            }
            let mut edited = characters;
            edited[at] = other;
            let edited: String = edited.into_iter().collect();
            prop_assert!(read(&edited).is_err(), "{:?}", kind);
        }
    }
}
