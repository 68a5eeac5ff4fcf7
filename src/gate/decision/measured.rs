//! What loadgate has measured of a row.

use super::known::{Found, Task};
use super::rules::Rule;
use super::{Answer, Known, Row, Source, Standing, checked, database, ruled, works};
use crate::gate::ruling::Verdict;
use crate::record::Criterion;

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// The features of the checklist, all together.
    Features(Line),
    /// The share of requests that fail.
    Errors(Line),
    /// Response times beside the baseline.
    Performance(Line),
    /// Failures beside the baseline.
    Stability,
    /// Assertions on data.
    Data(Line),
    /// Migrations of the database.
    Migrations,
    /// Memory that grows.
    Memory(Line),
    /// The pool of connections.
    Pool,
    /// Connections to the database.
    Database(Line),
    /// The deployment.
    Deployment,
    /// The observation.
    Observation,
    /// Every figure with a target, and every threshold.
    Metrics,
    /// Whether the target answers at all.
    Reached,
    /// Whether monitors read anything.
    Monitored,
    /// One feature of the checklist.
    Feature,
    /// A daily task.
    Task,
    /// Whatever checks show.
    Checks,
}

/// Which of three statements about one figure a row makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// That it is as it has to be for GO.
    Go,
    /// That it is beyond the line of NO-GO.
    NoGo,
    /// That it is beyond the line of ROLLBACK.
    Rollback,
}

/// What was found of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) answer: Answer,
    pub(super) figure: String,
    pub(super) source: Source,
}

/// What was found of one figure, for the three statements about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Measure {
    pub(super) go: Answer,
    pub(super) no_go: Answer,
    pub(super) rollback: Answer,
    pub(super) figure: String,
    pub(super) source: Source,
}

/// Rows on which others rest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Before<'a> {
    pub(super) features: &'a [Row],
    pub(super) targets: &'a [Row],
}

impl Measure {
    /// A figure that decides nothing.
    pub(super) fn open(figure: impl Into<String>, source: Source) -> Self {
        let open = Answer::Open;
        Self { go: open, no_go: open, rollback: open, figure: figure.into(), source }
    }

    /// The answer to one of the statements.
    pub(super) fn at(self, line: Line) -> Finding {
        let answer = match line {
            Line::Go => self.go,
            Line::NoGo => self.no_go,
            Line::Rollback => self.rollback,
        };
        Finding { answer, figure: self.figure, source: self.source }
    }

    /// Both figures as one: each statement as the worse of them has it.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            go: all(&[self.go, other.go]),
            no_go: any(&[self.no_go, other.no_go]),
            rollback: any(&[self.rollback, other.rollback]),
            figure: format!("{}; {}", self.figure, other.figure),
            source: if self.go == Answer::Yes { other.source } else { self.source },
        }
    }
}

/// Whether all of several statements are so.
pub(super) fn all(answers: &[Answer]) -> Answer {
    if answers.contains(&Answer::No) {
        Answer::No
    } else if answers.contains(&Answer::Open) {
        Answer::Open
    } else {
        Answer::Yes
    }
}

/// Whether any of several statements is so.
pub(super) fn any(answers: &[Answer]) -> Answer {
    if answers.contains(&Answer::Yes) {
        Answer::Yes
    } else if answers.contains(&Answer::Open) {
        Answer::Open
    } else {
        Answer::No
    }
}

/// Both as one, if there are two.
pub(super) fn joined(one: Option<Measure>, other: Option<Measure>) -> Option<Measure> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.and(other)),
        (one, other) => one.or(other),
    }
}

/// What was measured of a criterion, with what checks show of it; `None` when nothing was.
pub(super) fn of(
    known: &Known,
    criterion: &Criterion,
    rule: &Rule,
    before: &Before<'_>,
) -> Option<Finding> {
    let found = match rule.topic {
        Topic::Features(line) => works::all(before.features, known).map(|found| found.at(line)),
        Topic::Feature => works::one(known, criterion.id).map(|found| found.at(Line::Go)),
        Topic::Errors(line) => ruled::errors(known).map(|found| found.at(line)),
        Topic::Performance(line) => ruled::performance(known).map(|found| found.at(line)),
        Topic::Stability => ruled::stability(known),
        Topic::Data(line) => ruled::data(known).map(|found| found.at(line)),
        Topic::Memory(line) => database::memory(known).map(|found| found.at(line)),
        Topic::Pool => database::pool(known).map(|found| found.at(Line::Go)),
        Topic::Database(line) => database::connections(known).map(|found| found.at(line)),
        Topic::Migrations => database::migrations(known),
        Topic::Deployment => checked::deployment(known),
        Topic::Observation => observation(known),
        Topic::Metrics => metrics(known, before.targets),
        Topic::Reached => reached(known),
        Topic::Monitored => monitored(known),
        Topic::Task => known.tasks.iter().find(|task| task.id == criterion.id).map(task),
        Topic::Checks => None,
    };
    worse(criterion, found, checked::proved(known, criterion))
}

