//! An observation: a run of hours or days, kept minute by minute, that goes on after a crash.

use serde::{Deserialize, Serialize};

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
