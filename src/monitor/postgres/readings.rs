//! The readings that are made of what a server says of its connections and statements.

use super::{Activity, Backend, Delta, MEAN_LIMIT};
use crate::plan::PostgresMonitor;
use crate::record::{DatabaseReading, Reading};
use crate::units::{Nanos, Ratio, count_to_f64, format_nanos};

/// The connections at one time as readings. What can't be seen is not read: less than there is
/// would look like a quiet database.
pub(super) fn of_activity(activity: &Activity, monitor: &PostgresMonitor) -> Vec<Reading> {
    use DatabaseReading as What;
    let count = |what, many: u64| Reading::of(what, count_to_f64(many));
    let share =
        |what, share: Option<Ratio>| share.and_then(|Ratio(share)| Reading::of(what, share));
    let mut readings = vec![
        count(What::Connections, activity.open()),
        count(What::ConnectionsLimit, activity.slots.usable()),
        share(What::ConnectionsUse, activity.usage()),
    ];
    let own = of_application(activity, monitor);
    if own.hidden() == 0 {
        let sum = |of: fn(&super::Group) -> u64| own.groups().iter().map(of).sum();
        let oldest = own.oldest().and_then(|backend| backend.transaction).unwrap_or(Nanos::ZERO);
        readings.extend([
            share(What::PoolUse, pool_use(&own, monitor)),
            count(What::Active, sum(|group| group.active)),
            count(What::IdleInTransaction, sum(|group| group.idle_in_transaction)),
            count(What::LockWaits, sum(|group| group.waiting)),
            Reading::of(What::OldestTransaction, oldest.as_secs_f64()),
        ]);
    }
    readings.into_iter().flatten().collect()
}

/// How many connections of the application there are whose states may not be seen.
pub(super) fn hidden(activity: &Activity, monitor: &PostgresMonitor) -> u64 {
    of_application(activity, monitor).hidden()
}

/// Only the application's connections.
fn of_application(activity: &Activity, monitor: &PostgresMonitor) -> Activity {
    let PostgresMonitor { url: _, pool_size: _, user, application } = monitor;
    let is_own = |backend: &&Backend| {
        user.as_ref().is_none_or(|user| *user == backend.user)
            && application.as_ref().is_none_or(|name| *name == backend.application)
    };
    let backends = activity.backends.iter().filter(is_own).cloned().collect();
    Activity { backends, ..activity.clone() }
}

/// The share of the application's pool that is in use. Where nobody says which application, it is
/// the one that has most connections in use.
fn pool_use(own: &Activity, monitor: &PostgresMonitor) -> Option<Ratio> {
    let size = monitor.pool_size?;
    if monitor.user.is_some() || monitor.application.is_some() {
        return Ratio::of(own.busy(), size);
    }
    let busy = own.groups().iter().map(super::Group::busy).max().unwrap_or_default();
    Ratio::of(busy, size)
}

/// The statement with the highest mean of a whole run, as a reading and in words. There is no
/// reading when a slower one could be among those that may not be seen.
pub(super) fn slowest(delta: &Delta) -> (Option<Reading>, Option<String>) {
    let Some(slowest) = delta.statements.iter().max_by_key(|one| one.mean()) else {
        return (None, None);
    };
    let mean = slowest.mean();
    let known = delta.hidden == 0 || mean >= MEAN_LIMIT;
    let reading = Reading::of(DatabaseReading::SlowestStatement, mean.as_millis_f64());
    let slow = delta.statements.iter().filter(|one| one.mean() >= MEAN_LIMIT).count();
    let told = format!(
        "of {} statements {slow} take {MEAN_LIMIT} or more in the mean; the slowest takes {}: {}",
        delta.statements.len(),
        format_nanos(mean),
        slowest.normal().name,
    );
    (reading.filter(|_| known), Some(told))
}

#[cfg(test)]
mod tests {
    use super::super::{Slots, Statement};
    use super::*;

