//! Checks as Markdown.

use super::Checked;
use crate::gate::features::FeatureState;
use crate::record::{CheckOutcome, CheckReport, CheckRow};
use crate::report::foreign::clean;
use crate::units::format_nanos;

/// A table for each profile, one for the features, and the sum above them.
pub fn markdown(checked: &Checked) -> String {
    let sum = checked.sum();
    let mut lines = vec![format!("# Checks: {}", sum.word()), String::new(), sum.sentence() + "."];
    for report in &checked.reports {
        lines.extend([String::new(), title(report), String::new()]);
        lines.push("| | check | found | expected | took |".to_owned());
        lines.push("|---|---|---|---|---:|".to_owned());
        lines.extend(report.rows.iter().map(row));
    }
    if checked.has_journeys() {
        lines.extend([String::new(), "## Features".to_owned(), String::new()]);
        lines.extend(checked.features.iter().map(|row| {
            let (mark, told) = match &row.state {
                FeatureState::Ticked { .. } => ("x", String::new()),
                FeatureState::Broken { step, .. } => (" ", format!(" (broken: {})", cell(step))),
                FeatureState::Open { .. } => (" ", " (open)".to_owned()),
            };
            format!("- [{mark}] {}{told}", row.criterion.text)
        }));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn title(report: &CheckReport) -> String {
    let version = report.target.version.as_deref().map(|version| format!(", version {version}"));
    let version = cell(&version.unwrap_or_default());
    format!("## {}: {}{version}", cell(&report.profile), cell(&report.target.url))
}

fn row(row: &CheckRow) -> String {
    let sign = match row.outcome {
        CheckOutcome::Passed => "✓",
        CheckOutcome::Failed => "✗",
        CheckOutcome::Skipped => "–",
    };
    let indent = if row.step.is_some() { "↳ " } else { "" };
    let (name, found, expected) = (cell(&row.name), cell(&row.found), cell(&row.expected));
    format!("| {sign} | {indent}{name} | {found} | {expected} | {} |", format_nanos(row.took))
}

/// Text of strangers in a cell: nothing in it ends the cell, begins a tag or a link.
fn cell(text: &str) -> String {
    let mut safe = String::new();
    for character in clean(text).chars() {
        if "\\`*_[]<>|&#!".contains(character) {
            safe.push('\\');
        }
        safe.push(character);
    }
    safe
}
