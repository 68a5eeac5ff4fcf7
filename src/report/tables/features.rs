//! The feature checklist as a table.

use super::{Cell, Table, Tone, columns, single};
use crate::gate::features::{FeatureRow, FeatureState};
use crate::report::document::Document;
use crate::report::figures;

/// The boxes that a step of the scenario can tick. The others are open whatever is done, and are
/// counted only.
pub(super) fn features(document: &Document) -> Table {
    let (shown, others): (Vec<_>, Vec<_>) = document.features.iter().partition(|row| !no_step(row));
    let ticked =
        shown.iter().filter(|row| matches!(row.state, FeatureState::Ticked { .. })).count();
    let about = format!(
        "{ticked} of the guide's {} boxes are ticked: all their steps succeeded at least once and \
         failed in less than 1 %, warm-up included. {} have no step in this scenario.",
        document.features.len(),
        others.len(),
    );
    let rows = shown.into_iter().map(row).collect();
    Table::new(
        "Features",
        about,
        columns(&["", "feature", "about"], &["done", "failed"]),
        single(rows),
    )
}

fn no_step(row: &FeatureRow) -> bool {
    row.state == FeatureState::Open { untried: None }
}

fn row(row: &FeatureRow) -> Vec<Cell> {
    let (mark, tone, about, counts) = match &row.state {
        FeatureState::Ticked { passed, failed } => {
            ("✓", Tone::Good, String::new(), Some((*passed, *failed)))
        }
        FeatureState::Broken { passed, failed, step } => {
            ("✗", Tone::Bad, step.clone(), Some((*passed, *failed)))
        }
        FeatureState::Open { untried } => {
            let step = untried.as_deref().unwrap_or_default();
            ("open", Tone::Warn, format!("never done: {step}"), None)
        }
    };
    let done = counts.map(|(passed, failed)| figures::count(passed.saturating_add(failed)));
    let number =
        |text: Option<String>| Cell::number(text.unwrap_or_else(|| figures::NOTHING.to_owned()));
    vec![
        Cell::toned(mark, tone),
        Cell::new(row.criterion.text),
        Cell::quiet(about),
        number(done),
        counts.map_or_else(|| number(None), |(_, failed)| Cell::failures(failed)),
    ]
}
