//! A run as it is read back.

use serde::de::DeserializeOwned;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Connection, Row, SqlSafeStr, Transaction};

use super::{Store, StoreError, StoreLocation, rows, settle};
use crate::names::{Catalogue, Metric};
use crate::record::{EncodedCell, End, FormatVersion, Header, Interval, RunRecord, Totals};
use crate::units::Nanos;

/// The row of a run, not yet understood.
struct RunRow {
    number: i64,
    format: (i64, i64),
    header: String,
    ended: Option<String>,
    tallies: Option<String>,
}

/// Everything that is stored of a run.
struct Rows {
    run: Option<RunRow>,
    series: Vec<String>,
    intervals: Vec<IntervalRow>,
    cells: Vec<(i64, rows::CellRow)>,
    totals: Vec<rows::CellRow>,
}

struct IntervalRow {
    n: i64,
    start: i64,
    length: i64,
    gauges: String,
    tallies: String,
}

/// The record of the run `id`; of the intervals' distributions only those of `metrics`.
pub(super) async fn load(
    store: &Store,
    id: &str,
    metrics: &[Metric],
) -> Result<RunRecord, StoreError> {
    let mut connection = store.connection().await?;
    let fetched = fetch(store, &mut connection, id, metrics).await;
    let rows = settle(connection, fetched).map_err(|error| store.failed(&error))?;
    let Some(run) = rows.run else {
        return Err(StoreError::UnknownRun { wanted: id.to_owned(), nearest: None });
    };
    check_format(id, run.format)?;
    let header: Header = document(id, &run.header)?;
    let catalogue: Catalogue = document(id, &format!("[{}]", rows.series.join(",")))?;
    let mut intervals = intervals(id, rows.intervals, rows.cells)?;
    let end: Option<End> = run.ended.as_deref().map(|text| document(id, text)).transpose()?;
    let totals = match &run.tallies {
        Some(tallies) => totals(id, tallies, rows.totals)?,
        None => Totals::from_intervals(&intervals).map_err(|e| StoreError::damaged(id, &e))?,
    };
    for interval in &mut intervals {
        interval.cells.retain(|cell| metrics.contains(&cell.metric));
    }
    Ok(RunRecord { header, catalogue, totals, intervals, end })
}

/// Some intervals of a run, in the order of time.
pub(super) struct Page {
    pub(super) intervals: Vec<Interval>,
    /// The number of the last of them; `None` when there are none.
    pub(super) last: Option<i64>,
}

/// Of the run `id` at most the intervals with numbers from `from` on and below `to`, with their
/// distributions of `metrics`.
pub(super) async fn some_intervals(
    store: &Store,
    id: &str,
    metrics: &[Metric],
    (from, to): (i64, i64),
) -> Result<Page, StoreError> {
    let number = "(SELECT number FROM lg_runs WHERE id = $1)";
    let rows = format!(
        "SELECT n, start_ns, length_ns, gauges, tallies FROM lg_intervals \
         WHERE run = {number} AND n >= $2 AND n < $3 ORDER BY n"
    );
    let cells = format!(
        "SELECT phase, series, metric, beyond, histogram, n FROM lg_cells WHERE run = {number} \
         AND n >= $2 AND n < $3 AND metric IN ({}) ORDER BY n, phase, series, metric",
        codes(metrics)
    );
    let failed = |error: sqlx::Error| store.failed(&error);
    let some = |text: String| sqlx::query(AssertSqlSafe(text)).bind(id).bind(from).bind(to);
    let found = some(rows).fetch_all(&store.pool).await.map_err(failed)?;
    let found: Vec<IntervalRow> =
        found.iter().map(interval_row).collect::<Result<_, _>>().map_err(failed)?;
    let last = found.last().map(|row| row.n);
    // An interval is stored in one transaction: whose row was seen, its distributions are there. One
    // that was stored in between is of the next page.
    let until = last.unwrap_or(from);
    let cells = some(cells).fetch_all(&store.pool).await.map_err(failed)?;
    let cell = |row: &AnyRow| Ok((row.try_get("n")?, cell_row(row)?));
    let mut cells: Vec<(i64, rows::CellRow)> =
        cells.iter().map(cell).collect::<Result<_, _>>().map_err(failed)?;
    cells.retain(|(n, _)| *n <= until);
    Ok(Page { intervals: intervals(id, found, cells)?, last })
}

/// Reads all rows of one moment: another process may be appending.
async fn fetch(
    store: &Store,
    connection: &mut AnyConnection,
    id: &str,
    metrics: &[Metric],
) -> Result<Rows, sqlx::Error> {
    let begin = match store.location {
        StoreLocation::File(_) => "BEGIN",
        StoreLocation::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    };
    let mut transaction = connection.begin_with(begin).await?;
    let text = "SELECT number, format_major, format_minor, header, ended, tallies \
                FROM lg_runs WHERE id = $1";
    let row = sqlx::query(text).bind(id).fetch_optional(&mut *transaction).await?;
    let run = row.as_ref().map(run_row).transpose()?;
    let number = run.as_ref().map_or(0, |run| run.number);
    let series = "SELECT body FROM lg_series WHERE run = $1 ORDER BY id";
    let intervals = "SELECT n, start_ns, length_ns, gauges, tallies FROM lg_intervals \
                     WHERE run = $1 ORDER BY n";
    // The totals of a run without an end are added up from all that there is.
    let whole = run.as_ref().is_some_and(|run| run.tallies.is_none());
    let cells = cells_text(if whole { &Metric::ALL } else { metrics });
    let totals = "SELECT phase, series, metric, beyond, histogram FROM lg_totals WHERE run = $1";
    let rows = Rows {
        run,
        series: all(&mut transaction, series, number, |row| row.try_get(0)).await?,
        intervals: all(&mut transaction, intervals, number, interval_row).await?,
        cells: all(&mut transaction, AssertSqlSafe(cells), number, |row| {
            Ok((row.try_get("n")?, cell_row(row)?))
        })
        .await?,
        totals: all(&mut transaction, totals, number, cell_row).await?,
    };
    transaction.commit().await?;
    Ok(rows)
}

