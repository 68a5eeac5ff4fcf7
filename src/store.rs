//! Where records are kept: an SQLite file, or a PostgreSQL database that a team shares.
//!
//! Both have the same tables, and both are asked in the same words. A run is in the store from
//! its first moment and grows by whole intervals, each in one transaction: whatever happens to
//! the process, at most the interval that was not yet appended is lost.

mod baselines;
mod error;
mod evidence;
mod hold;
mod import;
mod location;
mod lookup;
mod observations;
mod reader;
mod removal;
mod rows;
mod schema;
mod writer;

use std::time::Duration;

pub use baselines::{BaselineLine, Growth};
pub use error::StoreError;
pub use hold::Hold;
pub use import::Imported;
pub use location::StoreLocation;
pub use lookup::LATEST;
pub use observations::{Last, Unfinished};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions, Connection, Executor, Row};
pub use writer::RunWriter;

use crate::names::{Catalogue, Metric};
use crate::record::{Header, RunRecord, StopReason};
use crate::units::Nanos;

/// How long a connection may take; more is a wrong address or a dead host.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// A run's writer, and readers beside it.
const MAX_CONNECTIONS: u32 = 4;

/// How every connection to SQLite begins.
///
/// - WAL lets others read while a run is written, and a killed process leaves nothing to repair.
/// - `synchronous = FULL` syncs each commit, so an interval that was appended survives a power
///   cut; that is one sync a second, on a thread of SQLite's own.
/// - Ten seconds are longer than any transaction of ours takes: two loadgate processes that share
///   a store wait for each other instead of failing.
const SQLITE_PRAGMAS: &str =
    "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";

/// How often the switch to WAL is tried: SQLite does not wait for a lock there.
const PRAGMA_TRIES: u32 = 50;

/// An open store.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    location: StoreLocation,
}

/// One run in the list of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLine {
    /// Its id.
    pub id: String,
    /// Name of its scenario.
    pub scenario: String,
    /// Address of the system under test.
    pub target: String,
    /// The version that the target reported.
    pub target_version: Option<String>,
    /// When it started, nanoseconds since 1970-01-01 UTC.
    pub started_unix_ns: u64,
    /// Start to end, or to the last stored interval.
    pub lasted: Nanos,
    /// How far it came.
    pub state: RunState,
    /// Measured requests.
    pub requests: u64,
    /// How many of them failed.
    pub errors: u64,
    /// The repetitions that it belongs to, and which of them it is.
    pub set: Option<(String, u32)>,
    /// Names of the baselines that it belongs to, sorted.
    pub baselines: Vec<String>,
}

/// How far a stored run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It is under way, or its process was killed.
    Unfinished,
    /// It came to an end.
    Ended(StopReason),
}

impl RunState {
    /// The name in lists.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unfinished => "unfinished",
            Self::Ended(StopReason::Complete) => "complete",
            Self::Ended(StopReason::Interrupted) => "interrupted",
            Self::Ended(StopReason::Killed) => "killed",
            Self::Ended(StopReason::Aborted) => "aborted",
        }
    }

    fn from_word(word: Option<&str>) -> Self {
        let reasons = [
            StopReason::Complete,
            StopReason::Interrupted,
            StopReason::Killed,
            StopReason::Aborted,
        ];
        reasons
            .map(Self::Ended)
            .into_iter()
            .find(|state| Some(state.word()) == word)
            .unwrap_or(Self::Unfinished)
    }
}

impl Store {
    /// Opens the store, makes it when it does not exist, and brings its tables up to date.
    pub async fn open(location: &StoreLocation) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        if let StoreLocation::File(path) = location {
            let folder = location::folder_of(path);
            tokio::fs::create_dir_all(folder)
                .await
                .map_err(|source| StoreError::Folder { path: folder.to_owned(), source })?;
        }
        let failed = |error: sqlx::Error| StoreError::from_database(location, &error);
        // The driver logs statements; the texts are ours and of no interest to users.
        let options: AnyConnectOptions = location.url()?.parse().map_err(failed)?;
        let options = options.disable_statement_logging();

        // One connection apart from the pool: a pool tries again until its time is up, and then
        // knows no more why.
        let mut first = connect(&options, location).await?;
        schema::migrate(&mut first, location).await?;

