//! What a connection of HTTP/2 carries.

use std::collections::VecDeque;

use crate::http2::Connection;

/// The exchanges of one connection that carries many, or will when it is open.
#[derive(Debug, Default)]
pub(super) struct Mux {
    /// `None` until the connection is open.
    pub(super) connection: Option<Connection>,
    /// Exchanges that have no stream yet, in the order in which they came.
    pub(super) waiting: VecDeque<usize>,
    /// Exchanges whose requests are written, and not yet out.
    pub(super) leaving: Vec<usize>,
    /// How many answers have come on it.
    pub(super) answers: u64,
    /// Whether it is on the list of those that have something to send.
    pub(super) listed: bool,
    pub(super) written: Passed,
    pub(super) read: Passed,
}

/// Bytes that have passed one way. Where exchanges share a connection some bytes belong to none, so
/// each exchange that ends takes all that nobody has taken, and each byte is counted once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passed {
    passed: u64,
    claimed: u64,
}

impl Passed {
    pub(super) fn add(&mut self, bytes: usize) {
        self.passed += u64::try_from(bytes).unwrap_or_default();
    }

    /// The bytes that nobody has taken yet.
    pub(super) fn claim(&mut self) -> u64 {
        self.passed - std::mem::replace(&mut self.claimed, self.passed)
    }
}

impl Mux {
    /// Whether exchanges may come to it: it is being opened, or open, and its server has not said
    /// that it leaves.
    pub(super) fn is_welcoming(&self) -> bool {
        self.connection.as_ref().is_none_or(|connection| !connection.is_leaving())
    }

    /// All exchanges on it.
    pub(super) fn keys(&self) -> Vec<usize> {
        let under_way = self.connection.iter().flat_map(Connection::keys);
        under_way.chain(self.waiting.iter().copied()).collect()
    }

    /// Whether an exchange can have a stream now.
    pub(super) fn has_room(&self) -> bool {
        self.connection.as_ref().is_some_and(Connection::has_room)
    }
}
