//! The staging guide's texts of an observation: the daily metrics log, and the daily status.
//!
//! What loadgate can't know stays as the guide's placeholder, in brackets, so that it is seen.

use serde_json::{Value, json};

use super::document::{Document, Observed};
use super::foreign::clean;
use super::markdown::escape;
use crate::gate::leaks::LeakFinding;
use crate::gate::observation::{Cell, Change, Day, Observer, Status, Tracked};

/// Stands where nothing was measured.
const MISSING: &str = "—";
/// What users say, which nobody measures.
const FEEDBACK: &str = "[None / Summarize feedback]";

/// Which parts of a day the log shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// The windows: those of the guide.
    Windows,
    /// The time outside of them, too.
    WithNight,
}

/// A figure of the log, or a dash.
pub(super) fn figure(observed: &Observed, of: Tracked, cell: Cell) -> String {
    cell.value.map_or_else(|| MISSING.to_owned(), |value| of.text(value, &observed.policy))
}

/// The Daily Metrics Log as Markdown: a table a day, with the guide's rows and columns.
pub fn log(observed: &Observed, columns: Columns) -> String {
    let mut blocks = vec!["## Daily Metrics Log".to_owned()];
    blocks.extend(banner(observed));
    let is_shown = |day: &&Day| columns == Columns::WithNight || day.has_windows();
    for day in observed.days.iter().filter(is_shown) {
        blocks.push(format!("### Day {} ({})", day.number, day.date));
        blocks.push(table(observed, day, columns));
        let rest =
            format!("**User Feedback**: {FEEDBACK}  \n**Overall Status**: {}", day.overall.text());
        if day.issues.is_empty() {
            blocks.push(format!("**Issues Found**: None  \n{rest}"));
        } else {
            let issues = day.issues.iter().map(|issue| format!("- {}", escape(issue)));
            blocks.push("**Issues Found**:".to_owned());
            blocks.push(issues.collect::<Vec<_>>().join("\n"));
            blocks.push(rest);
        }
    }
    format!("{}\n", blocks.join("\n\n"))
}

/// The sentence without which a simulation could be taken for a measurement.
fn banner(observed: &Observed) -> Option<String> {
    let from = observed.simulated.as_deref()?;
    Some(format!("> **SIMULATED** from {}: nothing here was measured.", escape(from)))
}

fn table(observed: &Observed, day: &Day, columns: Columns) -> String {
    let windows = day.parts.len().saturating_sub(match columns {
        Columns::Windows => 1,
        Columns::WithNight => 0,
    });
    let mut rows = vec![
        ["Metric".to_owned(), "Target".to_owned()]
            .into_iter()
            .chain(day.parts.iter().take(windows).map(|part| escape(&title(part))))
            .chain(["Status".to_owned()])
            .collect::<Vec<String>>(),
    ];
    for row in &day.rows {
        let of = row.tracked;
        let mut cells = vec![of.title().to_owned(), of.target_text(&observed.policy)];
        cells.extend(row.cells.iter().take(windows).map(|cell| figure(observed, of, *cell)));
        cells.push(row.status.sign().to_owned());
        rows.push(cells);
    }
    aligned(&rows)
}

/// `mid-day` as the guide writes it: `Mid-Day`.
fn title(part: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(letters).collect::<String>()
        })
    };
    part.split('-').map(word).collect::<Vec<_>>().join("-")
}

/// Rows as a Markdown table whose columns stand below each other in plain text, too.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let length = |cell: &str| cell.chars().count();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| length(cell)).max().unwrap_or(3)
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).max(3)).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| {
            format!("{cell}{}", " ".repeat(width.saturating_sub(length(cell))))
        });
        format!("| {} |", padded.collect::<Vec<_>>().join(" | "))
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut lines: Vec<String> = rows.iter().map(|row| line(row)).collect();
    lines.insert(1.min(lines.len()), line(&rule));
    lines.join("\n")
}

