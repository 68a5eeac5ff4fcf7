//! What a report says of an observation.

use crate::gate::observation::{Change, Day, Missed};
use crate::gate::ruling::Verdict;
use crate::record::Policy;
use crate::units::Nanos;

/// An observation day by day.
#[derive(Clone, Debug)]
pub struct Observed {
    /// How long it was meant to last.
    pub planned: Nanos,
    /// The time zone by whose clock its days are.
    pub zone: String,
    /// What it was made from, if nothing was measured.
    pub simulated: Option<String>,
    /// The state at its end; `None` when too little is known.
    pub state: Option<Verdict>,
    /// The gravest state that there was.
    pub worst: Option<Verdict>,
    /// What is to be said of the whole.
    pub verdict: Verdict,
    /// Its days.
    pub days: Vec<Day>,
    /// Each change of the state, with the time of the day and its number.
    pub changes: Vec<(u32, String, Change)>,
    /// Time of which nothing is known, the same way.
    pub missed: Vec<(u32, String, Missed)>,
    /// The rules by which it was judged.
    pub policy: Policy,
    /// What people should know.
    pub notes: Vec<String>,
}
