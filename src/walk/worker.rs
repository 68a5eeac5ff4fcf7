//! A worker: its share of all starts, its virtual users, its shard of the measurement.

use std::collections::VecDeque;
use std::sync::Arc;

use super::alarms::Alarms;
use super::members::Members;
use super::session::{Exclusive, Pool};
use super::user::{Role, Strand, User, Waiting};
use super::{Command, Stop, Task};
use crate::names::{Metric, SeriesId};
use crate::plan::{Connections, Plan, Request, Shape, Start, Ticket, Tickets, Traces};
use crate::record::Counts;
use crate::recorder::{QueryCache, Shard};
use crate::scenario::FeederPick;
use crate::units::Nanos;

/// Most virtual users at a time when the scenario does not say.
const DEFAULT_MAX_USERS: u64 = 10_000;
/// How long a closed-model user waits that found no free row, before it looks again.
const SHORTAGE_PAUSE: Nanos = Nanos::SECOND;
/// How long a closed-model user pauses whose journey neither sent anything nor waited.
const IDLE_PAUSE: Nanos = Nanos::from_millis(1);

/// Which part of the load a worker makes: number `index` of `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its number, from 0.
    pub index: usize,
    /// How many workers there are.
    pub of: usize,
}

/// The sans-I/O core of the engine: one worker's virtual users.
#[derive(Debug)]
pub struct Worker<'p> {
    pub(super) plan: &'p Plan,
    share: Share,
    tickets: Tickets,
    next: Option<Ticket>,
    pub(super) users: Vec<User>,
    free: Vec<usize>,
    members: Members,
    pub(super) alarms: Alarms,
    pub(super) commands: VecDeque<Command>,
    /// The measurement of the running interval.
    pub shard: Shard,
    /// Names requests, so that the target can name them to its database.
    pub(super) traces: Traces,
    /// Memory of requests that are over.
    #[expect(clippy::vec_box, reason = "the box goes on to the strand that sends")]
    pub(super) spare: Vec<Box<Request>>,
    pub(super) queries: Vec<QueryCache>,
    pub(super) pools: Vec<Pool>,
    exclusive: Vec<Option<Exclusive>>,
    active: u64,
    stopping: Option<Nanos>,
    /// Why a step with `on_fail: abort` ended the run.
    pub(super) aborted: Option<String>,
}

impl<'p> Worker<'p> {
    /// A worker that has not started.
    pub fn new(plan: &'p Plan, share: Share) -> Self {
        let planned = u16::try_from(plan.catalogue.len()).unwrap_or(u16::MAX);
        let exclusive = |(at, source): (usize, &crate::plan::Source)| {
            (source.pick == FeederPick::Unique)
                .then(|| Exclusive::new(plan, at, share.index, share.of))
        };
        let empty = Shard::new(planned, plan.phases.len());
        let mut worker = Self {
            share,
            tickets: Tickets::new(plan),
            next: None,
            users: Vec::new(),
            free: Vec::new(),
            members: Members::new(share.of),
            alarms: Alarms::default(),
            commands: VecDeque::new(),
            shard: if plan.tap.is_some() { empty.listing() } else { empty },
            traces: Traces::new(share.index),
            queries: (0..planned).map(|_| QueryCache::default()).collect(),
            pools: plan.sessions.iter().map(|_| Pool::default()).collect(),
            exclusive: plan.sources.iter().enumerate().map(exclusive).collect(),
            active: 0,
            stopping: None,
            aborted: None,
            plan,
            spare: Vec::new(),
        };
        worker.next = worker.next_of_mine();
        // What would have been due before the load begins has drawn its journey and its rows.
        while worker.next.as_ref().is_some_and(|ticket| ticket.intended < plan.course.from) {
            worker.next = worker.next_of_mine();
        }
        worker
    }

    /// Does everything that is due at `now`; take each [`Worker::next_command`] afterwards.
    pub fn advance(&mut self, now: Nanos) {
        while let Some(ticket) = self.next.take_if(|ticket| ticket.intended <= now) {
            self.next = self.next_of_mine();
            self.start(ticket, now);
        }
        while let Some((at, task)) = self.alarms.due(now) {
            self.wake(task, at);
        }
        if self.hard_end().is_some_and(|end| now >= end) {
            self.stop(Stop::AtOnce, now);
        }
    }

