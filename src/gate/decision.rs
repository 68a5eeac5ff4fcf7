//! The decision whether staging was good enough: every row of the guide measured, attested or
//! missing, and one word that follows from them.
//!
//! A row that is missing is not GO. What was measured and is bad can't be attested away. What was
//! said of the version before is not said of the candidate.

mod attested;
mod checked;
mod database;
mod figures;
mod known;
mod measured;
mod ruled;
mod rules;
mod targets;
mod verdict;
mod works;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

use attested::Said;
pub use figures::{Figures, Times, Values};
pub use known::{Feature, Found, Known, Leak, LogRule, LogTopic, Observed, Task};
use measured::Finding;
use rules::Rule;
use serde::{Deserialize, Serialize};
pub use targets::Target;

use super::ruling::Verdict;
use crate::record::{Criterion, Group};

/// What is decided, with everything that it follows from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The word of the [`Verdict`].
    pub verdict: String,
    /// Why, the gravest first.
    pub reasons: Vec<Because>,
    /// The lists of the guide with their rows, in the order in which people read them.
    pub lists: Vec<List>,
    /// Commands that would answer what is missing, each once.
    pub next: Vec<String>,
}

/// One reason of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// The word of the [`Verdict`] that it speaks for.
    pub verdict: String,
    /// A sentence.
    pub text: String,
}

/// One list of the guide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// Which: `go`, `no_go`, `rollback`, `success`, `outcome`, `target`, `pre_deployment`,
    /// `feature`, `morning`, `mid_day` or `evening`.
    pub name: String,
    /// Its rows in the order of the guide.
    pub rows: Vec<Row>,
}

/// One row of the guide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Id of the [`Criterion`] or of the [`Target`].
    pub id: String,
    /// What it says.
    pub text: String,
    /// Whether that is well.
    pub standing: Standing,
    /// How that is known.
    pub state: State,
}

/// Whether a row is as it has to be for GO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is.
    Good,
    /// It was looked at, and what was found decides neither way.
    Open,
    /// Nothing is known.
    Missing,
    /// It is not.
    Bad,
}

/// How something is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum State {
    /// loadgate has measured it.
    Measured {
        /// Whether what the row says is so.
        answer: Answer,
        /// What was found, for people, with its unit, its uncertainty and its limit.
        figure: String,
        /// Where that stands.
        source: Source,
    },
    /// Somebody has said it.
    Attested {
        /// Whether what the row says is so.
        answer: Answer,
        /// Who said it.
        by: String,
        /// When: RFC 3339, UTC.
        at: String,
        /// What there is to say about it.
        note: String,
        /// Id of the criterion of which it was said: another than the row's own where one answers
        /// both.
        of: String,
        /// What was measured and decides neither way.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        beside: Option<String>,
    },
    /// Nobody knows.
    Missing {
        /// Why, for people.
        why: String,
        /// A command that would answer it.
        how: String,
    },
}

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// What was found decides neither way.
    Open,
}

/// Where a figure stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The record, for people: `run 20260102-030405-abcd`, `checks of profile immediate`.
    pub what: String,
    /// The part of the comparison's report that shows it: the anchor of a heading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
}

impl Source {
    /// A record of which no report shows the figure.
    pub fn of(what: impl Into<String>) -> Self {
        Self { what: what.into(), part: None }
    }

    /// A part of the comparison's report.
    pub fn part(what: impl Into<String>, part: &str) -> Self {
        Self { what: what.into(), part: Some(part.to_owned()) }
    }
}

impl List {
    /// The list of rows that have this standing.
    pub fn count(&self, standing: Standing) -> usize {
        self.rows.iter().filter(|row| row.standing == standing).count()
    }
}

impl Decision {
    /// The list with this name.
    pub fn list(&self, name: &str) -> Option<&List> {
        self.lists.iter().find(|list| list.name == name)
    }

    /// The row with this id.
    pub fn row(&self, id: &str) -> Option<&Row> {
        self.lists.iter().flat_map(|list| &list.rows).find(|row| row.id == id)
    }

    /// The answer in one word; `None` for a word that no loadgate writes.
    pub fn verdict(&self) -> Option<Verdict> {
        let all = [Verdict::Go, Verdict::Hold, Verdict::NoGo, Verdict::Rollback, Verdict::Invalid];
        all.into_iter().find(|verdict| verdict.word() == self.verdict)
    }
}

/// The lists in the order of the document, with the names by which they are known.
const LISTS: [(Group, &str); 10] = [
    (Group::Go, "go"),
    (Group::NoGo, "no_go"),
    (Group::Rollback, "rollback"),
    (Group::Success, "success"),
    (Group::Outcome, "outcome"),
    (Group::PreDeployment, "pre_deployment"),
    (Group::Feature, "feature"),
    (Group::Morning, "morning"),
    (Group::MidDay, "mid_day"),
    (Group::Evening, "evening"),
];

/// Why a row is missing of which there is nothing more to say.
pub const NOBODY: &str = "neither measured nor attested";

/// The name of the list of figures with targets.
const TARGETS: &str = "target";

/// Which lists GO rests on: each of their rows has to be good.
fn is_needed(group: Group) -> bool {
    match group {
        Group::Go | Group::NoGo | Group::Rollback | Group::Success | Group::Outcome => true,
        Group::PreDeployment | Group::Feature | Group::Morning | Group::MidDay | Group::Evening => {
            false
        }
    }
}

/// Whether a row of this list is well when what it says is *not* so.
fn speaks_against(group: Group) -> bool {
    match group {
        Group::NoGo | Group::Rollback => true,
        Group::Go
        | Group::Success
        | Group::Outcome
        | Group::PreDeployment
        | Group::Feature
        | Group::Morning
        | Group::MidDay
        | Group::Evening => false,
    }
}

