//! The suites of a document and their cases: what is a failure, and what decides nothing.

use super::judged;
use crate::gate::leaks::{LeakFinding, LeakRow};
use crate::gate::ruling::Verdict;
use crate::gate::threshold::Status;
use crate::report::document::{
    AssertionRow, Checks, Document, QueryRow, RequestRow, ThresholdLine,
};
use crate::report::{figures, tables};
use crate::units::{Decimal, Nanos};

/// Cases that are shown together.
pub(super) struct Suite {
    pub(super) name: &'static str,
    pub(super) cases: Vec<Case>,
}

/// One thing that can be right or wrong.
pub(super) struct Case {
    pub(super) name: String,
    /// A response time, where the case is about one.
    pub(super) time: Option<Nanos>,
    pub(super) outcome: Outcome,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    /// It decides nothing, for this reason.
    Skipped(String),
    Failed(Failure),
}

/// Why a case fails.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// A word for machines.
    pub(super) kind: &'static str,
    /// In one line.
    pub(super) message: String,
    /// Everything: what was expected, what was measured.
    pub(super) lines: Vec<String>,
}

impl Outcome {
    pub(super) fn failed(kind: &'static str, message: impl Into<String>) -> Self {
        Self::Failed(Failure { kind, message: message.into(), lines: Vec::new() })
    }

    /// The same with what stands under it.
    pub(super) fn with(self, more: Vec<String>) -> Self {
        match self {
            Self::Failed(failure) => Self::Failed(Failure { lines: more, ..failure }),
            Self::Passed | Self::Skipped(_) => self,
        }
    }

    /// A finding that did not decide: the whole is good in spite of it.
    fn lenient(self) -> Self {
        match self {
            Self::Failed(failure) => Self::Skipped(format!("{}: not decisive", failure.message)),
            Self::Passed | Self::Skipped(_) => self,
        }
    }
}

impl Case {
    pub(super) fn new(name: impl Into<String>, outcome: Outcome) -> Self {
        Self { name: name.into(), time: None, outcome }
    }
}

/// All suites that have cases, the one of the measurement itself first.
pub(super) fn suites(document: &Document) -> Vec<Suite> {
    let mut suites = vec![
        Suite { name: "measurement", cases: measurement(document) },
        Suite { name: "checks", cases: checks(document) },
        Suite { name: "thresholds", cases: thresholds(document) },
        Suite { name: "gate", cases: judged::rows(document) },
        Suite { name: "failures", cases: judged::errors(document) },
        Suite { name: "leaks", cases: document.leaks.iter().map(leak).collect() },
        Suite { name: "integrity", cases: document.integrity.iter().map(assertion).collect() },
    ];
    suites.retain(|suite| !suite.cases.is_empty());
    if !document.fails() {
        for case in suites.iter_mut().flat_map(|suite| &mut suite.cases) {
            let outcome = std::mem::replace(&mut case.outcome, Outcome::Passed);
            case.outcome = outcome.lenient();
        }
    }
    suites
}

/// A leak decides nothing by itself: a limit that does is among the thresholds.
fn leak(row: &LeakRow) -> Case {
    let outcome = match &row.finding {
        LeakFinding::Clean => Outcome::Passed,
        LeakFinding::Leak => Outcome::Skipped(format!("LEAK: grows by {}", row.growth_text())),
        LeakFinding::Open(why) => Outcome::Skipped(why.clone()),
    };
    Case::new(format!("{} does not grow without end", row.reading), outcome)
}

/// Whether the figures may be believed, and the answer as a whole.
fn measurement(document: &Document) -> Vec<Case> {
    let judgement = &document.judgement;
    let is_invalid = judgement.verdict() == Some(Verdict::Invalid);
    let valid = match judgement.invalid_reasons.as_slice() {
        [] if is_invalid => Outcome::failed("invalid", "INVALID: nothing can be said"),
        [] => Outcome::Passed,
        [first, ..] => {
            let told = judgement.invalid_reasons.clone();
            Outcome::failed("invalid", format!("INVALID: {first}")).with(told)
        }
    };
    let mut cases = vec![Case::new("measurement is valid", valid), ended(document)];
    if judgement.ruling.is_some() {
        cases.push(Case::new("verdict", verdict(document)));
    }
    let objection =
        |text: &String| Case::new("nothing else went wrong", Outcome::failed("objection", text));
    cases.extend(judgement.objections.iter().map(objection));
    cases
}

