//! The driver on real sockets: one worker's loop.

use std::rc::Rc;
use std::sync::Arc;

use rustls::ClientConfig;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::clock::Alarm;
use super::connection::Connection;
use super::received::Came;
use super::usage::{Meter, Usage};
use super::{Client, Clock, Databases};
use crate::plan::Plan;
use crate::recorder::Batch;
use crate::units::Nanos;
use crate::walk::{Command, Share, Stop, Task, Worker};

/// How long replies are waited for after the run, when their users are gone.
const FAREWELL: Nanos = Nanos::from_millis(200);

/// What a run's workers are told while they work.
pub type Control = watch::Receiver<Option<Stop>>;

/// What one worker measured up to a beat, on its way to the collector.
#[derive(Debug)]
pub struct Handover {
    /// Number of the interval that has ended.
    pub beat: u64,
    /// The measurements.
    pub batch: Batch,
    /// How long they took: more than an interval if the collector was behind.
    pub covers: Nanos,
    /// How long the worker waited for a processor meanwhile; `None` where it is not known.
    pub queued: Option<Nanos>,
    /// Why a step ended the run, if one did.
    pub aborted: Option<String>,
    /// Whether the worker has nothing left to do.
    pub last: bool,
}

/// What one worker needs.
#[derive(Debug)]
pub struct Job {
    /// What to play.
    pub plan: Arc<Plan>,
    /// The worker's part of it.
    pub share: Share,
    /// Tells the run's clock when all workers are ready.
    pub start: std::sync::mpsc::Receiver<Clock>,
    /// Length of an interval.
    pub interval: Nanos,
    /// Settings of TLS connections.
    pub tls: Option<Arc<ClientConfig>>,
    /// Databases of `sql` steps.
    pub databases: Databases,
    /// Tells the worker to stop.
    pub control: Control,
    /// Takes what was measured.
    pub out: mpsc::Sender<Handover>,
    /// Gives back memory of batches that were merged.
    pub back: mpsc::Receiver<Batch>,
}

/// A finished exchange.
struct Done {
    task: Task,
    came: Came,
    connection: Option<Connection>,
}

/// What a driver keeps for one virtual user.
#[derive(Default)]
struct Lines {
    idle: Vec<Connection>,
    under_way: Vec<AbortHandle>,
    /// Grows when all connections are closed, so that late ones do not come back.
    generation: u32,
}

impl Lines {
    /// Remembers an exchange, and forgets those that are done.
    fn note(&mut self, handle: AbortHandle) {
        self.under_way.retain(|handle| !handle.is_finished());
        self.under_way.push(handle);
    }
}

struct Driver<'p> {
    job: Job,
    clock: Clock,
    worker: Worker<'p>,
    client: Client,
    databases: Rc<Databases>,
    exchanges: JoinSet<(u32, Done)>,
    lines: Vec<Lines>,
    beat: u64,
    meter: Meter,
}

/// Plays one worker's part of a plan to its end. Runs on the worker's own thread.
pub(super) fn work(job: Job, runtime: &Runtime) {
    let plan = Arc::clone(&job.plan);
    let worker = Worker::new(&plan, job.share);
    let Ok(clock) = job.start.recv() else { return };
    let local = tokio::task::LocalSet::new();
    local.block_on(runtime, async move {
        let mut driver = Driver {
            worker,
            clock,
            client: Client::new(&job.plan, job.tls.clone(), clock),
            databases: Rc::new(job.databases.clone()),
            exchanges: JoinSet::new(),
            lines: Vec::new(),
            beat: 0,
            meter: Meter::start(),
            job,
        };
        driver.run().await;
    });
}

