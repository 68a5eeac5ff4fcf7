//! A run that is being written.

use sqlx::{Any, AssertSqlSafe, Connection, Row, Transaction};

use super::baselines::is_unique_violation;
use super::{RunState, Store, StoreError, rows, settle};
use crate::names::{Catalogue, SeriesId};
use crate::record::{
    Bank, EncodedCell, End, Header, Interval, PhaseInfo, Pick, RunRecord, Tally, Totals,
};
use crate::units::Nanos;

/// Rows that go to the database together. A round trip for each row would take a remote
/// PostgreSQL longer than the second that an interval lasts, and one to the thread of SQLite costs
/// more than the row; three sizes keep the number of different statements small.
const TOGETHER: [usize; 3] = [64, 8, 1];

/// An interval without its distributions, as it is stored.
struct IntervalRow {
    start: Nanos,
    length: Nanos,
    gauges: String,
    tallies: String,
}

/// What is stored at the end of a run.
struct EndRow {
    state: Option<&'static str>,
    lasted: Nanos,
    requests: u64,
    errors: u64,
    ended: Option<String>,
    tallies: String,
    cells: Vec<EncodedCell>,
}

/// Writes one run, interval by interval.
///
/// Dropped without [`RunWriter::finish`] it leaves an unfinished run, as a killed process does.
#[derive(Debug)]
pub struct RunWriter {
    store: Store,
    id: String,
    number: i64,
    phases: Vec<PhaseInfo>,
    /// For each series that is stored, whether it holds HTTP requests.
    http: Vec<bool>,
    intervals: i64,
}

impl RunWriter {
    /// Stores what is known before the first request.
    pub(super) async fn begin(
        store: Store,
        header: &Header,
        catalogue: &Catalogue,
    ) -> Result<Self, StoreError> {
        let mut writer = Self::of(store, header);
        let document = writer.document(header)?;
        let mut connection = writer.store.connection().await?;
        let begun = async {
            let mut transaction = connection.begin().await?;
            let number = insert_run(&mut transaction, header, document).await?;
            insert_series(&mut transaction, number, &new_series(catalogue, 0)).await?;
            transaction.commit().await?;
            Ok(number)
        };
        let begun: Result<i64, sqlx::Error> = begun.await;
        writer.number = settle(connection, begun).map_err(|error| {
            if is_unique_violation(&error) {
                return StoreError::Duplicate { id: header.id.clone() };
            }
            writer.store.failed(&error)
        })?;
        writer.remember(catalogue);
        Ok(writer)
    }

    /// Stores a whole run at once; false, and nothing is stored, when its id is already there.
    ///
    /// Its totals are stored even if it has no end: they may hold more than its intervals.
    pub(super) async fn write_whole(store: Store, record: &RunRecord) -> Result<bool, StoreError> {
        let mut writer = Self::of(store, &record.header);
        writer.remember(&record.catalogue);
        let document = writer.document(&record.header)?;
        let series = new_series(&record.catalogue, 0);
        let rows: Vec<IntervalRow> = record
            .intervals
            .iter()
            .map(|interval| writer.interval_row(interval))
            .collect::<Result<_, _>>()?;
        let last = record.intervals.last();
        let lasted = last.map_or(Nanos::ZERO, |interval| interval.start + interval.length);
        let end = writer.end_row(record.end.as_ref(), lasted, &record.totals)?;
        let mut connection = writer.store.connection().await?;
        let written = async {
            let mut transaction = connection.begin().await?;
            let number = match insert_run(&mut transaction, &record.header, document).await {
                Err(error) if is_unique_violation(&error) => {
                    transaction.rollback().await?;
                    return Ok(false);
                }
                result => result?,
            };
            insert_series(&mut transaction, number, &series).await?;
            for ((n, row), interval) in (0..).zip(rows).zip(&record.intervals) {
                insert_interval(&mut transaction, (number, n), row, &interval.cells).await?;
            }
            update_end(&mut transaction, number, end).await?;
            transaction.commit().await?;
            Ok(true)
        };
        let written: Result<bool, sqlx::Error> = written.await;
        settle(connection, written).map_err(|error| writer.store.failed(&error))
    }

