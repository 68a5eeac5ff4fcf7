//! What can go wrong with a store, and what to do about it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::StoreLocation;
use crate::record::FormatError;

/// A store that could not do what it was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The text names no kind of store.
    #[error("`{text}` is not a place for a store")]
    BadLocation {
        /// What was written, without a password.
        text: String,
    },
    /// The folder of the file does not exist and can't be made.
    #[error("cannot make the folder `{}`: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file or the database can't be opened or reached.
    #[error("cannot open the store `{store}`: {detail}")]
    Unreachable {
        /// The store, without its password.
        store: String,
        /// The database's reason.
        detail: String,
    },
    /// The store can be read but not written.
    #[error("the store `{store}` is read-only")]
    ReadOnly {
        /// The store, without its password.
        store: String,
    },
    /// No room is left for the store.
    #[error("no space is left for the store `{store}`")]
    Full {
        /// The store, without its password.
        store: String,
    },
    /// Another process kept the store locked for longer than we wait.
    #[error("the store `{store}` is locked by another process")]
    Locked {
        /// The store, without its password.
        store: String,
    },
    /// The file is something else, or damaged.
    #[error("`{store}` is not a loadgate store, or it is damaged: {detail}")]
    NotAStore {
        /// The store, without its password.
        store: String,
        /// The database's reason.
        detail: String,
    },
    /// A newer loadgate has changed the tables.
    #[error("the store `{store}` has schema {found}, this loadgate knows up to {known}")]
    NewerSchema {
        /// The store, without its password.
        store: String,
        /// The schema that was found.
        found: i64,
        /// The newest schema that this build knows.
        known: i64,
    },
    /// A run of another format.
    #[error("cannot read the run `{id}`: {source}")]
    Format {
        /// The run.
        id: String,
        /// Which side is too old.
        source: FormatError,
    },
    /// No run has this id.
    #[error("there is no run `{wanted}`")]
    UnknownRun {
        /// What was asked for.
        wanted: String,
        /// The id that looks most like it; `None` when the store is empty.
        nearest: Option<String>,
    },
    /// More than one run begins like this.
    #[error("`{wanted}` is the beginning of {} runs", matches.len())]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// The ids that begin with it.
        matches: Vec<String>,
    },
    /// A run with this id is already in the store.
    #[error("the run `{id}` is already in the store")]
    Duplicate {
        /// The run.
        id: String,
    },
    /// A run that is being written was changed by somebody else.
    #[error("the run `{id}` is written, or was ended, by another process")]
    Elsewhere {
        /// The run.
        id: String,
    },
    /// A row of a run is not what it should be.
    #[error("the run `{id}` is damaged: {detail}")]
    Damaged {
        /// The run.
        id: String,
        /// What was found.
        detail: String,
    },
    /// The store has another run with the id of one that is imported.
    #[error("the store has another run with the id `{id}`")]
    Differs {
        /// The id of both.
        id: String,
    },
    /// No baseline has this name.
    #[error("there is no baseline `{wanted}`")]
    UnknownBaseline {
        /// What was asked for.
        wanted: String,
        /// The name that looks most like it; `None` when the store has no baseline.
        nearest: Option<String>,
    },
    /// A baseline with this name is already in the store.
    #[error("the baseline `{name}` is already in the store")]
    BaselineExists {
        /// The baseline.
        name: String,
    },
    /// A baseline was to be made of nothing.
    #[error("the baseline `{name}` needs at least one run")]
    NoRuns {
        /// The baseline.
        name: String,
    },
    /// A baseline is not what it should be.
    #[error("the baseline `{name}` is damaged: {detail}")]
    DamagedBaseline {
        /// The baseline.
        name: String,
        /// What was found.
        detail: String,
    },
    /// The run can't be removed: a baseline rests on it.
    #[error("the run `{id}` belongs to {}", named(baselines))]
    InBaseline {
        /// The run.
        id: String,
        /// Names of the baselines; at least one.
        baselines: Vec<String>,
    },
    /// Everything else that a database may say.
    #[error("the store `{store}` failed: {detail}")]
    Database {
        /// The store, without its password.
        store: String,
        /// The database's reason.
        detail: String,
    },
}

