//! The document as tables of texts, which the formats for people lay out.

mod compared;
mod database;
pub(super) mod decision;
mod facts;
mod features;
mod funnel;
mod glance;
mod integrity;
mod leaks;
mod observed;
mod selfcheck;
mod verdict;

pub(super) use compared::{change, failed, tables as compared};
pub(super) use facts::{Fact, amounts, origin, overview, summary, times};
pub(super) use funnel::funnel;
pub(super) use glance::glance;
pub(super) use selfcheck::{Told, checked};
use serde::Serialize;
pub(super) use verdict::{Standing, sides, standing};

use super::band::Drawing;
use super::document::{Document, Latency, LoadRow, QueryRow, RequestRow, ThresholdLine};
use super::figures::{self, NOTHING};
use crate::gate::threshold::Status;
use crate::units::Nanos;

/// One table.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    pub(super) title: &'static str,
    /// What the numbers are, in a sentence or two.
    pub(super) about: String,
    /// What the drawings are, where they are shown.
    pub(super) legend: Option<&'static str>,
    pub(super) columns: Vec<Column>,
    pub(super) groups: Vec<Group>,
    /// The same in fewer and longer rows, for where there is room.
    #[serde(skip)]
    pub(super) beside: Option<Box<Self>>,
}

/// The head of a column.
#[derive(Debug, Serialize)]
pub(super) struct Column {
    pub(super) head: String,
    pub(super) kind: Kind,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// Names, which may be long: at the left, and broken or shortened where there is no room.
    Text,
    /// Short words, always whole: at the left.
    Word,
    /// Figures, always whole: at the right.
    Number,
}

/// Rows that belong together.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    pub(super) title: Option<String>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// One text with its weight.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tone: Tone,
    /// The text as a drawing, for formats that can.
    pub(super) band: Option<Drawing>,
    /// Over how many rows it goes, for formats that can; 0 where the cell above does.
    pub(super) span: usize,
}

/// How a text is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tone {
    Plain,
    Quiet,
    Good,
    Warn,
    Bad,
}

impl Cell {
    fn new(text: impl Into<String>) -> Self {
        Self::toned(text, Tone::Plain)
    }

    fn quiet(text: impl Into<String>) -> Self {
        Self::toned(text, Tone::Quiet)
    }

    pub(super) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone, band: None, span: 1 }
    }

    fn time(value: Option<Nanos>) -> Self {
        Self::number(figures::nanos(value))
    }

    /// A dash is quiet, so that numbers stand out.
    fn number(text: String) -> Self {
        let tone = if text == NOTHING { Tone::Quiet } else { Tone::Plain };
        Self::toned(text, tone)
    }

    fn failures(count: u64) -> Self {
        let tone = if count == 0 { Tone::Quiet } else { Tone::Bad };
        Self::toned(figures::count(count), tone)
    }
}

/// All tables that have rows, in the order in which people read them.
pub(super) fn all(document: &Document) -> Vec<Table> {
    let [statements, queries] = queries(document);
    let tables = [
        endpoints(document),
        statements,
        splits(document),
        queries,
        journeys(document),
        connections(document),
        database::table(document),
        leaks::table(document),
        load(document),
        errors(document),
        thresholds(document),
        integrity::integrity(document),
        features::features(document),
    ];
    let tables = observed::tables(document).into_iter().chain(tables);
    tables.filter(Table::has_rows).collect()
}

impl Column {
    fn text(head: impl Into<String>) -> Self {
        Self { head: head.into(), kind: Kind::Text }
    }

    fn number(head: impl Into<String>) -> Self {
        Self { head: head.into(), kind: Kind::Number }
    }

    fn word(head: impl Into<String>) -> Self {
        Self { head: head.into(), kind: Kind::Word }
    }
}

impl Table {
    /// A table without drawings and with one shape.
    fn new(
        title: &'static str,
        about: impl Into<String>,
        columns: Vec<Column>,
        groups: Vec<Group>,
    ) -> Self {
        Self { title, about: about.into(), legend: None, columns, groups, beside: None }
    }

    fn has_rows(&self) -> bool {
        self.groups.iter().any(|group| !group.rows.is_empty())
    }
}

fn columns(text: &[&'static str], numbers: &[&'static str]) -> Vec<Column> {
    let numbers = numbers.iter().map(|head| Column::number(*head));
    text.iter().map(|head| Column::text(*head)).chain(numbers).collect()
}

fn single(rows: Vec<Vec<Cell>>) -> Vec<Group> {
    vec![Group { title: None, rows }]
}

