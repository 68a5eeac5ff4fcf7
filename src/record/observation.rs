//! An observation: a run of hours or days, kept minute by minute, that goes on after a crash.

use serde::{Deserialize, Serialize};

use super::{ErrorSample, WorkerUse};
use crate::units::Nanos;

/// What makes a run an observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// How long it is meant to last.
    pub planned: Nanos,
    /// The time zone by whose clock its windows are: an IANA name, or an offset from UTC.
    pub zone: String,
    /// The parts of a day, in the order of the day.
    pub windows: Vec<WindowText>,
    /// What it was made from, if nothing was measured: such a record is never GO.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulated: Option<String>,
}

/// A part of the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowText {
    /// Its name: `morning`.
    pub name: String,
    /// The minute of the local day at which it begins.
    pub from_minute: u16,
    /// The minute at which it ends; one that is before the first is of the next day.
    pub to_minute: u16,
}

/// Time of an observation of which nothing is known, before an interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Why, for people: `the process was not running`.
    pub why: String,
    /// How long.
    pub length: Nanos,
}

/// A moment by clocks that can still be compared when the process, or the machine, was started
/// again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Names the boot of the machine; empty where it is not known.
    pub boot: String,
    /// Time since that boot, suspended time included; nobody can set this clock.
    pub since_boot: Nanos,
    /// The wall clock, nanoseconds since 1970-01-01 UTC; it can be set.
    pub unix_ns: u64,
}

/// What an observation goes on from when its process is killed after an interval.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// When the interval ended.
    pub at: Moment,
    /// CPU time that the process used since the interval before, user and system.
    pub cpu: Nanos,
    /// What each worker used in the interval.
    pub workers: Vec<WorkerUse>,
    /// Requests of the interval that belong to no series: those before the load.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub preflight: u64,
    /// Largest resident memory of the process so far, in bytes.
    pub peak_rss_bytes: u64,
    /// Messages of errors that are the first of their kind since the process started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<ErrorSample>,
    /// What people should know that was not known before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
