//! Virtual users walking through journeys: the core of the load engine, without any I/O.
//!
//! A [`Worker`] is asked to [`advance`](Worker::advance) to a point in time and gives
//! [`Command`]s; whoever drives it carries them out and shows it the replies. It never sleeps,
//! sends or looks at a clock, so the same core runs on sockets and in simulated time, where a
//! test can state a server stall and assert the exact percentiles.

mod cookies;
mod alarms;
mod login;
mod members;
mod note;
mod server_timing;
mod session;
mod settle;
mod stepping;
mod strands;
mod user;
mod worker;

pub use worker::{Share, Worker};

use crate::plan::Statement;

/// Whose exchange it is: a strand of a virtual user, in one round of its life.
///
/// Replies that come after the user has gone on are recognised by their old round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Task {
    /// The virtual user.
    pub user: usize,
    /// Which of the things it does at the same time.
    pub strand: usize,
    /// How often the user had been cut off or had begun anew.
    pub round: u32,
}

/// What the driver has to do.
#[derive(Debug)]
pub enum Command {
    /// Send [`Worker::request`] on one of the user's connections.
    Send {
        /// Whose it is.
        task: Task,
    },
    /// Send a statement to a database.
    Query {
        /// Whose it is.
        task: Task,
        /// What to send; in a box, because most commands are small.
        statement: Box<Statement>,
    },
    /// Close all connections of the user and drop what is under way on them.
    Disconnect {
        /// The virtual user.
        user: usize,
    },
}

/// How a run is brought to its end before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// No new starts; journeys under way may end within the plan's grace.
    Gracefully,
    /// Cut off what is under way.
    AtOnce,
}