/// Of what is compared the gate has judged whether its end matters.
fn ended(document: &Document) -> Case {
    let (run, judgement) = (&document.run, &document.judgement);
    let told = format!("the run is {}", run.state);
    let outcome = match () {
        () if run.is_complete() => Outcome::Passed,
        () if judgement.ruling.is_some() => Outcome::Skipped(told),
        () => Outcome::failed("incomplete", told),
    };
    Case { time: Some(run.lasted), ..Case::new("run is complete", outcome) }
}

fn verdict(document: &Document) -> Outcome {
    if !document.fails() {
        return Outcome::Passed;
    }
    let standing = tables::standing(document);
    let sentence = standing.sentence.unwrap_or_default();
    let mut lines = vec![sentence.clone()];
    lines.extend(standing.reasons.into_iter().map(|reason| reason.text));
    let facts = standing.facts.into_iter();
    lines.extend(facts.map(|fact| format!("{}: {}", fact.name, fact.value)));
    Outcome::failed("verdict", format!("{}: {sentence}", standing.word)).with(lines)
}

/// A case for each step that checks something. A check that does not hold fails its request and
/// not the run: what the run fails for is a limit.
fn checks(document: &Document) -> Vec<Case> {
    let requests = document.endpoints.iter().chain(&document.logins);
    let requests = requests.filter_map(|row: &RequestRow| {
        let name = match row.step.as_str() {
            "" => format!("{} › {}", row.journey, row.name),
            step => format!("{} › {step} ({})", row.journey, row.name),
        };
        let time = row.response.map(|response| response.mean);
        Some(Case { time, ..Case::new(name, checked(row.checks, row.count)?) })
    });
    let queries = document.queries.iter().filter_map(|row: &QueryRow| {
        let time = row.duration.map(|duration| duration.mean);
        // What is only seen is not checked.
        (row.checks != Checks::default()).then_some(())?;
        Some(Case { time, ..Case::new(&row.name, checked(row.checks, row.count)?) })
    });
    requests.chain(queries).collect()
}

/// `None` for a step without checks.
fn checked(checks: Checks, count: u64) -> Option<Outcome> {
    let all = checks.passed.saturating_add(checks.failed);
    match (checks.failed, all, count) {
        (0, 0, 0) => Some(Outcome::Skipped("it was never done, so nothing was checked".to_owned())),
        (0, 0, _) => None,
        (0, ..) => Some(Outcome::Passed),
        (failed, ..) => Some(Outcome::Skipped(format!(
            "{} of {} did not hold: their requests count as failed, the run fails by a limit only",
            figures::count(failed),
            figures::some(all, "check", "checks"),
        ))),
    }
}

fn thresholds(document: &Document) -> Vec<Case> {
    document.judgement.told().iter().map(threshold).collect()
}

fn threshold(line: &ThresholdLine) -> Case {
    let ThresholdLine { subject, condition, status, fails, measured } = line;
    let (kind, word) = match status {
        Status::Passed => ("passed", "kept"),
        Status::Failed => ("missed", "missed"),
        Status::NoData => ("no-data", "no data"),
        Status::Undecided => ("undecided", "undecided"),
        Status::NeedsBaseline => ("needs-baseline", "needs a baseline"),
    };
    // What says no more than the word does not stand beside it.
    let told = Some(measured.as_str()).filter(|text| !text.is_empty() && *text != word);
    let told = told.map_or_else(|| word.to_owned(), |text| format!("{word}: {text}"));
    let outcome = match (status, fails) {
        (Status::Passed, _) => Outcome::Passed,
        (_, true) => Outcome::failed(kind, told).with(vec![
            format!("expected: {subject} {condition}"),
            format!("measured: {measured}"),
        ]),
        (_, false) => Outcome::Skipped(told),
    };
    Case::new(format!("{subject} {condition}"), outcome)
}

fn assertion(row: &AssertionRow) -> Case {
    let outcome = if row.fails() {
        let told = row.note.as_deref().unwrap_or(&row.expect);
        let number = |name: &str, value: Option<Decimal>| {
            value.map(|value| format!("{name}: {value}")).into_iter()
        };
        let mut lines = vec![format!("expected: {}", row.expect)];
        lines.extend(number("before", row.before));
        lines.extend(number("after", row.after));
        lines
            .extend(row.expected.map(|(least, most)| format!("expected after: {least} to {most}")));
        Outcome::failed("integrity", format!("{}: {told}", row.word())).with(lines)
    } else {
        Outcome::Passed
    };
    Case::new(row.name.as_str(), outcome)
}
