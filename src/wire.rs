//! PostgreSQL's protocol as a state machine: what passes between a client and a server becomes one
//! sample for each statement, without any input or output.
//!
//! [`Machine`] is shown the bytes of both directions after they were passed on, with the time at
//! which they were, and tells an [`Observer`] of each statement that ended. It follows "Frontend/
//! Backend Protocol" of PostgreSQL's manual, versions 3.0 and 3.2, and changes nothing: what it
//! can't follow is counted under a name, and the bytes go on. Rows are never kept: of a row only
//! the five bytes of its head are looked at. Parameters and passwords are never kept either.

mod binding;
mod current;
mod framer;
mod held;
mod machine;
mod opening;
mod queue;
mod sample;
mod server;
#[cfg(test)]
mod tests;

pub use binding::{Binding, MAX_AUTHENTICATION, binding_asked, refusal, without_binding};
pub use framer::MAX_TEXT;
pub use held::{MAX_PORTALS, MAX_STATEMENTS};
pub use machine::{Machine, State};
pub use opening::{MAX_OPENING, Opening};
pub use queue::MAX_EXPECTED;
pub use sample::{
    Loss, Lost, Observer, Outcome, Passed, Sample, Text, TextId, Transaction, ends_connection,
};

/// A number of bytes as it is counted.
fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