    /// Goes on with a run whose process has ended; `place` is its number, and that of its next
    /// interval.
    pub(super) fn going_on(
        store: Store,
        header: &Header,
        catalogue: &Catalogue,
        (number, intervals): (i64, i64),
    ) -> Self {
        let mut writer = Self { number, intervals, ..Self::of(store, header) };
        writer.remember(catalogue);
        writer
    }

    /// The run that is written.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Stores one interval and the series that are new since the last; durable on return.
    pub async fn append(
        &mut self,
        catalogue: &Catalogue,
        interval: &Interval,
    ) -> Result<(), StoreError> {
        let series = new_series(catalogue, self.http.len());
        let row = self.interval_row(interval)?;
        let (requests, errors) = self.requests(catalogue, &interval.tallies);
        let mut connection = self.store.connection().await?;
        let appended = async {
            let mut transaction = connection.begin().await?;
            // The first statement writes, so SQLite waits for its lock here and not halfway. It finds
            // the run only where this interval left it: nothing is stored twice, or out of order.
            let update = "UPDATE lg_runs SET lasted_ns = $2, requests = requests + $3, \
                          errors = errors + $4 \
                          WHERE number = $1 AND state IS NULL AND lasted_ns <= $5";
            let updated = sqlx::query(update)
                .bind(self.number)
                .bind(rows::signed((interval.start + interval.length).0))
                .bind(rows::signed(requests))
                .bind(rows::signed(errors))
                .bind(rows::signed(interval.start.0))
                .execute(&mut *transaction)
                .await?;
            if updated.rows_affected() == 0 {
                return Ok(false);
            }
            insert_series(&mut transaction, self.number, &series).await?;
            let at = (self.number, self.intervals);
            insert_interval(&mut transaction, at, row, &interval.cells).await?;
            transaction.commit().await?;
            Ok(true)
        };
        let appended: Result<bool, sqlx::Error> = appended.await;
        let appended = settle(connection, appended).map_err(|error| self.store.failed(&error))?;
        if !appended {
            self.find(interval).await?;
        }
        // Only now: an append that failed, or was cancelled, is made again with the same series.
        self.remember(catalogue);
        self.intervals += 1;
        Ok(())
    }

    /// Why there was no place for an interval: it is stored already, when a connection broke after
    /// that and before it was told, or somebody else has changed the run.
    async fn find(&self, interval: &Interval) -> Result<(), StoreError> {
        let text = "SELECT (SELECT MAX(n) FROM lg_intervals WHERE run = number), lasted_ns \
                    FROM lg_runs WHERE number = $1";
        let failed = |error: sqlx::Error| self.store.failed(&error);
        let row = sqlx::query(text).bind(self.number).fetch_optional(&self.store.pool).await;
        let row = row.map_err(failed)?;
        self.still(row.is_some())?;
        let Some(row) = row else { return Ok(()) };
        let newest: Option<i64> = row.try_get(0).map_err(failed)?;
        let lasted: i64 = row.try_get(1).map_err(failed)?;
        let end = rows::signed((interval.start + interval.length).0);
        if newest == Some(self.intervals) && lasted == end {
            return Ok(());
        }
        Err(StoreError::Elsewhere { id: self.id.clone() })
    }

    /// Stores the end of the run and its totals.
    pub async fn finish(self, end: &End, totals: &Totals) -> Result<(), StoreError> {
        let row = self.end_row(Some(end), end.lasted, totals)?;
        let mut connection = self.store.connection().await?;
        let finished = async {
            let mut transaction = connection.begin().await?;
            let there = update_end(&mut transaction, self.number, row).await?;
            if there {
                transaction.commit().await?;
            }
            Ok(there)
        };
        let finished: Result<bool, sqlx::Error> = finished.await;
        let there = settle(connection, finished).map_err(|error| self.store.failed(&error))?;
        self.still(there)
    }

    /// A writer that has written nothing yet.
    fn of(store: Store, header: &Header) -> Self {
        Self {
            store,
            id: header.id.clone(),
            number: 0,
            phases: header.load.phases.clone(),
            http: Vec::new(),
            intervals: 0,
        }
    }

    fn interval_row(&self, interval: &Interval) -> Result<IntervalRow, StoreError> {
        Ok(IntervalRow {
            start: interval.start,
            length: interval.length,
            gauges: self.document(&interval.gauges)?,
            tallies: self.tallies(&interval.tallies)?,
        })
    }

