//! By when exchanges have to be over.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::units::Nanos;

/// Deadlines of lines, each with at most one entry that counts.
///
/// Nearly no exchange reaches its deadline. A line's entry therefore stays where it is when the
/// next exchange begins, and is moved on only when its time comes: with a timeout of ten seconds a
/// line touches the heap once in ten seconds, not once a request.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    heap: BinaryHeap<Reverse<(Nanos, u64)>>,
}

/// What a line remembers of its deadline.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deadline {
    /// When what is under way has to be over.
    pub(super) at: Option<Nanos>,
    /// The time of the entry that counts.
    entry: Option<Nanos>,
}

impl Deadlines {
    /// Sets the deadline of the line with this token.
    pub(super) fn set(&mut self, deadline: &mut Deadline, token: u64, at: Nanos) {
        deadline.at = Some(at);
        if deadline.entry.is_none_or(|entry| entry > at) {
            deadline.entry = Some(at);
            self.heap.push(Reverse((at, token)));
        }
    }

    /// When to look again.
    pub(super) fn next(&self) -> Option<Nanos> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// The next entry whose time has come; [`Deadline::is_over`] says what it means.
    pub(super) fn due(&mut self, now: Nanos) -> Option<(Nanos, u64)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }

    /// Whether the deadline has passed, now that the entry of time `entry` has come; if not, the
    /// entry moves on.
    pub(super) fn is_over(
        &mut self,
        deadline: &mut Deadline,
        entry: (Nanos, u64),
        now: Nanos,
    ) -> bool {
        if deadline.entry != Some(entry.0) {
            return false;
        }
        deadline.entry = None;
        match deadline.at {
            Some(at) if at <= now => true,
            Some(at) => {
                self.set(deadline, entry.1, at);
                false
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times at which the deadline of one line was found to be over.
    fn over(deadlines: &mut Deadlines, deadline: &mut Deadline, now: u64) -> bool {
        let mut over = false;
        while let Some(entry) = deadlines.due(Nanos(now)) {
            over |= deadlines.is_over(deadline, entry, Nanos(now));
        }
        over
    }

    #[test]
    fn a_deadline_that_moves_on_has_one_entry() {
        let (mut deadlines, mut deadline) = (Deadlines::default(), Deadline::default());
        for at in 10..50 {
            deadlines.set(&mut deadline, 7, Nanos(at));
        }
        assert_eq!(deadlines.heap.len(), 1);
        assert!(!over(&mut deadlines, &mut deadline, 20));
        assert_eq!(deadlines.next(), Some(Nanos(49)));
        assert!(!over(&mut deadlines, &mut deadline, 48));
        assert!(over(&mut deadlines, &mut deadline, 49));
        assert!(!over(&mut deadlines, &mut deadline, 99));
    }

    #[test]
    fn a_shorter_deadline_is_heeded_and_one_that_is_met_is_forgotten() {
        let (mut deadlines, mut deadline) = (Deadlines::default(), Deadline::default());
        deadlines.set(&mut deadline, 7, Nanos(100));
        deadlines.set(&mut deadline, 7, Nanos(10));
        assert!(over(&mut deadlines, &mut deadline, 10));
        deadlines.set(&mut deadline, 7, Nanos(30));
        deadline.at = None;
        assert!(!over(&mut deadlines, &mut deadline, 200));
        deadlines.set(&mut deadline, 7, Nanos(300));
        assert!(over(&mut deadlines, &mut deadline, 300));
    }
}
