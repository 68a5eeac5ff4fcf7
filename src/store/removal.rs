//! A run that is removed.

use sqlx::Connection;

use super::{Store, StoreError, baselines, settle};

/// What is removed, in the order of the references; only the run itself is left.
const PARTS: [&str; 4] = [
    "DELETE FROM lg_cells WHERE run = (SELECT number FROM lg_runs WHERE id = $1)",
    "DELETE FROM lg_totals WHERE run = (SELECT number FROM lg_runs WHERE id = $1)",
    "DELETE FROM lg_intervals WHERE run = (SELECT number FROM lg_runs WHERE id = $1)",
    "DELETE FROM lg_series WHERE run = (SELECT number FROM lg_runs WHERE id = $1)",
];

/// Removes the run `id`, unless it belongs to a baseline.
pub(super) async fn remove(store: &Store, id: &str) -> Result<(), StoreError> {
    let mut connection = store.connection().await?;
    let removed = async {
        let mut transaction = connection.begin().await?;
        // This writes nothing; it takes the row, and SQLite's write lock, before the rest.
        let claim = "UPDATE lg_runs SET state = state WHERE id = $1";
        sqlx::query(claim).bind(id).execute(&mut *transaction).await?;
        let kept = baselines::names_of(&mut transaction, id).await?;
        if !kept.is_empty() {
            transaction.rollback().await?;
            return Ok(kept);
        }
        for text in PARTS {
            sqlx::query(text).bind(id).execute(&mut *transaction).await?;
        }
        let last = "DELETE FROM lg_runs WHERE id = $1";
        sqlx::query(last).bind(id).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(Vec::new())
    };
    let removed: Result<Vec<String>, sqlx::Error> = removed.await;
    let kept = match settle(connection, removed) {
        Ok(kept) => kept,
        // Another process has put the run into a baseline meanwhile.
        Err(error) if baselines::breaks_reference(&error) => {
            baselines::of_runs(store).await?.remove(id).unwrap_or_default()
        }
        Err(error) => return Err(store.failed(&error)),
    };
    if kept.is_empty() {
        return Ok(());
    }
    Err(StoreError::InBaseline { id: id.to_owned(), baselines: kept })
}