/// p50, p95, p99 and max.
fn spread(latency: Option<Latency>) -> [Cell; 4] {
    let pick = |choose: fn(Latency) -> Nanos| Cell::time(latency.map(choose));
    [pick(|l| l.p50), pick(|l| l.p95), pick(|l| l.p99), pick(|l| l.max)]
}

fn endpoints(document: &Document) -> Table {
    let mut groups: Vec<Group> = Vec::new();
    let mut journey: Option<&str> = None;
    for row in &document.endpoints {
        if journey != Some(&row.journey) {
            journey = Some(&row.journey);
            groups.push(Group { title: Some(row.journey.clone()), rows: Vec::new() });
        }
        if let Some(group) = groups.last_mut() {
            group.rows.push(request(row, &row.step));
        }
    }
    if !document.logins.is_empty() {
        let named = |row: &RequestRow| match row.step.as_str() {
            "" => row.journey.clone(),
            step => format!("{}: {step}", row.journey),
        };
        let rows = document.logins.iter().map(|row| request(row, &named(row))).collect();
        groups.push(Group { title: Some("logins".to_owned()), rows });
    }
    Table::new(
        "Endpoints",
        "Response times count from the intended start, service times from sending.",
        columns(
            &["step", "request"],
            &["n", "rate", "errors", "p50", "p95", "p99", "max", "service p99"],
        ),
        groups,
    )
}

fn request(row: &RequestRow, step: &str) -> Vec<Cell> {
    let mut cells = vec![
        Cell::new(step),
        Cell::quiet(row.name.as_str()),
        Cell::new(figures::count(row.count)),
        Cell::number(figures::rate(row.rate)),
        Cell::failures(row.errors),
    ];
    cells.extend(spread(row.response));
    cells.push(Cell::time(row.service.map(|latency| latency.p99)));
    cells
}

/// A table for what the tap saw, which has the requests of each statement, and one for all others.
fn queries(document: &Document) -> [Table; 2] {
    let (tapped, others): (Vec<_>, Vec<_>) =
        document.queries.iter().partition(|row| row.text.is_some());
    let numbers = ["n", "errors", "p50", "p95", "p99", "max"];
    let each = std::iter::once("each").chain(numbers);
    let by_tap = tapped.iter().map(|row| {
        let first = row.callers.first();
        let each = first.and_then(|caller| caller.per_request).map(figures::per_request);
        let each = Cell::number(each.unwrap_or_else(|| NOTHING.to_owned()));
        let names = [Cell::new(row.name.as_str()), Cell::quiet(callers(row))];
        names.into_iter().chain([each]).chain(query(row)).collect()
    });
    let others = others.iter().map(|row| {
        let from = match row.endpoints.as_slice() {
            [] => row.step.clone().unwrap_or_else(|| row.source.to_owned()),
            [only] => only.clone(),
            several => format!("{} endpoints", several.len()),
        };
        let names = [Cell::new(row.name.as_str()), Cell::quiet(from)];
        names.into_iter().chain(query(row)).collect()
    });
    [
        Table::new(
            "Statements",
            "Each statement that the tap saw, those that took longest in all first; `each` is how \
             many there are for a request of the endpoint that sends most of them.",
            columns(&["statement", "from"], &each.collect::<Vec<_>>()),
            single(by_tap.collect()),
        ),
        Table::new(
            "Queries",
            "Each query once, whatever caused it.",
            columns(&["query", "from"], &numbers),
            single(others.collect()),
        ),
    ]
}

/// The endpoint that sends most of them, how that is known, and how many others do.
fn callers(row: &QueryRow) -> String {
    let Some(first) = row.callers.first() else { return row.source.to_owned() };
    let name = match (first.endpoint.as_str(), first.cause) {
        ("", _) => "no request".to_owned(),
        (endpoint, "estimated") => format!("{endpoint} (estimated)"),
        (endpoint, _) => endpoint.to_owned(),
    };
    match row.callers.len() {
        0 | 1 => name,
        all => format!("{name} and {} more", all - 1),
    }
}

fn query(row: &QueryRow) -> impl Iterator<Item = Cell> {
    let counts = [Cell::new(figures::count(row.count)), Cell::failures(row.errors)];
    counts.into_iter().chain(spread(row.duration))
}

