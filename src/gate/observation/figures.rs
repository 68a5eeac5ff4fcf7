//! What was measured over a segment, a part of a day or a day.

use std::collections::BTreeMap;

use super::target::Tracked;
use crate::histogram::Histogram;
use crate::record::{DatabaseReading, Reading};
use crate::units::{Nanos, Ratio, count_to_f64};

/// The most readings of one kind that are told apart: a monitor has one or two of each.
const MAX_NAMES: usize = 64;

/// What was measured over some time. Distributions are merged exactly; of readings the mean and the
/// extremes are kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// How long was measured.
    pub measured: Nanos,
    /// How long nothing was, between two segments.
    pub missing: Nanos,
    /// Requests that were tried.
    pub tried: u64,
    /// How many of them failed.
    pub failed: u64,
    /// Response times of requests that succeeded.
    pub response: Histogram,
    /// Times of statements: those that a tap saw, else those that the target reports.
    pub query: Histogram,
    readings: BTreeMap<(Kind, String), Values>,
}

/// The kinds of readings that the log asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The share of the application's pool in use.
    Pool,
    /// The share of the server's connections in use.
    Connections,
    /// The mean time of all statements, in milliseconds.
    Statement,
    /// The mean time of the slowest statement, in milliseconds.
    Slowest,
    /// Connections that failed.
    ConnectionErrors,
    /// Statements that took too long.
    Timeouts,
    /// Resident memory of a process or container, in bytes.
    Memory,
    /// All memory of a container, what it has cached of files included, in bytes.
    Container,
    /// Processors that a process or container uses.
    Cpu,
    /// The share of the machine's processors in use.
    HostCpu,
    /// The processors of a database.
    DatabaseCpu,
}

/// All values of one name.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Values {
    pub(super) count: u64,
    pub(super) sum: f64,
    pub(super) max: f64,
}

impl Values {
    fn add(&mut self, value: f64) {
        let first = self.count == 0;
        self.count += 1;
        self.sum += value;
        self.max = if first { value } else { self.max.max(value) };
    }

    fn merge(&mut self, other: &Self) {
        let Self { count, sum, max } = other;
        self.max = if self.count == 0 { *max } else { self.max.max(*max) };
        self.count += count;
        self.sum += sum;
    }

    fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / count_to_f64(self.count))
    }
}

impl Kind {
    /// What a name means: by its last part, which says what is read, and by the monitor's before it.
    /// Readings of loadgate's own are none of the target's.
    pub(super) fn of(what: &str) -> Option<Self> {
        if let Some((_, known)) = DatabaseReading::of(what) {
            return Self::of_database(known);
        }
        // Labels of Prometheus stand behind the name.
        let what = what.split('{').next().unwrap_or_default();
        let (monitor, last) = what.rsplit_once('.').unwrap_or(("", what));
        let is = |names: &[&str]| monitor.split('.').any(|part| names.contains(&part));
        if is(&["loadgate", "generator"]) {
            return None;
        }
        let is_host = is(&["host"]);
        let is_database = is(&["db", "database", "postgres", "postgresql", "pg"]);
        let is_resident = last == "rss_bytes" || last.ends_with("resident_memory_bytes");
        let is_cpu = last == "cpu" || last.ends_with("_cpu") || last == "cpu_use";
        match () {
            () if is_cpu && is_host => Some(Self::HostCpu),
            () if is_cpu && is_database => Some(Self::DatabaseCpu),
            () if is_cpu => Some(Self::Cpu),
            () if is_host || is_database => None,
            () if is_resident => Some(Self::Memory),
            () if last == "memory_bytes" => Some(Self::Container),
            () => None,
        }
    }

    fn of_database(known: DatabaseReading) -> Option<Self> {
        match known {
            DatabaseReading::PoolUse => Some(Self::Pool),
            DatabaseReading::ConnectionsUse => Some(Self::Connections),
            DatabaseReading::StatementMean => Some(Self::Statement),
            DatabaseReading::SlowestStatement => Some(Self::Slowest),
            DatabaseReading::ConnectionErrors => Some(Self::ConnectionErrors),
            DatabaseReading::QueryTimeouts => Some(Self::Timeouts),
            DatabaseReading::Connections
            | DatabaseReading::ConnectionsLimit
            | DatabaseReading::Active
            | DatabaseReading::IdleInTransaction
            | DatabaseReading::LockWaits
            | DatabaseReading::OldestTransaction => None,
        }
    }
}

impl Figures {
    /// So much time in which nothing has been seen yet.
    pub(super) fn over(measured: Nanos) -> Self {
        Self { measured, ..Self::default() }
    }

    /// Adds a reading, if the log asks for it.
    pub(super) fn read(&mut self, reading: &Reading) {
        let Some(kind) = Kind::of(&reading.what) else { return };
        let key = (kind, reading.what.clone());
        if self.readings.len() < MAX_NAMES || self.readings.contains_key(&key) {
            self.readings.entry(key).or_default().add(reading.value);
        }
    }

