//! What the gate compared: each series at each percentile, and failures.

use super::verdict::equivalence_tone;
use super::{Cell, Column, Group, Table, Tone};
use crate::gate::ruling::{ErrorRow, Place, Row, RowKind, Ruling, Standing};
use crate::report::band::{Band, Drawing};
use crate::report::document::{Document, Question};
use crate::report::figures::{self, NOTHING};
use crate::report::words;

/// What the drawings beside the changes are.
const LEGEND: &str = "Dot: best estimate. Line: its interval. Shades: up to the line of GO, then \
                      HOLD, NO-GO and ROLLBACK. Thin line: no change.";

/// The tables of a comparison that have rows; none without a ruling.
pub(in crate::report) fn tables(document: &Document) -> Vec<Table> {
    let Some(ruling) = &document.judgement.ruling else {
        return Vec::new();
    };
    let question = document.judgement.question;
    let tables = [times(ruling, question), drift(ruling, question), failures(ruling)];
    tables.into_iter().filter(Table::has_rows).collect()
}

/// Which endpoints send other statements than before, and how their times compare.
fn drift(ruling: &Ruling, question: Question) -> Table {
    let rows = ruling.drift.iter().flat_map(|drift| {
        let own = ruling.rows.iter().filter(|row| row.place == drift.place);
        let worst = own.max_by_key(|row| row.standing);
        let [_, _, change, verdict] = worst.map_or_else(
            || [(); 4].map(|()| Cell::quiet(NOTHING)),
            |row| figures_of(row, question),
        );
        drift.statements.iter().map(move |one| {
            let state = match (one.is_new(), one.is_gone()) {
                (true, _) => Cell::toned("new", Tone::Warn),
                (false, true) => Cell::toned("gone", Tone::Warn),
                (false, false) => Cell::new("changed"),
            };
            vec![
                Cell::new(drift.place.step.as_str()),
                Cell::quiet(drift.place.name.as_str()),
                Cell::new(one.name.as_str()),
                Cell::new(figures::per_request(one.baseline)),
                Cell::new(figures::per_request(one.candidate)),
                state,
                change.clone(),
                verdict.clone(),
            ]
        })
    });
    Table::new(
        "Other statements than before",
        "Statements for each request, by the tap: those that are new, gone, or sent in another \
         number; and how the time of the whole request compares, at the percentile that did worst.",
        vec![
            Column::text("step"),
            Column::text("request"),
            Column::text("statement"),
            Column::number("baseline"),
            Column::number("candidate"),
            Column::word("is"),
            Column::number("request's change"),
            Column::word("verdict"),
        ],
        vec![Group { title: None, rows: rows.collect() }],
    )
}

/// One series with its rows.
struct Series<'a> {
    place: &'a Place,
    rows: Vec<&'a Row>,
}

/// The rows of each series together, in the order in which the series come first.
fn by_series(ruling: &Ruling) -> Vec<Series<'_>> {
    let mut series: Vec<Series<'_>> = Vec::new();
    for row in &ruling.rows {
        match series.iter_mut().find(|known| *known.place == row.place) {
            Some(known) => known.rows.push(row),
            None => series.push(Series { place: &row.place, rows: vec![row] }),
        }
    }
    series
}

/// A group for each journey, then logins, then queries.
pub(super) fn grouped<'a>(series: impl Iterator<Item = (&'a Place, Vec<Vec<Cell>>)>) -> Vec<Group> {
    let mut groups: Vec<((RowKind, &str), Group)> = Vec::new();
    for (place, rows) in series {
        let title = match place.kind {
            RowKind::Endpoint => place.journey.as_str(),
            RowKind::Login => "logins",
            RowKind::Query => "queries",
        };
        let key = (place.kind, title);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.rows.extend(rows),
            None => groups.push((key, Group { title: Some(title.to_owned()), rows })),
        }
    }
    // Stable, so journeys keep the order of the scenario.
    groups.sort_by_key(|((kind, _), _)| *kind);
    groups.into_iter().map(|(_, group)| group).collect()
}

fn times(ruling: &Ruling, question: Question) -> Table {
    let series = by_series(ruling);
    let heads = [
        Column::text("step"),
        Column::text("request"),
        Column::word("of"),
        Column::number("n baseline"),
        Column::number("n candidate"),
        Column::number("baseline"),
        Column::number("candidate"),
        Column::number("change"),
        Column::word("verdict"),
    ];
    let title = "Compared with the baseline";
    let about = about(ruling);
    let beside =
        Table::new(title, about.clone(), wide_heads(ruling), wide(ruling, &series, question));
    let groups = grouped(series.iter().map(|own| (own.place, tall(own, question))));
    Table {
        legend: Some(LEGEND),
        beside: Some(Box::new(beside)),
        ..Table::new(title, about, heads.into(), groups)
    }
}

