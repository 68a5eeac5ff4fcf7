//! Baselines: named sets of runs, and the repetitions that they are made of.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;
use sqlx::error::DatabaseError;
use sqlx::{Any, Connection, Row, Transaction};

use super::{Store, StoreError, lookup, rows, settle};
use crate::record::BaselineName;

/// One baseline in the list of baselines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselineLine {
    /// Its name.
    pub name: String,
    /// When it was made, nanoseconds since 1970-01-01 UTC.
    pub made_unix_ns: u64,
    /// Ids of its runs, in the order of time.
    pub runs: Vec<String>,
    /// Name of the scenario; of the first run, should they differ.
    pub scenario: String,
    /// Address of the system under test; of the first run, should they differ.
    pub target: String,
    /// The versions that the target reported, each once, in the order of time.
    pub target_versions: Vec<String>,
    /// Measured requests of all runs.
    pub requests: u64,
    /// How many of them failed.
    pub errors: u64,
}

/// Whether a baseline must be new or must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// It is made; one with this name is an error.
    New,
    /// Runs are added to it; a name that no baseline has is an error.
    Extend,
}

/// What became of [`Store::keep_baseline`] in the database.
enum Kept {
    Done,
    /// There is one with this name.
    NameTaken,
    /// There is none with this name.
    NoSuchName,
    /// There is no run with this id.
    NoSuchRun(String),
}

impl Store {
    /// All baselines, newest first.
    pub async fn baselines(&self) -> Result<Vec<BaselineLine>, StoreError> {
        let text = "SELECT b.name, b.made_ns, r.id, r.scenario, r.target, r.target_version, \
                    r.requests, r.errors FROM lg_baselines b \
                    LEFT JOIN lg_baseline_runs m ON m.baseline = b.number \
                    LEFT JOIN lg_runs r ON r.number = m.run \
                    ORDER BY b.made_ns DESC, b.number DESC, r.started_ns, m.place";
        let failed = |error: sqlx::Error| self.failed(&error);
        let rows = sqlx::query(text).fetch_all(&self.pool).await.map_err(failed)?;
        let mut lines: Vec<BaselineLine> = Vec::new();
        for row in &rows {
            add_row(&mut lines, row).map_err(failed)?;
        }
        Ok(lines)
    }

