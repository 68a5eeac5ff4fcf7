//! What a server still has to answer, in the order in which it will.

use std::collections::VecDeque;

use super::held::Undo;
use super::sample::TextId;
use crate::units::Nanos;

/// The most messages of a connection of which the answer is waited for. What is sent beyond is
/// passed, and counted as lost, until the server has caught up.
pub const MAX_EXPECTED: usize = 16_384;

/// Entries for which an empty queue keeps its memory.
const KEPT: usize = 16;

/// A message of the client that the server has not done with.
#[derive(Debug)]
pub(super) enum Expected {
    /// The opening of a session, until the server is ready for the first time.
    Startup,
    Query {
        text: TextId,
        sent: Nanos,
    },
    Parse {
        text: TextId,
        sent: Nanos,
        undo: Option<Box<Undo>>,
    },
    Bind {
        text: Option<TextId>,
        sent: Nanos,
    },
    Describe,
    Execute {
        text: Option<TextId>,
        sent: Nanos,
    },
    Close {
        undo: Option<Box<Undo>>,
    },
    /// The time of names at it tells which portals it ends.
    Sync {
        stamp: u64,
    },
    Function,
    /// `CopyDone` or `CopyFail` that was sent before the server asked for the copy. Not answered.
    CopyEnd,
    /// Messages for which there was no room.
    Blind(Blind),
}

/// Messages of which only is known how often the server will be ready because of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Blind {
    ready: u64,
    /// Whether the last of them makes the server ready.
    closed: bool,
}

/// Whether there was room for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Found,
    /// It is passed unseen.
    None,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: VecDeque<Expected>,
}

impl Queue {
    pub(super) fn push(&mut self, expected: Expected) -> Room {
        let full = self.entries.len() >= MAX_EXPECTED;
        match self.entries.back_mut() {
            // What follows unseen messages can be told from them only behind a `ReadyForQuery`.
            Some(Expected::Blind(blind)) if full || !blind.closed => {
                blind.take(&expected);
                Room::None
            }
            _ if full => {
                let mut blind = Blind::default();
                blind.take(&expected);
                self.entries.push_back(Expected::Blind(blind));
                Room::None
            }
            _ => {
                self.entries.push_back(expected);
                Room::Found
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn front(&self) -> Option<&Expected> {
        self.entries.front()
    }

    pub(super) fn pop(&mut self) -> Option<Expected> {
        let front = self.entries.pop_front();
        if self.entries.is_empty() && self.entries.capacity() > KEPT {
            self.entries.shrink_to(KEPT);
        }
        front
    }

    /// Marks of a copy that has ended meanwhile are answered by nothing.
    #[inline]
    pub(super) fn drop_marks(&mut self) {
        while let Some(Expected::CopyEnd) = self.entries.front() {
            self.entries.pop_front();
        }
    }

    /// The server is ready once more: whether unseen messages at the front remain unanswered.
    pub(super) fn ready_in_blind(&mut self) {
        if let Some(Expected::Blind(blind)) = self.entries.front_mut() {
            blind.ready = blind.ready.saturating_sub(1);
            if blind.ready == 0 && blind.closed {
                self.entries.pop_front();
            }
        }
    }

    /// The server skips everything up to the next `Sync`. What it skips, the last first; and
    /// whether the `Sync` has been sent yet.
    pub(super) fn skip_to_sync(&mut self) -> (Vec<Expected>, bool) {
        let ends = |entry: &Expected| matches!(entry, Expected::Sync { .. } | Expected::Blind(_));
        let sync = self.entries.iter().position(ends);
        let mut skipped: Vec<_> =
            self.entries.drain(..sync.unwrap_or(self.entries.len())).collect();
        skipped.reverse();
        (skipped, sync.is_some())
    }

    /// The server asks for the data of a copy: each `Sync` between the request and the end of the
    /// data is for nothing (the manual, "COPY Operations"). Whether the end has been sent already.
    pub(super) fn begin_copy(&mut self) -> bool {
        while let Some(next) = self.entries.get(1) {
            match next {
                Expected::Sync { .. } => drop(self.entries.remove(1)),
                Expected::CopyEnd => {
                    self.entries.remove(1);
                    return true;
                }
                Expected::Startup
                | Expected::Query { .. }
                | Expected::Parse { .. }
                | Expected::Bind { .. }
                | Expected::Describe
                | Expected::Execute { .. }
                | Expected::Close { .. }
                | Expected::Function
                | Expected::Blind(_) => return true,
            }
        }
        false
    }

    /// Statements that are under way; the queue is empty then.
    pub(super) fn abandon(&mut self) -> usize {
        let runs =
            |entry: &Expected| matches!(entry, Expected::Query { .. } | Expected::Execute { .. });
        std::mem::take(&mut self.entries).iter().filter(|entry| runs(entry)).count()
    }

    /// The text of the first statement in the queue that has one.
    pub(super) fn next_text(&self) -> Option<(TextId, Nanos)> {
        let sync = |entry: &&Expected| !matches!(entry, Expected::Sync { .. });
        self.entries.iter().take_while(sync).find_map(|entry| match entry {
            Expected::Query { text, sent } | Expected::Parse { text, sent, .. } => {
                Some((*text, *sent))
            }
            Expected::Bind { text, sent } | Expected::Execute { text, sent } => {
                text.map(|text| (text, *sent))
            }
            Expected::Startup
            | Expected::Describe
            | Expected::Close { .. }
            | Expected::Sync { .. }
            | Expected::Function
            | Expected::CopyEnd
            | Expected::Blind(_) => None,
        })
    }
}

impl Blind {
    fn take(&mut self, expected: &Expected) {
        self.closed =
            matches!(expected, Expected::Query { .. } | Expected::Sync { .. } | Expected::Function);
        self.ready += u64::from(self.closed);
    }
}
