//! How a strand goes from one operation to the next.

use super::session::Headers;
use super::user::{Role, Strand, Waiting};
use super::worker::Worker;
use super::{Command, Task};
use crate::names::{ErrorKind, Together};
use crate::plan::{Action, Failure, Leaf, Missing, Op, Plan, Request};
use crate::scenario::OnFail;
use crate::units::Nanos;

/// What came of one operation.
enum Went {
    /// The strand goes on with the next operation.
    On,
    /// It waits, or it is over.
    Stopped,
}

impl Worker<'_> {
    /// Lets a strand go on until it waits for something or is over.
    pub(super) fn walk(&mut self, user: usize, strand: usize) {
        while let Went::On = self.operate(self.plan, user, strand) {}
    }

    /// Does one operation.
    fn operate(&mut self, plan: &Plan, at: usize, number: usize) -> Went {
        let Some(user) = self.users.get_mut(at) else { return Went::Stopped };
        let Some(strand) = user.strands.get(number) else { return Went::Stopped };
        let (role, place, end) = (strand.role, strand.at, strand.end);
        let op = user.program(plan, role).filter(|_| place < end).and_then(|p| p.ops.get(place));
        let Some(op) = op else {
            self.strand_over(plan, at, number);
            return Went::Stopped;
        };
        match op {
            Op::Leaf(leaf) => {
                let leaf = user.program(plan, role).and_then(|p| p.steps.get(*leaf));
                return leaf.map_or(Went::Stopped, |leaf| self.perform(plan, at, number, leaf));
            }
            Op::Unless { test, to } => {
                let next = if test.holds(&mut user.view()) { place + 1 } else { *to };
                self.go_to(at, number, next);
            }
            Op::Sample { share, to } => {
                let next = if user.dice.unit() < share.0 { place + 1 } else { *to };
                self.go_to(at, number, next);
            }
            Op::Repeat { least, most, to } => {
                let times = least + user.dice.below(most.saturating_sub(*least) + 1);
                if times == 0 {
                    self.go_to(at, number, *to);
                } else {
                    if let Some(strand) = user.strands.get_mut(number) {
                        strand.loops.push(times);
                    }
                    self.go_to(at, number, place + 1);
                }
            }
            Op::Next { to } => {
                let Some(strand) = user.strands.get_mut(number) else { return Went::Stopped };
                let left = strand.loops.pop().unwrap_or(1) - 1;
                strand.at = if left == 0 { place + 1 } else { *to };
                strand.loops.extend((left > 0).then_some(left));
            }
            Op::Fork { branches, to } => return self.fork(at, number, branches, *to),
        }
        Went::On
    }

    fn go_to(&mut self, user: usize, strand: usize, place: usize) {
        let strand = self.users.get_mut(user).and_then(|user| user.strands.get_mut(strand));
        if let Some(strand) = strand {
            strand.at = place;
        }
    }

    /// Lets all branches go at the same intended time; their parent waits for the last one.
    fn fork(
        &mut self,
        at: usize,
        parent: usize,
        branches: &[std::ops::Range<usize>],
        to: usize,
    ) -> Went {
        let Some(user) = self.users.get_mut(at) else { return Went::Stopped };
        let first = user.strands.len();
        let Some(strand) = user.strands.get_mut(parent) else { return Went::Stopped };
        let (role, intended) = (strand.role, strand.intended);
        strand.at = to;
        if branches.is_empty() {
            return Went::On;
        }
        if let (Together::Alone, Some(first)) = (self.plan.together, branches.first()) {
            // The branches stand behind each other, and before `to`.
            strand.at = first.start;
            return Went::On;
        }
        (strand.branches, strand.waiting) = (branches.len(), Waiting::Branches);
        for range in branches {
            let branch = Strand::new(role, range.clone(), intended);
            user.strands.push(Strand { parent: Some(parent), ..branch });
        }
        let round = user.round;
        for branch in first..first + branches.len() {
            if self.users.get(at).is_some_and(|user| user.round == round) {
                self.walk(at, branch);
            }
        }
        Went::Stopped
    }

    /// Does a step: asks what it wants and hands it on.
    fn perform(&mut self, plan: &Plan, at: usize, number: usize, leaf: &Leaf) -> Went {
        let Some(user) = self.users.get_mut(at) else { return Went::Stopped };
        let task = Task { user: at, strand: number, round: user.round };
        let mut request = self.spare.pop().unwrap_or_default();
        let action = leaf.step.action(&mut user.view(), &mut request);
        user.moved |= !matches!(action, Ok(Action::Wait(Nanos::ZERO)) | Err(_));
        let Some(strand) = user.strands.get_mut(number) else { return Went::Stopped };
        match action {
            Ok(Action::Wait(pause)) => {
                let pause = if plan.together == Together::Alone { Nanos::ZERO } else { pause };
                let until = strand.intended + pause;
                strand.next_step(until);
                self.spare.push(request);
                if pause == Nanos::ZERO {
                    return Went::On;
                }
                strand.waiting = Waiting::Alarm;
                self.alarms.set(until, task);
                Went::Stopped
            }
            Ok(Action::Send) => {
                if !plan.target.prefix.is_empty() {
                    request.target_text().insert_str(0, &plan.target.prefix);
                }
                strand.begin_to_try(leaf);
                self.send(task, request);
                Went::Stopped
            }
            Ok(Action::Query(statement)) => {
                strand.begin_to_try(leaf);
                strand.waiting = Waiting::Reply;
                self.spare.push(request);
                self.commands.push_back(Command::Query { task, statement: Box::new(statement) });
                Went::Stopped
            }
            Err(failure) => {
                self.spare.push(request);
                self.could_not_start(plan, at, number, leaf, &failure)
            }
        }
    }

    /// Adds what belongs to the user (headers, cookies) and gives the request to the driver.
    pub(super) fn send(&mut self, task: Task, mut request: Box<Request>) {
        let Some(user) = self.users.get_mut(task.user) else { return };
        request.keep_own();
        let in_login = user.strands.get(task.strand).is_some_and(|s| s.role == Role::Login);
        let login = user.login.clone().filter(|_| !in_login);
        for (name, value) in login.iter().flat_map(Headers::iter) {
            if request.header(name.as_str()).is_none() {
                request.add_header(name, value);
            }
        }
        for (name, text) in &self.plan.http.headers {
            if request.header(name.as_str()).is_none() {
                // A variable without a value is a header without one, which is left out.
                let written: Result<(), Missing> =
                    request.write_header(name, text, &mut user.view());
                drop(written);
            }
        }
        if self.plan.http.cookies {
            user.jar.add_to(&mut request);
        }
        let series = self.plan.tap.as_ref().and_then(|_tap| user.endpoint(self.plan, task.strand));
        if let Some(series) = series {
            self.traces.name(&mut request, series);
        }
        let Some(strand) = user.strands.get_mut(task.strand) else { return };
        (strand.waiting, strand.used) = (Waiting::Reply, login);
        strand.request = Some(request);
        self.commands.push_back(Command::Send { task });
    }

    /// A strand has come to its end.
    fn strand_over(&mut self, plan: &Plan, at: usize, number: usize) {
        let Some(user) = self.users.get_mut(at) else { return };
        let Some(strand) = user.strands.get_mut(number) else { return };
        let (role, end, parent) = (strand.role, strand.intended, strand.parent);
        strand.waiting = Waiting::Over;
        if role == Role::Login {
            self.logged_in(plan, at, number);
            return;
        }
        if let Some(parent) = parent {
            self.branch_over(at, parent, end);
            return;
        }
        let cleanup = user.program(plan, Role::Cleanup).map_or(0, |program| program.ops.len());
        user.over.get_or_insert(end);
        if role == Role::Journey && cleanup > 0 {
            user.strands.clear();
            user.strands.push(Strand::new(Role::Cleanup, 0..cleanup, end));
            self.walk(at, 0);
        } else {
            self.end_journey(at, end);
        }
    }

    /// A branch is over; its parent goes on after the last one, at the latest end of all.
    fn branch_over(&mut self, at: usize, parent: usize, end: Nanos) {
        let Some(user) = self.users.get_mut(at) else { return };
        let Some(strand) = user.strands.get_mut(parent) else { return };
        strand.branches = strand.branches.saturating_sub(1);
        strand.intended = strand.intended.max(end);
        if strand.branches > 0 {
            return;
        }
        strand.waiting = Waiting::Nothing;
        // The branches stand behind their parent, and perhaps those of another branch.
        user.strands.trim(parent);
        self.walk(at, parent);
    }

    /// The journey ends before its last step.
    pub(super) fn break_off(&mut self, at: usize, kind: ErrorKind, end: Nanos) {
        let plan = self.plan;
        let others_under_way = self.abandon(at, end);
        let given_up = self.give_up_login(at);
        let Some(user) = self.users.get_mut(at) else { return };
        user.failed.get_or_insert(kind);
        user.over.get_or_insert(end);
        user.round = user.round.wrapping_add(1);
        let cleaning = user.strands.get(0).is_some_and(|strand| strand.role == Role::Cleanup);
        user.strands.clear();
        if others_under_way > 0 {
            self.commands.push_back(Command::Disconnect { user: at });
        }
        let Some(user) = self.users.get_mut(at) else { return };
        let cleanup = user.program(plan, Role::Cleanup).map_or(0, |program| program.ops.len());
        if cleanup > 0 && !cleaning {
            user.strands.push(Strand::new(Role::Cleanup, 0..cleanup, end));
            self.walk(at, 0);
        } else {
            self.end_journey(at, end);
        }
        if let Some((row, waiting)) = given_up {
            self.ask_again(row, waiting, end);
        }
    }

    /// The step has no request to send: a variable of it has no value.
    fn could_not_start(
        &mut self,
        plan: &Plan,
        at: usize,
        number: usize,
        leaf: &Leaf,
        failure: &Failure,
    ) -> Went {
        let strand = self.users.get(at).and_then(|user| user.strands.get(number));
        let Some((role, intended)) = strand.map(|strand| (strand.role, strand.intended)) else {
            return Went::Stopped;
        };
        let phase = plan.phase_at(intended);
        if let Some(series) = leaf.series {
            self.count(phase, series, |counts| counts.unsent += 1);
        }
        self.note_failure(phase, leaf, failure, None, intended);
        if role != Role::Login && leaf.on_fail == OnFail::Continue {
            let user = self.users.get_mut(at);
            if let Some(strand) = user.and_then(|user| user.strands.get_mut(number)) {
                strand.next_step(intended);
            }
            return Went::On;
        }
        self.after_failure(at, number, leaf, failure, intended);
        Went::Stopped
    }
}
