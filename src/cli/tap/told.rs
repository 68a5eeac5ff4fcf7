//! What a tap measured, for people and for programs.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::cli::table::{Column, table};
use crate::histogram::Histogram;
use crate::sql::distinct;
use crate::tap::{Batch, Form, Query};
use crate::units::{Nanos, format_nanos, group_thousands};
use crate::wire::{Loss, Lost, Passed};

/// Stands where there is no number.
const NOTHING: &str = "–";

/// A whole life of a tap.
pub(super) struct Told<'a> {
    pub(super) batch: &'a Batch,
    /// CPU time of the process since it listened.
    pub(super) cpu: Nanos,
    pub(super) listen: String,
    pub(super) upstream: String,
}

impl Told<'_> {
    /// The table of queries, those with the longest time in all first, and what the tap added.
    pub(super) fn table(&self) -> String {
        let mut text = if self.batch.queries.is_empty() {
            "no statements\n".to_owned()
        } else {
            let columns = [
                Column::Text("QUERY"),
                Column::Number("N"),
                Column::Number("ERRORS"),
                Column::Number("ROWS"),
                Column::Number("P50"),
                Column::Number("P95"),
                Column::Number("P99"),
                Column::Number("FIRST ROW P95"),
            ];
            table(&columns, &self.rows())
        };
        text.push('\n');
        text.push_str(&self.own());
        text
    }

    /// What could not be measured: a sentence each.
    pub(super) fn warnings(&self) -> Vec<String> {
        let counts = &self.batch.counts;
        let mut warnings = Vec::new();
        for (loss, count) in &counts.lost {
            let what = some(*count, "statement");
            warnings.push(format!("{what} could not be measured: {}", loss.word()));
        }
        for (lost, count) in &counts.lost_connections {
            let what = some(*count, "connection");
            warnings.push(format!("{what} could not be followed to the end: {lost}"));
        }
        if let Some(count) = counts.passed.get(&Passed::Encrypted) {
            warnings.push(format!(
                "{} encrypted between client and server, and passed unread; `--tls refuse` or \
                 `--tls terminate` can read them",
                some(*count, "connection"),
            ));
        }
        let last = counts.last_failure.as_deref().unwrap_or_default();
        for (count, what) in
            [(counts.unreached, "could not reach the upstream"), (counts.refused, "refused")]
        {
            if count > 0 {
                warnings.push(format!("{} {what}; last: {last}", some(count, "connection")));
            }
        }
        warnings
    }

    /// The same for programs.
    pub(super) fn json(&self) -> String {
        let counts = &self.batch.counts;
        let by_loss = |loss: &Loss| counts.lost.get(loss).copied().unwrap_or_default();
        let ended_so = |lost: &Lost| counts.lost_connections.get(lost).copied().unwrap_or_default();
        let passed = |how| counts.passed.get(&how).copied().unwrap_or_default();
        let lost: HashMap<_, _> =
            Loss::ALL.iter().map(|loss| (word(loss), by_loss(loss))).collect();
        let lines: HashMap<_, _> =
            Lost::ALL.iter().map(|lost| (word(lost), ended_so(lost))).collect();
        let document = json!({
            "schema_version": 1,
            "tap": { "listen": self.listen, "upstream": self.upstream },
            "queries": self.sorted().iter().map(|(form, query)| as_json(form, query)).collect::<Vec<_>>(),
            "own": {
                "requests": figures(&self.batch.own.requests),
                "answers": figures(&self.batch.own.answers),
                "cpu_s": self.cpu.as_secs_f64(),
            },
            "lost": lost,
            "connections": {
                "opened": counts.opened,
                "unreached": counts.unreached,
                "refused": counts.refused,
                "passed": {
                    "encrypted": passed(Passed::Encrypted),
                    "cancel": passed(Passed::Cancel),
                    "replication": passed(Passed::Replication),
                    "refused": passed(Passed::Refused),
                },
                "lost": lines,
            },
        });
        format!("{document:#}\n")
    }

    /// Queries with their forms, those with the longest time in all first.
    fn sorted(&self) -> Vec<(&Form, &Query)> {
        let time = |query: &Query| {
            let mean = query.duration.mean().unwrap_or_default();
            mean.0.saturating_mul(query.duration.len())
        };
        let form = |query: &Query| {
            let at = usize::try_from(query.form.0).unwrap_or(usize::MAX);
            self.batch.forms.get(at)
        };
        let queries = self.batch.queries.iter();
        let mut all: Vec<_> = queries.filter_map(|query| Some((form(query)?, query))).collect();
        all.sort_by_key(|(form, query)| (std::cmp::Reverse(time(query)), &form.text));
        all
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let sorted = self.sorted();
        let mut names: HashMap<&str, u32> = HashMap::new();
        for (form, _) in &sorted {
            *names.entry(&form.name).or_default() += 1;
        }
        let line = |(form, query): &(&Form, &Query)| {
            let name = if names.get(form.name.as_str()).is_some_and(|count| *count > 1) {
                distinct(&form.name, form.fingerprint)
            } else {
                form.name.clone()
            };
            let at = |histogram: &Histogram, quantile| {
                histogram.at(quantile).map_or_else(|| NOTHING.to_owned(), format_nanos)
            };
            vec![
                name,
                group_thousands(query.count()),
                group_thousands(query.failed.len()),
                group_thousands(query.rows),
                at(&query.duration, 0.5),
                at(&query.duration, 0.95),
                at(&query.duration, 0.99),
                at(&query.first_row, 0.95),
            ]
        };
        sorted.iter().map(line).collect()
    }

    /// What the tap itself cost.
    fn own(&self) -> String {
        let counts = &self.batch.counts;
        let statements: u64 = self.batch.queries.iter().map(Query::count).sum();
        let on =
            format!("{} on {}", some(statements, "statement"), some(counts.opened, "connection"));
        let mut lines = vec![on];
        let at = |histogram: &Histogram, quantile| histogram.at(quantile).unwrap_or_default();
        let own = &self.batch.own;
        if !own.requests.is_empty() {
            lines.push(format!(
                "added by the tap: p50 {}, p99 {} to requests; p50 {}, p99 {} to answers",
                at(&own.requests, 0.5),
                at(&own.requests, 0.99),
                at(&own.answers, 0.5),
                at(&own.answers, 0.99),
            ));
        }
        if let Some(each) = self.cpu.0.checked_div(statements) {
            lines.push(format!("its CPU time: {}, {} a statement", self.cpu, Nanos(each)));
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

fn as_json(form: &Form, query: &Query) -> Value {
    json!({
        "name": form.name,
        "text": form.text,
        "fingerprint": format!("{:016x}", form.fingerprint),
        "count": query.count(),
        "errors": query.failed.len(),
        "rows": query.rows,
        "bytes": query.bytes,
        "duration": figures(&query.duration),
        "failed": figures(&query.failed),
        "first_row": figures(&query.first_row),
    })
}

fn figures(histogram: &Histogram) -> Value {
    let at = |quantile| histogram.at(quantile).map(|value| value.0);
    json!({
        "count": histogram.len(),
        "mean_ns": histogram.mean().map(|value| value.0),
        "p50_ns": at(0.5),
        "p90_ns": at(0.9),
        "p95_ns": at(0.95),
        "p99_ns": at(0.99),
        "p999_ns": at(0.999),
        "max_ns": histogram.max().map(|value| value.0),
    })
}

/// The name of a variant as JSON has it: `UnknownStatement` is `unknown_statement`.
fn word(variant: &impl std::fmt::Debug) -> String {
    let mut word = String::new();
    for letter in format!("{variant:?}").chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.extend(letter.to_lowercase());
    }
    word
}

/// `1 connection`, `2 connections`.
fn some(count: u64, what: &str) -> String {
    format!("{} {what}{}", group_thousands(count), if count == 1 { "" } else { "s" })
}