    /// The next thing that has to be done.
    pub fn next_command(&mut self) -> Option<Command> {
        let command = self.commands.pop_front();
        if command.is_none() {
            // An empty queue begins at its first place again: else it would go through all of its
            // memory, which is nowhere near when it is needed.
            self.commands.clear();
        }
        command
    }

    /// The request of a [`Command::Send`]; `None` if it is no longer wanted.
    pub fn request(&self, task: Task) -> Option<&Request> {
        let user = self.users.get(task.user).filter(|user| user.round == task.round)?;
        user.strands.get(task.strand)?.request.as_deref()
    }

    /// When [`Worker::advance`] has something to do again.
    pub fn next_deadline(&self) -> Option<Nanos> {
        let start = self.next.as_ref().map(|ticket| ticket.intended);
        let end = (self.active > 0).then(|| self.hard_end()).flatten();
        // Without users the worker still stays until the end of the load.
        let idle = (self.active == 0 && self.stopping.is_none()).then(|| self.plan.end());
        [start, self.alarms.next(), end, idle].into_iter().flatten().min()
    }

    /// Whether a start or a strand is due at `now`: asked often, so it looks at no more.
    pub fn is_due(&self, now: Nanos) -> bool {
        self.next.as_ref().is_some_and(|ticket| ticket.intended <= now)
            || self.alarms.next().is_some_and(|at| at <= now)
    }

    /// Whether there is nothing left to do.
    pub fn finished(&self, now: Nanos) -> bool {
        let counted = self.plan.phases.last().is_some_and(|phase| phase.iterations.is_some());
        self.active == 0
            && self.next.is_none()
            && (self.stopping.is_some() || counted || now >= self.plan.end())
    }

    /// Ends the run before its time, or cuts off what is left after it.
    pub fn stop(&mut self, how: Stop, now: Nanos) {
        self.next = None;
        if self.stopping.is_none() {
            self.stopping = Some(now.min(self.plan.end()) + self.plan.graceful_stop);
        }
        if how == Stop::AtOnce {
            self.stopping = Some(now);
            for at in 0..self.users.len() {
                self.cut_off(at, now);
            }
        }
    }

    /// Virtual users that are in a journey.
    pub fn active_users(&self) -> u64 {
        self.active
    }