    /// Ids of the runs of the baseline `name`, in the order of time; at least one.
    pub async fn baseline(&self, name: &str) -> Result<Vec<String>, StoreError> {
        let text = "SELECT r.id FROM lg_baselines b \
                    LEFT JOIN lg_baseline_runs m ON m.baseline = b.number \
                    LEFT JOIN lg_runs r ON r.number = m.run \
                    WHERE b.name = $1 ORDER BY r.started_ns, m.place";
        let ids: Vec<Option<String>> = sqlx::query_scalar(text)
            .bind(name)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.failed(&error))?;
        if ids.is_empty() {
            return Err(self.unknown_baseline(name).await?);
        }
        // The tables' references don't allow this; an SQLite file can be written without them.
        ids.into_iter().collect::<Option<Vec<String>>>().ok_or_else(|| {
            StoreError::DamagedBaseline {
                name: name.to_owned(),
                detail: "a run of it is not in the store".to_owned(),
            }
        })
    }

    /// Makes or extends the baseline `name` with the runs of these ids, all of them or none. A run
    /// that is already in it stays in it.
    ///
    /// `now_unix_ns` is kept as the time when it was made.
    pub async fn keep_baseline(
        &self,
        name: &BaselineName,
        runs: &[String],
        growth: Growth,
        now_unix_ns: u64,
    ) -> Result<(), StoreError> {
        if runs.is_empty() {
            return Err(StoreError::NoRuns { name: name.to_string() });
        }
        let mut connection = self.connection().await?;
        let kept = async {
            let mut transaction = connection.begin().await?;
            let Some(number) = claim(&mut transaction, name, growth, now_unix_ns).await? else {
                transaction.rollback().await?;
                return Ok(Kept::NoSuchName);
            };
            for id in runs {
                if !add_run(&mut transaction, number, id).await? {
                    transaction.rollback().await?;
                    return Ok(Kept::NoSuchRun(id.clone()));
                }
            }
            transaction.commit().await?;
            Ok(Kept::Done)
        };
        let kept: Result<Kept, sqlx::Error> = kept.await;
        let kept = match settle(connection, kept) {
            Ok(kept) => kept,
            Err(error) if is_unique_violation(&error) => Kept::NameTaken,
            // Another process has removed a run meanwhile.
            Err(error) if breaks_reference(&error) => match self.first_missing(runs).await? {
                Some(id) => Kept::NoSuchRun(id),
                None => return Err(self.failed(&error)),
            },
            Err(error) => return Err(self.failed(&error)),
        };
        match kept {
            Kept::Done => Ok(()),
            Kept::NameTaken => Err(StoreError::BaselineExists { name: name.to_string() }),
            Kept::NoSuchName => Err(self.unknown_baseline(name.as_str()).await?),
            Kept::NoSuchRun(id) => Err(lookup::unknown(&self.ids().await?, &id)),
        }
    }

    /// Removes the baseline `name`; its runs stay.
    pub async fn remove_baseline(&self, name: &str) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let removed = async {
            let mut transaction = connection.begin().await?;
            let Some(number) = lock(&mut transaction, name).await? else {
                transaction.rollback().await?;
                return Ok(false);
            };
            for text in [
                "DELETE FROM lg_baseline_runs WHERE baseline = $1",
                "DELETE FROM lg_baselines WHERE number = $1",
            ] {
                sqlx::query(text).bind(number).execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            Ok(true)
        };
        let removed: Result<bool, sqlx::Error> = removed.await;
        if settle(connection, removed).map_err(|error| self.failed(&error))? {
            return Ok(());
        }
        Err(self.unknown_baseline(name).await?)
    }

    /// Ids of all repetitions of the set that a run belongs to, ended or not, by their number; of
    /// a run that was made alone, its own. Of a repetition that was made again, because it was
    /// distorted or killed, only the last one belongs to the set.
    ///
    /// `wanted` names any of them as for [`Store::load`], or is the name of the set itself.
    pub async fn set_of(&self, wanted: &str) -> Result<Vec<String>, StoreError> {
        let named = self.repetitions(wanted).await?;
        if !named.is_empty() {
            return Ok(named);
        }
        let id = self.find(wanted).await?;
        let text = "SELECT repetition_set FROM lg_runs WHERE id = $1";
        let set: Option<Option<String>> = sqlx::query_scalar(text)
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| self.failed(&error))?;
        match set.flatten() {
            Some(set) => self.repetitions(&set).await,
            None => Ok(vec![id]),
        }
    }

    /// Ids of the repetitions of `set`; empty when there is no such set.
    async fn repetitions(&self, set: &str) -> Result<Vec<String>, StoreError> {
        let text = "SELECT id FROM lg_runs r WHERE repetition_set = $1 AND NOT EXISTS \
                    (SELECT 1 FROM lg_runs o WHERE o.repetition_set = r.repetition_set \
                    AND o.repetition_number = r.repetition_number \
                    AND (o.started_ns > r.started_ns \
                    OR (o.started_ns = r.started_ns AND o.number > r.number))) \
                    ORDER BY repetition_number";
        let ids = sqlx::query_scalar(text).bind(set).fetch_all(&self.pool).await;
        ids.map_err(|error| self.failed(&error))
    }

    /// The first of `runs` that is not in the store.
    async fn first_missing(&self, runs: &[String]) -> Result<Option<String>, StoreError> {
        let ids = self.ids().await?;
        Ok(runs.iter().find(|run| !ids.contains(run)).cloned())
    }

    /// The error for a name that no baseline has.
    async fn unknown_baseline(&self, wanted: &str) -> Result<StoreError, StoreError> {
        let names: Vec<String> = sqlx::query_scalar("SELECT name FROM lg_baselines ORDER BY name")
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.failed(&error))?;
        let nearest = names.into_iter().min_by_key(|name| strsim::osa_distance(name, wanted));
        Ok(StoreError::UnknownBaseline { wanted: wanted.to_owned(), nearest })
    }
}

/// Names of the baselines of each run that belongs to one, sorted.
pub(super) async fn of_runs(store: &Store) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
    let text = "SELECT r.id, b.name FROM lg_baseline_runs m \
                JOIN lg_baselines b ON b.number = m.baseline \
                JOIN lg_runs r ON r.number = m.run ORDER BY b.name";
    let failed = |error: sqlx::Error| store.failed(&error);
    let rows = sqlx::query(text).fetch_all(&store.pool).await.map_err(failed)?;
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &rows {
        let id = row.try_get("id").map_err(failed)?;
        names.entry(id).or_default().push(row.try_get("name").map_err(failed)?);
    }
    Ok(names)
}

