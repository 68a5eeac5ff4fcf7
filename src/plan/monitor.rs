//! What is read beside the load, resolved and checked.

use std::fmt;

use super::Overrides;
use crate::scenario::{
    At, Diagnostic, Diagnostics, MonitorSpec, NodeId, ScenarioSpec, Tree, did_you_mean,
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
    /// Its name: that of its database.
    pub name: String,
    /// How often it is read.
    pub every: Nanos,
    /// What it is.
    pub source: MonitorSource,
}

/// The kinds of monitors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MonitorSource {
    /// A PostgreSQL server.
    Postgres(PostgresMonitor),
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

/// The monitors of the scenario, and that of the arguments.
pub(super) fn monitors(
    spec: &ScenarioSpec,
    overrides: &Overrides,
    databases: &[(String, String)],
    (tree, out): (&Tree, &mut Diagnostics),
) -> Vec<MonitorPlan> {
    if let Some(beyond) = spec.monitors.get(MAX_MONITORS) {
        out.error(tree, beyond.node, format!("more than {MAX_MONITORS} monitors"));
    }
    let mut made: Vec<MonitorPlan> = Vec::new();
    let mut reader = Reader { spec, databases, tree, out };
    for written in spec.monitors.iter().take(MAX_MONITORS) {
        let Some(monitor) = reader.monitor(written) else { continue };
        if made.iter().any(|known| known.name == monitor.name) {
            let message = format!("there are two monitors of `{}`", monitor.name);
            reader.out.error(tree, written.node, message);
        }
        made.push(monitor);
    }
    if let Some(url) = overrides.monitor_db.as_deref().filter(|url| !url.is_empty()) {
        if !is_postgres(url) {
            let message = "--monitor-db: the address has to begin with `postgres://`";
            out.push(Diagnostic::new(message));
        }
        let source =
            PostgresMonitor { url: url.to_owned(), pool_size: None, user: None, application: None };
        let (name, source) = (OF_ARGUMENTS.to_owned(), MonitorSource::Postgres(source));
        made.push(MonitorPlan { name, every: EVERY, source });
    }
    made
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

struct Reader<'a> {
    spec: &'a ScenarioSpec,
    databases: &'a [(String, String)],
    tree: &'a Tree,
    out: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn monitor(&mut self, written: &At<MonitorSpec>) -> Option<MonitorPlan> {
        let MonitorSpec { postgres, pool_size, user, application, every } = &written.value;
        let Some(name) = postgres else {
            let hint = "name a database: `- postgres: default`";
            self.error(written.node, "a monitor needs `postgres`", hint);
            return None;
        };
        let every = every.as_ref().map_or(EVERY, |every| {
            if every.value < SHORTEST || every.value > LONGEST {
                let hint = "write a time between 1s and 1h";
                self.error(every.node, format!("`{}` is no time to wait", every.value), hint);
            }
            every.value
        });
        if let Some(size) = pool_size.as_ref().filter(|size| !(1..=MAX_POOL).contains(&size.value))
        {
            let hint = "write the pool's largest number of connections";
            self.error(size.node, format!("`{}` is no size of a pool", size.value), hint);
        }
        let source = MonitorSource::Postgres(PostgresMonitor {
            url: self.url(name)?,
            pool_size: pool_size.as_ref().map(|size| size.value),
            user: user.as_ref().map(|user| user.value.clone()),
            application: application.as_ref().map(|application| application.value.clone()),
        });
        Some(MonitorPlan { name: name.value.clone(), every, source })
    }

    /// The address of a database of the scenario.
    fn url(&mut self, name: &At<String>) -> Option<String> {
        let found = self.databases.iter().find(|(known, _)| *known == name.value);
        let Some((_, url)) = found else {
            // One whose address has a mistake is there, and that was said.
            if self.spec.databases.get(&name.value).is_none() {
                let near = did_you_mean(&name.value, self.spec.databases.names());
                let hint = near.map_or_else(
                    || format!("add it: `databases: {{ {}: \"${{DATABASE_URL}}\" }}`", name.value),
                    |near| format!("did you mean `{near}`?"),
                );
                self.error(name.node, format!("there is no database `{}`", name.value), &hint);
            }
            return None;
        };
        if !is_postgres(url) {
            let hint = "its address in `databases` has to begin with `postgres://`";
            self.error(name.node, format!("`{}` is no PostgreSQL", name.value), hint);
            return None;
        }
        Some(url.clone())
    }

    fn error(&mut self, node: NodeId, message: impl Into<String>, hint: &str) {
        self.out.error(self.tree, node, message).hint(hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Inputs, Plan, compile};

    fn compiled(monitors: &str, url: Option<&str>) -> Result<Plan, String> {
        let text = format!(
            "target: http://127.0.0.1:1\n\
             databases: {{ shop: \"postgres://me:secret@h/db\", lite: \"sqlite::memory:\" }}\n\
             journeys: {{ j: {{ steps: [] }} }}\n{monitors}\n"
        );
        let inputs = Inputs {
            path: "a.yaml",
            text: &text,
            read: &|path| Err(format!("there is no {path}")),
            environment: &|_| None,
        };
        let overrides = Overrides { monitor_db: url.map(str::to_owned), ..Overrides::default() };
        compile(&inputs, &[], &overrides).map_err(|mistakes| {
            let told = mistakes.iter().map(|mistake| mistake.render(false));
            told.collect::<Vec<_>>().join("\n")
        })
    }

    #[track_caller]
    fn check(monitors: &str, url: Option<&str>, wanted: &[&str]) {
        let told = compiled(monitors, url).map(|_| ()).unwrap_err();
        for part in wanted {
            assert!(told.contains(part), "`{part}` is not in: {told}");
        }
        assert!(!told.contains("secret"), "{told}");
    }

    #[test]
    fn what_is_wrong_with_a_monitor_is_said_with_its_place() {
        check("monitors: [ { postgres: shpo } ]", None, &["`shpo`", "a.yaml:4", "mean `shop`"]);
        check("monitors: [ { postgres: other } ]", None, &["`other`", "databases: { other"]);
        check("monitors: [ { postgres: lite } ]", None, &["`lite` is no PostgreSQL"]);
        check("monitors: [ { every: 5s } ]", None, &["a monitor needs `postgres`"]);
        check("monitors: [ { postgres: shop, pool: 3 } ]", None, &["`pool`", "pool_size"]);
        check("monitors: [ { postgres: shop, every: 10ms } ]", None, &["between 1s and 1h"]);
        check("monitors: [ { postgres: shop, pool_size: 0 } ]", None, &["no size of a pool"]);
        check("monitors: [ { postgres: shop }, { postgres: shop } ]", None, &["two monitors"]);
        check("", Some("mysql://me:secret@h"), &["--monitor-db", "postgres://"]);
        let many = "{ postgres: shop }, ".repeat(MAX_MONITORS + 1);
        check(&format!("monitors: [ {many} ]"), None, &["more than 16 monitors"]);
    }
}
