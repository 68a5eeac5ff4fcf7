//! What all requests share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::db::Db;
use crate::faults::Faults;
use crate::stats::Stats;
use crate::uploads::Shelf;

/// The market behind the routes.
pub(crate) type App = Arc<Shared>;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) db: Arc<Db>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) stats: Stats,
    pub(crate) shelf: Shelf,
    /// Signs login tokens; new at every start.
    pub(crate) secret: Vec<u8>,
    pub(crate) started: Instant,
    pub(crate) prisma_version: String,
    pub(crate) token_ttl: Duration,
    /// Pending farms below which applicants come back.
    pub(crate) least_pending: i64,
    /// Whether statements bear the trace context of their request.
    pub(crate) sql_comments: bool,
}
