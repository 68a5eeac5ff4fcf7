//! Logging in: once for each identity, again when the target asks for it.

use std::rc::Rc;
use std::sync::Arc;

use http::HeaderValue;

use super::Task;
use super::session::{Admission, Login};
use super::user::{Role, Strand, Waiting};
use super::worker::{Worker, feed};
use crate::names::{ErrorKind, Metric};
use crate::plan::{Leaf, Plan, Reply};
use crate::units::Nanos;

impl Worker<'_> {
    /// Asks for the identity in `row` on behalf of a strand.
    pub(super) fn enter(&mut self, at: usize, number: usize, row: usize, now: Nanos) {
        let plan = self.plan;
        let Some(user) = self.users.get_mut(at) else { return };
        let Some(index) = session_of(plan, user) else { return };
        user.identity = Some(row);
        let task = Task { user: at, strand: number, round: user.round };
        let Some(pool) = self.pools.get_mut(index) else { return };
        match pool.admit(row, task, now) {
            Admission::Enter(login) => self.admitted(task, &login, None),
            Admission::Wait => self.wait_for_login(at, number),
            Admission::LogIn => {
                self.wait_for_login(at, number);
                self.log_in(plan, at, number, row);
            }
        }
    }

    fn wait_for_login(&mut self, user: usize, strand: usize) {
        let strand = self.users.get_mut(user).and_then(|user| user.strands.get_mut(strand));
        if let Some(strand) = strand {
            strand.waiting = Waiting::Login;
        }
    }

    /// Puts the user on the session's login; the strand that asked waits.
    fn log_in(&mut self, plan: &Plan, at: usize, asking: usize, row: usize) {
        let Some(user) = self.users.get_mut(at) else { return };
        let Some(session) = session_of(plan, user).and_then(|index| plan.sessions.get(index))
        else {
            return;
        };
        if let Some((source, slots)) = &session.feed {
            feed(user, plan, *source, slots, Some(row));
        }
        user.jar.clear();
        let intended = user.strands.get(asking).map_or(Nanos::ZERO, |strand| strand.intended);
        let login = Strand::new(Role::Login, 0..session.program.ops.len(), intended);
        user.strands.push(Strand { parent: Some(asking), ..login });
        let number = user.strands.len() - 1;
        self.walk(at, number);
    }

    /// A login has succeeded: keeps it, and lets all go on who waited for it.
    pub(super) fn logged_in(&mut self, plan: &Plan, at: usize, number: usize) {
        let Some(user) = self.users.get_mut(at) else { return };
        let Some(index) = session_of(plan, user) else { return };
        let Some(session) = plan.sessions.get(index) else { return };
        let Some(strand) = user.strands.get(number) else { return };
        let (end, asking) = (strand.intended, strand.parent.unwrap_or_default());
        let mut headers = Vec::with_capacity(session.headers.len());
        for (name, text) in &session.headers {
            let rendered = text.render(&mut user.view());
            match rendered {
                Ok(value) if HeaderValue::from_str(&value).is_ok() => {
                    headers.push((name.clone(), value));
                }
                Ok(_) | Err(_) => return self.login_failed(at, ErrorKind::Data, end),
            }
        }
        let login = Rc::new(Login::new(session, &user.variables, headers, user.jar.clone(), end));
        let (row, round) = (user.identity.unwrap_or_default(), user.round);
        user.strands.trim(asking);
        let Some(pool) = self.pools.get_mut(index) else { return };
        let waiting = pool.settle(row, Some(Rc::clone(&login)));
        self.admitted(Task { user: at, strand: asking, round }, &login, Some(end));
        for task in waiting {
            self.admitted(task, &login, Some(end));
        }
    }

    /// A strand has its identity: it goes on with the step that needs it.
    fn admitted(&mut self, task: Task, login: &Login, since: Option<Nanos>) {
        let Some(user) = self.users.get_mut(task.user).filter(|user| user.round == task.round)
        else {
            return;
        };
        for (slot, value) in &login.variables {
            user.variables.set(*slot, Arc::clone(value));
        }
        user.login = Some(login.headers.clone());
        user.jar.clone_from(&login.jar);
        let Some(strand) = user.strands.get_mut(task.strand) else { return };
        strand.waiting = Waiting::Nothing;
        // The login is outside the journey's times; a step that is sent again after a refusal
        // keeps its own intended start, because its user has been waiting since then.
        if let (Some(since), false) = (since, strand.renewed) {
            strand.intended = strand.intended.max(since);
            if let (0, Some(ticket)) = (task.strand, &mut user.ticket) {
                ticket.intended = ticket.intended.max(since);
            }
        }
        match strand.request.take() {
            Some(request) => {
                self.send(task, request);
            }
            None => self.walk(task.user, task.strand),
        }
    }

    /// A login has failed: the journeys that needed it can't go on.
    pub(super) fn login_failed(&mut self, at: usize, kind: ErrorKind, now: Nanos) {
        let plan = self.plan;
        let Some(user) = self.users.get_mut(at) else { return };
        let (row, round) = (user.identity.unwrap_or_default(), user.round);
        let pool = session_of(plan, user).and_then(|index| self.pools.get_mut(index));
        let waiting = pool.map(|pool| pool.settle(row, None)).unwrap_or_default();
        self.break_off(at, kind, now);
        let others = waiting.into_iter().filter(|task| task.user != at || task.round != round);
        for task in others.collect::<Vec<_>>() {
            if self.users.get(task.user).is_some_and(|user| user.round == task.round) {
                self.break_off(task.user, kind, now);
            }
        }
    }

    /// Gives up a login that the user is about to make; names those who waited for it.
    pub(super) fn give_up_login(&mut self, at: usize) -> Option<(usize, Vec<Task>)> {
        let plan = self.plan;
        let user = self.users.get(at)?;
        let mut strands = user.strands.iter();
        strands.find(|strand| strand.role == Role::Login && strand.waiting != Waiting::Over)?;
        let row = user.identity.unwrap_or_default();
        let pool = self.pools.get_mut(session_of(plan, user)?)?;
        Some((row, pool.settle(row, None)))
    }

    /// Lets those who waited for a login that was given up ask again: one of them makes it.
    pub(super) fn ask_again(&mut self, row: usize, waiting: Vec<Task>, now: Nanos) {
        for task in waiting {
            let user = self.users.get_mut(task.user).filter(|user| user.round == task.round);
            if let Some(strand) = user.and_then(|user| user.strands.get_mut(task.strand)) {
                strand.waiting = Waiting::Nothing;
                self.enter(task.user, task.strand, row, now);
            }
        }
    }

    /// The target no longer accepts the login: logs in again, once for each step, and sends the
    /// request again. The refused request counts as a request and not as an error.
    pub(super) fn log_in_again(
        &mut self,
        plan: &Plan,
        task: Task,
        leaf: &Leaf,
        reply: &Reply<'_>,
        now: Nanos,
    ) -> bool {
        let Some(user) = self.users.get_mut(task.user) else { return false };
        let session = session_of(plan, user);
        let row = user.identity.unwrap_or_default();
        let Some(strand) = user.strands.get_mut(task.strand) else { return false };
        let (Some(session), Role::Journey | Role::Cleanup, false) =
            (session, strand.role, strand.renewed)
        else {
            return false;
        };
        strand.renewed = true;
        let login = strand.used.clone();
        let phase = plan.phase_at(strand.intended);
        let response = reply.end - strand.intended;
        if let Some(series) = leaf.series {
            self.shard.record(phase, series, Metric::Failed, response);
            self.count(phase, series, |counts| counts.relogins += 1);
        }
        if let Some(pool) = self.pools.get_mut(session) {
            pool.reject(row, login.as_ref());
        }
        self.enter(task.user, task.strand, row, now);
        true
    }
}

/// The session of the user's journey.
fn session_of(plan: &Plan, user: &super::user::User) -> Option<usize> {
    plan.journeys.get(user.ticket.as_ref()?.journey)?.session
}
