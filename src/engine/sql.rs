//! Databases of `sql` steps and assertions: PostgreSQL and SQLite.

mod number;

use std::cell::Cell;
use std::str::FromStr;
use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow, PgValueRef};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteRow,
};
use sqlx::{
    Arguments, AssertSqlSafe, Column, Connection, Either, Executor, Row, SqlSafeStr,
    Statement as _, TypeInfo, ValueRef,
};
use thiserror::Error;
use tokio::sync::OnceCell;

use super::Clock;
use super::received::{Came, Content};
use crate::names::ErrorKind;
use crate::plan::{Failure, Plan, Rows, Statement, Timing};
use crate::units::Nanos;

/// Most connections that one worker opens to one database.
const MAX_CONNECTIONS: u32 = 10;
/// Longest wait for a connection, and longest statement.
const PATIENCE: Nanos = Nanos::from_secs(10);

/// The databases of a plan. Each worker connects for itself, when it has something to ask.
#[derive(Debug, Default)]
pub struct Databases {
    databases: Vec<Database>,
}

#[derive(Debug)]
struct Database {
    name: String,
    url: String,
    reading: OnceCell<Pool>,
    writing: OnceCell<Pool>,
}

#[derive(Debug)]
enum Pool {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

/// A database that can't be used.
#[derive(Debug, Error)]
pub enum SqlError {
    /// Its address has a scheme that is not known.
    #[error("database `{name}`: the address has to begin with `postgres://` or `sqlite:`")]
    Scheme {
        /// The name in the scenario.
        name: String,
    },
    /// It does not answer, or refuses.
    #[error("can't use the database `{name}`: {source}")]
    Connect {
        /// The name in the scenario.
        name: String,
        /// Why.
        source: sqlx::Error,
    },
}

impl Clone for Databases {
    /// The same databases without connections: those belong to one worker's runtime.
    fn clone(&self) -> Self {
        let of = |database: &Database| (database.name.clone(), database.url.clone());
        Self::of(self.databases.iter().map(of))
    }
}

impl Databases {
    /// The databases of a plan, not yet connected.
    pub fn new(plan: &Plan) -> Self {
        Self::of(plan.databases.iter().cloned())
    }

    /// Databases by name and address, not yet connected.
    pub fn of(databases: impl Iterator<Item = (String, String)>) -> Self {
        let database = |(name, url)| Database {
            name,
            url,
            reading: OnceCell::new(),
            writing: OnceCell::new(),
        };
        Self { databases: databases.map(database).collect() }
    }

    /// Connects to each database once, so that a wrong address is known before the load starts.
    pub async fn check(&self) -> Result<(), SqlError> {
        for database in &self.databases {
            match database.pool(false).await? {
                Pool::Postgres(pool) => ping(pool.acquire().await, &database.name).await?,
                Pool::Sqlite(pool) => ping(pool.acquire().await, &database.name).await?,
            }
        }
        Ok(())
    }

    /// Sends a statement and reads the answer.
    pub(super) async fn query(&self, statement: &Statement, clock: Clock) -> Came {
        let begun = clock.now();
        // Waiting for a connection is no part of the query's own time.
        let connected = Cell::new(begun);
        let mark = || connected.set(clock.now());
        let asked = super::clock::within(PATIENCE, self.ask(statement, &mark)).await;
        let (start, end) = (connected.get(), clock.now());
        let timing = Timing { begun, waiting: end - start, ..Timing::default() };
        let result = match asked {
            Some(Ok(rows)) => Ok(Content::Rows(Rows { duration: end - start, ..rows })),
            Some(Err(error)) => Err(Failure::new(ErrorKind::Sql, message(&error))),
            None => {
                let message = format!("no answer of the database within {PATIENCE}");
                Err(Failure::new(ErrorKind::Timeout, message))
            }
        };
        Came { end, timing, result }
    }

