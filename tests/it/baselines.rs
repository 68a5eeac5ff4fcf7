//! Baselines in the store on both databases: what was kept stays, whoever else writes.

use loadgate::names::{Catalogue, Metric};
use loadgate::record::{BaselineName, Repetition, RunRecord, Totals};
use loadgate::store::{Growth, Imported, Store, StoreError, StoreLocation};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::fixture;
use crate::store::{assert_same, file, on_both, save_record, sqlite};

/// What a gate looks at.
const GATED: [Metric; 2] = [Metric::Response, Metric::Query];

fn name(text: &str) -> BaselineName {
    text.parse().unwrap()
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

/// The fixture as a run of its own.
fn run(id: &str, started_unix_ns: u64) -> RunRecord {
    let mut record = fixture::record();
    id.clone_into(&mut record.header.id);
    record.header.started_unix_ns = started_unix_ns;
    record
}

/// The fixture as a repetition.
fn repetition(id: &str, set: &str, number: u32) -> RunRecord {
    let mut record = run(id, u64::from(number));
    record.header.repetition = Some(Repetition { set: set.to_owned(), number, of: 5 });
    record
}

async fn save(store: &Store, ids: &[&str]) {
    for (started, id) in (1..).zip(ids) {
        save_record(store, &run(id, started)).await;
    }
}

/// Runs a statement behind the store's back.
async fn behind(location: &StoreLocation, text: &str) {
    let text = AssertSqlSafe(text.to_owned());
    match location {
        StoreLocation::File(path) => {
            let mut raw = sqlite(path).await;
            sqlx::raw_sql(text).execute(&mut raw).await.unwrap();
            raw.close().await.unwrap();
        }
        StoreLocation::Postgres(url) => {
            let mut raw = PgConnection::connect(url).await.unwrap();
            sqlx::raw_sql(text).execute(&mut raw).await.unwrap();
            raw.close().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_baseline_is_a_named_set_of_runs() {
    on_both(async |location| {
        let store = Store::open(&location).await.unwrap();
        save(&store, &["a", "b", "c"]).await;
        let mut other = run("d", 4);
        other.header.origin.target.version = Some("7.1.0".to_owned());
        save_record(&store, &other).await;
        assert_eq!(store.baselines().await.unwrap(), []);

        let older = name("older");
        store.keep_baseline(&older, &ids(&["d", "b"]), Growth::New, 10).await.unwrap();
        store.keep_baseline(&name("newer"), &ids(&["b"]), Growth::New, 20).await.unwrap();
        assert_eq!(store.baseline("older").await.unwrap(), ["b", "d"]);
        store.keep_baseline(&older, &ids(&["b", "a"]), Growth::Extend, 30).await.unwrap();
        assert_eq!(store.baseline("older").await.unwrap(), ["a", "b", "d"]);

        let [first, second] = store.baselines().await.unwrap().try_into().unwrap();
        assert_eq!((first.name.as_str(), first.made_unix_ns), ("newer", 20));
        assert_eq!((second.name.as_str(), second.made_unix_ns), ("older", 10));
        assert_eq!(second.runs, ["a", "b", "d"]);
        assert_eq!(second.scenario, "customer");
        assert_eq!(second.target, "http://127.0.0.1:3000");
        assert_eq!(second.target_versions, ["7.0.1", "7.1.0"]);
        assert_eq!((second.requests, second.errors), (303, 3));

        let lines = store.list().await.unwrap();
        let of = |id: &str| &lines.iter().find(|line| line.id == id).unwrap().baselines;
        assert_eq!(*of("b"), ["newer", "older"]);
        assert!(of("c").is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_makes_no_baseline_is_refused_with_a_hint() {
    on_both(async |location| {
        let store = Store::open(&location).await.unwrap();
        save(&store, &["run-a", "run-b"]).await;
        let keep = async |text: &str, runs: &[&str], growth| {
            let error = store.keep_baseline(&name(text), &ids(runs), growth, 1).await.unwrap_err();
            format!("{error}; {}", error.hint().unwrap())
        };
        assert_eq!(
            store.baseline("p6").await.unwrap_err().hint().unwrap(),
            "`loadgate baseline capture p6` makes it",
        );
        let before = name("before");
        store.keep_baseline(&before, &ids(&["run-a"]), Growth::New, 1).await.unwrap();
        assert_eq!(
            keep("before", &["run-b"], Growth::New).await,
            "the baseline `before` is already in the store; `loadgate baseline add before` \
             extends it, `loadgate baseline rm before` removes it",
        );
        assert_eq!(
            keep("befor", &["run-b"], Growth::Extend).await,
            "there is no baseline `befor`; did you mean `before`? \
             `loadgate baseline capture befor` makes it",
        );
        assert_eq!(
            keep("other", &["run-b", "run-x"], Growth::New).await,
            "there is no run `run-x`; did you mean `run-b`? `loadgate runs` lists all of them",
        );
        assert!(keep("other", &[], Growth::New).await.contains("needs at least one run"));

        // All of the runs or none: what was refused has left nothing behind.
        assert!(keep("before", &["run-b", "run-x"], Growth::Extend).await.contains("`run-x`"));
        assert_eq!(store.baseline("before").await.unwrap(), ["run-a"]);
        assert_eq!(store.baselines().await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_run_of_a_baseline_stays_until_the_baseline_goes() {
    on_both(async |location| {
        let store = Store::open(&location).await.unwrap();
        save(&store, &["a", "b"]).await;
        store.keep_baseline(&name("one"), &ids(&["a"]), Growth::New, 1).await.unwrap();
        store.keep_baseline(&name("two"), &ids(&["a"]), Growth::New, 2).await.unwrap();
        let error = store.remove("a").await.unwrap_err();
        assert_eq!(error.to_string(), "the run `a` belongs to the baselines `one`, `two`");
        assert_eq!(
            error.hint().unwrap(),
            "`loadgate baseline rm one two` first; that keeps the runs"
        );
        assert_same(&store.load("a").await.unwrap(), &run("a", 1));

        store.remove_baseline("one").await.unwrap();
        store.remove_baseline("two").await.unwrap();
        let gone = store.remove_baseline("two").await.unwrap_err();
        assert!(matches!(gone, StoreError::UnknownBaseline { .. }), "{gone}");
        assert_eq!(store.list().await.unwrap().len(), 2);
        assert_eq!(store.remove("a").await.unwrap(), "a");
    })
    .await;
}

#[tokio::test]
async fn repetitions_are_found_by_any_of_them() {
    on_both(async |location| {
        let store = Store::open(&location).await.unwrap();
        save(&store, &["alone"]).await;
        for (id, number) in [("r-3", 3), ("r-1", 1), ("r-2", 2)] {
            save_record(&store, &repetition(id, "r-1", number)).await;
        }
        // Killed while it was written, and then made again.
        let killed = repetition("r-4", "r-1", 4).header;
        drop(store.begin(&killed, &Catalogue::new()).await.unwrap());
        let mut again = repetition("r-5", "r-1", 4);
        again.header.started_unix_ns = 9;
        save_record(&store, &again).await;

        let all = ["r-1", "r-2", "r-3", "r-5"];
        for wanted in ["r-1", "r-3", "r-4", "latest"] {
            assert_eq!(store.set_of(wanted).await.unwrap(), all, "{wanted}");
        }
        assert_eq!(store.set_of("alo").await.unwrap(), ["alone"]);
        assert!(store.set_of("r-").await.is_err());
        let line = store.list().await.unwrap().remove(0);
        assert_eq!(line.set, Some(("r-1".to_owned(), 4)));

        // The set outlives the run that named it.
        store.remove("r-1").await.unwrap();
        assert_eq!(store.set_of("r-1").await.unwrap(), all[1..]);
    })
    .await;
}

#[tokio::test]
async fn a_capture_that_is_killed_between_two_runs_can_go_on() {
    on_both(async |location| {
        let store = Store::open(&location).await.unwrap();
        save_record(&store, &repetition("r-1", "r-1", 1)).await;
        store.keep_baseline(&name("p6"), &ids(&["r-1"]), Growth::New, 1).await.unwrap();
        let record = repetition("r-2", "r-1", 2);
        let mut writer = store.begin(&record.header, &record.catalogue).await.unwrap();
        writer.append(&record.catalogue, &record.intervals[0]).await.unwrap();
        drop(writer);
        store.close().await;

        let store = Store::open(&location).await.unwrap();
        assert_eq!(store.baseline("p6").await.unwrap(), ["r-1"]);
        save_record(&store, &repetition("r-3", "r-1", 2)).await;
        store.keep_baseline(&name("p6"), &ids(&["r-3"]), Growth::Extend, 2).await.unwrap();
        assert_eq!(store.baseline("p6").await.unwrap(), ["r-1", "r-3"]);
        assert_eq!(store.remove("r-2").await.unwrap(), "r-2");
        assert_eq!(store.set_of("latest").await.unwrap(), ["r-1", "r-3"]);
    })
    .await;
}

#[tokio::test]
async fn two_processes_capture_at_the_same_time_and_lose_nothing() {
    on_both(async |location| {
        // Each opens the store by itself, as processes do; the file does not exist before.
        let capture = async |own: &str| {
            let store = Store::open(&location).await.unwrap();
            let mut made = 0;
            for at in 0..5 {
                let id = format!("{own}-{at}");
                save_record(&store, &run(&id, at)).await;
                let runs = [id];
                let growth = if at == 0 { Growth::New } else { Growth::Extend };
                store.keep_baseline(&name(own), &runs, growth, at).await.unwrap();
                // All of them want this one: the first makes it, the others extend it.
                let shared = name("shared");
                match store.keep_baseline(&shared, &runs, Growth::New, at).await {
                    Ok(()) => made += 1,
                    Err(StoreError::BaselineExists { .. }) => {
                        store.keep_baseline(&shared, &runs, Growth::Extend, at).await.unwrap();
                    }
                    Err(other) => panic!("{other:?}"),
                }
            }
            made
        };
        let (a, b, c) = tokio::join!(capture("a"), capture("b"), capture("c"));
        assert_eq!(a + b + c, 1);
        let store = Store::open(&location).await.unwrap();
        assert_eq!(store.baselines().await.unwrap().len(), 4);
        assert_eq!(store.baseline("a").await.unwrap(), ["a-0", "a-1", "a-2", "a-3", "a-4"]);
        assert_eq!(store.baseline("shared").await.unwrap().len(), 15);
    })
    .await;
}

#[tokio::test]
async fn a_run_is_kept_or_removed_and_never_half_of_both() {
    on_both(async |location| {
        let (mine, other) =
            (Store::open(&location).await.unwrap(), Store::open(&location).await.unwrap());
        for at in 0..10 {
            let id = format!("run-{at}");
            save_record(&mine, &run(&id, at)).await;
            let (text, runs) = (name(&id), [id.clone()]);
            let (kept, removed) =
                tokio::join!(mine.keep_baseline(&text, &runs, Growth::New, at), other.remove(&id));
            match (kept, removed) {
                (Ok(()), Err(StoreError::InBaseline { baselines, .. })) => {
                    assert_eq!(baselines, [id.as_str()]);
                    assert_same(&mine.load(&id).await.unwrap(), &run(&id, at));
                }
                (Err(StoreError::UnknownRun { .. }), Ok(_)) => {
                    assert!(mine.baseline(&id).await.is_err());
                }
                both => panic!("{both:?}"),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_baseline_is_extended_or_removed_and_never_half_of_both() {
    on_both(async |location| {
        let (mine, other) =
            (Store::open(&location).await.unwrap(), Store::open(&location).await.unwrap());
        save(&mine, &["a", "b"]).await;
        let both = name("both");
        for at in 0..10 {
            mine.keep_baseline(&both, &ids(&["a"]), Growth::New, at).await.unwrap();
            let more = ids(&["b"]);
            let (extended, removed) = tokio::join!(
                mine.keep_baseline(&both, &more, Growth::Extend, at),
                other.remove_baseline("both")
            );
            removed.unwrap();
            if let Err(error) = extended {
                assert!(matches!(error, StoreError::UnknownBaseline { .. }), "{error}");
            }
            assert_eq!(mine.baselines().await.unwrap(), []);
        }
        assert_eq!(mine.remove("b").await.unwrap(), "b");
    })
    .await;
}

#[tokio::test]
async fn a_part_of_a_run_has_whole_totals() {
    on_both(async |location| {
        let store = Store::open(&location).await.unwrap();
        let ended = run("ended", 1);
        save_record(&store, &ended).await;
        let mut killed = run("killed", 2);
        let mut writer = store.begin(&killed.header, &killed.catalogue).await.unwrap();
        for interval in &killed.intervals[..3] {
            writer.append(&killed.catalogue, interval).await.unwrap();
        }
        killed.intervals.truncate(3);
        killed.totals = Totals::from_intervals(&killed.intervals).unwrap();
        killed.end = None;
        for mut want in [ended, killed] {
            for metrics in [&GATED[..], &[Metric::ScheduleLag], &[]] {
                let part = store.load_part(&want.header.id, metrics).await.unwrap();
                for interval in &mut want.intervals {
                    interval.cells.retain(|cell| GATED.contains(&cell.metric));
                }
                let mut narrowed = part.clone();
                if metrics != GATED {
                    let cells = part.intervals.iter().flat_map(|interval| &interval.cells);
                    assert!(cells.into_iter().all(|cell| metrics.contains(&cell.metric)));
                    assert_eq!(
                        part.intervals.iter().all(|interval| interval.cells.is_empty()),
                        metrics.is_empty()
                    );
                    narrowed.intervals.clone_from(&want.intervals);
                }
                assert_same(&narrowed, &want);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_record_is_imported_once_and_never_changed() {
    on_both(async |location| {
        let store = Store::open(&location).await.unwrap();
        let want = repetition("r-1", "r-1", 1);
        assert_eq!(store.import(&want).await.unwrap(), Imported::New);
        assert_eq!(store.import(&want).await.unwrap(), Imported::Known);
        assert_same(&store.load("r-1").await.unwrap(), &want);
        let line = store.list().await.unwrap().remove(0);
        assert_eq!(line.set, Some(("r-1".to_owned(), 1)));
        assert_eq!((line.requests, line.errors, line.state.word()), (101, 1, "complete"));

        // Of a run that was made here, an import with fewer intervals is the same run.
        let own = run("own", 2);
        save_record(&store, &own).await;
        let mut thin = own.clone();
        thin.intervals.clear();
        assert_eq!(store.import(&thin).await.unwrap(), Imported::Known);
        assert_same(&store.load("own").await.unwrap(), &own);

        let mut seed = own.clone();
        seed.header.seed += 1;
        let mut figures = own.clone();
        figures.totals = Totals::from_intervals(&own.intervals[1..]).unwrap();
        for changed in [seed, figures] {
            let error = store.import(&changed).await.unwrap_err();
            assert!(matches!(&error, StoreError::Differs { id } if id == "own"), "{error}");
            assert!(error.hint().unwrap().contains("--store"), "{error}");
        }
        assert_same(&store.load("own").await.unwrap(), &own);
    })
    .await;
}

#[tokio::test]
async fn an_unfinished_run_is_imported_with_all_of_its_totals() {
    on_both(async |location| {
        let store = Store::open(&location).await.unwrap();
        let mut want = run("killed", 1);
        want.end = None;
        want.intervals.truncate(2);
        assert_eq!(store.import(&want).await.unwrap(), Imported::New);
        assert_same(&store.load("killed").await.unwrap(), &want);
        let line = store.list().await.unwrap().remove(0);
        assert_eq!((line.state.word(), line.requests), ("unfinished", 101));
        assert_eq!(line.lasted.0, 2_000_000_000);
    })
    .await;
}

#[tokio::test]
async fn a_store_without_baselines_gets_them_and_keeps_its_runs() {
    on_both(async |location| {
        let store = Store::open(&location).await.unwrap();
        save(&store, &["a"]).await;
        store.close().await;
        behind(
            &location,
            "DROP TABLE lg_evidence; \
             DROP TABLE lg_baseline_runs; DROP TABLE lg_baselines; DROP INDEX lg_runs_by_set; \
             ALTER TABLE lg_runs DROP COLUMN repetition_set; \
             ALTER TABLE lg_runs DROP COLUMN repetition_number; \
             UPDATE lg_schema SET version = 1;",
        )
        .await;
        let store = Store::open(&location).await.unwrap();
        assert_same(&store.load("a").await.unwrap(), &run("a", 1));
        store.keep_baseline(&name("p6"), &ids(&["a"]), Growth::New, 1).await.unwrap();
        assert_eq!(store.baseline("p6").await.unwrap(), ["a"]);
    })
    .await;
}

#[tokio::test]
async fn a_baseline_that_has_lost_its_runs_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let location = file(folder.path());
    let store = Store::open(&location).await.unwrap();
    save(&store, &["a", "b"]).await;
    store.keep_baseline(&name("p6"), &ids(&["a", "b"]), Growth::New, 1).await.unwrap();
    behind(&location, "PRAGMA foreign_keys = OFF; DELETE FROM lg_runs WHERE id = 'a';").await;
    let damaged = async || {
        let error = store.baseline("p6").await.unwrap_err();
        assert!(matches!(error, StoreError::DamagedBaseline { .. }), "{error}");
        assert!(error.hint().unwrap().contains("`loadgate baseline rm p6`"), "{error}");
    };
    damaged().await;
    assert_eq!(store.baselines().await.unwrap()[0].runs, ["b"]);
    behind(&location, "DELETE FROM lg_baseline_runs;").await;
    damaged().await;
    store.remove_baseline("p6").await.unwrap();
    assert_eq!(store.baselines().await.unwrap(), []);
}
