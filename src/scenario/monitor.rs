//! What is read beside the load.

use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;
use super::grammar::written_by_serde;
use crate::units::Nanos;

/// Something that is read beside the load: `{ postgres: shop, pool_size: 10 }`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a monitor", deny_unknown_fields, default)]
#[schemars(rename = "Monitor")]
pub struct MonitorSpec {
    /// A PostgreSQL server, by the name that the database has in `databases`.
    pub postgres: Option<At<String>>,
    /// How many connections the application's own pool has.
    pub pool_size: Option<At<u64>>,
    /// The application's connections are those of this user.
    pub user: Option<At<String>>,
    /// The application's connections are those that call themselves so (`application_name`).
    pub application: Option<At<String>>,
    /// How often it is read; `5s` where it is not given.
    pub every: Option<At<Nanos>>,
}

written_by_serde!(MonitorSpec);
