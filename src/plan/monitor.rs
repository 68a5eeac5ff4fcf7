//! What is read beside the load, resolved and checked.

mod limits;
mod source;
#[cfg(test)]
mod tests;

use std::fmt;

use super::builder::Environment;
use super::{Address, Overrides};
use crate::record::ThresholdText;
use crate::scenario::{
    At, Diagnostic, Diagnostics, JsonPath, MetricSelector, MonitorSpec, NodeId, ScenarioSpec, Tree,
};
use crate::units::Nanos;

/// How often a monitor reads if nobody says it: a reading costs the database some milliseconds.
const EVERY: Nanos = Nanos::from_secs(5);
/// The shortest time between two readings: the length of a run's intervals.
const SHORTEST: Nanos = Nanos::SECOND;
/// The longest: beyond it a run of the usual length has no two readings.
const LONGEST: Nanos = Nanos::from_secs(3_600);
/// The most monitors of a run: each has a connection, and names of its own in the record.
const MAX_MONITORS: usize = 16;
/// The most connections of a pool: PostgreSQL's own limit is 262,143.
const MAX_POOL: u64 = 1_000_000;
/// What the monitor is called whose database the command line names.
const OF_ARGUMENTS: &str = "monitor-db";

/// Something that is read beside the load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorPlan {
    /// Its name: that of its database, or what stands before its readings.
    pub name: String,
    /// How often it is read.
    pub every: Nanos,
    /// What it is.
    pub source: MonitorSource,
    /// What its readings must keep to, as it stands among the thresholds.
    pub limits: Vec<ThresholdText>,
    /// Its readings that are watched for leaks because the scenario says so.
    pub leaks: Vec<String>,
}

/// The kinds of monitors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MonitorSource {
    /// A PostgreSQL server.
    Postgres(PostgresMonitor),
    /// Processes of this machine.
    Process(ProcessMatch),
    /// A container.
    Container(ContainerMonitor),
    /// An address whose answer is JSON, with names and places of its readings.
    Json(Fetched, Vec<(String, JsonPath)>),
    /// An address in Prometheus' text format, with names and series of its readings.
    Prometheus(Fetched, Vec<(String, MetricSelector)>),
    /// This machine.
    Host,
    /// loadgate itself.
    Loadgate,
}

/// A PostgreSQL server, and which of its connections are the application's.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresMonitor {
    /// Its address.
    pub url: String,
    /// How many connections the application's own pool has.
    pub pool_size: Option<u64>,
    /// The user of the application's connections; any, if not given.
    pub user: Option<String>,
    /// What the application's connections call themselves; anything, if not given.
    pub application: Option<String>,
}

impl fmt::Debug for PostgresMonitor {
    /// Without the address, which can hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresMonitor")
            .field("pool_size", &self.pool_size)
            .field("user", &self.user)
            .field("application", &self.application)
            .finish_non_exhaustive()
    }
}

/// Which processes are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessMatch {
    /// The one with this id.
    Pid(u32),
    /// Those whose command line fits this regular expression, which is known to be valid.
    Name(String),
    /// Those that listen on this TCP port.
    Port(u16),
}

/// A container, and how it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerMonitor {
    /// Its name or id.
    pub name: String,
    /// Docker's socket, if it is not where it usually is.
    pub socket: Option<String>,
    /// Its control group, which is read instead.
    pub cgroup: Option<String>,
}

/// What is asked over HTTP.
#[derive(Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The address.
    pub url: String,
    /// Names and values of headers.
    pub headers: Vec<(String, String)>,
}

impl fmt::Debug for Fetched {
    /// Without path and headers, which can hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Fetched").field("headers", &names).finish_non_exhaustive()
    }
}

