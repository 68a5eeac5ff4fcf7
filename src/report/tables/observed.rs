//! An observation as tables: its days, how its state changed, and what was to be checked.

use super::{Cell, Column, Group, Table, Tone};
use crate::gate::observation::{Answer, Day, Status};
use crate::gate::ruling::Verdict;
use crate::report::daily;
use crate::report::document::{Document, Observed};

/// None for a run that is no observation.
pub(super) fn tables(document: &Document) -> Vec<Table> {
    let Some(observed) = &document.observation else { return Vec::new() };
    vec![days(observed), changes(observed), gaps(observed), tasks(observed)]
}

fn days(observed: &Observed) -> Table {
    let mut columns = vec![Column::text("metric"), Column::word("target")];
    let parts = observed.days.first().map(|day| day.parts.as_slice()).unwrap_or_default();
    columns.extend(parts.iter().map(|part| Column::number(part.as_str())));
    columns.push(Column::word("status"));
    let simulated = match &observed.simulated {
        Some(from) => format!("SIMULATED from {from}: nothing here was measured. "),
        None => String::new(),
    };
    let about = format!(
        "{simulated}Days and their parts by the clock of {}; a part that goes past midnight \
         belongs to the day on which it begins. The status is that of the windows; the rest of the \
         day is shown only.",
        observed.zone
    );
    let groups = observed.days.iter().map(|day| Group {
        title: Some(format!("Day {} ({}): {}", day.number, day.date, day.overall.text())),
        rows: day.rows.iter().map(|row| figures(observed, row)).collect(),
    });
    Table::new("Observation", about, columns, groups.collect())
}

fn figures(observed: &Observed, row: &crate::gate::observation::Row) -> Vec<Cell> {
    let of = row.tracked;
    let mut cells = vec![Cell::new(of.title()), Cell::quiet(of.target_text(&observed.policy))];
    cells.extend(row.cells.iter().map(|cell| {
        let text = daily::figure(observed, of, *cell);
        Cell::toned(text, tone(cell.status))
    }));
    cells.push(Cell::toned(row.status.sign(), tone(row.status)));
    cells
}

fn tone(status: Status) -> Tone {
    match status {
        Status::Good => Tone::Plain,
        Status::Warn => Tone::Warn,
        Status::Bad => Tone::Bad,
        Status::Missing => Tone::Quiet,
    }
}

fn changes(observed: &Observed) -> Table {
    let rows = observed.changes.iter().map(|(day, time, change)| {
        let tone = match change.to {
            Verdict::Go => Tone::Good,
            Verdict::Hold => Tone::Warn,
            Verdict::NoGo | Verdict::Rollback | Verdict::Invalid => Tone::Bad,
        };
        vec![
            Cell::new(format!("day {day}, {time}")),
            Cell::quiet(change.from.map_or("–", Verdict::word)),
            Cell::toned(change.to.word(), tone),
            Cell::new(change.why.as_str()),
        ]
    });
    Table::new(
        "Changes of state",
        "It takes three looks at ten segments to get worse, and ten to get better.",
        vec![Column::word("when"), Column::word("from"), Column::word("to"), Column::text("why")],
        super::single(rows.collect()),
    )
}

fn gaps(observed: &Observed) -> Table {
    let rows = observed.missed.iter().map(|(day, time, missed)| {
        vec![
            Cell::new(format!("day {day}, {time}")),
            Cell::time(Some(missed.length)),
            Cell::new(missed.why.as_str()),
        ]
    });
    Table::new(
        "Gaps",
        "Time of which nothing is known, by its end.",
        vec![Column::word("until"), Column::number("length"), Column::text("why")],
        super::single(rows.collect()),
    )
}

fn tasks(observed: &Observed) -> Table {
    Table::new(
        "Checks of the day",
        "What the guide asks for in each part of a day. What is open was not measured: people \
         look at it.",
        vec![Column::word(""), Column::text("check"), Column::text("found")],
        observed.days.iter().flat_map(boxes).collect(),
    )
}

fn boxes(day: &Day) -> impl Iterator<Item = Group> + '_ {
    day.tasks.iter().map(|(part, tasks)| Group {
        title: Some(format!("Day {}, {part}", day.number)),
        rows: tasks
            .iter()
            .map(|task| {
                let (mark, tone) = match task.answer {
                    Answer::Holds => ("✓", Tone::Good),
                    Answer::Fails => ("✗", Tone::Bad),
                    Answer::Open => ("open", Tone::Quiet),
                };
                let text = task.criterion.text;
                vec![
                    Cell::toned(mark, tone),
                    Cell::new(text),
                    Cell::toned(task.found.as_str(), tone),
                ]
            })
            .collect(),
    })
}
