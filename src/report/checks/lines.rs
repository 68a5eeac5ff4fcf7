//! What people read on the terminal.

use super::Checked;
use crate::gate::features::FeatureState;
use crate::record::{CheckOutcome, CheckReport, CheckRow};
use crate::report::foreign::clean;
use crate::report::terminal::Style;
use crate::units::format_nanos;

/// The widest column of names; a longer name pushes its own line to the right.
const WIDEST_NAME: usize = 48;

/// Checks, features and the sum, as lines.
pub fn text(checked: &Checked, style: Style) -> String {
    let mut lines = Vec::new();
    for report in &checked.reports {
        lines.push(head(report, style));
        let shown = report.rows.iter().filter(|row| row.step.is_none() || is_shown(row));
        let names = report.rows.iter().filter(|row| row.step.is_none());
        let width = names.map(|row| clean(&row.name).chars().count()).max().unwrap_or_default();
        for row in shown {
            lines.push(line(row, width.min(WIDEST_NAME), style));
        }
        lines.push(String::new());
    }
    if checked.has_journeys() {
        lines.push(paint("FEATURES", Ink::Strong, style));
        lines.extend(features(checked, style));
        lines.push(String::new());
    }
    let sum = checked.sum();
    let ink = match sum.word() {
        "PASSED" => Ink::Good,
        "OPEN" => Ink::Open,
        _ => Ink::Bad,
    };
    lines.push(format!("{}  {}", paint(sum.word(), ink, style), sum.sentence()));
    lines.push(String::new());
    lines.join("\n")
}

/// Of the steps of a journey only those that say something new.
fn is_shown(row: &CheckRow) -> bool {
    row.outcome == CheckOutcome::Failed
}

fn head(report: &CheckReport, style: Style) -> String {
    let profile = paint(&clean(&report.profile).to_uppercase(), Ink::Strong, style);
    let version = report.target.version.as_deref().map(|version| format!(", version {version}"));
    let embedded = if report.target.embedded { " (embedded market)" } else { "" };
    let target = format!("{}{embedded}{}", report.target.url, version.unwrap_or_default());
    format!("{profile}  {}  {}", clean(&target), format_nanos(report.lasted))
}

fn line(row: &CheckRow, width: usize, style: Style) -> String {
    let (sign, ink) = sign(row.outcome);
    let name = clean(&row.name);
    let found = clean(&row.found);
    let tries = if row.attempts > 1 && row.step.is_none() {
        format!(" ({} tries, {})", row.attempts, format_nanos(row.took))
    } else {
        String::new()
    };
    let told = match row.outcome {
        CheckOutcome::Failed if row.step.is_none() => {
            format!(
                "{found}{tries}\n{:indent$}expected: {}",
                "",
                clean(&row.expected),
                indent = width + 6
            )
        }
        CheckOutcome::Passed | CheckOutcome::Failed | CheckOutcome::Skipped => {
            format!("{found}{tries}")
        }
    };
    let indent = if row.step.is_some() { "    " } else { "  " };
    format!("{indent}{} {name:<width$}  {told}", paint(sign, ink, style))
}

fn sign(outcome: CheckOutcome) -> (&'static str, Ink) {
    match outcome {
        CheckOutcome::Passed => ("✓", Ink::Good),
        CheckOutcome::Failed => ("✗", Ink::Bad),
        CheckOutcome::Skipped => ("–", Ink::Open),
    }
}

fn features(checked: &Checked, style: Style) -> Vec<String> {
    let width = checked.features.iter().map(|row| row.criterion.text.chars().count()).max();
    let width = width.unwrap_or_default();
    let line = |row: &crate::gate::features::FeatureRow| {
        let (sign, ink, told) = match &row.state {
            FeatureState::Ticked { passed, failed: 0 } => ("✓", Ink::Good, format!("{passed}")),
            FeatureState::Ticked { passed, failed } => {
                ("✓", Ink::Good, format!("{passed}, and {failed} failed"))
            }
            FeatureState::Broken { passed, failed, step } => {
                let told = format!("{failed} of {} failed: {}", passed + failed, clean(step));
                ("✗", Ink::Bad, told)
            }
            FeatureState::Open { untried: Some(step) } => {
                ("–", Ink::Open, format!("not done: {}", clean(step)))
            }
            FeatureState::Open { untried: None } => {
                ("–", Ink::Open, "open: no step shows it".to_owned())
            }
        };
        let sign = paint(sign, ink, style);
        format!("  {sign} {:<16} {:<width$}  {told}", row.criterion.id, row.criterion.text)
    };
    checked.features.iter().map(line).collect()
}

#[derive(Clone, Copy)]
enum Ink {
    Strong,
    Good,
    Bad,
    Open,
}

fn paint(text: &str, ink: Ink, style: Style) -> String {
    let code = match ink {
        Ink::Strong => "1",
        Ink::Good => "32",
        Ink::Bad => "1;31",
        Ink::Open => "33",
    };
    match style {
        Style::Plain => text.to_owned(),
        Style::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
    }
}