impl MonitorPlan {
    /// What stands before the names of its readings where it is one of `databases` monitors of
    /// databases: those of the only database say by themselves what they are of.
    pub fn prefix(&self, databases: usize) -> String {
        match &self.source {
            MonitorSource::Postgres(_) if databases < 2 => String::new(),
            MonitorSource::Postgres(_)
            | MonitorSource::Process(_)
            | MonitorSource::Container(_)
            | MonitorSource::Json(..)
            | MonitorSource::Prometheus(..)
            | MonitorSource::Host
            | MonitorSource::Loadgate => format!("{}.", self.name),
        }
    }

    /// Whether it is a database.
    pub fn is_database(&self) -> bool {
        matches!(self.source, MonitorSource::Postgres(_))
    }
}

/// What the monitors of a scenario are made from.
pub(super) struct Around<'a> {
    pub(super) databases: &'a [(String, String)],
    /// Where requests go, if that is known.
    pub(super) target: Option<&'a Address>,
    pub(super) environment: &'a Environment<'a>,
    pub(super) tree: &'a Tree,
}

/// The monitors of the scenario, and that of the arguments.
pub(super) fn monitors(
    spec: &ScenarioSpec,
    overrides: &Overrides,
    around: &Around<'_>,
    out: &mut Diagnostics,
) -> Vec<MonitorPlan> {
    if let Some(beyond) = spec.monitors.get(MAX_MONITORS) {
        out.error(around.tree, beyond.node, format!("more than {MAX_MONITORS} monitors"));
    }
    let nothing = MonitorSpec::default();
    let mut made: Vec<(MonitorPlan, &MonitorSpec)> = Vec::new();
    let mut reader = Reader { spec, around, out };
    for written in spec.monitors.iter().take(MAX_MONITORS) {
        let Some(monitor) = reader.monitor(written) else { continue };
        if made.iter().any(|(known, _)| known.name == monitor.name) {
            let message = format!("there are two monitors of `{}`", monitor.name);
            let hint = "give one of them another `name`";
            reader.error(written.node, message, hint);
        }
        made.push((monitor, &written.value));
    }
    if let Some(url) = overrides.monitor_db.as_deref().filter(|url| !url.is_empty()) {
        made.push((reader.of_arguments(url), &nothing));
    }
    let databases = made.iter().filter(|(monitor, _)| monitor.is_database()).count();
    for (monitor, written) in &mut made {
        let prefix = monitor.prefix(databases);
        reader.limits(monitor, written, &prefix);
        monitor.leaks.iter_mut().for_each(|name| name.insert_str(0, &prefix));
    }
    made.into_iter().map(|(monitor, _)| monitor).collect()
}

struct Reader<'a, 'o> {
    spec: &'a ScenarioSpec,
    around: &'a Around<'a>,
    out: &'o mut Diagnostics,
}

impl Reader<'_, '_> {
    fn monitor(&mut self, written: &At<MonitorSpec>) -> Option<MonitorPlan> {
        let every = written.value.every.as_ref().map_or(EVERY, |every| {
            if every.value < SHORTEST || every.value > LONGEST {
                let hint = "write a time between 1s and 1h";
                self.error(every.node, format!("`{}` is no time to wait", every.value), hint);
            }
            every.value
        });
        let made = self.source(written)?;
        let name = made.name;
        Some(MonitorPlan {
            name,
            every,
            source: made.source,
            limits: Vec::new(),
            leaks: made.leaks,
        })
    }

    /// The monitor of `--monitor-db`.
    fn of_arguments(&mut self, url: &str) -> MonitorPlan {
        if !source::is_postgres(url) {
            let message = "--monitor-db: the address has to begin with `postgres://`";
            self.out.push(Diagnostic::new(message));
        }
        let source =
            PostgresMonitor { url: url.to_owned(), pool_size: None, user: None, application: None };
        MonitorPlan {
            name: OF_ARGUMENTS.to_owned(),
            every: EVERY,
            source: MonitorSource::Postgres(source),
            limits: Vec::new(),
            leaks: Vec::new(),
        }
    }

    fn error(&mut self, node: NodeId, message: impl Into<String>, hint: &str) {
        self.out.error(self.around.tree, node, message).hint(hint);
    }
}