        let is_file = matches!(location, StoreLocation::File(_));
        let pool = AnyPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .after_connect(move |connection, _| {
                Box::pin(async move { if is_file { set_up(connection).await } else { Ok(()) } })
            })
            .connect_lazy_with(options);
        if is_file {
            // The last one that closes a file of SQLite moves the journal into it and removes the
            // journal, which the next one makes again: five syncs for nothing.
            drop(pool.acquire().await.map_err(failed)?);
        }
        first.close().await.map_err(failed)?;
        Ok(Self { pool, location: location.clone() })
    }

    /// Where the store is.
    pub fn location(&self) -> &StoreLocation {
        &self.location
    }

    /// Stores the beginning of a run. From here on the run exists, unfinished.
    pub async fn begin(
        &self,
        header: &Header,
        catalogue: &Catalogue,
    ) -> Result<RunWriter, StoreError> {
        RunWriter::begin(self.clone(), header, catalogue).await
    }

    /// All runs, newest first.
    pub async fn list(&self) -> Result<Vec<RunLine>, StoreError> {
        let text = "SELECT id, scenario, target, target_version, started_ns, lasted_ns, state, \
                    requests, errors, repetition_set, repetition_number FROM lg_runs \
                    ORDER BY started_ns DESC, number DESC";
        let failed = |error: sqlx::Error| self.failed(&error);
        let rows = sqlx::query(text).fetch_all(&self.pool).await.map_err(failed)?;
        let mut lines: Vec<RunLine> =
            rows.iter().map(line).collect::<Result<_, _>>().map_err(failed)?;
        let mut baselines = baselines::of_runs(self).await?;
        for line in &mut lines {
            line.baselines = baselines.remove(&line.id).unwrap_or_default();
        }
        Ok(lines)
    }

    /// The whole record of a run, named by its id, the beginning of it, or [`LATEST`].
    ///
    /// The totals of an unfinished run are added up from its intervals, and its end is `None`.
    pub async fn load(&self, wanted: &str) -> Result<RunRecord, StoreError> {
        let id = self.find(wanted).await?;
        reader::load(self, &id, &Metric::ALL).await
    }

    /// As [`Store::load`], with the intervals' distributions of these metrics only: most of a
    /// record are others. Totals, counts and gauges are whole.
    pub async fn load_part(
        &self,
        wanted: &str,
        metrics: &[Metric],
    ) -> Result<RunRecord, StoreError> {
        let id = self.find(wanted).await?;
        reader::load(self, &id, metrics).await
    }

    /// Stores a whole record as it is; one that is already there must be the same.
    ///
    /// Same means header, series, totals and end: which intervals a record still has depends on the
    /// way it came.
    pub async fn import(&self, record: &RunRecord) -> Result<Imported, StoreError> {
        import::import(self, record).await
    }

    /// Removes a run, named as for [`Store::load`], and says which it was. A run that belongs to
    /// a baseline stays.
    pub async fn remove(&self, wanted: &str) -> Result<String, StoreError> {
        let id = self.find(wanted).await?;
        removal::remove(self, &id).await?;
        Ok(id)
    }

    /// Waits for what is under way and closes the store.
    pub async fn close(self) {
        self.pool.close().await;
    }

    /// The id of the run that `wanted` names.
    async fn find(&self, wanted: &str) -> Result<String, StoreError> {
        lookup::resolve(self.ids().await?, wanted)
    }

    /// Ids of all runs, newest first.
    async fn ids(&self) -> Result<Vec<String>, StoreError> {
        let text = "SELECT id FROM lg_runs ORDER BY started_ns DESC, number DESC";
        let ids = sqlx::query_scalar(text).fetch_all(&self.pool).await;
        ids.map_err(|error| self.failed(&error))
    }

    async fn connection(&self) -> Result<PoolConnection<Any>, StoreError> {
        self.pool.acquire().await.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &sqlx::Error) -> StoreError {
        StoreError::from_database(&self.location, error)
    }
}

/// Gives a connection back after a transaction.
///
/// Not after one that failed: SQLite has rolled back by itself when the disk was full, of which
/// the driver knows nothing, and the next transaction would begin inside of the lost one.
fn settle<T>(
    mut connection: PoolConnection<Any>,
    result: Result<T, sqlx::Error>,
) -> Result<T, sqlx::Error> {
    if result.is_err() {
        connection.close_on_drop();
    }
    result
}

/// The first connection, within [`CONNECT_LIMIT`].
async fn connect(
    options: &AnyConnectOptions,
    location: &StoreLocation,
) -> Result<AnyConnection, StoreError> {
    let connecting = async {
        let mut connection = options.connect().await?;
        if matches!(location, StoreLocation::File(_)) {
            set_up(&mut connection).await?;
        }
        Ok(connection)
    };
    match tokio::time::timeout(CONNECT_LIMIT, connecting).await {
        Ok(result) => result.map_err(|error| StoreError::from_database(location, &error)),
        Err(_elapsed) => Err(StoreError::Unreachable {
            store: location.to_string(),
            detail: format!("no connection within {} s", CONNECT_LIMIT.as_secs()),
        }),
    }
}

/// Runs [`SQLITE_PRAGMAS`], again while another process is doing the same for the first time.
async fn set_up(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let mut tries = 1;
    loop {
        match connection.execute(SQLITE_PRAGMAS).await {
            Err(error) if tries < PRAGMA_TRIES && is_busy(&error) => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            result => return result.map(|_done| ()),
        }
    }
}

/// `SQLITE_BUSY`, in any of its extended forms.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == 5)
}

