//! One direction of a connection: what is read from one side is written to the other.

use std::io;

use super::memory::Memory;
use super::poll::Poll;
use super::side::Side;
use crate::tap::clock::Clock;
use crate::tap::pump::Way;
use crate::units::Nanos;

/// What one direction still has to do.
#[derive(Default)]
pub(super) struct Pipe {
    /// What was read and not taken by the other side yet. Nothing more is read before it is gone.
    pending: Vec<u8>,
    /// How much of it has been written.
    written: usize,
    /// When it was read.
    read: Nanos,
    /// Whether the one side has ended and the other has been told.
    done: bool,
}

/// What a pipe works with.
pub(super) struct Hand<'a> {
    pub(super) poll: &'a Poll,
    pub(super) clock: Clock,
    pub(super) memory: &'a mut Memory,
}

impl Pipe {
    /// Whether everything has passed that ever will.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Whether there is something to do without waiting.
    pub(super) fn is_due(&self, from: &Side, to: &Side) -> bool {
        let ready = if self.pending.is_empty() { from.is_readable() } else { to.has_room() };
        ready && !self.done
    }

    /// Does the next thing that can be done without waiting: at most one reading, and one writing.
    /// `name` is the connection and the direction. An error ends the connection.
    pub(super) fn step(
        &mut self,
        (from, to): (&mut Side, &mut Side),
        name: (usize, Way),
        hand: &mut Hand<'_>,
    ) -> io::Result<()> {
        if !self.is_due(from, to) {
            return Ok(());
        }
        if self.pending.is_empty() {
            self.fill((from, to), name, hand)
        } else {
            self.drain(to, name, hand)
        }
    }

    /// Writes what is left of an earlier time.
    fn drain(&mut self, to: &mut Side, name: (usize, Way), hand: &mut Hand<'_>) -> io::Result<()> {
        let rest = self.pending.get(self.written..).unwrap_or_default();
        let sent = to.send(rest, hand.poll)?;
        let bytes = rest.get(..sent).unwrap_or(rest);
        hand.memory.copy(name, bytes, [self.read, hand.clock.now()]);
        self.written += sent;
        if self.written >= self.pending.len() {
            (self.pending, self.written) = (Vec::new(), 0);
        }
        Ok(())
    }

    /// Reads once, and writes as much of it as the other side takes.
    fn fill(
        &mut self,
        (from, to): (&mut Side, &mut Side),
        name: (usize, Way),
        hand: &mut Hand<'_>,
    ) -> io::Result<()> {
        let Some(length) = from.receive(hand.memory.free())? else { return Ok(()) };
        if length == 0 {
            self.done = true;
            return to.finish();
        }
        let read = hand.clock.now();
        let bytes = hand.memory.fresh(length);
        let sent = to.send(bytes, hand.poll)?;
        let written = hand.clock.now();
        if let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
            (self.pending, self.written, self.read) = (rest.to_vec(), 0, read);
        }
        hand.memory.keep(name, sent, [read, written]);
        Ok(())
    }
}
