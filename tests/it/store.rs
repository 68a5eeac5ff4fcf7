//! The store on both databases: what goes in comes out, whatever happens to the writer.

use std::fs;
use std::path::Path;

use loadgate::names::{Catalogue, Series, SeriesKind};
use loadgate::record::{
    Attestation, Cell, CheckOutcome, CheckReport, CheckRow, Interval, RunRecord, Stand, TargetInfo,
    Totals,
};
use loadgate::store::{RunState, Store, StoreError, StoreLocation};
use loadgate::units::Nanos;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::fixture;
use crate::postgres::{PASSWORD, Postgres};

/// Runs one body on an SQLite file and on a PostgreSQL server.
pub(crate) async fn on_both<F: AsyncFn(StoreLocation)>(body: F) {
    let folder = tempfile::tempdir().unwrap();
    body(StoreLocation::File(folder.path().join("made here/runs ü?.db"))).await;
    let postgres = Postgres::start();
    body(postgres.url().parse().unwrap()).await;
}

pub(crate) fn file(folder: &Path) -> StoreLocation {
    StoreLocation::File(folder.join("runs.db"))
}

/// The fixture under another id, stored to its end.
async fn save(store: &Store, id: &str, started_unix_ns: u64) -> RunRecord {
    let mut record = fixture::record();
    id.clone_into(&mut record.header.id);
    record.header.started_unix_ns = started_unix_ns;
    save_record(store, &record).await;
    record
}

/// Stores a run as it is stored when it is made.
pub(crate) async fn save_record(store: &Store, record: &RunRecord) {
    let mut writer = store.begin(&record.header, &Catalogue::new()).await.unwrap();
    for interval in &record.intervals {
        writer.append(&record.catalogue, interval).await.unwrap();
    }
    writer.finish(record.end.as_ref().unwrap(), &record.totals).await.unwrap();
}

pub(crate) fn assert_same(got: &RunRecord, want: &RunRecord) {
    assert_eq!(got.header, want.header);
    assert_eq!(got.catalogue, want.catalogue);
    assert_eq!(content(&got.intervals), content(&want.intervals));
    assert_eq!(got.totals, want.totals);
    assert_eq!(got.end, want.end);
}

/// What intervals hold, to the last count. How a distribution was compressed is no part of it:
/// that differs from one version to another.
pub(crate) fn content(intervals: &[Interval]) -> Vec<(Interval, Vec<Cell>)> {
    let of = |interval: &Interval| {
        let cells = interval.cells.iter().map(|cell| cell.decode().unwrap()).collect();
        (Interval { cells: Vec::new(), ..interval.clone() }, cells)
    };
    intervals.iter().map(of).collect()
}

#[tokio::test]
async fn a_run_is_read_as_it_was_written() {
    on_both(async |location| {
        let store = Store::open(&location).await.unwrap();
        let want = save(&store, "20260102-030405-aaa", 1_767_323_045_123_456_789).await;
        store.close().await;

        let store = Store::open(&location).await.unwrap();
        assert_same(&store.load("latest").await.unwrap(), &want);
        let [line] = store.list().await.unwrap().try_into().unwrap();
        assert_eq!(line.id, "20260102-030405-aaa");
        assert_eq!(line.scenario, "customer");
        assert_eq!(line.target_version.as_deref(), Some("7.0.1"));
        assert_eq!(line.started_unix_ns, want.header.started_unix_ns);
        assert_eq!(line.lasted, want.end.unwrap().lasted);
        assert_eq!(line.state.word(), "complete");
        assert_eq!((line.requests, line.errors), (101, 1));
    })
    .await;
}

#[tokio::test]
async fn a_killed_run_keeps_every_interval_that_was_appended() {
    on_both(async |location| {
        let store = Store::open(&location).await.unwrap();
        let record = fixture::record();
        let mut writer = store.begin(&record.header, &record.catalogue).await.unwrap();
        let begun = store.load("latest").await.unwrap();
        assert!(begun.intervals.is_empty() && begun.end.is_none());

        for interval in &record.intervals[..4] {
            writer.append(&record.catalogue, interval).await.unwrap();
        }
        drop(writer);
        let line = store.list().await.unwrap().remove(0);
        assert_eq!(line.state, RunState::Unfinished);
        assert_eq!(line.lasted, Nanos::from_secs(4));
        assert_eq!((line.requests, line.errors), (61, 1));

        let killed = store.load(&record.header.id).await.unwrap();
        assert_eq!(killed.intervals, record.intervals[..4]);
        assert_eq!(killed.totals, Totals::from_intervals(&record.intervals[..4]).unwrap());
        assert_eq!(killed.end, None);
    })
    .await;
}