    /// Adds everything that `other` has.
    pub fn merge(&mut self, other: &Self) {
        let Self { measured, missing, tried, failed, response, query, readings } = other;
        self.measured = self.measured + *measured;
        self.missing = self.missing + *missing;
        self.tried = self.tried.saturating_add(*tried);
        self.failed = self.failed.saturating_add(*failed);
        self.response.merge(response);
        self.query.merge(query);
        for (key, values) in readings {
            if self.readings.len() < MAX_NAMES || self.readings.contains_key(key) {
                self.readings.entry(key.clone()).or_default().merge(values);
            }
        }
    }

    /// The share of requests that failed; `None` without a request.
    pub fn error_share(&self) -> Option<Ratio> {
        Ratio::of(self.failed, self.tried)
    }

    /// A figure of the log in its unit; `None` when nothing was measured of it.
    pub fn value(&self, of: Tracked) -> Option<f64> {
        let ms = |time: Nanos| time.as_millis_f64();
        match of {
            Tracked::ErrorRate => self.error_share().map(|share| share.0),
            Tracked::AverageResponse => self.response.mean().map(ms),
            Tracked::P95Response => self.response.at(0.95).map(ms),
            Tracked::QueryAverage => match self.query.mean() {
                Some(mean) => Some(ms(mean)),
                None => self.highest_mean(Kind::Statement),
            },
            Tracked::Pool => self.max(Kind::Pool).or_else(|| self.max(Kind::Connections)),
            Tracked::Memory => self.max(Kind::Memory).or_else(|| self.max(Kind::Container)),
            Tracked::Cpu => {
                self.highest_mean(Kind::Cpu).or_else(|| self.highest_mean(Kind::HostCpu))
            }
        }
    }

    /// The largest value of all readings of one kind.
    pub(super) fn max(&self, kind: Kind) -> Option<f64> {
        self.of(kind).map(|values| values.max).reduce(f64::max)
    }

    /// The mean of the reading of one kind that has the highest.
    pub(super) fn highest_mean(&self, kind: Kind) -> Option<f64> {
        self.of(kind).filter_map(Values::mean).reduce(f64::max)
    }

    /// All values of one kind added up.
    pub(super) fn sum(&self, kind: Kind) -> Option<f64> {
        self.of(kind).map(|values| values.sum).reduce(|sum, one| sum + one)
    }

    /// Names and means of one kind.
    pub(super) fn means(&self, kind: Kind) -> impl Iterator<Item = (&str, f64)> + '_ {
        let own = self.readings.iter().filter(move |((known, _), _)| *known == kind);
        own.filter_map(|((_, name), values)| Some((name.as_str(), values.mean()?)))
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &Values> + '_ {
        let own = self.readings.iter().filter(move |((known, _), _)| *known == kind);
        own.map(|(_, values)| values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_known_by_the_last_part_of_its_name() {
        let check = |what: &str, want: Option<Kind>| assert_eq!(Kind::of(what), want, "{what}");
        check("app.rss_bytes", Some(Kind::Memory));
        check("rss_bytes", Some(Kind::Memory));
        check("box.memory_bytes", Some(Kind::Container));
        check("shop.process_resident_memory_bytes{pid=\"1.2\"}", Some(Kind::Memory));
        check("host.memory_available_bytes", None);
        check("staging.app.cpu", Some(Kind::Cpu));
        check("host.cpu", Some(Kind::HostCpu));
        check("postgres.cpu", Some(Kind::DatabaseCpu));
        check("postgres.rss_bytes", None);
        check("loadgate.rss_bytes", None);
        check("loadgate.cpu", None);
        check("shop.db.pool_use", Some(Kind::Pool));
        check("db.statement_mean_ms", Some(Kind::Statement));
        check("db.connections", None);
        check("app.threads", None);
    }

    #[test]
    fn the_pool_of_the_application_goes_before_the_connections_of_the_server() {
        let mut figures = Figures::default();
        let mut read = |what: &str, value| figures.read(&Reading::new(what, value).unwrap());
        read("db.connections_use", 0.9);
        read("db.pool_use", 0.4);
        read("db.pool_use", 0.6);
        read("host.cpu", 0.7);
        assert_eq!(figures.value(Tracked::Pool), Some(0.6));
        assert_eq!(figures.value(Tracked::Cpu), Some(0.7));
        assert_eq!(figures.value(Tracked::Memory), None);
        assert_eq!(figures.value(Tracked::ErrorRate), None);
    }

    #[test]
    fn merged_is_as_read_in_one() {
        let readings: Vec<_> =
            [3.0, -1.0, 7.0].map(|value| Reading::new("app.rss_bytes", value).unwrap()).into();
        let (mut all, mut first, mut second) =
            (Figures::default(), Figures::default(), Figures::default());
        for (at, one) in readings.iter().enumerate() {
            all.read(one);
            if at == 0 { first.read(one) } else { second.read(one) }
        }
        first.merge(&second);
        assert_eq!(first, all);
        let negative = Reading::new("app.rss_bytes", -5.0).unwrap();
        let mut below = Figures::default();
        below.read(&negative);
        assert_eq!(below.value(Tracked::Memory), Some(-5.0), "the first value is the largest");
    }
}
