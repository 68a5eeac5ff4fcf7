//! Holding an observation, so that no second process goes on with it at the same time.
//!
//! A lock that the system gives back when its process ends, however it ends: on a file beside the
//! store, or in the session of a connection to PostgreSQL. Where it fails for another reason than
//! that somebody holds it, the store itself still refuses an interval that is not the next.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use sqlx::Any;
use sqlx::pool::PoolConnection;

use super::{Store, StoreError, StoreLocation};

/// An observation that this process alone goes on with, until this is dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "they are held, and given back when they are dropped")]
pub struct Hold(Held);

#[derive(Debug)]
#[expect(dead_code, reason = "they are held, and given back when they are dropped")]
enum Held {
    File(File),
    Session(Box<PoolConnection<Any>>),
    /// The file system knows no locks.
    Nothing,
}

impl Store {
    /// Holds the observation `id`; an error when another process does.
    pub async fn hold(&self, id: &str) -> Result<Hold, StoreError> {
        let taken = || StoreError::Elsewhere { id: id.to_owned() };
        match &self.location {
            StoreLocation::File(path) => file(&lock_of(path, id)).ok_or_else(taken).map(Hold),
            StoreLocation::Postgres(_) => {
                let mut connection = self.connection().await?;
                // Numbers of advisory locks are shared by all that use the database: both halves of
                // the key are of ours.
                let text = "SELECT pg_try_advisory_lock(hashtext('loadgate'), hashtext($1))";
                let locked: bool = sqlx::query_scalar(text)
                    .bind(id)
                    .fetch_one(&mut *connection)
                    .await
                    .map_err(|error| self.failed(&error))?;
                // Not given back to the pool, which would keep the session and its lock.
                connection.close_on_drop();
                locked.then(|| Hold(Held::Session(Box::new(connection)))).ok_or_else(taken)
            }
        }
    }

    /// Removes what is left of holding the observation `id`, when nobody will go on with it.
    pub fn forget_hold(&self, id: &str) {
        if let StoreLocation::File(path) = &self.location {
            // What can't be removed is an empty file that nobody looks at.
            drop(std::fs::remove_file(lock_of(path, id)));
        }
    }
}

/// The file that is locked: beside the store, where this process may write.
fn lock_of(store: &Path, id: &str) -> PathBuf {
    let mut name = store.file_name().unwrap_or_default().to_owned();
    name.push(format!("-{id}.lock"));
    store.with_file_name(name)
}

/// Locks a file; `None` when another process has it.
fn file(path: &Path) -> Option<Held> {
    let Ok(file) = File::options().create(true).append(true).open(path) else {
        return Some(Held::Nothing);
    };
    match file.try_lock() {
        Ok(()) => Some(Held::File(file)),
        Err(TryLockError::WouldBlock) => None,
        Err(TryLockError::Error(_)) => Some(Held::Nothing),
    }
}
