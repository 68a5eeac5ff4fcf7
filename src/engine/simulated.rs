//! The driver in simulated time: a run whose server is a function, without sleeping.
//!
//! Everything but clock and sockets is the real thing: plan, virtual users, recorder. A test
//! states how the server behaves and asserts the exact percentiles.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use super::received::{Came, Content, Received};
use crate::names::{Catalogue, ErrorKind};
use crate::plan::{Failure, Plan, Request, Timing};
use crate::record::{ErrorSample, Interval, Totals};
use crate::recorder::Collector;
use crate::units::Nanos;
use crate::walk::{Command, Share, Stop, Task, Worker};

/// What a simulated run gave.
#[derive(Debug)]
pub struct SimulatedRun {
    /// All series.
    pub catalogue: Catalogue,
    /// Everything added up.
    pub totals: Totals,
    /// Second by second.
    pub intervals: Vec<Interval>,
    /// The first message of each kind of error.
    pub samples: Vec<ErrorSample>,
    /// When the last user had ended.
    pub ended: Nanos,
}

/// What can be chosen for a simulated run.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// How many workers share the load.
    pub workers: usize,
    /// When the run is told to stop, in the order of time.
    pub stops: Vec<(Nanos, Stop)>,
}

impl Default for Circumstances {
    fn default() -> Self {
        Self { workers: 1, stops: Vec::new() }
    }
}

/// Plays `plan` with one worker to its end; see [`simulate_under`].
pub fn simulate(
    plan: &Arc<Plan>,
    server: impl FnMut(&Request, Nanos) -> (Nanos, Result<Received, Failure>),
) -> SimulatedRun {
    simulate_under(plan, &Circumstances::default(), server)
}

/// Plays `plan` against `server`, which is told the request and when it arrives, and says when
/// the answer is complete and what it is.
pub fn simulate_under(
    plan: &Arc<Plan>,
    circumstances: &Circumstances,
    mut server: impl FnMut(&Request, Nanos) -> (Nanos, Result<Received, Failure>),
) -> SimulatedRun {
    let of = circumstances.workers;
    let mut simulation = Simulation {
        workers: (0..of).map(|index| Worker::new(plan, Share { index, of })).collect(),
        collector: Collector::new(plan.catalogue.clone(), of),
        intervals: Vec::new(),
        replies: BinaryHeap::new(),
        under_way: BTreeMap::new(),
        order: 0,
        beat: Nanos::SECOND,
    };
    let mut stops = circumstances.stops.iter().peekable();
    let mut now = Nanos::ZERO;
    loop {
        while let Some((_, how)) = stops.next_if(|(at, _)| *at <= now) {
            simulation.workers.iter_mut().for_each(|worker| worker.stop(*how, now));
        }
        let finished = simulation.act(now, &mut server);
        let next = [simulation.next(now), stops.peek().map(|(at, _)| *at)];
        let Some(next) = next.into_iter().flatten().min().filter(|_| !finished) else { break };
        while simulation.beat <= next {
            simulation.close();
        }
        now = next.max(now);
        simulation.answer(now);
    }
    simulation.close();
    let (catalogue, totals, samples) = simulation.collector.freeze();
    SimulatedRun { catalogue, totals, intervals: simulation.intervals, samples, ended: now }
}

struct Simulation<'p> {
    workers: Vec<Worker<'p>>,
    collector: Collector,
    intervals: Vec<Interval>,
    /// When answers are complete, with their numbers; equal times in the order of sending.
    replies: BinaryHeap<Reverse<(Nanos, u64)>>,
    under_way: BTreeMap<u64, (usize, Task, Came)>,
    order: u64,
    beat: Nanos,
}

impl Simulation<'_> {
    /// Lets every worker do what is due and sends it; says whether all have finished.
    fn act(
        &mut self,
        now: Nanos,
        server: &mut impl FnMut(&Request, Nanos) -> (Nanos, Result<Received, Failure>),
    ) -> bool {
        if self.workers.iter().any(|worker| worker.aborted().is_some()) {
            self.workers.iter_mut().for_each(|worker| worker.stop(Stop::Gracefully, now));
        }
        for (at, worker) in self.workers.iter_mut().enumerate() {
            worker.advance(now);
            while let Some(command) = worker.next_command() {
                let (task, (end, result)) = match command {
                    Command::Send { task } => match worker.request(task) {
                        Some(request) => (task, server(request, now)),
                        None => continue,
                    },
                    Command::Query { task, .. } => (task, (now, Err(no_database()))),
                    Command::Disconnect { .. } => continue,
                };
                let timing = Timing { begun: now, waiting: end - now, ..Timing::default() };
                self.order += 1;
                self.replies.push(Reverse((end, self.order)));
                self.under_way.insert(
                    self.order,
                    (at, task, Came { end, timing, result: result.map(Content::Http) }),
                );
            }
        }
        self.workers.iter().all(|worker| worker.finished(now))
    }

    /// When something happens next.
    fn next(&self, now: Nanos) -> Option<Nanos> {
        let busy = self.workers.iter().filter(|worker| !worker.finished(now));
        let due = busy.filter_map(Worker::next_deadline);
        due.chain(self.replies.peek().map(|Reverse((at, _))| *at)).min()
    }

    /// Shows the workers the answers that are complete.
    fn answer(&mut self, now: Nanos) {
        while let Some(Reverse((_, order))) = self.replies.peek().filter(|r| r.0.0 <= now) {
            let answered = self.under_way.remove(order);
            self.replies.pop();
            if let Some((at, task, came)) = answered
                && let Some(worker) = self.workers.get_mut(at)
            {
                came.show(|reply| worker.reply(task, reply, now));
            }
        }
    }

    /// Ends an interval.
    fn close(&mut self) {
        let mut batches = Vec::with_capacity(self.workers.len());
        for worker in &mut self.workers {
            let mut batch = worker.shard.take();
            batch.active_users = worker.active_users();
            batches.push(batch);
        }
        let start = self.beat - Nanos::SECOND;
        self.intervals.push(self.collector.merge(start, Nanos::SECOND, &batches));
        self.beat = self.beat + Nanos::SECOND;
    }
}

fn no_database() -> Failure {
    Failure::new(ErrorKind::Sql, "there is no database in simulated time")
}