#[tokio::test]
async fn a_run_may_find_new_series_while_it_is_written() {
    on_both(async |location| {
        let store = Store::open(&location).await.unwrap();
        let record = fixture::record();
        let mut catalogue = Catalogue::new();
        let mut writer = store.begin(&record.header, &catalogue).await.unwrap();
        for number in 0..200 {
            let series = Series {
                kind: SeriesKind::Endpoint,
                name: format!("GET /{number}"),
                journey: "customer".to_owned(),
                step: String::new(),
                endpoint: String::new(),
                tapped: None,
            };
            catalogue.intern(&series).unwrap();
            if number % 70 == 0 {
                writer.append(&catalogue, &Interval::default()).await.unwrap();
            }
        }
        writer.append(&catalogue, &record.intervals[0]).await.unwrap();
        assert_eq!(store.load("latest").await.unwrap().catalogue, catalogue);
    })
    .await;
}

#[tokio::test]
async fn runs_are_found_by_the_beginning_of_their_id_and_removed() {
    on_both(async |location| {
        let store = Store::open(&location).await.unwrap();
        let empty = store.load("latest").await.unwrap_err();
        assert!(empty.hint().unwrap().contains("the store is empty"), "{empty}");

        for (id, started) in
            [("20260101-aaa", 1_000), ("20260103-bbb", 3_000), ("20260102-aab", 2_000)]
        {
            save(&store, id, started).await;
        }
        let ids: Vec<String> = store.list().await.unwrap().into_iter().map(|run| run.id).collect();
        assert_eq!(ids, ["20260103-bbb", "20260102-aab", "20260101-aaa"]);
        assert_eq!(store.load("20260102").await.unwrap().header.id, "20260102-aab");
        let ambiguous = store.load("2026010").await.unwrap_err();
        assert!(matches!(ambiguous, StoreError::Ambiguous { .. }), "{ambiguous}");
        let unknown = store.load("20260103-bbx").await.unwrap_err();
        assert!(unknown.hint().unwrap().contains("`20260103-bbb`"), "{unknown}");

        let header = fixture::header("20260101-aaa");
        let again = store.begin(&header, &Catalogue::new()).await.unwrap_err();
        assert!(matches!(again, StoreError::Duplicate { .. }), "{again}");

        assert_eq!(store.remove("latest").await.unwrap(), "20260103-bbb");
        assert_eq!(store.list().await.unwrap().len(), 2);
        assert_eq!(store.load("latest").await.unwrap().header.id, "20260102-aab");
    })
    .await;
}

#[tokio::test]
async fn a_run_that_is_removed_while_it_is_written_says_so() {
    on_both(async |location| {
        let store = Store::open(&location).await.unwrap();
        let record = fixture::record();
        let mut writer = store.begin(&record.header, &record.catalogue).await.unwrap();
        store.remove("latest").await.unwrap();
        let gone = writer.append(&record.catalogue, &record.intervals[0]).await.unwrap_err();
        assert!(gone.to_string().contains("was removed"), "{gone}");
    })
    .await;
}

#[tokio::test]
async fn two_processes_write_to_one_store_at_the_same_time() {
    on_both(async |location| {
        let write = async |id: &str| {
            // Each opens the store by itself, as processes do; the file does not exist before.
            let store = Store::open(&location).await.unwrap();
            for at in 0..5 {
                save(&store, &format!("{id}-{at}"), at).await;
            }
        };
        tokio::join!(write("a"), write("b"), write("c"));
        let store = Store::open(&location).await.unwrap();
        let runs = store.list().await.unwrap();
        assert_eq!(runs.len(), 15);
        for run in runs {
            assert_eq!(store.load(&run.id).await.unwrap().intervals, fixture::record().intervals);
        }
    })
    .await;
}

