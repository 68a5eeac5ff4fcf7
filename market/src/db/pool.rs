//! A fixed number of connections, handed out one at a time.
//!
//! sqlx has a pool of its own. It asks the server "are you there" whenever a connection comes back, which
//! doubles the round trips of a market whose queries take 50 µs, and it hides who holds what, which the
//! `pool` fault and the metrics need to know. This one is a semaphore and a stack.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, SqlSafeStr, SqlStr};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::DbError;
use super::value::{Arg, Row, from_postgres, from_sqlite, postgres_arguments, sqlite_arguments};
use crate::timing;

/// How long a query waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// How to make a connection.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
}

impl Source {
    async fn connect(&self) -> Result<Conn, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(options) => Conn::Sqlite(Box::new(options.connect().await?)),
            Self::Postgres(options) => Conn::Postgres(Box::new(options.connect().await?)),
        })
    }
}

/// An open connection.
#[derive(Debug)]
enum Conn {
    Sqlite(Box<SqliteConnection>),
    Postgres(Box<PgConnection>),
}

impl Conn {
    async fn fetch(&mut self, sql: SqlStr, args: Vec<Arg>) -> Result<Vec<Row>, DbError> {
        match self {
            Self::Sqlite(conn) => {
                let args = sqlite_arguments(args)?;
                let rows = sqlx::query_with(sql, args).fetch_all(&mut **conn).await?;
                rows.iter().map(from_sqlite).collect()
            }
            Self::Postgres(conn) => {
                let args = postgres_arguments(args)?;
                // A statement that bears its request is never sent again.
                let again = timing::trace().is_none();
                let query = sqlx::query_with(sql, args).persistent(again);
                let rows = query.fetch_all(&mut **conn).await?;
                rows.iter().map(from_postgres).collect()
            }
        }
    }
}

/// The connections.
#[derive(Debug)]
pub(super) struct Pool {
    source: Source,
    slots: Semaphore,
    idle: Mutex<Vec<Conn>>,
    open: AtomicUsize,
    max: usize,
}

/// What `/api/health/metrics` says of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(crate) struct PoolUse {
    pub(crate) size: usize,
    pub(crate) idle: usize,
    pub(crate) active: usize,
    pub(crate) max: usize,
}

impl Pool {
    /// A pool with its first connection open, so that a wrong address is known at once.
    pub(super) async fn open(source: Source, max: usize) -> Result<Self, DbError> {
        let first = source.connect().await?;
        Ok(Self {
            source,
            slots: Semaphore::new(max),
            idle: Mutex::new(vec![first]),
            open: AtomicUsize::new(1),
            max,
        })
    }

    /// Takes a connection, opening one when none is idle; waits when all are taken.
    pub(super) async fn take(&self) -> Result<Lease<'_>, DbError> {
        let slot = match self.slots.try_acquire() {
            Ok(slot) => slot,
            Err(_none_free) => tokio::time::timeout(ACQUIRE_TIMEOUT, self.slots.acquire())
                .await
                .map_err(|_elapsed| DbError::PoolTimeout(ACQUIRE_TIMEOUT))?
                .map_err(|_closed| DbError::Shape("an open pool"))?,
        };
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = if let Some(conn) = idle {
            conn
        } else {
            let conn = self.source.connect().await?;
            self.open.fetch_add(1, Ordering::Relaxed);
            conn
        };
        Ok(Lease { pool: self, conn: Some(conn), broken: false, _slot: slot })
    }

    pub(super) fn usage(&self) -> PoolUse {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).len();
        let size = self.open.load(Ordering::Relaxed);
        PoolUse { size, idle, active: size.saturating_sub(idle), max: self.max }
    }

    /// Drops what is idle: after a broken connection the others are likely broken too.
    fn forget_idle(&self) {
        let gone = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        self.open.fetch_sub(gone.len(), Ordering::Relaxed);
    }
}

/// A connection for as long as it is held.
#[derive(Debug)]
pub(super) struct Lease<'a> {
    pool: &'a Pool,
    conn: Option<Conn>,
    /// Set while a query or transaction is under way. A request whose client has gone is dropped at any
    /// await; its connection is then in an unknown state and is closed instead of handed on.
    broken: bool,
    _slot: SemaphorePermit<'a>,
}

impl Lease<'_> {
    /// Runs one statement.
    pub(super) async fn fetch(&mut self, sql: SqlStr, args: Vec<Arg>) -> Result<Vec<Row>, DbError> {
        let sql = match timing::trace() {
            // As sqlcommenter writes it.
            Some(trace) => {
                let text = format!("{} /*traceparent='{trace}'*/", sql.as_str());
                AssertSqlSafe(text).into_sql_str()
            }
            None => sql,
        };
        let was_broken = std::mem::replace(&mut self.broken, true);
        let conn = self.conn.as_mut().ok_or(DbError::Shape("a connection"))?;
        let result = conn.fetch(sql, args).await;
        match &result {
            Err(DbError::Sql(error)) if !matches!(error, sqlx::Error::Database(_)) => {
                self.pool.forget_idle();
            }
            Ok(_) | Err(_) => self.broken = was_broken,
        }
        result
    }

    /// From here on the connection must not be handed on before [`Lease::settle`].
    pub(super) fn unsettle(&mut self) {
        self.broken = true;
    }

    /// The transaction is over.
    pub(super) fn settle(&mut self) {
        self.broken = false;
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        match self.conn.take() {
            Some(conn) if !self.broken => {
                self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
            }
            Some(_closed_here) => {
                self.pool.open.fetch_sub(1, Ordering::Relaxed);
            }
            None => {}
        }
    }
}