    fn backend(user: &str, state: Option<&str>) -> Backend {
        Backend {
            user: user.to_owned(),
            application: format!("{user}-pool"),
            state: state.map(str::to_owned),
            transaction: (state == Some("idle in transaction"))
                .then_some(Nanos::from_millis(1_500)),
            ..Backend::default()
        }
    }

    fn monitor(pool_size: Option<u64>, user: Option<&str>) -> PostgresMonitor {
        PostgresMonitor {
            url: String::new(),
            pool_size,
            user: user.map(str::to_owned),
            application: user.map(|user| format!("{user}-pool")),
        }
    }

    #[track_caller]
    fn check(backends: &[Backend], monitor: &PostgresMonitor, want: &str) {
        let activity = Activity {
            at: 0.0,
            slots: Slots { max: 13, reserved: 3 },
            backends: backends.to_vec(),
            broken: None,
            broken_since: None,
        };
        let read = of_activity(&activity, monitor);
        let text = |one: &Reading| format!("{}={}", one.what.trim_start_matches("db."), one.value);
        assert_eq!(read.iter().map(text).collect::<Vec<_>>().join(" "), want);
    }

    #[test]
    fn connections_become_readings() {
        let mut waiting = backend("app", Some("active"));
        waiting.waits_for_lock = true;
        let backends = [
            waiting,
            backend("app", Some("idle in transaction")),
            backend("app", Some("idle")),
            backend("other", Some("active")),
        ];
        let server = "connections=4 connections_limit=10 connections_use=0.4";
        let app = "active=1 idle_in_transaction=1 lock_waits=1 oldest_transaction_s=1.5";
        check(
            &backends,
            &monitor(None, None),
            &format!("{server} {}", app.replace("active=1 ", "active=2 ")),
        );
        check(&backends, &monitor(Some(4), Some("app")), &format!("{server} pool_use=0.5 {app}"));
        // Without a name it is the pool that has most in use.
        let all = app.replace("active=1 ", "active=2 ");
        check(&backends, &monitor(Some(2), None), &format!("{server} pool_use=1 {all}"));
        let none = "active=0 idle_in_transaction=0 lock_waits=0 oldest_transaction_s=0";
        check(&backends, &monitor(Some(2), Some("nobody")), &format!("{server} pool_use=0 {none}"));
    }

    #[test]
    fn what_may_not_be_seen_is_not_read_as_nothing() {
        let backends = [backend("app", Some("active")), backend("other", None)];
        let server = "connections=2 connections_limit=10 connections_use=0.2";
        check(&backends, &monitor(Some(2), None), server);
        let app = "active=1 idle_in_transaction=0 lock_waits=0 oldest_transaction_s=0";
        check(&backends, &monitor(Some(2), Some("app")), &format!("{server} pool_use=0.5 {app}"));
    }

    #[test]
    fn the_slowest_statement_is_known_when_none_is_hidden_or_it_is_too_slow() {
        let of = |millis: &[u64], hidden| {
            let statement = |millis: &u64| Statement {
                query_id: Some(1),
                user: String::new(),
                top_level: true,
                text: "SELECT a FROM farms WHERE id = 'secret'".to_owned(),
                calls: 2,
                total: Nanos::from_millis(2 * millis),
                max: Nanos::ZERO,
                rows: 0,
                hit: 0,
                read: 0,
                blocks: Nanos::ZERO,
                since: None,
            };
            let statements = millis.iter().map(statement).collect();
            slowest(&Delta { lasted: None, statements, hidden, gaps: Vec::new() })
        };
        let (reading, told) = of(&[3, 60, 5], 7);
        assert_eq!(reading, Reading::of(DatabaseReading::SlowestStatement, 60.0));
        let told = told.unwrap();
        assert!(told.starts_with("of 3 statements 1 take 50"), "{told}");
        assert!(told.ends_with("SELECT farms by id"), "{told}");
        assert_eq!(of(&[3, 5], 0).0, Reading::of(DatabaseReading::SlowestStatement, 5.0));
        assert_eq!(of(&[3, 5], 1).0, None, "a slower one may be hidden");
        assert_eq!(of(&[], 0), (None, None));
    }
}
