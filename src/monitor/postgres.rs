//! What a PostgreSQL server from 9.6 to 18 says of its statements and its connections.
//!
//! [`Server`] asks. What the answers mean is decided without it: which columns there are
//! ([`Columns`]), what happened between two [`Snapshot`]s ([`Delta`]), how full the connections
//! are ([`Activity`]), and what of it keeps within the limits ([`Check`]). [`Watch`] does it again and again beside a run.

mod activity;
mod limits;
mod readings;
mod server;
mod statements;
mod watch;

pub use activity::{Activity, Backend, Group, Slots};
pub use limits::{Check, MEAN_LIMIT, Mark, POOL_LIMIT};
pub use server::{MAX_STATEMENTS, MAX_TEXT, MonitorError, Server, Sums};
pub use statements::{Columns, Delta, Info, Order, Snapshot, Statement};
pub use watch::Watch;
