//! Whole numbers that are counted beside the histograms.

use serde::{Deserialize, Serialize};

use crate::names::ErrorKind;

/// What was counted of one series. Which fields are used depends on the kind of series.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Requests sent, or queries seen, or journeys started: everything that was tried.
    pub started: u64,
    /// How many of them failed, by [`ErrorKind::index`].
    pub errors: [u64; ErrorKind::COUNT],
    /// Checks that held.
    pub checks_passed: u64,
    /// Checks that did not hold.
    pub checks_failed: u64,
    /// Bytes of requests, heads included.
    pub sent_bytes: u64,
    /// Bytes of answers, heads included, as they came over the wire (compressed, without TLS).
    pub received_bytes: u64,
    /// Connections that had to be opened.
    pub connections: u64,
    /// Starts that could not be made (`dropped_iterations` in k6's words).
    pub dropped: u64,
    /// Requests answered with 401 and sent again after a new login.
    pub relogins: u64,
    /// Requests that were sent again on a new connection, because the target had closed the idle
    /// one while they were on their way. The target may have counted them twice.
    pub resent: u64,
    /// Steps that had nothing to send, because a variable of theirs had no value. Each is an error
    /// of kind `data`; none is a request.
    pub unsent: u64,
}

impl Counts {
    /// All failures of all kinds.
    pub fn failed(&self) -> u64 {
        self.errors.iter().sum()
    }

    /// Everything that can have failed: what was sent, and what could not be sent.
    pub fn tried(&self) -> u64 {
        self.started + self.unsent
    }

    /// Failures of one kind.
    pub fn failed_by(&self, kind: ErrorKind) -> u64 {
        self.errors.get(kind.index()).copied().unwrap_or_default()
    }

    /// The kinds of failures that happened, each with how often.
    pub fn failures(&self) -> impl Iterator<Item = (ErrorKind, u64)> + '_ {
        let counted = ErrorKind::ALL.into_iter().map(|kind| (kind, self.failed_by(kind)));
        counted.filter(|(_, count)| *count > 0)
    }

    /// Counts one failure.
    pub fn fail(&mut self, kind: ErrorKind) {
        if let Some(count) = self.errors.get_mut(kind.index()) {
            *count += 1;
        }
    }

    /// Adds everything that `other` counted.
    pub fn merge(&mut self, other: &Self) {
        let Self {
            started,
            errors,
            checks_passed,
            checks_failed,
            sent_bytes,
            received_bytes,
            connections,
            dropped,
            relogins,
            resent,
            unsent,
        } = other;
        self.started += started;
        for (mine, theirs) in self.errors.iter_mut().zip(errors) {
            *mine += theirs;
        }
        self.checks_passed += checks_passed;
        self.checks_failed += checks_failed;
        self.sent_bytes += sent_bytes;
        self.received_bytes += received_bytes;
        self.connections += connections;
        self.dropped += dropped;
        self.relogins += relogins;
        self.resent += resent;
        self.unsent += unsent;
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_adds_up() {
        let one = Counts {
            started: 1,
            errors: [1; ErrorKind::COUNT],
            checks_passed: 1,
            checks_failed: 1,
            sent_bytes: 1,
            received_bytes: 1,
            connections: 1,
            dropped: 1,
            relogins: 1,
            resent: 1,
            unsent: 1,
        };
        let mut sum = one.clone();
        sum.merge(&one);
        let text = serde_json::to_string(&sum).unwrap();
        assert!(!text.contains('1'), "a field was not added: {text}");
    }
}