/// Whether a row has a mark, and what that means.
type Mark = (fn(&Row) -> bool, &'static str);

/// What the figures are, and the marks that are in the table.
fn about(ruling: &Ruling) -> String {
    let marks: [Mark; 3] = [
        (|row| row.below_floor, "≈: the change is surely too small to matter."),
        (|row| row.relative, "rel: slower than the other series, whatever the machine did."),
        (is_weighed, "w: how much the alarm counts; 0 is only shown."),
    ];
    let there = marks.iter().filter(|(has, _)| ruling.rows.iter().any(has));
    std::iter::once("Mean of the repetitions, and its change with the interval.")
        .chain(there.map(|(_, meaning)| *meaning))
        .collect::<Vec<_>>()
        .join(" ")
}

/// One line for each percentile; the names stand in the first.
fn tall(series: &Series<'_>, question: Question) -> Vec<Vec<Cell>> {
    let line = |(at, row): (usize, &&Row)| {
        let span = if at == 0 { series.rows.len() } else { 0 };
        let names = names(series).map(|name| match span {
            0 => Cell { span, ..Cell::new("") },
            _ => Cell { span, ..name },
        });
        let [baseline, candidate, change, verdict] = figures_of(row, question);
        let [n_baseline, n_candidate] = counts(Some(row));
        let percentile = Cell::toned(words::percentile(row.quantile), quiet_or_plain(row));
        let figures = [percentile, n_baseline, n_candidate, baseline, candidate, change, verdict];
        names.into_iter().chain(figures).collect()
    };
    series.rows.iter().enumerate().map(line).collect()
}

/// One line for each series, its percentiles side by side.
fn wide(ruling: &Ruling, series: &[Series<'_>], question: Question) -> Vec<Group> {
    let quantiles = quantiles(ruling);
    grouped(series.iter().map(|own| {
        let mut line: Vec<Cell> = names(own).into();
        line.extend(counts(own.rows.first().copied()));
        for quantile in &quantiles {
            let row = own.rows.iter().find(|row| row.quantile.total_cmp(quantile).is_eq());
            line.extend(match row {
                Some(row) => figures_of(row, question),
                None => std::array::from_fn(|_| Cell::quiet(NOTHING)),
            });
        }
        (own.place, vec![line])
    }))
}

fn wide_heads(ruling: &Ruling) -> Vec<Column> {
    let mut heads = vec![
        Column::text("step"),
        Column::text("request"),
        Column::number("n base"),
        Column::number("n"),
    ];
    for quantile in quantiles(ruling) {
        let percentile = words::percentile(quantile);
        heads.extend([
            Column::number(format!("{percentile} base")),
            Column::number(percentile),
            Column::number("change"),
            Column::word("verdict"),
        ]);
    }
    heads
}

fn quantiles(ruling: &Ruling) -> Vec<f64> {
    words::rising(ruling.rows.iter().map(|row| row.quantile))
}

fn names(series: &Series<'_>) -> [Cell; 2] {
    let quiet = series.rows.iter().all(|row| is_quiet(row));
    step_and_request(series.place, if quiet { Tone::Quiet } else { Tone::Plain })
}

/// A query is its own name, so nothing stands beside it.
pub(super) fn step_and_request(place: &Place, tone: Tone) -> [Cell; 2] {
    let request = match place.kind {
        RowKind::Endpoint | RowKind::Login => place.name.as_str(),
        RowKind::Query => "",
    };
    [Cell::toned(words::step(place), tone), Cell::quiet(request)]
}

fn counts(row: Option<&Row>) -> [Cell; 2] {
    let of = |choose: fn(&Row) -> u64| match row {
        Some(row) => Cell::toned(figures::count(choose(row)), quiet_or_plain(row)),
        None => Cell::quiet(NOTHING),
    };
    [of(|row| row.requests_baseline), of(|row| row.requests_candidate)]
}

/// Time of the baseline, time of the candidate, change and verdict.
fn figures_of(row: &Row, question: Question) -> [Cell; 4] {
    let tone = quiet_or_plain(row);
    let time = |nanos| Cell { tone, ..Cell::time(nanos) };
    let (value, interval) = ratio(row);
    let band =
        value.and_then(|value| Band::of_ratio(value, interval, row.lines)).map(Drawing::from);
    let change = Cell { band, ..Cell::toned(change(row), tone) };
    [time(row.baseline), time(row.candidate), change, verdict(row, question)]
}

/// The best estimate with its interval, as far as they are known.
fn ratio(row: &Row) -> (Option<f64>, Option<(f64, f64)>) {
    match &row.ratio {
        Some(ratio) => (Some(ratio.value), Some((ratio.low, ratio.high))),
        None => (row.point, None),
    }
}

/// The change of a row as it is printed everywhere.
pub(in crate::report) fn change(row: &Row) -> String {
    let (value, interval) = ratio(row);
    value.map_or_else(|| NOTHING.to_owned(), |value| words::change(value, interval))
}

fn verdict(row: &Row, question: Question) -> Cell {
    let (word, tone) = match (question, row.equivalence) {
        (Question::MayItGo, _) => (row.standing.word(), standing_tone(row.standing)),
        (Question::AreWeBack, Some(found)) => (words::equivalence(found), equivalence_tone(found)),
        (Question::AreWeBack, None) => (Standing::NotGated.word(), Tone::Quiet),
    };
    let weight = is_weighed(row).then(|| format!("w {}", row.weight));
    let marks = [row.below_floor.then_some("≈"), row.relative.then_some("rel"), weight.as_deref()];
    let marks = marks.into_iter().flatten().filter(|_| question == Question::MayItGo);
    let said = std::iter::once(word).chain(marks).collect::<Vec<_>>().join(" ");
    Cell::toned(said, if is_quiet(row) { Tone::Quiet } else { tone })
}

fn standing_tone(standing: Standing) -> Tone {
    match standing {
        Standing::NotGated | Standing::Coarse => Tone::Quiet,
        Standing::Go => Tone::Good,
        Standing::New | Standing::Undecided | Standing::Slower | Standing::Vanished => Tone::Warn,
        Standing::NoGo | Standing::Rollback => Tone::Bad,
    }
}

fn is_weighed(row: &Row) -> bool {
    row.weight.total_cmp(&1.0).is_ne()
}

/// What is only shown is told quietly.
fn is_quiet(row: &Row) -> bool {
    row.standing == Standing::NotGated || row.weight <= 0.0
}

fn quiet_or_plain(row: &Row) -> Tone {
    if is_quiet(row) { Tone::Quiet } else { Tone::Plain }
}

fn failures(ruling: &Ruling) -> Table {
    let rows = ruling.errors.iter().map(|row| {
        let (place, request) = match &row.place {
            None => ("all requests".to_owned(), ""),
            Some(place) if place.kind == RowKind::Endpoint => {
                (format!("{} › {}", place.journey, place.step), place.name.as_str())
            }
            Some(place) if place.kind == RowKind::Login => {
                (words::step(place), place.name.as_str())
            }
            Some(place) => (place.name.clone(), ""),
        };
        let band = row
            .candidate
            .as_ref()
            .and_then(|share| Band::of_share(share, row.lines))
            .map(Drawing::from);
        let lines = [row.lines.go, row.lines.no_go, row.lines.rollback];
        let lines = lines.map(|line| figures::share(Some(line))).join(", ");
        vec![
            Cell::new(place),
            Cell::quiet(request),
            Cell::new(figures::count(row.candidate.as_ref().map_or(0, |share| share.n))),
            Cell::number(figures::share(row.baseline)),
            Cell { band, ..Cell::number(failed(row)) },
            Cell::quiet(lines),
            Cell::toned(row.standing.word(), standing_tone(row.standing)),
        ]
    });
    let heads = [
        Column::text("where"),
        Column::text("request"),
        Column::number("n candidate"),
        Column::number("baseline"),
        Column::number("candidate"),
        Column::number("lines"),
        Column::word("verdict"),
    ];
    let about = "Share of requests that failed, with its bounds; the lines are those of GO, NO-GO \
                 and ROLLBACK.";
    Table::new("Failures compared", about, heads.into(), super::single(rows.collect()))
}

/// The share of the candidate's requests that failed, as it is printed everywhere.
pub(in crate::report) fn failed(row: &ErrorRow) -> String {
    let share = row.candidate.as_ref();
    share.map_or_else(|| NOTHING.to_owned(), |own| words::share(own.value, own.low, own.high))
}
