//! The driver on real sockets: one worker's loop.

use std::rc::Rc;
use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::task::{AbortHandle, JoinSet};

use super::clock::Alarm;
use super::connection::Connection;
use super::handover::{Beats, Control, Job};
use super::received::Came;
use super::shared::{SharedLine, shared_lines};
use super::{Client, Clock, Databases};
use crate::units::Nanos;
use crate::walk::{Command, Stop, Task, Worker};

/// How long replies are waited for after the run, when their users are gone.
const FAREWELL: Nanos = Nanos::from_millis(200);

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
    control: Control,
    clock: Clock,
    worker: Worker<'p>,
    client: Client,
    databases: Rc<Databases>,
    exchanges: JoinSet<(u32, Done)>,
    lines: Vec<Lines>,
    /// The connections that users have together; none where each has its own.
    shared: Vec<Rc<SharedLine>>,
    beats: Beats,
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
            client: Client::new(&job.plan, job.tls, clock),
            databases: Rc::new(job.databases),
            exchanges: JoinSet::new(),
            lines: Vec::new(),
            shared: shared_lines(&job.plan.http),
            beats: Beats::new(&job.plan, job.out, job.back),
            control: job.control,
        };
        driver.run().await;
        let (out, last) = driver.beats.last(&mut driver.worker, clock.now());
        // A collector that is gone has ended the run.
        out.send(last).await.unwrap_or_default();
    });
}

impl Driver<'_> {
    async fn run(&mut self) {
        let clock = self.clock;
        let mut alarm = Alarm::new();
        // What was asked before the start counts, too.
        let mut told = *self.control.borrow_and_update();
        if let Some(stop) = told {
            self.worker.stop(stop, clock.now());
        }
        loop {
            let now = clock.now();
            self.worker.advance(now);
            self.carry_out();
            if now >= self.beats.next() {
                self.beats.hand_over(&mut self.worker, now);
            }
            if self.worker.finished(now) {
                break;
            }
            let deadline = self.worker.next_deadline().unwrap_or(Nanos::MAX).min(self.beats.next());
            tokio::select! {
                biased;
                changed = self.control.changed() => {
                    let asked = *self.control.borrow_and_update();
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
        let shared = task.user.checked_rem(self.shared.len()).and_then(|at| self.shared.get(at));
        let shared = shared.cloned();
        let lines = self.lines(task.user);
        let generation = lines.generation;
        let connection = lines.idle.pop();
        // HTTP/2 carries other exchanges of the user meanwhile.
        lines.idle.extend(connection.as_ref().and_then(Connection::share));
        let handle = self.exchanges.spawn_local(async move {
            let (came, connection) = client.exchange(request, connection, shared.as_deref()).await;
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
}
