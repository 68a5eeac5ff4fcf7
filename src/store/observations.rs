//! Observations: runs that are gone on with when their process has ended.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::{RunWriter, Store, StoreError, reader, rows};
use crate::names::{Catalogue, Metric};
use crate::record::{Gauges, Header, Interval};
use crate::units::Nanos;

/// Intervals that are read together: an hour of an observation, some megabytes.
const TOGETHER: i64 = 60;

/// An observation that has no end yet.
#[derive(Clone, Debug)]
pub struct Unfinished {
    /// What was known when it began.
    pub header: Header,
    /// All series that it has met.
    pub catalogue: Catalogue,
    /// Its last interval; `None` when none was stored.
    pub last: Option<Last>,
}

/// The last interval of an observation, without its figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Last {
    /// Start since the start of the observation.
    pub start: Nanos,
    /// Length.
    pub length: Nanos,
    /// What it is gone on from.
    pub gauges: Gauges,
}

impl Unfinished {
    /// When its last interval ended, since its start.
    pub fn end(&self) -> Nanos {
        self.last.as_ref().map_or(Nanos::ZERO, |last| last.start + last.length)
    }
}

impl Store {
    /// Observations without an end, the newest first; runs that were killed are none of them.
    pub async fn unfinished(&self) -> Result<Vec<Header>, StoreError> {
        let text = "SELECT id, header FROM lg_runs WHERE state IS NULL \
                    ORDER BY started_ns DESC, number DESC";
        let failed = |error: sqlx::Error| self.failed(&error);
        let rows = sqlx::query(text).fetch_all(&self.pool).await.map_err(failed)?;
        let header = |row: &AnyRow| -> Result<(String, String), sqlx::Error> {
            Ok((row.try_get("id")?, row.try_get("header")?))
        };
        let mut headers = Vec::new();
        for row in &rows {
            let (id, text) = header(row).map_err(failed)?;
            let header: Header = reader::document(&id, &text)?;
            headers.extend(Some(header).filter(|header| header.observation.is_some()));
        }
        Ok(headers)
    }

    /// What an unfinished observation is gone on from, and who writes it from now on.
    pub async fn resume(&self, header: Header) -> Result<(Unfinished, RunWriter), StoreError> {
        let id = header.id.as_str();
        let failed = |error: sqlx::Error| self.failed(&error);
        let number: Option<i64> = sqlx::query_scalar("SELECT number FROM lg_runs WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        let Some(number) = number else {
            return Err(StoreError::UnknownRun { wanted: id.to_owned(), nearest: None });
        };
        let series = "SELECT body FROM lg_series WHERE run = $1 ORDER BY id";
        let bodies: Vec<String> =
            sqlx::query_scalar(series).bind(number).fetch_all(&self.pool).await.map_err(failed)?;
        let catalogue: Catalogue = reader::document(id, &format!("[{}]", bodies.join(",")))?;
        let newest = "SELECT n, start_ns, length_ns, gauges FROM lg_intervals WHERE run = $1 \
                      ORDER BY n DESC LIMIT 1";
        let row = sqlx::query(newest).bind(number).fetch_optional(&self.pool).await;
        let row = row.map_err(failed)?.as_ref().map(last).transpose().map_err(failed)?;
        let next = row.as_ref().map_or(0, |(n, _)| n + 1);
        let writer = RunWriter::going_on(self.clone(), &header, &catalogue, (number, next));
        let last = row.map(|(_, (start, length, text))| {
            Ok::<_, StoreError>(Last { start, length, gauges: reader::document(id, &text)? })
        });
        Ok((Unfinished { last: last.transpose()?, catalogue, header }, writer))
    }

    /// Shows all intervals of the run `id` one after the other, in the order of time, with the
    /// distributions of `metrics`. Memory does not grow with the length of the run.
    pub async fn walk(
        &self,
        id: &str,
        metrics: &[Metric],
        show: &mut dyn FnMut(Interval) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut from = 0;
        loop {
            let read = reader::some_intervals(self, id, metrics, (from, from + TOGETHER)).await?;
            let Some(last) = read.last else { return Ok(()) };
            read.intervals.into_iter().try_for_each(&mut *show)?;
            from = last + 1;
        }
    }
}

type LastRow = (i64, (Nanos, Nanos, String));

fn last(row: &AnyRow) -> Result<LastRow, sqlx::Error> {
    let nanos = |name: &str| -> Result<Nanos, sqlx::Error> {
        Ok(Nanos(rows::unsigned(row.try_get(name)?)))
    };
    Ok((row.try_get("n")?, (nanos("start_ns")?, nanos("length_ns")?, row.try_get("gauges")?)))
}
