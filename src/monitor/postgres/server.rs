//! Asking a server: one connection, and a few questions that change nothing.

mod sums;

use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
pub use sums::Sums;
use thiserror::Error;

use super::{Activity, Backend, Columns, Info, Slots, Snapshot, Statement};
use crate::units::Nanos;

/// Most statements that one snapshot holds. The server keeps 5,000 unless it is told otherwise.
pub const MAX_STATEMENTS: usize = 50_000;
/// Most characters of one statement's text. The server keeps them however long they are.
pub const MAX_TEXT: usize = 8_192;
/// Longest wait for a connection, and for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to the server that is watched.
#[derive(Debug)]
pub struct Server {
    connection: PgConnection,
    /// As `server_version_num` says it: 150018 is 15.18.
    version: u32,
    user: String,
    database: String,
}

/// Why the server can't be asked, or does not answer.
#[derive(Debug, Error)]
pub enum MonitorError {
    /// The address is none of PostgreSQL.
    #[error("the address of the database has to begin with `postgres://`")]
    Scheme,
    /// The server does not answer, or refuses.
    #[error("can't connect to the database: {0}")]
    Connect(#[source] sqlx::Error),
    /// It does not answer in time.
    #[error("no answer of the database within {} s", PATIENCE.as_secs())]
    Silent,
    /// It answers with an error.
    #[error("can't ask the database: {0}")]
    Ask(#[source] sqlx::Error),
    /// The extension is not created in this database.
    #[error("the database `{database}` does not have the extension pg_stat_statements")]
    Missing {
        /// The database.
        database: String,
        /// Whether the server's packages have it.
        installed: bool,
        /// Whether the server has loaded it, when that may be known.
        loaded: Option<bool>,
    },
    /// The extension is there, and the server has not loaded it when it was started.
    #[error("the server has not loaded pg_stat_statements")]
    NotLoaded,
    /// The extension is older than those of PostgreSQL 9.6.
    #[error("the version `{0}` of pg_stat_statements is not known")]
    Version(String),
    /// The user may not read the view.
    #[error("`{user}` may not read pg_stat_statements")]
    Denied {
        /// The user.
        user: String,
    },
}

impl MonitorError {
    /// What to do about it, word for word where it is a command or a setting.
    pub fn hint(&self) -> Option<String> {
        const LOAD: &str =
            "set `shared_preload_libraries = 'pg_stat_statements'` and restart the server";
        const CREATE: &str = "CREATE EXTENSION pg_stat_statements";
        match self {
            Self::Scheme => {
                Some("write it as postgres://user:password@host:5432/database".to_owned())
            }
            Self::Missing { installed: false, .. } => Some(format!(
                "install the server's contrib package (`postgresql-contrib`), {LOAD}, and then, \
                 in that database: `{CREATE}`"
            )),
            Self::Missing { loaded: Some(true), .. } => {
                Some(format!("as a superuser, in that database: `{CREATE}`"))
            }
            Self::Missing { .. } => Some(format!("{LOAD}, and then, in that database: `{CREATE}`")),
            Self::NotLoaded => Some(LOAD.to_owned()),
            Self::Version(_) => Some("`ALTER EXTENSION pg_stat_statements UPDATE`".to_owned()),
            Self::Denied { user } => Some(format!(
                "`GRANT SELECT ON pg_stat_statements TO {0}`, and to see the statements of others \
                 `GRANT pg_read_all_stats TO {0}`",
                quoted(user)
            )),
            Self::Connect(_) | Self::Silent | Self::Ask(_) => None,
        }
    }
}

/// A name as it is written in a command.
fn quoted(name: &str) -> String {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if first && bytes.all(plain) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Waits no longer than is reasonable.
async fn within<T>(
    asked: impl Future<Output = Result<T, sqlx::Error>>,
    wrong: impl FnOnce(sqlx::Error) -> MonitorError,
) -> Result<T, MonitorError> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(wrong),
        Err(_elapsed) => Err(MonitorError::Silent),
    }
}

impl Server {
    /// Connects as `loadgate`, for reading only.
    pub async fn connect(url: &str) -> Result<Self, MonitorError> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(MonitorError::Scheme);
        }
        let options = PgConnectOptions::from_str(url).map_err(MonitorError::Connect)?;
        let options = options
            .application_name("loadgate")
            .options([("default_transaction_read_only", "on"), ("statement_timeout", "10000")]);
        let mut connection =
            within(options.disable_statement_logging().connect(), MonitorError::Connect).await?;
        let question = "SELECT /* loadgate */ current_setting('server_version_num')::int4, \
                        current_user::text, current_database()::text";
        let row = one(&mut connection, question).await?;
        let (version, user, database): (i32, _, _) = (get(&row, 0)?, get(&row, 1)?, get(&row, 2)?);
        let version = u32::try_from(version).unwrap_or_default();
        Ok(Self { connection, version, user, database })
    }

    /// The database that is connected to: statements of others are not looked at.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The server's version as people write it: `15.18`, `9.6.24`.
    pub fn version(&self) -> String {
        let (major, rest) = (self.version.div_euclid(10_000), self.version.rem_euclid(10_000));
        if major >= 10 {
            return format!("{major}.{rest}");
        }
        format!("{major}.{}.{}", rest.div_euclid(100), rest.rem_euclid(100))
    }

    /// What the user has to be granted to see the statements and states of others; `None` when
    /// nothing is hidden from it.
    pub async fn missing_right(&mut self) -> Result<Option<String>, MonitorError> {
        let question = if self.version >= 100_000 {
            "SELECT /* loadgate */ pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')"
        } else {
            "SELECT /* loadgate */ usesuper FROM pg_catalog.pg_user WHERE usename = current_user"
        };
        let row = one(&mut self.connection, question).await?;
        let may: bool = get(&row, 0)?;
        Ok((!may).then(|| {
            let user = quoted(&self.user);
            if self.version >= 100_000 {
                format!("GRANT pg_read_all_stats TO {user}")
            } else {
                // There are no such roles before version 10.
                format!("ALTER ROLE {user} SUPERUSER")
            }
        }))
    }

    /// All statements of this database that the server counts.
    pub async fn statements(&mut self) -> Result<Snapshot, MonitorError> {
        let (columns, schema) = self.extension().await?;
        let view = |name: &str| format!("{}.{name}", quoted(&schema));
        let info = self.info(columns, &view("pg_stat_statements_info")).await?;
        let question = "SELECT /* loadgate */ extract(epoch FROM clock_timestamp())::float8, \
                        extract(epoch FROM pg_postmaster_start_time())::float8";
        let row = one(&mut self.connection, question).await?;
        let (at, started) = (get(&row, 0)?, get(&row, 1)?);
        let question = format!(
            "SELECT /* loadgate */ s.queryid, pg_get_userbyid(s.userid)::text, {}, \
             left(s.query, {MAX_TEXT}), s.calls, s.{total}, s.{}, s.rows, s.shared_blks_hit, \
             s.shared_blks_read, {}, {} FROM {} s JOIN pg_catalog.pg_database d ON d.oid = s.dbid \
             WHERE d.datname = current_database() AND s.query NOT LIKE 'SELECT /* loadgate */%' \
             ORDER BY s.{total} DESC LIMIT {}",
            columns.top_level(),
            columns.max(),
            columns.blocks(),
            columns.since(),
            view("pg_stat_statements"),
            MAX_STATEMENTS + 1,
            total = columns.total(),
        );
        let rows = self.all(&question).await?;
        let cut = rows.len() > MAX_STATEMENTS;
        let statements = rows.iter().take(MAX_STATEMENTS).map(statement);
        Ok(Snapshot { at, started, info, statements: statements.collect::<Result<_, _>>()?, cut })
    }

    /// Which columns the extension has, and the schema that it is in.
    async fn extension(&mut self) -> Result<(Columns, String), MonitorError> {
        let question = "SELECT /* loadgate */ e.extversion, n.nspname::text \
                        FROM pg_catalog.pg_extension e \
                        JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace \
                        WHERE e.extname = 'pg_stat_statements'";
        let rows = self.all(question).await?;
        let Some(row) = rows.first() else { return Err(self.missing().await?) };
        let (version, schema): (String, String) = (get(row, 0)?, get(row, 1)?);
        let columns = Columns::of(&version).ok_or(MonitorError::Version(version))?;
        Ok((columns, schema))
    }

    /// What is missing for the extension to be there.
    async fn missing(&mut self) -> Result<MonitorError, MonitorError> {
        let question = "SELECT /* loadgate */ EXISTS (SELECT 1 FROM \
                        pg_catalog.pg_available_extensions WHERE name = 'pg_stat_statements'), \
                        (SELECT setting LIKE '%pg_stat_statements%' FROM pg_catalog.pg_settings \
                        WHERE name = 'shared_preload_libraries')";
        let row = one(&mut self.connection, question).await?;
        Ok(MonitorError::Missing {
            database: self.database.clone(),
            installed: get(&row, 0)?,
            loaded: get(&row, 1)?,
        })
    }

    /// What the extension says of itself; `None` where it says nothing yet.
    async fn info(&mut self, columns: Columns, view: &str) -> Result<Option<Info>, MonitorError> {
        if !columns.has_info() {
            return Ok(None);
        }
        let question = format!(
            "SELECT /* loadgate */ dealloc, extract(epoch FROM stats_reset)::float8 FROM {view}"
        );
        let rows = self.all(&question).await?;
        let row = rows.first().ok_or(MonitorError::Ask(sqlx::Error::RowNotFound))?;
        Ok(Some(Info { evictions: count(row, 0)?, reset: get(row, 1)? }))
    }

    /// The connections of clients, without this one.
    pub async fn activity(&mut self) -> Result<Activity, MonitorError> {
        let question = "SELECT /* loadgate */ extract(epoch FROM clock_timestamp())::float8, \
                        current_setting('max_connections')::int8, \
                        current_setting('superuser_reserved_connections')::int8 \
                        + coalesce(current_setting('reserved_connections', true), '0')::int8";
        let row = one(&mut self.connection, question).await?;
        let at = get(&row, 0)?;
        let slots = Slots { max: count(&row, 1)?, reserved: count(&row, 2)? };
        // What may not be seen is null, also what kind of process it is.
        let clients = if self.version >= 100_000 {
            "coalesce(backend_type, 'client backend') = 'client backend'"
        } else {
            "true"
        };
        let age = |since: &str| {
            format!("extract(epoch FROM greatest(clock_timestamp() - {since}, '0'))::float8")
        };
        let question = format!(
            "SELECT /* loadgate */ pid, coalesce(usename::text, ''), coalesce(application_name, \
             ''), state, coalesce(wait_event_type = 'Lock', false), {}, {}, coalesce(left(query, \
             {MAX_TEXT}), '') FROM pg_catalog.pg_stat_activity WHERE datid IS NOT NULL AND \
             usesysid IS NOT NULL AND {clients} AND pid <> pg_backend_pid()",
            age("xact_start"),
            age("state_change"),
        );
        let rows = self.all(&question).await?;
        let backends = rows.iter().map(backend).collect::<Result<_, _>>()?;
        let (broken, broken_since) = self.broken().await?;
        Ok(Activity { at, slots, backends, broken, broken_since })
    }

    /// Connections to this database that broke, and since when they are counted.
    async fn broken(&mut self) -> Result<(Option<u64>, Option<f64>), MonitorError> {
        if self.version < 140_000 {
            return Ok((None, None));
        }
        let question = "SELECT /* loadgate */ sessions_abandoned + sessions_fatal + \
                        sessions_killed, extract(epoch FROM stats_reset)::float8 \
                        FROM pg_catalog.pg_stat_database WHERE datname = current_database()";
        let row = one(&mut self.connection, question).await?;
        Ok((Some(count(&row, 0)?), get(&row, 1)?))
    }

    /// Says goodbye.
    pub async fn close(self) {
        // The server notices as well when it is not told.
        drop(within(self.connection.close(), MonitorError::Ask).await);
    }

    async fn all(&mut self, question: &str) -> Result<Vec<PgRow>, MonitorError> {
        let user = self.user.clone();
        let wrong = |error: sqlx::Error| {
            let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
            match code.as_deref() {
                // https://www.postgresql.org/docs/current/errcodes-appendix.html
                Some("42501") => MonitorError::Denied { user },
                Some("55000") => MonitorError::NotLoaded,
                _ => MonitorError::Ask(error),
            }
        };
        let query = sqlx::query(AssertSqlSafe(question.to_owned())).persistent(false);
        within(query.fetch_all(&mut self.connection), wrong).await
    }
}

