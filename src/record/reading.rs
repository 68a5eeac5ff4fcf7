//! Readings: numbers that monitors read beside the load, and what they are called.

use serde::{Deserialize, Serialize};

use super::ThresholdText;

/// A number that a monitor read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// What it is, with the unit last: `db.oldest_transaction_s`. With several monitors the name of
    /// each stands before it: `shop.db.active`. Shares are decimal: 0.8 is 80 %.
    pub what: String,
    /// The number, which is finite: JSON has no other.
    pub value: f64,
}

/// What a monitor of a database reads, in the order in which people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DatabaseReading {
    /// Connections of clients to the server, without the monitor's own.
    Connections,
    /// Those that applications can get: `max_connections` without the reserved ones.
    ConnectionsLimit,
    /// The share of these that is taken.
    ConnectionsUse,
    /// The share of the application's own pool that is in use.
    PoolUse,
    /// The application's connections that execute a statement.
    Active,
    /// Those that do nothing and hold a transaction open.
    IdleInTransaction,
    /// Those that wait for a lock.
    LockWaits,
    /// The age of their oldest transaction, in seconds; zero without one.
    OldestTransaction,
    /// The mean time of all statements since the reading before, in milliseconds.
    StatementMean,
    /// The mean time over the whole run of the statement with the highest, in milliseconds.
    SlowestStatement,
    /// Connections that could not be made or broke since the reading before.
    ConnectionErrors,
    /// Statements that were cancelled since the reading before, because they took too long for the
    /// server or for their client. PostgreSQL does not count them: only a tap sees them.
    QueryTimeouts,
}

/// Stands around a reading's name in the subject of its limit.
const OF_READING: (&str, &str) = ("reading{name:", "}");

impl ThresholdText {
    /// The subject of a limit for the reading with this name: `reading{name:app.rss_bytes}`.
    pub fn of_reading(name: &str) -> String {
        format!("{}{name}{}", OF_READING.0, OF_READING.1)
    }

    /// The reading that it limits; `None` for a threshold of what loadgate measured itself.
    pub fn reading(&self) -> Option<&str> {
        self.subject.strip_prefix(OF_READING.0)?.strip_suffix(OF_READING.1)
    }
}

impl Reading {
    /// The most different names that one record has; what comes after is not shown. So many
    /// monitors as a scenario can have need fewer.
    pub const MAX_NAMES: usize = 256;

    /// A reading; `None` when it is no finite number.
    pub fn new(what: impl Into<String>, value: f64) -> Option<Self> {
        value.is_finite().then(|| Self { what: what.into(), value })
    }

    /// A reading of a database; `None` when it is no finite number.
    pub fn of(what: DatabaseReading, value: f64) -> Option<Self> {
        Self::new(what.word(), value)
    }
}

impl DatabaseReading {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Connections,
        Self::ConnectionsLimit,
        Self::ConnectionsUse,
        Self::PoolUse,
        Self::Active,
        Self::IdleInTransaction,
        Self::LockWaits,
        Self::OldestTransaction,
        Self::StatementMean,
        Self::SlowestStatement,
        Self::ConnectionErrors,
        Self::QueryTimeouts,
    ];

    /// Its name in records and documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Connections => "db.connections",
            Self::ConnectionsLimit => "db.connections_limit",
            Self::ConnectionsUse => "db.connections_use",
            Self::PoolUse => "db.pool_use",
            Self::Active => "db.active",
            Self::IdleInTransaction => "db.idle_in_transaction",
            Self::LockWaits => "db.lock_waits",
            Self::OldestTransaction => "db.oldest_transaction_s",
            Self::StatementMean => "db.statement_mean_ms",
            Self::SlowestStatement => "db.slowest_statement_mean_ms",
            Self::ConnectionErrors => "db.connection_errors",
            Self::QueryTimeouts => "db.query_timeouts",
        }
    }

    /// What a name means, and the monitor's name before it, with its dot; empty for the only one.
    pub fn of(what: &str) -> Option<(&str, Self)> {
        Self::ALL.into_iter().find_map(|one| {
            let before = what.strip_suffix(one.word())?;
            (before.is_empty() || before.ends_with('.')).then_some((before, one))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_again_with_and_without_a_monitor_before_it() {
        for one in DatabaseReading::ALL {
            assert_eq!(DatabaseReading::of(one.word()), Some(("", one)));
            let named = format!("my.db.{}", one.word());
            assert_eq!(DatabaseReading::of(&named), Some(("my.db.", one)));
        }
        for other in ["db.unknown", "xdb.active", "", "db."] {
            assert_eq!(DatabaseReading::of(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_number_is_no_reading() {
        assert!(Reading::new("x", f64::NAN).is_none());
        assert!(Reading::new("x", f64::INFINITY).is_none());
        assert_eq!(Reading::of(DatabaseReading::Active, 3.0).unwrap().what, "db.active");
    }
}
