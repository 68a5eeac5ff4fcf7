//! What has changed between a document and what would be decided today.

use super::{DecisionDocument, RunSource, SideSource};
use crate::gate::decision::{Answer, Row, State};

/// What has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// What it rests on: runs, checks, attestations.
    pub sources: Vec<Change>,
    /// What follows: rows, reasons, the word itself.
    pub rows: Vec<Change>,
}

/// One thing that has changed, as a sentence.
pub type Change = String;

impl Changes {
    /// From a document that somebody has to the one that would be written now.
    pub fn between(was: &DecisionDocument, now: &DecisionDocument) -> Self {
        let mut sources = side("baseline", &was.baseline, &now.baseline);
        sources.extend(side("candidate", &was.candidate, &now.candidate));
        let observed = [&was.observation, &now.observation].map(|one| one.as_slice());
        let [old, new] = observed;
        sources.extend(runs("observation", old, new));
        sources.extend(checks(was, now));
        sources.extend(attestations(was, now));
        let mut rows = Vec::new();
        if was.decision.verdict != now.decision.verdict {
            rows.push(format!(
                "it says {}, and today it would be {}",
                was.decision.verdict, now.decision.verdict
            ));
        }
        let all = |document: &DecisionDocument| -> Vec<Row> {
            document.decision.lists.iter().flat_map(|list| list.rows.clone()).collect()
        };
        let (old, new) = (all(was), all(now));
        for row in &old {
            match new.iter().find(|other| other.id == row.id) {
                Some(other) if other != row => {
                    rows.push(format!("`{}` was {}, is {}", row.id, told(row), told(other)));
                }
                Some(_) => {}
                None => rows.push(format!("`{}` is no row any more", row.id)),
            }
        }
        let added = new.iter().filter(|row| !old.iter().any(|other| other.id == row.id));
        rows.extend(added.map(|row| format!("`{}` is new: {}", row.id, told(row))));
        if rows.is_empty() && was.decision != now.decision {
            rows.push("its reasons are others today".to_owned());
        }
        if was.target != now.target {
            sources.push(format!("the target was {}, is {}", was.target, now.target));
        }
        Self { sources, rows }
    }

    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.rows.is_empty()
    }
}

fn side(what: &str, was: &SideSource, now: &SideSource) -> Vec<Change> {
    let mut changes = runs(what, &was.runs, &now.runs);
    if was.name != now.name {
        changes.push(format!("the {what} was {}, is {}", was.name, now.name));
    }
    if was.versions != now.versions {
        let joined = |side: &SideSource| side.versions.join(", ");
        changes.push(format!(
            "the versions of the {what} were {}, are {}",
            joined(was),
            joined(now)
        ));
    }
    changes
}

fn runs(what: &str, was: &[RunSource], now: &[RunSource]) -> Vec<Change> {
    let mut changes = Vec::new();
    for run in was {
        match now.iter().find(|other| other.id == run.id) {
            Some(other) if other != run => {
                changes.push(format!("the record of run {} ({what}) is another one", run.id));
            }
            Some(_) => {}
            None => changes.push(format!("run {} ({what}) is gone", run.id)),
        }
    }
    let added = now.iter().filter(|run| !was.iter().any(|other| other.id == run.id));
    changes.extend(added.map(|run| format!("run {} ({what}) was added", run.id)));
    changes
}

fn checks(was: &DecisionDocument, now: &DecisionDocument) -> Vec<Change> {
    let mut changes = Vec::new();
    for check in &was.checks {
        match now.checks.iter().find(|other| other.profile == check.profile) {
            Some(other) if other != check => changes.push(format!(
                "checks of profile {} were those of {}, are those of {}",
                check.profile, check.started, other.started
            )),
            Some(_) => {}
            None => changes.push(format!("checks of profile {} are gone", check.profile)),
        }
    }
    let known = |profile: &str| was.checks.iter().any(|check| check.profile == profile);
    let added = now.checks.iter().filter(|check| !known(&check.profile));
    changes.extend(added.map(|check| format!("checks of profile {} were added", check.profile)));
    changes
}

/// Attestations are only ever added, so one that is not where it was is another one.
fn attestations(was: &DecisionDocument, now: &DecisionDocument) -> Vec<Change> {
    let told = |one: &super::AttestationSource| {
        format!("`{}` {} by {} at {}", one.criterion, one.stand, one.by, one.at)
    };
    let mut changes = Vec::new();
    for (at, one) in was.attestations.iter().enumerate() {
        match now.attestations.get(at) {
            Some(other) if other == one => {}
            Some(other) => {
                changes.push(format!("it has {}, the store has {}", told(one), told(other)));
            }
            None => changes.push(format!("{} is not in the store", told(one))),
        }
    }
    let added = now.attestations.iter().skip(was.attestations.len());
    changes.extend(added.map(|one| format!("{} was added", told(one))));
    changes
}

fn told(row: &Row) -> String {
    let word = |answer: Answer| match answer {
        Answer::Yes => "yes",
        Answer::No => "no",
        Answer::Open => "open",
    };
    match &row.state {
        State::Measured { answer, figure, .. } => format!("measured {} ({figure})", word(*answer)),
        State::Attested { answer, by, at, .. } => {
            format!("attested {} by {by} at {at}", word(*answer))
        }
        State::Missing { why, .. } => format!("missing ({why})"),
    }
}
