//! `pg_stat_activity`: who holds the connections, and in which state.

use std::collections::BTreeMap;

use crate::units::{Nanos, Ratio};

/// One connection of a client.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Backend {
    /// The server's process.
    pub pid: i32,
    /// Who is logged in.
    pub user: String,
    /// What the client calls itself; empty when it does not, or when it may not be seen.
    pub application: String,
    /// `active`, `idle`, `idle in transaction` and the like; `None` when it may not be seen.
    pub state: Option<String>,
    /// Whether it waits for a lock.
    pub waits_for_lock: bool,
    /// How long its transaction is open.
    pub transaction: Option<Nanos>,
    /// How long it is in its state.
    pub in_state: Option<Nanos>,
    /// Its last statement, as sent.
    pub text: String,
}

impl Backend {
    fn is(&self, state: &str) -> bool {
        self.state.as_deref().is_some_and(|own| own.starts_with(state))
    }

    /// Whether it is more than an open connection: it works, or holds a transaction open.
    fn is_busy(&self) -> bool {
        self.state.is_some() && self.state.as_deref() != Some("idle")
    }
}

/// How many connections the server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// `max_connections`.
    pub max: u64,
    /// Those that only superusers, and from 16 on members of `pg_use_reserved_connections`, get.
    pub reserved: u64,
}

impl Slots {
    /// Those that an application can get.
    pub fn usable(self) -> u64 {
        self.max.saturating_sub(self.reserved)
    }
}

/// All connections of clients at one time, but not the one that asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// The server's clock, in seconds since 1970.
    pub at: f64,
    /// How many there can be.
    pub slots: Slots,
    /// Those that there are.
    pub backends: Vec<Backend>,
    /// Connections that ended because of an error, of a client that went away, or of an
    /// administrator, since the statistics of the database were reset; from 14 on.
    pub broken: Option<u64>,
    /// Since when these are counted, in seconds since 1970.
    pub broken_since: Option<f64>,
}

/// The connections of one application of one user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The user.
    pub user: String,
    /// The application.
    pub application: String,
    /// All connections.
    pub open: u64,
    /// Those that execute a statement.
    pub active: u64,
    /// Those that do nothing.
    pub idle: u64,
    /// Those that do nothing and hold a transaction open, also a failed one.
    pub idle_in_transaction: u64,
    /// Those whose state may not be seen.
    pub hidden: u64,
    /// Those that wait for a lock; they are active as well.
    pub waiting: u64,
    /// The age of the oldest transaction.
    pub oldest: Option<Nanos>,
}

impl Group {
    /// Connections that are in use: not idle. An application's pool hands out the others.
    pub fn busy(&self) -> u64 {
        self.open.saturating_sub(self.idle).saturating_sub(self.hidden)
    }

    /// The share of an application's pool of `size` connections that is in use.
    pub fn of_pool(&self, size: u64) -> Option<Ratio> {
        Ratio::of(self.busy(), size)
    }
}

impl Activity {
    /// The connections by user and application, the most first.
    pub fn groups(&self) -> Vec<Group> {
        let mut groups: BTreeMap<(&str, &str), Group> = BTreeMap::new();
        for backend in &self.backends {
            let key = (backend.user.as_str(), backend.application.as_str());
            let group = groups.entry(key).or_insert_with(|| Group {
                user: backend.user.clone(),
                application: backend.application.clone(),
                ..Group::default()
            });
            group.open += 1;
            group.active += u64::from(backend.is("active") || backend.is("fastpath"));
            group.idle += u64::from(backend.state.as_deref() == Some("idle"));
            group.idle_in_transaction += u64::from(backend.is("idle in transaction"));
            group.hidden += u64::from(backend.state.is_none());
            group.waiting += u64::from(backend.waits_for_lock);
            group.oldest = group.oldest.max(backend.transaction);
        }
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.open));
        groups
    }

    /// How many there are.
    pub fn open(&self) -> u64 {
        u64::try_from(self.backends.len()).unwrap_or(u64::MAX)
    }

    /// How many are in use.
    pub fn busy(&self) -> u64 {
        u64::try_from(self.backends.iter().filter(|backend| backend.is_busy()).count())
            .unwrap_or(u64::MAX)
    }

    /// How many are of others and may not be seen.
    pub fn hidden(&self) -> u64 {
        self.groups().iter().map(|group| group.hidden).sum()
    }

    /// The share of the connections that an application can get which are taken.
    pub fn usage(&self) -> Option<Ratio> {
        Ratio::of(self.open(), self.slots.usable())
    }

    /// The connection with the oldest transaction.
    pub fn oldest(&self) -> Option<&Backend> {
        self.backends
            .iter()
            .filter(|backend| backend.transaction.is_some())
            .max_by_key(|backend| backend.transaction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend(user: &str, state: Option<&str>, seconds: Option<u64>) -> Backend {
        Backend {
            user: user.to_owned(),
            application: "shop".to_owned(),
            state: state.map(str::to_owned),
            transaction: seconds.map(Nanos::from_secs),
            ..Backend::default()
        }
    }

    #[test]
    fn connections_are_counted_by_user_application_and_state() {
        let mut waiting = backend("app", Some("active"), Some(2));
        waiting.waits_for_lock = true;
        let activity = Activity {
            at: 0.0,
            slots: Slots { max: 100, reserved: 20 },
            backends: vec![
                waiting,
                backend("other", None, None),
                backend("app", Some("idle"), None),
                backend("app", Some("idle in transaction"), Some(90)),
                backend("app", Some("idle in transaction (aborted)"), Some(1)),
            ],
            broken: None,
            broken_since: None,
        };
        let groups = activity.groups();
        let app = Group {
            user: "app".to_owned(),
            application: "shop".to_owned(),
            open: 4,
            active: 1,
            idle: 1,
            idle_in_transaction: 2,
            hidden: 0,
            waiting: 1,
            oldest: Some(Nanos::from_secs(90)),
        };
        assert_eq!(groups[0], app);
        assert_eq!((groups[1].open, groups[1].hidden, groups[1].busy()), (1, 1, 0));
        assert_eq!((app.busy(), app.of_pool(10)), (3, Some(Ratio(0.3))));
        assert_eq!((activity.open(), activity.busy(), activity.hidden()), (5, 3, 1));
        assert_eq!(activity.usage(), Some(Ratio(5.0 / 80.0)));
        assert_eq!(activity.oldest().and_then(|one| one.transaction), Some(Nanos::from_secs(90)));
        assert_eq!(Slots { max: 3, reserved: 5 }.usable(), 0);
    }
}
