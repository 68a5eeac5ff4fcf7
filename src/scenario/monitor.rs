//! What is read beside the load.

use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;
use super::grammar::written_by_serde;
use super::named::{Named, OneOrMany};
use super::reading::{LimitSpec, ReadingsSpec};
use super::template::Template;
use crate::units::Nanos;

/// Something that is read beside the load: `{ postgres: shop, pool_size: 10 }`, `{ host: true }`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a monitor", deny_unknown_fields, default)]
#[schemars(rename = "Monitor")]
pub struct MonitorSpec {
    /// A PostgreSQL server, by the name that the database has in `databases`.
    pub postgres: Option<At<String>>,
    /// Processes of this machine: `{ pid: 123 }`, `{ name: "node.*next" }` or `{ port: 3000 }`.
    pub process: Option<At<ProcessSpec>>,
    /// A container, by its name or id.
    pub container: Option<At<String>>,
    /// An address whose answer is JSON; one that begins with `/` is a path of the target.
    pub json: Option<At<Template>>,
    /// An address in Prometheus' text format; one that begins with `/` is a path of the target.
    pub prometheus: Option<At<Template>>,
    /// This machine.
    pub host: Option<At<bool>>,
    /// loadgate itself.
    pub loadgate: Option<At<bool>>,
    /// What stands before the names of its readings: `app.rss_bytes`.
    pub name: Option<At<String>>,
    /// How many connections the application's own pool has.
    pub pool_size: Option<At<u64>>,
    /// The application's connections are those of this user.
    pub user: Option<At<String>>,
    /// The application's connections are those that call themselves so (`application_name`).
    pub application: Option<At<String>>,
    /// Docker's socket; `/var/run/docker.sock` where it is not given.
    pub socket: Option<At<String>>,
    /// The container's control group (version 2), below `/sys/fs/cgroup`; Docker is not asked.
    pub cgroup: Option<At<String>>,
    /// Headers of the requests of `json` and `prometheus`.
    pub headers: Named<At<Template>>,
    /// What is read of `json` (name and JSONPath) or of `prometheus` (metrics with their labels).
    pub readings: Option<At<ReadingsSpec>>,
    /// What the readings must keep to: `{ rss_bytes: "< 2GB", cpu: "avg < 50%" }`.
    pub limits: Named<OneOrMany<At<LimitSpec>>>,
    /// How often it is read; `5s` where it is not given.
    pub every: Option<At<Nanos>>,
}

/// Which processes of this machine; those that they started belong to them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "`process`", deny_unknown_fields, default)]
#[schemars(rename = "Process")]
pub struct ProcessSpec {
    /// The process with this id.
    pub pid: Option<At<u32>>,
    /// Those whose command line fits this regular expression.
    pub name: Option<At<String>>,
    /// Those that listen on this TCP port.
    pub port: Option<At<u32>>,
}

written_by_serde!(MonitorSpec, ProcessSpec);