/// The statement that selects the intervals' distributions of `metrics`.
fn cells_text(metrics: &[Metric]) -> String {
    format!(
        "SELECT phase, series, metric, beyond, histogram, n FROM lg_cells \
         WHERE run = $1 AND metric IN ({}) ORDER BY n, phase, series, metric",
        codes(metrics)
    )
}

/// The numbers of `metrics`, for a list of SQL.
fn codes(metrics: &[Metric]) -> String {
    let codes: Vec<String> =
        metrics.iter().map(|metric| rows::metric_code(*metric).to_string()).collect();
    // Without a metric no code: a number that none has, because an empty list is no SQL.
    if codes.is_empty() { "-1".to_owned() } else { codes.join(",") }
}

/// All rows of `run` that `text` selects, each read by `read`.
async fn all<T>(
    transaction: &mut Transaction<'_, Any>,
    text: impl SqlSafeStr,
    run: i64,
    read: impl Fn(&AnyRow) -> Result<T, sqlx::Error>,
) -> Result<Vec<T>, sqlx::Error> {
    let rows = sqlx::query(text).bind(run).fetch_all(&mut **transaction).await?;
    rows.iter().map(read).collect()
}

fn run_row(row: &AnyRow) -> Result<RunRow, sqlx::Error> {
    Ok(RunRow {
        number: row.try_get("number")?,
        format: (row.try_get("format_major")?, row.try_get("format_minor")?),
        header: row.try_get("header")?,
        ended: row.try_get("ended")?,
        tallies: row.try_get("tallies")?,
    })
}

fn interval_row(row: &AnyRow) -> Result<IntervalRow, sqlx::Error> {
    Ok(IntervalRow {
        n: row.try_get("n")?,
        start: row.try_get("start_ns")?,
        length: row.try_get("length_ns")?,
        gauges: row.try_get("gauges")?,
        tallies: row.try_get("tallies")?,
    })
}

fn cell_row(row: &AnyRow) -> Result<rows::CellRow, sqlx::Error> {
    Ok(rows::CellRow {
        phase: row.try_get("phase")?,
        series: row.try_get("series")?,
        metric: row.try_get("metric")?,
        beyond: row.try_get("beyond")?,
        bytes: row.try_get("histogram")?,
    })
}

fn check_format(id: &str, (major, minor): (i64, i64)) -> Result<(), StoreError> {
    let part = |number: i64| u16::try_from(number).unwrap_or(u16::MAX);
    FormatVersion { major: part(major), minor: part(minor) }
        .check_readable()
        .map_err(|source| StoreError::Format { id: id.to_owned(), source })
}

pub(super) fn document<T: DeserializeOwned>(id: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::damaged(id, &error))
}

fn cell(id: &str, row: rows::CellRow) -> Result<EncodedCell, StoreError> {
    row.read().ok_or_else(|| StoreError::damaged(id, &"a number is out of its range"))
}

fn intervals(
    id: &str,
    intervals: Vec<IntervalRow>,
    cells: Vec<(i64, rows::CellRow)>,
) -> Result<Vec<Interval>, StoreError> {
    let mut cells = cells.into_iter().peekable();
    let mut read = Vec::with_capacity(intervals.len());
    for row in intervals {
        let mut interval = Interval {
            start: Nanos(rows::unsigned(row.start)),
            length: Nanos(rows::unsigned(row.length)),
            cells: Vec::new(),
            tallies: tallies(id, &row.tallies)?,
            gauges: document(id, &row.gauges)?,
        };
        while let Some((_, own)) = cells.next_if(|(n, _)| *n == row.n) {
            interval.cells.push(cell(id, own)?);
        }
        read.push(interval);
    }
    match cells.next() {
        Some((n, _)) => Err(StoreError::damaged(id, &format!("interval {n} is missing"))),
        None => Ok(read),
    }
}

fn totals(id: &str, text: &str, cells: Vec<rows::CellRow>) -> Result<Totals, StoreError> {
    let mut totals = Totals::default();
    for row in cells {
        let decoded = cell(id, row)?.decode().map_err(|error| StoreError::damaged(id, &error))?;
        totals.add_cell(&decoded);
    }
    tallies(id, text)?.iter().for_each(|tally| totals.add_tally(tally));
    Ok(totals)
}

fn tallies(id: &str, text: &str) -> Result<Vec<crate::record::Tally>, StoreError> {
    rows::read_tallies(text).map_err(|error| StoreError::damaged(id, &error))
}