/// Whether a criterion is well when what it says is *not* so.
pub fn is_against(criterion: &Criterion) -> bool {
    speaks_against(criterion.group)
}

/// Whether an attestation that this criterion is well counts: what is a matter of figures can only
/// be measured.
pub fn is_attestable(criterion: &Criterion) -> bool {
    Rule::of(criterion).is_attestable()
}

/// Decides. Whatever is missing in `known` is missing in the decision, and is never passed.
pub fn decide(known: &Known) -> Decision {
    let targets = targets::rows(known);
    // Features come first, because what is said of all of them rests on each.
    let features: Vec<Row> = rows(known, Group::Feature, &measured::Before::default());
    let before = measured::Before { features: &features, targets: &targets };
    let mut lists: Vec<List> = Vec::new();
    for (group, name) in LISTS {
        let rows = match group {
            Group::Feature => features.clone(),
            Group::Go
            | Group::NoGo
            | Group::Rollback
            | Group::Success
            | Group::Outcome
            | Group::PreDeployment
            | Group::Morning
            | Group::MidDay
            | Group::Evening => rows(known, group, &before),
        };
        lists.push(List { name: name.to_owned(), rows });
        if group == Group::Outcome {
            lists.push(List { name: TARGETS.to_owned(), rows: targets.clone() });
        }
    }
    require_rollback(&mut lists);
    name_baseline(&mut lists, &known.baseline);
    let (verdict, reasons) = verdict::of(known, &lists);
    Decision { verdict: verdict.word().to_owned(), reasons, next: verdict::next(&lists), lists }
}

fn rows(known: &Known, group: Group, before: &measured::Before<'_>) -> Vec<Row> {
    Criterion::in_group(group).map(|criterion| row(known, criterion, before)).collect()
}

fn row(known: &Known, criterion: &Criterion, before: &measured::Before<'_>) -> Row {
    let rule = Rule::of(criterion);
    let found = measured::of(known, criterion, &rule, before);
    let said = attested::of(known, criterion, &rule);
    let state = state(criterion, &rule, found, said);
    Row {
        id: criterion.id.to_owned(),
        text: criterion.text.to_owned(),
        standing: standing(criterion, &state),
        state,
    }
}

/// What counts of what was measured and what was said: what is bad before what is good, and what
/// was measured before what was said.
fn state(criterion: &Criterion, rule: &Rule, found: Option<Finding>, said: Said) -> State {
    let good = if is_against(criterion) { Answer::No } else { Answer::Yes };
    let (entry, why) = match said {
        Said::Counts(entry) => (Some(entry), None),
        Said::Not(why) => (None, why),
    };
    let answers = entry.as_ref().map(|entry| entry.answer);
    let speaks_well = answers == Some(good);
    match (found, entry) {
        (Some(found), Some(entry)) if found.answer == good && !speaks_well => entry.state(None),
        (Some(found), Some(entry))
            if found.answer == Answer::Open && (!speaks_well || rule.is_attestable()) =>
        {
            entry.state(Some(found.figure))
        }
        (Some(Finding { answer, figure, source }), _) => State::Measured { answer, figure, source },
        (None, Some(entry)) if !speaks_well || rule.is_attestable() => entry.state(None),
        (None, Some(_)) => State::Missing {
            why: "it was attested, and can only be measured".to_owned(),
            how: rule.how(criterion),
        },
        (None, None) => State::Missing {
            why: why.unwrap_or_else(|| NOBODY.to_owned()),
            how: rule.how(criterion),
        },
    }
}

fn standing(criterion: &Criterion, state: &State) -> Standing {
    let answer = match state {
        State::Measured { answer, .. } | State::Attested { answer, .. } => *answer,
        State::Missing { .. } => return Standing::Missing,
    };
    match (answer, is_against(criterion)) {
        (Answer::Open, _) => Standing::Open,
        (Answer::Yes, false) | (Answer::No, true) => Standing::Good,
        (Answer::No, false) | (Answer::Yes, true) => Standing::Bad,
    }
}

/// Puts the name of the baseline into the commands that compare with it.
fn name_baseline(lists: &mut [List], baseline: &str) {
    if baseline.is_empty() {
        return;
    }
    for row in lists.iter_mut().flat_map(|list| &mut list.rows) {
        if let State::Missing { how, .. } = &mut row.state {
            *how = how.replace(rules::BASELINE, baseline);
        }
    }
}

/// A moment in RFC 3339, UTC, to the second.
fn moment(unix_ns: u64) -> String {
    let moment = jiff::Timestamp::from_nanosecond(i128::from(unix_ns));
    let told = moment.map(|moment| moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    told.unwrap_or_else(|_beyond| "an unknown time".to_owned())
}

/// Where a row says that the candidate has to be taken back, a rollback is required.
fn require_rollback(lists: &mut [List]) {
    let bad = |list: &List| list.name == "rollback" && list.count(Standing::Bad) > 0;
    let Some(list) = lists.iter().find(|list| bad(list)) else { return };
    let because: Vec<&str> = list
        .rows
        .iter()
        .filter(|row| row.standing == Standing::Bad)
        .map(|row| row.id.as_str())
        .collect();
    let figure = format!("required by {}", because.join(", "));
    let required = lists
        .iter_mut()
        .flat_map(|list| &mut list.rows)
        .filter(|row| row.id == rules::ROLLBACK_REQUIRED);
    for row in required {
        row.standing = Standing::Bad;
        row.state = State::Measured {
            answer: Answer::Yes,
            figure: figure.clone(),
            source: Source::of("the rows of this document"),
        };
    }
}