    /// What is known at the end; `lasted` is for a run that has none.
    fn end_row(
        &self,
        end: Option<&End>,
        lasted: Nanos,
        totals: &Totals,
    ) -> Result<EndRow, StoreError> {
        let tallies: Vec<Tally> = totals.tallies().collect();
        let (requests, errors) = self.requests_of(totals);
        Ok(EndRow {
            state: end.map(|end| RunState::Ended(end.reason).word()),
            lasted: end.map_or(lasted, |end| end.lasted),
            requests,
            errors,
            ended: end.map(|end| self.document(end)).transpose()?,
            tallies: self.tallies(&tallies)?,
            cells: totals.encode(),
        })
    }

    /// An error when somebody removed the run while it was written.
    fn still(&self, there: bool) -> Result<(), StoreError> {
        if there {
            return Ok(());
        }
        Err(StoreError::damaged(&self.id, &"it was removed while it was written"))
    }

    fn remember(&mut self, catalogue: &Catalogue) {
        let known = self.http.len();
        self.http.extend(catalogue.iter().skip(known).map(|(_, series)| series.kind.is_http()));
    }

    /// Measured requests and failures among `tallies`.
    fn requests(&self, catalogue: &Catalogue, tallies: &[Tally]) -> (u64, u64) {
        let measured =
            |phase: u8| self.phases.get(usize::from(phase)).is_some_and(|phase| phase.measure);
        let http = |id: SeriesId| catalogue.get(id).is_some_and(|series| series.kind.is_http());
        tallies.iter().filter(|tally| measured(tally.phase) && http(tally.series)).fold(
            (0, 0),
            |(requests, errors), tally| {
                (requests + tally.counts.started, errors + tally.counts.failed())
            },
        )
    }

    fn requests_of(&self, totals: &Totals) -> (u64, u64) {
        let http = (0..).map(SeriesId).zip(&self.http).filter(|(_, is)| **is).map(|(id, _)| id);
        let counts = totals.counts(&Pick::of(&self.phases, Bank::Measured), http);
        (counts.started, counts.failed())
    }

    fn tallies(&self, tallies: &[Tally]) -> Result<String, StoreError> {
        rows::write_tallies(tallies).map_err(|error| StoreError::damaged(&self.id, &error))
    }

    fn document(&self, value: &impl serde::Serialize) -> Result<String, StoreError> {
        serde_json::to_string(value).map_err(|error| StoreError::damaged(&self.id, &error))
    }
}

/// Ids and documents of the series beyond the first `known`.
fn new_series(catalogue: &Catalogue, known: usize) -> Vec<(i64, String)> {
    catalogue
        .iter()
        .skip(known)
        .map(|(id, series)| {
            // A series is texts and a word, which always have a JSON form.
            (i64::from(id.0), serde_json::to_string(series).unwrap_or_default())
        })
        .collect()
}

async fn insert_run(
    transaction: &mut Transaction<'_, Any>,
    header: &Header,
    document: String,
) -> Result<i64, sqlx::Error> {
    let insert = "INSERT INTO lg_runs (id, format_major, format_minor, scenario, target, \
                  target_version, started_ns, lasted_ns, requests, errors, header, \
                  repetition_set, repetition_number) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, $8, $9, $10) RETURNING number";
    let repetition = header.repetition.as_ref();
    sqlx::query(insert)
        .bind(header.id.as_str())
        .bind(i64::from(header.format.major))
        .bind(i64::from(header.format.minor))
        .bind(header.scenario.as_str())
        .bind(header.origin.target.url.as_str())
        .bind(header.origin.target.version.as_deref())
        .bind(rows::signed(header.started_unix_ns))
        .bind(document)
        .bind(repetition.map(|repetition| repetition.set.as_str()))
        .bind(repetition.map(|repetition| i64::from(repetition.number)))
        .fetch_one(&mut **transaction)
        .await?
        .try_get(0)
}

