//! Carries out what virtual users want, at the intended times.
//!
//! The core is [`crate::walk::Worker`], which knows neither clock nor socket. Three drivers carry
//! out its commands: two on real sockets, of which [`Path`] names the one for a run, and
//! [`simulate`] in simulated time.

mod body;
mod clock;
mod connection;
mod drive;
#[cfg(all(target_os = "linux", feature = "epoll"))]
mod epoll;
mod exchange;
mod exhausted;
mod failures;
mod handover;
mod limits;
mod machine;
mod path;
mod preflight;
mod received;
mod shared;
mod simulated;
mod single;
mod sql;
mod stamped;
mod steal;
mod tls;
mod usage;

pub use clock::{Clock, moment, unix_now};
pub use exchange::Client;
pub use handover::{Control, Handover, Job};
pub use limits::{LimitError, check_limits, is_local};
pub use machine::{git_version, machine, peak_rss_bytes, process_cpu};
pub use path::{Path, PathError, work};
pub use preflight::{Preflight, PreflightError, preflight};
pub use received::Received;
pub use simulated::{Circumstances, SimulatedRun, simulate, simulate_under};
pub use single::{Exchanged, Single, add_headers};
pub use sql::{Databases, SqlError};
pub use steal::Processors;
pub use tls::TlsError;
