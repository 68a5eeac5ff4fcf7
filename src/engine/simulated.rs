//! The driver in simulated time: a run whose server is a function, without sleeping.
//!
//! Everything but clock and sockets is the real thing: plan, virtual users, recorder. A test
//! states how the server behaves and asserts the exact percentiles.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use crate::names::{Catalogue, ErrorKind};
use crate::plan::{Answer, Failure, Plan, Reply, Request, Timing};
use crate::record::{Interval, Totals};
use crate::recorder::Collector;
use crate::units::Nanos;
use crate::walk::{Command, Share, Task, Worker};

/// What a simulated run gave.
#[derive(Debug)]
pub struct SimulatedRun {
    /// All series.
    pub catalogue: Catalogue,
    /// Everything added up.
    pub totals: Totals,
    /// Second by second.
    pub intervals: Vec<Interval>,
    /// When the last user had ended.
    pub ended: Nanos,
}

/// Plays `plan` against `server`, which is told the request and when it arrives, and says when
/// the answer is complete and what it is.
pub fn simulate(
    plan: &Arc<Plan>,
    mut server: impl FnMut(&Request, Nanos) -> (Nanos, Result<Answer, Failure>),
) -> SimulatedRun {
    let mut worker = Worker::new(plan, Share { index: 0, of: 1 });
    let mut collector = Collector::new(plan.catalogue.clone(), 1);
    let mut intervals = Vec::new();
    let mut order = 0_u64;
    let mut replies: BinaryHeap<Reverse<(Nanos, u64)>> = BinaryHeap::new();
    let mut under_way: BTreeMap<u64, (Task, Reply)> = BTreeMap::new();
    let (mut now, mut beat) = (Nanos::ZERO, Nanos::SECOND);
    loop {
        worker.advance(now);
        for command in worker.commands().collect::<Vec<_>>() {
            let (task, (end, result)) = match command {
                Command::Send { task, request } => (task, server(&request, now)),
                Command::Query { task, .. } => (task, (now, Err(no_database()))),
                Command::Disconnect { .. } => continue,
            };
            let timing = Timing { waiting: end - now, ..Timing::default() };
            order += 1;
            replies.push(Reverse((end, order)));
            under_way.insert(order, (task, Reply { end, timing, result }));
        }
        if worker.finished(now) {
            break;
        }
        let reply = replies.peek().map(|Reverse((at, _))| *at);
        let Some(next) = [worker.next_deadline(), reply].into_iter().flatten().min() else { break };
        while beat <= next {
            intervals.push(close(&mut worker, &mut collector, beat));
            beat = beat + Nanos::SECOND;
        }
        now = next.max(now);
        while let Some(Reverse((_, order))) = replies.peek().filter(|Reverse((at, _))| *at <= now) {
            let (_, (task, reply)) = (*order, under_way.remove(order).unwrap_or_else(no_reply));
            replies.pop();
            worker.reply(task, &reply, now);
        }
    }
    intervals.push(close(&mut worker, &mut collector, beat));
    let (catalogue, totals, _samples) = collector.freeze();
    SimulatedRun { catalogue, totals, intervals, ended: now }
}

fn close(worker: &mut Worker, collector: &mut Collector, beat: Nanos) -> Interval {
    let mut batch = worker.shard.take();
    batch.active_users = worker.active_users();
    collector.merge(beat - Nanos::SECOND, Nanos::SECOND, &[batch])
}

fn no_database() -> Failure {
    Failure::new(ErrorKind::Sql, "there is no database in simulated time")
}

fn no_reply() -> (Task, Reply) {
    unreachable!("every order number has its reply")
}
