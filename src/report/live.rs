//! What is shown of a run while it goes on: the state that every live view is drawn from.
//!
//! A [`View`] takes the intervals of a run one after the other, the same that go into the record,
//! and keeps of them what can be looked at, in memory that does not grow with the run. A
//! [`Frame`] is made of it when somebody looks. Figures are merged and never averaged: a point of
//! an hour has the percentiles of the hour.

mod frame;
mod rolling;
mod rows;
#[cfg(test)]
mod tests;
mod view;

pub use frame::{
    EndpointRow, ErrorLine, Frame, KindCount, Now, PhaseSpan, Points, Quantiles, Said, Stage,
    Subject, Sums,
};
pub use rolling::{OLDER, RECENT};
pub use rows::{MAX_ERROR_LINES, MAX_ROWS, WINDOW};
pub use view::{SoFar, View};
