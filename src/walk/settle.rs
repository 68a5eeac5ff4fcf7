//! What becomes of a reply: recording, redirects, new logins, and how the journey goes on.

use http::Method;
use http::header::LOCATION;

use super::user::{Role, Strand, Waiting};
use super::worker::Worker;
use super::{Command, Task};
use crate::names::{ErrorKind, Metric, SeriesId};
use crate::plan::{Address, Answer, Failure, HttpAnswer, Leaf, Plan, Reply, Request, Timing};
use crate::recorder::Exchanged;
use crate::scenario::OnFail;
use crate::units::Nanos;

/// How long a step with `eventually` waits before it tries again.
const POLL: Nanos = Nanos::from_millis(100);

impl Worker<'_> {
    /// Shows the worker what came of a [`Command`]. A reply that comes too late is ignored: it
    /// was counted when it was given up.
    pub fn reply(&mut self, task: Task, reply: &Reply<'_>, now: Nanos) {
        let plan = self.plan;
        let Some(leaf) = self.waiting_leaf(plan, task) else { return };
        let Some(user) = self.users.get_mut(task.user) else { return };
        let Some(strand) = user.strands.get_mut(task.strand) else { return };
        strand.waiting = Waiting::Nothing;
        let intended = strand.intended;
        let phase = plan.phase_at(intended);
        // How late the generator was: what it sends again for another reason is not late.
        if strand.redirects == 0 && !strand.renewed {
            let lag = reply.timing.begun - intended;
            self.shard.record(phase, SeriesId::RUN, Metric::ScheduleLag, lag);
        }
        if let Some(series) = leaf.series {
            let (begun, ended) = (reply.timing.begun, reply.end);
            self.shard.list(Exchanged { series, begun, ended });
        }
        let answer = match &reply.result {
            Ok(answer) => answer,
            Err(failure) => {
                self.note_exchange(phase, leaf, &reply.timing);
                self.note_failed(phase, leaf, reply.end - intended);
                self.note_failure(phase, leaf, failure, None, reply.end);
                self.after_failure(task.user, task.strand, leaf, failure, reply.end);
                return;
            }
        };
        if let Answer::Http(answer) = answer {
            let request = strand.request.as_deref();
            user.jar.store(answer.headers, || request.map_or("/", Request::target));
            self.note_exchange(phase, leaf, &reply.timing);
            self.note_queries(phase, leaf, answer);
            if self.redirect(plan, task, leaf, answer, reply) {
                return;
            }
            if answer.status == 401 && self.log_in_again(plan, task, leaf, reply, now) {
                return;
            }
        }
        self.judge(plan, task, leaf, answer, reply);
    }

    /// The step that a task waits for, if the task is still of interest.
    fn waiting_leaf<'p>(&self, plan: &'p Plan, task: Task) -> Option<&'p Leaf> {
        let user = self.users.get(task.user).filter(|user| user.round == task.round)?;
        let strand = user.strands.get(task.strand)?;
        user.leaf(plan, task.strand).filter(|_leaf| matches!(strand.waiting, Waiting::Reply))
    }

    /// Shows the answer to the step, records the outcome, and lets the journey go on.
    fn judge(
        &mut self,
        plan: &Plan,
        task: Task,
        leaf: &Leaf,
        answer: &Answer<'_>,
        reply: &Reply<'_>,
    ) {
        let Some(user) = self.users.get_mut(task.user) else { return };
        let outcome = leaf.step.settle(answer, &mut user.view());
        let Some(strand) = user.strands.get_mut(task.strand) else { return };
        let phase = plan.phase_at(strand.intended);
        let response = reply.end - strand.intended;
        let waiting_for_it = strand.until.is_some_and(|until| reply.end < until);
        if let Some(failure) = outcome.failure.as_ref().filter(|_| waiting_for_it) {
            let again = reply.end + POLL;
            (strand.intended, strand.waiting) = (again, Waiting::Alarm);
            (strand.request, strand.redirects) = (None, 0);
            self.alarms.set(again, task);
            // An answer that is not yet right took its time; an error status is another matter.
            if matches!(failure.kind, ErrorKind::Status4xx | ErrorKind::Status5xx) {
                self.note_failed(phase, leaf, response);
            } else {
                self.note_success(phase, leaf, answer, response, &reply.timing);
            }
            return;
        }
        self.note_checks(phase, leaf, &outcome);
        match outcome.failure {
            None => {
                if let Some(strand) = self.strand(task) {
                    let request = strand.request.take();
                    strand.next_step(reply.end);
                    self.spare.extend(request);
                }
                self.note_success(phase, leaf, answer, response, &reply.timing);
                self.walk(task.user, task.strand);
            }
            Some(failure) => {
                let status = match answer {
                    Answer::Http(answer) => Some(answer.status),
                    Answer::Rows(_) => None,
                };
                if matches!(answer, Answer::Rows(_)) {
                    self.note_exchange(phase, leaf, &reply.timing);
                }
                self.note_failed(phase, leaf, response);
                self.note_failure(phase, leaf, &failure, status, reply.end);
                self.after_failure(task.user, task.strand, leaf, &failure, reply.end);
            }
        }
    }

    fn strand(&mut self, task: Task) -> Option<&mut Strand> {
        self.users.get_mut(task.user)?.strands.get_mut(task.strand)
    }

    /// Follows a redirect within the target; `false` if the answer is not one to follow.
    fn redirect(
        &mut self,
        plan: &Plan,
        task: Task,
        leaf: &Leaf,
        answer: &HttpAnswer<'_>,
        reply: &Reply<'_>,
    ) -> bool {
        if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
            return false;
        }
        let Some(user) = self.users.get_mut(task.user) else { return false };
        let Some(strand) = user.strands.get_mut(task.strand) else { return false };
        let Some(mut request) = strand.request.take() else { return false };
        let allowed = request.redirects.unwrap_or(plan.http.limits.redirects);
        let location = answer.headers.texts(LOCATION.as_str()).next();
        let (Some(location), true) = (location, allowed > 0) else { return false };
        let next = same_target(&plan.target, request.target(), location);
        strand.redirects += 1;
        let problem = match (&next, strand.redirects > allowed) {
            (None, _) => Some(format!("redirect to another host: `{}`", host_of(location))),
            (Some(_), true) => Some(format!("more than {allowed} redirects")),
            (Some(_), false) => None,
        };
        match (problem, next) {
            (None, Some(target)) => {
                follow(&mut request, answer.status, &target);
                self.send(task, request);
            }
            (problem, _) => {
                let intended = strand.intended;
                let failure = Failure::new(ErrorKind::Redirect, problem.unwrap_or_default());
                let phase = plan.phase_at(intended);
                self.note_failed(phase, leaf, reply.end - intended);
                self.note_failure(phase, leaf, &failure, Some(answer.status), reply.end);
                self.after_failure(task.user, task.strand, leaf, &failure, reply.end);
            }
        }
        true
    }

    /// What a failure means for the journey, by the step's `on_fail`.
    pub(super) fn after_failure(
        &mut self,
        at: usize,
        number: usize,
        leaf: &Leaf,
        failure: &Failure,
        end: Nanos,
    ) {
        let Some(user) = self.users.get_mut(at) else { return };
        let Some(strand) = user.strands.get_mut(number) else { return };
        if strand.role == Role::Login {
            self.login_failed(at, failure.kind, end);
            return;
        }
        match leaf.on_fail {
            OnFail::Continue => {
                strand.next_step(end);
                self.walk(at, number);
            }
            OnFail::End => self.break_off(at, failure.kind, end),
            OnFail::Abort => {
                let message = format!("step `{}` failed: {}", leaf.name, failure.message);
                self.aborted.get_or_insert(message);
                self.break_off(at, failure.kind, end);
                self.stop(super::Stop::Gracefully, end);
            }
        }
    }

    /// Cuts off a virtual user in the middle of its journey.
    pub(super) fn cut_off(&mut self, at: usize, now: Nanos) {
        let Some(user) = self.users.get(at) else { return };
        if user.pausing {
            return self.release(at);
        }
        let Some((phase, journey)) = user.ticket.as_ref().map(|t| (t.phase, t.journey)) else {
            return;
        };
        self.abandon(at, now);
        if let Some(series) = self.plan.journeys.get(journey).map(|journey| journey.series) {
            self.count(phase, series, |counts| counts.fail(ErrorKind::Interrupted));
        }
        self.release(at);
        self.commands.push_back(Command::Disconnect { user: at });
    }

    /// Counts the exchanges that are under way as interrupted: they were sent, and nobody waits
    /// for them any more.
    /// Says how many there were.
    pub(super) fn abandon(&mut self, at: usize, now: Nanos) -> usize {
        let plan = self.plan;
        let Some(user) = self.users.get(at) else { return 0 };
        let tasks: Vec<(Task, Nanos)> = (0..)
            .zip(user.strands.iter())
            .filter(|(_, strand)| strand.waiting == Waiting::Reply)
            .map(|(strand, s)| (Task { user: at, strand, round: user.round }, s.intended))
            .collect();
        let under_way = tasks.len();
        for (task, intended) in tasks {
            let Some(leaf) = self.waiting_leaf(plan, task) else { continue };
            let phase = plan.phase_at(intended);
            let failure = Failure::new(ErrorKind::Interrupted, "cut off while it was under way");
            self.note_exchange(phase, leaf, &Timing::default());
            self.note_failed(phase, leaf, now - intended);
            self.note_failure(phase, leaf, &failure, None, now);
        }
        under_way
    }
}