/// The guide's Daily Status Update of one day; `None` when the observation has no such day.
pub fn status(document: &Document, observed: &Observed, number: u32) -> Option<String> {
    let day = observed.days.iter().find(|day| day.number == number)?;
    let scenario = clean(&document.run.scenario);
    let version = document.run.target_version.as_deref().map(clean);
    let version = version.unwrap_or_else(|| "[version]".to_owned());
    let metric = |of: Tracked| {
        let value = day.whole.value(of);
        let text = value.map(|value| of.text(value, &observed.policy));
        let text = text.unwrap_or_else(|| "[not measured]".to_owned());
        format!("- {}: {text} (target: {})", of.title(), of.target_text(&observed.policy))
    };
    let issues = match day.issues.as_slice() {
        [] => " None".to_owned(),
        all => {
            let lines: Vec<_> = all.iter().map(|issue| format!("\n- {}", clean(issue))).collect();
            lines.concat()
        }
    };
    let blocks = [
        Some(format!("Subject: [STAGING] {scenario} {version} - Day {number} Status Update")),
        Some("Team,".to_owned()),
        observed
            .simulated
            .as_deref()
            .map(|from| format!("SIMULATED from {}: nothing here was measured.", clean(from))),
        Some(format!("Day {number} of {scenario} {version} staging observation.")),
        Some(format!("**Status:** {}", day.overall.text())),
        Some("**Metrics:**".to_owned()),
        Some(
            [
                metric(Tracked::ErrorRate),
                metric(Tracked::AverageResponse),
                format!("- Database Performance: {}", database(day)),
                format!("- Memory Usage: {}", memory(document, day)),
            ]
            .join("\n"),
        ),
        Some(format!("**Issues Found:**{issues}")),
        Some(format!("**User Feedback:** {FEEDBACK}")),
        Some(
            "**Next Steps:** [Continue monitoring / Address issues / Proceed to production]"
                .to_owned(),
        ),
        Some("**Updated Metrics:** [Link to metrics dashboard]".to_owned()),
        Some("Questions? Contact: [Your contact info]".to_owned()),
        Some("[Your Name]".to_owned()),
    ];
    Some(format!("{}\n", blocks.into_iter().flatten().collect::<Vec<_>>().join("\n\n")))
}

/// The statements and the pool in a word.
fn database(day: &Day) -> &'static str {
    let rows = day.rows.iter();
    let own = rows.filter(|row| matches!(row.tracked, Tracked::QueryAverage | Tracked::Pool));
    let statuses: Vec<Status> = own.map(|row| row.status).collect();
    let order = [
        (Status::Bad, "❌ Beyond its targets"),
        (Status::Warn, "⚠️ At its targets"),
        (Status::Missing, "[not measured throughout]"),
    ];
    let found = order.into_iter().find(|(status, _)| statuses.contains(status));
    found.map_or("✅ Normal", |(_, text)| text)
}

/// The most memory of the day, and whether it is stable as far as that is known.
fn memory(document: &Document, day: &Day) -> String {
    let value = day.whole.value(Tracked::Memory);
    let Some(value) = value else { return "[not measured] GB".to_owned() };
    let own = document.leaks.iter().filter(|row| row.reading.ends_with("_bytes"));
    let findings: Vec<&LeakFinding> = own.map(|row| &row.finding).collect();
    let stable = match () {
        () if findings.contains(&&LeakFinding::Leak) => "growing",
        () if !findings.is_empty() && findings.iter().all(|one| **one == LeakFinding::Clean) => {
            "stable"
        }
        () => "[stable / growing: not decided]",
    };
    format!("{:.2} GB ({stable})", value / 1e9)
}

/// A change of the state as JSON, for the programs and webhooks that are told of it: what the
/// report has of it, with the id of the observation and the name of its scenario.
pub fn change(observer: &Observer, (id, scenario): (&str, &str), change: &Change) -> Value {
    let mut told = super::json::change(observer.day_of(change.at_unix_ns), change);
    if let Some(told) = told.as_object_mut() {
        told.insert("schema_version".to_owned(), json!(1));
        told.insert("observation".to_owned(), json!(id));
        told.insert("scenario".to_owned(), json!(scenario));
        told.insert("verdict".to_owned(), json!(change.to.word()));
        told.insert("reason".to_owned(), json!(change.why));
        told.insert("simulated".to_owned(), json!(observer.simulated().is_some()));
    }
    told
}
