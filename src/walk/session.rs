//! Identities: logged in once, used by many journeys.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use http::HeaderName;

use super::Task;
use super::cookies::Jar;
use crate::plan::{Plan, Session, Slot, Variables};
use crate::units::Nanos;

/// How long before its end a login is renewed.
const MARGIN: Nanos = Nanos::from_secs(5);

/// The identities of one session that a worker uses.
#[derive(Debug, Default)]
pub(super) struct Pool {
    identities: Vec<(usize, Identity)>,
}

/// The headers that a login's requests carry. Their values are secrets.
#[derive(Clone, Default)]
pub(super) struct Headers(Arc<[(HeaderName, String)]>);

impl Headers {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &str)> {
        self.0.iter().map(|(name, value)| (name, value.as_str()))
    }

    /// Whether they are of the same login.
    fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// What a login gave.
#[derive(Debug)]
pub(super) struct Login {
    /// What the login set, and nothing else of the journey in which it was made.
    pub(super) variables: Vec<(Slot, Arc<str>)>,
    pub(super) headers: Headers,
    pub(super) jar: Jar,
    /// When it has to be renewed.
    expires: Option<Nanos>,
}

#[derive(Debug)]
enum Identity {
    /// Nobody is logged in.
    Out,
    /// Somebody is logging in, and these wait for it.
    LoggingIn(Vec<Task>),
    /// Logged in.
    In(Rc<Login>),
}

/// What a journey that needs an identity has to do.
#[derive(Debug)]
pub(super) enum Admission {
    /// Go on with this login.
    Enter(Rc<Login>),
    /// Log in yourself; others will wait for you.
    LogIn,
    /// Somebody is logging in; you will be woken.
    Wait,
}

impl Login {
    pub(super) fn new(
        session: &Session,
        variables: &Variables,
        headers: Vec<(HeaderName, String)>,
        jar: Jar,
        now: Nanos,
    ) -> Self {
        let value = |slot: &Slot| Some((*slot, Arc::clone(variables.get(*slot)?)));
        let variables = session.gives.iter().filter_map(value).collect();
        let expires = session.ttl.map(|ttl| now + ttl.since(MARGIN).max(Nanos(ttl.0 >> 1)));
        Self { variables, headers: Headers(headers.into()), jar, expires }
    }
}

impl Pool {
    fn identity(&mut self, row: usize) -> &mut Identity {
        let at = match self.identities.binary_search_by_key(&row, |(row, _)| *row) {
            Ok(at) => at,
            Err(at) => {
                self.identities.insert(at, (row, Identity::Out));
                at
            }
        };
        match self.identities.get_mut(at) {
            Some((_, identity)) => identity,
            None => unreachable!("the row was just found or put in"),
        }
    }

    /// Asks for the identity of `row`.
    pub(super) fn admit(&mut self, row: usize, task: Task, now: Nanos) -> Admission {
        let identity = self.identity(row);
        match identity {
            Identity::In(login) if login.expires.is_none_or(|expires| now < expires) => {
                Admission::Enter(Rc::clone(login))
            }
            Identity::In(_) | Identity::Out => {
                *identity = Identity::LoggingIn(Vec::new());
                Admission::LogIn
            }
            Identity::LoggingIn(waiting) => {
                waiting.push(task);
                Admission::Wait
            }
        }
    }

    /// Forgets a login that the target no longer accepts, unless it was renewed meanwhile.
    pub(super) fn reject(&mut self, row: usize, used: Option<&Headers>) {
        let identity = self.identity(row);
        if matches!((&*identity, used), (Identity::In(login), Some(used)) if login.headers.same(used))
        {
            *identity = Identity::Out;
        }
    }

    /// Ends a login, well or not, and names those who waited for it.
    pub(super) fn settle(&mut self, row: usize, login: Option<Rc<Login>>) -> Vec<Task> {
        let identity = self.identity(row);
        let next = login.map_or(Identity::Out, Identity::In);
        match std::mem::replace(identity, next) {
            Identity::LoggingIn(waiting) => waiting,
            Identity::Out | Identity::In(_) => Vec::new(),
        }
    }
}

/// Rows of which each is used by one virtual user at a time.
///
/// A worker owns every n-th row, so nothing is shared with other workers.
#[derive(Debug)]
pub(super) struct Exclusive {
    free: std::collections::VecDeque<usize>,
}

impl Exclusive {
    /// The rows of source `source` that belong to worker `index` of `of`.
    pub(super) fn new(plan: &Plan, source: usize, index: usize, of: usize) -> Self {
        let rows = plan.sources.get(source).map(|source| Arc::clone(&source.rows));
        let mine = rows.iter().flat_map(|rows| rows.iter()).skip(index).step_by(of.max(1));
        Self { free: mine.copied().collect() }
    }

    /// A row that nobody uses.
    pub(super) fn take(&mut self) -> Option<usize> {
        self.free.pop_front()
    }

    /// The row is free again.
    pub(super) fn give_back(&mut self, row: usize) {
        self.free.push_back(row);
    }
}