    async fn ask(&self, statement: &Statement, connected: &dyn Fn()) -> Result<Rows, sqlx::Error> {
        let database = self.databases.get(statement.database);
        let database = database.ok_or(sqlx::Error::PoolClosed)?;
        let pool = database.pool(statement.allow_write).await.map_err(|error| match error {
            SqlError::Connect { source, .. } => source,
            SqlError::Scheme { name } => sqlx::Error::Configuration(name.into()),
        })?;
        match pool {
            Pool::Postgres(pool) => ask_postgres(pool, statement, connected).await,
            Pool::Sqlite(pool) => ask_sqlite(pool, statement, connected).await,
        }
    }
}

async fn ping<DB: sqlx::Database>(
    connection: Result<sqlx::pool::PoolConnection<DB>, sqlx::Error>,
    name: &str,
) -> Result<(), SqlError> {
    let unusable = |source| SqlError::Connect { name: name.to_owned(), source };
    connection.map_err(unusable)?.ping().await.map_err(unusable)
}

impl Database {
    /// The connections for reading, or for statements that may write.
    async fn pool(&self, write: bool) -> Result<&Pool, SqlError> {
        let cell = if write { &self.writing } else { &self.reading };
        let unusable = |source| SqlError::Connect { name: self.name.clone(), source };
        if self.url.starts_with("postgres://") || self.url.starts_with("postgresql://") {
            let open = async {
                let mut options = PgConnectOptions::from_str(&self.url)?;
                if !write {
                    options = options.options([("default_transaction_read_only", "on")]);
                }
                let pool = PgPoolOptions::new()
                    .max_connections(MAX_CONNECTIONS)
                    // A ping before each statement would be part of no query, but of each load.
                    .test_before_acquire(false)
                    .acquire_timeout(PATIENCE.into());
                Ok(Pool::Postgres(pool.connect_lazy_with(options)))
            };
            cell.get_or_try_init(|| open).await.map_err(unusable)
        } else if self.url.starts_with("sqlite:") {
            let open = async {
                let options = SqliteConnectOptions::from_str(&self.url)?.read_only(!write);
                let pool = SqlitePoolOptions::new()
                    .max_connections(MAX_CONNECTIONS)
                    // A ping before each statement would be part of no query, but of each load.
                    .test_before_acquire(false)
                    .acquire_timeout(PATIENCE.into());
                Ok(Pool::Sqlite(pool.connect_lazy_with(options)))
            };
            cell.get_or_try_init(|| open).await.map_err(unusable)
        } else {
            Err(SqlError::Scheme { name: self.name.clone() })
        }
    }
}

/// The database's own words, without the context that sqlx puts around them.
fn message(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(database) => match database.code() {
            Some(code) => format!("{} (SQLSTATE {code})", database.message()),
            None => database.message().to_owned(),
        },
        None => error.to_string(),
    }
}

async fn ask_postgres(
    pool: &PgPool,
    statement: &Statement,
    connected: &dyn Fn(),
) -> Result<Rows, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    connected();
    let sql = AssertSqlSafe(Arc::clone(&statement.sql)).into_sql_str();
    // The server says which type each parameter has, so that ids may be numbers or texts.
    let prepared = connection.prepare(sql).await?;
    let mut arguments = PgArguments::default();
    for (at, value) in statement.parameters.iter().enumerate() {
        let kind = match prepared.parameters() {
            Some(Either::Left(types)) => types.get(at).map_or("TEXT", |kind| kind.name()),
            Some(Either::Right(_)) | None => "TEXT",
        };
        add(&mut arguments, kind, value).map_err(sqlx::Error::Encode)?;
    }
    let mut answer = connection.fetch_many(prepared.query_with(arguments));
    let mut rows = Rows::default();
    while let Some(part) = answer.try_next().await? {
        match part {
            Either::Left(done) => rows.count = rows.count.max(done.rows_affected()),
            Either::Right(row) => note(&mut rows, || postgres_row(&row))?,
        }
    }
    Ok(rows)
}

/// Binds a parameter as the type that the server expects.
fn add(arguments: &mut PgArguments, kind: &str, value: &str) -> Result<(), BoxDynError> {
    match kind {
        "INT2" => arguments.add(value.parse::<i16>()?),
        "INT4" => arguments.add(value.parse::<i32>()?),
        "INT8" => arguments.add(value.parse::<i64>()?),
        "FLOAT4" => arguments.add(value.parse::<f32>()?),
        "FLOAT8" => arguments.add(value.parse::<f64>()?),
        "BOOL" => arguments.add(value.parse::<bool>()?),
        _ => arguments.add(value),
    }
}