async fn insert_series(
    transaction: &mut Transaction<'_, Any>,
    run: i64,
    series: &[(i64, String)],
) -> Result<(), sqlx::Error> {
    for chunk in chunks(series) {
        let text = rows::insert_text("lg_series (run, id, body)", 3, chunk.len());
        let query = chunk.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, (id, body)| {
            query.bind(run).bind(*id).bind(body.as_str())
        });
        query.execute(&mut **transaction).await?;
    }
    Ok(())
}

/// Stores an interval; `at` is the run's number and the interval's.
async fn insert_interval(
    transaction: &mut Transaction<'_, Any>,
    at: (i64, i64),
    row: IntervalRow,
    cells: &[EncodedCell],
) -> Result<(), sqlx::Error> {
    let (run, n) = at;
    let insert = "INSERT INTO lg_intervals (run, n, start_ns, length_ns, gauges, tallies) \
                  VALUES ($1, $2, $3, $4, $5, $6)";
    sqlx::query(insert)
        .bind(run)
        .bind(n)
        .bind(rows::signed(row.start.0))
        .bind(rows::signed(row.length.0))
        .bind(row.gauges)
        .bind(row.tallies)
        .execute(&mut **transaction)
        .await?;
    insert_cells(transaction, CellTable::Interval { run, n }, cells).await
}

/// Stores the end of a run and its totals; false when the run is not there any more.
async fn update_end(
    transaction: &mut Transaction<'_, Any>,
    run: i64,
    row: EndRow,
) -> Result<bool, sqlx::Error> {
    let update = "UPDATE lg_runs SET state = $2, lasted_ns = $3, requests = $4, errors = $5, \
                  ended = $6, tallies = $7 WHERE number = $1";
    let updated = sqlx::query(update)
        .bind(run)
        .bind(row.state)
        .bind(rows::signed(row.lasted.0))
        .bind(rows::signed(row.requests))
        .bind(rows::signed(row.errors))
        .bind(row.ended)
        .bind(row.tallies)
        .execute(&mut **transaction)
        .await?;
    if updated.rows_affected() == 0 {
        return Ok(false);
    }
    insert_cells(transaction, CellTable::Total { run }, &row.cells).await?;
    Ok(true)
}

/// Where distributions go.
#[derive(Clone, Copy)]
enum CellTable {
    Interval { run: i64, n: i64 },
    Total { run: i64 },
}

async fn insert_cells(
    transaction: &mut Transaction<'_, Any>,
    to: CellTable,
    cells: &[EncodedCell],
) -> Result<(), sqlx::Error> {
    let (table, columns) = match to {
        CellTable::Interval { .. } => {
            ("lg_cells (run, n, phase, series, metric, beyond, histogram)", 7)
        }
        CellTable::Total { .. } => ("lg_totals (run, phase, series, metric, beyond, histogram)", 6),
    };
    for chunk in chunks(cells) {
        let text = rows::insert_text(table, columns, chunk.len());
        let query = chunk.iter().fold(sqlx::query(AssertSqlSafe(text)), |query, cell| {
            let query = match to {
                CellTable::Interval { run, n } => query.bind(run).bind(n),
                CellTable::Total { run } => query.bind(run),
            };
            query
                .bind(i64::from(cell.phase))
                .bind(i64::from(cell.series.0))
                .bind(rows::metric_code(cell.metric))
                .bind(rows::signed(cell.beyond))
                .bind(cell.bytes.as_slice())
        });
        query.execute(&mut **transaction).await?;
    }
    Ok(())
}

/// `items` in pieces of the sizes of [`TOGETHER`], the large ones first.
fn chunks<T>(items: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = items;
    TOGETHER.into_iter().flat_map(move |size| {
        let (full, fewer) = rest.split_at(rest.len() - rest.len().rem_euclid(size));
        rest = fewer;
        full.chunks(size)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_together_in_pieces_of_few_sizes_and_in_order() {
        for (rows, sizes) in [
            (0, vec![]),
            (1, vec![1]),
            (8, vec![8]),
            (151, vec![64, 64, 8, 8, 1, 1, 1, 1, 1, 1, 1]),
        ] {
            let items: Vec<usize> = (0..rows).collect();
            assert_eq!(chunks(&items).map(<[_]>::len).collect::<Vec<_>>(), sizes);
            assert_eq!(chunks(&items).flatten().copied().collect::<Vec<_>>(), items);
        }
    }
}
