//! The engine on real sockets: everything from the plan to the stored record.

use std::sync::Arc;
use std::time::Duration;

use loadgate::harness::{Circumstances, Finished, Parts, RunError, run};
use loadgate::histogram::Histogram;
use loadgate::names::{ErrorKind, Metric, SeriesId, SeriesKind};
use loadgate::plan::{Overrides, Plan};
use loadgate::record::{Counts, Pick, RunRecord, StopReason};
use loadgate::store::{Store, StoreLocation};
use loadgate::units::Nanos;
use loadgate::walk::Stop;
use tokio::sync::watch;

use crate::engine_sim::plan_with;
use crate::server::{Seen, Server, Speaks, now};

mod bodies;
mod ends;
mod secure;
mod sql;
mod stall;

type Control = watch::Sender<Option<Stop>>;

/// Plays a plan with two workers, beside something that happens meanwhile.
fn play_beside<F: Future<Output = ()>>(
    plan: &Arc<Plan>,
    meanwhile: impl FnOnce(Control) -> F,
) -> Result<Finished, RunError> {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let location = StoreLocation::File(folder.path().join("runs.db"));
        let store = Store::open(&location).await.unwrap();
        let control = watch::Sender::new(None);
        let parts = Parts {
            tap: None,
            store: &store,
            circumstances: Circumstances::default(),
            workers: 2,
            control: &control,
            seen: &mut |_| None,
            warn: &mut |_| {},
        };
        let beside = async {
            meanwhile(control.clone()).await;
            std::future::pending::<()>().await;
        };
        let finished = tokio::select! {
            finished = run(Arc::clone(plan), parts) => finished,
            () = beside => unreachable!("it never ends"),
        };
        store.close().await;
        finished
    })
}

pub(crate) fn play(plan: &Arc<Plan>) -> RunRecord {
    let finished = play_beside(plan, async |_| {}).unwrap();
    assert!(finished.unstored.is_none());
    finished.record
}

fn plan_for(url: &str, text: &str) -> Arc<Plan> {
    let target = Some(url.to_owned());
    plan_with(text, &Overrides { seed: 7, target, ..Overrides::default() })
}

/// A journey that is done so many times, one after the other.
fn repeated(url: &str, times: u64, steps: &str) -> Arc<Plan> {
    plan_for(
        url,
        &format!(
            "http: {{ timeout: 2s, max_body: 4KB }}\njourneys: {{ j: {{ steps: [ {steps} ] }} }}\n\
             load: [ {{ phase: p, users: 1, iterations: {times}, for: 20s }} ]"
        ),
    )
}

fn counts(record: &RunRecord, name: &str) -> Counts {
    let ids: Vec<SeriesId> = record.catalogue.matching(|series| series.name == name).collect();
    assert!(!ids.is_empty(), "no series `{name}`");
    record.totals.counts(&Pick::all(&record.header.load.phases), ids)
}

fn values(record: &RunRecord, name: &str, metric: Metric) -> Histogram {
    let ids = record.catalogue.matching(|series| series.name == name);
    record.totals.histogram(&Pick::all(&record.header.load.phases), ids, metric)
}

/// All requests.
fn sent(record: &RunRecord) -> Counts {
    let ids = record.catalogue.matching(|series| series.kind.is_http());
    record.totals.counts(&Pick::all(&record.header.load.phases), ids)
}

/// Waits until the server has seen so many requests.
async fn until(seen: &Seen, requests: u64) {
    while seen.requests() < requests {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
