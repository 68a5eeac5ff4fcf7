//! How far users come: of those who begin a journey, how many get each step done.

use super::{Cell, Column, Group, Table};
use crate::report::band::Drawing;
use crate::report::document::{Document, JourneyRow, RequestRow};
use crate::report::figures;
use crate::units::count_to_f64;

/// Each journey's steps in their order; none without journeys of two steps or more.
pub(in crate::report) fn funnel(document: &Document) -> Option<Table> {
    let groups: Vec<Group> =
        document.journeys.iter().filter_map(|journey| steps(document, journey)).collect();
    (!groups.is_empty()).then(|| {
        Table::new(
            "How far users come",
            "Requests of each step that succeeded, for each journey that was begun: less than 1.0 \
             is users who dropped out before, or who choose between steps; more is steps that are \
             done again.",
            vec![
                Column::text("step"),
                Column::number("succeeded"),
                Column::number("failed"),
                Column::number("each journey"),
            ],
            groups,
        )
    })
}

fn steps(document: &Document, journey: &JourneyRow) -> Option<Group> {
    let own: Vec<&RequestRow> =
        document.endpoints.iter().filter(|row| row.journey == journey.name).collect();
    let begun = count_to_f64(journey.started);
    if own.len() < 2 || journey.started == 0 {
        return None;
    }
    let row = |row: &&RequestRow| {
        let done = row.count.saturating_sub(row.errors);
        let each = count_to_f64(done) / begun;
        vec![
            Cell::new(row.step.as_str()),
            Cell::new(figures::count(done)),
            Cell::failures(row.errors),
            Cell { band: Some(Drawing::Share(each)), ..Cell::new(figures::per_request(each)) },
        ]
    };
    Some(Group { title: Some(journey.name.clone()), rows: own.iter().map(row).collect() })
}
