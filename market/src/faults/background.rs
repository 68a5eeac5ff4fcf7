//! Faults that work beside the requests.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::spec::{FaultKind, FaultSpec};
use crate::clock;
use crate::db::Db;

/// How often a leak grows.
const DRIP: Duration = Duration::from_millis(100);
/// What a leak may take at most.
const MOST_LEAKED: u128 = 8 << 30;

/// Starts what the fault does by itself, if anything.
pub(super) fn begin(spec: &FaultSpec, db: &Arc<Db>, tasks: &mut JoinSet<()>) {
    match spec.kind() {
        FaultKind::Leak { bytes, per } => {
            let (bytes, per) = (*bytes, *per);
            tasks.spawn(async move { leak(bytes, per).await });
        }
        FaultKind::PoolHold { connections, length } => {
            let (connections, length, db) = (*connections, *length, Arc::clone(db));
            tasks.spawn(async move { hold(&db, connections, length).await });
        }
        FaultKind::SlowEndpoint { .. }
        | FaultKind::SlowQuery { .. }
        | FaultKind::NPlusOne { .. }
        | FaultKind::Errors { .. }
        | FaultKind::Stall { .. }
        | FaultKind::Close { .. }
        | FaultKind::Truncate { .. }
        | FaultKind::Oversize { .. } => {}
    }
}

/// Takes memory and keeps it until the task ends.
async fn leak(bytes: u64, per: Duration) {
    let began = clock::now();
    let mut kept: Vec<Vec<u8>> = Vec::new();
    let mut total: u128 = 0;
    while total < MOST_LEAKED {
        tokio::time::sleep(DRIP).await;
        let due = began.elapsed().as_nanos().saturating_mul(u128::from(bytes));
        let due = due.div_euclid(per.as_nanos().max(1)).min(MOST_LEAKED);
        let more = due.saturating_sub(total);
        // A byte that is not zero in every place: the kernel must really give the memory.
        kept.push(vec![0xa5; usize::try_from(more).unwrap_or(0)]);
        total = due;
    }
    std::future::pending::<()>().await;
    drop(kept);
}

async fn hold(db: &Db, connections: usize, length: Option<Duration>) {
    let held = db.hold(connections).await;
    match length {
        Some(length) => tokio::time::sleep(length).await,
        None => std::future::pending().await,
    }
    drop(held);
}
