//! An observation for machines.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::gate::observation::{Change, Day, Task, Tracked};
use crate::gate::ruling::Verdict;
use crate::report::document::Observed;
use crate::report::figures;

#[derive(Serialize)]
pub(super) struct ObservedJson<'a> {
    planned_s: f64,
    zone: &'a str,
    simulated: Option<&'a str>,
    state: Option<&'static str>,
    worst: Option<&'static str>,
    verdict: &'static str,
    days: Vec<Value>,
    changes: Vec<Value>,
    gaps: Vec<Value>,
}

impl<'a> ObservedJson<'a> {
    pub(super) fn of(observed: &'a Observed) -> Self {
        let gaps = observed.missed.iter().map(|(day, _, missed)| {
            let until = figures::rfc3339(missed.until_unix_ns);
            let seconds = missed.length.as_secs_f64();
            json!({ "day": day, "until": until, "length_s": seconds, "why": missed.why })
        });
        Self {
            planned_s: observed.planned.as_secs_f64(),
            zone: &observed.zone,
            simulated: observed.simulated.as_deref(),
            state: observed.state.map(Verdict::word),
            worst: observed.worst.map(Verdict::word),
            verdict: observed.verdict.word(),
            days: observed.days.iter().map(|one| day(observed, one)).collect(),
            changes: observed.changes.iter().map(|(day, _, one)| change(*day, one)).collect(),
            gaps: gaps.collect(),
        }
    }
}

/// A change of the state, as scripts and webhooks are told.
pub(in crate::report) fn change(day: u32, change: &Change) -> Value {
    json!({
        "day": day,
        "at": figures::rfc3339(change.at_unix_ns),
        "from": change.from.map(Verdict::word),
        "to": change.to.word(),
        "why": change.why,
        "figures": values(change.figures.iter().copied()),
    })
}

/// Figures by their names; what was not measured is `null`.
fn values(all: impl Iterator<Item = (Tracked, Option<f64>)>) -> Map<String, Value> {
    all.map(|(of, value)| (of.word().to_owned(), json!(value))).collect()
}

fn day(observed: &Observed, day: &Day) -> Value {
    let parts = day
        .parts
        .iter()
        .zip(&day.measured)
        .map(|(name, measured)| json!({ "name": name, "measured_s": measured.as_secs_f64() }));
    let rows = day.rows.iter().map(|row| {
        let cells = row.cells.iter().zip(&day.parts).map(|(cell, part)| {
            json!({ "part": part, "value": cell.value, "status": cell.status.word() })
        });
        json!({
            "metric": row.tracked.word(),
            "target_below": row.tracked.target(&observed.policy),
            "parts": cells.collect::<Vec<_>>(),
            "whole_day": day.whole.value(row.tracked),
            "status": row.status.word(),
        })
    });
    let tasks =
        day.tasks.iter().flat_map(|(part, tasks)| tasks.iter().map(move |task| check(part, task)));
    json!({
        "number": day.number,
        "date": day.date.to_string(),
        "status": day.overall.word(),
        "parts": parts.collect::<Vec<_>>(),
        "metrics": rows.collect::<Vec<_>>(),
        "issues": day.issues,
        "checks": tasks.collect::<Vec<_>>(),
    })
}

fn check(part: &str, task: &Task) -> Value {
    json!({
        "part": part,
        "id": task.criterion.id,
        "answer": task.answer.word(),
        "found": task.found,
    })
}