/// Counts a row and keeps the first one.
fn note(
    rows: &mut Rows,
    first: impl FnOnce() -> Result<Vec<(String, Option<String>)>, sqlx::Error>,
) -> Result<(), sqlx::Error> {
    if rows.count == 0 {
        rows.first = first()?;
    }
    rows.count += 1;
    Ok(())
}

fn postgres_row(row: &PgRow) -> Result<Vec<(String, Option<String>)>, sqlx::Error> {
    let value = |column: &sqlx::postgres::PgColumn| {
        let raw = row.try_get_raw(column.ordinal())?;
        let text = if raw.is_null() { None } else { Some(postgres_text(row, column, &raw)?) };
        Ok((column.name().to_owned(), text))
    };
    row.columns().iter().map(value).collect()
}

fn postgres_text(
    row: &PgRow,
    column: &sqlx::postgres::PgColumn,
    raw: &PgValueRef<'_>,
) -> Result<String, sqlx::Error> {
    let at = column.ordinal();
    Ok(match column.type_info().name() {
        "INT2" => row.try_get::<i16, _>(at)?.to_string(),
        "INT4" => row.try_get::<i32, _>(at)?.to_string(),
        "INT8" => row.try_get::<i64, _>(at)?.to_string(),
        "FLOAT4" => row.try_get::<f32, _>(at)?.to_string(),
        "FLOAT8" => row.try_get::<f64, _>(at)?.to_string(),
        "BOOL" => row.try_get::<bool, _>(at)?.to_string(),
        "NUMERIC" => {
            let text = number::numeric_text(raw.as_bytes().map_err(sqlx::Error::Decode)?);
            text.ok_or_else(|| sqlx::Error::Decode("no binary numeric".into()))?
        }
        "BYTEA" | "TIMESTAMP" | "TIMESTAMPTZ" | "DATE" | "TIME" | "UUID" | "INTERVAL" => {
            let (name, kind) = (column.name(), column.type_info().name());
            let message = format!("column `{name}` is {kind}: write `{name}::text`");
            return Err(sqlx::Error::Decode(message.into()));
        }
        // Texts, names and enums are their own text in the binary format; jsonb has a version.
        kind => {
            let bytes = raw.as_bytes().map_err(sqlx::Error::Decode)?;
            let text = if kind == "JSONB" { bytes.get(1..).unwrap_or_default() } else { bytes };
            String::from_utf8_lossy(text).into_owned()
        }
    })
}

async fn ask_sqlite(
    pool: &SqlitePool,
    statement: &Statement,
    connected: &dyn Fn(),
) -> Result<Rows, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    connected();
    let mut arguments = SqliteArguments::default();
    for value in &statement.parameters {
        arguments.add(value.clone()).map_err(sqlx::Error::Encode)?;
    }
    let sql = AssertSqlSafe(Arc::clone(&statement.sql)).into_sql_str();
    let mut answer = connection.fetch_many(sqlx::query_with(sql, arguments));
    let mut rows = Rows::default();
    while let Some(part) = answer.try_next().await? {
        match part {
            Either::Left(done) => rows.count = rows.count.max(done.rows_affected()),
            Either::Right(row) => note(&mut rows, || sqlite_row(&row))?,
        }
    }
    Ok(rows)
}

fn sqlite_row(row: &SqliteRow) -> Result<Vec<(String, Option<String>)>, sqlx::Error> {
    let value = |column: &sqlx::sqlite::SqliteColumn| {
        let at = column.ordinal();
        let raw = row.try_get_raw(at)?;
        let text = match raw.type_info().name() {
            "NULL" => None,
            "INTEGER" | "BOOLEAN" => Some(row.try_get_unchecked::<i64, _>(at)?.to_string()),
            "REAL" => Some(row.try_get_unchecked::<f64, _>(at)?.to_string()),
            _ => Some(row.try_get_unchecked::<String, _>(at)?),
        };
        Ok((column.name().to_owned(), text))
    };
    row.columns().iter().map(value).collect()
}
