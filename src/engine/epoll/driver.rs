//! One worker's loop.

use std::io;
use std::sync::Arc;

use super::companion::{Companion, Errand, Tidings};
use super::deadlines::Deadlines;
use super::dial::Dialer;
use super::line::Stage;
use super::lines::Lines;
use super::many::Many;
use super::pace::Pace;
use super::poll::{Happened, Poll, Ready};
use super::stamp::Offset;
use super::wire::Wire;
use crate::engine::handover::{Beats, Job};
use crate::engine::{Clock, Spoken};
use crate::http1::Seen;
use crate::http2;
use crate::plan::Plan;
use crate::units::Nanos;
use crate::walk::{Command, Worker};

/// The name of the companion's bell among those of connections.
const BELL: u64 = u64::MAX;
/// Bytes that one reading takes at most: several times what most answers need.
const READING: usize = 64 << 10;
/// Encrypted bytes that one reading takes at most. What they make, with a record (16 KiB) of which
/// the rest had been waited for, always fits into the memory for plain ones.
const SEALED: usize = 32 << 10;

/// What a worker needs.
#[derive(Debug)]
pub(super) struct Driver<'p> {
    pub(super) clock: Clock,
    /// The last look at the clock.
    pub(super) now: Nanos,
    pub(super) plan: &'p Plan,
    pub(super) worker: Worker<'p>,
    pub(super) poll: Poll,
    pub(super) wire: Wire,
    pub(super) lines: Lines,
    pub(super) deadlines: Deadlines,
    pub(super) dialer: Dialer,
    pub(super) companion: Companion,
    pub(super) offset: Offset,
    pub(super) memory: Memory,
    /// The HTTP that connections are opened for.
    pub(super) spoken: Spoken,
    /// What is under way over HTTP/2.
    pub(super) many: Many,
    /// Exchanges that are under way.
    pub(super) awaited: usize,
}

/// Memory that all connections of a worker use in turn.
#[derive(Debug)]
pub(super) struct Memory {
    /// The request that is being written.
    pub(super) out: Vec<u8>,
    /// What was read.
    pub(super) plain: Vec<u8>,
    /// What was read and is still encrypted.
    pub(super) sealed: Vec<u8>,
    /// Heads of answers that came lately.
    pub(super) seen: Seen,
    /// The same of HTTP/2.
    pub(super) blocks: http2::Seen,
}

/// Plays one worker's part of a plan to its end. Runs on the worker's own thread.
pub(in crate::engine) fn work(job: Job, poll: Poll, spoken: Spoken) -> io::Result<()> {
    let plan = Arc::clone(&job.plan);
    let worker = Worker::new(&plan, job.share);
    Poll::sharpen();
    let Ok(clock) = job.start.recv() else { return Ok(()) };
    let companion = Companion::start(clock, job.databases, job.control)?;
    poll.add(companion.bell(), BELL)?;
    let sealed = if job.tls.is_some() { SEALED } else { 0 };
    let mut driver = Driver {
        clock,
        now: clock.now(),
        worker,
        poll,
        wire: Wire::new(&plan),
        lines: Lines::default(),
        deadlines: Deadlines::default(),
        dialer: Dialer::new(&plan, job.tls.as_ref(), spoken),
        companion,
        offset: Offset::new(clock),
        memory: Memory {
            out: Vec::new(),
            plain: vec![0; READING],
            sealed: vec![0; sealed],
            seen: Seen::default(),
            blocks: http2::Seen::default(),
        },
        spoken,
        many: Many::new(&plan),
        awaited: 0,
        plan: &plan,
    };
    let mut beats = Beats::new(job.interval, job.out, job.back);
    let outcome = driver.run(&mut beats);
    let (out, last) = beats.last(&mut driver.worker, clock.now());
    // A collector that is gone has ended the run.
    out.blocking_send(last).unwrap_or_default();
    outcome
}

impl Driver<'_> {
    fn run(&mut self, beats: &mut Beats) -> io::Result<()> {
        let mut pace = Pace::new(self.plan.precision, self.clock);
        let mut ready = Ready::new();
        self.now = self.clock.now();
        loop {
            self.worker.advance(self.now);
            self.expire(self.now);
            self.expire_many(self.now);
            self.carry_out();
            if self.now >= beats.next() {
                beats.hand_over(&mut self.worker, self.now);
            }
            if self.worker.finished(self.now) {
                return Ok(());
            }
            let late = self.many.flights.next_deadline();
            let due =
                [self.worker.next_deadline(), self.deadlines.next(), late, Some(beats.next())];
            let due = due.into_iter().flatten().min().unwrap_or(self.now);
            self.now = pace.wait(&self.poll, &mut ready, (self.now, due), self.awaited)?;
            self.offset.refresh(self.clock, self.now);
            for at in 0..ready.len() {
                let Some(happened) = ready.get(at) else { break };
                self.handle(happened);
                self.carry_out();
                // What falls due while a batch is worked on does not wait for its end.
                if self.worker.is_due(self.now) {
                    self.worker.advance(self.now);
                    self.carry_out();
                }
            }
        }
    }

    fn handle(&mut self, happened: Happened) {
        let token = happened.token;
        if token == BELL {
            return self.listen();
        }
        let Some(line) = self.lines.get(token) else { return };
        if line.stage != Stage::Open {
            return self.dialed(token);
        }
        if happened.is_writable() && line.has_unsent() {
            self.write_on(token);
        }
        if happened.is_readable() {
            self.hear(token, happened.is_end());
        }
    }

    /// Takes what the companion has to tell.
    fn listen(&mut self) {
        self.companion.quiet();
        while let Some(tidings) = self.companion.tidings() {
            let now = self.clock.now();
            match tidings {
                Tidings::Stop(stop) => self.worker.stop(stop, now),
                Tidings::Found(found) => self.found(found),
                Tidings::Answered(task, came) => {
                    self.awaited -= 1;
                    came.show(|reply| self.worker.reply(task, reply, now));
                }
            }
        }
    }

    /// Does what the core wants, and what that leads to.
    fn carry_out(&mut self) {
        loop {
            while let Some(command) = self.worker.next_command() {
                match command {
                    Command::Send { task } => self.send(task),
                    Command::Query { task, statement } => {
                        self.awaited += 1;
                        self.companion.ask(Errand::Query(task, *statement));
                    }
                    Command::Disconnect { user } => {
                        while let Some(token) = self.lines.any(user) {
                            self.close(token);
                        }
                        self.forget(user);
                    }
                }
            }
            if !self.next_turn() && !self.flush() {
                return;
            }
        }
    }
}