/// Names of the baselines that the run `id` belongs to, sorted.
pub(super) async fn names_of(
    transaction: &mut Transaction<'_, Any>,
    id: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let text = "SELECT b.name FROM lg_baseline_runs m \
                JOIN lg_baselines b ON b.number = m.baseline \
                JOIN lg_runs r ON r.number = m.run WHERE r.id = $1 ORDER BY b.name";
    sqlx::query_scalar(text).bind(id).fetch_all(&mut **transaction).await
}

/// A reference between tables that a statement would have broken.
pub(super) fn breaks_reference(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(DatabaseError::is_foreign_key_violation)
}

/// A name or id that is already there.
pub(super) fn is_unique_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(DatabaseError::is_unique_violation)
}

/// Takes the row of the baseline `name`, which is made when it has to be new; `None` when it has
/// to be there and is not.
async fn claim(
    transaction: &mut Transaction<'_, Any>,
    name: &BaselineName,
    growth: Growth,
    now_unix_ns: u64,
) -> Result<Option<i64>, sqlx::Error> {
    match growth {
        Growth::New => {
            let text = "INSERT INTO lg_baselines (name, made_ns) VALUES ($1, $2) RETURNING number";
            sqlx::query_scalar(text)
                .bind(name.as_str())
                .bind(rows::signed(now_unix_ns))
                .fetch_one(&mut **transaction)
                .await
                .map(Some)
        }
        Growth::Extend => lock(transaction, name.as_str()).await,
    }
}

/// Takes the row of the baseline `name`, and says its number; `None` when there is none.
///
/// This writes nothing new: SQLite waits for its write lock here and not halfway, and PostgreSQL
/// lets those who extend or remove the baseline do it one after the other.
async fn lock(
    transaction: &mut Transaction<'_, Any>,
    name: &str,
) -> Result<Option<i64>, sqlx::Error> {
    let text = "UPDATE lg_baselines SET name = name WHERE name = $1 RETURNING number";
    sqlx::query_scalar(text).bind(name).fetch_optional(&mut **transaction).await
}

/// Adds the run `id` to the baseline `number`; false when there is no such run.
async fn add_run(
    transaction: &mut Transaction<'_, Any>,
    number: i64,
    id: &str,
) -> Result<bool, sqlx::Error> {
    let find = "SELECT number FROM lg_runs WHERE id = $1";
    let run: Option<i64> =
        sqlx::query_scalar(find).bind(id).fetch_optional(&mut **transaction).await?;
    let Some(run) = run else {
        return Ok(false);
    };
    let add = "INSERT INTO lg_baseline_runs (baseline, run, place) VALUES ($1, $2, \
               (SELECT COUNT(*) FROM lg_baseline_runs WHERE baseline = $1)) \
               ON CONFLICT DO NOTHING";
    sqlx::query(add).bind(number).bind(run).execute(&mut **transaction).await?;
    Ok(true)
}

/// Adds a row of the list to the baseline that it belongs to: the last, or a new one.
fn add_row(lines: &mut Vec<BaselineLine>, row: &AnyRow) -> Result<(), sqlx::Error> {
    let name: String = row.try_get("name")?;
    if lines.last().is_none_or(|line| line.name != name) {
        lines.push(BaselineLine {
            name,
            made_unix_ns: rows::unsigned(row.try_get("made_ns")?),
            runs: Vec::new(),
            scenario: String::new(),
            target: String::new(),
            target_versions: Vec::new(),
            requests: 0,
            errors: 0,
        });
    }
    let id: Option<String> = row.try_get("id")?;
    let (Some(line), Some(id)) = (lines.last_mut(), id) else {
        return Ok(());
    };
    if line.runs.is_empty() {
        line.scenario = row.try_get("scenario")?;
        line.target = row.try_get("target")?;
    }
    let version: Option<String> = row.try_get("target_version")?;
    line.target_versions.extend(version.filter(|version| !line.target_versions.contains(version)));
    line.runs.push(id);
    line.requests += rows::unsigned(row.try_get("requests")?);
    line.errors += rows::unsigned(row.try_get("errors")?);
    Ok(())
}