fn line(row: &sqlx::any::AnyRow) -> Result<RunLine, sqlx::Error> {
    let state: Option<String> = row.try_get("state")?;
    let set: Option<String> = row.try_get("repetition_set")?;
    let number: Option<i64> = row.try_get("repetition_number")?;
    Ok(RunLine {
        id: row.try_get("id")?,
        scenario: row.try_get("scenario")?,
        target: row.try_get("target")?,
        target_version: row.try_get("target_version")?,
        started_unix_ns: rows::unsigned(row.try_get("started_ns")?),
        lasted: Nanos(rows::unsigned(row.try_get("lasted_ns")?)),
        state: RunState::from_word(state.as_deref()),
        requests: rows::unsigned(row.try_get("requests")?),
        errors: rows::unsigned(row.try_get("errors")?),
        set: set.zip(number.and_then(|number| u32::try_from(number).ok())),
        baselines: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::Histogram;
    use crate::names::{Metric, Series, SeriesKind};
    use crate::record::{Cell, FORMAT, Interval, Load, Origin, Policy, ValidityPolicy};

    fn header() -> Header {
        Header {
            format: FORMAT,
            id: "run".to_owned(),
            scenario: "customer".to_owned(),
            started_unix_ns: 1,
            seed: 1,
            load: Load { phases: Vec::new(), max_users: None, workers: 1, precision: None },
            leaks: Vec::new(),
            journeys: Vec::new(),
            thresholds: Vec::new(),
            integrity: Vec::new(),
            origin: Origin::default(),
            policy: ValidityPolicy::default(),
            gate: Policy::default(),
            repetition: None,
            logs: crate::record::LogsText::default(),
            observation: None,
            features: Vec::new(),
        }
    }

    async fn store(folder: &tempfile::TempDir) -> Store {
        let location = StoreLocation::File(folder.path().join("runs.db"));
        Store::open(&location).await.unwrap()
    }

    /// A pragma holds for one connection, and these are all that the pool may have. So SQLite
    /// itself says what is wrong, without a small disk or another user.
    async fn on_all(store: &Store, pragma: &'static str) {
        let mut all = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            let mut connection = store.pool.acquire().await.unwrap();
            connection.execute(pragma).await.unwrap();
            all.push(connection);
        }
    }

    fn endpoint(name: &str) -> Series {
        Series {
            kind: SeriesKind::Endpoint,
            name: name.to_owned(),
            journey: String::new(),
            step: String::new(),
            endpoint: String::new(),
            tapped: None,
        }
    }

    #[tokio::test]
    async fn a_full_disk_keeps_what_was_stored() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let mut catalogue = Catalogue::new();
        let mut writer = store.begin(&header(), &catalogue).await.unwrap();
        on_all(&store, "PRAGMA max_page_count = 40").await;
        let mut histogram = Histogram::new();
        histogram.extend((0..500).map(|step| Nanos(1_000_000 + step * 7_919)));
        let cell = |series| {
            let metric = Metric::Response;
            Cell { phase: 0, series, metric, histogram: histogram.clone() }.encode()
        };
        let mut kept = Vec::new();
        let (error, lost) = loop {
            let id = catalogue.intern(&endpoint(&format!("GET /{}", kept.len()))).unwrap();
            let interval = Interval { cells: vec![cell(id)], ..Interval::default() };
            match writer.append(&catalogue, &interval).await {
                Ok(()) => kept.push(interval),
                Err(error) => break (error, interval),
            }
            assert!(kept.len() < 1_000, "the store is never full");
        };
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        assert!(!kept.is_empty());
        assert_eq!(store.load("run").await.unwrap().intervals, kept);

        // When there is room again the same interval goes in, with the series that are new in it.
        on_all(&store, "PRAGMA max_page_count = 100000").await;
        writer.append(&catalogue, &lost).await.unwrap();
        kept.push(lost);
        let record = store.load("run").await.unwrap();
        assert_eq!(record.intervals, kept);
        assert_eq!(record.catalogue, catalogue);
    }

    #[tokio::test]
    async fn a_store_that_may_not_be_written_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        on_all(&store, "PRAGMA query_only = ON").await;
        let error = store.begin(&header(), &Catalogue::new()).await.unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
        assert!(store.list().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_store_that_another_process_keeps_locked_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let (mine, other) = (store(&folder).await, store(&folder).await);
        on_all(&mine, "PRAGMA busy_timeout = 20").await;
        let held = other.pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let error = mine.begin(&header(), &Catalogue::new()).await.unwrap_err();
        assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
        held.rollback().await.unwrap();
        mine.begin(&header(), &Catalogue::new()).await.unwrap();
    }

    #[test]
    fn every_state_is_read_as_it_is_written() {
        for reason in
            [StopReason::Complete, StopReason::Interrupted, StopReason::Killed, StopReason::Aborted]
        {
            let state = RunState::Ended(reason);
            assert_eq!(RunState::from_word(Some(state.word())), state);
        }
        assert_eq!(RunState::from_word(None), RunState::Unfinished);
    }
}
