//! The tables of a store, and how an older store gets those of this build.

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};

use super::{StoreError, StoreLocation};

/// Every schema in order; the place in the list, counted from one, is its version.
///
/// A schema that was released never changes: a change is a further file.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001-runs.sql"),
    include_str!("migrations/0002-baselines.sql"),
    include_str!("migrations/0003-evidence.sql"),
];

/// Any number that other users of a database are unlikely to take: `loadgate` in ASCII.
const ADVISORY_LOCK: &str = "SELECT pg_advisory_xact_lock(7813577576393110629)";

/// The words in which the databases differ.
struct Dialect {
    begin: &'static str,
    lock: Option<&'static str>,
    has_version: &'static str,
    words: [(&'static str, &'static str); 3],
}

const SQLITE: Dialect = Dialect {
    begin: "BEGIN IMMEDIATE",
    lock: None,
    has_version: "SELECT COUNT(*) FROM sqlite_master WHERE name = 'lg_schema'",
    words: [
        ("{blob}", "BLOB"),
        ("{key}", "INTEGER PRIMARY KEY AUTOINCREMENT"),
        ("{clustered}", " WITHOUT ROWID"),
    ],
};

const POSTGRES: Dialect = Dialect {
    begin: "BEGIN",
    lock: Some(ADVISORY_LOCK),
    has_version: "SELECT COUNT(*) FROM pg_tables \
                  WHERE tablename = 'lg_schema' AND schemaname = current_schema()",
    words: [
        ("{blob}", "BYTEA"),
        ("{key}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
        ("{clustered}", ""),
    ],
};

/// Brings the store at `location` to the schema of this build; a newer one is refused.
///
/// Two processes may do this at the same time: the second waits for the first and finds nothing
/// left to do.
pub(super) async fn migrate(
    connection: &mut AnyConnection,
    location: &StoreLocation,
) -> Result<(), StoreError> {
    let dialect = match location {
        StoreLocation::File(_) => SQLITE,
        StoreLocation::Postgres(_) => POSTGRES,
    };
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let found = apply(connection, &dialect, known)
        .await
        .map_err(|error| StoreError::from_database(location, &error))?;
    if found > known {
        return Err(StoreError::NewerSchema { store: location.to_string(), found, known });
    }
    Ok(())
}

/// Applies what is missing and says which schema was found.
async fn apply(
    connection: &mut AnyConnection,
    dialect: &Dialect,
    known: i64,
) -> Result<i64, sqlx::Error> {
    let found = version(connection, dialect).await?;
    if found >= known {
        return Ok(found);
    }
    let mut transaction = connection.begin_with(dialect.begin).await?;
    if let Some(lock) = dialect.lock {
        sqlx::raw_sql(lock).execute(&mut *transaction).await?;
    }
    let found = version(&mut transaction, dialect).await?;
    if found == 0 {
        let first = "CREATE TABLE lg_schema (version BIGINT NOT NULL); \
                     INSERT INTO lg_schema (version) VALUES (0);";
        sqlx::raw_sql(first).execute(&mut *transaction).await?;
    }
    for text in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        let text = dialect
            .words
            .iter()
            .fold((*text).to_owned(), |text, (word, meaning)| text.replace(word, meaning));
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *transaction).await?;
    }
    if found < known {
        let update = "UPDATE lg_schema SET version = $1";
        sqlx::query(update).bind(known).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(found)
}

/// The schema that the store has; 0 for an empty one.
async fn version(connection: &mut AnyConnection, dialect: &Dialect) -> Result<i64, sqlx::Error> {
    let tables: i64 =
        sqlx::query(dialect.has_version).fetch_one(&mut *connection).await?.try_get(0)?;
    if tables == 0 {
        return Ok(0);
    }
    sqlx::query("SELECT version FROM lg_schema").fetch_one(connection).await?.try_get(0)
}
