//! The database: SQLite or PostgreSQL behind one face, every query with a name.
//!
//! Both understand `"Quoted"` names and `$1` parameters, so there is one text for each query. Names are
//! those that Prisma would use (`farm.findMany`); they end up in `Server-Timing` and in faults.

mod filter;
mod pool;
mod schema;
mod value;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, SqlSafeStr};

pub(crate) use self::filter::{Filter, Listed, Listing, Page, contains, list};
pub(crate) use self::pool::PoolUse;
use self::pool::{Lease, Pool, Source};
pub(crate) use self::schema::{TABLES, create_indexes, create_tables, drop_tables};
pub(crate) use self::value::{Arg, Row, args};
use crate::faults::Faults;
use crate::{clock, timing};

/// How long SQLite waits for a lock that another process holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Statements that stay prepared on a connection; the market has fewer.
const PREPARED: usize = 400;

/// What can go wrong with a query.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database or the way to it failed.
    #[error("database: {0}")]
    Sql(#[from] sqlx::Error),
    /// All connections were taken for too long.
    #[error("no free database connection within {0:?} (P2024)")]
    PoolTimeout(Duration),
    /// A row is not what the query promised; a bug.
    #[error("unexpected answer of the database: {0} was expected")]
    Shape(&'static str),
}

/// A text made of constants and placeholders; values never go into it.
pub(crate) fn sql(text: String) -> AssertSqlSafe<String> {
    AssertSqlSafe(text)
}

/// The database.
#[derive(Debug)]
pub(crate) struct Db {
    reads: Pool,
    /// SQLite has one writer at a time; one connection for it never meets a lock.
    writes: Option<Pool>,
    faults: Arc<Faults>,
    kind: &'static str,
    _scratch: Option<Scratch>,
}

impl Db {
    /// Opens the database that `url` names.
    pub(crate) async fn open(url: &str, pool: usize, faults: Arc<Faults>) -> Result<Self, DbError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url)?
                .application_name("farmers-market")
                .statement_cache_capacity(PREPARED);
            let reads = Pool::open(Source::Postgres(options), pool).await?;
            return Ok(Self { reads, writes: None, faults, kind: "postgresql", _scratch: None });
        }
        let (options, scratch) = if is_memory(url) {
            let scratch = Scratch::new();
            let options = SqliteConnectOptions::new()
                .filename(&scratch.0)
                .synchronous(SqliteSynchronous::Off);
            (options, Some(scratch))
        } else {
            let options =
                SqliteConnectOptions::from_str(url)?.synchronous(SqliteSynchronous::Normal);
            (options, None)
        };
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(PREPARED)
            .pragma("cache_size", "-16000")
            .pragma("mmap_size", "268435456")
            .pragma("temp_store", "MEMORY");
        let writes = Pool::open(Source::Sqlite(options.clone()), 1).await?;
        let reads = Pool::open(Source::Sqlite(options), pool).await?;
        let kind = if scratch.is_some() { "sqlite memory" } else { "sqlite" };
        Ok(Self { reads, writes: Some(writes), faults, kind, _scratch: scratch })
    }

    /// What kind of database it is, for people.
    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }

    /// The use of the connections.
    pub(crate) fn usage(&self) -> PoolUse {
        self.reads.usage()
    }

    /// Rows of a query that changes nothing.
    pub(crate) async fn read(
        &self,
        name: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, DbError> {
        let mut lease = self.reads.take().await?;
        query_named(&mut lease, &self.faults, Named { name, sql, args }).await
    }

    /// The first row of a query that changes nothing.
    pub(crate) async fn read_one(
        &self,
        name: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Option<Row>, DbError> {
        Ok(self.read(name, sql, args).await?.into_iter().next())
    }

    /// Rows that a changing statement returns.
    pub(crate) async fn write(
        &self,
        name: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, DbError> {
        let mut lease = self.writer().take().await?;
        query_named(&mut lease, &self.faults, Named { name, sql, args }).await
    }

    /// The first row that a changing statement returns.
    pub(crate) async fn write_one(
        &self,
        name: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Option<Row>, DbError> {
        Ok(self.write(name, sql, args).await?.into_iter().next())
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&self) -> Result<Tx<'_>, DbError> {
        let mut lease = self.writer().take().await?;
        // IMMEDIATE takes the write lock at once: a lock taken later could fail with SQLITE_BUSY.
        let begin = if self.writes.is_some() { "BEGIN IMMEDIATE" } else { "BEGIN" };
        lease.unsettle();
        lease.fetch(begin.into_sql_str(), Vec::new()).await?;
        Ok(Tx { lease, faults: &self.faults })
    }

    /// Takes `count` connections, one after the other as they become free, and keeps them.
    pub(crate) async fn hold(&self, count: usize) -> Result<Held<'_>, DbError> {
        let mut leases = Vec::new();
        while leases.len() < count {
            match self.reads.take().await {
                Ok(lease) => leases.push(lease),
                Err(DbError::PoolTimeout(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Held { _leases: leases })
    }

    fn writer(&self) -> &Pool {
        self.writes.as_ref().unwrap_or(&self.reads)
    }
}

/// Connections that nobody else gets.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    _leases: Vec<Lease<'a>>,
}

/// A transaction. Dropped without [`Tx::commit`] it never happened.
#[derive(Debug)]
pub(crate) struct Tx<'a> {
    lease: Lease<'a>,
    faults: &'a Faults,
}

impl Tx<'_> {
    /// Rows of a statement.
    pub(crate) async fn all(
        &mut self,
        name: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, DbError> {
        query_named(&mut self.lease, self.faults, Named { name, sql, args }).await
    }

    /// The first row of a statement.
    pub(crate) async fn one(
        &mut self,
        name: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Option<Row>, DbError> {
        Ok(self.all(name, sql, args).await?.into_iter().next())
    }

    /// Makes it happen.
    pub(crate) async fn commit(self) -> Result<(), DbError> {
        self.end("COMMIT").await
    }

    /// Calls it off; cheaper than dropping, which also closes the connection.
    pub(crate) async fn rollback(self) -> Result<(), DbError> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, word: &'static str) -> Result<(), DbError> {
        self.lease.fetch(word.into_sql_str(), Vec::new()).await?;
        self.lease.settle();
        Ok(())
    }
}

/// A query with its name.
struct Named<S> {
    name: &'static str,
    sql: S,
    args: Vec<Arg>,
}

/// The one way to the database: times the query, applies the faults that name it, notes the timing.
async fn query_named(
    lease: &mut Lease<'_>,
    faults: &Faults,
    query: Named<impl SqlSafeStr>,
) -> Result<Vec<Row>, DbError> {
    let started = clock::now();
    let result = lease.fetch(query.sql.into_sql_str(), query.args).await;
    clock::wait(faults.query_delay(query.name, started.elapsed())).await;
    timing::note(query.name, started.elapsed());
    if faults.n_plus_one(query.name) {
        for at in 0..result.as_ref().map_or(0, Vec::len) {
            let started = clock::now();
            let at = i64::try_from(at).unwrap_or_default();
            lease.fetch(N_PLUS_ONE.into_sql_str(), args![at]).await?;
            timing::note("user.findUnique", started.elapsed());
        }
    }
    result
}

/// What an N+1 asks again and again.
const N_PLUS_ONE: &str = r#"SELECT "id", "email" FROM "User" ORDER BY "id" LIMIT 1 OFFSET $1"#;

fn is_memory(url: &str) -> bool {
    matches!(url, "sqlite::memory:" | "sqlite://:memory:" | "sqlite:" | "sqlite://")
}

/// The file behind an "in memory" database, gone when the market ends.
///
/// A real in-memory database of SQLite has either one connection or, with a shared cache, locks on whole
/// tables. A file in WAL mode on a memory file system has many readers beside one writer and is as fast.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let shared_memory = Path::new("/dev/shm");
        let folder = if is_writable(shared_memory) {
            shared_memory.to_path_buf()
        } else {
            std::env::temp_dir()
        };
        sweep(&folder);
        let unique = crate::ids::random();
        Self(folder.join(format!("{SCRATCH_PREFIX}{}-{unique:016x}.db", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for tail in ["", "-wal", "-shm"] {
            let mut name = self.0.clone().into_os_string();
            name.push(tail);
            drop(std::fs::remove_file(name));
        }
    }
}

const SCRATCH_PREFIX: &str = "farmers-market-";

fn is_writable(folder: &Path) -> bool {
    std::fs::metadata(folder).is_ok_and(|meta| meta.is_dir() && !meta.permissions().readonly())
}

/// Removes the files of markets that were killed. Without `/proc` nobody can tell, and they stay.
fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    if !Path::new("/proc/self").exists() {
        return;
    }
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(SCRATCH_PREFIX))
            .and_then(|rest| rest.split_once('-'))
            .and_then(|(pid, _)| pid.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            drop(std::fs::remove_file(entry.path()));
        }
    }
}