/// The host of a `Location`; the rest of it may be a secret.
fn host_of(location: &str) -> String {
    Address::split(location)
        .map_or_else(|_| "unknown".to_owned(), |(address, _)| address.to_string())
}

/// The path that a `Location` leads to, if it is on the same target.
fn same_target(target: &Address, from: &str, location: &str) -> Option<String> {
    let location = location.split('#').next().unwrap_or_default();
    if let Some(rest) = location.strip_prefix("//") {
        let scheme = if target.tls { "https" } else { "http" };
        return same_target(target, from, &format!("{scheme}://{rest}"));
    }
    if location.starts_with('/') {
        return Some(location.to_owned());
    }
    if let Ok((address, path)) = Address::split(location) {
        let same = address.tls == target.tls
            && address.host.eq_ignore_ascii_case(&target.host)
            && address.port == target.port;
        return same.then_some(path);
    }
    (!location.contains("://")).then(|| relative(from, location))
}

/// Resolves a relative reference (RFC 3986, section 5.2: merge paths, remove dot segments).
fn relative(from: &str, location: &str) -> String {
    let base = from.split('?').next().unwrap_or_default();
    let (path, query) = location.split_at(location.find('?').unwrap_or(location.len()));
    if path.is_empty() {
        return format!("{base}{query}");
    }
    let mut segments: Vec<&str> = base.split('/').collect();
    segments.pop();
    let mut folder = false;
    for segment in path.split('/') {
        folder = matches!(segment, "." | "..");
        match segment {
            ".." if segments.len() > 1 => drop(segments.pop()),
            "." | ".." => {}
            other => segments.push(other),
        }
    }
    let end = if folder { "/" } else { "" };
    format!("{}{end}{query}", segments.join("/"))
}

/// The request that follows a redirect (RFC 9110, section 15.4): a POST becomes a GET, except
/// for 307 and 308.
fn follow(request: &mut Request, status: u16, target: &str) {
    let keeps = matches!(status, 307 | 308)
        || (status != 303 && request.method != Method::POST)
        || request.method == Method::HEAD;
    if !keeps {
        request.become_get();
    }
    request.go_to(target);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_on_the_target() {
        let target = Address::target("http://shop:3000").unwrap();
        let to = |location| same_target(&target, "/api/farms?x=1", location);
        assert_eq!(to("/login").as_deref(), Some("/login"));
        assert_eq!(to("http://shop:3000/a?b").as_deref(), Some("/a?b"));
        assert_eq!(to("//shop:3000/a").as_deref(), Some("/a"));
        assert_eq!(to("products").as_deref(), Some("/api/products"));
        assert_eq!(to("?page=2#top").as_deref(), Some("/api/farms?page=2"));
        assert_eq!(to("../x/./y?z").as_deref(), Some("/x/y?z"));
        assert_eq!(to("../../..").as_deref(), Some("/"));
        assert_eq!(to("http://elsewhere/"), None);
        assert_eq!(to("https://shop:3000/"), None);
    }
}
