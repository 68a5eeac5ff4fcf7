//! What an observation says: parts of the day, the daily metrics log, and the state of the system
//! from one to the next.
//!
//! An [`Observer`] takes segment after segment, live, simulated or from a stored record, and is the
//! same afterwards: nothing of it has to be stored beside the segments.

mod calendar;
mod day;
mod figures;
mod health;
mod observer;
mod target;
mod tasks;

#[cfg(test)]
mod tests;

pub use calendar::{Calendar, CalendarError, Slot, read_windows, usual_windows};
pub use day::{Cell, Day, Overall, Row, Status};
pub use figures::Figures;
pub use health::{Change, LOOKS_TO_LEAVE, LOOKS_TO_WORSEN, WINDOW};
pub use observer::{Closed, Event, Missed, Observer};
pub use target::{Level, Tracked};
pub use tasks::{Answer, Task};