impl Driver<'_> {
    async fn run(&mut self) {
        let clock = self.clock;
        let mut alarm = Alarm::new();
        // What was asked before the start counts, too.
        let mut told = *self.job.control.borrow_and_update();
        if let Some(stop) = told {
            self.worker.stop(stop, clock.now());
        }
        loop {
            let now = clock.now();
            self.worker.advance(now);
            self.carry_out();
            if now >= self.next_beat() {
                self.hand_over(false);
            }
            if self.worker.finished(now) {
                break;
            }
            let deadline = self.worker.next_deadline().unwrap_or(Nanos::MAX).min(self.next_beat());
            tokio::select! {
                biased;
                changed = self.job.control.changed() => {
                    let asked = *self.job.control.borrow_and_update();
                    // Whoever could tell us to stop is gone: nobody will take the results.
                    let asked = if changed.is_ok() { asked } else { Some(Stop::AtOnce) };
                    if let Some(stop) = asked.filter(|_| asked != told) {
                        self.worker.stop(stop, clock.now());
                        told = asked;
                    }
                }
                Some(done) = self.exchanges.join_next(), if !self.exchanges.is_empty() => {
                    self.take(done);
                    while let Some(done) = self.exchanges.try_join_next() {
                        self.take(done);
                    }
                }
                () = alarm.wait(clock, Some(deadline)) => {}
            }
        }
        self.exchanges.abort_all();
        let rest = async { while self.exchanges.join_next().await.is_some() {} };
        if super::clock::within(FAREWELL, rest).await.is_none() {
            self.exchanges.detach_all();
        }
        self.last_words().await;
    }

    fn next_beat(&self) -> Nanos {
        Nanos(self.job.interval.0.saturating_mul(self.beat + 1))
    }

    /// Does what the core wants.
    fn carry_out(&mut self) {
        while let Some(command) = self.worker.next_command() {
            match command {
                Command::Send { task } => self.send(task),
                Command::Query { task, statement } => {
                    let (databases, clock) = (Rc::clone(&self.databases), self.clock);
                    let generation = self.lines(task.user).generation;
                    let handle = self.exchanges.spawn_local(async move {
                        let came = databases.query(&statement, clock).await;
                        (generation, Done { task, came, connection: None })
                    });
                    self.lines(task.user).note(handle);
                }
                Command::Disconnect { user } => {
                    let lines = self.lines(user);
                    lines.idle.clear();
                    lines.generation = lines.generation.wrapping_add(1);
                    lines.under_way.drain(..).for_each(|handle| handle.abort());
                }
            }
        }
    }

    fn lines(&mut self, user: usize) -> &mut Lines {
        if user >= self.lines.len() {
            self.lines.resize_with(user + 1, Lines::default);
        }
        match self.lines.get_mut(user) {
            Some(lines) => lines,
            None => unreachable!("the list was just made long enough"),
        }
    }

    fn send(&mut self, task: Task) {
        let Some(request) = self.worker.request(task).cloned() else { return };
        let client = self.client.clone();
        let lines = self.lines(task.user);
        let generation = lines.generation;
        let connection = lines.idle.pop();
        // HTTP/2 carries other exchanges of the user meanwhile.
        lines.idle.extend(connection.as_ref().and_then(Connection::share));
        let handle = self.exchanges.spawn_local(async move {
            let (came, connection) = client.exchange(request, connection).await;
            (generation, Done { task, came, connection })
        });
        self.lines(task.user).note(handle);
    }

    fn take(&mut self, done: Result<(u32, Done), tokio::task::JoinError>) {
        // An exchange that was cut off was counted by whoever cut it off.
        let (generation, done) = match done {
            Ok(done) => done,
            // A fault of ours must not look like a lost user.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_cut_off) => return,
        };
        let lines = self.lines(done.task.user);
        if let Some(connection) = done.connection.filter(|_| lines.generation == generation) {
            let shared = connection.share().is_some() && !lines.idle.is_empty();
            if !shared {
                lines.idle.push(connection);
            }
        }
        let now = self.clock.now();
        done.came.show(|reply| self.worker.reply(done.task, reply, now));
    }

    /// Gives the full shard away and goes on with an empty one. If the collector is behind, the
    /// interval goes on: measurements can be late, they are never lost.
    fn hand_over(&mut self, last: bool) {
        while let Ok(batch) = self.job.back.try_recv() {
            self.worker.shard.recycle(batch);
        }
        if let Ok(permit) = self.job.out.try_reserve() {
            let now = self.clock.now();
            permit.send(package(&mut self.worker, &mut self.meter, now, (self.beat, last)));
        }
        self.beat += 1;
    }

    /// Hands over what is left, and waits for room to do so.
    async fn last_words(&mut self) {
        if let Ok(permit) = self.job.out.reserve().await {
            let now = self.clock.now();
            permit.send(package(&mut self.worker, &mut self.meter, now, (self.beat, true)));
        }
    }
}

/// The measurements since the last handover.
pub(super) fn package(
    worker: &mut Worker<'_>,
    meter: &mut Meter,
    now: Nanos,
    (beat, last): (u64, bool),
) -> Handover {
    let Usage { cpu, queued, covers } = meter.since(now);
    let mut batch = worker.shard.take();
    batch.active_users = worker.active_users();
    batch.cpu = cpu;
    let aborted = worker.aborted().map(str::to_owned);
    Handover { beat, batch, covers, queued, aborted, last }
}