fn splits(document: &Document) -> Table {
    let rows = document.splits.iter().map(|row| {
        vec![
            Cell::new(row.step.as_str()),
            Cell::quiet(row.name.as_str()),
            Cell::quiet(row.cause),
            Cell::new(figures::count(row.count)),
            Cell::number(figures::per_request(row.statements)),
            Cell::time(Some(row.service)),
            Cell::time(Some(row.sql)),
            Cell::time(Some(row.application)),
            Cell::time(Some(row.network)),
        ]
    });
    Table::new(
        "SQL by endpoint",
        "Of an exchange, in the mean: its statements one after the other, the rest of the \
         application, sending and receiving.",
        columns(
            &["step", "request", "known by"],
            &["n", "queries each", "exchange", "SQL", "application", "network"],
        ),
        single(rows.collect()),
    )
}

fn journeys(document: &Document) -> Table {
    let rows = document.journeys.iter().map(|row| {
        let mut cells = vec![Cell::new(row.name.as_str()), Cell::new(figures::count(row.started))];
        cells.extend(spread(row.iteration));
        cells
    });
    Table::new(
        "Journeys",
        "From the intended start of a journey to its end, think times included.",
        columns(&["journey"], &["n", "p50", "p95", "p99", "max"]),
        single(rows.collect()),
    )
}

fn connections(document: &Document) -> Table {
    let nothing = document.connections.iter().all(|row| row.fresh.or(row.reused).is_none());
    let rows = document.connections.iter().map(|row| {
        let [fresh_p50, _, fresh_p99, fresh_max] = spread(row.fresh);
        let [reused_p50, _, reused_p99, reused_max] = spread(row.reused);
        let figures = [fresh_p50, fresh_p99, fresh_max, reused_p50, reused_p99, reused_max];
        std::iter::once(Cell::new(row.title)).chain(figures).collect()
    });
    Table::new(
        "Where the time goes",
        "The parts of an exchange, on connections that had to be opened and on open ones.",
        columns(
            &["part"],
            &["new p50", "new p99", "new max", "reused p50", "reused p99", "reused max"],
        ),
        single(if nothing { Vec::new() } else { rows.collect() }),
    )
}

fn load(document: &Document) -> Table {
    Table::new(
        "Load",
        "Every phase; what does not count is in no other table.",
        columns(
            &["phase", "load", "counts"],
            &["length", "requests", "rate", "errors", "p50", "p95", "p99"],
        ),
        single(document.load.iter().map(phase).collect()),
    )
}

fn phase(row: &LoadRow) -> Vec<Cell> {
    let mut cells = vec![
        Cell::new(row.name.as_str()),
        Cell::quiet(row.load.as_str()),
        if row.measured { Cell::new("yes") } else { Cell::quiet("no") },
        Cell::time(Some(row.length)),
        Cell::new(figures::count(row.requests)),
        Cell::number(figures::rate(row.rate)),
        Cell::failures(row.errors),
    ];
    cells.extend(spread(row.response).into_iter().take(3));
    cells
}

fn errors(document: &Document) -> Table {
    let rows = document.errors.iter().map(|row| {
        let place = match row.step.as_str() {
            "" => row.name.clone(),
            step => format!("{} › {step}", row.journey),
        };
        let status = row.status.map(|status| format!("{status} ")).unwrap_or_default();
        let message = row.message.as_deref().unwrap_or(NOTHING);
        vec![
            Cell::toned(row.kind.word(), Tone::Bad),
            Cell::new(place),
            Cell::new(format!("{status}{message}")),
            Cell::new(figures::count(row.count)),
            Cell::number(figures::share(row.share)),
            Cell::time(row.at),
        ]
    });
    Table::new(
        "Errors",
        "By kind and place, with the message of the first.",
        columns(&["kind", "where", "first message"], &["n", "share", "first at"]),
        single(rows.collect()),
    )
}

fn thresholds(document: &Document) -> Table {
    let rows = document.judgement.told().into_iter().map(|line| {
        let (mark, tone) = marked(&line);
        vec![
            Cell::toned(mark, tone),
            Cell::new(line.subject),
            Cell::new(line.condition),
            Cell::toned(line.measured, tone),
        ]
    });
    Table::new(
        "Thresholds",
        "The limits of the scenario.",
        columns(&["", "subject", "condition"], &["measured"]),
        single(rows.collect()),
    )
}

fn marked(line: &ThresholdLine) -> (&'static str, Tone) {
    match line.status {
        Status::Passed => ("✓", Tone::Good),
        Status::Failed => ("✗", Tone::Bad),
        Status::Undecided if line.fails => ("undecided", Tone::Warn),
        Status::Undecided => ("undecided", Tone::Quiet),
        Status::NoData if line.fails => ("no data", Tone::Bad),
        Status::NoData => ("no data", Tone::Quiet),
        Status::NeedsBaseline => ("–", Tone::Quiet),
    }
}