#[tokio::test]
async fn a_store_of_a_newer_loadgate_is_refused() {
    on_both(async |location| {
        Store::open(&location).await.unwrap().close().await;
        match &location {
            StoreLocation::File(path) => {
                let mut raw = sqlite(path).await;
                sqlx::query("UPDATE lg_schema SET version = 99").execute(&mut raw).await.unwrap();
                raw.close().await.unwrap();
            }
            StoreLocation::Postgres(url) => {
                let mut raw = sqlx::PgConnection::connect(url).await.unwrap();
                sqlx::query("UPDATE lg_schema SET version = 99").execute(&mut raw).await.unwrap();
                raw.close().await.unwrap();
            }
        }
        let error = Store::open(&location).await.unwrap_err();
        assert!(matches!(error, StoreError::NewerSchema { found: 99, .. }), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_run_of_a_newer_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&file(folder.path())).await.unwrap();
    let mut header = fixture::header("newer");
    header.format.major += 1;
    store.begin(&header, &Catalogue::new()).await.unwrap();
    let error = store.load("newer").await.unwrap_err();
    assert!(error.to_string().contains("use a newer loadgate"), "{error}");
}

#[tokio::test]
async fn a_postgres_that_does_not_answer_or_trust_us_never_shows_the_password() {
    let nobody = "postgres://loadgate:hunter2@127.0.0.1:1/runs".parse().unwrap();
    let postgres = Postgres::start();
    let wrong = postgres.url().replace(PASSWORD, "hunter2").parse().unwrap();
    let missing = postgres.url().replace("/postgres", "/no-such").parse().unwrap();
    for location in [nobody, wrong, missing] {
        let error = Store::open(&location).await.unwrap_err();
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
        let shown = format!("{error} {error:?} {}", error.hint().unwrap());
        assert!(!shown.contains("hunter2") && !shown.contains(PASSWORD), "{shown}");
    }
}

#[tokio::test]
async fn a_place_that_can_not_hold_a_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    fs::write(&plain, "a file").unwrap();
    let below = StoreLocation::File(plain.join("loadgate.db"));
    let error = Store::open(&below).await.unwrap_err();
    assert!(matches!(error, StoreError::Folder { .. }), "{error:?}");

    // Root may write everywhere else, but nobody makes files in /proc.
    let proc = StoreLocation::File("/proc/loadgate.db".into());
    let error = Store::open(&proc).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");

    let directory = StoreLocation::File(folder.path().to_owned());
    let error = Store::open(&directory).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_file_that_is_no_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let location = file(folder.path());
    let text = "this is a text of more than one hundred bytes ".repeat(100);
    fs::write(folder.path().join("runs.db"), &text).unwrap();
    let error = Store::open(&location).await.unwrap_err();
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error:?}");
    assert_eq!(fs::read_to_string(folder.path().join("runs.db")).unwrap(), text);
}

#[tokio::test]
async fn a_damaged_store_is_an_error_and_not_a_wrong_number() {
    let folder = tempfile::tempdir().unwrap();
    let location = file(folder.path());
    let store = Store::open(&location).await.unwrap();
    save(&store, "run", 1).await;
    store.close().await;
    let path = folder.path().join("runs.db");
    let mut bytes = fs::read(&path).unwrap();
    let (start, end) = (4_096 * 2, bytes.len() - 100);
    bytes[start..end].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    let error = match Store::open(&location).await {
        Ok(store) => store.load("run").await.unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error:?}");
}

#[tokio::test]
async fn a_damaged_histogram_is_an_error_and_not_a_wrong_number() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&file(folder.path())).await.unwrap();
    save(&store, "run", 1).await;
    let mut raw = sqlite(&folder.path().join("runs.db")).await;
    sqlx::query("UPDATE lg_totals SET histogram = x'00ff'").execute(&mut raw).await.unwrap();
    let error = store.load("run").await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

pub(crate) async fn sqlite(path: &Path) -> SqliteConnection {
    sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

#[tokio::test]
async fn evidence_is_kept_in_the_order_in_which_it_came() {
    on_both(async |location| {
        let store = Store::open(&location).await.unwrap();
        assert_eq!(store.attestations().await.unwrap(), []);
        let said = |stand, at_unix_ns| Attestation {
            criterion: "go.confidence".to_owned(),
            by: "Ada <ada@example>".to_owned(),
            note: "it's \"good\"".to_owned(),
            at_unix_ns,
            stand,
        };
        // The clock of the second machine is late: the order is that of arrival.
        let all = [said(Stand::Holds, 2_000), said(Stand::Revoked, 1_000)];
        for one in &all {
            store.attest(one).await.unwrap();
        }
        let report = CheckReport {
            profile: "pre".to_owned(),
            started_unix_ns: 3_000,
            lasted: Nanos::SECOND,
            target: TargetInfo::default(),
            rows: vec![CheckRow {
                name: "clean tree".to_owned(),
                kind: "exec".to_owned(),
                outcome: CheckOutcome::Passed,
                expected: "exit code 0".to_owned(),
                found: "exit code 0".to_owned(),
                took: Nanos::SECOND,
                attempts: 1,
                proves: vec!["pre.pushed".to_owned()],
                step: None,
            }],
        };
        store.add_check(&report).await.unwrap();
        let again = Store::open(&location).await.unwrap();
        assert_eq!(again.attestations().await.unwrap(), all);
        assert_eq!(again.checks().await.unwrap(), [report]);
    })
    .await;
}