    /// Why a step ended the run, if one did.
    pub fn aborted(&self) -> Option<&str> {
        self.aborted.as_deref()
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    /// When what is still under way is cut off.
    fn hard_end(&self) -> Option<Nanos> {
        if self.next.is_some() {
            return None;
        }
        self.stopping.or_else(|| Some(self.plan.end() + self.plan.graceful_stop))
    }

    /// The next start that falls to this worker.
    fn next_of_mine(&mut self) -> Option<Ticket> {
        let Share { index, of } = self.share;
        loop {
            let ticket = self.tickets.next()?;
            let turn = usize::try_from(self.tickets.turn(&ticket)).unwrap_or_default();
            if turn.rem_euclid(of.max(1)) == index {
                return Some(ticket);
            }
        }
    }

    /// Starts what is due, or counts that it could not be started.
    fn start(&mut self, ticket: Ticket, now: Nanos) {
        if let Start::User(user) = ticket.start
            && self.members.get(user).here
        {
            return;
        }
        let lag = now - ticket.intended;
        let too_late = self.plan.course.latest_start.is_some_and(|latest| lag > latest);
        if too_late || self.active >= self.most_users(ticket.phase) {
            if !too_late {
                self.shard.record(ticket.phase, SeriesId::RUN, Metric::ScheduleLag, lag);
            }
            self.drop_start(&ticket);
            return;
        }
        let at = self.free.pop().unwrap_or_else(|| {
            let worker = u64::try_from(self.share.index).unwrap_or_default();
            let of = u64::try_from(self.share.of).unwrap_or(1);
            let number = u64::try_from(self.users.len()).unwrap_or_default() * of + worker;
            self.users.push(User::new(number));
            self.users.len() - 1
        });
        self.active += 1;
        let ticket = match ticket.start {
            Start::Arrival => ticket,
            Start::User(number) => {
                self.members.get(number).here = true;
                if let Some(user) = self.users.get_mut(at) {
                    user.member = Some(number);
                }
                self.next_round(number, ticket.intended)
            }
        };
        self.begin(at, ticket, now);
    }

    /// This worker's part of the most users of a phase.
    fn most_users(&self, phase: u8) -> u64 {
        let phase = self.plan.phases.get(usize::from(phase));
        let most = match phase.map(|phase| (phase.shape, phase.max_users)) {
            Some((Shape::Closed { .. }, _)) => return u64::MAX,
            Some((Shape::Open { .. }, Some(most))) => most,
            Some((Shape::Open { .. }, None)) | None => DEFAULT_MAX_USERS,
        };
        let of = u64::try_from(self.share.of).unwrap_or(1).max(1);
        let index = u64::try_from(self.share.index).unwrap_or_default();
        most.div_euclid(of) + u64::from(index < most.rem_euclid(of))
    }

    fn drop_start(&mut self, ticket: &Ticket) {
        let series = self.plan.journeys.get(ticket.journey).map(|journey| journey.series);
        if let Some(counts) = series.and_then(|series| self.shard.counts(ticket.phase, series)) {
            counts.dropped += 1;
        }
    }

    /// Puts a virtual user on the first step of a journey, or on the login before it.
    pub(super) fn begin(&mut self, at: usize, mut ticket: Ticket, now: Nanos) {
        let plan = self.plan;
        let Some(journey) = plan.journeys.get(ticket.journey) else { return };
        let mut held = Vec::new();
        let complete = self.choose_rows(plan, &mut ticket, &mut held);
        let Some(user) = self.users.get_mut(at) else { return };
        user.held = held;
        if !complete {
            self.drop_start(&ticket);
            match ticket.start {
                Start::Arrival => self.release(at),
                Start::User(_) => self.pause(at, now + SHORTAGE_PAUSE),
            }
            return;
        }
        if let Some(counts) = self.shard.counts(ticket.phase, journey.series) {
            counts.started += 1;
        }
        let (intended, identity) = (ticket.intended, ticket.identity);
        let rows = std::mem::take(&mut ticket.rows);
        user.begin(ticket, plan.seed);
        for ((source, slots), row) in journey.feeds.iter().zip(rows) {
            feed(user, plan, *source, slots, row);
        }
        for (slot, text) in &journey.constants {
            if let Ok(value) = text.value(&mut user.view()) {
                user.variables.set(*slot, value);
            }
        }
        user.strands.push(Strand::new(Role::Journey, 0..journey.program.ops.len(), intended));
        if plan.http.connections == Connections::Fresh {
            self.commands.push_back(Command::Disconnect { user: at });
        }
        match journey.session {
            Some(_) => self.enter(at, 0, identity.unwrap_or_default(), now),
            None => self.walk(at, 0),
        }
    }

    /// Chooses rows that only one user may have; false when there is none left.
    fn choose_rows(
        &mut self,
        plan: &Plan,
        ticket: &mut Ticket,
        held: &mut Vec<(usize, usize)>,
    ) -> bool {
        let Some(journey) = plan.journeys.get(ticket.journey) else { return false };
        let mut choose = |source: usize, row: &mut Option<usize>| {
            let Some(Some(rows)) = self.exclusive.get_mut(source) else { return true };
            *row = rows.take();
            held.extend(row.map(|row| (source, row)));
            row.is_some()
        };
        let fed = journey
            .feeds
            .iter()
            .zip(&mut ticket.rows)
            .all(|((source, _), row)| choose(*source, row));
        let session = journey.session.and_then(|at| plan.sessions.get(at));
        let source = session.and_then(|session| session.feed.as_ref()).map(|(source, _)| *source);
        fed && source.is_none_or(|source| choose(source, &mut ticket.identity))
    }

    /// The journey is over: records it, and lets the user begin again or go.
    pub(super) fn end_journey(&mut self, at: usize, end: Nanos) {
        let plan = self.plan;
        let Some(user) = self.users.get_mut(at) else { return };
        let Some(ticket) = user.ticket.take() else { return };
        let (failed, over, moved) = (user.failed, user.over, user.moved);
        if let Some(journey) = plan.journeys.get(ticket.journey) {
            if let Some(kind) = failed {
                self.count(ticket.phase, journey.series, |counts| counts.fail(kind));
            } else {
                let lasted = over.unwrap_or(end) - ticket.intended;
                self.shard.record(ticket.phase, journey.series, Metric::Iteration, lasted);
            }
        }
        match ticket.start {
            Start::User(number) if moved => self.go_on(at, number, end),
            Start::User(_) => self.pause(at, end + IDLE_PAUSE),
            Start::Arrival => self.release(at),
        }
    }

    /// A closed-model user begins its next journey, or leaves.
    fn go_on(&mut self, at: usize, number: u64, now: Nanos) {
        if self.stays(number, now) {
            self.give_back(at);
            let ticket = self.next_round(number, now);
            self.begin(at, ticket, now);
        } else {
            self.release(at);
        }
    }

    /// Lets a closed-model user go on later.
    fn pause(&mut self, at: usize, until: Nanos) {
        self.give_back(at);
        let Some(user) = self.users.get_mut(at) else { return };
        user.strands.clear();
        user.round = user.round.wrapping_add(1);
        user.pausing = true;
        self.alarms.set(until, Task { user: at, strand: usize::MAX, round: user.round });
    }

    /// The next journey of a closed-model user.
    fn next_round(&mut self, number: u64, intended: Nanos) -> Ticket {
        let phase = self.plan.phase_at(intended);
        let member = self.members.get(number);
        if member.phase != phase {
            (member.phase, member.begun) = (phase, 0);
        }
        let round = member.rounds;
        member.rounds += 1;
        member.begun += 1;
        self.tickets.again(number, round, intended, phase)
    }

    /// Whether a closed-model user goes on at `at`.
    fn stays(&mut self, number: u64, at: Nanos) -> bool {
        if self.is_stopping() || at >= self.plan.end() {
            return false;
        }
        let index = self.plan.phase_at(at);
        let Some(phase) = self.plan.phases.get(usize::from(index)) else { return false };
        let Shape::Closed { from, to } = phase.shape else { return false };
        let member = self.members.get(number);
        let begun = if member.phase == index { member.begun } else { 0 };
        // A number of iterations is shared by all users of the phase.
        let share_left = phase
            .iterations
            .is_none_or(|most| begun.saturating_mul(from.max(to)).saturating_add(number) < most);
        share_left && phase.users_at(at).is_some_and(|users| number < users)
    }

    fn give_back(&mut self, at: usize) {
        let held = self.users.get_mut(at).map(|user| std::mem::take(&mut user.held));
        for (source, row) in held.into_iter().flatten() {
            if let Some(Some(rows)) = self.exclusive.get_mut(source) {
                rows.give_back(row);
            }
        }
    }

    /// The virtual user is free for the next start; its connections stay open.
    pub(super) fn release(&mut self, at: usize) {
        self.give_back(at);
        if let Some(user) = self.users.get_mut(at) {
            let number = user.member.take();
            if let Some(number) = number {
                self.members.get(number).here = false;
            }
            user.pausing = false;
            user.ticket = None;
            user.strands.clear();
            user.round = user.round.wrapping_add(1);
            self.free.push(at);
            self.active = self.active.saturating_sub(1);
        }
    }

    pub(super) fn count(&mut self, phase: u8, series: SeriesId, count: impl FnOnce(&mut Counts)) {
        if let Some(counts) = self.shard.counts(phase, series) {
            count(counts);
        }
    }

    /// A strand's time has come.
    fn wake(&mut self, task: Task, at: Nanos) {
        let Some(user) = self.users.get_mut(task.user) else { return };
        if user.round != task.round {
            return;
        }
        if let Some(number) = user.member.filter(|_| user.pausing) {
            user.pausing = false;
            self.go_on(task.user, number, at);
            return;
        }
        let Some(strand) = user.strands.get_mut(task.strand) else { return };
        if strand.waiting == Waiting::Alarm {
            strand.waiting = Waiting::Nothing;
            self.walk(task.user, task.strand);
        }
    }
}

/// Gives a row's values to the user's variables.
pub(super) fn feed(
    user: &mut User,
    plan: &Plan,
    source: usize,
    slots: &[crate::plan::Slot],
    row: Option<usize>,
) {
    let Some(source) = plan.sources.get(source) else { return };
    let Some(row) = row else { return };
    for (column, slot) in slots.iter().enumerate() {
        if let Some(value) = source.feeder.value(row, column) {
            user.variables.set(*slot, Arc::clone(value));
        }
    }
}