impl StoreError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let elsewhere = "name another place with `--store` or `LOADGATE_STORE`";
        match self {
            Self::BadLocation { .. } => {
                Some("name a file, or a database as `postgres://user@host/database`".to_owned())
            }
            Self::Folder { .. } | Self::ReadOnly { .. } => Some(elsewhere.to_owned()),
            Self::Unreachable { store, .. } if store.starts_with("postgres") => {
                Some("check that PostgreSQL runs there, and its user, password and name".to_owned())
            }
            Self::Unreachable { .. } => {
                Some(format!("check that the file may be written, or {elsewhere}"))
            }
            Self::Full { .. } => {
                Some(format!("make room, or {elsewhere}; what was stored before can be read"))
            }
            Self::Locked { .. } => Some("wait for the other process to end, or stop it".to_owned()),
            Self::NotAStore { .. } => Some(format!("move the file away, or {elsewhere}")),
            Self::NewerSchema { .. } => {
                Some("use the loadgate that made it, or a newer one".to_owned())
            }
            Self::UnknownRun { nearest: Some(nearest), .. } => {
                Some(format!("did you mean `{nearest}`? `loadgate runs` lists all of them"))
            }
            Self::UnknownRun { nearest: None, .. } => {
                Some("the store is empty: `loadgate run` makes the first run".to_owned())
            }
            Self::Ambiguous { matches, .. } => {
                let some: Vec<String> =
                    matches.iter().take(5).map(|id| format!("`{id}`")).collect();
                Some(format!("write more of the id: {}", some.join(", ")))
            }
            Self::Damaged { .. } => {
                Some("remove the run, or take the store from a backup".to_owned())
            }
            Self::Differs { .. } => Some(format!(
                "they have the same id and other figures: remove one of them, or {elsewhere}"
            )),
            Self::UnknownBaseline { wanted, nearest } => {
                let make = format!("`loadgate baseline capture {wanted}` makes it");
                Some(match nearest {
                    Some(nearest) => format!("did you mean `{nearest}`? {make}"),
                    None => make,
                })
            }
            Self::BaselineExists { name } => Some(format!(
                "`loadgate baseline add {name}` extends it, `loadgate baseline rm {name}` removes it"
            )),
            Self::NoRuns { name } => {
                Some(format!("`loadgate baseline capture {name}` makes runs and keeps them"))
            }
            Self::DamagedBaseline { name, .. } => Some(format!(
                "remove it with `loadgate baseline rm {name}`, and capture or import it again"
            )),
            Self::InBaseline { baselines, .. } => {
                let names = baselines.join(" ");
                Some(format!("`loadgate baseline rm {names}` first; that keeps the runs"))
            }
            Self::Elsewhere { .. } => {
                Some("let one process at a time write a run; this one has stopped".to_owned())
            }
            Self::Database { .. } => {
                Some(format!("look at the store's disk or server, or {elsewhere}"))
            }
            Self::Format { .. } | Self::Duplicate { .. } => None,
        }
    }

    /// The error behind what the database said of the store at `location`.
    pub(super) fn from_database(location: &StoreLocation, error: &sqlx::Error) -> Self {
        let store = location.to_string();
        let detail = detail_of(error);
        let Some(database) = error.as_database_error() else {
            let unreachable = matches!(
                error,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::Configuration(_)
            );
            return if unreachable {
                Self::Unreachable { store, detail }
            } else {
                Self::Database { store, detail }
            };
        };
        let code = database.code().unwrap_or_default();
        match location {
            StoreLocation::File(_) => Self::from_sqlite(store, detail, &code),
            StoreLocation::Postgres(_) => Self::from_postgres(store, detail, &code),
        }
    }

    /// Result codes: <https://www.sqlite.org/rescode.html>. The low byte is the primary code.
    fn from_sqlite(store: String, detail: String, code: &str) -> Self {
        match code.parse::<u32>().map(|code| code & 0xff) {
            Ok(5 | 6) => Self::Locked { store },
            Ok(8) => Self::ReadOnly { store },
            Ok(11 | 26) => Self::NotAStore { store, detail },
            Ok(13) => Self::Full { store },
            Ok(14 | 23) => Self::Unreachable { store, detail },
            Ok(_) | Err(_) => Self::Database { store, detail },
        }
    }

    /// SQLSTATE codes: appendix A of PostgreSQL's manual.
    fn from_postgres(store: String, detail: String, code: &str) -> Self {
        match code {
            "53100" => Self::Full { store },
            "25006" => Self::ReadOnly { store },
            "55P03" => Self::Locked { store },
            // A wrong password, no such database, too many clients, starting up.
            "28P01" | "28000" | "3D000" | "53300" | "57P03" => Self::Unreachable { store, detail },
            _ => Self::Database { store, detail },
        }
    }

    pub(super) fn damaged(id: &str, detail: &impl ToString) -> Self {
        Self::Damaged { id: id.to_owned(), detail: detail.to_string() }
    }
}

/// Baselines in a sentence.
fn named(baselines: &[String]) -> String {
    match baselines {
        [only] => format!("the baseline `{only}`"),
        more => format!("the baselines `{}`", more.join("`, `")),
    }
}

/// The database's own words, without the driver's introduction.
fn detail_of(error: &sqlx::Error) -> String {
    if let Some(database) = error.as_database_error() {
        return database.message().to_owned();
    }
    if let sqlx::Error::PoolTimedOut = error {
        return "no connection within the time limit".to_owned();
    }
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}