/// What a figure and checks say of one row: the worse of both.
fn worse(criterion: &Criterion, one: Option<Finding>, other: Option<Finding>) -> Option<Finding> {
    let rank = |found: &Finding| match (found.answer, super::is_against(criterion)) {
        (Answer::Yes, false) | (Answer::No, true) => 0,
        (Answer::Open, _) => 1,
        (Answer::No, false) | (Answer::Yes, true) => 2,
    };
    match (one, other) {
        (Some(one), Some(other)) if rank(&other) > rank(&one) => Some(other),
        (Some(one), Some(_)) => Some(one),
        (one, other) => one.or(other),
    }
}

fn task(task: &Task) -> Finding {
    let answer = match task.found {
        Found::Clean => Answer::Yes,
        Found::Open => Answer::Open,
        Found::Bad => Answer::No,
    };
    Finding { answer, figure: task.figure.clone(), source: task.source.clone() }
}

/// The guide asks for 24 to 48 hours.
const LEAST_OBSERVED_HOURS: u64 = 24;

fn observation(known: &Known) -> Option<Finding> {
    let observed = known.observation.as_ref()?;
    let hours = |time: crate::units::Nanos| format!("{:.1} h", time.as_secs_f64() / 3_600.0);
    let least = crate::units::Nanos::from_secs(LEAST_OBSERVED_HOURS * 3_600);
    let missed = match observed.missed.0 {
        0 => String::new(),
        _ => format!(", {} of it missed", hours(observed.missed)),
    };
    let told = format!("{} watched{missed}", hours(observed.watched));
    let (answer, figure) = match &observed.simulated {
        // What was never measured shows nothing of the system.
        Some(made_from) => (Answer::Open, format!("{told}, simulated from {made_from}")),
        None if observed.worst >= Some(Verdict::NoGo) => {
            let word = observed.worst.map_or("unknown", Verdict::word);
            (Answer::No, format!("{told}, in which it was {word}"))
        }
        None if observed.watched < least => {
            (Answer::Open, format!("{told}, at least {LEAST_OBSERVED_HOURS} h are asked for"))
        }
        None => (Answer::Yes, told),
    };
    Some(Finding { answer, figure, source: observed.source() })
}

/// All figures with targets, and the thresholds of the scenario.
fn metrics(known: &Known, targets: &[Row]) -> Option<Finding> {
    let of = |standing: Standing| -> Vec<&str> {
        targets.iter().filter(|row| row.standing == standing).map(|row| row.id.as_str()).collect()
    };
    let (good, bad) = (of(Standing::Good).len(), of(Standing::Bad));
    let thresholds = known.ruling.as_ref().map(|own| own.thresholds.as_slice()).unwrap_or_default();
    let missed = thresholds.iter().filter(|outcome| outcome.fails()).count();
    let surely = thresholds
        .iter()
        .filter(|outcome| outcome.status == crate::gate::threshold::Status::Failed)
        .count();
    if good + bad.len() == 0 && thresholds.is_empty() {
        return None;
    }
    let kept = thresholds.len() - missed;
    let mut figure = format!(
        "{good} of {} targets are met, {kept} of {} thresholds are kept",
        targets.len(),
        thresholds.len()
    );
    let broken: Vec<&str> = known
        .logs
        .iter()
        .filter(|rule| rule.found == Found::Bad)
        .map(|rule| rule.name.as_str())
        .collect();
    if !broken.is_empty() {
        figure = format!("{figure}; rules for logs that are not kept: {}", broken.join(", "));
    }
    let (open, missing) = (of(Standing::Open), of(Standing::Missing));
    for (word, ids) in [("missed", &bad), ("open", &open), ("not measured", &missing)]
        .iter()
        .filter(|(_, ids)| !ids.is_empty())
    {
        figure = format!("{figure}; {word}: {}", ids.join(", "));
    }
    let answer = match () {
        () if bad.len() + surely + broken.len() > 0 => Answer::No,
        () if missed > 0 || good < targets.len() => Answer::Open,
        () => Answer::Yes,
    };
    let what = ruled::candidate(known).map_or_else(|| "the targets".to_owned(), |side| side.what);
    Some(Finding { answer, figure, source: Source::part(what, "thresholds") })
}

/// A target that answered requests is there.
fn reached(known: &Known) -> Option<Finding> {
    let answered = known.figures.iter().find(|own| own.requests > own.errors)?;
    let figure = format!(
        "{} requests were answered",
        crate::units::group_thousands(answered.requests.saturating_sub(answered.errors))
    );
    Some(Finding { answer: Answer::Yes, figure, source: answered.source.clone() })
}

/// What reads something is configured.
fn monitored(known: &Known) -> Option<Finding> {
    let read = known.figures.iter().find(|own| !own.readings.is_empty())?;
    let figure = match read.readings.len() {
        1 => "1 reading".to_owned(),
        several => format!("{several} readings"),
    };
    Some(Finding { answer: Answer::Yes, figure, source: read.source.clone() })
}