async fn one(connection: &mut PgConnection, question: &'static str) -> Result<PgRow, MonitorError> {
    let query = sqlx::query(question).persistent(false);
    within(query.fetch_one(connection), MonitorError::Ask).await
}

fn get<'r, T>(row: &'r PgRow, at: usize) -> Result<T, MonitorError>
where
    T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    row.try_get(at).map_err(MonitorError::Ask)
}

/// A count, which is never below zero.
fn count(row: &PgRow, at: usize) -> Result<u64, MonitorError> {
    let count: i64 = get(row, at)?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// A time in milliseconds.
fn millis(row: &PgRow, at: usize) -> Result<Nanos, MonitorError> {
    let millis: f64 = get(row, at)?;
    Ok(Nanos::from_secs_f64(millis / 1e3))
}

fn seconds(row: &PgRow, at: usize) -> Result<Option<Nanos>, MonitorError> {
    let seconds: Option<f64> = get(row, at)?;
    Ok(seconds.map(Nanos::from_secs_f64))
}

fn statement(row: &PgRow) -> Result<Statement, MonitorError> {
    Ok(Statement {
        query_id: get(row, 0)?,
        user: get(row, 1)?,
        top_level: get(row, 2)?,
        text: get(row, 3)?,
        calls: count(row, 4)?,
        total: millis(row, 5)?,
        max: millis(row, 6)?,
        rows: count(row, 7)?,
        hit: count(row, 8)?,
        read: count(row, 9)?,
        blocks: millis(row, 10)?,
        since: get(row, 11)?,
    })
}

fn backend(row: &PgRow) -> Result<Backend, MonitorError> {
    let state: Option<String> = get(row, 3)?;
    let text: String = get(row, 7)?;
    Ok(Backend {
        pid: get(row, 0)?,
        user: get(row, 1)?,
        application: get(row, 2)?,
        waits_for_lock: get(row, 4)?,
        transaction: seconds(row, 5)?,
        in_state: seconds(row, 6)?,
        // In place of the text stands that it may not be seen.
        text: if state.is_some() { text } else { String::new() },
        state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_commands_are_quoted_where_they_have_to_be() {
        assert_eq!(
            ["app_1", "App", "a\"b", ""].map(quoted),
            ["app_1", "\"App\"", "\"a\"\"b\"", "\"\""]
        );
    }

    #[test]
    fn what_is_missing_is_said_with_what_to_do() {
        let missing = |installed, loaded| {
            let database = "shop".to_owned();
            MonitorError::Missing { database, installed, loaded }.hint().unwrap_or_default()
        };
        assert_eq!(
            missing(true, Some(true)),
            "as a superuser, in that database: `CREATE EXTENSION pg_stat_statements`"
        );
        for loaded in [Some(false), None] {
            let hint = missing(true, loaded);
            assert!(hint.contains("shared_preload_libraries = 'pg_stat_statements'"), "{hint}");
            assert!(hint.contains("CREATE EXTENSION pg_stat_statements"), "{hint}");
        }
        assert!(missing(false, None).contains("postgresql-contrib"));
        let denied = MonitorError::Denied { user: "App".to_owned() }.hint().unwrap_or_default();
        assert!(denied.contains("GRANT pg_read_all_stats TO \"App\""), "{denied}");
    }
}
